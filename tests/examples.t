#!/usr/bin/env perl
# Each example builds without a warning, in C and in C++, and runs; the first program is one text.
use strict;
use warnings;
use File::Basename qw(basename);
use FindBin;
use lib "$FindBin::Bin/../tools";
use Gate;
use HTTP::Tiny;
use IO::Socket::INET;
use Sections;
use Test::More;

my $directory = Gate::scratch();
my $cc = Gate::cc() . " -std=c11 $Gate::C_FLAGS -O0";
my @examples = sort glob('examples/*.c');
ok(scalar @examples, 'there are examples');

# It listens, answers as it should, and ends when it is told to.
sub serves {
    my ($program) = @_;
    my $server = open(my $from, '-|', $program) or die "$program: $!\n";
    my $line = <$from> // '';
    my ($base) = $line =~ m{^(http://127\.0\.0\.1:\d+)/metrics$};
    my $http = HTTP::Tiny->new(timeout => 20, no_proxy => ['127.0.0.1']);
    my $asks = sub {
        my ($method, $path, $accept) = @_;
        my %headers = defined $accept ? (Accept => $accept) : ();
        my $answer = $http->request($method, ($base // '') . $path, { headers => \%headers });
        return ($answer->{status}, $answer->{headers}{'content-type'} // '',
            $answer->{content} // '');
    };
    # A metric is there once it was recorded, which on a busy machine may take a while.
    my @wanted = qw(llm_tokens_total llm_cost_usd_total llm_phase_duration_seconds
        llm_guardrail_triggers_total llm_active_sessions vllm:e2e_request_latency_seconds);
    my ($status, $type, $text) = $asks->('GET', '/metrics');
    for (my $tries = 0; $tries < 300 && grep { $text !~ /^# TYPE $_ /m } @wanted; $tries++) {
        select(undef, undef, undef, 0.1);
        ($status, $type, $text) = $asks->('GET', '/metrics');
    }
    is("$status $type", '200 text/plain; version=0.0.4; charset=utf-8', 'GET /metrics');
    like($text, qr/^# TYPE $_ /m, "has $_") for @wanted;
    my $openmetrics = 'application/openmetrics-text; version=1.0.0';
    ($status, $type, $text) = $asks->('GET', '/metrics', $openmetrics);
    is("$status $type", "200 $openmetrics; charset=utf-8", 'OpenMetrics on demand');
    like($text, qr/\n# EOF\n\z/, 'to its end');
    ($status, $type, $text) = $asks->('HEAD', '/metrics');
    is("$status $text", '200 ', 'HEAD has no body');
    is(($asks->('GET', '/'))[0], 404, 'nothing elsewhere');
    is(($asks->('POST', '/metrics'))[0], 405, 'nothing is posted');
    kill('TERM', $server);
    close($from);
    is($?, 0, 'SIGTERM ends it well');
}

# It keeps texts that only the key opens, and sees each change.
sub audits {
    my ($program) = @_;
    my ($store, $key) = map { "$directory/audit.$_" } qw(store key);
    unlink($store, $key);
    my $asks = sub { return Gate::run(join(' ', "umask 0; $program", @_)) };
    is(($asks->('keygen', $key))[0], 0, 'a key is made');
    is((stat($key))[2] & 0777, 0600, 'for nobody else');
    isnt(($asks->('keygen', $key))[0], 0, 'and not made over another');
    is(($asks->('demo', $store, $key))[0], 0, 'texts are kept');
    is((stat($store))[2] & 0777, 0600, 'for nobody else');
    my $shown = "== input\nWhere is my parcel? I am Ann, ann\@example.com.\n"
        . "== output\nIt is \\x1b[1mon its way, Ann.\n";
    is(($asks->('lookup', $store, $key, 'req-17'))[1], $shown, 'and found by their request');
    isnt(($asks->('lookup', $store, $key, 'req-1'))[0], 0, 'one that is not there is not');
    my $bytes = Sections::read_file($store);
    unlike($bytes, qr/Ann|parcel|req-1/, 'the file shows nothing of them');
    my $cut = substr($bytes, 0, length($bytes) - 5);
    Gate::write_file($store, $cut);
    is(($asks->('lookup', $store, $key, 'req-18'))[0], 0, 'an unfinished record is passed over');
    is(($asks->('demo', $store, $key))[0], 0, 'and written over');
    is(($asks->('lookup', $store, $key, 'req-17'))[0], 0, 'so that all can be read');
    $bytes = Sections::read_file($store);
    for my $place (16, 18, 21, 30, 60, 200, length($bytes) - 10) {
        my $changed = $bytes;
        substr($changed, $place, 1) ^= "\x01";
        Gate::write_file($store, $changed);
        my ($status, $text) = $asks->('lookup', $store, $key, 'req-18');
        ok($status != 0, "a change of byte $place is seen");
    }
    my $second = 16 + 32 + unpack('x16V', $bytes);
    Gate::write_file($store, substr($bytes, 0, 16) . substr($bytes, $second));
    isnt(($asks->('lookup', $store, $key, 'req-17'))[0], 0, 'as is a record that was taken out');
    Gate::write_file($store, $bytes);
    chmod(0640, $key);
    isnt(($asks->('lookup', $store, $key, 'req-17'))[0], 0, 'a key that others may read is none');
    chmod(0600, $key);
    my $link = "$directory/audit.link";
    symlink(basename($key), $link);
    isnt(($asks->('lookup', $store, $link, 'req-17'))[0], 0, 'nor is a link');
}

# The server of http_middleware, asked byte for byte: a hostile client keeps to no rule.
sub connection {
    my ($port, $request) = @_;
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port, Timeout => 20)
        or die "127.0.0.1:$port: $!\n";
    local $SIG{PIPE} = 'IGNORE';
    print {$socket} $request;
    return $socket;
}

sub question {
    my ($target, $text, @headers) = @_;
    return join("\r\n", "POST $target HTTP/1.1", 'Host: here', 'Connection: close',
        'Content-Length: ' . length($text), @headers, '', $text);
}

sub asks {
    my ($port, @about) = @_;
    my $socket = connection($port, question(@about));
    local $/;
    return <$socket> // '';
}

# The sum of a metric's series that have all of these labels.
sub sum_of {
    my ($text, $name, @labels) = @_;
    my $sum = 0;
    for my $line ($text =~ /^(\Q$name\E\{.*)$/mg) {
        my ($series, $value) = $line =~ /^(.*\}) (\S+)$/;
        $sum += $value if !grep { index($series, $_) < 0 } @labels;
    }
    return $sum;
}

# What it costs is settled at the end of each answer, by the user that the host knows and by
# features that there are; a client that leaves pays for what was made until then.
sub settles {
    my ($program) = @_;
    my $log = "$directory/middleware.jsonl";
    unlink($log);
    my $server = open(my $from, '-|', "exec $program --log $log") or die "$program: $!\n";
    my ($port) = (<$from> // '') =~ m{^http://127\.0\.0\.1:(\d+)$};
    ok($port, 'it listens') or return;
    my $ann = 'Authorization: Bearer key-of-ann';
    my $text = 'Where is my parcel?';    # 4 words; the answer has 24: 4 * 2500 + 24 * 10000 nano
    my $whole = asks($port, '/ask', $text, $ann, 'X-Feature: support', 'X-User: mallory');
    like($whole, qr/^HTTP\/1\.1 200 .*^X-LLM-Cost-USD: 0\.00025\r\n/ms, 'an answer says its cost');
    like($whole, qr/^X-LLM-Tokens-Total: 28\r\n/m, '... and its tokens');
    like($whole, qr/^X-Feature: support\r\n/m, '... and its feature');
    my $stream = asks($port, '/ask?stream=1', $text, $ann, "X-Feature: \t search ");
    like($stream, qr/^Transfer-Encoding: chunked\r\n/m, 'an answer in chunks');
    unlike($stream, qr/X-LLM/, '... begins before its cost is known');
    my ($words) = $whole =~ /\r\n\r\n(.*)/s;
    my $chunks = join('', $stream =~ /^[0-9a-f]+\r\n(.*?)\r\n/msg);
    is($chunks, $words, '... and is the same');

    # Junk from a stranger; a cost that would be a present, or a debt.
    like(asks($port, '/ask', $text, 'X-LLM-Cost-USD: ' . $_->[0], 'X-LLM-Tokens-Total: ' . $_->[1]),
        qr/^HTTP\/1\.1 200 /, "a client that claims $_->[0] is answered")
        for [ 'nan', '1e309' ], [ '-5', '0x10' ], [ '1,5', '1.5' ], [ '0', '0' ], [ '999', '7' ];
    # Features that nobody has: another's label, another header, another line of the metrics.
    for my $feature ('admin', 'support"} 1', "support\x01", "sup\xff\xfeport", 'x' x 5000, '',
        "support\n billing", "support\r\n folded") {
        my $answer = asks($port, '/ask', $text, "X-Feature: $feature");
        my ($head) = $answer =~ /^(.*?\r\n)\r\n/s;
        my ($said) = ($head // '') =~ /^X-Feature: (.*?)\r\n/m;
        ok($answer eq '' || $head =~ /^HTTP\/1\.1 4/ || ($said // '') eq 'unknown',
            'a hostile X-Feature is unknown, or no HTTP') or diag($answer);
    }
    like(asks($port, '/ask', $text, 'Authorization: Bearer key-of-eve'), qr/^HTTP\/1\.1 401 /,
        'a wrong key');
    like(asks($port, '/ask', 'x' x 20000, $ann), qr/^HTTP\/1\.1 413 /, 'too long a question');
    like(asks($port, '/other', $text), qr/^HTTP\/1\.1 404 /, 'nothing elsewhere');

    # A client that leaves in the middle of 4008 words.
    my $socket = connection($port, question('/ask?stream=1', 'word ' x 1000, 'X-Feature: summary',
        'Authorization: Bearer key-of-bob'));
    read($socket, my $some, 300);
    close($socket);
    # And one in the middle of its question.
    close(connection($port,
        substr(question('/ask', 'word ' x 1000, 'X-Feature: summary'), 0, 300)));
    my $http = HTTP::Tiny->new(timeout => 20, no_proxy => ['127.0.0.1']);
    my $metrics = '';
    for (my $tries = 0; $tries < 300; $tries++) {
        $metrics = $http->get("http://127.0.0.1:$port/metrics")->{content};
        last if sum_of($metrics, 'llm_requests_total', 'feature="summary"') == 2;
        select(undef, undef, undef, 0.1);
    }
    $metrics = $http->get("http://127.0.0.1:$port/metrics")->{content}; # what is counted next
    is(sum_of($metrics, 'llm_requests_total', 'feature="summary"'), 2, 'clients leave');
    is(sum_of($metrics, 'llm_tokens_total', 'feature="summary"', 'direction="input"'), 1000,
        'a question that was not asked costs nothing');
    my $made = sum_of($metrics, 'llm_tokens_total', 'feature="summary"', 'direction="output"');
    ok($made > 5 && $made < 4008, "what was made until then ($made tokens) counts");
    is(sprintf('%.9f', sum_of($metrics, 'llm_cost_usd_total', 'feature="summary"')),
        sprintf('%.9f', (1000 * 2500 + $made * 10000) / 1e9), '... and costs, exactly');
    my %users = map { $_ => 1 } $metrics =~ /user_id="([^"]*)"/g;
    is(scalar(grep { /^[0-9a-f]{32}$/ } keys %users), 2, 'two users, by their pseudonyms');
    unlike($metrics, qr/mallory|\bann\b|\bbob\b/, 'no user by name');
    my %features = map { $_ => 1 } $metrics =~ /feature="([^"]*)"/g;
    is(join(' ', sort keys %features), 'search summary support unknown', 'no feature of strangers');
    for my $feature (qw(support search)) {
        is(sum_of($metrics, 'llm_cost_usd_total', qq(feature="$feature")), 0.00025,
            "$feature: what one answer costs");
    }
    my @strangers = ($metrics, 'llm_tokens_total', 'feature="unknown"', 'direction="input"');
    is(sprintf('%.9f', sum_of($metrics, 'llm_cost_usd_total', 'feature="unknown"')),
        sprintf('%.9f', sum_of(@strangers) / 4 * 0.00025),
        'nobody is billed for what a client claims');
    kill('TERM', $server);
    my $account = join('', <$from>);
    close($from);
    is($?, 0, 'SIGTERM ends it well');
    like($account, qr/^\d+ requests, (\d+) values refused in their headers$/m, 'an account');
    my ($refused) = $account =~ /(\d+) values/;
    ok($refused >= 6, "junk was counted ($refused)");
    my @lines = split /\n/, Sections::read_file($log);
    is(scalar(grep { /"finish_reason":"cancelled"/ } @lines), 2, 'the log has who left');
    is(scalar(grep { /"error_type":"too_long"/ } @lines), 1, '... and what was too long');
    $server = open($from, '-|', "exec $program --requests 2") or die "$program: $!\n";
    ($port) = (<$from> // '') =~ m{:(\d+)$};
    asks($port, '/ask', $text) for 1 .. 2;
    like(join('', <$from>), qr/^2 requests, 0 /m, 'or it ends after so many');
    close($from);
    is($?, 0, '... well');
}

# Its own rule is told twice, and the default ones are not; all of them are written.
sub alerts {
    my ($program) = @_;
    my ($status, $text) = Gate::run($program);
    is($status, 0, 'alerts ends well');
    my $about = 'support_silent %s (warning): ';
    my @begins = (sprintf("fired    $about", 'fires'), sprintf("ended    $about", 'is over'));
    my @lines = split /\n/, $text;
    is(scalar(grep { index($lines[$_] // '', $begins[$_]) != 0 } 0 .. 1), 0, 'it fires and ends');
    is(scalar @lines, 2, 'and nothing else does');
    ($status, $text) = Gate::run("$program rules");
    is($status, 0, 'alerts writes rules');
    my @names = $text =~ /^      - alert: "(\w+)"$/mg;
    is(scalar @names, 21, 'the 20 default ones and its own');
    is($names[-1] // '', 'support_silent', '... at the end');
    like($text, qr/\Agroups:\n  - name: llmobs\n    interval: 10s\n    rules:\n/, 'as a group');
}

# Those that are larger, or told more of: lines at most, the library that they need, what runs them.
# The truth of its made-up traffic stands beside the estimate, which has it in its interval.
sub judges {
    my ($program) = @_;
    my ($status, $output) = Gate::run("timeout 60 $program");
    is($status, 0, 'the estimate has the truth in its interval');
    like($output, qr/^seed \d+: 4000 answers, \d+ leak/m, 'which stands there, with the seed');
    like($output, qr/^flagged: req-\d+, kept for guardrail/m,
        'what a guardrail triggered is judged');
}

# Its exit status gates a deployment.
sub gates {
    my ($program) = @_;
    my $prompts = "$directory/prompts.tsv";
    my $asks = sub { return Gate::run(join(' ', 'timeout 60', $program, @_)) };
    my $committed = Sections::read_file('examples/safety_prompts.tsv');
    Gate::write_file($prompts, $committed);
    my ($status, $output) = $asks->($prompts);
    is($status, 0, 'a model that is as it was passes');
    like($output, qr/^14 of 16 pass, 14 before: 0 worse, 0 better, p = 1\.0000$/m,
        'and it says why');
    ($status, $output) = $asks->($prompts, 'careless');
    is($status, 1, 'one that got worse does not');
    like($output, qr/^leak-email: fails now$/m, 'by name');
    like($output, qr/6 worse, 0 better, p = 0\.0156$/m, 'and by an exact test');
    is(($asks->($prompts, 'careless', '--write'))[0], 0, 'results can be written');
    is(($asks->($prompts, 'careless'))[0], 0, 'and compared with next');
    is(($asks->("$directory/none.tsv"))[0], 2, 'without a file nothing can be told');
    Gate::write_file($prompts, $committed . "a line without tabs\n");
    is(($asks->($prompts))[0], 2, 'nor from a damaged one');
}

# A process that is killed in the middle, and what is told of it.
sub recovers {
    my ($program) = @_;
    my $path = "$directory/recover.rec";
    my $child = "$directory/recover_child";
    unlink($path);
    Gate::write_file("$child.c", <<"END");
#define LLMOBS_IMPLEMENTATION
#include "llmobs.h"
#include <signal.h>
static llmobs_export_result answer(void* user, const llmobs_batch* batch)
{
    (void)batch;
    return *(const llmobs_export_result*)user;
}
int main(void)
{
    llmobs_config config = llmobs_config_default();
    llmobs* obs;
    static llmobs_export_result result = LLMOBS_EXPORT_OK;
    config.recorder_file = "$path";
    config.recorder_history_bytes = 65536;
    obs = llmobs_open(&config, NULL);
    (void)llmobs_export_to(obs, answer, &result);
    llmobs_span_end(llmobs_span_root(obs, "delivered"));
    (void)llmobs_flush(obs, 5000);
    result = LLMOBS_EXPORT_RETRY;
    llmobs_span_end(llmobs_span_root(obs, "done"));
    (void)llmobs_span_root(obs, "under way");
    return raise(SIGKILL);
}
END
    Gate::builds(Gate::cc(), "$child.c", $child, '', 'a process');
    Gate::run($child);
    ok(-e $path, 'its file is there when it is killed');
    my ($status, $text) = Gate::run("timeout 60 $program -a $path 2>/dev/null");
    is($status, 0, 'it is looked at');
    like($text, qr/"name":"delivered"/, 'with what was delivered');
    ($status, $text) = Gate::run("timeout 60 $program -d $path 2>$directory/recover.err");
    is($status, 0, 'it is recovered');
    like($text, qr/"name":"done"/, 'what was done');
    unlike($text, qr/"name":"delivered"/, 'what was delivered does not come again');
    like($text, qr/"name":"under way".*"llmobs\.interrupted"/, 'and what was under way');
    like(Sections::read_file("$directory/recover.err"), qr/account: 3 begun = /, 'an account');
    ok(!-e $path, 'and the file is gone');
    is((Gate::run("$program $path"))[0], 0, 'one that is not there is none');
    Gate::write_file($path, 'no recorder');
    is((Gate::run("$program $path"))[0], 1, 'one that is something else is refused');
    is((Gate::run($program))[0], 2, 'nor one without a file');
    is((Gate::run("$program -x $path"))[0], 2, 'nor an option that it has not');
}

my %larger = (
    alerts => { lines => 80, run => \&alerts },
    alert_webhook => { lines => 270, library => 'curl', header => 'curl/curl',
        run => sub { note('tests/alert_webhook.t runs it') } },
    audit_store => { lines => 360, library => 'sodium', run => \&audits },
    drift => { lines => 125 },
    http_middleware => { lines => 420, library => 'microhttpd', run => \&settles },
    judge => { lines => 120, run => \&judges },
    otlp_http => { lines => 110, library => 'curl', header => 'curl/curl',
        run => sub { note('tests/otlp_http.t runs it') } },
    metrics_server => { lines => 150, library => 'microhttpd', run => \&serves },
    safety_regression => { lines => 220, run => \&gates },
    recover => { lines => 105, run => \&recovers },
    replay => { lines => 600, run => sub { note('tests/replay.t runs it') } },
);
for my $name (sort keys %larger) {
    my $library = $larger{$name}{library} // next;
    my $header = $larger{$name}{header} // $library;
    my ($status) = Gate::run("echo '#include <$header.h>' | " . Gate::cc() . ' -E -');
    next if $status == 0;
    if ($ENV{LLMOBS_CI}) { fail("lib$library for $name") }
    else { SKIP: { skip("$name: lib$library not found", 1) } }
    @examples = grep { $_ ne "examples/$name.c" } @examples;
}

for my $file (@examples) {
    my $name = basename($file, '.c');
    my $about = $larger{$name} // { lines => 80 };
    my $lines = Sections::read_file($file) =~ tr/\n//;
    ok($lines <= $about->{lines}, "$file has $lines lines, $about->{lines} at most");
    my $library = $about->{library} ? "-l$about->{library}" : '';
    if ($name eq 'quickstart') { # the way that it tells of: all in one file
        Gate::runs("$cc -I. -pthread $file -o $directory/$name -lm", "$file builds", 1) or next;
    } else { Gate::builds($cc, $file, "$directory/$name", $library, "$file builds") or next }
    if ($about->{run}) { $about->{run}->("$directory/$name") }
    else { Gate::runs("cd $directory && timeout 60 ./$name", "$file runs") }
}

if (Gate::have_cxx()) {
    for my $file (@examples) {
        Gate::runs(Gate::cxx() . " -x c++ -std=c++17 -Wall -Wextra -Werror -fsyntax-only -I. $file",
            "$file is C++ as well", 1);
    }
}

# The first program: the same text in the manual, in README.md and in examples/.
my $program = Sections::program_text(Sections::read_file('examples/quickstart.c'));
like($program, qr/\bmain\b/, 'examples/quickstart.c is a program');
my ($chapter) = Sections::read_file('llmobs.h') =~ /^>>quickstart[^\n]*\n\n(.*?)\n^>>/ms;
is(($chapter // '') =~ s/^    //mgr, $program, 'the manual has the text of examples/quickstart.c');
my ($block) = Sections::read_file('README.md') =~ /<!-- quickstart -->\s*```c\n(.*?)```/s;
is(Sections::program_text($block // ''), $program,
    'README.md has it too, after its <!-- quickstart --> mark');

done_testing();

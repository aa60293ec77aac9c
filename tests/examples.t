#!/usr/bin/env perl
# Each example builds without a warning, in C and in C++, and runs; the first program is one text.
use strict;
use warnings;
use File::Basename qw(basename);
use FindBin;
use lib "$FindBin::Bin/../tools";
use Gate;
use HTTP::Tiny;
use Sections;
use Test::More;

my $directory = Gate::scratch();
my $cc = Gate::cc() . " -std=c11 $Gate::C_FLAGS -O1 -I$Gate::ROOT -pthread";
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

# The larger ones: lines at most, the library that they need, what runs them.
my %larger = (
    audit_store => { lines => 360, library => 'sodium', run => \&audits },
    metrics_server => { lines => 150, library => 'microhttpd', run => \&serves },
    replay => { lines => 600, run => sub { note('tests/replay.t runs it') } },
);
for my $name (sort keys %larger) {
    my $library = $larger{$name}{library} // next;
    my ($status) = Gate::run("echo '#include <$library.h>' | " . Gate::cc() . ' -E -');
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
    Gate::runs("$cc $file -o $directory/$name -lm $library", "$file builds", 1) or next;
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

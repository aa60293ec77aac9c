#!/usr/bin/env perl
# Canaries in the demo, the examples and the unit tests: tests/canary/plant.c puts one in front of
# every prompt, answer, user's and session's id, label and header that they hand to the library, and
# then none may be found in stdout, stderr, files and their names, /proc, memory, or a core. The demo
# also gets some as its own: in documents, questions, an API key, a server's answers and errors. A
# build that leaks on purpose is seen. Run by `make check-canary`.
#
# What this can't see: in unit tests, memory (they have no one place to stop at; tests/canary.t and
# the programs here have). The raw texts of tests/test_scan.c and test_redact.c, whose functions give
# what they get back to the caller, and those of test_guard.c, which must stay as they are to be
# found; tests/canary/service.c streams canaries through the scanner instead. What the host itself
# asks to be recorded, such as a status message or a model's name, is no secret of anybody's and has
# no canary. An audit callback gets the texts: that is what it is for.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../../tools", $FindBin::Bin;
use Canary;
use Cwd ();
use Gate;
use HTTP::Tiny;
use IO::Socket::INET;
use Sections;
use Test::More;

my $tmp = Cwd::abs_path(Gate::scratch());
my $cc = Gate::cc() . ' -std=gnu11 -g -O1 -Wall -Wextra -I. -Itests -Ibuild -pthread';
my $seed = int(rand(1 << 30)) + 1;
my $plant = Sections::read_file('tests/canary/plant.c');
my $wrap = join(' ', map { "-Wl,--wrap=$_" } $plant =~ /^    X\((\w+)\)/mg);
my $LIBS = '-lm -ldl';
my $ANY = {}; # whatever looks like a canary
delete @ENV{qw(http_proxy HTTP_PROXY all_proxy ALL_PROXY)};

# ---- building -----------------------------------------------------------------------------------

sub linker_wraps {
    Gate::write_file("$tmp/probe.c", "int main(void) { return 0; }\n");
    my ($status) = Gate::run(Gate::cc() . " $tmp/probe.c -o $tmp/probe -Wl,--wrap=write");
    return $status == 0;
}

# Tests that hand over texts of these kinds, but for one of a part alone, and one whose library is
# in a shared object.
my @tests = grep { Sections::read_file("tests/$_.c") =~ /requester\.h|llmobs_request_begin
    |llmobs_pseudonym|llmobs_session_begin|[aA]uthorization/x && !/^test_(?:guard|unload)$/ }
    map { s{.*/(\w+)\.c$}{$1}r } sort glob('tests/test_*.c');

# The larger examples, and what they need.
my %library = (audit_store => 'sodium', http_middleware => 'microhttpd',
    metrics_server => 'microhttpd');
my @examples;
for my $name (map { s{.*/(\w+)\.c$}{$1}r } sort glob('examples/*.c')) {
    next if $name =~ /^(?:alert_webhook|otlp_http|recover)$/; # they hand over no texts
    my $needs = $library{$name};
    if ($needs && (Gate::run("echo '#include <$needs.h>' | " . Gate::cc() . ' -E -'))[0] != 0) {
        if ($ENV{LLMOBS_CI}) { fail("lib$needs for $name") }
        else { SKIP: { skip("$name: lib$needs not found", 1) } }
        next;
    }
    push @examples, $name;
}

my (undef, $curl) = Gate::run('tools/peers.sh "' . Gate::cc() . '" c++ examples/demo/transfer.c');
my $has_curl = $curl =~ s/\s+\z//r =~ /-DHAVE_CURL/;
$curl =~ s/\s+/ /g;

sub build {
    my $archive = 'build/tests/private.a';
    my @parts = map { s{.*/(\w+)\.c$}{$1}r } glob('examples/demo/*.c');
    Gate::runs("make -s $archive build/llmobs_private.h", 'the implementation is built') or return;
    Gate::all_silent(
        (map { [ "$cc -DCANARY_LEAK=$_ -c tests/canary/plant.c -o $tmp/plant_$_.o",
            "plant.c, leak $_" ] } 0 .. 5),
        (map { [ "$cc -c examples/demo/$_.c -o $tmp/demo_$_.o " . ($curl =~ s/-l\S+//gr),
            "the demo's $_" ] } @parts));
    my $objects = join(' ', map { "$tmp/demo_$_.o" } @parts);
    Gate::all_silent(
        (map { [ "$cc $objects $tmp/plant_$_.o $wrap -o $tmp/demo_$_ $curl $LIBS",
            "the demo with it" ] } 0 .. 5),
        # The calls of an example that has the implementation in itself can't be led elsewhere.
        (map { [ "sed '/^#define LLMOBS_IMPLEMENTATION\$/d' examples/$_.c | $cc -Iexamples "
            . "-x c - -x none $archive $tmp/plant_0.o $wrap -o $tmp/$_ $LIBS "
            . ($library{$_} ? "-l$library{$_}" : ''), "the example $_" ] } @examples),
        (map { [ "$cc tests/$_.c $archive $tmp/plant_0.o $wrap -o $tmp/$_ $LIBS", $_ ] } @tests),
        [ "$cc tests/test_request.c $archive $tmp/plant_3.o $wrap -o $tmp/careless $LIBS",
            'a test with a leak' ]);
}

# ---- what was planted ---------------------------------------------------------------------------

my %planted;

# Adds up what programs say they planted; returns how often one was written by them.
sub tally {
    my $written = 0;
    for my $line (-e "$tmp/tally" ? split /\n/, Sections::read_file("$tmp/tally") : ()) {
        my %said = $line =~ /(\w+)=(\d+)/g;
        $written += delete $said{written} // 0;
        $planted{$_} += $said{$_} for keys %said;
    }
    unlink("$tmp/tally");
    return $written;
}

sub looked_at {
    my ($what, $skipped) = @_;
    for my $part (sort keys %$skipped) {
        SKIP: { skip("$what: $part can't be looked at here", 1) }
    }
}

# ---- programs -----------------------------------------------------------------------------------

# Runs a command in an empty directory, with canaries planted, and looks at it twice.
sub hits_of {
    my ($what, $command, %more) = @_;
    local $ENV{LLMOBS_CANARY} = $seed;
    local $ENV{LLMOBS_CANARY_STOP} = 1;
    local $ENV{LLMOBS_CANARY_TALLY} = "$tmp/tally";
    local $ENV{LLMOBS_CANARY_OUT} = "$tmp/out";
    my %skipped;
    my @hits = Canary::leaks_of(command => [ 'sh', '-c', $command ], canaries => $ANY,
        directory => $tmp, out => "$tmp/out", skipped => \%skipped, cores => ['ready'], %more);
    looked_at($what, \%skipped) if !$more{cores};
    return @hits;
}

sub is_tight {
    my ($what, $command, %more) = @_;
    is_deeply([ hits_of($what, $command, %more) ], [], "$what leaks nothing");
    is(tally(), 0, '... and writes no canary');
}

sub demo_is_tight {
    is_tight('the demo', "exec $tmp/demo_0 --pace 0 --out $tmp/out",
        instances => 2); # one is of what is simulated
    my $files = join(' ', map { s{.*/}{}r } sort glob("$tmp/out/*"));
    is($files, 'alerts.yml metrics.prom requests.jsonl trace.json traces.jsonl',
        'which has written its files');
    ok($planted{prompt} > 40 && $planted{answer} > 300 && $planted{user} >= 3
        && $planted{session} >= 5, 'and has had canaries');
}

my %leaks = (1 => qr/^traces\.jsonl: canary$/, 2 => qr/^memory.*: canary, closed$/,
    3 => qr/^stderr: canary$/, 4 => qr/^metrics\.prom: canary$/, 5 => qr/^name of a file: canary$/);

sub leaks_are_seen {
    for my $leak (sort keys %leaks) {
        my @hits =
            hits_of("leak $leak", "exec $tmp/demo_$leak --pace 0 --out $tmp/out",
                cores => [], instances => 2);
        ok(scalar(grep { $_ =~ $leaks{$leak} } @hits), "the demo's leak $leak is seen")
            or diag("@hits");
        unlink("$tmp/tally");
    }
}

# ---- examples -----------------------------------------------------------------------------------

sub scrape_and_end {
    my ($line, $process) = @_;
    my ($base) = $line =~ m{^(http://127\.0\.0\.1:\d+)/metrics$} or return;
    my $text = '';
    for (my $tries = 0; $tries < 100 && $text !~ /^llm_tokens_total/m; $tries++) {
        select(undef, undef, undef, 0.1);
        $text = HTTP::Tiny->new(timeout => 20)->get("$base/metrics")->{content} // '';
    }
    ok($text =~ /^llm_tokens_total/m && !Canary::found($ANY, 'a scrape', $text),
        'a scrape shows no canary');
    kill('TERM', $process);
}

sub ask_and_end {
    my ($line, $process) = @_;
    my ($base) = $line =~ m{^(http://127\.0\.0\.1:\d+)$} or return;
    my $http = HTTP::Tiny->new(timeout => 20);
    my %headers = (Authorization => 'Bearer key-of-ann', 'X-Feature' => 'support');
    for my $target ('/ask', '/ask?stream=1') {
        my $answer = $http->post("$base$target", { content => 'Where?', headers => \%headers });
        is($answer->{status}, 200, "$target is answered");
    }
    my $text = $http->get("$base/metrics")->{content} // '';
    ok($text =~ /^llm_tokens_total/m && !Canary::found($ANY, 'a scrape', $text),
        'a scrape shows no canary');
    kill('TERM', $process);
}

sub examples_are_tight {
    my %argument = (audit_store => "demo $tmp/out/store $tmp/key",
        replay => "$tmp/trace.csv --prices $Gate::ROOT/examples/prices.json",
        safety_regression => "$Gate::ROOT/examples/safety_prompts.tsv");
    my %more = (http_middleware => { told => \&ask_and_end },
        metrics_server => { told => \&scrape_and_end });
    Gate::write_file("$tmp/trace.csv", "TIMESTAMP,ContextTokens,GeneratedTokens\n"
        . join('', map { "2023-11-16 18:17:0$_.9799600,4808,10\n" } 0 .. 9));
    for my $name (@examples) {
        unlink("$tmp/key");
        Gate::runs("$tmp/$name keygen $tmp/key", 'a key is made') if $name eq 'audit_store';
        is_tight("the example $name", "cd $tmp/out && exec $tmp/$name " . ($argument{$name} // ''),
            %{ $more{$name} // {} });
        next if $name ne 'audit_store';
        my ($status, $text) = Gate::run("$tmp/$name lookup $tmp/out/store $tmp/key req-17");
        my @two = Canary::found($ANY, 'there', $text);
        ok($status == 0 && @two == 1, 'what went to the audit store had canaries, by its key');
    }
}

# ---- unit tests ---------------------------------------------------------------------------------

# Checks that compare with hashes or lengths of texts without a canary, or with a text as a callback,
# or whoever takes a capture, is to get it.
my %may_fail = (
    test_budget => [q(is the tenant's user)],
    test_capture => [
        'texts that came in pieces', 'its three texts', 'whole', 'nor while it is taken',
        'both sides go to one place', 'and comes again, as it was',
        'beginning and end, on borders of code points, whatever the pieces',
        'while a request is under way its text is there',
        q(a fork's child has none of its parent's, and its own), 'the parent has its own still',
        'and what it was judging', 'none is torn', 'both sides at once, in one place',
        'and all of them reach the judge, whole' ],
    test_embed => [
        'what it gets is redacted', 'beginning and end, with a line between',
        'without what is not whole at the gap', 'unless it wants it raw' ],
    test_key => [
        q(a child has the host's key), 'a child has the newest', 'and knows the one before',
        'where the secret is not what it was, a random one', 'the other is still known' ],
    test_pseudonym => [
        'the one of a vector', 'in two pieces, wherever they meet, as in one',
        'with the key that it began with', q(a user's label is the tag of the pseudonym),
        'each pseudonym is of one key, whole, while keys change' ],
    test_request => [q(the prompt's length), q(the answer's)],
    test_stream => [
        q(the answer's, with another key), 'in pieces it is measured, too',
        'the audit store has the answer', 'the prompt', 'and the context',
        q(with the request's id and the offset), 'no hash of half a piece is told' ],
    test_vocabulary => [ 'the record', 'all that each of them says', 'and nothing else' ],
);

# Of those the ones that show what a callback got: that is what it is for.
my %shows = (
    test_embed => qr/(?:what it gets is redacted|unless it wants it raw)/,
    test_stream => qr/(?:the audit store has the answer|the prompt|and the context)/,
);

sub test_is_tight {
    my ($name) = @_;
    local $ENV{LLMOBS_CANARY} = $seed;
    local $ENV{LLMOBS_CANARY_TALLY} = "$tmp/tally";
    local $ENV{TMPDIR} = "$tmp/out";
    local $ENV{LLMOBS_STRESS} = 10;
    my ($status, $output) = Gate::run("timeout 60 $tmp/$name");
    my %may = map { $_ => 1 } @{ $may_fail{$name} // [] };
    my @failed = grep { !$may{$_} } $output =~ /^not ok \d+ - (.*)$/mg;
    my ($plan) = $output =~ /^1\.\.(\d+)$/m;
    my @results = $output =~ /^(?:not )?ok\b/mg;
    ok(defined $plan && $plan == @results && $status <= 1 && !@failed, "$name runs to its end")
        or diag("status $status\n", map { "not ok: $_\n" } @failed, substr($output, -500));
    $output =~ s/$shows{$name}\n#   at [^\n]*\n#   got  [^\n]*\n//g if $shows{$name};
    is_deeply([ Canary::found($ANY, 'output', $output) ], [], '... and shows no canary');
}

sub tests_are_tight {
    Gate::run("rm -rf $tmp/out; mkdir $tmp/out");
    test_is_tight($_) for @tests;
    is(tally(), 0, 'no test has the library write one');
    is_deeply([ Canary::found_in_directory($ANY, "$tmp/out") ], [], 'no file has one');
    local $ENV{LLMOBS_CANARY} = $seed;
    my (undef, $output) = Gate::run("$tmp/careless");
    ok(scalar(Canary::found($ANY, 'output', $output)), 'a leak in a test is seen');
}

# ---- the demo's own texts -----------------------------------------------------------------------

my $own = 0;
sub own { return Canary::canary($seed, $own++) }

# Answers one request: "fine" streams, "error" refuses with a text, "event" fails on the way.
sub answer {
    my ($to) = @_;
    my $head = '';
    while ($head !~ /\r\n\r\n/) { sysread($to, $head, 4096, length $head) or return }
    my ($size) = $head =~ /^content-length:\s*(\d+)/mi;
    my $body = $head =~ s/.*?\r\n\r\n//sr;
    while (length($body) < ($size // 0)) { sysread($to, $body, 65536, length $body) or return }
    my $authorized = $head =~ /^Authorization: Bearer cnry/m;
    my ($say, $error) = (own(), own());
    my $stream = qq(data: {"model":"m","choices":[{"delta":{"content":"$say"}}]}\n\n);
    my ($status, $text) = ('200 OK', $stream . qq(data: {"choices":[{"delta":{},"finish_reason":)
        . qq("stop"}]}\n\ndata: [DONE]\n\n));
    ($status, $text) = ('500 Wrong', qq({"error":{"message":"$error"}}))
        if $body =~ /"model":"error"/ || !$authorized || $body !~ /cnry[0-9a-f]{16}/;
    $text = $stream . qq(data: {"error":{"message":"$error"}}\n\n) if $body =~ /"model":"event"/;
    syswrite($to, "HTTP/1.1 $status\r\nContent-Type: text/event-stream\r\nConnection: close\r\n"
        . 'Content-Length: ' . length($text) . "\r\n\r\n$text");
}

sub serve {
    my ($listen) = @_;
    $SIG{PIPE} = 'IGNORE';
    alarm(60);
    while (my $to = $listen->accept()) { answer($to); close($to) }
    exit(0);
}

# Documents and questions with canaries, of a subject each, so that one is found by the other.
sub write_own_texts {
    my @subjects = qw(anchor basil copper dune ember fjord gravel harbor indigo juniper);
    mkdir("$tmp/docs");
    for my $subject (@subjects) {
        my @lines = map { "The $subject of number $_ is called " . own() . '.' } 1 .. 9;
        Gate::write_file("$tmp/docs/$subject.md", "# $subject\n\n" . join("\n", @lines) . "\n");
    }
    Gate::write_file("$tmp/questions", join('', map { 'What is the ' . $_ . ' called, and '
        . own() . "?\n" } map { ($_) x 5 } @subjects));
    Gate::write_file("$tmp/key", own() . "\n");
    chmod(0600, "$tmp/key");
}

# Runs it to its end: what it says, and where canaries are.
sub own_hits {
    my ($what, $arguments) = @_;
    Gate::run("rm -rf $tmp/out; mkdir $tmp/out");
    my ($status, $said) = Gate::run("$tmp/demo_0 --pace 0 --out $tmp/out --docs $tmp/docs "
        . "--questions $tmp/questions $arguments 2>$tmp/stderr");
    my @hits = (Canary::found_in_file($ANY, 'stderr', "$tmp/stderr"),
        Canary::found_in_directory($ANY, "$tmp/out"));
    my $requests = () = Sections::read_file("$tmp/out/requests.jsonl")
        =~ m{^\{"schema":"llmobs\.interaction/}mg;
    is($requests, 50, "$what: all was asked");
    is_deeply(\@hits, [], "$what: nothing is written, in files and to stderr");
    return ($status, $said);
}

sub own_texts_stay {
    write_own_texts();
    my (undef, $said) = own_hits('texts of its own', '');
    is_deeply([ Canary::found($ANY, 'stdout', $said) ], [], '... nor to stdout');
    (undef, $said) = own_hits('with answers shown', '--answers');
    ok($said =~ /cnry/ && $said =~ /^ +A +.*cnry/m, 'which have canaries in them');
    if (!$has_curl) {
        SKIP: { skip('libcurl not found: no key, no server', 1) }
        return;
    }
    my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 16) or die "socket: $@";
    my $url = 'http://127.0.0.1:' . $listen->sockport;
    my $server = fork() // die "fork: $!\n";
    serve($listen) if $server == 0;
    for my $model (qw(fine error event)) {
        my ($status, $text) = own_hits("a server's $model",
            "--endpoint $url --model $model --api-key-file $tmp/key");
        is($status, $model eq 'fine' ? 0 : 1, '... with its outcome');
        is_deeply([ Canary::found($ANY, 'stdout', $text) ], [], '... nor to stdout');
    }
    kill('TERM', $server);
    waitpid($server, 0);
}

# ---- the whole ----------------------------------------------------------------------------------

if (!linker_wraps()) {
    plan(skip_all => 'the linker has no --wrap');
}
build();
demo_is_tight();
leaks_are_seen();
examples_are_tight();
tests_are_tight();
own_texts_stay();
note(join(', ', map { "$planted{$_} as $_" } sort keys %planted), ", $own of the demo's own");
my $sum = 0;
$sum += $_ for values %planted;
ok($sum >= Canary::COUNT, "$sum canaries were planted");
ok($planted{$_} > 0, "some as $_") for qw(prompt answer context user session label header hashed);
done_testing();

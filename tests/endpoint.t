#!/usr/bin/env perl
# The demo with a real model: a server of this test's own on the loopback, which streams, stumbles
# and hangs as it is told to by the name of the model that is asked for.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../tools";
use Gate;
use IO::Socket::INET;
use JSON::PP;
use Socket qw(IPPROTO_TCP TCP_NODELAY);
use Test::More;
use Time::HiRes qw(sleep);

use constant SERVER_SECONDS => 120;    # then it ends by itself

my $tmp = Gate::scratch();
my $demo = 'build/demo';
my $key = 'sk-llmobs-test-0123456789abcdef';
delete @ENV{qw(http_proxy HTTP_PROXY all_proxy ALL_PROXY)};

# ---- without libcurl ----------------------------------------------------------------------------

Gate::builds(Gate::cc() . ' -std=gnu11 -O0 -Wall -Wextra -Werror', 'examples/demo/*.c',
    "$tmp/demo", '', 'the demo builds without libcurl');
{
    my ($status, $said) =
        Gate::run("$tmp/demo --endpoint http://127.0.0.1:9 --model m --out $tmp/out Why?");
    is($status, 2, 'then --endpoint is bad usage');
    like($said, qr/this build has no libcurl/, 'and says why');
}
my (undef, $flags) = Gate::run('tools/peers.sh "' . Gate::cc() . '" c++ examples/demo/transfer.c');
if ($flags !~ /-DHAVE_CURL/) {
    if ($ENV{LLMOBS_CI}) { fail('libcurl is there') }
    else { SKIP: { skip('libcurl not found', 1) } }
    done_testing();
    exit;
}
Gate::runs("make -s $demo", 'the demo builds with it');

# ---- the server ---------------------------------------------------------------------------------

# Reads a request: its headers by name, and its body.
sub read_request {
    my ($from) = @_;
    my ($head, %headers) = ('');
    while ($head !~ /\r\n\r\n/) {
        sysread($from, $head, 4096, length $head) or return;
    }
    ($head, my $body) = split /\r\n\r\n/, $head, 2;
    my ($first, @lines) = split /\r\n/, $head;
    for my $line (@lines) {
        $headers{ lc $1 } = $2 if $line =~ /^([^:]+):\s*(.*)$/;
    }
    while (length($body) < ($headers{'content-length'} // 0)) {
        sysread($from, $body, 65536, length $body) or return;
    }
    return { first => $first, headers => \%headers, body => $body };
}

# A 200 and a stream of events, in HTTP chunks that end in awkward places.
sub stream {
    my ($to, $size, @events) = @_;
    syswrite($to, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
        . "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n");
    my $text = join '', @events;
    for (my $at = 0; $at < length $text; $at += $size) {
        my $piece = substr($text, $at, $size);
        syswrite($to, sprintf("%x\r\n%s\r\n", length $piece, $piece));
        sleep(0.0005);
    }
}

sub finish { syswrite($_[0], "0\r\n\r\n") }

sub refuse {
    my ($to, $status, @headers) = @_;
    my $body = '{"error":{"message":"a secret of the server"}}';
    syswrite($to, join("\r\n", "HTTP/1.1 $status", 'Content-Length: ' . length $body,
        'Connection: close', @headers, '', $body));
}

my @tokens = ('The', ' qu', "een l\xc3\xa4ys \\u2013 ", '1,500', " e\\u001b[31mggs", '.');
my @said = ("data: {\"model\":\"good-2024\",\"choices\":[{\"delta\":{\"role\":\"assistant\","
    . "\"content\":\"\"},\"finish_reason\":null}],\"usage\":null}\r\n\r\n", ": keep-alive\n\n",
    map { "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"$_\"}}]}\n\n" } @tokens);
my $stop = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
my $usage = 'data: {"choices":[],"usage":{"prompt_tokens":1000,"completion_tokens":20,'
    . '"total_tokens":1020,"prompt_tokens_details":{"cached_tokens":600},'
    . '"completion_tokens_details":{"reasoning_tokens":14}}}' . "\n\n";
my $trouble = "data: {\"error\":{\"message\":\"a secret\"}}\n\n";
my $done = "data: [DONE]\n\n";
my $good = sub { stream($_[0], $_[1] // 7, @said, $stop, $usage, $done); finish($_[0]) };

# What it does, by the model's name; the second argument counts the calls of that name.
my @kept;
my %ways = (
    good => sub { $good->($_[0]) },
    bytes => sub { $good->($_[0], 1) },
    whole => sub { $good->($_[0], 100_000) },
    busy => sub { $_[1] == 1 ? refuse($_[0], '429 Busy', 'Retry-After: 1') : $good->($_[0]) },
    down => sub { $_[1] == 1 ? refuse($_[0], '503 Down') : $good->($_[0]) },
    lost => sub { $_[1] == 1 ? () : $good->($_[0]) },
    always => sub { refuse($_[0], '429 Busy') },
    broken => sub { refuse($_[0], '500 Broken') },
    wrong => sub { refuse($_[0], '400 Wrong') },
    locked => sub { refuse($_[0], '401 Locked') },
    moved => sub { refuse($_[0], '302 Moved', "Location: http://127.0.0.1:$_[2]/v1/stolen") },
    hang => sub { stream($_[0], 50, @said[ 0 .. 4 ]); push @kept, $_[0] },
    silent => sub { push @kept, $_[0] },
    malformed => sub { stream($_[0], 9, @said[ 0 .. 3 ], "data: {nope\n\n"); finish($_[0]) },
    event => sub { stream($_[0], 9, @said[ 0 .. 3 ], $trouble); finish($_[0]) },
    cut => sub { stream($_[0], 9, @said[ 0 .. 4 ]) },
    short => sub { stream($_[0], 9, @said[ 0 .. 4 ]); finish($_[0]) },
    open => sub { stream($_[0], 50, @said, $stop, $usage, $done); push @kept, $_[0] },
    gone => sub { stream($_[0], 50, @said, $stop) },
    empty => sub { stream($_[0], 9, $stop, $done); finish($_[0]) },
);

sub serve {
    my ($listen) = @_;
    my %calls;
    local $SIG{PIPE} = 'IGNORE';
    alarm(SERVER_SECONDS);
    while (my $to = $listen->accept()) {
        setsockopt($to, IPPROTO_TCP, TCP_NODELAY, 1);
        my $request = read_request($to) or next;
        my $asked = eval { JSON::PP->new->utf8->decode($request->{body}) } // {};
        my $name = $asked->{model} // '';
        $calls{$name}++;
        open(my $log, '>>', "$tmp/served") or die $!;
        print {$log} JSON::PP->new->canonical->encode({ %$request, body => $asked }), "\n";
        close($log);
        my $way = $ways{$name} // sub { refuse($to, '404 No') };
        $way->($to, $calls{$name}, $listen->sockport);
    }
}

my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => 0, Listen => 16,
    ReuseAddr => 1) or die "a socket: $@";
my $base = 'http://127.0.0.1:' . $listen->sockport;
my $server = fork() // die "fork: $!";
if ($server == 0) {
    serve($listen);
    require POSIX;
    POSIX::_exit(0);
}
END { kill('TERM', $server) if $server }

# ---- asking -------------------------------------------------------------------------------------

mkdir("$tmp/docs");
Gate::write_file("$tmp/docs/bees.md",
    "# Bees\n\nA colony keeps one queen. The queen lays about 1,500 eggs a day.\n");
Gate::write_file("$tmp/key", "$key\n");
my $everything = '';    # that any run printed or wrote

# Runs it: what was said, its log line, its trace by names, its status.
sub ask {
    my ($model, @words) = @_;
    my $to = "$tmp/out";
    my $question = @words && $words[-1] =~ /\?$/ ? pop @words : 'What does a queen lay?';
    my $words = join ' ', map { "'$_'" } '--endpoint', $base, '--model', $model, '--docs',
        "$tmp/docs", '--out', $to, '--api-key-file', "$tmp/key", '--timeout', 5, @words, $question;
    my ($status, $said) = Gate::run("timeout 60 $demo $words");
    my @lines = grep { /"schema":"llmobs\.interaction\// } split /\n/,
        Gate::read_file("$to/requests.jsonl");    # the others are what the judge says
    my %spans;
    for my $message (map { JSON::PP->new->utf8->decode($_) } split /\n/,
        Gate::read_file("$to/traces.jsonl")) {
        for my $span (map { @{ $_->{spans} } } map { @{ $_->{scopeSpans} } }
            @{ $message->{resourceSpans} }) {
            $spans{ $span->{name} } = $span;
        }
    }
    $everything .= join "\n", $said, map { Gate::read_file($_) } glob("$to/*");
    return ($said, @lines == 1 ? JSON::PP->new->utf8->decode($lines[0]) : {}, \%spans, $status);
}

sub served { return map { JSON::PP->new->decode($_) } split /\n/, Gate::read_file("$tmp/served") }

my ($said, $line, $spans, $status) = ask('good');
is($status, 0, 'a server answers') or diag($said);
like($said, qr{The model is good at \Q$base\E/v1/chat/completions}, 'which is named');
like($said, qr/^  A  The queen l\xc3\xa4ys \xe2\x80\x93 1,500 e\?\[31mggs\.$/m,
    'with its words, of which none is an order to the terminal');
like($said, qr/^  factual_accuracy 0\.43, /m, 'three of seven of which stand in the passages');
is_deeply($line->{tokens}, { input => 1000, output => 20, cached => 600, reasoning => 14 },
    'its own numbers are logged');
is(join(' ', @$line{qw(model response_model provider finish_reason retries severity)}),
    'good good-2024 openai_compatible stop 0 INFO', 'and so are both models, and how it ended');
ok(!exists $line->{error_type}, 'no error');
is($line->{output_length}, length("The queen l\xc3\xa4ys \xe2\x80\x93 1,500 e\e[31mggs."),
    'the answer is measured as it came');
cmp_ok($line->{time_to_first_token_ms} // 1e9, '<', $line->{latency_ms},
    'the first token came before the end');
like($said, qr{tokens 1000 in, 20 out\n    system \d+ .*\n    retrieval \d+ .*\n    user \d+ .*
    cached 600 \(60 %\)\n    reasoning 14 \(70 %\)}, 'and explained');
my @parts = $said =~ /^    (?:system|retrieval|user) (\d+) \(/mg;
my $sum = 0;
$sum += $_ for @parts;
cmp_ok(abs($sum - 1000), '<=', 2, 'the parts of the input are parts of what the server counted')
    or diag($said);

like($said, qr/^  By examples\/prices\.json for good of openai_compatible: unknown if /m,
    'a model that no price is known of');
is(scalar(() = $said =~ /1020 tokens  all, and 1 requests of unknown cost, at least 0\.0+ USD/g), 2,
    'has no cost, which is not a cost of nothing');
is($line->{cost_usd}, undef, 'as its log line has it');

my ($request) = served();
is($request->{first}, 'POST /v1/chat/completions HTTP/1.1', 'the call');
is($request->{headers}{authorization}, "Bearer $key", 'has the key');
is($request->{headers}{traceparent},
    "00-$spans->{model_call}{traceId}-$spans->{model_call}{spanId}-03", 'and the trace');
my $body = $request->{body};
ok($body->{stream} && $body->{stream_options}{include_usage}, 'asks for a stream with its usage');
is(join(' ', map { $_->{role} } @{ $body->{messages} }), 'system user', 'in two messages');
like($body->{messages}[1]{content}, qr/^Passage: .*1,500 eggs.*\n\nQuestion: What does a queen/s,
    'with passages and question');

for my $pieces (qw(bytes whole)) {
    my (undef, $same) = ask($pieces);
    is(join(' ', $same->{output_hash}, $same->{tokens}{output}), "$line->{output_hash} 20",
        "the same in pieces: $pieces");
}
for my $url ("$base/", "$base/v1", "$base/v1/chat/completions") {
    my (undef, undef, undef, $code) = ask('good', '--endpoint', $url);
    is($code, 0, 'an address: ' . $url =~ s/.*:\d+//r);
}

# ---- what goes wrong ----------------------------------------------------------------------------

# Model, error type ('' for none), retries, output tokens: those that came where none were reported.
for my $case (
    [ 'busy', '', 1, 20 ], [ 'down', '', 1, 20 ], [ 'lost', '', 1, 20 ],
    [ 'always', 'rate_limit', 1 ], [ 'broken', 'server_error', 1 ],
    [ 'wrong', 'invalid_request', 0 ], [ 'locked', 'authentication_error', 0 ],
    [ 'moved', 'unexpected_status', 0 ],
    [ 'unknown', 'invalid_request', 0 ], [ 'hang', 'timeout', 0, 3 ], [ 'silent', 'timeout', 0 ],
    [ 'malformed', 'malformed_response', 0, 2 ], [ 'event', 'server_error', 0, 2 ],
    [ 'cut', 'connection_error', 0, 3 ], [ 'short', 'incomplete_response', 0, 3 ],
    [ 'empty', '', 0 ], [ 'open', '', 0, 20 ], [ 'gone', '', 0, 6 ]) {
    my ($model, $error, $retries, $tokens) = @$case;
    my @words = $model =~ /hang|silent/ ? ('--timeout', 1) : ();
    my ($told, $logged, $traced, $code) = ask($model, @words);
    cmp_ok($logged->{latency_ms}, '<', 4000, "$model: without waiting for the time-out")
        if $model eq 'open';
    is(join(' ', $code, $logged->{error_type} // '', $logged->{retries} // '?',
        $logged->{tokens}{output} // '-'), join(' ', $error ne '' ? 1 : 0, $error, $retries,
        $tokens // '-'), "$model: " . ($error || 'answered') . ", retries: $retries")
        or diag($told);
    like($told, qr/no answer: the model's server failed: $error$/m, "$model: and says so")
        if $error ne '';
    my @events = map { $_->{name} } @{ $traced->{llm_chain}{events} // [] };
    is("@events", $retries ? 'retry' : '', "$model: the trace has its retries");
    is($traced->{llm_chain}{status}{code} // 0, $error ne '' ? 2 : 0, "$model: and its status");
}
my @stolen = grep { $_->{first} =~ /stolen/ } served();
is(scalar @stolen, 0, 'no redirect is followed');

{
    local $ENV{http_proxy} = 'http://127.0.0.1:9';
    is((ask('good'))[3], 0, 'a server on this machine is asked without a proxy');
}
my $nobody = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => 0, Listen => 1);
my $nowhere = 'http://127.0.0.1:' . $nobody->sockport;
close($nobody);
(undef, $line, undef, $status) = ask('good', '--endpoint', $nowhere);
is("$status $line->{error_type} $line->{retries}", '1 connection_error 1', 'nobody is there');

($said, $line, undef, $status) = ask('good', 'Send it to q@hive.example, will you?');
is($status, 3, 'the guardrail blocks as ever');
is("@{ $line->{guardrails}{triggered} }", 'pii.EMAIL', 'by its rule');

# ---- many at once -------------------------------------------------------------------------------

Gate::write_file("$tmp/many.txt", join '', map { "What does queen number $_ lay?\n" } 1 .. 24);
($status, $said) = Gate::run("timeout 60 $demo --endpoint $base --model good --docs $tmp/docs "
    . "--questions $tmp/many.txt --out $tmp/out");
is($status, 0, 'a file of questions on four threads') or diag($said);
like($said, qr/^  requests +24 answered +0 blocked$/m, 'is answered');
unlike($said, qr/^  Drift$/m, 'and no more is asked of the server, to simulate drift');
like($said, qr/^  tokens +24,000 in +480 out$/m, 'and counted as the server counts');
my ($logs, $collected) = $said =~
    / 120\ spans\ and\ (\d+)\ log\ records\ =\ (\d+)\ collected\ .*\n.*\ \ balanced$/mx;
ok(($logs // 0) >= 24 && $collected == 120 + $logs, 'to the last') or diag($said);
like(Gate::read_file("$tmp/out/metrics.prom"), qr/^llm_tokens_total\{model="good",
    direction="input",feature="documentation"\}\ 24000$/mx, 'as are the metrics');
Gate::write_file("$tmp/two.txt", "What does a queen lay?\nWhy?\n");
($status, $said) = Gate::run("timeout 60 $demo --endpoint $base --model wrong --docs $tmp/docs "
    . "--questions $tmp/two.txt --out $tmp/out");
is($status, 1, 'failures are the demo\'s');
like($said, qr/^  requests +0 answered +0 blocked +2 failed$/m, 'counted');
like($said, qr/^  failed   \S+two\.txt:2  invalid_request$/m, 'and named');

# ---- https --------------------------------------------------------------------------------------

# In front of the server above: takes TLS, with a certificate of its own.
my $tls_front = <<'END';
import socket, ssl, sys, threading
certificate, key, behind = sys.argv[1], sys.argv[2], int(sys.argv[3])
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
listen = socket.create_server(('127.0.0.1', 0), backlog=16)
print(listen.getsockname()[1], flush=True)

def copy(source, to):
    try:
        while data := source.recv(65536):
            to.sendall(data)
        to.shutdown(socket.SHUT_WR)
    except OSError:
        pass

def serve(plain):
    try:
        client = context.wrap_socket(plain, server_side=True)
    except OSError:
        return
    server = socket.create_connection(('127.0.0.1', behind))
    threading.Thread(target=copy, args=(client, server), daemon=True).start()
    copy(server, client)
    client.close()
    server.close()

while True:
    threading.Thread(target=serve, args=(listen.accept()[0],), daemon=True).start()
END

# A key, and a certificate for 127.0.0.1 that it signs itself: the process in front, and its port.
sub start_tls {
    Gate::write_file("$tmp/front.py", $tls_front);
    my ($made) = Gate::run("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 "
        . "-addext subjectAltName=IP:127.0.0.1 -keyout $tmp/tls.key -out $tmp/tls.pem");
    ok($made == 0, 'a certificate is made') or return;
    my $process = open(my $from, '-|', 'python3', "$tmp/front.py", "$tmp/tls.pem", "$tmp/tls.key",
        $listen->sockport) or die "python3: $!\n";
    return ($process, $from, (<$from> // '') + 0);
}

sub test_https {
    my ($front, $from, $port) = start_tls() or return;
    my @way = ('good', '--endpoint', "https://127.0.0.1:$port");
    my $before = served();
    for my $case ([ 'a certificate that nobody knows', @way ],
        [ 'a certificate that another signed', @way, '--ca', "$tmp/other.pem" ],
        [ 'a certificate for another name', 'good', '--endpoint', "https://localhost:$port", '--ca',
            "$tmp/tls.pem" ]) {
        my ($what, @words) = @$case;
        my ($told, $logged, undef, $code) = ask(@words);
        is("$code " . ($logged->{error_type} // ''), '1 connection_error', "$what is refused")
            or diag($told);
    }
    is(scalar(my @calls = served()), $before, 'and nothing is sent there');
    my ($told, $logged, undef, $code) = ask(@way, '--ca', "$tmp/tls.pem");
    is("$code $logged->{tokens}{output}", '0 20', 'with --ca it answers over https') or diag($told);
    is((served())[-1]{headers}{authorization}, "Bearer $key", 'and has the key');
    kill('TERM', $front);
    close($from);
}

if (grep { !Gate::in_path($_) } qw(openssl python3)) {
    SKIP: { skip('https: openssl or python3 not found', 1) }
} else {
    Gate::run("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 "
        . "-addext subjectAltName=IP:127.0.0.1 -keyout $tmp/other.key -out $tmp/other.pem");
    test_https();
}

# ---- secrets, and what is refused ---------------------------------------------------------------

unlike($everything, qr/\Q$key\E/, 'no output has the key');
unlike($everything, qr/a secret/, 'nor what an error said');
unlike($everything, qr/\e/, 'nor an escape sequence');
my $files = join '', map { Gate::read_file($_) } glob("$tmp/out/*");
unlike($files, qr/1,500|queen/, 'no file has a question or an answer');

Gate::write_file("$tmp/no_key", "\n");
Gate::write_file("$tmp/two_keys", "a b\n");
Gate::write_file("$tmp/long_key", 'x' x 5000);
for my $case (
    [ '--endpoint needs a --model', '--endpoint', $base ],
    [ '--model needs an --endpoint', '--model', 'm' ],
    [ '--api-key-file needs an --endpoint', '--api-key-file', "$tmp/key" ],
    [ '--ca needs an --endpoint', '--ca', "$tmp/key" ],
    [ "$tmp/none: No such file", '--model', 'm', '--endpoint', $base, '--ca', "$tmp/none" ],
    [ '--timeout takes a number, 1 to 3600', '--timeout', '0' ],
    [ '--endpoint takes http', '--model', 'm', '--endpoint', 'ftp://127.0.0.1' ],
    [ '--endpoint takes http', '--model', 'm', '--endpoint', 'http://' ],
    [ '--endpoint takes http', '--model', 'm', '--endpoint', 'http://a:b@127.0.0.1' ],
    [ "$tmp/none: No such file", '--model', 'm', '--endpoint', $base, '--api-key-file',
        "$tmp/none" ],
    [ 'it holds no key', '--model', 'm', '--endpoint', $base, '--api-key-file', "$tmp/no_key" ],
    [ 'it holds no key', '--model', 'm', '--endpoint', $base, '--api-key-file', "$tmp/two_keys" ],
    [ 'it holds no key', '--model', 'm', '--endpoint', $base, '--api-key-file', "$tmp/long_key" ],
    [ 'a key goes over https', '--model', 'm', '--endpoint', 'http://127.0.0.1.example',
        '--api-key-file', "$tmp/key" ]) {
    my ($why, @words) = @$case;
    my ($code, $told) = Gate::run("$demo @words --out $tmp/out Why?");
    is($code, 2, "refused: @words") or diag($told);
    like($told, qr/\Q$why\E/, "with: $why");
}

done_testing();

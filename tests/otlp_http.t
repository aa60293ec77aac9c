#!/usr/bin/env perl
# examples/otlp_http.h against a server of this test's own on the loopback that answers as it is
# told to: what is sent, and that each answer leads to the right account. The real Collector is
# asked by tests/interop/collector.t.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../tools";
use Gate;
use IO::Select;
use IO::Socket::INET;
use IO::Uncompress::Gunzip qw(gunzip);
use JSON::PP;
use MIME::Base64;
use POSIX ();
use Test::More;
use Time::HiRes qw(time);

use constant SERVER_SECONDS => 120;    # then it ends by itself

my $tmp = Gate::scratch();
my $secret = 'Bearer k3y-that-nobody-may-see';
delete @ENV{ grep { /^OTEL_|_proxy$/i } keys %ENV };
$ENV{OTEL_EXPORTER_OTLP_HEADERS} =
    'authorization=Bearer%20k3y-that-nobody-may-see , x-b= 2,x-none=';
$ENV{OTEL_EXPORTER_OTLP_PROTOCOL} = 'http/json';

# ---- what is needed -----------------------------------------------------------------------------

my $cc = Gate::cc() . " -std=c11 $Gate::C_FLAGS -O0 -Iexamples";
sub has { my ($header) = @_; return (Gate::run("echo '#include <$header>' | $cc -E -"))[0] == 0 }
if (!has('curl/curl.h')) {
    if ($ENV{LLMOBS_CI}) { fail('libcurl is there') }
    else { SKIP: { skip('libcurl not found', 1) } }
    done_testing();
    exit;
}
my $zlib = has('zlib.h');
$cc .= ' -DHAVE_ZLIB' if $zlib;
my $libraries = '-lcurl' . ($zlib ? ' -lz' : '');
my $program = "$tmp/otlp_http";
Gate::builds($cc, 'examples/otlp_http.c', $program, $libraries, 'the example builds');

# ---- the server ---------------------------------------------------------------------------------

# Reads a request: its first line and headers, and its body.
sub read_request {
    my ($from) = @_;
    my $head = '';
    while ($head !~ /\r\n\r\n/) {
        sysread($from, $head, 65536, length $head) or return;
    }
    ($head, my $body) = split /\r\n\r\n/, $head, 2;
    my ($size) = $head =~ /^Content-Length: (\d+)$/mi;
    while (length($body) < ($size // 0)) {
        sysread($from, $body, 65536, length $body) or return;
    }
    return ($head, $body);
}

# "STATUS REASON", with headers and a body where it goes on so; returns whether the connection
# stays. 'lost' closes without a word, 'cut ...' before the body's end; 'flood ...' never ends.
sub give {
    my ($to, $answer, $record) = @_;
    return 0 if $answer eq 'lost';
    my ($how) = $answer =~ s/^(cut|flood) // ? $1 : '';
    my ($head, $body) = split /\n\n/, $answer, 2;
    $body //= '';
    $head =~ s/\n/\r\n/g;
    my $size = length($body) + ($how eq 'cut' ? 7 : $how eq 'flood' ? 1 << 30 : 0);
    syswrite($to, "HTTP/1.1 $head\r\nContent-Length: $size\r\n\r\n$body");
    my $piece = ' ' x 65536;
    while ($how eq 'flood' && ($record->{flood} // 0) < 1 << 30) {
        my $written = syswrite($to, $piece) or last;
        $record->{flood} += $written;
    }
    return $how eq '';
}

# Gives each path its answers, one a call, and then '200 OK'; 'hang' says nothing. /stop ends it.
sub serve {
    my ($listen, $answers) = @_;
    my ($select, %number, @hanging) = (IO::Select->new($listen));
    my $connections = 0;
    local $SIG{PIPE} = 'IGNORE';
    alarm(SERVER_SECONDS);
    open(my $log, '>', "$tmp/served") or die $!;
    $log->autoflush(1);
    while (my @ready = $select->can_read()) {
        for my $from (@ready) {
            if ($from == $listen) {
                my $new = $listen->accept() or next;
                $number{$new} = ++$connections;
                $select->add($new);
                next;
            }
            my ($head, $body) = read_request($from);
            my %record = (connection => $number{$from}, time => time());
            my $stays = 0;
            if (defined $head) {
                ($record{path}) = $head =~ m{^POST (\S+) HTTP/1\.1\r};
                return if ($record{path} // '') eq '/stop';
                my $answer = shift(@{ $answers->{ $record{path} // '' } // [] }) // '200 OK';
                @record{qw(head body answer)} = ($head, encode_base64($body, ''), $answer);
                if ($answer eq 'hang') {
                    push @hanging, $from;
                    $select->remove($from);
                    $stays = 1;
                } else { $stays = give($from, $answer, \%record) }
                print {$log} JSON::PP->new->canonical->encode(\%record), "\n";
            }
            if (!$stays) { $select->remove($from); close($from) }
        }
    }
}

sub listening {
    return IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => 0, Listen => 16,
        ReuseAddr => 1) || die "a socket: $@";
}

my $everything = '';    # that was printed

# Runs a program against a server with these answers; @PORT@ in its environment is the server's.
sub exports {
    my ($answers, %how) = @_;
    my $listen = listening();
    my $port = $listen->sockport;
    my $server = fork() // die "fork: $!";
    if ($server == 0) {
        serve($listen, $answers);
        POSIX::_exit(0);
    }
    close($listen);
    my %set = (OTEL_EXPORTER_OTLP_ENDPOINT => 'http://127.0.0.1:@PORT@', %{ $how{env} // {} });
    local %ENV = (%ENV, map { $_ => $set{$_} =~ s/\@PORT\@/$port/r } keys %set);
    my ($status, $said) = Gate::run('timeout 100 ' . ($how{program} // $program) . ' '
            . ($how{arguments} // '1'));
    my $stop = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port);
    print {$stop} "POST /stop HTTP/1.1\r\nContent-Length: 0\r\n\r\n" if $stop;
    waitpid($server, 0);    # once it has written down all that it was asked
    $everything .= $said;
    my @calls = map { JSON::PP->new->decode($_) } split /\n/, Gate::read_file("$tmp/served");
    $_->{body} = decode_base64($_->{body}) for @calls;
    return { status => $status, said => $said, calls => \@calls, account => account($said) };
}

# Of all signals together.
sub account {
    my ($said) = @_;
    my %sum;
    for my $line ($said =~ /^(?:spans, log records: |points: |)((?:received|batches) .*)$/mg) {
        my %of = $line =~ /(\w+) (\d+)/g;
        $sum{$_} += $of{$_} for keys %of;
    }
    return \%sum;
}

# The items of a body, by their ids where they have some.
sub items {
    my ($call) = @_;
    my $body = JSON::PP->new->utf8->decode($call->{body});
    my @found;
    for my $resource (map { @{ $body->{$_} } } grep { /^resource/ } keys %$body) {
        for my $scope (map { @{ $resource->{$_} } } grep { /^scope/ } keys %$resource) {
            push @found, map { $_->{spanId} } @{ $scope->{spans} // [] };
            push @found, map { "log $_->{timeUnixNano} " . ($_->{spanId} // '') }
                @{ $scope->{logRecords} // [] };
            for my $metric (@{ $scope->{metrics} // [] }) {
                my ($kind) = grep { ref $metric->{$_} eq 'HASH' } keys %$metric;
                push @found, map { 'point' } @{ $metric->{$kind}{dataPoints} };
            }
        }
    }
    return @found;
}

sub to { my ($path, $ran) = @_; return grep { $_->{path} eq $path } @{ $ran->{calls} } }

# ---- what is sent -------------------------------------------------------------------------------

my $ran = exports({});
is($ran->{status}, 0, 'all is taken') or diag($ran->{said});
my %paths = map { $_->{path} => 1 } @{ $ran->{calls} };
is(join(' ', sort keys %paths), '/v1/logs /v1/metrics /v1/traces', 'each signal to its path');
is(scalar(grep { $_->{connection} != 1 } @{ $ran->{calls} }), 0, 'over one connection');
my $sent = 0;
$sent += items($_) for @{ $ran->{calls} };
is($ran->{account}{received}, $sent, 'what is sent is what there is');
is($ran->{account}{exported}, $sent, '... and exported');
my ($first) = to('/v1/traces', $ran);
my $spans = items($first);
is($spans, 3, 'a request has three spans');
like($first->{head}, qr{^Content-Type: application/json\r?$}m, 'as JSON');
unlike($first->{head}, qr/^(Content-Encoding|Expect|Transfer-Encoding):/mi, 'and nothing else');
like($first->{head}, qr/^authorization: \Q$secret\E\r?$/m, 'with a header, decoded');
like($first->{head}, qr/^x-b: 2\r?$/m, '... and another, without blanks');
like($first->{head}, qr/^x-none:\r?$/m, '... and one that is empty');
like($first->{head}, qr{^User-Agent: llmobs/[\d.]+\r?$}m, 'and who sends it');

# ---- each answer --------------------------------------------------------------------------------

my $partial = "200 OK\nContent-Type: application/json\n\n";
my $message = "200 OK\nContent-Type: application/x-protobuf\n\n";
sub delayed { return POSIX::strftime('%a, %d %b %Y %H:%M:%S GMT', gmtime(time() + $_[0])) }

# What is answered to the spans; what becomes of them; how often they are sent; what is said of it.
my @faults = (
    (map { [ "$_ Wrong", { failed => 3 }, 1, qr/refused \($_\)/ ] }
        qw(300 304 400 401 403 404 405 408 409 410 413 415 422 499 500 501 505 507 511 599)),
    (map { [ "$_ Moved\nLocation: /elsewhere", { failed => 3 }, 1, qr/refused \($_\)/ ] }
        qw(301 302 303 307 308)),
    (map { [ "$_ Later", { exported => 3 }, 2, qr/to be sent again \($_\)/ ] } qw(429 502 503 504)),
    (map { [ "$_ Taken", { exported => 3 }, 1, undef ] } qw(200 202)),
    [ 'lost', { exported => 3 }, 2, qr/\(\d+\)/ ],
    [ 'cut 503 Down', { exported => 3 }, 2, qr/to be sent again/ ],
    [ 'cut 400 Wrong', { failed => 3 }, 1, qr/refused/ ],
    # It was taken: sent again it would be there twice.
    [ "cut ${partial}{", { exported => 3 }, 1, qr/not OTLP's/ ],
    [ "cut ${partial}" . '{"partialSuccess":{"rejectedSpans":"2"}', { exported => 3 }, 1,
        qr/not OTLP's/ ],
    [ 'flood 200 OK', { exported => 3 }, 1, qr/too long/ ],
    [ "flood ${partial}" . '{"partialSuccess":{"rejectedSpans":"2"}}', { exported => 3 }, 1,
        qr/too long/ ],
    [ 'flood 503 Down', { exported => 3 }, 2, qr/to be sent again/ ],
    [ 'flood 400 Wrong', { failed => 3 }, 1, qr/refused/ ],
    [ "${partial}{}", { exported => 3 }, 1, undef ],
    [ $partial . '{"partialSuccess":{}}', { exported => 3 }, 1, undef ],
    [ $partial . '{"partialSuccess":{"rejectedSpans":"2","errorMessage":"' . $secret . '"}}',
        { exported => 1, rejected => 2 }, 1, qr/some was rejected \(2\)/ ],
    [ $partial . ' { "partialSuccess" : { "errorMessage":"\"}", "rejectedSpans" : 1 } } ',
        { exported => 2, rejected => 1 }, 1, qr/some was rejected/ ],
    [ $partial . '{"partialSuccess":{"rejectedSpans":0,"errorMessage":"old"}}',
        { exported => 3 }, 1, qr/the server has a warning/ ],
    [ $partial . '{"partialSuccess":{"rejectedSpans":9}}', { rejected => 3 }, 1, qr/rejected/ ],
    [ $partial . '{"partialSuccess":{"rejectedSpans":"-1"}}', { exported => 3 }, 1, undef ],
    [ $partial . '{"partialSuccess":{"rejectedSpans":"many"}}', { exported => 3 }, 1, undef ],
    [ $partial . '{"partialSuccess":{"rejectedSpans":2}', { exported => 3 }, 1, qr/not OTLP's/ ],
    [ $partial . '{"a":{"rejectedSpans":2},"partialSuccess":{"b":{"rejectedSpans":2}}}',
        { exported => 3 }, 1, undef ],
    [ $partial . '{"rejectedSpans":2,"partialSuccess', { exported => 3 }, 1, qr/not OTLP's/ ],
    [ $partial . "{\"partialSuccess\":{\"rejectedSpans\":2\0}}", { exported => 3 }, 1,
        qr/not OTLP's/ ],
    [ "200 OK\nContent-Type: text/html\n\n<html>welcome", { exported => 3 }, 1, qr/not OTLP's/ ],
    [ "200 OK\n\n\x0a\x02\x08\x02", { exported => 3 }, 1, qr/not OTLP's/ ],
    [ "$message\x0a\x00", { exported => 3 }, 1, undef ],
    [ "$message\x0a\x02\x08\x02", { exported => 1, rejected => 2 }, 1, qr/some was rejected/ ],
    [ "$message\x0a\x05\x12\x01x\x08\x01", { exported => 2, rejected => 1 }, 1, qr/rejected/ ],
    [ "$message\x0a\x03\x12\x01x", { exported => 3 }, 1, qr/the server has a warning/ ],
    [ "$message\x08\x02\x15abcd\x19abcdefgh\x0a\x02\x08\x02\x1a\x02xy",
        { exported => 1, rejected => 2 }, 1, qr/some was rejected/ ],
    [ "$message\x0a\x0b\x08" . "\xff" x 9 . "\x01", { exported => 3 }, 1, undef ],   # -1
    [ "$message\x0a\x03\x08\x02", { exported => 3 }, 1, qr/not OTLP's/ ],            # cut short
    [ "$message\x0a\x0c\x08" . "\xff" x 11, { exported => 3 }, 1, qr/not OTLP's/ ],  # no number
    [ "$message\x0b\x08\x02", { exported => 3 }, 1, qr/not OTLP's/ ],                # no wire type
    [ "$message\x12\xff\xff\xff\xff\xff\xff\xff\xff\x7f", { exported => 3 }, 1, qr/not OTLP's/ ],
    [ "$message\x15ab", { exported => 3 }, 1, qr/not OTLP's/ ],
);
for my $fault (@faults) {
    my ($answer, $wanted, $calls, $said) = @$fault;
    my $name = $answer =~ s/\Q$secret\E/.../r =~ s/[^ -~]/./gr;
    $ran = exports({ '/v1/traces' => [$answer] });
    my ($got, @tries) = ($ran->{account}, to('/v1/traces', $ran));
    my %lost = map { $_ => $got->{$_} } qw(queue failed close size rejected);
    my %expected = ((map { $_ => 0 } keys %lost), %$wanted);
    my $others = $got->{received} - 3;
    $lost{exported} = $got->{exported} - $others;
    $expected{exported} //= 0;
    my $good = is_deeply(\%lost, \%expected, "$name: the account");
    $good = is(scalar @tries, $calls, "$name: so many calls") && $good;
    $good = is($got->{retries}, $calls - 1, "$name: and retries") && $good;
    is($tries[-1]{body}, $tries[0]{body}, "$name: with the same ids") if $calls > 1;
    $good = is(scalar(grep { $_->{path} eq '/elsewhere' } @{ $ran->{calls} }), 0,
        "$name: no redirect is followed") && $good if $name =~ /Location/;
    if ($said) { $good = like($ran->{said}, $said, "$name: it says so") && $good }
    else { $good = unlike($ran->{said}, qr/^otlp_http/m, "$name: it says nothing") && $good }
    if ($name =~ /^flood/) {
        my $bytes = $tries[0]{flood};
        ok($bytes < 64 << 20, "$name: it stops reading ($bytes bytes were sent)");
    }
    diag($ran->{said}) if !$good;
}

$ran = exports({ '/v1/traces' => ['hang'] }, env => { OTEL_EXPORTER_OTLP_TIMEOUT => 500 });
is("$ran->{account}{retries} $ran->{account}{exported}", "1 $ran->{account}{received}",
    'one that says nothing is not waited for, and asked again');
is(scalar to('/v1/traces', $ran), 2, '... over another connection');

# ---- when again ---------------------------------------------------------------------------------

for my $case ([ 1, 0.9 ], [ 'in 3 s', 1.5 ], [ 'soon', 0.1 ], [ '-7', 0.1 ], [ '', 0.1 ],
    [ 'Thu, 01 Jan 1970 00:00:00 GMT', 0.1 ], [ '99999999999999999999 apples', undef ]) {
    my ($after, $least) = @$case;
    next if !defined $least;
    my $value = $after eq 'in 3 s' ? delayed(3) : $after;
    $ran = exports({ '/v1/traces' => [ "503 Down\nRetry-After: $value" ] });
    my ($one, $two) = to('/v1/traces', $ran);
    my $gap = ($two->{time} // 0) - $one->{time};
    ok($gap >= $least, sprintf('Retry-After: %s: it comes again after %.2f s', $after, $gap));
    is($ran->{account}{exported}, $ran->{account}{received}, '... and is taken');
}

# ---- conservation -------------------------------------------------------------------------------

# Thousands of records against a server that has its moods: what it took, what it refused, and what
# it got again, item by item.
my @moods = ('200 OK', '200 OK', '200 OK', "${partial}{}", '503 Down', '429 Busy', 'lost',
    '400 Wrong', '500 Broken', "cut ${partial}{", $partial . '{"partialSuccess":{"rejectedX":1}}',
    "$message\x0a\x02\x08\x01", 'flood 200 OK');
srand(20260107);
my %moody = map { $_ => [ map { $moods[ rand @moods ] } 1 .. 60 ] }
    qw(/v1/traces /v1/logs /v1/metrics);
$ran = exports(\%moody, arguments => '1500');
my (%taken, %bodies, %count);
for my $call (@{ $ran->{calls} }) {
    my $answer = $call->{answer};
    my @items = items($call);
    if ($answer =~ /^(cut |flood )?200/) {
        my $rejected = $answer =~ /rejectedX|\x08\x01/ ? 1 : 0;
        $count{exported} += @items - $rejected;
        $count{rejected} += $rejected;
        $count{batches}++;
        $taken{$_}++ for grep { $_ ne 'point' } @items;
    } elsif ($answer =~ /^(400|500)/) { $count{failed} += @items }
    else { $count{retries}++ }
    $bodies{ $call->{body} }++;
}
is($ran->{account}{$_}, $count{$_} // 0, "with a server of moods: $_")
    for qw(exported rejected failed retries batches);
is($ran->{account}{received}, $count{exported} + $count{rejected} + $count{failed},
    '... and nothing else became of anything');
ok($count{$_} > 0, "... which had some $_") for qw(exported rejected failed retries);
is(scalar(grep { $_ > 1 } values %taken), 0, 'nothing is there twice');
is(@{ $ran->{calls} } - keys %bodies, $count{retries}, 'what came again are the retries');
is(scalar(grep { $_->{connection} == 0 } @{ $ran->{calls} }), 0, 'by HTTP/1.1');

# ---- where and how ------------------------------------------------------------------------------

my @env = ('OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT');
for my $case ([ 'http://127.0.0.1:@PORT@/', '', '/v1/traces' ],
    [ 'http://127.0.0.1:@PORT@/some/where', '', '/some/where/v1/traces' ],
    [ 'http://127.0.0.1:@PORT@/some/where/?a=b', '', '/some/where/v1/traces?a=b' ],
    [ 'http://127.0.0.1:1', 'http://127.0.0.1:@PORT@', '/' ],
    [ 'http://127.0.0.1:1', 'http://127.0.0.1:@PORT@/mine/', '/mine/' ]) {
    my ($all, $own, $path) = @$case;
    my $calls = exports({}, env => { $env[0] => $all, $env[1] => $own,
        (map { ("OTEL_EXPORTER_OTLP_${_}_ENDPOINT" => 'http://127.0.0.1:@PORT@/v1/x') }
            qw(LOGS METRICS)) })->{calls};
    is(join(' ', grep { $_ ne '/v1/x' } map { $_->{path} } @$calls), $path,
        "$all and $own for spans: to $path");
}
$ran = exports({}, env => { OTEL_EXPORTER_OTLP_TRACES_HEADERS => 'x-own=1' });
like((to('/v1/traces', $ran))[0]{head}, qr/^x-own: 1\r?$/m, 'a signal has headers of its own');
unlike((to('/v1/traces', $ran))[0]{head}, qr/authorization/i, '... instead of those of all');
like((to('/v1/logs', $ran))[0]{head}, qr/authorization/i, '... which the others have');

for my $case ([ ENDPOINT => 'ftp://127.0.0.1/' ], [ ENDPOINT => "$secret:\@//" ],
    [ ENDPOINT => 'http://127.0.0.1/' . 'x' x 3000 ], [ HEADERS => "$secret" ],
    [ HEADERS => 'a=b%0d%0ac: d' ], [ HEADERS => 'a=b%00' ], [ HEADERS => "a=1,b\xc3=2" ],
    [ HEADERS => '=1' ], [ TRACES_HEADERS => 'a b=c' ]) {
    my ($option, $value) = @$case;
    $ran = exports({}, env => { "OTEL_EXPORTER_OTLP_$option" => $value });
    is("$ran->{status} " . @{ $ran->{calls} }, '2 0', "$option is refused, and nothing is sent");
    like($ran->{said}, qr/^otlp_http: OTEL_EXPORTER_OTLP_$option is no [^\n]*\n\z/, '... by name');
}
for my $case ([ TIMEOUT => 'soon' ], [ TIMEOUT => '-1' ], [ TIMEOUT => '1e9' ],
    [ COMPRESSION => 'br' ], [ LOGS_COMPRESSION => 'zstd' ]) {
    my ($option, $value) = @$case;
    $ran = exports({}, env => { "OTEL_EXPORTER_OTLP_$option" => $value });
    is("$ran->{status} $ran->{account}{exported}", "0 $ran->{account}{received}",
        "$option=$value is passed over");
    like($ran->{said}, qr/^otlp_http: OTEL_EXPORTER_OTLP_$option is /m, '... and named');
}

if ($zlib) {
    $ran = exports({}, arguments => 100,
        env => { OTEL_EXPORTER_OTLP_COMPRESSION => 'gzip', OTEL_EXPORTER_OTLP_LOGS_COMPRESSION =>
        'none' });
    my ($all, $packed, $plain) = (0, 0, 0);
    for my $call (to('/v1/traces', $ran)) {
        like($call->{head}, qr/^Content-Encoding: gzip\r?$/m, 'with gzip');
        gunzip(\$call->{body}, \my $text);
        $all += items({ body => $text // '{}' });
        $packed += length $call->{body};
        $plain += length $text;
    }
    is($all, 300, '... as much as without');
    ok($packed * 4 < $plain, '... in less than a quarter');
    unlike((to('/v1/logs', $ran))[0]{head}, qr/Content-Encoding/, '... or not, for one signal');
    is($ran->{status}, 0, '... and all is well');
} else {
    SKIP: { skip('zlib not found', 1) }
}

# ---- what the example does not do ---------------------------------------------------------------

Gate::write_file("$tmp/sample.c", <<'END');
#define _POSIX_C_SOURCE 200809L
#define LLMOBS_IMPLEMENTATION
#include "llmobs.h"
#include "small.h" /* examples/otlp_http.h with a low limit */
#include <sys/wait.h>

static bool record(llmobs* obs, const char* name, int count)
{
    for (int i = 0; i < count; i++) {
        llmobs_span_end(llmobs_span_root(obs, name));
    }
    return llmobs_flush(obs, 1000) == LLMOBS_OK;
}

static bool fork_and_record(llmobs* obs)
{
    int status = 1;
    bool good = record(obs, "before", 1);
    pid_t child = fork();
    if (child == 0) {
        good = record(obs, "child", 1) && record(obs, "child", 1);
        _exit(llmobs_close(obs) == LLMOBS_OK && good ? 0 : 1);
    }
    good = record(obs, "parent", 1) && good;
    waitpid(child, &status, 0);
    return record(obs, "parent", 1) && good && status == 0;
}

/* fork; or so many spans in one batch. */
int main(int argc, char** argv)
{
    static otlp_http server;
    static llmobs_stats stats;
    llmobs_config config = llmobs_config_default();
    config.close_timeout_ms = 1000;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    if (argc < 2 || !otlp_http_init(&server)) {
        return 2;
    }
    llmobs* obs = llmobs_open(&config, NULL);
    llmobs_exporter exporter = otlp_http_exporter(&server);
    exporter.signals = LLMOBS_SIGNAL_SPANS;
    bool good = llmobs_exporter_add(obs, &exporter) == LLMOBS_OK;
    good = (strcmp(argv[1], "fork") == 0 ? fork_and_record(obs)
                                         : record(obs, "one", atoi(argv[1]))) && good;
    stats.size = sizeof stats;
    good = llmobs_close_with_stats(obs, &stats) == LLMOBS_OK && good;
    const llmobs_exporter_stats* of = &stats.exporters[0];
    printf("received %" PRIu64 " = exported %" PRIu64 " + failed %" PRIu64 " + close %" PRIu64
           ", retries %" PRIu64 "\n", of->received, of->exported, of->lost[LLMOBS_LOSS_FAILED],
           of->lost[LLMOBS_LOSS_CLOSE], of->retries);
    return good ? 0 : 1;
}
END
my $small = Gate::read_file('examples/otlp_http.h') =~ s/\(size_t\)64 << 20/(size_t)4 << 10/r;
Gate::write_file("$tmp/small.h", $small);
my $sample = "$tmp/sample";
Gate::builds("$cc -I$tmp", "$tmp/sample.c", $sample, $libraries, 'with a limit of 4 KiB it builds');

$ran = exports({}, program => $sample, arguments => 100);
is("$ran->{account}{received} $ran->{account}{failed} " . @{ $ran->{calls} }, '100 100 0',
    'a body that is too large is lost, and not sent') or diag($ran->{said});

# A port that was somebody's.
my $nobody = listening();
my $closed = $nobody->sockport;
close($nobody);
$ran = exports({}, program => $sample, arguments => 1,
    env => { OTEL_EXPORTER_OTLP_ENDPOINT => "http://127.0.0.1:$closed" });
is("$ran->{account}{received} $ran->{account}{close}", '1 1', 'nobody is there')
    or diag($ran->{said});
ok($ran->{account}{retries} >= 1, '... and it is tried again, until the end');
like($ran->{said}, qr/^otlp_http: [^\n]*\n[^\n]*\n\z/, '... which is said once');

$ran = exports({}, program => $sample, arguments => 'fork');
is($ran->{status}, 0, 'a program that forks ends well') or diag($ran->{said});
my %by;
for my $call (@{ $ran->{calls} }) {
    my ($name) = $call->{body} =~ /"name":"(before|child|parent)"/;
    push @{ $by{$name} }, $call->{connection};
}
is_deeply(\%by, { before => [1], parent => [ 1, 1 ], child => [ 2, 2 ] },
    'its child has a connection of its own, and leaves its parent the other');

# ---- https --------------------------------------------------------------------------------------

# Says its port, and then each path that something is posted to.
Gate::write_file("$tmp/tls.py", <<'END');
import http.server, ssl, sys
class Take(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def do_POST(self):
        self.rfile.read(int(self.headers['Content-Length']))
        print(self.path, self.headers.get('authorization'), flush=True)
        self.send_response(200)
        self.send_header('Content-Length', '0')
        self.end_headers()
    def log_message(self, *words):
        pass
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Take)
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_port, flush=True)
server.serve_forever()
END

sub certificate {
    my ($name) = @_;
    my ($status) = Gate::run('openssl req -x509 -newkey rsa:2048 -nodes -days 2 '
        . '-subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 '
        . "-keyout $tmp/$name.key -out $tmp/$name.pem");
    return is($status, 0, "a certificate, $name");
}

# Over https to this host, by these certificates: the account, and what was posted.
sub over_https {
    my ($host, $trusted) = @_;
    my $server = open(my $from, '-|', 'timeout', 60, 'python3', "$tmp/tls.py", "$tmp/mine.pem",
        "$tmp/mine.key") or die "python3: $!\n";
    my $port = (<$from> // '') + 0;
    my $done = exports({}, program => $sample, arguments => 1, env => {
        OTEL_EXPORTER_OTLP_ENDPOINT => "https://$host:$port",
        OTEL_EXPORTER_OTLP_CERTIFICATE => $trusted });
    kill('TERM', $server);
    return ($done, join('', <$from>));
}

if (grep { !Gate::in_path($_) } qw(openssl python3)) {
    SKIP: { skip('https: openssl or python3 not found', 1) }
} elsif (certificate('mine') && certificate('other')) {
    for my $case ([ 'a certificate that nobody knows', '127.0.0.1', '' ],
        [ 'a certificate that another signed', '127.0.0.1', "$tmp/other.pem" ],
        [ 'a certificate for another name', 'localhost', "$tmp/mine.pem" ],
        [ 'certificates that are not there', '127.0.0.1', "$tmp/none.pem" ]) {
        my ($done, $posted) = over_https(@$case[ 1, 2 ]);
        is("$done->{account}{close} $posted", '1 ', "$case->[0]: nothing is sent")
            or diag($done->{said});
    }
    my ($done, $posted) = over_https('127.0.0.1', "$tmp/mine.pem");
    is("$done->{account}{exported} $posted", "1 /v1/traces $secret\n", 'over https');
}

# ---- nothing shows ------------------------------------------------------------------------------

unlike($everything, qr/k3y|Bearer/, 'no header is ever printed');

done_testing();

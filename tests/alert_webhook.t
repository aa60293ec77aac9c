#!/usr/bin/env perl
# examples/alert_webhook.c against a server of this test's own on the loopback, which answers as it
# is told to: what it posts, and what it makes of each answer. A real Alertmanager is asked by
# tests/interop/alertmanager.t.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../tools";
use Gate;
use IO::Socket::INET;
use JSON::PP;
use Test::More;

use constant SERVER_SECONDS => 120;    # then it ends by itself

my $tmp = Gate::scratch();
delete @ENV{qw(http_proxy HTTP_PROXY all_proxy ALL_PROXY)};
my ($have) = Gate::run("echo '#include <curl/curl.h>' | " . Gate::cc() . ' -E -');
if ($have != 0) {
    if ($ENV{LLMOBS_CI}) { fail('libcurl is there') }
    else { SKIP: { skip('libcurl not found', 1) } }
    done_testing();
    exit;
}
my $sample = "$tmp/alert_sample";
Gate::runs(Gate::cc() . " -std=c11 $Gate::C_FLAGS -O0 $Gate::OUTLINE -g -I$Gate::ROOT "
    . "tests/interop/alert_sample.c -o $sample -pthread -lm -lcurl", 'the sample builds', 1);

# ---- the server ---------------------------------------------------------------------------------

# Reads a request: its first line and headers, and its body.
sub read_request {
    my ($from) = @_;
    my $head = '';
    while ($head !~ /\r\n\r\n/) {
        sysread($from, $head, 4096, length $head) or return;
    }
    ($head, my $body) = split /\r\n\r\n/, $head, 2;
    my ($size) = $head =~ /^Content-Length: (\d+)$/mi;
    while (length($body) < ($size // 0)) {
        sysread($from, $body, 65536, length $body) or return;
    }
    return ($head, $body);
}

# Gives these answers, one a call; 'lost' closes, 'hang' says nothing.
sub serve {
    my ($listen, @answers) = @_;
    my @kept;
    local $SIG{PIPE} = 'IGNORE';
    alarm(SERVER_SECONDS);
    open(my $log, '>', "$tmp/served") or die $!;
    $log->autoflush(1);
    while (my $to = $listen->accept()) {
        my ($head, $body) = read_request($to) or next;
        print {$log} JSON::PP->new->canonical->encode({ head => $head, body => $body }), "\n";
        my $answer = shift(@answers) // '500 Too many calls';
        if ($answer eq 'hang') { push @kept, $to }
        elsif ($answer ne 'lost') {
            syswrite($to, "HTTP/1.1 $answer\r\nContent-Length: 3\r\nLocation: /elsewhere\r\n"
                . "Connection: close\r\n\r\n\"x\"");
        }
    }
}

# The sample's words against these answers: what it printed, and what was posted.
sub alerts {
    my ($answers, $arguments) = @_;
    my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => 0, Listen => 16,
        ReuseAddr => 1) or die "a socket: $@";
    my $port = $listen->sockport;
    my $server = fork() // die "fork: $!";
    if ($server == 0) {
        serve($listen, @$answers);
        require POSIX;
        POSIX::_exit(0);
    }
    close($listen);
    my ($status, $said) = Gate::run("timeout 60 $sample " . $arguments->("http://127.0.0.1:$port"));
    kill('TERM', $server);
    waitpid($server, 0);
    is($status, 0, 'the sample ends well') or diag($said);
    my @calls = map { JSON::PP->new->decode($_) } split /\n/, Gate::read_file("$tmp/served");
    return ($said, @calls);
}

# ---- answers ------------------------------------------------------------------------------------

my @answers = ([ '200 OK' => 'OK' ], [ '202 Accepted' => 'OK' ], [ '400 Wrong' => 'DROP' ],
    [ '404 Nowhere' => 'DROP' ], [ '302 Moved' => 'DROP' ], [ '408 Late' => 'RETRY' ],
    [ '429 Busy' => 'RETRY' ], [ '500 Broken' => 'RETRY' ], [ '503 Down' => 'RETRY' ],
    [ lost => 'RETRY' ], [ hang => 'RETRY' ], [ '200 OK' => 'OK' ]);
my ($said, @calls) = alerts([ map { $_->[0] } @answers ],
    sub { "$_[0] 60 1768485900 " . 'fire ' x @answers });
my @got = split /\n/, $said;
is($got[$_], $answers[$_][1], "$answers[$_][0] means $answers[$_][1]") for 0 .. $#answers;
is(scalar(@calls), scalar(@answers), 'a call each: no redirect is followed');

($said, @calls) = alerts([ '503 Down', 'lost', '200 OK', '200 OK' ],
    sub { "--whole $_[0] 60 1768485900 fire" });
is($said, "1 delivered\n", 'as the example adds it, it comes again until it is taken');
is(scalar(@calls), 3, '... and then no more');

my $nobody = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => 0, Listen => 1);
my $closed = $nobody->sockport;
close($nobody);
(my $status, $said) = Gate::run("$sample http://127.0.0.1:$closed 60 1768485900 fire");
is($said, "RETRY\n", 'nobody is there');

# ---- what is posted -----------------------------------------------------------------------------

($said, @calls) = alerts([ ('200 OK') x 5 ],
    sub { "$_[0]/am 60 1768485900 fire end log pending many" });
is($said, "OK\n" x 5, 'five batches');
is(scalar(@calls), 3, 'of which those without an alert that fires or ends are not posted');
my @posted = map { JSON::PP->new->utf8->decode($_->{body}) } @calls;
like($calls[0]{head}, qr{^POST /am/api/v2/alerts HTTP/1\.1\r\n}, 'to its place');
like($calls[0]{head}, qr{^Content-Type: application/json\r?$}mi, 'as JSON');
my $fired = $posted[0][0];
is_deeply($fired->{labels}, { alertname => 'cost_spike', severity => 'critical', service => 'shop',
    feature => 'support', exported_severity => 'gold' }, 'labels, of which none hides another');
my %annotations = (summary => 'LLM cost rate is 2x the 7-day average',
    runbook_url => 'https://wiki.example/costs');
my $told = delete $fired->{annotations}{description};
is_deeply($fired->{annotations}, \%annotations, 'annotations');
like($told, qr/^cost_spike\{feature="support", severity="gold"\} fires \(critical\): 0\.0312 > /,
    'the sentence');
is($fired->{startsAt}, '2026-01-15T14:05:00.000000000Z', 'it began when it fired');
is($fired->{generatorURL}, 'http://service.example/', 'who says so');

sub seconds_of {
    my ($text) = @_;
    my ($y, $m, $d, $h, $min, $s) = $text =~ /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\.\d{9}Z$/
        or return 0;
    require Time::Local;
    return Time::Local::timegm($s, $min, $h, $d, $m - 1, $y);
}
my $left = seconds_of($fired->{endsAt}) - time();
ok($left > 200 && $left <= 241, "it ends in four times the interval ($left s)");
my $ended = $posted[1][0];
is_deeply([ $ended->{labels}, $ended->{startsAt} ], [ @$fired{qw(labels startsAt)} ],
    'the end is of the same alert');
ok(abs(seconds_of($ended->{endsAt}) - time()) < 60, '... and is now');
like($ended->{annotations}{description}, qr/ is over \(critical\): it fired from /, '... it says');
my ($hostile, $plain) = @{ $posted[2] };
is(scalar @{ $posted[2] }, 2, 'two alerts in one call, and no ordinary record');
is($hostile->{labels}{feature},
    "\"},\\{\n\x01\x7f \x{202e}\x{fffd}\x{1f600}", 'a hostile label is one label');
is($hostile->{annotations}{runbook}, 'ask "Ann"', 'a runbook that is no address');
is_deeply($plain->{labels}, { alertname => 'guardrail_surge', severity => 'warning',
    service => 'shop' }, 'one without labels');
is($plain->{annotations}{summary}, 'guardrail_surge', '... or a summary');

done_testing();

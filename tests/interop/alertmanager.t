#!/usr/bin/env perl
# Alerts posted by examples/alert_webhook.c to a real Alertmanager: asked back through its API, and
# seen by a receiver of this test's own, which it notifies.
use strict;
use warnings;
use Cwd ();
use File::Path qw(make_path remove_tree);
use FindBin;
use lib $FindBin::Bin;
use Interop;
use Servers;
use HTTP::Tiny;
use IO::Select;
use IO::Socket::INET;
use JSON::PP;
use Test::More;
use Time::HiRes qw(time);

use constant REPEAT => 60; # seconds after which the rules tell an alert again

my $HERE = 'tests/interop';
my $BUILD = 'build/interop/alertmanager';
remove_tree($BUILD);
make_path($BUILD);
delete @ENV{qw(http_proxy HTTP_PROXY all_proxy ALL_PROXY)};

# ---- what is needed -----------------------------------------------------------------------------

my $cc = $ENV{CC} || 'cc';
my ($have_library) = run("echo '#include <curl/curl.h>' | $cc -E -");
my ($alertmanager) = grep { in_path($_) } qw(prometheus-alertmanager alertmanager);
if (!$have_library || !$alertmanager) {
    missing($have_library ? 'alertmanager' : 'libcurl',
        ($have_library ? 'prometheus-alertmanager' : 'libcurl') . ' not found');
    done_testing();
    exit;
}
my ($built, $said) = run("$cc -std=c11 -Wall -Wextra -O1 $Gate::OUTLINE -I. $HERE/alert_sample.c "
    . "-o $BUILD/sample -pthread -lm -lcurl");
ok($built && $said eq '', 'the sample is built, without a warning') or diag($said);

# ---- Alertmanager, and whom it notifies ---------------------------------------------------------

my $receiver = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 16) or die "socket: $!\n";
my $receives = $receiver->sockport();
my $port = free_port();
my $root = Cwd::getcwd();
write_file("$BUILD/alertmanager.yml", <<"END");
route:
  receiver: test
  group_by: [alertname]
  group_wait: 1s
  group_interval: 1s
receivers:
  - name: test
    webhook_configs: [{url: 'http://127.0.0.1:$receives/', send_resolved: true}]
END
start('alertmanager', "$BUILD/log", $alertmanager,
    "--config.file=$root/$BUILD/alertmanager.yml", "--storage.path=$root/$BUILD/data",
    "--web.listen-address=127.0.0.1:$port", '--cluster.listen-address=');

my $http = HTTP::Tiny->new(timeout => PATIENCE, no_proxy => ['127.0.0.1']);
my $base = "http://127.0.0.1:$port";
my $ready = await(sub { $http->get("$base/-/ready")->{success} });
ok($ready, 'Alertmanager runs') or diag(read_file("$BUILD/log")) or BAIL_OUT('no Alertmanager');

# What it holds of this name: those that are not over.
sub held {
    my ($name) = @_;
    my $answer = $http->get("$base/api/v2/alerts");
    my $alerts = eval { JSON::PP->new->utf8->decode($answer->{content}) } // [];
    return grep { $_->{labels}{alertname} eq $name } @$alerts;
}

# The notifications that have come: name and status of each alert in them.
my @told;
sub told {
    while (IO::Select->new($receiver)->can_read(0)) {
        my $from = $receiver->accept() or last;
        my $text = '';
        while ($text !~ /\r\n\r\n/) { sysread($from, $text, 65536, length $text) or last }
        my ($head, $body) = split /\r\n\r\n/, $text, 2;
        my ($size) = $head =~ /^Content-Length: (\d+)/mi;
        while (length $body < $size) { sysread($from, $body, 65536, length $body) or last }
        print {$from} "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        close($from);
        push @told, map { "$_->{labels}{alertname} $_->{status}" }
            @{ JSON::PP->new->utf8->decode($body)->{alerts} };
    }
    return @told;
}

my $began = int(time()) - 100;
sub post {
    my ($repeat, @what) = @_;
    my ($done, $answers) = run("$BUILD/sample $base $repeat $began @what");
    is($answers, "OK\n" x @what, "Alertmanager takes: @what") or diag(read_file("$BUILD/log"));
    return;
}

# ---- it fires -----------------------------------------------------------------------------------

# Its times have milliseconds, and a zone that may not be UTC.
sub seconds_of {
    my ($text) = @_;
    my ($y, $m, $d, $h, $min, $s) = $text =~ /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\.\d+Z$/
        or return 0;
    require Time::Local;
    return Time::Local::timegm($s, $min, $h, $d, $m - 1, $y);
}

is(scalar(held('cost_spike')), 0, 'it knows of none');
post(REPEAT, 'fire');
my ($alert, @more) = held('cost_spike');
ok($alert && !@more, 'an alert that fires is there') or BAIL_OUT('nothing to compare');
is_deeply($alert->{labels}, { alertname => 'cost_spike', severity => 'critical', service => 'shop',
    feature => 'support', exported_severity => 'gold' }, 'by its labels');
my $description = delete $alert->{annotations}{description};
like($description, qr/^cost_spike\{feature="support", severity="gold"\} fires \(critical\): /,
    'with its sentence');
is_deeply($alert->{annotations}, { summary => 'LLM cost rate is 2x the 7-day average',
    runbook_url => 'https://wiki.example/costs' }, 'and its annotations');
is($alert->{status}{state}, 'active', 'it is active');
is(seconds_of($alert->{startsAt}), $began, 'since it fired');
my $left = seconds_of($alert->{endsAt}) - time();
ok(abs($left - 4 * REPEAT) < 20, "it stays until it was not told four times ($left s)");
is($alert->{generatorURL}, 'http://service.example/', 'and who told it');
ok(await(sub { grep { $_ eq 'cost_spike firing' } told() }), 'the receiver is told that it fires');

post(2 * REPEAT, 'repeat');
($alert, @more) = held('cost_spike');
ok($alert && !@more, 'told again it is the same alert');
is(seconds_of($alert->{startsAt}), $began, 'with its beginning');
ok(seconds_of($alert->{endsAt}) - time() > 4 * REPEAT + 20, 'and a later end');

# A process that dies tells no end: four times a second later it is over.
post(1, 'warn');
is(scalar(held('guardrail_surge')), 1, 'an alert that is told each second is there');
ok(await(sub { !held('guardrail_surge') }), '... and over when it is not told any more');

post(REPEAT, 'many');
my ($hostile) = held('hostile');
is($hostile->{labels}{feature}, "\"},\\{\n\x01\x7f \x{202e}\x{fffd}\x{1f600}",
    'a hostile label is what it was');
is(scalar(held('guardrail_surge')), 1, 'as is an alert beside it');

# ---- it is over ---------------------------------------------------------------------------------

post(REPEAT, 'end');
ok(await(sub { !held('cost_spike') }), 'what is over is gone');
is(scalar(held('hostile')), 1, 'another one is not');
ok(await(sub { grep { $_ eq 'cost_spike resolved' } told() }), 'the receiver is told that it is over');

# ---- what is wrong ------------------------------------------------------------------------------

# Alerts without labels, which the example can't make.
my $wrong = $http->post("$base/api/v2/alerts", { content => '[{"labels":{}}]',
    headers => { 'Content-Type' => 'application/json' } });
is($wrong->{status}, 400, 'Alertmanager refuses what is wrong');
is(stop('alertmanager'), 0, 'it ends well');

done_testing();

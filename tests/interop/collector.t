#!/usr/bin/env perl
# A real OpenTelemetry Collector, built from its Go modules: it receives what examples/otlp_http.h
# sends, in both encodings, and what it understood is compared with what was sent, item by item. It
# goes away for half a minute, and nothing is lost. It reads the files that llmobs writes. And the
# configurations of examples/deploy/ run as they are: from an agent over a load balancer to gateways.
use strict;
use warnings;
use Cwd ();
use File::Path qw(make_path remove_tree);
use FindBin;
use lib $FindBin::Bin;
use Interop;
use Servers;
use HTTP::Tiny;
use JSON::PP;
use Test::More;
use Time::HiRes qw(sleep time);

use constant OUTAGE => 30; # seconds

my $HERE = 'tests/interop';
my $ROOT = Cwd::getcwd();
my $BUILD = 'build/interop/collector';
my $DEPLOY = 'examples/deploy';
make_path($BUILD);
delete @ENV{ grep { /^OTEL_|_proxy$/i } keys %ENV };

# ---- what is needed -----------------------------------------------------------------------------

sub end_without { my ($what, $why) = @_; missing($what, $why); done_testing(); exit }
sub last_line { my ($text) = @_; return $text =~ /([^\n]+)\n*\z/ ? $1 : 'it said nothing' }

my $cc = $ENV{CC} || 'cc';
sub has { my ($header) = @_; return (run("echo '#include <$header>' | $cc -E -"))[0] }
end_without('libcurl', 'libcurl not found') if !has('curl/curl.h');
end_without('python3', 'python3 not found') if !in_path('python3');
end_without('the Collector', 'go not found') if !in_path('go');
my ($made, $why) = run("cd $HERE/collector_go && GOTOOLCHAIN=local GOFLAGS='-mod=readonly "
    . "-buildvcs=false' timeout 580 go build -p 2 -ldflags='-s -w' -o $ROOT/$BUILD/otelcol .");
end_without('the Collector', "$HERE/collector_go: " . last_line($why)) if !$made;
my $zlib = has('zlib.h');
my ($built, $said) = run("$cc -std=c11 -Wall -Wextra -O1 $Gate::OUTLINE -I. "
    . "$HERE/collector_sample.c -o $BUILD/sample -pthread -lm -lcurl" . ($zlib ? ' -DHAVE_ZLIB -lz' : ''));
ok($built && $said eq '', 'the sample is built, without a warning') or diag($said);

# ---- help ---------------------------------------------------------------------------------------

my $http = HTTP::Tiny->new(timeout => 5, no_proxy => ['127.0.0.1']);

# A Collector by these configurations; true once it says that it is well.
sub begin {
    my ($name, $configs, %env) = @_;
    $env{HEALTH} = '127.0.0.1:' . free_port();
    $env{SELF_PORT} = free_port();
    $env{STORAGE} = "$ROOT/$BUILD/$name.storage";
    local @ENV{ keys %env } = values %env;
    start($name, "$BUILD/$name.log", "$BUILD/otelcol", map { ('--config', $_) } @$configs);
    my $well = await(sub { $http->get("http://$env{HEALTH}/")->{success} });
    ok($well, "$name runs") or diag(read_file("$BUILD/$name.log"));
    return $well;
}

# A configuration that writes what it receives into files.
sub to_files {
    my ($name, $receivers) = @_;
    my $directory = "$BUILD/$name";
    remove_tree($directory);
    make_path($directory);
    my $pipelines = join("\n", map { "    $_: {receivers: $receivers->{$_}, processors: [batch], "
        . "exporters: [file/$_]}" } sort keys %$receivers);
    my $files = join("\n", map { "  file/$_: {path: $ROOT/$directory/$_.jsonl, append: true}" } sort keys %$receivers);
    write_file("$BUILD/$name.yaml", <<"END");
extensions: {health_check: {endpoint: "\${env:HEALTH}"}}
receivers:
  otlp: {protocols: {http: {endpoint: "\${env:LISTEN:-127.0.0.1:1}"}}}
  otlpjsonfile/traces: {include: "\${env:TRACES:-[none]}", start_at: beginning, include_file_name: false}
  otlpjsonfile/metrics: {include: "\${env:METRICS:-[none]}", start_at: beginning, include_file_name: false}
  otlpjsonfile/logs: {include: "\${env:LOGS:-[none]}", start_at: beginning, include_file_name: false}
processors: {batch: {timeout: 200ms}}
exporters:
$files
service:
  extensions: [health_check]
  telemetry: {metrics: {level: none}}
  pipelines:
$pipelines
END
    return "$BUILD/$name.yaml";
}

my @SIGNALS = qw(traces metrics logs);
my %kind = (traces => 'span', metrics => 'point', logs => 'log');
my %by_otlp = map { $_ => '[otlp]' } @SIGNALS;

# Records so many and sends them to this port: the account.
sub record {
    my ($name, $port, $protocol, $compression, @count) = @_;
    remove_tree("$BUILD/$name");
    make_path("$BUILD/$name");
    local %ENV = (%ENV, OTEL_EXPORTER_OTLP_ENDPOINT => "http://127.0.0.1:$port",
        OTEL_EXPORTER_OTLP_PROTOCOL => $protocol, OTEL_EXPORTER_OTLP_COMPRESSION => $compression);
    my ($done, $account) = run("timeout 200 $BUILD/sample $BUILD/$name @count");
    ok($done, "$name: all is taken, by the exporter's account") or diag($account);
    return $account;
}

# Whether these files have what was sent, once each.
sub same {
    my ($signal, $got, $sent) = @_;
    my ($good, $told) = run("python3 $HERE/collector_python.py --got @$got --sent @$sent");
    return ($good && $told =~ /^$kind{$signal} [1-9]/, last_line($told), $told);
}

sub is_same {
    my ($what, $signal, $got, $sent) = @_;
    my ($good, $short, $told) = same($signal, $got, $sent);
    ok($good, "$what: $signal") ? note($short) : diag(substr($told, 0, 3000));
    return $good;
}

# ---- both encodings -----------------------------------------------------------------------------

my $port = free_port();
my $direct = to_files('direct', \%by_otlp);
begin('direct', [$direct], LISTEN => "127.0.0.1:$port") or BAIL_OUT('no Collector');
my @ways = map { my $protocol = $_; map { [ $protocol, $_ ] } $zlib ? ('gzip', 'none') : 'none' }
    qw(protobuf json);
record("sent_$_->[0]_$_->[1]", $port, "http/$_->[0]", $_->[1], 250) for @ways;
record('sent_small', $port, 'http/protobuf', 'none', 30);
is(stop('direct'), 0, 'it ends well');
my @sent = (map({ "sent_$_->[0]_$_->[1]" } @ways), 'sent_small');
my %sent = map { my $signal = $_; $signal => [ map { "$BUILD/$_/$signal.jsonl" } @sent ] } @SIGNALS;
is_same('it understood what was sent', $_, ["$BUILD/direct/$_.jsonl"], $sent{$_}) for @SIGNALS;

# ---- what is wrong is seen ----------------------------------------------------------------------

my @faults = (
    [ traces => 'another value', sub { s/"intValue":"-?\d+"/"intValue":"2"/ } ],
    [ traces => 'another digit of a double', sub { s/"doubleValue":0\.1\}/"doubleValue":0.1000001}/ } ],
    [ traces => 'a value turned', sub { s/"boolValue":true/"boolValue":false/ } ],
    [ traces => 'a parent lost', sub { s/"parentSpanId":"\w+",// } ],
    [ traces => 'a later time', sub { s/("endTimeUnixNano":"\d+)\d"/${1}x/; s/x/0"/ } ],
    [ traces => 'an event lost', sub { s/\{"timeUnixNano":"\d+","name":"first_token"\},// } ],
    [ traces => 'a status lost', sub { s/"code":2// } ],
    [ traces => 'another service', sub { s/shop/ship/ } ],
    [ traces => 'a span lost', sub { s/"spans":\[\{.*?\},\{"traceId"/"spans":[{"traceId"/ } ],
    [ traces => 'all of it twice', sub { $_ .= $_ } ],
    [ metrics => 'a bucket changed', sub { s/("bucketCounts":\[")\d+/${1}77/ } ],
    [ metrics => 'a sum lost', sub { s/"sum":[^,{]+,// } ],
    [ metrics => 'another temporality', sub { s/("aggregationTemporality"):2/$1:1/ } ],
    [ metrics => 'an exemplar lost', sub { s/"exemplars":\[.*?\],?// } ],
    [ metrics => 'another scale', sub { s/"scale":(-?)\d+/"scale":${1}20/ } ],
    [ logs => 'a body changed', sub { s/"body":\{"stringValue":"plain"/"body":{"stringValue":"other"/ } ],
    [ logs => 'a severity changed', sub { s/("severityNumber"):\d+/$1:24/ } ],
    [ logs => 'a trace lost', sub { s/"traceId":"\w+",?// } ],
);
for my $fault (@faults) {
    my ($signal, $what, $break) = @$fault;
    my $text = read_file($sent{$signal}[-1]);
    my $broken = $text;
    $break->() for $broken;
    ok($broken ne $text, "$signal can have $what");
    write_file("$BUILD/broken.jsonl", $broken);
    my ($good) = same($signal, [ $sent{$signal}[-1] ], ["$BUILD/broken.jsonl"]);
    ok(!$good, '... and it is seen');
}

# ---- files --------------------------------------------------------------------------------------

my $files = to_files('files', { map { $_ => "[otlpjsonfile/$_]" } @SIGNALS });
begin('files', [$files],
    map { (uc($_), '[' . join(', ', map { "$ROOT/$_" } @{ $sent{$_} }) . ']') } @SIGNALS);
my $whole = await(sub { !grep { !(same($_, ["$BUILD/files/$_.jsonl"], $sent{$_}))[0] } @SIGNALS });
ok($whole, 'it reads the files that llmobs writes');
unlike(read_file("$BUILD/files.log"), qr/\terror\t/, '... all of them');
stop('files');
is_same('it understood the files', $_, ["$BUILD/files/$_.jsonl"], $sent{$_}) for @SIGNALS;

# ---- away for half a minute ---------------------------------------------------------------------

$port = free_port();
my $outage = to_files('outage', \%by_otlp);
begin('outage', [$outage], LISTEN => "127.0.0.1:$port");
my $recorder = fork() // die "fork: $!\n";
if ($recorder == 0) {
    local %ENV = (%ENV, OTEL_EXPORTER_OTLP_ENDPOINT => "http://127.0.0.1:$port",
        OTEL_EXPORTER_OTLP_PROTOCOL => 'http/protobuf');
    make_path("$BUILD/sent_outage");
    exec("exec timeout 200 $BUILD/sample $BUILD/sent_outage 1800 50 >$BUILD/outage.account");
}
$started{recorder} = $recorder;
sleep(3);
is(stop('outage'), 0, 'it goes away, in the middle');
my $gone = time();
sleep(OUTAGE);
begin('outage', [$outage], LISTEN => "127.0.0.1:$port");
note(sprintf('it was away for %.1f s', time() - $gone));
waitpid(delete $started{recorder}, 0);
is($?, 0, 'what was recorded meanwhile is taken then');
my $account = read_file("$BUILD/outage.account");
like($account, qr/ lost 0 .* lost 0 retries [1-9]/, '... by the exporter, after retries') ? note($account)
    : diag($account);
stop('outage');
is_same('nothing is lost, and nothing twice', $_, ["$BUILD/outage/$_.jsonl"],
    ["$BUILD/sent_outage/$_.jsonl"]) for @SIGNALS;

# ---- the configurations that are for use --------------------------------------------------------

my @deployed = map { "$DEPLOY/otelcol-$_.yaml" } qw(agent loadbalancer gateway);
for my $config (@deployed) {
    my ($valid, $told) = run("timeout 60 $BUILD/otelcol validate --config $config");
    ok($valid, "$config is valid") or diag($told);
}
write_file("$BUILD/wrong.yaml", read_file($deployed[0]) =~ s/send_batch_size/send_batch_sise/r);
ok(!(run("timeout 60 $BUILD/otelcol validate --config $BUILD/wrong.yaml"))[0],
    'a wrong one is seen');

SKIP: {
    skip('promtool not found', 1) if !in_path('promtool');
    my ($valid, $told) = run("promtool check config $DEPLOY/prometheus-federation.yml");
    ok($valid, "$DEPLOY/prometheus-federation.yml is valid") or diag($told);
}

# From the programs to the end: an agent, a load balancer, two gateways, and behind them Prometheus
# and what stores traces and logs.
my %port = map { $_ => free_port() } qw(agent balancer gateway_1 gateway_2 backend prometheus);
remove_tree("$BUILD/$_.storage") for qw(agent gateway_1 gateway_2);
my ($prometheus) = grep { in_path($_) } 'prometheus';
if ($prometheus) {
    remove_tree("$BUILD/prometheus.data"); # a run before this one is not to be seen
    write_file("$BUILD/prometheus.yml", "global: {scrape_interval: 1s}\n");
    start('prometheus', "$BUILD/prometheus.log", $prometheus, "--config.file=$BUILD/prometheus.yml",
        "--storage.tsdb.path=$BUILD/prometheus.data", '--web.enable-remote-write-receiver',
        '--enable-feature=native-histograms',
        "--web.listen-address=127.0.0.1:$port{prometheus}");
    ok(await(sub { $http->get("http://127.0.0.1:$port{prometheus}/-/ready")->{success} }),
        'Prometheus runs') or diag(read_file("$BUILD/prometheus.log"));
} else { missing('Prometheus', 'prometheus not found') }
begin('backend', [ to_files('backend', { map { $_ => '[otlp]' } qw(traces logs) }) ],
    LISTEN => "127.0.0.1:$port{backend}");
# The gateways say, beside what they do by their configuration, what came to each.
for my $number (1, 2) {
    make_path("$BUILD/gateways");
    unlink("$BUILD/gateways/$number.jsonl");
    write_file("$BUILD/beside_$number.yaml", <<"END");
exporters: {file/beside: {path: $ROOT/$BUILD/gateways/$number.jsonl}}
service: {pipelines: {traces/beside: {receivers: [otlp], exporters: [file/beside]}}}
END
    begin("gateway_$number", [ $deployed[2], "$BUILD/beside_$number.yaml" ],
        LISTEN => '127.0.0.1:' . $port{"gateway_$number"}, DECISION_WAIT => '2s', KEEP_PERCENT => 100,
        BACKEND => "http://127.0.0.1:$port{backend}",
        PROMETHEUS => "http://127.0.0.1:$port{prometheus}/api/v1/write");
}
begin('balancer', [ $deployed[1] ], LISTEN => "127.0.0.1:$port{balancer}",
    GATEWAYS => "[127.0.0.1:$port{gateway_1}, 127.0.0.1:$port{gateway_2}]");
begin('agent', [ $deployed[0] ], LISTEN => "127.0.0.1:$port{agent}",
    NEXT => "http://127.0.0.1:$port{balancer}");
record('sent_far', $port{agent}, 'http/protobuf', 'none', 400);
my @far = map { [ $_, ["$BUILD/backend/$_.jsonl"], ["$BUILD/sent_far/$_.jsonl"] ] } qw(traces logs);
await(sub { !grep { !(same(@$_))[0] } @far });
is_same('from an agent to the backend', @$_) for @far;

# The trace ids in a file, and how many spans there are.
sub traces_in {
    my ($file) = @_;
    my $text = read_file($file);
    my %ids = map { $_ => 1 } $text =~ /\{"traceId":"(\w{32})","spanId":"\w{16}",(?!"flags":\d+[,}]\])/g;
    return \%ids;
}
my @seen = map { traces_in("$BUILD/gateways/$_.jsonl") } 1, 2;
ok(keys %$_ > 100, 'a gateway has its part of the traces: ' . keys %$_) for @seen;
is(scalar(grep { $seen[1]{$_} } keys %{ $seen[0] }), 0, 'and no trace is in two');

SKIP: {
    skip('prometheus not found', 1) if !$prometheus;
    my $asks = sub {
        my ($query) = @_;
        my $answer = $http->get("http://127.0.0.1:$port{prometheus}/api/v1/query?query=$query");
        my $result = eval { JSON::PP->new->decode($answer->{content})->{data}{result} } // [];
        return @$result ? $result->[0]{value}[1] : '';
    };
    my %wanted = ('sum(llm_requests_total)' => 400, 'sum(test_updown)' => 200 * -7 + 200 * 3,
        'sum(test_histogram_count)' => 400, 'count(test_gauge)' => 10);
    for my $query (sort keys %wanted) {
        my $got = '';
        await(sub { ($got = $asks->($query)) eq $wanted{$query} });
        is($got, $wanted{$query}, "Prometheus has by remote write: $query");
    }
}
stop($_) for qw(agent balancer gateway_1 gateway_2 backend prometheus);

done_testing();

#!/usr/bin/env perl
# A program with metrics of every kind, scraped while it records, in both formats, by a real
# Prometheus; asked back through its HTTP API and compared with what was recorded. Then the opinion
# of promtool and prometheus_client, and every query of the boards in examples/deploy/.
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
use List::Util qw(sum sum0 max min first);
use Test::More;
use Time::HiRes qw(sleep time);

use constant GROWS => 15; # seconds that it is scraped while values grow

my $HERE = 'tests/interop';
my $BUILD = 'build/interop/prometheus';
remove_tree($BUILD);
make_path($BUILD);

# ---- what is needed -----------------------------------------------------------------------------

my $cc = $ENV{CC} || 'cc';
my ($have_library) = run("echo '#include <microhttpd.h>' | $cc -E -");
my ($python) = grep { (run("$_ -c 'import prometheus_client.openmetrics.parser'"))[0] }
    ('python3', '/usr/bin/python3');
my $have_promtool = in_path('promtool');

if (!$have_library) {
    missing('libmicrohttpd', 'libmicrohttpd not found');
    done_testing();
    exit;
}
Gate::builds("$cc -std=c11 -Wall -Wextra -O1 -g", "$HERE/prometheus_sample.c", "$BUILD/sample", '-lmicrohttpd',
    'the sample is built, without a warning', '-O2');
if (!in_path('prometheus')) {
    missing('prometheus', 'prometheus not found');
    done_testing();
    exit;
}

# ---- the sample, and who scrapes it -------------------------------------------------------------

my ($to_sample, $from_sample);

sub start_sample {
    pipe(my $its_input, $to_sample) or die "pipe: $!\n";
    pipe($from_sample, my $its_output) or die "pipe: $!\n";
    my $child = fork() // die "fork: $!\n";
    if ($child == 0) {
        close($to_sample);
        open(STDIN, '<&', $its_input);
        open(STDOUT, '>&', $its_output);
        exec("$BUILD/sample", "$BUILD/truth") or exit(127);
    }
    $started{sample} = $child;
    $to_sample->autoflush(1);
    my $line = <$from_sample> // '';
    return $line =~ /^(\S+:\d+) (\S+:\d+)$/ ? ($1, $2) : ();
}

my ($address, $text_address) = start_sample();
ok($text_address, 'the sample serves') or BAIL_OUT('nothing to scrape');

my $port = free_port();
my $root = Cwd::getcwd();
write_file("$BUILD/prometheus.yml", <<"END");
global:
  scrape_interval: 1s
  scrape_timeout: 1s
scrape_configs:
  - job_name: openmetrics
    static_configs: [{targets: ['$address']}]
  - job_name: text
    static_configs: [{targets: ['$text_address']}]
END
start('prometheus', "$BUILD/log", 'prometheus', "--config.file=$root/$BUILD/prometheus.yml",
    "--storage.tsdb.path=$root/$BUILD/data", "--web.listen-address=127.0.0.1:$port",
    '--enable-feature=exemplar-storage');

my $http = HTTP::Tiny->new(timeout => PATIENCE, no_proxy => ['127.0.0.1']);
my $api = "http://127.0.0.1:$port/api/v1";

# Asks the API: its data, or undef with what went wrong.
sub ask {
    my ($path, %fields) = @_;
    my $answer = $http->get("$api/$path?" . $http->www_form_urlencode(\%fields));
    my $message = eval { JSON::PP->new->utf8->decode($answer->{content}) } // {};
    return ($message->{data}, '') if ($message->{status} // '') eq 'success';
    return (undef, $message->{error} // "$answer->{status} $answer->{content}");
}

# An instant query: [ labels, value ] each.
sub query {
    my ($expression, $time) = @_;
    my ($data, $error) = ask('query', query => $expression, defined $time ? (time => $time) : ());
    return (undef, $error) if !$data;
    return ([ [ {}, $data->{result}[1] ] ], '') if $data->{resultType} eq 'scalar';
    return ([ map { [ $_->{metric}, $_->{value}[1] ] } @{ $data->{result} } ], '');
}

sub query_value {
    my ($expression, $time) = @_;
    my ($rows, $error) = query($expression, $time);
    return $rows && @$rows == 1 ? $rows->[0][1] : $error || 'no answer';
}

my $ready = await(sub { $http->get("http://127.0.0.1:$port/-/ready")->{success} });
ok($ready, 'Prometheus runs') or diag(read_file("$BUILD/log")) or BAIL_OUT('no Prometheus');
ok(await(sub { query_value('count(up == 1)') eq '2' }), 'it scrapes both formats')
    or diag(explain(ask('targets')));

sub scrape {
    my ($where, $accept) = @_;
    return $http->get("http://$where/metrics", { headers => { Accept => $accept } });
}

my $OPENMETRICS = 'application/openmetrics-text; version=1.0.0';

# ---- while it records ---------------------------------------------------------------------------

# Samples of a text, name and labels as they stand: value. Enough for a look between two scrapes.
sub plain_samples {
    my ($text) = @_;
    my $line = qr/^([^#\s]\S*(?:\{.*\})?) (\S+)(?: #.*)?$/;
    return { map { /$line/ ? ($1 => $2) : () } split /\n/, $text };
}

my ($scrapes, $fallen, $uneven) = (0, 0, 0);
my %last;
my $grown = time() + GROWS;
while (time() < $grown) {
    for my $accept ('', $OPENMETRICS) {
        my $now = plain_samples(scrape($address, $accept)->{content});
        $scrapes++;
        for my $name (keys %$now) {
            next if $name !~ /^[^{]*_(?:total|count|bucket)\b/;
            my $key = $name =~ s/le="(\d+)\.0"/le="$1"/r;
            $fallen++ if $now->{$name} < ($last{$key} // 0);
            $last{$key} = $now->{$name};
            next if $name !~ /^(.*)_bucket\{(.*?),?le="\+Inf"\}$/;
            my $count = $1 . '_count' . ($2 ne '' ? "{$2}" : '');
            $uneven++ if $now->{$name} != ($now->{$count} // -1);
        }
    }
    sleep(0.2);
}
note("$scrapes scrapes of " . scalar(keys %last) . ' counts');
ok(scalar(keys %last) > 500, 'there is much to scrape');
is($fallen, 0, 'no count ever falls');
is($uneven, 0, 'the bucket +Inf is always the count');

my $busy = time() - 1; # the last moment at which rates are whole
print {$to_sample} "\n";
like(<$from_sample> // '', qr/^done$/, 'the sample tells the truth');
my $stopped = time();
ok(await(sub { my $least = query_value('min(timestamp(up))');
        $least =~ /^[\d.]+$/ && $least > $stopped + 0.1 }), 'a last scrape of all');

# ---- the truth ----------------------------------------------------------------------------------

my (%metrics, @traces, @quantiles, @steady, $rate);

sub unescape {
    my ($text) = @_;
    return $text =~ s/\\(.)/$1 eq 'n' ? "\n" : $1/ger;
}

# The name that Prometheus should have for a metric: the rule, written down once more.
sub family_of {
    my ($name, $unit, $kind) = @_;
    my %suffix = ('s' => '_seconds', 'By' => '_bytes', 'USD' => '_usd',
        '1' => $kind eq 'gauge' ? '_ratio' : '');
    my $family = $name =~ s/[^A-Za-z0-9_:]/_/gr;
    $family =~ s/_total$// if $kind eq 'counter';
    my $end = $suffix{$unit} // '';
    return $family =~ /\Q$end\E$/ ? $family : $family . $end;
}

# Labels as one text; what Prometheus cannot know of is left out.
sub key_of {
    my ($labels) = @_;
    my @told = grep { !/^(?:job|instance|__name__|user_id|le)$/ } sort keys %$labels;
    return join(',', map { "$_=$labels->{$_}" } grep { $labels->{$_} ne '' } @told);
}

for my $line (split /\n/, read_file("$BUILD/truth")) {
    utf8::decode($line);
    my ($what, $name, @rest) = split /\t/, $line, -1;
    if ($what eq 'metric') {
        my ($unit, $kind, $number) = @rest;
        $metrics{$name} = { kind => $kind, number => $number,
            family => family_of($name, $unit, $kind), series => {} };
    } elsif ($what eq 'value') {
        my ($value, %labels) = map { unescape($_) } @rest;
        %labels = map { (s/[^A-Za-z0-9_]/_/gr => $labels{$_}) } keys %labels;
        $labels{model} = 'other' if $name eq 'interop.limited' && $labels{model} ne 'known';
        push @{ $metrics{$name}{series}{ key_of(\%labels) } }, $value;
    } elsif ($what eq 'trace') {
        push @traces, $name;
    } elsif ($what eq 'quantile') {
        push @quantiles, [ $name, @rest ];
    } elsif ($what eq 'steady') {
        push @steady, [ $name, @rest ];
    } elsif ($what eq 'rate') {
        $rate = $name;
    }
}
my %is_trace = map { $_ => 1 } @traces;
ok(scalar(keys %metrics) > 40 && @traces > 1000, 'the truth is known')
    or diag(scalar(keys %metrics), ' metrics, ', scalar(@traces), ' traces');

# What is exported for a number in the number's units.
sub scaled {
    my ($metric, $value) = @_;
    return $value / ($metric->{number} eq 'nano' ? 1e9 : $metric->{number} eq 'double' ? 1e3 : 1);
}

# ---- comparing ----------------------------------------------------------------------------------

sub same {
    my ($got, $want, $exact) = @_;
    return 0 if !defined $got || $got !~ /^[-+\d.e]+$/;
    return $exact ? $got == $want : abs($got - $want) <= 1e-12 * max(abs($want), 1e-9);
}

# Samples as { name => { labels => [ [ le, value ], ... ] } }; users are not told apart.
sub samples_of {
    my ($rows) = @_;
    my %samples;
    for my $row (@$rows) {
        my ($name, $labels, $value) = @$row;
        push @{ $samples{$name}{ key_of($labels) } }, [ $labels->{le}, $value ];
    }
    return \%samples;
}

sub compare_values {
    my ($metric, $name, $samples) = @_;
    my @problems;
    for my $key (sort keys %{ $metric->{series} }) {
        my $values = $metric->{series}{$key};
        my $found = $samples->{$name}{$key};
        my $got = $found ? sum0(map { $_->[1] } @$found) : undef;
        my $want = scaled($metric, $metric->{kind} eq 'gauge' ? $values->[-1] : sum0(@$values));
        push @problems, "$name\{$key} is " . ($got // 'not there') . ", not $want"
            if !same($got, $want, $metric->{number} eq 'int');
    }
    return @problems;
}

# How many values are up to a bound.
sub count_up_to {
    my ($metric, $sorted, $bound) = @_;
    my ($low, $high) = (0, scalar @$sorted);
    while ($low < $high) {
        my $middle = int(($low + $high) / 2);
        if (scaled($metric, $sorted->[$middle]) <= $bound * (1 + 1e-13)) { $low = $middle + 1 }
        else { $high = $middle }
    }
    return $low;
}

sub compare_histogram {
    my ($metric, $samples) = @_;
    my $family = $metric->{family};
    my @problems;
    for my $key (sort keys %{ $metric->{series} }) {
        my @values = sort { $a <=> $b } @{ $metric->{series}{$key} };
        my $buckets = $samples->{"${family}_bucket"}{$key} // [];
        push @problems, "$family\{$key} has " . @$buckets . ' buckets' if @$buckets < 2;
        for my $bucket (@$buckets) {
            my ($bound, $got) = @$bucket;
            my $want = $bound eq '+Inf' ? @values : count_up_to($metric, \@values, $bound);
            push @problems, "$family\{$key} has $got up to $bound, not $want" if $got != $want;
        }
        for my $part ([ 'count', scalar @values, 1 ],
            [ 'sum', scaled($metric, sum0(@values)), $metric->{number} eq 'int' ]) {
            my ($which, $want, $exact) = @$part;
            my $found = $samples->{"${family}_$which"}{$key};
            my $got = $found ? $found->[0][1] : 'not there';
            push @problems, "${family}_$which\{$key} is $got, not $want"
                if !same($got, $want, $exact);
        }
    }
    return @problems;
}

# All that is wrong with some samples.
sub compare {
    my ($samples) = @_;
    my @problems;
    for my $name (sort keys %metrics) {
        my $metric = $metrics{$name};
        next if $name eq 'interop.capped';
        push @problems, $metric->{kind} =~ /^(?:histogram|exponential)$/
            ? compare_histogram($metric, $samples)
            : compare_values($metric, $metric->{family} . ($metric->{kind} eq 'counter' ? '_total'
                : ''), $samples);
    }
    my $capped = $samples->{interop_capped_total} // {};
    my @overflow = grep { /otel_metric_overflow=true/ } keys %$capped;
    my $want = sum0(map { @$_ } values %{ $metrics{'interop.capped'}{series} });
    my $got = sum0(map { $_->[1] } map { @$_ } values %$capped);
    push @problems, "with an overflow the sum is $got, not $want" if $got != $want;
    push @problems, keys(%$capped) . ' series under a cap of 3' if keys(%$capped) != 4;
    push @problems, 'there is no overflow series' if @overflow != 1;
    my %asked = (nan => qr/^nan$/i, infinite => qr/^\+?inf$/i, negative => qr/^-0\.1$/);
    for my $kind (sort keys %asked) {
        my $found = $samples->{interop_limits}{"kind=$kind"}[0][1] // 'not there';
        push @problems, "the gauge that is $kind is $found" if $found !~ $asked{$kind};
    }
    my $answer = $samples->{interop_asked}{''}[0][1] // 'not there';
    push @problems, "the callback's gauge is $answer" if $answer ne '42.5';
    return @problems;
}

sub compares {
    my ($rows, $what) = @_;
    my @problems = compare(samples_of($rows));
    is(scalar @problems, 0, "$what: " . @$rows . ' samples are what was recorded')
        or diag(join("\n", @problems[ 0 .. min($#problems, 20) ]));
}

sub rows_of_job {
    my ($job) = @_;
    my ($rows, $error) = query("{job=\"$job\"}");
    diag($error) if !$rows;
    return [ map { [ $_->[0]{__name__}, @$_ ] } @{ $rows // [] } ];
}

my %rows = map { $_ => rows_of_job($_) } 'openmetrics', 'text';
compares($rows{$_}, "Prometheus, $_") for sort keys %rows;

# ---- what is wrong is seen ----------------------------------------------------------------------

for my $fault (
    [ 'a counter one off', 'llm_tokens_total', sub { $_[2] + 1 } ],
    [ 'a cost a millionth off', 'llm_cost_usd_total', sub { $_[2] + 1e-6 } ],
    [ 'a gauge of before', 'vllm:kv_cache_usage_perc', sub { $_[2] + 0.001 } ],
    [ 'a bucket one off', 'llm_phase_duration_seconds_bucket', sub { $_[2] + 1 } ],
    [ 'a sum a microsecond off', 'interop_spread_seconds_sum', sub { $_[2] + 1e-6 } ],
    [ 'a series left out', 'vllm:num_preemptions_total', sub { undef } ],
    [ 'an overflow that lost some', 'interop_capped_total', sub { $_[2] - 1 } ]) {
    my ($what, $name, $change) = @$fault;
    my ($at) = grep { $rows{text}[$_][0] eq $name } 0 .. $#{ $rows{text} };
    my @broken = @{ $rows{text} };
    my @row = @{ $broken[$at] };
    my $value = $change->(@row);
    splice(@broken, $at, 1, defined $value ? [ @row[ 0, 1 ], $value ] : ());
    ok(scalar compare(samples_of(\@broken)), "$what is seen");
}

# ---- asked of Prometheus ------------------------------------------------------------------------

my $window = '[2m]';
is(query_value("min(min_over_time(up$window))"), '1', 'no scrape failed');
my @resets = map {
    my $metric = $_;
    map { query_value("max(resets($metric->{family}_$_$window))") }
        $metric->{kind} eq 'counter' ? ('total') : ('count', 'bucket', 'sum');
} grep { $_->{kind} !~ /^(?:updown|gauge)$/ } values %metrics;
is(join(' ', grep { $_ ne '0' } @resets), '', 'Prometheus saw no counter fall');
for my $name (grep { $metrics{$_}{kind} =~ /^(?:histogram|exponential)$/ } sort keys %metrics) {
    my $family = $metrics{$name}{family};
    my ($data, $error) = ask('query_range', start => $busy - 15, end => $busy, step => 1,
        query => "max(abs(${family}_bucket{le=\"+Inf\"} - ignoring(le) ${family}_count))");
    my @points = map { @{ $_->{values} } } @{ $data->{result} // [] };
    ok(@points > 5 && !(grep { $_->[1] != 0 } @points), "$name: +Inf was the count at all times")
        or diag($error);
}
for my $name ('llm_tokens_total', 'llm_cost_usd_total', 'vllm:generation_tokens') {
    my $metric = $metrics{$name};
    my $want = scaled($metric, sum(map { @$_ } values %{ $metric->{series} }));
    my $got = query_value("sum($metric->{family}_total{job=\"openmetrics\"})");
    ok(same($got, $want, $metric->{number} eq 'int'), "sum($name) is $want") or diag($got);
}

# Prometheus' own interpolation, done once more over what was recorded.
sub quantile_of {
    my ($metric, $bounds, $q) = @_;
    my @values = sort { $a <=> $b } map { @$_ } values %{ $metric->{series} };
    my $rank = $q * @values;
    my ($start, $below) = (0, 0);
    for my $bound (@$bounds) {
        return ($start, $start, $bound, \@values) if $bound eq '+Inf';
        my $count = count_up_to($metric, \@values, $bound);
        return ($start + ($bound - $start) * ($rank - $below) / ($count - $below), $start, $bound,
            \@values) if $count >= $rank;
        ($start, $below) = ($bound, $count);
    }
    return;
}

for my $name ('llm_phase_duration_seconds', 'vllm:time_to_first_token_seconds',
    'vllm:e2e_request_latency_seconds', 'vllm:inter_token_latency_seconds',
    'vllm:request_prompt_tokens', 'interop.spread', 'gen_ai.client.operation.duration') {
    my $metric = $metrics{$name};
    my ($rows) = query("sum by (le) ($metric->{family}_bucket{job=\"text\"})");
    my @bounds = sort { ($a eq '+Inf') <=> ($b eq '+Inf') || $a <=> $b }
        map { $_->[0]{le} } @{ $rows // [] };
    for my $q (0.5, 0.95, 0.99) {
        my ($want, $low, $high, $values) = quantile_of($metric, \@bounds, $q);
        my $got = query_value("histogram_quantile($q, "
            . "sum by (le) ($metric->{family}_bucket{job=\"text\"}))");
        ok($got =~ /^[\d.e+-]+$/ && abs($got - $want) <= 1e-9 * $want,
            sprintf('%s: p%g is %.6g', $name, 100 * $q, $want)) or diag("it is $got");
        my $exact = scaled($metric, $values->[ int($q * @$values + 0.999999) - 1 ]);
        ok($low <= $exact && ($high eq '+Inf' || $exact <= $high),
            "of the sorted values $exact is between $low and $high, too");
        my $moving = query_value("histogram_quantile($q, "
            . "sum by (le) (rate($metric->{family}_bucket{job=\"text\"}[10s])))", $busy);
        ok($moving =~ /^[\d.e+-]+$/ && $moving > $want / 2 && $moving < $want * 2,
            "its rate says $moving");
    }
}

# The library's own quantiles: the value of that rank is within the bounds that it gives.
for my $quantile (@quantiles) {
    my ($name, $feature, $q, $value, $low, $high) = @$quantile;
    my $metric = $metrics{$name};
    my @values = sort { $a <=> $b } @{ $metric->{series}{"feature=$feature"} };
    my $exact = scaled($metric, $values[ int($q * @values + 0.999999) - 1 ]);
    ok($low <= $exact * (1 + 1e-12) && $exact <= $high * (1 + 1e-12) && $low <= $value
        && $value <= $high, "$name, $feature: p" . 100 * $q . " $exact is within [$low, $high]");
}

# What grows evenly: every sample in its place, and the rate.
my ($points) = ask('query', query => "interop_steady_total{job=\"text\"}[1m]", time => $busy);
my @points = map { @{ $_->{values} } } @{ $points->{result} // [] };
my @astray = grep {
    my ($at, $value) = @$_;
    my $want = sum(map { max(0, ($at - $_->[0]) * $rate) } @steady);
    abs($value - $want) > 2 * $rate * @steady # two seconds late, at most
} @points;
ok(@points > 10 && !@astray, 'what grows evenly is scraped so')
    or diag(explain(\@points, \@steady));
my $got_rate = query_value('rate(interop_steady_total{job="text"}[10s])', $busy);
ok($got_rate =~ /^[\d.]+$/ && abs($got_rate - $rate * @steady) < 0.1 * $rate * @steady,
    'its rate is ' . $rate * @steady) or diag($got_rate);

# ---- traces, who measures, users, what is said of each -------------------------------------------

for my $name ('llm_phase_duration_seconds_bucket', 'llm_cost_usd_total',
    'interop_spread_seconds_bucket') {
    my ($data, $error) = ask('query_exemplars', query => "$name\{job=\"openmetrics\"}",
        start => $busy - 60, end => $stopped + 60);
    my @found = map { my $of = $_->{seriesLabels}; map { [ $of, $_ ] } @{ $_->{exemplars} } }
        @{ $data // [] };
    my @wrong = grep {
        my ($of, $exemplar) = @$_;
        !$is_trace{ $exemplar->{labels}{trace_id} // '' }
            || ($of->{le} // '+Inf') ne '+Inf' && $exemplar->{value} > $of->{le} * (1 + 1e-9)
    } @found;
    ok(@found && !@wrong, "$name has " . @found . ' exemplars, all of them traces of ours')
        or diag($error, explain(@wrong[ 0 .. min($#wrong, 1) ]));
}
for my $job ('openmetrics', 'text') {
    my ($rows) = query("target_info{job=\"$job\"}");
    my $labels = $rows->[0][0] // {};
    is(join(' ', map { $labels->{$_} // '-' } qw(service_name service_version telemetry_sdk_name)),
        'interop 1.2.3 llmobs', "target_info, $job");
}
my ($users) = query('count by (user_id) (llm_tokens_total{job="text", user_id!=""})');
is(scalar @$users, 4, 'four users');
ok(!(grep { $_->[0]{user_id} =~ /@|anna|example/ } @$users), 'and nobody knows who they are');
is(query_value('llmobs_metric_overflows_total{job="text", metric="interop.capped"} > bool 0'), '1',
    'the overflow names its metric') or diag(explain(query('llmobs_metric_overflows_total')));
is(query_value('llmobs_metric_invalid_total{job="text", metric="interop.sizes"}'), '1',
    'so does an invalid value') or diag(explain(query('llmobs_metric_invalid_total')));

my $help = "Of \"the\" interop test,\nwith a \\ in its help.";
my %described = (interop_money_usd => [ 'counter', 'usd' ],
    interop_level_bytes => [ 'gauge', 'bytes' ],
    interop_spread_seconds => [ 'histogram', 'seconds' ]);
for my $family (sort keys %described) {
    for my $job ('openmetrics', 'text') {
        my ($type, $unit) = @{ $described{$family} };
        my $name = $family . ($type eq 'counter' && $job eq 'text' ? '_total' : '');
        my ($data, $error) = ask('targets/metadata', metric => $name,
            match_target => "{job=\"$job\"}");
        my $about = $data->[0] // {};
        is($about->{type} // $error, $type, "$name is a $type");
        is($about->{help} // '', $help, 'with its help');
        is($about->{unit} // '', $unit, 'and its unit') if $job eq 'openmetrics';
    }
}

# ---- the boards ---------------------------------------------------------------------------------

my %variables = ('__rate_interval' => '10s', '__range' => '30s', '__interval' => '5s');

sub substituted {
    my ($expression) = @_;
    return $expression =~ s/\$\{?(\w+)\}?/$variables{$1} \/\/ '.*'/ger;
}

sub finite { my ($value) = @_; return $value !~ /nan|inf/i }

# Whether a query has an answer, with at least one number.
sub answers {
    my ($expression) = @_;
    my ($rows, $error) = query(substituted($expression), $busy);
    return (0, $error) if !$rows;
    return (0, 'no answer') if !@$rows;
    return (0, 'nothing but NaN') if !grep { finite($_->[1]) } @$rows;
    return (1, scalar(@$rows) . ' series');
}

sub check_panel {
    my ($board, $panel) = @_;
    my $what = "$board, \"$panel->{title}\"";
    my @lacks = grep { !$_->[1] } ([ 'a description', $panel->{description} ],
        [ 'a unit', $panel->{fieldConfig}{defaults}{unit} ],
        [ 'thresholds', $panel->{fieldConfig}{defaults}{thresholds} ],
        [ 'the data source', ($panel->{datasource}{uid} // '') eq '${datasource}' ],
        [ 'a query', scalar @{ $panel->{targets} // [] } ]);
    is(join(', ', map { $_->[0] } @lacks), '', "$what lacks nothing");
    for my $target (@{ $panel->{targets} }) {
        my ($good, $why) = answers($target->{expr});
        ok($good, "$what: $target->{refId} has an answer") ? note($why)
            : diag(substituted($target->{expr}), "\n", $why);
    }
}

sub overlap {
    my ($a, $b) = map { $_->{gridPos} } @_;
    return $a->{x} < $b->{x} + $b->{w} && $b->{x} < $a->{x} + $a->{w}
        && $a->{y} < $b->{y} + $b->{h} && $b->{y} < $a->{y} + $a->{h};
}

for my $file (sort glob('examples/deploy/grafana/*.json')) {
    my $board = eval { JSON::PP->new->utf8->decode(read_file($file)) };
    my ($name) = $file =~ m{([^/]+)\.json$};
    ok($board && $board->{schemaVersion} >= 38 && $board->{uid} && $board->{title},
        "$file is a board of Grafana 10") or next;
    my @panels = @{ $board->{panels} };
    my %ids = map { $_->{id} => 1 } @panels;
    is(scalar keys %ids, scalar @panels, "$name: every panel has its number");
    my @over = map { my $a = $_; map { "$panels[$a]{title} / $panels[$_]{title}" }
        grep { overlap($panels[$a], $panels[$_]) } 0 .. $a - 1 } 0 .. $#panels;
    is(join(', ', @over), '', "$name: no panel lies on another");
    check_panel($name, $_) for grep { $_->{type} ne 'row' } @panels;
    for my $variable (@{ $board->{templating}{list} }) {
        next if $variable->{type} ne 'query';
        my ($of, $label) = $variable->{query}{query} =~ /^label_values\((.+), (\w+)\)$/;
        my ($good, $why) = answers("count by ($label) ($of)");
        ok($good, "$name: \$$variable->{name} has values") or diag($why);
    }
}
ok(!(answers('no_such_metric'))[0] && !(answers('sum by ('))[0], 'what is empty or wrong is seen');

# ---- the text, by others ------------------------------------------------------------------------

my %text = (text => scrape($address, 'text/plain'), openmetrics => scrape($address, $OPENMETRICS));
for my $format (sort keys %text) {
    write_file("$BUILD/metrics.$format", $text{$format}{content});
    like($text{$format}{content}, qr/^interop_large_total 9007199254740993$/m,
        "$format: an integer that no double holds");
}
my %type_of = map { $_ => $text{$_}{headers}{'content-type'} } keys %text;
like($type_of{text}, qr{^text/plain; version=0\.0\.4}, 'text/plain on demand');
like($type_of{openmetrics}, qr{^application/openmetrics-text; version=1\.0\.0}, 'and OpenMetrics');

# Its taste is that of Prometheus' own: no ':' in names, no "_total" on what is no counter. The
# names of vLLM and llama.cpp are theirs.
if ($have_promtool) {
    my $theirs = qr/^(?:# (?:HELP|TYPE) )?(?:vllm|llamacpp):/;
    my @lines = grep { !/$theirs/ } split /^/, $text{text}{content};
    write_file("$BUILD/ours.text", join('', @lines));
    my ($good, $why) = run("promtool check metrics <$BUILD/ours.text");
    ok($good && $why eq '', 'promtool check metrics: our names') or diag($why);
    my (undef, $lint) = run("promtool check metrics <$BUILD/metrics.text");
    my @other = grep { !/^(?:vllm|llamacpp):\S+ / } split /\n/, $lint;
    is(join("\n", @other), '', 'and nothing but taste about the others');
    ($good) = run("sed 's/ counter\$/ countre/' $BUILD/ours.text | promtool check metrics");
    ok(!$good, 'it sees a wrong line');
} else {
    missing('promtool', 'promtool not found');
}

if ($python) {
    for my $format (sort keys %text) {
        my ($good, $output) = run("$python $HERE/prometheus_python.py $format "
            . "$BUILD/metrics.$format");
        ok($good, "prometheus_client reads $format") or diag(substr($output, -2000)) or next;
        my $read = JSON::PP->new->utf8->decode($output);
        compares($read->{samples}, "prometheus_client, $format");
        next if $format eq 'text';
        my @ours = grep { $is_trace{ $_->[2]{trace_id} // '' } } @{ $read->{exemplars} };
        ok(@ours > 10 && @ours == @{ $read->{exemplars} }, @ours . ' exemplars are traces of ours');
        write_file("$BUILD/broken", $text{$format}{content} =~ s/# EOF\n//r);
        my ($broken) = run("$python $HERE/prometheus_python.py $format $BUILD/broken");
        ok(!$broken, 'it sees that the end is missing');
    }
} else {
    missing('prometheus_client', 'prometheus_client for Python not found');
}

# ---- the end ------------------------------------------------------------------------------------

close($to_sample);
my $ended = await(sub { waitpid($started{sample}, 1) == $started{sample} });
my $status = $?;
delete $started{sample} if $ended;
is($ended ? $status : 'it hangs', 0, 'the sample ends well');
is(stop('prometheus'), 0, 'so does Prometheus');
done_testing();

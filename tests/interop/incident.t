#!/usr/bin/env perl
# The same incident, played to rules in the process and to Prometheus, fires the same alerts. By
# promtool, from the process's start on: pending and firing alerts at each evaluation. By a real
# server, after eight usual days: whether each rule's condition holds at each step. What may differ
# by design is in docs/alerts.md, and nothing else may but at an evaluation next to a change.
use strict;
use warnings;
use File::Path qw(make_path remove_tree);
use FindBin;
use HTTP::Tiny;
use JSON::PP;
use lib $FindBin::Bin;
use Interop;
use Servers;
use Test::More;

my $HERE = 'tests/interop';
my $BUILD = 'build/interop/incident';
my $STEPS = 540 * 6; # of ten seconds: the sample's
my $LEAD = 20; # minutes before it that promtool sees, too
my $USUAL = 8 * 1440; # and that the server sees
remove_tree($BUILD);
make_path($BUILD);

my $cc = $ENV{CC} || 'cc';
Gate::builds("$cc -std=c11 -Wall -Wextra -O1 -g", "$HERE/incident_sample.c", "$BUILD/sample", '',
    'the sample is built, without a warning', '-O2');
my ($done, $said) = run("$BUILD/sample rules <$HERE/incident.rules", "$BUILD/all.rules");
ok($done, 'the default rules and some more') or BAIL_OUT($said);

# ---- in the process -----------------------------------------------------------------------------

# Plays the incident; the states of each alert by step, in numbers, alert by its rule and labels.
sub play {
    my ($name, $minutes) = @_;
    my ($good, $errors) = run("$BUILD/sample play $minutes $BUILD/$name.rules $BUILD/$name.yml "
        . "$BUILD/$name.samples", "$BUILD/$name.states");
    ok($good, "played: $name") or BAIL_OUT($errors);
    my %states;
    for (split /\n/, read_file("$BUILD/$name.states")) {
        my ($step, $rule, $state, $labels) = /^(\d+) (\w+) (\w+) (.*)$/ or BAIL_OUT("odd: $_");
        $states{ alert_of($rule, { $labels =~ /(\w+)="([^"]*)"/g }) }[$step] = $state;
    }
    return \%states;
}

# An alert's name: its rule, and those labels that are not the rule's own.
sub alert_of {
    my ($rule, $labels) = @_;
    return join(' ', $rule, map { "$_=$labels->{$_}" }
        grep { !/^(?:__name__|alertname|alertstate|severity|group)$/ } sort keys %$labels);
}

# Compares at each step; a step is next to a change where the process's state at the step before or
# after it is another one.
sub compare {
    my ($what, $ours, $theirs) = @_;
    my ($compared, $changes, $near, $wrong, @shown) = (0, 0, 0, 0);
    for my $alert (sort keys %{ { %$ours, %$theirs } }) {
        for my $step (0 .. $STEPS - 1) {
            my ($before, $now, $after) = map { $ours->{$alert}[$_] // '' } $step > 0
                ? ($step - 1 .. $step + 1) : (0, 0, 1);
            my $next_to = $step < $STEPS - 1 && ($before ne $now || $now ne $after);
            $compared++;
            $changes++ if $before ne $now;
            next if $now eq ($theirs->{$alert}[$step] // '');
            $next_to ? $near++ : $wrong++;
            push @shown, "$alert at $step: '$now', there '" . ($theirs->{$alert}[$step] // '') . "'"
                . ($next_to ? ', next to a change' : '');
        }
    }
    note("$what: $compared evaluations compared, $changes changes; $near differ next to a change, "
        . "$wrong elsewhere");
    ok($changes > 80 && $wrong == 0, "$what: the same") or diag(join("\n", splice(@shown, 0, 40)));
    note(join("\n", splice(@shown, 0, 20)));
    return $wrong;
}

write_file("$BUILD/cold.rules", read_file("$BUILD/all.rules"));
my $cold = play('cold', $LEAD);
my $text = read_file("$BUILD/all.rules");
my %fires = map { /^(\w+)/ ? ($1 => 1) : () } keys %$cold;
# A condition alone: it holds where an alert of it fires.
write_file("$BUILD/warm.rules", $text =~ s/^ *\K(?:for|keep_firing_for) \w+ ?//gmr
    =~ s/ (?:for|keep_firing_for) \d\w*\b//gr);
my $warm = play('warm', $USUAL);
$fires{$_} = 1 for map { /^(\w+)/ } keys %$warm;
my @silent = grep { !$fires{$_} } $text =~ /^(\w+):/mg;
is(join(' ', @silent), '', 'every rule has something to do');

# The samples of a file: { series => [ value, ... ] } by step.
sub samples_of {
    my ($name) = @_;
    my (%series, $first);
    open(my $file, '<', "$BUILD/$name.samples") or die "$name: $!\n";
    while (my $line = <$file>) {
        my ($series, $value, $time) = $line =~ /^(.*) (\S+) (\d+)$/ or next;
        $first //= $time;
        $series{$series}[($time - $first) / 10] = $value;
    }
    return \%series;
}

# ---- promtool -----------------------------------------------------------------------------------

# Values as promtool reads them: what repeats is counted.
sub values_of {
    my ($values) = @_;
    my ($last, $times, @parts) = ('', 0);
    for my $value (map { $_ // '_' } @$values, 'end') {
        if ($value eq $last) {
            $times++;
            next;
        }
        push @parts, $times > 0 ? $last eq '_' ? '_x' . ($times + 1) : "${last}x$times" : $last;
        ($last, $times) = ($value, 0);
    }
    return join(' ', @parts[ 1 .. $#parts ]);
}

# All alerts that the process has at a step, as ALERTS has them.
sub alerts_at {
    my ($states, $own, $step) = @_;
    my @samples;
    for my $alert (sort keys %$states) {
        my $state = $states->{$alert}[$step] // next;
        my ($rule, @labels) = split / /, $alert;
        my %labels = (%{ $own->{$rule} }, map { split /=/, $_, 2 } @labels);
        push @samples, { value => 1, labels => "ALERTS{alertname=\"$rule\",alertstate=\"$state\","
            . join(',', map { "$_=\"$labels{$_}\"" } sort keys %labels) . '}' };
    }
    return \@samples;
}

# What promtool says is otherwise, put over what was expected.
sub told {
    my ($states, $output) = @_;
    my %there = map { $_ => [ @{ $states->{$_} } ] } keys %$states;
    my $read = sub {
        return map { my %labels = /(\w+)="([^"]*)"/g;
            [ alert_of($labels{alertname}, \%labels), $labels{alertstate} ] }
            $_[0] =~ /ALERTS\{[^}]*\}|\{[^}]*alertname=[^}]*\}/g;
    };
    while ($output =~ /time: (\w+),?\s*\n\s*exp: ?(.*)\n\s*got: ?(.*)/g) {
        my ($time, $expected, $got) = ($1, $2, $3);
        my ($hours, $minutes, $seconds) = map { $time =~ /(\d+)$_/ ? $1 : 0 } qw(h m s);
        my $step = ($hours * 3600 + ($minutes - $LEAD) * 60 + $seconds) / 10;
        $there{ $_->[0] }[$step] = undef for $read->($expected);
        $there{ $_->[0] }[$step] = $_->[1] for $read->($got);
    }
    return \%there;
}

# One of two halves of the rules, to be tested on a processor of its own.
sub write_half {
    my ($half, $header, $series, @rules) = @_;
    my %own;
    for (@rules) {
        my ($rule) = /- alert: "(\w+)"/;
        $own{$rule} = { /^ {10}(severity|group): "?(\w+)"?$/mg };
    }
    my %states = map { /^(\w+)/ && $own{$1} ? ($_ => $cold->{$_}) : () } keys %$cold;
    my @asked = map { { expr => 'ALERTS', eval_time => $LEAD * 60 + 10 * $_ . 's',
        exp_samples => alerts_at(\%states, \%own, $_) } } 0 .. $STEPS - 1;
    write_file("$BUILD/$half.yml", $header . join('', @rules));
    write_file("$BUILD/$half.test", JSON::PP->new->canonical->ascii->encode({
        rule_files => ["$half.yml"], evaluation_interval => '10s', tests => [ {
            interval => '10s', promql_expr_test => \@asked, input_series => [
                map { { series => $_, values => values_of($series->{$_}) } } sort keys %$series ]
        } ] }));
    return;
}

sub by_promtool {
    my $yaml = read_file("$BUILD/cold.yml") =~ s/^ {8}annotations:\n(?: {10}.*\n)+//gmr;
    my ($header, @rules) = split /(?=^ {6}- alert)/m, $yaml;
    my $series = samples_of('cold');
    note(scalar(keys %$series) . ' series, ' . scalar(@rules) . ' rules');
    for my $half (0, 1) {
        write_half("half$half", $header, $series, @rules[ grep { $_ % 2 == $half } 0 .. $#rules ]);
        start("promtool$half", "$BUILD/half$half.said", 'promtool', 'test', 'rules',
            "$BUILD/half$half.test");
    }
    my $there = $cold;
    for my $half (0, 1) {
        waitpid(delete $started{"promtool$half"}, 0);
        my $same = $? == 0;
        my $output = read_file("$BUILD/half$half.said");
        like($output, $same ? qr/SUCCESS/ : qr/time: /, 'promtool evaluates its half')
            or diag(substr($output, 0, 2000));
        $there = told($there, $output);
    }
    compare('promtool, states', $cold, $there);
    return;
}

# ---- a real server ------------------------------------------------------------------------------

# Whether each rule's condition holds, asked of a server that has the samples.
sub by_server {
    my ($first) = read_file("$BUILD/warm.samples") =~ / (\d+)$/m;
    my $begin = $first + $USUAL * 60;
    ($done, $said) = run("promtool tsdb create-blocks-from openmetrics --max-block-duration=480h "
        . "$BUILD/warm.samples $BUILD/data >$BUILD/blocks 2>&1");
    ok($done, 'the samples are backfilled') or diag(read_file("$BUILD/blocks")) or return;
    my $port = free_port();
    write_file("$BUILD/prometheus.yml", "global:\n  evaluation_interval: 1h\n"
        . "rule_files: [ warm.yml ]\n");
    start('prometheus', "$BUILD/log", 'prometheus', "--config.file=$BUILD/prometheus.yml",
        "--storage.tsdb.path=$BUILD/data", '--storage.tsdb.retention.time=20y',
        "--web.listen-address=127.0.0.1:$port");
    my $http = HTTP::Tiny->new(timeout => PATIENCE, no_proxy => ['127.0.0.1']);
    my $ready = await(sub { $http->get("http://127.0.0.1:$port/-/ready")->{success} });
    ok($ready, 'Prometheus runs') or diag(read_file("$BUILD/log")) or return;
    my $ask = sub {
        my ($path, $fields) = @_;
        my $answer = $http->post_form("http://127.0.0.1:$port/api/v1/$path", $fields);
        my $read = eval { JSON::PP->new->utf8->decode($answer->{content}) } // {};
        return $read->{data} // BAIL_OUT("$path: $answer->{status} $answer->{content}");
    };
    my $rules = JSON::PP->new->utf8->decode(
        $http->get("http://127.0.0.1:$port/api/v1/rules")->{content})->{data}{groups}[0]{rules};
    my (%there, %asked);
    for my $rule (@$rules) {
        next if $rule->{query} =~ /ALERTS/; # of its own past, which is not there
        $asked{ $rule->{name} } = 1;
        my $data = $ask->('query_range', { query => $rule->{query}, step => 10, start => $begin,
            end => $begin + 10 * ($STEPS - 1) });
        for my $row (@{ $data->{result} }) {
            my $alert = alert_of($rule->{name}, $row->{metric});
            $there{$alert}[ ($_->[0] - $begin) / 10 ] = 'firing' for @{ $row->{values} };
        }
    }
    my %here = map { /^(\w+)/ && $asked{$1} ? ($_ => $warm->{$_}) : () } keys %$warm;
    note(scalar(keys %asked) . ' rules');
    compare('Prometheus, conditions', \%here, \%there);
    is(stop('prometheus'), 0, 'Prometheus ends well');
    return;
}

for my $by ([ 'promtool', \&by_promtool ], [ 'prometheus', \&by_server ]) {
    my ($program, $compare) = @$by;
    if (in_path('promtool') && in_path($program)) {
        $compare->();
    } else {
        missing($program, "$program not found");
    }
}
done_testing();

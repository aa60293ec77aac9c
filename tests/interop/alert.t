#!/usr/bin/env perl
# Alert rules as Prometheus YAML, by promtool: the default rules fire when they should, and not when
# they should not; the article's four do neither. 200 random rules come to the same truth there as
# by the language's own meaning. Hostile texts stay texts.
use strict;
use warnings;
use File::Path qw(make_path);
use FindBin;
use lib $FindBin::Bin;
use Interop;
use Promtool;
use RandomRule;
use Test::More;

my $HERE = 'tests/interop';
my $BUILD = 'build/interop/alert';
make_path($BUILD);

my $cc = $ENV{CC} || 'cc';
my ($done, $said) = run("$cc -std=c11 -Wall -Wextra -O1 $Gate::OUTLINE -I. $HERE/rule_sample.c "
    . "-o $BUILD/sample -pthread -lm");
ok($done && $said eq '', 'the sample is built, without a warning') or diag($said);

# A text of rules as YAML, in a file of this name.
sub to_yaml {
    my ($name, $rules) = @_;
    write_file("$BUILD/$name.rules", $rules);
    my ($good, $errors) = run("$BUILD/sample prometheus <$BUILD/$name.rules 2>&1",
        "$BUILD/$name.yml");
    return $good ? '' : read_file("$BUILD/$name.yml") =~ s/.*^(\d+:\d+: )/$1/msr;
}

# ---- hostile texts ------------------------------------------------------------------------------

my $hostile = qq(a"} or vector(1) #'\\\\ \\n - alert: x {{ \$value }} \xef\xbf\xbe end);
SKIP: {
    my $python = 'import json,sys,yaml; '
        . 'json.dump(yaml.safe_load(open(sys.argv[1], encoding="utf-8")), sys.stdout)';
    my ($has_yaml) = run("python3 -c 'import yaml'");
    skip('hostile texts: python3 with yaml not found', 3) if !$has_yaml;
    my $quoted = $hostile =~ s/(["\\])/\\$1/gr;
    my $error = to_yaml('hostile', qq(h: increase(x_total{a="$quoted",b!="$quoted"}[5m]) > 0 )
        . qq(severity critical summary "$quoted" runbook "$quoted"\n));
    is($error, '', 'a rule of hostile texts is written');
    ($done, $said) = run("python3 -c '$python' $BUILD/hostile.yml");
    ok($done, 'a YAML reader reads it') or diag($said);
    my $read = eval { JSON::PP->new->utf8->decode($said) } // {};
    my $rules = ($read->{groups} // [{}])->[0]{rules} // [];
    my $shown = $hostile =~ s/\{\{/{{`{{`}}/gr;
    utf8::decode($shown);
    ok(@$rules == 1 && $rules->[0]{annotations}{summary} eq $shown
        && $rules->[0]{annotations}{runbook} eq $shown
        && join(',', sort keys %{ $rules->[0] }) eq 'alert,annotations,expr,labels',
        'as one rule with these texts') or diag(explain($read));
}
if (!in_path('promtool')) {
    missing('promtool', 'promtool not found');
    done_testing();
    exit;
}
($done, $said) = check_rules("$BUILD/hostile.yml");
ok($done && $said =~ /1 rules found/, 'promtool takes it for one rule') or diag($said);
my $label = $hostile =~ s/(["\\])/\\$1/gr;
utf8::decode($label);
($done, $said) = test_rules('hostile.yml', "$BUILD/hostile.test", '1m',
    { name => 'hostile', series => { qq(x_total{a="$label",b="ok"}) => '0+1x10',
          'x_total{a="a",b="ok"}' => '0+0x10' },
      alerts => { '10m' => ['{alertname="h"}'] } });
ok($done, 'and finds the series with just that label') or diag($said);

# ---- the default rules --------------------------------------------------------------------------

for my $budget (0, 3000) {
    ($done, $said) = run("$BUILD/sample default $budget", "$BUILD/default$budget.text");
    is(to_yaml("default$budget", read_file("$BUILD/default$budget.text")), '',
        "the default rules are read and written, budget $budget");
    ($done, $said) = check_rules("$BUILD/default$budget.yml");
    ok($done, 'promtool takes them') or diag($said);
}

# Alerts of these names.
sub alerts { return [ map { qq({alertname="$_"}) } @_ ] }

my $requests = 'llm_requests_total{model="m",feature="f"}';
my $failed = 'llm_requests_total{model="m",feature="f",error_type="timeout"}';
my $cost = 'llm_cost_usd_total{model="m",feature="f"}';
my $blocked = 'llm_guardrail_triggers_total{rule="r",action="blocked"}';
my $flagged = 'llm_guardrail_triggers_total{rule="r",action="flagged"}';
my $week = 7 * 1440;

# A histogram that gets `fast` values up to `bound` and `slow` ones up to `next`, a minute.
sub histogram {
    my ($name, $labels, $bound, $next, $fast, $slow, $minutes) = @_;
    my $all = $fast + $slow;
    return (
        qq(${name}_bucket{$labels,le="$bound"}) => series_of([ $fast, $minutes ]),
        qq(${name}_bucket{$labels,le="$next"}) => series_of([ $all, $minutes ]),
        qq(${name}_bucket{$labels,le="+Inf"}) => series_of([ $all, $minutes ]),
        qq(${name}_count{$labels}) => series_of([ $all, $minutes ]));
}

# Requests with so many failures in each hundred, so many a minute.
sub failing {
    my ($share, $traffic) = @_;
    return ($requests => series_of([ $traffic * (1 - $share / 100), 400 ]),
        $failed => series_of([ $traffic * $share / 100, 400 ]));
}

# Requests of which so many in each hundred are slow.
sub slow {
    my ($share, $traffic, $bound) = @_;
    return histogram('llm_request_duration_seconds', 'model="m"', $bound, $bound * 2,
        $traffic * (1 - $share / 100), $traffic * $share / 100, 400);
}

my @days = ( # evaluated every 10 minutes
    { name => 'cost: three times the pace of a week',
      interval => '2m', series => { $cost => series_by_two([ 0.6, $week + 20 ], [ 3, 20 ], [ 0.6, 60 ]) },
      alerts => { '10100m' => [], '10110m' => [], '10120m' => alerts('cost_spike'),
          '10130m' => alerts('cost_spike'), '10150m' => [] } },
    { name => 'cost: not twice the pace',
      interval => '2m', series => { $cost => series_by_two([ 0.6, $week + 20 ], [ 1, 40 ]) },
      alerts => { '10130m' => [] } },
    { name => 'cost: pennies',
      interval => '2m', series => { $cost => series_by_two([ 0.02, $week + 20 ], [ 0.09, 40 ]) },
      alerts => { '10130m' => [] } },
    { name => 'cost: no week of history',
      interval => '2m', series => { $cost => series_by_two([ 0.6, 2000 ], [ 3, 40 ]) }, alerts => { '2030m' => [] } },
    { name => 'guardrails: more of the requests than a week ago',
      interval => '2m', series => { $requests => series_by_two([ 10, $week + 300 ]),
          $flagged => series_by_two([ 0.1, $week + 100 ], [ 0.5, 200 ]) },
      alerts => { '10170m' => [], '10300m' => alerts('guardrail_unusual') } },
    { name => 'guardrails: more requests, more triggers',
      interval => '2m', series => { $requests => series_by_two([ 10, $week + 100 ], [ 50, 200 ]),
          $flagged => series_by_two([ 0.1, $week + 100 ], [ 0.5, 200 ]) },
      alerts => { '10300m' => [] } },
    { name => 'guardrails: one of two falls silent',
      interval => '2m', series => { 'llm_guardrail_verdicts_total{rule="a"}' => series_by_two([ 1, $week + 100 ],
              [ 0, 200 ]),
          'llm_guardrail_verdicts_total{rule="b"}' => series_by_two([ 1, $week + 300 ]) },
      alerts => { '10225m' => [],
          '10300m' => ['{alertname="guardrail_rule_silence", rule="a"}'] } },
    { name => 'guardrails: one is gone after a restart',
      interval => '2m', series => { 'llm_guardrail_verdicts_total{rule="a"}' => series_by_two([ 1, $week + 100 ]),
          'llm_guardrail_verdicts_total{rule="b"}' => series_by_two([ 1, $week + 300 ]) },
      alerts => { '10300m' => ['{alertname="guardrail_rule_silence", rule="a"}'] } },
    { name => 'goodput: no targets',
      interval => '2m', series => { $requests => series_by_two([ 10, 400 ]) }, alerts => { '300m' => [] } },
);

my @hours = ( # every minute
    { name => 'cost: unknown of too many',
      series => { $requests => series_of([ 10, 120 ]),
          'llm_cost_unknown_requests_total{model="m"}' => series_of([ 1, 120 ]) },
      alerts => { '5m' => [], '60m' => alerts('cost_unknown') } },
    { name => 'cost: unknown of few',
      series => { $requests => series_of([ 10, 120 ]),
          'llm_cost_unknown_requests_total{model="m"}' => series_of([ 0.4, 120 ]) },
      alerts => { '60m' => [] } },
    { name => 'guardrails: a surge',
      series => { $blocked => series_of([ 0.6, 60 ], [ 1, 20 ], [ 0, 60 ]) },
      alerts => { '60m' => [], '79m' => alerts('guardrail_surge'), '100m' => [] } },
    { name => 'guardrails: flags are no blocks',
      series => { $flagged => series_of([ 100, 60 ]) }, alerts => { '60m' => [] } },
    { name => 'guardrails: silence',
      series => { $requests => series_of([ 10, 200 ]),
          'llm_guardrail_verdicts_total{rule="a"}' => series_of([ 10, 120 ], [ 0, 80 ]) },
      alerts => { '120m' => [], '140m' => [], '160m' => alerts('guardrail_silence') } },
    { name => 'guardrails: silence after a restart without them',
      series => { $requests => series_of([ 10, 200 ]),
          'llm_guardrail_verdicts_total{rule="a"}' => series_of([ 10, 120 ]) },
      alerts => { '160m' => alerts('guardrail_silence') } },
    { name => 'guardrails: nothing to look at',
      series => { $requests => series_of([ 10, 120 ], [ 0, 80 ]),
          'llm_guardrail_verdicts_total{rule="a"}' => series_of([ 10, 120 ], [ 0, 80 ]) },
      alerts => { '160m' => [] } },
    { name => 'guardrails: never had any',
      series => { $requests => series_of([ 10, 200 ]) }, alerts => { '160m' => [] } },
    { name => 'latency: slow model calls',
      series => { histogram('llm_phase_duration_seconds', 'phase="model_call"', 10, 20, 9, 1, 60) },
      alerts => { '4m' => [], '20m' => alerts('latency_degradation') } },
    { name => 'latency: another phase',
      series => { histogram('llm_phase_duration_seconds', 'phase="retrieval"', 10, 20, 9, 1, 60) },
      alerts => { '20m' => [] } },
    { name => 'latency: fast enough',
      series => { histogram('llm_phase_duration_seconds', 'phase="model_call"', 10, 20, 99, 1,
          60) },
      alerts => { '20m' => [] } },
    { name => 'latency: too few',
      series => { histogram('llm_phase_duration_seconds', 'phase="model_call"', 10, 20, 3, 0.5,
          60) },
      alerts => { '20m' => [] } },
    { name => 'first token: slow',
      series => { histogram('llm_time_to_first_token_seconds', 'model="m"', 5, 7.5, 9, 1, 60) },
      alerts => { '20m' => alerts('first_token_slow') } },
    { name => 'first token: fast enough',
      series => { histogram('llm_time_to_first_token_seconds', 'model="m"', 5, 7.5, 99, 1, 60) },
      alerts => { '20m' => [] } },
    { name => 'goodput: too little',
      series => { $requests => series_of([ 10, 200 ]),
          'llm_good_requests_total{model="m"}' => series_of([ 9.5, 120 ], [ 5, 80 ]) },
      alerts => { '120m' => [], '160m' => alerts('goodput_low') } },
    { name => 'goodput: nothing meets the targets any more',
      series => { $requests => series_of([ 10, 200 ]),
          'llm_good_requests_total{model="m"}' => series_of([ 9.5, 120 ]) },
      alerts => { '170m' => alerts('goodput_low') } },
    { name => 'tokens of users',
      series => { 'llm_user_input_tokens_lower_bound{user="a"}' => '600000x10',
          'llm_user_input_tokens_lower_bound{user="b"}' => '500000x10' },
      alerts => { '5m' => ['{alertname="token_budget_breach", user="a"}'] } },
    { name => 'drift',
      series => {
          'llm_drift_runs_total{detector="a",verdict="drift"}' =>
              series_of([ 0, 10 ], [ 1, 1 ], [ 0, 60 ]),
          'llm_drift_runs_total{detector="b",verdict="drift"}' => series_of([ 0, 71 ]),
          'llm_drift_runs_total{detector="b",verdict="none"}' => series_of([ 1, 71 ]) },
      alerts => { '5m' => [], '30m' => ['{alertname="drift", detector="a"}'] } },
    { name => 'judge: flags',
      series => { 'llm_judge_evaluations_total{verdict="passed"}' => series_of([ 0.9, 60 ]),
          'llm_judge_evaluations_total{verdict="flagged"}' => series_of([ 0.1, 60 ]) },
      alerts => { '10m' => [], '40m' => alerts('judge_flags') } },
    { name => 'judge: few flags',
      series => { 'llm_judge_evaluations_total{verdict="passed"}' => series_of([ 9.6, 60 ]),
          'llm_judge_evaluations_total{verdict="flagged"}' => series_of([ 0.4, 60 ]) },
      alerts => { '40m' => [] } },
    { name => 'telemetry: lost',
      series => { 'llmobs_lost_total{reason="ring_full"}' => series_of([ 0, 10 ], [ 1, 1 ],
          [ 0, 40 ]) },
      alerts => { '10m' => [], '12m' => alerts('telemetry_lost'), '40m' => [] } },
    # Errors: 1 % is allowed.
    { name => 'errors: 20 % of few requests', series => { failing(20, 1) },
      alerts => { '60m' => [] } },
    { name => 'errors: 10 % before there were a hundred', series => { failing(10, 6) },
      alerts => { '13m' => alerts('error_ratio') } },
    { name => 'errors: 8 % use 5 % of the budget in six hours', series => { failing(8, 100) },
      alerts => { '60m' => alerts('error_burn_page', 'error_burn_ticket', 'error_ratio') } },
    { name => 'errors: 5.5 %', series => { failing(5.5, 100) },
      alerts => { '60m' => alerts('error_burn_ticket', 'error_ratio') } },
    { name => 'errors: 4 %', series => { failing(4, 100) },
      alerts => { '60m' => alerts('error_burn_ticket') } },
    { name => 'errors: 1.5 %', series => { failing(1.5, 100) },
      alerts => { '60m' => alerts('error_burn_ticket') } },
    { name => 'errors: 0.9 %', series => { failing(0.9, 100) }, alerts => { '60m' => [] } },
    { name => 'errors: 1.25 %, of which there is but one', series => { failing(1.25, 2) },
      alerts => { '60m' => [] } },
    { name => 'errors: half for 20 minutes, after six good hours',
      series => { $requests => series_of([ 10, 360 ], [ 5, 20 ], [ 10, 60 ]),
          $failed => series_of([ 0, 360 ], [ 5, 20 ], [ 0, 60 ]) },
      alerts => { '360m' => [], # at 370 the hour has 8 %, the six hours 1.4
          '370m' => alerts('error_burn_ticket', 'error_ratio'),
          '380m' => alerts('error_burn_page', 'error_burn_ticket', 'error_ratio'),
          '392m' => alerts('error_burn_ticket') } }, # the hour has 17 % still, the 5 minutes none
    # Slow requests: 5 % are allowed.
    { name => 'slow: 80 %', series => { slow(80, 10, 10) },
      alerts => { '5m' => [], '60m' => alerts('latency_burn_page', 'latency_burn_ticket') } },
    { name => 'slow: 40 %, as OpenMetrics spells bounds', series => { slow(40, 10, '10.0') },
      alerts => { '60m' => alerts('latency_burn_page', 'latency_burn_ticket') } },
    { name => 'slow: 20 %', series => { slow(20, 10, 10) },
      alerts => { '60m' => alerts('latency_burn_ticket') } },
    { name => 'slow: 7 %', series => { slow(7, 10, 10) },
      alerts => { '60m' => alerts('latency_burn_ticket') } },
    { name => 'slow: 4 %', series => { slow(4, 10, 10) }, alerts => { '60m' => [] } },
    { name => 'slow: 4 %, as OpenMetrics spells bounds', series => { slow(4, 10, '10.0') },
      alerts => { '60m' => [] } },
    { name => 'slow: 80 % of few', series => { slow(80, 1, 10) }, alerts => { '60m' => [] } },
);

my @budget = ( # 3000 USD in 30 days: 4.17 an hour
    { name => 'budget: 72 an hour', series => { $cost => series_of([ 1.2, 70 ], [ 0, 40 ]) },
      alerts => { '45m' => [], '65m' => alerts('budget_burn_page'), '85m' => [] } },
    { name => 'budget: 30 an hour', series => { $cost => series_of([ 0.5, 400 ]) },
      alerts => { '270m' => [], '370m' => alerts('budget_burn_page') } },
    { name => 'budget: 15 an hour', series => { $cost => series_of([ 0.25, 1500 ]) },
      alerts => { '1100m' => [], '1450m' => alerts('budget_burn_ticket') } },
    { name => 'budget: 6 an hour', series => { $cost => series_of([ 0.1, 4500 ]) },
      alerts => { '2900m' => [], '4400m' => alerts('budget_burn_ticket') } },
    { name => 'budget: 4 an hour', series => { $cost => series_of([ 4 / 60, 4500 ]) },
      alerts => { '4400m' => [] } },
);

# The rules that a week is needed for, or a budget, alone: seconds, not minutes.
my $text = read_file("$BUILD/default3000.text");
to_yaml('days', join('', grep { /^(?:cost_spike|guardrail_(?:unusual|rule_)|goodput)/ }
        split /^/, $text));
to_yaml('budget', join('', grep { /^budget/ } split /^/, $text));
to_yaml('hours', read_file("$BUILD/default0.text"));

for my $case ([ 'days', '10m', \@days ], [ 'hours', '1m', \@hours ],
    [ 'budget', '5m', \@budget ]) {
    my ($what, $every, $tests) = @$case;
    ($done, $said) = test_rules("$what.yml", "$BUILD/$what.test", $every, @$tests);
    ok($done, scalar(@$tests) . " timelines of the default rules: $what") or diag($said);
}

# What is wrong in rules is seen by their tests, of which those suffice that have these names.
sub breaks {
    my ($file, $tests, $every, @faults) = @_;
    my $whole = read_file("$BUILD/$file.yml");
    for my $fault (@faults) {
        my ($what, $named, $break) = @$fault;
        my $broken = $whole;
        $break->() for $broken;
        isnt($broken, $whole, "$what: broken");
        write_file("$BUILD/broken.yml", $broken);
        my ($good) = test_rules('broken.yml', "$BUILD/broken.test", $every,
            grep { $_->{name} =~ $named } @$tests);
        ok(!$good, '... and seen');
    }
    return;
}

breaks('hours', \@hours, '1m',
    [ 'a sum of nothing that is nothing', qr/restart/, sub { s/ or vector\(0\)//g } ],
    [ 'another factor', qr/errors: half/, sub { s/> 0\.144$/> 0.2/mg } ],
    [ 'a page without its short window', qr/errors: half/, sub { s/\n.*\[5m\].*0\.144$//mg } ],
    [ 'no minimum of requests', qr/of few requests/, sub { s/\n.*>= (?:100|20)$//mg } ],
    [ 'no minimum of errors', qr/but one/, sub { s/\n.*>= 2$//mg } ],
    [ 'one spelling of bounds', qr/4 %, as OpenMetrics/, sub { s/le=~"10\(\[\.]0\)\?"/le="10"/g } ]);
breaks('days', \@days, '10m',
    [ 'no group of what is gone', qr/is gone/,
      sub { s/ or 0 \* group by \(rule\) \(\S+ offset [17]d\)//g } ],
    [ 'no history needed', qr/no week/, sub { s/\n.*and on\(\) .*//g } ]);

# ---- clauses ------------------------------------------------------------------------------------

is(to_yaml('clauses', <<'END'), '', 'rules with clauses are written');
ok: gauge > 1
keep: gauge > 1 no_data keep
alert: gauge > 1 no_data alert
keep_by: gauge > 1 by (f) no_data keep
history: gauge > 1 min_history 1h
rate: rate(x_total[2h]) > 0.01 min_history 1h
history_alert: gauge > 3 min_history 1h no_data alert
END
my $f = sub { return map { qq({alertname="$_", f="a"}) } @_ };
($done, $said) = test_rules('clauses.yml', "$BUILD/clauses.test", '1m',
    { name => 'a gauge that is there, away, and there again',
      series => { 'gauge{f="a"}' => '2+0x9 _x10 2+0x9 0+0x9' },
      alerts => { '5m' => [ @{ alerts(qw(ok keep alert history_alert)) }, $f->('keep_by') ],
          '17m' => [ @{ alerts(qw(keep alert history_alert)) }, $f->('keep_by') ],
          '25m' => [ @{ alerts(qw(ok keep alert history_alert)) }, $f->('keep_by') ],
          '35m' => alerts('history_alert') } },
    { name => 'a gauge that was never there', series => {},
      alerts => { '5m' => alerts('alert', 'history_alert') } },
    { name => 'history', series => { 'gauge{f="a"}' => '2+0x200', 'x_total' => '0+1x200' },
      alerts => { '50m' => [ @{ alerts(qw(ok keep alert history_alert)) }, $f->('keep_by') ],
          '70m' => [ @{ alerts(qw(ok keep alert history)) }, $f->('keep_by') ],
          '130m' => [ @{ alerts(qw(ok keep alert history rate)) }, $f->('keep_by') ] } });
ok($done, 'no_data, min_history') or diag($said);

# ---- the article's rules ------------------------------------------------------------------------

my %article = (
    cost_spike => 'rate(llm_cost_usd_total[5m]) > 2 * avg_over_time(llm_cost_usd_total[7d])',
    guardrail_surge => q(rate(llm_guardrail_triggers_total{action='blocked'}[15m]) > 10),
    latency_degradation =>
        q(histogram_quantile(0.95, llm_phase_duration_seconds{phase='model_call'}) > 10),
    latency_with_rate => 'histogram_quantile(0.95, sum by (le) '
        . '(rate(llm_phase_duration_seconds_bucket[5m]))) > 10',
    token_budget_breach => q(sum(llm_tokens_total{direction='input'}) by (user_id) > 500000),
);
write_file("$BUILD/article.yml", "groups:\n  - name: article\n    rules:\n"
    . join('', map { "      - alert: $_\n        expr: \"$article{$_}\"\n" } sort keys %article));
my $steady = { '1d' => 861, '7d' => 6045, '90d' => 149469 };
my @article = (
    { name => 'cost: the right side, at 0.01 USD a second, a scrape every 5 minutes', interval =>
          '5m', series => { map { my $steps = s/d$//r * 288 - 1;
              ("llm_cost_usd_total{t=\"$_\"}" => "0+3x$steps") } keys %$steady },
      values => [ map { { expr => qq(round(2 * avg_over_time(llm_cost_usd_total{t="$_"}[7d]))),
          eval_time => $_, exp_samples => [ { labels => qq({t="$_"}),
              value => $steady->{$_} } ] } } keys %$steady ] },
    { name => 'cost: a thousand times as much',
      interval => '2m', series => { $cost => series_by_two([ 0.6, $week ], [ 600, 60 ]) },
      alerts => { '10130m' => [] } },
    { name => 'guardrails: 8,990 blocks in 15 minutes',
      series => { $blocked => series_of([ 599, 60 ]) }, alerts => { '60m' => [] } },
    { name => 'guardrails: 9,015 blocks',
      series => { $blocked => series_of([ 601, 60 ]) }, alerts => { '60m' => [
          '{alertname="guardrail_surge", action="blocked", rule="r"}'] } },
    { name => 'latency: all above the last bound',
      series => { 'llm_phase_duration_seconds_bucket{phase="model_call",le="5"}' => '0x60',
          'llm_phase_duration_seconds_bucket{phase="model_call",le="10"}' => '0x60',
          'llm_phase_duration_seconds_bucket{phase="model_call",le="+Inf"}' => '0+60x60',
          'llm_phase_duration_seconds_count{phase="model_call"}' => '0+60x60' },
      alerts => { '60m' => [] } },
    { name => 'tokens: 600,000 on the first day, then none',
      series => { 'llm_tokens_total{direction="input",user_id="a"}' =>
          series_of([ 1000, 600 ], [ 0, 10000 ]) },
      alerts => { '10000m' => ['{alertname="token_budget_breach", user_id="a"}'] } },
);
($done, $said) = test_rules('article.yml', "$BUILD/article.test", '10m', @article);
ok($done, "the article's rules fail as docs/alerts.md says") or diag($said);

# ---- random rules -------------------------------------------------------------------------------

my @random = random_rules(200);
is(to_yaml('random', join('', map { $_->{text} } @random)), '', '200 random rules are written');
($done, $said) = check_rules("$BUILD/random.yml");
ok($done && $said =~ /200 rules found/, 'promtool takes them') or diag($said);
my @fire = map { @{ $_->{alerts} } } @random;
note(scalar(@fire) . ' alerts');
my %test = ( name => 'random', series => random_series(), alerts => { '60m' => \@fire } );
($done, $said) = test_rules('random.yml', "$BUILD/random.test", '1m', \%test);
ok(@fire > 50 && $done, 'and they are true where they should be') or diag($said);
breaks('random', [ \%test ], '1m',
    [ 'a sum of nothing that is nothing', qr/./, sub { s/ or vector\(0\)//g } ],
    [ 'groups that one term does not know', qr/./, sub { s/ or 0 \* group by.*?\)(?=\))//g } ],
    [ 'ratios to zero', qr/./, sub { s/ != 0\)/)/g } ],
    [ 'the opposite left out', qr/./, sub { s/\n *unless .*//g } ]);

done_testing();

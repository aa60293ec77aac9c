# Random alert rules, and what they mean by docs/alerts.md: sums of no series are 0, a ratio to zero
# can't be told, nor can the quantile of no value; what can't be told is neither true nor false.
package RandomRule;
use strict;
use warnings;
use Exporter qw(import);

our @EXPORT = qw(random_rules random_series);

# Counters by their step a minute, gauges by their value, from an hour ago on: [ labels, number ].
my %counters = (
    one_total => [ [ { f => 'a', k => 'x' }, 3 ], [ { f => 'a', k => 'y' }, 4 ],
        [ { f => 'b', k => 'x' }, 0 ], [ { f => 'c', k => 'y' }, 7 ] ],
    two_total => [ [ { f => 'a', k => 'x' }, 2 ], [ { f => 'b', k => 'y' }, 5 ] ],
    none_total => [],
);
my %gauges = (
    gauge => [ [ { f => 'a', k => 'x' }, 5 ], [ { f => 'b', k => 'x' }, 0 ],
        [ { f => 'c', k => 'y' }, -3 ] ],
    none => [],
);
my $per_minute = 2; # values of the histogram, all from 1 to 2, each 1.5; of b there is none
my %histogram = (a => $per_minute, b => 0);

sub random_series {
    my %series;
    my $labels = sub { join(',', map { qq($_="$_[0]{$_}") } sort keys %{ $_[0] }) };
    for my $name (keys %counters) {
        $series{"$name\{" . $labels->($_->[0]) . '}'} = "0+$_->[1]x60" for @{ $counters{$name} };
    }
    for my $name (keys %gauges) {
        $series{"$name\{" . $labels->($_->[0]) . '}'} = "$_->[1]+0x60" for @{ $gauges{$name} };
    }
    for my $f (keys %histogram) {
        my $step = $histogram{$f};
        $series{qq(hist_bucket{f="$f",k="x",le="1"})} = '0+0x60';
        $series{qq(hist_bucket{f="$f",k="x",le="$_"})} = "0+${step}x60" for qw(2.0 4.0 +Inf);
        $series{qq(hist_count{f="$f",k="x"})} = "0+${step}x60";
        $series{qq(hist_sum{f="$f",k="x"})} = '0+' . 1.5 * $step . 'x60';
    }
    return \%series;
}

# ---- making -------------------------------------------------------------------------------------

sub pick { return $_[ int(rand(@_)) ] }

sub random_number { return pick('0.5', '3.7', '12.3', '40.1', '1e-3', '1.5e2') }

# A part of the histogram: its name, its labels, and what each of its values counts there.
my @parts = (
    [ 'hist_count', '', 1 ], [ 'hist_sum', '', 1.5 ], [ 'hist_bucket', 'le="1"', 0 ],
    [ 'hist_bucket', 'le="2"', 1 ], [ 'hist_bucket', 'le="+Inf"', 1 ],
);

sub random_term {
    my $matcher = pick('', '', '', 'k="x"', 'k!="x"', 'k="z"');
    my $minutes = pick(5, 10, 20);
    my $window = "[${minutes}m]" . pick('', '', ' offset 10m');
    my $kind = pick(qw(increase increase increase rate gauge average quantile part));
    my %term = (matcher => $matcher, minutes => $minutes, kind => $kind, worth => 1);
    my $labels = $matcher ne '' ? "{$matcher}" : '';
    if ($kind eq 'gauge' || $kind eq 'average') {
        $term{metric} = pick('gauge', 'gauge', 'none');
        $term{text} = $kind eq 'gauge' ? "$term{metric}$labels"
            : "avg_over_time($term{metric}$labels$window)";
    } elsif ($kind eq 'quantile') {
        $term{q} = pick(0.5, 0.95);
        $term{text} = "histogram_quantile($term{q}, rate(hist_bucket$labels$window))";
    } elsif ($kind eq 'part') {
        my ($name, $le, $worth) = @{ pick(@parts) };
        $labels = join(',', grep { $_ ne '' } $matcher, $le);
        $term{worth} = $worth;
        $term{text} = "increase($name" . ($labels ne '' ? "{$labels}" : '') . "$window)";
    } else {
        $term{metric} = pick('one_total', 'one_total', 'two_total', 'none_total');
        $term{text} = "$kind($term{metric}$labels$window)";
    }
    return \%term;
}

# A number that is no constant.
sub random_expression {
    my ($depth) = @_;
    my $choice = $depth > 0 ? int(rand(8)) : 0;
    return random_term() if $choice < 3;
    return { op => '-', left => random_expression($depth - 1), sign => 1 } if $choice == 3;
    my $op = pick(qw(+ - * / /));
    my @sides = (random_expression($depth - 1),
        $choice < 6 ? random_expression($depth - 1) : { number => random_number() });
    @sides = reverse(@sides) if $choice == 7;
    return { op => $op, left => $sides[0], right => $sides[1] };
}

sub random_truth {
    my ($depth) = @_;
    if ($depth > 0 && rand() < 0.6) {
        return { op => pick('and', 'or'), left => random_truth($depth - 1),
            right => random_truth($depth - 1) };
    }
    my @sides = (random_expression(2),
        rand() < 0.6 ? { number => random_number() } : random_expression(1));
    @sides = reverse(@sides) if rand() < 0.3;
    return { op => pick(qw(> > >= < <= == !=)), left => $sides[0], right => $sides[1] };
}

# With all parentheses: what can do without them is the writer's to find out.
sub text_of {
    my ($node) = @_;
    return $node->{number} if exists $node->{number};
    return $node->{text} if exists $node->{text};
    return '-(' . text_of($node->{left}) . ')' if $node->{sign};
    return '(' . text_of($node->{left}) . ") $node->{op} (" . text_of($node->{right}) . ')';
}

# ---- meaning ------------------------------------------------------------------------------------

sub terms_of {
    my ($node) = @_;
    return ($node) if exists $node->{text};
    return map { terms_of($node->{$_}) } grep { exists $node->{$_} } qw(left right);
}

# The series that a term asks for.
sub found {
    my ($term) = @_;
    my $rows = !defined $term->{metric}
        ? [ map { [ { f => $_, k => 'x' }, $histogram{$_} ] } sort keys %histogram ]
        : $counters{ $term->{metric} } // $gauges{ $term->{metric} };
    my ($negated, $value) = $term->{matcher} =~ /^k(!?)="(.*)"$/;
    return grep { !defined $value || ($_->[0]{k} eq $value xor $negated) } @$rows;
}

# A term's value in a group, or of all; undef: it can't be told.
sub term_value {
    my ($term, $group) = @_;
    my @found = grep { !defined $group || $_->[0]{f} eq $group } found($term);
    my $sum = 0;
    $sum += $_->[1] for @found;
    my $kind = $term->{kind};
    return @found ? $sum : undef if $kind eq 'gauge' || $kind eq 'average';
    return $sum > 0 ? 1 + $term->{q} : undef if $kind eq 'quantile';
    return $kind eq 'rate' ? $sum / 60 : $sum * $term->{worth} * $term->{minutes};
}

sub value_of {
    my ($node, $group) = @_;
    return $node->{number} if exists $node->{number};
    return term_value($node, $group) if exists $node->{text};
    my $left = value_of($node->{left}, $group) // return undef;
    return -$left if $node->{sign};
    my $right = value_of($node->{right}, $group) // return undef;
    my $op = $node->{op};
    return $op eq '+' ? $left + $right : $op eq '-' ? $left - $right
        : $op eq '*' ? $left * $right : $right == 0 ? undef : $left / $right;
}

my $close; # two sides were too near to each other to be told apart
my $depends; # on what was before: it can't be told, and is to stay as it is

# 1, 0, or undef.
sub truth_of {
    my ($node, $group) = @_;
    my $op = $node->{op};
    if ($op eq 'and' || $op eq 'or') {
        my ($left, $right) = map { truth_of($node->{$_}, $group) } qw(left right);
        my $decisive = $op eq 'or' ? 1 : 0;
        return $decisive if grep { defined && $_ == $decisive } $left, $right;
        return defined $left && defined $right ? 1 - $decisive : undef;
    }
    my ($left, $right) = map { value_of($node->{$_}, $group) } qw(left right);
    return undef if !defined $left || !defined $right;
    $close = 1 if $left != $right && abs($left - $right) <= 1e-9 * (abs($left) + abs($right));
    return ($op eq '>' ? $left > $right : $op eq '>=' ? $left >= $right : $op eq '<'
        ? $left < $right : $op eq '<=' ? $left <= $right : $op eq '==' ? $left == $right
        : $left != $right) ? 1 : 0;
}

# The alerts of a rule on the series above.
sub alerts_of {
    my ($rule) = @_;
    my %groups;
    if ($rule->{grouped}) {
        for my $term (terms_of($rule->{truth})) {
            $groups{ $_->[0]{f} } = 1 for found($term);
        }
    }
    my @alerts;
    for my $group ($rule->{grouped} ? sort keys %groups : undef) {
        my $truth = truth_of($rule->{truth}, $group);
        $depends = 1 if !defined $truth && $rule->{no_data} eq 'keep';
        $truth //= $rule->{no_data} eq 'alert';
        next if !$truth;
        push @alerts, qq({alertname="$rule->{name}")
            . (defined $group ? qq(, f="$group"}) : '}');
    }
    return \@alerts;
}

# Rules with their text and their alerts.
sub random_rules {
    my ($count) = @_;
    my @rules;
    srand(8);
    while (@rules < $count) {
        my %rule = (name => 'r' . @rules, truth => random_truth(2), grouped => rand() < 0.5,
            no_data => pick(qw(ok ok keep alert)));
        my $text = text_of($rule{truth});
        my @terms = terms_of($rule{truth});
        my $nodes = () = $text =~ m{ (?:[-+*/<>]|==|!=|<=|>=|and|or) |-\(}g;
        next if @terms > 16 || @terms + $nodes > 40;
        $close = $depends = 0;
        $rule{alerts} = alerts_of(\%rule);
        next if $close || $depends;
        $rule{text} = "$rule{name}: $text" . ($rule{grouped} ? ' by (f)' : '')
            . " no_data $rule{no_data}\n";
        push @rules, \%rule;
    }
    return @rules;
}

1;

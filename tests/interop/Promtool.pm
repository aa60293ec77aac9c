# Unit tests of alert rules, by promtool: written as JSON, which is YAML, too.
package Promtool;
use strict;
use warnings;
use Exporter qw(import);
use JSON::PP;
use Interop;

our @EXPORT = qw(series_of series_by_two test_rules check_rules);

my $json = JSON::PP->new->canonical->pretty->ascii;

# A counter from 0 on, a sample a minute: [ step, minutes ] as long as it goes on so; a step that is
# undef is minutes without a sample. promtool adds steps up one by one: what follows begins a little
# higher, lest a rounding look like a reset.
sub series_of {
    my @parts = @_;
    my ($last, @texts) = (0);
    for my $part (@parts) {
        my ($by, $minutes) = @$part;
        if (!defined $by) {
            push @texts, "_x$minutes";
            next;
        }
        my $first = @texts ? $last + $by + 1e-6 : $last;
        my $count = @texts ? $minutes - 1 : $minutes;
        push @texts, "$first+${by}x$count";
        $last = $first + $by * $count;
    }
    return join(' ', @texts);
}

# The same with a sample every two minutes: promtool holds 10,000 samples, which is less than a week
# of minutes.
sub series_by_two {
    return series_of(map { [ 2 * $_->[0], $_->[1] / 2 ] } @_);
}

# Whether promtool takes the file, and what it says.
sub check_rules {
    my ($file) = @_;
    return run("promtool check rules $file");
}

# Tests rules: each test has a name, series { selector => values }, and alerts
# { time => [ labels, ... ] } that must fire then, and no other.
sub test_rules {
    my ($rules, $file, $every, @tests) = @_;
    my $fires = 'group without (alertstate, severity, group, __name__) '
        . '(ALERTS{alertstate="firing"})';
    my @all;
    for my $test (@tests) {
        my @asked;
        for my $time (sort keys %{ $test->{alerts} // {} }) {
            push @asked, { expr => $fires, eval_time => $time, exp_samples => [
                map { { labels => $_, value => 1 } } @{ $test->{alerts}{$time} } ] };
        }
        push @asked, @{ $test->{values} // [] };
        my $series = $test->{series};
        push @all, { name => $test->{name}, interval => $test->{interval} // '1m',
            input_series => [ map { { series => $_, values => $series->{$_} } }
                sort keys %$series ],
            promql_expr_test => \@asked };
    }
    write_file($file, $json->encode({ rule_files => [$rules], evaluation_interval => $every,
        tests => \@all }));
    return run("promtool test rules $file");
}

1;

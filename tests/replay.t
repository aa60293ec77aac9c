#!/usr/bin/env perl
# The replay: what it makes of lines of every kind, and of an hour of real traffic where it is at
# hand. Quantiles are compared with the values, sorted here; costs are computed once more, and when
# labels are shuffled no user may be heavy.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../tools";
use Gate;
use Test::More;

my $directory = Gate::scratch();
my $replay = "$directory/replay";
Gate::builds(Gate::cc() . " -std=c11 $Gate::C_FLAGS -O0", 'examples/replay.c', $replay, '',
    'examples/replay.c builds', '-O2');

# Runs it on a file: status, standard output, standard error.
sub replay {
    my ($arguments, $input) = @_;
    $input //= '/dev/null';
    $arguments .= " --prices $Gate::ROOT/examples/prices.json" if $arguments !~ /--prices/;
    my ($status, $said) = Gate::run("cd $directory && timeout 60 ./replay $arguments <$input "
        . '2>stderr');
    return ($status, $said, Gate::read_file("$directory/stderr"));
}

# The report as { name => count } and { name => { p50 => [ value, low, high, off ] } }.
sub read_report {
    my ($text) = @_;
    my (%counts, %quantiles, $last);
    for my $line (split /\n/, $text) {
        if ($line =~ /^  (\S.*?) {2,}(p\d\d|)\s+([\d.]+)\s+([\d.]+)\s+([\d.]+)\s+([\d.]+) %$/
            || $line =~ /^  ()\s+(p\d\d)\s+([\d.]+)\s+([\d.]+)\s+([\d.]+)\s+([\d.]+) %$/) {
            $last = $1 if $1 ne '';
            $quantiles{$last}{$2} = [ $3, $4, $5, $6 ];
        } elsif ($line =~ /^  (\S.*?) {2,}([\d,]+)$/) {
            $counts{$1} = $2;
        }
    }
    return (\%counts, \%quantiles);
}

# The value of rank ceil(q * count) lies within the bounds, which are as far apart as is said. What
# is printed is rounded.
sub check_quantiles {
    my ($what, $found, $rounding, @values) = @_;
    @values = sort { $a <=> $b } @values;
    for my $wanted ([ 'p50', 0.50 ], [ 'p95', 0.95 ], [ 'p99', 0.99 ]) {
        my ($name, $q) = @$wanted;
        my ($value, $low, $high, $off) = @{ $found->{$name} // [] };
        my $rank = int($q * @values);
        $rank++ if $rank < $q * @values - 1e-9;
        my $exact = $values[ $rank - 1 ];
        ok(defined $value && $low - $rounding <= $exact && $exact <= $high + $rounding,
            "$what: $name is $exact") or diag(explain($found));
        ok(defined $value && abs($value - $exact) <= $exact * $off / 100 * 1.01 + $rounding
            && $off < 20, 'and not further off than it says') or diag(explain($found));
    }
}

# ---- lines of every kind ------------------------------------------------------------------------

my $good = "2023-11-16 18:17:03.9799600,4808,10\n2023-11-16 18:17:04.0319600,3180,8\n";
my @bad = (
    [ '2023-11-16 18:17:05,1', 'a field is missing' ],
    [ '2023-11-16 18:17:05,1,', 'a field is missing' ],
    [ '2023-11-16 18:17:05,,1', 'a field is missing' ],
    [ '2023-11-16 18:17:05', 'a field is missing' ],
    [ '2023-11-16 18:17:05,1,2,3', 'more than three fields' ],
    [ '2023-11-16 18:17:05,x,2', 'not a number' ],
    [ '2023-11-16 18:17:05,1.5,2', 'not a number' ],
    [ '2023-11-16 18:17:05,1, 2', 'not a number' ],
    [ '2023-11-16 18:17:05,1,+2', 'not a number' ],
    [ '2023-11-16 18:17:05,1,2e3', 'not a number' ],
    [ "2023-11-16 18:17:05,1,2\0", 'not a number' ],
    [ '2023-11-16 18:17:05,1,-2', 'a negative number' ],
    [ '2023-11-16 18:17:05,4294967296,2', 'a number too large' ],
    [ '2023-11-16 18:17:05,1,99999999999999999999999999', 'a number too large' ],
    [ '2023-11-16 18:17:05,1,18446744073709551617', 'a number too large' ],
    [ '2023-11-16 18:17:05,"1",2', 'not a number' ],
    [ '"2023-11-16 18:17:05",1,2', 'a bad time' ],
    [ '2023-02-29 18:17:05,1,2', 'a bad time' ],
    [ '2023-13-01 18:17:05,1,2', 'a bad time' ],
    [ '2023-11-31 18:17:05,1,2', 'a bad time' ],
    [ '2023-11-16 24:17:05,1,2', 'a bad time' ],
    [ '2023-11-16 18:60:05,1,2', 'a bad time' ],
    [ '2023-11-16 18:17:60,1,2', 'a bad time' ],
    [ '2023-11-16 18:17:05.,1,2', 'a bad time' ],
    [ '2023-11-16 18:17:05.1234567890,1,2', 'a bad time' ],
    [ '2023-11-16,1,2', 'a bad time' ],
    [ '1969-12-31 23:59:59,1,2', 'a bad time' ],
    [ ' 2023-11-16 18:17:05,1,2', 'a bad time' ],
    [ ',1,2', 'a bad time' ],
    [ 'TIMESTAMP,ContextTokens,GeneratedTokens', 'a bad time' ],
    [ "\xff\xfe\x00", 'a field is missing' ],
    [ 'x' x 300, 'a line too long' ],
    [ '2023-11-16 18:17:05,1,' . '0' x 300 . '2', 'a line too long' ],
    [ ',' x 255, 'more than three fields' ],
);
for my $case (@bad) {
    my ($line, $why) = @$case;
    Gate::write_file("$directory/one.csv", "$good$line\n2023-11-16 18:17:06,5,7\n");
    my ($status, $said, $complaint) = replay('one.csv');
    my ($counts) = read_report($said);
    my $name = length($line) > 40 ? substr($line, 0, 37) . '...' : $line =~ s/[^ -~]/?/gr;
    is(join('; ', $status, $complaint, map { $counts->{$_} // '-' } 'requests', 'context tokens',
        'generated tokens', 'malformed lines'), "1; one.csv:3: $why\n; 3; 7,993; 25; 1", $name);
}

my @fine = (
    [ 'a header and CR LF', "TIMESTAMP,ContextTokens,GeneratedTokens\r\n" . $good =~ s/\n/\r\n/gr ],
    [ 'no header, no end of the last line', $good =~ s/\n\z//r ],
    [ 'a byte order mark', "\xef\xbb\xbfTIMESTAMP,ContextTokens,GeneratedTokens\n$good" ],
    [ 'empty lines', "\n$good\r\n\n" ],
    [ 'T and Z', $good =~ s/ /T/gr =~ s/,(\d+),/Z,$1,/gr ],
    [ 'no fraction', $good =~ s/\.\d+//gr ],
    [ 'nine digits', $good =~ s/00,/0012,/gr ],
    [ 'leading zeros', $good =~ s/,(\d+)/,0000000000000000000000$1/gr ],
);
for my $case (@fine) {
    my ($what, $text) = @$case;
    Gate::write_file("$directory/fine.csv", $text);
    my ($status, $said, $complaint) = replay('fine.csv');
    my ($counts) = read_report($said);
    is(join('; ', $status, $complaint, map { $counts->{$_} // '-' } 'requests', 'context tokens',
        'generated tokens', 'malformed lines'), '0; ; 2; 7,988; 18; 0', $what);
}
{
    my ($status, $said) = replay('-', 'fine.csv');
    is($status, 0, 'standard input');
    like($said, qr/^  requests +2$/m, 'is read');
}

# Calendars: what lies between two days.
for my $case ([ '2023-02-28 23:59:59', '2023-03-01 00:00:01', '2.0' ],
    [ '2024-02-28 23:59:59', '2024-03-01 00:00:01', '86402.0' ],
    [ '2000-02-28 00:00:00', '2000-03-01 00:00:00', '172800.0' ],
    [ '2100-02-28 00:00:00', '2100-03-01 00:00:00', '86400.0' ],
    [ '1970-01-01 00:00:00', '2023-11-16 18:17:03', '1700158623.0' ],
    [ '1999-12-31 23:59:59.999999999', '2000-01-01 00:00:00.1', '0.1' ]) {
    my ($from, $to, $seconds) = @$case;
    Gate::write_file("$directory/days.csv", "$from,1,1\n$to,1,1\n");
    my ($status, $said) = replay('days.csv');
    like($said, qr/^  \Q$seconds\E s of traffic in /m, "from $from to $to it is $seconds s");
}

# ---- a longer one -------------------------------------------------------------------------------

# Deterministic, with bad lines and lines that go back in time among them.
my (@context, @generated, @between, @expected, $lines, $back);
my ($state, $ns, $text, $number) = (1, 43200e9, "TIMESTAMP,ContextTokens,GeneratedTokens\n", 1);
sub next_random { $state = ($state * 1103515245 + 12345) % 2147483648; return $state / 2147483648 }
sub stamp {
    my ($at) = @_;
    my $second = int($at / 1e9);
    return sprintf('2024-02-%02d %02d:%02d:%02d.%09d', 28 + int($second / 86400),
        int($second / 3600) % 24, int($second / 60) % 60, $second % 60, $at - $second * 1e9);
}
for my $i (1 .. 5000) {
    my $gap = int(1e9 * next_random() ** 4 * 60);
    my ($in, $out) = map { int($_ ** 3 * 8000) } next_random(), next_random();
    $number++;
    if ($i % 250 == 0) {
        $text .= stamp($ns) . ",$in\n";
        push @expected, "long.csv:$number: a field is missing\n";
        next;
    }
    if ($i % 400 == 3) {
        $text .= stamp($ns - 1) . ",$in,$out\n";
        $back++;
    } else {
        $ns += $gap;
        $text .= stamp($ns) . ",$in,$out\n";
        push @between, $gap / 1e9 if @context;
    }
    push @context, $in;
    push @generated, $out;
}
Gate::write_file("$directory/long.csv", $text);
my ($status, $said, $complaint) = replay('long.csv long.prom');
my ($counts, $quantiles) = read_report($said);
sub plain { return ($_[0] // '-') =~ s/,//gr }
sub total { my $sum = 0; $sum += $_ for @_; return $sum }
is($status, 1, 'a file with malformed lines has status 1');
is($complaint, join('', @expected[ 0 .. 9 ])
    . "long.csv: further malformed lines are counted, not named\n", 'ten of them are named');
is(plain($counts->{'malformed lines'}), scalar @expected, 'all are counted');
is(plain($counts->{'earlier than before'}), $back, 'so are lines that go back in time');
is(plain($counts->{requests}), scalar @context, 'the rest is replayed');
is(plain($counts->{'context tokens'}), total(@context), 'context tokens');
is(plain($counts->{'generated tokens'}), total(@generated), 'generated tokens');
check_quantiles('context tokens', $quantiles->{'context tokens'}, 0.05, @context);
check_quantiles('generated tokens', $quantiles->{'generated tokens'}, 0.05, @generated);
check_quantiles('seconds between', $quantiles->{'seconds between'}, 5e-7, @between);
like($said, qr/^  \Q@{[ sprintf('%.1f', total(@between)) ]}\E s of traffic in /m,
    'over a leap day, time is what the lines say') or diag($said);

my $metrics = Gate::read_file("$directory/long.prom");
my $tokens = 'llm_tokens_total\{model="gpt-4o-mini",direction="%s",feature="\w+"\} (\d+)';
for my $of ([ 'input', total(@context) ], [ 'output', total(@generated) ]) {
    my $wanted = sprintf($tokens, $of->[0]);
    is(total($metrics =~ /^$wanted$/mg), $of->[1], "the metrics have $of->[0] tokens");
}
like($metrics, qr/^replay_requests_total @{[ scalar @context ]}$/m, 'and requests');
like($metrics, qr/^replay_inter_arrival_seconds_count @{[ scalar @between ]}$/m,
    'and times between them');

# ---- what is no trace ---------------------------------------------------------------------------

Gate::write_file("$directory/empty.csv", '');
Gate::write_file("$directory/bad.csv", "no trace\n");
for my $case ([ 'nothing.csv', 'a file that is not there' ], [ '.', 'a directory' ],
    [ 'empty.csv', 'an empty file' ], [ 'bad.csv', 'a file with no good line' ],
    [ '', 'no file' ], [ 'a b c', 'too much' ],
    [ 'fine.csv --top 0', 'no line' ], [ 'fine.csv --top 65', 'too many lines' ],
    [ 'fine.csv --top', 'an option without a value' ], [ 'fine.csv --tip 5', 'a false option' ],
    [ 'fine.csv --seed -1', 'a negative seed' ], [ 'fine.csv --shuffle 1e3', 'no whole number' ],
    [ 'fine.csv --model gpt-0', 'a model without a price' ],
    [ 'fine.csv --prices nothing.json', 'a table that is not there' ],
    [ 'fine.csv --prices fine.csv', 'a table that is none' ],
    [ 'fine.csv no/such/directory', 'metrics that can not be written' ]) {
    my ($arguments, $what) = @$case;
    is((replay($arguments))[0], 2, "$what has status 2");
}
{
    my (undef, $said) = replay('empty.csv');
    unlike($said, qr/nan|p50/i, 'of nothing there are no quantiles');
}

like((replay('fine.csv --prices fine.csv'))[2], qr/^fine\.csv:1:\d+: \w/, 'it says where');
like((replay('fine.csv --model gpt-0'))[2], qr/prices\.json: no price of gpt-0$/m, 'and what');

# ---- on a terminal ------------------------------------------------------------------------------

SKIP: {
    skip('script not found', 2) if !Gate::in_path('script');
    my $command = "./replay fine.csv --prices $Gate::ROOT/examples/prices.json";
    my ($status, $screen) = Gate::run("cd $directory && script -qec '$command' /dev/null");
    like($screen, qr/\r  \[#{40}\] 100 %/, 'a terminal shows the progress');
    like($screen, qr/\r +\r +requests/, 'and is cleaned');
}

# ---- what it costs, and who spends it -----------------------------------------------------------

# The costs of each month: { total, requests, features => { name => USD }, users => { name => [
# rows, share ] } }. A row is user, exact, low, high in nano-USD, a share the same in per cent.
sub read_costs {
    my ($text) = @_;
    my (@months, $block);
    for my $line (split /\n/, $text) {
        push @months, {} if $line =~ /^cost by feature, from /;
        next if !@months;
        my $month = $months[-1];
        if ($line =~ /^ +([\d.]+) USD +[\d.]+ % +\d+ requests +\d+ tokens  (\w+)$/) {
            $month->{features}{$2} = $1;
        } elsif ($line =~ /^  (\w+(?: \w+)?) +exact, USD +at least +at most$/) {
            $block = $month->{users}{$1} = [ [], undef ];
        } elsif ($line =~ /^ +\d+  (user-\d+) +([\d.]+) +([\d.]+) +([\d.]+)(?:  \?)?$/) {
            my @row = ($1, $2, $3, $4);
            push @{ $block->[0] }, [ map { s/^(\d+)\.(\d+)$/$1$2/r } @row ];
        } elsif ($line =~ /^  their share +([\d.]+) % +([\d.]+) % +([\d.]+) %$/) {
            $block->[1] = [ $1, $2, $3 ];
        } elsif ($line =~ /^  exact sums: ([\d.]+) USD, (\d+) requests; (.*)$/) {
            @$month{qw(total requests verdict)} = ($1, $2, $3);
            $month->{total} = ($month->{total} =~ s/\.//r) + 0;
        }
    }
    return @months;
}

my $agrees = 'the ledger agrees to the nano-dollar, each bracket holds';

# Whether all that is said of a month can be so: the first thing that can not, or ''.
sub wrong_in {
    my ($month, $top, $total, $requests) = @_;
    return 'no month' if !$month;
    return "it says: $month->{verdict}" if $month->{verdict} ne $agrees;
    return "$month->{total} is not $total" if $month->{total} != $total;
    return "$month->{requests} requests" if $month->{requests} != $requests;
    return 'not all users, and those of features' if !$month->{users}{'all users'};
    for my $name (sort keys %{ $month->{users} }) {
        my ($rows, $share) = @{ $month->{users}{$name} };
        my $last = 9e18;
        return "of $name " . @$rows if @$rows > $top || (@$rows < $top && $requests > 5000);
        for my $row (@$rows) {
            my ($user, $exact, $low, $high) = @$row;
            return "$name, $user: $exact, not $low to $high" if $exact < $low || $exact > $high;
            return "$name, $user: more than the one before" if $exact > $last;
            $last = $exact;
        }
        return "the share of $name" if !$share || $share->[0] < $share->[1] - 0.011
            || $share->[0] > $share->[2] + 0.011;
    }
    return '';
}

# Nano-USD of requests, [ context, generated ] each, at prices in femto-USD: each rounded half to
# even.
sub price {
    my ($in, $out, @requests) = @_;
    my $sum = 0;
    for my $request (@requests) {
        my $femto = $request->[0] * $in + $request->[1] * $out;
        my ($whole, $rest) = (int($femto / 1e6), $femto % 1e6);
        $sum += $whole + ($rest > 5e5 || ($rest == 5e5 && $whole % 2) ? 1 : 0);
    }
    return $sum;
}

# Requests, with how they stand in a trace: many in some seconds, and some thousand at one time.
sub traffic {
    my ($count) = @_;
    my (@requests, $rows);
    for my $i (1 .. $count) {
        my ($in, $out) = (int(next_random() ** 4 * 8000), int(next_random() ** 8 * 900));
        my $at = $i < 4000 ? 0 : $i * 7e6;
        push @requests, [ $in, $out ];
        $rows .= stamp($at) . ",$in,$out\n";
    }
    return ($rows, @requests);
}

Gate::write_file("$directory/odd.json", '{"odd": {"litellm_provider": "x", "max_input_tokens": 9,'
    . ' "input_cost_per_token": 1.234567e-7, "output_cost_per_token": 1.0000005e-6}}');
my $inexact = 0;
for my $case ([ 1, 5 ], [ 9, 64 ], [ 700, 5 ], [ 5000, 64 ], [ 40000, 64 ]) {
    my ($count, $top) = @$case;
    my ($rows, @requests) = traffic($count);
    Gate::write_file("$directory/size.csv", $rows);
    for my $of ([ 'gpt-4o-mini', 150e6, 600e6, '' ], [ 'gpt-5', 1250e6, 10000e6, '' ],
        [ 'odd', 123456700, 1000000500, '--prices odd.json' ]) {
        my ($model, $in, $out, $more) = @$of;
        my ($code, $costs) = replay("size.csv --top $top --model $model $more");
        my @months = read_costs($costs);
        my $wrong = wrong_in($months[0], $top, price($in, $out, @requests), $count);
        is("$code @{[ scalar @months ]} $wrong", '0 1 ',
            "$count requests, $model: brackets and sums");
        $inexact += grep { $_->[2] < $_->[3] } map { @{ $_->[0] } } values %{ $months[0]{users} };
    }
}
cmp_ok($inexact, '>', 10, 'some of these brackets were wider than a nano-dollar');

# The finding: five of 2,000 users spend more than a third of the heaviest feature's money. It is
# one of the users, so that it goes when they are shuffled; what a feature costs stays.
sub finding {
    my ($text) = @_;
    my ($month) = read_costs($text);
    my %cost = %{ $month->{features} };
    my ($heaviest) = sort { $cost{$b} <=> $cost{$a} } grep { $_ ne 'all' } keys %cost;
    my $costs = join(' ', map { "$_ $cost{$_}" } sort keys %cost);
    return ($heaviest, $month->{users}{$heaviest}[1], $costs);
}

sub check_finding {
    my ($file, $what) = @_;
    my (undef, $said) = replay($file);
    my ($feature, $share, $costs) = finding($said);
    is($feature, 'support', "$what: the heaviest feature");
    cmp_ok($share->[1], '>', 33, "its first five users have $share->[1] % at least");
    like($said, qr/^  users by Zipf 1\.1 of 2000, features support 50 %.*, seed 1$/m, 'by a rule');
    for my $seed (1 .. 4) {
        my (undef, $shuffled) = replay("$file --shuffle $seed");
        my ($same, $rest, $same_costs) = finding($shuffled);
        cmp_ok($rest->[2], '<', 3, "shuffled by $seed they have $rest->[2] % at most");
        is("$same $same_costs", "$feature $costs", 'and features cost what they did');
        like($shuffled, qr/ seed 1; then users drawn anew, all alike, seed $seed$/m, 'as it says');
    }
    return $said =~ s/traffic in [\d.]+ s//r;
}
{
    my $said = check_finding('size.csv', 'much traffic');
    is((replay('size.csv'))[1] =~ s/traffic in [\d.]+ s//r, $said, 'a seed says all');
    my (undef, $other) = replay('size.csv --seed 2');
    isnt(join(' ', finding($other)), join(' ', finding($said)), 'another one says something else');
    cmp_ok((finding($other))[1][1], '>', 33, 'with the same finding');
}

# A new month begins at midnight, UTC: the users of the old one are told before. A line that goes
# back in time belongs to the new one.
Gate::write_file("$directory/months.csv", join '', map { "$_\n" } '2023-12-31 10:00:00,100,1',
    '2023-12-31 23:59:59.999999999,200,2', '2024-01-01 00:00:00,400,4',
    '2023-12-31 23:00:00,800,8', '2024-03-15 12:00:00,1600,16');
{
    my ($code, $text, $complaint) = replay('months.csv');
    my @months = read_costs($text);
    is(join('; ', $code, $complaint, map { "$_->{requests} $_->{total} $_->{verdict}" } @months),
        "0; ; 2 46800 $agrees; 2 187200 $agrees; 1 249600 $agrees", 'each month has its costs');
    is(join(' ', $text =~ /^cost by feature, from (\S+)/mg), join(' ', map { "${_}-01T00:00:00Z" }
        '2023-12', '2024-01', '2024-03'), 'and its name');
}

# ---- an hour of real traffic --------------------------------------------------------------------

my $trace = "$Gate::ROOT/../shared/data/azure_llm_2023_code.csv";
SKIP: {
    skip('the trace of real traffic not found', 1) if !-e $trace;
    my ($status, $said, $complaint) = replay($trace);
    my ($counts, $quantiles) = read_report($said);
    is(join('; ', $status, $complaint, map { $counts->{$_} // '-' } 'requests', 'context tokens',
        'generated tokens', 'malformed lines', 'earlier than before'),
        '0; ; 8,819; 18,059,974; 245,896; 0; 0', 'an hour of real traffic');
    my @rows = map { [ split /,/ ] } grep { /^\d/ } split /\r?\n/, Gate::read_file($trace);
    my @times = map { $_->[0] =~ /(\d+):(\d+):([\d.]+)/ ? ($1 * 60 + $2) * 60 + $3 : () } @rows;
    check_quantiles('context', $quantiles->{'context tokens'}, 0.05, map { $_->[1] } @rows);
    check_quantiles('generated', $quantiles->{'generated tokens'}, 0.05, map { $_->[2] } @rows);
    check_quantiles('between', $quantiles->{'seconds between'}, 5e-7,
        map { $times[$_] - $times[ $_ - 1 ] } 1 .. $#times);
    my ($month) = read_costs((replay("$trace --top 64"))[1]);
    is(wrong_in($month, 64, price(150e6, 600e6, map { [ @$_[ 1, 2 ] ] } @rows), scalar @rows), '',
        'what each user costs lies in its bracket');
    check_finding($trace, 'real traffic');
}

# ---- alerts -------------------------------------------------------------------------------------

# What was told, "HH:MM:SS fired|ended|... rule", and what is said of the incidents at the end,
# { name => [ begin, end, rule, seconds or MISSED ] }.
sub read_alerts {
    my ($text) = @_;
    my ($told) = $text =~ /^  Alerts on its first hour, (.*)\z/ms;
    my @news = map { s/^  \d\d-\d\d (\S+)  (\w+) +(\w+).*/$1 $2 $3/r }
        grep { /^  [\d-]+ [\d:]+  \w/ } split /\n/, $told // '';
    my %found;
    my $verdict = qr/(?:found after (\d+) s|(MISSED))/;
    while (($told // '') =~ /^  (\w+) +\d\d-\d\d (\S+) to (\S+)  (\w+) +$verdict$/mg) {
        $found{$1} = [ $2, $3, $4, $5 // $6 ];
    }
    return (\@news, \%found, $told // '');
}

sub seconds_of { my @part = split /:/, $_[0]; return ($part[0] * 60 + $part[1]) * 60 + $part[2] }

# Of this program's own source: what goes wrong, from when to when, and who must and may find it.
sub truth {
    my $minutes = qr/(\d+) \* 60/;
    my %truth;
    my $source = Gate::read_file('examples/replay_alerts.h');
    while ($source =~ /^    \{"(\w+)", $minutes, $minutes, \{"(\w+)", (?:"(\w+)"|NULL)\}/mg) {
        $truth{$1} = { begin => $2 * 60, end => $3 * 60, must => $4, may => $5 // '' };
    }
    return %truth;
}

{
    Gate::write_file("$directory/early.csv", "1970-01-05 10:00:00,1,1\n");
    my ($status, undef, $complaint) = replay('early.csv --alerts');
    is("$status $complaint", "2 replay: alerts need a trace, from 1970-01-09 on\n",
        'a week before 1970 there is no history');
    ($status, $said) = replay('fine.csv --incident');
    my ($news, $found) = read_alerts($said);
    is(join(' ', $status, @$news, map { "$_ $found->{$_}[3]" } sort keys %$found),
        '0 cost MISSED guardrail MISSED latency MISSED', 'two requests are no incident');
    unlike((replay('fine.csv'))[1], qr/alert/i, 'nobody is told of alerts who did not ask');
    my $cheap = '{"a": {"litellm_provider": "x", "input_cost_per_token": 1e-7, '
        . '"output_cost_per_token": 1e-6}}';
    Gate::write_file("$directory/cheap.json", $cheap);
    is((replay('fine.csv --prices cheap.json --model a --alerts'))[0], 0, 'any price will do');
    ($status, undef, $complaint) = replay('fine.csv --prices cheap.json --model a --incident');
    is("$status $complaint", "2 cheap.json: no price of gpt-4o\n",
        'but an incident needs a dear one');
}

SKIP: {
    skip('the trace of real traffic not found', 1) if !-e $trace;
    my ($status, $said) = replay("$trace --alerts");
    my ($news, $found, $told) = read_alerts($said);
    is("$status @$news", '0 ', 'as it was, the hour and the week before set off no alert');
    like($told, qr/^  20 rules, evaluated 62280 times; 1525687 requests; 173 hours in /m,
        'of 20 rules, each ten seconds');

    ($status, $said) = replay("$trace --incident");
    ($news, $found, $told) = read_alerts($said);
    my %truth = truth();
    is(scalar keys %truth, 3, 'three incidents');
    my $from = seconds_of('18:17:03');
    my %fired = map { /^(\S+) fired (\w+)$/ ? ($2 => seconds_of($1) - $from) : () } @$news;
    for my $name (sort keys %truth) {
        my ($begin, $end, $must, $may) = @{ $truth{$name} }{qw(begin end must may)};
        my ($said_begin, $said_end, $rule, $after) =
            @{ $found->{$name} // [ ('00:00:00') x 2, '', 0 ] };
        is(join(' ', seconds_of($said_begin) - $from, seconds_of($said_end) - $from, $rule),
            "$begin $end $must", "$name is told as it was");
        my $at = $fired{$must} // 0;
        ok($begin < $at && $at < $end, "... $must finds it while it goes on") or diag($told);
        cmp_ok(abs($at - $begin - $after), '<=', 1, "... after the $after s that it says");
        cmp_ok($after, '<=', 600, '... within ten minutes');
        ok($may eq '' || ($fired{$may} // 0) > $begin, "... and $may, if anything, too");
        delete @fired{ $must, $may };
    }
    is(join(' ', sort keys %fired), '', 'and nothing else is told');
    is(scalar(grep { / ended / } @$news), scalar(grep { / fired / } @$news),
        'each is over in the end');
    is(scalar(grep { / repeated / } @$news), 0, 'and told once');
    is($status, 0, 'all went well');
    like($told, qr/^  incidents found 3 of 3, other alerts 0$/m, 'as it says itself');
}

done_testing();

#!/usr/bin/env perl
# What a request cost, to the nano-USD: 100,000 random usages over a table with every rule, by exact
# fractions in Python.
use strict;
use warnings;
use File::Path qw(make_path);
use FindBin;
use lib $FindBin::Bin;
use Interop;
use Test::More;

my $HERE = 'tests/interop';
my $BUILD = 'build/interop';
make_path($BUILD);

my $cc = $ENV{CC} || 'cc';
my ($done, $said);
Gate::builds("$cc -std=gnu11 -Wall -Wextra -O1", "$HERE/cost_sample.c", "$BUILD/cost_sample", '',
    'the sample is built, without a warning', '-O2');

SKIP: {
    skip('costs in Python: python3 not found', 1) if !in_path('python3');
    my $python = "python3 $HERE/cost_python.py";
    my ($table, $usages, $costs) = map { "$BUILD/cost.$_" } qw(table usages costs);
    ($done, $said) = run("$python make $table $usages 100000 && "
        . "$BUILD/cost_sample $table $usages $costs");
    ok($done, '100,000 usages are priced') or diag($said);
    ($done, $said) = run("$python check $table $usages $costs");
    ok($done, 'Python comes to the same costs, and the same parts')
        ? note($said)
        : diag(substr($said, 0, 3000));

    # What is wrong is seen, among the first thousand.
    my @usages = (split /^/, read_file($usages))[ 0 .. 999 ];
    my @rows = (split /^/, read_file($costs))[ 0 .. 999 ];
    my ($row) = grep { $rows[$_] =~ /^0\t\d\d/ } 0 .. $#rows;
    write_file("$BUILD/cost.few", join('', @usages));
    my $seen = sub {
        my ($what, $prices, @costs) = @_;
        write_file("$BUILD/cost.broken", join('', @costs));
        my ($good) = run("$python check $prices $BUILD/cost.few $BUILD/cost.broken");
        ok(!$good, "$what is seen");
    };
    my @faults = (
        [ 'a nano-USD more', sub { s/^0\t(\d+)/"0\t" . ($1 + 1)/e } ],
        [ 'another status', sub { s/^0/1/ } ],
        [ 'a saving moved', sub { s/\t(\d+)\n/"\t" . ($1 + 1) . "\n"/e } ],
        [ 'a part moved', sub { s/\t(\d+)(\t-?\d+\n)/"\t" . ($1 + 1) . $2/e } ],
        [ 'a row left out', sub { $_ = '' } ],
    );
    for my $fault (@faults) {
        my @broken = @rows;
        $fault->[1]->() for $broken[$row];
        $seen->($fault->[0], $table, @broken);
    }
    write_file("$BUILD/cost.table2", read_file($table) =~ s/\b1\.05\b/1.06/gr);
    $seen->('another table', "$BUILD/cost.table2", @rows);
    ($done) = run("$python check $table $BUILD/cost.few $costs");
    ok(!$done, 'and so are rows too many');
}

done_testing();

#!/usr/bin/env perl
# The article's record is the article's: 10,000 random ones, compared with what its own Python logs.
# And OTLP logs, read by Google's protobuf where that is at hand.
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
my ($done, $said) = run("$cc -std=gnu11 -Wall -Wextra -O1 $Gate::OUTLINE $HERE/log_sample.c "
    . "-o $BUILD/log_sample -pthread -lm");
ok($done && $said eq '', 'the sample is built, without a warning') or diag($said);

# ---- the article's Python -----------------------------------------------------------------------

my $python = "python3 $HERE/log_python.py";
SKIP: {
    skip('the article in Python: python3 not found', 1) if !in_path('python3');
    my ($records, $lines) = ("$BUILD/log.records", "$BUILD/log.lines");
    ($done, $said) = run("$python make $records 10000 && "
        . "$BUILD/log_sample article $records $lines");
    ok($done, '10,000 records are written') or diag($said);
    ($done, $said) = run("$python check $records $lines");
    ok($done, 'the article writes the same') ? note($said) : diag(substr($said, 0, 2000));

    # What is wrong is seen.
    my $text = read_file($lines);
    my @faults = (
        [ 'a digit of a cost', sub { s/("cost_usd":\d+\.\d*?)([0-8])(\D)/$1 . ($2 + 1) . $3/e } ],
        [ 'an int where a float was', sub { s/("cost_usd":\d+)\.\d+/$1/ } ],
        [ 'another hash', sub { s/("input_hash":")(.)/$1 . ($2 eq 'a' ? 'b' : 'a')/e } ],
        [ 'another length', sub { s/("output_length":)/${1}1/ } ],
        [ 'a time a bit off', sub { s/("timestamp":"2\d{3})/"timestamp":"1999/ } ],
        [ 'a verdict turned', sub { s/"passed":true/"passed":false/ } ],
        [ 'another order', sub { s/("request_id":"[^"]*"),("user_id":"[^"]*")/$2,$1/ } ],
        [ 'a line left out', sub { s/^.*\n// } ],
        [ 'a line too many', sub { s/\z/{}\n/ } ],
        [ 'a member too many', sub { s/^\{/{"schema":1,/ } ],
    );
    for my $fault (@faults) {
        my $broken = $text;
        $fault->[1]->() for $broken;
        ok($broken ne $text, "the lines can be given $fault->[0]");
        write_file("$BUILD/log.broken", $broken);
        ($done, $said) = run("$python check $records $BUILD/log.broken");
        ok(!$done, 'and that is seen');
    }
}

# ---- OTLP ---------------------------------------------------------------------------------------

unlink "$BUILD/log_otlp.jsonl";
($done, $said) = run("$BUILD/log_sample otlp $BUILD/log_otlp.jsonl");
ok($done, 'OTLP logs are written') or diag($said);
SKIP: {
    my $protobuf = "$BUILD/venv/bin/python";
    skip('protobuf for Python: interop-otlp installs it', 1) if !-x $protobuf;
    ($done, $said) = run("$protobuf $HERE/otlp_python.py $BUILD/log_otlp.jsonl");
    ok($done, 'protobuf reads them') or diag(substr($said, 0, 2000));
    my $records = () = $said =~ /log_records\.\d+\.time_unix_nano /g;
    is($records, 270, 'all records');
    my $events = () = $said =~ /event_name string 6c6c6d2e696e746572616374696f6e73$/mg;
    is($events, 120, '120 of them interactions');
    $events = () = $said =~ /event_name string 6c6c6d2e616c657274$/mg;
    is($events, 30, '30 of them alerts');
    my $text = read_file("$BUILD/log_otlp.jsonl");
    for my $fault ([ 'severityNumber', 'severity' ], [ '"timeUnixNano":"(\d+)"', '"timeUnixNano":1' ],
        [ '"traceId":"..', '"traceId":"' ]) {
        my $broken = $text =~ s/$fault->[0]/$fault->[1]/r;
        write_file("$BUILD/log.broken", $broken);
        ($done, $said) = run("$protobuf $HERE/otlp_python.py $BUILD/log.broken");
        ok(!$done, "protobuf refuses another $fault->[0]");
    }
}

done_testing();

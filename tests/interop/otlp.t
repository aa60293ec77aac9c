#!/usr/bin/env perl
# Spans recorded through the public API, written by the exporters, and metrics of every kind, read
# by other people's decoders: leaf by leaf what was asked for. And the same with what is written
# wrong, which they must see.
use strict;
use warnings;
use Cwd ();
use File::Path qw(make_path remove_tree);
use FindBin;
use lib $FindBin::Bin;
use Interop;
use Test::More;

my $HERE = 'tests/interop';
my $BUILD = 'build/interop';
my $VENV = "$BUILD/venv";
my $GO = "$BUILD/otlp_go";
make_path($BUILD);

# ---- help ---------------------------------------------------------------------------------------

sub last_line { my ($text) = @_; return $text =~ /([^\n]+)\n*\z/ ? $1 : 'it said nothing' }

# ---- the decoders -------------------------------------------------------------------------------

# Google's protobuf, in an environment of its own. Returns the command, or nothing.
sub protobuf {
    return missing('protobuf for Python', 'python3 not found') if !in_path('python3');
    my $wanted = read_file("$HERE/requirements.txt");
    if (read_file("$VENV/installed") ne $wanted) {
        remove_tree($VENV);
        my ($done, $said) = run("python3 -m venv $VENV && timeout 200 $VENV/bin/pip install -q "
            . "--disable-pip-version-check --retries 1 --timeout 20 -r $HERE/requirements.txt");
        return missing('protobuf for Python', "$HERE/requirements.txt: " . last_line($said))
            if !$done;
        write_file("$VENV/installed", $wanted);
    }
    return "$VENV/bin/python $HERE/otlp_python.py";
}

# The Collector's decoder, built by the Go that is there: none is fetched.
sub collector {
    return missing('the Collector for Go', 'go not found') if !in_path('go');
    my $root = Cwd::getcwd();
    my ($done, $said) = run("cd $HERE/otlp_go && GOTOOLCHAIN=local GOFLAGS=-mod=readonly "
        . "timeout 200 go build -o $root/$GO .");
    return missing('the Collector for Go', "$HERE/otlp_go: " . last_line($said)) if !$done;
    return $GO;
}

# ---- leaves -------------------------------------------------------------------------------------

sub count_lines {
    my ($file) = @_;
    my %count;
    $count{$_}++ for split /\n/, read_file($file);
    return \%count;
}

# Lines of $these that $those has not, or not as often.
sub beyond {
    my ($these, $those) = @_;
    return sort grep { $these->{$_} > ($those->{$_} // 0) } keys %$these;
}

# Whether a decoder reads the expected leaves; if not, why.
sub reads {
    my ($decoder, $file, $leaves, $expected, $asked) = @_;
    my ($done, $said) = run("$decoder $file", $leaves);
    return (0, last_line($said)) if !$done;
    my $got = count_lines($leaves);
    return (0, 'nothing was expected') if !%$expected || !%$asked;
    my @lost = beyond($expected, $got);
    my @more = beyond($got, $expected);
    my @wrong = beyond($asked, $got);
    return (1, scalar(keys %$got) . ' leaves') if !@lost && !@more && !@wrong;
    return (0, join("\n", (map { "not read: $_" } @lost[ 0 .. ($#lost < 4 ? $#lost : 4) ]),
        (map { "read instead: $_" } @more[ 0 .. ($#more < 4 ? $#more : 4) ]),
        (map { "not as recorded: $_" } @wrong[ 0 .. ($#wrong < 4 ? $#wrong : 4) ])));
}

# ---- the sample ---------------------------------------------------------------------------------

my $cc = $ENV{CC} || 'cc';
for my $program ('otlp_sample', 'otlp_metric_sample') {
    Gate::builds("$cc -std=c11 -Wall -Wextra -O1", "$HERE/$program.c", "$BUILD/$program", '',
        "$program is built, without a warning", '-O2');
}

sub sample {
    my ($directory, $spans, $batches) = @_;
    remove_tree($directory);
    make_path($directory);
    my ($done, $said) = run("$BUILD/otlp_sample $directory $spans");
    ok($done, 'the sample records ' . last_line($said)) or diag($said);
    ($done, $said) = run("$BUILD/otlp_metric_sample $directory $batches");
    ok($done, 'and ' . last_line($said)) or diag($said);
}

# The large one is read; the small one is written wrong on purpose.
my $large = "$BUILD/large";
my $small = "$BUILD/small";
sample($large, 3000, 100);
sample($small, 30, 2);

my %decoders;
my $protobuf = protobuf();
my $collector = collector();
$decoders{protobuf} = $protobuf if $protobuf;
$decoders{collector} = $collector if $collector;

# The leaves that a file must have, and those of them that the recording side told.
sub told_of {
    my ($stem) = @_;
    my $expected = count_lines("$stem.expected");
    return ($expected, -e "$stem.asked" ? count_lines("$stem.asked") : $expected);
}

for my $name (sort keys %decoders) {
    for my $part ('out', 'gap', 'metrics') {
        my ($same, $why) = reads($decoders{$name}, "$large/$part.jsonl", "$large/$part.$name",
            told_of("$large/$part"));
        ok($same, "$name reads $part.jsonl") ? note($why) : diag($why);
        ($same, $why) = reads($decoders{$name}, "$large/$part.pb", "$large/$part.pb.$name",
            told_of("$large/$part"));
        ok($same, "$name reads $part.pb") ? note($why) : diag($why);
    }
}

# ---- what is wrong is seen ----------------------------------------------------------------------

# What is done to the files, and who has to see it. The Collector reads more than protobuf writes.
my @every = ('protobuf', 'collector');
my @faults = (
    [ 'nothing at all', sub { }, [] ],
    [ 'an unknown field', sub { s/"startTimeUnixNano"/"startTime"/ }, [@every] ],
    [ 'a name of protobuf', sub { s/"startTimeUnixNano"/"start_time_unix_nano"/ }, ['protobuf'] ],
    [ 'a name in small letters', sub { s/"traceId"/"traceid"/ }, [@every] ],
    [ 'ids in base64', sub { s/"traceId":"[0-9a-f]+"/"traceId":"EjRWeJCrze8SNFZ4kKvN7w=="/ },
        [@every] ],
    [ 'an id cut short', sub { s/("spanId":"[0-9a-f]+)[0-9a-f]"/$1"/ }, [@every] ],
    [ 'another id', sub { s/("parentSpanId":"[0-9a-f]+)[0-9a-f]{2}"/${1}xx"/ }, [@every] ],
    [ 'an integer out of range', sub { s/"intValue":"\d+"/"intValue":9223372036854775808/ },
        [@every] ],
    [ 'a 64-bit integer as a number', sub { s/"intValue":"(\d+)"/"intValue":$1/ }, ['protobuf'] ],
    [ 'an enum by its name', sub { s/"kind":1/"kind":"SPAN_KIND_INTERNAL"/ }, ['protobuf'] ],
    [ 'an enum out of range', sub { s/"kind":1/"kind":-1/ }, [@every] ],
    [ 'a quote not escaped', sub { s/\\"failed\\"/"failed"/ }, [@every] ],
    [ 'a backslash not escaped', sub { s/\\\\/\\/ }, [@every] ],
    [ 'a raw control character', sub { s/failed\\"\\n/failed\\"\t/ }, ['protobuf'] ],
    [ 'a line end in a string', sub { s/failed\\"\\n/failed\\"\n/ }, [@every] ],
    [ 'another character', sub { s/\\u007f/\\u007e/ }, [@every] ],
    [ 'no UTF-8', sub { s/\xf0\x9f\x98\x80/\xf0\x9f\x98/ }, [@every] ],
    [ 'NaN as a word', sub { s/"NaN"/NaN/ }, [@every] ],
    [ 'a double as text', sub { s/"-Infinity"/"minus infinity"/ }, [@every] ],
    [ 'a double a bit off', sub { s/"doubleValue":4\.35\}/"doubleValue":4.350000000000001}/ },
        [@every] ],
    [ 'a time a bit off', sub { s/"1000000007"/"1000000006"/ }, [@every] ],
    [ 'a bool as a number', sub { s/"boolValue":true/"boolValue":1/ }, [@every] ],
    [ 'a bool turned', sub { s/"boolValue":true/"boolValue":false/ }, [@every] ],
    [ 'a value without its type', sub { s/\{"boolValue":true\}/true/ }, [@every] ],
    [ 'a span left out', sub { s/"spans":\[\{.*?\},\{"traceId"/"spans":[{"traceId"/ }, [@every] ],
    [ 'a line twice', sub { s/^(.*\n)/$1$1/ }, [@every] ],
    [ 'a member twice', sub { s/("name":"step")/$1,$1/ }, ['protobuf'] ],
    [ 'a comma too many', sub { s/\}\]\}/},]}/ }, [@every] ],
    [ 'the gap not told', sub { s/,"attributes":\[\{"key":"llmobs.lost_before".*?\}\}\]// },
        [@every] ],
    [ 'an end missing', sub { s/\]\}\]\}\]\}\n\z/]}]}]\n/ }, [@every] ],
    [ 'the last line not ended', sub { s/\n\z// }, [@every] ],
);

my @metric_faults = (
    [ 'nothing at all', sub { }, [] ],
    [ 'a name of protobuf', sub { s/"dataPoints"/"data_points"/ }, ['protobuf'] ],
    [ 'an unknown field', sub { s/"asInt"/"value"/ }, [@every] ],
    [ 'an integer as a number', sub { s/"asInt":"(-?\d+)"/"asInt":$1/ }, ['protobuf'] ],
    [ 'an integer one off', sub { s/"asInt":"1234567890"/"asInt":"1234567891"/ }, [@every] ],
    [ 'an integer as a double', sub { s/"asInt":"1234567890"/"asDouble":1234567890/ }, [@every] ],
    [ 'a double a bit off', sub { s/"asDouble":1\.23456789,/"asDouble":1.2345678900000001,/ },
        [@every] ],
    [ 'NaN as a word', sub { s/"asDouble":"NaN"/"asDouble":NaN/ }, [@every] ],
    [ 'no temporality', sub { s/"aggregationTemporality":2,// }, [@every] ],
    [ 'another temporality', sub { s/("aggregationTemporality"):2/$1:1/ }, [@every] ],
    [ 'a temporality by its name', sub {
        s/("aggregationTemporality"):2/$1:"AGGREGATION_TEMPORALITY_CUMULATIVE"/ }, ['protobuf'] ],
    [ 'a counter that may fall', sub { s/("isMonotonic"):true/$1:false/ }, [@every] ],
    [ 'a sum that only grows', sub { s/("isMonotonic"):false/$1:true/ }, [@every] ],
    [ 'a gauge as a sum', sub { s/"gauge":/"sum":/ }, [@every] ],
    [ 'another unit', sub { s/"\{request\}"/"{requests}"/ }, [@every] ],
    [ 'a count as a number', sub { s/"count":"7"/"count":7/ }, ['protobuf'] ],
    [ 'no count', sub { s/"count":"7",// }, [@every] ],
    [ 'no sum', sub { s/("count":"7",)"sum":[^,]*,/$1/ }, [@every] ],
    [ 'no least value', sub { s/"min":[^,]*,// }, [@every] ],
    [ 'another largest value', sub { s/"max":/"max":1/ }, [@every] ],
    [ 'a bucket too many', sub { s/("bucketCounts":\[)/$1"0",/ }, [@every] ],
    [ 'bucket counts as numbers', sub { s/("bucketCounts":\[)"(\d+)"/$1$2/ }, ['protobuf'] ],
    [ 'a bound a bit off', sub { s/("explicitBounds":\[[^,]*)\d([,e])/${1}$2/ }, [@every] ],
    [ 'bounds as text', sub { s/("explicitBounds":\[)([^,]*),/$1"$2",/ }, ['protobuf'] ],
    [ 'another scale', sub { s/"scale":-10/"scale":10/ }, [@every] ],
    [ 'another offset', sub { s/"offset":-11/"offset":-12/ }, [@every] ],
    [ 'no zeros', sub { s/"zeroCount":"12",// }, [@every] ],
    [ 'negative buckets', sub { s/"positive":\{"offset":-11/"negative":{"offset":-11/ }, [@every] ],
    [ 'an exemplar of another trace', sub { s/("traceId":")0/${1}1/ }, [@every] ],
    [ 'no exemplars', sub { s/,"exemplars":\[.*?\]// }, [@every] ],
    [ 'no labels', sub { s/,"attributes":\[[^]]*\](,"asInt")/$1/ }, [@every] ],
    [ 'a point left out', sub { s/"dataPoints":\[\{.*?\},\{"/"dataPoints":[{"/ }, [@every] ],
    [ 'a line left out', sub { s/^.*\n// }, [@every] ],
);

sub see_faults {
    my ($stem, @list) = @_;
    my $text = read_file("$small/$stem.jsonl");
    my @told = told_of("$small/$stem");
    for my $fault (@list) {
        my ($what, $break, $seers) = @$fault;
        my $broken = $text;
        $break->() for $broken;
        ok($broken ne $text, "$stem.jsonl can be given $what") if @$seers;
        write_file("$small/broken.jsonl", $broken);
        for my $name (grep { $decoders{$_} } @$seers ? @$seers : @every) {
            my ($same, $why) =
                reads($decoders{$name}, "$small/broken.jsonl", "$small/broken.leaves", @told);
            is($same, @$seers ? 0 : 1, "$name sees $what") or diag($why);
        }
    }
}

if (%decoders) {
    see_faults('gap', @faults);
    see_faults('metrics', @metric_faults);
}

# ---- the Chrome trace ---------------------------------------------------------------------------

my @chrome_faults = (
    [ 'no begin of the file', sub { s/^\[\n// } ],
    [ 'an end left out', sub { s/^\{"ph":"e".*\n//m } ],
    [ 'a begin twice', sub { s/^(\{"ph":"b".*\n)/$1$1/m } ],
    [ 'another id at the end', sub { s/^(\{"ph":"e".*?"id":")[0-9a-f]{4}/${1}zzzz/m } ],
    [ 'a later begin', sub { s/^(\{"ph":"b".*?"ts":)\d/${1}9/m } ],
    [ 'a time a nanosecond off', sub { s/^(\{"ph":"e".*?"ts":\d+\.\d\d)(\d)/$1 . (9 - $2)/me } ],
    [ 'an event at another time', sub { s/^(\{"ph":"n".*?"ts":\d+\.)\d/$1x/m } ],
    [ 'a comma left out', sub { s/,\n/\n/ } ],
    [ 'a quote not escaped', sub { s/\\"quotes/"quotes/ } ],
    [ 'another value', sub { s/"value":-9223372036854775808/"value":-9223372036854775807/ } ],
    [ 'another parent', sub { s/("parent_span_id":")[0-9a-f]{4}/${1}ffff/ } ],
    [ 'no process name', sub { s/^\{"ph":"M".*\n//mg } ],
    [ 'the last line not ended', sub { s/,\n\z// } ],
);

if (in_path('python3')) {
    my ($good, $said) = run("python3 $HERE/chrome_python.py $large/trace.json $large/out.expected");
    ok($good, 'trace.json is as recorded') ? note($said) : diag(substr($said, 0, 2000));
    my $text = read_file("$small/trace.json");
    for my $fault ([ 'nothing at all', sub { } ], @chrome_faults) {
        my ($what, $break) = @$fault;
        my $broken = $text;
        $break->() for $broken;
        my $is_broken = $broken ne $text;
        ok($is_broken, "trace.json can be given $what") if $what !~ /nothing/;
        write_file("$small/broken.json", $broken);
        my ($same, $why) =
            run("python3 $HERE/chrome_python.py $small/broken.json $small/out.expected");
        is($same ? 1 : 0, $is_broken ? 0 : 1, "the reader of trace.json sees $what")
            or diag(substr($why, 0, 500));
    }
}

done_testing();

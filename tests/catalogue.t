#!/usr/bin/env perl
# docs/metrics.md lists the metrics of the catalogue and the library's own as the sources have them,
# both ways; and the program on it does what it says.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../tools";
use Gate;
use Sections;
use Test::More;

my $page = Sections::read_file('docs/metrics.md');
my $header = Sections::read_file('src/record/catalogue.h');
my $tables = Sections::read_file('src/record/catalogue.c');
my $self = Sections::read_file('src/public/self.c');

# ---- the sources --------------------------------------------------------------------------------

# The items of the list `#define NAME(X)`, as texts between the parentheses.
sub items_of {
    my ($text, $name) = @_;
    $text = Sections::code_only($text);
    $text =~ /^#define \Q$name\E\(X\)(.*?[^\\])\n/ms or die "$name is not there\n";
    my $list = $1 =~ s/\\\n/ /gr;
    my @items;
    push @items, $1 while $list =~ /\bX\(((?:"(?:[^"\\]|\\.)*"|[^"()])*)\)/g;
    return @items;
}

# Texts and words of an item; the marks of a text are taken off.
sub fields_of {
    my ($item) = @_;
    return map { s/^"(.*)"$/$1/r } $item =~ /"(?:[^"\\]|\\.)*"|[^\s,]+/g;
}

my %unit_suffix = (s => '_seconds', By => '_bytes', USD => '_usd');

sub exposed {
    my ($name, $unit, $instrument) = @_;
    my $counter = $instrument eq 'COUNTER';
    my $suffix = $unit_suffix{$unit} // ($unit eq '1' && $instrument eq 'GAUGE' ? '_ratio' : '');
    $name =~ s{[./-]}{_}g;
    $name =~ s/_total$// if $counter;
    $name .= $suffix if $name !~ /\Q$suffix\E$/;
    return $name . ($counter ? '_total' : '');
}

sub code { return "`$_[0]`" }

my %instrument = (COUNTER => 'counter', UPDOWN => 'up-down', GAUGE => 'gauge',
    HISTOGRAM => 'histogram');
my %bounds = map { my ($name, @bounds) = fields_of($_); $name => join(', ', @bounds) }
    items_of($tables, 'LLMOBS_I_BOUNDS');
my %labels = map { my ($name, $without, @labels) = fields_of($_); $name => \@labels }
    items_of($tables, 'LLMOBS_I_LABELS');
$labels{NONE} = [];

# What each metric's row has to begin with, by family.
my (%rows, %sets);
for my $item (items_of($header, 'LLMOBS_METRICS')) {
    my ($id, $family, $name, $unit, $instrument, $number, $bounds, $labels, $help) =
        fields_of($item);
    my @labels = @{ $labels{$labels} // die "$id: no labels $labels\n" };
    $sets{buckets}{$bounds} = $bounds{$bounds} if $bounds ne 'NONE';
    $sets{labels}{$labels} = join(', ', map { code($_) } @labels) if @labels > 4;
    push @{ $rows{$family} }, join(' | ', '', code($id), code($name),
        code(exposed($name, $unit, $instrument)), $instrument{$instrument},
        $unit eq '' ? '-' : code($unit),
        @labels > 4 ? "set $labels" : join(', ', map { code($_) } @labels) || '-',
        $bounds eq 'NONE' ? '-' : "set $bounds", $help =~ s/\.$//r . '. ') =~ s/^ //r;
}
for my $item (items_of($self, 'LLMOBS_I_SELF_METRICS')) {
    my ($id, $name, $family, $unit, $instrument, $help) = fields_of($item);
    is(exposed($name, $unit, $instrument), $family . ($instrument eq 'COUNTER' ? '_total' : ''),
        "$name: the rule of names holds here, too");
    push @{ $rows{SELF} }, join(' | ', '', code($name), code(exposed($name, $unit, $instrument)),
        $instrument{$instrument}, $unit eq '' ? '-' : code($unit), '') =~ s/^ //r;
}

# Those that are made when metrics are read: where, and their labels.
my @made = ([ 'heavy', 'user' ], [ 'alert_metrics', 'alertname', 'alertstate' ]);
for my $made (@made) {
    my ($section, @labels) = @$made;
    my $source = Sections::read_file("src/public/$section.c");
    my ($kind) = $source =~ /llmobsi_self_kind \w+ = \{(.*?)\};/s;
    my ($name, $family, $unit, $help, $instrument) = fields_of($kind);
    is(exposed($name, $unit, $instrument =~ s/LLMOBS_//r), $family, "$name: the rule holds, too");
    push @{ $rows{MADE} }, join(' | ', '', code($name), code($family),
        $instrument{ $instrument =~ s/LLMOBS_//r }, code($unit),
        join(', ', map { code($_) } @labels), '') =~ s/^ //r;
}

# ---- the page -----------------------------------------------------------------------------------

sub rows_under {
    my ($heading) = @_;
    return () if $page !~ /^\#+ \Q$heading\E\n(.*?)(?=^\#|\z)/ms;
    my @rows = grep { /^\|/ } split /\n/, $1;
    return @rows[ 2 .. $#rows ];    # without the head of the table
}

my %heading = (
    LLM => 'LLMOBS_FAMILY_LLM',
    GENAI_1_41 => 'LLMOBS_FAMILY_GENAI_1_41 only',
    GENAI_BOTH => 'LLMOBS_FAMILY_GENAI_1_41 and LLMOBS_FAMILY_GENAI',
    GENAI => 'LLMOBS_FAMILY_GENAI only',
    VLLM => 'LLMOBS_FAMILY_VLLM',
    LLAMACPP => 'LLMOBS_FAMILY_LLAMACPP',
    SELF => 'LLMOBS_FAMILY_SELF',
    MADE => 'Made when metrics are read',
);
is_deeply([ sort keys %rows ], [ sort keys %heading ], 'each family has its heading');
for my $family (sort keys %rows) {
    my @there = rows_under($heading{$family});
    my @wanted = @{ $rows{$family} };
    my @missing = grep {
        my $row = $_;
        !grep { index($_, $row) == 0 && length($_) >= length($row) + 12 } @there
    } @wanted;
    is_deeply(\@missing, [], "$family: each metric has its row");
    my @strange = grep { my $row = $_; !grep { index($row, $_) == 0 } @wanted } @there;
    is_deeply(\@strange, [], "$family: no row is of something else");
    is(scalar @there, scalar @wanted, "$family: no row stands there twice");
}

# Labels of the library's own metrics, which are made by code.
for my $row (rows_under($heading{SELF})) {
    my ($labels) = (split / \| /, $row)[4];
    is_deeply([ grep { $self !~ /"\Q$_\E"/ } $labels =~ /`([^`]+)`/g ], [],
        'its labels are in the code: ' . (split / \| /, $row)[0] =~ s/^\| //r);
}

# Sets of buckets and of labels, those that a table names.
for my $kind (sort keys %sets) {
    my %shown = map { /^\| (\w+) \| (.*?) \|/ ? ($1 => $2) : () } rows_under("Sets of $kind");
    is_deeply(\%shown, $sets{$kind}, "sets of $kind are those of the sources");
}

# The switches: families, and the fields of the configuration with their defaults.
my %bits = $header =~ /^#define (LLMOBS_FAMILY_\w+) (\d+)u/mg;
my %families = map { /^\| `(\w+)` \| (\d+) \|/ ? ($1 => $2) : () } rows_under('Families');
is_deeply(\%families, \%bits, 'families and their bits');
my $config = Sections::read_file('src/core/config.c');
my %limits = map { /^\| `(\w+)` \| ([\d,]+) \|/ ? ($1 => $2 =~ tr/,//dr) : ($_ => '?') }
    rows_under('Limits');
like($config, qr/config\.$_ = $limits{$_};/, "the default of $_") for sort keys %limits;
is(scalar keys %limits, 6, 'six limits');

# ---- the program --------------------------------------------------------------------------------

my $directory = Gate::scratch();
my ($program) = $page =~ /^```c\n(.*?)^```/ms;
my ($shown) = $page =~ /^```text\n(.*?)^```/ms;
Gate::write_file("$directory/page.c", $program // '');
Gate::builds(Gate::cc() . ' -std=c11 -Wall -Wextra -Werror', "$directory/page.c", "$directory/page",
    '', 'the program on the page compiles');
my ($status, $output) = Gate::run("$directory/page");
is($status, 0, '... and runs');
my @lines = grep { $_ ne '...' } split /\n/, $shown // '';
ok(@lines > 4, '... with an output to be seen');
is_deeply([ grep { my $line = $_; !grep { $_ eq $line } split /\n/, $output } @lines ], [],
    '... and prints what the page says');

# Names in examples exist.
my %exposed = map { $_ => 1 }
    map { my $row = $_; map { (split / \| /, $row)[$_] =~ /`(.*)`/ ? $1 : () } 1 .. 2 }
    map { @$_ } values %rows;
for my $query ($page =~ /^```promql\n(.*?)^```/msg) {
    for my $name ($query =~ /\b((?:llm|llmobs|gen_ai|vllm|llamacpp|otel)[_:]\w+)(?=[\[\{])/g) {
        ok($exposed{ $name =~ s/_(?:bucket|sum|count)$//r }, "the query's $name is a metric");
    }
}

done_testing();

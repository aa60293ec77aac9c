#!/usr/bin/env perl
# The public API as a list of lines: what a program can write, and the layout it is compiled to.
#
#   tools/apidiff.pl                       prints it
#   tools/apidiff.pl --write FILE          writes it
#   tools/apidiff.pl --against FILE        names what differs; exits 1 if the list does
#   tools/apidiff.pl --against FILE --since VERSION
#                                          exits 1 unless the version has moved as SemVer wants
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Getopt::Long;
use Sections;

my ($write, $against, $since);
GetOptions('write=s' => \$write, 'against=s' => \$against, 'since=s' => \$since)
    or die "usage: apidiff.pl [--write FILE] [--against FILE [--since VERSION]]\n";

# Every line begins with its kind. Fields carry their place: a moved field is another layout.
sub list_of {
    my ($section) = @_;
    my $code = Sections::code_only($section->{api});
    my @list;
    for my $function (Sections::functions($section->{api})) {
        my @parameters = map {
            "$_->{type} $_->{name}" . (defined $_->{array} ? "[$_->{array}]" : '')
        } @{ $function->{parameters} };
        push @list, "function $function->{name}: $function->{type} ("
            . (join(', ', @parameters) || 'void') . ')';
    }
    while ($code =~ /^typedef\s+(struct|union)\s+(\w+)\s*\{\n(.*?)^\}\s*\w+;/msg) {
        my ($kind, $name, $body) = ($1, $2, $3);
        my $place = 0;
        for my $field (map { Sections::normal_space($_) } grep { /\S/ } split /;/, $body) {
            push @list, sprintf('field %s %02d: %s', $name, $place++, $field);
        }
    }
    my $outer = $code =~ s/^[ \t]*#.*(?:\\\n.*)*$//mgr;
    1 while $outer =~ s/\{(?:[^{}]+|(?=\}))\}/@/s;
    push @list, map { 'type ' . Sections::normal_space($_) } grep { !/@/ }
        $outer =~ /^typedef\s+([^;]*);/mg;
    while ($code =~ /^typedef\s+enum\s+(\w+)\s*\{(.*?)^\}/msg) {
        my ($name, $body) = ($1, $2);
        my $constants = $body =~ s/^\s*#.*$//mgr =~ s/\w+\([^)]*\)//gr;
        push @list, map { "constant $name: " . Sections::normal_space($_) } grep { /\S/ }
            split /,/, $constants;
    }
    push @list, map { "constant $_" } Sections::listed_names($code);
    my $joined = $code =~ s/\\\n/ /gr;
    while ($joined =~ /^#define\s+(LLMOBS_(?!I_)\w+)(\([^)]*\))?[ \t]*(.*)$/mg) {
        my ($name, $parameters, $value) = ($1, $2 // '', Sections::normal_space($3));
        next if $section->{name} eq 'linkage';
        $value = '' if $parameters eq '(X)';    # a list: its texts may change
        $value = '' if $name =~ /^LLMOBS_VERSION/;
        push @list, "macro $name$parameters" . ($value eq '' ? '' : " $value");
    }
    return map { $section->{option} ? "$_ (unless $section->{option})" : $_ } @list;
}

sub difference {
    my ($old, $new) = @_;
    my %old = map { $_ => 1 } @$old;
    my %new = map { $_ => 1 } @$new;
    return ([ grep { !$new{$_} } @$old ], [ grep { !$old{$_} } @$new ]);
}

# 0.y.z: y moves when something goes or changes, z when something is added; from 1.0.0 on, x and y.
sub version_suffices {
    my ($old, $new, $gone, $added) = @_;
    my ($is, $was) = map { [ split /\./ ] } $new, $old;
    my ($first) = grep { $is->[$_] != $was->[$_] } 0 .. 2;
    my $step = 3 - ($first // 3);
    my $wanted = @$gone ? 3 : @$added ? 2 : 0;
    $wanted-- if $was->[0] == 0 && $wanted > 0;
    return $step >= $wanted;
}

my $sections = Sections::load("$FindBin::Bin/..");
my @list = sort map { list_of($_) } @$sections;
my $text = join('', map { "$_\n" } @list);

if (defined $write) {
    Sections::write_file($write, $text);
    exit 0;
}
if (!defined $against) {
    print $text;
    exit 0;
}
my ($gone, $added) = difference([ split /\n/, Sections::read_file($against) ], \@list);
print map { "- $_\n" } @$gone;
print map { "+ $_\n" } @$added;
if (!defined $since) {
    exit(@$gone || @$added ? 1 : 0);
}
my $version = Sections::version($sections);
exit 0 if version_suffices($since, $version, $gone, $added);
print "The API changed so much since $since that the version can not be $version.\n";
exit 1;

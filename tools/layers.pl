#!/usr/bin/env perl
# Says whether calls go only downwards: a section may use only names of its own and of sections that
# stand before it in src/header.list. Names are functions, types, macros, constants and variables.
#
#   tools/layers.pl [--root DIR] [--verbose]    exits 1 after naming each use of a later one's name
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Getopt::Long;
use Sections;

my ($root, $verbose);
GetOptions('root=s' => \$root, 'verbose' => \$verbose)
    or die "usage: layers.pl [--root DIR] [--verbose]\n";
$root //= "$FindBin::Bin/..";

my $NAME = qr/\b(?:llmobsi?_\w+|LLMOBS_\w+)\b/;

# The bodies of functions and the like are blanked, so that what stands at file scope remains.
sub file_scope {
    my ($code) = @_;
    $code =~ s/^\{.*?^\}/{}/msg;
    return $code;
}

# What a piece of source defines: name => kind. A prototype is a declaration, told apart.
sub definitions {
    my ($code) = @_;
    my %defined;
    $defined{$1} = 'macro' while $code =~ /^[ \t]*#[ \t]*define\s+(\w+)/mg;
    $defined{$_} = 'constant' for Sections::listed_names($code);
    my $outer = file_scope($code) =~ s/^[ \t]*#.*(?:\\\n.*)*$//mgr;
    $defined{$1} = 'type' while $outer =~ /\b(?:struct|union|enum)\s+($NAME)\s*\{/g;
    while ($outer =~ /^typedef\b(.*?);/msg) {
        my $body = $1;
        $body =~ s/\{.*\}//s;
        $defined{$1} = 'type' if $body =~ /\(\s*\*\s*($NAME)\s*\)/ || $body =~ /($NAME)[^,]*$/s;
    }
    while ($outer =~ /\benum\s+(?:\w+\s*)?\{(.*?)\}/sg) {
        my $body = $1 =~ s/\w+\([^)]*\)//gr;
        $defined{$1} = 'constant' while $body =~ /(?:^|,)\s*($NAME)/g;
    }
    $defined{$1} = 'variable'
        while $outer =~ /^(?:static|extern|llmobsi_state)[^;(){}]*?($NAME)\s*
        (?:\[[^;]*?\]\s*)*(?:=|;|LLMOBS_TLS)/xmg;
    while ($outer =~ /^[A-Za-z][^;{}=#]*?\b(llmobsi?_\w+)\(([^;{}]*)\)([^;{}]*)([;{])/mg) {
        my ($name, $end) = ($1, $4);
        next if $& =~ /^typedef/;
        $defined{$name} = 'function' if $end eq '{';
        $defined{$name} //= 'prototype';
    }
    return \%defined;
}

my $sections = Sections::load($root);
my (%owner, %kind, %defined_at, @problems);
for my $index (0 .. $#$sections) {
    for my $half (qw(api code)) {
        my $defined = definitions(Sections::code_only($sections->[$index]{$half}, 1));
        for my $name (sort keys %$defined) {
            $owner{$name} //= $index;
            $kind{$name} //= $defined->{$name};
            # The first body: systems give the same function, each for itself.
            $defined_at{$name} //= $index if $defined->{$name} eq 'function';
            print "$sections->[$index]{name}: $defined->{$name} $name\n" if $verbose;
        }
    }
}

sub place { my ($section) = @_; return "$section->{layer}/$section->{name}" }

# A function announced below and written above would be an upward call in disguise.
for my $name (sort keys %defined_at) {
    next if $defined_at{$name} == $owner{$name};
    next if $kind{$name} eq 'macro';    # or a function, for another compiler
    push @problems, sprintf("%s: %s is declared here, but its body is in %s",
        place($sections->[ $owner{$name} ]), $name, place($sections->[ $defined_at{$name} ]));
}

my $uses = 0;
for my $index (0 .. $#$sections) {
    my $section = $sections->[$index];
    for my $half (qw(api code)) {
        my $line = 0;
        for my $text (split /\n/, Sections::code_only($section->{$half}, 1)) {
            $line++;
            for my $name ($text =~ /$NAME/g) {
                next if !defined $owner{$name};
                $uses++ if $owner{$name} != $index;
                next if $owner{$name} <= $index;
                push @problems, sprintf("%s:%d: %s uses the %s %s of %s, which stands above it",
                    $section->{"${half}_file"}, $line, place($section), $kind{$name}, $name,
                    place($sections->[ $owner{$name} ]));
            }
        }
    }
}

print STDERR "$_\n" for @problems;
printf("layers: %d sections, %d names, %d uses of lower sections, %d upward\n",
    scalar @$sections, scalar keys %owner, $uses, scalar @problems);
exit(@problems ? 1 : 0);

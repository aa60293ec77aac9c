#!/usr/bin/env perl
# No warning under a stranger's flags: compilers x standards x ways to build. `make test` takes each
# compiler's oldest standard; `make check-builds` (LLMOBS_WHOLE) all, the optimiser's warnings, too.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../tools";
use Gate;
use Sections;
use Test::More;

my %STANDARDS = (
    'c' => [ 'c11', 'c2x' ], # what is between is C11 with corrections
    'c++' => [ 'c++11', 'c++14', 'c++17', 'c++20' ],
);
my $whole = $ENV{LLMOBS_WHOLE};
my @options = Sections::options(Sections::load('.'));
my @pillars = Sections::pillars(Sections::load('.'));
my $all_options = join(' ', map { "-D$_" } @options, @pillars);
my $EVERYTHING = '-Weverything -Werror -Wno-unknown-warning-option -Wno-padded '
    . '-Wno-c++98-compat -Wno-c++98-compat-pedantic -Wno-pre-c11-compat '
    . '-Wno-declaration-after-statement -Wno-unsafe-buffer-usage';

my @jobs;

sub add {
    my ($compiler, $standard, $flags, $file, $what) = @_;
    my ($command, $language) = @$compiler;
    my $strict = $language eq 'c' ? $Gate::C_FLAGS : "$Gate::CXX_FLAGS -x c++";
    push @jobs, [
        "$command -std=$standard $strict $flags tests/compile/$file",
        "$command -std=$standard: $what",
    ];
}

for my $compiler (Gate::compilers()) {
    my ($command, $language) = @$compiler;
    my @standards = @{ $STANDARDS{$language} };
    @standards = $standards[0] if !$whole;
    my $user = $language eq 'c' ? '' : $Gate::CXX_USER_FLAGS;
    $user .= ' -Wuseless-cast' if $command eq 'g++';
    for my $standard (@standards) {
        my $check = '-fsyntax-only';
        for my $mode ('', '-DLLMOBS_DISABLE') {
            add($compiler, $standard, "$user $check $mode", 'user.c', "declarations $mode");
            add($compiler, $standard, "$check $mode", 'engine.c', "beside an engine's names $mode");
        }
        add($compiler, $standard, $check, 'implementation.c', 'implementation');
        next if !$whole;
        add($compiler, $standard, $check, 'after_stdio.c', 'implementation after <stdio.h>');
        add($compiler, $standard, $check, 'static.c', 'LLMOBS_STATIC');
        add($compiler, $standard, $check, 'many_includes.c', 'all includes in one file');
    }
    my $first = $standards[0];
    if ($command =~ /^clang/) {
        for my $mode ('', '-DLLMOBS_DISABLE') {
            my $form = $language eq 'c' ? '' : '-x c++';
            push @jobs, [
                "$command -std=$first $EVERYTHING $form $mode -fsyntax-only tests/compile/user.c",
                "$command -std=$first: -Weverything, declarations $mode",
            ];
        }
    }
    next if !$whole;
    if ($command eq 'gcc') { # the optimiser sees that nothing comes to what is left out
        add($compiler, $first, "-O2 -D$_ -c -o /dev/null", 'implementation.c', "without, by $_")
            for @pillars;
    }
    if ($command eq 'gcc' || $command eq 'clang++') { # what is left out is so for all
        add($compiler, $first, "-fsyntax-only -D$_", 'implementation.c', "without, by $_")
            for @options;
    }
    add($compiler, $first, "-fsyntax-only $all_options", 'implementation.c', 'without all options');
    add($compiler, $first, "-fsyntax-only $all_options -DLLMOBS_DISABLE", 'implementation.c',
        'without all options, LLMOBS_DISABLE');
    add($compiler, $first, '-fsyntax-only -DLLMOBS_DEBUG', 'implementation.c', 'LLMOBS_DEBUG');
    # Some warnings come from the optimiser only.
    my $object = '-c -o /dev/null';
    add($compiler, $first, "-O3 -ffast-math -DNDEBUG -fPIC $object", 'implementation.c',
        'implementation, -O3 -ffast-math -fPIC');
    add($compiler, $first, "-Os $object", 'static.c', 'LLMOBS_STATIC, -Os');
    add($compiler, $first, "-Og $object", 'implementation.c', 'implementation, -Og');
    add($compiler, $first, "-O2 -DLLMOBS_DISABLE $object", 'user.c', 'LLMOBS_DISABLE, -O2');
    add($compiler, $first, "-O0 -DLLMOBS_DEBUG $object", 'implementation.c', 'LLMOBS_DEBUG, -O0');
    add($compiler, 'c++17', "-O2 -fno-exceptions -fno-rtti $object", 'implementation.c',
        'implementation, -fno-exceptions -fno-rtti') if $language eq 'c++';
}

# Not blind: a warning is a failure.
my $directory = Gate::scratch();
Gate::write_file("$directory/bad.c",
    "#include \"llmobs.h\"\nint bad(long x);\nint bad(long x) { return x; }\n");
my ($command) = map { $_->[0] } Gate::compilers();
my ($status, $output) =
    Gate::run("$command -std=c11 $Gate::C_FLAGS -I. -fsyntax-only $directory/bad.c");
ok($status != 0 && $output =~ /conversion/, 'a conversion is reported');

Gate::all_silent(@jobs);
done_testing();

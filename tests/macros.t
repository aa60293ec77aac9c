#!/usr/bin/env perl
# What a plain include brings along: macros of our prefix, and nothing of the system's headers.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../tools";
use Gate;
use Test::More;

my $directory = Gate::scratch();

sub macros {
    my ($compiler, $standard, $text) = @_;
    my $file = Gate::write_file("$directory/macros.c", $text);
    my ($status, $output) = Gate::run("$compiler $standard -I. -dM -E $file");
    is($status, 0, "$compiler $standard: preprocesses") or diag(substr($output, 0, 500));
    return map { $_ => 1 } $output =~ /^#define\s+(\w+)/mg;
}

my $UNWANTED = 'pthread|stdio|stdlib|time|string|unistd|windows|stdatomic|sched|errno|signal';
my $OURS = "#include <stdbool.h>\n#include <stddef.h>\n#include <stdint.h>\n";

for my $compiler (Gate::compilers()) {
    my ($command, $language) = @$compiler;
    for my $standard ($language eq 'c' ? ('-std=c11', '-std=gnu17') : ('-x c++ -std=c++11')) {
        my $name = "$command $standard";
        my %before = macros($command, $standard, $OURS);
        for my $mode ('', '#define LLMOBS_DISABLE') {
            my %after = macros($command, $standard, "$mode\n$OURS#include \"llmobs.h\"\n");
            my @new = grep { !$before{$_} } sort keys %after;
            ok(@new > 10, "$name $mode: " . @new . ' macros');
            is_deeply([ grep { !/^LLMOBS_/ } @new ], [], "$name $mode: all begin with LLMOBS_");
            is_deeply([ grep { /__/ } @new ], [], "$name $mode: none with a double underscore");
        }
        # No helper macro of the lists is left behind.
        my %plain = macros($command, $standard, "#include \"llmobs.h\"\n");
        is_deeply([ grep { /^LLMOBS_I_/ } sort keys %plain ], [], "$name: no private one is left");
        my ($status, $includes) = Gate::run("$command $standard -I. -M $directory/macros.c");
        my @system = grep { m{/(?:$UNWANTED)\.h$} } split /[\s\\]+/, $includes;
        ok($status == 0 && $includes =~ /llmobs\.h/, "$name: its includes can be listed");
        is_deeply(\@system, [], "$name: it pulls in no pthread.h, stdio.h, time.h, ...");
    }
}

done_testing();

#!/usr/bin/env perl
# Programs with the invariant checkers of LLMOBS_DEBUG compiled in: the tick asks them, and what
# does not hold aborts.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../tools";
use Gate;
use Test::More;

my $directory = Gate::scratch();
my $cc = Gate::cc() . " -std=gnu11 -O1 $Gate::OUTLINE -DLLMOBS_DEBUG -I$directory -I$Gate::ROOT"
    . " -I$Gate::ROOT/tests";
Gate::runs("tools/private.pl $directory/llmobs_private.h", 'what tests see of the inside', 1);
Gate::runs("$cc -c tests/private.c -o $directory/private.o", 'the implementation builds', 1);
for my $name (qw(test_exporter test_spooling test_metric_reader)) {
    Gate::runs("$cc tests/$name.c $directory/private.o -o $directory/$name -pthread -lm -ldl",
        "$name builds", 1);
    my ($status, $said) =
        Gate::run("cd $directory && LLMOBS_SANITIZED=1 timeout 300 ./$name");
    is($status, 0, '... and nothing that must hold does not')
        or diag(grep { /^not ok|^#/ } map { "$_\n" } split /\n/, $said);
}

# A name whose text changed.
my $program = Gate::write_file("$directory/renamed.c", <<'END');
#define LLMOBS_IMPLEMENTATION
#include "llmobs.h"
int main(void)
{
    char name[] = "tool-0";
    llmobs* obs = llmobs_open(NULL, NULL);
    llmobs_span_end(llmobs_span_root(obs, name));
    name[5] = '1';
    llmobs_span_end(llmobs_span_root(obs, name));
    return llmobs_close(obs) == LLMOBS_OK ? 0 : 1;
}
END
Gate::runs("$cc $program -o $directory/renamed -pthread -lm -ldl", 'a program builds', 1);
my ($status, $said) = Gate::run("cd $directory && ./renamed 2>&1");
ok($status != 0 && $said =~ /llmobs: \S+:\d+: .*name_is_unchanged/,
    'a name in a buffer that is used again is told, and ends it') or diag("$status $said");

done_testing();

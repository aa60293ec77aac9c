#!/usr/bin/env perl
# Scores and tails are the same to the last bit, whatever flags contract, reorder or vectorise.
# LLMOBS_WHOLE: more of them.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../tools";
use Gate;
use Test::More;

my @flags = ('-O0', '-O3 -ffast-math -march=native');
push @flags, '-O1', '-O2', '-O2 -ffp-contract=fast -march=native', '-O2 -DLLMOBS_NO_SIMD',
    '-Ofast -flto -frounding-math' if $ENV{LLMOBS_WHOLE};
my $directory = Gate::scratch();
my $first;

for my $compiler ('gcc', 'clang') {
    if (!Gate::have($compiler)) {
        pass("$compiler is not here # SKIP");
        next;
    }
    for my $flag (@flags) {
        Gate::runs("$compiler -std=gnu11 $flag -I. -Itests -pthread tests/compile/same_bits.c "
            . "-o $directory/same_bits", "$compiler $flag");
        my ($status, $output) = Gate::run("$directory/same_bits");
        $first //= $output;
        like($output, qr/^0 scores differ/, 'scores are those of numpy');
        is($output, $first, 'and functions what they were');
    }
}
done_testing();

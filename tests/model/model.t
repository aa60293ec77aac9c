#!/usr/bin/env perl
# The models of the lock-free parts: all of them, weakened orders, and the protocol in spin.
use strict;
use warnings;
use File::Path qw(make_path);
use FindBin;
use Test::More;

chdir("$FindBin::Bin/../..") or die "the project's root: $!\n";
my $BUILD = 'build/model';
my $ITERATIONS = $ENV{MODEL_ITERATIONS} || 100000;
make_path($BUILD);

sub missing {
    my ($what) = @_;
    if ($ENV{LLMOBS_CI}) { fail("$what is there") }
    else { SKIP: { skip("$what not found", 1) } }
}

# Starts a command whose output is read later; all of a list run at once.
sub start {
    my ($command) = @_;
    open(my $pipe, '-|', "( $command ) 2>&1 </dev/null") // die "fork: $!\n";
    return $pipe;
}

sub finish {
    my ($pipe) = @_;
    my $output = join('', <$pipe>);
    close($pipe);
    return ($? >> 8, $output);
}

# ---- relacy --------------------------------------------------------------------------------------

# Each program's scenarios, in two halves at once: other random interleavings in each.
sub play {
    my ($program) = @_;
    my $half = int($ITERATIONS / 2);
    my ($name) = $program =~ /model_(\w+)$/;
    my @halves = map { start("$program --iterations $half --first " . (1 + $_ * $half)) } 0, 1;
    my @ended = map { [ finish($_) ] } @halves;
    my @first = $ended[0][1] =~ /^ok \d+ - (.*) \(\d+ iterations\)$/mg;
    my @second = $ended[1][1] =~ /^ok \d+ - (.*) \(\d+ iterations\)$/mg;
    my $count = @first < @second ? @first : @second;
    pass("$name: $_, $ITERATIONS times") for @first[ 0 .. $count - 1 ];
    for my $half_ended (@ended) {
        next if $half_ended->[0] == 0;
        fail("$name: a model fails");
        diag($half_ended->[1]);
        last;
    }
    ok($count > 0, "$name: there are models");
}

# A model that does something wrong must be seen.
sub faulty {
    my ($name, $fault, $scenario, $what) = @_;
    my ($status, $output) = finish(start("$BUILD/model_$name --fault $fault --only '$scenario'"));
    ok($status == 1 && $output =~ /^not ok/m, "$name: seen: $what") or diag($output);
}

my @programs = grep { -x && !/\.o$/ } sort glob("$BUILD/model_*");
if (-e '/usr/include/relacy/relacy.hpp') {
    is(scalar @programs, scalar(my @sources = glob('tests/model/model_*.c')),
        'the models are built (make build-model)');
    play($_) for @programs;
    faulty('request', 1, 'requests, late calls, exchange', 'no grace before records go back');
    faulty('request', 1, 'requests, late calls, membarrier', 'the same with membarrier');
    faulty('request', 2, 'requests, stacks', 'no count of takings on the free stack');
    faulty('request', 3, 'requests, late calls, exchange', 'a grace before the marks');
    my ($status, $output) = finish(start('tests/model/mutate.pl --iterations 200000'));
    my ($summary) = $output =~ /^(?:not )?ok 1 - (.*)$/m;
    ok($status == 0, 'weakened orders: ' . ($summary // 'no answer')) or diag($output);
} else {
    missing('relacy');
}

# ---- spin ----------------------------------------------------------------------------------------

# Every state of the protocol, or one that is wrong.
sub explore {
    my ($flags) = @_;
    my $directory = "$BUILD/spin";
    my $reduce = $flags =~ /HANDLER/ ? '-DNOREDUCE' : '';
    make_path($directory);
    return finish(start("cd $directory && spin $flags -a ../../../tests/model/close.pml && "
        . "cc -O1 -w -DSAFETY -DNOCLAIM $reduce pan.c -o pan && ./pan -m100000"));
}

sub explored {
    my ($flags, $what) = @_;
    my ($status, $output) = explore($flags);
    my ($states) = $output =~ /(\d+) states, stored/;
    ok($status == 0 && $output =~ /errors: 0/ && $output !~ /search not completed|max search depth/i,
        "spin: $what, " . ($states // 'no') . ' states') or diag($output);
}

sub must_fail {
    my ($flags, $what) = @_;
    my (undef, $output) = explore($flags);
    ok($output =~ /assertion violated/, "spin: seen: $what") or diag($output);
}

if (grep { -x "$_/spin" } split /:/, $ENV{PATH}) {
    explored('', 'two threads, their heirs and a close');
    explored('-DHANDLER', 'a thread, its signal handler and a close');
    must_fail('-DFAULT=1', 'no second look at the ticket when a thread attaches');
    must_fail('-DFAULT=2', 'no busy flag');
    must_fail('-DFAULT=3', 'tickets are not taken away');
    must_fail('-DFAULT=4', 'no grace');
    must_fail('-DFAULT=5', 'no first look at the ticket when a thread attaches');
    must_fail('-DFAULT=6', 'no busy flag while a thread ends');
    must_fail('-DHANDLER -DFAULT=7', 'a signal handler does not look at the busy flag');
} else {
    missing('spin');
}

done_testing();

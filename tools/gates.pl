#!/usr/bin/env perl
# Runs make targets as gates, one after the other or, where they use one processor each, some at
# once: TAP on standard output, kept in build/tap/, and each one's own output in build/gates/.
#
#   tools/gates.pl [--at-once N] NAME TARGET...
#
# A target that prints a line "SKIP: why" is skipped by name; where LLMOBS_CI is set, that fails.
use strict;
use warnings;
use File::Path qw(make_path);
use Getopt::Long;

use constant { BEFORE => 2, AFTER => 8, TAIL => 60, MOST => 400, FIRST => 12 }; # rows

# What a failure looks like in the words of TAP, prove, run_test.pl, sanitizers, compilers, make.
my $MATTERS = qr/^\s*not\ ok\b | \bERROR: | WARNING:\ ThreadSanitizer | runtime\ error
    | ^\s*Failed\b | \bDubious\b | \bWstat\b | SUMMARY | Bail\ out | \berror: | ^make.*\*\*\*
    | seconds\ were\ not\ enough/x;
my $COMMAND = qr{^(?:setarch\ -R\ )?(?:\S*/)?(?:gcc|g\+\+|cc|c\+\+|clang|clang\+\+)(?:-\d+)?\s+-};

my $at_once = 1;
GetOptions('at-once=i' => \$at_once) or die "usage: gates.pl [--at-once N] NAME TARGET...\n";
my ($name, @targets) = @ARGV;
die "usage: gates.pl [--at-once N] NAME TARGET...\n" if !@targets;
make_path('build/tap', 'build/gates');
open(my $tap, '>', "build/tap/$name.tap") or die "build/tap/$name.tap: $!\n";
$| = 1;
my $failed = 0;

sub say_both { my ($text) = @_; print $text; print {$tap} $text; }

# Of a gate that failed: the first rows that say what went wrong, in short, then every one of them
# with some around it, then the end. Commands of the compiler say nothing.
sub excerpt
{
    my @rows = grep { $_ !~ $COMMAND } @_;
    my @first = grep { $_ =~ $MATTERS && $_ !~ /# TODO/ } @rows;
    splice(@first, FIRST) if @first > FIRST;
    my $tail = @rows > TAIL ? @rows - TAIL : 0;
    my (%near, @told);
    for my $at (grep { $rows[$_] =~ $MATTERS && $rows[$_] !~ /# TODO/ } 0 .. $tail - 1) {
        $near{$_} = 1 for $at - BEFORE .. $at + AFTER;
    }
    my @shown = grep { $near{$_} } 0 .. $tail - 1;
    splice(@shown, MOST) if @shown > MOST;
    my $next = 0;
    for my $at (@shown, $tail .. $#rows) {
        push @told, "[...]\n" if $at != $next;
        push @told, $rows[$at];
        $next = $at + 1;
    }
    return (@first, "[...]\n", @told);
}

# Begins a gate: its process.
sub start
{
    my ($target) = @_;
    my $child = fork() // die "fork: $!\n";
    return $child if $child != 0;
    exec('/bin/sh', '-c', "exec \${MAKE:-make} --no-print-directory $target "
        . ">build/gates/$target.log 2>&1 </dev/null");
    exit(127);
}

# What a gate that has ended came to.
sub report
{
    my ($number, $target, $status, $seconds) = @_;
    open(my $in, '<', "build/gates/$target.log") or die "build/gates/$target.log: $!\n";
    my @rows = <$in>;
    close($in);
    my ($skip) = map { /^SKIP: (.*)/ ? $1 : () } @rows;
    my $passed = $status == 0 && !(defined $skip && $ENV{LLMOBS_CI});
    $failed++ if !$passed;
    say_both(sprintf("%s %d - %s (%d s)%s\n", $passed ? 'ok' : 'not ok', $number, $target,
        $seconds, defined $skip ? " # SKIP $skip" : ''));
    my @told = $passed ? grep { /^# / } @rows : excerpt(@rows);
    print map { "#   $_" } map { s/^# //r } @told;
}

say_both('1..' . scalar(@targets) . "\n");
my (%running, $number);
my @waiting = @targets;
while (@waiting || %running) {
    while (@waiting && keys(%running) < $at_once) {
        my $target = shift @waiting;
        $running{ start($target) } = [ $target, time() ];
    }
    my $child = wait();
    my ($status, $ended) = ($?, delete $running{$child});
    report(++$number, $ended->[0], $status, time() - $ended->[1]) if $ended;
}
close($tap);
exit($failed ? 1 : 0);

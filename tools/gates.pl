#!/usr/bin/env perl
# Runs make targets as gates, one after the other: TAP on standard output, kept in build/tap/, and
# each one's own output in build/gates/.
#
#   tools/gates.pl NAME TARGET...
#
# A target that prints a line "SKIP: why" is skipped by name; where LLMOBS_CI is set, that fails.
use strict;
use warnings;
use File::Path qw(make_path);

use constant { BEFORE => 2, AFTER => 8, TAIL => 60, MOST => 400 }; # rows

# What a failure looks like in the words of TAP, prove, run_test.pl, sanitizers, compilers, make.
my $MATTERS = qr/^\s*not\ ok\b | \bERROR: | WARNING:\ ThreadSanitizer | runtime\ error
    | ^\s*Failed\b | \bDubious\b | \bWstat\b | SUMMARY | Bail\ out | \berror: | ^make.*\*\*\*
    | seconds\ were\ not\ enough/x;
my $COMMAND = qr{^(?:setarch\ -R\ )?(?:\S*/)?(?:gcc|g\+\+|cc|c\+\+|clang|clang\+\+)(?:-\d+)?\s+-};

my ($name, @targets) = @ARGV;
die "usage: gates.pl NAME TARGET...\n" if !@targets;
make_path('build/tap', 'build/gates');
open(my $tap, '>', "build/tap/$name.tap") or die "build/tap/$name.tap: $!\n";
$| = 1;
my $failed = 0;

sub say_both { my ($text) = @_; print $text; print {$tap} $text; }

# Of a gate that failed: first every row that says what went wrong, with some around it, then the
# end. Commands of the compiler say nothing.
sub excerpt
{
    my @rows = grep { $_ !~ $COMMAND } @_;
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
    return @told;
}

say_both('1..' . scalar(@targets) . "\n");
for my $index (0 .. $#targets) {
    my $target = $targets[$index];
    my $log = "build/gates/$target.log";
    my $start = time();
    my $status = system("\${MAKE:-make} --no-print-directory $target >$log 2>&1 </dev/null");
    my $seconds = time() - $start;
    open(my $in, '<', $log) or die "$log: $!\n";
    my @rows = <$in>;
    close($in);
    my ($skip) = map { /^SKIP: (.*)/ ? $1 : () } @rows;
    my $passed = $status == 0 && !(defined $skip && $ENV{LLMOBS_CI});
    $failed++ if !$passed;
    say_both(sprintf("%s %d - %s (%d s)%s\n", $passed ? 'ok' : 'not ok', $index + 1, $target,
        $seconds, defined $skip ? " # SKIP $skip" : ''));
    my @told = $passed ? grep { /^# / } @rows : excerpt(@rows);
    print map { "#   $_" } map { s/^# //r } @told;
}
close($tap);
exit($failed ? 1 : 0);

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

my ($name, @targets) = @ARGV;
die "usage: gates.pl NAME TARGET...\n" if !@targets;
make_path('build/tap', 'build/gates');
open(my $tap, '>', "build/tap/$name.tap") or die "build/tap/$name.tap: $!\n";
$| = 1;
my $failed = 0;

sub say_both { my ($text) = @_; print $text; print {$tap} $text; }

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
    my @told = $passed ? grep { /^# / } @rows : @rows > 60 ? @rows[ -60 .. -1 ] : @rows;
    print map { "#   $_" } map { s/^# //r } @told;
}
close($tap);
exit($failed ? 1 : 0);

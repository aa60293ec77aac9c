#!/usr/bin/env perl
# Runs one test for prove, keeps what it says in build/tap/, and ends it when it hangs.
#
#   prove --exec tools/run_test.pl build/tests/test_span tests/lint.t
#
# LLMOBS_TAP names another directory to keep it in, LLMOBS_RUNNER a command to run programs with,
# LLMOBS_SECONDS gives it more time than SECONDS.
use strict;
use warnings;
use File::Basename qw(basename);
use File::Path qw(make_path);

use constant SECONDS => 600;
my $seconds = $ENV{LLMOBS_SECONDS} // SECONDS;

my ($test, @arguments) = @ARGV;
die "usage: run_test.pl PROGRAM\n" if !defined $test;
my $directory = $ENV{LLMOBS_TAP} // 'build/tap';
make_path($directory);
my $file = "$directory/" . basename($test) . '.tap';
open(my $tap, '>', $file) or die "$file: $!\n";
$| = 1;
$tap->autoflush(1);

my @command = $test =~ /\.t$/ ? ($^X, $test) : (split(' ', $ENV{LLMOBS_RUNNER} // ''), $test);
pipe(my $in, my $out) or die "pipe: $!\n";
my $child = fork() // die "fork: $!\n";
if ($child == 0) {
    setpgrp(0, 0);
    close($in);
    open(STDOUT, '>&', $out) or die "stdout: $!\n";
    exec(@command, @arguments) or print "Bail out! $test: $!\n";
    exit(127);
}
close($out);

my ($count, $failed, $timed_out) = (0, 0, 0);
local $SIG{ALRM} = sub { $timed_out = 1; kill('KILL', -$child) };
alarm($seconds);
while (defined(my $row = <$in>)) {
    # Of this test alone: the others go on. (An emulator that fails says it in these words, too.)
    $row =~ s/^Bail out!/'not ok ' . ($count + 1) . ' - bailed out:'/e;
    print $row;
    print {$tap} $row;
    $count++ if $row =~ /^(?:not )?ok\b/;
    $failed++ if $row =~ /^not ok\b/ && $row !~ /# TODO/;
}
waitpid($child, 0);
my $status = $?;
alarm(0);

# What only the exit status says is said in the record as well, so that it can be read again.
if ($timed_out) {
    print "# $test: $seconds seconds were not enough\n";
    print {$tap} "# $seconds seconds were not enough\n";
}
if ($status != 0 && !$failed) {
    print {$tap} 'not ok ', $count + 1, " - $test ended with status $status\n";
}
close($tap) or die "$file: $!\n";
exit($status == 0 ? 0 : $status >> 8 || 128 + ($status & 127));

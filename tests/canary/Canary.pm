# What the canary tests share: the canaries that tests/canary.h makes, and all the places in which
# they are looked for while a program runs and when it has ended.
package Canary;
use strict;
use warnings;
no warnings 'portable'; # numbers of 64 bits
use File::Find ();
use File::Path qw(make_path remove_tree);
use FindBin;
use Gate;
use IPC::Open3;
use Sections;

use constant COUNT => 1000;

# ---- canaries -----------------------------------------------------------------------------------

sub times64 { use integer; return $_[0] * $_[1] }
sub plus64 { use integer; return $_[0] + $_[1] }

sub canary {
    my ($seed, $number) = @_;
    my $z = plus64($seed, times64($number + 1, 0x9e3779b97f4a7c15));
    $z = times64(($z & ~0) ^ (($z & ~0) >> 30), 0xbf58476d1ce4e5b9);
    $z = times64(($z & ~0) ^ (($z & ~0) >> 27), 0x94d049bb133111eb);
    $z = ($z & ~0) ^ (($z & ~0) >> 31);
    return sprintf('cnry%016x', $z);
}

# By their first eight digits, so that one that was cut is found, too.
sub canaries {
    my ($seed) = @_;
    return { map { substr(canary($seed, $_), 4, 8) => $_ } 0 .. COUNT - 1 };
}

# ---- looking for them ---------------------------------------------------------------------------

# Where canaries stand in a text: "place: canary NUMBER". Without a list of them whatever looks like
# one is one, and has no number.
sub found {
    my ($canaries, $place, $text) = @_;
    my %hits;
    while ($text =~ /cnry([0-9a-f]{8})/g) {
        $hits{ $canaries->{$1} // '' }++ if !%$canaries || exists $canaries->{$1};
    }
    return map { "$place: canary" . ($_ ne '' ? " $_" : '') } sort keys %hits;
}

sub found_in_file {
    my ($canaries, $place, $file, $keys) = @_;
    my (@hits, $rest) = ();
    $rest = '';
    open(my $in, '<:raw', $file) or return "$place: can't be read";
    while (read($in, my $part, 1 << 22)) {
        my $text = $rest . $part;
        push @hits, found($canaries, $place, $text);
        push @hits, map { "$place: a key" } grep { index($text, $_) >= 0 } @{ $keys // [] };
        $rest = substr($text, -32);
    }
    return @hits;
}

sub found_in_directory {
    my ($canaries, $directory) = @_;
    my @hits;
    File::Find::find({ no_chdir => 1, wanted => sub {
        push @hits, found($canaries, 'name of a file', $File::Find::name);
        push @hits, found_in_file($canaries, $_ =~ s{.*/}{}r, $_) if -f $_;
    } }, $directory);
    return @hits;
}

# All that a process can be asked for without stopping it.
sub found_in_proc {
    my ($canaries, $process) = @_;
    my @hits;
    my @files = qw(cmdline environ maps comm task/*/comm);
    for my $file (map { glob } map { "/proc/$process/$_" } @files) {
        push @hits, found_in_file($canaries, $file =~ s{.*/\d+/}{}r, $file);
    }
    return @hits;
}

# Its memory, mapping by mapping; undef where the system does not show it.
sub found_in_memory {
    my ($canaries, $process) = @_;
    my (@hits, $bytes) = ();
    open(my $memory, '<:raw', "/proc/$process/mem") or return undef;
    for my $line (split /\n/, Sections::read_file("/proc/$process/maps")) {
        my ($from, $to, $name) = $line =~ /^(\w+)-(\w+) r\S+ \S+ \S+ \S+\s*(.*)/ or next;
        next if $name =~ /^\[v/;
        my ($place, $end) = (hex($from), hex($to));
        my $rest = '';
        while ($place < $end) {
            my $size = $end - $place < 1 << 22 ? $end - $place : 1 << 22;
            sysseek($memory, $place, 0) && sysread($memory, my $part, $size) or last;
            push @hits, found($canaries, $name eq '' ? 'memory' : "memory, $name", $rest . $part);
            $rest = substr($part, -32);
            $bytes += length($part);
            $place += length($part);
        }
    }
    return $bytes ? \@hits : undef;
}

my $have_gcore = Gate::in_path('gcore');

sub found_in_core {
    my ($canaries, $directory, $process, $keys) = @_;
    my ($status) = Gate::run("gcore -o $directory/core $process");
    my $core = "$directory/core.$process";
    return undef if $status != 0 || !-s $core;
    my @hits = found_in_file($canaries, 'core', $core, $keys);
    unlink($core);
    return \@hits;
}

# ---- running a program --------------------------------------------------------------------------

# Runs a program to its end and returns all places in which canaries were found. It says "ready" and
# "closed", and waits each time until it was looked at (tests/canary.h). %with has: command, a list;
# canaries, see found; directory, for what is noted here; out, the directory in which it writes, new
# and empty; skipped, which gets what could not be looked at; cores, the waits at which a core is
# taken; told, a sub that gets each line that the program says; instances, how many it closes, one
# where that is not said.
sub leaks_of {
    my (%with) = @_;
    my ($canaries, $directory) = @with{qw(canaries directory)};
    my %cores = map { $_ => 1 } @{ $with{cores} // [ 'ready', 'closed' ] };
    remove_tree($with{out});
    make_path($with{out});
    open(my $errors, '>', "$directory/stderr") or die "stderr: $!\n";
    my $process = open3(my $in, my $from, '>&' . fileno($errors), @{ $with{command} });
    my (@hits, @keys, @waits);
    while (my $line = <$from>) {
        push @hits, found($canaries, 'stdout', $line);
        push @keys, pack('H*', $1) if $line =~ /^key ([0-9a-f]+)$/;
        $with{told}->($line, $process) if $with{told};
        next if $line !~ /^(ready|closed)$/;
        push @waits, $1;
        push @hits, found_in_proc($canaries, $process);
        my $memory = found_in_memory($canaries, $process);
        push @hits, map { "$_, $waits[-1]" } @{ $memory // [] };
        $with{skipped}{'/proc/<pid>/mem'} = 1 if !defined $memory;
        if ($cores{ $waits[-1] }) {
            my $core =
                $have_gcore ? found_in_core($canaries, $directory, $process, \@keys) : undef;
            push @hits, @{ $core // [] };
            $with{skipped}{gcore} = 1 if !defined $core;
        }
        print {$in} "\n";
        $in->flush();
    }
    waitpid($process, 0);
    push @hits, "ended with $?" if $? != 0;
    push @hits, 'did not wait to be looked at'
        if "@waits" ne join(' ', ('ready', 'closed') x ($with{instances} // 1));
    push @hits, found_in_file($canaries, 'stderr', "$directory/stderr");
    push @hits, found_in_directory($canaries, $with{out});
    return @hits;
}

1;

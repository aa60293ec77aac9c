#!/usr/bin/env perl
# Texts that must not leave: programs get a thousand canaries each, and then they are looked for in
# all that was written, in /proc, in memory and in a core. Builds that leak on purpose are seen.
#
#   tests/canary.t [PROGRAM ...]    programs that take DIRECTORY SEED and use tests/canary.h
use strict;
use warnings;
no warnings 'portable'; # numbers of 64 bits
use FindBin;
use lib "$FindBin::Bin/../tools";
use File::Find ();
use File::Path qw(make_path);
use Gate;
use IPC::Open3;
use Sections;
use Symbol qw(gensym);
use Test::More;

use constant CANARIES => 1000;

my $directory = Gate::scratch();

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
    return { map { substr(canary($seed, $_), 4, 8) => $_ } 0 .. CANARIES - 1 };
}

# ---- looking for them ---------------------------------------------------------------------------

# Where canaries stand in a text: "place: number".
sub found {
    my ($canaries, $place, $text) = @_;
    my %hits;
    $hits{ $canaries->{$1} }++ while $text =~ /cnry([0-9a-f]{8})/g and exists $canaries->{$1};
    return map { "$place: canary $_" } sort { $a <=> $b } keys %hits;
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
    my ($canaries, $process, $keys) = @_;
    my ($status) = Gate::run("gcore -o $directory/core $process");
    my $core = "$directory/core.$process";
    return undef if $status != 0 || !-s $core;
    my @hits = found_in_file($canaries, 'core', $core, $keys);
    unlink($core);
    return \@hits;
}

# ---- running a program --------------------------------------------------------------------------

# Runs it to its end and returns all places in which canaries were found; what could not be looked
# at is told in %$skipped.
sub leaks_of {
    my ($program, $skipped) = @_;
    my $seed = int(rand(1 << 30)) + 1;
    my $canaries = canaries($seed);
    my $out = "$directory/out";
    Gate::run("rm -rf $out");
    make_path($out);
    open(my $errors, '>', "$directory/stderr") or die "stderr: $!\n";
    my $process = open3(my $in, my $from, '>&' . fileno($errors), $program, $out, $seed);
    my (@hits, @keys, @waits);
    while (my $line = <$from>) {
        push @hits, found($canaries, 'stdout', $line);
        push @keys, pack('H*', $1) if $line =~ /^key ([0-9a-f]+)$/;
        next if $line !~ /^(ready|closed)$/;
        push @waits, $1;
        push @hits, found_in_proc($canaries, $process);
        my $memory = found_in_memory($canaries, $process);
        push @hits, map { "$_, $1" } @{ $memory // [] };
        $skipped->{'/proc/<pid>/mem'} = 1 if !defined $memory;
        my $core = $have_gcore ? found_in_core($canaries, $process, \@keys) : undef;
        push @hits, @{ $core // [] };
        $skipped->{gcore} = 1 if !defined $core;
        print {$in} "\n";
        $in->flush();
    }
    waitpid($process, 0);
    push @hits, "ended with $?" if $? != 0;
    push @hits, 'did not wait to be looked at' if "@waits" ne 'ready closed';
    push @hits, found_in_file($canaries, 'stderr', "$directory/stderr");
    File::Find::find({ no_chdir => 1, wanted => sub {
        push @hits, found($canaries, 'name of a file', $File::Find::name);
        push @hits, found_in_file($canaries, $_ =~ s{.*/}{}r, $_) if -f $_;
    } }, $out);
    return @hits;
}

# The one that a request under way holds back, until it is over; see tests/canary/service.c.
my $HELD = qr/^(?:memory: canary 999, ready|core: canary 999)$/;

sub is_tight {
    my ($program, $what) = @_;
    my %skipped;
    my @hits = grep { $_ !~ $HELD } leaks_of($program, \%skipped);
    is_deeply(\@hits, [], $what);
    for my $part ('/proc/<pid>/mem', 'gcore') {
        if (!$skipped{$part}) { pass("... $part was looked at") }
        else { SKIP: { skip("$what: $part can't be looked at here", 1) } }
    }
    return;
}

# ---- the whole ----------------------------------------------------------------------------------

if (@ARGV) {
    is_tight($_, $_) for @ARGV;
    done_testing();
    exit;
}

is(canary(1, 0), 'cnry910a2dec89025cc1', 'the script makes the canaries that programs make');

sub built {
    my ($name, $flags) = @_;
    my $program = "$directory/$name";
    Gate::runs(Gate::cc() . " -std=gnu11 $flags -Wall -Wextra -I. tests/canary/service.c "
        . "-o $program -pthread -lm", "$name is built", 1) or return;
    return $program;
}

for my $level (qw(-O0 -O2)) {
    my $program = built("service$level", $level) or next;
    is_tight($program, "a service of $level leaks nothing");
    my $files = join(' ', map { s{.*/}{}r } sort glob("$directory/out/*"));
    is($files, 'metrics.txt requests.jsonl trace.json traces.jsonl',
        'which has written what it should');
    my $traces = Sections::read_file("$directory/out/traces.jsonl");
    my %seen = map { $_ => 1 } $traces =~ /hmac-sha256:run-[0-9a-f]{8}:[0-9a-f]{32}/g;
    ok(keys %seen > 400, keys(%seen) . ' pseudonyms in the traces');
    my $metrics = Sections::read_file("$directory/out/metrics.txt");
    my $users = () = $metrics =~ /^llm_tokens_total\{.*user_id="[0-9a-f]{32}"/mg;
    ok($users > 150, "$users users in the metrics");
    like(Sections::read_file("$directory/stderr"), qr/credentials/, 'headers were noted');
}

my %leaks = (1 => qr/^traces\.jsonl: canary 500$/, 2 => qr/^memory.*: canary 500, closed$/,
    3 => qr/^stderr: canary 500$/, 4 => qr/^metrics\.txt: canary 500$/,
    5 => qr/^name of a file: canary 500$/);
for my $leak (sort keys %leaks) {
    my $program = built("leak_$leak", "-O1 -DCANARY_LEAK=$leak") or next;
    my %skipped;
    my @hits = leaks_of($program, \%skipped);
    SKIP: {
        skip('memory can\'t be looked at here', 1) if $leak == 2 && $skipped{'/proc/<pid>/mem'};
        ok(scalar(grep { $_ =~ $leaks{$leak} } @hits), "leak $leak is seen") or diag("@hits");
    }
}

done_testing();

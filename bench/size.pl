#!/usr/bin/env perl
# How much machine code a program takes of the library: bench/size.c, linked so that what it does not
# use is dropped. .text alone stands in the lines; what `size` calls text, with constants and tables
# for unwinding, stands beside it.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../tools";
use Gate;
use Sections;

my $sections = Sections::load('.');
my @options = Sections::options($sections);
my @pillars = Sections::pillars($sections);
my $short = 0;

sub defines { return join(' ', map { "-D$_" } @_) }

# The bytes of machine code of a file, and of all that is only read.
sub code_of {
    my ($file) = @_;
    my $sections = `size -A $file`;
    my $text = 0;
    $text += $1 while $sections =~ /^\.text\S*\s+(\d+)/mg;
    my ($all) = `size $file` =~ /^\s*(\d+)/m;
    return ($text, $all);
}

sub report {
    my ($name, $file, $target) = @_;
    my ($text, $all) = map { $_ / 1000 } code_of($file);
    my $verdict = !defined $target ? '' : $text <= $target ? 'ok' : 'short';
    $short++ if $verdict eq 'short';
    printf("%s\t%.0f\tkB\t%s\t%s\n", $name, $text, $target // '', $verdict);
    printf("# with constants and unwinding: %.0f kB\n", $all);
}

sub build {
    my ($name, $flags, $source) = @_;
    my $file = "build/size/$name";
    my $link = $source ? "-c $source" : '-Wl,--gc-sections bench/size.c';
    my ($status, $output) = Gate::run(Gate::cc() . " -std=gnu11 -O2 -ffunction-sections "
        . "-fdata-sections $flags -I. $link -o $file -pthread -lm");
    die "$name can't be built:\n$output" if $status != 0;
    die "$name does not run\n" if !$source && (Gate::run($file))[0] != 0;
    return $file;
}

if (!Gate::in_path('size')) {
    print "SKIP: size not found\n";
    exit 0;
}
mkdir($_) for grep { !-d } 'build', 'build/size';
my $slim = defines(@options, @pillars);
my $engine = defines(grep { !/REQUESTS|SHA256/ } @options, @pillars);
report('everything', build('everything.o', '', 'tests/compile/implementation.c'), 250);
report('spans and metrics, as they are', build('whole', '-DLLMOBS_STATIC'));
report('an engine: requests, spans, metrics', build('engine', "-DSIZE_REQUESTS -DLLMOBS_STATIC $engine"));
report('spans, metrics, Prometheus text', build('text', "-DLLMOBS_STATIC $slim"));
report('spans and metrics', build('slim', "-DSIZE_NO_TEXT -DLLMOBS_STATIC $slim"), 80);
print "# $short short of the target\n" if $short > 0;

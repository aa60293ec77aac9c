#!/usr/bin/env perl
# Each example builds without a warning, in C and in C++, and runs; the first program is one text.
use strict;
use warnings;
use File::Basename qw(basename);
use FindBin;
use lib "$FindBin::Bin/../tools";
use Gate;
use Sections;
use Test::More;

my $directory = Gate::scratch();
my $cc = Gate::cc() . " -std=c11 $Gate::C_FLAGS -O1 -I$Gate::ROOT -pthread";
my @examples = sort glob('examples/*.c');
ok(scalar @examples, 'there are examples');

for my $file (@examples) {
    my $name = basename($file, '.c');
    my $lines = Sections::read_file($file) =~ tr/\n//;
    ok($lines <= 80, "$file has $lines lines, 80 at most");
    Gate::runs("$cc $file -o $directory/$name -lm", "$file builds", 1);
    Gate::runs("cd $directory && timeout 60 ./$name", "$file runs");
}

if (Gate::have_cxx()) {
    for my $file (@examples) {
        Gate::runs(Gate::cxx() . " -x c++ -std=c++17 -Wall -Wextra -Werror -fsyntax-only -I. $file",
            "$file is C++ as well", 1);
    }
}

# The first program: the same text in the manual, in README.md and in examples/.
my $program = Sections::program_text(Sections::read_file('examples/quickstart.c'));
like($program, qr/\bmain\b/, 'examples/quickstart.c is a program');
my ($chapter) = Sections::read_file('llmobs.h') =~ /^>>quickstart[^\n]*\n\n(.*?)\n^>>/ms;
is(($chapter // '') =~ s/^    //mgr, $program, 'the manual has the text of examples/quickstart.c');
my ($block) = Sections::read_file('README.md') =~ /<!-- quickstart -->\s*```c\n(.*?)```/s;
is(Sections::program_text($block // ''), $program,
    'README.md has it too, after its <!-- quickstart --> mark');

done_testing();

#!/usr/bin/env perl
# The ways to build and link it, each of them run.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../tools";
use Gate;
use Sections;
use Test::More;

my $directory = Gate::scratch();
my $flags = "-O0 $Gate::OUTLINE -Wall -Wextra -Werror -pthread";
my $cc = Gate::cc() . " $flags";
my $cxx = Gate::cxx() . " $flags";
my $compile = 'tests/compile';

# Declarations in one file, the implementation in another.
my $c_object = Gate::implementation(Gate::cc(), 'c', '-O0');
Gate::runs("$cc -std=c11 $compile/shared_user.c $c_object -o $directory/two_files",
    'C user, C implementation');
Gate::runs("$directory/two_files", 'and it runs');

if (Gate::have_cxx()) {
    my $cxx_object = Gate::implementation(Gate::cxx(), 'c++', '-O0');
    ok(-e $cxx_object, 'the implementation compiled as C++');
    Gate::runs("$cc -std=c11 -c $compile/shared_user.c -o $directory/user.o", 'its user as C');
    Gate::runs("$cxx $directory/user.o $cxx_object -o $directory/mixed", 'linked together');
    Gate::runs("$directory/mixed", 'and it runs');

    Gate::runs("$cc -std=c11 -c $compile/copy_c.c -o $directory/copy_c.o", 'a private copy in C');
    Gate::runs("$cxx -std=c++11 -c $compile/copy_cxx.cc -o $directory/copy_cxx.o",
        'a private copy in C++');
    Gate::runs("$cc -std=c11 -c $compile/two_copies.c -o $directory/main.o", 'their user');
    my $objects = join(' ', map { "$directory/$_.o" } qw(main copy_c copy_cxx));
    Gate::runs("$cxx $objects -o $directory/copies", 'linked together');
    Gate::runs("$directory/copies", 'and both run');

    Gate::runs("$cxx -x c++ -std=c++11 -DLLMOBS_DISABLE -DLLMOBS_IMPLEMENTATION "
        . "$compile/disabled.c -o $directory/disabled_cxx", 'LLMOBS_DISABLE in C++');
    Gate::runs("$directory/disabled_cxx", 'and it runs');
}

Gate::runs("$cc -std=c11 -DLLMOBS_DISABLE -DLLMOBS_IMPLEMENTATION $compile/disabled.c "
    . "-o $directory/disabled", 'LLMOBS_DISABLE');
Gate::runs("$directory/disabled", 'runs: open gives NULL, arguments are evaluated');

# Strict ISO C, when the header comes too late to ask libc for more.
Gate::runs("$cc -std=c11 -pedantic $compile/shared_user.c $compile/after_stdio.c "
    . "-o $directory/after_stdio", 'strict C11, after <stdio.h>');
Gate::runs("$directory/after_stdio", 'and it runs');

# Every function that is declared is there, also with parts left out.
my $sections = Sections::load('.');
for my $option ('', Sections::options($sections)) {
    my @names = map { $_->{name} } map { Sections::functions($_->{api}) }
        grep { $option eq '' || ($_->{option} // '') ne $option } @$sections;
    my $rows = join('', map { "    (any_function)$_,\n" } @names);
    my $file = Gate::write_file("$directory/all$option.c",
        "#define LLMOBS_IMPLEMENTATION\n#include \"llmobs.h\"\n#include \"$compile/life.h\"\n"
        . "typedef void (*any_function)(void);\n"
        . "static const volatile any_function functions[] = {\n$rows};\n"
        . <<'END');
int main(void)
{
    size_t i;
    for (i = 0; i < sizeof functions / sizeof *functions; i++) {
        if (functions[i] == NULL) {
            return 1;
        }
    }
    return life() == 2 ? 0 : 2;
}
END
    my $flag = $option eq '' ? '' : "-D$option";
    my $what = $option eq '' ? 'whole' : $option;
    Gate::runs("$cc -std=c11 -I. $flag $file -o $directory/all$option",
        "$what: all " . @names . ' functions link');
    Gate::runs("$directory/all$option", "$what: and a life runs");
}

# Who forgets an option in one file gets functions that are not there, or their like; never a struct
# of another size.
sub sizes_of {
    my ($option) = @_;
    my $flag = $option eq '' ? '' : "-D$option";
    my $header = `$cc -std=c11 -I. $flag -E llmobs.h`;
    my @structs = $header =~ /^\} (llmobs_\w+);/mg;
    my $rows = join('', map { "    printf(\"$_ %zu\\n\", sizeof($_));\n" } @structs);
    my $file = Gate::write_file("$directory/sizes.c",
        "#include \"llmobs.h\"\n#include <stdio.h>\nint main(void)\n{\n$rows    return 0;\n}\n");
    system("$cc -std=c11 -I. $flag $file -o $directory/sizes") == 0 or return ();
    return map { split / / } split /\n/, `$directory/sizes`;
}
my %sizes = sizes_of('');
ok(keys %sizes > 100, scalar(keys %sizes) . ' types');
for my $option (Sections::options($sections)) {
    my %left = sizes_of($option);
    my @other = grep { $left{$_} != ($sizes{$_} // -1) } sort keys %left;
    ok(keys %left > 90 && @other == 0, "$option: " . keys(%left) . " types, as large as without")
        or diag("@other");
}

# Pillars left out: off whatever the config says, and their calls inert.
my @pillars = map { "-D$_" } Sections::pillars($sections);
Gate::runs("$cc -std=c11 -I. @pillars $compile/left_out.c -o $directory/left_out",
    "without pillars: @pillars");
Gate::runs("$directory/left_out", 'what is left out is off');

done_testing();

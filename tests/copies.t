#!/usr/bin/env perl
# Several copies of the library in one process: a program with one, shared objects with theirs, in C
# and C++, loaded so that others see their symbols and so that none does. Each is by itself.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../tools";
use Gate;
use Test::More;

my $directory = Gate::scratch();
my $cc = Gate::cc() . ' -std=c11 -O0 -Wall -Wextra -Werror';
my $compile = 'tests/compile';
my %object = ('c' => Gate::implementation(Gate::cc(), 'c', "-O0 $Gate::OUTLINE -fPIC"));
$object{'c++'} = Gate::implementation(Gate::cxx(), 'c++', "-O0 $Gate::OUTLINE -fPIC")
    if Gate::have_cxx() && $ENV{LLMOBS_WHOLE};

my @plugins;
for my $plugin ([ 'a', 'c' ], [ 'b', 'c' ], [ 'c', 'c++' ], [ 'd', 'c++' ]) {
    my ($name, $language) = @$plugin;
    next if !$object{$language};
    my $command = $language eq 'c' ? $cc : Gate::cxx() . ' -x c++ -std=c++11 -Wall -Wextra -Werror';
    my $link = $language eq 'c' ? Gate::cc() : Gate::cxx();
    Gate::runs("$command -fPIC -c $compile/plugin.c -o $directory/$name.o && "
        . "$link -shared $directory/$name.o $object{$language} -o $directory/$name.so -pthread",
        "$name.so, a plugin in $language", 1);
    push @plugins, "./$name.so";
}

# The program's own copy is in C++ where that is, and all that it has is to be seen (-rdynamic).
my ($link, $own) = Gate::have_cxx()
    ? (Gate::cxx(), Gate::implementation(Gate::cxx(), 'c++', '-O0'))
    : (Gate::cc(), Gate::implementation(Gate::cc(), 'c', '-O0'));
Gate::runs("$cc -c $compile/plugin_host.c -o $directory/host.o && "
    . "$cc -c $compile/plugin.c -o $directory/own.o && "
    . "$link -rdynamic $directory/host.o $directory/own.o $own -o $directory/host -pthread -ldl",
    'a program with a copy of its own', 1);

for my $how ([ 'local' ], [ 'global' ], [ 'local', 'global' ], [ 'global', 'local' ]) {
    my $arguments = join(' ', map { "$how->[$_ % @$how]:$plugins[$_]" } 0 .. $#plugins);
    my ($status, $output) = Gate::run("cd $directory && timeout 60 ./host $arguments");
    is("$status $output", '0 ' . (@plugins + 1) . " copies, 0 failures\n", $arguments);
}

# Not blind: what is one copy, since it is one object, is seen.
my ($status, $output) = Gate::run("cd $directory && timeout 60 ./host local:./a.so local:./a.so");
ok($status == 1 && $output =~ /^copy 2: /m, 'one object that is loaded twice is no second copy')
    or diag($output);

done_testing();

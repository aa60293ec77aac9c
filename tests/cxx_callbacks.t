#!/usr/bin/env perl
# Each callback of the API throws, by a table in tests/compile/throwing.cc: what the implementation,
# compiled as C++, makes of it. A callback that the table does not have fails.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../tools";
use Gate;
use Sections;
use Test::More;

if (!Gate::have_cxx()) {
    plan(skip_all => 'no C++ compiler');
}

# Fields that hold a callback, and functions that take one; those of structs whose fields are
# private are set by a function of theirs.
my $api = Sections::read_file('docs/api.txt');
my %wanted;
while ($api =~ /^field (\w+) \d+: (?:[\w ]+\*? ?\(\*(\w+)\)|llmobs_\w+_fn (\w+))/mg) {
    my $field = $2 // $3;
    $wanted{"$1.$field"} = 1 if $1 !~ /^llmobs_(?:redactor|scanner)$/;
}
$wanted{$1} = 1 while $api =~ /^function (\w+): .*\bllmobs_\w+_fn \w+[,)]/mg;
ok(keys %wanted > 30, keys(%wanted) . ' places take a callback');

$wanted{pthread_cancel} = 1;

my $directory = Gate::scratch();
my $program = "$Gate::ROOT/$directory/throwing";
my $object = Gate::implementation(Gate::cxx(), 'c++', '-O0');
Gate::runs(Gate::cxx() . " -std=c++11 -O0 -Wall -Wextra -Werror -Itests/compile/declared -I. "
    . "tests/compile/throwing.cc $object -o $program -pthread -lm -ldl", 'the table compiles', 1)
    or done_testing(), exit(1);
my ($status, $output) = Gate::run("cd $directory && timeout 300 $program");
my %got = $output =~ /^(\S+)\t(\w+)$/mg;
is_deeply([ sort keys %got ], [ sort keys %wanted ], 'it has every callback, and no other');
is($got{$_} // 'missing', 'contained', "$_ throws") for sort keys %wanted;
is($status, 0, 'and no more') or diag($output);

done_testing();

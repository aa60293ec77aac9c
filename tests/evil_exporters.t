#!/usr/bin/env perl
# tests/test_evil_exporters.c with an implementation that is compiled as C++, where callbacks throw.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../tools";
use Gate;
use Test::More;

if (!Gate::have_cxx()) {
    plan(skip_all => 'no C++ compiler');
}
my $program = Gate::scratch() . '/evil_exporters';
Gate::runs(Gate::cxx() . " -x c++ -std=gnu++17 -O0 -g $Gate::OUTLINE -Wall -Wextra -Werror "
    . "-I$Gate::ROOT -Itests tests/test_evil_exporters.c -o $program -pthread -lm -ldl",
    'it builds as C++', 1);
my ($status, $said) = Gate::run("timeout 300 $program");
is($status, 0, 'evil exporters that throw, too, do no harm')
    or diag(grep { /^not ok|^#/ } map { "$_\n" } split /\n/, $said);
like($said, qr/^ok \d+ - throws$/m, 'one threw');
unlike($said, qr/# SKIP/, 'none was left out');

done_testing();

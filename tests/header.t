#!/usr/bin/env perl
# llmobs.h is what src/ generates, and its contents name its sections.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../tools";
use Gate;
use Sections;
use Test::More;

Gate::runs('tools/amalgamate.pl --check', 'llmobs.h is what src/ generates');

my $header = Sections::read_file('llmobs.h');
my ($manual, $rest) = $header =~ m{\A(/\*.*?\*/\n)(.*)\z}s;
ok(defined $manual, 'the header begins with the manual');

like(join("\n", (split /\n/, $header)[ 0 .. 14 ]), qr/#define LLMOBS_IMPLEMENTATION/,
    'what to do stands in the first 15 lines');

# Tags: the manual's chapters stand in the manual, the sections' banners after it.
my ($contents, $chapters) = $manual =~ /^CONTENTS.*?\n(.*?)^(>>.*)\z/ms;
my %listed;
$listed{$_}++ for $contents =~ />>([\w:]+)/g;
my %marked;
$marked{$_}++ for $chapters =~ /^>>([\w:]+)/mg, $rest =~ /^ \*  >>([\w:]+)/mg;
ok(keys %listed > 20, 'the contents list ' . keys(%listed) . ' tags');
delete $marked{'api:disabled'};
is_deeply([ sort keys %marked ], [ sort keys %listed ], 'tags listed and tags there are the same');
is_deeply([ grep { $listed{$_} > 1 || ($marked{$_} // 0) > 1 } sort keys %listed ], [],
    'each tag is listed once and stands once');

# A change in src/ is noticed.
my $directory = Gate::scratch();
Gate::write_file("$directory/old.h", $header =~ s/LLMOBS_H\n/LLMOBS_H \n/r);
my ($status, $output) = Gate::run("tools/amalgamate.pl --check --output $directory/old.h");
is($status, 1, 'a header that differs is refused');
like($output, qr/line \d+\n.*LLMOBS_H/s, 'and the place is named');

# The API half needs no more than three headers of the compiler.
my ($api) = $rest =~ /^(#ifndef LLMOBS_H\n.*?)^#endif \/\* LLMOBS_H \*\//ms;
is_deeply([ sort $api =~ /^#include\s+(\S+)/mg ], [ '<stdbool.h>', '<stddef.h>', '<stdint.h>' ],
    'the declarations include stdbool, stddef and stdint, nothing else');

done_testing();

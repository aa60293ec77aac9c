#!/usr/bin/env perl
# Lines and branches of llmobs.h that the tests reached, section by section. All programs of a
# directory count together.
#
#   tools/coverage.pl [--gcov gcov] [--lines PERCENT] [--branches PERCENT] [--missing] DIRECTORY
use strict;
use warnings;
use Cwd ();
use FindBin;
use lib $FindBin::Bin;
use Getopt::Long;
use JSON::PP;
use Sections;

my ($gcov, $want_lines, $want_branches, $missing) = ('gcov', 0, 0, 0);
GetOptions('gcov=s' => \$gcov, 'lines=f' => \$want_lines, 'branches=f' => \$want_branches,
    'missing' => \$missing) && @ARGV == 1
    or die "usage: coverage.pl [--gcov gcov] [--lines N] [--branches N] [--missing] DIRECTORY\n";
my ($directory) = @ARGV;

my (%lines, %branches);
for my $data (glob("$directory/*.gcda")) {
    my $name = Cwd::abs_path($data);
    my $report = `$gcov --json-format --branch-probabilities --stdout '$name' 2>/dev/null`;
    next if $report eq '';
    for my $file (@{ decode_json($report)->{files} }) {
        next if $file->{file} !~ m{(?:^|/)llmobs\.h$};
        for my $line (@{ $file->{lines} }) {
            my $number = $line->{line_number};
            $lines{$number} += $line->{count};
            my @counts = map { $_->{count} } grep { !$_->{throw} } @{ $line->{branches} };
            $branches{$number}[$_] += $counts[$_] for 0 .. $#counts;
        }
    }
}
die "coverage.pl: no figures for llmobs.h in $directory\n" if !%lines;

# The section of each line, by its banner.
my ($section, %section_of, @order) = ('');
my $number = 0;
for my $row (split /\n/, Sections::read_file('llmobs.h')) {
    $number++;
    if ($row =~ /^ \*  >>([\w:]+)/) {
        $section = $1;
        push @order, $section;
    }
    $section_of{$number} = $section;
}

my (%total, %reached);
sub count {
    my ($name, $kind, $count) = @_;
    for my $place ($name, '') {
        $total{$place}{$kind}++;
        $reached{$place}{$kind}++ if $count;
    }
}
for my $line (keys %lines) {
    count($section_of{$line}, 'lines', $lines{$line});
    count($section_of{$line}, 'branches', $_) for @{ $branches{$line} // [] };
}

sub share {
    my ($name, $kind) = @_;
    my $all = $total{$name}{$kind} or return 100;
    return 100 * ($reached{$name}{$kind} // 0) / $all;
}

printf("# %-20s %7s %7s %9s %7s\n", 'section', 'lines', '%', 'branches', '%');
for my $name ((grep { $total{$_} } @order), '') {
    printf("# %-20s %7d %7.1f %9d %7.1f\n", $name eq '' ? 'llmobs.h' : $name,
        $total{$name}{lines} // 0, share($name, 'lines'),
        $total{$name}{branches} // 0, share($name, 'branches'));
}
if ($missing) {
    my @text = split /\n/, Sections::read_file('llmobs.h');
    printf("%s:%d: %s\n", $section_of{$_}, $_, $text[ $_ - 1 ])
        for grep { !$lines{$_} } sort { $a <=> $b } keys %lines;
}
my $short = share('', 'lines') < $want_lines || share('', 'branches') < $want_branches;
print "less than $want_lines % of the lines or $want_branches % of the branches\n" if $short;
exit($short ? 1 : 0);

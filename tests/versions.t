#!/usr/bin/env perl
# Two versions of the header in one process, with another layout of what they share, do not meet;
# and recording goes on to the very end of a process, harmlessly.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../tools";
use Gate;
use Test::More;

my $directory = Gate::scratch();
my $compile = 'tests/compile';
my $cc = Gate::cc() . " -std=c11 -O0 -g0 $Gate::OUTLINE -Wall -Wextra -pthread";

# ---- two versions -------------------------------------------------------------------------------

# A later version: another number, and structs that have grown at their beginning.
my $header = Gate::read_file('llmobs.h');
my ($version) = $header =~ /^#define LLMOBS_VERSION_STRING "([^"]+)"$/m;
my $changed = $header =~ s/^#define LLMOBS_VERSION_STRING "\K[^"]+/9.8.7/mr
    =~ s/^#define LLMOBS_VERSION_MAJOR \K\d+/9/mr;
for my $struct (qw(llmobs_config llmobs_outcome llmobs_request_info llmobs_stats llmobs_usage)) {
    # The size stays first: it is how versions tell each other what they know.
    my $size = $struct eq 'llmobs_usage' ? '' : '    size_t size;[^\n]*\n(?:        [^\n]*\n)*';
    ok($changed =~ s/^typedef struct $struct \{\n$size\K/    int64_t of_a_later_version;\n/m,
        "$struct has another layout");
}
Gate::write_file("$directory/later.h", $changed);

sub object {
    my ($prefix, $file, $flags, $output) = @_;
    return "$cc $flags -DPREFIX=$prefix -DHEADER='\"$file\"' $compile/version.c -o $output";
}
my $root = $Gate::ROOT;
my @jobs = (
    object('own', "$root/llmobs.h", '-c', "$directory/own.o"),
    object('same', "$root/llmobs.h", '-shared -fPIC', "$directory/libsame.so") . ' -lm',
    object('other', "$root/$directory/later.h", '-shared -fPIC', "$directory/libother.so")
        . ' -lm',
);
Gate::all_silent(map { [ $_, $_ =~ /PREFIX=(\w+)/ ? "the copy of $1" : '' ] } @jobs);
Gate::runs("$cc $compile/versions.c $directory/own.o -L$directory -lsame -lother "
    . "-Wl,-rpath,'\$ORIGIN' -o $directory/versions -lm -ldl", 'three copies in one program');
for my $name (qw(same other)) {
    my (undef, $symbols) = Gate::run("nm -D --defined-only $directory/lib$name.so");
    unlike($symbols, qr/ llmobsi?_/, "lib$name shows no symbol of its copy");
    like($symbols, qr/ ${name}_begin$/m, '... but its own');
}
my ($status, $output) = Gate::run("timeout 60 $directory/versions");
is($status, 0, 'they run at one time');
my %told;
for my $line (split /\n/, $output) {
    my ($name, @words) = split / /, $line;
    $told{$name} = {@words};
}
for my $name (qw(own same other)) {
    my $told = $told{$name} // {};
    is($told->{version}, $name eq 'other' ? '9.8.7' : $version, "$name: its version");
    is($told->{tokens}, 20000, "$name: all of its tokens, and no others");
    is("$told->{begun} $told->{ended} $told->{late}", '1 1 0',
        "$name: its request alone; what the others had of it did nothing");
    is("$told->{spans} $told->{others}", '201 0', "$name: its spans alone");
    is($told->{closed}, 1, "$name: it closes, and none of the others closed it");
}
ok(($told{other}{config} // 0) > ($told{own}{config} // 0), 'the layouts differ');

# ---- the end of a process -----------------------------------------------------------------------

# What is recorded by then: in main, an exit handler, (C++) a static object, two destructors, a
# thread of the last of these; two spans each.
sub ends {
    my ($program, $language, $all) = @_;
    my %delivers = (main => 2, nobody => 0, last => $all);
    for my $who (sort keys %delivers) {
        my ($ended, $text) = Gate::run("timeout 60 $program $who");
        is($ended, 0, "$language, $who closes: it ends well");
        is($text, "delivered $delivers{$who}\n", '... and delivers what can be');
    }
}
my $object = Gate::implementation(Gate::cc(), 'c', '-O0');
Gate::runs("$cc $compile/static_end.c $object -o $directory/end_c -lm -ldl", 'C') and
    ends("$directory/end_c", 'C', 10);
if (Gate::have_cxx()) {
    my $cxx = Gate::cxx() . " -x c++ -std=c++11 -Wall -Wextra -pthread";
    Gate::runs("$cxx $compile/static_end.c -c -o $directory/end_cxx.o", 'C++') and
        Gate::runs(Gate::cxx() . " $directory/end_cxx.o $object -o $directory/end_cxx -pthread "
            . '-lm -ldl', 'C++, linked') and ends("$directory/end_cxx", 'C++', 12);
}

done_testing();

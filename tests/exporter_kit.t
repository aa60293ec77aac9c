#!/usr/bin/env perl
# The exporter kit as others use it: it compiles beside any program, in C and in C++, without a
# warning; and the examples that are exporters pass it.
use strict;
use warnings;
use File::Copy qw(copy);
use File::Path qw(make_path);
use FindBin;
use lib "$FindBin::Bin/../tools";
use Gate;
use Test::More;

my $directory = Gate::scratch();

# Copied, it needs llmobs.h and nothing else of ours.
make_path("$directory/copy");
my @kit = map { "tests/exporter_kit/$_" }
    qw(exporter_kit.c exporter_kit.h kit_between.h kit_guard.h kit_host.h kit_sample.h kit_http.h);
copy($_, "$directory/copy") || die "$_: $!\n" for @kit;
copy('llmobs.h', "$directory/copy") or die "llmobs.h: $!\n";
my $c = Gate::cc() . " -std=c11 $Gate::C_FLAGS -O0 -pthread";
Gate::runs("cd $directory/copy && $c -c exporter_kit.c -o c.o", 'the kit alone, in strict C', 1);
Gate::write_file("$directory/copy/http.c", "#define _GNU_SOURCE\n#include \"kit_http.h\"\n"
    . "bool (*const functions[])(kit_http*) = {kit_http_start};\n"
    . "uint64_t (*const counts[])(kit_http*) = {kit_http_received};\n"
    . "bool (*const faults[])(kit_http*, exporter_kit_fault, uint32_t) = {kit_http_fault};\n"
    . "uint64_t (*const times[])(const char*, size_t, const char*) = {kit_http_times};\n");
if (Gate::have_cxx()) {
    my $cxx = Gate::cxx() . " -x c++ -std=c++17 $Gate::CXX_FLAGS -O0 -pthread";
    Gate::runs("cd $directory/copy && $cxx -c exporter_kit.c -o cxx.o", '... and in C++', 1);
}
Gate::runs("cd $directory/copy && $c -c http.c -o http.o", 'its receiver', 1);

# Each program with what it needs beside llmobs.
my @programs = (
    [ 'kit_examples' ],
    [ 'kit_webhook', 'curl', 'curl/curl.h' ],
    [ 'kit_otlp_http', 'curl', 'curl/curl.h' ],
);
for my $program (@programs) {
    my ($name, $library, $header) = @$program;
    next if $name eq 'kit_otlp_http' && !-e 'examples/otlp_http.h';
    if ($library) {
        my ($status) = Gate::run("echo '#include <$header>' | " . Gate::cc() . ' -E -');
        if ($status != 0) {
            if ($ENV{LLMOBS_CI}) { fail("lib$library for $name") }
            else { SKIP: { skip("$name: lib$library not found", 1) } }
            next;
        }
    }
    delete local @ENV{grep { /^OTEL_|^(?:http|all)_proxy$/i } keys %ENV};
    my $link = $library ? "-l$library" : '';
    Gate::builds(Gate::cc() . ' -std=gnu11 -Wall -Wextra -Werror -O0 -g',
        "tests/exporter_kit/$name.c", "$directory/$name", $link, "$name builds") or next;
    my ($status, $said) = Gate::run("timeout 400 $directory/$name");
    my @failed = grep { /^not ok/ } split /\n/, $said;
    is("@failed", '', "$name: nothing is wrong");
    is($status, 0, '... and it ends well');
    like($said, qr/^1\.\.\d{3}/m, '... after hundreds of checks');
}

done_testing();

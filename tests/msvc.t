#!/usr/bin/env perl
# MSVC, which is not here: clang reads the header as MSVC would, with MSVC's macros and no others,
# and headers of our own in the place of Windows' (tests/msvc/include). And MSVC's words, made of
# intrinsics that are gcc's own (tests/msvc/words), are compared with gcc's and run unit tests. What
# a real MSVC says of it nobody has seen.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../tools";
use Gate;
use Test::More;

my $directory = Gate::scratch();

# ---- as MSVC reads it ---------------------------------------------------------------------------

# What MSVC defines, by processor; nothing of clang's is left.
my %MACHINES = (
    x86_64 => '-D_WIN64=1 -D_M_X64=100 -D_M_AMD64=100',
    i686 => '-D_M_IX86=600 -D_M_IX86_FP=2',
    aarch64 => '-D_WIN64=1 -D_M_ARM64=1',
);
# C++17 with exceptions; without, as the games have it; and the standard that is the default.
my @LANGUAGES = (
    [ 'C11', "-x c -std=c11 $Gate::C_FLAGS" ],
    [ 'C++17', "-x c++ -std=c++17 $Gate::CXX_FLAGS -fexceptions -fcxx-exceptions "
            . '-D__cpp_exceptions=199711L -D_CPPUNWIND=1' ],
    [ 'C++14, no exceptions', "-x c++ -std=c++14 $Gate::CXX_FLAGS" ],
);
# It has no asm and no attributes, so these words are errors where they are still read. Functions
# that nobody calls are no matter to MSVC; a typedef in a function is an assertion.
my $MSVC = '-fms-extensions -fms-compatibility -fms-compatibility-version=19.38 -undef '
    . '-D_WIN32=1 -D_MSC_VER=1938 -D_MSC_FULL_VER=193833130 -nostdinc -isystem tests/msvc/include '
    . '-D__attribute__=no_attributes_there -D__asm__=no_asm_there -D__extension__=no_extension '
    . '-fno-builtin -Wno-unused-function -Wno-unused-local-typedef '
    . '-Wno-language-extension-token -fsyntax-only';

sub as_msvc {
    my ($machine, $language, $file, $more) = @_;
    return "clang --target=$machine-pc-windows-msvc $language $MSVC $MACHINES{$machine} "
        . ($more // '') . " $file";
}

sub reads {
    my @jobs;
    my $add = sub {
        my ($machine, $language, $file, $more) = @_;
        my ($name, $flags) = @{ $LANGUAGES[$language] };
        push @jobs, [ as_msvc($machine, $flags, "tests/compile/$file", $more),
            "$machine, $name: $file" . ($more ? " $more" : '') ];
    };
    for my $machine (sort keys %MACHINES) {
        for my $language (0, 1) {
            $add->($machine, $language, 'user.c', '');
            $add->($machine, $language, 'implementation.c', '');
        }
    }
    $add->('x86_64', 2, 'implementation.c', '');
    $add->('x86_64', 0, 'static.c', '');
    $add->('x86_64', 0, 'user.c', '-DLLMOBS_DISABLE');
    $add->('x86_64', 0, 'implementation.c', '-DLLMOBS_NO_THREADS -DLLMOBS_DEBUG');
    Gate::all_silent(@jobs);
}

# It can fail: a word of gcc's, a call that is not Windows', an intrinsic that x86 has not.
sub is_refused {
    my ($machine, $text, $why, $what) = @_;
    my $file = Gate::write_file("$directory/bad.c", $text);
    my ($status, $output) = Gate::run(as_msvc($machine, $LANGUAGES[0][1], $file, '-I.'));
    ok($status != 0 && $output =~ $why, $what) or diag(substr($output, 0, 1000));
}

sub refuses {
    my $whole = "#define LLMOBS_IMPLEMENTATION\n#include \"llmobs.h\"\n";
    is_refused('x86_64', "${whole}__attribute__((cold)) void a(void);\n",
        qr/no_attributes_there/, 'an attribute is refused');
    is_refused('x86_64', "${whole}void a(void);\nvoid a(void) { __asm__(\"\"); }\n",
        qr/no_asm_there/, 'asm is refused');
    is_refused('x86_64', "${whole}int a(void);\nint a(void) { return getpid(); }\n",
        qr/getpid/, 'a call that Windows has not is refused');
    is_refused('i686', "${whole}void a(__int64* x);\n"
        . "void a(__int64* x) { (void)_InterlockedExchange64(x, 1); }\n",
        qr/_InterlockedExchange64/, 'an intrinsic that x86 has not is refused');
    is_refused('x86_64', "#undef _MSC_VER\n#define _MSC_VER 1927\n$whole",
        qr/Visual Studio 2019 16\.8/, 'an older MSVC is told so');
    is_refused('x86_64', "#undef __STDC_VERSION__\n$whole", qr/std:c11/,
        'C without /std:c11 is told so');
    # What is left in the text that only gcc has, outside of what stands under its own macros.
    my ($status, $output) = Gate::run(as_msvc('x86_64', $LANGUAGES[0][1],
        'tests/compile/implementation.c', '-E -P') =~ s/-fsyntax-only//r);
    is($status, 0, 'it is preprocessed');
    my %seen = map { $_ => 1 } $output =~ /\b(__(?:builtin_(?!offsetof)|atomic_|sync_)\w+)/g;
    is_deeply([ sort keys %seen ], [], 'no builtin of gcc is left');
}

# ---- limits -------------------------------------------------------------------------------------

# Of a string that stands in one piece (C2026), and of a line with its continuations.
sub limits {
    my $code = Gate::read_file('llmobs.h') =~ s{/\*.*?\*/}{ }gsr;
    my ($string, $line) = (0, 0);
    for my $piece ($code =~ /("(?:[^"\\\n]|\\.)*")/g) {
        $string = length($piece) if length($piece) > $string;
    }
    for my $row (split /\n/, $code =~ s/\\\n/ /gr) {
        $line = length($row) if length($row) > $line;
    }
    ok($string > 50 && $string < 16380, "the longest string has $string bytes");
    ok($line > 500 && $line < 65535, "the longest line has $line");
}

# ---- its words, run here ------------------------------------------------------------------------

# Of gcc's own, what MSVC has not is not used: no vectors, no integers of 128 bits.
my $WORDS = '-DLLMOBS_I_MSVC -DLLMOBS_NO_SIMD -DLLMOBS_NO_INT128 -U__SIZEOF_INT128__ '
    . '-fno-strict-aliasing -Itests/msvc/words -I. -Itests';
# Unit tests that say most in little time: results byte for byte, tables without locks, threads.
my @TESTS = qw(test_vectors test_real test_queue test_cell test_request test_drift_golden
    test_intern test_pool test_budget test_budget_race test_purse test_unique);

sub words_jobs {
    my (@jobs, %seen);
    for my $compiler (Gate::compilers()) {
        my ($command, $language) = @$compiler;
        my $standard = $language eq 'c' ? '-std=gnu11' : '-x c++ -std=gnu++14';
        # The first of each language for all processors, the others for one.
        for my $machine ($seen{$language}++ ? 'X64' : qw(X64 IX86 ARM64)) {
            my $program = "$directory/words_${command}_$machine";
            my $wide = $machine eq 'X64' ? '-ULLMOBS_NO_INT128' : '';
            push @jobs, [
                "$command $standard -O1 -Wall -Wextra -Wno-unused-local-typedefs "
                    . "$WORDS $wide -D_M_$machine=1 $Gate::OUTLINE tests/msvc/words.c "
                    . "-o $program -pthread -lm && $program > $program.tap || cat $program.tap",
                "$command: the words of $machine against its own"
            ];
        }
    }
    return @jobs;
}

sub runs_words {
    my $shared = Gate::cc() . " -std=gnu11 -O0 $WORDS -D_M_X64=1 -I$directory -w";
    Gate::all_silent(words_jobs());
    Gate::run("tools/private.pl $directory/llmobs_private.h");
    Gate::runs("$shared $Gate::OUTLINE -c tests/private.c -o $directory/private.o",
        'the implementation of MSVC\'s words', 1) or return;
    Gate::all_silent(map { [
        "$shared tests/$_.c $directory/private.o -o $directory/$_ -pthread -lm -ldl && "
            . "{ $directory/$_ > $directory/$_.tap || cat $directory/$_.tap; }",
        "$_, of MSVC's words"
    ] } @TESTS);
}

SKIP: {
    skip('clang not found', 1) if !Gate::have('clang');
    my ($status, $output) = Gate::run(as_msvc('x86_64', '-x c', '/dev/null'));
    skip('this clang knows no MSVC', 1) if $status != 0;
    reads();
    refuses();
}
limits();
runs_words();
done_testing();

# What the tests in tests/*.t share: compilers, scratch directories, and many commands at once.
package Gate;
use strict;
use warnings;
use Cwd ();
use Digest::MD5 qw(md5_hex);
use Fcntl qw(LOCK_EX);
use File::Basename qw(basename dirname);
use File::Path qw(make_path remove_tree);
use Test::More;

our $ROOT = Cwd::abs_path(dirname(__FILE__) . '/..');
chdir($ROOT) or die "$ROOT: $!\n";
my $SHARED = 'build/tmp/shared'; # anew for each `make test`

# Flags under which everything must be silent.
our $BASE = '-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wundef -Wcast-qual '
    . '-Wdouble-promotion -Wpointer-arith -Wredundant-decls -Wformat=2 -Wvla '
    . '-Wmissing-declarations -Werror';
our $C_FLAGS = "$BASE -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition "
    . '-Wbad-function-cast -Wnested-externs';
our $CXX_FLAGS = "$BASE -Wextra-semi";
# And those that only somebody who includes the declarations in C++ may ask for.
our $CXX_USER_FLAGS = '-Wold-style-cast -Wzero-as-null-pointer-constant';
# For builds that look at something else: what is inlined by force, at -O0 two thirds of the
# compiler's work, is called instead. `make check-builds` (LLMOBS_WHOLE) inlines there, too.
our $OUTLINE = $ENV{LLMOBS_WHOLE} ? '' : '-Dalways_inline=unused';

sub in_path {
    my ($tool) = @_;
    return scalar grep { -x "$_/$tool" } split /:/, $ENV{PATH};
}

# Whether an optional tool is there. Where it must be (LLMOBS_CI=1) its absence is a failure.
my %asked;
sub have {
    my ($tool) = @_;
    return $asked{$tool} if defined $asked{$tool};
    $asked{$tool} = in_path($tool) ? 1 : 0;
    if (!$asked{$tool}) {
        if ($ENV{LLMOBS_CI}) { fail("$tool is there") }
        else { SKIP: { skip("$tool not found", 1) } }
    }
    return $asked{$tool};
}

sub cc { return $ENV{CC} || 'cc' }
sub cxx { return $ENV{CXX} || 'c++' }

# The compilers to try, as [ command, 'c' or 'c++' ]: gcc and clang where they are.
sub compilers {
    my @list = grep { have($_->[0]) }
        ([ 'gcc', 'c' ], [ 'clang', 'c' ], [ 'g++', 'c++' ], [ 'clang++', 'c++' ]);
    return @list ? @list : ([ cc(), 'c' ]);
}

# Whether the host's default compiler for C++ works at all.
sub have_cxx { return have((split ' ', cxx())[0]) }

# A directory of this test's own, empty.
sub scratch {
    my ($part) = @_;
    my $directory = 'build/tmp/' . basename($0, '.t') . '_t' . ($part // '');
    remove_tree($directory);
    make_path($directory);
    return $directory;
}

sub write_file {
    my ($file, $text) = @_;
    open(my $out, '>', $file) or die "$file: $!\n";
    print {$out} $text;
    close($out) or die "$file: $!\n";
    return $file;
}

# Runs a shell command: exit status and everything it wrote.
sub run {
    my ($command) = @_;
    my $output = `( $command ) 2>&1 </dev/null`;
    return ($? == -1 ? 127 : $? & 127 ? 128 + ($? & 127) : $? >> 8, $output // '');
}

# One test: the command succeeds and, if asked, says nothing.
sub runs {
    my ($command, $what, $silent) = @_;
    my ($status, $output) = run($command);
    my $passed = ok($status == 0 && (!$silent || $output eq ''), $what);
    diag("$command\n(status $status)\n", substr($output, 0, 3000)) if !$passed;
    return $passed;
}

# ---- one implementation for many programs -------------------------------------------------------

# The object of an implementation, compiled under strict flags by the first test that asks for it;
# tests that run at the same time wait for it. Its name has all that it comes from.
sub implementation {
    my ($command, $language, $level) = @_;
    my $strict = $language eq 'c' ? "-std=c11 $C_FLAGS" : "-x c++ -std=c++11 $CXX_FLAGS";
    my $compile = "$strict $level -pthread -c tests/compile/implementation.c";
    my $key = md5_hex(join("\n", identity($command), $compile, read_file('llmobs.h')));
    my $object = "$SHARED/$key.o";
    make_path($SHARED);
    open(my $lock, '>', "$SHARED/$key.lock") or die "$SHARED/$key.lock: $!\n";
    flock($lock, LOCK_EX) or die "$SHARED/$key.lock: $!\n";
    if (!-e $object) {
        my ($status, $output) = run("$command $compile -o $object.new");
        if ($status != 0 || $output ne '') {
            diag("$command $compile\n(status $status)\n", substr($output, 0, 3000));
            return "$SHARED/none.o"; # what links with it fails
        }
        rename("$object.new", $object) or die "$object: $!\n";
    }
    return $object;
}

# What a compiler says that it is, but for its name, since cc is another one's second name.
sub identity {
    my ($command) = @_;
    my (undef, @words) = split ' ', $command;
    my (undef, $version) = run("$command --version");
    return join(' ', $version =~ s/^\S+ (?=\()//r, @words);
}

# One test: a program that has the implementation in itself compiles in silence as it stands, and,
# with declarations in the place of that, links with the object that all such programs share.
sub builds {
    my ($compile, $sources, $program, $libraries, $what, $level) = @_;
    my $object = implementation(cc(), 'c', $level // '-O0');
    return runs("( $compile -I. -fsyntax-only $sources ) && $compile -Itests/compile/declared -I. "
        . "$sources $object -o $program -pthread -lm -ldl $libraries", $what, 1);
}

# ---- many commands at once ----------------------------------------------------------------------

sub processors {
    my ($status, $count) = run('getconf _NPROCESSORS_ONLN');
    return $status == 0 && $count =~ /^(\d+)/ && $1 > 0 ? $1 : 1;
}

# Tests that each of the [ command, what ] succeeds in silence; as many at once as processors.
sub all_silent {
    my (@jobs) = @_;
    my $directory = scratch('.jobs');
    my $most = processors();
    $most = 8 if $most > 8;
    my (%running, %status);
    for my $index (0 .. $#jobs, map { -1 } 1 .. $most) {
        if (keys(%running) >= $most || $index < 0) {
            my $done = wait();
            $status{ delete $running{$done} } = $? if $done > 0 && exists $running{$done};
        }
        next if $index < 0;
        my $child = fork() // die "fork: $!\n";
        if ($child == 0) {
            open(STDOUT, '>', "$directory/$index.out");
            open(STDERR, '>&', \*STDOUT);
            exec('/bin/sh', '-c', $jobs[$index][0]);
            exit(127);
        }
        $running{$child} = $index;
    }
    for my $index (0 .. $#jobs) {
        my $output = read_file("$directory/$index.out");
        my $status = $status{$index} // -1;
        ok($status == 0 && $output eq '', $jobs[$index][1])
            or diag("$jobs[$index][0]\n(status $status)\n", substr($output, 0, 2000));
    }
}

sub read_file {
    my ($file) = @_;
    open(my $in, '<:raw', $file) or return '';
    local $/;
    return scalar(<$in>) // '';
}

1;

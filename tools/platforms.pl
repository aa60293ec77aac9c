#!/usr/bin/env perl
# The unit tests on other platforms: installs what a target needs where it may, compiles one copy of
# the implementation and the tests for it, runs them (under an emulator, where it takes one), and
# writes what came of it to build/platforms/NAME.tsv and into the table of docs/platforms.md.
#
#   tools/platforms.pl [NAME...]       make platforms; LLMOBS_PLATFORMS="s390x i386" make platforms.
#                                      Without names: all that are not `apart`
#   tools/platforms.pl --list
#
# A target whose tools are not to be had is skipped: "SKIP: name: why".
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use File::Path qw(make_path remove_tree);
use Sections;

$ENV{WINEDEBUG} //= '-all';
$ENV{NODE_PATH} //= '/usr/share/nodejs'; # where Debian's emscripten has its parts
chdir("$FindBin::Bin/..") or die "$FindBin::Bin/..: $!\n";
my $PAGE = 'docs/platforms.md';
my $JOBS = $ENV{JOBS} // 2;
use constant ERRORS => 10; # of a build, shown

# ---- what is left out, and why ------------------------------------------------------------------

# Tests that are left out for one reason.
sub because
{
    my ($why, @tests) = @_;
    return map { ("test_$_" => $why) } @tests;
}

# By every emulator of one program (qemu-user).
my %EMULATED = (
    because('the child of a fork starts threads, which qemu 7.2 ends with an assertion',
        qw(exporter_kit exporter_kit_wrong fault fork)),
);

# Of processors whose vectors the library does not use: there these are test_json and test_scan.
my %SCALAR = (
    because('what it leaves out is not there', qw(json_portable scan_portable)),
);

# Where a pointer has 32 bits. Their views are smaller, too.
my %NARROW = (
    test_fault => 'it puts its own calls in the place of libc\'s, which have other names there',
);

# Where there is no fork and no signal, and libc has not all of POSIX.
my %WITHOUT_POSIX = (
    because('it asks for other processes, and what they leave',
        qw(fork fork_in_handler exit)),
    because('it sends signals', qw(signal)),
    because('it maps or protects memory', qw(exporter_kit exporter_kit_wrong history key metric
        recorder recover runtime spool state)),
    because('it puts its own calls in the place of libc\'s', qw(fault file platform seed spool_slow
        state_slow thread unload)),
    because('it asks for links, modes and owners of files',
        qw(safe_file state_damaged state_alerts_damaged)),
    because('its outages are shorter than what wine takes to write', qw(spooling)),
    because('it uses calls of libc that are not there', qw(resource)),
);

# A process of its own is all there is.
my %FORKS = (
    because('it forks, or asks for processes',
        qw(exit exporter_kit_wrong fault file fork fork_in_handler key recorder resource seed
        sha256 spool spooling state state_slow thread unload config_env)),
);

# Where nobody but the test's own thread is there: most of these start threads.
my %WITHOUT_THREADS = (%FORKS,
    because('it starts threads, or waits for the library\'s',
        qw(alert_race budget budget_race capture cell clock cost_header cost_heavy cost_ledger
        drift_race flush histogram hung_gauge intern judge log metric metric_reader open
        pool price pseudonym purse queue reading request_pool runtime sampler seen series session
        signal span stats stream tail top unique evil_exporters exporter_kit exporter embed
        judge_prompt_raw platform spool_slow)),
    because('it counts notes, and here is one more', qw(config)),
    because('a lock that its own thread holds is free there', qw(request)),
);

# In emscripten's libc, under node.
my %WITHOUT_NODE = (
    because('it asks perl', qw(chrome json json_portable otlp)),
    because('emscripten has no links, modes and owners of files', qw(safe_file)),
    because('emscripten\'s libc 3.1.6 has times from 1901 to 2038', qw(budget period)),
    because('what it leaves out is not there', qw(scan_portable)),
    because('it maps memory', qw(history recover)),
    because('it puts stdout aside, and has no way back', qw(diagnostics)),
    because('its memory or its time is too large there', qw(decimal drift_counts)),
);

# ---- the targets --------------------------------------------------------------------------------
#
# name      as it is asked for, and the name of its folder in build/platforms/
# what      as the page calls it
# packages  of Debian 12, installed where a tool is missing and this runs as root
# cc        compiler, and what makes it one for this target
# flags     how the implementation and the tests are compiled; FLAGS below if not said
# link      what is linked with, instead of -pthread -lm -ldl
# runner    what runs a program, if the machine itself does not
# native    linker flags for machines that run the programs themselves: then there is no runner
# options   what every target has instead of the Makefile's FLAGS
# include   what tests are compiled with, besides
# ar        what makes an archive, if not ar
# suffix    of a program's name
# without   tests that are left out: why
# only      tests that are not left out
# apart     only when asked for by name: this machine, and what it does with other compilers

my $FLAGS = '-O1 -g1 -Dalways_inline=unused';
my $WIDE = '-D_TIME_BITS=64 -D_FILE_OFFSET_BITS=64'; # the tests' dates go beyond 2038

my @TARGETS = (
    {
        name => 'x86-64', what => 'Linux x86-64', cc => 'gcc', packages => 'gcc libc6-dev',
        apart => 1,
    },
    {
        name => 'gcc-11', what => 'Linux x86-64, gcc 11', cc => 'gcc-11',
        packages => 'gcc-11', apart => 1,
    },
    {
        name => 'clang-13', what => 'Linux x86-64, clang 13', cc => 'clang-13',
        packages => 'clang-13', apart => 1,
    },
    {
        name => 'clang-22', what => 'Linux x86-64, clang 22', cc => 'clang-22',
        packages => 'clang-22', apart => 1,
    },
    {
        name => 'O3', what => 'Linux x86-64, gcc -O3 -march=native', cc => 'gcc',
        packages => 'gcc libc6-dev', flags => '-O3 -march=native -g1', apart => 1,
    },
    {
        # Each program is compiled as a whole, which takes half a minute: so some of each layer.
        name => 'lto', what => 'Linux x86-64, gcc -O2 -flto, some tests', cc => 'gcc',
        packages => 'gcc libc6-dev', flags => '-O2 -flto', apart => 1, ar => 'gcc-ar',
        only => [ map { "test_$_" } qw(vectors hash json sha256 span thread metric_reader otlp
            exporter scan request budget alert drift judge tail fork recover) ],
    },
    {
        name => 'i386', what => 'Linux i386 (i686)', cc => 'i686-linux-gnu-gcc',
        packages => 'gcc-i686-linux-gnu libc6-dev-i386-cross qemu-user',
        native => '-Wl,--dynamic-linker=/usr/i686-linux-gnu/lib/ld-linux.so.2 '
            . '-Wl,-rpath,/usr/i686-linux-gnu/lib',
        runner => 'qemu-i386 -L /usr/i686-linux-gnu',
        flags => "$FLAGS $WIDE -msse2 -mfpmath=sse", without => { %EMULATED, %NARROW },
    },
    {
        name => 'aarch64', what => 'Linux aarch64', cc => 'aarch64-linux-gnu-gcc',
        packages => 'gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user',
        runner => 'qemu-aarch64 -L /usr/aarch64-linux-gnu',
        without => { %EMULATED },
    },
    {
        name => 'armhf', what => 'Linux ARMv7, hard float', cc => 'arm-linux-gnueabihf-gcc',
        packages => 'gcc-arm-linux-gnueabihf libc6-dev-armhf-cross qemu-user',
        runner => 'qemu-arm -L /usr/arm-linux-gnueabihf',
        flags => "$FLAGS $WIDE", without => { %EMULATED, %NARROW, %SCALAR },
    },
    {
        name => 'riscv64', what => 'Linux riscv64', cc => 'riscv64-linux-gnu-gcc',
        packages => 'gcc-riscv64-linux-gnu libc6-dev-riscv64-cross qemu-user',
        runner => 'qemu-riscv64 -L /usr/riscv64-linux-gnu',
        without => { %EMULATED, %SCALAR },
    },
    {
        name => 's390x', what => 'Linux s390x, big-endian', cc => 's390x-linux-gnu-gcc',
        packages => 'gcc-s390x-linux-gnu libc6-dev-s390x-cross qemu-user',
        runner => 'qemu-s390x -L /usr/s390x-linux-gnu',
        without => { %EMULATED, %SCALAR },
    },
    {
        name => 'powerpc', what => 'Linux powerpc: 32 bits, big-endian, libatomic',
        cc => 'powerpc-linux-gnu-gcc',
        packages => 'gcc-powerpc-linux-gnu libc6-dev-powerpc-cross qemu-user',
        link => '-pthread -lm -ldl -latomic',
        runner => 'qemu-ppc -L /usr/powerpc-linux-gnu',
        flags => "$FLAGS $WIDE", without => { %EMULATED, %NARROW, %SCALAR,
            because('glibc\'s mathematics has an instruction there that qemu 7.2 has not', qw(cusum
                drift_counts exponential exponential_fast priority_sample reading top)),
            because('it records in signal handlers, where a lock of libatomic\'s may be taken',
                qw(metric request_pool signal)) },
    },
    {
        name => 'musl', what => 'Linux x86-64, musl', cc => 'musl-gcc', packages => 'musl-tools',
        without => {
            test_thread => 'musl-gcc has no <linux/filter.h>',
        },
    },
    {
        name => 'windows-x86_64', what => 'Windows x86-64, mingw-w64',
        cc => 'x86_64-w64-mingw32-gcc-win32', packages => 'gcc-mingw-w64-x86-64-win32 wine64 wine',
        include => '-Itests/windows -include tests/windows/host.h',
        link => '-static -lpthread -lm', suffix => '.exe',
        runner => 'wine',
        without => { %WITHOUT_POSIX,
            because('wine\'s libc reads numbers beside powers of two wrongly',
                qw(text text_portable)) },
    },
    {
        name => 'emscripten', what => 'WebAssembly, no threads', cc => 'emcc', ar => 'emar',
        packages => 'emscripten nodejs', flags => '-O1 -Dalways_inline=unused',
        options => '-std=gnu11 -I. -Itests -Ibuild',
        link => '-sNODERAWFS=1 -sALLOW_MEMORY_GROWTH=1 -sEXIT_RUNTIME=1 -sINITIAL_MEMORY=64MB '
            . '-lm', suffix => '.js',
        runner => 'node --no-experimental-fetch',
        without => { %WITHOUT_THREADS, %WITHOUT_NODE },
    },
    {
        name => 'emscripten-threads', what => 'WebAssembly, with threads', cc => 'emcc',
        ar => 'emar', packages => 'emscripten nodejs',
        flags => '-O1 -Dalways_inline=unused -pthread',
        link => '-sNODERAWFS=1 -sINITIAL_MEMORY=256MB -sEXIT_RUNTIME=1 -sPROXY_TO_PTHREAD=1 -lm',
        suffix => '.js', runner => 'node --no-experimental-fetch',
        without => { %FORKS, %WITHOUT_NODE,
            because('it sends signals', qw(signal)),
            because('it puts its own calls in the place of libc\'s', qw(evil_exporters platform
                spool_slow no_threads judge_prompt_raw)),
            because('it maps or protects memory', qw(exporter_kit)) },
    },
    {
        name => 'generic-posix', what => 'Linux x86-64, as any POSIX (-U__linux__)', cc => 'gcc',
        packages => 'gcc libc6-dev', flags => '-O1 -g1 -Dalways_inline=unused -U__linux__',
        without => {
            because('it asks for what Linux alone does for pages with secrets', qw(key)),
            because('it looks for the file in /dev/shm', qw(recorder)),
            because('its timers aim at threads as Linux alone has them', qw(signal)) },
    },
    {
        name => 'no-threads', what => 'Linux x86-64, LLMOBS_NO_THREADS', cc => 'gcc',
        packages => 'gcc libc6-dev', flags => '-O1 -g1 -Dalways_inline=unused -DLLMOBS_NO_THREADS',
        without => { %WITHOUT_THREADS },
    },
);

# ---- tools --------------------------------------------------------------------------------------

sub in_path
{
    my ($tool) = @_;
    return -x $tool if $tool =~ m{/};
    return scalar grep { -x "$_/$tool" } split /:/, $ENV{PATH};
}

sub tools_of
{
    my ($target) = @_;
    return map { (split ' ', $_)[0] } $target->{cc}, $target->{runner} // ();
}

# What is still missing when this has done what it can.
sub missing
{
    my ($target) = @_;
    my @missing = grep { !in_path($_) } tools_of($target);
    return () if !@missing;
    if ($> == 0 && in_path('apt-get') && defined $target->{packages}) {
        print "# $target->{name}: installing $target->{packages}\n";
        local $ENV{DEBIAN_FRONTEND} = 'noninteractive';
        my $install = "apt-get install -y -qq -o DPkg::Lock::Timeout=600 --no-install-recommends "
            . "$target->{packages} >build/platforms/apt.log 2>&1";
        system($install) == 0 or system("apt-get update -qq >/dev/null 2>&1; $install");
    }
    return grep { !in_path($_) } tools_of($target);
}

# The first row that a command says of itself, and in it what looks like a version.
sub version_of
{
    my ($command) = @_;
    my $row = (split /\n/, `$command --version 2>&1 </dev/null`)[0] // '';
    return $row =~ /(\d+(?:\.\d+)+)/ || $row =~ /\b(\d+)\b/ ? $1 : '?';
}

# ---- one target ---------------------------------------------------------------------------------

sub all_tests
{
    return map { m{([^/]+)\.c$} ? $1 : () } sort glob('tests/test_*.c');
}

sub tests_of
{
    my ($target) = @_;
    my @tests = all_tests();
    my %only = map { $_ => 1 } @{ $target->{only} // \@tests };
    return grep { $only{$_} && !exists $target->{without}{$_} } @tests;
}

# Whether a program of this target, linked so and run by that, runs at all.
sub works
{
    my ($target, $directory, $runner, $link) = @_;
    my $program = "$directory/probe" . ($target->{suffix} // '');
    Sections::write_file("$directory/probe.c", "int main(void) { return 0; }\n");
    my $flags = $target->{flags} // $FLAGS;
    return system("{ $target->{cc} $flags $directory/probe.c -o $program $link"
        . " && $runner ./$program; } >$directory/probe.log 2>&1") == 0;
}

# Where the machine itself runs a target's programs, it is asked to.
sub choose_native
{
    my ($target, $directory) = @_;
    return if !defined $target->{native};
    $target->{emulated} = !works($target, $directory, '', $target->{native});
    return if $target->{emulated};
    delete $target->{runner};
    for my $test (keys %EMULATED) {
        delete $target->{without}{$test} if $target->{without}{$test} eq $EMULATED{$test};
    }
    $target->{link} = "$target->{native} -pthread -lm -ldl";
}

# Whether tests may begin with a precompiled header: gcc's name and place for it.
sub precompiles
{
    my ($target) = @_;
    return $target->{cc} =~ /gcc/ && !defined $target->{include};
}

# Builds by the Makefile, which knows of what a test is made. Returns whether all was built.
sub build
{
    my ($target, $directory, @tests) = @_;
    my $suffix = $target->{suffix} // '';
    my $link = defined $target->{link} ? "LIBS='$target->{link}'" : '';
    my $command = ($ENV{MAKE} // 'make') . " --no-print-directory -k -j$JOBS $link "
        . (defined $target->{options} ? "FLAGS='$target->{options}' " : '')
        . (defined $target->{ar} ? "PLATFORM_AR=$target->{ar} " : '')
        . (defined $target->{include} ? "PLATFORM_INCLUDE='$target->{include}' " : '')
        . (precompiles($target) ? "PLATFORM_HEADER=$directory/llmobs_private.h.gch " : '')
        . "PLATFORM=$target->{name} PLATFORM_SUFFIX=$suffix "
        . "PLATFORM_CC='$target->{cc} " . ($target->{flags} // $FLAGS) . "' "
        . join(' ', map { "$directory/$_$suffix" } @tests);
    return system("$command >$directory/build.log 2>&1") == 0;
}

# What the records of tests say: programs, of these failed; assertions, of these failed and skipped.
sub count
{
    my ($directory, @tests) = @_;
    my %sum = map { $_ => 0 } qw(programs bad_programs assertions failed skipped);
    for my $test (@tests) {
        my $file = "$directory/tap/$test.tap";
        my @rows = -e $file ? split(/\n/, Sections::read_file($file)) : ();
        my @planned = map { /^1\.\.(\d+)/ ? $1 : () } @rows;
        my @said = grep { /^(?:not )?ok\b/ } @rows;
        my @wrong = grep { /^not ok\b/ } @said;
        $sum{programs}++;
        $sum{assertions} += @said;
        $sum{failed} += @wrong;
        $sum{skipped} += grep { /# SKIP/i } @said;
        $sum{bad_programs}++ if @wrong || @planned != 1 || $planned[0] != @said;
    }
    return \%sum;
}

sub run
{
    my ($target) = @_;
    my $name = $target->{name};
    my $directory = "build/platforms/$name";
    my $begun = time();
    make_path($directory);
    my @missing = missing($target);
    if (@missing) {
        print "SKIP: $name: @missing not found\n";
        return undef;
    }
    choose_native($target, $directory);
    if (!works($target, $directory, $target->{runner} // '', $target->{link} // '')) {
        print "SKIP: $name: a program for it is not built or does not run "
            . "($directory/probe.log)\n";
        return undef;
    }
    my @tests = tests_of($target);
    print "# $name: ", scalar(@tests), " tests\n";
    my $built = build($target, $directory, @tests);
    my $build_seconds = time() - $begun;
    my $suffix = $target->{suffix} // '';
    my @programs = grep { -e $_ } map { "$directory/$_$suffix" } @tests;
    if (!$built) {
        print "# $name: not all was built ($directory/build.log)\n";
        my @errors = grep { /error/ } split /\n/, Sections::read_file("$directory/build.log");
        splice(@errors, ERRORS) if @errors > ERRORS;
        print map { "#   $_\n" } @errors;
    }
    remove_tree("$directory/tap", 'build/tmp');
    local $ENV{CC} = $target->{cc}; # for tests that compile
    local $ENV{LLMOBS_TAP} = "$directory/tap";
    local $ENV{LLMOBS_RUNNER} = $target->{runner} // '';
    local $ENV{LLMOBS_QEMU} = 1 if ($target->{runner} // '') =~ /^qemu/;
    local $ENV{LLMOBS_SECONDS} = $ENV{LLMOBS_SECONDS} // 600;
    # Of the long tests a tenth: what differs between platforms is seldom the hundredth round.
    local $ENV{LLMOBS_EMULATED} = 1;
    my $passed = @programs && system('prove', "-j$JOBS", '--timer', '--failures', '--exec',
        'tools/run_test.pl', @programs) == 0;
    my $sum = count($directory, map { "$_$suffix" } @tests);
    $sum->{seconds} = time() - $begun;
    $sum->{build_seconds} = $build_seconds;
    $sum->{passed} = $built && $passed && !$sum->{bad_programs};
    return $sum;
}

# ---- what came of it ----------------------------------------------------------------------------

sub row_of
{
    my ($target, $sum) = @_;
    my ($compiler) = $target->{cc} =~ /(gcc|clang|emcc)/;
    my $runner = $target->{runner} // '';
    my ($tool) = split ' ', $runner;
    return join(' | ', "| $target->{what}",
        ($compiler // 'cc') . ' ' . version_of((split ' ', $target->{cc})[0]),
        defined $target->{runner} ? "$tool " . version_of($tool) : 'the machine itself',
        $sum->{programs} . ($sum->{bad_programs} ? ", $sum->{bad_programs} FAILED" : ''),
        all_tests() - $sum->{programs},
        $sum->{assertions} - $sum->{failed} - $sum->{skipped}, $sum->{failed},
        $sum->{skipped}) . " |\n";
}

# What a target is left out of, test by test. (Not what an emulator alone can't do, where there was
# none.)
sub left_out
{
    my %why;
    for my $target (@TARGETS) {
        for my $test (sort keys %{ $target->{without} // {} }) {
            next if defined $target->{native} && !$target->{emulated}
                && $target->{without}{$test} eq ($EMULATED{$test} // '');
            push @{ $why{"`$test`: $target->{without}{$test}"} }, $target->{name};
        }
    }
    return join('', map { "- $_ (" . join(', ', @{ $why{$_} }) . ")\n" } sort keys %why);
}

# Puts a text between the page's markers of that name.
sub put
{
    my ($page, $name, $text) = @_;
    $page =~ s/(<!-- begin $name[^\n]*-->\n).*?(<!-- end $name -->)/$1$text$2/s
        or die "$PAGE: no markers for $name\n";
    return $page;
}

# Rows of targets that were not run stay as they are.
sub write_page
{
    my (%new) = @_;
    my $page = Sections::read_file($PAGE);
    my %rows;
    if ($page =~ /<!-- begin results[^\n]*-->\n(.*?)<!-- end results -->/s) {
        for my $row (split /\n/, $1) {
            $rows{$1} = "$row\n" if $row =~ /^\| ([^|]*[^| ]) *\|/;
        }
    }
    my $table = "| target | compiler | run by | tests | left out | assertions passed | failed "
        . "| skipped |\n|---|---|---|---|---|---|---|---|\n";
    $table .= $new{ $_->{what} } // $rows{ $_->{what} } // '' for @TARGETS;
    $page = put($page, 'results', $table);
    Sections::write_file($PAGE, put($page, 'left out', left_out()));
}

# ---- main ---------------------------------------------------------------------------------------

my @names = @ARGV ? @ARGV : split(' ', $ENV{LLMOBS_PLATFORMS} // '');
if (@names && $names[0] eq '--list') {
    print "$_->{name}\t$_->{what}\n" for @TARGETS;
    exit(0);
}
my %known = map { $_->{name} => $_ } @TARGETS;
$known{$_} // die "no platform $_: ", join(' ', map { $_->{name} } @TARGETS), "\n" for @names;
my @chosen = @names ? map { $known{$_} } @names : grep { !$_->{apart} } @TARGETS;
$| = 1;
make_path('build/platforms');

my (%rows, $failed);
for my $target (@chosen) {
    my $sum = run($target) // next;
    $failed = 1 if !$sum->{passed};
    $rows{ $target->{what} } = row_of($target, $sum);
    my @fields = qw(programs bad_programs assertions failed skipped build_seconds seconds);
    Sections::write_file("build/platforms/$target->{name}.tsv",
        join('', map { "$target->{name}\t$_\t$sum->{$_}\n" } @fields));
    printf("# %s: %s, %d tests, %d assertions, %d failed, %d skipped, %d s\n", $target->{name},
        $sum->{passed} ? 'passed' : 'FAILED', map { $sum->{$_} }
        qw(programs assertions failed skipped seconds));
}
write_page(%rows);
exit($failed ? 1 : 0);

#!/usr/bin/env perl
# Who takes llmobs as a package: `make install`, what CMakeLists.txt installs, and projects that use
# either, in C and C++. `make check-packaging` (LLMOBS_WHOLE) adds what takes long or needs more.
use strict;
use warnings;
use Cwd ();
use FindBin;
use lib "$FindBin::Bin/../tools";
use File::Find ();
use Gate;
use Sections;
use Test::More;

my $directory = Gate::scratch();
my $here = Cwd::getcwd() . "/$directory";
my $whole = $ENV{LLMOBS_WHOLE};
my $version = Sections::version(Sections::load('.'));

# One test of what is to be left out, by name.
sub left_out {
    my ($why) = @_;
    SKIP: { skip($why, 1) }
}

# What a tree has: the files' paths and contents.
sub tree {
    my ($root) = @_;
    my %files;
    File::Find::find({ no_chdir => 1, wanted => sub {
        $files{ substr($_, length($root) + 1) } = Sections::read_file($_) if -f;
    } }, $root) if -d $root;
    return \%files;
}

# ---- one version -------------------------------------------------------------------------------

my $platform = Sections::read_file('src/platform/platform.h');
is(join('.', map { ($platform =~ /^#define LLMOBS_VERSION_$_ (\d+)$/m)[0] // '?' }
        qw(MAJOR MINOR PATCH)), $version, 'the version\'s numbers and its text agree');
is((Sections::read_file('packaging/vcpkg/llmobs/vcpkg.json') =~ /"version-semver": "(.*)"/)[0],
    $version, '... and with the vcpkg port');
is((Sections::read_file('llmobs.h') =~ /^#define LLMOBS_VERSION_STRING "(.*)"/m)[0], $version,
    '... and with the header');
for my $file (glob('packaging/* packaging/*/* packaging/*/*/* CMakeLists.txt')) {
    next if -d $file || $file =~ /vcpkg\.json$/;
    unlike(Sections::read_file($file), qr/\b\Q$version\E\b/, "$file does not repeat it");
}

# ---- make install ------------------------------------------------------------------------------

my $make = 'make -s --no-print-directory';
my $root = "$here/a root"; # with a blank in it
Gate::runs("umask 077; $make install DESTDIR='$root' PREFIX=/opt/obs", 'make install', 1);
my $installed = tree("$root/opt/obs");
is_deeply([ sort keys %$installed ], [ sort qw(include/llmobs.h share/pkgconfig/llmobs.pc
    share/cmake/llmobs/llmobsConfig.cmake share/cmake/llmobs/llmobsConfigVersion.cmake
    share/cmake/llmobs/llmobsImplementation.cmake share/llmobs/llmobs.c
    share/doc/llmobs/LICENSE share/man/man3/llmobs.3) ], 'brings what it should');
is($installed->{'include/llmobs.h'}, Sections::read_file('llmobs.h'), 'the header as it is');
is((stat("$root/opt/obs/include/llmobs.h"))[2] & 0777, 0644, 'which everybody may read');
is_deeply([ grep { index($installed->{$_}, $here) >= 0 || $installed->{$_} =~ m{/opt/obs}
        || $installed->{$_} =~ /\@\w+\@/ } sort keys %$installed ], [],
    'no file knows where it is, or has a place that was not filled in');
Gate::runs("cp -R '$root' '$here/emptied' && mkdir -p '$here/emptied/opt/obs/share/cmake/other' && "
    . "touch '$here/emptied/opt/obs/include/llmobs.hpp' && "
    . "$make uninstall DESTDIR='$here/emptied' PREFIX=/opt/obs", 'make uninstall', 1);
is_deeply([ keys %{ tree("$here/emptied") } ], [ 'opt/obs/include/llmobs.hpp' ],
    'takes all of it away, and nothing else');
ok(!-e "$here/emptied/opt/obs/share/$_", "share/$_ is gone") for qw(llmobs cmake/llmobs doc/llmobs);
ok(-e "$here/emptied/opt/obs/share/cmake/other", 'share/cmake is not ours');

# From here on it is somewhere else: it can be moved.
rename("$root/opt/obs", "$here/moved") or die "rename: $!\n";
my $prefix = "$here/moved";

# ---- users -------------------------------------------------------------------------------------

my $object = Cwd::getcwd() . '/' . Gate::implementation(Gate::cc(), 'c', '-O0');
my $have_cxx = Gate::have_cxx();

# The users that a project has built, in C and in C++, know the version.
sub users_run {
    my ($place, $what) = @_;
    my %users = ('C' => [ 'user_c', 'user_C' ], 'C++' => [ 'user_cxx', 'user_CXX' ]);
    for my $language ('C', $have_cxx ? 'C++' : ()) {
        my ($program) = grep { -x } map { "$place/$_" } @{ $users{$language} };
        my ($status, $output) = Gate::run(defined $program ? "'$program'" : 'false');
        is("$status $output", "0 $version $version\n", "$what: the user in $language runs");
    }
}

sub by_pkg_config {
    my ($implementation, $what) = @_;
    my $targets = $have_cxx ? 'all' : 'user_c';
    mkdir("$here/pkgconfig");
    Gate::runs("PKG_CONFIG_PATH='$prefix/share/pkgconfig' make -s --no-print-directory "
        . "-C tests/packaging/pkgconfig $targets OUT='$here/pkgconfig' CC='" . Gate::cc()
        . "' CXX='" . Gate::cxx() . "' IMPLEMENTATION='$implementation'", $what, 1);
    users_run("$here/pkgconfig", $what);
}

if (Gate::have('pkg-config')) {
    my $ask = "PKG_CONFIG_PATH='$prefix/share/pkgconfig' pkg-config";
    is((Gate::run("$ask --modversion llmobs"))[1], "$version\n", 'pkg-config knows the version');
    like((Gate::run("$ask --cflags llmobs"))[1], qr{-I\S*/moved/share/pkgconfig/../../include },
        '... and where the header is now');
    Gate::runs("$ask --validate llmobs", '... and has no complaint', 1);
    by_pkg_config($object, 'pkg-config');
}

my $have_cmake = Gate::have('cmake');
my $generator = Gate::in_path('ninja') ? 'Ninja' : 'Unix Makefiles';
my $cmake = "CC='" . Gate::cc() . "' CXX='" . Gate::cxx() . "' cmake -G '$generator' "
    . '-Werror=dev -DCMAKE_BUILD_TYPE=Debug';

# One project: configured, built, its users run.
sub by_cmake {
    my ($project, $name, $what, @options) = @_;
    my $build = "$here/$name";
    my $configured = Gate::runs("$cmake -S tests/packaging/$project -B '$build' "
        . join(' ', map { "'-D$_'" } @options), "$what: configured");
    return if !$configured;
    Gate::runs("cmake --build '$build'", "$what: built");
    users_run($build, $what);
}

if ($have_cmake) {
    Gate::runs("$cmake -S . -B '$here/tree' && cmake --build '$here/tree' && "
        . "cmake --install '$here/tree' --prefix '$here/by cmake'", 'cmake --install');
    is_deeply(tree("$here/by cmake"), $installed, 'brings what make install does, byte for byte');
}
if ($have_cmake && $have_cxx) {
    my @shared = ("CMAKE_PREFIX_PATH=$prefix", "IMPLEMENTATION_OBJECT=$object");
    by_cmake('cmake', 'found', 'find_package', @shared);
    my ($major, $minor) = split /\./, $version;
    my @asked = ([ "$major.$minor", 1 ], [ $version, 1 ], [ "$version;EXACT", 1 ],
        [ "$major." . ($minor + 1), 0 ], [ ($major + 1) . '.0', 0 ],
        [ "$major.$minor.99999", 0 ]);
    push @asked, [ "$major.$minor...<" . ($major + 1), 1 ], [ "0.0.1...<$major.$minor", 0 ]
        if (Gate::run('cmake --version'))[1] =~ /version (\d+)\.(\d+)/
            && ($1 > 3 || $2 >= 19);
    for my $asked (@asked) {
        my ($status, $output) = Gate::run("$cmake -S tests/packaging/cmake -B '$here/found' "
            . "'-DWANTED_VERSION=$asked->[0]'");
        is($status == 0 ? 1 : 0, $asked->[1], "find_package(llmobs $asked->[0]) is "
            . ($asked->[1] ? 'given' : 'refused')) or diag($output);
    }
    for my $as_cxx (0, 1) {
        Gate::run("$cmake -S tests/packaging/cmake -B '$here/as' '-DCMAKE_PREFIX_PATH=$prefix' "
            . "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON -DLLMOBS_IMPLEMENTATION_CXX=$as_cxx");
        my ($command) = grep { /llmobs\.c\b/ } split /\n/,
            Sections::read_file("$directory/as/compile_commands.json");
        my $language = 'C' . 'XX' x $as_cxx;
        my ($compiler) = Sections::read_file("$directory/as/CMakeCache.txt")
            =~ /^CMAKE_${language}_COMPILER:\w+=(.*)$/m;
        like($command // '', qr/"\Q$compiler\E /,
            "llmobs::implementation is a matter of $compiler");
    }
    by_cmake('subdirectory', 'sub', 'add_subdirectory', $shared[1]);
    ok(!-e "$here/sub/llmobs/llmobs.3", '... and nothing of ours is built there');
    by_cmake('subdirectory', 'fetched', 'FetchContent', $shared[1], 'BY_FETCHCONTENT=ON');
}

# ---- vcpkg -------------------------------------------------------------------------------------

if ($have_cmake && $have_cxx) {
    my $port = Cwd::getcwd() . '/packaging/vcpkg/llmobs';
    Gate::runs("cmake '-DPORT_DIR=$port' '-DWORK_DIR=$here/vcpkg' '-DGENERATOR=$generator' "
        . '-P tests/packaging/vcpkg_stand_ins.cmake',
        'the vcpkg port, by stand-ins for what it calls');
    by_cmake('cmake', 'ported', 'the port', "CMAKE_PREFIX_PATH=$here/vcpkg/packages",
        "IMPLEMENTATION_OBJECT=$object");
}

# ---- what takes longer -------------------------------------------------------------------------

if (!$whole) {
    done_testing();
    exit;
}

by_pkg_config("$prefix/share/llmobs/llmobs.c", 'pkg-config and llmobs.c')
    if Gate::have('pkg-config');
if ($have_cmake && $have_cxx) {
    by_cmake('cmake', 'compiled', 'llmobs::implementation', "CMAKE_PREFIX_PATH=$prefix");
    $have_cxx = 0;
    by_cmake('cmake', 'c_alone', 'llmobs::implementation, C alone', "CMAKE_PREFIX_PATH=$prefix",
        'USER_LANGUAGES=C');
    $have_cxx = 1;
    Gate::runs("$cmake -S tests/packaging/cmake -B '$here/cxx_alone' -DUSER_LANGUAGES=CXX "
        . "'-DCMAKE_PREFIX_PATH=$prefix' && cmake --build '$here/cxx_alone'",
        'llmobs::implementation, C++ alone: built');
    is((Gate::run("'$here/cxx_alone/user_CXX'"))[1], "$version $version\n", '... and it runs');
}

# Conan, from the path or into an environment of its own.
my $conan = Gate::in_path('conan') ? 'conan' : "$here/venv/bin/conan";
my $python = $ENV{PYTHON} || 'python3';
Gate::run("$python -m venv '$here/venv' && '$here/venv/bin/pip' install -q conan")
    if $conan ne 'conan' && Gate::in_path((split ' ', $python)[0]);
if ((Gate::run("'$conan' --version"))[0] != 0) {
    left_out('conan not found');
}
elsif (!$have_cmake || !$have_cxx) {
    left_out('conan: cmake or a C++ compiler not found');
}
else {
    local $ENV{CONAN_HOME} = "$here/conan";
    Gate::runs("'$conan' profile detect", 'conan: a profile');
    # It builds where its test package is: a copy.
    my ($status, $output) = Gate::run("cp -R packaging/conan/test_package '$here/test_package' && "
        . "'$conan' create packaging/conan --test-folder='$here/test_package' --no-remote "
        . '-s build_type=Debug');
    is($status, 0, 'conan create') or diag(substr($output, -3000));
    like($output, qr/^llmobs \Q$version\E: 1 span$/m, '... and its test package runs');
}

# vcpkg itself, where it is (VCPKG_ROOT).
if (!$ENV{VCPKG_ROOT} || !-x "$ENV{VCPKG_ROOT}/vcpkg") {
    left_out('vcpkg not found (VCPKG_ROOT)');
}
elsif ($have_cmake && $have_cxx) {
    Gate::runs("'$ENV{VCPKG_ROOT}/vcpkg' install llmobs --classic --overlay-ports=packaging/vcpkg "
        . "--x-install-root='$here/vcpkg_installed' --x-buildtrees-root='$here/vcpkg_build' "
        . "--x-packages-root='$here/vcpkg_packages'", 'vcpkg install llmobs');
    my ($found) = glob("$directory/vcpkg_installed/*/share/llmobs");
    by_cmake('cmake', 'by_vcpkg', 'vcpkg', "llmobs_DIR=" . Cwd::getcwd() . '/' . ($found // ''),
        "IMPLEMENTATION_OBJECT=$object");
}

done_testing();

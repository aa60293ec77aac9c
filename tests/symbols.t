#!/usr/bin/env perl
# What the object of an implementation defines, and what it wants from others.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../tools";
use Gate;
use Sections;
use Test::More;

# All that the library asks of libc and pthreads. No printf, no abort, no exit: it is a guest.
my %ALLOWED = map { $_ => 1 } qw(
    aligned_alloc free posix_memalign memcpy memset memcmp memmove memchr strlen strcmp
    strncmp strchr pthread_mutex_init pthread_mutex_destroy pthread_mutex_lock
    pthread_mutex_trylock pthread_mutex_unlock pthread_cond_init pthread_cond_destroy
    pthread_cond_broadcast pthread_cond_signal pthread_cond_timedwait pthread_cond_wait
    pthread_condattr_init pthread_condattr_destroy pthread_condattr_setclock pthread_create
    pthread_detach pthread_join pthread_self pthread_equal pthread_once pthread_key_create
    pthread_key_delete pthread_getspecific pthread_setspecific pthread_atfork
    pthread_sigmask sigfillset clock_gettime getrandom syscall getpid sched_yield open read
    write close fstat ftruncate lseek rename unlink pwrite pread fsync geteuid
    __errno_location __tls_get_addr __cxa_atexit __cxa_finalize __dso_handle atexit fchmod
    bcmp __gxx_personality_v0 __cxa_begin_catch __cxa_end_catch _Unwind_Resume
    _GLOBAL_OFFSET_TABLE_ __stack_chk_fail
    __popcountdi2 __cpu_model __cpu_indicator_init pthread_setcancelstate flock getcwd
    getrlimit stat lstat sysconf strspn strcspn strtod strrchr getenv getauxval uname readlink
    mkdir opendir readdir closedir fcntl mmap munmap posix_fallocate
);

# Local names that the compiler makes, or that stand in a function: `digits.0`.
my $COMPILERS = qr/^(?:\.L|GCC_except_table\d+$|\w+\.\d+$|__PRETTY_FUNCTION__|switch\.table|
    (?:_ZL\d+)?__get_cpuid)/x;

my $source = 'tests/compile/implementation.c';
my $directory = Gate::scratch();
my @functions = map { $_->{name} } map { Sections::functions($_->{api}) } @{ Sections::load('.') };
ok(@functions > 50, @functions . ' public functions are declared');
if (!Gate::have('nm')) { done_testing(); exit }

sub symbols {
    my ($object, $options) = @_;
    my ($status, $text) = Gate::run("nm $options $object");
    return () if $status != 0;
    my @symbols;
    for my $row (split /\n/, $text) {
        push @symbols, [ $2, $1 ] if $row =~ /^[0-9a-f ]*([A-Za-z])\s+(\S+)/;
    }
    return @symbols;
}

sub exported {
    my ($object) = @_;
    return sort grep { /llmobs/ } map { $_->[0] } symbols($object, '-D --defined-only');
}

for my $compiler (Gate::compilers()) {
    my ($command, $language) = @$compiler;
    # `make check-builds` looks at all of them.
    for my $level ($ENV{LLMOBS_WHOLE} || $command eq 'gcc' ? ('-O0', '-O2') : '-O0') {
        my $name = "$command $level";
        my $object = Gate::implementation($command, $language, $level);
        ok(-e $object, "$name: compiles") or next;
        my (@global, @local, @undefined);
        for my $symbol (symbols($object, '')) {
            my ($what, $kind) = @$symbol;
            if ($kind =~ /[Uvw]/) { push @undefined, $what }
            elsif ($what =~ /^DW\.ref\./) { next }
            elsif ($kind =~ /[A-Z]/) { push @global, $what }
            else { push @local, $what }
        }
        is_deeply([ sort @global ], [ sort @functions ],
            "$name: the object exports the declared functions, no more and no less");
        is(join(' ', grep { !/llmobsi?_/ && !/$COMPILERS/ } sort @local), '',
            "$name: local names are llmobsi_ or the compiler's");
        is(join(' ', grep { !$ALLOWED{ $_ =~ s/@.*//r } } sort @undefined), '',
            "$name: it asks libc for what is on the list only");
    }
}

# Hidden by default, so that two shared objects with a copy each do not share one.
my $cc = Gate::cc() . " $Gate::OUTLINE";
my $shared = Gate::implementation(Gate::cc(), 'c', "-O0 $Gate::OUTLINE -fPIC");
Gate::runs("$cc -shared -pthread $shared -o $directory/hidden.so", 'as a shared object it links');
is_deeply([ exported("$directory/hidden.so") ], [], 'and exports none of its functions');
my $export = q{-D'LLMOBS_API=extern __attribute__((visibility("default")))'};
Gate::runs("$cc -fPIC -shared -pthread $export $source -o $directory/open.so",
    'links as a shared object with an LLMOBS_API of its own');
is_deeply([ exported("$directory/open.so") ], [ sort @functions ], 'and exports them all');

# A private copy exports nothing, a disabled build holds nothing.
Gate::runs("$cc -O1 -c tests/compile/static.c -o $directory/static.o", 'LLMOBS_STATIC compiles');
is_deeply([ map { $_->[0] } grep { $_->[1] =~ /[A-TV-Z]/ } symbols("$directory/static.o", '') ],
    ['static_version'], 'LLMOBS_STATIC exports nothing');
for my $level ('-O0', '-O2') {
    Gate::runs("$cc $level -DLLMOBS_DISABLE -c $source -o $directory/disabled.o",
        "LLMOBS_DISABLE $level compiles");
    is_deeply([ map { $_->[0] } symbols("$directory/disabled.o", '') ], [],
        "LLMOBS_DISABLE $level: the object is empty");
}

done_testing();

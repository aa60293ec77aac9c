#!/usr/bin/env perl
# Holds the form that docs/contributing.md asks for. Problems are named, exit 1; figures follow.
#
#   tools/lint.pl [--root DIR] [--stats]        with --stats, the longest functions too
#   tools/lint.pl --fix                         first shortens rulers, takes trailing blanks away
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Getopt::Long;
use Sections;

use constant {
    COLUMNS => 100,
    FUNCTION_LINES => 60,
    PARSER_LINES => 90,    # and tests: they are lists
    FILE_LINES => 700,    # about 600, with some grace
    BANNER_LINES => 250,
};

# Reserved names that one may use, because they are the compiler's or the system's own.
my $SYSTEM_NAME = qr/^(?:
    __\w+__                                         # __attribute__, __FILE__, __x86_64__, ...
    | __(?:builtin|atomic|ATOMIC|has|SANITIZE|GLIBC|USE|BYTE_ORDER|ORDER)_?\w*
    | __cplusplus | __cpp_exceptions | __EXCEPTIONS
    | __get_cpuid\w* | __cpuid\w* | __m(?:128|256|512)[id]? | __int128 | __thread
    | __VA_ARGS__ | __ARM_\w+ | __cxa_\w+
    | __sanitizer_\w+ | __lsan_\w+ | __tsan_\w+ | __asan_\w+ | __gcov_\w+ | __linux | __musl\w*
    | __declspec | __forceinline | _CPPUNWIND | _Generic | __rdtsc     # MSVC's
    | _BitScan\w+ | _byteswap_\w+ | _umul128 | __dmb | _(?:Read|Write)StatusReg
    | _ReadWriteBarrier | _Interlocked\w+ | __iso_volatile_\w+
    | _(?:beginthreadex|aligned_malloc|aligned_free|mkdir|fmode|pipe|putenv_s|mkgmtime) | _O_BINARY
    | _mm\d*_\w+ | _MM_\w+ | _GNU_SOURCE | _POSIX_C_SOURCE | _XOPEN_SOURCE | _DEFAULT_SOURCE
    | _FORTIFY_SOURCE | _WIN32\w* | _M_\w+ | _MSC_\w+
    | _FILE_OFFSET_BITS | _exit | _Exit | _SC_\w+ | _Static_assert | _IO\w+
)$/x;
my $PARSER = qr/_(?:parse|read|decode|scan)/;
my $THREAD_WORD = qr/^\[(?:any|owner|setup)(?:, locks)?\] \S/;

my ($root, $stats, $fix);
GetOptions('root=s' => \$root, 'stats' => \$stats, 'fix' => \$fix)
    or die "usage: lint.pl [--root DIR] [--stats] [--fix]\n";
$root //= "$FindBin::Bin/..";
chdir($root) or die "$root: $!\n";

my @problems;
sub problem { my ($file, $line, $what) = @_; push @problems, "$file:$line: $what" }

# ---- every text ---------------------------------------------------------------------------------

sub check_text {
    my ($file, $text) = @_;
    my $line = 0;
    problem($file, 1, 'the file does not end in one newline') if $text !~ /[^\n]\n\z/;
    for my $row (split /\n/, $text) {
        $line++;
        my $columns = length($row =~ s/[\x80-\xbf]//gr);
        problem($file, $line, "$columns columns, more than " . COLUMNS) if $columns > COLUMNS;
        problem($file, $line, 'trailing blank') if $row =~ /[ \t\r]$/;
        problem($file, $line, 'tab') if $row =~ /\t/ && $file !~ /(?:^|\/)Makefile$/;
    }
}

# ---- C ------------------------------------------------------------------------------------------

sub check_names {
    my ($file, $code, $ours_only) = @_;
    my $line = 0;
    for my $row (split /\n/, $code) {
        $line++;
        for my $name ($row =~ /(?<![\w.])(_\w+|\w*[A-Za-z0-9]__\w*)\b/g) {
            problem($file, $line, "$name is a reserved name") if $name !~ $SYSTEM_NAME;
        }
        next if !$ours_only;
        # Before windows.h and ntsecapi.h.
        next if $row =~ /\b(?:WIN32_LEAN_AND_MEAN|NOMINMAX|NTAPI SystemFunction036)$/;
        if ($row =~ /^\s*#\s*define\s+(\w+)/ && $1 !~ /^(?:LLMOBS_|llmobsi_)/) {
            problem($file, $line, "macro $1 is off the prefix");
        }
    }
}

sub check_comments {
    my ($file, $text) = @_;
    $text =~ s{/\*.*?\*/|"(?:[^"\\\n]|\\.)*"}{ $& =~ s/[^\n]/ /gr }gse;
    my $line = 0;
    for my $row (split /\n/, $text) {
        $line++;
        problem($file, $line, '// comment') if $row =~ m{//};
    }
}

# Systems differ in src/platform alone: above it, its vocabulary is called. (Vectors ask for
# compilers, since they are written for two.)
my $SYSTEM_NAME_ABOVE = qr/\b(?:_WIN32|_WIN64|_MSC_VER|__APPLE__|__EMSCRIPTEN__|__FreeBSD__
    |struct\ stat|pid_t|__thread|__declspec)\b/x;
my $SYSTEM_CALL_ABOVE = qr/(?<![\w.>])(?:pthread_\w+|sched_yield|open|close|read|lseek|fstat|lstat
    |stat|rename|unlink|mkdir|opendir|readdir|fcntl|flock|ftruncate|fsync|fchmod|mmap|munmap
    |getpid|geteuid|getuid|uname|sysconf|syscall|getrandom|getcwd|readlink|clock_gettime)\s*\(/x;

sub check_system {
    my ($file, $code) = @_;
    my $line = 0;
    for my $row (split /\n/, $code) {
        $line++;
        for my $pattern ($SYSTEM_NAME_ABOVE, $SYSTEM_CALL_ABOVE) {
            problem($file, $line, "the system's own outside src/platform: $&") if $row =~ $pattern;
        }
    }
}

# [ name, lines, line ] for each function: from its first line to the brace that closes it.
sub functions_of {
    my ($code) = @_;
    my (@functions, $start, $name);
    my @rows = split /\n/, $code;
    for my $index (0 .. $#rows) {
        my $row = $rows[$index];
        if ($row =~ /^[A-Za-z][^=;#]*?\b(\w+)\((?!\()/ && $row !~ /^typedef|;\s*$/) {
            ($name, $start) = ($1, $index);
            $name = $1 if $row =~ /__attribute__\(\(.*?\)\)\s+.*?\b(\w+)\(/;
        }
        if ($row =~ /^\}/ && defined $start) {
            push @functions, [ $name, $index - $start + 1, $start + 1 ];
            undef $start;
        }
        undef $start if $row =~ /;\s*$/ && $row !~ /^\s/;
    }
    return @functions;
}

sub check_functions {
    my ($file, $code, $ours, $lengths) = @_;
    for my $function (functions_of($code)) {
        my ($name, $lines, $line) = @$function;
        my $most = !$ours || $name =~ $PARSER ? PARSER_LINES : FUNCTION_LINES;
        problem($file, $line, "$name has $lines lines, more than $most") if $lines > $most;
        push @$lengths, [ $name, $lines, $file ] if $ours;
    }
}

sub check_thread_words {
    my ($file, $text) = @_;
    for my $function (Sections::functions($text)) {
        if ($function->{comment} eq '') {
            problem($file, $function->{line}, "$function->{name} stands under no comment");
        }
        elsif ($function->{comment} !~ $THREAD_WORD) {
            problem($file, $function->{line}, "$function->{name}: the comment does not begin with "
                . "[any], [any, locks], [owner] or [setup]");
        }
    }
    my $code = Sections::code_only($text);
    my $declared = () = $code =~ /^LLMOBS_API\b/mg;
    my $read = () = Sections::functions($text);
    problem($file, 1, "the generator can read $read of $declared LLMOBS_API declarations")
        if $declared != $read;
}

# ---- what nobody uses ---------------------------------------------------------------------------

# Parts of a section that the library does not use yet, whose page describes them.
my %AHEAD = map { $_ => 1 } qw(llmobsi_top_estimate llmobsi_top_merge llmobsi_unique_merge);

# Patterns of the names that a file's macros put together by ##, with groups for what is theirs to
# choose.
sub pasted_names {
    my ($code) = @_;
    my @patterns;
    for my $macro ($code =~ /^\s*#\s*define\s+((?:[^\n]*\\\n)*[^\n]*)/mg) {
        my ($parameters) = $macro =~ /^\w+\(([\w\s,\\.]*)\)/;
        my %free = map { $_ => 1 } ($parameters // '') =~ /\w+/g;
        for my $chain ($macro =~ /\w+(?:\s*##\s*\w+)+/g) {
            my @parts = map { $free{$_} ? '(\w+)' : $_ } split /\s*##\s*/, $chain;
            push @patterns, join('', @parts) if grep { $_ ne '(\w+)' } @parts;
        }
    }
    return @patterns;
}

# Private functions, macros and tables that stand nowhere but where they are made.
sub check_uses {
    my (%code) = @_;
    my (%count, %patterns);
    for my $file (keys %code) {
        $count{$_}++ for $code{$file} =~ /\w+/g;
        $patterns{$_} = 1 for pasted_names($code{$file});
    }
    my $is_pasted = sub {
        my ($name) = @_;
        for my $pattern (keys %patterns) {
            my @chosen = $name =~ /^$pattern$/;
            return 1 if @chosen && !grep { !$count{$_} } @chosen;
        }
        return 0;
    };
    for my $file (sort keys %code) {
        my $line = 0;
        for my $row (split /\n/, $code{$file}) {
            $line++;
            next if $row =~ /\b(?:con|de)structor\b|LLMOBS_I_AT_UNLOAD/;
            my ($name) = $row =~ /^\s*#\s*define\s+((?:llmobsi_|LLMOBS_I_)\w+)/;
            ($name) = $row =~ /^[A-Za-z][^=;#]*?\b(llmobsi_\w+)(?:\(|(?:\[\w*\])* =)/ if !$name;
            next if !$name || $count{$name} > 1 || $AHEAD{$name} || $is_pasted->($name);
            problem($file, $line, "nobody uses $name");
        }
    }
}

# ---- figures of the generated header ------------------------------------------------------------

sub comment_share {
    my ($text) = @_;
    my @code = split /\n/, Sections::code_only($text);
    my @text = split /\n/, $text;
    my $comments = grep { $text[$_] ne '' && $text[$_] ne ($code[$_] // '') } 0 .. $#text;
    my $blank = grep { $_ !~ /\S/ } @text;
    return 100 * $comments / ((@text - $blank) || 1);
}

sub longest_unmarked {
    my ($text) = @_;
    my ($line, $last, $longest, $where) = (0, 0, 0, 0);
    for my $row (split(/\n/, $text), '>>end') {
        $line++;
        next if $row !~ m{>>[\w:]+\s|^/\* -{4} |>>end};
        ($longest, $where) = ($line - $last, $last) if $line - $last > $longest;
        $last = $line;
    }
    return ($longest, $where);
}

sub percentile {
    my ($share, @sorted) = @_;
    return @sorted ? $sorted[ int($share * $#sorted + 0.5) ] : 0;
}

# ---- the whole ----------------------------------------------------------------------------------

sub ruler { my ($start) = @_; return $start . '-' x (95 - length($start)) . ' */' }

my @lengths;
my @sources = (grep { -e } 'src/manual.h', glob('src/*/*.[ch]'));
my @programs = (glob('tests/*.[ch]'), glob('tests/*/*.{c,h,cc}'), glob('examples/*.[ch]'),
    glob('examples/*/*.[ch]'), glob('bench/*.[ch]'));
my @scripts = grep { -f } (glob('tests/*.t'), glob('tools/*'), 'Makefile', '.ci/run',
    '.gitignore', '.editorconfig', 'LICENSE');

for my $file ($fix ? (@sources, @programs) : ()) {
    my $text = Sections::read_file($file);
    my $fixed = $text =~ s/[ \t]+$//mgr =~ s{^(/\* -{3,} .{1,88}? -{3}).* \*/$}{ruler($1)}megr;
    Sections::write_file($file, $fixed) if $fixed ne $text;
}
for my $file (@sources, @programs, @scripts) {
    check_text($file, Sections::read_file($file));
}
check_uses(map { $_ => Sections::code_only(Sections::read_file($_), 1) } @sources);
for my $file (@sources, @programs) {
    my $ours = $file =~ /^src/;
    my $text = Sections::read_file($file);
    my $code = Sections::code_only($text, 1);
    my $lines = $text =~ tr/\n//;
    check_names($file, $code, $ours);
    check_comments($file, $text);
    check_system($file, $code) if $file =~ m{^src/\w+/\w+\.c$} && $file !~ m{^src/platform/};
    check_functions($file, $code, $ours, \@lengths);
    problem($file, $lines, "$lines lines, more than " . FILE_LINES)
        if $ours && $lines > FILE_LINES;
    check_thread_words($file, $text) if $ours && $file =~ /\.h$/;
}

print STDERR "$_\n" for @problems;

my @sorted = sort { $a <=> $b } map { $_->[1] } @lengths;
printf("lint: %d files, %d problems\n", @sources + @programs + @scripts, scalar @problems);
printf("functions: %d, lines median %d, p90 %d, longest %d\n", scalar @sorted,
    percentile(0.5, @sorted), percentile(0.9, @sorted), percentile(1, @sorted));
if (-e 'llmobs.h') {
    my $header = Sections::read_file('llmobs.h');
    my ($longest, $where) = longest_unmarked($header);
    printf("llmobs.h: %d lines, %.0f %% with a comment; longest stretch without a banner %d%s\n",
        ($header =~ tr/\n//), comment_share($header), $longest,
        $longest > BANNER_LINES ? " (line $where: more than " . BANNER_LINES . ')' : '');
}
if ($stats) {
    my @longest = sort { $b->[1] <=> $a->[1] } @lengths;
    printf("  %3d %s (%s)\n", $_->[1], $_->[0], $_->[2]) for splice(@longest, 0, 15);
}
exit(@problems ? 1 : 0);

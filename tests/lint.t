#!/usr/bin/env perl
# The sources keep the form of docs/contributing.md; and the check sees what does not.
use strict;
use warnings;
use File::Path qw(make_path);
use FindBin;
use lib "$FindBin::Bin/../tools";
use Gate;
use Test::More;

my ($status, $output) = Gate::run('tools/lint.pl');
is($status, 0, 'the sources are in form') or diag($output);
note($output);

my %cases = (
    'a line of 101 columns' => [ '/* ' . 'x' x 95 . ' */', qr/101 columns/ ],
    'a tab' => [ "int\tllmobsi_x;", qr/: tab/ ],
    'a trailing blank' => [ 'int llmobsi_x; ', qr/trailing blank/ ],
    'a name that begins with _' => [ 'static int _llmobsi_x;', qr/_llmobsi_x is a reserved name/ ],
    'a name with __' => [ 'static int llmobsi__x;', qr/llmobsi__x is a reserved name/ ],
    'a macro off the prefix' => [ '#define MIN(a, b) 0', qr/macro MIN is off the prefix/ ],
    'a // comment' => [ 'int llmobsi_x; // no', qr{// comment} ],
    'a long function' =>
        [ "static void llmobsi_x(void)\n{\n" . "    ;\n" x 60 . '}', qr/llmobsi_x has 63 lines/ ],
    'no word on threads' =>
        [ "/* Does. */\nLLMOBS_API int llmobs_x(void);", qr/does not begin with/ ],
    'a function that nobody uses' =>
        [ "static void llmobsi_x(void)\n{\n}", qr/nobody uses llmobsi_x/ ],
    'a macro that nobody uses' => [ '#define LLMOBS_I_X 1u', qr/nobody uses LLMOBS_I_X/ ],
    'one whose name is almost put together' =>
        [ "#define LLMOBS_I_X_ONE 1u\n#define llmobsi_x(one) LLMOBS_I_X_##one\n"
            . 'int llmobsi_y = llmobsi_x(TWO);', qr/nobody uses LLMOBS_I_X_ONE/ ],
    'a table that nobody uses' =>
        [ 'static const int llmobsi_x[] = {1};', qr/nobody uses llmobsi_x/ ],
    'no comment' => [ "\nLLMOBS_API int llmobs_x(void);", qr/stands under no comment/ ],
    'a declaration that can not be read' =>
        [ "/* [any] x */\nLLMOBS_API int (*llmobs_x(int a))(int);", qr/can't read the parameter/ ],
);

sub lint {
    my ($text) = @_;
    my $directory = Gate::scratch();
    make_path("$directory/src/core");
    Gate::write_file("$directory/src/core/x.h", "$text\n");
    return Gate::run("tools/lint.pl --root $directory");
}

# Where a section is: below src/platform systems differ, above it they do not.
sub lint_section {
    my ($layer, $text) = @_;
    my $directory = Gate::scratch();
    make_path("$directory/src/$layer");
    Gate::write_file("$directory/src/$layer/x.c", "$text\n");
    return Gate::run("tools/lint.pl --root $directory");
}

for my $case (sort keys %cases) {
    my ($text, $message) = @{ $cases{$case} };
    my ($case_status, $case_output) = lint($text);
    ok($case_status != 0 && $case_output =~ $message, "found: $case") or diag($case_output);
}

my ($clean_status, $clean_output) =
    lint("/* [any, locks] __reserved in a comment. */\nLLMOBS_API int llmobs_x(void);");
is($clean_status, 0, 'a clean file passes') or diag($clean_output);
($clean_status, $clean_output) = lint("#define LLMOBS_I_X_ONE 1u\n"
    . "#define LLMOBS_I_TAKE(which) LLMOBS_I_X_##which\n"
    . 'LLMOBS_I_STATIC_ASSERT(taken, LLMOBS_I_TAKE(ONE) == 1u);');
is($clean_status, 0, 'what a macro puts together is used') or diag($clean_output);

my $call = "LLMOBS_I_STATIC_ASSERT(x, sizeof(getpid()) != 0);";
my $if = "#ifdef _WIN32\n#endif";
for my $case ([ 'a system call', $call, qr/getpid\(/ ], [ 'a system', $if, qr/_WIN32/ ]) {
    my ($what, $text, $message) = @$case;
    my ($above_status, $above_output) = lint_section('core', $text);
    ok($above_status != 0 && $above_output =~ /the system's own outside src.platform: $message/,
        "found: $what above the platform") or diag($above_output);
    ($above_status, $above_output) = lint_section('platform', $text);
    is($above_status, 0, "$what in the platform passes") or diag($above_output);
}

# What ThreadSanitizer is not asked to look at has nothing for it.
my ($functions) = Gate::read_file('Makefile') =~ /^FUNCTIONS := ((?:.*\\\n)*.*\n)/m;
my @functions = grep { $_ ne '\\' } split ' ', $functions // '';
ok(@functions > 30, scalar(@functions) . ' tests are of functions alone');
my @others = grep { Gate::read_file("tests/test_$_.c") =~ /pthread|llmobs_open\(/ } @functions;
is("@others", '', '... none has an instance, or a thread');

done_testing();

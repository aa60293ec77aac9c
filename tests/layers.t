#!/usr/bin/env perl
# Calls go only downwards; and the check sees one that does not.
use strict;
use warnings;
use File::Path qw(make_path);
use FindBin;
use lib "$FindBin::Bin/../tools";
use Gate;
use Sections;
use Test::More;

Gate::runs('tools/layers.pl', 'no section uses what stands above it');

# A copy of src/, with one piece of text appended to one file.
sub planted {
    my ($file, $text) = @_;
    my $directory = Gate::scratch();
    Gate::run("cp -r src $directory/");
    make_path("$directory/src/platform");
    open(my $out, '>>', "$directory/src/$file") or die "$file: $!\n";
    print {$out} $text;
    close($out);
    return Gate::run("tools/layers.pl --root $directory");
}

my %cases = (
    'a call of a public function' => [ 'core/result.c', 'llmobs_flush',
        "\nllmobsi_fn void llmobsi_planted(void)\n{\n    (void)llmobs_flush(NULL, 0);\n}\n" ],
    'a public type' => [ 'platform/platform.c', 'llmobs_batch',
        "\nllmobsi_fn void llmobsi_planted(const llmobs_batch* batch)\n{\n    (void)batch;\n}\n" ],
    'a constant' => [ 'platform/platform.c', 'LLMOBS_FORMAT_OTLP_JSON',
        "\nllmobsi_fn int llmobsi_planted(void)\n{\n    return LLMOBS_FORMAT_OTLP_JSON;\n}\n" ],
    'a constant made by a list' => [ 'platform/platform.c', 'LLMOBS_NOTE_CLOCK',
        "\nllmobsi_fn int llmobsi_planted(void)\n{\n    return LLMOBS_NOTE_CLOCK;\n}\n" ],
    'a macro' =>
        [ 'platform/platform.h', 'LLMOBS_RESULTS', "\n#define LLMOBS_X LLMOBS_RESULTS(Y)\n" ],
    'a private function, announced' => [ 'platform/platform.c', 'llmobsi_cycles_planted',
        "\nllmobsi_fn int llmobsi_cycles_planted(void);\n" ],
);

for my $case (sort keys %cases) {
    my ($file, $name, $text) = @{ $cases{$case} };
    if ($case =~ /announced/) {
        # Its body comes in a section above.
        my $directory = Gate::scratch();
        Gate::run("cp -r src $directory/");
        open(my $below, '>>', "$directory/src/$file") or die "$!\n";
        print {$below} $text;
        close($below);
        open(my $above, '>>', "$directory/src/core/result.c") or die "$!\n";
        print {$above} "\nllmobsi_fn int $name(void)\n{\n    return 0;\n}\n";
        close($above);
        my ($status, $output) = Gate::run("tools/layers.pl --root $directory");
        ok($status == 1 && $output =~ /\Q$name\E is declared here/, "found: $case")
            or diag($output);
        next;
    }
    my ($status, $output) = planted($file, $text);
    ok($status == 1 && $output =~ /\b\Q$name\E\b.*stands above it/, "found: $case")
        or diag($output);
}

my ($status, $output) = planted('core/result.c', "\n/* llmobs_flush(NULL, 0) in a comment */\n");
is($status, 0, 'a name in a comment is no call') or diag($output);

done_testing();

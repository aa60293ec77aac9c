#!/usr/bin/env perl
# Writes llmobs.h from the parts in src/: the manual, every section's .h, then every section's .c.
#
#   tools/amalgamate.pl                        writes llmobs.h
#   tools/amalgamate.pl --output FILE          writes FILE ("-" is standard output)
#   tools/amalgamate.pl --check                exits 1, with the first difference, if that is old
#   tools/amalgamate.pl --upto core/json ...   all declarations, and the implementations up to there
#   tools/amalgamate.pl --root DIR ...         another tree
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Getopt::Long;
use Sections;

my ($upto, $output, $check, $root);
GetOptions('upto=s' => \$upto, 'output=s' => \$output, 'check' => \$check, 'root=s' => \$root)
    or die "usage: amalgamate.pl [--upto layer/name] [--output FILE] [--check] [--root DIR]\n";
$root //= "$FindBin::Bin/..";
$output //= "$root/llmobs.h";

use constant WIDTH => 100;

# ---- text ----------------------------------------------------------------------------------------

sub rule {
    my ($left, $character, $right) = @_;
    return $left . $character x (WIDTH - length($left) - length($right)) . $right . "\n";
}

# The banner of one half of a section, with its searchable tag.
sub banner {
    my ($tag, $title) = @_;
    return rule('/* ', '=', '') . sprintf(" *  %-24s %s\n", ">>$tag", $title)
        . rule(' * ', '=', ' */');
}

sub wrap_option {
    my ($section, $text) = @_;
    return $text if !$section->{option};
    return "#ifndef $section->{option}\n\n$text\n#endif /* $section->{option} */\n";
}

# ---- the manual ----------------------------------------------------------------------------------

# One row a chapter of the manual, then one row a section, with the tags of both its halves.
sub contents {
    my ($manual, $sections) = @_;
    my $text = '';
    for my $line (split /\n/, $manual) {
        $text .= sprintf("    %-49s %s\n", ">>$1", $2) if $line =~ /^>>(\S+)\s+(.+)$/;
    }
    $text .= sprintf("\n    %-24s %-24s %s\n", 'declarations', 'implementation', 'what');
    for my $section (@$sections) {
        my $api = $section->{api} ne '' ? ">>api:$section->{name}" : '';
        my $code = $section->{code} ne '' ? ">>$section->{name}" : '';
        next if $api eq '' && $code eq '';
        my $row = sprintf('    %-24s %-24s %s', $api, $code, $section->{title});
        $row =~ s/\s+$//;
        $text .= "$row\n";
    }
    return $text;
}

# The program of examples/quickstart.c, without its comments (one can't stand in another), indented.
sub quick_start {
    my $file = "$root/examples/quickstart.c";
    return "    (examples/quickstart.c is not there)\n" if !-e $file;
    my $text = Sections::program_text(Sections::read_file($file));
    $text =~ s/^(?=.)/    /mg;
    return $text;
}

sub manual {
    my ($sections) = @_;
    my $file = "$root/src/manual.h";
    return '' if !-e $file;
    my $manual = Sections::read_file($file);
    my ($contents, $quick_start) = (contents($manual, $sections), quick_start());
    my $version = Sections::version($sections);
    $manual =~ s/^\@contents\@\n/$contents/m;
    $manual =~ s/^\@quickstart\@\n/$quick_start/m;
    $manual =~ s/\@version\@/$version/g;
    return "$manual\n";
}

# ---- LLMOBS_DISABLE ------------------------------------------------------------------------------

# What a stub does with one parameter: evaluates it, and clears what the call would have filled.
sub stub_parameter {
    my ($parameter, $types) = @_;
    my ($type, $name, $array) = @$parameter{qw(type name array)};
    if (defined $array && $type !~ /\bconst\b/) {
        return "if ($name) { __builtin_memset($name, 0, ($array) * sizeof *$name); }";
    }
    return "if ($name) { *$name = 0; }" if $type =~ /^(?:size_t|uint\d+_t|double)\*$/;
    if ($type =~ /^(llmobs_\w+)\*$/ && $types->{$1}) {
        return "if ($name) { __builtin_memset($name, 0, sizeof *$name); }";
    }
    return "(void)$name;";
}

sub stub_return {
    my ($type) = @_;
    return '' if $type eq 'void';
    return 'return "";' if $type eq 'const char*';
    return 'return false;' if $type eq 'bool';
    return 'return 0.0;' if $type eq 'double';
    return 'return 0;' if $type =~ /^(?:u?int\d+_t|size_t|int|unsigned)$/;
    return 'return zero;';
}

sub stub {
    my ($function, $types) = @_;
    my $result = stub_return($function->{type});
    # What is not checked is not right, what is not redacted is not safe, a number that is not read
    # is none, and what is not compared, estimated or computed is not known.
    my $claims = qr/_verify$|_redact$|_cost_header_(?:usd|tokens)$|_cost_headers_read$
        |_wilson$|_estimate_(?:read|strata)$|_counts_compare$|_drift_score
        |_judge_(?:parse|score_of)$/x;
    if ($function->{type} eq 'llmobs_result' && $function->{name} =~ $claims) {
        $result = 'return LLMOBS_ERROR_FORMAT;';
    }
    my @lines;
    if ($result eq 'return zero;') {
        push @lines, "$function->{type} zero;", '__builtin_memset(&zero, 0, sizeof zero);';
    }
    my $line = '';
    for my $parameter (@{ $function->{parameters} }) {
        my $statement = stub_parameter($parameter, $types);
        if ($statement !~ /^\(void\)/ || length($line) + length($statement) > WIDTH - 6) {
            push @lines, $line if $line ne '';
            $line = '';
        }
        if ($statement =~ /^\(void\)/) {
            $line .= ($line eq '' ? '' : ' ') . $statement;
        }
        else {
            push @lines, $statement;
        }
    }
    push @lines, $line if $line ne '';
    push @lines, $result if $result ne '';
    return "$function->{declaration}\n{\n" . join('', map { "    $_\n" } @lines) . "}\n";
}

sub stubs {
    my ($sections) = @_;
    my %types;
    for my $section (@$sections) {
        $types{$_} = 1 for Sections::complete_types($section->{api});
    }
    my $text = '';
    for my $section (@$sections) {
        my $part = '';
        for my $function (Sections::functions($section->{api})) {
            $part .= "\n" . stub($function, \%types);
        }
        next if $part eq '';
        my $title = "\n" . rule("/* ---- $section->{name} ", '-', ' */');
        $text .= $title . ($section->{option}
            ? "\n#ifndef $section->{option}\n$part\n#endif /* $section->{option} */\n" : $part);
    }
    return banner('api:disabled', 'LLMOBS_DISABLE: every call compiles to nothing')
        . "#ifdef LLMOBS_DISABLE\n\n"
        . "/* Arguments are evaluated, what a call would fill is cleared, it returns zero. */\n"
        . "$text\n#endif /* LLMOBS_DISABLE */\n";
}

# ---- the whole -----------------------------------------------------------------------------------

my $PREAMBLE = <<'END';
/* A strict -std=c11 hides clock_gettime and its like. Only the implementation needs them, and only
   before the first libc header does this help. */
#if (defined(LLMOBS_IMPLEMENTATION) || defined(LLMOBS_STATIC)) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif

END

sub api_half {
    my ($sections) = @_;
    my $text = "#ifndef LLMOBS_H\n#define LLMOBS_H\n\n";
    my $open = 0;
    for my $section (@$sections) {
        next if $section->{api} eq '';
        # The includes of the first sections stay outside.
        if (!$open && $section->{api} =~ /^(?:LLMOBS_API|typedef)\b/m) {
            $text .= "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n";
            $open = 1;
        }
        $text .= banner("api:$section->{name}", $section->{title}) . "\n"
            . wrap_option($section, $section->{api}) . "\n";
    }
    $text .= stubs($sections) . "\n";
    $text .= "#ifdef __cplusplus\n} /* extern \"C\" */\n#endif\n\n" if $open;
    return $text . "#endif /* LLMOBS_H */\n\n";
}

sub implementation_half {
    my ($sections) = @_;
    my $text = "#if defined(LLMOBS_IMPLEMENTATION) && !defined(LLMOBS_DISABLE) && "
        . "!defined(LLMOBS_I_IMPLEMENTED)\n#define LLMOBS_I_IMPLEMENTED\n\n";
    for my $section (@$sections) {
        next if $section->{code} eq '';
        $text .= banner($section->{name}, "$section->{layer}: $section->{title}") . "\n"
            . wrap_option($section, $section->{code}) . "\n";
        last if defined $upto && "$section->{layer}/$section->{name}" eq $upto;
    }
    return "$text#endif /* LLMOBS_IMPLEMENTATION */\n";
}

sub first_difference {
    my ($old, $new) = @_;
    my @old = split /\n/, $old;
    my @new = split /\n/, $new;
    my $line = 0;
    $line++ while $line < @old && $line < @new && $old[$line] eq $new[$line];
    return sprintf("line %d\n  there: %s\n  src/:  %s\n", $line + 1,
        $old[$line] // '(end)', $new[$line] // '(end)');
}

# A part that leaves an #if open would swallow all that follows.
sub check_conditionals {
    my ($file, $text) = @_;
    my $depth = 0;
    for my $row (split /\n/, Sections::code_only($text)) {
        $depth++ if $row =~ /^\s*#\s*if/;
        $depth-- if $row =~ /^\s*#\s*endif/;
        last if $depth < 0;
    }
    warn "$file: #if and #endif do not balance\n" if $depth != 0;
}

my $sections = Sections::load($root);
for my $section (@$sections) {
    check_conditionals($section->{"${_}_file"}, $section->{$_}) for qw(api code);
}
if (defined $upto && !grep { "$_->{layer}/$_->{name}" eq $upto } @$sections) {
    die "amalgamate.pl: no section $upto in src/header.list\n";
}
my $header = manual($sections) . $PREAMBLE . api_half($sections) . implementation_half($sections);

if ($check) {
    my $there = -e $output ? Sections::read_file($output) : '';
    exit 0 if $there eq $header;
    print STDERR "$output is not what src/ generates (run make header): ",
        first_difference($there, $header);
    exit 1;
}
if ($output eq '-') {
    print $header;
}
elsif (!-e $output || Sections::read_file($output) ne $header) {
    Sections::write_file($output, $header);
}

#!/usr/bin/env perl
# The API reference, from the comments of the headers: one HTML page and one manual page.
#
#   tools/apidocs.pl --html FILE --man FILE
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Getopt::Long;
use Sections;

my ($html_file, $man_file);
GetOptions('html=s' => \$html_file, 'man=s' => \$man_file)
    or die "usage: apidocs.pl [--html FILE] [--man FILE]\n";

my $root = "$FindBin::Bin/..";
my $sections = Sections::load($root);
my $version = Sections::version($sections);

# ---- what there is -----------------------------------------------------------------------------

# The chapters of the manual: tag, title, text. The contents are the header's, not this page's.
sub chapters {
    my $header = Sections::read_file("$root/llmobs.h");
    my ($manual) = $header =~ m{\A/\*(.*?)\*/}s;
    my @chapters;
    while ($manual =~ /^>>(\w+)\s+([^\n]+)\n(.*?)(?=^>>|\z)/msg) {
        my ($tag, $title, $text) = ($1, $2, $3);
        $text =~ s/\A\n+|\s+\z//g;
        $text =~ s/^    //mg;
        push @chapters, { tag => $tag, title => $title, text => $text };
    }
    return @chapters;
}

# The documented sections, with their blocks. `linkage` is the options table of the manual.
sub documented {
    my @documented;
    for my $section (@$sections) {
        next if $section->{api} eq '' || $section->{name} eq 'linkage';
        my @blocks = Sections::blocks($section->{api});
        # An enum made from a list has its constants from there.
        my $lists = join("\n", grep { /^#define\s+\w+\(X\)/ } map { $_->{code} } @blocks);
        for my $block (@blocks) {
            my $code = "$block->{code}\n";
            my @made = $code =~ /##/ ? Sections::listed_names("$lists\n$code") : ();
            $block->{names} = [ Sections::declared_names($code), @made ];
        }
        push @documented, { %$section, blocks => \@blocks };
    }
    return @documented;
}

# A comment as paragraphs: blank lines separate them.
sub paragraphs {
    my ($comment) = @_;
    return map { Sections::normal_space($_) } grep { /\S/ } split /\n\s*\n/, $comment;
}

# "[any, locks] Text" as its two parts.
sub thread_word {
    my ($text) = @_;
    return $text =~ /\A\[((?:any|owner|setup)(?:, locks)?)\]\s+(.*)\z/s ? ($1, $2) : (undef, $text);
}

my @chapters = chapters();
my @documented = documented();
my (%anchor, %kind);
for my $section (@documented) {
    for my $block (@{ $section->{blocks} }) {
        $anchor{$_} = 1 for @{ $block->{names} };
    }
}

# ---- HTML --------------------------------------------------------------------------------------

sub escape {
    my ($text) = @_;
    $text =~ s/&/&amp;/g;
    $text =~ s/</&lt;/g;
    $text =~ s/>/&gt;/g;
    return $text;
}

# Names become links to where they are declared.
sub link_names {
    my ($html) = @_;
    $html =~ s{\b((?:llmobs|LLMOBS)_\w+)\b}{$anchor{$1} ? "<a href=\"#$1\">$1</a>" : $1}ge;
    return $html;
}

sub html_code {
    my ($code) = @_;
    my $html = link_names(escape($code));
    $html =~ s{(/\*.*?\*/)}{<i>$1</i>}gs;
    $html =~ s{^(#\w+)}{<b>$1</b>}mg;
    return "<pre>$html</pre>\n";
}

sub html_prose {
    my ($comment) = @_;
    my $html = '';
    for my $paragraph (paragraphs($comment)) {
        my ($word, $text) = thread_word($paragraph);
        $text = link_names(escape($text));
        $text =~ s{`([^`]*)`}{<code>$1</code>}g;
        my $badge = defined $word
            ? "<a class=\"word\" href=\"#threads\">" . $word . '</a> ' : '';
        $html .= "<p>$badge$text</p>\n";
    }
    return $html;
}

sub html_section {
    my ($section) = @_;
    my $html = "<section>\n<h2 id=\"section-$section->{name}\">"
        . escape(ucfirst($section->{title})) . "</h2>\n";
    $html .= "<p class=\"option\">Left out by <code>$section->{option}</code>.</p>\n"
        if $section->{option};
    my $titles = 0;
    for my $block (@{ $section->{blocks} }) {
        if (defined $block->{title}) {
            $html .= '<h3>' . escape(ucfirst($block->{title})) . "</h3>\n" if $titles++;
            next;
        }
        my $anchors = join('', map { "<span id=\"$_\"></span>" } @{ $block->{names} });
        $html .= "<div class=\"item\">$anchors\n";
        $html .= html_code($block->{code}) if $block->{code} ne '';
        $html .= html_prose($block->{comment}) . "</div>\n";
    }
    return "$html</section>\n";
}

my $STYLE = <<'END';
:root { color-scheme: light dark; --text: #1b1f24; --soft: #57606a; --line: #d8dee4;
        --code: #f6f8fa; --link: #0b5cad; --word: #e6f0fa; --back: #ffffff; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e6edf3; --soft: #9aa4af; --line: #30363d; --code: #161b22; --link: #79b8ff;
          --word: #10263d; --back: #0d1117; } }
* { box-sizing: border-box; }
body { margin: 0; color: var(--text); background: var(--back);
       font: 16px/1.55 system-ui, sans-serif; }
a { color: var(--link); text-decoration: none; }
a:hover { text-decoration: underline; }
.page { display: flex; max-width: 78rem; margin: 0 auto; }
nav { flex: 0 0 17rem; position: sticky; top: 0; height: 100vh; overflow-y: auto;
      padding: 1.5rem 1rem; font-size: .875rem; border-right: 1px solid var(--line); }
nav h1 { font-size: 1.2rem; margin: 0 0 1rem; }
nav ul { list-style: none; margin: 0 0 1rem; padding: 0; }
nav li ul { margin: .2rem 0 .6rem .9rem; }
main { flex: 1; min-width: 0; padding: 1.5rem 2rem 6rem; }
h2 { margin: 3rem 0 1rem; padding-bottom: .3rem; border-bottom: 1px solid var(--line); }
h3 { margin: 2rem 0 .5rem; }
pre { overflow-x: auto; margin: 0; padding: .8rem 1rem; border-radius: 6px;
      background: var(--code); font: .84rem/1.45 ui-monospace, monospace; }
pre i { color: var(--soft); font-style: normal; }
code { padding: .1em .3em; border-radius: 4px; background: var(--code); font-size: .9em; }
.item { margin: 0 0 1.6rem; scroll-margin-top: 1rem; }
.item p { margin: .5rem 0 0 .2rem; }
.option { color: var(--soft); }
.word { padding: .05em .5em; border-radius: 1em; background: var(--word); font-size: .85em; }
@media (max-width: 50rem) { .page { display: block; } nav { position: static; height: auto; } }
@media print { nav { display: none; } }
END

sub html_navigation {
    my $html = "<nav>\n<h1>llmobs $version</h1>\n<ul>\n";
    $html .= "<li><a href=\"#$_->{tag}\">" . escape($_->{title}) . "</a></li>\n" for @chapters;
    $html .= "</ul>\n<ul>\n";
    for my $section (@documented) {
        $html .= "<li><a href=\"#section-$section->{name}\">" . escape($section->{title})
            . "</a>\n<ul>\n";
        for my $function (Sections::functions($section->{api})) {
            $html .= "<li><a href=\"#$function->{name}\">$function->{name}</a></li>\n";
        }
        $html .= "</ul></li>\n";
    }
    return "$html</ul>\n</nav>\n";
}

sub html_page {
    my $html = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        . "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        . "<title>llmobs $version: API reference</title>\n<style>\n$STYLE</style>\n"
        . "</head>\n<body>\n<div class=\"page\">\n" . html_navigation() . "<main>\n";
    for my $chapter (@chapters) {
        $html .= "<section>\n<h2 id=\"$chapter->{tag}\">" . escape($chapter->{title})
            . "</h2>\n<pre>" . link_names(escape($chapter->{text})) . "</pre>\n</section>\n";
    }
    $html .= html_section($_) for @documented;
    return "$html</main>\n</div>\n</body>\n</html>\n";
}

# ---- the manual page ---------------------------------------------------------------------------

sub roff {
    my ($text) = @_;
    $text =~ s/\\/\\e/g;
    $text =~ s/-/\\-/g;
    $text =~ s/~/\\(ti/g;
    $text =~ s/\^/\\(ha/g;
    $text =~ s/`/\\(ga/g;
    $text =~ s/^([.'])/\\&$1/mg;
    return $text;
}

sub man_code {
    my ($code) = @_;
    return ".PP\n.nf\n.ft CR\n" . roff($code) . "\n.ft R\n.fi\n";
}

sub man_prose {
    my ($comment) = @_;
    my $text = '';
    for my $paragraph (paragraphs($comment)) {
        $text .= ".RS 4\n" . roff($paragraph) . "\n.RE\n";
    }
    return $text;
}

sub man_page {
    my $text = ".\\\" Generated from the headers by tools/apidocs.pl.\n"
        . ".TH LLMOBS 3 \"\" \"llmobs $version\" \"Library Functions Manual\"\n"
        . ".SH NAME\nllmobs \\- observability for LLM applications and inference engines\n"
        . ".SH SYNOPSIS\n.nf\n#define LLMOBS_IMPLEMENTATION /* in one file */\n"
        . "#include \"llmobs.h\"\n.fi\n.PP\nLink with \\-pthread.\n.SH DESCRIPTION\n"
        . "llmobs.h is one header: declarations, and the implementation where\n"
        . "LLMOBS_IMPLEMENTATION is defined.\n"
        . "The first word of a function's description says from which threads it may be called.\n";
    for my $chapter (@chapters) {
        $text .= '.SH ' . roff(uc($chapter->{title})) . "\n.nf\n.ft CR\n" . roff($chapter->{text})
            . "\n.ft R\n.fi\n";
    }
    for my $section (@documented) {
        $text .= '.SH ' . roff(uc($section->{title})) . "\n";
        $text .= "Left out by $section->{option}.\n" if $section->{option};
        for my $block (grep { !defined $_->{title} } @{ $section->{blocks} }) {
            $text .= man_code($block->{code}) if $block->{code} ne '';
            $text .= man_prose($block->{comment}) if $block->{comment} ne '';
        }
    }
    return $text . ".SH LICENSE\nMIT or the Unlicense, at your choice.\n";
}

Sections::write_file($html_file, html_page()) if defined $html_file;
Sections::write_file($man_file, man_page()) if defined $man_file;

# What the tools know of src/: the list of sections, and the form that docs/contributing.md asks.
package Sections;
use strict;
use warnings;

sub read_file {
    my ($file) = @_;
    open(my $in, '<:raw', $file) or die "$file: $!\n";
    local $/;
    my $text = <$in>;
    close($in);
    return $text // '';
}

# Written aside and renamed, so that nobody compiles half a file.
sub write_file {
    my ($file, $text) = @_;
    my $aside = "$file.$$";
    open(my $out, '>:raw', $aside) or die "$aside: $!\n";
    print {$out} $text or die "$aside: $!\n";
    close($out) or die "$aside: $!\n";
    rename($aside, $file) or die "$file: $!\n";
}

# The sections of src/header.list in order: layer, name, title, option, api (the .h), code (the .c).
sub load {
    my ($root) = @_;
    my (@sections, %seen);
    for my $line (split /\n/, read_file("$root/src/header.list")) {
        next if $line =~ /^\s*(?:#|$)/;
        $line =~ m{^(\w+)/(\w+)\s+(.*?)(?:\s{2,}(LLMOBS_NO_[A-Z0-9_]+))?\s*$}
            or die "src/header.list: can't read: $line\n";
        my %section = (layer => $1, name => $2, title => $3, option => $4);
        die "src/header.list: $2 stands there twice\n" if $seen{$2}++;
        for my $half ([ 'api', 'h' ], [ 'code', 'c' ]) {
            my $file = "$root/src/$section{layer}/$section{name}.$half->[1]";
            $section{ $half->[0] . '_file' } = "src/$section{layer}/$section{name}.$half->[1]";
            my $text = -e $file ? read_file($file) : '';
            $text =~ s/\A\n+//;
            $text =~ s/\n*\z/\n/ if $text ne '';
            $section{ $half->[0] } = $text;
        }
        push @sections, \%section;
    }
    return \@sections;
}

# The options that leave sections out, each once: several sections may share one.
sub options {
    my ($sections) = @_;
    my %seen;
    return grep { !$seen{$_}++ } grep { defined } map { $_->{option} } @$sections;
}

# The options that leave pillars out, whose functions stay: core/config knows them.
sub pillars {
    my ($sections) = @_;
    my ($config) = grep { $_->{name} eq 'config' } @$sections;
    my %seen;
    return grep { !$seen{$_}++ } $config->{code} =~ /^#if.*?\b(LLMOBS_NO_[A-Z]+)/mg;
}

sub version {
    my ($sections) = @_;
    for my $section (@$sections) {
        return $1 if $section->{api} =~ /^#define LLMOBS_VERSION_STRING "([^"]*)"/m;
    }
    return 'unknown';
}

# The text with comments (and, if asked, the insides of literals) blanked; lines and columns stay.
sub code_only {
    my ($text, $literals_too) = @_;
    $text =~ s{(/\*.*?\*/|//[^\n]*)|("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')}{
        my ($comment, $literal) = ($1, $2);
        if (defined $comment) { $comment =~ s/[^\n]/ /g; $comment; }
        elsif ($literals_too) { $literal =~ s/(?<=.).(?=.)/ /gsr; }
        else { $literal; }
    }gsex;
    return $text;
}

# A program as it can stand inside a comment: without the one at its top, the others as // comments.
sub program_text {
    my ($text) = @_;
    $text =~ s{\A(?:\s|/\*.*?\*/)*(?=#|\S)}{}s;
    $text =~ s{/\*[ ]*([^\n]*?)[ ]*\*/[ ]*$}{// $1}mg;
    die "a program for the manual has a comment of several lines, or inside a line\n"
        if $text =~ m{/\*|\*/};
    $text =~ s/\n*\z/\n/;
    return $text;
}

sub normal_space {
    my ($text) = @_;
    $text =~ s/\s+/ /g;
    $text =~ s/^ | $//g;
    return $text;
}

sub parameter {
    my ($text) = @_;
    $text = normal_space($text);
    $text =~ /^(.*?[\s*])(\w+)(?:\[(.*)\])?$/ or die "can't read the parameter '$text'\n";
    my ($type, $name, $array) = ($1, $2, $3);
    $type =~ s/\s+$//;
    $type =~ s/\s+\*/*/g;
    return { type => $type, name => $name, array => $array };
}

# The public functions that a .h declares, in order: declaration (as written, without semicolon),
# type, name, parameters, line, comment (the one it stands under, shared by neighbours).
sub functions {
    my ($text) = @_;
    my $code = code_only($text);
    my @functions;
    while ($code =~ /^LLMOBS_API\s+([^;{#]*?)(\w+)\(([^;{]*)\)\s*;/mg) {
        my ($type, $name, $list, $start, $end) = (normal_space($1), $2, $3, $-[0], $+[0]);
        $type =~ s/\s+\*/*/g;
        my $declaration = substr($text, $start, $end - $start);
        $declaration =~ s/\s*;\z//;
        my @parameters = map { parameter($_) } grep { !/^\s*void\s*$/ } split /,/, $list;
        push @functions, {
            declaration => $declaration,
            type => $type,
            name => $name,
            parameters => \@parameters,
            line => 1 + (substr($text, 0, $start) =~ tr/\n//),
            comment => comment_before($text, $start),
        };
    }
    return @functions;
}

# The text of the comment that ends where `place` begins; '' when there is none. Declarations of
# functions in between share it, a blank line ends its reach.
sub comment_before {
    my ($text, $place) = @_;
    my $before = substr($text, 0, $place);
    $before =~ s/(?:^LLMOBS_API[^;#]*;[ \t]*\n)+\z//m;
    return '' if $before !~ m{/\*((?:(?!\*/).)*)\*/[ \t]*\n\z}s;
    my $comment = normal_space($1);
    return $comment =~ /^-{3,}/ ? '' : $comment;
}

# Names made by an x-macro: `#define LLMOBS_I_NOTE(name, text) LLMOBS_NOTE_##name` over a list.
sub listed_names {
    my ($code) = @_;
    my (%items, @names);
    my $joined = $code =~ s/\\\n/ /gr;
    while ($joined =~ /^#define\s+(\w+)\(X\)(.*)$/mg) {
        my ($list, $body) = ($1, $2);
        $items{$list} = [ $body =~ /\bX\(\s*(\w+)/g ];
    }
    while ($joined =~ /^#define\s+(\w+)\((\w+)[^)]*\)\s+(\w+)##(\w+).*\n\s*(\w+)\(\1\)/mg) {
        my ($argument, $prefix, $pasted, $list) = ($2, $3, $4, $5);
        push @names, map { "$prefix$_" } @{ $items{$list} // [] } if $argument eq $pasted;
    }
    return @names;
}

# A .h as blocks that blank lines separate: title (of a `---- title ----` comment) or comment and
# code. Blank lines inside braces and comments separate nothing.
sub blocks {
    my ($text) = @_;
    my $code = code_only($text);
    my @rows = split /\n/, $text, -1;
    my @code_rows = split /\n/, $code, -1;
    my (@blocks, @current);
    my ($depth, $in_comment) = (0, 0);
    for my $index (0 .. $#rows) {
        if ($rows[$index] eq '' && $depth == 0 && !$in_comment) {
            push @blocks, join("\n", @current) if @current;
            @current = ();
            next;
        }
        push @current, $rows[$index];
        $depth += ($code_rows[$index] =~ tr/{//) - ($code_rows[$index] =~ tr/}//);
        my $row = $rows[$index] =~ s{/\*.*?\*/}{}gr;
        $in_comment = $in_comment ? $row !~ m{\*/} : $row =~ m{/\*};
    }
    push @blocks, join("\n", @current) if @current;
    return map { block($_) } @blocks;
}

sub block {
    my ($text) = @_;
    return { title => $1, comment => '', code => '' } if $text =~ m{\A/\* -{3,} (.*?) -+ \*/\z};
    return { comment => $1, code => $2 // '' }
        if $text =~ m{\A/\*\s*((?:(?!\*/).)*?)\s*\*/[ \t]*(?:\n(.+))?\z}s;
    return { comment => '', code => $text };
}

# The names that a piece of a .h declares.
sub declared_names {
    my ($text) = @_;
    my $code = code_only($text, 1);
    my @names = map { $_->{name} } functions($text);
    push @names, $1 while $code =~ /^#define\s+(LLMOBS_(?!I_)\w+)/mg;
    push @names, complete_types($text), listed_names($code);
    my $outer = $code =~ s/^[ \t]*#.*(?:\\\n.*)*$//mgr;
    1 while $outer =~ s/\{[^{}]*\}//s;
    while ($outer =~ /^typedef\b(.*?);/msg) {
        my $body = $1;
        push @names, $1 if $body =~ /\(\s*\*\s*(\w+)\s*\)/ || $body =~ /(\w+)\s*\z/;
    }
    while ($code =~ /\benum\s+(?:\w+\s*)?\{(.*?)\}/sg) {
        my $body = $1 =~ s/^\s*#.*$//mgr =~ s/\w+\([^)]*\)//gr;
        push @names, $1 while $body =~ /(?:^|,)\s*(LLMOBS_\w+)/g;
    }
    my %seen;
    return grep { !$seen{$_}++ } @names;
}

# The types of which a .h gives the body: structs, unions and enums.
sub complete_types {
    my ($text) = @_;
    my $code = code_only($text);
    my @types;
    push @types, $1 while $code =~ /^typedef\s+(?:struct|union|enum)\s+(\w+)\s*\{/mg;
    return @types;
}

1;

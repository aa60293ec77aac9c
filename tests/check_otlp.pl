#!/usr/bin/env perl
# Checks OTLP/JSON lines with perl's own JSON reader, by the rules of OTLP and ProtoJSON.
#
#   tests/check_otlp.pl FILE          each line is a TracesData message; prints how many spans
#   tests/check_otlp.pl --dump FILE   prints each leaf: its path, its type, its bytes in hex
use strict;
use warnings;
use B ();
use JSON::PP ();

my $dump = @ARGV && $ARGV[0] eq '--dump' ? shift : '';
my $file = shift // die "usage: check_otlp.pl [--dump] FILE\n";

# What may stand in each kind of object: a field's name, then what it must be. '?' may be left out;
# '[]' is an array of such. A name in capitals is another kind of object.
my %kinds = (
    TRACES => { resourceSpans => 'RESOURCE_SPANS[]' },
    RESOURCE_SPANS => { resource => 'RESOURCE', scopeSpans => 'SCOPE_SPANS[]' },
    RESOURCE => { attributes => 'ATTRIBUTE[]?' },
    SCOPE_SPANS => { scope => 'SCOPE', spans => 'SPAN[]' },
    SCOPE => { name => 'string', version => 'string', attributes => 'ATTRIBUTE[]?' },
    SPAN => {
        traceId => 'id16', spanId => 'id8', parentSpanId => 'id8?', flags => 'number?',
        traceState => 'filled?', name => 'string', kind => 'kind',
        startTimeUnixNano => 'uint64', endTimeUnixNano => 'uint64',
        attributes => 'ATTRIBUTE[]?', droppedAttributesCount => 'number?',
        events => 'EVENT[]?', droppedEventsCount => 'number?',
        links => 'LINK[]?', droppedLinksCount => 'number?', status => 'STATUS?',
    },
    EVENT => {
        timeUnixNano => 'uint64', name => 'string', attributes => 'ATTRIBUTE[]?',
        droppedAttributesCount => 'number?',
    },
    LINK => {
        traceId => 'id16', spanId => 'id8', traceState => 'filled?', flags => 'number?',
        attributes => 'ATTRIBUTE[]?', droppedAttributesCount => 'number?',
    },
    STATUS => { message => 'filled?', code => 'code' },
    ATTRIBUTE => { key => 'string', value => 'VALUE' },
    VALUE => {
        stringValue => 'string?', intValue => 'int64?', doubleValue => 'double?',
        boolValue => 'bool?', arrayValue => 'ARRAY?',
    },
    ARRAY => { values => 'VALUE[]' },
);

my ($spans, $line) = (0, 0);

sub fail { die "$file:$line: @_\n" }

# How the text had it: JSON::PP keeps numbers and strings apart in the scalar's flags.
sub type_of {
    my ($value) = @_;
    return 'bool' if JSON::PP::is_bool($value);
    return ref $value if ref $value;
    fail('a null') if !defined $value;
    return B::svref_2object(\$value)->FLAGS & B::SVf_POK ? 'string' : 'number';
}

sub in_range {
    my ($text, $most) = @_;
    return length($text) < length($most) || (length($text) == length($most) && $text le $most);
}

my %leaves = (
    string => sub { $_[1] eq 'string' },
    filled => sub { $_[1] eq 'string' && $_[0] ne '' },
    bool => sub { $_[1] eq 'bool' },
    id16 => sub { $_[1] eq 'string' && $_[0] =~ /\A[0-9a-f]{32}\z/ && $_[0] !~ /\A0*\z/ },
    id8 => sub { $_[1] eq 'string' && $_[0] =~ /\A[0-9a-f]{16}\z/ && $_[0] !~ /\A0*\z/ },
    kind => sub { $_[1] eq 'number' && $_[0] =~ /\A[1-5]\z/ },
    code => sub { $_[1] eq 'number' && $_[0] =~ /\A[12]\z/ },
    number => sub { $_[1] eq 'number' && $_[0] =~ /\A[1-9][0-9]*\z/ && $_[0] <= 4294967295 },
    # JSON::PP hands digits that no integer of perl's holds on as a string.
    double => sub { $_[1] eq 'number' || $_[0] =~ /\A(?:NaN|-?Infinity|-?[0-9]{16,})\z/ },
    uint64 => sub {
        $_[1] eq 'string' && $_[0] =~ /\A(?:0|[1-9][0-9]*)\z/
            && in_range($_[0], '18446744073709551615');
    },
    int64 => sub {
        $_[1] eq 'string' && $_[0] =~ /\A(-?)(0|[1-9][0-9]*)\z/ && $_[0] ne '-0'
            && in_range($2, $1 ? '9223372036854775808' : '9223372036854775807');
    },
);

sub check_leaf {
    my ($value, $rule, $path) = @_;
    my $type = type_of($value);
    fail("$path is no $rule: a $type") if !$leaves{$rule}->($value, $type);
    return if !$dump;
    my $bytes = $type eq 'bool' ? ($value ? 'true' : 'false') : "$value";
    $bytes = sprintf('%.17g', $value) if $type eq 'number';
    utf8::encode($bytes) if $type eq 'string';
    printf "%s %s %s\n", $path, $type, unpack('H*', $bytes);
}

sub check {
    my ($value, $rule, $path) = @_;
    if ($rule =~ s/\[\]\z//) {
        fail("$path is no array") if ref $value ne 'ARRAY';
        check($value->[$_], $rule, "$path.$_") for 0 .. $#$value;
        return;
    }
    return check_leaf($value, $rule, $path) if !$kinds{$rule};
    fail("$path is no object") if ref $value ne 'HASH';
    for my $name (sort keys %$value) {
        my $inner = $kinds{$rule}{$name} // fail("$path.$name is unknown");
        check($value->{$name}, $inner =~ s/\?\z//r, "$path.$name");
    }
    for my $name (sort keys %{ $kinds{$rule} }) {
        fail("$path.$name is missing")
            if $kinds{$rule}{$name} !~ /\?\z/ && !exists $value->{$name};
    }
    fail("$path has several values") if $rule eq 'VALUE' && keys %$value > 1;
    $spans++ if $rule eq 'SPAN';
}

open(my $in, '<:raw', $file) or die "$file: $!\n";
my $reader = JSON::PP->new->utf8;
while (my $text = <$in>) {
    $line++;
    fail('the line is not ended') if $text !~ s/\n\z//;
    fail('a control character') if $text =~ /[\x00-\x1f\x7f]/;
    my $message = eval { $reader->decode($text) } // fail("not JSON: $@");
    check($message, 'TRACES', "$line");
}
print "$spans spans\n" if !$dump;

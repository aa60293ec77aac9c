#!/usr/bin/env perl
# Texts that must not leave: programs get a thousand canaries each, and then they are looked for in
# all that was written, in /proc, in memory and in a core. Builds that leak on purpose are seen.
#
#   tests/canary.t [PROGRAM ...]    programs that take DIRECTORY SEED and use tests/canary.h
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../tools", "$FindBin::Bin/canary";
use Canary;
use Gate;
use Sections;
use Test::More;

my $directory = Gate::scratch();

sub leaks_of {
    my ($program, $skipped) = @_;
    my $seed = int(rand(1 << 30)) + 1;
    return Canary::leaks_of(command => [ $program, "$directory/out", $seed ],
        canaries => Canary::canaries($seed), directory => $directory, out => "$directory/out",
        skipped => $skipped);
}

# The one that a request under way holds back, until it is over; see tests/canary/service.c.
my $HELD = qr/^(?:memory: canary 999, ready|core: canary 999)$/;

sub is_tight {
    my ($program, $what) = @_;
    my %skipped;
    my @hits = grep { $_ !~ $HELD } leaks_of($program, \%skipped);
    is_deeply(\@hits, [], $what);
    for my $part ('/proc/<pid>/mem', 'gcore') {
        if (!$skipped{$part}) { pass("... $part was looked at") }
        else { SKIP: { skip("$what: $part can't be looked at here", 1) } }
    }
    return;
}

# ---- the whole ----------------------------------------------------------------------------------

if (@ARGV) {
    is_tight($_, $_) for @ARGV;
    done_testing();
    exit;
}

is(Canary::canary(1, 0), 'cnry910a2dec89025cc1',
    'the script makes the canaries that programs make');

sub built {
    my ($name, $flags) = @_;
    my $program = "$directory/$name";
    Gate::runs(Gate::cc() . " -std=gnu11 $flags -Wall -Wextra -I. tests/canary/service.c "
        . "-o $program -pthread -lm", "$name is built", 1) or return;
    return $program;
}

for my $level (qw(-O0 -O2)) {
    my $program = built("service$level", $level) or next;
    is_tight($program, "a service of $level leaks nothing");
    my $files = join(' ', map { s{.*/}{}r } sort glob("$directory/out/*"));
    is($files, 'metrics.txt requests.jsonl trace.json traces.jsonl',
        'which has written what it should');
    my $traces = Sections::read_file("$directory/out/traces.jsonl");
    my %seen = map { $_ => 1 } $traces =~ /hmac-sha256:run-[0-9a-f]{8}:[0-9a-f]{32}/g;
    ok(keys %seen > 400, keys(%seen) . ' pseudonyms in the traces');
    my $metrics = Sections::read_file("$directory/out/metrics.txt");
    my $users = () = $metrics =~ /^llm_tokens_total\{.*user_id="[0-9a-f]{32}"/mg;
    ok($users > 150, "$users users in the metrics");
    like(Sections::read_file("$directory/stderr"), qr/credentials/, 'headers were noted');
}

my %leaks = (1 => qr/^traces\.jsonl: canary 500$/, 2 => qr/^memory.*: canary 500, closed$/,
    3 => qr/^stderr: canary 500$/, 4 => qr/^metrics\.txt: canary 500$/,
    5 => qr/^name of a file: canary 500$/);
my $careless = built('careless', "-O0 $Gate::OUTLINE -D'CANARY_LEAK=atoi(getenv(\"LEAK\"))'");
for my $leak ($careless ? sort keys %leaks : ()) {
    local $ENV{LEAK} = $leak;
    my %skipped;
    my @hits = leaks_of($careless, \%skipped);
    SKIP: {
        skip('memory can\'t be looked at here', 1) if $leak == 2 && $skipped{'/proc/<pid>/mem'};
        ok(scalar(grep { $_ =~ $leaks{$leak} } @hits), "leak $leak is seen") or diag("@hits");
    }
}

done_testing();

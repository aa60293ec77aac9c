#!/usr/bin/env perl
# docs/migration/: each page has one program in two forms. Both are compiled and run, where the
# other library is here, and what they say is compared; what ours says is held in any case.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../tools";
use Gate;
use Sections;
use Test::More;

my $directory = Gate::scratch();
my $api = Sections::read_file('docs/api.txt');
my %page = map { $_ => Sections::read_file("docs/migration/$_.md") }
    qw(prometheus opentelemetry python);

# One test of what is to be left out, by name.
sub left_out {
    my ($why) = @_;
    SKIP: { skip($why, 1) }
}

# The program under a heading, in a file of its own.
sub program {
    my ($name, $heading, $language, $suffix) = @_;
    my ($text) = $page{$name} =~ /^## $heading\n.*?^```$language\n(.*?)^```/ms;
    ok(defined $text, "$name.md has a program $heading");
    return Gate::write_file("$directory/${name}_" . lc($heading) . $suffix, $text // '');
}

# Ours: strict, and linked with the implementation that tests share.
sub build_ours {
    my ($name, $language) = @_;
    my $file = program($name, 'After', $language, $language eq 'c' ? '.c' : '.cc');
    my $command = $language eq 'c' ? Gate::cc() . ' -std=c11' : Gate::cxx() . ' -std=c++11';
    my $object = Gate::implementation(Gate::cc(), 'c', '-O0');
    Gate::runs("$command -Wall -Wextra -Wpedantic -Wshadow -Werror -Itests/compile/declared -I. "
        . "$file $object -o $directory/$name.after -pthread", '... which compiles', 1);
    my ($status, $output) = Gate::run("$directory/$name.after");
    is($status, 0, '... and runs') or diag($output);
    return $output;
}

# ---- what the pages name is there --------------------------------------------------------------

for my $name (sort keys %page) {
    my %named = map { $_ => 1 } $page{$name} =~ /\b(?:llmobs_[a-z]\w*[a-z0-9]|LLMOBS_[A-Z]\w*)\b/g;
    delete @named{qw(LLMOBS_IMPLEMENTATION LLMOBS_DISABLE)};
    is_deeply([ grep { $api !~ /\b\Q$_\E\b/ } sort keys %named ], [],
        "$name.md names what is in the API");
    my @links = $page{$name} =~ /\]\(([^)#]+)[^)]*\)/g;
    is_deeply([ grep { !-e "docs/migration/$_" } @links ], [], '... and pages that are there');
}

# ---- prometheus-cpp ----------------------------------------------------------------------------

# An exposition as what it says: labels in any order, numbers in any form.
sub exposition {
    my ($text) = @_;
    my %said;
    for my $row (split /\n/, $text) {
        if ($row =~ /^# (HELP|TYPE) (\S+) ?(.*)$/) {
            $said{"$1 $2"} = $3;
        }
        elsif ($row =~ /^(\w+)(?:\{(.*)\})? (\S+)$/) {
            my ($name, $labels, $value) = ($1, $2 // '', $3);
            my %labels = $labels =~ /(\w+)="((?:[^"\\]|\\.)*)"/g;
            $labels{le} = 0 + $labels{le} if ($labels{le} // '') =~ /^[\d.]/;
            $said{ join(' ', $name, map { "$_=$labels{$_}" } sort keys %labels) } = 0 + $value;
        }
    }
    return \%said;
}

if (!Gate::have_cxx()) {
    left_out('no C++ compiler');
}
else {
    my $ours = exposition(build_ours('prometheus', 'cpp'));
    is(scalar(grep { s/ .*//sr eq 'target_info' && delete $ours->{$_} } keys %$ours)
        + scalar(grep { / target_info$/ && delete $ours->{$_} } keys %$ours), 3,
        '... and says who is speaking');
    is($ours->{'chat_request_seconds_bucket le=2.5 model=small'}, 3, 'a bucket has what it should');
    is($ours->{'chat_tokens_total direction=output model=small'}, 480, '... and a counter');
    is($ours->{'chat_running'}, 2, '... and a gauge');
    my $before = program('prometheus', 'Before', 'cpp', '.cc');
    my ($there, $flags) = Gate::in_path('pkg-config')
        ? Gate::run('pkg-config --cflags --libs prometheus-cpp-core') : (1, '');
    if ($there != 0) {
        left_out('prometheus-cpp not found');
    }
    else {
        chomp($flags);
        Gate::runs(Gate::cxx() . " -std=c++11 $before -o $directory/prometheus.before $flags",
            '... which compiles');
        my ($status, $output) = Gate::run("$directory/prometheus.before");
        is_deeply($ours, exposition($output), '... and a scraper sees the same');
    }
}

# ---- OpenTelemetry C++ -------------------------------------------------------------------------

if (!Gate::have_cxx()) {
    left_out('no C++ compiler');
}
else {
    my $ours = build_ours('opentelemetry', 'cpp');
    is(join('', sort map { "$_\n" } split /\n/, $ours),
        "llm_chain in : 1 attributes, 0 events, status 0\n"
        . "model_call in llm_chain: 2 attributes, 1 events, status 2\n"
        . "retrieval in llm_chain: 1 attributes, 0 events, status 0\n",
        '... and says what it should');
    my $before = program('opentelemetry', 'Before', 'cpp', '.cc');
    my $otel = $ENV{OTEL_CPP_DIR} // '';
    my $compile = Gate::cxx() . " -std=c++17 $before";
    my $libraries = join(' ', map { "-lopentelemetry_$_" }
        qw(exporter_in_memory trace resources common version));
    if (-d "$otel/api/include") {
        Gate::runs("$compile -fsyntax-only -I$otel/api/include -I$otel/sdk/include "
            . "-I$otel/exporters/memory/include", '... which compiles, against sources');
        left_out('OpenTelemetry C++ not installed in OTEL_CPP_DIR: the first program is not run');
    }
    elsif (-d "$otel/include/opentelemetry") {
        Gate::runs("$compile -I$otel/include -L$otel/lib $libraries -pthread "
            . "-o $directory/opentelemetry.before", '... which compiles');
        my ($status, $output) =
            Gate::run("LD_LIBRARY_PATH=$otel/lib $directory/opentelemetry.before");
        is(join("\n", sort split /\n/, $output), join("\n", sort split /\n/, $ours),
            '... and says the same');
    }
    else {
        left_out('OpenTelemetry C++ not found (OTEL_CPP_DIR)');
    }
}

# ---- the article's Python ----------------------------------------------------------------------

# What a service said of itself: samples by name, log lines by request, the drift score.
sub service {
    my ($text) = @_;
    my %said;
    for my $row (split /\n/, $text) {
        if ($row =~ /^(llm_(?:tokens|cost_usd|guardrail_triggers)_total\{.*\}|drift) (\S+)$/) {
            $said{$1} = $2;
        }
        elsif ($row =~ /^\{.*"request_id": ?"([^"]*)"/) {
            my $id = $1;
            for my $member (qw(model input output cost_usd passed triggered input_length
                output_length)) {
                my ($value) = $row =~ /"$member": ?("[^"]*"|\[[^\]]*\]|[\w.+-]+)/;
                $said{"$id $member"} = $value;
            }
        }
    }
    return \%said;
}

my $ours = service(build_ours('python', 'c'));
is($ours->{'llm_tokens_total{model="large",direction="input",feature="support"}'}, 20212,
    'tokens are counted');
is($ours->{'llm_cost_usd_total{model="large",feature="support"}'}, '0.05984', '... and their cost');
is($ours->{'req-3 triggered'}, '["injection"]', '... and what was blocked');
my $before = program('python', 'Before', 'python', '.py');
my ($python) = grep { (Gate::run("$_ -c 'import numpy'"))[0] == 0 }
    grep { defined } $ENV{PYTHON}, 'python3', '/usr/bin/python3';
if (!defined $python) {
    left_out('python3 with numpy not found');
}
else {
    my ($status, $output) = Gate::run("$python $before");
    is($status, 0, '... which runs') or diag($output);
    my $theirs = service($output);
    is_deeply([ sort keys %$ours ], [ sort keys %$theirs ], '... and tells of the same');
    for my $key (sort keys %$theirs) {
        my ($want, $got) = ($theirs->{$key}, $ours->{$key} // 'nothing');
        if ($key =~ /^(?:drift|llm_cost_usd_total)/) {
            ok(abs($got - $want) <= 1e-12 * abs($want), "$key: $got, of $want at most 1e-12 off");
        }
        elsif ($want =~ /^[\d.e-]+$/) {
            ok($got == $want, "$key: $got") or diag("not $want");
        }
        else {
            is($got, $want, $key);
        }
    }
}

done_testing();

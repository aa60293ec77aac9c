#!/usr/bin/env perl
# The engine of examples/tiny_engine: what it counts itself is what llmobs says, and what it answers
# is the same whether it is observed or not.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../tools";
use Gate;
use JSON::PP;
use List::Util qw(sum0);
use Test::More;

my $directory = Gate::scratch();
my $sources = join(' ', sort glob('examples/tiny_engine/*.c'));
my $cc = Gate::cc() . " -std=c11 $Gate::C_FLAGS -O1";
my $engine = "$directory/tiny_engine";
my $disabled = "$directory/disabled";
Gate::builds($cc, $sources, $engine, '', 'the engine builds') or BAIL_OUT('no engine');
Gate::runs("$cc -DLLMOBS_DISABLE -I. $sources -o $disabled -pthread -lm",
    'with LLMOBS_DISABLE, too', 1);

# ---- what it says -------------------------------------------------------------------------------

# { is => { name => value }, requests => { id => { ... } }, tenants, bills }
sub read_output {
    my ($text) = @_;
    my %out = (text => $text, is => {}, requests => {}, tenants => {}, bills => {});
    for my $line (split /\n/, $text) {
        if ($line =~ /^request (\S+) (\S+) (.*) (\w+) ([0-9a-f]{16})$/) {
            $out{requests}{$1} = { tenant => $2, how => $4, checksum => $5, split / /, $3 };
        } elsif ($line =~ /^tenant (\S+) (.*)$/) {
            $out{tenants}{$1} = { split / /, $2 };
        } elsif ($line =~ /^finished (\w+) (\d+)$/) {
            $out{finished}{$1} = $2;
        } elsif ($line =~ /^(observed|scrapes) (.*)$/) {
            $out{$1} = { split / /, $1 eq 'scrapes' ? "done $2" : $2 };
        } elsif ($line =~ /^tenant,/) {
            $out{columns} = [ split /,/, $line ];
        } elsif ($line =~ /^"(\w+)",(.*)$/) {
            my %bill;
            @bill{ @{ $out{columns} } } = split /,/, $line;
            $out{bills}{$1} = \%bill;
        } elsif ($line =~ /^(\w+) ([0-9a-f]+)/) {
            $out{is}{$1} = $2;
        }
    }
    return \%out;
}

sub runs {
    my ($program, @options) = @_;
    my ($status, $text) = Gate::run("timeout 120 $program --list @options 2>$directory/stderr");
    return ($status, read_output($text));
}

sub read_metrics {
    my ($file) = @_;
    my %value;
    for my $line (split /\n/, Gate::read_file($file)) {
        $value{$1} = $2 if $line =~ /^([^#].*) (\S+)$/;
    }
    return \%value;
}

my $LABELS = '{model_name="tiny",engine="0"}';

# A series is there once something was counted.
sub vllm { my ($metrics, $name) = @_; return $metrics->{"vllm:$name$LABELS"} // 0 }

sub value_of {
    my ($any) = @_;
    my ($kind) = keys %$any;
    return [ map { value_of($_) } @{ $any->{arrayValue}{values} } ] if $kind eq 'arrayValue';
    return $any->{$kind};
}

sub read_trace {
    my ($file) = @_;
    my @spans;
    for my $line (split /\n/, Gate::read_file($file)) {
        for my $resource (@{ JSON::PP->new->utf8->decode($line)->{resourceSpans} }) {
            push @spans, map { @{ $_->{spans} } } @{ $resource->{scopeSpans} };
        }
    }
    for my $span (@spans) {
        $span->{is} = { map { $_->{key} => value_of($_->{value}) } @{ $span->{attributes} // [] } };
    }
    return @spans;
}

# ---- one account against the other --------------------------------------------------------------

sub sum_over {
    my ($out, $what) = @_;
    return sum0(map { $_->{$what} } values %{ $out->{requests} });
}

# Counts, costs, gauges.
sub check_metrics {
    my ($out, $metrics, $name) = @_;
    my ($is, $requests) = @$out{qw(is requests)};
    my @pairs = (
        [ 'prompt_tokens_total', sum_over($out, 'input') ],
        [ 'generation_tokens_total', sum_over($out, 'output') ],
        [ 'prompt_tokens_cached_total', sum_over($out, 'cached') ],
        [ 'prefix_cache_hits_total', sum_over($out, 'cached') ],
        [ 'spec_decode_num_drafts_total', $is->{drafts} ],
        [ 'spec_decode_num_draft_tokens_total', $is->{drafted} ],
        [ 'spec_decode_num_accepted_tokens_total', $is->{accepted} ],
        [ 'e2e_request_latency_seconds_count', scalar keys %$requests ],
        [ 'time_to_first_token_seconds_count',
            scalar grep { $_->{output} > 0 } values %$requests ],
        [ 'iteration_tokens_total_sum', $is->{rows} ],
        [ 'iteration_tokens_total_count', $is->{steps} ],
        [ 'num_requests_running', 0 ],
        [ 'num_requests_waiting', 0 ],
    );
    is(vllm($metrics, $_->[0]), $_->[1], "$name: vllm:$_->[0]") for @pairs;
    is($metrics->{'llamacpp:n_decode_total'}, $is->{steps}, "$name: steps");
    is(sum0(map { $metrics->{$_} } grep { /^vllm:spec_decode_num_accepted_tokens_per_pos/ }
        keys %$metrics), $is->{accepted}, "$name: accepted, by position");
    my %reasons = (stop => 'stop', length => 'length', cancelled => 'abort', error => 'error');
    for my $how (sort keys %reasons) {
        my $series = $LABELS =~ s/\}/,finished_reason="$reasons{$how}"}/r;
        is($metrics->{"vllm:request_success_total$series"} // 0, $out->{finished}{$how},
            "$name: $how");
    }
    my $use = vllm($metrics, 'kv_cache_usage_perc');
    ok($use > 0 && $use <= 1, "$name: the KV cache's use is a part ($use)");
    my $busy = $metrics->{'llamacpp:n_busy_slots_per_decode'};
    ok($busy >= $is->{served} / $is->{steps}, "$name: busy slots ($busy)");
}

# USD by tenant, exact: nano-USD a token are 500, of cached ones 50, of answers 1500.
sub check_bills {
    my ($out, $name) = @_;
    for my $tenant (sort keys %{ $out->{tenants} }) {
        my $is = $out->{tenants}{$tenant};
        my $bill = $out->{bills}{$tenant};
        is("$bill->{input_tokens} $bill->{output_tokens} $bill->{cached_tokens}",
            "$is->{input} $is->{output} $is->{cached}", "$name: tokens of $tenant");
        my $nano = ($is->{input} - $is->{cached}) * 500 + $is->{cached} * 50
            + $is->{output} * 1500;
        is(sprintf('%.0f', $bill->{cost_usd} * 1e9), $nano, "$name: what $tenant pays");
    }
}

# Requests' spans: whole, nested, and with the numbers of the engine.
sub check_requests {
    my ($out, $roots, $children, $name) = @_;
    my (@wrong, @outside);
    for my $id (sort keys %{ $out->{requests} }) {
        my $is = $out->{requests}{$id};
        my $root = $roots->{$id} or do { push @wrong, "$id: no span"; next };
        my %of = map { $_->{name} => $_ } @{ $children->{ $root->{spanId} } // [] };
        my $said = join(' ', map { $_ // '?' } @{ $root->{is} }{
            qw(gen_ai.usage.input_tokens gen_ai.usage.output_tokens
                gen_ai.usage.cache_read.input_tokens llmobs.tenant) },
            $root->{is}{'gen_ai.response.finish_reasons'}[0]);
        push @wrong, "$id: $said"
            if $said ne "$is->{input} $is->{output} $is->{cached} $is->{tenant} $is->{how}";
        my @parts = grep { defined } @of{qw(queue prefill decode)};
        my $parts = $is->{how} eq 'error' ? 1 : 3;
        # Who left may have done so before there was a token.
        push @wrong, "$id: " . @parts . ' parts' if $is->{how} ne 'cancelled' && @parts != $parts;
        push @wrong, "$id: waited, and says no time" if $is->{waited}
            && !(($root->{is}{'llmobs.request.queue_time'} // 0) > 0)
            && $is->{how} !~ /error|cancelled/;
        next if $is->{how} eq 'cancelled'; # its root ends first
        my $at = $root->{startTimeUnixNano};
        for my $part (@parts) {
            push @outside, "$id: $part->{name}" if $part->{startTimeUnixNano} < $at
                || $part->{endTimeUnixNano} > $root->{endTimeUnixNano};
            $at = $part->{endTimeUnixNano};
        }
    }
    is("@wrong", '', "$name: each request's span says what it was");
    is("@outside", '', "$name: its parts stand one after the other, in it");
}

# Steps: links to just the requests that they served.
sub check_steps {
    my ($out, $steps, $roots, $name) = @_;
    my %id_of = map { $roots->{$_}{spanId} => $_ } keys %$roots;
    my (%links, @strange, @early);
    for my $step (@$steps) {
        my %seen;
        for my $link (@{ $step->{links} // [] }) {
            my $id = $id_of{ $link->{spanId} } // '';
            my $root = $roots->{$id};
            push @strange, $link->{spanId} if $id eq '' || $link->{traceId} ne $root->{traceId}
                || $seen{$id}++;
            $links{$id}++;
            push @early, $id if $id ne '' && ($step->{startTimeUnixNano}
                < $root->{startTimeUnixNano} || ($out->{requests}{$id}{how} ne 'cancelled'
                && $step->{endTimeUnixNano} > $root->{endTimeUnixNano}));
        }
        # Who has left since is served, and has no span to link to.
        my $missing = $step->{is}{'batch.size'} - @{ $step->{links} // [] };
        push @strange, "$missing missing"
            if $missing < 0 || $missing > $out->{finished}{cancelled};
    }
    is("@strange", '', "$name: steps link to requests, to each once");
    is("@early", '', "$name: ... while these are under way");
    is(scalar @$steps, $out->{is}{steps}, "$name: all steps are there");
    is(sum0(map { $_->{is}{'batch.tokens'} } @$steps), $out->{is}{rows}, "$name: their tokens");
    my @other = grep { ($links{$_} // 0) != $out->{requests}{$_}{steps}
        && $out->{requests}{$_}{how} ne 'cancelled' } sort keys %{ $out->{requests} };
    is("@other", '', "$name: as many links as steps served it");
    my @more = grep { ($links{$_} // 0) > $out->{requests}{$_}{steps} } keys %links;
    is("@more", '', "$name: ... or fewer, where a client left");
}

sub check_run {
    my ($name, @options) = @_;
    my ($trace, $file) = ("$directory/trace.jsonl", "$directory/metrics.txt");
    unlink($trace, $file);
    my ($status, $out) = runs($engine, '--trace', $trace, '--metrics', $file, '--scrape 1',
        @options);
    is($status, 0, "$name: it ends well") or diag(Gate::read_file("$directory/stderr"));
    my $count = keys %{ $out->{requests} };
    is("$out->{observed}{begun} $out->{observed}{ended} $out->{observed}{dropped}",
        "$count $count 0", "$name: all requests are observed");
    ok($out->{scrapes}{done} > 0 && $out->{scrapes}{failed} == 0, "$name: scraped meanwhile");
    my $metrics = read_metrics($file);
    check_metrics($out, $metrics, $name);
    check_bills($out, $name);
    my @spans = read_trace($trace);
    my (%roots, %children);
    for my $span (@spans) {
        $roots{ $span->{is}{'llmobs.request.id'} } = $span if $span->{is}{'llmobs.request.id'};
        push @{ $children{ $span->{parentSpanId} } }, $span if $span->{parentSpanId};
    }
    check_requests($out, \%roots, \%children, $name);
    check_steps($out, [ grep { $_->{name} eq 'step' } @spans ], \%roots, $name);
    return ($out, $metrics);
}

# ---- runs ---------------------------------------------------------------------------------------

my ($plain, $metrics) = check_run('plain', '--requests 60 --slots 2');
is(vllm($metrics, 'inter_token_latency_seconds_count'),
    sum0(map { $_->{output} - 1 } values %{ $plain->{requests} }), 'plain: n - 1 gaps of n tokens');
is($plain->{is}{rows}, sum0(map { $_->{input} - $_->{cached} + $_->{output} - 1 }
    values %{ $plain->{requests} }), 'plain: what was not in a cache went through the model, once');
is($plain->{observed}{late}, 0, 'plain: nothing comes late');
ok($plain->{is}{waited} > 0, "plain: slots were short ($plain->{is}{waited} requests waited)");
ok(sum_over($plain, 'cached') > 0, 'plain: prompts were found in caches');
ok($plain->{finished}{stop} > 0 && $plain->{finished}{length} > 0, 'plain: both ways to end');

my ($drafted) = check_run('speculative', '--requests 60 --speculate 4 --temperature 0');
ok($drafted->{is}{accepted} > 0 && $drafted->{is}{accepted} < $drafted->{is}{drafted},
    "speculative: $drafted->{is}{accepted} of $drafted->{is}{drafted} accepted");

my ($left) = check_run('leaving', '--requests 90 --leave 3 --context 96 --prompt 120');
ok($left->{finished}{error} > 0, 'leaving: some prompts are too long');
ok($left->{finished}{cancelled} > 0, 'leaving: some clients leave');
ok($left->{is}{late} > 0, "leaving: $left->{is}{late} tokens were made for them after that");
ok($left->{observed}{late} >= $left->{is}{late}, 'leaving: ... and counted as late');

# ---- the same answers ---------------------------------------------------------------------------

# What does not depend on when a request came to which slot.
sub answers {
    my ($out) = @_;
    my $requests = $out->{requests};
    return join("\n", map { join(' ', $_, @{ $requests->{$_} }{qw(input output how checksum)}) }
        sort keys %$requests);
}

my @same = ('--requests 40', '--seed 7', '--prompt 200');
my (undef, $wanted) = runs($engine, @same);
like(answers($wanted), qr/^req-0 .*\nreq-1 /, 'answers');
for my $other ([ 'off at run time', $engine, '--off' ], [ 'LLMOBS_DISABLE', $disabled ],
    [ 'one slot, one thread', $engine, '--slots 1 --threads 1' ],
    [ 'a small batch', $engine, '--batch 5' ], [ 'drafts', $engine, '--speculate 6' ])
{
    my ($name, $program, @more) = @$other;
    my ($status, $out) = runs($program, @same, @more);
    is($status, $program eq $disabled ? $status : 0, "$name: it ends well");
    is(answers($out), answers($wanted), "$name: the same answers");
}
my @warm = (@same, '--temperature 0.3 --tokens 64');
my (undef, $guessed) = runs($engine, @warm, '--speculate 6');
ok($guessed->{is}{accepted} > 0, "drafts of sampled tokens: $guessed->{is}{accepted} accepted");
is(answers($guessed), answers((runs($engine, @warm))[1]), '... and the same answers');
isnt(answers((runs($engine, @same, '--seed 8'))[1]), answers($wanted), 'another seed: others');
unlike(Gate::read_file($disabled), qr/llmobs_prometheus_write|vllm:/,
    'LLMOBS_DISABLE leaves nothing of it');

# ---- weights in files, and what is none ---------------------------------------------------------

my $weights = "$directory/weights";
is((runs($engine, @same, '--save-weights', $weights))[0], 0, 'weights are written');
is(answers((runs($engine, @same, '--weights', $weights))[1]), answers($wanted),
    'and read: the same answers');
my $bytes = Gate::read_file($weights);
my %damaged = (
    'cut off' => substr($bytes, 0, length($bytes) - 1),
    'too long' => "${bytes}x",
    'no head' => 'not weights',
    'empty' => '',
    'a weight that is no number' => substr($bytes, 0, 28) . "\0\0\xc0\x7f" . substr($bytes, 32),
    'no shape' => substr($bytes, 0, 8) . "\xff\xff\xff\xff" . substr($bytes, 12),
);
for my $what (sort keys %damaged) {
    Gate::write_file($weights, $damaged{$what});
    my ($status, $text) = Gate::run("$engine --weights $weights");
    is($status, 1, "$what: refused");
    like($text, qr/^tiny_engine: .+/m, '... and it says why');
}
is((Gate::run("$engine --weights $directory/none"))[0], 1, 'no file: refused');
is((Gate::run("$engine $_"))[0], 2, "$_: not understood")
    for '--slots 0', '--slots x', '--top-p nan', '--requests', '--nothing 1', '--slots 40';

# ---- how much of it is llmobs -------------------------------------------------------------------

my $marked = grep { /\/\* llmobs\b/ } map { split /\n/, Gate::read_file($_) }
    glob('examples/tiny_engine/*.[ch]');
is($marked, 25, 'lines that record, all of them marked');
my $calls = grep { /\bllmobs_\w+\(/ && !/llmobs(?:_flush|_result_name|_cost|_close)/ }
    map { split /\n/, Gate::read_file($_) } 'examples/tiny_engine/engine.c';
my $told = grep { /\bllmobs_\w+\(.*\/\* llmobs \*\// }
    split /\n/, Gate::read_file('examples/tiny_engine/engine.c');
is($calls, $told, 'none of the engine is without its mark');

done_testing();

#!/usr/bin/env perl
# examples/llama_cpp with a real llama.cpp and a tiny random model: what llmobs counts is what the
# engine counts and what llama.cpp itself does; spans nest, steps link to what they serve; /metrics
# answers while it decodes.
#
# llama.cpp is that of LLAMA_DIR=prefix, or of pkg-config. Where there is none, and only if
# LLMOBS_LLAMA_INSTALL=1 says so, PyPI's llama-cpp-python brings it, which compiles it: minutes.
use strict;
use warnings;
use Cwd ();
use File::Path qw(make_path remove_tree);
use FindBin;
use lib $FindBin::Bin;
use Interop;
use Servers;
use HTTP::Tiny;
use JSON::PP;
use List::Util qw(sum0 min max);
use Test::More;
use Time::HiRes qw(time);

my $HERE = 'tests/interop';
my $BUILD = 'build/interop/llama_cpp';
my $VENV = 'build/interop/llama';
my $BINDING = 'llama-cpp-python==0.3.36';
my $EXAMPLE = 'examples/llama_cpp';
remove_tree($BUILD);
make_path($BUILD);
delete @ENV{ grep { /^OTEL_/ } keys %ENV };

# ---- what is needed -----------------------------------------------------------------------------

sub end_without { my ($what, $why) = @_; missing($what, $why); done_testing(); exit }
sub last_line { my ($text) = @_; return $text =~ /([^\n]+)\n*\z/ ? $1 : 'it said nothing' }

# Installs into an environment for Python of this test's own, once for each content of `$wanted`.
sub installs {
    my ($what, $wanted, $packages) = @_;
    return if read_file("$VENV/$what") eq $wanted;
    my $began = time();
    my ($done, $said) = run("test -d $VENV || python3 -m venv $VENV && timeout 1500 "
        . "$VENV/bin/pip install -q --disable-pip-version-check --retries 1 --timeout 20 "
        . $packages);
    end_without($what, "$packages: " . last_line($said)) if !$done;
    write_file("$VENV/$what", $wanted);
    note(sprintf('%s was installed in %.0f s', $what, time() - $began));
}

# Where a package of Python has put its headers and libraries.
sub prefix_of_python {
    my ($header) = glob("$VENV/lib/python3*/site-packages/include/llama.h");
    return $header ? Cwd::abs_path($header) =~ s{/include/llama\.h$}{}r : undef;
}

sub llama_flags {
    return "LLAMA_DIR=$ENV{LLAMA_DIR}" if $ENV{LLAMA_DIR};
    return '' if (run('pkg-config --exists llama'))[0];
    if ($ENV{LLMOBS_LLAMA_INSTALL} && in_path('python3')) {
        # Only the library, for this kind of processor.
        local $ENV{CMAKE_ARGS} = join(' ', map { "-D$_=OFF" } qw(LLAVA_BUILD GGML_NATIVE
            LLAMA_OPENSSL LLAMA_BUILD_TOOLS LLAMA_BUILD_EXAMPLES LLAMA_BUILD_TESTS
            LLAMA_BUILD_SERVER));
        installs('llama.cpp', $BINDING, "--no-deps $BINDING");
    }
    my $prefix = prefix_of_python();
    return defined $prefix ? "LLAMA_DIR=$prefix" : undef;
}

my $flags = llama_flags();
my ($prefix) = ($flags // '') =~ /^LLAMA_DIR=(.*)$/;
end_without('llama.cpp', 'llama.cpp not found: LLAMA_DIR=prefix, pkg-config llama, '
    . "or LLMOBS_LLAMA_INSTALL=1 to compile $BINDING") if !defined $flags;
end_without('gguf', 'python3 not found') if !in_path('python3');
installs('gguf', read_file("$HERE/llama_requirements.txt"), "-r $HERE/llama_requirements.txt");
my $model = "$BUILD/tiny.gguf";
ok((run("$VENV/bin/python $HERE/tiny_gguf.py $model"))[0], 'a model') or BAIL_OUT('no model');

my ($built, $said) = run("make --no-print-directory -s -C $EXAMPLE $flags "
    . "OUT=$FindBin::Bin/../../$BUILD "
    . "CC='" . Gate::cc() . "' CXX='" . Gate::cxx() . "' "
    . "CFLAGS='-O1 -g1 $Gate::OUTLINE -Werror' CXXFLAGS='-O1 -g1 -Werror'");
ok($built && $said eq '', 'the example is built, without a warning') or diag($said)
    or BAIL_OUT('no example');
my $marked = () = read_file("$EXAMPLE/engine.cpp") =~ m{/\* llmobs}g;
ok($marked <= 25, "$marked lines of its engine are llmobs', 25 at most");
is(join("\n", grep { /llmobs_|observe_|steps_|Observed|request\.end/ && !m{/\* llmobs \*/$} }
    split /\n/, read_file("$EXAMPLE/engine.cpp")), '', '... and each of them is marked');

# CMake finds it as well, where it came with what CMake needs.
if ($prefix && -e "$prefix/lib/cmake/llama/llama-config.cmake" && in_path('cmake')) {
    my ($configured, $why) = run("cmake -S $EXAMPLE -B $BUILD/cmake -DCMAKE_PREFIX_PATH=$prefix "
        . "-DCMAKE_C_FLAGS=$Gate::OUTLINE");
    ok($configured, 'CMake finds llama.cpp') or diag($why);
    ($configured, $why) = run("cmake --build $BUILD/cmake && $BUILD/cmake/llama_cpp $model hello");
    ok($configured, '... and what it builds runs') or diag($why);
} else {
    note('CMake was not tried');
}

# ---- a run --------------------------------------------------------------------------------------

my $json = JSON::PP->new->utf8;

# What the program says: its answers by their ids, its account, llama.cpp's own.
sub told {
    my ($text) = @_;
    my %run = (answers => {}, text => $text);
    while ($text =~ /^answer (\S+) prompt (\d+) output (\d+) (\S+)(?: (\S+))?$/mg) {
        $run{answers}{$1} = { prompt => $2, output => $3, finish => $4, error => $5 };
    }
    %run = (%run, map { split ' ' } $text =~ /^(decodes \d+ tokens \d+ drafts .*)$/m);
    %run = (%run, $text =~ /^llama_perf (prompt) (\d+) (single) (\d+)$/m);
    return \%run;
}

sub value {
    my ($of) = @_;
    my ($type) = keys %$of;
    return [ map { value($_) } @{ $of->{$type}{values} // [] } ] if $type eq 'arrayValue';
    return $of->{$type};
}

sub spans_of {
    my ($file) = @_;
    my ($good, $why) = run("$^X tests/check_otlp.pl $file");
    ok($good, "$file is OTLP") or diag($why);
    my @spans;
    for my $line (split /\n/, read_file($file)) {
        push @spans, map { @{ $_->{spans} } } map { @{ $_->{scopeSpans} } }
            @{ $json->decode($line)->{resourceSpans} };
    }
    for my $span (@spans) {
        $span->{attributes} = { map { $_->{key} => value($_->{value}) } @{ $span->{attributes} } };
    }
    return \@spans;
}

# Samples of a Prometheus text: by name with labels, and summed up by name.
sub samples_of {
    my ($text) = @_;
    my (%exactly, %sum);
    for my $line (split /\n/, $text) {
        my ($name, $labels, $number) = $line =~ /^([^#\s{]+)(\{.*\})? (\S+)$/ or next;
        $exactly{ $name . ($labels // '') } = $number;
        $sum{$name} += $number;
    }
    return (\%sum, \%exactly);
}

my $number = 0;
sub runs {
    my ($what, @options) = @_;
    my $name = "$BUILD/run" . $number++;
    my ($done, $text) = run(join(' ', "timeout 120 $BUILD/llama_cpp $model",
        "--otlp $name.jsonl --metrics-file $name.prom", @options));
    ok($done, $what) or diag($text);
    my $run = told($text);
    $run->{file} = $name;
    $run->{spans} = spans_of("$name.jsonl");
    @$run{ 'metrics', 'exactly' } = samples_of($run->{page} = read_file("$name.prom"));
    return $run;
}

# ---- what must be ------------------------------------------------------------------------------

# The engine's counts, and llama.cpp's, against those of the metrics: what is not the same.
sub wrong_counts {
    my ($run) = @_;
    my @answers = values %{ $run->{answers} };
    my @served = grep { $_->{output} > 0 } @answers;
    my $in = sum0(map { $_->{prompt} } @answers);
    my $out = sum0(map { $_->{output} } @answers);
    my %is = (
        # llama.cpp tells steps of one token apart, and says 1 where there was none.
        'llama.cpp: tokens' => [ $run->{tokens},
            $run->{single} == 1 && $run->{tokens} == $run->{prompt}
                ? $run->{prompt} : $run->{prompt} + $run->{single} ],
        'answers: tokens in' => [ $in, 'vllm:prompt_tokens_total', 'llamacpp:prompt_tokens_total' ],
        'answers: tokens out' => [ $out, 'vllm:generation_tokens_total',
            'llamacpp:tokens_predicted_total' ],
        tokens => [ $run->{tokens}, 'vllm:iteration_tokens_total_sum' ],
        decodes => [ $run->{decodes}, 'vllm:iteration_tokens_total_count',
            'llamacpp:n_decode_total' ],
        drafts => [ $run->{drafts}, map { "$_:spec_decode_num_drafts_total" } qw(vllm llamacpp) ],
        drafted => [ $run->{drafted},
            map { "$_:spec_decode_num_draft_tokens_total" } qw(vllm llamacpp) ],
        accepted => [ $run->{accepted}, map { ("$_:spec_decode_num_accepted_tokens_total",
            "$_:spec_decode_num_accepted_tokens_per_pos_total") } qw(vllm llamacpp) ],
        requests => [ scalar @answers, 'vllm:e2e_request_latency_seconds_count' ],
        'first tokens' => [ scalar @served, 'vllm:time_to_first_token_seconds_count' ],
        nothing => [ 0, 'vllm:num_requests_running', 'vllm:num_requests_waiting',
            'llamacpp:requests_processing', 'llamacpp:requests_deferred' ],
    );
    my @wrong;
    for my $what (sort keys %is) {
        my ($want, @names) = @{ $is{$what} };
        push @wrong, map { "$what: $want, but $_ is " . ($run->{metrics}{$_} // 'not there') }
            grep { ($_ =~ /^\d+$/ ? $_ : $run->{metrics}{$_} // 0) != $want } @names;
    }
    return @wrong;
}

my %reason = (stop => 'stop', length => 'length', cancelled => 'abort', error => 'error');

sub wrong_finishes {
    my ($run) = @_;
    my (%want, %have);
    $want{ $reason{ $_->{finish} } }++ for values %{ $run->{answers} };
    for my $series (grep { /^vllm:request_success_total/ } keys %{ $run->{exactly} }) {
        my ($why) = $series =~ /finished_reason="(\w+)"/;
        $have{$why} = $run->{exactly}{$series} if $run->{exactly}{$series} > 0;
    }
    my $say = sub { my ($of) = @_; join(' ', map { "$_ $of->{$_}" } sort keys %$of) };
    return $say->(\%want) eq $say->(\%have) ? () : $say->(\%want) . ', but ' . $say->(\%have);
}

sub in_it {
    my ($inner, $outer) = @_;
    return $inner->{startTimeUnixNano} >= $outer->{startTimeUnixNano}
        && $inner->{endTimeUnixNano} <= $outer->{endTimeUnixNano};
}

# Each request is a root with its phases, one after the other without a gap.
sub wrong_requests {
    my ($run) = @_;
    my (%children, @wrong);
    push @{ $children{ $_->{parentSpanId} } }, $_
        for grep { $_->{parentSpanId} } @{ $run->{spans} };
    my %roots = map { $_->{attributes}{'llmobs.request.id'} => $_ }
        grep { $_->{name} eq 'text_completion tiny.gguf' } @{ $run->{spans} };
    $run->{roots} = \%roots;
    for my $id (sort keys %{ $run->{answers} }) {
        my $answer = $run->{answers}{$id};
        my $root = $roots{$id};
        if (!$root) { push @wrong, "$id has no span"; next }
        my $about = $root->{attributes};
        my @phases = sort { $a->{startTimeUnixNano} <=> $b->{startTimeUnixNano}
            || $a->{endTimeUnixNano} <=> $b->{endTimeUnixNano} }
            @{ $children{ $root->{spanId} } // [] };
        my @names = ('queue', 'prefill', $answer->{output} > 0 ? 'decode' : ());
        push @wrong, "$id has the phases " . join(' ', map { $_->{name} } @phases)
            if join(' ', map { $_->{name} } @phases) ne join(' ', @names);
        push @wrong, "$id: $_->{name} is not within its request"
            for grep { !in_it($_, $root) } @phases;
        push @wrong, "$id: a gap before $phases[$_]{name}"
            for grep { $phases[$_]{startTimeUnixNano} ne $phases[ $_ - 1 ]{endTimeUnixNano} }
                1 .. $#phases;
        push @wrong, "$id is no SERVER" if $root->{kind} != 2;
        my ($in, $out) = @$about{ map { "gen_ai.usage.${_}_tokens" } qw(input output) };
        push @wrong, "$id: tokens $in, $out"
            if $in != $answer->{prompt} || $out != $answer->{output};
        my $finish = join(' ', @{ $about->{'gen_ai.response.finish_reasons'} // [] });
        push @wrong, "$id finished by $finish, not $answer->{finish}"
            if $finish ne ($answer->{error} ? '' : $answer->{finish});
        push @wrong, "$id: error " . ($about->{'error.type'} // 'none')
            if ($about->{'error.type'} // '') ne ($answer->{error} // '')
            || (($root->{status}{code} // 0) == 2) != defined $answer->{error};
    }
    return @wrong;
}

# Each step is a root of its own, with a link to each request that it served, while it was served.
sub wrong_steps {
    my ($run) = @_;
    my %root = map { ("$_->{traceId} $_->{spanId}" => $_) } values %{ $run->{roots} };
    my @steps = grep { $_->{name} eq 'decode' && !$_->{parentSpanId} } @{ $run->{spans} };
    my @wrong;
    push @wrong, @steps . " steps, not $run->{decodes}" if @steps != $run->{decodes};
    my $tokens = sum0(map { $_->{attributes}{'batch.tokens'} } @steps);
    push @wrong, "$tokens tokens, not $run->{tokens}" if $tokens != $run->{tokens};
    for my $step (@steps) {
        my @links = @{ $step->{links} // [] };
        push @wrong, @links . " links, not $step->{attributes}{'batch.size'}"
            if @links != $step->{attributes}{'batch.size'} || !@links;
        for my $link (@links) {
            my $request = $root{"$link->{traceId} $link->{spanId}"};
            push @wrong, 'a link that leads nowhere' if !$request;
            push @wrong, 'a step outside of what it served' if $request && !in_it($step, $request);
            $run->{steps_of}{ $request->{attributes}{'llmobs.request.id'} }++ if $request;
        }
    }
    my $shared = sum0(map { $_->{attributes}{'llmobs.request.compute_time'} // 0 } values %root);
    my $took = sum0(map { $_->{endTimeUnixNano} - $_->{startTimeUnixNano} } @steps) / 1e9;
    push @wrong, "$shared s were shared of $took" if abs($shared - $took) > 0.1 * $took + 1e-4;
    return @wrong;
}

sub check {
    my ($run, $what) = @_;
    for my $rule ([ \&wrong_counts, 'counts are those of the engine' ],
        [ \&wrong_finishes, 'finish reasons' ], [ \&wrong_requests, 'requests and their phases' ],
        [ \&wrong_steps, 'steps and their links' ]) {
        my @wrong = $rule->[0]->($run);
        is(scalar @wrong, 0, "$what: $rule->[1]")
            or diag(map { "$_\n" } @wrong[ 0 .. min($#wrong, 9) ]);
    }
}

# ---- what is ------------------------------------------------------------------------------------

my @prompts = ('Hello there', 'Once upon a time in a land', 'What?', 'A', 'b c d e f g h',
    'another one of them', 'zz');
my $prompts = join(' ', map { "'$_'" } @prompts);

my $run = runs('seven prompts, two slots, with drafts', '--predict 60 --draft 4', $prompts);
check($run, 'with drafts');
is(scalar keys %{ $run->{answers} }, @prompts, 'all are answered');
ok($run->{accepted} > 0 && $run->{accepted} < $run->{drafted}, 'some drafts were right, some wrong')
    or diag($run->{text});
my %finishes = map { $_->{finish} => 1 } values %{ $run->{answers} };
is(join(' ', sort keys %finishes), 'length stop', 'some end, some are cut off');
ok($run->{fullest} > 0 && $run->{metrics}{'vllm:kv_cache_usage_perc'} <= $run->{fullest} / 1024
    && $run->{metrics}{'vllm:kv_cache_usage_perc'} > 0, 'the KV cache was in use')
    or diag($run->{metrics}{'vllm:kv_cache_usage_perc'});
my $busy = $run->{metrics}{'llamacpp:n_busy_slots_per_decode'};
ok($busy > 1 && $busy <= 2, "slots were busy: $busy");

my $plain = runs('the same without drafts', '--predict 60 --batch 64', $prompts);
check($plain, 'without drafts');
is_deeply($plain->{answers}, $run->{answers}, 'drafts change no answer');
is($plain->{metrics}{'vllm:spec_decode_num_drafts_total'} // 0, 0, 'no drafts, no count of them');
my %outputs = map { $_ => $plain->{answers}{$_}{output} } keys %{ $plain->{answers} };
is_deeply($plain->{steps_of}, \%outputs,
    'a step for each token: each request has as many links as tokens');
my $gaps = sum0(map { $_->{output} - 1 } values %{ $plain->{answers} });
is($plain->{metrics}{'vllm:inter_token_latency_seconds_count'}, $gaps,
    'and a gap between each two of them');


# Tokens that came at once share the time since those before.
sub share_of_gaps {
    my ($metrics) = $_[0]{metrics};
    return $metrics->{'vllm:inter_token_latency_seconds_sum'}
        / $metrics->{'vllm:request_decode_time_seconds_sum'};
}
ok(abs(share_of_gaps($plain) - 1) < 0.001, 'the gaps are the time of decoding');
ok(share_of_gaps($run) < 0.99, 'less, where tokens came together') or diag(share_of_gaps($run));

my $small = runs('a small context, a prompt in pieces', '--context 24 --batch 4 --predict 60',
    '--traceparent 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', $prompts);
check($small, 'small');
is($small->{answers}{'req-1'}{error}, 'prompt_too_long', 'a prompt that does not fit is told so');
is($small->{answers}{'req-4'}{finish}, 'length', 'an answer that does not fit is cut off');
is(join(' ', grep { $_->{traceId} ne '4bf92f3577b34da6a3ce929d0e0e4736'
    || $_->{parentSpanId} ne '00f067aa0ba902b7' } values %{ $small->{roots} }), '',
    'all are part of the trace of who asks');

my ($done, $text) = run("$BUILD/llama_cpp $model --off --predict 60 --draft 4 --metrics-file "
    . "$BUILD/off.prom $prompts");
is_deeply(told($text)->{answers}, $run->{answers}, 'switched off, the answers are the same');
is(read_file("$BUILD/off.prom"), $run->{page} =~ s/^(.*?\nengine_slots \d+\n).*/$1/sr,
    'and /metrics is what the engine alone had');

# ---- what is wrong is seen ----------------------------------------------------------------------

sub broken {
    my ($change) = @_;
    my $copy = $json->decode($json->encode({ %$run, roots => undef }));
    $change->($copy);
    wrong_requests($copy);
    return $copy;
}
for my $fault (
    [ 'a token more', \&wrong_counts, sub { $_[0]{answers}{'req-2'}{output}++ } ],
    [ 'a token that llama.cpp did not see', \&wrong_counts, sub { $_[0]{tokens}++ } ],
    [ 'another end', \&wrong_finishes, sub { $_[0]{answers}{'req-2'}{finish} = 'length' } ],
    [ 'a request without span', \&wrong_requests, sub { $_[0]{answers}{'req-99'} = {} } ],
    [ 'a phase that is too long', \&wrong_requests, sub {
        my ($phase) = grep { $_->{name} eq 'prefill' } @{ $_[0]{spans} };
        $phase->{endTimeUnixNano} += 1e9 } ],
    [ 'a link less', \&wrong_steps, sub {
        my ($step) = grep { @{ $_->{links} // [] } > 1 } @{ $_[0]{spans} };
        pop @{ $step->{links} } } ],
    [ 'a link to another', \&wrong_steps, sub {
        my ($step) = grep { @{ $_->{links} // [] } > 1 } @{ $_[0]{spans} };
        $step->{links}[0]{spanId} = '00f067aa0ba902b7' } ]) {
    my ($what, $rule, $change) = @$fault;
    ok(scalar $rule->(broken($change)), "$what is seen");
}

# ---- who reads it -------------------------------------------------------------------------------

my ($python) = grep { (run("$_ -c 'import prometheus_client.parser'"))[0] }
    ('python3', '/usr/bin/python3');
if ($python) {
    my ($good, $output) = run("$python $HERE/prometheus_python.py text $run->{file}.prom");
    ok($good, 'prometheus_client reads the metrics, after the engine\'s own') or diag($output);
    my %families = map { $_ => 1 } keys %{ $good ? $json->decode($output)->{types} : {} };
    is(scalar(grep { !$families{$_} } 'engine_slots', 'vllm:time_to_first_token_seconds',
        'vllm:kv_cache_usage_perc', 'llamacpp:n_decode'), 0, 'with all of the families');
    write_file("$BUILD/wrong.prom", $run->{page} . "# TYPE engine_slots gauge\nengine_slots two\n");
    ok(!(run("$python $HERE/prometheus_python.py text $BUILD/wrong.prom"))[0],
        'it sees a wrong line');
} else {
    missing('prometheus_client', 'prometheus_client for Python not found');
}

# ---- while it decodes ---------------------------------------------------------------------------

write_file("$BUILD/prompts", join('', map { "prompt number $_\n" } 1 .. 400));
start('llama_cpp', "$BUILD/log", "$BUILD/llama_cpp", $model, '--prompts', "$BUILD/prompts",
    '--port', 0, '--temperature', 1, '--predict', 450, '--otlp', "$BUILD/long.jsonl",
    '--metrics-file', "$BUILD/long.prom");
await(sub { read_file("$BUILD/log") =~ m{^http://} });
my ($url) = read_file("$BUILD/log") =~ m{^(http://127\.0\.0\.1:\d+/metrics)$}m;
ok($url, 'it serves') or BAIL_OUT(read_file("$BUILD/log"));
my $http = HTTP::Tiny->new(timeout => PATIENCE, no_proxy => ['127.0.0.1']);
my (@pages, @latencies);
for (1 .. 40) {
    my $began = time();
    my $answer = $http->get($url);
    push @latencies, time() - $began;
    push @pages, [ samples_of($answer->{content}) ] if $answer->{status} == 200;
    select(undef, undef, undef, 0.02);
}
is($http->get($url =~ s/metrics/other/r)->{status}, 404, 'nothing elsewhere');
kill('TERM', $started{llama_cpp});
my $ended = await(sub { waitpid($started{llama_cpp}, 1) == $started{llama_cpp} });
my $status = $?;
delete $started{llama_cpp} if $ended;
is($ended ? $status : 'it hangs', 0, 'SIGTERM ends it well');
is(scalar @pages, 40, 'each scrape was answered');
my @running = map { $_->[0]{'vllm:num_requests_running'} // 0 } @pages;
ok((grep { $_ == 2 } @running) > 30 && max(@running) <= 2, 'while two requests ran')
    or diag(join(' ', @running));
my $counter = 'vllm:iteration_tokens_total_sum';
my @worked = map { $_->[0]{$counter} // 0 } @pages;
my @fallen = grep { $worked[$_] < $worked[ $_ - 1 ] } 1 .. $#worked;
ok(!@fallen && $worked[-1] > $worked[0], 'and its counters went up') or diag(join(' ', @worked));
@latencies = sort { $a <=> $b } @latencies;
note(sprintf('a scrape took %.2f ms, %.2f ms at most, with an HTTP client of perl',
    1000 * $latencies[ @latencies / 2 ], 1000 * $latencies[-1]));

my $long = told(read_file("$BUILD/log"));
$long->{spans} = spans_of("$BUILD/long.jsonl");
@$long{ 'metrics', 'exactly' } = samples_of(read_file("$BUILD/long.prom"));
check($long, 'given up');
is(scalar keys %{ $long->{answers} }, 400, 'each request has an end');
my %ends;
$ends{ $_->{finish} }++ for values %{ $long->{answers} };
ok($ends{cancelled} > 2, "$ends{cancelled} of them were given up");

# ---- what goes wrong ----------------------------------------------------------------------------

($done, $text) = run("$BUILD/llama_cpp $BUILD/none.gguf hello");
ok(!$done && $text =~ /can't be loaded$/m, 'no model: said so');
($done, $text) = run("$BUILD/llama_cpp $model --otlp $BUILD/none/there.jsonl hello");
ok(!$done && $text =~ /can't be written$/m, 'no folder: said so');
ok(!(run("$BUILD/llama_cpp $model --batch x hello"))[0], 'an option must be a number');
($done, $text) = run("$BUILD/llama_cpp $model --batch 4 --draft 4 hello");
ok(!$done && $text =~ /--batch 10 or more$/m, 'so is a batch without room for the drafts');
($done, $text) = run("$BUILD/llama_cpp $model --metrics-file $BUILD/none/there.prom hello");
ok(!$done && $text =~ /there\.prom can't be written$/m, 'metrics that can not be written: said so');
done_testing();

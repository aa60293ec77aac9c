#!/usr/bin/env perl
# The lines of docs/embedding.md: for a loop in C, for llama-server and whisper.cpp put into
# programs of our own that have the names which they need (tests/embedding/), compiled, and run.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../tools";
use Gate;
use JSON::PP;
use Sections;
use Test::More;

my $directory = Gate::scratch();
my $page = Sections::read_file('docs/embedding.md');
my @in_c = $page =~ /^```c\n(.*?)^```/msg;
my %in_cxx = map { m{\A// ([^\n]+)\n(.*)\z}s ? ($1, $2) : () } $page =~ /^```cpp\n(.*?)^```/msg;
my $cc = Gate::cc() . ' -std=c11 -Wall -Wextra -Werror';
my $cxx = Gate::cxx() . ' -std=c++17 -Wall -Wextra -Wpedantic -Wcast-qual -Wextra-semi '
    . '-Wno-unused-parameter -Werror -Iexamples/llama_cpp';

# A program of tests/embedding/ with the page's lines at its marks. Each mark has lines.
my %used;
sub filled {
    my ($name) = @_;
    my $text = Sections::read_file("tests/embedding/$name.cpp");
    my @without;
    $text =~ s{^ */\* \@ ([^\n]+?) \*/\n}{
        $used{$1}++;
        push @without, $1 if !defined $in_cxx{$1};
        $in_cxx{$1} // '';
    }gme;
    is(join("\n", @without), '', "$name: each place has its lines");
    return Gate::write_file("$directory/$name.cpp", $text);
}

sub samples {
    my ($text) = @_;
    my %sum;
    for my $line (split /\n/, $text) {
        $sum{$1} += $3 if $line =~ /^([^#\s{]+)(\{.*\})? (\S+)$/;
    }
    return \%sum;
}

sub spans_of {
    my ($file) = @_;
    Gate::runs("$^X tests/check_otlp.pl $file >/dev/null", "$file is OTLP");
    return map { @{ $_->{spans} } } map { @{ $_->{scopeSpans} } }
        map { @{ JSON::PP->new->utf8->decode($_)->{resourceSpans} } }
        split /\n/, Sections::read_file($file);
}

sub attribute {
    my ($span, $key) = @_;
    my ($found) = grep { $_->{key} eq $key } @{ $span->{attributes} };
    return $found ? (values %{ $found->{value} })[0] : undef;
}

# ---- a loop in C --------------------------------------------------------------------------------

Gate::write_file("$directory/loop.c", $in_c[0] // '');
Gate::write_file("$directory/model.c", "int next_token(int token, int position);\n"
    . "int next_token(int token, int position)\n{\n    return position < 8 ? token + 1 : 1;\n}\n");
Gate::builds($cc, "$directory/loop.c $directory/model.c", "$directory/loop", '',
    'the loop in C compiles');
my ($status, $output) = Gate::run("$directory/loop");
is($status, 0, '... and runs');
my $sum = samples($output);
is($sum->{'vllm:prompt_tokens_total'}, 3, '... tokens of the prompt');
is($sum->{'vllm:generation_tokens_total'}, 7, '... and of the answer');
is($sum->{'vllm:iteration_tokens_total_count'}, 9, '... a step for each pass');
is($sum->{'vllm:inter_token_latency_seconds_count'}, 6, '... time between tokens');
like($output, qr/^vllm:request_success_total\{.*finished_reason="stop"\} 1$/m, '... and its end');
my ($said) = $page =~ /as in llama2\.c: (\d+) lines/;
my ($body) = $in_c[0] =~ /^static void generate\(.*?^\}/ms ? $& : '';
my $ours = grep { /llmobs_|info\.|outcome\.|load\./ } split /\n/, $body =~ s/\A.*?\n\{\n//sr;
is($ours, $said // 0, "$ours lines, as the page says");

# ---- llama-server -------------------------------------------------------------------------------

if (Gate::have_cxx()) {
    my $source = filled('llama_server');
    my ($section) = $page =~ /^<!-- llama-server -->\n(.*?)^## /ms;
    my $lines = () = join('', $section =~ m{^```cpp\n//[^\n]*\n(.*?)^```}msg) =~ /\n/g;
    my ($told) = $section =~ /^(\d+) lines in/m;
    is($lines, $told // 0, "$lines lines for llama-server, as the page says");
    ok($lines <= 25, '... 25 at most');
    Gate::builds($cxx, $source, "$directory/llama_server", '',
        'the lines for llama-server compile');
    unlink("$directory/server.jsonl");
    ($status, $output) =
        Gate::run("env LLAMA_OTLP_FILE=$directory/server.jsonl $directory/llama_server");
    is($status, 0, '... and run');
    $sum = samples($output);
    like($output, qr/\Allamacpp:requests_processing 0\n#/, '... after the text that was there');
    my %want = ('vllm:e2e_request_latency_seconds_count' => 5,
        'vllm:num_requests_waiting' => 0, 'vllm:num_requests_running' => 0,
        'vllm:prompt_tokens_total' => 5, 'vllm:prompt_tokens_cached_total' => 2,
        'vllm:generation_tokens_total' => 4,
        'vllm:iteration_tokens_total_sum' => 10, 'vllm:iteration_tokens_total_count' => 2,
        'vllm:spec_decode_num_draft_tokens_total' => 3,
        'vllm:spec_decode_num_accepted_tokens_total' => 2,
        'vllm:time_to_first_token_seconds_count' => 1);
    is($sum->{$_} // 'not there', $want{$_}, "... $_") for sort keys %want;
    is_deeply({ $output =~ /^vllm:request_success_total\{.*finished_reason="(\w+)"\} (\d+)$/mg },
        { length => 1, error => 2, abort => 2 }, '... each request has its end');
    my @spans = spans_of("$directory/server.jsonl");
    my ($served) = grep { ($_->{traceId} // '') eq '4bf92f3577b34da6a3ce929d0e0e4736' } @spans;
    is($served->{parentSpanId}, '00f067aa0ba902b7',
        '... in the trace of who asks, however it is spelled');
    my @steps = sort { $a->{startTimeUnixNano} <=> $b->{startTimeUnixNano} }
        grep { $_->{name} eq 'decode' } @spans;
    is(join(' ', map { scalar @{ $_->{links} } } @steps), '2 1', '... and linked by its steps');
    ($status, $output) = Gate::run("env OTEL_SDK_DISABLED=true $directory/llama_server");
    is("$status $output", "0 llamacpp:requests_processing 0\n",
        '... switched off, nothing is there');

    # ---- whisper.cpp ----------------------------------------------------------------------------

    Gate::builds($cxx, filled('whisper'), "$directory/whisper", '',
        'the lines for whisper.cpp compile');
    ($status, $output) = Gate::run("$directory/whisper");
    is($status, 0, '... and run');
    $sum = samples($output);
    is($sum->{whisper_audio_seconds_total}, 3, '... seconds of audio');
    is($sum->{'vllm:generation_tokens_total'}, 2 * (10 + 11 + 12), '... tokens');
    is_deeply({ $output =~ /^vllm:request_success_total\{.*finished_reason="(\w+)"\} (\d+)$/mg },
        { stop => 1, error => 1 }, '... and ends');

    # ---- guards ---------------------------------------------------------------------------------

    Gate::builds($cxx, filled('guards'), "$directory/guards", '', 'the guards compile, as C++17');
    Gate::builds($cxx =~ s/c\+\+17/c++11/r, filled('guards'), "$directory/guards", '',
        '... as C++11');
    unlink("$directory/guards.jsonl");
    ($status, $output) = Gate::run("$directory/guards $directory/guards.jsonl");
    is("$status $output", "0 caught\n", '... and run');
    @spans = spans_of("$directory/guards.jsonl");
    my %request = map { (attribute($_, 'llmobs.request.id') // '', $_) } @spans;
    is(attribute($request{good}, 'gen_ai.usage.output_tokens'), 7, '... what is known at the end');
    is(attribute($request{good}, 'error.type'), undef, '... is no error');
    is(attribute($request{bad}, 'error.type'), 'exception', '... an exception is one');
    is(join(' ', sort map { $_->{status}{code} // 0 } grep { $_->{name} eq 'step' } @spans), '0 2',
        '... and a span that is left by one has failed, too');
    is(join("\n", grep { !$used{$_} } sort keys %in_cxx), '', 'all lines in C++ were tried');
}

# ---- less ---------------------------------------------------------------------------------------

# A part of a program, told by its first line.
sub part {
    my ($name) = @_;
    my ($found) = grep { m{\A/\* \Q$name\E \*/\n} } @in_c;
    ok($found, "the page has $name");
    return $found // '';
}
Gate::write_file("$directory/smallest.c", "#define LLMOBS_IMPLEMENTATION\n#include \"llmobs.h\"\n"
    . "#include <stdio.h>\nint main(void)\n{\nllmobs_config config = llmobs_config_default();\n"
    . "llmobs_request_info info = llmobs_request_info_default();\n"
    . "llmobs_request request;\nllmobs* obs;\n"
    . part('smallest') . "printf(\"%zu\\n\", llmobs_memory_needed(&config));\n"
    . "obs = llmobs_open(&config, NULL);\ninfo.server = true;\n"
    . "request = llmobs_request_begin(obs, &info);\n"
    . "llmobs_request_tokens(request, 3);\nllmobs_request_end(request, NULL);\n"
    . "printf(\"%d\\n\", (int)llmobs_tick(obs));\n"
    . "return llmobs_close(obs) == LLMOBS_OK ? 0 : 1;\n}\n");
Gate::builds($cc, "$directory/smallest.c", "$directory/smallest", '',
    'the smallest configuration compiles');
($status, $output) = Gate::run("$directory/smallest");
my ($bytes, $ticked) = split /\n/, $output;
my ($most) = $page =~ /touched as used \| (\d+) KB/;
ok($status == 0 && $ticked eq '0', '... and opens') or diag($output);
ok($bytes <= 1000 * $most && $bytes > 900 * $most,
    "... and takes $bytes bytes, $most KB as the page says");

Gate::write_file("$directory/two.c", "#define LLMOBS_IMPLEMENTATION\n#include \"llmobs.h\"\n"
    . "static llmobs_export_result send_batch(void* user, const llmobs_batch* batch)\n{\n"
    . "*(size_t*)user += batch->span_count;\nreturn LLMOBS_EXPORT_OK;\n}\n"
    . "int main(void)\n{\nsize_t sent = 0;\nsize_t* collector = &sent;\n"
    . "llmobs* obs = llmobs_open(NULL, NULL);\n"
    . part('two exporters') . "llmobs_span_end(llmobs_span_root(obs, \"step\"));\n"
    . "return llmobs_close(obs) == LLMOBS_OK && sent == 1 ? 0 : 1;\n}\n");
Gate::builds($cc, "$directory/two.c", "$directory/two", '', 'two exporters compile');
is((Gate::run("cd $directory && ./two"))[0], 0, '... and each has what was recorded');
like(Sections::read_file("$directory/trace.json"), qr/"step"/, '... the file, too');

# ---- the page -----------------------------------------------------------------------------------

is(join(' ', grep { !-e } map { s{/$}{}r } $page =~ m{`(examples/[\w/.]+)`}g), '',
    'all files that it names are there');
done_testing();

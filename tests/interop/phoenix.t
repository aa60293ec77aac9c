#!/usr/bin/env perl
# The demo's chain, sent by examples/otlp_http.h to a real Arize Phoenix: each span and attribute as
# it was sent; model, tokens, sessions and users where Phoenix looks for them; and what it says that
# the requests cost, by its own sums, against what llmobs says.
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
use Test::More;
use Time::HiRes qw(time);

my $HERE = 'tests/interop';
my $BUILD = 'build/interop/phoenix_run';
my $VENV = 'build/interop/phoenix';
make_path($BUILD);
delete @ENV{ grep { /^OTEL_|^PHOENIX_|_proxy$/i } keys %ENV };

# ---- what is needed -----------------------------------------------------------------------------

sub end_without { my ($what, $why) = @_; missing($what, $why); done_testing(); exit }
sub last_line { my ($text) = @_; return $text =~ /([^\n]+)\n*\z/ ? $1 : 'it said nothing' }

my $cc = $ENV{CC} || 'cc';
end_without('libcurl', 'libcurl not found') if !(run("echo '#include <curl/curl.h>' | $cc -E -"))[0];
end_without('Phoenix', 'python3 not found') if !in_path('python3');
my $wanted = read_file("$HERE/phoenix_requirements.txt");
if (read_file("$VENV/installed") ne $wanted) {
    remove_tree($VENV);
    my $began = time();
    my ($done, $said) = run("python3 -m venv $VENV && timeout 500 $VENV/bin/pip install -q "
        . "--disable-pip-version-check --retries 1 --timeout 20 -r $HERE/phoenix_requirements.txt");
    end_without('Phoenix', "$HERE/phoenix_requirements.txt: " . last_line($said)) if !$done;
    write_file("$VENV/installed", $wanted);
    note(sprintf('it was installed in %.0f s', time() - $began));
}
my @demo = grep { !/main\.c$/ } glob('examples/demo/*.c');
Gate::builds("$cc -std=gnu11 -Wall -Wextra -O1", "$HERE/phoenix_sample.c @demo", "$BUILD/sample", '-lcurl',
    'the sample is built, without a warning', '-O2');

# ---- Phoenix ------------------------------------------------------------------------------------

my ($port, $grpc) = (free_port(), free_port());
my $root = Cwd::getcwd();
remove_tree("$BUILD/data");
{
    local %ENV = (%ENV, PHOENIX_WORKING_DIR => "$root/$BUILD/data", PHOENIX_HOST => '127.0.0.1',
        PHOENIX_PORT => $port, PHOENIX_GRPC_PORT => $grpc, PHOENIX_TELEMETRY_ENABLED => 'false');
    start('phoenix', "$BUILD/log", "$VENV/bin/phoenix", 'serve');
}
my $http = HTTP::Tiny->new(timeout => PATIENCE, no_proxy => ['127.0.0.1']);
my $base = "http://127.0.0.1:$port";
my $healthy = sub { $http->get("$base/healthz")->{success} };
my $began = time();
ok(await($healthy) || await($healthy), 'Phoenix runs') or diag(read_file("$BUILD/log"))
    or BAIL_OUT('no Phoenix');
note(sprintf('it started in %.0f s', time() - $began));

my $json = JSON::PP->new->utf8->canonical->allow_bignum(0);
sub get { return $json->decode($http->get("$base$_[0]")->{content}) }

sub ask {
    my ($query) = @_;
    my $answer = $http->post("$base/graphql", { content => $json->encode({ query => $query }),
        headers => { 'Content-Type' => 'application/json' } });
    my $told = eval { $json->decode($answer->{content}) } // {};
    diag($json->encode($told->{errors})) if $told->{errors};
    return $told->{data};
}

# Phoenix sums up costs by prices of its own, by the model's name: it gets the demo's. It looks for
# new ones every five seconds, and its API does not tell when it has: so three times that.
my $prices = join(', ', map { "{tokenType: \"$_->[0]\", costPerMillionTokens: $_->[1], kind: $_->[2]}" }
    [ 'input', 0.5, 'PROMPT' ], [ 'output', 1.5, 'COMPLETION' ]);
ok(ask("mutation { createModel(input: {name: \"demo-4gram\", namePattern: \"^demo-4gram\$\", "
    . "costs: [$prices]}) { __typename } }"), 'it is told what the model costs');
sleep(15);

# ---- what is sent -------------------------------------------------------------------------------

{
    local %ENV = (%ENV, OTEL_EXPORTER_OTLP_ENDPOINT => $base);
    my ($done, $account) = run("timeout 100 $BUILD/sample $BUILD/sent.jsonl");
    ok($done, 'Phoenix takes all of it') or diag($account, read_file("$BUILD/log"));
    note($account);
}
sub value {
    my ($of) = @_;
    my ($type) = keys %$of;
    return [ map { value($_) } @{ $of->{$type}{values} // [] } ] if $type eq 'arrayValue';
    return $type eq 'intValue' ? $of->{$type} + 0 : $of->{$type};
}
my %sent;
for my $line (split /\n/, read_file("$BUILD/sent.jsonl")) {
    for my $span (map { @{ $_->{spans} } } map { @{ $_->{scopeSpans} } }
        @{ $json->decode($line)->{resourceSpans} }) {
        $span->{attributes} = { map { $_->{key} => value($_->{value}) } @{ $span->{attributes} } };
        $sent{"$span->{traceId}/$span->{spanId}"} = $span;
    }
}
ok(keys %sent > 100, 'there are spans');

# ---- each span ----------------------------------------------------------------------------------

my %there;
ok(await(sub { ask('{projects{edges{node{recordCount}}}}')
    ->{projects}{edges}[0]{node}{recordCount} == keys %sent }), 'it has as many as were sent');
for (my $cursor = ''; defined $cursor;) {
    my $page = get("/v1/projects/default/spans?limit=100&cursor=$cursor");
    $there{"$_->{context}{trace_id}/$_->{context}{span_id}"} = $_ for @{ $page->{data} };
    $cursor = $page->{next_cursor};
}

# Seconds and microseconds since 1970 of 2026-11-26T16:24:58.448201+00:00.
sub micros {
    my ($y, $m, $d, $h, $min, $s, $part) =
        $_[0] =~ /^(\d+)-(\d+)-(\d+)T(\d+):(\d+):(\d+)(?:\.(\d{1,6}))?(?:\+00:00|Z)$/ or return -1;
    require Time::Local;
    return Time::Local::timegm($s, $min, $h, $d, $m - 1, $y) * 1000000
        + substr(($part // '') . '000000', 0, 6);
}

# Numbers by their value, whatever they are written like.
sub plain {
    my ($value) = @_;
    return [ map { plain($_) } @$value ] if ref $value eq 'ARRAY';
    return $value ? 'true' : 'false' if ref $value; # a boolean
    return $value =~ /^-?\d+(?:\.\d+)?(?:e[-+]?\d+)?\z/i ? sprintf('%.9g', $value) : $value;
}

# Phoenix keeps microseconds, and rounds nanoseconds to them as floating-point numbers.
sub near { my ($wanted, $got) = @_; return abs($got - $wanted) <= 1 ? $got : $wanted }

my @statuses = qw(UNSET OK ERROR);
sub differences {
    my ($given, $got) = @_;
    return 'is not there' if !$got;
    my %want = (name => $given->{name}, parent => $given->{parentSpanId} // '',
        status => $statuses[ $given->{status}{code} // 0 ],
        kind => $given->{attributes}{'openinference.span.kind'} // 'UNKNOWN',
        begin => near(int($given->{startTimeUnixNano} / 1000), micros($got->{start_time})),
        end => near(int($given->{endTimeUnixNano} / 1000), micros($got->{end_time})),
        events => join(' ', map { $_->{name} } @{ $given->{events} // [] }));
    my %has = (name => $got->{name}, parent => $got->{parent_id} // '', status => $got->{status_code},
        kind => $got->{span_kind}, begin => micros($got->{start_time}), end => micros($got->{end_time}),
        events => join(' ', map { $_->{name} } @{ $got->{events} }));
    $want{"attribute $_"} = $json->encode([ plain($given->{attributes}{$_}) ])
        for grep { $_ ne 'openinference.span.kind' } keys %{ $given->{attributes} };
    $has{"attribute $_"} = $json->encode([ plain($got->{attributes}{$_}) ])
        for keys %{ $got->{attributes} };
    return join('; ', map { "$_: " . ($has{$_} // 'none') . ', not ' . ($want{$_} // 'there') }
        grep { ($has{$_} // 'none') ne ($want{$_} // 'none') } sort keys %{ { %want, %has } });
}
my %wrong = map { $_ => differences($sent{$_}, $there{$_}) } keys %sent;
my @wrong = grep { $wrong{$_} ne '' } sort keys %wrong;
is(scalar @wrong, 0, 'each span is what was sent')
    or diag(map { "$sent{$_}{name} $wrong{$_}\n" } @wrong[ 0 .. ($#wrong < 3 ? $#wrong : 3) ]);
is(join(' ', grep { !$sent{$_} } keys %there), '', '... and there is no other');
my %later = (%{ (values %sent)[0] });
$later{endTimeUnixNano} += 3000;
like(differences(\%later, $there{"$later{traceId}/$later{spanId}"}), qr/^end: /,
    'one that is 3 microseconds longer is seen');

my ($llm) = grep { ($sent{$_}{attributes}{'llm.model_name'} // '') eq 'demo-4gram' } sort keys %sent;
for my $key ('llm.token_count.prompt', 'llm.cost.total', 'session.id') {
    my %other = (%{ $sent{$llm} }, attributes => { %{ $sent{$llm}{attributes} }, $key => '7' });
    like(differences(\%other, $there{$llm}), qr/^attribute \Q$key\E: [^;]+\z/, "another $key is seen");
}

# ---- where Phoenix looks for it -----------------------------------------------------------------

my $seen;
my $asks = sub {
    $seen = ask('{projects{edges{node{tokenCountPrompt tokenCountCompletion traceCount
        costSummary{total{cost} prompt{cost} completion{cost}}
        sessions(first: 1000){edges{node{sessionId}}}
        spans(first: 1000){edges{node{spanId spanKind tokenCountPrompt tokenCountCompletion
        costSummary{total{cost} prompt{cost} completion{cost}}}}}}}}}')->{projects}{edges}[0]{node};
    return grep({ ($_->{node}{costSummary}{total}{cost} // 0) > 0 } @{ $seen->{spans}{edges} })
        == grep { ($_->{attributes}{'llm.cost.total'} // 0) > 0 } values %sent;
};
ok(await($asks), 'it has summed up the costs');
my (%tokens, %cost, %sessions, @off);
my %shown = map { $_->{node}{spanId} => $_->{node} } @{ $seen->{spans}{edges} };
# A request's root has the model's name, its phases have only a kind.
my @requests = grep { defined $_->{attributes}{'llm.model_name'} } values %sent;
for my $span (@requests) {
    my ($is, $said_of) = ($shown{ $span->{spanId} }, $span->{attributes});
    $sessions{ $said_of->{'session.id'} }++;
    for my $part ([ 'prompt', 'Prompt' ], [ 'completion', 'Completion' ]) {
        my ($small, $large) = @$part;
        my ($count, $usd) = ($said_of->{"llm.token_count.$small"}, $said_of->{"llm.cost.$small"});
        $tokens{$small} += $count // 0;
        $cost{$small} += $usd // 0;
        push @off, "$span->{spanId} $small" if ($is->{"tokenCount$large"} // 0) != ($count // 0)
            || sprintf('%.9f', $is->{costSummary}{$small}{cost} // 0) ne sprintf('%.9f', $usd // 0);
    }
    push @off, "$span->{spanId} total" if sprintf('%.9f', $is->{costSummary}{total}{cost} // 0)
        ne sprintf('%.9f', $said_of->{'llm.cost.total'} // 0) || $is->{spanKind} ne 'llm';
}
ok(@requests >= 40 && $cost{prompt} > 0 && $cost{completion} > 0, 'requests that cost something');
is(scalar @off, 0, 'each has its tokens, and costs what llmobs says') or diag("@off[0..1]");
is("$seen->{tokenCountPrompt} $seen->{tokenCountCompletion}" =~ s/\.0\b//gr,
    "$tokens{prompt} $tokens{completion}", 'the sums of tokens');
is(join(' ', map { sprintf('%.9f', $seen->{costSummary}{$_}{cost}) } qw(prompt completion total)),
    join(' ', map { sprintf('%.9f', $_) } @cost{qw(prompt completion)},
        $cost{prompt} + $cost{completion}), '... and of costs');
is(join(' ', sort map { $_->{node}{sessionId} } @{ $seen->{sessions}{edges} }),
    join(' ', sort keys %sessions), 'the sessions');
is($seen->{traceCount}, scalar @requests, 'a trace each');
like($_, qr/^hmac-sha256:/, 'a session is a pseudonym') for (sort keys %sessions)[0];
stop('phoenix');

done_testing();

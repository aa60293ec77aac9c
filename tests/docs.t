#!/usr/bin/env perl
# The API reference names everything that is public; docs/api.txt is the API as it is.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../tools";
use Gate;
use Sections;
use Test::More;

my $directory = Gate::scratch();
my $sections = Sections::load('.');
Gate::runs("tools/apidocs.pl --html $directory/api.html --man $directory/llmobs.3",
    'the reference is written', 1);
my $html = Sections::read_file("$directory/api.html");
my $man = Sections::read_file("$directory/llmobs.3") =~ s/\\-/-/gr;

my @names = map { Sections::declared_names($_->{api}) }
    grep { $_->{name} ne 'linkage' } @$sections;
ok(@names > 150, @names . ' public names');
is_deeply([ grep { $html !~ /id="\Q$_\E"/ } @names ], [], 'each has an anchor in the page');
my @functions = map { Sections::functions($_->{api}) } @$sections;
is_deeply([ grep { $man !~ /\b\Q$_\E\(/ } map { $_->{name} } @functions ], [],
    'each function is in the manual page');
my %anchors;
$anchors{$_}++ for $html =~ /id="([^"]+)"/g;
is_deeply([ grep { $anchors{$_} > 1 } sort keys %anchors ], [], 'no anchor stands there twice');
is_deeply([ grep { !$anchors{$_} } $html =~ /href="#([^"]+)"/g ], [], 'every link leads somewhere');
for my $tag (qw(html head body nav main section pre div ul li a i b p h2 h3)) {
    my $open = () = $html =~ /<$tag[ >]/g;
    my $closed = () = $html =~ /<\/$tag>/g;
    is($open, $closed, "<$tag> is closed as often as opened");
}
unlike($html, qr{https?://|<script|<img}, 'the page needs nothing else');

if (Gate::in_path('man')) {
    my ($status, $output) = Gate::run("man --warnings -l $directory/llmobs.3 >/dev/null");
    ok($status == 0 && $output eq '', 'man reads it without a warning') or diag($output);
}
elsif (Gate::in_path('groff')) {
    my ($status, $output) = Gate::run("groff -man -Tutf8 -ww $directory/llmobs.3 >/dev/null");
    ok($status == 0 && $output eq '', 'groff reads it without a warning') or diag($output);
}

# The API is held: who changes it says so by `make api`.
Gate::runs('tools/apidiff.pl --against docs/api.txt', 'docs/api.txt is the API (else: make api)');
my $changed = Sections::read_file('docs/api.txt') =~ s/uint64_t/uint32_t/r;
my ($status, $output) =
    Gate::run('tools/apidiff.pl --against ' . Gate::write_file("$directory/api.txt", $changed));
ok($status == 1 && $output =~ /^- .*uint32_t/m && $output =~ /^\+ .*uint64_t/m,
    'a changed type is seen');

# From version to version it changes as SemVer wants.
my $version = Sections::version($sections);
my ($major, $minor, $patch) = split /\./, $version;
($status, $output) = Gate::run("tools/apidiff.pl --against $directory/api.txt --since $version");
is($status, 1, 'a change without a new version is refused');
my ($git, $tag) = Gate::run('git describe --tags --abbrev=0 --match "v[0-9]*" HEAD^ 2>/dev/null');
chomp($tag);
SKIP: {
    skip('no earlier version is tagged here', 1) if $git != 0 || $tag eq '';
    Gate::run("git show $tag:docs/api.txt > $directory/tagged.txt");
    Gate::runs("tools/apidiff.pl --against $directory/tagged.txt --since " . substr($tag, 1),
        "the version has moved from $tag as the API has");
}

# What is refused stands in docs/privacy.md, name by name.
my ($told) = Sections::read_file('docs/privacy.md') =~ /<!-- refused -->(.*?)<!-- \/refused -->/s;
my ($table) = Sections::read_file('src/core/intern.h')
    =~ /^#define LLMOBS_REFUSED_NAMES(.*?[^\\])\n/ms;
is_deeply([ ($told // '') =~ /`([^`]+)`/g ], [ ($table // '') =~ /X\("([^"]+)"\)/g ],
    'docs/privacy.md has the names that are refused');

# The attributes of an alert's record stand in docs/log.md, in their order.
($told) = Sections::read_file('docs/log.md') =~ /<!-- alert -->(.*?)<!-- \/alert -->/s;
my $tell = Sections::read_file('src/analyze/alert_tell.c');
my @members = map { "llm.alert.$_" } $tell =~ /^    LLMOBS_I_ALERT_MEMBER\("(\w+)"/mg;
my ($labels_at) = $tell =~ /LLMOBS_I_ALERT_LABELS_AT (\d+)u/;
splice(@members, $labels_at // 0, 0, 'llm.alert.label.<name>');
is_deeply([ ($told // '') =~ /`(llm\.alert\.[^`]+)`/g ], \@members,
    'docs/log.md has the attributes of alerts');

# Those of an evaluation's stand in docs/judge.md.
($told) = Sections::read_file('docs/judge.md') =~ /<!-- evaluation -->(.*?)<!-- \/evaluation -->/s;
is_deeply([ ($told // '') =~ /^\| `([^`]+)` \|/mg ],
    [ Sections::read_file('src/analyze/judge_tell.c')
        =~ /^ +LLMOBS_I_EVALUATION_MEMBER\("([^"]+)"/mg ],
    'docs/judge.md has the attributes of evaluations');

# Its prompt is the one that the test holds.
my ($prompt) = Sections::read_file('docs/judge.md') =~ /^## The prompt\n.*?^```text\n(.*?)^```/ms;
my $golden = join '', Sections::read_file('tests/test_judge_prompt.c')
    =~ /^static void test_golden.*?^}/ms ? $& =~ /"((?:[^"\\]|\\.)*)"/g : ();
is_deeply([ grep { index($golden =~ s/\\"/"/gr =~ s/\\n/\n/gr, "$_\n") < 0 }
        grep { !/^(?:Score each|- |Answer with)/ } split /\n/, $prompt // 'none' ], [],
    '... and the prompt as it is');

# The program on a page, which is in a file of this name.
sub page_builds {
    my ($name, $what) = @_;
    return Gate::builds(Gate::cc() . ' -std=c11 -Wall -Wextra -Werror', "$directory/$name.c",
        "$directory/$name", '', $what);
}

# ---- the page on budgets ------------------------------------------------------------------------

my $budgets = Sections::read_file('docs/budgets.md');
Gate::write_file("$directory/budgets.c", ($budgets =~ /^```c\n(.*?)^```/ms)[0] // '');
page_builds('budgets', 'the program of docs/budgets.md compiles');
($status, $output) = Gate::run("$directory/budgets");
like($output, qr/^allowed: it fits \(budget each user, a day: 0\.04 USD asked, 4\.96 USD left /,
    '... and tells what was decided');
my ($reasons) = Sections::read_file('src/analyze/budget.h')
    =~ /^#define LLMOBS_BUDGET_REASONS(.*?[^\\])\n/ms;
is_deeply([ $budgets =~ /^\| `([A-Z_]+)` \| (?:yes|no) /mg ], [ $reasons =~ /X\((\w+),/g ],
    'docs/budgets.md has every reason');

# ---- the page on alerts -------------------------------------------------------------------------

my $alerts = Sections::read_file('docs/alerts.md');
my ($clauses) = Sections::read_file('src/analyze/alert_rule.c')
    =~ /llmobsi_alert_clause_words\[\] = \{(.*?)\};/s;
my ($rows) = $alerts =~ /^### Clauses\n(.*?)^##/ms;
is_deeply([ ($rows // '') =~ /^\| `(\w+)` \|/mg ], [ ($clauses // '') =~ /"(\w+)"/g ],
    'docs/alerts.md has every clause');

# ---- the page on sampling -----------------------------------------------------------------------

my $sampling = Sections::read_file('docs/sampling.md');
Gate::write_file("$directory/sampling.c", ($sampling =~ /^```c\n(.*?)^```/ms)[0] // '');
page_builds('sampling', 'the program of docs/sampling.md compiles');
($status, $output) = Gate::run("$directory/sampling");
is($output, "req-17: kept for error, stands for 1\n", '... and says why a request is judged');
my ($keeps) = Sections::read_file('src/analyze/sampler.h')
    =~ /^#define LLMOBS_KEEPS(.*?[^\\])\n/ms;
my ($causes) = $sampling =~ /^## Causes\n(.*?)^##/ms;
is_deeply([ 'none', ($causes // '') =~ /^\| `(\w+)` \|/mg ], [ $keeps =~ /X\(\w+, "(\w+)"/g ],
    'docs/sampling.md has every cause, in its order');
my ($tail) = Sections::read_file('docs/sampling.md') =~ /^## Tail sampling\n(.*?)(?=^## |\z)/ms;
my ($policies) = ($tail // '') =~ /^```c\n(.*?)^```/ms;
my ($before, $after) = split /\n\n/, $policies // '', 2;
Gate::write_file("$directory/tail.c", "#define LLMOBS_IMPLEMENTATION\n#include \"llmobs.h\"\n"
    . "int main(void)\n{\nllmobs_config config = llmobs_config_default();\n$before\n"
    . "llmobs* obs = llmobs_open(&config, NULL);\n" . ($after // '')
    . "return llmobs_close(obs) == LLMOBS_OK && result == LLMOBS_OK ? 0 : 1;\n}\n");
page_builds('tail', 'the policies of docs/sampling.md compile');
is((Gate::run("$directory/tail"))[0], 0, '... and are taken');
my ($types) = Sections::read_file('src/export/tail_policy.h')
    =~ /^#define LLMOBS_TAIL_TYPES(.*?[^\\])\n\n/ms;
is_deeply([ ($tail // '') =~ /^\| `([A-Z_]+[A-Z])` \|/mg ], [ ($types // '') =~ /X\((\w+),/g ],
    'docs/sampling.md has every policy');

# ---- the page on requests -----------------------------------------------------------------------

# The page on alerts: what it begins with, in a program.
my ($beginning) = Sections::read_file('docs/alerts.md') =~ /^```c\n(.*?)^```/ms;
Gate::write_file("$directory/alerts.c", "#define LLMOBS_IMPLEMENTATION\n#include \"llmobs.h\"\n"
    . "#include <stdio.h>\n#include <string.h>\n"
    . "static void print_news(void* user, const llmobs_alert* alerts, size_t count)\n"
    . "{\n    (void)user, (void)alerts, (void)count;\n}\n"
    . "int main(void)\n{\n$beginning    return llmobs_close(obs) == LLMOBS_OK ? 0 : 1;\n}\n");
page_builds('alerts', 'the program of docs/alerts.md compiles');
is((Gate::run("$directory/alerts"))[1], '', 'and its rules are taken');

my $page = Sections::read_file('docs/requests.md');
my ($program) = $page =~ /^```c\n(.*?)^```/ms;
Gate::write_file("$directory/requests.c", $program // '');
page_builds('requests', 'the program of docs/requests.md compiles');
($status, $output) = Gate::run("cd $directory && ./requests");
is($status, 0, '... and runs');
like($output, qr/^tokens 812 in, 5 out\ncost 0\.0001794 USD$/m, '... and explains a request');
like(Sections::read_file("$directory/requests.jsonl"), qr/^\{.*"request_id":"req-17".*\}\n\z/,
    '... and writes its line');
my ($costs) = Sections::read_file('docs/cost.md') =~ /^```c\n(.*?)^```/ms;
Gate::write_file("$directory/cost.c", $costs // '');
page_builds('cost', 'the program of docs/cost.md compiles');
($status, $output) = Gate::run("$directory/cost");
like($output, qr/\A39467500 nano-USD by gpt-4o of \d{4}-\d\d-\d\d\n\z/, '... and tells a cost');
($costs) = Sections::read_file('README.md') =~ /<!-- costs -->\s*```c\n(.*?)^```/ms;
Gate::write_file("$directory/costs.c", $costs // '');
page_builds('costs', 'the costs of README.md compile');
($status, $output) = Gate::run("$directory/costs");
is($status, 0, '... and are told');
my ($shown) = Sections::read_file('README.md') =~ /<!-- costs -->.*?^```text\n(.*?)^```/ms;
sub timeless { return $_[0] =~ s/\d{4}-\d\d-01T/month/gr =~ s/hmac-sha256:\S+/pseudonym/gr }
is(timeless($output), timeless($shown // ''), '... as README.md shows it');
like($output, qr/^ +0\.039467 USD .* support \(0\.020372 USD saved by caches\)$/m,
    '... by feature');
my $api = join '', map { $_->{api} } @$sections;
for my $struct (qw(llmobs_request_info llmobs_outcome llmobs_usage)) {
    my ($body) = $api =~ /typedef struct $struct \{(.*?)\n\} $struct;/s;
    my @fields = ($body =~ s{/\*.*?\*/}{}gsr) =~ /(\w+);/g;
    ok(@fields > 10, "$struct has fields");
    is_deeply([ grep { $_ ne 'size' && $page !~ /\b\Q$_\E\b/ } @fields ], [],
        "docs/requests.md tells of all of $struct");
}
for my $vocabulary ("gen_ai.request.model", "model.name", "llm.model_name") {
    like($page, qr/`\Q$vocabulary\E`/, "$vocabulary is in the table of vocabularies");
}
my ($words) = Sections::read_file('docs/log.md') =~ /<!-- interaction -->(.*?)<!-- .interaction/s;
my @words = Sections::read_file('src/encode/otlp_log.c') =~ /^ +LLMOBS_I_SAY\([^"]*"([\w.]+)"/mg;
ok(@words > 40, 'an interaction has names in several vocabularies');
is_deeply([ grep { $words !~ /`\Q$_\E`/ && !/cache_creation/ } @words ], [],
    'docs/log.md has them all');

# ---- the page on the environment ----------------------------------------------------------------

$page = Sections::read_file('docs/environment.md');
my ($started) = $page =~ /^```c\n(.*?)^```/ms;
Gate::write_file("$directory/environment.c", $started // '');
page_builds('environment', 'its program compiles');
for my $set ('', 'OTEL_SDK_DISABLED=true', 'OTEL_SERVICE_NAME=bot') {
    is(join('|', Gate::run("cd $directory && env $set ./environment 2>&1")), '0|',
        "... and runs: $set");
}
is((Gate::run("cd $directory && env OTEL_TRACES_SAMPLER=secret ./environment 2>&1"))[1],
    "llmobs: OTEL_TRACES_SAMPLER is no sampler that is known here, and was ignored\n",
    '... and tells what was ignored, not what it was');
my $reader = Sections::read_file('src/core/config_env.c');
my @read = $reader =~ /^ +X\("(OTEL_\w+)"/mg;
ok(@read > 5, 'variables are read');
is_deeply([ $page =~ /^\| `(OTEL_\w+)` \|/mg ], \@read, 'the table has all of them, and no other');
is_deeply([ grep { my $name = $_; !grep { $_ eq $name } @read } $reader =~ /"(OTEL_\w+)"/g ], [],
    'no other is read');

# ---- the page on the life cycle -----------------------------------------------------------------

$page = Sections::read_file('docs/lifecycle.md');
($program) = $page =~ /^```c\n(.*?)^```/ms;
Gate::write_file("$directory/lifecycle.c", $program // '');
page_builds('lifecycle', 'the program of docs/lifecycle.md compiles');
unlink("$directory/lifecycle.jsonl");
($status, $output) = Gate::run("cd $directory && ./lifecycle");
is($status, 0, '... and ends by SIGTERM as it should');
my @lines = sort map { /"name":"(parent|worker)"/ } split /\n/,
    Sections::read_file("$directory/lifecycle.jsonl");
is_deeply(\@lines, [ 'parent', 'worker' ], '... and loses nothing, neither in the worker');
my @tests = $page =~ /`(?:tests\/)?(test_\w+\.c)`/g;
is_deeply([ grep { !-e "tests/$_" } @tests ], [], 'docs/lifecycle.md names tests that are there');

# ---- the page on cost over HTTP -----------------------------------------------------------------

$page = Sections::read_file('docs/http.md');
($program) = $page =~ /^```c\n(.*?)^```/ms;
Gate::write_file("$directory/http.c", $program // '');
page_builds('http', 'the program of docs/http.md compiles');
($status, $output) = Gate::run("$directory/http");
is($status, 0, '... and runs');
is($output =~ s/\r//gr, "from a service of ours: an argument is NULL, malformed or out of range\n"
    . "X-LLM-Cost-USD: 0.0001794\nX-LLM-Tokens-Total: 908\nX-Feature: support\n2 refused\n",
    '... and refuses what it says it does');
for my $struct (qw(llmobs_cost_headers_in llmobs_cost_headers)) {
    my ($body) = $api =~ /typedef struct $struct \{(.*?)\n\} $struct;/s;
    my @fields = (($body // '') =~ s{/\*.*?\*/}{}gsr) =~ /(\w+);/g;
    ok(@fields > 5, "$struct has fields");
    is_deeply([ grep { $_ !~ /^size$|_result$/ && $page !~ /\b\Q$_\E\b/ } @fields ], [],
        "docs/http.md tells of all of $struct");
}

done_testing();

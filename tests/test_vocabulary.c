/* What a request's spans and its log record say, in each vocabulary. */
#include "llmobs_private.h"

#include "tap.h"

#include "keeper.h"

#include "requester.h"

#include "json_lines.h"
#include "sink.h"

#include "golden/vocabularies.h"

/* Whether a span has no attributes but the article's. */
static bool is_article(const llmobs_span_view* span)
{
    static const char* const keys[] = {
        "user.id",       "docs.count", "docs.total_tokens", "prompt.tokens",
        "model.name",    "tokens.input", "tokens.output",   "cost.usd",
        "guardrail.passed", "guardrail.triggered_rules"};
    size_t known = 0;
    size_t i;
    for (i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        known += kept_attribute(span, keys[i]) != NULL;
    }
    return known == span->attribute_count;
}

static void test_article(void)
{
    llmobs_config config = request_config();
    llmobs_request_info info = support_info();
    llmobs_outcome outcome = known_outcome();
    llmobs_llm_attributes six;
    const llmobs_span_view* root;
    llmobs_span span;
    keeper kept;
    llmobs* obs;
    config.vocabulary = LLMOBS_VOCABULARY_ARTICLE;
    obs = open_kept(&config, &kept);
    run_chain(obs, &info, &outcome);
    memset(&six, 0, sizeof six);
    six.model = "m";
    six.tokens_in = 5;
    six.tokens_out = -1;
    six.cost_nano = 1500000000;
    six.retrieval_docs = 3;
    six.guardrail_triggered = true;
    span = llmobs_span_root(obs, "one");
    llmobs_span_set_llm(span, &six);
    llmobs_span_end(span);
    (void)llmobs_flush(obs, 5000);
    root = kept_span(&kept, "llm_chain");
    ok(root != NULL, "llm_chain");
    ok(strncmp(kept_string(root, "user.id"), "hmac-sha256:", 12) == 0, "user.id, a pseudonym");
    is_str(kept_string(root, "model.name"), "gpt-4o-mini", "model.name");
    is_int(kept_attribute(root, "tokens.output")->value.integer, 96, "tokens.output");
    ok(is_article(root) && kept_attribute(root, "guardrail.passed") != NULL, "and no other words");
    ok(is_article(kept_span(&kept, "retrieval")), "retrieval, with the article's words alone");
    ok(is_article(kept_span(&kept, "model_call")), "model_call");
    root = kept_span(&kept, "one");
    ok(is_article(root), "and what one call sets");
    is_int(kept_attribute(root, "docs.count")->value.integer, 3, "six in one call");
    ok(kept_attribute(root, "cost.usd")->value.real > 1.4999 &&
           kept_attribute(root, "cost.usd")->value.real < 1.5001,
       "cost.usd");
    ok(!kept_attribute(root, "guardrail.passed")->value.boolean, "guardrail.passed");
    ok(kept_attribute(root, "tokens.output") == NULL, "what is unknown is left out");
    (void)close_kept(obs, &kept);
}

/* ---- OpenInference ------------------------------------------------------------------------- */

static void test_openinference(void)
{
    llmobs_config config = request_config();
    llmobs_request_info info = support_info();
    llmobs_outcome outcome = known_outcome();
    llmobs_llm_attributes six;
    const llmobs_span_view* root;
    llmobs_span span;
    keeper kept;
    llmobs* obs;
    config.vocabulary = LLMOBS_VOCABULARY_OPENINFERENCE;
    obs = open_kept(&config, &kept);
    outcome.usage.reasoning_tokens = 7;
    run_chain(obs, &info, &outcome);
    info.operation = "embeddings";
    outcome.response_model = NULL;
    outcome.usage.output_tokens = -1;
    llmobs_request_end(llmobs_request_begin(obs, &info), &outcome);
    memset(&six, 0, sizeof six);
    six.model = "m";
    six.tokens_in = 5;
    span = llmobs_span_root(obs, "one");
    llmobs_span_set_llm(span, &six);
    llmobs_span_end(span);
    (void)llmobs_flush(obs, 5000);
    root = kept_span(&kept, "chat gpt-4o-mini");
    is_str(kept_string(root, "openinference.span.kind"), "LLM", "kind");
    is_str(kept_string(root, "llm.model_name"), "gpt-4o-mini-2024", "the model that answered");
    is_str(kept_string(root, "llm.provider"), "openai", "llm.provider");
    is_int(kept_attribute(root, "llm.token_count.prompt")->value.integer, 812, "prompt");
    is_int(kept_attribute(root, "llm.token_count.completion")->value.integer, 96, "completion");
    is_int(kept_attribute(root, "llm.token_count.total")->value.integer, 908, "total");
    is_int(kept_attribute(root, "llm.token_count.prompt_details.cache_read")->value.integer, 512,
           "cache_read");
    is_int(kept_attribute(root, "llm.token_count.completion_details.reasoning")->value.integer, 7,
           "reasoning");
    ok(kept_attribute(root, "llm.cost.total")->value.real > 0.000179 &&
           kept_attribute(root, "llm.cost.total")->value.real < 0.00018,
       "llm.cost.total");
    ok(strncmp(kept_string(root, "user.id"), "hmac-sha256:", 12) == 0, "user.id, a pseudonym");
    ok(strncmp(kept_string(root, "session.id"), "hmac-sha256:", 12) == 0, "session.id, too");
    ok(kept_attribute(root, "gen_ai.request.model") == NULL, "and no other words");
    root = kept_span(&kept, "embeddings gpt-4o-mini");
    is_str(kept_string(root, "openinference.span.kind"), "EMBEDDING", "an embedding");
    is_str(kept_string(root, "llm.model_name"), "gpt-4o-mini", "or the model that was asked for");
    ok(kept_attribute(root, "llm.token_count.total") == NULL, "half a total is none");
    root = kept_span(&kept, "one");
    is_int(kept_attribute(root, "llm.token_count.prompt")->value.integer, 5, "six in one call");
    ok(close_kept(obs, &kept), "all is accounted for");
}

/* ---- what each says, all of it ------------------------------------------------------------- */

static char listed[8192];

static size_t list_value(size_t used, const llmobs_attribute_view* attribute)
{
    char* out = listed + used;
    size_t room = sizeof listed - used;
    int size = 0;
    switch (attribute->type) {
    case LLMOBS_TYPE_STRING:
        size = strncmp(attribute->value.string.data, "hmac-sha256:", 12) == 0
                   ? snprintf(out, room, "hmac")
                   : snprintf(out, room, "%s", attribute->value.string.data);
        break;
    case LLMOBS_TYPE_INT:
        size = snprintf(out, room, "%lld", (long long)attribute->value.integer);
        break;
    case LLMOBS_TYPE_DOUBLE:
        size = snprintf(out, room, "%g", attribute->value.real);
        break;
    case LLMOBS_TYPE_BOOL:
        size = snprintf(out, room, "%s", attribute->value.boolean ? "true" : "false");
        break;
    case LLMOBS_TYPE_STRINGS:
        size = snprintf(out, room, "[%s]", attribute->value.strings[0].data);
        break;
    }
    return used + (size_t)size;
}

/* A span's attributes in their order, one a line; of pseudonyms, that they are. */
static const char* list_of(const llmobs_span_view* span)
{
    size_t used = 0;
    uint32_t i;
    listed[0] = '\0';
    for (i = 0; i < span->attribute_count; i++) {
        used += (size_t)snprintf(listed + used, sizeof listed - used, "%s=",
                                 span->attributes[i].key.data);
        used = list_value(used, &span->attributes[i]);
        used += (size_t)snprintf(listed + used, sizeof listed - used, "\n");
    }
    return listed;
}

/* One request of which everything is known. */
static void run_whole(llmobs* obs)
{
    llmobs_request_info info = support_info();
    llmobs_outcome outcome = known_outcome();
    llmobs_request request;
    llmobs_span step;
    int phase;
    info.prompt_name = "greeting";
    info.prompt_version = "7";
    info.stream = true;
    outcome.usage.cache_write_tokens = 64;
    outcome.usage.reasoning_tokens = 32;
    outcome.usage.audio_input_tokens = 16;
    outcome.usage.audio_output_tokens = 8;
    outcome.usage.image_input_tokens = 4;
    outcome.usage.image_output_tokens = 2;
    request = llmobs_request_begin(obs, &info);
    for (phase = 0; phase < (int)LLMOBS_PHASE_COUNT; phase++) {
        llmobs_span_end(llmobs_phase_begin(request, (llmobs_phase)phase));
    }
    step = llmobs_phase_begin(request, LLMOBS_PHASE_OTHER);
    step = llmobs_phase_next(request, step, LLMOBS_PHASE_RETRIEVAL);
    llmobs_span_end(step);
    llmobs_span_end(llmobs_tool_begin(request, "search"));
    fake_now += 250000000;
    llmobs_request_token(request);
    llmobs_request_end(request, &outcome);
}

/* The nth span of a name, in the order in which they ended. */
static const llmobs_span_view* kept_nth(const keeper* kept, const char* name, size_t nth)
{
    size_t i;
    for (i = 0; i < kept->count; i++) {
        if (strcmp(kept->spans[i].name.data, name) == 0 && nth-- == 0) {
            return &kept->spans[i];
        }
    }
    return NULL;
}

static void test_golden(const vocabulary_golden* golden)
{
    llmobs_config config = request_config();
    keeper kept;
    llmobs* obs;
    config.vocabulary = golden->vocabulary;
    obs = open_kept(&config, &kept);
    run_whole(obs);
    (void)llmobs_flush(obs, 5000);
    is_str(list_of(kept_span(&kept, golden->name)), golden->root, "the root span");
    is_str(list_of(kept_nth(&kept, "retrieval", 0)), golden->retrieval, "retrieval");
    is_str(list_of(kept_nth(&kept, "retrieval", 1)), golden->retrieval, "the next phase");
    is_str(list_of(kept_nth(&kept, "prompt_assembly", 0)), golden->prompt, "a prompt");
    is_str(list_of(kept_nth(&kept, "model_call", 0)), golden->model, "a model's call");
    is_str(list_of(kept_nth(&kept, "guardrail_check", 0)), golden->guardrails, "guardrails");
    is_str(list_of(kept_nth(&kept, "execute_tool", 0)), golden->tool, "a tool");
    is_str(list_of(kept_nth(&kept, "execute_tool", 1)), golden->named_tool, "one with a name");
    is_str(list_of(kept_nth(&kept, "other", 0)), golden->other, "another phase");
    ok(close_kept(obs, &kept), "all is accounted for");
}

static void test_goldens(void)
{
    size_t i;
    for (i = 0; i < sizeof vocabulary_goldens / sizeof vocabulary_goldens[0]; i++) {
        test_golden(&vocabulary_goldens[i]);
    }
}

/* What all of them say fits a span: 68 attributes at most, most of them numbers. */
static void test_all(void)
{
    llmobs_config config = request_config();
    keeper kept;
    llmobs* obs;
    config.vocabulary = LLMOBS_VOCABULARY_GENAI | LLMOBS_VOCABULARY_GENAI_1_41 |
                        LLMOBS_VOCABULARY_ARTICLE | LLMOBS_VOCABULARY_OPENINFERENCE;
    obs = open_kept(&config, &kept);
    run_whole(obs);
    (void)llmobs_flush(obs, 5000);
    is_int(kept_span(&kept, "chat gpt-4o-mini")->dropped_attribute_count, 0, "nothing is dropped");
    ok(kept_attribute(kept_span(&kept, "chat gpt-4o-mini"), "cost.usd") != NULL, "the last of it");
    ok(close_kept(obs, &kept), "and no key stands twice");
}

/* ---- the log record ------------------------------------------------------------------------ */

#define ATTRIBUTES "resourceLogs.0.scopeLogs.0.logRecords.0.attributes."

static sink written;
static json_line line;

static const llmobs_log_view* kept_interaction_log(const keeper* kept)
{
    size_t i;
    for (i = 0; i < kept->log_count && kept->logs[i].interaction == NULL; i++) {
    }
    return i < kept->log_count ? &kept->logs[i] : NULL;
}

static void write_log(const llmobs_log_view* log, llmobs_format format)
{
    llmobs_batch batch;
    memset(&batch, 0, sizeof batch);
    batch.size = sizeof batch;
    batch.logs = log;
    batch.log_count = 1;
    written.size = 0;
    is_int(llmobs_encode(&batch, format, sink_write, &written), LLMOBS_OK, "a record is written");
}

/* One leaf below "attributes.": "3.key" or "3.value.arrayValue.values.0.stringValue". */
static size_t list_leaf(size_t used, const json_leaf* leaf)
{
    char* out = listed + used;
    size_t room = sizeof listed - used;
    const char* end = leaf->path + strlen(leaf->path);
    const char* text = leaf->type == 't' ? "true" : leaf->type == 'f' ? "false" : leaf->text;
    text = strncmp(text, "hmac-sha256:", 12) == 0 ? "hmac" : text;
    if (end - leaf->path > 4 && strcmp(end - 4, ".key") == 0) {
        return used + (size_t)snprintf(out, room, "%s=", text);
    }
    return used + (size_t)(strstr(leaf->path, ".arrayValue.") != NULL
                               ? snprintf(out, room, "[%s]\n", text)
                               : snprintf(out, room, "%s\n", text));
}

/* The attributes of an interaction's record in OTLP/JSON, as list_of has those of a span. */
static const char* list_of_record(const llmobs_log_view* log)
{
    size_t used = 0;
    size_t i;
    write_log(log, LLMOBS_FORMAT_OTLP_JSON);
    listed[0] = '\0';
    if (json_line_read(&line, written.text, written.size - 1)) {
        for (i = 0; i < line.count; i++) {
            if (strncmp(line.leaves[i].path, ATTRIBUTES, sizeof ATTRIBUTES - 1) == 0) {
                used = list_leaf(used, &line.leaves[i]);
            }
        }
    }
    return listed;
}

/* Where the line after `line` begins. */
static const char* next_line(const char* text)
{
    return text + strcspn(text, "\n") + 1;
}

/* Whether the first line of `one` stands among `lines`. */
static bool has_line(const char* lines, const char* one)
{
    size_t size = (size_t)(next_line(one) - one);
    while (*lines != '\0' && strncmp(lines, one, size) != 0) {
        lines = next_line(lines);
    }
    return *lines != '\0';
}

/* The lines of `from` that `lines` lacks. They are added where there is room, else told. */
static size_t missing_lines(char* lines, size_t room, const char* from)
{
    size_t count = 0;
    for (; *from != '\0'; from = next_line(from)) {
        size_t size = (size_t)(next_line(from) - from);
        if (!has_line(lines, from)) {
            count++;
            if (strlen(lines) + size < room) {
                strncat(lines, from, size);
            } else {
                printf("# missing: %.*s", (int)size, from);
            }
        }
    }
    return count;
}

/* Attributes of the record that the root span has not, nor should. */
static size_t keys_astray(const char* record, const llmobs_span_view* root)
{
    size_t astray = 0;
    char key[128];
    size_t i;
    for (; *record != '\0'; record = next_line(record)) {
        bool known;
        (void)snprintf(key, sizeof key, "%.*s", (int)strcspn(record, "="), record);
        known = kept_attribute(root, key) != NULL;
        for (i = 0; !known && i < sizeof record_alone / sizeof record_alone[0]; i++) {
            known = strcmp(record_alone[i], key) == 0;
        }
        if (!known) {
            printf("# of no span: %s\n", key);
            astray++;
        }
    }
    return astray;
}

static void open_whole(uint32_t vocabulary, keeper* kept, llmobs** obs)
{
    llmobs_config config = request_config();
    config.vocabulary = vocabulary;
    *obs = open_kept(&config, kept);
    run_whole(*obs);
    (void)llmobs_flush(*obs, 5000);
}

static void test_record_golden(const record_golden* golden)
{
    const llmobs_log_view* log;
    keeper kept;
    llmobs* obs;
    open_whole(golden->vocabulary, &kept, &obs);
    log = kept_interaction_log(&kept);
    is_int(log->vocabulary, golden->vocabulary, "the view says in whose words");
    is_str(list_of_record(log), golden->record, "the record");
    ok(close_kept(obs, &kept), "all is accounted for");
}

/* Several vocabularies say all that each of them says, each thing once, and by the names that the
   root span has. */
static void test_record_of(uint32_t vocabulary)
{
    const llmobs_log_view* log;
    keeper kept;
    llmobs* obs;
    char all[8192] = "";
    size_t count = 0;
    size_t i;
    open_whole(vocabulary, &kept, &obs);
    log = kept_interaction_log(&kept);
    (void)list_of_record(log);
    is_int(keys_astray(listed, kept_span(&kept, vocabulary == LLMOBS_VOCABULARY_ARTICLE
                                                    ? "llm_chain"
                                                    : "chat gpt-4o-mini")),
           0, "the root span's names");
    for (i = 0; i < sizeof record_goldens / sizeof record_goldens[0]; i++) {
        if ((record_goldens[i].vocabulary & vocabulary) != 0) {
            count += missing_lines(all, sizeof all, record_goldens[i].record);
        }
    }
    is_int(missing_lines(listed, 0, all), 0, "all that each of them says");
    is_int(missing_lines(all, 0, listed), 0, "and nothing else");
    for (i = 0; listed[i] != '\0'; i++) {
        count -= listed[i] == '\n';
    }
    is_int(count, 0, "nor anything twice");
    ok(close_kept(obs, &kept), "all is accounted for");
}

/* JSON lines have a schema of their own: its members are called the same whatever the spans say.
   The article's are among them. */
static void test_line_is_the_same(void)
{
    static sink first;
    uint32_t vocabulary;
    keeper kept;
    llmobs* obs;
    llmobs_log_view log;
    open_whole(LLMOBS_VOCABULARY_GENAI, &kept, &obs);
    log = *kept_interaction_log(&kept);
    write_log(&log, LLMOBS_FORMAT_LOG_JSON);
    first = written;
    for (vocabulary = 0; vocabulary <= LLMOBS_I_VOCABULARIES; vocabulary++) {
        log.vocabulary = vocabulary;
        write_log(&log, LLMOBS_FORMAT_LOG_JSON);
        ok(written.size == first.size && memcmp(written.text, first.text, first.size) == 0,
           "the same line");
    }
    (void)close_kept(obs, &kept);
}

static void test_records(void)
{
    uint32_t vocabulary;
    size_t i;
    for (i = 0; i < sizeof record_goldens / sizeof record_goldens[0]; i++) {
        test_record_golden(&record_goldens[i]);
    }
    for (vocabulary = 1; vocabulary <= LLMOBS_I_VOCABULARIES; vocabulary++) {
        test_record_of(vocabulary);
    }
    test_line_is_the_same();
    json_line_free(&line);
}

/* ---- other settings ------------------------------------------------------------------------ */

/* Where there are no requests the config's vocabulary holds, too. */
static void test_without_requests(void)
{
    llmobs_config config = request_config();
    llmobs_interaction interaction = llmobs_interaction_default();
    llmobs_llm_attributes six;
    keeper kept;
    llmobs* obs;
    llmobs_span span;
    config.requests = LLMOBS_OFF;
    config.vocabulary = LLMOBS_VOCABULARY_ARTICLE;
    obs = open_kept(&config, &kept);
    memset(&six, 0, sizeof six);
    six.model = "m";
    span = llmobs_span_root(obs, "one");
    llmobs_span_set_llm(span, &six);
    interaction.model = llmobs_str("m");
    llmobs_log_interaction(obs, span, &interaction);
    llmobs_span_end(span);
    (void)llmobs_flush(obs, 5000);
    is_str(kept_string(kept_span(&kept, "one"), "model.name"), "m", "of a span");
    is_str(list_of_record(kept_interaction_log(&kept)), "guardrail.passed=true\nmodel.name=m\n",
           "of an interaction");
    (void)close_kept(obs, &kept);
}

static uint64_t unknown_told;

static void count_unknown(void* user, llmobs_note note, uint64_t count, const char* text)
{
    (void)user;
    unknown_told += note == LLMOBS_NOTE_CONFIG_RANGE && strstr(text, "vocabulary") ? count : 0;
}

/* A bit that is no vocabulary is told of, and none that is left stands for the default. */
static void test_unknown(void)
{
    llmobs_config config = request_config();
    llmobs_request_info info = support_info();
    llmobs_llm_attributes six;
    keeper kept;
    llmobs* obs;
    llmobs_span span;
    config.vocabulary = 64;
    config.note = count_unknown;
    obs = open_kept(&config, &kept);
    llmobs_request_end(llmobs_request_begin(obs, &info), NULL);
    memset(&six, 0, sizeof six);
    six.model = "m";
    span = llmobs_span_root(obs, "one");
    llmobs_span_set_llm(span, &six);
    llmobs_span_end(span);
    (void)llmobs_flush(obs, 5000);
    is_int(unknown_told, 1, "a note says so");
    is_str(kept_string(kept_span(&kept, "chat gpt-4o-mini"), "gen_ai.request.model"),
           "gpt-4o-mini", "no vocabulary: the default");
    is_str(kept_string(kept_span(&kept, "one"), "gen_ai.request.model"), "m", "here, too");
    (void)close_kept(obs, &kept);
}

/* Six attributes in one call, in two vocabularies at once. */
static void test_two(void)
{
    llmobs_config config = request_config();
    llmobs_llm_attributes six;
    keeper kept;
    llmobs* obs;
    llmobs_span span;
    config.vocabulary = LLMOBS_VOCABULARY_GENAI_1_41 | LLMOBS_VOCABULARY_ARTICLE;
    obs = open_kept(&config, &kept);
    memset(&six, 0, sizeof six);
    six.model = "m";
    six.tokens_in = 5;
    six.tokens_out = -1;
    six.cost_nano = -1;
    six.retrieval_docs = -1;
    span = llmobs_span_root(obs, "one");
    llmobs_span_set_llm(span, &six);
    llmobs_span_end(span);
    (void)llmobs_flush(obs, 5000);
    is_str(list_of(kept_span(&kept, "one")),
           "gen_ai.request.model=m\ngen_ai.usage.input_tokens=5\n"
           "model.name=m\ntokens.input=5\nguardrail.passed=true\n",
           "each in its words");
    (void)close_kept(obs, &kept);
}

/* A phase of a trace that is not sampled says nothing, and takes no room for it. */
static void test_unsampled(void)
{
    llmobs_config config = request_config();
    llmobs_stats stats;
    keeper kept;
    llmobs* obs;
    config.sample_ratio = LLMOBS_SAMPLE_NONE;
    config.vocabulary = LLMOBS_VOCABULARY_OPENINFERENCE;
    obs = open_kept(&config, &kept);
    run_whole(obs);
    (void)llmobs_flush(obs, 5000);
    memset(&stats, 0, sizeof stats);
    (void)llmobs_stats_read(obs, &stats);
    is_int(kept.count, 0, "no span");
    is_int(stats.attributes_dropped, 0, "and no attribute is lost");
    ok(close_kept(obs, &kept), "all is accounted for");
}

int main(void)
{
    test_article();
    test_openinference();
    test_goldens();
    test_all();
    test_records();
    test_without_requests();
    test_unknown();
    test_two();
    test_unsampled();
    return done();
}

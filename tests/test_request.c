/* Requests from begin to end: spans, phases, tokens, verdicts, metrics, log records, explanations;
   what comes late, twice or from several threads; what the host must not be able to break. */
#include "llmobs_private.h"

#include "tap.h"

#include "keeper.h"

#include <pthread.h>

static uint64_t fake_now;

static uint64_t fake_clock(void* user)
{
    (void)user;
    return fake_now;
}

/* The host's clock and key: every number and every hash is known. */
static llmobs_config request_config(void)
{
    llmobs_config config = pumped_config();
    config.clock.unix_ns = fake_clock;
    config.requests = 16;
    config.sessions = 16;
    config.session_idle_s = 100;
    config.metric_families = LLMOBS_FAMILY_ALL;
    config.key.id = "k1";
    config.key.secret = "0123456789abcdef0123456789abcdef";
    config.key.secret_size = 32;
    fake_now = UINT64_C(1764000000000000000);
    return config;
}

static llmobs_request_info support_info(void)
{
    llmobs_request_info info = llmobs_request_info_default();
    info.request_id = "req-17";
    info.user_id = "u42";
    info.session_id = "s-9";
    info.feature = "support";
    info.model = "gpt-4o-mini";
    info.provider = "openai";
    return info;
}

static llmobs_outcome known_outcome(void)
{
    llmobs_outcome outcome = llmobs_outcome_default();
    outcome.usage.input_tokens = 812;
    outcome.usage.output_tokens = 96;
    outcome.usage.cached_tokens = 512;
    outcome.usage.history_tokens = 600;
    outcome.cost_nano = 179400;
    outcome.cost_known = true;
    outcome.finish_reason = "stop";
    outcome.response_model = "gpt-4o-mini-2024";
    outcome.input = llmobs_text("what is my balance?", 19);
    outcome.output = llmobs_text("it is secret", 12);
    return outcome;
}

/* ---- what a scraper sees ------------------------------------------------------------------- */

static char scraped[1 << 20];

static const char* sample(llmobs* obs, const char* series)
{
    static char value[64];
    size_t size = sizeof scraped;
    const char* line = scraped;
    size_t length = strlen(series);
    (void)llmobs_prometheus_print(obs, LLMOBS_PROMETHEUS_TEXT, scraped, &size);
    while (line != NULL && *line != '\0') {
        if (strncmp(line, series, length) == 0 && line[length] == ' ') {
            (void)snprintf(value, sizeof value, "%.*s", (int)strcspn(line + length + 1, "\n"),
                           line + length + 1);
            return value;
        }
        line = strchr(line, '\n');
        line = line != NULL ? line + 1 : NULL;
    }
    return "(none)";
}

#define GENAI                                                                                    \
    "gen_ai_operation_name=\"chat\",gen_ai_provider_name=\"openai\","                            \
    "gen_ai_request_model=\"gpt-4o-mini\",gen_ai_response_model=\"gpt-4o-mini-2024\","           \
    "server_address=\"\",server_port=\"\""

/* ---- the golden path ----------------------------------------------------------------------- */

static void run_chain(llmobs* obs, const llmobs_request_info* info, const llmobs_outcome* outcome)
{
    llmobs_request request = llmobs_request_begin(obs, info);
    llmobs_span step;
    int i;
    fake_now += 1000000;
    step = llmobs_phase_begin(request, LLMOBS_PHASE_RETRIEVAL);
    llmobs_span_set_int(step, "docs.count", 47);
    fake_now += 7000000000;
    step = llmobs_phase_next(request, step, LLMOBS_PHASE_MODEL_CALL);
    fake_now += 250000000;
    for (i = 0; i < 5; i++) {
        llmobs_request_token(request);
        fake_now += 20000000;
    }
    llmobs_span_end(step);
    llmobs_guardrail(request, "tone", LLMOBS_GUARDRAIL_PASSED);
    llmobs_guardrail(request, "pii_leak", LLMOBS_GUARDRAIL_BLOCKED);
    llmobs_guardrail(request, "pii_leak", LLMOBS_GUARDRAIL_BLOCKED);
    llmobs_request_retry(request, "timeout");
    llmobs_request_end(request, outcome);
}

static void check_span(const keeper* kept)
{
    const llmobs_span_view* root = kept_span(kept, "chat gpt-4o-mini");
    const llmobs_span_view* retrieval = kept_span(kept, "retrieval");
    const llmobs_span_view* model = kept_span(kept, "model_call");
    const llmobs_attribute_view* rules = kept_attribute(root, "guardrail.triggered_rules");
    ok(root != NULL, "the root span has its name from operation and model");
    ok(retrieval != NULL && memcmp(retrieval->parent_span_id, root->span_id, 8) == 0,
       "a phase is its child");
    ok(model != NULL && memcmp(model->parent_span_id, root->span_id, 8) == 0, "the next one, too");
    is_int(retrieval->end_unix_ns - retrieval->start_unix_ns, 7000000000, "with its duration");
    is_int(retrieval->attribute_count, 1, "the tick's mark is no attribute");
    is_str(kept_string(root, "gen_ai.provider.name"), "openai", "provider");
    is_str(kept_string(root, "gen_ai.response.model"), "gpt-4o-mini-2024", "response model");
    is_int(kept_attribute(root, "gen_ai.usage.input_tokens")->value.integer, 812, "input tokens");
    is_int(kept_attribute(root, "gen_ai.usage.cache_read.input_tokens")->value.integer, 512,
           "cached tokens");
    ok(kept_attribute(root, "gen_ai.usage.reasoning.output_tokens") == NULL,
       "what is unknown is left out");
    ok(rules != NULL && rules->count == 1 &&
           strcmp(rules->value.strings[0].data, "pii_leak") == 0,
       "a rule that triggered, once");
    ok(!kept_attribute(root, "guardrail.passed")->value.boolean, "it did not pass");
    ok(strncmp(kept_string(root, "enduser.pseudo.id"), "hmac-sha256:k1:", 15) == 0,
       "the user is a pseudonym");
    is_str(kept_string(root, "llmobs.request_id"), "req-17", "request id");
    is_str(kept_string(root, "llmobs.token_gaps"), "dddd",
           "the times between tokens of a slow request, a sign each");
    is_int(root->event_count, 1, "the retry is an event");
}

static void check_metrics(llmobs* obs)
{
    is_str(sample(obs, "llm_tokens_total{model=\"gpt-4o-mini\",direction=\"input\","
                       "feature=\"support\"}"),
           "812", "llm_tokens_total");
    is_str(sample(obs, "llm_cost_usd_total{model=\"gpt-4o-mini\",feature=\"support\"}"),
           "0.0001794", "llm_cost_usd_total");
    is_str(sample(obs, "llm_phase_duration_seconds_count{phase=\"retrieval\"}"), "1",
           "a phase is measured");
    is_str(sample(obs, "llm_phase_duration_seconds_sum{phase=\"retrieval\"}"), "7",
           "... by the tick");
    is_str(sample(obs, "llm_guardrail_triggers_total{rule=\"pii_leak\",action=\"blocked\"}"), "2",
           "each trigger counts");
    is_str(sample(obs, "llm_guardrail_triggers_total{rule=\"tone\",action=\"passed\"}"), "(none)",
           "a pass is no trigger");
    is_str(sample(obs, "llm_active_sessions{feature=\"support\"}"), "1", "a session is open");
    is_str(sample(obs, "gen_ai_client_token_usage_sum{" GENAI ",gen_ai_token_type=\"input\"}"),
           "812", "gen_ai.client.token.usage");
    is_str(sample(obs, "gen_ai_client_inference_duration_seconds_sum{" GENAI ",error_type=\"\"}"),
           "7.351", "gen_ai.client.inference.duration");
    is_str(sample(obs, "gen_ai_client_inference_time_to_first_chunk_seconds_sum{" GENAI "}"),
           "7.251", "time to first chunk");
    is_str(sample(obs, "gen_ai_client_inference_usage_cache_read_input_tokens_total{" GENAI
                       ",gen_ai_token_modality=\"text\"}"),
           "512", "cached tokens are counted");
}

static void check_log(const keeper* kept)
{
    const llmobs_interaction* log = kept->log_count == 1 ? kept->logs[0].interaction : NULL;
    char want[LLMOBS_PSEUDONYM_SIZE];
    ok(log != NULL, "one log record, an interaction");
    if (log == NULL) {
        return;
    }
    is_str(log->request_id.data, "req-17", "its request");
    is_str(log->model.data, "gpt-4o-mini", "its model");
    is_int(log->input_tokens, 812, "its tokens");
    ok(log->cost_known && log->cost_nano == 179400, "its cost");
    is_int(log->latency_ns, 7351000000, "its latency");
    is_int(log->input_length, 19, "the prompt's length");
    is_int(log->output_length, 12, "the answer's");
    ok(!log->guardrails_passed && log->guardrail_count == 1, "its guardrails");
    is_int(log->severity, LLMOBS_SEVERITY_WARN, "a rule that triggered is a warning");
    is_int(log->retries, 1, "its retries");
    ok(memcmp(kept->logs[0].span_id, kept_span(kept, "chat gpt-4o-mini")->span_id, 8) == 0,
       "it belongs to the root span");
    (void)want;
}

static void check_hashes(llmobs* obs, const llmobs_interaction* log)
{
    char want[LLMOBS_PSEUDONYM_SIZE];
    (void)llmobs_pseudonym(obs, LLMOBS_DOMAIN_INPUT, NULL, "what is my balance?", 19, want);
    is_str(log->input_hash.data, want, "the prompt's hash is keyed");
    (void)llmobs_pseudonym(obs, LLMOBS_DOMAIN_OUTPUT, NULL, "it is secret", 12, want);
    is_str(log->output_hash.data, want, "the answer's, with another key");
    (void)llmobs_pseudonym(obs, LLMOBS_DOMAIN_USER, NULL, "u42", 3, want);
    is_str(log->user_id.data, want, "the user's pseudonym");
}

static void test_golden_path(void)
{
    llmobs_config config = request_config();
    llmobs_request_info info = support_info();
    llmobs_outcome outcome = known_outcome();
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    run_chain(obs, &info, &outcome);
    ok(llmobs_flush(obs, 5000) == LLMOBS_OK, "flush");
    check_span(&kept);
    check_metrics(obs);
    check_log(&kept);
    check_hashes(obs, kept.logs[0].interaction);
    ok(close_kept(obs, &kept), "all is accounted for");
}

/* ---- explanations -------------------------------------------------------------------------- */

typedef struct text_sink {
    char text[4096];
    size_t size;
} text_sink;

static bool sink_write(void* user, const char* data, size_t size)
{
    text_sink* sink = (text_sink*)user;
    if (size >= sizeof sink->text - sink->size) {
        return false;
    }
    memcpy(sink->text + sink->size, data, size);
    sink->size += size;
    sink->text[sink->size] = '\0';
    return true;
}

static void test_explain(void)
{
    llmobs_config config = request_config();
    llmobs_request_info info = support_info();
    llmobs_outcome outcome = known_outcome();
    llmobs_explanation why;
    text_sink sink;
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    int i;
    run_chain(obs, &info, &outcome);
    is_int(llmobs_request_explain(obs, "req-17", &why), LLMOBS_ERROR_ARGUMENT,
           "before the tick it is not known");
    (void)llmobs_flush(obs, 5000);
    is_int(llmobs_request_explain(obs, "req-17", &why), LLMOBS_OK, "then it is");
    is_int(why.phase_ns[LLMOBS_PHASE_RETRIEVAL], 7000000000, "how long retrieval took");
    is_int(why.docs_count, 47, "and how many documents it found");
    is_int(why.usage.history_tokens, 600, "what the tokens were");
    sink.size = 0;
    is_int(llmobs_explanation_write(&why, sink_write, &sink), LLMOBS_OK, "in words");
    is_str(sink.text,
           "took 7.35 s, first token after 7.25 s\n"
           "  retrieval 7.00 s (95 %), the slowest phase, 47 documents\n"
           "  model_call 350.00 ms (5 %)\n"
           "tokens 812 in, 96 out\n"
           "  history 600 (74 %)\n"
           "  cached 512 (63 %)\n"
           "cost 0.0001794 USD\n",
           "the answer to why");
    for (i = 0; i < 300; i++) {
        char id[16];
        (void)snprintf(id, sizeof id, "other-%d", i);
        info.request_id = id;
        llmobs_request_end(llmobs_request_begin(obs, &info), NULL);
        (void)llmobs_tick(obs);
    }
    is_int(llmobs_request_explain(obs, "req-17", &why), LLMOBS_ERROR_ARGUMENT,
           "old ones are forgotten");
    is_int(llmobs_request_explain(obs, "other-299", &why), LLMOBS_OK, "new ones are kept");
    is_int(why.cost_nano == LLMOBS_COST_UNKNOWN, 1, "a cost that nobody told is unknown");
    is_int(llmobs_request_explain(obs, NULL, &why), LLMOBS_ERROR_ARGUMENT, "no id");
    is_int(llmobs_request_explain(obs, "other-299", NULL), LLMOBS_ERROR_ARGUMENT, "no place");
    (void)close_kept(obs, &kept);
}

/* ---- unknown is not zero ------------------------------------------------------------------- */

static const llmobs_interaction* end_with(const llmobs_outcome* outcome, keeper* kept)
{
    llmobs_config config = request_config();
    llmobs_request_info info = support_info();
    llmobs* obs = open_kept(&config, kept);
    llmobs_request_end(llmobs_request_begin(obs, &info), outcome);
    (void)llmobs_flush(obs, 5000);
    (void)llmobs_close(obs);
    return kept->log_count == 1 ? kept->logs[0].interaction : NULL;
}

static void test_unknown(void)
{
    llmobs_outcome outcome;
    const llmobs_interaction* log;
    keeper kept;
    log = end_with(NULL, &kept);
    ok(log != NULL && log->input_tokens == -1 && !log->cost_known, "no outcome: nothing is known");
    keeper_clear(&kept);
    memset(&outcome, 0, sizeof outcome);
    log = end_with(&outcome, &kept);
    ok(log->input_tokens == -1 && log->output_tokens == -1, "a zeroed outcome: unknown, not zero");
    ok(!log->cost_known, "... nor is its cost 0");
    keeper_clear(&kept);
    outcome.usage.reported = true;
    log = end_with(&outcome, &kept);
    ok(log->input_tokens == 0 && log->output_tokens == 0, "a zero that was reported is one");
    keeper_clear(&kept);
    outcome = llmobs_outcome_default();
    outcome.usage.input_tokens = INT64_MIN;
    outcome.usage.output_tokens = INT64_MAX;
    outcome.cost_nano = -5;
    outcome.cost_known = true;
    log = end_with(&outcome, &kept);
    ok(log->input_tokens == -1 && log->output_tokens == -1 && !log->cost_known,
       "absurd numbers are unknown");
    keeper_clear(&kept);
}

/* ---- late, twice, zero --------------------------------------------------------------------- */

static void test_late(void)
{
    llmobs_config config = request_config();
    llmobs_request_info info = support_info();
    llmobs_request request;
    llmobs_request none;
    llmobs_stats stats;
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    memset(&none, 0, sizeof none);
    info.request_id = "0";
    request = llmobs_request_begin(obs, &info);
    ok(request.instance != 0, "a request with id 0");
    llmobs_request_end(request, NULL);
    llmobs_request_end(request, NULL);
    llmobs_request_token(request);
    llmobs_guardrail(request, "late", LLMOBS_GUARDRAIL_BLOCKED);
    llmobs_request_output(request, "late", 4);
    ok(llmobs_phase_begin(request, LLMOBS_PHASE_TOOL).instance == 0, "no phase after the end");
    llmobs_request_end(none, NULL);
    llmobs_request_token(none);
    none.instance = request.instance;
    none.place = 1u << 30;
    llmobs_request_token(none);
    stats = stats_of(obs);
    is_int(stats.requests_ended, 1, "ended once");
    is_int(stats.requests_late, 5, "what came late is counted");
    is_str(sample(obs, "llm_guardrail_triggers_total{rule=\"late\",action=\"blocked\"}"), "(none)",
           "and does nothing");
    (void)llmobs_flush(obs, 5000);
    is_int(kept.log_count, 1, "one record");
    ok(close_kept(obs, &kept), "all is accounted for");
    llmobs_request_end(request, NULL);
    llmobs_request_token(request);
    ok(llmobs_request_begin(obs, &info).instance == 0, "closed: inert");
    ok(llmobs_request_begin(NULL, &info).instance == 0, "NULL: inert");
}

static void test_exhausted(void)
{
    llmobs_config config = request_config();
    llmobs_request requests[17];
    llmobs_stats stats;
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    int i;
    for (i = 0; i < 17; i++) {
        requests[i] = llmobs_request_begin(obs, NULL);
    }
    ok(requests[15].instance != 0 && requests[16].instance == 0, "16 of 16 are there");
    stats = stats_of(obs);
    is_int(stats.requests_dropped, 1, "the 17th is counted");
    is_int(stats.requests_begun, 16, "so are the others");
    llmobs_request_end(requests[16], NULL);
    llmobs_request_end(requests[3], NULL);
    ok(llmobs_request_begin(obs, NULL).instance == 0, "an ended one is the tick's first");
    (void)llmobs_tick(obs);
    requests[16] = llmobs_request_begin(obs, NULL);
    ok(requests[16].instance != 0, "then it is free");
    llmobs_request_token(requests[3]);
    is_int(stats_of(obs).requests_late, 1, "the old handle does not reach the new request");
    fake_now += UINT64_C(3601) * 1000000000;
    (void)llmobs_tick(obs);
    stats = stats_of(obs);
    is_int(stats.requests_expired, 16, "those that nobody ends are given up");
    ok(llmobs_request_begin(obs, NULL).instance != 0, "and their places are free");
    (void)close_kept(obs, &kept);
}

/* ---- engines ------------------------------------------------------------------------------- */

#define ENGINE "{model_name=\"m\",engine=\"0\"}"

static void test_engine(void)
{
    llmobs_config config = request_config();
    llmobs_request_info info = llmobs_request_info_default();
    llmobs_outcome outcome = llmobs_outcome_default();
    llmobs_request both[2];
    llmobs_span batch;
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    int i;
    info.server = true;
    info.model = "m";
    info.queue_ns = 500000000;
    both[0] = llmobs_request_begin(obs, &info);
    both[1] = llmobs_request_begin(obs, &info);
    is_str(sample(obs, "vllm:num_requests_waiting" ENGINE), "2", "two wait");
    fake_now += 1000000000;
    llmobs_request_scheduled(both[0]);
    llmobs_request_scheduled(both[0]);
    is_str(sample(obs, "vllm:num_requests_waiting" ENGINE), "1", "one is taken up, once");
    is_str(sample(obs, "vllm:num_requests_running" ENGINE), "1", "and runs");
    fake_now += 200000000;
    batch = llmobs_batch_begin(obs, "decode", both, 2);
    for (i = 0; i < 10; i++) {
        llmobs_request_token(both[0]);
        fake_now += 10000000;
    }
    llmobs_requests_share(both, 2, 7);
    llmobs_span_end(batch);
    llmobs_request_speculative(both[0], 4, 9);
    llmobs_request_preempted(both[0]);
    outcome.usage.input_tokens = 100;
    outcome.usage.cached_tokens = 60;
    llmobs_request_end(both[0], &outcome);
    is_str(sample(obs, "vllm:num_requests_running" ENGINE), "0", "none runs");
    outcome.cancelled = true;
    llmobs_request_end(both[1], &outcome);
    is_str(sample(obs, "vllm:num_requests_waiting" ENGINE), "0", "none waits");
    is_str(sample(obs, "vllm:request_queue_time_seconds_sum" ENGINE), "2",
           "queue: 1.5 s of the one, 0.5 s of the other");
    is_str(sample(obs, "vllm:time_to_first_token_seconds_sum" ENGINE), "1.7",
           "first token: queue and prefill");
    is_str(sample(obs, "vllm:request_prefill_time_seconds_sum" ENGINE), "0.2", "prefill");
    is_str(sample(obs, "vllm:request_decode_time_seconds_sum" ENGINE), "0.09",
           "decode: from the first token to the last");
    is_str(sample(obs, "vllm:inter_token_latency_seconds_count" ENGINE), "9",
           "the first token is free");
    is_str(sample(obs, "vllm:generation_tokens_total" ENGINE), "10", "tokens are counted");
    is_str(sample(obs, "vllm:request_success_total{model_name=\"m\",engine=\"0\","
                       "finished_reason=\"abort\"}"),
           "1", "the one that went away");
    is_str(sample(obs, "vllm:spec_decode_num_accepted_tokens_total" ENGINE), "4",
           "no more is accepted than was drafted");
    is_str(sample(obs, "vllm:num_preemptions_total" ENGINE), "1", "preempted");
    is_str(sample(obs, "llamacpp:prompt_tokens_total"), "80", "computed, not cached");
    is_str(sample(obs, "llamacpp:requests_processing"), "0", "llama.cpp's names, too");
    (void)llmobs_flush(obs, 5000);
    is_int(kept_span(&kept, "decode")->link_count, 2, "a batch links to both");
    is_int((long long)(kept_attribute(&kept.spans[1], "llmobs.compute_seconds")->value.real * 1e9 +
                       0.5),
           4, "time in a batch is split, to the nanosecond");
    (void)close_kept(obs, &kept);
}

/* ---- not sampled --------------------------------------------------------------------------- */

static void test_unsampled(void)
{
    llmobs_config config = request_config();
    llmobs_request_info info = support_info();
    llmobs_outcome outcome = known_outcome();
    keeper kept;
    llmobs* obs;
    config.sample_ratio = LLMOBS_SAMPLE_NONE;
    obs = open_kept(&config, &kept);
    run_chain(obs, &info, &outcome);
    (void)llmobs_flush(obs, 5000);
    is_int(kept.count, 0, "no span is exported");
    is_int(kept.log_count, 1, "the log record is");
    is_str(sample(obs, "llm_phase_duration_seconds_sum{phase=\"retrieval\"}"), "7",
           "phases are measured all the same");
    is_str(sample(obs, "llm_cost_usd_total{model=\"gpt-4o-mini\",feature=\"support\"}"),
           "0.0001794", "so is the cost");
    ok(close_kept(obs, &kept), "all is accounted for");
}

/* ---- the article's vocabulary -------------------------------------------------------------- */

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
    ok(kept_attribute(root, "gen_ai.request.model") == NULL, "and no other words");
    root = kept_span(&kept, "one");
    is_int(kept_attribute(root, "docs.count")->value.integer, 3, "six in one call");
    ok(kept_attribute(root, "cost.usd")->value.real > 1.4999 &&
           kept_attribute(root, "cost.usd")->value.real < 1.5001,
       "cost.usd");
    ok(!kept_attribute(root, "guardrail.passed")->value.boolean, "guardrail.passed");
    ok(kept_attribute(root, "tokens.output") == NULL, "what is unknown is left out");
    (void)close_kept(obs, &kept);
}

/* ---- texts in pieces, audit ---------------------------------------------------------------- */

typedef struct auditor {
    char input[64];
    char output[64];
    char context[64];
    int finals;
    int wrong;
} auditor;

static void audit(void* user, const llmobs_audit* part)
{
    auditor* store = (auditor*)user;
    char* text = part->part == LLMOBS_DOMAIN_INPUT    ? store->input
                 : part->part == LLMOBS_DOMAIN_OUTPUT ? store->output
                                                      : store->context;
    store->wrong += strcmp(part->request_id, "req-17") != 0 || strlen(text) != part->offset;
    (void)strncat(text, part->chunk, part->chunk_size);
    store->finals += part->final;
}

static void test_streams(void)
{
    llmobs_config config = request_config();
    llmobs_request_info info = support_info();
    llmobs_outcome outcome = llmobs_outcome_default();
    llmobs_request request;
    auditor store;
    keeper kept;
    llmobs* obs;
    memset(&store, 0, sizeof store);
    config.audit = audit;
    config.audit_user = &store;
    obs = open_kept(&config, &kept);
    request = llmobs_request_begin(obs, &info);
    llmobs_request_output(request, "it is ", 6);
    llmobs_request_output(request, "", 0);
    llmobs_request_output(request, "sec", 3);
    llmobs_request_output(request, "ret", LLMOBS_NUL_TERMINATED);
    outcome.input = llmobs_text("what is my balance?", LLMOBS_NUL_TERMINATED);
    outcome.output = llmobs_text("not this", 8);
    outcome.context = llmobs_text("a statement", 11);
    llmobs_request_end(request, &outcome);
    (void)llmobs_flush(obs, 5000);
    check_hashes(obs, kept.logs[0].interaction);
    is_int(kept.logs[0].interaction->output_length, 12, "in pieces it is measured, too");
    is_str(store.output, "it is secret", "the audit store has the answer");
    is_str(store.input, "what is my balance?", "the prompt");
    is_str(store.context, "a statement", "and the context");
    is_int(store.finals, 3, "each part has one end");
    is_int(store.wrong, 0, "with the request's id and the offset");
    (void)close_kept(obs, &kept);
}

/* ---- sessions ------------------------------------------------------------------------------ */

static void test_sessions(void)
{
    llmobs_config config = request_config();
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    char id[16];
    int i;
    is_int(llmobs_session_begin(obs, "a", "chat"), LLMOBS_OK, "a session");
    is_int(llmobs_session_begin(obs, "a", "chat"), LLMOBS_OK, "again");
    is_str(sample(obs, "llm_active_sessions{feature=\"chat\"}"), "1", "counts once");
    is_int(llmobs_session_end(obs, "b"), LLMOBS_ERROR_ARGUMENT, "one that is not there");
    is_int(llmobs_session_end(obs, "a"), LLMOBS_OK, "ended");
    is_int(llmobs_session_end(obs, "a"), LLMOBS_ERROR_ARGUMENT, "twice");
    is_str(sample(obs, "llm_active_sessions{feature=\"chat\"}"), "0", "never below zero");
    for (i = 0; i < 17; i++) {
        (void)snprintf(id, sizeof id, "s%d", i);
        if (llmobs_session_begin(obs, id, "chat") != LLMOBS_OK) {
            break;
        }
    }
    is_int(i, 16, "as many as there is room for");
    for (i = 0; i < 16; i += 3) {
        (void)snprintf(id, sizeof id, "s%d", i);
        (void)llmobs_session_end(obs, id);
    }
    fake_now += UINT64_C(60) * 1000000000;
    is_int(llmobs_session_begin(obs, "s1", "chat"), LLMOBS_OK, "one is kept up");
    fake_now += UINT64_C(60) * 1000000000;
    (void)llmobs_tick(obs);
    is_str(sample(obs, "llm_active_sessions{feature=\"chat\"}"), "1", "the silent ones are over");
    is_int(llmobs_session_end(obs, "s1"), LLMOBS_OK, "it is this one");
    is_str(sample(obs, "llm_active_sessions{feature=\"chat\"}"), "0", "none is left");
    is_int(llmobs_session_begin(obs, NULL, "chat"), LLMOBS_ERROR_ARGUMENT, "no id");
    is_int(llmobs_session_begin(NULL, "a", "chat"), LLMOBS_ERROR_CLOSED, "no instance");
    (void)close_kept(obs, &kept);
}

/* ---- threads ------------------------------------------------------------------------------- */

typedef struct racer {
    llmobs* obs;
    llmobs_request* shared;
    long rounds;
} racer;

/* Ends what others end, too, and adds to what has ended. */
static void* race(void* argument)
{
    racer* with = (racer*)argument;
    long i;
    for (i = 0; i < with->rounds; i++) {
        llmobs_request mine = llmobs_request_begin(with->obs, NULL);
        llmobs_span step = llmobs_phase_begin(mine, LLMOBS_PHASE_MODEL_CALL);
        llmobs_guardrail(*with->shared, "raced", LLMOBS_GUARDRAIL_FLAGGED);
        llmobs_requests_share(with->shared, 1, 1);
        llmobs_request_token(mine);
        llmobs_span_end(step);
        llmobs_request_end(mine, NULL);
        llmobs_request_end(mine, NULL);
        if (i == with->rounds / 2) {
            llmobs_request_end(*with->shared, NULL);
        }
    }
    return NULL;
}

static void test_threads(void)
{
    llmobs_config config = llmobs_config_default();
    llmobs_request shared;
    llmobs_stats stats;
    pthread_t threads[4];
    racer with;
    keeper kept;
    llmobs* obs;
    int i;
    config.tick_ms = 1;
    config.requests = 16;
    obs = open_kept(&config, &kept);
    kept.forget = true;
    shared = llmobs_request_begin(obs, NULL);
    with.obs = obs;
    with.shared = &shared;
    with.rounds = sized(5000);
    for (i = 0; i < 4; i++) {
        (void)pthread_create(&threads[i], NULL, race, &with);
    }
    for (i = 0; i < 4; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    (void)llmobs_flush(obs, 60000);
    stats = stats_of(obs);
    is_int(stats.requests_begun, stats.requests_ended, "every request that began has ended, once");
    is_int(stats.requests_begun + stats.requests_dropped, 4 * with.rounds + 1,
           "and those for which there was no place are counted");
    is_int(stats.requests_live, 0, "none is under way");
    ok(close_kept(obs, &kept), "all is accounted for");
}

static void test_off(void)
{
    llmobs_config config = pumped_config();
    llmobs_explanation why;
    keeper kept;
    llmobs* obs;
    config.requests = LLMOBS_OFF;
    obs = open_kept(&config, &kept);
    ok(llmobs_request_begin(obs, NULL).instance == 0, "switched off: inert");
    is_int(llmobs_session_begin(obs, "a", "b"), LLMOBS_ERROR_CLOSED, "no sessions");
    is_int(llmobs_request_explain(obs, "a", &why), LLMOBS_ERROR_ARGUMENT, "nothing to explain");
    is_int(llmobs_memory_of(&config, LLMOBS_PILLAR_REQUESTS), 0, "and no memory");
    (void)close_kept(obs, &kept);
    config = pumped_config();
    config.span_slots = LLMOBS_OFF;
    obs = open_kept(&config, &kept);
    ok(llmobs_request_begin(obs, NULL).instance != 0, "requests without spans");
    llmobs_request_end(llmobs_request_begin(obs, NULL), NULL);
    is_int(stats_of(obs).requests_ended, 1, "end as well");
    (void)llmobs_close(obs);
    keeper_clear(&kept);
    config = pumped_config();
    config.metric_series = LLMOBS_OFF;
    obs = open_kept(&config, &kept);
    llmobs_request_end(llmobs_request_begin(obs, NULL), NULL);
    is_int(stats_of(obs).requests_ended, 1, "and without metrics");
    (void)close_kept(obs, &kept);
}

int main(void)
{
    test_golden_path();
    test_explain();
    test_unknown();
    test_late();
    test_exhausted();
    test_engine();
    test_unsampled();
    test_article();
    test_streams();
    test_sessions();
    test_threads();
    test_off();
    return done();
}

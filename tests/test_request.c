/* Requests from begin to end: spans, metrics, log records; phases, parents, texts that mean harm;
   what is switched off. */
#include "llmobs_private.h"

#include "tap.h"

#include "keeper.h"

#include "requester.h"

/* ---- the golden path ----------------------------------------------------------------------- */

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
    is_int(retrieval->attribute_count, 2, "docs.count, its operation: the tick's mark is none");
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
    is_str(kept_string(root, "llmobs.request.id"), "req-17", "request id");
    ok(kept_attribute(root, "llmobs.usage.provenance") == NULL, "the provider's numbers");
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
    is_str(sample(obs, "llm_guardrail_verdicts_total{rule=\"tone\"}"), "1", "it is a verdict");
    is_str(sample(obs, "llm_guardrail_verdicts_total{rule=\"pii_leak\"}"), "2", "as these are");
    is_str(sample(obs, "llm_requests_total{model=\"gpt-4o-mini\",feature=\"support\","
                       "error_type=\"\"}"),
           "1", "llm_requests_total");
    is_str(sample(obs, "llm_request_duration_seconds_sum{model=\"gpt-4o-mini\","
                       "feature=\"support\"}"),
           "7.351", "llm_request_duration_seconds");
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
    is_int(log->guardrail_verdicts, 3, "which said so much, the one that passed it included");
    is_int(log->provenance, LLMOBS_USAGE_REPORTED, "the provider's numbers");
    is_int(log->severity, LLMOBS_SEVERITY_WARN, "a rule that triggered is a warning");
    is_int(log->retries, 1, "its retries");
    ok(memcmp(kept->logs[0].span_id, kept_span(kept, "chat gpt-4o-mini")->span_id, 8) == 0,
       "it belongs to the root span");
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

/* Where nobody looked nothing passed, and tokens that came one by one are nobody's word. */
static void test_what_is_not_said(void)
{
    llmobs_config config = request_config();
    llmobs_request_info info = support_info();
    llmobs_request request;
    const llmobs_span_view* root;
    const llmobs_interaction* log;
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    request = llmobs_request_begin(obs, &info);
    llmobs_request_tokens(request, 5);
    llmobs_request_end(request, NULL);
    (void)llmobs_flush(obs, 5000);
    root = kept_span(&kept, "chat gpt-4o-mini");
    log = kept.logs[0].interaction;
    ok(kept_attribute(root, "guardrail.passed") == NULL, "no guardrail looked: the span says none");
    is_int(log->guardrail_verdicts, 0, "... and the log record");
    is_int(log->output_tokens, 5, "tokens that were told one by one");
    is_int(log->provenance, LLMOBS_USAGE_COUNTED, "... are counted ones");
    is_str(kept_string(root, "llmobs.usage.provenance"), "counted", "... in the span, too");
    ok(close_kept(obs, &kept), "all is accounted for");
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

/* ---- locks --------------------------------------------------------------------------------- */

/* Who is held up with a lock in its hands holds no request up. (If it did, this would not end.) */
static void test_locks_are_not_waited_for(void)
{
    llmobs_config config = request_config();
    llmobs_request_info info = support_info();
    llmobs_outcome outcome = known_outcome();
    llmobsi_recorder* recorder;
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    info.server = true;
    recorder = llmobsi_places[LLMOBS_I_PLACE(llmobsi_ticket(obs))].recorder;
    llmobsi_lock_take(&recorder->registry.lock);
    llmobsi_lock_take(&llmobsi_sessions_of(recorder)->lock);
    run_chain(obs, &info, &outcome);
    llmobsi_lock_give(&llmobsi_sessions_of(recorder)->lock);
    llmobsi_lock_give(&recorder->registry.lock);
    (void)llmobs_flush(obs, 5000);
    is_str(sample(obs, "llm_tokens_total{otel_metric_overflow=\"true\"}"), "908",
           "what has no series of its own yet is counted all the same");
    is_str(sample(obs, "vllm:num_requests_waiting{otel_metric_overflow=\"true\"}"), "0",
           "a gauge comes back");
    is_int(stats_of(obs).sessions_refused, 1, "the session is not counted, which is");
    run_chain(obs, &info, &outcome);
    is_str(sample(obs, "llm_tokens_total{model=\"gpt-4o-mini\",direction=\"input\","
                       "feature=\"support\"}"),
           "812", "the next one has its series");
    ok(close_kept(obs, &kept), "all is accounted for");
}

/* ---- texts that mean harm ------------------------------------------------------------------ */

static void fill_text(char* text, char sign, size_t size)
{
    memset(text, sign, size);
    text[size] = '\0';
}

/* Every text is as long as it can be: each is kept whole, and none reaches into another's place. */
static void test_long_texts(void)
{
    llmobs_config config = request_config();
    llmobs_request_info info = llmobs_request_info_default();
    const llmobs_interaction* log;
    char texts[8][201];
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    size_t size;
    for (size = 128; size <= 200; size += 72) {
        int i;
        for (i = 0; i < 8; i++) {
            fill_text(texts[i], (char)('a' + i), size);
        }
        info.request_id = texts[0];
        info.user_id = "u";
        info.session_id = "s";
        info.tenant = texts[1];
        info.feature = texts[2];
        info.model = texts[3];
        info.provider = texts[4];
        info.operation = texts[5];
        info.prompt_name = texts[6];
        info.prompt_version = texts[7];
        llmobs_request_end(llmobs_request_begin(obs, &info), NULL);
        (void)llmobs_flush(obs, 5000);
        log = kept.logs[kept.log_count - 1].interaction;
        is_int(log->request_id.size, 128, "the first text is kept");
        is_int(log->prompt_version.size, 128, "and the last one");
        ok(log->prompt_version.data[127] == 'h' && log->prompt_name.data[127] == 'g',
           "with what they say");
        ok(log->user_id.size > 40 && log->session_id.size > 40, "pseudonyms are never cut");
        is_int(stats_of(obs).request_texts_cut, size == 128 ? 0 : 8, "what is cut is counted");
    }
    ok(close_kept(obs, &kept), "all is accounted for");
}

static char sunk[1 << 16];
static size_t sunk_size;

static bool sink_bytes(void* user, const char* data, size_t size)
{
    (void)user;
    if (size < sizeof sunk - sunk_size) {
        memcpy(sunk + sunk_size, data, size);
        sunk_size += size;
    }
    sunk[sunk_size] = '\0';
    return true;
}

static llmobs_export_result write_out(void* user, const llmobs_batch* batch)
{
    (void)user;
    (void)llmobs_encode(batch, LLMOBS_FORMAT_OTLP_JSON, sink_bytes, NULL);
    (void)llmobs_encode(batch, LLMOBS_FORMAT_LOG_JSON, sink_bytes, NULL);
    return LLMOBS_EXPORT_OK;
}

/* Whether a reader of lines or a terminal could be fooled. */
static bool is_harmless(const char* text)
{
    for (; *text != '\0'; text++) {
        if (((unsigned char)*text < 0x20 && *text != '\n') || *text == 0x7f) {
            return false;
        }
    }
    return true;
}

static void test_forging(void)
{
    static const char* const hostile[] = {
        "a\nb", "\x1b[2J\x1b]0;owned\x07", "\xff\xfe\xc0\x80", "\xe2\x80\xae" "evil",
        "\",\"severity\":\"INFO\",\"x\":\"", "\xf0\x9f\x98", "\r\n{\"fake\":1}\r\n"};
    llmobs_config config = request_config();
    llmobs* obs = llmobs_open(&config, NULL);
    size_t i;
    int lines = 0;
    (void)llmobs_export_to(obs, write_out, NULL);
    for (i = 0; i < sizeof hostile / sizeof hostile[0]; i++) {
        llmobs_request_info info = llmobs_request_info_default();
        llmobs_outcome outcome = llmobs_outcome_default();
        llmobs_request request;
        info.request_id = hostile[i];
        info.user_id = hostile[i];
        info.tenant = hostile[i];
        info.feature = hostile[i];
        info.model = hostile[i];
        info.provider = hostile[i];
        info.operation = hostile[i];
        outcome.finish_reason = hostile[i];
        outcome.error_type = hostile[i];
        outcome.response_model = hostile[i];
        request = llmobs_request_begin(obs, &info);
        llmobs_request_retry(request, hostile[i]);
        llmobs_guardrail(request, hostile[i], LLMOBS_GUARDRAIL_FLAGGED);
        llmobs_span_end(llmobs_tool_begin(request, hostile[i]));
        llmobs_request_end(request, &outcome);
    }
    (void)llmobs_flush(obs, 5000);
    ok(is_harmless(sunk), "no control character is written");
    ok(llmobsi_utf8_is_valid(sunk, sunk_size), "nor anything that is no UTF-8");
    ok(strstr(sunk, "\xe2\x80\xae") == NULL, "nor what turns the direction of text");
    ok(strstr(sunk, "{\"fake\"") == NULL, "nor a line that is none");
    for (i = 0; i < sunk_size; i++) {
        lines += sunk[i] == '\n';
    }
    ok(lines >= 7, "a line each");
    (void)llmobs_close(obs);
}

/* 10 MiB are not measured, and cost what 129 bytes cost. */
static void test_huge(void)
{
    llmobs_config config = request_config();
    llmobs_request_info info = llmobs_request_info_default();
    const size_t size = (size_t)10 << 20;
    char* huge = (char*)malloc(size + 1);
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    fill_text(huge, 'x', size);
    memcpy(huge + 127, "\xc3\xa9", 2);
    info.request_id = huge;
    info.model = huge;
    info.user_id = huge;
    info.session_id = huge;
    llmobs_request_end(llmobs_request_begin(obs, &info), NULL);
    (void)llmobs_flush(obs, 5000);
    is_int(kept.logs[0].interaction->request_id.size, 127, "cut, and no code point in two");
    ok(close_kept(obs, &kept), "all is accounted for");
    free(huge);
}

/* Clients choose models; the table of names is the program's. */
static void test_names(void)
{
    llmobs_config config = request_config();
    llmobs_request_info info = llmobs_request_info_default();
    llmobs_span span;
    char model[40];
    keeper kept;
    llmobs* obs;
    int i;
    config.metric_families = LLMOBS_OFF;
    obs = open_kept(&config, &kept);
    kept.forget = true;
    info.model = model;
    for (i = 0; i < 5000; i++) {
        (void)snprintf(model, sizeof model, "no-such-model-%d", i);
        llmobs_request_end(llmobs_request_begin(obs, &info), NULL);
        if (i % 8 == 7) {
            (void)llmobs_flush(obs, 5000);
        }
    }
    kept.forget = false;
    kept.count = 0;
    kept.log_count = 0;
    is_int(stats_of(obs).names_overflowed, 0, "5000 models do not fill the table of names");
    span = llmobs_span_root(obs, "the program's own");
    llmobs_span_set_int(span, "a.new.key", 1);
    llmobs_span_end(span);
    llmobs_request_end(llmobs_request_begin(obs, &info), NULL);
    (void)llmobs_flush(obs, 5000);
    ok(kept_attribute(kept_span(&kept, "the program's own"), "a.new.key") != NULL,
       "the program's new names are known");
    is_str(kept_string(kept_span(&kept, "chat"), "gen_ai.request.model"), model,
           "a span without a name of its own has the model as attribute");
    ok(close_kept(obs, &kept), "all is accounted for");
}

/* ---- phases -------------------------------------------------------------------------------- */

static void test_phases(void)
{
    llmobs_config config = request_config();
    llmobs_request_info info = support_info();
    llmobs_request request;
    llmobs_explanation why;
    llmobs_span late;
    llmobs_span other;
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    request = llmobs_request_begin(obs, &info);
    late = llmobs_phase_begin(request, LLMOBS_PHASE_GUARDRAILS);
    other = llmobs_phase_begin(request, (llmobs_phase)99);
    fake_now += 1000000000;
    llmobs_span_end(other);
    llmobs_span_end(llmobs_phase_next(request, llmobs_request_span(request), LLMOBS_PHASE_TOOL));
    llmobs_span_end(llmobs_phase_next(request, other, LLMOBS_PHASE_TOOL));
    llmobs_request_end(request, NULL);
    (void)llmobs_flush(obs, 5000);
    fake_now += 1000000000;
    llmobs_span_end(late);
    (void)llmobs_flush(obs, 5000);
    is_str(sample(obs, "llm_phase_duration_seconds_sum{phase=\"guardrails\"}"), "2",
           "a phase that outlives its request is measured");
    is_str(sample(obs, "llm_phase_duration_seconds_sum{phase=\"other\"}"), "1",
           "one that is no phase is another");
    is_int(llmobs_request_explain(obs, "req-17", &why), LLMOBS_OK, "explained");
    is_int(why.phase_ns[LLMOBS_PHASE_GUARDRAILS], 0, "without what was not over");
    is_int(why.phase_ns[LLMOBS_PHASE_OTHER], 1000000000, "with what was");
    late = llmobs_phase_begin(llmobs_request_begin(obs, &info), LLMOBS_PHASE_TOOL);
    other = llmobs_phase_next(request, late, LLMOBS_PHASE_TOOL);
    ok(other.instance == 0 && !llmobs_span_is_recording(late),
       "the next phase of a request that is over: the one before ends");
    ok(close_kept(obs, &kept), "all is accounted for");
}

/* ---- where a trace comes from -------------------------------------------------------------- */

static void test_parents(void)
{
    llmobs_config config = request_config();
    llmobs_request_info info = support_info();
    llmobs_request request;
    llmobs_span parent;
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    info.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    info.tracestate = "vendor=1";
    llmobs_request_end(llmobs_request_begin(obs, &info), NULL);
    info.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
    request = llmobs_request_begin(obs, &info);
    llmobs_span_end(llmobs_phase_begin(request, LLMOBS_PHASE_TOOL));
    llmobs_request_end(request, NULL);
    info.traceparent = "nonsense";
    llmobs_request_end(llmobs_request_begin(obs, &info), NULL);
    parent = llmobs_span_root(obs, "parent");
    info.parent = parent;
    llmobs_request_end(llmobs_request_begin(obs, &info), NULL);
    llmobs_span_end(parent);
    (void)llmobs_flush(obs, 5000);
    info.parent.generation += 4096;
    llmobs_request_end(llmobs_request_begin(obs, &info), NULL);
    (void)llmobs_flush(obs, 5000);
    is_int(kept.spans[0].trace_id[0], 0x0a, "the caller's trace");
    is_str(kept.spans[0].trace_state.data, "vendor=1", "and its state");
    is_int(kept.log_count, 5, "every request has its record");
    is_int(kept.count, 4, "a trace that the caller does not sample is not exported");
    ok(memcmp(kept.spans[2].parent_span_id, kept.spans[3].span_id, 8) == 0, "a local parent");
    ok(close_kept(obs, &kept), "all is accounted for");
}

/* ---- switched off -------------------------------------------------------------------------- */

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
    test_what_is_not_said();
    test_unsampled();
    test_locks_are_not_waited_for();
    test_long_texts();
    test_forging();
    test_huge();
    test_names();
    test_phases();
    test_parents();
    test_off();
    return done();
}

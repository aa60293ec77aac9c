/* What is known at a request's end, and what is not: unknown is not zero. */
#include "llmobs_private.h"

#include "tap.h"

#include "keeper.h"

#include "requester.h"

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

/* ---- outcomes that mean harm --------------------------------------------------------------- */

static void test_sizes(void)
{
    llmobs_outcome outcome = llmobs_outcome_default();
    const llmobs_interaction* log;
    keeper kept;
    outcome.usage.input_tokens = 5;
    outcome.error_type = "timeout";
    outcome.size = offsetof(llmobs_outcome, error_type);
    log = end_with(&outcome, &kept);
    ok(log->input_tokens == 5 && log->error_type.size == 0, "an older, shorter outcome");
    keeper_clear(&kept);
    outcome.size = (size_t)-1;
    log = end_with(&outcome, &kept);
    is_str(log->error_type.data, "timeout", "an absurd size stands for ours");
    is_int(log->severity, LLMOBS_SEVERITY_ERROR, "an error is one");
    keeper_clear(&kept);
}

/* What is not told is counted: tokens that came one by one. */
static void test_counted(void)
{
    llmobs_config config = request_config();
    llmobs_request request;
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    request = llmobs_request_begin(obs, NULL);
    llmobs_request_tokens(request, 7);
    llmobs_request_end(request, NULL);
    (void)llmobs_flush(obs, 5000);
    is_int(kept.logs[0].interaction->output_tokens, 7, "tokens that were told one by one");
    is_int(kept.logs[0].interaction->input_tokens, -1, "and nothing is made up");
    (void)close_kept(obs, &kept);
}

/* A metric shows no 0 of what nobody knew. */
static void test_no_series(void)
{
    llmobs_config config = request_config();
    llmobs_request_info info = support_info();
    llmobs_outcome outcome = llmobs_outcome_default();
    const char* cost = "llm_cost_usd_total{model=\"gpt-4o-mini\",feature=\"support\"}";
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    llmobs_request_end(llmobs_request_begin(obs, &info), NULL);
    is_str(sample(obs, cost), "(none)", "a cost that nobody told has no series");
    is_str(sample(obs, "llm_tokens_total{model=\"gpt-4o-mini\",direction=\"input\","
                       "feature=\"support\"}"),
           "(none)", "nor have tokens");
    outcome.cost_known = true;
    llmobs_request_end(llmobs_request_begin(obs, &info), &outcome);
    is_str(sample(obs, cost), "0", "a cost of 0 that was told has");
    (void)close_kept(obs, &kept);
}

static void slow_audit(void* user, const llmobs_audit* part)
{
    (void)user;
    (void)part;
    fake_now += 1000000000;
}

/* What the end itself takes (hashing, the audit store) is in neither. */
static void test_latency(void)
{
    llmobs_config config = request_config();
    llmobs_request_info info = support_info();
    llmobs_outcome outcome = known_outcome();
    const llmobs_span_view* root;
    llmobs_request request;
    keeper kept;
    llmobs* obs;
    config.audit = slow_audit;
    obs = open_kept(&config, &kept);
    request = llmobs_request_begin(obs, &info);
    fake_now += 5000000;
    llmobs_request_end(request, &outcome);
    (void)llmobs_flush(obs, 5000);
    root = kept_span(&kept, "chat gpt-4o-mini");
    is_int(kept.logs[0].interaction->latency_ns, 5000000, "the latency of the log record");
    is_int(root->end_unix_ns - root->start_unix_ns, 5000000, "is that of the root span");
    (void)close_kept(obs, &kept);
}

static void test_cancelled(void)
{
    llmobs_outcome outcome = llmobs_outcome_default();
    const llmobs_interaction* log;
    keeper kept;
    outcome.cancelled = true;
    log = end_with(&outcome, &kept);
    is_str(log->finish_reason.data, "cancelled", "a request that is cancelled says so");
    keeper_clear(&kept);
    outcome.finish_reason = "stop";
    log = end_with(&outcome, &kept);
    is_str(log->finish_reason.data, "stop", "or what the host says");
    keeper_clear(&kept);
}

/* The newest conventions keep operation.duration for what is no inference. */
static void test_durations(uint32_t families, const char* operation, const char* of_operation,
                           const char* of_inference)
{
    llmobs_config config = request_config();
    llmobs_request_info info = llmobs_request_info_default();
    char series[400];
    keeper kept;
    llmobs* obs;
    config.metric_families = families;
    obs = open_kept(&config, &kept);
    info.operation = operation;
    llmobs_request_end(llmobs_request_begin(obs, &info), NULL);
    (void)snprintf(series, sizeof series,
                   "gen_ai_client_operation_duration_seconds_count{gen_ai_operation_name=\"%s\","
                   "gen_ai_provider_name=\"\",gen_ai_request_model=\"\",gen_ai_response_model=\"\","
                   "server_address=\"\",server_port=\"\",error_type=\"\"}",
                   operation);
    is_str(sample(obs, series), of_operation, operation);
    memcpy(strstr(series, "operation_duration"), "inference_duration", 18);
    is_str(sample(obs, series), of_inference, operation);
    (void)close_kept(obs, &kept);
}

/* ---- goodput ------------------------------------------------------------------------------- */

#define MS UINT64_C(1000000)

typedef struct goodness {
    uint32_t first_token_ms, token_ms, request_ms; /* targets */
    int tokens;       /* that are seen, the first after 200 ms, the others 20 ms apart */
    int64_t told;     /* output tokens in the outcome; -1: unknown */
    const char* error_type;
    bool cancelled;
    const char* good;
    const char* what;
} goodness;

/* A request that takes 100 ms after its last token. */
static void test_good(const goodness* one)
{
    llmobs_config config = request_config();
    llmobs_request_info info = support_info();
    llmobs_outcome outcome = llmobs_outcome_default();
    llmobs_request request;
    keeper kept;
    llmobs* obs;
    int i;
    config.good_first_token_ms = one->first_token_ms;
    config.good_token_ms = one->token_ms;
    config.good_request_ms = one->request_ms;
    obs = open_kept(&config, &kept);
    outcome.usage.output_tokens = one->told;
    outcome.error_type = one->error_type;
    outcome.cancelled = one->cancelled;
    request = llmobs_request_begin(obs, &info);
    fake_now += 200 * MS;
    for (i = 0; i < one->tokens; i++) {
        fake_now += i > 0 ? 20 * MS : 0;
        llmobs_request_token(request);
    }
    fake_now += 100 * MS;
    llmobs_request_end(request, &outcome);
    is_str(sample(obs, "llm_good_requests_total{model=\"gpt-4o-mini\",feature=\"support\"}"),
           one->good, one->what);
    is_str(sample(obs, "llm_time_to_first_token_seconds_sum{model=\"gpt-4o-mini\","
                       "feature=\"support\"}"),
           one->tokens > 0 ? "0.2" : "(none)", "... its time to the first token");
    (void)close_kept(obs, &kept);
}

/* 6 tokens: 200 ms, 5 * 20 ms, 100 ms: 400 ms, of which 40 for each token after the first. */
static void test_goodput(void)
{
    static const goodness all[] = {
        {0, 0, 0, 6, -1, NULL, false, "1", "no target: all that end well are good"},
        {0, 0, 0, 6, -1, "timeout", false, "0", "not one with an error"},
        {0, 0, 0, 6, -1, NULL, true, "0", "not one that is cancelled"},
        {200, 40, 400, 6, -1, NULL, false, "1", "all targets, just met"},
        {199, 0, 0, 6, -1, NULL, false, "0", "its first token is late"},
        {0, 39, 0, 6, -1, NULL, false, "0", "its other tokens are"},
        {0, 0, 399, 6, -1, NULL, false, "0", "the whole is"},
        {1000, 0, 0, 0, 5, NULL, false, "0", "tokens, but no first one was seen"},
        {1000, 0, 0, 0, 0, NULL, false, "1", "none was due"},
        {1000, 0, 0, 0, -1, NULL, false, "1", "none is known of"},
        {0, 1000, 0, 0, 2, NULL, false, "0", "nobody saw their times"},
        {0, 1, 0, 1, 1, NULL, false, "1", "no token after the first"},
        {0, 0, 299, 0, -1, NULL, false, "0", "late without a token"},
        {0, 0, 300, 0, -1, NULL, false, "1", "in time without a token"},
    };
    size_t i;
    for (i = 0; i < sizeof all / sizeof all[0]; i++) {
        test_good(&all[i]);
    }
}

/* What is booked from elsewhere counts by its latency. */
static void test_good_record(void)
{
    const char* series = "llm_good_requests_total{model=\"\",feature=\"support\"}";
    llmobs_config config = request_config();
    keeper kept;
    llmobs* obs;
    config.good_request_ms = 300;
    obs = open_kept(&config, &kept);
    (void)llmobs_cost_record(obs, "u", "support", 5, -1, 301 * MS);
    is_str(sample(obs, series), "0", "a request from elsewhere that was late");
    (void)llmobs_cost_record(obs, "u", "support", 5, -1, 300 * MS);
    is_str(sample(obs, series), "1", "and one that was not");
    (void)close_kept(obs, &kept);
}

/* Embeddings have metrics of their own by the newest conventions; by 1.41 those of all. */
static void test_embeddings(uint32_t families, const char* newest, const char* other)
{
#define EMBEDDINGS                                                                               \
    "gen_ai_operation_name=\"embeddings\",gen_ai_provider_name=\"openai\","                       \
    "gen_ai_request_model=\"gpt-4o-mini\",gen_ai_response_model=\"\","                            \
    "server_address=\"\",server_port=\"\""
    llmobs_config config = request_config();
    llmobs_request_info info = support_info();
    llmobs_outcome outcome = llmobs_outcome_default();
    llmobs_request request;
    keeper kept;
    llmobs* obs;
    config.metric_families = families;
    info.operation = "embeddings";
    outcome.usage.input_tokens = 7;
    obs = open_kept(&config, &kept);
    request = llmobs_request_begin(obs, &info);
    fake_now += UINT64_C(2000000000);
    llmobs_request_end(request, &outcome);
    is_str(sample(obs, "gen_ai_client_embeddings_duration_seconds_sum{" EMBEDDINGS
                       ",error_type=\"\"}"),
           strcmp(newest, "1") == 0 ? "2" : "(none)", "their duration");
    is_str(sample(obs, "gen_ai_client_embeddings_operation_input_tokens_sum{" EMBEDDINGS
                       ",error_type=\"\"}"),
           strcmp(newest, "1") == 0 ? "7" : "(none)", "their tokens");
    is_str(sample(obs, "gen_ai_client_operation_duration_seconds_count{" EMBEDDINGS
                       ",error_type=\"\"}"),
           other, "the duration of other operations");
    is_str(sample(obs, "gen_ai_client_token_usage_sum{" EMBEDDINGS
                       ",gen_ai_token_type=\"input\"}"),
           strcmp(other, "1") == 0 ? "7" : "(none)", "the tokens of all");
    is_str(sample(obs, "gen_ai_client_inference_usage_input_tokens_total{" EMBEDDINGS
                       ",gen_ai_token_modality=\"text\"}"),
           "(none)", "they are no inference");
    (void)close_kept(obs, &kept);
}

int main(void)
{
    test_embeddings(LLMOBS_FAMILY_GENAI, "1", "(none)");
    test_embeddings(LLMOBS_FAMILY_GENAI_1_41, "(none)", "1");
    test_embeddings(LLMOBS_FAMILY_GENAI_1_41 | LLMOBS_FAMILY_GENAI, "1", "1");
    test_goodput();
    test_good_record();
    test_latency();
    test_cancelled();
    test_durations(LLMOBS_FAMILY_GENAI, "chat", "(none)", "1");
    test_durations(LLMOBS_FAMILY_GENAI, "retrieval", "1", "(none)");
    test_durations(LLMOBS_FAMILY_GENAI_1_41 | LLMOBS_FAMILY_GENAI, "chat", "1", "1");
    test_no_series();
    test_unknown();
    test_sizes();
    test_counted();
    return done();
}

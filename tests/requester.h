/* For tests of requests: a clock that stands still, a config with all families, one request from
   begin to end. Include it after llmobs.h, tap.h and keeper.h. */
#ifndef REQUESTER_H
#define REQUESTER_H

static uint64_t fake_now;

static inline uint64_t fake_clock(void* user)
{
    (void)user;
    return fake_now;
}

/* The host's clock and key: every number and every hash is known. */
static inline llmobs_config request_config(void)
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

static inline llmobs_request_info support_info(void)
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

static inline llmobs_outcome known_outcome(void)
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

static inline const char* sample(llmobs* obs, const char* series)
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

/* ---- one request --------------------------------------------------------------------------- */

static inline void run_chain(llmobs* obs, const llmobs_request_info* info,
                             const llmobs_outcome* outcome)
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

static inline void check_hashes(llmobs* obs, const llmobs_interaction* log)
{
    char want[LLMOBS_PSEUDONYM_SIZE];
    (void)llmobs_pseudonym(obs, LLMOBS_DOMAIN_INPUT, NULL, "what is my balance?", 19, want);
    is_str(log->input_hash.data, want, "the prompt's hash is keyed");
    (void)llmobs_pseudonym(obs, LLMOBS_DOMAIN_OUTPUT, NULL, "it is secret", 12, want);
    is_str(log->output_hash.data, want, "the answer's, with another key");
    (void)llmobs_pseudonym(obs, LLMOBS_DOMAIN_USER, NULL, "u42", 3, want);
    is_str(log->user_id.data, want, "the user's pseudonym");
}

#endif

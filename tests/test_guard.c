/* The built-in guardrail: what it finds in answers, whole and in pieces, and what becomes of it. */
#include "llmobs_private.h"

#include "tap.h"

#include "keeper.h"

#define ANSWER "Write to ann@example.com or bob@example.org, card 4111 1111 1111 1111, thanks."

static const char* sample(llmobs* obs, const char* rule)
{
    static char text[1 << 17];
    static char value[32];
    char series[128];
    size_t size = sizeof text;
    const char* line;
    (void)snprintf(series, sizeof series,
                   "llm_guardrail_triggers_total{rule=\"%s\",action=\"flagged\"} ", rule);
    (void)llmobs_prometheus_print(obs, LLMOBS_PROMETHEUS_TEXT, text, &size);
    line = strstr(text, series);
    if (line == NULL) {
        return "(none)";
    }
    (void)snprintf(value, sizeof value, "%.*s", (int)strcspn(line + strlen(series), "\n"),
                   line + strlen(series));
    return value;
}

static llmobs_config guarded_config(void)
{
    llmobs_config config = pumped_config();
    config.requests = 16;
    config.guard_classes = LLMOBS_PII_DEFAULT;
    return config;
}

static void check(llmobs* obs, keeper* kept, const char* how)
{
    const llmobs_interaction* log;
    (void)llmobs_flush(obs, 5000);
    printf("# %s\n", how);
    is_str(sample(obs, "pii.EMAIL"), "2", "each finding is a trigger");
    is_str(sample(obs, "pii.CREDIT_CARD"), "1", "each class a rule");
    is_str(sample(obs, "pii.IBAN"), "(none)", "what is not there is none");
    log = kept->log_count == 1 ? kept->logs[0].interaction : NULL;
    ok(log != NULL && !log->guardrails_passed && log->guardrail_count == 2,
       "the log record names both");
    ok(log != NULL && log->guardrail_verdicts == 1, "one guardrail looked");
    ok(log != NULL && strcmp(log->guardrails_triggered[0].data, "pii.EMAIL") == 0, "by class");
    ok(close_kept(obs, kept), "all is accounted for");
}

static void test_whole(void)
{
    llmobs_config config = guarded_config();
    llmobs_outcome outcome = llmobs_outcome_default();
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    outcome.output = llmobs_text(ANSWER, LLMOBS_NUL_TERMINATED);
    llmobs_request_end(llmobs_request_begin(obs, NULL), &outcome);
    check(obs, &kept, "in one piece");
}

static void test_pieces(size_t size)
{
    llmobs_config config = guarded_config();
    size_t at;
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    llmobs_request request = llmobs_request_begin(obs, NULL);
    for (at = 0; at < sizeof ANSWER - 1; at += size) {
        size_t left = sizeof ANSWER - 1 - at;
        llmobs_request_output(request, ANSWER + at, left < size ? left : size);
    }
    llmobs_request_end(request, NULL);
    check(obs, &kept, "in pieces");
}

/* A request that is given up, or dies with a fork, leaves nothing in its scanner for the next. */
static void test_wiped(void)
{
    llmobs_config config = guarded_config();
    llmobs_request request;
    llmobsi_requests* requests;
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    size_t i;
    size_t left = 0;
    request = llmobs_request_begin(obs, NULL);
    llmobs_request_output(request, "my mail is ann@exam", 19);
    llmobs_request_end(request, NULL);
    (void)llmobs_tick(obs);
    requests = llmobsi_requests_of(llmobsi_places[LLMOBS_I_PLACE(llmobsi_ticket(obs))].recorder);
    for (i = 0; i < requests->count * requests->guard_size; i++) {
        left += requests->guards[i] != 0;
    }
    is_int(left, 0, "what was held back is wiped");
    (void)close_kept(obs, &kept);
}

static void test_off(void)
{
    llmobs_config config = guarded_config();
    llmobs_outcome outcome = llmobs_outcome_default();
    size_t with = llmobs_memory_of(&config, LLMOBS_PILLAR_REQUESTS);
    keeper kept;
    llmobs* obs;
    config.guard_classes = LLMOBS_PII_BIT(LLMOBS_PII_IBAN);
    obs = open_kept(&config, &kept);
    outcome.output = llmobs_text(ANSWER, LLMOBS_NUL_TERMINATED);
    llmobs_request_end(llmobs_request_begin(obs, NULL), &outcome);
    is_str(sample(obs, "pii.EMAIL"), "(none)", "a class that is not asked for");
    (void)close_kept(obs, &kept);
    config.guard_classes = 0;
    ok(llmobs_memory_of(&config, LLMOBS_PILLAR_REQUESTS) < with, "off: no memory");
    obs = open_kept(&config, &kept);
    llmobs_request_end(llmobs_request_begin(obs, NULL), &outcome);
    is_str(sample(obs, "pii.EMAIL"), "(none)", "... and nothing is found");
    (void)close_kept(obs, &kept);
}

int main(void)
{
    test_whole();
    test_pieces(1);
    test_pieces(7);
    test_pieces(1000);
    test_wiped();
    test_off();
    return done();
}

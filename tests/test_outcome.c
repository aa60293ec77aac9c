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

int main(void)
{
    test_no_series();
    test_unknown();
    test_sizes();
    test_counted();
    return done();
}

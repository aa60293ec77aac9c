/* A build without pillars: they can't be switched on, which is told; their calls are inert. */
#define LLMOBS_IMPLEMENTATION
#include "llmobs.h"
#include "life.h"

#include <string.h>

static void note(void* user, llmobs_note which, uint64_t count, const char* text)
{
    (void)count;
    *(int*)user += which == LLMOBS_NOTE_CONFIG_RANGE && strstr(text, "built with LLMOBS_NO_");
}

static size_t pillar(const llmobs_config* config, llmobs_pillar which)
{
    return llmobs_memory_of(config, which);
}

static int inert(llmobs* obs)
{
    llmobs_request_info info = llmobs_request_info_default();
    llmobs_budget_info budget = llmobs_budget_info_default();
    llmobs_alert_rule rule = llmobs_alert_rule_default();
    llmobs_prices prices = llmobs_prices_default();
    llmobs_judge judge = llmobs_judge_default();
    llmobs_request request = llmobs_request_begin(obs, &info);
    llmobs_outcome outcome = llmobs_outcome_default();
    llmobs_budget added;
    llmobs_request_token(request);
    llmobs_guardrail(request, "rule", LLMOBS_GUARDRAIL_BLOCKED);
    llmobs_request_end(request, &outcome);
    budget.name = "b";
    rule.name = "r";
    rule.condition = "llmobs_lost_total > 0";
    return request.instance == 0 &&
           llmobs_session_begin(obs, "s", "f") == LLMOBS_ERROR_CLOSED &&
           llmobs_budget_add(obs, &budget, &added) != LLMOBS_OK &&
           llmobs_alert_rule_add(obs, &rule, NULL) != LLMOBS_OK &&
           llmobs_prices_identity(obs, &prices) == LLMOBS_ERROR_LIMIT &&
           llmobs_judge_set(obs, &judge) != LLMOBS_OK && !llmobs_should_sample(obs, "r", false);
}

int main(void)
{
    llmobs_config config = llmobs_config_default();
    int told = 0;
    llmobs* obs;
    int passed;
    config.host_pumped = true;
    config.note = note;
    config.note_user = &told;
    config.price_bytes = 65536;
    config.budgets = 4;
    config.captures = 8;
    config.tail_traces = 16;
    config.drift_detectors = 1;
    obs = llmobs_open(&config, NULL);
    passed = obs != NULL && told == 5 && inert(obs) && llmobs_tick(obs) == LLMOBS_OK &&
             llmobs_close(obs) == LLMOBS_OK;
    passed = passed && pillar(&config, LLMOBS_PILLAR_REQUESTS) == 0 &&
             pillar(&config, LLMOBS_PILLAR_COST) == 0 &&
             pillar(&config, LLMOBS_PILLAR_ALERTS) == 0 &&
             pillar(&config, LLMOBS_PILLAR_DRIFT) == 0 &&
             pillar(&config, LLMOBS_PILLAR_JUDGE) == 0 &&
             pillar(&config, LLMOBS_PILLAR_TAIL_SAMPLING) == 0 &&
             pillar(&config, LLMOBS_PILLAR_METRICS) > 0;
    return passed && life() == 2 ? 0 : 1;
}

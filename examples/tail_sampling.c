/* Tail sampling: whole traces are kept or left out once it is known how they ended. Here all that
   failed and all that were dear are kept, a twentieth of the others, and no health checks.
       cc -I. examples/tail_sampling.c -o build/tail_sampling -pthread */
#define LLMOBS_IMPLEMENTATION
#include "llmobs.h"

#include <stdio.h>

static bool set_policies(llmobs* obs)
{
    llmobs_tail_policy policies[5];
    for (size_t i = 0; i < 5; i++) {
        policies[i] = llmobs_tail_policy_default();
    }
    policies[0].type = LLMOBS_TAIL_STRING; /* a part of the next one: it needs no name */
    policies[0].key = "url.path";
    policies[0].text = "/health";
    policies[0].prefix = true;
    policies[1].type = LLMOBS_TAIL_DROP;
    policies[1].name = "health";
    policies[1].parts = 1u << 0;
    policies[2].type = LLMOBS_TAIL_STATUS;
    policies[2].name = "failed";
    policies[2].status = LLMOBS_STATUS_ERROR;
    policies[3].type = LLMOBS_TAIL_COST;
    policies[3].name = "dear";
    policies[3].least = 0.50; /* USD */
    policies[4].type = LLMOBS_TAIL_PROBABILITY;
    policies[4].name = "some";
    policies[4].ratio = 0.05;
    return llmobs_tail_policies(obs, policies, 5, NULL) == LLMOBS_OK;
}

/* One request with its trace: the root span, and one of its model call. */
static void answer(llmobs* obs, bool fails, int64_t cost_nano)
{
    llmobs_request_info info = llmobs_request_info_default();
    llmobs_outcome outcome = llmobs_outcome_default();
    info.model = "gpt-4o-mini";
    llmobs_request request = llmobs_request_begin(obs, &info);
    llmobs_span_end(llmobs_phase_begin(request, LLMOBS_PHASE_MODEL_CALL));
    outcome.error_type = fails ? "timeout" : NULL;
    outcome.cost_known = true;
    outcome.cost_nano = cost_nano;
    llmobs_request_end(request, &outcome);
}

int main(void)
{
    llmobs_config config = llmobs_config_default();
    config.tail_traces = 1024; /* held at one time */
    llmobs* obs = llmobs_open(&config, NULL);
    llmobs_stats stats;
    stats.size = sizeof stats;
    if (!set_policies(obs) ||
        llmobs_export_file(obs, LLMOBS_FORMAT_OTLP_JSON, "tail_sampling.jsonl") != LLMOBS_OK) {
        return 1;
    }
    for (int i = 1; i <= 1000; i++) {
        llmobs_span check = llmobs_span_root(obs, "GET");
        llmobs_span_set_string(check, "url.path", "/health/live");
        llmobs_span_end(check);
        answer(obs, i % 100 == 0, i % 250 == 0 ? 700000000 : 2000000);
        if (i % 100 == 0) {
            llmobs_flush(obs, 5000);
        }
    }
    if (llmobs_close_with_stats(obs, &stats) != LLMOBS_OK) {
        return 1;
    }
    printf("%llu spans kept, %llu left out\n", (unsigned long long)stats.tail_kept,
           (unsigned long long)stats.tail_dropped);
    /* 12 failed or were dear, or both; of 988 some 49 are left to chance. */
    return stats.tail_kept >= 2 * 12 && stats.tail_kept < 2 * 200 &&
                   stats.tail_kept + stats.tail_dropped == 3000
               ? 0
               : 1;
}

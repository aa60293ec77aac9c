/* For tests of the cost ledger: an instance of a given time, requests of given costs, an exact copy
   of what must come out. Include it after llmobs.h, tap.h, keeper.h and requester.h. */
#ifndef LEDGER_H
#define LEDGER_H

#define HOUR UINT64_C(3600000000000)
#define DAY (24 * HOUR)

static inline llmobs_config ledger_config(void)
{
    llmobs_config config = request_config();
    config.metric_families = LLMOBS_FAMILY_LLM;
    fake_now = UINT64_C(1764590400000000000); /* 2025-12-01T12:00:00Z */
    return config;
}

typedef struct spent {
    const char* feature;
    const char* model;
    const char* tenant;
    const char* user;
    int64_t nano; /* -1: unknown */
} spent;

static inline void spend(llmobs* obs, spent one)
{
    llmobs_request_info info = llmobs_request_info_default();
    llmobs_outcome outcome = llmobs_outcome_default();
    info.feature = one.feature;
    info.model = one.model;
    info.tenant = one.tenant;
    info.user_id = one.user;
    outcome.cost_known = one.nano >= 0;
    outcome.cost_nano = one.nano;
    outcome.usage.input_tokens = 10;
    outcome.usage.output_tokens = 3;
    llmobs_request_end(llmobs_request_begin(obs, &info), &outcome);
}

/* Asks, after a tick. */
static llmobs_cost_line asked_lines[64];
static llmobs_cost_answer asked_answer;

static inline llmobs_result ask(llmobs* obs, const llmobs_cost_question* question, size_t room)
{
    (void)llmobs_flush(obs, 5000);
    return llmobs_cost_report(obs, question, asked_lines, room, &asked_answer);
}

static inline const llmobs_cost_line* asked_line(const char* name)
{
    static const llmobs_cost_line none;
    size_t i;
    for (i = 0; i < asked_answer.count; i++) {
        if (strcmp(asked_lines[i].name, name) == 0) {
            return &asked_lines[i];
        }
    }
    return &none;
}

/* Whether lines and rest come to the total, sum by sum. */
static inline bool adds_up(void)
{
    llmobs_cost_sums all = asked_answer.rest;
    size_t i;
    for (i = 0; i < asked_answer.count; i++) {
        (void)llmobsi_cost_sums_add(&all, &asked_lines[i].sums);
    }
    return memcmp(&all, &asked_answer.total, sizeof all) == 0;
}

#endif

/* For tests of budgets: an instance whose clock stands still, and short ways to ask. Include it
   after llmobs_private.h, tap.h, keeper.h and requester.h. */
#ifndef BUDGETER_H
#define BUDGETER_H

#define SECOND UINT64_C(1000000000)
#define HOUR (3600 * SECOND)
#define DAY (24 * HOUR)
#define USD INT64_C(1000000000)

/* The clock stands at 2025-11-24T16:00:00Z. */
static inline llmobs_config budget_config(uint32_t budgets)
{
    llmobs_config config = request_config();
    config.budgets = budgets;
    config.budget_keys = 16;
    config.budget_reservations = 16;
    return config;
}

static inline llmobs* open_budgets(uint32_t budgets)
{
    llmobs_config config = budget_config(budgets);
    return llmobs_open(&config, NULL);
}

static inline llmobsi_budgets* budgets_of(llmobs* obs)
{
    return llmobsi_budgets_of(llmobsi_places[LLMOBS_I_PLACE(llmobsi_ticket(obs))].recorder);
}

static inline llmobsi_budget_counts counts_of(llmobs* obs)
{
    llmobsi_budget_counts counts;
    memset(&counts, 0, sizeof counts);
    llmobsi_budgets_count(budgets_of(obs), &counts);
    return counts;
}

static inline llmobs_budget_info budget_of(const char* name, llmobs_budget_scope scope,
                                           const char* key, int64_t hard_nano)
{
    llmobs_budget_info info = llmobs_budget_info_default();
    info.name = name;
    info.scope = scope;
    info.key = key;
    info.hard_nano = hard_nano;
    return info;
}

static inline llmobs_budget add_budget(llmobs* obs, const char* name, llmobs_budget_scope scope,
                                       const char* key, int64_t hard_nano)
{
    llmobs_budget_info info = budget_of(name, scope, key, hard_nano);
    llmobs_budget budget;
    (void)llmobs_budget_add(obs, &info, &budget);
    return budget;
}

static inline llmobs_budget add_period(llmobs* obs, const char* name, llmobs_period period,
                                       int32_t utc_offset_minutes, int64_t hard_nano)
{
    llmobs_budget_info info = budget_of(name, LLMOBS_BUDGET_ALL, NULL, hard_nano);
    llmobs_budget budget;
    info.period = period;
    info.utc_offset_minutes = utc_offset_minutes;
    (void)llmobs_budget_add(obs, &info, &budget);
    return budget;
}

static llmobs_budget_decision decided; /* by the last question */

static inline llmobs_reservation ask(llmobs* obs, const char* user_id, const char* feature,
                                     const char* tenant, int64_t nano)
{
    llmobs_budget_query query = llmobs_budget_query_default();
    query.user_id = user_id;
    query.feature = feature;
    query.tenant = tenant;
    query.nano = nano;
    decided = llmobs_budget_decision_default();
    return llmobs_budget_reserve(obs, &query, &decided);
}

/* Reserves and settles for the same. Whether it was allowed. */
static inline bool spend(llmobs* obs, const char* user_id, int64_t nano)
{
    llmobs_reservation reservation = ask(obs, user_id, NULL, NULL, nano);
    (void)llmobs_budget_settle(reservation, nano);
    return decided.allowed;
}

static inline llmobs_budget_state state_of(llmobs_budget budget, const char* key)
{
    llmobs_budget_state state;
    memset(&state, 0, sizeof state);
    if (llmobs_budget_status(budget, key, &state) != LLMOBS_OK) {
        state.spent_nano = state.reserved_nano = -1;
    }
    return state;
}

#endif

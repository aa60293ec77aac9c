/* What a request cost: as the host says, or by the table of prices, or by the time that it had of
   the host's own hardware; and what becomes of its reservation. */

/* As the table of prices says. A cost is one only where nothing is unknown: what the provider
   reports is complete, so that a part it does not mention is none. */
llmobsi_fn void llmobsi_ending_price(llmobsi_ending* ending)
{
    const llmobsi_request_facts* facts = &ending->facts;
    llmobs_outcome* outcome = &ending->outcome;
    llmobs_cost_query query = llmobs_cost_query_default();
    llmobs_string answered = llmobs_str(outcome->response_model);
    llmobsi_thread* thread = llmobsi_enter(llmobsi_ticket(ending->obs));
    if (thread == NULL) {
        return;
    }
    query.provider = llmobsi_request_name(facts, LLMOBS_I_TEXT_PROVIDER);
    query.model = answered.size > 0 ? answered.data
                                    : llmobsi_request_name(facts, LLMOBS_I_TEXT_MODEL);
    query.service_tier = outcome->service_tier;
    query.region = outcome->region;
    query.batch = outcome->batch;
    query.cache_additive = outcome->cache_additive;
    query.usage = outcome->usage;
    query.usage.reported =
        outcome->usage.reported || outcome->usage.provenance == LLMOBS_USAGE_REPORTED;
    llmobsi_cost_find(thread->recorder, &query, &ending->cost);
    if (ending->cost.status == LLMOBS_COST_UNKNOWN_MODEL && answered.size > 0) {
        query.model = llmobsi_request_name(facts, LLMOBS_I_TEXT_MODEL); /* as it was asked for */
        llmobsi_cost_find(thread->recorder, &query, &ending->cost);
    }
    llmobsi_leave();
    if (ending->cost.status == LLMOBS_COST_EXACT) {
        outcome->cost_nano = ending->cost.nano;
    }
    ending->low_nano = ending->cost.low;
    ending->high_nano = ending->cost.high;
}

/* Nano-USD of so many nanoseconds at the price of a second, rounded half to even. */
llmobsi_fn int64_t llmobsi_cost_of_time(uint64_t ns, int64_t second_nano)
{
    uint64_t low;
    uint64_t high = llmobsi_multiply(ns, (uint64_t)second_nano, &low);
    uint64_t whole;
    if (high != 0) {
        return LLMOBS_COST_UNKNOWN; /* centuries, or a price beyond reason */
    }
    whole = low / LLMOBS_I_BILLION;
    return (int64_t)llmobsi_round_half_even(whole, low % LLMOBS_I_BILLION, LLMOBS_I_BILLION);
}

/* Finds out what it cost, where the host has not said so. */
llmobsi_fn void llmobsi_ending_cost(llmobsi_ending* ending)
{
    llmobs_outcome* outcome = &ending->outcome;
    llmobsi_cost_begin(&ending->cost);
    if (outcome->cost_nano != LLMOBS_COST_UNKNOWN) {
        return;
    }
    if (ending->has_prices) {
        llmobsi_ending_price(ending);
    }
    if (outcome->cost_nano == LLMOBS_COST_UNKNOWN && ending->second_nano > 0 &&
        ending->shared_ns > 0) {
        int64_t nano = llmobsi_cost_of_time(ending->shared_ns, ending->second_nano);
        outcome->cost_nano = llmobsi_cost_is_sane(nano, ending->cost_most) ? nano
                                                                            : LLMOBS_COST_UNKNOWN;
    }
}

/* Books it in the budgets that were asked: what is unknown as what it may be at most, and where
   that is unknown, too, what was set aside. */
llmobsi_fn void llmobsi_ending_settle(const llmobsi_ending* ending)
{
    llmobs_reservation reservation = ending->outcome.reservation;
    int64_t nano = ending->outcome.cost_nano;
    if (reservation.instance == 0) {
        return;
    }
    if (nano == LLMOBS_COST_UNKNOWN) {
        nano = ending->high_nano; /* which may be unknown, too */
    }
    (void)llmobs_budget_settle(reservation, nano);
}

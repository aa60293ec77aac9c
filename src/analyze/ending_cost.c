/* What a request cost: as the host says, or by the table of prices, or by the time and
   energy that it had of the host's own hardware; and what becomes of its reservation. */

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
        ending->saved_nano = ending->cost.saved;
    }
    ending->low_nano = ending->cost.low;
    ending->high_nano = ending->cost.high;
}

/* Nano-USD of so many nanoseconds at the price of a second and so many microjoules at that of a
   kilowatt hour. Both are whole in 3.6 * 10^12 parts of a nano-USD, so the sum is rounded once. */
llmobsi_fn int64_t llmobsi_cost_of_hardware(uint64_t ns, int64_t second_nano, uint64_t uj,
                                            int64_t kwh_nano)
{
    uint32_t words[LLMOBS_I_WORDS];
    uint32_t energy[LLMOBS_I_WORDS];
    uint64_t low;
    uint64_t high = llmobsi_multiply(ns, (uint64_t)second_nano, &low);
    uint64_t carry = 0;
    uint64_t rest;
    uint32_t i;
    llmobsi_words_make(words, high, low);
    llmobsi_words_multiply(words, 3600); /* 10^9 ns a second, 3.6 * 10^12 uJ a kilowatt hour */
    high = llmobsi_multiply(uj, (uint64_t)kwh_nano, &low);
    llmobsi_words_make(energy, high, low);
    for (i = 0; i < LLMOBS_I_WORDS; i++) {
        carry += (uint64_t)words[i] + energy[i];
        words[i] = (uint32_t)carry;
        carry >>= 32;
    }
    rest = llmobsi_words_divide(words, 1000000);
    rest += UINT64_C(1000000) * llmobsi_words_divide(words, 3600000);
    return llmobsi_words_round(words, rest, UINT64_C(3600000000000));
}

/* What the tokens from the cache would have cost in time: each as much as the prefill took for one
   that it computed. Of the hardware it had no more than all of the request. */
llmobsi_fn int64_t llmobsi_ending_saved(const llmobsi_ending* ending)
{
    const llmobs_usage* usage = &ending->outcome.usage;
    int64_t cached = usage->cached_tokens;
    int64_t computed = usage->input_tokens - (ending->outcome.cache_additive ? 0 : cached);
    uint64_t prefill = ending->was_scheduled && ending->prefill_ns > 0
                           ? (uint64_t)ending->prefill_ns
                           : 0;
    uint64_t low;
    int64_t nano;
    prefill = prefill < ending->shared_ns ? prefill : ending->shared_ns;
    if (cached <= 0 || computed <= 0 || llmobsi_multiply(prefill, (uint64_t)cached, &low) != 0) {
        return 0; /* not known, or beyond reason */
    }
    nano = llmobsi_cost_of_hardware(low / (uint64_t)computed, ending->second_nano, 0, 0);
    return llmobsi_cost_is_sane(nano, ending->cost_most) ? nano : 0;
}

/* By the time and the energy that it had of the host's own hardware. Where one of them has a price
   and nobody told how much it was, the cost is not known: it is at least that of the other. */
llmobsi_fn void llmobsi_ending_hardware(llmobsi_ending* ending)
{
    bool has_energy = ending->energy_told == LLMOBS_I_ENERGY_TOLD;
    int64_t nano = llmobsi_cost_of_hardware(ending->shared_ns, ending->second_nano,
                                            has_energy ? ending->shared_uj : 0,
                                            ending->kwh_nano);
    if (!llmobsi_cost_is_sane(nano, ending->cost_most)) {
        return;
    }
    if ((ending->second_nano == 0 || ending->shared_ns > 0) &&
        (ending->kwh_nano == 0 || has_energy)) {
        ending->outcome.cost_nano = nano;
        ending->saved_nano = llmobsi_ending_saved(ending);
    } else if (ending->high_nano == LLMOBS_COST_UNKNOWN && nano > ending->low_nano) {
        ending->low_nano = nano;
    }
}

/* Finds out what it cost, where the host has not said so. */
llmobsi_fn void llmobsi_ending_cost(llmobsi_ending* ending)
{
    llmobs_outcome* outcome = &ending->outcome;
    llmobsi_cost_begin(&ending->cost);
    ending->saved_nano = 0;
    if (outcome->cost_nano != LLMOBS_COST_UNKNOWN) {
        return;
    }
    if (ending->has_prices) {
        llmobsi_ending_price(ending);
    }
    if (outcome->cost_nano == LLMOBS_COST_UNKNOWN &&
        (ending->second_nano > 0 || ending->kwh_nano > 0)) {
        llmobsi_ending_hardware(ending);
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

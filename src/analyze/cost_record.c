/* Costs that come without a request: they travel to the tick in a request's record. */

/* Fills a record that was taken, and leaves it as one that has ended. Inside. */
llmobsi_fn void llmobsi_cost_record_leave(llmobsi_thread* thread, llmobsi_request* record,
                                          const char* user_id, const char* feature,
                                          const llmobs_cost_sums* sums)
{
    llmobsi_requests* requests = llmobsi_requests_of(thread->recorder);
    uint64_t state = llmobsi_load_relaxed(&record->state);
    uint32_t used = 1;
    llmobsi_request_keep_id(thread, &record->facts, &used, LLMOBS_I_TEXT_USER_ID,
                            LLMOBS_DOMAIN_USER, NULL, user_id);
    llmobsi_request_keep(requests, &record->facts, &used, LLMOBS_I_TEXT_FEATURE, feature);
    record->facts.start = llmobsi_request_now(&thread->recorder->timeline);
    record->due.stamp = record->facts.start;
    record->due.sums = *sums;
    llmobsi_store_release(&record->state, llmobsi_request_state(state, LLMOBS_I_REQUEST_ENDED));
    llmobsi_request_leave(requests, record);
}

/* To the ledger, in a record or, where none is free, untracked. Inside. */
llmobsi_fn void llmobsi_cost_record_book(llmobsi_thread* thread, const char* user_id,
                                         const char* feature, const llmobs_cost_sums* sums)
{
    llmobsi_requests* requests = llmobsi_requests_of(thread->recorder);
    llmobsi_request* record;
    if (requests->ledger == NULL) {
        return;
    }
    record = llmobsi_request_take(requests);
    if (record != NULL) {
        llmobsi_cost_record_leave(thread, record, user_id, feature, sums);
    } else {
        llmobsi_cost_untracked(requests->ledger, sums);
    }
}

llmobsi_fn void llmobsi_cost_record_measure(llmobs* obs, const char* user_id, const char* feature,
                                            bool user_ids, bool is_good,
                                            const llmobs_cost_sums* sums)
{
    const char* values[3] = {NULL, NULL, NULL}; /* the model is not known */
    values[1] = feature;
    llmobs_counter_add(llmobsi_counter_known(obs, LLMOBS_METRIC_LLM_REQUESTS, values, 3), 1);
    llmobs_histogram_record_int(
        llmobsi_histogram_known(obs, LLMOBS_METRIC_LLM_REQUEST_DURATION, values, 2),
        (uint64_t)sums->latency_ns);
    llmobs_counter_add(llmobsi_counter_known(obs, LLMOBS_METRIC_LLM_GOOD_REQUESTS, values, 2),
                       is_good);
    if (user_ids) {
        values[1] = user_id;
        values[2] = feature;
    }
    if (sums->unknown == 0) {
        llmobs_counter_add(
            llmobsi_counter_known(obs, LLMOBS_METRIC_LLM_COST, values, user_ids ? 3 : 2),
            (uint64_t)sums->cost_nano);
    }
}

LLMOBS_API llmobs_result llmobs_cost_record(llmobs* obs, const char* user_id, const char* feature,
                                            int64_t cost_nano, int64_t tokens, uint64_t latency_ns)
{
    llmobs_cost_sums sums;
    llmobsi_thread* thread;
    bool known = cost_nano != LLMOBS_COST_UNKNOWN;
    bool user_ids;
    bool is_good; /* in time: goodput */
    bool sane = tokens >= -1 && tokens <= LLMOBS_I_TOKENS_MOST;
    feature = feature != NULL && feature[0] != '\0' ? feature : "unknown";
    memset(&sums, 0, sizeof sums);
    sums.requests = 1;
    sums.unknown = sums.unbounded = !known;
    sums.cost_nano = known ? cost_nano : 0;
    sums.tokens = llmobsi_at_least_0(tokens);
    sums.latency_ns =
        (int64_t)(latency_ns < LLMOBS_I_REQUEST_NS_MOST ? latency_ns : LLMOBS_I_REQUEST_NS_MOST);
    thread = llmobsi_enter_to_begin(llmobsi_ticket(obs));
    if (thread == NULL) {
        return LLMOBS_ERROR_CLOSED;
    }
    if (llmobsi_requests_of(thread->recorder) == NULL) {
        llmobsi_leave();
        return LLMOBS_ERROR_FORMAT;
    }
    user_ids = llmobsi_requests_of(thread->recorder)->user_ids;
    is_good = llmobsi_target_is_met(llmobsi_requests_of(thread->recorder)->targets.request,
                                    sums.latency_ns, true);
    sane = sane && (!known || llmobsi_cost_is_sane(
                                  cost_nano, llmobsi_requests_of(thread->recorder)->cost_most));
    if (sane) {
        llmobsi_cost_record_book(thread, user_id, feature, &sums);
    } else {
        (void)llmobsi_add_relaxed(&llmobsi_requests_of(thread->recorder)->costs_refused, 1);
    }
    llmobsi_leave();
    if (sane) {
        llmobsi_cost_record_measure(obs, user_id, feature, user_ids, is_good, &sums);
    }
    return sane ? LLMOBS_OK : LLMOBS_ERROR_ARGUMENT;
}

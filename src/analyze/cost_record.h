/* ---- cost records -------------------------------------------------------------------------- */

/* [any] Books a request that llmobs_request_begin knows nothing of, such as one that another
   service has priced: in the cost ledger, llm_requests_total, llm_cost_usd_total and
   llm_request_duration_seconds. `user_id` must come from the host (an authenticated name), never
   from the client; it becomes a pseudonym; NULL: nobody's. `feature` NULL: "unknown". `cost_nano`
   is USD / 10^9, LLMOBS_COST_UNKNOWN if it is not known; `tokens` of input and output, -1 if they
   are not. ERROR_ARGUMENT: a cost below 0 or above a million USD, or absurd tokens: nothing is
   booked, llmobs_stats.costs_refused counts it. OK else, also where no record was free: then it
   stands under LLMOBS_COST_UNTRACKED. About 0.5 us with a user. */
LLMOBS_API llmobs_result llmobs_cost_record(llmobs* obs, const char* user_id, const char* feature,
                                            int64_t cost_nano, int64_t tokens, uint64_t latency_ns);

/* What happens to a request while it is answered: scheduled, tokens, verdicts, time in batches. */

LLMOBS_API void llmobs_request_scheduled(llmobs_request request)
{
    llmobsi_thread* thread;
    llmobsi_request* record = llmobsi_request_enter(request, &thread);
    if (record != NULL) {
        llmobsi_request_schedule(thread->recorder, record,
                                 llmobsi_request_now(&thread->recorder->timeline));
        llmobsi_leave();
    }
}

/* ---- tokens -------------------------------------------------------------------------------- */

/* A time as a byte: 0 up to a microsecond, then one more for each factor of the square root of
   2. */
llmobsi_inline uint8_t llmobsi_gap_code(uint64_t ns)
{
    uint64_t us = ns / 1000;
    uint32_t octave;
    if (us == 0) {
        return 0;
    }
    octave = 63u - (uint32_t)llmobsi_leading_zeros64(us);
    /* 181 / 128 is the square root of 2, to 0.01 %. */
    return (uint8_t)(1 + 2 * octave + (us * 128 >= (UINT64_C(181) << octave) ? 1u : 0u));
}

/* Every two bytes become one: the longer. */
llmobsi_cold void llmobsi_gaps_halve(llmobsi_request_gaps* gaps)
{
    uint32_t i;
    for (i = 0; i < LLMOBS_I_REQUEST_GAPS / 2; i++) {
        uint8_t a = llmobsi_load_relaxed(&gaps->bytes[2 * i]);
        uint8_t b = llmobsi_load_relaxed(&gaps->bytes[2 * i + 1]);
        llmobsi_store_relaxed(&gaps->bytes[i], a > b ? a : b);
    }
    for (; i < LLMOBS_I_REQUEST_GAPS; i++) {
        llmobsi_store_relaxed(&gaps->bytes[i], 0);
    }
    llmobsi_store_relaxed(&gaps->shift, (llmobsi_load_relaxed(&gaps->shift) + 1) & 31u);
}

/* Threads that make tokens of one request at the same time, which they should not, spoil its
   timeline and nothing else: the place is in the bytes, whatever the count says. */
llmobsi_inline void llmobsi_gaps_add(llmobsi_request_gaps* gaps, uint8_t code)
{
    uint32_t count = llmobsi_load_relaxed(&gaps->count);
    uint32_t place = count >> llmobsi_load_relaxed(&gaps->shift);
    llmobsi_atomic8* byte;
    if (llmobsi_unlikely(place >= LLMOBS_I_REQUEST_GAPS)) {
        llmobsi_gaps_halve(gaps);
        place = LLMOBS_I_REQUEST_GAPS / 2;
    }
    byte = &gaps->bytes[place];
    llmobsi_store_relaxed(&gaps->count, count + 1);
    if (code > llmobsi_load_relaxed(byte)) {
        llmobsi_store_relaxed(byte, code);
    }
}

/* Records a time between tokens while inside; false: to be done from outside. */
llmobsi_inline bool llmobsi_gap_measure(llmobsi_thread* thread, const llmobs_histogram* series,
                                        uint64_t ns)
{
    const llmobsi_metric* metric;
    if (series->instance == 0) {
        return true;
    }
    metric = &thread->recorder->registry.metrics[series->metric];
    return llmobsi_metric_is_plain(metric) &&
           llmobsi_explicit_quick(metric, LLMOBS_NUMBER_INT, &thread->row, series->cell, ns);
}

/* The time between two tokens, into the metrics that want it; leaves. A function of its own: where
   there are none, a token needs few registers. */
llmobsi_noinline void llmobsi_gap_put(llmobsi_control* self,
                                                          llmobsi_thread* thread,
                                                          const llmobsi_request* record,
                                                          uint64_t ns)
{
    llmobs_histogram gap = record->gap_series;
    llmobs_histogram chunk = record->chunk_series;
    bool gap_done = llmobsi_gap_measure(thread, &gap, ns);
    bool chunk_done = llmobsi_gap_measure(thread, &chunk, ns);
    llmobsi_lower(self);
    if (!gap_done) {
        llmobs_histogram_record_int(gap, ns);
    }
    if (!chunk_done) {
        llmobs_histogram_record_int(chunk, ns);
    }
}

/* Notes that tokens came; leaves. What is called from here is called last, so that the usual way
   has no registers to save. */
llmobsi_inline void llmobsi_tokens_note(llmobsi_control* self, llmobsi_thread* thread,
                                        llmobsi_request* record, uint32_t count, uint64_t now,
                                        uint64_t elapsed_ns)
{
    uint64_t ns = count == 1 ? elapsed_ns : elapsed_ns / count;
    llmobsi_store_relaxed(&record->last_token, now);
    llmobsi_store_relaxed(&record->tokens, llmobsi_load_relaxed(&record->tokens) + count);
    llmobsi_gaps_add(&record->gaps, llmobsi_gap_code(ns));
    if (record->is_shown) {
        llmobsi_gap_put(self, thread, record, ns);
        return;
    }
    llmobsi_lower(self);
}

/* The long way: a thread's first call, a request's first token, other clocks; and what comes too
   late. */
llmobsi_cold void llmobsi_tokens_slow(llmobs_request request, uint32_t count)
{
    llmobsi_thread* thread;
    llmobsi_request* record = llmobsi_request_enter(request, &thread);
    const llmobsi_timeline* timeline;
    uint64_t last;
    uint64_t now;
    if (record == NULL) {
        return;
    }
    timeline = &thread->recorder->timeline;
    now = llmobsi_request_now(timeline);
    last = llmobsi_load_relaxed(&record->last_token);
    if (last == 0) {
        llmobsi_store_relaxed(&record->first_token, now);
        llmobsi_store_relaxed(&record->last_token, now);
        llmobsi_store_relaxed(&record->tokens, count);
        llmobsi_leave();
        return;
    }
    llmobsi_tokens_note(llmobsi_self, thread, record, count, now,
                        llmobsi_timeline_elapsed(timeline, last, now));
}

/* The way that nearly every token goes. It makes no call but a last one. */
llmobsi_inline void llmobsi_tokens(llmobs_request request, uint32_t count)
{
    llmobsi_control* self = llmobsi_self;
    llmobsi_thread* thread = llmobsi_enter_quick(self, request.instance);
    if (llmobsi_likely(thread != NULL)) {
        const llmobsi_timeline* timeline = &thread->recorder->timeline;
        const llmobsi_requests* requests = llmobsi_requests_of(thread->recorder);
        uint64_t pace = llmobsi_load_relaxed(&timeline->pace);
        if (llmobsi_likely(requests != NULL && request.place < requests->count &&
                           timeline->source == LLMOBS_I_TIME_CYCLES && pace != 0)) {
            llmobsi_request* record = &requests->records[request.place];
            /* The state first: a record that is over may be wiped at this moment. */
            bool live = llmobsi_load_relaxed(&record->state) == request.generation;
            uint64_t last = live ? llmobsi_load_relaxed(&record->last_token) : 0;
            if (llmobsi_likely(last != 0)) {
                uint64_t now = llmobsi_cycles();
                int64_t cycles = now > last ? (int64_t)(now - last) : 0; /* signed: it is quicker */
                double pace_ns;
                memcpy(&pace_ns, &pace, sizeof pace_ns);
                llmobsi_tokens_note(self, thread, record, count, now,
                                    (uint64_t)(int64_t)((double)cycles * pace_ns));
                return;
            }
        }
        llmobsi_lower(self);
    }
    llmobsi_tokens_slow(request, count);
}

LLMOBS_API void llmobs_request_tokens(llmobs_request request, uint32_t count)
{
    if (count != 0) {
        llmobsi_tokens(request, count);
    }
}

LLMOBS_API void llmobs_request_token(llmobs_request request)
{
    llmobsi_tokens(request, 1);
}

/* ---- counters of an engine ----------------------------------------------------------------- */

/* Adds to a counter of an engine, under vLLM's or llama.cpp's labels. */
llmobsi_fn void llmobsi_engine_count(llmobs* obs, llmobs_known known, const char* model,
                                     uint64_t amount)
{
    llmobs_metric metric = llmobs_metric_of(obs, known);
    const char* values[2];
    values[0] = model;
    values[1] = "0";
    if (metric.number != 0) {
        llmobs_counter_add(llmobsi_counter_briefly(metric, values, llmobsi_engine_labels(known)),
                           amount);
    }
}

/* Copies the name of the model, for the time after we have left. */
llmobsi_fn void llmobsi_request_model(const llmobsi_request* record,
                                      char model[LLMOBS_I_REQUEST_TEXT_MOST + 1])
{
    llmobs_string text = llmobsi_request_string(&record->facts, LLMOBS_I_TEXT_MODEL);
    memcpy(model, text.data, text.size + 1);
}

/* Counts which tokens of a draft were accepted, by their position in it: the first ones. Drafts are
   short; beyond the last of these positions all are one. */
llmobsi_fn void llmobsi_positions_count(llmobs* obs, const char* model, uint32_t accepted)
{
    static const char* const positions[] = {"0", "1", "2",  "3",  "4",  "5",  "6",  "7",  "8",
                                            "9", "10", "11", "12", "13", "14", "15", "16+"};
    const uint32_t last = (uint32_t)(sizeof positions / sizeof positions[0]) - 1;
    llmobs_metric vllm =
        llmobs_metric_of(obs, LLMOBS_METRIC_VLLM_SPEC_DECODE_NUM_ACCEPTED_TOKENS_PER_POS);
    llmobs_metric llamacpp =
        llmobs_metric_of(obs, LLMOBS_METRIC_LLAMACPP_SPEC_DECODE_NUM_ACCEPTED_TOKENS_PER_POS);
    const char* values[3];
    uint32_t i;
    values[0] = model;
    values[1] = "0";
    for (i = 0; i < accepted && i <= last; i++) {
        uint64_t amount = i == last ? accepted - last : 1;
        values[2] = positions[i];
        if (vllm.number != 0) {
            llmobs_counter_add(llmobsi_counter_briefly(vllm, values, 3), amount);
        }
        if (llamacpp.number != 0) {
            llmobs_counter_add(llmobsi_counter_briefly(llamacpp, &values[2], 1), amount);
        }
    }
}

LLMOBS_API void llmobs_request_speculative(llmobs_request request, uint32_t drafted,
                                           uint32_t accepted)
{
    llmobs* obs = llmobsi_request_obs(request);
    llmobsi_thread* thread;
    llmobsi_request* record = llmobsi_request_enter(request, &thread);
    char model[LLMOBS_I_REQUEST_TEXT_MOST + 1];
    if (record == NULL) {
        return;
    }
    llmobsi_request_model(record, model);
    llmobsi_leave();
    accepted = accepted < drafted ? accepted : drafted;
    llmobsi_engine_count(obs, LLMOBS_METRIC_VLLM_SPEC_DECODE_NUM_DRAFTS, model, 1);
    llmobsi_engine_count(obs, LLMOBS_METRIC_VLLM_SPEC_DECODE_NUM_DRAFT_TOKENS, model, drafted);
    llmobsi_engine_count(obs, LLMOBS_METRIC_VLLM_SPEC_DECODE_NUM_ACCEPTED_TOKENS, model, accepted);
    llmobsi_engine_count(obs, LLMOBS_METRIC_LLAMACPP_SPEC_DECODE_NUM_DRAFTS, model, 1);
    llmobsi_engine_count(obs, LLMOBS_METRIC_LLAMACPP_SPEC_DECODE_NUM_DRAFT_TOKENS, model, drafted);
    llmobsi_engine_count(obs, LLMOBS_METRIC_LLAMACPP_SPEC_DECODE_NUM_ACCEPTED_TOKENS, model,
                         accepted);
    llmobsi_positions_count(obs, model, accepted);
}

/* Keeps what happened, for the end to tell. Any thread. */
llmobsi_fn void llmobsi_request_happened(llmobsi_thread* thread, llmobsi_request* record,
                                         bool is_retry, const char* why)
{
    uint32_t place = llmobsi_add_relaxed(&record->event_count, 1);
    llmobsi_request_event* event;
    size_t size = why != NULL ? strlen(why) : 0;
    if (place >= LLMOBS_I_REQUEST_EVENTS) {
        llmobsi_count(&thread->counts.events_dropped, 1);
        return;
    }
    event = &record->events[place];
    event->is_retry = is_retry;
    if (size > 0) {
        size = llmobsi_utf8_cut(why, size, sizeof event->why - 1);
        memcpy(event->why, why, size);
    }
    event->why[size] = '\0';
    llmobsi_store_release(&event->stamp, llmobsi_request_now(&thread->recorder->timeline));
}

LLMOBS_API void llmobs_request_preempted(llmobs_request request)
{
    llmobsi_thread* thread;
    llmobsi_request* record = llmobsi_request_enter(request, &thread);
    char model[LLMOBS_I_REQUEST_TEXT_MOST + 1];
    if (record == NULL) {
        return;
    }
    llmobsi_request_model(record, model);
    llmobsi_request_happened(thread, record, false, NULL);
    llmobsi_leave();
    llmobsi_engine_count(llmobsi_request_obs(request), LLMOBS_METRIC_VLLM_NUM_PREEMPTIONS, model,
                         1);
}

LLMOBS_API void llmobs_request_retry(llmobs_request request, const char* why)
{
    llmobsi_thread* thread;
    llmobsi_request* record = llmobsi_request_enter(request, &thread);
    if (record != NULL) {
        (void)llmobsi_add_relaxed(&record->retries, 1);
        llmobsi_request_happened(thread, record, true, why);
        llmobsi_leave();
    }
}

/* ---- guardrails ---------------------------------------------------------------------------- */

llmobsi_fn const char* llmobsi_action_label(llmobs_guardrail_action action)
{
    static const char* const labels[] = {"passed", "flagged", "filtered", "blocked"};
    return (unsigned)action <= (unsigned)LLMOBS_GUARDRAIL_BLOCKED ? labels[action] : "flagged";
}

/* Keeps a rule that triggered, once. Any thread; what no longer fits is counted by the metric
   alone. */
llmobsi_fn void llmobsi_request_rule(llmobsi_request* record, uint32_t name)
{
    uint32_t there = llmobsi_load_relaxed(&record->rule_count);
    uint32_t i;
    for (i = 0; i < there && i < LLMOBS_I_REQUEST_RULES; i++) {
        if (llmobsi_load_relaxed(&record->rules[i]) == name + 1) {
            return;
        }
    }
    i = llmobsi_add_relaxed(&record->rule_count, 1);
    if (i < LLMOBS_I_REQUEST_RULES) {
        llmobsi_store_release(&record->rules[i], name + 1);
    }
}

/* Counts that a rule has looked. From outside. */
llmobsi_fn void llmobsi_guardrail_looked(llmobs* obs, const char* rule)
{
    llmobs_metric metric = llmobs_metric_of(obs, LLMOBS_METRIC_LLM_GUARDRAIL_VERDICTS);
    if (metric.number != 0) {
        llmobs_counter_add(llmobsi_counter_briefly(metric, &rule, 1), 1);
    }
}

/* Counts what it has done. From outside. */
llmobsi_fn void llmobsi_guardrail_count(llmobs* obs, const char* rule,
                                        llmobs_guardrail_action action, uint64_t count)
{
    llmobs_metric metric = llmobs_metric_of(obs, LLMOBS_METRIC_LLM_GUARDRAIL_TRIGGERS);
    const char* values[2];
    values[0] = rule;
    values[1] = llmobsi_action_label(action);
    if (metric.number != 0 && action != LLMOBS_GUARDRAIL_PASSED) {
        llmobs_counter_add(llmobsi_counter_briefly(metric, values, 2), count);
    }
}

LLMOBS_API void llmobs_guardrail(llmobs_request request, const char* rule,
                                 llmobs_guardrail_action action)
{
    llmobsi_thread* thread;
    llmobsi_request* record = llmobsi_request_enter(request, &thread);
    if (record == NULL) {
        return;
    }
    (void)llmobsi_add_relaxed(&record->verdicts, 1);
    if (action != LLMOBS_GUARDRAIL_PASSED) {
        llmobsi_request_rule(record, llmobsi_name_id(thread, rule));
        llmobsi_raise_max(&record->worst_action, (uint32_t)action <= LLMOBS_GUARDRAIL_BLOCKED
                                                     ? (uint32_t)action
                                                     : (uint32_t)LLMOBS_GUARDRAIL_FLAGGED);
    }
    llmobsi_leave();
    llmobsi_guardrail_looked(llmobsi_request_obs(request), rule);
    llmobsi_guardrail_count(llmobsi_request_obs(request), rule, action, 1);
}

LLMOBS_API void llmobs_request_keep(llmobs_request request, llmobs_keep reason)
{
    llmobsi_thread* thread;
    llmobsi_request* record = llmobsi_request_enter(request, &thread);
    uint32_t marks;
    if (record == NULL) {
        return;
    }
    if ((unsigned)reason > (unsigned)LLMOBS_KEEP_GUARDRAIL &&
        (unsigned)reason < (unsigned)LLMOBS_KEEP_RANDOM) {
        marks = llmobsi_load_relaxed(&record->marks);
        while (!llmobsi_cas_acquire_release(&record->marks, &marks, marks | 1u << reason)) {
        }
    }
    llmobsi_leave();
}

/* ---- what serves several requests at once -------------------------------------------------- */

/* The part of the request at a place of the list: the first ones have one more where it is not
   even, so that the parts are the whole. */
llmobsi_inline uint64_t llmobsi_split(uint64_t whole, size_t count, size_t place)
{
    return whole / count + (place < whole % count ? 1u : 0u);
}

LLMOBS_API void llmobs_requests_share(const llmobs_request* requests, size_t count,
                                      uint64_t nanoseconds)
{
    size_t i;
    for (i = 0; requests != NULL && i < count; i++) {
        llmobsi_thread* thread;
        llmobsi_request* record = llmobsi_request_enter(requests[i], &thread);
        if (record != NULL) {
            (void)llmobsi_add_relaxed(&record->shared_ns,
                                      llmobsi_split(nanoseconds, count, i));
            llmobsi_leave();
        }
    }
}

LLMOBS_API void llmobs_requests_share_energy(const llmobs_request* requests, size_t count,
                                             uint64_t microjoules)
{
    bool lost = microjoules > LLMOBS_ENERGY_MOST;
    size_t i;
    for (i = 0; requests != NULL && i < count; i++) {
        llmobsi_thread* thread;
        llmobsi_request* record = llmobsi_request_enter(requests[i], &thread);
        if (record != NULL) {
            (void)llmobsi_add_relaxed(&record->shared_uj,
                                      lost ? 0 : llmobsi_split(microjoules, count, i));
            llmobsi_raise_max(&record->energy_told,
                              lost ? LLMOBS_I_ENERGY_LOST : LLMOBS_I_ENERGY_TOLD);
            llmobsi_leave();
        }
    }
}

/* The span of a step, with a link to each request that it serves. */
llmobsi_fn llmobs_span llmobsi_batch_span(llmobs* obs, const char* name,
                                          const llmobs_request* requests, size_t count)
{
    llmobs_span batch = llmobs_span_root(obs, name);
    size_t i;
    llmobs_span_set_int(batch, "batch.size", (int64_t)count);
    for (i = 0; requests != NULL && i < count; i++) {
        llmobs_span_link_to(batch, llmobs_request_span(requests[i]));
    }
    return batch;
}

LLMOBS_API llmobs_span llmobs_batch_begin(llmobs* obs, const char* name,
                                          const llmobs_request* requests, size_t count)
{
    llmobs_span batch = llmobsi_batch_span(obs, name, requests, count);
    llmobsi_engine_count(obs, LLMOBS_METRIC_LLAMACPP_N_DECODE, NULL, 1);
    return batch;
}

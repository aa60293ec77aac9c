/* What happens to a request while it is answered: scheduled, tokens, verdicts, time in batches. */

LLMOBS_API void llmobs_request_scheduled(llmobs_request request)
{
    llmobsi_thread* thread;
    llmobsi_request* record = llmobsi_request_enter(request, &thread);
    char model[LLMOBS_I_REQUEST_TEXT_MOST + 1];
    uint64_t never = 0;
    bool first;
    bool server;
    if (record == NULL) {
        return;
    }
    first = llmobsi_cas_acquire_release(&record->scheduled, &never,
                                        llmobsi_now(&thread->recorder->timeline));
    server = record->facts.server;
    if (first && server) {
        llmobs_string text = llmobsi_request_string(&record->facts, LLMOBS_I_TEXT_MODEL);
        memcpy(model, text.data, text.size + 1);
    }
    llmobsi_leave();
    if (first && server) {
        llmobsi_engine_move(llmobsi_request_obs(request), model, -1, 1);
    }
}

/* ---- tokens -------------------------------------------------------------------------------- */

/* A time as a byte: 0 up to a microsecond, then one more for each factor of the square root of
   2. */
llmobsi_fn uint8_t llmobsi_gap_code(uint64_t ns)
{
    uint64_t us = ns / 1000;
    uint32_t octave;
    if (us == 0) {
        return 0;
    }
    octave = 63u - (uint32_t)__builtin_clzll(us);
    /* 181 / 128 is the square root of 2, to 0.01 %. */
    return (uint8_t)(1 + 2 * octave + (us * 128 >= (UINT64_C(181) << octave) ? 1u : 0u));
}

/* Every two bytes become one: the longer. */
llmobsi_cold void llmobsi_gaps_halve(llmobsi_request_gaps* gaps)
{
    uint32_t i;
    for (i = 0; i < LLMOBS_I_REQUEST_GAPS / 2; i++) {
        uint8_t a = gaps->bytes[2 * i];
        uint8_t b = gaps->bytes[2 * i + 1];
        gaps->bytes[i] = a > b ? a : b;
    }
    memset(gaps->bytes + LLMOBS_I_REQUEST_GAPS / 2, 0, LLMOBS_I_REQUEST_GAPS / 2);
    gaps->count = LLMOBS_I_REQUEST_GAPS / 2;
    gaps->stride *= 2;
}

llmobsi_inline void llmobsi_gaps_add(llmobsi_request_gaps* gaps, uint8_t code)
{
    uint8_t* byte;
    if (llmobsi_unlikely(gaps->count == LLMOBS_I_REQUEST_GAPS)) {
        llmobsi_gaps_halve(gaps);
    }
    byte = &gaps->bytes[gaps->count];
    *byte = *byte > code ? *byte : code;
    if (++gaps->pending >= gaps->stride) {
        gaps->pending = 0;
        gaps->count++;
    }
}

/* Records into a histogram while inside; false: to be done from outside. */
llmobsi_inline bool llmobsi_gap_measure(llmobsi_thread* thread, llmobs_histogram series,
                                        uint64_t ns)
{
    const llmobsi_metric* metric;
    if (series.instance == 0) {
        return true;
    }
    metric = &thread->recorder->registry.metrics[series.metric];
    return llmobsi_metric_is_plain(metric) &&
           llmobsi_explicit_quick(metric, LLMOBS_NUMBER_INT, &thread->row, series.cell, ns);
}

/* Times between tokens that could not be recorded inside. */
typedef struct llmobsi_gap_late {
    llmobs_histogram series[2];
    uint64_t ns;
} llmobsi_gap_late;

/* One call's tokens. */
llmobsi_inline void llmobsi_tokens_add(llmobsi_thread* thread, llmobsi_request* record,
                                       uint32_t count, llmobsi_gap_late* late)
{
    uint64_t now = llmobsi_now(&thread->recorder->timeline);
    uint64_t last = llmobsi_load_relaxed(&record->last_token);
    llmobsi_store_relaxed(&record->last_token, now);
    llmobsi_store_relaxed(&record->tokens, llmobsi_load_relaxed(&record->tokens) + count);
    if (llmobsi_unlikely(last == 0)) {
        llmobsi_store_relaxed(&record->first_token, now);
        return;
    }
    late->ns = llmobsi_timeline_elapsed(&thread->recorder->timeline, last, now) / count;
    llmobsi_gaps_add(&record->gaps, llmobsi_gap_code(late->ns));
    if (!llmobsi_gap_measure(thread, record->gap_series, late->ns)) {
        late->series[0] = record->gap_series;
    }
    if (!llmobsi_gap_measure(thread, record->chunk_series, late->ns)) {
        late->series[1] = record->chunk_series;
    }
}

LLMOBS_API void llmobs_request_tokens(llmobs_request request, uint32_t count)
{
    llmobsi_thread* thread;
    llmobsi_request* record;
    llmobsi_gap_late late;
    int i;
    if (count == 0) {
        return;
    }
    record = llmobsi_request_enter(request, &thread);
    if (llmobsi_unlikely(record == NULL)) {
        return;
    }
    late.ns = 0;
    late.series[0].instance = 0;
    late.series[1].instance = 0;
    llmobsi_tokens_add(thread, record, count, &late);
    llmobsi_leave();
    for (i = 0; i < 2; i++) {
        if (llmobsi_unlikely(late.series[i].instance != 0)) {
            llmobs_histogram_record_int(late.series[i], late.ns);
        }
    }
}

LLMOBS_API void llmobs_request_token(llmobs_request request)
{
    llmobs_request_tokens(request, 1);
}

/* ---- counters of an engine ----------------------------------------------------------------- */

/* Adds to a counter of an engine, under vLLM's or llama.cpp's labels. */
llmobsi_fn void llmobsi_engine_count(llmobs* obs, llmobs_known known, const char* model,
                                     uint64_t amount)
{
    llmobs_metric metric = llmobs_metric_of(obs, known);
    size_t labels = known >= LLMOBS_METRIC_LLAMACPP_PROMPT_TOKENS ? 0 : 2; /* llama.cpp has none */
    const char* values[2];
    values[0] = model;
    values[1] = "0";
    if (metric.number != 0) {
        llmobs_counter_add(llmobs_counter_get(metric, values, labels), amount);
    }
}

/* Copies the name of the request's model; false: the request is over. */
llmobsi_fn bool llmobsi_request_model(llmobs_request request,
                                      char model[LLMOBS_I_REQUEST_TEXT_MOST + 1])
{
    llmobsi_thread* thread;
    llmobsi_request* record = llmobsi_request_enter(request, &thread);
    llmobs_string text;
    if (record == NULL) {
        return false;
    }
    text = llmobsi_request_string(&record->facts, LLMOBS_I_TEXT_MODEL);
    memcpy(model, text.data, text.size + 1);
    llmobsi_leave();
    return true;
}

LLMOBS_API void llmobs_request_speculative(llmobs_request request, uint32_t drafted,
                                           uint32_t accepted)
{
    llmobs* obs = llmobsi_request_obs(request);
    char model[LLMOBS_I_REQUEST_TEXT_MOST + 1];
    if (!llmobsi_request_model(request, model)) {
        return;
    }
    accepted = accepted < drafted ? accepted : drafted;
    llmobsi_engine_count(obs, LLMOBS_METRIC_VLLM_SPEC_DECODE_NUM_DRAFTS, model, 1);
    llmobsi_engine_count(obs, LLMOBS_METRIC_VLLM_SPEC_DECODE_NUM_DRAFT_TOKENS, model, drafted);
    llmobsi_engine_count(obs, LLMOBS_METRIC_VLLM_SPEC_DECODE_NUM_ACCEPTED_TOKENS, model, accepted);
    llmobsi_engine_count(obs, LLMOBS_METRIC_LLAMACPP_SPEC_DECODE_NUM_DRAFTS, model, 1);
    llmobsi_engine_count(obs, LLMOBS_METRIC_LLAMACPP_SPEC_DECODE_NUM_DRAFT_TOKENS, model, drafted);
    llmobsi_engine_count(obs, LLMOBS_METRIC_LLAMACPP_SPEC_DECODE_NUM_ACCEPTED_TOKENS, model,
                         accepted);
}

LLMOBS_API void llmobs_request_preempted(llmobs_request request)
{
    char model[LLMOBS_I_REQUEST_TEXT_MOST + 1];
    llmobs_span root;
    if (!llmobsi_request_model(request, model)) {
        return;
    }
    root = llmobs_request_span(request);
    llmobs_span_event(root, "preempted");
    llmobsi_engine_count(llmobsi_request_obs(request), LLMOBS_METRIC_VLLM_NUM_PREEMPTIONS, model,
                         1);
}

LLMOBS_API void llmobs_request_retry(llmobs_request request, const char* why)
{
    llmobsi_thread* thread;
    llmobsi_request* record = llmobsi_request_enter(request, &thread);
    llmobs_attribute reason = llmobs_attribute_string("retry.reason", why);
    llmobs_span root;
    if (record == NULL) {
        return;
    }
    (void)llmobsi_add_relaxed(&record->retries, 1);
    root = record->facts.root;
    llmobsi_leave();
    llmobs_span_event_with(root, "retry", &reason, why != NULL);
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

LLMOBS_API void llmobs_guardrail(llmobs_request request, const char* rule,
                                 llmobs_guardrail_action action)
{
    llmobsi_thread* thread;
    llmobsi_request* record = llmobsi_request_enter(request, &thread);
    const char* values[2];
    llmobs_metric metric;
    if (record == NULL) {
        return;
    }
    if (action != LLMOBS_GUARDRAIL_PASSED) {
        llmobsi_request_rule(record, llmobsi_name_id(thread, rule));
        llmobsi_raise_max(&record->worst_action, (uint32_t)action <= LLMOBS_GUARDRAIL_BLOCKED
                                                     ? (uint32_t)action
                                                     : (uint32_t)LLMOBS_GUARDRAIL_FLAGGED);
    }
    llmobsi_leave();
    if (action == LLMOBS_GUARDRAIL_PASSED) {
        return;
    }
    metric = llmobs_metric_of(llmobsi_request_obs(request), LLMOBS_METRIC_LLM_GUARDRAIL_TRIGGERS);
    if (metric.number != 0) {
        values[0] = rule;
        values[1] = llmobsi_action_label(action);
        llmobs_counter_add(llmobs_counter_get(metric, values, 2), 1);
    }
}

/* ---- what serves several requests at once -------------------------------------------------- */

LLMOBS_API void llmobs_requests_share(const llmobs_request* requests, size_t count,
                                      uint64_t nanoseconds)
{
    size_t i;
    for (i = 0; requests != NULL && i < count; i++) {
        llmobsi_thread* thread;
        llmobsi_request* record = llmobsi_request_enter(requests[i], &thread);
        if (record != NULL) {
            uint64_t part = nanoseconds / count + (i < nanoseconds % count ? 1u : 0u);
            (void)llmobsi_add_relaxed(&record->shared_ns, part);
            llmobsi_leave();
        }
    }
}

LLMOBS_API llmobs_span llmobs_batch_begin(llmobs* obs, const char* name,
                                          const llmobs_request* requests, size_t count)
{
    llmobs_span batch = llmobs_span_root(obs, name);
    size_t i;
    llmobs_span_set_int(batch, "batch.size", (int64_t)count);
    for (i = 0; requests != NULL && i < count; i++) {
        llmobs_span_link_to(batch, llmobs_request_span(requests[i]));
    }
    llmobsi_engine_count(obs, LLMOBS_METRIC_LLAMACPP_N_DECODE, NULL, 1);
    return batch;
}

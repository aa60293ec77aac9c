/* The steps of an engine: spans with links, and what gauges tell of them. */

LLMOBS_API llmobs_engine_load llmobs_engine_load_default(void)
{
    llmobs_engine_load load;
    memset(&load, 0, sizeof load);
    load.size = sizeof load;
    return load;
}

/* ---- its series ---------------------------------------------------------------------------- */

LLMOBS_API llmobs_engine llmobs_engine_of(llmobs* obs, const char* model)
{
    llmobs_engine engine;
    llmobs_metric metric;
    const char* values[2];
    values[0] = model;
    values[1] = "0";
    memset(&engine, 0, sizeof engine);
    engine.instance = llmobsi_ticket(obs);
    metric = llmobs_metric_of(obs, LLMOBS_METRIC_VLLM_KV_CACHE_USAGE_PERC);
    if (metric.number != 0) {
        engine.kv_usage = llmobs_gauge_get(metric, values, 2);
    }
    metric = llmobs_metric_of(obs, LLMOBS_METRIC_VLLM_ITERATION_TOKENS);
    if (metric.number != 0) {
        engine.step_tokens = llmobs_histogram_get(metric, values, 2);
    }
    metric = llmobs_metric_of(obs, LLMOBS_METRIC_LLAMACPP_N_BUSY_SLOTS_PER_DECODE);
    if (metric.number != 0) {
        engine.busy_slots = llmobs_gauge_get(metric, NULL, 0);
    }
    metric = llmobs_metric_of(obs, LLMOBS_METRIC_LLAMACPP_N_DECODE);
    if (metric.number != 0) {
        engine.steps = llmobs_counter_get(metric, NULL, 0);
    }
    return engine;
}

/* ---- a step -------------------------------------------------------------------------------- */

/* When a step's span has begun; now, where it is not recorded. 0: nothing is. */
llmobsi_fn uint64_t llmobsi_step_began(const llmobs_engine* engine)
{
    llmobsi_thread* thread = llmobsi_enter(engine->instance);
    const llmobsi_slot* slot = NULL;
    uint64_t began = 0;
    if (thread != NULL) {
        if (engine->step.instance != 0) {
            slot = llmobsi_span_recording(thread, engine->step);
        }
        began = slot != NULL ? llmobsi_load_relaxed(&slot->start) : 0;
        began = began != 0 ? began : llmobsi_request_now(&thread->recorder->timeline);
        llmobsi_leave();
    }
    return began;
}

/* The time now, and in `elapsed_ns` what went by since the step began. 0: nothing is recorded. */
llmobsi_fn uint64_t llmobsi_step_ended(const llmobs_engine* engine, uint64_t* elapsed_ns)
{
    llmobsi_thread* thread = llmobsi_enter(engine->instance);
    uint64_t now = 0;
    *elapsed_ns = 0;
    if (thread != NULL) {
        const llmobsi_timeline* timeline = &thread->recorder->timeline;
        now = llmobsi_request_now(timeline);
        *elapsed_ns = llmobsi_timeline_elapsed(timeline, engine->began, now);
        llmobsi_leave();
    }
    return now;
}

LLMOBS_API llmobs_span llmobs_engine_step_begin(llmobs_engine* engine, const char* name,
                                                const llmobs_request* requests, size_t count)
{
    if (engine == NULL) {
        return llmobs_span_root(NULL, name);
    }
    engine->requests = requests;
    engine->request_count = requests != NULL ? count : 0;
    engine->step = llmobsi_batch_span((llmobs*)(uintptr_t)engine->instance, name, requests,
                                      engine->request_count);
    engine->began = llmobsi_step_began(engine);
    llmobs_counter_add(engine->steps, 1);
    return engine->step;
}

llmobsi_fn void llmobsi_engine_loaded(llmobs_engine* engine, const llmobs_engine_load* load)
{
    if (load->kv_size > 0) {
        llmobs_gauge_set(engine->kv_usage, (double)load->kv_used / (double)load->kv_size);
    }
    if (load->tokens > 0) {
        llmobs_histogram_record_int(engine->step_tokens, load->tokens);
        llmobs_span_set_int(engine->step, "batch.tokens", (int64_t)(load->tokens & INT64_MAX));
    }
    engine->busy_count += load->slots_busy > 0 ? load->slots_busy : engine->request_count;
    engine->step_count++;
    llmobs_gauge_set(engine->busy_slots,
                     (double)engine->busy_count / (double)engine->step_count);
}

LLMOBS_API void llmobs_engine_step_end(llmobs_engine* engine, const llmobs_engine_load* load)
{
    llmobs_engine_load whole = llmobs_engine_load_default();
    uint64_t now;
    uint64_t elapsed_ns;
    if (engine == NULL || engine->began == 0) {
        return;
    }
    if (load != NULL) {
        memcpy(&whole, load, llmobsi_known_size(load->size, sizeof whole));
    }
    now = llmobsi_step_ended(engine, &elapsed_ns);
    llmobs_requests_share(engine->requests, engine->request_count, elapsed_ns);
    llmobsi_engine_loaded(engine, &whole);
    llmobsi_span_end_at(engine->step, now); /* without what was done since */
    engine->began = 0;
}

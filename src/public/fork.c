/* The locks of an instance; and what makes it an instance of its own in the child of a fork, where
   no thread but one is left. */

/* ---- locks -------------------------------------------------------------------------------- */

/* The locks of an instance; how many there are. Those of parts that are off are not there. */
#define LLMOBS_I_LOCKS (15u + LLMOBS_I_DETECTORS)

llmobsi_fn uint32_t llmobsi_locks_of(llmobsi_instance* instance, llmobsi_lock** locks)
{
    llmobsi_recorder* recorder = &instance->collector.recorder;
    uint32_t count = 0;
    locks[count++] = &instance->collector.lock;
    locks[count++] = &instance->setup;
    locks[count++] = &instance->rest;
    locks[count++] = &recorder->registry.lock;
    if (llmobsi_requests_of(recorder) != NULL) {
        locks[count++] = &llmobsi_requests_of(recorder)->recent_lock;
        locks[count++] = &llmobsi_sessions_of(recorder)->lock;
    }
    if (llmobsi_cost_ledger_of(recorder) != NULL) {
        locks[count++] = &llmobsi_cost_ledger_of(recorder)->lock;
    }
    if (llmobsi_prices_of(recorder) != NULL) {
        locks[count++] = &llmobsi_prices_of(recorder)->lock;
    }
    if (llmobsi_budgets_of(recorder) != NULL) {
        locks[count++] = &llmobsi_budgets_of(recorder)->lock;
    }
    if (llmobsi_alerts_of(recorder) != NULL) {
        locks[count++] = &llmobsi_alerts_of(recorder)->lock;
    }
    if (llmobsi_review_of(instance) != NULL) {
        locks[count++] = &llmobsi_review_of(instance)->lock;
    }
    if (llmobsi_detectors_of(recorder) != NULL) {
        llmobsi_detectors* detectors = llmobsi_detectors_of(recorder);
        uint32_t i;
        locks[count++] = &detectors->lock;
        locks[count++] = &detectors->call;
        for (i = 0; i < detectors->limit; i++) {
            locks[count++] = &detectors->detectors[i].lock;
        }
    }
#ifndef LLMOBS_NO_FILE
    if (llmobsi_state_of(instance) != NULL) {
        locks[count++] = &llmobsi_state_of(instance)->lock;
        locks[count++] = &llmobsi_state_of(instance)->call;
    }
#endif
    return count;
}

llmobsi_fn bool llmobsi_locks_init(llmobsi_instance* instance)
{
    llmobsi_lock* locks[LLMOBS_I_LOCKS];
    uint32_t count = llmobsi_locks_of(instance, locks);
    uint32_t i;
    for (i = 0; i < count; i++) {
        if (!llmobsi_lock_init(locks[i])) {
            while (i > 0) {
                llmobsi_lock_destroy(locks[--i]);
            }
            return false;
        }
    }
    return true;
}

llmobsi_fn void llmobsi_locks_destroy(llmobsi_instance* instance)
{
    llmobsi_lock* locks[LLMOBS_I_LOCKS];
    uint32_t count = llmobsi_locks_of(instance, locks);
    while (count > 0) {
        llmobsi_lock_destroy(locks[--count]);
    }
}

/* ---- the child ------------------------------------------------------------------------------ */

#ifndef LLMOBS_NO_FILE
/* A call of ours that this thread forked in, by a signal handler or a callback, goes on in the
   child, and must not write into the parent's flight recorder. All else of it is a copy anyway, and
   is emptied before anybody comes in. Close counts as no call, and has taken the ticket away. */
llmobsi_fn void llmobsi_flight_at_fork(llmobsi_instance* instance)
{
    const uint32_t number = LLMOBS_I_PLACE(instance->collector.recorder.ticket);
    const llmobsi_control* self = llmobsi_self;
    llmobsi_flight* flight = llmobsi_flight_of(instance);
    bool inside = self != NULL &&
                  (llmobsi_load_relaxed(&self->busy) != 0 || self->calls[number] != 0);
    if (flight != NULL && flight->head != NULL &&
        (inside || llmobsi_load_relaxed(&instance->place->ticket) == 0)) {
        (void)llmobsi_flight_part(flight);
    }
}
#endif

/* In the child, first thing: spools are the parent's, and so are their locks. */
llmobsi_fn void llmobsi_at_fork(llmobsi_recorder* recorder)
{
    llmobsi_collector* collector = &llmobsi_instance_of(recorder)->collector;
    uint32_t i;
#ifndef LLMOBS_NO_FILE
    llmobsi_flight_at_fork(llmobsi_instance_of(recorder));
#endif
    for (i = 0; i < llmobsi_load_acquire(&collector->exporter_count); i++) {
        llmobsi_spooling_let_go(&collector->exporters[i]);
    }
}

/* In the child of a fork: what the parts that can be off had is the parent's. */
llmobsi_fn void llmobsi_parts_forked(llmobsi_recorder* recorder)
{
    if (llmobsi_cost_ledger_of(recorder) != NULL) {
        llmobsi_cost_clear(llmobsi_cost_ledger_of(recorder));
    }
    if (llmobsi_sampler_of(recorder) != NULL) {
        llmobsi_sampler_forked(llmobsi_sampler_of(recorder));
    }
    if (llmobsi_requests_of(recorder) != NULL) {
        llmobsi_requests_forked(llmobsi_requests_of(recorder));
        llmobsi_sessions_forked(llmobsi_sessions_of(recorder));
    }
    if (llmobsi_captures_of(recorder) != NULL) { /* now that no request has a place */
        llmobsi_captures_forked(llmobsi_captures_of(recorder));
    }
    if (llmobsi_prices_of(recorder) != NULL) {
        llmobsi_prices_forked(llmobsi_prices_of(recorder));
    }
    if (llmobsi_budgets_of(recorder) != NULL) {
        llmobsi_budgets_forked(llmobsi_budgets_of(recorder));
    }
    if (llmobsi_alerts_of(recorder) != NULL) {
        llmobsi_alerts_forked(recorder);
    }
    if (llmobsi_tail_of(recorder) != NULL) {
        llmobsi_tail_forked(recorder);
    }
}

/* What the collector had counted, and was about to do, is the parent's. */
llmobsi_fn void llmobsi_collector_forked(llmobsi_collector* collector)
{
    collector->swept = llmobsi_now(&collector->recorder.timeline);
    collector->limbo_count = 0;
    collector->collected = 0;
    collector->collected_logs = 0;
    collector->expired = 0;
    collector->no_exporter = 0;
    collector->recorder.cost_headers_refused = 0;
    collector->recorder.callbacks_threw = 0;
    memset(&collector->noted, 0, sizeof collector->noted);
    memset(collector->noted_drops, 0, sizeof collector->noted_drops);
    collector->noted_guardrails = 0;
    collector->noted_threw = 0;
    collector->noted_requests = 0;
}

/* Receivers tell batches apart by their ids, also those of a parent and its children. */
llmobsi_fn void llmobsi_batch_ids_begin(llmobsi_collector* collector)
{
    collector->batch_ids = llmobsi_random_seed();
}

/* In the child of a fork: an empty instance, with the same exporters; running, once somebody comes
   in. Nobody else is here. False: its locks can't be made anew. */
llmobsi_cold bool llmobsi_after_fork(llmobsi_recorder* recorder, bool come_in)
{
    llmobsi_instance* instance = llmobsi_instance_of(recorder);
    llmobsi_collector* collector = &instance->collector;
    bool locked;
    uint32_t i;
#ifndef LLMOBS_NO_FILE
    if (!llmobsi_flight_forked(instance)) {
        return false;
    }
#endif
    locked = llmobsi_locks_init(instance);
    for (i = 0; i < recorder->thread_count; i++) {
        llmobsi_thread* thread = &recorder->threads[i];
        memset(&thread->counts, 0, sizeof thread->counts);
        memset(thread->random, 0, sizeof thread->random);
        thread->cache_next = thread->cache_end;
        llmobsi_store_relaxed(&thread->ring.pushed, 0);
        llmobsi_store_relaxed(&thread->ring.popped, 0);
        llmobsi_store_relaxed(&thread->state, LLMOBS_I_THREAD_FREE);
    }
    if (recorder->spans_on) {
        llmobsi_pool_reset(&recorder->pool);
        collector->given = llmobsi_load_relaxed(&recorder->pool.given);
        collector->guarded = false;
    }
    /* The parent's tick may have been at it. */
    llmobsi_timeline_init(&recorder->timeline, &instance->config.clock);
    llmobsi_collector_forked(collector);
    llmobsi_keyring_forked(&recorder->keyring);
    if (recorder->registry.on) {
        llmobsi_registry_forked(&recorder->registry);
        if (instance->delta.told != NULL) {
            llmobsi_delta_forked(&instance->delta);
        }
        memset(&collector->noted_metrics, 0, sizeof collector->noted_metrics);
        collector->noted_misused = 0;
    }
    llmobsi_parts_forked(recorder);
#ifndef LLMOBS_NO_FILE
    llmobsi_state_forked(instance);
#endif
    if (llmobsi_review_of(instance) != NULL) {
        llmobsi_judge_forked(instance, come_in && locked);
    }
    llmobsi_detectors_forked(instance, come_in && locked);
    instance->opened_unix_ns = llmobsi_clock_unix_ns(&instance->config.clock);
    llmobsi_resource_forked(&instance->resource, &instance->config.random);
    llmobsi_batch_ids_begin(collector);
    for (i = 0; i < collector->exporter_count; i++) {
        llmobsi_exporter_forked(&collector->exporters[i]);
        llmobsi_spooling_forked(&collector->exporters[i]);
        locked &= llmobsi_lock_init(&collector->exporters[i].lock);
    }
    llmobsi_tick_forked(instance);
    if (come_in && locked) {
        llmobsi_threads_forked(instance);
    }
    return locked;
}

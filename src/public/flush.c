/* The tick's own thread, and the calls that do its work on the caller's. */

#define LLMOBS_I_FLUSH_NAP_NS UINT64_C(1000000)

/* Evaluates the rules, when it is time to, and tells what is new: before what was recorded is
   collected, since news are. */
llmobsi_fn void llmobsi_instance_alerts(llmobsi_instance* instance)
{
    llmobsi_collector* collector = &instance->collector;
    llmobs_stats stats;
    if (llmobsi_alerts_of(&collector->recorder) == NULL) {
        return;
    }
    llmobsi_lock_take(&collector->lock);
    llmobsi_timeline_update(&collector->recorder.timeline);
    if (llmobsi_alerts_are_due(&collector->recorder)) {
        llmobsi_stats_fill(instance, &stats);
        llmobsi_alerts_tick(&collector->recorder, llmobsi_stats_lost(&stats));
    }
    llmobsi_lock_give(&collector->lock);
    llmobsi_alerts_tell(&collector->recorder);
}

/* One tick: collect, seal what is old enough, tell notes, keep the state. */
llmobsi_fn uint32_t llmobsi_instance_tick(llmobsi_instance* instance)
{
    llmobsi_collector* collector = &instance->collector;
    bool stopped;
    uint32_t count;
    llmobsi_instance_alerts(instance);
    llmobsi_lock_take(&collector->lock);
    count = llmobsi_collect(collector, false, &stopped);
    llmobsi_collect_seal(collector, false);
    llmobsi_collect_notes(collector);
    llmobsi_lock_give(&collector->lock);
#ifndef LLMOBS_NO_FILE
    llmobsi_state_tick(instance);
#endif
    return count;
}

/* Outside all locks: the callback is the host's. */
llmobsi_fn void llmobsi_instance_tell(llmobsi_instance* instance)
{
    if (instance->collector.notes.tell != NULL) {
        llmobsi_callback callback = llmobsi_callback_begin(instance->collector.recorder.ticket);
        llmobsi_notes_tell_all(&instance->collector.notes, llmobsi_monotonic_ns());
        llmobsi_callback_end(&callback);
    }
}

/* ---- the thread ---------------------------------------------------------------------------- */

/* Sleeps shorter when the slots or the requests' records filled up meanwhile, longer when nothing
   happened. */
llmobsi_fn uint64_t llmobsi_tick_pause(const llmobsi_instance* instance, uint64_t pause_ns,
                                       uint32_t collected)
{
    const llmobsi_recorder* recorder = &instance->collector.recorder;
    uint64_t longest = (uint64_t)instance->config.tick_ms * UINT64_C(1000000);
    uint32_t slots = recorder->pool.mask + 1;
    const llmobsi_requests* requests = llmobsi_requests_of(recorder);
    uint32_t records = requests != NULL ? requests->count : 0;
    uint32_t freed = llmobsi_load_relaxed(&instance->collector.requests_freed);
    if (collected > slots / 8 || freed > records / 8) {
        pause_ns /= 4;
    } else if (collected <= slots / 32 && freed <= records / 32) {
        pause_ns *= 2;
    }
    if (pause_ns < UINT64_C(250000)) {
        pause_ns = UINT64_C(250000);
    }
    return pause_ns < longest ? pause_ns : longest;
}

llmobsi_fn void* llmobsi_tick_run(void* argument)
{
    llmobsi_instance* instance = (llmobsi_instance*)argument;
    uint64_t pause_ns = UINT64_C(1000000);
    llmobsi_lock_take(&instance->rest);
    while (!instance->stop) {
        uint32_t collected;
        llmobsi_lock_wait_until(&instance->rest, llmobsi_monotonic_ns() + pause_ns);
        if (instance->stop) {
            break;
        }
        llmobsi_lock_give(&instance->rest);
        collected = llmobsi_instance_tick(instance);
        llmobsi_instance_tell(instance);
        pause_ns = llmobsi_tick_pause(instance, pause_ns, collected);
        llmobsi_lock_take(&instance->rest);
    }
    llmobsi_lock_give(&instance->rest);
    return NULL;
}

llmobsi_fn bool llmobsi_tick_start(llmobsi_instance* instance)
{
    instance->stop = false;
    instance->ticking = llmobsi_thread_start(&instance->thread, llmobsi_tick_run, instance);
    return instance->ticking;
}

llmobsi_fn void llmobsi_tick_stop(llmobsi_instance* instance)
{
    if (!instance->ticking) {
        return;
    }
    llmobsi_lock_take(&instance->rest);
    instance->stop = true;
    llmobsi_lock_wake_all(&instance->rest);
    llmobsi_lock_give(&instance->rest);
    (void)pthread_join(instance->thread, NULL);
    instance->ticking = false;
}

/* ---- tick ---------------------------------------------------------------------------------- */

llmobsi_fn void llmobsi_instance_pump(llmobsi_instance* instance)
{
    uint32_t count = llmobsi_load_acquire(&instance->collector.exporter_count);
    uint32_t i;
    for (i = 0; i < count; i++) {
        (void)llmobsi_exporter_pump(&instance->collector.exporters[i]);
    }
}

LLMOBS_API llmobs_result llmobs_tick(llmobs* obs)
{
    llmobsi_instance* instance;
    int cancel;
    if (llmobsi_in_callback(llmobsi_ticket(obs))) {
        return LLMOBS_ERROR_BUSY;
    }
    instance = llmobsi_call_begin(obs);
    if (instance == NULL) {
        return LLMOBS_ERROR_CLOSED;
    }
    cancel = llmobsi_cancel_hold();
    (void)llmobsi_instance_tick(instance);
    if (instance->config.host_pumped) {
        llmobsi_instance_pump(instance);
    }
    llmobsi_instance_tell(instance);
    llmobsi_call_end(instance);
    llmobsi_cancel_resume(cancel);
    return LLMOBS_OK;
}

/* ---- flush --------------------------------------------------------------------------------- */

/* Collects all that was recorded before, waiting where an exporter has no room yet: a flush makes
   no exporter lose anything as long as there is time. (The tick's own thread goes on meanwhile, and
   does not wait: a hung exporter must not stop it.) What is to be delivered then ends with the
   sequences in `targets`. */
llmobsi_fn bool llmobsi_flush_collect(llmobsi_instance* instance, const llmobsi_patience* patience,
                                      uint64_t* targets)
{
    llmobsi_collector* collector = &instance->collector;
    uint32_t ticket = collector->recorder.ticket;
    bool stopped = true;
    llmobsi_instance_alerts(instance);
    while (stopped) {
        uint32_t count;
        uint32_t i;
        llmobsi_lock_take(&collector->lock);
        (void)llmobsi_collect(collector, llmobsi_monotonic_ns() < patience->others_ns, &stopped);
        llmobsi_collect_seal(collector, true);
        llmobsi_collect_notes(collector);
        count = llmobsi_load_acquire(&collector->exporter_count);
        for (i = 0; i < count; i++) {
            targets[i] = collector->exporters[i].sealed_sequence;
        }
        llmobsi_lock_give(&collector->lock);
        if (patience->pumped) {
            llmobsi_instance_pump(instance);
        }
        if (stopped && llmobsi_patience_over(patience, ticket, llmobsi_monotonic_ns())) {
            return false;
        }
        if (stopped) {
            llmobsi_lock_take(&instance->rest);
            llmobsi_lock_wait_until(&instance->rest,
                                    llmobsi_monotonic_ns() + LLMOBS_I_FLUSH_NAP_NS);
            llmobsi_lock_give(&instance->rest);
        }
    }
    return true;
}

/* Flush, for as long as there is patience. */
llmobsi_fn bool llmobsi_instance_flush(llmobsi_instance* instance, const llmobsi_patience* patience)
{
    uint64_t targets[LLMOBS_I_EXPORTERS_MAX] = {0};
    bool delivered = llmobsi_flush_collect(instance, patience, targets);
    uint32_t i;
    for (i = 0; i < LLMOBS_I_EXPORTERS_MAX; i++) {
        if (targets[i] != 0) {
            delivered &=
                llmobsi_exporter_wait(&instance->collector.exporters[i], targets[i], patience);
        }
    }
    return delivered;
}

llmobsi_fn uint64_t llmobsi_deadline_ns(uint32_t timeout_ms)
{
    return llmobsi_monotonic_ns() + (uint64_t)timeout_ms * UINT64_C(1000000);
}

LLMOBS_API llmobs_result llmobs_flush(llmobs* obs, uint32_t timeout_ms)
{
    llmobsi_instance* instance;
    llmobsi_patience patience;
    bool delivered;
    int cancel;
    if (llmobsi_in_callback(llmobsi_ticket(obs))) {
        return LLMOBS_ERROR_BUSY;
    }
    instance = llmobsi_call_begin(obs);
    if (instance == NULL) {
        return LLMOBS_ERROR_CLOSED;
    }
    cancel = llmobsi_cancel_hold();
    patience.deadline_ns = llmobsi_deadline_ns(timeout_ms);
    patience.others_ns = UINT64_MAX;
    patience.pumped = instance->config.host_pumped;
    patience.closing = false;
    delivered = llmobsi_instance_flush(instance, &patience);
    llmobsi_instance_tell(instance);
    llmobsi_call_end(instance);
    llmobsi_cancel_resume(cancel);
    return delivered ? LLMOBS_OK : LLMOBS_ERROR_TIMEOUT;
}

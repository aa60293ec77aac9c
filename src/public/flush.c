/* The tick's own thread, and the calls that do its work on the caller's. */

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
    if (llmobsi_is_left(&collector->recorder)) {
        return 0;
    }
    llmobsi_lock_take(&collector->lock);
    count = llmobsi_collect(collector, false, &stopped);
    llmobsi_collect_seal(collector, false);
    llmobsi_collect_notes(collector);
#ifndef LLMOBS_NO_FILE
    llmobsi_flight_pulse(instance);
#endif
    llmobsi_lock_give(&collector->lock);
    llmobsi_metrics_tick(instance);
    if (llmobsi_is_left(&collector->recorder)) {
        return count;
    }
    llmobsi_judge_tick(instance);
#ifndef LLMOBS_NO_FILE
    llmobsi_state_tick(instance);
#endif
    llmobsi_detectors_tick(instance);
    return count;
}

/* Outside all locks: the callback is the host's. Where it forked, the child has no notes. Of an
   instance that is left the closer tells, unless the callback is what hangs. */
llmobsi_fn void llmobsi_instance_tell(llmobsi_instance* instance, bool closing)
{
    const llmobsi_recorder* recorder = &instance->collector.recorder;
    llmobsi_notes* notes = &instance->collector.notes;
    uint64_t now_ns = llmobsi_monotonic_ns();
    llmobsi_callback callback;
    int note;
    if (notes->tell == NULL || (llmobsi_is_left(recorder) &&
                                (!closing || llmobsi_load_acquire(&instance->telling) != 0))) {
        return;
    }
    callback = llmobsi_callback_begin(recorder->ticket);
    (void)llmobsi_add_ordered(&instance->telling, 1);
    for (note = 0; note < (int)LLMOBS_NOTE_COUNT && (closing || !llmobsi_is_left(recorder));
         note++) {
        llmobsi_notes_tell(notes, (llmobs_note)note, now_ns);
    }
    (void)llmobsi_add_ordered(&instance->telling, (uint32_t)-1);
    (void)llmobsi_callback_end(&callback);
}

/* What asks the host before it is read, and so may hang: alerts are told, gauges asked. At close
   those come last that may cost the others. */
llmobsi_fn void llmobsi_flush_read(llmobsi_instance* instance, const llmobsi_patience* patience)
{
    if (!patience->closing) {
        llmobsi_instance_alerts(instance);
    }
    llmobsi_metrics_flush(instance, patience);
    if (patience->closing && !llmobsi_is_left(&instance->collector.recorder)) {
        llmobsi_instance_alerts(instance);
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

/* The thread's end, behind a last reading. Where a callback of that forked, the child has none. */
llmobsi_fn void llmobsi_tick_last(llmobsi_instance* instance, const llmobsi_patience* patience)
{
    const llmobsi_process process = llmobsi_process_id();
    if (!llmobsi_is_left(&instance->collector.recorder)) {
        llmobsi_flush_read(instance, patience);
    }
    if (llmobsi_process_id() == process) {
        llmobsi_lock_take(&instance->rest);
        instance->ended = true;
        llmobsi_lock_wake_all(&instance->rest);
        llmobsi_lock_give(&instance->rest);
    }
}

llmobsi_fn void* llmobsi_tick_run(void* argument)
{
    llmobsi_instance* instance = (llmobsi_instance*)argument;
    const llmobsi_process process = llmobsi_process_id();
    uint64_t pause_ns = UINT64_C(1000000);
    llmobsi_patience last;
    llmobsi_lock_take(&instance->rest);
    while (!instance->stop) {
        uint32_t collected;
        llmobsi_lock_wait_until(&instance->rest, llmobsi_monotonic_ns() + pause_ns);
        if (instance->stop) {
            break;
        }
        llmobsi_lock_give(&instance->rest);
        collected = llmobsi_instance_tick(instance);
        llmobsi_instance_tell(instance, false);
        if (llmobsi_process_id() != process) {
            return NULL; /* a callback forked, and this is the child: the thread is the parent's */
        }
        pause_ns = llmobsi_tick_pause(instance, pause_ns, collected);
        llmobsi_lock_take(&instance->rest);
    }
    last = instance->last;
    llmobsi_lock_give(&instance->rest);
    llmobsi_tick_last(instance, &last);
    return NULL;
}

llmobsi_fn bool llmobsi_tick_start(llmobsi_instance* instance)
{
    instance->stop = false;
    instance->ended = false;
    instance->ticking = llmobsi_thread_start(&instance->thread, llmobsi_tick_run, instance);
    return instance->ticking;
}

/* Whether the thread is done, by then. */
llmobsi_fn bool llmobsi_tick_ended(llmobsi_instance* instance, uint64_t deadline_ns)
{
    bool ended;
    llmobsi_lock_take(&instance->rest);
    while (!instance->ended && llmobsi_monotonic_ns() < deadline_ns) {
        llmobsi_lock_wait_until(&instance->rest, deadline_ns);
    }
    ended = instance->ended;
    llmobsi_lock_give(&instance->rest);
    return ended;
}

/* The last reading of metrics. It is made by the thread, where there is one: a callback of the
   host's may hang there, and not the closer. False: one does. */
llmobsi_fn bool llmobsi_tick_stop(llmobsi_instance* instance, const llmobsi_patience* patience)
{
    bool ended;
    if (!instance->ticking) {
        llmobsi_flush_read(instance, patience);
        return true;
    }
    llmobsi_lock_take(&instance->rest);
    instance->last = *patience;
    instance->stop = true;
    llmobsi_lock_wake_all(&instance->rest);
    llmobsi_lock_give(&instance->rest);
    ended = llmobsi_tick_ended(instance, patience->deadline_ns);
    if (!ended) {
        llmobsi_store_release(&instance->collector.recorder.left, 1);
    }
    return ended;
}

/* The thread's end, after llmobsi_tick_stop. False: it hangs still, and is left alone. */
llmobsi_fn bool llmobsi_tick_join(llmobsi_instance* instance, uint64_t deadline_ns)
{
    bool ended = !instance->ticking || llmobsi_tick_ended(instance, deadline_ns);
    if (instance->ticking) {
        llmobsi_thread_end(instance->thread, ended);
    }
    instance->ticking = false;
    llmobsi_notes_add(&instance->collector.notes, LLMOBS_NOTE_CALLBACK_SLOW, !ended);
    return ended;
}

/* In the child of a fork: the thread, and who else was telling notes, are the parent's. */
llmobsi_fn void llmobsi_tick_forked(llmobsi_instance* instance)
{
    instance->ticking = false;
    llmobsi_store_relaxed(&instance->telling, 0);
}

/* The threads of a fork's child. What has none is done by who flushes and closes. */
llmobsi_fn void llmobsi_threads_forked(llmobsi_instance* instance)
{
    llmobsi_collector* collector = &instance->collector;
    uint32_t i;
    for (i = 0; i < collector->exporter_count; i++) {
        (void)llmobsi_exporter_start(instance, &collector->exporters[i]);
    }
    if (!instance->config.host_pumped && !llmobsi_tick_start(instance)) {
        llmobsi_notes_add(&collector->notes, LLMOBS_NOTE_THREAD_START, 1);
    }
}

/* ---- tick ---------------------------------------------------------------------------------- */

/* For those exporters that have no thread of their own. */
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
    llmobs_result result = LLMOBS_OK;
    llmobsi_instance* instance;
    int cancel;
    instance = llmobsi_call_outside(obs, &result);
    if (instance == NULL) {
        return result;
    }
    cancel = llmobsi_cancel_hold();
    (void)llmobsi_instance_tick(instance);
    llmobsi_instance_pump(instance);
    llmobsi_instance_tell(instance, false);
    llmobsi_call_end(instance);
    llmobsi_cancel_resume(cancel);
    return result;
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
    while (stopped) {
        uint32_t count;
        uint32_t i;
        llmobsi_lock_take(&collector->lock);
        (void)llmobsi_collect(collector, llmobsi_monotonic_ns() < patience->others_ns, &stopped);
        llmobsi_collect_seal(collector, true);
        llmobsi_collect_notes(collector);
#ifndef LLMOBS_NO_FILE
        llmobsi_flight_pulse(instance);
#endif
        count = llmobsi_load_acquire(&collector->exporter_count);
        for (i = 0; i < count; i++) {
            targets[i] = llmobsi_exporter_sealed(&collector->exporters[i]);
        }
        llmobsi_lock_give(&collector->lock);
        llmobsi_instance_pump(instance);
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

/* What a reading of metrics is to show: spans that ended are counted when they are collected. */
llmobsi_fn void llmobsi_flush_book(llmobsi_instance* instance, const llmobsi_patience* patience)
{
    uint64_t targets[LLMOBS_I_EXPORTERS_MAX];
    if (!llmobsi_is_left(&instance->collector.recorder)) {
        (void)llmobsi_flush_collect(instance, patience, targets);
    }
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
    llmobs_result result = LLMOBS_OK;
    llmobsi_instance* instance;
    llmobsi_patience patience;
    bool delivered;
    int cancel;
    instance = llmobsi_call_outside(obs, &result);
    if (instance == NULL) {
        return result;
    }
    cancel = llmobsi_cancel_hold();
    patience.deadline_ns = llmobsi_deadline_ns(timeout_ms);
    patience.others_ns = UINT64_MAX;
    patience.closing = false;
    llmobsi_flush_book(instance, &patience);
    llmobsi_flush_read(instance, &patience);
    delivered = !llmobsi_is_left(&instance->collector.recorder) &&
                llmobsi_instance_flush(instance, &patience);
    llmobsi_instance_tell(instance, false);
    llmobsi_call_end(instance);
    llmobsi_cancel_resume(cancel);
    return delivered ? result : LLMOBS_ERROR_TIMEOUT;
}

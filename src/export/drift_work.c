/* Who makes runs: a thread of its own that the tick wakes, since a run takes as long as it takes;
   or whoever calls llmobs_drift_work. One at a time. */

/* ---- what is due --------------------------------------------------------------------------- */

llmobsi_fn void llmobsi_detector_load(llmobsi_instance* instance, llmobsi_detector* detector)
{
#ifndef LLMOBS_NO_FILE
    llmobsi_keep_load(instance, detector);
#endif
    llmobsi_detector_begin(llmobsi_detectors_of(&instance->collector.recorder), detector);
    detector->loaded = true;
}

llmobsi_fn void llmobsi_detector_save(llmobsi_instance* instance, llmobsi_detector* detector)
{
#ifndef LLMOBS_NO_FILE
    llmobsi_keep_save(instance, detector);
#else
    (void)instance;
    (void)detector;
#endif
}

/* All that is due of one detector. The callback comes last, when nothing is left to be done: it may
   take long, or fork. */
llmobsi_fn void llmobsi_detector_work(llmobsi_instance* instance, llmobsi_detector* detector,
                                      uint64_t now_ns)
{
    llmobsi_detectors* detectors = llmobsi_detectors_of(&instance->collector.recorder);
    const uint32_t ticket = instance->collector.recorder.ticket;
    llmobsi_detector_run run;
    bool made;
    if (!detector->loaded) {
        llmobsi_detector_load(instance, detector);
    }
    made = llmobsi_detector_make(detectors, detector, now_ns, &run);
    if (llmobsi_detector_forget(detectors, detector, now_ns) || made) {
        llmobsi_detector_save(instance, detector);
    }
    if (made) {
        llmobsi_detector_measure_run(detector, &run.report);
        llmobsi_detector_log((llmobs*)(uintptr_t)ticket, &run.report);
        llmobsi_detector_tell(detectors, ticket, &run.report);
    }
}

/* All that is due. False: another thread is at it. The callback may have forked: then the rest is
   the parent's. */
llmobsi_fn bool llmobsi_detectors_work(llmobsi_instance* instance)
{
    llmobsi_detectors* detectors = llmobsi_detectors_of(&instance->collector.recorder);
    const llmobsi_process process = llmobsi_process_id();
    uint64_t now_ns = llmobsi_clock_unix_ns(&instance->config.clock);
    uint32_t idle = 0;
    uint32_t i;
    if (!llmobsi_cas_acquire_release(&detectors->running, &idle, 1)) {
        return false;
    }
    for (i = 0; i < llmobsi_load_acquire(&detectors->count) && llmobsi_process_id() == process &&
                llmobsi_load_relaxed(&detectors->stopping) == 0;
         i++) {
        if (llmobsi_detector_is_due(&detectors->detectors[i], now_ns)) {
            llmobsi_detector_work(instance, &detectors->detectors[i], now_ns);
        }
    }
    if (llmobsi_process_id() == process) {
        llmobsi_store_release(&detectors->running, 0);
    }
    return true;
}

LLMOBS_API llmobs_result llmobs_drift_work(llmobs* obs)
{
    llmobs_result result = LLMOBS_ERROR_LIMIT;
    llmobsi_instance* instance;
    int cancel;
    instance = llmobsi_call_outside(obs, &result);
    if (instance == NULL) {
        return result;
    }
    cancel = llmobsi_cancel_hold();
    if (llmobsi_detectors_of(&instance->collector.recorder) != NULL) {
        (void)llmobsi_detectors_work(instance);
        result = LLMOBS_OK;
    }
    llmobsi_call_end(instance);
    llmobsi_cancel_resume(cancel);
    return result;
}

/* ---- the thread ---------------------------------------------------------------------------- */

/* Keeps all for the last time. */
llmobsi_fn void llmobsi_detectors_save(llmobsi_instance* instance)
{
    llmobsi_detectors* detectors = llmobsi_detectors_of(&instance->collector.recorder);
    uint32_t count = llmobsi_load_acquire(&detectors->count);
    uint32_t i;
    for (i = 0; i < count; i++) {
        if (detectors->detectors[i].loaded) {
            llmobsi_detector_save(instance, &detectors->detectors[i]);
        }
    }
}

/* Of vectors nothing is left. */
llmobsi_fn void llmobsi_detectors_wipe(llmobsi_detectors* detectors)
{
    llmobsi_wipe(detectors->pages, detectors->page_bytes);
    llmobsi_pages_seclude(detectors->pages, detectors->page_bytes, false);
}

/* Sleeps until there is something to do. False: it is the end. */
llmobsi_fn bool llmobsi_detectors_rest(llmobsi_detectors* detectors)
{
    bool more;
    llmobsi_lock_take(&detectors->call);
    while (!detectors->wanted && !detectors->stop) {
        llmobsi_lock_wait_until(&detectors->call, llmobsi_monotonic_ns() + LLMOBS_I_MINUTE_NS);
    }
    detectors->wanted = false;
    more = !detectors->stop;
    llmobsi_lock_give(&detectors->call);
    return more;
}

/* Says that it is over. Returns whether close did not wait for that. */
llmobsi_fn bool llmobsi_detectors_end(llmobsi_detectors* detectors)
{
    bool left;
    llmobsi_lock_take(&detectors->call);
    detectors->ended = true;
    left = detectors->left;
    llmobsi_lock_wake_all(&detectors->call);
    llmobsi_lock_give(&detectors->call);
    return left;
}

/* One whom close did not wait for has the block to itself, and writes no file: it may be the next
   instance's by then. */
llmobsi_fn void* llmobsi_detectors_run(void* argument)
{
    llmobsi_instance* instance = (llmobsi_instance*)argument;
    llmobsi_detectors* detectors = llmobsi_detectors_of(&instance->collector.recorder);
    const llmobsi_process process = llmobsi_process_id();
    uint32_t idle = 0;
    bool left;
    while (llmobsi_detectors_rest(detectors)) {
        (void)llmobsi_detectors_work(instance);
        if (llmobsi_process_id() != process) {
            return NULL; /* the callback forked, and came back in the child */
        }
    }
    llmobsi_lock_take(&detectors->call);
    left = detectors->left;
    llmobsi_lock_give(&detectors->call);
    /* Who is still in a run changes what would be saved; it was saved when that run began. */
    if (!left && llmobsi_cas_acquire_release(&detectors->running, &idle, 1)) {
        llmobsi_detectors_save(instance);
        llmobsi_store_release(&detectors->running, 0);
    }
    if (llmobsi_detectors_end(detectors)) {
        llmobsi_detectors_wipe(detectors);
    }
    return NULL;
}

llmobsi_fn void llmobsi_detectors_ask(llmobsi_detectors* detectors, bool stop)
{
    llmobsi_lock_take(&detectors->call);
    detectors->wanted = true;
    detectors->stop |= stop;
    llmobsi_lock_wake_all(&detectors->call);
    llmobsi_lock_give(&detectors->call);
}

/* After a tick, outside its lock. */
llmobsi_fn void llmobsi_detectors_tick(llmobsi_instance* instance)
{
    llmobsi_detectors* detectors = llmobsi_detectors_of(&instance->collector.recorder);
    if (detectors != NULL && detectors->has_thread &&
        llmobsi_detectors_are_due(detectors, llmobsi_clock_unix_ns(&instance->config.clock))) {
        llmobsi_detectors_ask(detectors, false);
    }
}

/* ---- open, close, fork --------------------------------------------------------------------- */

/* Without a thread the host makes runs. */
llmobsi_fn void llmobsi_detectors_start(llmobsi_instance* instance)
{
    llmobsi_detectors* detectors = llmobsi_detectors_of(&instance->collector.recorder);
    detectors->has_thread = false;
    detectors->wanted = false;
    detectors->stop = false;
    detectors->ended = false;
    if (!instance->config.host_pumped) {
        detectors->has_thread =
            llmobsi_thread_start(&detectors->thread, llmobsi_detectors_run, instance);
        llmobsi_notes_add(&instance->collector.notes, LLMOBS_NOTE_THREAD_START,
                          !detectors->has_thread);
    }
}

/* Before anybody else is there. */
llmobsi_fn void llmobsi_detectors_open(llmobsi_instance* instance)
{
    llmobsi_detectors* detectors = llmobsi_detectors_of(&instance->collector.recorder);
    const char* folder = instance->config.drift_directory;
    const int before = errno;
    if (detectors == NULL) {
        return;
    }
    memset(detectors->pages, 0, detectors->page_bytes);
    llmobsi_pages_seclude(detectors->pages, detectors->page_bytes, true);
#ifndef LLMOBS_NO_FILE
    if (folder != NULL && !llmobsi_file_set_path(detectors->folder, folder)) {
        detectors->folder[0] = '\0';
        llmobsi_notes_add(&instance->collector.notes, LLMOBS_NOTE_DRIFT_WRITE, 1);
    }
#else
    llmobsi_notes_add(&instance->collector.notes, LLMOBS_NOTE_DRIFT_WRITE, folder != NULL);
#endif
    errno = before;
    llmobsi_detectors_start(instance);
}

/* No new run begins, and a fit under way ends. */
llmobsi_fn void llmobsi_detectors_stop(llmobsi_instance* instance)
{
    llmobsi_detectors* detectors = llmobsi_detectors_of(&instance->collector.recorder);
    if (detectors != NULL) {
        llmobsi_store_relaxed(&detectors->stopping, 1);
    }
}

/* Ends the thread, which keeps all for the last time, and waits for that. False: the host's
   callback hangs, or the disk, and the thread is left to it. */
llmobsi_fn bool llmobsi_detectors_ended(llmobsi_detectors* detectors, uint64_t deadline_ns)
{
    bool ended;
    llmobsi_detectors_ask(detectors, true);
    llmobsi_lock_take(&detectors->call);
    while (!detectors->ended && llmobsi_monotonic_ns() < deadline_ns) {
        llmobsi_lock_wait_until(&detectors->call, deadline_ns);
    }
    ended = detectors->ended;
    detectors->left = !ended;
    llmobsi_lock_give(&detectors->call);
    llmobsi_thread_end(detectors->thread, ended);
    return ended;
}

/* After llmobsi_detectors_stop, when nobody else comes in any more, and what requests left has been
   collected. False: see above, or a caller
   of llmobs_drift_work does not come back. */
llmobsi_fn bool llmobsi_detectors_close(llmobsi_instance* instance, uint64_t deadline_ns)
{
    llmobsi_detectors* detectors = llmobsi_detectors_of(&instance->collector.recorder);
    uint32_t idle = 0;
    if (detectors == NULL) {
        return true;
    }
    if (detectors->has_thread && !llmobsi_detectors_ended(detectors, deadline_ns)) {
        return false;
    }
    if (!llmobsi_cas_acquire_release(&detectors->running, &idle, 1)) {
        return false;
    }
    if (!detectors->has_thread) {
        llmobsi_detectors_save(instance);
    }
    llmobsi_detectors_wipe(detectors);
    return true;
}

/* In the child of a fork: definitions stay, what they have seen is the parent's, and so are the
   files and the thread. The kernel has zeroed the vectors, where it can. */
llmobsi_fn void llmobsi_detectors_forked(llmobsi_instance* instance, bool start)
{
    llmobsi_detectors* detectors = llmobsi_detectors_of(&instance->collector.recorder);
    uint64_t now_ns = llmobsi_clock_unix_ns(&instance->config.clock);
    uint32_t i;
    if (detectors == NULL) {
        return;
    }
    memset(detectors->pages, 0, detectors->page_bytes);
    for (i = 0; i < detectors->count; i++) {
        llmobsi_detector_forked(detectors, &detectors->detectors[i], now_ns);
    }
    detectors->folder[0] = '\0';
    detectors->running = 0;
    detectors->saved = 0;
    detectors->failed = 0;
    detectors->damaged = 0;
    detectors->has_thread = false;
    if (start) {
        llmobsi_detectors_start(instance);
    }
}

llmobsi_fn void llmobsi_detectors_stats(const llmobsi_instance* instance, llmobs_stats* stats)
{
    const llmobsi_detectors* detectors = llmobsi_detectors_of(&instance->collector.recorder);
    if (detectors != NULL) {
        stats->drift_saved = llmobsi_load_relaxed(&detectors->saved);
        stats->drift_failed = llmobsi_load_relaxed(&detectors->failed);
        stats->drift_damaged = llmobsi_load_relaxed(&detectors->damaged);
    }
}

/* Exporters at work: an attempt, and what becomes of it. Each exporter's thread, or the host that
   pumps, takes from its queue (export/exporter) what is due. */

/* ---- what became of an attempt ------------------------------------------------------------- */

/* How long to wait after the attempt of this number: doubling, with up to a quarter off so that
   many processes do not come back together. `salt` is what differs between those. */
llmobsi_fn uint64_t llmobsi_backoff_ns(uint32_t first_ms, uint32_t most_ms, uint32_t attempt,
                                       uint64_t salt)
{
    uint64_t wait = first_ms;
    uint32_t doublings = attempt > 0 ? attempt - 1 : 0;
    uint64_t jitter;
    while (doublings-- > 0 && wait < most_ms) {
        wait *= 2;
    }
    wait = (wait < most_ms ? wait : most_ms) * UINT64_C(1000000);
    jitter = (salt + attempt) * UINT64_C(0x9e3779b97f4a7c15) >> 56;
    return wait - wait / 4 * jitter / 255;
}

/* Under the lock, as the next two. A receiver can't refuse more than it was given. */
llmobsi_fn void llmobsi_batch_delivered(llmobsi_exporter* exporter, const llmobsi_queued* batch,
                                        uint64_t rejected)
{
    rejected = rejected < batch->packer.count ? rejected : batch->packer.count;
    (void)llmobsi_add_relaxed(&exporter->exported[batch->signal], batch->packer.count - rejected);
    (void)llmobsi_add_relaxed(&exporter->delivered_batches, 1);
    if (rejected > 0) {
        llmobsi_exporter_lose(exporter, batch->signal, LLMOBS_LOSS_REJECTED, rejected);
    }
}

#define LLMOBS_I_RETRY_AFTER_MOST_MS UINT64_C(86400000)

/* Back into the queue. A receiver that can't take one batch will hardly take another: all of them
   wait, longer after each such answer in a row; and the batch itself for as long as its own
   attempts have it. What the receiver says of its state holds for all, too. */
llmobsi_fn void llmobsi_batch_again(llmobsi_exporter* exporter, llmobsi_queued* batch,
                                    uint64_t retry_after_ms)
{
    uint64_t now_ns = llmobsi_monotonic_ns();
    const llmobs_exporter* host = &exporter->host;
    (void)llmobsi_add_relaxed(&exporter->retries, 1);
    exporter->held_ns = now_ns + llmobsi_backoff_ns(host->retry_first_ms, host->retry_most_ms,
                                                    exporter->failures, batch->id);
    batch->due_ns = now_ns + llmobsi_backoff_ns(host->retry_first_ms, host->retry_most_ms,
                                                batch->attempt, batch->id);
    batch->state = LLMOBS_I_BATCH_SEALED;
    if (retry_after_ms > 0) {
        retry_after_ms = retry_after_ms < LLMOBS_I_RETRY_AFTER_MOST_MS
                             ? retry_after_ms
                             : LLMOBS_I_RETRY_AFTER_MOST_MS;
        exporter->resume_ns = now_ns + retry_after_ms * UINT64_C(1000000);
        batch->due_ns = exporter->resume_ns;
    }
}

/* What became of an attempt. */
llmobsi_fn void llmobsi_batch_settle(llmobsi_exporter* exporter, llmobsi_queued* batch,
                                     const llmobs_export_report* report)
{
    const bool again = report->result == LLMOBS_EXPORT_RETRY;
    batch->serial++;
    batch->state = LLMOBS_I_BATCH_FREE;
    exporter->failures = again ? exporter->failures + 1 : 0;
    exporter->held_ns = 0;
    if (batch->replayed) {
        exporter->spooling.report = *report;
        batch->state = LLMOBS_I_BATCH_TAKEN;
    } else if (report->result == LLMOBS_EXPORT_OK) {
        llmobsi_batch_delivered(exporter, batch, report->rejected);
    } else if (again && (exporter->spooling.on || batch->attempt < exporter->host.max_attempts)) {
        batch->given_up = batch->attempt >= exporter->host.max_attempts;
        llmobsi_batch_again(exporter, batch, report->retry_after_ms);
    } else {
        llmobsi_batch_lose(exporter, batch, LLMOBS_LOSS_FAILED);
    }
    if (batch->state == LLMOBS_I_BATCH_FREE) {
        llmobsi_journal_clear(batch->journal);
    }
    llmobsi_lock_wake_all(&exporter->lock);
}

/* Until then no batch is tried. */
llmobsi_inline uint64_t llmobsi_exporter_held(const llmobsi_exporter* exporter)
{
    return exporter->held_ns > exporter->resume_ns ? exporter->held_ns : exporter->resume_ns;
}

/* Whether a batch is to be tried before another one: one that was tried less often, so that none
   which is always refused keeps the others; then the older one. */
llmobsi_inline bool llmobsi_batch_before(const llmobsi_queued* batch, const llmobsi_queued* other)
{
    return batch->attempt != other->attempt ? batch->attempt < other->attempt
                                            : batch->sequence < other->sequence;
}

/* The batch to be tried now; or when there will be one, in *due_ns. Under the lock. */
llmobsi_fn llmobsi_queued* llmobsi_batch_due(llmobsi_exporter* exporter, uint64_t now_ns,
                                             uint64_t* due_ns)
{
    llmobsi_queued* first = NULL;
    uint32_t i;
    *due_ns = llmobsi_exporter_held(exporter);
    if (now_ns < *due_ns) {
        return NULL;
    }
    *due_ns = UINT64_MAX;
    for (i = 0; i < exporter->batch_count; i++) {
        llmobsi_queued* batch = &exporter->batches[i];
        if (batch->state != LLMOBS_I_BATCH_SEALED) {
            continue;
        }
        if (batch->due_ns > now_ns) {
            *due_ns = batch->due_ns < *due_ns ? batch->due_ns : *due_ns;
        } else if (first == NULL || llmobsi_batch_before(batch, first)) {
            first = batch;
        }
    }
    return first;
}

/* Of an attempt. */
llmobsi_fn void llmobsi_batch_address(const llmobsi_exporter* exporter, llmobsi_queued* batch)
{
    llmobs_batch* view = &batch->view;
    view->size = sizeof *view;
    view->id = batch->id;
    view->attempt = batch->attempt;
    view->token.instance = exporter->ticket;
    view->token.place =
        exporter->number * LLMOBS_I_BATCH_PLACES + (uint32_t)(batch - exporter->batches);
    view->token.serial = batch->serial;
}

/* What was lost since the batch before is told in this one, once. */
llmobsi_fn void llmobsi_batch_tell(llmobsi_exporter* exporter, llmobsi_queued* batch)
{
    if (!batch->told) {
        uint64_t lost = llmobsi_exporter_lost(exporter, batch->signal);
        batch->lost_before = lost - exporter->lost_told[batch->signal];
        exporter->lost_told[batch->signal] = lost;
        batch->told = true;
    }
}

/* What its memory holds, for who gets it. What came out of the spool has it from there. */
llmobsi_fn void llmobsi_batch_view(const llmobsi_exporter* exporter, llmobsi_queued* batch)
{
    llmobs_batch* view = &batch->view;
    if (batch->replayed) {
        llmobsi_batch_address(exporter, batch);
        return;
    }
    memset(view, 0, sizeof *view);
    llmobsi_batch_address(exporter, batch);
    view->resource = exporter->resource;
    if (batch->signal == LLMOBS_I_LOGS) {
        view->logs = (const llmobs_log_view*)(const void*)batch->packer.memory;
        view->log_count = batch->packer.count;
    } else if (batch->signal == LLMOBS_I_METRICS) {
        view->metrics = (const llmobs_metric_view*)(const void*)batch->packer.memory;
        view->metric_count = batch->metric_count;
    } else {
        view->spans = (const llmobs_span_view*)(const void*)batch->packer.memory;
        view->span_count = batch->packer.count;
    }
    view->lost_before = batch->lost_before;
}

/* The host's callback. One that throws has not said that anything was delivered. False: it forked,
   and this is the child, whose exporter knows nothing of the batch. */
llmobsi_fn bool llmobsi_batch_call(const llmobsi_exporter* exporter, const llmobsi_queued* batch,
                                   llmobs_export_result* result)
{
    llmobsi_callback callback = llmobsi_callback_begin(exporter->ticket);
    bool threw = false;
    llmobsi_try {
        *result = exporter->host.export_batch(exporter->host.user, &batch->view);
    }
    llmobsi_catch_any {
        *result = LLMOBS_EXPORT_DROP;
        threw = true;
    }
    if (!llmobsi_callback_end(&callback)) {
        return false;
    }
    llmobsi_notes_add(exporter->notes, LLMOBS_NOTE_CALLBACK_THREW, threw);
    return true;
}

/* One attempt, with the lock taken and, around the callback, given. False: as above. */
llmobsi_fn bool llmobsi_batch_export(llmobsi_exporter* exporter, llmobsi_queued* batch)
{
    llmobs_export_report report = llmobs_export_report_default();
    bool here;
    batch->state = LLMOBS_I_BATCH_EXPORTING;
    batch->attempt++;
    llmobsi_batch_tell(exporter, batch);
    batch->settled_early = false;
    llmobsi_batch_view(exporter, batch);
    exporter->inside = true;
    llmobsi_lock_give(&exporter->lock);

    here = llmobsi_batch_call(exporter, batch, &report.result);

    llmobsi_lock_take(&exporter->lock);
    if (!here) {
        return false;
    }
    exporter->inside = false;
    if (batch->settled_early) {
        llmobsi_batch_settle(exporter, batch, &batch->early);
    } else if (report.result != LLMOBS_EXPORT_PENDING) {
        llmobsi_batch_settle(exporter, batch, &report);
    } else {
        batch->state = LLMOBS_I_BATCH_PENDING;
        llmobsi_lock_wake_all(&exporter->lock);
    }
    return true;
}

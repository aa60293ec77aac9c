/* An exporter and its spool. While the receiver fails, batches whose attempts ran out go there,
   and the oldest ones once more than half of the queue is in use; when the exporter closes, what
   is left. The oldest of the spool is tried whenever none of the queue's own batches is due: a long
   way back must not cost what is recorded meanwhile. All of the spool's work is done by whoever
   makes the attempts, outside of the lock. */

#ifndef LLMOBS_NO_FILE

#define LLMOBS_I_SPOOL_BYTES (UINT64_C(256) << 20)

/* The lock is given while the spool is at work. */
llmobsi_fn void llmobsi_spooling_begin(llmobsi_exporter* exporter)
{
    exporter->inside = true;
    exporter->spooling.working = true;
    llmobsi_lock_give(&exporter->lock);
}

llmobsi_fn void llmobsi_spooling_end(llmobsi_exporter* exporter)
{
    llmobsi_lock_take(&exporter->lock);
    exporter->spooling.working = false;
    exporter->inside = false;
}

llmobsi_fn void llmobsi_spooling_notes(llmobsi_exporter* exporter)
{
    llmobsi_spooling* spooling = &exporter->spooling;
    uint64_t failures = llmobsi_load_relaxed(&spooling->spool->counts.failures);
    uint64_t lost = 0;
    uint32_t signal;
    for (signal = 0; signal < LLMOBS_I_SIGNALS; signal++) {
        lost += llmobsi_spooling_lost(exporter, signal);
    }
    llmobsi_notes_add(exporter->notes, LLMOBS_NOTE_SPOOL_WRITE, failures - spooling->failures_told);
    llmobsi_notes_add(exporter->notes, LLMOBS_NOTE_SPOOL_FULL, lost - spooling->lost_told);
    spooling->failures_told = failures;
    spooling->lost_told = lost;
}

/* ---- away ---------------------------------------------------------------------------------- */

/* A batch to be put away, if any is. What is on its way back is none. */
llmobsi_fn llmobsi_queued* llmobsi_spooling_find(llmobsi_exporter* exporter)
{
    uint32_t used = 0;
    uint32_t i;
    for (i = 0; i < exporter->batch_count; i++) {
        llmobsi_queued* batch = &exporter->batches[i];
        used += batch->state != LLMOBS_I_BATCH_FREE;
        if (batch->state == LLMOBS_I_BATCH_SEALED && batch->given_up) {
            return batch;
        }
    }
    return exporter->failures > 0 && used > exporter->batch_count / 2
               ? llmobsi_batch_oldest(exporter, LLMOBS_I_ALL_SIGNALS, true)
               : NULL;
}

/* Puts it into the spool. Otherwise it stays; where its attempts had run out, it is lost. */
llmobsi_fn llmobsi_spool_result llmobsi_spooling_put(llmobsi_exporter* exporter,
                                                     llmobsi_queued* batch)
{
    llmobsi_spool_result result;
    batch->state = LLMOBS_I_BATCH_EXPORTING;
    llmobsi_batch_tell(exporter, batch);
    llmobsi_batch_view(exporter, batch);
    llmobsi_spooling_begin(exporter);
    result = llmobsi_spool_put(exporter->spooling.spool, &batch->view);
    llmobsi_spooling_end(exporter);
    llmobsi_spooling_notes(exporter);
    batch->state = LLMOBS_I_BATCH_SEALED;
    batch->too_large = result == LLMOBS_I_SPOOL_LARGE;
    if (result == LLMOBS_I_SPOOL_OK) {
        batch->serial++;
        batch->state = LLMOBS_I_BATCH_FREE;
    } else if (batch->given_up) {
        batch->state = LLMOBS_I_BATCH_FREE;
        llmobsi_batch_lose(exporter, batch, LLMOBS_LOSS_FAILED);
    }
    if (batch->state == LLMOBS_I_BATCH_FREE) {
        llmobsi_journal_clear(batch->journal);
    }
    llmobsi_lock_wake_all(&exporter->lock);
    return result;
}

/* ---- back ---------------------------------------------------------------------------------- */

/* Whether the oldest batch may be tried now; or when, in *due_ns. */
llmobsi_fn bool llmobsi_spooling_due(const llmobsi_exporter* exporter, uint64_t now_ns,
                                     uint64_t* due_ns)
{
    const llmobsi_spooling* spooling = &exporter->spooling;
    uint64_t held_ns = llmobsi_exporter_held(exporter);
    uint64_t due = spooling->due_ns > held_ns ? spooling->due_ns : held_ns;
    if (spooling->replaying || llmobsi_load_relaxed(&spooling->spool->counts.batches) == 0) {
        return false;
    }
    if (due > now_ns) {
        *due_ns = due < *due_ns ? due : *due_ns;
        return false;
    }
    return true;
}

/* What the spool has given, as a batch of the queue, which nobody waits for. */
llmobsi_fn void llmobsi_spooling_make(const llmobsi_exporter* exporter, llmobsi_queued* batch)
{
    const llmobs_batch* view = &batch->view;
    llmobsi_batch_clear(batch);
    batch->replayed = true;
    batch->told = true;
    batch->id = view->id;
    batch->sequence = UINT64_MAX;
    batch->signal = view->log_count > 0      ? LLMOBS_I_LOGS
                    : view->metric_count > 0 ? LLMOBS_I_METRICS
                                             : LLMOBS_I_SPANS;
    batch->packer.count = view->span_count + view->log_count + llmobsi_batch_points(view);
    batch->packer.front = 0;
    batch->packer.back = 0; /* it may have all of the memory */
    batch->attempt = exporter->spooling.attempt;
}

/* The oldest batch, brought back. NULL: there is none now, or no memory for it. */
llmobsi_fn llmobsi_queued* llmobsi_spooling_get(llmobsi_exporter* exporter)
{
    llmobsi_spooling* spooling = &exporter->spooling;
    llmobsi_queued* batch = llmobsi_batch_free(exporter);
    llmobsi_spool_result result;
    if (batch == NULL) {
        return NULL;
    }
    batch->state = LLMOBS_I_BATCH_EXPORTING;
    batch->sequence = UINT64_MAX;
    batch->replayed = true; /* for who looks at it meanwhile */
    llmobsi_spooling_begin(exporter);
    result = llmobsi_spool_peek(spooling->spool, batch->packer.memory, exporter->batch_bytes,
                                &batch->view);
    llmobsi_spooling_end(exporter);
    llmobsi_spooling_notes(exporter);
    if (result != LLMOBS_I_SPOOL_OK) {
        batch->state = LLMOBS_I_BATCH_FREE;
        spooling->due_ns = llmobsi_monotonic_ns() + UINT64_C(1000000000);
        return NULL;
    }
    if (spooling->attempt == 0) {
        spooling->delivered_before = llmobsi_load_relaxed(&exporter->delivered_batches);
    }
    llmobsi_spooling_make(exporter, batch);
    spooling->replaying = true;
    return batch;
}

/* It is settled: taken away, or left for later. A batch that is refused again and again while
   others are taken is not the receiver's bad time, but its own; attempts of an outage do not
   count. */
llmobsi_fn void llmobsi_spooling_settled(llmobsi_exporter* exporter, llmobsi_queued* batch)
{
    llmobsi_spooling* spooling = &exporter->spooling;
    const llmobs_export_report* report = &spooling->report;
    const uint64_t delivered = llmobsi_load_relaxed(&exporter->delivered_batches);
    spooling->refused += spooling->delivered_before != delivered;
    spooling->delivered_before = delivered;
    if (report->result == LLMOBS_EXPORT_RETRY && spooling->refused < exporter->host.max_attempts) {
        spooling->attempt = batch->attempt;
        llmobsi_batch_again(exporter, batch, report->retry_after_ms);
        spooling->due_ns = batch->due_ns;
    } else {
        llmobsi_spooling_begin(exporter);
        llmobsi_spool_take(spooling->spool);
        llmobsi_spooling_end(exporter);
        llmobsi_spooling_notes(exporter);
        spooling->attempt = 0;
        spooling->refused = 0;
        spooling->due_ns = 0;
        if (report->result == LLMOBS_EXPORT_OK) {
            llmobsi_batch_delivered(exporter, batch, report->rejected);
        } else {
            llmobsi_exporter_lose(exporter, batch->signal, LLMOBS_LOSS_FAILED,
                                  batch->packer.count);
        }
    }
    batch->state = LLMOBS_I_BATCH_FREE;
    spooling->replaying = false;
    llmobsi_lock_wake_all(&exporter->lock);
}

/* ---- the whole ----------------------------------------------------------------------------- */

/* Takes away what is settled: there is one at most. False: there is none, or a closer is at work
   in the place of a callback that hung until now. */
llmobsi_fn bool llmobsi_spooling_finish(llmobsi_exporter* exporter)
{
    const llmobsi_spooling* spooling = &exporter->spooling;
    uint32_t i;
    for (i = 0; spooling->on && !spooling->working && i < exporter->batch_count; i++) {
        if (exporter->batches[i].state == LLMOBS_I_BATCH_TAKEN) {
            llmobsi_spooling_settled(exporter, &exporter->batches[i]);
            return true;
        }
    }
    return false;
}

/* Does what there is to be done; a batch to be tried now is put into *batch. False: nothing is, or
   not before *due_ns. Under the lock, which is given meanwhile. */
llmobsi_fn bool llmobsi_spooling_step(llmobsi_exporter* exporter, uint64_t now_ns,
                                      uint64_t* due_ns, llmobsi_queued** batch)
{
    llmobsi_queued* found;
    uint64_t own_due_ns;
    if (!exporter->spooling.on) {
        return false;
    }
    if (llmobsi_spooling_finish(exporter)) {
        return true;
    }
    found = llmobsi_spooling_find(exporter);
    if (found != NULL && llmobsi_spooling_put(exporter, found) == LLMOBS_I_SPOOL_OK) {
        return true;
    }
    if (llmobsi_spooling_due(exporter, now_ns, due_ns) &&
        llmobsi_batch_due(exporter, now_ns, &own_due_ns) == NULL) {
        *batch = llmobsi_spooling_get(exporter);
        if (*batch == NULL && exporter->spooling.due_ns > now_ns) {
            *due_ns = exporter->spooling.due_ns; /* it could not be read now */
        }
    }
    return *batch != NULL;
}

/* At close, when no attempt begins any more: what is left goes to the spool; but for the batch
   that a callback has which hangs, and what is still pending. By the exporter's thread, without a
   deadline: where the disk hangs, close leaves it behind, as it does one whose callback hangs.
   Where there is no thread for it, by the closer, who looks at the time between batches. Under the
   lock, which is given meanwhile. */
llmobsi_fn void llmobsi_spooling_last(llmobsi_exporter* exporter, uint64_t deadline_ns)
{
    const llmobsi_spooling* spooling = &exporter->spooling;
    llmobsi_spool_result result = LLMOBS_I_SPOOL_OK;
    (void)llmobsi_spooling_finish(exporter);
    while (spooling->on && !spooling->working && llmobsi_monotonic_ns() < deadline_ns &&
           (result == LLMOBS_I_SPOOL_OK || result == LLMOBS_I_SPOOL_LARGE)) {
        llmobsi_queued* batch = llmobsi_batch_oldest(exporter, LLMOBS_I_ALL_SIGNALS, true);
        if (batch == NULL) {
            break;
        }
        result = llmobsi_spooling_put(exporter, batch);
    }
}

/* When nobody answers any more. What was answered since is taken away: it must not come again. */
llmobsi_fn void llmobsi_spooling_close(llmobsi_exporter* exporter)
{
    llmobsi_spooling* spooling = &exporter->spooling;
    (void)llmobsi_spooling_finish(exporter);
    if (spooling->on && !spooling->working) {
        llmobsi_spooling_begin(exporter);
        llmobsi_spool_close(spooling->spool);
        llmobsi_spooling_end(exporter);
        spooling->on = false;
    }
}

/* Opens it, where the exporter has one. BUSY: somebody else has the directory, and it goes without.
   Before its thread is there. */
llmobsi_fn llmobs_result llmobsi_spooling_open(llmobsi_exporter* exporter)
{
    const char* directory = exporter->host.spool_directory;
    uint64_t limit = exporter->host.spool_bytes;
    llmobsi_spool_result result;
    if (directory == NULL) {
        return LLMOBS_OK;
    }
    llmobsi_notes_add(exporter->notes, LLMOBS_NOTE_CONFIG_RANGE,
                      limit != 0 && limit < LLMOBS_I_SPOOL_LEAST);
    result = llmobsi_spool_open(exporter->spooling.spool, directory,
                                limit != 0 ? limit : LLMOBS_I_SPOOL_BYTES);
    exporter->spooling.on = result == LLMOBS_I_SPOOL_OK;
    if (result == LLMOBS_I_SPOOL_BUSY) {
        llmobsi_notes_add(exporter->notes, LLMOBS_NOTE_SPOOL_TAKEN, 1);
        return LLMOBS_OK;
    }
    if (!exporter->spooling.on) {
        llmobsi_notes_add(exporter->notes, LLMOBS_NOTE_FILE_OPEN, 1);
        return LLMOBS_ERROR_SYSTEM;
    }
    llmobsi_spooling_notes(exporter);
    return LLMOBS_OK;
}

llmobsi_fn void llmobsi_spooling_layout(llmobsi_arena* arena, llmobsi_exporter* exporter)
{
    llmobsi_spool* spool = (llmobsi_spool*)llmobsi_arena_take(arena, 1, sizeof(llmobsi_spool));
    if (exporter != NULL && spool != NULL) {
        memset((void*)spool, 0, sizeof *spool);
        exporter->spooling.spool = spool;
    }
}

/* The lock is the parent's. */
llmobsi_fn void llmobsi_spooling_let_go(llmobsi_exporter* exporter)
{
    llmobsi_held_close(&exporter->spooling.spool->lock);
}

/* In the child of a fork the spool is the parent's. */
llmobsi_fn void llmobsi_spooling_forked(llmobsi_exporter* exporter)
{
    llmobsi_spool* spool = exporter->spooling.spool;
    llmobsi_spool_forked(spool);
    memset((void*)&exporter->spooling, 0, sizeof exporter->spooling);
    exporter->spooling.spool = spool;
}

/* Adds what is in the spool, and was lost there, to an account. */
llmobsi_fn void llmobsi_spooling_account(const llmobsi_exporter* exporter, uint32_t signal,
                                         llmobs_signal_stats* stats)
{
    stats->recovered = llmobsi_spooling_items(exporter, signal, LLMOBS_I_SPOOL_RECOVERED);
    stats->spooled = llmobsi_load_relaxed(&exporter->spooling.spool->counts.waiting[signal]);
    stats->lost[LLMOBS_LOSS_SPOOL] = llmobsi_spooling_lost(exporter, signal);
}

llmobsi_fn uint64_t llmobsi_spooling_bytes(const llmobsi_exporter* exporter)
{
    return llmobsi_load_relaxed(&exporter->spooling.spool->counts.bytes);
}

#else

llmobsi_fn bool llmobsi_spooling_finish(llmobsi_exporter* exporter)
{
    (void)exporter;
    return false;
}

llmobsi_fn bool llmobsi_spooling_step(llmobsi_exporter* exporter, uint64_t now_ns,
                                      uint64_t* due_ns, llmobsi_queued** batch)
{
    (void)exporter;
    (void)now_ns;
    (void)due_ns;
    (void)batch;
    return false;
}

llmobsi_fn void llmobsi_spooling_last(llmobsi_exporter* exporter, uint64_t deadline_ns)
{
    (void)exporter;
    (void)deadline_ns;
}

llmobsi_fn void llmobsi_spooling_close(llmobsi_exporter* exporter)
{
    (void)exporter;
}

/* A build without files has no spool. */
llmobsi_fn llmobs_result llmobsi_spooling_open(llmobsi_exporter* exporter)
{
    return exporter->host.spool_directory == NULL ? LLMOBS_OK : LLMOBS_ERROR_FORMAT;
}

llmobsi_fn void llmobsi_spooling_layout(llmobsi_arena* arena, llmobsi_exporter* exporter)
{
    (void)arena;
    (void)exporter;
}

llmobsi_fn void llmobsi_spooling_let_go(llmobsi_exporter* exporter)
{
    (void)exporter;
}

llmobsi_fn void llmobsi_spooling_forked(llmobsi_exporter* exporter)
{
    (void)exporter;
}

llmobsi_fn void llmobsi_spooling_account(const llmobsi_exporter* exporter, uint32_t signal,
                                         llmobs_signal_stats* stats)
{
    (void)exporter;
    (void)signal;
    (void)stats;
}

llmobsi_fn uint64_t llmobsi_spooling_bytes(const llmobsi_exporter* exporter)
{
    (void)exporter;
    return 0;
}

#endif

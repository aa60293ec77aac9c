/* Who makes attempts: each exporter's thread, or the host; and who waits for them. */

typedef enum llmobsi_work {
    LLMOBS_I_WORK_NONE,    /* nothing is due                            */
    LLMOBS_I_WORK_DONE,    /* something was, and it was no attempt      */
    LLMOBS_I_WORK_ATTEMPT, /* a batch was tried                         */
    LLMOBS_I_WORK_FORKED   /* and its callback forked: this is the child */
} llmobsi_work;

/* The next thing to be done, by who makes the attempts; or when there will be one, in *due_ns.
   Under the lock, which is given meanwhile. */
llmobsi_fn llmobsi_work llmobsi_exporter_step(llmobsi_exporter* exporter, uint64_t now_ns,
                                              uint64_t* due_ns)
{
    llmobsi_queued* batch = NULL;
    uint64_t spool_due_ns = UINT64_MAX;
    if (llmobsi_spooling_step(exporter, now_ns, &spool_due_ns, &batch) && batch == NULL) {
        return LLMOBS_I_WORK_DONE;
    }
    if (batch == NULL) {
        batch = llmobsi_batch_due(exporter, now_ns, due_ns);
        *due_ns = spool_due_ns < *due_ns ? spool_due_ns : *due_ns;
    }
    if (batch == NULL) {
        return LLMOBS_I_WORK_NONE;
    }
    if (!llmobsi_batch_export(exporter, batch)) {
        return LLMOBS_I_WORK_FORKED;
    }
    (void)llmobsi_spooling_finish(exporter); /* at once: a kill in between would send it again */
    return LLMOBS_I_WORK_ATTEMPT;
}

/* Exports what is due, on this thread; returns how many attempts were made: twice as many as the
   queue has batches at most, since a spool may hold more than the host has time for. For exporters
   without a thread: the host pumps, or none could be had in the child of a fork. */
llmobsi_fn uint32_t llmobsi_exporter_pump(llmobsi_exporter* exporter)
{
    uint32_t attempts = 0;
    uint64_t due_ns;
    llmobsi_lock_take(&exporter->lock);
    while (!exporter->thread_made && !exporter->inside && !exporter->stop &&
           attempts < 2 * exporter->batch_count) {
        llmobsi_work work = llmobsi_exporter_step(exporter, llmobsi_monotonic_ns(), &due_ns);
        if (work == LLMOBS_I_WORK_NONE) {
            break;
        }
        attempts += work == LLMOBS_I_WORK_ATTEMPT;
    }
    llmobsi_lock_give(&exporter->lock);
    return attempts;
}

/* The end of the exporter's thread. Answers may come until the closer says that nobody is left to
   give one, the last of them by the exporter's own close. Under the lock. */
llmobsi_fn void llmobsi_exporter_finish(llmobsi_exporter* exporter)
{
    llmobsi_spooling_last(exporter, UINT64_MAX);
    exporter->put_away = true;
    llmobsi_lock_wake_all(&exporter->lock);
    while (!exporter->finish) {
        if (!llmobsi_spooling_finish(exporter)) { /* else the lock was given, and much may be new */
            llmobsi_lock_wait_until(&exporter->lock,
                                    llmobsi_monotonic_ns() + UINT64_C(60000000000));
        }
    }
    llmobsi_spooling_close(exporter);
    exporter->thread_ended = true;
    llmobsi_lock_wake_all(&exporter->lock);
}

/* The exporter's thread. */
llmobsi_fn void* llmobsi_exporter_run(void* argument)
{
    llmobsi_exporter* exporter = (llmobsi_exporter*)argument;
    llmobsi_lock_take(&exporter->lock);
    while (!exporter->stop) {
        uint64_t now_ns = llmobsi_monotonic_ns();
        uint64_t due_ns;
        llmobsi_work work = llmobsi_exporter_step(exporter, now_ns, &due_ns);
        if (work == LLMOBS_I_WORK_FORKED) {
            llmobsi_lock_give(&exporter->lock);
            return NULL; /* the exporter's thread is the parent's */
        }
        if (work == LLMOBS_I_WORK_NONE && !exporter->stop) { /* the spool was at work meanwhile */
            uint64_t longest = now_ns + UINT64_C(60000000000);
            llmobsi_lock_wait_until(&exporter->lock, due_ns < longest ? due_ns : longest);
        }
    }
    llmobsi_exporter_finish(exporter);
    llmobsi_lock_give(&exporter->lock);
    return NULL;
}

/* ---- waiting for delivery ------------------------------------------------------------------ */

#define LLMOBS_I_FLUSH_NAP_NS UINT64_C(1000000)

/* The last batch that was sealed. */
llmobsi_fn uint64_t llmobsi_exporter_sealed(llmobsi_exporter* exporter)
{
    uint64_t sequence;
    llmobsi_lock_take(&exporter->lock);
    sequence = exporter->sealed_sequence;
    llmobsi_lock_give(&exporter->lock);
    return sequence;
}

/* Whether every batch sealed up to `sequence` is settled. Under the lock. */
llmobsi_fn bool llmobsi_exporter_settled(const llmobsi_exporter* exporter, uint64_t sequence)
{
    uint32_t i;
    for (i = 0; i < exporter->batch_count; i++) {
        const llmobsi_queued* batch = &exporter->batches[i];
        if (batch->state >= LLMOBS_I_BATCH_SEALED && batch->sequence <= sequence) {
            return false;
        }
    }
    return true;
}

typedef struct llmobsi_patience {
    uint64_t deadline_ns;
    uint64_t others_ns; /* from then on an exporter without room does not hold the others up */
    bool closing; /* this is the closer itself; all others give up when the instance closes */
} llmobsi_patience;

llmobsi_fn bool llmobsi_patience_over(const llmobsi_patience* patience, uint32_t ticket,
                                      uint64_t now_ns)
{
    const llmobsi_place* place = &llmobsi_places[LLMOBS_I_PLACE(ticket)];
    return now_ns >= patience->deadline_ns ||
           (!patience->closing && llmobsi_load_relaxed(&place->ticket) != ticket);
}

/* Whether the receiver fails and there is a spool: who closes need not wait, all goes there. */
llmobsi_inline bool llmobsi_exporter_is_away(const llmobsi_exporter* exporter)
{
    return exporter->spooling.on && exporter->failures > 0;
}

#define LLMOBS_I_WAIT_SLICE_NS UINT64_C(20000000)

/* Waits until then, or for as long as there is patience. */
llmobsi_fn bool llmobsi_exporter_wait(llmobsi_exporter* exporter, uint64_t sequence,
                                      const llmobsi_patience* patience)
{
    bool settled;
    llmobsi_lock_take(&exporter->lock);
    for (;;) {
        uint64_t now_ns = llmobsi_monotonic_ns();
        uint64_t until_ns = now_ns + LLMOBS_I_WAIT_SLICE_NS;
        uint64_t due_ns = until_ns;
        llmobsi_work work = LLMOBS_I_WORK_NONE;
        settled = llmobsi_exporter_settled(exporter, sequence) ||
                  (patience->closing && llmobsi_exporter_is_away(exporter));
        if (settled || llmobsi_patience_over(patience, exporter->ticket, now_ns)) {
            break;
        }
        if (!exporter->thread_made && !exporter->inside && !exporter->stop) {
            work = llmobsi_exporter_step(exporter, now_ns, &due_ns);
        }
        if (work != LLMOBS_I_WORK_NONE) {
            continue;
        }
        until_ns = due_ns < until_ns ? due_ns : until_ns;
        llmobsi_lock_wait_until(
            &exporter->lock, until_ns < patience->deadline_ns ? until_ns : patience->deadline_ns);
    }
    llmobsi_lock_give(&exporter->lock);
    return settled;
}

/* Everything that is still queued is lost; the callback will not be called again. True if there
   is a batch that the host was promised until llmobs_export_done: its memory must stay. One that is
   settled is still to be taken out of the spool, once the disk is back. */
llmobsi_fn bool llmobsi_exporter_abandon(llmobsi_exporter* exporter)
{
    bool promised = false;
    uint64_t lost = 0;
    uint32_t i;
    llmobsi_lock_take(&exporter->lock);
    for (i = 0; i < exporter->batch_count; i++) {
        llmobsi_queued* batch = &exporter->batches[i];
        if (batch->state != LLMOBS_I_BATCH_FREE && batch->state != LLMOBS_I_BATCH_TAKEN) {
            const bool is_read = batch->state == LLMOBS_I_BATCH_FILLING &&
                                 batch->signal == LLMOBS_I_METRICS; /* what hangs there has it */
            promised |= batch->state == LLMOBS_I_BATCH_PENDING;
            if (!batch->replayed && !is_read) { /* else it is in the spool, or not received yet */
                lost += batch->packer.count;
                llmobsi_batch_lose(exporter, batch, LLMOBS_LOSS_CLOSE);
            }
            batch->state = LLMOBS_I_BATCH_FREE;
            batch->serial++;
        }
    }
    llmobsi_lock_give(&exporter->lock);
    llmobsi_notes_add(exporter->notes, LLMOBS_NOTE_CLOSE_LOST, lost);
    return promised;
}

/* ---- stats --------------------------------------------------------------------------------- */

/* The account of one signal. Under the lock. */
llmobsi_fn void llmobsi_exporter_account(const llmobsi_exporter* exporter, uint32_t signal,
                                         llmobs_signal_stats* stats)
{
    uint64_t settled;
    int loss;
    memset(stats, 0, sizeof *stats);
    stats->exported = llmobsi_load_relaxed(&exporter->exported[signal]);
    for (loss = 0; loss < (int)LLMOBS_LOSS_COUNT; loss++) {
        stats->lost[loss] = llmobsi_load_acquire(&exporter->lost[signal][loss]);
    }
    llmobsi_spooling_account(exporter, signal, stats);
    settled = stats->exported + stats->spooled;
    for (loss = 0; loss < (int)LLMOBS_LOSS_COUNT; loss++) {
        settled += stats->lost[loss];
    }
    /* Last: what is lost was received before, so the difference is not negative, but for a moment
       while the spool is at work. */
    stats->received = llmobsi_load_relaxed(&exporter->received[signal]);
    stats->queued = stats->received + stats->recovered > settled
                        ? stats->received + stats->recovered - settled
                        : 0;
}

/* Adds a signal's account to what an exporter tells of spans and log records together. */
llmobsi_fn void llmobsi_exporter_add_account(const llmobsi_exporter* exporter, uint32_t signal,
                                             llmobs_exporter_stats* stats)
{
    llmobs_signal_stats one;
    int loss;
    llmobsi_exporter_account(exporter, signal, &one);
    stats->received += one.received;
    stats->exported += one.exported;
    stats->queued += one.queued;
    stats->recovered += one.recovered;
    stats->spooled += one.spooled;
    for (loss = 0; loss < (int)LLMOBS_LOSS_COUNT; loss++) {
        stats->lost[loss] += one.lost[loss];
    }
}

llmobsi_fn void llmobsi_exporter_stats(llmobsi_exporter* exporter, llmobs_exporter_stats* stats)
{
    uint32_t i;
    memset(stats, 0, sizeof *stats);
    memcpy(stats->name, exporter->name, sizeof stats->name);
    llmobsi_lock_take(&exporter->lock);
    for (i = 0; i < exporter->batch_count; i++) {
        const llmobsi_queued* batch = &exporter->batches[i];
        if (batch->state >= LLMOBS_I_BATCH_SEALED) {
            stats->queue_bytes += exporter->batch_bytes - batch->packer.back + batch->packer.front;
        }
    }
    llmobsi_exporter_add_account(exporter, LLMOBS_I_SPANS, stats);
    llmobsi_exporter_add_account(exporter, LLMOBS_I_LOGS, stats);
    llmobsi_exporter_account(exporter, LLMOBS_I_METRICS, &stats->points);
    stats->batches = llmobsi_load_relaxed(&exporter->delivered_batches);
    stats->retries = llmobsi_load_relaxed(&exporter->retries);
    stats->spool_bytes = llmobsi_spooling_bytes(exporter);
    llmobsi_lock_give(&exporter->lock);
}

#ifdef LLMOBS_DEBUG
/* Whether the account has as many queued as the queue holds. What came out of the spool is counted
   there. Under the lock, while nobody is inside. */
llmobsi_fn bool llmobsi_exporter_is_counted(const llmobsi_exporter* exporter, uint32_t signal)
{
    llmobs_signal_stats account;
    uint64_t held = 0;
    uint32_t i;
    for (i = 0; i < exporter->batch_count; i++) {
        const llmobsi_queued* batch = &exporter->batches[i];
        if (batch->state != LLMOBS_I_BATCH_FREE && batch->signal == signal && !batch->replayed) {
            held += batch->packer.count;
        }
    }
    llmobsi_exporter_account(exporter, signal, &account);
    return account.queued == held;
}

/* What must hold of a queue whenever its lock is free; the tick asks. */
llmobsi_fn bool llmobsi_exporter_is_valid(llmobsi_exporter* exporter)
{
    bool valid = true;
    uint32_t filling = 0;
    uint32_t i;
    llmobsi_lock_take(&exporter->lock);
    for (i = 0; i < exporter->batch_count; i++) {
        const llmobsi_queued* batch = &exporter->batches[i];
        if (batch->state == LLMOBS_I_BATCH_FREE) {
            continue;
        }
        filling += batch->state == LLMOBS_I_BATCH_FILLING && batch->signal != LLMOBS_I_METRICS;
        valid &= batch->packer.front <= batch->packer.back;
        valid &= batch->packer.back <= exporter->batch_bytes;
        valid &= batch->replayed || batch->signal == LLMOBS_I_METRICS ||
                 batch->packer.front == batch->packer.count * (batch->signal == LLMOBS_I_LOGS
                                                                   ? sizeof(llmobs_log_view)
                                                                   : sizeof(llmobs_span_view));
        valid &= batch->state == LLMOBS_I_BATCH_FILLING || batch->replayed ||
                 batch->sequence <= exporter->sealed_sequence;
    }
    valid &= filling == (uint32_t)(exporter->filling[LLMOBS_I_SPANS] != LLMOBS_I_BATCH_NONE) +
                            (uint32_t)(exporter->filling[LLMOBS_I_LOGS] != LLMOBS_I_BATCH_NONE);
    valid &= exporter->inside || (llmobsi_exporter_is_counted(exporter, LLMOBS_I_SPANS) &&
                                  llmobsi_exporter_is_counted(exporter, LLMOBS_I_LOGS));
    llmobsi_lock_give(&exporter->lock);
    return valid;
}
#endif

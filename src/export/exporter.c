/* Exporters' queues. Each exporter has one of its own and, unless the host pumps, a thread of its
   own: one that hangs costs its queue and nothing else. A batch goes

   free -> filling (the tick) -> sealed -> exporting (the exporter's thread) -> free

   There is one being filled for each signal.

   or from exporting back to sealed (retry), or on to pending (until llmobs_export_done). All
   changes are made under the exporter's lock, which is never held across a callback. */

LLMOBS_API llmobs_export_report llmobs_export_report_default(void)
{
    llmobs_export_report report;
    memset(&report, 0, sizeof report);
    report.size = sizeof report;
    report.result = LLMOBS_EXPORT_OK;
    return report;
}

#define LLMOBS_I_EXPORTER_STATE 4096u /* bytes of private state, for exporters of our own */
#define LLMOBS_I_BATCH_NONE UINT32_MAX
#define LLMOBS_I_BATCH_PLACES 1024u /* batches of an exporter are numbered below it */

/* What a batch holds. */
#define LLMOBS_I_SPANS 0u /* bit LLMOBS_SIGNAL_SPANS */
#define LLMOBS_I_LOGS 1u
#define LLMOBS_I_METRICS 2u
#define LLMOBS_I_SIGNALS 3u
#define LLMOBS_I_ALL_SIGNALS (LLMOBS_SIGNAL_SPANS | LLMOBS_SIGNAL_LOGS | LLMOBS_SIGNAL_METRICS)
/* One of each signal being filled, and one under way meanwhile. */
#define LLMOBS_I_BATCHES_LEAST (LLMOBS_I_SIGNALS + 1)

typedef enum llmobsi_batch_state {
    LLMOBS_I_BATCH_FREE,
    LLMOBS_I_BATCH_FILLING,
    LLMOBS_I_BATCH_SEALED,
    LLMOBS_I_BATCH_EXPORTING,
    LLMOBS_I_BATCH_PENDING,
    LLMOBS_I_BATCH_TAKEN /* out of the spool, settled: it is still to be taken away there */
} llmobsi_batch_state;

typedef struct llmobsi_queued {
    llmobsi_batch_state state;
    uint32_t signal;
    uint32_t attempt;
    uint64_t serial;   /* changes with each attempt: tells tokens apart */
    uint64_t sequence; /* order of sealing, from 1 */
    uint64_t id;
    uint64_t due_ns;   /* sealed: not before (monotonic) */
    uint64_t begun_ns; /* filling: since when (monotonic) */
    uint64_t lost_before;
    bool told;          /* what was lost before it stands in it */
    bool given_up;      /* attempts ran out: it goes to the spool */
    bool replayed;      /* out of the spool */
    bool too_large;     /* for the spool, however empty */
    bool settled_early; /* llmobs_export_done came before the callback's return */
    llmobs_export_report early;
    llmobsi_packer packer;
    uint32_t metric_count; /* views at the front, where it has metrics */
    llmobsi_journal* journal; /* in the flight recorder's file; NULL: there is none. Open writes */
    uint32_t journal_bytes;
    llmobs_batch view; /* what the callback gets; lives as long as the batch is pending */
} llmobsi_queued;

#ifdef LLMOBS_NO_FILE
typedef struct llmobsi_spool llmobsi_spool; /* there is none */
#endif

/* The spool's part. All under the lock, but for the spool itself: who has set `inside`. */
typedef struct llmobsi_spooling {
    llmobsi_spool* spool; /* memory for one; in use where `on` */
    bool on;
    bool working;      /* the spool is at work, without the lock */
    bool replaying;    /* its oldest batch is in the queue */
    uint32_t attempt;  /* of that batch */
    uint64_t due_ns;   /* its next one, not before (monotonic) */
    uint32_t refused;  /* times that it was, others having been taken since the time before */
    uint64_t delivered_before; /* batches, when it was tried first, and then settled */
    llmobs_export_report report; /* what became of it */
    uint64_t failures_told;
    uint64_t lost_told;
} llmobsi_spooling;

typedef struct llmobsi_exporter {
    llmobs_exporter host; /* as given, with defaults */
    char name[32];
    uint32_t ticket;
    uint32_t number;
    llmobsi_notes* notes;
    const llmobs_resource_view* resource;
    llmobsi_atomic64* batch_ids; /* the instance's */
    llmobsi_lock lock;
    llmobsi_queued* batches; /* below: all under the lock but for what says otherwise */
    uint32_t batch_count;
    size_t batch_bytes;
    uint32_t filling[LLMOBS_I_SIGNALS]; /* the tick alone, and what is in the batches meanwhile */
    uint64_t sealed_sequence;
    uint64_t resume_ns; /* the receiver wants nothing before (monotonic) */
    uint64_t held_ns;   /* likewise, since it said RETRY and nothing more */
    uint32_t failures;  /* answers in a row that were RETRY */
    llmobsi_spooling spooling;
    bool inside; /* a callback runs, or the spool is at work, without the lock */
    bool stop;     /* no callback is begun any more */
    bool put_away; /* and what was left is in the spool, by its thread */
    bool finish;   /* nobody answers any more */
    bool thread_made;
    bool thread_ended;
    llmobsi_os_thread thread;
    llmobsi_atomic32 reading; /* metrics are read for it: by whoever has set it */
    uint64_t metrics_due_ns;  /* when next (monotonic). Whoever reads them */
    uint64_t lost_told[LLMOBS_I_SIGNALS]; /* losses that a batch has told of */
    llmobsi_atomic64 received[LLMOBS_I_SIGNALS]; /* the tick or a reader adds, stats read */
    llmobsi_atomic64 exported[LLMOBS_I_SIGNALS]; /* this and the rest: under the lock, stats read */
    llmobsi_atomic64 lost[LLMOBS_I_SIGNALS][LLMOBS_LOSS_COUNT];
    llmobsi_atomic64 delivered_batches;
    llmobsi_atomic64 retries;
    unsigned char* state; /* LLMOBS_I_EXPORTER_STATE */
} llmobsi_exporter;

/* ---- layout -------------------------------------------------------------------------------- */

llmobsi_fn uint32_t llmobsi_exporter_batches(const llmobs_config* config)
{
    uint32_t count = config->queue_bytes / config->batch_bytes;
    count = count > LLMOBS_I_BATCHES_LEAST ? count : LLMOBS_I_BATCHES_LEAST;
    return count < LLMOBS_I_BATCH_PLACES ? count : LLMOBS_I_BATCH_PLACES;
}

/* No batch is being filled. Metrics' batches are filled at one go, and never stand here. */
llmobsi_fn void llmobsi_exporter_fill_none(llmobsi_exporter* exporter)
{
    uint32_t signal;
    for (signal = 0; signal < LLMOBS_I_SIGNALS; signal++) {
        exporter->filling[signal] = LLMOBS_I_BATCH_NONE;
    }
}

/* Takes an exporter's memory; `exporter` is NULL while measuring. */
llmobsi_fn void llmobsi_exporter_layout(llmobsi_arena* arena, const llmobs_config* config,
                                        llmobsi_exporter* exporter)
{
    uint32_t count = llmobsi_exporter_batches(config);
    size_t bytes = config->batch_bytes & ~(size_t)(LLMOBS_I_CACHE_LINE - 1);
    llmobsi_queued* batches =
        (llmobsi_queued*)llmobsi_arena_take(arena, count, sizeof(llmobsi_queued));
    unsigned char* memory = (unsigned char*)llmobsi_arena_take(arena, count, bytes);
    unsigned char* state = (unsigned char*)llmobsi_arena_take(arena, 1, LLMOBS_I_EXPORTER_STATE);
    uint32_t i;
    if (exporter == NULL || memory == NULL) {
        return;
    }
    memset(exporter, 0, sizeof *exporter);
    memset(batches, 0, count * sizeof *batches);
    memset(state, 0, LLMOBS_I_EXPORTER_STATE);
    exporter->batches = batches;
    exporter->batch_count = count;
    exporter->batch_bytes = bytes;
    exporter->state = state;
    llmobsi_exporter_fill_none(exporter);
    for (i = 0; i < count; i++) {
        batches[i].packer.memory = memory + i * bytes;
    }
}

/* In the child of a fork: the parent exports what is queued; its threads are not here. */
llmobsi_fn void llmobsi_exporter_forked(llmobsi_exporter* exporter)
{
    uint32_t i;
    for (i = 0; i < exporter->batch_count; i++) {
        exporter->batches[i].state = LLMOBS_I_BATCH_FREE;
        exporter->batches[i].serial++;
    }
    llmobsi_exporter_fill_none(exporter);
    exporter->resume_ns = 0;
    exporter->reading = 0;
    exporter->inside = false;
    exporter->thread_made = false;
    memset(exporter->lost_told, 0, sizeof exporter->lost_told);
    memset(exporter->received, 0, sizeof exporter->received);
    memset(exporter->exported, 0, sizeof exporter->exported);
    exporter->delivered_batches = 0;
    exporter->retries = 0;
    exporter->held_ns = 0;
    exporter->failures = 0;
    memset(exporter->lost, 0, sizeof exporter->lost);
}

/* ---- losing -------------------------------------------------------------------------------- */

llmobsi_fn void llmobsi_exporter_lose(llmobsi_exporter* exporter, uint32_t signal, llmobs_loss loss,
                                      uint64_t count)
{
    (void)llmobsi_add_relaxed(&exporter->lost[signal][loss], count);
    if (loss == LLMOBS_LOSS_QUEUE || loss == LLMOBS_LOSS_SIZE) {
        llmobsi_notes_add(exporter->notes, LLMOBS_NOTE_QUEUE, count);
    } else if (loss == LLMOBS_LOSS_FAILED) {
        llmobsi_notes_add(exporter->notes, LLMOBS_NOTE_EXPORT_FAILED, 1);
    } else if (loss == LLMOBS_LOSS_REJECTED) {
        llmobsi_notes_add(exporter->notes, LLMOBS_NOTE_EXPORT_REJECTED, count);
    }
}

/* A batch that is lost takes along what it had to tell of a gap: the next one tells it. Under the
   lock. */
llmobsi_fn void llmobsi_batch_lose(llmobsi_exporter* exporter, llmobsi_queued* batch,
                                   llmobs_loss loss)
{
    exporter->lost_told[batch->signal] -= batch->lost_before;
    batch->lost_before = 0;
    llmobsi_exporter_lose(exporter, batch->signal, loss, batch->packer.count);
}

#ifndef LLMOBS_NO_FILE
/* What a signal's items have come to in the spool. */
llmobsi_fn uint64_t llmobsi_spooling_items(const llmobsi_exporter* exporter, uint32_t signal,
                                           llmobsi_spool_fate fate)
{
    return llmobsi_load_relaxed(&exporter->spooling.spool->counts.items[fate][signal]);
}

/* Lost there. */
llmobsi_fn uint64_t llmobsi_spooling_lost(const llmobsi_exporter* exporter, uint32_t signal)
{
    return llmobsi_spooling_items(exporter, signal, LLMOBS_I_SPOOL_DISPLACED) +
           llmobsi_spooling_items(exporter, signal, LLMOBS_I_SPOOL_DAMAGED);
}
#else
llmobsi_fn uint64_t llmobsi_spooling_lost(const llmobsi_exporter* exporter, uint32_t signal)
{
    (void)exporter;
    (void)signal;
    return 0;
}
#endif

llmobsi_fn uint64_t llmobsi_exporter_lost(const llmobsi_exporter* exporter, uint32_t signal)
{
    uint64_t sum = llmobsi_spooling_lost(exporter, signal);
    int loss;
    for (loss = 0; loss < (int)LLMOBS_LOSS_COUNT; loss++) {
        sum += llmobsi_load_relaxed(&exporter->lost[signal][loss]);
    }
    return sum;
}

/* ---- filling: the tick's side -------------------------------------------------------------- */

llmobsi_inline bool llmobsi_exporter_takes(const llmobsi_exporter* exporter, uint32_t signal)
{
    return (exporter->host.signals >> signal & 1u) != 0;
}

llmobsi_inline bool llmobsi_exporter_wants_delta(const llmobsi_exporter* exporter)
{
    return llmobsi_exporter_takes(exporter, LLMOBS_I_METRICS) &&
           exporter->host.temporality == LLMOBS_TEMPORALITY_DELTA;
}

/* Under the lock, as the next. */
llmobsi_fn llmobsi_queued* llmobsi_batch_free(llmobsi_exporter* exporter)
{
    uint32_t i;
    for (i = 0; i < exporter->batch_count; i++) {
        if (exporter->batches[i].state == LLMOBS_I_BATCH_FREE) {
            return &exporter->batches[i];
        }
    }
    return NULL;
}

/* Of those that nobody works on and that are of one of these signals. `for_spool`: of those that it
   can have. */
llmobsi_fn llmobsi_queued* llmobsi_batch_oldest(llmobsi_exporter* exporter, uint32_t signals,
                                                bool for_spool)
{
    llmobsi_queued* oldest = NULL;
    uint32_t i;
    for (i = 0; i < exporter->batch_count; i++) {
        llmobsi_queued* batch = &exporter->batches[i];
        if (batch->state == LLMOBS_I_BATCH_SEALED && (signals >> batch->signal & 1u) != 0 &&
            !(for_spool && batch->too_large) &&
            (oldest == NULL || batch->sequence < oldest->sequence)) {
            oldest = batch;
        }
    }
    return oldest;
}

/* Who gives way when the queue is full: the oldest, but of metrics first, where the next reading
   tells again what is lost with this one. A span that gives way to it is never told again. */
llmobsi_fn llmobsi_queued* llmobsi_batch_yielding(llmobsi_exporter* exporter)
{
    llmobsi_queued* batch = NULL;
    if (!llmobsi_exporter_wants_delta(exporter)) {
        batch = llmobsi_batch_oldest(exporter, LLMOBS_SIGNAL_METRICS, false);
    }
    return batch != NULL ? batch : llmobsi_batch_oldest(exporter, LLMOBS_I_ALL_SIGNALS, false);
}

/* Nothing is known of what comes. */
llmobsi_fn void llmobsi_batch_clear(llmobsi_queued* batch)
{
    batch->attempt = 0;
    batch->lost_before = 0;
    batch->told = false;
    batch->given_up = false;
    batch->replayed = false;
    batch->too_large = false;
}

/* A batch to fill. When the queue is full, one that nobody works on gives way. */
llmobsi_fn llmobsi_queued* llmobsi_batch_claim(llmobsi_exporter* exporter, uint32_t signal)
{
    llmobsi_queued* batch;
    llmobsi_lock_take(&exporter->lock);
    batch = llmobsi_batch_free(exporter);
    if (batch == NULL) {
        batch = llmobsi_batch_yielding(exporter);
        if (batch != NULL) {
            llmobsi_batch_lose(exporter, batch, LLMOBS_LOSS_QUEUE);
        }
    }
    if (batch != NULL) {
        batch->state = LLMOBS_I_BATCH_FILLING;
        batch->signal = signal;
        llmobsi_batch_clear(batch);
        llmobsi_packer_reset(&batch->packer, exporter->batch_bytes);
        llmobsi_journal_clear(batch->journal);
    }
    llmobsi_lock_give(&exporter->lock);
    return batch;
}

llmobsi_fn llmobsi_queued* llmobsi_exporter_fill(llmobsi_exporter* exporter, uint32_t signal,
                                                 uint64_t now_ns)
{
    llmobsi_queued* batch;
    if (exporter->filling[signal] != LLMOBS_I_BATCH_NONE) {
        return &exporter->batches[exporter->filling[signal]];
    }
    batch = llmobsi_batch_claim(exporter, signal);
    if (batch != NULL) {
        batch->begun_ns = now_ns;
        exporter->filling[signal] = (uint32_t)(batch - exporter->batches);
    }
    return batch;
}

/* One that nothing has been put into. */
llmobsi_fn void llmobsi_batch_give_back(llmobsi_exporter* exporter, llmobsi_queued* batch)
{
    llmobsi_lock_take(&exporter->lock);
    batch->state = LLMOBS_I_BATCH_FREE;
    llmobsi_lock_give(&exporter->lock);
}

/* Hands a batch that has been filled to the exporter's thread. */
llmobsi_fn void llmobsi_batch_seal(llmobsi_exporter* exporter, llmobsi_queued* batch)
{
    llmobsi_lock_take(&exporter->lock);
    batch->id = llmobsi_add_relaxed(exporter->batch_ids, 1);
    batch->sequence = ++exporter->sealed_sequence;
    batch->due_ns = 0;
    batch->state = LLMOBS_I_BATCH_SEALED;
    llmobsi_lock_wake_all(&exporter->lock);
    llmobsi_lock_give(&exporter->lock);
}

/* The same of the one that is being filled. The tick, or close. */
llmobsi_fn void llmobsi_exporter_seal(llmobsi_exporter* exporter, uint32_t signal)
{
    uint32_t number = exporter->filling[signal];
    if (number != LLMOBS_I_BATCH_NONE && exporter->batches[number].packer.count > 0) {
        exporter->filling[signal] = LLMOBS_I_BATCH_NONE;
        llmobsi_batch_seal(exporter, &exporter->batches[number]);
    }
}

/* Which signal a slot belongs to. */
llmobsi_inline uint32_t llmobsi_slot_signal(const llmobsi_slot* slot)
{
    return slot->kind >= LLMOBS_I_SLOT_IS_LOG ? LLMOBS_I_LOGS : LLMOBS_I_SPANS;
}

llmobsi_inline bool llmobsi_batch_pack(llmobsi_queued* batch, const llmobsi_recorder* recorder,
                                       const llmobsi_slot* slot,
                                       const llmobsi_tail_verdict* verdict)
{
    return batch->signal == LLMOBS_I_LOGS
               ? llmobsi_packer_add_log(&batch->packer, recorder, slot)
               : llmobsi_packer_add(&batch->packer, recorder, slot, verdict);
}

/* False: it has no room for it, nor has its journal, or it holds as many as it may. */
llmobsi_fn bool llmobsi_batch_add(const llmobsi_exporter* exporter, llmobsi_queued* batch,
                                  const llmobsi_recorder* recorder, const llmobsi_slot* slot,
                                  const llmobsi_tail_verdict* verdict)
{
    uint32_t size;
    if (batch->packer.count >= exporter->host.batch_items) {
        return false;
    }
    if (batch->journal == NULL) {
        return llmobsi_batch_pack(batch, recorder, slot, verdict);
    }
    size = llmobsi_journal_copy(batch->journal, batch->journal_bytes, &recorder->pool, slot);
    if (size == 0 || !llmobsi_batch_pack(batch, recorder, slot, verdict)) {
        return false;
    }
    llmobsi_journal_commit(batch->journal, size);
    return true;
}

/* Copies one ended span or log record into the queue. */
llmobsi_fn void llmobsi_exporter_put(llmobsi_exporter* exporter, const llmobsi_recorder* recorder,
                                     const llmobsi_slot* slot, const llmobsi_tail_verdict* verdict,
                                     uint64_t now_ns)
{
    uint32_t signal = llmobsi_slot_signal(slot);
    llmobsi_queued* batch = llmobsi_exporter_fill(exporter, signal, now_ns);
    (void)llmobsi_add_relaxed(&exporter->received[signal], 1);
    if (batch != NULL && !llmobsi_batch_add(exporter, batch, recorder, slot, verdict)) {
        if (batch->packer.count == 0) {
            llmobsi_exporter_lose(exporter, signal, LLMOBS_LOSS_SIZE, 1);
            return;
        }
        llmobsi_exporter_seal(exporter, signal);
        batch = llmobsi_exporter_fill(exporter, signal, now_ns);
        if (batch != NULL && !llmobsi_batch_add(exporter, batch, recorder, slot, verdict)) {
            llmobsi_exporter_lose(exporter, signal, LLMOBS_LOSS_SIZE, 1);
            return;
        }
    }
    if (batch == NULL) {
        llmobsi_exporter_lose(exporter, signal, LLMOBS_LOSS_QUEUE, 1);
    }
}

/* Seals what has waited long enough. */
llmobsi_fn void llmobsi_exporter_age(llmobsi_exporter* exporter, uint64_t now_ns, uint64_t delay_ns)
{
    uint32_t signal;
    for (signal = 0; signal < LLMOBS_I_SIGNALS; signal++) {
        uint32_t number = exporter->filling[signal];
        if (number != LLMOBS_I_BATCH_NONE &&
            now_ns - exporter->batches[number].begun_ns >= delay_ns) {
            llmobsi_exporter_seal(exporter, signal);
        }
    }
}

/* How many batches are free: so many slots' contents at least find room, and nothing has to give
   way. */
llmobsi_fn uint32_t llmobsi_exporter_room(llmobsi_exporter* exporter)
{
    uint32_t room = 0;
    uint32_t i;
    llmobsi_lock_take(&exporter->lock);
    for (i = 0; i < exporter->batch_count; i++) {
        room += exporter->batches[i].state == LLMOBS_I_BATCH_FREE;
    }
    llmobsi_lock_give(&exporter->lock);
    return room;
}

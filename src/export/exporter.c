/* Exporters. Each has a queue of batches of its own and, unless the host pumps, a thread of its
   own: one that hangs costs its queue and nothing else. A batch goes

   free -> filling (the tick) -> sealed -> exporting (the exporter's thread) -> free

   There is one being filled for each signal.

   or from exporting back to sealed (retry), or on to pending (until llmobs_export_done). All
   changes are made under the exporter's lock, which is never held across a callback. */

#define LLMOBS_I_EXPORTER_STATE 4096u /* bytes of private state, for exporters of our own */
#define LLMOBS_I_BATCH_NONE UINT32_MAX
#define LLMOBS_I_BATCH_PLACES 1024u /* batches of an exporter are numbered below it */

/* What a batch holds. */
#define LLMOBS_I_SPANS 0u /* bit LLMOBS_SIGNAL_SPANS */
#define LLMOBS_I_LOGS 1u
#define LLMOBS_I_SIGNALS 2u
#define LLMOBS_I_ALL_SIGNALS (LLMOBS_SIGNAL_SPANS | LLMOBS_SIGNAL_LOGS)
/* One of each signal being filled, and one under way meanwhile. */
#define LLMOBS_I_BATCHES_LEAST (LLMOBS_I_SIGNALS + 1)

typedef enum llmobsi_batch_state {
    LLMOBS_I_BATCH_FREE,
    LLMOBS_I_BATCH_FILLING,
    LLMOBS_I_BATCH_SEALED,
    LLMOBS_I_BATCH_EXPORTING,
    LLMOBS_I_BATCH_PENDING
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
    bool settled_early; /* llmobs_export_done came before the callback's return */
    llmobs_export_result early;
    llmobsi_packer packer;
    llmobs_batch view; /* what the callback gets; lives as long as the batch is pending */
} llmobsi_queued;

typedef struct llmobsi_exporter {
    llmobs_exporter host; /* as given, with defaults */
    char name[32];
    uint32_t ticket;
    uint32_t number;
    llmobsi_notes* notes;
    const llmobs_resource_view* resource;
    uint64_t* batch_ids; /* the instance's; under its tick lock */
    llmobsi_lock lock;
    llmobsi_queued* batches; /* below: all under the lock but for what says otherwise */
    uint32_t batch_count;
    size_t batch_bytes;
    uint32_t filling[LLMOBS_I_SIGNALS]; /* the tick alone, and what is in the batches meanwhile */
    uint64_t sealed_sequence;
    bool inside; /* a callback runs */
    bool stop;
    bool thread_made;
    bool thread_ended;
    pthread_t thread;
    uint64_t lost_told[LLMOBS_I_SIGNALS]; /* losses that a batch has told of */
    llmobsi_atomic64 received[LLMOBS_I_SIGNALS]; /* the tick adds, stats read */
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
    exporter->filling[LLMOBS_I_SPANS] = LLMOBS_I_BATCH_NONE;
    exporter->filling[LLMOBS_I_LOGS] = LLMOBS_I_BATCH_NONE;
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
    exporter->filling[LLMOBS_I_SPANS] = LLMOBS_I_BATCH_NONE;
    exporter->filling[LLMOBS_I_LOGS] = LLMOBS_I_BATCH_NONE;
    exporter->inside = false;
    exporter->thread_made = false;
    memset(exporter->lost_told, 0, sizeof exporter->lost_told);
    memset(exporter->received, 0, sizeof exporter->received);
    memset(exporter->exported, 0, sizeof exporter->exported);
    exporter->delivered_batches = 0;
    exporter->retries = 0;
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

llmobsi_fn uint64_t llmobsi_exporter_lost(const llmobsi_exporter* exporter, uint32_t signal)
{
    uint64_t sum = 0;
    int loss;
    for (loss = 0; loss < (int)LLMOBS_LOSS_COUNT; loss++) {
        sum += llmobsi_load_relaxed(&exporter->lost[signal][loss]);
    }
    return sum;
}

/* ---- filling: the tick's side -------------------------------------------------------------- */

llmobsi_fn llmobsi_queued* llmobsi_batch_oldest(llmobsi_exporter* exporter)
{
    llmobsi_queued* oldest = NULL;
    uint32_t i;
    for (i = 0; i < exporter->batch_count; i++) {
        llmobsi_queued* batch = &exporter->batches[i];
        if (batch->state == LLMOBS_I_BATCH_SEALED &&
            (oldest == NULL || batch->sequence < oldest->sequence)) {
            oldest = batch;
        }
    }
    return oldest;
}

/* A batch to fill. When the queue is full the oldest one that nobody works on gives way. */
llmobsi_fn llmobsi_queued* llmobsi_batch_claim(llmobsi_exporter* exporter)
{
    llmobsi_queued* batch = NULL;
    uint32_t i;
    llmobsi_lock_take(&exporter->lock);
    for (i = 0; i < exporter->batch_count && batch == NULL; i++) {
        if (exporter->batches[i].state == LLMOBS_I_BATCH_FREE) {
            batch = &exporter->batches[i];
        }
    }
    if (batch == NULL) {
        batch = llmobsi_batch_oldest(exporter);
        if (batch != NULL) {
            llmobsi_batch_lose(exporter, batch, LLMOBS_LOSS_QUEUE);
        }
    }
    if (batch != NULL) {
        batch->state = LLMOBS_I_BATCH_FILLING;
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
    batch = llmobsi_batch_claim(exporter);
    if (batch != NULL) {
        llmobsi_packer_reset(&batch->packer, exporter->batch_bytes);
        batch->signal = signal;
        batch->attempt = 0;
        batch->lost_before = 0;
        batch->begun_ns = now_ns;
        exporter->filling[signal] = (uint32_t)(batch - exporter->batches);
    }
    return batch;
}

/* Hands the batch that is being filled to the exporter's thread. The tick, or close. */
llmobsi_fn void llmobsi_exporter_seal(llmobsi_exporter* exporter, uint32_t signal)
{
    uint32_t number = exporter->filling[signal];
    llmobsi_queued* batch;
    if (number == LLMOBS_I_BATCH_NONE || exporter->batches[number].packer.count == 0) {
        return;
    }
    batch = &exporter->batches[number];
    exporter->filling[signal] = LLMOBS_I_BATCH_NONE;
    llmobsi_lock_take(&exporter->lock);
    batch->id = (*exporter->batch_ids)++;
    batch->sequence = ++exporter->sealed_sequence;
    batch->due_ns = 0;
    batch->state = LLMOBS_I_BATCH_SEALED;
    llmobsi_lock_wake_all(&exporter->lock);
    llmobsi_lock_give(&exporter->lock);
}

/* Which signal a slot belongs to. */
llmobsi_inline uint32_t llmobsi_slot_signal(const llmobsi_slot* slot)
{
    return slot->kind >= LLMOBS_I_SLOT_IS_LOG ? LLMOBS_I_LOGS : LLMOBS_I_SPANS;
}

llmobsi_inline bool llmobsi_exporter_takes(const llmobsi_exporter* exporter, uint32_t signal)
{
    return (exporter->host.signals >> signal & 1u) != 0;
}

llmobsi_inline bool llmobsi_batch_add(llmobsi_queued* batch, const llmobsi_recorder* recorder,
                                      const llmobsi_slot* slot)
{
    return batch->signal == LLMOBS_I_LOGS ? llmobsi_packer_add_log(&batch->packer, recorder, slot)
                                          : llmobsi_packer_add(&batch->packer, recorder, slot);
}

/* Copies one ended span or log record into the queue. */
llmobsi_fn void llmobsi_exporter_put(llmobsi_exporter* exporter, const llmobsi_recorder* recorder,
                                     const llmobsi_slot* slot, uint64_t now_ns)
{
    uint32_t signal = llmobsi_slot_signal(slot);
    llmobsi_queued* batch = llmobsi_exporter_fill(exporter, signal, now_ns);
    (void)llmobsi_add_relaxed(&exporter->received[signal], 1);
    if (batch != NULL && !llmobsi_batch_add(batch, recorder, slot)) {
        if (batch->packer.count == 0) {
            llmobsi_exporter_lose(exporter, signal, LLMOBS_LOSS_SIZE, 1);
            return;
        }
        llmobsi_exporter_seal(exporter, signal);
        batch = llmobsi_exporter_fill(exporter, signal, now_ns);
        if (batch != NULL && !llmobsi_batch_add(batch, recorder, slot)) {
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

/* ---- exporting: the thread's side ---------------------------------------------------------- */

/* Doubling, with up to a quarter off so that many processes do not come back together. */
llmobsi_fn uint64_t llmobsi_retry_wait_ns(const llmobsi_exporter* exporter,
                                          const llmobsi_queued* batch)
{
    uint64_t most = exporter->host.retry_most_ms;
    uint64_t wait = exporter->host.retry_first_ms;
    uint32_t doublings = batch->attempt > 0 ? batch->attempt - 1 : 0;
    uint64_t jitter;
    while (doublings-- > 0 && wait < most) {
        wait *= 2;
    }
    wait = (wait < most ? wait : most) * UINT64_C(1000000);
    jitter = (batch->id + batch->attempt) * UINT64_C(0x9e3779b97f4a7c15) >> 56;
    return wait - wait / 4 * jitter / 255;
}

/* What became of an attempt. Under the lock. */
llmobsi_fn void llmobsi_batch_settle(llmobsi_exporter* exporter, llmobsi_queued* batch,
                                     llmobs_export_result result)
{
    batch->serial++;
    batch->state = LLMOBS_I_BATCH_FREE;
    if (result == LLMOBS_EXPORT_OK) {
        (void)llmobsi_add_relaxed(&exporter->exported[batch->signal], batch->packer.count);
        (void)llmobsi_add_relaxed(&exporter->delivered_batches, 1);
    } else if (result == LLMOBS_EXPORT_RETRY && batch->attempt < exporter->host.max_attempts) {
        (void)llmobsi_add_relaxed(&exporter->retries, 1);
        batch->due_ns = llmobsi_monotonic_ns() + llmobsi_retry_wait_ns(exporter, batch);
        batch->state = LLMOBS_I_BATCH_SEALED;
    } else {
        llmobsi_batch_lose(exporter, batch, LLMOBS_LOSS_FAILED);
    }
    llmobsi_lock_wake_all(&exporter->lock);
}

/* The oldest batch that is due; or when the first one will be, in *due_ns. Under the lock. */
llmobsi_fn llmobsi_queued* llmobsi_batch_due(llmobsi_exporter* exporter, uint64_t now_ns,
                                             uint64_t* due_ns)
{
    llmobsi_queued* oldest = NULL;
    uint32_t i;
    *due_ns = UINT64_MAX;
    for (i = 0; i < exporter->batch_count; i++) {
        llmobsi_queued* batch = &exporter->batches[i];
        if (batch->state != LLMOBS_I_BATCH_SEALED) {
            continue;
        }
        if (batch->due_ns > now_ns) {
            *due_ns = batch->due_ns < *due_ns ? batch->due_ns : *due_ns;
        } else if (oldest == NULL || batch->sequence < oldest->sequence) {
            oldest = batch;
        }
    }
    return oldest;
}

llmobsi_fn void llmobsi_batch_view(const llmobsi_exporter* exporter, llmobsi_queued* batch)
{
    llmobs_batch* view = &batch->view;
    memset(view, 0, sizeof *view);
    view->size = sizeof *view;
    view->id = batch->id;
    view->attempt = batch->attempt;
    view->token.instance = exporter->ticket;
    view->token.place =
        exporter->number * LLMOBS_I_BATCH_PLACES + (uint32_t)(batch - exporter->batches);
    view->token.serial = batch->serial;
    view->resource = exporter->resource;
    if (batch->signal == LLMOBS_I_LOGS) {
        view->logs = (const llmobs_log_view*)(const void*)batch->packer.memory;
        view->log_count = batch->packer.count;
    } else {
        view->spans = (const llmobs_span_view*)(const void*)batch->packer.memory;
        view->span_count = batch->packer.count;
    }
    view->lost_before = batch->lost_before;
}

/* One attempt, with the lock taken and, around the callback, given. */
llmobsi_fn void llmobsi_batch_export(llmobsi_exporter* exporter, llmobsi_queued* batch)
{
    llmobs_export_result result;
    llmobsi_callback callback;
    batch->state = LLMOBS_I_BATCH_EXPORTING;
    if (batch->attempt++ == 0) {
        uint64_t lost = llmobsi_exporter_lost(exporter, batch->signal);
        batch->lost_before = lost - exporter->lost_told[batch->signal];
        exporter->lost_told[batch->signal] = lost;
    }
    batch->settled_early = false;
    llmobsi_batch_view(exporter, batch);
    exporter->inside = true;
    llmobsi_lock_give(&exporter->lock);

    callback = llmobsi_callback_begin(exporter->ticket);
    result = exporter->host.export_batch(exporter->host.user, &batch->view);
    llmobsi_callback_end(&callback);

    llmobsi_lock_take(&exporter->lock);
    exporter->inside = false;
    if (result == LLMOBS_EXPORT_PENDING && !batch->settled_early) {
        batch->state = LLMOBS_I_BATCH_PENDING;
        llmobsi_lock_wake_all(&exporter->lock);
        return;
    }
    llmobsi_batch_settle(exporter, batch, result == LLMOBS_EXPORT_PENDING ? batch->early : result);
}

/* Exports what is due, on this thread; returns how many attempts were made. For the host that
   pumps. */
llmobsi_fn uint32_t llmobsi_exporter_pump(llmobsi_exporter* exporter)
{
    uint32_t attempts = 0;
    uint64_t due_ns;
    llmobsi_lock_take(&exporter->lock);
    while (!exporter->inside && !exporter->stop) {
        llmobsi_queued* batch = llmobsi_batch_due(exporter, llmobsi_monotonic_ns(), &due_ns);
        if (batch == NULL) {
            break;
        }
        llmobsi_batch_export(exporter, batch);
        attempts++;
    }
    llmobsi_lock_give(&exporter->lock);
    return attempts;
}

/* The exporter's thread. */
llmobsi_fn void* llmobsi_exporter_run(void* argument)
{
    llmobsi_exporter* exporter = (llmobsi_exporter*)argument;
    llmobsi_lock_take(&exporter->lock);
    while (!exporter->stop) {
        uint64_t now_ns = llmobsi_monotonic_ns();
        uint64_t due_ns;
        llmobsi_queued* batch = llmobsi_batch_due(exporter, now_ns, &due_ns);
        if (batch != NULL) {
            llmobsi_batch_export(exporter, batch);
        } else {
            uint64_t longest = now_ns + UINT64_C(60000000000);
            llmobsi_lock_wait_until(&exporter->lock, due_ns < longest ? due_ns : longest);
        }
    }
    exporter->thread_ended = true;
    llmobsi_lock_wake_all(&exporter->lock);
    llmobsi_lock_give(&exporter->lock);
    return NULL;
}

/* ---- waiting for delivery ------------------------------------------------------------------ */

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
    bool pumped;  /* export on this thread */
    bool closing; /* this is the closer itself; all others give up when the instance closes */
} llmobsi_patience;

llmobsi_fn bool llmobsi_patience_over(const llmobsi_patience* patience, uint32_t ticket,
                                      uint64_t now_ns)
{
    const llmobsi_place* place = &llmobsi_places[LLMOBS_I_PLACE(ticket)];
    return now_ns >= patience->deadline_ns ||
           (!patience->closing && llmobsi_load_relaxed(&place->ticket) != ticket);
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
        llmobsi_queued* batch = NULL;
        settled = llmobsi_exporter_settled(exporter, sequence);
        if (settled || llmobsi_patience_over(patience, exporter->ticket, now_ns)) {
            break;
        }
        if (patience->pumped && !exporter->inside && !exporter->stop) {
            batch = llmobsi_batch_due(exporter, now_ns, &due_ns);
        }
        if (batch != NULL) {
            llmobsi_batch_export(exporter, batch);
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
   is a batch that the host was promised until llmobs_export_done: its memory must stay. */
llmobsi_fn bool llmobsi_exporter_abandon(llmobsi_exporter* exporter)
{
    bool promised = false;
    uint64_t lost = 0;
    uint32_t i;
    llmobsi_lock_take(&exporter->lock);
    for (i = 0; i < exporter->batch_count; i++) {
        llmobsi_queued* batch = &exporter->batches[i];
        if (batch->state != LLMOBS_I_BATCH_FREE) {
            promised |= batch->state == LLMOBS_I_BATCH_PENDING;
            lost += batch->packer.count;
            llmobsi_batch_lose(exporter, batch, LLMOBS_LOSS_CLOSE);
            batch->state = LLMOBS_I_BATCH_FREE;
            batch->serial++;
        }
    }
    llmobsi_lock_give(&exporter->lock);
    llmobsi_notes_add(exporter->notes, LLMOBS_NOTE_CLOSE_LOST, lost);
    return promised;
}

#ifdef LLMOBS_DEBUG
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
        filling += batch->state == LLMOBS_I_BATCH_FILLING;
        valid &= batch->packer.front <= batch->packer.back;
        valid &= batch->packer.back <= exporter->batch_bytes;
        valid &= batch->packer.front ==
                 batch->packer.count * (batch->signal == LLMOBS_I_LOGS ? sizeof(llmobs_log_view)
                                                                       : sizeof(llmobs_span_view));
        valid &=
            batch->state == LLMOBS_I_BATCH_FILLING || batch->sequence <= exporter->sealed_sequence;
    }
    valid &= filling == (uint32_t)(exporter->filling[LLMOBS_I_SPANS] != LLMOBS_I_BATCH_NONE) +
                            (uint32_t)(exporter->filling[LLMOBS_I_LOGS] != LLMOBS_I_BATCH_NONE);
    llmobsi_lock_give(&exporter->lock);
    return valid;
}
#endif

/* ---- stats --------------------------------------------------------------------------------- */

/* The account of one signal, added to `stats`. Under the lock. */
llmobsi_fn void llmobsi_exporter_account(const llmobsi_exporter* exporter, uint32_t signal,
                                         llmobs_exporter_stats* stats)
{
    uint64_t settled = llmobsi_load_relaxed(&exporter->exported[signal]);
    uint64_t received;
    int loss;
    stats->exported += settled;
    for (loss = 0; loss < (int)LLMOBS_LOSS_COUNT; loss++) {
        uint64_t lost = llmobsi_load_acquire(&exporter->lost[signal][loss]);
        stats->lost[loss] += lost;
        settled += lost;
    }
    /* Last: what is lost was received before, so the difference can't be negative. */
    received = llmobsi_load_relaxed(&exporter->received[signal]);
    stats->received += received;
    stats->queued += received - settled;
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
    llmobsi_exporter_account(exporter, LLMOBS_I_SPANS, stats);
    llmobsi_exporter_account(exporter, LLMOBS_I_LOGS, stats);
    stats->batches = llmobsi_load_relaxed(&exporter->delivered_batches);
    stats->retries = llmobsi_load_relaxed(&exporter->retries);
    llmobsi_lock_give(&exporter->lock);
}

/* How a thread enters an instance, and how an instance is closed under threads that still record.

   Handles carry a ticket: the place of an instance in a static table, and a generation. Every
   recording thread owns a control block in static memory (so that it outlives every instance)
   with a busy flag, raised for the length of each recording call, and the tickets of the
   instances that it has attached to. To shut recorders out, a closer takes the tickets away,
   makes every processor see it (membarrier) and waits until each busy flag was seen down once: a
   grace period. So a recording call costs two plain stores, and no closed memory is ever
   touched. */

#ifndef LLMOBS_MAX_INSTANCES
#define LLMOBS_MAX_INSTANCES 8 /* a power of two */
#endif
#ifndef LLMOBS_MAX_CONTROLS
#define LLMOBS_MAX_CONTROLS 1024 /* threads that record at one time, into all instances together */
#endif

LLMOBS_I_STATIC_ASSERT(instances, (LLMOBS_MAX_INSTANCES & (LLMOBS_MAX_INSTANCES - 1)) == 0);

#define LLMOBS_I_PLACE(ticket) ((ticket) & (uint32_t)(LLMOBS_MAX_INSTANCES - 1))

#define LLMOBS_I_CACHED_SLOTS 64u
#define LLMOBS_I_CACHED_NAMES 256u
#define LLMOBS_I_CACHED_WAYS 4u

/* Who a thread record belongs to. */
#define LLMOBS_I_THREAD_FREE 0u
#define LLMOBS_I_THREAD_OWNED 1u
#define LLMOBS_I_THREAD_DEAD 2u  /* its thread has ended; what it left waits for an heir */
#define LLMOBS_I_THREAD_SWEPT 3u /* and for this moment the tick is at it */
#define LLMOBS_I_CLAIM_TRIES 1000 /* for a record that the tick will have done with at once */

typedef struct llmobsi_cached_name {
    const char* text;
    uint32_t id;
} llmobsi_cached_name;

/* What one thread counts in one instance. Its owner alone writes, stats read. */
typedef struct llmobsi_thread_counts {
    llmobsi_atomic64 started; /* sampled spans and log records, dropped ones included */
    llmobsi_atomic64 logs;    /* of these: log records */
    llmobsi_atomic64 ended;
    llmobsi_atomic64 unsampled;
    llmobsi_atomic64 dropped_pool;
    llmobsi_atomic64 dropped_parent;
    llmobsi_atomic64 inert_calls;
    llmobsi_atomic64 attributes_dropped;
    llmobsi_atomic64 events_dropped;
    llmobsi_atomic64 links_dropped;
    llmobsi_atomic64 values_truncated;
    llmobsi_atomic64 bad_traceparents;
    llmobsi_atomic64 attributes_refused;
} llmobsi_thread_counts;

struct llmobsi_recorder;

/* One thread's part of an instance's memory. When its thread ends, it is inherited as it is:
   ring, free slots and counts. */
typedef struct llmobsi_thread {
    struct llmobsi_recorder* recorder;
    llmobsi_row row; /* cells of metrics: owner; readers read */
    llmobsi_slot* slots; /* the pool's, copied here to be near */
    uint32_t slot_mask;
    uint32_t number;
    uint32_t reservation_next; /* where to look for a free reservation; owner */
    uint64_t random[4]; /* owner */
    uint32_t cache_next;  /* owner; the tick, when it has claimed a dead record */
    uint32_t cache_end;
    llmobsi_ring ring; /* owner pushes, the tick pops */
    llmobsi_thread_counts counts;
    llmobsi_atomic32 state; /* by compare-and-swap: threads that attach, end; the tick */
    uint32_t cache[LLMOBS_I_CACHED_SLOTS];
    llmobsi_cached_name names[LLMOBS_I_CACHED_NAMES];
} llmobsi_thread;

/* What recorders need of an instance. The layers above hold it as the first part of theirs. */
typedef struct llmobsi_recorder {
    uint32_t ticket;
    uint32_t cache_size; /* most free slots that a thread may hold back */
    uint32_t value_bytes;
    uint32_t span_parts;
    uint32_t vocabulary; /* LLMOBS_VOCABULARY_* | ... */
    uint64_t threshold; /* head sampling: rejects trace ids below it */
    bool distrust_remote;
    bool spans_on;
    llmobs_random random;
    llmobsi_timeline timeline;
    llmobsi_names names;
    llmobsi_keyring keyring;
    llmobsi_pool pool;
    llmobsi_thread* threads;
    uint32_t thread_count; /* max_threads */
    llmobsi_registry registry;
    uint32_t known[LLMOBS_KNOWN_COUNT]; /* of the catalogue: metric + 1, 0: switched off */
    llmobsi_atomic32 threads_used; /* records ever claimed are below it */
    void* requests; /* of a layer above: see llmobsi_requests_of. Open writes */
    void* sessions; /* and llmobsi_sessions_of */
    void* captures; /* and llmobsi_captures_of */
    void* sampler;  /* and llmobsi_sampler_of */
    void* cost_ledger; /* and llmobsi_cost_ledger_of */
    void* prices;   /* and llmobsi_prices_of */
    void* budgets;  /* and llmobsi_budgets_of */
    void* alerts;   /* and llmobsi_alerts_of */
    void* tail;     /* and llmobsi_tail_of */
    void* detectors; /* and llmobsi_detectors_of */
    llmobsi_tally* tally; /* in the flight recorder's file; NULL: there is none. Open writes */
    llmobsi_history* history; /* likewise, */
    uint32_t history_bytes;   /* and its capacity */
    llmobsi_atomic32 left; /* see llmobsi_is_left. Close writes */
    llmobsi_atomic64 cost_headers_refused; /* any thread adds, these two */
    llmobsi_atomic64 budgets_missed; /* added while none are kept */
    llmobsi_atomic64 callbacks_threw; /* any thread adds: see llmobsi_callback_threw */
    /* Set by the layers above: called once in a child after fork, by its first thread to come
       (`come_in`), and by what a callback that forked comes back to. False: it can't be used. */
    bool (*after_fork)(struct llmobsi_recorder* recorder, bool come_in);
    /* And in each child at once, also where nobody ever comes: takes no lock. */
    void (*at_fork)(struct llmobsi_recorder* recorder);
} llmobsi_recorder;

/* What a place has in the child of a fork. */
#define LLMOBS_I_FORKED_NOT 0u     /* an instance of its own */
#define LLMOBS_I_FORKED_AS_IS 1u   /* the parent's           */
#define LLMOBS_I_FORKED_MENDING 2u /* it is being emptied    */
#define LLMOBS_I_FORKED_LOST 3u    /* it could not be        */

/* A place for an instance; static, so that late callers find it. */
typedef struct llmobsi_place {
    llmobsi_atomic32 ticket;    /* of the open instance here, 0: none. Open and close write      */
    llmobsi_atomic32 claimed;   /* open and close: the place is in use                           */
    llmobsi_atomic32 forked;    /* in a child: LLMOBS_I_FORKED_*                                  */
    llmobsi_atomic32 exporting; /* the same ticket, until the instance is closed for good        */
    llmobsi_atomic32 users;     /* calls inside that may take long (flush, stats): close waits   */
    /* Log records below it are not made. Open and llmobs_exporter_add write; recorders read it
       before they come in, so what they read may be the next instance's by then: no harm. */
    llmobsi_atomic32 log_severity;
    llmobsi_atomic64 sample_by_id[5]; /* likewise: see llmobsi_sampler_publish. Open writes */
    llmobsi_recorder* recorder; /* written before the ticket is published                        */
    llmobsi_atomic64 dropped[LLMOBS_DROP_COUNT]; /* lost on the way in: any thread adds          */
    llmobsi_atomic64 logs_dropped; /* of these: log records                                      */
    llmobsi_held state_lock; /* the state file's, which a child must not hold. Open, who saves,
                                close */
    llmobsi_held recorder_file; /* the flight recorder's, likewise. Open and close write */
    llmobsi_atomic32 left; /* the state file's thread hangs, and gives the place back: see
                              llmobsi_state_stop. It and close write                             */
} llmobsi_place;

typedef struct llmobsi_use {
    llmobsi_atomic32 ticket; /* its thread sets it, a closer clears it */
    uint32_t callback; /* its thread alone: the ticket while it runs a callback of the instance */
    llmobsi_thread* thread;  /* its thread alone */
} llmobsi_use;

typedef struct LLMOBS_I_ALIGNED(64) llmobsi_control {
    llmobsi_use uses[LLMOBS_MAX_INSTANCES]; /* first: one instruction less to reach them */
    llmobsi_atomic32 busy; /* its thread writes; closers and the tick read */
    llmobsi_atomic32 owned;
    uint32_t calls[LLMOBS_MAX_INSTANCES]; /* its thread alone: how many of a place's users it is, */
    uint32_t parents[LLMOBS_MAX_INSTANCES]; /* and how many it was when it forked, in the child   */
} llmobsi_control;

/* All static state of a copy of this library. */
llmobsi_state llmobsi_place llmobsi_places[LLMOBS_MAX_INSTANCES];
llmobsi_state llmobsi_control llmobsi_controls[LLMOBS_MAX_CONTROLS];
llmobsi_state llmobsi_atomic32 llmobsi_controls_used; /* controls ever owned are below it */
llmobsi_state bool llmobsi_has_membarrier;    /* written before the first instance opens */
llmobsi_state llmobsi_exit_key llmobsi_thread_key; /* its function gives a thread's records back */
llmobsi_state bool llmobsi_thread_key_made;
llmobsi_state llmobsi_once llmobsi_process_once = LLMOBS_I_ONCE_INIT;
llmobsi_state llmobsi_thread_local llmobsi_control* llmobsi_self LLMOBS_TLS_MODEL;
/* How often this thread's ending was told: see llmobsi_thread_ends. */
llmobsi_state llmobsi_thread_local uint32_t llmobsi_endings LLMOBS_TLS_MODEL;

/* Where a thread keeps the id of a name that is known by its address: at one of four places that
   differ in their lowest bits, and stand in one cache line or two. */
llmobsi_inline llmobsi_cached_name* llmobsi_name_place(llmobsi_thread* thread, const char* text,
                                                       uint32_t way)
{
    uint64_t mixed = (uint64_t)(uintptr_t)text * UINT64_C(0x9e3779b97f4a7c15);
    return &thread->names[(uint32_t)(mixed >> 56) ^ way];
}

#ifdef LLMOBS_DEBUG
/* A name is known by its address: what stands there must not have changed. */
llmobsi_inline bool llmobsi_name_is_unchanged(const llmobsi_thread* thread, const char* text,
                                              uint32_t id)
{
    return text == NULL || llmobsi_names_id(&thread->recorder->names, text, strlen(text)) == id;
}
#endif

/* Looks at the first two of them; NULL when it is at neither. */
llmobsi_inline const llmobsi_cached_name* llmobsi_name_find(llmobsi_thread* thread,
                                                            const char* text)
{
    const llmobsi_cached_name* cached = llmobsi_name_place(thread, text, 0);
    if (llmobsi_unlikely(cached->text != text)) {
        cached = llmobsi_name_place(thread, text, 1);
        cached = cached->text == text ? cached : NULL;
    }
    LLMOBS_ASSERT(cached == NULL || llmobsi_name_is_unchanged(thread, text, cached->id));
    return cached;
}

/* ---- the busy flag ------------------------------------------------------------------------- */

llmobsi_inline void llmobsi_raise(llmobsi_control* self)
{
    if (!LLMOBS_I_TSAN && llmobsi_likely(llmobsi_has_membarrier)) {
        /* Plain: the closer's membarrier makes it visible. */
        llmobsi_store_relaxed(&self->busy, 1);
        llmobsi_compiler_barrier();
    } else {
        (void)llmobsi_exchange_ordered(&self->busy, 1);
    }
}

llmobsi_inline void llmobsi_lower(llmobsi_control* self)
{
    llmobsi_store_release(&self->busy, 0);
}

/* Raises this thread's flag, if it has one, outside a recording call: its signal handlers then do
   not wait for a lock that it is about to hold. */
llmobsi_fn llmobsi_control* llmobsi_busy_begin(void)
{
    llmobsi_control* self = llmobsi_self;
    if (self != NULL) {
        llmobsi_raise(self);
    }
    return self;
}

llmobsi_fn void llmobsi_busy_end(llmobsi_control* self)
{
    if (self != NULL) {
        llmobsi_lower(self);
    }
}

/* ---- attaching ----------------------------------------------------------------------------- */

llmobsi_fn void llmobsi_raise_max(llmobsi_atomic32* place, uint32_t value)
{
    uint32_t seen = llmobsi_load_acquire(place); /* as if we had raised it: see llmobsi_grace */
    while (seen < value && !llmobsi_cas_ordered(place, &seen, value)) {
    }
}

/* Rounds of destructors at a thread's end: as POSIX has them at least, and systems do. */
#define LLMOBS_I_ENDINGS 4u

/* A control block for a thread that has none. NULL: too many threads; or this one has come back
   after its end in every round of destructors, and nobody would take the block from it again. */
llmobsi_cold llmobsi_control* llmobsi_control_claim(void)
{
    uint32_t i;
    if (llmobsi_endings >= LLMOBS_I_ENDINGS) {
        return NULL;
    }
    for (i = 0; i < LLMOBS_MAX_CONTROLS; i++) {
        uint32_t free_mark = 0;
        llmobsi_control* control = &llmobsi_controls[i];
        if (llmobsi_load_relaxed(&control->owned) == 0 &&
            llmobsi_cas_ordered(&control->owned, &free_mark, 1)) {
            llmobsi_control* none = NULL;
            llmobsi_raise_max(&llmobsi_controls_used, i + 1);
            /* A signal handler may have been here meanwhile: one instruction, one of us. */
            if (!llmobsi_pointer_cas_acquire_release(&llmobsi_self, &none, control)) {
                llmobsi_store_release(&control->owned, 0);
                return none;
            }
            llmobsi_exit_key_keep(llmobsi_thread_key, control);
            return control;
        }
    }
    return NULL;
}

/* Claims a thread record: a new one, or what a thread that has ended left. NULL: all are in use. */
llmobsi_cold llmobsi_thread* llmobsi_thread_claim(llmobsi_recorder* recorder)
{
    uint32_t i;
    uint32_t attempt;
    for (attempt = 0; attempt < LLMOBS_I_CLAIM_TRIES; attempt++) {
        bool swept = false;
        for (i = 0; i < recorder->thread_count; i++) {
            llmobsi_thread* thread = &recorder->threads[i];
            uint32_t state = llmobsi_load_relaxed(&thread->state);
            if ((state == LLMOBS_I_THREAD_FREE || state == LLMOBS_I_THREAD_DEAD) &&
                llmobsi_cas_acquire_release(&thread->state, &state, LLMOBS_I_THREAD_OWNED)) {
                llmobsi_raise_max(&recorder->threads_used, i + 1);
                return thread;
            }
            swept |= state == LLMOBS_I_THREAD_SWEPT;
        }
        if (!swept) {
            break;
        }
        llmobsi_thread_yield();
    }
    return NULL;
}

/* Makes a record that has never been used ready: its own random sequence for ids, and the id of the
   one name that an empty cache seems to have, which is NULL. */
llmobsi_cold bool llmobsi_thread_seed(llmobsi_thread* thread)
{
    const llmobs_random* random = &thread->recorder->random;
    uint32_t way;
    if ((thread->random[0] | thread->random[1] | thread->random[2] | thread->random[3]) != 0) {
        return true;
    }
    if (random->fill == NULL) {
        llmobsi_random_seeds(thread->random, sizeof thread->random / sizeof thread->random[0]);
    } else if (!llmobsi_host_fill(random, thread->random, sizeof thread->random)) {
        memset(thread->random, 0, sizeof thread->random);
        return false;
    }
    thread->random[0] |= 1; /* the generator must not be all zero */
    for (way = 0; way < LLMOBS_I_CACHED_WAYS; way++) {
        llmobsi_cached_name* cached = llmobsi_name_place(thread, NULL, way);
        cached->id = cached->text == NULL ? LLMOBS_I_NAME_UNNAMED : cached->id;
    }
    return true;
}

#define LLMOBS_I_MEND_MOST_NS UINT64_C(1000000000)

/* Another thread is at it; it takes a millisecond or so. */
llmobsi_cold bool llmobsi_place_mended(const llmobsi_place* place)
{
    uint64_t deadline_ns = llmobsi_monotonic_ns() + LLMOBS_I_MEND_MOST_NS;
    uint32_t forked;
    while ((forked = llmobsi_load_acquire(&place->forked)) == LLMOBS_I_FORKED_MENDING &&
           llmobsi_monotonic_ns() < deadline_ns) {
        llmobsi_thread_yield();
    }
    return forked == LLMOBS_I_FORKED_NOT;
}

/* In the child of a fork: the instance's memory is a copy of the parent's, and it is the parent
   that exports what is in it. The first to come here makes the copy an empty instance; handlers
   that interrupt it find its busy flag up, and do not wait for it. */
llmobsi_cold bool llmobsi_place_mend(llmobsi_place* place)
{
    llmobsi_control* self = llmobsi_self;
    uint32_t forked = LLMOBS_I_FORKED_AS_IS;
    uint32_t busy = 0;
    if (llmobsi_load_acquire(&place->forked) == LLMOBS_I_FORKED_NOT) {
        return true;
    }
    if (self != NULL) {
        busy = llmobsi_exchange_ordered(&self->busy, 1);
    }
    if (llmobsi_cas_ordered(&place->forked, &forked, LLMOBS_I_FORKED_MENDING)) {
        forked = place->recorder->after_fork(place->recorder, true) ? LLMOBS_I_FORKED_NOT
                                                                    : LLMOBS_I_FORKED_LOST;
        llmobsi_store_release(&place->forked, forked);
    }
    if (self != NULL) {
        llmobsi_store_release(&self->busy, busy);
    }
    return forked == LLMOBS_I_FORKED_NOT || llmobsi_place_mended(place);
}

/* Lets this thread record into an open instance. Its busy flag is up, raised with an ordered
   exchange: so either the ticket is seen gone here, or the closer waits for us. */
llmobsi_cold llmobsi_thread* llmobsi_attach(llmobsi_control* self, uint32_t ticket,
                                            llmobs_drop* why)
{
    llmobsi_place* place = &llmobsi_places[LLMOBS_I_PLACE(ticket)];
    llmobsi_use* use = &self->uses[LLMOBS_I_PLACE(ticket)];
    llmobsi_thread* thread;
    *why = LLMOBS_DROP_COUNT;
    if (llmobsi_load_ordered(&place->ticket) != ticket) {
        return NULL;
    }
    if (llmobsi_load_relaxed(&use->ticket) == ticket) {
        return use->thread; /* a signal handler has done it, just before the flag was up */
    }
    *why = LLMOBS_DROP_SELF;
    if (use->callback == ticket) {
        return NULL;
    }
    *why = LLMOBS_DROP_FORK;
    if (!llmobsi_place_mend(place)) {
        return NULL;
    }
    *why = LLMOBS_DROP_THREADS;
    thread = llmobsi_thread_claim(place->recorder);
    if (thread == NULL || !llmobsi_thread_seed(thread)) {
        if (thread != NULL) {
            llmobsi_store_release(&thread->state, LLMOBS_I_THREAD_DEAD);
        }
        return NULL;
    }
    use->thread = thread;
    llmobsi_store_ordered(&use->ticket, ticket);
    if (llmobsi_load_ordered(&place->ticket) != ticket ||
        llmobsi_load_ordered(&place->forked) != LLMOBS_I_FORKED_NOT) {
        /* Closed meanwhile, or forked by a handler. Who did may have cleared this use before. */
        llmobsi_store_ordered(&use->ticket, 0);
        llmobsi_store_release(&thread->state, LLMOBS_I_THREAD_DEAD);
        *why = LLMOBS_DROP_COUNT;
        return NULL;
    }
    return thread;
}

/* Why a thread can't come in: LLMOBS_DROP_COUNT when the instance is not open, and nothing is
   lost. On success the busy flag is up. */
llmobsi_cold llmobsi_thread* llmobsi_enter_anew(uint32_t ticket, llmobs_drop* why)
{
    llmobsi_control* self = llmobsi_self;
    llmobsi_thread* thread;
    int cancel;
    *why = LLMOBS_DROP_COUNT;
    if (ticket == 0 ||
        llmobsi_load_acquire(&llmobsi_places[LLMOBS_I_PLACE(ticket)].ticket) != ticket) {
        return NULL;
    }
    if (self != NULL && llmobsi_load_relaxed(&self->busy) != 0) {
        *why = LLMOBS_DROP_SIGNAL;
        return NULL;
    }
    if (self == NULL) {
        self = llmobsi_control_claim();
    }
    if (self == NULL) {
        *why = LLMOBS_DROP_THREADS;
        return NULL;
    }
    cancel = llmobsi_cancel_hold();
    (void)llmobsi_exchange_ordered(&self->busy, 1);
    thread = llmobsi_attach(self, ticket, why);
    if (thread == NULL) {
        llmobsi_lower(self);
    }
    llmobsi_cancel_resume(cancel);
    return thread;
}

/* Comes in to record something of a span that exists: what can't come in is inert. */
llmobsi_cold llmobsi_thread* llmobsi_enter_late(uint32_t ticket)
{
    llmobs_drop why;
    return llmobsi_enter_anew(ticket, &why);
}

/* Comes in to begin a span: when that fails, it is counted with the instance, in static memory. */
llmobsi_cold llmobsi_thread* llmobsi_enter_to_begin_late(uint32_t ticket)
{
    llmobs_drop why;
    llmobsi_thread* thread = llmobsi_enter_anew(ticket, &why);
    if (thread == NULL && why != LLMOBS_DROP_COUNT) {
        (void)llmobsi_add_relaxed(&llmobsi_places[LLMOBS_I_PLACE(ticket)].dropped[why], 1);
    }
    return thread;
}

/* The way in that nearly every recording call goes. NULL: go the long way. Otherwise the busy flag
   is up, the instance stays until it is lowered, and the record is this thread's own. No call is
   made here, so that a caller that makes none either has no registers to save. */
llmobsi_inline llmobsi_thread* llmobsi_enter_quick(llmobsi_control* self, uint32_t ticket)
{
    llmobsi_use* use;
    if (llmobsi_unlikely(self == NULL || ticket == 0 || llmobsi_load_relaxed(&self->busy) != 0)) {
        return NULL;
    }
    llmobsi_raise(self);
    use = &self->uses[LLMOBS_I_PLACE(ticket)];
    if (llmobsi_likely(llmobsi_load_relaxed(&use->ticket) == ticket)) {
        return use->thread;
    }
    llmobsi_lower(self);
    return NULL;
}

/* The whole way in. NULL: record nothing. Otherwise llmobsi_leave must follow. */
llmobsi_inline llmobsi_thread* llmobsi_enter_by(uint32_t ticket,
                                                llmobsi_thread* (*late)(uint32_t ticket))
{
    llmobsi_thread* thread;
    if (ticket == 0) {
        return NULL;
    }
    thread = llmobsi_enter_quick(llmobsi_self, ticket);
    return llmobsi_likely(thread != NULL) ? thread : late(ticket);
}

llmobsi_inline llmobsi_thread* llmobsi_enter(uint32_t ticket)
{
    return llmobsi_enter_by(ticket, llmobsi_enter_late);
}

llmobsi_inline llmobsi_thread* llmobsi_enter_to_begin(uint32_t ticket)
{
    return llmobsi_enter_by(ticket, llmobsi_enter_to_begin_late);
}

llmobsi_inline void llmobsi_leave(void)
{
    llmobsi_lower(llmobsi_self);
}

/* ---- leaving for good ---------------------------------------------------------------------- */

/* A thread ends: its records wait for an heir. Runs at its end (llmobsi_exit_key). */
llmobsi_fn void llmobsi_thread_ended(void* value)
{
    llmobsi_control* self = (llmobsi_control*)value;
    uint32_t i;
    llmobsi_endings++;
    (void)llmobsi_exchange_ordered(&self->busy, 1);
    for (i = 0; i < LLMOBS_MAX_INSTANCES; i++) {
        llmobsi_use* use = &self->uses[i];
        if (llmobsi_load_ordered(&use->ticket) != 0) {
            llmobsi_store_relaxed(&use->ticket, 0);
            llmobsi_store_release(&use->thread->state, LLMOBS_I_THREAD_DEAD);
        }
    }
    llmobsi_self = NULL;
    llmobsi_lower(self);
    llmobsi_store_release(&self->owned, 0);
}

/* In the child: what is left of this thread's control is that calls are under way around the fork,
   which a callback or a signal handler may have made. They are the parent's. */
llmobsi_fn void llmobsi_control_forked(llmobsi_control* control)
{
    uint32_t i;
    if (control != llmobsi_self) {
        memset(control, 0, sizeof *control);
        return;
    }
    for (i = 0; i < LLMOBS_MAX_INSTANCES; i++) { /* records stay: a call may just be coming in */
        llmobsi_store_relaxed(&control->uses[i].ticket, 0);
        control->uses[i].callback = 0;
    }
    memcpy(control->parents, control->calls, sizeof control->parents);
}

/* In the child: an instance that another thread was just opening or closing is out of reach, and
   its place is free. `held`: it is this thread that closes it, and a callback of that forked. */
llmobsi_fn void llmobsi_place_forked(llmobsi_place* place, bool held)
{
    llmobsi_held_close(&place->state_lock);
    llmobsi_held_close(&place->recorder_file);
    if (llmobsi_load_relaxed(&place->exporting) != 0) {
        place->recorder->at_fork(place->recorder);
    }
    llmobsi_store_relaxed(&place->left, 0);
    llmobsi_store_relaxed(&place->users, 0);
    if (llmobsi_load_relaxed(&place->ticket) != 0) {
        llmobsi_store_relaxed(&place->forked, LLMOBS_I_FORKED_AS_IS);
        memset(place->dropped, 0, sizeof place->dropped);
        llmobsi_store_relaxed(&place->logs_dropped, 0);
    } else if (!held) {
        llmobsi_store_relaxed(&place->exporting, 0);
        llmobsi_store_relaxed(&place->claimed, 0);
    }
}

/* In the child: the other threads are gone, and what they held with them. No lock, no
   allocation; the rest is done by the first call that comes. But locks of files must not live on in
   a child that never calls: the parent, started anew, would find them taken. */
llmobsi_fn void llmobsi_forked(void)
{
    llmobsi_control* self = llmobsi_self;
    uint32_t i;
    llmobsi_parking_forked();
    for (i = 0; i < LLMOBS_MAX_INSTANCES; i++) {
        llmobsi_place_forked(&llmobsi_places[i], self != NULL && self->uses[i].callback != 0);
    }
    for (i = 0; i < llmobsi_load_relaxed(&llmobsi_controls_used); i++) {
        /* Who has ended wrote to it before he gave it back. */
        (void)llmobsi_load_acquire(&llmobsi_controls[i].owned);
        llmobsi_control_forked(&llmobsi_controls[i]);
    }
}

/* When a shared object that holds this copy is unloaded, threads that live on must not run its
   code at their end. */
llmobsi_fn LLMOBS_I_AT_UNLOAD void llmobsi_process_unload(void)
{
    if (llmobsi_thread_key_made) {
        llmobsi_thread_key_made = false;
        llmobsi_exit_key_drop(llmobsi_thread_key);
    }
}

llmobsi_fn void llmobsi_process_start(void)
{
    llmobsi_on_unload(llmobsi_process_unload);
    llmobsi_has_membarrier = llmobsi_membarrier_register();
    llmobsi_thread_key_made = llmobsi_exit_key_make(&llmobsi_thread_key, llmobsi_thread_ended) &&
                              llmobsi_process_on_fork(llmobsi_forked);
}

/* Once a copy; false if the system has no thread key left. */
llmobsi_fn bool llmobsi_process_ready(void)
{
    llmobsi_once_run(&llmobsi_process_once, llmobsi_process_start);
    return llmobsi_thread_key_made;
}

/* ---- slots and random numbers of a thread -------------------------------------------------- */

llmobsi_inline uint64_t llmobsi_rotate_left(uint64_t value, int count)
{
    return (value << count) | (value >> (64 - count));
}

/* xoshiro256++ (Blackman and Vigna, 2019): ids must be unique, not secret. */
llmobsi_inline uint64_t llmobsi_random_next(llmobsi_thread* thread)
{
    uint64_t* s = thread->random;
    uint64_t result = llmobsi_rotate_left(s[0] + s[3], 23) + s[0];
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = llmobsi_rotate_left(s[3], 45);
    return result;
}

/* A 64-bit id; zero means "none" in W3C, so it is never given. */
llmobsi_inline uint64_t llmobsi_random_id(llmobsi_thread* thread)
{
    uint64_t id = llmobsi_random_next(thread);
    return llmobsi_likely(id != 0) ? id : 1;
}

llmobsi_cold bool llmobsi_slots_refill(llmobsi_thread* thread)
{
    thread->cache_next = 0;
    thread->cache_end =
        llmobsi_pool_take(&thread->recorder->pool, thread->cache, thread->recorder->cache_size);
    return thread->cache_end != 0;
}

/* A free slot's number. False: the pool is empty. */
llmobsi_inline bool llmobsi_slot_take(llmobsi_thread* thread, uint32_t* index)
{
    if (llmobsi_unlikely(thread->cache_next == thread->cache_end) &&
        !llmobsi_slots_refill(thread)) {
        *index = 0; /* nobody looks: but at -Og gcc does not see that */
        return false;
    }
    *index = thread->cache[thread->cache_next++];
    if (thread->cache_next != thread->cache_end) {
        /* The tick has read it last, on another processor: ask for it while this one is being
           filled. */
        llmobsi_prefetch_to_write(&thread->slots[thread->cache[thread->cache_next]]);
    }
    return true;
}

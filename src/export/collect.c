/* The tick: takes ended spans and log records from every thread's ring, copies them into the
   exporters' queues, and gives their slots back. One tick at a time, under a lock that is never
   held across a callback. */

#define LLMOBS_I_EXPORTERS_MAX 16u
#define LLMOBS_I_LIMBO 64u
#define LLMOBS_I_GRACE_NS UINT64_C(20000000) /* then the next tick tries again */

LLMOBS_I_STATIC_ASSERT(stats_exporters, LLMOBS_STATS_EXPORTERS == LLMOBS_I_EXPORTERS_MAX);

/* What the tick works on. The first part of an instance. */
typedef struct llmobsi_collector {
    llmobsi_recorder recorder; /* first: recorders see this alone */
    llmobsi_notes notes;
    llmobsi_lock lock; /* the tick's */
    llmobsi_exporter* exporters;
    llmobsi_atomic32 exporter_count; /* those below it are complete; llmobs_exporter_add writes */
    uint32_t exporter_limit;
    uint64_t batch_delay_ns;
    uint64_t span_max_age_ns;
    uint64_t swept; /* stamp of the last look for old spans. This and below: the tick */
    uint64_t given;     /* slots given back to the pool; takers see them when it is published */
    bool guarded;       /* among those not published is one that carried a tracestate         */
    uint32_t limbo_count;
    llmobsi_atomic32 requests_freed; /* by the last tick; the ticking thread reads */
    uint32_t limbo[LLMOBS_I_LIMBO]; /* slots ended by the tick, whose owners may still be writing */
    llmobsi_atomic64 batch_ids; /* the next batch's; who seals one adds */
    llmobsi_atomic64 ticks; /* the tick adds, stats read */
    llmobsi_atomic64 collected;
    llmobsi_atomic64 collected_logs; /* of these */
    llmobsi_atomic64 expired;
    llmobsi_atomic64 no_exporter;
    llmobsi_thread_counts noted; /* what notes have told of */
    uint64_t noted_drops[LLMOBS_DROP_COUNT];
    uint64_t noted_names;
    uint64_t noted_budgets;
    uint64_t noted_threw;
    uint64_t noted_requests;
    uint64_t noted_no_exporter;
    uint64_t noted_guardrails;
    llmobsi_metric_totals noted_metrics;
    uint64_t noted_misused;
} llmobsi_collector;

/* ---- one span or log record ---------------------------------------------------------------- */

/* Copies it into the queues of those that take such. */
llmobsi_fn void llmobsi_collect_put(llmobsi_collector* collector, const llmobsi_slot* slot,
                                    const llmobsi_tail_verdict* verdict, uint64_t now_ns)
{
    uint32_t count = llmobsi_load_acquire(&collector->exporter_count);
    uint32_t signal = llmobsi_slot_signal(slot);
    bool taken = false;
    uint32_t i;
    for (i = 0; i < count; i++) {
        if (llmobsi_exporter_takes(&collector->exporters[i], signal)) {
            llmobsi_exporter_put(&collector->exporters[i], &collector->recorder, slot, verdict,
                                 now_ns);
            taken = true;
        }
    }
    if (!taken && (count == 0 || signal == LLMOBS_I_LOGS)) {
        llmobsi_count(&collector->no_exporter, 1);
        return;
    }
    llmobsi_count(&collector->collected_logs, signal == LLMOBS_I_LOGS);
    llmobsi_count(&collector->collected, 1);
}

/* Keeps it for after a crash, whatever becomes of it, where a flight recorder has room for that. */
llmobsi_fn void llmobsi_collect_history(const llmobsi_recorder* recorder, const llmobsi_slot* slot)
{
    if (recorder->history != NULL) {
        llmobsi_history_put(recorder->history, recorder->history_bytes, &recorder->pool, slot);
    }
}

/* A span about which tail sampling has decided. */
llmobsi_fn void llmobsi_collect_judged(llmobsi_collector* collector, const llmobsi_slot* slot,
                                       const llmobsi_tail_verdict* verdict, uint64_t now_ns)
{
    llmobsi_tail* tail = llmobsi_tail_of(&collector->recorder);
    if (verdict->kept) {
        llmobsi_collect_put(collector, slot, verdict, now_ns);
        llmobsi_count(&tail->kept, 1);
    } else {
        llmobsi_count(&tail->dropped, 1);
    }
}

/* What came through a ring, or was ended by the tick. Returns whether it is done with: else it is
   held by tail sampling, and its slot stays as it is. */
llmobsi_fn bool llmobsi_collect_slot(llmobsi_collector* collector, llmobsi_slot* slot,
                                     uint64_t now_ns)
{
    llmobsi_tail* tail = llmobsi_tail_of(&collector->recorder);
    uint8_t flags = llmobsi_load_relaxed(&slot->flags);
    bool log = llmobsi_slot_signal(slot) == LLMOBS_I_LOGS;
    llmobsi_tail_verdict verdict;
    if ((flags & LLMOBS_I_FLAG_PHASE) != 0) {
        llmobsi_phase_collect(&collector->recorder, slot);
    }
    if (!log && (flags & LLMOBS_TRACE_SAMPLED) == 0) {
        return true; /* it carried a context, and is not to be seen */
    }
    llmobsi_collect_history(&collector->recorder, slot);
    if (log || tail == NULL || llmobsi_tail_policies_of(tail) == NULL) {
        llmobsi_collect_put(collector, slot, &llmobsi_no_verdict, now_ns);
        return true;
    }
    if (llmobsi_tail_hold(tail, &collector->recorder, slot, &verdict)) {
        return false;
    }
    llmobsi_collect_judged(collector, slot, &verdict, now_ns);
    return true;
}

/* For after a crash: what is counted once the slot is given back. */
llmobsi_fn void llmobsi_collect_tally(llmobsi_collector* collector, llmobsi_tally* tally)
{
    const llmobsi_tail* tail = llmobsi_tail_of(&collector->recorder);
    llmobsi_store_relaxed(&tally->collected, llmobsi_load_relaxed(&collector->collected));
    llmobsi_store_relaxed(&tally->no_exporter, llmobsi_load_relaxed(&collector->no_exporter));
    llmobsi_store_relaxed(&tally->expired, llmobsi_load_relaxed(&collector->expired));
    if (tail != NULL) {
        llmobsi_store_relaxed(&tally->tail_dropped, llmobsi_load_relaxed(&tail->dropped));
    }
    llmobsi_compiler_barrier();
}

/* Gives back a span's slot and its further parts. Ordered where llmobsi_span_tracestate may be
   reading: it sees that the slot is free, or llmobsi_collect_publish waits for it. */
llmobsi_fn void llmobsi_collect_free(llmobsi_collector* collector, uint32_t index)
{
    llmobsi_pool* pool = &collector->recorder.pool;
    llmobsi_slot* slot = &pool->slots[index];
    uint32_t parts = slot->part_count;
    if (collector->recorder.tally != NULL) {
        llmobsi_collect_tally(collector, collector->recorder.tally);
    }
    if ((llmobsi_load_relaxed(&slot->flags) & LLMOBS_I_FLAG_TRACESTATE) != 0) {
        uint64_t state = llmobsi_load_relaxed(&slot->state);
        llmobsi_store_ordered(&slot->state, (state & ~UINT64_C(3)) | LLMOBS_I_SLOT_FREE);
        collector->guarded = true;
    }
    do {
        uint32_t next = pool->slots[index].next;
        llmobsi_pool_give(pool, &collector->given, index);
        index = (next - 1) & pool->mask;
        parts = next != 0 ? parts - 1 : 0;
    } while (parts != 0);
}

/* One slot of what tail sampling lets go. */
llmobsi_fn void llmobsi_collect_going(llmobsi_collector* collector, uint64_t now_ns)
{
    llmobsi_recorder* recorder = &collector->recorder;
    llmobsi_tail_verdict verdict;
    uint32_t index = llmobsi_tail_next(llmobsi_tail_of(recorder), recorder, &verdict);
    llmobsi_collect_judged(collector, &recorder->pool.slots[index], &verdict, now_ns);
    llmobsi_collect_free(collector, index);
}

/* Lets takers have what was given; what carried a tracestate only when nobody reads it any more. */
llmobsi_fn void llmobsi_collect_publish(llmobsi_collector* collector)
{
    if (!collector->guarded || llmobsi_grace(llmobsi_monotonic_ns() + LLMOBS_I_GRACE_NS)) {
        collector->guarded = false;
        llmobsi_pool_publish(&collector->recorder.pool, collector->given);
    }
}

/* How many slots' contents every exporter has room for, at least. */
llmobsi_fn uint32_t llmobsi_collect_room(llmobsi_collector* collector)
{
    uint32_t count = llmobsi_load_acquire(&collector->exporter_count);
    uint32_t least = UINT32_MAX;
    uint32_t i;
    for (i = 0; i < count; i++) {
        uint32_t room = llmobsi_exporter_room(&collector->exporters[i]);
        least = room < least ? room : least;
    }
    return least;
}

/* ---- the rings ----------------------------------------------------------------------------- */

/* Empties one ring, as far as it was filled when we came. Returns how many spans it held.
   `patient`: stops rather than make an exporter lose what it has. */
llmobsi_fn uint32_t llmobsi_collect_ring(llmobsi_collector* collector, llmobsi_ring* ring,
                                         uint64_t now_ns, bool patient, bool* stopped)
{
    llmobsi_pool* pool = &collector->recorder.pool;
    const llmobsi_tail* tail = llmobsi_tail_of(&collector->recorder);
    uint64_t end = llmobsi_load_acquire(&ring->pushed);
    uint32_t room = patient ? 0 : UINT32_MAX;
    uint32_t count = 0;
    uint32_t index;
    for (;; room -= patient) {
        room = room != 0 ? room : llmobsi_collect_room(collector);
        if (room == 0) {
            *stopped = llmobsi_tail_is_going(tail) || llmobsi_load_relaxed(&ring->popped) != end;
            break;
        }
        if (llmobsi_unlikely(llmobsi_tail_is_going(tail))) {
            llmobsi_collect_going(collector, now_ns);
            continue;
        }
        if (!llmobsi_ring_pop(ring, end, &index)) {
            break;
        }
        if (llmobsi_collect_slot(collector, &pool->slots[index], now_ns)) {
            llmobsi_collect_free(collector, index);
        }
        count++;
    }
    llmobsi_collect_publish(collector);
    return count;
}

/* A thread that has ended leaves the free slots that it had cached. */
llmobsi_fn void llmobsi_collect_cache(llmobsi_collector* collector, llmobsi_thread* thread)
{
    llmobsi_pool* pool = &collector->recorder.pool;
    uint32_t dead = LLMOBS_I_THREAD_DEAD;
    if (llmobsi_load_relaxed(&thread->state) != LLMOBS_I_THREAD_DEAD ||
        !llmobsi_cas_acquire_release(&thread->state, &dead, LLMOBS_I_THREAD_SWEPT)) {
        return;
    }
    while (thread->cache_next < thread->cache_end) {
        llmobsi_pool_give(pool, &collector->given, thread->cache[thread->cache_next++]);
    }
    llmobsi_collect_publish(collector);
    llmobsi_store_release(&thread->state, LLMOBS_I_THREAD_FREE);
}

/* ---- spans that never end ------------------------------------------------------------------ */

/* Ends one span that is too old, as its owner would have. */
llmobsi_fn bool llmobsi_expire(llmobsi_collector* collector, uint32_t index, uint64_t now)
{
    llmobsi_slot* slot = &collector->recorder.pool.slots[index];
    uint64_t state = llmobsi_load_acquire(&slot->state);
    uint64_t start = llmobsi_load_relaxed(&slot->start);
    if ((state & 3u) != LLMOBS_I_SLOT_LIVE ||
        llmobsi_timeline_between(&collector->recorder.timeline, start, now) <
            collector->span_max_age_ns) {
        return false;
    }
    if (!llmobsi_cas_acquire_release(&slot->state, &state,
                                     state - LLMOBS_I_SLOT_LIVE + LLMOBS_I_SLOT_ENDED)) {
        return false;
    }
    slot->end = now;
    slot->thread = 0;
    return true;
}

/* Looks at every slot, about once a second. */
llmobsi_fn void llmobsi_sweep(llmobsi_collector* collector, uint64_t now)
{
    uint64_t pause = collector->span_max_age_ns / 4;
    uint32_t index;
    pause = pause < UINT64_C(1000000000) ? pause : UINT64_C(1000000000);
    if (now < collector->swept) {
        collector->swept = now; /* the host's clock went back */
    }
    if (llmobsi_timeline_between(&collector->recorder.timeline, collector->swept, now) < pause) {
        return;
    }
    collector->swept = now;
    for (index = 0; index <= collector->recorder.pool.mask; index++) {
        if (collector->limbo_count < LLMOBS_I_LIMBO && llmobsi_expire(collector, index, now)) {
            collector->limbo[collector->limbo_count++] = index;
        }
    }
}

/* Collects what the sweep ended, once no recorder can be in the middle of writing to it. */
llmobsi_fn void llmobsi_collect_limbo(llmobsi_collector* collector, uint64_t now_ns)
{
    llmobsi_pool* pool = &collector->recorder.pool;
    uint32_t i;
    if (collector->limbo_count == 0 ||
        !llmobsi_grace(llmobsi_monotonic_ns() + LLMOBS_I_GRACE_NS)) {
        return;
    }
    for (i = 0; i < collector->limbo_count; i++) {
        llmobsi_slot* slot = &pool->slots[collector->limbo[i]];
        if ((llmobsi_load_relaxed(&slot->flags) & LLMOBS_TRACE_SAMPLED) != 0) {
            llmobsi_count(&collector->expired, 1);
            llmobsi_notes_add(&collector->notes, LLMOBS_NOTE_SPAN_EXPIRED, 1);
        }
        if (llmobsi_collect_slot(collector, slot, now_ns)) {
            llmobsi_collect_free(collector, collector->limbo[i]);
        }
    }
    collector->limbo_count = 0;
    llmobsi_collect_publish(collector);
}

/* ---- the whole ----------------------------------------------------------------------------- */

/* Sums what the threads counted. */
llmobsi_fn void llmobsi_counts_sum(const llmobsi_recorder* recorder, llmobsi_thread_counts* sum)
{
    uint32_t used = llmobsi_load_acquire(&recorder->threads_used);
    uint32_t i;
    memset(sum, 0, sizeof *sum);
    for (i = 0; i < used; i++) {
        const llmobsi_thread_counts* counts = &recorder->threads[i].counts;
        sum->ended += llmobsi_load_relaxed(&counts->ended);
        sum->started += llmobsi_load_relaxed(&counts->started);
        sum->logs += llmobsi_load_relaxed(&counts->logs);
        sum->unsampled += llmobsi_load_relaxed(&counts->unsampled);
        sum->dropped_pool += llmobsi_load_relaxed(&counts->dropped_pool);
        sum->dropped_parent += llmobsi_load_relaxed(&counts->dropped_parent);
        sum->inert_calls += llmobsi_load_relaxed(&counts->inert_calls);
        sum->attributes_dropped += llmobsi_load_relaxed(&counts->attributes_dropped);
        sum->events_dropped += llmobsi_load_relaxed(&counts->events_dropped);
        sum->links_dropped += llmobsi_load_relaxed(&counts->links_dropped);
        sum->values_truncated += llmobsi_load_relaxed(&counts->values_truncated);
        sum->attributes_refused += llmobsi_load_relaxed(&counts->attributes_refused);
        sum->bad_traceparents += llmobsi_load_relaxed(&counts->bad_traceparents);
    }
}

llmobsi_fn void llmobsi_collect_metric_notes(llmobsi_collector* collector)
{
    const llmobsi_registry* registry = &collector->recorder.registry;
    const llmobsi_metric_totals before = collector->noted_metrics;
    llmobsi_metric_totals now;
    uint64_t misused = llmobsi_load_relaxed(&registry->misused);
    llmobsi_metrics_total(registry, &now);
    llmobsi_notes_add(&collector->notes, LLMOBS_NOTE_METRIC_SERIES,
                      now.overflows - before.overflows);
    llmobsi_notes_add(&collector->notes, LLMOBS_NOTE_METRIC_VALUES,
                      now.invalid + now.dropped - before.invalid - before.dropped);
    llmobsi_notes_add(&collector->notes, LLMOBS_NOTE_METRIC_MISUSED,
                      misused - collector->noted_misused);
    collector->noted_metrics = now;
    collector->noted_misused = misused;
}

/* Requests, and what a guardrail triggered on, must not be lost without a word. */
llmobsi_fn void llmobsi_collect_request_notes(llmobsi_collector* collector)
{
    const llmobsi_requests* requests = llmobsi_requests_of(&collector->recorder);
    uint64_t dropped = requests != NULL ? llmobsi_load_relaxed(&requests->dropped) : 0;
    const llmobsi_sampler* sampler = llmobsi_sampler_of(&collector->recorder);
    uint64_t lost = sampler != NULL
                        ? llmobsi_load_relaxed(&sampler->of[LLMOBS_KEEP_GUARDRAIL].lost)
                        : 0;
    llmobsi_notes_add(&collector->notes, LLMOBS_NOTE_JUDGE_FULL,
                      lost - collector->noted_guardrails);
    collector->noted_guardrails = lost;
    llmobsi_notes_add(&collector->notes, LLMOBS_NOTE_REQUESTS,
                      dropped - collector->noted_requests);
    collector->noted_requests = dropped;
}

/* Turns what recorders counted since the last time into notes. */
llmobsi_fn void llmobsi_collect_notes(llmobsi_collector* collector)
{
    const llmobsi_place* place = &llmobsi_places[LLMOBS_I_PLACE(collector->recorder.ticket)];
    llmobsi_notes* notes = &collector->notes;
    llmobsi_thread_counts now;
    static const struct {
        llmobs_drop drop;
        llmobs_note note;
    } pairs[] = {{LLMOBS_DROP_THREADS, LLMOBS_NOTE_THREADS},
                 {LLMOBS_DROP_SIGNAL, LLMOBS_NOTE_SIGNAL},
                 {LLMOBS_DROP_SELF, LLMOBS_NOTE_SELF}};
    uint64_t total;
    size_t i;
    if (notes->tell == NULL) {
        return;
    }
    llmobsi_counts_sum(&collector->recorder, &now);
    llmobsi_notes_add(notes, LLMOBS_NOTE_SPAN_POOL,
                      now.dropped_pool - collector->noted.dropped_pool);
    llmobsi_notes_add(notes, LLMOBS_NOTE_TRACEPARENT,
                      now.bad_traceparents - collector->noted.bad_traceparents);
    llmobsi_notes_add(notes, LLMOBS_NOTE_SPAN_FULL,
                      now.attributes_dropped + now.events_dropped + now.links_dropped -
                          collector->noted.attributes_dropped - collector->noted.events_dropped -
                          collector->noted.links_dropped);
    llmobsi_notes_add(notes, LLMOBS_NOTE_NAME_REFUSED,
                      now.attributes_refused - collector->noted.attributes_refused);
    collector->noted = now;
    for (i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        total = llmobsi_load_relaxed(&place->dropped[pairs[i].drop]);
        llmobsi_notes_add(notes, pairs[i].note, total - collector->noted_drops[pairs[i].drop]);
        collector->noted_drops[pairs[i].drop] = total;
    }
    llmobsi_notes_add(notes, LLMOBS_NOTE_KEY_RANDOM,
                      llmobsi_keyring_is_news(&collector->recorder.keyring));
    total = llmobsi_load_relaxed(&collector->recorder.budgets_missed);
    llmobsi_notes_add(notes, LLMOBS_NOTE_BUDGETS_OFF, total - collector->noted_budgets);
    collector->noted_budgets = total;
    total = llmobsi_load_relaxed(&collector->recorder.callbacks_threw);
    llmobsi_notes_add(notes, LLMOBS_NOTE_CALLBACK_THREW, total - collector->noted_threw);
    collector->noted_threw = total;
    total = llmobsi_load_relaxed(&collector->recorder.names.overflowed);
    llmobsi_notes_add(notes, LLMOBS_NOTE_NAMES, total - collector->noted_names);
    collector->noted_names = total;
    total = llmobsi_load_relaxed(&collector->no_exporter);
    llmobsi_notes_add(notes, LLMOBS_NOTE_NO_EXPORTER, total - collector->noted_no_exporter);
    collector->noted_no_exporter = total;
    llmobsi_collect_metric_notes(collector);
    llmobsi_collect_request_notes(collector);
}

#ifdef LLMOBS_DEBUG
llmobsi_fn bool llmobsi_collector_is_valid(llmobsi_collector* collector)
{
    uint32_t count = llmobsi_load_acquire(&collector->exporter_count);
    bool valid = !collector->recorder.spans_on || llmobsi_pool_is_valid(&collector->recorder.pool);
    uint32_t i;
    for (i = 0; i < count; i++) {
        valid &= llmobsi_exporter_is_valid(&collector->exporters[i]);
    }
    return valid;
}
#endif

/* What budgets, requests and sessions need at the beginning of a tick. Returns whether requests
   have ended. */
llmobsi_fn bool llmobsi_collect_requests_begin(llmobsi_recorder* recorder)
{
    uint64_t now = llmobsi_now(&recorder->timeline);
    if (llmobsi_budgets_of(recorder) != NULL) {
        llmobsi_budgets_tick(recorder, now);
    }
    if (llmobsi_requests_of(recorder) == NULL) {
        return false;
    }
    if (llmobsi_sampler_of(recorder) != NULL) {
        llmobsi_sampler_tick(recorder);
    }
    llmobsi_sessions_sweep(recorder, now);
    return llmobsi_requests_mark(recorder, now);
}

/* Empties all rings, once. Returns how many spans they held. */
llmobsi_fn uint32_t llmobsi_collect_rings(llmobsi_collector* collector, uint64_t now_ns,
                                          bool patient, bool* stopped)
{
    llmobsi_recorder* recorder = &collector->recorder;
    uint32_t used = llmobsi_load_acquire(&recorder->threads_used);
    uint32_t count = 0;
    uint32_t i;
    if (llmobsi_tail_of(recorder) != NULL) {
        llmobsi_tail_pass(llmobsi_tail_of(recorder), recorder);
    }
    for (i = 0; i < used && !*stopped; i++) {
        count +=
            llmobsi_collect_ring(collector, &recorder->threads[i].ring, now_ns, patient, stopped);
        llmobsi_collect_cache(collector, &recorder->threads[i]);
    }
    return count;
}

/* Lets tail sampling decide, and hands on what it lets go. Returns how many spans came then. */
llmobsi_fn uint32_t llmobsi_collect_tail(llmobsi_collector* collector, uint64_t now_ns,
                                         bool patient, bool* stopped)
{
    llmobsi_tail* tail = llmobsi_tail_of(&collector->recorder);
    uint32_t room = patient ? 0 : UINT32_MAX;
    uint32_t count = 0;
    if (tail == NULL) {
        return 0;
    }
    if (!*stopped && llmobsi_tail_is_ready(tail)) {
        count = llmobsi_collect_rings(collector, now_ns, patient, stopped);
    }
    if (!*stopped) {
        llmobsi_tail_settle(tail, &collector->recorder);
    }
    for (; llmobsi_tail_is_going(tail) && !*stopped; room -= patient) {
        room = room != 0 ? room : llmobsi_collect_room(collector);
        if (room == 0) {
            *stopped = true;
            break;
        }
        llmobsi_collect_going(collector, now_ns);
    }
    llmobsi_collect_publish(collector);
    return count;
}

/* One tick, under its lock. Returns how many spans were taken; `*stopped` tells that a patient
   tick left some where they are. */
llmobsi_fn uint32_t llmobsi_collect(llmobsi_collector* collector, bool patient, bool* stopped)
{
    llmobsi_recorder* recorder = &collector->recorder;
    uint64_t now_ns;
    uint32_t count;
    uint32_t freed = 0;
    bool ended;
    *stopped = false;
    llmobsi_timeline_update(&recorder->timeline);
    ended = llmobsi_collect_requests_begin(recorder);
    now_ns = llmobsi_monotonic_ns();
    count = llmobsi_collect_rings(collector, now_ns, patient, stopped);
    if (recorder->spans_on) {
        llmobsi_sweep(collector, llmobsi_now(&recorder->timeline));
        llmobsi_collect_limbo(collector, now_ns);
    }
    count += llmobsi_collect_tail(collector, now_ns, patient, stopped);
    if (ended && !*stopped && llmobsi_grace(llmobsi_monotonic_ns() + LLMOBS_I_GRACE_NS)) {
        freed = llmobsi_requests_free(recorder);
    }
    llmobsi_store_relaxed(&collector->requests_freed, freed);
    if (llmobsi_cost_ledger_of(recorder) != NULL) {
        llmobsi_cost_collect(recorder);
    }
    llmobsi_count(&collector->ticks, 1);
#ifdef LLMOBS_DEBUG
    LLMOBS_ASSERT(llmobsi_collector_is_valid(collector));
#endif
    return count;
}

/* From the next tick on nothing is held: the instance closes. */
llmobsi_fn void llmobsi_collect_last(llmobsi_collector* collector)
{
    if (llmobsi_tail_of(&collector->recorder) != NULL) {
        llmobsi_lock_take(&collector->lock);
        llmobsi_tail_of(&collector->recorder)->closing = true;
        llmobsi_lock_give(&collector->lock);
    }
}

/* Seals the batches that have waited long enough, or all. */
llmobsi_fn void llmobsi_collect_seal(llmobsi_collector* collector, bool all)
{
    uint32_t count = llmobsi_load_acquire(&collector->exporter_count);
    uint64_t now_ns = llmobsi_monotonic_ns();
    uint32_t i;
    for (i = 0; i < count; i++) {
        llmobsi_exporter_age(&collector->exporters[i], now_ns, all ? 0 : collector->batch_delay_ns);
    }
}

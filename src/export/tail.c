/* Tail sampling: a trace's spans are held, in the slots where they are, until its local root has
   ended; then policies decide about all of them at once. Everything here is done by the tick, under
   its lock; others read the counters alone.

   A trace goes

   waiting (for its root) -> ready -> going (its slots go to the exporters, or back) -> free

   The rings are emptied one after the other, so a root may be seen before a child that ended
   earlier on another thread. Such a child is in its ring by then: when every ring has been looked
   at once more, all that ended before the root has been seen, and only then is it decided.

   What is decided is remembered, so that spans that come later share their trace's fate. */

#define LLMOBS_I_TAIL_WAYS 4u /* decisions that share a place; the oldest gives way */

typedef enum llmobsi_tail_stage {
    LLMOBS_I_TAIL_WAITING, /* the longest first, as in the others */
    LLMOBS_I_TAIL_READY,
    LLMOBS_I_TAIL_GOING,
    LLMOBS_I_TAIL_FREE,
    LLMOBS_I_TAIL_STAGES
} llmobsi_tail_stage;

/* A trace. Numbers that say "+ 1" are 0 for none. */
typedef struct llmobsi_tail_trace {
    uint64_t high; /* its id */
    uint64_t low;
    uint64_t since_ns; /* when its first span came */
    uint64_t pass;     /* that brought its root */
    uint32_t root;     /* slot + 1 of its local root: the first one that ended */
    uint32_t first;    /* slots + 1 */
    uint32_t last;
    uint32_t spans;
    uint32_t slots;  /* with the further ones of long spans */
    uint32_t stage;
    uint32_t before; /* traces + 1, in the list of its stage */
    uint32_t after;
    uint32_t same;   /* trace + 1: the next one with this place in `places` */
    llmobsi_tail_verdict verdict; /* going */
} llmobsi_tail_trace;

typedef struct llmobsi_tail_list {
    uint32_t first; /* traces + 1 */
    uint32_t last;
} llmobsi_tail_list;

/* What became of a trace; one without an id is none. */
typedef struct llmobsi_tail_decision {
    uint64_t high;
    uint64_t low;
    uint64_t threshold;
    uint32_t policy;
    bool kept;
} llmobsi_tail_decision;

typedef struct llmobsi_tail {
    llmobsi_tail_trace* traces; /* this and what stands up to the policies: open writes */
    uint32_t* places;           /* trace + 1, by the hash of its id */
    llmobsi_tail_decision* decisions; /* by the same hash, LLMOBS_I_TAIL_WAYS each */
    uint32_t* links;            /* of slots: slot + 1 of the next span of the trace */
    uint32_t count;             /* of traces: one more than are held */
    uint32_t mask;              /* of places and of decisions */
    uint32_t span_most;
    uint32_t slot_most;
    uint32_t slots_low; /* so many should be free */
    uint64_t wait_ns;
    uint64_t seed;
    uint32_t key;     /* names: "llmobs.tail.policy" and "evicted" */
    uint32_t evicted;
    llmobsi_tail_policies policies[2]; /* the one that is not in use is written anew */
    llmobsi_atomic32 in_use;           /* which one + 1; 0: none yet. A fork may come at any time */
    llmobsi_tail_list lists[LLMOBS_I_TAIL_STAGES];
    uint32_t slots;       /* of waiting and ready traces */
    uint32_t slots_going;
    uint64_t pass;        /* over all rings: the one that is on, or was the last */
    uint64_t stamp;       /* when the time was looked at last */
    uint64_t now_ns;      /* what has passed since open: it never goes back */
    bool closing;         /* nothing more will come: all is decided */
    llmobsi_atomic64 held; /* the tick writes, stats read: here and below */
    llmobsi_atomic64 kept;
    llmobsi_atomic64 dropped;
    llmobsi_atomic64 evictions;
    llmobsi_atomic64 late;
} llmobsi_tail;

/* That of an instance; NULL: it has none. */
llmobsi_inline llmobsi_tail* llmobsi_tail_of(const llmobsi_recorder* recorder)
{
    return LLMOBS_I_TAIL ? (llmobsi_tail*)recorder->tail : NULL;
}

llmobsi_inline llmobsi_tail_policies* llmobsi_tail_policies_of(llmobsi_tail* tail)
{
    uint32_t in_use = llmobsi_load_acquire(&tail->in_use);
    return in_use != 0 ? &tail->policies[in_use - 1] : NULL;
}

/* Puts others in place of those in use. What is refused changes nothing. */
llmobsi_fn llmobs_result llmobsi_tail_replace(llmobsi_tail* tail, llmobsi_names* names,
                                              const llmobs_tail_policy* given, size_t count,
                                              size_t* wrong)
{
    uint32_t other = llmobsi_load_relaxed(&tail->in_use) == 1 ? 1 : 0;
    llmobsi_tail_policies* policies = &tail->policies[other];
    llmobs_result result = llmobsi_tail_policies_read(policies, names, given, count, wrong);
    if (result == LLMOBS_OK) {
        llmobsi_store_release(&tail->in_use, other + 1);
    }
    return result;
}

/* ---- lists --------------------------------------------------------------------------------- */

/* Takes a trace out of its stage's list. */
llmobsi_fn void llmobsi_tail_unlink(llmobsi_tail* tail, llmobsi_tail_trace* trace)
{
    llmobsi_tail_list* list = &tail->lists[trace->stage];
    *(trace->before != 0 ? &tail->traces[trace->before - 1].after : &list->first) = trace->after;
    *(trace->after != 0 ? &tail->traces[trace->after - 1].before : &list->last) = trace->before;
}

/* Appends it to that of a stage. */
llmobsi_fn void llmobsi_tail_link(llmobsi_tail* tail, llmobsi_tail_trace* trace,
                                  llmobsi_tail_stage stage)
{
    llmobsi_tail_list* list = &tail->lists[stage];
    uint32_t number = (uint32_t)(trace - tail->traces) + 1;
    trace->stage = (uint32_t)stage;
    trace->after = 0;
    trace->before = list->last;
    *(list->last != 0 ? &tail->traces[list->last - 1].after : &list->first) = number;
    list->last = number;
}

llmobsi_fn void llmobsi_tail_move(llmobsi_tail* tail, llmobsi_tail_trace* trace,
                                  llmobsi_tail_stage stage)
{
    llmobsi_tail_unlink(tail, trace);
    llmobsi_tail_link(tail, trace, stage);
}

/* The one that is in a stage for the longest time, or NULL. */
llmobsi_inline llmobsi_tail_trace* llmobsi_tail_first(llmobsi_tail* tail, llmobsi_tail_stage stage)
{
    uint32_t first = tail->lists[stage].first;
    return first != 0 ? &tail->traces[first - 1] : NULL;
}

/* ---- by id --------------------------------------------------------------------------------- */

/* Seeded: ids come from strangers, too. */
llmobsi_fn uint32_t llmobsi_tail_place(const llmobsi_tail* tail, uint64_t high, uint64_t low)
{
    uint64_t id[2];
    id[0] = high;
    id[1] = low;
    return (uint32_t)llmobsi_hash64(id, sizeof id, tail->seed) & tail->mask;
}

/* The trace that is waiting or ready, or NULL. */
llmobsi_fn llmobsi_tail_trace* llmobsi_tail_find(llmobsi_tail* tail, uint32_t place, uint64_t high,
                                                 uint64_t low)
{
    uint32_t number = tail->places[place];
    while (number != 0) {
        llmobsi_tail_trace* trace = &tail->traces[number - 1];
        if (trace->low == low && trace->high == high) {
            return trace;
        }
        number = trace->same;
    }
    return NULL;
}

llmobsi_fn void llmobsi_tail_forget(llmobsi_tail* tail, uint32_t place,
                                    const llmobsi_tail_trace* trace)
{
    uint32_t* link = &tail->places[place];
    while (&tail->traces[*link - 1] != trace) {
        link = &tail->traces[*link - 1].same;
    }
    *link = trace->same;
}

/* What was decided, if it is still known. */
llmobsi_fn bool llmobsi_tail_recall(const llmobsi_tail* tail, uint32_t place, uint64_t high,
                                    uint64_t low, llmobsi_tail_verdict* verdict)
{
    const llmobsi_tail_decision* ways = &tail->decisions[place * LLMOBS_I_TAIL_WAYS];
    uint32_t way;
    for (way = 0; way < LLMOBS_I_TAIL_WAYS; way++) {
        if (ways[way].low == low && ways[way].high == high) {
            verdict->threshold = ways[way].threshold;
            verdict->policy = ways[way].policy;
            verdict->key = tail->key;
            verdict->kept = ways[way].kept;
            return true;
        }
    }
    return false;
}

llmobsi_fn void llmobsi_tail_remember(llmobsi_tail* tail, uint32_t place, uint64_t high,
                                      uint64_t low, const llmobsi_tail_verdict* verdict)
{
    llmobsi_tail_decision* ways = &tail->decisions[place * LLMOBS_I_TAIL_WAYS];
    memmove(ways + 1, ways, (LLMOBS_I_TAIL_WAYS - 1) * sizeof *ways);
    ways->high = high;
    ways->low = low;
    ways->threshold = verdict->threshold;
    ways->policy = verdict->policy;
    ways->kept = verdict->kept;
}

/* ---- deciding ------------------------------------------------------------------------------ */

/* The 56 random bits of the trace that a span belongs to: those that its head was decided by. */
llmobsi_fn uint64_t llmobsi_tail_randomness(const llmobsi_recorder* recorder,
                                            const llmobsi_slot* slot)
{
    llmobs_trace_context context;
    llmobsi_slot_tracestate(recorder, slot,
                            llmobsi_load_relaxed(&slot->flags) & LLMOBS_I_FLAG_TRACESTATE,
                            context.tracestate);
    llmobsi_write_be64(context.trace_id, llmobsi_load_relaxed(&slot->trace_high));
    llmobsi_write_be64(context.trace_id + 8, llmobsi_load_relaxed(&slot->trace_low));
    return llmobsi_sampling_randomness(&context);
}

/* All that is known of a trace. Where its root has not ended, it took as long as its spans did. */
llmobsi_fn void llmobsi_tail_facts_of(const llmobsi_tail* tail, const llmobsi_recorder* recorder,
                                      const llmobsi_tail_policies* policies,
                                      const llmobsi_tail_trace* trace, llmobsi_tail_facts* facts)
{
    const llmobsi_pool* pool = &recorder->pool;
    uint32_t number = trace->root != 0 ? trace->root : trace->first;
    const llmobsi_slot* root = &pool->slots[number - 1];
    llmobsi_tail_facts_begin(facts);
    for (number = trace->first; number != 0; number = tail->links[number - 1]) {
        llmobsi_tail_facts_span(policies, pool, &pool->slots[number - 1], facts);
    }
    if (trace->root != 0) {
        facts->first = llmobsi_load_relaxed(&root->start);
        facts->last = root->end;
    }
    facts->latency_ns = llmobsi_timeline_between(&recorder->timeline, facts->first, facts->last);
    facts->randomness = llmobsi_tail_randomness(recorder, root);
}

/* The trace's spans go now, by this verdict, and so will those that come later. */
llmobsi_fn void llmobsi_tail_let_go(llmobsi_tail* tail, llmobsi_tail_trace* trace,
                                    const llmobsi_tail_verdict* verdict)
{
    uint32_t place = llmobsi_tail_place(tail, trace->high, trace->low);
    trace->verdict = *verdict;
    trace->verdict.key = tail->key;
    llmobsi_tail_forget(tail, place, trace);
    llmobsi_tail_remember(tail, place, trace->high, trace->low, verdict);
    llmobsi_tail_move(tail, trace, LLMOBS_I_TAIL_GOING);
    tail->slots -= trace->slots;
    tail->slots_going += trace->slots;
}

/* By the policies. */
llmobsi_fn void llmobsi_tail_decide(llmobsi_tail* tail, const llmobsi_recorder* recorder,
                                    llmobsi_tail_trace* trace)
{
    llmobsi_tail_policies* policies = llmobsi_tail_policies_of(tail);
    llmobsi_tail_facts facts;
    llmobsi_tail_verdict verdict;
    memset(&verdict, 0, sizeof verdict);
    llmobsi_tail_facts_of(tail, recorder, policies, trace, &facts);
    llmobsi_tail_judge(policies, &facts, tail->now_ns, &verdict);
    llmobsi_tail_let_go(tail, trace, &verdict);
}

/* Without them: what its head decided stands. */
llmobsi_fn llmobsi_tail_verdict llmobsi_tail_eviction(llmobsi_tail* tail)
{
    llmobsi_tail_verdict verdict = llmobsi_no_verdict;
    verdict.policy = tail->evicted;
    verdict.key = tail->key;
    llmobsi_count(&tail->evictions, 1);
    return verdict;
}

/* A trace has to go before its time. If its root has ended, nearly all is known that will be. */
llmobsi_fn void llmobsi_tail_hurry(llmobsi_tail* tail, const llmobsi_recorder* recorder,
                                   llmobsi_tail_trace* trace)
{
    llmobsi_tail_verdict verdict;
    if (trace->stage == LLMOBS_I_TAIL_READY) {
        llmobsi_tail_decide(tail, recorder, trace);
    } else {
        verdict = llmobsi_tail_eviction(tail);
        llmobsi_tail_let_go(tail, trace, &verdict);
    }
}

/* One has to: one that is ready, else the one that waits for the longest time. False: there is
   none. */
llmobsi_fn bool llmobsi_tail_relieve(llmobsi_tail* tail, const llmobsi_recorder* recorder)
{
    llmobsi_tail_trace* trace = llmobsi_tail_first(tail, LLMOBS_I_TAIL_READY);
    trace = trace != NULL ? trace : llmobsi_tail_first(tail, LLMOBS_I_TAIL_WAITING);
    if (trace != NULL) {
        llmobsi_tail_hurry(tail, recorder, trace);
    }
    return trace != NULL;
}

/* ---- holding ------------------------------------------------------------------------------- */

/* A trace whose first span this is; NULL: all places are in use. */
llmobsi_fn llmobsi_tail_trace* llmobsi_tail_begin(llmobsi_tail* tail, uint32_t place, uint64_t high,
                                                  uint64_t low)
{
    llmobsi_tail_trace* trace = llmobsi_tail_first(tail, LLMOBS_I_TAIL_FREE);
    if (trace == NULL) {
        return NULL;
    }
    trace->high = high;
    trace->low = low;
    trace->since_ns = tail->now_ns;
    trace->pass = 0;
    trace->root = 0;
    trace->first = 0;
    trace->last = 0;
    trace->spans = 0;
    trace->slots = 0;
    trace->same = tail->places[place];
    tail->places[place] = (uint32_t)(trace - tail->traces) + 1;
    llmobsi_tail_move(tail, trace, LLMOBS_I_TAIL_WAITING);
    return trace;
}

/* Adds a span to its trace. */
llmobsi_fn void llmobsi_tail_add_span(llmobsi_tail* tail, llmobsi_tail_trace* trace,
                                      const llmobsi_slot* slot, uint32_t number)
{
    tail->links[number - 1] = 0;
    *(trace->last != 0 ? &tail->links[trace->last - 1] : &trace->first) = number;
    trace->last = number;
    trace->spans++;
    trace->slots += slot->part_count;
    tail->slots += slot->part_count;
    llmobsi_count(&tail->held, 1);
    if (trace->root == 0 && llmobsi_slot_is_root(slot)) {
        trace->root = number;
        trace->pass = tail->pass;
        llmobsi_tail_move(tail, trace, LLMOBS_I_TAIL_READY);
    }
}

/* Keeps what is held within its bounds. One trace's place is always free: the next span may need
   it. */
llmobsi_fn void llmobsi_tail_bound(llmobsi_tail* tail, const llmobsi_recorder* recorder,
                                   llmobsi_tail_trace* trace)
{
    bool more = true;
    if (trace->spans > tail->span_most) {
        llmobsi_tail_hurry(tail, recorder, trace);
    }
    if (tail->lists[LLMOBS_I_TAIL_FREE].first == 0) {
        (void)llmobsi_tail_relieve(tail, recorder);
    }
    while (more && tail->slots > tail->slot_most) {
        more = llmobsi_tail_relieve(tail, recorder);
    }
}

/* Takes a sampled span that has ended, once there are policies. True: it is held. False: `verdict`
   says what becomes of it now. */
llmobsi_fn bool llmobsi_tail_hold(llmobsi_tail* tail, const llmobsi_recorder* recorder,
                                  const llmobsi_slot* slot, llmobsi_tail_verdict* verdict)
{
    uint64_t high = llmobsi_load_relaxed(&slot->trace_high);
    uint64_t low = llmobsi_load_relaxed(&slot->trace_low);
    uint32_t place = llmobsi_tail_place(tail, high, low);
    llmobsi_tail_trace* trace = llmobsi_tail_find(tail, place, high, low);
    if (trace == NULL && llmobsi_tail_recall(tail, place, high, low, verdict)) {
        llmobsi_count(&tail->late, 1);
        return false;
    }
    trace = trace != NULL ? trace : llmobsi_tail_begin(tail, place, high, low);
    if (trace == NULL) {
        *verdict = llmobsi_tail_eviction(tail);
        llmobsi_tail_remember(tail, place, high, low, verdict);
        return false;
    }
    llmobsi_tail_add_span(tail, trace, slot, (uint32_t)(slot - recorder->pool.slots) + 1);
    llmobsi_tail_bound(tail, recorder, trace);
    return true;
}

/* ---- what goes ----------------------------------------------------------------------------- */

llmobsi_inline bool llmobsi_tail_is_going(const llmobsi_tail* tail)
{
    return tail != NULL && tail->lists[LLMOBS_I_TAIL_GOING].first != 0;
}

/* The next slot of what goes, which there must be, and by which verdict. */
llmobsi_fn uint32_t llmobsi_tail_next(llmobsi_tail* tail, const llmobsi_recorder* recorder,
                                      llmobsi_tail_verdict* verdict)
{
    llmobsi_tail_trace* trace = llmobsi_tail_first(tail, LLMOBS_I_TAIL_GOING);
    uint32_t index = trace->first - 1;
    *verdict = trace->verdict;
    trace->first = tail->links[index];
    tail->slots_going -= recorder->pool.slots[index].part_count;
    llmobsi_count(&tail->held, UINT64_MAX); /* one less */
    if (trace->first == 0) {
        llmobsi_tail_move(tail, trace, LLMOBS_I_TAIL_FREE);
    }
    return index;
}

/* ---- time ---------------------------------------------------------------------------------- */

/* The rings are about to be emptied. A host's clock that goes back passes for one that stood
   still. */
llmobsi_fn void llmobsi_tail_pass(llmobsi_tail* tail, const llmobsi_recorder* recorder)
{
    uint64_t stamp = llmobsi_now(&recorder->timeline);
    tail->now_ns += llmobsi_timeline_between(&recorder->timeline, tail->stamp, stamp);
    tail->stamp = stamp;
    tail->pass++;
}

/* Whether the rings have to be emptied once more to decide something. */
llmobsi_inline bool llmobsi_tail_is_ready(const llmobsi_tail* tail)
{
    return tail->lists[LLMOBS_I_TAIL_READY].first != 0;
}

/* Decides what can be, after a pass over all rings: roots that came before it, what has waited for
   too long; at the end everything. And makes room where recorders may run out of it. */
llmobsi_fn void llmobsi_tail_settle(llmobsi_tail* tail, const llmobsi_recorder* recorder)
{
    llmobsi_tail_trace* trace;
    while ((trace = llmobsi_tail_first(tail, LLMOBS_I_TAIL_READY)) != NULL &&
           (tail->closing || trace->pass < tail->pass)) {
        llmobsi_tail_decide(tail, recorder, trace);
    }
    while ((trace = llmobsi_tail_first(tail, LLMOBS_I_TAIL_WAITING)) != NULL &&
           (tail->closing || tail->now_ns - trace->since_ns >= tail->wait_ns)) {
        llmobsi_tail_decide(tail, recorder, trace);
    }
    while (llmobsi_pool_free_count(&recorder->pool) + tail->slots_going < tail->slots_low &&
           llmobsi_tail_relieve(tail, recorder)) {
    }
}

/* ---- begin --------------------------------------------------------------------------------- */

/* Makes it hold nothing. Nobody else is there. */
llmobsi_fn void llmobsi_tail_reset(llmobsi_tail* tail, const llmobsi_recorder* recorder)
{
    uint32_t i;
    memset(tail->lists, 0, sizeof tail->lists);
    memset(tail->places, 0, ((size_t)tail->mask + 1) * sizeof *tail->places);
    memset(tail->decisions, 0,
           ((size_t)tail->mask + 1) * LLMOBS_I_TAIL_WAYS * sizeof *tail->decisions);
    for (i = 0; i < tail->count; i++) {
        llmobsi_tail_link(tail, &tail->traces[i], LLMOBS_I_TAIL_FREE);
    }
    tail->slots = 0;
    tail->slots_going = 0;
    tail->closing = false;
    tail->stamp = llmobsi_now(&recorder->timeline);
    llmobsi_store_relaxed(&tail->held, 0);
    llmobsi_store_relaxed(&tail->kept, 0);
    llmobsi_store_relaxed(&tail->dropped, 0);
    llmobsi_store_relaxed(&tail->evictions, 0);
    llmobsi_store_relaxed(&tail->late, 0);
}

/* `recorder` is NULL while measuring. */
llmobsi_fn void llmobsi_tail_layout(llmobsi_arena* arena, const llmobs_config* config,
                                    llmobsi_recorder* recorder)
{
    uint32_t count = config->tail_traces + 1; /* so that one more can come before one goes */
    uint32_t places = llmobsi_round_up_pow2(config->tail_traces);
    llmobsi_tail* tail = (llmobsi_tail*)llmobsi_arena_take(arena, 1, sizeof(llmobsi_tail));
    llmobsi_tail_trace* traces =
        (llmobsi_tail_trace*)llmobsi_arena_take(arena, count, sizeof(llmobsi_tail_trace));
    uint32_t* heads = (uint32_t*)llmobsi_arena_take(arena, places, sizeof(uint32_t));
    llmobsi_tail_decision* decisions = (llmobsi_tail_decision*)llmobsi_arena_take(
        arena, places * LLMOBS_I_TAIL_WAYS, sizeof(llmobsi_tail_decision));
    uint32_t* links = (uint32_t*)llmobsi_arena_take(arena, config->span_slots, sizeof(uint32_t));
    if (recorder == NULL || links == NULL) {
        return;
    }
    memset(tail, 0, sizeof *tail);
    memset(traces, 0, count * sizeof *traces);
    tail->traces = traces;
    tail->places = heads;
    tail->decisions = decisions;
    tail->links = links;
    tail->count = count;
    tail->mask = places - 1;
    recorder->tail = tail;
}

llmobsi_fn void llmobsi_tail_start(llmobsi_recorder* recorder, const llmobs_config* config)
{
    llmobsi_tail* tail = llmobsi_tail_of(recorder);
    uint32_t most = config->span_slots / 4 * 3;
    tail->span_most = config->tail_spans;
    tail->slot_most = config->tail_slots == 0     ? config->span_slots / 2
                      : config->tail_slots < most ? config->tail_slots
                                                  : most;
    tail->slots_low = config->span_slots / 16;
    tail->wait_ns = (uint64_t)config->tail_wait_s * UINT64_C(1000000000);
    tail->key = llmobsi_tail_name(&recorder->names, "llmobs.tail.policy");
    tail->evicted = llmobsi_tail_name(&recorder->names, "evicted");
    tail->seed = llmobsi_random_seed();
    llmobsi_tail_reset(tail, recorder);
}

/* In the child of a fork: what was held is the parent's; policies stay, and their rates are full
   sooner or later. */
llmobsi_fn void llmobsi_tail_forked(llmobsi_recorder* recorder)
{
    llmobsi_tail_reset(llmobsi_tail_of(recorder), recorder);
}

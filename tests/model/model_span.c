/* Spans: what a child learns of a parent that ends meanwhile, and several ends of one span. */
#include "world.h"

static llmobsi_thread* threads[MODEL_THREADS];
static llmobs_span first; /* live when the threads start, known to all of them */
static uint64_t first_id;
static unsigned wins;
static unsigned generation[MODEL_THREADS];

ghost void prepare(uint32_t slots)
{
    llmobsi_lineage lineage = world_lineage(1);
    uint32_t i;
    world_has_membarrier = false;
    world_open(slots, 3);
    for (i = 0; i < 3; i++) {
        threads[i] = world_thread(i);
    }
    first = llmobsi_span_open(threads[0], &lineage, "a");
    first_id = threads[0]->slots[first.slot].span_id;
    wins = 0;
    (memset)(generation, 0, sizeof generation);
}

ghost void won(bool by_me)
{
    wins += by_me;
    if (wins > 1) {
        model_fail("two ends of one span");
    }
}

ghost uint64_t known_id(void)
{
    return first_id;
}

static void tick(void)
{
    unsigned i;
    for (i = 0; i < 4; i++) {
        (void)world_collect(3);
        (void)model_yield();
    }
}

/* ---- children of a slot that is used anew -------------------------------------------------- */

ghost void before_children(void)
{
    prepare(1);
    model_loaded = NULL;
}

static void end_and_use_anew(void)
{
    unsigned n;
    (void)world_end(threads[0], first, 1);
    for (n = 2; n < 6; n++) {
        llmobsi_lineage lineage = world_lineage(n);
        llmobs_span span = llmobsi_span_open(threads[0], &lineage, "a");
        if (span.instance == 0) {
            (void)model_yield();
        } else {
            require(world_end(threads[0], span, n));
        }
    }
}

static void begin_children(void)
{
    unsigned i;
    for (i = 0; i < 2; i++) {
        llmobsi_lineage known = world_lineage(1);
        llmobsi_lineage lineage;
        if (llmobsi_span_lineage(threads[1], first, &lineage)) {
            require(lineage.trace_high == known.trace_high);
            require(lineage.trace_low == known.trace_low);
            require(lineage.parent_id == known_id());
            require(lineage.flags == known.flags);
        }
    }
}

/* The slot has been collected already; its next span begins while the handle is used. */
ghost void before_reuse(void)
{
    prepare(1);
    (void)world_end(threads[0], first, 1);
    (void)world_collect(3);
    model_loaded = NULL;
}

static void use_anew(void)
{
    llmobsi_lineage lineage = world_lineage(2);
    (void)llmobsi_span_open(threads[0], &lineage, "a");
}

/* ---- a parent with a tracestate ------------------------------------------------------------ */

/* Two threads that have attached, and a span whose body holds what its children inherit. */
ghost void prepare_attached(bool has_membarrier, uint32_t slots, const char* tracestate)
{
    uint32_t i;
    prepare(slots);
    llmobsi_has_membarrier = world_has_membarrier = has_membarrier;
    world->recorder.cache_size = 1;
    for (i = 0; i < 2; i++) {
        llmobsi_control* control = &llmobsi_controls[i];
        control->owned = 1;
        control->uses[0].thread = threads[i];
        control->uses[0].ticket = world->recorder.ticket;
    }
    llmobsi_controls_used = 2;
    if (tracestate != NULL) {
        llmobsi_slot* slot = &threads[0]->slots[first.slot];
        slot->flags |= LLMOBS_I_FLAG_TRACESTATE;
        llmobsi_tracestate_carry(threads[0], slot, tracestate);
    }
    model_loaded = NULL;
}

ghost void before_tracestate_exchange(void)
{
    prepare_attached(false, 2, "vendor=1");
}

ghost void before_tracestate_membarrier(void)
{
    prepare_attached(true, 2, "vendor=1");
}

static void end_and_fill_anew(void)
{
    unsigned n;
    llmobsi_self = &llmobsi_controls[model_thread()];
    llmobs_span_end(first);
    for (n = 2; n < 6; n++) {
        llmobs_span span = llmobs_span_root(world_obs, "a");
        if (span.instance == 0) {
            (void)model_yield();
        }
        llmobs_span_set_int(span, "a", 1);
        llmobs_span_end(span);
    }
}

static void inherit(void)
{
    llmobs_span child;
    llmobsi_self = &llmobsi_controls[model_thread()];
    child = llmobs_span_child(first, "a");
    if (child.instance != 0) {
        llmobs_trace_context context;
        require(llmobs_span_context(child, &context) == LLMOBS_OK);
        require(context.tracestate[0] == '\0' || strcmp(context.tracestate, "vendor=1") == 0);
        llmobs_span_end(child);
    }
}

/* ---- the next span after one that another thread ends -------------------------------------- */

ghost void before_next(void)
{
    prepare_attached(false, 4, NULL);
}

static void begin_next(void)
{
    llmobs_span next;
    llmobsi_lineage known = world_lineage(1);
    llmobsi_self = &llmobsi_controls[model_thread()];
    next = llmobs_span_next(first, "a");
    if (next.instance != 0) {
        llmobsi_slot* slot = &threads[1]->slots[next.slot];
        require(llmobsi_load_relaxed(&slot->trace_high) == known.trace_high);
        require(llmobsi_load_relaxed(&slot->trace_low) == known.trace_low);
        require(slot->parent_id == known.parent_id);
    }
}

/* ---- ends ---------------------------------------------------------------------------------- */

static void end_it(void)
{
    won(world_end(threads[model_thread()], first, model_thread() + 1));
}

static void collected(const void* place, uint64_t value, const model_site* site)
{
    (void)value;
    if (strcmp(site->function, "llmobsi_collect_slot") == 0 &&
        strcmp(site->text, "load_relaxed(&slot->flags)") == 0) {
        const llmobsi_slot* slot =
            (const llmobsi_slot*)((const unsigned char*)place - offsetof(llmobsi_slot, flags));
        require(slot->end == (uint64_t)slot->thread + 1 || slot->end == world_time);
        require(slot->part_count == 1);
        require(slot->used <= LLMOBS_I_SLOT_BODY && slot->dropped_attributes == 0);
        require(slot->attribute_count <= 2);
        model_reads(slot->body, slot->used);
    }
}

ghost void before_ends(void)
{
    prepare(2);
    model_loaded = collected;
}

ghost void after_ends(void)
{
    if (wins != 1) {
        model_fail("a span did not end");
    }
    (void)world_collect(3);
    if (world->no_exporter != 1) {
        model_fail("one span was collected more or less than once");
    }
    world_count_slots();
}

/* ---- the tick ends what is too old, under a thread that writes it -------------------------- */

ghost void before_expiry(bool has_membarrier)
{
    llmobsi_control* control = &llmobsi_controls[0];
    prepare(2);
    llmobsi_has_membarrier = world_has_membarrier = has_membarrier;
    world->span_max_age_ns = 0; /* all are too old */
    control->owned = 1;
    llmobsi_controls_used = 1;
    control->uses[0].thread = threads[0];
    control->uses[0].ticket = world->recorder.ticket;
    model_loaded = collected;
}

ghost void before_expiry_exchange(void)
{
    before_expiry(false);
}

ghost void before_expiry_membarrier(void)
{
    before_expiry(true);
}

static void set_and_end(void)
{
    llmobsi_self = &llmobsi_controls[0];
    llmobs_span_set_int(first, "a", 1);
    llmobs_span_set_int(first, "a", 2);
    llmobs_span_end(first);
}

/* The same by a thread that comes for the first time, with a span that another has begun. */
ghost void before_newcomer(void)
{
    before_expiry(false);
    (memset)(llmobsi_controls, 0, sizeof llmobsi_controls);
    llmobsi_controls_used = 0;
    world->recorder.threads[0].state = LLMOBS_I_THREAD_DEAD;
}

static void set_twice(void)
{
    llmobs_span_set_int(first, "a", 1);
    llmobs_span_set_int(first, "a", 2);
}

static void expire(void)
{
    uint64_t now_ns = llmobsi_monotonic_ns();
    unsigned i;
    for (i = 0; i < 3; i++) {
        llmobsi_sweep(world, llmobsi_now(&world->recorder.timeline));
        llmobsi_collect_limbo(world, now_ns);
        (void)world_collect(3);
        (void)model_yield();
    }
}

ghost void after_expiry(void)
{
    llmobsi_collect_limbo(world, 0);
    (void)world_collect(3);
    if (world->no_exporter != 1) {
        model_fail("one span was collected more or less than once");
    }
    world_count_slots();
}

/* ---- a span that is young is left alone ---------------------------------------------------- */

ghost void before_young(void)
{
    llmobsi_slot* slot;
    prepare(2);
    slot = &threads[0]->slots[first.slot ^ 1u];
    slot->start = 1; /* what a slot's last span left */
    world->span_max_age_ns = UINT64_C(500000000);
    model_loaded = NULL;
}

static void begin_young(void)
{
    llmobsi_lineage lineage = world_lineage(2);
    llmobs_span span = llmobsi_span_open(threads[0], &lineage, "a");
    require(world_end(threads[0], span, 1));
}

static void sweep(void)
{
    world->swept = 0;
    llmobsi_sweep(world, llmobsi_now(&world->recorder.timeline));
    require(world->limbo_count == 0);
}

const model_scenario model_scenarios[] = {
    {"lineage",
     "a child has all of its parent's ids, or none",
     before_children,
     {end_and_use_anew, begin_children, tick, NULL},
     NULL},
    {"lineage, at once",
     "the same while the parent's slot is used anew",
     before_reuse,
     {use_anew, begin_children, begin_children, NULL},
     NULL},
    {"tracestate, exchange",
     "a child has its parent's tracestate, or none",
     before_tracestate_exchange,
     {end_and_fill_anew, inherit, tick, NULL},
     NULL},
    {"tracestate, membarrier",
     "the same with membarrier",
     before_tracestate_membarrier,
     {end_and_fill_anew, inherit, tick, NULL},
     NULL},
    {"next",
     "a span's next has its trace, whoever ends it",
     before_next,
     {end_and_fill_anew, begin_next, tick, NULL},
     NULL},
    {"end",
     "of three ends one wins, and the tick sees what it wrote",
     before_ends,
     {end_it, end_it, end_it, tick},
     after_ends},
    {"expiry, exchange",
     "a span that is too old is ended once, and collected when nobody writes to it any more",
     before_expiry_exchange,
     {set_and_end, expire, NULL, NULL},
     after_expiry},
    {"expiry, membarrier",
     "the same with membarrier",
     before_expiry_membarrier,
     {set_and_end, expire, NULL, NULL},
     after_expiry},
    {"expiry, newcomer",
     "the same with a thread that comes for the first time",
     before_newcomer,
     {set_twice, expire, set_twice, NULL},
     after_expiry},
    {"expiry, young spans",
     "a span that has just begun is not taken for what was there before",
     before_young,
     {begin_young, sweep, NULL, NULL},
     NULL},
    {NULL, NULL, NULL, {NULL, NULL, NULL, NULL}, NULL},
};

/* The pool's free ring and the threads' rings. */
#include "world.h"

#define TAKERS 2u
#define SPANS 3u /* that each begins */

static llmobsi_thread* threads[MODEL_THREADS];
static uint32_t slots_there;

/* ---- what a global clock would tell -------------------------------------------------------- */

static int owner[64];
static uint64_t last_taken[MODEL_THREADS];
static uint64_t ends_seen[TAKERS];
static unsigned collected;

ghost void prepare(uint32_t slots, uint32_t cache_size)
{
    uint32_t i;
    world_has_membarrier = false;
    world_open(slots, 3);
    world->recorder.cache_size = cache_size;
    slots_there = slots;
    for (i = 0; i < TAKERS; i++) {
        threads[i] = world_thread(i);
    }
    (memset)(owner, 0, sizeof owner);
    (memset)(last_taken, 0, sizeof last_taken);
    (memset)(ends_seen, 0, sizeof ends_seen);
    collected = 0;
}

ghost void owns(uint32_t slot)
{
    if (slot >= slots_there) {
        model_fail("no such slot");
    }
    if (owner[slot]++ != 0) {
        model_fail("a slot is handed to two");
    }
}

ghost void disowns(uint32_t slot)
{
    owner[slot]--;
}

/* Each ring is in order, so each thread's ends, which it counts up, are. */
ghost void saw_end(unsigned thread, uint64_t end)
{
    if (thread >= TAKERS || end != ends_seen[thread] + 1) {
        model_fail("a span is lost, or out of order");
    }
    ends_seen[thread] = end;
    collected++;
}

/* A taker that saw `taken` sees a `given` that belongs to it: never less. */
ghost void saw_counter(const void* place, uint64_t value)
{
    const llmobsi_pool* pool = &world->recorder.pool;
    if (place == &pool->taken) {
        last_taken[model_thread()] = value;
    }
    if (place == &pool->given && value < last_taken[model_thread()]) {
        model_fail("more is taken than was given");
    }
}

/* ---- one: spans ---------------------------------------------------------------------------- */

/* In the tick, about to export a slot: all of it must be visible. */
static void loaded(const void* place, uint64_t value, const model_site* site)
{
    (void)value;
    saw_counter(place, value);
    if (strcmp(site->function, "llmobsi_collect_slot") == 0 &&
        strcmp(site->text, "load_relaxed(&slot->flags)") == 0) {
        const llmobsi_slot* slot =
            (const llmobsi_slot*)((const unsigned char*)place - offsetof(llmobsi_slot, flags));
        unsigned thread = slot->thread;
        saw_end(thread, slot->end);
        require(llmobsi_load_relaxed(&slot->trace_low) == (thread * 8 + slot->end) * 16 + 2);
        require(slot->parent_id == (thread * 8 + slot->end) * 16 + 3);
        require(slot->part_count == 1);
    }
}

static void take_and_end(void)
{
    unsigned me = model_thread();
    llmobsi_thread* thread = threads[me];
    uint64_t end = 0;
    unsigned i;
    for (i = 0; i < SPANS; i++) {
        llmobsi_lineage lineage = world_lineage((unsigned)(me * 8 + end + 1));
        llmobs_span span = llmobsi_span_open(thread, &lineage, "a");
        if (span.instance == 0) {
            (void)model_yield();
            continue;
        }
        owns(span.slot);
        disowns(span.slot);
        require(world_end(thread, span, ++end));
    }
}

static void tick(void)
{
    unsigned i;
    for (i = 0; i < 4; i++) {
        (void)world_collect(TAKERS);
        (void)model_yield();
    }
}

ghost void before_spans(void)
{
    prepare(4, 2);
    model_loaded = loaded;
}

ghost void before_few(void)
{
    prepare(2, 1);
    model_loaded = loaded;
}

ghost void after_spans(void)
{
    world_count_slots();
    (void)world_collect(TAKERS);
    world_count_slots();
    if (world->no_exporter != threads[0]->counts.ended + threads[1]->counts.ended) {
        model_fail("not all that ended was collected");
    }
}

/* ---- two: numbers alone, more of them at a time -------------------------------------------- */

static llmobsi_ring* ring_of(unsigned number)
{
    return &threads[number]->ring;
}

static void take_numbers(void)
{
    unsigned me = model_thread();
    uint32_t numbers[2];
    unsigned i;
    for (i = 0; i < 3; i++) {
        uint32_t count = llmobsi_pool_take(&world->recorder.pool, numbers, 2);
        uint32_t n;
        for (n = 0; n < count; n++) {
            owns(numbers[n]);
            world->recorder.pool.slots[numbers[n]].end = me; /* ours alone: a plain write */
        }
        for (n = 0; n < count; n++) {
            disowns(numbers[n]);
            llmobsi_ring_push(ring_of(me), numbers[n]);
        }
    }
}

/* With one slot a `taken` that is read soon is old news. */
static void take_one_by_one(void)
{
    unsigned me = model_thread();
    unsigned i;
    for (i = 0; i < 4; i++) {
        uint32_t number;
        if (llmobsi_pool_take(&world->recorder.pool, &number, 1) != 0) {
            owns(number);
            world->recorder.pool.slots[number].end = me;
            disowns(number);
            llmobsi_ring_push(ring_of(me), number);
        }
        (void)model_yield();
    }
}

static void give_numbers(void)
{
    llmobsi_pool* pool = &world->recorder.pool;
    unsigned i;
    for (i = 0; i < 8; i++) {
        llmobsi_ring* ring = ring_of(i % TAKERS);
        uint64_t end = llmobsi_load_acquire(&ring->pushed);
        uint32_t number;
        while (llmobsi_ring_pop(ring, end, &number)) {
            require(number < slots_there && pool->slots[number].end == i % TAKERS);
            llmobsi_pool_give(pool, &world->given, number);
        }
        llmobsi_pool_publish(pool, world->given);
        (void)model_yield();
    }
}

static void counted(const void* place, uint64_t value, const model_site* site)
{
    (void)site;
    saw_counter(place, value);
}

ghost void before_numbers(void)
{
    prepare(4, 1);
    model_loaded = counted;
}

ghost void before_one(void)
{
    prepare(1, 1);
    model_loaded = counted;
}

/* ---- three: the count of free slots -------------------------------------------------------- */

static void count_free(void)
{
    unsigned i;
    for (i = 0; i < 4; i++) {
        uint64_t count = llmobsi_pool_free_count(&world->recorder.pool);
        require(count <= slots_there);
    }
}

ghost void before_count(void)
{
    prepare(2, 1);
    model_loaded = NULL;
}

const model_scenario model_scenarios[] = {
    {"pool and rings",
     "no slot is lost or handed to two; the tick sees each ended span once, in order and whole",
     before_spans,
     {take_and_end, take_and_end, tick, NULL},
     after_spans},
    {"pool, nearly empty",
     "the same with two slots for two threads",
     before_few,
     {take_and_end, take_and_end, tick, NULL},
     after_spans},
    {"pool, numbers",
     "two takers of two, and the tick that gives back",
     before_numbers,
     {take_numbers, take_numbers, give_numbers, NULL},
     world_count_slots},
    {"pool, one slot",
     "the same with one slot that two want",
     before_one,
     {take_one_by_one, take_one_by_one, give_numbers, NULL},
     world_count_slots},
    {"pool, count",
     "never more free than there are",
     before_count,
     {take_and_end, tick, count_free, NULL},
     world_count_slots},
    {NULL, NULL, NULL, {NULL, NULL, NULL, NULL}, NULL},
};

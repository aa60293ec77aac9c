/* Slots and rings: handed round by many, each slot has one owner at a time. */
#include "llmobs_private.h"
#include "tap.h"

#include "keeper.h"

enum { SLOTS = 256, TAKERS = 3 };

static llmobsi_slot slots[SLOTS];
static llmobsi_atomic32 free_items[SLOTS];
static llmobsi_atomic32 ring_items[TAKERS][SLOTS];
static llmobsi_pool pool;

static void pool_begin(void)
{
    memset(&pool, 0, sizeof pool);
    memset(slots, 0, sizeof slots);
    pool.slots = slots;
    pool.free = free_items;
    pool.mask = SLOTS - 1;
    llmobsi_pool_reset(&pool);
}

static void test_order(void)
{
    uint32_t taken[SLOTS + 8];
    uint64_t given;
    uint32_t count;
    uint32_t i;
    pool_begin();
    is_int(llmobsi_pool_free_count(&pool), SLOTS, "a fresh pool is full");
    is_int(llmobsi_pool_take(&pool, taken, 10), 10, "ten are taken");
    is_int(llmobsi_pool_take(&pool, taken + 10, SLOTS), SLOTS - 10, "then all that are left");
    is_int(llmobsi_pool_take(&pool, taken, 1), 0, "then none");
    is_int(llmobsi_pool_free_count(&pool), 0, "it is empty");
    for (i = 0; i < SLOTS && taken[i] == i; i++) {
    }
    is_int(i, SLOTS, "first in, first out");
    given = llmobsi_load_relaxed(&pool.given);
    llmobsi_pool_give(&pool, &given, 7);
    is_int(llmobsi_pool_take(&pool, taken, 1), 0, "what is given is seen when it is published");
    llmobsi_pool_publish(&pool, given);
    count = llmobsi_pool_take(&pool, taken, 5);
    ok(count == 1 && taken[0] == 7, "then it comes back");
    is_int(slots[7].state & 3, LLMOBS_I_SLOT_FREE, "free");
}

static void test_generations(void)
{
    uint64_t before;
    pool_begin();
    before = slots[3].state;
    llmobsi_pool_reset(&pool);
    ok(slots[3].state / LLMOBS_I_SLOT_STATES != before / LLMOBS_I_SLOT_STATES,
       "a reset leaves no handle alive");
}

/* ---- many takers, one who gives back ------------------------------------------------------- */

typedef struct taker {
    llmobsi_ring ring;
    long rounds;
    llmobsi_atomic64 twice;
    llmobsi_atomic64 got;
    llmobsi_atomic32 done;
} taker;

static llmobsi_atomic32 owners[SLOTS];
static uint32_t payload[SLOTS]; /* plain: the ring must hand it over */
static taker takers[TAKERS];

static void* take_and_push(void* argument)
{
    taker* self = (taker*)argument;
    uint32_t indexes[16];
    long round;
    for (round = 0; round < self->rounds; round++) {
        uint32_t count = llmobsi_pool_take(&pool, indexes, 1 + (uint32_t)round % 16);
        uint32_t i;
        for (i = 0; i < count; i++) {
            /* Relaxed: the pool alone orders what is done to the slot. */
            if (llmobsi_add_relaxed(&owners[indexes[i]], 1) != 0) {
                (void)llmobsi_add_relaxed(&self->twice, 1);
            }
            payload[indexes[i]] = indexes[i] * 7 + 1;
            llmobsi_count(&self->got, 1);
            llmobsi_ring_push(&self->ring, indexes[i]);
        }
        if (count == 0) {
            (void)sched_yield();
        }
    }
    llmobsi_store_release(&self->done, 1);
    return NULL;
}

/* Empties all rings once; returns how many came. */
static uint64_t give_back(long* torn)
{
    uint64_t given = llmobsi_load_relaxed(&pool.given);
    uint64_t count = 0;
    uint32_t index;
    int i;
    for (i = 0; i < TAKERS; i++) {
        uint64_t end = llmobsi_load_acquire(&takers[i].ring.pushed);
        while (llmobsi_ring_pop(&takers[i].ring, end, &index)) {
            *torn += payload[index] != index * 7 + 1;
            payload[index] = 0;
            llmobsi_store_relaxed(&owners[index], 0);
            llmobsi_pool_give(&pool, &given, index);
            count++;
        }
    }
    llmobsi_pool_publish(&pool, given);
    return count;
}

static void test_round(void)
{
    pthread_t threads[TAKERS];
    uint64_t got = 0;
    uint64_t twice = 0;
    uint64_t back = 0;
    uint32_t done = 0;
    long torn = 0;
    int i;
    pool_begin();
    for (i = 0; i < TAKERS; i++) {
        takers[i].ring.items = ring_items[i];
        takers[i].ring.mask = SLOTS - 1;
        takers[i].rounds = sized(100000);
        (void)pthread_create(&threads[i], NULL, take_and_push, &takers[i]);
    }
    while (done < TAKERS) {
        uint64_t came = give_back(&torn);
        back += came;
        if (came == 0) {
            (void)sched_yield();
        }
        for (done = 0, i = 0; i < TAKERS; i++) {
            done += llmobsi_load_acquire(&takers[i].done);
        }
    }
    back += give_back(&torn);
    for (i = 0; i < TAKERS; i++) {
        (void)pthread_join(threads[i], NULL);
        got += takers[i].got;
        twice += takers[i].twice;
    }
    printf("# %llu slots went round\n", (unsigned long long)got);
    is_int(twice, 0, "no slot has two owners");
    is_int(back, got, "what was taken comes back");
    is_int(torn, 0, "with what was written into it");
    is_int(llmobsi_pool_free_count(&pool), SLOTS, "all are free in the end");
}

/* ---- an instance whose pool runs out ------------------------------------------------------- */

static void note_pool(void* user, llmobs_note note, uint64_t count, const char* text)
{
    (void)text;
    *(uint64_t*)user += note == LLMOBS_NOTE_SPAN_POOL ? count : 0;
}

static void test_empty(void)
{
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs;
    llmobs_span spans[100];
    uint64_t noted = 0;
    int i;
    int live = 0;
    config.span_slots = 64;
    config.max_threads = 1;
    config.note = note_pool;
    config.note_user = &noted;
    obs = open_kept(&config, &kept);
    for (i = 0; i < 100; i++) {
        spans[i] = llmobs_span_root(obs, "span");
        live += spans[i].instance != 0;
    }
    is_int(live, 64, "as many spans as there are slots");
    is_int(stats_of(obs).dropped[LLMOBS_DROP_POOL], 36, "the rest is counted");
    is_int(stats_of(obs).slots_free, 0, "none is free");
    (void)llmobs_tick(obs);
    is_int(noted, 36, "a note names the field to raise");
    for (i = 0; i < 100; i++) {
        llmobs_span_end(spans[i]);
    }
    (void)llmobs_flush(obs, 60000);
    is_int(kept.count, 64, "what began arrives");
    for (i = 0; i < 50; i++) {
        llmobs_span_end(llmobs_span_root(obs, "again"));
    }
    (void)llmobs_flush(obs, 60000);
    is_int(kept.count, 114, "then there is room again");
    is_int(stats_of(obs).dropped[LLMOBS_DROP_POOL], 36, "and nothing more is lost");
    ok(close_kept(obs, &kept), "the account balances");
}

/* Idle threads hold some slots back; when they end, they do not any more. */
static void* hold_back(void* argument)
{
    llmobs_span_end(llmobs_span_root((llmobs*)argument, "span"));
    return NULL;
}

static void test_cached(void)
{
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs;
    pthread_t threads[8];
    int i;
    config.span_slots = 64;
    config.max_threads = 8;
    obs = open_kept(&config, &kept);
    for (i = 0; i < 8; i++) {
        (void)pthread_create(&threads[i], NULL, hold_back, obs);
        (void)pthread_join(threads[i], NULL);
    }
    (void)llmobs_flush(obs, 60000);
    (void)llmobs_tick(obs);
    is_int(stats_of(obs).slots_free, 64, "threads that have ended hold no slots");
    ok(close_kept(obs, &kept), "the account balances");
}

int main(void)
{
    test_order();
    test_generations();
    test_round();
    test_empty();
    test_cached();
    (void)llmobs_release();
    return done();
}

/* llmobs as the models see it: the header itself, with its atomic operations, its locks and the
   little that it asks of the system led to the engine; and what the models share. */
#ifndef WORLD_H
#define WORLD_H

#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "model.h"

/* Not seen by the engine: what the models know from outside. */
#define ghost static __attribute__((no_sanitize("thread"), noinline, unused))

/* ---- atomic operations --------------------------------------------------------------------- */

#define MODEL_SITE(text, order, failure)                                            \
    (__extension__({                                                                \
        static model_site site __attribute__((section("model_sites"), used)) = {    \
            __func__, text, __LINE__, order, failure, 0, 0};                        \
        &site;                                                                      \
    }))
#define MODEL_LOAD(name, place, order)           \
    ((__typeof__(*(place)))model_load((place), sizeof *(place), \
                                      MODEL_SITE(name "(" #place ")", order, MODEL_NONE)))
#define MODEL_STORE(name, place, value, order)                    \
    model_store((place), sizeof *(place), (uint64_t)(value), \
                MODEL_SITE(name "(" #place ")", order, MODEL_NONE))
#define MODEL_RMW(call, name, place, value, order)                             \
    ((__typeof__(*(place)))call((place), sizeof *(place), (uint64_t)(value), \
                                MODEL_SITE(name "(" #place ")", order, MODEL_NONE)))
#define MODEL_CAS(name, place, expected, value, order, failure)                             \
    model_cas((place), sizeof *(place), (expected), world_stored((place), (uint64_t)(value)), \
              MODEL_SITE(name "(" #place ")", order, failure))

/* What a compare-and-swap stores: a model with WORLD_STORES has one of its own, which may be
   wrong. */
#ifdef WORLD_STORES
ghost uint64_t world_stored(const void* place, uint64_t value);
#else
#define world_stored(place, value) (value)
#endif

#define LLMOBS_ATOMICS
#define llmobsi_load_relaxed(place) MODEL_LOAD("load_relaxed", place, MODEL_RELAXED)
#define llmobsi_load_acquire(place) MODEL_LOAD("load_acquire", place, MODEL_ACQUIRE)
#define llmobsi_load_ordered(place) MODEL_LOAD("load_ordered", place, MODEL_SEQ_CST)
#define llmobsi_store_relaxed(place, value) \
    MODEL_STORE("store_relaxed", place, value, MODEL_RELAXED)
#define llmobsi_store_release(place, value) \
    MODEL_STORE("store_release", place, value, MODEL_RELEASE)
#define llmobsi_store_ordered(place, value) \
    MODEL_STORE("store_ordered", place, value, MODEL_SEQ_CST)
#define llmobsi_exchange_ordered(place, value) \
    MODEL_RMW(model_exchange, "exchange_ordered", place, value, MODEL_SEQ_CST)
#define llmobsi_add_relaxed(place, value) \
    MODEL_RMW(model_add, "add_relaxed", place, value, MODEL_RELAXED)
#define llmobsi_add_ordered(place, value) \
    MODEL_RMW(model_add, "add_ordered", place, value, MODEL_SEQ_CST)
#define llmobsi_cas_acquire_release(place, expected, value) \
    MODEL_CAS("cas_acquire_release", place, expected, value, MODEL_ACQ_REL, MODEL_ACQUIRE)
#define llmobsi_cas_ordered(place, expected, value) \
    MODEL_CAS("cas_ordered", place, expected, value, MODEL_SEQ_CST, MODEL_SEQ_CST)

/* ---- the system ---------------------------------------------------------------------------- */

static bool world_has_membarrier;

ghost long world_syscall(long number, int command)
{
    if (number != SYS_membarrier || !world_has_membarrier) {
        return -1;
    }
    if (command == 8) {
        model_membarrier();
    }
    return 0;
}

/* Time stands still: nothing here may depend on its going by. */
ghost int world_clock(struct timespec* now)
{
    now->tv_sec = 1000;
    now->tv_nsec = 0;
    return 0;
}

static unsigned char world_random_next;

ghost ssize_t world_random(void* bytes, size_t size)
{
    size_t i;
    for (i = 0; i < size; i++) {
        ((unsigned char*)bytes)[i] = ++world_random_next;
    }
    return (ssize_t)size;
}

ghost void* world_memcpy(void* to, const void* from, size_t size)
{
    model_reads(from, size);
    model_writes(to, size);
    return memcpy(to, from, size);
}

ghost void* world_memset(void* to, int value, size_t size)
{
    model_writes(to, size);
    return memset(to, value, size);
}

ghost int world_memcmp(const void* a, const void* b, size_t size)
{
    model_reads(a, size);
    model_reads(b, size);
    return memcmp(a, b, size);
}

#undef memcpy
#undef memset
#undef memcmp
#define memcpy(to, from, size) world_memcpy((to), (from), (size))
#define memset(to, value, size) world_memset((to), (value), (size))
#define memcmp(a, b, size) world_memcmp((a), (b), (size))
#define syscall(number, command, flags, processor) world_syscall((number), (command))
#define clock_gettime(clock, now) world_clock(now)
#define getrandom(bytes, size, flags) world_random((bytes), (size))
#define sched_yield() model_yield()
#define pthread_setspecific(key, value) ((void)(key), 0)
#define pthread_mutex_init(mutex, attributes) (memset((mutex), 0, sizeof *(mutex)), 0)
#define pthread_mutex_destroy(mutex) 0
#define pthread_mutex_lock(mutex) model_lock(mutex)
#define pthread_mutex_unlock(mutex) model_unlock(mutex)
#define pthread_cond_init(condition, attributes) 0
#define pthread_cond_destroy(condition) 0
#define pthread_cond_broadcast(condition) 0
#define pthread_cond_timedwait(condition, mutex, until) \
    (model_unlock(mutex), model_yield(), model_lock(mutex))

/* ---- llmobs -------------------------------------------------------------------------------- */

#undef __SANITIZE_THREAD__ /* it is not there: both ways of raising the busy flag are modelled */
#define LLMOBS_MAX_INSTANCES 1
#define LLMOBS_MAX_CONTROLS 4
#define LLMOBS_IMPLEMENTATION
#include "llmobs.h"

__attribute__((no_sanitize("thread"))) void** model_tls(void)
{
    return (void**)(void*)&llmobsi_self;
}

__attribute__((no_sanitize("thread"))) uint32_t* model_endings(void)
{
    return &llmobsi_endings;
}

#define require(condition) ((condition) ? (void)0 : model_fail(#condition))

/* ---- an instance of the size that a model wants -------------------------------------------- */

static unsigned char world_memory[1 << 19] __attribute__((aligned(4096)));
static llmobs* world_obs;
static llmobsi_collector* world;
static uint64_t world_time;
static unsigned world_fills_to_fail; /* of the seeds of ids, the next so many */

ghost uint64_t world_now(void* user)
{
    (void)user;
    return world_time;
}

ghost bool world_fill(void* user, void* bytes, size_t size)
{
    (void)user;
    if (world_fills_to_fail > 0) {
        world_fills_to_fail--;
        return false;
    }
    return world_random(bytes, size) > 0;
}

ghost llmobs_config world_config(uint32_t slots, uint32_t threads)
{
    llmobs_config config = llmobs_config_default();
    config.host_pumped = true;
    config.span_slots = slots;
    config.max_threads = threads;
    config.max_exporters = 1;
    config.queue_bytes = 65536;
    config.batch_bytes = 16384;
    config.name_bytes = 1024;
    config.metric_series = LLMOBS_OFF;
    config.requests = LLMOBS_OFF;
    config.alert_rules = LLMOBS_OFF;
    config.clock.unix_ns = world_now;
    config.random.fill = world_fill;
    config.memory = world_memory;
    config.memory_bytes = sizeof world_memory;
    return config;
}

/* Opens one in memory that is as good as new. In `before`. */
ghost void world_open(uint32_t slots, uint32_t threads)
{
    llmobs_config config = world_config(slots, threads);
    llmobsi_instance* instance;
    world_fills_to_fail = 0;
    world_time = UINT64_C(1000000000);
    world_random_next = 0;
    (memset)(llmobsi_places, 0, sizeof llmobsi_places);
    (memset)(llmobsi_controls, 0, sizeof llmobsi_controls);
    llmobsi_controls_used = 0;
    llmobsi_has_membarrier = world_has_membarrier;
    if (llmobsi_open(&config, &world_obs) != LLMOBS_OK) {
        abort();
    }
    instance = llmobsi_instance_of(llmobsi_places[0].recorder);
    world = &instance->collector;
}

/* A record that belongs to a thread of the model from the start, for models in which nobody
   attaches. In `before`. */
ghost llmobsi_thread* world_thread(uint32_t number)
{
    llmobsi_thread* thread = &world->recorder.threads[number];
    thread->state = LLMOBS_I_THREAD_OWNED;
    if (!llmobsi_thread_seed(thread)) {
        abort();
    }
    if (world->recorder.threads_used <= number) {
        world->recorder.threads_used = number + 1;
    }
    (void)llmobsi_name_id(thread, "a"); /* so that it is known, and costs no steps */
    return thread;
}

/* What span number n hands down in the models: no two share a word. */
static llmobsi_lineage world_lineage(unsigned n)
{
    llmobsi_lineage lineage;
    lineage.trace_high = n * 16u + 1;
    lineage.trace_low = n * 16u + 2;
    lineage.parent_id = n * 16u + 3;
    lineage.flags = (uint8_t)(LLMOBS_TRACE_SAMPLED | ((n & 1u) != 0 ? LLMOBS_TRACE_RANDOM : 0u));
    return lineage;
}

static bool world_end(llmobsi_thread* thread, llmobs_span span, uint64_t end)
{
    llmobsi_slot* slot = llmobsi_span_slot(thread, span);
    if (slot == NULL || !llmobsi_slot_claim_end(thread, slot, span)) {
        return false;
    }
    llmobsi_slot_end(thread, slot, span.slot, end);
    return true;
}

/* What a tick does with the rings of the threads below `count`. */
static uint32_t world_collect(uint32_t count)
{
    bool stopped = false;
    uint32_t collected = 0;
    uint32_t i;
    for (i = 0; i < count; i++) {
        collected += llmobsi_collect_ring(world, &world->recorder.threads[i].ring, 0, false,
                                          &stopped);
    }
    return collected;
}

/* ---- captures ------------------------------------------------------------------------------ */

#define WORLD_PLACES 2u
#define WORLD_CAPTURE_BYTES 4u /* of a text */
#define WORLD_QUEUED ((1u + LLMOBS_I_CAPTURE_RANKS) * WORLD_PLACES)
#define WORLD_STRIDE \
    ((sizeof(llmobsi_capture) + LLMOBS_I_CAPTURE_PARTS * WORLD_CAPTURE_BYTES + 63) / 64 * 64)

static llmobsi_captures world_captures;
static llmobsi_atomic64 world_capture_words[WORLD_QUEUED + WORLD_PLACES + LLMOBS_I_SEEN_WAYS];
static unsigned char world_pages[WORLD_PLACES * WORLD_STRIDE] __attribute__((aligned(64)));

/* As good as new: an instance's would take more steps. In `before`. */
ghost void world_captures_open(void)
{
    unsigned rank;
    (memset)(&world_captures, 0, sizeof world_captures);
    (memset)(world_capture_words, 0, sizeof world_capture_words);
    (memset)(world_pages, 0, sizeof world_pages);
    world_captures.free.cells = world_capture_words;
    for (rank = 0; rank < LLMOBS_I_CAPTURE_RANKS; rank++) {
        world_captures.selected_of[rank].cells = world_capture_words + (1 + rank) * WORLD_PLACES;
    }
    world_captures.states = world_capture_words + WORLD_QUEUED;
    world_captures.seen.words = world_captures.states + WORLD_PLACES;
    world_captures.pages = world_pages;
    world_captures.stride = WORLD_STRIDE;
    world_captures.count = WORLD_PLACES;
    world_captures.bytes = WORLD_CAPTURE_BYTES;
    world_captures.sets = 1;
    llmobsi_captures_reset(&world_captures);
}

/* Each place is in one queue. In `after`, when nobody has one. */
ghost void world_count_places(void)
{
    unsigned count[WORLD_PLACES] = {0};
    uint32_t number;
    unsigned i;
    for (i = 0; i <= LLMOBS_I_CAPTURE_RANKS; i++) {
        llmobsi_queue* queue =
            i < LLMOBS_I_CAPTURE_RANKS ? &world_captures.selected_of[i] : &world_captures.free;
        while (llmobsi_queue_pop(queue, &number)) {
            count[number]++;
        }
    }
    for (i = 0; i < WORLD_PLACES; i++) {
        if (count[i] != 1) {
            model_fail("a place is lost, or there twice");
        }
    }
}

/* ---- slots --------------------------------------------------------------------------------- */

/* Every slot is in one place: free (to the tick, if not yet to all), cached by a thread, or on its
   way in a ring. For `after`, when no span is live. */
ghost void world_count_slots(void)
{
    llmobsi_pool* pool = &world->recorder.pool;
    unsigned char seen[64] = {0};
    uint32_t total = 0;
    uint64_t at;
    uint32_t i;
    for (at = pool->taken; at != world->given; at++, total++) {
        seen[pool->free[at & pool->mask]]++;
    }
    for (i = 0; i < world->recorder.thread_count; i++) {
        llmobsi_thread* thread = &world->recorder.threads[i];
        uint32_t next;
        for (next = thread->cache_next; next != thread->cache_end; next++, total++) {
            seen[thread->cache[next]]++;
        }
        for (at = thread->ring.popped; at != thread->ring.pushed; at++, total++) {
            seen[thread->ring.items[at & thread->ring.mask]]++;
        }
    }
    if (total != pool->mask + 1) {
        model_fail(total < pool->mask + 1 ? "a slot is lost" : "a slot is there twice");
    }
    for (i = 0; i <= pool->mask; i++) {
        if (seen[i] != 1) {
            model_fail("a slot is there twice");
        }
    }
}

#endif

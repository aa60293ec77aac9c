/* What it costs to hand a message on: the queue that captures go through, beside a ring under a
   mutex, Vyukov's bounded queue and moodycamel's. Read docs/performance.md first.

   Ours carries numbers. A message of 8 bytes stands in a place whose number it carries; so does one
   of 64, as a capture does: the place comes from a queue of free ones, and goes back to it, so that
   a message takes four steps and not two. Others carry the message itself.

   The first cases put one in and take it out in one thread. In the second ones another thread puts
   them in, on another processor where there is one: it waits while the machine's speed is looked
   at, and spins for the start of each repetition. Sums are checked.

 * peers: moodycamel::ConcurrentQueue (libconcurrentqueue-dev) */
#define LLMOBS_IMPLEMENTATION
#include "llmobs.h"

#include "bench.h"

#include "peer_moodycamel.h"

#define SIZE 1024u
#define WORDS_MOST 8u

typedef struct message {
    uint64_t words[WORDS_MOST];
} message;

static inline void fill(uint64_t* to, uint64_t value, uint32_t words)
{
    uint32_t i;
    for (i = 0; i < words; i++) {
        to[i] = value;
    }
}

/* ---- ours ---------------------------------------------------------------------------------- */

static llmobsi_queue ours, unused;
static llmobsi_atomic64 ours_cells[SIZE] __attribute__((aligned(64)));
static llmobsi_atomic64 unused_cells[SIZE] __attribute__((aligned(64)));
static message places[SIZE] __attribute__((aligned(64)));

static inline bool ours_push(uint64_t value, uint32_t words)
{
    uint32_t place;
    if (!llmobsi_queue_pop(&unused, &place)) {
        return false;
    }
    fill(places[place].words, value, words);
    return llmobsi_queue_push(&ours, place);
}

static inline bool ours_pop(uint64_t* value, uint32_t words)
{
    uint32_t place;
    if (!llmobsi_queue_pop(&ours, &place)) {
        return false;
    }
    *value = places[place].words[words - 1];
    return llmobsi_queue_push(&unused, place);
}

/* The number alone. */
static inline bool number_push(uint64_t value, uint32_t words)
{
    (void)words;
    return llmobsi_queue_push(&ours, (uint32_t)(value % LLMOBS_I_QUEUE_MOST));
}

static inline bool number_pop(uint64_t* value, uint32_t words)
{
    uint32_t number = 0;
    bool there = llmobsi_queue_pop(&ours, &number);
    (void)words;
    *value = number;
    return there;
}

/* ---- a ring under a mutex ------------------------------------------------------------------ */

static pthread_mutex_t ring_mutex = PTHREAD_MUTEX_INITIALIZER;
static uint64_t ring_pushed, ring_popped;

static inline bool ring_push(uint64_t value, uint32_t words)
{
    bool fits;
    pthread_mutex_lock(&ring_mutex);
    fits = ring_pushed - ring_popped < SIZE;
    if (fits) {
        fill(places[ring_pushed++ % SIZE].words, value, words);
    }
    pthread_mutex_unlock(&ring_mutex);
    return fits;
}

static inline bool ring_pop(uint64_t* value, uint32_t words)
{
    bool there;
    pthread_mutex_lock(&ring_mutex);
    there = ring_pushed != ring_popped;
    if (there) {
        *value = places[ring_popped++ % SIZE].words[words - 1];
    }
    pthread_mutex_unlock(&ring_mutex);
    return there;
}

/* ---- Vyukov's ------------------------------------------------------------------------------ */

/* A cell is one cache line, or two. */
typedef struct cell {
    llmobsi_atomic64 turn;
    message content;
} cell;

static cell vyukov_cells[SIZE] __attribute__((aligned(64)));
static llmobsi_atomic64 vyukov_pushed __attribute__((aligned(64)));
static llmobsi_atomic64 vyukov_popped __attribute__((aligned(64)));

/* The cell of the next place, claimed; NULL: it is not its turn. */
static inline cell* vyukov_claim(llmobsi_atomic64* count, uint64_t ahead, uint64_t* place)
{
    uint64_t at = llmobsi_load_relaxed(count);
    for (;;) {
        cell* one = &vyukov_cells[at % SIZE];
        int64_t apart = (int64_t)(llmobsi_load_acquire(&one->turn) - at - ahead);
        if (apart < 0) {
            return NULL;
        }
        if (apart > 0) {
            at = llmobsi_load_relaxed(count);
        } else if (__atomic_compare_exchange_n(count, &at, at + 1, true, __ATOMIC_RELAXED,
                                               __ATOMIC_RELAXED)) {
            *place = at;
            return one;
        }
    }
}

static inline bool vyukov_push(uint64_t value, uint32_t words)
{
    uint64_t place;
    cell* one = vyukov_claim(&vyukov_pushed, 0, &place);
    if (one == NULL) {
        return false;
    }
    fill(one->content.words, value, words);
    llmobsi_store_release(&one->turn, place + 1);
    return true;
}

static inline bool vyukov_pop(uint64_t* value, uint32_t words)
{
    uint64_t place;
    cell* one = vyukov_claim(&vyukov_popped, 1, &place);
    if (one == NULL) {
        return false;
    }
    *value = one->content.words[words - 1];
    llmobsi_store_release(&one->turn, place + SIZE);
    return true;
}

/* ---- loops over each ----------------------------------------------------------------------- */

typedef struct lane {
    void (*produce)(uint64_t from, uint32_t times);
    uint64_t (*consume)(uint32_t times);
    uint64_t (*pairs)(uint64_t from, uint32_t times);
    uint64_t mask; /* of a value that comes out */
    uint64_t next; /* value */
    uint64_t sum;  /* of what came out, less what should have */
} lane;

#define LANE(name, push, pop, words)                                   \
    static void produce_##name(uint64_t from, uint32_t times)          \
    {                                                                  \
        while (times-- > 0) {                                          \
            while (!push(from, words)) {                               \
            }                                                          \
            from++;                                                    \
        }                                                              \
    }                                                                  \
    static uint64_t consume_##name(uint32_t times)                     \
    {                                                                  \
        uint64_t sum = 0, value = 0;                                   \
        while (times-- > 0) {                                          \
            while (!pop(&value, words)) {                              \
            }                                                          \
            sum += value;                                              \
        }                                                              \
        return sum;                                                    \
    }                                                                  \
    static uint64_t pairs_##name(uint64_t from, uint32_t times)        \
    {                                                                  \
        uint64_t sum = 0, value = 0;                                   \
        while (times-- > 0) {                                          \
            (void)push(from++, words);                                 \
            (void)pop(&value, words);                                  \
            sum += value;                                              \
        }                                                              \
        return sum;                                                    \
    }                                                                  \
    static lane name = {produce_##name, consume_##name, pairs_##name, UINT64_MAX, 1, 0}

LANE(number, number_push, number_pop, 1);
LANE(ours_8, ours_push, ours_pop, 1);
LANE(ours_64, ours_push, ours_pop, 8);
LANE(ring_8, ring_push, ring_pop, 1);
LANE(ring_64, ring_push, ring_pop, 8);
LANE(vyukov_8, vyukov_push, vyukov_pop, 1);
LANE(vyukov_64, vyukov_push, vyukov_pop, 8);

#ifdef HAVE_MOODYCAMEL
#define PEER_LANE(name, bytes)                                                    \
    static void produce_##name(uint64_t from, uint32_t times)                     \
    {                                                                             \
        peer_produce(bytes, from, times);                                         \
    }                                                                             \
    static uint64_t consume_##name(uint32_t times)                                \
    {                                                                             \
        return peer_consume(bytes, times);                                        \
    }                                                                             \
    static uint64_t pairs_##name(uint64_t from, uint32_t times)                   \
    {                                                                             \
        return peer_pairs(bytes, from, times);                                    \
    }                                                                             \
    static lane name = {produce_##name, consume_##name, pairs_##name, UINT64_MAX, 1, 0}

PEER_LANE(peer_8, 8);
PEER_LANE(peer_64, 64);
#endif

/* What came out is what went in. */
static void check(lane* one, uint64_t sum, uint32_t times)
{
    uint64_t i;
    for (i = 0; i < times; i++) {
        one->sum -= (one->next + i) & one->mask;
    }
    one->sum += sum;
    one->next += times;
    if (one->sum != 0) {
        printf("# FAILED: a message is lost\n");
        exit(1);
    }
}

/* ---- in one thread ------------------------------------------------------------------------- */

static uint32_t last_times;
static uint64_t last_sum;

static void pairs_body(void* context, uint32_t times)
{
    lane* one = (lane*)context;
    last_times = times;
    last_sum = one->pairs(one->next, times);
}

static void check_last(void* context)
{
    check((lane*)context, last_sum, last_times);
}

/* ---- from one thread to another ------------------------------------------------------------ */

/* The other thread: which lane it is to produce for, and how many. */
static pthread_mutex_t helper_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t helper_cond = PTHREAD_COND_INITIALIZER;
static lane* helper_lane;
static llmobsi_atomic32 helper_ready;
static llmobsi_atomic32 helper_times;

static void to_another_processor(void)
{
#if defined(__linux__) && defined(CPU_SET)
    cpu_set_t all, one;
    size_t i;
    CPU_ZERO(&one);
    (void)sched_getaffinity(0, sizeof one, &one); /* that of who started it */
    CPU_ZERO(&all);
    for (i = 0; i < CPU_SETSIZE; i++) {
        if (!CPU_ISSET(i, &one)) {
            CPU_SET(i, &all);
        }
    }
    (void)sched_setaffinity(0, sizeof all, &all);
#endif
}

static void* help(void* argument)
{
    to_another_processor();
    for (;;) {
        lane* one;
        uint32_t times;
        pthread_mutex_lock(&helper_mutex);
        while (helper_lane == NULL) {
            pthread_cond_wait(&helper_cond, &helper_mutex);
        }
        one = helper_lane;
        helper_lane = NULL;
        pthread_mutex_unlock(&helper_mutex);
        llmobsi_store_release(&helper_ready, 1);
        while ((times = llmobsi_load_acquire(&helper_times)) == 0) {
        }
        one->produce(one->next, times);
        llmobsi_store_release(&helper_times, 0);
    }
    return argument;
}

static void start_helper(void* context)
{
    pthread_mutex_lock(&helper_mutex);
    helper_lane = (lane*)context;
    pthread_cond_signal(&helper_cond);
    pthread_mutex_unlock(&helper_mutex);
    while (llmobsi_load_acquire(&helper_ready) == 0) {
    }
    llmobsi_store_relaxed(&helper_ready, 0);
}

static void transfer_body(void* context, uint32_t times)
{
    llmobsi_store_release(&helper_times, times);
    last_times = times;
    last_sum = ((lane*)context)->consume(times);
}

static void stop_helper(void* context)
{
    while (llmobsi_load_acquire(&helper_times) != 0) {
    }
    check_last(context);
}

/* ---- the tables ---------------------------------------------------------------------------- */

static bench_set set;

static bench_case* add(const char* name, lane* one, bool alone)
{
    bench_case* added = bench_add(&set, name, alone ? pairs_body : transfer_body, one);
    added->before = alone ? NULL : start_helper;
    added->after = alone ? check_last : stop_helper;
    return added;
}

/* `ours` shares a queue with `number`, as `ring` and the rest share places: nothing is in them
   between two repetitions. */
static void bench_lanes(bool alone, double most)
{
    const char* const way = alone ? "a pair in one thread" : "one to one";
    static char names[9][64];
    static const char* const whose[9] = {"a number",          "8 bytes",
                                         "64 bytes",          "8 bytes, mutex",
                                         "64 bytes, mutex",   "8 bytes, Vyukov",
                                         "64 bytes, Vyukov",  "8 bytes, moodycamel",
                                         "64 bytes, moodycamel"};
    lane* lanes[9] = {&number, &ours_8, &ours_64, &ring_8, &ring_64, &vyukov_8, &vyukov_64};
    bench_case* cases[9] = {NULL};
    uint32_t count = 7, i;
#ifdef HAVE_MOODYCAMEL
    lanes[7] = &peer_8;
    lanes[8] = &peer_64;
    count = 9;
#endif
    set.count = 0;
    for (i = 0; i < count; i++) {
        (void)snprintf(names[i], sizeof names[0], "%s, %s", way, whose[i]);
        cases[i] = add(names[i], lanes[i], alone);
    }
    bench_run(&set);
    for (i = 0; i < count; i++) {
        bench_print(cases[i], i == 0 ? most : 0);
    }
    bench_ratio("8 bytes: llmobs / mutex", cases[1], cases[3], 0);
    bench_ratio("64 bytes: llmobs / mutex", cases[2], cases[4], 0);
    bench_ratio("8 bytes: llmobs / Vyukov", cases[1], cases[5], 0);
    bench_ratio("64 bytes: llmobs / Vyukov", cases[2], cases[6], 0);
    bench_ratio("8 bytes: llmobs / moodycamel", cases[1], cases[7], 0);
    bench_ratio("64 bytes: llmobs / moodycamel", cases[2], cases[8], 0);
}

int main(void)
{
    pthread_t helper;
    uint32_t i;
    llmobsi_queue_reset(&ours, ours_cells, SIZE);
    llmobsi_queue_reset(&unused, unused_cells, SIZE);
    for (i = 0; i < SIZE; i++) {
        (void)llmobsi_queue_push(&unused, i);
        vyukov_cells[i].turn = i;
    }
    number.mask = LLMOBS_I_QUEUE_MOST - 1;
#ifndef HAVE_MOODYCAMEL
    printf("# skipped: moodycamel::ConcurrentQueue\n");
#endif
    bench_start();
    if (pthread_create(&helper, NULL, help, NULL) != 0) { /* before any mutex is taken: libc makes
                                                             it cheaper while there is one thread */
        return 1;
    }
    bench_lanes(true, 0);
    bench_lanes(false, 44);
    printf("# %u short\n", bench_short_count);
    return 0;
}

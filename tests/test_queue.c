/* The bounded queue: against a model of it, full and empty, and with many threads at both ends. */
#include "llmobs_private.h"

#include "tap.h"

#include "keeper.h"

#include "random.h"

#include <pthread.h>
#include <sched.h>

#define LARGEST 64u

static llmobsi_atomic64 cells[LARGEST];
static llmobsi_queue queue;

/* ---- by its definition --------------------------------------------------------------------- */

/* Random pushes and pops against an array that is as long as need be. */
static size_t differs(uint32_t size)
{
    static uint32_t model[20000];
    uint32_t first = 0, last = 0;
    size_t wrong = 0;
    uint32_t i;
    llmobsi_queue_reset(&queue, cells, size);
    for (i = 0; i < 20000; i++) {
        uint32_t number = (uint32_t)(next_random() % LLMOBS_I_QUEUE_MOST);
        uint32_t got = LLMOBS_I_QUEUE_MOST;
        bool more = next_random() % (i % 100 < 50 ? 3 : 2) == 0; /* fills up, and empties */
        if (more) {
            bool fits = last - first < size;
            wrong += llmobsi_queue_push(&queue, number) != fits;
            model[last] = number;
            last += fits;
        } else {
            bool there = first < last;
            wrong += llmobsi_queue_pop(&queue, &got) != there;
            wrong += there ? got != model[first] : got != LLMOBS_I_QUEUE_MOST;
            first += there;
        }
    }
    return wrong;
}

static void test_model(void)
{
    uint32_t size;
    for (size = 1; size <= LARGEST; size *= 2) {
        char what[60];
        (void)snprintf(what, sizeof what, "%u places: first in, first out, full and empty", size);
        is_int(differs(size), 0, what);
    }
}

static void test_ends(void)
{
    uint32_t number = 7;
    uint32_t i;
    llmobsi_queue_reset(&queue, cells, 4);
    ok(!llmobsi_queue_pop(&queue, &number) && number == 7, "empty: nothing is taken or written");
    for (i = 0; i < 4; i++) {
        (void)llmobsi_queue_push(&queue, LLMOBS_I_QUEUE_MOST - 1 - i);
    }
    ok(!llmobsi_queue_push(&queue, 1), "full");
    ok(llmobsi_queue_pop(&queue, &number) && number == LLMOBS_I_QUEUE_MOST - 1,
       "the largest number, whole, and first");
    ok(llmobsi_queue_push(&queue, 2) && !llmobsi_queue_push(&queue, 3), "one goes in for it");
    is_int(cells[1] % LLMOBS_I_QUEUE_MOST, LLMOBS_I_QUEUE_MOST - 2, "what waits is in its cell");
    llmobsi_queue_reset(&queue, cells, 4);
    ok(!llmobsi_queue_pop(&queue, &number), "reset: empty");
}

/* Who was stopped after handing a number on, and before noting it, is in nobody's way. */
static void test_stopped(void)
{
    size_t wrong = 0;
    uint32_t number = 0;
    uint32_t i;
    llmobsi_queue_reset(&queue, cells, 2);
    for (i = 0; i < 40; i++) {
        wrong += !llmobsi_queue_push(&queue, i);
        wrong += !llmobsi_queue_pop(&queue, &number) || number != i;
    }
    is_int(wrong, 0, "forty come and go");
    ok(queue.pushed >= 32 && queue.pushed <= 40 && queue.popped >= 32 && queue.popped <= 40,
       "what is done is noted");
    queue.pushed = 3; /* as if nobody had got to it */
    queue.popped = 2;
    ok(!llmobsi_queue_pop(&queue, &number), "old notes: empty is empty");
    ok(llmobsi_queue_push(&queue, 10) && llmobsi_queue_push(&queue, 11), "what there is room for");
    ok(!llmobsi_queue_push(&queue, 12), "full is full");
    ok(llmobsi_queue_pop(&queue, &number) && number == 10, "the order stays");
    ok(llmobsi_queue_pop(&queue, &number) && number == 11 && !llmobsi_queue_pop(&queue, &number),
       "and all of it is there");
    is_int(queue.pushed, 41, "and noted anew");
    is_int(queue.popped, 41, "... at both ends");
}

/* ---- many at once -------------------------------------------------------------------------- */

#define PRODUCERS 4u
#define CONSUMERS 4u
#define MANY 3000u /* of each producer, at most: numbers have 16 bits */

static uint8_t plain[PRODUCERS * MANY]; /* handed on by the queue alone */
static llmobsi_atomic32 received[PRODUCERS * MANY];
static llmobsi_atomic32 received_count;
static llmobsi_atomic32 disorder;
static uint32_t each;

static void* produce(void* argument)
{
    uint32_t first = *(const uint32_t*)argument * MANY;
    uint32_t i;
    for (i = 0; i < each; i++) {
        plain[first + i] = (uint8_t)(first + i + 1);
        while (!llmobsi_queue_push(&queue, first + i)) {
            (void)sched_yield();
        }
    }
    return NULL;
}

static void* consume(void* argument)
{
    uint32_t last[PRODUCERS] = {0};
    (void)argument;
    while (llmobsi_load_relaxed(&received_count) < PRODUCERS * each) {
        uint32_t number;
        if (!llmobsi_queue_pop(&queue, &number)) {
            (void)sched_yield();
            continue;
        }
        if (number % MANY + 1 <= last[number / MANY] || plain[number] != (uint8_t)(number + 1)) {
            (void)llmobsi_add_relaxed(&disorder, 1);
        }
        last[number / MANY] = number % MANY + 1;
        (void)llmobsi_add_relaxed(&received[number], 1);
        (void)llmobsi_add_relaxed(&received_count, 1);
    }
    return NULL;
}

static void race(uint32_t size)
{
    static const uint32_t numbers[PRODUCERS] = {0, 1, 2, 3};
    pthread_t threads[PRODUCERS + CONSUMERS];
    uint32_t wrong = 0;
    uint32_t i;
    memset(plain, 0, sizeof plain);
    memset((void*)received, 0, sizeof received);
    received_count = 0;
    disorder = 0;
    each = (uint32_t)sized(MANY);
    each = each < MANY ? each : MANY;
    llmobsi_queue_reset(&queue, cells, size);
    for (i = 0; i < PRODUCERS + CONSUMERS; i++) {
        (void)pthread_create(&threads[i], NULL, i < PRODUCERS ? produce : consume,
                             i < PRODUCERS ? (void*)(uintptr_t)&numbers[i] : NULL);
    }
    for (i = 0; i < PRODUCERS + CONSUMERS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    for (i = 0; i < PRODUCERS * MANY; i++) {
        wrong += received[i] != (i % MANY < each);
    }
    is_int(wrong, 0, "four at each end: nothing is lost, nothing comes twice");
    is_int(disorder, 0, "each one's come in its order, with what was written before");
    ok(!llmobsi_queue_pop(&queue, &i), "and no more");
}

int main(void)
{
    test_model();
    test_ends();
    test_stopped();
    race(1);
    race(4);
    race(LARGEST);
    return done();
}

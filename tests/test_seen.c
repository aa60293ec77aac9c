/* What came lately: nothing is new twice, not even to several at once. */
#include "llmobs_private.h"

#include "tap.h"

#include "keeper.h"

#include "random.h"

#include <pthread.h>
#include <sched.h>

#define SETS 4u

static llmobsi_atomic64 words[SETS * LLMOBS_I_SEEN_WAYS];
static llmobsi_seen seen;

/* A print in a set. */
static uint64_t in_set(uint64_t print, uint64_t set)
{
    return (print + 1) << LLMOBS_I_SEEN_BITS | set;
}

static void test_one(void)
{
    uint64_t i;
    size_t wrong = 0;
    llmobsi_seen_reset(&seen, words, SETS, 7);
    ok(!llmobsi_seen_has(&seen, in_set(1, 2)) && llmobsi_seen_add(&seen, in_set(1, 2)),
       "what comes first is new");
    ok(llmobsi_seen_has(&seen, in_set(1, 2)) && !llmobsi_seen_add(&seen, in_set(1, 2)),
       "and then it is not");
    ok(!llmobsi_seen_has(&seen, in_set(1, 3)), "sets are not mixed up");
    for (i = 0; i < 15; i++) {
        wrong += !llmobsi_seen_add(&seen, in_set(100 + i, 2));
    }
    ok(wrong == 0 && llmobsi_seen_has(&seen, in_set(1, 2)), "fifteen others come: it is there");
    (void)llmobsi_seen_add(&seen, in_set(200, 2));
    ok(!llmobsi_seen_has(&seen, in_set(1, 2)), "the sixteenth takes its place");
    llmobsi_seen_forget(&seen, in_set(105, 2));
    ok(!llmobsi_seen_has(&seen, in_set(105, 2)) && llmobsi_seen_has(&seen, in_set(104, 2)),
       "one is forgotten, and no other");
    llmobsi_seen_forget(&seen, in_set(999, 2));
    ok(llmobsi_seen_add(&seen, in_set(105, 2)), "it may come again");
    llmobsi_seen_reset(&seen, words, SETS, 7);
    ok(!llmobsi_seen_has(&seen, in_set(200, 2)), "reset: nothing has come");
}

/* The last sixteen of a set, over more of them than its numbers go. */
static void test_window(void)
{
    size_t wrong = 0;
    uint64_t i;
    llmobsi_seen_reset(&seen, words, SETS, 7);
    for (i = 0; i < 200000; i++) {
        uint64_t back = next_random() % 32;
        wrong += !llmobsi_seen_add(&seen, in_set(i, 1));
        wrong += back <= i && llmobsi_seen_has(&seen, in_set(i - back, 1)) != (back < 16);
    }
    is_int(wrong, 0, "a set has its last sixteen, whatever came before");
}

static void test_hash(void)
{
    llmobs_string a = llmobs_text("req-1", LLMOBS_NUL_TERMINATED);
    llmobsi_seen other = seen;
    other.seed = 8;
    ok(llmobsi_seen_hash(&seen, a) == llmobsi_hash64("req-1", 5, 7), "a text's hash is seeded");
    ok(llmobsi_seen_hash(&seen, a) != llmobsi_seen_hash(&other, a), "so that nobody knows it");
}

/* Threads that add the same ones at the same time. */
#define ADDERS 4
#define PRINTS 4000u

static llmobsi_atomic32 news[PRINTS];
static llmobsi_atomic32 arrived;

static void* add_all(void* argument)
{
    uint32_t i;
    (void)argument;
    for (i = 0; i < (uint32_t)sized(PRINTS) && i < PRINTS; i++) {
        (void)llmobsi_add_relaxed(&arrived, 1);
        while (llmobsi_load_relaxed(&arrived) < (i + 1) * ADDERS) { /* all together */
            (void)sched_yield();
        }
        if (llmobsi_seen_add(&seen, in_set(i, i % SETS))) {
            (void)llmobsi_add_relaxed(&news[i], 1);
        }
    }
    return NULL;
}

static void test_race(void)
{
    pthread_t threads[ADDERS];
    size_t wrong = 0;
    uint32_t i;
    llmobsi_seen_reset(&seen, words, SETS, 7);
    for (i = 0; i < ADDERS; i++) {
        (void)pthread_create(&threads[i], NULL, add_all, NULL);
    }
    for (i = 0; i < ADDERS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    for (i = 0; i < (uint32_t)sized(PRINTS) && i < PRINTS; i++) {
        wrong += news[i] != 1;
    }
    is_int(wrong, 0, "to one of several it is new");
}

int main(void)
{
    test_one();
    test_window();
    test_hash();
    test_race();
    return done();
}

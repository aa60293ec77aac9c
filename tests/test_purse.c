/* Purses: every step at which a thread may be held up, played by hand; then all at once. */
#include "llmobs_private.h"

#include "tap.h"

#include "keeper.h"

#include <pthread.h>
#include <sched.h>

static uint64_t amount(llmobsi_atomic64 word)
{
    return word & LLMOBS_I_PURSE_MOST;
}

static uint64_t mark(llmobsi_atomic64 word)
{
    return word >> LLMOBS_I_PURSE_SHIFT;
}

static llmobsi_purse purse_in(uint32_t round)
{
    llmobsi_purse purse;
    uint64_t word = 0;
    memset(&purse, 0, sizeof purse);
    (void)llmobsi_purse_move(&purse, &word, round);
    return purse;
}

/* As by a thread that is held up between the round and the amounts. */
static uint64_t half_turn(llmobsi_purse* purse, uint32_t to)
{
    purse->round = (uint64_t)to << 32 | (uint32_t)(purse->round + 1);
    return purse->round;
}

static void test_turns(void)
{
    llmobsi_purse purse = purse_in(7);
    uint64_t old = purse.round;
    uint64_t now;
    uint64_t used = 0;
    bool saturated = false;
    is_int(llmobsi_purse_turn(&purse, 7), old, "it is in round 7");
    is_int(llmobsi_purse_reserve(&purse, old, 60, 100, &used), LLMOBS_I_FIT_IN, "60 fit");
    is_int(llmobsi_purse_reserve(&purse, old, 50, 100, &used), LLMOBS_I_FIT_OVER, "50 more do not");
    is_int(used, 60, "as 60 are used");
    ok(llmobsi_purse_book(&purse, (uint32_t)old, 60, 45, &saturated), "they come to 45");
    llmobsi_purse_read(&purse, 7, &used, &now);
    ok(used == 45 && now == 45, "which are used and spent");
    now = llmobsi_purse_turn(&purse, 9);
    is_int(now >> 32, 9, "another round");
    is_int((uint32_t)now, (uint32_t)old + 1, "another mark");
    ok(amount(purse.used) == 0 && amount(purse.spent) == 0, "nothing is used or spent in it");
    is_int(llmobsi_purse_turn(&purse, 8), 0, "who has not heard of it does not turn it back");
    is_int(purse.round, now, "or at all");
    is_int(llmobsi_purse_reserve(&purse, old, 1, 100, &used), LLMOBS_I_FIT_MOVED,
           "who was held up since the old one is told");
    ok(!llmobsi_purse_shift(&purse.spent, old, 0, 5, &saturated), "also in the middle of booking");
    ok(!llmobsi_purse_book(&purse, (uint32_t)old, 60, 45, &saturated), "and before it");
    ok(amount(purse.used) == 0 && amount(purse.spent) == 0, "and changes nothing");
    llmobsi_purse_catch_up(&purse.used, old);
    is_int(mark(purse.used), (uint32_t)now % 16, "nor by helping too late");
    old = purse.round;
    is_int(llmobsi_purse_move(&purse, &old, 0), 1, "it becomes nobody's");
    is_int(llmobsi_purse_turn(&purse, 10), 0, "and is turned by nobody");
    purse = purse_in(UINT32_MAX);
    ok(llmobsi_purse_turn(&purse, 1) >> 32 == 1, "rounds go past 2^32");
}

static void test_half_turns(void)
{
    llmobsi_purse purse = purse_in(7);
    uint64_t round = purse.round;
    uint64_t used = 0;
    uint64_t spent = 0;
    bool saturated = false;
    int i;
    (void)llmobsi_purse_reserve(&purse, round, 80, 100, &used);
    (void)llmobsi_purse_book(&purse, (uint32_t)round, 80, 80, &saturated);
    round = half_turn(&purse, 8);
    llmobsi_purse_read(&purse, 8, &used, &spent);
    ok(used == 0 && spent == 0, "amounts of the old round count as nothing");
    is_int(llmobsi_purse_reserve(&purse, round, 90, 100, &used), LLMOBS_I_FIT_IN,
           "who comes first in the new round need not wait");
    is_int(mark(purse.spent), (uint32_t)round % 16 - 1, "though not all is done");
    llmobsi_purse_read(&purse, 8, &used, &spent);
    ok(used == 90 && spent == 0, "readers see the half that is");
    ok(llmobsi_purse_book(&purse, (uint32_t)round, 90, 33, &saturated), "it books");
    ok(amount(purse.used) == 33 && amount(purse.spent) == 33, "both amounts");
    for (i = 0; i < 40; i++) { /* nobody touches the amounts but who turns */
        round = half_turn(&purse, 9 + 2 * (uint32_t)i);
        (void)llmobsi_purse_turn(&purse, 10 + 2 * (uint32_t)i);
        if (purse.used != llmobsi_purse_mark(purse.round) || purse.spent != purse.used) {
            break;
        }
    }
    is_int(i, 40, "no amount is ever two rounds behind");
    round = purse.round;
    (void)llmobsi_purse_reserve(&purse, round, 80, 100, &used);
    for (i = 0; i < 16; i++) {
        (void)llmobsi_purse_turn(&purse, 100 + (uint32_t)i);
    }
    (void)llmobsi_purse_reserve(&purse, purse.round, 30, 100, &used);
    ok(!llmobsi_purse_book(&purse, (uint32_t)round, 80, 80, &saturated),
       "a reservation of sixteen rounds ago has the same four bits, and is not booked");
    is_int(amount(purse.used), 30, "or taken from another");
}

static void test_most(void)
{
    llmobsi_purse purse = purse_in(1);
    uint64_t used = 0;
    bool saturated = false;
    is_int(llmobsi_purse_reserve(&purse, purse.round, LLMOBS_I_PURSE_MOST, LLMOBS_I_PURSE_MOST,
                                 &used), LLMOBS_I_FIT_IN, "the most");
    is_int(llmobsi_purse_reserve(&purse, purse.round, LLMOBS_I_PURSE_MOST, LLMOBS_I_PURSE_MOST,
                                 &used), LLMOBS_I_FIT_OVER, "twice does not fit");
    is_int(llmobsi_purse_reserve(&purse, purse.round, 0, LLMOBS_I_PURSE_MOST, &used),
           LLMOBS_I_FIT_IN, "nothing always does");
    (void)llmobsi_purse_book(&purse, (uint32_t)purse.round, 0, 7, &saturated);
    ok(saturated && amount(purse.used) == LLMOBS_I_PURSE_MOST, "a sum stays there");
    is_int(mark(purse.used), 1, "and its mark with it");
    saturated = false;
    (void)llmobsi_purse_book(&purse, (uint32_t)purse.round, LLMOBS_I_PURSE_MOST, 0, &saturated);
    ok(!saturated && amount(purse.used) == 0, "given back, nothing is used");
    (void)llmobsi_purse_shift(&purse.used, purse.round, 5, 0, &saturated);
    is_int(amount(purse.used), 0, "and never less");
}

/* ---- all at once --------------------------------------------------------------------------- */

/* A mark has four bits: who is held up within one call may miss fifteen turns, and no more. Rounds
   of budgets last an hour at least; here, where they last no time, the one who begins them waits
   for who has missed too many, and nobody keeps the processor for long. */

#define CAP 1000
#define THREADS 4
#define MISSED 12
#define DONE UINT32_MAX

static llmobsi_purse shared;
static llmobsi_atomic32 rounds_begun;
static llmobsi_atomic32 heard_of[THREADS]; /* by each thread, at its newest call */
static llmobsi_atomic32 working;
static llmobsi_atomic64 over; /* a moment at which the limit was passed */

static void* work(void* argument)
{
    llmobsi_atomic32* own = (llmobsi_atomic32*)argument;
    uint64_t random = (uint64_t)(own - heard_of) + 1;
    long rounds = sized(400000);
    long i;
    for (i = 0; i < rounds; i++) {
        uint32_t heard = llmobsi_load_acquire(&rounds_begun);
        uint64_t round = llmobsi_purse_turn(&shared, heard);
        uint64_t used = 0;
        uint64_t nano;
        bool saturated = false;
        llmobsi_store_release(own, heard);
        random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        nano = (random >> 40) % (CAP / 2);
        if (round != 0 &&
            llmobsi_purse_reserve(&shared, round, nano, CAP, &used) == LLMOBS_I_FIT_IN) {
            (void)llmobsi_add_relaxed(&over, used + nano > CAP);
            (void)llmobsi_purse_book(&shared, (uint32_t)round, nano, nano / 64, &saturated);
        }
        (void)llmobsi_add_relaxed(&over, saturated);
        if (i % 64 == 0) {
            (void)sched_yield();
        }
    }
    llmobsi_store_release(own, DONE);
    (void)llmobsi_add_ordered(&working, UINT32_MAX);
    return NULL;
}

static bool somebody_is_held_up(uint32_t round)
{
    int i;
    for (i = 0; i < THREADS; i++) {
        uint32_t heard = llmobsi_load_acquire(&heard_of[i]);
        if (heard != DONE && round - heard >= MISSED) {
            return true;
        }
    }
    return false;
}

static void* turn(void* unused)
{
    (void)unused;
    while (llmobsi_load_acquire(&working) != 0) {
        uint32_t round = llmobsi_load_acquire(&rounds_begun);
        uint64_t used;
        uint64_t spent;
        llmobsi_purse_read(&shared, round, &used, &spent);
        (void)llmobsi_add_relaxed(&over, used > CAP || spent > CAP);
        if (somebody_is_held_up(round)) {
            (void)sched_yield();
        } else {
            (void)llmobsi_add_ordered(&rounds_begun, 1);
        }
    }
    return NULL;
}

static void test_threads(void)
{
    pthread_t threads[THREADS];
    pthread_t turner;
    uint64_t round;
    int i;
    shared = purse_in(1);
    rounds_begun = 1;
    working = THREADS;
    (void)pthread_create(&turner, NULL, turn, NULL);
    for (i = 0; i < THREADS; i++) {
        (void)pthread_create(&threads[i], NULL, work, &heard_of[i]);
    }
    for (i = 0; i < THREADS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    (void)pthread_join(turner, NULL);
    is_int(over, 0, "at no moment is more used than there is");
    round = llmobsi_load_acquire(&shared.round);
    ok(mark(shared.used) == (uint32_t)round % 16 && mark(shared.spent) == (uint32_t)round % 16,
       "at the end all agree on the round");
    is_int(amount(shared.used), amount(shared.spent), "and nothing stays reserved");
    printf("# %u rounds\n", rounds_begun);
}

int main(void)
{
    test_turns();
    test_half_turns();
    test_most();
    test_threads();
    return done();
}

/* Budgets under threads, ticks, signals and forks: never over the limit, nothing leaked. */
#define _GNU_SOURCE
#include "llmobs_private.h"

#include "tap.h"

#include "keeper.h"

#include "requester.h"

#include "budgeter.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS 16

/* ---- leaks and limits ---------------------------------------------------------------------- */

static void test_expiry(void)
{
    llmobs_config config = budget_config(4);
    llmobs* obs;
    llmobs_budget all;
    llmobs_reservation leaked;
    llmobs_reservation kept;
    int i;
    config.reservation_max_age_s = 100;
    obs = llmobs_open(&config, NULL);
    all = add_budget(obs, "all", LLMOBS_BUDGET_ALL, NULL, 100);
    (void)llmobs_tick(obs);
    leaked = ask(obs, NULL, NULL, NULL, 60);
    for (i = 0; i < 4; i++) {
        fake_now += 25 * SECOND;
        (void)llmobs_tick(obs);
    }
    is_int(state_of(all, NULL).reserved_nano, 60, "at its age of 100 s it is there");
    kept = ask(obs, NULL, NULL, NULL, 40);
    fake_now += 25 * SECOND;
    (void)llmobs_tick(obs);
    is_int(state_of(all, NULL).reserved_nano, 40, "at 125 it is given back");
    is_int(counts_of(obs).expired, 1, "and counted");
    is_int(llmobs_budget_settle(leaked, 60), LLMOBS_ERROR_ARGUMENT, "then it settles no more");
    fake_now += 100000 * SECOND;
    (void)llmobs_tick(obs);
    is_int(state_of(all, NULL).reserved_nano, 0, "a day later the day is another");
    is_int(llmobs_budget_settle(kept, 40), LLMOBS_OK,
           "but after a single tick nothing expires before its time");
    is_int(counts_of(obs).expired, 1, "none did");
    (void)llmobs_close(obs);
}

static void test_no_record(void)
{
    llmobs* obs = open_budgets(4);
    llmobs_budget all = add_budget(obs, "all", LLMOBS_BUDGET_ALL, NULL, 100);
    llmobs_reservation reservations[17];
    int i;
    for (i = 0; i < 17; i++) {
        reservations[i] = ask(obs, NULL, NULL, NULL, 1);
    }
    is_int(decided.reason, LLMOBS_BUDGET_IS_NO_RESERVATION, "16 may be open");
    is_int(state_of(all, NULL).reserved_nano, 16, "and are");
    (void)llmobs_budget_release(reservations[7]);
    (void)ask(obs, NULL, NULL, NULL, 1);
    ok(decided.allowed, "one that is settled makes room");
    (void)llmobs_close(obs);
}

static void test_too_many(void)
{
    llmobs* obs = open_budgets(20);
    llmobs_budget budgets[13];
    int64_t reserved = 0;
    int i;
    for (i = 0; i < 13; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "b%d", i);
        budgets[i] = add_budget(obs, name, LLMOBS_BUDGET_ALL, NULL, 100);
    }
    (void)ask(obs, NULL, NULL, NULL, 1);
    is_int(decided.reason, LLMOBS_BUDGET_IS_TOO_MANY, "13 budgets at once");
    for (i = 0; i < 13; i++) {
        reserved += state_of(budgets[i], NULL).reserved_nano;
    }
    is_int(reserved, 0, "have their amounts back");
    (void)llmobs_budget_remove(budgets[3]);
    ok(spend(obs, NULL, 100), "12 are fine");
    is_int(state_of(budgets[12], NULL).spent_nano, 100, "to the last");
    (void)llmobs_close(obs);
}

/* ---- what a decision tells ----------------------------------------------------------------- */

static void test_decision(void)
{
    llmobs* obs = open_budgets(4);
    char text[400];
    char small[10];
    int reason;
    (void)add_budget(obs, "daily", LLMOBS_BUDGET_ALL, NULL, 5 * USD); /* at 16:00 */
    (void)ask(obs, NULL, NULL, NULL, USD / 4);
    ok(decided.exhausted_in_ns == UINT64_MAX, "nothing is spent: it lasts for ever");
    ok(spend(obs, NULL, 4 * USD), "4 USD in 16 hours");
    (void)ask(obs, NULL, NULL, NULL, USD);
    is_int(decided.room_nano, 3 * USD / 4, "0.75 are left");
    is_int(decided.exhausted_in_ns / SECOND, 3 * 3600, "which last for three");
    llmobs_budget_explain(&decided, text, sizeof text);
    is_str(text, "refused: it would be over the hard limit (budget daily: 1 USD asked, 0.75 USD "
                 "left until 2025-11-25T00:00:00Z)", "the sentence");
    llmobs_budget_explain(&decided, small, sizeof small);
    is_str(small, "refused: ", "is cut");
    llmobs_budget_explain(&decided, NULL, 0);
    llmobs_budget_explain(NULL, small, sizeof small);
    decided = llmobs_budget_decision_default();
    decided.allowed = true;
    llmobs_budget_explain(&decided, text, sizeof text);
    is_str(text, "allowed: it fits", "one without a budget");
    decided.nano = INT64_MIN;
    decided.room_nano = INT64_MIN;
    decided.period_end_ns = UINT64_MAX;
    memset(decided.budget, 'x', LLMOBS_BUDGET_NAME - 1);
    for (reason = 0; reason < (int)LLMOBS_BUDGET_REASON_COUNT; reason++) {
        decided.reason = (llmobs_budget_reason)reason;
        llmobs_budget_explain(&decided, text, sizeof text);
        ok(strlen(text) < 300, "the longest sentence has room");
    }
    is_str(llmobs_budget_reason_text(LLMOBS_BUDGET_REASON_COUNT), "unknown", "no reason");
    (void)llmobs_close(obs);
}

/* ---- who asks ------------------------------------------------------------------------------ */

static llmobs* race_obs;
static llmobsi_atomic32 race_go;
static llmobsi_atomic32 race_stop;

static void* ask_once(void* unused)
{
    llmobs_budget_query query = llmobs_budget_query_default();
    llmobs_budget_decision decision = llmobs_budget_decision_default();
    query.nano = 10;
    (void)llmobs_budget_settle(llmobs_budget_reserve(race_obs, &query, &decision), 10);
    (void)unused;
    return (void*)(uintptr_t)decision.reason;
}

/* Threads without a record are not let past a limit. */
static void test_many_threads(void)
{
    llmobs_config config = budget_config(4);
    llmobs_budget all;
    pthread_t thread;
    void* reason;
    config.max_threads = 1;
    race_obs = llmobs_open(&config, NULL);
    all = add_budget(race_obs, "all", LLMOBS_BUDGET_ALL, NULL, 25);
    ok(spend(race_obs, NULL, 10), "the one thread that may record");
    (void)pthread_create(&thread, NULL, ask_once, NULL);
    (void)pthread_join(thread, &reason);
    is_int((uintptr_t)reason, LLMOBS_BUDGET_IS_WITHIN, "another spends, too");
    is_int(state_of(all, NULL).spent_nano, 20, "the same money");
    (void)pthread_create(&thread, NULL, ask_once, NULL);
    (void)pthread_join(thread, &reason);
    is_int((uintptr_t)reason, LLMOBS_BUDGET_IS_OVER_HARD, "up to the limit");
    (void)llmobs_close(race_obs);
}

static void* handler_reason;

static void on_signal(int number)
{
    (void)number;
    handler_reason = ask_once(NULL);
}

static void test_signal(void)
{
    race_obs = open_budgets(4);
    (void)add_budget(race_obs, "all", LLMOBS_BUDGET_ALL, NULL, 100);
    (void)signal(SIGUSR1, on_signal);
    (void)raise(SIGUSR1);
    is_int((uintptr_t)handler_reason, LLMOBS_BUDGET_IS_WITHIN, "a handler may ask");
    llmobsi_lock_take(&budgets_of(race_obs)->lock);
    llmobsi_raise(llmobsi_self);
    (void)raise(SIGUSR1);
    llmobsi_lower(llmobsi_self);
    llmobsi_lock_give(&budgets_of(race_obs)->lock);
    (void)signal(SIGUSR1, SIG_DFL);
    is_int((uintptr_t)handler_reason, LLMOBS_BUDGET_IS_INTERRUPTED,
           "but not in the middle of a call: it would wait for itself");
    is_int(counts_of(race_obs).reservations, 1, "nothing was set aside");
    (void)llmobs_close(race_obs);
}

static void test_fork(void)
{
    llmobs* obs = open_budgets(4);
    llmobs_budget users = add_budget(obs, "users", LLMOBS_BUDGET_USER, NULL, 100);
    llmobs_reservation reservation;
    int status = 0;
    pid_t child;
    (void)spend(obs, "ann", 30);
    reservation = ask(obs, "ann", NULL, NULL, 20);
    fflush(stdout);
    child = fork();
    if (child == 0) {
        int wrong = 0;
        wrong |= state_of(users, "ann").reserved_nano != 0;
        wrong |= (state_of(users, "ann").spent_nano != 30) << 1;
        wrong |= (llmobs_budget_settle(reservation, 20) != LLMOBS_ERROR_ARGUMENT) << 2;
        wrong |= !spend(obs, "ann", 70) << 3;
        wrong |= spend(obs, "ann", 1) << 4;
        wrong |= (counts_of(obs).reservations != 1) << 5;
        wrong |= (counts_of(obs).late != 1) << 6;
        _exit(wrong);
    }
    (void)waitpid(child, &status, 0);
    is_int(WIFEXITED(status) ? WEXITSTATUS(status) : -1, 0,
           "a child has what was spent, no reservation, and an account of its own");
    is_int(state_of(users, "ann").spent_nano, 30, "the parent knows nothing of it");
    is_int(llmobs_budget_settle(reservation, 20), LLMOBS_OK, "and settles its own");
    (void)llmobs_close(obs);
}

/* ---- sixteen threads ----------------------------------------------------------------------- */

#define CAP 200000
#define FEATURES 24

static llmobs_budget race_all, race_features;
static llmobsi_atomic64 race_now;
static llmobsi_atomic64 race_settled; /* what all threads say that they have booked */
static llmobsi_atomic64 race_denied;

static uint64_t race_clock(void* user)
{
    (void)user;
    return llmobsi_load_relaxed(&race_now);
}

static uint64_t random_of(uint64_t* state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 33;
}

/* Reserves more than there is; settles, releases or forgets, for a time with several open. */
static void* race(void* argument)
{
    uint64_t random = (uint64_t)(uintptr_t)argument;
    llmobs_reservation open[4];
    int64_t amounts[4];
    long rounds = sized(20000);
    long i;
    memset(open, 0, sizeof open);
    memset(amounts, 0, sizeof amounts);
    while (llmobsi_load_acquire(&race_go) == 0) {
        (void)sched_yield();
    }
    for (i = 0; i < rounds + 4; i++) {
        int slot = (int)(i % 4);
        llmobs_budget_query query = llmobs_budget_query_default();
        char feature[16];
        if (open[slot].generation != 0) {
            int64_t actual = random_of(&random) % 16 == 0 ? (int64_t)random_of(&random) % 20 : 0;
            actual = actual < amounts[slot] ? actual : amounts[slot];
            if (llmobs_budget_settle(open[slot], actual) == LLMOBS_OK) {
                (void)llmobsi_add_relaxed(&race_settled, (uint64_t)actual);
            }
            (void)llmobs_budget_settle(open[slot], actual);
        }
        (void)snprintf(feature, sizeof feature, "f%d", (int)(random_of(&random) % FEATURES));
        query.feature = feature;
        query.nano = amounts[slot] = 1 + (int64_t)random_of(&random) % (CAP / 20);
        open[slot].generation = 0;
        if (i < rounds) {
            open[slot] = llmobs_budget_reserve(race_obs, &query, NULL);
            if (open[slot].generation == 0) {
                (void)llmobsi_add_relaxed(&race_denied, 1);
            }
        }
    }
    return NULL;
}

/* Looks all the time: no amount is over its limit, whatever the moment. With a clock, it moves. */
static void* watch(void* hours)
{
    uint64_t wrong = 0;
    int i = 0;
    while (llmobsi_load_acquire(&race_stop) == 0) {
        llmobs_budget_state all = state_of(race_all, NULL);
        llmobs_budget_state feature;
        char key[16];
        (void)snprintf(key, sizeof key, "f%d", i++ % FEATURES);
        feature = state_of(race_features, i % 5 == 0 ? NULL : key);
        wrong += all.spent_nano + all.reserved_nano > CAP || all.reserved_nano < 0;
        wrong += feature.spent_nano + feature.reserved_nano > CAP / 8 || feature.reserved_nano < 0;
        if (hours != NULL && i % 50 == 0) {
            (void)llmobsi_add_relaxed(&race_now, HOUR);
            (void)llmobs_tick(race_obs);
        }
    }
    return (void*)(uintptr_t)wrong;
}

static uint64_t run_race(bool hours)
{
    pthread_t threads[THREADS];
    pthread_t watcher;
    void* wrong;
    uintptr_t i;
    race_settled = race_denied = 0;
    llmobsi_store_relaxed(&race_stop, 0);
    llmobsi_store_relaxed(&race_go, 0);
    (void)pthread_create(&watcher, NULL, watch, hours ? &race_now : NULL);
    for (i = 0; i < THREADS; i++) {
        (void)pthread_create(&threads[i], NULL, race, (void*)(i + 1));
    }
    llmobsi_store_release(&race_go, 1);
    for (i = 0; i < THREADS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    llmobsi_store_release(&race_stop, 1);
    (void)pthread_join(watcher, &wrong);
    return (uint64_t)(uintptr_t)wrong;
}

static int64_t left_reserved(void)
{
    int64_t reserved = state_of(race_all, NULL).reserved_nano;
    int i;
    for (i = 0; i < FEATURES; i++) {
        char key[16];
        (void)snprintf(key, sizeof key, "f%d", i);
        reserved += state_of(race_features, key).reserved_nano;
    }
    return reserved + state_of(race_features, NULL).reserved_nano;
}

static int64_t features_spent(void)
{
    int64_t spent = state_of(race_features, NULL).spent_nano;
    int i;
    for (i = 0; i < FEATURES; i++) {
        char key[16];
        (void)snprintf(key, sizeof key, "f%d", i);
        spent += state_of(race_features, key).spent_nano;
    }
    return spent;
}

static void open_race(llmobs_period period)
{
    llmobs_config config = budget_config(4);
    llmobs_budget_info info = budget_of("all", LLMOBS_BUDGET_ALL, NULL, CAP);
    config.clock.unix_ns = race_clock;
    config.max_threads = THREADS - 4; /* some go the long way */
    config.budget_reservations = 128;
    race_now = UINT64_C(1764000000) * SECOND;
    race_obs = llmobs_open(&config, NULL);
    info.period = period;
    (void)llmobs_budget_add(race_obs, &info, &race_all);
    info.name = "features";
    info.scope = LLMOBS_BUDGET_FEATURE;
    info.hard_nano = CAP / 8;
    (void)llmobs_budget_add(race_obs, &info, &race_features);
}

static void test_threads(void)
{
    llmobs_budget_state all;
    open_race(LLMOBS_PERIOD_NONE);
    is_int(run_race(false), 0, "sixteen threads: at no moment is a limit passed");
    all = state_of(race_all, NULL);
    is_int(left_reserved(), 0, "at the end nothing is reserved");
    is_int(all.spent_nano, (int64_t)race_settled, "all that was settled is booked");
    is_int(features_spent(), all.spent_nano, "in every budget");
    ok(race_denied > 0, "though more was asked for than there was");
    is_int(counts_of(race_obs).denied, (int64_t)race_denied, "refusals are counted");
    printf("# %llu spent, %llu refused\n", (unsigned long long)all.spent_nano,
           (unsigned long long)race_denied);
    (void)llmobs_close(race_obs);
}

/* The same while hours pass, so that places change hands and purses turn all the time. */
static void test_hours(void)
{
    llmobsi_budget_counts counts;
    open_race(LLMOBS_PERIOD_HOUR);
    is_int(run_race(true), 0, "nor while hours begin");
    counts = counts_of(race_obs);
    is_int(left_reserved(), 0, "nothing stays reserved");
    printf("# %llu hours, %llu reservations, %llu refused, %llu over the hour, %llu expired\n",
           (unsigned long long)(race_now / HOUR - UINT64_C(1764000000) / 3600),
           (unsigned long long)counts.reservations, (unsigned long long)counts.denied,
           (unsigned long long)counts.crossed, (unsigned long long)counts.expired);
    llmobsi_store_relaxed(&race_now, race_now + HOUR);
    is_int(state_of(race_all, NULL).spent_nano, 0, "a new hour has spent nothing");
    (void)llmobs_close(race_obs);
}

/* One key comes from all threads at once: it has one place. */
static void* ask_new(void* unused)
{
    int i;
    (void)unused;
    while (llmobsi_load_acquire(&race_go) == 0) {
        (void)sched_yield();
    }
    for (i = 0; i < 8; i++) {
        llmobs_budget_query query = llmobs_budget_query_default();
        char key[16];
        (void)snprintf(key, sizeof key, "k%d", i);
        query.feature = key;
        query.nano = CAP / 8;
        (void)llmobs_budget_reserve(race_obs, &query, NULL);
    }
    return NULL;
}

static void test_new_keys(void)
{
    long rounds = sized(200);
    int wrong = 0;
    long round;
    for (round = 0; round < rounds; round++) {
        pthread_t threads[4];
        int i;
        open_race(LLMOBS_PERIOD_DAY);
        (void)llmobs_budget_remove(race_all);
        llmobsi_store_relaxed(&race_go, 0);
        for (i = 0; i < 4; i++) {
            (void)pthread_create(&threads[i], NULL, ask_new, NULL);
        }
        llmobsi_store_release(&race_go, 1);
        for (i = 0; i < 4; i++) {
            (void)pthread_join(threads[i], NULL);
        }
        wrong += counts_of(race_obs).reservations != 8;
        (void)llmobs_close(race_obs);
    }
    is_int(wrong, 0, "a key that comes from many threads gets one place, and one amount");
}

int main(void)
{
    test_expiry();
    test_no_record();
    test_too_many();
    test_decision();
    test_many_threads();
    if (!skipped_without_fork("signals")) {
        test_signal();
    }
    if (!skipped_without_fork("fork")) {
        test_fork();
    }
    test_threads();
    test_hours();
    test_new_keys();
    return done();
}

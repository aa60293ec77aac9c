/* Detectors with a thread of their own: who adds is held up by no run, nothing is lost between two
   windows, and close does not wait for ever. */
#include "llmobs_private.h"
#include "tap.h"
#include "keeper.h"
#include "requester.h"
#include "drifting.h"
#include "detecting.h"

#include <unistd.h>

#define ADDERS 4
#define EACH 4000

static uint64_t clock_ns;

static uint64_t shared_clock(void* user)
{
    (void)user;
    return __atomic_load_n(&clock_ns, __ATOMIC_SEQ_CST);
}

static llmobs_drift_detector shared;
static size_t told_runs;
static int hang; /* the callback does not come back */
static int inside;

static void count_report(void* user, const llmobs_drift_report* report)
{
    (void)user;
    (void)report;
    (void)__atomic_add_fetch(&told_runs, 1, __ATOMIC_SEQ_CST);
    (void)__atomic_add_fetch(&inside, 1, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&hang, __ATOMIC_SEQ_CST) != 0) {
        (void)usleep(1000);
    }
    (void)__atomic_sub_fetch(&inside, 1, __ATOMIC_SEQ_CST);
}

static llmobs_config threaded_config(void)
{
    llmobs_config config = detector_config();
    config.host_pumped = false;
    config.tick_ms = 1;
    config.clock.unix_ns = shared_clock;
    config.on_drift = count_report;
    config.close_timeout_ms = 300;
    clock_ns = FIRST_DAY;
    told_runs = 0;
    return config;
}

/* Whether a number becomes this or more, within some seconds. */
static bool comes_to(const size_t* number, size_t least)
{
    int i;
    for (i = 0; i < 20000 && __atomic_load_n(number, __ATOMIC_SEQ_CST) < least; i++) {
        (void)usleep(500);
    }
    return i < 20000;
}

/* A run, and with `days` the next day. */
static bool run_once(int days)
{
    size_t before = __atomic_load_n(&told_runs, __ATOMIC_SEQ_CST);
    (void)__atomic_add_fetch(&clock_ns, (uint64_t)days * DAY, __ATOMIC_SEQ_CST);
    (void)llmobs_drift_run_now(shared, "race");
    return comes_to(&told_runs, before + 1);
}

static void add_rows(size_t first, size_t count)
{
    float values[WIDTH];
    size_t i;
    for (i = first; i < first + count; i++) {
        llmobs_embedding embedding = drift_as_embedding(values, WIDTH, i, 0);
        turned_embedding(values, i, SHIFT_NONE);
        (void)llmobs_drift_add(shared, &embedding);
    }
}

static void* add_many(void* argument)
{
    add_rows(*(const size_t*)argument, EACH);
    return NULL;
}

/* This thread makes runs, and adds up what each has seen. */
static void test_race(void)
{
    llmobs_config config = threaded_config();
    llmobs_drift_info info = answers_info();
    answering answer = usual_answer();
    pthread_t threads[ADDERS];
    size_t firsts[ADDERS];
    size_t votes = 0, runs = 0, untested = 0, i;
    llmobs* obs;
    config.host_pumped = true;
    config.drift_days = 40; /* more than pass */
    obs = open_detecting(&config);
    shared = define(obs, &info);
    for (i = 0; i < 3; i++) {
        add_rows(i * 60, 60);
        (void)__atomic_add_fetch(&clock_ns, DAY, __ATOMIC_SEQ_CST);
        (void)llmobs_drift_work(obs);
    }
    for (i = 0; i < ADDERS; i++) {
        firsts[i] = 1000 + i * EACH;
        (void)pthread_create(&threads[i], NULL, add_many, &firsts[i]);
    }
    for (i = 0; i < 41; i++) {
        if (i == 40) {
            size_t k;
            for (k = 0; k < ADDERS; k++) {
                (void)pthread_join(threads[k], NULL);
            }
        }
        (void)__atomic_add_fetch(&clock_ns, i % 2 * DAY, __ATOMIC_SEQ_CST);
        (void)llmobs_drift_run_now(shared, "race");
        (void)llmobs_drift_work(obs);
        answer_many(obs, &answer, 3);
        votes += last_report(shared).embeddings.votes;
        untested += inside_of(shared)->window == NULL;
        runs++;
    }
    is_int((long long)last_report(shared).run, (long long)runs + 3, "a run each time");
    is_int((long long)untested, 0, "there always is a window");
    is_int((long long)votes, ADDERS * EACH, "and each embedding is in one of them");
    is_int(llmobs_close(obs), LLMOBS_OK, "it closes");
}

/* The tick wakes the thread that makes runs. */
static void test_thread(void)
{
    llmobs_config config = threaded_config();
    llmobs* obs = open_detecting(&config);
    llmobs_drift_info info = answers_info();
    size_t made = 0, i;
    shared = define(obs, &info);
    for (i = 0; i < 5; i++) {
        add_rows(i * 60, 60);
        made += run_once(i % 2 == 0);
    }
    is_int((long long)made, 5, "runs are made without being called for");
    (void)__atomic_add_fetch(&clock_ns, DAY, __ATOMIC_SEQ_CST);
    for (i = 0; i < 20000 && last_report(shared).reason[0] != 's'; i++) {
        (void)usleep(500);
    }
    is_str(last_report(shared).reason, "schedule", "those of a day, too");
    is_int(llmobs_close(obs), LLMOBS_OK, "it closes");
}

/* Runs are made on several threads' asking: one at a time. */
static void* work_many(void* argument)
{
    int i;
    for (i = 0; i < 200; i++) {
        (void)llmobs_drift_run_now(shared, "work");
        (void)llmobs_drift_work((llmobs*)argument);
    }
    return NULL;
}

static void test_workers(void)
{
    llmobs_config config = threaded_config();
    llmobs_drift_info info = answers_info();
    pthread_t threads[ADDERS];
    llmobs* obs;
    size_t i;
    config.host_pumped = true;
    obs = open_detecting(&config);
    shared = define(obs, &info);
    for (i = 0; i < ADDERS; i++) {
        (void)pthread_create(&threads[i], NULL, work_many, obs);
    }
    add_rows(0, 500);
    for (i = 0; i < ADDERS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    (void)llmobs_drift_work(obs);
    is_int((long long)last_report(shared).run, (long long)told_runs, "each run is told once");
    (void)llmobs_close(obs);
}

static void test_close_while_adding(void)
{
    llmobs_config config = threaded_config();
    llmobs_drift_info info = answers_info();
    pthread_t threads[ADDERS];
    size_t firsts[ADDERS];
    size_t i;
    llmobs* obs = open_detecting(&config);
    shared = define(obs, &info);
    for (i = 0; i < ADDERS; i++) {
        firsts[i] = i * EACH;
        (void)pthread_create(&threads[i], NULL, add_many, &firsts[i]);
    }
    (void)run_once(1);
    (void)__atomic_add_fetch(&clock_ns, DAY, __ATOMIC_SEQ_CST);
    is_int(llmobs_close(obs), LLMOBS_OK, "it closes while others add");
    for (i = 0; i < ADDERS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
}

static bool nobody_is_inside(void)
{
    int i;
    for (i = 0; i < 20000 && __atomic_load_n(&inside, __ATOMIC_SEQ_CST) != 0; i++) {
        (void)usleep(500);
    }
    (void)usleep(50000); /* for the thread to end */
    return i < 20000;
}

static void test_hang(void)
{
    llmobs_config config = threaded_config();
    llmobs_drift_info info = answers_info();
    llmobs* obs = open_detecting(&config);
    shared = define(obs, &info);
    __atomic_store_n(&hang, 1, __ATOMIC_SEQ_CST);
    (void)llmobs_drift_run_now(shared, "hang");
    ok(comes_to(&told_runs, 1), "a callback begins");
    add_rows(0, 10);
    is_int(llmobs_drift_run_now(shared, "meanwhile"), LLMOBS_OK, "nobody waits for it");
    is_int(llmobs_close(obs), LLMOBS_ERROR_INCOMPLETE, "nor does close, for ever");
    obs = open_detecting(&config);
    shared = define(obs, &info);
    ok(shared.instance != 0, "another instance opens");
    __atomic_store_n(&hang, 0, __ATOMIC_SEQ_CST);
    ok(nobody_is_inside(), "the callback comes back, to nothing");
    ok(run_once(0), "and does not disturb the other one");
    is_int(llmobs_close(obs), LLMOBS_OK, "which closes");
}

int main(void)
{
    test_race();
    test_thread();
    test_workers();
    test_close_while_adding();
    test_hang();
    return done();
}

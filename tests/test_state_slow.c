/* A disk that takes its time holds up nobody: neither the tick, nor close for longer than it may
   take. What was begun is finished. */
#define _GNU_SOURCE
#include "llmobs_private.h"

#include "tap.h"

#include "keeper.h"

#define RANDOM_SEED 29
#include "random.h"
#include "requester.h"

#include "ledger.h"

#define FOLDER "build/tmp/test_state_slow"
#include "stateful.h"

#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* ---- the disk ------------------------------------------------------------------------------ */

static int hold;    /* nobody comes back from it */
static int waiting; /* so many are in it         */

/* In place of the system's. */
int fsync(int file)
{
    (void)__atomic_add_fetch(&waiting, 1, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&hold, __ATOMIC_SEQ_CST) != 0) {
        (void)usleep(1000);
    }
    (void)__atomic_sub_fetch(&waiting, 1, __ATOMIC_SEQ_CST);
    return (int)syscall(SYS_fsync, file);
}

static void hang(int on)
{
    __atomic_store_n(&hold, on, __ATOMIC_SEQ_CST);
}

/* Whether somebody waits for the disk within some seconds. */
static bool somebody_waits(void)
{
    int i;
    for (i = 0; i < 10000 && __atomic_load_n(&waiting, __ATOMIC_SEQ_CST) == 0; i++) {
        (void)usleep(1000);
    }
    return i < 10000;
}

/* ---- exporting ----------------------------------------------------------------------------- */

static const spent a_nano = {"f", "m", "t", "u", 1};

static size_t exported; /* spans */

static llmobs_export_result count_spans(void* user, const llmobs_batch* batch)
{
    (void)user;
    (void)__atomic_add_fetch(&exported, batch->span_count, __ATOMIC_SEQ_CST);
    return LLMOBS_EXPORT_OK;
}

/* Whether so many spans have come, within some seconds; nobody but the tick's thread collects. */
static bool are_exported(size_t count)
{
    int i;
    for (i = 0; i < 10000 && __atomic_load_n(&exported, __ATOMIC_SEQ_CST) < count; i++) {
        (void)usleep(1000);
    }
    return i < 10000;
}

static llmobs_config threaded_config(void)
{
    llmobs_config config = state_config();
    config.host_pumped = false;
    config.span_slots = 64;
    config.tick_ms = 5;
    config.batch_delay_ms = 1;
    config.state_interval_s = 1;
    config.close_timeout_ms = 300;
    return config;
}

static llmobs* open_exporting(const llmobs_config* config)
{
    llmobs_exporter exporter = llmobs_exporter_default();
    llmobs* obs = open_state(config);
    exporter.name = "count";
    exporter.export_batch = count_spans;
    exporter.signals = LLMOBS_SIGNAL_SPANS;
    exported = 0;
    (void)llmobs_exporter_add(obs, &exporter);
    return obs;
}

static int64_t all_that_is_there(void)
{
    llmobs_config config = state_config();
    llmobs* obs = open_state(&config);
    int64_t total = total_of(obs, LLMOBS_PERIOD_NONE);
    (void)llmobs_close(obs);
    return total;
}

/* ---- while it hangs ------------------------------------------------------------------------ */

static void* save(void* user)
{
    return (void*)(uintptr_t)(llmobs_state_save((llmobs*)user) == LLMOBS_OK);
}

static void test_tick(void)
{
    llmobs_config config = threaded_config();
    pthread_t thread;
    void* saved = NULL;
    llmobs* obs;
    size_t i;
    fresh_folder();
    obs = open_exporting(&config);
    spend(obs, a_nano);
    ok(are_exported(1), "a span is exported");
    hang(1);
    ok(somebody_waits(), "a save has begun, and hangs");
    for (i = 1; i <= 400; i++) { /* more than there are slots: they are given back */
        llmobs_span_end(llmobs_span_root(obs, "meanwhile"));
        if (i % 20 == 0 && !are_exported(1 + i)) {
            break;
        }
    }
    is_int(i, 401, "spans come through all the same");
    spend(obs, a_nano);
    is_int(total_of(obs, LLMOBS_PERIOD_NONE), 2, "requests are booked");
    is_int(stats_of(obs).state_saved, 0, "nothing is saved yet");
    (void)pthread_create(&thread, NULL, save, (void*)obs);
    (void)usleep(20000);
    hang(0);
    (void)pthread_join(thread, &saved);
    ok(saved != NULL && stats_of(obs).state_saved >= 2, "who wants it saved at once has waited");
    is_int(llmobs_close(obs), LLMOBS_OK, "closed");
    is_int(all_that_is_there(), 2, "all of it is in the file");
}

/* ---- close --------------------------------------------------------------------------------- */

static void* let_go(void* user)
{
    (void)somebody_waits();
    (void)usleep(100000);
    hang(0);
    return user;
}

static void test_slow_close(void)
{
    llmobs_config config = threaded_config();
    pthread_t thread;
    llmobs* obs;
    fresh_folder();
    config.state_interval_s = 3600;
    config.close_timeout_ms = 20000;
    obs = open_state(&config);
    spend(obs, a_nano);
    hang(1);
    (void)pthread_create(&thread, NULL, let_go, NULL);
    is_int(llmobs_close(obs), LLMOBS_OK, "close waits for a disk that is slow");
    (void)pthread_join(thread, NULL);
    is_int(all_that_is_there(), 1, "and its state is there");
}

/* How many instances may be open. */
static int count_places(void)
{
    llmobs_config config = state_config();
    llmobs* open[LLMOBS_MAX_INSTANCES + 1];
    int count = 0;
    int i;
    config.state_file = NULL;
    while (count <= LLMOBS_MAX_INSTANCES &&
           (open[count] = llmobs_open(&config, NULL)) != NULL) {
        count++;
    }
    for (i = 0; i < count; i++) {
        (void)llmobs_close(open[i]);
    }
    return count;
}

/* The child has neither thread nor lock, and all places. */
static int child_of_fork(void)
{
    llmobs_config config = state_config();
    llmobs* obs;
    int wrong = count_places() != LLMOBS_MAX_INSTANCES;
    hang(0);
    config.state_file = STATE ".other";
    obs = open_state(&config);
    wrong += llmobs_state_save(obs) != LLMOBS_OK;
    wrong += llmobs_close(obs) != LLMOBS_OK;
    return wrong;
}

static void check_left(void)
{
    llmobs_config config = state_config();
    int status = -1;
    llmobs* obs;
    pid_t child;
    is_int(count_places(), LLMOBS_MAX_INSTANCES - 1, "it has a place still");
    obs = open_state(&config);
    is_int(noted[LLMOBS_NOTE_STATE_TAKEN], 1, "and the file: nobody else writes it");
    (void)llmobs_close(obs);
    child = fork();
    if (child == 0) {
        _exit(child_of_fork());
    }
    (void)waitpid(child, &status, 0);
    ok(WIFEXITED(status) && WEXITSTATUS(status) == 0, "but not in a child");
}

static void test_hung_close(void)
{
    llmobs_config config = threaded_config();
    uint64_t start_ns;
    llmobs* obs;
    int i;
    fresh_folder();
    config.state_interval_s = 3600;
    obs = open_state(&config);
    spend(obs, a_nano);
    hang(1);
    start_ns = llmobsi_monotonic_ns();
    is_int(llmobs_close(obs), LLMOBS_ERROR_INCOMPLETE, "close does not wait for ever");
    ok(llmobsi_monotonic_ns() - start_ns < UINT64_C(10000000000), "not even long");
    is_int(noted[LLMOBS_NOTE_STATE_SLOW], 1, "and tells why");
    ok(somebody_waits(), "the save goes on");
    check_left();
    hang(0);
    for (i = 0; i < 10000 && count_places() < LLMOBS_MAX_INSTANCES; i++) {
        (void)usleep(1000);
    }
    is_int(count_places(), LLMOBS_MAX_INSTANCES, "when it is done, all is given back");
    is_int(all_that_is_there(), 1, "and the state is there");
}

/* A save that the interval began is under way: close adds what came since, when that is done. */
static void test_close_behind_a_save(void)
{
    llmobs_config config = threaded_config();
    pthread_t thread;
    llmobs* obs;
    fresh_folder();
    config.close_timeout_ms = 20000;
    obs = open_state(&config);
    hang(1);
    (void)somebody_waits();
    spend(obs, a_nano);
    (void)pthread_create(&thread, NULL, let_go, NULL);
    is_int(llmobs_close(obs), LLMOBS_OK, "closed behind a save");
    (void)pthread_join(thread, NULL);
    is_int(all_that_is_there(), 1, "with what came after it began");
}

/* Without a thread the caller saves. */
static void test_pumped(void)
{
    llmobs_config config = state_config();
    llmobs* obs;
    fresh_folder();
    obs = open_state(&config);
    ok(!llmobsi_state_of(llmobsi_instance_of(recorder_of(obs)))->has_thread, "no thread");
    spend(obs, a_nano);
    (void)llmobs_tick(obs);
    is_int(llmobs_state_save(obs), LLMOBS_OK, "saved");
    spend(obs, a_nano);
    is_int(llmobs_close(obs), LLMOBS_OK, "closed");
    is_int(all_that_is_there(), 2, "and saved");
}

int main(void)
{
    test_tick();
    test_slow_close();
    test_close_behind_a_save();
    test_hung_close();
    test_pumped();
    return done();
}

/* Sessions: what is open is counted, never leaked, never below zero. */
#include "llmobs_private.h"

#include "tap.h"

#include "keeper.h"

#include "requester.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

static void test_sessions(void)
{
    llmobs_config config = request_config();
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    char id[16];
    int i;
    is_int(llmobs_session_begin(obs, "a", "chat"), LLMOBS_OK, "a session");
    is_int(llmobs_session_begin(obs, "a", "chat"), LLMOBS_OK, "again");
    is_str(sample(obs, "llm_active_sessions{feature=\"chat\"}"), "1", "counts once");
    is_int(llmobs_session_end(obs, "b"), LLMOBS_ERROR_ARGUMENT, "one that is not there");
    is_int(llmobs_session_end(obs, "a"), LLMOBS_OK, "ended");
    is_int(llmobs_session_end(obs, "a"), LLMOBS_ERROR_ARGUMENT, "twice");
    is_str(sample(obs, "llm_active_sessions{feature=\"chat\"}"), "0", "never below zero");
    for (i = 0; i < 17; i++) {
        (void)snprintf(id, sizeof id, "s%d", i);
        if (llmobs_session_begin(obs, id, "chat") != LLMOBS_OK) {
            break;
        }
    }
    is_int(i, 16, "as many as there is room for");
    for (i = 0; i < 16; i += 3) {
        (void)snprintf(id, sizeof id, "s%d", i);
        (void)llmobs_session_end(obs, id);
    }
    fake_now += UINT64_C(60) * 1000000000;
    is_int(llmobs_session_begin(obs, "s1", "chat"), LLMOBS_OK, "one is kept up");
    fake_now += UINT64_C(60) * 1000000000;
    (void)llmobs_tick(obs);
    is_str(sample(obs, "llm_active_sessions{feature=\"chat\"}"), "1", "the silent ones are over");
    is_int(llmobs_session_end(obs, "s1"), LLMOBS_OK, "it is this one");
    is_str(sample(obs, "llm_active_sessions{feature=\"chat\"}"), "0", "none is left");
    is_int(llmobs_session_begin(obs, NULL, "chat"), LLMOBS_ERROR_ARGUMENT, "no id");
    is_int(llmobs_session_begin(NULL, "a", "chat"), LLMOBS_ERROR_CLOSED, "no instance");
    (void)close_kept(obs, &kept);
}

/* ---- against a model ----------------------------------------------------------------------- */

/* Sessions begin, end and fall silent at random, beside a plain array. */
static void test_model(void)
{
    llmobs_config config = request_config();
    uint64_t seen[40];
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    uint64_t random = 42;
    int open = 0;
    int wrong = 0;
    long rounds = sized(20000);
    long i;
    memset(seen, 0, sizeof seen);
    for (i = 0; i < rounds; i++) {
        char id[16];
        int which;
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
        which = (int)(random >> 33) % 40;
        (void)snprintf(id, sizeof id, "session %d", which);
        fake_now += (random >> 50) % 8 * 1000000000;
        if ((random >> 20) % 3 != 0) {
            bool is_new = seen[which] == 0;
            llmobs_result want = is_new && open == 16 ? LLMOBS_ERROR_LIMIT : LLMOBS_OK;
            wrong += llmobs_session_begin(obs, id, "f") != want;
            open += is_new && want == LLMOBS_OK;
            seen[which] = want == LLMOBS_OK ? fake_now : 0;
        } else {
            wrong += (llmobs_session_end(obs, id) == LLMOBS_OK) != (seen[which] != 0);
            open -= seen[which] != 0;
            seen[which] = 0;
        }
        if (i % 50 == 49) {
            fake_now += UINT64_C(26) * 1000000000; /* a look is due */
            (void)llmobs_tick(obs);
            for (which = 0; which < 40; which++) {
                if (seen[which] != 0 && fake_now - seen[which] >= UINT64_C(100) * 1000000000) {
                    seen[which] = 0;
                    open--;
                }
            }
            wrong += atoi(sample(obs, "llm_active_sessions{feature=\"f\"}")) != open;
        }
    }
    is_int(wrong, 0, "as a plain array has it");
    (void)close_kept(obs, &kept);
}

/* ---- threads ------------------------------------------------------------------------------- */

static llmobs* race_obs;
static llmobsi_atomic32 race_stop;

/* All at the same few: who begins one may not be who ends it. */
static void* race(void* argument)
{
    long rounds = sized(20000);
    long i;
    for (i = 0; i < rounds; i++) {
        char id[2] = {(char)('a' + (i + (long)(uintptr_t)argument) % 5), '\0'};
        (void)llmobs_session_begin(race_obs, id, "f");
        (void)llmobs_session_end(race_obs, id);
    }
    return NULL;
}

static void* watch(void* unused)
{
    static char text[1 << 16];
    size_t negative = 0;
    (void)unused;
    while (llmobsi_load_relaxed(&race_stop) == 0) {
        size_t size = sizeof text;
        (void)llmobs_prometheus_print(race_obs, LLMOBS_PROMETHEUS_TEXT, text, &size);
        negative += strstr(text, "llm_active_sessions{feature=\"f\"} -") != NULL;
    }
    return (void*)(uintptr_t)negative;
}

static void test_threads(void)
{
    llmobs_config config = llmobs_config_default();
    pthread_t threads[3];
    pthread_t watcher;
    void* negative;
    keeper kept;
    uintptr_t i;
    race_obs = open_kept(&config, &kept);
    (void)pthread_create(&watcher, NULL, watch, NULL);
    for (i = 0; i < 3; i++) {
        (void)pthread_create(&threads[i], NULL, race, (void*)i);
    }
    for (i = 0; i < 3; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    llmobsi_store_relaxed(&race_stop, 1);
    (void)pthread_join(watcher, &negative);
    is_str(sample(race_obs, "llm_active_sessions{feature=\"f\"}"), "0", "the gauge ends at 0");
    is_int((long long)(uintptr_t)negative, 0, "and was never seen below");
    (void)close_kept(race_obs, &kept);
}

/* ---- a signal while the tick is at the table ----------------------------------------------- */

static llmobs_result handler_result = LLMOBS_OK;
static llmobsi_atomic32 handler_done;
static llmobsi_atomic32 lock_held;

static void on_signal(int number)
{
    (void)number;
    handler_result = llmobs_session_begin(race_obs, "from a handler", "f");
    llmobsi_store_release(&handler_done, 1);
}

/* Holds the table's lock, so that the tick of `at` waits for it while the signal comes. */
static void* hold(void* at)
{
    llmobsi_sessions* sessions = llmobsi_sessions_of(
        llmobsi_places[LLMOBS_I_PLACE(llmobsi_ticket(race_obs))].recorder);
    int i;
    llmobsi_lock_take(&sessions->lock);
    llmobsi_store_release(&lock_held, 1);
    (void)usleep(50000);
    (void)pthread_kill(*(pthread_t*)at, SIGUSR1);
    for (i = 0; i < 100 && llmobsi_load_acquire(&handler_done) == 0; i++) {
        (void)usleep(1000);
    }
    llmobsi_lock_give(&sessions->lock);
    return NULL;
}

static void test_signal(void)
{
    llmobs_config config = request_config();
    pthread_t self = pthread_self();
    pthread_t thread;
    keeper kept;
    race_obs = open_kept(&config, &kept);
    (void)llmobs_thread_attach(race_obs);
    (void)signal(SIGUSR1, on_signal);
    fake_now += UINT64_C(26) * 1000000000; /* a look is due */
    (void)pthread_create(&thread, NULL, hold, &self);
    while (llmobsi_load_acquire(&lock_held) == 0) {
        (void)usleep(100);
    }
    (void)llmobs_tick(race_obs);
    (void)pthread_join(thread, NULL);
    (void)signal(SIGUSR1, SIG_DFL);
    is_int(handler_result, LLMOBS_ERROR_CLOSED,
           "a handler does not wait for the lock that its own thread's tick takes");
    (void)close_kept(race_obs, &kept);
}

int main(void)
{
    test_sessions();
    test_model();
    test_threads();
    if (!skipped_without_fork("signals")) {
        test_signal();
    }
    return done();
}

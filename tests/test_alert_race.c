/* Alerts while everybody is at it: threads that record, change rules, ask, scrape, tick and flush,
   a callback that calls back, forks, and a close in the middle. */
#define _GNU_SOURCE
#include "llmobs_private.h"
#include "tap.h"
#include "keeper.h"
#include "requester.h"

#include <pthread.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#define STEP UINT64_C(10000000000)
#define RECORDERS 2

static llmobs* obs;
static llmobsi_atomic64 race_now;
static llmobsi_atomic32 stopped;
static llmobsi_atomic64 wrong;    /* promises that were broken */
static llmobsi_atomic64 told;     /* alerts, and by what they were told */
static llmobsi_atomic32 is_telling;
static llmobsi_atomic64 refused;

static uint64_t race_clock(void* user)
{
    (void)user;
    return llmobsi_load_relaxed(&race_now);
}

static void expect(bool as_promised)
{
    if (!as_promised) {
        (void)llmobsi_add_relaxed(&wrong, 1);
    }
}

static bool running(void)
{
    (void)sched_yield();
    return llmobsi_load_acquire(&stopped) == 0;
}

static bool is_fine(llmobs_result result)
{
    return result == LLMOBS_OK || result == LLMOBS_ERROR_CLOSED;
}

static void put_rule(int name, int threshold, int range)
{
    char text[160];
    llmobs_result result;
    (void)snprintf(text, sizeof text,
                   "r%d: increase(llm_requests_total[%dm]) > %d by (model) severity %s group g%d",
                   name, range, threshold, name % 2 ? "critical" : "info", name % 3);
    result = llmobs_alert_rules_load(obs, text, strlen(text), NULL);
    expect(is_fine(result) || result == LLMOBS_ERROR_LIMIT);
    if (result == LLMOBS_ERROR_LIMIT) {
        (void)llmobsi_add_relaxed(&refused, 1);
    }
}

/* One calls it at a time; it changes what it is told of. */
static void take(void* user, const llmobs_alert* alerts, size_t count)
{
    uint64_t number = llmobsi_add_relaxed(&told, count);
    char name[64];
    size_t i;
    expect(llmobsi_add_relaxed(&is_telling, 1) == 0 && user == &told && count > 0);
    for (i = 0; i < count; i++) {
        expect(alerts[i].rule.data[0] == 'r' && alerts[i].label_count == 1 &&
               alerts[i].labels[0].value.data[0] == 'm' && alerts[i].news != LLMOBS_ALERT_NO_NEWS);
    }
    expect(llmobs_flush(obs, 1) == LLMOBS_ERROR_BUSY && llmobs_tick(obs) == LLMOBS_ERROR_BUSY);
    if (number % 7 == 0) {
        (void)snprintf(name, sizeof name, "%s", alerts[0].rule.data);
        (void)llmobs_alert_rule_remove(obs, name);
    } else if (number % 5 == 0) {
        put_rule((int)(number % 8), 1, 7);
    }
    (void)sched_yield();
    llmobsi_store_relaxed(&is_telling, 0);
}

/* ---- who is there -------------------------------------------------------------------------- */

static void* record(void* argument)
{
    uint32_t random = (uint32_t)(uintptr_t)argument + 1;
    while (running()) {
        char model[16];
        const char* values[] = {model, "f", random & 64 ? "timeout" : ""};
        random = random * 1664525u + 1013904223u;
        (void)snprintf(model, sizeof model, "m%u", random >> 20 & 63);
        llmobs_counter_add(
            llmobs_counter_get(llmobs_metric_of(obs, LLMOBS_METRIC_LLM_REQUESTS), values, 3),
            random >> 28);
    }
    return NULL;
}

static void* change(void* unused)
{
    uint32_t i;
    (void)unused;
    for (i = 0; running(); i++) {
        char name[8];
        llmobs_result result;
        put_rule((int)(i % 8), (int)(i % 5), 1 + (int)(i * 37 % 400));
        if (i % 3 == 0) {
            (void)snprintf(name, sizeof name, "r%u", i / 3 % 8);
            result = llmobs_alert_rule_remove(obs, name);
            expect(is_fine(result) || result == LLMOBS_ERROR_ARGUMENT);
        }
    }
    return NULL;
}

static void look(void* user, const llmobs_alert* alert, size_t count)
{
    (void)user;
    expect(count == 1 && alert->news == LLMOBS_ALERT_NO_NEWS && alert->rule.data[0] == 'r' &&
           alert->state != LLMOBS_ALERT_INACTIVE && alert->sentence.size > 0);
}

static bool drop_text(void* user, const char* data, size_t size)
{
    (void)user;
    (void)data;
    (void)size;
    return true;
}

static void* ask(void* unused)
{
    llmobs_alert_stats stats;
    (void)unused;
    memset(&stats, 0, sizeof stats);
    while (running()) {
        expect(is_fine(llmobs_alerts_read(obs, look, NULL)));
        expect(is_fine(llmobs_alert_stats_read(obs, &stats)));
        expect(stats.rules <= 12 && stats.groups <= 128 && stats.window_bytes <= 131072);
        (void)llmobs_prometheus_write(obs, LLMOBS_OPENMETRICS, drop_text, NULL);
    }
    return NULL;
}

static void* tick(void* unused)
{
    uint32_t i;
    (void)unused;
    for (i = 0; running(); i++) {
        llmobs_result result;
        (void)llmobsi_add_relaxed(&race_now, i % 50 == 0 ? 100 * STEP : STEP);
        result = i % 4 ? llmobs_tick(obs) : llmobs_flush(obs, 1000);
        expect(is_fine(result) || result == LLMOBS_ERROR_TIMEOUT);
    }
    return NULL;
}

/* ---- all at once --------------------------------------------------------------------------- */

static void open_race(void)
{
    llmobs_config config = request_config();
    config.metric_families = LLMOBS_FAMILY_LLM;
    config.clock.unix_ns = race_clock;
    config.alert = take;
    config.alert_user = &told;
    config.alert_rules = 12;
    config.alert_groups = 128;
    config.alerts = 64;
    config.alert_window_bytes = 131072;
    race_now = UINT64_C(1764590400000000000);
    llmobsi_store_relaxed(&stopped, 0);
    obs = llmobs_open(&config, NULL);
}

static int child_works(void)
{
    int status = -1;
    pid_t child = fork();
    if (child == 0) {
        llmobs_alert_stats stats;
        int i;
        memset(&stats, 0, sizeof stats);
        llmobsi_store_relaxed(&is_telling, 0); /* it may have been told in the parent */
        (void)alarm(60);
        for (i = 0; i < 3; i++) {
            put_rule(i, 0, 5);
            (void)llmobsi_add_relaxed(&race_now, STEP);
            (void)llmobs_tick(obs);
        }
        _exit(llmobs_alert_stats_read(obs, &stats) == LLMOBS_OK && stats.evaluations == 3 ? 0 : 1);
    }
    (void)waitpid(child, &status, 0);
    return status;
}

static void test_race(bool forks)
{
    static void* (*const others[])(void*) = {change, ask, tick, tick};
    pthread_t threads[RECORDERS + 4];
    long rounds = sized(60);
    long evaluations = 0;
    int broken_children = 0;
    uintptr_t i;
    long round;
    open_race();
    for (i = 0; i < RECORDERS + 4; i++) {
        (void)pthread_create(&threads[i], NULL, i < RECORDERS ? record : others[i - RECORDERS],
                             (void*)i);
    }
    for (round = 0; round < rounds; round++) {
        struct timespec nap = {0, 5000000};
        (void)nanosleep(&nap, NULL);
        if (forks && round % 4 == 0) {
            broken_children += child_works() != 0;
        }
    }
    for (round = 0; round < 2000 && llmobsi_load_relaxed(&told) == 0; round++) {
        (void)usleep(5000); /* however slow the machine is */
    }
    {
        llmobs_alert_stats stats;
        memset(&stats, 0, sizeof stats);
        (void)llmobs_alert_stats_read(obs, &stats);
        evaluations = (long)stats.evaluations;
    }
    (void)llmobs_close(obs);
    llmobsi_store_release(&stopped, 1);
    for (i = 0; i < RECORDERS + 4; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    is_int(llmobsi_load_relaxed(&wrong), 0, "every answer is one that was promised");
    is_int(llmobsi_load_relaxed(&is_telling), 0, "one was told at a time");
    is_int(broken_children, 0, "children work");
    ok(evaluations > 0 && llmobsi_load_relaxed(&told) > 0, "rules were judged, and news told");
    printf("# %ld evaluations, %llu told, %llu rules without room\n", evaluations,
           (unsigned long long)told, (unsigned long long)refused);
}

/* News that come while another thread tells others are told by that one. */
static llmobsi_atomic32 waiting;
static uint64_t calls;

static void take_slowly(void* user, const llmobs_alert* alerts, size_t count)
{
    (void)user;
    (void)alerts;
    (void)count;
    calls++;
    llmobsi_store_release(&waiting, 1);
    while (llmobsi_load_acquire(&waiting) == 1) {
        (void)sched_yield();
    }
}

static void* tick_once(void* unused)
{
    (void)llmobs_tick(obs);
    return unused;
}

static void test_two_tellers(void)
{
    llmobs_config config = request_config();
    pthread_t thread;
    const char* values[] = {"m", "f", ""};
    static const char text[] = "r: increase(llm_requests_total[5m]) > 0";
    config.metric_families = LLMOBS_FAMILY_LLM;
    config.alert = take_slowly;
    obs = llmobs_open(&config, NULL);
    (void)llmobs_alert_rules_load(obs, text, strlen(text), NULL);
    llmobs_counter_add(
        llmobs_counter_get(llmobs_metric_of(obs, LLMOBS_METRIC_LLM_REQUESTS), values, 3), 1);
    fake_now += STEP;
    (void)pthread_create(&thread, NULL, tick_once, NULL);
    while (llmobsi_load_acquire(&waiting) == 0) {
        (void)sched_yield();
    }
    (void)llmobs_alert_rule_remove(obs, "r");
    (void)llmobs_tick(obs); /* does not wait, and does not tell */
    is_int(calls, 1, "one tells at a time");
    llmobsi_store_release(&waiting, 2);
    while (llmobsi_load_acquire(&waiting) == 2) { /* the end, by the same thread */
        (void)sched_yield();
    }
    llmobsi_store_release(&waiting, 3);
    (void)pthread_join(thread, NULL);
    is_int(calls, 2, "and goes on while there are news");
    (void)llmobs_close(obs);
}

int main(void)
{
    test_two_tellers();
    test_race(false);
    /* Sanitizers do not like forks of threads. */
    test_race(HAS_FORK && getenv("LLMOBS_SANITIZED") == NULL);
    return done();
}

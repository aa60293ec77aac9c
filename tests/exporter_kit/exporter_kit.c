/* The harness of exporter_kit.h: its scenarios. Between llmobs and the exporter under test stands a
   callback of the kit's (kit_between.h). It lends each batch (kit_guard.h), keeps account of the
   answers, and now and then does something of its own: see kit_manner. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "exporter_kit.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kit_guard.h"
#include "kit_sample.h"

/* ---- checks -------------------------------------------------------------------------------- */

/* What the processes of the scenarios tell the one that runs them. */
typedef struct kit_shared {
    int checks;
    int failed;
    bool hung;            /* a callback did not return: other scenarios would not end, either */
    uint64_t fork_wanted; /* what the child of a fork has delivered                           */
} kit_shared;

static kit_shared* kit_told;
static const exporter_kit* kit;
static const char* kit_scenario = "";

bool exporter_kit_check(bool condition, const char* what)
{
    const char* name = kit != NULL && kit->name != NULL ? kit->name : "exporter";
    if (kit_told == NULL) {
        kit_told = (kit_shared*)mmap(NULL, sizeof *kit_told, PROT_READ | PROT_WRITE,
                                     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    }
    kit_told->checks++;
    kit_told->failed += !condition;
    printf("%sok %d - %s: %s%s%s\n", condition ? "" : "not ", kit_told->checks, name, kit_scenario,
           *kit_scenario != '\0' ? ": " : "", what);
    (void)fflush(stdout);
    return condition;
}

static void kit_skip(const char* why)
{
    char what[128];
    (void)snprintf(what, sizeof what, "not tried # SKIP %s", why);
    (void)exporter_kit_check(true, what);
}

int exporter_kit_done(void)
{
    printf("1..%d\n", kit_told != NULL ? kit_told->checks : 0);
    return kit_told == NULL || kit_told->failed != 0;
}

static uint64_t kit_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void kit_nap(uint32_t ms)
{
    struct timespec nap;
    nap.tv_sec = ms / 1000;
    nap.tv_nsec = (long)(ms % 1000) * 1000000;
    (void)nanosleep(&nap, NULL);
}

static uint32_t kit_slow_ms(void)
{
    return kit->slow_ms != 0 ? kit->slow_ms : 2000;
}

/* For all batches of a scenario. */
static uint32_t kit_patience_ms(void)
{
    return 4 * kit_slow_ms();
}

#include "kit_between.h"

#include "kit_host.h"

/* ---- scenarios ----------------------------------------------------------------------------- */

/* One host, everything recorded once, and again after the first flush. */
static bool kit_play(bool pumped, kit_manner manner, uint32_t batch_items)
{
    kit_host* host = &kit_hosts[0];
    kit_open(host, pumped, kit_patience_ms());
    if (!kit_add(host, manner, batch_items)) {
        return false;
    }
    kit_record(host->obs);
    if (kit_flush(host)) {
        kit_record(host->obs);
        (void)kit_flush(host);
    }
    if (!kit_end(host, LLMOBS_OK)) {
        return false;
    }
    kit_check_nothing_lost(host);
    kit_check_received(manner == KIT_TWICE);
    kit_check_batches();
    return true;
}

/* The kit's own account: what it should have tried has come by. */
static void kit_check_seen(const kit_host* host)
{
    uint32_t signals = host->exporter.inner.signals;
    uint32_t want = 0;
    signals = signals != 0 ? signals : LLMOBS_SIGNAL_SPANS | LLMOBS_SIGNAL_LOGS;
    want |= (signals & LLMOBS_SIGNAL_SPANS) != 0 ? KIT_SEEN_SPANS : 0u;
    want |= (signals & LLMOBS_SIGNAL_LOGS) != 0 ? KIT_SEEN_LOGS : 0u;
    want |= (signals & LLMOBS_SIGNAL_METRICS) != 0 ? KIT_SEEN_METRICS : 0u;
    if (!exporter_kit_check((kit_sums.seen & want) == want, "it was given one of everything")) {
        printf("# all but 0x%x\n", (unsigned)(want & ~kit_sums.seen));
    }
}

static void kit_threaded(void)
{
    if (kit_play(false, KIT_PLAINLY, 0)) {
        kit_check_seen(&kit_hosts[0]);
    }
}

static void kit_pumped(void)
{
    (void)kit_play(true, KIT_PLAINLY, 0);
}

static void kit_small(void)
{
    (void)kit_play(true, KIT_PLAINLY, 1);
}

static void kit_second(void)
{
    (void)kit_play(false, KIT_SECOND, 0);
}

static void kit_twice(void)
{
    (void)kit_play(false, KIT_TWICE, 7);
}

static void kit_calling(void)
{
    if (kit_play(false, KIT_CALLING, 0)) {
        (void)exporter_kit_check(kit_hosts[0].exporter.not_busy == 0,
                                 "llmobs refuses calls from inside a callback");
    }
}

static void kit_under_way(void)
{
    kit_host* host = &kit_hosts[0];
    kit_open(host, false, kit_patience_ms());
    if (!kit_add(host, KIT_SLOWLY, 0)) {
        return;
    }
    kit_record(host->obs);
    kit_nap(30);
    if (kit_end(host, LLMOBS_OK)) {
        kit_check_nothing_lost(host);
        kit_check_received(true);
        kit_check_batches();
    }
}

static void kit_undelivered(void)
{
    kit_host* host = &kit_hosts[0];
    kit_open(host, false, 200);
    if (!kit_add(host, KIT_NEVER, 0)) {
        return;
    }
    kit_record(host->obs);
    if (kit_end(host, LLMOBS_ERROR_TIMEOUT)) {
        (void)exporter_kit_check(host->stats.exporters[0].lost[LLMOBS_LOSS_CLOSE] +
                                 host->stats.exporters[0].points.lost[LLMOBS_LOSS_CLOSE] > 0,
                                 "what was not delivered is lost as such");
        kit_check_received(false);
    }
}

static void kit_added_late(void)
{
    kit_host* host = &kit_hosts[0];
    kit_open(host, false, kit_patience_ms());
    kit_record(host->obs);
    if (!kit_add(host, KIT_PLAINLY, 0)) {
        return;
    }
    kit_record(host->obs);
    (void)kit_flush(host);
    if (kit_end(host, LLMOBS_OK)) {
        kit_check_nothing_lost(host);
        kit_check_received(true);
        kit_check_batches();
    }
}

static void* kit_record_on(void* user)
{
    llmobs* obs = ((kit_host*)user)->obs;
    int i;
    for (i = 0; i < 20; i++) {
        kit_spans(obs);
        kit_logs(obs);
        kit_metrics(obs);
        (void)llmobs_flush(obs, kit_patience_ms());
    }
    return NULL;
}

/* Two instances, each with an exporter of the same kind, at the same time. */
static void kit_pair(void)
{
    pthread_t threads[2 * KIT_PAIR];
    size_t i;
    if (kit->no_pair) {
        kit_skip("there can be one at a time only");
        return;
    }
    for (i = 0; i < KIT_PAIR; i++) {
        kit_open(&kit_hosts[i], false, kit_patience_ms());
        if (!kit_add(&kit_hosts[i], KIT_PLAINLY, 16)) {
            return;
        }
    }
    for (i = 0; i < 2 * KIT_PAIR; i++) {
        (void)pthread_create(&threads[i], NULL, kit_record_on, &kit_hosts[i % KIT_PAIR]);
    }
    for (i = 0; i < 2 * KIT_PAIR; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    for (i = 0; i < KIT_PAIR; i++) {
        (void)kit_flush(&kit_hosts[i]);
        if (!kit_end(&kit_hosts[i], LLMOBS_OK)) {
            return;
        }
        kit_check_nothing_lost(&kit_hosts[i]);
    }
    kit_check_received(true);
    kit_check_batches();
}

/* ---- fork ---------------------------------------------------------------------------------- */

/* Waits for a child, and ends it when its time is over. -1: so it was. */
static int kit_wait(pid_t child, uint64_t most_ms)
{
    uint64_t until_ms = kit_ms() + most_ms;
    int status = 0;
    while (waitpid(child, &status, WNOHANG) == 0) {
        if (kit_ms() >= until_ms) {
            (void)kill(child, SIGKILL);
            (void)waitpid(child, &status, 0);
            return -1;
        }
        kit_nap(2);
    }
    return status;
}

/* The child: its own records go out, and nothing of the parent's. */
static void kit_fork_child(kit_host* host)
{
    llmobs_stats stats;
    bool good;
    kit_sums.elsewhere = true;
    kit_sums.wanted = kit_sums.maybe = 0;
    kit_spans(host->obs);
    kit_logs(host->obs);
    good = llmobs_flush(host->obs, kit_patience_ms()) == LLMOBS_OK;
    stats.size = sizeof stats;
    good = good && llmobs_stats_read(host->obs, &stats) == LLMOBS_OK && kit_balances(&stats) &&
           stats.exporters[0].received == stats.exporters[0].exported;
    kit_told->fork_wanted = kit_sums.wanted + kit_sums.maybe;
    _exit(good && kit_none_written() && kit_none_touched() ? 0 : 1);
}

static void kit_fork(bool pumped)
{
    kit_host* host = &kit_hosts[0];
    pid_t child;
    if (kit->no_fork) {
        kit_skip("it can't go on in the child of a fork");
        return;
    }
    kit_open(host, pumped, kit_patience_ms());
    if (!kit_add(host, KIT_PLAINLY, 0)) {
        return;
    }
    kit_record(host->obs);
    (void)kit_flush(host);
    kit_record(host->obs);
    child = fork();
    if (child == 0) {
        kit_fork_child(host);
    }
    (void)exporter_kit_check(kit_wait(child, kit_patience_ms() + 2000) == 0,
                             "the child of a fork delivers its own");
    (void)kit_flush(host);
    if (kit_end(host, LLMOBS_OK)) {
        kit_check_nothing_lost(host);
        kit_sums.maybe += kit_told->fork_wanted;
        kit_check_received(true);
        kit_check_batches();
    }
}

static void kit_fork_pumped(void)
{
    kit_fork(true);
}

#if defined(__SANITIZE_THREAD__)
#define KIT_NO_THREADS_AFTER_FORK
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define KIT_NO_THREADS_AFTER_FORK
#endif
#endif

static void kit_fork_threaded(void)
{
#ifdef KIT_NO_THREADS_AFTER_FORK
    kit_skip("ThreadSanitizer lets no child of a fork start threads");
#else
    kit_fork(false);
#endif
}

/* ---- receivers that fail ------------------------------------------------------------------- */

/* Everything recorded while the receiver does this; NULL: it can't. */
static const llmobs_exporter_stats* kit_meet(exporter_kit_fault fault, uint32_t count)
{
    kit_host* host = &kit_hosts[0];
    if (kit->fail == NULL) {
        kit_skip("the receiver can't be made to");
        return NULL;
    }
    kit_open(host, false, kit_patience_ms());
    if (!kit_add(host, KIT_PLAINLY, 0)) {
        return NULL;
    }
    if (!kit->fail(kit->user, fault, count)) {
        kit_skip("the receiver can't be made to");
        (void)llmobs_close(host->obs);
        return NULL;
    }
    kit_sums.elsewhere = fault == EXPORTER_KIT_PARTIAL; /* one item less than it says */
    kit_record(host->obs);
    (void)kit_flush(host);
    return kit_end(host, LLMOBS_OK) ? &host->stats.exporters[0] : NULL;
}

static void kit_unavailable(void)
{
    const llmobs_exporter_stats* one = kit_meet(EXPORTER_KIT_UNAVAILABLE, 2);
    if (one != NULL) {
        (void)exporter_kit_check(one->retries >= 2, "it asks for another attempt each time");
        kit_check_nothing_lost(&kit_hosts[0]);
        kit_check_received(false);
        kit_check_batches();
    }
}

static void kit_refuses(void)
{
    const llmobs_exporter_stats* one = kit_meet(EXPORTER_KIT_REFUSES, 1);
    if (one != NULL) {
        (void)exporter_kit_check(one->retries == 0, "what is refused is not sent again");
        (void)exporter_kit_check(kit_lost(&one->points, one, LLMOBS_LOSS_FAILED) > 0,
                                 "it is given up, and counted");
        kit_check_batches();
    }
}

static void kit_partial(void)
{
    const llmobs_exporter_stats* one = kit_meet(EXPORTER_KIT_PARTIAL, 1);
    if (one != NULL) {
        (void)exporter_kit_check(one->retries == 0, "what is taken in part is not sent again");
        (void)exporter_kit_check(kit_lost(&one->points, one, LLMOBS_LOSS_REJECTED) == 1,
                                 "what was not taken is told (llmobs_export_done_with)");
        kit_check_batches();
    }
}

static void kit_busy(void)
{
    const llmobs_exporter_stats* one = kit_meet(EXPORTER_KIT_BUSY, 1);
    if (one != NULL) {
        (void)exporter_kit_check(one->retries >= 1, "it asks for another attempt");
        (void)exporter_kit_check(kit_hosts[0].exporter.soonest_ms >= 900,
                                 "when the receiver wants it (llmobs_export_done_with)");
        kit_check_nothing_lost(&kit_hosts[0]);
        kit_check_received(false);
        kit_check_batches();
    }
}

static void kit_answer_lost(void)
{
    const llmobs_exporter_stats* one = kit_meet(EXPORTER_KIT_LOST, 1);
    if (one != NULL) {
        (void)exporter_kit_check(one->retries >= 1, "no answer is no delivery");
        kit_check_nothing_lost(&kit_hosts[0]);
        kit_check_received(true);
        kit_check_batches();
    }
}

static void kit_garbage(void)
{
    const llmobs_exporter_stats* one = kit_meet(EXPORTER_KIT_GARBAGE, 1);
    if (one != NULL) {
        (void)exporter_kit_check(one->retries + kit_lost(&one->points, one, LLMOBS_LOSS_FAILED) > 0,
                                 "an answer that is none is no delivery");
        kit_check_batches();
    }
}

static void kit_hangs(void)
{
    const llmobs_exporter_stats* one = kit_meet(EXPORTER_KIT_HANGS, 1);
    if (one != NULL) {
        (void)exporter_kit_check(one->retries >= 1, "it gives up waiting, and asks for more");
        kit_check_nothing_lost(&kit_hosts[0]);
        kit_check_received(false);
        kit_check_batches();
    }
}

/* ---- running them -------------------------------------------------------------------------- */

typedef struct kit_row {
    const char* name;
    void (*play)(void);
} kit_row;

static const kit_row kit_rows[] = {
    {"on its own thread", kit_threaded},
    {"on the host's thread", kit_pumped},
    {"batches of one", kit_small},
    {"the second attempt comes first", kit_second},
    {"delivered twice", kit_twice},
    {"calls from inside", kit_calling},
    {"closed under way", kit_under_way},
    {"closed before it could", kit_undelivered},
    {"added late", kit_added_late},
    {"two at once", kit_pair},
    {"fork, pumped", kit_fork_pumped},
    {"fork, on its own thread", kit_fork_threaded},
    {"receiver unavailable", kit_unavailable},
    {"receiver refuses", kit_refuses},
    {"receiver takes a part", kit_partial},
    {"receiver busy", kit_busy},
    {"receiver's answer lost", kit_answer_lost},
    {"receiver talks garbage", kit_garbage},
    {"receiver hangs", kit_hangs},
};

static void kit_run_row(const kit_row* row)
{
    pid_t child;
    int status;
    kit_scenario = row->name;
    (void)fflush(stdout);
    child = fork();
    if (child == 0) {
        (void)pthread_mutex_init(&kit_sums.lock, NULL);
        kit_long_fill();
        if (exporter_kit_check(kit_guard_open(), "the kit is ready")) {
            row->play();
        }
        (void)llmobs_release();
        exit(0);
    }
    status = kit_wait(child, 4 * kit_patience_ms());
    if (status == -1) {
        (void)exporter_kit_check(false, "it ends (a call of the callback, or its close, does not)");
        kit_told->hung = true;
    } else {
        (void)exporter_kit_check(status == 0, "its process ends as it should");
    }
}

int exporter_kit_run(const exporter_kit* given)
{
    int failed = kit_told != NULL ? kit_told->failed : 0;
    size_t i;
    kit = given;
    (void)exporter_kit_check(given->make != NULL, "there is an exporter to test");
    kit_told->hung = given->make == NULL;
    for (i = 0; i < sizeof kit_rows / sizeof *kit_rows && !kit_told->hung; i++) {
        if (given->only == NULL || strstr(kit_rows[i].name, given->only) != NULL) {
            kit_run_row(&kit_rows[i]);
        }
    }
    if (i < sizeof kit_rows / sizeof *kit_rows) {
        printf("# the rest is left out: it would hang, too\n");
    }
    kit_scenario = "";
    kit = NULL;
    return kit_told->failed - failed;
}

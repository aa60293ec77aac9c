/* Forks of a host with recorders, exporters, a tick and instances that come and go: nobody hangs,
   nothing is delivered twice, what a child records is delivered. And forks where one would not
   expect them: in callbacks, in a handler, where no thread can be had. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "llmobs_private.h"
#include "tap.h"

#include "interpose.h"
#include "keeper.h"
#include "sanitized.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define FOLDER "build/tmp/test_fork"
#define SECONDS 60 /* a child that takes longer hangs */

extern char** environ;

/* ---- threads that can't be had ------------------------------------------------------------- */

static bool no_threads;

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*run)(void*),
                   void* argument)
{
    static int (*real)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
    if (real == NULL) {
        *(void**)(void*)&real = next_of("pthread_create");
    }
    return no_threads ? EAGAIN : real(thread, attributes, run, argument);
}

/* ---- the receiver: one for all processes --------------------------------------------------- */

#define RECEIVED_MOST (1u << 21)

typedef struct received {
    uint8_t span_id[8];
    uint8_t trace_id[16];
    uint64_t batch;
    pid_t sender;
    bool of_child;
    bool is_root;
} received;

typedef struct receiver {
    llmobsi_atomic64 count;
    llmobsi_atomic64 owed; /* by children: spans that they began and that were not dropped */
    llmobsi_atomic64 wrong;
    received all[RECEIVED_MOST];
} receiver;

static receiver* shared;
static pid_t parent;

static llmobs_export_result receive(void* user, const llmobs_batch* batch)
{
    size_t i;
    (void)user;
    for (i = 0; i < batch->span_count; i++) {
        const llmobs_span_view* span = &batch->spans[i];
        uint64_t place = llmobsi_add_relaxed(&shared->count, 1);
        if (place < RECEIVED_MOST) {
            received* one = &shared->all[place];
            memcpy(one->span_id, span->span_id, sizeof one->span_id);
            memcpy(one->trace_id, span->trace_id, sizeof one->trace_id);
            one->batch = batch->id;
            one->sender = getpid();
            one->of_child = strcmp(span->name.data, "of a child") == 0;
            one->is_root = kept_is_zero(span->parent_span_id, 8);
        }
    }
    return LLMOBS_EXPORT_OK;
}

static llmobs_export_result receive_slowly(void* user, const llmobs_batch* batch)
{
    (void)user;
    (void)batch;
    (void)usleep(2000);
    return LLMOBS_EXPORT_OK;
}

static int by_span(const void* a, const void* b)
{
    return memcmp(a, b, sizeof ((received*)0)->span_id + sizeof ((received*)0)->trace_id);
}

static int by_trace(const void* a, const void* b)
{
    return memcmp(((const received*)a)->trace_id, ((const received*)b)->trace_id, 16);
}

static int by_batch(const void* a, const void* b)
{
    uint64_t left = ((const received*)a)->batch;
    uint64_t right = ((const received*)b)->batch;
    return left < right ? -1 : left > right;
}

static void open_receiver(void)
{
    shared = (receiver*)mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE,
                             MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (shared == (receiver*)MAP_FAILED) {
        printf("Bail out! no shared memory\n");
        exit(1);
    }
    parent = getpid();
}

/* ---- what a child does --------------------------------------------------------------------- */

static void record(llmobs* obs, const char* name, int count)
{
    int i;
    for (i = 0; i < count; i++) {
        llmobs_span_end(llmobs_span_root(obs, name));
    }
}

static void* record_in_child(void* argument)
{
    record((llmobs*)argument, "of a child", 10);
    return NULL;
}

/* Whether all that this process recorded was delivered, as its last account says. */
static bool all_was_delivered(const llmobs_stats* stats, uint64_t count)
{
    return balances(stats) && stats->started == count && stats->collected == count &&
           stats->exporters[0].exported == count;
}

static int close_in_child(llmobs* obs, uint64_t count)
{
    llmobs_stats stats;
    stats.size = sizeof stats;
    return llmobs_close_with_stats(obs, &stats) != LLMOBS_OK || !all_was_delivered(&stats, count);
}

/* How many instances can be opened beside the ones that are. */
static int count_places(void)
{
    llmobs_config config = pumped_config();
    llmobs* all[LLMOBS_MAX_INSTANCES];
    int count = 0;
    config.span_slots = 64;
    config.metric_series = LLMOBS_OFF;
    config.requests = LLMOBS_OFF;
    config.cost_rows = LLMOBS_OFF;
    config.alert_rules = LLMOBS_OFF;
    while (count < LLMOBS_MAX_INSTANCES && (all[count] = llmobs_open(&config, NULL)) != NULL) {
        count++;
    }
    for (int i = 0; i < count; i++) {
        if (llmobs_close(all[i]) != LLMOBS_OK) {
            return -1;
        }
    }
    return count;
}

/* How many can be opened beside those that were open when it was forked. */
static int count_free(void)
{
    int open_count = 0;
    int i;
    for (i = 0; i < LLMOBS_MAX_INSTANCES; i++) {
        open_count += llmobsi_places[i].ticket != 0;
    }
    return count_places() + open_count;
}

static int child_with_threads(llmobs* obs)
{
    pthread_t threads[2];
    int i;
    for (i = 0; i < 2; i++) {
        if (pthread_create(&threads[i], NULL, record_in_child, obs) != 0) {
            return 1;
        }
    }
    for (i = 0; i < 2; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    return llmobs_flush(obs, SECONDS * 1000) != LLMOBS_OK ||
           stats_of(obs).exporters[0].exported != 20;
}

static int wait_for(pid_t child)
{
    int status = -1;
    (void)waitpid(child, &status, 0);
    return status;
}

/* A child of a child, which may have used the instance, or not. */
static int grandchild(llmobs* obs, bool used)
{
    pid_t child;
    if (used) {
        record(obs, "of a child", 5);
    }
    child = fork();
    if (child == 0) {
        (void)alarm(SECONDS);
        record(obs, "of a child", 7);
        _exit(close_in_child(obs, 7));
    }
    if (wait_for(child) != 0) {
        return 1;
    }
    return used ? close_in_child(obs, 5) : 0;
}

enum { CHILD_KINDS = 8 };
static const uint64_t owed_by[CHILD_KINDS] = {0, 10, 20, 0, 12, 7, 0, 0};

/* Its exit status: 0 where all was well. */
static int in_child(llmobs* obs, llmobs_span stale, int kind)
{
    (void)alarm(SECONDS);
    switch (kind) {
    case 1: /* one that lives on */
        llmobs_span_set_int(stale, "n", 1);
        llmobs_span_end(stale);
        record(obs, "of a child", 10);
        return close_in_child(obs, 10);
    case 2: return child_with_threads(obs);
    case 3: return count_free() != LLMOBS_MAX_INSTANCES;
    case 4: return grandchild(obs, true);
    case 5: return grandchild(obs, false);
    case 6: return llmobs_close(obs) != LLMOBS_OK; /* its first call */
    default: return 0;
    }
}

/* ---- under way in the parent --------------------------------------------------------------- */

static llmobsi_atomic32 stop;
static llmobs_counter spans_counter;

static void* record_beside(void* argument)
{
    llmobs* obs = (llmobs*)argument;
    while (llmobsi_load_relaxed(&stop) == 0) {
        llmobs_request request = llmobs_request_begin(obs, NULL);
        record(obs, "of the parent", 5);
        llmobs_request_token(request);
        llmobs_request_end(request, NULL);
        llmobs_counter_add(spans_counter, 5);
        (void)usleep(1000);
    }
    return NULL;
}

static void* flush_beside(void* argument)
{
    while (llmobsi_load_relaxed(&stop) == 0) {
        (void)llmobs_flush((llmobs*)argument, 10);
        (void)stats_of((llmobs*)argument);
        (void)usleep(500);
    }
    return NULL;
}

/* Another instance, opened and closed. AddressSanitizer takes its allocator's locks while a thread
   starts, and (in gcc 12) leaves them as they are in the child of a fork: so there it has none. */
static void* open_beside(void* argument)
{
    llmobs_config config = pumped_config();
    (void)argument;
    config.host_pumped = ADDRESS_SANITIZED;
    config.metric_series = LLMOBS_OFF;
    while (llmobsi_load_relaxed(&stop) == 0) {
        llmobs* obs = llmobs_open(&config, NULL);
        (void)llmobs_export_to(obs, receive_slowly, NULL);
        record(obs, "of another", 3);
        (void)llmobs_close(obs);
        (void)usleep(300);
    }
    return NULL;
}

/* Others that make processes: what they make is no child of ours. */
static int spawn_one(bool by_vfork)
{
    static char name[] = "true";
    char* arguments[] = {name, NULL};
    pid_t child = -1;
    if (by_vfork) {
        child = vfork();
        if (child == 0) {
            (void)execvp("true", arguments);
            _exit(127);
        }
    } else if (posix_spawnp(&child, "true", NULL, NULL, arguments, environ) != 0) {
        return -1;
    }
    return wait_for(child);
}

static void fork_once(llmobs* obs, llmobs_span live, long number)
{
    int kind = (int)(number % CHILD_KINDS);
    pid_t child;
    int status;
    if (ADDRESS_SANITIZED && kind == 4) {
        kind = 5; /* its threads have just started */
    }
    if (kind == CHILD_KINDS - 1) {
        status = spawn_one(number % 2 == 0);
    } else {
        child = fork();
        if (child == 0) {
            _exit(in_child(obs, live, kind));
        }
        status = wait_for(child);
    }
    (void)llmobsi_add_relaxed(&shared->owed, owed_by[kind]);
    if (status != 0) {
        printf("# child of kind %d: status %x\n", kind, (unsigned)status);
        (void)llmobsi_add_relaxed(&shared->wrong, 1);
    }
}

/* ---- the storm ----------------------------------------------------------------------------- */

static void check_received(uint64_t of_parent)
{
    size_t count = (size_t)llmobsi_load_relaxed(&shared->count);
    uint64_t from_children = 0;
    long twice = 0;
    long crossed = 0;
    long batches = 0;
    long traces = 0;
    size_t i;
    ok(count <= RECEIVED_MOST, "the receiver had room");
    count = count < RECEIVED_MOST ? count : RECEIVED_MOST;
    for (i = 0; i < count; i++) {
        from_children += shared->all[i].of_child;
        crossed += shared->all[i].of_child == (shared->all[i].sender == parent);
    }
    is_int(crossed, 0, "what a process records is delivered by it");
    is_int(from_children, shared->owed, "what children recorded is all there");
    is_int(count - from_children, of_parent, "what the parent recorded is all there");
    qsort(shared->all, count, sizeof shared->all[0], by_span);
    for (i = 1; i < count; i++) {
        twice += by_span(&shared->all[i - 1], &shared->all[i]) == 0;
    }
    is_int(twice, 0, "no span comes twice");
    qsort(shared->all, count, sizeof shared->all[0], by_trace);
    for (i = 1; i < count; i++) {
        traces += by_trace(&shared->all[i - 1], &shared->all[i]) == 0 &&
                  shared->all[i - 1].is_root && shared->all[i].is_root;
    }
    is_int(traces, 0, "each root has a trace id of its own, whoever made it");
    qsort(shared->all, count, sizeof shared->all[0], by_batch);
    for (i = 1; i < count; i++) {
        batches += shared->all[i - 1].batch == shared->all[i].batch &&
                   shared->all[i - 1].sender != shared->all[i].sender;
    }
    is_int(batches, 0, "no two processes send batches of one id");
}

static void test_storm(bool pumped, long forks)
{
    enum { BESIDE = 5 };
    llmobs_config config = pumped_config();
    llmobs_stats stats;
    llmobs_metric_info metric = llmobs_metric_info_default();
    llmobs_exporter exporter = llmobs_exporter_default();
    llmobs* obs;
    llmobs_span live;
    pthread_t threads[BESIDE];
    void* (*const beside[BESIDE])(void*) = {record_beside, record_beside, record_beside,
                                            flush_beside, open_beside};
    int running = 0;
    long i;
    memset(shared, 0, offsetof(receiver, all));
    config.host_pumped = pumped;
    config.tick_ms = 2;
    config.batch_delay_ms = 5;
    config.span_slots = 4096;
    config.queue_bytes = 1 << 20;
    config.requests = 64;
    config.cost_rows = LLMOBS_OFF;
    config.alert_rules = LLMOBS_OFF;
    obs = llmobs_open(&config, NULL);
    metric.name = "spans";
    metric.instrument = LLMOBS_COUNTER;
    spans_counter = llmobs_counter_get(llmobs_metric_define(obs, &metric, NULL), NULL, 0);
    exporter.export_batch = receive;
    exporter.signals = LLMOBS_SIGNAL_SPANS;
    (void)llmobs_exporter_add(obs, &exporter);
    (void)llmobs_export_to(obs, receive_slowly, NULL);
    live = llmobs_span_root(obs, "of the parent");
    llmobsi_store_relaxed(&stop, 0);
    for (running = 0; running < BESIDE; running++) {
        (void)pthread_create(&threads[running], NULL, beside[running], obs);
    }
    while (ADDRESS_SANITIZED && stats_of(obs).exporters[1].exported == 0) {
        (void)usleep(1000);
    }
    for (i = 0; i < forks; i++) {
        fork_once(obs, live, i);
    }
    llmobsi_store_relaxed(&stop, 1);
    while (running > 0) {
        (void)pthread_join(threads[--running], NULL);
    }
    is_int(shared->wrong, 0, pumped ? "children of a host that pumps: no one hangs, each is right"
                                    : "children: no one hangs, each is right");
    ok(llmobs_span_is_recording(live), "the parent's live span is none the worse");
    llmobs_span_end(live);
    stats.size = sizeof stats;
    is_int(llmobs_close_with_stats(obs, &stats), LLMOBS_OK, "the parent closes");
    ok(balances(&stats), "its account balances");
    /* Where its tick, or its pump, gets no time, the pool runs empty: that is counted. */
    is_int(dropped_in_all(&stats) - stats.dropped[LLMOBS_DROP_POOL], 0, "it lost nothing");
    printf("# %ld forks, %llu spans of the parent, %llu of children\n", forks,
           (unsigned long long)stats.exporters[0].exported, (unsigned long long)shared->owed);
    check_received(stats.exporters[0].exported);
}

/* ---- in callbacks -------------------------------------------------------------------------- */

/* What the callbacks of one test know. */
typedef struct host {
    llmobs* obs;
    bool inside;   /* the child uses the instance before it leaves the callback */
    pid_t child;   /* -1: not forked yet; 0: this is it */
    int wrong;     /* of the child */
    uint64_t foreign; /* spans of the parent that the child was to export */
    uint64_t own;
} host;

static void fork_here(host* h)
{
    if (h->child >= 0) {
        return;
    }
    h->child = fork();
    if (h->child == 0) {
        (void)alarm(SECONDS);
        if (h->inside) {
            record(h->obs, "of a child", 4);
            h->wrong += llmobs_flush(h->obs, 1000) != LLMOBS_OK;
        }
    }
}

static llmobs_export_result export_and_fork(void* user, const llmobs_batch* batch)
{
    host* h = (host*)user;
    size_t i;
    for (i = 0; h->child == 0 && i < batch->span_count; i++) {
        bool own = strcmp(batch->spans[i].name.data, "of a child") == 0;
        h->own += own;
        h->foreign += !own;
    }
    fork_here(h);
    return LLMOBS_EXPORT_OK;
}

static llmobs_export_result only_export(void* user, const llmobs_batch* batch)
{
    host* h = (host*)user;
    return h->child == 0 ? export_and_fork(user, batch) : LLMOBS_EXPORT_OK;
}

static double read_and_fork(void* user)
{
    fork_here((host*)user);
    return 1.0;
}

static void note_and_fork(void* user, llmobs_note note, uint64_t count, const char* text)
{
    (void)note;
    (void)count;
    (void)text;
    fork_here((host*)user);
}

static void store_and_fork(void* user, const llmobs_cost_entry* entry)
{
    (void)entry;
    fork_here((host*)user);
}

static void close_and_fork(void* user)
{
    fork_here((host*)user);
}

typedef enum fork_place {
    IN_EXPORT,
    IN_GAUGE,
    IN_NOTE,
    IN_STORE,
    IN_CLOSE, /* an exporter's */
    IN_LAST_EXPORT, /* as the instance closes */
    FORK_PLACES
} fork_place;

static const char* const fork_places[FORK_PLACES] = {
    "an exporter", "a gauge's callback", "a note", "a cost store", "an exporter's close",
    "an exporter that closes"};

static void add_exporters(host* h, fork_place place)
{
    llmobs_exporter exporter = llmobs_exporter_default();
    llmobs_metric_info metric = llmobs_metric_info_default();
    bool exports = place == IN_EXPORT || place == IN_LAST_EXPORT;
    exporter.user = h;
    exporter.batch_items = 5;
    exporter.signals = LLMOBS_SIGNAL_SPANS;
    exporter.export_batch = exports ? export_and_fork : only_export;
    exporter.close = place == IN_CLOSE ? close_and_fork : NULL;
    (void)llmobs_exporter_add(h->obs, &exporter);
    exporter.signals = LLMOBS_SIGNAL_METRICS;
    exporter.close = NULL;
    exporter.export_batch = only_export;
    (void)llmobs_exporter_add(h->obs, &exporter);
    metric.name = "forking";
    metric.instrument = LLMOBS_GAUGE_CALLBACK;
    metric.callback = read_and_fork;
    metric.callback_user = h;
    if (place == IN_GAUGE) {
        (void)llmobs_metric_define(h->obs, &metric, NULL);
    }
}

/* In the child, back from all calls that it was made in. */
static int end_forked_child(host* h, bool closed)
{
    llmobs_stats stats;
    int wrong = h->wrong;
    stats.size = sizeof stats;
    if (!closed) {
        record(h->obs, "of a child", 10);
        wrong += llmobs_flush(h->obs, 1000) != LLMOBS_OK;
        wrong += h->own != 10 + 4 * (uint64_t)h->inside;
        wrong += llmobs_close_with_stats(h->obs, &stats) != LLMOBS_OK;
        wrong += !balances(&stats) || stats.exporters[0].exported != h->own;
    }
    wrong += count_places() != LLMOBS_MAX_INSTANCES;
    if (wrong + (int)h->foreign != 0) {
        printf("# %d wrong, %llu foreign, %llu own\n", wrong, (unsigned long long)h->foreign,
               (unsigned long long)h->own);
    }
    (void)fflush(stdout);
    return wrong + (int)h->foreign;
}

static void test_fork_in(fork_place place, bool inside)
{
    llmobs_config config = pumped_config();
    llmobs_stats stats;
    static host h;
    char what[100];
    bool closes = place == IN_CLOSE || place == IN_LAST_EXPORT;
    uint64_t spans;
    memset(&h, 0, sizeof h);
    h.child = -1;
    h.inside = inside;
    config.note = place == IN_NOTE ? note_and_fork : NULL;
    config.note_user = &h;
    config.cost_store = place == IN_STORE ? store_and_fork : NULL;
    config.cost_store_user = &h;
    h.obs = llmobs_open(&config, NULL);
    add_exporters(&h, place);
    /* So many that some are dropped, which is worth a note. */
    record(h.obs, "of the parent", place == IN_NOTE ? 400 : 20);
    llmobs_request_end(llmobs_request_begin(h.obs, NULL), NULL);
    if (!closes) {
        (void)llmobs_flush(h.obs, SECONDS * 1000);
    }
    stats.size = sizeof stats;
    if (h.child != 0 || closes) {
        h.wrong += llmobs_close_with_stats(h.obs, &stats) != LLMOBS_OK;
    }
    if (h.child == 0) {
        _exit(end_forked_child(&h, closes));
    }
    spans = stats.exporters[0].exported;
    (void)snprintf(what, sizeof what, "a fork in %s%s", fork_places[place],
                   inside ? ", and the child records there" : "");
    is_int(h.child > 0 ? wait_for(h.child) : -2, 0, what);
    ok(h.wrong == 0 && balances(&stats) && spans >= 20, "the parent is none the worse");
}

/* On a thread of the library's: the child has no other one, and ends with it. */
static void test_fork_in_thread(fork_place place)
{
    llmobs_config config = pumped_config();
    static host h;
    int i;
    if (ADDRESS_SANITIZED) {
        skip("a fork on a thread of ours", "the sanitizer's exit waits for its own threads");
        return;
    }
    memset(&h, 0, sizeof h);
    h.child = -1;
    config.host_pumped = false;
    config.tick_ms = 1;
    config.batch_delay_ms = 1;
    config.note = place == IN_NOTE ? note_and_fork : NULL;
    config.note_user = &h;
    h.obs = llmobs_open(&config, NULL);
    add_exporters(&h, place);
    record(h.obs, "of the parent", 400);
    for (i = 0; i < SECONDS * 1000 && __atomic_load_n(&h.child, __ATOMIC_ACQUIRE) <= 0; i++) {
        record(h.obs, "of the parent", 400);
        (void)usleep(1000);
    }
    is_int(h.child > 0 ? wait_for(h.child) : -2, 0,
           place == IN_NOTE ? "a fork on the tick's thread: the child ends when it comes back"
                            : "a fork on an exporter's thread: the child ends when it comes back");
    is_int(llmobs_close(h.obs), LLMOBS_OK, "the parent is none the worse");
}

/* ---- in a child that can have no threads --------------------------------------------------- */

static int child_without_threads(llmobs* obs, host* h)
{
    llmobs_stats stats;
    (void)alarm(SECONDS);
    no_threads = true;
    h->child = 0;
    record(obs, "of a child", 10);
    h->wrong += llmobs_flush(obs, 1000) != LLMOBS_OK;
    h->wrong += h->own != 10;
    record(obs, "of a child", 10);
    stats.size = sizeof stats;
    h->wrong += llmobs_close_with_stats(obs, &stats) != LLMOBS_OK;
    h->wrong += !all_was_delivered(&stats, 20);
    if (h->wrong != 0) {
        printf("# %d wrong, %llu delivered\n", h->wrong, (unsigned long long)h->own);
    }
    return h->wrong;
}

static void test_no_threads(void)
{
    llmobs_config config = pumped_config();
    static host h;
    pid_t child;
    memset(&h, 0, sizeof h);
    config.host_pumped = false;
    h.child = 1; /* nobody forks but we */
    h.obs = llmobs_open(&config, NULL);
    add_exporters(&h, IN_LAST_EXPORT);
    child = fork();
    if (child == 0) {
        _exit(child_without_threads(h.obs, &h));
    }
    is_int(wait_for(child), 0, "a child without threads delivers as it flushes and closes");
    is_int(llmobs_close(h.obs), LLMOBS_OK, "close");
}

/* ---- one file, written by parent and child ------------------------------------------------- */

#define LINES_FILE FOLDER "/lines.jsonl"

/* Spans whose batches take many writes each. */
static void record_long(llmobs* obs, char letter, int count)
{
    char text[256];
    int i;
    memset(text, letter, sizeof text - 1);
    text[sizeof text - 1] = '\0';
    for (i = 0; i < count; i++) {
        llmobs_span span = llmobs_span_root(obs, "long");
        llmobs_span_set_string(span, "a", text);
        llmobs_span_set_string(span, "b", text);
        llmobs_span_end(span);
        if (i % 200 == 199) {
            (void)llmobs_flush(obs, SECONDS * 1000);
        }
    }
}

static uint64_t exported_to_file(llmobs* obs)
{
    llmobs_stats stats;
    stats.size = sizeof stats;
    (void)llmobs_close_with_stats(obs, &stats);
    return stats.exporters[0].exported;
}

/* Counts the spans of whole lines; -1 where one is torn. */
static long count_spans_in_file(void)
{
    FILE* file = fopen(LINES_FILE, "r");
    char* line = NULL;
    size_t room = 0;
    ssize_t size;
    long spans = 0;
    while (file != NULL && spans >= 0 && (size = getline(&line, &room, file)) > 0) {
        const char* at = line;
        bool whole = line[0] == '{' && size > 2 && line[size - 1] == '\n' &&
                     strstr(line + 1, "{\"resourceSpans\"") == NULL;
        while ((at = strstr(at, "\"long\"")) != NULL) {
            at++;
            spans++;
        }
        spans = whole ? spans : -1;
    }
    free(line);
    if (file != NULL) {
        (void)fclose(file);
    }
    return spans;
}

static void test_file(void)
{
    enum { CHILDREN = 3 };
    llmobs_config config = pumped_config();
    pid_t children[CHILDREN];
    long spans = sized(2000) < 8000 ? sized(2000) : 8000;
    long wanted = spans * (1 + CHILDREN);
    llmobs* obs;
    int wrong = 0;
    int i;
    (void)!system("rm -rf " FOLDER "; mkdir -p " FOLDER);
    config.host_pumped = false;
    config.span_slots = 1024;
    config.batch_bytes = 262144;
    config.queue_bytes = 1 << 21;
    obs = llmobs_open(&config, NULL);
    is_int(llmobs_export_file(obs, LLMOBS_FORMAT_OTLP_JSON, LINES_FILE), LLMOBS_OK, "a file");
    record_long(obs, 'p', 1); /* it is open */
    (void)llmobs_flush(obs, SECONDS * 1000);
    for (i = 0; i < CHILDREN; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            (void)alarm(SECONDS);
            record_long(obs, 'c', (int)spans);
            _exit(exported_to_file(obs) != (uint64_t)spans);
        }
    }
    record_long(obs, 'p', (int)spans - 1);
    for (i = 0; i < CHILDREN; i++) {
        wrong += wait_for(children[i]) != 0;
    }
    is_int(wrong, 0, "children write the file that their parent opened");
    is_int(exported_to_file(obs), spans, "and so does the parent");
    is_int(count_spans_in_file(), wanted, "each line is whole, each span there once");
}

int main(void)
{
    if (LLMOBS_I_TSAN) {
        skip("fork", "ThreadSanitizer does not do threads in the child of a fork");
        return done();
    }
    open_receiver();
    test_storm(false, sized(160));
    test_storm(true, sized(80));
    test_fork_in(IN_EXPORT, false);
    test_fork_in(IN_EXPORT, true);
    test_fork_in(IN_GAUGE, false);
    test_fork_in(IN_NOTE, false);
    test_fork_in(IN_NOTE, true);
    test_fork_in(IN_STORE, false);
    test_fork_in(IN_CLOSE, false);
    test_fork_in(IN_LAST_EXPORT, false);
    test_fork_in_thread(IN_EXPORT);
    test_fork_in_thread(IN_NOTE);
    test_no_threads();
    test_file();
    (void)llmobs_release();
    return done();
}

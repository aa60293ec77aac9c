/* What spans cost: begin, end, attributes; drain and encode; memory. Read docs/performance.md
   first.

   Every case runs in turn with the floor: two clock reads and the stores of a smaller record. What
   is recorded is drained between repetitions, outside the timed part, and counted at the end: a
   figure of spans that were dropped would be no figure.

 * peers: lttng-ust */
#define _GNU_SOURCE

#include "library.h"

#include "bench.h"

#include <pthread.h>
#include <semaphore.h>

#ifdef HAVE_LTTNG_UST
#define TRACEPOINT_CREATE_PROBES
#define TRACEPOINT_DEFINE
#include "peer_lttng.h"
#endif

#define TEXT_24 "abcdefghijklmnopqrstuvwx"

/* ---- instances, and what they are to have at the end --------------------------------------- */

typedef struct counted {
    uint64_t spans;
    uint64_t attributes;
    uint64_t bytes; /* of JSON */
} counted;

typedef struct subject {
    llmobs* obs;
    llmobs_span parent; /* live all the time */
    llmobs_span current;
    bool encode;
    counted expected; /* by the bodies */
    counted exported; /* by the callback */
} subject;

static bool count_bytes(void* user, const char* data, size_t size)
{
    subject* to = (subject*)user;
    bench_keep(data);
    to->exported.bytes += size;
    return true;
}

static llmobs_export_result export_batch(void* user, const llmobs_batch* batch)
{
    subject* to = (subject*)user;
    size_t i;
    to->exported.spans += batch->span_count;
    for (i = 0; i < batch->span_count; i++) {
        to->exported.attributes += batch->spans[i].attribute_count;
    }
    if (to->encode) {
        llmobs_encode_otlp_json(batch, count_bytes, to);
    }
    return LLMOBS_EXPORT_OK;
}

static void subject_open(subject* to, const llmobs_config* config)
{
    llmobs_exporter exporter;
    memset(&exporter, 0, sizeof(exporter));
    exporter.export_batch = export_batch;
    exporter.user = to;
    to->obs = llmobs_open(config, NULL);
    if (to->obs == NULL || llmobs_exporter_add(to->obs, &exporter) != LLMOBS_OK) {
        bench_fail("llmobs_open");
    }
    to->parent = llmobs_span_root(to->obs, "parent");
    to->current = llmobs_span_child(to->parent, "current");
    to->expected.spans += 2;
}

static void subject_check(subject* to, const char* name)
{
    llmobs_stats stats;
    uint64_t lost = 0;
    int i;
    llmobs_span_end(to->parent);
    llmobs_span_end(to->current);
    stats.size = sizeof(stats);
    if (llmobs_close_with_stats(to->obs, &stats) != LLMOBS_OK) {
        bench_fail("llmobs_close");
    }
    for (i = 0; i < (int)LLMOBS_DROP_COUNT; i++) {
        lost += stats.dropped[i];
    }
    printf("# %s: %llu spans, %llu attributes exported, %llu spans dropped\n", name,
           (unsigned long long)to->exported.spans, (unsigned long long)to->exported.attributes,
           (unsigned long long)lost);
    if (lost != 0 || stats.attributes_dropped != 0 || to->exported.spans != to->expected.spans ||
        to->exported.attributes != to->expected.attributes) {
        bench_fail(name);
    }
}

/* Until its own thread has drained it. */
static void wait_for_room(void* context)
{
    const struct timespec nap = {0, 100000};
    llmobs_stats stats;
    stats.size = sizeof(stats);
    while (llmobs_stats_read(((subject*)context)->obs, &stats) == LLMOBS_OK &&
           stats.slots_free < 3000) {
        (void)nanosleep(&nap, NULL);
    }
}

static void drain(void* context)
{
    (void)llmobs_tick(((subject*)context)->obs);
}

/* ---- the floor ----------------------------------------------------------------------------- */

#define FLOOR_RECORDS 4096

typedef struct floor_record {
    uint64_t start, end, ids[6];
} floor_record;

static floor_record floor_records[FLOOR_RECORDS];

static void floor_body(void* context, uint32_t times)
{
    uint32_t i;
    (void)context;
    for (i = 0; i < times; i++) {
        floor_record* record = &floor_records[i % FLOOR_RECORDS];
        record->start = llmobsi_cycles();
        record->ids[0] = i;
        record->ids[1] = 1;
        record->ids[2] = 2;
        record->ids[3] = 3;
        record->ids[4] = 4;
        record->ids[5] = 5;
        bench_keep(record);
        record->end = llmobsi_cycles();
        bench_keep(record);
    }
}

/* ---- the cases ----------------------------------------------------------------------------- */

static void root_body(void* context, uint32_t times)
{
    subject* to = (subject*)context;
    uint32_t i;
    for (i = 0; i < times; i++) {
        llmobs_span_end(llmobs_span_root(to->obs, "root"));
    }
    to->expected.spans += times;
}

static void child_body(void* context, uint32_t times)
{
    subject* to = (subject*)context;
    uint32_t i;
    for (i = 0; i < times; i++) {
        llmobs_span_end(llmobs_span_child(to->parent, "child"));
    }
    to->expected.spans += times;
}

static void set_six(llmobs_span span, uint32_t i)
{
    llmobs_span_set_string(span, "gen_ai.request.model", TEXT_24);
    llmobs_span_set_string(span, "gen_ai.response.id", TEXT_24);
    llmobs_span_set_int(span, "gen_ai.usage.input_tokens", i);
    llmobs_span_set_int(span, "gen_ai.usage.output_tokens", i + 1);
    llmobs_span_set_double(span, "gen_ai.request.temperature", 0.5);
    llmobs_span_set_bool(span, "stream", (i & 1) != 0);
}

static void six_calls_body(void* context, uint32_t times)
{
    subject* to = (subject*)context;
    uint32_t i;
    for (i = 0; i < times; i++) {
        llmobs_span span = llmobs_span_child(to->parent, "chat");
        set_six(span, i);
        llmobs_span_end(span);
    }
    to->expected.spans += times;
    to->expected.attributes += (uint64_t)times * 6;
}

static void one_call_body(void* context, uint32_t times)
{
    subject* to = (subject*)context;
    uint32_t i;
    for (i = 0; i < times; i++) {
        llmobs_span span = llmobs_span_child(to->parent, "chat");
        llmobs_attribute six[6] = {
            llmobs_attribute_string("gen_ai.request.model", TEXT_24),
            llmobs_attribute_string("gen_ai.response.id", TEXT_24),
            llmobs_attribute_int("gen_ai.usage.input_tokens", i),
            llmobs_attribute_int("gen_ai.usage.output_tokens", i + 1),
            llmobs_attribute_double("gen_ai.request.temperature", 0.5),
            llmobs_attribute_bool("stream", (i & 1) != 0),
        };
        llmobs_span_set(span, six, 6);
        llmobs_span_end(span);
    }
    to->expected.spans += times;
    to->expected.attributes += (uint64_t)times * 6;
}

/* The array is made once, and its values change. */
static void kept_array_body(void* context, uint32_t times)
{
    subject* to = (subject*)context;
    llmobs_attribute six[6];
    uint32_t i;
    six[0] = llmobs_attribute_string_n("gen_ai.request.model", TEXT_24, 24);
    six[1] = llmobs_attribute_string_n("gen_ai.response.id", TEXT_24, 24);
    six[2] = llmobs_attribute_int("gen_ai.usage.input_tokens", 0);
    six[3] = llmobs_attribute_int("gen_ai.usage.output_tokens", 0);
    six[4] = llmobs_attribute_double("gen_ai.request.temperature", 0.5);
    six[5] = llmobs_attribute_bool("stream", false);
    for (i = 0; i < times; i++) {
        llmobs_span span = llmobs_span_child(to->parent, "chat");
        six[2].value.integer = i;
        six[3].value.integer = i + 1;
        six[5].value.boolean = (i & 1) != 0;
        llmobs_span_set(span, six, 6);
        llmobs_span_end(span);
    }
    to->expected.spans += times;
    to->expected.attributes += (uint64_t)times * 6;
}

/* A request as a chain makes it: 5 spans, 24 attributes. */
static void request_body(void* context, uint32_t times)
{
    static const char* const names[4] = {"retrieve", "assemble", "chat", "guardrail"};
    subject* to = (subject*)context;
    uint32_t i, k;
    for (i = 0; i < times; i++) {
        llmobs_span root = llmobs_span_root(to->obs, "request");
        for (k = 0; k < 4; k++) {
            llmobs_span child = llmobs_span_child(root, names[k]);
            llmobs_attribute five[5];
            memset(five, 0, sizeof(five));
            five[0].key = "step.model";
            five[0].value.string.data = TEXT_24;
            five[0].value.string.size = 24;
            five[1].key = "step.number";
            five[1].type = LLMOBS_TYPE_INT;
            five[1].value.integer = k;
            five[2].key = "step.tokens";
            five[2].type = LLMOBS_TYPE_INT;
            five[2].value.integer = i;
            five[3].key = "step.score";
            five[3].type = LLMOBS_TYPE_DOUBLE;
            five[3].value.real = 0.25;
            five[4].key = "step.cached";
            five[4].type = LLMOBS_TYPE_BOOL;
            llmobs_span_set(child, five, 5);
            llmobs_span_end(child);
        }
        llmobs_span_set_string(root, "request.user", TEXT_24);
        llmobs_span_set_int(root, "request.number", i);
        llmobs_span_set_double(root, "request.cost", 0.002);
        llmobs_span_set_bool(root, "request.stream", true);
        llmobs_span_end(root);
    }
    to->expected.spans += (uint64_t)times * 5;
    to->expected.attributes += (uint64_t)times * 24;
}

static void next_body(void* context, uint32_t times)
{
    subject* to = (subject*)context;
    uint32_t i;
    for (i = 0; i < times; i++) {
        to->current = llmobs_span_next(to->current, "next");
    }
    to->expected.spans += times;
}

/* ---- what is not recorded ------------------------------------------------------------------ */

typedef struct unrecorded {
    llmobs* obs;
    uint64_t times;
} unrecorded;

static void unrecorded_body(void* context, uint32_t times)
{
    unrecorded* to = (unrecorded*)context;
    uint32_t i;
    for (i = 0; i < times; i++) {
        llmobs_span span = llmobs_span_root(to->obs, "root");
        bench_keep(&span);
        llmobs_span_end(span);
    }
    to->times += times;
}

/* Opens it with a pool that is used up. */
static void open_full(unrecorded* to, llmobs_config config)
{
    config.span_slots = 64;
    to->obs = llmobs_open(&config, NULL);
    do {
        to->times++;
    } while (llmobs_span_is_recording(llmobs_span_root(to->obs, "held")));
}

static void open_unsampled(unrecorded* to, llmobs_config config)
{
    config.sample_ratio = LLMOBS_SAMPLE_NONE;
    to->obs = llmobs_open(&config, NULL);
}

static void unrecorded_check(const unrecorded* full, const unrecorded* unsampled)
{
    llmobs_stats stats;
    stats.size = sizeof(stats);
    if (llmobs_stats_read(full->obs, &stats) != LLMOBS_OK || stats.started != full->times ||
        stats.dropped[LLMOBS_DROP_POOL] + stats.live != full->times) {
        bench_fail("the full pool's account");
    }
    if (llmobs_stats_read(unsampled->obs, &stats) != LLMOBS_OK || stats.started != 0 ||
        stats.unsampled != unsampled->times) {
        bench_fail("the unsampled account");
    }
    (void)llmobs_close(full->obs);
    (void)llmobs_close(unsampled->obs);
}

/* ---- a second thread, on another processor ------------------------------------------------- */

#define HANDED 2048

typedef struct helper {
    subject* to;
    pthread_t thread;
    sem_t wake;
    bool begin_only;
    bool stop;
    uint32_t ready; /* atomic, as the next two: the helper is awake */
    uint32_t go;    /* how many, once they are to begin */
    uint32_t done;
    llmobs_span spans[HANDED];
} helper;

static void wait_for(uint32_t* flag)
{
    while (__atomic_load_n(flag, __ATOMIC_ACQUIRE) == 0) {
    }
}

static void* helper_run(void* argument)
{
    helper* with = (helper*)argument;
    uint32_t i;
    (void)llmobs_thread_attach(with->to->obs);
    for (;;) {
        while (sem_wait(&with->wake) != 0) {
        }
        if (with->stop) {
            return NULL;
        }
        __atomic_store_n(&with->ready, 1, __ATOMIC_RELEASE);
        wait_for(&with->go);
        for (i = 0; i < with->go; i++) {
            llmobs_span span = llmobs_span_child(with->to->parent, "child");
            if (with->begin_only) {
                with->spans[i % HANDED] = span;
            } else {
                llmobs_span_end(span);
            }
        }
        __atomic_store_n(&with->done, 1, __ATOMIC_RELEASE);
    }
}

static void helper_wake(helper* with, bool begin_only)
{
    with->begin_only = begin_only;
    with->ready = 0;
    with->go = 0;
    with->done = 0;
    sem_post(&with->wake);
    wait_for(&with->ready);
}

static void helper_go(helper* with, uint32_t times)
{
    __atomic_store_n(&with->go, times, __ATOMIC_RELEASE);
}

/* The spans that it will end, begun by the other thread. */
static void foreign_before(void* context)
{
    helper* with = (helper*)context;
    drain(with->to);
    helper_wake(with, true);
    helper_go(with, HANDED);
    wait_for(&with->done);
    with->to->expected.spans += HANDED;
}

static void foreign_body(void* context, uint32_t times)
{
    helper* with = (helper*)context;
    uint32_t i;
    for (i = 0; i < times; i++) {
        llmobs_span_end(with->spans[i]);
    }
}

static void foreign_after(void* context)
{
    helper* with = (helper*)context;
    uint32_t i;
    for (i = 0; i < HANDED; i++) {
        llmobs_span_end(with->spans[i]); /* those that are left; inert for the others */
    }
}

static void two_before(void* context)
{
    helper* with = (helper*)context;
    drain(with->to);
    helper_wake(with, false);
}

static void two_body(void* context, uint32_t times)
{
    helper* with = (helper*)context;
    helper_go(with, times);
    child_body(with->to, times);
    wait_for(&with->done);
    with->to->expected.spans += times;
}

static cpu_set_t all_processors; /* before bench_start chose one */

static void helper_start(helper* with, subject* to)
{
    cpu_set_t others = all_processors, own;
    memset(with, 0, sizeof(*with));
    with->to = to;
    (void)sem_init(&with->wake, 0, 0);
    (void)sched_getaffinity(0, sizeof(own), &own);
    CPU_XOR(&others, &all_processors, &own);
    if (CPU_COUNT(&others) > 0) {
        /* A thread begins where its maker is. */
        (void)sched_setaffinity(0, sizeof(others), &others);
    }
    if (pthread_create(&with->thread, NULL, helper_run, with) != 0) {
        bench_fail("pthread_create");
    }
    (void)sched_setaffinity(0, sizeof(own), &own);
}

static void helper_stop(helper* with)
{
    with->stop = true;
    sem_post(&with->wake);
    (void)pthread_join(with->thread, NULL);
}

/* ---- the reader's side --------------------------------------------------------------------- */

/* A repetition fills, untimed, what its timed part drains. */
typedef struct reading {
    subject* to;
    bench_case* its;
} reading;

static void reading_before(void* context)
{
    reading* with = (reading*)context;
    drain(with->to);
    six_calls_body(with->to, with->its->times);
}

static void reading_body(void* context, uint32_t times)
{
    reading* with = (reading*)context;
    (void)times;
    (void)llmobs_tick(with->to->obs);
}

/* ---- the peer ------------------------------------------------------------------------------ */

#ifdef HAVE_LTTNG_UST
#define LTTNG_DIRECTORY "build/bench/lttng"
static uint64_t lttng_id;

static void lttng_body(void* context, uint32_t times)
{
    uint32_t i;
    (void)context;
    for (i = 0; i < times; i++) {
        uint64_t id = ++lttng_id;
        tracepoint(llmobs_bench, begin, "child", id, 1);
        tracepoint(llmobs_bench, end, id);
    }
}

static void lttng_six_body(void* context, uint32_t times)
{
    uint32_t i;
    (void)context;
    for (i = 0; i < times; i++) {
        uint64_t id = ++lttng_id;
        tracepoint(llmobs_bench, begin, "chat", id, 1);
        tracepoint(llmobs_bench, end_with_six, id, TEXT_24, TEXT_24, i, i + 1, 0.5, (int)(i & 1));
    }
}

static void lttng_stop(void)
{
    (void)!system("(lttng destroy llmobs_bench; kill $(cat $LTTNG_HOME/pid)) >/dev/null 2>&1");
}
/* A daemon and a session of our own that records into memory alone, and this program once more: a
   program looks for its daemon when it starts. */
static void lttng_start(char** arguments)
{
    static const char script[] =
        "mkdir -p $LTTNG_HOME && "
        "lttng-sessiond --no-kernel --daemonize --pidfile=$LTTNG_HOME/pid && "
        "lttng create llmobs_bench --snapshot --output=$LTTNG_HOME/out && "
        "lttng enable-channel -u ring --overwrite --subbuf-size=1M --num-subbuf=4 && "
        "lttng enable-event -u -c ring 'llmobs_bench:*' && "
        "lttng start";
    char command[1024];
    if (getenv("BENCH_LTTNG") != NULL) {
        atexit(lttng_stop);
        return;
    }
    setenv("BENCH_LTTNG", "1", 1);
    setenv("LTTNG_HOME", LTTNG_DIRECTORY, 1);
    setenv("LTTNG_UST_REGISTER_TIMEOUT", "3000", 1);
    snprintf(command, sizeof(command), "(%s) >/dev/null 2>&1", script);
    if (system(command) == 0) {
        (void)execv("/proc/self/exe", arguments);
    }
    setenv("BENCH_LTTNG", "0", 1);
    atexit(lttng_stop);
}

static bool lttng_is_on(void)
{
    return tracepoint_enabled(llmobs_bench, begin) != 0;
}

#endif

/* ---- how late the latest are --------------------------------------------------------------- */

#define TAIL_BATCHES 300
#define TAIL_SPANS 3000

static int compare_float(const void* a, const void* b)
{
    float first = *(const float*)a, second = *(const float*)b;
    return first < second ? -1 : first > second;
}

/* Time of each span, from clock read to clock read: one more than the span's own two. */
static void tail(subject* to)
{
    static float times[BENCH_KINDS][TAIL_BATCHES * TAIL_SPANS]; /* the counter may step by 10 ns */
    static const struct {
        const char* name;
        double part, most;
    } lines[] = {{"span, p50", 0.5, 0},
                 {"span, p99", 0.99, 60},
                 {"span, p99.9", 0.999, 80},
                 {"span, p99.99", 0.9999, 300}};
    uint64_t stamps[TAIL_SPANS + 1];
    uint32_t counts[BENCH_KINDS] = {0};
    double ns_per_cycle, start;
    uint64_t cycles;
    uint32_t batch, i;
    int kind;
    start = bench_ns(CLOCK_MONOTONIC);
    cycles = llmobsi_cycles();
    while (bench_ns(CLOCK_MONOTONIC) < start + 2e7) {
    }
    ns_per_cycle = (bench_ns(CLOCK_MONOTONIC) - start) / (double)(llmobsi_cycles() - cycles);
    for (batch = 0; batch < TAIL_BATCHES; batch++) {
        bench_sample sample;
        drain(to);
        sample.gauge_before = bench_gauge();
        for (i = 0; i < TAIL_SPANS; i++) {
            stamps[i] = llmobsi_cycles();
            llmobs_span_end(llmobs_span_child(to->parent, "child"));
        }
        stamps[i] = llmobsi_cycles();
        sample.gauge_after = bench_gauge();
        to->expected.spans += TAIL_SPANS;
        kind = (int)bench_kind_of(&sample);
        for (i = 0; kind < BENCH_KINDS && i < TAIL_SPANS; i++) {
            double ns = (double)(stamps[i + 1] - stamps[i]) * ns_per_cycle;
            times[kind][counts[kind]++] = (float)ns;
        }
    }
    for (kind = 0; kind < BENCH_KINDS; kind++) {
        qsort(times[kind], counts[kind], sizeof(times[kind][0]), compare_float);
        for (i = 0; counts[kind] >= 20000 && i < sizeof(lines) / sizeof(lines[0]); i++) {
            double value = times[kind][(uint32_t)(lines[i].part * counts[kind])];
            char target[20];
            snprintf(target, sizeof(target), "<= %g", lines[i].most);
            bench_line(lines[i].name, bench_kind_names[kind], value, "ns",
                       lines[i].most > 0 && kind == BENCH_IS_QUIET ? target : NULL,
                       lines[i].most == 0 || kind != BENCH_IS_QUIET || value <= lines[i].most);
        }
    }
}

/* ---- all ----------------------------------------------------------------------------------- */

/* At most so many times the floor of the same run. */
static void print_ratio(const char* name, const bench_case* one, const bench_case* floor,
                        double most)
{
    char target[20];
    int kind;
    snprintf(target, sizeof(target), "<= %g", most);
    for (kind = 0; kind < BENCH_KINDS; kind++) {
        double ratio = one->median[kind] / floor->median[kind];
        if (one->median[kind] == 0 || floor->median[kind] == 0) {
            continue;
        }
        bench_line(name, bench_kind_names[kind], ratio, "x", most > 0 ? target : NULL,
                   most <= 0 || ratio <= most);
    }
}

static void print_rate(const char* name, const bench_case* one, double least)
{
    char target[20];
    int kind;
    snprintf(target, sizeof(target), ">= %g", least);
    for (kind = 0; kind < BENCH_KINDS; kind++) {
        if (one->median[kind] != 0) {
            bench_line(name, bench_kind_names[kind], 1000 / one->median[kind], "M spans/s",
                       least > 0 ? target : NULL, 1000 / one->median[kind] >= least);
        }
    }
}

static void print_memory(void)
{
    llmobs_config one = llmobs_config_default();
    llmobs_config more = one;
    double whole = (double)llmobs_memory_needed(&one), per_thread;
    more.max_threads = one.max_threads + 64;
    per_thread = ((double)llmobs_memory_needed(&more) - whole) / 64;
    bench_line("memory, default configuration", "", whole, "B", "<= 8388608", whole <= 8388608);
    bench_line("memory, each thread", "", per_thread, "B", "<= 1048576", per_thread <= 1048576);
}

static bench_case* add_drained(bench_set* set, const char* name, void (*body)(void*, uint32_t),
                               subject* to, uint32_t most_times)
{
    bench_case* added = bench_add(set, name, body, to);
    added->before = drain;
    added->most_times = most_times;
    return added;
}

/* The recording thread's own cases, all in turn with the floor. */
static void path(subject* to, subject* live)
{
    static bench_set set;
    static unrecorded full, unsampled, off, closed;
    llmobs_config config = llmobs_config_default();
    bench_case *floor, *root, *child, *six, *one, *kept, *request, *next, *awake;
    bench_case *dropped, *out, *null, *gone;
#ifdef HAVE_LTTNG_UST
    bench_case *peer = NULL, *peer_six = NULL;
#endif
    config.host_pumped = true;
    open_full(&full, config);
    open_unsampled(&unsampled, config);
    closed.obs = llmobs_open(&config, NULL);
    (void)llmobs_close(closed.obs);
    floor = bench_add(&set, "floor: two clock reads, 64 B", floor_body, NULL);
    root = add_drained(&set, "root, begin+end", root_body, to, 3000);
    child = add_drained(&set, "child, begin+end", child_body, to, 3000);
    six = add_drained(&set, "6 attributes, six calls", six_calls_body, to, 3000);
    one = add_drained(&set, "6 attributes, one call", one_call_body, to, 3000);
    kept = add_drained(&set, "6 attributes, one call, kept array", kept_array_body, to, 3000);
    request = add_drained(&set, "root, 4 children, 24 attributes", request_body, to, 600);
    next = add_drained(&set, "next sibling", next_body, to, 3000);
    awake = bench_add(&set, "child, begin+end, tick thread", child_body, live);
    awake->before = wait_for_room;
    awake->most_times = 1500;
    dropped = bench_add(&set, "dropped, pool empty", unrecorded_body, &full);
    out = bench_add(&set, "not sampled", unrecorded_body, &unsampled);
    null = bench_add(&set, "switched off, NULL", unrecorded_body, &off);
    gone = bench_add(&set, "closed", unrecorded_body, &closed);
#ifdef HAVE_LTTNG_UST
    if (lttng_is_on()) {
        peer = bench_add(&set, "LTTng-UST, two events", lttng_body, NULL);
        peer_six = bench_add(&set, "LTTng-UST, two events, 6 fields", lttng_six_body, NULL);
    }
#endif
    bench_run(&set);
    bench_print(floor, 0);
    bench_print_shared(root, 20, 26);
    bench_print_shared(child, 20, 26);
    print_ratio("root, begin+end / floor", root, floor, 1.05);
    print_ratio("child, begin+end / floor", child, floor, 1.05);
    bench_print_shared(six, 34, 55);
    bench_print_shared(one, 27, 42);
    bench_print_shared(kept, 27, 42);
    bench_print_shared(request, 150, 190);
    bench_print_shared(next, 11, 14);
    bench_print(awake, 0);
    bench_print_shared(dropped, 14, 16);
    bench_print_shared(out, 4, 6);
    bench_print(null, 0);
    bench_print(gone, 0);
#ifdef HAVE_LTTNG_UST
    if (peer != NULL) {
        bench_print(peer, 0);
        bench_print(peer_six, 0);
        bench_ratio("child, LTTng-UST / llmobs", child, peer, 0);
        bench_ratio("6 attributes, LTTng-UST / llmobs", six, peer_six, 0);
    } else {
        printf("# skipped: LTTng-UST (its daemon does not start here)\n");
    }
#else
    printf("# skipped: LTTng-UST\n");
#endif
    unrecorded_check(&full, &unsampled);
}

static void threads(subject* to)
{
    static bench_set set;
    static helper with;
    bench_case *alone, *two, *foreign;
    int kind;
    bench_start();
    helper_start(&with, to);
    alone = add_drained(&set, "one thread", child_body, to, 1500);
    two = bench_add(&set, "two threads, a span each", two_body, &with);
    two->before = two_before;
    two->most_times = 1500;
    foreign = bench_add(&set, "end of another thread's span", foreign_body, &with);
    foreign->before = foreign_before;
    foreign->after = foreign_after;
    foreign->most_times = HANDED;
    bench_run(&set);
    helper_stop(&with);
    bench_print(two, 0);
    for (kind = 0; kind < BENCH_KINDS; kind++) {
        double scaling = 2 * alone->median[kind] / two->median[kind];
        if (alone->median[kind] != 0 && two->median[kind] != 0) {
            bench_line("two threads / one thread", bench_kind_names[kind], scaling, "x", ">= 1.7",
                       scaling >= 1.7);
        }
    }
    bench_print_shared(foreign, 45, 60);
}

static void readers(subject* to, subject* encoding)
{
    static bench_set set;
    static reading plain, json;
    plain.to = to;
    plain.its = bench_add(&set, "drain, 6 attributes", reading_body, &plain);
    json.to = encoding;
    json.its = bench_add(&set, "drain and OTLP/JSON, 6 attributes", reading_body, &json);
    plain.its->before = json.its->before = reading_before;
    plain.its->most_times = json.its->most_times = 1000;
    bench_run(&set);
    print_rate("drain, 6 attributes", plain.its, 0);
    print_rate("drain and OTLP/JSON, 6 attributes", json.its, 6);
    printf("# %.0f bytes of JSON a span\n",
           (double)encoding->exported.bytes / (double)encoding->exported.spans);
}

/* Runs each body a known number of times, for a tool that counts instructions. */
#define COUNT_TIMES 100
#define COUNT_ROUNDS 100

static void count(subject* to)
{
    static void (*const bodies[])(void*, uint32_t) = {
        floor_body,    root_body,       child_body,   six_calls_body,
        one_call_body, kept_array_body, request_body, next_body,
    };
    size_t i;
    int round;
    for (round = 0; round < COUNT_ROUNDS; round++) {
        for (i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
            bodies[i](to, COUNT_TIMES);
            drain(to);
        }
    }
    subject_check(to, "counted");
}

int main(int argc, char** argv)
{
    static subject pumped, encoding, live;
    llmobs_config config = llmobs_config_default();
    config.host_pumped = true;
    if (argc == 2 && strcmp(argv[1], "--count") == 0) {
        subject_open(&pumped, &config);
        count(&pumped);
        return 0;
    }
#ifdef HAVE_LTTNG_UST
    lttng_start(argv);
#else
    (void)argv;
#endif
    (void)sched_getaffinity(0, sizeof(all_processors), &all_processors);
    config.host_pumped = false;
    subject_open(&live, &config); /* first: its threads may run on any processor */
    config.host_pumped = true;
    subject_open(&pumped, &config);
    encoding.encode = true;
    subject_open(&encoding, &config);
    path(&pumped, &live);
    tail(&pumped);
    readers(&pumped, &encoding);
    threads(&pumped);
    print_memory();
    subject_check(&pumped, "pumped");
    subject_check(&encoding, "encoding");
    subject_check(&live, "tick thread");
    return 0;
}

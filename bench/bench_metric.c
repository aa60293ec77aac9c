/* What metrics cost: recording, finding a series, exposition, memory. Read docs/performance.md
   first.

   Each case takes turns with prometheus-cpp doing the same, from the same strings and values. At
   the end everything that was counted is read back: a figure of additions that were lost would be
   no figure. prometheus-cpp's counters are doubles, ours are 64-bit integers.

 * peers: prometheus-cpp; HdrHistogram_c is not in Debian, and named where it would stand */
#define _GNU_SOURCE

#include "library.h"

#include "bench.h"

#include <pthread.h>
#include <semaphore.h>

#include "peer_prometheus.h"
#ifdef HAVE_PROMETHEUS
#define PEER(body) body
#else
#define PEER(body) NULL
#endif

#define SETS 10000
#define VALUES 1024 /* a power of two */
#define LABELS PEER_LABELS

/* ---- what is recorded ---------------------------------------------------------------------- */

static const char* const label_names[LABELS] = {"model", "direction", "feature", "user_id"};
static const double article_bounds[7] = {0.1, 0.25, 0.5, 1, 2.5, 5, 10};

static char texts[SETS][2][24];
static const char* sets[SETS][LABELS];
static uint32_t order[16384];
static double seconds[VALUES];
static uint64_t nanoseconds[VALUES];

static uint32_t next_random(uint32_t* state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* Durations of 30 ms to 15 s, as many in each octave, so that every bucket gets its part. */
static void make_input(void)
{
    static const char* const models[4] = {"gpt-4o", "gpt-4o-mini", "claude-sonnet", "llama-3-70b"};
    uint32_t state = 7;
    uint32_t i;
    for (i = 0; i < SETS; i++) {
        snprintf(texts[i][0], sizeof(texts[i][0]), "feature-%03u", i / 100);
        snprintf(texts[i][1], sizeof(texts[i][1]), "user-%07u", i * 7919 % 10000000);
        sets[i][0] = models[i % 4];
        sets[i][1] = i % 8 < 4 ? "input" : "output";
        sets[i][2] = texts[i][0];
        sets[i][3] = texts[i][1];
    }
    for (i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        order[i] = next_random(&state) % SETS;
    }
    for (i = 0; i < VALUES; i++) {
        uint64_t octave = UINT64_C(30000000) << next_random(&state) % 9;
        nanoseconds[i] = octave + octave * (next_random(&state) % 1000) / 1000;
        seconds[i] = (double)nanoseconds[i] * 1e-9;
    }
}

typedef struct subject {
    llmobs* obs;
    llmobs_counter counter;
    llmobs_updown updown;
    llmobs_histogram article;     /* 7 bounds, billionths of seconds */
    llmobs_histogram exponential; /* whole numbers */
    llmobs_metric few;
    llmobs_metric many; /* has all sets */
    uint32_t many_first; /* number of the first's series; the rest follow */
} subject;

static llmobs_metric define(llmobs* obs, const char* name, llmobs_instrument instrument,
                            llmobs_number number, size_t label_count)
{
    llmobs_metric_info info = llmobs_metric_info_default();
    llmobs_metric metric;
    info.name = name;
    info.help = "Total tokens processed";
    info.instrument = instrument;
    info.number = number;
    info.labels = label_names;
    info.label_count = label_count;
    info.bounds = article_bounds;
    info.bound_count = sizeof(article_bounds) / sizeof(article_bounds[0]);
    metric = llmobs_metric_define(obs, &info, NULL);
    if (metric.number == 0) {
        bench_fail(name);
    }
    return metric;
}

static llmobs_config config_of(uint32_t series)
{
    llmobs_config config = llmobs_config_default();
    config.host_pumped = true;
    config.span_slots = LLMOBS_OFF;
    config.metric_families = LLMOBS_OFF;
    config.metric_series = 3 * series; /* for the texts of so many labels */
    config.metric_max_series = series;
    return config;
}

static void subject_open(subject* to)
{
    llmobs_config config = config_of(SETS);
    uint32_t i;
    to->obs = llmobs_open(&config, NULL);
    if (to->obs == NULL) {
        bench_fail("llmobs_open");
    }
    to->counter = llmobs_counter_get(
        define(to->obs, "bound_total", LLMOBS_COUNTER, LLMOBS_NUMBER_INT, 0), NULL, 0);
    to->updown = llmobs_updown_get(
        define(to->obs, "running", LLMOBS_UPDOWN, LLMOBS_NUMBER_INT, 0), NULL, 0);
    to->article = llmobs_histogram_get(
        define(to->obs, "observed", LLMOBS_HISTOGRAM, LLMOBS_NUMBER_NANO, 0), NULL, 0);
    to->exponential = llmobs_histogram_get(
        define(to->obs, "spread", LLMOBS_HISTOGRAM_EXPONENTIAL, LLMOBS_NUMBER_INT, 0), NULL, 0);
    to->few = define(to->obs, "few_total", LLMOBS_COUNTER, LLMOBS_NUMBER_INT, LABELS);
    to->many = define(to->obs, "many_total", LLMOBS_COUNTER, LLMOBS_NUMBER_INT, LABELS);
    to->many_first = llmobs_counter_get(to->many, sets[0], LABELS).series;
    for (i = 1; i < SETS; i++) {
        (void)llmobs_counter_get(to->many, sets[i], LABELS);
    }
}

/* ---- the cases ----------------------------------------------------------------------------- */

/* Each thread's own: what it records into, and how often it has done so. */
typedef struct recording {
    const subject* to;
    uint64_t increments;
    uint64_t updowns;
    uint64_t observations;
    uint64_t spreads;
    uint32_t next;
} recording;

static void increment(void* context, uint32_t times)
{
    recording* with = (recording*)context;
    llmobs_counter counter = with->to->counter;
    uint32_t i;
    for (i = 0; i < times; i++) {
        llmobs_counter_add(counter, 1);
    }
    with->increments += times;
}

static void move_up(void* context, uint32_t times)
{
    recording* with = (recording*)context;
    llmobs_updown updown = with->to->updown;
    uint32_t i;
    for (i = 0; i < times; i++) {
        llmobs_updown_add(updown, 1);
    }
    with->updowns += times;
}

static void observe(void* context, uint32_t times)
{
    recording* with = (recording*)context;
    llmobs_histogram histogram = with->to->article;
    uint32_t i;
    for (i = 0; i < times; i++) {
        llmobs_histogram_record(histogram, seconds[i % VALUES]);
    }
    with->observations += times;
}

static void observe_one(void* context, uint32_t times)
{
    recording* with = (recording*)context;
    llmobs_histogram histogram = with->to->article;
    double value = seconds[0];
    uint32_t i;
    for (i = 0; i < times; i++) {
        llmobs_histogram_record(histogram, value);
    }
    with->observations += times;
}

static void observe_int(void* context, uint32_t times)
{
    recording* with = (recording*)context;
    llmobs_histogram histogram = with->to->article;
    uint32_t i;
    for (i = 0; i < times; i++) {
        llmobs_histogram_record_int(histogram, nanoseconds[i % VALUES]);
    }
    with->observations += times;
}

static void spread(void* context, uint32_t times)
{
    recording* with = (recording*)context;
    llmobs_histogram histogram = with->to->exponential;
    uint32_t i;
    for (i = 0; i < times; i++) {
        llmobs_histogram_record_int(histogram, nanoseconds[i % VALUES] >> 10);
    }
    with->spreads += times;
}

static void lookup_hot(void* context, uint32_t times)
{
    const recording* with = (const recording*)context;
    uint32_t i;
    for (i = 0; i < times; i++) {
        llmobs_counter counter = llmobs_counter_get(with->to->few, sets[0], LABELS);
        bench_keep(&counter);
    }
}

static void lookup_many(void* context, uint32_t times)
{
    recording* with = (recording*)context;
    uint32_t i;
    for (i = 0; i < times; i++) {
        uint32_t set = order[with->next++ % (sizeof(order) / sizeof(order[0]))];
        llmobs_counter counter = llmobs_counter_get(with->to->many, sets[set], LABELS);
        bench_keep(&counter);
    }
}

/* ---- a second thread, on another processor ------------------------------------------------- */

typedef struct helper {
    pthread_t thread;
    sem_t wake;
    bool stop;
    void (*body)(void* context, uint32_t times);
    void* context;
    uint32_t ready; /* atomic, as the next two: the helper is awake */
    uint32_t go;    /* how many, once it is to begin */
    uint32_t done;
} helper;

static cpu_set_t all_processors; /* before bench_start chose one */

static void wait_for(const uint32_t* flag)
{
    while (__atomic_load_n(flag, __ATOMIC_ACQUIRE) == 0) {
    }
}

static void* helper_run(void* argument)
{
    helper* with = (helper*)argument;
    for (;;) {
        while (sem_wait(&with->wake) != 0) {
        }
        if (with->stop) {
            return NULL;
        }
        __atomic_store_n(&with->ready, 1, __ATOMIC_RELEASE);
        wait_for(&with->go);
        with->body(with->context, with->go);
        __atomic_store_n(&with->done, 1, __ATOMIC_RELEASE);
    }
}

static void elsewhere(pthread_t* thread, void* (*run)(void*), void* argument)
{
    cpu_set_t others, own;
    (void)sched_getaffinity(0, sizeof(own), &own);
    CPU_XOR(&others, &all_processors, &own);
    if (CPU_COUNT(&others) > 0) {
        (void)sched_setaffinity(0, sizeof(others), &others); /* it begins where its maker is */
    }
    if (pthread_create(thread, NULL, run, argument) != 0) {
        bench_fail("pthread_create");
    }
    (void)sched_setaffinity(0, sizeof(own), &own);
}

/* The same by two threads at once, so many calls at a time that handing them over does not count:
   where the other thread has to wait for a processor, bench_calibrate would settle for few. */
#define DUO_CALLS 500
#define DUO_MOST 4

typedef struct duo {
    helper* other;
    void (*body)(void* context, uint32_t times);
    void* mine;
    void* its;
} duo;

static void duo_before(void* context)
{
    const duo* both = (const duo*)context;
    helper* other = both->other;
    other->body = both->body;
    other->context = both->its;
    other->ready = 0;
    other->go = 0;
    other->done = 0;
    sem_post(&other->wake);
    wait_for(&other->ready);
}

static void duo_body(void* context, uint32_t times)
{
    const duo* both = (const duo*)context;
    __atomic_store_n(&both->other->go, times * DUO_CALLS, __ATOMIC_RELEASE);
    both->body(both->mine, times * DUO_CALLS);
    wait_for(&both->other->done);
}

/* From the time of DUO_CALLS to that of one. */
static void duo_scale(bench_set* set)
{
    uint32_t i, kind;
    for (i = 0; i < set->count; i++) {
        set->cases[i].least /= DUO_CALLS;
        for (kind = 0; kind < BENCH_KINDS; kind++) {
            set->cases[i].median[kind] /= DUO_CALLS;
        }
    }
}

static bench_case* add_duo(bench_set* set, const char* name, duo* both)
{
    bench_case* added;
    if (both->body == NULL) {
        return NULL;
    }
    added = bench_add(set, name, duo_body, both);
    added->before = duo_before;
    added->most_times = DUO_MOST;
    return added;
}

/* ---- recording ----------------------------------------------------------------------------- */

/* A case of a peer that may not be there. */
static bench_case* add_peer(bench_set* set, const char* name,
                            void (*body)(void* context, uint32_t times))
{
    return body != NULL ? bench_add(set, name, body, NULL) : NULL;
}

static void print(const bench_case* one)
{
    if (one != NULL) {
        bench_print(one, 0);
    }
}

/* HdrHistogram_c takes 3.07 ns where prometheus-cpp's increment takes 4.6: where that takes
   longer, so would the other. */
static void print_spread(const bench_case* ours, const bench_case* gauge)
{
    int kind;
    printf("# skipped: HdrHistogram_c (not in Debian); by the reference it records in 3.07 ns "
           "where prometheus-cpp increments in 4.6\n");
    for (kind = 0; gauge != NULL && kind < BENCH_KINDS; kind++) {
        if (ours->median[kind] != 0 && gauge->median[kind] != 0) {
            printf("# HdrHistogram_c scaled by that / exponential record, %s: %.2f (2 is wanted)\n",
                   bench_kind_names[kind],
                   gauge->median[kind] * (3.07 / 4.6) / ours->median[kind]);
        }
    }
}

static void record(recording* mine)
{
    static bench_set set;
    bench_case* one = bench_add(&set, "counter, increment", increment, mine);
    bench_case* peer_one = add_peer(&set, "prometheus-cpp, increment", PEER(peer_increment));
    bench_case* updown = bench_add(&set, "up-down, add", move_up, mine);
    bench_case* whole = bench_add(&set, "histogram of 7 bounds, integers", observe_int, mine);
    bench_case* real = bench_add(&set, "histogram of 7 bounds, doubles", observe, mine);
    bench_case* peer_real = add_peer(&set, "prometheus-cpp, observe", PEER(peer_observe));
    bench_case* same = bench_add(&set, "histogram of 7 bounds, one value", observe_one, mine);
    bench_case* peer_same =
        add_peer(&set, "prometheus-cpp, observe one value", PEER(peer_observe_one));
    bench_case* wide = bench_add(&set, "exponential histogram, integers", spread, mine);
    bench_run(&set);
    print(one);
    print(peer_one);
    bench_ratio("increment, prometheus-cpp / llmobs", one, peer_one, 3);
    print(updown);
    print(whole);
    print(real);
    print(peer_real);
    bench_ratio("observe, prometheus-cpp / llmobs", real, peer_real, 3);
    bench_ratio("observe, prometheus-cpp / llmobs, integers", whole, peer_real, 3);
    print(same);
    print(peer_same);
    bench_ratio("observe one value, prometheus-cpp / llmobs", same, peer_same, 3);
    print(wide);
    print_spread(wide, peer_one);
}

static void record_by_two(recording* mine, recording* its)
{
    static bench_set set;
    static helper other;
    duo ours = {&other, increment, mine, its};
    duo theirs = {&other, PEER(peer_increment), NULL, NULL};
    duo ours_real = {&other, observe, mine, its};
    duo ours_whole = {&other, observe_int, mine, its};
    duo theirs_real = {&other, PEER(peer_observe), NULL, NULL};
    bench_case *one, *peer_one, *real, *whole, *peer_real;
    (void)sem_init(&other.wake, 0, 0);
    elsewhere(&other.thread, helper_run, &other);
    one = add_duo(&set, "two threads, increment", &ours);
    peer_one = add_duo(&set, "two threads, prometheus-cpp, increment", &theirs);
    real = add_duo(&set, "two threads, histogram, doubles", &ours_real);
    whole = add_duo(&set, "two threads, histogram, integers", &ours_whole);
    peer_real = add_duo(&set, "two threads, prometheus-cpp, observe", &theirs_real);
    bench_run(&set);
    duo_scale(&set);
    other.stop = true;
    sem_post(&other.wake);
    (void)pthread_join(other.thread, NULL);
    print(one);
    print(peer_one);
    bench_ratio("two threads, increment, prometheus-cpp / llmobs", one, peer_one, 15);
    print(real);
    print(whole);
    print(peer_real);
    bench_ratio("two threads, observe, prometheus-cpp / llmobs", real, peer_real, 15);
    bench_ratio("two threads, observe, prometheus-cpp / llmobs, integers", whole, peer_real, 15);
}

/* ---- finding a series ---------------------------------------------------------------------- */

static void check_lookups(const subject* to)
{
    uint32_t i;
    for (i = 0; i < SETS; i++) {
        llmobs_counter counter = llmobs_counter_get(to->many, sets[i], LABELS);
        if (counter.series != to->many_first + i) {
            bench_fail("a set of labels that is not its own series");
        }
    }
}

static void find(recording* mine)
{
    static bench_set set;
    bench_case* hot = bench_add(&set, "lookup by 4 labels, hot", lookup_hot, mine);
    bench_case* peer_hot = add_peer(&set, "prometheus-cpp, lookup, hot", PEER(peer_lookup_hot));
    bench_case* peer_kept =
        add_peer(&set, "prometheus-cpp, lookup, hot, Labels kept", PEER(peer_lookup_kept));
    bench_case* many = bench_add(&set, "lookup among 10,000", lookup_many, mine);
    bench_case* peer_many =
        add_peer(&set, "prometheus-cpp, lookup among 10,000", PEER(peer_lookup_many));
    uint32_t i;
    for (i = 0; i < set.count; i++) {
        set.cases[i].thread_time = true; /* the peer allocates */
    }
    bench_run(&set);
    print(hot);
    print(peer_hot);
    bench_ratio("lookup hot, prometheus-cpp / llmobs", hot, peer_hot, 8);
    bench_ratio("lookup hot, prometheus-cpp with Labels kept / llmobs", hot, peer_kept, 0);
    print(many);
    print(peer_many);
    bench_ratio("lookup among 10,000, prometheus-cpp / llmobs", many, peer_many, 4);
    check_lookups(mine->to);
}

/* ---- exposition ---------------------------------------------------------------------------- */

typedef struct exposing {
    llmobs* obs;
    char* text;
    size_t capacity;
    size_t size;
} exposing;

static void expose(void* context, uint32_t times)
{
    exposing* with = (exposing*)context;
    uint32_t i;
    for (i = 0; i < times; i++) {
        with->size = with->capacity;
        if (llmobs_prometheus_print(with->obs, LLMOBS_PROMETHEUS_TEXT, with->text, &with->size) !=
            LLMOBS_OK) {
            bench_fail("llmobs_prometheus_print");
        }
    }
}

static uint32_t lines_of(const char* text)
{
    uint32_t lines = 0;
    for (; (text = strchr(text, '\n')) != NULL; text++) {
        lines++;
    }
    return lines;
}

/* The same 10,000 counters as the peer's, which peer_open has filled. */
static void exposing_open(exposing* with)
{
    llmobs_config config = config_of(SETS);
    llmobs_metric metric;
    uint32_t i;
    with->obs = llmobs_open(&config, NULL);
    with->capacity = 1 << 21;
    with->text = (char*)malloc(with->capacity);
    if (with->obs == NULL || with->text == NULL) {
        bench_fail("llmobs_open");
    }
    memset(with->text, 0, with->capacity);
    metric = define(with->obs, "llm_tokens_total", LLMOBS_COUNTER, LLMOBS_NUMBER_INT, LABELS);
    for (i = 0; i < SETS; i++) {
        llmobs_counter_add(llmobs_counter_get(metric, sets[i], LABELS), 100000 + i);
    }
}

static void exposing_check(const exposing* with)
{
    const char* samples = strstr(with->text, "\nllm_tokens_total{");
    uint64_t sum = 0;
    uint32_t count = 0;
    for (; samples != NULL && samples[1] != '\0'; samples = strchr(samples + 1, '\n')) {
        const char* value = strstr(samples + 1, "} ");
        if (value == NULL) {
            break;
        }
        sum += strtoull(value + 2, NULL, 10);
        count++;
    }
    if (count != SETS || sum != (uint64_t)SETS * 100000 + (uint64_t)SETS * (SETS - 1) / 2) {
        bench_fail("the sum of what was exposed");
    }
}

static void print_gigabytes(const bench_case* one, size_t size, double least)
{
    int kind;
    char target[20];
    snprintf(target, sizeof(target), ">= %g", least);
    for (kind = 0; kind < BENCH_KINDS; kind++) {
        if (one->median[kind] != 0) {
            double rate = (double)size / one->median[kind];
            bench_line("exposition of 10,000 series", bench_kind_names[kind], rate, "GB/s", target,
                       rate >= least);
        }
    }
}

static void exposition(void)
{
    static bench_set set;
    static exposing with;
    bench_case *ours, *peer;
    exposing_open(&with);
    ours = bench_add(&set, "exposition of 10,000 series", expose, &with);
    peer = add_peer(&set, "prometheus-cpp, exposition of 10,000 series", PEER(peer_expose));
    ours->most_times = 1;
    ours->thread_time = true;
    if (peer != NULL) {
        peer->most_times = 1;
        peer->thread_time = true;
    }
    bench_run(&set);
    print(ours);
    print(peer);
    bench_ratio("exposition, prometheus-cpp / llmobs", ours, peer, 30);
    print_gigabytes(ours, with.size, 2);
    printf("# %zu bytes, %u lines\n", with.size, lines_of(with.text));
    exposing_check(&with);
#ifdef HAVE_PROMETHEUS
    printf("# prometheus-cpp: %zu bytes, %zu lines\n", peer_text_size(), peer_text_lines());
    if (peer_text_lines() != SETS + 2) { /* HELP, TYPE */
        bench_fail("what prometheus-cpp has exposed");
    }
#endif
    (void)llmobs_close(with.obs);
    free(with.text);
}

/* ---- a service's metrics: 2,000 series, 8 threads ------------------------------------------ */

#define SERVICE_COUNTERS 1000
#define SERVICE_NARROW 900 /* histograms of 7 bounds, */
#define SERVICE_WIDE 100   /* of 21 */
#define SERVICE_THREADS 8
#define SCRAPES 1500

typedef struct service {
    llmobs* obs;
    llmobs_counter counters[SERVICE_COUNTERS];
    llmobs_histogram histograms[SERVICE_NARROW + SERVICE_WIDE];
    uint32_t stop; /* atomic: the threads end */
    uint32_t touched; /* atomic: threads that have recorded into every series once */
    uint64_t rounds; /* atomic: through all series, by all threads */
} service;

static void service_open(service* to)
{
    static const double wide[21] = {0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1,  1.5,
                                    2,     3,    5,    7.5,  10,  15,  20,  30,  60,   120};
    llmobs_config config = llmobs_config_default();
    llmobs_metric_info info = llmobs_metric_info_default();
    llmobs_metric counters, narrow, other;
    uint32_t i;
    config.host_pumped = true;
    to->obs = llmobs_open(&config, NULL);
    counters = define(to->obs, "service_tokens_total", LLMOBS_COUNTER, LLMOBS_NUMBER_INT, LABELS);
    narrow = define(to->obs, "service_phase_seconds", LLMOBS_HISTOGRAM, LLMOBS_NUMBER_NANO, LABELS);
    info.name = "service_request_seconds";
    info.instrument = LLMOBS_HISTOGRAM;
    info.number = LLMOBS_NUMBER_NANO;
    info.labels = label_names;
    info.label_count = LABELS;
    info.bounds = wide;
    info.bound_count = 21;
    other = llmobs_metric_define(to->obs, &info, NULL);
    for (i = 0; i < SERVICE_COUNTERS; i++) {
        to->counters[i] = llmobs_counter_get(counters, sets[i], LABELS);
    }
    for (i = 0; i < SERVICE_NARROW + SERVICE_WIDE; i++) {
        to->histograms[i] =
            llmobs_histogram_get(i < SERVICE_NARROW ? narrow : other, sets[i], LABELS);
    }
}

static void service_round(service* to, uint32_t round)
{
    uint32_t i;
    for (i = 0; i < SERVICE_COUNTERS; i++) {
        llmobs_counter_add(to->counters[i], 1);
    }
    for (i = 0; i < SERVICE_NARROW + SERVICE_WIDE; i++) {
        llmobs_histogram_record_int(to->histograms[i], nanoseconds[(i + round) % VALUES]);
    }
}

/* A thread that records until it is told to stop, and goes through all series once at least. */
static void* service_run(void* argument)
{
    service* to = (service*)argument;
    uint32_t rounds = 0;
    do {
        service_round(to, rounds++);
        if (rounds == 1) {
            (void)__atomic_fetch_add(&to->touched, 1, __ATOMIC_RELEASE);
        }
    } while (__atomic_load_n(&to->stop, __ATOMIC_ACQUIRE) == 0);
    (void)__atomic_fetch_add(&to->rounds, rounds, __ATOMIC_RELEASE);
    return NULL;
}

/* Threads at work all at one time, so that each has cells of its own. */
static void service_start(service* to, pthread_t* threads, uint32_t count)
{
    uint32_t i;
    to->stop = 0;
    to->touched = 0;
    for (i = 0; i < count; i++) {
        elsewhere(&threads[i], service_run, to);
    }
    while (__atomic_load_n(&to->touched, __ATOMIC_ACQUIRE) < count) {
        (void)sched_yield();
    }
}

static void service_stop(service* to, const pthread_t* threads, uint32_t count)
{
    uint32_t i;
    __atomic_store_n(&to->stop, 1, __ATOMIC_RELEASE);
    for (i = 0; i < count; i++) {
        (void)pthread_join(threads[i], NULL);
    }
}

static void service_memory(const service* to)
{
    const llmobsi_recorder* recorder =
        llmobsi_places[LLMOBS_I_PLACE(llmobsi_ticket(to->obs))].recorder;
    const llmobsi_registry* registry = &recorder->registry;
    llmobsi_metric_totals totals;
    double whole = (double)llmobs_memory_of(NULL, LLMOBS_PILLAR_METRICS);
    double pages = (double)registry->cells.pages_used * sizeof(llmobsi_page);
    uint64_t shared = 0;
    uint32_t i;
    for (i = 0; i < registry->cells.warm; i++) {
        const llmobsi_atomic64* cell = llmobsi_cell_of(&registry->cells.shared, i);
        shared += cell != NULL ? *cell : 0;
    }
    llmobsi_metrics_total(registry, &totals);
    printf("# 2,000 series by %u threads: %.0f B of cells in %u of %u pages, %zu B of texts\n",
           recorder->threads_used, pages, registry->cells.pages_used, registry->cells.page_count,
           registry->text_used);
    bench_line("memory of metrics, default configuration", "", whole, "B", "<= 4194304",
               whole <= 4194304);
    bench_line("memory, 2,000 series and 8 threads: values", "", pages, "B", "<= 4194304",
               pages <= 4194304);
    bench_line("memory, 2,000 series and 8 threads: not in a thread's own cells", "",
               (double)shared, "values", "<= 0", shared == 0);
    if (totals.overflows + totals.dropped + totals.invalid + totals.saturated != 0) {
        bench_fail("2,000 series by 8 threads");
    }
}

static bool count_bytes(void* user, const char* data, size_t size)
{
    bench_keep(data);
    *(size_t*)user += size;
    return true;
}

static int compare_double(const void* a, const void* b)
{
    return bench_compare(a, b);
}

static void scrape(const service* to)
{
    static double walls[SCRAPES], processors[SCRAPES];
    size_t size = 0;
    uint32_t i;
    for (i = 0; i < SCRAPES; i++) {
        double wall = bench_ns(CLOCK_MONOTONIC);
        double processor = bench_ns(CLOCK_THREAD_CPUTIME_ID);
        size = 0;
        if (llmobs_prometheus_write(to->obs, LLMOBS_PROMETHEUS_TEXT, count_bytes, &size) !=
            LLMOBS_OK) {
            bench_fail("llmobs_prometheus_write");
        }
        processors[i] = (bench_ns(CLOCK_THREAD_CPUTIME_ID) - processor) * 1e-6;
        walls[i] = (bench_ns(CLOCK_MONOTONIC) - wall) * 1e-6;
    }
    qsort(walls, SCRAPES, sizeof(walls[0]), compare_double);
    qsort(processors, SCRAPES, sizeof(processors[0]), compare_double);
    printf("# a scrape of 2,000 series: %zu bytes\n", size);
    bench_line("scrape of 2,000 series while 2 threads record, p50", "", walls[SCRAPES / 2], "ms",
               NULL, true);
    bench_line("scrape of 2,000 series while 2 threads record, p99", "",
               walls[SCRAPES * 99 / 100], "ms", "< 1", walls[SCRAPES * 99 / 100] < 1);
    bench_line("the same, time of its processor, p99", "", processors[SCRAPES * 99 / 100], "ms",
               "< 1", processors[SCRAPES * 99 / 100] < 1);
}

static void service_check(const service* to)
{
    uint32_t i;
    for (i = 0; i < SERVICE_COUNTERS; i++) {
        if (llmobs_counter_read(to->counters[i]) != to->rounds) {
            bench_fail("a service's counter");
        }
    }
    for (i = 0; i < SERVICE_NARROW + SERVICE_WIDE; i++) {
        llmobs_histogram_stats stats;
        stats.size = sizeof(stats);
        if (llmobs_histogram_read(to->histograms[i], &stats) != LLMOBS_OK ||
            stats.count != to->rounds) {
            bench_fail("a service's histogram");
        }
    }
}

static void serve(void)
{
    static service of;
    pthread_t threads[SERVICE_THREADS];
    service_open(&of);
    service_start(&of, threads, SERVICE_THREADS);
    service_stop(&of, threads, SERVICE_THREADS);
    service_memory(&of);
    service_start(&of, threads, 2);
    scrape(&of);
    service_stop(&of, threads, 2);
    service_check(&of);
    (void)llmobs_close(of.obs);
}

/* ---- all ----------------------------------------------------------------------------------- */

static void check(const subject* to, const recording* mine, const recording* its)
{
    llmobs_histogram_stats stats;
    stats.size = sizeof(stats);
    if (llmobs_counter_read(to->counter) != mine->increments + its->increments ||
        llmobs_updown_read(to->updown) != (int64_t)(mine->updowns + its->updowns)) {
        bench_fail("the counters' sums");
    }
    if (llmobs_histogram_read(to->article, &stats) != LLMOBS_OK ||
        stats.count != mine->observations + its->observations) {
        bench_fail("the histogram's count");
    }
    if (llmobs_histogram_read(to->exponential, &stats) != LLMOBS_OK ||
        stats.count != mine->spreads) {
        bench_fail("the exponential histogram's count");
    }
    printf("# %llu increments, %llu observations: all there\n",
           (unsigned long long)(mine->increments + its->increments),
           (unsigned long long)(mine->observations + its->observations));
#ifdef HAVE_PROMETHEUS
    if (!peer_is_complete()) {
        bench_fail("prometheus-cpp's sums");
    }
#endif
}

#define COUNT_TIMES 1000
#define COUNT_ROUNDS 10

/* For an instruction counter such as callgrind: every call 10,000 times, nothing timed. */
static void count(recording* mine)
{
    static void (*const bodies[])(void*, uint32_t) = {
        increment, move_up, observe, observe_int, spread, lookup_hot, lookup_many};
    size_t i;
    int round;
    for (round = 0; round < COUNT_ROUNDS; round++) {
        for (i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
            bodies[i](mine, COUNT_TIMES);
        }
    }
}

static void open_peer(void)
{
#ifdef HAVE_PROMETHEUS
    static peer_plan plan;
    plan.labels = label_names;
    plan.sets = sets;
    plan.set_count = SETS;
    plan.order = order;
    plan.order_mask = sizeof(order) / sizeof(order[0]) - 1;
    plan.bounds = article_bounds;
    plan.bound_count = sizeof(article_bounds) / sizeof(article_bounds[0]);
    plan.values = seconds;
    plan.value_mask = VALUES - 1;
    peer_open(&plan);
#else
    printf("# skipped: prometheus-cpp\n");
#endif
}

int main(int argc, char** argv)
{
    static subject of;
    static recording mine, its;
    (void)sched_getaffinity(0, sizeof(all_processors), &all_processors);
    make_input();
    subject_open(&of);
    mine.to = its.to = &of;
    if (argc == 2 && strcmp(argv[1], "--count") == 0) {
        count(&mine);
        check(&of, &mine, &its);
        return 0;
    }
    open_peer();
    bench_start();
    record(&mine);
    record_by_two(&mine, &its);
    find(&mine);
    exposition();
    serve();
    check(&of, &mine, &its);
    return 0;
}

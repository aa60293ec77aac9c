/* Recording: counters, differences, gauges; by threads that come and go, in signal handlers, in a
   fork's child. */
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#if defined(_WIN32)
#define CALLS_ARE_POSIX 0
#else
#define CALLS_ARE_POSIX 1
#endif
#undef aligned_alloc /* windows/host.h has its own */
#undef free

/* What a recording call must not come to, counted wherever the library calls it. */
static __thread long forbidden;
#define pthread_mutex_lock(lock) (forbidden++, pthread_mutex_lock(lock))
#define pthread_mutex_trylock(lock) (forbidden++, pthread_mutex_trylock(lock))
#define pthread_cond_signal(condition) (forbidden++, pthread_cond_signal(condition))
#define pthread_cond_broadcast(condition) (forbidden++, pthread_cond_broadcast(condition))
#define malloc(size) (forbidden++, malloc(size))
#define calloc(count, size) (forbidden++, calloc(count, size))
#define realloc(memory, size) (forbidden++, realloc(memory, size))
#define aligned_alloc(alignment, size) (forbidden++, aligned_alloc(alignment, size))
#define free(memory) (forbidden++, free(memory))
#define syscall(...) (forbidden++, syscall(__VA_ARGS__))
#define sched_yield() (forbidden++, sched_yield())
#define LLMOBS_IMPLEMENTATION
#include "../llmobs.h"
#undef pthread_mutex_lock
#undef pthread_mutex_trylock
#undef pthread_cond_signal
#undef pthread_cond_broadcast
#undef malloc
#undef calloc
#undef realloc
#undef aligned_alloc
#undef free
#undef syscall
#undef sched_yield
#include "tap.h"

#include "keeper.h"
#include "meter.h"

#include <math.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>

static const double tens[] = {10.0, 20.0, 30.0};

/* One metric of each kind, and a series of each. */
typedef struct meters {
    llmobs* obs;
    llmobs_metric requests;
    llmobs_counter counter;
    llmobs_updown updown;
    llmobs_gauge gauge;
    llmobs_histogram explicit_one;
    llmobs_histogram exponential;
} meters;

static meters meters_open(const llmobs_config* config)
{
    meters m;
    const char* value = "a";
    m.obs = open_metered(config);
    m.requests = define_with(m.obs, "requests", "l", LLMOBS_COUNTER, LLMOBS_NUMBER_INT);
    m.counter = llmobs_counter_get(m.requests, &value, 1);
    m.updown = llmobs_updown_get(
        define_with(m.obs, "running", NULL, LLMOBS_UPDOWN, LLMOBS_NUMBER_INT), NULL, 0);
    m.gauge = llmobs_gauge_get(
        define_with(m.obs, "level", NULL, LLMOBS_GAUGE, LLMOBS_NUMBER_DOUBLE), NULL, 0);
    m.explicit_one =
        llmobs_histogram_get(define_bounds(m.obs, "sizes", LLMOBS_NUMBER_INT, tens, 3), NULL, 0);
    m.exponential = llmobs_histogram_get(define_with(m.obs, "times", NULL,
                                                     LLMOBS_HISTOGRAM_EXPONENTIAL,
                                                     LLMOBS_NUMBER_NANO),
                                         NULL, 0);
    return m;
}

static llmobs_histogram_stats stats_in(llmobs_histogram histogram)
{
    llmobs_histogram_stats read;
    read.size = sizeof read;
    (void)llmobs_histogram_read(histogram, &read);
    return read;
}

/* ---- values -------------------------------------------------------------------------------- */

static void test_counter(void)
{
    llmobs_config config = metered_config();
    meters m = meters_open(&config);
    llmobs_counter cost = llmobs_counter_get(
        define_with(m.obs, "cost", NULL, LLMOBS_COUNTER, LLMOBS_NUMBER_NANO), NULL, 0);
    llmobs_counter_add(m.counter, 1);
    llmobs_counter_add(m.counter, 41);
    llmobs_counter_add(m.counter, 0);
    is_int(llmobs_counter_read(m.counter), 42, "a counter adds up");
    llmobs_counter_add(m.counter, (uint64_t)INT64_MAX + 1);
    llmobs_counter_add(m.counter, UINT64_MAX);
    llmobs_counter_add(m.counter, (uint64_t)-5);
    is_int(llmobs_counter_read(m.counter), 42, "negative amounts in disguise are not added");
    is_int(stats_of(m.obs).metric_invalid, 3, "but counted");
    is_int(stats_of(m.obs).metric_saturated, 0, "as what they are");
    llmobs_counter_add(m.counter, (uint64_t)INT64_MAX - 42);
    is_int(llmobs_counter_read(m.counter), INT64_MAX, "up to the end");
    is_int(stats_of(m.obs).metric_saturated, 0, "nothing is lost");
    llmobs_counter_add(m.counter, 1);
    llmobs_counter_add(m.counter, (uint64_t)INT64_MAX);
    llmobs_counter_add(m.counter, 0);
    is_int(llmobs_counter_read(m.counter), INT64_MAX, "where it stays");
    is_int(stats_of(m.obs).metric_saturated, 2, "and each addition that did not fit is counted");
    is_str(sample_now(m.obs, "requests_total{l=\"a\"}"), "9223372036854775807", "as text");
    llmobs_counter_add(cost, UINT64_C(1234567890));
    is_str(sample_now(m.obs, "cost_total"), "1.23456789", "billionths are exact");
    ok(llmobs_close(m.obs) == LLMOBS_OK, "close");
}

static void test_updown(void)
{
    llmobs_config config = metered_config();
    meters m = meters_open(&config);
    llmobs_updown_add(m.updown, 5);
    llmobs_updown_add(m.updown, -7);
    is_int(llmobs_updown_read(m.updown), -2, "differences go both ways");
    is_str(sample_now(m.obs, "running"), "-2", "as text");
    llmobs_updown_add(m.updown, INT64_MIN + 2);
    is_int(llmobs_updown_read(m.updown), INT64_MIN, "down to the least number");
    is_int(stats_of(m.obs).metric_saturated, 0, "exactly");
    llmobs_updown_add(m.updown, -1);
    is_int(llmobs_updown_read(m.updown), INT64_MIN, "where it stays");
    is_int(stats_of(m.obs).metric_saturated, 1, "which is counted");
    llmobs_updown_add(m.updown, INT64_MAX);
    llmobs_updown_add(m.updown, INT64_MAX);
    is_int(llmobs_updown_read(m.updown), INT64_MAX - 1, "and up");
    llmobs_updown_add(m.updown, 1);
    is_int(llmobs_updown_read(m.updown), INT64_MAX, "up to the largest");
    is_int(stats_of(m.obs).metric_saturated, 1, "exactly");
    llmobs_updown_add(m.updown, INT64_MAX);
    is_int(llmobs_updown_read(m.updown), INT64_MAX, "where it stays");
    is_int(stats_of(m.obs).metric_saturated, 2, "which is counted, too");
    (void)llmobs_close(m.obs);
}

static void test_gauge(void)
{
    llmobs_config config = metered_config();
    meters m = meters_open(&config);
    is_str(sample_now(m.obs, "level"), "0", "a gauge is 0 at first");
    llmobs_gauge_set(m.gauge, 1.5);
    llmobs_gauge_set(m.gauge, -2.25);
    ok(llmobs_gauge_read(m.gauge) <= -2.25 && llmobs_gauge_read(m.gauge) >= -2.25,
       "the last value counts");
    is_str(sample_now(m.obs, "level"), "-2.25", "as text");
    llmobs_gauge_set(m.gauge, (double)INFINITY);
    is_str(sample_now(m.obs, "level"), "+Inf", "infinity is a value");
    llmobs_gauge_set(m.gauge, -(double)INFINITY);
    is_str(sample_now(m.obs, "level"), "-Inf", "also the other one");
    llmobs_gauge_set(m.gauge, (double)NAN);
    is_str(sample_now(m.obs, "level"), "NaN", "and so is NaN");
    ok(isnan(llmobs_gauge_read(m.gauge)), "read as it is");
    is_int(stats_of(m.obs).metric_invalid, 0, "nothing of that is invalid");
    (void)llmobs_close(m.obs);
}

/* ---- gauges that are asked for ------------------------------------------------------------- */

typedef struct asked {
    llmobs* obs;
    llmobs_counter counter;
    double value;
    int calls;
    llmobs_result flush;
    llmobs_result close;
    llmobs_result add;
} asked;

static double answer(void* user)
{
    asked* a = (asked*)user;
    a->calls++;
    a->flush = llmobs_flush(a->obs, 10);
    a->close = llmobs_close(a->obs);
    a->add = llmobs_export_to(a->obs, keep, NULL);
    llmobs_counter_add(a->counter, 1);
    return a->value;
}

static void test_callback(void)
{
    llmobs_config config = metered_config();
    meters m = meters_open(&config);
    llmobs_metric_info info = info_of("asked", LLMOBS_GAUGE_CALLBACK, LLMOBS_NUMBER_DOUBLE);
    llmobs_metric metric;
    asked a;
    memset(&a, 0, sizeof a);
    a.obs = m.obs;
    a.counter = m.counter;
    a.value = 7.5;
    info.callback = answer;
    info.callback_user = &a;
    metric = define_info(m.obs, &info);
    is_str(sample_now(m.obs, "asked"), "7.5", "a gauge is asked for its value");
    is_int(a.calls, 1, "once a reading");
    is_int(a.flush, LLMOBS_ERROR_BUSY, "it can't flush");
    is_int(a.close, LLMOBS_ERROR_BUSY, "nor close");
    is_int(a.add, LLMOBS_ERROR_BUSY, "nor add exporters");
    is_int(llmobs_counter_read(m.counter), 1, "what it records counts");
    a.value = (double)NAN;
    is_str(sample_now(m.obs, "asked"), "(none)", "NaN: no value now");
    a.value = -(double)NAN;
    is_str(sample_now(m.obs, "asked"), "(none)", "with either sign");
    a.value = (double)INFINITY;
    is_str(sample_now(m.obs, "asked"), "+Inf", "infinity is one");
    is_int(llmobs_gauge_get(metric, NULL, 0).instance, 0, "nobody can set it");
    is_int(stats_of(m.obs).metric_misused, 1, "which is counted");
    is_int(llmobs_flush(m.obs, 10), LLMOBS_OK, "outside of it, all is as ever");
    is_int(llmobs_close(m.obs), LLMOBS_OK, "close");
}

/* ---- handles ------------------------------------------------------------------------------- */

static void use_all(meters m)
{
    llmobs_counter_add(m.counter, 1);
    llmobs_updown_add(m.updown, 1);
    llmobs_gauge_set(m.gauge, 1.0);
    llmobs_histogram_record(m.explicit_one, 1.0);
    llmobs_histogram_record_int(m.explicit_one, 1);
    llmobs_histogram_record(m.exponential, 1.0);
    llmobs_histogram_record_int(m.exponential, 1000000000);
}

static bool reads_nothing(meters m)
{
    llmobs_histogram_stats read;
    read.size = sizeof read;
    return llmobs_counter_read(m.counter) == 0 && llmobs_updown_read(m.updown) == 0 &&
           llmobs_gauge_read(m.gauge) == 0.0 &&
           llmobs_histogram_read(m.explicit_one, &read) == LLMOBS_ERROR_CLOSED &&
           read.count == 0 && llmobs_histogram_quantile(m.exponential, 0.5).count == 0;
}

static void test_inert(void)
{
    llmobs_config config = metered_config();
    meters old = meters_open(&config);
    meters fresh;
    meters none;
    const char* value = "b";
    int round;
    memset(&none, 0, sizeof none);
    use_all(none);
    ok(reads_nothing(none), "zeroed handles are inert");
    is_int(llmobs_counter_get(none.requests, &value, 1).instance, 0, "so is a zeroed metric");
    ok(!llmobs_series_remove(none.requests, &value, 1), "to be removed");
    is_int(llmobs_metric_allow(none.requests, "l", &value, 1), LLMOBS_ERROR_CLOSED,
           "or to be limited");
    use_all(old);
    is_int(stats_of(old.obs).metric_misused, 0, "and nobody counts that");
    (void)llmobs_close(old.obs);
    use_all(old);
    ok(reads_nothing(old), "handles of a closed instance are inert");
    is_int(llmobs_counter_get(old.requests, &value, 1).instance, 0, "its metrics, too");
    is_int(llmobs_metric_find(old.obs, "requests").number, 0, "nothing is found there");
    for (round = 0; round < 20; round++) { /* every place once at least */
        fresh = meters_open(&config);
        use_all(old);
        (void)llmobs_counter_get(old.requests, &value, 1);
        ok(reads_nothing(old) && llmobs_counter_read(fresh.counter) == 0 &&
               stats_in(fresh.explicit_one).count == 0 && stats_of(fresh.obs).metric_misused == 0,
           "in an instance that is opened after it, they are inert");
        (void)llmobs_close(fresh.obs);
    }
}

static void test_two_instances(void)
{
    llmobs_config config = metered_config();
    meters one = meters_open(&config);
    meters two = meters_open(&config);
    use_all(one);
    use_all(two);
    use_all(two);
    is_int(llmobs_counter_read(one.counter), 1, "each instance counts its own");
    is_int(llmobs_counter_read(two.counter), 2, "whatever the other does");
    is_int(stats_in(one.exponential).count, 2, "histograms, too");
    is_int(stats_in(two.exponential).count, 4, "of both");
    (void)llmobs_close(one.obs);
    use_all(one);
    use_all(two);
    is_int(llmobs_counter_read(two.counter), 3, "and goes on when the other is closed");
    (void)llmobs_close(two.obs);
}

static void test_misused(void)
{
    static const char* const values[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i"};
    static const llmobs_label good[] = {{"l", "a"}};
    static const llmobs_label wrong[] = {{"m", "a"}};
    static const llmobs_label twice[] = {{"l", "a"}, {"l", "a"}};
    static const llmobs_label nameless[] = {{NULL, "a"}};
    static const llmobs_label valueless[] = {{"l", NULL}};
    llmobs_config config = metered_config();
    meters m = meters_open(&config);
    llmobs* obs = m.obs;
    llmobs_metric metric = m.requests;
    is_int(llmobs_counter_get(metric, NULL, 0).instance, 0, "too few values");
    is_int(llmobs_counter_get(metric, values, 2).instance, 0, "too many");
    is_int(llmobs_counter_get(metric, values, 9).instance, 0, "far too many");
    is_int(llmobs_counter_get(metric, NULL, 1).instance, 0, "none where one is said to be");
    is_int(llmobs_updown_get(metric, values, 1).instance, 0, "not that instrument");
    is_int(llmobs_gauge_get(metric, values, 1).instance, 0, "nor that");
    is_int(llmobs_histogram_get(metric, values, 1).instance, 0, "nor that");
    is_int(stats_of(obs).metric_misused, 7, "seven mistakes are counted");
    is_int(llmobs_counter_find(obs, "nobody", NULL, 0).instance, 0, "no such metric");
    is_int(llmobs_counter_find(obs, NULL, NULL, 0).instance, 0, "no name");
    is_int(llmobs_counter_find(obs, "requests", wrong, 1).instance, 0, "no such label");
    is_int(llmobs_counter_find(obs, "requests", twice, 2).instance, 0, "a label twice");
    is_int(llmobs_counter_find(obs, "requests", nameless, 1).instance, 0, "a label without name");
    is_int(llmobs_counter_find(obs, "requests", NULL, 1).instance, 0, "labels that are not there");
    is_int(llmobs_gauge_find(obs, "requests", good, 1).instance, 0, "not that instrument");
    is_int(stats_of(obs).metric_misused, 14, "seven more");
    is_int(llmobs_counter_find(NULL, "requests", good, 1).instance, 0, "no instance");
    is_int(stats_of(obs).metric_misused, 14, "is nobody's mistake");
    is_int(llmobs_counter_find(obs, "requests", good, 1).series, m.counter.series,
           "by name it is the same series");
    ok(llmobs_counter_find(obs, "requests", valueless, 1).series ==
           llmobs_counter_find(obs, "requests", NULL, 0).series,
       "a label without value, or not given, is empty");
    ok(llmobs_updown_find(obs, "running", NULL, 0).instance != 0 &&
           llmobs_gauge_find(obs, "level", NULL, 0).instance != 0 &&
           llmobs_histogram_find(obs, "sizes", NULL, 0).instance != 0 &&
           llmobs_histogram_find(obs, "times", NULL, 0).instance != 0,
       "the other instruments are found likewise");
    is_int(stats_of(obs).metric_misused, 14, "and none of that is a mistake");
    (void)llmobs_close(obs);
}

/* ---- the way of a recording call ----------------------------------------------------------- */

static void test_quick(void)
{
    llmobs_config config = metered_config();
    meters m = meters_open(&config);
    const char* value = "a";
    long before;
    int i;
    use_all(m);
    before = forbidden;
    for (i = 0; i < 1000; i++) {
        use_all(m);
        llmobs_histogram_record(m.exponential, 1e-9 * (double)(i * i * i + 1)); /* it moves */
        llmobs_counter_add(m.counter, UINT64_MAX);
        llmobs_counter_add(llmobs_counter_get(m.requests, &value, 1), 1);
        (void)llmobs_counter_read(m.counter);
        (void)llmobs_histogram_quantile(m.exponential, 0.5);
    }
    is_int(forbidden - before, 0, "no lock, no allocation, no system call");
    value = "new";
    (void)llmobs_counter_get(m.requests, &value, 1);
    is_int(forbidden - before, 1, "which would be seen: a new series takes a lock");
    (void)llmobs_close(m.obs);
}

/* ---- threads ------------------------------------------------------------------------------- */

typedef struct worker {
    meters m;
    long rounds;
    pthread_barrier_t* together; /* NULL: none */
} worker;

static void* work(void* argument)
{
    worker* self = (worker*)argument;
    long i;
    if (self->together != NULL) {
        llmobs_counter_add(self->m.counter, 0);
        (void)pthread_barrier_wait(self->together);
    }
    for (i = 0; i < self->rounds; i++) {
        llmobs_counter_add(self->m.counter, 3);
        llmobs_updown_add(self->m.updown, (i & 1) != 0 ? -2 : 2);
        llmobs_histogram_record_int(self->m.explicit_one, (uint64_t)(i % 40));
        llmobs_histogram_record_int(self->m.exponential, (uint64_t)(i % 1000 + 1));
    }
    return NULL;
}

/* What `rounds` in all, each thread's even, have come to. */
static void expect_totals(meters m, uint64_t threads, uint64_t rounds, const char* what)
{
    llmobs_histogram_stats sizes = stats_in(m.explicit_one);
    llmobs_histogram_stats times = stats_in(m.exponential);
    uint64_t dropped = stats_of(m.obs).metric_dropped;
    uint64_t sum = 0;
    uint64_t i;
    for (i = 0; i < rounds; i++) {
        sum += i % 40;
    }
    is_int(llmobs_counter_read(m.counter), 3 * threads * rounds, what);
    is_int(llmobs_updown_read(m.updown), 0, "what goes up and down is as before");
    is_int(sizes.count, threads * rounds, "a histogram has all values");
    ok(sizes.sum >= (double)(threads * sum) && sizes.sum <= (double)(threads * sum),
       "and their sum");
    is_int(times.count + dropped, threads * rounds, "an exponential one has them, or counts them");
    printf("# %llu dropped\n", (unsigned long long)dropped);
}

static void run_threads(const llmobs_config* config, int threads, long rounds, bool together,
                        const char* what)
{
    meters m = meters_open(config);
    pthread_barrier_t barrier;
    pthread_t ids[16];
    worker self;
    int i;
    self.m = m;
    self.rounds = rounds;
    self.together = together ? &barrier : NULL;
    (void)pthread_barrier_init(&barrier, NULL, (unsigned)threads);
    for (i = 0; i < threads; i++) {
        (void)pthread_create(&ids[i], NULL, work, &self);
    }
    for (i = 0; i < threads; i++) {
        (void)pthread_join(ids[i], NULL);
    }
    (void)pthread_barrier_destroy(&barrier);
    expect_totals(m, (uint64_t)threads, (uint64_t)rounds, what);
    (void)llmobs_close(m.obs);
}

static void test_threads(void)
{
    llmobs_config config = metered_config();
    long rounds = sized(40000) & ~1L;
    run_threads(&config, 4, rounds, true, "threads add up");
    config.max_threads = 2;
    run_threads(&config, 8, rounds, true, "more threads than max_threads add up");
    config.max_threads = 16;
    config.metric_bytes = 65536;
    run_threads(&config, 12, rounds, true, "threads without a page add up");
}

/* Threads that end leave what they have counted, and whoever comes goes on with it. */
static void test_heirs(void)
{
    llmobs_config config = metered_config();
    meters m;
    worker self;
    uint64_t pages = 0;
    uint64_t last = 0;
    bool grows = true;
    int i;
    config.max_threads = 3;
    m = meters_open(&config);
    self.m = m;
    self.rounds = 100;
    self.together = NULL;
    for (i = 0; i < 50; i++) {
        pthread_t id;
        (void)pthread_create(&id, NULL, work, &self);
        (void)pthread_join(id, NULL);
        grows &= llmobs_counter_read(m.counter) == last + 300;
        last = llmobs_counter_read(m.counter);
        if (i == 0) {
            pages = stats_of(m.obs).metric_bytes_used;
        }
    }
    ok(grows, "no count falls when a thread ends");
    expect_totals(m, 50, 100, "what dead threads counted counts");
    is_int(stats_of(m.obs).metric_dropped, 0, "all of it");
    is_int(stats_of(m.obs).metric_bytes_used, pages, "in pages that are inherited");
    (void)llmobs_close(m.obs);
}

/* A thread's first touch finds no page: its additions go to the shared row, as do later ones. */
static void test_no_page(void)
{
    llmobs_config config = metered_config();
    meters m;
    config.metric_bytes = 65536;
    m = meters_open(&config);
    llmobs_counter_add(m.counter, 5);
    llmobsi_store_relaxed(&registry_of(m.obs)->cells.pages_used,
                          registry_of(m.obs)->cells.page_count);
    {
        worker self;
        pthread_t id;
        self.m = m;
        self.rounds = 1000;
        self.together = NULL;
        (void)pthread_create(&id, NULL, work, &self);
        (void)pthread_join(id, NULL);
    }
    is_int(llmobs_counter_read(m.counter), 3005, "without a page of its own, a thread counts");
    is_int(llmobs_updown_read(m.updown), 0, "differences, too");
    is_int(stats_in(m.explicit_one).count, 1000, "and histograms");
    is_int(stats_in(m.exponential).count, 1000, "of both kinds");
    llmobs_counter_add(m.counter, (uint64_t)INT64_MAX);
    is_int(llmobs_counter_read(m.counter), INT64_MAX, "rows that sum to too much stop there");
    (void)llmobs_close(m.obs);
}

/* ---- signals ------------------------------------------------------------------------------- */

static meters signalled;
static volatile sig_atomic_t handled;

static void handle(int number)
{
    (void)number;
    llmobs_counter_add(signalled.counter, 1);
    llmobs_updown_add(signalled.updown, 1);
    llmobs_histogram_record_int(signalled.explicit_one, 15);
    llmobs_histogram_record_int(signalled.exponential, 15);
    handled++;
}

typedef struct target {
    pthread_t thread;
    llmobsi_atomic32 stop;
    long sent;
} target;

static void* shoot(void* argument)
{
    target* at = (target*)argument;
    while (llmobsi_load_relaxed(&at->stop) == 0) {
        (void)pthread_kill(at->thread, SIGUSR1);
        at->sent++;
        (void)usleep(20);
    }
    return NULL;
}

static void test_signals(void)
{
    llmobs_config config = metered_config();
    struct sigaction action;
    target at;
    pthread_t shooter;
    const char* value = "a";
    uint64_t rounds = 0;
    long wanted = sized(3000);
    llmobs_stats stats;
    memset(&action, 0, sizeof action);
    memset(&at, 0, sizeof at);
    signalled = meters_open(&config);
    action.sa_handler = handle;
    action.sa_flags = SA_RESTART;
    (void)sigaction(SIGUSR1, &action, NULL);
    at.thread = pthread_self();
    (void)pthread_create(&shooter, NULL, shoot, &at);
    while (handled < wanted) {
        int i;
        for (i = 0; i < 100; i++, rounds++) {
            llmobs_counter_add(signalled.counter, 1);
            llmobs_updown_add(signalled.updown, 1);
            llmobs_histogram_record_int(signalled.explicit_one, 5);
            llmobs_histogram_record_int(signalled.exponential, rounds % 4096 + 1);
            (void)llmobs_counter_get(signalled.requests, &value, 1);
        }
    }
    llmobsi_store_relaxed(&at.stop, 1);
    (void)pthread_join(shooter, NULL);
    (void)signal(SIGUSR1, SIG_IGN);
    stats = stats_of(signalled.obs);
    rounds += (uint64_t)handled;
    is_int(llmobs_counter_read(signalled.counter), rounds, "handlers and the rest add up");
    is_int(llmobs_updown_read(signalled.updown), rounds, "differences, too");
    is_int(stats_in(signalled.explicit_one).count, rounds, "and histograms");
    is_int(stats_in(signalled.exponential).count + stats.metric_dropped, rounds,
           "exponential ones with what they say was dropped");
    is_int(stats.metric_overflows, 0, "a series that is there is found by handlers, too");
    printf("# %d signals, %llu values dropped\n", (int)handled,
           (unsigned long long)stats.metric_dropped);
    (void)llmobs_close(signalled.obs);
}

/* A handler that interrupted a call of ours can't wait for the lock: with the busy flag up. */
static void test_handler_series(void)
{
    llmobs_config config = metered_config();
    meters m = meters_open(&config);
    const char* value = "new";
    const char* known = "a";
    llmobs_counter counter;
    llmobs_result result;
    llmobs_metric_info info = info_of("late", LLMOBS_GAUGE, LLMOBS_NUMBER_INT);
    use_all(m);
    llmobsi_raise(llmobsi_self);
    counter = llmobs_counter_get(m.requests, &value, 1);
    llmobs_counter_add(counter, 5);
    llmobs_counter_add(llmobs_counter_get(m.requests, &known, 1), 5);
    is_int(llmobs_metric_define(m.obs, &info, &result).number, 0, "in a handler, none is defined");
    is_int(result, LLMOBS_ERROR_BUSY, "but later");
    is_int(llmobs_metric_allow(m.requests, "l", &value, 1), LLMOBS_ERROR_BUSY, "or limited");
    ok(!llmobs_series_remove(m.requests, &known, 1), "nor a series removed");
    llmobsi_lower(llmobsi_self);
    is_int(stats_of(m.obs).metric_overflows, 1, "a new series in a handler is the overflow's");
    is_int(llmobs_counter_read(m.counter), 6, "one that is there is itself");
    is_str(sample_now(m.obs, "requests_total{otel_metric_overflow=\"true\"}"), "5",
           "and nothing is lost");
    (void)llmobs_close(m.obs);
}

/* ---- fork ---------------------------------------------------------------------------------- */

static int child_of_fork(meters m)
{
    const char* known = "a";
    const char* other = "b";
    int bad = 0;
    bad |= llmobs_counter_read(m.counter) != 0 ? 1 : 0;
    llmobs_counter_add(m.counter, 2);
    llmobs_updown_add(m.updown, 2);
    llmobs_histogram_record_int(m.explicit_one, 2);
    llmobs_histogram_record_int(m.exponential, 2);
    bad |= llmobs_counter_read(m.counter) != 2 || llmobs_updown_read(m.updown) != 2 ? 2 : 0;
    bad |= stats_in(m.explicit_one).count != 1 || stats_in(m.exponential).count != 1 ? 4 : 0;
    bad |= llmobs_counter_get(m.requests, &known, 1).series != m.counter.series ? 8 : 0;
    llmobs_counter_add(llmobs_counter_get(m.requests, &other, 1), 9);
    bad |= strcmp(sample_now(m.obs, "requests_total{l=\"b\"}"), "9") != 0 ? 16 : 0;
    bad |= strcmp(sample_now(m.obs, "requests_total{l=\"a\"}"), "2") != 0 ? 32 : 0;
    bad |= strcmp(sample_now(m.obs, "requests_total{l=\"gone\"}"), "(none)") != 0 ? 64 : 0;
    bad |= stats_of(m.obs).metric_invalid != 0 || stats_of(m.obs).metric_misused != 0 ? 128 : 0;
    return bad;
}

static void test_fork(bool early)
{
    llmobs_config config = metered_config();
    meters m = meters_open(&config);
    const char* gone = "gone";
    worker self;
    pthread_t id;
    pid_t child;
    int status = -1;
    self.m = m;
    self.rounds = 100;
    self.together = NULL;
    if (!early) {
        use_all(m);
        (void)pthread_create(&id, NULL, work, &self);
        (void)pthread_join(id, NULL);
        llmobs_counter_add(m.counter, UINT64_MAX);
        (void)llmobs_counter_get(m.requests, NULL, 0);
        llmobs_counter_add(llmobs_counter_get(m.requests, &gone, 1), 1);
        (void)llmobs_series_remove(m.requests, &gone, 1);
    }
    child = fork();
    if (child == 0) {
        _exit(child_of_fork(m) & 0xff);
    }
    (void)waitpid(child, &status, 0);
    is_int(WIFEXITED(status) ? WEXITSTATUS(status) : -1, 0, "a child counts from zero");
    is_int(llmobs_counter_read(m.counter), early ? 0 : 301, "and the parent as before");
    is_int(stats_in(m.explicit_one).count, early ? 0 : 102, "its histograms, too");
    is_int(stats_of(m.obs).metric_invalid, early ? 0 : 1, "and what it says of itself");
    use_all(m);
    is_int(llmobs_counter_read(m.counter), early ? 1 : 302, "and on");
    (void)llmobs_close(m.obs);
}

/* ---- off ----------------------------------------------------------------------------------- */

static void test_off(void)
{
    llmobs_config config = metered_config();
    llmobs_metric_info info = info_of("m", LLMOBS_COUNTER, LLMOBS_NUMBER_INT);
    llmobs_result result = LLMOBS_OK;
    llmobs* obs;
    meters m;
    config.metric_series = LLMOBS_OFF;
    obs = open_metered(&config);
    memset(&m, 0, sizeof m);
    m.requests = llmobs_metric_define(obs, &info, &result);
    is_int(m.requests.number, 0, "switched off, nothing is defined");
    is_int(result, LLMOBS_ERROR_CLOSED, "and it says so");
    is_int(llmobs_metric_find(obs, "m").number, 0, "nothing is found");
    m.counter = llmobs_counter_get(m.requests, NULL, 0);
    m.updown = llmobs_updown_find(obs, "m", NULL, 0);
    use_all(m);
    ok(reads_nothing(m), "every handle is inert");
    is_int(llmobs_close(obs), LLMOBS_OK, "close");
}

int main(void)
{
    test_counter();
    test_updown();
    test_gauge();
    test_callback();
    test_inert();
    test_two_instances();
    test_misused();
    if (CALLS_ARE_POSIX) {
        test_quick();
    } else {
        skip("no lock, no allocation, no system call", "its calls have other names");
    }
    test_threads();
    test_heirs();
    test_no_page();
    if (!skipped_without_fork("signals, forks")) {
        test_signals();
        test_handler_series();
        test_fork(false);
        test_fork(true);
    }
    test_off();
    (void)llmobs_release();
    return done();
}

/* Signals in the middle of everything: timers shoot at all threads, and their handler records
   spans, log records, metrics and requests. Nobody waits for himself, nothing is torn, what is
   dropped is counted as `signal`, and what metrics add up is exact. Then the same between any two
   instructions. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "llmobs_private.h"
#include "tap.h"

#include "keeper.h"

#include <errno.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/syscall.h>
#endif

#define SECONDS 120 /* who takes longer hangs */

/* ---- what is recorded, in a handler or not ------------------------------------------------- */

/* What was asked for; any thread and its handlers add. */
static struct {
    llmobsi_atomic64 records; /* spans and log records that must be in the account */
    llmobsi_atomic64 added;   /* to the counter                                    */
    llmobsi_atomic64 observed; /* by the histogram                                 */
    llmobsi_atomic64 labelled; /* by counters with labels                          */
    llmobsi_atomic64 requests;
} asked;

static llmobs* obs;
static llmobs_counter counter;
static llmobs_histogram histogram;
static llmobs_metric labelled;
static llmobs_request long_request;

static void ask(llmobsi_atomic64* what)
{
    (void)llmobsi_add_relaxed(what, 1);
}

static void do_span(unsigned turn)
{
    llmobs_span span = llmobs_span_root(obs, "span");
    ask(&asked.records);
    llmobs_span_set_int(span, "n", turn);
    llmobs_span_end(span);
}

static void do_log(unsigned turn)
{
    (void)turn;
    ask(&asked.records);
    llmobs_log(obs, LLMOBS_SEVERITY_WARN, "shot", "a body");
}

static void do_counter(unsigned turn)
{
    (void)turn;
    ask(&asked.added);
    llmobs_counter_add(counter, 1);
}

static void do_histogram(unsigned turn)
{
    ask(&asked.observed);
    llmobs_histogram_record(histogram, (double)(turn % 100 + 1));
}

static void do_token(unsigned turn)
{
    (void)turn;
    llmobs_request_token(long_request);
}

/* A series that may be new: its lock is what a handler must not wait for. */
static void do_labels(unsigned turn)
{
    char value[2] = {(char)('a' + turn % 26), '\0'};
    const char* values[1] = {value};
    ask(&asked.labelled);
    llmobs_counter_add(llmobs_counter_get(labelled, values, 1), 1);
}

static void do_request(unsigned turn)
{
    llmobs_request_info info = llmobs_request_info_default();
    llmobs_request request;
    info.model = "m";
    info.session_id = turn % 2 == 0 ? "session" : NULL;
    request = llmobs_request_begin(obs, &info);
    ask(&asked.requests);
    llmobs_request_token(request);
    llmobs_request_end(request, NULL);
}

static void (*const deeds[])(unsigned turn) = {do_span,  do_log,    do_counter, do_histogram,
                                               do_token, do_labels, do_request};
enum { DEEDS = sizeof deeds / sizeof deeds[0] };

static llmobsi_atomic64 shots;

static void on_shot(int number)
{
    int before = errno;
    unsigned turn = (unsigned)llmobsi_add_relaxed(&shots, 1);
    (void)number;
    deeds[turn % DEEDS](turn);
    errno = before;
}

static void handle(int number)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_shot;
    action.sa_flags = SA_RESTART;
    (void)sigaction(number, &action, NULL);
}

/* ---- the instance -------------------------------------------------------------------------- */

static void open_target(keeper* kept, bool pumped)
{
    llmobs_config config = pumped_config();
    llmobs_metric_info metric = llmobs_metric_info_default();
    static const char* const labels[1] = {"letter"};
    memset(&asked, 0, sizeof asked);
    llmobsi_store_relaxed(&shots, 0);
    config.host_pumped = pumped;
    config.tick_ms = 1;
    config.span_slots = 16384;
    config.queue_bytes = 1 << 22;
    config.requests = 1024;
    obs = open_kept(&config, kept);
    kept->forget = true;
    metric.instrument = LLMOBS_COUNTER;
    metric.name = "added";
    counter = llmobs_counter_get(llmobs_metric_define(obs, &metric, NULL), NULL, 0);
    metric.name = "labelled";
    metric.labels = labels;
    metric.label_count = 1;
    labelled = llmobs_metric_define(obs, &metric, NULL);
    metric.name = "observed";
    metric.instrument = LLMOBS_HISTOGRAM_EXPONENTIAL;
    metric.number = LLMOBS_NUMBER_DOUBLE;
    metric.label_count = 0;
    histogram = llmobs_histogram_get(llmobs_metric_define(obs, &metric, NULL), NULL, 0);
    long_request = llmobs_request_begin(obs, NULL);
}

typedef struct sums {
    uint64_t added;
    uint64_t observed;
    uint64_t labelled;
} sums;

static bool sum_up(void* user, const llmobs_batch* batch)
{
    sums* s = (sums*)user;
    size_t i;
    size_t k;
    for (i = 0; i < batch->metric_count; i++) {
        const llmobs_metric_view* metric = &batch->metrics[i];
        for (k = 0; k < metric->point_count; k++) {
            const llmobs_point_view* point = &metric->points[k];
            const char* name = metric->name.data;
            uint64_t sum = (uint64_t)point->value.integer;
            s->added += strcmp(name, "added") == 0 ? sum : 0;
            s->labelled += strcmp(name, "labelled") == 0 ? sum : 0;
            s->observed += strcmp(name, "observed") == 0 ? point->count : 0;
        }
    }
    return true;
}

/* Values that an exponential histogram could not take: one writer at a time has its shared part. */
static uint64_t values_dropped(void)
{
    llmobsi_recorder* recorder = llmobsi_places[LLMOBS_I_PLACE(llmobsi_ticket(obs))].recorder;
    return llmobsi_load_relaxed(&recorder->registry.metrics[histogram.metric].dropped);
}

/* Whether the account is right to the last record. */
static void check_account(keeper* kept, bool pumped, const char* what)
{
    llmobs_stats stats;
    sums s;
    char text[120];
    uint64_t known;
    memset(&s, 0, sizeof s);
    (void)snprintf(text, sizeof text, "%s: flush", what);
    is_int(llmobs_flush(obs, SECONDS * 1000), LLMOBS_OK, text);
    (void)llmobs_metrics_collect(obs, sum_up, &s);
    is_int(s.added, asked.added, "counters are exact");
    is_int(s.observed + values_dropped(), asked.observed, "histograms, too, or it is counted");
    is_int(s.labelled, asked.labelled, "and those whose series are new");
    llmobs_request_end(long_request, NULL);
    (void)llmobs_flush(obs, SECONDS * 1000);
    stats = stats_of(obs);
    ok(stats.started >= asked.records, "each span and log record is in the account");
    known = stats.dropped[LLMOBS_DROP_SIGNAL] + stats.dropped[LLMOBS_DROP_POOL];
    /* A handler that interrupts a callback is inside it. */
    known += pumped ? stats.dropped[LLMOBS_DROP_SELF] : 0;
    is_int(dropped_in_all(&stats) - known, 0, "none is dropped for another reason than `signal`");
    is_int(stats.requests_live, 0, "no request stays behind");
    is_int(kept->malformed, 0, "none is torn");
    printf("# %llu shots, %llu records, %llu dropped as signal, %llu without a slot, "
           "%llu requests\n", (unsigned long long)shots, (unsigned long long)stats.started,
           (unsigned long long)stats.dropped[LLMOBS_DROP_SIGNAL],
           (unsigned long long)stats.dropped[LLMOBS_DROP_POOL],
           (unsigned long long)asked.requests);
    ok(close_kept(obs, kept), "the account balances");
}

/* ---- timers at all threads ----------------------------------------------------------------- */

static llmobsi_atomic32 stop;

#if defined(__linux__)
/* A timer that shoots at this thread. */
static bool shoot_at_me(long every_ns)
{
    struct sigevent event;
    struct itimerspec every;
    int timer;
    long set_time = SYS_timer_settime;
#if defined(SYS_timer_settime64)
    /* Where a long has 32 bits and a time has 64, the plain call takes other structs. */
    set_time = sizeof every.it_value.tv_sec == 8 ? SYS_timer_settime64 : SYS_timer_settime;
#endif
    memset(&event, 0, sizeof event);
    memset(&every, 0, sizeof every);
    event.sigev_notify = 4; /* SIGEV_THREAD_ID */
    event.sigev_signo = SIGUSR1;
#if defined(sigev_notify_thread_id)
    event.sigev_notify_thread_id = (pid_t)syscall(SYS_gettid);
#else
    event._sigev_un._tid = (pid_t)syscall(SYS_gettid);
#endif
    every.it_value.tv_nsec = every_ns;
    every.it_interval.tv_nsec = every_ns;
    return syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer) == 0 &&
           syscall(set_time, timer, 0, &every, NULL) == 0;
}
#else
static bool shoot_at_me(long every_ns)
{
    (void)every_ns;
    return false;
}
#endif

static void* under_fire(void* argument)
{
    unsigned turn = (unsigned)(uintptr_t)argument;
    if (!shoot_at_me(50000 + turn * 7000)) {
        return NULL;
    }
    while (llmobsi_load_relaxed(&stop) == 0) {
        deeds[turn % DEEDS](turn);
        turn++;
    }
    return argument;
}

static void* flush_under_fire(void* argument)
{
    (void)shoot_at_me(90000);
    while (llmobsi_load_relaxed(&stop) == 0) {
        (void)llmobs_flush(obs, 100);
        (void)llmobs_tick(obs);
        (void)stats_of(obs);
    }
    return argument;
}

static void test_timers(bool pumped)
{
    enum { THREADS = 4 };
    keeper kept;
    pthread_t threads[THREADS];
    void* there = NULL;
    int i;
    handle(SIGUSR1);
    open_target(&kept, pumped);
    llmobsi_store_relaxed(&stop, 0);
    for (i = 0; i < THREADS - 1; i++) {
        (void)pthread_create(&threads[i], NULL, under_fire, (void*)(uintptr_t)(i * 3 + 1));
    }
    (void)pthread_create(&threads[i], NULL, flush_under_fire, &there);
    for (i = 0; i < sized(1500); i++) {
        (void)usleep(1000);
    }
    llmobsi_store_relaxed(&stop, 1);
    for (i = 0; i < THREADS; i++) {
        (void)pthread_join(threads[i], &there);
    }
    (void)signal(SIGUSR1, SIG_IGN);
    ok(shots > 100, "timers shoot");
    check_account(&kept, pumped,
                  pumped ? "timers at all threads, the host pumps" : "timers at all threads");
}

/* ---- between any two instructions ---------------------------------------------------------- */

#if defined(__x86_64__) && defined(__linux__) && !LLMOBS_I_TSAN
/* The processor calls the handler after each instruction, until this is taken back. */
static void step(bool on)
{
    if (on) {
        __asm__ __volatile__("pushfq; orq $0x100, (%%rsp); popfq" ::: "memory", "cc");
    } else {
        __asm__ __volatile__("pushfq; andq $~0x100, (%%rsp); popfq" ::: "memory", "cc");
    }
}

static unsigned stepped_deed;

static void* stepped(void* argument)
{
    (void)argument;
    (void)llmobs_thread_attach(obs);
    deeds[stepped_deed](0); /* what is found once is found */
    step(true);
    deeds[stepped_deed](1);
    step(false);
    return NULL;
}

static void test_steps(void)
{
    static const char* const names[DEEDS] = {"a span",  "a log record",     "a counter",
                                             "a histogram", "a token", "a series", "a request"};
    keeper kept;
    pthread_t thread;
    uint64_t before;
    handle(SIGTRAP);
    open_target(&kept, true);
    for (stepped_deed = 0; stepped_deed < DEEDS; stepped_deed++) {
        before = shots;
        /* Each handler does one of the deeds, in turn: so many rounds, and each has been done after
           each instruction. */
        for (int round = 0; round < DEEDS; round++) {
            (void)llmobsi_add_relaxed(&shots, 1);
            (void)pthread_create(&thread, NULL, stepped, NULL);
            (void)pthread_join(thread, NULL);
            (void)llmobs_flush(obs, SECONDS * 1000);
        }
        printf("# %s: %llu handlers between its instructions\n", names[stepped_deed],
               (unsigned long long)(shots - before - DEEDS));
        ok(shots - before > 20 * DEEDS, names[stepped_deed]);
    }
    (void)signal(SIGTRAP, SIG_DFL);
    check_account(&kept, true, "between any two instructions");
}
#else
static void test_steps(void)
{
    skip("between any two instructions", "needs x86-64, Linux, no ThreadSanitizer");
}
#endif

int main(void)
{
    (void)alarm(SECONDS * 5);
    test_steps();
    if (!LLMOBS_I_TSAN) {
        test_timers(false);
        test_timers(true);
    } else {
        skip("timers at all threads", "ThreadSanitizer puts signals off");
    }
    (void)llmobs_release();
    return done();
}

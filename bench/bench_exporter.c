/* What an exporter costs who records: the time of a span while an exporter sleeps for ten seconds
   at each batch, beside one that returns at once; and what a batch costs on its way. Read
   docs/performance.md first.

   Spans are recorded in stretches that the pool has room for, by turns into three instances of the
   same kind: a quick exporter, a sleeping one, and a quick one again, which shows how far two that
   are alike differ in this run. Each span is timed from clock read to clock read; a round has many
   stretches of each, and of its rounds the medians are told. Each instance has its own thread to
   drain it, while it is timed, too. What is delivered is compared with what was recorded. */
#include "library.h"

#include "bench.h"

#define STRETCH 1000u /* spans at one go */
#define STRETCHES 25u /* of each instance in a round */
#define ROUNDS 41u
#define SPANS_A_ROUND (STRETCH * STRETCHES)
#define SLEEP_SECONDS 10u

/* ---- instances ----------------------------------------------------------------------------- */

typedef struct subject {
    const char* name;
    llmobs* obs;
    bool sleeps;
    uint64_t recorded;
    uint64_t received; /* by the callback */
    double times[SPANS_A_ROUND];
    uint32_t count;
} subject;

static llmobs_export_result receive(void* user, const llmobs_batch* batch)
{
    subject* to = (subject*)user;
    to->received += batch->span_count;
    if (to->sleeps) {
        const struct timespec nap = {SLEEP_SECONDS, 0};
        (void)nanosleep(&nap, NULL);
    }
    return LLMOBS_EXPORT_OK;
}

static void subject_open(subject* to, const char* name, bool sleeps)
{
    llmobs_config config = llmobs_config_default();
    memset(to, 0, sizeof *to);
    to->name = name;
    to->sleeps = sleeps;
    config.close_timeout_ms = sleeps ? 50 : 10000;
    config.tick_ms = 1;
    config.batch_delay_ms = 1;
    to->obs = llmobs_open(&config, NULL);
    if (to->obs == NULL || llmobs_export_to(to->obs, receive, to) != LLMOBS_OK) {
        bench_fail("llmobs_open");
    }
}

static void wait_for_room(const subject* of)
{
    const struct timespec nap = {0, 100000};
    llmobs_stats stats;
    stats.size = sizeof stats;
    while (llmobs_stats_read(of->obs, &stats) == LLMOBS_OK && stats.slots_free < 3 * STRETCH) {
        (void)nanosleep(&nap, NULL);
    }
}

static void subject_close(subject* of)
{
    llmobs_stats stats;
    llmobs_result result;
    uint64_t known;
    int i;
    stats.size = sizeof stats;
    result = llmobs_close_with_stats(of->obs, &stats);
    known = stats.exporters[0].exported;
    for (i = 0; i < (int)LLMOBS_LOSS_COUNT; i++) {
        known += stats.exporters[0].lost[i];
    }
    printf("# %s: %llu spans, %llu delivered, %llu lost in its queue\n", of->name,
           (unsigned long long)of->recorded, (unsigned long long)stats.exporters[0].exported,
           (unsigned long long)stats.exporters[0].lost[LLMOBS_LOSS_QUEUE]);
    if (known != of->recorded || stats.started != of->recorded ||
        result != (of->sleeps ? LLMOBS_ERROR_INCOMPLETE : LLMOBS_OK) ||
        (!of->sleeps && of->received != of->recorded)) {
        bench_fail(of->name);
    }
}

/* ---- spans --------------------------------------------------------------------------------- */

static void record_stretch(subject* to)
{
    double before;
    uint32_t i;
    wait_for_room(to);
    before = bench_ns(CLOCK_MONOTONIC);
    for (i = 0; i < STRETCH; i++) {
        llmobs_span span = llmobs_span_root(to->obs, "span");
        double now;
        llmobs_span_set_int(span, "number", (int64_t)i);
        llmobs_span_end(span);
        now = bench_ns(CLOCK_MONOTONIC);
        to->times[to->count++] = now - before;
        before = now;
    }
    to->recorded += STRETCH;
}

typedef enum quantile { P50, P99, P999, QUANTILES } quantile;

static const char* const quantile_names[QUANTILES] = {"p50", "p99", "p99.9"};

static void take_quantiles(subject* of, double out[QUANTILES])
{
    qsort(of->times, of->count, sizeof of->times[0], bench_compare);
    out[P50] = of->times[of->count / 2];
    out[P99] = of->times[of->count - 1 - of->count / 100];
    out[P999] = of->times[of->count - 1 - of->count / 1000];
    of->count = 0;
}

static double median(double* values, uint32_t count)
{
    qsort(values, count, sizeof values[0], bench_compare);
    return values[count / 2];
}

enum { QUICK, SLEEPING, QUICK_AGAIN, SUBJECTS };

static subject subjects[SUBJECTS];
static double found[SUBJECTS][QUANTILES][ROUNDS];

/* How much longer one takes than the quick exporter, in percent: the median over the rounds, since
   both sides of each were timed together. */
static double change(int of, quantile which)
{
    double values[ROUNDS];
    uint32_t i;
    for (i = 0; i < ROUNDS; i++) {
        values[i] = 100 * (found[of][which][i] / found[QUICK][which][i] - 1);
    }
    return median(values, ROUNDS);
}

static void run_rounds(void)
{
    uint32_t round, stretch;
    int i, which;
    for (round = 0; round < ROUNDS; round++) {
        double one[QUANTILES];
        for (stretch = 0; stretch < STRETCHES; stretch++) {
            for (i = 0; i < SUBJECTS; i++) {
                record_stretch(&subjects[(i + (int)stretch) % SUBJECTS]);
            }
        }
        for (i = 0; i < SUBJECTS; i++) {
            take_quantiles(&subjects[i], one);
            for (which = 0; which < QUANTILES; which++) {
                found[i][which][round] = one[which];
            }
        }
    }
}

static void tell_rounds(void)
{
    char name[80];
    int i, which;
    for (which = 0; which < QUANTILES; which++) {
        double sleeping = change(SLEEPING, (quantile)which);
        double alike = change(QUICK_AGAIN, (quantile)which);
        (void)snprintf(name, sizeof name, "change of %s", quantile_names[which]);
        bench_line(name, "the exporter sleeps", sleeping, "%", which == P999 ? "< 10" : NULL,
                   which != P999 || sleeping < 10);
        bench_line(name, "it does not, either", alike, "%", NULL, true);
    }
    for (i = 0; i < SUBJECTS; i++) {
        for (which = 0; which < QUANTILES; which++) {
            (void)snprintf(name, sizeof name, "span, %s", quantile_names[which]);
            bench_line(name, subjects[i].name, median(found[i][which], ROUNDS), "ns", NULL, true);
        }
    }
}

/* ---- batches ------------------------------------------------------------------------------- */

#define GROUP 64u

static llmobs_export_result nothing(void* user, const llmobs_batch* batch)
{
    *(uint64_t*)user += batch->span_count;
    return LLMOBS_EXPORT_OK;
}

static llmobs* open_pumped(uint64_t* received, uint32_t batch_items)
{
    llmobs_config config = llmobs_config_default();
    llmobs_exporter exporter = llmobs_exporter_default();
    llmobs* obs;
    config.host_pumped = true;
    config.queue_bytes = 8u << 20;
    exporter.export_batch = nothing;
    exporter.user = received;
    exporter.batch_items = batch_items;
    obs = llmobs_open(&config, NULL);
    if (obs == NULL || llmobs_exporter_add(obs, &exporter) != LLMOBS_OK) {
        bench_fail("llmobs_open");
    }
    return obs;
}

static void deliver(void* context, uint32_t times)
{
    llmobs* obs = (llmobs*)context;
    uint32_t i;
    while (times-- > 0) {
        for (i = 0; i < GROUP; i++) {
            llmobs_span_end(llmobs_span_root(obs, "span"));
        }
        if (llmobs_flush(obs, 10000) != LLMOBS_OK) {
            bench_fail("llmobs_flush");
        }
    }
}

/* The same spans in one batch and in a batch each. */
static void batches(void)
{
    bench_set set = {0};
    uint64_t received[2] = {0};
    llmobs* whole = open_pumped(&received[0], GROUP);
    llmobs* single = open_pumped(&received[1], 1);
    bench_case* one = bench_add(&set, "64 spans, recorded and delivered in one batch", deliver,
                                whole);
    bench_case* many = bench_add(&set, "the same in a batch each", deliver, single);
    int kind;
    bench_run(&set);
    bench_print(one, 0);
    bench_print(many, 0);
    for (kind = 0; kind < BENCH_KINDS; kind++) {
        if (one->median[kind] > 0 && many->median[kind] > 0) {
            bench_line("a batch on its way", bench_kind_names[kind],
                       (many->median[kind] - one->median[kind]) / (GROUP - 1), "ns", NULL, true);
        }
    }
    if (llmobs_close(whole) != LLMOBS_OK || llmobs_close(single) != LLMOBS_OK ||
        received[0] == 0 || received[1] == 0) {
        bench_fail("llmobs_close");
    }
}

int main(void)
{
    subject_open(&subjects[QUICK], "returns at once", false);
    subject_open(&subjects[SLEEPING], "sleeps 10 s", true);
    subject_open(&subjects[QUICK_AGAIN], "returns at once, again", false);
    bench_start(); /* this thread stays on its processor: theirs were made before */
    run_rounds();
    tell_rounds();
    subject_close(&subjects[QUICK]);
    subject_close(&subjects[QUICK_AGAIN]);
    subject_close(&subjects[SLEEPING]);
    batches();
    return 0;
}

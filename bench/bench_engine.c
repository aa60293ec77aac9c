/* What observing costs an engine: examples/tiny_engine decodes, observed or not by turns, in one
   process, in blocks of a few steps. Read docs/performance.md first.

   Off is what a host gets with a NULL instance: the same calls, on handles that are inert. Four
   blocks, on off off on or off on on off as a coin falls, give one difference, which has no part of
   what grows as answers do. Beside it stands the null result: fours of which no block is observed,
   labelled by the same coin.

 * peers: none */
#define _GNU_SOURCE

#include "library.h"

#include "bench.h"

#include "../examples/tiny_engine/engine.c"
#include "../examples/tiny_engine/model.c"
#define draw sampler_draw /* each of the two has a function of this name */
#include "../examples/tiny_engine/sampler.c"
#undef draw

#include <pthread.h>
#include <stdatomic.h>

#define SLOTS_MOST 8
#define CONTEXT 256
#define TOKENS 200 /* of an answer */
#define BLOCK 4    /* steps */
#define FOURS 4000 /* of each kind, at most; */
#define LEAST 300  /* quiet ones that do, once half of all are made */
#define SCRAPES 1500

typedef struct rig {
    llmobs* obs;
    engine with;
    llmobs_engine watch; /* the real one, while it is off */
    bool on;
    task tasks[SLOTS_MOST];
    llmobs_request requests[SLOTS_MOST];
    unsigned char outputs[SLOTS_MOST][CONTEXT];
    uint64_t steps; /* that were observed */
    uint64_t tokens;
    uint64_t spans; /* delivered; the exporter's thread writes it */
} rig;

static model weights;
static const unsigned char prompt[] = "Where is my parcel?";

/* ---- an engine that can be switched -------------------------------------------------------- */

static llmobs_export_result take(void* user, const llmobs_batch* batch)
{
    ((rig*)user)->spans += batch->span_count;
    return LLMOBS_EXPORT_OK;
}

static void rig_make(rig* one, size_t slots)
{
    llmobs_config config = llmobs_config_default();
    memset(one, 0, sizeof *one);
    config.metric_families = LLMOBS_FAMILY_ALL;
    config.price_bytes = 65536;
    one->obs = llmobs_open(&config, NULL);
    if (one->obs == NULL || llmobs_export_to(one->obs, take, one) != LLMOBS_OK ||
        !engine_make(&one->with, &weights, slots, 64 * slots, 0, one->obs)) {
        bench_fail("no engine");
    }
    one->on = true;
}

/* The same calls in any case, on other handles. Not timed. */
static void rig_switch(rig* one, bool on)
{
    static const llmobs_request no_request;
    static const llmobs_engine no_engine;
    if (on == one->on) {
        return;
    }
    for (size_t i = 0; i < one->with.slot_count; i++) {
        one->tasks[i].request = on ? one->requests[i] : no_request;
    }
    if (!on) {
        one->watch = one->with.watch;
    }
    one->with.watch = on ? one->watch : no_engine;
    one->on = on;
}

static void rig_step(rig* one)
{
    one->steps += one->on;
    one->tokens += one->on ? one->with.slot_count : 0;
    if (!engine_step(&one->with)) {
        bench_fail("an answer ended too soon");
    }
}

/* A request for each slot, and their prompts read: all that follows is one token a slot a step. */
static void rig_begin(rig* one)
{
    llmobs_request_info info = llmobs_request_info_default();
    info.model = ENGINE_MODEL;
    info.tenant = "acme";
    info.server = true;
    rig_switch(one, true);
    for (size_t i = 0; i < one->with.slot_count; i++) {
        task* what = &one->tasks[i];
        memset(what, 0, sizeof *what);
        what->prompt = prompt;
        what->prompt_size = sizeof prompt - 1;
        what->tokens_most = TOKENS;
        what->output = one->outputs[i];
        what->request = one->requests[i] = llmobs_request_begin(one->obs, &info);
        what->phase = llmobs_span_child(llmobs_request_span(what->request), "queue");
        engine_submit(&one->with, what);
    }
    rig_step(one);
}

static void rig_end(rig* one)
{
    llmobs_outcome outcome = llmobs_outcome_default();
    outcome.usage.input_tokens = (int64_t)sizeof prompt - 1;
    outcome.finish_reason = "length";
    rig_switch(one, true);
    while (!one->tasks[0].done) {
        rig_step(one);
    }
    for (size_t i = 0; i < one->with.slot_count; i++) {
        if (!one->tasks[i].done || one->tasks[i].made != TOKENS) {
            bench_fail("answers are not of one length");
        }
        llmobs_request_end(one->requests[i], &outcome);
    }
    (void)llmobs_flush(one->obs, 1000); /* others may keep the tick's thread waiting */
}

/* Nothing was lost on the way: what is dropped is cheap, and would flatter. */
static void rig_free(rig* one)
{
    llmobs_stats stats;
    stats.size = sizeof stats;
    if (llmobs_flush(one->obs, 10000) != LLMOBS_OK ||
        llmobs_stats_read(one->obs, &stats) != LLMOBS_OK ||
        stats.dropped[LLMOBS_DROP_POOL] != 0 || stats.requests_dropped != 0 ||
        stats.requests_begun != stats.requests_ended || stats.requests_late != 0 ||
        stats.links_dropped != 0 || one->spans != stats.started - stats.log_records ||
        one->spans != one->steps + 4 * stats.requests_begun) {
        bench_fail("not all was recorded");
    }
    (void)llmobs_close(one->obs);
    engine_free(&one->with);
}

/* ---- on against off ------------------------------------------------------------------------ */

typedef struct differences {
    double ns[BENCH_KINDS][FOURS]; /* a token */
    uint32_t count[BENCH_KINDS];
    uint32_t made;
} differences;

static uint64_t coin_state = 1;

static bool coin(void)
{
    coin_state = coin_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return coin_state >> 63 != 0;
}

static double block(rig* one)
{
    double began = bench_ns(CLOCK_MONOTONIC);
    for (int i = 0; i < BLOCK; i++) {
        rig_step(one);
    }
    return (bench_ns(CLOCK_MONOTONIC) - began) / (BLOCK * (double)one->with.slot_count);
}

/* Four blocks: the difference a token, and how long one takes without. */
static void four(rig* one, bool observed, differences* to, differences* plain)
{
    bool first = coin();
    double ns[2] = {0, 0}; /* labelled off, on */
    bench_sample sample;
    sample.gauge_before = bench_gauge();
    for (int i = 0; i < 4; i++) {
        bool on = first == (i == 0 || i == 3);
        rig_switch(one, on && observed);
        ns[on] += block(one) / 2;
    }
    rig_switch(one, false);
    sample.gauge_after = bench_gauge();
    bench_kind kind = bench_kind_of(&sample);
    to->made++;
    if (kind != BENCH_KINDS) {
        to->ns[kind][to->count[kind]++] = ns[1] - ns[0];
        plain->ns[kind][plain->count[kind]++] = ns[0];
    }
}

/* A median, and between which ranks it is 95 times of 100. */
static void tell(const char* name, differences* of, double most)
{
    char target[40];
    (void)snprintf(target, sizeof target, "< %g", most);
    for (int kind = 0; kind < BENCH_KINDS; kind++) {
        uint32_t count = of->count[kind];
        double* ns = of->ns[kind];
        if (count < LEAST) {
            printf("# %s, %s: too few repetitions (%u)\n", name, bench_kind_names[kind], count);
            continue;
        }
        uint32_t off = (uint32_t)(0.98 * sqrt(count));
        qsort(ns, count, sizeof ns[0], bench_compare);
        bench_line(name, bench_kind_names[kind], ns[count / 2], "ns", most > 0 ? target : NULL,
                   most <= 0 || ns[count / 2] < most);
        printf("# ... of %u, 95 %% sure from %.1f to %.1f\n", count, ns[count / 2 - off],
               ns[count / 2 + off]);
    }
}

static bool is_enough(const differences* of)
{
    uint32_t quiet = of->count[BENCH_IS_QUIET];
    uint32_t shared = of->count[BENCH_IS_SHARED];
    return of->made >= FOURS || (of->made >= FOURS / 2 && quiet >= LEAST) ||
           (quiet >= 4 * LEAST && shared >= 4 * LEAST);
}

static void bench_tokens(size_t slots)
{
    static rig one;
    static differences observed, null, plain, unused;
    char name[80];
    memset(&observed, 0, sizeof observed);
    memset(&null, 0, sizeof null);
    memset(&plain, 0, sizeof plain);
    rig_make(&one, slots);
    bench_start();
    while (!is_enough(&observed) || !is_enough(&null)) {
        memset(&unused, 0, sizeof unused);
        rig_begin(&one);
        for (int i = 0; i + 8 * BLOCK < TOKENS - 1; i += 8 * BLOCK) {
            bool first = coin();
            four(&one, first, first ? &observed : &null, first ? &plain : &unused);
            four(&one, !first, !first ? &observed : &null, !first ? &plain : &unused);
        }
        rig_end(&one);
    }
    (void)snprintf(name, sizeof name, "a token, not observed, %zu in a step", slots);
    tell(name, &plain, 0);
    (void)snprintf(name, sizeof name, "what observing adds to it, %zu in a step", slots);
    tell(name, &observed, 200);
    (void)snprintf(name, sizeof name, "... the same of steps that are not, %zu in a step", slots);
    tell(name, &null, 0);
    printf("# %llu steps observed, %llu tokens in them\n", (unsigned long long)one.steps,
           (unsigned long long)one.tokens);
    rig_free(&one);
}

/* ---- a scrape meanwhile -------------------------------------------------------------------- */

typedef struct scraper {
    llmobs* obs;
    atomic_int phase; /* 0: rest, 1: scrape, 2: end. The engine's thread writes it */
    double wall[SCRAPES];
    double cpu[SCRAPES];
    uint32_t count; /* the scraper's; read when it has ended */
    atomic_uint seen;
    size_t bytes;
    pthread_t thread;
} scraper;

static void* scrape(void* user)
{
    static char text[1 << 20];
    scraper* one = (scraper*)user;
    struct timespec pause = {0, 1000000};
    int phase;
    while ((phase = atomic_load(&one->phase)) != 2) {
        if (phase == 1 && one->count < SCRAPES) {
            double cpu = bench_ns(CLOCK_THREAD_CPUTIME_ID);
            double wall = bench_ns(CLOCK_MONOTONIC);
            one->bytes = sizeof text;
            if (llmobs_prometheus_print(one->obs, LLMOBS_PROMETHEUS_TEXT, text, &one->bytes) !=
                LLMOBS_OK) {
                bench_fail("no metrics");
            }
            one->wall[one->count] = bench_ns(CLOCK_MONOTONIC) - wall;
            one->cpu[one->count++] = bench_ns(CLOCK_THREAD_CPUTIME_ID) - cpu;
            atomic_store(&one->seen, one->count);
        }
        (void)nanosleep(&pause, NULL);
    }
    return NULL;
}

static void tell_scrapes(const char* name, double* ns, uint32_t count, double most)
{
    char label[80];
    qsort(ns, count, sizeof ns[0], bench_compare);
    (void)snprintf(label, sizeof label, "%s, median", name);
    bench_line(label, "", ns[count / 2] / 1000, "us", NULL, true);
    (void)snprintf(label, sizeof label, "%s, p99", name);
    bench_line(label, "", ns[count * 99 / 100] / 1000, "us", most > 0 ? "< 1000" : NULL,
               most <= 0 || ns[count * 99 / 100] < most);
}

/* Answers by turns with and without scrapes beside them, on another processor where there is one:
   the thread is made before this one is bound to its own. */
static void bench_scrape(size_t slots)
{
    static rig one;
    static scraper beside;
    static double steps[2][400000];
    uint32_t count[2] = {0, 0};
    rig_make(&one, slots);
    beside.obs = one.obs;
    if (pthread_create(&beside.thread, NULL, scrape, &beside) != 0) {
        bench_fail("no thread");
    }
    while (atomic_load(&beside.seen) < SCRAPES) {
        bool with = coin();
        atomic_store(&beside.phase, with);
        rig_begin(&one);
        for (int i = 0; i < TOKENS - 2 && count[with] < 400000; i++) {
            double began = bench_ns(CLOCK_MONOTONIC);
            rig_step(&one);
            steps[with][count[with]++] = bench_ns(CLOCK_MONOTONIC) - began;
        }
        rig_end(&one);
    }
    atomic_store(&beside.phase, 2);
    pthread_join(beside.thread, NULL);
    printf("# %u scrapes of %zu bytes, one a millisecond, while %zu answers are decoded\n",
           beside.count, beside.bytes, slots);
    tell_scrapes("a scrape while it decodes", beside.wall, beside.count, 1e6);
    tell_scrapes("... processor time", beside.cpu, beside.count, 0);
    tell_scrapes("a step without scrapes beside it", steps[0], count[0], 0);
    tell_scrapes("a step with them", steps[1], count[1], 0);
    rig_free(&one);
}

int main(void)
{
    const model_shape shape = {.layers = 2, .width = 64, .heads = 4, .hidden = 172,
                               .context = CONTEXT};
    if (!model_make(&weights, &shape, 1)) {
        bench_fail("no model");
    }
    /* Its logit is 0, which is never the most: all answers have one length. */
    memset(weights.weights + (weights.output - weights.weights) + TOKEN_END * shape.width, 0,
           shape.width * sizeof(float));
    bench_scrape(4);
    bench_tokens(1);
    bench_tokens(4);
    model_free(&weights);
    printf("# %u short\n", bench_short_count);
    return 0;
}

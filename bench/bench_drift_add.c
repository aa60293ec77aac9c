/* What a detector of an instance costs: an embedding of dimension 384 added to it, on one thread; a
   run that was asked for; a run at the end of a day, with a ring of 30 days, which fits a baseline.
   Read docs/performance.md first. */
#define LLMOBS_IMPLEMENTATION
#include "library.h"

#include "bench.h"

#include "../tests/drifting.h"
#include "../tests/drift_world.h"

enum { EMBEDDINGS = 256, DAYS = 31, VOTES = 200 };

static world w;
static float embeddings[EMBEDDINGS][WORLD_DIMENSION];
static uint64_t now_ns = UINT64_C(20424) * 86400 * 1000000000;

static uint64_t clock_now(void* user)
{
    (void)user;
    return now_ns;
}

typedef struct adding {
    llmobs* obs;
    llmobs_drift_detector detector;
    uint64_t added;
} adding;

static void add_body(void* context, uint32_t times)
{
    adding* a = (adding*)context;
    llmobs_embedding embedding = drift_as_embedding(NULL, WORLD_DIMENSION, 0, 0);
    while (times-- > 0) {
        embedding.id = embedding.group = ++a->added;
        embedding.values = embeddings[a->added % EMBEDDINGS];
        if (llmobs_drift_add(a->detector, &embedding) != LLMOBS_OK) {
            printf("# FAILED: add\n");
            exit(1);
        }
    }
}

/* A new window: there is an end to what one counts. */
static void run(void* context)
{
    adding* a = (adding*)context;
    (void)llmobs_drift_run_now(a->detector, "bench");
    (void)llmobs_drift_work(a->obs);
}

static double milliseconds_of_run(adding* a, uint64_t later_ns)
{
    double least = 1e30;
    int i;
    for (i = 0; i < 7; i++) {
        double took;
        add_body(a, VOTES);
        now_ns += later_ns;
        took = bench_ns(CLOCK_MONOTONIC);
        run(a);
        took = (bench_ns(CLOCK_MONOTONIC) - took) / 1e6;
        least = took < least ? took : least;
    }
    return least;
}

int main(void)
{
    static bench_set set;
    static adding a;
    llmobs_config config = llmobs_config_default();
    llmobs_drift_info info = llmobs_drift_info_default();
    const uint64_t day_ns = UINT64_C(86400) * 1000000000;
    bench_case* add;
    uint32_t i;
    world_begin(1);
    world_make(&w, 1, 0.5);
    for (i = 0; i < EMBEDDINGS; i++) {
        world_embedding(&w, &world_no_shift, embeddings[i]);
    }
    config.host_pumped = true;
    config.drift_detectors = 1;
    config.clock.unix_ns = clock_now;
    a.obs = llmobs_open(&config, NULL);
    info.name = "bench";
    info.embedder = "test embedder";
    a.detector = llmobs_drift_define(a.obs, &info, NULL);
    for (i = 0; i < DAYS; i++) {
        add_body(&a, VOTES);
        now_ns += day_ns;
        (void)llmobs_drift_work(a.obs);
    }
    add = bench_add(&set, "llmobs_drift_add", add_body, &a);
    add->before = run;
    bench_run(&set);
    printf("# dimension 384, 16 prototypes, 30 days of 64 embeddings\n");
    bench_print(add, 1000);
    printf("# a run that is asked for: %.2f ms; at the end of a day: %.1f ms\n",
           milliseconds_of_run(&a, 0), milliseconds_of_run(&a, day_ns));
    printf("# bytes: %zu\n", llmobs_memory_of(&config, LLMOBS_PILLAR_DRIFT));
    printf("# %u short\n", bench_short_count);
    (void)llmobs_close(a.obs);
    return 0;
}

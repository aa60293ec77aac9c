/* What DRIFT4 costs: an embedding of dimension 384 added to a window and offered to a sample, a
   test, a fit. Read docs/performance.md first. Embeddings take turns, so that none is known
   already; the floor sums them up in double, which no streaming mean can do without. */
#define LLMOBS_IMPLEMENTATION
#include "library.h"

#include "bench.h"

#include "../tests/drifting.h"
#include "../tests/drift_world.h"

enum { EMBEDDINGS = 256, BASELINE = 1000 };

static world w;
static float embeddings[EMBEDDINGS][WORLD_DIMENSION];

typedef struct adding {
    llmobs_drift_baseline* baseline;
    llmobs_drift_window* window;
    llmobs_drift_sample* sample;
    uint64_t added;
    bool grouped;
    const llmobsi_drift_path* path;
} adding;

static void empty_window(void* context)
{
    llmobs_drift_window_reset(((adding*)context)->window);
}

static void add_body(void* context, uint32_t times)
{
    adding* a = (adding*)context;
    llmobs_embedding embedding = drift_as_embedding(NULL, WORLD_DIMENSION, 0, 0);
    embedding.embedder = NULL;
    while (times-- > 0) {
        uint64_t number = a->added++;
        embedding.values = embeddings[number % EMBEDDINGS];
        embedding.group = a->grouped ? number + 1 : 0;
        if (llmobs_drift_window_add(a->window, a->baseline, &embedding) != LLMOBS_OK) {
            bench_fail("add");
        }
    }
}

static void find_body(void* context, uint32_t times)
{
    adding* a = (adding*)context;
    llmobsi_drift_centres centres = llmobsi_drift_centres_of(a->baseline);
    while (times-- > 0) {
        const float* x = embeddings[times % EMBEDDINGS];
        double scale = llmobsi_drift_scale(a->path, x, WORLD_DIMENSION);
        llmobsi_drift_nearest nearest = llmobsi_drift_find(a->path, &centres, x, scale);
        bench_keep(&nearest);
    }
}

static void floor_body(void* context, uint32_t times)
{
    static double sums[WORLD_DIMENSION];
    (void)context;
    while (times-- > 0) {
        const float* x = embeddings[times % EMBEDDINGS];
        uint32_t i;
        for (i = 0; i < WORLD_DIMENSION; i++) {
            sums[i] += (double)x[i];
        }
        bench_keep(sums);
    }
}

static void sample_body(void* context, uint32_t times)
{
    adding* a = (adding*)context;
    llmobs_embedding embedding = drift_as_embedding(NULL, WORLD_DIMENSION, 0, 0);
    while (times-- > 0) {
        embedding.id = ++a->added;
        embedding.values = embeddings[a->added % EMBEDDINGS];
        (void)llmobs_drift_sample_add(a->sample, &embedding);
    }
}

static void test_body(void* context, uint32_t times)
{
    adding* a = (adding*)context;
    llmobs_drift_result result;
    while (times-- > 0) {
        result.size = sizeof result;
        (void)llmobs_drift_test(a->baseline, a->window, 0.0, &result);
        bench_keep(&result);
    }
}

static void merge_body(void* context, uint32_t times)
{
    adding* a = (adding*)context;
    llmobs_drift_window* other = drift_window_new(a->baseline, 0);
    while (times-- > 0) {
        (void)llmobs_drift_window_merge(other, a->window);
        bench_keep(other);
    }
    free(other);
}

static double milliseconds_of_fit(uint32_t prototypes)
{
    llmobs_drift_sample* sample = drift_sample_new(WORLD_DIMENSION, BASELINE, 0);
    llmobs_embedding embedding;
    double least = 1e30;
    float x[WORLD_DIMENSION];
    uint64_t i;
    for (i = 1; i <= BASELINE; i++) {
        world_embedding(&w, &world_no_shift, x);
        embedding = drift_as_embedding(x, WORLD_DIMENSION, i, 0);
        (void)llmobs_drift_sample_add(sample, &embedding);
    }
    for (i = 0; i < 5; i++) {
        double start = bench_ns(CLOCK_MONOTONIC);
        double took;
        free(drift_fit(sample, prototypes, 1));
        took = (bench_ns(CLOCK_MONOTONIC) - start) / 1e6;
        least = took < least ? took : least;
    }
    free(sample);
    return least;
}

/* The slowest of the steps of a fit, by the thread's own time: the best of some runs. */
static double microseconds_of_step(uint32_t rows)
{
    llmobs_drift_sample* sample = drift_sample_new(WORLD_DIMENSION, BASELINE, 0);
    size_t bytes, i;
    double best = 1e30;
    float x[WORLD_DIMENSION];
    void* scratch;
    for (i = 1; i <= BASELINE; i++) {
        llmobs_embedding embedding = drift_as_embedding(x, WORLD_DIMENSION, i, 0);
        world_embedding(&w, &world_no_shift, x);
        (void)llmobs_drift_sample_add(sample, &embedding);
    }
    bytes = llmobs_drift_fit_bytes(sample, NULL);
    scratch = drift_memory(bytes);
    for (i = 0; i < 7; i++) {
        llmobs_drift_fit* fit = NULL;
        double most = 0.0;
        bool more = llmobs_drift_fit_begin(scratch, bytes, sample, NULL, &fit) == LLMOBS_OK;
        while (more) {
            double start = bench_ns(CLOCK_THREAD_CPUTIME_ID);
            more = llmobs_drift_fit_step(fit, rows);
            start = bench_ns(CLOCK_THREAD_CPUTIME_ID) - start;
            most = start > most ? start : most;
        }
        best = most < best ? most : best;
    }
    free(scratch);
    free(sample);
    return best / 1e3;
}

int main(void)
{
    static bench_set set;
    static adding windows, grouped, plain, samples, tests;
    bench_case *floor, *add, *add_grouped, *find, *find_plain, *offered, *test, *merge;
    uint32_t i;
    world_begin(1);
    world_make(&w, 1, 0.5);
    for (i = 0; i < EMBEDDINGS; i++) {
        world_embedding(&w, &world_no_shift, embeddings[i]);
    }
    windows.baseline = world_fit(&w, BASELINE, 16);
    windows.window = drift_window_new(windows.baseline, 0);
    windows.path = llmobsi_drift_here();
    grouped = plain = tests = windows;
    grouped.grouped = true;
    grouped.window = drift_window_new(windows.baseline, 0);
    plain.path = &llmobsi_drift_paths[0];
    samples.sample = drift_sample_new(WORLD_DIMENSION, BASELINE, 0);
    tests.window = drift_window_new(windows.baseline, 0);
    for (i = 0; i < 100000; i += 1000) {
        sample_body(&samples, 1000);
    }
    add_body(&tests, 200);
    floor = bench_add(&set, "floor: a sum of doubles", floor_body, NULL);
    add = bench_add(&set, "window, add", add_body, &windows);
    add->before = empty_window;
    add_grouped = bench_add(&set, "window, add, a new group each", add_body, &grouped);
    add_grouped->before = empty_window;
    add_grouped->most_times = 1000;
    find = bench_add(&set, "nearest of 16", find_body, &windows);
    find_plain = bench_add(&set, "nearest of 16, plain C", find_body, &plain);
    offered = bench_add(&set, "sample, one of 100,000 or more", sample_body, &samples);
    test = bench_add(&set, "test of 200 votes", test_body, &tests);
    merge = bench_add(&set, "merge of two windows", merge_body, &tests);
    merge->most_times = 300;
    bench_run(&set);
    printf("# dimension 384, 16 prototypes, %s\n", windows.path->name);
    bench_print(floor, 0);
    bench_print(add, 500);
    bench_print(add_grouped, 500);
    bench_print(find, 0);
    bench_print(find_plain, 0);
    bench_print(offered, 0);
    bench_print(test, 0);
    bench_print(merge, 0);
    printf("# fit on %d: %.1f ms with 16 prototypes, %.1f ms with 32; steps of 500 rows: %.0f us\n",
           BASELINE, milliseconds_of_fit(16), milliseconds_of_fit(32), microseconds_of_step(500));
    printf("# bytes: baseline %zu, window %zu\n",
           llmobs_drift_baseline_bytes(WORLD_DIMENSION, 16),
           llmobs_drift_window_bytes(WORLD_DIMENSION, 0));
    printf("# %u short\n", bench_short_count);
    return 0;
}

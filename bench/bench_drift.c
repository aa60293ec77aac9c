/* What the article's drift score costs, beside OpenBLAS and beside reading the vectors twice, which
   any score must: once for the mean, once for the distances to it. Read docs/performance.md first.

   Clustered floats, as many rows in the baseline as in what is current: 1,000 x 384 (3 MB in all)
   and 10,000 x 1536 (123 MB). OpenBLAS computes in floats, on one thread: two products of the
   matrix with a vector and a dot product a row; its score need only be near ours. The article's
   Python runs as it stands, if python3 finds numpy and scipy: LLMOBS_PYTHON names another one. */
#define LLMOBS_IMPLEMENTATION
#include "llmobs.h"

#include <math.h>

#include "bench.h"

#include "../tests/random.h"
#ifdef HAVE_OPENBLAS
#include <cblas.h>
extern void openblas_set_num_threads(int count);
#endif

typedef struct shape {
    size_t rows;
    size_t columns;
    float* sides[2];
    void* memory;
    size_t memory_bytes;
    double* doubles;  /* for the peer: distances */
    float* floats;    /* and centers, ones       */
    double exact;
    double fast;
    double peer;
} shape;

static void* room(size_t bytes)
{
    void* memory = aligned_alloc(64, (bytes + 63) & ~(size_t)63);
    if (memory == NULL) {
        bench_fail("memory");
    }
    return memory;
}

static float noise(void)
{
    return (float)((double)(int64_t)next_random() / 9223372036854775808.0);
}

/* A direction, one of eight clusters each, and noise. */
static void fill(shape* of)
{
    float* centers = (float*)room(9 * of->columns * sizeof(float));
    size_t side, i, k;
    for (i = 0; i < 9 * of->columns; i++) {
        centers[i] = noise();
    }
    for (side = 0; side < 2; side++) {
        of->sides[side] = (float*)room(of->rows * of->columns * sizeof(float));
        for (i = 0; i < of->rows; i++) {
            const float* cluster = centers + (1 + next_random() % 8) * of->columns;
            float weight = 0.4f + 0.6f * noise() * noise();
            for (k = 0; k < of->columns; k++) {
                of->sides[side][i * of->columns + k] =
                    centers[k] + weight * cluster[k] + 0.5f * noise();
            }
        }
    }
    free(centers);
}

static void prepare(shape* of, size_t rows, size_t columns)
{
    llmobs_vectors vectors;
    memset(of, 0, sizeof(*of));
    of->rows = rows;
    of->columns = columns;
    fill(of);
    vectors = llmobs_vectors_of_floats(of->sides[0], rows, columns);
    of->memory_bytes = llmobs_drift_score_memory(&vectors, &vectors);
    of->memory = room(of->memory_bytes);
    of->doubles = (double*)room(rows * sizeof(double));
    of->floats = (float*)room((2 * columns + 2 * rows) * sizeof(float));
}

static void release(shape* of)
{
    free(of->sides[0]);
    free(of->sides[1]);
    free(of->memory);
    free(of->doubles);
    free(of->floats);
}

/* ---- ours ---------------------------------------------------------------------------------- */

static void exact_body(void* context, uint32_t times)
{
    shape* of = (shape*)context;
    llmobs_vectors baseline = llmobs_vectors_of_floats(of->sides[0], of->rows, of->columns);
    llmobs_vectors current = llmobs_vectors_of_floats(of->sides[1], of->rows, of->columns);
    while (times-- > 0) {
        (void)llmobs_drift_score(&baseline, &current, of->memory, of->memory_bytes, NULL,
                                 &of->exact);
        bench_keep(&of->exact);
    }
}

static void fast_body(void* context, uint32_t times)
{
    shape* of = (shape*)context;
    llmobs_vectors baseline = llmobs_vectors_of_floats(of->sides[0], of->rows, of->columns);
    llmobs_vectors current = llmobs_vectors_of_floats(of->sides[1], of->rows, of->columns);
    while (times-- > 0) {
        (void)llmobs_drift_score_fast(&baseline, &current, of->memory, of->memory_bytes, NULL,
                                      &of->fast);
        bench_keep(&of->fast);
    }
}

/* ---- reading twice ------------------------------------------------------------------------- */

/* 64 bytes at a time, into sums that do not wait for each other: as fast as it can be read. */
typedef float sixteen __attribute__((vector_size(64), aligned(4), may_alias));

#if defined(__x86_64__)
__attribute__((target_clones("avx512f", "avx2", "default")))
#endif
static float read_side(const float* side, size_t count)
{
    sixteen a = {0}, b = {0}, c = {0}, d = {0};
    size_t i;
    for (i = 0; i + 64 <= count; i += 64) {
        a += *(const sixteen*)(side + i);
        b += *(const sixteen*)(side + i + 16);
        c += *(const sixteen*)(side + i + 32);
        d += *(const sixteen*)(side + i + 48);
    }
    a += b + c + d;
    return a[0] + a[7] + a[15];
}

static void read_body(void* context, uint32_t times)
{
    shape* of = (shape*)context;
    while (times-- > 0) {
        float sum = 0;
        int pass;
        for (pass = 0; pass < 4; pass++) { /* one side after the other, as a score does */
            sum += read_side(of->sides[pass / 2], of->rows * of->columns);
        }
        bench_keep(&sum);
    }
}

/* ---- OpenBLAS ------------------------------------------------------------------------------ */

#ifdef HAVE_OPENBLAS
static double peer_deviation(const double* values, size_t count)
{
    double mean = 0, sum = 0;
    size_t i;
    for (i = 0; i < count; i++) {
        mean += values[i] / (double)count;
    }
    for (i = 0; i < count; i++) {
        sum += (values[i] - mean) * (values[i] - mean);
    }
    return sqrt(sum / (double)count);
}

static double peer_spread(shape* of, int side, float* center, float* dots)
{
    const float* rows = of->sides[side];
    int m = (int)of->rows, d = (int)of->columns;
    double length;
    int i;
    for (i = 0; i < m; i++) {
        dots[i] = 1.0f;
    }
    cblas_sgemv(CblasRowMajor, CblasTrans, m, d, 1.0f / (float)m, rows, d, dots, 1, 0, center, 1);
    cblas_sgemv(CblasRowMajor, CblasNoTrans, m, d, 1, rows, d, center, 1, 0, dots, 1);
    length = cblas_snrm2(d, center, 1);
    for (i = 0; i < m; i++) {
        const float* row = rows + (size_t)i * of->columns;
        of->doubles[i] = 1.0 - dots[i] / (length * sqrt(cblas_sdot(d, row, 1, row, 1)));
    }
    return peer_deviation(of->doubles, of->rows);
}

static void peer_body(void* context, uint32_t times)
{
    shape* of = (shape*)context;
    float *first = of->floats, *second = first + of->columns, *dots = second + of->columns;
    int d = (int)of->columns;
    while (times-- > 0) {
        double before = peer_spread(of, 0, first, dots), after = peer_spread(of, 1, second, dots);
        double cosine = cblas_sdot(d, first, 1, second, 1) /
                        ((double)cblas_snrm2(d, first, 1) * cblas_snrm2(d, second, 1));
        of->peer = 0.7 * (1.0 - cosine) + 0.3 * fabs(after - before) / (before + 1e-8);
        bench_keep(&of->peer);
    }
}
#endif

/* ---- the article's Python ------------------------------------------------------------------ */

/* Milliseconds, or -1: of lists, and of arrays of floats. */
static double article(const char* kind, size_t rows, size_t columns)
{
    const char* python = getenv("LLMOBS_PYTHON");
    char command[160];
    double ms = -1;
    FILE* pipe;
    snprintf(command, sizeof(command), "%s bench/peer_drift.py %s %zu %zu 2>/dev/null",
             python != NULL ? python : "python3", kind, rows, columns);
    pipe = popen(command, "r");
    if (pipe != NULL) {
        if (fscanf(pipe, "%lf", &ms) != 1) {
            ms = -1;
        }
        pclose(pipe);
    }
    return ms;
}

static void compare_article(const bench_case* ours, const char* kind, const shape* of)
{
    double ms = article(kind, of->rows, of->columns);
    char name[80];
    snprintf(name, sizeof(name), "article's Python, %s, %zux%zu", kind, of->rows, of->columns);
    if (ms <= 0) {
        printf("# skipped: %s (no python3 with numpy and scipy; set LLMOBS_PYTHON)\n", name);
        return;
    }
    bench_line(name, "", ms, "ms", NULL, true);
    snprintf(name, sizeof(name), "the exact score, times as fast as %s, %zux%zu", kind, of->rows,
             of->columns);
    bench_line(name, "", ms * 1e6 / ours->least, "x", NULL, true);
}

/* ---- one shape ----------------------------------------------------------------------------- */

static void check(const shape* of)
{
    printf("# exact %.17g, fast %.17g, OpenBLAS %.17g\n", of->exact, of->fast, of->peer);
    bench_line("fast from exact", "", fabs(of->fast - of->exact) * 1e9, "1e-9", "<= 20",
               fabs(of->fast - of->exact) <= 2e-8);
    if (of->peer > 0 && fabs(of->peer - of->exact) > 1e-3) {
        bench_fail("OpenBLAS computes something else");
    }
}

/* How many times as long as reading twice: at most 1.35 is the target. */
static void compare_reading(const char* name, const bench_case* ours, const bench_case* reading)
{
    double times;
    if (ours->median[0] <= 0 || reading->median[0] <= 0) {
        printf("# %s: too few repetitions\n", name);
        return;
    }
    times = ours->median[0] / reading->median[0];
    bench_line(name, bench_kind_names[0], times, "x", "<= 1.35", times <= 1.35);
}

static void run(size_t rows, size_t columns, const char* names[6], bool has_lists)
{
    static shape of;
    static bench_set set;
    bench_case *exact, *fast, *reading, *peer = NULL;
    prepare(&of, rows, columns);
    memset(&set, 0, sizeof(set));
    exact = bench_add(&set, names[0], exact_body, &of);
    fast = bench_add(&set, names[1], fast_body, &of);
    reading = bench_add(&set, names[2], read_body, &of);
#ifdef HAVE_OPENBLAS
    openblas_set_num_threads(1);
    peer = bench_add(&set, names[3], peer_body, &of);
#endif
    bench_run(&set);
    check(&of);
    bench_print(exact, 0);
    bench_print(fast, 0);
    bench_print(reading, 0);
    if (peer != NULL) {
        bench_print(peer, 0);
    }
    bench_ratio(names[4], fast, peer, 1.2);
    compare_reading(names[5], fast, reading);
    if (has_lists) {
        compare_article(exact, "lists", &of);
    }
    compare_article(exact, "arrays", &of);
    release(&of);
}

int main(void)
{
    const char* small[6] = {"exact, 1000x384",       "fast, 1000x384",
                            "reading twice, 1000x384", "OpenBLAS, 1000x384",
                            "fast, times as fast as OpenBLAS, 1000x384",
                            "fast, times as long as reading twice, 1000x384"};
    const char* large[6] = {"exact, 10000x1536",       "fast, 10000x1536",
                            "reading twice, 10000x1536", "OpenBLAS, 10000x1536",
                            "fast, times as fast as OpenBLAS, 10000x1536",
                            "fast, times as long as reading twice, 10000x1536"};
    printf("# by %s\n", llmobsi_score_best()->name);
    run(1000, 384, small, true);
    run(10000, 1536, large, false);
    return 0;
}

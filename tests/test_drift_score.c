/* The article's drift score: bit for bit what numpy and scipy compute, by each path; what cannot be
   scored; and the fast one, held against it. */
#include "llmobs_private.h"

#include <math.h>
#include <stdlib.h>

#include "tap.h"

#include "drift_vectors.h"
#include "random.h"

#define WANT_SCORE 0

static uint64_t answer_bits(const llmobsi_score_answer* answer, int which)
{
    const double all[5] = {answer->score, answer->parts.centroid_distance,
                           answer->parts.baseline_spread, answer->parts.current_spread,
                           answer->parts.spread_change};
    return llmobsi_double_bits(all[which]);
}

/* ---- golden scores ------------------------------------------------------------------------- */

static uint32_t golden_wrong(const llmobsi_score_path* path, const golden_score* golden)
{
    llmobs_vectors baseline = drift_vectors(golden, 0), current = drift_vectors(golden, 1);
    const llmobs_vectors* const both[2] = {&baseline, &current};
    size_t bytes = llmobs_drift_score_memory(&baseline, &current);
    void* memory = malloc(bytes);
    llmobsi_score_answer answer;
    uint32_t wrong = llmobsi_score_by(path, both, false, memory, bytes, &answer) != LLMOBS_OK;
    int i;
    for (i = 0; i < 5; i++) {
        wrong += answer_bits(&answer, i) != golden->bits[i];
    }
    if (wrong > 0) {
        printf("# kind %d, %zu and %zu rows of %zu: %.17g, want %.17g\n", golden->kind,
               golden->rows[0], golden->rows[1], golden->columns, answer.score,
               llmobsi_double_of(golden->bits[WANT_SCORE]));
    }
    free(memory);
    drift_free(&baseline);
    drift_free(&current);
    return wrong;
}

static void test_golden(void)
{
    size_t path, i;
    is_int(GOLDEN_SCORES, 210, "golden scores");
    for (path = 0; path < LLMOBS_I_SCORE_PATHS; path++) {
        uint32_t wrong = 0;
        if (!llmobsi_score_runs_here(path)) {
            skip(llmobsi_score_paths[path].name, "not on this processor");
            continue;
        }
        for (i = 0; i < GOLDEN_SCORES; i++) {
            wrong += golden_wrong(&llmobsi_score_paths[path], &golden_scores[i]);
        }
        is_int(wrong, 0, llmobsi_score_paths[path].name);
    }
}

/* ---- what cannot be scored ----------------------------------------------------------------- */

static double memory[64];

static bool is_nan(double value)
{
    return (llmobsi_double_bits(value) & ~(UINT64_C(1) << 63)) > LLMOBS_I_DOUBLE_INFINITY;
}

/* Both functions answer so, and score and parts are NaN. */
static bool refused(const llmobs_vectors* baseline, const llmobs_vectors* current,
                    llmobs_result want)
{
    llmobs_drift_parts parts = {1, 1, 1, 1}, fast_parts = {1, 1, 1, 1};
    double score = 1, fast_score = 1;
    llmobs_result result = llmobs_drift_score(baseline, current, memory, sizeof memory, &parts,
                                              &score);
    llmobs_result fast = llmobs_drift_score_fast(baseline, current, memory, sizeof memory,
                                                 &fast_parts, &fast_score);
    return result == want && fast == want && is_nan(score) && is_nan(fast_score) &&
           is_nan(parts.centroid_distance) && is_nan(parts.baseline_spread) &&
           is_nan(parts.current_spread) && is_nan(parts.spread_change) &&
           is_nan(fast_parts.spread_change);
}

static bool data_refused(double a, double b, double c, double d)
{
    const double rows[4] = {a, b, c, d}, others[4] = {1, 2, 3, 5};
    llmobs_vectors bad = llmobs_vectors_of_doubles(rows, 2, 2);
    llmobs_vectors good = llmobs_vectors_of_doubles(others, 2, 2);
    return refused(&bad, &good, LLMOBS_ERROR_DATA) && refused(&good, &bad, LLMOBS_ERROR_DATA);
}

static void test_data(void)
{
    const double infinity = llmobsi_double_of(LLMOBS_I_DOUBLE_INFINITY);
    const double nan = llmobsi_not_a_number();
    ok(data_refused(0, 0, 1, 2), "a row of zeros");
    ok(data_refused(1, nan, 1, 2) && data_refused(1, 2, nan, nan), "NaN");
    ok(data_refused(1, infinity, 1, 2) && data_refused(1, 2, 3, -infinity) &&
           data_refused(infinity, 1, -infinity, 1), "infinity");
    ok(data_refused(1, 0, -1, 0), "rows that cancel");
    ok(data_refused(1e308, 1e308, 1e308, 1e308), "finite numbers whose squares are not");
    ok(data_refused(1e155, 1e100, 1e155, 1e100), "or the product of squares");
    ok(data_refused(1e-300, 1e-300, 1e-300, 1e-300), "numbers whose squares vanish");
}

static void test_arguments(void)
{
    static const float floats[8] = {1, 2, 3, 4, 5, 6, 7, 9};
    llmobs_vectors good = llmobs_vectors_of_floats(floats, 2, 2), bad = good;
    double score = 1;
    ok(refused(NULL, &good, LLMOBS_ERROR_ARGUMENT) && refused(&good, NULL, LLMOBS_ERROR_ARGUMENT),
       "no vectors");
    bad.data = NULL;
    ok(refused(&bad, &good, LLMOBS_ERROR_ARGUMENT), "no data");
    bad = llmobs_vectors_of_floats(floats, 0, 2);
    ok(refused(&bad, &good, LLMOBS_ERROR_ARGUMENT) && refused(&good, &bad, LLMOBS_ERROR_ARGUMENT),
       "no rows");
    bad = llmobs_vectors_of_floats(floats, 2, 0);
    ok(refused(&bad, &bad, LLMOBS_ERROR_ARGUMENT), "no columns");
    bad = llmobs_vectors_of_floats(floats, 2, 3);
    ok(refused(&bad, &good, LLMOBS_ERROR_ARGUMENT), "other columns");
    bad = good;
    bad.stride = 1;
    ok(refused(&bad, &good, LLMOBS_ERROR_ARGUMENT), "rows that overlap");
    bad = good;
    bad.data = (const char*)floats + 1;
    ok(refused(&bad, &good, LLMOBS_ERROR_ARGUMENT), "misaligned data");
    bad = llmobs_vectors_of_floats(floats, SIZE_MAX / 4, 2);
    ok(refused(&bad, &good, LLMOBS_ERROR_ARGUMENT), "more rows than can be addressed");
    bad = llmobs_vectors_of_floats(floats, 2, SIZE_MAX / 4 + 3);
    ok(refused(&bad, &bad, LLMOBS_ERROR_ARGUMENT), "or columns");
    bad = llmobs_vectors_of_floats(floats, SIZE_MAX / 16, 1);
    ok(llmobs_drift_score_memory(&bad, &bad) == 0, "or distances");
    bad = good;
    bad.stride = SIZE_MAX / 4;
    ok(refused(&bad, &good, LLMOBS_ERROR_ARGUMENT), "or a stride");
    is_int(llmobs_drift_score(&good, &good, memory, sizeof memory, NULL, NULL),
           LLMOBS_ERROR_ARGUMENT, "nowhere to put the score");
    is_int(llmobs_drift_score(&good, &good, NULL, 1000, NULL, &score), LLMOBS_ERROR_ARGUMENT,
           "no memory");
    ok(is_nan(score), "then the score is NaN");
}

static void test_memory(void)
{
    static const float floats[10] = {1, 2, 3, 4, 5, 6, 7, 9, 10, 12};
    llmobs_vectors few = llmobs_vectors_of_floats(floats, 1, 2);
    llmobs_vectors more = llmobs_vectors_of_floats(floats, 5, 2);
    size_t bytes = llmobs_drift_score_memory(&few, &more);
    double score = 0;
    is_int(bytes, (2 * 2 + 1 + 5) * 8, "two centers, one of floats, five distances");
    is_int(llmobs_drift_score_memory(&more, &few), bytes, "whichever side has more rows");
    is_int(llmobs_drift_score(&few, &more, memory, bytes - 1, NULL, &score),
           LLMOBS_ERROR_ARGUMENT, "a byte less does not do");
    is_int(llmobs_drift_score(&few, &more, (char*)memory + 4, bytes, NULL, &score),
           LLMOBS_ERROR_ARGUMENT, "nor does misaligned memory");
    memory[bytes / 8] = 42;
    is_int(llmobs_drift_score(&few, &more, memory, bytes, NULL, &score), LLMOBS_OK, "so much does");
    ok(memory[bytes / 8] == 42, "and no more is used");
    ok(score == 1.0, "one row against five: the spread is all new");
}

/* ---- what can ------------------------------------------------------------------------------ */

static void test_shapes(void)
{
    static const float rows[12] = {1, 2, 99, 3, 1, 99, 2, 2, 99, 5, 4, 99};
    static const float close[8] = {1, 2, 3, 1, 2, 2, 5, 4};
    llmobs_vectors wide = llmobs_vectors_of_floats(rows, 4, 2);
    llmobs_vectors narrow = llmobs_vectors_of_floats(close, 4, 2);
    llmobs_drift_parts parts, others;
    double score = 1, other = 1;
    wide.stride = 3;
    ok(llmobs_drift_score(&wide, &narrow, memory, sizeof memory, &parts, &score) == LLMOBS_OK &&
           score == 0.0 && parts.centroid_distance < 1e-15,
       "rows with a stride are those without");
    ok(llmobs_drift_score(&narrow, &narrow, memory, sizeof memory, NULL, &score) == LLMOBS_OK &&
           score == 0.0,
       "what is the same has not drifted");
    narrow.rows = 2;
    (void)llmobs_drift_score(&wide, &narrow, memory, sizeof memory, &parts, &score);
    (void)llmobs_drift_score(&narrow, &wide, memory, sizeof memory, &others, &other);
    ok(parts.centroid_distance == others.centroid_distance &&
           parts.baseline_spread == others.current_spread && score != other,
       "exchanged, the parts are exchanged; the score is another one");
}

static void test_alert(void)
{
    ok(!llmobs_drift_should_alert(0.15, LLMOBS_DRIFT_THRESHOLD), "at the threshold, no alert");
    ok(llmobs_drift_should_alert(0.15000000000000002, LLMOBS_DRIFT_THRESHOLD), "above, one");
    ok(!llmobs_drift_should_alert(llmobsi_not_a_number(), 0.15) &&
           !llmobs_drift_should_alert(-llmobsi_not_a_number(), -1.0) &&
           !llmobs_drift_should_alert(1.0, llmobsi_not_a_number()),
       "NaN alerts nobody");
    ok(llmobs_drift_should_alert(0.1, -llmobsi_double_of(LLMOBS_I_DOUBLE_INFINITY)),
       "anything is above no threshold at all");
}

/* ---- the fast one -------------------------------------------------------------------------- */

typedef struct pair_of_scores {
    double exact;
    double fast;
    llmobs_result result;
} pair_of_scores;

static pair_of_scores both_scores(const llmobs_vectors* const both[2],
                                  const llmobsi_score_path* path)
{
    size_t bytes = llmobs_drift_score_memory(both[0], both[1]);
    void* room = malloc(bytes);
    llmobsi_score_answer answer;
    pair_of_scores scores;
    scores.result = llmobsi_score_by(path, both, false, room, bytes, &answer);
    scores.exact = answer.score;
    if (llmobsi_score_by(path, both, true, room, bytes, &answer) != scores.result) {
        scores.result = LLMOBS_ERROR_SYSTEM;
    }
    scores.fast = answer.score;
    free(room);
    return scores;
}

/* How often the two differ at all, and by how much at most. */
static void compare_fast(const llmobsi_score_path* path, uint32_t* different, double* most)
{
    static const size_t columns[] = {256, 257, 271, 383, 384, 400, 1000, 1536};
    static const size_t rows[] = {256, 257, 263, 300, 500};
    uint32_t i;
    *different = 0;
    *most = 0.0;
    for (i = 0; i < 40; i += step_of(7)) {
        golden_score like = {(int)(i % 3), 7000 + 8 * i, {0, 0}, 0, 0, {0, 0, 0, 0, 0}};
        const llmobs_vectors* both[2];
        llmobs_vectors sides[2];
        pair_of_scores scores;
        like.rows[0] = rows[i % 5];
        like.rows[1] = rows[(i / 5 + 3) % 5];
        like.columns = columns[i % 8];
        both[0] = &sides[0];
        both[1] = &sides[1];
        sides[0] = drift_vectors(&like, 0);
        sides[1] = drift_vectors(&like, 1);
        scores = both_scores(both, path);
        *most = fmax(*most, fabs(scores.exact - scores.fast));
        *different += scores.result != LLMOBS_OK ? 1000 : scores.exact != scores.fast;
        drift_free(&sides[0]);
        drift_free(&sides[1]);
    }
}

static void test_fast(void)
{
    size_t i;
    for (i = 0; i < LLMOBS_I_SCORE_PATHS; i++) {
        const llmobsi_score_path* path = &llmobsi_score_paths[i];
        uint32_t different;
        double most;
        if (!llmobsi_score_runs_here(i)) {
            skip(path->name, "not on this processor");
            continue;
        }
        compare_fast(path, &different, &most);
        printf("# %s: %u of %u differ, by %g at most\n", path->name, different,
               (40 + step_of(7) - 1) / step_of(7), most);
        ok(most <= 2e-8, "fast and exact scores are close");
        ok(path->fast == NULL ? different == 0 : different > 10 / step_of(7) && different <= 40,
           "and are not the same where it has one");
    }
}

/* The fast one leaves to the exact one what floats cannot do. */
static void test_fast_refuses(void)
{
    enum { ROWS = 300, COLUMNS = 256 };
    golden_score like = {0, 99, {ROWS, ROWS}, COLUMNS, 0, {0, 0, 0, 0, 0}};
    llmobs_vectors sides[2];
    const llmobs_vectors* both[2];
    const llmobsi_score_path* path = llmobsi_score_best();
    pair_of_scores scores;
    float* numbers;
    size_t i;
    both[0] = &sides[0];
    both[1] = &sides[1];
    sides[0] = drift_vectors(&like, 0);
    sides[1] = drift_vectors(&like, 1);
    numbers = (float*)(uintptr_t)sides[1].data;
    numbers[77 * COLUMNS + 3] = 1e30f;
    scores = both_scores(both, path);
    ok(scores.result == LLMOBS_OK && scores.exact == scores.fast, "squares out of range of floats");
    numbers[77 * COLUMNS + 3] = (float)llmobsi_not_a_number();
    ok(both_scores(both, path).result == LLMOBS_ERROR_DATA, "a NaN among many");
    numbers[77 * COLUMNS + 3] = 1;
    for (i = 0; i < ROWS * COLUMNS; i++) {
        numbers[i] = 1.0f + 1e-4f * (float)(i * 7919 % 1000);
    }
    scores = both_scores(both, path);
    ok(scores.result == LLMOBS_OK && scores.exact == scores.fast, "a spread that is too small");
    for (i = 0; i < ROWS * COLUMNS; i++) {
        numbers[i] = (i / COLUMNS) % 2 == 0 ? 1.0f : -1.0f;
    }
    ok(both_scores(both, path).result == LLMOBS_ERROR_DATA, "rows that cancel");
    drift_free(&sides[0]);
    drift_free(&sides[1]);
}

/* Whatever the host has told the processor: the mode is as before, and the score the same. */
static void test_modes(void)
{
#if defined(__SSE2__)
    const golden_score* golden = &golden_scores[GOLDEN_SCORES - 1];
    uint32_t before, odd = 0x7f80 | 0x8040, after; /* towards 0, no subnormal numbers */
    uint32_t wrong = 0;
    size_t i;
    __asm__ __volatile__("stmxcsr %0" : "=m"(before));
    for (i = 0; i < GOLDEN_SCORES; i++) {
        golden = &golden_scores[i];
        if (golden->kind >= 3 && golden->kind <= 5) {
            llmobs_vectors sides[2];
            llmobsi_score_answer answer;
            const llmobs_vectors* both[2];
            size_t bytes;
            void* room;
            both[0] = &sides[0];
            both[1] = &sides[1];
            sides[0] = drift_vectors(golden, 0);
            sides[1] = drift_vectors(golden, 1);
            bytes = llmobs_drift_score_memory(both[0], both[1]);
            room = malloc(bytes);
            __asm__ __volatile__("ldmxcsr %0" : : "m"(odd) : "memory");
            (void)llmobsi_score_by(llmobsi_score_best(), both, false, room, bytes, &answer);
            __asm__ __volatile__("stmxcsr %0" : "=m"(after) : : "memory");
            __asm__ __volatile__("ldmxcsr %0" : : "m"(before) : "memory");
            wrong += after != odd;
            wrong += answer_bits(&answer, WANT_SCORE) != golden->bits[WANT_SCORE];
            free(room);
            drift_free(&sides[0]);
            drift_free(&sides[1]);
        }
    }
    is_int(wrong, 0, "rounding towards 0, without subnormal numbers: the same, and left so");
#else
    skip("rounding towards 0", "not on this processor");
#endif
}

int main(void)
{
    test_data();
    test_arguments();
    test_memory();
    test_shapes();
    test_alert();
    test_fast();
    test_fast_refuses();
    test_modes();
    test_golden();
    return done();
}

/* Vectors of floats: every path gives the same bits, the nearest is what doubles say, and extreme
   numbers are told apart from no numbers. */
#include "llmobs_private.h"

#include "tap.h"

#include "drifting.h"

#include "random.h"

enum { MOST = 70, ROWS = 32 };

static float rows[ROWS][MOST], x[MOST];
static double row_squares[ROWS];
static float row_halves[ROWS];

static float random_value(void)
{
    return (float)((double)(int64_t)(next_random() >> 11) / 4503599627370496.0 - 1.0);
}

/* Rows that are packed as prototypes are, no longer than 1. */
static llmobsi_drift_centres make_rows(float* packed, uint32_t count, uint32_t dimension)
{
    const llmobsi_drift_path* path = &llmobsi_drift_paths[0];
    llmobsi_drift_centres centres;
    uint32_t k, i;
    for (k = 0; k < count; k++) {
        double scale = llmobsi_drift_scale(path, rows[k], dimension);
        for (i = 0; i < dimension; i++) {
            packed[k * dimension + i] = (float)(rows[k][i] * scale * 0.99);
        }
        row_squares[k] = path->squares(packed + k * dimension, dimension);
        row_halves[k] = (float)(row_squares[k] * 0.5);
    }
    centres.rows = packed;
    centres.squares = row_squares;
    centres.halves = row_halves;
    centres.count = count;
    centres.dimension = dimension;
    return centres;
}

static void fill(float scale)
{
    int k, i;
    for (k = 0; k < ROWS; k++) {
        for (i = 0; i < MOST; i++) {
            rows[k][i] = random_value();
            x[i] = random_value() * scale;
        }
    }
}

/* Of all rows, by doubles; of several the first. */
static llmobsi_drift_nearest nearest_by_all(const llmobsi_drift_centres* centres, double scale)
{
    llmobsi_drift_nearest best = {0, 0.0};
    uint32_t k;
    for (k = 0; k < centres->count; k++) {
        double square = llmobsi_drift_square(&llmobsi_drift_paths[0], centres, x, scale, k);
        if (k == 0 || square < best.square) {
            best.index = k;
            best.square = square;
        }
    }
    return best;
}

static int differ_of(const llmobsi_drift_path* path, uint32_t count, uint32_t dimension)
{
    const llmobsi_drift_path* plain = &llmobsi_drift_paths[0];
    static float packed[ROWS * MOST];
    llmobsi_drift_centres centres = make_rows(packed, count, dimension);
    double scale = llmobsi_drift_scale(plain, x, dimension);
    int64_t sums[2][MOST];
    double products[2][2];
    llmobsi_drift_nearest want = nearest_by_all(&centres, scale);
    llmobsi_drift_nearest got = llmobsi_drift_find(path, &centres, x, scale);
    memset(sums, 0, sizeof sums);
    plain->add(sums[0], x, scale, dimension);
    path->add(sums[1], x, scale, dimension);
    plain->products(x, scale, packed, dimension, products[0]);
    path->products(x, scale, packed, dimension, products[1]);
    return (llmobsi_drift_scale(path, x, dimension) != scale) +
           (memcmp(sums[0], sums[1], sizeof sums[0]) != 0) +
           (memcmp(products[0], products[1], sizeof products[0]) != 0) +
           (got.index != want.index) +
           (llmobsi_double_bits(got.square) != llmobsi_double_bits(want.square));
}

static void check_paths(void)
{
    static const float scales[] = {1.0f, 1e-30f, 1e30f, 3e-8f, 123.0f, 2e-44f};
    uint32_t p;
    for (p = 0; p < LLMOBS_I_DRIFT_PATHS; p++) {
        const llmobsi_drift_path* path = &llmobsi_drift_paths[p];
        uint32_t dimension, s;
        int wrong = 0;
        if (!llmobsi_drift_runs_here(p)) {
            skip(path->name, "not on this processor");
            continue;
        }
        for (dimension = 2; dimension <= MOST; dimension++) {
            for (s = 0; s < sizeof scales / sizeof scales[0]; s++) {
                fill(scales[s]);
                x[0] = x[0] != 0.0f ? x[0] : scales[s];
                wrong += differ_of(path, 1 + (dimension * 7 + s) % ROWS, dimension);
            }
        }
        is_int(wrong, 0, path->name);
    }
}

/* Rows that float can't tell apart: by one bit of one value, and not at all. */
static void check_ties(void)
{
    uint32_t p;
    for (p = 0; p < LLMOBS_I_DRIFT_PATHS && llmobsi_drift_runs_here(p); p++) {
        int wrong = 0, round;
        for (round = 0; round < 300; round++) {
            uint32_t dimension = 2 + (uint32_t)(next_random() % (MOST - 2));
            uint32_t base = (uint32_t)(next_random() % ROWS), k;
            fill(1.0f);
            for (k = 0; k < ROWS; k++) {
                memcpy(rows[k], rows[base], sizeof rows[k]);
                rows[k][next_random() % dimension] *=
                    1.0f + (float)(next_random() % 3) * 1.2e-7f;
            }
            memcpy(x, rows[base], sizeof x);
            wrong += differ_of(&llmobsi_drift_paths[p], ROWS, dimension);
        }
        is_int(wrong, 0, "the nearest of those that are all but equal is what doubles say");
    }
}

static void check_scale(void)
{
    static const uint32_t bad[] = {0x7f800000u, 0xff800000u, 0x7fc00000u, 0x7f800001u};
    const llmobsi_drift_path* path = llmobsi_drift_here();
    float zeros[MOST] = {0.0f};
    int wrong = 0;
    uint32_t i, k;
    for (k = 0; k < 4; k++) {
        for (i = 0; i < MOST; i++) {
            fill(1.0f);
            memcpy(&x[i], &bad[k], sizeof x[i]);
            wrong += llmobsi_drift_scale(path, x, MOST) != 0.0;
            wrong += i > 1 && llmobsi_drift_scale(path, x, i) == 0.0;
        }
    }
    is_int(wrong, 0, "a NaN or an infinity is seen wherever it stands, and no further");
    ok(llmobsi_drift_scale(path, zeros, MOST) == 0.0, "zeros can't be normalised");
    zeros[3] = 3.0e38f;
    zeros[5] = 3.0e38f;
    ok(llmobsi_drift_normal(zeros[3], llmobsi_drift_scale(path, zeros, MOST)) ==
           (double)0.70710678f,
       "the largest numbers can");
}

static void check_numbers(void)
{
    ok(llmobsi_drift_fixed(0.5) == (int64_t)1 << 43 &&
           llmobsi_drift_fixed(-0.5) == -((int64_t)1 << 43) && llmobsi_drift_fixed(0.0) == 0 &&
           llmobsi_drift_fixed(4.0) == (int64_t)1 << 46,
       "fixed numbers");
    ok(llmobsi_drift_fixed(1.4 / 17592186044416.0) == 1 &&
           llmobsi_drift_fixed(-1.6 / 17592186044416.0) == -2,
       "are rounded to the nearest");
    ok(llmobsi_drift_unfixed((int64_t)3 << 42) == 0.75, "and back");
    ok(llmobs_drift_key("a", 1) == llmobs_drift_key("a", 1) &&
           llmobs_drift_key("a", 1) != llmobs_drift_key("b", 1) && llmobs_drift_key("", 0) != 0 &&
           llmobs_drift_key(NULL, 3) != 0,
       "keys are the same each time, and never 0");
    ok(llmobs_drift_key("session", 7) == UINT64_C(0xa940b2dd7aa9cec3), "and on every machine");
}

int main(void)
{
    check_paths();
    check_ties();
    check_scale();
    check_numbers();
    return done();
}

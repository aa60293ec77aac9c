/* Exponential buckets and quantiles. The table of borders is proved by raising its numbers to their
   256th power; all else is held against the borders, or against sorted values. */
#ifdef FLUSH_SUBNORMALS
#define LLMOBS_STATIC
#include "llmobs.h"
#else
#include "llmobs_private.h"
#endif

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "tap.h"

#define RANDOM_SEED 20
#include "random.h"

#define PARTS LLMOBS_I_EXPONENTIAL_PARTS
#define FINEST LLMOBS_I_EXPONENTIAL_FINEST
#define COARSEST LLMOBS_I_EXPONENTIAL_COARSEST

static uint64_t bits_of(double value)
{
    return llmobsi_double_bits(value);
}

/* Equal as bits: -ffast-math may take a subnormal for zero, and knows no NaN. */
static bool same(double a, double b)
{
    return bits_of(a) == bits_of(b);
}

/* Of numbers from 0 on, subnormals too. */
static bool at_most(double a, double b)
{
    return bits_of(a) <= bits_of(b);
}

static double step(double value, int64_t steps)
{
    return llmobsi_double_of(bits_of(value) + (uint64_t)steps);
}

static double border(int power, int part)
{
    return llmobsi_double_of(((uint64_t)(power + 1023) << 52) + llmobsi_exponential_borders[part]);
}

/* Within (0, 1]. */
static double random_unit(void)
{
    return (double)((next_random() >> 11) + 1) / 9007199254740992.0;
}

/* Any positive double, subnormals included. */
static double random_positive(void)
{
    uint64_t bits = next_random() >> 1;
    return llmobsi_double_of(bits % LLMOBS_I_DOUBLE_MOST + 1);
}

/* ---- the table ----------------------------------------------------------------------------- */

#define LIMBS 432

/* The bits that number^256 takes. */
static int bits_of_power(uint64_t number)
{
    static uint32_t power[LIMBS], square[LIMBS];
    int limbs = 2, squaring, i, j, top;
    power[0] = (uint32_t)number;
    power[1] = (uint32_t)(number >> 32);
    for (squaring = 0; squaring < 8; squaring++) {
        memset(square, 0, sizeof square);
        for (i = 0; i < limbs; i++) {
            uint64_t carry = 0;
            for (j = 0; j < limbs; j++) {
                carry += (uint64_t)power[i] * power[j] + square[i + j];
                square[i + j] = (uint32_t)carry;
                carry >>= 32;
            }
            square[i + limbs] = (uint32_t)carry;
        }
        limbs *= 2;
        while (square[limbs - 1] == 0) {
            limbs--;
        }
        memcpy(power, square, sizeof power);
    }
    for (top = 0; top < 32 && power[limbs - 1] >> top != 0; top++) {
    }
    return 32 * (limbs - 1) + top;
}

/* The largest integer below 2^(52 + i / 256), for i > 0, is the one whose 256th power is below
   2^(52 * 256 + i), which takes one bit more, and whose successor's is not. */
static void test_borders(void)
{
    int wrong = 0, i;
    for (i = 1; i < PARTS; i++) {
        uint64_t number = (UINT64_C(1) << 52) + llmobsi_exponential_borders[i];
        if (bits_of_power(number) > 52 * PARTS + i || bits_of_power(number + 1) <= 52 * PARTS + i) {
            wrong++;
        }
    }
    is_int(wrong, 0, "255 borders are the largest doubles below the roots of 2");
    ok(llmobsi_exponential_borders[0] == 0 && llmobsi_exponential_borders[PARTS] >> 52 == 1,
       "and the powers of 2 are borders");
}

static int32_t index_by_search(double value)
{
    uint64_t bits = bits_of(value) - 1;
    int part = PARTS - 1;
    while ((bits & LLMOBS_I_DOUBLE_FRACTION) < llmobsi_exponential_borders[part]) {
        part--;
    }
    return ((int32_t)(bits >> 52) - 1023) * PARTS + part;
}

static void test_guesses(void)
{
    int wrong = 0;
    uint64_t cell;
    for (cell = 0; cell < 512; cell++) {
        uint64_t least = bits_of(1.0) + (cell << 43);
        uint64_t bits[6], i;
        bits[0] = least;
        bits[1] = least + 1;
        bits[2] = least + 2;
        bits[3] = least + (UINT64_C(1) << 43) - 1;
        bits[4] = least + (UINT64_C(1) << 43);
        bits[5] = least + (next_random() >> 21);
        for (i = 0; i < 6; i++) {
            double value = llmobsi_double_of(bits[i]);
            wrong += llmobsi_exponential_index(value) != index_by_search(value);
        }
    }
    is_int(wrong, 0, "each guess leads to the border that a search finds");
}

/* ---- indexes ------------------------------------------------------------------------------- */

static void test_index_borders(void)
{
    int wrong = 0, power, part;
    for (power = -1022; power <= 1023; power++) {
        for (part = 0; part < PARTS; part++) {
            double bound = border(power, part);
            int32_t index = power * PARTS + part;
            wrong += llmobsi_exponential_index(bound) != index - 1;
            wrong += llmobsi_exponential_index(step(bound, 1)) != index;
            wrong += llmobsi_exponential_index(step(bound, -1)) != index - 1;
            wrong += !same(llmobsi_exponential_bound(index, FINEST), bound);
        }
    }
    is_int(wrong, 0, "every border belongs to the bucket below it, the next double does not");
}

static void test_index_powers(void)
{
    int wrong = 0, power, scale;
    for (power = -1022; power <= 1023; power++) {
        double value = ldexp(1.0, power);
        int32_t index = power * PARTS;
        wrong += !same(value, border(power, 0));
        wrong += llmobsi_exponential_index(value) != index - 1;
        wrong += llmobsi_exponential_index(step(value, 1)) != index;
        wrong += llmobsi_exponential_index(step(value, -1)) != index - 1;
        for (scale = 0; scale <= FINEST; scale++) {
            int64_t at = (int64_t)power * (1 << scale);
            wrong += llmobsi_exponential_index(value) >> (FINEST - scale) != at - 1;
            wrong += llmobsi_exponential_index(step(value, 1)) >> (FINEST - scale) != at;
            wrong += !same(llmobsi_exponential_bound(at, scale), value);
        }
    }
    is_int(wrong, 0, "2^k belongs to the bucket below at every scale, the next double does not");
}

static void test_index_ends(void)
{
    double least = llmobsi_double_of(1);
    int32_t lowest = -1022 * PARTS - 1;
    is_int(llmobsi_exponential_index(DBL_MIN), lowest, "DBL_MIN is in the lowest bucket");
    is_int(llmobsi_exponential_index(step(DBL_MIN, 1)), lowest + 1, "alone");
    is_int(llmobsi_exponential_index(least), lowest, "but for the least subnormal");
    is_int(llmobsi_exponential_index(step(DBL_MIN, -1)), lowest, "and the largest");
    is_int(llmobsi_exponential_index(0.0), lowest, "and zero");
    is_int(llmobsi_exponential_index(DBL_MAX), 1024 * PARTS - 1, "DBL_MAX is in the highest");
    is_int(llmobsi_exponential_index(DBL_MAX) >> 18, 0, "which at the coarsest scale is 0");
    is_int(llmobsi_exponential_index(least) >> 18, -1, "and the lowest -1");
    is_int(llmobsi_exponential_index(1.0), -1, "1 is in (2^(-1/256), 1]");
}

/* Whether bounds and index agree, at every scale. */
static int disagreements(double value)
{
    int32_t index = llmobsi_exponential_index(value);
    int wrong = 0, scale;
    for (scale = COARSEST; scale <= FINEST; scale++) {
        int32_t at = index >> (FINEST - scale);
        wrong += at_most(value, llmobsi_exponential_bound(at, scale));
        wrong += !at_most(value, llmobsi_exponential_bound((int64_t)at + 1, scale));
    }
    return wrong;
}

static void test_coarser(void)
{
    int wrong = 0, other = 0, i, scale;
    for (i = 0; i < rounds_of(100000); i++) {
        wrong += disagreements(random_positive());
    }
    for (i = 0; i < 2046; i++) {
        double value = border(i - 1022, (int)(next_random() % PARTS));
        wrong += disagreements(value) + disagreements(step(value, 1));
    }
    wrong += disagreements(DBL_MAX) + disagreements(DBL_MIN) + disagreements(llmobsi_double_of(1));
    is_int(wrong, 0, "a shifted index is that of the bucket whose bounds hold the value");
    for (i = 0; i < rounds_of(100000); i++) {
        double value = ldexp(0.5 + random_unit() / 2, (int)(next_random() % 2000) - 1000);
        for (scale = COARSEST; scale <= FINEST; scale++) {
            double at = ldexp(log2(value), scale);
            /* Next to a whole number, a logarithm can't tell. */
            if (fabs(at - floor(at + 0.5)) > 1e-9) {
                int32_t direct = (int32_t)ceil(at) - 1;
                other += llmobsi_exponential_index(value) >> (FINEST - scale) != direct;
            }
        }
    }
    is_int(other, 0, "and ceil(log2(value) * 2^scale) - 1");
}

/* ---- bounds, scales ------------------------------------------------------------------------ */

static void test_bounds(void)
{
    int wrong = 0, scale, i;
    for (scale = COARSEST; scale <= FINEST; scale++) {
        double before = 0.0;
        int64_t end = scale >= 0 ? INT64_C(1024) * (1 << scale) : INT64_C(1024) >> -scale;
        wrong += !same(llmobsi_exponential_bound(0, scale), 1.0);
        wrong += !same(llmobsi_exponential_bound(end, scale), DBL_MAX);
        wrong += !same(llmobsi_exponential_bound(INT64_MAX, scale), DBL_MAX);
        wrong += !same(llmobsi_exponential_bound(-end, scale), 0.0);
        wrong += !same(llmobsi_exponential_bound(INT64_MIN, scale), 0.0);
        for (i = -80; i <= 80; i++) {
            double bound = llmobsi_exponential_bound(i, scale);
            wrong += i > -end && i <= end && at_most(bound, before);
            before = bound;
        }
    }
    is_int(wrong, 0, "bounds ascend, from 0 to DBL_MAX");
    ok(same(llmobsi_exponential_bound(-1022, 0), DBL_MIN), "DBL_MIN is a bound");
    ok(same(llmobsi_exponential_bound(-1023, 0), 0.0), "subnormals are not");
    ok(same(llmobsi_exponential_bound(1023, 0), ldexp(1.0, 1023)), "2^1023 is one");
    ok(same(llmobsi_exponential_bound(3, -2), 4096.0), "2^(3 * 4)");
    ok(same(llmobsi_exponential_bound(1, 1), step(sqrt(2.0), -1)), "sqrt(2), rounded down");
    ok(same(llmobsi_exponential_bound(-3, 1), step(sqrt(0.125), -1)), "2^(-3 / 2)");
}

static bool is_close(double got, double want)
{
    return fabs(got - want) <= 1e-12 * want;
}

/* How far the midpoint of a bucket may be from a value in it: (b - 1) / (b + 1) is the hyperbolic
   tangent of half of b's logarithm. */
static double error_of(int32_t scale)
{
    return tanh(ldexp(log(2.0) / 2, -scale));
}

static void test_scale(void)
{
    int wrong = 0, i;
    is_int(llmobsi_exponential_fit(0, 159), 8, "160 buckets fit");
    is_int(llmobsi_exponential_fit(0, 160), 7, "161 do not");
    is_int(llmobsi_exponential_fit(-1, 159), 7, "nor across zero");
    is_int(llmobsi_exponential_fit(1, 320), 6, "0 to 160, of two each, are one too many");
    is_int(llmobsi_exponential_fit(5, 5), 8, "one value");
    is_int(llmobsi_exponential_fit(INT32_MIN, INT32_MAX), COARSEST, "never coarser than that");
    is_int(llmobsi_exponential_scale(1.0, 1.0), 8, "a constant");
    is_int(llmobsi_exponential_scale(llmobsi_double_of(1), DBL_MAX), -4, "all doubles");
    is_int(llmobsi_exponential_scale(1e-6, 4096.0), 2, "a microsecond to an hour");
    is_int(llmobsi_exponential_scale(1.0, 67108864.0), 2, "1 to 2^26, and 1 is in a bucket below");
    is_int(llmobsi_exponential_scale(step(1.0, 1), ldexp(1.0, 20)), 3, "(1, 2^20]: 160 buckets");
    for (i = 0; i < 20000; i++) {
        int32_t low = (int32_t)(next_random() % 523000) - 261600;
        int32_t high = low + (int32_t)(next_random() >> (next_random() % 50 + 13) & 0x7ffff);
        int32_t scale = llmobsi_exponential_fit(low, high);
        int shift = FINEST - scale;
        wrong += (high >> shift) - (low >> shift) >= 160;
        wrong += shift > 0 && (high >> (shift - 1)) - (low >> (shift - 1)) < 160;
    }
    is_int(wrong, 0, "what fits does, and would not at the next finer scale");
}

/* ---- ranks --------------------------------------------------------------------------------- */

static void test_rank_of_decimals(void)
{
    int wrong = 0;
    uint64_t thousandth, count;
    for (thousandth = 0; thousandth <= 1000; thousandth++) {
        double q = (double)thousandth / 1000.0;
        for (count = 1; count < 2000; count++) {
            uint64_t rank = (thousandth * count + 999) / 1000;
            wrong += llmobsi_quantile_rank(q, count) != (rank > 0 ? rank : 1);
        }
        for (count = 1; count < 100; count++) {
            uint64_t many = next_random() >> 24 | 1;
            uint64_t rank = (thousandth * many + 999) / 1000;
            wrong += llmobsi_quantile_rank(q, many) != (rank > 0 ? rank : 1);
        }
    }
    is_int(wrong, 0, "every thousandth: the rank of decimal arithmetic");
}

static void test_rank_ends(void)
{
    double not_a_number = llmobsi_double_of(UINT64_C(0x7ff8000000000000));
    double infinite = llmobsi_double_of(LLMOBS_I_DOUBLE_INFINITY);
    double below_one = llmobsi_double_of(LLMOBS_I_DOUBLE_ONE - 1);
    uint64_t most = UINT64_MAX;
    int above = 0, i;
    is_int(llmobsi_quantile_rank(0.5, 0), 1, "of none");
    is_int(llmobsi_quantile_rank(1.0, 0), 1, "of none, at 1");
    is_int(llmobsi_quantile_rank(0.0, 7), 1, "q = 0 is the first");
    is_int(llmobsi_quantile_rank(-0.0, 7), 1, "q = -0");
    is_int(llmobsi_quantile_rank(-3.0, 7), 1, "q below 0");
    is_int(llmobsi_quantile_rank(1.0, 7), 7, "q = 1 is the last");
    is_int(llmobsi_quantile_rank(2.0, 7), 7, "q above 1");
    is_int(llmobsi_quantile_rank(infinite, 7), 7, "q infinite");
    is_int(llmobsi_quantile_rank(not_a_number, 7), 1, "q is NaN");
    is_int(llmobsi_quantile_rank(llmobsi_double_of(UINT64_C(0xfff8000000000000)), 7), 1, "-NaN");
    is_int(llmobsi_quantile_rank(llmobsi_double_of(UINT64_C(0xfff0000000000000)), 7), 1, "-inf");
    is_int(llmobsi_quantile_rank(llmobsi_double_of(1), 7), 1, "q subnormal");
    is_int(llmobsi_quantile_rank(below_one, 7), 7, "q just below 1");
    is_int(llmobsi_quantile_rank(0.5, UINT64_C(1) << 60), INT64_C(1) << 59, "half of 2^60");
    ok(llmobsi_quantile_rank(1.0, most) == most, "all of 2^64 - 1");
    ok(llmobsi_quantile_rank(below_one, most) > most - 4096, "nearly all of it");
    ok(llmobsi_quantile_rank(0.25, most) == UINT64_C(1) << 62, "a quarter of it");
    is_int(llmobsi_quantile_rank(0.5, (1ull << 51) + 1), (1ll << 50) + 1, "half of 2^51 + 1");
    for (i = 0; i < 100000; i++) {
        uint64_t count = i < 4096 ? (UINT64_C(1) << (i >> 6)) - (uint64_t)(i & 63)
                                  : next_random() >> (i & 63);
        above += count > 0 && llmobsi_quantile_rank(below_one, count) > count;
    }
    is_int(above, 0, "never above the count");
}

/* ---- quantiles of an exponential histogram ------------------------------------------------- */

#define VALUES_MOST 1000000
static uint32_t value_count = VALUES_MOST; /* fewer when each access is watched */
static uint64_t values[VALUES_MOST], sorted[VALUES_MOST]; /* bits, which sort as the numbers do */
static uint64_t counts[600000];

static double random_normal(void)
{
    return sqrt(-2.0 * log(random_unit())) * cos(6.283185307179586 * random_unit());
}

enum shape { UNIFORM, LOGNORMAL, EXPONENTIAL, BIMODAL, PARETO, CONSTANT, WITH_ZEROS, ALL_DOUBLES };
static const char* const shape_names[] = {"uniform",  "lognormal", "exponential", "bimodal",
                                          "Pareto",   "constant",  "half zeros",  "all doubles"};

static double random_of_shape(enum shape shape)
{
    switch (shape) {
    case UNIFORM: return 100.0 * random_unit();
    case LOGNORMAL: return exp(1.5 * random_normal());
    case EXPONENTIAL: return -log(random_unit()) + 1e-9;
    case BIMODAL:
        return next_random() % 5 != 0 ? exp(0.2 * random_normal()) * 0.003
                                      : exp(0.3 * random_normal()) * 30.0;
    case PARETO: return exp(log(random_unit()) / -0.8);
    case CONSTANT: return 0.25;
    case WITH_ZEROS: return next_random() % 2 != 0 ? 0.0 : 5.0 + random_unit();
    default: return random_positive();
    }
}

static void sort_values(void)
{
    static uint32_t places[65536];
    uint64_t *from = values, *to = sorted;
    int pass;
    uint32_t i;
    for (pass = 0; pass < 4; pass++) {
        uint32_t sum = 0;
        uint64_t* swap = from;
        memset(places, 0, sizeof places);
        for (i = 0; i < value_count; i++) {
            places[from[i] >> 16 * pass & 0xffff]++;
        }
        for (i = 0; i < 65536; i++) {
            uint32_t count = places[i];
            places[i] = sum;
            sum += count;
        }
        for (i = 0; i < value_count; i++) {
            to[places[from[i] >> 16 * pass & 0xffff]++] = from[i];
        }
        from = to;
        to = swap;
    }
    memcpy(sorted, values, sizeof sorted); /* after an even number of passes */
}

/* The q that are asked for: every 500th, and the ends in finer steps. */
static double q_at(int i)
{
    static const double ends[] = {0.0, 1e-6, 1e-5, 1e-4, 0.9999, 0.99999, 0.999999, 1.0, -1.0, 2.0};
    return i < 10 ? ends[i] : (double)(i - 9) / 500.0;
}

static const double bounds[] = {1e-4, 0.0025, 0.003, 0.004, 0.25, 0.5,  1.0,
                                2.5,  5.0,    5.5,   10.0,  30.0, 60.0, 1e6};
#define BOUNDS 14u

typedef struct checks {
    int outside; /* brackets without the value */
    int off;     /* values too far from the right one, or out of their bracket */
    double worst;
} checks;

static void check_bracket(checks* found, llmobsi_bracket bracket, double value)
{
    found->outside += !at_most(bracket.low, value) || !at_most(value, bracket.high);
    found->off += !at_most(bracket.low, bracket.value) || !at_most(bracket.value, bracket.high);
}

static void check_exponential(checks* found, int scale)
{
    double least = llmobsi_double_of(sorted[0]), most = llmobsi_double_of(sorted[value_count - 1]);
    double bound = error_of(scale);
    int shift = FINEST - scale;
    int32_t offset = INT32_MAX, high;
    uint64_t zeros = 0;
    uint32_t i, span;
    for (i = 0; i < value_count && sorted[i] == 0; i++) {
        zeros++;
    }
    offset = llmobsi_exponential_index(llmobsi_double_of(sorted[zeros])) >> shift;
    high = llmobsi_exponential_index(most) >> shift;
    span = (uint32_t)(high - offset) + 1;
    memset(counts, 0, sizeof counts[0] * span);
    for (i = (uint32_t)zeros; i < value_count; i++) {
        counts[(llmobsi_exponential_index(llmobsi_double_of(values[i])) >> shift) - offset]++;
    }
    for (i = 0; i < 510; i++) {
        uint64_t rank = llmobsi_quantile_rank(q_at((int)i), value_count);
        double value = llmobsi_double_of(sorted[rank - 1]);
        llmobsi_bracket bracket =
            llmobsi_exponential_quantile(counts, span, offset, scale, zeros, rank);
        check_bracket(found, bracket, value);
        found->outside += value > 0.0 && same(bracket.low, value);
        if (!at_most(DBL_MIN, value)) {
            continue; /* its relative error is not bounded */
        }
        found->off += fabs(bracket.value - value) > value * bound * (1.0 + 1e-12);
        found->worst = fmax(found->worst, fabs(bracket.value - value) / value / bound);
        bracket = llmobsi_bracket_clamp(bracket, least, most);
        check_bracket(found, bracket, value);
        found->off += fabs(bracket.value - value) > value * bound * (1.0 + 1e-12);
    }
}

static void check_explicit(checks* found)
{
    double least = llmobsi_double_of(sorted[0]), most = llmobsi_double_of(sorted[value_count - 1]);
    uint32_t i, bucket = 0;
    memset(counts, 0, sizeof counts[0] * (BOUNDS + 1));
    for (i = 0; i < value_count; i++) {
        while (bucket < BOUNDS && !at_most(llmobsi_double_of(sorted[i]), bounds[bucket])) {
            bucket++;
        }
        counts[bucket]++;
    }
    for (i = 0; i < 510; i++) {
        uint64_t rank = llmobsi_quantile_rank(q_at((int)i), value_count);
        llmobsi_bracket bracket =
            llmobsi_explicit_quantile(counts, bounds, BOUNDS, rank, least, most);
        check_bracket(found, bracket, llmobsi_double_of(sorted[rank - 1]));
    }
}

static void test_shape(enum shape shape)
{
    static const int scales[] = {8, 5, 4, 3, 2, 0, -1, -4, -10};
    checks found = {0, 0, 0.0}, explicit_found = {0, 0, 0.0};
    char what[100];
    size_t i;
    for (i = 0; i < value_count; i++) {
        values[i] = bits_of(random_of_shape(shape));
    }
    sort_values();
    for (i = 0; i < sizeof scales / sizeof scales[0]; i++) {
        check_exponential(&found, scales[i]);
    }
    check_explicit(&explicit_found);
    (void)snprintf(what, sizeof what, "%s: the bracket holds the value", shape_names[shape]);
    is_int(found.outside, 0, what);
    (void)snprintf(what, sizeof what, "%s: within the error (%.1f %% of it)", shape_names[shape],
                   100.0 * found.worst);
    is_int(found.off, 0, what);
    (void)snprintf(what, sizeof what, "%s: so does an explicit one", shape_names[shape]);
    is_int(explicit_found.outside + explicit_found.off, 0, what);
}

/* ---- quantiles by hand --------------------------------------------------------------------- */

static bool is_bracket(llmobsi_bracket bracket, double value, double low, double high)
{
    return is_close(bracket.value, value) && same(bracket.low, low) && same(bracket.high, high);
}

static void test_exponential_quantile(void)
{
    uint64_t few[5] = {2, 0, 3, 1, 0};
    uint64_t none[2] = {0, 0};
    uint64_t many[2] = {UINT64_MAX, UINT64_MAX};
    llmobsi_bracket bracket;
    ok(is_bracket(llmobsi_exponential_quantile(few, 5, 1, 0, 4, 4), 0.0, 0.0, 0.0), "a zero");
    ok(is_bracket(llmobsi_exponential_quantile(few, 5, 1, 0, 4, 5), 8.0 / 3.0, 2.0, 4.0), "first");
    ok(is_bracket(llmobsi_exponential_quantile(few, 5, 1, 0, 4, 6), 8.0 / 3.0, 2.0, 4.0), "second");
    ok(is_bracket(llmobsi_exponential_quantile(few, 5, 1, 0, 4, 7), 32.0 / 3.0, 8.0, 16.0),
       "an empty bucket is passed over");
    ok(is_bracket(llmobsi_exponential_quantile(few, 5, 1, 0, 4, 10), 64.0 / 3.0, 16.0, 32.0),
       "the last");
    ok(is_bracket(llmobsi_exponential_quantile(few, 5, 1, 0, 4, 99), 64.0 / 3.0, 16.0, 32.0),
       "beyond the last: the last");
    ok(is_bracket(llmobsi_exponential_quantile(none, 2, 1, 0, 0, 1), 0.0, 0.0, 0.0), "of none");
    ok(is_bracket(llmobsi_exponential_quantile(none, 0, 1, 0, 2, 3), 0.0, 0.0, 0.0), "of zeros");
    ok(is_bracket(llmobsi_exponential_quantile(many, 2, 1, 0, UINT64_MAX, UINT64_MAX), 0.0, 0.0,
                  0.0),
       "counts that add up to more than 64 bits");
    few[0] = 1;
    bracket = llmobsi_exponential_quantile(few, 1, 262143, 8, 0, 1);
    ok(same(bracket.high, DBL_MAX) && at_most(bracket.low, bracket.value) &&
           at_most(bracket.value, DBL_MAX) && bracket.value > 0.998 * DBL_MAX,
       "the highest bucket does not overflow");
    bracket = llmobsi_exponential_quantile(few, 1, 1023, 0, 0, 1);
    ok(is_close(bracket.value / 4.0, ldexp(1.0, 1022) / 1.5), "nor at scale 0");
    bracket = llmobsi_exponential_quantile(few, 1, -1022 * PARTS - 1, 8, 0, 1);
    ok(is_bracket(bracket, DBL_MIN, 0.0, DBL_MIN), "the lowest bucket is of DBL_MIN");
    bracket = llmobsi_exponential_quantile(few, 1, 0, COARSEST, 0, 1);
    ok(is_bracket(bracket, 2.0, 1.0, DBL_MAX), "the upper half of all doubles");
    bracket = llmobsi_exponential_quantile(few, 1, -1, COARSEST, 0, 1);
    ok(is_bracket(bracket, DBL_MIN, 0.0, 1.0), "the lower half");
}

static void test_explicit_quantile(void)
{
    static const double three[3] = {1.0, 2.0, 4.0};
    static const double rounded[2] = {0.03, 0.29}; /* 0.03 + (0.29 - 0.03) is more than 0.29 */
    uint64_t few[4] = {4, 0, 2, 5};
    uint64_t none[4] = {0, 0, 0, 0};
    double infinite = llmobsi_double_of(LLMOBS_I_DOUBLE_INFINITY);
    llmobsi_bracket bracket;
    ok(is_bracket(llmobsi_explicit_quantile(few, three, 3, 1, 0.0, 9.0), 0.25, 0.0, 1.0),
       "the first bucket begins at 0");
    ok(is_bracket(llmobsi_explicit_quantile(few, three, 3, 4, 0.0, 9.0), 1.0, 0.0, 1.0),
       "a bucket's last value is at its bound");
    ok(is_bracket(llmobsi_explicit_quantile(few, three, 3, 5, 0.0, 9.0), 3.0, 2.0, 4.0),
       "an empty bucket is passed over");
    ok(is_bracket(llmobsi_explicit_quantile(few, three, 3, 7, 0.0, 9.0), 5.0, 4.0, 9.0),
       "the last bucket ends at the largest value");
    ok(is_bracket(llmobsi_explicit_quantile(few, three, 3, 11, 0.0, 9.0), 9.0, 4.0, 9.0), "end");
    ok(is_bracket(llmobsi_explicit_quantile(few, three, 3, 12, 0.0, 9.0), 9.0, 4.0, 9.0),
       "beyond the end: the end");
    ok(is_bracket(llmobsi_explicit_quantile(few, three, 3, 1, 0.75, 9.0), 0.75, 0.75, 1.0),
       "not below the least value");
    few[3] = 0;
    ok(is_bracket(llmobsi_explicit_quantile(few, three, 3, 6, 0.0, 3.5), 3.5, 2.0, 3.5),
       "not above the largest value");
    ok(is_bracket(llmobsi_explicit_quantile(few, three, 3, 6, 1.0, 0.0), 4.0, 2.0, 4.0),
       "unless these are not known");
    few[3] = 1;
    ok(is_bracket(llmobsi_explicit_quantile(few, three, 3, 7, 1.0, 0.0), 4.0, 4.0, 4.0),
       "when the last bucket has no end");
    ok(is_bracket(llmobsi_explicit_quantile(none, three, 3, 1, 1.0, 0.0), 0.0, 0.0, 0.0), "none");
    ok(is_bracket(llmobsi_explicit_quantile(few, three, 0, 3, 1.0, 3.0), 2.25, 1.0, 3.0),
       "one bucket, of all values");
    ok(same(llmobsi_explicit_quantile(few + 1, rounded, 2, 2, 0.1, 9.0).value, rounded[1]),
       "nor is it above a bound by rounding");
    few[3] = 5;
    bracket = llmobsi_explicit_quantile(few, three, 3, 10, 1.0, DBL_MAX);
    ok(same(bracket.high, DBL_MAX) && bits_of(bracket.value) < bits_of(infinite),
       "up to DBL_MAX");
}

int main(void)
{
    int shape;
#if defined(FLUSH_SUBNORMALS) && defined(__SSE2__)
    __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() | 0x8040u); /* what -ffast-math links in */
#endif
    value_count = slowed() ? VALUES_MOST / 20 : VALUES_MOST;
    test_borders();
    test_guesses();
    test_index_borders();
    test_index_powers();
    test_index_ends();
    test_coarser();
    test_bounds();
    test_scale();
    test_rank_of_decimals();
    test_rank_ends();
    test_exponential_quantile();
    test_explicit_quantile();
    for (shape = UNIFORM; shape <= ALL_DOUBLES; shape++) {
        test_shape((enum shape)shape);
    }
    return done();
}

/* Numbers that are the same everywhere. Roots are held against libm's, which are exact; logarithms
   and exponentials against 60 digits; sums and products of two doubles against whole numbers. */
#include "llmobs_private.h"

#include <math.h>

#include "golden_row.h"
#include "random.h"
#include "tap.h"

static double random_positive(void)
{
    return llmobsi_double_of((next_random() >> 1) % LLMOBS_I_DOUBLE_MOST + 1);
}

/* How many doubles apart. */
static uint64_t apart(double a, double b)
{
    int64_t x = (int64_t)llmobsi_double_bits(a), y = (int64_t)llmobsi_double_bits(b);
    return x > y ? (uint64_t)(x - y) : (uint64_t)(y - x);
}

/* Rounded to the nearest: libm's. That of mingw-w64 is the x87's, which rounds twice. */
static double nearest_root(double x)
{
#if defined(_WIN32) && defined(__SSE2__)
    return _mm_cvtsd_f64(_mm_sqrt_sd(_mm_set_sd(0.0), _mm_set_sd(x)));
#else
    return sqrt(x);
#endif
}

static void test_roots(void)
{
    static const double edges[] = {5e-324,  1e-323, 2.2250738585072009e-308,
                                   2.2250738585072014e-308, 0.25, 1.0, 2.0, 3.0, 4.0,
                                   0.9999999999999999, 1.0000000000000002, 9007199254740993.0,
                                   1.7976931348623157e308};
    bool same = true, same_here = true;
    size_t i;
    for (i = 0; i < 300000 + sizeof(edges) / sizeof(edges[0]); i++) {
        double x = i < sizeof(edges) / sizeof(edges[0]) ? edges[i] : random_positive();
        double root = nearest_root(x);
        if (i % 3 == 1 && root * root > 0.0) { /* squares, and their neighbours */
            x = root * root;
            root = nearest_root(x);
        }
        same = same && apart(llmobsi_sqrt_portable(x), root) == 0;
        same_here = same_here && apart(llmobsi_sqrt(x), root) == 0;
    }
    ok(same, "roots by integers are libm's");
    ok(same_here, "so are those by the processor");
    ok(apart(llmobsi_sqrt(0.0), 0.0) == 0 && apart(llmobsi_sqrt(-1.0), 0.0) == 0 &&
           apart(llmobsi_sqrt(-0.0), 0.0) == 0,
       "of 0, and of what is below, 0");
}

static void test_golden(void)
{
    uint64_t worst_log = 0, worst_exp = 0, count = 0;
    size_t i;
    for (i = 0; i < GOLDEN_ROWS; i++) {
        const golden_row* row = &golden_rows[i];
        uint64_t off;
        if (row->name == OF_LOG) {
            off = apart(llmobsi_log(row->arguments[0]), row->value);
            worst_log = off > worst_log ? off : worst_log;
            count++;
        } else if (row->name == OF_EXP) {
            off = apart(llmobsi_exp(row->arguments[0]), row->value);
            worst_exp = off > worst_exp ? off : worst_exp;
            count++;
        }
    }
    ok(count > 200, "there are golden numbers");
    is_int(worst_log, 0, "logarithms are the nearest doubles");
    is_int(worst_exp, 0, "so are exponentials");
}

/* libm's are off by less than a unit. */
static void test_against_libm(void)
{
    uint64_t worst_log = 0, worst_exp = 0;
    int i;
    for (i = 0; i < 20000; i++) {
        double x = random_positive();
        double y = ((double)(next_random() >> 11) / 9007199254740992.0 - 0.5) * 1400.0;
        uint64_t off_log = apart(llmobsi_log(x), log(x)), off_exp = apart(llmobsi_exp(y), exp(y));
        worst_log = off_log > worst_log ? off_log : worst_log;
        worst_exp = off_exp > worst_exp ? off_exp : worst_exp;
    }
    ok(worst_log <= 1 && worst_exp <= 1, "nowhere more than a unit from libm's");
}

static void test_ends(void)
{
    ok(apart(llmobsi_exp(-746.5), 0.0) == 0 && apart(llmobsi_exp(-1e300), 0.0) == 0 &&
           apart(llmobsi_exp(-llmobsi_double_of(LLMOBS_I_DOUBLE_INFINITY)), 0.0) == 0,
       "e^x is 0 at last");
    ok(!llmobsi_double_is_finite(llmobsi_exp(709.8)) &&
           !llmobsi_double_is_finite(llmobsi_exp(1e300)) &&
           llmobsi_double_is_finite(llmobsi_exp(709.78)),
       "and infinite at last");
    ok(apart(llmobsi_exp(-745.0), 5e-324) == 0 && apart(llmobsi_exp(-740.0), exp(-740.0)) <= 1,
       "between the two there are subnormal numbers");
    ok(!llmobsi_double_is_finite(llmobsi_not_a_number()) && isnan(llmobsi_not_a_number()),
       "a NaN is one");
    ok(apart(llmobsi_magnitude(-2.5), 2.5) == 0 && apart(llmobsi_magnitude(2.5), 2.5) == 0 &&
           apart(llmobsi_magnitude(-0.0), 0.0) == 0,
       "magnitudes have no sign");
}

#if defined(__SIZEOF_INT128__)
__extension__ typedef __int128 int128;

/* A whole number of 50 bits or fewer, of either sign. */
static double random_whole(void)
{
    uint64_t bits = next_random();
    double whole = (double)(bits >> (14 + bits % 40));
    return (bits & 64) != 0 ? -whole : whole;
}

static void test_wide_parts(void)
{
    bool sums = true, products = true, renewed = true;
    int i;
    for (i = 0; i < 100000; i++) {
        double a = random_whole(), b = random_whole();
        llmobsi_wide sum = llmobsi_wide_sum(a * 4096.0, b / 4096.0);
        llmobsi_wide product = llmobsi_wide_product(a, b);
        int128 exact = (int128)(int64_t)a * (int64_t)b;
        int128 shifted = (int128)(int64_t)a * 16777216 + (int64_t)b;
        products = products && (int128)product.high + (int128)product.low == exact &&
                   apart(product.high, a * b) == 0;
        sums = sums && (int128)(sum.high * 4096.0) + (int128)(sum.low * 4096.0) == shifted;
        if (fabs(a) >= fabs(b)) {
            llmobsi_wide again = llmobsi_wide_renew(a, b);
            int64_t whole = (int64_t)again.high + (int64_t)again.low;
            renewed = renewed && whole == (int64_t)a + (int64_t)b;
        }
    }
    ok(products, "a product's two parts are the whole of it");
    ok(sums && renewed, "so are a sum's");
}
#else
static void test_wide_parts(void)
{
    skip("two doubles, by whole numbers", "this compiler has none of 128 bits");
}
#endif

/* What is left of identities, as parts of 10^29. */
static void test_wide_digits(void)
{
    double worst_log = 0.0, worst_exp = 0.0, worst_quotient = 0.0;
    int i;
    for (i = 0; i < 3000; i++) {
        double a = (double)(next_random() >> 11) + 1.0, b = (double)(next_random() >> 30) + 1.0;
        llmobsi_wide x = llmobsi_wide_of(a, 0.0), y = llmobsi_wide_of(b, 0.0), left, power;
        left = llmobsi_wide_add(llmobsi_log_wide(x), llmobsi_log_wide(y));
        left = llmobsi_wide_add(
            left, llmobsi_wide_negate(llmobsi_log_wide(llmobsi_wide_product(a, b))));
        worst_log = fmax(worst_log, fabs(left.high));
        power = llmobsi_exp_wide(llmobsi_log_wide(x));
        left = llmobsi_wide_add(power, llmobsi_wide_negate(x));
        worst_exp = fmax(worst_exp, fabs(left.high / a));
        left = llmobsi_wide_multiply(llmobsi_wide_divide(x, y), y);
        left = llmobsi_wide_add(left, llmobsi_wide_negate(x));
        worst_quotient = fmax(worst_quotient, fabs(left.high / a));
    }
    printf("# log(a) + log(b) - log(a b): %g; exp(log(a)) / a - 1: %g; a / b b / a - 1: %g\n",
           worst_log, worst_exp, worst_quotient);
    ok(worst_log < 1e-28, "logarithms have 28 digits after the point");
    ok(worst_exp < 1e-27, "exponentials have 27 digits");
    ok(worst_quotient < 1e-30, "quotients have 30");
}

int main(void)
{
    test_roots();
    test_golden();
    test_against_libm();
    test_ends();
    test_wide_parts();
    test_wide_digits();
    return done();
}

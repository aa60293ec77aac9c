/* Tails of distributions, held against decimal numbers, whole numbers and scipy. */
#include "llmobs_private.h"

#include <math.h>

#include "golden_row.h"
#include "random.h"
#include "tap.h"

static double compute(const golden_row* row)
{
    const double* x = row->arguments;
    switch (row->name) {
    case OF_LOG:
        return llmobsi_log(x[0]);
    case OF_EXP:
        return llmobsi_exp(x[0]);
    case OF_LOG_GAMMA:
        return llmobsi_log_gamma_wide(llmobsi_wide_from(x[0])).high;
    case OF_GAMMA_Q:
        return llmobsi_gamma_q(x[0], x[1]);
    case OF_NORMAL_UPPER:
        return llmobsi_normal_upper(x[0]);
    case OF_NORMAL_BOTH:
        return llmobsi_normal_both(x[0]);
    case OF_NORMAL_QUANTILE:
        return llmobsi_normal_quantile(x[0]);
    case OF_CHI_SQUARE:
        return llmobsi_chi_square_upper(x[0], (uint32_t)x[1]);
    case OF_URN:
        return llmobsi_hypergeometric_upper((uint64_t)x[0], (uint64_t)x[1], (uint64_t)x[2],
                                            (uint64_t)x[3]);
    case OF_FISHER:
        return llmobsi_fisher_two_sided((uint64_t)x[0], (uint64_t)x[1], (uint64_t)x[2],
                                        (uint64_t)x[3]);
    default:
        return -1.0;
    }
}

typedef struct golden_group {
    const char* name;
    double most; /* relative */
} golden_group;

static const golden_group groups[OF_COUNT] = {
    {"logarithms", 0.0},
    {"exponentials", 0.0},
    {"logarithms of the gamma function", 1e-15},
    {"the incomplete gamma function", 1e-12},
    {"the normal tail", 1e-13},
    {"the normal tails", 1e-13},
    {"normal quantiles", 1e-15},
    {"chi-square tails", 1e-12},
    {"hypergeometric tails", 1e-13},
    {"Fisher's exact test", 1e-13},
};

static void test_golden(void)
{
    double worst[OF_COUNT] = {0};
    uint32_t count[OF_COUNT] = {0};
    const golden_row* where[OF_COUNT] = {NULL};
    uint32_t i;
    for (i = 0; i < GOLDEN_ROWS; i++) {
        const golden_row* row = &golden_rows[i];
        double off = fabs(compute(row) - row->value);
        off = off > 1e-28 ? off / fabs(row->value) : off;
        if (!(off <= worst[row->name])) {
            worst[row->name] = off;
            where[row->name] = row;
        }
        count[row->name]++;
    }
    for (i = 0; i < OF_COUNT; i++) {
        if (where[i] != NULL) {
            printf("# %s: %g, at (%.17g, %.17g, %.17g, %.17g)\n", groups[i].name, worst[i],
                   where[i]->arguments[0], where[i]->arguments[1], where[i]->arguments[2],
                   where[i]->arguments[3]);
        }
        ok(count[i] > 9 && worst[i] <= groups[i].most, groups[i].name);
    }
}

/* Sides add up to 1, quantiles lead back. */
static void test_identities(void)
{
    double worst_normal = 0.0, worst_urn = 0.0;
    int i;
    for (i = 0; i < 300; i++) {
        double x = (double)(next_random() >> 11) / 9007199254740992.0;
        double p = x / 2.0, z = llmobsi_normal_quantile(p);
        worst_normal = fmax(worst_normal, fabs(llmobsi_normal_upper(-z) / p - 1.0));
    }
    for (i = 0; i < 300; i++) { /* drawing and not drawing */
        uint64_t population = next_random() % 2000 + 1, successes = next_random() % population;
        uint64_t draws = next_random() % population, least = next_random() % (draws + 1);
        double drawn = llmobsi_hypergeometric_upper(population, successes, draws, least);
        double left = successes < least
                          ? 0.0
                          : 1.0 - llmobsi_hypergeometric_upper(population, successes,
                                                               population - draws,
                                                               successes - least + 1);
        worst_urn = fmax(worst_urn, fabs(drawn - left));
    }
    ok(worst_normal < 1e-12, "tails of quantiles");
    ok(worst_urn < 1e-12, "successes drawn are successes not left");
}

static void test_ends(void)
{
    ok(llmobsi_gamma_q(2.5, 0.0) == 1.0 && llmobsi_gamma_q(2.5, -1.0) == 1.0 &&
           llmobsi_gamma_q(2.5, 1e308) == 0.0 && llmobsi_gamma_q(2.5, 800.0) == 0.0,
       "the gamma function's ends");
    ok(llmobsi_normal_quantile(0.5) == 0.0 && llmobsi_normal_quantile(0.0) < -37.0 &&
           llmobsi_normal_quantile(-1.0) < -37.0 && llmobsi_normal_quantile(1.0) > 37.0 &&
           llmobsi_normal_quantile(2.0) > 37.0,
       "the normal quantiles' ends");
    ok(llmobsi_hypergeometric_upper(10, 5, 5, 0) == 1.0 &&
           llmobsi_hypergeometric_upper(10, 8, 7, 5) == 1.0 &&
           llmobsi_hypergeometric_upper(10, 5, 5, UINT64_MAX) == 0.0 &&
           llmobsi_hypergeometric_upper(0, 0, 0, 0) == 1.0 &&
           llmobsi_hypergeometric_upper(0, 0, 0, 1) == 0.0,
       "the urn's ends");
    ok(isnan(llmobsi_hypergeometric_upper(10, 11, 5, 1)) &&
           isnan(llmobsi_hypergeometric_upper(10, 5, 11, 1)) &&
           isnan(llmobsi_hypergeometric_upper(UINT64_MAX, 5, 5, 1)),
       "no such urn");
    ok(llmobsi_fisher_two_sided(0, 0, 3, 4) == 1.0 && llmobsi_fisher_two_sided(0, 4, 0, 9) == 1.0 &&
           llmobsi_fisher_two_sided(0, 0, 0, 0) == 1.0,
       "an empty row or column says nothing");
    ok(isnan(llmobsi_fisher_two_sided(UINT64_MAX, UINT64_MAX, 1, 1)) &&
           isnan(llmobsi_fisher_two_sided(UINT64_C(1) << 52, UINT64_C(1) << 52, 1, 1)),
       "a table that is too large");
    ok(llmobsi_fisher_two_sided(UINT64_C(1) << 50, 5, UINT64_C(1) << 50, 5) == 1.0,
       "a large one");
}

/* Falling along x, and between 0 and 1, wherever series and fraction meet. */
static void test_falls(void)
{
    static const double shapes[] = {0.05, 0.5, 1.0, 5.0, 39.9, 40.0, 200.0, 5000.0, 1e6};
    bool falls = true, within = true;
    uint32_t i, k;
    for (i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        double before = 1.0, a = shapes[i];
        for (k = 0; k < 100; k++) {
            double x = (a + 1.0) * (0.95 + 0.001 * k);
            double q = llmobsi_gamma_q(a, x);
            falls = falls && (q < before || (q <= before && (before >= 1.0 || q <= 0.0)));
            within = within && q >= 0.0 && q <= 1.0;
            before = q;
        }
    }
    ok(falls, "tails fall");
    ok(within, "and are probabilities");
}

int main(void)
{
    test_golden();
    test_identities();
    test_ends();
    test_falls();
    return done();
}

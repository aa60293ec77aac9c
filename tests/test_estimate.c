/* Estimates from what was kept: Wilson's intervals as scipy has them, and how often the truth is in
   an interval where what was kept is far from what came. */
#include "llmobs_private.h"

#include "tap.h"

#include "golden/estimate.h"
#include "keeper.h"
#include "random.h"

#include <math.h>

static double uniform(void)
{
    return (double)(next_random() >> 11) / 9007199254740992.0;
}

/* ---- Wilson -------------------------------------------------------------------------------- */

static void test_wilson(void)
{
    const double nan = llmobsi_double_of(UINT64_C(0x7ff8000000000000));
    size_t i, count = sizeof golden_wilson / sizeof golden_wilson[0];
    double worst = 0.0, low, high, again_low, again_high;
    int wrong = 0;
    for (i = 0; i < count; i++) {
        const double* row = golden_wilson[i];
        wrong += llmobs_wilson(row[0], row[1], row[2], &low, &high) != LLMOBS_OK;
        worst = fmax(worst, fmax(fabs(low - row[3]), fabs(high - row[4])));
    }
    printf("# %d intervals, off by %.1e at most\n", (int)count, worst);
    ok(wrong == 0 && worst < 1e-9, "as scipy has them");
    (void)llmobs_wilson(0.0, 50.0, 0.95, &low, &high);
    ok(low == 0.0 && high > 0.0, "none: from 0 exactly");
    (void)llmobs_wilson(50.0, 50.0, 0.95, &low, &high);
    ok(high == 1.0 && low < 1.0, "all: to 1 exactly");
    (void)llmobs_wilson(3.0, 50.0, 0.95, &low, &high);
    (void)llmobs_wilson(3.0, 50.0, 0.0, &again_low, &again_high);
    ok(low == again_low && high == again_high, "0: a confidence of 0.95");
    ok(llmobs_wilson(0.0, 0.0, 0.95, &low, &high) == LLMOBS_OK && low == 0.0 && high == 1.0,
       "of nothing: from 0 to 1");
    wrong = llmobs_wilson(1, 2, 0.95, NULL, &high) == LLMOBS_OK;
    wrong += llmobs_wilson(1, 2, 0.95, &low, NULL) == LLMOBS_OK;
    wrong += llmobs_wilson(3, 2, 0.95, &low, &high) == LLMOBS_OK;
    wrong += llmobs_wilson(-1, 2, 0.95, &low, &high) == LLMOBS_OK;
    wrong += llmobs_wilson(nan, 2, 0.95, &low, &high) == LLMOBS_OK;
    wrong += llmobs_wilson(1, nan, 0.95, &low, &high) == LLMOBS_OK;
    wrong += llmobs_wilson(1, 2, nan, &low, &high) == LLMOBS_OK;
    wrong += llmobs_wilson(1, 2, 0.49, &low, &high) == LLMOBS_OK;
    wrong += llmobs_wilson(1, 2, 1.0, &low, &high) == LLMOBS_OK;
    wrong += llmobs_wilson(1, 2, -0.95, &low, &high) == LLMOBS_OK;
    is_int(wrong, 0, "what makes no sense is refused");
}

/* ---- weights ------------------------------------------------------------------------------- */

static void test_by_hand(void)
{
    llmobs_estimate estimate, heavy;
    llmobs_share share;
    double low, high;
    int i;
    memset(&estimate, 0, sizeof estimate);
    memset(&heavy, 0, sizeof heavy);
    memset(&share, 9, sizeof share);
    is_int(llmobs_estimate_read(&estimate, 0.95, &share), LLMOBS_OK, "of nothing");
    ok(!share.known && share.share == 0.0 && share.low == 0.0 && share.high == 1.0 &&
           share.total == 0.0 && share.all == 0.0,
       "nothing is known");
    llmobs_estimate_add(&estimate, 20.0, true);
    llmobs_estimate_add(&estimate, 20.0, false);
    llmobs_estimate_add(&estimate, 1.0, true);
    llmobs_estimate_add(&estimate, 1.0, true);
    llmobs_estimate_add(&estimate, 1.0, false);
    (void)llmobs_estimate_read(&estimate, 0.9, &share);
    ok(share.known && !share.partial && share.total == 22.0 && share.all == 43.0 &&
           share.share == 22.0 / 43.0 && share.unjudged == 0.0,
       "sums of weights");
    ok(fabs(share.effective_count - 43.0 * 43.0 / 803.0) < 1e-9, "Kish's effective count");
    (void)llmobs_wilson(share.share * share.effective_count, share.effective_count, 0.9, &low,
                        &high);
    ok(fabs(low - share.low) < 1e-12 && fabs(high - share.high) < 1e-12,
       "Wilson's interval for it");
    for (i = 0; i < 210; i++) { /* by Kish 38.3, but the one that is positive weighs 20 */
        llmobs_estimate_add(&heavy, i < 10 ? 20.0 : 1.0, false);
    }
    llmobs_estimate_add(&heavy, 20.0, true);
    (void)llmobs_estimate_read(&heavy, 0.9, &share);
    ok(fabs(share.effective_count - 420.0 * 420.0 * 20.0 * 400.0 /
                                        (380.0 * 400.0 * 400.0 + 3800.0 * 20.0 * 20.0)) < 1e-9,
       "less where the heavy ones are positive");
    memset(&estimate, 0, sizeof estimate);
    llmobs_estimate_add(&estimate, 20.0, false);
    llmobs_estimate_add(&estimate, 10.0, false);
    (void)llmobs_estimate_read(&estimate, 0.95, &share);
    ok(fabs(share.effective_count - 900.0 / 500.0) < 1e-12 && share.low == 0.0 &&
           share.high > 0.5,
       "none positive: Kish's");
    memset(&estimate, 0, sizeof estimate);
    llmobs_estimate_add(&estimate, 1.0, false);
    llmobs_estimate_add(&estimate, 1.0, true);
    (void)llmobs_estimate_read(&estimate, 0.95, &share);
    ok(share.effective_count == 2.0, "all weights 1: as many as there are");
}

static void test_refused(void)
{
    static const uint64_t odd[] = {UINT64_C(0x7ff8000000000000), UINT64_C(0x7ff0000000000000),
                                   UINT64_C(0xfff0000000000000), 0,
                                   UINT64_C(0x3fefffffffffffff), UINT64_C(0xbff0000000000000),
                                   UINT64_C(0x7fe0000000000000)};
    llmobs_estimate estimate;
    llmobs_share share;
    size_t i;
    memset(&estimate, 0, sizeof estimate);
    for (i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        llmobs_estimate_add(&estimate, llmobsi_double_of(odd[i]), true);
    }
    ok(estimate.refused == 7 && estimate.count == 0 && estimate.positive_weight == 0.0,
       "weights that are none are counted, and nothing else");
    llmobs_estimate_add(NULL, 1.0, true);
    llmobs_estimate_merge(NULL, &estimate);
    llmobs_estimate_merge(&estimate, NULL);
    is_int(estimate.refused, 7, "NULL: nothing");
    ok(llmobs_estimate_read(NULL, 0.95, &share) == LLMOBS_ERROR_ARGUMENT &&
           llmobs_estimate_read(&estimate, 0.95, NULL) == LLMOBS_ERROR_ARGUMENT &&
           llmobs_estimate_read(&estimate, 1.0, &share) == LLMOBS_ERROR_ARGUMENT,
       "and nothing is read");
}

static void test_merge(void)
{
    llmobs_estimate parts[3], all;
    llmobs_share one, other;
    int i;
    memset(parts, 0, sizeof parts);
    memset(&all, 0, sizeof all);
    for (i = 0; i < 30000; i++) {
        double weight = i % 100 == 0 ? 0.5 : 1.0 + 40.0 * uniform();
        bool positive = next_random() % 7 == 0;
        llmobs_estimate_add(&all, weight, positive);
        llmobs_estimate_add(&parts[next_random() % 3], weight, positive);
    }
    llmobs_estimate_merge(&parts[0], &parts[1]);
    llmobs_estimate_merge(&parts[0], &parts[2]);
    ok(parts[0].count == all.count && parts[0].positives == all.positives &&
           parts[0].refused == 300 && all.refused == 300,
       "counts add up");
    (void)llmobs_estimate_read(&parts[0], 0.95, &one);
    (void)llmobs_estimate_read(&all, 0.95, &other);
    ok(fabs(one.share - other.share) < 1e-12 && fabs(one.low - other.low) < 1e-12 &&
           fabs(one.high - other.high) < 1e-12 &&
           fabs(one.total / other.total - 1.0) < 1e-12 && fabs(one.all / other.all - 1.0) < 1e-12,
       "merged is what one would be that had all");
}

/* ---- how often the truth is in the interval ------------------------------------------------ */

/* Traffic: those that are kept for sure, and all others, of which one of twenty is; how many of
   each are positive. */
typedef struct traffic {
    const char* name;
    uint64_t forced, forced_positive, others, others_positive;
} traffic;

typedef struct run {
    double naive;
    llmobs_share weighted;
    llmobs_share strata;
    double kish; /* an effective count */
} run;

static run sampled(const traffic* t)
{
    llmobs_estimate estimate;
    llmobs_stratum strata[2] = {{0, 0, 0}, {0, 0, 0}};
    run result;
    uint64_t i;
    memset(&estimate, 0, sizeof estimate);
    for (i = 0; i < t->forced; i++) {
        llmobs_estimate_add(&estimate, 1.0, i < t->forced_positive);
    }
    strata[0].seen = strata[0].judged = t->forced;
    strata[0].flagged = t->forced_positive;
    strata[1].seen = t->others;
    for (i = 0; i < t->others; i++) {
        if (next_random() % 20 == 0) {
            llmobs_estimate_add(&estimate, 20.0, i < t->others_positive);
            strata[1].judged++;
            strata[1].flagged += i < t->others_positive;
        }
    }
    result.naive = (double)estimate.positives / (double)estimate.count;
    (void)llmobs_estimate_read(&estimate, 0.95, &result.weighted);
    (void)llmobs_estimate_strata(strata, 2, 0.95, &result.strata);
    result.kish = pow(estimate.positive_weight + estimate.negative_weight, 2) /
                  (estimate.positive_squares + estimate.negative_squares);
    return result;
}

static bool is_in(double truth, double low, double high)
{
    return low <= truth && truth <= high;
}

static void test_coverage(const traffic* t, double naive_least, double naive_most)
{
    double truth = (double)(t->forced_positive + t->others_positive) /
                   (double)(t->forced + t->others);
    double naive = 0, mean = 0, width = 0, strata_mean = 0, strata_width = 0;
    long in = 0, strata_in = 0, kish_in = 0, i, runs = sized(2000);
    for (i = 0; i < runs; i++) {
        run one = sampled(t);
        double low, high;
        (void)llmobs_wilson(one.weighted.share * one.kish, one.kish, 0.95, &low, &high);
        naive += one.naive / (double)runs;
        mean += one.weighted.share / (double)runs;
        width += (one.weighted.high - one.weighted.low) / (double)runs;
        strata_mean += one.strata.share / (double)runs;
        strata_width += (one.strata.high - one.strata.low) / (double)runs;
        in += is_in(truth, one.weighted.low, one.weighted.high);
        strata_in += is_in(truth, one.strata.low, one.strata.high);
        kish_in += is_in(truth, low, high);
    }
    printf("# %s: %.2f %% in truth, of those kept %.2f %%\n", t->name, 100 * truth, 100 * naive);
    printf("#   by weights %.2f %%, interval %.2f points wide, right %.1f %% (by Kish alone "
           "%.1f %%)\n", 100 * mean, 100 * width, 100.0 * (double)in / (double)runs,
           100.0 * (double)kish_in / (double)runs);
    printf("#   by strata  %.2f %%, interval %.2f points wide, right %.1f %%\n",
           100 * strata_mean, 100 * strata_width, 100.0 * (double)strata_in / (double)runs);
    ok(naive >= naive_least && naive <= naive_most, "those kept are as far off as they should be");
    ok(fabs(mean / truth - 1.0) < 0.03 + 0.6 / sqrt((double)runs), "by weights: no bias");
    ok(fabs(strata_mean / truth - 1.0) < 0.03 + 0.6 / sqrt((double)runs), "by strata: none");
    ok((double)in >= (runs < 1000 ? 0.89 : 0.93) * (double)runs, "by weights: at least 93 %");
    ok((double)strata_in >= (runs < 1000 ? 0.89 : 0.93) * (double)runs,
       "by strata: at least 93 %");
    ok(strata_width <= width * 1.02, "strata know more");
}

/* ---- strata -------------------------------------------------------------------------------- */

static llmobs_share of_strata(const llmobs_stratum* strata, size_t count)
{
    llmobs_share share;
    memset(&share, 9, sizeof share);
    if (llmobs_estimate_strata(strata, count, 0.95, &share) != LLMOBS_OK) {
        printf("# no estimate\n");
    }
    return share;
}

static void test_strata(void)
{
    static const llmobs_stratum whole[] = {{150, 150, 120}, {50, 50, 0}, {0, 0, 0}};
    static const llmobs_stratum mixed[] = {{100, 100, 70}, {9900, 495, 5}};
    static const llmobs_stratum partial[] = {{100, 0, 0}, {9900, 495, 5}};
    static const llmobs_stratum blind[] = {{100, 0, 0}};
    static const llmobs_stratum endless[] = {{UINT64_C(1) << 52, 1000, 30}};
    llmobs_share share = of_strata(whole, 3), one;
    double low, high;
    ok(share.known && !share.partial && share.share == 0.6 && share.low == 0.6 &&
           share.high == 0.6 && share.total == 120.0 && share.all == 200.0,
       "judged whole: exact");
    share = of_strata(mixed, 2);
    ok(fabs(share.share - 0.017) < 1e-12 && fabs(share.total - 170.0) < 1e-9 &&
           share.all == 10000.0 && !share.partial,
       "a mean by what was seen");
    one = of_strata(mixed + 1, 1);
    ok(fabs(share.low - (0.007 + 0.99 * one.low)) < 1e-12 &&
           fabs(share.high - (0.007 + 0.99 * one.high)) < 1e-12,
       "only the part that was not judged whole is in doubt");
    (void)llmobs_wilson(5.0 * 9899 / 9405, 495.0 * 9899 / 9405, 0.95, &low, &high);
    ok(fabs(one.low - low) < 1e-12 && fabs(one.high - high) < 1e-12,
       "and by less than of an endless population");
    share = of_strata(partial, 2);
    ok(share.known && share.partial && fabs(share.unjudged - 0.01) < 1e-12 &&
           share.share == one.share && fabs(share.total - 100.0) < 1e-9 &&
           fabs(share.low - 0.99 * one.low) < 1e-12 &&
           fabs(share.high - (0.99 * one.high + 0.01)) < 1e-12,
       "a part of which nothing was judged: bracketed, from none to all");
    share = of_strata(blind, 1);
    ok(!share.known && share.partial && share.unjudged == 1.0 && share.share == 0.0 &&
           share.low == 0.0 && share.high == 1.0 && share.all == 100.0,
       "nothing was judged: nothing is known");
    share = of_strata(NULL, 0);
    ok(!share.known && !share.partial && share.unjudged == 0.0 && share.high == 1.0,
       "nothing came");
    share = of_strata(endless, 1);
    (void)llmobs_wilson(30.0, 1000.0, 0.95, &low, &high);
    ok(fabs(share.low - low) < 1e-9 && fabs(share.high - high) < 1e-9 &&
           fabs(share.effective_count - 1000.0) < 1e-6,
       "a small part of very many: Wilson's own");
}

static void test_strata_random(void)
{
    int wrong = 0, wider = 0, i, cases = by_qemu() ? 500 : 20000;
    for (i = 0; i < cases; i++) {
        llmobs_stratum strata[5];
        uint32_t count = (uint32_t)(1 + next_random() % 5), s;
        llmobs_share share, more;
        for (s = 0; s < count; s++) {
            strata[s].seen = next_random() % 50;
            strata[s].judged = next_random() % (strata[s].seen + 1);
            strata[s].flagged = next_random() % (strata[s].judged + 1);
        }
        share = of_strata(strata, count);
        wrong += share.low < 0.0 || share.low > share.share + 1e-12 ||
                 share.share > share.high + 1e-12 || share.high > 1.0 + 1e-12;
        wrong += share.partial != (share.unjudged > 0.0);
        for (s = 0; s < count; s++) { /* ten times of all: what is judged says more */
            strata[s].judged *= 10;
            strata[s].flagged *= 10;
            strata[s].seen *= 10;
        }
        more = of_strata(strata, count);
        wider += more.high - more.low > share.high - share.low + 1e-12;
    }
    is_int(wrong, 0, "low <= share <= high, within 0 and 1");
    is_int(wider, 0, "ten times as much is never less sure");
}

static void test_strata_bad(void)
{
    static const llmobs_stratum odd[][2] = {{{10, 11, 0}, {5, 5, 5}},
                                            {{5, 5, 5}, {10, 5, 6}},
                                            {{UINT64_MAX, 5, 5}, {1, 1, 1}}};
    llmobs_share share, before;
    int wrong = 0, i;
    memset(&share, 5, sizeof share);
    memcpy(&before, &share, sizeof share);
    for (i = 0; i < 3; i++) {
        wrong += llmobs_estimate_strata(odd[i], 2, 0.95, &share) != LLMOBS_ERROR_ARGUMENT;
    }
    wrong += llmobs_estimate_strata(NULL, 1, 0.95, &share) != LLMOBS_ERROR_ARGUMENT;
    wrong += llmobs_estimate_strata(NULL, 0, 0.3, &share) != LLMOBS_ERROR_ARGUMENT;
    wrong += llmobs_estimate_strata(NULL, 0, 0.95, NULL) != LLMOBS_ERROR_ARGUMENT;
    is_int(wrong, 0, "what makes no sense is refused");
    ok(memcmp(&share, &before, sizeof share) == 0, "and nothing is written");
}

int main(void)
{
    static const traffic blocked = {"blocked ones kept", 100, 70, 9900, 114};
    static const traffic harmless = {"harmless ones kept", 5000, 0, 5000, 500};
    test_wilson();
    test_by_hand();
    test_refused();
    test_merge();
    test_coverage(&blocked, 0.120, 0.134);
    test_coverage(&harmless, 0.004, 0.006);
    test_strata();
    test_strata_random();
    test_strata_bad();
    return done();
}

/* CUSUM: thresholds as Siegmund's formula has them, run lengths as they were chosen, delays. */
#include "llmobs_private.h"

#include "tap.h"

#include "golden/cusum.h"
#include "keeper.h"
#include "zipf.h"

static zipf dice = {7, 0, NULL};

static double normal(void)
{
    double radius = sqrt(-2.0 * log(1.0 - zipf_uniform(&dice)));
    return radius * cos(6.283185307179586 * zipf_uniform(&dice));
}

static llmobs_cusum begun(double allowance, double run)
{
    llmobs_cusum cusum;
    memset(&cusum, 0, sizeof cusum);
    if (llmobs_cusum_begin(&cusum, 100.0, 8.0, allowance, run) != LLMOBS_OK) {
        printf("# not begun: %g %g\n", allowance, run);
    }
    return cusum;
}

static void test_thresholds(void)
{
    size_t i, count = sizeof golden_thresholds / sizeof golden_thresholds[0];
    double worst = 0.0;
    for (i = 0; i < count; i++) {
        const double* row = golden_thresholds[i];
        double off = fabs(begun(row[0], row[1]).threshold - row[2]) / row[2];
        worst = off > worst ? off : worst;
    }
    printf("# %d thresholds, off by %.1e at most\n", (int)count, worst);
    ok(count > 30 && worst < 1e-9, "thresholds are Siegmund's");
    ok(fabs(begun(0.0, 1000.0).threshold - 9.9286) < 1e-4 && begun(0.0, 1000.0).allowance == 0.25,
       "0: the default");
}

static void test_sequence(void)
{
    llmobs_cusum cusum = begun(0.25, 1000.0);
    char alarms[sizeof golden_alarms];
    size_t i, count = sizeof golden_values / sizeof golden_values[0];
    int ups = 0, downs = 0;
    is_int(count, sizeof golden_alarms - 1, "as many values as signs");
    memset(alarms, 0, sizeof alarms);
    for (i = 0; i < count; i++) {
        double z = golden_values[i];
        double value = fabs(z) > 1e300 ? z : 100.0 + 8.0 * z;
        llmobs_cusum_alarm alarm = llmobs_cusum_add(&cusum, value);
        alarms[i] = alarm == LLMOBS_CUSUM_UP ? '+' : alarm == LLMOBS_CUSUM_DOWN ? '-' : '.';
        ups += alarms[i] == '+';
        downs += alarms[i] == '-';
        if (alarms[i] != '.' && (cusum.up > 0.0 || cusum.down > 0.0)) {
            ok(false, "an alarm puts the sums back");
        }
    }
    is_str(alarms, golden_alarms, "alarms where they should be");
    ok(cusum.ups == (uint64_t)ups && cusum.downs == (uint64_t)downs && ups > 3 && downs > 3,
       "and counted by direction");
    is_int(cusum.values, count, "all values counted");
}

/* ---- run lengths --------------------------------------------------------------------------- */

/* The mean number of values to an alarm, of values that are `shift` deviations off; `wrong` gets
   how many went the other way. */
static double run_length(double allowance, double chosen, double shift, long alarms, long* wrong)
{
    llmobs_cusum cusum = begun(allowance, chosen);
    long seen = 0;
    *wrong = 0;
    while (seen < alarms) {
        llmobs_cusum_alarm alarm = llmobs_cusum_add(&cusum, 100.0 + 8.0 * (normal() + shift));
        seen += alarm != LLMOBS_CUSUM_NONE;
        *wrong += alarm == (shift > 0.0 ? LLMOBS_CUSUM_DOWN : LLMOBS_CUSUM_UP);
    }
    return (double)cusum.values / (double)alarms;
}

static void test_run_lengths(void)
{
    static const double cases[][2] = {
        {0.25, 1000}, {0.5, 1000}, {1, 1000}, {0.25, 10000}, {0.5, 100}};
    size_t i;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        long downs, alarms = sized(cases[i][1] > 5000 ? 1000 : 4000);
        double run = run_length(cases[i][0], cases[i][1], 0.0, alarms, &downs);
        double off = run / cases[i][1] - 1.0;
        printf("# allowance %.2f, %5.0f chosen: %.0f\n", cases[i][0], cases[i][1], run);
        ok(fabs(off) < 0.15 + (alarms < 1000 ? 0.2 : 0.0), "the run length is within 15 %");
        ok(fabs((double)downs / (double)alarms - 0.5) < (alarms < 1000 ? 0.15 : 0.07),
           "half of the false alarms are ups");
    }
}

/* Siegmund's formula for a drift: (exp(-2 d b) - 1 + 2 d b) / (2 d^2), d = shift - allowance. */
static double delay_of(double allowance, double threshold, double shift)
{
    double d = fabs(shift) - allowance;
    double b = threshold + 1.166;
    return (exp(-2.0 * d * b) - 1.0 + 2.0 * d * b) / (2.0 * d * d);
}

static void test_delays(void)
{
    static const double shifts[] = {0.5, 1.0, -1.0, 2.0, -3.0};
    size_t i;
    for (i = 0; i < sizeof shifts / sizeof shifts[0]; i++) {
        long wrong;
        double want = delay_of(0.25, begun(0.25, 1000.0).threshold, shifts[i]);
        double run = run_length(0.25, 1000.0, shifts[i], sized(4000), &wrong);
        printf("# %+.1f deviations: an alarm after %.1f, by the formula %.1f\n", shifts[i], run,
               want);
        ok(fabs(run - want) < 0.1 * want + 0.5, "a shift is found as soon as theory has it");
        ok(wrong <= sized(4000) / 200, "and which way it goes");
    }
}

/* ---- bad input ----------------------------------------------------------------------------- */

static void test_bad(void)
{
    const double nan = llmobsi_double_of(UINT64_C(0x7ff8000000000000));
    const double infinity = llmobsi_double_of(UINT64_C(0x7ff0000000000000));
    static const double odd[][4] = {
        {0, 0, 0.25, 1000},  {0, -1, 0.25, 1000}, {0, 1, -0.25, 1000},   {0, 1, 2.1, 1000},
        {0, 1, 0.009, 1000}, {0, 1, 0.25, 0.5},   {0, 1, 1, 1.7},        {0, 1, 2, 6},
        {0, 1, 0.25, 1.1e15}, {0, 1, 0.25, -1000}, {0, 1, 1e-300, 10}, {0, 1e-310, 0.25, 1000}};
    llmobs_cusum cusum, before;
    int wrong = 0;
    size_t i;
    memset(&cusum, 7, sizeof cusum);
    memcpy(&before, &cusum, sizeof cusum);
    for (i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        wrong += llmobs_cusum_begin(&cusum, odd[i][0], odd[i][1], odd[i][2], odd[i][3]) !=
                 LLMOBS_ERROR_ARGUMENT;
    }
    for (i = 0; i < 4; i++) {
        double arguments[4] = {0, 1, 0.25, 1000};
        arguments[i] = nan;
        wrong += llmobs_cusum_begin(&cusum, arguments[0], arguments[1], arguments[2],
                                    arguments[3]) != LLMOBS_ERROR_ARGUMENT;
        arguments[i] = infinity;
        wrong += llmobs_cusum_begin(&cusum, arguments[0], arguments[1], arguments[2],
                                    arguments[3]) != LLMOBS_ERROR_ARGUMENT;
    }
    is_int(wrong, 0, "what makes no sense is refused");
    ok(memcmp(&cusum, &before, sizeof cusum) == 0, "and nothing is written");
    is_int(llmobs_cusum_begin(NULL, 0, 1, 0.25, 1000), LLMOBS_ERROR_ARGUMENT, "NULL");
    is_int(llmobs_cusum_add(NULL, 1.0), LLMOBS_CUSUM_NONE, "NULL: nothing");
    is_int(llmobs_cusum_begin(&cusum, 0, 1, 1, 2) | llmobs_cusum_begin(&cusum, 0, 1, 2, 7),
           LLMOBS_OK, "the shortest runs that the header promises");

    cusum = begun(0.25, 1000.0);
    (void)llmobs_cusum_add(&cusum, 104.0);
    before = cusum;
    wrong = llmobs_cusum_add(&cusum, nan) != LLMOBS_CUSUM_NONE;
    wrong += llmobs_cusum_add(&cusum, infinity) != LLMOBS_CUSUM_NONE;
    wrong += llmobs_cusum_add(&cusum, -infinity) != LLMOBS_CUSUM_NONE;
    ok(wrong == 0 && cusum.refused == 3, "no numbers are counted,");
    cusum.refused = 0;
    ok(memcmp(&cusum, &before, sizeof cusum) == 0, "and change nothing else");
    memset(&cusum, 0, sizeof cusum);
    ok(llmobs_cusum_add(&cusum, 1e9) == LLMOBS_CUSUM_NONE && cusum.refused == 1 &&
           cusum.values == 0,
       "one that was never begun takes nothing");
    (void)llmobs_cusum_begin(&cusum, -1.7e308, 1e-300, 0.25, 1000);
    ok(llmobs_cusum_add(&cusum, 1.7e308) == LLMOBS_CUSUM_UP && cusum.up <= 0.0 &&
           llmobs_cusum_add(&cusum, -1.7e308) == LLMOBS_CUSUM_NONE,
       "the farthest there is: an alarm, and it goes on");
}

int main(void)
{
    test_thresholds();
    test_sequence();
    test_run_lengths();
    test_delays();
    test_bad();
    return done();
}

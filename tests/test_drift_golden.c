/* DRIFT4 against its definition in numpy: fits and p-values of tests/golden/drift4.py. */
#include "llmobs_private.h"

#include "tap.h"

#include "drifting.h"

typedef struct golden_baseline {
    size_t dimension;
    size_t count;
    uint32_t prototypes;
    double numbers[6];
} golden_baseline;

typedef struct golden_window {
    int baseline;
    int shift;
    size_t votes;
    uint64_t seed;
    uint32_t beyond;
    uint32_t topic;
    double residual;
    double p[5];
} golden_window;

#include "golden/drift4.h"

enum {
    BASELINES = sizeof golden_baselines / sizeof golden_baselines[0],
    WINDOWS = sizeof golden_windows / sizeof golden_windows[0]
};

static llmobs_drift_baseline* baselines[BASELINES];

static double apart(double a, double b)
{
    return a > b ? a - b : b - a;
}

static void check_fits(void)
{
    int b;
    for (b = 0; b < BASELINES; b++) {
        const golden_baseline* golden = &golden_baselines[b];
        double worst = 0.0;
        double ours[6];
        int i;
        baselines[b] = drift_baseline_new(golden->dimension, golden->count, golden->prototypes,
                                          1000 + (uint64_t)b, 11 + (uint64_t)b);
        ours[0] = baselines[b]->distance_mean;
        ours[1] = baselines[b]->distance_deviation;
        ours[2] = baselines[b]->distance_most;
        ours[3] = baselines[b]->null_mean;
        ours[4] = baselines[b]->null_deviation;
        ours[5] = baselines[b]->null_skew;
        for (i = 0; i < 6; i++) {
            double off = apart(ours[i], golden->numbers[i]);
            worst = off > worst ? off : worst;
        }
        printf("# baseline %d: %.2g off at most\n", b, worst);
        ok(worst < 1e-10, "a fit is what numpy's is");
    }
}

/* How far the p-values are off; 1 where what is counted differs. */
static double off_of(const golden_window* golden)
{
    const llmobs_drift_baseline* baseline = baselines[golden->baseline];
    llmobs_drift_window* window = drift_window_new(baseline, 0);
    llmobs_drift_result result;
    double worst = 0.0;
    double ours[5];
    int i;
    result.size = sizeof result;
    drift_window_fill(window, baseline, golden->seed, golden->shift, 0, golden->votes);
    if (llmobs_drift_test(baseline, window, 0.0, &result) != LLMOBS_OK ||
        result.votes != golden->votes || result.beyond != golden->beyond ||
        result.topic != golden->topic || result.alarm != (golden->p[4] <= 0.01)) {
        worst = 1.0;
    }
    ours[0] = result.p_centroid;
    ours[1] = result.p_distance;
    ours[2] = result.p_topic;
    ours[3] = result.p_tail;
    ours[4] = result.p;
    for (i = 0; i < 5; i++) {
        double off = apart(ours[i], golden->p[i]);
        double relative = golden->p[i] > 1e-250 ? off / golden->p[i] * 1e-4 : 0.0;
        off = relative > off ? relative : off;
        worst = off > worst ? off : worst;
    }
    if (apart(result.topic_residual, golden->residual) > 1e-9) {
        worst = 1.0;
    }
    free(window);
    return worst;
}

static void check_windows(void)
{
    double worst = 0.0;
    int alarms = 0;
    int i;
    for (i = 0; i < WINDOWS; i++) {
        double off = off_of(&golden_windows[i]);
        if (off > 1e-9) {
            printf("# window %d of baseline %d, shift %d: %.3g off\n", i,
                   golden_windows[i].baseline, golden_windows[i].shift, off);
        }
        worst = off > worst ? off : worst;
        alarms += golden_windows[i].p[4] <= 0.01;
    }
    printf("# %d windows, %d alarms, %.2g off at most\n", WINDOWS, alarms, worst);
    ok(worst < 1e-9, "every p-value is numpy's to 1e-9, and to five digits where it is small");
    ok(alarms > 20 && alarms < WINDOWS - 20, "some of the windows alarm, and some do not");
}

int main(void)
{
    int b;
    check_fits();
    check_windows();
    for (b = 0; b < BASELINES; b++) {
        free(baselines[b]);
    }
    return done();
}

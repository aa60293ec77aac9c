/* DRIFT4's rules: when nothing is said, what is warned of, the edges of each test; and in small,
   what `make check-drift` shows in large: few false alarms, and shifts that are seen. The p-values
   are held against numpy by test_drift_golden.c. */
#include "llmobs_private.h"

#include "tap.h"

#include "drifting.h"

#include "drift_world.h"

enum { DIMENSION = 16 };

static llmobs_drift_baseline* baseline;

static llmobs_drift_result result_of(const llmobs_drift_baseline* base,
                                     const llmobs_drift_window* window, double alpha)
{
    llmobs_drift_result result;
    memset(&result, 0x5a, sizeof result);
    result.size = sizeof result;
    if (llmobs_drift_test(base, window, alpha, &result) != LLMOBS_OK) {
        result.size = 0;
    }
    return result;
}

static void check_few(void)
{
    llmobs_drift_window* window = drift_window_new(baseline, 0);
    llmobs_drift_result result = result_of(baseline, window, 0.0);
    ok(result.warnings == LLMOBS_DRIFT_WARN_INSUFFICIENT && !result.alarm && result.p == 1.0 &&
           result.votes == 0 && result.topic_share == 0.0 && result.mean_distance == 0.0,
       "of an empty window nothing is said");
    drift_window_fill(window, baseline, 1, SHIFT_OUTLIER, 0, 1);
    result = result_of(baseline, window, 0.0);
    ok(result.votes == 1 && result.mean_distance > 0.0 && result.mean_deviation == 0.0 &&
           result.topic_share == 1.0,
       "one vote has a distance and a topic");
    drift_window_fill(window, baseline, 2, SHIFT_OUTLIER, 1, 19);
    result = result_of(baseline, window, 0.999);
    ok(result.votes == 19 && result.warnings == LLMOBS_DRIFT_WARN_INSUFFICIENT && !result.alarm &&
           result.p == 1.0 && result.p_centroid == 1.0 && result.p_distance == 1.0 &&
           result.p_topic == 1.0 && result.p_tail == 1.0,
       "19 never alarm");
    drift_window_fill(window, baseline, 2, SHIFT_OUTLIER, 19, 20);
    result = result_of(baseline, window, 0.999);
    ok(result.votes == 20 && result.warnings == 0 && result.p < 1.0, "20 may");
    drift_window_fill(window, baseline, 3, SHIFT_NONE, 20, 120);
    ok(result_of(baseline, window, 0.0).warnings == 0, "a fifth of the baseline");
    drift_window_fill(window, baseline, 3, SHIFT_NONE, 120, 121);
    ok(result_of(baseline, window, 0.0).warnings == LLMOBS_DRIFT_WARN_BASELINE,
       "more than a fifth: a warning");
    free(window);
}

static void check_alpha(void)
{
    llmobs_drift_window* window = drift_window_new(baseline, 0);
    llmobs_drift_baseline* other = drift_baseline_new(DIMENSION, 600, 8, 4, 3);
    llmobs_drift_result result;
    double p;
    drift_window_fill(window, baseline, 20, SHIFT_NONE, 0, 60);
    p = result_of(baseline, window, 0.0).p;
    ok(p > 0.011 && p < 0.9, "some p");
    ok(result_of(baseline, window, p).alarm && !result_of(baseline, window, p * 0.9999).alarm,
       "alarms at alpha, and not above");
    ok(!result_of(baseline, window, 0.0).alarm, "which is 0.01");
    ok(result_of(baseline, window, -0.1).size == 0 && result_of(baseline, window, 1.0).size == 0 &&
           result_of(baseline, window, llmobsi_double_of(UINT64_C(0x7ff8000000000000))).size == 0,
       "what is no alpha");
    result.size = offsetof(llmobs_drift_result, p_centroid);
    result.p_centroid = 77.0;
    ok(llmobs_drift_test(baseline, window, 0.0, &result) == LLMOBS_OK && result.p == p &&
           result.p_centroid == 77.0 && result.size == offsetof(llmobs_drift_result, p_centroid),
       "a caller that knows less gets that");
    is_int(llmobs_drift_test(other, window, 0.0, &result), LLMOBS_ERROR_MISMATCH,
           "another baseline");
    is_int(llmobs_drift_test(NULL, window, 0.0, &result), LLMOBS_ERROR_ARGUMENT, "none");
    is_int(llmobs_drift_test(baseline, NULL, 0.0, &result), LLMOBS_ERROR_ARGUMENT, "no window");
    is_int(llmobs_drift_test(baseline, window, 0.0, NULL), LLMOBS_ERROR_ARGUMENT, "no result");
    result.size = 0;
    is_int(llmobs_drift_test(baseline, window, 0.0, &result), LLMOBS_OK, "no size: this one's");
    free(other);
    free(window);
}

/* Nulls that have no skew, or one by which the window is below all. */
static void check_skew(void)
{
    llmobs_drift_window* window = drift_window_new(baseline, 0);
    double skew = baseline->null_skew, mean = baseline->null_mean;
    double normal, small, p;
    drift_window_fill(window, baseline, 21, SHIFT_NONE, 0, 60);
    baseline->null_skew = -0.5;
    normal = result_of(baseline, window, 0.0).p_centroid;
    baseline->null_skew = 0.001;
    p = result_of(baseline, window, 0.0).p_centroid;
    baseline->null_skew = 0.0011;
    small = result_of(baseline, window, 0.0).p_centroid;
    ok(normal == p && small != p && small - p < 1e-4 && p - small < 1e-4,
       "with little skew it is the normal tail");
    baseline->null_skew = 3.0;
    baseline->null_mean = 7.0;
    ok(result_of(baseline, window, 0.0).p_centroid == 1.0, "below all of the null: 1");
    baseline->null_skew = skew;
    baseline->null_mean = mean;
    free(window);
}

/* One prototype, and few votes for each of many. */
static void check_topics(void)
{
    llmobs_drift_baseline* one = drift_baseline_new(DIMENSION, 100, 1, 6, 1);
    llmobs_drift_baseline* many = drift_baseline_new(DIMENSION, 400, 32, 6, 1);
    llmobs_drift_window* of_one = drift_window_new(one, 0);
    llmobs_drift_window* of_many = drift_window_new(many, 0);
    llmobsi_drift_pool pool;
    double now = 0.0, before = 0.0;
    uint32_t i;
    drift_window_fill(of_one, one, 31, SHIFT_NONE, 0, 50);
    ok(result_of(one, of_one, 0.0).p_topic == 1.0 &&
           result_of(one, of_one, 0.0).topic_residual == 0.0,
       "one topic has always the same share");
    drift_window_fill(of_many, many, 31, SHIFT_NONE, 0, 20);
    llmobsi_drift_pool_topics(many, of_many, &pool);
    for (i = 0; i < pool.count; i++) {
        double all = pool.now[i] + pool.before[i];
        ok(all * 20.0 / 220.0 >= 5.0, "what is put together is expected five times");
        now += pool.now[i];
        before += pool.before[i];
    }
    ok(pool.count > 1 && pool.count < 5 && now == 20.0 && before == 200.0, "and nothing is lost");
    free(of_one);
    free(of_many);
    free(one);
    free(many);
}

/* A baseline of two texts: these are known, a third one is not. */
static void check_two_texts(void)
{
    llmobs_drift_sample* sample = drift_sample_new(DIMENSION, 200, 1);
    float rows[3][DIMENSION];
    llmobs_drift_baseline* two;
    llmobs_drift_window* window;
    uint64_t i;
    for (i = 0; i < 3; i++) {
        drift_embedding(rows[i], DIMENSION, 50, i, SHIFT_NONE);
    }
    for (i = 1; i <= 200; i++) {
        llmobs_embedding embedding = drift_as_embedding(rows[i % 2], DIMENSION, i, 0);
        (void)llmobs_drift_sample_add(sample, &embedding);
    }
    two = drift_fit(sample, 8, 1);
    window = drift_window_new(two, 0);
    for (i = 0; i < 40; i++) {
        llmobs_embedding embedding = drift_as_embedding(rows[i % 2], DIMENSION, i, 0);
        (void)llmobs_drift_window_add(window, two, &embedding);
    }
    ok(result_of(two, window, 0.0).p == 1.0, "two texts are like themselves");
    for (i = 0; i < 10; i++) {
        llmobs_embedding embedding = drift_as_embedding(rows[2], DIMENSION, i, 0);
        (void)llmobs_drift_window_add(window, two, &embedding);
    }
    ok(result_of(two, window, 0.0).p_distance < 1e-12 && result_of(two, window, 0.0).beyond == 10,
       "a third one is not");
    free(window);
    free(two);
    free(sample);
}

static void check_world(void)
{
    static world w;
    int alarms = 0, sessions = 0, seen[WORLD_SHIFTS] = {0}, b, i;
    int bases = by_qemu() ? 1 : 4, rounds = by_qemu() ? 4 : 25;
    world_begin(step_of(32));
    for (b = 0; b < bases; b++) {
        llmobs_drift_baseline* base;
        llmobs_drift_window* window;
        world_make(&w, 500 + (uint64_t)b, 0.5);
        base = world_fit(&w, 500, 16);
        window = drift_window_new(base, 0);
        for (i = 0; i < rounds; i++) {
            alarms += world_alarms(&w, base, window, &world_no_shift, 50, 0, false);
            sessions += world_alarms(&w, base, window, &world_no_shift, 30, 9, true);
        }
        for (i = 0; i < WORLD_HEADLINES; i++) {
            seen[i] += world_alarms(&w, base, window, &world_shifts[i], 100, 0, false);
        }
        free(window);
        free(base);
    }
    printf("# of %d windows alarm: %d; of sessions: %d. Seen of %d:", rounds * bases, alarms,
           sessions, bases);
    for (i = 0; i < WORLD_HEADLINES; i++) {
        printf(" %d", seen[i]);
    }
    printf("\n");
    ok(alarms <= 6, "hardly a window alarms where nothing has changed");
    ok(sessions <= 6, "nor where sessions go on");
    ok(seen[0] == bases && seen[3] == bases && seen[4] == bases,
       "a moved mean, more and less noise are seen");
    ok(seen[1] >= bases * 3 / 4 && seen[5] >= bases / 2, "new topics and other shares mostly");
}

int main(void)
{
    baseline = drift_baseline_new(DIMENSION, 600, 8, 4, 1);
    check_few();
    check_alpha();
    check_skew();
    check_topics();
    check_two_texts();
    check_world();
    free(baseline);
    return done();
}

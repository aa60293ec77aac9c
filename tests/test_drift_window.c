/* Windows: merged ones have the bits of one that got all, a group has one vote, and what is no
   embedding of this baseline is refused and changes nothing. */
#include "llmobs_private.h"

#include "tap.h"

#include "drifting.h"

#include "random.h"

enum { DIMENSION = 19, VOTES = 240 };

static llmobs_drift_baseline* baseline;

static bool same(const llmobs_drift_window* a, const llmobs_drift_window* b)
{
    return memcmp(a, b, llmobsi_drift_window_size(a->dimension, a->words)) == 0;
}

/* Rows spread over three windows at random, and merged. Every group's rows go to one. */
static void check_merge(void)
{
    llmobs_drift_window* whole = drift_window_new(baseline, 100);
    llmobs_drift_window* parts[3];
    float row[DIMENSION];
    int wrong = 0, round, i;
    for (i = 0; i < 3; i++) {
        parts[i] = drift_window_new(baseline, 100);
    }
    for (round = 0; round < 20; round++) {
        for (i = 0; i < VOTES; i++) {
            uint64_t group = next_random() % 90;
            llmobs_embedding embedding = drift_as_embedding(row, DIMENSION, 0, group);
            uint64_t part = group != 0 ? group % 3 : next_random() % 3;
            drift_embedding(row, DIMENSION, (uint64_t)round, (size_t)i, round % SHIFT_COUNT);
            wrong += llmobs_drift_window_add(whole, baseline, &embedding) != LLMOBS_OK;
            wrong += llmobs_drift_window_add(parts[part], baseline, &embedding) != LLMOBS_OK;
        }
        wrong += llmobs_drift_window_merge(parts[2], parts[round % 2]) != LLMOBS_OK;
        wrong += llmobs_drift_window_merge(parts[2], parts[1 - round % 2]) != LLMOBS_OK;
        wrong += !same(whole, parts[2]) || whole->votes == 0;
        llmobs_drift_window_reset(whole);
        for (i = 0; i < 3; i++) {
            llmobs_drift_window_reset(parts[i]);
            wrong += !same(whole, parts[i]);
        }
    }
    is_int(wrong, 0, "merged windows have the bits of one that got all, in any order");
    wrong = 0;
    for (i = 0; i < DIMENSION; i++) {
        wrong += llmobsi_drift_sums_of(whole)[i] != 0;
    }
    ok(wrong == 0 && whole->votes == 0 && llmobs_drift_window_counts(whole).repeated == 0,
       "a window that is reset is empty");
    for (i = 0; i < 3; i++) {
        free(parts[i]);
    }
    free(whole);
}

/* The sums, taken by hand. */
static void check_sums(void)
{
    llmobs_drift_window* window = drift_window_new(baseline, 0);
    llmobsi_drift_centres centres = llmobsi_drift_centres_of(baseline);
    double sums[DIMENSION] = {0.0}, distances = 0.0, squares = 0.0, off = 0.0;
    uint32_t counts[LLMOBS_DRIFT_PROTOTYPES] = {0}, beyond = 0, k;
    float row[DIMENSION];
    int i, j;
    drift_window_fill(window, baseline, 900, SHIFT_OUTLIER, 0, VOTES);
    for (i = 0; i < VOTES; i++) {
        llmobsi_drift_nearest nearest;
        double scale;
        drift_embedding(row, DIMENSION, 900, (size_t)i, SHIFT_OUTLIER);
        scale = llmobsi_drift_scale(llmobsi_drift_here(), row, DIMENSION);
        nearest = llmobsi_drift_find(llmobsi_drift_here(), &centres, row, scale);
        for (j = 0; j < DIMENSION; j++) {
            sums[j] += llmobsi_drift_normal(row[j], scale);
        }
        distances += llmobsi_sqrt(nearest.square);
        squares += nearest.square;
        counts[nearest.index]++;
        beyond += llmobsi_sqrt(nearest.square) > baseline->distance_most;
    }
    for (j = 0; j < DIMENSION; j++) {
        double difference = sums[j] - llmobsi_drift_unfixed(llmobsi_drift_sums_of(window)[j]);
        off += difference < 0.0 ? -difference : difference;
    }
    off += llmobsi_drift_unfixed(window->distance) - distances;
    off += llmobsi_drift_unfixed(window->distance_square) - squares;
    ok(off < 1e-10 && off > -1e-10, "sums are sums");
    for (k = 0; k < LLMOBS_DRIFT_PROTOTYPES; k++) {
        beyond += counts[k] != window->nearest_to[k];
    }
    is_int(window->beyond, beyond, "votes by prototype, and those beyond all");
    ok(window->beyond > 0 && window->votes == VOTES, "of which there are some");
    free(window);
}

static void check_groups(void)
{
    llmobs_drift_window* window = drift_window_new(baseline, 1000);
    llmobs_drift_result result;
    float row[DIMENSION];
    llmobs_embedding embedding = drift_as_embedding(row, DIMENSION, 0, 7);
    uint32_t taken = 0, i;
    result.size = sizeof result;
    drift_embedding(row, DIMENSION, 1, 1, SHIFT_NONE);
    for (i = 0; i < 50; i++) {
        (void)llmobs_drift_window_add(window, baseline, &embedding);
    }
    ok(llmobs_drift_window_counts(window).kept == 1 &&
           llmobs_drift_window_counts(window).repeated == 49,
       "a group has one vote");
    embedding.group = 0;
    for (i = 0; i < 50; i++) {
        (void)llmobs_drift_window_add(window, baseline, &embedding);
    }
    is_int(llmobs_drift_window_counts(window).kept, 51, "what has no group has one each time");
    llmobs_drift_window_reset(window);
    for (i = 0; i < 1000; i++) {
        embedding.group = drift_number(3, i);
        (void)llmobs_drift_window_add(window, baseline, &embedding);
    }
    taken = 1000 - (uint32_t)llmobs_drift_window_counts(window).kept;
    printf("# %u of 1,000 groups taken for others\n", taken);
    ok(taken <= 3, "as many groups as were expected: hardly one is taken for another");
    (void)llmobs_drift_test(baseline, window, 0.0, &result);
    is_int(result.warnings & LLMOBS_DRIFT_WARN_GROUPS, 0, "no warning");
    for (; i < 2500; i++) {
        embedding.group = drift_number(3, i);
        (void)llmobs_drift_window_add(window, baseline, &embedding);
    }
    (void)llmobs_drift_test(baseline, window, 0.0, &result);
    is_int(result.warnings & LLMOBS_DRIFT_WARN_GROUPS, LLMOBS_DRIFT_WARN_GROUPS,
           "many more: a warning");
    free(window);
}

static void check_refusals(void)
{
    static char memory[32768] __attribute__((aligned(16)));
    llmobs_drift_baseline* other = drift_baseline_new(DIMENSION, 100, 4, 5, 2);
    llmobs_drift_window* window = NULL;
    llmobs_drift_window* before = drift_window_new(baseline, 100);
    llmobs_drift_window* larger = drift_window_new(baseline, 3000);
    llmobs_drift_window* of_other = drift_window_new(other, 100);
    float row[DIMENSION];
    llmobs_embedding embedding = drift_as_embedding(row, DIMENSION, 0, 5);
    const uint32_t infinity_bits = 0xff800000u;
    size_t bytes = llmobs_drift_window_bytes(DIMENSION, 100);
    drift_embedding(row, DIMENSION, 1, 1, SHIFT_NONE);
    ok(llmobs_drift_window_bytes(384, 0) <= 8192, "a window of dimension 384 is within 8 KB");
    ok(llmobs_drift_window_bytes(0, 0) == 0 && llmobs_drift_window_bytes(100000, 0) == 0 &&
           llmobs_drift_window_bytes(384, SIZE_MAX / 2) == 0,
       "what is out of range");
    is_int(llmobs_drift_window_make(memory, bytes - 1, baseline, 100, &window), LLMOBS_ERROR_MEMORY,
           "a byte less than it takes");
    is_int(llmobs_drift_window_make(memory + 4, bytes, baseline, 100, &window),
           LLMOBS_ERROR_ARGUMENT, "memory that is not aligned");
    is_int(llmobs_drift_window_make(memory, bytes, NULL, 100, &window), LLMOBS_ERROR_ARGUMENT,
           "no baseline");
    is_int(llmobs_drift_window_make(memory, bytes, baseline, SIZE_MAX / 2, &window),
           LLMOBS_ERROR_ARGUMENT, "too many groups");
    memset(memory, 0x5a, sizeof memory);
    is_int(llmobs_drift_window_make(memory, bytes, baseline, 100, &window), LLMOBS_OK, "made");
    is_int(llmobs_drift_window_add(window, other, &embedding), LLMOBS_ERROR_MISMATCH,
           "another baseline");
    embedding.embedder = "another";
    is_int(llmobs_drift_window_add(window, baseline, &embedding), LLMOBS_ERROR_MISMATCH,
           "another embedder");
    embedding.embedder = "test embedder";
    embedding.dimension = DIMENSION + 1;
    is_int(llmobs_drift_window_add(window, baseline, &embedding), LLMOBS_ERROR_MISMATCH,
           "another dimension");
    embedding.dimension = DIMENSION;
    ok(same(window, before), "have changed nothing");
    memcpy(&row[DIMENSION - 1], &infinity_bits, sizeof infinity_bits);
    is_int(llmobs_drift_window_add(window, baseline, &embedding), LLMOBS_ERROR_DATA,
           "an infinity");
    memset(row, 0, sizeof row);
    is_int(llmobs_drift_window_add(window, baseline, &embedding), LLMOBS_ERROR_DATA, "zeros");
    row[0] = 1.0f;
    is_int(llmobs_drift_window_add(window, baseline, &embedding), LLMOBS_OK,
           "which did not take the group's vote");
    ok(llmobs_drift_window_counts(window).unusable == 2 &&
           llmobs_drift_window_counts(window).kept == 1,
       "are counted");
    is_int(llmobs_drift_window_merge(window, larger), LLMOBS_ERROR_MISMATCH,
           "for another number of groups");
    is_int(llmobs_drift_window_merge(window, of_other), LLMOBS_ERROR_MISMATCH,
           "of another baseline");
    is_int(llmobs_drift_window_merge(window, window), LLMOBS_ERROR_ARGUMENT, "itself");
    ok((unsigned char)memory[bytes] == 0x5a, "nothing beyond its bytes is written");
    before->votes = LLMOBS_I_DRIFT_VOTES;
    is_int(llmobs_drift_window_merge(window, before), LLMOBS_ERROR_LIMIT, "too many together");
    embedding.group = 0;
    is_int(llmobs_drift_window_add(before, baseline, &embedding), LLMOBS_ERROR_LIMIT, "one more");
    free(other);
    free(before);
    free(larger);
    free(of_other);
}

int main(void)
{
    baseline = drift_baseline_new(DIMENSION, 300, 6, 4, 1);
    check_merge();
    check_sums();
    check_groups();
    check_refusals();
    free(baseline);
    return done();
}

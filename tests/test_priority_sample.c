/* Samples of a fixed size: against a sort of all, in any order and in any parts; sums without
   bias. */
#include "llmobs_private.h"

#include "tap.h"

#include "keeper.h"
#include "zipf.h"

#include <stdlib.h>

enum { MANY = 2000, ROOM = 65 };

static zipf dice = {9, 0, NULL};
static llmobs_priority_item all[MANY];

/* ---- the model: all of them, sorted -------------------------------------------------------- */

static int by_priority(const void* one, const void* other)
{
    double a = ((const llmobs_priority_item*)one)->priority;
    double b = ((const llmobs_priority_item*)other)->priority;
    return a < b ? 1 : a > b ? -1 : 0;
}

static void make_all(int count, bool weighted)
{
    int i;
    for (i = 0; i < count; i++) {
        llmobs_priority_item* item = &all[i];
        item->weight = weighted ? zipf_lognormal(&dice, 0.01, 1.5) : 1.0;
        item->random = zipf_random(&dice) >> 8;
        item->priority = item->weight * 72057594037927936.0 /
                         (72057594037927936.0 - (double)item->random);
        item->id = (uint64_t)i;
    }
}

static void offer(llmobs_priority_sample* sample, const llmobs_priority_item* item)
{
    uint64_t above = zipf_random(&dice) << 56; /* bits that do not count */
    llmobs_priority_offer(sample, item->weight, item->random | above, item->id);
}

static void shuffle(int count)
{
    int i;
    for (i = count - 1; i > 0; i--) {
        int other = (int)(zipf_random(&dice) % (uint64_t)(i + 1));
        llmobs_priority_item item = all[i];
        all[i] = all[other];
        all[other] = item;
    }
}

/* Is the sample what a sort of the first `count` says? */
static bool is_right(llmobs_priority_sample* sample, int count)
{
    static llmobs_priority_item sorted[MANY];
    double threshold = -1.0;
    size_t kept = llmobs_priority_read(sample, &threshold);
    size_t i, want = (size_t)count < sample->room ? (size_t)count : sample->room - 1;
    bool right = kept == want;
    memcpy(sorted, all, (size_t)count * sizeof *all);
    qsort(sorted, (size_t)count, sizeof *sorted, by_priority);
    for (i = 0; i < want && right; i++) {
        right = sample->items[i].id == sorted[i].id &&
                sample->items[i].weight == sorted[i].weight &&
                sample->items[i].random == sorted[i].random;
    }
    return right && (want < (size_t)count
                         ? fabs(threshold / sorted[want].priority - 1.0) < 1e-12
                         : threshold == 0.0);
}

static void test_model(void)
{
    static llmobs_priority_item items[3][ROOM];
    int round, wrong = 0, wrong_merged = 0, wrong_after = 0;
    for (round = 0; round < 300; round++) {
        int count = (int)(zipf_random(&dice) % (round % 3 == 0 ? 80 : MANY)) + 1, i;
        size_t room = 2 + zipf_random(&dice) % (ROOM - 1);
        llmobs_priority_sample whole, parts[2];
        make_all(count, round % 2 == 0);
        shuffle(count);
        (void)llmobs_priority_begin(&whole, items[0], room);
        (void)llmobs_priority_begin(&parts[0], items[1], room);
        (void)llmobs_priority_begin(&parts[1], items[2], room);
        for (i = 0; i < count; i++) {
            offer(&whole, &all[i]);
            offer(&parts[zipf_random(&dice) % 2], &all[i]);
            if (i == count / 2) {
                wrong_after += !is_right(&whole, i + 1); /* in the middle; then it goes on */
            }
        }
        wrong += !is_right(&whole, count) || whole.offered != (uint64_t)count;
        llmobs_priority_merge(&parts[0], &parts[1]);
        wrong_merged += !is_right(&parts[0], count) || parts[0].offered != (uint64_t)count;
    }
    is_int(wrong, 0, "the largest priorities, and the threshold");
    is_int(wrong_after, 0, "also when it was read meanwhile");
    is_int(wrong_merged, 0, "merged is what one would be that was offered all");
}

/* ---- sums ---------------------------------------------------------------------------------- */

/* The mean over many samples of what a third of the items weighs, and of how many they are. */
static void test_sums(bool weighted)
{
    static llmobs_priority_item items[ROOM];
    double truth = 0.0, mean = 0.0, squares = 0.0, error;
    long runs = sized(4000), run;
    int i;
    make_all(1000, weighted);
    for (i = 0; i < 1000; i++) {
        truth += i % 3 == 0 ? all[i].weight : 0.0;
    }
    for (run = 0; run < runs; run++) {
        llmobs_priority_sample sample;
        double threshold, sum = 0.0;
        size_t kept, k;
        (void)llmobs_priority_begin(&sample, items, ROOM);
        for (i = 0; i < 1000; i++) {
            llmobs_priority_offer(&sample, all[i].weight, zipf_random(&dice), (uint64_t)i);
        }
        kept = llmobs_priority_read(&sample, &threshold);
        for (k = 0; k < kept; k++) {
            sum += items[k].id % 3 == 0 ? fmax(items[k].weight, threshold) : 0.0;
        }
        mean += sum / (double)runs;
        squares += sum * sum / (double)runs;
    }
    error = sqrt((squares - mean * mean) / (double)runs);
    printf("# %s: %.4g, estimated %.4g, one sample is off by %.1f %%\n",
           weighted ? "lognormal weights" : "all weights 1", truth, mean,
           100 * error * sqrt((double)runs) / truth);
    ok(fabs(mean - truth) < 4 * error, "no bias");
    ok(error * sqrt((double)runs) < 0.25 * truth, "and near");
}

/* With weights 1 it is what OpenTelemetry's threshold keeps: random >= T. */
static void test_threshold(void)
{
    static llmobs_priority_item items[ROOM];
    llmobs_priority_sample sample;
    double threshold;
    uint64_t reject;
    size_t kept, k;
    int i, above = 0;
    make_all(1000, false);
    (void)llmobs_priority_begin(&sample, items, ROOM);
    for (i = 0; i < 1000; i++) {
        offer(&sample, &all[i]);
    }
    kept = llmobs_priority_read(&sample, &threshold);
    reject = items[kept].random;
    for (i = 0; i < 1000; i++) {
        above += all[i].random > reject;
    }
    is_int(above, ROOM - 1, "those kept are all whose random number is above the threshold's");
    ok(fabs(threshold - 72057594037927936.0 / (double)(UINT64_C(72057594037927936) - reject)) <
           1e-9,
       "and each stands for 2^56 / (2^56 - T)");
    for (k = 0; k < kept; k++) {
        above -= items[k].random > reject;
    }
    is_int(above, 0, "the same ones");
}

static void test_odd(void)
{
    static const uint64_t odd[] = {UINT64_C(0x7ff8000000000000), UINT64_C(0x7ff0000000000000),
                                   UINT64_C(0xfff0000000000000), 0,
                                   UINT64_C(0x8000000000000000), UINT64_C(0xbff0000000000000),
                                   UINT64_C(0x7fe0000000000000)};
    llmobs_priority_item items[4], more[4];
    llmobs_priority_sample sample, other;
    double threshold = 5.0;
    size_t i;
    ok(llmobs_priority_begin(NULL, items, 4) == LLMOBS_ERROR_ARGUMENT &&
           llmobs_priority_begin(&sample, NULL, 4) == LLMOBS_ERROR_ARGUMENT &&
           llmobs_priority_begin(&sample, items, 1) == LLMOBS_ERROR_ARGUMENT,
       "what makes no sense is refused");
    (void)llmobs_priority_begin(&sample, items, 4);
    (void)llmobs_priority_begin(&other, more, 4);
    ok(llmobs_priority_read(&sample, &threshold) == 0 && threshold == 0.0, "nothing was offered");
    for (i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        llmobs_priority_offer(&sample, llmobsi_double_of(odd[i]), 1, 1);
    }
    ok(sample.refused == 7 && sample.offered == 0 && sample.count == 0,
       "weights that are none are counted, and nothing else");
    for (i = 0; i < 6; i++) { /* the same priority: by id, in any order */
        llmobs_priority_offer(&sample, 2.0, 77, i);
        llmobs_priority_offer(&other, 2.0, 77, 5 - i);
    }
    is_int(llmobs_priority_read(&sample, &threshold), 3, "one less than there is room for");
    (void)llmobs_priority_read(&other, &threshold);
    ok(items[0].id == 5 && items[1].id == 4 && items[2].id == 3 && more[0].id == 5 &&
           more[1].id == 4 && more[2].id == 3,
       "ties by id");
    llmobs_priority_merge(&sample, &sample);
    is_int(sample.offered, 6, "not with itself");
    llmobs_priority_offer(&sample, 1e290, UINT64_MAX, 9);
    (void)llmobs_priority_read(&sample, &threshold);
    ok(items[0].id == 9 && llmobsi_double_is_finite(items[0].priority), "the largest there is");
    llmobs_priority_offer(NULL, 1.0, 1, 1);
    llmobs_priority_merge(NULL, &sample);
    llmobs_priority_merge(&sample, NULL);
    ok(llmobs_priority_read(NULL, &threshold) == 0 && threshold == 0.0 &&
           llmobs_priority_read(&sample, NULL) == 0 && sample.offered == 7,
       "NULL: nothing");
}

int main(void)
{
    test_model();
    test_sums(true);
    test_sums(false);
    test_threshold();
    test_odd();
    return done();
}

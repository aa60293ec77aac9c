/* How many different ones: errors as the theory has them, from none to a million; merging. */
#include "llmobs_private.h"

#include "tap.h"

#include "keeper.h"
#include "random.h"

#include <math.h>
#include <pthread.h>

static llmobsi_unique sketch;

static uint64_t count_of(const llmobsi_unique* unique)
{
    return llmobsi_unique_estimate(unique).count;
}

static void test_few(void)
{
    llmobs_unique_count none;
    int i;
    llmobsi_unique_reset(&sketch);
    none = llmobsi_unique_estimate(&sketch);
    ok(none.count == 0 && none.standard_error == 0.0, "nothing was seen");
    for (i = 0; i < 100; i++) {
        llmobsi_unique_add(&sketch, UINT64_C(0x123456789abcdef0));
    }
    is_int(count_of(&sketch), 1, "one, however often");
    llmobsi_unique_add(&sketch, UINT64_C(0xfedcba9876543210));
    is_int(count_of(&sketch), 2, "two");
    llmobsi_unique_reset(&sketch);
    is_int(count_of(&sketch), 0, "begun anew");
}

/* Hashes by hand: which register, which rank. */
static void test_ranks(void)
{
    uint32_t i, others = 0;
    llmobsi_unique_reset(&sketch);
    llmobsi_unique_add(&sketch, UINT64_C(0x0018000000000000)); /* register 1, then a one */
    llmobsi_unique_add(&sketch, UINT64_C(0x0020000000000001)); /* register 2, a one at the end */
    llmobsi_unique_add(&sketch, UINT64_C(0x0030000000000000)); /* register 3, nothing but zeros */
    llmobsi_unique_add(&sketch, UINT64_C(0xfff4000000000000)); /* the last one, at the second */
    llmobsi_unique_add(&sketch, UINT64_C(0xfff8000000000000)); /* less than that: no change */
    is_int(sketch.registers[1], 1, "a one at once");
    is_int(sketch.registers[2], 52, "a one at the very end");
    is_int(sketch.registers[3], 53, "none at all");
    is_int(sketch.registers[4095], 2, "the largest stays");
    for (i = 4; i < 4095; i++) {
        others += sketch.registers[i];
    }
    is_int(others + sketch.registers[0], 0, "no other is touched");
    memset(&sketch, 255, sizeof sketch);
    ok(count_of(&sketch) > UINT64_C(1) << 62, "a full or damaged sketch is very many");
}

/* ---- errors -------------------------------------------------------------------------------- */

#define SIZES 19

static const uint32_t sizes[SIZES] = {1,     2,     5,     10,    30,      100,    300,
                                      1000,  2000,  4096,  8000,  12288,   20480,  40000,
                                      65536, 131072, 300000, 600000, 1000000};

/* Many sketches grow to each size in turn. */
static void test_errors(void)
{
    static double sums[SIZES], squares[SIZES];
    long rounds = sized(200), round;
    double within = 0, wide = 0, beyond = 0, cases = 0;
    int wrong_bias = 0, wrong_spread = 0, i;
    for (round = 0; round < rounds; round++) {
        uint32_t seen = 0;
        llmobsi_unique_reset(&sketch);
        for (i = 0; i < SIZES; i++) {
            llmobs_unique_count told;
            double error;
            for (; seen < sizes[i]; seen++) {
                llmobsi_unique_add(&sketch, next_random());
            }
            told = llmobsi_unique_estimate(&sketch);
            error = (double)told.count - (double)sizes[i];
            sums[i] += error / (double)sizes[i];
            squares[i] += error / (double)sizes[i] * (error / (double)sizes[i]);
            within += fabs(error) <= told.standard_error + 0.5;
            beyond += fabs(error) > 3 * told.standard_error + 1; /* of few, one may be lost */
            wide += fabs(error) > 4.5 * told.standard_error + 2;
            cases++;
        }
    }
    for (i = 0; i < SIZES; i++) {
        double bias = sums[i] / (double)rounds;
        double spread = sqrt(squares[i] / (double)rounds);
        printf("# %7u: bias %+.3f %%, root mean square %.3f %%\n", sizes[i], 100 * bias,
               100 * spread);
        wrong_bias += fabs(bias) > 4 * 0.01624 / sqrt((double)rounds) + 0.3 / (double)sizes[i];
        wrong_spread += spread > 0.01624 * (1 + 3.5 / sqrt(2.0 * (double)rounds));
    }
    is_int(wrong_bias, 0, "no bias but for the rounding of small numbers");
    is_int(wrong_spread, 0, "the spread is no more than 1.62 % at any size");
    ok(within >= 0.66 * cases, "two of three are within one standard error");
    ok(beyond <= 0.006 * cases + 2, "997 of 1,000 within three");
    is_int(wide, 0, "all within four and a half");
}

/* A sketch that only knows the raw estimate would be off by far where few registers are full. */
static void test_whole_range(void)
{
    uint32_t wrong = 0, looks = 0, n = 0;
    llmobsi_unique_reset(&sketch);
    while (n < 1000000) {
        uint32_t next = n + n / 50 + 1;
        llmobs_unique_count told;
        for (; n < next; n++) {
            llmobsi_unique_add(&sketch, next_random());
        }
        told = llmobsi_unique_estimate(&sketch);
        wrong += fabs((double)told.count - (double)n) > 4 * told.standard_error + 1;
        looks++;
    }
    printf("# %u looks at one that grows to a million\n", looks);
    is_int(wrong, 0, "within four standard errors all the way");
}

/* ---- merging ------------------------------------------------------------------------------- */

static void test_merge(void)
{
    static llmobsi_unique parts[3], all;
    int i;
    for (i = 0; i < 3; i++) {
        llmobsi_unique_reset(&parts[i]);
    }
    llmobsi_unique_reset(&all);
    for (i = 0; i < 60000; i++) {
        uint64_t hash = next_random();
        llmobsi_unique_add(&all, hash);
        llmobsi_unique_add(&parts[i % 3], hash);
        if (i % 5 == 0) {
            llmobsi_unique_add(&parts[(i + 1) % 3], hash); /* seen by two */
        }
    }
    llmobsi_unique_merge(&parts[0], &parts[1]);
    llmobsi_unique_merge(&parts[0], &parts[2]);
    ok(memcmp(&parts[0], &all, sizeof all) == 0, "merged is what one would be that saw all");
    llmobsi_unique_merge(&parts[0], &parts[2]);
    ok(memcmp(&parts[0], &all, sizeof all) == 0, "twice changes nothing");
}

/* ---- readers meanwhile --------------------------------------------------------------------- */

static llmobsi_atomic32 racing;

static void* read_on(void* unused)
{
    uint64_t last = 0;
    long wrong = 0;
    (void)unused;
    while (llmobsi_load_relaxed(&racing) != 0) {
        uint64_t now = count_of(&sketch);
        wrong += now + 1 < last || now > 130000;
        last = now;
    }
    return (void*)(uintptr_t)wrong;
}

static void test_race(void)
{
    pthread_t thread;
    void* wrong;
    int i;
    llmobsi_unique_reset(&sketch);
    llmobsi_store_relaxed(&racing, 1);
    (void)pthread_create(&thread, NULL, read_on, NULL);
    for (i = 0; i < 120000; i++) {
        llmobsi_unique_add(&sketch, next_random());
    }
    llmobsi_store_relaxed(&racing, 0);
    (void)pthread_join(thread, &wrong);
    is_int((uintptr_t)wrong, 0, "a reader sees it grow, and never shrink");
}

int main(void)
{
    test_few();
    test_ranks();
    test_errors();
    test_whole_range();
    test_merge();
    test_race();
    return done();
}

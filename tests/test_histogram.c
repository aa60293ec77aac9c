/* Histograms: borders, values that are none, windows that move. */
#include "llmobs_private.h"
#include "tap.h"

#include "keeper.h"
#include "meter.h"

#include <math.h>

static llmobs_histogram_stats stats_in(llmobs_histogram histogram)
{
    llmobs_histogram_stats read;
    read.size = sizeof read;
    (void)llmobs_histogram_read(histogram, &read);
    return read;
}

static llmobs_histogram explicit_of(llmobs* obs, const char* name, llmobs_number number,
                                    const double* bounds, size_t count)
{
    return llmobs_histogram_get(define_bounds(obs, name, number, bounds, count), NULL, 0);
}

static llmobs_histogram exponential_of(llmobs* obs, const char* name, llmobs_number number,
                                       double least, double most)
{
    llmobs_metric_info info = info_of(name, LLMOBS_HISTOGRAM_EXPONENTIAL, number);
    info.least = least;
    info.most = most;
    return llmobs_histogram_get(define_info(obs, &info), NULL, 0);
}

static llmobsi_reading reading_of(llmobs* obs, llmobs_histogram histogram)
{
    llmobsi_reading reading;
    llmobsi_read_histogram(llmobsi_places[LLMOBS_I_PLACE(llmobsi_ticket(obs))].recorder,
                           &registry_of(obs)->series[histogram.series], &reading);
    return reading;
}

static void expect_counts(llmobs* obs, llmobs_histogram histogram, const uint64_t* want,
                          const char* what)
{
    llmobsi_reading reading = reading_of(obs, histogram);
    uint32_t i;
    bool equal = true;
    for (i = 0; i < reading.bucket_count; i++) {
        if (reading.counts[i] != want[i]) {
            printf("# bucket %u: %llu, not %llu\n", i, (unsigned long long)reading.counts[i],
                   (unsigned long long)want[i]);
            equal = false;
        }
    }
    ok(equal, what);
}

/* ---- borders ------------------------------------------------------------------------------- */

static void test_borders(void)
{
    static const double ints[] = {1, 2.5, 10};
    static const double seconds[] = {0.1, 0.3, 1};
    static const double doubles[] = {0.1, 0.3, 1};
    static const uint64_t of_ints[] = {2, 1, 2, 1};
    static const uint64_t of_seconds[] = {2, 2, 2, 1};
    static const uint64_t of_doubles[] = {2, 2, 2, 1};
    llmobs_config config = metered_config();
    llmobs* obs = open_metered(&config);
    llmobs_histogram h = explicit_of(obs, "ints", LLMOBS_NUMBER_INT, ints, 3);
    llmobs_histogram_record_int(h, 0);
    llmobs_histogram_record_int(h, 1);
    llmobs_histogram_record_int(h, 2);
    llmobs_histogram_record_int(h, 3);
    llmobs_histogram_record_int(h, 10);
    llmobs_histogram_record_int(h, 11);
    expect_counts(obs, h, of_ints, "whole numbers: upper bounds are inclusive");
    h = explicit_of(obs, "seconds", LLMOBS_NUMBER_NANO, seconds, 3);
    llmobs_histogram_record_int(h, 99999999);
    llmobs_histogram_record_int(h, 100000000);
    llmobs_histogram_record_int(h, 100000001);
    llmobs_histogram_record_int(h, 300000000);
    llmobs_histogram_record_int(h, 300000001);
    llmobs_histogram_record_int(h, 1000000000);
    llmobs_histogram_record_int(h, 1000000001);
    expect_counts(obs, h, of_seconds, "billionths: 0.1 s is 100000000 ns, and inclusive");
    h = explicit_of(obs, "seconds_too", LLMOBS_NUMBER_NANO, seconds, 3);
    llmobs_histogram_record(h, 0.0999999990);
    llmobs_histogram_record(h, 0.1);
    llmobs_histogram_record(h, 0.100000001);
    llmobs_histogram_record(h, 0.3);
    llmobs_histogram_record(h, 0.300000001);
    llmobs_histogram_record(h, 1.0);
    llmobs_histogram_record(h, 1.000000001);
    expect_counts(obs, h, of_seconds, "the same as seconds");
    h = explicit_of(obs, "doubles", LLMOBS_NUMBER_DOUBLE, doubles, 3);
    llmobs_histogram_record(h, nextafter(0.1, 0.0));
    llmobs_histogram_record(h, 0.1);
    llmobs_histogram_record(h, nextafter(0.1, 1.0));
    llmobs_histogram_record(h, 0.3);
    llmobs_histogram_record(h, nextafter(0.3, 1.0));
    llmobs_histogram_record(h, 1.0);
    llmobs_histogram_record(h, nextafter(1.0, 2.0));
    expect_counts(obs, h, of_doubles, "doubles: to the last bit");
    (void)llmobs_close(obs);
}

/* Any number of bounds, at and around each. */
static void test_all_borders(void)
{
    llmobs_config config = metered_config();
    llmobs* obs = open_metered(&config);
    double bounds[LLMOBS_BOUNDS_MAX];
    int wrong = 0;
    uint32_t count;
    uint32_t i;
    for (count = 1; count <= LLMOBS_BOUNDS_MAX; count++) {
        uint64_t want[LLMOBS_BOUNDS_MAX + 1];
        llmobsi_reading reading;
        llmobs_histogram h;
        char name[16];
        (void)snprintf(name, sizeof name, "h%u", count);
        memset(want, 0, sizeof want);
        for (i = 0; i < count; i++) {
            bounds[i] = (double)(i + 1) * 3.0;
        }
        h = explicit_of(obs, name, LLMOBS_NUMBER_INT, bounds, count);
        for (i = 0; i <= count * 3 + 2; i++) {
            uint32_t bucket = i == 0 ? 0 : (i - 1) / 3;
            llmobs_histogram_record_int(h, i);
            want[bucket < count ? bucket : count]++;
        }
        reading = reading_of(obs, h);
        wrong += reading.bucket_count != count + 1 ||
                 memcmp(reading.counts, want, (count + 1) * sizeof *want) != 0 ||
                 reading.count != count * 3 + 3;
    }
    is_int(wrong, 0, "1 to 64 bounds, each value in its bucket");
    (void)llmobs_close(obs);
}

/* ---- values that are none ------------------------------------------------------------------ */

static void test_invalid(llmobs_number number, bool exponential, const char* what)
{
    static const double bounds[] = {1, 2};
    static const double bad[] = {-1.0, -1e-300, -5e-324, (double)NAN, -(double)NAN,
                                 (double)INFINITY, -(double)INFINITY};
    llmobs_config config = metered_config();
    llmobs* obs = open_metered(&config);
    llmobs_histogram h = exponential ? exponential_of(obs, "h", number, 0, 0)
                                     : explicit_of(obs, "h", number, bounds, 2);
    llmobs_histogram_stats read;
    uint64_t invalid = 7;
    size_t i;
    for (i = 0; i < sizeof bad / sizeof *bad; i++) {
        llmobs_histogram_record(h, bad[i]);
    }
    is_int(stats_of(obs).metric_invalid, 7, what);
    is_int(stats_in(h).count, 0, "and nothing is recorded");
    ok(isnan(stats_in(h).min) && isnan(stats_in(h).max), "not even a least value");
    ok(isnan(llmobs_histogram_quantile(h, 0.5).value), "or a quantile");
    llmobs_histogram_record(h, -0.0);
    llmobs_histogram_record(h, 0.0);
    llmobs_histogram_record_int(h, 0);
    read = stats_in(h);
    is_int(read.count, 3, "zero is a value, with either sign");
    ok(read.sum == 0.0 && read.min == 0.0 && read.max == 0.0 && !signbit(read.min),
       "and it is zero");
    if (number != LLMOBS_NUMBER_DOUBLE) {
        llmobs_histogram_record_int(h, (uint64_t)INT64_MAX + 1);
        llmobs_histogram_record_int(h, UINT64_MAX);
        llmobs_histogram_record(h, number == LLMOBS_NUMBER_INT ? 9223372036854775808.0
                                                               : 9223372036.854775808);
        llmobs_histogram_record(h, 1e300);
        invalid += 4;
        is_int(stats_in(h).count, 3, "what is too large is not recorded");
    }
    is_int(stats_of(obs).metric_invalid, invalid, "but counted");
    is_int(stats_of(obs).metric_dropped, 0, "as what it is");
    (void)llmobs_close(obs);
}

/* Both ways to record are one where the number is the same; doubles are rounded to the nearest. */
static void test_equal(void)
{
    static const double bounds[] = {1e3, 1e6, 1e9};
    static const double values[][2] = {{0.49999999999999994, 0}, {0.5, 1}, {1.5, 2}, {2.4999, 2},
                                       {4503599627370495.5, 4503599627370496},
                                       {4503599627370497.0, 4503599627370497},
                                       {9007199254740991.0, 9007199254740991}};
    llmobs_config config = metered_config();
    llmobs* obs = open_metered(&config);
    llmobs_histogram a = explicit_of(obs, "a", LLMOBS_NUMBER_NANO, bounds, 3);
    llmobs_histogram b = explicit_of(obs, "b", LLMOBS_NUMBER_NANO, bounds, 3);
    llmobs_histogram c = explicit_of(obs, "c", LLMOBS_NUMBER_INT, bounds, 3);
    llmobs_histogram d = exponential_of(obs, "d", LLMOBS_NUMBER_INT, 0, 0);
    llmobs_histogram e = exponential_of(obs, "e", LLMOBS_NUMBER_INT, 0, 0);
    uint64_t random = 1;
    uint64_t sum = 0;
    llmobsi_reading of_a;
    llmobsi_reading of_b;
    int i;
    for (i = 0; i < 10000; i++) {
        uint64_t nano;
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
        nano = (random >> 16) % UINT64_C(2000000000000);
        llmobs_histogram_record_int(a, nano);
        llmobs_histogram_record(b, (double)nano / 1e9);
        llmobs_histogram_record_int(d, nano);
        llmobs_histogram_record(e, (double)nano);
    }
    of_a = reading_of(obs, a);
    of_b = reading_of(obs, b);
    ok(memcmp(&of_a, &of_b, offsetof(llmobsi_reading, window)) == 0 &&
           memcmp(of_a.counts, of_b.counts, 4 * sizeof *of_a.counts) == 0,
       "seconds and nanoseconds come to the same");
    of_a = reading_of(obs, d);
    of_b = reading_of(obs, e);
    ok(memcmp(&of_a, &of_b, sizeof of_a) == 0, "and so do whole numbers, exponentially");
    for (i = 0; i < (int)(sizeof values / sizeof *values); i++) {
        llmobs_histogram_record(c, values[i][0]);
        sum += (uint64_t)values[i][1];
    }
    is_int(reading_of(obs, c).sum, sum, "doubles become the nearest whole numbers");
    (void)llmobs_close(obs);
}

static void test_sums(void)
{
    static const double bounds[] = {1};
    llmobs_config config = metered_config();
    llmobs* obs = open_metered(&config);
    llmobs_histogram a = explicit_of(obs, "a", LLMOBS_NUMBER_INT, bounds, 1);
    llmobs_histogram b = exponential_of(obs, "b", LLMOBS_NUMBER_NANO, 0, 0);
    llmobs_histogram c = explicit_of(obs, "c", LLMOBS_NUMBER_DOUBLE, bounds, 1);
    llmobs_histogram d = exponential_of(obs, "d", LLMOBS_NUMBER_DOUBLE, 0, 0);
    llmobs_histogram_record_int(a, INT64_MAX);
    llmobs_histogram_record_int(b, INT64_MAX - 1);
    llmobs_histogram_record_int(b, 1);
    is_int(stats_of(obs).metric_saturated, 0, "sums up to the end are exact");
    is_int(reading_of(obs, b).sum, INT64_MAX, "to the last unit");
    llmobs_histogram_record_int(a, 1);
    llmobs_histogram_record_int(b, 1);
    is_int(reading_of(obs, a).sum, INT64_MAX, "there they stay");
    is_int(reading_of(obs, b).sum, INT64_MAX, "both kinds");
    is_int(stats_of(obs).metric_saturated, 2, "and it is counted");
    is_int(stats_in(a).count, 2, "the values count");
    is_int(stats_in(b).count, 3, "all of them");
    llmobs_histogram_record(c, 1.7976931348623157e308);
    llmobs_histogram_record(c, 1.7976931348623157e308);
    llmobs_histogram_record(d, 1.7976931348623157e308);
    llmobs_histogram_record(d, 1e308);
    ok(stats_in(c).sum == 1.7976931348623157e308 && stats_in(d).sum == 1.7976931348623157e308,
       "sums of doubles stay finite");
    is_int(stats_of(obs).metric_saturated, 4, "and that is counted, too");
    ok(stats_in(d).min == 1e308 && stats_in(d).max == 1.7976931348623157e308,
       "the least and the largest are as they were");
    (void)llmobs_close(obs);
}

/* ---- windows ------------------------------------------------------------------------------- */

/* Each value lies in the bucket that its index says, by the scale that is told. */
static void expect_window(llmobs* obs, llmobs_histogram h, const double* values, int count,
                          const char* what)
{
    llmobsi_reading reading = reading_of(obs, h);
    uint64_t want[LLMOBS_EXPONENTIAL_BUCKETS];
    uint64_t zeros = 0;
    uint32_t shift = llmobsi_window_shift(reading.window);
    int wrong = 0;
    int i;
    memset(want, 0, sizeof want);
    for (i = 0; i < count; i++) {
        int64_t at;
        if (values[i] == 0.0) {
            zeros++;
            continue;
        }
        at = (llmobsi_exponential_index(values[i]) >> shift) - llmobsi_window_start(reading.window);
        if (at < 0 || at >= (int64_t)reading.bucket_count) {
            wrong++;
        } else {
            want[at]++;
        }
    }
    wrong += memcmp(want, reading.counts, reading.bucket_count * sizeof *want) != 0;
    wrong += reading.zeros != zeros || reading.count != (uint64_t)count;
    wrong += reading.bucket_count > LLMOBS_EXPONENTIAL_BUCKETS;
    is_int(wrong, 0, what);
}

static void test_windows(void)
{
    static double values[4096];
    llmobs_config config = metered_config();
    llmobs* obs = open_metered(&config);
    llmobs_histogram h = exponential_of(obs, "h", LLMOBS_NUMBER_DOUBLE, 1e-3, 1e3);
    uint64_t last_window = 0;
    uint32_t sides = 0;
    uint64_t random = 9;
    int moves = 0;
    int count = 0;
    int i;
    bool ordered = true;
    int scale = 8;
    is_int(stats_in(h).scale, 0, "nothing has no scale");
    for (i = 0; i < 4096; i++) {
        const llmobsi_atomic64* cells;
        uint64_t window;
        int spread = i < 64 ? 2 : i < 512 ? 40 : i < 2048 ? 300 : 997;
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
        values[count] = (random >> 60) == 0
                            ? 0.0
                            : pow(2.0, (double)((int)(random >> 33) % (2 * spread) - spread) +
                                           (double)(random >> 50) / 65536.0);
        llmobs_histogram_record(h, values[count++]);
        cells = llmobsi_cell_of(&llmobsi_places[LLMOBS_I_PLACE(llmobsi_ticket(obs))]
                                     .recorder->threads[0].row,
                                registry_of(obs)->series[h.series].cell);
        window = cells[LLMOBS_I_EXPONENTIAL_WINDOW];
        if (window != last_window) {
            moves++;
            sides |= (window & LLMOBS_I_WINDOW_COLD) != 0 ? 2u : 1u;
            last_window = window;
            expect_window(obs, h, values, count, "a window that has moved holds what it held");
            ordered &= stats_in(h).scale <= scale;
            scale = stats_in(h).scale;
        }
    }
    expect_window(obs, h, values, count, "in the end all is there");
    ok(moves > 5, "it has moved");
    is_int(sides, 3, "to and fro between its two places");
    ok(ordered, "from finer to coarser");
    printf("# %d moves, down to scale %d\n", moves, scale);
    (void)llmobs_close(obs);
}

static void test_extremes(void)
{
    static const double all[] = {1e-300, 1e300, 0.0, 5e-324, 1.7976931348623157e308,
                                 2.2250738585072014e-308, 1.0};
    llmobs_config config = metered_config();
    llmobs* obs = open_metered(&config);
    llmobs_histogram h = exponential_of(obs, "h", LLMOBS_NUMBER_DOUBLE, 0, 0);
    llmobs_histogram i = exponential_of(obs, "i", LLMOBS_NUMBER_INT, 0, 0);
    llmobs_histogram n = exponential_of(obs, "n", LLMOBS_NUMBER_NANO, 0, 0);
    llmobs_histogram_stats read;
    size_t at;
    llmobs_histogram_record(h, all[0]);
    is_int(stats_in(h).scale >= -10, 1, "a tiny value");
    llmobs_histogram_record(h, all[1]);
    expect_window(obs, h, all, 2, "and a huge one are in one window");
    for (at = 2; at < 7; at++) {
        llmobs_histogram_record(h, all[at]);
    }
    expect_window(obs, h, all, 7, "with all between, and beyond");
    read = stats_in(h);
    ok(read.min == 0.0 && read.max == 1.7976931348623157e308, "the least and the largest");
    is_int(read.scale, -4, "at the finest scale that holds them");
    llmobs_histogram_record_int(i, 1);
    llmobs_histogram_record_int(i, INT64_MAX);
    is_int(stats_in(i).count, 2, "whole numbers from 1 to the largest");
    llmobs_histogram_record_int(n, 1);
    llmobs_histogram_record_int(n, INT64_MAX);
    read = stats_in(n);
    ok(read.min == 1e-9 && read.max == (double)INT64_MAX / 1e9, "billionths likewise");
    (void)llmobs_close(obs);
}

/* ---- rows of different scales -------------------------------------------------------------- */

typedef struct filler {
    llmobs_histogram histogram;
    const double* values;
    int count;
} filler;

static void* fill(void* argument)
{
    filler* self = (filler*)argument;
    int i;
    for (i = 0; i < self->count; i++) {
        llmobs_histogram_record(self->histogram, self->values[i]);
    }
    return NULL;
}

static void test_merge(bool first_wide)
{
    enum { HALF = 500 };
    static double values[2 * HALF + 20];
    llmobs_config config = metered_config();
    llmobs* obs;
    filler self;
    pthread_t id;
    int count = 2 * HALF;
    int i;
    config.max_threads = 3;
    obs = open_metered(&config);
    self.histogram = exponential_of(obs, "h", LLMOBS_NUMBER_DOUBLE, 0.5, 2.0);
    for (i = 0; i < HALF; i++) {
        values[i] = 1.0 + (double)i / 1000.0;
        values[HALF + i] = pow(10.0, (double)(i % 200 - 100));
    }
    llmobs_histogram_record(self.histogram, 0.0); /* this thread's row has a zero alone */
    values[count++] = 0.0;
    self.count = HALF;
    self.values = first_wide ? values + HALF : values;
    (void)pthread_create(&id, NULL, fill, &self);
    (void)pthread_join(id, NULL);
    fill(&self); /* the same again, in another row; so each twice */
    self.values = first_wide ? values : values + HALF;
    fill(&self);
    {
        static double all[3 * HALF + 20];
        memcpy(all, values, (size_t)count * sizeof *all);
        memcpy(all + count, first_wide ? values + HALF : values, HALF * sizeof *all);
        expect_window(obs, self.histogram, all, count + HALF, "rows of different scales merge");
    }
    (void)llmobs_close(obs);
}

int main(void)
{
    test_borders();
    test_all_borders();
    test_invalid(LLMOBS_NUMBER_INT, false, "whole numbers: what is none is counted");
    test_invalid(LLMOBS_NUMBER_NANO, false, "billionths");
    test_invalid(LLMOBS_NUMBER_DOUBLE, false, "doubles");
    test_invalid(LLMOBS_NUMBER_INT, true, "whole numbers, exponentially");
    test_invalid(LLMOBS_NUMBER_NANO, true, "billionths");
    test_invalid(LLMOBS_NUMBER_DOUBLE, true, "doubles");
    test_equal();
    test_sums();
    test_windows();
    test_extremes();
    test_merge(false);
    test_merge(true);
    (void)llmobs_release();
    return done();
}

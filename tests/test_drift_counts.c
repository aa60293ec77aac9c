/* Drift without embeddings: p-values as scipy has them, bins, names, merging; then many windows in
   which nothing moved, and some in which something did. */
#include "llmobs_private.h"

#include "tap.h"

typedef struct golden_windows {
    const char* name;
    int value_count;
    struct {
        double value;
        uint32_t before, after;
    } values[64];
    int category_count;
    uint32_t categories[8][2];
    uint32_t flag[4]; /* no, yes before; no, yes after */
    double superiority, location_p;
    uint32_t groups;
    double shape_p, category_p, flag_p;
} golden_windows;

#include "golden/drift_counts.h"
#include "keeper.h"
#include "zipf.h"

static zipf dice = {5, 0, NULL};

static void add_category(llmobs_drift_counts* counts, const char* name)
{
    llmobs_drift_counts_category(counts, llmobs_str(name));
}

static llmobs_drift_counts_report compared(const llmobs_drift_counts* before,
                                           const llmobs_drift_counts* after)
{
    llmobs_drift_counts_report report;
    memset(&report, 9, sizeof report);
    report.size = sizeof report;
    if (llmobs_drift_counts_compare(before, after, &report) != LLMOBS_OK) {
        printf("# not compared\n");
    }
    return report;
}

/* ---- golden -------------------------------------------------------------------------------- */

static void fill(llmobs_drift_counts* windows, const golden_windows* row)
{
    static const char* const names[8] = {"stop", "length", "tool_calls", "content_filter",
                                         "error", "cancelled", "timeout", "eos"};
    uint32_t times;
    int i, w;
    memset(windows, 0, 2 * sizeof *windows);
    for (w = 0; w < 2; w++) {
        for (i = 0; i < row->value_count; i++) {
            times = w == 0 ? row->values[i].before : row->values[i].after;
            while (times-- > 0) {
                llmobs_drift_counts_number(&windows[w], row->values[i].value);
            }
        }
        for (i = 0; i < row->category_count; i++) { /* in another order after than before */
            int at = w == 0 ? i : row->category_count - 1 - i;
            for (times = row->categories[at][w]; times > 0; times--) {
                add_category(&windows[w], names[at]);
            }
        }
        for (i = 0; i < 2; i++) {
            for (times = row->flag[2 * w + i]; times > 0; times--) {
                llmobs_drift_counts_flag(&windows[w], 1, i == 1);
            }
        }
    }
}

static double off(double got, double want)
{
    return want > 0.0 ? fabs(got - want) / want : fabs(got - want);
}

static void test_golden(void)
{
    size_t i, count = sizeof golden / sizeof golden[0];
    for (i = 0; i < count; i++) {
        const golden_windows* row = &golden[i];
        llmobs_drift_counts windows[2];
        llmobs_drift_counts_report report;
        double worst;
        fill(windows, row);
        report = compared(&windows[0], &windows[1]);
        worst = off(report.location.p, row->location_p);
        worst = fmax(worst, off(report.location.after, row->superiority));
        worst = fmax(worst, off(report.shape.p, row->shape_p));
        worst = fmax(worst, off(report.category.p, row->category_p));
        worst = fmax(worst, off(report.flags[1].p, row->flag_p));
        if (!ok(worst < 1e-9, row->name)) {
            printf("# location %g, want %g; shape %g, want %g; category %g, want %g; flag %g, "
                   "want %g\n", report.location.p, row->location_p, report.shape.p, row->shape_p,
                   report.category.p, row->category_p, report.flags[1].p, row->flag_p);
        }
        (void)is_int((report.shape.p < 1.0) + 0, row->groups > 1 && row->shape_p < 1.0,
                     "its shape is looked at where there are groups");
    }
}

/* ---- bins ---------------------------------------------------------------------------------- */

static void test_bins(void)
{
    int wrong = 0;
    uint32_t i;
    for (i = 1; i < LLMOBS_DRIFT_COUNTS_BINS; i++) {
        double low = llmobsi_drift_counts_bin_low(i);
        double before = llmobsi_double_of(llmobsi_double_bits(low) - 1);
        wrong += llmobsi_drift_counts_bin(low) != i || llmobsi_drift_counts_bin(before) != i - 1;
        wrong += i > 1 && (low / llmobsi_drift_counts_bin_low(i - 1) > 1.126 ||
                           low / llmobsi_drift_counts_bin_low(i - 1) < 1.066);
    }
    is_int(wrong, 0, "each bin begins where the one before ends, an eighth of an octave on");
    ok(llmobsi_drift_counts_bin(0.0) == 0 && llmobsi_drift_counts_bin(1e-320) == 0 &&
           llmobsi_drift_counts_bin(-0.0) == 0 && llmobsi_drift_counts_bin(1.7e308) == 193 &&
           llmobsi_drift_counts_bin_low(193) == 16777216.0,
       "the first is below 1, the last has no end");
    is_int(sizeof(llmobs_drift_counts) <= 2048, 1, "a window is small");
    printf("# a window: %d bytes\n", (int)sizeof(llmobs_drift_counts));
}

static void test_quartiles(void)
{
    llmobs_drift_counts counts;
    llmobs_drift_counts_report report;
    int i;
    memset(&counts, 0, sizeof counts);
    report = compared(&counts, &counts);
    ok(report.before.low[1] == 0.0 && report.before.high[1] == 0.0, "of nothing: none");
    for (i = 1; i <= 100; i++) {
        llmobs_drift_counts_number(&counts, 10.0 * i);
    }
    report = compared(&counts, &counts);
    ok(report.after.low[0] == 240.0 && report.after.high[0] == 256.0 &&
           report.after.low[1] == 480.0 && report.after.high[1] == 512.0 &&
           report.after.low[2] == 704.0 && report.after.high[2] == 768.0,
       "250, 500 and 750 are within their brackets");
    memset(&counts, 0, sizeof counts);
    llmobs_drift_counts_number(&counts, 3e9);
    report = compared(&counts, &counts);
    ok(report.before.low[0] == 16777216.0 && report.before.high[2] == 3e9,
       "the last bin ends at the largest");
}

/* ---- names --------------------------------------------------------------------------------- */

static void test_names(void)
{
    llmobs_drift_counts counts;
    llmobs_string text;
    char name[64];
    int i;
    memset(&counts, 0, sizeof counts);
    for (i = 0; i < 40; i++) {
        (void)snprintf(name, sizeof name, "reason %d", i % 20);
        add_category(&counts, name);
    }
    memset(name, 'x', sizeof name);
    ok(counts.name_count == 16 && counts.categories[0] == 2 && counts.categories[15] == 2 &&
           counts.categories[16] == 8 && strcmp(counts.names[15], "reason 15") == 0,
       "sixteen names, copied; the others together");
    memset(&counts, 0, sizeof counts);
    (void)snprintf(name, sizeof name, "123456789 123456789 123456789 \xc3\xa4 and more");
    add_category(&counts, name);
    name[35] = 'X';
    add_category(&counts, name);
    ok(counts.name_count == 1 && counts.categories[0] == 2 &&
           strcmp(counts.names[0], "123456789 123456789 123456789 ") == 0,
       "a long one is cut where a code point ends");
    add_category(&counts, "1234567890123456789012345678901");
    is_int(strlen(counts.names[1]), 31, "31 bytes are whole");
    text.data = "stop here";
    text.size = 4;
    llmobs_drift_counts_category(&counts, text);
    is_str(counts.names[2], "stop", "a name ends where it says");
    add_category(&counts, "");
    text.data = NULL;
    llmobs_drift_counts_category(&counts, text);
    ok(counts.refused == 2 && counts.name_count == 3, "an empty one is none");
}

/* A name that only one window knows: was it not there, or among the others of a full one? */
static void test_names_apart(void)
{
    llmobs_drift_counts before, after;
    llmobs_drift_counts_report report;
    char name[16];
    int i;
    memset(&before, 0, sizeof before);
    memset(&after, 0, sizeof after);
    for (i = 0; i < 1600; i++) {
        (void)snprintf(name, sizeof name, "b%d", i % 16);
        add_category(&before, name);
        add_category(&after, name);
    }
    for (i = 0; i < 100; i++) {
        add_category(&before, "late");
    }
    report = compared(&before, &after);
    ok(report.category.p < 1e-6 && report.category.direction == -1 &&
           strcmp(report.category_name, "__other__") == 0,
       "others only before");
    memset(&after, 0, sizeof after);
    for (i = 0; i < 100; i++) {
        add_category(&after, "late");
    }
    for (i = 0; i < 1500; i++) {
        (void)snprintf(name, sizeof name, "b%d", 1 + i % 15);
        add_category(&after, name);
    }
    for (i = 0; i < 100; i++) {
        add_category(&after, "b0");
    }
    report = compared(&before, &after);
    ok(report.category.p > 0.9, "a name is the same as the others that it was among");
    ok(report.category.before_count == 1700 && report.category.after_count == 1700,
       "and nothing is lost on the way");
    report = compared(&after, &before);
    ok(report.category.p > 0.9, "either way");
    memset(&before, 0, sizeof before);
    memset(&after, 0, sizeof after);
    for (i = 0; i < 160; i++) {
        (void)snprintf(name, sizeof name, "b%d", i % 16);
        add_category(&before, name);
        name[0] = 'a';
        add_category(&after, i < 150 ? name : "a0");
    }
    report = compared(&before, &after);
    ok(report.category.p < 1e-3 && report.category.before_count == 160 &&
           strcmp(report.category_name, "a0") == 0 && report.category.after == 20.0 / 160.0,
       "thirty-two names, none of them in both");
}

/* ---- merging, bad input -------------------------------------------------------------------- */

static void add_random(llmobs_drift_counts* counts, llmobs_drift_counts* all)
{
    static const char* const names[] = {"stop", "length", "tool_calls", "content_filter"};
    double number = zipf_lognormal(&dice, 300, 1.0);
    const char* name = names[zipf_random(&dice) % 4];
    uint32_t flag = (uint32_t)(zipf_random(&dice) % 5); /* one that there is not, too */
    bool yes = zipf_random(&dice) % 3 == 0;
    llmobs_drift_counts_number(counts, number);
    llmobs_drift_counts_number(all, number);
    add_category(counts, name);
    add_category(all, name);
    llmobs_drift_counts_flag(counts, flag, yes);
    llmobs_drift_counts_flag(all, flag, yes);
}

static bool same_reports(const llmobs_drift_counts* one, const llmobs_drift_counts* other,
                         const llmobs_drift_counts* base)
{
    llmobs_drift_counts_report a = compared(base, one);
    llmobs_drift_counts_report b = compared(base, other);
    return a.p == b.p && a.tests == b.tests && a.location.p == b.location.p &&
           a.shape.p == b.shape.p && off(a.category.p, b.category.p) < 1e-12 &&
           memcmp(a.flags, b.flags, sizeof a.flags) == 0 &&
           memcmp(&a.after, &b.after, sizeof a.after) == 0;
}

static void test_merge(void)
{
    llmobs_drift_counts parts[3], all, base, ignored;
    uint32_t i, names = 0;
    memset(parts, 0, sizeof parts);
    memset(&all, 0, sizeof all);
    memset(&base, 0, sizeof base);
    memset(&ignored, 0, sizeof ignored);
    for (i = 0; i < 3000; i++) {
        add_random(&parts[zipf_random(&dice) % 3], &all);
        add_random(&base, &ignored);
    }
    llmobs_drift_counts_merge(&parts[2], &parts[0]);
    llmobs_drift_counts_merge(&parts[2], &parts[1]);
    for (i = 0; i < all.name_count; i++) { /* in whatever order */
        uint32_t found = llmobsi_drift_counts_name_find(&parts[2], all.names[i]);
        names += found < 16 && parts[2].categories[found] == all.categories[i];
    }
    ok(names == 4 && parts[2].name_count == 4 && parts[2].largest == all.largest &&
           parts[2].refused == all.refused && all.refused > 300 &&
           memcmp(parts[2].bins, all.bins, sizeof all.bins) == 0 &&
           memcmp(parts[2].flags, all.flags, sizeof all.flags) == 0 &&
           same_reports(&parts[2], &all, &base),
       "merged is what one would be that had all");
    memset(&base, 0, sizeof base);
    llmobs_drift_counts_number(&base, 3e9);
    llmobs_drift_counts_merge(&all, &base);
    llmobs_drift_counts_merge(&base, &ignored);
    ok(all.largest == 3e9 && base.largest == 3e9, "the largest of both, either way");
    parts[0].bins[7] = UINT32_MAX - 1;
    parts[1].bins[7] = 5;
    llmobs_drift_counts_merge(&parts[0], &parts[1]);
    llmobs_drift_counts_number(&parts[0], llmobsi_drift_counts_bin_low(7));
    is_int(parts[0].bins[7], UINT32_MAX, "a count that is full stays");
}

static void test_bad(void)
{
    static const uint64_t odd[] = {UINT64_C(0x7ff8000000000000), UINT64_C(0x7ff0000000000000),
                                   UINT64_C(0xfff0000000000000), UINT64_C(0xbff0000000000000)};
    llmobs_drift_counts counts, empty;
    llmobs_drift_counts_report report;
    size_t i;
    memset(&counts, 0, sizeof counts);
    memset(&empty, 0, sizeof empty);
    for (i = 0; i < 4; i++) {
        llmobs_drift_counts_number(&counts, llmobsi_double_of(odd[i]));
    }
    llmobs_drift_counts_flag(&counts, LLMOBS_DRIFT_COUNTS_FLAGS, true);
    is_int(counts.refused, 5, "what makes no sense is counted");
    counts.refused = 0;
    ok(memcmp(&counts, &empty, sizeof counts) == 0, "and nothing else");
    llmobs_drift_counts_number(NULL, 1.0);
    llmobs_drift_counts_flag(NULL, 0, true);
    llmobs_drift_counts_category(NULL, llmobs_str("a"));
    llmobs_drift_counts_merge(NULL, &counts);
    llmobs_drift_counts_merge(&counts, NULL);
    ok(memcmp(&counts, &empty, sizeof counts) == 0, "NULL: nothing");
    ok(llmobs_drift_counts_compare(NULL, &counts, &report) == LLMOBS_ERROR_ARGUMENT &&
           llmobs_drift_counts_compare(&counts, NULL, &report) == LLMOBS_ERROR_ARGUMENT &&
           llmobs_drift_counts_compare(&counts, &counts, NULL) == LLMOBS_ERROR_ARGUMENT,
       "NULL is not compared");
    memset(&report, 9, sizeof report);
    report.size = offsetof(llmobs_drift_counts_report, location);
    ok(llmobs_drift_counts_compare(&counts, &counts, &report) == LLMOBS_OK && report.p == 1.0 &&
           report.insufficient_data &&
           report.size == offsetof(llmobs_drift_counts_report, location),
       "an older caller's report is shorter,");
    ok(report.location.before_count == UINT64_C(0x0909090909090909), "and not written beyond");
}

/* ---- when there is a test ------------------------------------------------------------------ */

static void test_least(void)
{
    llmobs_drift_counts before, after;
    llmobs_drift_counts_report report;
    int i;
    memset(&before, 0, sizeof before);
    memset(&after, 0, sizeof after);
    for (i = 0; i < 100; i++) {
        llmobs_drift_counts_number(&before, 10.0 + i);
        add_category(&before, i % 2 == 0 ? "a" : "b");
        llmobs_drift_counts_flag(&before, 0, i % 2 == 0);
        llmobs_drift_counts_flag(&before, 2, true);
    }
    for (i = 0; i < 19; i++) {
        llmobs_drift_counts_number(&after, 1000.0);
        add_category(&after, "c");
        llmobs_drift_counts_flag(&after, 0, true);
        llmobs_drift_counts_flag(&after, 2, true);
    }
    report = compared(&before, &after);
    ok(report.insufficient_data && report.tests == 0 && report.p == 1.0 &&
           report.location.insufficient_data && report.shape.insufficient_data &&
           report.category.insufficient_data && report.flags[0].insufficient_data &&
           report.location.p == 1.0 && report.location.after_count == 19,
       "19 are too few, whatever they are");
    llmobs_drift_counts_flag(&after, 0, true);
    report = compared(&before, &after);
    ok(!report.insufficient_data && report.tests == 1 && report.p == report.flags[0].p &&
           report.flags[0].p < 0.001 && report.flags[0].direction == 1 &&
           report.flags[0].before == 0.5 && report.flags[0].after == 1.0 &&
           report.flags[1].insufficient_data,
       "of 20 flags there is a test");
    llmobs_drift_counts_flag(&after, 2, true);
    report = compared(&before, &after);
    ok(report.tests == 1 && report.flags[2].p == 1.0 && !report.flags[2].insufficient_data &&
           report.flags[2].before == 1.0 && report.flags[2].after == 1.0,
       "what can't differ is no test");
    llmobs_drift_counts_number(&after, 1000.0);
    add_category(&after, "c");
    report = compared(&before, &after);
    ok(report.tests == 4 && report.location.direction == 1 && report.location.after == 1.0 &&
           strcmp(report.category_name, "c") == 0 && report.category.direction == 1 &&
           report.category.before == 0.0 && report.category.after == 1.0,
       "of 20 numbers two, of 20 names one");
    ok(report.shape.after == 1.0 && report.shape_low < 1000.0 && report.shape_low > 50.0 &&
           report.shape_high == 1000.0 &&
           report.shape.direction == 1 && report.shape.before < 0.5,
       "where most of the numbers are now");
    report = compared(&after, &before);
    ok(report.location.direction == -1 && report.flags[0].direction == -1, "and the other way");
    ok(off(report.p, 4.0 * fmin(fmin(report.location.p, report.shape.p),
                                fmin(report.category.p, report.flags[0].p))) < 1e-12,
       "together: four times the least");
}

/* ---- false alarms and power ---------------------------------------------------------------- */

typedef struct world {
    bool geometric;  /* numbers: else lognormal, rounded to whole tokens */
    double longer;
    double sigma;
    double length;   /* share of the finish reason "length" */
    double refused;
    double cached;
} world;

static const world usual = {false, 1.0, 0.8, 0.01, 0.02, 0.3};

static void draw(llmobs_drift_counts* counts, const world* w, int n)
{
    memset(counts, 0, sizeof *counts);
    while (n-- > 0) {
        double reason = zipf_uniform(&dice);
        double number = w->geometric
                            ? floor(log(1.0 - zipf_uniform(&dice)) / log(0.7)) * w->longer
                            : floor(zipf_lognormal(&dice, 180.0 * w->longer, w->sigma));
        llmobs_drift_counts_number(counts, number);
        add_category(counts, reason < w->length          ? "length"
                             : reason < w->length + 0.08 ? "tool_calls"
                             : reason < w->length + 0.083 ? "content_filter"
                                                          : "stop");
        llmobs_drift_counts_flag(counts, 0, zipf_uniform(&dice) < w->refused);
        llmobs_drift_counts_flag(counts, 1, zipf_uniform(&dice) < w->cached);
    }
}

/* How many of 100 windows alarm at 1 %; `one` gets by the test that was meant. A new baseline each
   twenty windows. */
static double alarms(const world* before, const world* after, int m, int n, long windows,
                     int which, double* one)
{
    static llmobs_drift_counts base, now;
    long i, seen = 0, meant = 0;
    for (i = 0; i < windows; i++) {
        llmobs_drift_counts_report report;
        const llmobs_drift_finding* findings[4];
        if (i % 20 == 0) {
            draw(&base, before, m);
        }
        draw(&now, after, n);
        report = compared(&base, &now);
        findings[0] = &report.location;
        findings[1] = &report.shape;
        findings[2] = &report.category;
        findings[3] = &report.flags[0];
        seen += report.p <= 0.01;
        meant += findings[which]->p * report.tests <= 0.01;
    }
    *one = 100.0 * (double)meant / (double)windows;
    return 100.0 * (double)seen / (double)windows;
}

static const int sizes[4][2] = {{20, 1000}, {50, 1000}, {200, 1000}, {1000, 5000}};

/* The largest takes as long as the others together. */
static int sizes_tried(void)
{
    return by_qemu() ? 3 : 4;
}

static void test_false_alarms(void)
{
    world w = usual;
    int geometric, i;
    for (geometric = 0; geometric < 2; geometric++) {
        w.geometric = geometric == 1;
        for (i = 0; i < sizes_tried(); i++) {
            long windows = sized(geometric == 1 ? 1000 : sizes[i][0] > 50 ? 2000 : 4000);
            double one;
            double share = alarms(&w, &w, sizes[i][1], sizes[i][0], windows, 0, &one);
            printf("# %s, n %4d: %.2f %% false alarms at 1 %%\n",
                   geometric == 1 ? "geometric" : "lognormal", sizes[i][0], share);
            ok(share <= 2.5 && (share >= 0.3 || windows < 2000), "from 0.3 % to 2.5 %");
        }
    }
}

static void test_power(void)
{
    static const struct {
        const char* name;
        world after;
        int which;
        double least[4]; /* by size */
    } shifts[] = {
        {"15 % longer", {false, 1.15, 0.8, 0.01, 0.02, 0.3}, 0, {0, 0, 4, 88}},
        {"twice as long", {false, 2, 0.8, 0.01, 0.02, 0.3}, 0, {50, 97, 99, 99}},
        {"spread by half more", {false, 1, 1.2, 0.01, 0.02, 0.3}, 1, {0, 3, 70, 99}},
        {"\"length\" from 1 % to 4 %", {false, 1, 0.8, 0.04, 0.02, 0.3}, 2, {0, 0, 12, 95}},
        {"refused from 2 % to 6 %", {false, 1, 0.8, 0.01, 0.06, 0.3}, 3, {0, 1, 28, 95}},
    };
    size_t s;
    int i;
    for (s = 0; s < sizeof shifts / sizeof shifts[0]; s++) {
        for (i = 0; i < sizes_tried(); i++) {
            long windows = sized(100);
            double one;
            double share = alarms(&usual, &shifts[s].after, sizes[i][1], sizes[i][0], windows,
                                  shifts[s].which, &one);
            printf("# %s, n %4d: %.0f %% found, %.0f %% by the test for it\n", shifts[s].name,
                   sizes[i][0], share, one);
            ok(one >= shifts[s].least[i] - (windows < 100 ? 40 : 0), "found as often as it was");
        }
    }
}

int main(void)
{
    test_golden();
    test_bins();
    test_quartiles();
    test_names();
    test_names_apart();
    test_merge();
    test_bad();
    test_least();
    test_false_alarms();
    test_power();
    return done();
}

/* What it costs to count an answer in a window of drift, to watch a value by CUSUM, and to compare
   two windows. Read docs/performance.md first. */
#define LLMOBS_IMPLEMENTATION
#include "llmobs.h"

#include "bench.h"

#include "../tests/zipf.h"

#define VALUES 4096u

static const char* const reasons[8] = {"stop", "stop", "stop",   "stop",
                                       "stop", "stop", "length", "tool_calls"};
static double values[VALUES];
static llmobs_drift_counts windows[2];
static llmobs_cusum cusum;
static uint32_t at;

static __attribute__((noinline)) void number_add(double value)
{
    llmobs_drift_counts_number(&windows[1], value);
}

static __attribute__((noinline)) void category_add(llmobs_string reason)
{
    llmobs_drift_counts_category(&windows[1], reason);
}

static __attribute__((noinline)) void flag_add(bool is_yes)
{
    llmobs_drift_counts_flag(&windows[1], 0, is_yes);
}

static __attribute__((noinline)) void cusum_add(double value)
{
    (void)llmobs_cusum_add(&cusum, value);
}

#define LOOP(name, call)                              \
    static void name(void* context, uint32_t times)   \
    {                                                 \
        (void)context;                                \
        while (times-- > 0) {                         \
            double value = values[at++ % VALUES];     \
            call;                                     \
            bench_keep(&value);                       \
        }                                             \
    }

LOOP(floor_body, (void)value)
LOOP(number_body, number_add(value))
LOOP(category_body, category_add(llmobs_str(reasons[at % 8])))
LOOP(flag_body, flag_add(value > 500.0))
LOOP(cusum_body, cusum_add(value))

static void compare_body(void* context, uint32_t times)
{
    llmobs_drift_counts_report report;
    (void)context;
    memset(&report, 0, sizeof report);
    while (times-- > 0) {
        (void)llmobs_drift_counts_compare(&windows[0], &windows[1], &report);
        bench_keep(&report);
    }
}

int main(void)
{
    static bench_set set;
    zipf dice = {1, 0, NULL};
    bench_case* cases[6];
    uint32_t i;
    for (i = 0; i < VALUES; i++) {
        llmobs_drift_counts* window = &windows[i < 1000];
        values[i] = zipf_lognormal(&dice, 180, 0.8);
        llmobs_drift_counts_number(window, values[i]);
        llmobs_drift_counts_category(window, llmobs_str(reasons[zipf_random(&dice) % 8]));
        llmobs_drift_counts_flag(window, 0, zipf_random(&dice) % 50 == 0);
    }
    if (llmobs_cusum_begin(&cusum, 250.0, 200.0, 0.25, 1000.0) != LLMOBS_OK) {
        return 1;
    }
    cases[0] = bench_add(&set, "drift counts, compare", compare_body, NULL);
    cases[1] = bench_add(&set, "drift counts, floor", floor_body, NULL);
    cases[2] = bench_add(&set, "drift counts, number", number_body, NULL);
    cases[3] = bench_add(&set, "drift counts, category", category_body, NULL);
    cases[4] = bench_add(&set, "drift counts, flag", flag_body, NULL);
    cases[5] = bench_add(&set, "cusum, add", cusum_body, NULL);
    bench_run(&set);
    bench_print(cases[0], 0);
    bench_print(cases[1], 0);
    bench_print(cases[2], 10);
    bench_print(cases[3], 25);
    bench_print(cases[4], 10);
    bench_print(cases[5], 15);
    printf("# %u short\n", bench_short_count);
    return 0;
}

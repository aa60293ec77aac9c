/* What alert rules cost: the windows of a counter, and an evaluation. Read docs/performance.md
   first.

   An evaluation puts one value into each window, every 10 s, and asks it for the increases that its
   rule needs. So the targets are bounds, not floors: with a thousand windows of a week, which no
   cache keeps, a round of put and three questions is to stay below a quarter of a millisecond.

 * peers: none */
#define LLMOBS_IMPLEMENTATION
#include "llmobs.h"

#include "bench.h"

#define WINDOWS 1000u

static double values[WINDOWS][863];
static llmobsi_window windows[WINDOWS];
static int64_t now;
static double sum;

/* One window, the next step: in the processor's caches. */
static void put_body(void* context, uint32_t times)
{
    llmobsi_window* window = (llmobsi_window*)context;
    while (times-- > 0) {
        llmobsi_window_put(window, window->last + 1, (double)window->last);
    }
}

/* The ranges of a burn-rate rule and a week, whose start is between two snapshots. */
static void increase_body(void* context, uint32_t times)
{
    static const uint32_t spans[4] = {30, 360, 2161, 60481};
    const llmobsi_window* window = (const llmobsi_window*)context;
    while (times-- > 0) {
        sum += llmobsi_window_increase(window, spans[times % 4], 0, NULL);
    }
}

/* The next step of a thousand windows of a week, with what a rule asks of each. */
static void round_body(void* context, uint32_t times)
{
    (void)context;
    while (times-- > 0) {
        uint32_t i;
        now++;
        for (i = 0; i < WINDOWS; i++) {
            llmobsi_window_put(&windows[i], now, (double)now * i);
            sum += llmobsi_window_increase(&windows[i], 30, 0, NULL) +
                   llmobsi_window_increase(&windows[i], 361, 0, NULL) +
                   llmobsi_window_increase(&windows[i], 60481, 0, NULL);
        }
    }
}

/* A step after a week's silence: all of it is written. */
static void jump_body(void* context, uint32_t times)
{
    llmobsi_window* window = (llmobsi_window*)context;
    while (times-- > 0) {
        llmobsi_window_put(window, window->last + 100000, (double)window->last);
    }
}

static void bench_windows(void)
{
    static bench_set set;
    bench_case *put, *increase, *jump, *round;
    uint32_t i;
    for (i = 0; i < WINDOWS; i++) {
        llmobsi_window_begin(&windows[i], values[i], 4, 0, 0);
    }
    for (now = 0; now < 70000; now++) {
        llmobsi_window_put(&windows[0], now, (double)now);
    }
    for (i = 1; i < WINDOWS; i++) {
        memcpy(values[i], values[0], sizeof values[0]);
        windows[i].last = windows[0].last;
    }
    put = bench_add(&set, "window, put", put_body, &windows[0]);
    increase = bench_add(&set, "window, increase", increase_body, &windows[1]);
    jump = bench_add(&set, "window, put after a week", jump_body, &windows[2]);
    round = bench_add(&set, "1,000 windows, put and three increases", round_body, NULL);
    bench_run(&set);
    bench_print(put, 30);
    bench_print(increase, 30);
    bench_print(jump, 5000);
    bench_print(round, 250000);
    bench_keep(&sum);
    printf("# %zu bytes for a window of a week\n", sizeof values[0] + sizeof windows[0]);
}

/* ---- evaluation ---------------------------------------------------------------------------- */

#define RULES 50
#define FEATURES 80

static uint64_t unix_ns = UINT64_C(1764590400000000000);

static uint64_t clock_of_ours(void* user)
{
    (void)user;
    return unix_ns;
}

static void record(llmobs* obs, int feature, uint64_t amount)
{
    static const char* const models[] = {"small", "large"};
    char name[16];
    const char* values[3];
    (void)snprintf(name, sizeof name, "feature %d", feature);
    values[0] = models[feature % 2];
    values[1] = name;
    values[2] = feature % 5 == 0 ? "timeout" : "";
    llmobs_counter_add(
        llmobs_counter_get(llmobs_metric_of(obs, LLMOBS_METRIC_LLM_REQUESTS), values, 3), amount);
    llmobs_counter_add(
        llmobs_counter_get(llmobs_metric_of(obs, LLMOBS_METRIC_LLM_COST), values, 2), amount);
    llmobs_histogram_record_int(
        llmobs_histogram_get(llmobs_metric_of(obs, LLMOBS_METRIC_LLM_REQUEST_DURATION), values, 2),
        amount);
}

/* What people write: burn rates by feature, quantiles, costs against a week. */
static void load(llmobs* obs)
{
    char rules[32768];
    size_t used = 0;
    int i;
    llmobs_alert_error error = llmobs_alert_error_default();
    for (i = 0; i < RULES; i++) {
        const char* const forms[] = {
            "r%d: increase(llm_requests_total{error_type!=\"\"}[1h]) / "
            "increase(llm_requests_total[1h]) > 0.%03d and increase(llm_requests_total"
            "{error_type!=\"\"}[5m]) / increase(llm_requests_total[5m]) > 0.01 by (feature)\n",
            "r%d: rate(llm_cost_usd_total[5m]) > 2.%03d * rate(llm_cost_usd_total[7d]) "
            "by (feature) for 5m\n",
            "r%d: histogram_quantile(0.95, rate(llm_request_duration_seconds_bucket[5m])) > 9.%03d "
            "by (model)\n",
            "r%d: increase(llm_request_duration_seconds_count{feature=\"feature %d\"}[6h]) > 1e6\n",
            "r%d: increase(llm_cost_usd_total{feature=\"feature %d\"}[3d]) > 100 for 5m\n"};
        used += (size_t)snprintf(rules + used, sizeof rules - used, forms[i % 5], i, i);
    }
    if (llmobs_alert_rules_load(obs, rules, used, &error) != LLMOBS_OK) {
        printf("# %u:%u: %s\n", error.line, error.column, error.reason);
    }
}

/* What the tick does every ten seconds, when all that is watched has changed. */
static void evaluate_body(void* context, uint32_t times)
{
    llmobsi_recorder* recorder = (llmobsi_recorder*)context;
    while (times-- > 0) {
        unix_ns += UINT64_C(10000000000);
        llmobsi_alerts_tick(recorder, 0);
    }
}

static void bench_evaluation(void)
{
    static bench_set set;
    llmobs_config config = llmobs_config_default();
    llmobs_alert_stats stats;
    llmobs* obs;
    bench_case* evaluate;
    int i;
    memset(&stats, 0, sizeof stats);
    config.host_pumped = true;
    config.clock.unix_ns = clock_of_ours;
    config.alert_window_bytes = 2097152;
    obs = llmobs_open(&config, NULL);
    load(obs);
    for (i = 0; i < FEATURES; i++) {
        record(obs, i, 1000);
    }
    evaluate = bench_add(
        &set, "evaluation", evaluate_body,
        llmobsi_places[LLMOBS_I_PLACE(llmobsi_ticket(obs))].recorder);
    bench_run(&set);
    (void)llmobs_alert_stats_read(obs, &stats);
    bench_print(evaluate, 200000);
    printf("# %u rules, %u selectors, %u groups, %zu bytes of windows\n", stats.rules,
           stats.watches, stats.groups, stats.window_bytes);
    (void)llmobs_close(obs);
}

int main(void)
{
    bench_windows();
    bench_evaluation();
    printf("# %u short\n", bench_short_count);
    return 0;
}

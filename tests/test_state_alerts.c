/* Windows and alerts across a restart: no week is lost, nothing is told twice, nothing false. */
#define FOLDER "build/tmp/test_state_alerts"
#include "llmobs_private.h"
#include "tap.h"
#include "keeper.h"
#include "random.h"
#include "requester.h"
#include "ledger.h"
#include "stateful.h"
#include "alerted.h"

static llmobs_config saved_config(void)
{
    llmobs_config config = alerted_config();
    config.note = take_note;
    config.state_file = STATE;
    return config;
}

static const char* const rules =
    "spike: rate(llm_cost_usd_total[5m]) > 2 * rate(llm_cost_usd_total[7d]) and "
    "increase(llm_cost_usd_total[5m]) > 0.5 min_history 24h severity critical\n"
    "by_model: increase(llm_cost_usd_total[1h]) > 50 by (model) for 1m\n"
    "slow: histogram_quantile(0.9, rate(llm_phase_duration_seconds_bucket[5m])) > 10\n"
    "many: avg_over_time(llm_active_sessions[10m]) > 3\n"
    "quiet: increase(llm_requests_total[1h]) == 0 for 2h";

static void cost(llmobs* obs, const char* model, double usd)
{
    const char* values[] = {model, "f"};
    llmobs_counter_add(llmobs_counter_get(llmobs_metric_of(obs, LLMOBS_METRIC_LLM_COST), values, 2),
                       (uint64_t)(usd * 1e9));
}

static double found_value;
static double found_threshold;
static int found;
static const char* wanted;

static void find_alert(void* user, const llmobs_alert* alerts, size_t count)
{
    (void)user;
    (void)count;
    if (strcmp(alerts->rule.data, wanted) == 0) {
        found++;
        found_value = alerts->value;
        found_threshold = alerts->threshold;
    }
}

static double number_of(llmobs* obs, const char* rule_name, bool threshold)
{
    found = 0;
    wanted = rule_name;
    (void)llmobs_alerts_read(obs, find_alert, NULL);
    return threshold ? found_threshold : found_value;
}

/* Two days of a dollar a minute; then a restart, away for a while. */
static void test_week(void)
{
    llmobs_config config = saved_config();
    llmobs* obs;
    double before, after;
    int i;
    fresh_folder();
    obs = open_state(&config);
    load_rules(obs, rules);
    for (i = 0; i < 2 * 1440; i++) {
        steps(obs, 6);
        cost(obs, i % 2 ? "a" : "b", 1.0);
    }
    cost(obs, "a", 60.0);
    steps(obs, 7);
    told_read = 0;
    ok(number_of(obs, "spike", true) > 0.0333 && found == 1,
       "two days make a mean of 1/60 a second");
    before = number_of(obs, "by_model", false);
    is_int(found, 1, "one model costs too much");
    (void)llmobs_close(obs);
    told_count = 0;

    fake_now += 2 * MINUTE;
    obs = open_state(&config);
    is_int(told_count, 0, "nothing is told before there are rules");
    load_rules(obs, rules);
    step(obs);
    is_int(told_count, 0, "what fires goes on, and is not told again");
    ok(number_of(obs, "spike", true) > 0.0333 && found == 1,
       "the mean of the week goes on, the alert, too");
    after = number_of(obs, "by_model", false);
    ok(found == 1 && after <= before && after > before - 3.0,
       "an hour's increase goes on, less the minutes away");
    for (i = 0; i < 65; i++) {
        cost(obs, "a", 0.5);
        cost(obs, "b", 0.5);
        steps(obs, 6);
    }
    told_read = 0;
    is_int(told_count, 2, "both alerts end, and that is told");
    (void)llmobs_close(obs);
}

static void test_pending(void)
{
    llmobs_config config = saved_config();
    llmobs* obs;
    fresh_folder();
    obs = open_state(&config);
    load_rules(obs, rules);
    steps(obs, 6 * 100); /* quiet for 100 minutes of 120, an hour's window */
    told_count = 0;
    (void)llmobs_close(obs);
    fake_now += 24 * HOUR;
    obs = open_state(&config);
    load_rules(obs, rules);
    steps(obs, 6 * 19);
    is_int(told_count, 0, "a day away does not count for `for`");
    steps(obs, 6 * 2);
    told_read = 0;
    is_str(next_told(), "fired quiet 0 0", "the rest of it does");
    (void)llmobs_close(obs);
}

/* A rule that means something else by now, or is not there any more. */
static void test_other_rules(void)
{
    llmobs_config config = saved_config();
    llmobs* obs;
    fresh_folder();
    obs = open_state(&config);
    load_rules(obs, "a: increase(llm_cost_usd_total[1h]) > 1");
    step(obs);
    cost(obs, "m", 5.0);
    step(obs);
    is_int(told_count, 1, "it fires");
    (void)llmobs_close(obs);
    obs = open_state(&config);
    told_count = 0;
    told_read = 0;
    load_rules(obs, "a: increase(llm_cost_usd_total[1h]) > 2\n"
                    "b: increase(llm_cost_usd_total[30m]) > 1");
    step(obs);
    is_str(next_told(), "fired a 5 2", "another condition is another alert");
    is_str(next_told(), "fired b 5 1", "another span of the same selector has its history");
    (void)llmobs_close(obs);
    obs = open_state(&config);
    told_count = 0;
    step(obs);
    (void)llmobs_close(obs);
    obs = open_state(&config);
    load_rules(obs, "a: increase(llm_cost_usd_total[1h]) > 2");
    step(obs);
    is_int(told_count, 0, "what nobody asked for was kept for two restarts");
    (void)llmobs_close(obs);
}

/* Rules that come late, after a text that was refused. */
static void test_late_rules(void)
{
    llmobs_config config = saved_config();
    llmobs* obs;
    fresh_folder();
    obs = open_state(&config);
    load_rules(obs, "a: increase(llm_cost_usd_total[1h]) != 0.5");
    step(obs);
    cost(obs, "m", 5.0);
    step(obs);
    (void)llmobs_close(obs);
    obs = open_state(&config);
    cost(obs, "m", 40.0);
    steps(obs, 30);
    ok(refuse(obs, "a: increase(llm_cost_usd_total[1h]) != 0.5 b: nothing > 1")[0] != '\0',
       "a text is refused");
    cost(obs, "n", 40.0);
    steps(obs, 5);
    load_rules(obs, "a: increase(llm_cost_usd_total[1h]) != 0.5");
    step(obs);
    ok(number_of(obs, "a", false) == 5.0, "what came before its rule is not counted, history is");
    cost(obs, "n", 1.0);
    step(obs);
    ok(number_of(obs, "a", false) == 6.0, "what comes after it is");
    (void)llmobs_close(obs);
}

/* What nobody asks for makes room for what is new. */
static void test_making_room(void)
{
    llmobs_config config = saved_config();
    llmobs* obs;
    fresh_folder();
    config.alert_window_bytes = 16384;
    obs = open_state(&config);
    load_rules(obs, "a: increase(llm_cost_usd_total[7d]) > 1\n"
                    "b: increase(llm_requests_total[7d]) > 1");
    step(obs);
    (void)llmobs_close(obs);
    obs = open_state(&config);
    is_str(refuse(obs, "c: increase(llm_cost_usd_total{model!=\"x\"}[7d]) > 1\n"
                       "d: increase(llm_requests_total{model!=\"x\"}[7d]) > 1"), "",
           "old windows make room");
    (void)llmobs_close(obs);
}

/* More alerts than there are places; a rule that came from the file, and goes. */
static void test_smaller(void)
{
    llmobs_config config = saved_config();
    llmobs_alert_stats stats;
    llmobs* obs;
    int i;
    memset(&stats, 0, sizeof stats);
    fresh_folder();
    obs = open_state(&config);
    load_rules(obs, "a: increase(llm_cost_usd_total[1h]) > 1 by (model)");
    step(obs);
    for (i = 0; i < 20; i++) {
        char model[16];
        (void)snprintf(model, sizeof model, "m%d", i);
        cost(obs, model, 5.0);
    }
    step(obs);
    (void)llmobs_close(obs);
    config.alerts = 16;
    noted[LLMOBS_NOTE_STATE_LOST] = 0;
    obs = open_state(&config);
    is_int(noted[LLMOBS_NOTE_STATE_LOST], 1, "alerts without a place are told as lost");
    load_rules(obs, "a: increase(llm_cost_usd_total[1h]) > 1 by (model)");
    step(obs);
    (void)llmobs_alert_stats_read(obs, &stats);
    is_int(stats.firing, 16, "the others go on");
    (void)llmobs_alert_rule_remove(obs, "a");
    steps(obs, 2);
    (void)llmobs_alert_stats_read(obs, &stats);
    is_int(stats.window_bytes, 0, "with its rule, what the file had goes, too");
    (void)llmobs_close(obs);
}

/* A clock that jumped for a thousand years costs the alerts, and not the ledger. */
static void test_jumps(void)
{
    llmobs_config config = saved_config();
    llmobs* obs;
    int i;
    fresh_folder();
    obs = open_state(&config);
    load_rules(obs, "a: increase(llm_cost_usd_total[7d]) > 1");
    for (i = 0; i < 10; i++) {
        fake_now = i % 2 ? UINT64_MAX / 2 : 0;
        (void)llmobs_tick(obs);
    }
    fake_now = UINT64_C(1764590400000000000);
    ok(llmobsi_alerts_of(recorder_of(obs))->step > LLMOBS_I_STATE_STEPS, "it is the year 4000");
    (void)llmobs_close(obs);
    noted[LLMOBS_NOTE_STATE_DAMAGED] = 0;
    (void)llmobs_close(open_state(&config));
    is_int(noted[LLMOBS_NOTE_STATE_DAMAGED], 0, "the file can be read");
}

/* The default rules, with their buckets; nothing of the file may be refused. */
static void test_defaults_saved(void)
{
    llmobs_config config = saved_config();
    llmobs* obs;
    fresh_folder();
    obs = open_state(&config);
    is_int(llmobs_alert_defaults_load(obs, NULL, NULL), LLMOBS_OK, "the default rules");
    cost(obs, "m", 5.0);
    steps(obs, 3);
    (void)llmobs_close(obs);
    obs = open_state(&config);
    is_int(noted[LLMOBS_NOTE_STATE_DAMAGED], 0, "their state can be read");
    is_int(noted[LLMOBS_NOTE_STATE_LOST], 0, "and all of it finds a place");
    is_int(llmobs_alert_defaults_load(obs, NULL, NULL), LLMOBS_OK, "again");
    (void)llmobs_close(obs);
}

/* What is muted stays untold, also where something is told before the first evaluation. */
static void test_muted_saved(void)
{
    static const char* const text =
        "mild: increase(llm_cost_usd_total[1h]) > 5 severity warning group g repeat 1m\n"
        "bad: increase(llm_cost_usd_total[1h]) > 6 severity critical group g repeat 1h\n"
        "other: increase(llm_cost_usd_total[1h]) > 7 severity info";
    llmobs_config config = saved_config();
    llmobs* obs;
    fresh_folder();
    obs = open_state(&config);
    load_rules(obs, text);
    step(obs);
    cost(obs, "m", 10.0);
    step(obs);
    is_int(told_count, 2, "one of three is muted");
    (void)llmobs_close(obs);
    fake_now += 2 * MINUTE;
    obs = open_state(&config);
    told_count = 0;
    load_rules(obs, text);
    is_int(llmobs_alert_rule_remove(obs, "other"), LLMOBS_OK, "a rule goes before any evaluation");
    (void)llmobs_tick(obs);
    told_read = 0;
    is_str(next_told(), "ended other 10 7", "its end is told");
    ok(told[0].alert.unix_ns == fake_now, "at a time that is known");
    step(obs);
    is_str(next_told(), "nothing", "and nothing else");
    (void)llmobs_close(obs);
}

int main(void)
{
    test_defaults_saved();
    test_muted_saved();
    test_late_rules();
    test_making_room();
    test_smaller();
    test_jumps();
    test_week();
    test_pending();
    test_other_rules();
    return done();
}

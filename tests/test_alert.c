/* Alerts from what is recorded to what is told, on a clock of the test's own. */
#include "llmobs_private.h"
#include "tap.h"
#include "keeper.h"
#include "requester.h"
#include "alerted.h"

#include <sys/wait.h>
#include <unistd.h>

static llmobs* open_alerts(const llmobs_config* config)
{
    llmobs* obs = llmobs_open(config, NULL);
    told_read = 0;
    if (obs == NULL) {
        printf("Bail out! no instance\n");
        exit(1);
    }
    return obs;
}

static llmobs_counter counter_of(llmobs* obs, const char* name, const char* label,
                                 const char* value)
{
    llmobs_label labels[1];
    labels[0].name = label;
    labels[0].value = value;
    return llmobs_counter_find(obs, name, labels, 1);
}

static void test_counter(void)
{
    llmobs_config config = alerted_config();
    llmobs* obs = open_alerts(&config);
    llmobs_counter cost = counter_of(obs, "llm_cost_usd_total", "model", "m");
    llmobs_counter_add(cost, 5000000000u); /* before anybody looked */
    load_rules(obs, "spent: increase(llm_cost_usd_total[1m]) > 1 for 20s severity critical "
                    "summary \"too much\"");
    step(obs);
    is_str(next_told(), "nothing", "what was spent before the rule came does not count");
    llmobs_counter_add(cost, 1500000000u);
    step(obs);
    step(obs);
    is_str(next_told(), "nothing", "it does not hold for long enough");
    step(obs);
    is_str(next_told(), "fired spent 1.5 1", "it fires after `for`");
    ok(told[0].alert.severity == LLMOBS_ALERT_CRITICAL && !told[0].alert.muted,
       "severity and state are told");
    is_int(told[0].alert.fired_unix_ns - told[0].alert.active_unix_ns, 2 * STEP,
           "with the times of both");
    is_int(told[0].alert.fired_unix_ns, fake_now, "by the host's clock");
    printf("# %s\n", told[0].sentence);
    ok(strstr(told[0].sentence, "spent fires (critical): 1.5 > 1") != NULL &&
           strstr(told[0].sentence, "too much") != NULL,
       "the sentence says it");
    steps(obs, 2);
    is_str(next_told(), "nothing", "it is told once");
    steps(obs, 4);
    is_str(next_told(), "ended spent 1.5 1", "it ends when the window has moved on");
    (void)llmobs_close(obs);
}

static void test_groups(void)
{
    llmobs_config config = alerted_config();
    llmobs* obs = open_alerts(&config);
    llmobs_counter a, b;
    llmobs_alert_stats stats;
    memset(&stats, 0, sizeof stats);
    load_rules(obs, "errors: increase(llm_requests_total{error_type!=\"\"}[5m]) / "
                    "increase(llm_requests_total[5m]) > 0.5 by (model)");
    step(obs);
    {
        const char* bad[] = {"a", "f", "timeout"};
        const char* good[] = {"a", "f", ""};
        const char* other[] = {"b", "f", ""};
        llmobs_metric metric = llmobs_metric_of(obs, LLMOBS_METRIC_LLM_REQUESTS);
        llmobs_counter_add(llmobs_counter_get(metric, bad, 3), 3);
        a = llmobs_counter_get(metric, good, 3);
        b = llmobs_counter_get(metric, other, 3);
        llmobs_counter_add(a, 1);
        llmobs_counter_add(b, 100);
    }
    step(obs);
    is_str(next_told(), "fired errors model=a 0.75 0.5", "a group is judged by itself");
    is_str(next_told(), "nothing", "and the others by themselves");
    llmobs_counter_add(a, 8);
    step(obs);
    is_str(next_told(), "ended errors model=a 0.75 0.5", "its ratio falls: it is over");
    is_int(llmobs_alert_stats_read(obs, &stats), LLMOBS_OK, "there are figures");
    is_int(stats.rules, 1, "one rule");
    is_int(stats.watches, 2, "two selectors");
    is_int(stats.groups, 3, "three groups: errors of a, requests of a and b");
    is_int(stats.told, 2, "two news");
    (void)llmobs_close(obs);
}

/* A set of labels that one term has and the other has not. */
static void test_union(void)
{
    llmobs_config config = alerted_config();
    llmobs* obs = open_alerts(&config);
    load_rules(obs, "idle: increase(llm_cost_usd_total[5m]) > 1 and "
                    "increase(llm_requests_total[5m]) == 0 by (model)\n"
                    "busy: increase(llm_cost_usd_total[5m]) == 0 and "
                    "increase(llm_requests_total[5m]) > 1 by (model)");
    step(obs);
    llmobs_counter_add(counter_of(obs, "llm_cost_usd_total", "model", "a"), 2000000000u);
    {
        const char* values[] = {"b", "f", ""};
        llmobs_counter_add(
            llmobs_counter_get(llmobs_metric_of(obs, LLMOBS_METRIC_LLM_REQUESTS), values, 3), 5);
    }
    step(obs);
    is_str(next_told(), "fired idle model=a 2 1", "what is only in the first term is judged");
    is_str(next_told(), "fired busy model=b 0 0", "and what is only in the second");
    is_str(next_told(), "nothing", "each once");
    (void)llmobs_close(obs);
}

static void test_quantile(void)
{
    llmobs_config config = alerted_config();
    llmobs* obs = open_alerts(&config);
    const char* phase[] = {"model_call"};
    llmobs_histogram histogram;
    int i;
    load_rules(obs, "slow: histogram_quantile(0.95, rate(llm_phase_duration_seconds_bucket{"
                    "phase=\"model_call\"}[5m])) > 10 and "
                    "increase(llm_phase_duration_seconds_count{phase=\"model_call\"}[5m]) >= 20");
    histogram = llmobs_histogram_get(llmobs_metric_of(obs, LLMOBS_METRIC_LLM_PHASE_DURATION),
                                     phase, 1);
    for (i = 0; i < 19; i++) {
        llmobs_histogram_record_int(histogram, UINT64_C(15000000000));
    }
    step(obs);
    is_str(next_told(), "nothing", "too little traffic");
    llmobs_histogram_record_int(histogram, UINT64_C(15000000000));
    step(obs);
    is_str(next_told(), "fired slow 19.5 10", "the quantile within its bucket");
    (void)llmobs_close(obs);
}

static void test_refused(void)
{
    static const char* const cases[][2] = {
        {"a: increase(no_such_total[5m]) > 1", "no_such_total: there is no such metric"},
        {"a: llm_phase_duration_seconds > 1", "llm_phase_duration_seconds is a histogram: ask for"},
        {"a: increase(llm_cost_usd[5m]) > 1", "llm_cost_usd is a counter: its name ends in _total"},
        {"a: increase(llm_cost_usd_total{user=\"x\"}[5m]) > 1",
         "llm_cost_usd_total has no label user: it has model, feature"},
        {"a: increase(llm_cost_usd_total[5m]) > 1 by (tenant)",
         "llm_cost_usd_total has no label tenant: it has model, feature"},
        {"a: rate(llm_active_sessions[5m]) > 1", "is a gauge: it has no rate"},
        {"a: avg_over_time(llm_cost_usd_total[5m]) > 1", "is no gauge"},
        {"a: histogram_quantile(0.95, rate(llm_phase_duration_seconds_bucket[5m])) > 300",
         "never holds"},
        {"a: histogram_quantile(0.95, rate(llm_phase_duration_seconds_bucket[5m])) > 299", ""},
        {"a: 2 * histogram_quantile(0.95, rate(llm_phase_duration_seconds_bucket[5m])) + 1 > 601",
         "never holds"},
        {"a: increase(llm_phase_duration_seconds_bucket{le=\"11\"}[5m]) > 1",
         "has no bucket with this bound"},
        {"a: increase(llm_phase_duration_seconds_bucket{le=\"10\"}[5m]) > 1", ""},
        {"a: llm_user_input_tokens_lower_bound > 5", "needs `by (user)`"},
        {"a: llm_user_input_tokens_lower_bound > 5 by (user)", ""},
        {"a: increase(llmobs_lost_total[5m]) > 0", ""},
        {"a: increase(llm_cost_usd_total[5m]) > 1\na: increase(llm_cost_usd_total[5m]) > 2",
         "the rule a stands there twice"},
    };
    llmobs_config config = alerted_config();
    llmobs* obs = open_alerts(&config);
    size_t i;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char* reason = refuse(obs, cases[i][0]);
        bool as_told = cases[i][1][0] == '\0' ? reason[0] == '\0'
                                              : strstr(reason, cases[i][1]) != NULL;
        if (!ok(as_told, cases[i][0])) {
            printf("# %u:%u %s\n", refused.line, refused.column, reason);
        }
    }
    (void)llmobs_close(obs);
}

static void add_requests(llmobs* obs, const char* model, uint64_t amount)
{
    const char* values[] = {model, "f", ""};
    llmobs_counter_add(
        llmobs_counter_get(llmobs_metric_of(obs, LLMOBS_METRIC_LLM_REQUESTS), values, 3), amount);
}

/* More label sets than there are groups, windows or alerts. */
static void test_limits(void)
{
    llmobs_config config = alerted_config();
    llmobs_alert_stats stats;
    llmobs* obs;
    int i;
    memset(&stats, 0, sizeof stats);
    config.alert_groups = 64;
    config.alerts = 16;
    config.metric_max_series = 20000;
    config.metric_series = 20000;
    config.metric_bytes = 8u << 20;
    obs = open_alerts(&config);
    load_rules(obs, "busy: increase(llm_requests_total[5m]) > 0 by (model)\n"
                    "all: increase(llm_requests_total[5m]) > 9999");
    step(obs);
    for (i = 0; i < 10000; i++) {
        char model[16];
        (void)snprintf(model, sizeof model, "m%d", i);
        add_requests(obs, model, 1);
    }
    step(obs);
    (void)llmobs_alert_stats_read(obs, &stats);
    ok(stats.groups <= 64, "no more groups than there is room for");
    ok(stats.refused > 9000, "what found none is counted");
    ok(stats.overflowed > 0 && stats.firing <= 16, "so are alerts without a place");
    is_int(told_count, stats.told, "what fires is told");
    (void)llmobs_close(obs);
}

/* Ten thousand series of one group cost no group each. */
static void test_many_series(void)
{
    llmobs_config config = alerted_config();
    llmobs_alert_stats stats;
    llmobs* obs;
    int i;
    memset(&stats, 0, sizeof stats);
    config.metric_max_series = 20000;
    config.metric_series = 20000;
    config.metric_bytes = 8u << 20;
    config.alert_groups = 2048;
    obs = open_alerts(&config);
    load_rules(obs, "all: increase(llm_requests_total[5m]) >= 10000");
    step(obs);
    for (i = 0; i < 10000; i++) {
        char model[16];
        (void)snprintf(model, sizeof model, "m%d", i);
        add_requests(obs, model, 1);
    }
    step(obs);
    is_str(next_told(), "fired all 10000 10000", "the sum is of all of them");
    (void)llmobs_alert_stats_read(obs, &stats);
    is_int(stats.refused, 0, "all found room");
    (void)llmobs_close(obs);
}

static void test_clock(void)
{
    llmobs_config config = alerted_config();
    llmobs_alert_stats stats;
    llmobs* obs = open_alerts(&config);
    memset(&stats, 0, sizeof stats);
    load_rules(obs, "busy: increase(llm_requests_total[5m]) > 5 for 1m\n"
                    "quiet: increase(llm_requests_total[5m]) == 0 and "
                    "increase(llm_requests_total[7d]) > 100 for 1m");
    steps(obs, 3);
    add_requests(obs, "m", 10);
    step(obs);
    fake_now -= 3600 * UINT64_C(1000000000);
    steps(obs, 2);
    is_str(next_told(), "nothing", "a clock that goes back does not make time");
    steps(obs, 4);
    is_str(next_told(), "nothing", "nor that which it lost by going back");
    step(obs);
    is_str(next_told(), "fired busy 10 5", "but time goes on from there");
    fake_now += 365 * 86400 * UINT64_C(1000000000);
    (void)llmobs_tick(obs);
    is_str(next_told(), "ended busy 10 5", "a year later nothing is in the window");
    (void)llmobs_alert_stats_read(obs, &stats);
    ok(stats.unseen_s > 364 * 86400u && stats.unseen_s <= 365 * 86400u, "the year was not seen");
    steps(obs, 10);
    is_str(next_told(), "nothing", "and fires nothing");
    add_requests(obs, "m", 10);
    steps(obs, 7);
    is_str(next_told(), "fired busy 10 5", "after it all is as before");
    (void)llmobs_close(obs);
}

static void test_changes(void)
{
    llmobs_config config = alerted_config();
    llmobs_alert_stats stats;
    llmobs_alert_rule rule = llmobs_alert_rule_default();
    llmobs_alert_error error = llmobs_alert_error_default();
    llmobs* obs;
    memset(&stats, 0, sizeof stats);
    config.alert_rules = 4;
    obs = open_alerts(&config);
    rule.name = "busy";
    rule.condition = "increase(llm_requests_total[5m]) > 5";
    rule.by = "model";
    rule.severity = LLMOBS_ALERT_CRITICAL;
    rule.summary = "much to do";
    is_int(llmobs_alert_rule_add(obs, &rule, &error), LLMOBS_OK, "a rule by struct");
    is_int(llmobs_alert_rule_add(obs, &rule, &error), LLMOBS_OK, "again");
    (void)llmobs_alert_stats_read(obs, &stats);
    is_int(stats.rules, 1, "which changes nothing");
    step(obs);
    add_requests(obs, "m", 10);
    step(obs);
    is_str(next_told(), "fired busy model=m 10 5", "it fires");
    is_int(llmobs_alert_rule_add(obs, &rule, &error), LLMOBS_OK, "once more");
    step(obs);
    is_str(next_told(), "nothing", "which does not tell it anew");
    rule.condition = "increase(llm_requests_total[5m]) > 7";
    is_int(llmobs_alert_rule_add(obs, &rule, &error), LLMOBS_OK, "another rule of this name");
    step(obs);
    is_str(next_told(), "ended busy model=m 10 5", "the old one's alert is over");
    is_str(next_told(), "fired busy model=m 10 7", "the new one fires, with its past");
    is_int(llmobs_alert_rule_remove(obs, "busy"), LLMOBS_OK, "it is taken out");
    is_int(llmobs_alert_rule_remove(obs, "busy"), LLMOBS_ERROR_ARGUMENT, "once");
    step(obs);
    is_str(next_told(), "ended busy model=m 10 7", "and that is told");
    step(obs);
    (void)llmobs_alert_stats_read(obs, &stats);
    ok(stats.rules == 0 && stats.watches == 0 && stats.groups == 0 && stats.window_bytes == 0,
       "nothing is left of it");
    load_rules(obs, "a: llm_active_sessions > 1 b: llm_active_sessions > 2 "
                    "c: llm_active_sessions > 3");
    is_str(refuse(obs, "d: no_such_metric > 5 e: llm_active_sessions > 4"),
           "no_such_metric: there is no such metric (is its family in "
           "llmobs_config.metric_families?), or none that is kept",
           "one is refused");
    (void)llmobs_alert_stats_read(obs, &stats);
    is_int(stats.rules, 3, "and so is the whole text");
    ok(strstr(refuse(obs, "d: llm_active_sessions > 4 e: llm_active_sessions > 5"),
              "raise llmobs_config.alert_rules") != NULL,
       "there is room for four");
    (void)llmobs_close(obs);
    config.alert_window_bytes = 16384;
    obs = open_alerts(&config);
    rule.by = NULL;
    rule.condition = "increase(llm_cost_usd_total[7d]) > 1 and increase(llm_tokens_total[7d]) > 1 "
                     "and increase(llm_requests_total[7d]) > 1";
    is_int(llmobs_alert_rule_add(obs, &rule, &error), LLMOBS_ERROR_LIMIT,
           "three weeks, and room for two");
    (void)llmobs_alert_stats_read(obs, &stats);
    is_int(stats.window_bytes, 0, "and nothing is kept of it");
    (void)llmobs_close(obs);
    is_int(llmobs_alert_rule_add(obs, &rule, &error), LLMOBS_ERROR_CLOSED, "closed");
    config.alert_rules = LLMOBS_OFF;
    obs = open_alerts(&config);
    is_int(llmobs_alert_rule_add(obs, &rule, &error), LLMOBS_ERROR_LIMIT, "off");
    is_int(llmobs_memory_of(&config, LLMOBS_PILLAR_ALERTS), 0, "no memory, then");
    step(obs);
    (void)llmobs_close(obs);
}

/* A gauge's mean, and one that nobody has set. */
static void test_gauge(void)
{
    llmobs_config config = alerted_config();
    llmobs* obs = open_alerts(&config);
    llmobs_label label = {"feature", "f"};
    llmobs_updown sessions;
    load_rules(obs, "many: avg_over_time(llm_active_sessions[1m]) > 2.4\n"
                    "none: avg_over_time(llm_active_sessions[1m]) < 1 no_data alert");
    step(obs);
    step(obs);
    is_str(next_told(), "fired none 0 1", "a gauge without series counts as 0 once a step is over");
    sessions = llmobs_updown_find(obs, "llm_active_sessions", &label, 1);
    llmobs_updown_add(sessions, 5);
    steps(obs, 2);
    is_str(next_told(), "ended none 0 1", "it has a value now");
    step(obs);
    is_str(next_told(), "fired many 2.5 2.4", "three of six steps at 5: 2.5");
    llmobs_updown_add(sessions, -5);
    steps(obs, 4);
    is_str(next_told(), "ended many 2.5 2.4", "and back");
    (void)llmobs_close(obs);
}

static char written[65536];
static size_t written_size;

static bool keep_written(void* user, const char* data, size_t size)
{
    (void)user;
    if (size > sizeof written - 1 - written_size) {
        return false;
    }
    memcpy(written + written_size, data, size);
    written_size += size;
    written[written_size] = '\0';
    return true;
}

/* The default rules fit an instance as it is by default, say nothing while all is well, and are
   read back as the same. */
static void test_defaults(void)
{
    llmobs_config config = alerted_config();
    llmobs_alert_defaults numbers = llmobs_alert_defaults_default();
    llmobs_alert_error error = llmobs_alert_error_default();
    llmobs_alert_stats stats;
    llmobs* obs;
    int i;
    memset(&stats, 0, sizeof stats);
    config.alert_rules = 0;
    numbers.monthly_budget_usd = 3000;
    obs = open_alerts(&config);
    if (!ok(llmobs_alert_defaults_load(obs, &numbers, &error) == LLMOBS_OK, "one call")) {
        printf("# %s\n", error.reason);
    }
    (void)llmobs_alert_stats_read(obs, &stats);
    printf("# %u rules, %u selectors, %u groups, %zu bytes of windows\n", stats.rules,
           stats.watches, stats.groups, stats.window_bytes);
    ok(stats.window_bytes < 393216 / 2, "half of the windows' memory is left");
    is_int(stats.rules, 20, "all of them");
    for (i = 0; i < 600; i++) {
        add_requests(obs, "m", 3);
        step(obs);
    }
    is_int(told_count, 0, "an hour of plain traffic is no news");
    written_size = 0;
    is_int(llmobs_alert_rules_write(obs, LLMOBS_ALERT_FORM_TEXT, 0, keep_written, NULL), LLMOBS_OK,
           "they are written");
    is_int(llmobs_alert_rules_load(obs, written, written_size, &error), LLMOBS_OK, "and read");
    (void)llmobs_alert_stats_read(obs, &stats);
    is_int(stats.rules, 20, "as what they are");
    written_size = 0;
    is_int(llmobs_alert_rules_write(obs, LLMOBS_ALERT_FORM_PROMETHEUS, 30, keep_written, NULL),
           LLMOBS_OK, "for Prometheus, too");
    ok(strstr(written, "groups:\n  - name: llmobs\n    interval: 30s\n    rules:\n") == written &&
           strstr(written, "alert: \"cost_spike\"") != NULL,
       "as a group of rules");
    numbers.latency_slo_s = 11;
    is_int(llmobs_alert_defaults_load(obs, &numbers, &error), LLMOBS_ERROR_ARGUMENT,
           "a number that is no bound");
    is_str(error.reason, "llmobs_alert_defaults.latency_slo_s is out of range", "is named");
    (void)llmobs_close(obs);
}

static double value_now;
static void take_value(void* user, const llmobs_alert* alert, size_t count)
{
    (void)user;
    (void)count;
    value_now = alert->value;
}

static double value_of(llmobs* obs)
{
    value_now = -1;
    (void)llmobs_alerts_read(obs, take_value, NULL);
    return value_now;
}

/* A gauge is what it is for all steps since the last evaluation, not for all of them in one. */
static void test_late(void)
{
    llmobs_config config = alerted_config();
    llmobs* obs = open_alerts(&config);
    llmobs_label label = {"feature", "f"};
    load_rules(obs, "level: avg_over_time(llm_active_sessions[10s]) > 1");
    llmobs_updown_add(llmobs_updown_find(obs, "llm_active_sessions", &label, 1), 5);
    fake_now += 3 * STEP;
    (void)llmobs_tick(obs);
    ok(value_of(obs) == 5.0, "an evaluation that is late finds the same average");
    fake_now += 360 * STEP;
    (void)llmobs_tick(obs);
    ok(value_of(obs) == 5.0, "one after an hour, too");
    (void)llmobs_close(obs);
}

/* Amounts as they are written. */
static void test_units(void)
{
    llmobs_config config = alerted_config();
    llmobs* obs = open_alerts(&config);
    load_rules(obs, "above: increase(llm_cost_usd_total[1m]) > 0.3\n"
                    "equal: increase(llm_cost_usd_total[1m]) == 0.3");
    llmobs_counter_add(counter_of(obs, "llm_cost_usd_total", "model", "m"), 300000000u);
    step(obs);
    is_str(next_told(), "fired equal 0.3 0.3", "thirty cents are thirty cents");
    is_str(next_told(), "nothing", "and no more");
    (void)llmobs_close(obs);
}

/* Rules that come in the same ten seconds share windows, and lose nothing. */
static void test_together(void)
{
    llmobs_config config = alerted_config();
    llmobs_alert_stats stats;
    llmobs* obs = open_alerts(&config);
    memset(&stats, 0, sizeof stats);
    load_rules(obs, "a: increase(llm_requests_total[1m]) > 6 by (model)");
    add_requests(obs, "m", 7);
    load_rules(obs, "b: increase(llm_requests_total[7d]) > 6 by (model)");
    step(obs);
    is_str(next_told(), "fired a model=m 7 6", "what came after the first counts for it");
    is_str(next_told(), "fired b model=m 7 6", "as for the one that shares its windows");
    (void)llmobs_alert_stats_read(obs, &stats);
    is_int(stats.watches, 1, "which are one");
    (void)llmobs_close(obs);
}

/* What does not fit leaves all as it was. */
static void test_no_room(void)
{
    llmobs_config config = alerted_config();
    llmobs_alert_stats before, after;
    llmobs* obs;
    int i;
    memset(&before, 0, sizeof before);
    memset(&after, 0, sizeof after);
    config.alert_window_bytes = 16384;
    obs = open_alerts(&config);
    for (i = 0; i < 8; i++) {
        char model[16];
        (void)snprintf(model, sizeof model, "m%d", i);
        add_requests(obs, model, 1);
    }
    load_rules(obs, "a: increase(llm_requests_total[5m]) > 6 by (model)");
    (void)llmobs_alert_stats_read(obs, &before);
    load_rules(obs, "b: increase(llm_requests_total[7d]) > 6 by (model)");
    (void)llmobs_alert_rule_remove(obs, "b");
    add_requests(obs, "m0", 7);
    steps(obs, 2);
    (void)llmobs_alert_stats_read(obs, &after);
    is_int(after.window_bytes, before.window_bytes, "a wider rule that found no room leaves none");
    is_str(next_told(), "fired a model=m0 7 6", "and the other one as it was");
    (void)llmobs_close(obs);
}

/* Ticks at any time: no second is lost. */
static void test_seconds(void)
{
    llmobs_config config = alerted_config();
    llmobs_alert_stats stats;
    llmobs* obs = open_alerts(&config);
    int i;
    memset(&stats, 0, sizeof stats);
    for (i = 0; i < 100; i++) {
        fake_now += 7 * STEP / 10;
        (void)llmobs_tick(obs);
    }
    (void)llmobs_alert_stats_read(obs, &stats);
    is_int(stats.evaluations, 70, "a hundred times seven seconds are seventy evaluations");
    (void)llmobs_close(obs);
}

/* Windows of one kind make room for those of another. */
static void test_room(void)
{
    static const char* const ranges[] = {"5m", "1h", "1d", "7d"};
    llmobs_config config = alerted_config();
    llmobs_alert_stats stats;
    llmobs* obs;
    size_t most = 0;
    long turns = sized(10000);
    long i;
    char text[200];
    memset(&stats, 0, sizeof stats);
    config.alert_window_bytes = 65536;
    obs = open_alerts(&config);
    for (i = 0; i < 40; i++) {
        (void)snprintf(text, sizeof text, "m%ld", i);
        add_requests(obs, text, 1);
    }
    for (i = 0; i < turns; i++) {
        const char* kind = i % 3 == 0   ? "histogram_quantile(0.5, "
                                          "rate(llm_phase_duration_seconds_bucket[%s])) > 1"
                           : i % 3 == 1 ? "increase(llm_requests_total[%s]) > 5 by (model)"
                                        : "increase(llm_requests_total[%s]) > 5";
        char condition[160];
        (void)snprintf(condition, sizeof condition, kind, ranges[i / 3 % 4]);
        (void)snprintf(text, sizeof text, "r%ld: %s", i % 3, condition);
        (void)refuse(obs, text);
        if (i % 5 == 0) {
            step(obs);
        }
        (void)llmobs_alert_stats_read(obs, &stats);
        most = stats.window_bytes > most ? stats.window_bytes : most;
    }
    ok(most <= 65536, "there is never more than there is");
    for (i = 0; i < 3; i++) {
        (void)snprintf(text, sizeof text, "r%ld", i);
        (void)llmobs_alert_rule_remove(obs, text);
    }
    steps(obs, 2);
    (void)llmobs_alert_stats_read(obs, &stats);
    is_int(stats.window_bytes, 0, "all is given back");
    for (i = 0; i < 9; i++) {
        (void)snprintf(text, sizeof text, "w%ld: increase(llm_requests_total{model!=\"x%ld\"}[7d])"
                                          " > 5", i, i);
        is_str(refuse(obs, text), "", "and there is room for nine weeks");
    }
    (void)snprintf(text, sizeof text, "w: increase(llm_requests_total{model!=\"x\"}[7d]) > 5");
    is_int(llmobs_alert_rules_load(obs, text, strlen(text), NULL), LLMOBS_ERROR_LIMIT,
           "but not for ten");
    (void)llmobs_close(obs);
}

/* Another thread is in the middle of something when the process forks. */
static void test_torn_fork(void)
{
    llmobs_config config = alerted_config();
    llmobs* obs = open_alerts(&config);
    int status = -1;
    pid_t child;
    load_rules(obs, "busy: increase(llm_requests_total[5m]) > 5 by (model)");
    add_requests(obs, "m", 10);
    step(obs);
    fflush(stdout);
    child = fork();
    if (child == 0) {
        llmobsi_alerts* alerts =
            llmobsi_alerts_of(llmobsi_places[LLMOBS_I_PLACE(llmobsi_ticket(obs))].recorder);
        llmobs_alert_stats stats;
        memset(&stats, 0, sizeof stats);
        add_requests(obs, "m", 10);
        step(obs);
        llmobsi_watch_group_free(&alerts->watches, alerts->watches.watches[0].first);
        alerts->rules[1] = alerts->rules[0];
        alerts->phases[1] = LLMOBS_I_ALERT_FRESH;
        if (getenv("LLMOBS_SANITIZED") == NULL) { /* they know nothing of locks begun anew */
            llmobsi_lock_take(&alerts->lock);
        }
        child = fork();
        if (child != 0) {
            (void)waitpid(child, &status, 0);
            _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 9);
        }
        (void)llmobs_alert_stats_read(obs, &stats);
        if (stats.firing != 0 || stats.rules != 1) {
            _exit(1);
        }
        told_count = told_read = 0;
        add_requests(obs, "n", 7);
        add_requests(obs, "m", 8);
        step(obs);
        _exit(told_count == 2 && told[0].alert.value + told[1].alert.value == 15.0 ? 0 : 2);
    }
    (void)waitpid(child, &status, 0);
    is_int(status, 0, "the child has its rules, and all of them work");
    (void)llmobs_close(obs);
}

/* A clock that is nonsense, there and back. */
static void test_mad_clock(void)
{
    llmobs_config config = alerted_config();
    llmobs* obs = open_alerts(&config);
    int i;
    load_rules(obs, "busy: increase(llm_requests_total[5m]) > 5 no_data alert\n"
                    "many: avg_over_time(llm_active_sessions[5m]) > 2");
    for (i = 0; i < 40; i++) {
        add_requests(obs, "m", 10);
        fake_now = i % 2 ? UINT64_MAX : 0;
        (void)llmobs_tick(obs);
        (void)value_of(obs);
    }
    fake_now = UINT64_C(1764590400000000000);
    told_count = told_read = 0;
    steps(obs, 40);
    add_requests(obs, "m", 10);
    step(obs);
    is_str(told[told_count - 1].rule, "busy", "after a mad clock all is as before");
    (void)llmobs_close(obs);
}

/* What is told is of the branch that holds, and its text ends where it ends. */
static void test_branches(void)
{
    llmobs_config config = alerted_config();
    llmobs* obs = open_alerts(&config);
    load_rules(obs, "either: increase(llm_requests_total[1m]) >= 2 and "
                    "increase(llm_requests_total[1m]) > 100 or "
                    "increase(llm_requests_total[5m]) > 4 and "
                    "increase(llm_requests_total[5m]) > 3 "
                    "summary \"a long text, so that what comes after it is shorter by far\"\n"
                    "b: increase(llm_requests_total[5m]) > 4");
    step(obs);
    add_requests(obs, "m", 5);
    step(obs);
    is_str(next_told(), "fired either 5 4", "not the comparison that holds in vain");
    ok(strlen(told[0].sentence) == told[0].alert.sentence.size &&
           strlen(told[1].sentence) == told[1].alert.sentence.size &&
           told[1].ended && told[0].ended,
       "sentences end with a NUL");
    (void)llmobs_close(obs);
}

static llmobs* called;
static int answers[6];

static void call_back(void* user, const llmobs_alert* alerts, size_t count)
{
    llmobs_alert_stats stats;
    (void)user;
    (void)alerts;
    (void)count;
    memset(&stats, 0, sizeof stats);
    answers[0] = llmobs_alert_stats_read(called, &stats);
    answers[1] = llmobs_alert_rule_remove(called, "none");
    answers[2] = llmobs_flush(called, 10);
    answers[3] = llmobs_tick(called);
    answers[4] = llmobs_close(called);
    answers[5] = (int)stats.rules;
}

static void test_callback(void)
{
    llmobs_config config = alerted_config();
    llmobs* obs;
    config.alert = call_back;
    obs = open_alerts(&config);
    called = obs;
    load_rules(obs, "busy: increase(llm_requests_total[5m]) > 4");
    step(obs);
    add_requests(obs, "m", 5);
    step(obs);
    ok(answers[0] == LLMOBS_OK && answers[5] == 1, "a callback can ask");
    is_int(answers[1], LLMOBS_ERROR_ARGUMENT, "and change rules");
    ok(answers[2] == LLMOBS_ERROR_BUSY && answers[3] == LLMOBS_ERROR_BUSY &&
           answers[4] == LLMOBS_ERROR_BUSY,
       "but not wait for itself");
    is_int(llmobs_tick(obs), LLMOBS_OK, "after it all goes on");
    (void)llmobs_close(obs);
}

static void test_fork(void)
{
    llmobs_config config = alerted_config();
    llmobs* obs = open_alerts(&config);
    int status = -1;
    pid_t child;
    load_rules(obs, "busy: increase(llm_requests_total[5m]) > 5");
    step(obs);
    add_requests(obs, "m", 10);
    step(obs);
    is_str(next_told(), "fired busy 10 5", "it fires");
    fflush(stdout);
    child = fork();
    if (child == 0) {
        told_count = 0;
        steps(obs, 2); /* what the parent saw is not the child's */
        if (told_count != 0) {
            _exit(1);
        }
        add_requests(obs, "m", 6);
        step(obs);
        _exit(told_count == 1 && told[0].alert.value < 7 ? 0 : 2);
    }
    (void)waitpid(child, &status, 0);
    is_int(status, 0, "in a child the rules are there, and have seen nothing");
    (void)llmobs_close(obs);
}

/* Users by tokens: the sketch's lower bound, by pseudonym. */
static void test_users(void)
{
    llmobs_config config = alerted_config();
    llmobs_request_info info = llmobs_request_info_default();
    llmobs_outcome outcome = llmobs_outcome_default();
    char pseudonym[LLMOBS_PSEUDONYM_SIZE];
    char want[256];
    llmobs* obs;
    config.key.secret = "0123456789abcdef0123456789abcdef";
    config.key.secret_size = 32;
    config.cost_rows = 64;
    config.cost_users = 64;
    obs = open_alerts(&config);
    load_rules(obs, "breach: llm_user_input_tokens_lower_bound > 500000 by (user) severity info");
    info.feature = "f";
    info.model = "m";
    info.user_id = "u1";
    outcome.usage.input_tokens = 400000;
    outcome.usage.output_tokens = 1;
    llmobs_request_end(llmobs_request_begin(obs, &info), &outcome);
    info.user_id = "u2";
    llmobs_request_end(llmobs_request_begin(obs, &info), &outcome);
    steps(obs, 2);
    is_str(next_told(), "nothing", "nobody has used too much");
    llmobs_request_end(llmobs_request_begin(obs, &info), &outcome);
    steps(obs, 2);
    (void)llmobs_pseudonym(obs, LLMOBS_DOMAIN_USER, NULL, "u2", 2, pseudonym);
    (void)snprintf(want, sizeof want, "fired breach user=%s 800000 500000", pseudonym);
    is_str(next_told(), want, "one has");
    fake_now += 32 * 86400 * UINT64_C(1000000000);
    step(obs);
    (void)snprintf(want, sizeof want, "ended breach user=%s 800000 500000", pseudonym);
    is_str(next_told(), want, "a new month begins");
    (void)llmobs_close(obs);
}

int main(void)
{
    test_limits();
    test_many_series();
    test_clock();
    test_changes();
    test_gauge();
    test_defaults();
    test_late();
    test_units();
    test_together();
    test_no_room();
    test_seconds();
    test_room();
    if (!skipped_without_fork("fork while a rule changes")) {
        test_torn_fork();
    }
    test_mad_clock();
    test_branches();
    test_callback();
    if (!skipped_without_fork("fork")) {
        test_fork();
    }
    test_users();
    test_counter();
    test_groups();
    test_union();
    test_quantile();
    test_refused();
    return done();
}

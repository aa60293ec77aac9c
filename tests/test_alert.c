/* Alerts from what is recorded to what is told, on a clock of the test's own. */
#include "llmobs_private.h"
#include "tap.h"
#include "keeper.h"
#include "requester.h"
#include "alerted.h"

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
        {"a: increase(llm_cost_usd_total{user=\"x\"}[5m]) > 1",
         "llm_cost_usd_total has no label user"},
        {"a: increase(llm_cost_usd_total[5m]) > 1 by (tenant)",
         "llm_cost_usd_total has no label tenant"},
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

int main(void)
{
    test_counter();
    test_groups();
    test_quantile();
    test_refused();
    return done();
}

/* Alerts: the default rules and one of your own; what fires is told to a callback. With an argument
   it writes all rules for Prometheus instead.
       cc -I. examples/alerts.c -o alerts -pthread
       ./alerts
       ./alerts rules > llmobs.rules.yml */
#define LLMOBS_IMPLEMENTATION
#include "llmobs.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* In the language of docs/alerts.md. It may as well be a file of yours. */
static const char own_rules[] =
    "support_silent: increase(llm_requests_total{feature=\"support\"}[5m]) == 0\n"
    "    for 1m severity warning summary \"Nobody was answered for 5 minutes\"\n";

/* llmobs_config.alert: called by the tick, so it is short. alert.news says what is new. */
static void print_news(void* user, const llmobs_alert* alerts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        printf("%-8s %.*s\n", llmobs_alert_news_name(alerts[i].news),
               (int)alerts[i].sentence.size, alerts[i].sentence.data);
        *(unsigned*)user += 1;
    }
}

static bool print(void* user, const char* data, size_t size)
{
    return fwrite(data, 1, size, (FILE*)user) == size;
}

static bool load_rules(llmobs* obs)
{
    llmobs_alert_defaults numbers = llmobs_alert_defaults_default();
    llmobs_alert_error error = llmobs_alert_error_default();
    numbers.monthly_budget_usd = 3000; /* the others as docs/alerts.md has them */
    if (llmobs_alert_defaults_load(obs, &numbers, &error) == LLMOBS_OK &&
        llmobs_alert_rules_load(obs, own_rules, strlen(own_rules), &error) == LLMOBS_OK) {
        return true;
    }
    fprintf(stderr, "rules:%" PRIu32 ":%" PRIu32 ": %s\n", error.line, error.column, error.reason);
    return false;
}

/* Rules are evaluated every ten seconds of the clock, and an alert takes minutes. Nobody waits for
   an example, so this one's clock is a variable. Yours needs none, and no ticks by hand. */
static uint64_t clock_now(void* user)
{
    return *(const uint64_t*)user;
}

int main(int argc, char** argv)
{
    uint64_t now_ns = UINT64_C(1800000000) * 1000000000;
    unsigned told = 0;
    llmobs_config config = llmobs_config_default();
    config.alert = print_news;
    config.alert_user = &told;
    config.clock.unix_ns = clock_now;
    config.clock.user = &now_ns;
    config.host_pumped = true;
    llmobs* obs = llmobs_open(&config, NULL);
    bool good = load_rules(obs);
    if (good && argc > 1 && strcmp(argv[1], "rules") == 0) {
        good = llmobs_alert_rules_write(obs, LLMOBS_ALERT_FORM_PROMETHEUS, 0, print, stdout) ==
               LLMOBS_OK;
        return llmobs_close(obs) == LLMOBS_OK && good ? 0 : 1;
    }
    for (int second = 0; good && second < 900; second += 10) { /* silent from 5 to 12 minutes */
        llmobs_request_info info = llmobs_request_info_default();
        info.feature = second < 300 || second >= 720 ? "support" : "search";
        llmobs_request_end(llmobs_request_begin(obs, &info), NULL);
        good = llmobs_tick(obs) == LLMOBS_OK;
        now_ns += UINT64_C(10000000000);
    }
    good = llmobs_close(obs) == LLMOBS_OK && good;
    return good && told == 2 ? 0 : 1; /* it fired, and it ended */
}

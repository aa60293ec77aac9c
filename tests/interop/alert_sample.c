/* Alerts for examples/alert_webhook.c, recorded as the engine records them.

       alert_sample [--whole] URL REPEAT_S BEGAN WHAT...

   WHAT, one after the other, each a batch of its own: fire, repeat, end, warn, hostile, pending;
   log is an ordinary record, many are some of all kinds in one batch. BEGAN is when the alerts
   began to fire, in Unix seconds. It prints the exporter's answer to each, OK, RETRY or DROP, and
   tries each once; with --whole it adds the exporter as the example does, and prints how many
   records were delivered. */
#define ALERT_WEBHOOK_ALONE
#include "../../examples/alert_webhook.c"

static llmobs_export_result tell_answer(void* user, const llmobs_batch* batch)
{
    static const char* const names[] = {"OK", "RETRY", "DROP"};
    llmobs_export_result answer = send_alerts(user, batch);
    printf("%s\n", names[answer]);
    fflush(stdout);
    return answer;
}

static uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static void record(llmobs* obs, const char* what, uint64_t began)
{
    llmobs_alert_label labels[2] = {{llmobs_str("feature"), llmobs_str("support")},
                                    {llmobs_str("severity"), llmobs_str("gold")}};
    llmobs_alert alert;
    memset(&alert, 0, sizeof alert);
    char sentence[LLMOBS_I_ALERT_SENTENCE];
    alert.size = sizeof alert;
    alert.rule = llmobs_str("cost_spike");
    alert.summary = llmobs_str("LLM cost rate is 2x the 7-day average");
    alert.runbook = llmobs_str("https://wiki.example/costs");
    alert.labels = labels;
    alert.label_count = 2;
    alert.severity = LLMOBS_ALERT_CRITICAL;
    alert.state = LLMOBS_ALERT_FIRING;
    alert.news = LLMOBS_ALERT_FIRED;
    alert.value = 0.0312;
    alert.threshold = 0.0104;
    alert.unix_ns = now();
    alert.active_unix_ns = began - UINT64_C(300000000000);
    alert.fired_unix_ns = began;
    if (strcmp(what, "repeat") == 0) {
        alert.news = LLMOBS_ALERT_REPEATED;
    } else if (strcmp(what, "end") == 0) {
        alert.state = LLMOBS_ALERT_RESOLVED;
        alert.news = LLMOBS_ALERT_ENDED;
        alert.resolved_unix_ns = alert.unix_ns;
    } else if (strcmp(what, "pending") == 0) {
        alert.state = LLMOBS_ALERT_PENDING;
        alert.fired_unix_ns = 0;
    } else if (strcmp(what, "warn") == 0) {
        alert.rule = llmobs_str("guardrail_surge");
        alert.severity = LLMOBS_ALERT_WARNING;
        alert.summary = alert.runbook = llmobs_str("");
        alert.label_count = 0;
    } else if (strcmp(what, "hostile") == 0) {
        alert.rule = llmobs_str("hostile");
        labels[0].value = llmobs_str("\"},\\{\n\x01\x7f \xe2\x80\xae\xff\xf0\x9f\x98\x80");
        alert.runbook = llmobs_str("ask \"Ann\"");
    }
    alert.sentence.data = sentence;
    alert.sentence.size = llmobsi_alert_sentence(sentence, sizeof sentence, &alert,
                                                 LLMOBS_I_ALERT_GREATER, "a > b");
    llmobsi_alert_record(llmobsi_ticket(obs), &alert);
}

static llmobs_result add(llmobs* obs, alert_webhook* to, bool whole)
{
    llmobs_exporter exporter = llmobs_exporter_default();
    if (whole) {
        return alert_webhook_add(obs, to);
    }
    exporter.export_batch = tell_answer;
    exporter.user = to;
    exporter.signals = LLMOBS_SIGNAL_LOGS;
    exporter.max_attempts = 1;
    return llmobs_exporter_add(obs, &exporter);
}

static void record_all(llmobs* obs, uint64_t began, char** names)
{
    for (; *names != NULL; names++) {
        if (strcmp(*names, "many") == 0) {
            record(obs, "hostile", began);
            llmobs_log(obs, LLMOBS_SEVERITY_WARN, "other", "no alert");
            record(obs, "warn", began);
        } else if (strcmp(*names, "log") == 0) {
            llmobs_log(obs, LLMOBS_SEVERITY_WARN, "llm.alert", "not one of ours");
        } else {
            record(obs, *names, began);
        }
        (void)llmobs_flush(obs, 20000);
    }
}

int main(int argc, char** argv)
{
    bool whole = argc > 1 && strcmp(argv[1], "--whole") == 0;
    char** rest = argv + 1 + whole;
    alert_webhook to = {argc > 1 ? rest[0] : "", 0, 1000, "http://service.example/", false};
    llmobs_config config = llmobs_config_default();
    llmobs_stats stats;
    llmobs* obs;
    if (argc < 4 + whole) {
        return 2;
    }
    to.repeat_s = (uint32_t)atoi(rest[1]);
    config.service_name = "shop";
    config.host_pumped = true;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    obs = llmobs_open(&config, NULL);
    if (add(obs, &to, whole) != LLMOBS_OK) {
        return 1;
    }
    record_all(obs, (uint64_t)atoll(rest[2]) * 1000000000, rest + 3);
    stats.size = sizeof stats;
    if (llmobs_close_with_stats(obs, &stats) == LLMOBS_OK && whole) {
        printf("%llu delivered\n", (unsigned long long)stats.exporters[0].exported);
    }
    curl_global_cleanup();
    return 0;
}

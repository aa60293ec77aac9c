/* For tests of alerts: an instance on a clock of its own, evaluated step by step, that keeps what
   it was told. Include it after llmobs_private.h, tap.h, keeper.h and requester.h. */
#ifndef ALERTED_H
#define ALERTED_H

#define STEP UINT64_C(10000000000)
#define MINUTE (6 * STEP)

typedef struct told_alert {
    char rule[64];
    char labels[256];
    char sentence[512];
    llmobs_alert alert; /* numbers alone */
    bool ended;         /* the sentence has its NUL */
} told_alert;

static told_alert told[4096];
static size_t told_count;
static size_t told_calls;

static inline void take_alerts(void* user, const llmobs_alert* alerts, size_t count)
{
    size_t i, j;
    (void)user;
    told_calls++;
    for (i = 0; i < count && told_count < sizeof told / sizeof told[0]; i++) {
        told_alert* one = &told[told_count++];
        size_t used = 0;
        one->alert = alerts[i];
        one->ended = alerts[i].sentence.data[alerts[i].sentence.size] == '\0';
        (void)snprintf(one->rule, sizeof one->rule, "%s", alerts[i].rule.data);
        (void)snprintf(one->sentence, sizeof one->sentence, "%.*s",
                       (int)alerts[i].sentence.size, alerts[i].sentence.data);
        one->labels[0] = '\0';
        for (j = 0; j < alerts[i].label_count; j++) {
            used += (size_t)snprintf(one->labels + used, sizeof one->labels - used, "%s%s=%s",
                                     j > 0 ? "," : "", alerts[i].labels[j].name.data,
                                     alerts[i].labels[j].value.data);
        }
    }
}

static inline llmobs_config alerted_config(void)
{
    llmobs_config config = request_config();
    config.metric_families = LLMOBS_FAMILY_LLM;
    config.alert = take_alerts;
    fake_now = UINT64_C(1764590400000000000); /* 2025-12-01T12:00:00Z */
    told_count = 0;
    told_calls = 0;
    return config;
}

/* One evaluation, ten seconds later. */
static inline void step(llmobs* obs)
{
    fake_now += STEP;
    (void)llmobs_tick(obs);
}

static inline void steps(llmobs* obs, int count)
{
    while (count-- > 0) {
        step(obs);
    }
}

/* Loads rules; stops where they are refused. */
static inline void load_rules(llmobs* obs, const char* text)
{
    llmobs_alert_error error = llmobs_alert_error_default();
    if (llmobs_alert_rules_load(obs, text, strlen(text), &error) != LLMOBS_OK) {
        printf("Bail out! %u:%u: %s\n", error.line, error.column, error.reason);
        exit(1);
    }
}

/* Why a rule is refused; "" if it is not. */
static llmobs_alert_error refused;
static inline const char* refuse(llmobs* obs, const char* text)
{
    refused = llmobs_alert_error_default();
    return llmobs_alert_rules_load(obs, text, strlen(text), &refused) == LLMOBS_OK
               ? ""
               : refused.reason;
}

/* The next thing that was told: "fired cost_spike feature=a 3 1". */
static size_t told_read;
static inline const char* next_told(void)
{
    static char text[512];
    const told_alert* one = &told[told_read];
    if (told_read >= told_count) {
        return "nothing";
    }
    told_read++;
    (void)snprintf(text, sizeof text, "%s %s%s%s %g %g",
                   llmobs_alert_news_name(one->alert.news), one->rule,
                   one->labels[0] != '\0' ? " " : "", one->labels, one->alert.value,
                   one->alert.threshold);
    return text;
}

#endif

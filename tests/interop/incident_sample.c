/* An incident of nine hours on a clock of its own, for incident.t: normal traffic, and what
   `script` has go wrong with it, by a seeded generator. It is played to rules in this process, and
   written down for those who are to play it to the same rules elsewhere.

       incident_sample rules < RULES > ALL  adds the default rules
       incident_sample play MINUTES ALL YAML SAMPLES
                                            plays it, after so many minutes as usual: the rules go
                                            to YAML and the samples to SAMPLES, as Prometheus reads
                                            them

   What play prints is a line for each alert that is pending or fires: the step of ten seconds of
   the incident, from 0 on, the rule, the state, labels. */
#define LLMOBS_IMPLEMENTATION
#include "llmobs.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MODELS = 2, FEATURES = 2, MINUTE = 6, DAY = 1440 * MINUTE };

#define STEP_NS UINT64_C(10000000000)
#define BEGIN_NS UINT64_C(1764633600000000000) /* 2025-12-02: the month does not end meanwhile */
#define MS UINT64_C(1000000)

static const char* const models[MODELS] = {"large", "small"};
static const char* const features[FEATURES] = {"chat", "search"};

/* ---- what goes wrong ----------------------------------------------------------------------- */

typedef enum trouble {
    DEAR,      /* requests cost a hundred times as much           */
    BLOCKED,   /* guardrails block a lot                          */
    UNGUARDED, /* no guardrail looks at anything                  */
    ONE_GUARD, /* one of two does not                             */
    SLOW,      /* model calls of half a minute                    */
    FAILING,   /* nine in ten of the large model's requests fail */
    UNPRICED,  /* a third of the requests have no known cost      */
    LOSING,    /* more requests at once than there is room for    */
    LULL,      /* nobody asks for anything                        */
    MISSING,   /* requests miss their targets                     */
    DRIFTING,  /* a detector's score is up                        */
    FLAGGED,   /* the judge flags a lot                           */
    GREEDY,    /* one user takes all the tokens                   */
    CROWDED,   /* four times the sessions                         */
    FLAPPING   /* a guardrail triggers, one minute in four        */
} trouble;

/* In minutes: they begin and end at a full one, where windows of up to six hours are exact. */
static const struct {
    trouble what;
    int from;
    int to;
} script[] = {
    {DEAR, 60, 80},       {BLOCKED, 100, 115},  {UNGUARDED, 125, 185}, {SLOW, 195, 255},
    {FAILING, 265, 290},  {UNPRICED, 300, 330}, {LOSING, 334, 335},    {LULL, 340, 365},
    {MISSING, 380, 395},  {DRIFTING, 385, 405}, {FLAGGED, 400, 440},   {CROWDED, 410, 420},
    {FLAPPING, 420, 455}, {GREEDY, 425, 437},   {ONE_GUARD, 440, 520}, {DEAR, 460, 490},
    {LOSING, 495, 497},   {FAILING, 500, 508},  {LULL, 512, 514},      {SLOW, 516, 524},
};

enum { LENGTH = 540 * MINUTE };

/* Whether it goes wrong at this step of the incident. */
static bool is_on(trouble what, int step)
{
    size_t i = 0;
    while (i < sizeof script / sizeof script[0] &&
           (script[i].what != what || step < script[i].from * MINUTE ||
            step >= script[i].to * MINUTE)) {
        i++;
    }
    return i < sizeof script / sizeof script[0];
}

/* ---- the generator ------------------------------------------------------------------------- */

static uint64_t seed = 20251202;

/* Below `most`. */
static uint64_t random_below(uint64_t most)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % most;
}

/* About as many, four fifths at least; what is left of a whole one is a chance. */
static uint64_t about(double many)
{
    double noisy = many * (0.8 + 0.4 * (double)random_below(1000) / 1000);
    return (uint64_t)noisy +
           ((double)random_below(1000) < 1000 * (noisy - floor(noisy)) ? 1u : 0u);
}

/* ---- traffic ------------------------------------------------------------------------------- */

static uint64_t now = BEGIN_NS;

static uint64_t now_of(void* user)
{
    (void)user;
    return now;
}

static void count(llmobs* obs, llmobs_known known, const char* a, const char* b, const char* c,
                  uint64_t amount)
{
    const char* values[3];
    values[0] = a;
    values[1] = b;
    values[2] = c;
    llmobs_counter_add(llmobs_counter_get(llmobs_metric_of(obs, known), values,
                                          c != NULL ? 3 : b != NULL ? 2 : 1),
                       amount);
}

static void measure(llmobs* obs, llmobs_known known, const char* a, const char* b, uint64_t value)
{
    const char* values[2];
    values[0] = a;
    values[1] = b;
    llmobs_histogram_record_int(
        llmobs_histogram_get(llmobs_metric_of(obs, known), values, b != NULL ? 2 : 1), value);
}

/* How long requests of one model and feature took. */
static void play_times(llmobs* obs, int step, const char* model, const char* feature,
                       uint64_t requests)
{
    while (requests-- > 0) {
        bool slow = is_on(SLOW, step) && random_below(10) > 0;
        uint64_t call = slow ? (20000 + random_below(15000)) * MS : (300 + random_below(3000)) * MS;
        measure(obs, LLMOBS_METRIC_LLM_PHASE_DURATION, "model_call", NULL, call);
        measure(obs, LLMOBS_METRIC_LLM_PHASE_DURATION, "retrieval", NULL,
                (10 + random_below(200)) * MS);
        measure(obs, LLMOBS_METRIC_LLM_REQUEST_DURATION, model, feature, call + 100 * MS);
        measure(obs, LLMOBS_METRIC_LLM_TIME_TO_FIRST_TOKEN, models[0], features[0], call / 3);
    }
}

/* Guardrails and a judge, of so many requests. */
static void play_checks(llmobs* obs, int step, uint64_t requests)
{
    bool silent = is_on(UNGUARDED, step);
    /* As usual, they trigger evenly: few and at random, the hour of a week ago would be a matter of
       where the process has its snapshots, which are an hour apart. */
    uint64_t blocks = is_on(BLOCKED, step) ? about(2) : step % 60 == 0;
    uint64_t flags = is_on(FLAPPING, step) && step / MINUTE % 4 == 0 ? 1 : step % 20 == 0;
    uint64_t judged = (requests + 1) / 2;
    uint64_t flagged = is_on(FLAGGED, step) ? judged : random_below(50) == 0;
    count(obs, LLMOBS_METRIC_LLM_GUARDRAIL_VERDICTS, "pii", NULL, NULL, silent ? 0 : requests);
    count(obs, LLMOBS_METRIC_LLM_GUARDRAIL_VERDICTS, "tone", NULL, NULL,
          silent || is_on(ONE_GUARD, step) ? 0 : requests);
    count(obs, LLMOBS_METRIC_LLM_GUARDRAIL_TRIGGERS, "tone", "blocked", NULL, silent ? 0 : blocks);
    count(obs, LLMOBS_METRIC_LLM_GUARDRAIL_TRIGGERS, "pii", "flagged", NULL, silent ? 0 : flags);
    count(obs, LLMOBS_METRIC_LLM_JUDGE_EVALUATIONS, "j", "flagged", NULL,
          requests > 0 ? flagged : 0);
    count(obs, LLMOBS_METRIC_LLM_JUDGE_EVALUATIONS, "j", "passed", NULL,
          flagged < judged ? judged - flagged : 0);
}

/* Requests of one model and feature in ten seconds. Returns how many. */
static uint64_t play_requests(llmobs* obs, int step, double pace, int m, int f)
{
    const char* model = models[m];
    const char* feature = features[f];
    uint64_t requests = about(pace);
    uint64_t failed = is_on(FAILING, step) && m == 0 ? about(0.9 * (double)requests)
                                                     : random_below(300) == 0;
    uint64_t unpriced = is_on(UNPRICED, step) ? about((double)requests / 3)
                                              : random_below(400) == 0;
    uint64_t missing = is_on(MISSING, step) ? about((double)requests / 2) : random_below(90) == 0;
    uint64_t cost = (m == 0 ? 1300000u : 200000u) * (is_on(DEAR, step) ? 100u : 1u);
    failed = failed < requests ? failed : requests;
    missing = missing < requests - failed ? missing : requests - failed;
    unpriced = unpriced < requests ? unpriced : requests;
    count(obs, LLMOBS_METRIC_LLM_REQUESTS, model, feature, "", requests - failed);
    count(obs, LLMOBS_METRIC_LLM_REQUESTS, model, feature, "timeout", failed);
    count(obs, LLMOBS_METRIC_LLM_GOOD_REQUESTS, model, feature, NULL, requests - failed - missing);
    count(obs, LLMOBS_METRIC_LLM_COST_UNKNOWN, model, feature, NULL, unpriced);
    count(obs, LLMOBS_METRIC_LLM_COST, model, feature, NULL, (requests - unpriced) * cost);
    count(obs, LLMOBS_METRIC_LLM_TOKENS, model, "input", feature,
          requests * (is_on(GREEDY, step) && f == 0 ? 9000u : 900u));
    count(obs, LLMOBS_METRIC_LLM_TOKENS, model, "output", feature, requests * 120u);
    if (m == f) {
        play_times(obs, step, model, feature, requests);
    }
    return requests;
}

/* Requests of users, one after the other, but for those that are begun at once. */
static void play_users(llmobs* obs, int step)
{
    llmobs_request_info info = llmobs_request_info_default();
    llmobs_outcome outcome = llmobs_outcome_default();
    llmobs_request open[20];
    int at_once = is_on(LOSING, step) ? 20 : 1;
    int i;
    info.model = models[1];
    info.feature = features[0];
    outcome.cost_known = true;
    outcome.cost_nano = 1000;
    for (i = 0; i < at_once; i++) {
        info.user_id = i % 2 == 0 ? "ann" : "bob";
        open[i] = llmobs_request_begin(obs, &info);
    }
    for (i = 0; i < at_once; i++) {
        outcome.usage.input_tokens = is_on(GREEDY, step) ? 100000 : 100;
        outcome.usage.output_tokens = 10;
        llmobs_request_end(open[i], &outcome);
    }
}

/* A run every ten minutes. Series of all verdicts are there from the begin, as a detector's are. */
static void play_runs(llmobs* obs, int step, const char* detector, bool drifts)
{
    static const char* const verdicts[] = {"none", "drift"};
    const char* labels[2];
    int i;
    labels[0] = detector;
    for (i = 0; i < 2; i++) {
        uint64_t runs = step % (10 * MINUTE) == 0 && drifts == (i == 1);
        labels[1] = verdicts[i];
        llmobs_counter_add(llmobs_counter_get(
                               llmobs_metric_of(obs, LLMOBS_METRIC_LLM_DRIFT_RUNS), labels, 2),
                           runs);
    }
}

static void play_gauges(llmobs* obs, int step, double shape)
{
    static int64_t sessions[FEATURES];
    static const char* const detectors[] = {"length", "topic"};
    int i;
    for (i = 0; i < FEATURES; i++) {
        const char* feature = features[i];
        int64_t many = (int64_t)(20 * shape) + (int64_t)random_below(3) +
                       (is_on(CROWDED, step) && i == 0 ? 60 : 0);
        const char* detector = detectors[i];
        double score = is_on(DRIFTING, step) ? (i == 0 ? 0.7 : 0.4) : 0.05;
        llmobs_metric metric = llmobs_metric_of(obs, LLMOBS_METRIC_LLM_ACTIVE_SESSIONS);
        llmobs_updown_add(llmobs_updown_get(metric, &feature, 1), many - sessions[i]);
        sessions[i] = many;
        llmobs_gauge_set(llmobs_gauge_get(llmobs_metric_of(obs, LLMOBS_METRIC_LLM_DRIFT_SCORE),
                                          &detector, 1),
                         score + 0.0001 * (double)random_below(100));
        play_runs(obs, step, detector, is_on(DRIFTING, step) && i == 0);
    }
}

/* Ten seconds of the incident, or of the time before it, which has negative steps. */
static void play_step(llmobs* obs, int step)
{
    double shape = 1 + 0.4 * sin(2 * 3.14159265358979 * (step + 2 * DAY / 24) / DAY);
    double pace = is_on(LULL, step) ? 0 : 4 * shape;
    uint64_t requests = 0;
    int m, f;
    for (m = 0; m < MODELS; m++) {
        for (f = 0; f < FEATURES; f++) {
            requests += play_requests(obs, step, m == f ? pace : pace / 2, m, f);
        }
    }
    play_checks(obs, step, requests);
    if (pace > 0 && (step % MINUTE == 0 || is_on(LOSING, step))) {
        play_users(obs, step);
    }
    play_gauges(obs, step, shape);
}

/* Makes all series, with something in each: what a series begins with, Prometheus does not see. */
static void make_series(llmobs* obs)
{
    int m, f;
    for (m = 0; m < MODELS; m++) {
        for (f = 0; f < FEATURES; f++) {
            count(obs, LLMOBS_METRIC_LLM_REQUESTS, models[m], features[f], "", 1);
            count(obs, LLMOBS_METRIC_LLM_REQUESTS, models[m], features[f], "timeout", 1);
            count(obs, LLMOBS_METRIC_LLM_GOOD_REQUESTS, models[m], features[f], NULL, 1);
            count(obs, LLMOBS_METRIC_LLM_COST_UNKNOWN, models[m], features[f], NULL, 1);
            count(obs, LLMOBS_METRIC_LLM_COST, models[m], features[f], NULL, 1);
            count(obs, LLMOBS_METRIC_LLM_TOKENS, models[m], "input", features[f], 1);
            count(obs, LLMOBS_METRIC_LLM_TOKENS, models[m], "output", features[f], 1);
        }
        play_times(obs, -1, models[m], features[m], 1);
    }
    count(obs, LLMOBS_METRIC_LLM_GUARDRAIL_VERDICTS, "pii", NULL, NULL, 1);
    count(obs, LLMOBS_METRIC_LLM_GUARDRAIL_VERDICTS, "tone", NULL, NULL, 1);
    count(obs, LLMOBS_METRIC_LLM_GUARDRAIL_TRIGGERS, "tone", "blocked", NULL, 1);
    count(obs, LLMOBS_METRIC_LLM_GUARDRAIL_TRIGGERS, "pii", "flagged", NULL, 1);
    count(obs, LLMOBS_METRIC_LLM_JUDGE_EVALUATIONS, "j", "flagged", NULL, 1);
    count(obs, LLMOBS_METRIC_LLM_JUDGE_EVALUATIONS, "j", "passed", NULL, 1);
    play_users(obs, -1);
}

/* ---- what comes of it ---------------------------------------------------------------------- */

static char text[1 << 20];
static char yaml[1 << 20];

/* The samples that the rules ask for, with the time: one line each. */
static void write_samples(llmobs* obs, FILE* file)
{
    size_t size = sizeof text;
    char* line = text;
    if (llmobs_prometheus_print(obs, LLMOBS_OPENMETRICS, text, &size) != LLMOBS_OK) {
        exit(1);
    }
    while (*line != '\0') {
        char* end = line + strcspn(line, "\n");
        size_t name = strcspn(line, "{ ");
        char saved = line[name];
        char* exemplar;
        bool asked;
        *end = '\0';
        line[name] = '\0';
        asked = *line != '#' && strstr(yaml, line) != NULL;
        line[name] = saved;
        exemplar = strstr(line, " # ");
        if (exemplar != NULL) {
            *exemplar = '\0';
        }
        if (asked) {
            fprintf(file, "%s %llu\n", line, (unsigned long long)(now / UINT64_C(1000000000)));
        }
        line = end + 1;
    }
}

static void print_alert(void* user, const llmobs_alert* alerts, size_t alert_count)
{
    size_t i, j;
    for (i = 0; i < alert_count; i++) {
        const llmobs_alert* alert = &alerts[i];
        if (alert->state != LLMOBS_ALERT_PENDING && alert->state != LLMOBS_ALERT_FIRING) {
            continue;
        }
        printf("%d %s %s ", *(const int*)user, alert->rule.data,
               llmobs_alert_state_name(alert->state));
        for (j = 0; j < alert->label_count; j++) {
            printf("%s%s=\"%s\"", j > 0 ? "," : "", alert->labels[j].name.data,
                   alert->labels[j].value.data);
        }
        printf("\n");
    }
}

/* How many steps lie between samples: ten minutes long ago, one minute in the seven hours before
   the incident, and none soon before it. */
static int spacing(int step)
{
    return step >= -20 * MINUTE ? 1 : step >= -420 * MINUTE ? MINUTE : 10 * MINUTE;
}

static void play(llmobs* obs, int before, FILE* samples)
{
    int step;
    for (step = -before; step < LENGTH; step++) {
        play_step(obs, step);
        now += STEP_NS / 2;
        (void)llmobs_tick(obs); /* books what users used, as a tick does soon after it */
        now += STEP_NS / 2;
        (void)llmobs_tick(obs); /* evaluates */
        if (step % spacing(step) == 0) {
            write_samples(obs, samples);
        }
        if (step >= 0) {
            (void)llmobs_alerts_read(obs, print_alert, &step);
        }
    }
    fprintf(samples, "# EOF\n");
}

/* ---- rules --------------------------------------------------------------------------------- */

static bool write_out(void* user, const char* data, size_t size)
{
    return fwrite(data, 1, size, (FILE*)user) == size;
}

static llmobs* open_instance(void)
{
    llmobs_config config = llmobs_config_default();
    llmobs* obs;
    config.host_pumped = true;
    config.clock.unix_ns = now_of;
    config.metric_families = LLMOBS_FAMILY_LLM | LLMOBS_FAMILY_SELF;
    config.requests = 16;
    config.key.id = "k1";
    config.key.secret = "0123456789abcdef0123456789abcdef";
    config.key.secret_size = 32;
    config.cost_rows = 64;
    config.cost_users = 64;
    obs = llmobs_open(&config, NULL);
    if (obs == NULL) {
        exit(1);
    }
    return obs;
}

static void load(llmobs* obs, FILE* file)
{
    llmobs_alert_error error = llmobs_alert_error_default();
    size_t size = fread(text, 1, sizeof text, file);
    if (llmobs_alert_rules_load(obs, text, size, &error) != LLMOBS_OK) {
        fprintf(stderr, "%u:%u: %s\n", error.line, error.column, error.reason);
        exit(1);
    }
}

static FILE* opened(const char* name, const char* how)
{
    FILE* file = fopen(name, how);
    if (file == NULL) {
        perror(name);
        exit(1);
    }
    return file;
}

static void write_all_rules(llmobs* obs)
{
    llmobs_alert_defaults numbers = llmobs_alert_defaults_default();
    numbers.monthly_budget_usd = 3000;
    if (llmobs_alert_defaults_load(obs, &numbers, NULL) != LLMOBS_OK) {
        exit(1);
    }
    load(obs, stdin);
    (void)llmobs_alert_rules_write(obs, LLMOBS_ALERT_FORM_TEXT, 0, write_out, stdout);
}

int main(int count_of, char** words)
{
    llmobs* obs = open_instance();
    if (count_of == 2 && strcmp(words[1], "rules") == 0) {
        write_all_rules(obs);
    } else if (count_of == 6 && strcmp(words[1], "play") == 0) {
        FILE* rules = opened(words[3], "r");
        FILE* file = opened(words[4], "w+");
        FILE* samples = opened(words[5], "w");
        make_series(obs);
        load(obs, rules);
        (void)llmobs_alert_rules_write(obs, LLMOBS_ALERT_FORM_PROMETHEUS, 0, write_out, file);
        rewind(file);
        yaml[fread(yaml, 1, sizeof yaml - 1, file)] = '\0';
        play(obs, atoi(words[2]) * MINUTE, samples);
        if (fclose(samples) != 0 || fclose(file) != 0 || fclose(rules) != 0) {
            return 1;
        }
    } else {
        return 2;
    }
    return llmobs_close(obs) == LLMOBS_OK ? 0 : 1;
}

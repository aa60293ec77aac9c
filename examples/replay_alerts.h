/* Alerts on a replayed trace. Its first hour is played 170 times by a virtual clock, request by
   request, as 7 days and 2 hours of history, which some rules need; then comes the hour itself,
   with or without incidents in it; then it is played twice more, so that alerts can end. All by the
   default rules (docs/alerts.md), and each time as bursty as it was. Part of replay.c.

   A trace says neither how long a model call took nor what else went on. Here the first token comes
   after 0.2 s and a second for 20,000 tokens of context, each further one after 20 ms; one request
   of 500 fails, a guardrail looks at each and blocks one of 2,000. */
#ifndef REPLAY_ALERTS_H
#define REPLAY_ALERTS_H

#include "replay_costs.h"
#include "replay_trace.h"

#include <stdlib.h>
#include <time.h>

enum { HOURS_BEFORE = 170, HOURS_AFTER = 2, HOUR_S = 3600, EVALUATION_S = 10 };
enum { FLIGHTS = 1024, INCIDENTS = 3, INCIDENT_RULES = 2, };

static const char dear_model[] = "gpt-4o";

/* The truth: what goes wrong, from when to when in the hour, and which rules must find it. The
   first one must fire while it goes on, others may at any time from then on. */
typedef enum trouble { TROUBLE_COST, TROUBLE_LATENCY, TROUBLE_GUARDRAIL, TROUBLE_NONE } trouble;

static const struct {
    const char* name;
    uint32_t begin_s;
    uint32_t end_s;
    const char* rules[INCIDENT_RULES];
    const char* what;
} incidents[INCIDENTS] = {
    {"cost", 9 * 60, 21 * 60, {"cost_spike", NULL}, "the feature summary asks gpt-4o"},
    {"latency", 24 * 60, 36 * 60, {"latency_degradation", "first_token_slow"},
     "model calls take five times as long"},
    {"guardrail", 40 * 60, 52 * 60, {"guardrail_surge", "guardrail_unusual"},
     "one request of 20 is blocked"},
};

/* A request under way. */
typedef struct flight {
    uint64_t next_ns; /* of its first token, then of its end */
    uint64_t end_ns;
    llmobs_request request;
    llmobs_span call;
    row asked;
    bool answers; /* the first token has come */
    bool blocked;
    bool failed;
} flight;

typedef struct alerts {
    bool wanted;   /* these two as the command line has them */
    bool incident; /* the hour has them */
    row* rows;     /* the first hour, in order of time */
    size_t count;
    size_t room;
    llmobs* obs;
    costs money; /* whose users, features and prices these are */
    uint64_t now_ns;
    uint64_t evaluation_ns; /* the next one is due */
    uint64_t begin_ns;      /* of the hour with incidents */
    uint64_t random;
    uint32_t told; /* of `incidents`: which begins or ends, two each, were printed */
    uint32_t news;
    uint32_t others; /* alerts that fired, and belong to no incident */
    uint64_t requests;
    uint64_t fired_ns[INCIDENTS][INCIDENT_RULES]; /* 0: not yet */
    uint64_t ended_ns[INCIDENTS][INCIDENT_RULES];
    size_t flying;
    flight flights[FLIGHTS]; /* a heap: each before the two that have twice its place, and more */
} alerts;

/* ---- the hour ------------------------------------------------------------------------------ */

/* Called for each row of the trace. False: no memory. */
static bool alerts_keep(alerts* of, const row* request)
{
    row kept = *request;
    if (of->count > 0) {
        uint64_t last = of->rows[of->count - 1].unix_ns;
        kept.unix_ns = kept.unix_ns < last ? last : kept.unix_ns;
        if (kept.unix_ns - of->rows[0].unix_ns >= HOUR_S * second_ns) {
            return true;
        }
    }
    if (of->count == of->room) {
        size_t room = of->room > 0 ? of->room * 2 : 4096;
        row* rows = (row*)realloc(of->rows, room * sizeof *rows);
        if (rows == NULL) {
            return false;
        }
        of->rows = rows;
        of->room = room;
    }
    of->rows[of->count++] = kept;
    return true;
}

static bool is_during(const alerts* of, trouble which)
{
    uint64_t at = of->now_ns - of->begin_ns; /* huge, before it */
    return of->incident && at >= incidents[which].begin_s * second_ns &&
           at < incidents[which].end_s * second_ns;
}

static bool is_one_of(alerts* of, uint32_t many)
{
    return uniform(&of->random) * (double)many < 1.0;
}

/* ---- what is said as it happens ------------------------------------------------------------ */

static const char* clock_text(uint64_t unix_ns, char text[32])
{
    time_t seconds = (time_t)(unix_ns / second_ns);
    struct tm parts;
    if (gmtime_r(&seconds, &parts) == NULL || strftime(text, 32, "%m-%d %H:%M:%S", &parts) == 0) {
        *text = '\0';
    }
    return text;
}

/* Begins and ends of incidents up to now; they are in order. */
static void print_incidents(alerts* of)
{
    char text[32];
    while (of->incident && of->told < 2 * INCIDENTS) {
        uint32_t i = of->told / 2;
        bool ends = of->told % 2 == 1;
        uint64_t at =
            of->begin_ns + (ends ? incidents[i].end_s : incidents[i].begin_s) * second_ns;
        if (at > of->now_ns) {
            return;
        }
        printf("  %s  %-9s %s: %s\n", clock_text(at, text), ends ? "<< ENDS" : ">> BEGINS",
               incidents[i].name, incidents[i].what);
        of->told++;
    }
}

/* Whether the news are of an incident, which then knows it. */
static bool is_expected(alerts* of, const llmobs_alert* alert)
{
    for (uint32_t i = 0; of->incident && i < INCIDENTS; i++) {
        for (uint32_t k = 0; k < INCIDENT_RULES && incidents[i].rules[k] != NULL; k++) {
            uint64_t begin_ns = of->begin_ns + incidents[i].begin_s * second_ns;
            if (strcmp(alert->rule.data, incidents[i].rules[k]) == 0 &&
                alert->fired_unix_ns >= begin_ns && of->ended_ns[i][k] == 0) {
                of->fired_ns[i][k] = alert->fired_unix_ns;
                of->ended_ns[i][k] = alert->resolved_unix_ns;
                return true;
            }
        }
    }
    return false;
}

/* llmobs_config.alert: called by llmobs_tick, when it evaluates the rules. */
static void alerts_told(void* user, const llmobs_alert* told, size_t count)
{
    alerts* of = (alerts*)user;
    char text[32];
    print_incidents(of);
    for (size_t i = 0; i < count; i++) {
        bool expected = is_expected(of, &told[i]);
        of->news++;
        of->others += told[i].news == LLMOBS_ALERT_FIRED && !expected;
        printf("  %s  %-9s %.*s\n", clock_text(told[i].unix_ns, text),
               llmobs_alert_news_name(told[i].news), (int)told[i].sentence.size,
               told[i].sentence.data);
    }
}

/* ---- requests under way -------------------------------------------------------------------- */

static void flights_swap(alerts* of, size_t a, size_t b)
{
    flight kept = of->flights[a];
    of->flights[a] = of->flights[b];
    of->flights[b] = kept;
}

/* The one at `at` may be later than those below it. */
static void flights_sink(alerts* of, size_t at)
{
    for (;;) {
        size_t first = at;
        for (size_t below = 2 * at + 1; below <= 2 * at + 2 && below < of->flying; below++) {
            first = of->flights[below].next_ns < of->flights[first].next_ns ? below : first;
        }
        if (first == at) {
            return;
        }
        flights_swap(of, at, first);
        at = first;
    }
}

static void flights_add(alerts* of, const flight* added)
{
    size_t at = of->flying++;
    of->flights[at] = *added;
    while (at > 0 && of->flights[at].next_ns < of->flights[(at - 1) / 2].next_ns) {
        flights_swap(of, at, (at - 1) / 2);
        at = (at - 1) / 2;
    }
}

/* The clock goes to a later time, and the tick evaluates each ten seconds on the way. */
static void alerts_advance(alerts* of, uint64_t unix_ns)
{
    while (of->evaluation_ns <= unix_ns) {
        of->now_ns = of->evaluation_ns;
        of->evaluation_ns += EVALUATION_S * second_ns;
        (void)llmobs_tick(of->obs);
    }
    of->now_ns = unix_ns > of->now_ns ? unix_ns : of->now_ns;
}

static void alerts_land(alerts* of, const flight* at)
{
    llmobs_outcome outcome = llmobs_outcome_default();
    outcome.usage.input_tokens = (int64_t)at->asked.context_tokens;
    outcome.usage.output_tokens = (int64_t)at->asked.generated_tokens;
    outcome.usage.reported = true;
    outcome.error_type = at->failed ? "timeout" : NULL;
    llmobs_span_end(at->call);
    llmobs_guardrail(at->request, "pii_leak",
                     at->blocked ? LLMOBS_GUARDRAIL_BLOCKED : LLMOBS_GUARDRAIL_PASSED);
    llmobs_request_end(at->request, &outcome);
    if (++of->requests % TICK_REQUESTS == 0) {
        (void)llmobs_tick(of->obs); /* for room: many may end within ten seconds */
    }
}

/* What happens next to the one that is first: its first token, or its end. */
static void alerts_step(alerts* of)
{
    flight* first = &of->flights[0];
    alerts_advance(of, first->next_ns);
    if (!first->answers) {
        llmobs_request_token(first->request);
        first->answers = true;
        first->next_ns = first->end_ns;
    } else {
        alerts_land(of, first);
        *first = of->flights[--of->flying];
    }
    flights_sink(of, 0);
}

/* A request of the hour that begins at `hour_ns`. */
static void alerts_begin(alerts* of, const row* asked, uint64_t hour_ns)
{
    uint64_t at_ns = hour_ns + (asked->unix_ns - of->rows[0].unix_ns);
    llmobs_request_info info = llmobs_request_info_default();
    char name[NAME_SIZE];
    flight added;
    memset(&added, 0, sizeof added);
    while (of->flying > 0 && (of->flights[0].next_ns <= at_ns || of->flying == FLIGHTS)) {
        alerts_step(of);
    }
    alerts_advance(of, at_ns);
    costs_draw(&of->money);
    info.user_id = user_name(of->money.user, name);
    info.feature = features[of->money.feature].name;
    info.model = of->money.model;
    if (is_during(of, TROUBLE_COST) && strcmp(info.feature, "summary") == 0) {
        info.model = dear_model;
    }
    uint64_t slower = is_during(of, TROUBLE_LATENCY) ? 5 : 1;
    added.asked = *asked;
    added.blocked = is_one_of(of, is_during(of, TROUBLE_GUARDRAIL) ? 20 : 2000);
    added.failed = is_one_of(of, 500);
    added.request = llmobs_request_begin(of->obs, &info);
    added.call = llmobs_phase_begin(added.request, LLMOBS_PHASE_MODEL_CALL);
    added.next_ns = of->now_ns + slower * (second_ns / 5 + asked->context_tokens * 50000);
    added.end_ns = added.next_ns + slower * asked->generated_tokens * 20000000;
    flights_add(of, &added);
}

/* ---- the whole ----------------------------------------------------------------------------- */

static uint64_t alerts_now(void* user)
{
    return ((const alerts*)user)->now_ns;
}

/* The numbers of rules that a service with this traffic would choose; the others are as they are.
   An hour of it costs 2.86 USD by gpt-4o-mini, and its heaviest user has 3 million tokens. */
static bool alerts_rules(llmobs* obs)
{
    llmobs_alert_defaults numbers = llmobs_alert_defaults_default();
    llmobs_alert_error error = llmobs_alert_error_default();
    numbers.monthly_budget_usd = 3000;
    numbers.user_input_tokens = 3e9;
    numbers.latency_p95_s = 5;
    numbers.first_token_p95_s = 2;
    if (llmobs_alert_defaults_load(obs, &numbers, &error) != LLMOBS_OK) {
        fprintf(stderr, "replay: the default rules: %s\n", error.reason);
        return false;
    }
    return true;
}

static bool alerts_open(alerts* of, const costs* money)
{
    llmobs_config config = llmobs_config_default();
    config.service_name = "replay";
    config.host_pumped = true;
    config.clock.unix_ns = alerts_now;
    config.clock.user = of;
    config.sample_ratio = LLMOBS_SAMPLE_NONE; /* phases are timed nevertheless */
    config.log_severity = LLMOBS_OFF;
    config.requests = FLIGHTS;
    config.span_slots = 2 * FLIGHTS;
    config.alert = alerts_told;
    config.alert_user = of;
    of->money = *money;
    costs_config(&of->money, &config);
    config.cost_store = NULL;
    of->random = money->seed;
    of->begin_ns = of->rows[0].unix_ns;
    of->now_ns = of->begin_ns - HOURS_BEFORE * HOUR_S * second_ns;
    of->evaluation_ns = of->now_ns;
    of->obs = llmobs_open(&config, NULL);
    return of->obs != NULL && costs_open(&of->money, of->obs) &&
           (!of->incident || prices_have(of->obs, of->money.prices, dear_model)) &&
           alerts_rules(of->obs);
}

/* Each incident, who found it, and after how long. */
static void print_truth(const alerts* of)
{
    uint32_t found = 0;
    for (uint32_t i = 0; of->incident && i < INCIDENTS; i++) {
        uint64_t begin_ns = of->begin_ns + incidents[i].begin_s * second_ns;
        uint64_t end_ns = of->begin_ns + incidents[i].end_s * second_ns;
        uint64_t fired_ns = of->fired_ns[i][0];
        char text[2][32];
        bool in_time = fired_ns != 0 && fired_ns < end_ns;
        found += in_time;
        printf("  %-10s %s to %s  %-20s ", incidents[i].name, clock_text(begin_ns, text[0]),
               clock_text(end_ns, text[1]) + 6, incidents[i].rules[0]);
        if (in_time) {
            printf("found after %" PRIu64 " s\n", (fired_ns - begin_ns) / second_ns);
        } else {
            printf("MISSED\n");
        }
    }
    printf("\n  incidents found %" PRIu32 " of %d, other alerts %" PRIu32 "\n", found,
           of->incident ? INCIDENTS : 0, of->others);
}

static void alerts_play(alerts* of)
{
    uint64_t hour_ns = of->now_ns;
    for (int i = 0; i < HOURS_BEFORE + 1 + HOURS_AFTER; i++) {
        for (size_t k = 0; k < of->count; k++) {
            alerts_begin(of, &of->rows[k], hour_ns);
        }
        hour_ns += HOUR_S * second_ns;
    }
    while (of->flying > 0) {
        alerts_step(of);
    }
    alerts_advance(of, hour_ns);
}

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Plays all of it and says what came of it. False: it can't be played. */
static bool alerts_run(alerts* of, const costs* money)
{
    llmobs_alert_stats stats;
    double began = seconds_now();
    if (of->count == 0 || of->rows[0].unix_ns < HOURS_BEFORE * HOUR_S * second_ns) {
        fprintf(stderr, "replay: alerts need a trace, from 1970-01-09 on\n");
        return false;
    }
    bool good = alerts_open(of, money);
    if (good) {
        printf("  Alerts on its first hour, %s, after %d hours of the same\n\n",
               of->incident ? "with incidents" : "as it was", HOURS_BEFORE);
        alerts_play(of);
        printf(of->news > 0 ? "\n" : "  none\n\n");
        print_truth(of);
        memset(&stats, 0, sizeof stats);
        good = llmobs_alert_stats_read(of->obs, &stats) == LLMOBS_OK;
        printf("  %" PRIu32 " rules, evaluated %" PRIu64 " times; %" PRIu64
               " requests; %d hours in %.3f s\n\n", stats.rules, stats.evaluations, of->requests,
               HOURS_BEFORE + 1 + HOURS_AFTER, seconds_now() - began);
    }
    llmobs_close(of->obs);
    return good;
}

#endif

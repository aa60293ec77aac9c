/* Replays a trace of real traffic, as fast as it can be read, into an instance whose clock is the
   trace's own: an hour of requests in some milliseconds, with the metrics that it would have left,
   what it would have cost, and who would have spent that (replay_costs.h).
       cc -I. examples/replay.c -o replay -pthread -lm
       ./replay TRACE.csv [METRICS.prom]
       --prices FILE  in LiteLLM's form (examples/prices.json)
       --model NAME   whose price it is (gpt-4o-mini)
       --seed N       of users and features (1)
       --shuffle N    users are drawn anew from this seed, all alike: no user is heavy any more
       --top N        users that are told of (5)
       --alerts       which alerts it would have set off, after a week of the same traffic
       --incident     the same with three incidents in its first hour (replay_alerts.h)
   A line is one request, such as `2023-11-16 18:17:03.9799600,4808,10`: time (UTC), context tokens,
   generated tokens. The first line may be the header `TIMESTAMP,ContextTokens,GeneratedTokens`.
   "-" reads standard input; METRICS.prom gets all metrics as Prometheus text.
   Exit status: 0 all lines were replayed, 1 some were malformed and left out, 2 none were replayed,
   a file could not be read or written, or what llmobs says of costs is not so. A line with an
   earlier time than one before it counts, at the later time; it is told, and changes no status.
   Users are told by the month, so costs are printed at each month's end (UTC). A trace does not say
   how long a request took: here they take no time. */
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif
#define LLMOBS_IMPLEMENTATION
#include "llmobs.h"
#include "replay_trace.h"
#include "replay_costs.h"

enum { TICK_REQUESTS = 256 }; /* recorded from one tick to the next, at most */

#include "replay_alerts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- the replay ---------------------------------------------------------------------------- */

typedef struct replay {
    llmobs* obs;
    bool begun;
    uint64_t now_ns; /* the virtual clock: the latest time so far */
    uint64_t began_ns;
    uint64_t ticked_ns;
    uint64_t earlier; /* lines with an earlier time than one before them */
    uint64_t context_total;
    uint64_t generated_total;
    uint32_t waiting; /* requests since the last tick */
    costs money;
    alerts watch;
    llmobs_counter requests;
    llmobs_histogram context;
    llmobs_histogram generated;
    llmobs_histogram arrival;
} replay;

static uint64_t virtual_now(void* user)
{
    return ((const replay*)user)->now_ns;
}

static bool replay_open(replay* run)
{
    llmobs_config config = llmobs_config_default();
    config.service_name = "replay";
    config.host_pumped = true; /* the trace's clock, and nobody else's, drives it */
    config.clock.unix_ns = virtual_now;
    config.clock.user = run;
    config.span_slots = LLMOBS_OFF;
    costs_config(&run->money, &config);
    run->obs = llmobs_open(&config, NULL);
    return run->obs != NULL;
}

/* A histogram without labels; `least` and `most` are what most values lie between. */
static llmobs_histogram histogram(llmobs* obs, const char* name, const char* unit,
                                  llmobs_number number, double least, double most)
{
    llmobs_metric_info info = llmobs_metric_info_default();
    info.name = name;
    info.help = "Of the requests that were replayed.";
    info.unit = unit;
    info.instrument = LLMOBS_HISTOGRAM_EXPONENTIAL;
    info.number = number;
    info.least = least;
    info.most = most;
    return llmobs_histogram_get(llmobs_metric_define(obs, &info, NULL), NULL, 0);
}

/* At the first request, so that its time is the metrics' start. */
static void replay_begin(replay* run)
{
    llmobs_metric_info info = llmobs_metric_info_default();
    info.name = "replay.requests";
    info.help = "Requests that were replayed.";
    info.unit = "{request}";
    info.instrument = LLMOBS_COUNTER;
    run->requests = llmobs_counter_get(llmobs_metric_define(run->obs, &info, NULL), NULL, 0);
    run->context = histogram(run->obs, "replay.context_tokens", "{token}", LLMOBS_NUMBER_INT, 1.0,
                             16384.0);
    run->generated = histogram(run->obs, "replay.generated_tokens", "{token}", LLMOBS_NUMBER_INT,
                               1.0, 4096.0);
    run->arrival = histogram(run->obs, "replay.inter_arrival", "s", LLMOBS_NUMBER_NANO, 1e-4,
                             100.0);
    run->began_ns = run->now_ns;
    run->ticked_ns = run->now_ns;
}

/* The tick collects what has ended: every second, and before there is no room for more. */
static void replay_tick(replay* run)
{
    if (run->now_ns - run->ticked_ns >= second_ns || ++run->waiting == TICK_REQUESTS) {
        (void)llmobs_tick(run->obs);
        run->ticked_ns = run->now_ns;
        run->waiting = 0;
    }
}

/* One request: the clock goes to its time, then it is recorded. */
static void replay_row(replay* run, const row* request)
{
    if (!run->begun) {
        run->begun = true;
        run->now_ns = request->unix_ns;
        replay_begin(run);
    } else if (request->unix_ns < run->now_ns) {
        run->earlier++;
    } else {
        llmobs_histogram_record_int(run->arrival, request->unix_ns - run->now_ns);
        run->now_ns = request->unix_ns;
    }
    if (run->now_ns >= run->money.month_end_ns) {
        costs_month(&run->money, run->obs);
    }
    costs_request(&run->money, run->obs, request->context_tokens, request->generated_tokens);
    run->context_total += request->context_tokens;
    run->generated_total += request->generated_tokens;
    llmobs_counter_add(run->requests, 1);
    llmobs_histogram_record_int(run->context, request->context_tokens);
    llmobs_histogram_record_int(run->generated, request->generated_tokens);
    replay_tick(run);
}

/* ---- what it says -------------------------------------------------------------------------- */

/* 18059974 as "18,059,974". */
static const char* grouped(uint64_t number, char text[32])
{
    char digits[24];
    int count = snprintf(digits, sizeof digits, "%" PRIu64, number);
    char* out = text;
    for (int i = 0; i < count; i++) {
        if (i > 0 && (count - i) % 3 == 0) {
            *out++ = ',';
        }
        *out++ = digits[i];
    }
    *out = '\0';
    return text;
}

static void print_count(const char* what, uint64_t number)
{
    char text[32];
    printf("  %-22s %15s\n", what, grouped(number, text));
}

static void print_quantiles(const char* what, llmobs_histogram of, int decimals)
{
    static const struct { const char* name; double q; } wanted[] = {
        {"p50", 0.50}, {"p95", 0.95}, {"p99", 0.99}};
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        llmobs_quantile found = llmobs_histogram_quantile(of, wanted[i].q);
        if (found.count > 0) {
            printf("  %-18s %s %15.*f %15.*f %15.*f %9.2f %%\n", i == 0 ? what : "",
                   wanted[i].name, decimals, found.value, decimals, found.low, decimals,
                   found.high, found.relative_error * 100.0);
        }
    }
}

static void print_report(const replay* run, const trace* in, double seconds)
{
    print_count("requests", llmobs_counter_read(run->requests));
    print_count("context tokens", run->context_total);
    print_count("generated tokens", run->generated_total);
    print_count("malformed lines", in->malformed);
    print_count("earlier than before", run->earlier);
    printf("\n  %-22s %15s %15s %15s %11s\n", "of each request", "value", "at least", "at most",
           "off by");
    print_quantiles("context tokens", run->context, 1);
    print_quantiles("generated tokens", run->generated, 1);
    print_quantiles("seconds between", run->arrival, 6);
    double traffic = (double)(run->now_ns - run->began_ns) * 1e-9;
    printf("\n  %.1f s of traffic in %.3f s\n", traffic, seconds);
}

static bool write_all(void* user, const char* data, size_t size)
{
    return fwrite(data, 1, size, (FILE*)user) == size;
}

static bool write_metrics(llmobs* obs, const char* name)
{
    FILE* file = fopen(name, "wb");
    if (file == NULL) {
        return false;
    }
    llmobs_result result = llmobs_prometheus_write(obs, LLMOBS_PROMETHEUS_TEXT, write_all, file);
    return fclose(file) == 0 && result == LLMOBS_OK;
}

/* ---- the whole ----------------------------------------------------------------------------- */

/* Returns the exit status. */
static int replay_trace(replay* run, trace* in, const char* metrics)
{
    row request;
    bool agreed = true;
    bool kept = true;
    double began = seconds_now();
    while (trace_row(in, &request)) {
        if (run->begun && request.unix_ns >= run->money.month_end_ns) {
            clear_progress(in);
            agreed = costs_report(&run->money, run->obs) && agreed;
        }
        replay_row(run, &request);
        kept = (!run->watch.wanted || alerts_keep(&run->watch, &request)) && kept;
        show_progress(in);
    }
    double seconds = seconds_now() - began;
    clear_progress(in);
    if (ferror(in->file) != 0) {
        perror(in->name);
        return 2;
    }
    print_report(run, in, seconds);
    agreed = (!run->begun || costs_report(&run->money, run->obs)) && agreed;
    if (metrics != NULL && !write_metrics(run->obs, metrics)) {
        perror(metrics);
        return 2;
    }
    if (run->watch.wanted && !(kept && alerts_run(&run->watch, &run->money))) {
        return 2;
    }
    return !run->begun || !agreed ? 2 : in->malformed > 0 ? 1 : 0;
}

/* A whole number, from `least` to `most`. */
static bool take_number(const char* text, uint64_t least, uint64_t most, uint64_t* number)
{
    field rest = {text, strlen(text)};
    uint64_t digit;
    bool good = rest.size > 0 && rest.size <= 18;
    *number = 0;
    while (good && take_digits(&rest, 1, &digit)) {
        *number = *number * 10 + digit;
    }
    return good && rest.size == 0 && *number >= least && *number <= most;
}

/* Takes an option and its value; false: there is no such one. */
static bool take_option(costs* money, const char* name, const char* value)
{
    uint64_t top;
    if (strcmp(name, "--prices") == 0) {
        money->prices = value;
    } else if (strcmp(name, "--model") == 0) {
        money->model = value;
    } else if (strcmp(name, "--seed") == 0) {
        return take_number(value, 0, UINT64_MAX, &money->seed);
    } else if (strcmp(name, "--shuffle") == 0) {
        money->shuffle = true;
        return take_number(value, 0, UINT64_MAX, &money->shuffle_seed);
    } else if (strcmp(name, "--top") == 0) {
        bool good = take_number(value, 1, TOP_MOST, &top);
        money->top = (size_t)top;
        return good;
    } else {
        return false;
    }
    return true;
}

/* The two names, of which the second may be missing, and the options; false: bad usage. */
static bool read_arguments(replay* run, int argc, char** argv, const char* names[2])
{
    costs* money = &run->money;
    int count = 0;
    money->prices = "examples/prices.json";
    money->model = "gpt-4o-mini";
    money->seed = 1;
    money->top = 5;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--alerts") == 0 || strcmp(argv[i], "--incident") == 0) {
            run->watch.wanted = true;
            run->watch.incident = run->watch.incident || argv[i][2] == 'i';
        } else if (strncmp(argv[i], "--", 2) == 0) {
            if (i + 1 == argc || !take_option(money, argv[i], argv[i + 1])) {
                return false;
            }
            i++;
        } else if (count == 2) {
            return false;
        } else {
            names[count++] = argv[i];
        }
    }
    return count > 0;
}

int main(int argc, char** argv)
{
    static replay run; /* the clock's, until the instance is closed */
    static trace in;
    const char* names[2] = {NULL, NULL};
    if (!read_arguments(&run, argc, argv, names)) {
        fprintf(stderr, "usage: replay TRACE.csv [METRICS.prom] [--prices FILE] [--model NAME] "
                        "[--seed N] [--shuffle N] [--top N] [--alerts] [--incident]\n");
        return 2;
    }
    if (!trace_open(&in, names[0])) {
        perror(names[0]);
        return 2;
    }
    if (!replay_open(&run)) {
        fprintf(stderr, "replay: no instance\n");
        return 2;
    }
    int status = costs_open(&run.money, run.obs) ? replay_trace(&run, &in, names[1]) : 2;
    llmobs_close(run.obs);
    free(run.watch.rows);
    if (in.file != stdin) {
        fclose(in.file);
    }
    return status;
}

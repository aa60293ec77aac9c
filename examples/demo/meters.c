#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif
#include "meters.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

static const char* const phase_names[] = {"retrieval", "prompt_assembly", "model_call",
                                          "guardrails", "request"};

/* A metric of the demo's own, beside those that llmobs knows. */
static llmobs_metric define_durations(llmobs* obs)
{
    static const char* const labels[] = {"phase"};
    llmobs_metric_info info = llmobs_metric_info_default();
    info.name = "demo_duration_seconds";
    info.help = "Duration of each phase and of whole requests";
    info.unit = "s";
    info.instrument = LLMOBS_HISTOGRAM_EXPONENTIAL;
    info.number = LLMOBS_NUMBER_NANO;
    info.labels = labels;
    info.label_count = 1;
    info.least = 0.000001;
    info.most = 100;
    return llmobs_metric_define(obs, &info, NULL);
}

meters meters_open(llmobs* obs, const char* model, const char* feature)
{
    llmobs_metric tokens = llmobs_metric_of(obs, LLMOBS_METRIC_LLM_TOKENS);
    llmobs_metric durations = llmobs_metric_of(obs, LLMOBS_METRIC_LLM_PHASE_DURATION);
    const char* input[] = {model, "input", feature};
    const char* output[] = {model, "output", feature};
    meters with = {.obs = obs};
    with.input = llmobs_counter_get(tokens, input, 3);
    with.output = llmobs_counter_get(tokens, output, 3);
    with.active = llmobs_updown_get(llmobs_metric_of(obs, LLMOBS_METRIC_LLM_ACTIVE_SESSIONS),
                                    &feature, 1);
    llmobs_metric own = define_durations(obs);
    for (int i = 0; i <= PHASE_WHOLE; i++) {
        with.durations[i] = llmobs_histogram_get(own, &phase_names[i], 1);
        if (i < PHASE_COUNT) {
            with.phases[i] = llmobs_histogram_get(durations, &phase_names[i], 1);
        }
    }
    return with;
}

uint64_t meters_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t meters_phase(const meters* with, phase ended, uint64_t since, llmobs_span span)
{
    uint64_t now = meters_now();
    llmobs_histogram_record_int(with->durations[ended], now - since);
    if (ended < PHASE_COUNT) {
        llmobs_histogram_record_int_in(with->phases[ended], now - since, span);
    }
    return now;
}

void meters_usage(const meters* with, const usage* used)
{
    llmobs_counter_add(with->input, used->prompt_tokens);
    llmobs_counter_add(with->output, used->completion_tokens);
}

void meters_verdict(const meters* with, const verdict* found)
{
    llmobs_metric triggers = llmobs_metric_of(with->obs, LLMOBS_METRIC_LLM_GUARDRAIL_TRIGGERS);
    for (size_t i = 0; i < found->rule_count; i++) {
        const char* labels[] = {found->rules[i], "blocked"};
        llmobs_counter_add(llmobs_counter_get(triggers, labels, 2), 1);
    }
}

/* ---- what they say ------------------------------------------------------------------------- */

static void print_quantiles(const terminal* on, const char* name, llmobs_histogram of)
{
    static const double ranks[] = {0.5, 0.95, 0.99};
    char shown[SHORT_TEXT];
    fprintf(on->stream, "    %-17s", name);
    llmobs_quantile quantile = {0};
    for (size_t i = 0; i < sizeof ranks / sizeof ranks[0]; i++) {
        quantile = llmobs_histogram_quantile(of, ranks[i]);
        fprintf(on->stream, "%12s",
                quantile.count == 0 ? "-"
                                    : show_duration(shown, (uint64_t)(quantile.value * 1e9)));
    }
    fprintf(on->stream, "   +-%.1f %%\n", 100 * quantile.relative_error);
}

void meters_report(const meters* with, const terminal* on)
{
    char input[SHORT_TEXT];
    char output[SHORT_TEXT];
    fprintf(on->stream, "  %sMetrics%s                     p50         p95         p99   error\n",
            paint(on, BOLD), paint(on, PLAIN));
    for (int i = PHASE_WHOLE; i >= 0; i--) {
        print_quantiles(on, phase_names[i], with->durations[i]);
    }
    fprintf(on->stream, "    tokens           %12s in %9s out\n\n",
            show_count(input, llmobs_counter_read(with->input)),
            show_count(output, llmobs_counter_read(with->output)));
}

static bool write_file(void* user, const char* data, size_t size)
{
    return fwrite(data, 1, size, (FILE*)user) == size;
}

bool meters_write(const meters* with, const char* path)
{
    FILE* file = fopen(path, "w");
    bool good = file != NULL && llmobs_prometheus_write(with->obs, LLMOBS_PROMETHEUS_TEXT,
                                                        write_file, file) == LLMOBS_OK;
    good = (file == NULL || fclose(file) == 0) && good;
    if (!good) {
        fprintf(stderr, "demo: %s: %s\n", path, strerror(errno));
    }
    return good;
}

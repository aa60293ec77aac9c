#include "meters.h"

#include <errno.h>
#include <string.h>

/* What stands in the table, from top to bottom. */
static const struct {
    const char* span;
    const char* label;
} measured[METERS_DURATIONS] = {
    {"llm_chain", "request"},
    {"guardrail_check", "guardrails"},
    {"model_call", "model_call"},
    {"prompt_assembly", "prompt_assembly"},
    {"retrieval", "retrieval"},
};

/* Beside those that llmobs knows: their buckets are for dashboards, and coarse below 100 ms. */
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
    llmobs_metric own = define_durations(obs);
    const char* input[] = {model, "input", feature};
    const char* output[] = {model, "output", feature};
    meters with = {.obs = obs};
    with.input = llmobs_counter_get(tokens, input, 3);
    with.output = llmobs_counter_get(tokens, output, 3);
    for (int i = 0; i < METERS_DURATIONS; i++) {
        with.durations[i] = llmobs_histogram_get(own, &measured[i].label, 1);
    }
    return with;
}

void meters_record(const meters* with, const collector* from)
{
    for (size_t i = 0; i < from->count; i++) {
        const kept_span* span = &from->spans[i];
        for (int k = 0; k < METERS_DURATIONS; k++) {
            if (strcmp(span->name, measured[k].span) == 0) {
                llmobs_histogram_record_int(with->durations[k], span->end_ns - span->start_ns);
            }
        }
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
    for (int i = 0; i < METERS_DURATIONS; i++) {
        print_quantiles(on, measured[i].label, with->durations[i]);
    }
    fprintf(on->stream, "    tokens           %12s in %9s out\n\n",
            show_count(input, llmobs_counter_read(with->input)),
            show_count(output, llmobs_counter_read(with->output)));
}

static bool write_file(void* user, const char* data, size_t size)
{
    return fwrite(data, 1, size, (FILE*)user) == size;
}

/* Closes the file; complains if not all is written. */
static bool is_written(FILE* file, const char* path, llmobs_result result)
{
    bool good = file != NULL && result == LLMOBS_OK;
    good = (file == NULL || fclose(file) == 0) && good;
    if (!good) {
        fprintf(stderr, "demo: %s: %s\n", path, strerror(errno));
    }
    return good;
}

bool meters_write(const meters* with, const char* path)
{
    FILE* file = fopen(path, "w");
    llmobs_result result = LLMOBS_ERROR_SYSTEM;
    if (file != NULL) {
        result = llmobs_prometheus_write(with->obs, LLMOBS_PROMETHEUS_TEXT, write_file, file);
    }
    return is_written(file, path, result);
}

bool rules_write(llmobs* obs, const char* path)
{
    FILE* file = fopen(path, "w");
    llmobs_result result = LLMOBS_ERROR_SYSTEM;
    if (file != NULL) {
        result = llmobs_alert_rules_write(obs, LLMOBS_ALERT_FORM_PROMETHEUS, 0, write_file, file);
    }
    return is_written(file, path, result);
}

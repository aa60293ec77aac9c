/* What a program that records spans and metrics takes of the library: bench/size.pl links it. */
#define LLMOBS_IMPLEMENTATION
#include "llmobs.h"

#include <stdio.h>

#ifndef SIZE_NO_TEXT
static bool print(void* user, const char* data, size_t size)
{
    return fwrite(data, 1, size, (FILE*)user) == size;
}
#endif

static llmobs_export_result deliver(void* user, const llmobs_batch* batch)
{
    size_t i;
    for (i = 0; i < batch->span_count; i++) {
        (void)fprintf((FILE*)user, "%s\n", batch->spans[i].name.data);
    }
    return LLMOBS_EXPORT_OK;
}

#ifdef SIZE_REQUESTS
static void request(llmobs* obs)
{
    llmobs_request_info info = llmobs_request_info_default();
    llmobs_outcome outcome = llmobs_outcome_default();
    llmobs_request one;
    info.model = "small";
    one = llmobs_request_begin(obs, &info);
    llmobs_request_token(one);
    outcome.usage.output_tokens = 1;
    llmobs_request_end(one, &outcome);
}
#endif

int main(void)
{
    llmobs_config config = llmobs_config_default();
    llmobs* obs = llmobs_open(&config, NULL);
    static const double bounds[] = {0.1, 1.0, 10.0};
    llmobs_metric_info sum = llmobs_metric_info_default();
    llmobs_metric_info times = llmobs_metric_info_default();
    llmobs_counter counter;
    llmobs_histogram histogram;
    llmobs_span root;
    llmobs_span child;
    llmobs_result result;
    sum.name = "work_total";
    sum.instrument = LLMOBS_COUNTER;
    times.name = "work_seconds";
    times.instrument = LLMOBS_HISTOGRAM;
    times.bounds = bounds;
    times.bound_count = 3;
    counter = llmobs_counter_get(llmobs_metric_define(obs, &sum, &result), NULL, 0);
    histogram = llmobs_histogram_get(llmobs_metric_define(obs, &times, &result), NULL, 0);
    (void)llmobs_export_to(obs, deliver, stdout);
    root = llmobs_span_root(obs, "work");
    child = llmobs_span_child(root, "part");
    llmobs_span_set_int(child, "rows", 4);
    llmobs_span_set_string(child, "table", "t");
    llmobs_span_event(child, "read");
    llmobs_span_end(child);
    llmobs_span_end(root);
    llmobs_counter_add(counter, 1);
    llmobs_histogram_record(histogram, 0.25);
#ifdef SIZE_REQUESTS
    request(obs);
#endif
#ifndef SIZE_NO_TEXT
    (void)llmobs_prometheus_write(obs, LLMOBS_PROMETHEUS_TEXT, print, stdout);
#endif
    return llmobs_close(obs) == LLMOBS_OK ? 0 : 1;
}

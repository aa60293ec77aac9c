/* An exporter is one callback. This one prints each span with its duration and attributes.
       cc -I. examples/custom_exporter.c -o build/custom_exporter -pthread */
#define LLMOBS_IMPLEMENTATION
#include "llmobs.h"

#include <stdio.h>

/* Runs on a thread of its own: it may take its time, recording goes on. */
static llmobs_export_result print_spans(void* user, const llmobs_batch* batch)
{
    for (size_t i = 0; i < batch->span_count; i++) {
        const llmobs_span_view* span = &batch->spans[i];
        double us = (double)(span->end_unix_ns - span->start_unix_ns) / 1000;
        printf("%-12s %8.1f us  %u attributes\n", span->name.data, us, span->attribute_count);
    }
    *(size_t*)user += batch->span_count;
    return LLMOBS_EXPORT_OK; /* or _RETRY: the same batch comes again later; or _DROP: never */
}

int main(void)
{
    size_t printed = 0;
    llmobs* obs = llmobs_open(NULL, NULL); /* all defaults */
    llmobs_export_to(obs, print_spans, &printed);

    llmobs_span request = llmobs_span_root(obs, "request");
    llmobs_span step = llmobs_span_child(request, "retrieval");
    llmobs_span_set_int(step, "docs.count", 4);
    step = llmobs_span_next(step, "model_call");
    llmobs_span_set_string(step, "model.name", "my-model");
    llmobs_span_end(step);
    llmobs_span_end(request);

    llmobs_close(obs); /* waits for the callback: `printed` is ours again */
    return printed == 3 ? 0 : 1;
}

/* A first program: one request of a chain, traced into a file.
       cc -I. examples/quickstart.c -o quickstart -pthread && ./quickstart */
#define LLMOBS_IMPLEMENTATION
#include "llmobs.h"

#include <stdio.h>
#include <sys/stat.h>

static void answer_a_question(llmobs* obs)
{
    llmobs_span request = llmobs_span_root(obs, "llm_chain");

    llmobs_span step = llmobs_span_child(request, "retrieval");
    /* your retrieval */
    llmobs_span_set_int(step, "docs.count", 4);

    step = llmobs_span_next(step, "model_call"); /* ends one step, begins the next */
    /* your call of the model */
    llmobs_span_set_string(step, "model.name", "my-model");
    llmobs_span_set_int(step, "tokens.input", 812);
    llmobs_span_set_int(step, "tokens.output", 96);
    llmobs_span_end(step);

    llmobs_span_end(request);
}

int main(void)
{
    llmobs_config config = llmobs_config_default();
    config.service_name = "quickstart";
    llmobs_result result;
    llmobs* obs = llmobs_open(&config, &result);
    mkdir("out", 0755);
    if (obs != NULL) {
        result = llmobs_export_file(obs, LLMOBS_FORMAT_OTLP_JSON, "out/quickstart.jsonl");
    }
    if (result != LLMOBS_OK) {
        fprintf(stderr, "quickstart: %s\n", llmobs_result_name(result));
    }

    answer_a_question(obs);

    llmobs_close(obs); /* delivers what was recorded */
    puts("out/quickstart.jsonl has the trace: OTLP, one JSON message a line");
    return result == LLMOBS_OK ? 0 : 1;
}

/* The first program: one request of a retrieval-augmented chain, traced, measured and logged.

   cc -I. examples/quickstart.c -o quickstart -pthread */
#define LLMOBS_IMPLEMENTATION
#include "llmobs.h"

#include <stdio.h>
#include <sys/stat.h>

static void answer_a_question(llmobs* obs, const char* prompt)
{
    llmobs_request_info info = llmobs_request_info_default();
    info.request_id = "req-17";
    info.user_id = "u42"; /* becomes a pseudonym */
    info.feature = "support";
    info.model = "my-model";
    llmobs_request request = llmobs_request_begin(obs, &info);

    llmobs_span step = llmobs_phase_begin(request, LLMOBS_PHASE_RETRIEVAL);
    /* your retrieval */
    llmobs_span_set_int(step, "docs.count", 4);

    step = llmobs_phase_next(request, step, LLMOBS_PHASE_MODEL_CALL);
    for (int token = 0; token < 96; token++) {
        /* your model */
        llmobs_request_token(request);
    }
    llmobs_span_end(step);
    llmobs_guardrail(request, "pii_leak", LLMOBS_GUARDRAIL_PASSED);

    llmobs_outcome outcome = llmobs_outcome_default();
    outcome.usage.input_tokens = 812;
    outcome.usage.output_tokens = 96;
    outcome.input = llmobs_text(prompt, LLMOBS_NUL_TERMINATED); /* hashed here, never stored */
    llmobs_request_end(request, &outcome);
}

int main(void)
{
    llmobs_config config = llmobs_config_default();
    config.service_name = "quickstart";
    llmobs_result result;
    llmobs* obs = llmobs_open(&config, &result);
    mkdir("out", 0755);
    if (result == LLMOBS_OK) {
        result = llmobs_export_file(obs, LLMOBS_FORMAT_OTLP_JSON, "out/quickstart.jsonl");
    }
    if (result == LLMOBS_OK) {
        result = llmobs_export_file(obs, LLMOBS_FORMAT_LOG_JSON, "out/requests.jsonl");
    }
    if (result != LLMOBS_OK) {
        fprintf(stderr, "quickstart: %s\n", llmobs_result_name(result));
    }

    answer_a_question(obs, "How do I change my address?");

    llmobs_close(obs); /* delivers what was recorded */
    if (result == LLMOBS_OK) {
        puts("out/quickstart.jsonl has the trace (OTLP), out/requests.jsonl a line for it");
    }
    return result == LLMOBS_OK ? 0 : 1;
}

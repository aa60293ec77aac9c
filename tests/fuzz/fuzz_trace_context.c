/* A traceparent, a newline, a tracestate: what was read is written and read again, and is the same.
   Seeds: a line of text each in corpus/trace_context. */
#include "llmobs_private.h"

#define CHECK(condition) ((condition) ? (void)0 : abort())

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    const char* text = (const char*)data;
    const char* line = size > 0 ? (const char*)memchr(text, '\n', size) : NULL;
    size_t parent_size = line != NULL ? (size_t)(line - text) : size;
    size_t state_size = line != NULL ? size - parent_size - 1 : 0;
    char parent[LLMOBS_TRACEPARENT_SIZE];
    llmobs_trace_context context, again;
    uint64_t threshold = 0, randomness;
    if (llmobs_trace_context_parse(&context, text, parent_size, line != NULL ? line + 1 : NULL,
                                   state_size) != LLMOBS_OK) {
        return 0;
    }
    CHECK(llmobs_traceparent_format(&context, parent) == 55 && strlen(parent) == 55);
    CHECK(memchr(context.tracestate, '\0', sizeof context.tracestate) != NULL);
    CHECK(llmobs_trace_context_parse(&again, parent, LLMOBS_NUL_TERMINATED, context.tracestate,
                                     LLMOBS_NUL_TERMINATED) == LLMOBS_OK);
    CHECK(memcmp(&context, &again, sizeof context) == 0);

    randomness = llmobsi_sampling_randomness(&context);
    CHECK(randomness >> 56 == 0);
    CHECK(llmobsi_tracestate_set_threshold(again.tracestate, randomness) ==
          strlen(again.tracestate));
    CHECK(llmobsi_tracestate_threshold(again.tracestate, &threshold) && threshold == randomness);
    CHECK(llmobsi_sampling_randomness(&again) == randomness);
    CHECK(llmobsi_tracestate_clear_threshold(again.tracestate) == strlen(again.tracestate));
    CHECK(!llmobsi_tracestate_threshold(again.tracestate, &threshold));
    return 0;
}

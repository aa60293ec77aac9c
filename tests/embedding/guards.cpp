/* The guards of docs/embedding.md, left by an end and by an exception. */
#define LLMOBS_IMPLEMENTATION
#include "llmobs.h"

#include <cstdio>
#include <exception>
#include <stdexcept>

/* @ guards */

static void work(llmobs* obs, const char* id, bool fails)
{
    llmobs_request_info info = llmobs_request_info_default();
    info.request_id = id;
    RequestGuard request(llmobs_request_begin(obs, &info));
    SpanGuard step(llmobs_span_child(llmobs_request_span(request.get()), "step"));
    llmobs_span_set_bool(step.get(), "fails", fails);
    if (fails) {
        throw std::runtime_error("no memory");
    }
    request.outcome.usage.output_tokens = 7;
    request.finish("stop");
}

int main(int, char** argv)
{
    llmobs* obs = llmobs_open(nullptr, nullptr);
    llmobs_export_file(obs, LLMOBS_FORMAT_OTLP_JSON, argv[1]);
    work(obs, "good", false);
    try {
        work(obs, "bad", true);
    } catch (const std::exception&) {
        std::puts("caught");
    }
    return llmobs_close(obs) == LLMOBS_OK ? 0 : 1;
}

/* A trace that crosses processes: a server takes its caller's traceparent header, and sends its own
   on to the model's server (W3C Trace Context).
       cc -I. examples/propagation.c -o build/propagation -pthread */
#define LLMOBS_IMPLEMENTATION
#include "llmobs.h"

#include <stdio.h>
#include <string.h>

/* Handles a request with the headers `traceparent` and `tracestate` (NULL: it had none); writes the
   traceparent of the request that it makes in turn. */
static void handle_request(llmobs* obs, const char* traceparent, const char* tracestate,
                           char sent[LLMOBS_TRACEPARENT_SIZE])
{
    llmobs_span_info info = llmobs_span_info_default();
    info.name = "handle_request";
    info.kind = LLMOBS_KIND_SERVER;
    info.traceparent = traceparent; /* a malformed one begins a new trace, and is counted */
    info.tracestate = tracestate;
    llmobs_span server = llmobs_span_begin(obs, &info);

    llmobs_span client = llmobs_span_child(server, "model_call");
    llmobs_span_set_kind(client, LLMOBS_KIND_CLIENT);
    llmobs_trace_context context;
    llmobs_span_context(client, &context);
    llmobs_traceparent_format(&context, sent); /* and context.tracestate, if it is not "" */
    llmobs_span_end(client);
    llmobs_span_end(server);
}

static llmobs_export_result ignore_spans(void* user, const llmobs_batch* batch)
{
    (void)user;
    (void)batch;
    return LLMOBS_EXPORT_OK;
}

int main(void)
{
    const char* received = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    char sent[LLMOBS_TRACEPARENT_SIZE];
    llmobs* obs = llmobs_open(NULL, NULL);
    llmobs_export_to(obs, ignore_spans, NULL);

    handle_request(obs, received, "vendor=value", sent);
    printf("received %s\nsent     %s\n", received, sent);
    bool same_trace = strncmp(received, sent, 35) == 0;      /* version and trace id */
    bool new_parent = strncmp(received, sent, 52) != 0;      /* and the caller's span id */

    handle_request(obs, NULL, NULL, sent);
    printf("without  %s\n", sent);
    bool new_trace = strlen(sent) == 55 && strncmp(received, sent, 35) != 0;

    llmobs_close(obs);
    return same_trace && new_parent && new_trace ? 0 : 1;
}

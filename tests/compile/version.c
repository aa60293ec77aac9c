/* One copy of the library among others in a process: built with the HEADER and the PREFIX of its
   functions that the command line says. It is used by tests/compile/versions.c, which knows no
   type of it. */
#define LLMOBS_IMPLEMENTATION
#include HEADER

#include <stdio.h>
#include <string.h>

#include "version.h"

#define GLUE(a, b) a##_##b
#define NAME_OF(prefix, name) GLUE(prefix, name)
#define NAME(name) NAME_OF(PREFIX, name)

static llmobs* obs;
static llmobs_request request;
static uint64_t spans;
static uint64_t others;

static llmobs_export_result take(void* user, const llmobs_batch* batch)
{
    size_t i;
    (void)user;
    for (i = 0; i < batch->span_count; i++) {
        spans++;
        others += strcmp(batch->spans[i].name.data, "chat " TEXT_OF(PREFIX)) != 0 &&
                  strcmp(batch->spans[i].name.data, TEXT_OF(PREFIX)) != 0;
    }
    return LLMOBS_EXPORT_OK;
}

void NAME(begin)(void);
void NAME(begin)(void)
{
    llmobs_config config = llmobs_config_default();
    llmobs_request_info info = llmobs_request_info_default();
    config.service_name = TEXT_OF(PREFIX);
    config.metric_families = LLMOBS_FAMILY_ALL;
    obs = llmobs_open(&config, NULL);
    (void)llmobs_export_to(obs, take, NULL);
    info.model = TEXT_OF(PREFIX);
    info.server = true;
    request = llmobs_request_begin(obs, &info);
}

void NAME(tokens)(int count);
void NAME(tokens)(int count)
{
    while (count-- > 0) {
        llmobs_request_token(request);
        if (count % 100 == 0) {
            llmobs_span_end(llmobs_span_child(llmobs_request_span(request), TEXT_OF(PREFIX)));
        }
    }
}

/* Its handles, as bytes: for the others to use as theirs. */
void NAME(give)(strangers* out);
void NAME(give)(strangers* out)
{
    llmobs_span span = llmobs_request_span(request);
    memset(out, 0, sizeof *out);
    memcpy(out->request, &request, sizeof request);
    memcpy(out->span, &span, sizeof span);
    out->instance = obs;
}

void NAME(take)(const strangers* in);
void NAME(take)(const strangers* in)
{
    llmobs_request stranger;
    llmobs_span span;
    memcpy(&stranger, in->request, sizeof stranger);
    memcpy(&span, in->span, sizeof span);
    llmobs_request_token(stranger);
    llmobs_request_end(stranger, NULL);
    llmobs_span_end(span);
    llmobs_span_end(llmobs_span_root((llmobs*)in->instance, "of a stranger"));
    (void)llmobs_close((llmobs*)in->instance);
}

void NAME(end)(account* out);
void NAME(end)(account* out)
{
    llmobs_outcome outcome = llmobs_outcome_default();
    llmobs_stats stats;
    char text[1 << 16];
    size_t size = sizeof text;
    const char* at;
    memset(out, 0, sizeof *out);
    memset(&stats, 0, sizeof stats);
    stats.size = sizeof stats;
    outcome.usage.input_tokens = 3;
    llmobs_request_end(request, &outcome);
    (void)llmobs_flush(obs, 5000);
    (void)llmobs_prometheus_print(obs, LLMOBS_PROMETHEUS_TEXT, text, &size);
    at = strstr(text, "vllm:generation_tokens_total{model_name=\"" TEXT_OF(PREFIX) "\"");
    if (at != NULL) {
        (void)sscanf(strchr(at, ' '), "%ld", &out->tokens);
    }
    out->closed = llmobs_close_with_stats(obs, &stats) == LLMOBS_OK;
    out->requests = (long)stats.requests_ended;
    out->begun = (long)stats.requests_begun;
    out->late = (long)stats.requests_late;
    out->spans = (long)spans;
    out->others = (long)others;
    out->config_size = (long)sizeof(llmobs_config);
    (void)snprintf(out->version, sizeof out->version, "%s", llmobs_version());
}

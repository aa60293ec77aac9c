/* The exporter kit on examples/otlp_http.h, in OTLP/JSON, whose items can be counted by hand. Link
   it with -lcurl. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#define LLMOBS_IMPLEMENTATION
#include "llmobs.h"

#include "../../examples/otlp_http.h"

#include "exporter_kit.c"

#include "kit_http.h"

/* Each span has one end, each record one time of observation. A point has a time, and so has an
   exemplar, which has a span, too. */
static uint64_t items_in(const char* path, const char* body, size_t size)
{
    if (strcmp(path, "/v1/traces") == 0) {
        return kit_http_times(body, size, "\"endTimeUnixNano\":");
    }
    if (strcmp(path, "/v1/logs") == 0) {
        return kit_http_times(body, size, "\"observedTimeUnixNano\":");
    }
    return kit_http_times(body, size, "\"timeUnixNano\":") -
           kit_http_times(body, size, "\"spanId\":");
}

static size_t one_rejected(const char* head, char* out, size_t room)
{
    const char* what = strncmp(head, "POST /v1/t", 10) == 0   ? "rejectedSpans"
                       : strncmp(head, "POST /v1/l", 10) == 0 ? "rejectedLogRecords"
                                                              : "rejectedDataPoints";
    return (size_t)snprintf(out, room, "{\"partialSuccess\":{\"%s\":\"1\"}}", what);
}

static kit_http server = {.count = items_in, .partial = one_rejected};

static bool make_otlp(void* user, llmobs_exporter* exporter)
{
    otlp_http* to = (otlp_http*)calloc(1, sizeof *to);
    char url[64];
    (void)user;
    if (server.port == 0) {
        curl_global_init(CURL_GLOBAL_DEFAULT);
        if (!kit_http_start(&server)) {
            return false;
        }
        snprintf(url, sizeof url, "http://127.0.0.1:%u", (unsigned)server.port);
        setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url, 1);
        setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json", 1);
        setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none", 1);
        setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1000", 1);
    }
    if (!otlp_http_init(to)) {
        return false;
    }
    *exporter = otlp_http_exporter(to);
    return true;
}

static void unmake_otlp(void* user, const llmobs_exporter* exporter)
{
    (void)user;
    free(exporter->user);
}

static uint64_t received(void* user)
{
    (void)user;
    return kit_http_received(&server);
}

static bool fail(void* user, exporter_kit_fault fault, uint32_t count)
{
    (void)user;
    return kit_http_fault(&server, fault, count);
}

int main(void)
{
    exporter_kit otlp;
    memset(&otlp, 0, sizeof otlp);
    otlp.name = "otlp_http";
    otlp.make = make_otlp;
    otlp.unmake = unmake_otlp;
    otlp.received = received;
    otlp.fail = fail;
    exporter_kit_run(&otlp);
    return exporter_kit_done();
}

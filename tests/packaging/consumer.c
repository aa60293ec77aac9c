/* A user who has installed llmobs: records a span, writes Prometheus text, and looks at both. Says
   the version of the header and of the implementation that it was linked with. */
#include "llmobs.h"

#include <stdio.h>
#include <string.h>

static llmobs_export_result keep_name(void* user, const llmobs_batch* batch)
{
    char* name = (char*)user;
    if (batch->span_count == 1) {
        (void)snprintf(name, 32, "%s", batch->spans[0].name.data);
    }
    return LLMOBS_EXPORT_OK;
}

int main(void)
{
    static char text[262144];
    size_t size = sizeof text;
    char name[32] = "";
    llmobs_metric_info info = llmobs_metric_info_default();
    llmobs* obs = llmobs_open(NULL, NULL);
    llmobs_counter served;
    int good;
    info.name = "consumer_served_total";
    info.instrument = LLMOBS_COUNTER;
    served = llmobs_counter_get(llmobs_metric_define(obs, &info, NULL), NULL, 0);
    (void)llmobs_export_to(obs, keep_name, name);
    llmobs_span_end(llmobs_span_root(obs, "consumer"));
    llmobs_counter_add(served, 3);
    good = llmobs_flush(obs, 5000) == LLMOBS_OK && strcmp(name, "consumer") == 0;
    good = llmobs_prometheus_print(obs, LLMOBS_PROMETHEUS_TEXT, text, &size) == LLMOBS_OK && good;
    good = strstr(text, "\nconsumer_served_total 3\n") != NULL && good;
    good = llmobs_close(obs) == LLMOBS_OK && good;
    printf("%s %s\n", LLMOBS_VERSION_STRING, llmobs_version());
    return good ? 0 : 1;
}

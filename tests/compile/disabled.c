/* Built with -DLLMOBS_DISABLE and -DLLMOBS_IMPLEMENTATION: nothing is left of the library. */
#include <stdio.h>
#include <string.h>

#include "../../llmobs.h"
#include "life.h"

static int evaluated;

static const char* name(void)
{
    evaluated++;
    return "name";
}

int main(void)
{
    llmobs_result result = LLMOBS_ERROR_MEMORY;
    llmobs_config config = llmobs_config_default();
    llmobs* obs = llmobs_open(&config, &result);
    llmobs_span span = llmobs_span_root(obs, name());
    llmobs_stats stats;
    memset(&stats, 1, sizeof stats);
    stats.size = sizeof stats;
    llmobs_span_set_string(span, "key", name());
    (void)llmobs_stats_read(obs, &stats);
    llmobs_span_end(span);
    printf("%d %d %d %d %d\n", obs == NULL, evaluated, span.generation == 0, stats.started == 0,
           life());
    return obs == NULL && evaluated == 2 && span.generation == 0 && stats.started == 0 &&
                   result == LLMOBS_OK && life() == -1
               ? 0
               : 1;
}

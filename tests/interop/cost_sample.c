/* Costs for cost_python.py: a table, and usages of which each is a row of numbers and words.

       cost_sample TABLE USAGES COSTS    "-" stands for a word that is not there */
#define LLMOBS_IMPLEMENTATION
#include "llmobs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char* word(char** row)
{
    const char* found = strsep(row, "\t\n");
    return strcmp(found, "-") != 0 ? found : NULL;
}

static int64_t number(char** row)
{
    return (int64_t)strtoll(strsep(row, "\t\n"), NULL, 10);
}

static void price(llmobs* obs, char* row, FILE* out)
{
    llmobs_cost_query query = llmobs_cost_query_default();
    llmobs_cost cost;
    int kind;
    cost.size = sizeof cost;
    query.provider = word(&row);
    query.model = word(&row);
    query.service_tier = word(&row);
    query.region = word(&row);
    query.unix_ns = (uint64_t)number(&row) * 1000000000;
    query.batch = number(&row) != 0;
    query.cache_additive = number(&row) != 0;
    query.usage.reported = true;
    query.usage.input_tokens = number(&row);
    query.usage.output_tokens = number(&row);
    query.usage.cached_tokens = number(&row);
    query.usage.cache_write_tokens = number(&row);
    query.usage.cache_write_1h_tokens = number(&row);
    query.usage.audio_input_tokens = number(&row);
    query.usage.image_input_tokens = number(&row);
    query.usage.reasoning_tokens = number(&row);
    query.usage.audio_output_tokens = number(&row);
    query.usage.image_output_tokens = number(&row);
    (void)llmobs_cost_of(obs, &query, &cost);
    fprintf(out, "%d\t%lld", (int)cost.status,
            cost.nano == LLMOBS_COST_UNKNOWN ? -1 : (long long)cost.nano);
    for (kind = 0; kind < (int)LLMOBS_COST_KIND_COUNT; kind++) {
        fprintf(out, "\t%lld",
                cost.of[kind] == LLMOBS_COST_UNKNOWN ? -1 : (long long)cost.of[kind]);
    }
    fprintf(out, "\t%lld\n", cost.saved == LLMOBS_COST_UNKNOWN ? -1 : (long long)cost.saved);
}

int main(int count, char** words)
{
    static char row[4096];
    llmobs_config config = llmobs_config_default();
    llmobs_price_error error;
    llmobs_result result;
    FILE* in = count == 4 ? fopen(words[2], "rb") : NULL;
    FILE* out = count == 4 ? fopen(words[3], "wb") : NULL;
    llmobs* obs;
    config.host_pumped = true;
    config.price_bytes = 4 << 20;
    obs = llmobs_open(&config, NULL);
    if (in == NULL || out == NULL || obs == NULL) {
        fprintf(stderr, "usage: cost_sample TABLE USAGES COSTS\n");
        return 2;
    }
    error.size = sizeof error;
    result = llmobs_prices_load_file(obs, words[1], &error);
    if (result != LLMOBS_OK) {
        fprintf(stderr, "%s:%u:%u: %s\n", words[1], error.line, error.column, error.reason);
        return 1;
    }
    while (fgets(row, sizeof row, in) != NULL) {
        price(obs, row, out);
    }
    (void)llmobs_close(obs);
    (void)fclose(in);
    return fclose(out) != 0;
}

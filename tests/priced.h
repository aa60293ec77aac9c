/* For tests of prices and costs: an instance with a table, and what a request cost by it. Include
   it after llmobs.h and tap.h. */
#ifndef PRICED_H
#define PRICED_H

static inline llmobs* open_priced(uint32_t price_bytes)
{
    llmobs_config config = llmobs_config_default();
    config.host_pumped = true;
    config.price_bytes = price_bytes;
    return llmobs_open(&config, NULL);
}

static llmobs_price_error load_error;

static inline llmobs_result load(llmobs* obs, const char* json)
{
    memset(&load_error, 0, sizeof load_error);
    return llmobs_prices_load(obs, json, strlen(json), &load_error);
}

/* A query whose account is complete: what is not set is none. */
static inline llmobs_cost_query asked(const char* model, int64_t input, int64_t output)
{
    llmobs_cost_query query = llmobs_cost_query_default();
    query.model = model;
    query.usage.input_tokens = input;
    query.usage.output_tokens = output;
    query.usage.reported = true;
    return query;
}

static inline llmobs_cost cost_of(llmobs* obs, const llmobs_cost_query* query)
{
    llmobs_cost cost;
    memset(&cost, 0, sizeof cost);
    (void)llmobs_cost_of(obs, query, &cost);
    return cost;
}

/* In nano-USD, LLMOBS_COST_UNKNOWN unless it is exact. */
static inline int64_t exact(llmobs* obs, const llmobs_cost_query* query)
{
    llmobs_cost cost = cost_of(obs, query);
    return cost.status == LLMOBS_COST_EXACT && cost.low == cost.nano && cost.high == cost.nano
               ? cost.nano
               : LLMOBS_COST_UNKNOWN;
}

#endif

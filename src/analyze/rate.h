/* ---- what decides about the price of a request --------------------------------------------- */

/* What is asked: who did what, how, where, when, with how many tokens. */
typedef struct llmobs_cost_query {
    size_t size;              /* sizeof(llmobs_cost_query); 0 means this version's             */
    const char* provider;     /* OpenTelemetry's name or the table's; NULL: unknown            */
    const char* model;        /* what answered, or as asked for; may have "provider/" in front */
    const char* service_tier; /* "flex", "priority", "batch", ...; NULL, "default", and what the
                                 model has no price for: the standard price                    */
    const char* region;       /* "eu", "us", ..., where it was processed; NULL: anywhere       */
    uint64_t unix_ns;         /* when, for off-peak hours; 0: now                              */
    llmobs_usage usage;
    bool batch;          /* the same as service_tier "batch"                                   */
    bool cache_additive; /* cached and cache-write tokens come on top of the input tokens, as
                            Anthropic reports them; else they are part of it                   */
} llmobs_cost_query;

/* [any] One of which nothing is known: counts -1. */
LLMOBS_API llmobs_cost_query llmobs_cost_query_default(void);

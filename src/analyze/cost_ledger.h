/* ---- the cost ledger ----------------------------------------------------------------------- */

/* What is summed up. Every sum is a whole number, so it does not depend on the order of its parts,
   and sums over features, models or tenants come to the same total. A sum that would be more than
   INT64_MAX stays there: llmobs_cost_answer.saturated. */
typedef struct llmobs_cost_sums {
    int64_t requests;
    int64_t errors;    /* of them: with an error type                                             */
    int64_t unknown;   /* whose cost is not known: it is not in cost_nano,                        */
    int64_t unbounded; /* and of these, those of which not even a most is known                   */
    int64_t cost_nano; /* USD / 10^9                                                              */
    int64_t low_nano;  /* of requests whose cost is not known: at least                           */
    int64_t high_nano; /* and, but for the unbounded ones, at most                                */
    int64_t latency_ns;
    int64_t tokens;       /* of input and output                                                  */
    int64_t input_tokens; /* where they are known, as all below                                   */
    int64_t output_tokens;
    int64_t cached_tokens;
    int64_t cache_write_tokens;
    int64_t reasoning_tokens;
    int64_t audio_input_tokens;
    int64_t audio_output_tokens;
    int64_t image_input_tokens;
    int64_t image_output_tokens;
    int64_t saved_nano; /* by caches of prompts, of requests whose cost is known: by prices what the
                           tokens would have cost as input, on own hardware an estimate of the time
                           that they would have taken. See docs/cost.md                           */
} llmobs_cost_sums;

/* What found no place of its own: a new feature, model or tenant when llmobs_config.cost_rows were
   in use; the details of an old period when its places were needed. */
#define LLMOBS_COST_OTHER "__other__"
/* What came from llmobs_cost_record when no request's record was free. */
#define LLMOBS_COST_UNTRACKED "__untracked__"

/* Users in a report, at most; and lines in one that is written. */
#define LLMOBS_REPORT_LINES 64u

/* What one request cost, for llmobs_config.cost_store. Texts live until it returns; "" where there
   is none. */
struct llmobs_cost_entry {
    size_t size;            /* sizeof(llmobs_cost_entry) of the implementation */
    const char* request_id;
    const char* user_id;    /* a pseudonym */
    const char* feature;
    const char* model;
    const char* tenant;
    const char* error_type; /* NULL: it did not fail */
    int64_t cost_nano;      /* USD / 10^9, or LLMOBS_COST_UNKNOWN */
    int64_t tokens;         /* of input and output, -1: unknown   */
    uint64_t latency_ns;
};

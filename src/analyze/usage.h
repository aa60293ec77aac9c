/* ---- tokens that were used ----------------------------------------------------------------- */

/* What a request used, in tokens; -1: unknown, which is not zero. Cached and cache-write tokens are
   part of the input, reasoning tokens of the output, audio and image tokens of either. */
typedef struct llmobs_usage {
    int64_t input_tokens;
    int64_t output_tokens;
    int64_t cached_tokens;
    int64_t cache_write_tokens;
    int64_t reasoning_tokens;
    int64_t audio_input_tokens;
    int64_t audio_output_tokens;
    int64_t image_input_tokens;
    int64_t image_output_tokens;
    int64_t system_tokens; /* parts of the input, for llmobs_request_explain: instructions, */
    int64_t history_tokens; /* the conversation so far,                                     */
    int64_t retrieval_tokens; /* what was retrieved,                                        */
    int64_t tool_tokens;      /* definitions and results of tools,                          */
    int64_t user_tokens;      /* and what the user wrote                                    */
    llmobs_provenance provenance;
    bool reported; /* all that the provider says: what is -1 is none, what is 0 is 0. Without it
                      all counts 0 are "unknown" */
    int64_t cache_write_1h_tokens; /* of the cache-write tokens: those kept for an hour */
} llmobs_usage;

/* ---- one LLM interaction as a log record --------------------------------------------------- */

/* Whose word a number of tokens is. */
typedef enum llmobs_provenance {
    LLMOBS_USAGE_REPORTED = 0, /* the provider's or engine's own                      */
    LLMOBS_USAGE_COUNTED = 1,  /* with the right tokenizer, or one by one as they came */
    LLMOBS_USAGE_ESTIMATED = 2 /* by rule of thumb                                    */
} llmobs_provenance;

/* What is known of one interaction: what goes in, and what exporters get. Texts arrive safe: ids
   are pseudonyms, prompts and answers are hashes and lengths. They are copied, each cut to
   llmobs_config.value_bytes. Empty texts and negative numbers mean "unknown", which is not zero. */
typedef struct llmobs_interaction {
    size_t size;              /* sizeof(llmobs_interaction); 0 means this version's              */
    uint64_t unix_ns;         /* when it ended; 0: now                                           */
    llmobs_severity severity; /* (default INFO)                                                  */
    bool guardrails_passed;   /* (default true)                                                  */
    bool cost_known;          /* (default false)                                                 */
    llmobs_provenance provenance; /* of the tokens (default REPORTED)                            */
    const llmobs_string* guardrails_triggered; /* names of rules                                 */
    size_t guardrail_count;
    llmobs_string request_id;
    llmobs_string user_id;    /* a pseudonym                                                     */
    llmobs_string model;      /* as asked for                                                    */
    llmobs_string input_hash; /* such as "hmac-sha256:<key id>:<hex>"                            */
    llmobs_string output_hash;
    llmobs_string finish_reason;
    llmobs_string error_type;
    llmobs_string session_id; /* a pseudonym                                                     */
    llmobs_string tenant;
    llmobs_string feature;
    llmobs_string provider;
    llmobs_string operation;
    llmobs_string response_model; /* as the provider says                                        */
    llmobs_string prompt_name;
    llmobs_string prompt_version;
    int64_t input_length; /* of the texts: bytes, or what the host counts in                     */
    int64_t output_length;
    int64_t input_tokens;  /* cached ones and all other kinds included                           */
    int64_t output_tokens; /* reasoning and all other kinds included                             */
    int64_t cached_tokens; /* of the input: read from a cache                                    */
    int64_t cache_write_tokens;
    int64_t reasoning_tokens; /* of the output                                                   */
    int64_t audio_input_tokens;
    int64_t audio_output_tokens;
    int64_t image_input_tokens;
    int64_t image_output_tokens;
    int64_t latency_ns;
    int64_t time_to_first_token_ns;
    int64_t queue_ns;
    int64_t retries;
    int64_t guardrail_verdicts; /* how many looked; 0: `guardrails_passed` says nothing          */
    int64_t cost_nano; /* USD / 10^9, where cost_known                                           */
} llmobs_interaction;

/* [any] One of which nothing is known. */
LLMOBS_API llmobs_interaction llmobs_interaction_default(void);

/* [any] Records the event "llm.interactions", with the interaction as its contents, as part of a
   span's trace (a zeroed span: of none). Goes the way of llmobs_log, and by the same rules. About
   100 ns, and 5 a text. */
LLMOBS_API void llmobs_log_interaction(llmobs* obs, llmobs_span span,
                                       const llmobs_interaction* interaction);

/* ---- requests: what is said of them -------------------------------------------------------- */

/* One request to an LLM application or engine, by value. It may begin on one thread, make tokens on
   a second and end on a third. Zeroed ones, ended ones and those of a closed instance are inert:
   late and repeated calls are harmless, and counted. */
typedef struct llmobs_request {
    uint32_t instance; /* private, as all its fields */
    uint32_t place;
    uint64_t generation;
} llmobs_request;

/* The steps of a chain. X(id, the metric's label, the span's name). */
#define LLMOBS_PHASES(X)                                                                          \
    X(RETRIEVAL, "retrieval", "retrieval")                                                        \
    X(PROMPT_ASSEMBLY, "prompt_assembly", "prompt_assembly")                                      \
    X(MODEL_CALL, "model_call", "model_call")                                                     \
    X(GUARDRAILS, "guardrails", "guardrail_check")                                                \
    X(TOOL, "tool", "execute_tool")                                                               \
    X(OTHER, "other", "other")

typedef enum llmobs_phase {
#define LLMOBS_I_PHASE(id, label, name) LLMOBS_PHASE_##id,
    LLMOBS_PHASES(LLMOBS_I_PHASE)
#undef LLMOBS_I_PHASE
    LLMOBS_PHASE_COUNT
} llmobs_phase;

typedef enum llmobs_guardrail_action {
    LLMOBS_GUARDRAIL_PASSED = 0,   /* looked, and found nothing  */
    LLMOBS_GUARDRAIL_FLAGGED = 1,  /* found something, let it go */
    LLMOBS_GUARDRAIL_FILTERED = 2, /* took it out                */
    LLMOBS_GUARDRAIL_BLOCKED = 3   /* refused the whole          */
} llmobs_guardrail_action;

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

/* What is known at the end. */
typedef struct llmobs_outcome {
    size_t size; /* sizeof(llmobs_outcome); 0 means this version's                                */
    llmobs_usage usage;
    llmobs_string input;   /* the prompt: hashed and measured here, never stored                  */
    llmobs_string output;  /* the answer; leave it empty where llmobs_request_output had it       */
    llmobs_string context; /* what was retrieved; for the audit callback alone                    */
    const char* finish_reason;  /* "stop", "length", "content_filter", "tool_calls", ...          */
    const char* error_type;     /* NULL: it did not fail. "timeout", "rate_limit", ...: no texts  */
    const char* response_model; /* as the provider says                                           */
    int64_t cost_nano; /* in USD / 10^9, where the host knows it,                                 */
    bool cost_known;   /* and says so                                             (default false) */
    bool judge;        /* have it judged: its texts are kept for llmobs_capture_take. Without it
                          they are kept where a guardrail triggered             (default false) */
    bool cancelled;    /* the client went away: "cancelled" is the finish reason, if you give no
                          other; to vllm:request_success "abort"                                  */
} llmobs_outcome;

#define LLMOBS_COST_UNKNOWN INT64_MIN

/* A piece of raw text on its way to the host's own secure store: llmobs_config.audit. */
struct llmobs_audit {
    size_t size;            /* sizeof(llmobs_audit) of the implementation                         */
    const char* request_id; /* "" where there is none                                             */
    llmobs_domain part;     /* LLMOBS_DOMAIN_INPUT, _OUTPUT or _CONTEXT                           */
    const char* chunk;      /* lives until the callback returns                                   */
    size_t chunk_size;
    uint64_t offset;        /* in the part */
    bool final;             /* the part ends with this chunk, which may be empty                  */
};

/* One of the recent requests, taken apart. Numbers of tokens are -1 where they are unknown. */
typedef struct llmobs_explanation {
    size_t size; /* sizeof(llmobs_explanation) of the implementation */
    char request_id[LLMOBS_EXPLAINED_TEXT];
    char model[LLMOBS_EXPLAINED_TEXT];
    uint64_t latency_ns;
    int64_t queue_ns; /* -1: unknown */
    int64_t time_to_first_token_ns;
    uint64_t phase_ns[LLMOBS_PHASE_COUNT]; /* all spans of a phase together */
    int64_t docs_count; /* "docs.count" of its phases, -1: not set */
    llmobs_usage usage;
    int64_t cost_nano; /* LLMOBS_COST_UNKNOWN */
    uint32_t retries;
    uint32_t rules; /* guardrail rules that triggered */
} llmobs_explanation;

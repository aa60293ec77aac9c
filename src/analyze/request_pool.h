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

/* What is known at the end. */
typedef struct llmobs_outcome {
    size_t size; /* sizeof(llmobs_outcome); 0 means this version's                                */
    llmobs_usage usage;
    llmobs_string input;   /* the prompt: hashed and measured here, not stored unless
                              llmobs_config.captures says so; likewise the next two              */
    llmobs_string output;  /* the answer; leave it empty where llmobs_request_output had it       */
    llmobs_string context; /* what was retrieved: for the audit callback and captures             */
    const char* finish_reason;  /* "stop", "length", "content_filter", "tool_calls", ...          */
    const char* error_type;     /* NULL: it did not fail. "timeout", "rate_limit", ...: no texts  */
    const char* response_model; /* as the provider says                                           */
    int64_t cost_nano; /* in USD / 10^9, where the host knows it,                                 */
    bool cost_known;   /* and says so. Else it is computed, by the table of prices, or by
                          llmobs_config.gpu_second_nano and kwh_nano              (default false) */
    const char* service_tier; /* for prices: "flex", "priority", ...; NULL: the standard one      */
    const char* region;       /* "eu", "us", ..., where it was processed; NULL: anywhere          */
    llmobs_reservation reservation; /* of llmobs_budget_reserve: settled with what it cost; if
                                       that is not known with what it may have been at most,
                                       or else with what was reserved                             */
    bool batch;          /* at the price of batches                                               */
    bool cache_additive; /* cached and cache-write tokens come on top of the input tokens, as
                            Anthropic's API reports them; else they are part of them              */
    bool judge;        /* have it judged: its texts are kept for llmobs_capture_take. Without it
                          that is as LLMOBS_KEEPS says                          (default false) */
    bool cancelled;    /* the client went away: "cancelled" is the finish reason, if you give no
                          other; to vllm:request_success "abort"                                  */
    bool feedback_negative; /* the user did not like the answer, and has said so by now           */
    const char* system_fingerprint; /* as the provider says; a new one makes drift detectors look */
} llmobs_outcome;

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
    int64_t cost_of[LLMOBS_COST_KIND_COUNT]; /* by kind of token, where prices were there; else 0 */
    uint32_t retries;
    uint32_t rules; /* guardrail rules that triggered */
    int64_t saved_nano; /* by a cache of prompts, as in llmobs_cost_sums; 0: nothing, or unknown */
} llmobs_explanation;

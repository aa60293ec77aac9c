/* ---- requests: the golden path ------------------------------------------------------------- */

/* All that is known when a request begins. Texts are copied; NULL stands for "unknown". */
typedef struct llmobs_request_info {
    size_t size;            /* sizeof(llmobs_request_info); 0 means this version's                */
    const char* request_id; /* trusted, such as one of yours: kept and logged as it is            */
    const char* user_id;    /* becomes a pseudonym at once: LLMOBS_DOMAIN_USER                    */
    const char* session_id; /* likewise: LLMOBS_DOMAIN_SESSION. Begins or keeps up a session      */
    const char* tenant;     /* trusted. Its users' pseudonyms differ from other tenants'          */
    const char* feature;    /* which part of the program asks, such as "support"                  */
    const char* model;      /* as asked for; what answered: llmobs_outcome.response_model         */
    const char* provider;   /* "openai", "anthropic", ..., as OpenTelemetry has them              */
    const char* operation;  /* "chat", "text_completion", "embeddings", ...      (default "chat") */
    const char* prompt_name;
    const char* prompt_version;
    const char* traceparent; /* of the caller, from its request's header                          */
    const char* tracestate;
    const llmobs_trace_context* remote; /* or the same, parsed                                    */
    llmobs_span parent;      /* or a local span                                                   */
    uint64_t queue_ns;       /* it had waited this long before this call. Without it, and with
                                llmobs_request_scheduled, the wait is from here to there          */
    bool server;             /* this program is the engine: metrics are those of a server (vllm:*,
                                gen_ai.server.*), the span's kind is SERVER       (default false) */
    bool stream;             /* the answer is streamed                                            */
    bool no_capture;         /* its texts are not kept, whatever llmobs_config.captures says      */
    bool debug;              /* keep it to be judged: somebody looks into something               */
} llmobs_request_info;

/* [any] Zeroed but for the size. */
LLMOBS_API llmobs_request_info llmobs_request_info_default(void);

/* [any] Begins a request and its root span. An inert one is returned, and counted, when
   llmobs_config.requests are under way. No lock is waited for: if another thread holds one for more
   than some microseconds, new labels go to the overflow series. About 0.3 us, and 0.2 for each
   pseudonym. */
LLMOBS_API llmobs_request llmobs_request_begin(llmobs* obs, const llmobs_request_info* info);

/* [any] Its root span, to set attributes on, to link to, to begin children of. */
LLMOBS_API llmobs_span llmobs_request_span(llmobs_request request);

/* [any] Begins the span of a step; end it with llmobs_span_end or, into the next one, with
   llmobs_phase_next. Its duration goes to llm_phase_duration_seconds, whether the trace is sampled
   or not. (Not with span_slots = LLMOBS_OFF: a phase is a span.) */
LLMOBS_API llmobs_span llmobs_phase_begin(llmobs_request request, llmobs_phase phase);
LLMOBS_API llmobs_span llmobs_phase_next(llmobs_request request, llmobs_span before,
                                         llmobs_phase phase);

/* [any] Begins the span of a tool's execution. `tool` is a trusted name; it is copied. */
LLMOBS_API llmobs_span llmobs_tool_begin(llmobs_request request, const char* tool);

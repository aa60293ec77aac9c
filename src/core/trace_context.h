/* ---- trace context: W3C traceparent and tracestate ----------------------------------------- */

/* The longest tracestate that is carried, as W3C asks for; longer ones lose whole entries. */
#define LLMOBS_TRACESTATE_SIZE 512
/* A traceparent with its NUL: "00-<32 hex>-<16 hex>-<2 hex>". */
#define LLMOBS_TRACEPARENT_SIZE 56

#define LLMOBS_TRACE_SAMPLED 0x01u /* the caller may have recorded this trace           */
#define LLMOBS_TRACE_RANDOM 0x02u  /* the low 56 bits of the trace id are uniformly random */

/* A position in a trace, by value: what travels between processes. All-zero ids mean "none". */
typedef struct llmobs_trace_context {
    uint8_t trace_id[16];
    uint8_t span_id[8];
    uint8_t flags;                                /* LLMOBS_TRACE_*                    */
    char tracestate[LLMOBS_TRACESTATE_SIZE + 1];  /* NUL-terminated, "" when there is none */
} llmobs_trace_context;

/* As a size: measure the text up to its NUL. */
#define LLMOBS_NUL_TERMINATED SIZE_MAX

/* [any] Reads a traceparent header and, if not NULL, a tracestate header (several headers: joined
   with commas first). The sizes count, LLMOBS_NUL_TERMINATED measures. Neither text may lie inside
   `context`. ERROR_ARGUMENT, and an all-zero context, for a malformed traceparent; a malformed
   tracestate is left out, the rest stands. W3C Trace Context level 2. Bounded time: about 30 ns,
   and 1 ns a byte of tracestate. */
LLMOBS_API llmobs_result llmobs_trace_context_parse(llmobs_trace_context* context,
                                                    const char* traceparent,
                                                    size_t traceparent_size,
                                                    const char* tracestate, size_t tracestate_size);

/* [any] Writes "00-...-...-.." with its NUL; returns 55, or 0 (and "") if an id is all zero. */
LLMOBS_API size_t llmobs_traceparent_format(const llmobs_trace_context* context,
                                            char text[LLMOBS_TRACEPARENT_SIZE]);

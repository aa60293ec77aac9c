/* ---- spans --------------------------------------------------------------------------------- */

typedef enum llmobs_kind { /* OpenTelemetry's span kinds and numbers */
    LLMOBS_KIND_DEFAULT = 0,  /* the same as internal */
    LLMOBS_KIND_INTERNAL = 1,
    LLMOBS_KIND_SERVER = 2,
    LLMOBS_KIND_CLIENT = 3,
    LLMOBS_KIND_PRODUCER = 4,
    LLMOBS_KIND_CONSUMER = 5
} llmobs_kind;

typedef enum llmobs_status { /* OpenTelemetry's status codes and numbers */
    LLMOBS_STATUS_UNSET = 0,
    LLMOBS_STATUS_OK = 1,
    LLMOBS_STATUS_ERROR = 2
} llmobs_status;

/* A span, by value. A zeroed one, one that has ended and one whose instance is closed are inert:
   every call on them does nothing, safely. It may be ended on another thread than the one that
   began it. */
typedef struct llmobs_span {
    uint32_t instance; /* private, as all its fields */
    uint32_t slot;
    uint64_t generation;
} llmobs_span;

/* All that can be said when a span begins. */
typedef struct llmobs_span_info {
    size_t size;         /* sizeof(llmobs_span_info); 0 means this version's                      */
    const char* name;    /* a string literal, or unchanged until llmobs_close                     */
    llmobs_kind kind;    /* (default internal)                                                    */
    llmobs_span parent;  /* a local parent; wins over the remote ones                             */
    const llmobs_trace_context* remote; /* a parent in another process, or a span that has ended  */
    const char* traceparent; /* or that parent as the header's text, NUL-terminated: a malformed
                                one begins a new trace and is counted                             */
    const char* tracestate;  /* with it                                                           */
    const llmobs_attribute* attributes;
    size_t attribute_count;
} llmobs_span_info;

/* [any] A zeroed info with its size set. */
LLMOBS_API llmobs_span_info llmobs_span_info_default(void);

/* [any] Begins a span without parent: a new trace, sampled by llmobs_config.sample_ratio. 20 ns
   with its end. Inert when `obs` is NULL or closed, or when the span must be dropped (counted).
   Its name, as all names and keys here, is known by its address: a string literal, or a text that
   stays as it is until llmobs_close, as llmobs_name_n makes one. A buffer that is used again gives
   the text that stood there first, and nothing tells of it but LLMOBS_DEBUG, which aborts. */
LLMOBS_API llmobs_span llmobs_span_root(llmobs* obs, const char* name);

/* [any] Begins a child. A parent that has ended will do while its slot is not yet used anew; an
   inert or lost parent gives an inert span (the latter counted). */
LLMOBS_API llmobs_span llmobs_span_child(llmobs_span parent, const char* name);

/* [any] Begins a span from an info: with kind, remote parent, first attributes. */
LLMOBS_API llmobs_span llmobs_span_begin(llmobs* obs, const llmobs_span_info* info);

/* [owner] Ends the span and begins its next sibling at the same instant: one clock read for
   both. */
LLMOBS_API llmobs_span llmobs_span_next(llmobs_span span, const char* name);

/* [any] Ends the span. Later calls with this handle are inert; of two racing ends one wins. */
LLMOBS_API void llmobs_span_end(llmobs_span span);

/* [owner] Sets an attribute: the last value of a key wins. Strings are cut to
   llmobs_config.value_bytes on a UTF-8 border; what does not fit the span is counted as dropped.
   Keys are as names are (llmobs_span_root), values are copied. */
LLMOBS_API void llmobs_span_set_string(llmobs_span span, const char* key, const char* value);
LLMOBS_API void llmobs_span_set_string_n(llmobs_span span, const char* key, const char* value,
                                         size_t size);
LLMOBS_API void llmobs_span_set_int(llmobs_span span, const char* key, int64_t value);
LLMOBS_API void llmobs_span_set_double(llmobs_span span, const char* key, double value);
LLMOBS_API void llmobs_span_set_bool(llmobs_span span, const char* key, bool value);
LLMOBS_API void llmobs_span_set_strings(llmobs_span span, const char* key,
                                        const char* const* values, size_t count);

/* [owner] Sets several attributes at once: cheaper than one call each. */
LLMOBS_API void llmobs_span_set(llmobs_span span, const llmobs_attribute* attributes, size_t count);

/* [any] For a key or name made at run time: interned by its bytes (up to a NUL, 255 at most),
   returned as the text to use with every other call. NULL when the instance is closed or the table
   is full. About 50 ns. */
LLMOBS_API const char* llmobs_name_n(llmobs* obs, const char* text, size_t size);

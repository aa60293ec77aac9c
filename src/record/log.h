/* ---- log records --------------------------------------------------------------------------- */

/* OpenTelemetry's severities and numbers; 1 to 24, with three finer steps above each. */
typedef enum llmobs_severity {
    LLMOBS_SEVERITY_TRACE = 1,
    LLMOBS_SEVERITY_DEBUG = 5,
    LLMOBS_SEVERITY_INFO = 9,
    LLMOBS_SEVERITY_WARN = 13,
    LLMOBS_SEVERITY_ERROR = 17,
    LLMOBS_SEVERITY_FATAL = 21
} llmobs_severity;

/* All that can be said of one event. */
typedef struct llmobs_log_info {
    size_t size;              /* sizeof(llmobs_log_info); 0 means this version's                  */
    llmobs_severity severity; /* (default INFO); above 24 counts as 24                            */
    const char* event_name;   /* a string literal, or unchanged until llmobs_close; NULL: none    */
    llmobs_string body;       /* copied, cut to llmobs_config.value_bytes on a UTF-8 border       */
    llmobs_span span;         /* whose trace it belongs to; a zeroed or lost one: to none         */
    uint64_t unix_ns;         /* when it happened                                (default 0: now) */
    const llmobs_attribute* attributes;
    size_t attribute_count;
} llmobs_log_info;

/* [any] A zeroed info with its size and INFO set. */
LLMOBS_API llmobs_log_info llmobs_log_info_default(void);

/* [any] A NUL-terminated text with its length; of NULL, the empty one. */
LLMOBS_API llmobs_string llmobs_str(const char* text);

/* [any] A text with its length. Prompts and answers are handed over like this: they are hashed,
   measured and, if asked for, scanned in the call, and not stored, but for llmobs_config.captures.
   NULL has size 0; LLMOBS_NUL_TERMINATED as size measures it. */
LLMOBS_API llmobs_string llmobs_text(const char* data, size_t size);

/* [any] Records an event. It goes the way of the spans, to the exporters that take
   LLMOBS_SIGNAL_LOGS, whether its trace is sampled or not; what can't be kept is dropped and
   counted. Below llmobs_config.log_severity, and while there are exporters but none that takes
   logs, nothing happens, in a nanosecond. Values are kept as they are given: do not put prompts,
   answers or personal data there. `event_name` is as a span's name is (llmobs_span_root), the body
   is copied. About 50 ns. */
LLMOBS_API void llmobs_log(llmobs* obs, llmobs_severity severity, const char* event_name,
                           const char* body);
LLMOBS_API void llmobs_log_with(llmobs* obs, const llmobs_log_info* info);

/* [any] "TRACE", "INFO2", ... as OpenTelemetry has them; "UNSPECIFIED" for what is none. */
LLMOBS_API const char* llmobs_severity_name(llmobs_severity severity);

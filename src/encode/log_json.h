/* ---- log lines ----------------------------------------------------------------------------- */

/* How an interaction is written. */
typedef enum llmobs_log_style {
    LLMOBS_LOG_STYLE_DEFAULT = 0, /* "schema":"llmobs.interaction/1"                              */
    LLMOBS_LOG_STYLE_ARTICLE = 1  /* the article's LLMStructuredLogger: its 12 members alone, with
                                     its rounding, UTC without saying so                          */
} llmobs_log_style;

/* [any] Writes the log records of a batch as JSON lines, one record a line. Each is valid JSON
   and UTF-8 without control characters, line separators or marks that reorder text, whatever the
   texts hold. In the default style a line tells of records that were lost before the batch. False
   as soon as `write` is. Pure. docs/log.md has every member. */
LLMOBS_API bool llmobs_encode_log_json(const llmobs_batch* batch, llmobs_log_style style,
                                       llmobs_write_fn write, void* user);

/* [any] The line of one interaction, with its '\n', that belongs to `context` (NULL: to no trace).
   A unix_ns of 0 is 1970: no clock is asked. False if `write` is, or for NULL. Pure; 100 ns for
   426 bytes. */
LLMOBS_API bool llmobs_interaction_write(const llmobs_interaction* interaction,
                                         const llmobs_trace_context* context,
                                         llmobs_log_style style, llmobs_write_fn write, void* user);

/* [any] The same into memory. Returns the size, without a NUL; 0 when it does not fit. */
LLMOBS_API size_t llmobs_interaction_line(const llmobs_interaction* interaction,
                                          const llmobs_trace_context* context,
                                          llmobs_log_style style, char* out, size_t capacity);

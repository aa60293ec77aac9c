/* ---- what else a span can tell ------------------------------------------------------------- */

/* [owner] Renames the span, changes its kind. */
LLMOBS_API void llmobs_span_set_name(llmobs_span span, const char* name);
LLMOBS_API void llmobs_span_set_kind(llmobs_span span, llmobs_kind kind);

/* [owner] Sets the status; the message (may be NULL) is kept with LLMOBS_STATUS_ERROR only. OK is
   final, as OpenTelemetry has it. */
LLMOBS_API void llmobs_span_set_status(llmobs_span span, llmobs_status status, const char* message);

/* [owner] Adds an event, stamped now. */
LLMOBS_API void llmobs_span_event(llmobs_span span, const char* name);
LLMOBS_API void llmobs_span_event_with(llmobs_span span, const char* name,
                                       const llmobs_attribute* attributes, size_t count);

/* [owner] Links to a span elsewhere: a decode batch links to each request that it serves. */
LLMOBS_API void llmobs_span_link(llmobs_span span, const llmobs_trace_context* target);
LLMOBS_API void llmobs_span_link_to(llmobs_span span, llmobs_span target);

/* [any] The span's place in its trace, to be sent to another process or kept. Also for a span
   that is not sampled. ERROR_CLOSED, and an all-zero context, for an inert span. */
LLMOBS_API llmobs_result llmobs_span_context(llmobs_span span, llmobs_trace_context* context);

/* [any] Whether what is set on this span will be exported: false when inert, ended or not
   sampled. */
LLMOBS_API bool llmobs_span_is_recording(llmobs_span span);

/* [any] Prepares the calling thread, so that its first span costs no more than the next (and may be
   begun in a signal handler). OK, or why this thread can't record. */
LLMOBS_API llmobs_result llmobs_thread_attach(llmobs* obs);

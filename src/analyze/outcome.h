/* ---- requests: the end --------------------------------------------------------------------- */

/* [any] One of which nothing is known: counts -1, the cost unknown. */
LLMOBS_API llmobs_outcome llmobs_outcome_default(void);

/* [any] Ends the request: root span, metrics, log record. `outcome` may be NULL: nothing is known.
   The first end counts. About 0.8 us, and 0.5 ns for each byte that is hashed. */
LLMOBS_API void llmobs_request_end(llmobs_request request, const llmobs_outcome* outcome);

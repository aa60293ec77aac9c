/* ---- stats --------------------------------------------------------------------------------- */

/* [any, locks] Fills `stats`; does not wait for recorders or callbacks. ERROR_CLOSED, with all
   zero, after close. */
LLMOBS_API llmobs_result llmobs_stats_read(llmobs* obs, llmobs_stats* stats);

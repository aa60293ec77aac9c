/* ---- stats --------------------------------------------------------------------------------- */

/* [any, locks] Fills `stats`, as far as its `size` goes: zero it before, which stands for this
   version's. Does not wait for recorders or callbacks. ERROR_CLOSED, with all
   zero, after close. */
LLMOBS_API llmobs_result llmobs_stats_read(llmobs* obs, llmobs_stats* stats);

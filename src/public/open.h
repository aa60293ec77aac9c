/* ---- open and close ------------------------------------------------------------------------ */

/* [setup] Opens an instance: one block of memory, laid out once; then its tick thread, unless
   the host pumps. `config` may be NULL (all defaults); `result` may be NULL. Returns NULL on
   failure, with the reason in `result` and, where a field is to blame, in a note; and NULL, with
   OK, where config.disabled is set. Every call takes NULL for an instance and does nothing: so a
   program that must run on asks `result`, if it asks at all. */
LLMOBS_API llmobs* llmobs_open(const llmobs_config* config, llmobs_result* result);

/* [any, locks] Delivers what is there, within config.close_timeout_ms, and closes. Recorders may
   still run: they become inert. OK: every batch was settled (delivered, or given up and counted). A
   second close is OK, too, and does nothing. ERROR_TIMEOUT: closed, but some was not delivered in
   time, and is lost as `close`. ERROR_INCOMPLETE: closed, but a callback hung (or a call of the
   host's, in one), a batch is still pending, or the state file's disk hangs; thread and memory are
   left to it for good. ERROR_BUSY: from inside a callback, or in a signal handler that interrupted
   a call of ours: nothing is closed. The memory is parked for the next open; see llmobs_release. */
LLMOBS_API llmobs_result llmobs_close(llmobs* obs);

/* [any, locks] The same, and the last account: no span or log record is live or queued in it, what
   was not delivered stands under its cause; requests that nobody ended stay in requests_live.
   `stats` may be NULL; else zero it before, or set its `size`. */
LLMOBS_API llmobs_result llmobs_close_with_stats(llmobs* obs, llmobs_stats* stats);

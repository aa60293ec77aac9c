/* ---- adding exporters ---------------------------------------------------------------------- */

/* [any] A zeroed exporter with its size set. */
LLMOBS_API llmobs_exporter llmobs_exporter_default(void);

/* [any, locks] Adds an exporter: it gets every span collected from now on. It may be added at any
   time, from any thread. ERROR_LIMIT: llmobs_config.max_exporters are there already. */
LLMOBS_API llmobs_result llmobs_exporter_add(llmobs* obs, const llmobs_exporter* exporter);

/* [any, locks] The ten-line exporter's call: the callback and its user pointer, all else by
   default. As llmobs_exporter_add. */
LLMOBS_API llmobs_result llmobs_export_to(llmobs* obs, llmobs_export_fn export_batch, void* user);

/* [any, locks] The end of an asynchronous transport: settles a batch for which the callback
   returned LLMOBS_EXPORT_PENDING. May be called before that return, too. ERROR_ARGUMENT: not (or
   no longer) pending; harmless. `result` is OK, RETRY or DROP. */
LLMOBS_API llmobs_result llmobs_export_done(llmobs_export_token token, llmobs_export_result result);

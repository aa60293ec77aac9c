/* ---- adding exporters ---------------------------------------------------------------------- */

/* [any] A zeroed exporter with its size set. */
LLMOBS_API llmobs_exporter llmobs_exporter_default(void);

/* [any, locks] Adds an exporter: it gets every span collected from now on. It may be added at any
   time, from any thread. ERROR_LIMIT: llmobs_config.max_exporters are there already; or it wants
   differences, and another one has them, or llmobs_config.metric_delta is not set.
   ERROR_ARGUMENT: no callback, or a signal that there is not. ERROR_SYSTEM: its spool can't be had
   (errno says why: the directory is not ours, others may write to it, ...). Where another instance
   has the spool the exporter works without, and a note tells. */
LLMOBS_API llmobs_result llmobs_exporter_add(llmobs* obs, const llmobs_exporter* exporter);

/* [any, locks] The ten-line exporter's call: the callback and its user pointer, all else by
   default. As llmobs_exporter_add. */
LLMOBS_API llmobs_result llmobs_export_to(llmobs* obs, llmobs_export_fn export_batch, void* user);

/* [any, locks] The end of an asynchronous transport: settles a batch for which the callback
   returned LLMOBS_EXPORT_PENDING. May be called before that return, too. ERROR_ARGUMENT: not (or
   no longer) pending; harmless. `result` is OK, RETRY or DROP. */
LLMOBS_API llmobs_result llmobs_export_done(llmobs_export_token token, llmobs_export_result result);

/* [any, locks] The same with all that the receiver said. A callback that answers at once may call
   it, too: then the report is the answer, whatever the callback returns. */
LLMOBS_API llmobs_result llmobs_export_done_with(llmobs_export_token token,
                                                 const llmobs_export_report* report);

/* ---- drift: defining detectors, asking for runs -------------------------------------------- */

/* [any] Zeroed but for the size. */
LLMOBS_API llmobs_drift_info llmobs_drift_info_default(void);

/* [any, locks] Defines a detector; the same definition again gives the same detector. What is kept
   of it in llmobs_config.drift_directory is loaded by its next run. `result`, which may be NULL:
   ERROR_ARGUMENT: a name or number is out of range, or another detector has the name. ERROR_LIMIT:
   llmobs_config.drift_detectors are there. The detector is inert then. */
LLMOBS_API llmobs_drift_detector llmobs_drift_define(llmobs* obs, const llmobs_drift_info* info,
                                                     llmobs_result* result);

/* [any, locks] Asks for a run: when a prompt or a knowledge base changed. It tests what came since
   the run before, and begins a new window; the day goes on. The thread that makes runs does it
   soon, or llmobs_drift_work; llmobs_config.on_drift is told what it came to. `reason` is trusted
   text, copied. Asked again before, the later reason stands. ERROR_ARGUMENT: NULL. ERROR_CLOSED: no
   such detector. */
LLMOBS_API llmobs_result llmobs_drift_run_now(llmobs_drift_detector detector, const char* reason);

/* [any, locks] Forgets baseline and past, after the run that is asked for, if any: what comes from
   now on is the new normal. Where answers are meant to have changed. Vectors are wiped, in the
   file, too. Done when runs are made. ERROR_CLOSED: no such detector. */
LLMOBS_API llmobs_result llmobs_drift_begin_anew(llmobs_drift_detector detector);

/* [any, locks] The report of the last run; its run is 0 where there was none yet. ERROR_ARGUMENT:
   NULL. ERROR_CLOSED: no such detector. */
LLMOBS_API llmobs_result llmobs_drift_read(llmobs_drift_detector detector,
                                           llmobs_drift_report* report);

/* [any] "none", "drift", "suspected", "insufficient_data", "no_baseline"; else "unknown". */
LLMOBS_API const char* llmobs_drift_verdict_name(llmobs_drift_verdict verdict);

/* ---- evaluations as typed views ------------------------------------------------------------ */

/* [any] Reads the evaluation that a log record tells of, whoever recorded it; false, and
   *evaluation is zeroed, if it is no such record or has no name. Texts point into the batch and may
   have been cut to llmobs_config.value_bytes; what is not there is "", false, or, as value and
   weight, NaN. Pure. */
LLMOBS_API bool llmobs_evaluation_of(const llmobs_log_view* log, llmobs_evaluation* evaluation);

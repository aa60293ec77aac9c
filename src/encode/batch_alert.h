/* ---- alerts as typed views ----------------------------------------------------------------- */

/* [any] Reads the alert that a log record tells of; false, and *alert is zeroed, if it is no such
   record. Texts point into the batch and may have been cut to llmobs_config.value_bytes; what found
   no room is empty, 0 or, as value and threshold, NaN: log->dropped_attribute_count is not 0 then.
   `labels` has room for LLMOBS_ALERT_LABELS_MAX; NULL: without them. Pure. */
LLMOBS_API bool llmobs_alert_of(const llmobs_log_view* log, llmobs_alert* alert,
                                llmobs_alert_label* labels);

/* ---- drift: making runs -------------------------------------------------------------------- */

/* [any, locks] Makes the runs that are due: those of periods that are over, and those that were
   asked for; tells them, and keeps what is to be kept. A thread of the library's own does so, but
   where llmobs_config.host_pumped is set, or no thread could be had: then the host calls this,
   every minute say, on a thread that has time: a run takes up to 0.3 s, where it fits a baseline to
   2,000 embeddings of dimension 384, and llmobs_config.on_drift is called from it. While another
   thread is at it, nothing is done. OK; ERROR_BUSY: called from inside a callback; ERROR_LIMIT:
   there can be no detectors; ERROR_CLOSED. */
LLMOBS_API llmobs_result llmobs_drift_work(llmobs* obs);

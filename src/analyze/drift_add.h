/* ---- drift: adding embeddings -------------------------------------------------------------- */

/* [any, locks] Adds an embedding, of an answer, say: to the window that the next run tests, and by
   chance to what is kept of the day. The vector is copied. 0.8 us at dimension 384; another thread
   that adds to the same detector is waited for. ERROR_MISMATCH: of another dimension or embedder.
   ERROR_ARGUMENT: NULL. ERROR_DATA: zero, or what is no finite number. ERROR_LIMIT: 65,536 have
   voted, or llmobs_config.drift_dimensions is LLMOBS_OFF. ERROR_CLOSED: no such detector. */
LLMOBS_API llmobs_result llmobs_drift_add(llmobs_drift_detector detector,
                                          const llmobs_embedding* embedding);

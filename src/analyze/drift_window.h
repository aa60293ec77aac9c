/* ---- a window: what embeddings are like now ------------------------------------------------ */

/* Sums over embeddings, in the caller's memory: no vector is kept. Sums are whole numbers, so a
   window has the same bits however its embeddings were ordered and spread over windows that were
   merged then. */
typedef struct llmobs_drift_window llmobs_drift_window;

/* [any] Bytes for a window in which so many groups are expected (0: 2,048); 0: a number is out of
   range. 7.4 KB for dimension 384 and 2,048 groups, of which 4 KB are for these. */
LLMOBS_API size_t llmobs_drift_window_bytes(size_t dimension, size_t groups);

/* [setup] Makes an empty window of a baseline, in memory that is aligned as malloc's is.
   ERROR_ARGUMENT: NULL, alignment, or too many groups. ERROR_MEMORY: too few bytes. */
LLMOBS_API llmobs_result llmobs_drift_window_make(void* memory, size_t bytes,
                                                  const llmobs_drift_baseline* baseline,
                                                  size_t groups, llmobs_drift_window** out);

/* [owner] Adds an embedding, 0.3 us at dimension 384 and 16 prototypes. A group's first one has
   its vote; the others of that group are counted as repeated. Groups are kept as bits of hashes:
   up to as many as were expected, one in 2,000 is mistaken for another one and has no vote, and
   LLMOBS_DRIFT_WARN_GROUPS warns where it is more than 1 in 250. OK: it voted, or is repeated.
   ERROR_MISMATCH: another dimension or embedder, or the window is of another baseline. ERROR_DATA:
   zero, or with NaN or infinity; counted. ERROR_ARGUMENT: NULL. ERROR_LIMIT: 65,536 have voted. */
LLMOBS_API llmobs_result llmobs_drift_window_add(llmobs_drift_window* window,
                                                 const llmobs_drift_baseline* baseline,
                                                 const llmobs_embedding* embedding);

/* [owner] Adds another window's votes, as if they had been given here: the same bits. But a group
   that has voted in both has two votes then, since a sum does not say whose part is whose: let the
   embeddings of a group go to one window, by its number, say. ERROR_MISMATCH: of another baseline,
   or for another number of groups. ERROR_LIMIT: more than 65,536 votes. */
LLMOBS_API llmobs_result llmobs_drift_window_merge(llmobs_drift_window* into,
                                                   const llmobs_drift_window* from);

/* [owner] The counts so far; `passed` is 0. */
LLMOBS_API llmobs_drift_tally llmobs_drift_window_counts(const llmobs_drift_window* window);

/* [owner] Empties a window, for the next one of the same baseline, and wipes what it had. */
LLMOBS_API void llmobs_drift_window_reset(llmobs_drift_window* window);

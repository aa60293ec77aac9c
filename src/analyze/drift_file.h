/* ---- baselines as bytes -------------------------------------------------------------------- */

/* [any] Bytes of a baseline that is written out; 0: NULL. */
LLMOBS_API size_t llmobs_drift_baseline_written(const llmobs_drift_baseline* baseline);

/* [any] Writes a baseline out, in pieces of 4 KB: the same bytes on every machine, with a version
   and a checksum. They tell of texts: keep them as those. ERROR_SYSTEM: `write` said so.
   ERROR_ARGUMENT: NULL. */
LLMOBS_API llmobs_result llmobs_drift_baseline_write(const llmobs_drift_baseline* baseline,
                                                     llmobs_write_fn write, void* user);

/* [any] Reads a baseline back into memory that is aligned as malloc's is. Every number is looked
   at, since who may write there may forge a checksum. ERROR_ARGUMENT: cut off, damaged, of
   another version, or no baseline: the memory was wiped. ERROR_MEMORY: too few bytes for it
   (llmobs_drift_baseline_bytes). */
LLMOBS_API llmobs_result llmobs_drift_baseline_load(const void* data, size_t size, void* memory,
                                                    size_t bytes, llmobs_drift_baseline** out);

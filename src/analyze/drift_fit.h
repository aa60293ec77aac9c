/* ---- fitting a baseline -------------------------------------------------------------------- */

typedef struct llmobs_drift_fit_options {
    size_t size;         /* of this struct, as the caller knows it                               */
    uint32_t prototypes; /* topics to tell apart, 1 to 32; 16. 32 from 2,000 embeddings on.
                            At most half as many as there are embeddings                         */
    uint64_t seed;       /* of the search for topics and of the permutations; 1. The same sample
                            and seed give the same bits on every machine                         */
} llmobs_drift_fit_options;

/* A fit under way, in the caller's memory. */
typedef struct llmobs_drift_fit llmobs_drift_fit;

/* [any] What stands there where nothing is said. */
LLMOBS_API llmobs_drift_fit_options llmobs_drift_fit_options_default(void);

/* [owner] Bytes that a fit takes beside the sample and the baseline; 0: a sample of less than
   40, or options out of range. 140 KB for 1,000 embeddings of dimension 384 and 16 prototypes. */
LLMOBS_API size_t llmobs_drift_fit_bytes(const llmobs_drift_sample* sample,
                                         const llmobs_drift_fit_options* options);

/* [owner] Begins a fit, in memory that is aligned as malloc's is. The sample must stay as it is
   until the end. `options` may be NULL. ERROR_ARGUMENT: NULL, alignment, a sample of less than
   40, or options out of range. ERROR_MEMORY: too few bytes. */
LLMOBS_API llmobs_result llmobs_drift_fit_begin(void* memory, size_t bytes,
                                                const llmobs_drift_sample* sample,
                                                const llmobs_drift_fit_options* options,
                                                llmobs_drift_fit** out);

/* [owner] Goes on by so many rows; false: it is done. A row of dimension 384 takes 0.1 to 0.5 us, a
   fit on 1,000 embeddings 96,000 of them. */
LLMOBS_API bool llmobs_drift_fit_step(llmobs_drift_fit* fit, uint32_t rows);

/* [owner] Does what is left, makes the baseline, in memory that is aligned as malloc's is, and
   overwrites the fit with zeros, whatever it came to. ERROR_MEMORY: too few bytes
   (llmobs_drift_baseline_bytes); the fit can be ended again. ERROR_ARGUMENT: NULL or alignment,
   likewise; or the embeddings are all the same, so that nothing can be told of others. */
LLMOBS_API llmobs_result llmobs_drift_fit_end(llmobs_drift_fit* fit, void* memory, size_t bytes,
                                              llmobs_drift_baseline** out);

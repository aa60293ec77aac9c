/* ---- a sample of embeddings, for a baseline ------------------------------------------------ */

/* A fixed number of embeddings out of any number, in the caller's memory. Which ones does not
   depend on their order, on how often each comes, or on how they were spread over several
   samples: groups are ranked by a hash of their number (embeddings without a group by one of
   their id), the first `room` of them are kept, and of each the embedding whose id has the least
   hash. So every group has the same chance, however much it talks. */
typedef struct llmobs_drift_sample llmobs_drift_sample;

/* What became of what was added, to a sample or to a window. */
typedef struct llmobs_drift_tally {
    uint64_t kept;     /* that are in it now                                          */
    uint64_t repeated; /* of a group that had its vote, or an id that was there       */
    uint64_t passed;   /* a sample's: whose rank was too low, or became so            */
    uint64_t unusable; /* zero, or with what is no finite number. These were refused  */
} llmobs_drift_tally;

/* [any] Bytes for a sample of `room` embeddings; 0: a number is out of range. 1.6 MB for 1,000 of
   dimension 384. At least 40 are wanted for a baseline, 1,000 are good, and five times as many as
   a window has. */
LLMOBS_API size_t llmobs_drift_sample_bytes(size_t dimension, size_t room);

/* [setup] Makes an empty sample in memory that is aligned as malloc's is. `embedder` names the
   model whose embeddings it takes; the text is copied. `seed` chooses another sample of the same
   stream; samples that are to be merged need the same one. ERROR_ARGUMENT: dimension, room,
   embedder or alignment. ERROR_MEMORY: too few bytes. */
LLMOBS_API llmobs_result llmobs_drift_sample_make(void* memory, size_t bytes, size_t dimension,
                                                  size_t room, const char* embedder, uint64_t seed,
                                                  llmobs_drift_sample** out);

/* [owner] Offers an embedding. OK: it was counted, and is kept if it is to be. ERROR_MISMATCH:
   another dimension or embedder. ERROR_DATA: zero, or with NaN or infinity; counted.
   ERROR_ARGUMENT: NULL. Takes 0.1 us where it is not kept, and up to 1 ns for each that is kept
   already where it is. */
LLMOBS_API llmobs_result llmobs_drift_sample_add(llmobs_drift_sample* sample,
                                                 const llmobs_embedding* embedding);

/* [owner] Adds all that another one keeps, as if it had come here. ERROR_MISMATCH: they differ in
   dimension, embedder or seed. (Both have to be as large for the result to be that of one.) */
LLMOBS_API llmobs_result llmobs_drift_sample_merge(llmobs_drift_sample* into,
                                                   const llmobs_drift_sample* from);

/* [owner] The counts so far. */
LLMOBS_API llmobs_drift_tally llmobs_drift_sample_counts(const llmobs_drift_sample* sample);

/* [owner] Overwrites all of it with zeros: embeddings tell of texts. It is no sample any more. */
LLMOBS_API void llmobs_drift_sample_wipe(llmobs_drift_sample* sample);

/* ---- a baseline: what embeddings are like when all is well --------------------------------- */

#define LLMOBS_DRIFT_PROTOTYPES 32 /* topics of a baseline, at most */

/* A fitted baseline: one block without addresses, which may be copied by its bytes and which
   calls only read. Of the texts it has means, of as many topics as it has prototypes: treat it
   as them. */
typedef struct llmobs_drift_baseline llmobs_drift_baseline;

typedef struct llmobs_drift_baseline_info {
    size_t size;            /* of this struct, as the caller knows it                            */
    size_t bytes;           /* of the baseline                                                   */
    uint64_t fingerprint;   /* of all its numbers: windows are of one baseline                   */
    uint64_t seed;          /* it was fitted with                                                */
    uint32_t dimension;     /* of its embeddings                                                 */
    uint32_t prototypes;    /* topics it tells apart                                             */
    uint32_t count;         /* embeddings it was fitted on                                       */
    uint32_t held;          /* of these, kept from the search for topics: half                   */
    double mean_distance;   /* of the latter from their prototypes, Euclidean, of length 1       */
    double mean_deviation;  /* and the standard deviation                                        */
    char embedder[LLMOBS_EMBEDDER_SIZE];
} llmobs_drift_baseline_info;

/* [any] Bytes of a baseline; 0: a number is out of range. 28 KB with 16 prototypes of dimension
   384, 53 KB with 32. */
LLMOBS_API size_t llmobs_drift_baseline_bytes(size_t dimension, size_t prototypes);

/* [any] What there is to know of a baseline. ERROR_ARGUMENT: NULL. */
LLMOBS_API llmobs_result llmobs_drift_baseline_read(const llmobs_drift_baseline* baseline,
                                                    llmobs_drift_baseline_info* out);

/* [owner] Overwrites it with zeros: it is no baseline any more. */
LLMOBS_API void llmobs_drift_baseline_wipe(llmobs_drift_baseline* baseline);

/* ---- drift: the article's score ------------------------------------------------------------ */

/* Vectors, such as embeddings: one a row. `stride` is the elements from one row to the next, 0: as
   many as there are columns. */
typedef struct llmobs_vectors {
    const void* data;
    size_t rows;
    size_t columns;
    size_t stride;
    bool is_double; /* false: floats */
} llmobs_vectors;

/* [any] Rows that follow each other without gaps. */
LLMOBS_API llmobs_vectors llmobs_vectors_of_floats(const float* data, size_t rows, size_t columns);
LLMOBS_API llmobs_vectors llmobs_vectors_of_doubles(const double* data, size_t rows,
                                                    size_t columns);

/* What a score is made of. */
typedef struct llmobs_drift_parts {
    double centroid_distance; /* cosine distance of the means, 0 to 2                          */
    double baseline_spread;   /* standard deviation of the distances of rows to their mean     */
    double current_spread;    /* the same of what is looked at                                 */
    double spread_change;     /* |current - baseline| / (baseline + 1e-8)                      */
} llmobs_drift_parts;

/* The article's threshold. */
#define LLMOBS_DRIFT_THRESHOLD 0.15

/* [any] The bytes of memory that a score of these needs; 0 if they cannot be scored: NULL, empty,
   misaligned, of different columns, or larger than what can be addressed. */
LLMOBS_API size_t llmobs_drift_score_memory(const llmobs_vectors* baseline,
                                            const llmobs_vectors* current);

/* [any] The drift score of "Building observability for LLM applications" (ModelDriftDetector): 0.0,
   none, to 1.0, severe:

     min(1, 0.7 distance(mean(baseline), mean(current)) + 0.3 |s - S| / (S + 1e-8))

   where distance is scipy's cosine distance, s the standard deviation (numpy's) of the distances of
   the current rows to their mean, and S that of the baseline. Bit for bit what numpy 1.24 and scipy
   1.10.1 compute in doubles, whatever the compiler's flags, the host's rounding mode and the
   processor; floats are made doubles first. One column will do, and one row: of one current row s
   is 0, so against a baseline that has a spread the score is 0.3 at least.

   `memory`, aligned for doubles, is only used meanwhile; `parts` may be NULL.
   LLMOBS_ERROR_ARGUMENT: these cannot be scored (llmobs_drift_score_memory), or the memory is too
   small or misaligned. LLMOBS_ERROR_DATA: a row or a mean is zero (rows can cancel), holds NaN or
   infinity, or is so large or so small that the product of its square and the mean's is no positive
   double; what numpy answers to these is of no use. After an error score and parts are NaN. Cost: a
   pass for the mean and one for the distances. */
LLMOBS_API llmobs_result llmobs_drift_score(const llmobs_vectors* baseline,
                                            const llmobs_vectors* current, void* memory,
                                            size_t memory_bytes, llmobs_drift_parts* parts,
                                            double* score);

/* [any] The same within 2e-8, in half the time: where both have at least 256 rows of at least 256
   floats, and both spreads are above 0.02, distances are summed up in floats; elsewhere this is the
   function above. Compare scores of one of the two only if 2e-8 does not matter to you. */
LLMOBS_API llmobs_result llmobs_drift_score_fast(const llmobs_vectors* baseline,
                                                 const llmobs_vectors* current, void* memory,
                                                 size_t memory_bytes, llmobs_drift_parts* parts,
                                                 double* score);

/* [any] Whether a score is above a threshold (LLMOBS_DRIFT_THRESHOLD). NaN is not above any, nor is
   anything above NaN. */
LLMOBS_API bool llmobs_drift_should_alert(double score, double threshold);

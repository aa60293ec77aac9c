/* The fitted baseline. Fitting and loading write it, all else reads. */

#define LLMOBS_I_DRIFT_DRAW 200u       /* of a permutation, at most */
/* Below these, distances and the null differ by rounding. */
#define LLMOBS_I_DRIFT_LEAST_DEVIATION 1e-6
#define LLMOBS_I_DRIFT_LEAST_NULL 1e-14

/* Behind it: the mean, `dimension` doubles; the prototypes, rows of as many floats. */
struct llmobs_drift_baseline {
    uint64_t fingerprint;
    uint64_t seed;
    uint32_t dimension;
    uint32_t prototypes;
    uint32_t count; /* of embeddings, m */
    uint32_t held;  /* of these, h */
    double distance_mean;      /* of those held, from the nearest prototype */
    double distance_deviation;
    double distance_most;
    double null_mean;          /* of |mean(S) - mean(rest)|^2 over permutations */
    double null_deviation;
    double null_skew;
    uint32_t held_in[LLMOBS_DRIFT_PROTOTYPES]; /* of those held, nearest to each */
    double squares[LLMOBS_DRIFT_PROTOTYPES];   /* this and the next: made of the prototypes */
    float halves[LLMOBS_DRIFT_PROTOTYPES];
    char embedder[LLMOBS_EMBEDDER_SIZE]; /* zeros behind the text */
};

LLMOBS_I_STATIC_ASSERT(drift_prototypes,
                       LLMOBS_DRIFT_PROTOTYPES == (int)LLMOBS_I_DRIFT_PROTOTYPES &&
                           sizeof(llmobs_drift_baseline) % sizeof(double) == 0);

llmobsi_inline double* llmobsi_drift_mean_of(const llmobs_drift_baseline* baseline)
{
    uintptr_t start = (uintptr_t)baseline + sizeof *baseline;
    return (double*)start;
}

llmobsi_inline float* llmobsi_drift_rows_of(const llmobs_drift_baseline* baseline)
{
    return (float*)(void*)(llmobsi_drift_mean_of(baseline) + baseline->dimension);
}

llmobsi_fn llmobsi_drift_centres llmobsi_drift_centres_of(const llmobs_drift_baseline* baseline)
{
    llmobsi_drift_centres centres;
    centres.rows = llmobsi_drift_rows_of(baseline);
    centres.squares = baseline->squares;
    centres.halves = baseline->halves;
    centres.count = baseline->prototypes;
    centres.dimension = baseline->dimension;
    return centres;
}

/* What is made of the prototypes. */
llmobsi_fn void llmobsi_drift_baseline_complete(llmobs_drift_baseline* baseline)
{
    const llmobsi_drift_path* path = llmobsi_drift_here();
    uint32_t k;
    for (k = 0; k < baseline->prototypes; k++) {
        const float* row = llmobsi_drift_rows_of(baseline) + (size_t)k * baseline->dimension;
        baseline->squares[k] = path->squares(row, baseline->dimension);
        baseline->halves[k] = (float)(baseline->squares[k] * 0.5);
    }
}

/* How many are drawn in a permutation, n2; and 1 / n2 + 1 / (m - n2), by which its null scales. */
llmobsi_inline uint32_t llmobsi_drift_draw(uint32_t count)
{
    return count / 2 < LLMOBS_I_DRIFT_DRAW ? count / 2 : LLMOBS_I_DRIFT_DRAW;
}

llmobsi_fn double llmobsi_drift_spread(uint32_t a, uint32_t b)
{
    return llmobsi_plus(llmobsi_over(1.0, (double)a), llmobsi_over(1.0, (double)b));
}

LLMOBS_API size_t llmobs_drift_baseline_bytes(size_t dimension, size_t prototypes)
{
    if (dimension < 2 || dimension > LLMOBS_DRIFT_DIMENSIONS || prototypes == 0 ||
        prototypes > LLMOBS_DRIFT_PROTOTYPES) {
        return 0;
    }
    return sizeof(llmobs_drift_baseline) + dimension * sizeof(double) +
           prototypes * dimension * sizeof(float);
}

LLMOBS_API llmobs_result llmobs_drift_baseline_read(const llmobs_drift_baseline* baseline,
                                                    llmobs_drift_baseline_info* out)
{
    llmobs_drift_baseline_info info;
    if (baseline == NULL || out == NULL) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    memset(&info, 0, sizeof info);
    info.size = llmobsi_known_size(out->size, sizeof info);
    info.bytes = llmobs_drift_baseline_bytes(baseline->dimension, baseline->prototypes);
    info.fingerprint = baseline->fingerprint;
    info.seed = baseline->seed;
    info.dimension = baseline->dimension;
    info.prototypes = baseline->prototypes;
    info.count = baseline->count;
    info.held = baseline->held;
    info.mean_distance = baseline->distance_mean;
    info.mean_deviation = baseline->distance_deviation;
    memcpy(info.embedder, baseline->embedder, sizeof info.embedder);
    memcpy(out, &info, info.size);
    return LLMOBS_OK;
}

LLMOBS_API void llmobs_drift_baseline_wipe(llmobs_drift_baseline* baseline)
{
    if (baseline != NULL) {
        llmobsi_wipe(baseline,
                     llmobs_drift_baseline_bytes(baseline->dimension, baseline->prototypes));
    }
}

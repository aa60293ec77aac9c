/* DRIFT4's four tests, and the one that is made of them by Bonferroni's rule. m embeddings made the
   baseline, h of them were held from its prototypes, n have voted in the window. */

/* ---- the centroid -------------------------------------------------------------------------- */

/* |mean(window) - mean(baseline)|^2. */
llmobsi_fn double llmobsi_drift_moved(const llmobs_drift_baseline* baseline,
                                      const llmobs_drift_window* window)
{
    const double* mean = llmobsi_drift_mean_of(baseline);
    const int64_t* sums = llmobsi_drift_sums_of(window);
    double square = 0.0;
    uint32_t i;
    for (i = 0; i < baseline->dimension; i++) {
        double here = llmobsi_over(llmobsi_drift_unfixed(sums[i]), (double)window->votes);
        double difference = llmobsi_minus(here, mean[i]);
        square = llmobsi_plus(square, llmobsi_times(difference, difference));
    }
    return square;
}

/* The null: a Pearson III distribution with the moments of the permutations, which scale by what
   the numbers of vectors are. Without a skew that tells it is the normal one: at 0.001 they differ
   by 0.00004 at most, and the gamma function would take ever longer. */
llmobsi_fn double llmobsi_drift_p_centroid(const llmobs_drift_baseline* baseline,
                                           const llmobs_drift_window* window)
{
    uint32_t draw = llmobsi_drift_draw(baseline->count);
    double factor = llmobsi_over(llmobsi_drift_spread(baseline->count, window->votes),
                                 llmobsi_drift_spread(draw, baseline->count - draw));
    double z = llmobsi_over(llmobsi_minus(llmobsi_drift_moved(baseline, window),
                                          llmobsi_times(factor, baseline->null_mean)),
                            llmobsi_times(factor, baseline->null_deviation));
    double skew = baseline->null_skew;
    double shape;
    double at;
    if (skew <= 0.001) {
        return llmobsi_normal_upper(z);
    }
    shape = llmobsi_over(4.0, llmobsi_times(skew, skew));
    at = llmobsi_plus(shape, llmobsi_times(z, llmobsi_sqrt(shape)));
    return at > 0.0 ? llmobsi_gamma_q(shape, at) : 1.0;
}

/* ---- distances ----------------------------------------------------------------------------- */

llmobsi_fn double llmobsi_drift_mean_distance(const llmobs_drift_window* window)
{
    return llmobsi_over(llmobsi_drift_unfixed(window->distance), (double)window->votes);
}

/* Of votes - 1. */
llmobsi_fn double llmobsi_drift_window_deviation(const llmobs_drift_window* window)
{
    double mean = llmobsi_drift_mean_distance(window);
    double squares = llmobsi_minus(llmobsi_drift_unfixed(window->distance_square),
                                   llmobsi_times(mean, llmobsi_drift_unfixed(window->distance)));
    return window->votes > 1 ? llmobsi_sqrt(llmobsi_over(squares, (double)(window->votes - 1)))
                             : 0.0;
}

/* Two-sided, with the baseline's deviation: with the window's own it sees less. */
llmobsi_fn double llmobsi_drift_p_distance(const llmobs_drift_baseline* baseline,
                                           const llmobs_drift_window* window)
{
    double error = llmobsi_times(
        baseline->distance_deviation,
        llmobsi_sqrt(llmobsi_drift_spread(window->votes, baseline->held)));
    return llmobsi_normal_both(llmobsi_over(
        llmobsi_minus(llmobsi_drift_mean_distance(window), baseline->distance_mean), error));
}

/* ---- topics -------------------------------------------------------------------------------- */

/* The prototypes by what was held at each, the fewest first, of equal ones the lower index. */
llmobsi_fn void llmobsi_drift_order_topics(const llmobs_drift_baseline* baseline,
                                           uint32_t order[LLMOBS_DRIFT_PROTOTYPES])
{
    uint32_t k;
    for (k = 0; k < baseline->prototypes; k++) {
        uint32_t place = k;
        for (; place > 0 && baseline->held_in[order[place - 1]] > baseline->held_in[k]; place--) {
            order[place] = order[place - 1];
        }
        order[place] = k;
    }
}

/* Prototypes that were put together: of the window, and held. */
typedef struct llmobsi_drift_pool {
    double now[LLMOBS_DRIFT_PROTOTYPES];
    double before[LLMOBS_DRIFT_PROTOTYPES];
    uint32_t count;
} llmobsi_drift_pool;

/* In that order, until the smaller expected number is 5; what is left over joins the last. */
llmobsi_fn void llmobsi_drift_pool_topics(const llmobs_drift_baseline* baseline,
                                          const llmobs_drift_window* window,
                                          llmobsi_drift_pool* pool)
{
    const uint64_t fewer = window->votes < baseline->held ? window->votes : baseline->held;
    const uint64_t all = (uint64_t)window->votes + baseline->held;
    uint32_t order[LLMOBS_DRIFT_PROTOTYPES];
    uint64_t now = 0;
    uint64_t before = 0;
    uint32_t k;
    pool->count = 0;
    llmobsi_drift_order_topics(baseline, order);
    for (k = 0; k < baseline->prototypes; k++) {
        now += window->nearest_to[order[k]];
        before += baseline->held_in[order[k]];
        if ((now + before) * fewer >= 5 * all) {
            pool->now[pool->count] = (double)now;
            pool->before[pool->count++] = (double)before;
            now = before = 0;
        }
    }
    if (pool->count > 0) {
        pool->now[pool->count - 1] += (double)now;
        pool->before[pool->count - 1] += (double)before;
    }
}

/* (seen - expected)^2 / expected. */
llmobsi_fn double llmobsi_drift_cell(double seen, double expected)
{
    double difference = llmobsi_minus(seen, expected);
    return llmobsi_over(llmobsi_times(difference, difference), expected);
}

/* Pearson's chi-square of two rows. */
llmobsi_fn double llmobsi_drift_p_topic(const llmobs_drift_baseline* baseline,
                                        const llmobs_drift_window* window)
{
    const double all = (double)((uint64_t)window->votes + baseline->held);
    llmobsi_drift_pool pool;
    double square = 0.0;
    uint32_t i;
    llmobsi_drift_pool_topics(baseline, window, &pool);
    if (pool.count < 2) {
        return 1.0;
    }
    for (i = 0; i < pool.count; i++) {
        double both = pool.now[i] + pool.before[i];
        double now = llmobsi_over(llmobsi_times(both, (double)window->votes), all);
        double before = llmobsi_over(llmobsi_times(both, (double)baseline->held), all);
        square = llmobsi_plus(square, llmobsi_drift_cell(pool.now[i], now));
        square = llmobsi_plus(square, llmobsi_drift_cell(pool.before[i], before));
    }
    return llmobsi_chi_square_upper(square, pool.count - 1);
}

/* How many more have voted for a prototype than expected, in standard deviations: Haberman's
   adjusted residual (1973). 0 where nobody has, or everybody. */
llmobsi_fn double llmobsi_drift_residual(const llmobs_drift_baseline* baseline,
                                         const llmobs_drift_window* window, uint32_t k)
{
    const double all = (double)((uint64_t)window->votes + baseline->held);
    double share = llmobsi_over((double)window->votes, all);
    double both = (double)((uint64_t)window->nearest_to[k] + baseline->held_in[k]);
    double expected = llmobsi_times(both, share);
    double variance = llmobsi_times(llmobsi_times(expected, llmobsi_minus(1.0, share)),
                                    llmobsi_minus(1.0, llmobsi_over(both, all)));
    if (!(variance > 0.0)) {
        return 0.0;
    }
    return llmobsi_over(llmobsi_minus((double)window->nearest_to[k], expected),
                        llmobsi_sqrt(variance));
}

/* ---- all ----------------------------------------------------------------------------------- */

/* The chance that of n and h that are alike the t farthest are all of the n: a product, exact. */
llmobsi_fn double llmobsi_drift_p_tail(const llmobs_drift_baseline* baseline,
                                       const llmobs_drift_window* window)
{
    return llmobsi_hypergeometric_upper((uint64_t)window->votes + baseline->held, window->votes,
                                        window->beyond, window->beyond);
}

llmobsi_fn void llmobsi_drift_tests(const llmobs_drift_baseline* baseline,
                                    const llmobs_drift_window* window, double alpha,
                                    llmobs_drift_result* result)
{
    double each[4];
    uint32_t i;
    each[0] = result->p_centroid = llmobsi_drift_p_centroid(baseline, window);
    each[1] = result->p_distance = llmobsi_drift_p_distance(baseline, window);
    each[2] = result->p_topic = llmobsi_drift_p_topic(baseline, window);
    each[3] = result->p_tail = llmobsi_drift_p_tail(baseline, window);
    result->p = 1.0;
    for (i = 0; i < 4; i++) {
        double p = llmobsi_times(4.0, each[i]);
        result->p = p < result->p ? p : result->p;
    }
    result->alarm = result->p <= alpha;
}

/* What moved. There are votes. */
llmobsi_fn void llmobsi_drift_describe(const llmobs_drift_baseline* baseline,
                                       const llmobs_drift_window* window,
                                       llmobs_drift_result* result)
{
    uint32_t k;
    for (k = 0; k < baseline->prototypes; k++) {
        double residual = llmobsi_drift_residual(baseline, window, k);
        if (k == 0 || residual > result->topic_residual) {
            result->topic = k;
            result->topic_residual = residual;
        }
    }
    result->topic_share =
        llmobsi_over((double)window->nearest_to[result->topic], (double)window->votes);
    result->topic_share_before =
        llmobsi_over((double)baseline->held_in[result->topic], (double)baseline->held);
    result->mean_distance = llmobsi_drift_mean_distance(window);
    result->mean_deviation = llmobsi_drift_window_deviation(window);
}

llmobsi_fn uint32_t llmobsi_drift_warnings(const llmobs_drift_baseline* baseline,
                                           const llmobs_drift_window* window)
{
    uint32_t warnings = 0;
    if (window->votes < LLMOBS_DRIFT_VOTES) {
        warnings |= LLMOBS_DRIFT_WARN_INSUFFICIENT;
    }
    if (baseline->count / 5 < window->votes) {
        warnings |= LLMOBS_DRIFT_WARN_BASELINE;
    }
    if (llmobsi_drift_groups_full(window)) {
        warnings |= LLMOBS_DRIFT_WARN_GROUPS;
    }
    return warnings;
}

LLMOBS_API llmobs_result llmobs_drift_test(const llmobs_drift_baseline* baseline,
                                           const llmobs_drift_window* window, double alpha,
                                           llmobs_drift_result* out)
{
    llmobs_drift_result result;
    if (baseline == NULL || window == NULL || out == NULL ||
        !llmobsi_double_is_finite(alpha) || alpha < 0.0 || alpha >= 1.0) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    if (window->fingerprint != baseline->fingerprint) {
        return LLMOBS_ERROR_MISMATCH;
    }
    memset(&result, 0, sizeof result);
    result.size = llmobsi_known_size(out->size, sizeof result);
    result.warnings = llmobsi_drift_warnings(baseline, window);
    result.p = result.p_centroid = result.p_distance = result.p_topic = result.p_tail = 1.0;
    result.votes = window->votes;
    result.count = baseline->count;
    result.beyond = window->beyond;
    result.mean_distance_before = baseline->distance_mean;
    if (window->votes >= LLMOBS_DRIFT_VOTES) {
        llmobsi_drift_tests(baseline, window, alpha > 0.0 ? alpha : LLMOBS_DRIFT_ALPHA, &result);
    }
    if (window->votes > 0) {
        llmobsi_drift_describe(baseline, window, &result);
    }
    memcpy(out, &result, result.size);
    return LLMOBS_OK;
}

/* Fitting DRIFT4's baseline, row by row, so that whoever does it can do something else between.

   The m rows of the sample are put in order by their ranks, which are hashes. The first half of
   them, floor(m / 2), are A, the others H. The steps:
   - the mean of all;
   - k-means++ on A (Arthur, Vassilvitskii 2007), and twelve steps of Lloyd's. Ties go to the
     lower index, an empty cluster keeps its centre, centres are rounded to float;
   - the distances of H from the nearest centre: on A they would be too small, which cost a CUSUM
     seven eighths of its time between false alarms;
   - permutations: n2 of the m rows are drawn P times, and T = |mean(S) - mean(rest)|^2 has its
     mean, standard deviation (of P - 1) and skew (of P) taken.

   Random numbers are SplitMix64's, one stream from the seed: in [0, n) as the upper half of
   number * n, in [0, 1) as the upper 53 bits. */

#define LLMOBS_I_DRIFT_LLOYD 12u
#define LLMOBS_I_DRIFT_PERMUTATIONS 399u

typedef enum llmobsi_drift_phase {
    LLMOBS_I_DRIFT_MEAN,   /* all rows: their mean         */
    LLMOBS_I_DRIFT_SEED,   /* A: k-means++, next centre    */
    LLMOBS_I_DRIFT_ASSIGN, /* A: a step of Lloyd's         */
    LLMOBS_I_DRIFT_HOLD,   /* H: distances                 */
    LLMOBS_I_DRIFT_DRAWN,  /* n2 rows: one permutation     */
    LLMOBS_I_DRIFT_DONE
} llmobsi_drift_phase;

struct llmobs_drift_fit {
    const llmobs_drift_sample* sample;
    size_t bytes; /* of all */
    llmobsi_drift_phase phase;
    uint32_t row;   /* the next one of the phase */
    uint32_t round; /* of the phase */
    uint32_t count; /* m */
    uint32_t half;  /* of A */
    uint32_t draw;  /* n2 */
    uint64_t seed;
    uint64_t random;
    llmobsi_drift_centres centres;
    uint32_t prototypes;
    llmobsi_drift_item* items; /* in order of their ranks */
    uint32_t* deck;            /* what is shuffled: indexes of rows */
    double* distances;         /* of A: squares, from the nearest centre so far; of H */
    double* mean;              /* this and the next three: rows of doubles */
    double* sums;              /* of the clusters; of a permutation */
    float* rows;               /* the centres */
    double* nulls;             /* T of each permutation */
    uint32_t members[LLMOBS_DRIFT_PROTOTYPES]; /* of clusters; of H at each centre */
    double squares[LLMOBS_DRIFT_PROTOTYPES];
    float halves[LLMOBS_DRIFT_PROTOTYPES];
};

/* ---- memory -------------------------------------------------------------------------------- */

LLMOBS_API llmobs_drift_fit_options llmobs_drift_fit_options_default(void)
{
    llmobs_drift_fit_options options;
    memset(&options, 0, sizeof options);
    options.size = sizeof options;
    options.prototypes = 16;
    options.seed = 1;
    return options;
}

llmobsi_fn llmobs_drift_fit_options llmobsi_drift_options(const llmobs_drift_fit_options* given)
{
    llmobs_drift_fit_options options = llmobs_drift_fit_options_default();
    if (given != NULL) {
        memcpy(&options, given, llmobsi_known_size(given->size, sizeof options));
    }
    return options;
}

/* Called twice: to measure, and with a base to place. */
llmobsi_fn void llmobsi_drift_fit_layout(llmobsi_arena* arena, llmobs_drift_fit* fit,
                                         const llmobs_drift_sample* sample, uint32_t prototypes)
{
    const size_t dimension = sample->dimension;
    const uint32_t half = sample->count - sample->count / 2; /* the larger one */
    llmobsi_drift_item* items =
        (llmobsi_drift_item*)llmobsi_arena_take(arena, sample->count, sizeof *items);
    uint32_t* deck = (uint32_t*)llmobsi_arena_take(arena, sample->count, sizeof *deck);
    double* distances = (double*)llmobsi_arena_take(arena, half, sizeof *distances);
    double* mean = (double*)llmobsi_arena_take(arena, dimension, sizeof *mean);
    double* sums = (double*)llmobsi_arena_take(arena, prototypes * dimension, sizeof *sums);
    float* rows = (float*)llmobsi_arena_take(arena, prototypes * dimension, sizeof *rows);
    double* nulls =
        (double*)llmobsi_arena_take(arena, LLMOBS_I_DRIFT_PERMUTATIONS, sizeof *nulls);
    if (fit != NULL) {
        fit->items = items;
        fit->deck = deck;
        fit->distances = distances;
        fit->mean = mean;
        fit->sums = sums;
        fit->rows = rows;
        fit->nulls = nulls;
    }
}

llmobsi_fn size_t llmobsi_drift_fit_needed(const llmobs_drift_sample* sample,
                                           const llmobs_drift_fit_options* options)
{
    llmobsi_arena arena;
    if (sample == NULL || sample->count < LLMOBS_I_DRIFT_LEAST || options->prototypes == 0 ||
        options->prototypes > LLMOBS_DRIFT_PROTOTYPES ||
        options->prototypes > sample->count / 2) {
        return 0;
    }
    arena.base = NULL;
    arena.used = 0;
    (void)llmobsi_arena_take(&arena, 1, sizeof(llmobs_drift_fit));
    llmobsi_drift_fit_layout(&arena, NULL, sample, options->prototypes);
    return arena.used != LLMOBS_I_SIZE_OVERFLOW ? arena.used : 0;
}

LLMOBS_API size_t llmobs_drift_fit_bytes(const llmobs_drift_sample* sample,
                                         const llmobs_drift_fit_options* options)
{
    llmobs_drift_fit_options complete = llmobsi_drift_options(options);
    return llmobsi_drift_fit_needed(sample, &complete);
}

/* The items in order of their ranks. */
llmobsi_fn void llmobsi_drift_fit_order(llmobs_drift_fit* fit)
{
    llmobsi_heap heap = llmobsi_drift_heap(fit->items, fit->count);
    uint32_t i;
    memcpy(fit->items, llmobsi_drift_items(fit->sample), fit->count * sizeof *fit->items);
    llmobsi_heap_sort(&heap);
    for (i = 0; i < fit->count; i++) {
        fit->deck[i] = i;
    }
}

LLMOBS_API llmobs_result llmobs_drift_fit_begin(void* memory, size_t bytes,
                                                const llmobs_drift_sample* sample,
                                                const llmobs_drift_fit_options* options,
                                                llmobs_drift_fit** out)
{
    llmobs_drift_fit_options complete = llmobsi_drift_options(options);
    size_t needed = llmobsi_drift_fit_needed(sample, &complete);
    llmobs_drift_fit* fit;
    llmobsi_arena arena;
    if (memory == NULL || out == NULL || needed == 0 || !llmobsi_drift_is_aligned(memory)) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    if (bytes < needed) {
        return LLMOBS_ERROR_MEMORY;
    }
    memset(memory, 0, needed);
    arena.base = (unsigned char*)memory;
    arena.used = 0;
    fit = (llmobs_drift_fit*)llmobsi_arena_take(&arena, 1, sizeof *fit);
    llmobsi_drift_fit_layout(&arena, fit, sample, complete.prototypes);
    fit->sample = sample;
    fit->bytes = needed;
    fit->count = sample->count;
    fit->half = sample->count / 2;
    fit->draw = llmobsi_drift_draw(sample->count);
    fit->seed = complete.seed;
    fit->random = complete.seed;
    fit->prototypes = complete.prototypes;
    fit->centres.rows = fit->rows;
    fit->centres.squares = fit->squares;
    fit->centres.halves = fit->halves;
    fit->centres.dimension = sample->dimension;
    llmobsi_drift_fit_order(fit);
    *out = fit;
    return LLMOBS_OK;
}

/* ---- random numbers, rows ------------------------------------------------------------------ */

llmobsi_fn uint32_t llmobsi_drift_random_below(llmobs_drift_fit* fit, uint32_t limit)
{
    uint64_t lower;
    return (uint32_t)llmobsi_multiply(llmobsi_splitmix64(&fit->random), limit, &lower);
}

llmobsi_inline const float* llmobsi_drift_fit_row(const llmobs_drift_fit* fit, uint32_t index)
{
    return llmobsi_drift_sample_row(fit->sample, fit->items[index].place);
}

llmobsi_fn void llmobsi_drift_fit_add(double* sums, const float* row, size_t dimension)
{
    size_t i;
    for (i = 0; i < dimension; i++) {
        sums[i] += (double)row[i];
    }
}

/* A row of A or H as the next centre. */
llmobsi_fn void llmobsi_drift_fit_measure_centre(llmobs_drift_fit* fit, uint32_t k)
{
    const size_t dimension = fit->centres.dimension;
    fit->squares[k] = llmobsi_drift_here()->squares(fit->rows + k * dimension, dimension);
    fit->halves[k] = (float)(fit->squares[k] * 0.5);
}

llmobsi_fn void llmobsi_drift_fit_put_centre(llmobs_drift_fit* fit, uint32_t index)
{
    const size_t dimension = fit->centres.dimension;
    memcpy(fit->rows + fit->centres.count * dimension, llmobsi_drift_fit_row(fit, index),
           dimension * sizeof(float));
    llmobsi_drift_fit_measure_centre(fit, fit->centres.count);
    fit->centres.count++;
}

/* ---- what a phase does with a row ---------------------------------------------------------- */

/* How far the row is from the newest centre, if that is nearer than the others. */
llmobsi_fn void llmobsi_drift_fit_seed_row(llmobs_drift_fit* fit)
{
    double square = llmobsi_drift_square(llmobsi_drift_here(), &fit->centres,
                                         llmobsi_drift_fit_row(fit, fit->row), 1.0,
                                         fit->centres.count - 1);
    if (fit->centres.count == 1 || square < fit->distances[fit->row]) {
        fit->distances[fit->row] = square;
    }
}

llmobsi_fn void llmobsi_drift_fit_assign_row(llmobs_drift_fit* fit)
{
    const float* row = llmobsi_drift_fit_row(fit, fit->row);
    uint32_t k = llmobsi_drift_find(llmobsi_drift_here(), &fit->centres, row, 1.0).index;
    fit->members[k]++;
    llmobsi_drift_fit_add(fit->sums + (size_t)k * fit->centres.dimension, row,
                          fit->centres.dimension);
}

llmobsi_fn void llmobsi_drift_fit_hold_row(llmobs_drift_fit* fit)
{
    llmobsi_drift_nearest nearest =
        llmobsi_drift_find(llmobsi_drift_here(), &fit->centres,
                           llmobsi_drift_fit_row(fit, fit->half + fit->row), 1.0);
    fit->members[nearest.index]++;
    fit->distances[fit->row] = llmobsi_sqrt(nearest.square);
}

/* A step of Fisher and Yates' shuffle. The deck stays as it is from one permutation to the next. */
llmobsi_fn void llmobsi_drift_fit_draw_row(llmobs_drift_fit* fit)
{
    uint32_t other = fit->row + llmobsi_drift_random_below(fit, fit->count - fit->row);
    uint32_t drawn = fit->deck[other];
    fit->deck[other] = fit->deck[fit->row];
    fit->deck[fit->row] = drawn;
    llmobsi_drift_fit_add(fit->sums, llmobsi_drift_fit_row(fit, drawn), fit->centres.dimension);
}

/* ---- what comes when a phase has seen its rows --------------------------------------------- */

llmobsi_fn void llmobsi_drift_fit_clear(llmobs_drift_fit* fit)
{
    memset(fit->sums, 0, (size_t)fit->prototypes * fit->centres.dimension * sizeof *fit->sums);
    memset(fit->members, 0, sizeof fit->members);
}

llmobsi_fn void llmobsi_drift_fit_end_mean(llmobs_drift_fit* fit)
{
    size_t i;
    for (i = 0; i < fit->centres.dimension; i++) {
        fit->mean[i] = llmobsi_over(fit->mean[i], (double)fit->count);
    }
    llmobsi_drift_fit_put_centre(fit, llmobsi_drift_random_below(fit, fit->half));
    fit->phase = LLMOBS_I_DRIFT_SEED;
}

/* Draws a row with a chance that is in proportion to its squared distance; if all are 0, the
   first. */
llmobsi_fn uint32_t llmobsi_drift_fit_draw_far(llmobs_drift_fit* fit)
{
    double all = 0.0;
    double target;
    double sum = 0.0;
    uint32_t i;
    for (i = 0; i < fit->half; i++) {
        all = llmobsi_plus(all, fit->distances[i]);
    }
    target = llmobsi_times((double)(llmobsi_splitmix64(&fit->random) >> 11) / 9007199254740992.0,
                           all);
    for (i = 0; i < fit->half; i++) {
        sum = llmobsi_plus(sum, fit->distances[i]);
        if (sum > target) {
            return i;
        }
    }
    return 0;
}

llmobsi_fn void llmobsi_drift_fit_end_seed(llmobs_drift_fit* fit)
{
    if (fit->centres.count < fit->prototypes) {
        llmobsi_drift_fit_put_centre(fit, llmobsi_drift_fit_draw_far(fit));
        return;
    }
    llmobsi_drift_fit_clear(fit);
    fit->phase = LLMOBS_I_DRIFT_ASSIGN;
    fit->round = 0;
}

llmobsi_fn void llmobsi_drift_fit_end_assign(llmobs_drift_fit* fit)
{
    const size_t dimension = fit->centres.dimension;
    uint32_t k;
    size_t i;
    for (k = 0; k < fit->prototypes; k++) {
        for (i = 0; i < dimension && fit->members[k] > 0; i++) {
            fit->rows[k * dimension + i] = (float)llmobsi_over(fit->sums[k * dimension + i],
                                                               (double)fit->members[k]);
        }
        llmobsi_drift_fit_measure_centre(fit, k);
    }
    llmobsi_drift_fit_clear(fit);
    if (++fit->round == LLMOBS_I_DRIFT_LLOYD) {
        fit->phase = LLMOBS_I_DRIFT_HOLD;
    }
}

/* The square of the difference of means: mean(S) - mean(rest) is (mean(S) - mean) m / (m - n2). */
llmobsi_fn void llmobsi_drift_fit_end_drawn(llmobs_drift_fit* fit)
{
    double by = llmobsi_over((double)fit->count, (double)(fit->count - fit->draw));
    double square = 0.0;
    size_t i;
    for (i = 0; i < fit->centres.dimension; i++) {
        double difference =
            llmobsi_minus(llmobsi_over(fit->sums[i], (double)fit->draw), fit->mean[i]);
        square = llmobsi_plus(square, llmobsi_times(difference, difference));
    }
    fit->nulls[fit->round++] = llmobsi_times(llmobsi_times(by, by), square);
    memset(fit->sums, 0, fit->centres.dimension * sizeof *fit->sums);
    if (fit->round == LLMOBS_I_DRIFT_PERMUTATIONS) {
        fit->phase = LLMOBS_I_DRIFT_DONE;
    }
}

/* ---- step by step -------------------------------------------------------------------------- */

llmobsi_fn uint32_t llmobsi_drift_fit_rows(const llmobs_drift_fit* fit)
{
    switch (fit->phase) {
    case LLMOBS_I_DRIFT_MEAN:
        return fit->count;
    case LLMOBS_I_DRIFT_HOLD:
        return fit->count - fit->half;
    case LLMOBS_I_DRIFT_DRAWN:
        return fit->draw;
    default:
        return fit->half;
    }
}

llmobsi_fn void llmobsi_drift_fit_look(llmobs_drift_fit* fit)
{
    switch (fit->phase) {
    case LLMOBS_I_DRIFT_MEAN:
        llmobsi_drift_fit_add(fit->mean, llmobsi_drift_fit_row(fit, fit->row),
                              fit->centres.dimension);
        break;
    case LLMOBS_I_DRIFT_SEED:
        llmobsi_drift_fit_seed_row(fit);
        break;
    case LLMOBS_I_DRIFT_ASSIGN:
        llmobsi_drift_fit_assign_row(fit);
        break;
    case LLMOBS_I_DRIFT_HOLD:
        llmobsi_drift_fit_hold_row(fit);
        break;
    default:
        llmobsi_drift_fit_draw_row(fit);
        break;
    }
    fit->row++;
}

llmobsi_fn void llmobsi_drift_fit_turn(llmobs_drift_fit* fit)
{
    fit->row = 0;
    switch (fit->phase) {
    case LLMOBS_I_DRIFT_MEAN:
        llmobsi_drift_fit_end_mean(fit);
        break;
    case LLMOBS_I_DRIFT_SEED:
        llmobsi_drift_fit_end_seed(fit);
        break;
    case LLMOBS_I_DRIFT_ASSIGN:
        llmobsi_drift_fit_end_assign(fit);
        break;
    case LLMOBS_I_DRIFT_HOLD:
        fit->phase = LLMOBS_I_DRIFT_DRAWN;
        fit->round = 0;
        break;
    default:
        llmobsi_drift_fit_end_drawn(fit);
        break;
    }
}

LLMOBS_API bool llmobs_drift_fit_step(llmobs_drift_fit* fit, uint32_t rows)
{
    if (fit == NULL) {
        return false;
    }
    for (; rows > 0 && fit->phase != LLMOBS_I_DRIFT_DONE; rows--) {
        llmobsi_drift_fit_look(fit);
        if (fit->row == llmobsi_drift_fit_rows(fit)) {
            llmobsi_drift_fit_turn(fit);
        }
    }
    return fit->phase != LLMOBS_I_DRIFT_DONE;
}

/* ---- the baseline -------------------------------------------------------------------------- */

/* The mean of numbers, and the sum of a power of what they differ by from it: 2 or 3. */
llmobsi_fn double llmobsi_drift_average(const double* numbers, uint32_t count)
{
    double sum = 0.0;
    uint32_t i;
    for (i = 0; i < count; i++) {
        sum = llmobsi_plus(sum, numbers[i]);
    }
    return llmobsi_over(sum, (double)count);
}

llmobsi_fn double llmobsi_drift_moment(const double* numbers, uint32_t count, double mean,
                                       uint32_t power)
{
    double sum = 0.0;
    uint32_t i;
    for (i = 0; i < count; i++) {
        double difference = llmobsi_minus(numbers[i], mean);
        double square = llmobsi_times(difference, difference);
        sum = llmobsi_plus(sum, power == 2 ? square : llmobsi_times(square, difference));
    }
    return sum;
}

/* The standard deviation, of count - 1. */
llmobsi_fn double llmobsi_drift_deviation(const double* numbers, uint32_t count, double mean)
{
    return llmobsi_sqrt(llmobsi_over(llmobsi_drift_moment(numbers, count, mean, 2),
                                     (double)(count - 1)));
}

llmobsi_fn void llmobsi_drift_fit_distances(const llmobs_drift_fit* fit,
                                            llmobs_drift_baseline* baseline)
{
    const uint32_t held = fit->count - fit->half;
    double deviation;
    uint32_t i;
    baseline->held = held;
    baseline->distance_mean = llmobsi_drift_average(fit->distances, held);
    deviation = llmobsi_drift_deviation(fit->distances, held, baseline->distance_mean);
    baseline->distance_deviation = deviation > LLMOBS_I_DRIFT_LEAST_DEVIATION
                                       ? deviation
                                       : LLMOBS_I_DRIFT_LEAST_DEVIATION;
    baseline->distance_most = baseline->distance_mean; /* which rounding may put above all */
    for (i = 0; i < held; i++) {
        if (fit->distances[i] > baseline->distance_most) {
            baseline->distance_most = fit->distances[i];
        }
    }
    memcpy(baseline->held_in, fit->members, sizeof baseline->held_in);
}

/* False: the null has no spread. */
llmobsi_fn bool llmobsi_drift_fit_null(const llmobs_drift_fit* fit,
                                       llmobs_drift_baseline* baseline)
{
    const uint32_t count = LLMOBS_I_DRIFT_PERMUTATIONS;
    double mean = llmobsi_drift_average(fit->nulls, count);
    double third = llmobsi_over(llmobsi_drift_moment(fit->nulls, count, mean, 3), (double)count);
    double variance = llmobsi_over(llmobsi_drift_moment(fit->nulls, count, mean, 2),
                                   (double)count);
    baseline->null_mean = mean;
    baseline->null_deviation = llmobsi_drift_deviation(fit->nulls, count, mean);
    if (mean < LLMOBS_I_DRIFT_LEAST_NULL ||
        baseline->null_deviation < LLMOBS_I_DRIFT_LEAST_NULL) {
        return false;
    }
    baseline->null_skew =
        llmobsi_over(third, llmobsi_times(variance, llmobsi_sqrt(variance)));
    return true;
}

llmobsi_fn bool llmobsi_drift_fit_finish(const llmobs_drift_fit* fit,
                                         llmobs_drift_baseline* baseline)
{
    const size_t dimension = fit->centres.dimension;
    memset((void*)baseline, 0, sizeof *baseline);
    baseline->seed = fit->seed;
    baseline->dimension = fit->centres.dimension;
    baseline->prototypes = fit->prototypes;
    baseline->count = fit->count;
    memcpy(baseline->embedder, fit->sample->embedder, sizeof baseline->embedder);
    llmobsi_drift_fit_distances(fit, baseline);
    if (!llmobsi_drift_fit_null(fit, baseline)) {
        return false;
    }
    memcpy(llmobsi_drift_mean_of(baseline), fit->mean, dimension * sizeof(double));
    memcpy(llmobsi_drift_rows_of(baseline), fit->rows,
           fit->prototypes * dimension * sizeof(float));
    llmobsi_drift_baseline_complete(baseline);
    baseline->fingerprint = llmobsi_drift_fingerprint(baseline);
    return true;
}

LLMOBS_API llmobs_result llmobs_drift_fit_end(llmobs_drift_fit* fit, void* memory, size_t bytes,
                                              llmobs_drift_baseline** out)
{
    llmobs_drift_baseline* baseline = (llmobs_drift_baseline*)memory;
    bool fitted;
    if (fit == NULL || memory == NULL || out == NULL || !llmobsi_drift_is_aligned(memory)) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    if (bytes < llmobs_drift_baseline_bytes(fit->centres.dimension, fit->prototypes)) {
        return LLMOBS_ERROR_MEMORY;
    }
    (void)llmobs_drift_fit_step(fit, UINT32_MAX);
    fitted = llmobsi_drift_fit_finish(fit, baseline);
    llmobsi_wipe(fit, fit->bytes);
    if (!fitted) {
        llmobsi_wipe(baseline, sizeof *baseline);
        return LLMOBS_ERROR_ARGUMENT;
    }
    *out = baseline;
    return LLMOBS_OK;
}

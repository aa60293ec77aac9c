/* ---- sums as numpy's ----------------------------------------------------------------------- */

/* Where numpy parts what is longer than a block. */
llmobsi_inline size_t llmobsi_score_half(size_t size)
{
    return size / 2 - size / 2 % 8;
}

/* Of up to a block: eights by the path, the rest one by one. */
llmobsi_inline llmobsi_score_pair llmobsi_score_block(const llmobsi_score_path* path,
                                                      const char* row, bool is_double,
                                                      const double* center, size_t size)
{
    llmobsi_score_pair pair = {0.0, 0.0};
    size_t i = size - size % 8;
    if (i > 0) {
        pair = path->exact(row, is_double, center, i);
    }
    for (; i < size; i++) {
        double u = llmobsi_score_number(row, is_double, i);
        pair.uc = llmobsi_plus(pair.uc, llmobsi_times(u, center[i]));
        pair.uu = llmobsi_plus(pair.uu, llmobsi_times(u, u));
    }
    return pair;
}

llmobsi_fn llmobsi_score_pair llmobsi_score_halves(const llmobsi_score_path* path, const char* row,
                                                   bool is_double, const double* center,
                                                   size_t size)
{
    llmobsi_score_pair low, high;
    size_t half = llmobsi_score_half(size);
    if (size <= LLMOBS_I_SCORE_BLOCK) {
        return llmobsi_score_block(path, row, is_double, center, size);
    }
    low = llmobsi_score_halves(path, row, is_double, center, half);
    high = llmobsi_score_halves(path, row + half * llmobsi_score_width(is_double), is_double,
                                center + half, size - half);
    low.uc = llmobsi_plus(low.uc, high.uc);
    low.uu = llmobsi_plus(low.uu, high.uu);
    return low;
}

/* numpy's buffers have so many numbers; their sums are added up one after the other. */
#define LLMOBS_I_SCORE_BUFFER 8192u

/* What is left of so many numbers for the buffer at a place. */
llmobsi_inline size_t llmobsi_score_buffer(size_t size, size_t at)
{
    return size - at < LLMOBS_I_SCORE_BUFFER ? size - at : LLMOBS_I_SCORE_BUFFER;
}

llmobsi_fn llmobsi_score_pair llmobsi_score_products(const llmobsi_score_path* path,
                                                     const char* row, bool is_double,
                                                     const double* center, size_t size)
{
    llmobsi_score_pair sum = {0.0, 0.0};
    size_t i;
    for (i = 0; i < size; i += LLMOBS_I_SCORE_BUFFER) {
        llmobsi_score_pair pair = llmobsi_score_halves(
            path, row + i * llmobsi_score_width(is_double), is_double, center + i,
            llmobsi_score_buffer(size, i));
        sum.uc = llmobsi_plus(sum.uc, pair.uc);
        sum.uu = llmobsi_plus(sum.uu, pair.uu);
    }
    return sum;
}

/* Of plain numbers. */
llmobsi_fn double llmobsi_score_sum_halves(const double* values, size_t size)
{
    double sums[8] = {0, 0, 0, 0, 0, 0, 0, 0}, sum = 0.0;
    size_t i;
    if (size > LLMOBS_I_SCORE_BLOCK) {
        size_t half = llmobsi_score_half(size);
        return llmobsi_plus(llmobsi_score_sum_halves(values, half),
                            llmobsi_score_sum_halves(values + half, size - half));
    }
    for (i = 0; i < size - size % 8; i++) {
        sums[i % 8] = llmobsi_plus(sums[i % 8], values[i]);
    }
    sum = i > 0 ? llmobsi_score_eight(sums) : sum;
    for (; i < size; i++) {
        sum = llmobsi_plus(sum, values[i]);
    }
    return sum;
}

llmobsi_fn double llmobsi_score_sum(const double* values, size_t size)
{
    double sum = 0.0;
    size_t i;
    for (i = 0; i < size; i += LLMOBS_I_SCORE_BUFFER) {
        sum = llmobsi_plus(sum,
                           llmobsi_score_sum_halves(values + i, llmobsi_score_buffer(size, i)));
    }
    return sum;
}

/* np.std. The values become what they are off the mean. */
llmobsi_fn double llmobsi_score_deviation(const llmobsi_score_path* path, double* values,
                                          size_t size)
{
    double mean = llmobsi_over(llmobsi_score_sum(values, size), (double)size), squares;
    size_t i;
    for (i = 0; i < size; i++) {
        values[i] = llmobsi_minus(values[i], mean);
    }
    squares = llmobsi_score_products(path, (const char*)values, true, values, size).uu;
    return llmobsi_sqrt(llmobsi_over(squares, (double)size));
}

/* scipy.spatial.distance.cosine, of the sums of products; false: there is no such distance. */
llmobsi_inline bool llmobsi_score_distance(double uc, double uu, double cc, size_t size,
                                           double* distance)
{
    double n = (double)size;
    double square = llmobsi_times(llmobsi_over(uu, n), llmobsi_over(cc, n));
    uint64_t bits = llmobsi_double_bits(square);
    double cosine;
    if (bits == 0 || bits >= LLMOBS_I_DOUBLE_INFINITY) { /* negative numbers can't be */
        return false;
    }
    cosine = llmobsi_over(llmobsi_over(uc, n), llmobsi_sqrt(square));
    *distance = llmobsi_magnitude(llmobsi_minus(1.0, cosine));
    *distance = *distance < 2.0 ? *distance : 2.0;
    return true;
}

/* ---- one side ------------------------------------------------------------------------------ */

typedef struct llmobsi_score_side {
    llmobsi_score_rows rows;
    size_t count;
    size_t columns;
    double* center;  /* the mean of the rows                    */
    double square;   /* the sum of its squares                  */
    double spread;
} llmobsi_score_side;

llmobsi_inline const char* llmobsi_score_row(const llmobsi_score_side* side, size_t i)
{
    return side->rows.data + i * side->rows.step;
}

/* Rows that are added at once: each column's sum is read and written once for them. */
#define LLMOBS_I_SCORE_AT_ONCE 8u

/* The sums of the first columns, row by row; fast, eights of rows are added as floats. */
llmobsi_fn void llmobsi_score_add(const llmobsi_score_path* path, const llmobsi_score_side* side,
                                  size_t columns, bool is_fast)
{
    llmobsi_score_rows rows = side->rows;
    size_t i;
    for (i = 0; i < side->count; i += LLMOBS_I_SCORE_AT_ONCE) {
        size_t left = side->count - i;
        rows.data = llmobsi_score_row(side, i);
        if (is_fast && left >= LLMOBS_I_SCORE_AT_ONCE) {
            path->fast_add(side->center, columns, &rows);
        } else {
            path->add(side->center, columns, &rows,
                      left < LLMOBS_I_SCORE_AT_ONCE ? left : LLMOBS_I_SCORE_AT_ONCE);
        }
    }
}

/* np.mean(rows, axis=0). One column is an array to numpy, added up as such; `distances` has room
   for it. */
llmobsi_fn void llmobsi_score_center(const llmobsi_score_path* path, llmobsi_score_side* side,
                                     bool is_fast, double* distances)
{
    size_t whole = side->columns - side->columns % (is_fast ? 16 : 8), i, k;
    memset(side->center, 0, side->columns * sizeof(double));
    llmobsi_score_add(path, side, whole, is_fast);
    for (i = 0; whole < side->columns && i < side->count; i++) {
        const char* row = llmobsi_score_row(side, i);
        distances[i] = llmobsi_score_number(row, side->rows.is_double, 0);
        for (k = whole; k < side->columns; k++) {
            side->center[k] = llmobsi_plus(
                side->center[k], llmobsi_score_number(row, side->rows.is_double, k));
        }
    }
    if (side->columns == 1) {
        side->center[0] = llmobsi_score_sum(distances, side->count);
    }
    for (k = 0; k < side->columns; k++) {
        side->center[k] = llmobsi_over(side->center[k], (double)side->count);
    }
    side->square = llmobsi_score_products(path, (const char*)side->center, true, side->center,
                                          side->columns).uu;
}

/* False: a row has no distance. */
llmobsi_fn bool llmobsi_score_spread(const llmobsi_score_path* path, llmobsi_score_side* side,
                                     double* distances)
{
    size_t i;
    for (i = 0; i < side->count; i++) {
        llmobsi_score_pair pair = llmobsi_score_products(
            path, llmobsi_score_row(side, i), side->rows.is_double, side->center, side->columns);
        if (!llmobsi_score_distance(pair.uc, pair.uu, side->square, side->columns,
                                    &distances[i])) {
            return false;
        }
    }
    side->spread = llmobsi_score_deviation(path, distances, side->count);
    return true;
}

/* ---- in floats ----------------------------------------------------------------------------- */

/* A step in floats is off by 6e-8 at most, of what a row's sum has in one lane of a block; over the
   lanes and blocks of 256 columns that evens out to some 1e-8 of a distance, and over 256 rows to
   less than 1e-9 of a spread: of one of 0.02 that is 5e-8, of which the score has 0.3. */
#define LLMOBS_I_SCORE_FAST_ROWS 256u
#define LLMOBS_I_SCORE_FAST_COLUMNS 256u
#define LLMOBS_I_SCORE_FAST_SPREAD 0.02
/* Squares of lengths from here to its reciprocal are well within the range of floats. */
#define LLMOBS_I_SCORE_FAST_SQUARE 1e-20

llmobsi_inline bool llmobsi_score_is_fast(const llmobsi_score_path* path,
                                          const llmobsi_score_side* side)
{
    return path->fast != NULL && !side->rows.is_double &&
           side->count >= LLMOBS_I_SCORE_FAST_ROWS &&
           side->columns >= LLMOBS_I_SCORE_FAST_COLUMNS;
}

llmobsi_inline bool llmobsi_score_is_moderate(double square)
{
    return llmobsi_double_bits(square) >= llmobsi_double_bits(LLMOBS_I_SCORE_FAST_SQUARE) &&
           llmobsi_double_bits(square) <= llmobsi_double_bits(1.0 / LLMOBS_I_SCORE_FAST_SQUARE);
}

/* False: this is not for floats. `floats` has room for a center. */
llmobsi_fn bool llmobsi_score_spread_fast(const llmobsi_score_path* path, llmobsi_score_side* side,
                                          double* distances, float* floats)
{
    size_t whole = side->columns - side->columns % LLMOBS_I_SCORE_BLOCK, i;
    if (!llmobsi_score_is_moderate(side->square)) {
        return false;
    }
    for (i = 0; i < whole; i++) {
        floats[i] = (float)side->center[i];
    }
    for (i = 0; i < side->count; i++) {
        const char* row = llmobsi_score_row(side, i);
        llmobsi_score_pair pair = path->fast((const float*)(const void*)row, floats, whole);
        llmobsi_score_pair rest = llmobsi_score_block(path, row + whole * sizeof(float), false,
                                                      side->center + whole, side->columns - whole);
        double square = pair.uu + rest.uu;
        if (!llmobsi_score_is_moderate(square)) {
            return false;
        }
        distances[i] = 1.0 - (pair.uc + rest.uc) / llmobsi_sqrt(square * side->square);
    }
    side->spread = llmobsi_score_deviation(path, distances, side->count);
    return side->spread >= LLMOBS_I_SCORE_FAST_SPREAD;
}

/* ---- the score ----------------------------------------------------------------------------- */

/* The elements from the first one to the last; 0: no vectors, or more than can be addressed. */
llmobsi_fn size_t llmobsi_vectors_size(const llmobs_vectors* vectors)
{
    size_t width, stride, most;
    if (vectors == NULL || vectors->data == NULL || vectors->rows == 0 || vectors->columns == 0 ||
        (vectors->stride != 0 && vectors->stride < vectors->columns)) {
        return 0;
    }
    width = llmobsi_score_width(vectors->is_double);
    stride = vectors->stride != 0 ? vectors->stride : vectors->columns;
    most = (size_t)PTRDIFF_MAX / width;
    if ((uintptr_t)vectors->data % width != 0 || vectors->columns > most ||
        (vectors->rows - 1) > (most - vectors->columns) / stride) {
        return 0;
    }
    return (vectors->rows - 1) * stride + vectors->columns;
}

/* Doubles: two centers, one more of floats, and the distances of one side. */
LLMOBS_API size_t llmobs_drift_score_memory(const llmobs_vectors* baseline,
                                            const llmobs_vectors* current)
{
    size_t most = (size_t)PTRDIFF_MAX / sizeof(double) / 4, rows;
    if (llmobsi_vectors_size(baseline) == 0 || llmobsi_vectors_size(current) == 0 ||
        baseline->columns != current->columns) {
        return 0;
    }
    rows = baseline->rows > current->rows ? baseline->rows : current->rows;
    if (rows > most || baseline->columns > most) {
        return 0;
    }
    return (2 * baseline->columns + (baseline->columns + 1) / 2 + rows) * sizeof(double);
}

llmobsi_fn llmobsi_score_side llmobsi_score_side_of(const llmobs_vectors* vectors, double* center)
{
    size_t stride = vectors->stride != 0 ? vectors->stride : vectors->columns;
    llmobsi_score_side side;
    side.rows.data = (const char*)vectors->data;
    side.rows.step = stride * llmobsi_score_width(vectors->is_double);
    side.rows.is_double = vectors->is_double;
    side.count = vectors->rows;
    side.columns = vectors->columns;
    side.center = center;
    side.square = 0.0;
    side.spread = 0.0;
    return side;
}

/* One side after the other: what its mean has read may still be in the cache. */
llmobsi_fn bool llmobsi_score_measure(const llmobsi_score_path* path, llmobsi_score_side sides[2],
                                      bool is_fast, double* distances)
{
    float* floats = (float*)(void*)(sides[1].center + sides[1].columns);
    uint32_t i;
    for (i = 0; i < 2; i++) {
        llmobsi_score_center(path, &sides[i], is_fast, distances);
        if (!(is_fast ? llmobsi_score_spread_fast(path, &sides[i], distances, floats)
                      : llmobsi_score_spread(path, &sides[i], distances))) {
            return false;
        }
    }
    return true;
}

/* False: LLMOBS_ERROR_DATA. */
llmobsi_fn bool llmobsi_score_compute(const llmobsi_score_path* path,
                                      const llmobs_vectors* const* vectors, bool is_fast,
                                      double* memory, llmobs_drift_parts* parts)
{
    size_t columns = vectors[0]->columns;
    double* distances = memory + 2 * columns + (columns + 1) / 2;
    llmobsi_score_side sides[2];
    double change, between;
    sides[0] = llmobsi_score_side_of(vectors[0], memory);
    sides[1] = llmobsi_score_side_of(vectors[1], memory + columns);
    is_fast = is_fast && llmobsi_score_is_fast(path, &sides[0]) &&
              llmobsi_score_is_fast(path, &sides[1]);
    if (!(is_fast && llmobsi_score_measure(path, sides, true, distances)) &&
        !llmobsi_score_measure(path, sides, false, distances)) {
        return false;
    }
    between = llmobsi_score_products(path, (const char*)sides[0].center, true, sides[1].center,
                                     columns).uc;
    change = llmobsi_magnitude(llmobsi_minus(sides[1].spread, sides[0].spread));
    parts->baseline_spread = sides[0].spread;
    parts->current_spread = sides[1].spread;
    parts->spread_change = llmobsi_over(change, llmobsi_plus(sides[0].spread, 1e-8));
    return llmobsi_score_distance(between, sides[0].square, sides[1].square, columns,
                                  &parts->centroid_distance);
}

llmobsi_inline double llmobsi_score_of_parts(const llmobs_drift_parts* parts)
{
    double score = llmobsi_plus(llmobsi_times(parts->centroid_distance, 0.7),
                                llmobsi_times(parts->spread_change, 0.3));
    return score < 1.0 ? score : 1.0;
}

/* A score and its parts. NaN until they are known. */
typedef struct llmobsi_score_answer {
    llmobs_drift_parts parts;
    double score;
} llmobsi_score_answer;

/* In the mode of all processors. Whatever goes in and comes out goes through memory that the
   compiler cannot see through. */
llmobsi_fn bool llmobsi_score_answer_by(const llmobsi_score_path* path,
                                        const llmobs_vectors* const vectors[2], bool is_fast,
                                        double* memory, llmobsi_score_answer* answer)
{
    llmobsi_score_answer found = *answer;
    uint64_t mode = llmobsi_real_begin();
    const llmobs_vectors* const* seen =
        (const llmobs_vectors* const*)llmobsi_real_here((const void*)vectors);
    bool is_sound = llmobsi_score_compute(path, seen, is_fast, memory, &found.parts);
    if (is_sound) {
        found.score = llmobsi_score_of_parts(&found.parts);
    }
    llmobsi_real_end(mode, &found);
    if (is_sound) {
        *answer = found;
    }
    return is_sound;
}

llmobsi_fn llmobs_result llmobsi_score_by(const llmobsi_score_path* path,
                                          const llmobs_vectors* const vectors[2], bool is_fast,
                                          void* memory, size_t memory_bytes,
                                          llmobsi_score_answer* answer)
{
    size_t needed = llmobs_drift_score_memory(vectors[0], vectors[1]);
    double none = llmobsi_not_a_number();
    answer->score = none;
    answer->parts.centroid_distance = none;
    answer->parts.baseline_spread = none;
    answer->parts.current_spread = none;
    answer->parts.spread_change = none;
    if (needed == 0 || memory == NULL || memory_bytes < needed ||
        (uintptr_t)memory % sizeof(double) != 0) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    return llmobsi_score_answer_by(path, vectors, is_fast, (double*)memory, answer)
               ? LLMOBS_OK
               : LLMOBS_ERROR_DATA;
}

llmobsi_fn llmobs_result llmobsi_score_tell(const llmobs_vectors* baseline,
                                            const llmobs_vectors* current, bool is_fast,
                                            void* memory, size_t memory_bytes,
                                            llmobs_drift_parts* parts, double* score)
{
    const llmobs_vectors* vectors[2];
    llmobsi_score_answer answer;
    llmobs_result result;
    vectors[0] = baseline;
    vectors[1] = current;
    result = llmobsi_score_by(llmobsi_score_best(), vectors, is_fast, memory, memory_bytes,
                              &answer);
    if (parts != NULL) {
        *parts = answer.parts;
    }
    if (score == NULL) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    *score = answer.score;
    return result;
}

/* ---- what is public ------------------------------------------------------------------------ */

LLMOBS_API llmobs_vectors llmobs_vectors_of_floats(const float* data, size_t rows, size_t columns)
{
    llmobs_vectors vectors;
    vectors.data = data;
    vectors.rows = rows;
    vectors.columns = columns;
    vectors.stride = 0;
    vectors.is_double = false;
    return vectors;
}

LLMOBS_API llmobs_vectors llmobs_vectors_of_doubles(const double* data, size_t rows, size_t columns)
{
    llmobs_vectors vectors = llmobs_vectors_of_floats(NULL, rows, columns);
    vectors.data = data;
    vectors.is_double = true;
    return vectors;
}

LLMOBS_API llmobs_result llmobs_drift_score(const llmobs_vectors* baseline,
                                            const llmobs_vectors* current, void* memory,
                                            size_t memory_bytes, llmobs_drift_parts* parts,
                                            double* score)
{
    return llmobsi_score_tell(baseline, current, false, memory, memory_bytes, parts, score);
}

LLMOBS_API llmobs_result llmobs_drift_score_fast(const llmobs_vectors* baseline,
                                                 const llmobs_vectors* current, void* memory,
                                                 size_t memory_bytes, llmobs_drift_parts* parts,
                                                 double* score)
{
    return llmobsi_score_tell(baseline, current, true, memory, memory_bytes, parts, score);
}

LLMOBS_API bool llmobs_drift_should_alert(double score, double threshold)
{
    uint64_t most = LLMOBS_I_DOUBLE_INFINITY, sign = UINT64_C(1) << 63;
    return (llmobsi_double_bits(score) & ~sign) <= most &&
           (llmobsi_double_bits(threshold) & ~sign) <= most && score > threshold;
}

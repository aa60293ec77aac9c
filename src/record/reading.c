/* Summing the rows. A reader takes each cell once, so that what it says fits together: the count of
   a histogram is the sum of the buckets that it has read. Cells only grow, so that no sum falls
   from one reading to the next. */

/* A histogram, summed. */
typedef struct llmobsi_reading {
    uint64_t count;
    uint64_t sum;   /* as a key: whole units, or the bits of a double */
    uint64_t most;  /* key + 1, 0: none */
    uint64_t least; /* ~ key */
    uint64_t zeros;
    uint64_t window;  /* exponential, 0: no bucket is in use */
    uint32_t bucket_count;
    uint64_t counts[LLMOBS_EXPONENTIAL_BUCKETS];
} llmobsi_reading;

LLMOBS_I_STATIC_ASSERT(reading, LLMOBS_BOUNDS_MAX < LLMOBS_EXPONENTIAL_BUCKETS);

/* The shared row is row 0. */
llmobsi_fn const llmobsi_row* llmobsi_row_at(const llmobsi_recorder* recorder, uint32_t number)
{
    return number == 0 ? &recorder->registry.cells.shared : &recorder->threads[number - 1].row;
}

llmobsi_fn uint32_t llmobsi_row_count(const llmobsi_recorder* recorder)
{
    return 1 + llmobsi_load_acquire(&recorder->threads_used);
}

llmobsi_fn uint64_t llmobsi_read_counter(const llmobsi_recorder* recorder, uint32_t cell)
{
    uint32_t rows = llmobsi_row_count(recorder);
    uint64_t sum = 0;
    uint32_t i;
    for (i = 0; i < rows; i++) {
        const llmobsi_atomic64* place = llmobsi_cell_of(llmobsi_row_at(recorder, i), cell);
        uint64_t part = place != NULL ? llmobsi_load_relaxed(place) : 0;
        sum = part <= LLMOBS_I_CELL_MOST - sum ? sum + part : LLMOBS_I_CELL_MOST;
    }
    return sum;
}

llmobsi_fn int64_t llmobsi_read_updown(const llmobsi_recorder* recorder, uint32_t cell)
{
    uint32_t rows = llmobsi_row_count(recorder);
    uint64_t low = 0; /* with `high` 128 bits: what one row has too much, another may take back */
    int64_t high = 0;
    uint32_t i;
    for (i = 0; i < rows; i++) {
        const llmobsi_atomic64* place = llmobsi_cell_of(llmobsi_row_at(recorder, i), cell);
        uint64_t part = place != NULL ? llmobsi_load_relaxed(place) : 0;
        low += part;
        high += (low < part) - (int64_t)(part >> 63);
    }
    if (high == -(int64_t)(low >> 63)) {
        return (int64_t)low;
    }
    return high < 0 ? INT64_MIN : INT64_MAX;
}

llmobsi_fn double llmobsi_read_gauge(const llmobsi_recorder* recorder, uint32_t cell)
{
    return llmobsi_double_of(
        llmobsi_load_relaxed(llmobsi_shared_cell(&recorder->registry, cell)));
}

/* ---- histograms ---------------------------------------------------------------------------- */

/* Adds what stands in the first cells of a row. They are read after its counts. */
llmobsi_fn void llmobsi_reading_add(llmobsi_reading* reading, uint8_t number, uint64_t sum,
                                    uint64_t most, uint64_t least)
{
    if (number == LLMOBS_NUMBER_DOUBLE) {
        double whole = llmobsi_double_of(reading->sum) + llmobsi_double_of(sum);
        uint64_t bits = llmobsi_double_bits(whole);
        reading->sum = bits < LLMOBS_I_DOUBLE_INFINITY ? bits : LLMOBS_I_DOUBLE_INFINITY - 1;
    } else {
        reading->sum = sum <= LLMOBS_I_CELL_MOST - reading->sum ? reading->sum + sum
                                                                : LLMOBS_I_CELL_MOST;
    }
    reading->most = most > reading->most ? most : reading->most;
    reading->least = least > reading->least ? least : reading->least;
}

llmobsi_fn void llmobsi_read_explicit(const llmobsi_recorder* recorder,
                                      const llmobsi_metric* metric, uint32_t cell,
                                      llmobsi_reading* reading)
{
    uint32_t rows = llmobsi_row_count(recorder);
    uint32_t i;
    uint32_t bucket;
    reading->bucket_count = metric->bound_count + 1u;
    for (i = 0; i < rows; i++) {
        const llmobsi_atomic64* cells = llmobsi_cell_of(llmobsi_row_at(recorder, i), cell);
        if (cells == NULL) {
            continue;
        }
        for (bucket = 0; bucket <= metric->bound_count; bucket++) {
            uint64_t count = llmobsi_load_acquire(&cells[LLMOBS_I_EXPLICIT_HEAD + bucket]);
            reading->counts[bucket] += count;
            reading->count += count;
        }
        llmobsi_reading_add(reading, metric->number,
                            llmobsi_load_relaxed(&cells[LLMOBS_I_EXPLICIT_SUM]),
                            llmobsi_load_relaxed(&cells[LLMOBS_I_EXPLICIT_MOST]),
                            llmobsi_load_relaxed(&cells[LLMOBS_I_EXPLICIT_LEAST]));
    }
}

/* Copies the counts of one row that belong to one window; again where it has changed meanwhile: its
   writer is not waited for, it has gone on. Returns the window, 0: nothing is counted. */
llmobsi_fn uint64_t llmobsi_read_window(const llmobsi_row* row, const llmobsi_series* series,
                                        const llmobsi_atomic64* cells, uint64_t* counts)
{
    uint64_t window = llmobsi_load_acquire(&cells[LLMOBS_I_EXPONENTIAL_WINDOW]);
    uint64_t before;
    do {
        const llmobsi_atomic64* from = cells + LLMOBS_I_EXPONENTIAL_HEAD;
        uint32_t i;
        before = window;
        if ((window & LLMOBS_I_WINDOW_COLD) != 0) {
            from = llmobsi_cell_of(row, series->cold);
        }
        for (i = 0; i < LLMOBS_EXPONENTIAL_BUCKETS; i++) {
            counts[i] = llmobsi_load_acquire(&from[i]);
        }
        window = llmobsi_load_acquire(&cells[LLMOBS_I_EXPONENTIAL_WINDOW]);
    } while (window != before);
    return window;
}

/* The least and largest index that is counted, at the window's scale. */
llmobsi_fn bool llmobsi_counts_span(uint64_t window, const uint64_t* counts, int32_t* low,
                                    int32_t* high)
{
    int32_t first = 0;
    int32_t last = (int32_t)LLMOBS_EXPONENTIAL_BUCKETS - 1;
    while (last >= 0 && counts[last] == 0) {
        last--;
    }
    while (first < last && counts[first] == 0) {
        first++;
    }
    *low = llmobsi_window_start(window) + first;
    *high = llmobsi_window_start(window) + last;
    return last >= 0;
}

/* Moves counts into another window, which has room for them. */
llmobsi_fn void llmobsi_counts_move(uint64_t from_window, const uint64_t* from, uint64_t to_window,
                                    uint64_t* to)
{
    uint32_t coarser = llmobsi_window_shift(to_window) - llmobsi_window_shift(from_window);
    int32_t i;
    for (i = 0; i < (int32_t)LLMOBS_EXPONENTIAL_BUCKETS; i++) {
        if (from[i] != 0) {
            int32_t at = (llmobsi_window_start(from_window) + i) >> coarser;
            to[at - llmobsi_window_start(to_window)] += from[i];
        }
    }
}

/* Merges a row's counts: at the coarser scale of both, or one that holds both. */
llmobsi_fn void llmobsi_reading_merge(llmobsi_reading* reading, uint64_t window,
                                      const uint64_t* counts)
{
    uint64_t merged[LLMOBS_EXPONENTIAL_BUCKETS];
    uint32_t shift = llmobsi_window_shift(window);
    uint32_t other = llmobsi_window_shift(reading->window);
    int32_t low, high, other_low, other_high;
    if (!llmobsi_counts_span(window, counts, &low, &high)) {
        return;
    }
    if (reading->window != 0) {
        uint32_t coarsest = shift > other ? shift : other;
        (void)llmobsi_counts_span(reading->window, reading->counts, &other_low, &other_high);
        low >>= coarsest - shift;
        high >>= coarsest - shift;
        other_low >>= coarsest - other;
        other_high >>= coarsest - other;
        low = other_low < low ? other_low : low;
        high = other_high > high ? other_high : high;
        shift = coarsest;
    }
    while (high - low >= (int32_t)LLMOBS_EXPONENTIAL_BUCKETS) {
        low >>= 1;
        high >>= 1;
        shift++;
    }
    memset(merged, 0, sizeof merged);
    {
        uint64_t wide = llmobsi_window_make(0, shift, low);
        llmobsi_counts_move(window, counts, wide, merged);
        if (reading->window != 0) {
            llmobsi_counts_move(reading->window, reading->counts, wide, merged);
        }
        reading->window = wide;
    }
    memcpy(reading->counts, merged, sizeof merged);
    reading->bucket_count = (uint32_t)(high - low) + 1;
}

llmobsi_fn void llmobsi_read_exponential(const llmobsi_recorder* recorder,
                                         const llmobsi_metric* metric,
                                         const llmobsi_series* series, llmobsi_reading* reading)
{
    uint64_t counts[LLMOBS_EXPONENTIAL_BUCKETS];
    uint32_t rows = llmobsi_row_count(recorder);
    uint32_t i;
    for (i = 0; i < rows; i++) {
        const llmobsi_row* row = llmobsi_row_at(recorder, i);
        const llmobsi_atomic64* cells = llmobsi_cell_of(row, series->cell);
        uint64_t window;
        if (cells == NULL) {
            continue;
        }
        reading->zeros += llmobsi_load_acquire(&cells[LLMOBS_I_EXPONENTIAL_ZEROS]);
        window = llmobsi_read_window(row, series, cells, counts);
        if (window != 0) {
            llmobsi_reading_merge(reading, window, counts);
        }
        llmobsi_reading_add(reading, metric->number,
                            llmobsi_load_relaxed(&cells[LLMOBS_I_EXPONENTIAL_SUM]),
                            llmobsi_load_relaxed(&cells[LLMOBS_I_EXPONENTIAL_MOST]),
                            llmobsi_load_relaxed(&cells[LLMOBS_I_EXPONENTIAL_LEAST]));
    }
    reading->count = reading->zeros;
    for (i = 0; i < reading->bucket_count; i++) {
        reading->count += reading->counts[i];
    }
}

llmobsi_fn void llmobsi_read_histogram(const llmobsi_recorder* recorder,
                                       const llmobsi_series* series, llmobsi_reading* reading)
{
    const llmobsi_metric* metric = &recorder->registry.metrics[series->metric];
    memset(reading, 0, sizeof *reading);
    if (metric->instrument == LLMOBS_HISTOGRAM) {
        llmobsi_read_explicit(recorder, metric, series->cell, reading);
    } else {
        llmobsi_read_exponential(recorder, metric, series, reading);
    }
}

/* ---- by handle ----------------------------------------------------------------------------- */

/* What is read has to stay for the length of a call, as with recording. NULL: it is not there. */
llmobsi_fn const llmobsi_recorder* llmobsi_reader_begin(llmobsi_visit* visit, uint32_t ticket)
{
    return llmobsi_visit_begin(visit, ticket) ? llmobsi_places[LLMOBS_I_PLACE(ticket)].recorder
                                              : NULL;
}

LLMOBS_API uint64_t llmobs_counter_read(llmobs_counter counter)
{
    llmobsi_visit visit;
    const llmobsi_recorder* recorder = llmobsi_reader_begin(&visit, counter.instance);
    uint64_t value = 0;
    if (recorder != NULL) {
        value = llmobsi_read_counter(recorder, counter.cell);
        llmobsi_visit_end(&visit);
    }
    return value;
}

LLMOBS_API int64_t llmobs_updown_read(llmobs_updown updown)
{
    llmobsi_visit visit;
    const llmobsi_recorder* recorder = llmobsi_reader_begin(&visit, updown.instance);
    int64_t value = 0;
    if (recorder != NULL) {
        value = llmobsi_read_updown(recorder, updown.cell);
        llmobsi_visit_end(&visit);
    }
    return value;
}

LLMOBS_API double llmobs_gauge_read(llmobs_gauge gauge)
{
    llmobsi_visit visit;
    const llmobsi_recorder* recorder = llmobsi_reader_begin(&visit, gauge.instance);
    double value = 0.0;
    if (recorder != NULL) {
        value = llmobsi_read_gauge(recorder, gauge.cell);
        llmobsi_visit_end(&visit);
    }
    return value;
}

static const uint64_t llmobsi_nan_bits = UINT64_C(0x7ff8000000000000);

llmobsi_fn int32_t llmobsi_reading_scale(const llmobsi_reading* reading)
{
    return LLMOBS_I_EXPONENTIAL_FINEST - (int32_t)llmobsi_window_shift(reading->window);
}

llmobsi_fn double llmobsi_reading_min(const llmobsi_reading* reading, uint8_t number)
{
    return reading->count != 0 ? llmobsi_key_value(number, ~reading->least)
                               : llmobsi_double_of(llmobsi_nan_bits);
}

llmobsi_fn double llmobsi_reading_max(const llmobsi_reading* reading, uint8_t number)
{
    return reading->count != 0 ? llmobsi_key_value(number, reading->most - 1)
                               : llmobsi_double_of(llmobsi_nan_bits);
}

LLMOBS_API llmobs_result llmobs_histogram_read(llmobs_histogram histogram,
                                               llmobs_histogram_stats* stats)
{
    llmobs_histogram_stats full;
    llmobsi_visit visit;
    const llmobsi_recorder* recorder;
    llmobsi_reading reading;
    size_t size;
    if (stats == NULL) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    memset(&full, 0, sizeof full);
    recorder = llmobsi_reader_begin(&visit, histogram.instance);
    if (recorder != NULL) {
        uint8_t number = recorder->registry.metrics[histogram.metric].number;
        llmobsi_read_histogram(recorder, &recorder->registry.series[histogram.series], &reading);
        full.count = reading.count;
        full.sum = llmobsi_key_value(number, reading.sum);
        full.min = llmobsi_reading_min(&reading, number);
        full.max = llmobsi_reading_max(&reading, number);
        full.scale = reading.window != 0 ? llmobsi_reading_scale(&reading) : 0;
        llmobsi_visit_end(&visit);
    }
    size = llmobsi_known_size(stats->size, sizeof full);
    full.size = size;
    memcpy(stats, &full, size);
    return recorder != NULL ? LLMOBS_OK : LLMOBS_ERROR_CLOSED;
}

/* ---- quantiles ----------------------------------------------------------------------------- */

llmobsi_fn void llmobsi_reading_quantile(const llmobsi_metric* metric,
                                         const llmobsi_reading* reading, double q,
                                         llmobs_quantile* quantile)
{
    double least = llmobsi_reading_min(reading, metric->number);
    double most = llmobsi_reading_max(reading, metric->number);
    uint64_t rank = llmobsi_quantile_rank(q, reading->count);
    llmobsi_bracket bracket;
    if (metric->instrument == LLMOBS_HISTOGRAM) {
        bracket = llmobsi_explicit_quantile(reading->counts, metric->bounds, metric->bound_count,
                                            rank, least, most);
    } else {
        bracket = llmobsi_exponential_quantile(reading->counts, reading->bucket_count,
                                               llmobsi_window_start(reading->window),
                                               llmobsi_reading_scale(reading), reading->zeros,
                                               rank);
    }
    if (bracket.high > 0.0) { /* halves: their sum is a double */
        quantile->relative_error = (bracket.high / 2 - bracket.low / 2) /
                                   (bracket.high / 2 + bracket.low / 2);
    }
    bracket = llmobsi_bracket_clamp(bracket, least, most);
    quantile->value = bracket.value;
    quantile->low = bracket.low;
    quantile->high = bracket.high;
}

LLMOBS_API llmobs_quantile llmobs_histogram_quantile(llmobs_histogram histogram, double q)
{
    llmobs_quantile quantile;
    llmobsi_visit visit;
    const llmobsi_recorder* recorder = llmobsi_reader_begin(&visit, histogram.instance);
    llmobsi_reading reading;
    memset(&quantile, 0, sizeof quantile);
    quantile.value = llmobsi_double_of(llmobsi_nan_bits);
    quantile.low = quantile.value;
    quantile.high = quantile.value;
    if (recorder == NULL) {
        return quantile;
    }
    llmobsi_read_histogram(recorder, &recorder->registry.series[histogram.series], &reading);
    quantile.count = reading.count;
    if (reading.count != 0) {
        llmobsi_reading_quantile(&recorder->registry.metrics[histogram.metric], &reading, q,
                                 &quantile);
    }
    llmobsi_visit_end(&visit);
    return quantile;
}

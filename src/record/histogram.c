/* Histograms. One with bounds is a sum, a largest and a least value, and a count for each bucket:

     0 sum   1 largest key + 1   2 ~ least key   3... counts

   where a key is what values are compared by (define.c), and zeroed cells mean "nothing yet". A
   base-2 exponential one has a window of buckets, which its writer moves and coarsens as values
   come:

     0 lock, of the shared row   1 window   2 sum   3 largest   4 least   5 zeros   6... counts

   The window says where its counts stand: here, or in the series' cold cells. To change it, the
   writer writes the new counts where the old ones are not, then switches: a reader in between has
   the old ones whole, and waits for nobody. */

#define LLMOBS_I_EXPLICIT_SUM 0u
#define LLMOBS_I_EXPLICIT_MOST 1u
#define LLMOBS_I_EXPLICIT_LEAST 2u

#define LLMOBS_I_EXPONENTIAL_LOCK 0u
#define LLMOBS_I_EXPONENTIAL_WINDOW 1u
#define LLMOBS_I_EXPONENTIAL_SUM 2u
#define LLMOBS_I_EXPONENTIAL_MOST 3u
#define LLMOBS_I_EXPONENTIAL_LEAST 4u
#define LLMOBS_I_EXPONENTIAL_ZEROS 5u

/* A window: set, a serial number, which set of counts, how much coarser than the finest scale, and
   the index of the first bucket at that scale. */
#define LLMOBS_I_WINDOW_SET (UINT64_C(1) << 63)
#define LLMOBS_I_WINDOW_SERIAL (UINT64_C(1) << 48)
#define LLMOBS_I_WINDOW_COLD (UINT64_C(1) << 47)
#define LLMOBS_I_WINDOW_SHIFT 40u

LLMOBS_I_STATIC_ASSERT(cold_run, LLMOBS_I_COLD_CELLS == LLMOBS_EXPONENTIAL_BUCKETS);

#define LLMOBS_I_SHARED_TRIES 1000 /* for the lock of a shared histogram, then the value is lost */

/* ---- what both have ------------------------------------------------------------------------ */

/* Where a sum stops. */
llmobsi_inline uint64_t llmobsi_sum_end(uint8_t number)
{
    return number != LLMOBS_NUMBER_DOUBLE ? LLMOBS_I_CELL_MOST : LLMOBS_I_DOUBLE_INFINITY - 1;
}

/* What the one writer's sum will be with a value more: above its end, it has to stay there. */
llmobsi_inline uint64_t llmobsi_sum_next(uint8_t number, const llmobsi_atomic64* cell, uint64_t key)
{
    uint64_t sum = llmobsi_load_relaxed(cell);
    return llmobsi_likely(number != LLMOBS_NUMBER_DOUBLE)
               ? sum + key /* both are up to INT64_MAX */
               : llmobsi_double_bits(llmobsi_double_of(sum) + llmobsi_double_of(key));
}

/* Adds to the sum of many. False: it has come to its end, and stays there. */
llmobsi_fn bool llmobsi_sum_add_shared(uint8_t number, llmobsi_atomic64* cell, uint64_t key)
{
    uint64_t before = llmobsi_load_relaxed(cell);
    uint64_t bits;
    if (number != LLMOBS_NUMBER_DOUBLE) {
        return llmobsi_cell_add_shared(cell, key);
    }
    do {
        bits = llmobsi_double_bits(llmobsi_double_of(before) + llmobsi_double_of(key));
        bits = bits < LLMOBS_I_DOUBLE_INFINITY ? bits : LLMOBS_I_DOUBLE_INFINITY - 1;
    } while (!llmobsi_cas_acquire_release(cell, &before, bits));
    return bits < LLMOBS_I_DOUBLE_INFINITY - 1;
}

llmobsi_inline void llmobsi_most_raise(llmobsi_atomic64* cell, uint64_t value)
{
    if (llmobsi_unlikely(value > llmobsi_load_relaxed(cell))) {
        llmobsi_store_relaxed(cell, value);
    }
}

llmobsi_fn void llmobsi_most_raise_shared(llmobsi_atomic64* cell, uint64_t value)
{
    uint64_t before = llmobsi_load_relaxed(cell);
    while (value > before && !llmobsi_cas_acquire_release(cell, &before, value)) {
    }
}

/* Puts a value into the sum, the largest and the least, in this order at `head`, and its count,
   by the one writer. The count is released: who sees it sees a largest and a least value that
   belong to it. */
llmobsi_inline void llmobsi_value_put(llmobsi_atomic64* head, llmobsi_atomic64* count, uint64_t key,
                                      uint64_t sum)
{
    llmobsi_most_raise(&head[1], key + 1);
    llmobsi_most_raise(&head[2], ~key);
    llmobsi_store_release(count, llmobsi_load_relaxed(count) + 1);
    llmobsi_store_relaxed(head, sum);
}

/* ---- with bounds --------------------------------------------------------------------------- */

/* How many bounds are below a key: its bucket. Without a branch that depends on the key: many are
   halved, and up to seven all compared at once, as each half would wait for the one before. */
llmobsi_inline uint32_t llmobsi_bucket_of(const llmobsi_metric* metric, uint64_t key)
{
    const uint64_t* from = metric->keys;
    uint32_t rest = metric->bound_count;
    uint32_t below = 0;
    while (llmobsi_unlikely(rest > 7)) {
        uint32_t half = rest / 2;
        uint32_t skip = half & (0u - (uint32_t)(from[half - 1] < key)); /* gcc branches on `?` */
        from += skip;
        below += skip;
        rest -= half;
    }
    if ((rest & 4) != 0) {
        below += (uint32_t)(from[0] < key) + (uint32_t)(from[1] < key);
        below += (uint32_t)(from[2] < key) + (uint32_t)(from[3] < key);
        from += 4;
    }
    if ((rest & 2) != 0) {
        below += (uint32_t)(from[0] < key) + (uint32_t)(from[1] < key);
        from += 2;
    }
    return (rest & 1) != 0 ? below + (uint32_t)(from[0] < key) : below;
}

/* False: the sum has come to its end. */
llmobsi_fn bool llmobsi_explicit_add(const llmobsi_metric* metric, llmobsi_atomic64* cells,
                                     uint64_t key)
{
    uint64_t sum = llmobsi_sum_next(metric->number, cells, key);
    uint64_t end = llmobsi_sum_end(metric->number);
    llmobsi_value_put(cells, &cells[LLMOBS_I_EXPLICIT_HEAD + llmobsi_bucket_of(metric, key)], key,
                      sum <= end ? sum : end);
    return sum <= end;
}

llmobsi_fn bool llmobsi_explicit_add_shared(const llmobsi_metric* metric, llmobsi_atomic64* cells,
                                            uint64_t key)
{
    uint32_t bucket = llmobsi_bucket_of(metric, key);
    llmobsi_most_raise_shared(&cells[LLMOBS_I_EXPLICIT_MOST], key + 1);
    llmobsi_most_raise_shared(&cells[LLMOBS_I_EXPLICIT_LEAST], ~key);
    (void)llmobsi_add_ordered(&cells[LLMOBS_I_EXPLICIT_HEAD + bucket], 1);
    return llmobsi_sum_add_shared(metric->number, &cells[LLMOBS_I_EXPLICIT_SUM], key);
}

/* ---- exponential: the window --------------------------------------------------------------- */

llmobsi_inline uint32_t llmobsi_window_shift(uint64_t window)
{
    return (uint32_t)(window >> LLMOBS_I_WINDOW_SHIFT) & 31u;
}

llmobsi_inline int32_t llmobsi_window_start(uint64_t window)
{
    return (int32_t)(uint32_t)window;
}

/* Where in the window an index of the finest scale is; LLMOBS_EXPONENTIAL_BUCKETS and more:
   outside. */
llmobsi_inline uint32_t llmobsi_window_place(uint64_t window, int32_t index)
{
    return (uint32_t)(index >> llmobsi_window_shift(window)) - (uint32_t)window;
}

llmobsi_fn uint64_t llmobsi_window_make(uint64_t old, uint32_t shift, int32_t start)
{
    uint64_t serial = (old + LLMOBS_I_WINDOW_SERIAL) & (UINT64_C(0x7fff) << 48);
    uint64_t side = (old & LLMOBS_I_WINDOW_SET) != 0 ? ~old & LLMOBS_I_WINDOW_COLD : 0;
    return LLMOBS_I_WINDOW_SET | serial | side | (uint64_t)shift << LLMOBS_I_WINDOW_SHIFT |
           (uint32_t)start;
}

/* The least and the largest index in use, at the window's scale. False: nothing is counted. */
llmobsi_fn bool llmobsi_window_span(uint64_t window, const llmobsi_atomic64* counts, int32_t* low,
                                    int32_t* high)
{
    int32_t first = 0;
    int32_t last = (int32_t)LLMOBS_EXPONENTIAL_BUCKETS - 1;
    while (last >= 0 && llmobsi_load_relaxed(&counts[last]) == 0) {
        last--;
    }
    if (last < 0) {
        return false;
    }
    while (llmobsi_load_relaxed(&counts[first]) == 0) {
        first++;
    }
    *low = llmobsi_window_start(window) + first;
    *high = llmobsi_window_start(window) + last;
    return true;
}

/* The window for a series' first value: over the range that was declared, if the value is in it. */
llmobsi_fn uint64_t llmobsi_window_first(const llmobsi_metric* metric, int32_t index)
{
    uint32_t shift = (uint32_t)(LLMOBS_I_EXPONENTIAL_FINEST - metric->scale);
    int32_t start = llmobsi_exponential_index(metric->least) >> shift;
    uint64_t window = llmobsi_window_make(0, shift, start);
    if (llmobsi_window_place(window, index) < LLMOBS_EXPONENTIAL_BUCKETS) {
        return window;
    }
    start = (index >> shift) - (int32_t)LLMOBS_EXPONENTIAL_BUCKETS / 2;
    return llmobsi_window_make(0, shift, start);
}

/* A window that has room for all that is counted and for one index more. */
llmobsi_fn uint64_t llmobsi_window_wider(uint64_t window, int32_t low, int32_t high, int32_t index)
{
    uint32_t shift = llmobsi_window_shift(window);
    int32_t at = index >> shift;
    int32_t spare;
    low = at < low ? at : low;
    high = at > high ? at : high;
    while (high - low >= (int32_t)LLMOBS_EXPONENTIAL_BUCKETS) {
        low >>= 1;
        high >>= 1;
        shift++;
    }
    spare = (int32_t)LLMOBS_EXPONENTIAL_BUCKETS - 1 - (high - low);
    return llmobsi_window_make(window, shift, low - spare / 2);
}

/* Counts of a window; NULL when they are among the cold cells, and there is no memory for them. */
llmobsi_fn llmobsi_atomic64* llmobsi_window_counts(llmobsi_cells* pool, llmobsi_row* row,
                                                   const llmobsi_series* series, uint64_t window)
{
    return (window & LLMOBS_I_WINDOW_COLD) != 0
               ? llmobsi_cell_touch(pool, row, series->cold)
               : llmobsi_cell_at(row, series->cell) + LLMOBS_I_EXPONENTIAL_HEAD;
}

/* Makes room for an index, by the one writer. False: it can't be had. */
llmobsi_cold bool llmobsi_window_move(llmobsi_registry* registry, llmobsi_row* row,
                                      const llmobsi_series* series, int32_t index)
{
    llmobsi_cells* pool = &registry->cells;
    llmobsi_atomic64* cells = llmobsi_cell_at(row, series->cell);
    uint64_t old = llmobsi_load_relaxed(&cells[LLMOBS_I_EXPONENTIAL_WINDOW]);
    const llmobsi_atomic64* from = llmobsi_window_counts(pool, row, series, old);
    llmobsi_atomic64* to;
    uint64_t window;
    int32_t low;
    int32_t high;
    uint32_t coarser;
    uint32_t i;
    if (!llmobsi_window_span(old, from, &low, &high)) {
        window = llmobsi_window_first(&registry->metrics[series->metric], index);
        window |= old & LLMOBS_I_WINDOW_COLD; /* nothing has to be moved */
        llmobsi_store_release(&cells[LLMOBS_I_EXPONENTIAL_WINDOW], window);
        return true;
    }
    window = llmobsi_window_wider(old, low, high, index);
    to = llmobsi_window_counts(pool, row, series, window);
    if (to == NULL) {
        return false;
    }
    /* Released, each: a reader that takes one of these for an old count sees that the window has
       changed since it began. */
    for (i = 0; i < LLMOBS_EXPONENTIAL_BUCKETS; i++) {
        llmobsi_store_release(&to[i], 0);
    }
    coarser = llmobsi_window_shift(window) - llmobsi_window_shift(old);
    for (i = 0; i < LLMOBS_EXPONENTIAL_BUCKETS; i++) {
        uint64_t count = llmobsi_load_relaxed(&from[i]);
        if (count != 0) {
            int32_t at = (llmobsi_window_start(old) + (int32_t)i) >> coarser;
            llmobsi_atomic64* place = &to[at - llmobsi_window_start(window)];
            llmobsi_store_release(place, llmobsi_load_relaxed(place) + count);
        }
    }
    llmobsi_store_release(&cells[LLMOBS_I_EXPONENTIAL_WINDOW], window);
    return true;
}

/* ---- exponential: values ------------------------------------------------------------------- */

/* Where a value is counted, by the one writer. NULL: the window has to be moved first. */
llmobsi_inline llmobsi_atomic64* llmobsi_exponential_place(const llmobsi_row* row,
                                                           const llmobsi_series* series,
                                                           llmobsi_atomic64* cells, uint8_t number,
                                                           uint64_t key)
{
    uint64_t window = llmobsi_load_relaxed(&cells[LLMOBS_I_EXPONENTIAL_WINDOW]);
    uint32_t place;
    if (llmobsi_unlikely(key == 0)) {
        return &cells[LLMOBS_I_EXPONENTIAL_ZEROS];
    }
    place = llmobsi_window_place(window, llmobsi_exponential_index(llmobsi_key_value(number, key)));
    if (llmobsi_unlikely(place >= LLMOBS_EXPONENTIAL_BUCKETS || window == 0)) {
        return NULL;
    }
    if (llmobsi_unlikely((window & LLMOBS_I_WINDOW_COLD) != 0)) {
        return llmobsi_cell_at(row, series->cold) + place;
    }
    return &cells[LLMOBS_I_EXPONENTIAL_HEAD + place];
}

/* What a record came to. */
typedef enum llmobsi_recorded {
    LLMOBS_I_RECORDED,
    LLMOBS_I_RECORDED_FULL, /* but the sum has come to its end */
    LLMOBS_I_NOT_RECORDED
} llmobsi_recorded;

llmobsi_fn llmobsi_recorded llmobsi_exponential_add(llmobsi_registry* registry, llmobsi_row* row,
                                                    const llmobsi_series* series,
                                                    llmobsi_atomic64* cells, uint64_t key)
{
    uint8_t number = registry->metrics[series->metric].number;
    llmobsi_atomic64* place = llmobsi_exponential_place(row, series, cells, number, key);
    uint64_t end = llmobsi_sum_end(number);
    uint64_t sum;
    if (place == NULL) {
        double value = llmobsi_key_value(number, key);
        if (!llmobsi_window_move(registry, row, series, llmobsi_exponential_index(value))) {
            return LLMOBS_I_NOT_RECORDED;
        }
        place = llmobsi_exponential_place(row, series, cells, number, key);
    }
    sum = llmobsi_sum_next(number, &cells[LLMOBS_I_EXPONENTIAL_SUM], key);
    llmobsi_value_put(&cells[LLMOBS_I_EXPONENTIAL_SUM], place, key, sum <= end ? sum : end);
    return sum <= end ? LLMOBS_I_RECORDED : LLMOBS_I_RECORDED_FULL;
}

/* Into the shared row, where there is one writer at a time. A handler that interrupts that writer
   does not get in, and its value is counted as dropped. */
llmobsi_cold llmobsi_recorded llmobsi_exponential_add_shared(llmobsi_registry* registry,
                                                             const llmobsi_series* series,
                                                             uint64_t key)
{
    llmobsi_row* row = &registry->cells.shared;
    llmobsi_atomic64* cells = llmobsi_cell_at(row, series->cell);
    llmobsi_recorded came_to;
    int tries;
    for (tries = 0; tries < LLMOBS_I_SHARED_TRIES; tries++) {
        uint64_t open = 0;
        if (llmobsi_cas_acquire_release(&cells[LLMOBS_I_EXPONENTIAL_LOCK], &open, 1)) {
            came_to = llmobsi_exponential_add(registry, row, series, cells, key);
            llmobsi_store_release(&cells[LLMOBS_I_EXPONENTIAL_LOCK], 0);
            return came_to;
        }
    }
    return LLMOBS_I_NOT_RECORDED;
}

/* ---- recording ----------------------------------------------------------------------------- */

llmobsi_fn llmobsi_recorded llmobsi_histogram_add(const llmobsi_visit* visit,
                                                  const llmobsi_metric* metric,
                                                  const llmobsi_series* series, uint64_t key)
{
    llmobsi_registry* registry = visit->registry;
    llmobsi_atomic64* cells = llmobsi_visit_cell(visit, series->cell);
    llmobsi_recorded came_to = LLMOBS_I_NOT_RECORDED;
    bool fits;
    if (metric->instrument == LLMOBS_HISTOGRAM_EXPONENTIAL) {
        if (cells != NULL) {
            came_to = llmobsi_exponential_add(registry, visit->row, series, cells, key);
        }
        return came_to != LLMOBS_I_NOT_RECORDED
                   ? came_to
                   : llmobsi_exponential_add_shared(registry, series, key);
    }
    fits = cells != NULL ? llmobsi_explicit_add(metric, cells, key)
                         : llmobsi_explicit_add_shared(
                               metric, llmobsi_shared_cell(registry, series->cell), key);
    return fits ? LLMOBS_I_RECORDED : LLMOBS_I_RECORDED_FULL;
}

/* Whole units, or a double: of which the metric's number is known only inside. */
llmobsi_inline uint64_t llmobsi_key_of_int(uint8_t number, uint64_t value)
{
    return llmobsi_likely(number != LLMOBS_NUMBER_DOUBLE) ? value
                                                          : llmobsi_double_bits((double)value);
}

/* A key above LLMOBS_I_CELL_MOST, which no value has, stands for one that can't be recorded. */
llmobsi_inline uint64_t llmobsi_key_of_value(uint8_t number, double value)
{
    uint64_t bits = llmobsi_double_bits(value);
    if (llmobsi_likely(bits < LLMOBS_I_DOUBLE_INFINITY)) {
        return llmobsi_key_of_double(number, value);
    }
    return bits == UINT64_C(1) << 63 ? 0 : UINT64_MAX; /* -0; or negative, or no number */
}

llmobsi_fn uint64_t llmobsi_key_of_bits(uint8_t number, uint64_t bits, bool is_double)
{
    return is_double ? llmobsi_key_of_value(number, llmobsi_double_of(bits))
                     : llmobsi_key_of_int(number, bits);
}

/* All that is not quick. `bits` are those of a whole number, or of a double. */
llmobsi_cold void llmobsi_histogram_record_slow(llmobs_histogram histogram, uint64_t bits,
                                                bool is_double)
{
    llmobsi_visit visit;
    llmobsi_metric* metric;
    uint64_t key;
    if (!llmobsi_visit_begin(&visit, histogram.instance)) {
        return;
    }
    metric = &visit.registry->metrics[histogram.metric];
    key = llmobsi_key_of_bits(metric->number, bits, is_double);
    if (key > LLMOBS_I_CELL_MOST) {
        (void)llmobsi_add_relaxed(&metric->invalid, 1);
    } else {
        llmobsi_recorded came_to = llmobsi_histogram_add(
            &visit, metric, &visit.registry->series[histogram.series], key);
        if (came_to != LLMOBS_I_RECORDED) {
            (void)llmobsi_add_relaxed(
                came_to == LLMOBS_I_RECORDED_FULL ? &metric->saturated : &metric->dropped, 1);
        }
    }
    llmobsi_visit_end(&visit);
}

/* The quick ways, where the thread has its cells and nothing is special. They return false, and
   nothing has happened, where the long way is to be gone; the busy flag is up. What leaves them is
   called last, so that they have few registers to save. */
llmobsi_inline bool llmobsi_explicit_quick(const llmobsi_metric* metric, uint8_t number,
                                           const llmobsi_row* row, uint32_t cell, uint64_t key)
{
    llmobsi_atomic64* cells = llmobsi_cell_at(row, cell);
    uint64_t sum;
    if (llmobsi_unlikely(cells == NULL || key > LLMOBS_I_CELL_MOST)) {
        return false;
    }
    sum = llmobsi_sum_next(number, cells, key);
    if (llmobsi_unlikely(sum > llmobsi_sum_end(number))) {
        return false;
    }
    llmobsi_value_put(cells, &cells[LLMOBS_I_EXPLICIT_HEAD + llmobsi_bucket_of(metric, key)], key,
                      sum);
    return true;
}

llmobsi_inline bool llmobsi_exponential_quick(const llmobsi_metric* metric, const llmobsi_row* row,
                                              const llmobsi_series* series, uint32_t cell,
                                              uint64_t key)
{
    llmobsi_atomic64* cells = llmobsi_cell_at(row, cell);
    llmobsi_atomic64* count;
    uint64_t sum;
    if (llmobsi_unlikely(cells == NULL || key > LLMOBS_I_CELL_MOST)) {
        return false;
    }
    count = llmobsi_exponential_place(row, series, cells, metric->number, key);
    sum = llmobsi_sum_next(metric->number, &cells[LLMOBS_I_EXPONENTIAL_SUM], key);
    if (llmobsi_unlikely(count == NULL || sum > llmobsi_sum_end(metric->number))) {
        return false;
    }
    llmobsi_value_put(&cells[LLMOBS_I_EXPONENTIAL_SUM], count, key, sum);
    return true;
}

/* Goes on where one of the two below has come in, and lowers the flag. */
llmobsi_noinline void llmobsi_histogram_record_other(llmobs_histogram histogram, uint64_t bits,
                                                     bool is_double)
{
    llmobsi_control* self = llmobsi_self;
    llmobsi_thread* thread = self->uses[LLMOBS_I_PLACE(histogram.instance)].thread;
    const llmobsi_registry* registry = &thread->recorder->registry;
    const llmobsi_metric* metric = &registry->metrics[histogram.metric];
    uint64_t key = llmobsi_key_of_bits(metric->number, bits, is_double);
    bool done = metric->instrument == LLMOBS_HISTOGRAM
                    ? llmobsi_explicit_quick(metric, LLMOBS_NUMBER_DOUBLE, &thread->row,
                                             histogram.cell, key)
                    : llmobsi_exponential_quick(metric, &thread->row,
                                                &registry->series[histogram.series],
                                                histogram.cell, key);
    llmobsi_lower(self);
    if (llmobsi_unlikely(!done)) {
        llmobsi_histogram_record_slow(histogram, bits, is_double);
    }
}

/* With bounds, and whole numbers: what is most common, and quickest. */
llmobsi_inline bool llmobsi_metric_is_plain(const llmobsi_metric* metric)
{
    return metric->instrument == LLMOBS_HISTOGRAM && metric->number != LLMOBS_NUMBER_DOUBLE;
}

LLMOBS_API void llmobs_histogram_record_int(llmobs_histogram histogram, uint64_t value)
{
    llmobsi_control* self = llmobsi_self;
    llmobsi_thread* thread = llmobsi_enter_quick(self, histogram.instance);
    if (llmobsi_likely(thread != NULL)) {
        const llmobsi_metric* metric = &thread->recorder->registry.metrics[histogram.metric];
        bool done;
        if (!llmobsi_metric_is_plain(metric)) {
            llmobsi_histogram_record_other(histogram, value, false);
            return;
        }
        done = llmobsi_explicit_quick(metric, LLMOBS_NUMBER_INT, &thread->row, histogram.cell,
                                      value);
        llmobsi_lower(self);
        if (llmobsi_likely(done)) {
            return;
        }
    }
    llmobsi_histogram_record_slow(histogram, value, false);
}

LLMOBS_API void llmobs_histogram_record(llmobs_histogram histogram, double value)
{
    llmobsi_control* self = llmobsi_self;
    llmobsi_thread* thread = llmobsi_enter_quick(self, histogram.instance);
    if (llmobsi_likely(thread != NULL)) {
        const llmobsi_metric* metric = &thread->recorder->registry.metrics[histogram.metric];
        bool done;
        if (!llmobsi_metric_is_plain(metric)) {
            llmobsi_histogram_record_other(histogram, llmobsi_double_bits(value), true);
            return;
        }
        done = llmobsi_explicit_quick(metric, LLMOBS_NUMBER_INT, &thread->row, histogram.cell,
                                      llmobsi_key_of_value(metric->number, value));
        llmobsi_lower(self);
        if (llmobsi_likely(done)) {
            return;
        }
    }
    llmobsi_histogram_record_slow(histogram, llmobsi_double_bits(value), true);
}

/* ---- exemplars ----------------------------------------------------------------------------- */

/* `bits` as above. */
llmobsi_fn void llmobsi_histogram_exemplar(llmobs_histogram histogram, uint64_t bits,
                                           bool is_double, const llmobsi_trace* trace)
{
    llmobsi_visit visit;
    if (trace->is_shown && llmobsi_visit_begin(&visit, histogram.instance)) {
        const llmobsi_metric* metric = &visit.registry->metrics[histogram.metric];
        uint64_t key = llmobsi_key_of_bits(metric->number, bits, is_double);
        uint32_t bucket = metric->bound_count > 0 ? llmobsi_bucket_of(metric, key) : 0;
        llmobsi_exemplar_offer(visit.registry, histogram.series, bucket, key, trace);
        llmobsi_visit_end(&visit);
    }
}

LLMOBS_API void llmobs_histogram_record_int_in(llmobs_histogram histogram, uint64_t value,
                                               llmobs_span span)
{
    llmobsi_trace trace;
    llmobs_histogram_record_int(histogram, value);
    llmobsi_trace_of(histogram.instance, span, &trace);
    llmobsi_histogram_exemplar(histogram, value, false, &trace);
}

LLMOBS_API void llmobs_histogram_record_in(llmobs_histogram histogram, double value,
                                           llmobs_span span)
{
    llmobsi_trace trace;
    llmobs_histogram_record(histogram, value);
    llmobsi_trace_of(histogram.instance, span, &trace);
    llmobsi_histogram_exemplar(histogram, llmobsi_double_bits(value), true, &trace);
}

/* Metrics in the file of a flight recorder: definitions, series and their cells, checked. How many
   there are is not in the file: the first definition without a name, and the first series without
   a date, end them. What was being made when the process died has nothing in its cells. */

/* Indexes of exponential buckets: 1,100 powers of two either way, of 256 buckets each at most. */
#define LLMOBS_I_RECOVER_INDEX (1 << 20)
#define LLMOBS_I_RECOVER_SHIFT 12u

/* ---- definitions --------------------------------------------------------------------------- */

llmobsi_fn bool llmobsi_remains_labels(const llmobsi_remains* remains, llmobsi_metric* metric)
{
    uint32_t i;
    if (metric->label_count > LLMOBS_LABELS_MAX) {
        return false;
    }
    for (i = 0; i < metric->label_count; i++) {
        if (!llmobsi_remains_text(remains, &metric->labels[i]) ||
            !llmobsi_label_name_is_valid(metric->labels[i].data, false)) {
            return false;
        }
    }
    return true;
}

llmobsi_fn bool llmobsi_remains_bounds(const llmobsi_remains* remains, llmobsi_metric* metric)
{
    const llmobsi_registry* registry = &remains->recorder.registry;
    llmobs_metric_info info = llmobs_metric_info_default();
    metric->keys = NULL; /* for who records */
    memset((void*)metric->allowed, 0, sizeof metric->allowed);
    if (metric->instrument != LLMOBS_HISTOGRAM) {
        metric->bounds = NULL;
        return metric->bound_count == 0;
    }
    info.bounds = (const double*)llmobsi_remains_at(remains, metric->bounds, registry->texts,
                                                    registry->text_bytes,
                                                    metric->bound_count * sizeof(double),
                                                    sizeof(double));
    info.bound_count = metric->bound_count;
    metric->bounds = info.bounds;
    return llmobsi_bounds_are_valid(&info);
}

/* The family's name, which must be what is made of name and unit. */
llmobsi_fn bool llmobsi_remains_family(const llmobsi_remains* remains, llmobsi_metric* metric)
{
    llmobs_metric_info info = llmobs_metric_info_default();
    char family[LLMOBS_I_FAMILY_MOST];
    info.name = metric->name.data;
    info.instrument = (llmobs_instrument)metric->instrument;
    return llmobsi_remains_text(remains, &metric->family) &&
           llmobsi_family_name(&info, metric->unit.data, family) == metric->family.size &&
           memcmp(family, metric->family.data, metric->family.size) == 0;
}

/* One definition. False: it is none, or damaged. */
llmobsi_fn bool llmobsi_remains_metric(const llmobsi_remains* remains, llmobsi_metric* metric)
{
    bool exponential = metric->instrument == LLMOBS_HISTOGRAM_EXPONENTIAL;
    llmobsi_store_relaxed(&metric->first, 0);
    metric->last = 0;
    return metric->instrument >= LLMOBS_COUNTER &&
           metric->instrument <= LLMOBS_HISTOGRAM_EXPONENTIAL &&
           metric->number <= LLMOBS_NUMBER_DOUBLE &&
           llmobsi_remains_text(remains, &metric->name) &&
           llmobsi_metric_name_is_valid(metric->name.data) &&
           llmobsi_remains_text(remains, &metric->help) &&
           llmobsi_remains_text(remains, &metric->unit) &&
           llmobsi_remains_family(remains, metric) && llmobsi_remains_labels(remains, metric) &&
           llmobsi_remains_bounds(remains, metric) &&
           metric->cell_count == llmobsi_metric_cells(metric) &&
           (!exponential || (llmobsi_range_is_valid(metric->least, metric->most) &&
                             metric->scale <= LLMOBS_I_EXPONENTIAL_FINEST &&
                             metric->scale >= LLMOBS_I_EXPONENTIAL_FINEST -
                                                  (int)LLMOBS_I_RECOVER_SHIFT));
}

/* ---- cells --------------------------------------------------------------------------------- */

/* What stands in the rows leads to pages, or nowhere. */
llmobsi_fn void llmobsi_remains_rows(const llmobsi_remains* remains)
{
    const llmobsi_cells* cells = &remains->recorder.registry.cells;
    size_t count = (size_t)cells->row_pages * (remains->recorder.thread_count + 1u);
    size_t i;
    for (i = 0; i < count; i++) {
        cells->shared.pages[i] = (llmobsi_page*)llmobsi_remains_at(
            remains, cells->shared.pages[i], cells->pages,
            cells->page_count * sizeof(llmobsi_page), sizeof(llmobsi_page), sizeof(llmobsi_page));
    }
}

/* Whether so many cells from this one on lie in one page of a row. */
llmobsi_fn bool llmobsi_remains_run(const llmobsi_cells* cells, uint32_t cell, uint32_t count)
{
    return cell / LLMOBS_I_PAGE_CELLS < cells->row_pages &&
           cell % LLMOBS_I_PAGE_CELLS + count <= LLMOBS_I_PAGE_CELLS;
}

/* Whether a series of this metric can have its cells there. A gauge has those of the row that all
   threads share, whose page is there before the series is. */
llmobsi_fn bool llmobsi_remains_cells(const llmobsi_cells* cells, const llmobsi_metric* metric,
                                      uint32_t cell)
{
    return llmobsi_remains_run(cells, cell, metric->cell_count) &&
           (metric->instrument != LLMOBS_GAUGE || llmobsi_cell_at(&cells->shared, cell) != NULL);
}

/* Windows of exponential buckets that no recorder writes count nothing. */
llmobsi_fn void llmobsi_remains_windows(const llmobsi_recorder* recorder,
                                        const llmobsi_series* series)
{
    uint32_t rows = llmobsi_row_count(recorder);
    uint32_t i;
    for (i = 0; i < rows; i++) {
        const llmobsi_row* row = llmobsi_row_at(recorder, i);
        llmobsi_atomic64* cells = llmobsi_cell_at(row, series->cell);
        uint64_t window = cells != NULL ? cells[LLMOBS_I_EXPONENTIAL_WINDOW] : 0;
        int32_t start = llmobsi_window_start(window);
        if (window != 0 &&
            ((window & LLMOBS_I_WINDOW_SET) == 0 ||
             llmobsi_window_shift(window) > LLMOBS_I_RECOVER_SHIFT ||
             start > LLMOBS_I_RECOVER_INDEX || start < -LLMOBS_I_RECOVER_INDEX ||
             ((window & LLMOBS_I_WINDOW_COLD) != 0 &&
              llmobsi_cell_at(row, series->cold) == NULL))) {
            cells[LLMOBS_I_EXPONENTIAL_WINDOW] = 0;
        }
    }
}

/* ---- series -------------------------------------------------------------------------------- */

/* Whether a key is one value for each label, each with its NUL, and text that harms no reader. */
llmobsi_fn bool llmobsi_remains_values(const llmobsi_metric* metric, const char* key, uint32_t size)
{
    uint32_t at = 0;
    uint32_t i;
    for (i = 0; i < metric->label_count; i++) {
        const char* end = (const char*)memchr(key + at, '\0', size - at);
        if (end == NULL || !llmobsi_text_is_safe(key + at, (size_t)(end - (key + at)))) {
            return false;
        }
        at = (uint32_t)(end - key) + 1;
    }
    return at == size;
}

/* The key, and the labels as text, which must be what is made of them. */
llmobsi_fn bool llmobsi_remains_key(const llmobsi_remains* remains, const llmobsi_metric* metric,
                                    llmobsi_series* series)
{
    const llmobsi_registry* registry = &remains->recorder.registry;
    char text[2 * LLMOBS_I_KEY_MOST + LLMOBS_LABELS_MAX * (LLMOBS_I_LABEL_MOST + 4)];
    const char* key;
    if (series->key_size == 0) {
        llmobsi_series_overflow_text(metric, series);
        return true;
    }
    if (series->key_size > LLMOBS_I_KEY_MOST || series->text_size > sizeof text) {
        return false;
    }
    key = (const char*)llmobsi_remains_at(remains, series->key, registry->texts,
                                          registry->text_bytes,
                                          (size_t)series->key_size + series->text_size, 1);
    if (key == NULL || !llmobsi_remains_values(metric, key, series->key_size) ||
        llmobsi_labels_render(metric, key, text) != series->text_size ||
        memcmp(key + series->key_size, text, series->text_size) != 0) {
        return false;
    }
    series->key = key;
    return true;
}

llmobsi_fn bool llmobsi_remains_series(const llmobsi_remains* remains, llmobsi_series* series)
{
    const llmobsi_registry* registry = &remains->recorder.registry;
    const llmobsi_metric* metric;
    uint32_t exemplars;
    llmobsi_store_relaxed(&series->next, 0);
    if (series->metric >= registry->metric_count) {
        return false;
    }
    metric = &registry->metrics[series->metric];
    exemplars = metric->bound_count > 0 ? metric->bound_count + 1u : 1;
    if (metric->instrument == 0 || metric->instrument == LLMOBS_GAUGE_CALLBACK ||
        !llmobsi_remains_cells(&registry->cells, metric, series->cell) ||
        !llmobsi_remains_key(remains, metric, series)) {
        return false;
    }
    if (series->exemplars > registry->exemplar_limit ||
        (series->exemplars != 0 &&
         exemplars > registry->exemplar_limit - (series->exemplars - 1))) {
        series->exemplars = 0;
    }
    if (metric->instrument == LLMOBS_HISTOGRAM_EXPONENTIAL) {
        if (!llmobsi_remains_run(&registry->cells, series->cold, LLMOBS_I_COLD_CELLS)) {
            return false;
        }
        llmobsi_remains_windows(&remains->recorder, series);
    }
    return true;
}

/* ---- all of it ----------------------------------------------------------------------------- */

/* Puts the registry in order. Returns how many definitions and series are damaged. */
llmobsi_fn uint64_t llmobsi_remains_registry(llmobsi_remains* remains)
{
    llmobsi_registry* registry = &remains->recorder.registry;
    uint64_t damaged = 0;
    uint32_t i;
    if (!registry->on) {
        return 0;
    }
    llmobsi_remains_rows(remains);
    for (i = 0; i < registry->metric_limit && registry->metrics[i].name.data != NULL; i++) {
        if (!llmobsi_remains_metric(remains, &registry->metrics[i])) {
            registry->metrics[i].instrument = 0; /* no instrument: its series are none either */
            damaged++;
        }
    }
    llmobsi_store_relaxed(&registry->metric_count, i);
    for (i = 0; i < registry->series_limit && registry->series[i].created_unix_ns != 0; i++) {
        if (llmobsi_remains_series(remains, &registry->series[i])) {
            llmobsi_series_link(registry, i);
        } else {
            damaged++;
        }
    }
    llmobsi_store_relaxed(&registry->series_count, i);
    return damaged;
}

/* Recording into series. A thread adds to its own row of cells; whoever has none (a handler that
   interrupted a recording call, a thread too many) adds to the shared row. */

/* ---- the way in ---------------------------------------------------------------------------- */

/* One call's way in. Without a thread record it counts as a user of the place, for which close
   waits. */
typedef struct llmobsi_visit {
    llmobsi_registry* registry;
    llmobsi_row* row;       /* NULL: only the shared one */
    llmobsi_thread* thread; /* NULL likewise */
    llmobsi_place* place;
    bool may_wait;
} llmobsi_visit;

llmobsi_cold bool llmobsi_visit_shared(llmobsi_visit* visit, uint32_t ticket, llmobs_drop why)
{
    llmobsi_place* place = &llmobsi_places[LLMOBS_I_PLACE(ticket)];
    if (why == LLMOBS_DROP_COUNT) {
        return false;
    }
    (void)llmobsi_add_ordered(&place->users, 1);
    if (llmobsi_load_ordered(&place->ticket) != ticket ||
        llmobsi_load_acquire(&place->forked) != 0 || !place->recorder->registry.on) {
        (void)llmobsi_add_ordered(&place->users, (uint32_t)-1);
        return false;
    }
    visit->registry = &place->recorder->registry;
    visit->row = NULL;
    visit->place = place;
    visit->may_wait = why != LLMOBS_DROP_SIGNAL;
    return true;
}

/* False: the instance is closed or has no metrics. Otherwise llmobsi_visit_end must follow. */
llmobsi_inline bool llmobsi_visit_begin(llmobsi_visit* visit, uint32_t ticket)
{
    llmobs_drop why = LLMOBS_DROP_COUNT;
    llmobsi_thread* thread = llmobsi_enter_quick(llmobsi_self, ticket);
    if (llmobsi_unlikely(thread == NULL)) {
        thread = llmobsi_enter_anew(ticket, &why);
    }
    visit->thread = thread;
    if (llmobsi_unlikely(thread == NULL)) {
        return llmobsi_visit_shared(visit, ticket, why);
    }
    visit->registry = &thread->recorder->registry;
    visit->row = &thread->row;
    visit->may_wait = true;
    if (llmobsi_unlikely(!visit->registry->on)) {
        llmobsi_leave();
        return false;
    }
    return true;
}

llmobsi_inline void llmobsi_visit_end(const llmobsi_visit* visit)
{
    if (llmobsi_likely(visit->thread != NULL)) {
        llmobsi_leave();
    } else {
        (void)llmobsi_add_ordered(&visit->place->users, (uint32_t)-1);
    }
}

/* This thread's cell, or NULL. */
llmobsi_fn llmobsi_atomic64* llmobsi_visit_cell(const llmobsi_visit* visit, uint32_t cell)
{
    return visit->row != NULL
               ? llmobsi_cell_touch(&visit->registry->cells, visit->row, cell)
               : NULL;
}

/* The shared one, which was there before the handle. */
llmobsi_fn llmobsi_atomic64* llmobsi_shared_cell(const llmobsi_registry* registry, uint32_t cell)
{
    return llmobsi_cell_at(&registry->cells.shared, cell);
}

/* ---- definitions --------------------------------------------------------------------------- */

LLMOBS_API llmobs_metric llmobs_metric_define(llmobs* obs, const llmobs_metric_info* info,
                                              llmobs_result* result)
{
    llmobs_metric metric = {0, 0};
    llmobs_result came_to = LLMOBS_ERROR_CLOSED;
    llmobsi_visit visit;
    if (llmobsi_visit_begin(&visit, llmobsi_ticket(obs))) {
        came_to = LLMOBS_ERROR_BUSY;
        if (visit.may_wait) {
            metric.number = llmobsi_metric_define(visit.registry, info, &came_to);
            metric.instance = metric.number != 0 ? llmobsi_ticket(obs) : 0;
        }
        llmobsi_visit_end(&visit);
    }
    if (result != NULL) {
        *result = came_to;
    }
    return metric;
}

LLMOBS_API llmobs_metric llmobs_metric_find(llmobs* obs, const char* name)
{
    llmobs_metric metric = {0, 0};
    llmobsi_visit visit;
    if (llmobsi_visit_begin(&visit, llmobsi_ticket(obs))) {
        metric.number = llmobsi_metric_by_name(visit.registry, name);
        metric.instance = metric.number != 0 ? llmobsi_ticket(obs) : 0;
        llmobsi_visit_end(&visit);
    }
    return metric;
}

LLMOBS_API llmobs_metric llmobs_metric_of(llmobs* obs, llmobs_known known)
{
    llmobs_metric metric = {0, 0};
    llmobsi_visit visit;
    if ((unsigned)known < (unsigned)LLMOBS_KNOWN_COUNT &&
        llmobsi_visit_begin(&visit, llmobsi_ticket(obs))) {
        const llmobsi_recorder* recorder =
            llmobsi_places[LLMOBS_I_PLACE(llmobsi_ticket(obs))].recorder;
        metric.number = recorder->known[known];
        metric.instance = metric.number != 0 ? llmobsi_ticket(obs) : 0;
        llmobsi_visit_end(&visit);
    }
    return metric;
}

LLMOBS_API llmobs_result llmobs_metric_allow(llmobs_metric metric, const char* label,
                                             const char* const* values, size_t count)
{
    llmobs_result result = LLMOBS_ERROR_ARGUMENT;
    llmobsi_visit visit;
    if (label == NULL || (values == NULL && count > 0)) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    if (!llmobsi_visit_begin(&visit, metric.instance)) {
        return LLMOBS_ERROR_CLOSED;
    }
    if (!visit.may_wait) {
        result = LLMOBS_ERROR_BUSY;
    } else if (metric.number - 1 < llmobsi_load_acquire(&visit.registry->metric_count)) {
        llmobsi_lock_take(&visit.registry->lock);
        result = llmobsi_metric_admit(visit.registry, metric.number - 1, label, values, count);
        llmobsi_lock_give(&visit.registry->lock);
    }
    llmobsi_visit_end(&visit);
    return result;
}

/* ---- finding series ------------------------------------------------------------------------ */

/* What all four handles are made of. */
typedef struct llmobsi_handle {
    uint32_t instance;
    uint32_t metric;
    uint32_t series;
    uint32_t cell;
} llmobsi_handle;

/* Whether the metric is there, and is one that such a handle can record into. */
llmobsi_inline bool llmobsi_metric_fits(const llmobsi_registry* registry, uint32_t number,
                                        llmobs_instrument instrument, size_t count)
{
    const llmobsi_metric* metric = &registry->metrics[number];
    if (number >= llmobsi_load_acquire(&registry->metric_count) || metric->label_count != count) {
        return false;
    }
    return metric->instrument == instrument ||
           (instrument == LLMOBS_HISTOGRAM &&
            metric->instrument == LLMOBS_HISTOGRAM_EXPONENTIAL);
}

/* Inside. */
llmobsi_inline llmobsi_handle llmobsi_handle_in(const llmobsi_visit* visit, llmobs_metric metric,
                                                llmobs_instrument instrument,
                                                const char* const* values, size_t count,
                                                llmobsi_wait wait)
{
    llmobsi_handle handle = {0, 0, 0, 0};
    if (llmobsi_likely((values != NULL || count == 0) &&
                       llmobsi_metric_fits(visit->registry, metric.number - 1, instrument,
                                           count))) {
        handle.instance = metric.instance;
        handle.metric = metric.number - 1;
        handle.series = llmobsi_series_get(visit->registry, handle.metric, values,
                                           visit->may_wait ? wait : LLMOBS_I_WAIT_NEVER);
        handle.cell = visit->registry->series[handle.series].cell;
    } else {
        (void)llmobsi_add_relaxed(&visit->registry->misused, 1);
    }
    return handle;
}

llmobsi_inline llmobsi_handle llmobsi_handle_get(llmobs_metric metric,
                                                 llmobs_instrument instrument,
                                                 const char* const* values, size_t count,
                                                 llmobsi_wait wait)
{
    llmobsi_handle handle = {0, 0, 0, 0};
    llmobsi_visit visit;
    if (llmobsi_visit_begin(&visit, metric.instance)) {
        handle = llmobsi_handle_in(&visit, metric, instrument, values, count, wait);
        llmobsi_visit_end(&visit);
    }
    return handle;
}

/* For requests: of a metric of the catalogue, if its family is on, all in one visit; and who makes
   a series at this moment is not waited for. Nothing is found where `instance` stays 0. */
llmobsi_inline llmobsi_handle llmobsi_handle_known(llmobs* obs, llmobs_known known,
                                                   llmobs_instrument instrument,
                                                   const char* const* values, size_t count)
{
    llmobsi_handle handle = {0, 0, 0, 0};
    llmobsi_visit visit;
    llmobs_metric metric;
    metric.instance = llmobsi_ticket(obs);
    if (llmobsi_visit_begin(&visit, metric.instance)) {
        metric.number = llmobsi_places[LLMOBS_I_PLACE(metric.instance)].recorder->known[known];
        if (metric.number != 0) {
            handle = llmobsi_handle_in(&visit, metric, instrument, values, count,
                                       LLMOBS_I_WAIT_BRIEFLY);
        }
        llmobsi_visit_end(&visit);
    }
    return handle;
}

/* The place of a label; the metric's number of labels when there is none of this name. */
llmobsi_fn uint32_t llmobsi_label_place(const llmobsi_metric* metric, const char* name)
{
    uint32_t place = 0;
    while (place < metric->label_count && strcmp(name, metric->labels[place].data) != 0) {
        place++;
    }
    return place;
}

/* Labels by name, put in the order of the definition. A user_id that is switched off is left out.
   False: one is not there, or twice. */
llmobsi_fn bool llmobsi_labels_order(const llmobsi_metric* metric, const llmobs_label* labels,
                                     size_t count, const char** values)
{
    size_t i;
    memset((void*)values, 0, LLMOBS_LABELS_MAX * sizeof *values);
    for (i = 0; i < count; i++) {
        const char* name = labels[i].name != NULL ? labels[i].name : "";
        uint32_t place = llmobsi_label_place(metric, name);
        if (place < metric->label_count && values[place] == NULL) {
            values[place] = labels[i].value != NULL ? labels[i].value : "";
        } else if (place < metric->label_count ||
                   metric->user_label != LLMOBS_I_USER_LABEL_OFF || strcmp(name, "user_id") != 0) {
            return false;
        }
    }
    return true;
}

llmobsi_fn llmobsi_handle llmobsi_handle_find(llmobs* obs, const char* name,
                                              llmobs_instrument instrument,
                                              const llmobs_label* labels, size_t count)
{
    const char* values[LLMOBS_LABELS_MAX];
    llmobsi_handle handle = {0, 0, 0, 0};
    llmobsi_visit visit;
    llmobs_metric metric;
    size_t wanted = 0;
    if (!llmobsi_visit_begin(&visit, llmobsi_ticket(obs))) {
        return handle;
    }
    metric.instance = llmobsi_ticket(obs);
    metric.number = llmobsi_metric_by_name(visit.registry, name);
    if (metric.number == 0 || (labels == NULL && count > 0) ||
        !llmobsi_labels_order(&visit.registry->metrics[metric.number - 1], labels, count,
                              values)) {
        (void)llmobsi_add_relaxed(&visit.registry->misused, 1);
        metric.instance = 0;
    } else {
        wanted = visit.registry->metrics[metric.number - 1].label_count;
    }
    llmobsi_visit_end(&visit);
    return llmobsi_handle_get(metric, instrument, values, wanted, LLMOBS_I_WAIT);
}

/* Four kinds of handle, so that none is taken for another; inside they are alike. */
#define LLMOBS_I_HANDLE_OF(type, handle) \
    type of;                             \
    of.instance = (handle).instance;     \
    of.metric = (handle).metric;         \
    of.series = (handle).series;         \
    of.cell = (handle).cell;             \
    return of

#define LLMOBS_I_HANDLE(type, get, find, instrument)                                             \
    LLMOBS_API type get(llmobs_metric metric, const char* const* values, size_t count)           \
    {                                                                                            \
        llmobsi_handle handle =                                                                  \
            llmobsi_handle_get(metric, instrument, values, count, LLMOBS_I_WAIT);                \
        LLMOBS_I_HANDLE_OF(type, handle);                                                        \
    }                                                                                            \
                                                                                                 \
    LLMOBS_API type find(llmobs* obs, const char* name, const llmobs_label* labels,              \
                         size_t count)                                                           \
    {                                                                                            \
        llmobsi_handle handle = llmobsi_handle_find(obs, name, instrument, labels, count);       \
        LLMOBS_I_HANDLE_OF(type, handle);                                                        \
    }

LLMOBS_I_HANDLE(llmobs_counter, llmobs_counter_get, llmobs_counter_find, LLMOBS_COUNTER)
LLMOBS_I_HANDLE(llmobs_updown, llmobs_updown_get, llmobs_updown_find, LLMOBS_UPDOWN)
LLMOBS_I_HANDLE(llmobs_gauge, llmobs_gauge_get, llmobs_gauge_find, LLMOBS_GAUGE)
LLMOBS_I_HANDLE(llmobs_histogram, llmobs_histogram_get, llmobs_histogram_find, LLMOBS_HISTOGRAM)

/* The same for requests: who makes a series at this moment is not waited for. */
#define LLMOBS_I_HANDLE_BRIEFLY(type, get, instrument)                                           \
    llmobsi_fn type get(llmobs_metric metric, const char* const* values, size_t count)           \
    {                                                                                            \
        llmobsi_handle handle =                                                                  \
            llmobsi_handle_get(metric, instrument, values, count, LLMOBS_I_WAIT_BRIEFLY);        \
        LLMOBS_I_HANDLE_OF(type, handle);                                                        \
    }

LLMOBS_I_HANDLE_BRIEFLY(llmobs_counter, llmobsi_counter_briefly, LLMOBS_COUNTER)
LLMOBS_I_HANDLE_BRIEFLY(llmobs_updown, llmobsi_updown_briefly, LLMOBS_UPDOWN)
LLMOBS_I_HANDLE_BRIEFLY(llmobs_histogram, llmobsi_histogram_briefly, LLMOBS_HISTOGRAM)

llmobsi_fn llmobs_counter llmobsi_counter_known(llmobs* obs, llmobs_known known,
                                                const char* const* values, size_t count)
{
    llmobsi_handle handle = llmobsi_handle_known(obs, known, LLMOBS_COUNTER, values, count);
    LLMOBS_I_HANDLE_OF(llmobs_counter, handle);
}

llmobsi_fn llmobs_histogram llmobsi_histogram_known(llmobs* obs, llmobs_known known,
                                                    const char* const* values, size_t count)
{
    llmobsi_handle handle = llmobsi_handle_known(obs, known, LLMOBS_HISTOGRAM, values, count);
    LLMOBS_I_HANDLE_OF(llmobs_histogram, handle);
}

#undef LLMOBS_I_HANDLE_BRIEFLY
#undef LLMOBS_I_HANDLE
#undef LLMOBS_I_HANDLE_OF

LLMOBS_API bool llmobs_series_remove(llmobs_metric metric, const char* const* values, size_t count)
{
    llmobsi_visit visit;
    bool removed = false;
    if (values == NULL || !llmobsi_visit_begin(&visit, metric.instance)) {
        return false;
    }
    if (visit.may_wait &&
        metric.number - 1 < llmobsi_load_acquire(&visit.registry->metric_count) && count > 0 &&
        visit.registry->metrics[metric.number - 1].label_count == count) {
        removed = llmobsi_series_take_out(visit.registry, metric.number - 1, values);
    }
    llmobsi_visit_end(&visit);
    return removed;
}

/* ---- counters ------------------------------------------------------------------------------ */

llmobsi_cold void llmobsi_counter_add_slow(llmobs_counter counter, uint64_t amount)
{
    llmobsi_visit visit;
    llmobsi_metric* metric;
    llmobsi_atomic64* cell;
    if (!llmobsi_visit_begin(&visit, counter.instance)) {
        return;
    }
    metric = &visit.registry->metrics[counter.metric];
    cell = llmobsi_visit_cell(&visit, counter.cell);
    if (amount > LLMOBS_I_CELL_MOST) {
        (void)llmobsi_add_relaxed(&metric->invalid, 1);
    } else if (cell == NULL) {
        if (!llmobsi_cell_add_shared(llmobsi_shared_cell(visit.registry, counter.cell), amount)) {
            (void)llmobsi_add_relaxed(&metric->saturated, 1);
        }
    } else if (!llmobsi_cell_add(cell, amount)) {
        llmobsi_store_relaxed(cell, LLMOBS_I_CELL_MOST);
        (void)llmobsi_add_relaxed(&metric->saturated, 1);
    }
    llmobsi_visit_end(&visit);
}

LLMOBS_API void llmobs_counter_add(llmobs_counter counter, uint64_t amount)
{
    llmobsi_control* self = llmobsi_self;
    llmobsi_thread* thread = llmobsi_enter_quick(self, counter.instance);
    if (llmobsi_likely(thread != NULL)) {
        llmobsi_atomic64* cell = llmobsi_cell_at(&thread->row, counter.cell);
        bool added = cell != NULL && llmobsi_cell_add(cell, amount);
        llmobsi_lower(self);
        if (llmobsi_likely(added)) {
            return;
        }
    }
    llmobsi_counter_add_slow(counter, amount);
}

/* ---- up and down --------------------------------------------------------------------------- */

llmobsi_fn bool llmobsi_updown_shared(llmobsi_atomic64* cell, int64_t amount)
{
    uint64_t before = llmobsi_load_relaxed(cell);
    int64_t sum;
    bool fits;
    do {
        sum = (int64_t)before;
        fits = llmobsi_signed_add(&sum, amount);
    } while (!llmobsi_cas_acquire_release(cell, &before, (uint64_t)sum));
    return fits;
}

llmobsi_cold void llmobsi_updown_add_slow(llmobs_updown updown, int64_t amount)
{
    llmobsi_visit visit;
    llmobsi_atomic64* cell;
    bool fits;
    if (!llmobsi_visit_begin(&visit, updown.instance)) {
        return;
    }
    cell = llmobsi_visit_cell(&visit, updown.cell);
    if (cell == NULL) {
        fits = llmobsi_updown_shared(llmobsi_shared_cell(visit.registry, updown.cell), amount);
    } else {
        int64_t sum = (int64_t)llmobsi_load_relaxed(cell);
        fits = llmobsi_signed_add(&sum, amount);
        llmobsi_store_relaxed(cell, (uint64_t)sum);
    }
    if (!fits) {
        (void)llmobsi_add_relaxed(&visit.registry->metrics[updown.metric].saturated, 1);
    }
    llmobsi_visit_end(&visit);
}

LLMOBS_API void llmobs_updown_add(llmobs_updown updown, int64_t amount)
{
    llmobsi_control* self = llmobsi_self;
    llmobsi_thread* thread = llmobsi_enter_quick(self, updown.instance);
    if (llmobsi_likely(thread != NULL)) {
        llmobsi_atomic64* cell = llmobsi_cell_at(&thread->row, updown.cell);
        int64_t sum = cell != NULL ? (int64_t)llmobsi_load_relaxed(cell) : 0;
        bool fits = cell != NULL && !llmobsi_add_overflows(sum, amount, &sum);
        if (llmobsi_likely(fits)) {
            llmobsi_store_relaxed(cell, (uint64_t)sum);
        }
        llmobsi_lower(self);
        if (llmobsi_likely(fits)) {
            return;
        }
    }
    llmobsi_updown_add_slow(updown, amount);
}

/* ---- gauges -------------------------------------------------------------------------------- */

LLMOBS_API void llmobs_gauge_set(llmobs_gauge gauge, double value)
{
    llmobsi_visit visit;
    if (llmobsi_visit_begin(&visit, gauge.instance)) {
        /* One cell for all threads: who is last is right. */
        llmobsi_store_relaxed(llmobsi_shared_cell(visit.registry, gauge.cell),
                              llmobsi_double_bits(value));
        llmobsi_visit_end(&visit);
    }
}

/* ---- exemplars ----------------------------------------------------------------------------- */

#define LLMOBS_I_EXEMPLAR_AGE_NS UINT64_C(1000000000)

/* Puts a value's trace into one place, if what is there is old enough and nobody else is writing.
   Readers that come between find the version changed. */
llmobsi_fn void llmobsi_exemplar_put(llmobsi_exemplar* exemplar,
                                     const llmobs_trace_context* context, double value,
                                     uint64_t now)
{
    uint64_t version = llmobsi_load_relaxed(&exemplar->version);
    uint64_t written = llmobsi_load_relaxed(&exemplar->unix_ns);
    if ((version & 1) != 0 ||
        (version != 0 && now >= written && now - written < LLMOBS_I_EXEMPLAR_AGE_NS) ||
        !llmobsi_cas_acquire_release(&exemplar->version, &version, version + 1)) {
        return;
    }
    /* Released, each: who sees one of these sees the odd version, too. */
    llmobsi_store_release(&exemplar->trace_high, llmobsi_load_le64(context->trace_id));
    llmobsi_store_release(&exemplar->trace_low, llmobsi_load_le64(context->trace_id + 8));
    llmobsi_store_release(&exemplar->span_id, llmobsi_load_le64(context->span_id));
    llmobsi_store_release(&exemplar->value, llmobsi_double_bits(value));
    llmobsi_store_release(&exemplar->unix_ns, now);
    llmobsi_store_release(&exemplar->version, version + 2);
}

/* What exemplars say of a span: found out once for all values that are recorded in it. */
typedef struct llmobsi_trace {
    llmobs_trace_context context;
    uint64_t unix_ns;
    bool is_shown; /* it is sampled, and somebody listens */
} llmobsi_trace;

llmobsi_fn void llmobsi_trace_of(uint32_t ticket, llmobs_span span, llmobsi_trace* trace)
{
    llmobsi_visit visit;
    memset(trace, 0, sizeof *trace);
    trace->is_shown = llmobs_span_context(span, &trace->context) == LLMOBS_OK &&
                      (trace->context.flags & LLMOBS_TRACE_SAMPLED) != 0 &&
                      llmobsi_visit_begin(&visit, ticket);
    if (trace->is_shown) {
        trace->unix_ns = llmobsi_registry_now(visit.registry);
        llmobsi_visit_end(&visit);
    }
}

/* Offers a value that was recorded into a series as an exemplar of one of its buckets. Inside. */
llmobsi_fn void llmobsi_exemplar_offer(const llmobsi_registry* registry, uint32_t number,
                                       uint32_t bucket, uint64_t key, const llmobsi_trace* trace)
{
    const llmobsi_series* series = &registry->series[number];
    if (series->exemplars != 0 && key <= LLMOBS_I_CELL_MOST) {
        uint8_t kind = registry->metrics[series->metric].number;
        llmobsi_exemplar_put(&registry->exemplars[series->exemplars - 1 + bucket],
                             &trace->context, llmobsi_key_value(kind, key), trace->unix_ns);
    }
}

llmobsi_fn void llmobsi_counter_exemplar(llmobs_counter counter, uint64_t amount,
                                         const llmobsi_trace* trace)
{
    llmobsi_visit visit;
    if (trace->is_shown && llmobsi_visit_begin(&visit, counter.instance)) {
        llmobsi_exemplar_offer(visit.registry, counter.series, 0, amount, trace);
        llmobsi_visit_end(&visit);
    }
}

LLMOBS_API void llmobs_counter_add_in(llmobs_counter counter, uint64_t amount, llmobs_span span)
{
    llmobsi_trace trace;
    llmobs_counter_add(counter, amount);
    llmobsi_trace_of(counter.instance, span, &trace);
    llmobsi_counter_exemplar(counter, amount, &trace);
}

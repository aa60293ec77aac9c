/* From series to views, a batch at a time: what a point points to is copied into a given memory,
   but for names and labels, which stay where they are as long as the instance does. An eighth of
   the memory, at its front, is for the metrics' views; points follow them, and what they point to
   comes from the back. */

#define LLMOBS_I_GATHER_BYTES 16384u /* of a reader's stack */

typedef struct llmobsi_gather llmobsi_gather;

/* What is wanted. */
typedef enum llmobsi_gather_part {
    LLMOBS_I_GATHER_ALL,
    LLMOBS_I_GATHER_UNASKED, /* what asks nobody */
    LLMOBS_I_GATHER_ASKED    /* gauges that ask the host */
} llmobsi_gather_part;

/* Takes what has been gathered. False stops. It may give other memory to go on with, see
   llmobsi_gather_into. */
typedef bool (*llmobsi_deliver_fn)(void* user, llmobsi_gather* gather);

struct llmobsi_gather {
    const llmobsi_recorder* recorder;
    uint64_t now_unix_ns;
    bool attributes; /* wanted besides the labels' text */
    llmobsi_delta* delta; /* for who wants differences; NULL: as they stand */
    bool stopped;    /* deliver has returned false, or the instance is gone */
    bool last;       /* nothing comes after what is delivered now */
    llmobsi_gather_part part;
    llmobsi_deliver_fn deliver;
    void* user;
    llmobsi_packer packer; /* its count: points in the memory */
    size_t bytes;
    size_t point_limit; /* so many of them at most */
    llmobs_metric_view* metrics;
    uint32_t metric_count;
    uint32_t metric_room;
    uint64_t oversized; /* points left out: larger than all the memory */
    llmobs_metric_view nowhere; /* once it has stopped: the memory is somebody else's then */
};

/* From now on it gathers into this memory, aligned to 64. */
llmobsi_fn void llmobsi_gather_into(llmobsi_gather* gather, unsigned char* memory, size_t bytes)
{
    gather->metrics = (llmobs_metric_view*)(void*)memory;
    gather->metric_room = (uint32_t)(bytes / 8 / sizeof(llmobs_metric_view));
    gather->metric_count = 0;
    gather->bytes = bytes;
    gather->packer.memory = memory;
    llmobsi_packer_reset(&gather->packer, bytes);
    gather->packer.front = gather->metric_room * sizeof(llmobs_metric_view);
}

llmobsi_fn void llmobsi_gather_begin(llmobsi_gather* gather, const llmobsi_recorder* recorder,
                                     bool attributes, llmobsi_deliver_fn deliver, void* user)
{
    gather->recorder = recorder;
    gather->delta = NULL;
    gather->last = false;
    gather->part = LLMOBS_I_GATHER_ALL;
    gather->oversized = 0;
    gather->point_limit = SIZE_MAX;
    gather->now_unix_ns = llmobsi_registry_now(&recorder->registry);
    gather->attributes = attributes;
    gather->stopped = false;
    gather->deliver = deliver;
    gather->user = user;
}

/* Hands over what has been gathered. False once deliver has said so: from then on nothing is
   written, since who has the memory may be at work on it. */
llmobsi_fn bool llmobsi_gather_flush(llmobsi_gather* gather)
{
    if (gather->stopped) {
        return false;
    }
    while (gather->metric_count > 0 &&
           gather->metrics[gather->metric_count - 1].point_count == 0) {
        gather->metric_count--;
    }
    if (gather->metric_count > 0 && !gather->deliver(gather->user, gather)) {
        gather->stopped = true;
        return false;
    }
    llmobsi_gather_into(gather, gather->packer.memory, gather->bytes);
    return true;
}

/* The next metric: its points are put behind one another from here on. */
llmobsi_fn llmobs_metric_view* llmobsi_gather_metric(llmobsi_gather* gather)
{
    llmobs_metric_view* view = &gather->nowhere;
    if (!gather->stopped && gather->metric_count > 0 &&
        gather->metrics[gather->metric_count - 1].point_count == 0) {
        gather->metric_count--; /* the one before came to nothing */
    }
    if (!gather->stopped &&
        (gather->metric_count < gather->metric_room || llmobsi_gather_flush(gather))) {
        view = &gather->metrics[gather->metric_count++];
    }
    memset(view, 0, sizeof *view);
    view->temporality = LLMOBS_TEMPORALITY_CUMULATIVE;
    view->points =
        (const llmobs_point_view*)(const void*)(gather->packer.memory + gather->packer.front);
    return view;
}

/* Whether there is room for a point and so many bytes besides. */
llmobsi_fn bool llmobsi_gather_has_room(const llmobsi_gather* gather, size_t bytes)
{
    const llmobsi_packer* packer = &gather->packer;
    return packer->count < gather->point_limit &&
           packer->back - packer->front >= sizeof(llmobs_point_view) + bytes;
}

/* Room for one point more of the metric at hand, zeroed; NULL: flush, and begin the metric anew. */
llmobsi_fn llmobs_point_view* llmobsi_gather_point(llmobsi_gather* gather)
{
    llmobsi_packer* packer = &gather->packer;
    llmobs_point_view* point = (llmobs_point_view*)(void*)(packer->memory + packer->front);
    if (gather->stopped || !llmobsi_gather_has_room(gather, 0)) {
        return NULL;
    }
    packer->front += sizeof *point;
    packer->count++;
    memset(point, 0, sizeof *point);
    point->time_unix_ns = gather->now_unix_ns;
    return point;
}

/* Since when it counts. A clock that went back meanwhile must not make it end before it began. */
llmobsi_fn void llmobsi_point_begun(llmobs_point_view* point, uint64_t start_unix_ns)
{
    point->start_unix_ns = start_unix_ns;
    point->time_unix_ns = point->time_unix_ns < start_unix_ns ? start_unix_ns : point->time_unix_ns;
}

llmobsi_fn void llmobsi_metric_view_of(const llmobsi_gather* gather, const llmobsi_metric* metric,
                                       llmobs_metric_view* view)
{
    if (llmobsi_is_delta(gather->delta, metric->instrument)) {
        view->temporality = LLMOBS_TEMPORALITY_DELTA;
    }
    view->name = metric->name;
    view->help = metric->help;
    view->unit = metric->unit;
    view->family = metric->family;
    view->instrument = metric->instrument == LLMOBS_GAUGE_CALLBACK
                           ? LLMOBS_GAUGE
                           : (llmobs_instrument)metric->instrument;
    view->number = (llmobs_number)metric->number;
    view->bounds = metric->bounds;
    view->bound_count = metric->bound_count;
    view->least = metric->least;
    view->most = metric->most;
}

/* ---- what a point points to ---------------------------------------------------------------- */

llmobsi_fn bool llmobsi_point_attributes(llmobsi_gather* gather, const llmobsi_metric* metric,
                                         const llmobsi_series* series, llmobs_point_view* point)
{
    uint32_t count = metric->label_count == 0 ? 0 : series->key_size == 0 ? 1 : metric->label_count;
    llmobs_attribute_view* views = llmobsi_packer_attributes(&gather->packer, count);
    const char* value = series->key;
    uint32_t i;
    if (views == NULL) {
        return false;
    }
    memset(views, 0, count * sizeof *views);
    for (i = 0; i < count && series->key_size != 0; i++) {
        size_t size = strlen(value);
        if (size > 0) { /* an empty value stands for none: error.type of what went well, say */
            llmobs_attribute_view* view = &views[point->attribute_count++];
            view->key = metric->labels[i];
            view->type = LLMOBS_TYPE_STRING;
            view->value.string.data = value;
            view->value.string.size = size;
        }
        value += size + 1;
    }
    if (count > 0 && series->key_size == 0) {
        views[0].key.data = "otel.metric.overflow";
        views[0].key.size = strlen(views[0].key.data);
        views[0].type = LLMOBS_TYPE_BOOL;
        views[0].value.boolean = true;
        point->attribute_count = 1;
    }
    point->attributes = views;
    return true;
}

/* Reads one exemplar; false where there is none, or it is just being written. */
llmobsi_fn bool llmobsi_exemplar_read(const llmobsi_exemplar* exemplar, llmobs_exemplar_view* view)
{
    uint64_t version = llmobsi_load_acquire(&exemplar->version);
    if (version == 0 || (version & 1) != 0) {
        return false;
    }
    llmobsi_store_le64(view->trace_id, llmobsi_load_acquire(&exemplar->trace_high));
    llmobsi_store_le64(view->trace_id + 8, llmobsi_load_acquire(&exemplar->trace_low));
    llmobsi_store_le64(view->span_id, llmobsi_load_acquire(&exemplar->span_id));
    view->value = llmobsi_double_of(llmobsi_load_acquire(&exemplar->value));
    view->unix_ns = llmobsi_load_acquire(&exemplar->unix_ns);
    return llmobsi_load_relaxed(&exemplar->version) == version;
}

llmobsi_fn bool llmobsi_point_exemplars(llmobsi_gather* gather, const llmobsi_metric* metric,
                                        const llmobsi_series* series, llmobs_point_view* point)
{
    const bool news = llmobsi_is_delta(gather->delta, metric->instrument);
    const llmobsi_exemplar* from;
    uint32_t places = metric->bound_count > 0 ? metric->bound_count + 1u : 1;
    llmobs_exemplar_view* views;
    uint32_t i;
    if (series->exemplars == 0) {
        return true;
    }
    views = (llmobs_exemplar_view*)llmobsi_packer_take(&gather->packer, places * sizeof *views, 8);
    if (views == NULL) {
        return false;
    }
    from = &gather->recorder->registry.exemplars[series->exemplars - 1];
    for (i = 0; i < places; i++) {
        llmobs_exemplar_view* view = &views[point->exemplar_count];
        memset(view, 0, sizeof *view);
        view->bucket = i;
        point->exemplar_count += llmobsi_exemplar_read(&from[i], view) &&
                                 (!news || view->unix_ns >= point->start_unix_ns);
    }
    point->exemplars = views;
    return true;
}

/* A key as the value that it stands for. */
llmobsi_fn llmobs_value llmobsi_value_of(uint8_t number, uint64_t key)
{
    llmobs_value value;
    value.integer = (int64_t)key;
    if (number == LLMOBS_NUMBER_DOUBLE) {
        value.real = llmobsi_double_of(key);
    }
    return value;
}

llmobsi_fn bool llmobsi_point_histogram(llmobsi_gather* gather, const llmobsi_metric* metric,
                                        const llmobsi_series* series, llmobs_point_view* point)
{
    llmobsi_reading reading;
    uint64_t* counts;
    llmobsi_read_histogram(gather->recorder, series, &reading);
    counts = (uint64_t*)llmobsi_packer_take(&gather->packer,
                                            reading.bucket_count * sizeof *counts, 8);
    if (counts == NULL) {
        return false;
    }
    if (gather->delta != NULL) {
        llmobsi_delta_histogram(gather->delta, metric, series, &reading);
    }
    memcpy(counts, reading.counts, reading.bucket_count * sizeof *counts);
    point->bucket_counts = counts;
    point->bucket_count = reading.bucket_count;
    point->count = reading.count;
    point->value = llmobsi_value_of(metric->number, reading.sum);
    if (reading.count != 0 && gather->delta == NULL) {
        point->min = llmobsi_value_of(metric->number, ~reading.least);
        point->max = llmobsi_value_of(metric->number, reading.most - 1);
    }
    point->zero_count = reading.zeros;
    point->scale = metric->scale;
    if (reading.window != 0) {
        point->scale = llmobsi_reading_scale(&reading);
        point->offset = llmobsi_window_start(reading.window);
    }
    return true;
}

/* All of a point but its time. False: there is no room for what it points to. */
llmobsi_fn bool llmobsi_point_fill(llmobsi_gather* gather, const llmobsi_series* series,
                                   llmobs_point_view* point)
{
    const llmobsi_recorder* recorder = gather->recorder;
    const llmobsi_metric* metric = &recorder->registry.metrics[series->metric];
    uint64_t start_unix_ns = series->created_unix_ns;
    point->labels.data = series->key + series->key_size;
    point->labels.size = series->text_size;
    if (llmobsi_is_delta(gather->delta, metric->instrument)) {
        start_unix_ns = llmobsi_delta_start(
            gather->delta, (size_t)(series - recorder->registry.series), start_unix_ns);
    }
    llmobsi_point_begun(point, start_unix_ns);
    /* What it points to first: once a difference is taken, it has to go out. */
    if ((gather->attributes && !llmobsi_point_attributes(gather, metric, series, point)) ||
        !llmobsi_point_exemplars(gather, metric, series, point)) {
        return false;
    }
    switch ((llmobs_instrument)metric->instrument) {
    case LLMOBS_COUNTER:
        point->value.integer = (int64_t)llmobsi_read_counter(recorder, series->cell);
        if (gather->delta != NULL) {
            point->value.integer = (int64_t)llmobsi_delta_take(&gather->delta->told[series->cell],
                                                               (uint64_t)point->value.integer);
        }
        break;
    case LLMOBS_UPDOWN:
        point->value.integer = llmobsi_read_updown(recorder, series->cell);
        break;
    case LLMOBS_GAUGE:
    case LLMOBS_GAUGE_CALLBACK: /* which has no series */
        point->value.real = llmobsi_read_gauge(recorder, series->cell);
        break;
    case LLMOBS_HISTOGRAM:
    case LLMOBS_HISTOGRAM_EXPONENTIAL:
        return llmobsi_point_histogram(gather, metric, series, point);
    }
    return true;
}

/* A difference of nothing is no point. */
llmobsi_fn bool llmobsi_point_is_idle(const llmobs_metric_view* view,
                                      const llmobs_point_view* point)
{
    return view->temporality == LLMOBS_TEMPORALITY_DELTA &&
           (view->instrument == LLMOBS_COUNTER ? point->value.integer == 0 : point->count == 0);
}

/* ---- the registry -------------------------------------------------------------------------- */

/* Adds a point to the metric at hand. False: the memory is full. */
llmobsi_fn bool llmobsi_gather_series(llmobsi_gather* gather, llmobs_metric_view* view,
                                      const llmobsi_series* series)
{
    const llmobsi_packer before = gather->packer;
    llmobs_point_view* point = llmobsi_gather_point(gather);
    if (point == NULL || !llmobsi_point_fill(gather, series, point)) {
        gather->packer = before;
        return false;
    }
    if (view->temporality == LLMOBS_TEMPORALITY_DELTA) {
        gather->delta->until_unix_ns[series - gather->recorder->registry.series] =
            point->time_unix_ns;
    }
    if (llmobsi_point_is_idle(view, point)) {
        gather->packer = before;
        return true;
    }
    view->point_count++;
    return true;
}

/* The value of a gauge's callback, outside all locks. Where that forked, what was read is the
   parent's; where it hung until close had left it, nobody wants it any more. */
llmobsi_fn double llmobsi_gather_ask(llmobsi_gather* gather, const llmobsi_asked* asked)
{
    double value = 0;
    bool threw = false;
    if (!llmobsi_is_left(gather->recorder)) {
        int cancel = llmobsi_cancel_hold();
        llmobsi_callback callback = llmobsi_callback_begin(gather->recorder->ticket);
        llmobsi_try {
            value = asked->callback(asked->user);
        }
        llmobsi_catch_any {
            threw = true;
        }
        gather->stopped |= !llmobsi_callback_end(&callback);
        llmobsi_cancel_resume(cancel);
        if (threw) {
            value = llmobsi_double_of(LLMOBS_I_DOUBLE_INFINITY + 1); /* NaN: no value now */
            llmobsi_callback_threw(gather->recorder->ticket);
        }
    }
    gather->stopped |= llmobsi_is_left(gather->recorder);
    return value;
}

/* A metric whose value is asked for. */
llmobsi_fn void llmobsi_gather_callback(llmobsi_gather* gather, const llmobsi_metric* metric)
{
    const llmobsi_registry* registry = &gather->recorder->registry;
    double value = llmobsi_gather_ask(gather, &registry->asked[metric - registry->metrics]);
    llmobs_metric_view* view;
    llmobs_point_view* point;
    if (gather->stopped ||
        (llmobsi_double_bits(value) & ~(UINT64_C(1) << 63)) > LLMOBS_I_DOUBLE_INFINITY) {
        return; /* NaN: no value now */
    }
    view = llmobsi_gather_metric(gather);
    point = llmobsi_gather_point(gather);
    if (point == NULL && llmobsi_gather_flush(gather)) {
        view = llmobsi_gather_metric(gather);
        point = llmobsi_gather_point(gather);
    }
    if (point != NULL) {
        llmobsi_metric_view_of(gather, metric, view);
        point->labels.data = llmobsi_empty;
        point->value.real = value;
        view->point_count = 1;
    }
}

llmobsi_fn void llmobsi_gather_metric_series(llmobsi_gather* gather, const llmobsi_metric* metric)
{
    const llmobsi_registry* registry = &gather->recorder->registry;
    uint32_t next = llmobsi_load_acquire(&metric->first);
    llmobs_metric_view* view = llmobsi_gather_metric(gather);
    llmobsi_metric_view_of(gather, metric, view);
    while (next != 0 && !gather->stopped) {
        const llmobsi_series* series = &registry->series[next - 1];
        bool alone = gather->packer.count == 0;
        if (llmobsi_load_relaxed(&series->state) != LLMOBS_I_SERIES_LIVE ||
            llmobsi_gather_series(gather, view, series)) {
            next = llmobsi_load_acquire(&series->next);
        } else if (alone) {
            gather->oversized++;
            next = llmobsi_load_acquire(&series->next);
        } else {
            (void)llmobsi_gather_flush(gather);
            view = llmobsi_gather_metric(gather);
            llmobsi_metric_view_of(gather, metric, view);
        }
    }
}

/* Metrics of the registry, those that ask the host or all others, in the order in which they were
   defined. */
llmobsi_fn void llmobsi_gather_registry(llmobsi_gather* gather, bool asking)
{
    const llmobsi_registry* registry = &gather->recorder->registry;
    uint32_t count = llmobsi_load_acquire(&registry->metric_count);
    uint32_t i;
    for (i = 0; i < count && !gather->stopped; i++) {
        const llmobsi_metric* metric = &registry->metrics[i];
        bool asks = metric->instrument == LLMOBS_GAUGE_CALLBACK;
        if (asks && asking) {
            llmobsi_gather_callback(gather, metric);
        } else if (!asks && !asking) {
            llmobsi_gather_metric_series(gather, metric);
        }
    }
}

/* Whether one asks the host. */
llmobsi_fn bool llmobsi_registry_asks(const llmobsi_registry* registry)
{
    uint32_t count = registry->on ? llmobsi_load_acquire(&registry->metric_count) : 0;
    uint32_t i;
    for (i = 0; i < count && registry->metrics[i].instrument != LLMOBS_GAUGE_CALLBACK; i++) {
    }
    return i < count;
}

/* From series to views, a batch at a time: what a point points to is copied into a small memory,
   but for names and labels, which stay where they are as long as the instance does. */

#define LLMOBS_I_GATHER_BYTES 16384u
#define LLMOBS_I_GATHER_METRICS 16u

typedef bool (*llmobsi_deliver_fn)(void* user, const llmobs_metric_view* metrics, size_t count);

typedef struct llmobsi_gather {
    const llmobsi_recorder* recorder;
    uint64_t now_unix_ns;
    bool attributes; /* wanted besides the labels' text */
    bool stopped;    /* deliver has returned false */
    llmobsi_deliver_fn deliver;
    void* user;
    llmobsi_packer packer;
    uint32_t metric_count;
    llmobs_metric_view metrics[LLMOBS_I_GATHER_METRICS];
    unsigned char memory[LLMOBS_I_GATHER_BYTES] __attribute__((aligned(64)));
} llmobsi_gather;

llmobsi_fn void llmobsi_gather_begin(llmobsi_gather* gather, const llmobsi_recorder* recorder,
                                     bool attributes, llmobsi_deliver_fn deliver, void* user)
{
    gather->recorder = recorder;
    gather->now_unix_ns = llmobsi_registry_now(&recorder->registry);
    gather->attributes = attributes;
    gather->stopped = false;
    gather->deliver = deliver;
    gather->user = user;
    gather->metric_count = 0;
    gather->packer.memory = gather->memory;
    llmobsi_packer_reset(&gather->packer, sizeof gather->memory);
}

/* Hands over what has been gathered. False once deliver has said so. */
llmobsi_fn bool llmobsi_gather_flush(llmobsi_gather* gather)
{
    uint32_t count = gather->metric_count;
    while (count > 0 && gather->metrics[count - 1].point_count == 0) {
        count--;
    }
    if (count > 0 && !gather->stopped) {
        gather->stopped = !gather->deliver(gather->user, gather->metrics, count);
    }
    gather->metric_count = 0;
    llmobsi_packer_reset(&gather->packer, sizeof gather->memory);
    return !gather->stopped;
}

/* The next metric: its points are put behind one another from here on. */
llmobsi_fn llmobs_metric_view* llmobsi_gather_metric(llmobsi_gather* gather)
{
    llmobs_metric_view* view;
    if (gather->metric_count > 0 && gather->metrics[gather->metric_count - 1].point_count == 0) {
        gather->metric_count--; /* the one before came to nothing */
    }
    if (gather->metric_count == LLMOBS_I_GATHER_METRICS) {
        (void)llmobsi_gather_flush(gather);
    }
    view = &gather->metrics[gather->metric_count++];
    memset(view, 0, sizeof *view);
    view->points =
        (const llmobs_point_view*)(const void*)(gather->memory + gather->packer.front);
    return view;
}

/* Room for one point more of the metric at hand, zeroed; NULL: flush, and begin the metric anew. */
llmobsi_fn llmobs_point_view* llmobsi_gather_point(llmobsi_gather* gather)
{
    llmobsi_packer* packer = &gather->packer;
    llmobs_point_view* point = (llmobs_point_view*)(void*)(gather->memory + packer->front);
    if (packer->back - packer->front < sizeof *point) {
        return NULL;
    }
    packer->front += sizeof *point;
    memset(point, 0, sizeof *point);
    point->time_unix_ns = gather->now_unix_ns;
    return point;
}

llmobsi_fn void llmobsi_metric_view_of(const llmobsi_metric* metric, llmobs_metric_view* view)
{
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
        point->exemplar_count += llmobsi_exemplar_read(&from[i], view);
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
    memcpy(counts, reading.counts, reading.bucket_count * sizeof *counts);
    point->bucket_counts = counts;
    point->bucket_count = reading.bucket_count;
    point->count = reading.count;
    point->value = llmobsi_value_of(metric->number, reading.sum);
    if (reading.count != 0) {
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
    point->labels.data = series->key + series->key_size;
    point->labels.size = series->text_size;
    point->start_unix_ns = series->created_unix_ns;
    if (gather->attributes && !llmobsi_point_attributes(gather, metric, series, point)) {
        return false;
    }
    switch ((llmobs_instrument)metric->instrument) {
    case LLMOBS_COUNTER:
        point->value.integer = (int64_t)llmobsi_read_counter(recorder, series->cell);
        break;
    case LLMOBS_UPDOWN:
        point->value.integer = llmobsi_read_updown(recorder, series->cell);
        break;
    case LLMOBS_GAUGE:
    case LLMOBS_GAUGE_CALLBACK: /* which has no series */
        point->value.real = llmobsi_read_gauge(recorder, series->cell);
        return true;
    case LLMOBS_HISTOGRAM:
    case LLMOBS_HISTOGRAM_EXPONENTIAL:
        if (!llmobsi_point_histogram(gather, metric, series, point)) {
            return false;
        }
        break;
    }
    return llmobsi_point_exemplars(gather, metric, series, point);
}

/* ---- the registry -------------------------------------------------------------------------- */

/* Adds a point to the metric at hand. False: the memory is full. */
llmobsi_fn bool llmobsi_gather_series(llmobsi_gather* gather, llmobs_metric_view* view,
                                      const llmobsi_series* series)
{
    size_t front = gather->packer.front;
    llmobs_point_view* point = llmobsi_gather_point(gather);
    if (point == NULL || !llmobsi_point_fill(gather, series, point)) {
        gather->packer.front = front;
        return false;
    }
    view->point_count++;
    return true;
}

/* A metric whose value is asked for. */
llmobsi_fn void llmobsi_gather_callback(llmobsi_gather* gather, const llmobsi_metric* metric)
{
    llmobsi_callback callback = llmobsi_callback_begin(gather->recorder->ticket);
    double value = metric->callback(metric->callback_user);
    llmobs_metric_view* view;
    llmobs_point_view* point;
    llmobsi_callback_end(&callback);
    if ((llmobsi_double_bits(value) & ~(UINT64_C(1) << 63)) > LLMOBS_I_DOUBLE_INFINITY) {
        return; /* NaN: no value now */
    }
    view = llmobsi_gather_metric(gather);
    point = llmobsi_gather_point(gather);
    if (point == NULL && llmobsi_gather_flush(gather)) {
        view = llmobsi_gather_metric(gather);
        point = llmobsi_gather_point(gather);
    }
    if (point != NULL) {
        llmobsi_metric_view_of(metric, view);
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
    llmobsi_metric_view_of(metric, view);
    while (next != 0 && !gather->stopped) {
        const llmobsi_series* series = &registry->series[next - 1];
        if (llmobsi_load_relaxed(&series->state) != LLMOBS_I_SERIES_LIVE ||
            llmobsi_gather_series(gather, view, series)) {
            next = llmobsi_load_acquire(&series->next);
        } else {
            (void)llmobsi_gather_flush(gather);
            view = llmobsi_gather_metric(gather);
            llmobsi_metric_view_of(metric, view);
        }
    }
}

/* All metrics of the registry, in the order of their definition. */
llmobsi_fn void llmobsi_gather_registry(llmobsi_gather* gather)
{
    const llmobsi_registry* registry = &gather->recorder->registry;
    uint32_t count = llmobsi_load_acquire(&registry->metric_count);
    uint32_t i;
    for (i = 0; i < count && !gather->stopped; i++) {
        if (registry->metrics[i].instrument == LLMOBS_GAUGE_CALLBACK) {
            llmobsi_gather_callback(gather, &registry->metrics[i]);
        } else {
            llmobsi_gather_metric_series(gather, &registry->metrics[i]);
        }
    }
}

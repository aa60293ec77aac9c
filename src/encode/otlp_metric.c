/* OTLP of metrics, by the rules of encode/otlp. In JSON, what a reader reckons with is written even
   where it is zero or false; only times that are not known and empty texts are left out. */

/* ---- what every point has ------------------------------------------------------------------ */

/* A point's value, sum, least or largest value, in the number that its metric has. */
llmobsi_inline llmobsi_otlp_at llmobsi_otlp_number(llmobsi_otlp out, llmobsi_otlp_at at,
                                                   llmobsi_otlp_name name, llmobs_number number,
                                                   llmobs_value value)
{
    switch (number) {
    case LLMOBS_NUMBER_INT:
        break;
    case LLMOBS_NUMBER_NANO:
        return llmobsi_otlp_nano(out, at, name, value.integer);
    case LLMOBS_NUMBER_DOUBLE:
        return llmobsi_otlp_double(out, at, name, value.real);
    }
    return llmobsi_otlp_whole(out, at, name, value.integer);
}

/* The times have the same numbers in every kind of point, the attributes have not. */
llmobsi_inline llmobsi_otlp_at llmobsi_otlp_point_head(llmobsi_otlp out, llmobsi_otlp_at at,
                                                       llmobsi_otlp_name attributes,
                                                       const llmobs_point_view* point)
{
    bool known = point->start_unix_ns != 0;
    at = llmobsi_otlp_room(out, at, 256);
    if (known) {
        at = llmobsi_otlp_fixed64(out, at, llmobsi_otlp_first(2, "startTimeUnixNano"),
                                  point->start_unix_ns);
    }
    at = llmobsi_otlp_fixed64(out, at,
                              llmobsi_otlp_first_if(!known, llmobsi_otlp_field(3, "timeUnixNano")),
                              point->time_unix_ns);
    at = llmobsi_otlp_own_attributes(out, at, attributes, point->attributes,
                                     point->attribute_count);
    return llmobsi_otlp_room(out, at, LLMOBS_I_JSON_AFTER);
}

/* Exemplar. Its value is a double for every kind of number: so has the view. */
llmobsi_inline llmobsi_otlp_at llmobsi_otlp_exemplar(llmobsi_otlp out, llmobsi_otlp_at at,
                                                     const void* part)
{
    const llmobs_exemplar_view* exemplar = (const llmobs_exemplar_view*)part;
    at = llmobsi_otlp_room(out, at, 320);
    at = llmobsi_otlp_fixed64(out, at, llmobsi_otlp_first(2, "timeUnixNano"), exemplar->unix_ns);
    at = llmobsi_otlp_double(out, at, llmobsi_otlp_present(3, "asDouble"), exemplar->value);
    at = llmobsi_otlp_id(out, at, llmobsi_otlp_field(4, "spanId"), exemplar->span_id, 8);
    return llmobsi_otlp_id(out, at, llmobsi_otlp_field(5, "traceId"), exemplar->trace_id, 16);
}

llmobsi_inline llmobsi_otlp_at llmobsi_otlp_exemplars(llmobsi_otlp out, llmobsi_otlp_at at,
                                                      llmobsi_otlp_name name,
                                                      const llmobs_point_view* point)
{
    if (point->exemplar_count == 0 || point->exemplars == NULL) {
        return at;
    }
    return llmobsi_otlp_parts(out, at, name, llmobsi_otlp_exemplar, point->exemplars,
                              sizeof *point->exemplars, point->exemplar_count);
}

/* ---- sums and gauges ----------------------------------------------------------------------- */

/* NumberDataPoint */
llmobsi_inline llmobsi_otlp_at llmobsi_otlp_number_point(llmobsi_otlp out, llmobsi_otlp_at at,
                                                         const llmobs_metric_view* metric,
                                                         const llmobs_point_view* point)
{
    bool whole = metric->number != LLMOBS_NUMBER_NANO && metric->number != LLMOBS_NUMBER_DOUBLE;
    at = llmobsi_otlp_point_head(out, at, llmobsi_otlp_field(7, "attributes"), point);
    at = llmobsi_otlp_room(out, at, 128);
    at = whole ? llmobsi_otlp_sfixed64(out, at, llmobsi_otlp_present(6, "asInt"),
                                       point->value.integer)
               : llmobsi_otlp_number(out, at, llmobsi_otlp_present(4, "asDouble"), metric->number,
                                     point->value);
    return llmobsi_otlp_exemplars(out, at, llmobsi_otlp_field(5, "exemplars"), point);
}

/* ---- histograms ---------------------------------------------------------------------------- */

llmobsi_inline size_t llmobsi_otlp_bucket_count(const llmobs_point_view* point)
{
    return point->bucket_counts != NULL ? point->bucket_count : 0;
}

/* Whether its least and its largest value are known: there are values, and it is no difference. */
llmobsi_inline bool llmobsi_otlp_has_extremes(const llmobs_metric_view* metric,
                                              const llmobs_point_view* point)
{
    return point->count > 0 && metric->temporality != LLMOBS_TEMPORALITY_DELTA;
}

/* HistogramDataPoint. Without a value there is no least and no largest one, but there is a sum. */
llmobsi_inline llmobsi_otlp_at llmobsi_otlp_explicit_point(llmobsi_otlp out, llmobsi_otlp_at at,
                                                           const llmobs_metric_view* metric,
                                                           const llmobs_point_view* point)
{
    at = llmobsi_otlp_point_head(out, at, llmobsi_otlp_field(9, "attributes"), point);
    at = llmobsi_otlp_room(out, at, 320);
    at = llmobsi_otlp_fixed64(out, at, llmobsi_otlp_field(4, "count"), point->count);
    at = llmobsi_otlp_number(out, at, llmobsi_otlp_present(5, "sum"), metric->number, point->value);
    if (llmobsi_otlp_has_extremes(metric, point)) {
        at = llmobsi_otlp_number(out, at, llmobsi_otlp_present(11, "min"), metric->number,
                                 point->min);
        at = llmobsi_otlp_number(out, at, llmobsi_otlp_present(12, "max"), metric->number,
                                 point->max);
    }
    at = llmobsi_otlp_fixed64s(out, at, llmobsi_otlp_field(6, "bucketCounts"),
                               point->bucket_counts, llmobsi_otlp_bucket_count(point));
    at = llmobsi_otlp_doubles(out, at, llmobsi_otlp_field(7, "explicitBounds"), metric->bounds,
                              metric->bounds != NULL ? metric->bound_count : 0);
    return llmobsi_otlp_exemplars(out, at, llmobsi_otlp_field(8, "exemplars"), point);
}

/* Buckets */
llmobsi_inline llmobsi_otlp_at llmobsi_otlp_buckets(llmobsi_otlp out, llmobsi_otlp_at at,
                                                    const llmobs_point_view* point)
{
    at = llmobsi_otlp_sint32(out, at, llmobsi_otlp_first(1, "offset"), point->offset);
    return llmobsi_otlp_uint64s(out, at, llmobsi_otlp_field(2, "bucketCounts"),
                                point->bucket_counts, llmobsi_otlp_bucket_count(point));
}

/* ExponentialHistogramDataPoint */
llmobsi_inline llmobsi_otlp_at llmobsi_otlp_exponential_point(llmobsi_otlp out, llmobsi_otlp_at at,
                                                              const llmobs_metric_view* metric,
                                                              const llmobs_point_view* point)
{
    uint64_t size = 0;
    if (llmobsi_otlp_is_protobuf(out)) {
        size = llmobsi_otlp_buckets(llmobsi_otlp_measure(out.texts), llmobsi_otlp_begin_at(NULL),
                                    point)
                   .size;
    }
    at = llmobsi_otlp_point_head(out, at, llmobsi_otlp_field(1, "attributes"), point);
    at = llmobsi_otlp_room(out, at, 480);
    at = llmobsi_otlp_fixed64(out, at, llmobsi_otlp_field(4, "count"), point->count);
    at = llmobsi_otlp_number(out, at, llmobsi_otlp_present(5, "sum"), metric->number, point->value);
    if (llmobsi_otlp_has_extremes(metric, point)) {
        at = llmobsi_otlp_number(out, at, llmobsi_otlp_present(12, "min"), metric->number,
                                 point->min);
        at = llmobsi_otlp_number(out, at, llmobsi_otlp_present(13, "max"), metric->number,
                                 point->max);
    }
    at = llmobsi_otlp_sint32(out, at, llmobsi_otlp_field(6, "scale"), point->scale);
    at = llmobsi_otlp_fixed64(out, at, llmobsi_otlp_field(7, "zeroCount"), point->zero_count);
    at = llmobsi_otlp_open(out, at, llmobsi_otlp_field(8, "positive"), size);
    if (out.form != LLMOBS_I_OTLP_SIZE) {
        at = llmobsi_otlp_buckets(out, at, point);
        at = llmobsi_otlp_close(out, at);
    }
    return llmobsi_otlp_exemplars(out, at, llmobsi_otlp_field(11, "exemplars"), point);
}

/* ---- metrics ------------------------------------------------------------------------------- */

llmobsi_inline llmobsi_otlp_at llmobsi_otlp_point(llmobsi_otlp out, llmobsi_otlp_at at,
                                                  const llmobs_metric_view* metric,
                                                  const llmobs_point_view* point)
{
    if (metric->instrument == LLMOBS_HISTOGRAM) {
        return llmobsi_otlp_explicit_point(out, at, metric, point);
    }
    if (metric->instrument == LLMOBS_HISTOGRAM_EXPONENTIAL) {
        return llmobsi_otlp_exponential_point(out, at, metric, point);
    }
    return llmobsi_otlp_number_point(out, at, metric, point);
}

llmobsi_fn uint64_t llmobsi_otlp_point_size(llmobsi_otlp_texts* texts,
                                            const llmobs_metric_view* metric,
                                            const llmobs_point_view* point)
{
    return llmobsi_otlp_point(llmobsi_otlp_measure(texts), llmobsi_otlp_begin_at(NULL), metric,
                              point)
        .size;
}

llmobsi_inline llmobsi_otlp_at llmobsi_otlp_points(llmobsi_otlp out, llmobsi_otlp_at at,
                                                   const llmobs_metric_view* metric)
{
    const llmobsi_otlp_name name = llmobsi_otlp_first(1, "dataPoints");
    size_t count = metric->points != NULL ? metric->point_count : 0;
    size_t i;
    at = llmobsi_otlp_list(out, at, name);
    for (i = 0; i < count && !llmobsi_otlp_failed(out); i++) {
        const llmobs_point_view* point = &metric->points[i];
        uint64_t size = 0;
        if (llmobsi_otlp_is_protobuf(out)) {
            size = llmobsi_otlp_point_size(out.texts, metric, point);
        }
        at = llmobsi_otlp_room(out, at, LLMOBS_I_JSON_AFTER);
        at = llmobsi_otlp_item(out, at, name.number, i == 0, size);
        if (out.form != LLMOBS_I_OTLP_SIZE) {
            at = llmobsi_otlp_point(out, at, metric, point);
            at = llmobsi_otlp_close(out, at);
        }
    }
    return llmobsi_otlp_list_end(out, at);
}

/* Sum, Gauge, Histogram or ExponentialHistogram: their points, and what is said of them all. */
llmobsi_inline llmobsi_otlp_at llmobsi_otlp_data(llmobsi_otlp out, llmobsi_otlp_at at,
                                                 const llmobs_metric_view* metric)
{
    llmobs_temporality temporality = metric->temporality == LLMOBS_TEMPORALITY_DELTA
                                         ? LLMOBS_TEMPORALITY_DELTA
                                         : LLMOBS_TEMPORALITY_CUMULATIVE;
    at = llmobsi_otlp_points(out, at, metric);
    at = llmobsi_otlp_room(out, at, 128);
    if (metric->instrument != LLMOBS_GAUGE && metric->instrument != LLMOBS_GAUGE_CALLBACK) {
        at = llmobsi_otlp_enum(out, at, llmobsi_otlp_field(2, "aggregationTemporality"),
                               (uint32_t)temporality);
    }
    if (metric->instrument == LLMOBS_COUNTER || metric->instrument == LLMOBS_UPDOWN) {
        at = llmobsi_otlp_bool(out, at, llmobsi_otlp_field(3, "isMonotonic"),
                               metric->instrument == LLMOBS_COUNTER);
    }
    return at;
}

llmobsi_fn uint64_t llmobsi_otlp_data_size(llmobsi_otlp_texts* texts,
                                           const llmobs_metric_view* metric)
{
    return llmobsi_otlp_data(llmobsi_otlp_measure(texts), llmobsi_otlp_begin_at(NULL), metric).size;
}

/* What the data is called. False: the kind is unknown, it has none. */
llmobsi_fn bool llmobsi_otlp_data_name(const llmobs_metric_view* metric, llmobsi_otlp_name* name)
{
    switch (metric->instrument) {
    case LLMOBS_COUNTER:
    case LLMOBS_UPDOWN:
        *name = llmobsi_otlp_field(7, "sum");
        return true;
    case LLMOBS_GAUGE:
    case LLMOBS_GAUGE_CALLBACK:
        *name = llmobsi_otlp_field(5, "gauge");
        return true;
    case LLMOBS_HISTOGRAM:
        *name = llmobsi_otlp_field(9, "histogram");
        return true;
    case LLMOBS_HISTOGRAM_EXPONENTIAL:
        *name = llmobsi_otlp_field(10, "exponentialHistogram");
        return true;
    }
    return false;
}

/* Metric */
llmobsi_inline llmobsi_otlp_at llmobsi_otlp_metric(llmobsi_otlp out, llmobsi_otlp_at at,
                                                   const llmobs_metric_view* metric)
{
    llmobsi_otlp_name name;
    at = llmobsi_otlp_text(out, at, llmobsi_otlp_first(1, "name"), metric->name);
    if (metric->help.size > 0) {
        at = llmobsi_otlp_text(out, at, llmobsi_otlp_field(2, "description"), metric->help);
    }
    if (metric->unit.size > 0) {
        at = llmobsi_otlp_text(out, at, llmobsi_otlp_field(3, "unit"), metric->unit);
    }
    if (!llmobsi_otlp_data_name(metric, &name)) {
        return at;
    }
    at = llmobsi_otlp_room(out, at, 128);
    at = llmobsi_otlp_open(out, at, name,
                           llmobsi_otlp_is_protobuf(out)
                               ? llmobsi_otlp_data_size(out.texts, metric)
                               : 0);
    if (out.form == LLMOBS_I_OTLP_SIZE) {
        return at;
    }
    at = llmobsi_otlp_data(out, at, metric);
    at = llmobsi_otlp_close(out, at);
    return llmobsi_otlp_room(out, at, LLMOBS_I_JSON_AFTER);
}

llmobsi_fn char* llmobsi_otlp_metric_json(llmobsi_writer* writer, char* cursor,
                                       const llmobs_batch* batch, size_t i)
{
    return llmobsi_otlp_metric(llmobsi_otlp_of(LLMOBS_I_OTLP_JSON, writer, NULL),
                             llmobsi_otlp_begin_at(cursor), &batch->metrics[i])
        .cursor;
}

llmobsi_fn uint64_t llmobsi_otlp_metric_size(llmobsi_otlp_texts* texts, const llmobs_batch* batch,
                                           size_t i)
{
    return llmobsi_otlp_metric(llmobsi_otlp_measure(texts), llmobsi_otlp_begin_at(NULL),
                             &batch->metrics[i])
        .size;
}

llmobsi_fn char* llmobsi_otlp_metric_bytes(llmobsi_writer* writer, llmobsi_otlp_texts* texts,
                                         char* cursor, const llmobs_batch* batch, size_t i)
{
    return llmobsi_otlp_metric(llmobsi_otlp_of(LLMOBS_I_OTLP_BYTES, writer, texts),
                             llmobsi_otlp_begin_at(cursor), &batch->metrics[i])
        .cursor;
}

/* ---- the message --------------------------------------------------------------------------- */

/* How many points were lost before is not said: a scope's attributes are part of what tells one
   series from another. */
llmobsi_fn llmobsi_otlp_signal llmobsi_otlp_metrics(const llmobs_batch* batch)
{
    llmobsi_otlp_signal signal;
    signal.resources = llmobsi_otlp_first(1, "resourceMetrics");
    signal.scopes = llmobsi_otlp_field(2, "scopeMetrics");
    signal.records = llmobsi_otlp_field(2, "metrics");
    signal.count = batch->metrics != NULL ? batch->metric_count : 0;
    signal.lost_before = 0;
    signal.measure = llmobsi_otlp_metric_size;
    signal.bytes = llmobsi_otlp_metric_bytes;
    return signal;
}

llmobsi_fn bool llmobsi_otlp_encode_metrics(const llmobs_batch* batch, llmobsi_writer* writer)
{
    const llmobsi_otlp_signal signal = llmobsi_otlp_metrics(batch);
    return llmobsi_otlp_write_json(batch, writer, &signal, llmobsi_otlp_metric_json);
}

LLMOBS_API bool llmobs_encode_otlp_metrics_json(const llmobs_batch* batch, llmobs_write_fn write,
                                                void* user)
{
    return llmobsi_batch_write(llmobsi_otlp_encode_metrics, batch, write, user);
}

/* Metrics as OTLP/JSON, by the rules of encode/otlp, and with the same care for room. What a reader
   reckons with is written even where it is zero or false; only times that are not known and empty
   texts are left out. */

/* ---- numbers ------------------------------------------------------------------------------- */

/* Billionths as the decimal that they are: 1234567890 is 1.23456789. No double holds them all; a
   reader's will be the nearest. LLMOBS_I_DOUBLE_ROOM bytes must be free. */
llmobsi_fn char* llmobsi_append_billionths(char* cursor, int64_t number)
{
    uint64_t magnitude = (uint64_t)number;
    uint32_t fraction;
    if (number < 0) {
        *cursor++ = '-';
        magnitude = 0 - magnitude;
    }
    cursor = llmobsi_append_u64(cursor, magnitude / 1000000000);
    fraction = (uint32_t)(magnitude % 1000000000);
    if (fraction != 0) {
        *cursor++ = '.';
        cursor = llmobsi_append_eight_digits(cursor, fraction / 10);
        *cursor++ = (char)('0' + fraction % 10);
        while (cursor[-1] == '0') {
            cursor--;
        }
    }
    return cursor;
}

/* As a member of type double. LLMOBS_I_JSON_DOUBLE_ROOM bytes must be free. */
llmobsi_fn char* llmobsi_otlp_number(char* cursor, llmobs_number number, llmobs_value value)
{
    switch (number) {
    case LLMOBS_NUMBER_INT:
        break;
    case LLMOBS_NUMBER_NANO:
        return llmobsi_append_billionths(cursor, value.integer);
    case LLMOBS_NUMBER_DOUBLE:
        return llmobsi_json_double_at(cursor, value.real);
    }
    return llmobsi_append_i64(cursor, value.integer);
}

/* ---- what every point has ------------------------------------------------------------------ */

/* The begin of a point: `{"startTimeUnixNano":"...","timeUnixNano":"...","attributes":[...]` */
llmobsi_fn char* llmobsi_otlp_point_head(llmobsi_writer* writer, char* cursor,
                                         const llmobs_point_view* point)
{
    cursor = llmobsi_room(writer, cursor, 192);
    *cursor++ = '{';
    if (point->start_unix_ns != 0) {
        cursor = llmobsi_append_text(cursor, "\"startTimeUnixNano\":\"");
        cursor = llmobsi_append_u64(cursor, point->start_unix_ns);
        cursor = llmobsi_append_text(cursor, "\",");
    }
    cursor = llmobsi_append_text(cursor, "\"timeUnixNano\":\"");
    cursor = llmobsi_append_u64(cursor, point->time_unix_ns);
    *cursor++ = '"';
    return llmobsi_otlp_attribute_members(writer, cursor, point->attributes,
                                          point->attribute_count, 0);
}

/* An exemplar's value is a double for every kind of number: so has the view. */
llmobsi_fn char* llmobsi_otlp_exemplars(llmobsi_writer* writer, char* cursor,
                                        const llmobs_exemplar_view* exemplars, size_t count)
{
    size_t i;
    cursor = llmobsi_append_text(cursor, ",\"exemplars\":[");
    for (i = 0; i < count && !writer->failed; i++) {
        cursor = llmobsi_room(writer, cursor, 256);
        cursor = i > 0 ? llmobsi_append_text(cursor, ",{\"timeUnixNano\":\"")
                       : llmobsi_append_text(cursor, "{\"timeUnixNano\":\"");
        cursor = llmobsi_append_u64(cursor, exemplars[i].unix_ns);
        cursor = llmobsi_append_text(cursor, "\",\"asDouble\":");
        cursor = llmobsi_json_double_at(cursor, exemplars[i].value);
        cursor = llmobsi_append_text(cursor, ",\"spanId\":\"");
        cursor = llmobsi_append_hex(cursor, exemplars[i].span_id, 8);
        cursor = llmobsi_append_text(cursor, "\",\"traceId\":\"");
        cursor = llmobsi_append_hex(cursor, exemplars[i].trace_id, 16);
        cursor = llmobsi_append_text(cursor, "\"}");
    }
    cursor = llmobsi_room(writer, cursor, LLMOBS_I_JSON_AFTER + 1);
    *cursor++ = ']';
    return cursor;
}

/* ---- sums and gauges ----------------------------------------------------------------------- */

llmobsi_fn char* llmobsi_otlp_number_point(llmobsi_writer* writer, char* cursor,
                                           llmobs_number number, const llmobs_point_view* point)
{
    cursor = llmobsi_room(writer, cursor, 128);
    if (number == LLMOBS_NUMBER_NANO || number == LLMOBS_NUMBER_DOUBLE) {
        cursor = llmobsi_append_text(cursor, ",\"asDouble\":");
        return llmobsi_otlp_number(cursor, number, point->value);
    }
    cursor = llmobsi_append_text(cursor, ",\"asInt\":\"");
    cursor = llmobsi_append_i64(cursor, point->value.integer);
    *cursor++ = '"';
    return cursor;
}

/* ---- histograms ---------------------------------------------------------------------------- */

llmobsi_fn char* llmobsi_otlp_bucket_counts(llmobsi_writer* writer, char* cursor,
                                            const llmobs_point_view* point)
{
    size_t count = point->bucket_counts != NULL ? point->bucket_count : 0;
    size_t i;
    cursor = llmobsi_append_text(cursor, ",\"bucketCounts\":[");
    for (i = 0; i < count && !writer->failed; i++) {
        cursor = llmobsi_room(writer, cursor, 64);
        cursor = i > 0 ? llmobsi_append_text(cursor, ",\"") : llmobsi_append_text(cursor, "\"");
        cursor = llmobsi_append_u64(cursor, point->bucket_counts[i]);
        *cursor++ = '"';
    }
    cursor = llmobsi_room(writer, cursor, LLMOBS_I_JSON_AFTER + 1);
    *cursor++ = ']';
    return cursor;
}

llmobsi_fn char* llmobsi_otlp_bounds(llmobsi_writer* writer, char* cursor,
                                     const llmobs_metric_view* metric)
{
    size_t count = metric->bounds != NULL ? metric->bound_count : 0;
    size_t i;
    cursor = llmobsi_append_text(cursor, ",\"explicitBounds\":[");
    for (i = 0; i < count && !writer->failed; i++) {
        cursor = llmobsi_room(writer, cursor, 64);
        if (i > 0) {
            *cursor++ = ',';
        }
        cursor = llmobsi_json_double_at(cursor, metric->bounds[i]);
    }
    cursor = llmobsi_room(writer, cursor, LLMOBS_I_JSON_AFTER + 1);
    *cursor++ = ']';
    return cursor;
}

/* Without a value there is no least and no largest one, but there is a sum. */
llmobsi_fn char* llmobsi_otlp_distribution(llmobsi_writer* writer, char* cursor,
                                           llmobs_number number, const llmobs_point_view* point)
{
    cursor = llmobsi_room(writer, cursor, 256);
    cursor = llmobsi_append_text(cursor, ",\"count\":\"");
    cursor = llmobsi_append_u64(cursor, point->count);
    cursor = llmobsi_append_text(cursor, "\",\"sum\":");
    cursor = llmobsi_otlp_number(cursor, number, point->value);
    if (point->count > 0) {
        cursor = llmobsi_append_text(cursor, ",\"min\":");
        cursor = llmobsi_otlp_number(cursor, number, point->min);
        cursor = llmobsi_append_text(cursor, ",\"max\":");
        cursor = llmobsi_otlp_number(cursor, number, point->max);
    }
    return llmobsi_room(writer, cursor, LLMOBS_I_JSON_AFTER);
}

llmobsi_fn char* llmobsi_otlp_explicit_point(llmobsi_writer* writer, char* cursor,
                                             const llmobs_metric_view* metric,
                                             const llmobs_point_view* point)
{
    cursor = llmobsi_otlp_distribution(writer, cursor, metric->number, point);
    cursor = llmobsi_otlp_bucket_counts(writer, cursor, point);
    return llmobsi_otlp_bounds(writer, cursor, metric);
}

llmobsi_fn char* llmobsi_otlp_exponential_point(llmobsi_writer* writer, char* cursor,
                                                const llmobs_metric_view* metric,
                                                const llmobs_point_view* point)
{
    cursor = llmobsi_otlp_distribution(writer, cursor, metric->number, point);
    cursor = llmobsi_room(writer, cursor, 192);
    cursor = llmobsi_append_text(cursor, ",\"scale\":");
    cursor = llmobsi_append_i64(cursor, point->scale);
    cursor = llmobsi_append_text(cursor, ",\"zeroCount\":\"");
    cursor = llmobsi_append_u64(cursor, point->zero_count);
    cursor = llmobsi_append_text(cursor, "\",\"positive\":{\"offset\":");
    cursor = llmobsi_append_i64(cursor, point->offset);
    cursor = llmobsi_otlp_bucket_counts(writer, cursor, point);
    *cursor++ = '}';
    return cursor;
}

/* ---- metrics ------------------------------------------------------------------------------- */

llmobsi_fn char* llmobsi_otlp_point(llmobsi_writer* writer, char* cursor,
                                    const llmobs_metric_view* metric,
                                    const llmobs_point_view* point)
{
    cursor = llmobsi_otlp_point_head(writer, cursor, point);
    if (metric->instrument == LLMOBS_HISTOGRAM) {
        cursor = llmobsi_otlp_explicit_point(writer, cursor, metric, point);
    } else if (metric->instrument == LLMOBS_HISTOGRAM_EXPONENTIAL) {
        cursor = llmobsi_otlp_exponential_point(writer, cursor, metric, point);
    } else {
        cursor = llmobsi_otlp_number_point(writer, cursor, metric->number, point);
    }
    cursor = llmobsi_room(writer, cursor, LLMOBS_I_JSON_AFTER);
    if (point->exemplar_count > 0 && point->exemplars != NULL) {
        cursor = llmobsi_otlp_exemplars(writer, cursor, point->exemplars, point->exemplar_count);
    }
    *cursor++ = '}';
    return llmobsi_room(writer, cursor, LLMOBS_I_JSON_AFTER);
}

/* `{"dataPoints":[...]` */
llmobsi_fn char* llmobsi_otlp_points(llmobsi_writer* writer, char* cursor,
                                     const llmobs_metric_view* metric)
{
    size_t count = metric->points != NULL ? metric->point_count : 0;
    size_t i;
    cursor = llmobsi_append_text(cursor, "{\"dataPoints\":[");
    for (i = 0; i < count && !writer->failed; i++) {
        if (i > 0) {
            *cursor++ = ',';
        }
        cursor = llmobsi_otlp_point(writer, cursor, metric, &metric->points[i]);
    }
    cursor = llmobsi_room(writer, cursor, 128);
    *cursor++ = ']';
    return cursor;
}

#define LLMOBS_I_OTLP_CUMULATIVE ",\"aggregationTemporality\":2"

/* The points under the name of their kind, with what is said of them all. An unknown kind has
   none. */
llmobsi_fn char* llmobsi_otlp_data(llmobsi_writer* writer, char* cursor,
                                   const llmobs_metric_view* metric)
{
    switch (metric->instrument) {
    case LLMOBS_COUNTER:
        cursor = llmobsi_append_text(cursor, ",\"sum\":");
        cursor = llmobsi_otlp_points(writer, cursor, metric);
        cursor = llmobsi_append_text(cursor, LLMOBS_I_OTLP_CUMULATIVE ",\"isMonotonic\":true}");
        break;
    case LLMOBS_UPDOWN:
        cursor = llmobsi_append_text(cursor, ",\"sum\":");
        cursor = llmobsi_otlp_points(writer, cursor, metric);
        cursor = llmobsi_append_text(cursor, LLMOBS_I_OTLP_CUMULATIVE ",\"isMonotonic\":false}");
        break;
    case LLMOBS_GAUGE:
    case LLMOBS_GAUGE_CALLBACK:
        cursor = llmobsi_append_text(cursor, ",\"gauge\":");
        cursor = llmobsi_otlp_points(writer, cursor, metric);
        *cursor++ = '}';
        break;
    case LLMOBS_HISTOGRAM:
        cursor = llmobsi_append_text(cursor, ",\"histogram\":");
        cursor = llmobsi_otlp_points(writer, cursor, metric);
        cursor = llmobsi_append_text(cursor, LLMOBS_I_OTLP_CUMULATIVE "}");
        break;
    case LLMOBS_HISTOGRAM_EXPONENTIAL:
        cursor = llmobsi_append_text(cursor, ",\"exponentialHistogram\":");
        cursor = llmobsi_otlp_points(writer, cursor, metric);
        cursor = llmobsi_append_text(cursor, LLMOBS_I_OTLP_CUMULATIVE "}");
        break;
    }
    return llmobsi_room(writer, cursor, LLMOBS_I_JSON_AFTER);
}

llmobsi_fn char* llmobsi_otlp_metric(llmobsi_writer* writer, char* cursor,
                                     const llmobs_metric_view* metric)
{
    cursor = llmobsi_append_text(cursor, "{\"name\":");
    cursor = llmobsi_json_string_at(writer, cursor, metric->name);
    if (metric->help.size > 0) {
        cursor = llmobsi_append_text(cursor, ",\"description\":");
        cursor = llmobsi_json_string_at(writer, cursor, metric->help);
    }
    if (metric->unit.size > 0) {
        cursor = llmobsi_append_text(cursor, ",\"unit\":");
        cursor = llmobsi_json_string_at(writer, cursor, metric->unit);
    }
    cursor = llmobsi_room(writer, cursor, 128);
    cursor = llmobsi_otlp_data(writer, cursor, metric);
    *cursor++ = '}';
    return llmobsi_room(writer, cursor, LLMOBS_I_JSON_AFTER);
}

/* ---- the message --------------------------------------------------------------------------- */

/* With a buffer of any size from LLMOBS_I_WRITER_LEAST, for the tests. */
llmobsi_fn bool llmobsi_otlp_encode_metrics(const llmobs_batch* batch, llmobsi_writer* writer)
{
    size_t count = batch->metrics != NULL ? batch->metric_count : 0;
    size_t i;
    char* cursor = llmobsi_room(writer, writer->data, 128);
    cursor = llmobsi_append_text(cursor, "{\"resourceMetrics\":[{");
    cursor = llmobsi_otlp_resource(writer, cursor, batch->resource);
    cursor = llmobsi_room(writer, cursor, 256);
    cursor = llmobsi_append_text(cursor, ",\"scopeMetrics\":[{" LLMOBS_I_OTLP_SCOPE
                                         "},\"metrics\":[");
    for (i = 0; i < count && !writer->failed; i++) {
        if (i > 0) {
            *cursor++ = ',';
        }
        cursor = llmobsi_otlp_metric(writer, cursor, &batch->metrics[i]);
    }
    return llmobsi_otlp_end(writer, cursor);
}

LLMOBS_API bool llmobs_encode_otlp_metrics_json(const llmobs_batch* batch, llmobs_write_fn write,
                                                void* user)
{
    return llmobsi_batch_write(llmobsi_otlp_encode_metrics, batch, write, user);
}

/* Random batches of every signal, and whether two are the same in all that they say. Include it
   after llmobs.h and random.h. Memory is the caller's `batch_maker`, used anew for each batch. */
#ifndef BATCHES_H
#define BATCHES_H

typedef struct batch_maker {
    size_t used;
    bool plain; /* texts are valid UTF-8 */
    uint64_t memory[(8 << 20) / 8];
} batch_maker;

static inline uint64_t below(uint64_t limit)
{
    return next_random() % limit;
}

static inline void* batch_take(batch_maker* maker, size_t size)
{
    unsigned char* place = (unsigned char*)maker->memory + maker->used;
    maker->used += (size + 7) & ~(size_t)7;
    if (maker->used > sizeof maker->memory) {
        printf("Bail out! a batch is too large\n");
        exit(1);
    }
    memset(place, 0, size);
    return place;
}

/* ---- random ones --------------------------------------------------------------------------- */

static inline llmobs_string some_text(batch_maker* maker, size_t most)
{
    static const char* const pieces[] = {"a", "model", " ", "\xc3\xa9", "\xe6\xbc\xa2",
                                         "\xf0\x9f\x98\x80", "\"", "\n", "0123456789abcdef"};
    llmobs_string text;
    size_t size = below(8) == 0 ? 0 : (size_t)below(most + 1);
    char* copy = (char*)batch_take(maker, size + 17);
    size_t used = 0;
    while (used < size) {
        const char* piece = pieces[below(9)];
        memcpy(copy + used, piece, strlen(piece));
        used += strlen(piece);
    }
    if (used > 0 && below(20) == 0) {
        copy[used++] = '\0'; /* inside */
    }
    if (!maker->plain && used > 0 && below(4) == 0) {
        copy[below(used)] = (char)(0x80 + below(128));
    }
    text.data = used == 0 && below(2) == 0 ? NULL : copy;
    text.size = used;
    return text;
}

/* Some of a few, as keys are. */
static inline llmobs_string some_name(batch_maker* maker)
{
    static const char* const names[] = {"gen_ai.request.model", "llm.tokens", "", "http.route",
                                        "server.address",       "user.id",    "x"};
    llmobs_string name;
    if (below(5) == 0) {
        return some_text(maker, 40);
    }
    name.data = names[below(7)];
    name.size = strlen(name.data);
    return name;
}

static inline uint64_t some_number(void)
{
    return next_random() >> below(64);
}

static inline double some_double(void)
{
    return below(2) == 0 ? (double)below(1000) / 8 : llmobsi_double_of(next_random());
}

static inline const llmobs_string* some_texts(batch_maker* maker, size_t count)
{
    llmobs_string* texts = (llmobs_string*)batch_take(maker, count * sizeof *texts);
    size_t i;
    for (i = 0; i < count; i++) {
        texts[i] = some_text(maker, 20);
    }
    return texts;
}

static inline const llmobs_attribute_view* some_attributes(batch_maker* maker, uint32_t* count)
{
    llmobs_attribute_view* views;
    uint32_t i;
    *count = (uint32_t)below(below(10) == 0 ? 40 : 6);
    views = (llmobs_attribute_view*)batch_take(maker, *count * sizeof *views);
    for (i = 0; i < *count; i++) {
        views[i].key = some_name(maker);
        views[i].type = (llmobs_type)below(5);
        switch (views[i].type) {
            case LLMOBS_TYPE_STRING:
                views[i].value.string = some_text(maker, below(50) == 0 ? 20000 : 60);
                break;
            case LLMOBS_TYPE_STRINGS:
                views[i].count = (uint32_t)below(5);
                views[i].value.strings = some_texts(maker, views[i].count);
                break;
            case LLMOBS_TYPE_BOOL:
                views[i].value.boolean = below(2) != 0;
                break;
            case LLMOBS_TYPE_DOUBLE:
                views[i].value.real = some_double();
                break;
            case LLMOBS_TYPE_INT:
                views[i].value.integer = (int64_t)some_number();
                break;
        }
    }
    return views;
}

static inline void some_bytes(uint8_t* bytes, size_t size)
{
    while (size-- > 0) {
        bytes[size] = (uint8_t)next_random();
    }
}

static inline void some_span(batch_maker* maker, llmobs_span_view* span)
{
    llmobs_event_view* events;
    llmobs_link_view* links;
    uint32_t i;
    some_bytes(span->trace_id, 16);
    some_bytes(span->span_id, 8);
    some_bytes(span->parent_span_id, 8);
    span->name = some_name(maker);
    span->trace_state = some_text(maker, 40);
    span->status_message = some_text(maker, 40);
    span->start_unix_ns = some_number();
    span->end_unix_ns = some_number();
    span->flags = (uint32_t)some_number();
    span->thread = (uint32_t)some_number();
    span->kind = (llmobs_kind)below(6);
    span->status = (llmobs_status)below(3);
    span->dropped_attribute_count = (uint32_t)some_number();
    span->dropped_event_count = (uint32_t)some_number();
    span->dropped_link_count = (uint32_t)some_number();
    span->attributes = some_attributes(maker, &span->attribute_count);
    span->event_count = (uint32_t)below(4);
    span->link_count = (uint32_t)below(3);
    span->events = events =
        (llmobs_event_view*)batch_take(maker, span->event_count * sizeof *events);
    span->links = links = (llmobs_link_view*)batch_take(maker, span->link_count * sizeof *links);
    for (i = 0; i < span->event_count; i++) {
        events[i].name = some_name(maker);
        events[i].unix_ns = some_number();
        events[i].dropped_attribute_count = (uint32_t)some_number();
        events[i].attributes = some_attributes(maker, &events[i].attribute_count);
    }
    for (i = 0; i < span->link_count; i++) {
        some_bytes(links[i].trace_id, 16);
        some_bytes(links[i].span_id, 8);
        links[i].flags = (uint32_t)some_number();
        links[i].trace_state = some_text(maker, 30);
        links[i].dropped_attribute_count = (uint32_t)some_number();
        links[i].attributes = some_attributes(maker, &links[i].attribute_count);
    }
}

static inline const llmobs_interaction* some_interaction(batch_maker* maker)
{
    llmobs_interaction* interaction =
        (llmobs_interaction*)batch_take(maker, sizeof *interaction);
    llmobsi_interaction_parts parts;
    size_t i;
    *interaction = llmobs_interaction_default();
    interaction->unix_ns = some_number();
    interaction->severity = (llmobs_severity)below(25);
    interaction->guardrails_passed = below(2) != 0;
    interaction->cost_known = below(2) != 0;
    interaction->provenance = (llmobs_provenance)below(3);
    interaction->guardrail_count = (size_t)below(4);
    interaction->guardrails_triggered = some_texts(maker, interaction->guardrail_count);
    for (i = 0; i < LLMOBS_I_INTERACTION_TEXTS; i++) {
        parts.texts[i] = some_text(maker, 50);
    }
    for (i = 0; i < LLMOBS_I_INTERACTION_NUMBERS; i++) {
        parts.numbers[i] = below(2) == 0 ? -1 : (int64_t)some_number();
    }
    llmobsi_interaction_set_parts(interaction, &parts);
    return interaction;
}

static inline void some_log(batch_maker* maker, llmobs_log_view* log)
{
    some_bytes(log->trace_id, 16);
    some_bytes(log->span_id, 8);
    log->unix_ns = some_number();
    log->observed_unix_ns = some_number();
    log->severity = (llmobs_severity)below(25);
    log->flags = (uint32_t)some_number();
    log->thread = (uint32_t)some_number();
    log->dropped_attribute_count = (uint32_t)some_number();
    log->event_name = some_name(maker);
    if (below(2) == 0) {
        log->interaction = some_interaction(maker);
        log->vocabulary = (uint32_t)below(16);
        return;
    }
    log->body = some_text(maker, 100);
    log->attributes = some_attributes(maker, &log->attribute_count);
}

static inline llmobs_value some_value(llmobs_number number)
{
    llmobs_value value;
    value.integer = (int64_t)some_number();
    if (number == LLMOBS_NUMBER_DOUBLE) {
        value.real = some_double();
    }
    return value;
}

static inline void some_point(batch_maker* maker, const llmobs_metric_view* metric,
                              llmobs_point_view* point)
{
    llmobs_exemplar_view* exemplars;
    uint64_t* counts;
    uint32_t i;
    point->attributes = some_attributes(maker, &point->attribute_count);
    point->labels = some_text(maker, 60);
    point->start_unix_ns = some_number();
    point->time_unix_ns = some_number();
    point->value = some_value(metric->number);
    point->min = some_value(metric->number);
    point->max = some_value(metric->number);
    point->count = some_number();
    point->zero_count = some_number();
    point->scale = (int32_t)some_number();
    point->offset = (int32_t)some_number();
    point->bucket_count = metric->instrument == LLMOBS_HISTOGRAM ? metric->bound_count + 1
                          : metric->instrument == LLMOBS_HISTOGRAM_EXPONENTIAL
                              ? (uint32_t)below(161)
                              : 0;
    point->bucket_counts = counts =
        (uint64_t*)batch_take(maker, point->bucket_count * sizeof *counts);
    for (i = 0; i < point->bucket_count; i++) {
        counts[i] = below(3) == 0 ? 0 : some_number();
    }
    point->exemplar_count = (uint32_t)below(3);
    point->exemplars = exemplars =
        (llmobs_exemplar_view*)batch_take(maker, point->exemplar_count * sizeof *exemplars);
    for (i = 0; i < point->exemplar_count; i++) {
        some_bytes(exemplars[i].trace_id, 16);
        some_bytes(exemplars[i].span_id, 8);
        exemplars[i].value = some_double();
        exemplars[i].unix_ns = some_number();
        exemplars[i].bucket = (uint32_t)below(161);
    }
}

static inline void some_metric(batch_maker* maker, llmobs_metric_view* metric)
{
    llmobs_point_view* points;
    double* bounds;
    size_t i;
    metric->name = some_text(maker, 40);
    metric->help = some_text(maker, 80);
    metric->unit = some_text(maker, 10);
    metric->family = some_text(maker, 40);
    metric->instrument = (llmobs_instrument)(1 + below(6));
    metric->number = (llmobs_number)below(3);
    metric->temporality = (llmobs_temporality)below(3);
    metric->least = some_double();
    metric->most = some_double();
    metric->bound_count = metric->instrument == LLMOBS_HISTOGRAM ? (uint32_t)below(65) : 0;
    metric->bounds = bounds = (double*)batch_take(maker, metric->bound_count * sizeof *bounds);
    for (i = 0; i < metric->bound_count; i++) {
        bounds[i] = some_double();
    }
    metric->point_count = (size_t)below(5);
    metric->points = points =
        (llmobs_point_view*)batch_take(maker, metric->point_count * sizeof *points);
    for (i = 0; i < metric->point_count; i++) {
        some_point(maker, metric, &points[i]);
    }
}

/* Up to so many of each signal whose bit is set. */
static inline const llmobs_batch* some_batch(batch_maker* maker, unsigned signals, size_t most)
{
    llmobs_batch* batch;
    llmobs_resource_view* resource;
    llmobs_span_view* spans;
    llmobs_log_view* logs;
    llmobs_metric_view* metrics;
    size_t i;
    maker->used = 0;
    batch = (llmobs_batch*)batch_take(maker, sizeof *batch);
    resource = (llmobs_resource_view*)batch_take(maker, sizeof *resource);
    batch->size = sizeof *batch;
    batch->id = next_random() >> 30;
    batch->lost_before = some_number();
    batch->resource = resource;
    resource->attributes = some_attributes(maker, &resource->attribute_count);
    batch->span_count = (signals & 1) != 0 ? (size_t)below(most + 1) : 0;
    batch->log_count = (signals & 2) != 0 ? (size_t)below(most + 1) : 0;
    batch->metric_count = (signals & 4) != 0 ? (size_t)below(most + 1) : 0;
    batch->spans = spans = (llmobs_span_view*)batch_take(maker, batch->span_count * sizeof *spans);
    batch->logs = logs = (llmobs_log_view*)batch_take(maker, batch->log_count * sizeof *logs);
    batch->metrics = metrics =
        (llmobs_metric_view*)batch_take(maker, batch->metric_count * sizeof *metrics);
    for (i = 0; i < batch->span_count; i++) {
        some_span(maker, &spans[i]);
    }
    for (i = 0; i < batch->log_count; i++) {
        some_log(maker, &logs[i]);
    }
    for (i = 0; i < batch->metric_count; i++) {
        some_metric(maker, &metrics[i]);
    }
    return batch;
}

static inline size_t items_of(const llmobs_batch* batch)
{
    size_t items = batch->span_count + batch->log_count;
    size_t i;
    for (i = 0; i < batch->metric_count; i++) {
        items += batch->metrics[i].point_count;
    }
    return items;
}

/* ---- the same? ----------------------------------------------------------------------------- */

/* As read back: what is no UTF-8 is repaired, and a NUL stands behind it. */
static inline bool same_string(llmobs_string was, llmobs_string is)
{
    static char repaired[3 * 20100];
    if (is.data == NULL || is.data[is.size] != '\0') {
        return false;
    }
    if (was.size > 0 && !llmobsi_utf8_is_valid(was.data, was.size)) {
        was.size = llmobsi_utf8_repair(repaired, sizeof repaired, was.data, was.size);
        was.data = repaired;
    }
    return was.size == is.size && (was.size == 0 || memcmp(was.data, is.data, was.size) == 0);
}

static inline bool same_double(double a, double b)
{
    return llmobsi_double_bits(a) == llmobsi_double_bits(b);
}

static inline bool same_attributes(const llmobs_attribute_view* was, uint32_t count,
                                   const llmobs_attribute_view* is, uint32_t count_is)
{
    bool same = count == count_is;
    uint32_t i;
    uint32_t k;
    for (i = 0; i < count && same; i++) {
        same = same_string(was[i].key, is[i].key) && was[i].type == is[i].type &&
               was[i].count == is[i].count;
        for (k = 0; same && was[i].type == LLMOBS_TYPE_STRINGS && k < was[i].count; k++) {
            same = same_string(was[i].value.strings[k], is[i].value.strings[k]);
        }
        same = same && (was[i].type == LLMOBS_TYPE_STRING
                            ? same_string(was[i].value.string, is[i].value.string)
                        : was[i].type == LLMOBS_TYPE_BOOL
                            ? was[i].value.boolean == is[i].value.boolean
                            : was[i].type == LLMOBS_TYPE_STRINGS ||
                                  was[i].value.integer == is[i].value.integer);
    }
    return same;
}

static inline bool same_event(const llmobs_event_view* was, const llmobs_event_view* is)
{
    return same_string(was->name, is->name) && was->unix_ns == is->unix_ns &&
           was->dropped_attribute_count == is->dropped_attribute_count &&
           same_attributes(was->attributes, was->attribute_count, is->attributes,
                           is->attribute_count);
}

static inline bool same_link(const llmobs_link_view* was, const llmobs_link_view* is)
{
    return memcmp(was->trace_id, is->trace_id, 16) == 0 &&
           memcmp(was->span_id, is->span_id, 8) == 0 && was->flags == is->flags &&
           same_string(was->trace_state, is->trace_state) &&
           was->dropped_attribute_count == is->dropped_attribute_count &&
           same_attributes(was->attributes, was->attribute_count, is->attributes,
                           is->attribute_count);
}

static inline bool same_span(const llmobs_span_view* was, const llmobs_span_view* is)
{
    bool same =
        memcmp(was->trace_id, is->trace_id, 16) == 0 && memcmp(was->span_id, is->span_id, 8) == 0 &&
        memcmp(was->parent_span_id, is->parent_span_id, 8) == 0 &&
        same_string(was->name, is->name) && same_string(was->trace_state, is->trace_state) &&
        same_string(was->status_message, is->status_message) &&
        was->start_unix_ns == is->start_unix_ns && was->end_unix_ns == is->end_unix_ns &&
        was->flags == is->flags && was->thread == is->thread && was->kind == is->kind &&
        was->status == is->status && was->event_count == is->event_count &&
        was->link_count == is->link_count &&
        was->dropped_attribute_count == is->dropped_attribute_count &&
        was->dropped_event_count == is->dropped_event_count &&
        was->dropped_link_count == is->dropped_link_count &&
        same_attributes(was->attributes, was->attribute_count, is->attributes,
                        is->attribute_count);
    uint32_t i;
    for (i = 0; same && i < was->event_count; i++) {
        same = same_event(&was->events[i], &is->events[i]);
    }
    for (i = 0; same && i < was->link_count; i++) {
        same = same_link(&was->links[i], &is->links[i]);
    }
    return same;
}

static inline bool same_interactions(const llmobs_interaction* was, const llmobs_interaction* is)
{
    llmobsi_interaction_parts one, other;
    bool same;
    size_t i;
    if (was == NULL || is == NULL) {
        return was == NULL && is == NULL;
    }
    same = was->unix_ns == is->unix_ns && was->severity == is->severity &&
           was->guardrails_passed == is->guardrails_passed && was->cost_known == is->cost_known &&
           was->provenance == is->provenance && was->guardrail_count == is->guardrail_count &&
           is->size == sizeof *is;
    llmobsi_interaction_parts_of(was, &one);
    llmobsi_interaction_parts_of(is, &other);
    for (i = 0; same && i < was->guardrail_count; i++) {
        same = same_string(was->guardrails_triggered[i], is->guardrails_triggered[i]);
    }
    for (i = 0; same && i < LLMOBS_I_INTERACTION_TEXTS; i++) {
        same = same_string(one.texts[i], other.texts[i]);
    }
    return same && memcmp(one.numbers, other.numbers, sizeof one.numbers) == 0;
}

static inline bool same_log(const llmobs_log_view* was, const llmobs_log_view* is)
{
    return memcmp(was->trace_id, is->trace_id, 16) == 0 &&
           memcmp(was->span_id, is->span_id, 8) == 0 && was->unix_ns == is->unix_ns &&
           was->observed_unix_ns == is->observed_unix_ns && was->severity == is->severity &&
           was->flags == is->flags && was->thread == is->thread &&
           was->vocabulary == is->vocabulary &&
           was->dropped_attribute_count == is->dropped_attribute_count &&
           same_string(was->event_name, is->event_name) && same_string(was->body, is->body) &&
           same_attributes(was->attributes, was->attribute_count, is->attributes,
                           is->attribute_count) &&
           same_interactions(was->interaction, is->interaction);
}

static inline bool same_point(const llmobs_point_view* was, const llmobs_point_view* is)
{
    bool same =
        same_attributes(was->attributes, was->attribute_count, is->attributes,
                        is->attribute_count) &&
        same_string(was->labels, is->labels) && was->start_unix_ns == is->start_unix_ns &&
        was->time_unix_ns == is->time_unix_ns && was->value.integer == is->value.integer &&
        was->min.integer == is->min.integer && was->max.integer == is->max.integer &&
        was->count == is->count && was->zero_count == is->zero_count && was->scale == is->scale &&
        was->offset == is->offset && was->bucket_count == is->bucket_count &&
        was->exemplar_count == is->exemplar_count;
    uint32_t i;
    for (i = 0; same && i < was->bucket_count; i++) {
        same = was->bucket_counts[i] == is->bucket_counts[i];
    }
    for (i = 0; same && i < was->exemplar_count; i++) {
        const llmobs_exemplar_view *a = &was->exemplars[i], *b = &is->exemplars[i];
        same = memcmp(a->trace_id, b->trace_id, 16) == 0 &&
               memcmp(a->span_id, b->span_id, 8) == 0 && same_double(a->value, b->value) &&
               a->unix_ns == b->unix_ns && a->bucket == b->bucket;
    }
    return same;
}

/* But for its points. */
static inline bool same_metric(const llmobs_metric_view* was, const llmobs_metric_view* is)
{
    bool same = same_string(was->name, is->name) && same_string(was->help, is->help) &&
                same_string(was->unit, is->unit) && same_string(was->family, is->family) &&
                was->instrument == is->instrument && was->number == is->number &&
                was->temporality == is->temporality && same_double(was->least, is->least) &&
                same_double(was->most, is->most) && was->bound_count == is->bound_count;
    uint32_t i;
    for (i = 0; same && i < was->bound_count; i++) {
        same = same_double(was->bounds[i], is->bounds[i]);
    }
    return same;
}

/* Whether `is` has the points of `was` from `from` on, as many as it has. */
static inline bool same_metrics(const llmobs_batch* was, const llmobs_batch* is, size_t from)
{
    bool same = true;
    size_t m;
    size_t next = 0; /* of `is` */
    for (m = 0; same && m < was->metric_count && next < is->metric_count; m++) {
        const llmobs_metric_view *a = &was->metrics[m], *b = &is->metrics[next];
        size_t i;
        if (a->point_count > 0 ? from >= a->point_count : from > 0) {
            from -= a->point_count;
            continue;
        }
        same = same_metric(a, b) && b->point_count <= a->point_count - from &&
               (b->point_count == a->point_count - from || next == is->metric_count - 1);
        for (i = 0; same && i < b->point_count; i++) {
            same = same_point(&a->points[from + i], &b->points[i]);
        }
        from = 0;
        next++;
    }
    return same && next == is->metric_count;
}

/* Whether `is` has what `was` has from its item `from` on, as much as it has. */
static inline bool same_part(const llmobs_batch* was, const llmobs_batch* is, size_t from)
{
    bool same = same_attributes(was->resource->attributes, was->resource->attribute_count,
                                is->resource->attributes, is->resource->attribute_count);
    size_t i;
    for (i = 0; same && i < is->span_count; i++) {
        same = from + i < was->span_count && same_span(&was->spans[from + i], &is->spans[i]);
    }
    from = from > was->span_count ? from - was->span_count : 0;
    for (i = 0; same && i < is->log_count; i++) {
        same = from + i < was->log_count && same_log(&was->logs[from + i], &is->logs[i]);
    }
    from = from > was->log_count ? from - was->log_count : 0;
    return same && same_metrics(was, is, from);
}

static inline bool same_batch(const llmobs_batch* was, const llmobs_batch* is)
{
    return was->id == is->id && was->lost_before == is->lost_before && is->size == sizeof *is &&
           was->span_count == is->span_count && was->log_count == is->log_count &&
           was->metric_count == is->metric_count && items_of(was) == items_of(is) &&
           same_part(was, is, 0);
}

#endif

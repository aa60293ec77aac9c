/* Batches of one signal with all that views can hold, from random numbers or, for fuzzing, from
   bytes: every shape, empty and long and malformed texts, numbers at their ends, kinds that there
   are none of, counts without their arrays. */
#ifndef OTLP_RANDOM_H
#define OTLP_RANDOM_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define RANDOM_ATTRIBUTES 400u
#define RANDOM_STRINGS 64u
#define RANDOM_MEMBERS 24u /* events, links, points, exemplars */
#define RANDOM_RECORDS 6u
#define RANDOM_COUNTS 170u

typedef struct otlp_random {
    uint64_t state;
    const uint8_t* bytes; /* drawn from first, as long as there are any */
    size_t byte_count;
    bool tame; /* only what an instance could make */
    llmobs_attribute_view attributes[RANDOM_ATTRIBUTES];
    llmobs_string strings[RANDOM_STRINGS];
    llmobs_event_view events[RANDOM_MEMBERS];
    llmobs_link_view links[RANDOM_MEMBERS];
    llmobs_exemplar_view exemplars[RANDOM_MEMBERS];
    llmobs_point_view points[RANDOM_MEMBERS];
    llmobs_span_view spans[RANDOM_RECORDS];
    llmobs_log_view logs[RANDOM_RECORDS];
    llmobs_metric_view metrics[RANDOM_RECORDS];
    llmobs_interaction interactions[RANDOM_RECORDS];
    uint64_t counts[RANDOM_COUNTS];
    double bounds[RANDOM_COUNTS];
    char noise[1024];
    size_t attributes_used, strings_used, events_used, links_used, exemplars_used, points_used;
    llmobs_resource_view resource;
    llmobs_batch batch;
} otlp_random;

static uint64_t random_draw(otlp_random* from)
{
    if (from->byte_count > 0) {
        uint64_t word = 0;
        size_t size = from->byte_count < 3 ? from->byte_count : 3;
        memcpy(&word, from->bytes, size);
        from->bytes += size;
        from->byte_count -= size;
        from->state ^= word * UINT64_C(0x9e3779b97f4a7c15);
    }
    from->state ^= from->state << 13;
    from->state ^= from->state >> 7;
    from->state ^= from->state << 17;
    return from->state;
}

static uint32_t random_below(otlp_random* from, uint32_t limit)
{
    return (uint32_t)(random_draw(from) >> 33) % limit;
}

static bool random_is(otlp_random* from, uint32_t one_of)
{
    return random_below(from, one_of) == 0;
}

/* Any number, its ends more often. */
static uint64_t random_number(otlp_random* from)
{
    static const uint64_t ends[] = {0, 1, 127, 128, 16383, 16384, INT64_MAX, UINT64_MAX,
                                    (uint64_t)INT64_MAX + 1, UINT32_MAX};
    uint64_t number;
    if (random_is(from, 3)) {
        return ends[random_below(from, 10)];
    }
    number = random_draw(from);
    return number >> random_below(from, 64);
}

static double random_double(otlp_random* from)
{
    static const uint64_t bits[] = {0,
                                    UINT64_C(0x8000000000000000), /* -0 */
                                    UINT64_C(0x7ff8000000000000), /* NaN */
                                    UINT64_C(0xfff8000000000001),
                                    UINT64_C(0x7ff0000000000000), /* infinity */
                                    UINT64_C(0xfff0000000000000),
                                    1,
                                    UINT64_C(0x7fefffffffffffff),
                                    UINT64_C(0x3fe6666666666666)};
    uint64_t any = random_is(from, 2) ? bits[random_below(from, 9)] : random_draw(from);
    double number;
    memcpy(&number, &any, sizeof number);
    return number;
}

static llmobs_string random_text(otlp_random* from)
{
    static const char* const known[] = {
        "", "a", "gen_ai.request.model", "caf\xc3\xa9", "\xe4\xbd\xa0\xe5\xa5\xbd",
        "\xf0\x9f\x98\x80",
        "\"q\" \\ \n\x01\x7f \xe2\x80\xa8", "a text of more than thirty bytes, as values often are",
        "\xff", "\xc3", "\xf0\x9f\x98", "a \xed\xa0\x80 z", "\xc0\xafxyz", "\xe2\x82"};
    llmobs_string text;
    uint32_t which = random_below(from, from->tame ? 10 : 20);
    if (which < 8 || (which < 14 && !from->tame)) {
        text.data = known[which];
        text.size = strlen(text.data);
    } else if (which == 15) {
        text.data = NULL;
        text.size = 0;
    } else { /* of the noise, which begins with plain text and ends in anything */
        size_t start = random_below(from, from->tame ? 100 : sizeof from->noise);
        size_t most = (from->tame ? 600 : sizeof from->noise) - start;
        text.data = from->noise + start;
        text.size = random_below(from, random_is(from, 4) ? (uint32_t)most + 1 : 20);
        text.size = text.size < most ? text.size : most;
    }
    return text;
}

static void random_id(otlp_random* from, uint8_t* id, size_t size)
{
    size_t i;
    for (i = 0; i < size; i++) {
        id[i] = (uint8_t)(random_draw(from) >> 40);
    }
    if (!from->tame && random_is(from, 8)) {
        memset(id, 0, size);
    }
}

/* So many of `left`, few more often. */
static uint32_t random_count(otlp_random* from, uint32_t most, size_t left)
{
    uint32_t count = random_below(from, random_is(from, 4) ? most + 1 : 3);
    return count < left ? count : (uint32_t)left;
}

/* Whether the array that belongs to a count is left out. */
static bool random_missing(otlp_random* from)
{
    return !from->tame && random_is(from, 16);
}

static const llmobs_string* random_strings(otlp_random* from, uint32_t* count)
{
    const llmobs_string* first = &from->strings[from->strings_used];
    uint32_t i;
    *count = random_count(from, 8, RANDOM_STRINGS - from->strings_used);
    for (i = 0; i < *count; i++) {
        from->strings[from->strings_used++] = random_text(from);
    }
    return random_missing(from) ? NULL : first;
}

static const llmobs_attribute_view* random_attributes(otlp_random* from, uint32_t* count)
{
    const llmobs_attribute_view* first = &from->attributes[from->attributes_used];
    uint32_t i;
    *count = random_count(from, 20, RANDOM_ATTRIBUTES - from->attributes_used);
    for (i = 0; i < *count; i++) {
        llmobs_attribute_view* a = &from->attributes[from->attributes_used++];
        memset(a, 0, sizeof *a);
        a->key = random_text(from);
        a->type = (llmobs_type)random_below(from, from->tame ? 5 : 7);
        if (a->type == LLMOBS_TYPE_STRING) {
            a->value.string = random_text(from);
        } else if (a->type == LLMOBS_TYPE_DOUBLE) {
            a->value.real = random_double(from);
        } else if (a->type == LLMOBS_TYPE_BOOL) {
            a->value.boolean = random_is(from, 2);
        } else if (a->type == LLMOBS_TYPE_STRINGS) {
            a->value.strings = random_strings(from, &a->count);
        } else {
            a->value.integer = (int64_t)random_number(from);
        }
    }
    return random_missing(from) ? NULL : first;
}

static uint32_t random_dropped(otlp_random* from)
{
    return random_is(from, 3) ? (uint32_t)random_number(from) : 0;
}

/* ---- spans --------------------------------------------------------------------------------- */

static void random_events(otlp_random* from, llmobs_span_view* span)
{
    uint32_t i;
    span->events = &from->events[from->events_used];
    span->event_count = random_count(from, 5, RANDOM_MEMBERS - from->events_used);
    for (i = 0; i < span->event_count; i++) {
        llmobs_event_view* event = &from->events[from->events_used++];
        event->name = random_text(from);
        event->unix_ns = random_number(from);
        event->attributes = random_attributes(from, &event->attribute_count);
        event->dropped_attribute_count = random_dropped(from);
    }
    if (random_missing(from)) {
        span->events = NULL;
    }
}

static void random_links(otlp_random* from, llmobs_span_view* span)
{
    uint32_t i;
    span->links = &from->links[from->links_used];
    span->link_count = random_count(from, 5, RANDOM_MEMBERS - from->links_used);
    for (i = 0; i < span->link_count; i++) {
        llmobs_link_view* link = &from->links[from->links_used++];
        random_id(from, link->trace_id, 16);
        random_id(from, link->span_id, 8);
        link->flags = random_dropped(from);
        link->trace_state = random_text(from);
        link->attributes = random_attributes(from, &link->attribute_count);
        link->dropped_attribute_count = random_dropped(from);
    }
    if (random_missing(from)) {
        span->links = NULL;
    }
}

static void random_span(otlp_random* from, llmobs_span_view* span)
{
    memset(span, 0, sizeof *span);
    random_id(from, span->trace_id, 16);
    random_id(from, span->span_id, 8);
    if (!random_is(from, 3)) {
        random_id(from, span->parent_span_id, 8);
    }
    span->name = random_text(from);
    span->trace_state = random_text(from);
    span->status_message = random_text(from);
    span->start_unix_ns = random_number(from);
    span->end_unix_ns = random_number(from);
    span->flags = random_dropped(from);
    span->kind = (llmobs_kind)random_below(from, from->tame ? 6 : 8);
    span->status = (llmobs_status)random_below(from, from->tame ? 3 : 4);
    span->attributes = random_attributes(from, &span->attribute_count);
    random_events(from, span);
    random_links(from, span);
    span->dropped_attribute_count = random_dropped(from);
    span->dropped_event_count = random_dropped(from);
    span->dropped_link_count = random_dropped(from);
}

/* ---- metrics ------------------------------------------------------------------------------- */

static llmobs_value random_value(otlp_random* from, llmobs_number number)
{
    llmobs_value value;
    value.integer = (int64_t)random_number(from);
    if (number == LLMOBS_NUMBER_DOUBLE) {
        value.real = random_double(from);
    }
    return value;
}

static void random_exemplars(otlp_random* from, llmobs_point_view* point)
{
    uint32_t i;
    point->exemplars = &from->exemplars[from->exemplars_used];
    point->exemplar_count = random_count(from, 4, RANDOM_MEMBERS - from->exemplars_used);
    for (i = 0; i < point->exemplar_count; i++) {
        llmobs_exemplar_view* exemplar = &from->exemplars[from->exemplars_used++];
        random_id(from, exemplar->trace_id, 16);
        random_id(from, exemplar->span_id, 8);
        exemplar->value = random_double(from);
        exemplar->unix_ns = random_number(from);
    }
    if (random_missing(from)) {
        point->exemplars = NULL;
    }
}

static void random_point(otlp_random* from, const llmobs_metric_view* metric,
                         llmobs_point_view* point)
{
    memset(point, 0, sizeof *point);
    point->attributes = random_attributes(from, &point->attribute_count);
    point->start_unix_ns = random_is(from, 4) ? 0 : random_number(from);
    point->time_unix_ns = random_number(from);
    point->value = random_value(from, metric->number);
    point->min = random_value(from, metric->number);
    point->max = random_value(from, metric->number);
    point->count = random_number(from);
    point->bucket_counts = random_missing(from) ? NULL : from->counts;
    point->bucket_count = random_is(from, 8) ? RANDOM_COUNTS : random_below(from, 12);
    point->scale = (int32_t)random_number(from);
    point->offset = (int32_t)random_number(from);
    point->zero_count = random_number(from);
    random_exemplars(from, point);
}

static void random_metric(otlp_random* from, llmobs_metric_view* metric)
{
    uint32_t count, i;
    memset(metric, 0, sizeof *metric);
    metric->name = random_text(from);
    metric->help = random_text(from);
    metric->unit = random_text(from);
    metric->instrument = (llmobs_instrument)(random_below(from, from->tame ? 6 : 7) + 1);
    metric->number = (llmobs_number)random_below(from, from->tame ? 3 : 4);
    metric->temporality = (llmobs_temporality)(from->tame ? 2 * random_below(from, 2)
                                                          : random_below(from, 4));
    metric->bounds = random_missing(from) ? NULL : from->bounds;
    metric->bound_count = random_is(from, 8) ? RANDOM_COUNTS : random_below(from, 12);
    metric->points = &from->points[from->points_used];
    count = random_count(from, 6, RANDOM_MEMBERS - from->points_used);
    metric->point_count = count;
    for (i = 0; i < count; i++) {
        random_point(from, metric, &from->points[from->points_used++]);
    }
    if (random_missing(from)) {
        metric->points = NULL;
    }
}

/* ---- log records --------------------------------------------------------------------------- */

static void random_interaction(otlp_random* from, llmobs_interaction* one)
{
    llmobsi_interaction_parts parts;
    uint32_t i, count;
    *one = llmobs_interaction_default();
    llmobsi_interaction_parts_of(one, &parts);
    for (i = 0; i < LLMOBS_I_INTERACTION_TEXTS; i++) {
        parts.texts[i] = random_text(from);
    }
    for (i = 0; i < LLMOBS_I_INTERACTION_NUMBERS; i++) {
        parts.numbers[i] = (int64_t)random_number(from);
    }
    llmobsi_interaction_set_parts(one, &parts);
    one->guardrails_passed = random_is(from, 2);
    one->cost_known = random_is(from, 2);
    one->provenance = (llmobs_provenance)random_below(from, from->tame ? 3 : 4);
    one->guardrails_triggered = random_strings(from, &count);
    one->guardrail_count = count;
}

static void random_log(otlp_random* from, llmobs_log_view* log, llmobs_interaction* interaction)
{
    memset(log, 0, sizeof *log);
    random_id(from, log->trace_id, 16);
    random_id(from, log->span_id, 8);
    if (random_is(from, 3)) {
        memset(log->trace_id, 0, 16);
    }
    log->unix_ns = random_number(from);
    log->observed_unix_ns = random_number(from);
    log->severity = (llmobs_severity)random_below(from, from->tame ? 25 : 32);
    log->flags = random_dropped(from);
    log->event_name = random_text(from);
    log->body = random_text(from);
    log->attributes = random_attributes(from, &log->attribute_count);
    log->dropped_attribute_count = random_dropped(from);
    if (random_is(from, 2)) {
        random_interaction(from, interaction);
        log->interaction = interaction;
        log->vocabulary = (uint32_t)(from->state >> 60);
    }
}

/* ---- batches ------------------------------------------------------------------------------- */

/* Once, before the first batch. */
static inline void random_begin(otlp_random* to, uint64_t seed, bool tame)
{
    size_t i;
    memset(to, 0, sizeof *to);
    to->state = seed | 1;
    to->tame = tame;
    for (i = 0; i < sizeof to->noise; i++) {
        to->noise[i] = i < 700 ? (char)('a' + i % 26) : (char)(random_draw(to) >> 40);
    }
    for (i = 0; i < RANDOM_COUNTS; i++) {
        to->counts[i] = random_number(to);
        to->bounds[i] = random_double(to);
    }
}

/* The next batch. What the one before pointed to is used anew. */
static inline const llmobs_batch* random_batch(otlp_random* from)
{
    uint32_t signal = random_below(from, 3);
    uint32_t count = random_below(from, RANDOM_RECORDS + 1), i;
    from->attributes_used = from->strings_used = from->events_used = 0;
    from->links_used = from->exemplars_used = from->points_used = 0;
    memset(&from->batch, 0, sizeof from->batch);
    from->batch.size = sizeof from->batch;
    from->resource.attributes = random_attributes(from, &from->resource.attribute_count);
    from->batch.resource = random_missing(from) ? NULL : &from->resource;
    from->batch.lost_before = random_is(from, 2) ? random_number(from) : 0;
    for (i = 0; i < count; i++) {
        if (signal == 0) {
            random_span(from, &from->spans[i]);
        } else if (signal == 1) {
            random_metric(from, &from->metrics[i]);
        } else {
            random_log(from, &from->logs[i], &from->interactions[i]);
        }
    }
    from->batch.spans = random_missing(from) ? NULL : from->spans;
    from->batch.metrics = random_missing(from) ? NULL : from->metrics;
    from->batch.logs = random_missing(from) ? NULL : from->logs;
    from->batch.span_count = signal == 0 ? count : 0;
    from->batch.metric_count = signal == 1 ? count : 0;
    from->batch.log_count = signal == 2 ? count : 0;
    return &from->batch;
}

#endif

/* The leaves (otlp_leaves.h) that a batch must have, straight from its views. Of the library it
   uses the repair of malformed text, and the parts of an interaction. */
#ifndef OTLP_VIEWS_H
#define OTLP_VIEWS_H

#include "otlp_leaves.h"

static void view_text(leaves* to, const char* name, llmobs_string text, bool told)
{
    char* repaired = (char*)malloc(3 * text.size + 1);
    size_t size = llmobsi_utf8_repair(repaired, 3 * text.size, text.data, text.size);
    size_t before = leaves_enter(to, name, -1);
    if (told || size > 0) {
        leaves_text(to, repaired, size);
    }
    to->path_size = before;
    free(repaired);
}

static void view_number(leaves* to, const char* name, uint64_t number)
{
    size_t before = leaves_enter(to, name, -1);
    if (number != 0) {
        leaves_number(to, number, false);
    }
    to->path_size = before;
}

static void view_signed(leaves* to, const char* name, int64_t number, bool told)
{
    size_t before = leaves_enter(to, name, -1);
    if (told || number != 0) {
        leaves_signed(to, number);
    }
    to->path_size = before;
}

static void view_bool(leaves* to, const char* name, bool is, bool told)
{
    size_t before = leaves_enter(to, name, -1);
    if (told || is) {
        leaves_line(to, is ? "true" : "false", is ? 4 : 5);
    }
    to->path_size = before;
}

static void view_double(leaves* to, const char* name, double number)
{
    size_t before = leaves_enter(to, name, -1);
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    leaves_double_bits(to, bits);
    to->path_size = before;
}

/* Billionths, by way of the C library's own decimal. */
static void view_nano(leaves* to, const char* name, int64_t number)
{
    uint64_t size = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    char text[64];
    snprintf(text, sizeof text, "%s%llu.%09llu", number < 0 ? "-" : "",
             (unsigned long long)(size / 1000000000), (unsigned long long)(size % 1000000000));
    view_double(to, name, strtod(text, NULL));
}

static void view_id(leaves* to, const char* name, const uint8_t* id, size_t size)
{
    size_t before = leaves_enter(to, name, -1);
    leaves_id(to, id, size);
    to->path_size = before;
}

/* Begins a message; `count` is what view_end needs. */
static size_t view_begin(leaves* to, const char* name, long number, size_t* count)
{
    *count = to->count;
    return leaves_enter(to, name, number);
}

static void view_end(leaves* to, size_t before, size_t count)
{
    if (to->count == count) {
        leaves_line(to, "{}", 2);
    }
    to->path_size = before;
}

/* ---- attributes ---------------------------------------------------------------------------- */

static void view_strings(leaves* to, const llmobs_string* strings, size_t count)
{
    size_t none, inner, i;
    size_t before = view_begin(to, "arrayValue", -1, &none);
    for (i = 0; strings != NULL && i < count; i++) {
        size_t one = view_begin(to, "values", (long)i, &inner);
        view_text(to, "stringValue", strings[i], true);
        view_end(to, one, inner);
    }
    view_end(to, before, none);
}

static void view_attribute(leaves* to, long number, const llmobs_attribute_view* a)
{
    size_t outer, inner;
    size_t before = view_begin(to, "attributes", number, &outer), value;
    view_text(to, "key", a->key, false);
    value = view_begin(to, "value", -1, &inner);
    if (a->type == LLMOBS_TYPE_STRING) {
        view_text(to, "stringValue", a->value.string, true);
    } else if (a->type == LLMOBS_TYPE_INT) {
        view_signed(to, "intValue", a->value.integer, true);
    } else if (a->type == LLMOBS_TYPE_DOUBLE) {
        view_double(to, "doubleValue", a->value.real);
    } else if (a->type == LLMOBS_TYPE_BOOL) {
        view_bool(to, "boolValue", a->value.boolean, true);
    } else if (a->type == LLMOBS_TYPE_STRINGS) {
        view_strings(to, a->value.strings, a->count);
    }
    view_end(to, value, inner);
    view_end(to, before, outer);
}

static void view_attributes(leaves* to, const llmobs_attribute_view* attributes, uint32_t count)
{
    uint32_t i;
    for (i = 0; attributes != NULL && i < count; i++) {
        view_attribute(to, i, &attributes[i]);
    }
}

/* ---- spans --------------------------------------------------------------------------------- */

static void view_event(leaves* to, long number, const llmobs_event_view* event)
{
    size_t count;
    size_t before = view_begin(to, "events", number, &count);
    view_number(to, "timeUnixNano", event->unix_ns);
    view_text(to, "name", event->name, false);
    view_attributes(to, event->attributes, event->attribute_count);
    view_number(to, "droppedAttributesCount", event->dropped_attribute_count);
    view_end(to, before, count);
}

static void view_link(leaves* to, long number, const llmobs_link_view* link)
{
    size_t count;
    size_t before = view_begin(to, "links", number, &count);
    view_id(to, "traceId", link->trace_id, 16);
    view_id(to, "spanId", link->span_id, 8);
    view_number(to, "flags", link->flags);
    view_text(to, "traceState", link->trace_state, false);
    view_attributes(to, link->attributes, link->attribute_count);
    view_number(to, "droppedAttributesCount", link->dropped_attribute_count);
    view_end(to, before, count);
}

static void view_span(leaves* to, const llmobs_batch* batch, size_t number)
{
    static const uint8_t none[8] = {0};
    const llmobs_span_view* span = &batch->spans[number];
    size_t count, before = view_begin(to, "spans", (long)number, &count);
    uint32_t i;
    view_id(to, "traceId", span->trace_id, 16);
    view_id(to, "spanId", span->span_id, 8);
    if (memcmp(span->parent_span_id, none, 8) != 0) {
        view_id(to, "parentSpanId", span->parent_span_id, 8);
    }
    view_number(to, "flags", span->flags);
    view_text(to, "traceState", span->trace_state, false);
    view_text(to, "name", span->name, false);
    view_number(to, "kind", span->kind < 1 || span->kind > 5 ? 1 : (uint64_t)span->kind);
    view_number(to, "startTimeUnixNano", span->start_unix_ns);
    view_number(to, "endTimeUnixNano", span->end_unix_ns);
    view_attributes(to, span->attributes, span->attribute_count);
    view_number(to, "droppedAttributesCount", span->dropped_attribute_count);
    for (i = 0; span->events != NULL && i < span->event_count; i++) {
        view_event(to, i, &span->events[i]);
    }
    view_number(to, "droppedEventsCount", span->dropped_event_count);
    for (i = 0; span->links != NULL && i < span->link_count; i++) {
        view_link(to, i, &span->links[i]);
    }
    view_number(to, "droppedLinksCount", span->dropped_link_count);
    if (span->status == LLMOBS_STATUS_OK || span->status == LLMOBS_STATUS_ERROR) {
        size_t status = leaves_enter(to, "status", -1);
        if (span->status == LLMOBS_STATUS_ERROR) {
            view_text(to, "message", span->status_message, false);
        }
        view_number(to, "code", span->status == LLMOBS_STATUS_ERROR ? 2 : 1);
        to->path_size = status;
    }
    view_end(to, before, count);
}

/* ---- metrics ------------------------------------------------------------------------------- */

static void view_value(leaves* to, const char* name, llmobs_number number, llmobs_value value)
{
    if (number == LLMOBS_NUMBER_NANO) {
        view_nano(to, name, value.integer);
    } else {
        view_double(to, name,
                    number == LLMOBS_NUMBER_DOUBLE ? value.real : (double)value.integer);
    }
}

static void view_counts(leaves* to, const llmobs_point_view* point)
{
    uint32_t i;
    for (i = 0; point->bucket_counts != NULL && i < point->bucket_count; i++) {
        size_t before = leaves_enter(to, "bucketCounts", i);
        leaves_number(to, point->bucket_counts[i], false);
        to->path_size = before;
    }
}

static void view_exponential(leaves* to, const llmobs_point_view* point)
{
    size_t none, before;
    view_signed(to, "scale", point->scale, false);
    view_number(to, "zeroCount", point->zero_count);
    before = view_begin(to, "positive", -1, &none);
    view_signed(to, "offset", point->offset, false);
    view_counts(to, point);
    view_end(to, before, none);
}

static void view_histogram(leaves* to, const llmobs_metric_view* metric,
                           const llmobs_point_view* point)
{
    uint32_t i;
    view_number(to, "count", point->count);
    view_value(to, "sum", metric->number, point->value);
    if (point->count > 0 && metric->temporality != LLMOBS_TEMPORALITY_DELTA) {
        view_value(to, "min", metric->number, point->min);
        view_value(to, "max", metric->number, point->max);
    }
    if (metric->instrument == LLMOBS_HISTOGRAM_EXPONENTIAL) {
        view_exponential(to, point);
        return;
    }
    view_counts(to, point);
    for (i = 0; metric->bounds != NULL && i < metric->bound_count; i++) {
        size_t before = leaves_enter(to, "explicitBounds", i);
        uint64_t bits;
        memcpy(&bits, &metric->bounds[i], sizeof bits);
        leaves_double_bits(to, bits);
        to->path_size = before;
    }
}

static void view_point(leaves* to, long number, const llmobs_metric_view* metric,
                       const llmobs_point_view* point)
{
    size_t count, before = view_begin(to, "dataPoints", number, &count);
    uint32_t i;
    view_number(to, "startTimeUnixNano", point->start_unix_ns);
    view_number(to, "timeUnixNano", point->time_unix_ns);
    view_attributes(to, point->attributes, point->attribute_count);
    if (metric->instrument == LLMOBS_HISTOGRAM ||
        metric->instrument == LLMOBS_HISTOGRAM_EXPONENTIAL) {
        view_histogram(to, metric, point);
    } else if (metric->number == LLMOBS_NUMBER_NANO || metric->number == LLMOBS_NUMBER_DOUBLE) {
        view_value(to, "asDouble", metric->number, point->value);
    } else {
        view_signed(to, "asInt", point->value.integer, true);
    }
    for (i = 0; point->exemplars != NULL && i < point->exemplar_count; i++) {
        const llmobs_exemplar_view* exemplar = &point->exemplars[i];
        size_t inner, one = view_begin(to, "exemplars", i, &inner);
        view_number(to, "timeUnixNano", exemplar->unix_ns);
        view_double(to, "asDouble", exemplar->value);
        view_id(to, "spanId", exemplar->span_id, 8);
        view_id(to, "traceId", exemplar->trace_id, 16);
        view_end(to, one, inner);
    }
    view_end(to, before, count);
}

static void view_data(leaves* to, const llmobs_metric_view* metric)
{
    static const char* const kinds[] = {NULL,    "sum",       "sum",                 "gauge",
                                        "gauge", "histogram", "exponentialHistogram"};
    const char* kind = (uint32_t)metric->instrument < 7 ? kinds[metric->instrument] : NULL;
    size_t count, before, i;
    if (kind == NULL) {
        return;
    }
    before = view_begin(to, kind, -1, &count);
    for (i = 0; metric->points != NULL && i < metric->point_count; i++) {
        view_point(to, (long)i, metric, &metric->points[i]);
    }
    if (strcmp(kind, "gauge") != 0) {
        view_number(to, "aggregationTemporality", metric->temporality == 1 ? 1 : 2);
    }
    if (metric->instrument == LLMOBS_COUNTER) {
        view_bool(to, "isMonotonic", true, true);
    }
    view_end(to, before, count);
}

static void view_metric(leaves* to, const llmobs_batch* batch, size_t number)
{
    const llmobs_metric_view* metric = &batch->metrics[number];
    size_t count, before = view_begin(to, "metrics", (long)number, &count);
    view_text(to, "name", metric->name, false);
    view_text(to, "description", metric->help, false);
    view_text(to, "unit", metric->unit, false);
    view_data(to, metric);
    view_end(to, before, count);
}

/* ---- log records --------------------------------------------------------------------------- */

/* As docs/log.md has them: OpenTelemetry's names and our own, then the article's, then
   OpenInference's. */
static const char* const view_interaction_texts[15][3] = {
    {"llmobs.request.id", "request_id", NULL},
    {"enduser.pseudo.id", "user.id", "user.id"},
    {"gen_ai.request.model", "model.name", NULL},
    {"llmobs.input.hash", "input_hash", NULL},
    {"llmobs.output.hash", "output_hash", NULL},
    {"gen_ai.response.finish_reasons", NULL, "llm.finish_reason"},
    {"error.type", NULL, NULL},
    {"session.id", NULL, NULL},
    {"llmobs.tenant", NULL, NULL},
    {"llmobs.feature", NULL, NULL},
    {"gen_ai.provider.name", NULL, "llm.provider"},
    {"gen_ai.operation.name", NULL, NULL},
    {"gen_ai.response.model", NULL, NULL},
    {"gen_ai.prompt.name", NULL, NULL},
    {"gen_ai.prompt.version", NULL, "llm.prompt_template.version"}};
static const char* const view_interaction_numbers[17][3] = {
    {"llmobs.input.length", "input_length", NULL},
    {"llmobs.output.length", "output_length", NULL},
    {"gen_ai.usage.input_tokens", "tokens.input", "llm.token_count.prompt"},
    {"gen_ai.usage.output_tokens", "tokens.output", "llm.token_count.completion"},
    {"gen_ai.usage.cache_read.input_tokens", NULL, "llm.token_count.prompt_details.cache_read"},
    {"gen_ai.usage.cache_write.input_tokens", NULL, "llm.token_count.prompt_details.cache_write"},
    {"gen_ai.usage.reasoning.output_tokens", NULL,
     "llm.token_count.completion_details.reasoning"},
    {"gen_ai.usage.audio.input_tokens", NULL, "llm.token_count.prompt_details.audio"},
    {"gen_ai.usage.audio.output_tokens", NULL, "llm.token_count.completion_details.audio"},
    {"gen_ai.usage.image.input_tokens", NULL, NULL},
    {"gen_ai.usage.image.output_tokens", NULL, NULL},
    {"llmobs.request.duration", "latency_ms", NULL},
    {"gen_ai.response.time_to_first_chunk", NULL, NULL},
    {"llmobs.request.queue_time", NULL, NULL},
    {"llmobs.request.retries", NULL, NULL},
    {"llmobs.guardrail.verdicts", NULL, NULL},
    {"gen_ai.usage.cost", "cost.usd", "llm.cost.total"}};

/* What OpenTelemetry's conventions 1.41 have not. */
static bool view_is_newest(const char* name)
{
    return strstr(name, ".prompt.version") != NULL || strstr(name, ".cache_write.") != NULL ||
           strstr(name, ".audio.") != NULL || strstr(name, ".image.") != NULL;
}

/* Whether a name is said; `place` is its column. */
static bool view_is_said(const char* name, size_t place, uint32_t vocabulary)
{
    const uint32_t newest = LLMOBS_VOCABULARY_GENAI;
    const uint32_t conventions = newest | LLMOBS_VOCABULARY_GENAI_1_41;
    if (name == NULL) {
        return false;
    }
    if (place != 0) {
        return (vocabulary & (place == 1 ? LLMOBS_VOCABULARY_ARTICLE
                                         : LLMOBS_VOCABULARY_OPENINFERENCE)) != 0;
    }
    if (strncmp(name, "gen_ai.", 7) != 0 && strncmp(name, "enduser.", 8) != 0) {
        return vocabulary != LLMOBS_VOCABULARY_ARTICLE;
    }
    return (vocabulary & (view_is_newest(name) ? newest : conventions)) != 0;
}

static void view_named(leaves* to, long* number, const char* key, llmobs_type type,
                       const void* value, uint32_t count)
{
    llmobs_attribute_view a;
    memset(&a, 0, sizeof a);
    a.key.data = key;
    a.key.size = strlen(key);
    a.type = type;
    a.count = count;
    if (type == LLMOBS_TYPE_STRING) {
        a.value.string = *(const llmobs_string*)value;
    } else if (type == LLMOBS_TYPE_STRINGS) {
        a.value.strings = (const llmobs_string*)value;
    } else if (type == LLMOBS_TYPE_BOOL) {
        a.value.boolean = *(const bool*)value;
    } else {
        a.value.integer = *(const int64_t*)value;
    }
    view_attribute(to, (*number)++, &a);
}

static void view_seconds(leaves* to, long* number, const char* key, int64_t nano)
{
    size_t before = leaves_enter(to, "attributes", (*number)++), value;
    llmobs_string text;
    text.data = key;
    text.size = strlen(key);
    view_text(to, "key", text, false);
    value = leaves_enter(to, "value", -1);
    view_nano(to, "doubleValue", nano);
    to->path_size = value;
    to->path_size = before;
}

static void view_interaction_number(leaves* to, long* number, uint32_t i, size_t place,
                                    int64_t value)
{
    const char* name = view_interaction_numbers[i][place];
    double ms = (double)value / 1e6;
    if (i == 11 && place == 1) {
        view_named(to, number, name, LLMOBS_TYPE_DOUBLE, &ms, 1);
    } else if ((i >= 11 && i <= 13) || i == 16) { /* durations, the cost */
        view_seconds(to, number, name, value);
    } else {
        view_named(to, number, name, LLMOBS_TYPE_INT, &value, 1);
    }
}

static void view_interaction_texts_of(leaves* to, long* number, uint32_t vocabulary,
                                      const llmobs_string* texts)
{
    uint32_t i;
    size_t place;
    for (i = 0; i < 15; i++) {
        bool twice = i == 1 && (vocabulary & LLMOBS_VOCABULARY_ARTICLE) != 0; /* user.id */
        for (place = 0; place < (twice ? 2 : 3); place++) {
            const char* name = view_interaction_texts[i][place];
            if (view_is_said(name, place, vocabulary) && texts[i].size > 0 &&
                texts[i].data != NULL) {
                view_named(to, number, name,
                           i == 5 && place == 0 ? LLMOBS_TYPE_STRINGS : LLMOBS_TYPE_STRING,
                           &texts[i], 1);
            }
        }
    }
}

static void view_interaction_numbers_of(leaves* to, long* number, uint32_t vocabulary,
                                        const llmobs_interaction* one, const int64_t* numbers)
{
    uint32_t i;
    size_t place;
    for (i = 0; i < 17; i++) {
        bool known = i == 16 ? one->cost_known : numbers[i] >= 0;
        if (i == 5 && known && (vocabulary & LLMOBS_VOCABULARY_GENAI_1_41) != 0) {
            view_named(to, number, "gen_ai.usage.cache_creation.input_tokens", LLMOBS_TYPE_INT,
                       &numbers[i], 1);
        }
        for (place = 0; place < 3; place++) {
            if (known && view_is_said(view_interaction_numbers[i][place], place, vocabulary)) {
                view_interaction_number(to, number, i, place, numbers[i]);
            }
        }
    }
    if (one->cost_known && vocabulary != LLMOBS_VOCABULARY_ARTICLE) {
        view_named(to, number, "llmobs.cost.nano_usd", LLMOBS_TYPE_INT, &one->cost_nano, 1);
    }
}

/* What OpenInference makes of several members. */
static void view_interaction_sums(leaves* to, long* number, const llmobs_interaction* one)
{
    const llmobs_string* model = one->response_model.size > 0 ? &one->response_model : &one->model;
    uint64_t sum = (uint64_t)one->input_tokens + (uint64_t)one->output_tokens;
    int64_t total = sum > INT64_MAX ? INT64_MAX : (int64_t)sum;
    if (model->size > 0 && model->data != NULL) {
        view_named(to, number, "llm.model_name", LLMOBS_TYPE_STRING, model, 1);
        if (one->operation.size == 10 && memcmp(one->operation.data, "embeddings", 10) == 0) {
            view_named(to, number, "embedding.model_name", LLMOBS_TYPE_STRING, model, 1);
        }
    }
    if (one->input_tokens >= 0 && one->output_tokens >= 0) {
        view_named(to, number, "llm.token_count.total", LLMOBS_TYPE_INT, &total, 1);
    }
}

static void view_interaction(leaves* to, const llmobs_log_view* log)
{
    const llmobs_interaction* one = log->interaction;
    uint32_t vocabulary = log->vocabulary != 0 ? log->vocabulary : LLMOBS_VOCABULARY_GENAI;
    llmobsi_interaction_parts parts;
    llmobs_string doubt;
    long number = 0;
    llmobsi_interaction_parts_of(one, &parts);
    view_named(to, &number, "guardrail.passed", LLMOBS_TYPE_BOOL, &one->guardrails_passed, 1);
    if (one->guardrails_triggered != NULL && one->guardrail_count > 0) {
        view_named(to, &number, "guardrail.triggered_rules", LLMOBS_TYPE_STRINGS,
                   one->guardrails_triggered, (uint32_t)one->guardrail_count);
    }
    view_interaction_texts_of(to, &number, vocabulary, parts.texts);
    if (one->provenance != LLMOBS_USAGE_REPORTED && vocabulary != LLMOBS_VOCABULARY_ARTICLE) {
        doubt.data = one->provenance == LLMOBS_USAGE_COUNTED ? "counted" : "estimated";
        doubt.size = strlen(doubt.data);
        view_named(to, &number, "llmobs.usage.provenance", LLMOBS_TYPE_STRING, &doubt, 1);
    }
    view_interaction_numbers_of(to, &number, vocabulary, one, parts.numbers);
    if ((vocabulary & LLMOBS_VOCABULARY_OPENINFERENCE) != 0) {
        view_interaction_sums(to, &number, one);
    }
}

static void view_log(leaves* to, const llmobs_batch* batch, size_t number)
{
    static const char* const levels[] = {"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"};
    static const uint8_t none[16] = {0};
    const llmobs_log_view* log = &batch->logs[number];
    uint32_t severity = (uint32_t)log->severity;
    size_t count, before = view_begin(to, "logRecords", (long)number, &count);
    llmobs_string text;
    char level[24] = "UNSPECIFIED";
    if (severity >= 1 && severity <= 24) {
        snprintf(level, sizeof level, (severity - 1) % 4 == 0 ? "%s" : "%s%u",
                 levels[(severity - 1) / 4], (severity - 1) % 4 + 1);
    }
    text.data = level;
    text.size = strlen(level);
    view_number(to, "timeUnixNano", log->unix_ns);
    view_number(to, "observedTimeUnixNano", log->observed_unix_ns);
    view_number(to, "severityNumber", severity <= 24 ? severity : 0);
    view_text(to, "severityText", text, false);
    view_text(to, "eventName", log->event_name, false);
    if (log->body.size > 0) {
        size_t body = leaves_enter(to, "body", -1);
        view_text(to, "stringValue", log->body, true);
        to->path_size = body;
    }
    if (log->interaction != NULL) {
        view_interaction(to, log);
    } else {
        view_attributes(to, log->attributes, log->attribute_count);
    }
    view_number(to, "droppedAttributesCount", log->dropped_attribute_count);
    view_number(to, "flags", log->flags);
    if (memcmp(log->trace_id, none, 16) != 0) {
        view_id(to, "traceId", log->trace_id, 16);
        view_id(to, "spanId", log->span_id, 8);
    }
    view_end(to, before, count);
}

/* ---- the message --------------------------------------------------------------------------- */

/* What a batch of one signal is: "resourceSpans", ... */
static inline const char* otlp_top(const llmobs_batch* batch)
{
    return batch->log_count > 0      ? "resourceLogs"
           : batch->metric_count > 0 ? "resourceMetrics"
                                     : "resourceSpans";
}

static void view_scope(leaves* to, const llmobs_batch* batch)
{
    size_t before = leaves_enter(to, "scope", -1);
    llmobs_string name = {"llmobs", 6}, version = {LLMOBS_VERSION_STRING, 0};
    version.size = strlen(version.data);
    view_text(to, "name", name, false);
    view_text(to, "version", version, false);
    if (batch->lost_before > 0 && batch->metric_count == 0) {
        int64_t lost = batch->lost_before > INT64_MAX ? INT64_MAX : (int64_t)batch->lost_before;
        long number = 0;
        view_named(to, &number, "llmobs.lost_before", LLMOBS_TYPE_INT, &lost, 1);
    }
    to->path_size = before;
}

/* Of a batch with one signal. */
static inline void leaves_of_views(leaves* to, const llmobs_batch* batch)
{
    const char* top = otlp_top(batch);
    size_t outer, none, before, i;
    leaves_clear(to);
    outer = leaves_enter(to, top, 0);
    before = view_begin(to, "resource", -1, &none);
    if (batch->resource != NULL) {
        view_attributes(to, batch->resource->attributes, batch->resource->attribute_count);
    }
    view_end(to, before, none);
    before = leaves_enter(to, strcmp(top, "resourceLogs") == 0      ? "scopeLogs"
                              : strcmp(top, "resourceMetrics") == 0 ? "scopeMetrics"
                                                                    : "scopeSpans",
                          0);
    view_scope(to, batch);
    for (i = 0; batch->spans != NULL && i < batch->span_count; i++) {
        view_span(to, batch, i);
    }
    for (i = 0; batch->logs != NULL && i < batch->log_count; i++) {
        view_log(to, batch, i);
    }
    for (i = 0; batch->metrics != NULL && i < batch->metric_count; i++) {
        view_metric(to, batch, i);
    }
    to->path_size = before;
    to->path_size = outer;
}

#endif

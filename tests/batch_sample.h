/* A batch with one of everything in it, for the tests of the encoders. Most kinds of text are long
   once: after a short one there is room left that would hide a missing check. */
#ifndef BATCH_SAMPLE_H
#define BATCH_SAMPLE_H

static llmobs_string sample_text(const char* text)
{
    llmobs_string string;
    string.data = text;
    string.size = strlen(text);
    return string;
}

/* All that must be escaped or repaired, and a NUL, which sample_text can't have. */
#define SAMPLE_HOSTILE \
    "\"quoted\" \\back\\ /slash/ \b\f\n\r\t \x01\x1b[31m \x7f \xc2\x85 \xc2\x9f \xd8\x9c " \
    "\xe2\x80\x8e\xe2\x80\x8f \xe2\x80\xa8\xe2\x80\xa9 \xe2\x80\xaa\xe2\x80\xae " \
    "\xe2\x81\xa6\xe2\x81\xa9 caf\xc3\xa9 \xe4\xbd\xa0\xe5\xa5\xbd \xf0\x9f\x98\x80 \xff \xc3"

typedef struct sample_batch {
    llmobs_attribute_view resource_attributes[4];
    llmobs_attribute_view attributes[16];
    llmobs_attribute_view event_attributes[2];
    llmobs_string strings[3];
    llmobs_event_view events[3];
    llmobs_link_view links[2];
    llmobs_span_view spans[6];
    llmobs_resource_view resource;
    llmobs_batch batch;
    char long_text[3000];
} sample_batch;

static void sample_string(llmobs_attribute_view* attribute, const char* key, const char* value)
{
    attribute->key = sample_text(key);
    attribute->type = LLMOBS_TYPE_STRING;
    attribute->value.string = sample_text(value);
}

static void sample_int(llmobs_attribute_view* attribute, const char* key, int64_t value)
{
    attribute->key = sample_text(key);
    attribute->type = LLMOBS_TYPE_INT;
    attribute->value.integer = value;
}

static void sample_double(llmobs_attribute_view* attribute, const char* key, uint64_t bits)
{
    attribute->key = sample_text(key);
    attribute->type = LLMOBS_TYPE_DOUBLE;
    memcpy(&attribute->value.real, &bits, sizeof bits);
}

static void sample_bool(llmobs_attribute_view* attribute, const char* key, bool value)
{
    attribute->key = sample_text(key);
    attribute->type = LLMOBS_TYPE_BOOL;
    attribute->value.boolean = value;
}

static llmobs_string sample_long(sample_batch* sample)
{
    llmobs_string string;
    size_t i;
    for (i = 0; i < sizeof sample->long_text; i++) {
        sample->long_text[i] = (char)(i == 701 ? '"' : 'a' + (int)(i % 26));
    }
    string.data = sample->long_text;
    string.size = sizeof sample->long_text;
    return string;
}

static void sample_attributes(sample_batch* sample)
{
    llmobs_attribute_view* a = sample->attributes;
    sample_string(&a[0], "gen_ai.request.model", "large-1");
    sample_string(&a[1], "", "");
    sample_string(&a[2], SAMPLE_HOSTILE, SAMPLE_HOSTILE);
    a[2].value.string.size++; /* with its NUL */
    sample_string(&a[3], "long", "");
    a[3].value.string = sample_long(sample);
    sample_int(&a[4], "zero", 0);
    sample_int(&a[5], "least", INT64_MIN);
    sample_int(&a[6], "most", INT64_MAX);
    sample_double(&a[7], "seven tenths", UINT64_C(0x3fe6666666666666));
    sample_double(&a[8], "minus zero", UINT64_C(0x8000000000000000));
    sample_double(&a[9], "smallest", 1);
    sample_double(&a[10], "not a number", UINT64_C(0x7ff8000000000000));
    sample_double(&a[11], "minus infinity", UINT64_C(0xfff0000000000000));
    sample_bool(&a[12], "yes", true);
    sample_bool(&a[13], "no", false);
    a[14].key = sample_text("strings");
    a[14].type = LLMOBS_TYPE_STRINGS;
    a[14].count = 3;
    a[14].value.strings = sample->strings;
    a[15].key = sample_text("no strings");
    a[15].type = LLMOBS_TYPE_STRINGS;
    sample->strings[0] = sample_text("stop");
    sample->strings[1] = sample_text("");
    sample->strings[2] = sample_text(SAMPLE_HOSTILE);
}

static void sample_events_and_links(sample_batch* sample)
{
    sample_string(&sample->event_attributes[0], "exception.type", "Timeout");
    sample_int(&sample->event_attributes[1], "attempt", 3);
    sample->events[0].name = sample_text("first token");
    sample->events[0].unix_ns = UINT64_C(1764000000000000501);
    sample->events[1].name = sample_text(SAMPLE_HOSTILE);
    sample->events[1].unix_ns = UINT64_C(1764000000000000502);
    sample->events[1].attributes = sample->event_attributes;
    sample->events[1].attribute_count = 2;
    sample->events[1].dropped_attribute_count = 7;
    sample->events[2].name = sample_long(sample);
    sample->events[2].unix_ns = UINT64_MAX;
    sample->events[2].dropped_attribute_count = UINT32_MAX;
    memset(sample->links[0].trace_id, 0xa1, 16);
    memset(sample->links[0].span_id, 0xb2, 8);
    memset(sample->links[1].trace_id, 0x01, 16);
    memset(sample->links[1].span_id, 0x02, 8);
    sample->links[1].flags = 0x103;
    sample->links[0].trace_state = sample_text("vendor=\"x\"");
    sample->links[1].trace_state = sample_long(sample);
    sample->links[1].attributes = sample->event_attributes;
    sample->links[1].attribute_count = 1;
    sample->links[1].dropped_attribute_count = 1;
}

static void sample_spans(sample_batch* sample)
{
    llmobs_span_view* s = sample->spans;
    size_t i;
    for (i = 0; i < 6; i++) {
        memset(s[i].trace_id, (int)(0x11 * (i + 1)), 16);
        memset(s[i].span_id, (int)(0xf0 + i), 8);
        s[i].name = sample_text("span");
        s[i].start_unix_ns = UINT64_C(1764000000000000000) + i;
        s[i].end_unix_ns = UINT64_C(1764000000000001234) + i;
        s[i].thread = (uint32_t)i;
    }
    s[0].attributes = sample->attributes; /* everything */
    s[0].attribute_count = 16;
    s[0].events = sample->events;
    s[0].event_count = 3;
    s[0].links = sample->links;
    s[0].link_count = 2;
    s[0].dropped_attribute_count = 1;
    s[0].dropped_event_count = 2;
    s[0].dropped_link_count = 3;
    s[0].parent_span_id[7] = 1;
    s[0].flags = 0x301;
    s[0].trace_state = sample_text("ot=th:c,vendor=\"x\"");
    s[0].name = sample_text(SAMPLE_HOSTILE);
    s[0].kind = LLMOBS_KIND_CLIENT;
    s[0].status = LLMOBS_STATUS_ERROR;
    s[0].status_message = sample_text(SAMPLE_HOSTILE);
    s[1].kind = LLMOBS_KIND_CONSUMER; /* nothing but what must be */
    s[2].status = LLMOBS_STATUS_OK;   /* its message is not written */
    s[2].status_message = sample_text("fine");
    s[2].parent_span_id[0] = 0x80;
    s[1].name = sample_long(sample);
    s[3].name = sample_long(sample);
    s[3].status = LLMOBS_STATUS_ERROR;
    s[3].status_message = sample_long(sample);
    s[3].kind = LLMOBS_KIND_INTERNAL;
    s[3].start_unix_ns = 0;
    s[3].end_unix_ns = UINT64_MAX;
    s[4].status_message = sample_text("unset"); /* not written */
    s[4].name = sample_long(sample);
    memset(s[4].parent_span_id, 0xee, 8);
    s[4].attributes = &sample->attributes[3];
    s[4].attribute_count = 1;
    s[4].events = sample->events;
    s[4].event_count = 3;
    s[4].kind = LLMOBS_KIND_PRODUCER;
    s[5].status = LLMOBS_STATUS_ERROR; /* without a message, after a span that ends in ids */
}

static void sample_fill(sample_batch* sample)
{
    memset(sample, 0, sizeof *sample);
    sample_string(&sample->resource_attributes[0], "service.name", "checkout \"7\"");
    sample_int(&sample->resource_attributes[1], "process.pid", 4711);
    sample_string(&sample->resource_attributes[2], "telemetry.sdk.name", "llmobs");
    sample_string(&sample->resource_attributes[3], "long", "");
    sample->resource_attributes[3].value.string = sample_long(sample);
    sample->resource.attributes = sample->resource_attributes;
    sample->resource.attribute_count = 4;
    sample_attributes(sample);
    sample_events_and_links(sample);
    sample_spans(sample);
    sample->batch.size = sizeof sample->batch;
    sample->batch.id = 1;
    sample->batch.attempt = 1;
    sample->batch.resource = &sample->resource;
    sample->batch.spans = sample->spans;
    sample->batch.span_count = 6;
}

/* ---- where it goes ------------------------------------------------------------------------- */

/* Collects; refuses what would go past `refuse_at`. */
typedef struct sample_sink {
    char text[1 << 17];
    size_t size;
    size_t refuse_at;
    size_t calls_after;
    bool refused;
} sample_sink;

static inline bool sample_write(void* user, const char* data, size_t size)
{
    sample_sink* to = (sample_sink*)user;
    to->calls_after += to->refused;
    if (to->size + size > to->refuse_at || to->size + size >= sizeof to->text) {
        to->refused = true;
        return false;
    }
    memcpy(to->text + to->size, data, size);
    to->size += size;
    to->text[to->size] = '\0';
    return true;
}

static inline void sample_sink_reset(sample_sink* to, size_t refuse_at)
{
    to->size = to->calls_after = 0;
    to->refuse_at = refuse_at;
    to->refused = false;
    to->text[0] = '\0';
}

#endif

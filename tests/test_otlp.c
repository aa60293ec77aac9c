/* OTLP/JSON: a batch with one of everything, read back by perl and compared leaf by leaf with a
   list that is made from the views by other means; every buffer size; every refusal. */
#include "llmobs_private.h"
#include "tap.h"

#include "batch_sample.h"

#include <stdarg.h>
#include <sys/stat.h>

static sample_batch sample;
static sample_sink sink;

/* ---- what the message must hold: one line a leaf, as check_otlp.pl --dump prints it -------- */

static char* wanted[512];
static size_t wanted_count;
static char path[256]; /* where the next leaf stands */

static void want(const char* name, const char* type, const void* data, size_t size)
{
    char* line = (char*)malloc(strlen(path) + strlen(name) + strlen(type) + 2 * size + 8);
    int at = sprintf(line, "%s%s %s ", path, name, type);
    size_t i;
    for (i = 0; i < size; i++) {
        at += sprintf(line + at, "%02x", ((const unsigned char*)data)[i]);
    }
    wanted[wanted_count++] = line;
}

static void want_string(const char* name, llmobs_string text)
{
    static char repaired[9000];
    want(name, "string", repaired,
         llmobsi_utf8_repair(repaired, sizeof repaired, text.data, text.size));
}

static void want_text(const char* name, const char* type, const char* format, ...)
{
    char text[64];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    want(name, type, text, strlen(text));
}

static void want_count(const char* name, uint32_t count)
{
    if (count > 0) {
        want_text(name, "number", "%lu", (unsigned long)count);
    }
}

static void want_id(const char* name, const uint8_t* id, size_t size)
{
    char hex[33];
    size_t i;
    for (i = 0; i < size; i++) {
        sprintf(hex + 2 * i, "%02x", id[i]);
    }
    want_text(name, "string", "%s", hex);
}

/* Goes into `format`; returns what `path` was to be cut to again. */
static size_t enter(const char* format, size_t number)
{
    size_t before = strlen(path);
    snprintf(path + before, sizeof path - before, format, (int)number);
    return before;
}

static void want_attributes(const llmobs_attribute_view* attributes, uint32_t count)
{
    uint32_t i, j;
    for (i = 0; i < count; i++) {
        const llmobs_attribute_view* a = &attributes[i];
        size_t before = enter(".attributes.%d", i);
        want_string(".key", a->key);
        if (a->type == LLMOBS_TYPE_STRING) {
            want_string(".value.stringValue", a->value.string);
        } else if (a->type == LLMOBS_TYPE_INT) {
            want_text(".value.intValue", "string", "%lld", (long long)a->value.integer);
        } else if (a->type == LLMOBS_TYPE_BOOL) {
            want_text(".value.boolValue", "bool", "%s", a->value.boolean ? "true" : "false");
        } else if (a->type == LLMOBS_TYPE_STRINGS) {
            for (j = 0; j < a->count; j++) {
                char name[64];
                sprintf(name, ".value.arrayValue.values.%u.stringValue", (unsigned)j);
                want_string(name, a->value.strings[j]);
            }
        } else if (strcmp(a->key.data, "not a number") == 0) {
            want_text(".value.doubleValue", "string", "NaN");
        } else if (strcmp(a->key.data, "minus infinity") == 0) {
            want_text(".value.doubleValue", "string", "-Infinity");
        } else {
            want_text(".value.doubleValue", "number", "%.17g", a->value.real);
        }
        path[before] = '\0';
    }
}

static void want_events_and_links(const llmobs_span_view* span)
{
    uint32_t i;
    for (i = 0; i < span->event_count; i++) {
        const llmobs_event_view* event = &span->events[i];
        size_t before = enter(".events.%d", i);
        want_string(".name", event->name);
        want_text(".timeUnixNano", "string", "%llu", (unsigned long long)event->unix_ns);
        want_attributes(event->attributes, event->attribute_count);
        want_count(".droppedAttributesCount", event->dropped_attribute_count);
        path[before] = '\0';
    }
    for (i = 0; i < span->link_count; i++) {
        const llmobs_link_view* link = &span->links[i];
        size_t before = enter(".links.%d", i);
        want_id(".traceId", link->trace_id, 16);
        want_id(".spanId", link->span_id, 8);
        want_count(".flags", link->flags);
        if (link->trace_state.size > 0) {
            want_string(".traceState", link->trace_state);
        }
        want_attributes(link->attributes, link->attribute_count);
        want_count(".droppedAttributesCount", link->dropped_attribute_count);
        path[before] = '\0';
    }
}

static void want_span(const llmobs_span_view* span, size_t number)
{
    static const uint8_t none[8] = {0};
    size_t before = enter(".spans.%d", number);
    want_id(".traceId", span->trace_id, 16);
    want_id(".spanId", span->span_id, 8);
    if (memcmp(span->parent_span_id, none, 8) != 0) {
        want_id(".parentSpanId", span->parent_span_id, 8);
    }
    want_string(".name", span->name);
    if (span->trace_state.size > 0) {
        want_string(".traceState", span->trace_state);
    }
    want_count(".flags", span->flags);
    want_count(".kind", span->kind == LLMOBS_KIND_DEFAULT ? 1 : (uint32_t)span->kind);
    want_text(".startTimeUnixNano", "string", "%llu", (unsigned long long)span->start_unix_ns);
    want_text(".endTimeUnixNano", "string", "%llu", (unsigned long long)span->end_unix_ns);
    want_attributes(span->attributes, span->attribute_count);
    want_count(".droppedAttributesCount", span->dropped_attribute_count);
    want_count(".droppedEventsCount", span->dropped_event_count);
    want_count(".droppedLinksCount", span->dropped_link_count);
    want_events_and_links(span);
    want_count(".status.code", (uint32_t)span->status);
    if (span->status == LLMOBS_STATUS_ERROR && span->status_message.size > 0) {
        want_string(".status.message", span->status_message);
    }
    path[before] = '\0';
}

static void want_batch(const llmobs_batch* batch)
{
    size_t before, i;
    wanted_count = 0;
    strcpy(path, "1.resourceSpans.0");
    before = enter(".resource", 0);
    want_attributes(batch->resource->attributes, batch->resource->attribute_count);
    path[before] = '\0';
    before = enter(".scopeSpans.0", 0);
    want_text(".scope.name", "string", "llmobs");
    want_text(".scope.version", "string", "%s", LLMOBS_VERSION_STRING);
    if (batch->lost_before > 0) {
        want_text(".scope.attributes.0.key", "string", "llmobs.lost_before");
        want_text(".scope.attributes.0.value.intValue", "string", "9223372036854775807");
    }
    for (i = 0; i < batch->span_count; i++) {
        want_span(&batch->spans[i], i);
    }
    path[before] = '\0';
}

static int by_text(const void* a, const void* b)
{
    return strcmp(*(char* const*)a, *(char* const*)b);
}

/* ---- against perl -------------------------------------------------------------------------- */

static bool have_perl(void)
{
    return system("perl -MJSON::PP -e 1 2>/dev/null") == 0;
}

static void write_file(const char* text, size_t size)
{
    FILE* out;
    (void)mkdir("build", 0777);
    (void)mkdir("build/tmp", 0777);
    (void)mkdir("build/tmp/test_otlp", 0777);
    out = fopen("build/tmp/test_otlp/batch.jsonl", "wb");
    if (out == NULL || fwrite(text, 1, size, out) != size || fclose(out) != 0) {
        ok(false, "writing build/tmp/test_otlp/batch.jsonl");
    }
}

static void is_read_back(const llmobs_batch* batch, const char* what)
{
    static char line[40000];
    static char* got[512];
    size_t got_count = 0, i, different = 0;
    FILE* perl;
    sample_sink_reset(&sink, SIZE_MAX);
    ok(llmobs_encode_otlp_json(batch, sample_write, &sink), what);
    write_file(sink.text, sink.size);
    want_batch(batch);
    perl = popen("perl tests/check_otlp.pl --dump build/tmp/test_otlp/batch.jsonl", "r");
    while (perl != NULL && got_count < 512 && fgets(line, sizeof line, perl) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        got[got_count] = (char*)malloc(strlen(line) + 1);
        strcpy(got[got_count++], line);
    }
    is_int(perl != NULL ? pclose(perl) : -1, 0, "perl finds it well-formed");
    is_int(got_count, wanted_count, "as many leaves as there must be");
    qsort(got, got_count, sizeof got[0], by_text);
    qsort(wanted, wanted_count, sizeof wanted[0], by_text);
    for (i = 0; i < got_count && i < wanted_count; i++) {
        if (strcmp(got[i], wanted[i]) != 0 && different++ < 3) {
            printf("# got  %s\n# want %s\n", got[i], wanted[i]);
        }
    }
    while (got_count > 0) {
        free(got[--got_count]);
    }
    while (wanted_count > 0) {
        free(wanted[--wanted_count]);
    }
    is_int(different, 0, "every leaf is what the views say");
}

static void test_against_perl(void)
{
    if (!have_perl()) {
        skip("messages read by perl", "perl has no JSON::PP");
        return;
    }
    is_read_back(&sample.batch, "a batch with one of everything");
    ok(strstr(sink.text, "{\"doubleValue\":-0.0}") != NULL, "minus zero keeps its sign");
    sample.batch.lost_before = UINT64_MAX;
    is_read_back(&sample.batch, "a batch after a gap too large for an int64");
    sample.batch.lost_before = 0;
    sample.batch.span_count = 0;
    is_read_back(&sample.batch, "an empty batch");
    sample.batch.span_count = 6;
    sample.resource.attribute_count = 0;
    is_read_back(&sample.batch, "a resource without attributes");
    sample.resource.attribute_count = 4;
}

/* ---- buffers and refusals ------------------------------------------------------------------ */

static void test_buffers(void)
{
    static char want_text_of[1 << 17];
    size_t capacity, want_size, wrong = 0;
    sample_sink_reset(&sink, SIZE_MAX);
    ok(llmobs_encode_otlp_json(&sample.batch, sample_write, &sink), "the whole batch");
    want_size = sink.size;
    memcpy(want_text_of, sink.text, want_size);
    for (capacity = LLMOBS_I_WRITER_LEAST; capacity < LLMOBS_I_WRITER_LEAST + 3000; capacity++) {
        char* buffer = (char*)malloc(capacity); /* ASan sees its end */
        llmobsi_writer writer;
        sample_sink_reset(&sink, SIZE_MAX);
        llmobsi_writer_init(&writer, buffer, capacity, sample_write, &sink);
        wrong += !llmobsi_otlp_encode(&sample.batch, &writer) || sink.size != want_size ||
                 memcmp(sink.text, want_text_of, want_size) != 0;
        free(buffer);
    }
    is_int(wrong, 0, "every buffer size gives the same bytes");
}

static void test_refusals(void)
{
    size_t whole, at, silent = 0, late = 0, garbled = 0;
    static char text[1 << 17];
    sample_sink_reset(&sink, SIZE_MAX);
    (void)llmobs_encode_otlp_json(&sample.batch, sample_write, &sink);
    whole = sink.size;
    memcpy(text, sink.text, whole);
    for (at = 0; at < whole; at += step_of(7)) {
        char buffer[LLMOBS_I_WRITER_LEAST];
        llmobsi_writer writer;
        sample_sink_reset(&sink, at);
        silent += llmobs_encode_otlp_json(&sample.batch, sample_write, &sink);
        late += sink.calls_after;
        sample_sink_reset(&sink, at);
        llmobsi_writer_init(&writer, buffer, sizeof buffer, sample_write, &sink);
        silent += llmobsi_otlp_encode(&sample.batch, &writer);
        late += sink.calls_after;
        garbled += memcmp(sink.text, text, sink.size) != 0;
    }
    is_int(silent, 0, "`write` may refuse at every byte: the encoder says so");
    is_int(late, 0, "and does not call it again");
    is_int(garbled, 0, "and what came before is right");
}

/* ---- bad input ----------------------------------------------------------------------------- */

static void test_bad_input(void)
{
    llmobs_batch batch;
    llmobs_span_view span;
    llmobs_attribute_view attribute;
    memset(&batch, 0, sizeof batch);
    ok(!llmobs_encode_otlp_json(NULL, sample_write, &sink), "no batch");
    ok(!llmobs_encode_otlp_json(&batch, NULL, NULL), "no write");
    is_int(llmobs_encode(NULL, LLMOBS_FORMAT_OTLP_JSON, sample_write, &sink),
           LLMOBS_ERROR_ARGUMENT, "llmobs_encode: no batch");
    is_int(llmobs_encode(&batch, LLMOBS_FORMAT_OTLP_JSON, NULL, NULL), LLMOBS_ERROR_ARGUMENT,
           "llmobs_encode: no write");
    is_int(llmobs_encode(&batch, (llmobs_format)0, sample_write, &sink), LLMOBS_ERROR_FORMAT,
           "llmobs_encode: no such format");
    is_int(llmobs_encode(&batch, (llmobs_format)99, sample_write, &sink), LLMOBS_ERROR_FORMAT,
           "llmobs_encode: nor such");
    sample_sink_reset(&sink, 3);
    is_int(llmobs_encode(&batch, LLMOBS_FORMAT_OTLP_JSON, sample_write, &sink),
           LLMOBS_ERROR_SYSTEM, "llmobs_encode: refused");

    batch.span_count = 3; /* of which there are none */
    sample_sink_reset(&sink, SIZE_MAX);
    is_int(llmobs_encode(&batch, LLMOBS_FORMAT_OTLP_JSON, sample_write, &sink), LLMOBS_OK,
           "counts without their arrays");
    is_str(sink.text, "{\"resourceSpans\":[{\"resource\":{},\"scopeSpans\":[{\"scope\":{\"name\":"
                      "\"llmobs\",\"version\":\"" LLMOBS_VERSION_STRING "\"},\"spans\":[]}]}]}\n",
           "the emptiest message");

    memset(&span, 0, sizeof span);
    memset(&attribute, 0, sizeof attribute);
    attribute.type = (llmobs_type)77;
    span.kind = (llmobs_kind)77;
    span.status = (llmobs_status)77;
    span.event_count = span.link_count = 9;
    span.attributes = &attribute;
    span.attribute_count = 1;
    batch.spans = &span;
    batch.span_count = 1;
    sample_sink_reset(&sink, SIZE_MAX);
    ok(llmobs_encode_otlp_json(&batch, sample_write, &sink), "numbers out of range");
    ok(strstr(sink.text, ",\"name\":\"\",\"kind\":1,\"startTimeUnixNano\":\"0\","
                         "\"endTimeUnixNano\":\"0\",\"attributes\":[{\"key\":\"\",\"value\":{}}]}]"
                         "}]}]}\n") != NULL,
       "become the default, or nothing");
}

int main(void)
{
    sample_fill(&sample);
    test_against_perl();
    test_buffers();
    test_refusals();
    test_bad_input();
    return done();
}

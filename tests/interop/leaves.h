/* A trace as lines of text, one a leaf, to be compared with what other people's decoders read:

       <trace id>/<span id>.<path by the names of OTLP's fields> <type> <bytes in hex, or ->

   Types: string, bytes, int (every integer and enum, as 8 bytes), double (its bits), bool, and
   message for one in which nothing is set. What OTLP takes for "not there" has no line: empty
   texts and zeros, but for values, where they count. The lines of a file are in no order.

   Two sources: `leaves_batch` has them from what an exporter receives; the `asked_` calls from what
   the recording side asks for, which they pass on to llmobs. Neither uses the library's text,
   number or JSON functions. */
#ifndef LEAVES_H
#define LEAVES_H

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef struct place {
    char path[200];
} place;

/* The place that lies so much further in. */
__attribute__((format(printf, 2, 3))) static inline place at(place from, const char* format, ...)
{
    size_t length = strlen(from.path);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(from.path + length, sizeof from.path - length, format, arguments);
    va_end(arguments);
    return from;
}

static inline void hex(char* text, const uint8_t* bytes, size_t size)
{
    size_t i;
    for (i = 0; i < size; i++) {
        (void)snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    }
}

static inline place place_of(const uint8_t* trace_id, const uint8_t* span_id)
{
    place span;
    hex(span.path, trace_id, 16);
    span.path[32] = '/';
    hex(span.path + 33, span_id, 8);
    return span;
}

/* ---- protobuf's files ---------------------------------------------------------------------- */

/* A batch as protobuf, after 't' for traces or 'm' for metrics and its size in four bytes, the
   highest first. */
static inline bool write_frame(FILE* out, const llmobs_batch* batch, llmobs_write_fn write_to)
{
    size_t size = llmobs_otlp_protobuf_size(batch);
    int shift;
    fputc(batch->metric_count > 0 ? 'm' : 't', out);
    for (shift = 24; shift >= 0; shift -= 8) {
        fputc((int)(size >> shift & 0xff), out);
    }
    return llmobs_encode(batch, LLMOBS_FORMAT_OTLP_PROTOBUF, write_to, out) == LLMOBS_OK;
}

/* ---- leaves -------------------------------------------------------------------------------- */

/* All of them accept NULL for `out`, which tells nobody. */
static inline void leaf(FILE* out, place here, const char* type, const void* bytes, size_t size)
{
    const unsigned char* next = (const unsigned char*)bytes;
    size_t i;
    if (out == NULL) {
        return;
    }
    fprintf(out, "%s %s %s", here.path, type, size == 0 ? "-" : "");
    for (i = 0; i < size; i++) {
        fprintf(out, "%02x", next[i]);
    }
    fputc('\n', out);
}

static inline void leaf_bits(FILE* out, place here, const char* type, uint64_t bits)
{
    unsigned char bytes[8];
    int i;
    for (i = 0; i < 8; i++) {
        bytes[i] = (unsigned char)(bits >> (56 - 8 * i));
    }
    leaf(out, here, type, bytes, sizeof bytes);
}

/* JSON has one NaN. */
static inline void leaf_double(FILE* out, place here, double number)
{
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    if ((bits & ~(UINT64_C(1) << 63)) > UINT64_C(0x7ff) << 52) {
        bits = UINT64_C(0x7ff8) << 48;
    }
    leaf_bits(out, here, "double", bits);
}

static inline void leaf_bool(FILE* out, place here, bool truth)
{
    leaf(out, here, "bool", truth ? "\1" : "\0", 1);
}

/* Fields that are not there when they are zero or empty. */
static inline void field_int(FILE* out, place here, uint64_t number)
{
    if (number != 0) {
        leaf_bits(out, here, "int", number);
    }
}

static inline void field_text(FILE* out, place here, const char* text, size_t size)
{
    if (size != 0) {
        leaf(out, here, "string", text, size);
    }
}

static inline void field_id(FILE* out, place here, const uint8_t* id, size_t size)
{
    size_t i;
    for (i = 0; i < size; i++) {
        if (id[i] != 0) {
            leaf(out, here, "bytes", id, size);
            return;
        }
    }
}

/* ---- from an exporter's batch -------------------------------------------------------------- */

static inline void leaves_value(FILE* out, place here, const llmobs_attribute_view* attribute)
{
    uint32_t i;
    switch (attribute->type) {
        case LLMOBS_TYPE_STRING:
            leaf(out, at(here, ".string_value"), "string", attribute->value.string.data,
                 attribute->value.string.size);
            break;
        case LLMOBS_TYPE_INT:
            leaf_bits(out, at(here, ".int_value"), "int", (uint64_t)attribute->value.integer);
            break;
        case LLMOBS_TYPE_DOUBLE:
            leaf_double(out, at(here, ".double_value"), attribute->value.real);
            break;
        case LLMOBS_TYPE_BOOL:
            leaf_bool(out, at(here, ".bool_value"), attribute->value.boolean);
            break;
        case LLMOBS_TYPE_STRINGS:
            if (attribute->count == 0) {
                leaf(out, at(here, ".array_value"), "message", NULL, 0);
            }
            for (i = 0; i < attribute->count; i++) {
                leaf(out, at(here, ".array_value.values.%u.string_value", i), "string",
                     attribute->value.strings[i].data, attribute->value.strings[i].size);
            }
            break;
    }
}

static inline void leaves_attributes(FILE* out, place here,
                                     const llmobs_attribute_view* attributes, uint32_t count)
{
    uint32_t i;
    for (i = 0; i < count; i++) {
        place one = at(here, ".attributes.%u", i);
        field_text(out, at(one, ".key"), attributes[i].key.data, attributes[i].key.size);
        leaves_value(out, at(one, ".value"), &attributes[i]);
    }
}

static inline void leaves_event(FILE* out, place here, const llmobs_event_view* event)
{
    field_int(out, at(here, ".time_unix_nano"), event->unix_ns);
    field_text(out, at(here, ".name"), event->name.data, event->name.size);
    leaves_attributes(out, here, event->attributes, event->attribute_count);
    field_int(out, at(here, ".dropped_attributes_count"), event->dropped_attribute_count);
}

static inline void leaves_link(FILE* out, place here, const llmobs_link_view* link)
{
    field_id(out, at(here, ".trace_id"), link->trace_id, 16);
    field_id(out, at(here, ".span_id"), link->span_id, 8);
    field_text(out, at(here, ".trace_state"), link->trace_state.data, link->trace_state.size);
    leaves_attributes(out, here, link->attributes, link->attribute_count);
    field_int(out, at(here, ".dropped_attributes_count"), link->dropped_attribute_count);
    field_int(out, at(here, ".flags"), link->flags);
}

static inline void leaves_status(FILE* out, place here, const llmobs_span_view* span)
{
    if (span->status != LLMOBS_STATUS_UNSET) {
        field_text(out, at(here, ".message"), span->status_message.data,
                   span->status_message.size);
        leaf_bits(out, at(here, ".code"), "int", (uint64_t)span->status);
    }
}

static inline void leaves_span(FILE* out, const llmobs_span_view* span)
{
    place here = place_of(span->trace_id, span->span_id);
    uint32_t i;
    field_id(out, at(here, ".trace_id"), span->trace_id, 16);
    field_id(out, at(here, ".span_id"), span->span_id, 8);
    field_id(out, at(here, ".parent_span_id"), span->parent_span_id, 8);
    field_text(out, at(here, ".trace_state"), span->trace_state.data, span->trace_state.size);
    field_text(out, at(here, ".name"), span->name.data, span->name.size);
    field_int(out, at(here, ".kind"), (uint64_t)span->kind);
    field_int(out, at(here, ".start_time_unix_nano"), span->start_unix_ns);
    field_int(out, at(here, ".end_time_unix_nano"), span->end_unix_ns);
    field_int(out, at(here, ".flags"), span->flags);
    leaves_attributes(out, here, span->attributes, span->attribute_count);
    for (i = 0; i < span->event_count; i++) {
        leaves_event(out, at(here, ".events.%u", i), &span->events[i]);
    }
    for (i = 0; i < span->link_count; i++) {
        leaves_link(out, at(here, ".links.%u", i), &span->links[i]);
    }
    field_int(out, at(here, ".dropped_attributes_count"), span->dropped_attribute_count);
    field_int(out, at(here, ".dropped_events_count"), span->dropped_event_count);
    field_int(out, at(here, ".dropped_links_count"), span->dropped_link_count);
    leaves_status(out, at(here, ".status"), span);
}

static inline void leaves_gap(FILE* out, place span, uint64_t lost)
{
    static const char key[] = "llmobs.lost_before";
    if (lost != 0) {
        leaf(out, at(span, ".scope.attributes.0.key"), "string", key, sizeof key - 1);
        leaf_bits(out, at(span, ".scope.attributes.0.value.int_value"), "int", lost);
    }
}

/* Resource and scope are told of every span: who made it must not depend on its batch. */
static inline void leaves_batch(FILE* out, const llmobs_batch* batch)
{
    size_t i;
    for (i = 0; i < batch->span_count; i++) {
        place here = place_of(batch->spans[i].trace_id, batch->spans[i].span_id);
        leaves_attributes(out, at(here, ".resource"), batch->resource->attributes,
                          batch->resource->attribute_count);
        leaf(out, at(here, ".scope.name"), "string", "llmobs", 6);
        leaf(out, at(here, ".scope.version"), "string", LLMOBS_VERSION_STRING,
             sizeof LLMOBS_VERSION_STRING - 1);
        leaves_gap(out, here, batch->lost_before);
        leaves_span(out, &batch->spans[i]);
    }
}

/* ---- from the recording side --------------------------------------------------------------- */

/* Text to record, and what must be read: the same unless it is no UTF-8. */
typedef struct text {
    const char* data;
    size_t size;
    const char* read;
    size_t read_size;
} text;

#define TEXT(literal) {literal, sizeof literal - 1, literal, sizeof literal - 1}
#define TEXT_READ_AS(literal, other) {literal, sizeof literal - 1, other, sizeof other - 1}

/* A span being recorded, and where its leaves are told. */
typedef struct asked {
    FILE* out;
    llmobs_span span;
    llmobs_trace_context context;
    place here;
    uint32_t attributes;
    uint32_t events;
    uint32_t links;
} asked;

/* Tells of a span that was just begun. */
static inline asked asked_begun(FILE* out, llmobs_span span, const char* name, llmobs_kind kind,
                                const uint8_t* parent)
{
    asked what;
    memset(&what, 0, sizeof what);
    what.out = out;
    what.span = span;
    (void)llmobs_span_context(span, &what.context);
    what.here = place_of(what.context.trace_id, what.context.span_id);
    leaf(out, at(what.here, ".name"), "string", name, strlen(name));
    leaf_bits(out, at(what.here, ".kind"), "int", (uint64_t)kind);
    if (parent != NULL) {
        leaf(out, at(what.here, ".parent_span_id"), "bytes", parent, 8);
    }
    return what;
}

static inline asked asked_root(FILE* out, llmobs* obs, const char* name)
{
    return asked_begun(out, llmobs_span_root(obs, name), name, LLMOBS_KIND_INTERNAL, NULL);
}

static inline asked asked_child(const asked* parent, const char* name)
{
    return asked_begun(parent->out, llmobs_span_child(parent->span, name), name,
                       LLMOBS_KIND_INTERNAL, parent->context.span_id);
}

/* Tells the next attribute's key; returns the place of its value. */
static inline place asked_key(asked* what, const char* key, size_t size)
{
    place one = at(what->here, ".attributes.%u", what->attributes++);
    leaf(what->out, at(one, ".key"), "string", key, size);
    return at(one, ".value");
}

static inline void asked_text(asked* what, const char* key, const text* value)
{
    llmobs_span_set_string_n(what->span, key, value->data, value->size);
    leaf(what->out, at(asked_key(what, key, strlen(key)), ".string_value"), "string", value->read,
         value->read_size);
}

static inline void asked_int(asked* what, const char* key, int64_t value)
{
    llmobs_span_set_int(what->span, key, value);
    leaf_bits(what->out, at(asked_key(what, key, strlen(key)), ".int_value"), "int",
              (uint64_t)value);
}

static inline void asked_double(asked* what, const char* key, double value)
{
    llmobs_span_set_double(what->span, key, value);
    leaf_double(what->out, at(asked_key(what, key, strlen(key)), ".double_value"), value);
}

static inline void asked_bool(asked* what, const char* key, bool value)
{
    llmobs_span_set_bool(what->span, key, value);
    leaf_bool(what->out, at(asked_key(what, key, strlen(key)), ".bool_value"), value);
}

/* Tells the next event; returns its place. */
static inline place asked_event(asked* what, const char* name, size_t size)
{
    place event = at(what->here, ".events.%u", what->events++);
    leaf(what->out, at(event, ".name"), "string", name, size);
    return event;
}

static inline void asked_link(asked* what, const llmobs_trace_context* target)
{
    place link = at(what->here, ".links.%u", what->links++);
    llmobs_span_link(what->span, target);
    leaf(what->out, at(link, ".trace_id"), "bytes", target->trace_id, 16);
    leaf(what->out, at(link, ".span_id"), "bytes", target->span_id, 8);
    field_text(what->out, at(link, ".trace_state"), target->tracestate,
               strlen(target->tracestate));
}

static inline void asked_status(asked* what, llmobs_status status, const char* message)
{
    llmobs_span_set_status(what->span, status, message);
    leaf_bits(what->out, at(what->here, ".status.code"), "int", (uint64_t)status);
    if (status == LLMOBS_STATUS_ERROR && message != NULL) {
        field_text(what->out, at(what->here, ".status.message"), message, strlen(message));
    }
}

#endif

/* An OTLP message as lines, one a leaf, from three sources: protobuf, JSON, and the views that both
   were made from. The lines are the same if all is well. A line is the path by JSON's names, a
   blank, and the value:

       resourceSpans.0.scopeSpans.0.spans.0.startTimeUnixNano 1764000000000000000

   A text is its size, a colon, its bytes; a double its bits; a message of which nothing is to be
   told {}. What protobuf leaves out since it is the default has no line. */
#ifndef OTLP_LEAVES_H
#define OTLP_LEAVES_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "json_reader.h"
#include "protobuf_reader.h"

/* ---- lines --------------------------------------------------------------------------------- */

typedef struct leaves {
    char* text;
    size_t size;
    size_t room;
    size_t count;
    char path[512];
    size_t path_size;
} leaves;

static void leaves_bytes(leaves* to, const void* bytes, size_t size)
{
    if (to->size + size + 1 > to->room) {
        to->room = 2 * (to->size + size) + 4096;
        to->text = (char*)realloc(to->text, to->room);
    }
    memcpy(to->text + to->size, bytes, size);
    to->size += size;
    to->text[to->size] = '\0';
}

static void leaves_clear(leaves* to)
{
    to->size = to->count = to->path_size = 0;
    leaves_bytes(to, "", 0);
}

/* Goes into a field; returns the size of the path before. -1: it comes once. */
static size_t leaves_enter(leaves* to, const char* name, long number)
{
    size_t before = to->path_size;
    size_t size = strlen(name);
    if (before + size + 24 > sizeof to->path) {
        abort();
    }
    if (before > 0) {
        to->path[to->path_size++] = '.';
    }
    memcpy(to->path + to->path_size, name, size);
    to->path_size += size;
    if (number >= 0) {
        char digits[24];
        size_t at = sizeof digits;
        do {
            digits[--at] = (char)('0' + number % 10);
            number /= 10;
        } while (number > 0);
        digits[--at] = '.';
        memcpy(to->path + to->path_size, digits + at, sizeof digits - at);
        to->path_size += sizeof digits - at;
    }
    return before;
}

/* The line of the path that it is in. */
static void leaves_line(leaves* to, const char* value, size_t size)
{
    leaves_bytes(to, to->path, to->path_size);
    leaves_bytes(to, " ", 1);
    leaves_bytes(to, value, size);
    leaves_bytes(to, "\n", 1);
    to->count++;
}

static void leaves_number(leaves* to, uint64_t magnitude, bool negative)
{
    char digits[32];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + magnitude % 10);
        magnitude /= 10;
    } while (magnitude > 0);
    if (negative) {
        digits[--at] = '-';
    }
    leaves_line(to, digits + at, sizeof digits - at);
}

static void leaves_signed(leaves* to, int64_t number)
{
    leaves_number(to, number < 0 ? 0 - (uint64_t)number : (uint64_t)number, number < 0);
}

static void leaves_double_bits(leaves* to, uint64_t bits)
{
    char text[32];
    if (bits << 1 > UINT64_C(0xffe0000000000000)) {
        leaves_line(to, "NaN", 3);
        return;
    }
    snprintf(text, sizeof text, "0x%016llx", (unsigned long long)bits);
    leaves_line(to, text, strlen(text));
}

static void leaves_text(leaves* to, const char* text, size_t size)
{
    char head[600];
    int head_size;
    memcpy(head, to->path, to->path_size);
    head_size = (int)to->path_size + sprintf(head + to->path_size, " %zu:", size);
    leaves_bytes(to, head, (size_t)head_size);
    leaves_bytes(to, text, size);
    leaves_bytes(to, "\n", 1);
    to->count++;
}

static void leaves_id(leaves* to, const unsigned char* id, size_t size)
{
    char hex[80];
    size_t i;
    for (i = 0; i < size && i < 32; i++) {
        hex[2 * i] = "0123456789abcdef"[id[i] >> 4];
        hex[2 * i + 1] = "0123456789abcdef"[id[i] & 15];
    }
    leaves_line(to, hex, 2 * size);
}

/* ---- what OTLP has ------------------------------------------------------------------------- */

typedef enum otlp_message {
    OTLP_NONE,
    OTLP_DATA,
    OTLP_RESOURCE_SPANS,
    OTLP_RESOURCE_METRICS,
    OTLP_RESOURCE_LOGS,
    OTLP_RESOURCE,
    OTLP_SCOPE_SPANS,
    OTLP_SCOPE_METRICS,
    OTLP_SCOPE_LOGS,
    OTLP_SCOPE,
    OTLP_KEY_VALUE,
    OTLP_ANY,
    OTLP_ARRAY,
    OTLP_SPAN,
    OTLP_EVENT,
    OTLP_LINK,
    OTLP_STATUS,
    OTLP_METRIC,
    OTLP_GAUGE,
    OTLP_SUM,
    OTLP_HISTOGRAM,
    OTLP_EXPONENTIAL,
    OTLP_NUMBER_POINT,
    OTLP_HISTOGRAM_POINT,
    OTLP_EXPONENTIAL_POINT,
    OTLP_BUCKETS,
    OTLP_EXEMPLAR,
    OTLP_LOG
} otlp_message;

/* Types: s text, b id, m message, M messages, x fixed64, i sfixed64, v int64, f fixed32, n uint32
    or enum, z sint32, o bool, d double; packed lists: X fixed64, V uint64, D double. '+' after it:
   its default is told. */
typedef struct otlp_field {
    otlp_message message;
    uint32_t number;
    const char* name;
    const char* type;
    otlp_message inner;
} otlp_field;

/* The three kinds of data share a type: their first fields, which are all that they have, differ in
   name. */
static const otlp_field otlp_fields[] = {
    {OTLP_DATA, 1, "resourceSpans", "M", OTLP_RESOURCE_SPANS},
    {OTLP_DATA, 1, "resourceMetrics", "M", OTLP_RESOURCE_METRICS},
    {OTLP_DATA, 1, "resourceLogs", "M", OTLP_RESOURCE_LOGS},
    {OTLP_RESOURCE_SPANS, 1, "resource", "m", OTLP_RESOURCE},
    {OTLP_RESOURCE_SPANS, 2, "scopeSpans", "M", OTLP_SCOPE_SPANS},
    {OTLP_RESOURCE_METRICS, 1, "resource", "m", OTLP_RESOURCE},
    {OTLP_RESOURCE_METRICS, 2, "scopeMetrics", "M", OTLP_SCOPE_METRICS},
    {OTLP_RESOURCE_LOGS, 1, "resource", "m", OTLP_RESOURCE},
    {OTLP_RESOURCE_LOGS, 2, "scopeLogs", "M", OTLP_SCOPE_LOGS},
    {OTLP_RESOURCE, 1, "attributes", "M", OTLP_KEY_VALUE},
    {OTLP_SCOPE_SPANS, 1, "scope", "m", OTLP_SCOPE},
    {OTLP_SCOPE_SPANS, 2, "spans", "M", OTLP_SPAN},
    {OTLP_SCOPE_METRICS, 1, "scope", "m", OTLP_SCOPE},
    {OTLP_SCOPE_METRICS, 2, "metrics", "M", OTLP_METRIC},
    {OTLP_SCOPE_LOGS, 1, "scope", "m", OTLP_SCOPE},
    {OTLP_SCOPE_LOGS, 2, "logRecords", "M", OTLP_LOG},
    {OTLP_SCOPE, 1, "name", "s", OTLP_NONE},
    {OTLP_SCOPE, 2, "version", "s", OTLP_NONE},
    {OTLP_SCOPE, 3, "attributes", "M", OTLP_KEY_VALUE},
    {OTLP_KEY_VALUE, 1, "key", "s", OTLP_NONE},
    {OTLP_KEY_VALUE, 2, "value", "m", OTLP_ANY},
    {OTLP_ANY, 1, "stringValue", "s+", OTLP_NONE},
    {OTLP_ANY, 2, "boolValue", "o+", OTLP_NONE},
    {OTLP_ANY, 3, "intValue", "v+", OTLP_NONE},
    {OTLP_ANY, 4, "doubleValue", "d+", OTLP_NONE},
    {OTLP_ANY, 5, "arrayValue", "m", OTLP_ARRAY},
    {OTLP_ARRAY, 1, "values", "M", OTLP_ANY},
    {OTLP_SPAN, 1, "traceId", "b", OTLP_NONE},
    {OTLP_SPAN, 2, "spanId", "b", OTLP_NONE},
    {OTLP_SPAN, 3, "traceState", "s", OTLP_NONE},
    {OTLP_SPAN, 4, "parentSpanId", "b", OTLP_NONE},
    {OTLP_SPAN, 5, "name", "s", OTLP_NONE},
    {OTLP_SPAN, 6, "kind", "n", OTLP_NONE},
    {OTLP_SPAN, 7, "startTimeUnixNano", "x", OTLP_NONE},
    {OTLP_SPAN, 8, "endTimeUnixNano", "x", OTLP_NONE},
    {OTLP_SPAN, 9, "attributes", "M", OTLP_KEY_VALUE},
    {OTLP_SPAN, 10, "droppedAttributesCount", "n", OTLP_NONE},
    {OTLP_SPAN, 11, "events", "M", OTLP_EVENT},
    {OTLP_SPAN, 12, "droppedEventsCount", "n", OTLP_NONE},
    {OTLP_SPAN, 13, "links", "M", OTLP_LINK},
    {OTLP_SPAN, 14, "droppedLinksCount", "n", OTLP_NONE},
    {OTLP_SPAN, 15, "status", "m", OTLP_STATUS},
    {OTLP_SPAN, 16, "flags", "f", OTLP_NONE},
    {OTLP_EVENT, 1, "timeUnixNano", "x", OTLP_NONE},
    {OTLP_EVENT, 2, "name", "s", OTLP_NONE},
    {OTLP_EVENT, 3, "attributes", "M", OTLP_KEY_VALUE},
    {OTLP_EVENT, 4, "droppedAttributesCount", "n", OTLP_NONE},
    {OTLP_LINK, 1, "traceId", "b", OTLP_NONE},
    {OTLP_LINK, 2, "spanId", "b", OTLP_NONE},
    {OTLP_LINK, 3, "traceState", "s", OTLP_NONE},
    {OTLP_LINK, 4, "attributes", "M", OTLP_KEY_VALUE},
    {OTLP_LINK, 5, "droppedAttributesCount", "n", OTLP_NONE},
    {OTLP_LINK, 6, "flags", "f", OTLP_NONE},
    {OTLP_STATUS, 2, "message", "s", OTLP_NONE},
    {OTLP_STATUS, 3, "code", "n", OTLP_NONE},
    {OTLP_METRIC, 1, "name", "s", OTLP_NONE},
    {OTLP_METRIC, 2, "description", "s", OTLP_NONE},
    {OTLP_METRIC, 3, "unit", "s", OTLP_NONE},
    {OTLP_METRIC, 5, "gauge", "m", OTLP_GAUGE},
    {OTLP_METRIC, 7, "sum", "m", OTLP_SUM},
    {OTLP_METRIC, 9, "histogram", "m", OTLP_HISTOGRAM},
    {OTLP_METRIC, 10, "exponentialHistogram", "m", OTLP_EXPONENTIAL},
    {OTLP_GAUGE, 1, "dataPoints", "M", OTLP_NUMBER_POINT},
    {OTLP_SUM, 1, "dataPoints", "M", OTLP_NUMBER_POINT},
    {OTLP_SUM, 2, "aggregationTemporality", "n", OTLP_NONE},
    {OTLP_SUM, 3, "isMonotonic", "o", OTLP_NONE},
    {OTLP_HISTOGRAM, 1, "dataPoints", "M", OTLP_HISTOGRAM_POINT},
    {OTLP_HISTOGRAM, 2, "aggregationTemporality", "n", OTLP_NONE},
    {OTLP_EXPONENTIAL, 1, "dataPoints", "M", OTLP_EXPONENTIAL_POINT},
    {OTLP_EXPONENTIAL, 2, "aggregationTemporality", "n", OTLP_NONE},
    {OTLP_NUMBER_POINT, 2, "startTimeUnixNano", "x", OTLP_NONE},
    {OTLP_NUMBER_POINT, 3, "timeUnixNano", "x", OTLP_NONE},
    {OTLP_NUMBER_POINT, 4, "asDouble", "d+", OTLP_NONE},
    {OTLP_NUMBER_POINT, 5, "exemplars", "M", OTLP_EXEMPLAR},
    {OTLP_NUMBER_POINT, 6, "asInt", "i+", OTLP_NONE},
    {OTLP_NUMBER_POINT, 7, "attributes", "M", OTLP_KEY_VALUE},
    {OTLP_HISTOGRAM_POINT, 2, "startTimeUnixNano", "x", OTLP_NONE},
    {OTLP_HISTOGRAM_POINT, 3, "timeUnixNano", "x", OTLP_NONE},
    {OTLP_HISTOGRAM_POINT, 4, "count", "x", OTLP_NONE},
    {OTLP_HISTOGRAM_POINT, 5, "sum", "d+", OTLP_NONE},
    {OTLP_HISTOGRAM_POINT, 6, "bucketCounts", "X", OTLP_NONE},
    {OTLP_HISTOGRAM_POINT, 7, "explicitBounds", "D", OTLP_NONE},
    {OTLP_HISTOGRAM_POINT, 8, "exemplars", "M", OTLP_EXEMPLAR},
    {OTLP_HISTOGRAM_POINT, 9, "attributes", "M", OTLP_KEY_VALUE},
    {OTLP_HISTOGRAM_POINT, 11, "min", "d+", OTLP_NONE},
    {OTLP_HISTOGRAM_POINT, 12, "max", "d+", OTLP_NONE},
    {OTLP_EXPONENTIAL_POINT, 1, "attributes", "M", OTLP_KEY_VALUE},
    {OTLP_EXPONENTIAL_POINT, 2, "startTimeUnixNano", "x", OTLP_NONE},
    {OTLP_EXPONENTIAL_POINT, 3, "timeUnixNano", "x", OTLP_NONE},
    {OTLP_EXPONENTIAL_POINT, 4, "count", "x", OTLP_NONE},
    {OTLP_EXPONENTIAL_POINT, 5, "sum", "d+", OTLP_NONE},
    {OTLP_EXPONENTIAL_POINT, 6, "scale", "z", OTLP_NONE},
    {OTLP_EXPONENTIAL_POINT, 7, "zeroCount", "x", OTLP_NONE},
    {OTLP_EXPONENTIAL_POINT, 8, "positive", "m", OTLP_BUCKETS},
    {OTLP_EXPONENTIAL_POINT, 11, "exemplars", "M", OTLP_EXEMPLAR},
    {OTLP_EXPONENTIAL_POINT, 12, "min", "d+", OTLP_NONE},
    {OTLP_EXPONENTIAL_POINT, 13, "max", "d+", OTLP_NONE},
    {OTLP_BUCKETS, 1, "offset", "z", OTLP_NONE},
    {OTLP_BUCKETS, 2, "bucketCounts", "V", OTLP_NONE},
    {OTLP_EXEMPLAR, 2, "timeUnixNano", "x", OTLP_NONE},
    {OTLP_EXEMPLAR, 3, "asDouble", "d+", OTLP_NONE},
    {OTLP_EXEMPLAR, 4, "spanId", "b", OTLP_NONE},
    {OTLP_EXEMPLAR, 5, "traceId", "b", OTLP_NONE},
    {OTLP_LOG, 1, "timeUnixNano", "x", OTLP_NONE},
    {OTLP_LOG, 2, "severityNumber", "n", OTLP_NONE},
    {OTLP_LOG, 3, "severityText", "s", OTLP_NONE},
    {OTLP_LOG, 5, "body", "m", OTLP_ANY},
    {OTLP_LOG, 6, "attributes", "M", OTLP_KEY_VALUE},
    {OTLP_LOG, 7, "droppedAttributesCount", "n", OTLP_NONE},
    {OTLP_LOG, 8, "flags", "f", OTLP_NONE},
    {OTLP_LOG, 9, "traceId", "b", OTLP_NONE},
    {OTLP_LOG, 10, "spanId", "b", OTLP_NONE},
    {OTLP_LOG, 11, "observedTimeUnixNano", "x", OTLP_NONE},
    {OTLP_LOG, 12, "eventName", "s", OTLP_NONE},
};

#define OTLP_FIELDS (sizeof otlp_fields / sizeof otlp_fields[0])

static size_t otlp_id_size(const otlp_field* field)
{
    return strcmp(field->name, "traceId") == 0 ? 16 : 8;
}

/* ---- from protobuf ------------------------------------------------------------------------- */

/* The field of that number; of the three kinds of data, that of the name. */
static const otlp_field* otlp_by_number(otlp_message message, uint32_t number, const char* top)
{
    size_t i;
    for (i = 0; i < OTLP_FIELDS; i++) {
        const otlp_field* field = &otlp_fields[i];
        if (field->message == message && field->number == number &&
            (message != OTLP_DATA || strcmp(field->name, top) == 0)) {
            return field;
        }
    }
    return NULL;
}

static uint32_t otlp_wire(char type)
{
    return strchr("vnzo", type) != NULL  ? 0
           : strchr("xid", type) != NULL ? 1
           : type == 'f'                 ? 5
                                         : 2;
}

static bool leaves_packed(leaves* to, const otlp_field* field, const protobuf_field* found)
{
    protobuf_reader inside = {found->data, found->size};
    long number = 0;
    while (inside.left > 0) {
        size_t before = leaves_enter(to, field->name, number++);
        uint64_t value;
        bool good = field->type[0] == 'V' ? protobuf_varint(&inside, &value)
                                          : protobuf_little_endian(&inside, 8, &value);
        if (!good) {
            return false;
        }
        if (field->type[0] == 'D') {
            leaves_double_bits(to, value);
        } else {
            leaves_number(to, value, false);
        }
        to->path_size = before;
    }
    return number > 0; /* an empty list is not written */
}

static bool leaves_of_protobuf_message(leaves* to, otlp_message message, const char* top,
                                       const unsigned char* data, size_t size);

static bool leaves_scalar(leaves* to, const otlp_field* field, const protobuf_field* found)
{
    uint64_t value = found->value;
    bool told = field->type[1] == '+';
    switch (field->type[0]) {
    case 's':
        leaves_text(to, (const char*)found->data, found->size);
        return (told || found->size > 0) && protobuf_is_text(found->data, found->size);
    case 'b':
        leaves_id(to, found->data, found->size);
        return found->size == otlp_id_size(field);
    case 'i':
    case 'v':
        leaves_signed(to, (int64_t)value);
        return told || value != 0;
    case 'z':
        leaves_signed(to, (int64_t)(value >> 1) ^ -(int64_t)(value & 1));
        return value != 0 && value <= UINT32_MAX;
    case 'o':
        leaves_line(to, value != 0 ? "true" : "false", value != 0 ? 4 : 5);
        return value <= 1 && (told || value == 1);
    case 'd':
        leaves_double_bits(to, value);
        return told || value != 0;
    default:
        leaves_number(to, value, false);
        return value != 0 && (field->type[0] != 'n' || value <= UINT32_MAX);
    }
}

static bool leaves_of_protobuf_field(leaves* to, const otlp_field* field,
                                     const protobuf_field* found, long number)
{
    size_t before;
    bool good;
    if (strchr("XVD", field->type[0]) != NULL) {
        return leaves_packed(to, field, found);
    }
    before = leaves_enter(to, field->name, field->type[0] == 'M' ? number : -1);
    good = field->inner != OTLP_NONE
               ? leaves_of_protobuf_message(to, field->inner, "", found->data, found->size)
               : leaves_scalar(to, field, found);
    if (good) {
        to->path_size = before;
    }
    return good;
}

/* False: the path says where it is wrong. */
static bool leaves_of_protobuf_message(leaves* to, otlp_message message, const char* top,
                                       const unsigned char* data, size_t size)
{
    protobuf_reader from = {data, size};
    protobuf_field found;
    long counts[17] = {0};
    size_t count = to->count;
    while (from.left > 0) {
        const otlp_field* field;
        if (!protobuf_next(&from, &found)) {
            return false;
        }
        field = otlp_by_number(message, found.number, top);
        if (field == NULL || found.wire != otlp_wire(field->type[0]) ||
            (counts[found.number] > 0 && field->type[0] != 'M') ||
            !leaves_of_protobuf_field(to, field, &found, counts[found.number]++)) {
            return false;
        }
    }
    if (to->count == count) {
        leaves_line(to, "{}", 2);
    }
    return message != OTLP_ANY || counts[1] + counts[2] + counts[3] + counts[4] + counts[5] <= 1;
}

/* `top` says what it is: "resourceSpans", ... */
static inline bool leaves_of_protobuf(leaves* to, const char* top, const char* data, size_t size)
{
    leaves_clear(to);
    return leaves_of_protobuf_message(to, OTLP_DATA, top, (const unsigned char*)data, size);
}

/* ---- from JSON ----------------------------------------------------------------------------- */

typedef struct otlp_json {
    const char* text;
    size_t size;
    size_t at;
    char* scratch;
    size_t scratch_room;
} otlp_json;

static bool otlp_json_take(otlp_json* from, char byte)
{
    if (from->at < from->size && from->text[from->at] == byte) {
        from->at++;
        return true;
    }
    return false;
}

/* A string into the scratch, with a NUL behind it. */
static bool otlp_json_string(otlp_json* from, size_t* size)
{
    size_t end = from->at + 1;
    bool good;
    if (from->at >= from->size || from->text[from->at] != '"') {
        return false;
    }
    while (end < from->size && from->text[end] != '"') {
        end += from->text[end] == '\\' ? 2 : 1;
    }
    if (end >= from->size) {
        return false;
    }
    if (from->scratch_room < end - from->at + 1) {
        from->scratch_room = 2 * (end - from->at) + 64;
        from->scratch = (char*)realloc(from->scratch, from->scratch_room);
    }
    good = json_read_string(from->text + from->at, end + 1 - from->at, from->scratch, size);
    from->scratch[good ? *size : 0] = '\0';
    from->at = end + 1;
    return good;
}

/* A number as it stands; where `quoted` in quotes. */
static bool otlp_json_number(otlp_json* from, char number[64], bool quoted)
{
    size_t size = 0;
    if (quoted && !otlp_json_take(from, '"')) {
        return false;
    }
    while (from->at < from->size && size < 63 &&
           strchr("+-.0123456789e", from->text[from->at]) != NULL) {
        number[size++] = from->text[from->at++];
    }
    number[size] = '\0';
    return size > 0 && (!quoted || otlp_json_take(from, '"'));
}

/* Only the one decimal that a number has. */
static bool otlp_json_integer(leaves* to, const char* number, bool is_signed, bool told)
{
    char again[64];
    if (is_signed) {
        int64_t value = (int64_t)strtoll(number, NULL, 10);
        snprintf(again, sizeof again, "%lld", (long long)value);
        if (told || value != 0) {
            leaves_signed(to, value);
        }
    } else {
        uint64_t value = (uint64_t)strtoull(number, NULL, 10);
        snprintf(again, sizeof again, "%llu", (unsigned long long)value);
        if (told || value != 0) {
            leaves_number(to, value, false);
        }
    }
    return strcmp(number, again) == 0;
}

static bool otlp_json_double(leaves* to, otlp_json* from)
{
    static const char* const words[] = {"\"NaN\"", "\"Infinity\"", "\"-Infinity\""};
    static const uint64_t bits[] = {UINT64_C(0x7ff8000000000000), UINT64_C(0x7ff0000000000000),
                                    UINT64_C(0xfff0000000000000)};
    char number[64];
    char* end;
    double value;
    uint64_t is;
    int i;
    for (i = 0; i < 3; i++) {
        size_t size = strlen(words[i]);
        if (from->size - from->at >= size && memcmp(from->text + from->at, words[i], size) == 0) {
            from->at += size;
            leaves_double_bits(to, bits[i]);
            return true;
        }
    }
    if (!otlp_json_number(from, number, false)) {
        return false;
    }
    value = strtod(number, &end);
    memcpy(&is, &value, sizeof is);
    leaves_double_bits(to, is);
    return *end == '\0';
}

static bool otlp_json_bool(leaves* to, otlp_json* from, bool told)
{
    bool is = from->size - from->at >= 4 && memcmp(from->text + from->at, "true", 4) == 0;
    if (!is && (from->size - from->at < 5 || memcmp(from->text + from->at, "false", 5) != 0)) {
        return false;
    }
    from->at += is ? 4 : 5;
    if (told || is) {
        leaves_line(to, is ? "true" : "false", is ? 4 : 5);
    }
    return true;
}

static bool otlp_json_id(leaves* to, otlp_json* from, const otlp_field* field)
{
    size_t size = 0;
    if (!otlp_json_string(from, &size) || size != 2 * otlp_id_size(field) ||
        strspn(from->scratch, "0123456789abcdef") != size) {
        return false;
    }
    leaves_line(to, from->scratch, size);
    return true;
}

static bool leaves_of_json_message(leaves* to, otlp_json* from, otlp_message message, long base);

static bool leaves_of_json_value(leaves* to, otlp_json* from, const otlp_field* field)
{
    bool told = field->type[1] == '+';
    char number[64];
    size_t size = 0;
    switch (field->type[0]) {
    case 's':
        if (!otlp_json_string(from, &size)) {
            return false;
        }
        if (told || size > 0) {
            leaves_text(to, from->scratch, size);
        }
        return true;
    case 'b':
        return otlp_json_id(to, from, field);
    case 'd':
        return otlp_json_double(to, from);
    case 'D':
        return otlp_json_double(to, from);
    case 'o':
        return otlp_json_bool(to, from, told);
    case 'm':
    case 'M':
        return leaves_of_json_message(to, from, field->inner, 0);
    case 'X':
    case 'V':
        return otlp_json_number(from, number, true) &&
               otlp_json_integer(to, number, false, true);
    default:
        return otlp_json_number(from, number, strchr("xiv", field->type[0]) != NULL) &&
               otlp_json_integer(to, number, strchr("ivz", field->type[0]) != NULL, told);
    }
}

static bool leaves_of_json_list(leaves* to, otlp_json* from, const otlp_field* field, long number)
{
    if (!otlp_json_take(from, '[')) {
        return false;
    }
    if (otlp_json_take(from, ']')) {
        return true;
    }
    do {
        size_t before = leaves_enter(to, field->name, number++);
        if (!leaves_of_json_value(to, from, field)) {
            return false;
        }
        to->path_size = before;
    } while (otlp_json_take(from, ','));
    return otlp_json_take(from, ']');
}

static bool leaves_of_json_field(leaves* to, otlp_json* from, const otlp_field* field, long base)
{
    size_t before;
    if (strchr("MXVD", field->type[0]) != NULL) {
        return leaves_of_json_list(to, from, field, base);
    }
    before = leaves_enter(to, field->name, -1);
    if (!leaves_of_json_value(to, from, field)) {
        return false;
    }
    to->path_size = before;
    return true;
}

/* `base` is where its lists begin to count. */
static bool leaves_of_json_message(leaves* to, otlp_json* from, otlp_message message, long base)
{
    size_t count = to->count;
    bool seen[OTLP_FIELDS] = {false};
    if (!otlp_json_take(from, '{')) {
        return false;
    }
    while (!otlp_json_take(from, '}')) {
        size_t i, size = 0;
        if (from->text[from->at - 1] != '{' && !otlp_json_take(from, ',')) {
            return false;
        }
        if (!otlp_json_string(from, &size) || !otlp_json_take(from, ':')) {
            return false;
        }
        for (i = 0; i < OTLP_FIELDS; i++) {
            if (otlp_fields[i].message == message &&
                strcmp(otlp_fields[i].name, from->scratch) == 0) {
                break;
            }
        }
        if (i == OTLP_FIELDS || seen[i] || !leaves_of_json_field(to, from, &otlp_fields[i], base)) {
            return false;
        }
        seen[i] = true;
    }
    if (to->count == count) {
        leaves_line(to, "{}", 2);
    }
    return true;
}

/* Lines of JSON, each a message; what they say together. */
static inline bool leaves_of_json(leaves* to, const char* text, size_t size)
{
    otlp_json from;
    long base = 0;
    bool good = true;
    memset(&from, 0, sizeof from);
    from.text = text;
    from.size = size;
    leaves_clear(to);
    while (good && from.at < size) {
        good = leaves_of_json_message(to, &from, OTLP_DATA, base++) && otlp_json_take(&from, '\n');
    }
    free(from.scratch);
    return good;
}

/* ---- comparing ----------------------------------------------------------------------------- */

static inline bool leaves_equal(const leaves* a, const leaves* b)
{
    return a->size == b->size && memcmp(a->text, b->text, a->size) == 0;
}

/* The first line that differs, as a comment. */
static inline void leaves_explain(const leaves* a, const leaves* b)
{
    size_t i = 0, line = 0;
    while (i < a->size && i < b->size && a->text[i] == b->text[i]) {
        i++;
        line = a->text[i - 1] == '\n' ? i : line;
    }
    printf("# one:   %.*s\n", (int)strcspn(a->text + line, "\n"), a->text + line);
    printf("# other: %.*s\n", (int)strcspn(b->text + line, "\n"), b->text + line);
}

#endif

#include "json.h"

#include <stdio.h>
#include <string.h>

/* ---- checking: each function returns where its part ends, NULL where it is malformed ------- */

static const char* skip_space(const char* at, const char* end)
{
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r')) {
        at++;
    }
    return at;
}

static bool is_digit(const char* at, const char* end)
{
    return at < end && *at >= '0' && *at <= '9';
}

static const char* skip_digits(const char* at, const char* end)
{
    const char* begun = at;
    while (is_digit(at, end)) {
        at++;
    }
    return at > begun ? at : NULL;
}

static const char* skip_number(const char* at, const char* end)
{
    at += *at == '-';
    bool zero = at < end && *at == '0';
    at = zero ? at + 1 : skip_digits(at, end);
    if (at != NULL && at < end && *at == '.') {
        at = skip_digits(at + 1, end);
    }
    if (at != NULL && at < end && (*at == 'e' || *at == 'E')) {
        at++;
        at += at < end && (*at == '+' || *at == '-');
        at = skip_digits(at, end);
    }
    return at;
}

static int hex_value(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* The value of the four digits at `at`, or -1. */
static int32_t read_hex4(const char* at, const char* end)
{
    int32_t value = 0;
    for (int i = 0; i < 4; i++) {
        int digit = end - at > i ? hex_value(at[i]) : -1;
        if (digit < 0) {
            return -1;
        }
        value = value * 16 + digit;
    }
    return value;
}

static const char* skip_string(const char* at, const char* end)
{
    for (at++; at < end && *at != '"'; at++) {
        if ((unsigned char)*at < 0x20) {
            return NULL;
        }
        if (*at != '\\') {
            continue;
        }
        at++;
        if (at == end || *at == '\0' || strchr("\"\\/bfnrtu", *at) == NULL) {
            return NULL;
        }
        if (*at == 'u') {
            if (read_hex4(at + 1, end) < 0) {
                return NULL;
            }
            at += 4;
        }
    }
    return at < end ? at + 1 : NULL;
}

static const char* skip_word(const char* at, const char* end)
{
    static const char* const words[] = {"true", "false", "null"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t size = strlen(words[i]);
        if ((size_t)(end - at) >= size && memcmp(at, words[i], size) == 0) {
            return at + size;
        }
    }
    return NULL;
}

static const char* skip_value(const char* at, const char* end, int depth);

/* The colon and the value behind a key. */
static const char* skip_member(const char* at, const char* end, int depth)
{
    at = at < end && *at == '"' ? skip_string(at, end) : NULL;
    at = at != NULL ? skip_space(at, end) : NULL;
    return at != NULL && at < end && *at == ':' ? skip_value(at + 1, end, depth) : NULL;
}

/* An object or an array. */
static const char* skip_nest(const char* at, const char* end, int depth)
{
    char close = *at == '{' ? '}' : ']';
    if (depth >= JSON_DEPTH) {
        return NULL;
    }
    at = skip_space(at + 1, end);
    if (at < end && *at == close) {
        return at + 1;
    }
    for (;;) {
        at = skip_space(at, end);
        at = close == '}' ? skip_member(at, end, depth + 1) : skip_value(at, end, depth + 1);
        at = at != NULL ? skip_space(at, end) : NULL;
        if (at == NULL || at == end || (*at != ',' && *at != close)) {
            return NULL;
        }
        if (*at++ == close) {
            return at;
        }
    }
}

static const char* skip_value(const char* at, const char* end, int depth)
{
    at = skip_space(at, end);
    if (at == end) {
        return NULL;
    }
    if (*at == '{' || *at == '[') {
        return skip_nest(at, end, depth);
    }
    if (*at == '"') {
        return skip_string(at, end);
    }
    return *at == '-' || is_digit(at, end) ? skip_number(at, end) : skip_word(at, end);
}

json json_parse(const char* data, size_t size)
{
    static const json none = {NULL, NULL};
    const char* end = data + size;
    const char* after = skip_value(data, end, 0);
    json whole = {skip_space(data, end), after};
    return after != NULL && skip_space(after, end) == end ? whole : none;
}

/* ---- looking up: the text is known to be well-formed --------------------------------------- */

/* The `place`th value of an object or array; with a name, the member of that name. */
static json find(json nest, const char* name, size_t place)
{
    json found = {NULL, NULL};
    const char* at = skip_space(nest.data + 1, nest.end);
    while (at < nest.end && *at != '}' && *at != ']') {
        const char* key = at;
        bool named = false;
        if (name != NULL) {
            at = skip_string(at, nest.end);
            named = (size_t)(at - key) == strlen(name) + 2 &&
                    memcmp(key + 1, name, strlen(name)) == 0;
            at = skip_space(at, nest.end) + 1; /* the colon */
        }
        at = skip_space(at, nest.end);
        const char* end = skip_value(at, nest.end, 0);
        if (name != NULL ? named : place-- == 0) {
            found.data = at;
            found.end = end;
            return found;
        }
        at = skip_space(end, nest.end);
        at = skip_space(at + (*at == ','), nest.end);
    }
    return found;
}

json json_member(json object, const char* name)
{
    static const json none = {NULL, NULL};
    return object.data != NULL && *object.data == '{' ? find(object, name, 0) : none;
}

json json_item(json array, size_t place)
{
    static const json none = {NULL, NULL};
    return array.data != NULL && *array.data == '[' ? find(array, NULL, place) : none;
}

bool json_int(json value, int64_t* to)
{
    const char* at = value.data;
    bool negative = at != NULL && *at == '-';
    int64_t number = 0;
    if (at == NULL || (!negative && !is_digit(at, value.end))) {
        return false;
    }
    for (at += negative; is_digit(at, value.end); at++) {
        int digit = *at - '0';
        if (number > (INT64_MAX - digit) / 10) {
            return false;
        }
        number = number * 10 + digit;
    }
    if (at != value.end) {
        return false; /* a fraction or an exponent */
    }
    *to = negative ? -number : number;
    return true;
}

/* ---- strings ------------------------------------------------------------------------------- */

static void add_point(text* to, int32_t point)
{
    static const int leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    char bytes[4];
    int size = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (int i = size - 1; i > 0; i--) {
        bytes[i] = (char)(0x80 | (point & 0x3f));
        point >>= 6;
    }
    bytes[0] = (char)(leads[size] | point);
    text_add(to, bytes, (size_t)size);
}

/* Adds the code point of the \u whose digits are at `at`, maybe of two; returns where it ends. */
static const char* add_escaped_point(text* to, const char* at, const char* end)
{
    int32_t point = read_hex4(at, end);
    at += 4;
    bool high = point >= 0xd800 && point < 0xdc00;
    if (high && end - at > 6 && at[0] == '\\' && at[1] == 'u') {
        int32_t low = read_hex4(at + 2, end);
        if (low >= 0xdc00 && low < 0xe000) {
            add_point(to, 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00));
            return at + 6;
        }
    }
    bool half = point >= 0xd800 && point < 0xe000;
    add_point(to, half || point == 0 ? 0xfffd : point);
    return at;
}

bool json_string(json value, text* to)
{
    if (value.data == NULL || *value.data != '"') {
        return false;
    }
    text_add(to, "", 0);
    const char* end = value.end - 1;
    for (const char* at = value.data + 1; at < end;) {
        const char* plain = at;
        while (at < end && *at != '\\') {
            at++;
        }
        text_add(to, plain, (size_t)(at - plain));
        if (at == end) {
            break;
        }
        static const char names[] = "bfnrt\"\\/";
        static const char values[] = "\b\f\n\r\t\"\\/";
        char escape = at[1];
        at += 2;
        if (escape == 'u') {
            at = add_escaped_point(to, at, value.end);
        } else {
            text_add(to, &values[strchr(names, escape) - names], 1);
        }
    }
    return true;
}

/* The size of the UTF-8 sequence at the begin of a text; 0: it is none. */
static size_t sequence_size(const unsigned char* data, size_t size)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t need = data[0] < 0x80 ? 1 : data[0] < 0xe0 ? 2 : data[0] < 0xf0 ? 3 : 4;
    uint32_t point = need == 1 ? data[0] : data[0] & (0x7fu >> need);
    if (data[0] >= 0xf8 || (data[0] >= 0x80 && data[0] < 0xc0) || need > size) {
        return 0;
    }
    for (size_t i = 1; i < need; i++) {
        if ((data[i] & 0xc0) != 0x80) {
            return 0;
        }
        point = point << 6 | (data[i] & 0x3fu);
    }
    bool half = point >= 0xd800 && point < 0xe000;
    return point < least[need] || point > 0x10ffff || half ? 0 : need;
}

void json_write_string(text* to, const char* data, size_t size)
{
    text_add_string(to, "\"");
    for (size_t i = 0; i < size;) {
        size_t sequence = sequence_size((const unsigned char*)data + i, size - i);
        if (sequence == 0) {
            text_add_string(to, "\\ufffd");
        } else if (data[i] == '"' || data[i] == '\\') {
            text_add_string(to, "\\");
            text_add(to, data + i, 1);
        } else if ((unsigned char)data[i] < 0x20) {
            char escape[8];
            snprintf(escape, sizeof escape, "\\u%04x", (unsigned)data[i]);
            text_add_string(to, escape);
        } else {
            text_add(to, data + i, sequence);
        }
        i += sequence == 0 ? 1 : sequence;
    }
    text_add_string(to, "\"");
}

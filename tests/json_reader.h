/* A strict reader of one JSON string, for the tests: it shares nothing with the writer. */
#ifndef JSON_READER_H
#define JSON_READER_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* The value of four hex digits, or -1. */
static long json_code(const char* text)
{
    long value = 0;
    int i;
    for (i = 0; i < 4; i++) {
        const char* digits = "00112233445566778899aAbBcCdDeEfF";
        const char* at = text[i] != '\0' ? strchr(digits, text[i]) : NULL;
        if (at == NULL) {
            return -1;
        }
        value = value << 4 | (long)((at - digits) / 2);
    }
    return value;
}

static size_t json_put_point(long point, char* out)
{
    int size = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    static const int leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    int i;
    for (i = size - 1; i > 0; i--, point >>= 6) {
        out[i] = (char)(0x80 | (point & 63));
    }
    out[0] = (char)(leads[size] | point);
    return (size_t)size;
}

/* One raw UTF-8 code point: its size; 0 if it is malformed or one that must have been escaped. */
static size_t json_raw(const unsigned char* b, size_t size)
{
    long point = b[0];
    size_t need = b[0] < 0x80 ? 1 : b[0] >= 0xf0 ? 4 : b[0] >= 0xe0 ? 3 : 2;
    char again[4];
    size_t i;
    if (b[0] >= 0xf8 || need > size || (b[0] >= 0x80 && b[0] < 0xc2)) {
        return 0;
    }
    if (need > 1) {
        point = b[0] & (0x7f >> need);
        for (i = 1; i < need; i++) {
            point = point << 6 | (b[i] & 63);
        }
    }
    if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff) ||
        json_put_point(point, again) != need || memcmp(again, b, need) != 0) {
        return 0;
    }
    if (point < 0x20 || (point >= 0x7f && point <= 0x9f) || point == 0x61c || point == 0x200e ||
        point == 0x200f || (point >= 0x2028 && point <= 0x202e) ||
        (point >= 0x2066 && point <= 0x2069) || point == 0xfeff) {
        return 0;
    }
    return need;
}

/* One escape after its backslash: how much it took, 0 if there is no such; writes up to 4 bytes. */
static size_t json_escape_sequence(const char* text, size_t size, char* out, size_t* out_size)
{
    static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    const char* at;
    long point;
    if (size == 0 || text[0] == '\0') {
        return 0;
    }
    at = strchr(letters, text[0]);
    if (at != NULL) {
        out[0] = meanings[at - letters];
        *out_size = 1;
        return 1;
    }
    point = text[0] == 'u' && size >= 5 ? json_code(text + 1) : -1;
    if (point < 0 || (point >= 0xd800 && point <= 0xdfff)) { /* no need for surrogates in UTF-8 */
        return 0;
    }
    *out_size = json_put_point(point, out);
    return 5;
}

/* Reads text[0 .. size), which must be one string and nothing else. `out` has as much room. */
static bool json_read_string(const char* text, size_t size, char* out, size_t* out_size)
{
    size_t i = 1, written = 0, taken, grown;
    if (size < 2 || text[0] != '"' || text[size - 1] != '"') {
        return false;
    }
    while (i < size - 1) {
        if (text[i] == '"') {
            return false;
        }
        if (text[i] == '\\') {
            taken = json_escape_sequence(text + i + 1, size - i - 2, out + written, &grown);
            if (taken == 0) {
                return false;
            }
            i += 1 + taken;
            written += grown;
        } else {
            taken = json_raw((const unsigned char*)text + i, size - 1 - i);
            if (taken == 0) {
                return false;
            }
            memcpy(out + written, text + i, taken);
            written += taken;
            i += taken;
        }
    }
    *out_size = written;
    return i == size - 1;
}

#endif

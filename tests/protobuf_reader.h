/* A strict reader of protobuf's wire format, for the tests: it shares nothing with the writer.
   Varints must be as short as can be. */
#ifndef PROTOBUF_READER_H
#define PROTOBUF_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct protobuf_reader {
    const unsigned char* data;
    size_t left;
} protobuf_reader;

typedef struct protobuf_field {
    uint32_t number;
    uint32_t wire;               /* 0 varint, 1 eight bytes, 2 sized, 5 four bytes */
    uint64_t value;              /* of 0, 1, 5 */
    const unsigned char* data;   /* of 2 */
    size_t size;
} protobuf_field;

static bool protobuf_varint(protobuf_reader* from, uint64_t* value)
{
    unsigned shift = 0;
    *value = 0;
    while (from->left > 0) {
        unsigned char byte = *from->data++;
        from->left--;
        if (shift == 63 && byte > 1) { /* more than 64 bits */
            return false;
        }
        *value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            return byte != 0 || shift == 0;
        }
        shift += 7;
        if (shift > 63) {
            return false;
        }
    }
    return false;
}

static bool protobuf_little_endian(protobuf_reader* from, size_t size, uint64_t* value)
{
    size_t i;
    if (from->left < size) {
        return false;
    }
    *value = 0;
    for (i = 0; i < size; i++) {
        *value |= (uint64_t)from->data[i] << (8 * i);
    }
    from->data += size;
    from->left -= size;
    return true;
}

/* The next field. False: what stands there is none. */
static bool protobuf_next(protobuf_reader* from, protobuf_field* field)
{
    uint64_t tag;
    memset(field, 0, sizeof *field);
    if (!protobuf_varint(from, &tag) || tag >> 3 == 0 || tag >> 3 > 536870911) {
        return false;
    }
    field->number = (uint32_t)(tag >> 3);
    field->wire = (uint32_t)(tag & 7);
    if (field->wire == 0) {
        return protobuf_varint(from, &field->value);
    }
    if (field->wire == 1 || field->wire == 5) {
        return protobuf_little_endian(from, field->wire == 1 ? 8 : 4, &field->value);
    }
    if (field->wire != 2 || !protobuf_varint(from, &field->value) || field->value > from->left) {
        return false;
    }
    field->data = from->data;
    field->size = (size_t)field->value;
    from->data += field->size;
    from->left -= field->size;
    return true;
}

/* Whether it is UTF-8: no overlong form, no surrogate, nothing above U+10FFFF. */
static bool protobuf_is_text(const unsigned char* data, size_t size)
{
    size_t i = 0;
    while (i < size) {
        static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
        size_t need = data[i] < 0x80   ? 1
                      : data[i] < 0xc0 ? 0
                      : data[i] < 0xe0 ? 2
                      : data[i] < 0xf0 ? 3
                      : data[i] < 0xf8 ? 4
                                       : 0;
        uint32_t point = need < 2 ? data[i] : data[i] & (0x7fu >> need);
        size_t k;
        if (need == 0 || need > size - i) {
            return false;
        }
        for (k = 1; k < need; k++) {
            if ((data[i + k] & 0xc0) != 0x80) {
                return false;
            }
            point = point << 6 | (data[i + k] & 63u);
        }
        if (point < least[need] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) {
            return false;
        }
        i += need;
    }
    return true;
}

#endif

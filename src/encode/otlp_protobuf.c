/* Protobuf's wire format, as far as OTLP needs it: varints, tags, text. A message that lies in
   another has its size before it, so it is measured first and written then. Little endian, every
   number in as few bytes as can be, no field that says its default.

   Room is the caller's matter, as in core/text: what append_... writes must be free, and up to
   seven bytes after it may be overwritten. */

/* How a field's value stands in the bytes: the lower three bits of its tag. */
#define LLMOBS_I_WIRE_VARINT 0u
#define LLMOBS_I_WIRE_64 1u
#define LLMOBS_I_WIRE_SIZED 2u
#define LLMOBS_I_WIRE_32 5u

#define LLMOBS_I_VARINT_ROOM 10u
#define LLMOBS_I_TAG_ROOM 2u /* field numbers below 2048 */

/* A tag and a size. */
#define LLMOBS_I_HEAD_ROOM (LLMOBS_I_TAG_ROOM + LLMOBS_I_VARINT_ROOM)

/* Readers take no larger message. */
#define LLMOBS_I_PROTOBUF_MOST UINT64_C(0x7fffffff)

/* ---- numbers ------------------------------------------------------------------------------- */

/* Seven bits a byte. */
llmobsi_inline uint32_t llmobsi_varint_size(uint64_t number)
{
    /* the highest bit's place */
    uint32_t top = 63u - (uint32_t)llmobsi_leading_zeros64(number | 1);
    return (top * 9 + 73) / 64; /* top / 7 + 1, for all there are */
}

llmobsi_inline char* llmobsi_append_varint(char* cursor, uint64_t number)
{
    while (llmobsi_unlikely(number >= 0x80)) {
        *cursor++ = (char)(number | 0x80);
        number >>= 7;
    }
    *cursor++ = (char)number;
    return cursor;
}

/* Small numbers of either sign are small: 0, -1, 1, -2 become 0, 1, 2, 3. */
llmobsi_inline uint32_t llmobsi_zigzag(int32_t number)
{
    uint32_t bits = (uint32_t)number;
    return bits << 1 ^ (number < 0 ? UINT32_MAX : 0u);
}

llmobsi_inline uint32_t llmobsi_tag_size(uint32_t field)
{
    return field < 16 ? 1u : 2u;
}

llmobsi_inline char* llmobsi_append_tag(char* cursor, uint32_t field, uint32_t wire)
{
    return llmobsi_append_varint(cursor, field << 3 | wire);
}

llmobsi_inline char* llmobsi_append_le32(char* cursor, uint32_t number)
{
#if LLMOBS_I_BIG_ENDIAN
    number = llmobsi_swap_bytes32(number);
#endif
    memcpy(cursor, &number, sizeof number);
    return cursor + sizeof number;
}

llmobsi_inline char* llmobsi_append_le64(char* cursor, uint64_t number)
{
    llmobsi_store_le64(cursor, number);
    return cursor + sizeof number;
}

/* The double nearest to billionths, as a reader of their decimal gets it. In whole numbers: under
   -ffast-math a division may be another. */
llmobsi_fn double llmobsi_double_of_nano(int64_t number)
{
    uint64_t size = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    uint64_t significand;
    unsigned down;
    double power;
    if (number == 0) {
        return 0;
    }
    significand = llmobsi_ratio_significand(size, LLMOBS_I_BILLION, &down);
    power = llmobsi_double_of((uint64_t)(1023 - down) << 52); /* 2^-down */
    return (double)(int64_t)significand * (number < 0 ? -power : power);
}

/* ---- text ---------------------------------------------------------------------------------- */

/* Text must be UTF-8: some receivers refuse a whole message for one byte of it. What is malformed
   becomes U+FFFD, and so longer. Each text of a record is looked at once, when the record is
   measured; if none was malformed, none is looked at again. */
typedef struct llmobsi_otlp_texts {
    bool trusted; /* nothing is malformed: the record was measured before                       */
    bool damaged; /* something was malformed since this was last cleared                        */
} llmobsi_otlp_texts;

/* Whether all bytes are below 0x80. The last words overlap those before them. */
llmobsi_inline bool llmobsi_is_ascii(const char* data, size_t size)
{
    uint64_t all = 0;
    size_t i;
    if (size >= 8) {
        for (i = 0; i + 8 < size; i += 8) {
            all |= llmobsi_load_le64(data + i);
        }
        all |= llmobsi_load_le64(data + size - 8);
    } else {
        for (i = 0; i < size; i++) {
            all |= (uint8_t)data[i];
        }
    }
    return (all & LLMOBS_I_EACH_BYTE(0x80)) == 0;
}

/* The size of a text that is not ASCII, once it is repaired. */
llmobsi_noinline uint64_t llmobsi_otlp_repaired_size(llmobsi_otlp_texts* texts, llmobs_string text)
{
    uint64_t size = 0;
    size_t i = 0;
    while (i < text.size) {
        size_t good = llmobsi_utf8_valid_size(text.data + i, text.size - i);
        bool valid;
        size += good;
        i += good;
        if (i < text.size) {
            texts->damaged = true;
            size += sizeof(LLMOBS_I_REPLACEMENT) - 1;
            i += llmobsi_utf8_segment(text.data + i, text.size - i, &valid);
        }
    }
    return size;
}

llmobsi_inline uint64_t llmobsi_otlp_text_size(llmobsi_otlp_texts* texts, llmobs_string text)
{
    if (llmobsi_likely(texts->trusted || llmobsi_is_ascii(text.data, text.size))) {
        return text.size;
    }
    return llmobsi_otlp_repaired_size(texts, text);
}

/* A text up to this long is copied with its head, at one check for room. */
#define LLMOBS_I_OTLP_SHORT 128u

/* Copies up to LLMOBS_I_OTLP_SHORT bytes, and not one more: the last words overlap those before. */
llmobsi_inline char* llmobsi_append_short(char* cursor, const char* data, size_t size)
{
    size_t i;
    if (size >= 16) {
        for (i = 0; i + 16 < size; i += 16) {
            memcpy(cursor + i, data + i, 16);
        }
        memcpy(cursor + size - 16, data + size - 16, 16);
    } else if (size >= 8) {
        memcpy(cursor, data, 8);
        memcpy(cursor + size - 8, data + size - 8, 8);
    } else if (size >= 4) {
        memcpy(cursor, data, 4);
        memcpy(cursor + size - 4, data + size - 4, 4);
    } else {
        for (i = 0; i < size; i++) {
            cursor[i] = data[i];
        }
    }
    return cursor + size;
}

/* Bytes of any number, through the buffer. */
llmobsi_fn char* llmobsi_otlp_copy_long(llmobsi_writer* writer, char* cursor, const char* data,
                                        size_t size)
{
    while (size > 0 && !writer->failed) {
        size_t room, piece;
        cursor = llmobsi_room(writer, cursor, LLMOBS_I_OTLP_SHORT);
        room = (size_t)(writer->data + writer->capacity - cursor);
        piece = size < room ? size : room;
        memcpy(cursor, data, piece);
        cursor += piece;
        data += piece;
        size -= piece;
    }
    return cursor;
}

/* A text that is long, or malformed. */
llmobsi_noinline char* llmobsi_otlp_text_slowly(llmobsi_writer* writer, char* cursor,
                                                llmobs_string text)
{
    size_t i = 0;
    while (i < text.size && !writer->failed) {
        size_t good = llmobsi_utf8_valid_size(text.data + i, text.size - i);
        bool valid;
        cursor = llmobsi_otlp_copy_long(writer, cursor, text.data + i, good);
        i += good;
        if (i < text.size) {
            cursor = llmobsi_room(writer, cursor, LLMOBS_I_OTLP_SHORT);
            cursor = llmobsi_append_text(cursor, LLMOBS_I_REPLACEMENT);
            i += llmobsi_utf8_segment(text.data + i, text.size - i, &valid);
        }
    }
    return cursor;
}

/* A text, after its size. LLMOBS_I_OTLP_SHORT and `after` bytes must be free; leaves `after`. */
llmobsi_inline char* llmobsi_otlp_text_bytes(llmobsi_writer* writer, char* cursor,
                                             const llmobsi_otlp_texts* texts, llmobs_string text,
                                             size_t after)
{
    if (llmobsi_likely(texts->trusted && text.size <= LLMOBS_I_OTLP_SHORT)) {
        return llmobsi_append_short(cursor, text.data, text.size);
    }
    cursor = texts->trusted ? llmobsi_otlp_copy_long(writer, cursor, text.data, text.size)
                            : llmobsi_otlp_text_slowly(writer, cursor, text);
    return llmobsi_room(writer, cursor, after);
}

/* JSON out. Strings are quoted and made harmless: what could end a line, a string or a
   terminal's good order is escaped, malformed UTF-8 becomes U+FFFD, all else stays as it is.
   Reading them gives back the same text. */

/* ---- ASCII --------------------------------------------------------------------------------- */

/* What each ASCII byte becomes: up to seven bytes of text, then their number. Dense specials go
   through here without a branch. */
#define LLMOBS_I_JSON_CODE(digits) "\\u00" digits "\0\6"
#define LLMOBS_I_JSON_PAIR(letter) "\\" letter "\0\0\0\0\0\2"
#define LLMOBS_I_JSON_SAME(byte) byte "\0\0\0\0\0\0\1"
#define LLMOBS_I_JSON_SAME4(a, b, c, d)                                                            \
    LLMOBS_I_JSON_SAME(a) LLMOBS_I_JSON_SAME(b) LLMOBS_I_JSON_SAME(c) LLMOBS_I_JSON_SAME(d)
#define LLMOBS_I_JSON_CODE4(row, a, b, c, d)                                                       \
    LLMOBS_I_JSON_CODE(row a) LLMOBS_I_JSON_CODE(row b) LLMOBS_I_JSON_CODE(row c)                  \
    LLMOBS_I_JSON_CODE(row d)

static const char llmobsi_json_ascii[128 * 8 + 1] =
    LLMOBS_I_JSON_CODE4("0", "0", "1", "2", "3") LLMOBS_I_JSON_CODE4("0", "4", "5", "6", "7")
    LLMOBS_I_JSON_PAIR("b") LLMOBS_I_JSON_PAIR("t") LLMOBS_I_JSON_PAIR("n")
    LLMOBS_I_JSON_CODE("0b") LLMOBS_I_JSON_PAIR("f") LLMOBS_I_JSON_PAIR("r")
    LLMOBS_I_JSON_CODE("0e") LLMOBS_I_JSON_CODE("0f")
    LLMOBS_I_JSON_CODE4("1", "0", "1", "2", "3") LLMOBS_I_JSON_CODE4("1", "4", "5", "6", "7")
    LLMOBS_I_JSON_CODE4("1", "8", "9", "a", "b") LLMOBS_I_JSON_CODE4("1", "c", "d", "e", "f")
    LLMOBS_I_JSON_SAME(" ") LLMOBS_I_JSON_SAME("!") LLMOBS_I_JSON_PAIR("\"") LLMOBS_I_JSON_SAME("#")
    LLMOBS_I_JSON_SAME4("$", "%", "&", "'") LLMOBS_I_JSON_SAME4("(", ")", "*", "+")
    LLMOBS_I_JSON_SAME4(",", "-", ".", "/") LLMOBS_I_JSON_SAME4("0", "1", "2", "3")
    LLMOBS_I_JSON_SAME4("4", "5", "6", "7") LLMOBS_I_JSON_SAME4("8", "9", ":", ";")
    LLMOBS_I_JSON_SAME4("<", "=", ">", "?") LLMOBS_I_JSON_SAME4("@", "A", "B", "C")
    LLMOBS_I_JSON_SAME4("D", "E", "F", "G") LLMOBS_I_JSON_SAME4("H", "I", "J", "K")
    LLMOBS_I_JSON_SAME4("L", "M", "N", "O") LLMOBS_I_JSON_SAME4("P", "Q", "R", "S")
    LLMOBS_I_JSON_SAME4("T", "U", "V", "W") LLMOBS_I_JSON_SAME4("X", "Y", "Z", "[")
    LLMOBS_I_JSON_PAIR("\\") LLMOBS_I_JSON_SAME("]") LLMOBS_I_JSON_SAME("^") LLMOBS_I_JSON_SAME("_")
    LLMOBS_I_JSON_SAME4("`", "a", "b", "c") LLMOBS_I_JSON_SAME4("d", "e", "f", "g")
    LLMOBS_I_JSON_SAME4("h", "i", "j", "k") LLMOBS_I_JSON_SAME4("l", "m", "n", "o")
    LLMOBS_I_JSON_SAME4("p", "q", "r", "s") LLMOBS_I_JSON_SAME4("t", "u", "v", "w")
    LLMOBS_I_JSON_SAME4("x", "y", "z", "{") LLMOBS_I_JSON_SAME("|") LLMOBS_I_JSON_SAME("}")
    LLMOBS_I_JSON_SAME("~") LLMOBS_I_JSON_CODE("7f");

llmobsi_inline char* llmobsi_json_ascii_byte(char* out, char byte)
{
    const char* entry = llmobsi_json_ascii + (size_t)(uint8_t)byte * 8;
    memcpy(out, entry, 8);
    return out + entry[7];
}

/* ---- clean text ---------------------------------------------------------------------------- */

/* Bit 7 of each byte that can't be copied as it is: below 0x20, '"', '\\', 0x7f and above. No sum
   here carries into the next byte. */
llmobsi_inline uint64_t llmobsi_json_dirty8(uint64_t word)
{
    uint64_t low = word & LLMOBS_I_EACH_BYTE(0x7f);
    uint64_t printable = low + LLMOBS_I_EACH_BYTE(0x60);
    uint64_t no_quote = (low ^ LLMOBS_I_EACH_BYTE('"')) + LLMOBS_I_EACH_BYTE(0x7f);
    uint64_t no_backslash = (low ^ LLMOBS_I_EACH_BYTE('\\')) + LLMOBS_I_EACH_BYTE(0x7f);
    uint64_t is_delete = low + LLMOBS_I_EACH_BYTE(1);
    return (word | is_delete | ~(printable & no_quote & no_backslash)) & LLMOBS_I_EACH_BYTE(0x80);
}

/* Copies eight bytes; returns how many at the front are clean. */
llmobsi_inline size_t llmobsi_json_copy8(char* out, const char* data)
{
    uint64_t word = llmobsi_load_le64(data);
    uint64_t dirty = llmobsi_json_dirty8(word);
    llmobsi_store_le64(out, word);
    return dirty == 0 ? 8 : (size_t)llmobsi_trailing_zeros64(dirty) / 8;
}

#if LLMOBS_I_SSE2
/* The same for sixteen. One signed comparison finds controls, 0x7f and all above: one more than
   0x7f is negative. (0xff is one less than 0.) */
llmobsi_inline __m128i llmobsi_json_dirty16(__m128i bytes)
{
    __m128i odd = _mm_cmplt_epi8(_mm_add_epi8(bytes, _mm_set1_epi8(1)), _mm_set1_epi8(0x21));
    __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
    __m128i backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
    return _mm_or_si128(odd, _mm_or_si128(quote, backslash));
}

llmobsi_inline size_t llmobsi_json_copy16(char* out, const char* data)
{
    __m128i bytes = _mm_loadu_si128((const __m128i*)(const void*)data);
    unsigned dirty = (unsigned)_mm_movemask_epi8(llmobsi_json_dirty16(bytes));
    _mm_storeu_si128((__m128i*)(void*)out, bytes);
    return dirty == 0 ? 16 : (size_t)llmobsi_trailing_zeros32(dirty);
}

/* Copies blocks of 64 as long as they are clean. */
llmobsi_inline size_t llmobsi_json_copy_blocks(char* out, const char* data, size_t size)
{
    size_t i = 0;
    for (; i + 64 <= size; i += 64) {
        const __m128i* from = (const __m128i*)(const void*)(data + i);
        __m128i* to = (__m128i*)(void*)(out + i);
        __m128i a = _mm_loadu_si128(from), b = _mm_loadu_si128(from + 1);
        __m128i c = _mm_loadu_si128(from + 2), d = _mm_loadu_si128(from + 3);
        __m128i dirty_ab = _mm_or_si128(llmobsi_json_dirty16(a), llmobsi_json_dirty16(b));
        __m128i dirty_cd = _mm_or_si128(llmobsi_json_dirty16(c), llmobsi_json_dirty16(d));
        if (_mm_movemask_epi8(_mm_or_si128(dirty_ab, dirty_cd)) != 0) {
            break;
        }
        _mm_storeu_si128(to, a);
        _mm_storeu_si128(to + 1, b);
        _mm_storeu_si128(to + 2, c);
        _mm_storeu_si128(to + 3, d);
    }
    return i;
}
#else
llmobsi_inline size_t llmobsi_json_copy16(char* out, const char* data)
{
    size_t clean = llmobsi_json_copy8(out, data);
    return clean < 8 ? clean : 8 + llmobsi_json_copy8(out + 8, data + 8);
}

llmobsi_inline size_t llmobsi_json_copy_blocks(char* out, const char* data, size_t size)
{
    size_t i = 0;
    for (; i + 32 <= size; i += 32) {
        uint64_t a = llmobsi_load_le64(data + i), b = llmobsi_load_le64(data + i + 8);
        uint64_t c = llmobsi_load_le64(data + i + 16), d = llmobsi_load_le64(data + i + 24);
        if ((llmobsi_json_dirty8(a) | llmobsi_json_dirty8(b) | llmobsi_json_dirty8(c) |
             llmobsi_json_dirty8(d)) != 0) {
            break;
        }
        llmobsi_store_le64(out + i, a);
        llmobsi_store_le64(out + i + 8, b);
        llmobsi_store_le64(out + i + 16, c);
        llmobsi_store_le64(out + i + 24, d);
    }
    return i;
}
#endif

/* Copies at most `size` bytes as long as they are clean, and returns their number. Writes no
   further than out[size - 1]. A last part of less than a word is done as a whole word that begins
   earlier: the bytes before it are known to be clean. */
llmobsi_inline size_t llmobsi_json_copy_clean(char* out, const char* data, size_t size)
{
    size_t i = 0, clean, last;
    if (size >= 16) {
        if (size >= 64) {
            i = llmobsi_json_copy_blocks(out, data, size);
        }
        for (; i + 16 <= size; i += 16) {
            clean = llmobsi_json_copy16(out + i, data + i);
            if (clean < 16) {
                return i + clean;
            }
        }
        last = size - 16;
        return i == size ? size : last + llmobsi_json_copy16(out + last, data + last);
    }
    if (size >= 8) {
        clean = llmobsi_json_copy8(out, data);
        last = size - 8;
        return clean < 8 ? clean : last + llmobsi_json_copy8(out + last, data + last);
    }
    for (; i < size; i++) {
        uint8_t byte = (uint8_t)data[i];
        if (byte < 0x20 || byte >= 0x7f || byte == '"' || byte == '\\') {
            break;
        }
        out[i] = (char)byte;
    }
    return i;
}

/* ---- other scripts ------------------------------------------------------------------------- */

/* The byte order mark: of those that llmobsi_utf8_is_plain_three knows, the one harmful. */
llmobsi_inline bool llmobsi_json_is_mark(const char* data)
{
    return llmobsi_unlikely((uint8_t)data[0] == 0xef) && (uint8_t)data[1] == 0xbb &&
           (uint8_t)data[2] == 0xbf;
}

/* Whether eight bytes begin with two code points of three bytes whose leads are 0xe3 to 0xec, which
   is most of Asia's text: none of them is malformed or harmful. */
llmobsi_inline bool llmobsi_json_is_plain_pair(uint64_t word)
{
    uint64_t form = word & UINT64_C(0xc0c0f0c0c0f0); /* the marks of two leads, four to follow */
    uint64_t leads = word & UINT64_C(0x00000f00000f);
    uint64_t above = leads + UINT64_C(0x00000d00000d); /* carries into bit 4: 3 and more */
    uint64_t below = UINT64_C(0x00001c00001c) - leads; /* bit 4 stays: 12 and less       */
    return form == UINT64_C(0x8080e08080e0) &&
           (above & below & UINT64_C(0x000010000010)) == UINT64_C(0x000010000010);
}

/* Writes the segment at `data`, which is not ASCII: at most 6 bytes. */
llmobsi_fn char* llmobsi_json_segment(char* out, const char* data, size_t size, size_t* taken)
{
    bool valid;
    size_t segment = llmobsi_utf8_segment(data, size, &valid);
    uint32_t point;
    *taken = segment;
    if (!valid) {
        return llmobsi_append_text(out, LLMOBS_I_REPLACEMENT);
    }
    point = llmobsi_harmful_point(data, segment);
    if (point != 0) {
        uint8_t number[2];
        number[0] = (uint8_t)(point >> 8);
        number[1] = (uint8_t)point;
        return llmobsi_append_hex(llmobsi_append_text(out, "\\u"), number, 2);
    }
    memcpy(out, data, segment);
    return out + segment;
}

/* ---- strings ------------------------------------------------------------------------------- */

/* A string is escaped in pieces of so many bytes, each of which may grow sixfold; the last code
   point of a piece may take 3 bytes more. A table entry is stored as 8 bytes. */
#define LLMOBS_I_JSON_PIECE 64u
#define LLMOBS_I_JSON_PIECE_ROOM (6 * (LLMOBS_I_JSON_PIECE + 3) + 8)

/* Escapes at least `piece` of the `size` bytes, and the whole code point that lies across that
   border; *taken says how many. */
llmobsi_fn char* llmobsi_json_escape(char* out, const char* data, size_t piece, size_t size,
                                     size_t* taken)
{
    size_t i = 0;
    while (i < piece) {
        size_t clean = llmobsi_json_copy_clean(out, data + i, piece - i);
        size_t stop = i + clean + 16 < piece ? i + clean + 16 : piece;
        out += clean;
        i += clean;
        /* Specials come in crowds, and other scripts in stretches: take this one and its neighbours
           one by one. */
        while (i < stop || (i < piece && (data[i] & 0x80) != 0)) {
            if ((data[i] & 0x80) == 0) {
                out = llmobsi_json_ascii_byte(out, data[i]);
                i++;
            } else if (i + 6 <= piece && i + 8 <= size &&
                       llmobsi_json_is_plain_pair(llmobsi_load_le64(data + i))) {
                memcpy(out, data + i, 8); /* of which six count */
                out += 6;
                i += 6;
            } else if (llmobsi_utf8_is_plain_three(data + i, size - i) &&
                       !llmobsi_json_is_mark(data + i)) {
                memcpy(out, data + i, 3);
                out += 3;
                i += 3;
            } else {
                size_t segment;
                out = llmobsi_json_segment(out, data + i, size - i, &segment);
                i += segment;
            }
        }
    }
    *taken = i;
    return out;
}

/* Clean text of any size, in as few copies as the room allows. */
llmobsi_fn char* llmobsi_json_long(llmobsi_writer* writer, char* cursor, const char* data,
                                   size_t size)
{
    size_t i = 0;
    while (i < size && !writer->failed) {
        size_t left = size - i, room, taken;
        cursor = llmobsi_room(writer, cursor, LLMOBS_I_JSON_PIECE_ROOM);
        room = (size_t)(writer->data + writer->capacity - cursor);
        taken = llmobsi_json_copy_clean(cursor, data + i, left < room ? left : room);
        cursor += taken;
        i += taken;
        if (i < size) {
            size_t piece = size - i < LLMOBS_I_JSON_PIECE ? size - i : LLMOBS_I_JSON_PIECE;
            cursor = llmobsi_room(writer, cursor, LLMOBS_I_JSON_PIECE_ROOM);
            cursor = llmobsi_json_escape(cursor, data + i, piece, size - i, &taken);
            i += taken;
        }
    }
    return cursor;
}

/* So much room is left after a string: the punctuation that follows it needs no check. */
#define LLMOBS_I_JSON_AFTER 32u

/* A string, quoted, at the cursor of a flushing writer. */
llmobsi_inline char* llmobsi_json_string_at(llmobsi_writer* writer, char* cursor,
                                            llmobs_string text)
{
    size_t taken = 0;
    cursor = llmobsi_room(writer, cursor, LLMOBS_I_JSON_PIECE_ROOM + LLMOBS_I_JSON_AFTER + 2);
    *cursor++ = '"';
    if (llmobsi_likely(text.size <= LLMOBS_I_JSON_PIECE)) {
        taken = llmobsi_json_copy_clean(cursor, text.data, text.size);
        cursor += taken;
        if (llmobsi_unlikely(taken < text.size)) {
            size_t rest = text.size - taken;
            cursor = llmobsi_json_escape(cursor, text.data + taken, rest, rest, &taken);
        }
    } else {
        cursor = llmobsi_json_long(writer, cursor, text.data, text.size);
        cursor = llmobsi_room(writer, cursor, LLMOBS_I_JSON_AFTER + 1);
    }
    *cursor++ = '"';
    return cursor;
}

/* A string, quoted. */
llmobsi_fn void llmobsi_json_string(llmobsi_writer* writer, const char* data, size_t size)
{
    char text[LLMOBS_I_JSON_PIECE_ROOM];
    size_t i = 0, taken;
    llmobsi_put_text(writer, "\"");
    while (i < size && !writer->failed) {
        size_t room = writer->capacity - writer->length;
        size_t piece = size - i < LLMOBS_I_JSON_PIECE ? size - i : LLMOBS_I_JSON_PIECE;
        char* end;
        taken = llmobsi_json_copy_clean(writer->data + writer->length, data + i,
                                        size - i < room ? size - i : room);
        writer->length += taken;
        i += taken;
        if (taken >= piece) {
            continue;
        }
        piece -= taken;
        end = llmobsi_json_escape(text, data + i, piece, size - i, &taken);
        llmobsi_put(writer, text, (size_t)(end - text));
        i += taken;
    }
    llmobsi_put_text(writer, "\"");
}

/* ---- numbers ------------------------------------------------------------------------------- */

/* A number; or "NaN", "Infinity", "-Infinity" in quotes, as ProtoJSON has it. LLMOBS_I_DOUBLE_ROOM
   bytes must be free. */
llmobsi_fn char* llmobsi_json_double_at(char* cursor, double number)
{
    if (llmobsi_likely(llmobsi_double_is_finite(number))) {
        return llmobsi_append_double(cursor, number);
    }
    *cursor++ = '"';
    cursor = llmobsi_append_double(cursor, number);
    *cursor++ = '"';
    return cursor;
}

/* What a message of OTLP is made of: fields, each named once with its number for protobuf and its
   name for JSON, written in one of three forms. A walk over the views calls these; the form is a
   constant in each copy of it that the compiler makes, so what the other forms need is gone.

   JSON by ProtoJSON's rules, in the order of the walk: ids in hex, 64-bit numbers as strings, enums
   as numbers. A field whose default is not written as protobuf is written as JSON all the same,
   unless the walk leaves it out.

   Room: every function here begins with at least LLMOBS_I_JSON_AFTER free bytes behind the cursor
   and leaves as many, but for those that say "needs": for them the walk calls
   llmobsi_otlp_room, once for several fields. */

typedef enum llmobsi_otlp_form {
    LLMOBS_I_OTLP_JSON,
    LLMOBS_I_OTLP_SIZE, /* how many bytes of protobuf there will be */
    LLMOBS_I_OTLP_BYTES /* protobuf */
} llmobsi_otlp_form;

/* What is written in, and to. */
typedef struct llmobsi_otlp {
    llmobsi_otlp_form form;
    llmobsi_writer* writer;    /* NULL for SIZE */
    llmobsi_otlp_texts* texts; /* NULL for JSON */
} llmobsi_otlp;

/* How far it has come. */
typedef struct llmobsi_otlp_at {
    char* cursor;  /* JSON, BYTES: in the writer's buffer */
    uint64_t size; /* SIZE: so many bytes */
} llmobsi_otlp_at;

llmobsi_inline llmobsi_otlp llmobsi_otlp_of(llmobsi_otlp_form form, llmobsi_writer* writer,
                                            llmobsi_otlp_texts* texts)
{
    llmobsi_otlp out;
    out.form = form;
    out.writer = writer;
    out.texts = texts;
    return out;
}

llmobsi_inline llmobsi_otlp_at llmobsi_otlp_begin_at(char* cursor)
{
    llmobsi_otlp_at at;
    at.cursor = cursor;
    at.size = 0;
    return at;
}

/* ---- names --------------------------------------------------------------------------------- */

typedef struct llmobsi_otlp_name {
    uint32_t number;
    bool present; /* protobuf: its default is written, too */
    const char* text; /* JSON: quoted, with a colon; a comma before it unless it is the first, and
                         a quote behind it that `size` does not count */
    size_t size;
} llmobsi_otlp_name;

llmobsi_inline llmobsi_otlp_name llmobsi_otlp_name_of(uint32_t number, bool present,
                                                      const char* text, size_t size)
{
    llmobsi_otlp_name name;
    name.number = number;
    name.present = present;
    name.text = text;
    name.size = size;
    return name;
}

/* A field of a message whose default is as good as nothing; the first one of an object. */
#define llmobsi_otlp_field(number, name) \
    llmobsi_otlp_name_of((number), false, ",\"" name "\":\"", sizeof(",\"" name "\":") - 1)
#define llmobsi_otlp_first(number, name) \
    llmobsi_otlp_name_of((number), false, "\"" name "\":\"", sizeof("\"" name "\":") - 1)

/* One that says something by being there: optional, or the choice of a oneof. */
#define llmobsi_otlp_present(number, name) \
    llmobsi_otlp_name_of((number), true, ",\"" name "\":\"", sizeof(",\"" name "\":") - 1)
#define llmobsi_otlp_choice(number, name) \
    llmobsi_otlp_name_of((number), true, "\"" name "\":\"", sizeof("\"" name "\":") - 1)

/* With a comma or, where it turns out to be the first, without. */
llmobsi_inline llmobsi_otlp_name llmobsi_otlp_first_if(bool first, llmobsi_otlp_name name)
{
    name.text += first;
    name.size -= first;
    return name;
}

llmobsi_inline char* llmobsi_otlp_json_name(char* cursor, llmobsi_otlp_name name)
{
    return (char*)memcpy(cursor, name.text, name.size) + name.size;
}

/* For a value in quotes: with the first of them. */
llmobsi_inline char* llmobsi_otlp_json_quote(char* cursor, llmobsi_otlp_name name)
{
    return (char*)memcpy(cursor, name.text, name.size + 1) + name.size + 1;
}

/* ---- what all forms have ------------------------------------------------------------------- */

llmobsi_inline llmobsi_otlp_at llmobsi_otlp_room(llmobsi_otlp out, llmobsi_otlp_at at, size_t size)
{
    if (out.form != LLMOBS_I_OTLP_SIZE) {
        at.cursor = llmobsi_room(out.writer, at.cursor, size);
    }
    return at;
}

/* Whether there is nobody to write for any more. */
llmobsi_inline bool llmobsi_otlp_failed(llmobsi_otlp out)
{
    return out.form != LLMOBS_I_OTLP_SIZE && out.writer->failed;
}

/* ---- messages in messages ------------------------------------------------------------------ */

/* The tag and size of what has `size` bytes, and as SIZE those, too. */
llmobsi_inline llmobsi_otlp_at llmobsi_otlp_sized(llmobsi_otlp out, llmobsi_otlp_at at,
                                                  uint32_t number, uint64_t size)
{
    if (out.form == LLMOBS_I_OTLP_SIZE) {
        at.size += llmobsi_tag_size(number) + llmobsi_varint_size(size) + size;
    } else {
        at.cursor = llmobsi_append_tag(at.cursor, number, LLMOBS_I_WIRE_SIZED);
        at.cursor = llmobsi_append_varint(at.cursor, size);
    }
    return at;
}

/* The head of a message that has `size` bytes; that is asked for protobuf alone. As SIZE all of it
   is counted, and the walk goes on after it. Needs its name and 1 byte more. */
llmobsi_inline llmobsi_otlp_at llmobsi_otlp_open(llmobsi_otlp out, llmobsi_otlp_at at,
                                                 llmobsi_otlp_name name, uint64_t size)
{
    if (out.form == LLMOBS_I_OTLP_JSON) {
        at.cursor = llmobsi_otlp_json_name(at.cursor, name);
        *at.cursor++ = '{';
        return at;
    }
    return llmobsi_otlp_sized(out, at, name.number, size);
}

/* Needs 1 byte. */
llmobsi_inline llmobsi_otlp_at llmobsi_otlp_close(llmobsi_otlp out, llmobsi_otlp_at at)
{
    if (out.form == LLMOBS_I_OTLP_JSON) {
        *at.cursor++ = '}';
    }
    return at;
}

/* A field that comes several times: an array in JSON. Needs its name and 1 byte more. */
llmobsi_inline llmobsi_otlp_at llmobsi_otlp_list(llmobsi_otlp out, llmobsi_otlp_at at,
                                                 llmobsi_otlp_name name)
{
    if (out.form == LLMOBS_I_OTLP_JSON) {
        at.cursor = llmobsi_otlp_json_name(at.cursor, name);
        *at.cursor++ = '[';
    }
    return at;
}

/* One of them, a message, as in llmobsi_otlp_open. */
llmobsi_inline llmobsi_otlp_at llmobsi_otlp_item(llmobsi_otlp out, llmobsi_otlp_at at,
                                                 uint32_t number, bool first, uint64_t size)
{
    if (out.form == LLMOBS_I_OTLP_JSON) {
        at.cursor = first ? llmobsi_append_text(at.cursor, "{")
                          : llmobsi_append_text(at.cursor, ",{");
        return at;
    }
    return llmobsi_otlp_sized(out, at, number, size);
}

llmobsi_inline llmobsi_otlp_at llmobsi_otlp_list_end(llmobsi_otlp out, llmobsi_otlp_at at)
{
    if (out.form == LLMOBS_I_OTLP_JSON) {
        at.cursor = llmobsi_room(out.writer, at.cursor, LLMOBS_I_JSON_AFTER + 1);
        *at.cursor++ = ']';
    }
    return at;
}

/* ---- text and bytes ------------------------------------------------------------------------ */

llmobsi_inline llmobsi_otlp_at llmobsi_otlp_text(llmobsi_otlp out, llmobsi_otlp_at at,
                                                 llmobsi_otlp_name name, llmobs_string text)
{
    uint64_t size;
    if (out.form == LLMOBS_I_OTLP_JSON) {
        at.cursor = llmobsi_otlp_json_name(at.cursor, name);
        at.cursor = llmobsi_json_string_at(out.writer, at.cursor, text);
        return at;
    }
    if (text.size == 0 && !name.present) {
        return at;
    }
    size = llmobsi_otlp_text_size(out.texts, text);
    if (out.form == LLMOBS_I_OTLP_BYTES) {
        at = llmobsi_otlp_room(out, at,
                               LLMOBS_I_HEAD_ROOM + LLMOBS_I_OTLP_SHORT + LLMOBS_I_JSON_AFTER);
    }
    at = llmobsi_otlp_sized(out, at, name.number, size);
    if (out.form == LLMOBS_I_OTLP_BYTES) {
        at.cursor = llmobsi_otlp_text_bytes(out.writer, at.cursor, out.texts, text,
                                            LLMOBS_I_JSON_AFTER);
    }
    return at;
}

/* An id. Needs its name and 2 * size + 2 bytes. */
llmobsi_inline llmobsi_otlp_at llmobsi_otlp_id(llmobsi_otlp out, llmobsi_otlp_at at,
                                               llmobsi_otlp_name name, const uint8_t* bytes,
                                               size_t size)
{
    if (out.form == LLMOBS_I_OTLP_JSON) {
        at.cursor = llmobsi_otlp_json_quote(at.cursor, name);
        at.cursor = llmobsi_append_hex(at.cursor, bytes, size);
        *at.cursor++ = '"';
        return at;
    }
    at = llmobsi_otlp_sized(out, at, name.number, size);
    if (out.form == LLMOBS_I_OTLP_BYTES) {
        memcpy(at.cursor, bytes, size);
        at.cursor += size;
    }
    return at;
}

/* ---- numbers: each needs its name and LLMOBS_I_DOUBLE_ROOM bytes --------------------------- */

/* What a number takes as protobuf, whose default is 0. */
llmobsi_inline llmobsi_otlp_at llmobsi_otlp_varint(llmobsi_otlp out, llmobsi_otlp_at at,
                                                   llmobsi_otlp_name name, uint64_t number)
{
    if (number == 0 && !name.present) {
        return at;
    }
    if (out.form == LLMOBS_I_OTLP_SIZE) {
        at.size += llmobsi_tag_size(name.number) + llmobsi_varint_size(number);
    } else {
        at.cursor = llmobsi_append_tag(at.cursor, name.number, LLMOBS_I_WIRE_VARINT);
        at.cursor = llmobsi_append_varint(at.cursor, number);
    }
    return at;
}

llmobsi_inline llmobsi_otlp_at llmobsi_otlp_eight_bytes(llmobsi_otlp out, llmobsi_otlp_at at,
                                                        llmobsi_otlp_name name, uint64_t bits)
{
    if (bits == 0 && !name.present) {
        return at;
    }
    if (out.form == LLMOBS_I_OTLP_SIZE) {
        at.size += llmobsi_tag_size(name.number) + 8;
    } else {
        at.cursor = llmobsi_append_tag(at.cursor, name.number, LLMOBS_I_WIRE_64);
        at.cursor = llmobsi_append_le64(at.cursor, bits);
    }
    return at;
}

/* An enum whose numbers are below 10. */
llmobsi_inline llmobsi_otlp_at llmobsi_otlp_enum(llmobsi_otlp out, llmobsi_otlp_at at,
                                                 llmobsi_otlp_name name, uint32_t number)
{
    if (out.form == LLMOBS_I_OTLP_JSON) {
        at.cursor = llmobsi_otlp_json_name(at.cursor, name);
        *at.cursor++ = (char)('0' + number);
        return at;
    }
    return llmobsi_otlp_varint(out, at, name, number);
}

/* uint32, and enums that are known to be none below 0. */
llmobsi_inline llmobsi_otlp_at llmobsi_otlp_uint32(llmobsi_otlp out, llmobsi_otlp_at at,
                                                   llmobsi_otlp_name name, uint32_t number)
{
    if (out.form == LLMOBS_I_OTLP_JSON) {
        at.cursor = llmobsi_otlp_json_name(at.cursor, name);
        at.cursor = llmobsi_append_u64(at.cursor, number);
        return at;
    }
    return llmobsi_otlp_varint(out, at, name, number);
}

/* fixed32. */
llmobsi_inline llmobsi_otlp_at llmobsi_otlp_fixed32(llmobsi_otlp out, llmobsi_otlp_at at,
                                                    llmobsi_otlp_name name, uint32_t number)
{
    if (out.form == LLMOBS_I_OTLP_JSON) {
        return llmobsi_otlp_uint32(out, at, name, number);
    }
    if (out.form == LLMOBS_I_OTLP_SIZE) {
        at.size += number != 0 ? llmobsi_tag_size(name.number) + 4 : 0;
    } else if (number != 0) {
        at.cursor = llmobsi_append_tag(at.cursor, name.number, LLMOBS_I_WIRE_32);
        at.cursor = llmobsi_append_le32(at.cursor, number);
    }
    return at;
}

/* sint32. */
llmobsi_inline llmobsi_otlp_at llmobsi_otlp_sint32(llmobsi_otlp out, llmobsi_otlp_at at,
                                                   llmobsi_otlp_name name, int32_t number)
{
    if (out.form == LLMOBS_I_OTLP_JSON) {
        at.cursor = llmobsi_otlp_json_name(at.cursor, name);
        at.cursor = llmobsi_append_i64(at.cursor, number);
        return at;
    }
    return llmobsi_otlp_varint(out, at, name, llmobsi_zigzag(number));
}

llmobsi_inline llmobsi_otlp_at llmobsi_otlp_bool(llmobsi_otlp out, llmobsi_otlp_at at,
                                                 llmobsi_otlp_name name, bool is)
{
    if (out.form == LLMOBS_I_OTLP_JSON) {
        at.cursor = llmobsi_otlp_json_name(at.cursor, name);
        at.cursor = is ? llmobsi_append_text(at.cursor, "true")
                       : llmobsi_append_text(at.cursor, "false");
        return at;
    }
    return llmobsi_otlp_varint(out, at, name, is);
}

/* 64-bit integers are strings in JSON. */
llmobsi_inline char* llmobsi_otlp_json_int64(char* cursor, llmobsi_otlp_name name, int64_t number)
{
    cursor = llmobsi_otlp_json_quote(cursor, name);
    cursor = llmobsi_append_i64(cursor, number);
    *cursor++ = '"';
    return cursor;
}

/* int64. */
llmobsi_inline llmobsi_otlp_at llmobsi_otlp_int64(llmobsi_otlp out, llmobsi_otlp_at at,
                                                  llmobsi_otlp_name name, int64_t number)
{
    if (out.form == LLMOBS_I_OTLP_JSON) {
        at.cursor = llmobsi_otlp_json_int64(at.cursor, name, number);
        return at;
    }
    return llmobsi_otlp_varint(out, at, name, (uint64_t)number);
}

/* sfixed64. */
llmobsi_inline llmobsi_otlp_at llmobsi_otlp_sfixed64(llmobsi_otlp out, llmobsi_otlp_at at,
                                                     llmobsi_otlp_name name, int64_t number)
{
    if (out.form == LLMOBS_I_OTLP_JSON) {
        at.cursor = llmobsi_otlp_json_int64(at.cursor, name, number);
        return at;
    }
    return llmobsi_otlp_eight_bytes(out, at, name, (uint64_t)number);
}

/* fixed64: times and counts. */
llmobsi_inline llmobsi_otlp_at llmobsi_otlp_fixed64(llmobsi_otlp out, llmobsi_otlp_at at,
                                                    llmobsi_otlp_name name, uint64_t number)
{
    if (out.form == LLMOBS_I_OTLP_JSON) {
        at.cursor = llmobsi_otlp_json_quote(at.cursor, name);
        at.cursor = llmobsi_append_u64(at.cursor, number);
        *at.cursor++ = '"';
        return at;
    }
    return llmobsi_otlp_eight_bytes(out, at, name, number);
}

/* double. */
llmobsi_inline llmobsi_otlp_at llmobsi_otlp_double(llmobsi_otlp out, llmobsi_otlp_at at,
                                                   llmobsi_otlp_name name, double number)
{
    if (out.form == LLMOBS_I_OTLP_JSON) {
        at.cursor = llmobsi_otlp_json_name(at.cursor, name);
        at.cursor = llmobsi_json_double_at(at.cursor, number);
        return at;
    }
    return llmobsi_otlp_eight_bytes(out, at, name, llmobsi_double_bits(number));
}

/* Billionths as a double: in JSON the decimal that they are, since no double holds them all; the
   nearest one in protobuf, and in a reader of the JSON. */
llmobsi_inline llmobsi_otlp_at llmobsi_otlp_nano(llmobsi_otlp out, llmobsi_otlp_at at,
                                                 llmobsi_otlp_name name, int64_t number)
{
    if (out.form == LLMOBS_I_OTLP_JSON) {
        at.cursor = llmobsi_otlp_json_name(at.cursor, name);
        at.cursor = llmobsi_append_nano_signed(at.cursor, number);
        return at;
    }
    return llmobsi_otlp_double(out, at, name, llmobsi_double_of_nano(number));
}

/* An integer as a double, in the same way. */
llmobsi_inline llmobsi_otlp_at llmobsi_otlp_whole(llmobsi_otlp out, llmobsi_otlp_at at,
                                                  llmobsi_otlp_name name, int64_t number)
{
    if (out.form == LLMOBS_I_OTLP_JSON) {
        at.cursor = llmobsi_otlp_json_name(at.cursor, name);
        at.cursor = llmobsi_append_i64(at.cursor, number);
        return at;
    }
    return llmobsi_otlp_double(out, at, name, (double)number);
}

/* ---- lists of numbers: one field in protobuf, "packed" ------------------------------------- */

/* The bytes that so many numbers take, each of `width`, or none: an empty list is no field. */
llmobsi_inline llmobsi_otlp_at llmobsi_otlp_packed(llmobsi_otlp out, llmobsi_otlp_at at,
                                                   llmobsi_otlp_name name, uint64_t size)
{
    return size > 0 ? llmobsi_otlp_sized(out, at, name.number, size) : at;
}

/* Counts in JSON. */
llmobsi_fn char* llmobsi_otlp_json_counts(llmobsi_writer* writer, char* cursor,
                                          const uint64_t* counts, size_t count)
{
    size_t i;
    for (i = 0; i < count && !writer->failed; i++) {
        cursor = llmobsi_room(writer, cursor, 64);
        cursor = i > 0 ? llmobsi_append_text(cursor, ",\"") : llmobsi_append_text(cursor, "\"");
        cursor = llmobsi_append_u64(cursor, counts[i]);
        *cursor++ = '"';
    }
    return cursor;
}

/* repeated fixed64. Needs its name and 1 byte. */
llmobsi_inline llmobsi_otlp_at llmobsi_otlp_fixed64s(llmobsi_otlp out, llmobsi_otlp_at at,
                                                     llmobsi_otlp_name name,
                                                     const uint64_t* numbers, size_t count)
{
    size_t i;
    at = llmobsi_otlp_list(out, at, name);
    if (out.form == LLMOBS_I_OTLP_JSON) {
        at.cursor = llmobsi_otlp_json_counts(out.writer, at.cursor, numbers, count);
        return llmobsi_otlp_list_end(out, at);
    }
    at = llmobsi_otlp_packed(out, at, name, (uint64_t)count * 8);
    for (i = 0; out.form == LLMOBS_I_OTLP_BYTES && i < count && !out.writer->failed; i++) {
        at.cursor = llmobsi_room(out.writer, at.cursor, 8 + LLMOBS_I_JSON_AFTER);
        at.cursor = llmobsi_append_le64(at.cursor, numbers[i]);
    }
    return at;
}

/* repeated uint64. The same. */
llmobsi_inline llmobsi_otlp_at llmobsi_otlp_uint64s(llmobsi_otlp out, llmobsi_otlp_at at,
                                                    llmobsi_otlp_name name,
                                                    const uint64_t* numbers, size_t count)
{
    uint64_t size = 0;
    size_t i;
    at = llmobsi_otlp_list(out, at, name);
    if (out.form == LLMOBS_I_OTLP_JSON) {
        at.cursor = llmobsi_otlp_json_counts(out.writer, at.cursor, numbers, count);
        return llmobsi_otlp_list_end(out, at);
    }
    for (i = 0; i < count; i++) {
        size += llmobsi_varint_size(numbers[i]);
    }
    at = llmobsi_otlp_packed(out, at, name, size);
    for (i = 0; out.form == LLMOBS_I_OTLP_BYTES && i < count && !out.writer->failed; i++) {
        at.cursor = llmobsi_room(out.writer, at.cursor, LLMOBS_I_VARINT_ROOM + LLMOBS_I_JSON_AFTER);
        at.cursor = llmobsi_append_varint(at.cursor, numbers[i]);
    }
    return at;
}

/* repeated double. The same. */
llmobsi_inline llmobsi_otlp_at llmobsi_otlp_doubles(llmobsi_otlp out, llmobsi_otlp_at at,
                                                    llmobsi_otlp_name name, const double* numbers,
                                                    size_t count)
{
    size_t i;
    at = llmobsi_otlp_list(out, at, name);
    at = out.form == LLMOBS_I_OTLP_JSON
             ? at
             : llmobsi_otlp_packed(out, at, name, (uint64_t)count * 8);
    for (i = 0; out.form != LLMOBS_I_OTLP_SIZE && i < count && !out.writer->failed; i++) {
        at.cursor = llmobsi_room(out.writer, at.cursor, 64);
        if (out.form == LLMOBS_I_OTLP_BYTES) {
            at.cursor = llmobsi_append_le64(at.cursor, llmobsi_double_bits(numbers[i]));
            continue;
        }
        if (i > 0) {
            *at.cursor++ = ',';
        }
        at.cursor = llmobsi_json_double_at(at.cursor, numbers[i]);
    }
    return llmobsi_otlp_list_end(out, at);
}

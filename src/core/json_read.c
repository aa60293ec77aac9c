/* JSON in, of strangers: one token after the other, strictly by RFC 8259. Nothing is allocated and
   nothing recurses; the text may come in pieces, and no more of it is held than the window, which
   is also the most that one string or number may take. Names that stand twice in an object are the
   user's to refuse. */

#define LLMOBS_I_JSON_DEPTH 64u

typedef enum llmobsi_json_token {
    LLMOBS_I_JSON_FAILED,
    LLMOBS_I_JSON_END,
    LLMOBS_I_JSON_OBJECT,
    LLMOBS_I_JSON_OBJECT_END,
    LLMOBS_I_JSON_ARRAY,
    LLMOBS_I_JSON_ARRAY_END,
    LLMOBS_I_JSON_NAME, /* and the colon after it */
    LLMOBS_I_JSON_STRING,
    LLMOBS_I_JSON_NUMBER,
    LLMOBS_I_JSON_TRUE,
    LLMOBS_I_JSON_FALSE,
    LLMOBS_I_JSON_NULL
} llmobsi_json_token;

/* What may come next. */
typedef enum llmobsi_json_expected {
    LLMOBS_I_JSON_A_VALUE,
    LLMOBS_I_JSON_A_VALUE_OR_END, /* after '[' */
    LLMOBS_I_JSON_A_NAME,
    LLMOBS_I_JSON_A_NAME_OR_END, /* after '{' */
    LLMOBS_I_JSON_A_COMMA_OR_END
} llmobsi_json_expected;

/* Where the text comes from: fills up to `size` bytes and returns their number, 0 at the end. */
typedef size_t (*llmobsi_json_more)(void* user, char* data, size_t size);

typedef struct llmobsi_json_reader {
    /* Of the token: a name or string without quotes and escapes, a number as it stands. It lives
       until the next token is asked for. */
    const char* text;
    size_t text_size;
    bool text_cut; /* it has escapes, and is longer than the room for decoding */
    uint32_t depth;
    const char* reason; /* why it was refused; NULL: it was not */
    uint32_t line;      /* and where, from 1 on                 */
    uint32_t column;    /* in code points                       */
    /* The rest is private. */
    const char* start; /* of the window: what stands before it is counted in the next two */
    uint32_t start_line;
    uint32_t start_column;
    const char* token;
    const char* at;
    const char* end;
    char* window; /* NULL: all of the text is there */
    size_t window_size;
    llmobsi_json_more more;
    void* user;
    char* room; /* for strings with escapes */
    size_t room_size;
    uint64_t objects; /* a bit for each depth: an object, or an array */
    llmobsi_json_expected expected;
} llmobsi_json_reader;

/* Reads a text that is there as a whole. Strings with escapes are decoded into `room`. */
llmobsi_fn void llmobsi_json_read_begin(llmobsi_json_reader* reader, const char* data, size_t size,
                                        char* room, size_t room_size)
{
    memset(reader, 0, sizeof *reader);
    reader->start_line = 1;
    reader->start_column = 1;
    reader->start = reader->token = reader->at = data;
    reader->end = size > 0 ? data + size : data; /* NULL is a text, too */
    reader->room = room;
    reader->room_size = room_size;
    reader->expected = LLMOBS_I_JSON_A_VALUE;
}

/* Reads a text that comes in pieces, through a window of at least 64 bytes. */
llmobsi_fn void llmobsi_json_read_pieces(llmobsi_json_reader* reader, char* window,
                                         size_t window_size, llmobsi_json_more more, void* user,
                                         char* room, size_t room_size)
{
    llmobsi_json_read_begin(reader, NULL, 0, room, room_size);
    reader->start = reader->token = reader->at = reader->end = reader->window = window;
    reader->window_size = window_size;
    reader->more = more;
    reader->user = user;
}

/* ---- places -------------------------------------------------------------------------------- */

/* Moves a line and column over some text. */
llmobsi_fn void llmobsi_json_count(const char* data, const char* end, uint32_t* line,
                                   uint32_t* column)
{
    for (; data < end; data++) {
        if (*data == '\n') {
            (*line)++;
            *column = 1;
        } else {
            *column += ((uint8_t)*data & 0xc0) != 0x80;
        }
    }
}

llmobsi_fn void llmobsi_json_locate(llmobsi_json_reader* reader, const char* place)
{
    reader->line = reader->start_line;
    reader->column = reader->start_column;
    llmobsi_json_count(reader->start, place, &reader->line, &reader->column);
}

/* Refuses the text at the place reached, for good. */
llmobsi_cold llmobsi_json_token llmobsi_json_fail(llmobsi_json_reader* reader, const char* reason)
{
    if (reader->reason == NULL) {
        reader->reason = reason;
        llmobsi_json_locate(reader, reader->at);
    }
    return LLMOBS_I_JSON_FAILED;
}

/* Refuses the token just read: for the user, who knows what it should be. */
llmobsi_cold llmobsi_json_token llmobsi_json_refuse(llmobsi_json_reader* reader,
                                                    const char* reason)
{
    reader->at = reader->token;
    return llmobsi_json_fail(reader, reason);
}

/* ---- bytes --------------------------------------------------------------------------------- */

/* More text behind what is left, from the token's beginning on; false: there is none, or no room
   for it. */
llmobsi_cold bool llmobsi_json_fill(llmobsi_json_reader* reader)
{
    size_t kept, got;
    if (reader->window == NULL) {
        return false;
    }
    kept = (size_t)(reader->end - reader->token);
    if (kept == reader->window_size) {
        (void)llmobsi_json_fail(reader, "a string or number is too long");
        return false;
    }
    llmobsi_json_count(reader->start, reader->token, &reader->start_line, &reader->start_column);
    memmove(reader->window, reader->token, kept);
    reader->at = reader->window + (reader->at - reader->token);
    reader->start = reader->token = reader->window;
    got = reader->more(reader->user, reader->window + kept, reader->window_size - kept);
    reader->end = reader->window + kept + got;
    return got > 0;
}

/* Whether a byte is left to look at. */
llmobsi_inline bool llmobsi_json_has(llmobsi_json_reader* reader)
{
    return llmobsi_likely(reader->at < reader->end) || llmobsi_json_fill(reader);
}

/* The next byte; NUL at the end, which no rule allows. */
llmobsi_inline char llmobsi_json_peek(llmobsi_json_reader* reader)
{
    return llmobsi_json_has(reader) ? *reader->at : '\0';
}

llmobsi_inline bool llmobsi_json_take(llmobsi_json_reader* reader, char byte)
{
    if (llmobsi_json_has(reader) && *reader->at == byte) {
        reader->at++;
        return true;
    }
    return false;
}

llmobsi_fn void llmobsi_json_skip_blanks(llmobsi_json_reader* reader)
{
    do {
        while (reader->at < reader->end && (*reader->at == ' ' || *reader->at == '\n' ||
                                            *reader->at == '\r' || *reader->at == '\t')) {
            reader->at++;
        }
        reader->token = reader->at;
    } while (reader->at == reader->end && llmobsi_json_fill(reader));
}

/* ---- strings ------------------------------------------------------------------------------- */

/* Four hexadecimal digits; UINT32_MAX: there are others. */
llmobsi_fn uint32_t llmobsi_json_read_hex(llmobsi_json_reader* reader)
{
    uint32_t point = 0;
    int i;
    for (i = 0; i < 4; i++, reader->at++) {
        char digit = llmobsi_json_peek(reader);
        char lower = (char)(digit | 0x20);
        if (digit >= '0' && digit <= '9') {
            point = point << 4 | (uint32_t)(digit - '0');
        } else if (lower >= 'a' && lower <= 'f') {
            point = point << 4 | (uint32_t)(lower - 'a' + 10);
        } else {
            return UINT32_MAX;
        }
    }
    return point;
}

/* What stands after \u: a code point, of two units where one is not enough. */
llmobsi_fn uint32_t llmobsi_json_read_point(llmobsi_json_reader* reader)
{
    uint32_t point = llmobsi_json_read_hex(reader);
    uint32_t low;
    if (point == UINT32_MAX || (point & 0xf800) != 0xd800) {
        return point;
    }
    if (point >= 0xdc00 || !llmobsi_json_take(reader, '\\') || !llmobsi_json_take(reader, 'u')) {
        return UINT32_MAX;
    }
    low = llmobsi_json_read_hex(reader);
    if ((low & 0xfffffc00) != 0xdc00) {
        return UINT32_MAX;
    }
    return 0x10000 + ((point & 0x3ff) << 10 | (low & 0x3ff));
}

/* Its UTF-8. Returns the size. */
llmobsi_fn size_t llmobsi_json_encode_point(uint32_t point, char* out)
{
    static const uint8_t leads[4] = {0x00, 0xc0, 0xe0, 0xf0};
    size_t size = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    size_t i;
    for (i = size; --i > 0; point >>= 6) {
        out[i] = (char)(0x80 | (point & 0x3f));
    }
    out[0] = (char)(leads[size - 1] | point);
    return size;
}

/* Appends to the decoded text; what does not fit is left out, and said to be. */
llmobsi_fn void llmobsi_json_keep(llmobsi_json_reader* reader, const char* data, size_t size)
{
    size_t left = reader->room_size - reader->text_size;
    size_t fits = reader->text_cut ? 0 : llmobsi_utf8_cut(data, size, left);
    if (fits > 0) {
        memcpy(reader->room + reader->text_size, data, fits);
        reader->text_size += fits;
    }
    reader->text_cut = reader->text_cut || fits < size;
}

/* What a backslash is followed by. */
llmobsi_fn bool llmobsi_json_read_escape(llmobsi_json_reader* reader)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char bytes[] = "\"\\/\b\f\n\r\t";
    char letter = llmobsi_json_peek(reader);
    const char* known = letter != '\0' ? strchr(letters, letter) : NULL;
    char text[4];
    uint32_t point;
    if (known != NULL) {
        reader->at++;
        llmobsi_json_keep(reader, bytes + (known - letters), 1);
        return true;
    }
    if (letter != 'u') {
        return false;
    }
    reader->at++;
    point = llmobsi_json_read_point(reader);
    if (point == UINT32_MAX) {
        return false;
    }
    llmobsi_json_keep(reader, text, llmobsi_json_encode_point(point, text));
    return true;
}

/* Passes what stands for itself. Returns false where a byte may not stand in a string. */
llmobsi_fn bool llmobsi_json_pass_plain(llmobsi_json_reader* reader)
{
    while (llmobsi_json_has(reader)) {
        size_t left = (size_t)(reader->end - reader->at);
        uint64_t dirty;
        if (left >= 8) {
            dirty = llmobsi_json_dirty8(llmobsi_load_le64(reader->at));
            if (dirty == 0) {
                reader->at += 8;
                continue;
            }
            reader->at += (unsigned)llmobsi_trailing_zeros64(dirty) / 8;
        }
        if (*reader->at == '"' || *reader->at == '\\') {
            return true;
        }
        if ((uint8_t)*reader->at < 0x20) {
            (void)llmobsi_json_fail(reader, "a control character in a string");
            return false;
        }
        if ((uint8_t)*reader->at >= 0x80) {
            bool valid;
            size_t segment;
            while (reader->end - reader->at < 4 && llmobsi_json_fill(reader)) {
            }
            segment = llmobsi_utf8_segment(reader->at, (size_t)(reader->end - reader->at), &valid);
            if (!valid) {
                (void)llmobsi_json_fail(reader, "malformed UTF-8");
                return false;
            }
            reader->at += segment;
        } else {
            reader->at++;
        }
    }
    (void)llmobsi_json_fail(reader, "the text ends inside a string");
    return false;
}

/* A string, from behind its first quote on. Without escapes it is left where it stands; the token
   begins at the quote, so that it can be found again when the window has moved. */
llmobsi_fn bool llmobsi_json_read_string(llmobsi_json_reader* reader)
{
    size_t from = 1; /* of what is not yet kept, since the token's beginning */
    bool decoded = false;
    reader->text_size = 0;
    for (;;) {
        if (!llmobsi_json_pass_plain(reader)) {
            return false;
        }
        if (decoded || *reader->at == '\\') {
            llmobsi_json_keep(reader, reader->token + from,
                              (size_t)(reader->at - reader->token) - from);
            decoded = true;
        }
        if (*reader->at++ == '"') {
            break;
        }
        if (!llmobsi_json_read_escape(reader)) {
            (void)llmobsi_json_fail(reader, "a malformed escape");
            return false;
        }
        from = (size_t)(reader->at - reader->token);
    }
    reader->text = decoded ? reader->room : reader->token + 1;
    reader->text_size =
        decoded ? reader->text_size : (size_t)(reader->at - reader->token) - 2;
    return true;
}

/* ---- numbers and words --------------------------------------------------------------------- */

/* At least one digit. */
llmobsi_fn bool llmobsi_json_pass_digits(llmobsi_json_reader* reader)
{
    bool any = false;
    while (llmobsi_json_has(reader) && *reader->at >= '0' && *reader->at <= '9') {
        reader->at++;
        any = true;
    }
    return any;
}

llmobsi_fn llmobsi_json_token llmobsi_json_read_number(llmobsi_json_reader* reader)
{
    bool good;
    (void)llmobsi_json_take(reader, '-');
    good = llmobsi_json_take(reader, '0') || llmobsi_json_pass_digits(reader);
    if (good && llmobsi_json_take(reader, '.')) {
        good = llmobsi_json_pass_digits(reader);
    }
    if (good && (llmobsi_json_take(reader, 'e') || llmobsi_json_take(reader, 'E'))) {
        if (!llmobsi_json_take(reader, '-')) {
            (void)llmobsi_json_take(reader, '+');
        }
        good = llmobsi_json_pass_digits(reader);
    }
    if (!good || reader->reason != NULL) {
        return llmobsi_json_fail(reader, "a malformed number");
    }
    reader->text = reader->token;
    reader->text_size = (size_t)(reader->at - reader->token);
    return LLMOBS_I_JSON_NUMBER;
}

llmobsi_fn llmobsi_json_token llmobsi_json_read_word(llmobsi_json_reader* reader, const char* word,
                                                     llmobsi_json_token token)
{
    for (; *word != '\0'; word++) {
        if (!llmobsi_json_take(reader, *word)) {
            return llmobsi_json_fail(reader, "not a value");
        }
    }
    return token;
}

/* ---- structure ----------------------------------------------------------------------------- */

llmobsi_fn llmobsi_json_token llmobsi_json_open(llmobsi_json_reader* reader, bool object)
{
    if (reader->depth == LLMOBS_I_JSON_DEPTH) {
        return llmobsi_json_fail(reader, "nested too deep");
    }
    reader->objects = reader->objects << 1 | object;
    reader->depth++;
    reader->at++;
    reader->expected = object ? LLMOBS_I_JSON_A_NAME_OR_END : LLMOBS_I_JSON_A_VALUE_OR_END;
    return object ? LLMOBS_I_JSON_OBJECT : LLMOBS_I_JSON_ARRAY;
}

llmobsi_fn llmobsi_json_token llmobsi_json_close(llmobsi_json_reader* reader)
{
    bool object = (reader->objects & 1) != 0;
    reader->objects >>= 1;
    reader->depth--;
    reader->at++;
    reader->expected = LLMOBS_I_JSON_A_COMMA_OR_END;
    return object ? LLMOBS_I_JSON_OBJECT_END : LLMOBS_I_JSON_ARRAY_END;
}

llmobsi_fn llmobsi_json_token llmobsi_json_read_name(llmobsi_json_reader* reader)
{
    if (!llmobsi_json_take(reader, '"')) {
        return llmobsi_json_fail(reader, "a name in quotes should stand here");
    }
    if (!llmobsi_json_read_string(reader)) {
        return LLMOBS_I_JSON_FAILED;
    }
    /* The name lives on: what may be behind it is brought in without moving it. */
    while (llmobsi_json_has(reader) && (*reader->at == ' ' || *reader->at == '\n' ||
                                        *reader->at == '\r' || *reader->at == '\t')) {
        reader->at++;
    }
    if (!llmobsi_json_take(reader, ':')) {
        return llmobsi_json_fail(reader, "a colon should stand here");
    }
    if (reader->text != reader->room) {
        reader->text = reader->token + 1; /* where it stands now */
    }
    reader->expected = LLMOBS_I_JSON_A_VALUE;
    return LLMOBS_I_JSON_NAME;
}

llmobsi_fn llmobsi_json_token llmobsi_json_read_value(llmobsi_json_reader* reader)
{
    char first = llmobsi_json_peek(reader);
    reader->expected = LLMOBS_I_JSON_A_COMMA_OR_END;
    switch (first) {
    case '{':
        return llmobsi_json_open(reader, true);
    case '[':
        return llmobsi_json_open(reader, false);
    case '"':
        reader->at++;
        return llmobsi_json_read_string(reader) ? LLMOBS_I_JSON_STRING : LLMOBS_I_JSON_FAILED;
    case 't':
        return llmobsi_json_read_word(reader, "true", LLMOBS_I_JSON_TRUE);
    case 'f':
        return llmobsi_json_read_word(reader, "false", LLMOBS_I_JSON_FALSE);
    case 'n':
        return llmobsi_json_read_word(reader, "null", LLMOBS_I_JSON_NULL);
    default:
        if (first == '-' || (first >= '0' && first <= '9')) {
            return llmobsi_json_read_number(reader);
        }
        return llmobsi_json_fail(reader, reader->at < reader->end ? "not a value"
                                                                  : "the text ends too early");
    }
}

/* The next token. Once it has failed, it fails for ever. */
llmobsi_fn llmobsi_json_token llmobsi_json_read(llmobsi_json_reader* reader)
{
    char next;
    if (reader->reason != NULL) {
        return LLMOBS_I_JSON_FAILED;
    }
    reader->text_cut = false;
    llmobsi_json_skip_blanks(reader);
    next = llmobsi_json_peek(reader);
    if (reader->expected == LLMOBS_I_JSON_A_COMMA_OR_END) {
        bool object = (reader->objects & 1) != 0;
        if (reader->depth == 0) {
            return reader->at == reader->end
                       ? LLMOBS_I_JSON_END
                       : llmobsi_json_fail(reader, "something stands after the end");
        }
        if (next == (object ? '}' : ']')) {
            return llmobsi_json_close(reader);
        }
        if (next != ',') {
            return llmobsi_json_fail(reader, "a comma or the end should stand here");
        }
        reader->at++;
        reader->expected = object ? LLMOBS_I_JSON_A_NAME : LLMOBS_I_JSON_A_VALUE;
        llmobsi_json_skip_blanks(reader);
    } else if ((next == '}' && reader->expected == LLMOBS_I_JSON_A_NAME_OR_END) ||
               (next == ']' && reader->expected == LLMOBS_I_JSON_A_VALUE_OR_END)) {
        return llmobsi_json_close(reader);
    }
    return reader->expected == LLMOBS_I_JSON_A_NAME ||
                   reader->expected == LLMOBS_I_JSON_A_NAME_OR_END
               ? llmobsi_json_read_name(reader)
               : llmobsi_json_read_value(reader);
}

/* Passes the value that begins with this token. False: the text is not JSON. */
llmobsi_fn bool llmobsi_json_pass(llmobsi_json_reader* reader, llmobsi_json_token token)
{
    uint32_t depth = reader->depth;
    if (token == LLMOBS_I_JSON_OBJECT || token == LLMOBS_I_JSON_ARRAY) {
        while (reader->depth >= depth && token != LLMOBS_I_JSON_FAILED) {
            token = llmobsi_json_read(reader);
        }
    }
    return token != LLMOBS_I_JSON_FAILED;
}

/* ---- numbers as whole units ---------------------------------------------------------------- */

typedef enum llmobsi_units {
    LLMOBS_I_UNITS_EXACT,
    LLMOBS_I_UNITS_ROUNDED, /* to the nearest, and from the middle to the even one */
    LLMOBS_I_UNITS_NEGATIVE,
    LLMOBS_I_UNITS_TOO_MANY /* more than 10^18 */
} llmobsi_units;

#define LLMOBS_I_UNITS_MOST UINT64_C(1000000000000000000)

/* digits * 10^shift; `lost`: more digits follow, and not all are 0. */
llmobsi_fn llmobsi_units llmobsi_units_scale(uint64_t digits, int64_t shift, bool lost,
                                             uint64_t* units)
{
    uint64_t last = 0;
    for (; shift > 0 && digits <= LLMOBS_I_UNITS_MOST; shift--) {
        digits *= 10;
    }
    if (shift < -20) {
        shift = -20; /* nothing is left of 64 bits */
    }
    for (; shift < 0; shift++) {
        lost |= last != 0;
        last = digits % 10;
        digits /= 10;
    }
    if (digits > LLMOBS_I_UNITS_MOST) {
        return LLMOBS_I_UNITS_TOO_MANY;
    }
    *units = digits + (last > 5 || (last == 5 && (lost || (digits & 1) != 0)));
    return last != 0 || lost ? LLMOBS_I_UNITS_ROUNDED : LLMOBS_I_UNITS_EXACT;
}

/* A number's text, as JSON has it, in units of 10^-places. */
llmobsi_fn llmobsi_units llmobsi_units_read(const char* text, size_t size, int places,
                                            uint64_t* units)
{
    uint64_t digits = 0;
    int64_t exponent = 0, written = 0;
    bool negative = text[0] == '-', after_point = false, lost = false;
    size_t i = negative;
    for (; i < size && (text[i] | 0x20) != 'e'; i++) {
        uint32_t digit = (uint32_t)(text[i] - '0');
        if (text[i] == '.') {
            after_point = true;
        } else if (digits < LLMOBS_I_UNITS_MOST) {
            digits = digits * 10 + digit;
            exponent -= after_point;
        } else {
            lost |= digit != 0;
            exponent += !after_point;
        }
    }
    if (i < size) {
        bool down = text[i + 1] == '-';
        for (i += text[i + 1] == '-' || text[i + 1] == '+' ? 2 : 1; i < size; i++) {
            written = written < INT32_MAX ? written * 10 + (text[i] - '0') : written;
        }
        exponent += down ? -written : written;
    }
    *units = 0;
    if (digits == 0) {
        return LLMOBS_I_UNITS_EXACT;
    }
    return negative ? LLMOBS_I_UNITS_NEGATIVE
                    : llmobsi_units_scale(digits, exponent + places, lost, units);
}

/* W3C Trace Context level 2, and OpenTelemetry's sampling threshold, which travels in it. The work
   is bounded by these constants; no byte outside of the sizes given is read. */

#define LLMOBS_I_TRACEPARENT_LENGTH 55u
#define LLMOBS_I_TRACESTATE_MEMBERS 32u
#define LLMOBS_I_TRACESTATE_TEXT 256u  /* of a key, of a value           */
#define LLMOBS_I_TRACESTATE_LARGE 128u /* longer members are the first to be dropped */
/* The longest list of members that are all in order; blanks beyond it are not worth their time. */
#define LLMOBS_I_TRACESTATE_INPUT \
    ((size_t)LLMOBS_I_TRACESTATE_MEMBERS * (2 * LLMOBS_I_TRACESTATE_TEXT + 2))

#define LLMOBS_I_RANDOM_BITS 56
#define LLMOBS_I_RANDOM_DIGITS 14u
#define LLMOBS_I_SAMPLE_NEVER (UINT64_C(1) << LLMOBS_I_RANDOM_BITS)

/* ---- hex digits ---------------------------------------------------------------------------- */

/* Four bytes from eight digits, lower case only; returns 0 if that is what they were. All eight are
   decoded at once, as if they were digits, and encoded again: only digits come out as they were. */
llmobsi_inline uint64_t llmobsi_hex_decode8(uint8_t bytes[4], const char* digits)
{
    uint64_t text, values, letters, again;
    unsigned char nibbles[8];
    memcpy(&text, digits, sizeof text);
    values = (text & LLMOBS_I_EACH_BYTE(0x0f)) + ((text >> 6) & LLMOBS_I_EACH_BYTE(1)) * 9;
    letters = ((values + LLMOBS_I_EACH_BYTE(0x80 - 10)) >> 7) & LLMOBS_I_EACH_BYTE(1);
    again = values + LLMOBS_I_EACH_BYTE('0') + letters * ('a' - 10 - '0');
    memcpy(nibbles, &values, sizeof nibbles);
    bytes[0] = (uint8_t)(nibbles[0] << 4 | nibbles[1]);
    bytes[1] = (uint8_t)(nibbles[2] << 4 | nibbles[3]);
    bytes[2] = (uint8_t)(nibbles[4] << 4 | nibbles[5]);
    bytes[3] = (uint8_t)(nibbles[6] << 4 | nibbles[7]);
    /* 'g' to 'o' come out as they were, too: as 16 to 24. */
    return (again ^ text) | (values & LLMOBS_I_EACH_BYTE(0xf0));
}

/* Up to 16 digits as a number; false if one is none, or there are none. */
llmobsi_fn bool llmobsi_hex_number(uint64_t* number, const char* digits, size_t size)
{
    uint64_t sum = 0;
    size_t i;
    for (i = 0; i < size; i++) {
        int value = llmobsi_hex_value(digits[i]);
        if (value < 0) {
            return false;
        }
        sum = sum << 4 | (uint64_t)value;
    }
    *number = sum;
    return size > 0;
}

/* ---- traceparent --------------------------------------------------------------------------- */

/* The size of a header, measured if it was not given; `most` + 1 stands for all that are longer. */
llmobsi_fn size_t llmobsi_header_size(const char* text, size_t size, size_t most)
{
    const char* end;
    size_t bound = most + 1;
    if (size != LLMOBS_NUL_TERMINATED) {
        return size <= most ? size : most + 1;
    }
    /* memchr stops at the NUL, but gcc, knowing the bound, would warn of a shorter text. */
    llmobsi_hide(size_t, "+r", bound);
    end = (const char*)memchr(text, '\0', bound);
    return end != NULL ? (size_t)(end - text) : most + 1;
}

/* Whether any byte is not 0. */
llmobsi_inline bool llmobsi_any_byte(const uint8_t* bytes, size_t size)
{
    unsigned all = 0;
    size_t i;
    for (i = 0; i < size; i++) {
        all |= bytes[i];
    }
    return all != 0;
}

/* Fills in the ids and flags. Of a later version the part is read that this one has, too. */
llmobsi_fn bool llmobsi_traceparent_read(llmobs_trace_context* context, const char* text,
                                         size_t size)
{
    char ends[8] = {'0', '0', '0', '0', '0', '0', '0', '0'};
    uint8_t numbers[4];
    uint64_t wrong;
    size_t i;
    if (size < LLMOBS_I_TRACEPARENT_LENGTH) {
        return false;
    }
    memcpy(ends + 4, text, 2);
    memcpy(ends + 6, text + 53, 2);
    wrong = llmobsi_hex_decode8(numbers, ends);
    for (i = 0; i < 4; i++) {
        wrong |= llmobsi_hex_decode8(context->trace_id + 4 * i, text + 3 + 8 * i);
    }
    for (i = 0; i < 2; i++) {
        wrong |= llmobsi_hex_decode8(context->span_id + 4 * i, text + 36 + 8 * i);
    }
    if (wrong != 0 || text[2] != '-' || text[35] != '-' || text[52] != '-' || numbers[2] == 0xff) {
        return false;
    }
    if (size > LLMOBS_I_TRACEPARENT_LENGTH &&
        (numbers[2] == 0 || text[LLMOBS_I_TRACEPARENT_LENGTH] != '-')) {
        return false;
    }
    context->flags = (uint8_t)(numbers[3] & (LLMOBS_TRACE_SAMPLED | LLMOBS_TRACE_RANDOM));
    return llmobsi_any_byte(context->trace_id, 16) && llmobsi_any_byte(context->span_id, 8);
}

LLMOBS_API size_t llmobs_traceparent_format(const llmobs_trace_context* context,
                                            char text[LLMOBS_TRACEPARENT_SIZE])
{
    uint8_t flags;
    char* out = text;
    if (text == NULL) {
        return 0;
    }
    text[0] = '\0';
    if (context == NULL || !llmobsi_any_byte(context->trace_id, 16) ||
        !llmobsi_any_byte(context->span_id, 8)) {
        return 0;
    }
    flags = (uint8_t)(context->flags & (LLMOBS_TRACE_SAMPLED | LLMOBS_TRACE_RANDOM));
    *out++ = '0';
    *out++ = '0';
    *out++ = '-';
    out = llmobsi_append_hex(out, context->trace_id, 16);
    *out++ = '-';
    out = llmobsi_append_hex(out, context->span_id, 8);
    *out++ = '-';
    out = llmobsi_append_hex(out, &flags, 1);
    *out = '\0';
    return LLMOBS_I_TRACEPARENT_LENGTH;
}

/* ---- tracestate: a list of key=value ------------------------------------------------------- */

typedef struct llmobsi_tracestate_member {
    uint16_t start; /* in the list's text      */
    uint16_t size;  /* 0: dropped              */
    uint16_t key_size;
} llmobsi_tracestate_member;

typedef struct llmobsi_tracestate {
    const char* text;
    uint32_t count;
    uint32_t seen; /* members that were there, repeated keys included */
    llmobsi_tracestate_member members[LLMOBS_I_TRACESTATE_MEMBERS];
} llmobsi_tracestate;

llmobsi_inline bool llmobsi_is_lower_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

llmobsi_inline bool llmobsi_is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* A key's length, 0 if no key stands there. */
llmobsi_fn size_t llmobsi_tracestate_key(const char* text, size_t size)
{
    size_t key = 0;
    if (size == 0 || !llmobsi_is_lower_or_digit(text[0])) {
        return 0;
    }
    while (key < size && (llmobsi_is_lower_or_digit(text[key]) || text[key] == '_' ||
                          text[key] == '-' || text[key] == '*' || text[key] == '/' ||
                          text[key] == '@')) {
        key++;
    }
    return key <= LLMOBS_I_TRACESTATE_TEXT ? key : 0;
}

llmobsi_fn bool llmobsi_tracestate_is_value(const char* text, size_t size)
{
    size_t i;
    for (i = 0; i < size; i++) {
        if (text[i] < ' ' || text[i] > '~' || text[i] == '=' || text[i] == ',') {
            return false;
        }
    }
    return size > 0 && size <= LLMOBS_I_TRACESTATE_TEXT;
}

llmobsi_fn bool llmobsi_tracestate_has_key(const llmobsi_tracestate* list, uint32_t index,
                                           const char* key, size_t key_size)
{
    const llmobsi_tracestate_member* member = &list->members[index];
    return member->key_size == key_size && memcmp(list->text + member->start, key, key_size) == 0;
}

/* Adds the member that stands there; false if it is malformed or one too many. Of members with the
   same key the first stays: it is the newest. */
llmobsi_fn bool llmobsi_tracestate_add(llmobsi_tracestate* list, size_t start, size_t size)
{
    const char* text = list->text + start;
    size_t key = llmobsi_tracestate_key(text, size);
    uint32_t i;
    if (key == 0 || key == size || text[key] != '=' ||
        !llmobsi_tracestate_is_value(text + key + 1, size - key - 1) ||
        list->seen == LLMOBS_I_TRACESTATE_MEMBERS) {
        return false;
    }
    list->seen++;
    for (i = 0; i < list->count; i++) {
        if (llmobsi_tracestate_has_key(list, i, text, key)) {
            return true;
        }
    }
    list->members[list->count].start = (uint16_t)start;
    list->members[list->count].size = (uint16_t)size;
    list->members[list->count].key_size = (uint16_t)key;
    list->count++;
    return true;
}

/* Finds the members of a list; empty ones are in order. False, and none, when it is malformed. */
llmobsi_fn bool llmobsi_tracestate_scan(llmobsi_tracestate* list, const char* text, size_t size)
{
    size_t start = 0;
    list->text = text;
    list->count = 0;
    list->seen = 0;
    if (size > LLMOBS_I_TRACESTATE_INPUT) {
        return false;
    }
    while (start < size) {
        const char* comma = (const char*)memchr(text + start, ',', size - start);
        size_t next = comma != NULL ? (size_t)(comma - text) : size;
        size_t end = next;
        while (start < end && llmobsi_is_blank(text[start])) {
            start++;
        }
        while (start < end && llmobsi_is_blank(text[end - 1])) {
            end--;
        }
        if (start < end && !llmobsi_tracestate_add(list, start, end - start)) {
            list->count = 0;
            return false;
        }
        start = next + 1;
    }
    return true;
}

/* Drops members, the last first, only those larger than `larger_than`. Returns the size left. */
llmobsi_fn size_t llmobsi_tracestate_drop(llmobsi_tracestate* list, size_t size, size_t most,
                                          size_t larger_than)
{
    uint32_t i = list->count;
    while (size > most && i > 0) {
        llmobsi_tracestate_member* member = &list->members[--i];
        if (member->size > larger_than) {
            size -= (size_t)member->size + 1;
            member->size = 0;
        }
    }
    return size;
}

/* Writes the members and a NUL behind the `used` bytes of `out`, whose capacity is
   LLMOBS_TRACESTATE_SIZE + 1. If not all fit, large ones are left out, then the last ones. Returns
   the size. */
llmobsi_fn size_t llmobsi_tracestate_write(llmobsi_tracestate* list, char* out, size_t used)
{
    /* Each member counts with a comma, so there is one byte more, for the comma that is not. */
    size_t most = LLMOBS_TRACESTATE_SIZE + 1 - (used > 0 ? used + 1 : 0);
    size_t size = 0;
    uint32_t i;
    for (i = 0; i < list->count; i++) {
        size += list->members[i].size > 0 ? (size_t)list->members[i].size + 1 : 0;
    }
    size = llmobsi_tracestate_drop(list, size, most, LLMOBS_I_TRACESTATE_LARGE);
    (void)llmobsi_tracestate_drop(list, size, most, 0);
    for (i = 0; i < list->count; i++) {
        const llmobsi_tracestate_member* member = &list->members[i];
        if (member->size > 0) {
            if (used > 0) {
                out[used++] = ',';
            }
            memcpy(out + used, list->text + member->start, member->size);
            used += member->size;
        }
    }
    out[used] = '\0';
    return used;
}

LLMOBS_API llmobs_result llmobs_trace_context_parse(llmobs_trace_context* context,
                                                    const char* traceparent,
                                                    size_t traceparent_size,
                                                    const char* tracestate, size_t tracestate_size)
{
    llmobsi_tracestate list;
    size_t used = 0;
    if (context == NULL) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    if (traceparent == NULL ||
        !llmobsi_traceparent_read(context, traceparent,
                                  llmobsi_header_size(traceparent, traceparent_size,
                                                      LLMOBS_I_TRACEPARENT_LENGTH))) {
        memset(context, 0, sizeof *context);
        return LLMOBS_ERROR_ARGUMENT;
    }
    if (tracestate != NULL &&
        llmobsi_tracestate_scan(&list, tracestate,
                                llmobsi_header_size(tracestate, tracestate_size,
                                                    LLMOBS_I_TRACESTATE_INPUT))) {
        used = llmobsi_tracestate_write(&list, context->tracestate, 0);
    }
    memset(context->tracestate + used, 0, sizeof context->tracestate - used);
    return LLMOBS_OK;
}

/* ---- OpenTelemetry's member: ot=key:value;key:value ---------------------------------------- */

/* Finds the `ot` member's value in a NUL-terminated tracestate, and leaves the other members in the
   list. Returns its size, 0 when there is none. */
llmobsi_fn size_t llmobsi_ot_value(llmobsi_tracestate* list, const char* tracestate,
                                   const char** value)
{
    size_t size = llmobsi_header_size(tracestate, LLMOBS_NUL_TERMINATED, LLMOBS_TRACESTATE_SIZE);
    uint32_t i;
    *value = "";
    if (size > LLMOBS_TRACESTATE_SIZE) { /* no NUL: not ours */
        size = 0;
    }
    (void)llmobsi_tracestate_scan(list, tracestate, size);
    for (i = 0; i < list->count; i++) {
        if (llmobsi_tracestate_has_key(list, i, "ot", 2)) {
            size = list->members[i].size;
            *value = list->text + list->members[i].start + 3;
            list->members[i].size = 0;
            return size - 3;
        }
    }
    return 0;
}

/* The part of an `ot` value that begins at *at; moves *at behind it. NULL at the end. */
llmobsi_fn const char* llmobsi_ot_next(const char* value, size_t size, size_t* at,
                                       size_t* part_size)
{
    const char* part = value + *at;
    const char* end;
    if (*at >= size) {
        return NULL;
    }
    end = (const char*)memchr(part, ';', size - *at);
    *part_size = end != NULL ? (size_t)(end - part) : size - *at;
    *at += *part_size + 1;
    return part;
}

llmobsi_inline bool llmobsi_ot_is(const char* part, size_t part_size, const char* key)
{
    return part_size >= 3 && memcmp(part, key, 3) == 0;
}

/* The value of the first part with a key ("th:", "rv:"); NULL when there is none. */
llmobsi_fn const char* llmobsi_ot_find(const char* value, size_t size, const char* key,
                                       size_t* found_size)
{
    size_t at = 0, part_size = 0;
    const char* part;
    while ((part = llmobsi_ot_next(value, size, &at, &part_size)) != NULL) {
        if (llmobsi_ot_is(part, part_size, key)) {
            *found_size = part_size - 3;
            return part + 3;
        }
    }
    *found_size = 0;
    return NULL;
}

/* Randomness that was given explicitly: exactly 14 digits, or it doesn't count. */
llmobsi_fn bool llmobsi_ot_randomness(const char* value, size_t size, uint64_t* randomness)
{
    size_t found_size;
    const char* found = llmobsi_ot_find(value, size, "rv:", &found_size);
    return found != NULL && found_size == LLMOBS_I_RANDOM_DIGITS &&
           llmobsi_hex_number(randomness, found, found_size);
}

/* Appends a part to an `ot` value that has `used` bytes, if it fits. Returns the new size. */
llmobsi_fn size_t llmobsi_ot_append(char* out, size_t used, const char* part, size_t part_size)
{
    size_t separator = used > 0 ? 1 : 0;
    if (part_size == 0 || used + separator + part_size > LLMOBS_I_TRACESTATE_TEXT) {
        return used;
    }
    if (separator != 0) {
        out[used++] = ';';
    }
    memcpy(out + used, part, part_size);
    return used + part_size;
}

/* The new `ot` value: the threshold; the randomness, or else the threshold would be held against
   the trace id; then what else there was and fits. Returns its size. */
llmobsi_fn size_t llmobsi_ot_merge(char* out, const char* threshold, size_t threshold_size,
                                   const char* value, size_t size)
{
    size_t used = llmobsi_ot_append(out, 0, threshold, threshold_size);
    size_t at = 0, part_size = 0;
    uint64_t randomness;
    const char* part;
    if (llmobsi_ot_randomness(value, size, &randomness)) {
        part = llmobsi_ot_find(value, size, "rv:", &part_size);
        used = llmobsi_ot_append(out, used, part - 3, part_size + 3);
    }
    while ((part = llmobsi_ot_next(value, size, &at, &part_size)) != NULL) {
        if (!llmobsi_ot_is(part, part_size, "th:") && !llmobsi_ot_is(part, part_size, "rv:") &&
            memchr(part, ' ', part_size) == NULL) {
            used = llmobsi_ot_append(out, used, part, part_size);
        }
    }
    return used;
}

/* Puts a threshold part ("th:...", or "" to take it out) into a tracestate of capacity
   LLMOBS_TRACESTATE_SIZE + 1. Who changes a member puts it in front. */
llmobsi_fn size_t llmobsi_tracestate_put(char* tracestate, const char* threshold,
                                         size_t threshold_size)
{
    char before[LLMOBS_TRACESTATE_SIZE + 1];
    llmobsi_tracestate list;
    const char* value;
    size_t size, used;
    memcpy(before, tracestate, sizeof before);
    size = llmobsi_ot_value(&list, before, &value);
    used = llmobsi_ot_merge(tracestate + 3, threshold, threshold_size, value, size);
    if (used > 0) {
        tracestate[0] = 'o';
        tracestate[1] = 't';
        tracestate[2] = '=';
        used += 3;
        if (size == 0 && list.count == LLMOBS_I_TRACESTATE_MEMBERS) {
            list.count--;
        }
    }
    return llmobsi_tracestate_write(&list, tracestate, used);
}

/* ---- sampling thresholds ------------------------------------------------------------------- */

/* The 56-bit threshold of a ratio, 2^56 * (1 - ratio), rounded to the four digits (more for small
   ratios) that OpenTelemetry recommends: short, and the same that others decide by. Ratios are
   brought into 0 to 1; NaN, known by its bits because of -ffast-math, is 1. */
llmobsi_fn uint64_t llmobsi_sampling_threshold(double ratio)
{
    uint64_t bits, accepted, unit;
    int digits, zeros;
    memcpy(&bits, &ratio, sizeof bits);
    if ((bits & UINT64_C(0x7fffffffffffffff)) > UINT64_C(0x7ff0000000000000) || ratio >= 1.0) {
        return 0;
    }
    accepted = ratio > 0.0 ? (uint64_t)(ratio * (double)LLMOBS_I_SAMPLE_NEVER + 0.5) : 0;
    if (accepted == 0) {
        return LLMOBS_I_SAMPLE_NEVER;
    }
    /* below the binary point */
    zeros = llmobsi_leading_zeros64(accepted) - (64 - LLMOBS_I_RANDOM_BITS);
    digits = 4 + zeros / 4;
    if (digits >= (int)LLMOBS_I_RANDOM_DIGITS) {
        return LLMOBS_I_SAMPLE_NEVER - accepted;
    }
    unit = UINT64_C(1) << (4 * ((int)LLMOBS_I_RANDOM_DIGITS - digits));
    return (LLMOBS_I_SAMPLE_NEVER - accepted + unit / 2) & ~(unit - 1);
}

/* Whether a trace is kept: everywhere the same answer for one trace; and what a threshold keeps,
   every lower one keeps. */
llmobsi_fn bool llmobsi_sampling_keeps(uint64_t threshold, uint64_t randomness)
{
    return randomness >= threshold;
}

/* The 56 random bits of a trace: explicit ones, else the end of its id. */
llmobsi_fn uint64_t llmobsi_sampling_randomness(const llmobs_trace_context* context)
{
    llmobsi_tracestate list;
    uint64_t randomness = 0;
    const char* value;
    size_t size;
    int i;
    if (context->tracestate[0] != '\0') {
        size = llmobsi_ot_value(&list, context->tracestate, &value);
        if (llmobsi_ot_randomness(value, size, &randomness)) {
            return randomness;
        }
    }
    randomness = 0;
    for (i = 9; i < 16; i++) {
        randomness = randomness << 8 | context->trace_id[i];
    }
    return randomness;
}

/* The threshold that a tracestate tells; false when it tells none. */
llmobsi_fn bool llmobsi_tracestate_threshold(const char* tracestate, uint64_t* threshold)
{
    llmobsi_tracestate list;
    const char* value;
    size_t size = llmobsi_ot_value(&list, tracestate, &value);
    size_t digits;
    const char* text = llmobsi_ot_find(value, size, "th:", &digits);
    if (text == NULL || digits > LLMOBS_I_RANDOM_DIGITS ||
        !llmobsi_hex_number(threshold, text, digits)) {
        return false;
    }
    *threshold <<= 4 * (LLMOBS_I_RANDOM_DIGITS - digits);
    return true;
}

/* Writes 56 bits as 14 digits. */
llmobsi_fn void llmobsi_ot_digits(char* out, uint64_t number)
{
    uint8_t bytes[LLMOBS_I_RANDOM_DIGITS / 2];
    int i;
    for (i = 0; i < (int)sizeof bytes; i++) {
        bytes[i] = (uint8_t)(number >> (LLMOBS_I_RANDOM_BITS - 8 - 8 * i));
    }
    (void)llmobsi_append_hex(out, bytes, sizeof bytes);
}

/* A tracestate that tells explicit randomness and nothing else. Its room is any tracestate's. */
llmobsi_fn void llmobsi_tracestate_of_randomness(char* tracestate, uint64_t randomness)
{
    static const char start[] = "ot=rv:00000000000000";
    memcpy(tracestate, start, sizeof start);
    llmobsi_ot_digits(tracestate + 6, randomness);
}

/* Tells a threshold: `ot=th:<digits>` comes first in the tracestate (its capacity is
   LLMOBS_TRACESTATE_SIZE + 1); the other parts of `ot` and the other members follow in their order,
   as far as they fit. A threshold that keeps nothing is not told. Returns the new size. */
llmobsi_fn size_t llmobsi_tracestate_set_threshold(char* tracestate, uint64_t threshold)
{
    char part[] = "th:00000000000000";
    size_t size = sizeof part - 1;
    if (threshold >= LLMOBS_I_SAMPLE_NEVER) {
        return llmobsi_tracestate_put(tracestate, "", 0);
    }
    llmobsi_ot_digits(part + 3, threshold);
    while (size > 4 && part[size - 1] == '0') {
        size--;
    }
    return llmobsi_tracestate_put(tracestate, part, size);
}

/* Takes the threshold out, when its decision does not hold here. Returns the new size. */
llmobsi_fn size_t llmobsi_tracestate_clear_threshold(char* tracestate)
{
    llmobsi_tracestate list;
    const char* value;
    size_t size = llmobsi_ot_value(&list, tracestate, &value);
    size_t digits;
    if (list.count > 0 && llmobsi_ot_find(value, size, "th:", &digits) == NULL) {
        return strlen(tracestate);
    }
    return llmobsi_tracestate_put(tracestate, "", 0);
}

#if defined(__SSE2__) && !defined(LLMOBS_NO_SIMD)
#include <emmintrin.h>
#define LLMOBS_I_SSE2 1
#else
#define LLMOBS_I_SSE2 0
#endif

/* Text out: a bounded writer, numbers, hexadecimal, UTF-8. No locale, no allocation, no stdio.
   put_...    writes to a llmobsi_writer, which checks for room and flushes.
   append_... writes at a cursor where the caller has made sure of the room, and returns its new
              place. Up to 7 bytes after it may be overwritten: numbers are stored eight bytes at
              a time. */

#define LLMOBS_I_APPEND_SLACK 8u
#define LLMOBS_I_U64_ROOM (20u + LLMOBS_I_APPEND_SLACK)    /* 18446744073709551615          */
#define LLMOBS_I_I64_ROOM (20u + LLMOBS_I_APPEND_SLACK)    /* -9223372036854775808          */
#define LLMOBS_I_DOUBLE_DIGITS 17u                         /* at most, and all are copied   */
#define LLMOBS_I_DOUBLE_ROOM 48u                           /* -0.0000012345678901234567, say */

/* ---- the writer ---------------------------------------------------------------------------- */

/* The least buffer of a writer that flushes: encoders ask for no more room than this at a time. */
#define LLMOBS_I_WRITER_LEAST 512u
/* What encoders take of the stack. */
#define LLMOBS_I_WRITER_BUFFER 8192u

/* Fills a buffer of the caller's. With `write` it hands the buffer on whenever it is full; without,
   text that does not fit is a failure. A failed writer is empty and stays so: nobody takes a part
   for the whole. */
typedef struct llmobsi_writer {
    char* data;
    size_t capacity;
    size_t length;
    llmobs_write_fn write;
    void* user;
    bool failed;
} llmobsi_writer;

llmobsi_fn void llmobsi_writer_init(llmobsi_writer* writer, char* data, size_t capacity,
                                    llmobs_write_fn write, void* user)
{
    writer->data = data;
    writer->capacity = capacity;
    writer->length = 0;
    writer->write = write;
    writer->user = user;
    writer->failed = false;
}

llmobsi_cold void llmobsi_writer_fail(llmobsi_writer* writer)
{
    writer->failed = true;
    writer->length = 0;
}

llmobsi_fn void llmobsi_writer_flush(llmobsi_writer* writer)
{
    size_t length = writer->length;
    writer->length = 0;
    if (length > 0 && !writer->failed) {
        writer->failed = !llmobsi_host_write(writer->write, writer->user, writer->data, length);
    }
}

/* Flushes. False if anything was lost on the way. */
llmobsi_fn bool llmobsi_writer_finish(llmobsi_writer* writer)
{
    if (writer->write != NULL) {
        llmobsi_writer_flush(writer);
    }
    return !writer->failed;
}

llmobsi_cold void llmobsi_put_slow(llmobsi_writer* writer, const char* data, size_t size)
{
    if (writer->failed || size == 0) {
        return;
    }
    if (writer->write == NULL) {
        llmobsi_writer_fail(writer);
        return;
    }
    llmobsi_writer_flush(writer);
    if (writer->failed) {
        return;
    }
    if (size <= writer->capacity) {
        memcpy(writer->data, data, size);
        writer->length = size;
    } else if (!llmobsi_host_write(writer->write, writer->user, data, size)) { /* no copy */
        llmobsi_writer_fail(writer);
    }
}

llmobsi_inline void llmobsi_put(llmobsi_writer* writer, const char* data, size_t size)
{
    if (llmobsi_unlikely(size == 0 || writer->capacity - writer->length < size || writer->failed)) {
        llmobsi_put_slow(writer, data, size);
        return;
    }
    memcpy(writer->data + writer->length, data, size);
    writer->length += size;
}

#define llmobsi_put_text(writer, literal) llmobsi_put((writer), "" literal, sizeof(literal) - 1)

/* Where the text of a flushing writer ends is kept by the caller, in a register, while it appends:
   several times as fast as put_..., for which the compiler must assume that a stored char changes
   writer->length. */
llmobsi_fn char* llmobsi_writer_turn(llmobsi_writer* writer, char* cursor)
{
    writer->length = (size_t)(cursor - writer->data);
    llmobsi_writer_flush(writer);
    return writer->data;
}

/* A cursor with room for `size` bytes, at most LLMOBS_I_WRITER_LEAST. */
llmobsi_inline char* llmobsi_room(llmobsi_writer* writer, char* cursor, size_t size)
{
    LLMOBS_ASSERT(size <= writer->capacity && writer->write != NULL);
    if (llmobsi_unlikely((size_t)(writer->data + writer->capacity - cursor) < size)) {
        return llmobsi_writer_turn(writer, cursor);
    }
    return cursor;
}

#define llmobsi_append_text(cursor, literal) \
    ((char*)memcpy((cursor), "" literal, sizeof(literal) - 1) + (sizeof(literal) - 1))

/* ---- words of bytes: the first byte is the lowest, on every machine ------------------------ */

llmobsi_inline uint64_t llmobsi_load_le64(const void* bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof(word));
#if LLMOBS_I_BIG_ENDIAN
    word = llmobsi_swap_bytes64(word);
#endif
    return word;
}

llmobsi_inline void llmobsi_store_le64(void* bytes, uint64_t word)
{
#if LLMOBS_I_BIG_ENDIAN
    word = llmobsi_swap_bytes64(word);
#endif
    memcpy(bytes, &word, sizeof(word));
}

/* The same byte eight times. */
#define LLMOBS_I_EACH_BYTE(byte) (UINT64_C(0x0101010101010101) * (byte))

/* ---- integers ------------------------------------------------------------------------------ */

/* The eight decimal digits of a number below 10^8 as bytes, most significant first. Halves twice:
   the reciprocals 10486 / 2^20 and 103 / 2^10 are exact for what they divide here. */
llmobsi_inline uint64_t llmobsi_eight_digits(uint32_t number)
{
    uint64_t fours = (uint64_t)(number / 10000) | (uint64_t)(number % 10000) << 32;
    uint64_t hundreds = (fours * 10486 >> 20) & UINT64_C(0x0000007f0000007f);
    uint64_t pairs = ((fours - hundreds * 100) << 16) + hundreds;
    uint64_t tens = (pairs * 103 >> 10) & UINT64_C(0x000f000f000f000f);
    return ((pairs - tens * 10) << 8) + tens;
}

/* Exactly eight digits, with leading zeros. */
llmobsi_inline char* llmobsi_append_eight_digits(char* cursor, uint32_t number)
{
    llmobsi_store_le64(cursor, llmobsi_eight_digits(number) + LLMOBS_I_EACH_BYTE('0'));
    return cursor + 8;
}

/* One to eight digits, without leading zeros. */
llmobsi_inline char* llmobsi_append_below_1e8(char* cursor, uint32_t number)
{
    uint64_t digits = llmobsi_eight_digits(number);
    /* The last digit stays whatever it is: a mark in it ends the count of zeros. */
    unsigned zeros = (unsigned)llmobsi_trailing_zeros64(digits | UINT64_C(1) << 56) / 8;
    llmobsi_store_le64(cursor, (digits + LLMOBS_I_EACH_BYTE('0')) >> (zeros * 8));
    return cursor + (8 - zeros);
}

/* LLMOBS_I_U64_ROOM bytes must be free. */
llmobsi_inline char* llmobsi_append_u64(char* cursor, uint64_t number)
{
    uint64_t upper;
    if (number < 100000000) {
        return llmobsi_append_below_1e8(cursor, (uint32_t)number);
    }
    upper = number / 100000000;
    if (upper < 100000000) {
        cursor = llmobsi_append_below_1e8(cursor, (uint32_t)upper);
    } else {
        cursor = llmobsi_append_below_1e8(cursor, (uint32_t)(upper / 100000000));
        cursor = llmobsi_append_eight_digits(cursor, (uint32_t)(upper % 100000000));
    }
    return llmobsi_append_eight_digits(cursor, (uint32_t)(number % 100000000));
}

/* LLMOBS_I_I64_ROOM bytes must be free. */
llmobsi_inline char* llmobsi_append_i64(char* cursor, int64_t number)
{
    uint64_t magnitude = (uint64_t)number;
    if (number < 0) {
        *cursor++ = '-';
        magnitude = 0 - magnitude; /* also right for INT64_MIN */
    }
    return llmobsi_append_u64(cursor, magnitude);
}

llmobsi_fn void llmobsi_put_u64(llmobsi_writer* writer, uint64_t number)
{
    char text[LLMOBS_I_U64_ROOM];
    llmobsi_put(writer, text, (size_t)(llmobsi_append_u64(text, number) - text));
}

llmobsi_fn void llmobsi_put_i64(llmobsi_writer* writer, int64_t number)
{
    char text[LLMOBS_I_I64_ROOM];
    llmobsi_put(writer, text, (size_t)(llmobsi_append_i64(text, number) - text));
}

/* ---- hexadecimal --------------------------------------------------------------------------- */

/* Eight lower-case digits for four bytes. */
llmobsi_inline void llmobsi_hex_of_4(char* out, const uint8_t* bytes)
{
    uint64_t spread = (uint64_t)bytes[0] | (uint64_t)bytes[1] << 16 | (uint64_t)bytes[2] << 32 |
                      (uint64_t)bytes[3] << 48;
    uint64_t nibbles = ((spread >> 4) & UINT64_C(0x000f000f000f000f)) |
                       (spread & UINT64_C(0x000f000f000f000f)) << 8;
    uint64_t letters = ((nibbles + LLMOBS_I_EACH_BYTE(6)) >> 4) & LLMOBS_I_EACH_BYTE(1);
    llmobsi_store_le64(out, nibbles + LLMOBS_I_EACH_BYTE('0') + letters * ('a' - '9' - 1));
}

/* Sixteen for eight. */
llmobsi_inline void llmobsi_hex_of_8(char* out, const uint8_t* bytes)
{
#if LLMOBS_I_SSE2
    __m128i low_four = _mm_set1_epi8(0x0f);
    __m128i both = _mm_loadl_epi64((const __m128i*)(const void*)bytes);
    __m128i upper = _mm_and_si128(_mm_srli_epi16(both, 4), low_four);
    __m128i nibbles = _mm_unpacklo_epi8(upper, _mm_and_si128(both, low_four));
    __m128i letters = _mm_cmpgt_epi8(nibbles, _mm_set1_epi8(9));
    __m128i digits = _mm_add_epi8(nibbles, _mm_set1_epi8('0'));
    digits = _mm_add_epi8(digits, _mm_and_si128(letters, _mm_set1_epi8('a' - '9' - 1)));
    _mm_storeu_si128((__m128i*)(void*)out, digits);
#else
    llmobsi_hex_of_4(out, bytes);
    llmobsi_hex_of_4(out + 8, bytes + 4);
#endif
}

/* Two digits a byte; 2 * size bytes must be free. */
llmobsi_inline char* llmobsi_append_hex(char* cursor, const uint8_t* bytes, size_t size)
{
    size_t i = 0;
    for (; i + 8 <= size; i += 8) {
        llmobsi_hex_of_8(cursor, bytes + i);
        cursor += 16;
    }
    for (; i < size; i++) {
        *cursor++ = "0123456789abcdef"[bytes[i] >> 4];
        *cursor++ = "0123456789abcdef"[bytes[i] & 15];
    }
    return cursor;
}

llmobsi_fn void llmobsi_put_hex(llmobsi_writer* writer, const uint8_t* bytes, size_t size)
{
    char text[64];
    while (size > 0) {
        size_t piece = size < sizeof(text) / 2 ? size : sizeof(text) / 2;
        llmobsi_put(writer, text, (size_t)(llmobsi_append_hex(text, bytes, piece) - text));
        bytes += piece;
        size -= piece;
    }
}

/* 0 to 15 for a lower-case hexadecimal digit, else -1 (W3C headers allow no upper case). */
llmobsi_inline int llmobsi_hex_value(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* ---- doubles ----------------------------------------------------------------------------------

   The shortest decimal that reads back to the same double, and of those the closest to it:
   Raffaello Giulietti's Schubfach (2020). It needs 10^e to 128 bits for e from -292 to 324. That
   table would be 10 KB, so each entry is made when needed from one of 24 powers of 5 to 192 bits
   and one of 27 exact ones. */

/* All that is asked of a double is asked of its bits: with -ffast-math even a NaN equals itself. */
llmobsi_inline uint64_t llmobsi_double_bits(double number)
{
    uint64_t bits;
    memcpy(&bits, &number, sizeof(bits));
    return bits;
}

llmobsi_inline double llmobsi_double_of(uint64_t bits)
{
    double number;
    memcpy(&number, &bits, sizeof(number));
    return number;
}

#define LLMOBS_I_DOUBLE_FRACTION UINT64_C(0x000fffffffffffff)
#define LLMOBS_I_DOUBLE_INFINITY UINT64_C(0x7ff0000000000000)

llmobsi_inline bool llmobsi_double_is_finite(double number)
{
    return (llmobsi_double_bits(number) & LLMOBS_I_DOUBLE_INFINITY) != LLMOBS_I_DOUBLE_INFINITY;
}

/* The exponents that the table below begins with, and goes up by. */
#define LLMOBS_I_POWER_FIRST (-297)
#define LLMOBS_I_POWER_STEP 27

/* The top 192 bits of 5^-297, 5^-270, ... 5^324, rounded down. */
static const uint64_t llmobsi_power_bases[24][3] = {
    {UINT64_C(0xa76c582338ed2621), UINT64_C(0xaf2af2b80af6f24e), UINT64_C(0x657c8f4d43323a36)},
    {UINT64_C(0x873e4f75e2224e68), UINT64_C(0x5a7744a6e804a291), UINT64_C(0xcc35eddfcf0996d7)},
    {UINT64_C(0xda7f5bf590966848), UINT64_C(0xaf39a475506a899e), UINT64_C(0xa30294cc2934e662)},
    {UINT64_C(0xb080392cc4349dec), UINT64_C(0xbd8d794d96aacfb3), UINT64_C(0xfe13a5c86af64418)},
    {UINT64_C(0x8e938662882af53e), UINT64_C(0x547eb47b7282ee9c), UINT64_C(0x41b0230e1421487d)},
    {UINT64_C(0xe65829b3046b0afa), UINT64_C(0x0cb4a5a3112a5112), UINT64_C(0xa3b561b1cb208396)},
    {UINT64_C(0xba121a4650e4ddeb), UINT64_C(0x92f34d62616ce413), UINT64_C(0x21a0183e10583cd3)},
    {UINT64_C(0x964e858c91ba2655), UINT64_C(0x3a6a07f8d510f86f), UINT64_C(0xe9082f25e9c5e9ec)},
    {UINT64_C(0xf2d56790ab41c2a2), UINT64_C(0xfae27299423fb9c3), UINT64_C(0x3695dad7e8858901)},
    {UINT64_C(0xc428d05aa4751e4c), UINT64_C(0xaa97e14c3c26b886), UINT64_C(0x96842dc95323f5a8)},
    {UINT64_C(0x9e74d1b791e07e48), UINT64_C(0x775ea264cf55347d), UINT64_C(0xca49f1c05120c9c7)},
    {UINT64_C(0x8000000000000000), UINT64_C(0x0000000000000000), UINT64_C(0x0000000000000000)},
    {UINT64_C(0xcecb8f27f4200f3a), UINT64_C(0x0000000000000000), UINT64_C(0x0000000000000000)},
    {UINT64_C(0xa70c3c40a64e6c51), UINT64_C(0x999090b65f67d924), UINT64_C(0x0000000000000000)},
    {UINT64_C(0x86f0ac99b4e8dafd), UINT64_C(0x69a028bb3ded71a3), UINT64_C(0xdf9f915627c04e28)},
    {UINT64_C(0xda01ee641a708de9), UINT64_C(0xe80e6f4820cc9495), UINT64_C(0xd74baad03bc1d8d3)},
    {UINT64_C(0xb01ae745b101e9e4), UINT64_C(0x5ec05dcff72e7f8f), UINT64_C(0xc04c79ffe324301f)},
    {UINT64_C(0x8e41ade9fbebc27d), UINT64_C(0x14588f13be847307), UINT64_C(0x23bd6a2059c002f5)},
    {UINT64_C(0xe5d3ef282a242e81), UINT64_C(0x8f1668c8a86da5fa), UINT64_C(0xf0b5ccf5176ecc7c)},
    {UINT64_C(0xb9a74a0637ce2ee1), UINT64_C(0x6d953e2bd7173692), UINT64_C(0x88efb0037ac08bde)},
    {UINT64_C(0x95f83d0a1fb69cd9), UINT64_C(0x4abdaf101564f98e), UINT64_C(0x0d5a4af7b3a98e47)},
    {UINT64_C(0xf24a01a73cf2dccf), UINT64_C(0xbc633b39673c8cec), UINT64_C(0x3d9c44cd2f36917c)},
    {UINT64_C(0xc3b8358109e84f07), UINT64_C(0x0a862f80ec4700c8), UINT64_C(0x02606ea01029dc37)},
    {UINT64_C(0x9e19db92b4e31ba9), UINT64_C(0x6c07a2c26a8346d1), UINT64_C(0x4944d9f52cd0dec2)},
};

static const uint64_t llmobsi_powers_of_5[LLMOBS_I_POWER_STEP] = {
    UINT64_C(1), UINT64_C(5), UINT64_C(25), UINT64_C(125), UINT64_C(625), UINT64_C(3125),
    UINT64_C(15625), UINT64_C(78125), UINT64_C(390625), UINT64_C(1953125), UINT64_C(9765625),
    UINT64_C(48828125), UINT64_C(244140625), UINT64_C(1220703125), UINT64_C(6103515625),
    UINT64_C(30517578125), UINT64_C(152587890625), UINT64_C(762939453125),
    UINT64_C(3814697265625), UINT64_C(19073486328125), UINT64_C(95367431640625),
    UINT64_C(476837158203125), UINT64_C(2384185791015625), UINT64_C(11920928955078125),
    UINT64_C(59604644775390625), UINT64_C(298023223876953125), UINT64_C(1490116119384765625),
};

typedef struct llmobsi_power {
    uint64_t high;
    uint64_t low;
} llmobsi_power;

/* 10^exponent, scaled by a power of two to 128 bits with the top one set, and rounded up. The test
   computes all 617 in another way and compares. */
llmobsi_fn llmobsi_power llmobsi_power_of_10(int exponent)
{
    unsigned offset = (unsigned)(exponent - LLMOBS_I_POWER_FIRST);
    const uint64_t* base;
    uint64_t factor, word[4], low, carry; /* word: 192 bits times 64, lowest first */
    llmobsi_power power;
    unsigned zeros;
    if (exponent >= 0 && exponent < LLMOBS_I_POWER_STEP) { /* of numbers from 10^-10 to 10^16 */
        factor = llmobsi_powers_of_5[exponent];
        power.high = factor << llmobsi_leading_zeros64(factor);
        power.low = 0;
        return power;
    }
    base = llmobsi_power_bases[offset / LLMOBS_I_POWER_STEP];
    factor = llmobsi_powers_of_5[offset % LLMOBS_I_POWER_STEP];
    word[1] = llmobsi_multiply(base[2], factor, &word[0]);
    word[2] = llmobsi_multiply(base[1], factor, &low);
    word[1] += low;
    word[2] += word[1] < low;
    word[3] = llmobsi_multiply(base[0], factor, &low);
    word[2] += low;
    carry = word[2] < low;
    word[3] += carry;
    if (word[3] == 0) { /* the factor is 1 */
        power.high = word[2];
        power.low = word[1];
    } else {
        zeros = (unsigned)llmobsi_leading_zeros64(word[3]);
        power.high = zeros == 0 ? word[3] : word[3] << zeros | word[2] >> (64 - zeros);
        power.low = zeros == 0 ? word[2] : word[2] << zeros | word[1] >> (64 - zeros);
    }
    if (exponent < 0 || exponent > 55) { /* 5^55 is the last that 128 bits hold exactly */
        power.low++; /* never all ones before: the test has seen every one */
    }
    return power;
}

/* power * number / 2^128, with the lowest bit set if anything was cut off. */
llmobsi_inline uint64_t llmobsi_round_to_odd(llmobsi_power power, uint64_t number)
{
    uint64_t low, middle, unused;
    uint64_t from_low = llmobsi_multiply(power.low, number, &unused);
    uint64_t high = llmobsi_multiply(power.high, number, &low);
    middle = low + from_low;
    high += middle < low;
    return high | (middle > 1); /* 1 may come from the power's own rounding */
}

/* A positive finite number as digits * 10^exponent. */
typedef struct llmobsi_decimal {
    uint64_t digits;
    int exponent;
} llmobsi_decimal;

/* Schubfach for significand * 2^exponent. `lower_is_near`: the next smaller double is half as far
   away as the next larger one, which is so at powers of two. */
llmobsi_fn llmobsi_decimal llmobsi_shortest(uint64_t significand, int exponent, bool lower_is_near)
{
    /* floor(log10(2^exponent)), or of 3/4 of it; then floor(log2(10^-k)), in fixed point */
    int k = (exponent * 1262611 - (lower_is_near ? 524031 : 0)) >> 22;
    int shift = exponent + ((-k * 1741647) >> 19) + 1;
    llmobsi_power power = llmobsi_power_of_10(-k);
    uint64_t odd = significand & 1; /* the interval's ends read back only to an even significand */
    uint64_t four = 4 * significand;
    uint64_t lower = llmobsi_round_to_odd(power, (four - (lower_is_near ? 1 : 2)) << shift);
    uint64_t value = llmobsi_round_to_odd(power, four << shift);
    uint64_t upper = llmobsi_round_to_odd(power, (four + 2) << shift);
    llmobsi_decimal decimal;
    uint64_t whole = value / 4;
    lower += odd;
    upper -= odd;
    decimal.exponent = k;
    if (whole >= 10) { /* one digit less? at most one such number lies in the interval */
        uint64_t tens = whole / 10;
        bool below = lower <= 40 * tens;
        bool above = 40 * tens + 40 <= upper;
        if (below != above) {
            decimal.digits = tens + above;
            decimal.exponent = k + 1;
            return decimal;
        }
    }
    {
        bool below = lower <= 4 * whole;
        bool above = 4 * whole + 4 <= upper;
        uint64_t middle = 4 * whole + 2;
        bool up = below != above ? above : value > middle || (value == middle && (whole & 1) != 0);
        decimal.digits = whole + up;
    }
    return decimal;
}

/* The digits with the point where it belongs: 12300, 12.3, 0.00123; beyond what is good to read,
   1.23e-7 (the borders are JavaScript's). Copies are of fixed size: that is cheaper than a call. */
llmobsi_fn char* llmobsi_append_decimal(char* cursor, llmobsi_decimal decimal)
{
    char text[2 * LLMOBS_I_DOUBLE_DIGITS + LLMOBS_I_APPEND_SLACK];
    int count, point, before;
    bool scientific;
    while (decimal.digits % 100000000 == 0) {
        decimal.digits /= 100000000;
        decimal.exponent += 8;
    }
    count = (int)(llmobsi_append_u64(text, decimal.digits) - text);
    point = count + decimal.exponent; /* so many digits stand before the point */
    decimal.digits = llmobsi_eight_digits((uint32_t)(decimal.digits % 100000000));
    count -= llmobsi_leading_zeros64(decimal.digits) / 8;
    scientific = point < -5 || point > 21;
    before = scientific ? 1 : point;
    if (before <= 0) {
        memcpy(cursor, "0.000000", 8);
        memcpy(cursor + 2 - before, text, LLMOBS_I_DOUBLE_DIGITS);
        cursor += 2 - before + count;
    } else if (before >= count) {
        memcpy(cursor, text, (size_t)count);
        memset(cursor + count, '0', (size_t)(before - count));
        cursor += before;
    } else {
        memcpy(cursor, text, LLMOBS_I_DOUBLE_DIGITS);
        cursor[before] = '.';
        memcpy(cursor + before + 1, text + before, LLMOBS_I_DOUBLE_DIGITS);
        cursor += count + 1;
    }
    if (scientific) {
        *cursor++ = 'e';
        cursor = llmobsi_append_i64(cursor, point - 1);
    }
    return cursor;
}

/* The shortest decimal of a finite double that is not 0; its sign is not looked at. */
llmobsi_inline llmobsi_decimal llmobsi_decimal_of(uint64_t bits)
{
    uint64_t fraction = bits & LLMOBS_I_DOUBLE_FRACTION, one = LLMOBS_I_DOUBLE_FRACTION + 1;
    int biased = (int)(bits >> 52 & 0x7ff);
    bool uneven = fraction == 0 && biased > 1;
    return biased == 0 ? llmobsi_shortest(fraction, -1074, false)
                       : llmobsi_shortest(fraction | one, biased - 1075, uneven);
}

/* Bare NaN, Infinity and -Infinity are no numbers in most formats: ask llmobsi_double_is_finite
   first. LLMOBS_I_DOUBLE_ROOM bytes must be free. */
llmobsi_fn char* llmobsi_append_double(char* cursor, double number)
{
    uint64_t bits = llmobsi_double_bits(number);
    uint64_t fraction = bits & LLMOBS_I_DOUBLE_FRACTION;
    int biased = (int)(bits >> 52 & 0x7ff);
    int exponent = biased - 1075;
    if (biased == 0x7ff && fraction != 0) {
        return llmobsi_append_text(cursor, "NaN");
    }
    if (bits >> 63 != 0) {
        *cursor++ = '-';
    }
    if (biased == 0x7ff) {
        return llmobsi_append_text(cursor, "Infinity");
    }
    if (bits << 1 == 0) { /* many readers take -0 for an integer, which has no sign */
        return bits >> 63 != 0 ? llmobsi_append_text(cursor, "0.0")
                               : llmobsi_append_text(cursor, "0");
    }
    if (exponent <= 0 && exponent > -53) { /* an integer below 2^53 is its own shortest text */
        uint64_t significand = fraction | (LLMOBS_I_DOUBLE_FRACTION + 1);
        if ((significand & ((UINT64_C(1) << -exponent) - 1)) == 0) {
            return llmobsi_append_u64(cursor, significand >> -exponent);
        }
    }
    return llmobsi_append_decimal(cursor, llmobsi_decimal_of(bits));
}

llmobsi_fn void llmobsi_put_double(llmobsi_writer* writer, double number)
{
    char text[LLMOBS_I_DOUBLE_ROOM];
    llmobsi_put(writer, text, (size_t)(llmobsi_append_double(text, number) - text));
}

/* ---- UTF-8 ------------------------------------------------------------------------------------

   Text falls into segments: a well-formed code point, or a "maximal subpart" of one (Unicode 15,
   3.9), which is as many bytes as could begin one. Each of the latter is one error, as browsers and
   Python have it. A segment begins at every byte that is no continuation byte, so a border can be
   found from anywhere. */

#define LLMOBS_I_REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* The size of the segment that data begins with (size > 0): 1 to 4. */
llmobsi_fn size_t llmobsi_utf8_segment(const char* data, size_t size, bool* valid)
{
    const uint8_t* bytes = (const uint8_t*)data;
    uint8_t lead = bytes[0], least = 0x80, most = 0xbf; /* what the second byte may be */
    size_t need, i;
    *valid = lead < 0x80;
    if (lead < 0xc2 || lead > 0xf4) { /* ASCII, a stray continuation, overlong, too large */
        return 1;
    }
    need = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (lead == 0xe0) {
        least = 0xa0; /* below: overlong */
    } else if (lead == 0xed) {
        most = 0x9f; /* above: surrogates */
    } else if (lead == 0xf0) {
        least = 0x90; /* below: overlong */
    } else if (lead == 0xf4) {
        most = 0x8f; /* above U+10FFFF */
    }
    for (i = 1; i < need; i++) {
        if (i >= size || bytes[i] < least || bytes[i] > most) {
            return i;
        }
        least = 0x80;
        most = 0xbf;
    }
    *valid = true;
    return need;
}

/* Whether data begins with three bytes that are a code point at first sight: most of Asia's. */
llmobsi_inline bool llmobsi_utf8_is_plain_three(const char* data, size_t size)
{
    uint8_t lead = (uint8_t)data[0];
    return size >= 3 && lead >= 0xe3 && lead <= 0xef && lead != 0xed &&
           ((uint8_t)data[1] & 0xc0) == 0x80 && ((uint8_t)data[2] & 0xc0) == 0x80;
}

/* How many bytes at the front are ASCII. */
llmobsi_inline size_t llmobsi_ascii_run(const char* data, size_t size)
{
    size_t i = 0;
    for (; i + 32 <= size; i += 32) {
        uint64_t all = llmobsi_load_le64(data + i) | llmobsi_load_le64(data + i + 8) |
                       llmobsi_load_le64(data + i + 16) | llmobsi_load_le64(data + i + 24);
        if ((all & LLMOBS_I_EACH_BYTE(0x80)) != 0) {
            break;
        }
    }
    for (; i + 8 <= size; i += 8) {
        uint64_t others = llmobsi_load_le64(data + i) & LLMOBS_I_EACH_BYTE(0x80);
        if (others != 0) {
            return i + (size_t)llmobsi_trailing_zeros64(others) / 8;
        }
    }
    while (i < size && (data[i] & 0x80) == 0) {
        i++;
    }
    return i;
}

/* How many bytes at the front are valid UTF-8. */
llmobsi_fn size_t llmobsi_utf8_valid_size(const char* data, size_t size)
{
    size_t i = 0;
    bool valid = true;
    while (i < size) {
        if ((data[i] & 0x80) == 0) {
            i += llmobsi_ascii_run(data + i, size - i);
        } else if (llmobsi_utf8_is_plain_three(data + i, size - i)) {
            i += 3;
        } else {
            size_t segment = llmobsi_utf8_segment(data + i, size - i, &valid);
            if (!valid) {
                break;
            }
            i += segment;
        }
    }
    return i;
}

llmobsi_fn bool llmobsi_utf8_is_valid(const char* data, size_t size)
{
    return llmobsi_utf8_valid_size(data, size) == size;
}

/* The largest size up to `limit` that parts no code point (nor, in malformed text, a segment). */
llmobsi_fn size_t llmobsi_utf8_cut(const char* data, size_t size, size_t limit)
{
    size_t back;
    if (size <= limit) {
        return size;
    }
    for (back = 1; back <= 3 && back <= limit; back++) {
        if (((uint8_t)data[limit - back] & 0xc0) != 0x80) { /* the last segment's first byte */
            bool valid;
            size_t start = limit - back;
            size_t segment = llmobsi_utf8_segment(data + start, size - start, &valid);
            return start + segment > limit ? start : limit;
        }
    }
    return limit; /* stray continuation bytes: each is a segment */
}

/* Copies the text with U+FFFD for each malformed segment: at most three times as long. What
   does not fit `capacity` is left out, from a code point border on. Returns the bytes written;
   `data` may be NULL when `size` is 0. */
llmobsi_fn size_t llmobsi_utf8_repair(char* out, size_t capacity, const char* data, size_t size)
{
    size_t written = 0, i = 0;
    while (i < size) {
        size_t good = llmobsi_utf8_valid_size(data + i, size - i);
        size_t fits = llmobsi_utf8_cut(data + i, good, capacity - written);
        bool valid;
        if (fits > 0) {
            memcpy(out + written, data + i, fits);
        }
        written += fits;
        i += good;
        if (fits < good || i == size || capacity - written < sizeof(LLMOBS_I_REPLACEMENT) - 1) {
            break;
        }
        (void)llmobsi_append_text(out + written, LLMOBS_I_REPLACEMENT);
        written += sizeof(LLMOBS_I_REPLACEMENT) - 1;
        i += llmobsi_utf8_segment(data + i, size - i, &valid);
    }
    return written;
}

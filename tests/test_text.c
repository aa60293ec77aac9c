/* The bounded writer, numbers and UTF-8: by exhaustion where it can be, else against libc or
   against a second way to compute the same. */
#ifndef LLMOBS_NO_SIMD
#include "llmobs_private.h"
#else
#define LLMOBS_STATIC
#include "../llmobs.h"
#endif
#include "tap.h"

#include "random.h"

#include <locale.h>
#include <math.h>

/* ---- the writer ---------------------------------------------------------------------------- */

/* Collects what a writer hands on; refuses from byte `refuse_at` on. */
typedef struct sink {
    char text[4096];
    size_t size;
    size_t refuse_at;
    size_t calls;
} sink;

static bool sink_write(void* user, const char* data, size_t size)
{
    sink* to = (sink*)user;
    to->calls++;
    if (size == 0 || to->size + size > to->refuse_at || to->size + size > sizeof to->text) {
        return false;
    }
    memcpy(to->text + to->size, data, size);
    to->size += size;
    return true;
}

/* One of everything; `want` is what it comes to. */
static void put_all(llmobsi_writer* writer)
{
    llmobsi_put_text(writer, "a literal; ");
    llmobsi_put(writer, "a longer piece of text that is larger than small buffers; ", 58);
    llmobsi_put(writer, NULL, 0);
    llmobsi_put_u64(writer, UINT64_MAX);
    llmobsi_put_text(writer, " ");
    llmobsi_put_i64(writer, INT64_MIN);
    llmobsi_put_text(writer, " ");
    llmobsi_put_hex(writer, (const uint8_t*)"\x01\x23\x45\x67\x89\xab\xcd\xef\xff\x00", 10);
    llmobsi_put_text(writer, " ");
    llmobsi_put_double(writer, -0.1);
}

static const char put_all_text[] =
    "a literal; a longer piece of text that is larger than small buffers; "
    "18446744073709551615 -9223372036854775808 0123456789abcdefff00 -0.1";
#define PUT_ALL_SIZE (sizeof put_all_text - 1)

static void test_writer(void)
{
    size_t capacity, wrong = 0, silent = 0, after_failure = 0;
    for (capacity = 0; capacity <= PUT_ALL_SIZE + 8; capacity++) {
        char* buffer = (char*)malloc(capacity + (capacity == 0)); /* ASan sees its end */
        llmobsi_writer writer;
        sink to;
        llmobsi_writer_init(&writer, buffer, capacity, NULL, NULL);
        put_all(&writer);
        if (capacity >= PUT_ALL_SIZE) {
            wrong += !llmobsi_writer_finish(&writer) || writer.length != PUT_ALL_SIZE ||
                     memcmp(buffer, put_all_text, PUT_ALL_SIZE) != 0;
        } else {
            silent += llmobsi_writer_finish(&writer) || writer.length != 0;
        }
        memset(&to, 0, sizeof to);
        to.refuse_at = SIZE_MAX;
        llmobsi_writer_init(&writer, buffer, capacity, sink_write, &to);
        put_all(&writer);
        wrong += !llmobsi_writer_finish(&writer) || to.size != PUT_ALL_SIZE ||
                 memcmp(to.text, put_all_text, PUT_ALL_SIZE) != 0;
        for (to.refuse_at = 0; to.refuse_at < PUT_ALL_SIZE; to.refuse_at++) {
            size_t calls;
            to.size = to.calls = 0;
            llmobsi_writer_init(&writer, buffer, capacity, sink_write, &to);
            put_all(&writer);
            silent += llmobsi_writer_finish(&writer);
            calls = to.calls;
            put_all(&writer);
            silent += llmobsi_writer_finish(&writer);
            after_failure += to.calls != calls;
        }
        free(buffer);
    }
    is_int(wrong, 0, "writer: every buffer size gives the same text");
    is_int(silent, 0, "writer: nothing is cut off silently");
    is_int(after_failure, 0, "writer: `write` is not called again once it refused");
}

/* ---- integers and hex ---------------------------------------------------------------------- */

static int integer_is_wrong(uint64_t number)
{
    char got[LLMOBS_I_I64_ROOM], want[32];
    size_t size = (size_t)snprintf(want, sizeof want, "%llu", (unsigned long long)number);
    size_t got_size = (size_t)(llmobsi_append_u64(got, number) - got);
    int wrong = got_size != size || memcmp(got, want, size) != 0;
    size = (size_t)snprintf(want, sizeof want, "%lld", (long long)(int64_t)number);
    got_size = (size_t)(llmobsi_append_i64(got, (int64_t)number) - got);
    return wrong || got_size != size || memcmp(got, want, size) != 0;
}

static void test_integers(void)
{
    uint64_t power = 1, number;
    size_t wrong = 0;
    int i;
    for (number = 0; number < 200000; number += step_of(7)) {
        wrong += (size_t)integer_is_wrong(number);
    }
    for (i = 0; i < 20; i++, power *= 10) {
        int64_t by;
        for (by = -2; by <= 2; by++) {
            wrong += (size_t)integer_is_wrong(power + (uint64_t)by);
            wrong += (size_t)integer_is_wrong(power * 7 + (uint64_t)by);
        }
    }
    for (i = 0; i < 64; i++) {
        wrong += (size_t)integer_is_wrong(UINT64_C(1) << i);
        wrong += (size_t)integer_is_wrong((UINT64_C(1) << i) - 1);
        wrong += (size_t)integer_is_wrong(~(UINT64_C(1) << i));
    }
    for (i = 0; i < rounds_of(500000); i++) {
        wrong += (size_t)integer_is_wrong(next_random() >> (next_random() & 63));
    }
    is_int(wrong, 0, "integers: as printf has them");
    wrong = 0;
    for (number = 0; number < 100000000; number += step_of(7) * (1 + (number * 7919 & 63))) {
        char got[8], digits[9];
        uint32_t rest = (uint32_t)number;
        for (i = 7; i >= 0; i--, rest /= 10) {
            digits[i] = (char)('0' + rest % 10);
        }
        (void)llmobsi_append_eight_digits(got, (uint32_t)number);
        wrong += memcmp(got, digits, 8) != 0;
    }
    is_int(wrong, 0, "integers: eight digits at once");
}

static void test_hex(void)
{
    uint8_t bytes[256];
    char got[520], want[3];
    size_t size, i, wrong = 0;
    int byte;
    for (i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)i;
    }
    for (size = 0; size <= sizeof bytes; size++) {
        char* end;
        memset(got, '?', sizeof got);
        end = llmobsi_append_hex(got, bytes, size);
        wrong += end != got + 2 * size || *end != '?';
        for (i = 0; i < size; i++) {
            snprintf(want, sizeof want, "%02x", bytes[i]);
            wrong += memcmp(got + 2 * i, want, 2) != 0;
        }
    }
    is_int(wrong, 0, "hex: every byte, every size");
    wrong = 0;
    for (byte = 0; byte < 256; byte++) {
        static const char digits[] = "0123456789abcdef";
        const char* at = byte != 0 ? strchr(digits, byte) : NULL;
        wrong += llmobsi_hex_value((char)byte) != (at != NULL ? (int)(at - digits) : -1);
    }
    is_int(wrong, 0, "hex: the value of a digit, lower case only");
}

/* ---- doubles ------------------------------------------------------------------------------- */

/* A number of 1,600 bits, lowest word first: enough for 5^324 and for 2^1500 / 5^292. */
#define BIG_WORDS 50

typedef struct big {
    uint32_t word[BIG_WORDS];
} big;

static void big_times_5(big* number)
{
    uint64_t carry = 0;
    int i;
    for (i = 0; i < BIG_WORDS; i++) {
        carry += (uint64_t)number->word[i] * 5;
        number->word[i] = (uint32_t)carry;
        carry >>= 32;
    }
}

static void big_by_5(big* number)
{
    uint64_t rest = 0;
    int i;
    for (i = BIG_WORDS - 1; i >= 0; i--) {
        rest = rest << 32 | number->word[i];
        number->word[i] = (uint32_t)(rest / 5);
        rest %= 5;
    }
}

static int big_bit(const big* number, int bit)
{
    return bit >= 0 && (number->word[bit / 32] >> (bit % 32) & 1) != 0;
}

/* The top 128 bits, rounded up if the rest is not zero or `inexact`. */
static llmobsi_power big_top(const big* number, bool inexact)
{
    llmobsi_power top;
    int bit = BIG_WORDS * 32 - 1, i;
    memset(&top, 0, sizeof top);
    while (!big_bit(number, bit)) {
        bit--;
    }
    for (i = 0; i < 128; i++, bit--) {
        top.high = top.high << 1 | top.low >> 63;
        top.low = top.low << 1 | (uint64_t)big_bit(number, bit);
    }
    for (; bit >= 0; bit--) {
        inexact = inexact || big_bit(number, bit);
    }
    top.low += inexact;
    top.high += inexact && top.low == 0;
    return top;
}

static void test_powers(void)
{
    big number;
    int exponent, wrong = 0;
    llmobsi_power got, want;
    memset(&number, 0, sizeof number);
    number.word[0] = 1;
    for (exponent = 0; exponent <= 324; exponent++) {
        got = llmobsi_power_of_10(exponent);
        want = big_top(&number, false);
        wrong += got.high != want.high || got.low != want.low;
        big_times_5(&number);
    }
    memset(&number, 0, sizeof number);
    number.word[1500 / 32] = UINT32_C(1) << 1500 % 32;
    for (exponent = -1; exponent >= -292; exponent--) {
        big_by_5(&number);
        got = llmobsi_power_of_10(exponent);
        want = big_top(&number, true);
        wrong += got.high != want.high || got.low != want.low;
    }
    is_int(wrong, 0, "doubles: all 617 powers of ten are right to the last bit");
}

static double double_of(uint64_t bits)
{
    double number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

/* The significant digits of a number's text, without leading and trailing zeros. */
static size_t digits_of(const char* text, char* digits)
{
    size_t count = 0, last = 0;
    for (; *text != '\0' && *text != 'e'; text++) {
        if (*text >= '0' && *text <= '9' && (count > 0 || *text != '0')) {
            digits[count++] = *text;
            last = *text != '0' ? count : last;
        }
    }
    digits[last] = '\0';
    return last;
}

static bool reads_back(const char* text, uint64_t bits)
{
    return llmobsi_double_bits(strtod(text, NULL)) == bits;
}

/* Whether some text of `count` digits reads back, looking at the nearest one and its two neighbours
   (at a power of two the nearest may fail on the near side and another be good on the far side). */
static bool any_reads_back(uint64_t bits, size_t count)
{
    char text[64];
    int step;
    snprintf(text, sizeof text, "%.*e", (int)count - 1, double_of(bits));
    if (reads_back(text, bits)) {
        return true;
    }
    for (step = -1; step <= 1 && (bits & LLMOBS_I_DOUBLE_FRACTION) == 0; step += 2) {
        char other[64], digits[32];
        long exponent = strtol(strchr(text, 'e') + 1, NULL, 10);
        long long whole;
        size_t all = digits_of(text, digits);
        for (; all < count; all++) {
            digits[all] = '0';
        }
        digits[count] = '\0';
        whole = strtoll(digits, NULL, 10) + step;
        snprintf(other, sizeof other, "%s%llde%ld", bits >> 63 ? "-" : "", whole,
                 exponent - (long)count + 1);
        if (reads_back(other, bits)) {
            return true;
        }
    }
    return false;
}

/* 0, or what is wrong with the text of this double. */
static const char* double_fault(uint64_t bits)
{
    char text[LLMOBS_I_DOUBLE_ROOM + 1], digits[64], nearest[64], nearest_digits[64];
    size_t count;
    char* end;
    memset(text, '?', sizeof text);
    end = llmobsi_append_double(text, double_of(bits));
    if (end > text + 25) {
        return "longer than 25";
    }
    *end = '\0';
    if (strspn(text, "0123456789.e-") != strlen(text)) {
        return "characters";
    }
    if (!reads_back(text, bits)) {
        return "does not read back";
    }
    count = digits_of(text, digits);
    if (count > 17 || (count > 1 && any_reads_back(bits, count - 1))) {
        return "not the shortest";
    }
    if (count == 0) {
        return NULL;
    }
    snprintf(nearest, sizeof nearest, "%.*e", (int)count - 1, double_of(bits));
    (void)digits_of(nearest, nearest_digits);
    if (reads_back(nearest, bits) && strcmp(digits, nearest_digits) != 0) {
        return "not the nearest";
    }
    return NULL;
}

static size_t check_double(uint64_t bits)
{
    static int told;
    const char* fault;
    if (!llmobsi_double_is_finite(double_of(bits))) {
        return 0;
    }
    fault = double_fault(bits);
    if (fault != NULL && told++ < 10) {
        printf("# %016llx %.17g: %s\n", (unsigned long long)bits, double_of(bits), fault);
    }
    return fault != NULL;
}

static void test_doubles_everywhere(void)
{
    static const uint64_t edges[] = {0,
                                     1,
                                     2,
                                     3,
                                     UINT64_C(0x8000000000000),
                                     UINT64_C(0x8000000000001),
                                     UINT64_C(0x7ffffffffffff),
                                     UINT64_C(0xffffffffffffe),
                                     UINT64_C(0xfffffffffffff),
                                     UINT64_C(0x5555555555555),
                                     UINT64_C(0xaaaaaaaaaaaaa),
                                     UINT64_C(0x123456789abcd)};
    size_t wrong = 0, i, rounds = (size_t)rounds_of(1000000);
    uint64_t biased;
    for (biased = 0; biased < 0x7ff; biased += step_of(5)) {
        for (i = 0; i < sizeof edges / sizeof edges[0]; i++) {
            wrong += check_double(biased << 52 | edges[i]);
            wrong += check_double(UINT64_C(1) << 63 | biased << 52 | edges[i]);
        }
    }
    for (i = 0; i < 52; i++) { /* denormals of every size */
        wrong += check_double(UINT64_C(1) << i);
        wrong += check_double((UINT64_C(1) << i) + 1);
        wrong += check_double((UINT64_C(1) << i) - 1);
    }
    is_int(wrong, 0, "doubles: all exponents with edge fractions: read back, shortest, nearest");
    wrong = 0;
    for (i = 0; i < rounds; i++) {
        wrong += check_double(next_random());
    }
    is_int(wrong, 0, "doubles: 1,000,000 random bit patterns");
    wrong = 0;
    for (i = 0; i < rounds / 5; i++) { /* what people write */
        static const double scales[] = {1, 1e1, 1e2, 1e3, 1e6, 1e9, 1e15, 1e-3, 1e-9, 1e-20};
        double scale = scales[next_random() % 10];
        double number = (double)(next_random() % 1000000) / scale;
        wrong += check_double(llmobsi_double_bits(number));
        number = (double)(int64_t)(next_random() >> (next_random() & 63));
        wrong += check_double(llmobsi_double_bits(number));
    }
    is_int(wrong, 0, "doubles: short decimals and integers");
}

static void is_double(double number, const char* want)
{
    char text[LLMOBS_I_DOUBLE_ROOM + 1];
    *llmobsi_append_double(text, number) = '\0';
    is_str(text, want, want);
}

static void test_double_forms(void)
{
    is_double(0.0, "0");
    is_double(-0.0, "-0.0");
    is_double(3.0, "3");
    is_double(-0.5, "-0.5");
    is_double(0.7, "0.7");
    is_double(123.456, "123.456");
    is_double(0.000001, "0.000001");
    is_double(0.0000015, "0.0000015");
    is_double(0.0000001, "1e-7");
    is_double(1.5e-7, "1.5e-7");
    is_double(9007199254740991.0, "9007199254740991");
    is_double(9007199254740994.0, "9007199254740994");
    is_double(1e16, "10000000000000000");
    is_double(1e20, "100000000000000000000");
    is_double(123456789012345680000.0, "123456789012345680000");
    is_double(999999999999999900000.0, "999999999999999900000");
    is_double(1e21, "1e21");
    is_double(1.5e300, "1.5e300");
    is_double(1e23, "1e23");
    is_double(double_of(1), "5e-324");
    is_double(double_of(2), "1e-323");
    is_double(double_of(UINT64_C(0x7fefffffffffffff)), "1.7976931348623157e308");
    is_double(double_of(UINT64_C(0x000fffffffffffff)), "2.225073858507201e-308");
    is_double(double_of(UINT64_C(0x0010000000000000)), "2.2250738585072014e-308");
    is_double(double_of(UINT64_C(0x7ff0000000000000)), "Infinity");
    is_double(double_of(UINT64_C(0xfff0000000000000)), "-Infinity");
    is_double(double_of(UINT64_C(0x7ff8000000000000)), "NaN");
    is_double(double_of(UINT64_C(0xfff0000000000001)), "NaN");
    if (setlocale(LC_NUMERIC, "de_DE.UTF-8") != NULL || setlocale(LC_NUMERIC, "de_DE") != NULL) {
        is_double(1.5, "1.5");
        (void)setlocale(LC_NUMERIC, "C");
    } else {
        skip("doubles: a locale with a decimal comma", "de_DE is not installed");
    }
}

static void test_multiply(void)
{
    size_t wrong = 0;
    int i;
    for (i = 0; i < 100000; i++) {
        uint64_t a = next_random() | (i % 3 == 0 ? UINT64_C(0xffffffff00000000) : 0);
        uint64_t b = next_random() | (i % 5 == 0 ? UINT64_C(0x00000000ffffffff) : 0);
        uint64_t high = 0, low = 0, got_low, got_high = llmobsi_multiply(a, b, &got_low);
        int bit;
        for (bit = 0; bit < 64; bit++) { /* by hand, bit by bit */
            if ((b >> bit & 1) != 0) {
                uint64_t part = a << bit;
                low += part;
                high += (bit == 0 ? 0 : a >> (64 - bit)) + (low < part);
            }
        }
        wrong += got_low != low || got_high != high;
    }
    is_int(wrong, 0, "doubles: 64 by 64 bits");
}

/* ---- UTF-8 --------------------------------------------------------------------------------- */

/* The oracle: which byte sequences begin some code point, and which are one, found by writing out
   every code point there is. */
static uint8_t begins1[1 << 8], begins2[1 << 16], begins3[1 << 24];

static size_t encode(uint32_t point, uint8_t* bytes)
{
    if (point < 0x80) {
        bytes[0] = (uint8_t)point;
        return 1;
    }
    if (point < 0x800) {
        bytes[0] = (uint8_t)(0xc0 | point >> 6);
        bytes[1] = (uint8_t)(0x80 | (point & 63));
        return 2;
    }
    if (point < 0x10000) {
        bytes[0] = (uint8_t)(0xe0 | point >> 12);
        bytes[1] = (uint8_t)(0x80 | (point >> 6 & 63));
        bytes[2] = (uint8_t)(0x80 | (point & 63));
        return 3;
    }
    bytes[0] = (uint8_t)(0xf0 | point >> 18);
    bytes[1] = (uint8_t)(0x80 | (point >> 12 & 63));
    bytes[2] = (uint8_t)(0x80 | (point >> 6 & 63));
    bytes[3] = (uint8_t)(0x80 | (point & 63));
    return 4;
}

#define BEGINS 1 /* a code point, with more bytes */
#define IS 2     /* a code point */

static void make_oracle(void)
{
    uint32_t point;
    for (point = 0; point <= 0x10ffff; point++) {
        uint8_t b[4];
        size_t size;
        if (point >= 0xd800 && point <= 0xdfff) {
            continue;
        }
        size = encode(point, b);
        begins1[b[0]] = size == 1 ? IS : BEGINS;
        if (size > 1) {
            begins2[b[0] << 8 | b[1]] = size == 2 ? IS : BEGINS;
        }
        if (size > 2) {
            begins3[b[0] << 16 | b[1] << 8 | b[2]] = size == 3 ? IS : BEGINS;
        }
    }
}

/* The size of the first segment, by the oracle. After three good bytes of four any continuation
   byte makes a code point: 2^6 of them follow each. */
static size_t oracle_segment(const uint8_t* b, size_t size, bool* valid)
{
    *valid = begins1[b[0]] == IS;
    if (begins1[b[0]] != BEGINS || size < 2 || begins2[b[0] << 8 | b[1]] == 0) {
        return 1;
    }
    *valid = begins2[b[0] << 8 | b[1]] == IS;
    if (*valid || size < 3 || begins3[b[0] << 16 | b[1] << 8 | b[2]] == 0) {
        return 2;
    }
    *valid = begins3[b[0] << 16 | b[1] << 8 | b[2]] == IS;
    if (*valid || size < 4 || (b[3] & 0xc0) != 0x80) {
        return 3;
    }
    *valid = true;
    return 4;
}

static size_t segment_is_wrong(const uint8_t* bytes, size_t size)
{
    bool valid, want_valid;
    size_t got = llmobsi_utf8_segment((const char*)bytes, size, &valid);
    return got != oracle_segment(bytes, size, &want_valid) || valid != want_valid;
}

static void test_segments(void)
{
    size_t wrong = 0;
    uint32_t i;
    for (i = 0; i < 1 << 24; i++) { /* every sequence of three bytes, also as one and two */
        uint8_t bytes[4];
        bytes[0] = (uint8_t)(i >> 16);
        bytes[1] = (uint8_t)(i >> 8);
        bytes[2] = (uint8_t)i;
        wrong += segment_is_wrong(bytes, 3);
        if ((i & 0xff) == 0) {
            wrong += segment_is_wrong(bytes, 2);
        }
        if ((i & 0xffff) == 0) {
            wrong += segment_is_wrong(bytes, 1);
        }
        if (bytes[0] >= 0xef && (bytes[1] & 15) >= 14 && (bytes[2] & 63) >= 60) {
            int fourth;
            for (fourth = 0; fourth < 256; fourth++) {
                bytes[3] = (uint8_t)fourth;
                wrong += segment_is_wrong(bytes, 4);
            }
        }
    }
    is_int(wrong, 0, "UTF-8: the first segment of every byte sequence");
}

/* Bytes that are likely to meet in a bad way. */
static size_t hostile_text(uint8_t* out, size_t size)
{
    static const char* const parts[] = {
        "a",        "abcdefgh",     "\xc3\xa9",     "\xe4\xbd\xa0",     "\xf0\x9f\x98\x80",
        "\x80",     "\xbf",         "\xc0",         "\xc3",             "\xe4\xbd",
        "\xe4",     "\xf0\x9f\x98", "\xf0\x9f",     "\xed\xa0\x80",     "\xf4\x90\x80\x80",
        "\xff",     "\xe0\x80\xaf", "\n",           "0123456789abcdefghijklmnopqrstuvwxyz"};
    size_t written = 0;
    while (written < size) {
        const char* part = parts[next_random() % (sizeof parts / sizeof parts[0])];
        size_t part_size = strlen(part);
        part_size = part_size < size - written ? part_size : size - written;
        memcpy(out + written, part, part_size);
        written += part_size;
    }
    return size;
}

/* Cutting at `limit`, by walking from the front. */
static size_t oracle_cut(const uint8_t* bytes, size_t size, size_t limit)
{
    size_t border = 0, next = 0;
    bool valid;
    while (next < size && next <= limit) {
        border = next;
        next += oracle_segment(bytes + next, size - next, &valid);
    }
    return next <= limit ? next : border;
}

static size_t oracle_repair(uint8_t* out, size_t capacity, const uint8_t* bytes, size_t size)
{
    size_t written = 0, i = 0;
    while (i < size) {
        bool valid;
        size_t segment = oracle_segment(bytes + i, size - i, &valid);
        size_t grows = valid ? segment : 3;
        if (written + grows > capacity) {
            break;
        }
        memcpy(out + written, valid ? (const char*)bytes + i : "\xef\xbf\xbd", grows);
        written += grows;
        i += segment;
    }
    return written;
}

static void test_cut_and_repair(void)
{
    size_t wrong_cut = 0, wrong_repair = 0, wrong_valid = 0, round;
    for (round = 0; round < 3000; round++) {
        uint8_t bytes[64], want[192];
        size_t size = hostile_text(bytes, next_random() % sizeof bytes), limit, good = 0;
        bool valid = true;
        char* copy = (char*)malloc(size + (size == 0)); /* ASan sees its end */
        memcpy(copy, bytes, size);
        for (limit = 0; limit <= size + 2; limit++) {
            wrong_cut += llmobsi_utf8_cut(copy, size, limit) != oracle_cut(bytes, size, limit);
        }
        for (limit = 0; limit <= 3 * size; limit++) {
            char* out = (char*)malloc(limit + (limit == 0));
            size_t want_size = oracle_repair(want, limit, bytes, size);
            size_t got_size = llmobsi_utf8_repair(out, limit, copy, size);
            wrong_repair += got_size != want_size || memcmp(out, want, want_size) != 0 ||
                            !llmobsi_utf8_is_valid(out, got_size);
            free(out);
        }
        while (good < size && valid) {
            size_t segment = oracle_segment(bytes + good, size - good, &valid);
            good += valid ? segment : 0;
        }
        wrong_valid += llmobsi_utf8_valid_size(copy, size) != good;
        wrong_valid += llmobsi_utf8_is_valid(copy, size) != (good == size);
        free(copy);
    }
    is_int(wrong_cut, 0, "UTF-8: cut where the walk from the front says");
    is_int(wrong_repair, 0, "UTF-8: repaired as by the walk, into every capacity");
    is_int(wrong_valid, 0, "UTF-8: validity of hostile text");
    is_int(llmobsi_utf8_repair(NULL, 0, NULL, 0), 0, "UTF-8: repairing nothing");
}

static void test_validity(void)
{
    size_t wrong = 0, size, place;
    for (size = 0; size <= 150; size++) { /* one bad byte at every place, at every alignment */
        char* text = (char*)malloc(size + (size == 0));
        memset(text, 'x', size);
        wrong += !llmobsi_utf8_is_valid(text, size);
        for (place = 0; place < size; place++) {
            text[place] = (char)0xff;
            wrong += llmobsi_utf8_is_valid(text, size);
            wrong += llmobsi_utf8_valid_size(text, size) != place;
            text[place] = 'x';
        }
        free(text);
    }
    is_int(wrong, 0, "UTF-8: a bad byte is found wherever it is");
}

int main(void)
{
    make_oracle();
    test_writer();
    test_integers();
    test_hex();
    test_multiply();
    test_powers();
    test_double_forms();
    test_doubles_everywhere();
    test_segments();
    test_cut_and_repair();
    test_validity();
    return done();
}

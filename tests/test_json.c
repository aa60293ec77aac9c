/* JSON strings and numbers: every code point, every short byte sequence, every buffer size;
   read back by a reader of our own and by perl's. Built twice: test_json_portable.c leaves the
   vector code out. */
#ifndef LLMOBS_NO_SIMD
#include "llmobs_private.h"
#else
#define LLMOBS_STATIC
#include "../llmobs.h"
#endif
#include "tap.h"

#include "json_reader.h"
#include "random.h"

#include <sys/stat.h>

#ifndef DIRECTORY
#define DIRECTORY "build/tmp/test_json"
#endif

/* Collects; refuses what would go past `refuse_at`. */
typedef struct sink {
    char* text;
    size_t size;
    size_t capacity;
    size_t refuse_at;
    size_t calls_after;
    bool refused;
} sink;

static bool sink_write(void* user, const char* data, size_t size)
{
    sink* to = (sink*)user;
    to->calls_after += to->refused;
    if (to->size + size > to->refuse_at || to->size + size > to->capacity) {
        to->refused = true;
        return false;
    }
    memcpy(to->text + to->size, data, size);
    to->size += size;
    return true;
}

/* ---- the two ways to write a string -------------------------------------------------------- */

/* Through put, into a buffer of the caller's: the size, or SIZE_MAX. */
static size_t write_plain(char* out, size_t capacity, const char* data, size_t size)
{
    llmobsi_writer writer;
    llmobsi_writer_init(&writer, out, capacity, NULL, NULL);
    llmobsi_json_string(&writer, data, size);
    return llmobsi_writer_finish(&writer) ? writer.length : SIZE_MAX;
}

/* Through a cursor, as encoders do, with a flushing buffer. */
static bool write_cursor(sink* to, char* buffer, size_t capacity, const char* data, size_t size)
{
    llmobsi_writer writer;
    llmobs_string text;
    char* cursor;
    text.data = data;
    text.size = size;
    llmobsi_writer_init(&writer, buffer, capacity, sink_write, to);
    cursor = llmobsi_json_string_at(&writer, buffer, text);
    (void)llmobsi_writer_turn(&writer, cursor);
    return !writer.failed;
}

/* Whether the text is written so that the strict reader gives back its repaired form. */
static bool round_trips(const char* data, size_t size)
{
    static char out[6 * 4096 + 2], back[sizeof out], repaired[3 * 4096];
    size_t out_size = write_plain(out, sizeof out, data, size), back_size = 0;
    size_t want = llmobsi_utf8_repair(repaired, sizeof repaired, data, size);
    return out_size != SIZE_MAX && json_read_string(out, out_size, back, &back_size) &&
           back_size == want && memcmp(back, repaired, want) == 0;
}

/* ---- every code point, every short sequence ------------------------------------------------ */

/* Under qemu every eleventh of the ideographs and of the upper planes. */
static long next_point(long point, bool all)
{
    return all || point < 0x3000 || point >> 12 == 0xf ? point + 1 : point + 11;
}

static void test_every_code_point(void)
{
    size_t wrong = 0, escaped = 0;
    bool all = !by_qemu();
    long point;
    for (point = 0; point <= 0x10ffff; point = next_point(point, all)) {
        char text[64], out[64];
        size_t size;
        if (point >= 0xd800 && point <= 0xdfff) {
            continue;
        }
        size = json_put_point(point, text);
        wrong += !round_trips(text, size);
        wrong += llmobsi_utf8_is_valid(text, size) ? 0 : 1;
        escaped += write_plain(out, sizeof out, text, size) != size + 2;
        /* and as one of several, so that the wide paths see it */
        memset(text + size, 'x', 40);
        memmove(text + 7, text, size + 40);
        memset(text, 'y', 7);
        wrong += !round_trips(text, 7 + size + 40);
    }
    is_int(wrong, 0, "every code point reads back as itself");
    is_int(escaped, 32 + 2 + 1 + 32 + 1 + 2 + 7 + 4 + 1, "and no more are escaped than must be");
}

static void test_every_short_sequence(void)
{
    size_t wrong = 0;
    char text[3];
    uint32_t i;
    for (i = 0; i < 1 << 16; i++) {
        text[0] = (char)(i >> 8);
        text[1] = (char)i;
        wrong += !round_trips(text, 2);
        wrong += (i & 0xff) == 0 && !round_trips(text, 1);
    }
    /* all that begin or continue something; of the plain ones, and under qemu, a part */
    for (i = 0; i < 1 << 24; i += step_of(37)) {
        text[0] = (char)(i >> 16);
        text[1] = (char)(i >> 8);
        text[2] = (char)i;
        if ((i & 0x808080) != 0 || i % 17 == 0) {
            wrong += !round_trips(text, 3);
        }
    }
    is_int(wrong, 0, "every sequence of up to three bytes is written as its repaired form");
}

/* Two code points of three bytes are taken at once: every pair of leads and of second bytes, each
   byte after a lead spoiled in turn, and at every distance from a piece's border. */
static void test_pairs(void)
{
    size_t wrong = 0;
    unsigned step = by_qemu() ? 15 : 3;
    unsigned lead, other, second, place, spoiled;
    for (lead = 0xe0; lead < 0xf0; lead++) {
        for (other = 0x70; other < 0x100; other++) {
            for (second = 0x80; second < 0xc0; second += step) {
                for (place = 0; place < 6; place++) {
                    char text[80];
                    size_t front = (lead + other + second) % 64;
                    memset(text, 'x', sizeof text);
                    text[front] = (char)lead;
                    text[front + 1] = (char)second;
                    text[front + 2] = (char)(second ^ 5);
                    text[front + 3] = (char)other;
                    text[front + 4] = (char)(second ^ 9);
                    text[front + 5] = (char)(second ^ 17);
                    spoiled = (lead * 3 + other) % 4 == 0 ? '"' : (second * 37) & 0xff;
                    text[front + place] = place == 0 ? text[front] : (char)spoiled;
                    wrong += !round_trips(text, front + 6 + other % 9);
                    wrong += !round_trips(text + front, 6);
                }
            }
        }
    }
    is_int(wrong, 0, "two code points of Asia's at once, whole or spoiled");
}

/* ---- sizes, borders, refusals -------------------------------------------------------------- */

/* Text with specials in about one of `rarity` places, of every kind. */
static void fill(char* out, size_t size, unsigned rarity)
{
    static const char* const parts[] = {"\"", "\\", "\n", "\x01", "\x7f", "\xc2\x85", "\xc3\xa9",
                                        "\xd8\x9c", "\xe2\x80\xa8", "\xe2\x80\xae", "\xe2\x81\xa7",
                                        "\xef\xbb\xbf", "\xef\xbc\x8c",
                                        "\xe4\xbd\xa0", "\xf0\x9f\x98\x80", "\xf0\x9f", "\xe2\x80",
                                        "\x80", "\xff", "\xed\xa0\x80", "\x1f", "\t"};
    size_t written = 0;
    while (written < size) {
        const char* part = parts[next_random() % (sizeof parts / sizeof parts[0])];
        if (next_random() % rarity != 0) {
            char plain = (char)(0x20 + next_random() % 0x5f);
            out[written++] = plain == '"' || plain == '\\' ? 'x' : plain;
        } else {
            while (*part != '\0' && written < size) {
                out[written++] = *part++;
            }
        }
    }
}

static void test_sizes(void)
{
    size_t size, wrong = 0;
    unsigned rarity, round;
    for (size = 0; size <= 400; size += by_qemu() && size > 80 ? 7 : 1) {
        for (rarity = 1; rarity <= 1000; rarity *= 10) {
            for (round = 0; round < 8; round++) {
                char* text = (char*)malloc(size + (size == 0)); /* ASan sees its end */
                fill(text, size, rarity);
                wrong += !round_trips(text, size);
                free(text);
            }
        }
    }
    is_int(wrong, 0, "every size up to 400, from dense specials to none");
}

/* Every special at every place of a clean text of every size up to 80. */
static void test_places(void)
{
    static const char* const specials[] = {"\"",   "\\",   "\n",       "\x1f",         "\x7f",
                                           "\x80", "\xff", "\xc3\xa9", "\xe2\x80\xa8",
                                           "\xf0\x9f\x98\x80"};
    size_t size, place, special, wrong = 0;
    for (size = 1; size <= 80; size++) {
        for (special = 0; special < sizeof specials / sizeof specials[0]; special++) {
            size_t length = strlen(specials[special]);
            for (place = 0; place + length <= size; place++) {
                char* text = (char*)malloc(size);
                memset(text, 'x', size);
                memcpy(text + place, specials[special], length);
                wrong += !round_trips(text, size);
                free(text);
            }
        }
    }
    is_int(wrong, 0, "a special at every place of every size up to 80");
}

static void test_truncation(void)
{
    static const char text[] = "plain \xc3\xa9\xe4\xbd\xa0\xf0\x9f\x98\x80 \xe2\x80\xa8\xc2\x85 "
                               "\"q\" \\ \n \xf0\x9f\x98\x80\xf0\x9f\x98\x80\xe4\xbd\xa0 01234567";
    size_t size, start, wrong = 0;
    for (start = 0; start < sizeof text - 1; start++) {
        for (size = 0; size <= sizeof text - 1 - start; size++) {
            char* copy = (char*)malloc(size + (size == 0));
            memcpy(copy, text + start, size);
            wrong += !round_trips(copy, size);
            free(copy);
        }
    }
    is_int(wrong, 0, "text cut at every position, at both ends");
}

/* The same bytes come out whatever the buffer, and it fails exactly where it does not fit. */
static void test_buffers(void)
{
    static char text[1500], want[6 * sizeof text + 2], got[sizeof want];
    size_t wrong = 0, silent = 0, late = 0, round, capacity;
    for (round = 0; round < 12; round++) {
        size_t size = round * 100 + 20 + next_random() % 60;
        size_t want_size;
        fill(text, size, round % 3 == 0 ? 1 : round % 3 == 1 ? 10 : 100000);
        want_size = write_plain(want, sizeof want, text, size);
        for (capacity = 0; capacity < want_size + 20; capacity += 1 + capacity / 40) {
            char* buffer = (char*)malloc(capacity + (capacity == 0));
            size_t got_size = write_plain(buffer, capacity, text, size);
            silent += (got_size == want_size) != (capacity >= want_size);
            free(buffer);
        }
        for (capacity = LLMOBS_I_WRITER_LEAST; capacity < LLMOBS_I_WRITER_LEAST + 150; capacity++) {
            char* buffer = (char*)malloc(capacity); /* ASan sees its end */
            sink to;
            memset(&to, 0, sizeof to);
            to.text = got;
            to.capacity = sizeof got;
            to.refuse_at = SIZE_MAX;
            wrong += !write_cursor(&to, buffer, capacity, text, size) || to.size != want_size ||
                     memcmp(got, want, want_size) != 0;
            to.size = 0;
            to.refuse_at = next_random() % want_size;
            silent += write_cursor(&to, buffer, capacity, text, size);
            late += to.calls_after;
            free(buffer);
        }
    }
    is_int(wrong, 0, "every buffer size gives the same text");
    is_int(silent, 0, "a string that does not fit, or is refused, fails, and no other");
    is_int(late, 0, "`write` is not called again once it refused");
}

/* Also as large as nothing else here: 10 MB, clean and dense. */
static void test_large(void)
{
    size_t size = (by_qemu() ? 1u : 10u) << 20, wrong = 0;
    unsigned rarity;
    char* text = (char*)malloc(size);
    char* out = (char*)malloc(6 * size + 2);
    char* back = (char*)malloc(6 * size + 2);
    for (rarity = 1; rarity <= 1000000; rarity *= 1000) {
        char buffer[LLMOBS_I_WRITER_BUFFER];
        size_t back_size = 0, want;
        sink to;
        memset(&to, 0, sizeof to);
        to.text = out;
        to.capacity = to.refuse_at = 6 * size + 2;
        fill(text, size, rarity);
        wrong += !write_cursor(&to, buffer, sizeof buffer, text, size);
        wrong += !json_read_string(out, to.size, back, &back_size);
        want = llmobsi_utf8_repair(out, 3 * size, text, size);
        wrong += back_size != want || memcmp(back, out, want) != 0;
    }
    free(text);
    free(out);
    free(back);
    is_int(wrong, 0, by_qemu() ? "strings of 1 MB" : "strings of 10 MB");
}

/* ---- a reader of another make -------------------------------------------------------------- */

/* All code points, about 1,000 in a string: a string a line, then what it must be, in hex. Returns
   the number of lines. */
static int write_for_perl(FILE* lines)
{
    long point = 0;
    int count = 0;
    while (point <= 0x10ffff) {
        static char text[4096], out[6 * sizeof text];
        size_t size = 0, i;
        for (; point <= 0x10ffff && size + 4 <= 4000; point += step_of(7)) {
            if (point < 0xd800 || point > 0xdfff) {
                size += json_put_point(point, text + size);
            }
        }
        fprintf(lines, "[%.*s]\t", (int)write_plain(out, sizeof out, text, size), out);
        for (i = 0; i < size; i++) {
            fprintf(lines, "%02x", (unsigned char)text[i]);
        }
        fputc('\n', lines);
        count++;
    }
    return count;
}

static void test_against_perl(void)
{
    static const char program[] =
        "perl -MJSON::PP -ne '"
        "my ($json, $hex) = split /\\t/; chomp $hex;"
        "my $text = JSON::PP->new->utf8->decode($json)->[0]; utf8::encode($text);"
        "$good++ if unpack(q(H*), $text) eq $hex;"
        "END { print $good }' " DIRECTORY "/points";
    char answer[32] = "";
    FILE* lines;
    (void)mkdir("build", 0777);
    (void)mkdir("build/tmp", 0777);
    (void)mkdir(DIRECTORY, 0777);
    if (system("perl -MJSON::PP -e 1 2>/dev/null") != 0) {
        skip("every code point, read by perl", "perl has no JSON::PP");
        return;
    }
    lines = fopen(DIRECTORY "/points", "wb");
    ok(lines != NULL, "a file for perl");
    if (lines != NULL) {
        int count = write_for_perl(lines);
        (void)fclose(lines);
        lines = popen(program, "r");
        if (lines == NULL || fgets(answer, sizeof answer, lines) == NULL || pclose(lines) != 0) {
            strcpy(answer, "-1");
        }
        is_int(strtol(answer, NULL, 10), count, "every code point, read by perl's JSON::PP");
    }
}

/* ---- numbers ------------------------------------------------------------------------------- */

static void is_json_double(uint64_t bits, const char* want)
{
    char text[64];
    double number;
    memcpy(&number, &bits, sizeof number);
    *llmobsi_json_double_at(text, number) = '\0';
    is_str(text, want, want);
}

static void test_doubles(void)
{
    is_json_double(UINT64_C(0x3ff8000000000000), "1.5");
    is_json_double(UINT64_C(0x8000000000000000), "-0.0");
    is_json_double(UINT64_C(0x7fefffffffffffff), "1.7976931348623157e308");
    is_json_double(UINT64_C(0x7ff0000000000000), "\"Infinity\"");
    is_json_double(UINT64_C(0xfff0000000000000), "\"-Infinity\"");
    is_json_double(UINT64_C(0x7ff8000000000000), "\"NaN\"");
    is_json_double(UINT64_C(0xfff8000000000001), "\"NaN\"");
    is_json_double(UINT64_C(0x7ff0000000000001), "\"NaN\"");
}

int main(void)
{
    test_every_code_point();
    test_every_short_sequence();
    test_pairs();
    test_sizes();
    test_places();
    test_truncation();
    test_buffers();
    test_large();
    test_against_perl();
    test_doubles();
    return done();
}

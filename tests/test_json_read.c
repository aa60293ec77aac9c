/* JSON read: what must be accepted, what must be refused and where, whole and in pieces of any
   size. */
#include "llmobs_private.h"

#include "tap.h"

#include "pieces.h"

#define RANDOM_SEED 7
#include "random.h"

#include <stdlib.h>

/* A text as the name of a test: on one line. */
static const char* shown(const char* text)
{
    static char line[128];
    size_t i;
    for (i = 0; text[i] != '\0' && i < sizeof line - 1; i++) {
        line[i] = text[i] >= ' ' && text[i] != '#' && text[i] != 0x7f ? text[i] : '.';
    }
    line[i] = '\0';
    return line[0] != '\0' ? line : "nothing";
}

/* The tokens as a line: {n:name s:text #12 T F N } and so on; "!" and the place where it fails. */
static const char* trace(llmobsi_json_reader* reader)
{
    static char line[1 << 16];
    static const char marks[] = "!.{}[]nS#TFN";
    size_t at = 0;
    for (;;) {
        llmobsi_json_token token = llmobsi_json_read(reader);
        if (at + reader->text_size + 80 > sizeof line) {
            abort();
        }
        line[at++] = marks[token];
        if (token == LLMOBS_I_JSON_NAME || token == LLMOBS_I_JSON_STRING ||
            token == LLMOBS_I_JSON_NUMBER) {
            memcpy(line + at, reader->text, reader->text_size);
            at += reader->text_size;
            line[at++] = reader->text_cut ? '~' : ';';
        }
        if (token == LLMOBS_I_JSON_FAILED) {
            (void)snprintf(line + at, sizeof line - at, "%u:%u %s", reader->line, reader->column,
                           reader->reason);
            return line;
        }
        if (token == LLMOBS_I_JSON_END) {
            line[at] = '\0';
            return line;
        }
    }
}

static char room[64];

static const char* trace_whole(const char* text, size_t size)
{
    llmobsi_json_reader reader;
    char* copy = (char*)malloc(size + (size == 0)); /* so that a byte too far is seen */
    const char* line;
    memcpy(copy, text, size);
    llmobsi_json_read_begin(&reader, copy, size, room, sizeof room);
    line = trace(&reader);
    free(copy);
    return line;
}

static const char* trace_pieces(const char* text, size_t size, size_t window, size_t most)
{
    llmobsi_json_reader reader;
    pieces from;
    char* memory = (char*)malloc(window);
    const char* line;
    from.data = text;
    from.left = size;
    from.most = most;
    llmobsi_json_read_pieces(&reader, memory, window, next_piece, &from, room, sizeof room);
    line = trace(&reader);
    free(memory);
    return line;
}

typedef struct text_case {
    const char* text;
    const char* want;
} text_case;

/* ---- accepted ------------------------------------------------------------------------------ */

static const text_case accepted[] = {
    {"{}", "{}."},
    {"[]", "[]."},
    {" \t\r\n[ ]\n", "[]."},
    {"1", "#1;."},
    {"\"\"", "S;."},
    {"null", "N."},
    {"true", "T."},
    {"false", "F."},
    {"[true,false,null]", "[TFN]."},
    {"{\"a\":1,\"b\":[2,{\"c\":\"d\"}]}", "{na;#1;nb;[#2;{nc;Sd;}]}."},
    {"{ \"a\" : 1 , \"b\" : 2 }", "{na;#1;nb;#2;}."},
    {"[0,-0,-1,10,1.5,0.0,1e5,1E+5,1e-05,-1.5e10]",
     "[#0;#-0;#-1;#10;#1.5;#0.0;#1e5;#1E+5;#1e-05;#-1.5e10;]."},
    {"123456789012345678901234567890", "#123456789012345678901234567890;."},
    {"1e400", "#1e400;."},
    {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "S\"\\/\b\f\n\r\t;."},
    {"\"\\u0041\\u00e9\\u20ac\\ud83d\\ude00\\uD83D\\uDE00\"",
     "SA\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xf0\x9f\x98\x80;."},
    {"\"\x7f\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"", "S\x7f\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80;."},
    {"{\"a\":1,\"a\":2}", "{na;#1;na;#2;}."},
    {"{\"\":0}", "{n;#0;}."},
    {"\"a\\u0062c\"", "Sabc;."},
    {"[\"\\n\",\"plain\"]", "[S\n;Splain;]."},
};

static void test_accepted(void)
{
    size_t i;
    for (i = 0; i < sizeof accepted / sizeof accepted[0]; i++) {
        is_str(trace_whole(accepted[i].text, strlen(accepted[i].text)), accepted[i].want,
               shown(accepted[i].text));
    }
    is_str(trace_whole("\"a\\u0000b\"", 10), "Sa", "a NUL in a string is a byte of it");
}

/* ---- refused ------------------------------------------------------------------------------- */

#define VALUE "not a value"
#define COMMA "a comma or the end should stand here"
#define NAME "a name in quotes should stand here"
#define NUMBER "a malformed number"
#define ESCAPE "a malformed escape"
#define EARLY "the text ends too early"
#define INSIDE "the text ends inside a string"
#define CONTROL "a control character in a string"
#define UTF8 "malformed UTF-8"

static const text_case refused[] = {
    {"", "!1:1 " EARLY},
    {" \n ", "!2:2 " EARLY},
    {"\xef\xbb\xbf{}", "!1:1 " VALUE},
    {"{", "{!1:2 " NAME},
    {"[", "[!1:2 " EARLY},
    {"}", "!1:1 " VALUE},
    {"[}", "[!1:2 " VALUE},
    {"{]", "{!1:2 " NAME},
    {"[1}", "[#1;!1:3 " COMMA},
    {"{\"a\":1]", "{na;#1;!1:7 " COMMA},
    {"[1,]", "[#1;!1:4 " VALUE},
    {"[,1]", "[!1:2 " VALUE},
    {"[1,,2]", "[#1;!1:4 " VALUE},
    {"[1 2]", "[#1;!1:4 " COMMA},
    {"{\"a\":1,}", "{na;#1;!1:8 " NAME},
    {"{,}", "{!1:2 " NAME},
    {"{a:1}", "{!1:2 " NAME},
    {"{1:1}", "{!1:2 " NAME},
    {"{'a':1}", "{!1:2 " NAME},
    {"{\"a\"}", "{!1:5 a colon should stand here"},
    {"{\"a\" 1}", "{!1:6 a colon should stand here"},
    {"{\"a\":}", "{na;!1:6 " VALUE},
    {"{\"a\":1 \"b\":2}", "{na;#1;!1:8 " COMMA},
    {"1 2", "#1;!1:3 something stands after the end"},
    {"{}{}", "{}!1:3 something stands after the end"},
    {"[1]\n\nx", "[#1;]!3:1 something stands after the end"},
    {"01", "#0;!1:2 something stands after the end"},
    {"-", "!1:2 " NUMBER},
    {"-a", "!1:2 " NUMBER},
    {"1.", "!1:3 " NUMBER},
    {".5", "!1:1 " VALUE},
    {"+1", "!1:1 " VALUE},
    {"1e", "!1:3 " NUMBER},
    {"1e+", "!1:4 " NUMBER},
    {"-.5", "!1:2 " NUMBER},
    {"0x10", "#0;!1:2 something stands after the end"},
    {"1_000", "#1;!1:2 something stands after the end"},
    {"NaN", "!1:1 " VALUE},
    {"Infinity", "!1:1 " VALUE},
    {"-Infinity", "!1:2 " NUMBER},
    {"nul", "!1:4 " VALUE},
    {"True", "!1:1 " VALUE},
    {"truex", "T!1:5 something stands after the end"},
    {"// c\n1", "!1:1 " VALUE},
    {"\"abc", "!1:5 " INSIDE},
    {"\"a\nb\"", "!1:3 " CONTROL},
    {"\"a\tb\"", "!1:3 " CONTROL},
    {"\"12345678\x1f\"", "!1:10 " CONTROL},
    {"\"\\x\"", "!1:3 " ESCAPE},
    {"\"\\'\"", "!1:3 " ESCAPE},
    {"\"\\", "!1:3 " ESCAPE},
    {"\"\\u12\"", "!1:6 " ESCAPE},
    {"\"\\u12g4\"", "!1:6 " ESCAPE},
    {"\"\\ud800\"", "!1:8 " ESCAPE},
    {"\"\\ud800x\"", "!1:8 " ESCAPE},
    {"\"\\ud800\\n\"", "!1:9 " ESCAPE},
    {"\"\\ud800\\u0041\"", "!1:14 " ESCAPE},
    {"\"\\udc00\"", "!1:8 " ESCAPE},
    {"\"\xff\"", "!1:2 " UTF8},
    {"\"\x80\"", "!1:2 " UTF8},
    {"\"\xc3\"", "!1:2 " UTF8},
    {"\"\xc0\x80\"", "!1:2 " UTF8},
    {"\"\xed\xa0\x80\"", "!1:2 " UTF8},
    {"\"\xf4\x90\x80\x80\"", "!1:2 " UTF8},
    {"\"\xe2\x82", "!1:2 " UTF8},
    {"{\"a\xff\":1}", "{!1:4 " UTF8},
    {"[\"\xc3\xa9\xe2\x82\xac\", x]", "[S\xc3\xa9\xe2\x82\xac;!1:8 " VALUE},
    {"{\n  \"a\": 1,\n  \"b\": ?\n}", "{na;#1;nb;!3:8 " VALUE},
};

static void test_refused(void)
{
    size_t i;
    for (i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        is_str(trace_whole(refused[i].text, strlen(refused[i].text)), refused[i].want,
               shown(refused[i].text));
    }
    is_str(trace_whole("[1,\0]", 5), "[#1;!1:4 " VALUE, "a NUL is no blank");
    is_str(trace_whole("1\0", 2), "#1;!1:2 something stands after the end", "nor the end");
    is_str(trace_whole("\"a\0\"", 4), "!1:3 " CONTROL, "nor a letter");
}

/* ---- bounds -------------------------------------------------------------------------------- */

static void test_depth(void)
{
    static char text[300000];
    llmobsi_json_reader reader;
    llmobsi_json_token token;
    int i;
    for (i = 0; i < 64; i++) {
        text[i] = '[';
        text[127 - i] = ']';
    }
    llmobsi_json_read_begin(&reader, text, 128, room, sizeof room);
    while ((token = llmobsi_json_read(&reader)) > LLMOBS_I_JSON_END) {
    }
    is_int(token, LLMOBS_I_JSON_END, "64 deep");
    text[64] = '[';
    llmobsi_json_read_begin(&reader, text, 128, room, sizeof room);
    while ((token = llmobsi_json_read(&reader)) > LLMOBS_I_JSON_END) {
    }
    is_int(token, LLMOBS_I_JSON_FAILED, "65 is too deep");
    is_str(reader.reason, "nested too deep", "and that is the reason");
    is_int(reader.column, 65, "and the place");
    for (i = 0; i < (int)sizeof text; i += 5) {
        memcpy(text + i, "{\"a\":", 5);
    }
    llmobsi_json_read_begin(&reader, text, sizeof text, room, sizeof room);
    while ((token = llmobsi_json_read(&reader)) > LLMOBS_I_JSON_END) {
    }
    is_int(reader.column, 64 * 5 + 1, "objects, too");
    is_int(llmobsi_json_read(&reader), LLMOBS_I_JSON_FAILED, "and it stays refused");
}

/* Objects and arrays in turns: which one is closed is known at every depth. */
static void test_turns(void)
{
    char text[512];
    size_t size = 0;
    int i;
    for (i = 0; i < 64; i++) {
        size += (size_t)snprintf(text + size, sizeof text - size, i % 2 ? "{\"k\":" : "[");
    }
    text[size++] = '7';
    for (i = 64; i-- > 0;) {
        text[size++] = i % 2 ? '}' : ']';
    }
    ok(strstr(trace_whole(text, size), "#7;}]}]") != NULL, "turns are closed in turns");
    text[size - 5] = text[size - 5] == '}' ? ']' : '}';
    ok(strstr(trace_whole(text, size), "!1:") != NULL, "and not otherwise");
}

static void test_room(void)
{
    char text[300];
    size_t i;
    memset(text, 'a', sizeof text);
    text[0] = '"';
    text[1] = '\\';
    text[2] = 'n';
    text[66] = '"'; /* a newline and 63 letters */
    ok(strchr(trace_whole(text, 67), ';') != NULL, "what fits the room is decoded");
    text[66] = 'a';
    text[67] = '"';
    ok(strchr(trace_whole(text, 68), '~') != NULL, "what does not is cut, and says so");
    text[40] = '\\';
    text[41] = 'x';
    ok(strstr(trace_whole(text, 68), ESCAPE) != NULL, "and is looked at all the same");
    memset(text, 'a', sizeof text);
    text[0] = '"';
    text[299] = '"';
    i = strlen(trace_whole(text, 300));
    is_int(i, 298 + 3, "without escapes no room is needed");
}

/* ---- pieces -------------------------------------------------------------------------------- */

static void test_pieces(void)
{
    static const size_t windows[] = {64, 65, 67, 100};
    char want[256];
    int wrong = 0;
    size_t i, w, most;
    for (i = 0; i < sizeof accepted / sizeof accepted[0] + sizeof refused / sizeof refused[0];
         i++) {
        size_t n = sizeof accepted / sizeof accepted[0];
        const char* text = i < n ? accepted[i].text : refused[i - n].text;
        (void)snprintf(want, sizeof want, "%s", trace_whole(text, strlen(text)));
        for (w = 0; w < sizeof windows / sizeof windows[0]; w++) {
            for (most = 1; most <= 16; most += most < 4 ? 1 : 6) {
                wrong += strcmp(trace_pieces(text, strlen(text), windows[w], most), want) != 0;
            }
        }
    }
    is_int(wrong, 0, "in pieces all is the same");
}

/* Random texts of many tokens, longer than any window. */
static void test_random_pieces(void)
{
    static const char* const parts[] = {"[", "]", "{", "}", ",", ":", "\"a\"", "\"\\u20ac\"",
                                        "\"\xe2\x82\xac\xf0\x9f\x98\x80\"", "12.5e-7", "true",
                                        "null", "\"long name of it\"", "\n", "\"k\":", ""};
    static char want[1 << 16];
    int wrong = 0, finished = 0, round;
    for (round = 0; round < 3000; round++) {
        char text[2000];
        size_t size = 0;
        int depth = 1;
        text[size++] = '[';
        while (size < 1500) { /* a list, with a fault now and then */
            const char* part = parts[6 + next_random() % 7];
            if (next_random() % 500 == 0) {
                part = parts[next_random() % 16];
            } else if (next_random() % 8 == 0 && depth < 60) {
                part = "{\"k\":[0";
                depth++;
            } else if (next_random() % 8 == 0 && depth > 1) {
                text[size - 1] = ' ';
                part = "]}";
                depth--;
            }
            size += (size_t)snprintf(text + size, sizeof text - size, "%s%s,", part,
                                     next_random() % 4 == 0 ? "\n " : "");
        }
        text[size - 1] = ']';
        while (--depth > 0) {
            size += (size_t)snprintf(text + size, sizeof text - size, "}]");
        }
        (void)snprintf(want, sizeof want, "%s", trace_whole(text, size));
        finished += strchr(want, '!') == NULL;
        wrong += strcmp(trace_pieces(text, size, 64 + next_random() % 64, 1 + next_random() % 90),
                        want) != 0;
    }
    is_int(wrong, 0, "random texts, in pieces, are the same");
    printf("# %d of 3000 are well-formed\n", finished);
}

static void test_too_long(void)
{
    char text[200];
    memset(text, '1', sizeof text);
    ok(strstr(trace_pieces(text, 60, 64, 7), "#1") != NULL, "a number that fits the window");
    is_str(trace_pieces(text, 70, 64, 7), "!1:65 a string or number is too long",
           "one that does not is refused");
    text[0] = '"';
    is_str(trace_pieces(text, 70, 64, 64), "!1:65 a string or number is too long", "and a string");
    memset(text, ' ', sizeof text);
    text[199] = '1';
    is_str(trace_pieces(text, 200, 64, 64), "#1;.", "blanks may be many");
}

/* ---- passing over -------------------------------------------------------------------------- */

static void test_pass(void)
{
    static const char text[] = "{\"a\":[1,{\"b\":[]}],\"c\":{\"d\":{}},\"e\":5}";
    llmobsi_json_reader reader;
    int names = 0;
    llmobsi_json_read_begin(&reader, text, sizeof text - 1, room, sizeof room);
    (void)llmobsi_json_read(&reader);
    while (llmobsi_json_read(&reader) == LLMOBS_I_JSON_NAME) {
        names++;
        ok(llmobsi_json_pass(&reader, llmobsi_json_read(&reader)), "a value is passed over");
    }
    is_int(names, 3, "with all that is in it");
    is_int(llmobsi_json_read(&reader), LLMOBS_I_JSON_END, "and no more");
    llmobsi_json_read_begin(&reader, "[1,[2,]]", 8, room, sizeof room);
    ok(!llmobsi_json_pass(&reader, llmobsi_json_read(&reader)), "what is no JSON is not");
}

static void test_refuse(void)
{
    llmobsi_json_reader reader;
    llmobsi_json_read_begin(&reader, "[1,\n  \"x\"]", 10, room, sizeof room);
    (void)llmobsi_json_read(&reader);
    (void)llmobsi_json_read(&reader);
    (void)llmobsi_json_read(&reader);
    (void)llmobsi_json_refuse(&reader, "no x");
    is_int(reader.line, 2, "a user refuses a token: the line");
    is_int(reader.column, 3, "the column");
    is_int(llmobsi_json_read(&reader), LLMOBS_I_JSON_FAILED, "there is no next one");
    is_str(reader.reason, "no x", "the reason");
    (void)llmobsi_json_refuse(&reader, "another");
    is_str(reader.reason, "no x", "stays the first");
}

/* ---- numbers ------------------------------------------------------------------------------- */

typedef struct number_case {
    const char* text;
    int places;
    llmobsi_units what;
    uint64_t units;
} number_case;

static const number_case numbers[] = {
    {"0", 15, LLMOBS_I_UNITS_EXACT, 0},
    {"-0.0e5", 15, LLMOBS_I_UNITS_EXACT, 0},
    {"1", 0, LLMOBS_I_UNITS_EXACT, 1},
    {"2.5e-06", 15, LLMOBS_I_UNITS_EXACT, UINT64_C(2500000000)},
    {"0.0000025", 15, LLMOBS_I_UNITS_EXACT, UINT64_C(2500000000)},
    {"25E-7", 15, LLMOBS_I_UNITS_EXACT, UINT64_C(2500000000)},
    {"0.25e-5", 15, LLMOBS_I_UNITS_EXACT, UINT64_C(2500000000)},
    {"1e-15", 15, LLMOBS_I_UNITS_EXACT, 1},
    {"1000000000000000e-30", 15, LLMOBS_I_UNITS_EXACT, 1},
    {"1.000000000000000000000000000", 15, LLMOBS_I_UNITS_EXACT, UINT64_C(1000000000000000)},
    {"1e3", 15, LLMOBS_I_UNITS_EXACT, LLMOBS_I_UNITS_MOST},
    {"1.1", 6, LLMOBS_I_UNITS_EXACT, 1100000},
    {"256000.0", 0, LLMOBS_I_UNITS_EXACT, 256000},
    {"1e-16", 15, LLMOBS_I_UNITS_ROUNDED, 0},
    {"5e-16", 15, LLMOBS_I_UNITS_ROUNDED, 0},
    {"1.5e-15", 15, LLMOBS_I_UNITS_ROUNDED, 2},
    {"2.5e-15", 15, LLMOBS_I_UNITS_ROUNDED, 2},
    {"2.5000000000000000000000000000001e-15", 15, LLMOBS_I_UNITS_ROUNDED, 3},
    {"2.51e-15", 15, LLMOBS_I_UNITS_ROUNDED, 3},
    {"1.6000000000000001e-06", 15, LLMOBS_I_UNITS_ROUNDED, UINT64_C(1600000000)},
    {"2.857142857142857e-07", 15, LLMOBS_I_UNITS_ROUNDED, UINT64_C(285714286)},
    {"1e-400", 15, LLMOBS_I_UNITS_ROUNDED, 0},
    {"1e-99999999999999999999", 15, LLMOBS_I_UNITS_ROUNDED, 0},
    {"9999999999999999999e-40", 15, LLMOBS_I_UNITS_ROUNDED, 0},
    {"1000.000000000000001", 15, LLMOBS_I_UNITS_TOO_MANY, 0},
    {"1e400", 15, LLMOBS_I_UNITS_TOO_MANY, 0},
    {"1e99999999999999999999", 15, LLMOBS_I_UNITS_TOO_MANY, 0},
    {"99999999999999999999999999", 0, LLMOBS_I_UNITS_TOO_MANY, 0},
    {"-1e-20", 15, LLMOBS_I_UNITS_NEGATIVE, 0},
    {"-2", 0, LLMOBS_I_UNITS_NEGATIVE, 0},
};

static void test_numbers(void)
{
    size_t i;
    for (i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        const number_case* one = &numbers[i];
        uint64_t units = 99;
        llmobsi_units what =
            llmobsi_units_read(one->text, strlen(one->text), one->places, &units);
        ok(what == one->what && (what >= LLMOBS_I_UNITS_NEGATIVE || units == one->units),
           one->text);
    }
}

int main(void)
{
    test_accepted();
    test_refused();
    test_depth();
    test_turns();
    test_room();
    test_pieces();
    test_random_pieces();
    test_too_long();
    test_pass();
    test_refuse();
    test_numbers();
    return done();
}

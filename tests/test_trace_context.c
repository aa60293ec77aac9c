/* W3C trace context, by tables and against a second reader; sampling thresholds. */
#include "llmobs_private.h"
#include "tap.h"

#include "random.h"

#include <math.h>

#define GOOD "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

static bool is_zero(const void* memory, size_t size)
{
    const unsigned char* bytes = (const unsigned char*)memory;
    while (size > 0) {
        if (bytes[--size] != 0) {
            return false;
        }
    }
    return true;
}

static llmobs_result parse(llmobs_trace_context* context, const char* traceparent)
{
    memset(context, 0xa5, sizeof *context);
    return llmobs_trace_context_parse(context, traceparent, strlen(traceparent), NULL, 0);
}

/* What a tracestate becomes; "(refused)" if the traceparent beside it was hurt. */
static const char* state_of(const char* tracestate)
{
    static llmobs_trace_context context;
    memset(&context, 0xa5, sizeof context);
    if (llmobs_trace_context_parse(&context, GOOD, strlen(GOOD), tracestate,
                                   LLMOBS_NUL_TERMINATED) != LLMOBS_OK ||
        context.trace_id[0] != 0x4b || context.flags != 1) {
        return "(refused)";
    }
    return context.tracestate;
}

/* The rules of a traceparent once more, from the grammar, one character at a time. */
static bool expect_good(const char* text, size_t size)
{
    static const char shape[] = "hh-tttttttttttttttttttttttttttttttt-ssssssssssssssss-ff";
    bool trace = false, span = false;
    size_t i;
    if (size < 55) {
        return false;
    }
    for (i = 0; i < 55; i++) {
        if (shape[i] == '-') {
            if (text[i] != '-') {
                return false;
            }
        } else if (text[i] == '\0' || strchr("0123456789abcdef", text[i]) == NULL) {
            return false;
        }
        trace |= shape[i] == 't' && text[i] != '0';
        span |= shape[i] == 's' && text[i] != '0';
    }
    if (memcmp(text, "ff", 2) == 0 || !trace || !span) {
        return false;
    }
    return size == 55 || (memcmp(text, "00", 2) != 0 && text[55] == '-');
}

/* ---- traceparent --------------------------------------------------------------------------- */

typedef struct header_case {
    const char* text;
    const char* want; /* formatted again; NULL: refused */
} header_case;

static const header_case traceparents[] = {
    {GOOD, GOOD},
    {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00",
     "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"},
    {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03",
     "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03"},
    /* unknown flags don't travel on, the random flag does */
    {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-ff",
     "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03"},
    {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-fe",
     "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-02"},
    {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-08",
     "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"},
    /* smallest and largest ids */
    {"00-00000000000000000000000000000001-0000000000000001-00",
     "00-00000000000000000000000000000001-0000000000000001-00"},
    {"00-80000000000000000000000000000000-8000000000000000-00",
     "00-80000000000000000000000000000000-8000000000000000-00"},
    {"00-ffffffffffffffffffffffffffffffff-ffffffffffffffff-01",
     "00-ffffffffffffffffffffffffffffffff-ffffffffffffffff-01"},
    {"00-0123456789abcdef0123456789abcdef-fedcba9876543210-01",
     "00-0123456789abcdef0123456789abcdef-fedcba9876543210-01"},
    /* versions to come */
    {"01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", GOOD},
    {"cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", GOOD},
    {"fe-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-", GOOD},
    {"cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-the-future-will-be", GOOD},
    {"cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.", NULL},
    {"cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01what-the-future-will-be", NULL},
    {"01-00000000000000000000000000000000-00f067aa0ba902b7-01-x", NULL},
    {"ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", NULL},
    {"FF-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", NULL},
    {"ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x", NULL},
    {"0-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", NULL},
    {".0-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", NULL},
    {"0.-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", NULL},
    {"000-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", NULL},
    /* version 00 ends after the flags */
    {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-", NULL},
    {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.", NULL},
    {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x", NULL},
    {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-012", NULL},
    {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01 ", NULL},
    {" 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", NULL},
    /* ids */
    {"00-00000000000000000000000000000000-00f067aa0ba902b7-01", NULL},
    {"00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", NULL},
    {"00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", NULL},
    {"00-4bf92f3577b34da6a3ce929d0e0e4736-00F067AA0BA902B7-01", NULL},
    {"00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01", NULL},
    {"00-4bf92f3577b34da6a3ce929d0e0e47361-00f067aa0ba902b7-01", NULL},
    {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b-01", NULL},
    {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b71-01", NULL},
    {"00-.bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", NULL},
    {"00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01", NULL},
    {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902bo-01", NULL},
    {"00-4bf92f3577b34da6-3ce929d0e0e47361-00f067aa0ba902b7-01", NULL},
    {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7", NULL},
    {"00-4bf92f3577b34da6a3ce929d0e0e4736", NULL},
    /* flags */
    {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1", NULL},
    {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-.1", NULL},
    {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1.", NULL},
    {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0A", NULL},
    {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-", NULL},
    /* separators */
    {"00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", NULL},
    {"00-4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7-01", NULL},
    {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7_01", NULL},
    {"", NULL},
    {"-", NULL},
    {"nonsense", NULL},
};

static void test_traceparents(void)
{
    size_t i;
    for (i = 0; i < sizeof traceparents / sizeof traceparents[0]; i++) {
        const header_case* one = &traceparents[i];
        llmobs_trace_context context;
        char text[LLMOBS_TRACEPARENT_SIZE];
        char what[160];
        llmobs_result result = parse(&context, one->text);
        snprintf(what, sizeof what, "traceparent '%s'", one->text);
        if (one->want == NULL) {
            ok(result == LLMOBS_ERROR_ARGUMENT && is_zero(&context, sizeof context), what);
        } else {
            size_t size = llmobs_traceparent_format(&context, text);
            ok(result == LLMOBS_OK && size == 55 && strcmp(text, one->want) == 0 &&
                   is_zero(context.tracestate, sizeof context.tracestate),
               what);
        }
    }
}

static void test_fields(void)
{
    static const uint8_t trace[16] = {0x4b, 0xf9, 0x2f, 0x35, 0x77, 0xb3, 0x4d, 0xa6,
                                      0xa3, 0xce, 0x92, 0x9d, 0x0e, 0x0e, 0x47, 0x36};
    static const uint8_t span[8] = {0x00, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7};
    llmobs_trace_context context;
    is_int(parse(&context, GOOD), LLMOBS_OK, "a traceparent");
    ok(memcmp(context.trace_id, trace, 16) == 0, "its trace id, in order");
    ok(memcmp(context.span_id, span, 8) == 0, "its span id, in order");
    is_int(context.flags, LLMOBS_TRACE_SAMPLED, "its flags");
}

/* The header is read in place: a page that ends where the header ends would tell. */
static void test_sizes(void)
{
    char* exact = (char*)malloc(55);
    char nul[57];
    llmobs_trace_context context;
    size_t size;
    bool all = true;
    memcpy(exact, GOOD, 55);
    is_int(llmobs_trace_context_parse(&context, exact, 55, NULL, 0), LLMOBS_OK,
           "no byte behind the size is needed");
    for (size = 0; size < 55; size++) {
        char* part = (char*)malloc(size + 1);
        memcpy(part, GOOD, size);
        all &= llmobs_trace_context_parse(&context, part, size, NULL, 0) == LLMOBS_ERROR_ARGUMENT;
        part[size] = '\0';
        all &= llmobs_trace_context_parse(&context, part, LLMOBS_NUL_TERMINATED, NULL, 0) ==
               LLMOBS_ERROR_ARGUMENT;
        free(part);
    }
    ok(all, "every shorter header is refused, measured or not");
    memcpy(nul, GOOD, 56);
    nul[56] = 'x';
    is_int(llmobs_trace_context_parse(&context, nul, LLMOBS_NUL_TERMINATED, NULL, 0), LLMOBS_OK,
           "a measured header");
    is_int(llmobs_trace_context_parse(&context, nul, 56, NULL, 0), LLMOBS_ERROR_ARGUMENT,
           "a NUL within the size is no end");
    is_int(llmobs_trace_context_parse(&context, nul, (size_t)1 << 31, NULL, 0),
           LLMOBS_ERROR_ARGUMENT, "an absurd size is not believed for version 00");
    free(exact);
}

static void test_arguments(void)
{
    llmobs_trace_context context;
    char text[LLMOBS_TRACEPARENT_SIZE] = "x";
    is_int(llmobs_trace_context_parse(NULL, GOOD, 55, NULL, 0), LLMOBS_ERROR_ARGUMENT,
           "no context");
    memset(&context, 0xa5, sizeof context);
    is_int(llmobs_trace_context_parse(&context, NULL, LLMOBS_NUL_TERMINATED, "a=b", 3),
           LLMOBS_ERROR_ARGUMENT, "no traceparent");
    ok(is_zero(&context, sizeof context), "... leaves an all-zero context");
    is_int(llmobs_traceparent_format(NULL, text), 0, "format: no context");
    is_str(text, "", "... gives the empty text");
    memset(text, 'x', sizeof text);
    is_int(llmobs_traceparent_format(&context, text), 0, "format: zero ids");
    is_str(text, "", "... gives the empty text");
    context.trace_id[15] = 1;
    is_int(llmobs_traceparent_format(&context, text), 0, "format: zero span id");
    context.span_id[0] = 1;
    is_int(llmobs_traceparent_format(&context, NULL), 0, "format: no text");
    context.flags = 0xff;
    is_int(llmobs_traceparent_format(&context, text), 55, "format: ids");
    is_str(text, "00-00000000000000000000000000000001-0100000000000000-03",
           "... and the known flags");
}

/* Every byte in every place. */
static void test_every_corruption(void)
{
    static const char* const bases[] = {
        GOOD, "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
        "00-00000000000000000000000000000001-0000000000000001-00"};
    size_t base, place;
    long wrong = 0, tried = 0, good = 0;
    for (base = 0; base < 3; base++) {
        size_t size = strlen(bases[base]);
        for (place = 0; place < size; place++) {
            int byte;
            for (byte = 0; byte < 256; byte++) {
                llmobs_trace_context context;
                char text[64];
                bool want;
                memcpy(text, bases[base], size);
                text[place] = (char)byte;
                want = expect_good(text, size);
                wrong += (llmobs_trace_context_parse(&context, text, size, NULL, 0) == LLMOBS_OK) !=
                         want;
                wrong += !want && !is_zero(&context, sizeof context);
                good += want;
                tried++;
            }
        }
    }
    is_int(wrong, 0, "every byte in every place: as the grammar has it");
    is_int(tried, (55 + 57 + 55) * 256, "... all of them");
    ok(good > 2000 && good < 4000, "... some of them good");
}

static void test_random_mutations(void)
{
    static const char bytes[] = "0123456789abcdefABCDEFgo-_ .\t\n\0\xff\x80";
    long round, wrong = 0, unstable = 0, good = 0;
    for (round = 0; round < rounds_of(1000000); round++) {
        llmobs_trace_context context, again;
        char text[LLMOBS_TRACEPARENT_SIZE];
        char header[64];
        size_t size = 55 + (next_random() % 4 == 0 ? next_random() % 4 : 0);
        uint64_t changes = next_random() % 4;
        memcpy(header, GOOD "-x-", 58);
        while (changes-- > 0) {
            header[next_random() % 58] = bytes[next_random() % (sizeof bytes - 1)];
        }
        if (llmobs_trace_context_parse(&context, header, size, NULL, 0) != LLMOBS_OK) {
            wrong += expect_good(header, size);
            continue;
        }
        good++;
        wrong += !expect_good(header, size);
        unstable += llmobs_traceparent_format(&context, text) != 55 ||
                    llmobs_trace_context_parse(&again, text, 55, NULL, 0) != LLMOBS_OK ||
                    memcmp(&context, &again, sizeof again) != 0;
    }
    is_int(wrong, 0, "1,000,000 random mutations: as the grammar has it");
    is_int(unstable, 0, "... and read, written, read is read");
    ok(good > round / 10 && good < round / 10 * 9, "... of which some are good, some not");
}

/* ---- tracestate ---------------------------------------------------------------------------- */

static const header_case tracestates[] = {
    {"", ""},
    {"foo=1", "foo=1"},
    {"foo=1,bar=2", "foo=1,bar=2"},
    {"congo=t61rcWkgMzE,rojo=00f067aa0ba902b7", "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7"},
    /* empty members and blanks */
    {",", ""},
    {" ", ""},
    {" \t , ,\t,", ""},
    {"foo=1,", "foo=1"},
    {",foo=1", "foo=1"},
    {"foo=1,,,bar=2", "foo=1,bar=2"},
    {"foo=1, bar=2", "foo=1,bar=2"},
    {"foo=1 \t , \t bar=2, \t baz=3", "foo=1,bar=2,baz=3"},
    {" foo=1", "foo=1"},
    {"foo=1\t", "foo=1"},
    {"foo=\t1", ""},
    {"foo=1\t2", ""},
    /* a value may begin with blanks, not end with them */
    {"foo=  1 2  ,bar=2", "foo=  1 2,bar=2"},
    {"foo= ", ""},
    {"foo=", ""},
    {"foo=,bar=3", ""},
    {"foo", ""},
    {"foo,bar=1", ""},
    {"=1", ""},
    {"=", ""},
    {"bar=1,=", ""},
    {"foo=1=2", ""},
    {"foo==1", ""},
    {"foo =1", ""},
    {"foo 1", ""},
    {"foo:1", ""},
    {"foo;bar=1", ""},
    {"foo=!\"#$%&'()*+-./0123456789:;<>?@ABCXYZ[\\]^_`abcxyz{|}~",
     "foo=!\"#$%&'()*+-./0123456789:;<>?@ABCXYZ[\\]^_`abcxyz{|}~"},
    {"foo=\x7f", ""},
    {"foo=\x80", ""},
    {"foo=\xc3\xa4", ""},
    {"foo=1\n", ""},
    {"foo=1\r\n", ""},
    {"foo=\x01", ""},
    /* keys */
    {"0=1", "0=1"},
    {"0foo=1", "0foo=1"},
    {"z0_-*/@=1", "z0_-*/@=1"},
    {"fw529a3039@dt=FfUxMTIzNDU2Nw", "fw529a3039@dt=FfUxMTIzNDU2Nw"},
    {"foo@=1", "foo@=1"},
    {"foo@bar@baz=1", "foo@bar@baz=1"},
    {"@foo=1", ""},
    {"_foo=1", ""},
    {"-foo=1", ""},
    {"*foo=1", ""},
    {"/foo=1", ""},
    {"FOO=1", ""},
    {"fOo=1", ""},
    {"foo.bar=1", ""},
    {"foo=1,Bar=2", ""},
    /* of a repeated key the first, which is the newest, stays */
    {"foo=1,foo=2", "foo=1"},
    {"foo=1,bar=2,foo=3,bar=4,baz=5", "foo=1,bar=2,baz=5"},
    {"foo=1,foo2=2", "foo=1,foo2=2"},
    {"foo=1,foo", ""},
};

static void test_tracestates(void)
{
    size_t i;
    for (i = 0; i < sizeof tracestates / sizeof tracestates[0]; i++) {
        char what[160];
        snprintf(what, sizeof what, "tracestate %d becomes '%s'", (int)i, tracestates[i].want);
        is_str(state_of(tracestates[i].text), tracestates[i].want, what);
    }
}

/* `count` members of `size` bytes each: "k00=xxx,k01=..." */
static size_t make_members(char* out, int first, int count, size_t size)
{
    size_t used = 0;
    int i;
    for (i = first; i < first + count; i++) {
        used += (size_t)sprintf(out + used, "%sk%02d=", i == first ? "" : ",", i);
        memset(out + used, 'x', size - 4);
        used += size - 4;
    }
    out[used] = '\0';
    return used;
}

static void test_tracestate_limits(void)
{
    static char text[40000];
    static char want[40000];
    llmobs_trace_context context;
    size_t size;
    make_members(text, 0, 32, 5);
    is_str(state_of(text), text, "32 members");
    make_members(text, 0, 33, 5);
    is_str(state_of(text), "", "33 are too many");
    size = make_members(text, 0, 32, 5);
    strcpy(text + size, ",k00=y");
    is_str(state_of(text), "", "33, one of them repeated, are too many");
    strcpy(text + size, ",,, ,");
    make_members(want, 0, 32, 5);
    is_str(state_of(text), want, "empty ones are not counted");

    memset(text, 'k', 256);
    strcpy(text + 256, "=v");
    is_str(state_of(text), text, "a key of 256");
    memset(text, 'k', 257);
    strcpy(text + 257, "=v");
    is_str(state_of(text), "", "a key of 257");
    size = make_members(text, 0, 1, 4 + 256);
    is_str(state_of(text), text, "a value of 256");
    make_members(text, 0, 1, 4 + 257);
    is_str(state_of(text), "", "a value of 257");

    size = make_members(text, 0, 4, 128);
    text[--size] = '\0';
    make_members(want, 0, 3, 128);
    is_str(state_of(text), want, "514 bytes: the last member goes");
    text[--size] = '\0';
    text[--size] = '\0';
    is_int(size, 512, "(512 bytes)");
    is_str(state_of(text), text, "512 bytes stay as they are");

    size = make_members(text, 0, 1, 100);
    text[size++] = ',';
    size += make_members(text + size, 1, 1, 200);
    text[size++] = ',';
    size += make_members(text + size, 2, 1, 128);
    text[size++] = ',';
    size += make_members(text + size, 3, 1, 129);
    strcpy(want, text);
    memcpy(want + size, ",a=b", 5);
    memmove(want + 100 + 1 + 200 + 1 + 128, want + size, 5);
    strcpy(text + size, ",a=b");
    is_str(state_of(text), want, "too long: of those longer than 128 the last goes first");
    size = make_members(text, 0, 1, 200);
    text[size++] = ',';
    size += make_members(text + size, 1, 3, 128);
    text[size++] = ',';
    make_members(text + size, 4, 1, 129);
    make_members(want, 1, 3, 128);
    is_str(state_of(text), want, "... and the other, even if it is the newest");

    make_members(text, 0, 32, 2 * 256);
    is_str(state_of(text), "", "nothing but values that are too long");
    size = make_members(text, 0, 32, 4 + 256);
    memset(want, 0, sizeof want);
    memset(&context, 0xa5, sizeof context);
    is_int(llmobs_trace_context_parse(&context, GOOD, 55, text, size), LLMOBS_OK, "8 KB");
    make_members(want, 0, 1, 4 + 256);
    is_str(context.tracestate, want, "... keeps one member of 260");
    memset(text, ' ', sizeof text);
    memcpy(text, "foo=1", 5);
    is_int(llmobs_trace_context_parse(&context, GOOD, 55, text, 16448), LLMOBS_OK, "16,448 bytes");
    is_str(context.tracestate, "foo=1", "... are read");
    is_int(llmobs_trace_context_parse(&context, GOOD, 55, text, 16449), LLMOBS_OK, "one more");
    is_str(context.tracestate, "", "... is not");
    is_int(llmobs_trace_context_parse(&context, GOOD, 55, text, (size_t)-2), LLMOBS_OK,
           "nor an absurd size");
    is_str(context.tracestate, "", "... and nothing is kept");
    is_int(llmobs_trace_context_parse(&context, GOOD, 55, "a=b,c=d\0x", 9), LLMOBS_OK, "a NUL");
    is_str(context.tracestate, "", "... inside is malformed");
    is_int(llmobs_trace_context_parse(&context, GOOD, 55, "a=b,c=d", 3), LLMOBS_OK, "a size");
    is_str(context.tracestate, "a=b", "... counts");
    is_int(llmobs_trace_context_parse(&context, "bad", 3, "a=b", 3), LLMOBS_ERROR_ARGUMENT,
           "a bad traceparent");
    ok(is_zero(&context, sizeof context), "... takes the tracestate with it");
}

/* Each member of `part`, in their order, among the members of `whole`. */
static bool is_subsequence(const char* part, const char* whole)
{
    while (*part != '\0') {
        size_t size = strcspn(part, ",");
        while (strncmp(whole, part, size) != 0 || (whole[size] != ',' && whole[size] != '\0')) {
            whole += strcspn(whole, ",");
            if (*whole == '\0') {
                return false;
            }
            whole++;
        }
        part += size;
        part += *part == ',';
    }
    return true;
}

static void test_random_tracestates(void)
{
    static const char bytes[] = "aazz09__==,, \t;:~A\x7f";
    static char text[3000], copy[LLMOBS_TRACESTATE_SIZE + 1];
    long round, unstable = 0, foreign = 0, kept = 0, cut = 0;
    for (round = 0; round < rounds_of(60000); round++) {
        size_t size = make_members(text, 0, (int)(next_random() % 34), 5 + next_random() % 60);
        uint64_t changes = next_random() % 4;
        const char* state;
        while (size > 0 && changes-- > 0) {
            text[next_random() % size] = bytes[next_random() % (sizeof bytes - 1)];
        }
        state = state_of(text);
        if (*state == '\0') {
            continue;
        }
        kept++;
        cut += strlen(state) < size - 20;
        strcpy(copy, state);
        unstable += strlen(copy) > 512 || strcmp(state_of(copy), copy) != 0;
        foreign += strchr(text, ' ') == NULL && strchr(text, '\t') == NULL &&
                   !is_subsequence(copy, text);
    }
    is_int(unstable, 0, "60,000 random tracestates: read again, they are the same");
    is_int(foreign, 0, "... and hold nothing but members that were there, in order");
    ok(kept > round / 12 && cut > round / 60, "... of which many were kept, and many cut");
}

/* ---- sampling ------------------------------------------------------------------------------ */

static const char* threshold_text(uint64_t threshold)
{
    static char state[LLMOBS_TRACESTATE_SIZE + 1];
    state[0] = '\0';
    if (llmobsi_tracestate_set_threshold(state, threshold) != strlen(state)) {
        return "(wrong size)";
    }
    return state;
}

static void test_thresholds(void)
{
    /* One in N, with the digits that OpenTelemetry's specification lists for precision 4. */
    static const struct {
        int n;
        const char* want;
    } table[] = {{1, "ot=th:0"},          {2, "ot=th:8"},           {3, "ot=th:aaab"},
                 {4, "ot=th:c"},          {5, "ot=th:cccd"},        {8, "ot=th:e"},
                 {10, "ot=th:e666"},      {16, "ot=th:f"},          {100, "ot=th:fd70a"},
                 {1000, "ot=th:ffbe77"},  {10000, "ot=th:fff9724"}, {100000, "ot=th:ffff583a"},
                 {1000000, "ot=th:ffffef39"}};
    const uint64_t never = UINT64_C(1) << 56;
    size_t i;
    int exponent;
    bool exact = true, close = true;
    for (i = 0; i < sizeof table / sizeof table[0]; i++) {
        char what[40];
        snprintf(what, sizeof what, "1 in %d", table[i].n);
        is_str(threshold_text(llmobsi_sampling_threshold(1.0 / table[i].n)), table[i].want, what);
    }
    is_int(llmobsi_sampling_threshold(1.0), 0, "all");
    ok(llmobsi_sampling_threshold(0.0) == never, "none");
    ok(llmobsi_sampling_threshold(-0.0) == never, "none, negative zero");
    ok(llmobsi_sampling_threshold(-1.0) == never, "less than none");
    ok(llmobsi_sampling_threshold(-HUGE_VAL) == never, "minus infinity");
    ok(llmobsi_sampling_threshold(5e-324) == never, "the smallest number");
    is_int(llmobsi_sampling_threshold(1.5), 0, "more than all");
    is_int(llmobsi_sampling_threshold(HUGE_VAL), 0, "infinity");
    is_int(llmobsi_sampling_threshold((double)NAN), 0, "NaN");
    is_int(llmobsi_sampling_threshold(-(double)NAN), 0, "negative NaN");
    is_int(llmobsi_sampling_threshold(0.99999999999999989), 0, "just below all");
    for (exponent = 0; exponent <= 56; exponent++) {
        double ratio = ldexp(1.0, -exponent);
        exact &= llmobsi_sampling_threshold(ratio) == never - (never >> exponent);
    }
    ok(exact, "every power of two down to 2^-56 is exact");
    ok(llmobsi_sampling_threshold(ldexp(1.0, -58)) == never, "2^-58 is none");
    for (i = 0; i < 100000; i++) {
        double ratio = ldexp(1.0 + (double)(next_random() >> 11) * ldexp(1.0, -53),
                             -1 - (int)(next_random() % 54));
        uint64_t threshold = llmobsi_sampling_threshold(ratio);
        double got = (double)(never - threshold) * ldexp(1.0, -56);
        close &= threshold < never && fabs(got - ratio) <= fmax(ratio * 2e-4, ldexp(1.0, -57));
    }
    ok(close, "100,000 ratios: within 0.02 % of what was asked for");
}

static void test_decisions(void)
{
    static const double ratios[] = {0.5, 0.2, 0.1, 0.05, 0.01};
    static uint64_t random[400000];
    const int traces = 400000;
    size_t r;
    int i;
    for (i = 0; i < traces; i++) {
        random[i] = next_random() >> 8;
    }
    for (r = 0; r < sizeof ratios / sizeof ratios[0]; r++) {
        uint64_t threshold = llmobsi_sampling_threshold(ratios[r]);
        double weight = ldexp(1.0, 56) / (double)((UINT64_C(1) << 56) - threshold);
        double kept = 0.0, five_sigma = 5 * sqrt(traces * (1 - ratios[r]) / ratios[r]);
        bool nested = true;
        char what[80];
        for (i = 0; i < traces; i++) {
            bool keep = llmobsi_sampling_keeps(threshold, random[i]);
            kept += keep;
            nested &= !keep || r == 0 ||
                      llmobsi_sampling_keeps(llmobsi_sampling_threshold(ratios[r - 1]), random[i]);
        }
        snprintf(what, sizeof what, "ratio %g: adjusted counts add up to all traces", ratios[r]);
        ok(fabs(kept * weight - traces) < five_sigma, what);
        ok(nested, "... and a higher ratio keeps the same ones, too");
        ok(llmobsi_sampling_keeps(threshold, threshold) &&
               !llmobsi_sampling_keeps(threshold, threshold - 1),
           "... the border itself is kept, below it not");
    }
    ok(llmobsi_sampling_keeps(0, 0), "all: even the lowest");
    ok(!llmobsi_sampling_keeps(UINT64_C(1) << 56, (UINT64_C(1) << 56) - 1),
       "none: not even the highest");
}

static uint64_t randomness_of(const char* tracestate)
{
    llmobs_trace_context context;
    (void)parse(&context, GOOD);
    strcpy(context.tracestate, tracestate);
    return llmobsi_sampling_randomness(&context);
}

static void test_randomness(void)
{
    const uint64_t own = UINT64_C(0xce929d0e0e4736);
    const uint64_t given = UINT64_C(0x0123456789abcd);
    llmobs_trace_context context;
    ok(randomness_of("") == own, "the low 56 bits of the trace id");
    ok(randomness_of("ot=rv:0123456789abcd") == given, "explicit randomness wins");
    ok(randomness_of("a=b,ot=th:c;rv:0123456789abcd;x:y,c=d") == given, "... among others");
    ok(randomness_of("ot=rv:00000000000000") == 0, "... also when it is 0");
    ok(randomness_of("ot=rv:0123456789abc") == own, "13 digits are none");
    ok(randomness_of("ot=rv:0123456789abcde") == own, "15 digits are none");
    ok(randomness_of("ot=rv:0123456789abcD") == own, "upper case is none");
    ok(randomness_of("ot=rv:0123456789abcg") == own, "'g' is none");
    ok(randomness_of("ot=rv:") == own, "nothing is none");
    ok(randomness_of("ot=rw:0123456789abcd;xrv:0123456789abcd") == own, "other keys are others");
    ok(randomness_of("to=rv:0123456789abcd") == own, "other members are others");
    ok(randomness_of("ot=rv:0123456789abcd,BAD") == own, "a malformed tracestate has none");
    (void)parse(&context, GOOD);
    memset(context.tracestate, 'a', sizeof context.tracestate);
    ok(llmobsi_sampling_randomness(&context) == own, "nor has one without end");
}

static const char* after_set(const char* before, uint64_t threshold)
{
    static char state[LLMOBS_TRACESTATE_SIZE + 1];
    memset(state, 0x5a, sizeof state);
    strcpy(state, before);
    if (llmobsi_tracestate_set_threshold(state, threshold) != strlen(state)) {
        return "(wrong size)";
    }
    return state;
}

static const char* after_clear(const char* before)
{
    static char state[LLMOBS_TRACESTATE_SIZE + 1];
    memset(state, 0x5a, sizeof state);
    strcpy(state, before);
    if (llmobsi_tracestate_clear_threshold(state) != strlen(state)) {
        return "(wrong size)";
    }
    return state;
}

static void test_set_threshold(void)
{
    const uint64_t quarter = UINT64_C(0xc0000000000000);
    static char text[1024], want[2048];
    size_t size;
    is_str(after_set("", 0), "ot=th:0", "all: th:0");
    is_str(after_set("", 1), "ot=th:00000000000001", "leading zeros stay");
    is_str(after_set("", UINT64_C(0xffffffffffffff)), "ot=th:ffffffffffffff", "14 digits");
    is_str(after_set("", UINT64_C(0x0a0b0000000000)), "ot=th:0a0b", "trailing zeros go");
    is_str(after_set("", UINT64_C(1) << 56), "", "none: nothing to tell");
    is_str(after_set("ot=th:8,a=b", UINT64_C(1) << 56), "a=b", "... what was told goes");
    is_str(after_set("a=b,c=d", quarter), "ot=th:c,a=b,c=d", "in front of others");
    is_str(after_set("a=b,ot=th:8,c=d", quarter), "ot=th:c,a=b,c=d", "replaced, moved in front");
    is_str(after_set("a=b,ot=x:1;th:8;rv:0123456789abcd;y:2", quarter),
           "ot=th:c;rv:0123456789abcd;x:1;y:2,a=b", "other parts stay");
    is_str(after_set("ot=rv:012;th:8;;x:1;th:4", quarter), "ot=th:c;x:1",
           "malformed and repeated ones don't");
    is_str(after_set("ot=rv:11111111111111;rv:22222222222222", quarter),
           "ot=th:c;rv:11111111111111", "the first randomness counts");
    is_str(after_set("ot=x:1 2;y:3", quarter), "ot=th:c;y:3", "a part with a blank goes");
    is_str(after_set("bad", quarter), "ot=th:c", "a malformed tracestate is left out");
    is_str(after_set("ota=1,o=2", quarter), "ot=th:c,ota=1,o=2", "`ot` is the whole key");

    strcpy(text, "ot=rv:0123456789abcd;");
    size = strlen(text);
    memset(text + size, 'q', 257);
    text[3 + 256] = '\0';
    is_str(after_set(text, quarter), "ot=th:c;rv:0123456789abcd",
           "a part that doesn't fit 256 bytes goes");
    text[3 + 256 - 5] = '\0';
    snprintf(want, sizeof want, "ot=th:c;%s", text + 3);
    is_str(after_set(text, quarter), want, "... one that just fits stays");

    make_members(text, 0, 32, 5);
    make_members(want, 0, 31, 5);
    memmove(want + 8, want, strlen(want) + 1);
    memcpy(want, "ot=th:c,", 8);
    is_str(after_set(text, quarter), want, "of 32 members the last makes room");
    size = make_members(text, 0, 31, 5);
    strcpy(text + size, ",ot=x:1");
    make_members(want, 0, 31, 5);
    memmove(want + 12, want, strlen(want) + 1);
    memcpy(want, "ot=th:c;x:1,", 12);
    is_str(after_set(text, quarter), want, "... none when `ot` was among them");

    size = make_members(text, 0, 4, 127);
    is_int(size, 511, "(511 bytes)");
    make_members(want, 0, 3, 127);
    memmove(want + 8, want, strlen(want) + 1);
    memcpy(want, "ot=th:c,", 8);
    is_str(after_set(text, quarter), want, "too long: the last member goes");
    size = make_members(text, 0, 1, 250);
    text[size++] = ',';
    make_members(text + size, 1, 2, 127);
    make_members(want, 1, 2, 127);
    memmove(want + 8, want, strlen(want) + 1);
    memcpy(want, "ot=th:c,", 8);
    is_str(after_set(text, quarter), want, "too long: the one longer than 128 goes");
    size = make_members(text, 0, 3, 128);
    text[size++] = ',';
    size += make_members(text + size, 3, 1, 117);
    is_int(size, 504, "(504 bytes)");
    snprintf(want, sizeof want, "ot=th:c,%s", text);
    is_str(after_set(text, quarter), want, "512 bytes just fit");
}

static void test_clear_threshold(void)
{
    uint64_t threshold = 0;
    static char endless[LLMOBS_TRACESTATE_SIZE + 1];
    is_str(after_clear(""), "", "clear: nothing");
    is_str(after_clear("ot=th:c"), "", "clear: all of ot");
    is_str(after_clear("a=b,ot=th:c"), "a=b", "clear: the member goes");
    is_str(after_clear("a=b,ot=x:1;th:c;rv:0123456789abcd"), "ot=rv:0123456789abcd;x:1,a=b",
           "clear: the rest stays, in front");
    is_str(after_clear("a=b,ot=x:1"), "a=b,ot=x:1", "clear: nothing to do, nothing moved");
    memset(endless, 'a', sizeof endless);
    is_int(llmobsi_tracestate_clear_threshold(endless), 0, "clear: without end");
    is_str(endless, "", "... becomes empty");
    memset(endless, 'a', sizeof endless);
    is_int(llmobsi_tracestate_set_threshold(endless, 0), 7, "set: without end");

    ok(llmobsi_tracestate_threshold("a=b,ot=x:1;th:c", &threshold) &&
           threshold == UINT64_C(0xc0000000000000),
       "told: th:c");
    ok(llmobsi_tracestate_threshold("ot=th:0", &threshold) && threshold == 0, "told: th:0");
    ok(llmobsi_tracestate_threshold("ot=th:00000000000001", &threshold) && threshold == 1,
       "told: 14 digits");
    ok(!llmobsi_tracestate_threshold("ot=th:000000000000001", &threshold), "15 are none");
    ok(!llmobsi_tracestate_threshold("ot=th:", &threshold), "0 are none");
    ok(!llmobsi_tracestate_threshold("ot=th:C", &threshold), "upper case is none");
    ok(!llmobsi_tracestate_threshold("ot=x:1", &threshold), "no th");
    ok(!llmobsi_tracestate_threshold("", &threshold), "no tracestate");
}

static void test_random_thresholds(void)
{
    static const char bytes[] = "otthrv:;;=,,a0c \t";
    long round, wrong = 0, told = 0;
    for (round = 0; round < rounds_of(200000); round++) {
        char state[LLMOBS_TRACESTATE_SIZE + 1];
        char once[LLMOBS_TRACESTATE_SIZE + 1];
        uint64_t threshold = next_random() >> 8 << (next_random() % 56), read_back = 1, before;
        llmobs_trace_context context;
        uint64_t changes = next_random() % 6;
        threshold &= (UINT64_C(1) << 56) - 1;
        strcpy(state, "ot=x:1;th:8;rv:0123456789abcd,a=b,c=d,e=f");
        while (changes-- > 0) {
            state[next_random() % 41] = bytes[next_random() % (sizeof bytes - 1)];
        }
        (void)parse(&context, GOOD);
        strcpy(context.tracestate, state);
        before = llmobsi_sampling_randomness(&context);
        wrong += llmobsi_tracestate_set_threshold(state, threshold) != strlen(state);
        wrong += !llmobsi_tracestate_threshold(state, &read_back) || read_back != threshold;
        strcpy(context.tracestate, state);
        wrong += llmobsi_sampling_randomness(&context) != before;
        wrong += strcmp(state_of(state), state) != 0;
        strcpy(once, state);
        wrong += llmobsi_tracestate_set_threshold(state, threshold) != strlen(once);
        wrong += strcmp(state, once) != 0;
        (void)llmobsi_tracestate_clear_threshold(state);
        wrong += llmobsi_tracestate_threshold(state, &read_back);
        told += strlen(state) > 20;
    }
    is_int(wrong, 0, "200,000 random tracestates: told, read back, told again, cleared");
    ok(told > round / 10, "... many of them with more in it");
}

int main(void)
{
    test_traceparents();
    test_fields();
    test_sizes();
    test_arguments();
    test_every_corruption();
    test_random_mutations();
    test_tracestates();
    test_tracestate_limits();
    test_random_tracestates();
    test_thresholds();
    test_decisions();
    test_randomness();
    test_set_threshold();
    test_clear_threshold();
    test_random_thresholds();
    return done();
}

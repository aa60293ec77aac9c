/* The tables of triggers hold every pattern that a recogniser waits for. */
#include "llmobs_private.h"
#include "tap.h"

#define DIGITS "0123456789"
#define CAPITALS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define SMALL "abcdefghijklmnopqrstuvwxyz"
#define HEXES DIGITS "abcdefABCDEF"
#define LOCAL DIGITS CAPITALS SMALL "!#$%&'+/=?^_`{|}~-."
#define HIGH "\x7f" /* stands for all from there on */
#define VALUE "\t !\"#$%'*+-./:=>?@\\^_`|~" DIGITS CAPITALS SMALL HIGH

/* The groups of the tables: bytes that may stand at each of the three places. */
static const char* const groups[8][3] = {
    {DIGITS "h", DIGITS "./-v", DIGITS "s"},
    {CAPITALS "(s", DIGITS ".", DIGITS "s"},
    {HEXES ":", ":y", HEXES ":IJ"},
    {"dtnyeDTNYE \"'\\]:`", ":=", VALUE},
    {"+dS", "123456789paGK", DIGITS " -.()pabcdefABCDEF"},
    {LOCAL HIGH, "@", DIGITS CAPITALS SMALL HIGH},
    {"hlamprstvyY", "fpousrxtmikan1-", "_-1"},
    {"AB-:x" DIGITS, "KSBC3IQ/o", "ICTz-KE~/x"},
};

/* What recognisers wait for. */
static const char* const patterns[][3] = {
    {DIGITS, DIGITS, DIGITS},
    {DIGITS, "./-", DIGITS},
    {CAPITALS "(", DIGITS, DIGITS},
    {HEXES, ":", HEXES ":"},
    {":", ":", HEXES},
    {"dtnyeDTNYE \"'\\]:`", ":=", VALUE},
    {":", "/", "/"},
    {"+", "123456789", DIGITS " -.()"},
    {"e", "y", "IJ"},
    {"-", "B", "E"},
    {DIGITS, "Q", "~"},
    {"S", "K", HEXES},
    {LOCAL HIGH, "@", DIGITS CAPITALS SMALL HIGH},
};

static bool has(const char* bytes, size_t byte)
{
    return byte != 0 && strchr(bytes, (int)byte) != NULL;
}

static bool is_trigger(uint8_t a, uint8_t b, uint8_t c)
{
    uint8_t text[3];
    text[0] = a;
    text[1] = b;
    text[2] = c;
    return llmobsi_trigger_groups(text) != 0 &&
           llmobsi_trigger_rough((const uint8_t(*)[16])llmobsi_trigger_tables, text) != 0;
}

static size_t missing(const char* const* places)
{
    size_t a, b, c, count = 0;
    for (a = 1; a < 128; a++) {
        for (b = 1; b < 128; b++) {
            for (c = 1; c < 128; c++) {
                count += has(places[0], a) && has(places[1], b) && has(places[2], c) &&
                         !is_trigger((uint8_t)a, (uint8_t)b, (uint8_t)c);
            }
        }
    }
    return count;
}

/* The tables hold the groups, and nothing else. */
static void test_groups(void)
{
    size_t place, byte, group, wrong = 0;
    for (place = 0; place < 3; place++) {
        for (byte = 0; byte < 128; byte++) {
            uint32_t want = 0;
            for (group = 0; group < 8; group++) {
                want |= (uint32_t)has(groups[group][place], byte) << group;
            }
            wrong += llmobsi_trigger_bytes[place][byte] != want;
        }
    }
    is_int(wrong, 0, "the tables are those of the groups");
}

/* What only one kind of tables finds is no pattern: it leads to nothing, whatever stands around. */
static void test_slips(void)
{
    static const char* const around[][2] = {
        {"", ""},          {"cvv ", " "},          {"passport 12345", "6"},   {"ssn 12", "345678"},
        {"1", "1111111"},  {"password ", "q7Rt9"}, {"a@b.", "23 4567"},       {"fe80:", ":1"},
        {"12", "-12-1234"}, {"born 1.", ".1990"},  {"telegram bot 12345", "A"},
        {"+4", " 930 1820"}};
    llmobsi_view view;
    llmobsi_match match;
    size_t i, wrong = 0, tried = 0;
    uint32_t all;
    memset(&view, 0, sizeof view);
    view.is_last = true;
    view.classes = LLMOBS_PII_DEFAULT;
    for (all = 0; all < UINT32_C(1) << 21; all++) {
        uint8_t text[3];
        text[0] = (uint8_t)(all >> 14);
        text[1] = (uint8_t)(all >> 7 & 127);
        text[2] = (uint8_t)(all & 127);
        if (llmobsi_trigger_groups(text) == 0 || is_trigger(text[0], text[1], text[2])) {
            continue;
        }
        for (i = 0; i < sizeof around / sizeof around[0]; i++) {
            char whole[64];
            size_t before = strlen(around[i][0]);
            memcpy(whole, around[i][0], before);
            memcpy(whole + before, text, 3);
            memcpy(whole + before + 3, around[i][1], strlen(around[i][1]));
            view.bytes = (const uint8_t*)whole;
            view.size = before + 3 + strlen(around[i][1]);
            wrong += llmobsi_recognize_read(&view, before, &match);
            tried++;
        }
    }
    printf("# %u tried\n", (unsigned)tried);
    is_int(wrong, 0, "what slips through leads to nothing");
}

/* In small letters and capitals, as near as can be and as far as may be, but no farther; behind so
   few bytes that they don't fill a window, and so many that they do. */
static bool context_is_found(const char* word, uint32_t classes)
{
    size_t size = strlen(word), before, behind, i;
    for (before = 0; before < 80; before++) {
        for (behind = 0; behind < 44; behind++) {
            char text[160];
            llmobsi_view view;
            memset(&view, 0, sizeof view);
            memset(text, ' ', sizeof text);
            for (i = 0; i < size; i++) {
                text[before + i] = before % 2 == 0 ? word[i] : (char)(word[i] - 32);
            }
            view.bytes = (const uint8_t*)text;
            view.size = sizeof text;
            view.classes = UINT32_MAX;
            view.floor = before / 2;
            if (llmobsi_context(&view, before + size + behind) !=
                (behind < LLMOBS_I_CONTEXT_BYTES ? classes : 0)) {
                return false;
            }
            if (classes == LLMOBS_PII_BIT(LLMOBS_PII_CARD_CODE) &&
                behind < LLMOBS_I_CONTEXT_BYTES &&
                !llmobsi_context_may_be_code(&view, before + size + behind)) {
                return false;
            }
            /* Cut by a finding before. */
            view.floor = before + 1;
            if (llmobsi_context(&view, before + size + behind) != 0) {
                return false;
            }
        }
    }
    return true;
}

int main(void)
{
    size_t i, wrong = 0;
    int byte;
    test_groups();
    test_slips();
    for (i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
        is_int(missing(patterns[i]), 0, "a pattern of classes");
    }
    for (i = 0; i < LLMOBS_I_SHAPE_COUNT; i++) {
        const char* anchor = llmobsi_shapes[i].prefix + llmobsi_shapes[i].anchor;
        wrong += anchor[2] != '\0' &&
                 !is_trigger((uint8_t)anchor[0], (uint8_t)anchor[1], (uint8_t)anchor[2]);
        wrong += strlen(llmobsi_shapes[i].prefix) != llmobsi_shapes[i].prefix_size;
        wrong += i > 0 && (uint8_t)anchor[0] <
                              (uint8_t)llmobsi_shapes[i - 1].prefix[llmobsi_shapes[i - 1].anchor];
    }
    is_int(wrong, 0, "every shape's anchor; they are sorted");
    for (i = 0, wrong = 0; i < 64; i++) {
        size_t k = 0;
        while (k < LLMOBS_I_SHAPE_COUNT &&
               (size_t)llmobsi_shapes[k].prefix[llmobsi_shapes[k].anchor] != i + 64) {
            k++;
        }
        wrong += llmobsi_shape_starts[i] != k;
    }
    is_int(wrong, 0, "where the shapes of a letter begin");
    for (i = 0, wrong = 0; i < LLMOBS_I_CONTEXT_COUNT; i++) {
        const char* text = llmobsi_context_words[i].text;
        wrong += llmobsi_context_of_word((const uint8_t*)text, strlen(text)) !=
                 llmobsi_context_words[i].classes;
        wrong += !context_is_found(text, llmobsi_context_words[i].classes);
    }
    is_int(wrong, 0, "every word of context is found, wherever it may stand");
    for (byte = 0, wrong = 0; byte < 128; byte++) {
        if (llmobsi_is((uint8_t)byte, LLMOBS_I_LOCAL)) {
            wrong += !is_trigger((uint8_t)byte, '@', 'a') || !is_trigger((uint8_t)byte, '@', '0') ||
                     !is_trigger((uint8_t)byte, '@', 0xc3);
        }
    }
    is_int(wrong, 0, "an @ behind whatever an address may hold");
    return done();
}

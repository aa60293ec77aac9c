/* The tables of triggers hold every pattern that a recogniser waits for. */
#include "llmobs_private.h"
#include "tap.h"

#define DIGITS "0123456789"
#define CAPITALS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define HEXES DIGITS "abcdefABCDEF"

/* Bytes that may stand at each of the three places; NULL: any. */
typedef struct pattern {
    const char* places[3];
} pattern;

static const pattern patterns[] = {
    {{DIGITS, DIGITS, DIGITS}},
    {{DIGITS, "./-", DIGITS}},
    {{CAPITALS, DIGITS, DIGITS}},
    {{HEXES "yYtTnNdD \"'\\]:`", ":=", NULL}},
    {{":", "/", "/"}},
    {{"+", "123456789", NULL}},
    {{"(", DIGITS, DIGITS}},
    {{"e", "y", "IJ"}},
    {{"-", "B", "E"}},
    {{DIGITS, "Q", "~"}},
    {{"S", "K", HEXES}},
};

static bool is_trigger(uint8_t a, uint8_t b, uint8_t c)
{
    uint8_t text[66];
    memset(text, 0, sizeof text);
    text[0] = a;
    text[1] = b;
    text[2] = c;
    return (llmobsi_trigger_block((const uint8_t(*)[16])llmobsi_trigger_tables, text) & 1) != 0;
}

static size_t missing(const pattern* one)
{
    int a, b, c;
    size_t count = 0;
    for (a = 1; a < 128; a++) {
        for (b = 1; b < 128; b++) {
            for (c = 0; c < 256; c++) {
                if (strchr(one->places[0], a) != NULL && strchr(one->places[1], b) != NULL &&
                    (one->places[2] == NULL ||
                     (c != 0 && strchr(one->places[2], (char)c) != NULL))) {
                    count += !is_trigger((uint8_t)a, (uint8_t)b, (uint8_t)c);
                }
            }
        }
    }
    return count;
}

int main(void)
{
    size_t i, wrong = 0;
    int byte;
    for (i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
        is_int(missing(&patterns[i]), 0, "a pattern of classes");
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
    }
    is_int(wrong, 0, "every word of context is found");
    for (byte = 0, wrong = 0; byte < 128; byte++) {
        if (llmobsi_is((uint8_t)byte, LLMOBS_I_LOCAL)) {
            wrong += !is_trigger((uint8_t)byte, '@', 'a') || !is_trigger((uint8_t)byte, '@', '0');
        }
    }
    is_int(wrong, 0, "an @ behind whatever an address may hold");
    return done();
}

/* Three lines: a cost, tokens, a feature, as a peer may send them. What is read is what a plain
   reading of the digits says; what is written is one line each, and reads as the same. */
#include "llmobs_private.h"

#include <math.h>

#define CHECK(condition) ((condition) ? (void)0 : abort())

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

/* ^[ \t]*([0-9]+\.?[0-9]*|\.[0-9]+)[ \t]*$ in at most 64 bytes, and how many decimals. */
static bool is_decimal(const char* text, size_t* decimals)
{
    const char* start = text;
    size_t whole;
    *decimals = 0;
    text += strspn(text, " \t");
    whole = strspn(text, "0123456789");
    text += whole;
    if (*text == '.') {
        *decimals = strspn(++text, "0123456789");
        text += *decimals;
    }
    text += strspn(text, " \t");
    return whole + *decimals > 0 && *text == '\0' && text - start <= LLMOBS_COST_HEADER_DIGITS;
}

static void check_usd(const char* text, const llmobs_cost_headers* out)
{
    char again[LLMOBS_COST_HEADER_SIZE];
    int64_t nano = -1;
    size_t decimals;
    CHECK((out->cost_result != LLMOBS_ERROR_ARGUMENT) == is_decimal(text, &decimals));
    CHECK((out->cost_result == LLMOBS_OK) == (out->told_cost_nano != LLMOBS_COST_UNKNOWN));
    if (out->cost_result != LLMOBS_OK) {
        return;
    }
    CHECK(out->told_cost_nano >= 0 && out->told_cost_nano <= LLMOBS_COST_HEADER_USD_MOST);
    CHECK(fabs((double)out->told_cost_nano - strtod(text, NULL) * 1e9) <= 1.0);
    CHECK(llmobs_cost_header_put_usd(out->told_cost_nano, again) == strlen(again));
    CHECK(llmobs_cost_header_usd(again, &nano) == LLMOBS_OK && nano == out->told_cost_nano);
}

static void check_tokens(const char* text, const llmobs_cost_headers* out)
{
    size_t decimals;
    bool whole = is_decimal(text, &decimals) && strchr(text, '.') == NULL;
    CHECK((out->tokens_result != LLMOBS_ERROR_ARGUMENT) == whole);
    if (out->tokens_result == LLMOBS_OK) {
        CHECK(out->told_tokens == strtoll(text, NULL, 10));
        CHECK(out->told_tokens <= LLMOBS_COST_HEADER_TOKENS_MOST);
    }
}

static void check_lines(const llmobs_cost_headers* out, const char* feature, size_t capacity)
{
    char text[256];
    char whole[256];
    size_t full = llmobs_cost_headers_write(out->told_cost_nano, out->told_tokens, feature, whole,
                                            sizeof whole);
    size_t size, i, lines = 0;
    memset(text, 'x', sizeof text);
    size = llmobs_cost_headers_write(out->told_cost_nano, out->told_tokens, feature, text,
                                     capacity);
    CHECK(size == (capacity > full ? full : 0));
    CHECK(capacity == 0 || memcmp(text, whole, size) == 0);
    for (i = capacity; i < sizeof text; i++) {
        CHECK(text[i] == 'x');
    }
    for (i = 0; i < full; i++) {
        lines += whole[i] == '\n';
        CHECK(whole[i] == '\n' ? whole[i - 1] == '\r'
                               : (whole[i] == '\r') == (whole[i + 1] == '\n'));
        CHECK(whole[i] == '\r' || whole[i] == '\n' || (whole[i] >= ' ' && whole[i] <= '~'));
    }
    CHECK(lines <= 3 && strlen(whole) == full);
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    static const char* const features[] = {"support", "search"};
    llmobs_cost_headers_in in = llmobs_cost_headers_in_default();
    llmobs_cost_headers out;
    char* text = (char*)malloc(size + 3);
    char* line[3];
    size_t i;
    CHECK(text != NULL);
    if (size > 0) {
        memcpy(text, data, size);
    }
    memset(text + size, 0, 3);
    line[0] = text;
    for (i = 1; i < 3; i++) {
        line[i] = line[i - 1] + strcspn(line[i - 1], "\n");
        *line[i]++ = '\0';
    }
    in.cost_usd = line[0];
    in.tokens_total = line[1];
    in.feature = line[2];
    in.features = features;
    in.feature_count = 2;
    (void)llmobs_cost_headers_read(NULL, &in, &out);
    CHECK(out.cost_nano == LLMOBS_COST_UNKNOWN && out.tokens == -1);
    CHECK(out.feature == features[0] || out.feature == features[1] ||
          strcmp(out.feature, "unknown") == 0);
    check_usd(line[0], &out);
    check_tokens(line[1], &out);
    check_lines(&out, line[2], size % 256);
    free(text);
    return 0;
}

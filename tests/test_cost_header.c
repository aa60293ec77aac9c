/* Cost as HTTP headers: what is a number and what is not, exactly; nothing that a peer sends gets
   into a bill, a label or a header. */
#include "llmobs_private.h"

#include "tap.h"

#include "keeper.h"
#define RANDOM_SEED 5
#include "random.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define UNTOUCHED INT64_C(-77)

/* ---- tables -------------------------------------------------------------------------------- */

typedef struct case_of {
    const char* text;
    int64_t number;
} case_of;

static const case_of dollars[] = {
    {"0", 0},
    {"0.0001794", 179400},
    {"1", 1000000000},
    {" \t 0.47 \t", 470000000},
    {".5", 500000000},
    {"5.", 5000000000},
    {"000000000000000000000000000000007", 7000000000},
    {"0.000000001", 1},
    {"0.0000000004999", 0},
    {"0.0000000005", 0}, /* the middle: to the even one */
    {"0.0000000015", 2},
    {"0.0000000025", 2},
    {"0.00000000250000000000000000000001", 3},
    {"0.00000000050000000000000000000000000000000000000000000000000001", 1},
    {"0.9999999995", 1000000000},
    {"0.99999999949999999999999999", 999999999},
    {"1000000", LLMOBS_COST_HEADER_USD_MOST},
    {"1000000.0000000005", LLMOBS_COST_HEADER_USD_MOST}, /* rounded, it is not more */
    {"999999.9999999995", LLMOBS_COST_HEADER_USD_MOST},
};

static const case_of tokens[] = {
    {"0", 0},
    {"4096", 4096},
    {"\t12 ", 12},
    {"0000000000000000000000000000000000000000000000000000000000000003", 3},
    {"9007199254740992", LLMOBS_COST_HEADER_TOKENS_MOST},
};

static const char* const too_much[] = {
    "1000000.000000001", "1000001",     "1000000.0000000006", "10000000000000000000",
    "18446744073709551617", "18446744073.709551617",
    "99999999999999999999999999999999999999999999999999999999999999.9",
};

static const char* const junk[] = {
    "", " ", "\t", ".", " . ", "..", "1..2", "1.2.3", "nan", "NaN", "inf", "Infinity", "1e309",
    "1e3", "1E3", "-5", "-0", "+1", "0x10", "0x1p3", "1,5", "1_000", "1 000", "1. 5", "$1", "1$",
    "1;2", "1, 2", "\r\n1", "1\r\n", "1\n", "\v1", "1\f", "\xc2\xa0" "1", "1\x7f", "1\x01",
    "\xd9\xa3", "\xef\xbc\x91", "\xe2\x91\xa0", "0.\xd9\xa3", "true", "null", "\"1\"", "1u", "1f",
    "00000000000000000000000000000000000000000000000000000000000000001", /* 65 bytes */
    "0.0000000000000000000000000000000000000000000000000000000000000000",
    "                                                                1",
    "9999999999999999999999999999999999999999999999999999999999999999999999999999", "1000001x",
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void test_tables(void)
{
    int64_t number;
    size_t i;
    for (i = 0; i < COUNT(dollars); i++) {
        number = UNTOUCHED;
        ok(llmobs_cost_header_usd(dollars[i].text, &number) == LLMOBS_OK &&
           number == dollars[i].number, dollars[i].text);
    }
    for (i = 0; i < COUNT(tokens); i++) {
        number = UNTOUCHED;
        ok(llmobs_cost_header_tokens(tokens[i].text, &number) == LLMOBS_OK &&
           number == tokens[i].number, tokens[i].text);
    }
    number = UNTOUCHED;
    for (i = 0; i < COUNT(too_much); i++) {
        is_int(llmobs_cost_header_usd(too_much[i], &number), LLMOBS_ERROR_LIMIT, too_much[i]);
    }
    is_int(llmobs_cost_header_tokens("9007199254740993", &number), LLMOBS_ERROR_LIMIT, "2^53 + 1");
    is_int(llmobs_cost_header_tokens("18446744073709551616", &number), LLMOBS_ERROR_LIMIT, "2^64");
    is_int(llmobs_cost_header_tokens("1.0", &number), LLMOBS_ERROR_ARGUMENT, "half a token");
    is_int(llmobs_cost_header_tokens("1.", &number), LLMOBS_ERROR_ARGUMENT, "a point");
    for (i = 0; i < COUNT(junk); i++) {
        char name[64];
        (void)snprintf(name, sizeof name, "junk %d is none", (int)i);
        ok(llmobs_cost_header_usd(junk[i], &number) == LLMOBS_ERROR_ARGUMENT &&
           llmobs_cost_header_tokens(junk[i], &number) == LLMOBS_ERROR_ARGUMENT, name);
    }
    ok(llmobs_cost_header_usd(NULL, &number) == LLMOBS_ERROR_ARGUMENT &&
       llmobs_cost_header_usd("1", NULL) == LLMOBS_ERROR_ARGUMENT &&
       llmobs_cost_header_tokens(NULL, &number) == LLMOBS_ERROR_ARGUMENT, "nothing is none");
    is_int(number, UNTOUCHED, "what is refused changes nothing");
}

/* ---- rounding and the way back ------------------------------------------------------------- */

/* A random amount below the most; small ones as often as large ones. */
static uint64_t random_amount(void)
{
    return (next_random() >> (next_random() & 63)) % (uint64_t)LLMOBS_COST_HEADER_USD_MOST;
}

/* Nine decimals and a tail of up to nine more: what the tail does is known from itself. */
static void test_rounding(void)
{
    size_t wrong = 0;
    int i;
    for (i = 0; i < 300000; i++) {
        uint64_t amount = random_amount(), unit = 1, tail, want;
        int places = 1 + (int)(next_random() % 9), place;
        int64_t got = UNTOUCHED;
        char text[80];
        for (place = 0; place < places; place++) {
            unit *= 10;
        }
        tail = i % 3 == 0 ? unit / 2 : i % 3 == 1 ? (unit / 2 + (i & 1)) - 1 : next_random() % unit;
        want = amount + (2 * tail > unit || (2 * tail == unit && amount % 2 == 1));
        (void)snprintf(text, sizeof text, "%llu.%09llu%0*llu",
                       (unsigned long long)(amount / 1000000000),
                       (unsigned long long)(amount % 1000000000), places,
                       (unsigned long long)tail);
        wrong += llmobs_cost_header_usd(text, &got) != LLMOBS_OK || got != (int64_t)want;
    }
    is_int(wrong, 0, "more than nine decimals: half to even");
}

static void test_round_trip(void)
{
    char text[LLMOBS_COST_HEADER_SIZE];
    size_t wrong = 0;
    int i;
    for (i = 0; i < 300000; i++) {
        int64_t amount = i == 0 ? LLMOBS_COST_HEADER_USD_MOST : (int64_t)random_amount();
        int64_t count = i == 0 ? LLMOBS_COST_HEADER_TOKENS_MOST
                               : (int64_t)(next_random() >> (11 + next_random() % 53));
        int64_t got = UNTOUCHED;
        size_t size = llmobs_cost_header_put_usd(amount, text);
        wrong += size == 0 || strlen(text) != size || size != strspn(text, "0123456789.") ||
                 llmobs_cost_header_usd(text, &got) != LLMOBS_OK || got != amount;
        size = llmobs_cost_header_put_tokens(count, text);
        wrong += size == 0 || strlen(text) != size || size != strspn(text, "0123456789") ||
                 llmobs_cost_header_tokens(text, &got) != LLMOBS_OK || got != count;
    }
    is_int(wrong, 0, "what is written is read again, exactly");
    (void)llmobs_cost_header_put_usd(179400, text);
    is_str(text, "0.0001794", "no float has been near it");
}

/* ---- every byte at every place ------------------------------------------------------------- */

/* What a regular expression would say: ^[ \t]*([0-9]+\.?[0-9]*|\.[0-9]+)[ \t]*$ */
static bool is_decimal(const char* text)
{
    size_t whole, after = 0;
    text += strspn(text, " \t");
    whole = strspn(text, "0123456789");
    text += whole;
    if (*text == '.') {
        after = strspn(++text, "0123456789");
        text += after;
    }
    return whole + after > 0 && text[strspn(text, " \t")] == '\0';
}

/* The amount of one that has at most nine decimals, by moving the point. */
static int64_t amount_of(const char* text)
{
    char digits[96];
    size_t size = 0, decimals = 0;
    bool point = false;
    for (; *text != '\0'; text++) {
        point |= *text == '.';
        if (*text >= '0' && *text <= '9') {
            digits[size++] = *text;
            decimals += point;
        }
    }
    while (decimals++ < 9) {
        digits[size++] = '0';
    }
    digits[size] = '\0';
    return strtoll(digits, NULL, 10);
}

/* A text with a byte put in at a place, or in another's place. */
static void injected(char* out, const char* text, size_t place, int byte, bool instead)
{
    memcpy(out, text, place);
    out[place] = (char)byte;
    strcpy(out + place + 1, text + place + (instead && text[place] != '\0'));
}

static void test_bytes(void)
{
    static const char* const texts[] = {"12", "3.25", " 0.47 ", ".5", "7."};
    size_t wrong = 0, good = 0, i, place;
    int byte, instead;
    for (i = 0; i < COUNT(texts); i++) {
        for (place = 0; place <= strlen(texts[i]); place++) {
            for (byte = 0; byte < 512; byte++) {
                char text[32];
                int64_t got = UNTOUCHED;
                bool read;
                instead = byte > 255;
                injected(text, texts[i], place, byte & 255, instead);
                read = llmobs_cost_header_usd(text, &got) == LLMOBS_OK;
                wrong += read != is_decimal(text) || got != (read ? amount_of(text) : UNTOUCHED);
                good += read;
            }
        }
    }
    is_int(wrong, 0, "every byte at every place of an amount");
    ok(good > 300, "of which some are good");
}

/* ---- headers out --------------------------------------------------------------------------- */

static void test_write(void)
{
    static const char want[] = "X-LLM-Cost-USD: 0.0001794\r\n"
                               "X-LLM-Tokens-Total: 908\r\n"
                               "X-Feature: support\r\n";
    char long_feature[130], text[256];
    size_t capacity, wrong = 0;
    is_int(llmobs_cost_headers_write(179400, 908, "support", text, sizeof text), strlen(want),
           "three lines");
    is_str(text, want, "as HTTP has them");
    for (capacity = 0; capacity < sizeof want + 2; capacity++) {
        size_t size;
        memset(text, 'x', sizeof text);
        size = llmobs_cost_headers_write(179400, 908, "support", text, capacity);
        wrong += size != (capacity >= sizeof want ? strlen(want) : 0) ||
                 (capacity > 0 && text[size] != '\0') || text[capacity] != 'x';
    }
    is_int(wrong, 0, "whole or not at all, and never beyond the end");
    (void)llmobs_cost_headers_write(LLMOBS_COST_UNKNOWN, 0, NULL, text, sizeof text);
    is_str(text, "X-LLM-Tokens-Total: 0\r\n", "what is unknown has no line");
    is_int(llmobs_cost_headers_write(-1, -1, "", text, sizeof text), 0, "nor has what is none");
    is_int(llmobs_cost_headers_write(LLMOBS_COST_HEADER_USD_MOST + 1,
                                     LLMOBS_COST_HEADER_TOKENS_MOST + 1, "a\r\nSet-Cookie: b",
                                     text, sizeof text), 0, "nor what is refused");
    is_str(text, "", "and nothing is written");
    memset(long_feature, 'f', sizeof long_feature);
    long_feature[129] = '\0';
    is_int(llmobs_cost_header_put_feature(long_feature, text), 0, "129 bytes are too many");
    long_feature[128] = '\0';
    is_int(llmobs_cost_header_put_feature(long_feature, text), 128, "128 are not");
    ok(llmobs_cost_headers_write(LLMOBS_COST_HEADER_USD_MOST - 1, LLMOBS_COST_HEADER_TOKENS_MOST,
                                 long_feature, text, 256) > 200, "the longest lines fit 256 bytes");
    ok(llmobs_cost_header_put_usd(1, NULL) == 0 && llmobs_cost_header_put_tokens(1, NULL) == 0 &&
       llmobs_cost_header_put_feature("a", NULL) == 0 &&
       llmobs_cost_headers_write(1, 1, "a", NULL, 9) == 0, "nowhere to write to");
}

/* No byte at any place of a feature makes a second line. */
static void test_injection(void)
{
    size_t wrong = 0, place;
    int byte;
    for (place = 0; place <= 7; place++) {
        for (byte = 0; byte < 256; byte++) {
            char feature[16], text[256];
            size_t size, i, ends = 0;
            bool visible, edge;
            injected(feature, "support", place, byte, false);
            visible = byte == 0 ? place > 0 : byte >= ' ' && byte <= '~';
            edge = byte == ' ' && (place == 0 || place == 7);
            size = llmobs_cost_headers_write(LLMOBS_COST_UNKNOWN, -1, feature, text, sizeof text);
            for (i = 0; i < size; i++) {
                ends += text[i] == '\r' || text[i] == '\n' || text[i] == '\0';
            }
            wrong += visible && !edge ? ends != 2 || size != strlen(feature) + 13 : size != 0;
        }
    }
    is_int(wrong, 0, "every byte at every place of a feature");
}

/* ---- whom to believe ----------------------------------------------------------------------- */

static const char* const features[] = {"support", NULL, "", "search", "two words", "gr\xc3\xb6n"};

static llmobs_cost_headers_in headers(const char* cost, const char* count, const char* feature)
{
    llmobs_cost_headers_in in = llmobs_cost_headers_in_default();
    in.cost_usd = cost;
    in.tokens_total = count;
    in.feature = feature;
    in.features = features;
    in.feature_count = COUNT(features);
    return in;
}

static void test_trust(llmobs* obs)
{
    llmobs_cost_headers_in in = headers("0.25", "812", "\tsearch ");
    llmobs_cost_headers out;
    is_int(llmobs_cost_headers_read(obs, &in, &out), LLMOBS_OK, "headers of a stranger");
    ok(out.cost_nano == LLMOBS_COST_UNKNOWN && out.tokens == -1, "... are not believed");
    ok(out.told_cost_nano == 250000000 && out.told_tokens == 812 && out.untrusted,
       "... but heard, and it is said that they are not");
    ok(out.feature == features[3], "... the feature is the list's own text");
    is_int(out.size, sizeof out, "... the size is told");
    in.trusted = true;
    is_int(llmobs_cost_headers_read(obs, &in, &out), LLMOBS_OK, "headers of a service of ours");
    ok(out.cost_nano == 250000000 && out.tokens == 812 && !out.untrusted, "... are believed");
    in.size = offsetof(llmobs_cost_headers_in, trusted);
    is_int(llmobs_cost_headers_read(obs, &in, &out), LLMOBS_OK, "an older program's struct");
    ok(out.cost_nano == LLMOBS_COST_UNKNOWN && out.feature == features[3], "... trusts nobody");
    in = headers(NULL, NULL, NULL);
    is_int(llmobs_cost_headers_read(obs, &in, &out), LLMOBS_OK, "no headers");
    ok(out.cost_nano == LLMOBS_COST_UNKNOWN && out.tokens == -1 && !out.untrusted &&
       strcmp(out.feature, "unknown") == 0, "... nothing is known, which is not zero");
    in = headers(NULL, "12", NULL);
    (void)llmobs_cost_headers_read(obs, &in, &out);
    ok(out.untrusted && out.told_cost_nano == LLMOBS_COST_UNKNOWN, "tokens alone");
    is_int(stats_of(obs).cost_headers_refused, 0, "nothing of this was junk");
    is_int(llmobs_cost_headers_read(obs, NULL, &out), LLMOBS_ERROR_ARGUMENT, "no headers at all");
    is_int(llmobs_cost_headers_read(obs, &in, NULL), LLMOBS_ERROR_ARGUMENT, "nowhere to put it");
}

static void test_junk(llmobs* obs)
{
    static const char* const texts[] = {"nan", "1e309", "-5", "0x10", "1,5", ""};
    llmobs_cost_headers_in in = headers("2000000", "812", "support");
    llmobs_cost_headers out;
    size_t i;
    in.trusted = true;
    is_int(llmobs_cost_headers_read(obs, &in, &out), LLMOBS_ERROR_LIMIT, "too much");
    ok(out.cost_result == LLMOBS_ERROR_LIMIT && out.tokens_result == LLMOBS_OK &&
       out.cost_nano == LLMOBS_COST_UNKNOWN && out.told_cost_nano == LLMOBS_COST_UNKNOWN &&
       out.tokens == 812 && out.feature == features[0], "... the rest stands");
    for (i = 0; i < COUNT(texts); i++) {
        in = headers(texts[i], texts[i], "a\r\nb");
        in.trusted = i % 2 == 0;
        is_int(llmobs_cost_headers_read(obs, &in, &out), LLMOBS_ERROR_ARGUMENT, texts[i]);
        ok(out.cost_nano == LLMOBS_COST_UNKNOWN && out.tokens == -1 && !out.untrusted &&
           out.tokens_result == LLMOBS_ERROR_ARGUMENT && strcmp(out.feature, "unknown") == 0,
           "... gets nowhere");
    }
    in = headers("1", "12.5", NULL);
    is_int(llmobs_cost_headers_read(obs, &in, &out), LLMOBS_ERROR_ARGUMENT, "tokens alone are bad");
    is_int(stats_of(obs).cost_headers_refused, 1 + 3 * COUNT(texts) + 1, "each value is counted");
    is_int(llmobs_cost_headers_read(NULL, &in, &out), LLMOBS_ERROR_ARGUMENT, "without an instance");
    ok(out.told_cost_nano == 1000000000, "... they are read as well");
}

static void test_features(llmobs* obs)
{
    uint64_t before = stats_of(obs).cost_headers_refused;
    llmobs_cost_headers_in in = headers(NULL, NULL, "two words");
    llmobs_cost_headers out;
    size_t wrong = 0, place;
    int byte;
    (void)llmobs_cost_headers_read(obs, &in, &out);
    ok(out.feature == features[4], "a blank within");
    in.feature = "billing";
    is_int(llmobs_cost_headers_read(obs, &in, &out), LLMOBS_OK, "one that is not in the list");
    is_str(out.feature, "unknown", "... is unknown, but no junk");
    in.feature = "Support";
    (void)llmobs_cost_headers_read(obs, &in, &out);
    is_str(out.feature, "unknown", "case counts");
    in.feature = "sup";
    (void)llmobs_cost_headers_read(obs, &in, &out);
    is_str(out.feature, "unknown", "a part of a name is none");
    in.feature = "support";
    in.features = NULL;
    (void)llmobs_cost_headers_read(obs, &in, &out);
    is_str(out.feature, "unknown", "no list: no feature");
    is_int(stats_of(obs).cost_headers_refused, before, "none of them was counted");
    in.features = features;
    for (place = 0; place <= 7; place++) {
        for (byte = 1; byte < 256; byte++) {
            char text[16];
            bool blank = (byte == ' ' || byte == '\t') && (place == 0 || place == 7);
            bool visible = blank || (byte >= ' ' && byte <= '~');
            injected(text, "support", place, byte, false);
            in.feature = text;
            wrong += (llmobs_cost_headers_read(obs, &in, &out) == LLMOBS_OK) != visible ||
                     strcmp(out.feature, blank ? "support" : "unknown") != 0;
        }
    }
    is_int(wrong, 0, "no text of a peer's becomes a feature");
}

/* ---- the count ----------------------------------------------------------------------------- */

static long junk_count; /* of each thread: enough that they meet on a busy machine, too */
static int waiting; /* threads that have not come yet: they begin together */

static void* send_junk(void* user)
{
    llmobs_cost_headers_in in = headers("nan", NULL, "support");
    llmobs_cost_headers out;
    long i;
    (void)__atomic_sub_fetch(&waiting, 1, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&waiting, __ATOMIC_SEQ_CST) > 0) {
        (void)sched_yield();
    }
    for (i = 0; i < junk_count; i++) {
        (void)llmobs_cost_headers_read((llmobs*)user, &in, &out);
    }
    return NULL;
}

static void test_count(llmobs* obs)
{
    uint64_t before = stats_of(obs).cost_headers_refused;
    pthread_t threads[4];
    int i, status = -1;
    pid_t child;
    waiting = 4;
    junk_count = sized(2000000);
    for (i = 0; i < 4; i++) {
        (void)pthread_create(&threads[i], NULL, send_junk, obs);
    }
    for (i = 0; i < 4; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    is_int(stats_of(obs).cost_headers_refused, before + 4 * (uint64_t)junk_count,
           "threads together miss none");
    if (skipped_without_fork("a fork's child counts its own")) {
        return;
    }
    junk_count = 1000;
    child = fork();
    if (child == 0) {
        (void)send_junk(obs);
        _exit(stats_of(obs).cost_headers_refused == 1000 ? 0 : 1);
    }
    (void)waitpid(child, &status, 0);
    is_int(status, 0, "a fork's child counts its own");
}

int main(void)
{
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    test_tables();
    test_rounding();
    test_round_trip();
    test_bytes();
    test_write();
    test_injection();
    test_trust(obs);
    test_junk(obs);
    test_features(obs);
    test_count(obs);
    (void)close_kept(obs, &kept);
    return done();
}

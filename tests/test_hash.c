/* The table hash: one result on every machine, and nothing that the seed does not hide. Keys and
   seeds are the same in every run. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
/* Where xxHash is at hand, what a host gets by LLMOBS_USE_XXHASH is tested as well. */
#if defined(__has_include) && !defined(LLMOBS_USE_XXHASH)
#if __has_include(<xxhash.h>)
#define LLMOBS_USE_XXHASH 1
#define XXH_INLINE_ALL 1
#endif
#endif
#ifdef LLMOBS_USE_XXHASH
#define LLMOBS_STATIC
#include "../llmobs.h"
#else
#include "llmobs_private.h"
#endif

#include "tap.h"

#include "random.h"

enum { LONGEST = 300 };

static void fill_random(uint8_t* bytes, size_t size)
{
    size_t i;
    for (i = 0; i < size; i++) {
        bytes[i] = (uint8_t)next_random();
    }
}

/* ---- multiplying --------------------------------------------------------------------------- */

static uint64_t fold_portable(uint64_t a, uint64_t b)
{
    uint64_t low;
    uint64_t high = llmobsi_multiply_portable(a, b, &low);
    return high ^ low;
}

static void test_fold(void)
{
    static const uint64_t edges[] = {0,
                                     1,
                                     2,
                                     UINT64_C(0xffffffff),
                                     UINT64_C(0x100000000),
                                     UINT64_C(0x100000001),
                                     UINT64_C(0xffffffff00000000),
                                     UINT64_C(0x8000000000000000),
                                     UINT64_C(0xfffffffffffffffe),
                                     UINT64_MAX};
    const size_t count = sizeof(edges) / sizeof(edges[0]);
    size_t i, k, wrong = 0;
    ok(fold_portable(3, 5) == 15, "a small product");
    ok(fold_portable(UINT64_C(1) << 32, UINT64_C(1) << 33) == 2, "2^65 folds to 2");
    ok(fold_portable(UINT64_MAX, UINT64_MAX) == UINT64_MAX, "2^128 - 2^65 + 1 folds to ones");
    for (i = 0; i < count; i++) {
        for (k = 0; k < count; k++) {
            wrong += llmobsi_hash_fold(edges[i], edges[k]) != fold_portable(edges[i], edges[k]);
        }
    }
    for (i = 0; i < 100000; i++) {
        uint64_t a = next_random(), b = next_random();
        wrong += llmobsi_hash_fold(a, b) != fold_portable(a, b);
    }
    is_int(wrong, 0, "products of 32-bit pieces equal the compiler's of 128 bits");
}

/* ---- bytes --------------------------------------------------------------------------------- */

/* The definition once more, word by word and with the portable product, for all sizes. */
static uint64_t word_at(const uint8_t* bytes, size_t count)
{
    uint64_t word = 0;
    size_t i;
    for (i = 0; i < count; i++) {
        word |= (uint64_t)bytes[i] << (8 * i);
    }
    return word;
}

static uint64_t slow_hash(const uint8_t* bytes, size_t size, uint64_t seed)
{
    const uint64_t root2 = UINT64_C(0x6a09e667f3bcc909), root3 = UINT64_C(0xbb67ae8584caa73b);
    const uint64_t root5 = UINT64_C(0x3c6ef372fe94f82b), root7 = UINT64_C(0xa54ff53a5f1d36f1);
    uint64_t mask[2], lane[2];
    size_t at = 0, half;
    mask[0] = (seed ^ root3) * root2;
    mask[1] = (seed ^ root7) * root5;
    lane[0] = (seed ^ root2) * root7;
    lane[1] = (seed ^ root5) * root3;
    if (size <= 16) {
        size_t word = size >= 8 ? 8 : size >= 4 ? 4 : size > 0 ? 1 : 0;
        uint64_t first = word_at(bytes, word);
        if (size > 0 && size < 4) {
            first |= (uint64_t)bytes[size / 2] << 8;
        }
        lane[0] = fold_portable(
            first ^ lane[0], (size > 0 ? word_at(bytes + size - word, word) : 0) ^ mask[0]);
    }
    while (size > 16 && at < size) {
        size_t start[2];
        start[0] = size - at > 32 ? at : size >= 32 ? size - 32 : 0;
        start[1] = size - at > 32 ? at + 16 : size - 16;
        for (half = 0; half < 2; half++) {
            const uint8_t* pair = bytes + start[half];
            lane[half] = fold_portable(word_at(pair, 8) ^ lane[half],
                                                    word_at(pair + 8, 8) ^ mask[half]);
        }
        at += 32;
    }
    return fold_portable(lane[0] ^ mask[1], lane[1] ^ size);
}

static void test_sizes(void)
{
    size_t size, offset, bit, wrong = 0, moved = 0, deaf = 0;
    uint8_t place[LONGEST + 16], bytes[LONGEST];
    for (size = 0; size <= LONGEST; size++) {
        /* A block of the exact size, so that a sanitizer sees any byte read beyond. */
        uint8_t* exact = (uint8_t*)malloc(size > 0 ? size : 1);
        uint64_t seed = next_random(), hash;
        fill_random(exact, size);
        memcpy(bytes, exact, size);
        hash = llmobsi_hash64_own(exact, size, seed);
        wrong += hash != slow_hash(exact, size, seed);
        free(exact);
        for (offset = 0; offset < 16; offset++) {
            memcpy(place + offset, bytes, size);
            moved += llmobsi_hash64_own(place + offset, size, seed) != hash;
        }
        for (bit = 0; bit < 8 * size; bit++) {
            bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
            deaf += llmobsi_hash64_own(bytes, size, seed) == hash;
            bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    }
    is_int(wrong, 0, "sizes 0 to 300 are as defined");
    is_int(moved, 0, "equal bytes hash alike at any alignment");
    is_int(deaf, 0, "every bit of a key counts");
    ok(llmobsi_hash64(NULL, 0, 7) == llmobsi_hash64("", 0, 7), "NULL of size 0 is the empty key");
    ok(llmobsi_hash64_own("llmobs", 6, 1) == UINT64_C(0x1da99de2703a13c2) &&
           llmobsi_hash64_own("gen_ai.usage.input_tokens", 25, 2) ==
               UINT64_C(0x8e4273493e190f55),
       "two hashes that every machine must find");
}

/* ---- mixing -------------------------------------------------------------------------------- */

/* The part of a flip's trials in which an output bit changed, at its furthest from a half. */
static double worst_bias(size_t size, bool of_seed)
{
    enum { TRIALS = 1024 };
    size_t bits = of_seed ? 64 : 8 * size, bit, trial, out;
    double worst = 0;
    for (bit = 0; bit < bits; bit++) {
        unsigned changed[64] = {0};
        for (trial = 0; trial < TRIALS; trial++) {
            uint8_t key[64];
            uint64_t seed = next_random(), difference;
            fill_random(key, size);
            difference = llmobsi_hash64_own(key, size, seed);
            if (of_seed) {
                seed ^= UINT64_C(1) << bit;
            } else {
                key[bit / 8] ^= (uint8_t)(1u << bit % 8);
            }
            difference ^= llmobsi_hash64_own(key, size, seed);
            for (out = 0; out < 64; out++) {
                changed[out] += (unsigned)(difference >> out & 1);
            }
        }
        for (out = 0; out < 64; out++) {
            double bias = (double)changed[out] / TRIALS - 0.5;
            bias = bias < 0 ? -bias : bias;
            worst = bias > worst ? bias : worst;
        }
    }
    return worst;
}

/* Chance alone gives 0.07 at the worst of so many: 0.1 is more than six standard deviations. */
static void test_avalanche(void)
{
    static const size_t sizes[] = {1, 3, 4, 7, 8, 11, 16, 17, 24, 32, 33, 48, 64};
    size_t i;
    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i += step_of(4)) {
        char what[80];
        double of_key = worst_bias(sizes[i], false), of_seed = worst_bias(sizes[i], true);
        snprintf(what, sizeof(what), "%u bytes: a bit of the key changes each bit half the time",
                 (unsigned)sizes[i]);
        if (!ok(of_key < 0.1, what)) {
            printf("#   off by %.3f\n", of_key);
        }
        snprintf(what, sizeof(what), "%u bytes: so does a bit of the seed", (unsigned)sizes[i]);
        if (!ok(of_seed < 0.1, what)) {
            printf("#   off by %.3f\n", of_seed);
        }
    }
}

/* ---- collisions ---------------------------------------------------------------------------- */

enum { MANY = 1 << 20 };
static uint64_t* hashes;
static size_t hash_count;

static int compare_hashes(const void* a, const void* b)
{
    uint64_t first = *(const uint64_t*)a, second = *(const uint64_t*)b;
    return first < second ? -1 : first > second;
}

static void note_hash(const void* key, size_t size, uint64_t seed)
{
    if (hash_count < MANY) {
        hashes[hash_count++] = llmobsi_hash64_own(key, size, seed);
    }
}

/* No two of the noted hashes are equal, and their low and high bits fill a table as chance would:
   n balls in n boxes leave 1/e of these empty. */
static void judge(const char* what)
{
    static uint8_t low[MANY], high[MANY];
    char text[160];
    size_t i, boxes = 1, equal = 0, low_full = 0, high_full = 0;
    double expected, least, most;
    unsigned shift = 64;
    while (boxes * 2 <= hash_count) {
        boxes *= 2;
        shift--;
    }
    memset(low, 0, boxes);
    memset(high, 0, boxes);
    for (i = 0; i < boxes; i++) { /* as many balls as boxes */
        low[hashes[i] & (boxes - 1)] = 1;
        high[hashes[i] >> shift] = 1;
    }
    for (i = 0; i < boxes; i++) {
        low_full += low[i];
        high_full += high[i];
    }
    qsort(hashes, hash_count, sizeof(hashes[0]), compare_hashes);
    for (i = 1; i < hash_count; i++) {
        equal += hashes[i] == hashes[i - 1];
    }
    snprintf(text, sizeof(text), "%s: no collision among %u", what, (unsigned)hash_count);
    is_int(equal, 0, text);
    expected = 0.632120559 * (double)boxes;
    least = expected * 0.97;
    most = expected * 1.03;
    snprintf(text, sizeof(text), "%s: low and high bits spread", what);
    ok((double)low_full > least && (double)low_full < most && (double)high_full > least &&
           (double)high_full < most, text);
    hash_count = 0;
}

static void test_collisions(void)
{
    char key[80];
    uint8_t bytes[64];
    uint64_t seed = next_random(), number;
    unsigned i, k;
    for (i = 0; i < MANY; i++) {
        note_hash(key, (size_t)snprintf(key, sizeof(key), "user-%u", i), seed);
    }
    judge("numbered names");
    for (i = 0; i < MANY / 4; i++) {
        note_hash(key, (size_t)snprintf(key, sizeof(key), "tenant/%u/gen_ai.request.model/%u",
                                        i % 512, i / 512), seed);
    }
    judge("long names that differ in two places");
    for (number = 0; number < MANY; number++) {
        uint64_t word = number << (number % 3 * 20);
        memcpy(bytes, &word, sizeof(word));
        bytes[8] = (uint8_t)(number % 3); /* the same word shifted is another key */
        note_hash(bytes, 9, seed);
    }
    judge("counters");
    for (i = 0; i < 512; i++) {
        for (k = 0; k < i; k++) {
            memset(bytes, 0, sizeof(bytes));
            bytes[i / 8] ^= (uint8_t)(1u << i % 8);
            bytes[k / 8] ^= (uint8_t)(1u << k % 8);
            note_hash(bytes, sizeof(bytes), seed);
        }
    }
    judge("two bits in 64 bytes");
    memset(bytes, 0, sizeof(bytes));
    for (i = 0; i < 65536; i++) {
        bytes[0] = (uint8_t)i;
        bytes[1] = (uint8_t)(i >> 8);
        note_hash(bytes, 2 + i % 2, seed); /* a zero byte more is another key */
        note_hash(bytes, 4 + i % 2, seed);
        note_hash(bytes, 16 + i % 2, seed);
    }
    judge("sizes of otherwise equal keys");
    for (i = 0; i < 65536; i++) {
        memset(bytes, 'x', sizeof(bytes));
        note_hash(bytes, 32, next_random());
    }
    judge("seeds");
}

/* What fells such hashes when their masks are known: words that trade places, within a pair or
   between the lanes, moved by the difference of two constants; and words that are the constants. */
static void test_chosen_keys(void)
{
    static const uint64_t roots[] = {0, LLMOBS_I_HASH_ROOT2, LLMOBS_I_HASH_ROOT3,
                                     LLMOBS_I_HASH_ROOT5, LLMOBS_I_HASH_ROOT7};
    unsigned i, k, round;
    size_t traded = 0, collapsed = 0;
    for (round = 0; round < 2000; round++) {
        uint64_t seed = next_random();
        for (i = 0; i < 5; i++) {
            for (k = 0; k < 5; k++) {
                uint64_t words[4], other[4], shift = roots[i] ^ roots[k];
                unsigned a, b;
                fill_random((uint8_t*)words, sizeof(words));
                for (a = 0; a < 4; a++) {
                    for (b = 0; b < a; b++) {
                        memcpy(other, words, sizeof(words));
                        other[a] = words[b] ^ shift;
                        other[b] = words[a] ^ shift;
                        traded += llmobsi_hash64_own(words, 32, seed) ==
                                  llmobsi_hash64_own(other, 32, seed);
                        traded += a == 1 && llmobsi_hash64_own(words, 16, seed) ==
                                                llmobsi_hash64_own(other, 16, seed);
                    }
                }
                words[0] = shift;
                words[1] = next_random();
                other[0] = shift;
                other[1] = next_random();
                collapsed += llmobsi_hash64_own(words, 16, seed) ==
                             llmobsi_hash64_own(other, 16, seed);
            }
        }
    }
    is_int(traded, 0, "words that trade places give another hash");
    is_int(collapsed, 0, "no word silences the one it is multiplied by");
}

static void test_what_hosts_get(void)
{
    uint8_t bytes[LONGEST];
    size_t size, wrong = 0;
    fill_random(bytes, sizeof(bytes));
    for (size = 0; size <= LONGEST; size++) {
#ifdef LLMOBS_USE_XXHASH
        wrong += llmobsi_hash64(bytes, size, size) != XXH3_64bits_withSeed(bytes, size, size);
#else
        wrong += llmobsi_hash64(bytes, size, size) != llmobsi_hash64_own(bytes, size, size);
#endif
    }
#ifdef LLMOBS_USE_XXHASH
    is_int(wrong, 0, "LLMOBS_USE_XXHASH gives XXH3");
#else
    is_int(wrong, 0, "llmobsi_hash64 is our own");
    skip("LLMOBS_USE_XXHASH gives XXH3", "xxhash.h is not here");
#endif
}

/* The sequence as its authors have it. */
static void test_splitmix64(void)
{
    static const uint64_t of_0[] = {UINT64_C(0xe220a8397b1dcdaf), UINT64_C(0x6e789e6aa1b965f4),
                                    UINT64_C(0x06c45d188009454f), UINT64_C(0xf88bb8a8724c81ec)};
    static const uint64_t of_1234567[] = {
        UINT64_C(6457827717110365317), UINT64_C(3203168211198807973),
        UINT64_C(9817491932198370423), UINT64_C(4593380528125082431)};
    uint64_t zero = 0;
    uint64_t other = 1234567;
    size_t right = 0;
    size_t i;
    for (i = 0; i < 4; i++) {
        right += llmobsi_splitmix64(&zero) == of_0[i];
        right += llmobsi_splitmix64(&other) == of_1234567[i];
    }
    is_int(right, 8, "SplitMix64");
}

int main(void)
{
    hashes = (uint64_t*)malloc(MANY * sizeof(hashes[0]));
    if (hashes == NULL) {
        return 1;
    }
    test_fold();
    test_sizes();
    test_avalanche();
    test_collisions();
    test_chosen_keys();
    test_what_hosts_get();
    test_splitmix64();
    free(hashes);
    return done();
}

/* The heaviest users: brackets hold, whatever is added, merged or read meanwhile. */
#include "llmobs_private.h"

#include "tap.h"

#include "keeper.h"
#include "zipf.h"

#include <pthread.h>
#include <stdlib.h>

#define WAYS LLMOBS_I_TOP_WAYS

static llmobsi_top* make_top(uint32_t counters)
{
    void* memory = aligned_alloc(LLMOBS_I_CACHE_LINE, llmobsi_top_bytes(counters));
    if (memory == NULL) {
        printf("Bail out! memory\n");
        exit(1);
    }
    return llmobsi_top_make(memory, counters);
}

/* A user's key, as good as a hash. */
static llmobsi_top_key key_of(uint64_t user)
{
    llmobsi_top_key key;
    memset(&key, 0, sizeof key);
    key.tag[0] = zipf_mix(user + 1);
    key.tag[1] = zipf_mix(~user);
    memcpy(key.id, "k1", 2);
    return key;
}

/* One of a set's keys: only the bits above those that choose the set differ. */
static llmobsi_top_key key_in_set(uint64_t user)
{
    llmobsi_top_key key = key_of(user);
    key.tag[0] &= ~UINT64_C(0xffff);
    return key;
}

static bool add(llmobsi_top* top, const llmobsi_top_key* key, int64_t weight)
{
    const llmobsi_top_use use = {1, weight == 0, (uint64_t)weight, key->tag[0] & 0xff};
    return llmobsi_top_add(top, key, weight, &use);
}

static const char* bracket_of(const llmobsi_top* top, const llmobsi_top_key* key)
{
    static char text[64];
    int64_t low, high;
    llmobsi_top_estimate(top, key, &low, &high);
    (void)snprintf(text, sizeof text, "%lld to %lld", (long long)low, (long long)high);
    return text;
}

static const char* in_set(const llmobsi_top* top, uint64_t user)
{
    llmobsi_top_key key = key_in_set(user);
    return bracket_of(top, &key);
}

static bool add_in_set(llmobsi_top* top, uint64_t user, int64_t weight)
{
    llmobsi_top_key key = key_in_set(user);
    return add(top, &key, weight);
}

/* ---- keys ---------------------------------------------------------------------------------- */

static void test_keys(void)
{
    static const char* const junk[] = {
        "", "u42", "hmac-sha256:", "hmac-sha256:k1:",
        "hmac-sha256::00112233445566778899aabbccddeeff",
        "hmac-sha256:k1:00112233445566778899aabbccddeef",
        "hmac-sha256:k1:00112233445566778899aabbccddeeff0",
        "hmac-sha256:k1:00112233445566778899AABBCCDDEEFF",
        "sha256:k1:00112233445566778899aabbccddeeff"};
    const char* text = "hmac-sha256:k1:00112233445566778899aabbccddeeff";
    char printed[LLMOBS_PSEUDONYM_SIZE];
    llmobsi_top_key key;
    size_t i, taken = 0;
    ok(llmobsi_top_key_read(&key, text), "a pseudonym is a key");
    ok(key.tag[0] == UINT64_C(0x7766554433221100) && key.tag[1] == UINT64_C(0xffeeddccbbaa9988),
       "of the same words on every machine");
    llmobsi_top_key_print(&key, printed);
    is_str(printed, text, "and can be told again");
    for (i = 0; i < sizeof junk / sizeof junk[0]; i++) {
        taken += llmobsi_top_key_read(&key, junk[i]);
    }
    is_int(taken, 0, "what is none is refused");
}

/* More ids than are kept apart: the keys are, all the same. */
static void test_ids(void)
{
    llmobsi_top* top = make_top(1024);
    llmobs_top_entry entries[LLMOBS_I_TOP_IDS + 2];
    llmobs_top_share share;
    uint32_t user, wrong = 0;
    for (user = 0; user < LLMOBS_I_TOP_IDS + 1; user++) {
        llmobsi_top_key key = key_of(user);
        memset(key.id, 0, sizeof key.id);
        (void)snprintf(key.id, sizeof key.id, "key-%02u-012345678901234567890123", user % 100);
        (void)add(top, &key, 100 - (int64_t)user);
        (void)add(top, &key, 100 - (int64_t)user);
    }
    llmobsi_top_read(top, entries, LLMOBS_I_TOP_IDS + 2, &share);
    is_int(share.count, LLMOBS_I_TOP_IDS + 1, "each is there once");
    for (user = 0; user < share.count; user++) {
        char want[64];
        (void)snprintf(want, sizeof want, "hmac-sha256:key-%02u-012345678901234567890123", user);
        wrong += strncmp(entries[user].pseudonym, want, strlen(want)) != 0;
    }
    is_int(wrong, 1, "with its id, but for the one too many");
    ok(strncmp(entries[LLMOBS_I_TOP_IDS].pseudonym, "hmac-sha256::", 13) == 0,
       "which is shown without");
    llmobsi_top_reset(top);
    (void)add_in_set(top, 1, 1);
    llmobsi_top_read(top, entries, 1, &share);
    ok(strncmp(entries[0].pseudonym, "hmac-sha256:k1:", 15) == 0, "a new period has room again");
    free(top);
}

/* ---- one set, by hand ---------------------------------------------------------------------- */

static void test_one_set(void)
{
    llmobsi_top* top = make_top(1);
    llmobs_top_entry entries[WAYS];
    llmobs_top_share share;
    uint64_t user, wrong = 0, unsure = 0;
    is_int(top->mask, 0, "one set is the least");
    is_str(in_set(top, 0), "0 to 0", "nobody has anything yet");
    for (user = 0; user < WAYS; user++) {
        (void)add_in_set(top, user, 100 + 10 * (int64_t)((user * 7 + 3) % WAYS));
        (void)add_in_set(top, user, 1);
    }
    is_str(in_set(top, 0), "131 to 131", "exact while there is room");
    is_str(in_set(top, 11), "101 to 101", "this is the smallest (11 * 7 + 3 is 0 modulo 16)");
    is_str(in_set(top, 99), "0 to 101", "who has no counter has no more than the smallest");
    (void)add_in_set(top, 99, 5);
    is_str(in_set(top, 99), "5 to 106", "who comes in takes its place, and its count for error");
    is_str(in_set(top, 11), "0 to 106", "the other is out, and no heavier than the new smallest");
    (void)add_in_set(top, 99, 1000);
    is_str(in_set(top, 99), "1005 to 1106", "what comes later is certain");
    is_str(in_set(top, 11), "0 to 111", "now another is the smallest");
    (void)add_in_set(top, 11, 1);
    is_str(in_set(top, 11), "1 to 112", "back again: what it had before is within its bracket");
    llmobsi_top_read(top, entries, 2, &share);
    is_int(entries[0].high, 1106, "the heaviest");
    is_int(entries[0].low, 1005, "at least");
    is_int(entries[0].requests, 2, "requests since it came in");
    is_int(entries[0].input_tokens, 1005, "tokens in");
    ok(entries[0].guaranteed, "nobody can be heavier");
    is_int(entries[1].high, 251, "the second");
    ok(entries[1].guaranteed, "is certain too");
    is_int(share.rest, 241, "the third is no heavier than this");
    llmobsi_top_read(top, entries, WAYS, &share);
    for (user = 0; user < WAYS; user++) {
        int64_t next = user + 1 < WAYS ? entries[user + 1].high : share.rest;
        wrong += entries[user].guaranteed != (entries[user].low >= next);
        unsure += !entries[user].guaranteed;
    }
    is_int(wrong, 0, "who is at least as heavy as the next may be is guaranteed");
    is_int(unsure, 1, "which only one is not: user 11 again");
    free(top);
}

/* One set is full of heavy ones; in the other one a light one stands alone, and three lighter. */
static void test_two_sets(void)
{
    llmobsi_top* top = make_top(2 * WAYS);
    llmobs_top_entry entries[WAYS + 1];
    llmobs_top_share share;
    uint64_t user;
    for (user = 0; user < WAYS; user++) {
        (void)add_in_set(top, user, 100);
    }
    for (user = 0; user < 4; user++) {
        llmobsi_top_key key = key_in_set(1000 + user);
        key.tag[0] |= 1;
        (void)add(top, &key, user == 0 ? 50 : 10);
    }
    llmobsi_top_read(top, entries, WAYS + 1, &share);
    is_int(entries[WAYS].high, 50, "the light one is listed last");
    ok(!entries[WAYS].guaranteed && share.rest == 100, "where one without a counter may belong");
    is_int(share.low, 16 * 100 + 50, "those listed have this");
    is_int(share.high, 16 * 100 + 80, "the heaviest may have all");
    llmobsi_top_read(top, entries, WAYS - 1, &share);
    is_int(share.high, 15 * 100, "or as much as is listed");
    ok(share.low_share > 0.892 && share.low_share < 0.893, "of the total");
    free(top);
}

static void test_no_weight(void)
{
    llmobsi_top* top = make_top(1);
    llmobs_top_entry entries[WAYS + 1];
    llmobs_top_share share;
    uint64_t user, kept = 0;
    (void)add_in_set(top, 0, 0);
    is_str(in_set(top, 0), "0 to 0", "no weight");
    llmobsi_top_read(top, entries, 1, &share);
    is_int(share.count, 1, "has a counter while there is a free one");
    ok(entries[0].requests == 1 && entries[0].unpriced == 1, "and its requests count");
    ok(share.total == 0 && share.low_share + share.high_share < 0.1, "no share of nothing");
    for (user = 1; user < WAYS; user++) {
        (void)add_in_set(top, user, 1);
    }
    is_str(in_set(top, 50), "0 to 0", "the smallest count is 0");
    (void)add_in_set(top, 50, 7);
    is_str(in_set(top, 50), "7 to 7", "who takes its place has no error");
    for (user = 100; user < 200; user++) {
        (void)add_in_set(top, user, 0);
    }
    for (user = 1; user < WAYS; user++) {
        kept += strcmp(in_set(top, user), "1 to 1") == 0;
    }
    is_int(kept, WAYS - 1, "who has no weight takes nobody's place");
    is_str(in_set(top, 150), "0 to 1", "and is like any who is not there");
    (void)add_in_set(top, 50, 0);
    llmobsi_top_read(top, entries, WAYS + 1, &share);
    is_int(share.count, WAYS, "all are listed");
    is_int(entries[0].requests, 2, "the requests of who is there count without weight, too");
    is_int(entries[0].unpriced, 1, "apart");
    is_int(share.rest, 1, "others may have as much as the smallest");
    is_int(share.total, 7 + WAYS - 1, "the total");
    ok(!add_in_set(top, 1, -1) && !add_in_set(top, 1000, INT64_MIN), "less than none is refused");
    is_str(in_set(top, 1), "1 to 1", "and changes nothing");
    free(top);
}

static void test_saturation(void)
{
    llmobsi_top* top = make_top(1);
    llmobsi_top* other = make_top(1);
    llmobs_top_entry entries[2];
    llmobs_top_share share;
    const llmobsi_top_use use = {1, 0, (uint64_t)INT64_MAX, (uint64_t)INT64_MAX - 1};
    llmobsi_top_key key = key_in_set(0);
    uint64_t user;
    (void)llmobsi_top_add(top, &key, INT64_MAX - 1, &use);
    is_str(in_set(top, 0), "9223372036854775806 to 9223372036854775806", "nearly full");
    (void)llmobsi_top_add(top, &key, 1, &use);
    is_str(in_set(top, 0), "9223372036854775807 to 9223372036854775807", "full");
    (void)llmobsi_top_add(top, &key, INT64_MAX, &use);
    is_str(in_set(top, 0), "9223372036854775807 to 9223372036854775807", "it stays there");
    for (user = 1; user < WAYS; user++) {
        (void)add_in_set(top, user, INT64_MAX);
    }
    (void)add_in_set(top, 500, INT64_MAX);
    is_str(in_set(top, 500), "0 to 9223372036854775807", "full, and all may be error");
    llmobsi_top_read(top, entries, 2, &share);
    ok(share.total == INT64_MAX && share.high == INT64_MAX && share.rest == INT64_MAX,
       "so do totals");
    llmobsi_top_reset(top);
    (void)llmobsi_top_add(top, &key, 5, &use);
    (void)llmobsi_top_add(top, &key, INT64_MAX, &use);
    (void)llmobsi_top_add(other, &key, INT64_MAX, &use);
    (void)llmobsi_top_merge(top, other);
    is_str(in_set(top, 0), "9223372036854775807 to 9223372036854775807", "merged");
    llmobsi_top_read(top, entries, 2, &share);
    ok(entries[0].input_tokens == (uint64_t)INT64_MAX &&
           entries[0].output_tokens == (uint64_t)INT64_MAX && entries[0].requests == 3,
       "sums, too");
    free(other);
    free(top);
}

/* Tags that agree in the byte by which they are looked for, in a half, or in none. */
static void test_likeness(void)
{
    llmobsi_top* top = make_top(16);
    llmobsi_top_key key = key_of(0);
    llmobsi_top_key same_byte = key, same_half = key, zero;
    memset(&zero, 0, sizeof zero);
    same_byte.tag[0] ^= UINT64_C(1) << 40;
    same_half.tag[1] ^= 1;
    (void)add(top, &key, 1);
    is_str(bracket_of(top, &same_byte), "0 to 0", "a key that begins alike is another");
    (void)add(top, &same_byte, 2);
    is_str(bracket_of(top, &zero), "0 to 0", "a free counter is not the key of zeros");
    (void)add(top, &zero, 8);
    (void)add(top, &same_half, 4);
    is_str(bracket_of(top, &key), "1 to 1", "all four are kept apart");
    is_str(bracket_of(top, &same_byte), "2 to 2", "the second");
    is_str(bracket_of(top, &same_half), "4 to 4", "the third");
    is_str(bracket_of(top, &zero), "8 to 8", "the fourth");
    free(top);
}

static void test_memory(void)
{
    llmobsi_top* top = make_top(4096);
    printf("# %zu bytes for 4096 counters\n", llmobsi_top_bytes(4096));
    is_int(top->mask, 4096 / WAYS - 1, "as many sets as hold the counters");
    is_int(llmobsi_top_sets(WAYS * 4 + 1), 8, "rounded up");
    is_int(llmobsi_top_sets(0), 1, "at least one");
    ok(llmobsi_top_bytes(4096) <= 306 * 1024, "in 306 KiB");
    free(top);
}

/* ---- against exact sums -------------------------------------------------------------------- */

#define USERS 50000u
#define LISTED 100u

static int64_t exact[USERS];
static uint32_t by_weight[USERS];

static int heavier(const void* a, const void* b)
{
    int64_t first = exact[*(const uint32_t*)a], second = exact[*(const uint32_t*)b];
    return first > second ? -1 : first < second;
}

/* The user of a pseudonym of key_of's; USERS: of none. */
static uint32_t user_of(const char* pseudonym)
{
    static uint64_t halves[USERS];
    llmobsi_top_key key;
    uint32_t user;
    if (halves[0] == 0) {
        for (user = 0; user < USERS; user++) {
            halves[user] = zipf_mix(user + 1);
        }
    }
    (void)llmobsi_top_key_read(&key, pseudonym);
    for (user = 0; user < USERS && halves[user] != key.tag[0];) {
        user++;
    }
    return user;
}

/* How many users, with a counter or without, have an exact sum outside of their bracket. */
static uint32_t outside(const llmobsi_top* top)
{
    uint32_t user, wrong = 0;
    for (user = 0; user < USERS; user++) {
        llmobsi_top_key key = key_of(user);
        int64_t low, high;
        llmobsi_top_estimate(top, &key, &low, &high);
        wrong += exact[user] < low || exact[user] > high;
    }
    return wrong;
}

static bool told(bool passed, const char* what, const char* claim)
{
    char line[160];
    (void)snprintf(line, sizeof line, "%s: %s", what, claim);
    return ok(passed, line);
}

/* What a list says, checked against the exact sums. */
static void check_list(const llmobsi_top* top, int64_t total, const char* what)
{
    static llmobs_top_entry entries[LISTED];
    static bool listed[USERS + 1];
    llmobs_top_share share;
    uint32_t wrong = 0, misplaced = 0, recalled = 0, guaranteed = 0, i;
    int64_t heaviest = 0, left_out = 0;
    memset(listed, 0, sizeof listed);
    for (i = 0; i < USERS; i++) {
        by_weight[i] = i;
    }
    qsort(by_weight, USERS, sizeof by_weight[0], heavier);
    llmobsi_top_read(top, entries, LISTED, &share);
    for (i = 0; i < LISTED; i++) {
        uint32_t user = user_of(entries[i].pseudonym);
        int64_t weight = user < USERS ? exact[user] : -1;
        listed[user] = true;
        wrong += weight < entries[i].low || weight > entries[i].high;
        wrong += i > 0 && entries[i].high > entries[i - 1].high;
        recalled += weight >= exact[by_weight[LISTED - 1]];
        guaranteed += entries[i].guaranteed;
        misplaced += entries[i].guaranteed && weight < exact[by_weight[i]];
        heaviest += exact[by_weight[i]];
    }
    for (i = 0; i < USERS; i++) {
        left_out = !listed[i] && exact[i] > left_out ? exact[i] : left_out;
    }
    told(wrong == 0, what, "entries in order, and within their brackets");
    told(misplaced == 0, what, "who is guaranteed stands no higher than is right");
    told(left_out <= share.rest, what, "nobody left out is heavier than `rest`");
    told(share.low <= heaviest && heaviest <= share.high && share.high <= share.total, what,
         "the share of the heaviest is within its bracket");
    told(share.total == total, what, "the total is exact");
    told(recalled * 10 >= LISTED * 9, what, "of the heaviest 100, at least 90 are listed");
    printf("# %s: %u of %u listed, %u guaranteed; share %.3f to %.3f %%, exactly %.3f %%; rest "
           "%.4f %%\n",
           what, recalled, LISTED, guaranteed, 100 * share.low_share, 100 * share.high_share,
           100.0 * (double)heaviest / (double)total, 100.0 * (double)share.rest / (double)total);
}

/* Sets whose counts do not sum up to what was added to them. */
static uint32_t lossy_sets(const llmobsi_top* top)
{
    uint64_t number;
    uint32_t way, wrong = 0;
    for (number = 0; number <= top->mask; number++) {
        const llmobsi_top_set* set = llmobsi_top_set_of(top, number);
        uint64_t sum = 0;
        for (way = 0; way < set->used; way++) {
            sum += set->counts[way];
        }
        wrong += sum != set->total;
    }
    return wrong;
}

static void test_shape(double shape)
{
    zipf users = zipf_make(USERS, shape, 7);
    llmobsi_top* top = make_top(4096);
    llmobsi_top* shards[8];
    int64_t total = 0;
    char what[32];
    long i, updates = sized(1000000);
    (void)snprintf(what, sizeof what, "Zipf %.1f", shape);
    memset(exact, 0, sizeof exact);
    for (i = 0; i < 8; i++) {
        shards[i] = make_top(4096);
    }
    for (i = 0; i < updates; i++) {
        uint32_t user = zipf_next(&users);
        int64_t weight = (int64_t)zipf_lognormal(&users, 2e5, 1.0);
        llmobsi_top_key key = key_of(user);
        exact[user] += weight;
        total += weight;
        (void)add(top, &key, weight);
        (void)add(shards[zipf_random(&users) % 8], &key, weight);
    }
    is_int(outside(top), 0, "every user is within the bracket");
    is_int(lossy_sets(top), 0, "the counts of each set sum up to what was added");
    check_list(top, total, what);
    for (i = 1; i < 8; i++) {
        (void)llmobsi_top_merge(shards[0], shards[i]);
    }
    (void)snprintf(what, sizeof what, "Zipf %.1f, merged", shape);
    is_int(outside(shards[0]), 0, "and of eight shards merged");
    check_list(shards[0], total, what);
    for (i = 0; i < 8; i++) {
        free(shards[i]);
    }
    free(top);
    zipf_free(&users);
}

/* ---- merging, by hand ---------------------------------------------------------------------- */

static void test_merge(void)
{
    llmobsi_top* top = make_top(1);
    llmobsi_top* other = make_top(1);
    llmobsi_top* larger = make_top(WAYS * 2);
    llmobsi_top_key key = key_in_set(3);
    llmobs_top_entry entries[1];
    llmobs_top_share share;
    uint64_t user;
    for (user = 0; user < WAYS; user++) {
        (void)add_in_set(top, user, 100 + (int64_t)user);
    }
    (void)add_in_set(other, 3, 1000);
    key.id[1] = '9'; /* it came in under k1 */
    (void)add(other, &key, 1);
    (void)add_in_set(other, 77, 500);
    (void)add_in_set(other, 78, 1);
    ok(llmobsi_top_merge(top, other), "merged");
    is_str(in_set(top, 3), "1104 to 1104", "in both: the sum");
    is_str(in_set(top, 77), "500 to 600", "only in the other: what the full one may hide");
    is_str(in_set(top, 0), "0 to 101", "the smallest is out, no heavier than who stayed");
    is_str(in_set(top, 5), "105 to 105", "only in the full one: one with room hides nothing");
    is_str(in_set(top, 78), "0 to 101", "and so is one of the other's");
    llmobsi_top_read(top, entries, 1, &share);
    is_int(share.total, 16 * 100 + 15 * 8 + 1502, "the totals add up");
    is_int(entries[0].requests, 3, "sums as well");
    for (user = 100; user < 100 + WAYS; user++) {
        (void)add_in_set(other, user, 700);
    }
    is_str(in_set(other, 3), "1001 to 1001", "still exact in the other");
    (void)llmobsi_top_merge(top, other);
    is_str(in_set(top, 3), "2105 to 2105", "and so is the sum of two full ones");
    ok(!llmobsi_top_merge(top, larger), "not with one of another size");
    llmobsi_top_reset(top);
    llmobsi_top_read(top, entries, 1, &share);
    ok(share.total == 0 && share.count == 0 && share.rest == 0, "begun anew, it is empty");
    key = key_in_set(2);
    key.id[1] = '0';
    (void)add(top, &key, 1);
    ok(llmobsi_top_merge(top, other) && strcmp(in_set(top, 3), "1001 to 1001") == 0,
       "and merged with another it is that one");
    llmobsi_top_read(top, entries, 1, &share);
    ok(strncmp(entries[0].pseudonym, "hmac-sha256:k1:", 15) == 0, "with its ids");
    free(larger);
    free(other);
    free(top);
}

/* ---- lists --------------------------------------------------------------------------------- */

static void test_lists(void)
{
    static llmobs_top_entry all[5000], some[100];
    llmobsi_top* top = make_top(4096);
    llmobs_top_share share;
    uint32_t i, wrong = 0, limit;
    for (i = 0; i < 3000; i++) {
        llmobsi_top_key key = key_of(i);
        (void)add(top, &key, 1 + (int64_t)(i * 7919 % 500)); /* many weigh the same */
    }
    llmobsi_top_read(top, all, 5000, &share);
    limit = (uint32_t)share.count;
    ok(limit > 2900 && limit <= 3000, "nearly all have a counter");
    for (i = 1; i < limit; i++) {
        wrong += all[i].high > all[i - 1].high ||
                 (all[i].high == all[i - 1].high && all[i].low == all[i - 1].low &&
                  strcmp(all[i].pseudonym, all[i - 1].pseudonym) <= 0);
    }
    is_int(wrong, 0, "in order, and by pseudonym where they weigh the same");
    for (i = 0; i <= 100; i++) {
        llmobsi_top_read(top, some, i, &share);
        wrong += share.count != i || share.rest != all[i].high || share.high < share.low;
        wrong += i > 0 && (strcmp(some[i - 1].pseudonym, all[i - 1].pseudonym) != 0 ||
                           strcmp(some[0].pseudonym, all[0].pseudonym) != 0);
    }
    is_int(wrong, 0, "a shorter list is the beginning of a longer one");
    llmobsi_top_read(top, NULL, 0, &share);
    ok(share.count == 0 && share.high == 0 && share.total > 0, "none at all: the total");
    free(top);
}

/* ---- readers meanwhile --------------------------------------------------------------------- */

static llmobsi_top* raced;
static llmobsi_atomic32 racing;

typedef struct racer {
    long lists;
    long torn;
} racer;

/* Each entry shows by its sums that it is of one key and one moment, and by its id of which
   period. */
static long torn_in(const llmobs_top_entry* entries, const llmobs_top_share* share)
{
    long torn = 0;
    size_t i;
    for (i = 0; i < share->count; i++) {
        llmobsi_top_key key;
        if (!llmobsi_top_key_read(&key, entries[i].pseudonym)) {
            torn++;
            continue;
        }
        torn += entries[i].low != (int64_t)entries[i].input_tokens;
        torn += entries[i].output_tokens != entries[i].requests * (key.tag[0] & 0xff);
        torn += strncmp(entries[i].pseudonym, entries[0].pseudonym, 15) != 0;
    }
    return torn;
}

static void* read_on(void* user)
{
    racer* self = (racer*)user;
    while (llmobsi_load_relaxed(&racing) != 0) {
        llmobs_top_entry entries[40];
        llmobs_top_share share;
        llmobsi_top_set set;
        uint64_t sum = 0;
        uint32_t way;
        llmobsi_top_copy(llmobsi_top_set_of(raced, (uint64_t)self->lists), &set);
        for (way = 0; way < set.used; way++) {
            sum += set.counts[way];
        }
        llmobsi_top_read(raced, entries, 40, &share);
        self->torn += torn_in(entries, &share) + (sum != set.total);
        self->lists++;
    }
    return NULL;
}

static void test_race(void)
{
    zipf users = zipf_make(500, 0.8, 3);
    racer racers[2];
    pthread_t threads[2];
    long i, updates = sized(3000000), lists = 0, torn = 0;
    raced = make_top(WAYS * 2);
    memset(racers, 0, sizeof racers);
    llmobsi_store_relaxed(&racing, 1);
    for (i = 0; i < 2; i++) {
        (void)pthread_create(&threads[i], NULL, read_on, &racers[i]);
    }
    for (i = 0; i < updates; i++) {
        llmobsi_top_key key = key_of(zipf_next(&users));
        key.id[1] = (char)('0' + i / 1000 % 10);
        if (i % 1000 == 0) {
            llmobsi_top_reset(raced);
        }
        (void)add(raced, &key, (int64_t)(zipf_random(&users) % 1000));
    }
    llmobsi_store_relaxed(&racing, 0);
    for (i = 0; i < 2; i++) {
        (void)pthread_join(threads[i], NULL);
        lists += racers[i].lists;
        torn += racers[i].torn;
    }
    printf("# %ld updates, %ld lists\n", updates, lists);
    is_int(torn, 0, "what is read meanwhile is of one moment for each set, of one period in all");
    free(raced);
    zipf_free(&users);
}

static void test_odd(void)
{
    llmobsi_top* top = make_top(1);
    llmobsi_top_set set;
    llmobsi_top_list list;
    memset(&list, 0, sizeof list);
    list.top = top;
    ok(llmobsi_top_try(llmobsi_top_set_of(top, 0), &set) && llmobsi_top_gather(&list), "at rest");
    llmobsi_store_relaxed(&llmobsi_top_set_at(top, 0)->version, 3);
    ok(!llmobsi_top_try(llmobsi_top_set_of(top, 0), &set), "no set is taken in mid-update");
    llmobsi_store_relaxed(&llmobsi_top_set_at(top, 0)->version, 4);
    llmobsi_store_relaxed(&top->epoch, 1);
    ok(!llmobsi_top_gather(&list), "nor a list while all is begun anew");
    free(top);
}

int main(void)
{
    test_keys();
    test_ids();
    test_one_set();
    test_two_sets();
    test_no_weight();
    test_saturation();
    test_likeness();
    test_memory();
    test_shape(0.8);
    test_shape(1.1);
    test_shape(1.5);
    test_merge();
    test_lists();
    test_odd();
    test_race();
    return done();
}

/* What it costs to know the heaviest users and how many there are, beside an exact table of all of
   them, and how wide the brackets get. Read docs/performance.md first.

   A million users by Zipf's law with lognormal weights; each case goes through the same million of
   updates at its own pace, from where its last repetition ended. An update is stored in 8 bytes, so
   that reading them costs little, and its key made from that, as the floor shows. At the end all
   that was added must be there.

 * peers: Apache DataSketches (C++), which is not in Debian: put its headers where the compiler
   looks for <DataSketches/...> */
#define LLMOBS_IMPLEMENTATION
#include "llmobs.h"

#include "bench.h"

#include "../tests/zipf.h"
#include "peer_datasketches.h"

#define USERS 1000000u
#define UPDATES (1u << 20)
#define COUNTERS 4096u
#define PLACES (1u << 21) /* of the exact table */
#define PEER_SIZE 13      /* 6,144 counters: 4,096 can't be had */

typedef struct update {
    uint32_t user;
    uint32_t weight;
} update;

static update updates[UPDATES];

static inline llmobsi_top_key key_of(const update* u)
{
    llmobsi_top_key key = {{0, 0}, "k1"};
    key.tag[0] = zipf_mix((uint64_t)u->user + 1);
    key.tag[1] = zipf_mix(~(uint64_t)u->user);
    return key;
}

/* A case's own sketch or table, and where it is in the updates. */
typedef struct pace {
    void* state;
    uint64_t added;
    uint32_t at;
} pace;

static void* room(size_t bytes)
{
    void* memory = aligned_alloc(64, (bytes + 63) & ~(size_t)63);
    if (memory == NULL) {
        bench_fail("memory");
    }
    memset(memory, 0, bytes);
    return memory;
}

static void make_updates(double shape)
{
    zipf z = zipf_make(USERS, shape, 42);
    uint32_t i;
    for (i = 0; i < UPDATES; i++) {
        updates[i].user = zipf_next(&z);
        updates[i].weight = (uint32_t)zipf_lognormal(&z, 2e5, 1.0);
    }
    zipf_free(&z);
}

/* `call` for the next updates, one by one. */
#define PACED(name, call)                                  \
    static void name(void* context, uint32_t times)        \
    {                                                      \
        pace* p = (pace*)context;                          \
        while (times-- > 0) {                              \
            const update* u = &updates[p->at++ % UPDATES]; \
            call;                                          \
            p->added += u->weight;                         \
        }                                                  \
    }

/* ---- ours ---------------------------------------------------------------------------------- */

static __attribute__((noinline)) void top_add(llmobsi_top* top, const update* u)
{
    static const llmobsi_top_use use = {1, 0, 800, 90};
    llmobsi_top_key key = key_of(u);
    (void)llmobsi_top_add(top, &key, (int64_t)u->weight, &use);
}

static __attribute__((noinline)) void floor_add(const update* u)
{
    llmobsi_top_key key = key_of(u);
    bench_keep(&key);
}

PACED(floor_body, floor_add(u))
PACED(top_body, top_add((llmobsi_top*)p->state, u))

/* ---- an exact table ------------------------------------------------------------------------ */

typedef struct place {
    uint64_t tag[2];
    uint64_t weight; /* 0: a free place */
    llmobsi_top_use use;
} place;

static place* exact_find(place* table, const uint64_t tag[2])
{
    uint32_t at = (uint32_t)tag[0] % PLACES;
    while (table[at].weight != 0 && (table[at].tag[0] != tag[0] || table[at].tag[1] != tag[1])) {
        at = (at + 1) % PLACES;
    }
    return &table[at];
}

static __attribute__((noinline)) void exact_add(place* table, const update* u)
{
    llmobsi_top_key key = key_of(u);
    place* found = exact_find(table, key.tag);
    found->tag[0] = key.tag[0];
    found->tag[1] = key.tag[1];
    found->weight += u->weight;
    found->use.requests += 1;
    found->use.input_tokens += 800;
    found->use.output_tokens += 90;
}

PACED(exact_body, exact_add((place*)p->state, u))

/* ---- DataSketches -------------------------------------------------------------------------- */

#ifdef HAVE_DATASKETCHES
static __attribute__((noinline)) void peer_add(void* top, const update* u)
{
    llmobsi_top_key key = key_of(u);
    peer_top_add(top, key.tag, u->weight);
}

PACED(peer_body, peer_add(p->state, u))
#endif

/* ---- updates ------------------------------------------------------------------------------- */

/* The widest bracket of any user's, ours and DataSketches'; every bracket must hold. */
static void find_widest(const llmobsi_top* top, const void* peer, place* table, uint64_t widest[2])
{
    uint32_t i;
    (void)peer;
    for (i = 0; i < UPDATES; i++) {
        llmobsi_top_key key = key_of(&updates[i]);
        uint64_t truth = exact_find(table, key.tag)->weight;
        int64_t low, high;
        llmobsi_top_estimate(top, &key, &low, &high);
        if (truth < (uint64_t)low || truth > (uint64_t)high) {
            bench_fail("a bracket");
        }
        widest[0] = (uint64_t)(high - low) > widest[0] ? (uint64_t)(high - low) : widest[0];
#ifdef HAVE_DATASKETCHES
        {
            peer_bracket bracket = peer_top_estimate(peer, key.tag);
            uint64_t width = bracket.high - bracket.low;
            widest[1] = width > widest[1] ? width : widest[1];
        }
#endif
    }
}

/* As parts of the total. */
static void tell_widths(const char* who, double shape, uint32_t counters, uint64_t first_100,
                        uint64_t widest, uint64_t total)
{
    printf("# Zipf %.1f, %s, %u counters: brackets of the first 100 are %.6f %% wide on average, "
           "the widest of all %.4f %%\n",
           shape, who, counters, (double)first_100 / (double)total, /* 100 %, by 100 */
           100.0 * (double)widest / (double)total);
}

/* Adds every update once, and tells how much is known then. */
static void tell_brackets(double shape, place* table)
{
    static llmobs_top_entry entries[100];
    llmobsi_top* top = llmobsi_top_make(room(llmobsi_top_bytes(COUNTERS)), COUNTERS);
    uint64_t widest[2] = {0, 0}, widths[2] = {0, 0};
    uint32_t i, guaranteed = 0;
    llmobs_top_share share;
    void* peer = NULL;
#ifdef HAVE_DATASKETCHES
    peer = peer_top_open(PEER_SIZE);
#endif
    memset(table, 0, PLACES * sizeof *table);
    for (i = 0; i < UPDATES; i++) {
        exact_add(table, &updates[i]);
        top_add(top, &updates[i]);
#ifdef HAVE_DATASKETCHES
        peer_add(peer, &updates[i]);
#endif
    }
    find_widest(top, peer, table, widest);
    llmobsi_top_read(top, entries, 100, &share);
    for (i = 0; i < 100; i++) {
        guaranteed += entries[i].guaranteed;
        widths[0] += (uint64_t)(entries[i].high - entries[i].low);
#ifdef HAVE_DATASKETCHES
        {
            llmobsi_top_key key;
            peer_bracket bracket;
            (void)llmobsi_top_key_read(&key, entries[i].pseudonym);
            bracket = peer_top_estimate(peer, key.tag);
            widths[1] += bracket.high - bracket.low;
        }
#endif
    }
    tell_widths("llmobs", shape, COUNTERS, widths[0], widest[0], (uint64_t)share.total);
    printf("# Zipf %.1f: the first 100, of whom %u are guaranteed, have %.3f to %.3f %%\n", shape,
           guaranteed, 100 * share.low_share, 100 * share.high_share);
#ifdef HAVE_DATASKETCHES
    tell_widths("DataSketches", shape, 3u << (PEER_SIZE - 2), widths[1], widest[1],
                (uint64_t)share.total);
    peer_top_close(peer);
#endif
    free(top);
}

static bench_set set;

static bench_case* add_updates(const char* who, double shape,
                               void (*body)(void* context, uint32_t times), pace* p)
{
    static char names[BENCH_CASES][60];
    char* name = names[set.count % BENCH_CASES];
    (void)snprintf(name, sizeof names[0], "Zipf %.1f, %s", shape, who);
    return bench_add(&set, name, body, p);
}

/* Ours by itself, its 300 KiB in the processor's caches; then all in turns, each finding the caches
   full of what the others left. */
static void bench_updates(double shape, double most)
{
    pace paces[3];
    bench_case *ours, *key_floor, *exact, *peer = NULL;
    llmobs_top_share share;
    place* table = (place*)room(PLACES * sizeof(place));
    memset(paces, 0, sizeof paces);
    make_updates(shape);
    paces[0].state = llmobsi_top_make(room(llmobsi_top_bytes(COUNTERS)), COUNTERS);
    paces[1].state = table;
    set.count = 0;
    ours = add_updates("llmobs by itself", shape, top_body, &paces[0]);
    key_floor = add_updates("the floor: its key", shape, floor_body, &paces[1]);
    bench_run(&set);
    bench_print(ours, most);
    bench_print(key_floor, 0);
    paces[1].added = 0;
    set.count = 0;
    ours = add_updates("llmobs", shape, top_body, &paces[0]);
    exact = add_updates("exact table", shape, exact_body, &paces[1]);
#ifdef HAVE_DATASKETCHES
    paces[2].state = peer_top_open(PEER_SIZE);
    peer = add_updates("DataSketches", shape, peer_body, &paces[2]);
#endif
    bench_run(&set);
    bench_print(ours, 0);
    bench_print(exact, 0);
    if (peer != NULL) {
        bench_print(peer, 0);
    }
    bench_ratio("update: llmobs / exact table", ours, exact, 0);
    bench_ratio("update: llmobs / DataSketches", ours, peer, 0);
    llmobsi_top_read((llmobsi_top*)paces[0].state, NULL, 0, &share);
    if ((uint64_t)share.total != paces[0].added) {
        bench_fail("the total");
    }
#ifdef HAVE_DATASKETCHES
    if (peer_top_total(paces[2].state) != paces[2].added) {
        bench_fail("DataSketches' total");
    }
    peer_top_close(paces[2].state);
#endif
    tell_brackets(shape, table);
    free(paces[0].state);
    free(table);
}

/* ---- reading, merging ---------------------------------------------------------------------- */

static llmobsi_top *full, *second;
static llmobs_top_entry listed[100];

static void list_body(void* context, uint32_t times)
{
    llmobs_top_share share;
    while (times-- > 0) {
        llmobsi_top_read((llmobsi_top*)context, listed, 100, &share);
    }
}

static void heavy_body(void* context, uint32_t times)
{
    while (times-- > 0) {
        llmobsi_heavy heavy[LLMOBS_I_HEAVY_MOST];
        uint32_t count;
        (void)llmobsi_heavy_gather((llmobsi_top*)context, heavy, LLMOBS_I_HEAVY_MOST, &count);
        bench_keep(heavy);
    }
}

static void estimate_body(void* context, uint32_t times)
{
    while (times-- > 0) {
        llmobsi_top_key key = key_of(&updates[times % UPDATES]);
        int64_t low, high;
        llmobsi_top_estimate((llmobsi_top*)context, &key, &low, &high);
        bench_keep(&low);
    }
}

static void merge_body(void* context, uint32_t times)
{
    while (times-- > 0) {
        (void)llmobsi_top_merge((llmobsi_top*)context, second);
    }
}

static void reset_body(void* context, uint32_t times)
{
    while (times-- > 0) {
        llmobsi_top_reset((llmobsi_top*)context);
    }
}

static void bench_reading(void)
{
    llmobsi_top* spare = llmobsi_top_make(room(llmobsi_top_bytes(COUNTERS)), COUNTERS);
    uint32_t i;
    full = llmobsi_top_make(room(llmobsi_top_bytes(COUNTERS)), COUNTERS);
    second = llmobsi_top_make(room(llmobsi_top_bytes(COUNTERS)), COUNTERS);
    make_updates(1.1);
    for (i = 0; i < UPDATES; i++) {
        top_add(i % 2 == 0 ? full : second, &updates[i]);
    }
    set.count = 0;
    (void)bench_add(&set, "list of 100", list_body, full);
    (void)bench_add(&set, "list of 20 by tokens", heavy_body, full);
    (void)bench_add(&set, "bracket of one user", estimate_body, full);
    (void)bench_add(&set, "merge of two", merge_body, spare);
    (void)bench_add(&set, "a new period", reset_body, spare);
    bench_run(&set);
    for (i = 0; i < set.count; i++) {
        bench_print(&set.cases[i], 0);
    }
    printf("# %zu bytes for %u counters\n", llmobsi_top_bytes(COUNTERS), COUNTERS);
}

/* ---- unique users -------------------------------------------------------------------------- */

static llmobsi_unique sketch;

static uint64_t hashes[1u << 14];

static void unique_body(void* context, uint32_t times)
{
    (void)context;
    while (times-- > 0) {
        llmobsi_unique_add(&sketch, hashes[times % (1u << 14)]);
    }
}

static void unique_estimate_body(void* context, uint32_t times)
{
    while (times-- > 0) {
        llmobs_unique_count count = llmobsi_unique_estimate((llmobsi_unique*)context);
        bench_keep(&count);
    }
}

#ifdef HAVE_DATASKETCHES
static void peer_unique_body(void* context, uint32_t times)
{
    (void)context;
    while (times-- > 0) {
        peer_unique_add(hashes[times % (1u << 14)]);
    }
}

static void peer_estimate_body(void* context, uint32_t times)
{
    (void)context;
    while (times-- > 0) {
        double estimate = peer_unique_estimate();
        bench_keep(&estimate);
    }
}
#endif

static void bench_unique(void)
{
    bench_case *add, *estimate, *peer_add = NULL, *peer_estimate = NULL;
    uint32_t i;
    for (i = 0; i < sizeof hashes / sizeof hashes[0]; i++) {
        hashes[i] = zipf_mix(i + 1);
    }
    set.count = 0;
    add = bench_add(&set, "unique, add", unique_body, NULL);
    estimate = bench_add(&set, "unique, estimate", unique_estimate_body, &sketch);
#ifdef HAVE_DATASKETCHES
    peer_add = bench_add(&set, "unique, add, DataSketches", peer_unique_body, NULL);
    peer_estimate = bench_add(&set, "unique, estimate, DataSketches", peer_estimate_body, NULL);
#endif
    bench_run(&set);
    bench_print(add, 5);
    bench_print(estimate, 0);
    if (peer_add != NULL) {
        bench_print(peer_add, 0);
        bench_print(peer_estimate, 0);
    }
    bench_ratio("unique, add: llmobs / DataSketches", add, peer_add, 0);
}

int main(void)
{
#ifndef HAVE_DATASKETCHES
    printf("# skipped: Apache DataSketches\n");
#endif
    bench_updates(0.8, 0);
    bench_updates(1.1, 20);
    bench_updates(1.5, 20);
    bench_reading();
    bench_unique();
    printf("# %u short\n", bench_short_count);
    return 0;
}

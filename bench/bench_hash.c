/* SHA-256, HMAC-SHA256 and the table hash against the libraries that a Makefile found: OpenSSL,
   nettle, libgcrypt, libsodium, xxHash. All sides run in turn in one process; see bench.h. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#define LLMOBS_IMPLEMENTATION
#include "../llmobs.h"

#include "bench.h"

#ifdef HAVE_OPENSSL
#define OPENSSL_SUPPRESS_DEPRECATED 1
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/sha.h>
#endif
#ifdef HAVE_NETTLE
#include <nettle/hmac.h>
#include <nettle/sha2.h>
#endif
#ifdef HAVE_GCRYPT
#include <gcrypt.h>
#endif
#ifdef HAVE_SODIUM
#include <sodium.h>
#endif
#ifdef HAVE_XXHASH
#define XXH_INLINE_ALL 1
#include <xxhash.h>
#endif

enum { TEXT_BYTES = 64 * 1024 };

/* What is hashed: one or two texts, and where the digests go. */
typedef struct work {
    const uint8_t* text[2];
    size_t size[2];
    int count;
    uint8_t digest[2][32];
} work;

static uint8_t text[2][TEXT_BYTES];
static const uint8_t secret[32] = "the key of all sides, 32 bytes.";
static work now;

/* A body that does all texts of the work with one call each. */
#define BODY(name, call)                                                     \
    static void name(void* context, uint32_t times)                          \
    {                                                                        \
        work* w = (work*)context;                                            \
        while (times-- > 0) {                                                \
            int i;                                                           \
            for (i = 0; i < w->count; i++) {                                 \
                const uint8_t* data = w->text[i];                            \
                size_t size = w->size[i];                                    \
                uint8_t* digest = w->digest[i];                              \
                call;                                                        \
                bench_keep(digest);                                          \
            }                                                                \
        }                                                                    \
    }

/* ---- the sides ----------------------------------------------------------------------------- */

static llmobs_hmac_key key;

BODY(llmobs_one, llmobs_sha256_of(data, size, digest))
BODY(llmobs_mac, llmobs_hmac_of(&key, data, size, digest))

static void use_portable(void* context)
{
    (void)context;
    (void)llmobsi_sha256_use(0);
}

static void use_fastest(void* context)
{
    (void)context;
    (void)llmobsi_sha256_choose();
}

static void llmobs_both(void* context, uint32_t times)
{
    work* w = (work*)context;
    while (times-- > 0) {
        llmobs_sha256_of_two(w->text[0], w->size[0], w->digest[0], w->text[1], w->size[1],
                             w->digest[1]);
        bench_keep(w->digest);
    }
}

static void llmobs_mac_both(void* context, uint32_t times)
{
    work* w = (work*)context;
    while (times-- > 0) {
        llmobs_hmac_of_two(&key, w->text[0], w->size[0], w->digest[0], &key, w->text[1], w->size[1],
                           w->digest[1]);
        bench_keep(w->digest);
    }
}

#ifdef HAVE_OPENSSL
static EVP_MD* evp_md;
static EVP_MD_CTX* evp_context;
static EVP_MAC_CTX* evp_mac_context;

static void openssl_low(const uint8_t* data, size_t size, uint8_t* digest)
{
    SHA256_CTX context;
    SHA256_Init(&context);
    SHA256_Update(&context, data, size);
    SHA256_Final(digest, &context);
}

static void openssl_reused(const uint8_t* data, size_t size, uint8_t* digest)
{
    EVP_DigestInit_ex(evp_context, evp_md, NULL);
    EVP_DigestUpdate(evp_context, data, size);
    EVP_DigestFinal_ex(evp_context, digest, NULL);
}

static void openssl_new(const uint8_t* data, size_t size, uint8_t* digest)
{
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    EVP_DigestInit_ex(context, EVP_sha256(), NULL);
    EVP_DigestUpdate(context, data, size);
    EVP_DigestFinal_ex(context, digest, NULL);
    EVP_MD_CTX_free(context);
}

static void openssl_mac(const uint8_t* data, size_t size, uint8_t* digest)
{
    size_t written;
    EVP_MAC_init(evp_mac_context, NULL, 0, NULL); /* the key of last time */
    EVP_MAC_update(evp_mac_context, data, size);
    EVP_MAC_final(evp_mac_context, digest, &written, 32);
}

static void openssl_start(void)
{
    EVP_MAC* mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    OSSL_PARAM parameters[2];
    char name[] = "SHA256";
    parameters[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0);
    parameters[1] = OSSL_PARAM_construct_end();
    evp_md = EVP_MD_fetch(NULL, "SHA256", NULL);
    evp_context = EVP_MD_CTX_new();
    evp_mac_context = EVP_MAC_CTX_new(mac);
    EVP_MAC_free(mac);
    if (evp_md == NULL || !EVP_MAC_init(evp_mac_context, secret, sizeof(secret), parameters)) {
        fprintf(stderr, "bench_hash: OpenSSL does not start\n");
        exit(1);
    }
}

BODY(openssl_low_body, openssl_low(data, size, digest))
BODY(openssl_reused_body, openssl_reused(data, size, digest))
BODY(openssl_new_body, openssl_new(data, size, digest))
BODY(openssl_mac_body, openssl_mac(data, size, digest))
#endif

#ifdef HAVE_NETTLE
static struct hmac_sha256_ctx nettle_key;

static void nettle_one(const uint8_t* data, size_t size, uint8_t* digest)
{
    struct sha256_ctx context;
    sha256_init(&context);
    sha256_update(&context, size, data);
    sha256_digest(&context, 32, digest);
}

static void nettle_mac(const uint8_t* data, size_t size, uint8_t* digest)
{
    hmac_sha256_update(&nettle_key, size, data);
    hmac_sha256_digest(&nettle_key, 32, digest);
}

BODY(nettle_body, nettle_one(data, size, digest))
BODY(nettle_mac_body, nettle_mac(data, size, digest))
#endif

#ifdef HAVE_GCRYPT
BODY(gcrypt_body, gcry_md_hash_buffer(GCRY_MD_SHA256, digest, data, size))
#endif

#ifdef HAVE_SODIUM
static crypto_auth_hmacsha256_state sodium_key;

static void sodium_mac(const uint8_t* data, size_t size, uint8_t* digest)
{
    crypto_auth_hmacsha256_state state = sodium_key;
    crypto_auth_hmacsha256_update(&state, data, size);
    crypto_auth_hmacsha256_final(&state, digest);
}

BODY(sodium_body, crypto_hash_sha256(digest, data, size))
BODY(sodium_mac_body, sodium_mac(data, size, digest))
#endif

static void start_sides(void)
{
    llmobs_hmac_key_init(&key, secret, sizeof(secret));
#ifdef HAVE_OPENSSL
    openssl_start();
#else
    printf("# skipped: openssl\n");
#endif
#ifdef HAVE_NETTLE
    hmac_sha256_set_key(&nettle_key, sizeof(secret), secret);
#else
    printf("# skipped: nettle\n");
#endif
#ifdef HAVE_GCRYPT
    gcry_check_version(NULL);
    gcry_control(GCRYCTL_DISABLE_SECMEM, 0);
    gcry_control(GCRYCTL_INITIALIZATION_FINISHED, 0);
#else
    printf("# skipped: gcrypt\n");
#endif
#ifdef HAVE_SODIUM
    if (sodium_init() < 0) {
        exit(1);
    }
    crypto_auth_hmacsha256_init(&sodium_key, secret, sizeof(secret));
#else
    printf("# skipped: sodium\n");
#endif
#ifndef HAVE_XXHASH
    printf("# skipped: xxhash\n");
#endif
}

/* ---- sets of cases ------------------------------------------------------------------------- */

/* The cases of a set by what they are; NULL: not there. */
typedef struct sides {
    bench_case* ours;
    bench_case* both; /* ours, two messages at once */
    bench_case* portable;
    bench_case* low;
    bench_case* reused;
    bench_case* fresh;
    bench_case* nettle;
    bench_case* gcrypt;
    bench_case* sodium;
} sides;

static bench_set set;
static char names[BENCH_CASES][80];

static bench_case* add(const char* who, const char* what,
                       void (*body)(void* context, uint32_t times))
{
    char* name = names[set.count % BENCH_CASES];
    snprintf(name, sizeof(names[0]), "%s, %s", what, who);
    return bench_add(&set, name, body, &now);
}

static void set_work(int count, size_t size_a, size_t size_b)
{
    set.count = 0;
    memset(&now, 0, sizeof(now));
    now.text[0] = text[0];
    now.text[1] = text[1];
    now.size[0] = size_a;
    now.size[1] = size_b;
    now.count = count;
}

/* Every side must come to the same digests, or its time is worth nothing. */
static void check_set(void)
{
    uint8_t digest[2][32];
    uint32_t i;
    for (i = 0; i < set.count; i++) {
        memset(now.digest, 0, sizeof(now.digest));
        set.cases[i].times = 1;
        (void)bench_repeat(&set.cases[i]);
        if (i == 0) {
            memcpy(digest, now.digest, sizeof(digest));
        } else if (memcmp(digest, now.digest, sizeof(digest)) != 0) {
            fprintf(stderr, "bench_hash: %s gives another digest\n", set.cases[i].name);
            exit(1);
        }
    }
}

static void run_set(void)
{
    uint32_t i;
    check_set();
    bench_run(&set);
    for (i = 0; i < set.count; i++) {
        bench_print(&set.cases[i], 0);
    }
}

static sides add_hashes(const char* what)
{
    sides all;
    memset(&all, 0, sizeof(all));
    all.ours = add("llmobs", what, llmobs_one);
    all.ours->before = use_fastest;
    all.portable = add("llmobs portable", what, llmobs_one);
    all.portable->before = use_portable;
    all.portable->after = use_fastest;
#ifdef HAVE_OPENSSL
    all.low = add("openssl low-level", what, openssl_low_body);
    all.reused = add("openssl EVP reused", what, openssl_reused_body);
    all.fresh = add("openssl EVP new", what, openssl_new_body);
#endif
#ifdef HAVE_NETTLE
    all.nettle = add("nettle", what, nettle_body);
#endif
#ifdef HAVE_GCRYPT
    all.gcrypt = add("gcrypt", what, gcrypt_body);
#endif
#ifdef HAVE_SODIUM
    all.sodium = add("sodium", what, sodium_body);
#endif
    return all;
}

static bench_case* best_peer(const sides* all)
{
    bench_case* peers[6];
    peers[0] = all->low;
    peers[1] = all->reused;
    peers[2] = all->fresh;
    peers[3] = all->nettle;
    peers[4] = all->gcrypt;
    peers[5] = all->sodium;
    return bench_fastest(peers, 6);
}

static void ratio(const char* what, const char* over, const bench_case* ours,
                  const bench_case* peer, double least)
{
    char name[160];
    snprintf(name, sizeof(name), "%s: llmobs / %s", what, over);
    bench_ratio(name, ours, peer, least);
}

static void ratio_of_best(const char* what, const sides* all, const bench_case* ours, double least)
{
    const bench_case* best = best_peer(all);
    char over[100];
    snprintf(over, sizeof(over), "best peer (%s)",
             best != NULL ? strstr(best->name, ", ") + 2 : "none");
    ratio(what, over, ours, best, least);
}

static void bench_one_message(size_t size)
{
    char what[40];
    sides all;
    snprintf(what, sizeof(what), "sha256 %zu B", size);
    set_work(1, size, 0);
    all = add_hashes(what);
    run_set();
    if (size >= 1024) {
        ratio_of_best(what, &all, all.ours, 0.98);
    } else {
        ratio(what, "EVP new", all.ours, all.fresh, 1.3);
        ratio(what, "openssl low-level", all.ours, all.low, 1.0);
        ratio(what, "nettle", all.ours, all.nettle, 0);
    }
    ratio(what, "sodium, ours portable", all.portable, all.sodium, 1.0);
}

static void bench_two_messages(size_t size_a, size_t size_b, double least)
{
    char what[40];
    sides all;
    snprintf(what, sizeof(what), "sha256 %zu + %zu B", size_a, size_b);
    set_work(2, size_a, size_b);
    all = add_hashes(what);
    all.both = add("llmobs two at once", what, llmobs_both);
    run_set();
    ratio_of_best(what, &all, all.both, least);
    ratio(what, "llmobs one by one", all.both, all.ours, 0);
}

static void bench_hmac(size_t size)
{
    char what[40];
    bench_case *ours, *both, *mac = NULL, *nettle = NULL;
    snprintf(what, sizeof(what), "hmac %zu + %zu B", size, size);
    set_work(2, size, size);
    ours = add("llmobs", what, llmobs_mac);
    both = add("llmobs two at once", what, llmobs_mac_both);
#ifdef HAVE_OPENSSL
    mac = add("openssl EVP_MAC", what, openssl_mac_body);
#endif
#ifdef HAVE_NETTLE
    nettle = add("nettle", what, nettle_mac_body);
#endif
#ifdef HAVE_SODIUM
    add("sodium", what, sodium_mac_body);
#endif
    run_set();
    ratio(what, "EVP_MAC", ours, mac, size <= 64 ? 1.5 : 0);
    ratio(what, "nettle", ours, nettle, 1.0);
    ratio(what, "nettle, ours two at once", both, nettle, 0);
}

/* ---- the table hash ------------------------------------------------------------------------ */

static uint64_t seed = UINT64_C(0x9e3779b97f4a7c15);

/* Keys at changing places, of a size that the compiler does not know. */
#define HASH_BODY(name, call)                                                \
    static void name(void* context, uint32_t times)                          \
    {                                                                        \
        work* w = (work*)context;                                            \
        uint64_t sum = 0;                                                    \
        while (times-- > 0) {                                                \
            const uint8_t* data = w->text[0] + (times & 63) * 8;             \
            size_t size = w->size[0];                                        \
            __asm__ __volatile__("" : "+r"(size));                           \
            sum += call;                                                     \
        }                                                                    \
        memcpy(w->digest[0], &sum, sizeof(sum));                             \
        bench_keep(w->digest);                                               \
    }

HASH_BODY(hash_own, llmobsi_hash64_own(data, size, seed))
#ifdef HAVE_XXHASH
HASH_BODY(hash_xxh3, XXH3_64bits_withSeed(data, size, seed))
#endif

static void bench_table_hash(size_t size)
{
    char what[40];
    bench_case *ours, *xxh3 = NULL;
    uint32_t i;
    snprintf(what, sizeof(what), "hash64 %zu B", size);
    set_work(1, size, 0);
    ours = add("llmobs", what, hash_own);
#ifdef HAVE_XXHASH
    xxh3 = add("XXH3", what, hash_xxh3);
#endif
    bench_run(&set);
    for (i = 0; i < set.count; i++) {
        bench_print(&set.cases[i], 0);
    }
    ratio(what, "XXH3", ours, xxh3, 0);
}

int main(void)
{
    static const size_t sizes[] = {16, 64, 256, 1024, 16384};
    static const size_t hmac_sizes[] = {16, 64, 256, 1024};
    static const size_t key_sizes[] = {4, 8, 13, 16, 24, 32, 48, 64, 256};
    size_t i;
    for (i = 0; i < TEXT_BYTES; i++) {
        text[0][i] = (uint8_t)(i * 7 + 1);
        text[1][i] = (uint8_t)(i * 13 + 5);
    }
    start_sides();
    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        bench_one_message(sizes[i]);
    }
    bench_two_messages(1024, 2048, 1.5);
    bench_two_messages(256, 256, 1.7);
    bench_two_messages(1024, 1024, 1.7);
    bench_two_messages(16384, 16384, 1.7);
    for (i = 0; i < sizeof(hmac_sizes) / sizeof(hmac_sizes[0]); i++) {
        bench_hmac(hmac_sizes[i]);
    }
    for (i = 0; i < sizeof(key_sizes) / sizeof(key_sizes[0]); i++) {
        bench_table_hash(key_sizes[i]);
    }
    printf("# %u short\n", bench_short_count);
    return 0;
}

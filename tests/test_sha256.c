/* SHA-256, HMAC, constant-time comparison and wiping. Every path the processor has is held
   against the published vectors and against perl's Digest::SHA, which shares nothing with it. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "llmobs_private.h"

#include <sys/wait.h>
#if defined(__linux__) && defined(__x86_64__)
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#define TRACES_INSTRUCTIONS 1
#else
#define TRACES_INSTRUCTIONS 0
#endif

#include "tap.h"

#include "stack_scan.h"

enum { LONGEST = 1000, KEY_LONGEST = 200 };

typedef uint8_t digest_bytes[LLMOBS_SHA256_SIZE];

static char label[200];

static const char* on_path(const char* what)
{
    uint32_t chosen = llmobsi_load_relaxed(&llmobsi_sha256_chosen);
    const char* name = chosen == 0 ? "undecided" : llmobsi_sha256_paths[chosen - 1].name;
    snprintf(label, sizeof(label), "%s: %s", name, what);
    return label;
}

static int is_digest(const uint8_t* got, const char* want, const char* what)
{
    char text[2 * LLMOBS_SHA256_SIZE + 1];
    unsigned i;
    for (i = 0; i < LLMOBS_SHA256_SIZE; i++) {
        snprintf(text + 2 * i, 3, "%02x", got[i]);
    }
    return is_str(text, want, on_path(what));
}

static bool same(const uint8_t* a, const uint8_t* b)
{
    return memcmp(a, b, LLMOBS_SHA256_SIZE) == 0;
}

/* ---- messages, and what perl says of them -------------------------------------------------- */

static digest_bytes perl_digests[LONGEST + 1];  /* of the message of each length */
static digest_bytes perl_tags[KEY_LONGEST + 1]; /* key of each length, message of 3 times that */
static bool perl_answered;

/* Byte i of the message of `size` bytes; the perl program below makes the same. */
static void make_message(uint8_t* bytes, size_t size)
{
    size_t i;
    for (i = 0; i < size; i++) {
        bytes[i] = (uint8_t)(i * 7 + size * 13 + (i >> 5) * 31 + 1);
    }
}

static bool read_digest(FILE* from, uint8_t* digest)
{
    unsigned i, byte;
    for (i = 0; i < LLMOBS_SHA256_SIZE; i++) {
        if (fscanf(from, "%2x", &byte) != 1) {
            return false;
        }
        digest[i] = (uint8_t)byte;
    }
    return true;
}

static void ask_perl(void)
{
    size_t i;
    bool complete = true;
    FILE* perl = popen("perl -MDigest::SHA=sha256_hex,hmac_sha256_hex -e '"
                       "sub m_ { my $n = shift; join q(), map { chr(($_ * 7 + $n * 13 + "
                       "($_ >> 5) * 31 + 1) & 255) } 0 .. $n - 1 } "
                       "print sha256_hex(m_($_)), qq(\\n) for 0 .. 1000; "
                       "print hmac_sha256_hex(m_(3 * $_), m_($_)), qq(\\n) for 0 .. 200'", "r");
    if (perl == NULL) {
        return;
    }
    for (i = 0; i <= LONGEST && complete; i++) {
        complete = read_digest(perl, perl_digests[i]);
    }
    for (i = 0; i <= KEY_LONGEST && complete; i++) {
        complete = read_digest(perl, perl_tags[i]);
    }
    perl_answered = pclose(perl) == 0 && complete;
}

static void test_perl_is_there(void)
{
    if (system("perl -MDigest::SHA -e 1 2>/dev/null") != 0) {
        skip("digests by an independent implementation", "perl has no Digest::SHA here");
        return;
    }
    ask_perl();
    ok(perl_answered, "perl gave 1001 digests and 201 tags");
}

/* ---- published vectors --------------------------------------------------------------------- */

static void test_fips(void)
{
    static const struct {
        const char* text;
        const char* digest;
    } vectors[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqr"
         "lmnopqrsmnopqrstnopqrstu",
         "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"}};
    digest_bytes digest;
    llmobs_sha256 hash;
    char piece[1000];
    unsigned i;
    for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        llmobs_sha256_of(vectors[i].text, strlen(vectors[i].text), digest);
        is_digest(digest, vectors[i].digest, "FIPS 180-4");
    }
    memset(piece, 'a', sizeof(piece));
    llmobs_sha256_begin(&hash);
    for (i = 0; i < 1000; i++) {
        llmobs_sha256_update(&hash, piece, sizeof(piece));
    }
    llmobs_sha256_end(&hash, digest);
    is_digest(digest, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
              "FIPS 180-4, a million a");
    llmobs_sha256_of(NULL, 0, digest);
    is_digest(digest, vectors[0].digest, "NULL of size 0");
    llmobs_sha256_begin(&hash);
    llmobs_sha256_update(&hash, NULL, 0);
    llmobs_sha256_end(&hash, digest);
    is_digest(digest, vectors[0].digest, "NULL of size 0 in pieces");
}

/* The seven of RFC 4231: a key and data of one repeated byte each, or a text. */
static const struct {
    const char* key_text;
    int key_byte;
    size_t key_size;
    const char* data_text;
    int data_byte;
    size_t data_size;
    const char* tag;
} rfc4231[] = {
    {NULL, 0x0b, 20, "Hi There", 0, 8,
     "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
    {"Jefe", 0, 4, "what do ya want for nothing?", 0, 28,
     "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
    {NULL, 0xaa, 20, NULL, 0xdd, 50,
     "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
    {"\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17"
     "\x18\x19", 0, 25, NULL, 0xcd, 50,
     "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
    {NULL, 0x0c, 20, "Test With Truncation", 0, 20, "a3b6167473100ee06e0c796c2955552b"},
    {NULL, 0xaa, 131, "Test Using Larger Than Block-Size Key - Hash Key First", 0, 54,
     "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
    {NULL, 0xaa, 131,
     "This is a test using a larger than block-size key and a larger than block-size data. The key "
     "needs to be hashed before being used by the HMAC algorithm.", 0, 152,
     "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"}};

static void test_rfc4231(void)
{
    uint8_t key_bytes[200], data[200];
    digest_bytes tag;
    llmobs_hmac_key key;
    unsigned i;
    for (i = 0; i < sizeof(rfc4231) / sizeof(rfc4231[0]); i++) {
        char text[2 * LLMOBS_SHA256_SIZE + 1];
        unsigned byte;
        memset(key_bytes, rfc4231[i].key_byte, sizeof(key_bytes));
        memset(data, rfc4231[i].data_byte, sizeof(data));
        if (rfc4231[i].key_text != NULL) {
            memcpy(key_bytes, rfc4231[i].key_text, rfc4231[i].key_size);
        }
        if (rfc4231[i].data_text != NULL) {
            memcpy(data, rfc4231[i].data_text, rfc4231[i].data_size);
        }
        llmobs_hmac_key_init(&key, key_bytes, rfc4231[i].key_size);
        llmobs_hmac_of(&key, data, rfc4231[i].data_size, tag);
        for (byte = 0; byte < LLMOBS_SHA256_SIZE; byte++) {
            snprintf(text + 2 * byte, 3, "%02x", tag[byte]);
        }
        text[strlen(rfc4231[i].tag)] = '\0'; /* case 5 is of a cut tag */
        is_str(text, rfc4231[i].tag, on_path("RFC 4231"));
    }
}

/* ---- every length, split, alignment and pair ----------------------------------------------- */

static void test_all_lengths(void)
{
    size_t size, wrong = 0;
    for (size = 0; size <= LONGEST; size++) {
        /* A block of the exact size, so that a sanitizer sees any byte read beyond. */
        uint8_t* message = (uint8_t*)malloc(size > 0 ? size : 1);
        digest_bytes digest;
        make_message(message, size);
        llmobs_sha256_of(message, size, digest);
        wrong += !same(digest, perl_digests[size]);
        free(message);
    }
    is_int(wrong, 0, on_path("lengths 0 to 1000 are as perl's"));
}

static void test_splits(void)
{
    uint8_t message[LONGEST];
    size_t size, split, wrong = 0;
    uint32_t random = 1;
    digest_bytes digest;
    llmobs_sha256 hash, fork_of_it;
    for (size = 0; size <= 200; size++) {
        make_message(message, size);
        for (split = 0; split <= size; split++) {
            llmobs_sha256_begin(&hash);
            llmobs_sha256_update(&hash, message, split);
            fork_of_it = hash;
            llmobs_sha256_update(&fork_of_it, message + split, size - split);
            llmobs_sha256_end(&fork_of_it, digest);
            wrong += !same(digest, perl_digests[size]);
            llmobs_sha256_end(&hash, digest);
        }
    }
    is_int(wrong, 0, on_path("messages of 0 to 200 bytes in any two pieces, by a copied hash"));
    wrong = 0;
    for (size = 0; size <= LONGEST; size++) {
        size_t most = size % 3 == 0 ? 1 : size % 3 == 1 ? 70 : 400;
        size_t at = 0;
        make_message(message, size);
        llmobs_sha256_begin(&hash);
        while (at < size) {
            size_t part;
            random = random * 1664525u + 1013904223u;
            part = 1 + (random >> 8) % most;
            part = part < size - at ? part : size - at;
            llmobs_sha256_update(&hash, message + at, part);
            at += part;
        }
        llmobs_sha256_end(&hash, digest);
        wrong += !same(digest, perl_digests[size]);
    }
    is_int(wrong, 0, on_path("messages of 0 to 1000 bytes in many pieces"));
}

static void test_alignments(void)
{
    uint8_t place[LONGEST + 64], digest_place[LLMOBS_SHA256_SIZE + 16];
    size_t size, offset, wrong = 0;
    for (offset = 0; offset < 16; offset++) {
        for (size = 0; size <= 300; size++) {
            make_message(place + offset, size);
            llmobs_sha256_of(place + offset, size, digest_place + offset);
            wrong += !same(digest_place + offset, perl_digests[size]);
        }
    }
    is_int(wrong, 0, on_path("any alignment"));
}

static void test_pairs(void)
{
    uint8_t a[LONGEST], b[LONGEST];
    size_t size_a, size_b, wrong = 0;
    digest_bytes digest_a, digest_b;
    for (size_a = 0; size_a <= LONGEST; size_a += size_a < 140 ? 1 : 43) {
        make_message(a, size_a);
        for (size_b = 0; size_b <= LONGEST; size_b += size_b < 140 ? 1 : 43) {
            make_message(b, size_b);
            llmobs_sha256_of_two(a, size_a, digest_a, b, size_b, digest_b);
            wrong += !same(digest_a, perl_digests[size_a]);
            wrong += !same(digest_b, perl_digests[size_b]);
        }
    }
    is_int(wrong, 0, on_path("two messages of any lengths at once"));
    make_message(a, 500);
    llmobs_sha256_of_two(a, 500, digest_a, a, 500, digest_b);
    ok(same(digest_a, perl_digests[500]) && same(digest_b, perl_digests[500]),
       on_path("one message as both of the two"));
    llmobs_sha256_of_two(NULL, 0, digest_a, a, 500, digest_b);
    ok(same(digest_a, perl_digests[0]) && same(digest_b, perl_digests[500]),
       on_path("NULL of size 0 as one of the two"));
}

static void test_hmac(void)
{
    uint8_t secret[KEY_LONGEST], message[3 * KEY_LONGEST];
    size_t size, split, wrong = 0, wrong_pieces = 0, wrong_pair = 0;
    llmobs_hmac_key keys[KEY_LONGEST + 1];
    llmobs_hmac hmac;
    digest_bytes tag, other;
    for (size = 0; size <= KEY_LONGEST; size++) {
        make_message(secret, size);
        make_message(message, 3 * size);
        llmobs_hmac_key_init(&keys[size], size > 0 ? secret : NULL, size);
        llmobs_hmac_of(&keys[size], message, 3 * size, tag);
        wrong += !same(tag, perl_tags[size]);
        for (split = 0; split <= 3 * size; split += 1 + size / 5) {
            llmobs_hmac_begin(&hmac, &keys[size]);
            llmobs_hmac_update(&hmac, message, split);
            llmobs_hmac_update(&hmac, message + split, 3 * size - split);
            llmobs_hmac_end(&hmac, tag);
            wrong_pieces += !same(tag, perl_tags[size]);
        }
    }
    is_int(wrong, 0, on_path("HMAC with keys of 0 to 200 bytes is as perl's"));
    is_int(wrong_pieces, 0, on_path("HMAC in pieces"));
    for (size = 0; size <= KEY_LONGEST; size++) {
        uint8_t second[3 * KEY_LONGEST];
        make_message(message, 3 * size);
        for (split = 0; split <= KEY_LONGEST; split += 3) {
            make_message(second, 3 * split);
            llmobs_hmac_of_two(&keys[size], message, 3 * size, tag, &keys[split], second, 3 * split,
                               other);
            wrong_pair += !same(tag, perl_tags[size]) || !same(other, perl_tags[split]);
        }
    }
    is_int(wrong_pair, 0, on_path("two HMACs at once"));
}

/* No test hashes 2^61 bytes; the length that would end such a message can be seen all the same. */
static void test_length_field(void)
{
    static const uint8_t want[8] = {0x09, 0x1a, 0x2b, 0x3c, 0x4d, 0x5e, 0x6f, 0x18};
    uint32_t state[8];
    llmobsi_sha256_rest rest;
    llmobsi_sha256_rest_init(&rest, state, "xyz", 3, UINT64_C(0x0123456789abcde0));
    ok(memcmp(rest.tail + 56, want, 8) == 0, "the length field has 64 bits, the first byte first");
    llmobsi_sha256_rest_init(&rest, state, "xyz", 3, UINT64_C(0xfffffffffffffff8) >> 3 << 3);
    is_int(rest.tail[63], (3 << 3) + 0xc0, "and is the length modulo 2^64");
}

static void test_ends_wipe(void)
{
    static const uint8_t zeros[sizeof(llmobs_hmac)];
    llmobs_sha256 hash;
    llmobs_hmac hmac;
    llmobs_hmac_key key;
    digest_bytes digest;
    llmobs_sha256_begin(&hash);
    llmobs_sha256_update(&hash, "a message", 9);
    ok(memcmp(&hash, zeros, sizeof(hash)) != 0, "a running hash holds the message");
    llmobs_sha256_end(&hash, digest);
    ok(memcmp(&hash, zeros, sizeof(hash)) == 0, "llmobs_sha256_end wipes it");
    llmobs_hmac_key_init(&key, "key", 3);
    llmobs_hmac_begin(&hmac, &key);
    llmobs_hmac_update(&hmac, "a message", 9);
    llmobs_hmac_end(&hmac, digest);
    ok(memcmp(&hmac, zeros, sizeof(hmac)) == 0, "llmobs_hmac_end wipes the running HMAC");
}

/* ---- the choice of the path ---------------------------------------------------------------- */

static void* hash_abc(void* result)
{
    llmobs_sha256_of("abc", 3, (uint8_t*)result);
    return NULL;
}

static void test_choice(void)
{
    enum { THREADS = 8, ROUNDS = 50 };
    pthread_t threads[THREADS];
    digest_bytes digests[THREADS], want;
    unsigned round, i, wrong = 0, last = LLMOBS_I_SHA256_PATHS - 1;
    llmobs_sha256_of("abc", 3, want);
    for (round = 0; round < ROUNDS; round++) {
        llmobsi_store_relaxed(&llmobsi_sha256_chosen, 0u);
        memset(digests, 0, sizeof(digests));
        for (i = 0; i < THREADS; i++) {
            if (pthread_create(&threads[i], NULL, hash_abc, digests[i]) != 0) {
                hash_abc(digests[i]);
                threads[i] = pthread_self();
            }
        }
        for (i = 0; i < THREADS; i++) {
            if (!pthread_equal(threads[i], pthread_self())) {
                pthread_join(threads[i], NULL);
            }
            wrong += !same(digests[i], want);
        }
    }
    is_int(wrong, 0, "threads that choose the path at one time");
    while (last > 0 && !llmobsi_sha256_paths[last].runs_here()) {
        last--;
    }
    is_int(llmobsi_load_relaxed(&llmobsi_sha256_chosen), last + 1, "the fastest path is chosen");
    printf("# chosen: %s\n", llmobsi_sha256_paths[last].name);
    ok(!llmobsi_sha256_use(LLMOBS_I_SHA256_PATHS), "a path that does not exist is refused");
    ok(llmobsi_sha256_use(0), "the portable path is everywhere");
    is_str(llmobsi_sha256_paths[0].name, "portable", "and is the first");
#ifdef LLMOBS_NO_SIMD
    is_int(LLMOBS_I_SHA256_PATHS, 1, "LLMOBS_NO_SIMD leaves the portable path alone");
#endif
}

/* ---- comparison in constant time ----------------------------------------------------------- */

static void test_equal_secret(void)
{
    uint8_t a[67], b[67];
    size_t size, bit, wrong = 0;
    for (size = 0; size <= sizeof(a); size++) {
        make_message(a, size);
        memcpy(b, a, size);
        wrong += !llmobs_equal_secret(a, b, size);
        for (bit = 0; bit < 8 * size; bit++) {
            b[bit / 8] ^= (uint8_t)(1u << bit % 8);
            wrong += llmobs_equal_secret(a, b, size);
            b[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    }
    is_int(wrong, 0, "equal, and not with any one bit changed");
    memset(b, 0, sizeof(b));
    memset(a, 0xff, sizeof(a));
    ok(!llmobs_equal_secret(a, b, sizeof(a)), "not when all bits are changed");
    ok(llmobs_equal_secret(NULL, NULL, 0), "NULL of size 0 is equal");
}

#if TRACES_INSTRUCTIONS
typedef bool (*compare_fn)(const void* a, const void* b, size_t size);

static __attribute__((noinline)) bool equal_in_haste(const void* a, const void* b, size_t size)
{
    const volatile uint8_t* bytes_a = (const volatile uint8_t*)a;
    const volatile uint8_t* bytes_b = (const volatile uint8_t*)b;
    size_t i;
    for (i = 0; i < size; i++) {
        if (bytes_a[i] != bytes_b[i]) {
            return false;
        }
    }
    return true;
}

/* A hash of the addresses of all instructions that a comparison runs through; 0 if it can't be
   seen. */
static uint64_t trace_of(compare_fn compare, const uint8_t* a, const uint8_t* b, size_t size)
{
    uint64_t trace = 14695981039346656037u;
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        volatile bool result;
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0) {
            _exit(1);
        }
        raise(SIGSTOP);
        result = compare(a, b, size);
        (void)result;
        _exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFSTOPPED(status)) {
        return 0;
    }
    while (WIFSTOPPED(status)) {
        struct user_regs_struct registers;
        if (ptrace(PTRACE_GETREGS, child, NULL, &registers) != 0 ||
            ptrace(PTRACE_SINGLESTEP, child, NULL, NULL) != 0) {
            kill(child, SIGKILL);
            waitpid(child, &status, 0);
            return 0;
        }
        trace = (trace ^ registers.rip) * 1099511628211u;
        if (waitpid(child, &status, 0) != child) {
            return 0;
        }
    }
    return trace;
}

static void test_equal_secret_flow(void)
{
    uint8_t a[64], b[64];
    uint64_t equal, hasty;
    size_t at, wrong = 0;
    if (SANITIZED) {
        skip("the path of a comparison", "a sanitizer adds instructions of its own");
        return;
    }
    make_message(a, sizeof(a));
    memcpy(b, a, sizeof(b));
    equal = trace_of(llmobs_equal_secret, a, b, sizeof(a));
    hasty = trace_of(equal_in_haste, a, b, sizeof(a));
    if (equal == 0 || hasty == 0) {
        skip("the path of a comparison", "ptrace is not allowed here");
        return;
    }
    is_int(trace_of(llmobs_equal_secret, a, b, sizeof(a)), equal, "a trace is repeatable");
    for (at = 0; at < sizeof(a); at += 7) {
        b[at] ^= 0x80;
        wrong += trace_of(llmobs_equal_secret, a, b, sizeof(a)) != equal;
        b[at] ^= 0x80;
    }
    memset(b, 0, sizeof(b));
    wrong += trace_of(llmobs_equal_secret, a, b, sizeof(a)) != equal;
    is_int(wrong, 0, "unequal secrets run the same instructions as equal ones");
    ok(trace_of(equal_in_haste, a, b, sizeof(a)) != hasty, "a hasty comparison is caught by this");
}
#endif

/* ---- wiping -------------------------------------------------------------------------------- */

static const char canary[] = "the canary that must not be found";

static void* leave_secret(void* wipe)
{
    char secret[sizeof(canary)];
    memcpy(secret, canary, sizeof(secret));
    __asm__ __volatile__("" : : "r"(secret) : "memory"); /* it is used once, then dead */
    if (wipe != NULL) {
        llmobs_wipe(secret, sizeof(secret));
    }
    return NULL;
}

static void* use_everything(void* unused)
{
    llmobs_hmac_key key;
    llmobs_hmac hmac;
    digest_bytes a, b;
    (void)unused;
    llmobs_hmac_key_init(&key, canary, sizeof(canary) - 1);
    llmobs_hmac_of(&key, canary, sizeof(canary) - 1, a);
    llmobs_hmac_of_two(&key, canary, sizeof(canary) - 1, a, &key, canary, sizeof(canary) - 1, b);
    llmobs_sha256_of(canary, sizeof(canary) - 1, a);
    llmobs_sha256_of_two(canary, sizeof(canary) - 1, a, canary, sizeof(canary) - 1, b);
    llmobs_hmac_begin(&hmac, &key);
    llmobs_hmac_update(&hmac, canary, sizeof(canary) - 1);
    llmobs_hmac_end(&hmac, a);
    llmobs_wipe(&key, sizeof(key));
    return NULL;
}

/* What must not be found: parts of the canary, plain, in the order of the words that SHA-256 makes
   of it, and as HMAC pads it; then words of the states of a key, in both orders. */
enum { CANARY_PARTS = 17, TEXT_NEEDLES = 4 * CANARY_PARTS, NEEDLES = TEXT_NEEDLES + 16 };
static stack_needle needles[NEEDLES];

static void make_needles(void)
{
    llmobs_hmac_key key;
    char text[4][sizeof(canary)];
    uint32_t words[16];
    size_t i, form, count = 0;
    for (i = 0; i < sizeof(canary); i++) {
        text[0][i] = canary[i];
        text[1][i] = canary[i < 32 ? i ^ 3 : i];
        text[2][i] = (char)(canary[i] ^ 0x36);
        text[3][i] = (char)(canary[i] ^ 0x5c);
    }
    for (form = 0; form < 4; form++) {
        for (i = 0; i < CANARY_PARTS; i++) {
            stack_needle_set(&needles[count++], text[form] + i, 16);
        }
    }
    llmobs_hmac_key_init(&key, canary, sizeof(canary) - 1);
    memcpy(words, key.inner, sizeof(key.inner));
    memcpy(words + 8, key.outer, sizeof(key.outer));
    for (i = 0; i < 16; i += 2) {
        uint32_t turned[2];
        turned[0] = words[i + 1];
        turned[1] = words[i];
        stack_needle_set(&needles[count++], words + i, 8);
        stack_needle_set(&needles[count++], turned, 8);
    }
    llmobs_wipe(&key, sizeof(key));
}

static void test_wipe(void)
{
    static uint8_t marker[1];
    uint8_t bytes[40];
    size_t i, left = 0;
    memset(bytes, 0xee, sizeof(bytes));
    llmobs_wipe(bytes + 3, 30);
    for (i = 0; i < sizeof(bytes); i++) {
        left += bytes[i] == 0xee;
    }
    is_int(left, 10, "exactly the bytes given are wiped");
    llmobs_wipe(NULL, 0);
#if defined(_WIN32)
    skip("what stays on a stack", "a thread has no stack of the caller's there");
    return;
#endif
    if (SANITIZED) {
        skip("what stays on a stack", "a sanitizer has stacks of its own");
        return;
    }
    make_needles();
    ok(stack_finds(leave_secret, NULL, needles, NEEDLES) >= 0, "a dead secret stays on the stack");
    is_int(stack_finds(leave_secret, marker, needles, NEEDLES), -1,
           "llmobs_wipe clears it, though it is dead");
    for (i = 0; i < LLMOBS_I_SHA256_PATHS; i++) {
        if (llmobsi_sha256_use((uint32_t)i)) {
            /* Plain C has more variables than there are registers: words of a key's state may be
               spilled, whatever the source does. */
            long left_there =
                stack_finds(use_everything, NULL, needles, i == 0 ? TEXT_NEEDLES : NEEDLES);
#ifdef __OPTIMIZE__
            is_int(left_there, -1, on_path("no message and no key stays there"));
#else
            (void)left_there;
            skip(on_path("no message and no key stays there"), "unoptimised code spills");
#endif
        }
    }
}

int main(void)
{
    uint32_t i;
    test_perl_is_there();
    for (i = 0; i < LLMOBS_I_SHA256_PATHS; i++) {
        if (!llmobsi_sha256_use(i)) {
            skip(llmobsi_sha256_paths[i].name, "the processor lacks it");
            continue;
        }
        test_fips();
        test_rfc4231();
        if (perl_answered) {
            test_all_lengths();
            test_splits();
            test_alignments();
            test_pairs();
            test_hmac();
        }
    }
    test_length_field();
    test_ends_wipe();
    test_choice();
    test_equal_secret();
#if TRACES_INSTRUCTIONS
    test_equal_secret_flow();
#else
    skip("the path of a comparison", "instructions are traced on x86-64 Linux only");
#endif
    test_wipe();
    return done();
}

/* The keyring: what is derived against vectors of Python's hmac, pages of its own, what is left of
   it after a close, in a fork's child and in a core dump's view of memory. */
#include "llmobs_private.h"

#include "tap.h"

#include "keeper.h"

#include <sys/mman.h>
#include <sys/wait.h>

static uint8_t secret_32[32];
static const char secret_16[] = "0123456789abcdef";
static char secret_100[100];

static void secrets_make(void)
{
    size_t i;
    for (i = 0; i < sizeof secret_32; i++) {
        secret_32[i] = (uint8_t)i;
    }
    memset(secret_100, 'x', sizeof secret_100);
}

static llmobs_key key_of(const char* id, const void* secret, size_t size)
{
    llmobs_key key = llmobs_key_default();
    key.id = id;
    key.secret = secret;
    key.secret_size = size;
    return key;
}

/* ---- vectors ------------------------------------------------------------------------------- */

/* import hmac; H = lambda k, m: hmac.new(k, m, 'sha256').digest()
   H(H(S, b'llmobs/1 ' + domain + b'\0' + tenant), text)[:16].hex()
   of "u42", of "u42" for the tenant "acme", and of "". */
static const char* const tags_of_32[LLMOBS_DOMAIN_COUNT][3] = {
    {"03de81c84f48205ff8b6ed7dee3a000a", "adb954b88e0bb3e24d125f4a4d457361",
     "ab7ec907732b10157a5e5a237a14b183"},
    {"a826fd2f10da3c12e284d0f86c7da540", "f87a26d3594f85e024533a869cf7ba30",
     "d04c66e221606ac6054777220ffd3fd6"},
    {"884348b6be1cd6654bae95f9213f7c72", "5f43396b33c22e2c0bd345043fdc9000",
     "66b1f2e375666cdc39532e060895d744"},
    {"a295d28e06f7dc5554395e710ce01091", "808fe723030ce3b37c629d0047214459",
     "c4bc07f40cc2b583e2a13ef3bf52bd51"},
    {"038c516d4edbb75683a2401e256c8877", "e8022cfb8bf396dd52319a3e395fcaa6",
     "37d1788e8c84826c0e032ddd379900d7"},
    {"fbae989d4e053b3118cc7b156dcd8a15", "1bc443044fe46a1445e7f3e780723eac",
     "22fa0b0b167ec9f29952afd5850c7f44"},
    {"40b4600737e0d6f7e1a1c4d113c7e728", "3129ab17c5d287c0cc31a858b95759c8",
     "3556274e8a14c174e4b277b5893029ca"}};

static void is_tag(const llmobs_hmac_key* key, const char* text, const char* want,
                   const char* what)
{
    uint8_t tag[LLMOBS_SHA256_SIZE];
    char hex[2 * LLMOBS_I_TAG_SIZE + 1] = "";
    llmobs_hmac_of(key, text, strlen(text), tag);
    *llmobsi_append_hex(hex, tag, LLMOBS_I_TAG_SIZE) = '\0';
    is_str(hex, want, what);
}

static void test_vectors(void)
{
    llmobsi_keyset set;
    llmobs_hmac_key key;
    uint8_t check[LLMOBS_I_TAG_SIZE];
    int domain;
    llmobsi_keyset_make(&set, "", secret_32, sizeof secret_32, check);
    is_str(set.id, "53d1c82b", "an id that is made from the secret");
    for (domain = 0; domain < (int)LLMOBS_DOMAIN_COUNT; domain++) {
        const char* name = llmobs_domain_name((llmobs_domain)domain);
        is_tag(&set.domains[domain], "u42", tags_of_32[domain][0], name);
        llmobsi_key_derive(&set.master, (llmobs_domain)domain, "acme", 4, &key);
        is_tag(&key, "u42", tags_of_32[domain][1], "... for a tenant");
        is_tag(&set.domains[domain], "", tags_of_32[domain][2], "... of nothing");
    }
    llmobsi_keyset_make(&set, "", secret_16, 16, check);
    is_str(set.id, "7f68f4da", "16 bytes: the id");
    is_tag(&set.domains[LLMOBS_DOMAIN_USER], "u42", "088d03ae29e9dce42a445977d46bd5ee", "... user");
    llmobsi_keyset_make(&set, "given", secret_100, sizeof secret_100, check);
    is_str(set.id, "given", "100 bytes: the host's id");
    is_tag(&set.domains[LLMOBS_DOMAIN_REQUEST], "u42", "5ac1449c1f106172bde8c6c054c6051c",
           "... request");
    is_str(llmobs_domain_name(LLMOBS_DOMAIN_COUNT), "unknown", "no domain has no name");
}

/* ---- ids and texts ------------------------------------------------------------------------- */

static void test_ids(void)
{
    size_t wrong = 0;
    int byte;
    for (byte = 0; byte < 256; byte++) {
        char id = (char)byte;
        bool good = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
                    (byte >= 'A' && byte <= 'Z') || byte == '.' || byte == '-' || byte == '_';
        wrong += llmobsi_key_id_is_valid(&id, 1) != good;
    }
    is_int(wrong, 0, "ids have letters, digits and \".-_\"");
    ok(llmobsi_key_id_is_valid("1234567890123456789012345678901", 31), "31 of them");
    ok(!llmobsi_key_id_is_valid("12345678901234567890123456789012", 32), "but no 32");
    ok(!llmobsi_key_id_is_valid("", 0), "nor none");
}

static void test_text(void)
{
    static const char* const bad[] = {
        "", "hmac-sha256:", "hmac-sha256:k", "hmac-sha256:k:", "hmac-sha256::00112233",
        "hmac-sha256:k:00112233445566778899aabbccddeef",
        "hmac-sha256:k:00112233445566778899aabbccddeeff0",
        "hmac-sha256:k:00112233445566778899AABBCCDDEEFF",
        "hmac-sha256:k:00112233445566778899aabbccddeefg",
        "hmac-sha256:k k:00112233445566778899aabbccddeeff",
        "hmac-sha256:12345678901234567890123456789012:00112233445566778899aabbccddeeff",
        "HMAC-SHA256:k:00112233445566778899aabbccddeeff",
        " hmac-sha256:k:00112233445566778899aabbccddeeff"};
    uint8_t tag[LLMOBS_SHA256_SIZE], back[LLMOBS_I_TAG_SIZE];
    char text[LLMOBS_PSEUDONYM_SIZE], id[LLMOBS_KEY_ID_SIZE];
    size_t i, wrong = 0;
    for (i = 0; i < sizeof tag; i++) {
        tag[i] = (uint8_t)(17 * i);
    }
    memset(text, '?', sizeof text);
    llmobsi_pseudonym_print(text, "1234567890123456789012345678901", tag);
    is_str(text, "hmac-sha256:1234567890123456789012345678901:00112233445566778899aabbccddeeff",
           "the longest pseudonym");
    ok(llmobsi_pseudonym_read(text, id, back) && memcmp(tag, back, sizeof back) == 0 &&
           strcmp(id, "1234567890123456789012345678901") == 0,
       "is read back");
    for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        wrong += llmobsi_pseudonym_read(bad[i], id, back);
    }
    is_int(wrong, 0, "what is none is not read");
}

/* ---- memory -------------------------------------------------------------------------------- */

/* How often any 8 aligned bytes of the needle stand in the memory. */
static size_t found_in(const void* memory, size_t size, const void* needle, size_t needle_size)
{
    const unsigned char* bytes = (const unsigned char*)memory;
    size_t found = 0;
    size_t part;
    for (part = 0; part + 8 <= needle_size; part += 8) {
        const unsigned char* wanted = (const unsigned char*)needle + part;
        const unsigned char* last = bytes + size - 8;
        const unsigned char* at = bytes;
        while (at <= last &&
               (at = (const unsigned char*)memchr(at, *wanted, (size_t)(last - at) + 1)) != NULL) {
            found += memcmp(at++, wanted, 8) == 0;
        }
    }
    return found;
}

static size_t keys_in(const void* memory, size_t size, const llmobsi_keyset* set)
{
    return found_in(memory, size, &set->master, sizeof set->master) +
           found_in(memory, size, set->domains, sizeof set->domains);
}

static llmobs_config small_config(void)
{
    llmobs_config config = pumped_config();
    config.span_slots = 64;
    config.close_timeout_ms = 100;
    config.metric_user_ids = true;
    config.metric_series = 256;
    config.metric_bytes = 65536 * 4;
    config.key = key_of("k1", secret_32, sizeof secret_32);
    return config;
}

static const llmobsi_keyring* keyring_of(llmobs* obs)
{
    uint32_t ticket = (uint32_t)(uintptr_t)obs;
    return &llmobsi_places[LLMOBS_I_PLACE(ticket)].recorder->keyring;
}

static void user_seen(llmobs* obs)
{
    const char* const values[] = {"m", "input", "u42", "chat"};
    llmobs_counter_add(
        llmobs_counter_get(llmobs_metric_of(obs, LLMOBS_METRIC_LLM_TOKENS), values, 4), 1);
}

/* In a block of the host's, where a closed instance can be looked at. */
static void test_wiped(bool hangs)
{
    llmobs_config config = small_config();
    size_t size = llmobs_memory_needed(&config) + 64;
    /* not at a page's border */
    unsigned char* memory = (unsigned char*)aligned_alloc(4096, (size + 8191) & ~(size_t)4095);
    char text[LLMOBS_PSEUDONYM_SIZE];
    const llmobsi_keyring* keyring;
    llmobs_key other = key_of("k2", secret_100, sizeof secret_100);
    llmobsi_keyset set;
    uint8_t check[LLMOBS_I_TAG_SIZE];
    llmobs* obs;
    memset(memory, 0, size);
    config.memory = memory + 64;
    config.memory_bytes = size - 64;
    obs = llmobs_open(&config, NULL);
    keyring = keyring_of(obs);
    llmobsi_keyset_make(&set, "k1", secret_32, sizeof secret_32, check);
    ok(((uintptr_t)keyring->page & (llmobsi_page_size() - 1)) == 0 &&
           (unsigned char*)keyring->page >= memory + 64 &&
           (unsigned char*)keyring->page + keyring->page_bytes <= memory + size,
       "the keyring has whole pages of the block");
    is_int(llmobs_pseudonym(obs, LLMOBS_DOMAIN_USER, "acme", "u42", 3, text), LLMOBS_OK, "used");
    user_seen(obs);
    is_int(llmobs_key_rotate(obs, &other), LLMOBS_OK, "rotated");
    is_int(found_in(memory, size, secret_32, sizeof secret_32), 0, "the secret is not there");
    is_int(keys_in(memory, size, &set), sizeof set.master / 8 + sizeof set.domains / 8,
           "what is derived is, while open, and once");
    if (hangs) { /* somebody is still inside: the block is left to it, but not the keys */
        (void)llmobsi_add_ordered(&llmobsi_places[LLMOBS_I_PLACE((uint32_t)(uintptr_t)obs)].users,
                                  1);
        is_int(llmobs_close(obs), LLMOBS_ERROR_INCOMPLETE, "a close that could not be complete");
        (void)llmobsi_add_ordered(&llmobsi_places[LLMOBS_I_PLACE((uint32_t)(uintptr_t)obs)].users,
                                  (uint32_t)-1);
    } else {
        is_int(llmobs_close(obs), LLMOBS_OK, "closed");
    }
    is_int(keys_in(memory, size, &set), 0, "no key of the first is left");
    llmobsi_keyset_make(&set, "k2", secret_100, sizeof secret_100, check);
    is_int(keys_in(memory, size, &set), 0, "nor of the second");
    (void)llmobs_release();
    free(memory);
}

/* The VmFlags of the mapping that an address is in; "" where the system tells none. */
static const char* flags_of(const void* address)
{
    static char flags[512];
    char line[512];
    bool inside = false;
    FILE* maps = fopen("/proc/self/smaps", "r");
    flags[0] = '\0';
    while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
        unsigned long low, high;
        if (sscanf(line, "%lx-%lx ", &low, &high) == 2) {
            inside = low <= (uintptr_t)address && (uintptr_t)address < high;
        } else if (inside && strncmp(line, "VmFlags:", 8) == 0) {
            strcpy(flags, line + 8);
        }
    }
    if (maps != NULL) {
        fclose(maps);
    }
    return flags;
}

/* Whether this kernel does for a page of ours what is asked for the keyring's. */
static bool kernel_can(int advice)
{
    size_t size = llmobsi_page_size();
    void* page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    bool can = page != MAP_FAILED && madvise(page, size, advice) == 0 && !by_qemu();
    (void)munmap(page, size);
    return can;
}

static void test_pages(void)
{
    llmobs_config config = small_config();
    llmobs* obs = llmobs_open(&config, NULL);
    const void* page = keyring_of(obs)->page;
    const char* flags = flags_of(page);
    const unsigned char* before = (const unsigned char*)page - 8192;
    if (flags[0] == '\0' || !kernel_can(16)) {
        skip("DONTDUMP", "no VmFlags in /proc/self/smaps, or no such advice");
    } else {
        printf("# %s", flags);
        ok(strstr(flags, " dd") != NULL, "the keyring is in no core dump");
        ok(strstr(flags_of(before), " dd") == NULL, "what stands before it may be");
    }
    flags = flags_of(page);
    if (flags[0] == '\0' || !kernel_can(18)) {
        skip("WIPEONFORK", "no VmFlags in /proc/self/smaps, or no such advice");
    } else {
        ok(strstr(flags, " wf") != NULL, "and in no child");
    }
    (void)llmobs_close(obs);
    flags = flags_of(page);
    ok(strstr(flags, " dd") == NULL && strstr(flags, " wf") == NULL && strstr(flags, " lo") == NULL,
       "after the close its pages are as others");
    (void)llmobs_release();
}

/* ---- readers while a place is rewritten ---------------------------------------------------- */

static llmobsi_key_place raced;
static llmobsi_atomic32 racing;

typedef struct racer {
    long whole;
    long torn;
} racer;

static void* race(void* user)
{
    racer* self = (racer*)user;
    while (llmobsi_load_relaxed(&racing) != 0) {
        llmobsi_key_taken taken;
        if (llmobsi_key_take(&raced, offsetof(llmobsi_keyset, master), &taken)) {
            uint8_t expected[sizeof taken.key];
            memset(expected, taken.id[0], sizeof expected);
            self->torn += memcmp(&taken.key, expected, sizeof expected) != 0 ||
                          taken.random != (uint64_t)taken.id[LLMOBS_KEY_ID_SIZE - 1];
            self->whole++;
        }
    }
    return NULL;
}

/* Sets whose bytes are all the same: what is taken is of one of them. */
static void test_race(void)
{
    static llmobsi_keyset sets[2];
    racer racers[2];
    pthread_t threads[2];
    long round, rounds = sized(2000000), whole = 0, torn = 0;
    int i;
    for (i = 0; i < 2; i++) {
        memset(&sets[i], 'a' + i, sizeof sets[i]);
        sets[i].random = (uint64_t)('a' + i);
    }
    llmobsi_key_write(&raced, &sets[0]);
    llmobsi_store_relaxed(&racing, 1);
    memset(racers, 0, sizeof racers);
    for (i = 0; i < 2; i++) {
        (void)pthread_create(&threads[i], NULL, race, &racers[i]);
    }
    for (round = 0; round < rounds; round++) {
        llmobsi_key_write(&raced, &sets[round % 2]);
    }
    llmobsi_store_relaxed(&racing, 0);
    for (i = 0; i < 2; i++) {
        (void)pthread_join(threads[i], NULL);
        whole += racers[i].whole;
        torn += racers[i].torn;
    }
    printf("# %ld rewritten, %ld taken\n", rounds, whole);
    is_int(torn, 0, "what is taken of a place that is rewritten is of one set");
}

static void test_odd(void)
{
    llmobsi_key_taken taken;
    llmobsi_store_relaxed(&raced.version, 3);
    ok(!llmobsi_key_take(&raced, 0, &taken), "nothing is taken in the middle of it");
}

/* ---- fork ---------------------------------------------------------------------------------- */

/* What the child says, as one line. */
static void in_child(llmobs* obs, char* line, size_t size)
{
    int ends[2];
    pid_t child;
    ssize_t got;
    line[0] = '\0';
    if (pipe(ends) != 0 || (child = fork()) < 0) {
        return;
    }
    if (child == 0) {
        char text[LLMOBS_PSEUDONYM_SIZE];
        bool zeroed = keyring_of(obs)->page->current == 0;
        int old = llmobs_pseudonym_verify(obs, LLMOBS_DOMAIN_USER, NULL, "u42", 3,
                                          "hmac-sha256:k1:03de81c84f48205ff8b6ed7dee3a000a");
        int result = llmobs_pseudonym(obs, LLMOBS_DOMAIN_USER, NULL, "u42", 3, text);
        dprintf(ends[1], "%d %d %d %s", zeroed, old, result, text);
        _exit(llmobs_close(obs) == LLMOBS_OK ? 0 : 1);
    }
    (void)close(ends[1]);
    got = read(ends[0], line, size - 1);
    line[got > 0 ? got : 0] = '\0';
    (void)close(ends[0]);
    (void)waitpid(child, NULL, 0);
}

static void test_fork(void)
{
    llmobs_config config = small_config();
    uint8_t second[32];
    llmobs_key rotated = key_of("k2", second, sizeof second);
    char line[200], mine[LLMOBS_PSEUDONYM_SIZE];
    llmobs* obs = llmobs_open(&config, NULL);
    int zeroed;
    in_child(obs, line, sizeof line);
    is_str(line + 1, " 0 0 hmac-sha256:k1:03de81c84f48205ff8b6ed7dee3a000a",
           "a child has the host's key");
    zeroed = line[0] - '0';
    if (kernel_can(18)) {
        is_int(zeroed, 1, "derived anew: the pages came zeroed");
    } else {
        skip("the pages come zeroed", "the kernel has no WIPEONFORK");
    }
    memset(second, 7, sizeof second);
    is_int(llmobs_key_rotate(obs, &rotated), LLMOBS_OK, "a second key");
    (void)llmobs_pseudonym(obs, LLMOBS_DOMAIN_USER, NULL, "u42", 3, mine);
    in_child(obs, line, sizeof line);
    is_str(line + 6, mine, "a child has the newest");
    is_int(line[2] - '0', 0, "and knows the one before");
    memset(second, 0, sizeof second);
    in_child(obs, line, sizeof line);
    ok(strncmp(line + 6, "hmac-sha256:run-", 16) == 0,
       "where the secret is not what it was, a random one");
    is_int(line[2] - '0', 0, "the other is still known");
    (void)llmobs_close(obs);
    config.key.secret = NULL;
    config.key.secret_size = 0;
    obs = llmobs_open(&config, NULL);
    (void)llmobs_pseudonym(obs, LLMOBS_DOMAIN_USER, NULL, "u42", 3, mine);
    in_child(obs, line, sizeof line);
    ok(strncmp(mine, "hmac-sha256:run-", 16) == 0 && strlen(mine) == strlen(line + 8),
       "without a key both have a random one");
    ok(strcmp(mine + 16, line + 24) != 0 && strncmp(mine, line + 8, 24) != 0,
       "which is not the same, nor its id");
    (void)llmobs_close(obs);
    (void)llmobs_release();
}

/* ---- random keys --------------------------------------------------------------------------- */

static bool no_random(void* user, void* bytes, size_t size)
{
    uint8_t* out = (uint8_t*)bytes;
    int* calls = (int*)user;
    size_t i;
    for (i = 0; i < size; i++) {
        out[i] = (uint8_t)(i + 1);
    }
    return size != LLMOBS_SHA256_SIZE + 4 || (*calls)-- > 0;
}

static void test_news(void)
{
    llmobs_config config = small_config();
    char text[LLMOBS_PSEUDONYM_SIZE];
    llmobsi_keyring* keyring;
    llmobs* obs;
    config.key = llmobs_key_default();
    obs = llmobs_open(&config, NULL);
    keyring = (llmobsi_keyring*)(uintptr_t)keyring_of(obs);
    ok(!llmobsi_keyring_is_news(keyring), "a random key that nobody uses is no news");
    (void)llmobs_pseudonym(obs, LLMOBS_DOMAIN_USER, NULL, "u42", 3, text);
    ok(llmobsi_keyring_is_news(keyring), "one that is used is");
    (void)llmobs_pseudonym(obs, LLMOBS_DOMAIN_USER, NULL, "u42", 3, text);
    ok(!llmobsi_keyring_is_news(keyring), "once");
    (void)llmobs_close(obs);
}

static void test_no_random_bytes(void)
{
    llmobs_config config = small_config();
    char text[LLMOBS_PSEUDONYM_SIZE];
    int calls = 0;
    llmobs* obs;
    config.random.fill = no_random;
    config.random.user = &calls;
    config.key = llmobs_key_default();
    obs = llmobs_open(&config, NULL);
    ok(obs != NULL, "an instance opens without random bytes");
    is_int(llmobs_pseudonym(obs, LLMOBS_DOMAIN_USER, NULL, "u42", 3, text), LLMOBS_ERROR_KEY,
           "but makes no pseudonym");
    is_str(text, "", "none at all");
    user_seen(obs);
    is_int(stats_of(obs).metric_misused, 1, "and has no label of users");
    is_int(llmobs_key_rotate(obs, NULL), LLMOBS_ERROR_KEY, "nor another key");
    calls = 1;
    is_int(llmobs_key_rotate(obs, NULL), LLMOBS_OK, "until there are some");
    is_int(llmobs_pseudonym(obs, LLMOBS_DOMAIN_USER, NULL, "u42", 3, text), LLMOBS_OK,
           "then it does");
    is_int(strncmp(text, "hmac-sha256:run-21222324:", 25), 0, "with an id of its own");
    (void)llmobs_close(obs);
}

int main(void)
{
    secrets_make();
    test_vectors();
    test_ids();
    test_text();
    test_wiped(false);
    test_pages();
    test_race();
    test_odd();
    test_fork();
    test_news();
    test_no_random_bytes();
    test_wiped(true);
    return done();
}

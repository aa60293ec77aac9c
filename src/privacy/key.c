/* The keyring: the last four keys, each as what is derived from its secret, on pages of their own.

   A secret S gives each domain and tenant a key of its own, HMAC(S, "llmobs/1 " domain NUL tenant),
   and a text the tag HMAC(that key, text), of which 128 bits are kept.

   Readers take no lock and wait for nobody: they copy what they need between two looks at the
   place's version, all by atomic words, and look for the current key anew when it has changed
   meanwhile. A key is written where the oldest is, never where the current one is. */

LLMOBS_API const char* llmobs_domain_name(llmobs_domain domain)
{
    static const char* const names[] = {
#define LLMOBS_I_DOMAIN(name, text) text,
        LLMOBS_DOMAINS(LLMOBS_I_DOMAIN)
#undef LLMOBS_I_DOMAIN
    };
    return (unsigned)domain < (unsigned)LLMOBS_DOMAIN_COUNT ? names[domain] : "unknown";
}

#ifndef LLMOBS_NO_SHA256

#define LLMOBS_I_KEYS 4u
#define LLMOBS_I_TAG_SIZE 16u /* bytes of a tag that are kept */
#define LLMOBS_I_PSEUDONYM_HEAD "hmac-sha256:"

LLMOBS_I_STATIC_ASSERT(pseudonym_size,
                       sizeof LLMOBS_I_PSEUDONYM_HEAD + LLMOBS_KEY_ID_SIZE + 1 +
                               2 * LLMOBS_I_TAG_SIZE <= LLMOBS_PSEUDONYM_SIZE);

/* What is derived from one secret. */
typedef struct llmobsi_keyset {
    char id[LLMOBS_KEY_ID_SIZE];
    llmobs_hmac_key domains[LLMOBS_DOMAIN_COUNT]; /* of no tenant */
    llmobs_hmac_key master;                       /* the secret   */
    uint64_t random;                              /* 1: nobody knows it outside of this process */
} llmobsi_keyset;

#define LLMOBS_I_KEYSET_WORDS (sizeof(llmobsi_keyset) / sizeof(uint64_t))
LLMOBS_I_STATIC_ASSERT(keyset_words, sizeof(llmobsi_keyset) % sizeof(uint64_t) == 0);

/* Written by open, close, rotation (one at a time) and in a fork's child; any thread reads. */
typedef struct llmobsi_key_place {
    llmobsi_atomic64 version; /* odd while its words change */
    llmobsi_atomic64 words[LLMOBS_I_KEYSET_WORDS];
} llmobsi_key_place;

typedef struct llmobsi_key_page {
    llmobsi_key_place places[LLMOBS_I_KEYS];
    llmobsi_atomic32 current;     /* a place + 1; 0: there is no key */
    llmobsi_atomic32 random_used; /* any thread: a random key was used; 2: and that was told */
} llmobsi_key_page;

LLMOBS_I_STATIC_ASSERT(key_page, sizeof(llmobsi_key_page) <= LLMOBS_I_PAGE_LEAST);

/* Where the key in a place came from: not secret, for the child of a fork. */
typedef struct llmobsi_key_origin {
    llmobs_key key; /* the host's; its secret is NULL where the key is random */
    uint8_t check[LLMOBS_I_TAG_SIZE]; /* whether the secret is still the same */
} llmobsi_key_origin;

typedef struct llmobsi_keyring {
    llmobsi_key_page* page; /* the first of whole pages of the system's */
    size_t page_bytes;
    llmobs_random random;
    llmobsi_key_origin origins[LLMOBS_I_KEYS]; /* by place */
    uint32_t written; /* keys so far: the next goes to this place, modulo their number */
} llmobsi_keyring;

/* ---- deriving ------------------------------------------------------------------------------ */

/* HMAC(key, "llmobs/1 " purpose NUL rest). */
llmobsi_fn void llmobsi_key_expand(const llmobs_hmac_key* key, const char* purpose,
                                   const char* rest, size_t rest_size,
                                   uint8_t out[LLMOBS_SHA256_SIZE])
{
    static const char label[] = "llmobs/1 ";
    llmobs_hmac hmac;
    llmobs_hmac_begin(&hmac, key);
    llmobs_hmac_update(&hmac, label, sizeof label - 1);
    llmobs_hmac_update(&hmac, purpose, strlen(purpose) + 1);
    llmobs_hmac_update(&hmac, rest, rest_size);
    llmobs_hmac_end(&hmac, out);
}

/* The key of a domain and a tenant. `out` may be `master`. */
llmobsi_fn void llmobsi_key_derive(const llmobs_hmac_key* master, llmobs_domain domain,
                                   const char* tenant, size_t tenant_size, llmobs_hmac_key* out)
{
    uint8_t secret[LLMOBS_SHA256_SIZE];
    llmobsi_key_expand(master, llmobs_domain_name(domain), tenant, tenant_size, secret);
    llmobs_hmac_key_init(out, secret, sizeof secret);
    llmobs_wipe(secret, sizeof secret);
}

llmobsi_fn bool llmobsi_key_id_is_valid(const char* id, size_t size)
{
    size_t i;
    for (i = 0; i < size; i++) {
        char byte = id[i];
        if (!(byte >= 'a' && byte <= 'z') && !(byte >= 'A' && byte <= 'Z') &&
            !(byte >= '0' && byte <= '9') && byte != '.' && byte != '-' && byte != '_') {
            return false;
        }
    }
    return size > 0 && size < LLMOBS_KEY_ID_SIZE;
}

/* All that one secret gives. An empty id becomes one that is made from the secret. */
llmobsi_fn void llmobsi_keyset_make(llmobsi_keyset* set, const char* id, const void* secret,
                                    size_t secret_size, uint8_t check[LLMOBS_I_TAG_SIZE])
{
    uint8_t bytes[LLMOBS_SHA256_SIZE];
    int domain;
    memset(set, 0, sizeof *set);
    llmobs_hmac_key_init(&set->master, secret, secret_size);
    for (domain = 0; domain < (int)LLMOBS_DOMAIN_COUNT; domain++) {
        llmobsi_key_derive(&set->master, (llmobs_domain)domain, "", 0, &set->domains[domain]);
    }
    if (id[0] != '\0') {
        memcpy(set->id, id, strlen(id));
    } else {
        llmobsi_key_expand(&set->master, "id", "", 0, bytes);
        (void)llmobsi_append_hex(set->id, bytes, 4);
    }
    llmobsi_key_expand(&set->master, "check", "", 0, bytes);
    memcpy(check, bytes, LLMOBS_I_TAG_SIZE);
}

/* ---- places -------------------------------------------------------------------------------- */

/* A set, or nothing at all (NULL). Each word is released: who has seen one sees the odd version. */
llmobsi_fn void llmobsi_key_write(llmobsi_key_place* place, const llmobsi_keyset* set)
{
    uint64_t version = llmobsi_load_relaxed(&place->version); /* no other writes */
    size_t i;
    llmobsi_store_relaxed(&place->version, version + 1);
    for (i = 0; i < LLMOBS_I_KEYSET_WORDS; i++) {
        uint64_t word = 0;
        if (set != NULL) {
            memcpy(&word, (const char*)set + i * sizeof word, sizeof word);
        }
        llmobsi_store_release(&place->words[i], word);
    }
    llmobsi_store_release(&place->version, version + 2);
}

/* A part of the set in a place. Each word is acquired: one that is being written shows in the
   version, which is to be read again after this. */
llmobsi_fn void llmobsi_key_read(const llmobsi_key_place* place, size_t offset, void* out,
                                 size_t size)
{
    size_t i;
    for (i = 0; i < size; i += sizeof(uint64_t)) {
        uint64_t word = llmobsi_load_acquire(&place->words[(offset + i) / sizeof word]);
        memcpy((char*)out + i, &word, sizeof word);
    }
}

/* What a caller takes out of a place. */
typedef struct llmobsi_key_taken {
    llmobs_hmac_key key; /* of the domain, or the master when there is a tenant */
    char id[LLMOBS_KEY_ID_SIZE];
    uint64_t random;
} llmobsi_key_taken;

/* False: it was being rewritten. */
llmobsi_fn bool llmobsi_key_take(const llmobsi_key_place* place, size_t key_offset,
                                 llmobsi_key_taken* taken)
{
    uint64_t version = llmobsi_load_acquire(&place->version);
    llmobsi_key_read(place, key_offset, &taken->key, sizeof taken->key);
    llmobsi_key_read(place, offsetof(llmobsi_keyset, id), taken->id, sizeof taken->id);
    llmobsi_key_read(place, offsetof(llmobsi_keyset, random), &taken->random,
                     sizeof taken->random);
    return (version & 1) == 0 && llmobsi_load_relaxed(&place->version) == version;
}

/* ---- the ring ------------------------------------------------------------------------------ */

/* The keyring's pages, wherever in the block the system's pages begin. */
llmobsi_fn void llmobsi_keyring_layout(llmobsi_arena* arena, llmobsi_keyring* keyring)
{
    size_t page = llmobsi_page_size();
    void* memory = llmobsi_arena_take_pages(arena, page);
    if (keyring != NULL && memory != NULL) {
        keyring->page = (llmobsi_key_page*)memory;
        keyring->page_bytes = page;
        memset(keyring->page, 0, page);
    }
}

/* Writes a set over the oldest, and makes it the current one. */
llmobsi_fn void llmobsi_keyring_put(llmobsi_keyring* keyring, const llmobsi_keyset* set,
                                    const llmobsi_key_origin* origin)
{
    uint32_t number = keyring->written % LLMOBS_I_KEYS;
    llmobsi_key_origin* kept = &keyring->origins[number];
    llmobsi_key_origin hidden = *origin;
    hidden.key.secret = NULL;
    llmobsi_key_write(&keyring->page->places[number], set);
    /* Another thread may fork at any instruction: its child must not find half of this. */
    kept->key.secret = NULL;
    llmobsi_compiler_barrier();
    *kept = hidden;
    llmobsi_compiler_barrier();
    kept->key.secret = origin->key.secret;
    llmobsi_compiler_barrier();
    keyring->written++;
    llmobsi_store_release(&keyring->page->current, number + 1);
}

/* A new key that nobody knows, with an id that says so. False: the system has no random bytes. */
llmobsi_fn bool llmobsi_keyring_put_random(llmobsi_keyring* keyring)
{
    uint8_t bytes[LLMOBS_SHA256_SIZE + 4];
    char id[LLMOBS_KEY_ID_SIZE] = "run-";
    llmobsi_key_origin origin;
    llmobsi_keyset set;
    bool filled = keyring->random.fill != NULL
                      ? llmobsi_host_fill(&keyring->random, bytes, sizeof bytes)
                      : llmobsi_random_bytes(bytes, sizeof bytes);
    if (!filled) {
        return false;
    }
    (void)llmobsi_append_hex(id + 4, bytes + LLMOBS_SHA256_SIZE, 4);
    memset(&origin, 0, sizeof origin);
    llmobsi_keyset_make(&set, id, bytes, LLMOBS_SHA256_SIZE, origin.check);
    set.random = 1;
    llmobsi_keyring_put(keyring, &set, &origin);
    llmobs_wipe(&set, sizeof set);
    llmobs_wipe(bytes, sizeof bytes);
    return true;
}

/* Whether the ring has another secret under this id. */
llmobsi_fn bool llmobsi_keyring_clashes(const llmobsi_keyring* keyring, const llmobsi_keyset* set,
                                        const uint8_t check[LLMOBS_I_TAG_SIZE])
{
    llmobsi_key_taken taken;
    bool clashes = false;
    uint32_t i;
    for (i = 0; i < LLMOBS_I_KEYS; i++) {
        clashes |= llmobsi_key_take(&keyring->page->places[i], offsetof(llmobsi_keyset, master),
                                    &taken) &&
                   memcmp(taken.id, set->id, sizeof set->id) == 0 &&
                   memcmp(keyring->origins[i].check, check, LLMOBS_I_TAG_SIZE) != 0;
    }
    llmobs_wipe(&taken, sizeof taken);
    return clashes;
}

/* Makes the host's key the current one. False: it is refused. */
llmobsi_fn bool llmobsi_keyring_put_host(llmobsi_keyring* keyring, const llmobs_key* key)
{
    const char* id = key->id != NULL ? key->id : "";
    llmobsi_key_origin origin;
    llmobsi_keyset set;
    bool accepted = key->secret != NULL && key->secret_size >= LLMOBS_KEY_SECRET_LEAST &&
                    (id[0] == '\0' || llmobsi_key_id_is_valid(id, strlen(id)));
    if (!accepted) {
        return false;
    }
    origin.key = *key;
    llmobsi_keyset_make(&set, id, key->secret, key->secret_size, origin.check);
    accepted = !llmobsi_keyring_clashes(keyring, &set, origin.check);
    if (accepted) {
        llmobsi_keyring_put(keyring, &set, &origin);
    }
    llmobs_wipe(&set, sizeof set);
    return accepted;
}

/* The ring's first key: the host's, or a random one. False: there is none. *refused: the host's was
   no good. */
llmobsi_fn bool llmobsi_keyring_start(llmobsi_keyring* keyring, const llmobs_config* config,
                                      bool* refused)
{
    keyring->random = config->random;
    keyring->written = 0;
    llmobsi_pages_seclude(keyring->page, keyring->page_bytes, true);
    *refused = false;
    if (config->key.secret != NULL || config->key.secret_size != 0) {
        *refused = !llmobsi_keyring_put_host(keyring, &config->key);
        if (!*refused) {
            return true;
        }
    }
    return llmobsi_keyring_put_random(keyring);
}

/* Nothing of any key is left, and the pages are as others again. Who reads meanwhile finds none. */
llmobsi_fn void llmobsi_keyring_end(llmobsi_keyring* keyring)
{
    uint32_t i;
    llmobsi_store_relaxed(&keyring->page->current, 0); /* who still reads asks the place, too */
    for (i = 0; i < LLMOBS_I_KEYS; i++) {
        llmobsi_key_write(&keyring->page->places[i], NULL);
    }
    memset(keyring->origins, 0, sizeof keyring->origins);
    llmobsi_pages_seclude(keyring->page, keyring->page_bytes, false);
}

/* In the child of a fork. The kernel has zeroed the pages, or else they are a copy: the host's keys
   are derived anew, from the oldest on, as long as their secrets are what they were; random ones
   stay the parent's. */
llmobsi_fn void llmobsi_keyring_forked(llmobsi_keyring* keyring)
{
    llmobsi_key_origin origins[LLMOBS_I_KEYS];
    uint32_t written = keyring->written;
    bool newest = false;
    uint32_t i;
    memcpy(origins, keyring->origins, sizeof origins);
    memset(keyring->origins, 0, sizeof keyring->origins);
    memset(keyring->page, 0, sizeof *keyring->page);
    llmobsi_pages_seclude(keyring->page, keyring->page_bytes, true);
    keyring->written = 0;
    for (i = 0; i < LLMOBS_I_KEYS; i++) {
        const llmobsi_key_origin* origin = &origins[(written + i) % LLMOBS_I_KEYS];
        llmobsi_keyset set;
        uint8_t check[LLMOBS_I_TAG_SIZE];
        newest = false;
        if (origin->key.secret == NULL) {
            continue;
        }
        llmobsi_keyset_make(&set, origin->key.id != NULL ? origin->key.id : "", origin->key.secret,
                            origin->key.secret_size, check);
        newest = memcmp(check, origin->check, sizeof check) == 0;
        if (newest) {
            llmobsi_keyring_put(keyring, &set, origin);
        }
        llmobs_wipe(&set, sizeof set);
    }
    if (!newest && !llmobsi_keyring_put_random(keyring)) {
        llmobsi_store_relaxed(&keyring->page->current, 0); /* nobody else is here */
    }
}

/* ---- readers ------------------------------------------------------------------------------- */

/* Gives out what was taken, made for the tenant. */
llmobsi_fn void llmobsi_key_hand_out(llmobsi_key_taken* taken, llmobs_domain domain,
                                     const char* tenant, size_t tenant_size, llmobs_hmac_key* key,
                                     char id[LLMOBS_KEY_ID_SIZE])
{
    if (tenant_size > 0) {
        llmobsi_key_derive(&taken->key, domain, tenant, tenant_size, key);
    } else {
        *key = taken->key;
    }
    memcpy(id, taken->id, LLMOBS_KEY_ID_SIZE);
    llmobs_wipe(taken, sizeof *taken);
}

llmobsi_fn size_t llmobsi_key_offset(llmobs_domain domain, size_t tenant_size)
{
    return tenant_size > 0 ? offsetof(llmobsi_keyset, master)
                           : offsetof(llmobsi_keyset, domains) +
                                 (size_t)domain * sizeof(llmobs_hmac_key);
}

/* The current key of a domain and a tenant, and its id with a NUL. Wipe the key when done. False:
   there is none, as the system had no random bytes, or the instance is closed. */
llmobsi_fn bool llmobsi_keyring_key(const llmobsi_keyring* keyring, llmobs_domain domain,
                                    const char* tenant, size_t tenant_size, llmobs_hmac_key* key,
                                    char id[LLMOBS_KEY_ID_SIZE])
{
    llmobsi_key_page* page = keyring->page;
    size_t offset = llmobsi_key_offset(domain, tenant_size);
    llmobsi_key_taken taken;
    uint32_t current;
    if ((unsigned)domain >= (unsigned)LLMOBS_DOMAIN_COUNT) {
        return false;
    }
    do {
        current = llmobsi_load_acquire(&page->current);
        if (current == 0) {
            return false;
        }
    } while (!llmobsi_key_take(&page->places[current - 1], offset, &taken));
    if (taken.random != 0 && llmobsi_load_relaxed(&page->random_used) == 0) {
        llmobsi_store_relaxed(&page->random_used, 1); /* a mark alone: nothing follows from it */
    }
    llmobsi_key_hand_out(&taken, domain, tenant, tenant_size, key, id);
    return true;
}

/* The same, of the key of this id. False: the ring has none. */
llmobsi_fn bool llmobsi_keyring_find(const llmobsi_keyring* keyring, llmobs_domain domain,
                                     const char* tenant, size_t tenant_size, llmobs_hmac_key* key,
                                     const char id[LLMOBS_KEY_ID_SIZE])
{
    size_t offset = llmobsi_key_offset(domain, tenant_size);
    llmobsi_key_taken taken;
    uint32_t i;
    for (i = 0; i < LLMOBS_I_KEYS; i++) {
        char same[LLMOBS_KEY_ID_SIZE];
        if (llmobsi_key_take(&keyring->page->places[i], offset, &taken) &&
            strcmp(taken.id, id) == 0) {
            llmobsi_key_hand_out(&taken, domain, tenant, tenant_size, key, same);
            return true;
        }
    }
    llmobs_wipe(&taken, sizeof taken);
    return false;
}

/* Whether a random key was used, for the first time. */
llmobsi_fn bool llmobsi_keyring_is_news(llmobsi_keyring* keyring)
{
    if (llmobsi_load_relaxed(&keyring->page->random_used) != 1) {
        return false;
    }
    llmobsi_store_relaxed(&keyring->page->random_used, 2); /* the tick alone */
    return true;
}

/* ---- as text ------------------------------------------------------------------------------- */

llmobsi_fn void llmobsi_pseudonym_print(char out[LLMOBS_PSEUDONYM_SIZE], const char* id,
                                        const uint8_t tag[LLMOBS_SHA256_SIZE])
{
    size_t size = strlen(id);
    char* end = llmobsi_append_text(out, LLMOBS_I_PSEUDONYM_HEAD);
    memcpy(end, id, size);
    end += size;
    *end++ = ':';
    end = llmobsi_append_hex(end, tag, LLMOBS_I_TAG_SIZE);
    *end = '\0';
}

/* The pseudonym of a text. The key is spent: wiped. */
llmobsi_fn void llmobsi_pseudonym_spend(llmobs_hmac_key* key, const char* id, const void* data,
                                        size_t size, char out[LLMOBS_PSEUDONYM_SIZE])
{
    uint8_t tag[LLMOBS_SHA256_SIZE];
    llmobs_hmac_of(key, data, size, tag);
    llmobs_wipe(key, sizeof *key);
    llmobsi_pseudonym_print(out, id, tag);
}

/* The parts of one. False: it is none. */
llmobsi_fn bool llmobsi_pseudonym_read(const char* text, char id[LLMOBS_KEY_ID_SIZE],
                                       uint8_t tag[LLMOBS_I_TAG_SIZE])
{
    size_t head = sizeof LLMOBS_I_PSEUDONYM_HEAD - 1;
    size_t size = 0;
    size_t i;
    if (strncmp(text, LLMOBS_I_PSEUDONYM_HEAD, head) != 0) {
        return false;
    }
    text += head;
    while (size < LLMOBS_KEY_ID_SIZE && text[size] != ':' && text[size] != '\0') {
        size++;
    }
    if (!llmobsi_key_id_is_valid(text, size) || text[size] != ':') {
        return false;
    }
    memset(id, 0, LLMOBS_KEY_ID_SIZE);
    memcpy(id, text, size);
    text += size + 1;
    for (i = 0; i < LLMOBS_I_TAG_SIZE; i++) {
        int high = llmobsi_hex_value(text[2 * i]);
        int low = high < 0 ? -1 : llmobsi_hex_value(text[2 * i + 1]);
        if (low < 0) {
            return false;
        }
        tag[i] = (uint8_t)(high << 4 | low);
    }
    return text[2 * i] == '\0';
}

#else

/* Without HMAC there are no keys, and nothing is made with them. */
typedef struct llmobsi_keyring {
    char none;
} llmobsi_keyring;

llmobsi_fn void llmobsi_keyring_layout(llmobsi_arena* arena, llmobsi_keyring* keyring)
{
    (void)arena;
    (void)keyring;
}

llmobsi_fn bool llmobsi_keyring_start(llmobsi_keyring* keyring, const llmobs_config* config,
                                      bool* refused)
{
    (void)keyring;
    (void)config;
    *refused = false;
    return false;
}

llmobsi_fn void llmobsi_keyring_end(llmobsi_keyring* keyring)
{
    (void)keyring;
}

llmobsi_fn void llmobsi_keyring_forked(llmobsi_keyring* keyring)
{
    (void)keyring;
}

llmobsi_fn bool llmobsi_keyring_is_news(llmobsi_keyring* keyring)
{
    (void)keyring;
    return false;
}

#endif

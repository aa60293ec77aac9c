/* Pseudonyms as the host sees them: domains and tenants, pieces, rotation and verification, bad
   arguments, notes; readers while keys change; and no key that stays on a caller's stack. */
#include "llmobs_private.h"

#include "tap.h"

#include "keeper.h"

#include "stack_scan.h"

static uint8_t secret[32];

static llmobs_key key_of(const char* id, const void* bytes, size_t size)
{
    llmobs_key key = llmobs_key_default();
    key.id = id;
    key.secret = bytes;
    key.secret_size = size;
    return key;
}

static llmobs_config keyed_config(void)
{
    llmobs_config config = pumped_config();
    config.key = key_of("k1", secret, sizeof secret);
    return config;
}

/* Two at a time, to be compared. */
static const char* of(llmobs* obs, llmobs_domain domain, const char* tenant, const char* text)
{
    static char outs[2][LLMOBS_PSEUDONYM_SIZE];
    static unsigned turn;
    char* out = outs[turn++ % 2];
    (void)llmobs_pseudonym(obs, domain, tenant, text, strlen(text), out);
    return out;
}

/* ---- what differs, what does not ----------------------------------------------------------- */

static void test_domains_and_tenants(void)
{
    static const char* const tenants[] = {NULL, "acme", "acm", "Acme", "acme ", "umbrella"};
    llmobs_config config = keyed_config();
    llmobs* obs = llmobs_open(&config, NULL);
    char all[LLMOBS_DOMAIN_COUNT * 6][LLMOBS_PSEUDONYM_SIZE];
    size_t count = 0, same = 0, malformed = 0, i, k;
    int domain;
    for (domain = 0; domain < (int)LLMOBS_DOMAIN_COUNT; domain++) {
        for (i = 0; i < 6; i++) {
            strcpy(all[count], of(obs, (llmobs_domain)domain, tenants[i], "u42"));
            malformed += strlen(all[count]) != 47;
            for (k = 0; k < count; k++) {
                same += strcmp(all[count], all[k]) == 0;
            }
            count++;
        }
    }
    is_int(same, 0, "each domain and tenant has a pseudonym of its own");
    is_int(malformed, 0, "of 47 bytes");
    is_str(of(obs, LLMOBS_DOMAIN_USER, NULL, "u42"),
           "hmac-sha256:k1:03de81c84f48205ff8b6ed7dee3a000a", "the one of a vector");
    is_str(of(obs, LLMOBS_DOMAIN_USER, "", "u42"), of(obs, LLMOBS_DOMAIN_USER, NULL, "u42"),
           "no tenant is the empty tenant");
    ok(strcmp(of(obs, LLMOBS_DOMAIN_USER, "a", "bc"), of(obs, LLMOBS_DOMAIN_USER, "ab", "c")) != 0,
       "tenant and text do not run into each other");
    is_str(of(obs, LLMOBS_DOMAIN_USER, NULL, ""), "hmac-sha256:k1:ab7ec907732b10157a5e5a237a14b183",
           "nothing has one, too");
    (void)llmobs_close(obs);
}

static void test_pieces(void)
{
    llmobs_config config = keyed_config();
    llmobs* obs = llmobs_open(&config, NULL);
    llmobs_pseudonymizer maker;
    char text[300], whole[LLMOBS_PSEUDONYM_SIZE], pieces[LLMOBS_PSEUDONYM_SIZE];
    size_t size, split, wrong = 0;
    for (size = 0; size < sizeof text; size++) {
        text[size] = (char)(size * 7);
    }
    for (size = 0; size < sizeof text; size += 13) {
        (void)llmobs_pseudonym(obs, LLMOBS_DOMAIN_OUTPUT, "t", text, size, whole);
        for (split = 0; split <= size; split++) {
            wrong += llmobs_pseudonym_begin(&maker, obs, LLMOBS_DOMAIN_OUTPUT, "t") != LLMOBS_OK;
            llmobs_pseudonym_update(&maker, text, split);
            llmobs_pseudonym_update(&maker, NULL, 0);
            llmobs_pseudonym_update(&maker, text + split, size - split);
            wrong += llmobs_pseudonym_end(&maker, pieces) != LLMOBS_OK;
            wrong += strcmp(whole, pieces) != 0;
        }
    }
    is_int(wrong, 0, "in two pieces, wherever they meet, as in one");
    for (size = 0; size < sizeof maker && ((const char*)&maker)[size] == 0; size++) {
    }
    is_int(size, sizeof maker, "the end wipes it");
    is_int(llmobs_pseudonym_end(&maker, pieces), LLMOBS_ERROR_ARGUMENT, "and ends it once");
    is_str(pieces, "", "with nothing to show");
    (void)llmobs_pseudonym_begin(&maker, obs, LLMOBS_DOMAIN_USER, NULL);
    (void)llmobs_key_rotate(obs, NULL);
    llmobs_pseudonym_update(&maker, "u42", 3);
    (void)llmobs_close(obs);
    is_int(llmobs_pseudonym_end(&maker, pieces), LLMOBS_OK, "one outlives its instance");
    is_str(pieces, "hmac-sha256:k1:03de81c84f48205ff8b6ed7dee3a000a",
           "with the key that it began with");
}

/* ---- rotation ------------------------------------------------------------------------------ */

static int verified(llmobs* obs, const char* pseudonym, const char* text)
{
    return llmobs_pseudonym_verify(obs, LLMOBS_DOMAIN_USER, NULL, text, strlen(text), pseudonym);
}

static void test_rotation(void)
{
    static uint8_t secrets[8][32];
    static const char* const ids[] = {"k1", "k2", "k3", "k4", "k5", "k6", "k7", "k8"};
    llmobs_config config = keyed_config();
    llmobs* obs = llmobs_open(&config, NULL);
    char made[8][LLMOBS_PSEUDONYM_SIZE];
    size_t wrong = 0, i, k;
    strcpy(made[0], of(obs, LLMOBS_DOMAIN_USER, NULL, "u42"));
    for (i = 1; i < 8; i++) {
        llmobs_key key = key_of(ids[i], secrets[i], 32);
        memset(secrets[i], (int)i, 32);
        wrong += llmobs_key_rotate(obs, &key) != LLMOBS_OK;
        strcpy(made[i], of(obs, LLMOBS_DOMAIN_USER, NULL, "u42"));
        wrong += strncmp(made[i] + 12, ids[i], 2) != 0 ||
                 strcmp(made[i] + 15, made[i - 1] + 15) == 0;
        for (k = 0; k <= i; k++) {
            wrong += verified(obs, made[k], "u42") != (i - k < 4 ? LLMOBS_OK : LLMOBS_ERROR_KEY);
            wrong += i - k < 4 && verified(obs, made[k], "u43") != LLMOBS_ERROR_MISMATCH;
        }
    }
    is_int(wrong, 0, "the last four keys verify, those before are unknown");
    is_int(llmobs_pseudonym_verify(obs, LLMOBS_DOMAIN_SESSION, NULL, "u42", 3, made[7]),
           LLMOBS_ERROR_MISMATCH, "not in another domain");
    is_int(llmobs_pseudonym_verify(obs, LLMOBS_DOMAIN_USER, "acme", "u42", 3, made[7]),
           LLMOBS_ERROR_MISMATCH, "nor for another tenant");
    made[7][46] = made[7][46] == '0' ? '1' : '0';
    is_int(verified(obs, made[7], "u42"), LLMOBS_ERROR_MISMATCH, "nor with the last digit changed");
    (void)llmobs_close(obs);
}

static void test_rotation_refused(void)
{
    llmobs_config config = keyed_config();
    llmobs* obs = llmobs_open(&config, NULL);
    llmobs_key key = key_of("k2", "fifteen bytes..", 15);
    char before[LLMOBS_PSEUDONYM_SIZE];
    strcpy(before, of(obs, LLMOBS_DOMAIN_USER, NULL, "u42"));
    is_int(llmobs_key_rotate(obs, &key), LLMOBS_ERROR_ARGUMENT, "a secret of 15 bytes is refused");
    key = key_of("k:2", secret, 32);
    is_int(llmobs_key_rotate(obs, &key), LLMOBS_ERROR_ARGUMENT, "an id with a colon, too");
    key = key_of("k2", NULL, 32);
    is_int(llmobs_key_rotate(obs, &key), LLMOBS_ERROR_ARGUMENT, "and no secret at all");
    key = key_of("k1", "another of sixteen or so", 24);
    is_int(llmobs_key_rotate(obs, &key), LLMOBS_ERROR_ARGUMENT, "an id has one secret");
    is_str(of(obs, LLMOBS_DOMAIN_USER, NULL, "u42"), before, "nothing has changed");
    key = key_of("k1", secret, 32);
    is_int(llmobs_key_rotate(obs, &key), LLMOBS_OK, "the same key again changes nothing");
    is_str(of(obs, LLMOBS_DOMAIN_USER, NULL, "u42"), before, "at all");
    is_int(llmobs_key_rotate(obs, NULL), LLMOBS_OK, "NULL is a random key");
    is_int(strncmp(of(obs, LLMOBS_DOMAIN_USER, NULL, "u42"), "hmac-sha256:run-", 16), 0,
           "whose id says so");
    is_int(verified(obs, before, "u42"), LLMOBS_OK, "what was made before still verifies");
    key = key_of("", secret, 32);
    key.size = offsetof(llmobs_key, secret_size);
    is_int(llmobs_key_rotate(obs, &key), LLMOBS_ERROR_ARGUMENT, "an older struct is read so far");
    (void)llmobs_close(obs);
}

static void test_bad_arguments(void)
{
    llmobs_config config = keyed_config();
    llmobs* obs = llmobs_open(&config, NULL);
    llmobs_pseudonymizer maker;
    char out[LLMOBS_PSEUDONYM_SIZE];
    memset(&maker, 0, sizeof maker);
    strcpy(out, "x");
    is_int(llmobs_pseudonym(obs, LLMOBS_DOMAIN_COUNT, NULL, "u", 1, out), LLMOBS_ERROR_ARGUMENT,
           "no domain");
    is_str(out, "", "... empties the text");
    is_int(llmobs_pseudonym(obs, (llmobs_domain)-1, NULL, "u", 1, out), LLMOBS_ERROR_ARGUMENT,
           "before the first domain");
    is_int(llmobs_pseudonym(obs, LLMOBS_DOMAIN_USER, NULL, NULL, 1, out), LLMOBS_ERROR_ARGUMENT,
           "no text");
    is_int(llmobs_pseudonym(obs, LLMOBS_DOMAIN_USER, NULL, NULL, 0, out), LLMOBS_OK,
           "nothing of no text");
    is_int(llmobs_pseudonym(obs, LLMOBS_DOMAIN_USER, NULL, "u", 1, NULL), LLMOBS_ERROR_ARGUMENT,
           "nowhere to write");
    is_int(llmobs_pseudonym_begin(NULL, obs, LLMOBS_DOMAIN_USER, NULL), LLMOBS_ERROR_ARGUMENT,
           "no pseudonymizer");
    llmobs_pseudonym_update(NULL, "u", 1);
    llmobs_pseudonym_update(&maker, "u", 1);
    is_int(llmobs_pseudonym_end(&maker, out), LLMOBS_ERROR_ARGUMENT, "one that was not begun");
    is_int(llmobs_pseudonym_end(NULL, out), LLMOBS_ERROR_ARGUMENT, "none");
    is_int(verified(obs, "u42", "u42"), LLMOBS_ERROR_ARGUMENT, "a text that is no pseudonym");
    is_int(verified(obs, NULL, "u42"), LLMOBS_ERROR_ARGUMENT, "or is not there");
    is_int(llmobs_pseudonym(NULL, LLMOBS_DOMAIN_USER, NULL, "u", 1, out), LLMOBS_ERROR_CLOSED,
           "no instance");
    is_int(llmobs_key_rotate(NULL, NULL), LLMOBS_ERROR_CLOSED, "to rotate the key of");
    (void)llmobs_close(obs);
    is_int(llmobs_pseudonym(obs, LLMOBS_DOMAIN_USER, NULL, "u", 1, out), LLMOBS_ERROR_CLOSED,
           "a closed one");
    is_int(verified(obs, "hmac-sha256:k1:03de81c84f48205ff8b6ed7dee3a000a", "u42"),
           LLMOBS_ERROR_CLOSED, "verifies nothing");
    is_int(llmobs_pseudonym_begin(&maker, obs, LLMOBS_DOMAIN_USER, NULL), LLMOBS_ERROR_CLOSED,
           "and begins nothing");
}

/* ---- notes --------------------------------------------------------------------------------- */

static uint64_t told[LLMOBS_NOTE_COUNT];

static void count_note(void* user, llmobs_note note, uint64_t count, const char* text)
{
    (void)user;
    (void)text;
    told[note] += count;
}

static void test_notes(void)
{
    llmobs_config config = pumped_config();
    char first[LLMOBS_PSEUDONYM_SIZE];
    llmobs* obs;
    config.note = count_note;
    obs = llmobs_open(&config, NULL);
    (void)llmobs_tick(obs);
    is_int(told[LLMOBS_NOTE_KEY_RANDOM], 0, "who makes no pseudonyms hears nothing of keys");
    strcpy(first, of(obs, LLMOBS_DOMAIN_USER, NULL, "u42"));
    (void)of(obs, LLMOBS_DOMAIN_USER, NULL, "u43");
    (void)llmobs_tick(obs);
    (void)of(obs, LLMOBS_DOMAIN_USER, NULL, "u44");
    (void)llmobs_tick(obs);
    is_int(told[LLMOBS_NOTE_KEY_RANDOM], 1, "the first pseudonym by a random key is a note, once");
    (void)llmobs_close(obs);
    obs = llmobs_open(&config, NULL);
    ok(strcmp(of(obs, LLMOBS_DOMAIN_USER, NULL, "u42"), first) != 0,
       "the next instance has another");
    is_int(verified(obs, first, "u42"), LLMOBS_ERROR_KEY, "and does not know the first");
    (void)llmobs_close(obs);
    memset(told, 0, sizeof told);
    config.key = key_of("k1", "fifteen bytes..", 15);
    obs = llmobs_open(&config, NULL);
    is_int(strncmp(of(obs, LLMOBS_DOMAIN_USER, NULL, "u42"), "hmac-sha256:run-", 16), 0,
           "a short secret is never used");
    (void)llmobs_tick(obs);
    is_int(told[LLMOBS_NOTE_KEY_REFUSED], 1, "but told");
    is_int(told[LLMOBS_NOTE_KEY_RANDOM], 1, "as is what stands in for it");
    (void)llmobs_close(obs);
    memset(told, 0, sizeof told);
    config.key = key_of("two words", secret, 32);
    obs = llmobs_open(&config, NULL);
    (void)llmobs_tick(obs);
    is_int(told[LLMOBS_NOTE_KEY_REFUSED], 1, "a malformed id likewise");
    (void)llmobs_close(obs);
}

/* The label of a metric is the tag of the user's pseudonym. */
static void test_label(void)
{
    static char text[65536];
    const char* const values[] = {"m", "input", "u42", "chat"};
    llmobs_config config = keyed_config();
    size_t size = sizeof text;
    llmobs* obs;
    config.metric_user_ids = true;
    obs = llmobs_open(&config, NULL);
    llmobs_counter_add(
        llmobs_counter_get(llmobs_metric_of(obs, LLMOBS_METRIC_LLM_TOKENS), values, 4), 3);
    is_int(llmobs_prometheus_print(obs, LLMOBS_PROMETHEUS_TEXT, text, &size), LLMOBS_OK,
           "a scrape");
    ok(strstr(text, "user_id=\"03de81c84f48205ff8b6ed7dee3a000a\"") != NULL,
       "a user's label is the tag of the pseudonym");
    (void)llmobs_key_rotate(obs, NULL);
    llmobs_counter_add(
        llmobs_counter_get(llmobs_metric_of(obs, LLMOBS_METRIC_LLM_TOKENS), values, 4), 3);
    is_int(stats_of(obs).metric_series >= 2, 1, "after a rotation the user has a new series");
    (void)llmobs_close(obs);
}

/* ---- while keys change --------------------------------------------------------------------- */

typedef struct racer {
    llmobs* obs;
    long wrong;
    long made;
} racer;

static llmobsi_atomic32 racing;

/* Each key's secret is its number in every byte, so a pseudonym can be made anew. */
static bool is_whole(const char* pseudonym, const char* tenant)
{
    uint8_t bytes[32], tag[32];
    char text[LLMOBS_PSEUDONYM_SIZE];
    char id[2] = "0";
    llmobs_hmac_key key;
    int number = pseudonym[12] - '0';
    if (number < 0 || number > 9) {
        return false;
    }
    memset(bytes, number, sizeof bytes);
    llmobs_hmac_key_init(&key, bytes, sizeof bytes);
    llmobsi_key_derive(&key, LLMOBS_DOMAIN_INPUT, tenant, strlen(tenant), &key);
    llmobs_hmac_of(&key, "text", 4, tag);
    id[0] = pseudonym[12];
    llmobsi_pseudonym_print(text, id, tag);
    return strcmp(text, pseudonym) == 0;
}

static void* race(void* user)
{
    racer* self = (racer*)user;
    char out[LLMOBS_PSEUDONYM_SIZE];
    while (llmobsi_load_relaxed(&racing) != 0) {
        const char* tenant = self->made % 2 == 0 ? "" : "acme";
        llmobs_result result =
            llmobs_pseudonym(self->obs, LLMOBS_DOMAIN_INPUT, tenant, "text", 4, out);
        self->wrong += result != LLMOBS_OK || !is_whole(out, tenant);
        result = llmobs_pseudonym_verify(self->obs, LLMOBS_DOMAIN_INPUT, tenant, "text", 4, out);
        self->wrong += result != LLMOBS_OK && result != LLMOBS_ERROR_KEY;
        self->made++;
    }
    return NULL;
}

static void test_race(void)
{
    static uint8_t secrets[10][32];
    static const char* const ids[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
    llmobs_config config = keyed_config();
    racer racers[3];
    pthread_t threads[3];
    long wrong = 0, made = 0, round, rounds = sized(20000);
    llmobs* obs;
    int i;
    for (i = 0; i < 10; i++) {
        memset(secrets[i], i, 32);
    }
    config.key = key_of(ids[0], secrets[0], 32);
    obs = llmobs_open(&config, NULL);
    llmobsi_store_relaxed(&racing, 1);
    for (i = 0; i < 3; i++) {
        memset(&racers[i], 0, sizeof racers[i]);
        racers[i].obs = obs;
        (void)pthread_create(&threads[i], NULL, race, &racers[i]);
    }
    for (round = 1; round <= rounds; round++) {
        llmobs_key key = key_of(ids[round % 10], secrets[round % 10], 32);
        wrong += llmobs_key_rotate(obs, &key) != LLMOBS_OK;
    }
    llmobsi_store_relaxed(&racing, 0);
    for (i = 0; i < 3; i++) {
        (void)pthread_join(threads[i], NULL);
        wrong += racers[i].wrong;
        made += racers[i].made;
    }
    printf("# %ld rotations, %ld pseudonyms\n", rounds, made);
    is_int(wrong, 0, "each pseudonym is of one key, whole, while keys change");
    ok(made > 0, "and some were made");
    (void)llmobs_close(obs);
}

/* ---- what stays on a stack ----------------------------------------------------------------- */

/* The keys of these four domains, without a tenant and with one, and what tenants' keys are made
   of, and the secrets that this gives: as a whole, and then the half of each key that a running
   HMAC has to its end. */
enum {
    WIPED_DOMAINS = 4,
    WIPED_KEYS = 2 * WIPED_DOMAINS + 1,
    WIPED_WHOLE = WIPED_KEYS + WIPED_DOMAINS,
    WIPED_NEEDLES = WIPED_WHOLE + WIPED_KEYS
};

static llmobs* wiped_obs;
static const char* wiped_tenant;
static llmobs_request wiped_request;
static llmobs_pseudonymizer wiped_maker;
static stack_needle wiped_keys[WIPED_NEEDLES];
static size_t wiped_count; /* that are looked for */

static void* leave_key(void* unused)
{
    llmobs_hmac_key key;
    (void)unused;
    memcpy(&key, wiped_keys[0].bytes, sizeof key);
    __asm__ __volatile__("" : : "r"(&key) : "memory"); /* it is used once, then dead */
    return NULL;
}

static void* make_pseudonym(void* unused)
{
    char out[LLMOBS_PSEUDONYM_SIZE];
    (void)unused;
    (void)llmobs_pseudonym(wiped_obs, LLMOBS_DOMAIN_USER, wiped_tenant, "u42", 3, out);
    return NULL;
}

static void* begin_pieces(void* unused)
{
    (void)unused;
    (void)llmobs_pseudonym_begin(&wiped_maker, wiped_obs, LLMOBS_DOMAIN_INPUT, wiped_tenant);
    return NULL;
}

static void* add_piece(void* unused)
{
    (void)unused;
    llmobs_pseudonym_update(&wiped_maker, "a piece", 7);
    return NULL;
}

static void* end_pieces(void* unused)
{
    char out[LLMOBS_PSEUDONYM_SIZE];
    (void)unused;
    (void)llmobs_pseudonym_end(&wiped_maker, out);
    return NULL;
}

static void* verify_one(void* pseudonym)
{
    (void)llmobs_pseudonym_verify(wiped_obs, LLMOBS_DOMAIN_USER, wiped_tenant, "u42", 3,
                                  (const char*)pseudonym);
    return NULL;
}

static void* verify_unknown(void* unused)
{
    (void)unused;
    (void)llmobs_pseudonym_verify(wiped_obs, LLMOBS_DOMAIN_USER, wiped_tenant, "u42", 3,
                                  "hmac-sha256:k0:03de81c84f48205ff8b6ed7dee3a000a");
    return NULL;
}

static void* begin_request(void* unused)
{
    llmobs_request_info info = llmobs_request_info_default();
    (void)unused;
    info.tenant = wiped_tenant;
    info.user_id = "u42";
    info.session_id = "s-9";
    info.model = "m";
    wiped_request = llmobs_request_begin(wiped_obs, &info);
    return NULL;
}

/* What a first piece does first: the rest of the call would write over it. */
static void* begin_stream(void* unused)
{
    llmobsi_thread* thread;
    llmobsi_request* record = llmobsi_request_enter(wiped_request, &thread);
    (void)unused;
    if (record != NULL) {
        llmobsi_stream_begin(thread, record, LLMOBS_DOMAIN_OUTPUT);
        llmobsi_leave();
    }
    return NULL;
}

static void* stream_pieces(void* unused)
{
    (void)unused;
    llmobs_request_input(wiped_request, "a question, ", 12);
    llmobs_request_input(wiped_request, "and more", 8);
    llmobs_request_output(wiped_request, "an answer, ", 11);
    llmobs_request_output(wiped_request, "and more", 8);
    return NULL;
}

static void* end_request(void* unused)
{
    (void)unused;
    llmobs_request_end(wiped_request, NULL);
    return NULL;
}

static void* end_with_texts(void* unused)
{
    llmobs_outcome outcome = llmobs_outcome_default();
    (void)unused;
    outcome.usage.input_tokens = 5;
    outcome.input = llmobs_text("a question", 10);
    outcome.output = llmobs_text("an answer", 9);
    llmobs_request_end(wiped_request, &outcome);
    return NULL;
}

/* The end of a request goes deep after its texts were hashed; this is between. */
static void look_between(void* user, const llmobs_audit* audit)
{
    (void)user;
    if (audit->part == LLMOBS_DOMAIN_INPUT && audit->final) {
        stack_keep();
    }
}

static void set_wiped_key(size_t number, const llmobs_hmac_key* key)
{
    stack_needle_set(&wiped_keys[number], key, sizeof *key);
    stack_needle_set(&wiped_keys[WIPED_WHOLE + number], key->outer, sizeof key->outer);
}

/* Of the key that was written last, in the last place. */
static void take_wiped_keys(llmobs* obs)
{
    static const llmobs_domain domains[WIPED_DOMAINS] = {
        LLMOBS_DOMAIN_USER, LLMOBS_DOMAIN_SESSION, LLMOBS_DOMAIN_INPUT, LLMOBS_DOMAIN_OUTPUT};
    llmobsi_thread* thread = llmobsi_enter(llmobsi_ticket(obs));
    const llmobsi_keyring* keyring = &thread->recorder->keyring;
    llmobsi_key_taken taken;
    llmobs_hmac_key key;
    char id[LLMOBS_KEY_ID_SIZE];
    uint8_t bytes[LLMOBS_SHA256_SIZE];
    size_t i, there = 0;
    for (i = 0; i < WIPED_DOMAINS; i++) {
        there += llmobsi_keyring_key(keyring, domains[i], NULL, 0, &key, id);
        set_wiped_key(2 * i, &key);
        there += llmobsi_keyring_key(keyring, domains[i], "acme", 4, &key, id);
        set_wiped_key(2 * i + 1, &key);
    }
    there += llmobsi_key_take(&keyring->page->places[LLMOBS_I_KEYS - 1],
                              offsetof(llmobsi_keyset, master), &taken);
    set_wiped_key(2 * i, &taken.key);
    llmobsi_leave();
    for (i = 0; i < WIPED_DOMAINS; i++) {
        llmobsi_key_expand(&taken.key, llmobs_domain_name(domains[i]), "acme", 4, bytes);
        stack_needle_set(&wiped_keys[WIPED_KEYS + i], bytes, sizeof bytes);
    }
    /* Plain C has more variables than there are registers: halves may be spilled. */
    wiped_count = llmobsi_load_relaxed(&llmobsi_sha256_chosen) == 1 ? WIPED_WHOLE : WIPED_NEEDLES;
    is_int(there, WIPED_KEYS, "the keys that must not be found");
}

/* Each call on a stack of its own, so that none writes over what another left. */
static void test_wiped_tenant(llmobs* obs, const char* tenant)
{
    static const struct {
        const char* what;
        void* (*run)(void*);
    } calls[] = {{"a pseudonym leaves no key on the stack", make_pseudonym},
                 {"nor the begin of one in pieces", begin_pieces},
                 {"nor a piece", add_piece},
                 {"nor its end", end_pieces},
                 {"nor a verification", verify_one},
                 {"nor one without the key", verify_unknown},
                 {"nor the begin of a request", begin_request},
                 {"nor the first piece of a text", begin_stream},
                 {"nor those that follow", stream_pieces},
                 {"nor its end after those", end_request},
                 {"nor the begin of the next", begin_request},
                 {"nor an end with texts", end_with_texts}};
    char pseudonym[LLMOBS_PSEUDONYM_SIZE];
    size_t i;
    wiped_tenant = tenant;
    strcpy(pseudonym, of(obs, LLMOBS_DOMAIN_USER, tenant, "u42"));
    for (i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        is_int(stack_finds(calls[i].run, pseudonym, wiped_keys, wiped_count), -1, calls[i].what);
    }
}

static void test_stack(void)
{
    static const char* const ids[LLMOBS_I_KEYS] = {"k1", "k2", "k3", "k4"};
    static uint8_t secrets[LLMOBS_I_KEYS][32];
    llmobs_config config = keyed_config();
    llmobs* obs;
    uint32_t i;
    if (STACK_UNSEEN) {
        skip("keys on a stack", STACK_UNSEEN_WHY);
        return;
    }
#ifndef __OPTIMIZE__
    skip("keys on a stack", "unoptimised code spills");
    return;
#endif
    config.requests = 16;
    config.metric_families = LLMOBS_FAMILY_ALL;
    config.metric_user_ids = true;
    config.audit = look_between;
    obs = llmobs_open(&config, NULL);
    for (i = 1; i < LLMOBS_I_KEYS; i++) {
        llmobs_key key = key_of(ids[i], secrets[i], sizeof secrets[i]);
        memset(secrets[i], (int)(7 * i), sizeof secrets[i]);
        (void)llmobs_key_rotate(obs, &key);
    }
    take_wiped_keys(obs);
    wiped_obs = obs;
    is_int(stack_finds(leave_key, NULL, wiped_keys, wiped_count), 0, "a key that is left is found");
    test_wiped_tenant(obs, NULL);
    test_wiped_tenant(obs, "acme");
    is_int(stats_of(obs).requests_ended, 4, "the requests were there");
    (void)llmobs_close(obs);
}

int main(void)
{
    size_t i;
    for (i = 0; i < sizeof secret; i++) {
        secret[i] = (uint8_t)i;
    }
    test_domains_and_tenants();
    test_pieces();
    test_rotation();
    test_rotation_refused();
    test_bad_arguments();
    test_notes();
    test_label();
    test_race();
    test_stack();
    return done();
}

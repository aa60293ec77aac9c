/* Names as numbers: equal texts have equal ids, whoever comes first; a full table is counted. */
#include "llmobs_private.h"
#include "tap.h"

#include "keeper.h"

enum { TEXT_BYTES = 1 << 16 };

static llmobsi_names names;
static llmobsi_atomic32 entries[TEXT_BYTES / 16];
static unsigned char texts[TEXT_BYTES] __attribute__((aligned(64)));

static void names_begin(uint32_t bytes)
{
    memset(&names, 0, sizeof names);
    memset(entries, 0, sizeof entries);
    names.entries = entries;
    names.entry_mask = llmobsi_names_entry_count(bytes) - 1;
    names.texts = texts;
    names.text_capacity = bytes;
    names.seed = 42;
}

static const char* text_of(uint32_t id)
{
    return llmobsi_names_text(&names, id).data;
}

static void test_texts(void)
{
    char longer[400];
    uint32_t id;
    names_begin(TEXT_BYTES);
    id = llmobsi_names_id(&names, "retrieval", 9);
    is_str(text_of(id), "retrieval", "a text comes back");
    is_int(llmobsi_names_id(&names, "retrieval!", 9), id, "the same text, the same id");
    ok(llmobsi_names_id(&names, "Retrieval", 9) != id, "another text, another id");
    is_int(llmobsi_names_id(&names, NULL, 5), LLMOBS_I_NAME_UNNAMED, "NULL has no name");
    is_int(llmobsi_names_id(&names, "x", 0), LLMOBS_I_NAME_UNNAMED, "nor has the empty text");
    is_str(text_of(LLMOBS_I_NAME_UNNAMED), "unnamed", "which has a text");
    id = llmobsi_names_id(&names, "a\0b", 3);
    ok(llmobsi_names_text(&names, id).size == 3, "a NUL may be inside");
    ok(llmobsi_names_id(&names, "a", 1) != id, "and counts");
    is_str(text_of(llmobsi_names_id(&names, "caf\xe9", 4)), "caf\xef\xbf\xbd", "UTF-8 is mended");
    memset(longer, 'n', sizeof longer);
    memcpy(longer + 254, "\xc3\xa9", 2);
    id = llmobsi_names_id(&names, longer, sizeof longer);
    is_int(llmobsi_names_text(&names, id).size, 254, "a long one is cut on a border");
    is_int(llmobsi_names_id(&names, longer, 254), id, "what is cut to the same is the same");
    memset(longer, 0xff, sizeof longer);
    id = llmobsi_names_id(&names, longer, sizeof longer);
    is_int(llmobsi_names_text(&names, id).size, 255, "repaired, it still fits");
    is_str(text_of(LLMOBS_I_NAME_OVERFLOW), "llmobs.key_overflow", "id 0 is the overflow's");
    is_str(text_of(77777777), "llmobs.key_overflow", "and so is every number that is none");
    is_int(names.overflowed, 0, "nothing has overflowed");
}

/* The list once more, by hand: what docs/privacy.md promises of the best known. */
static void test_refused(void)
{
    static const char* const refused[] = {
        "authorization", "Authorization", "AUTHORIZATION", "proxy-authorization",
        "Proxy_Authorization", "cookie", "Set-Cookie", "set_cookie", "x-api-key", "X_API_KEY",
        "x.api.key", "api-key", "api_key", "apikey", "x-auth-token", "x-amz-security-token",
        "x-goog-api-key", "http.request.header.authorization", "HTTP.Request.Header.Authorization",
        "http_request_header_authorization", "http.response.header.set-cookie",
        "http.response.header.set_cookie", "rpc.grpc.request.metadata.authorization",
        "rpc.request.metadata.x-api-key", "http.response.header.x_auth_token"};
    static const char* const fine[] = {
        "", "a", "authorizatio", "authorizations", "x-authorization-kind", "cookies", "api-key-id",
        "http.request.header.", "http.request.header.content-type", "http.request.header",
        "header.authorization", "tokens.input", "session.id", "user.id", "key",
        "http.request.header.http.request.header.cookie", "http.request.body.authorization",
        "\xc3\xa1uthorization"};
    size_t wrong = 0, i;
    uint32_t id;
    for (i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        wrong += !llmobsi_name_is_refused(refused[i], strlen(refused[i]));
    }
    is_int(wrong, 0, "names of headers that carry credentials are refused");
    for (i = 0; i < sizeof fine / sizeof fine[0]; i++) {
        wrong += llmobsi_name_is_refused(fine[i], strlen(fine[i]));
    }
    is_int(wrong, 0, "and no others");
    names_begin(TEXT_BYTES);
    id = llmobsi_names_id(&names, "Cookie", 6);
    is_str(text_of(id), "Cookie", "as a name, say of a span, it has an id");
    ok(llmobsi_names_is_refused(&names, id), "which is marked");
    ok(!llmobsi_names_is_refused(&names, llmobsi_names_id(&names, "Cookies", 7)), "others are not");
    ok(!llmobsi_names_is_refused(&names, LLMOBS_I_NAME_UNNAMED) &&
           !llmobsi_names_is_refused(&names, LLMOBS_I_NAME_OVERFLOW),
       "nor what is no name");
}

static void test_full(void)
{
    static const uint32_t sizes[] = {1024, 4096, TEXT_BYTES};
    size_t size;
    for (size = 0; size < 3; size++) {
        uint32_t ids[TEXT_BYTES / 16 + 100];
        uint32_t kept = 0;
        uint32_t wrong = 0;
        uint32_t i;
        uint32_t overflowed;
        char text[32];
        names_begin(sizes[size]);
        for (i = 0; i < sizes[size] / 16 + 100; i++) {
            ids[i] = llmobsi_names_id(&names, text, (size_t)snprintf(text, 32, "k%u", i));
            kept += ids[i] != LLMOBS_I_NAME_OVERFLOW;
        }
        printf("# %u bytes hold %u short names\n", sizes[size], kept);
        ok(kept >= sizes[size] / 32, "a table holds a name for every 32 bytes at least");
        is_int(names.overflowed, i - kept, "those that found no room are counted");
        for (i = 0; i < sizes[size] / 16 + 100; i++) {
            uint32_t count = (uint32_t)snprintf(text, 32, "k%u", i);
            wrong += llmobsi_names_id(&names, text, count) != ids[i];
            wrong += ids[i] != 0 && strcmp(text_of(ids[i]), text) != 0;
        }
        is_int(wrong, 0, "all that went in are found when it is full");
        overflowed = (uint32_t)names.overflowed;
        is_int(llmobsi_names_id(&names, "one more that does not fit", 26), 0, "no more do");
        is_int(names.overflowed, overflowed + 1, "which is counted");
        ok(names.text_used <= names.text_capacity, "and written nowhere");
    }
}

/* All in one place of the table: found all the same, up to the bound of a search. */
static void test_collisions(void)
{
    uint32_t home = 0;
    uint32_t found = 0;
    uint32_t ids[40];
    char text[32];
    uint32_t i;
    uint32_t wrong = 0;
    names_begin(TEXT_BYTES);
    for (i = 0; found < 40; i++) {
        uint32_t size = (uint32_t)snprintf(text, sizeof text, "c%u", i);
        uint32_t hash = (uint32_t)llmobsi_hash64(text, size, names.seed) & names.entry_mask;
        home = i == 0 ? hash : home;
        if (hash == home) {
            ids[found++] = llmobsi_names_id(&names, text, size);
        }
    }
    for (found = 0, i = 0; found < 40; i++) {
        uint32_t size = (uint32_t)snprintf(text, sizeof text, "c%u", i);
        uint32_t hash = (uint32_t)llmobsi_hash64(text, size, names.seed) & names.entry_mask;
        if (hash == home) {
            wrong += strcmp(text_of(ids[found]), text) != 0;
            wrong += llmobsi_names_id(&names, text, size) != ids[found++];
        }
    }
    is_int(wrong, 0, "40 names in one place");
}

typedef struct hashed {
    uint32_t hash;
    uint32_t number;
} hashed;

static int by_hash(const void* a, const void* b)
{
    uint32_t x = ((const hashed*)a)->hash;
    uint32_t y = ((const hashed*)b)->hash;
    return x < y ? -1 : x > y;
}

/* Two texts of one size and one hash, to the last bit: among so many there are some. */
static void test_equal_hashes(void)
{
    enum { MANY = 400000 };
    static hashed all[MANY];
    char text[32];
    char other[32];
    uint32_t pairs = 0;
    uint32_t wrong = 0;
    uint32_t i;
    names_begin(TEXT_BYTES);
    for (i = 0; i < MANY; i++) {
        uint32_t size = (uint32_t)snprintf(text, sizeof text, "%08u", i);
        all[i].hash = (uint32_t)llmobsi_hash64(text, size, names.seed);
        all[i].number = i;
    }
    qsort(all, MANY, sizeof all[0], by_hash);
    for (i = 1; i < MANY; i++) {
        if (all[i].hash == all[i - 1].hash) {
            (void)snprintf(text, sizeof text, "%08u", all[i - 1].number);
            (void)snprintf(other, sizeof other, "%08u", all[i].number);
            wrong += llmobsi_names_id(&names, text, 8) == llmobsi_names_id(&names, other, 8);
            pairs++;
        }
    }
    ok(pairs > 0, "there are texts of equal hash");
    is_int(wrong, 0, "they have ids of their own");
}

/* ---- races --------------------------------------------------------------------------------- */

/* Each may store a copy in vain before one wins: so few that even then there is room. */
enum { RACERS = 4, RACED = 600 };

static uint32_t raced[RACERS][RACED];
static pthread_barrier_t raced_start;

static void* race_names(void* argument)
{
    uint32_t* ids = (uint32_t*)argument;
    char text[32];
    uint32_t i;
    (void)pthread_barrier_wait(&raced_start);
    for (i = 0; i < RACED; i++) {
        ids[i] = llmobsi_names_id(&names, text, (size_t)snprintf(text, sizeof text, "name %u", i));
        if (strcmp(text_of(ids[i]), text) != 0) {
            ids[i] = 0;
        }
    }
    return NULL;
}

static void test_races(void)
{
    long rounds = sized(200);
    long round;
    long wrong = 0;
    for (round = 0; round < rounds; round++) {
        pthread_t threads[RACERS];
        int i;
        uint32_t k;
        names_begin(TEXT_BYTES);
        (void)pthread_barrier_init(&raced_start, NULL, RACERS);
        for (i = 0; i < RACERS; i++) {
            (void)pthread_create(&threads[i], NULL, race_names, raced[i]);
        }
        for (i = 0; i < RACERS; i++) {
            (void)pthread_join(threads[i], NULL);
        }
        for (i = 1; i < RACERS; i++) {
            for (k = 0; k < RACED; k++) {
                wrong += raced[i][k] == 0 || raced[i][k] != raced[0][k];
            }
        }
        (void)pthread_barrier_destroy(&raced_start);
    }
    is_int(wrong, 0, "threads that race for the same names get the same ids");
}

/* ---- by the public calls ------------------------------------------------------------------- */

static void note_names(void* user, llmobs_note note, uint64_t count, const char* text)
{
    (void)text;
    *(uint64_t*)user += note == LLMOBS_NOTE_NAMES ? count : 0;
}

static void test_public(void)
{
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs;
    llmobs_span span;
    uint64_t noted = 0;
    const char* name;
    const char* again;
    char text[16] = "run time";
    int refused = 0;
    int i;
    config.name_bytes = 1024;
    config.note = note_names;
    config.note_user = &noted;
    obs = open_kept(&config, &kept);
    name = llmobs_name_n(obs, text, 8);
    (void)memcpy(text, "changed!", 8);
    is_str(name, "run time", "a name made at run time stays");
    again = llmobs_name_n(obs, "run time, and more", 8);
    ok(again == name, "and is one for all that ask");
    is_str(llmobs_name_n(obs, "measured", LLMOBS_NUL_TERMINATED), "measured", "measured");
    for (i = 0; i < 200; i++) {
        (void)snprintf(text, sizeof text, "n%d", i);
        refused += llmobs_name_n(obs, text, strlen(text)) == NULL;
    }
    ok(refused > 100, "a full table gives no more");
    span = llmobs_span_root(obs, name);
    llmobs_span_set_int(span, "a key that does not fit", 1);
    llmobs_span_set_int(span, name, 2);
    llmobs_span_end(span);
    (void)llmobs_flush(obs, 60000);
    (void)llmobs_tick(obs);
    is_str(kept.spans[0].name.data, "run time", "names that are there are good");
    ok(kept_attribute(&kept.spans[0], "llmobs.key_overflow") != NULL, "others say what they are");
    is_int(kept_attribute(&kept.spans[0], "run time")->value.integer, 2, "and only they");
    is_int(stats_of(obs).names_overflowed, refused + 1, "and are counted");
    is_int(noted, refused + 1, "with a note");
    ok(close_kept(obs, &kept), "the account balances");
    ok(llmobs_name_n(obs, "late", 4) == NULL, "none after close");
}

int main(void)
{
    test_texts();
    test_refused();
    test_full();
    test_collisions();
    test_equal_hashes();
    test_races();
    test_public();
    (void)llmobs_release();
    return done();
}

/* State files that are cut off, flipped or forged: each is refused whole, with its reason, and the
   instance is as if there had been none. */
#define _GNU_SOURCE
#include "llmobs_private.h"

#include "tap.h"

#include "keeper.h"

#define RANDOM_SEED 23
#include "random.h"
#include "requester.h"

#include "ledger.h"

#define FOLDER "build/tmp/test_state_damaged"
#include "stateful.h"

static llmobs* obs; /* that is loaded into, without a state file of its own */
static llmobsi_state_loader loader;
static int forged; /* the file */

static bool loads(void)
{
    struct stat status;
    memset(&loader, 0, sizeof loader);
    loader.ledger = llmobsi_cost_ledger_of(recorder_of(obs));
    loader.users = llmobsi_cost_users_of(loader.ledger);
    loader.budgets = llmobsi_budgets_of(recorder_of(obs));
    loader.now_ns = fake_now;
    (void)lseek(forged, 0, SEEK_SET);
    return fstat(forged, &status) == 0 &&
           llmobsi_state_load_all(&loader, forged, (uint64_t)status.st_size);
}

static bool top_is_empty(const llmobsi_top* top)
{
    llmobs_top_share share;
    llmobs_top_entry entry;
    llmobsi_top_read(top, &entry, 1, &share);
    return share.count == 0 && share.total == 0;
}

/* Clears it, and looks whether that is so. */
static bool is_empty_again(void)
{
    const llmobsi_cost_users* users = loader.users;
    bool empty;
    uint32_t i;
    llmobsi_state_clear(&loader);
    empty = loader.ledger->row_count == 2 && loader.ledger->place_count == 0 && !users->begun &&
            !users->past.begun && users->past.count == 0 &&
            top_is_empty(users->all.top) &&
            llmobsi_unique_estimate(users->all.unique).count == 0 && loader.budgets->used == 0;
    for (i = 0; i < LLMOBS_I_COST_SLOTS; i++) {
        empty = empty && !loader.ledger->slots[i].used;
    }
    for (i = 0; i < users->feature_limit; i++) {
        empty = empty && users->features[i].row == 0 && top_is_empty(users->features[i].top);
    }
    return empty;
}

/* ---- accidents ----------------------------------------------------------------------------- */

static llmobs_config small_config(void)
{
    llmobs_config config = state_config();
    config.cost_rows = 16;
    config.cost_places = 64;
    config.cost_users = 16;
    config.cost_features = 1;
    return config;
}

static size_t make_file(void)
{
    llmobs_config config = small_config();
    llmobs_budget_info info = llmobs_budget_info_default();
    llmobs_budget_query query = llmobs_budget_query_default();
    llmobs* writer;
    fresh_folder();
    writer = open_state(&config);
    info.name = "all";
    (void)llmobs_budget_add(writer, &info, NULL);
    query.nano = 9;
    (void)llmobs_budget_settle(llmobs_budget_reserve(writer, &query, NULL), 9);
    fill(writer, 6);
    (void)llmobs_flush(writer, 5000);
    fake_now += 31 * DAY;
    fill(writer, 6);
    (void)llmobs_close(writer);
    return (size_t)slurp(STATE);
}

static void test_accidents(void)
{
    size_t size = make_file();
    int missed = 0;
    int dirty = 0;
    size_t i;
    printf("# %zu bytes\n", size);
    forged = open(STATE, O_RDWR);
    ok(loads() && loader.lost == 0 && loader.ledger->row_count > 2, "the file is good");
    ok(is_empty_again(), "and can be forgotten");
    for (i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)(file_bytes[i] ^ 1u << next_random() % 8);
        (void)!pwrite(forged, &byte, 1, (off_t)i);
        missed += loads() || loader.reader.refused == NULL;
        dirty += !is_empty_again();
        (void)!pwrite(forged, &file_bytes[i], 1, (off_t)i);
    }
    is_int(missed, 0, "a flipped bit, wherever it is, is seen");
    is_int(dirty, 0, "and nothing stays of the file");
    ok(loads(), "the file is good again");
    (void)is_empty_again();
    (void)!pwrite(forged, "x", 1, (off_t)size);
    ok(!loads() && strstr(loader.reader.refused, "behind its end") != NULL, "a byte behind it");
    (void)is_empty_again();
    for (i = size; i-- > 0;) {
        (void)!ftruncate(forged, (off_t)i);
        missed += loads() || strstr(loader.reader.refused, "it is cut off") == NULL;
        dirty += !is_empty_again();
    }
    is_int(missed, 0, "wherever it is cut off, it is seen");
    is_int(dirty, 0, "and nothing stays of it");
    (void)close(forged);
}

/* By way of open: refused, told, kept aside; and a new one is begun. */
static void test_set_aside(void)
{
    llmobs_config config = small_config();
    size_t size = make_file();
    size_t step = size / 19;
    size_t at;
    int wrong = 0;
    for (at = 3; at < size; at += step) {
        llmobs* other;
        long kept;
        (void)slurp(STATE);
        file_bytes[at] ^= 0x40;
        spill(STATE, file_bytes, size);
        noted[LLMOBS_NOTE_STATE_DAMAGED] = 0;
        other = open_state(&config);
        wrong += noted[LLMOBS_NOTE_STATE_DAMAGED] != 1 || is_there(STATE);
        wrong += strncmp(noted_text, "the state file was set aside", 28) != 0;
        wrong += total_of(other, LLMOBS_PERIOD_NONE) != 0 || stats_of(other).state_gap_ns != 0;
        kept = slurp(STATE ".damaged");
        wrong += kept != (long)size;
        wrong += llmobs_close(other) != LLMOBS_OK || !is_there(STATE);
        file_bytes[at] ^= 0x40;
        spill(STATE, file_bytes, size);
    }
    is_int(wrong, 0, "it is told, kept aside, and a new one begun");
    spill(STATE, "llmobs state 2\n", 16);
    (void)llmobs_close(open_state(&config));
    ok(strstr(noted_text, "another version") != NULL && slurp(STATE ".damaged") == 16,
       "one of another version, too");
    spill(STATE, "", 0);
    (void)llmobs_close(open_state(&config));
    ok(strstr(noted_text, "cut off") != NULL, "and an empty one");
    spill(STATE, "x", 1);
    (void)unlink(STATE ".damaged");
    ok(mkdir(STATE ".damaged", 0700) == 0, "when it can't be kept aside");
    (void)llmobs_close(open_state(&config));
    ok(slurp(STATE) == 1 && noted[LLMOBS_NOTE_STATE_OPEN] == 1, "it is not written over");
    (void)rmdir(STATE ".damaged");
}

/* ---- forgeries: the checksums are right ---------------------------------------------------- */

static llmobsi_state_writer pen;

static void words(uint32_t tag, int count, const int64_t* values)
{
    int i;
    llmobsi_state_record(&pen, tag, (size_t)count * 8);
    for (i = 0; i < count; i++) {
        llmobsi_state_put(&pen, (uint64_t)values[i]);
    }
}

#define WORDS(tag, ...)                                                                          \
    do {                                                                                         \
        const int64_t values[] = {__VA_ARGS__};                                                  \
        words(LLMOBS_I_STATE_##tag, (int)(sizeof values / sizeof values[0]), values);            \
    } while (0)

static void begin_headless(void)
{
    (void)ftruncate(forged, 0);
    (void)lseek(forged, 0, SEEK_SET);
    llmobsi_state_write_begin(&pen, forged, UINT64_MAX);
}

static void row(const char* feature, size_t size)
{
    llmobsi_state_record(&pen, LLMOBS_I_STATE_ROWS, 24 + size + 2);
    llmobsi_state_put(&pen, size);
    llmobsi_state_put_bytes(&pen, feature, size);
    llmobsi_state_put(&pen, 1);
    llmobsi_state_put_bytes(&pen, "m", 1);
    llmobsi_state_put(&pen, 1);
    llmobsi_state_put_bytes(&pen, "t", 1);
}

/* A head, a row "f" with the number 2, the month 671. */
static void begin_forgery(void)
{
    begin_headless();
    WORDS(HEAD, 5, 0, 0, 0, 0, 0);
    row("f", 1);
    WORDS(USER, 671, 0);
}

static void group(int64_t of, int64_t sets, const char* id)
{
    char bytes[LLMOBS_KEY_ID_SIZE] = {0};
    memcpy(bytes, id, strlen(id));
    llmobsi_state_record(&pen, LLMOBS_I_STATE_GRUP, 24 + sizeof bytes);
    llmobsi_state_put(&pen, (uint64_t)of);
    llmobsi_state_put(&pen, (uint64_t)sets);
    llmobsi_state_put(&pen, 1);
    llmobsi_state_put_bytes(&pen, bytes, sizeof bytes);
}

static void sums(int64_t period, int64_t number, int64_t of, int64_t requests)
{
    WORDS(SUMS, period, number, of, requests, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
}

static void budget(int64_t scope, int64_t period, int64_t minutes, int64_t spent, int64_t own)
{
    char texts[LLMOBS_BUDGET_NAME + LLMOBS_BUDGET_KEY] = "all";
    llmobsi_state_record(&pen, LLMOBS_I_STATE_BUDG, sizeof texts + 56);
    llmobsi_state_put_bytes(&pen, texts, sizeof texts);
    llmobsi_state_put(&pen, (uint64_t)scope);
    llmobsi_state_put(&pen, (uint64_t)period);
    llmobsi_state_put(&pen, (uint64_t)minutes);
    llmobsi_state_put(&pen, 0);
    llmobsi_state_put(&pen, 0);
    llmobsi_state_put(&pen, (uint64_t)spent);
    llmobsi_state_put(&pen, (uint64_t)own);
}

/* Ends it. NULL: it must be taken; else it must be refused for this. */
static void is_refused(const char* why, const char* what)
{
    bool good;
    (void)llmobsi_state_write_end(&pen);
    good = loads();
    good = why == NULL ? good : !good && strstr(loader.reader.refused, why) != NULL;
    ok(is_empty_again() && good, what);
    if (!good) {
        printf("# %s\n", loader.reader.refused != NULL ? loader.reader.refused : "taken");
    }
    begin_forgery();
}

static void test_forged_ledger(void)
{
    char name[200];
    begin_forgery();
    sums(LLMOBS_PERIOD_MONTH, 671, 2, 1);
    budget(LLMOBS_BUDGET_ALL, LLMOBS_PERIOD_NONE, 0, 7, 1);
    is_refused(NULL, "what is right is taken");
    sums(LLMOBS_PERIOD_MONTH, 671, 3, 1);
    is_refused("out of range", "a row that is not there");
    sums(LLMOBS_PERIOD_MONTH, 671, -1, 1);
    is_refused("out of range", "one below all");
    sums(LLMOBS_PERIOD_COUNT, 0, 2, 1);
    is_refused("out of range", "a kind of period that is none");
    sums(LLMOBS_PERIOD_NONE, 1, 2, 1);
    is_refused("out of range", "a second eternity");
    sums(LLMOBS_PERIOD_DAY, INT64_MAX, 2, 1);
    is_refused("out of range", "an absurd day");
    sums(LLMOBS_PERIOD_MONTH, 671, 2, -1);
    is_refused("out of range", "a sum below 0");
    sums(LLMOBS_PERIOD_MONTH, 671, 2, INT64_MAX);
    sums(LLMOBS_PERIOD_MONTH, 671, 2, INT64_MAX);
    is_refused(NULL, "sums that go beyond the end stay there");
    WORDS(SUMS, LLMOBS_PERIOD_MONTH, 671, 2, 1);
    is_refused("record is cut off", "half a record");
    row("f", 1);
    is_refused("row comes twice", "a row twice");
    row("g\0h", 3);
    is_refused("name is malformed", "a NUL in a name");
    row("\xff", 1);
    is_refused("name is malformed", "no UTF-8");
    memset(name, 'n', sizeof name);
    row(name, LLMOBS_EXPLAINED_TEXT);
    is_refused("out of range", "a name that is too long");
    row(name, LLMOBS_EXPLAINED_TEXT - 1);
    is_refused(NULL, "the longest one");
    row(LLMOBS_COST_OTHER, 9);
    is_refused(NULL, "a name of ours");
    WORDS(HEAD, 5, 0, 0, 0, 0, 0);
    is_refused("head stands elsewhere", "a second head");
    begin_headless();
    row("f", 1);
    is_refused("head stands elsewhere", "no head");
    begin_headless();
    WORDS(HEAD, 5, 86401, 0, 0, 0, 0);
    is_refused("out of range", "an absurd zone");
    WORDS(LAST, 7);
    is_refused("length is wrong", "another length");
    words(LLMOBS_I_STATE_TAG('N', 'E', 'W', '.'), 2, (const int64_t[]){1, 2});
    is_refused(NULL, "what a later version adds is passed over");
    is_int(loader.lost, 1, "and counted");
}

/* A file of a version whose rows have other sums: those that it lacks are 0, those that only it
   has are passed over. */
static void test_other_sums(void)
{
    const llmobs_cost_sums* sums_of = &asked_answer.total;
    int64_t many[3 + 20] = {LLMOBS_PERIOD_NONE, 0, 2, 1, 0, 0, 0, 7};
    begin_forgery();
    sums(LLMOBS_PERIOD_NONE, 0, 2, 1);
    (void)llmobsi_state_write_end(&pen);
    ok(loads() && ask(obs, &(llmobs_cost_question){.period = LLMOBS_PERIOD_NONE}, 9) == LLMOBS_OK &&
           sums_of->cost_nano == 7 && sums_of->saved_nano == 0 && is_empty_again(),
       "an older file, whose head does not say how many, is read");
    begin_headless();
    WORDS(HEAD, 5, 0, 0, 0, 0, 0, 20);
    row("f", 1);
    many[3 + 18] = 5;
    many[3 + 19] = 99;
    words(LLMOBS_I_STATE_SUMS, 23, many);
    (void)llmobsi_state_write_end(&pen);
    ok(loads() && ask(obs, &(llmobs_cost_question){.period = LLMOBS_PERIOD_NONE}, 9) == LLMOBS_OK &&
           sums_of->cost_nano == 7 && sums_of->saved_nano == 5 && is_empty_again(),
       "a newer one, too");
    begin_headless();
    WORDS(HEAD, 5, 0, 0, 0, 0, 0, 65);
    is_refused("out of range", "not one with too many");
    begin_headless();
    WORDS(HEAD, 5, 0, 0, 0, 0, 0, 17);
    is_refused("out of range", "or too few");
}

static void test_forged_users(void)
{
    int64_t sets = (int64_t)llmobsi_cost_users_of(llmobsi_cost_ledger_of(recorder_of(obs)))
                       ->all.top->mask + 1;
    uint8_t ranks[LLMOBS_I_UNIQUE_REGISTERS] = {0};
    group(0, sets, "k1");
    WORDS(SETS, 0, 5, 1, 0, 9, 1, 5, 0, 1, 0, 0, 0);
    is_refused(NULL, "a user that is right is taken");
    group(0, sets, "k1");
    group(0, sets, "k1");
    is_refused("feature is wrong", "all, twice");
    group(3, 1, "k1");
    group(3, 1, "k1");
    is_refused("feature is wrong", "a feature twice");
    row("f", 1);
    is_refused("row comes twice", "a row after them, twice");
    group(4, sets, "k1");
    is_refused("out of range", "a feature of a row that is not there");
    group(0, sets, "k 1");
    is_refused("id is malformed", "a key's id that is none");
    group(0, sets, "");
    is_refused("id is malformed", "an empty one");
    WORDS(GRUP, 0, sets, LLMOBS_I_TOP_IDS + 1);
    is_refused("out of range", "too many ids");
    WORDS(GRUP, 0, sets, 1);
    is_refused("record is cut off", "fewer than it says");
    group(0, sets, "k1");
    WORDS(SETS, sets, 5, 1, 0, 9, 1, 5, 0, 1, 0, 0, 0);
    is_refused("out of range", "a set that is not there");
    group(0, sets, "k1");
    WORDS(SETS, 1, 5, 1, 0, 9, 1, 5, 0, 1, 0, 0, 0);
    is_refused("wrong place", "a user in another's set");
    group(0, sets, "k1");
    WORDS(SETS, 0, 5, 2, 0, 9, 1, 5, 0, 1, 0, 0, 0, 0, 9, 1, 5, 0, 1, 0, 0, 0);
    is_refused("wrong place", "a user twice");
    group(0, sets, "k1");
    WORDS(SETS, 0, 5, 1, 0, 9, 1, 5, 0, 1, 0, 0, 0);
    WORDS(SETS, 0, 5, 1, 0, 8, 1, 5, 0, 1, 0, 0, 0);
    is_refused("comes twice", "a set twice");
    group(0, sets, "k1");
    WORDS(SETS, 0, 5, 1, 0, 9, 2, 5, 0, 1, 0, 0, 0);
    is_refused("out of range", "a key's id that is not there");
    group(0, sets, "k1");
    WORDS(SETS, 0, 5, 1, 0, 9, 1, 5, 6, 1, 0, 0, 0);
    is_refused("out of range", "an error above the count");
    group(0, sets, "k1");
    WORDS(SETS, 0, 5, 1, 0, 9, 1, -5, 0, 1, 0, 0, 0);
    is_refused("out of range", "a count below 0");
    group(0, sets, "k1");
    WORDS(SETS, 0, 5, LLMOBS_I_TOP_WAYS + 1, 0, 9, 1, 5, 0, 1, 0, 0, 0);
    is_refused("out of range", "more counters than there are");
    group(0, sets, "k1");
    ranks[4095] = LLMOBS_I_UNIQUE_RANKS + 1;
    llmobsi_state_record(&pen, LLMOBS_I_STATE_UNIQ, sizeof ranks);
    llmobsi_state_put_bytes(&pen, ranks, sizeof ranks);
    is_refused("rank is too high", "a rank that no hash has");
    WORDS(SETS, 0, 5, 1, 0, 9, 1, 5, 0, 1, 0, 0, 0);
    is_refused(NULL, "a set of nobody's is passed over");
}

static void heavy(const char* pseudonym, int64_t low, int64_t high, int64_t requests)
{
    char bytes[LLMOBS_PSEUDONYM_SIZE] = {0};
    memcpy(bytes, pseudonym, strlen(pseudonym));
    llmobsi_state_record(&pen, LLMOBS_I_STATE_HEVY, sizeof bytes + 48);
    llmobsi_state_put_bytes(&pen, bytes, sizeof bytes);
    llmobsi_state_put(&pen, (uint64_t)low);
    llmobsi_state_put(&pen, (uint64_t)high);
    llmobsi_state_put(&pen, (uint64_t)requests);
    llmobsi_state_put(&pen, 0);
    llmobsi_state_put(&pen, 0);
    llmobsi_state_put(&pen, 0);
}

static void test_forged_past(void)
{
    static const char* const wrong[] = {"", "a b", "a\x7f", "\xc3\xa4"};
    char name[LLMOBS_PSEUDONYM_SIZE + 1];
    size_t i;
    WORDS(PAST, 670, 0, 2, 9, 1);
    heavy("k:1", 5, 6, 1);
    heavy("k:2", 3, 6, 1);
    is_refused(NULL, "a month before that is right is taken");
    WORDS(PAST, 12001, 0, 2, 9, 1);
    is_refused("out of range", "an absurd month");
    WORDS(PAST, 670, -1, 2, 9, 1);
    is_refused("out of range", "an amount of nobody's below 0");
    WORDS(PAST, 670, 0, 2, -1, 1);
    is_refused("out of range", "a total below 0");
    WORDS(PAST, 670, 0, 2, 9, -1);
    is_refused("out of range", "a rest below 0");
    WORDS(PAST, 670, 0, 2, 9);
    is_refused("record is cut off", "half of one");
    heavy("k:1", 5, 6, 1);
    is_refused("wrong place", "a user of no month");
    WORDS(PAST, 670, 0, 2, 9, 1);
    heavy("k:1", 6, 5, 1);
    is_refused("out of range", "a bracket upside down");
    WORDS(PAST, 670, 0, 2, 9, 1);
    heavy("k:1", -1, 5, 1);
    is_refused("out of range", "one that begins below 0");
    WORDS(PAST, 670, 0, 2, 9, 1);
    heavy("k:1", 5, 6, -1);
    is_refused("out of range", "requests below 0");
    WORDS(PAST, 670, 0, 2, 9, 1);
    heavy("k:1", 5, 6, 1);
    heavy("k:2", 5, 7, 1);
    is_refused("wrong place", "a second one who is heavier");
    WORDS(PAST, 670, 0, 2, 9, 1);
    for (i = 0; i <= LLMOBS_REPORT_LINES; i++) {
        heavy("k:1", 5, 6, 1);
    }
    is_refused("wrong place", "more than a report can list");
    for (i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        WORDS(PAST, 670, 0, 2, 9, 1);
        heavy(wrong[i], 5, 6, 1);
        is_refused("pseudonym is malformed", "a pseudonym that we have not written");
    }
    memset(name, 'n', sizeof name);
    name[LLMOBS_PSEUDONYM_SIZE] = '\0';
    WORDS(PAST, 670, 0, 2, 9, 1);
    heavy(name, 5, 6, 1);
    is_refused("pseudonym is malformed", "one without an end");
}

static void test_forged_budgets(void)
{
    budget(LLMOBS_BUDGET_SCOPE_COUNT, LLMOBS_PERIOD_NONE, 0, 7, 1);
    is_refused("out of range", "a scope that is none");
    budget(LLMOBS_BUDGET_ALL, LLMOBS_PERIOD_COUNT, 0, 7, 1);
    is_refused("out of range", "a period that is none");
    budget(LLMOBS_BUDGET_ALL, LLMOBS_PERIOD_NONE, 1441, 7, 1);
    is_refused("out of range", "an absurd zone");
    budget(LLMOBS_BUDGET_ALL, LLMOBS_PERIOD_NONE, 0, -1, 1);
    is_refused("out of range", "an amount below 0");
    budget(LLMOBS_BUDGET_ALL, LLMOBS_PERIOD_NONE, 0, 7, 2);
    is_refused("out of range", "neither its own nor a key's");
    budget(LLMOBS_BUDGET_ALL, LLMOBS_PERIOD_DAY, 0, 7, 1);
    is_refused(NULL, "a day that is over");
    is_int(loader.lost, 0, "is no loss");
    budget(LLMOBS_BUDGET_ALL, LLMOBS_PERIOD_NONE, 0, 7, 0);
    is_refused(NULL, "a key where there is none");
    is_int(loader.lost, 1, "finds no place");
}

int main(void)
{
    llmobs_config config = small_config();
    config.state_file = NULL;
    config.cost_users = 32; /* two sets */
    config.cost_features = 2;
    test_set_aside();
    forged = open(STATE ".other", O_RDWR | O_CREAT | O_TRUNC, 0600);
    obs = open_state(&config);
    test_forged_ledger();
    test_other_sums();
    test_forged_users();
    test_forged_past();
    test_forged_budgets();
    (void)close(forged);
    (void)llmobs_close(obs);
    config = small_config();
    config.state_file = NULL;
    obs = open_state(&config);
    test_accidents();
    (void)llmobs_close(obs);
    return done();
}

/* Alerts in state files that are damaged, and in files whose checksums are right and whose contents
   lie: refused, or loaded as something that rules can be evaluated on. */
#define _GNU_SOURCE
#define FOLDER "build/tmp/test_state_alerts_damaged"
#include "llmobs_private.h"
#include "tap.h"
#include "keeper.h"
#define RANDOM_SEED 29
#include "random.h"
#include "requester.h"
#include "ledger.h"
#include "stateful.h"
#include "alerted.h"

static const char* const rules =
    "a: increase(llm_cost_usd_total[5m]) > 1 by (model)\n"
    "b: histogram_quantile(0.9, rate(llm_phase_duration_seconds_bucket[5m])) > 1\n"
    "c: avg_over_time(llm_active_sessions[5m]) > 1 or increase(llmobs_lost_total[5m]) > 1";

static llmobs_config saved_config(void)
{
    llmobs_config config = alerted_config();
    config.cost_rows = 16;
    config.cost_places = 64;
    config.cost_users = 16;
    config.cost_features = 1;
    config.alert_rules = 4;
    config.alert_groups = 16;
    config.alert_window_bytes = 32768;
    config.alerts = 16;
    return config;
}

static void drop_alert(void* user, const llmobs_alert* alerts, size_t count)
{
    (void)count;
    *(uint64_t*)user += alerts->sentence.size + alerts->fired_unix_ns;
}

static llmobsi_state_loader loader;
static llmobsi_state_writer writer;
static int file;
static int unsound; /* files of ours that could not be read again */

static bool loads(llmobs* obs)
{
    struct stat status;
    memset(&loader, 0, sizeof loader);
    loader.ledger = llmobsi_cost_ledger_of(recorder_of(obs));
    loader.users = llmobsi_cost_users_of(loader.ledger);
    loader.budgets = llmobsi_budgets_of(recorder_of(obs));
    loader.alerts.alerts = llmobsi_alerts_of(recorder_of(obs));
    loader.now_ns = fake_now;
    (void)lseek(file, 0, SEEK_SET);
    if (fstat(file, &status) != 0 ||
        !llmobsi_state_load_all(&loader, file, (uint64_t)status.st_size)) {
        llmobsi_state_clear(&loader);
        return false;
    }
    if (loader.alerts.begun) {
        llmobsi_state_loaded_alerts(loader.alerts.alerts, 3 * STEP);
    }
    return true;
}

static void saves(llmobs* obs)
{
    (void)!ftruncate(file, 0);
    (void)lseek(file, 0, SEEK_SET);
    llmobsi_state_write_begin(&writer, file, UINT64_MAX);
    (void)llmobsi_state_save_all(&writer, recorder_of(obs), fake_now);
}

/* Opens with these bytes as the file, and has all of it at work. Returns whether it was taken. */
static bool is_taken(const unsigned char* bytes, size_t size)
{
    llmobs_config config = saved_config();
    const char* values[] = {"m", "f"};
    uint64_t read = 0;
    llmobs* obs = open_state(&config);
    bool taken;
    (void)!ftruncate(file, 0);
    (void)!pwrite(file, bytes, size, 0);
    taken = loads(obs);
    load_rules(obs, rules);
    llmobs_counter_add(llmobs_counter_get(llmobs_metric_of(obs, LLMOBS_METRIC_LLM_COST), values, 2),
                       2000000000u);
    steps(obs, 4);
    (void)llmobs_alerts_read(obs, drop_alert, &read);
    saves(obs);
    (void)llmobs_close(obs);
    obs = open_state(&config);
    unsound += !loads(obs);
    (void)llmobs_close(obs);
    return taken;
}

static unsigned char whole[65536];
static size_t whole_size;

static void make_file(void)
{
    (void)is_taken(whole, 0);
    whole_size = (size_t)pread(file, whole, sizeof whole, 0);
}

/* ---- accidents ----------------------------------------------------------------------------- */

static void test_accidents(void)
{
    long turns = sized(1500);
    int taken = 0;
    long i;
    for (i = 0; i < turns; i++) {
        size_t at = (size_t)(next_random() % whole_size);
        whole[at] ^= (unsigned char)(1u << i % 8);
        taken += is_taken(whole, i % 4 ? whole_size : at);
        whole[at] ^= (unsigned char)(1u << i % 8);
    }
    is_int(taken, 0, "a bit flipped, or the end cut off: it is refused");
    ok(is_taken(whole, whole_size), "as it was, it is taken");
}

/* ---- lies ---------------------------------------------------------------------------------- */

/* Puts the right checksums. */
static void seal(unsigned char* bytes, size_t size)
{
    uint64_t sum = llmobsi_hash64_own(bytes, 16, 0);
    size_t at = 16;
    while (at + 16 <= size) {
        size_t used = 8 + (size_t)(llmobsi_load_le64(bytes + at) >> 32);
        if (used > size - at - 8) {
            break;
        }
        sum = llmobsi_hash64_own(bytes + at, used, sum);
        llmobsi_store_le64(bytes + at + used, sum);
        at += used + 8;
    }
}

/* The first record of a tag; 0: there is none. */
static size_t record_of(const char* tag)
{
    size_t at = 16;
    while (at + 16 <= whole_size && memcmp(whole + at, tag, 4) != 0) {
        at += 16 + (size_t)(llmobsi_load_le64(whole + at) >> 32);
    }
    return at + 16 <= whole_size ? at + 8 : 0;
}

/* One word of the tag's first record is another. */
static bool lie(const char* tag, int word, uint64_t value)
{
    static unsigned char bytes[sizeof whole];
    memcpy(bytes, whole, whole_size);
    llmobsi_store_le64(bytes + record_of(tag) + 8 * (size_t)word, value);
    seal(bytes, whole_size);
    return is_taken(bytes, whole_size);
}

static const uint64_t odd[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 64, 255, 1u << 31, INT64_MAX,
                               (uint64_t)INT64_MIN, UINT64_MAX, UINT64_C(0x7ff0000000000000),
                               UINT64_C(0x7fefffffffffffff), UINT64_C(0x7ff8000000000000)};

static void test_every_word(void)
{
    static const struct { const char* tag; int words; } records[] = {
        {"STEP", 1}, {"WTCH", 12}, {"WNDW", 20}, {"ALRT", 19}};
    int taken = 0, all = 0;
    size_t i, j;
    int word;
    for (i = 0; i < sizeof records / sizeof records[0]; i++) {
        ok(record_of(records[i].tag) != 0, records[i].tag);
        for (word = 0; word < records[i].words; word++) {
            for (j = 0; j < sizeof odd / sizeof odd[0]; j++) {
                taken += lie(records[i].tag, word, odd[j]);
                all++;
            }
        }
    }
    ok(taken > 0 && taken < all, "of odd words some are taken, and some refused");
    printf("# %d of %d taken\n", taken, all);
}

static void test_lies(void)
{
    const uint64_t never = (uint64_t)INT64_MIN;
    ok(lie("ALRT", 9, 0), "an alert that began long ago is one");
    ok(!lie("ALRT", 9, 1000000), "one that begins tomorrow is not");
    ok(!lie("ALRT", 12, 1000000), "nor one that is over tomorrow");
    ok(!lie("ALRT", 13, never), "nor one that was told, and never");
    ok(!lie("ALRT", 1, 4), "nor one in a state that there is not");
    ok(!lie("WNDW", 3, 1000000), "nor a window of tomorrow");
    ok(!lie("WTCH", 5, 1000000), "nor a watch");
    ok(!lie("WTCH", 2, 0) && !lie("WTCH", 2, 5), "nor one of no tiers, or too many");
    ok(lie("WTCH", 1, LLMOBS_I_WATCH_BUCKETS) && lie("WTCH", 1, LLMOBS_I_WATCH_HEAVY),
       "one of another kind than its key says is nobody's");
}

/* The label values of an alert and of a watch's group: each ends in a zero byte, and there are as
   many as the rule has words after `by`. */
static void test_values(void)
{
    ok(llmobsi_alert_has_values("", 0, 0), "no labels are right for a rule by nothing");
    ok(!llmobsi_alert_has_values("", 0, 1), "and for no other");
    ok(llmobsi_alert_has_values("a\0bc", 5, 2), "two values for a rule by two labels");
    ok(!llmobsi_alert_has_values("a\0bc", 5, 1), "are too many for one");
    ok(!llmobsi_alert_has_values("a\0bc", 5, 3), "and too few for three");
    ok(!llmobsi_alert_has_values("a\0bc", 4, 1), "a value that doesn't end is none");
}

/* Many, by chance, in words of any record. */
static void test_chance(void)
{
    static unsigned char bytes[sizeof whole];
    long turns = sized(1500);
    int taken = 0;
    long i;
    for (i = 0; i < turns; i++) {
        int count = 1 + (int)(next_random() % 3);
        memcpy(bytes, whole, whole_size);
        while (count-- > 0) {
            size_t begin = record_of(next_random() % 2 ? "WTCH" : "ALRT");
            size_t at = begin + next_random() % (whole_size - begin - 8);
            bytes[at] = (unsigned char)next_random();
        }
        seal(bytes, whole_size);
        taken += is_taken(bytes, whole_size);
    }
    ok(taken < turns, "bytes by chance do no harm, and most are refused");
    printf("# %d of %ld taken\n", taken, turns);
}

int main(void)
{
    fresh_folder();
    file = open(STATE, O_RDWR | O_CREAT | O_TRUNC, 0600);
    make_file();
    printf("# %zu bytes\n", whole_size);
    test_accidents();
    test_every_word();
    test_lies();
    test_values();
    test_chance();
    is_int(unsound, 0, "whatever was loaded, what is saved can be read again");
    (void)close(file);
    return done();
}

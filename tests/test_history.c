/* The ring of the newest: what was put last is there, whole and in order, however it wraps; and
   with a recorder, whatever became of it. */
#define _GNU_SOURCE
#include "llmobs_private.h"

#include "tap.h"

#include "keeper.h"

#define FOLDER "build/tmp/test_history"
#include "recorded.h"

#define RANDOM_SEED 59
#include "random.h"

/* ---- the ring ------------------------------------------------------------------------------ */

#define CAPACITY 4096u
#define PARTS 4u
#define PUTS 20000u

static llmobsi_slot slots[PARTS];
static llmobsi_pool pool;
static unsigned char padded[64 + sizeof(llmobsi_history) + CAPACITY + 64];
static uint32_t sizes[PUTS];

/* A record of some parts, each as full as it happens to be, that says which it is. */
static void fill_record(uint32_t number)
{
    uint32_t parts = 1 + (uint32_t)(next_random() % PARTS);
    uint32_t i;
    memset((void*)slots, 0, sizeof slots);
    slots[0].start = number;
    slots[0].part_count = (uint8_t)parts;
    for (i = 0; i < parts; i++) {
        slots[i].used = (uint16_t)(next_random() % (LLMOBS_I_SLOT_BODY / 8 + 1) * 8);
        slots[i].next = i + 1 < parts ? i + 2 : 0;
        memset(slots[i].body, (int)(number + i), slots[i].used);
    }
}

/* Whether an entry is record `number`, as far as its first part goes. */
static bool is_record(const unsigned char* entry, uint32_t number)
{
    llmobsi_slot slot;
    uint32_t i;
    memcpy((void*)&slot, entry + sizeof(llmobsi_journal_entry), LLMOBS_I_SLOT_HEAD);
    for (i = 0; i < slot.used; i++) {
        if (entry[sizeof(llmobsi_journal_entry) + LLMOBS_I_SLOT_HEAD + i] !=
            (unsigned char)number) {
            return false;
        }
    }
    return slot.start == number;
}

/* Walks the ring after `count` puts. Returns how many records are in it; -1: not the newest, not in
   order, or not whole. */
static long walk(llmobsi_history* history, uint32_t count)
{
    uint64_t at = history->begin;
    uint32_t held[PUTS / 100];
    long found = 0;
    long i;
    if (history->end - at > CAPACITY) {
        return -1;
    }
    while (at != history->end) {
        uint32_t place = (uint32_t)(at % CAPACITY);
        llmobsi_journal_entry entry;
        memcpy(&entry, llmobsi_history_bytes(history) + place, sizeof entry);
        if (entry.size == 0 || entry.size > CAPACITY - place || at + entry.size > history->end) {
            return -1;
        }
        if (entry.parts != 0) {
            held[found++] = place;
        }
        at += entry.size;
    }
    for (i = 0; i < found; i++) {
        if (!is_record(llmobsi_history_bytes(history) + held[i], count - (uint32_t)(found - i))) {
            return -1;
        }
    }
    return found;
}

/* How many of the last could be held if no byte were lost to the wrap, less one record's room. */
static long at_least(uint32_t count)
{
    uint32_t most = (uint32_t)(sizeof(llmobsi_journal_entry) + PARTS * (8 + LLMOBS_I_SLOT_BYTES));
    uint32_t room = CAPACITY - most;
    long held = 0;
    while (count > 0 && sizes[count - 1] <= room) {
        room -= sizes[--count];
        held++;
    }
    return held;
}

static void test_ring(void)
{
    unsigned char* memory = padded + 64 - (uintptr_t)padded % 64;
    unsigned char* behind = memory + sizeof(llmobsi_history) + CAPACITY;
    llmobsi_history* history = (llmobsi_history*)(void*)memory;
    uint32_t wrong = 0;
    uint32_t few = 0;
    uint32_t number;
    memset(padded, 0, sizeof padded);
    *behind = 77;
    is_int(walk(history, 0), 0, "an empty ring is empty");
    for (number = 0; number < PUTS; number++) {
        long found;
        fill_record(number);
        sizes[number] = llmobsi_journal_entry_size(&pool, slots);
        llmobsi_history_put(history, CAPACITY, &pool, slots);
        found = walk(history, number + 1);
        wrong += found < 1;
        few += found < at_least(number + 1);
    }
    is_int(wrong, 0, "after each put the newest are there, whole, in order");
    is_int(few, 0, "as many as there is room for");
    ok(history->end > 100 * (uint64_t)CAPACITY, "many times around");
    is_int(*behind, 77, "and nothing is written behind its end");
}

/* An entry that ends where the ring does leaves no filler. */
static void test_exact(void)
{
    unsigned char* memory = padded + 64 - (uintptr_t)padded % 64;
    llmobsi_history* history = (llmobsi_history*)(void*)memory;
    uint32_t size;
    uint32_t i;
    memset(padded, 0, sizeof padded);
    memset((void*)slots, 0, sizeof slots);
    slots[0].part_count = 1;
    slots[0].used = 128 - (uint16_t)(sizeof(llmobsi_journal_entry) + LLMOBS_I_SLOT_HEAD);
    size = llmobsi_journal_entry_size(&pool, slots);
    is_int(size, 128, "an entry that divides the ring");
    for (i = 0; i < 100; i++) {
        slots[0].start = i;
        memset(slots[0].body, (int)i, slots[0].used);
        llmobsi_history_put(history, CAPACITY, &pool, slots);
    }
    is_int(walk(history, 100), CAPACITY / 128, "fills all of it");
    is_int(history->end, 100 * 128, "without fillers");
}

/* A span that grows behind its end, against the rule: what is written keeps to its size. */
static void test_grows(void)
{
    unsigned char bytes[1024];
    uint32_t size;
    fill_record(7);
    while (slots[0].part_count != 2 || slots[0].used == LLMOBS_I_SLOT_BODY ||
           slots[1].used == LLMOBS_I_SLOT_BODY) {
        fill_record(7);
    }
    size = llmobsi_journal_entry_size(&pool, slots);
    memset(bytes, 0x5a, sizeof bytes);
    slots[0].used = (uint16_t)LLMOBS_I_SLOT_BODY;
    slots[1].used = (uint16_t)LLMOBS_I_SLOT_BODY;
    llmobsi_journal_entry_write(bytes, size, &pool, slots);
    is_int(bytes[size], 0x5a, "what grows meanwhile writes nothing behind its entry");
    is_int(llmobsi_remains_entry(bytes, size, slots), size, "which is whole");
}

/* ---- with a recorder ----------------------------------------------------------------------- */

static llmobs_export_result take(void* user, const llmobs_batch* batch)
{
    (void)user;
    (void)batch;
    return LLMOBS_EXPORT_OK;
}

/* Keeps traces with an error: there is none. */
static void drop_by_tail(llmobs* obs)
{
    llmobs_tail_policy policy = llmobs_tail_policy_default();
    policy.name = "none";
    policy.type = LLMOBS_TAIL_STATUS;
    policy.status = LLMOBS_STATUS_ERROR;
    (void)llmobs_tail_policies(obs, &policy, 1, NULL);
}

typedef struct leaving {
    bool exporter;
    bool tail;
    uint32_t history;
} leaving;

static void leave(void* user)
{
    const leaving* how = (const leaving*)user;
    llmobs_config config = recorder_config(RECORD);
    llmobs* obs;
    int i;
    config.recorder_history_bytes = how->history;
    config.note = NULL;
    config.host_pumped = true;
    config.tail_traces = how->tail ? 64 : 0;
    obs = opened(&config);
    if (how->exporter) {
        (void)llmobs_export_to(obs, take, NULL);
    }
    if (how->tail) {
        drop_by_tail(obs);
    }
    for (i = 0; i < 1000; i++) {
        llmobs_span span = llmobs_span_root(obs, "step");
        llmobs_span_set_int(span, "number", i);
        llmobs_span_end(span);
        if (i % 100 == 99) {
            llmobs_log(obs, LLMOBS_SEVERITY_WARN, "event", "body");
            (void)llmobs_flush(obs, 5000);
        }
    }
    llmobs_span_set_int(llmobs_span_root(obs, "open"), "number", 1000);
    llmobs_span_end(llmobs_span_root(obs, "ended"));
}

static struct {
    uint64_t past; /* records in batches that are marked */
    bool mixed;    /* one that is not came after one that is */
} handed;

static llmobs_export_result keep_marked(void* user, const llmobs_batch* batch)
{
    if (batch->history) {
        handed.past += batch->span_count + batch->log_count;
    } else {
        handed.mixed |= handed.past != 0;
    }
    return keep(user, batch);
}

/* What a process leaves, with or without what nobody is owed. */
static llmobs_recovery recovered(leaving* how, unsigned options, keeper* kept)
{
    llmobs_recovery report;
    memset(&report, 0, sizeof report);
    memset(&handed, 0, sizeof handed);
    keeper_init(kept);
    fresh_folder();
    (void)in_process(leave, how);
    is_int(llmobs_recover(RECORD, keep_marked, kept, options, &report), LLMOBS_OK,
           "it is recovered");
    is_int(handed.past, report.history, "its history in batches that say so");
    ok(!handed.mixed, "after all others");
    is_int(kept->malformed, 0, "as the header promises");
    return report;
}

/* Whether the steps are the last ones, each once, in order. */
static bool are_newest(const keeper* kept, size_t count)
{
    size_t i;
    size_t step = 0;
    for (i = 0; i < kept->count; i++) {
        if (strcmp(kept->spans[i].name.data, "step") == 0) {
            int64_t number = kept_attribute(&kept->spans[i], "number")->value.integer;
            if (number != (int64_t)(1000 - count + step)) {
                return false;
            }
            step++;
        }
    }
    return step == count;
}

static void test_fate(const char* what, leaving how)
{
    keeper kept;
    llmobs_recovery report = recovered(&how, LLMOBS_RECOVER_HISTORY, &kept);
    uint64_t records = report.history;
    printf("# %s: %llu in the history\n", what, (unsigned long long)records);
    ok(records > 200 && records < 1000, what);
    is_int(report.spans + report.logs, 1, "beside what had ended");
    is_int(report.interrupted, 1, "and what had not");
    ok(kept.log_count >= 2 && kept.count + kept.log_count == records + 2, "with log records");
    ok(are_newest(&kept, kept.count - 2), "the newest, in order");
    is_int(report.damaged + report.half_made, 0, "nothing is wrong");
    ok(sum_of_account(&report.stats) == report.stats.started, "and the account is as it was");
    keeper_clear(&kept);
    report = recovered(&how, 0, &kept);
    is_int(report.spans + report.logs, 1, "who does not ask for it gets what is owed");
    is_int(report.history, 0, "and nothing else");
    keeper_clear(&kept);
}

static void test_fates(void)
{
    leaving how = {true, false, 65536};
    test_fate("what was delivered is there", how);
    how.exporter = false;
    test_fate("what nobody took, too", how);
    how.exporter = true;
    how.tail = true;
    test_fate("and what tail sampling dropped", how);
}

static uint64_t ids[2][8];

static llmobs_export_result note_id(void* user, const llmobs_batch* batch)
{
    size_t i = 0;
    uint64_t* seen = ids[*(const int*)user];
    while (i < 7 && seen[i] != 0) {
        i++;
    }
    seen[i] = batch->id;
    return LLMOBS_EXPORT_OK;
}

/* A receiver that goes by ids takes what is owed once, whoever looked at it before, and how. */
static void test_ids(void)
{
    leaving how = {true, false, 65536};
    int run;
    fresh_folder();
    (void)in_process(leave, &how);
    for (run = 0; run < 2; run++) {
        ok(llmobs_recover(RECORD, note_id, &run, run == 0 ? 0 : LLMOBS_RECOVER_HISTORY, NULL) ==
               LLMOBS_OK,
           "a file is recovered");
    }
    ok(ids[0][0] != 0 && ids[1][0] == ids[0][0], "what is owed has its id, history or not");
    ok(ids[0][1] == 0 && ids[1][1] != 0 && ids[1][2] != 0 && ids[1][1] != ids[1][0] &&
           ids[1][2] != ids[1][1],
       "history has others");
}

static void test_none(void)
{
    leaving how = {true, false, 0};
    keeper kept;
    llmobs_recovery report = recovered(&how, LLMOBS_RECOVER_HISTORY, &kept);
    is_int(report.spans + report.logs, 1, "without room for it there is no history");
    is_int(report.history, 0, "at all");
    keeper_clear(&kept);
}

static void test_size(void)
{
    llmobs_config config = recorder_config(RECORD);
    size_t without = llmobs_recorder_file_bytes(&config);
    size_t size;
    const size_t page = 4096; /* by which all of it is rounded */
    config.recorder_history_bytes = 1;
    ok(llmobs_recorder_file_bytes(&config) >= without + 65536 - page, "64 KiB at least");
    config.recorder_history_bytes = 1000000;
    ok(llmobs_recorder_file_bytes(&config) >= without + 1000000 - page &&
           llmobs_recorder_file_bytes(&config) <= without + 1000000 + page,
       "or what was asked for");
    config.recorder_file = NULL;
    size = llmobs_memory_needed(&config);
    config.recorder_history_bytes = 0;
    is_int(size, llmobs_memory_needed(&config), "without a file it takes no memory");
}

/* In a fork's child there is no recorder, and so no history: it goes on without. */
static void in_child(void* user)
{
    llmobs* obs = *(llmobs**)user;
    int i;
    for (i = 0; i < 1000; i++) {
        llmobs_span_end(llmobs_span_root(obs, "child"));
    }
    (void)llmobs_flush(obs, 5000);
}

static void test_child(void)
{
    llmobs_config config = recorder_config(RECORD);
    unsigned char* before;
    unsigned char* after;
    size_t size = 0;
    llmobs* obs;
    fresh_folder();
    config.recorder_history_bytes = 65536;
    config.host_pumped = true;
    obs = opened(&config);
    llmobs_span_end(llmobs_span_root(obs, "parent"));
    (void)llmobs_flush(obs, 5000);
    before = file_bytes(RECORD, &size);
    (void)in_process(in_child, &obs);
    after = file_bytes(RECORD, &size);
    ok(before != NULL && after != NULL && memcmp(before, after, size) == 0,
       "a child leaves its parent's history alone");
    free(before);
    free(after);
    ok(llmobs_close(obs) == LLMOBS_OK, "it closes");
}

int main(void)
{
    pool.slots = slots;
    pool.mask = PARTS - 1;
    test_ring();
    test_exact();
    test_grows();
    test_fates();
    test_ids();
    test_none();
    test_size();
    test_child();
    return done();
}

/* Files of flight recorders that are damaged, hostile, or none: refused, or recovered as far as
   they hold together. */
#define _GNU_SOURCE
#include "llmobs_private.h"

#include "tap.h"

#include "keeper.h"

#define FOLDER "build/tmp/test_recover"
#include "recorded.h"

#define RANDOM_SEED 43
#include "random.h"

/* ---- a small file -------------------------------------------------------------------------- */

static llmobs_export_result answer(void* user, const llmobs_batch* batch)
{
    (void)batch;
    return *(const llmobs_export_result*)user;
}

/* What is in the history alone. */
static void leave_past(llmobs* obs)
{
    static const char* const list[] = {"one", "two"};
    llmobs_span span = llmobs_span_root(obs, "delivered");
    char text[500];
    memset(text, 'y', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    llmobs_span_set_strings(span, "list", list, 2);
    llmobs_span_set_string(span, "k0", text);
    llmobs_span_end(span);
    llmobs_log(obs, LLMOBS_SEVERITY_WARN, "event", "delivered");
    llmobs_span_end(llmobs_span_root(obs, "delivered last"));
    (void)llmobs_flush(obs, 5000);
}

static void leave_spans(llmobs* obs)
{
    static const char* const keys[] = {"k0", "k1", "k2", "k3"};
    static const char* const list[] = {"one", "two"};
    llmobs_trace_context link;
    llmobs_span_info info = llmobs_span_info_default();
    char text[200];
    int i;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    info.name = "remote";
    info.traceparent = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01";
    info.tracestate = "vendor=value";
    (void)llmobs_trace_context_parse(&link, info.traceparent, LLMOBS_NUL_TERMINATED, "a=b",
                                     LLMOBS_NUL_TERMINATED);
    for (i = 0; i < 4; i++) {
        llmobs_span span = llmobs_span_begin(obs, &info);
        int k;
        for (k = 0; k < 4; k++) {
            llmobs_span_set_string(span, keys[k], text);
        }
        llmobs_span_set_strings(span, "list", list, 2);
        llmobs_span_set_double(span, "double", 0.5);
        llmobs_span_set_bool(span, "bool", true);
        llmobs_span_link(span, &link);
        llmobs_span_event(span, "event");
        llmobs_span_set_status(span, LLMOBS_STATUS_ERROR, "went wrong");
        if (i != 3) {
            llmobs_span_end(span);
        }
        if (i == 0) {
            llmobs_interaction interaction = llmobs_interaction_default();
            interaction.model = llmobs_str("model");
            interaction.input_tokens = 5;
            llmobs_log_interaction(obs, span, &interaction);
            llmobs_log(obs, LLMOBS_SEVERITY_WARN, "event", "body");
            (void)llmobs_tick(obs);
        }
    }
    llmobs_log(obs, LLMOBS_SEVERITY_ERROR, "event", "body");
}

static void leave_metrics(llmobs* obs)
{
    static const double bounds[] = {1.0, 2.0};
    static const char* const labels[] = {"model"};
    static const char* const values[] = {"a \"model\""};
    llmobs_metric_info info = llmobs_metric_info_default();
    llmobs_histogram histogram;
    int i;
    info.name = "tokens";
    info.instrument = LLMOBS_COUNTER;
    info.labels = labels;
    info.label_count = 1;
    info.exemplars = true;
    llmobs_counter_add(llmobs_counter_get(llmobs_metric_define(obs, &info, NULL), values, 1), 42);
    info.name = "level";
    info.instrument = LLMOBS_GAUGE;
    info.exemplars = false;
    llmobs_gauge_set(llmobs_gauge_get(llmobs_metric_define(obs, &info, NULL), values, 1), 2.5);
    info.name = "seconds";
    info.exemplars = true;
    info.instrument = LLMOBS_HISTOGRAM;
    info.bounds = bounds;
    info.bound_count = 2;
    info.number = LLMOBS_NUMBER_DOUBLE;
    histogram = llmobs_histogram_get(llmobs_metric_define(obs, &info, NULL), values, 1);
    llmobs_histogram_record(histogram, 1.5);
    info.name = "spread";
    info.instrument = LLMOBS_HISTOGRAM_EXPONENTIAL;
    histogram = llmobs_histogram_get(llmobs_metric_define(obs, &info, NULL), values, 1);
    for (i = 1; i < 50; i++) {
        llmobs_histogram_record(histogram, (double)i * (double)i * 1e-3);
    }
}

static void leave(void* user)
{
    llmobs_config config = recorder_config(RECORD);
    llmobs_export_result result = LLMOBS_EXPORT_OK;
    llmobs* obs;
    (void)user;
    config.note = NULL;
    config.vocabulary = LLMOBS_VOCABULARY_ARTICLE;
    config.host_pumped = true;
    config.recorder_history_bytes = 65536;
    config.batch_delay_ms = 3600000;
    config.span_slots = 64;
    config.max_threads = 1;
    config.name_bytes = 1024;
    config.max_exporters = 1;
    config.metric_series = 16;
    config.max_metrics = 8;
    config.metric_bytes = 65536;
    config.exemplars = 16;
    config.metric_families = LLMOBS_OFF;
    obs = opened(&config);
    (void)llmobs_export_to(obs, answer, &result);
    leave_past(obs);
    result = LLMOBS_EXPORT_RETRY;
    leave_spans(obs);
    leave_metrics(obs);
}

static unsigned char* whole; /* the file */
static size_t whole_size;

/* ---- taking ------------------------------------------------------------------------------- */

static size_t encoded;
static uint32_t vocabulary; /* of the interactions */

static bool count_bytes(void* user, const char* data, size_t size)
{
    (void)user;
    encoded += size + (size_t)(data[0] == '\0');
    return true;
}

/* Encodes all there is, and holds spans and logs to what the header promises. */
static llmobs_export_result take(void* user, const llmobs_batch* batch)
{
    size_t i;
    for (i = 0; i < batch->log_count; i++) {
        vocabulary |= batch->logs[i].vocabulary;
    }
    (void)llmobs_encode(batch, LLMOBS_FORMAT_OTLP_JSON, count_bytes, NULL);
    (void)llmobs_encode(batch, LLMOBS_FORMAT_LOG_JSON, count_bytes, NULL);
    (void)llmobs_encode(batch, LLMOBS_FORMAT_CHROME, count_bytes, NULL);
    return batch->metric_count > 0 ? LLMOBS_EXPORT_OK : keep(user, batch);
}

/* Recovers an image; it is changed. */
static llmobs_result recover(unsigned char* image, size_t size, llmobs_recovery* report,
                             size_t* malformed)
{
    keeper kept;
    llmobs_result result;
    memset(report, 0, sizeof *report);
    keeper_init(&kept);
    result =
        llmobsi_recover_image(image, size, take, &kept, LLMOBS_RECOVER_HISTORY, report);
    if (kept.malformed != 0 && *malformed < 10) {
        printf("# %s\n", kept.problem);
    }
    *malformed += kept.malformed;
    keeper_clear(&kept);
    return result;
}

static void test_whole(void)
{
    unsigned char* image = (unsigned char*)aligned_alloc(64, whole_size);
    llmobs_recovery report;
    size_t malformed = 0;
    memcpy(image, whole, whole_size);
    is_int(recover(image, whole_size, &report, &malformed), LLMOBS_OK, "a file is recovered");
    is_int(report.spans, 3, "spans");
    is_int(report.interrupted, 1, "one in flight");
    is_int(report.logs, 3, "log records");
    is_int(report.queued, 3, "some from a queue");
    is_int(report.history, 3, "some that were delivered");
    is_int(report.series, 4, "metrics");
    is_int(vocabulary, LLMOBS_VOCABULARY_ARTICLE, "an interaction in the words of its time");
    is_int(report.damaged + malformed, 0, "all of it whole");
    printf("# a file of %zu bytes, a head of %zu\n", whole_size, sizeof(llmobsi_flight_head));
    free(image);
}

/* ---- bits ---------------------------------------------------------------------------------- */

/* Every bit of what is written once. */
static void test_head(void)
{
    size_t checked = offsetof(llmobsi_flight_head, checksum) + 8;
    unsigned char* image = (unsigned char*)aligned_alloc(64, whole_size);
    size_t accepted = 0;
    size_t malformed = 0;
    size_t bit;
    memcpy(image, whole, whole_size);
    for (bit = 0; bit < 8 * checked; bit++) {
        llmobs_recovery report;
        llmobs_result result;
        image[bit / 8] ^= (unsigned char)(1u << bit % 8);
        result = recover(image, whole_size, &report, &malformed);
        accepted += result != LLMOBS_ERROR_DATA && result != LLMOBS_ERROR_MISMATCH;
        image[bit / 8] ^= (unsigned char)(1u << bit % 8);
    }
    is_int(accepted, 0, "a head with a wrong bit is refused, each of them");
    free(image);
}

/* Bits of the rest, some at a time: whatever it comes to, views are as the header promises. */
static void test_bits(void)
{
    long rounds = sized(20000);
    unsigned char* image = (unsigned char*)aligned_alloc(64, whole_size);
    size_t from = offsetof(llmobsi_flight_head, tally);
    size_t malformed = 0;
    size_t damaged = 0;
    size_t refused = 0;
    size_t used = 0;
    size_t* places = (size_t*)malloc(whole_size * sizeof(size_t));
    size_t i;
    long round;
    for (i = from; i < whole_size; i++) {
        places[used] = i;
        used += whole[i] != 0; /* where something stands */
    }
    for (round = 0; round < rounds; round++) {
        size_t flips = 1 + next_random() % 8;
        llmobs_recovery report;
        llmobs_result result;
        memcpy(image, whole, whole_size);
        for (i = 0; i < flips; i++) {
            size_t at = next_random() % 4 != 0
                            ? places[next_random() % used] + next_random() % 3
                            : from + next_random() % (whole_size - from);
            at = at < whole_size ? at : from;
            image[at] ^= (unsigned char)(1u << next_random() % 8);
        }
        result = recover(image, whole_size, &report, &malformed);
        refused += result != LLMOBS_OK;
        damaged += report.damaged != 0;
    }
    printf("# %ld files with wrong bits: %zu refused, %zu with damage, %zu bytes encoded\n", rounds,
           refused, damaged, encoded);
    ok(damaged > 0, "damage is seen");
    is_int(malformed, 0, "and never handed out as what it is not");
    free(places);
    free(image);
}

/* Words of every kind of nonsense, where numbers, addresses and counts stand. */
static void test_words(void)
{
    static const uint64_t words[] = {0, 1, UINT64_MAX, INT64_MAX, UINT64_C(0x8000000000000000),
                                     UINT64_C(0x7ff0000000000000), UINT64_C(0x7ff8000000000000),
                                     UINT32_MAX, UINT64_C(0xffff0000ffff0000), 0x0101010101010101};
    long rounds = sized(20000);
    unsigned char* image = (unsigned char*)aligned_alloc(64, whole_size);
    size_t from = offsetof(llmobsi_flight_head, tally) / 8;
    size_t malformed = 0;
    size_t used = 0;
    size_t* places = (size_t*)malloc(whole_size * sizeof(size_t));
    size_t i;
    long round;
    for (i = from; i < whole_size / 8; i++) {
        static const unsigned char none[8];
        places[used] = i;
        used += memcmp(whole + 8 * i, none, 8) != 0;
    }
    for (round = 0; round < rounds; round++) {
        size_t count = 1 + next_random() % 3;
        llmobs_recovery report;
        memcpy(image, whole, whole_size);
        for (i = 0; i < count; i++) {
            uint64_t word = words[next_random() % (sizeof words / sizeof words[0])];
            if (next_random() % 4 == 0) { /* an address in the file */
                word = ((const llmobsi_flight_head*)(const void*)whole)->base +
                       next_random() % (whole_size + 64);
            }
            memcpy(image + 8 * places[next_random() % used], &word, 8);
        }
        (void)recover(image, whole_size, &report, &malformed);
    }
    is_int(malformed, 0, "nor are words of nonsense");
    free(places);
    free(image);
}

/* The slots in a copy of the file. */
static llmobsi_pool* slots_of(unsigned char* image, llmobsi_remains* remains)
{
    memcpy(image, whole, whole_size);
    memset((void*)remains, 0, sizeof *remains);
    remains->image = image;
    remains->size = whole_size;
    ok(llmobsi_remains_head(remains) == LLMOBS_OK, "a file");
    llmobsi_remains_layout(remains);
    return &remains->recorder.pool;
}

/* A chain of slots that comes back to itself, and ends all the same. */
static void test_cycle(void)
{
    llmobsi_remains remains;
    unsigned char* image = (unsigned char*)aligned_alloc(64, whole_size);
    llmobsi_pool* pool = slots_of(image, &remains);
    llmobs_recovery report;
    size_t malformed = 0;
    uint32_t i;
    for (i = 0; i <= pool->mask; i++) {
        pool->slots[i].next = i + 1;
        pool->slots[i].part_count = 64;
    }
    is_int(recover(image, whole_size, &report, &malformed), LLMOBS_OK, "chains in a circle end");
    is_int(malformed, 0, "as something");
    free(image);
}

/* Log records are never in flight: a slot that says so is no record. */
static void test_live_log(void)
{
    llmobsi_remains remains;
    unsigned char* image = (unsigned char*)aligned_alloc(64, whole_size);
    llmobsi_pool* pool = slots_of(image, &remains);
    llmobs_recovery report;
    size_t malformed = 0;
    uint32_t i;
    for (i = 0; i <= pool->mask; i++) {
        llmobsi_slot* slot = &pool->slots[i];
        if ((slot->state & 3u) == LLMOBS_I_SLOT_ENDED && slot->kind >= LLMOBS_I_SLOT_IS_LOG) {
            slot->state--;
        }
    }
    is_int(recover(image, whole_size, &report, &malformed), LLMOBS_OK, "live log records");
    ok(report.logs == 2 && report.interrupted == 1 && malformed == 0, "are left out");
    free(image);
}

/* A slot that has more in its body than there is room for is damaged, in flight or not: what stands
   in it is not looked at, least of all unchecked. */
static void test_overfull(void)
{
    llmobsi_remains remains;
    unsigned char* image = (unsigned char*)aligned_alloc(64, whole_size);
    llmobsi_pool* pool = slots_of(image, &remains);
    llmobs_recovery report;
    size_t malformed = 0;
    uint32_t i;
    for (i = 0; i <= pool->mask; i++) {
        llmobsi_slot* slot = &pool->slots[i];
        uint32_t place = 0;
        if (slot->kind < LLMOBS_I_SLOT_IS_LOG && (slot->state & 3u) == LLMOBS_I_SLOT_LIVE) {
            while (llmobsi_field_next(slot, &place) != NULL) {
                llmobsi_field* next = (llmobsi_field*)(void*)(slot->body + place);
                if (place < slot->used && next->type <= LLMOBS_TYPE_STRINGS) {
                    next->type = 109;
                }
            }
            slot->used = UINT16_MAX;
        }
    }
    is_int(recover(image, whole_size, &report, &malformed), LLMOBS_OK, "overfull slots");
    is_int(malformed, 0, "are not handed out as what they are not");
    ok(report.damaged == 1 && report.interrupted == 0 && report.spans == 3, "but damaged");
    free(image);
}

/* A gauge stands in the cells that all threads share, and nowhere else. */
static void test_pageless(void)
{
    llmobsi_remains remains;
    unsigned char* image = (unsigned char*)aligned_alloc(64, whole_size);
    const llmobsi_cells* cells = &remains.recorder.registry.cells;
    llmobs_recovery report;
    size_t malformed = 0;
    (void)slots_of(image, &remains);
    memset((void*)cells->shared.pages, 0, cells->row_pages * sizeof cells->shared.pages[0]);
    is_int(recover(image, whole_size, &report, &malformed), LLMOBS_OK, "a row without its pages");
    is_int(report.damaged, 2, "has no gauge, nor what overflowed of it");
    is_int(report.series, 3, "but the rest");
    free(image);
}

/* One damaged entry does not hide those behind it. */
static void test_history_entry(void)
{
    llmobsi_remains remains;
    unsigned char* image = (unsigned char*)aligned_alloc(64, whole_size);
    llmobs_recovery report;
    size_t malformed = 0;
    (void)slots_of(image, &remains);
    llmobsi_history_bytes(remains.history)[sizeof(llmobsi_journal_entry) +
                                           offsetof(llmobsi_slot, used) + 1] ^= 0x40;
    is_int(recover(image, whole_size, &report, &malformed), LLMOBS_OK, "a damaged entry");
    ok(report.damaged == 1 && report.history == 2 && malformed == 0, "is left out, and no other");
    free(image);
}

/* An entry whose size can't be ends what is found: nobody knows where the next one is. */
static void test_history_size(void)
{
    uint32_t sizes[] = {0, 4, 0, UINT32_MAX};
    llmobsi_remains remains;
    unsigned char* image = (unsigned char*)aligned_alloc(64, whole_size);
    llmobs_recovery report;
    size_t malformed = 0;
    size_t wrong = 0;
    size_t i;
    for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        (void)slots_of(image, &remains);
        sizes[2] = (uint32_t)(remains.history->end - remains.history->begin) + 8;
        memcpy(llmobsi_history_bytes(remains.history) + offsetof(llmobsi_journal_entry, size),
               &sizes[i], sizeof sizes[i]);
        wrong += recover(image, whole_size, &report, &malformed) != LLMOBS_OK;
        wrong += report.damaged != 1 || report.history != 0;
    }
    is_int(wrong + malformed, 0, "an entry of no size, or too large, is damaged, once");
    free(image);
}

/* ---- files --------------------------------------------------------------------------------- */

static llmobs_result of_file(const char* path)
{
    keeper kept;
    llmobs_result result;
    keeper_init(&kept);
    result = llmobs_recover(path, take, &kept, LLMOBS_RECOVER_REMOVE, NULL);
    keeper_clear(&kept);
    return result;
}

static void test_truncated(void)
{
    size_t page = 4096;
    size_t wrong = 0;
    size_t size;
    put_file(RECORD, whole, whole_size);
    for (size = whole_size - page; size > sizeof(llmobsi_flight_head); size -= page) {
        wrong += truncate(RECORD, (off_t)size) != 0;
        wrong += of_file(RECORD) != LLMOBS_ERROR_DATA;
    }
    for (size = sizeof(llmobsi_flight_head); size > 0; size -= size > 5000 ? 7 : 1) {
        wrong += truncate(RECORD, (off_t)size) != 0;
        wrong += of_file(RECORD) != LLMOBS_ERROR_DATA;
    }
    wrong += truncate(RECORD, 0) != 0;
    wrong += of_file(RECORD) != LLMOBS_ERROR_DATA;
    is_int(wrong, 0, "a file that is cut off anywhere is refused, and stays");
    ok(is_there(RECORD), "where it is");
    put_file(RECORD, whole, whole_size);
    (void)truncate(RECORD, (off_t)(whole_size + page));
    is_int(of_file(RECORD), LLMOBS_ERROR_DATA, "and so is one that is longer");
    (void)truncate(RECORD, (off_t)1 << 40);
    is_int(of_file(RECORD), LLMOBS_ERROR_DATA, "by a terabyte");
}

static void test_kinds(void)
{
    fresh_folder();
    is_int(of_file(RECORD), LLMOBS_ERROR_SYSTEM, "no file");
    is_int(of_file(FOLDER), LLMOBS_ERROR_ARGUMENT, "a folder is none");
    (void)mkfifo(RECORD, 0600);
    is_int(of_file(RECORD), LLMOBS_ERROR_ARGUMENT, "nor is a pipe, which is not waited for");
    (void)unlink(RECORD);
    put_file(FOLDER "/target", whole, whole_size);
    (void)symlink("target", RECORD);
    is_int(of_file(RECORD), LLMOBS_ERROR_ARGUMENT, "links are not followed");
    (void)unlink(RECORD);
    (void)link(FOLDER "/target", RECORD);
    is_int(of_file(RECORD), LLMOBS_ERROR_ARGUMENT, "and no second names");
    (void)unlink(FOLDER "/target");
    is_int(of_file("/dev/null"), LLMOBS_ERROR_ARGUMENT, "a device is none");
    if (geteuid() == 0 && chown(RECORD, 12345, 12345) == 0) {
        is_int(of_file(RECORD), LLMOBS_ERROR_ARGUMENT, "another user's is refused");
        (void)chown(RECORD, 0, 0);
    } else {
        skip("another user's is refused", "only root can make one");
    }
    is_int(of_file(RECORD), LLMOBS_OK, "and then it is taken");
    ok(!is_there(RECORD), "and removed");
}

/* What a head says: a few exemplars more or less may have room in the last page. */
static const llmobs_config* config_of(const llmobsi_flight_head* head)
{
    static llmobs_config config;
    config = llmobs_config_default();
#define FIELD(field) config.field = head->field;
    LLMOBS_I_FLIGHT_FIELDS(FIELD)
#undef FIELD
    return &config;
}

/* Another build of the library, another machine. */
static void test_other_build(void)
{
    unsigned char* image = (unsigned char*)aligned_alloc(64, whole_size);
    llmobsi_flight_head* head = (llmobsi_flight_head*)(void*)image;
    llmobs_recovery report;
    size_t malformed = 0;
    size_t wrong = 0;
    int field;
    memcpy(image, whole, whole_size);
    head->build++;
    head->checksum = llmobsi_flight_checksum(head);
    is_int(recover(image, whole_size, &report, &malformed), LLMOBS_ERROR_MISMATCH,
           "another build's file is told apart");
    for (field = 0; field < 11; field++) {
        static const uint32_t values[] = {0, 1, 63, 65, 1u << 30, UINT32_MAX, UINT32_MAX - 1};
        size_t i;
        for (i = 0; i < sizeof values / sizeof values[0]; i++) {
            memcpy(image, whole, whole_size);
            (&head->span_slots)[field] = values[i];
            head->checksum = llmobsi_flight_checksum(head);
            if (memcmp(image, whole, whole_size) != 0 &&
                llmobs_recorder_file_bytes(config_of(head)) != whole_size) {
                wrong += recover(image, whole_size, &report, &malformed) != LLMOBS_ERROR_DATA;
            }
        }
    }
    is_int(wrong, 0, "sizes that do not make a file of this size are refused");
    free(image);
}

int main(void)
{
    fresh_folder();
    (void)in_process(leave, NULL);
    whole = file_bytes(RECORD, &whole_size);
    if (whole == NULL) {
        printf("Bail out! nothing was recorded\n");
        return 1;
    }
    test_whole();
    test_head();
    test_bits();
    test_words();
    test_cycle();
    test_live_log();
    test_overfull();
    test_pageless();
    test_history_entry();
    test_history_size();
    test_truncated();
    test_kinds();
    test_other_build();
    free(whole);
    return done();
}

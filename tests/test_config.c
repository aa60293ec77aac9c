/* The configuration: defaults three ways, ranges, ratios, older structs. */
#include "llmobs_private.h"
#include "tap.h"

#include <math.h>
#include <stddef.h>

static char last_text[128];

static void count_ranges(void* user, llmobs_note note, uint64_t count, const char* text)
{
    *(uint64_t*)user += note == LLMOBS_NOTE_CONFIG_RANGE ? count : 0;
    (void)snprintf(last_text, sizeof last_text, "%s", text);
}

static llmobs_config completed(const llmobs_config* given, bool* in_range)
{
    llmobs_config out;
    uint64_t noted = 0;
    memset(&out, 0x5a, sizeof out);
    if (given != NULL) {
        llmobs_config asked = *given;
        asked.note = count_ranges;
        asked.note_user = &noted;
        llmobsi_config_complete(&out, &asked, true);
        out.note = given->note;
        out.note_user = given->note_user;
    } else {
        llmobsi_config_complete(&out, NULL, true);
    }
    *in_range = noted == 0;
    return out;
}

static bool same_numbers(const llmobs_config* a, const llmobs_config* b)
{
    return a->size == b->size && strcmp(a->service_name, b->service_name) == 0 &&
           a->service_version == b->service_version &&
           memcmp(&a->span_slots, &b->span_slots,
                  offsetof(llmobs_config, sample_ratio) -
                      offsetof(llmobs_config, span_slots)) == 0 &&
           fabs(a->sample_ratio - b->sample_ratio) < 1e-300 &&
           a->distrust_remote == b->distrust_remote && a->host_pumped == b->host_pumped &&
           a->memory == b->memory && a->clock.unix_ns == b->clock.unix_ns && a->note == b->note;
}

static void test_defaults(void)
{
    llmobs_config standard = llmobs_config_default();
    llmobs_config zero;
    llmobs_config by_null;
    llmobs_config by_zero;
    llmobs_config by_default;
    bool in_range;
    memset(&zero, 0, sizeof zero);
    by_null = completed(NULL, &in_range);
    ok(in_range, "no config is in range");
    by_zero = completed(&zero, &in_range);
    ok(in_range, "a zeroed one is");
    by_default = completed(&standard, &in_range);
    ok(in_range, "the default one is");
    ok(same_numbers(&by_null, &by_zero), "all mean the same");
    ok(same_numbers(&by_null, &by_default), "all three");
    is_int(by_null.span_slots, 4096, "and what the header says");
    is_int(by_null.max_threads, 64, "threads");
    is_int(by_null.queue_bytes, 1048576, "queue");
    is_str(by_null.service_name, "unknown_service", "service");
}

typedef struct range {
    size_t offset;
    uint32_t least;
    uint32_t most;
    const char* name;
} range;

#define RANGE(field, least, most) {offsetof(llmobs_config, field), least, most, #field}

static void test_ranges(void)
{
    static const range ranges[] = {
        RANGE(span_slots, 64, 1048576),      RANGE(max_threads, 1, 1024),
        RANGE(name_bytes, 1024, 67108864),   RANGE(value_bytes, 16, 400),
        RANGE(span_parts, 1, 64),            RANGE(max_exporters, 1, 16),
        RANGE(batch_bytes, 4096, 524288),
        RANGE(batch_delay_ms, 1, 3600000),   RANGE(tick_ms, 1, 3600000),
        RANGE(close_timeout_ms, 1, 3600000), RANGE(span_max_age_s, 1, 31536000),
    };
    size_t i;
    for (i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        llmobs_config config = llmobs_config_default();
        llmobs_config out;
        uint32_t* field = (uint32_t*)(void*)((char*)&config + ranges[i].offset);
        const uint32_t* got = (const uint32_t*)(const void*)((char*)&out + ranges[i].offset);
        bool in_range;
        *field = ranges[i].least;
        out = completed(&config, &in_range);
        ok(in_range && *got == ranges[i].least, ranges[i].name);
        *field = ranges[i].most;
        out = completed(&config, &in_range);
        ok(in_range && *got == ranges[i].most, "its most");
        *field = ranges[i].most + 1;
        out = completed(&config, &in_range);
        ok(!in_range && *got == ranges[i].most, "more is brought down, and told");
        *field = ranges[i].least - 1; /* 0: the default */
        out = completed(&config, &in_range);
        ok(in_range == (*field == 0) && *got >= ranges[i].least, "less is brought up");
    }
}

static void test_ratios(void)
{
    static const struct {
        double given;
        double got;
        bool in_range;
    } cases[] = {{0.0, 1.0, true},   {-0.0, 1.0, true},  {0.25, 0.25, true}, {1.0, 1.0, true},
                 {1.5, 1.0, false},  {-1.0, 0.0, true},  {-0.5, 0.0, false}, {-2.0, 0.0, false},
                 {1e-300, 1e-300, true}};
    llmobs_config config = llmobs_config_default();
    llmobs_config out;
    bool in_range;
    size_t i;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char what[32];
        config.sample_ratio = cases[i].given;
        out = completed(&config, &in_range);
        (void)snprintf(what, sizeof what, "ratio %g", cases[i].given);
        ok(in_range == cases[i].in_range && fabs(out.sample_ratio - cases[i].got) < 1e-310, what);
    }
    config.sample_ratio = (double)NAN;
    out = completed(&config, &in_range);
    ok(!in_range && fabs(out.sample_ratio - 1.0) < 1e-9, "NaN");
    config.sample_ratio = (double)INFINITY;
    out = completed(&config, &in_range);
    ok(!in_range && fabs(out.sample_ratio - 1.0) < 1e-9, "infinity");
}

/* What decides who is judged: 0 is the default, and each part can be switched off. */
static void test_judge(void)
{
    llmobs_config config;
    llmobs_config out;
    bool in_range;
    memset(&config, 0, sizeof config);
    out = completed(&config, &in_range);
    ok(in_range && fabs(out.judge_ratio - 0.05) < 1e-9, "5 % are judged");
    ok(out.judge_cost_nano == 1000000000 && out.judge_slow_ms == 30000 &&
           out.judge_new_version == 50 && out.judge_forced_per_minute == 60 &&
           out.judge_floor_per_hour == 4,
       "and what the header says");
    config.judge_ratio = LLMOBS_SAMPLE_NONE;
    config.judge_cost_nano = -1;
    config.judge_slow_ms = config.judge_new_version = LLMOBS_OFF;
    config.judge_forced_per_minute = config.judge_floor_per_hour = LLMOBS_OFF;
    out = completed(&config, &in_range);
    ok(in_range && fabs(out.judge_ratio) < 1e-310 && out.judge_cost_nano == -1, "none");
    ok(out.judge_slow_ms == LLMOBS_OFF && out.judge_new_version == LLMOBS_OFF &&
           out.judge_forced_per_minute == LLMOBS_OFF && out.judge_floor_per_hour == LLMOBS_OFF,
       "off stays off");
    config.judge_ratio = (double)NAN;
    out = completed(&config, &in_range);
    ok(!in_range && fabs(out.judge_ratio - 0.05) < 1e-9, "NaN is the default");
    config.judge_ratio = 1.5;
    out = completed(&config, &in_range);
    ok(!in_range && fabs(out.judge_ratio - 1.0) < 1e-9, "more than all is all");
    config.judge_ratio = 0.5;
    config.judge_floor_per_hour = 3601;
    out = completed(&config, &in_range);
    ok(!in_range && out.judge_floor_per_hour == 3600, "a floor has a ceiling");
}

static void test_relations(void)
{
    llmobs_config config = llmobs_config_default();
    llmobs_config out;
    bool in_range;
    config.queue_bytes = 65536;
    config.batch_bytes = 0;
    out = completed(&config, &in_range);
    ok(in_range && out.batch_bytes == 32768, "a small queue has small batches by default");
    config.batch_bytes = 65536;
    out = completed(&config, &in_range);
    ok(!in_range && out.batch_bytes == 32768, "and larger ones are not taken");
    config = llmobs_config_default();
    config.queue_bytes = 4096;
    out = completed(&config, &in_range);
    ok(!in_range && out.queue_bytes == 65536, "a queue is not smaller than that");
    config.queue_bytes = UINT32_MAX;
    out = completed(&config, &in_range);
    ok(!in_range && out.queue_bytes == 1 << 30, "nor larger than a gibibyte");
    config = llmobs_config_default();
    config.span_slots = 100;
    out = completed(&config, &in_range);
    ok(in_range && out.span_slots == 128, "slots are a power of two");
    config.span_slots = LLMOBS_OFF;
    out = completed(&config, &in_range);
    ok(in_range && out.span_slots == LLMOBS_OFF, "or off");
    config = llmobs_config_default();
    config.service_name = "";
    out = completed(&config, &in_range);
    is_str(out.service_name, "unknown_service", "no name is the default one");
}

static void test_sizes(void)
{
    llmobs_config config = llmobs_config_default();
    llmobs_config out;
    bool in_range;
    config.max_threads = 3;
    config.span_slots = 512;
    config.size = offsetof(llmobs_config, max_threads);
    out = completed(&config, &in_range);
    ok(out.span_slots == 512 && out.max_threads == 64, "an older caller's struct is shorter");
    config.size = 1;
    out = completed(&config, &in_range);
    ok(in_range && out.span_slots == 4096, "a size of 1 holds nothing");
    config.size = SIZE_MAX;
    out = completed(&config, &in_range);
    is_int(out.max_threads, 3, "a newer caller's struct is cut");
    is_int(out.size, sizeof out, "to ours");
}

static void test_note(void)
{
    llmobs_config config = llmobs_config_default();
    uint64_t noted = 0;
    llmobs* obs;
    config.note = count_ranges;
    config.note_user = &noted;
    config.host_pumped = true;
    obs = llmobs_open(&config, NULL);
    is_int(llmobs_close(obs), LLMOBS_OK, "a config in range");
    is_int(noted, 0, "needs no note");
    config.max_threads = UINT32_MAX;
    config.span_slots = 64;
    obs = llmobs_open(&config, NULL);
    is_int(llmobs_close(obs), LLMOBS_OK, "one out of range opens all the same");
    is_int(noted, 1, "with a note");
    is_str(last_text, "llmobs_config.max_threads is out of range and was brought into it",
           "that names the field");
    (void)llmobs_release();
}

static void check_left(const llmobs_config* asked, uint32_t a_day, const char* what)
{
    bool in_range;
    is_int(completed(asked, &in_range).drift_day_embeddings, a_day, what);
    ok(in_range, "... and nothing is told");
}

/* Days that could never hold a baseline's embeddings. */
static void test_drift_days(void)
{
    llmobs_config asked = llmobs_config_default();
    bool in_range;
    asked.drift_detectors = 1;
    asked.drift_days = 2;
    asked.drift_day_embeddings = 16;
    is_int(completed(&asked, &in_range).drift_day_embeddings, 20, "two days hold 40 embeddings");
    ok(!in_range, "... which is told");
    is_str(last_text, "llmobs_config.drift_days x drift_day_embeddings is below 40, too few for a "
                      "baseline: the latter was raised", "... in these words");
    asked.drift_day_embeddings = 20;
    check_left(&asked, 20, "20 a day are enough");
    asked.drift_days = 3;
    asked.drift_day_embeddings = 16;
    check_left(&asked, 16, "so are 16 on each of three");
    asked.drift_days = 2;
    asked.drift_dimensions = LLMOBS_OFF;
    check_left(&asked, 16, "without embeddings any will do");
    asked.drift_dimensions = 8;
    asked.drift_detectors = 0;
    check_left(&asked, 16, "or without detectors");
}

int main(void)
{
    test_defaults();
    test_ranges();
    test_ratios();
    test_judge();
    test_relations();
    test_sizes();
    test_note();
    test_drift_days();
    return done();
}

/* Series: label values as keys, too many of them, collisions, removal, lists of allowed values. */
#include "llmobs_private.h"
#include "tap.h"

#include "keeper.h"
#include "harmful.h"
#include "meter.h"

static llmobs_counter get_1(llmobs_metric metric, const char* value)
{
    return llmobs_counter_get(metric, &value, 1);
}

/* ---- found again, and in order ------------------------------------------------------------- */

static void test_found(void)
{
    static const char* const labels[] = {"a", "b", "c"};
    static const char* const one[] = {"x", "y", "z"};
    static const char* const two[] = {"xy", "", "z"};
    static const char* const three[] = {"x", "yz", NULL};
    static const char* const four[] = {"x", "yz", ""};
    static const llmobs_label named[] = {{"c", "z"}, {"a", "x"}, {"b", "y"}};
    static const llmobs_label some[] = {{"b", "yz"}, {"a", "x"}};
    llmobs_config config = metered_config();
    llmobs* obs = open_metered(&config);
    llmobs_metric_info info = info_of("m", LLMOBS_COUNTER, LLMOBS_NUMBER_INT);
    llmobs_metric metric;
    llmobs_metric other;
    llmobs_counter first;
    char* text;
    const char* at[3];
    info.labels = labels;
    info.label_count = 3;
    metric = define_info(obs, &info);
    other = define_with(obs, "other", "a", LLMOBS_COUNTER, LLMOBS_NUMBER_INT);
    first = llmobs_counter_get(metric, one, 3);
    is_int(llmobs_counter_get(metric, one, 3).series, first.series, "got twice, it is one series");
    is_int(llmobs_counter_find(obs, "m", named, 3).series, first.series, "by names in any order");
    ok(llmobs_counter_get(metric, two, 3).series != first.series, "values do not run together");
    is_int(llmobs_counter_get(metric, three, 3).series, llmobs_counter_get(metric, four, 3).series,
           "NULL is an empty value");
    is_int(llmobs_counter_find(obs, "m", some, 2).series,
           llmobs_counter_get(metric, four, 3).series, "and so is a label that is not given");
    ok(get_1(other, "x").series != first.series, "another metric's series is another");
    is_int(stats_of(obs).metric_series, 4, "four series");
    llmobs_counter_add(first, 1);
    llmobs_counter_add(llmobs_counter_get(metric, two, 3), 2);
    llmobs_counter_add(llmobs_counter_get(metric, three, 3), 3);
    text = scrape(obs, LLMOBS_PROMETHEUS_TEXT);
    at[0] = strstr(text, "m_total{a=\"x\",b=\"y\",c=\"z\"} 1\n");
    at[1] = strstr(text, "m_total{a=\"xy\",b=\"\",c=\"z\"} 2\n");
    at[2] = strstr(text, "m_total{a=\"x\",b=\"yz\",c=\"\"} 3\n");
    ok(at[0] != NULL && at[1] > at[0] && at[2] > at[1], "they come in the order of their making");
    ok(prometheus_read(text, NULL, NULL), "as well-formed text");
    free(text);
    (void)llmobs_close(obs);
}

/* ---- too many ------------------------------------------------------------------------------ */

static void test_overflow(void)
{
    llmobs_config config = metered_config();
    llmobs* obs;
    llmobs_metric_info info = info_of("requests", LLMOBS_COUNTER, LLMOBS_NUMBER_INT);
    const char* label = "user";
    llmobs_metric metric;
    char value[24];
    const char* values = value;
    long many = getenv("LLMOBS_STRESS") != NULL ? 10000000 : sized(1000000);
    uint64_t sum = 0;
    uint64_t overflows;
    char want[24];
    char* text;
    long i;
    config.metric_families = LLMOBS_FAMILY_SELF;
    obs = open_metered(&config);
    info.labels = &label;
    info.label_count = 1;
    info.max_series = 100;
    metric = define_info(obs, &info);
    text = scrape(obs, LLMOBS_PROMETHEUS_TEXT);
    ok(strstr(text, "otel_metric_overflow") == NULL, "no overflow series before there is overflow");
    free(text);
    for (i = 0; i < many; i++) {
        *llmobsi_append_u64(value, (uint64_t)i) = '\0';
        llmobs_counter_add(llmobs_counter_get(metric, &values, 1), (uint64_t)(i % 7));
    }
    text = scrape(obs, LLMOBS_PROMETHEUS_TEXT);
    ok(prometheus_read(text, NULL, NULL), "the text is well-formed");
    for (i = 0; i < 100; i++) {
        char series[64];
        (void)snprintf(series, sizeof series, "requests_total{user=\"%ld\"}", i);
        sum += strtoull(sample_of(text, series), NULL, 10);
    }
    is_int(sum, 14 * 21 + 1, "the first 100 label sets have what is theirs");
    sum += strtoull(sample_of(text, "requests_total{otel_metric_overflow=\"true\"}"), NULL, 10);
    overflows = 0;
    for (i = 0; i < many; i++) {
        overflows += (uint64_t)(i % 7);
    }
    is_int(sum, overflows, "with the overflow series, the total is exact");
    is_str(sample_of(text, "requests_total{user=\"100\"}"), "(none)", "there is no series more");
    (void)snprintf(want, sizeof want, "%ld", many - 100);
    is_str(sample_of(text, "llmobs_metric_overflows_total{metric=\"requests\"}"), want,
           "and a counter names the metric");
    is_int(stats_of(obs).metric_series, 100, "the overflow series is none of them");
    is_int(stats_of(obs).metric_overflows, many - 100, "the account says it, too");
    free(text);
    (void)llmobs_close(obs);
}

/* Its first four bytes. */
static void number_value(char* value, int number)
{
    int digit;
    for (digit = 3; digit >= 0; digit--, number /= 10) {
        value[digit] = (char)('0' + number % 10);
    }
}

/* All label sets of all metrics, and the memory for their texts, have an end, too. */
static void test_all_full(bool long_values)
{
    llmobs_config config = metered_config();
    llmobs* obs;
    llmobs_metric metric;
    char value[128];
    int i;
    uint64_t live;
    config.metric_series = 64;
    config.max_metrics = 1;
    config.metric_max_series = 1000;
    obs = open_metered(&config);
    metric = define_with(obs, "m", "l", LLMOBS_COUNTER, LLMOBS_NUMBER_INT);
    memset(value, 'v', sizeof value);
    value[long_values ? 120 : 8] = '\0';
    for (i = 0; i < 1000; i++) {
        number_value(value, i);
        llmobs_counter_add(get_1(metric, value), 1);
    }
    live = stats_of(obs).metric_series;
    ok(long_values ? live > 10 && live < 63 : live == 63, "series have their end");
    is_int(stats_of(obs).metric_overflows, 1000 - live, "what came after is counted");
    is_int(strtoull(sample_now(obs, "m_total{otel_metric_overflow=\"true\"}"), NULL, 10),
           1000 - live, "and is in the overflow series");
    for (i = 0; i < 1000; i++) {
        number_value(value, i);
        llmobs_counter_add(get_1(metric, value), 1);
    }
    is_int(strtoull(sample_now(obs, "m_total{otel_metric_overflow=\"true\"}"), NULL, 10),
           2 * (1000 - live), "those that are there are found still");
    is_int(get_1(metric, "short").instance != 0, 1, "every handle is one");
    is_int(stats_of(obs).metric_series, long_values ? live + 1 : live,
           "what is refused takes no memory from what would fit");
    (void)llmobs_close(obs);
}

/* Cells have their end, too: what is refused takes nothing, and what was given is whole. */
static void test_cells_full(void)
{
    llmobs_config config = metered_config();
    llmobs* obs;
    llmobs_metric metric;
    llmobs_histogram_stats read;
    size_t text_used = 0;
    uint64_t count = 0;
    int i;
    config.metric_bytes = 65536;
    obs = open_metered(&config);
    metric = define_with(obs, "m", "l", LLMOBS_HISTOGRAM_EXPONENTIAL, LLMOBS_NUMBER_DOUBLE);
    for (i = 0; i < 100; i++) {
        char text[16];
        const char* value = text;
        llmobs_histogram h;
        (void)snprintf(text, sizeof text, "v%d", i);
        h = llmobs_histogram_get(metric, &value, 1);
        llmobs_histogram_record(h, 1.0);
        llmobs_histogram_record(h, 1e-200 * (i + 1)); /* both sets of buckets */
        llmobs_histogram_record(h, 1e200 * (i + 1));
        text_used = i == 50 ? registry_of(obs)->text_used : text_used;
        read.size = sizeof read;
        (void)llmobs_histogram_read(h, &read);
        count += read.count == 3 || stats_of(obs).metric_overflows > 0;
    }
    ok(stats_of(obs).metric_overflows > 80, "cells have their end");
    is_int(registry_of(obs)->text_used, text_used, "what is refused takes no text");
    is_int(count, 100, "what is given is whole");
    (void)llmobs_close(obs);
}

/* ---- collisions ---------------------------------------------------------------------------- */

/* Values whose hashes are equal in all bits that choose a place of the table. */
static void test_collisions(void)
{
    enum { WANTED = 200 };
    static char values[WANTED][16];
    llmobs_config config = metered_config();
    llmobs* obs;
    llmobs_metric metric;
    llmobsi_registry* registry;
    int found = 0;
    int wrong = 0;
    int i;
    uint32_t n;
    config.metric_series = 512; /* 1024 places */
    obs = open_metered(&config);
    metric = define_with(obs, "m", "l", LLMOBS_COUNTER, LLMOBS_NUMBER_INT);
    registry = registry_of(obs);
    for (n = 0; found < WANTED; n++) {
        char text[16];
        uint32_t size = (uint32_t)snprintf(text, sizeof text, "v%u", n) + 1;
        uint64_t hash = llmobsi_key_hash(registry, metric.number - 1, text, size);
        /* Near the end of the table, so that they go around it. */
        if ((hash & registry->table_mask) == registry->table_mask - 3) {
            memcpy(values[found++], text, sizeof text);
        }
    }
    for (i = 0; i < WANTED; i++) {
        llmobs_counter_add(get_1(metric, values[i]), (uint64_t)i + 1);
    }
    for (i = 0; i < WANTED; i++) {
        wrong += llmobs_counter_read(get_1(metric, values[i])) != (uint64_t)i + 1;
    }
    is_int(wrong, 0, "values that collide are apart");
    is_int(stats_of(obs).metric_series, WANTED, "each has its series");
    for (i = 0; i < WANTED; i += 2) {
        const char* value = values[i];
        wrong += !llmobs_series_remove(metric, &value, 1);
    }
    for (i = 1; i < WANTED; i += 2) {
        wrong += llmobs_counter_read(get_1(metric, values[i])) != (uint64_t)i + 1;
    }
    is_int(wrong, 0, "with every other one removed, the rest is found");
    for (i = 0; i < WANTED; i++) {
        wrong += llmobs_counter_read(get_1(metric, values[i])) !=
                 (i % 2 == 0 ? 0 : (uint64_t)i + 1);
    }
    is_int(wrong, 0, "and those that come again come from zero");
    is_int(stats_of(obs).metric_series, WANTED, "as many as before");
    (void)llmobs_close(obs);
}

/* ---- removal ------------------------------------------------------------------------------- */

static void test_removal(void)
{
    llmobs_config config = metered_config();
    llmobs* obs;
    llmobs_metric metric;
    llmobs_metric plain;
    llmobs_counter old;
    llmobs_counter fresh;
    const char* a = "a";
    const char* b = "b";
    const char* ab[] = {"a", "b"};
    int i;
    config.metric_max_series = 2;
    obs = open_metered(&config);
    metric = define_with(obs, "m", "l", LLMOBS_COUNTER, LLMOBS_NUMBER_INT);
    plain = define_with(obs, "plain", NULL, LLMOBS_COUNTER, LLMOBS_NUMBER_INT);
    old = get_1(metric, a);
    llmobs_counter_add(old, 5);
    ok(!llmobs_series_remove(metric, &b, 1), "what is not there can't be removed");
    ok(llmobs_series_remove(metric, &a, 1), "what is there can");
    ok(!llmobs_series_remove(metric, &a, 1), "once");
    is_str(sample_now(obs, "m_total{l=\"a\"}"), "(none)", "it is not exported any more");
    llmobs_counter_add(old, 7);
    is_str(sample_now(obs, "m_total{l=\"a\"}"), "(none)", "whatever comes to it");
    fresh = get_1(metric, a);
    ok(fresh.series != old.series, "found again, it is another");
    is_str(sample_now(obs, "m_total{l=\"a\"}"), "0", "which begins at zero");
    llmobs_counter_add(old, 1);
    llmobs_counter_add(fresh, 2);
    is_str(sample_now(obs, "m_total{l=\"a\"}"), "2", "and counts its own alone");
    for (i = 0; i < 100; i++) {
        char text[16];
        const char* value = text;
        (void)snprintf(text, sizeof text, "t%d", i);
        llmobs_counter_add(get_1(metric, text), 1);
        (void)llmobs_series_remove(metric, &value, 1);
    }
    is_int(stats_of(obs).metric_overflows, 0, "what is removed gives room to others");
    is_int(stats_of(obs).metric_series, 2, "one series, and one without labels");
    ok(!llmobs_series_remove(plain, NULL, 0), "a series without labels stays");
    ok(!llmobs_series_remove(plain, &a, 1), "it has no labels");
    ok(!llmobs_series_remove(metric, ab, 2), "nor are these its labels");
    ok(!llmobs_series_remove(metric, NULL, 1), "nor none");
    (void)llmobs_close(obs);
}

/* ---- allowed values ------------------------------------------------------------------------ */

static void test_allowed(void)
{
    static const char* const labels[] = {"model", "region"};
    static const char* const models[] = {"small", "large", NULL};
    static const char* const sets[][2] = {{"small", "eu"}, {"large", "eu"}, {"huge", "eu"},
                                          {"tiny", "eu"},  {"smal", "eu"},  {"smaller", "eu"},
                                          {"", "eu"},      {"other", "eu"}, {NULL, "eu"}};
    llmobs_config config = metered_config();
    llmobs* obs = open_metered(&config);
    llmobs_metric_info info = info_of("m", LLMOBS_COUNTER, LLMOBS_NUMBER_INT);
    llmobs_metric metric;
    size_t i;
    info.labels = labels;
    info.label_count = 2;
    metric = define_info(obs, &info);
    is_int(llmobs_metric_allow(metric, "nobody", models, 3), LLMOBS_ERROR_ARGUMENT,
           "no such label");
    is_int(llmobs_metric_allow(metric, NULL, models, 3), LLMOBS_ERROR_ARGUMENT, "no label");
    is_int(llmobs_metric_allow(metric, "model", NULL, 3), LLMOBS_ERROR_ARGUMENT, "no values");
    is_int(llmobs_metric_allow(metric, "model", models, 3), LLMOBS_OK, "three values");
    is_int(llmobs_metric_allow(metric, "model", models, 2), LLMOBS_ERROR_BUSY, "only once");
    for (i = 0; i < sizeof sets / sizeof *sets; i++) {
        llmobs_counter_add(llmobs_counter_get(metric, sets[i], 2), 1);
    }
    is_str(sample_now(obs, "m_total{model=\"small\",region=\"eu\"}"), "1", "what is allowed");
    is_str(sample_now(obs, "m_total{model=\"large\",region=\"eu\"}"), "1", "is itself");
    is_str(sample_now(obs, "m_total{model=\"\",region=\"eu\"}"), "2", "nothing may be allowed");
    is_str(sample_now(obs, "m_total{model=\"other\",region=\"eu\"}"), "5", "the rest is other");
    is_int(stats_of(obs).metric_series, 4, "four series");
    is_int(llmobs_metric_allow(metric, "region", models, 2), LLMOBS_ERROR_BUSY,
           "too late for another label");
    metric = define_with(obs, "none", "l", LLMOBS_COUNTER, LLMOBS_NUMBER_INT);
    is_int(llmobs_metric_allow(metric, "l", NULL, 0), LLMOBS_OK, "no value at all");
    llmobs_counter_add(get_1(metric, "x"), 1);
    is_str(sample_now(obs, "none_total{l=\"other\"}"), "1", "then all are other");
    metric = define_with(obs, "many", "l", LLMOBS_COUNTER, LLMOBS_NUMBER_INT);
    is_int(llmobs_metric_allow(metric, "l", models, SIZE_MAX), LLMOBS_ERROR_LIMIT,
           "more than any memory");
    metric = define_with(obs, "plain", NULL, LLMOBS_COUNTER, LLMOBS_NUMBER_INT);
    is_int(llmobs_metric_allow(metric, "l", models, 2), LLMOBS_ERROR_ARGUMENT, "without labels");
    (void)llmobs_close(obs);
}

/* ---- values of all sorts ------------------------------------------------------------------- */

static void test_cut(void)
{
    llmobs_config config = metered_config();
    llmobs* obs;
    llmobs_metric metric;
    char value[600];
    char want[64];
    int i;
    config.label_bytes = 32;
    obs = open_metered(&config);
    metric = define_with(obs, "m", "l", LLMOBS_COUNTER, LLMOBS_NUMBER_INT);
    memset(value, 'x', sizeof value);
    value[32] = '\0';
    llmobs_counter_add(get_1(metric, value), 1);
    is_int(stats_of(obs).labels_cut, 0, "a value that just fits");
    value[32] = 'x';
    value[599] = '\0';
    llmobs_counter_add(get_1(metric, value), 1);
    is_int(stats_of(obs).labels_cut, 1, "a longer one is cut");
    is_int(stats_of(obs).metric_series, 1, "to the same series");
    (void)snprintf(want, sizeof want, "m_total{l=\"%.32s\"}", value);
    is_str(sample_now(obs, want), "2", "of its first bytes");
    for (i = 0; i < 596; i += 3) {
        memcpy(value + i, "\xe2\x82\xac", 3);
    }
    llmobs_counter_add(get_1(metric, value), 1);
    (void)snprintf(want, sizeof want, "m_total{l=\"%.30s\"}", value);
    is_str(sample_now(obs, want), "1", "but never within a character");
    memset(value, 0xff, 599);
    llmobs_counter_add(get_1(metric, value), 1);
    for (i = 0; i < 10; i++) {
        memcpy(value + 3 * i, "\xef\xbf\xbd", 3);
    }
    (void)snprintf(want, sizeof want, "m_total{l=\"%.30s\"}", value);
    is_str(sample_now(obs, want), "1", "a long malformed one is cut and repaired");
    (void)llmobs_close(obs);
}

static void test_escapes(void)
{
    llmobs_config config = metered_config();
    llmobs* obs = open_metered(&config);
    llmobs_metric metric = define_with(obs, "m", "a.b", LLMOBS_COUNTER, LLMOBS_NUMBER_INT);
    char* text;
    llmobs_counter_add(get_1(metric, "q\"b\\n\nr\rt\t{},=# e\\\"\\n"), 1);
    llmobs_counter_add(get_1(metric, "\xff"), 1);
    llmobs_counter_add(get_1(metric, "\xfe"), 2);
    llmobs_counter_add(get_1(metric, "\xef\xbf\xbd"), 4);
    is_str(sample_now(obs, "m_total{a_b=\"q\\\"b\\\\n\\nr t {},=# e\\\\\\\"\\\\n\"}"), "1",
           "what means something is escaped");
    is_str(sample_now(obs, "m_total{a_b=\"\xef\xbf\xbd\"}"), "7", "malformed values are one");
    is_int(stats_of(obs).metric_series, 2, "two series");
    text = scrape(obs, LLMOBS_PROMETHEUS_TEXT);
    ok(prometheus_read(text, NULL, NULL), "the text is well-formed");
    free(text);
    (void)llmobs_close(obs);
}

/* Strings of 1, 2 and some of 3 bytes: each comes out as it was, or repaired. */
static void repaired(const unsigned char* bytes, size_t size, char* out)
{
    /* Of up to 3 bytes: by the table of well-formed sequences (Unicode, 3.9), one U+FFFD for each
       maximal part of one. */
    size_t i = 0;
    while (i < size) {
        unsigned char lead = bytes[i];
        size_t need = lead < 0x80 ? 1 : lead >= 0xc2 && lead < 0xe0 ? 2
                                    : lead >= 0xe0 && lead < 0xf0   ? 3
                                    : lead >= 0xf0 && lead < 0xf5   ? 4
                                                                    : 0;
        size_t got = need > 0;
        while (got > 0 && got < need && i + got < size) {
            unsigned char next = bytes[i + got];
            unsigned char least = got == 1 && lead == 0xe0 ? 0xa0 : got == 1 && lead == 0xf0 ? 0x90
                                                                                            : 0x80;
            unsigned char most = got == 1 && lead == 0xed ? 0x9f : got == 1 && lead == 0xf4 ? 0x8f
                                                                                           : 0xbf;
            if (next < least || next > most) {
                break;
            }
            got++;
        }
        if (need > 0 && got == need) {
            long point = need == 1 ? lead : lead & (0x7f >> need);
            size_t k;
            for (k = 1; k < need; k++) {
                point = point << 6 | (bytes[i + k] & 63);
            }
            if (lead == '\r' || lead == '\t') {
                *out++ = ' '; /* no text format can carry it */
            } else if (is_harmful(point) && lead != '\n') {
                memcpy(out, "\xef\xbf\xbd", 3);
                out += 3;
            } else {
                memcpy(out, bytes + i, need);
                out += need;
            }
            i += need;
        } else {
            memcpy(out, "\xef\xbf\xbd", 3);
            out += 3;
            i += got > 0 ? got : 1;
        }
    }
    *out = '\0';
}

typedef struct told {
    llmobs_metric metric;
    uint64_t sum;
    uint64_t lines;
    int wrong;
} told;

/* Each series' count is its number among the registry's, so that a line names its series. */
static void check_sample(void* user, const prometheus_sample* sample)
{
    told* t = (told*)user;
    if (strcmp(sample->name, "m_total") == 0) {
        const char* value = sample->labels[0].value;
        llmobs_counter counter = llmobs_counter_get(t->metric, &value, 1);
        t->lines++;
        t->wrong += sample->label_count != 1 || strcmp(sample->labels[0].name, "l") != 0 ||
                    strtoull(sample->value, NULL, 10) != llmobs_counter_read(counter);
        t->sum += strtoull(sample->value, NULL, 10);
    }
}

static void test_bytes(void)
{
    llmobs_config config = metered_config();
    llmobs* obs;
    told t;
    uint64_t added = 0;
    uint32_t n;
    uint32_t step = slowed() ? 4111 : 257;
    char* text;
    memset(&t, 0, sizeof t);
    config.metric_series = 200000;
    config.metric_max_series = 200000;
    config.metric_bytes = 16u << 20;
    obs = open_metered(&config);
    t.metric = define_with(obs, "m", "l", LLMOBS_COUNTER, LLMOBS_NUMBER_INT);
    for (n = 1; n < 1u << 24; n += n < 65536 ? 1 : step) {
        unsigned char bytes[4] = {(unsigned char)n, (unsigned char)(n >> 8),
                                  (unsigned char)(n >> 16), 0};
        size_t size = n < 256 ? 1 : n < 65536 ? 2 : 3;
        char want[16];
        llmobs_counter counter;
        if (memchr(bytes, 0, size) != NULL) {
            continue;
        }
        repaired(bytes, size, want);
        counter = get_1(t.metric, (const char*)bytes);
        llmobs_counter_add(counter, n);
        added += n;
        t.wrong += counter.instance == 0 || counter.series != get_1(t.metric, want).series ||
                   strcmp(registry_of(obs)->series[counter.series].key, want) != 0;
    }
    is_int(t.wrong, 0, "values of every byte become what they should");
    is_int(stats_of(obs).metric_overflows, 0, "each has a series");
    text = scrape(obs, LLMOBS_PROMETHEUS_TEXT);
    ok(prometheus_read(text, check_sample, &t), "the text is well-formed");
    is_int(t.wrong, 0, "and says of each value what was counted");
    is_int(t.sum, added, "of all of them");
    is_int(t.lines, stats_of(obs).metric_series, "once each");
    free(text);
    (void)llmobs_close(obs);
}

/* ---- made by many at once ------------------------------------------------------------------ */

enum { MAKERS = 4, VALUES = 500 };

typedef struct maker {
    llmobs_metric metric;
    uint32_t series[VALUES];
    int number;
} maker;

static void* make(void* argument)
{
    maker* self = (maker*)argument;
    int i;
    for (i = 0; i < VALUES; i++) {
        int n = self->number % 2 == 0 ? i : VALUES - 1 - i;
        char text[16];
        llmobs_counter counter;
        (void)snprintf(text, sizeof text, "v%d", n);
        counter = get_1(self->metric, text);
        self->series[n] = counter.series;
        llmobs_counter_add(counter, 1);
    }
    return NULL;
}

static void test_makers(void)
{
    llmobs_config config = metered_config();
    llmobs* obs = open_metered(&config);
    static maker makers[MAKERS];
    pthread_t threads[MAKERS];
    int wrong = 0;
    int i;
    int n;
    for (i = 0; i < MAKERS; i++) {
        makers[i].metric = define_with(obs, "m", "l", LLMOBS_COUNTER, LLMOBS_NUMBER_INT);
        makers[i].number = i;
        (void)pthread_create(&threads[i], NULL, make, &makers[i]);
    }
    for (i = 0; i < MAKERS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    for (n = 0; n < VALUES; n++) {
        char text[16];
        (void)snprintf(text, sizeof text, "v%d", n);
        for (i = 1; i < MAKERS; i++) {
            wrong += makers[i].series[n] != makers[0].series[n];
        }
        wrong += llmobs_counter_read(get_1(makers[0].metric, text)) != MAKERS;
    }
    is_int(wrong, 0, "threads that make the same series make one");
    is_int(stats_of(obs).metric_series, VALUES, "of each");
    (void)llmobs_close(obs);
}

int main(void)
{
    test_found();
    test_overflow();
    test_all_full(false);
    test_all_full(true);
    test_cells_full();
    test_collisions();
    test_removal();
    test_allowed();
    test_cut();
    test_escapes();
    test_bytes();
    test_makers();
    (void)llmobs_release();
    return done();
}

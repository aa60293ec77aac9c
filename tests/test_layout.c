/* The memory of an instance: what its pillars take. */
#include "llmobs_private.h"
#include "tap.h"

#include "keeper.h"
#include "meter.h"

static size_t of_pillar(const llmobs_config* config, llmobs_pillar pillar)
{
    return llmobs_memory_of(config, pillar);
}

static void test_defaults(void)
{
#define CAP(name, text, cap) cap,
    static const size_t caps[] = {LLMOBS_PILLARS(CAP)};
#undef CAP
    size_t sum = 0;
    size_t all = 0;
    int pillar;
    for (pillar = 0; pillar < (int)LLMOBS_PILLAR_COUNT; pillar++) {
        size_t size = of_pillar(NULL, (llmobs_pillar)pillar);
        ok(size <= caps[pillar], "a pillar takes what it may");
        sum += size;
        all += caps[pillar];
    }
    is_int(sum, llmobs_memory_needed(NULL), "the pillars sum to the whole");
    is_int(all, 16777216, "their caps to 16 MiB");
    ok(of_pillar(NULL, LLMOBS_PILLAR_METRICS) <= 4194304, "metrics take at most 4 MiB");
    ok(of_pillar(NULL, LLMOBS_PILLAR_METRICS) >= 3145728, "with all their cells");
    ok(of_pillar(NULL, LLMOBS_PILLAR_SPANS) <= 8388608, "spans at most 8 MiB");
    ok(of_pillar(NULL, LLMOBS_PILLAR_REQUESTS) <= 2097152, "requests at most 2 MiB");
    is_int(of_pillar(NULL, (llmobs_pillar)-1) + of_pillar(NULL, LLMOBS_PILLAR_COUNT), 0,
           "others nothing");
    printf("# spans %zu, metrics %zu bytes\n", of_pillar(NULL, LLMOBS_PILLAR_SPANS),
           of_pillar(NULL, LLMOBS_PILLAR_METRICS));
}

static void test_off(void)
{
    llmobs_config config = llmobs_config_default();
    size_t spans = llmobs_memory_of(NULL, LLMOBS_PILLAR_SPANS);
    size_t alerts = llmobs_memory_of(NULL, LLMOBS_PILLAR_ALERTS);
    size_t requests = llmobs_memory_of(NULL, LLMOBS_PILLAR_REQUESTS) +
                      llmobs_memory_of(NULL, LLMOBS_PILLAR_COST); /* which travels in these */
    config.metric_series = LLMOBS_OFF;
    is_int(of_pillar(&config, LLMOBS_PILLAR_METRICS), 0, "metrics that are off take nothing");
    is_int(llmobs_memory_needed(&config), spans + requests + alerts, "and the rest is as before");
    config = llmobs_config_default();
    config.requests = LLMOBS_OFF;
    is_int(of_pillar(&config, LLMOBS_PILLAR_REQUESTS), 0, "requests that are off take nothing");
    is_int(llmobs_memory_needed(NULL) - llmobs_memory_needed(&config), requests,
           "and were all of their price");
    config = llmobs_config_default();
    config.alert_rules = LLMOBS_OFF;
    is_int(llmobs_memory_needed(NULL) - llmobs_memory_needed(&config), alerts,
           "and so are alerts");
    config = llmobs_config_default();
    config.exemplars = LLMOBS_OFF;
    is_int(llmobs_memory_needed(NULL) - llmobs_memory_needed(&config),
           1024 * sizeof(llmobsi_exemplar), "exemplars have their price");
    config = llmobs_config_default();
    config.metric_bytes += 1048576;
    ok(llmobs_memory_needed(&config) - llmobs_memory_needed(NULL) >= 1048576 &&
           llmobs_memory_needed(&config) - llmobs_memory_needed(NULL) < 1048576 + 262144,
       "so have cells");
    is_int(of_pillar(&config, LLMOBS_PILLAR_SPANS), spans, "which are the metrics'");
    memset(&config, 0, sizeof config);
    is_int(llmobs_memory_needed(&config), llmobs_memory_needed(NULL), "zeros are the defaults");
}

/* An instance with what was asked for, and not a byte more: everything is used, to its limits. */
static void test_exact(uint32_t series, uint32_t metrics, uint32_t bytes, uint32_t exemplars,
                       uint32_t threads)
{
    llmobs_config config = metered_config();
    llmobs_metric_info info = info_of("", LLMOBS_COUNTER, LLMOBS_NUMBER_INT);
    const char* label = "l";
    size_t need;
    unsigned char* memory;
    llmobs* obs;
    uint32_t i;
    uint64_t sum = 0;
    bool untouched = true;
    config.metric_series = series;
    config.metric_max_series = series;
    config.max_metrics = metrics;
    config.metric_bytes = bytes;
    config.exemplars = exemplars;
    config.max_threads = threads;
    need = llmobs_memory_needed(&config);
    memory = (unsigned char*)aligned_alloc(64, (need + 127) & ~(size_t)63);
    memset(memory, 0x5a, need + 64);
    config.memory = memory;
    config.memory_bytes = need;
    obs = open_metered(&config);
    info.labels = &label;
    info.label_count = 1;
    info.exemplars = true;
    for (i = 0; i < metrics; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "m%u", i);
        info.name = name;
        if (llmobs_metric_define(obs, &info, NULL).number == 0) {
            break;
        }
    }
    ok(i > 0, "some metrics at least");
    for (i = 0; i < 2 * series; i++) {
        char text[16];
        const char* value = text;
        llmobs_metric metric = llmobs_metric_find(obs, "m0");
        (void)snprintf(text, sizeof text, "v%u", i);
        llmobs_counter_add(llmobs_counter_get(metric, &value, 1), 1);
    }
    {
        char* text = scrape(obs, LLMOBS_OPENMETRICS);
        const char* at = text;
        while ((at = strstr(at, "\nm0_total{")) != NULL) {
            at = strchr(at, ' ') + 1;
            sum += strtoull(at, NULL, 10);
        }
        free(text);
    }
    is_int(sum, 2 * series, "filled to the brim, it counts");
    (void)llmobs_close(obs);
    (void)llmobs_release();
    for (i = 0; i < 64; i++) {
        untouched &= memory[need + i] == 0x5a;
    }
    ok(untouched, "and stays within its memory");
    free(memory);
}

static void test_too_much(void)
{
    llmobs_config config = llmobs_config_default();
    config.metric_series = UINT32_MAX - 1;
    config.metric_bytes = UINT32_MAX;
    config.max_metrics = UINT32_MAX;
    config.exemplars = UINT32_MAX - 1;
    config.max_threads = UINT32_MAX;
    ok(llmobs_memory_needed(&config) > UINT64_C(1) << 30, "the most that can be asked for");
    is_int(llmobs_memory_of(&config, LLMOBS_PILLAR_METRICS) +
               llmobs_memory_of(&config, LLMOBS_PILLAR_SPANS) +
               llmobs_memory_of(&config, LLMOBS_PILLAR_REQUESTS) +
               llmobs_memory_of(&config, LLMOBS_PILLAR_COST) +
               llmobs_memory_of(&config, LLMOBS_PILLAR_ALERTS),
           llmobs_memory_needed(&config), "is a sum, too");
}

int main(void)
{
    test_defaults();
    test_off();
    test_exact(16, 1, 65536, 1, 1);
    test_exact(17, 3, 65536, 1, 1);
    test_exact(16, 1, 65536, LLMOBS_OFF, 1);
    test_exact(1000, 7, 262144, 100, 5);
    test_exact(4096, 256, 3145728, 1024, 64);
    test_too_much();
    return done();
}

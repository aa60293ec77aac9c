/* What a flight recorder costs: the same calls with their record in memory and in a file under
   /dev/shm. Recording must not tell the difference; the tick copies each span once more; an open
   takes the file's room. */
#define _GNU_SOURCE

#include "library.h"

#include "bench.h"

#define TEXT_24 "abcdefghijklmnopqrstuvwx"

typedef struct subject {
    llmobs* obs;
    llmobs_span parent;
    llmobs_counter counter;
    uint64_t expected;
    uint64_t exported;
} subject;

static llmobs_export_result export_batch(void* user, const llmobs_batch* batch)
{
    ((subject*)user)->exported += batch->span_count;
    return LLMOBS_EXPORT_OK;
}

static llmobs_config config_of(const char* recorder_file, uint32_t history_bytes)
{
    llmobs_config config = llmobs_config_default();
    config.host_pumped = true;
    config.recorder_file = recorder_file;
    config.recorder_history_bytes = history_bytes;
    return config;
}

static void subject_open(subject* to, const char* recorder_file, uint32_t history_bytes)
{
    llmobs_config config = config_of(recorder_file, history_bytes);
    llmobs_metric_info info = llmobs_metric_info_default();
    info.name = "counted";
    info.instrument = LLMOBS_COUNTER;
    to->obs = llmobs_open(&config, NULL);
    if (to->obs == NULL || llmobs_export_to(to->obs, export_batch, to) != LLMOBS_OK ||
        (llmobs_recorder_path(to->obs, NULL, 0) != 0) != (recorder_file != NULL)) {
        bench_fail("llmobs_open");
    }
    to->counter = llmobs_counter_get(llmobs_metric_define(to->obs, &info, NULL), NULL, 0);
    to->parent = llmobs_span_root(to->obs, "parent");
    to->expected++;
}

static void subject_close(subject* to, const char* name)
{
    llmobs_stats stats;
    llmobs_span_end(to->parent);
    stats.size = sizeof stats;
    if (llmobs_close_with_stats(to->obs, &stats) != LLMOBS_OK || to->exported != to->expected ||
        stats.started != to->expected) {
        bench_fail(name);
    }
    printf("# %s: %llu spans, all exported\n", name, (unsigned long long)to->exported);
}

static void drain(void* context)
{
    (void)llmobs_tick(((subject*)context)->obs);
}

static void child_body(void* context, uint32_t times)
{
    subject* to = (subject*)context;
    uint32_t i;
    for (i = 0; i < times; i++) {
        llmobs_span_end(llmobs_span_child(to->parent, "child"));
    }
    to->expected += times;
}

static void six_body(void* context, uint32_t times)
{
    subject* to = (subject*)context;
    uint32_t i;
    for (i = 0; i < times; i++) {
        llmobs_span span = llmobs_span_child(to->parent, "chat");
        llmobs_span_set_string(span, "gen_ai.request.model", TEXT_24);
        llmobs_span_set_string(span, "gen_ai.response.id", TEXT_24);
        llmobs_span_set_int(span, "gen_ai.usage.input_tokens", i);
        llmobs_span_set_int(span, "gen_ai.usage.output_tokens", i + 1);
        llmobs_span_set_double(span, "gen_ai.request.temperature", 0.5);
        llmobs_span_set_bool(span, "stream", (i & 1) != 0);
        llmobs_span_end(span);
    }
    to->expected += times;
}

static void count_body(void* context, uint32_t times)
{
    subject* to = (subject*)context;
    uint32_t i;
    for (i = 0; i < times; i++) {
        llmobs_counter_add(to->counter, 1);
    }
}

/* What is collected was recorded before, outside the timed part. */
static void record_for_tick(void* context)
{
    drain(context);
    six_body(context, 64);
}

static void tick_body(void* context, uint32_t times)
{
    (void)times; /* 64 spans, by one call */
    drain(context);
}

static bench_case* add(bench_set* set, const char* name, void (*body)(void*, uint32_t),
                       subject* to, uint32_t most)
{
    bench_case* one = bench_add(set, name, body, to);
    one->before = drain;
    one->most_times = most;
    return one;
}

static void recording(subject* off, subject* on)
{
    static bench_set set;
    bench_case* child[2] = {add(&set, "span, off", child_body, off, 2000),
                            add(&set, "span, on", child_body, on, 2000)};
    bench_case* six[2] = {add(&set, "span with six attributes, off", six_body, off, 1500),
                          add(&set, "span with six attributes, on", six_body, on, 1500)};
    bench_case* count[2] = {add(&set, "counter, off", count_body, off, 0),
                            add(&set, "counter, on", count_body, on, 0)};
    bench_run(&set);
    bench_print(child[0], 0);
    bench_print(child[1], 0);
    bench_ratio("span, on / off", child[1], child[0], 0.9);
    bench_print(six[0], 0);
    bench_print(six[1], 0);
    bench_ratio("span with six attributes, on / off", six[1], six[0], 0.9);
    bench_print(count[0], 0);
    bench_print(count[1], 0);
    bench_ratio("counter, on / off", count[1], count[0], 0.9);
}

static void ticking(subject* off, subject* on, subject* past)
{
    static bench_set set;
    bench_case* of_off = bench_add(&set, "tick with 64 spans, off", tick_body, off);
    bench_case* of_on = bench_add(&set, "tick with 64 spans, on", tick_body, on);
    bench_case* of_past = bench_add(&set, "tick with 64 spans, on, with history", tick_body, past);
    of_off->before = record_for_tick;
    of_on->before = record_for_tick;
    of_past->before = record_for_tick;
    of_off->most_times = 1;
    of_on->most_times = 1;
    of_past->most_times = 1;
    bench_run(&set);
    bench_print(of_off, 0);
    bench_print(of_on, 0);
    bench_print(of_past, 0);
    bench_ratio("tick, on / off", of_on, of_off, 0);
    bench_ratio("tick, with history / on", of_past, of_on, 0);
}

/* An open and a close, of which the file is the most. */
static void opening(void)
{
    const char* const names[] = {"open and close, off", "open and close, on"};
    const char* const files[] = {NULL, ""};
    int which;
    for (which = 0; which < 2; which++) {
        double least = 1e30;
        int i;
        for (i = 0; i < 20; i++) {
            llmobs_config config = config_of(files[which], 0);
            double start = bench_ns(CLOCK_MONOTONIC);
            llmobs* obs = llmobs_open(&config, NULL);
            double took;
            (void)llmobs_close(obs);
            took = bench_ns(CLOCK_MONOTONIC) - start;
            least = took < least ? took : least;
        }
        bench_line(names[which], "min", least / 1000, "us", NULL, true);
        (void)llmobs_release();
    }
}

int main(void)
{
    static subject off, on, past;
    bench_line("file", "", (double)llmobs_recorder_file_bytes(NULL) / 1024, "KiB", NULL, true);
    subject_open(&off, NULL, 0);
    subject_open(&on, "", 0);
    subject_open(&past, "", 4194304);
    recording(&off, &on);
    ticking(&off, &on, &past);
    subject_close(&off, "off");
    subject_close(&on, "on");
    subject_close(&past, "with history");
    opening();
    return 0;
}

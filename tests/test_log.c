/* Log records: what they hold, who gets them, and an account that balances with spans beside them,
   under races, without slots, in signal handlers and after a fork. */
#include "llmobs_private.h"
#include "tap.h"

#include "keeper.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static bool is_text(llmobs_string text, const char* want)
{
    return text.size == strlen(want) && memcmp(text.data, want, text.size) == 0;
}

static llmobs_log_info info_of(const char* event, const char* body)
{
    llmobs_log_info info = llmobs_log_info_default();
    info.event_name = event;
    info.body = llmobs_str(body);
    return info;
}

/* ---- contents ------------------------------------------------------------------------------ */

static void fill_attributes(llmobs_attribute* a)
{
    static const char* const list[] = {"one", "", "three"};
    a[0] = llmobs_attribute_string("text", "value");
    a[1] = llmobs_attribute_int("int", INT64_MIN);
    a[2] = llmobs_attribute_double("double", 0.5);
    a[3] = llmobs_attribute_bool("bool", true);
    a[4] = llmobs_attribute_strings("list", list, 3);
    a[5] = llmobs_attribute_int("int", 7); /* the last one counts */
}

static void test_contents(void)
{
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    llmobs_span span = llmobs_span_root(obs, "request");
    llmobs_trace_context context;
    llmobs_attribute attributes[6];
    llmobs_log_info info = info_of("worker.stuck", "it does not move");
    const llmobs_log_view* log;
    uint64_t before = llmobsi_realtime_ns();
    fill_attributes(attributes);
    info.severity = LLMOBS_SEVERITY_WARN;
    info.span = span;
    info.attributes = attributes;
    info.attribute_count = 6;
    llmobs_log_with(obs, &info);
    (void)llmobs_span_context(span, &context);
    llmobs_span_end(span);
    is_int(stats_of(obs).log_records, 1, "one log record");
    is_int(stats_of(obs).started, 2, "of two things recorded");
    (void)llmobs_flush(obs, 1000);
    is_int(kept.count, 1, "the span is a span");
    is_int(kept.log_count, 1, "the log record is none");
    log = &kept.logs[0];
    ok(is_text(log->event_name, "worker.stuck") && is_text(log->body, "it does not move"),
       "event and body");
    is_int(log->severity, LLMOBS_SEVERITY_WARN, "severity");
    ok(memcmp(log->trace_id, context.trace_id, 16) == 0 &&
           memcmp(log->span_id, context.span_id, 8) == 0,
       "the span's own ids");
    is_int(log->flags, LLMOBS_TRACE_SAMPLED | LLMOBS_TRACE_RANDOM, "and flags");
    ok(log->unix_ns == log->observed_unix_ns, "it happened when it was recorded");
    ok(log->unix_ns + 50000000 > before && log->unix_ns < llmobsi_realtime_ns() + 50000000, "now");
    is_int(log->attribute_count, 5, "a key comes once");
    ok(is_text(log->attributes[0].value.string, "value"), "text");
    is_int(log->attributes[1].value.integer, 7, "int, the last value");
    ok(log->attributes[2].value.real > 0.49 && log->attributes[2].value.real < 0.51, "double");
    ok(log->attributes[3].value.boolean, "bool");
    ok(log->attributes[4].count == 3 && is_text(log->attributes[4].value.strings[2], "three"),
       "strings");
    ok(log->interaction == NULL, "it is no interaction");
    ok(close_kept(obs, &kept), "the account balances");
}

static void test_little(void)
{
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    llmobs_log_info info = llmobs_log_info_default();
    llmobs_log_info old;
    info.unix_ns = UINT64_C(1000000007);
    llmobs_log_with(obs, &info);
    llmobs_log(obs, LLMOBS_SEVERITY_ERROR, NULL, NULL);
    llmobs_log(obs, (llmobs_severity)31, "", "");
    memset(&old, 0xee, sizeof old);
    old.size = offsetof(llmobs_log_info, body);
    old.severity = (llmobs_severity)0;
    old.event_name = "old";
    llmobs_log_with(obs, &old);
    llmobs_log_with(obs, NULL);
    llmobs_log_with(NULL, &info);
    llmobs_log(NULL, LLMOBS_SEVERITY_FATAL, "x", "y");
    (void)llmobs_flush(obs, 1000);
    is_int(kept.log_count, 4, "four records");
    ok(kept.logs[0].event_name.size == 0 && kept.logs[0].body.size == 0 &&
           kept.logs[0].attribute_count == 0,
       "a record of nothing");
    ok(kept_is_zero(kept.logs[0].trace_id, 16) && kept.logs[0].flags == 0, "of no trace");
    ok(kept.logs[0].unix_ns == 1000000007 && kept.logs[0].observed_unix_ns > 1000000007,
       "when it happened, and when that was seen");
    is_int(kept.logs[1].severity, LLMOBS_SEVERITY_ERROR, "a severity");
    is_int(kept.logs[2].severity, 24, "too large a one is the largest");
    ok(is_text(kept.logs[3].event_name, "old") && kept.logs[3].severity == LLMOBS_SEVERITY_INFO,
       "an older caller's info");
    ok(close_kept(obs, &kept), "the account balances");
    llmobs_log(obs, LLMOBS_SEVERITY_FATAL, "closed", "");
    llmobs_log_with(obs, &info);
    ok(true, "after close nothing happens");
}

static void test_severity_names(void)
{
    is_str(llmobs_severity_name(LLMOBS_SEVERITY_TRACE), "TRACE", "1");
    is_str(llmobs_severity_name((llmobs_severity)8), "DEBUG4", "8");
    is_str(llmobs_severity_name(LLMOBS_SEVERITY_INFO), "INFO", "9");
    is_str(llmobs_severity_name(LLMOBS_SEVERITY_WARN), "WARN", "13");
    is_str(llmobs_severity_name(LLMOBS_SEVERITY_ERROR), "ERROR", "17");
    is_str(llmobs_severity_name((llmobs_severity)24), "FATAL4", "24");
    is_str(llmobs_severity_name((llmobs_severity)0), "UNSPECIFIED", "0");
    is_str(llmobs_severity_name((llmobs_severity)25), "UNSPECIFIED", "25");
}

static void test_spans(void)
{
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    llmobs* other = llmobs_open(&config, NULL);
    llmobs_span ended = llmobs_span_root(obs, "ended");
    llmobs_span foreign = llmobs_span_root(other, "foreign");
    llmobs_span none = llmobsi_span_none();
    llmobs_log_info info = info_of("e", "b");
    llmobs_trace_context context;
    int i;
    (void)llmobs_span_context(ended, &context);
    llmobs_span_end(ended);
    info.span = ended;
    llmobs_log_with(obs, &info);
    info.span = foreign;
    llmobs_log_with(obs, &info);
    info.span = none;
    llmobs_log_with(obs, &info);
    (void)llmobs_flush(obs, 1000);
    ok(memcmp(kept.logs[0].trace_id, context.trace_id, 16) == 0, "of a span that has just ended");
    ok(kept_is_zero(kept.logs[1].trace_id, 16), "of another instance's span: of none");
    ok(kept_is_zero(kept.logs[2].trace_id, 16), "of no span: of none");
    for (i = 0; i < 600; i++) {
        llmobs_span_end(llmobs_span_root(obs, "others"));
        (void)llmobs_tick(obs);
    }
    info.span = ended;
    llmobs_log_with(obs, &info);
    (void)llmobs_flush(obs, 1000);
    ok(kept_is_zero(kept.logs[3].trace_id, 16), "of one whose slot is another's: of none");
    llmobs_span_end(foreign);
    (void)llmobs_close(other);
    ok(close_kept(obs, &kept), "the account balances");
}

static void test_unsampled(void)
{
    llmobs_config config = pumped_config();
    llmobs_span_info remote = llmobs_span_info_default();
    llmobs_log_info info = info_of("e", "b");
    llmobs_trace_context context;
    llmobs_span span;
    keeper kept;
    llmobs* obs;
    config.sample_ratio = LLMOBS_SAMPLE_NONE;
    obs = open_kept(&config, &kept);
    span = llmobs_span_root(obs, "left out");
    (void)llmobs_span_context(span, &context);
    info.span = span;
    llmobs_log_with(obs, &info);
    llmobs_span_end(span);
    remote.name = "left out elsewhere";
    remote.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
    span = llmobs_span_begin(obs, &remote);
    info.span = span;
    llmobs_log_with(obs, &info);
    llmobs_span_end(span);
    (void)llmobs_flush(obs, 1000);
    is_int(kept.count, 0, "no span");
    is_int(kept.log_count, 2, "but the log records: sampling is about spans");
    ok(memcmp(kept.logs[0].trace_id, context.trace_id, 16) == 0 &&
           memcmp(kept.logs[0].span_id, context.span_id, 8) == 0,
       "with the ids that its traceparent tells");
    is_int(kept.logs[0].flags & LLMOBS_TRACE_SAMPLED, 0, "not sampled");
    ok(kept.logs[1].trace_id[0] == 0x0a && kept.logs[1].trace_id[15] == 0x9c, "a remote trace");
    ok(close_kept(obs, &kept), "the account balances");
}

/* ---- limits -------------------------------------------------------------------------------- */

static void test_cut(void)
{
    llmobs_config config = pumped_config();
    llmobs_attribute attributes[200];
    llmobs_log_info info = llmobs_log_info_default();
    char* large = (char*)malloc(10 << 20);
    char keys[200][8];
    keeper kept;
    llmobs* obs;
    size_t i;
    config.value_bytes = 17;
    config.span_parts = 1;
    obs = open_kept(&config, &kept);
    for (i = 0; i < 10 << 20; i += 2) {
        memcpy(large + i, "\xc3\xa9", 2); /* 17 bytes would part one */
    }
    info.body.data = large;
    info.body.size = 10 << 20;
    for (i = 0; i < 200; i++) {
        sprintf(keys[i], "k%d", (int)i);
        attributes[i] = llmobs_attribute_int(keys[i], (int64_t)i);
    }
    info.attributes = attributes;
    info.attribute_count = 200;
    llmobs_log_with(obs, &info);
    (void)llmobs_flush(obs, 1000);
    is_int(kept.logs[0].body.size, 16, "cut on a border");
    ok(kept.logs[0].attribute_count > 20 && kept.logs[0].attribute_count < 27, "one slot's worth");
    is_int(kept.logs[0].attribute_count + kept.logs[0].dropped_attribute_count, 200,
           "the rest is counted in the record");
    is_int(stats_of(obs).attributes_dropped, kept.logs[0].dropped_attribute_count, "and in all");
    is_int(stats_of(obs).values_truncated, 1, "as is the cut");
    ok(close_kept(obs, &kept), "the account balances");
    free(large);
}

/* Headers that carry credentials are no attributes of log records, either. */
static void test_refused_names(void)
{
    llmobs_config config = pumped_config();
    llmobs_log_info info = info_of("e", "");
    llmobs_attribute attributes[2];
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    attributes[0] = llmobs_attribute_string("Authorization", "Bearer secret");
    attributes[1] = llmobs_attribute_string("kept", "value");
    info.attributes = attributes;
    info.attribute_count = 2;
    llmobs_log_with(obs, &info);
    (void)llmobs_flush(obs, 1000);
    ok(kept.logs[0].attribute_count == 1 && is_text(kept.logs[0].attributes[0].key, "kept"),
       "a credential's header is no attribute");
    is_int(kept.logs[0].dropped_attribute_count, 1, "and is counted");
    ok(close_kept(obs, &kept), "the account balances");
}

static void test_malformed(void)
{
    llmobs_config config = pumped_config();
    llmobs_log_info info = llmobs_log_info_default();
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    info.body.data = "a\xff\0b";
    info.body.size = 4;
    llmobs_log_with(obs, &info);
    info.body.data = NULL; /* with a size */
    llmobs_log_with(obs, &info);
    (void)llmobs_flush(obs, 1000);
    ok(kept.logs[0].body.size == 6 && memcmp(kept.logs[0].body.data, "a\xef\xbf\xbd\0b", 6) == 0,
       "repaired, with its NUL");
    is_int(kept.logs[1].body.size, 0, "NULL is empty");
    ok(close_kept(obs, &kept), "the account balances");
}

static void count_levels(uint32_t level, size_t want, const char* what)
{
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs;
    uint32_t severity;
    config.log_severity = level;
    obs = open_kept(&config, &kept);
    for (severity = 1; severity <= 24; severity++) {
        llmobs_log(obs, (llmobs_severity)severity, "e", "");
    }
    (void)llmobs_flush(obs, 1000);
    is_int(kept.log_count, want, what);
    is_int(stats_of(obs).log_records, want, "the others were never made");
    ok(close_kept(obs, &kept), "the account balances");
}

static void test_levels(void)
{
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs;
    is_int(llmobs_config_default().log_severity, LLMOBS_SEVERITY_INFO, "the default");
    count_levels(0, 16, "INFO and above by default");
    count_levels(LLMOBS_SEVERITY_TRACE, 24, "all");
    count_levels(LLMOBS_SEVERITY_FATAL, 4, "the worst");
    count_levels(25, 1, "out of range: brought into it");
    count_levels(LLMOBS_OFF, 0, "none");
    config.span_slots = LLMOBS_OFF;
    obs = open_kept(&config, &kept);
    llmobs_log(obs, LLMOBS_SEVERITY_FATAL, "e", "");
    is_int(stats_of(obs).started, 0, "no slots, no records");
    ok(close_kept(obs, &kept), "the account balances");
}

/* ---- exporters ----------------------------------------------------------------------------- */

static void add_keeper(llmobs* obs, keeper* kept, uint32_t signals)
{
    llmobs_exporter exporter = llmobs_exporter_default();
    keeper_init(kept);
    exporter.export_batch = keep;
    exporter.user = kept;
    exporter.signals = signals;
    ok(llmobs_exporter_add(obs, &exporter) == LLMOBS_OK, "an exporter");
}

static void test_signals(void)
{
    llmobs_config config = pumped_config();
    llmobs* obs = llmobs_open(&config, NULL);
    llmobs_exporter bad = llmobs_exporter_default();
    keeper both, spans, logs;
    llmobs_stats stats;
    int i;
    add_keeper(obs, &both, 0);
    add_keeper(obs, &spans, LLMOBS_SIGNAL_SPANS);
    add_keeper(obs, &logs, LLMOBS_SIGNAL_LOGS);
    bad.export_batch = keep;
    bad.user = &both;
    bad.signals = 8;
    is_int(llmobs_exporter_add(obs, &bad), LLMOBS_ERROR_ARGUMENT, "a signal that there is not");
    for (i = 0; i < 100; i++) {
        llmobs_span_end(llmobs_span_root(obs, "span"));
        llmobs_log(obs, LLMOBS_SEVERITY_INFO, "log", "body");
        llmobs_log(obs, LLMOBS_SEVERITY_INFO, "log", "body");
        (void)llmobs_tick(obs);
    }
    (void)llmobs_flush(obs, 1000);
    ok(both.count == 100 && both.log_count == 200, "one takes both");
    ok(spans.count == 100 && spans.log_count == 0, "one spans alone");
    ok(logs.count == 0 && logs.log_count == 200, "one logs alone");
    ok(both.batches >= 2, "each batch has one signal");
    stats = stats_of(obs);
    ok(stats.collected == 300 && stats.exporters[0].received == 300 &&
           stats.exporters[1].received == 100 && stats.exporters[2].received == 200,
       "what one does not take it has not received");
    ok(balances(&stats), "it balances");
    ok(both.malformed + spans.malformed + logs.malformed == 0, "no promise was broken");
    (void)llmobs_close(obs);
    keeper_clear(&both);
    keeper_clear(&spans);
    keeper_clear(&logs);
}

/* Spans that no exporter wants are no loss: a program may export its log lines alone. */
static void test_logs_alone(void)
{
    llmobs_config config = pumped_config();
    llmobs* obs = llmobs_open(&config, NULL);
    keeper logs;
    llmobs_stats stats;
    add_keeper(obs, &logs, LLMOBS_SIGNAL_LOGS);
    llmobs_span_end(llmobs_span_root(obs, "not wanted"));
    llmobs_log(obs, LLMOBS_SEVERITY_INFO, "wanted", "");
    (void)llmobs_flush(obs, 1000);
    stats = stats_of(obs);
    is_int(stats.dropped[LLMOBS_DROP_NO_EXPORTER], 0, "spans that nobody wants are no loss");
    is_int(stats.collected, 2, "they are collected all the same");
    ok(balances(&stats), "and the account balances");
    is_int(logs.log_count, 1, "the log record is there");
    (void)llmobs_close(obs);
    keeper_clear(&logs);
}

static void test_gate(void)
{
    llmobs_config config = pumped_config();
    llmobs* obs = llmobs_open(&config, NULL);
    keeper spans, logs;
    llmobs_stats stats;
    llmobs_log(obs, LLMOBS_SEVERITY_INFO, "before", "");
    is_int(stats_of(obs).log_records, 1, "without any exporter they are made, as spans are");
    add_keeper(obs, &spans, LLMOBS_SIGNAL_SPANS);
    (void)llmobs_flush(obs, 1000);
    is_int(stats_of(obs).dropped[LLMOBS_DROP_NO_EXPORTER], 1, "and dropped: nobody takes it");
    llmobs_log(obs, LLMOBS_SEVERITY_INFO, "while nobody takes logs", "");
    is_int(stats_of(obs).log_records, 1, "with exporters that take none they are not made");
    add_keeper(obs, &logs, LLMOBS_SIGNAL_LOGS);
    llmobs_log(obs, LLMOBS_SEVERITY_DEBUG, "below the level", "");
    llmobs_log(obs, LLMOBS_SEVERITY_INFO, "now", "");
    (void)llmobs_flush(obs, 1000);
    is_int(logs.log_count, 1, "with one that takes them they are");
    stats = stats_of(obs);
    ok(balances(&stats) && stats.log_records == 2, "it balances");
    (void)llmobs_close(obs);
    keeper_clear(&spans);
    keeper_clear(&logs);
}

static void test_lost_before(void)
{
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs;
    llmobs_stats stats;
    int i;
    config.span_slots = 4096;
    config.queue_bytes = 65536;
    config.batch_bytes = 4096;
    obs = open_kept(&config, &kept);
    kept.answer = LLMOBS_EXPORT_RETRY;
    for (i = 0; i < 3000; i++) {
        llmobs_log(obs, LLMOBS_SEVERITY_INFO, "log", "some text that takes room in a batch");
        if (i % 30 == 0) {
            llmobs_span_end(llmobs_span_root(obs, "span"));
        }
        if (i % 100 == 0) {
            (void)llmobs_tick(obs);
        }
    }
    (void)llmobs_tick(obs);
    kept.answer = LLMOBS_EXPORT_OK;
    (void)llmobs_flush(obs, 60000);
    llmobs_log(obs, LLMOBS_SEVERITY_INFO, "log", "the last one");
    llmobs_span_end(llmobs_span_root(obs, "span"));
    (void)llmobs_flush(obs, 60000);
    stats = stats_of(obs);
    ok(stats.exporters[0].lost[LLMOBS_LOSS_QUEUE] + stats.exporters[0].lost[LLMOBS_LOSS_FAILED] >
           1000,
       "a queue overflows");
    is_int(kept.lost_told,
           stats.exporters[0].lost[LLMOBS_LOSS_QUEUE] + stats.exporters[0].lost[LLMOBS_LOSS_FAILED],
           "what was lost is told in band, each signal its own");
    ok(balances(&stats), "it balances");
    ok(close_kept(obs, &kept), "to the end");
}

static llmobs_export_result log_inside(void* user, const llmobs_batch* batch)
{
    llmobs_log((llmobs*)user, LLMOBS_SEVERITY_ERROR, "from inside", "");
    return batch->log_count + batch->span_count > 0 ? LLMOBS_EXPORT_OK : LLMOBS_EXPORT_DROP;
}

static void test_inside(void)
{
    llmobs_config config = pumped_config();
    llmobs* obs = llmobs_open(&config, NULL);
    llmobs_stats stats;
    (void)llmobs_export_to(obs, log_inside, obs);
    llmobs_log(obs, LLMOBS_SEVERITY_ERROR, "e", "");
    (void)llmobs_flush(obs, 1000);
    stats = stats_of(obs);
    is_int(stats.dropped[LLMOBS_DROP_SELF], 1, "from inside a callback: dropped");
    ok(stats.log_records == 2 && stats.started == 2 && balances(&stats), "and counted");
    (void)llmobs_close(obs);
}

/* ---- pool, threads, signals, fork ---------------------------------------------------------- */

static void test_pool(void)
{
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs;
    llmobs_stats stats;
    int i;
    config.span_slots = 64;
    obs = open_kept(&config, &kept);
    for (i = 0; i < 100; i++) {
        llmobs_log(obs, LLMOBS_SEVERITY_INFO, "e", "b");
    }
    stats = stats_of(obs);
    ok(stats.dropped[LLMOBS_DROP_POOL] > 0 && stats.log_records == 100, "the pool runs out");
    ok(balances(&stats), "it balances");
    (void)llmobs_flush(obs, 1000);
    is_int(kept.log_count + stats.dropped[LLMOBS_DROP_POOL], 100, "the rest arrives");
    for (i = 0; i < 10; i++) {
        llmobs_log(obs, LLMOBS_SEVERITY_INFO, "e", "b");
        (void)llmobs_flush(obs, 1000);
    }
    is_int(stats_of(obs).dropped[LLMOBS_DROP_POOL], stats.dropped[LLMOBS_DROP_POOL],
           "slots come back");
    ok(close_kept(obs, &kept), "the account balances");
}

typedef struct racer {
    llmobs* obs;
    pthread_t thread;
    long records;
    long spans;
} racer;

static void* race(void* argument)
{
    racer* r = (racer*)argument;
    llmobs_attribute attribute = llmobs_attribute_string("who", "a racer of some length");
    long i;
    for (i = 0; i < r->records; i++) {
        llmobs_span span = llmobs_span_root(r->obs, "span");
        llmobs_log_info info = info_of("log", "body");
        info.span = span;
        info.attributes = &attribute;
        info.attribute_count = 1;
        llmobs_log_with(r->obs, &info);
        if (i % 4 == 0) {
            llmobs_log(r->obs, LLMOBS_SEVERITY_WARN, "of none", "");
        }
        llmobs_span_end(span);
        r->spans++;
    }
    return NULL;
}

static void test_race(void)
{
    llmobs_config config = pumped_config();
    racer racers[4];
    keeper kept;
    llmobs_stats stats;
    llmobs* obs;
    uint64_t want = 0;
    size_t i;
    config.host_pumped = false;
    config.tick_ms = 1;
    config.span_slots = 1024;
    obs = open_kept(&config, &kept);
    kept.forget = true;
    for (i = 0; i < 4; i++) {
        memset(&racers[i], 0, sizeof racers[i]);
        racers[i].obs = obs;
        racers[i].records = sized(50000);
        (void)pthread_create(&racers[i].thread, NULL, race, &racers[i]);
    }
    for (i = 0; i < 4; i++) {
        (void)pthread_join(racers[i].thread, NULL);
        want += (uint64_t)racers[i].records + (uint64_t)(racers[i].records + 3) / 4;
    }
    (void)llmobs_flush(obs, 20000);
    stats = stats_of(obs);
    ok(balances(&stats) && stats.live + stats.ended == 0, "at rest it balances");
    is_int(stats.log_records, want, "every log record was counted");
    is_int(kept.count + kept.log_count + dropped_in_all(&stats) +
               stats.exporters[0].lost[LLMOBS_LOSS_QUEUE],
           stats.started, "and arrived, or is known to be lost");
    ok(close_kept(obs, &kept), "the account balances");
}

static llmobs* signal_obs;
static llmobsi_atomic64 signal_count;
static llmobsi_atomic32 signal_stop;

static void log_in_handler(int number)
{
    (void)number;
    (void)llmobsi_add_relaxed(&signal_count, 1);
    llmobs_log(signal_obs, LLMOBS_SEVERITY_INFO, "from a handler", "body");
}

static void* log_under_fire(void* argument)
{
    uint64_t* made = (uint64_t*)argument;
    while (llmobsi_load_relaxed(&signal_stop) == 0) {
        llmobs_log(signal_obs, LLMOBS_SEVERITY_INFO, "under fire", "body");
        (*made)++;
    }
    return NULL;
}

static void test_handlers(void)
{
    llmobs_config config = pumped_config();
    struct sigaction action;
    llmobs_stats stats;
    pthread_t thread;
    uint64_t made = 0;
    keeper kept;
    long shot;
    memset(&action, 0, sizeof action);
    action.sa_handler = log_in_handler;
    action.sa_flags = SA_RESTART;
    (void)sigaction(SIGUSR1, &action, NULL);
    config.host_pumped = false;
    config.tick_ms = 1;
    config.span_slots = 4096;
    signal_obs = open_kept(&config, &kept);
    kept.forget = true;
    (void)pthread_create(&thread, NULL, log_under_fire, &made);
    for (shot = 0; shot < sized(10000); shot++) {
        (void)pthread_kill(thread, SIGUSR1);
        if (shot % 16 == 0) {
            (void)sched_yield();
        }
    }
    llmobsi_store_relaxed(&signal_stop, 1);
    (void)pthread_join(thread, NULL);
    (void)signal(SIGUSR1, SIG_DFL);
    (void)llmobs_flush(signal_obs, 20000);
    stats = stats_of(signal_obs);
    is_int(stats.log_records, made + llmobsi_load_relaxed(&signal_count),
           "every call is a record, made or dropped");
    printf("# %llu in handlers, %llu dropped as signal\n",
           (unsigned long long)llmobsi_load_relaxed(&signal_count),
           (unsigned long long)stats.dropped[LLMOBS_DROP_SIGNAL]);
    ok(balances(&stats), "it balances");
    ok(close_kept(signal_obs, &kept), "to the end");
}

static int in_child(llmobs* obs, keeper* kept)
{
    llmobs_stats stats;
    size_t before = kept->log_count;
    llmobs_log(obs, LLMOBS_SEVERITY_INFO, "child", "");
    if (llmobs_flush(obs, 5000) != LLMOBS_OK) {
        return 1;
    }
    stats = stats_of(obs);
    if (stats.log_records != 1 || stats.started != 1 || !balances(&stats)) {
        return 2;
    }
    if (kept->log_count != before + 1 || !is_text(kept->logs[before].event_name, "child")) {
        return 3;
    }
    return llmobs_close(obs) == LLMOBS_OK ? 0 : 4;
}

static void test_fork(void)
{
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    int status = -1;
    pid_t child;
    llmobs_log(obs, LLMOBS_SEVERITY_INFO, "parent", "not yet collected");
    child = fork();
    if (child == 0) {
        (void)alarm(60);
        _exit(in_child(obs, &kept));
    }
    (void)waitpid(child, &status, 0);
    is_int(WIFEXITED(status) ? WEXITSTATUS(status) : -1, 0, "the child has its own records alone");
    (void)llmobs_flush(obs, 1000);
    is_int(kept.log_count, 1, "the parent its own");
    ok(close_kept(obs, &kept), "the account balances");
}

int main(void)
{
    test_contents();
    test_little();
    test_severity_names();
    test_spans();
    test_unsampled();
    test_cut();
    test_refused_names();
    test_malformed();
    test_levels();
    test_signals();
    test_logs_alone();
    test_gate();
    test_lost_before();
    test_inside();
    test_pool();
    test_race();
    if (!skipped_without_fork("signal handlers")) {
        test_handlers();
    }
    if (!skipped_without_fork("fork")) {
        test_fork();
    }
    (void)llmobs_release();
    return done();
}

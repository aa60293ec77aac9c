/* Records what all three signals can hold and sends it by examples/otlp_http.h.

       collector_sample DIRECTORY COUNT [PER_SECOND]

   COUNT is of requests, each with a span, a log record and metrics that are hard to carry.
   DIRECTORY gets traces.jsonl, logs.jsonl and metrics.jsonl: the same batches, as llmobs writes
   them itself. It prints the exporter's account. */
#define _POSIX_C_SOURCE 200809L
#define LLMOBS_IMPLEMENTATION
#include "../../llmobs.h"

#include "../../examples/otlp_http.h"
#include "../interaction_sample.h"

#include <math.h>
#include <time.h>

static const char* const texts[] = {
    "plain", "\"quotes\" \\ and /", "\b\f\n\r\t\x1b[31m\x7f\x01", "", "\xff\xfe\xed\xa0\x80",
    "caf\xc3\xa9 \xe6\xbc\xa2\xe5\xad\x97 \xf0\x9f\x98\x80", "\xe2\x80\xa8\xe2\x80\xae\xc2\x85",
    "null", "-Infinity", "</script>&amp;%s{\"a\":[1]}",
};
static const int64_t integers[] = {0, -1, 1, INT64_MIN, INT64_MAX, (INT64_C(1) << 53) + 1};
static const double reals[] = {0.0, -0.0, 1.0, 0.1, 1e23, 5e-324, 1.7976931348623157e308, -1e-7};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const char* text_of(size_t i)
{
    return texts[i % COUNT_OF(texts)];
}

static double real_of(size_t i)
{
    return i % 11 == 9 ? NAN : i % 11 == 10 ? -INFINITY : reals[i % COUNT_OF(reals)];
}

/* ---- the exporter: what is sent is written down first ---------------------------------------- */

static FILE* written[OTLP_SIGNALS];

static bool write_to(void* user, const char* data, size_t size)
{
    return fwrite(data, 1, size, (FILE*)user) == size;
}

static llmobs_export_result write_and_send(void* user, const llmobs_batch* batch)
{
    FILE* to = batch->metric_count > 0 ? written[OTLP_METRICS]
               : batch->log_count > 0  ? written[OTLP_LOGS]
                                       : written[OTLP_TRACES];
    if (batch->attempt == 1 &&
        llmobs_encode(batch, LLMOBS_FORMAT_OTLP_JSON, write_to, to) != LLMOBS_OK) {
        fputs("a batch can't be written\n", stderr);
        exit(1);
    }
    return otlp_http_export(user, batch);
}

/* ---- what is recorded ------------------------------------------------------------------------ */

static void record_span(llmobs* obs, size_t i)
{
    llmobs_span_info info = llmobs_span_info_default();
    llmobs_attribute attributes[5];
    info.name = text_of(i);
    info.kind = (llmobs_kind)(i % 6);
    if (i % 3 == 0) {
        info.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03";
        info.tracestate = "ot=rv:fedcba98765432;th:8,vendor=\"quoted\" \\ <back>";
    }
    attributes[0] = llmobs_attribute_string("text", text_of(i));
    attributes[1] = llmobs_attribute_int("int", integers[i % COUNT_OF(integers)]);
    attributes[2] = llmobs_attribute_double("double", real_of(i));
    attributes[3] = llmobs_attribute_bool("bool", i % 2 == 0);
    attributes[4] = llmobs_attribute_strings("list", texts, i % (COUNT_OF(texts) + 1));
    info.attributes = attributes;
    info.attribute_count = 5;
    llmobs_span span = llmobs_span_begin(obs, &info);
    llmobs_span_event(span, "first_token");
    llmobs_span_event_with(span, text_of(i + 1), attributes, i % 6);
    llmobs_span child = llmobs_span_child(span, "child");
    llmobs_span_link_to(child, span);
    llmobs_span_set_status(child, (llmobs_status)(i % 3), text_of(i));
    llmobs_span_end(child);
    llmobs_log_info log = llmobs_log_info_default();
    log.severity = (llmobs_severity)(9 + i % 16);
    log.event_name = i % 5 == 0 ? NULL : "event";
    log.body = llmobs_str(text_of(i));
    log.attributes = attributes;
    log.attribute_count = i % 6;
    if (i % 2 == 0) {
        log.span = span;
    }
    llmobs_log_with(obs, &log);
    llmobs_interaction interaction = interaction_sample();
    interaction.model = llmobs_str(text_of(i));
    llmobs_log_interaction(obs, span, &interaction);
    llmobs_span_end(span);
}

static void record_request(llmobs* obs, size_t i)
{
    llmobs_request_info info = llmobs_request_info_default();
    info.user_id = text_of(i);
    info.feature = i % 2 == 0 ? "support" : "search";
    info.model = "gpt-4o-mini";
    llmobs_request request = llmobs_request_begin(obs, &info);
    llmobs_span step = llmobs_phase_begin(request, LLMOBS_PHASE_MODEL_CALL);
    llmobs_request_token(request);
    llmobs_request_token(request);
    llmobs_span_end(step);
    llmobs_guardrail(request, "pii_leak", LLMOBS_GUARDRAIL_PASSED);
    llmobs_outcome outcome = llmobs_outcome_default();
    outcome.usage.input_tokens = (int64_t)i;
    outcome.usage.output_tokens = 2;
    outcome.cost_nano = 1234567;
    outcome.error_type = i % 7 == 0 ? "timeout" : NULL;
    llmobs_request_end(request, &outcome);
}

/* One metric of each instrument and number, with a label. */
static llmobs_metric define(llmobs* obs, const char* name, llmobs_instrument instrument,
                            llmobs_number number)
{
    static const char* const labels[] = {"text"};
    static const double bounds[] = {0.001, 0.1, 1, 1e9};
    llmobs_metric_info info = llmobs_metric_info_default();
    info.name = name;
    info.help = "A \"metric\" \\ of\nthe test";
    info.unit = "{thing}";
    info.instrument = instrument;
    info.number = number;
    info.labels = labels;
    info.label_count = 1;
    info.exemplars = true;
    if (instrument == LLMOBS_HISTOGRAM) {
        info.bounds = bounds;
        info.bound_count = COUNT_OF(bounds);
    }
    return llmobs_metric_define(obs, &info, NULL);
}

static void record_metrics(llmobs* obs, size_t i)
{
    const char* const value[] = {text_of(i)};
    llmobs_span span = llmobs_span_root(obs, "measured");
    llmobs_counter_add_in(
        llmobs_counter_get(define(obs, "test.counter", LLMOBS_COUNTER, LLMOBS_NUMBER_INT), value,
                           1),
        i, span);
    llmobs_counter_add(
        llmobs_counter_get(define(obs, "test.nano", LLMOBS_COUNTER, LLMOBS_NUMBER_NANO), value, 1),
        123456789);
    llmobs_updown_add(
        llmobs_updown_get(define(obs, "test.updown", LLMOBS_UPDOWN, LLMOBS_NUMBER_INT), value, 1),
        i % 2 == 0 ? -7 : 3);
    llmobs_gauge_set(
        llmobs_gauge_get(define(obs, "test.gauge", LLMOBS_GAUGE, LLMOBS_NUMBER_DOUBLE), value, 1),
        real_of(i));
    llmobs_histogram_record_in(
        llmobs_histogram_get(define(obs, "test.histogram", LLMOBS_HISTOGRAM, LLMOBS_NUMBER_DOUBLE),
                             value, 1),
        0.003 * (double)i, span);
    llmobs_histogram_record_in(
        llmobs_histogram_get(define(obs, "test.exponential", LLMOBS_HISTOGRAM_EXPONENTIAL,
                                    LLMOBS_NUMBER_DOUBLE), value, 1),
        i % 4 == 0 ? 0 : 0.0001 * (double)i, span);
    llmobs_span_end(span);
}

/* ---- the account ----------------------------------------------------------------------------- */

static uint64_t lost_of(const uint64_t lost[LLMOBS_LOSS_COUNT])
{
    uint64_t sum = 0;
    for (int i = 0; i < LLMOBS_LOSS_COUNT; i++) {
        sum += lost[i];
    }
    return sum;
}

static bool print_account(const llmobs_stats* stats)
{
    const llmobs_exporter_stats* of = &stats->exporters[0];
    uint64_t dropped = 0;
    for (int i = 0; i < LLMOBS_DROP_COUNT; i++) {
        dropped += stats->dropped[i];
    }
    printf("items %" PRIu64 " exported %" PRIu64 " lost %" PRIu64 " dropped %" PRIu64
           " points %" PRIu64 " exported %" PRIu64 " lost %" PRIu64 " retries %" PRIu64 "\n",
           of->received, of->exported, lost_of(of->lost), dropped, of->points.received,
           of->points.exported, lost_of(of->points.lost), of->retries);
    return of->received == of->exported && of->points.received == of->points.exported &&
           dropped == 0;
}

static bool create(const char* directory)
{
    static const char* const names[OTLP_SIGNALS] = {"traces", "metrics", "logs"};
    for (int i = 0; i < OTLP_SIGNALS; i++) {
        char path[1000];
        snprintf(path, sizeof path, "%s/%s.jsonl", directory, names[i]);
        written[i] = fopen(path, "wb");
        if (written[i] == NULL) {
            return false;
        }
    }
    return true;
}

int main(int argc, char** argv)
{
    static otlp_http server;
    static llmobs_stats stats;
    long per_second = argc > 3 ? strtol(argv[3], NULL, 10) : 0;
    const struct timespec pause = {0, per_second > 1 ? 1000000000 / per_second : 0};
    curl_global_init(CURL_GLOBAL_DEFAULT);
    if (argc < 3 || !create(argv[1]) || !otlp_http_init(&server)) {
        return 2;
    }
    llmobs_config config = llmobs_config_default();
    config.service_name = "shop \"A\" \xe6\xbc\xa2\xe5\xad\x97";
    config.queue_bytes = 32 << 20;
    config.span_slots = 16384;
    config.close_timeout_ms = 60000;
    llmobs* obs = llmobs_open(&config, NULL);
    llmobs_exporter exporter = otlp_http_exporter(&server);
    exporter.export_batch = write_and_send;
    exporter.metrics_interval_ms = 2000;
    exporter.retry_most_ms = 4000;
    bool good = llmobs_exporter_add(obs, &exporter) == LLMOBS_OK;
    for (size_t i = 0; i < strtoul(argv[2], NULL, 10); i++) {
        record_span(obs, i);
        record_request(obs, i);
        record_metrics(obs, i);
        nanosleep(&pause, NULL);
    }
    stats.size = sizeof stats;
    good = llmobs_close_with_stats(obs, &stats) == LLMOBS_OK && good;
    for (int i = 0; i < OTLP_SIGNALS; i++) {
        good = fclose(written[i]) == 0 && good;
    }
    return print_account(&stats) && good ? 0 : 1;
}

/* OTLP/JSON of metrics: every kind as the line it must be, numbers to their last digit, every
   buffer size, every refusal, and which lines llmobs_encode writes. */
#include "llmobs_private.h"
#include "tap.h"

#include "batch_sample.h"

#include <math.h>
#include <stdlib.h>

static sample_batch sample; /* its spans and its resource */
static sample_sink sink;

#define HEAD                                                                                       \
    "{\"resourceMetrics\":[{\"resource\":{},\"scopeMetrics\":[{\"scope\":{\"name\":\"llmobs\","    \
    "\"version\":\"" LLMOBS_VERSION_STRING "\"},\"metrics\":["
#define TAIL "]}]}]}\n"
#define TIMES                                                                                      \
    "\"startTimeUnixNano\":\"1764000000000000001\",\"timeUnixNano\":\"1764000060000000002\""

/* ---- making views -------------------------------------------------------------------------- */

static llmobs_metric_view metric_of(const char* name, llmobs_instrument instrument,
                                    llmobs_number number)
{
    llmobs_metric_view metric;
    memset(&metric, 0, sizeof metric);
    metric.name = sample_text(name);
    metric.instrument = instrument;
    metric.number = number;
    return metric;
}

static llmobs_point_view point_of(int64_t value)
{
    llmobs_point_view point;
    memset(&point, 0, sizeof point);
    point.start_unix_ns = UINT64_C(1764000000000000001);
    point.time_unix_ns = UINT64_C(1764000060000000002);
    point.value.integer = value;
    return point;
}

static void set_points(llmobs_metric_view* metric, const llmobs_point_view* points, size_t count)
{
    metric->points = points;
    metric->point_count = count;
}

static const char* line_of(const llmobs_metric_view* metrics, size_t count)
{
    llmobs_batch batch;
    memset(&batch, 0, sizeof batch);
    batch.metrics = metrics;
    batch.metric_count = count;
    sample_sink_reset(&sink, SIZE_MAX);
    ok(llmobs_encode_otlp_metrics_json(&batch, sample_write, &sink), "is encoded");
    return sink.text;
}

/* ---- one of each kind ---------------------------------------------------------------------- */

static void test_counters(void)
{
    llmobs_metric_view metric = metric_of("llm_tokens_total", LLMOBS_COUNTER, LLMOBS_NUMBER_INT);
    llmobs_attribute_view labels[2], overflow;
    llmobs_point_view points[2];
    memset(labels, 0, sizeof labels);
    memset(&overflow, 0, sizeof overflow);
    sample_string(&labels[0], "model", "large-1");
    sample_string(&labels[1], "direction", "");
    sample_bool(&overflow, "otel_metric_overflow", true);
    points[0] = point_of(INT64_MAX);
    points[0].attributes = labels;
    points[0].attribute_count = 2;
    points[1] = point_of(0);
    points[1].attributes = &overflow;
    points[1].attribute_count = 1;
    metric.help = sample_text("Tokens read and written.");
    metric.unit = sample_text("{token}");
    metric.family = sample_text("llm_tokens"); /* of no concern here */
    set_points(&metric, points, 2);
    is_str(line_of(&metric, 1),
           HEAD "{\"name\":\"llm_tokens_total\",\"description\":\"Tokens read and written.\","
                "\"unit\":\"{token}\",\"sum\":{\"dataPoints\":[{" TIMES ",\"attributes\":["
                "{\"key\":\"model\",\"value\":{\"stringValue\":\"large-1\"}},"
                "{\"key\":\"direction\",\"value\":{\"stringValue\":\"\"}}],"
                "\"asInt\":\"9223372036854775807\"},{" TIMES ",\"attributes\":["
                "{\"key\":\"otel_metric_overflow\",\"value\":{\"boolValue\":true}}],"
                "\"asInt\":\"0\"}],\"aggregationTemporality\":2,\"isMonotonic\":true}}" TAIL,
           "a counter, and its overflow series");
}

static void test_sums_and_gauges(void)
{
    llmobs_metric_view metrics[5];
    llmobs_point_view points[5];
    size_t i;
    metrics[0] = metric_of("cost", LLMOBS_COUNTER, LLMOBS_NUMBER_NANO);
    metrics[1] = metric_of("running", LLMOBS_UPDOWN, LLMOBS_NUMBER_INT);
    metrics[2] = metric_of("balance", LLMOBS_UPDOWN, LLMOBS_NUMBER_NANO);
    metrics[3] = metric_of("load", LLMOBS_GAUGE, LLMOBS_NUMBER_DOUBLE);
    metrics[4] = metric_of("threads", LLMOBS_GAUGE_CALLBACK, LLMOBS_NUMBER_INT);
    points[0] = point_of(INT64_C(1234567890));
    points[1] = point_of(INT64_MIN);
    points[2] = point_of(-1);
    points[3] = point_of(0);
    points[3].value.real = 0.1;
    points[3].start_unix_ns = 0; /* not known */
    points[4] = point_of(7);
    for (i = 0; i < 5; i++) {
        set_points(&metrics[i], &points[i], 1);
    }
    is_str(line_of(metrics, 5),
           HEAD "{\"name\":\"cost\",\"sum\":{\"dataPoints\":[{" TIMES ",\"asDouble\":1.23456789}],"
                "\"aggregationTemporality\":2,\"isMonotonic\":true}},"
                "{\"name\":\"running\",\"sum\":{\"dataPoints\":[{" TIMES
                ",\"asInt\":\"-9223372036854775808\"}],"
                "\"aggregationTemporality\":2,\"isMonotonic\":false}},"
                "{\"name\":\"balance\",\"sum\":{\"dataPoints\":[{" TIMES
                ",\"asDouble\":-0.000000001}],"
                "\"aggregationTemporality\":2,\"isMonotonic\":false}},"
                "{\"name\":\"load\",\"gauge\":{\"dataPoints\":[{\"timeUnixNano\":"
                "\"1764000060000000002\",\"asDouble\":0.1}]}},"
                "{\"name\":\"threads\",\"gauge\":{\"dataPoints\":[{" TIMES
                ",\"asInt\":\"7\"}]}}" TAIL,
           "sums that grow, sums that do not, gauges");
}

static void test_histogram(void)
{
    static const double bounds[] = {0.005, 1, 2.5e10};
    static const uint64_t counts[] = {2, 0, 1, UINT64_MAX};
    llmobs_metric_view metric =
        metric_of("gen_ai.client.operation.duration", LLMOBS_HISTOGRAM, LLMOBS_NUMBER_NANO);
    llmobs_exemplar_view exemplars[2];
    llmobs_point_view point = point_of(INT64_C(1500000003));
    memset(exemplars, 0, sizeof exemplars);
    memset(exemplars[0].trace_id, 0xab, 16);
    memset(exemplars[0].span_id, 0x0c, 8);
    exemplars[0].value = 0.004;
    exemplars[0].unix_ns = 5;
    memset(exemplars[1].trace_id, 0x10, 16);
    memset(exemplars[1].span_id, 0xff, 8);
    exemplars[1].value = 1.5;
    exemplars[1].unix_ns = UINT64_MAX;
    exemplars[1].bucket = 2;
    metric.unit = sample_text("s");
    metric.bounds = bounds;
    metric.bound_count = 3;
    point.count = 3;
    point.min.integer = 1;
    point.max.integer = INT64_C(1500000000);
    point.bucket_counts = counts;
    point.bucket_count = 4;
    point.exemplars = exemplars;
    point.exemplar_count = 2;
    set_points(&metric, &point, 1);
    is_str(line_of(&metric, 1),
           HEAD "{\"name\":\"gen_ai.client.operation.duration\",\"unit\":\"s\",\"histogram\":{"
                "\"dataPoints\":[{" TIMES ",\"count\":\"3\",\"sum\":1.500000003,"
                "\"min\":0.000000001,\"max\":1.5,\"bucketCounts\":[\"2\",\"0\",\"1\","
                "\"18446744073709551615\"],\"explicitBounds\":[0.005,1,25000000000],"
                "\"exemplars\":[{\"timeUnixNano\":\"5\",\"asDouble\":0.004,\"spanId\":"
                "\"0c0c0c0c0c0c0c0c\",\"traceId\":\"abababababababababababababababab\"},"
                "{\"timeUnixNano\":\"18446744073709551615\",\"asDouble\":1.5,\"spanId\":"
                "\"ffffffffffffffff\",\"traceId\":\"10101010101010101010101010101010\"}]}],"
                "\"aggregationTemporality\":2}}" TAIL,
           "a histogram of durations, with exemplars");
}

static void test_other_histograms(void)
{
    static const double bound = 10;
    static const uint64_t counts[] = {0, 0};
    static const uint64_t one_above[] = {0, 1};
    llmobs_metric_view metrics[3];
    llmobs_point_view points[3];
    int i;
    metrics[0] = metric_of("empty", LLMOBS_HISTOGRAM, LLMOBS_NUMBER_DOUBLE);
    metrics[1] = metric_of("tokens", LLMOBS_HISTOGRAM, LLMOBS_NUMBER_INT);
    metrics[2] = metric_of("bare", LLMOBS_HISTOGRAM, LLMOBS_NUMBER_INT);
    for (i = 0; i < 3; i++) {
        points[i] = point_of(0);
        points[i].bucket_counts = i == 1 ? one_above : counts;
        points[i].bucket_count = i < 2 ? 2 : 1;
        metrics[i].bounds = &bound;
        metrics[i].bound_count = i < 2 ? 1 : 0;
        set_points(&metrics[i], &points[i], 1);
    }
    points[0].value.real = 0;
    points[0].min.real = points[0].max.real = (double)NAN; /* of nothing */
    points[1].count = 1;
    points[1].value.integer = INT64_MAX;
    points[1].min.integer = points[1].max.integer = INT64_MAX;
    is_str(line_of(metrics, 3),
           HEAD "{\"name\":\"empty\",\"histogram\":{\"dataPoints\":[{" TIMES ",\"count\":\"0\","
                "\"sum\":0,\"bucketCounts\":[\"0\",\"0\"],\"explicitBounds\":[10]}],"
                "\"aggregationTemporality\":2}},"
                "{\"name\":\"tokens\",\"histogram\":{\"dataPoints\":[{" TIMES ",\"count\":\"1\","
                "\"sum\":9223372036854775807,\"min\":9223372036854775807,"
                "\"max\":9223372036854775807,\"bucketCounts\":[\"0\",\"1\"],"
                "\"explicitBounds\":[10]}],\"aggregationTemporality\":2}},"
                "{\"name\":\"bare\",\"histogram\":{\"dataPoints\":[{" TIMES ",\"count\":\"0\","
                "\"sum\":0,\"bucketCounts\":[\"0\"],\"explicitBounds\":[]}],"
                "\"aggregationTemporality\":2}}" TAIL,
           "histograms of nothing, of whole numbers, of one bucket");
}

static void test_exponential(void)
{
    static const uint64_t counts[] = {1, 0, 3};
    llmobs_metric_view metric =
        metric_of("size", LLMOBS_HISTOGRAM_EXPONENTIAL, LLMOBS_NUMBER_DOUBLE);
    llmobs_point_view points[2];
    points[0] = point_of(0);
    points[0].value.real = 1e300;
    points[0].min.real = 0;
    points[0].max.real = 2.5e299;
    points[0].count = 9;
    points[0].scale = -10;
    points[0].offset = INT32_MIN;
    points[0].zero_count = 5;
    points[0].bucket_counts = counts;
    points[0].bucket_count = 3;
    points[1] = point_of(0);
    points[1].value.real = 0;
    points[1].scale = 8;
    points[1].offset = 12;
    metric.least = 1e-6;
    metric.most = 4096;
    set_points(&metric, points, 2);
    is_str(line_of(&metric, 1),
           HEAD "{\"name\":\"size\",\"exponentialHistogram\":{\"dataPoints\":[{" TIMES
                ",\"count\":\"9\",\"sum\":1e300,\"min\":0,\"max\":2.5e299,\"scale\":-10,"
                "\"zeroCount\":\"5\",\"positive\":{\"offset\":-2147483648,"
                "\"bucketCounts\":[\"1\",\"0\",\"3\"]}},{" TIMES ",\"count\":\"0\",\"sum\":0,"
                "\"scale\":8,\"zeroCount\":\"0\",\"positive\":{\"offset\":12,"
                "\"bucketCounts\":[]}}],\"aggregationTemporality\":2}}" TAIL,
           "an exponential histogram, with values and without");
}

/* ---- numbers ------------------------------------------------------------------------------- */

/* As printf has it, with the zeros at the end cut off. */
static void plain_billionths(char* text, size_t size, int64_t number)
{
    uint64_t magnitude = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    size_t end;
    (void)snprintf(text, size, "%s%llu.%09llu", number < 0 ? "-" : "",
                   (unsigned long long)(magnitude / 1000000000),
                   (unsigned long long)(magnitude % 1000000000));
    end = strlen(text);
    while (text[end - 1] == '0') {
        text[--end] = '\0';
    }
    if (text[end - 1] == '.') {
        text[end - 1] = '\0';
    }
}

static bool is_exact(int64_t number)
{
    char got[LLMOBS_I_DOUBLE_ROOM], want[64];
    *llmobsi_append_nano_signed(got, number) = '\0';
    plain_billionths(want, sizeof want, number);
    if (strcmp(got, want) != 0) {
        printf("# got %s, want %s\n", got, want);
        return false;
    }
    return true;
}

static void test_billionths(void)
{
    static const struct {
        int64_t number;
        const char* text;
    } known[] = {
        {0, "0"},
        {1, "0.000000001"},
        {-1, "-0.000000001"},
        {10, "0.00000001"},
        {100000000, "0.1"},
        {999999999, "0.999999999"},
        {1000000000, "1"},
        {-1000000000, "-1"},
        {1234567890, "1.23456789"},
        {1000000001, "1.000000001"},
        {INT64_C(100000000000000000), "100000000"},
        {INT64_MAX, "9223372036.854775807"},
        {INT64_MIN, "-9223372036.854775808"},
    };
    uint64_t random = UINT64_C(0x9e3779b97f4a7c15);
    size_t i, wrong = 0;
    for (i = 0; i < sizeof known / sizeof known[0]; i++) {
        char text[LLMOBS_I_DOUBLE_ROOM];
        *llmobsi_append_nano_signed(text, known[i].number) = '\0';
        is_str(text, known[i].text, "billionths, exactly");
    }
    for (i = 0; i < 100000; i++) {
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
        wrong += !is_exact((int64_t)random >> (i % 64));
    }
    is_int(wrong, 0, "and at random");
}

static void test_no_numbers(void)
{
    static const double values[] = {(double)NAN, (double)INFINITY, -(double)INFINITY, -0.0, 5e-324};
    static const char* const texts[] = {"\"NaN\"", "\"Infinity\"", "\"-Infinity\"", "-0.0",
                                        "5e-324"};
    llmobs_metric_view metric = metric_of("g", LLMOBS_GAUGE, LLMOBS_NUMBER_DOUBLE);
    llmobs_point_view point = point_of(0);
    char want[1000];
    int i;
    set_points(&metric, &point, 1);
    for (i = 0; i < 5; i++) {
        point.value.real = values[i];
        (void)snprintf(want, sizeof want, "%s%s}]}}%s",
                       HEAD "{\"name\":\"g\",\"gauge\":{\"dataPoints\":[{" TIMES ",\"asDouble\":",
                       texts[i], TAIL);
        is_str(line_of(&metric, 1), want, texts[i]);
    }
}

static void test_escapes(void)
{
    llmobs_metric_view metric = metric_of("a\"b\n\x01", LLMOBS_GAUGE, LLMOBS_NUMBER_INT);
    llmobs_attribute_view label;
    llmobs_point_view point = point_of(1);
    memset(&label, 0, sizeof label);
    sample_string(&label, "k\\\t", "caf\xc3\xa9 \xe2\x80\xa8 \x7f");
    metric.help = sample_text("\\n is not \n");
    metric.unit = sample_text("\"");
    point.attributes = &label;
    point.attribute_count = 1;
    set_points(&metric, &point, 1);
    is_str(line_of(&metric, 1),
           HEAD "{\"name\":\"a\\\"b\\n\\u0001\",\"description\":\"\\\\n is not \\n\","
                "\"unit\":\"\\\"\",\"gauge\":{\"dataPoints\":[{" TIMES ",\"attributes\":["
                "{\"key\":\"k\\\\\\t\",\"value\":{\"stringValue\":\"caf\xc3\xa9 \\u2028 \\u007f\"}}"
                "],\"asInt\":\"1\"}]}}" TAIL,
           "what must be escaped is");
}

/* ---- buffers and refusals ------------------------------------------------------------------ */

#define WIDE_BUCKETS 160
#define WIDE_METRICS 12

/* Everything as wide as it can be, and every text once longer than what room is made for at a
   time: after a short one there is room left that would hide a missing check. */
static struct {
    char text[700];
    uint64_t counts[WIDE_BUCKETS];
    double bounds[LLMOBS_BOUNDS_MAX];
    llmobs_exemplar_view exemplars[3];
    llmobs_attribute_view labels[3];
    llmobs_point_view points[WIDE_METRICS][2];
    llmobs_metric_view metrics[WIDE_METRICS];
    llmobs_batch batch;
} wide;

static void widen_point(llmobs_point_view* point, llmobs_number number, size_t i)
{
    point->start_unix_ns = point->time_unix_ns = point->count = point->zero_count = UINT64_MAX;
    point->value.integer = point->min.integer = point->max.integer = INT64_MIN + 1;
    if (number == LLMOBS_NUMBER_DOUBLE) {
        point->value.real = point->min.real = -2.2250738585072014e-308;
        point->max.real = -1.2345678901234567e-5;
    }
    point->bucket_counts = wide.counts;
    point->scale = point->offset = INT32_MIN;
    point->exemplars = wide.exemplars;
    point->exemplar_count = (uint32_t)(i / 2 % 3);
    point->attributes = wide.labels;
    point->attribute_count = (uint32_t)(i % 2 == 0 ? 3 : i / 2 % 3);
}

static void make_wide_parts(void)
{
    size_t i;
    memset(wide.text, 'x', sizeof wide.text - 1);
    memset(wide.counts, 0xff, sizeof wide.counts);
    for (i = 0; i < LLMOBS_BOUNDS_MAX; i++) {
        wide.bounds[i] = -2.2250738585072014e-308;
    }
    for (i = 0; i < 3; i++) {
        wide.exemplars[i].value = -2.2250738585072014e-308;
        wide.exemplars[i].unix_ns = UINT64_MAX;
    }
    sample_string(&wide.labels[0], SAMPLE_HOSTILE, SAMPLE_HOSTILE);
    sample_bool(&wide.labels[1], "otel_metric_overflow", true);
    sample_string(&wide.labels[2], "long", wide.text);
}

static void make_wide(void)
{
    static const llmobs_instrument kinds[] = {LLMOBS_COUNTER, LLMOBS_UPDOWN, LLMOBS_HISTOGRAM,
                                              LLMOBS_HISTOGRAM_EXPONENTIAL};
    size_t i, k;
    memset(&wide, 0, sizeof wide);
    make_wide_parts();
    for (i = 0; i < WIDE_METRICS; i++) {
        llmobs_metric_view* metric = &wide.metrics[i];
        *metric = metric_of(wide.text, kinds[i / 3], (llmobs_number)(i % 3));
        metric->help = sample_text(i % 2 == 0 ? wide.text : "");
        metric->unit = sample_text(i % 4 == 0 ? wide.text : i % 4 == 1 ? "{token}" : "");
        metric->bounds = wide.bounds;
        metric->bound_count = LLMOBS_BOUNDS_MAX;
        for (k = 0; k < 2; k++) {
            widen_point(&wide.points[i][k], metric->number, 2 * i + k);
            wide.points[i][k].bucket_count = i / 3 == 2 ? LLMOBS_BOUNDS_MAX + 1 : WIDE_BUCKETS;
        }
        set_points(metric, wide.points[i], 2 - i % 2);
    }
    wide.batch.resource = &sample.resource;
    wide.batch.metrics = wide.metrics;
    wide.batch.metric_count = WIDE_METRICS;
}

static void test_buffers(void)
{
    static char want[1 << 17];
    size_t capacity, want_size, wrong = 0;
    sample_sink_reset(&sink, SIZE_MAX);
    ok(llmobs_encode_otlp_metrics_json(&wide.batch, sample_write, &sink), "all that is wide");
    want_size = sink.size;
    memcpy(want, sink.text, want_size);
    for (capacity = LLMOBS_I_WRITER_LEAST; capacity <= 3000; capacity++) {
        char* buffer = (char*)malloc(capacity); /* ASan sees its end */
        llmobsi_writer writer;
        sample_sink_reset(&sink, SIZE_MAX);
        llmobsi_writer_init(&writer, buffer, capacity, sample_write, &sink);
        wrong += !llmobsi_otlp_encode_metrics(&wide.batch, &writer) || sink.size != want_size ||
                 memcmp(sink.text, want, want_size) != 0;
        free(buffer);
    }
    is_int(wrong, 0, "every buffer size gives the same bytes");
}

typedef struct reluctant {
    size_t allowed; /* calls */
    size_t calls;
    size_t size;
} reluctant;

static bool write_some(void* user, const char* data, size_t size)
{
    reluctant* to = (reluctant*)user;
    (void)data;
    to->size += size;
    return to->calls++ < to->allowed;
}

static void test_refusals(void)
{
    size_t silent = 0, late = 0;
    reluctant to;
    memset(&to, 0, sizeof to);
    do {
        char buffer[LLMOBS_I_WRITER_LEAST];
        llmobsi_writer writer;
        bool good;
        to.calls = to.size = 0;
        llmobsi_writer_init(&writer, buffer, sizeof buffer, write_some, &to);
        good = llmobsi_otlp_encode_metrics(&wide.batch, &writer);
        silent += good != (to.calls <= to.allowed);
        late += to.calls > to.allowed + 1;
        to.allowed++;
    } while (to.calls == to.allowed);
    ok(to.allowed > 50, "a small buffer takes many calls");
    is_int(silent, 0, "`write` may refuse each of them: the encoder says so");
    is_int(late, 0, "and does not call it again");
}

/* ---- bad input ----------------------------------------------------------------------------- */

static void test_bad_input(void)
{
    llmobs_batch batch;
    llmobs_metric_view metrics[3];
    llmobs_point_view point = point_of(5);
    int i;
    memset(&batch, 0, sizeof batch);
    ok(!llmobs_encode_otlp_metrics_json(NULL, sample_write, &sink), "no batch");
    ok(!llmobs_encode_otlp_metrics_json(&batch, NULL, NULL), "no write");
    is_str(line_of(NULL, 0), HEAD TAIL, "no metrics");
    is_str(line_of(NULL, 3), HEAD TAIL, "a count without its array");

    point.attribute_count = point.exemplar_count = point.bucket_count = 9;
    metrics[0] = metric_of("", (llmobs_instrument)77, LLMOBS_NUMBER_INT);
    metrics[1] = metric_of("", LLMOBS_GAUGE, (llmobs_number)77);
    metrics[2] = metric_of("", LLMOBS_HISTOGRAM, (llmobs_number)77);
    for (i = 0; i < 3; i++) {
        set_points(&metrics[i], &point, 1);
        metrics[i].bound_count = 9;
    }
    is_str(line_of(metrics, 3),
           HEAD "{\"name\":\"\"},{\"name\":\"\",\"gauge\":{\"dataPoints\":[{" TIMES
                ",\"asInt\":\"5\"}]}},{\"name\":\"\",\"histogram\":{\"dataPoints\":[{" TIMES
                ",\"count\":\"0\",\"sum\":5,\"bucketCounts\":[],\"explicitBounds\":[]}],"
                "\"aggregationTemporality\":2}}" TAIL,
           "numbers out of range become the default, or nothing");
    metrics[1].points = NULL;
    is_str(line_of(&metrics[1], 1), HEAD "{\"name\":\"\",\"gauge\":{\"dataPoints\":[]}}" TAIL,
           "no points");
}

/* ---- by format ----------------------------------------------------------------------------- */

static llmobs_result encode(const llmobs_batch* batch, llmobs_format format, size_t refuse_at)
{
    sample_sink_reset(&sink, refuse_at);
    return llmobs_encode(batch, format, sample_write, &sink);
}

static void test_lines(void)
{
    static char spans[1 << 17], both[1 << 17];
    llmobs_batch batch = sample.batch;
    size_t size;
    is_int(encode(&batch, LLMOBS_FORMAT_OTLP_JSON, SIZE_MAX), LLMOBS_OK, "spans");
    strcpy(spans, sink.text);
    size = sink.size;
    ok(strchr(spans, '\n') == spans + size - 1, "are one line");
    batch.metrics = wide.metrics;
    batch.metric_count = WIDE_METRICS;
    is_int(encode(&batch, LLMOBS_FORMAT_OTLP_JSON, SIZE_MAX), LLMOBS_OK, "spans and metrics");
    strcpy(both, sink.text);
    ok(strncmp(both, spans, size) == 0, "the same line of spans");
    ok(strstr(both + size, "{\"resourceMetrics\":") == both + size, "then one of metrics");
    ok(strchr(both + size, '\n') == both + strlen(both) - 1, "and no more");
    is_int(encode(&batch, LLMOBS_FORMAT_OTLP_JSON, size), LLMOBS_ERROR_SYSTEM,
           "the second is refused");
    is_str(sink.text, spans, "the first was written");
    is_int(encode(&batch, LLMOBS_FORMAT_OTLP_JSON, 0), LLMOBS_ERROR_SYSTEM,
           "the first is refused");
    is_int(sink.calls_after, 0, "the second is not tried");
    batch.span_count = 0;
    is_int(encode(&batch, LLMOBS_FORMAT_OTLP_JSON, SIZE_MAX), LLMOBS_OK, "metrics");
    is_str(sink.text, both + size, "are the other line alone");
    batch.metric_count = 0;
    is_int(encode(&batch, LLMOBS_FORMAT_OTLP_JSON, SIZE_MAX), LLMOBS_OK, "nothing");
    ok(strncmp(sink.text, "{\"resourceSpans\":", 17) == 0, "is a line without spans");
}

static void test_chrome(void)
{
    static char spans[1 << 17];
    llmobs_batch batch = sample.batch;
    is_int(encode(&batch, LLMOBS_FORMAT_CHROME, SIZE_MAX), LLMOBS_OK, "a Chrome trace of spans");
    strcpy(spans, sink.text);
    batch.metrics = wide.metrics;
    batch.metric_count = WIDE_METRICS;
    is_int(encode(&batch, LLMOBS_FORMAT_CHROME, SIZE_MAX), LLMOBS_OK, "of spans and metrics");
    is_str(sink.text, spans, "is the same");
    batch.span_count = 0;
    is_int(encode(&batch, LLMOBS_FORMAT_CHROME, SIZE_MAX), LLMOBS_ERROR_FORMAT,
           "there is none of metrics");
    is_int(sink.size, 0, "nothing is written");
    batch.metric_count = 0;
    is_int(encode(&batch, LLMOBS_FORMAT_CHROME, SIZE_MAX), LLMOBS_OK, "but one of nothing");
}

int main(void)
{
    sample_fill(&sample);
    make_wide();
    test_counters();
    test_sums_and_gauges();
    test_histogram();
    test_other_histograms();
    test_exponential();
    test_billionths();
    test_no_numbers();
    test_escapes();
    test_buffers();
    test_refusals();
    test_bad_input();
    test_lines();
    test_chrome();
    return done();
}

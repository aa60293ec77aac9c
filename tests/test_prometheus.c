/* Prometheus text and OpenMetrics: what every instrument and kind of number looks like, to the
   byte; hostile texts against a strict reader; every buffer size and refusal. */
#include "llmobs_private.h"
#include "tap.h"

#include "harmful.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>

#define TEXT LLMOBS_PROMETHEUS_TEXT
#define OPEN LLMOBS_OPENMETRICS

/* ---- where the text goes ------------------------------------------------------------------- */

typedef struct text_sink {
    char text[1 << 20];
    size_t size;
    size_t calls;
    size_t refuse_call; /* from this one on, 1 is the first; 0: none */
    size_t largest;
} text_sink;

static text_sink sink;

static bool sink_write(void* user, const char* data, size_t size)
{
    text_sink* to = (text_sink*)user;
    to->calls++;
    if (to->calls == to->refuse_call || to->size + size >= sizeof to->text) {
        return false;
    }
    to->largest = size > to->largest ? size : to->largest;
    memcpy(to->text + to->size, data, size);
    to->size += size;
    to->text[to->size] = '\0';
    return true;
}

static void sink_reset(size_t refuse_call)
{
    sink.size = sink.calls = sink.largest = 0;
    sink.refuse_call = refuse_call;
    sink.text[0] = '\0';
}

/* A whole document: the resource, if there is one, all metrics, the end. False: refused. */
static bool expose(const llmobs_resource_view* resource, const llmobs_metric_view* metrics,
                   size_t count, llmobs_exposition exposition, size_t capacity)
{
    char* buffer = (char*)malloc(capacity); /* ASan sees its end */
    char* cursor = buffer;
    llmobsi_writer writer;
    size_t i, k;
    llmobsi_writer_init(&writer, buffer, capacity, sink_write, &sink);
    if (resource != NULL) {
        cursor = llmobsi_prometheus_target_info(&writer, cursor, resource, exposition);
    }
    for (i = 0; i < count; i++) {
        cursor = llmobsi_prometheus_head(&writer, cursor, &metrics[i], exposition);
        for (k = 0; k < metrics[i].point_count; k++) {
            cursor = llmobsi_prometheus_point(&writer, cursor, &metrics[i], &metrics[i].points[k],
                                              exposition);
        }
    }
    cursor = llmobsi_prometheus_end(&writer, cursor, exposition);
    (void)llmobsi_writer_turn(&writer, cursor);
    free(buffer);
    return !writer.failed;
}

static const char* text_of(const llmobs_metric_view* metric, llmobs_exposition exposition)
{
    sink_reset(0);
    (void)expose(NULL, metric, 1, exposition, 4096);
    return sink.text;
}

/* ---- making views -------------------------------------------------------------------------- */

#define MADE UINT64_C(1764000000123456789)

static llmobs_string string_of(const char* text)
{
    llmobs_string string;
    string.data = text;
    string.size = strlen(text);
    return string;
}

static llmobs_metric_view metric_of(const char* family, llmobs_instrument instrument,
                                    llmobs_number number, const llmobs_point_view* points,
                                    size_t count)
{
    llmobs_metric_view metric;
    memset(&metric, 0, sizeof metric);
    metric.name = metric.family = string_of(family);
    metric.help = metric.unit = string_of("");
    metric.instrument = instrument;
    metric.number = number;
    metric.points = points;
    metric.point_count = count;
    return metric;
}

static llmobs_point_view point_of(const char* labels)
{
    llmobs_point_view point;
    memset(&point, 0, sizeof point);
    point.labels = string_of(labels);
    point.start_unix_ns = MADE;
    return point;
}

static llmobs_exemplar_view exemplar_of(uint32_t bucket, double value, uint64_t unix_ns)
{
    llmobs_exemplar_view exemplar;
    memset(&exemplar, 0, sizeof exemplar);
    memset(exemplar.trace_id, 0xab, sizeof exemplar.trace_id);
    memset(exemplar.span_id, 0x12, sizeof exemplar.span_id);
    exemplar.bucket = bucket;
    exemplar.value = value;
    exemplar.unix_ns = unix_ns;
    return exemplar;
}

#define EXEMPLAR \
    " # {trace_id=\"abababababababababababababababab\",span_id=\"1212121212121212\"} "

static uint64_t state = 88172645463325252u;

static uint64_t next_random(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/* ---- to the byte: counters and gauges ------------------------------------------------------ */

static void test_counters(void)
{
    static llmobs_point_view points[3];
    llmobs_exemplar_view exemplars[2];
    llmobs_metric_view metric = metric_of("llm_tokens", LLMOBS_COUNTER, LLMOBS_NUMBER_INT, points,
                                          3);
    exemplars[0] = exemplar_of(0, 9.0, MADE);
    exemplars[1] = exemplar_of(0, 12.5, MADE + 1);
    points[0] = point_of("model=\"gpt\",direction=\"input\"");
    points[0].value.integer = 12345;
    points[0].exemplars = exemplars;
    points[0].exemplar_count = 2;
    points[1] = point_of("otel_metric_overflow=\"true\"");
    points[1].value.integer = INT64_MAX;
    points[2] = point_of("");
    points[2].start_unix_ns = 0;
    metric.help = string_of("Tokens.");
    is_str(text_of(&metric, TEXT),
           "# HELP llm_tokens_total Tokens.\n"
           "# TYPE llm_tokens_total counter\n"
           "llm_tokens_total{model=\"gpt\",direction=\"input\"} 12345\n"
           "llm_tokens_total{otel_metric_overflow=\"true\"} 9223372036854775807\n"
           "llm_tokens_total 0\n",
           "a counter of whole numbers");
    is_str(text_of(&metric, OPEN),
           "# TYPE llm_tokens counter\n"
           "# HELP llm_tokens Tokens.\n"
           "llm_tokens_total{model=\"gpt\",direction=\"input\"} 12345" EXEMPLAR
           "12.5 1764000000.12345679\n"
           "llm_tokens_created{model=\"gpt\",direction=\"input\"} 1764000000.123456789\n"
           "llm_tokens_total{otel_metric_overflow=\"true\"} 9223372036854775807\n"
           "llm_tokens_created{otel_metric_overflow=\"true\"} 1764000000.123456789\n"
           "llm_tokens_total 0\n"
           "# EOF\n",
           "in OpenMetrics: with its newest exemplar, and when it was made, where that is known");
    metric = metric_of("llm_cost_usd", LLMOBS_COUNTER, LLMOBS_NUMBER_NANO, points, 1);
    metric.unit = string_of("USD");
    points[0] = point_of("");
    points[0].value.integer = 1234567890;
    is_str(text_of(&metric, TEXT),
           "# TYPE llm_cost_usd_total counter\n"
           "llm_cost_usd_total 1.23456789\n",
           "a counter of billionths, without help");
    is_str(text_of(&metric, OPEN),
           "# TYPE llm_cost_usd counter\n"
           "# UNIT llm_cost_usd usd\n"
           "llm_cost_usd_total 1.23456789\n"
           "llm_cost_usd_created 1764000000.123456789\n"
           "# EOF\n",
           "in OpenMetrics: with its unit");
}

static void test_gauges(void)
{
    static llmobs_point_view points[4];
    llmobs_metric_view metric = metric_of("load_ratio", LLMOBS_GAUGE, LLMOBS_NUMBER_DOUBLE, points,
                                          4);
    metric.help = string_of("Load.");
    metric.unit = string_of("1");
    points[0] = point_of("of=\"cpu\"");
    points[0].value.real = 0.1;
    points[1] = point_of("of=\"nothing\"");
    points[1].value.real = NAN;
    points[2] = point_of("of=\"all\"");
    points[2].value.real = INFINITY;
    points[3] = point_of("");
    points[3].value.real = -INFINITY;
    is_str(text_of(&metric, TEXT),
           "# HELP load_ratio Load.\n"
           "# TYPE load_ratio gauge\n"
           "load_ratio{of=\"cpu\"} 0.1\n"
           "load_ratio{of=\"nothing\"} NaN\n"
           "load_ratio{of=\"all\"} +Inf\n"
           "load_ratio -Inf\n",
           "a gauge, and numbers that are none");
    is_str(text_of(&metric, OPEN),
           "# TYPE load_ratio gauge\n"
           "# UNIT load_ratio ratio\n"
           "# HELP load_ratio Load.\n"
           "load_ratio{of=\"cpu\"} 0.1\n"
           "load_ratio{of=\"nothing\"} NaN\n"
           "load_ratio{of=\"all\"} +Inf\n"
           "load_ratio -Inf\n"
           "# EOF\n",
           "in OpenMetrics");
    metric = metric_of("running", LLMOBS_UPDOWN, LLMOBS_NUMBER_INT, points, 1);
    points[0].value.integer = INT64_MIN;
    is_str(text_of(&metric, TEXT),
           "# TYPE running gauge\nrunning{of=\"cpu\"} -9223372036854775808\n",
           "what goes up and down is a gauge");
    is_str(text_of(&metric, OPEN),
           "# TYPE running gauge\nrunning{of=\"cpu\"} -9223372036854775808\n# EOF\n",
           "in OpenMetrics, too");
    metric.number = LLMOBS_NUMBER_NANO;
    points[0].value.integer = -1500000000;
    is_str(text_of(&metric, TEXT), "# TYPE running gauge\nrunning{of=\"cpu\"} -1.5\n",
           "negative billionths");
}

static void test_units(void)
{
    llmobs_metric_view metric = metric_of("wait", LLMOBS_GAUGE, LLMOBS_NUMBER_DOUBLE, NULL, 0);
    metric.unit = string_of("s");
    is_str(text_of(&metric, OPEN), "# TYPE wait gauge\n# EOF\n",
           "no unit that the name does not end with");
    metric.family = string_of("wait_seconds");
    is_str(text_of(&metric, OPEN),
           "# TYPE wait_seconds gauge\n# UNIT wait_seconds seconds\n# EOF\n", "one that it does");
    is_str(text_of(&metric, TEXT), "# TYPE wait_seconds gauge\n", "none in text");
    metric.unit = string_of("{token}");
    is_str(text_of(&metric, OPEN), "# TYPE wait_seconds gauge\n# EOF\n", "none of a remark");
}

/* ---- to the byte: histograms --------------------------------------------------------------- */

static void test_histogram(void)
{
    static const double bounds[] = {0.1, 1.0, 10.0};
    static const uint64_t counts[] = {1, 0, 5, 2};
    llmobs_exemplar_view exemplars[4];
    static llmobs_point_view points[2];
    llmobs_metric_view metric =
        metric_of("wait_seconds", LLMOBS_HISTOGRAM, LLMOBS_NUMBER_NANO, points, 2);
    metric.help = string_of("Wait.");
    metric.unit = string_of("s");
    metric.bounds = bounds;
    metric.bound_count = 3;
    exemplars[0] = exemplar_of(0, 0.1, MADE);
    exemplars[1] = exemplar_of(2, 5.0, MADE + 2);
    exemplars[2] = exemplar_of(2, 6.0, MADE + 1);
    exemplars[3] = exemplar_of(3, 99.0, 1000000000);
    points[0] = point_of("model=\"m\"");
    points[0].bucket_counts = counts;
    points[0].bucket_count = 4;
    points[0].count = 8;
    points[0].value.integer = INT64_C(123000000001);
    points[0].exemplars = exemplars;
    points[0].exemplar_count = 4;
    points[1] = point_of("");
    is_str(text_of(&metric, TEXT),
           "# HELP wait_seconds Wait.\n"
           "# TYPE wait_seconds histogram\n"
           "wait_seconds_bucket{model=\"m\",le=\"0.1\"} 1\n"
           "wait_seconds_bucket{model=\"m\",le=\"1\"} 1\n"
           "wait_seconds_bucket{model=\"m\",le=\"10\"} 6\n"
           "wait_seconds_bucket{model=\"m\",le=\"+Inf\"} 8\n"
           "wait_seconds_sum{model=\"m\"} 123.000000001\n"
           "wait_seconds_count{model=\"m\"} 8\n"
           "wait_seconds_bucket{le=\"0.1\"} 0\n"
           "wait_seconds_bucket{le=\"1\"} 0\n"
           "wait_seconds_bucket{le=\"10\"} 0\n"
           "wait_seconds_bucket{le=\"+Inf\"} 0\n"
           "wait_seconds_sum 0\n"
           "wait_seconds_count 0\n",
           "a histogram; one that is empty");
    is_str(text_of(&metric, OPEN),
           "# TYPE wait_seconds histogram\n"
           "# UNIT wait_seconds seconds\n"
           "# HELP wait_seconds Wait.\n"
           "wait_seconds_bucket{model=\"m\",le=\"0.1\"} 1" EXEMPLAR "0.1 1764000000.123456789\n"
           "wait_seconds_bucket{model=\"m\",le=\"1.0\"} 1\n"
           "wait_seconds_bucket{model=\"m\",le=\"10.0\"} 6" EXEMPLAR "5 1764000000.123456791\n"
           "wait_seconds_bucket{model=\"m\",le=\"+Inf\"} 8" EXEMPLAR "99 1\n"
           "wait_seconds_sum{model=\"m\"} 123.000000001\n"
           "wait_seconds_count{model=\"m\"} 8\n"
           "wait_seconds_created{model=\"m\"} 1764000000.123456789\n"
           "wait_seconds_bucket{le=\"0.1\"} 0\n"
           "wait_seconds_bucket{le=\"1.0\"} 0\n"
           "wait_seconds_bucket{le=\"10.0\"} 0\n"
           "wait_seconds_bucket{le=\"+Inf\"} 0\n"
           "wait_seconds_sum 0\n"
           "wait_seconds_count 0\n"
           "wait_seconds_created 1764000000.123456789\n"
           "# EOF\n",
           "in OpenMetrics: canonical bounds, the newest exemplar of each bucket");
    metric.number = LLMOBS_NUMBER_DOUBLE;
    metric.point_count = 1;
    points[0].value.real = 0.30000000000000004;
    ok(strstr(text_of(&metric, TEXT), "_sum{model=\"m\"} 0.30000000000000004\n") != NULL,
       "a sum of doubles");
    metric.number = LLMOBS_NUMBER_INT;
    points[0].value.integer = 7;
    ok(strstr(text_of(&metric, OPEN), "_sum{model=\"m\"} 7\n") != NULL, "a sum of whole numbers");
}

static void test_exponential(void)
{
    static const uint64_t counts[] = {1, 2, 4, 8, 16, 32};
    llmobs_exemplar_view exemplars[2];
    llmobs_point_view point = point_of("a=\"b\"");
    llmobs_metric_view metric =
        metric_of("size_bytes", LLMOBS_HISTOGRAM_EXPONENTIAL, LLMOBS_NUMBER_INT, &point, 1);
    metric.least = 0.3; /* 2^-2 is below */
    metric.most = 4.0;
    point.bucket_counts = counts;
    point.bucket_count = 6;
    point.scale = 1; /* (2^-0.5, 1], (1, 2^0.5], ... (2^2, 2^2.5] */
    point.offset = -1;
    point.zero_count = 100;
    point.count = 163;
    point.value.integer = 42;
    is_str(text_of(&metric, TEXT),
           "# TYPE size_bytes histogram\n"
           "size_bytes_bucket{a=\"b\",le=\"0.25\"} 100\n"
           "size_bytes_bucket{a=\"b\",le=\"0.5\"} 100\n"
           "size_bytes_bucket{a=\"b\",le=\"1\"} 101\n"
           "size_bytes_bucket{a=\"b\",le=\"2\"} 107\n"
           "size_bytes_bucket{a=\"b\",le=\"4\"} 131\n"
           "size_bytes_bucket{a=\"b\",le=\"+Inf\"} 163\n"
           "size_bytes_sum{a=\"b\"} 42\n"
           "size_bytes_count{a=\"b\"} 163\n",
           "an exponential histogram has a bound at each power of two");
    exemplars[0] = exemplar_of(0, 2.0, MADE);
    exemplars[1] = exemplar_of(0, 4.5, MADE);
    point.exemplars = exemplars;
    point.exemplar_count = 2;
    point.labels.size = 0;
    is_str(text_of(&metric, OPEN),
           "# TYPE size_bytes histogram\n"
           "size_bytes_bucket{le=\"0.25\"} 100\n"
           "size_bytes_bucket{le=\"0.5\"} 100\n"
           "size_bytes_bucket{le=\"1.0\"} 101\n"
           "size_bytes_bucket{le=\"2.0\"} 107" EXEMPLAR "2 1764000000.123456789\n"
           "size_bytes_bucket{le=\"4.0\"} 131\n"
           "size_bytes_bucket{le=\"+Inf\"} 163" EXEMPLAR "4.5 1764000000.123456789\n"
           "size_bytes_sum 42\n"
           "size_bytes_count 163\n"
           "size_bytes_created 1764000000.123456789\n"
           "# EOF\n",
           "in OpenMetrics: each exemplar where its value belongs");
    point.scale = -2; /* (2^-4, 1], (1, 16], ... */
    ok(strstr(text_of(&metric, TEXT), "size_bytes_bucket{le=\"1\"} 101\n"
                                      "size_bytes_bucket{le=\"+Inf\"} 163\n") != NULL &&
           strstr(sink.text, "0.5") == NULL,
       "coarser than powers of two: only where a bucket ends");
    point.scale = 99;
    ok(strstr(text_of(&metric, TEXT), "histogram\nsize_bytes_bucket{le=\"+Inf\"} 163\n") != NULL,
       "a scale that does not exist has no bounds");
    point.scale = 1;
    metric.least = NAN;
    ok(strstr(text_of(&metric, TEXT), "histogram\nsize_bytes_bucket{le=\"+Inf\"} 163\n") != NULL,
       "nor has a range without a beginning");
    metric.least = 4e-320;
    metric.most = 1.7e308;
    ok(strstr(text_of(&metric, TEXT), "histogram\nsize_bytes_bucket{le=\"2.2250738585072014e-308\"}"
                                      " 100\n") != NULL &&
           strstr(sink.text, "le=\"8.98846567431158e+307\"} 163\n"
                             "size_bytes_bucket{le=\"+Inf\"} 163\n") != NULL,
       "the range of all doubles");
}

/* What the text says is how many values lie up to each bound, counted bucket by bucket. */
static size_t wrong_powers(const llmobs_metric_view* metric, const llmobs_point_view* point)
{
    const char* line = strchr(text_of(metric, TEXT), '\n') + 1;
    int first = ilogb(metric->least);
    int last = ilogb(metric->most) + (ldexp(1.0, ilogb(metric->most)) < metric->most);
    size_t wrong = 0;
    int power;
    for (power = first; power <= last; power++) {
        uint64_t below = point->zero_count;
        bool border = false;
        double bound;
        unsigned long long got;
        uint32_t i;
        if (point->scale >= 0 || power % (1 << -point->scale) == 0) {
            border = true;
        }
        for (i = 0; i < point->bucket_count; i++) {
            double end = ldexp((double)point->offset + (double)i + 1.0, -point->scale);
            below += end <= (double)power ? point->bucket_counts[i] : 0;
        }
        if (border) {
            int read = sscanf(line, "h_bucket{le=\"%lf\"} %llu\n", &bound, &got);
            wrong += read != 2 || bound != ldexp(1.0, power) || got != below;
            line = strchr(line, '\n') + 1;
        }
    }
    return wrong + (strncmp(line, "h_bucket{le=\"+Inf\"} ", 20) != 0);
}

static void test_powers(void)
{
    static uint64_t counts[160];
    llmobs_point_view point = point_of("");
    llmobs_metric_view metric =
        metric_of("h", LLMOBS_HISTOGRAM_EXPONENTIAL, LLMOBS_NUMBER_INT, &point, 1);
    size_t wrong = 0;
    int i, k;
    point.bucket_counts = counts;
    for (i = 0; i < 3000; i++) {
        int middle = (int)(next_random() % 40) - 20;
        point.scale = (int32_t)(next_random() % 19) - 10;
        point.bucket_count = (uint32_t)(next_random() % 161);
        point.offset = (int32_t)floor(ldexp(middle, point.scale)) - (int32_t)(next_random() % 160);
        point.zero_count = next_random() % 3;
        for (k = 0; k < 160; k++) {
            counts[k] = next_random() % 5;
        }
        metric.least = ldexp(1.0 + (double)(next_random() % 2) * 0.3, -(int)(next_random() % 25));
        metric.most = ldexp(1.0 + (double)(next_random() % 2) * 0.3, (int)(next_random() % 25));
        wrong += wrong_powers(&metric, &point);
    }
    is_int(wrong, 0, "the powers of two of 3,000 histograms have the values that are below them");
}

/* ---- numbers ------------------------------------------------------------------------------- */

typedef struct nano_case {
    int64_t nano;
    const char* text;
} nano_case;

static void test_nano(void)
{
    static const nano_case cases[] = {
        {0, "0"}, {1, "0.000000001"}, {-1, "-0.000000001"}, {10, "0.00000001"},
        {999999999, "0.999999999"}, {1000000000, "1"}, {1000000001, "1.000000001"},
        {-1000000000, "-1"}, {1500000000, "1.5"}, {1234567890, "1.23456789"},
        {100000000, "0.1"}, {-100000000, "-0.1"}, {INT64_C(12000000000), "12"},
        {INT64_MAX, "9223372036.854775807"}, {INT64_MIN, "-9223372036.854775808"}};
    llmobs_value value;
    char text[64], want[64];
    size_t i, wrong = 0;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        value.integer = cases[i].nano;
        *llmobsi_prometheus_value(text, LLMOBS_NUMBER_NANO, value) = '\0';
        is_str(text, cases[i].text, "billionths");
    }
    for (i = 0; i < (by_qemu() ? 30000 : 300000); i++) {
        size_t end;
        value.integer = (int64_t)(next_random() >> (i % 63 + 1));
        *llmobsi_prometheus_value(text, LLMOBS_NUMBER_NANO, value) = '\0';
        end = (size_t)sprintf(want, "%lld.%09lld", (long long)(value.integer / 1000000000),
                              (long long)(value.integer % 1000000000));
        while (want[end - 1] == '0') {
            end--;
        }
        want[want[end - 1] == '.' ? end - 1 : end] = '\0';
        wrong += strcmp(text, want) != 0;
    }
    is_int(wrong, 0, "300,000 numbers of billionths are exact");
}

typedef struct bound_case {
    double bound;
    const char* text;
    const char* canonical;
} bound_case;

/* The shortest %e that reads back, put as Go's %g puts it. */
static void go_text(double bound, char* out)
{
    char text[64], digits[32];
    int precision, exponent, count, i;
    for (precision = 0;; precision++) {
        sprintf(text, "%.*e", precision, bound);
        if (strtod(text, NULL) == bound) {
            break;
        }
    }
    exponent = atoi(strchr(text, 'e') + 1);
    digits[0] = text[0];
    strcpy(digits + 1, precision > 0 ? text + 2 : "");
    count = precision + 1;
    digits[count] = '\0';
    if (exponent < -4 || exponent > 5) {
        sprintf(out, count > 1 ? "%c.%se%c%02d" : "%c%se%c%02d", digits[0], digits + 1,
                exponent < 0 ? '-' : '+', abs(exponent));
    } else if (exponent < 0) {
        strcpy(out, "0.");
        for (i = -1; i > exponent; i--) {
            strcat(out, "0");
        }
        strcat(out, digits);
    } else {
        for (i = 0; i < count || i <= exponent; i++) {
            if (i == exponent + 1) {
                *out++ = '.';
            }
            *out++ = i < count ? digits[i] : '0';
        }
        *out = '\0';
    }
}

static void test_bounds(void)
{
    static const bound_case cases[] = {
        {0.1, "0.1", "0.1"}, {1.0, "1", "1.0"}, {10.0, "10", "10.0"}, {2.5, "2.5", "2.5"},
        {0.001, "0.001", "0.001"}, {0.99, "0.99", "0.99"}, {0.0001, "0.0001", "0.0001"},
        {1e-5, "1e-05", "1e-05"}, {1e-9, "1e-09", "1e-09"}, {1e-10, "1e-10", "1e-10"},
        {100000.0, "100000", "100000.0"}, {1e6, "1e+06", "1e+06"}, {1e10, "1e+10", "1e+10"},
        {1048576.0, "1.048576e+06", "1.048576e+06"}, {123456.0, "123456", "123456.0"},
        {123456.7, "123456.7", "123456.7"}, {40.96, "40.96", "40.96"},
        {0.00125, "0.00125", "0.00125"}, {9.5367431640625e-07, "9.5367431640625e-07",
                                          "9.5367431640625e-07"},
        {5e-324, "5e-324", "5e-324"}, {1.7976931348623157e308, "1.7976931348623157e+308",
                                       "1.7976931348623157e+308"}};
    char text[LLMOBS_I_DOUBLE_ROOM + 1], want[64];
    size_t i, wrong = 0;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        *llmobsi_append_bound(text, cases[i].bound, false) = '\0';
        is_str(text, cases[i].text, "a bound");
        *llmobsi_append_bound(text, cases[i].bound, true) = '\0';
        is_str(text, cases[i].canonical, "the same in OpenMetrics");
    }
    for (i = 0; i < (by_qemu() ? 10000 : 100000); i++) {
        static const double scales[] = {1e-7, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0};
        double bound = (double)(next_random() % (UINT64_C(1) << (1 + i % 50)) + 1) * scales[i % 8];
        if (i % 4 == 3) {
            uint64_t bits = next_random() >> 1;
            memcpy(&bound, &bits, sizeof bound);
        }
        if (!llmobsi_is_positive(bound)) {
            continue;
        }
        *llmobsi_append_bound(text, bound, false) = '\0';
        go_text(bound, want);
        wrong += strcmp(text, want) != 0;
        strcat(want, strpbrk(want, ".e") == NULL ? ".0" : "");
        *llmobsi_append_bound(text, bound, true) = '\0';
        if (strcmp(text, want) != 0 && wrong++ < 3) {
            printf("# got  %s\n# want %s\n", text, want);
        }
    }
    is_int(wrong, 0, "100,000 bounds are spelled as Go does");
}

/* ---- a strict reader ----------------------------------------------------------------------- */

typedef struct reader {
    const char* at;
    const char* problem;
    llmobs_exposition exposition;
    char family[600]; /* as its TYPE line has it */
    char type[16];
    unsigned seen; /* of the family: 1 TYPE, 2 HELP, 4 UNIT, 8 a sample */
    double last_bound;
    double last_count;
    char names[32][160]; /* of the last labels */
    size_t name_count;
    char value[1 << 15]; /* of the last label, unescaped */
    size_t samples;
} reader;

static reader in;

static bool demand(bool holds, const char* problem)
{
    if (!holds && in.problem == NULL) {
        in.problem = problem;
    }
    return holds;
}

static bool take(const char* text)
{
    if (strncmp(in.at, text, strlen(text)) != 0) {
        return false;
    }
    in.at += strlen(text);
    return true;
}

static bool is_name_byte(char byte, bool first, bool colon)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_' ||
           (byte == ':' && colon) || (byte >= '0' && byte <= '9' && !first);
}

static void take_name(char* out, size_t size, bool colon)
{
    size_t count = 0;
    while (is_name_byte(*in.at, count == 0, colon) && count + 1 < size) {
        out[count++] = *in.at++;
    }
    out[count] = '\0';
    demand(count > 0, "a name is missing");
}

/* [+-]digits[.digits][e[+-]digits], NaN, +Inf, -Inf */
static double take_number(void)
{
    const char* start = in.at;
    size_t digits = 0;
    if (take("NaN")) {
        return NAN;
    }
    if (take("+Inf")) {
        return INFINITY;
    }
    if (take("-Inf")) {
        return -INFINITY;
    }
    in.at += *in.at == '-';
    for (; *in.at >= '0' && *in.at <= '9'; in.at++) {
        digits++;
    }
    demand(digits > 0, "no number");
    if (*in.at == '.') {
        in.at++;
        demand(*in.at >= '0' && *in.at <= '9', "no digit after the point");
        in.at += strspn(in.at, "0123456789");
    }
    if (*in.at == 'e') {
        in.at++;
        in.at += *in.at == '-' || *in.at == '+';
        demand(*in.at >= '0' && *in.at <= '9', "no exponent");
        in.at += strspn(in.at, "0123456789");
    }
    return strtod(start, NULL);
}

/* Up to the quote or the line's end, which stays; unescaped into in.value. */
static void take_escaped(char end, bool quotes)
{
    size_t size = 0;
    while (*in.at != end && *in.at != '\n' && *in.at != '\0' && size + 2 < sizeof in.value) {
        char byte = *in.at++;
        if (byte == '\\') {
            byte = *in.at++;
            demand(byte == '\\' || byte == 'n' || (byte == '"' && quotes), "a wrong escape");
            byte = byte == 'n' ? '\n' : byte;
        } else {
            demand(byte != '"' || !quotes, "a quote is not escaped");
        }
        in.value[size++] = byte;
    }
    in.value[size] = '\0';
    demand(*in.at == end, "a text has no end");
}

static void take_labels(void)
{
    in.name_count = 0;
    do {
        size_t i;
        char* name = in.names[in.name_count];
        take_name(name, sizeof in.names[0], false);
        demand(strncmp(name, "__", 2) != 0, "a reserved label name");
        for (i = 0; i < in.name_count; i++) {
            demand(strcmp(in.names[i], name) != 0, "a label comes twice");
        }
        in.name_count++;
        demand(take("=\""), "no value");
        take_escaped('"', true);
        demand(take("\""), "no end quote");
    } while (in.problem == NULL && in.name_count < 32 && take(","));
    demand(take("}"), "labels have no end");
}

static void read_bucket(double count)
{
    double bound;
    const char* after = in.at;
    demand(strcmp(in.names[in.name_count - 1], "le") == 0, "a bucket without le");
    in.at = in.value;
    bound = take_number();
    demand(*in.at == '\0', "le is no number");
    demand(in.exposition == TEXT || strpbrk(in.value, ".eI") != NULL, "le is not canonical");
    in.at = after;
    demand(bound > in.last_bound, "bounds do not ascend");
    demand(count >= in.last_count, "buckets descend");
    in.last_bound = bound;
    in.last_count = count;
}

static void read_exemplar(const char* suffix)
{
    char name[32];
    size_t size = 0;
    demand(in.exposition == OPEN, "an exemplar in text");
    demand(strcmp(suffix, "_total") == 0 || strcmp(suffix, "_bucket") == 0, "an odd exemplar");
    do {
        take_name(name, sizeof name, false);
        demand(take("=\""), "no value");
        take_escaped('"', true);
        demand(take("\""), "no end quote");
        size += strlen(name) + strlen(in.value);
    } while (in.problem == NULL && take(","));
    demand(size <= 128, "an exemplar is too long");
    demand(take("} "), "an exemplar has no end");
    (void)take_number();
    demand(take(" "), "an exemplar has no time");
    (void)take_number();
}

static bool is_suffix(const char* suffix)
{
    bool open = in.exposition == OPEN;
    if (strcmp(in.type, "counter") == 0) {
        return strcmp(suffix, open ? "_total" : "") == 0 ||
               (open && strcmp(suffix, "_created") == 0);
    }
    if (strcmp(in.type, "histogram") == 0) {
        return strcmp(suffix, "_bucket") == 0 || strcmp(suffix, "_sum") == 0 ||
               strcmp(suffix, "_count") == 0 || (open && strcmp(suffix, "_created") == 0);
    }
    return strcmp(suffix, strcmp(in.type, "info") == 0 ? "_info" : "") == 0;
}

static void read_sample(void)
{
    char name[620];
    const char* suffix;
    double value;
    take_name(name, sizeof name, true);
    demand((in.seen & 1) != 0, "a sample before its TYPE");
    demand(strncmp(name, in.family, strlen(in.family)) == 0, "a sample of another family");
    suffix = name + strlen(in.family);
    demand(in.problem != NULL || is_suffix(suffix), "a suffix that the type does not have");
    in.name_count = 0;
    if (take("{")) {
        take_labels();
    }
    demand(take(" "), "no value");
    {
        static char bound[sizeof in.value];
        strcpy(bound, in.value);
        value = take_number();
        if (take(" # {")) {
            read_exemplar(suffix);
            strcpy(in.value, bound);
        }
    }
    if (in.problem == NULL && strcmp(suffix, "_bucket") == 0 &&
        demand(in.name_count > 0, "no le")) {
        read_bucket(value);
    } else if (strcmp(in.type, "histogram") == 0) {
        demand(isinf(in.last_bound), "no bucket for all");
        demand(strcmp(suffix, "_count") != 0 || value == in.last_count, "count is not +Inf's");
        if (strcmp(suffix, "_count") == 0 && in.exposition == TEXT) {
            in.last_bound = in.last_count = -1;
        }
        if (strcmp(suffix, "_created") == 0) {
            in.last_bound = in.last_count = -1;
        }
    }
    in.seen |= 8;
    in.samples++;
}

static void begin_family(const char* name, unsigned line)
{
    if (strcmp(in.family, name) != 0) {
        strcpy(in.family, name);
        in.seen = 0;
        in.last_bound = in.last_count = -1;
        strcpy(in.type, "none");
    }
    demand((in.seen & (line | 8)) == 0, "a line about a family too late, or twice");
    in.seen |= line;
}

static void read_line(void)
{
    char name[600];
    if (take("# TYPE ")) {
        take_name(name, sizeof name, true);
        begin_family(name, 1);
        demand(in.exposition == TEXT || (in.seen & 6) == 0, "TYPE is not the first");
        demand(take(" "), "no type");
        take_name(in.type, sizeof in.type, false);
        demand(strcmp(in.type, "counter") == 0 || strcmp(in.type, "gauge") == 0 ||
                   strcmp(in.type, "histogram") == 0 ||
                   (strcmp(in.type, "info") == 0 && in.exposition == OPEN),
               "no such type");
    } else if (take("# HELP ")) {
        take_name(name, sizeof name, true);
        begin_family(name, 2);
        demand(take(" "), "no text");
        take_escaped('\n', in.exposition == OPEN);
    } else if (take("# UNIT ")) {
        char unit[32];
        take_name(name, sizeof name, true);
        begin_family(name, 4);
        demand(in.exposition == OPEN && (in.seen & 2) == 0, "a unit at the wrong place");
        demand(take(" "), "no unit");
        take_name(unit, sizeof unit, false);
        demand(strlen(unit) < strlen(name) && name[strlen(name) - strlen(unit) - 1] == '_' &&
                   strcmp(name + strlen(name) - strlen(unit), unit) == 0,
               "the name does not end with the unit");
    } else {
        read_sample();
    }
    demand(take("\n"), "a line has no end");
}

/* Reads the sink's text; what is wrong with it, or NULL. */
static const char* problem_of(llmobs_exposition exposition)
{
    bool ended = false;
    memset(&in, 0, offsetof(reader, value));
    in.samples = 0;
    in.at = sink.text;
    in.exposition = exposition;
    demand(strlen(sink.text) == sink.size, "a NUL");
    demand(llmobsi_utf8_is_valid(sink.text, sink.size), "no UTF-8");
    demand(harmful_in(sink.text, sink.size) == 0, "what harms a reader");
    while (in.problem == NULL && *in.at != '\0') {
        if (exposition == OPEN && take("# EOF\n")) {
            demand(*in.at == '\0', "something behind the end");
            ended = true;
        } else {
            read_line();
        }
    }
    demand(exposition == TEXT || ended, "no end");
    return in.problem;
}

/* ---- hostile texts ------------------------------------------------------------------------- */

/* Whether a text can stand there as it is. */
static bool is_kept(const char* data, size_t size)
{
    return llmobsi_utf8_is_valid(data, size) && harmful_in(data, size) == 0;
}

static const llmobs_point_view no_labels = {0};

static size_t wrong_help(const char* data, size_t size)
{
    static llmobs_metric_view metric;
    size_t wrong = 0;
    int i;
    metric = metric_of("g", LLMOBS_GAUGE, LLMOBS_NUMBER_INT, &no_labels, 1);
    metric.help.data = data;
    metric.help.size = size;
    for (i = 0; i < 2; i++) {
        llmobs_exposition exposition = i == 0 ? TEXT : OPEN;
        (void)text_of(&metric, exposition);
        wrong += problem_of(exposition) != NULL || in.samples != 1 ||
                 (is_kept(data, size) &&
                  (strlen(in.value) != size || memcmp(in.value, data, size) != 0));
    }
    return wrong;
}

static size_t wrong_label(const char* data, size_t size)
{
    llmobs_attribute_view attribute;
    llmobs_resource_view resource;
    memset(&attribute, 0, sizeof attribute);
    attribute.key = string_of("key");
    attribute.type = LLMOBS_TYPE_STRING;
    attribute.value.string.data = data;
    attribute.value.string.size = size;
    resource.attributes = &attribute;
    resource.attribute_count = 1;
    sink_reset(0);
    (void)expose(&resource, NULL, 0, OPEN, 2048);
    return problem_of(OPEN) != NULL ||
           (is_kept(data, size) &&
            (strlen(in.value) != size || memcmp(in.value, data, size) != 0));
}

static void test_hostile(void)
{
    size_t wrong_1 = 0, wrong_2 = 0, wrong_3 = 0, wrong_value = 0, count = 0;
    uint32_t step = by_qemu() ? 9973 : slowed() ? 1999 : 131;
    char text[4] = "";
    uint32_t i;
    for (i = 0; i < 256; i++) {
        text[0] = (char)i;
        wrong_1 += wrong_help(text, 1);
        wrong_value += wrong_label(text, 1);
    }
    for (i = 0; i < 65536; i += step_of(7)) {
        text[0] = (char)i;
        text[1] = (char)(i >> 8);
        wrong_2 += wrong_help(text, 2);
        wrong_value += wrong_label(text, 2);
    }
    for (i = 0; i < 1 << 24; i += step) {
        text[0] = (char)i;
        text[1] = (char)(i >> 8);
        text[2] = (char)(i >> 16);
        wrong_3 += wrong_help(text, 3);
        wrong_value += wrong_label(text, 3);
        count++;
    }
    printf("# of three bytes, %zu\n", count);
    is_int(wrong_1, 0, "every byte as help is read back, or replaced");
    is_int(wrong_2, 0, "every two bytes");
    is_int(wrong_3, 0, "three bytes, every 131st");
    is_int(wrong_value, 0, "the same as values of labels");
}

static void test_escapes(void)
{
    llmobs_metric_view metric = metric_of("g", LLMOBS_GAUGE, LLMOBS_NUMBER_INT, NULL, 0);
    metric.help.data = "a\\b\"c\nd\re\0f\xff\xc3\xa9";
    metric.help.size = 14;
    is_str(text_of(&metric, TEXT),
           "# HELP g a\\\\b\"c\\nd e\xef\xbf\xbd" "f\xef\xbf\xbd\xc3\xa9\n# TYPE g gauge\n",
           "what is escaped in text");
    is_str(text_of(&metric, OPEN),
           "# TYPE g gauge\n"
           "# HELP g a\\\\b\\\"c\\nd e\xef\xbf\xbd" "f\xef\xbf\xbd\xc3\xa9\n"
           "# EOF\n",
           "and in OpenMetrics");
}

/* ---- the resource -------------------------------------------------------------------------- */

static void attribute_string(llmobs_attribute_view* attribute, const char* key, const char* value)
{
    memset(attribute, 0, sizeof *attribute);
    attribute->key = string_of(key);
    attribute->type = LLMOBS_TYPE_STRING;
    attribute->value.string = string_of(value);
}

static void test_resource(void)
{
    llmobs_attribute_view attributes[14];
    llmobs_resource_view resource;
    resource.attributes = attributes;
    resource.attribute_count = 14;
    attribute_string(&attributes[0], "service.name", "my \"service\"\\\n");
    attribute_string(&attributes[1], "", "no name");
    attribute_string(&attributes[2], "process.pid", "");
    attributes[2].type = LLMOBS_TYPE_INT;
    attributes[2].value.integer = INT64_MIN;
    attribute_string(&attributes[3], "share", "");
    attributes[3].type = LLMOBS_TYPE_DOUBLE;
    attributes[3].value.real = 0.25;
    attribute_string(&attributes[4], "on", "");
    attributes[4].type = LLMOBS_TYPE_BOOL;
    attributes[4].value.boolean = true;
    attribute_string(&attributes[5], "off", "");
    attributes[5].type = LLMOBS_TYPE_BOOL;
    attributes[5].value.boolean = false;
    attribute_string(&attributes[6], "list", "");
    attributes[6].type = LLMOBS_TYPE_STRINGS;
    attribute_string(&attributes[7], "service-name", "the second of this name");
    attribute_string(&attributes[8], "1st", "");
    attribute_string(&attributes[9], "__name__", "x");
    attribute_string(&attributes[10], "key_1st", "the second of this name");
    attribute_string(&attributes[11], "caf\xc3\xa9", "caf\xc3\xa9");
    attribute_string(&attributes[12], "service.name.", "longer");
    attribute_string(&attributes[13], "list", "");
#define LABELS                                                                                     \
    "{service_name=\"my \\\"service\\\"\\\\\\n\",process_pid=\"-9223372036854775808\","            \
    "share=\"0.25\",on=\"true\",off=\"false\",key_1st=\"\",key___name__=\"x\","                    \
    "caf__=\"caf\xc3\xa9\",service_name_=\"longer\",list=\"\"}"
    sink_reset(0);
    ok(expose(&resource, NULL, 0, TEXT, 4096), "a resource");
    is_str(sink.text,
           "# HELP target_info What the metrics are about.\n"
           "# TYPE target_info gauge\n"
           "target_info" LABELS " 1\n",
           "a gauge in text");
    sink_reset(0);
    (void)expose(&resource, NULL, 0, OPEN, 4096);
    is_str(sink.text,
           "# TYPE target info\n"
           "# HELP target What the metrics are about.\n"
           "target_info" LABELS " 1\n"
           "# EOF\n",
           "an info in OpenMetrics");
    resource.attribute_count = 0;
    sink_reset(0);
    (void)expose(&resource, NULL, 0, OPEN, 4096);
    ok(strstr(sink.text, "\ntarget_info 1\n") != NULL, "without attributes");
}

/* ---- one of everything --------------------------------------------------------------------- */

typedef struct everything {
    llmobs_attribute_view attributes[3];
    llmobs_resource_view resource;
    llmobs_point_view points[8][4];
    llmobs_exemplar_view exemplars[3];
    double bounds[3];
    uint64_t counts[40];
    llmobs_metric_view metrics[8];
    char labels[4][9000];
    char help[3000];
    char family[256];
} everything;

static everything all;

/* Labels of growing size, the last ones many times longer than the least buffer. */
static void fill_labels(void)
{
    size_t used[4] = {0}, i, k;
    for (i = 1; i < 4; i++) {
        size_t labels = i == 1 ? 1 : 8;
        size_t size = i == 1 ? 3 : i == 2 ? 20 : 128;
        char* out = all.labels[i];
        for (k = 0; k < labels; k++) {
            size_t byte;
            used[i] += (size_t)sprintf(out + used[i], "%slabel_%d=\"", k > 0 ? "," : "", (int)k);
            for (byte = 0; byte < size; byte++) {
                used[i] += (size_t)sprintf(out + used[i], "%s",
                                           byte % 7 == 3 ? "\\\"" : byte % 11 == 5 ? "\\\\" : "v");
            }
            used[i] += (size_t)sprintf(out + used[i], "\"");
        }
    }
}

static void fill_everything(void)
{
    static const struct {
        llmobs_instrument instrument;
        llmobs_number number;
        const char* family;
    } kinds[] = {{LLMOBS_COUNTER, LLMOBS_NUMBER_INT, "counter_int"},
                 {LLMOBS_COUNTER, LLMOBS_NUMBER_NANO, "counter_seconds"},
                 {LLMOBS_UPDOWN, LLMOBS_NUMBER_INT, "ups:and:downs"},
                 {LLMOBS_GAUGE, LLMOBS_NUMBER_DOUBLE, "gauge_ratio"},
                 {LLMOBS_HISTOGRAM, LLMOBS_NUMBER_NANO, "explicit_seconds"},
                 {LLMOBS_HISTOGRAM, LLMOBS_NUMBER_DOUBLE, "explicit"},
                 {LLMOBS_HISTOGRAM_EXPONENTIAL, LLMOBS_NUMBER_NANO, NULL},
                 {LLMOBS_HISTOGRAM_EXPONENTIAL, LLMOBS_NUMBER_INT, "exponential_bytes"}};
    size_t i, k;
    fill_labels();
    memset(all.family, 'f', sizeof all.family - 1);
    for (i = 0; i < sizeof all.help; i++) {
        all.help[i] = (char)(i % 50 == 49 ? '\n' : i % 31 == 30 ? '\\' : i % 17 == 3 ? '"' : 'h');
    }
    all.bounds[0] = 1.2345678901234567e-7; /* of many digits */
    all.bounds[1] = 0.1;
    all.bounds[2] = 1.7976931348623157e308;
    for (i = 0; i < 40; i++) {
        all.counts[i] = UINT64_C(1) << (i < 2 ? 60 : i);
    }
    for (i = 0; i < 3; i++) {
        static const double values[] = {1.2345678901234567e-300, 0.012345678901234567, 1e300};
        all.exemplars[i] = exemplar_of((uint32_t)i, values[i], UINT64_MAX);
    }
    for (i = 0; i < 8; i++) {
        all.metrics[i] = metric_of(kinds[i].family != NULL ? kinds[i].family : all.family,
                                   kinds[i].instrument, kinds[i].number, all.points[i], 4);
        all.metrics[i].unit = string_of(i == 1 || i == 4 ? "s" : i == 3 ? "1" : "");
        all.metrics[i].help.data = all.help;
        all.metrics[i].help.size = i * 400;
        all.metrics[i].bounds = all.bounds;
        all.metrics[i].bound_count = 3;
        all.metrics[i].least = 1e-6;
        all.metrics[i].most = 4096.0;
        for (k = 0; k < 4; k++) {
            llmobs_point_view* point = &all.points[i][k];
            bool exponential = kinds[i].instrument == LLMOBS_HISTOGRAM_EXPONENTIAL;
            *point = point_of(all.labels[k]);
            point->start_unix_ns = UINT64_MAX;
            point->bucket_counts = all.counts;
            point->bucket_count = exponential ? 40 : 4;
            point->scale = (int32_t)k - 1;
            point->offset = -30;
            point->exemplars = all.exemplars;
            point->exemplar_count = 3;
            if (kinds[i].number == LLMOBS_NUMBER_DOUBLE) {
                point->value.real = i == 3 ? -1.2345678901234567e-300 : 1.2345678901234567e-300;
            } else {
                point->value.integer = i == 2 ? INT64_MIN : INT64_MAX;
            }
            point->count = UINT64_C(1) << 63;
        }
    }
    attribute_string(&all.attributes[0], "service.name", "s");
    attribute_string(&all.attributes[1], "long.value", "");
    all.attributes[1].value.string.data = all.help;
    all.attributes[1].value.string.size = sizeof all.help;
    attribute_string(&all.attributes[2], "", "");
    all.attributes[2].key.data = all.labels[3]; /* a long name, full of what must be replaced */
    all.attributes[2].key.size = 150;
    all.resource.attributes = all.attributes;
    all.resource.attribute_count = 3;
}

static bool expose_all(llmobs_exposition exposition, size_t capacity, size_t refuse_call)
{
    sink_reset(refuse_call);
    return expose(&all.resource, all.metrics, 8, exposition, capacity);
}

static char whole[2][sizeof sink.text];
static size_t whole_size[2];

static void test_everything(void)
{
    int i;
    for (i = 0; i < 2; i++) {
        llmobs_exposition exposition = i == 0 ? TEXT : OPEN;
        ok(expose_all(exposition, 65536, 0), "one of everything");
        whole_size[i] = sink.size;
        memcpy(whole[i], sink.text, sink.size + 1);
        if (problem_of(exposition) != NULL) {
            printf("# near: %.200s\n", in.at);
        }
        is_str(in.problem, NULL, "the strict reader finds nothing");
    }
}

static void test_buffers(void)
{
    size_t capacity, step = step_of(11), wrong = 0, large = 0;
    for (capacity = LLMOBS_I_WRITER_LEAST; capacity <= 2000; capacity += step) {
        int i;
        for (i = 0; i < 2; i++) {
            wrong += !expose_all(i == 0 ? TEXT : OPEN, capacity, 0) ||
                     sink.size != whole_size[i] || memcmp(sink.text, whole[i], sink.size) != 0;
            large += sink.largest > capacity;
        }
    }
    is_int(wrong, 0, "buffers of 512 to 2000 bytes give the same text");
    is_int(large, 0, "and hand on no more than they hold");
}

static void test_refusals(void)
{
    size_t silent = 0, late = 0, garbled = 0, calls, call;
    (void)expose_all(OPEN, LLMOBS_I_WRITER_LEAST, 0);
    calls = sink.calls;
    for (call = 1; call <= calls; call++) {
        silent += expose_all(OPEN, LLMOBS_I_WRITER_LEAST, call);
        late += sink.calls != call;
        garbled += memcmp(sink.text, whole[1], sink.size) != 0;
    }
    ok(calls > 100, "some calls to refuse");
    is_int(silent, 0, "a refused call is told of");
    is_int(late, 0, "and is the last");
    is_int(garbled, 0, "what came before is right");
}

static void test_locale(void)
{
    if (setlocale(LC_NUMERIC, "de_DE.UTF-8") == NULL && setlocale(LC_NUMERIC, "de_DE") == NULL) {
        skip("a decimal comma changes nothing", "no locale de_DE is installed");
        return;
    }
    (void)expose_all(OPEN, 65536, 0);
    (void)setlocale(LC_NUMERIC, "C");
    ok(sink.size == whole_size[1] && memcmp(sink.text, whole[1], sink.size) == 0,
       "a decimal comma changes nothing");
}

/* The reader must be able to find something. */
static void test_reader(void)
{
    static const char* const bad[] = {
        "a 1\n# EOF\n", "# TYPE a gauge\na 1\n", "# TYPE a gauge\na 1\n\n# EOF\n",
        "# TYPE a gauge\na{} 1\n# EOF\n", "# TYPE a gauge\na{b=\"\"\"} 1\n# EOF\n",
        "# TYPE a gauge\na{b=\"\\x\"} 1\n# EOF\n", "# TYPE a gauge\na{b=\"\",b=\"\"} 1\n# EOF\n",
        "# TYPE a gauge\na 1,5\n# EOF\n", "# TYPE a gauge\na inf\n# EOF\n",
        "# TYPE a gauge\n# HELP a \"\n# EOF\n", "# HELP a x\n# TYPE a gauge\n# EOF\n",
        "# TYPE a gauge\n# UNIT a b\n# EOF\n", "# TYPE a counter\na 1\n# EOF\n",
        "# TYPE a histogram\na_bucket{le=\"1\"} 1\n# EOF\n",
        "# TYPE a histogram\na_bucket{le=\"1.0\"} 1\na_count 1\n# EOF\n",
        "# TYPE a histogram\na_bucket{le=\"1.0\"} 2\na_bucket{le=\"+Inf\"} 1\na_count 1\n# EOF\n",
        "# TYPE a histogram\na_bucket{le=\"2.0\"} 1\na_bucket{le=\"1.0\"} 1\n# EOF\n",
        "# TYPE a gauge\na 1 # {b=\"c\"} 1 1\n# EOF\n", "# EOF\n# EOF\n",
        "# TYPE a gauge\na\r 1\n# EOF\n"};
    size_t i, missed = 0;
    for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        sink_reset(0);
        strcpy(sink.text, bad[i]);
        sink.size = strlen(bad[i]);
        if (problem_of(OPEN) == NULL) {
            missed++;
            printf("# not found: %s\n", bad[i]);
        }
    }
    is_int(missed, 0, "the strict reader finds what is wrong");
}

int main(int count, char** arguments)
{
    fill_everything();
    if (count > 1) { /* for other readers: prints one of everything */
        (void)expose_all(strcmp(arguments[1], "text") == 0 ? TEXT : OPEN, 4096, 0);
        (void)fwrite(sink.text, 1, sink.size, stdout);
        return 0;
    }
    test_counters();
    test_gauges();
    test_units();
    test_histogram();
    test_exponential();
    test_powers();
    test_nano();
    test_bounds();
    test_reader();
    test_escapes();
    test_hostile();
    test_resource();
    test_everything();
    test_buffers();
    test_refusals();
    test_locale();
    return done();
}

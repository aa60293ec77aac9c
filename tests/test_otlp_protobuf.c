/* OTLP protobuf: batches of everything that views can hold, read back by a strict reader, are what
   the views say and what the JSON says, leaf by leaf; golden bytes of both; every buffer size and
   every refusal; what is no body. */
#include "llmobs_private.h"
#include "tap.h"

#include "batch_sample.h"
#include "otlp_random.h"
#include "otlp_views.h"

#include <stdlib.h>

static sample_batch sample;
static otlp_random source;
static leaves from_views, from_json, from_protobuf;

/* ---- where it goes ------------------------------------------------------------------------- */

/* Any number of bytes; refuses the call `refuse_at`, counted from 0. */
typedef struct bytes {
    char* data;
    size_t size;
    size_t room;
    size_t calls;
    size_t refuse_at;
} bytes;

static bytes json, protobuf, again;

static bool bytes_write(void* user, const char* data, size_t size)
{
    bytes* to = (bytes*)user;
    if (to->calls++ >= to->refuse_at) {
        return false;
    }
    if (to->size + size > to->room) {
        to->room = 2 * (to->size + size);
        to->data = (char*)realloc(to->data, to->room);
    }
    memcpy(to->data + to->size, data, size);
    to->size += size;
    return true;
}

static void bytes_reset(bytes* to, size_t refuse_at)
{
    to->size = to->calls = 0;
    to->refuse_at = refuse_at;
}

static bool encode(const llmobs_batch* batch)
{
    bytes_reset(&json, SIZE_MAX);
    bytes_reset(&protobuf, SIZE_MAX);
    return llmobs_encode(batch, LLMOBS_FORMAT_OTLP_JSON, bytes_write, &json) == LLMOBS_OK &&
           llmobs_encode(batch, LLMOBS_FORMAT_OTLP_PROTOBUF, bytes_write, &protobuf) == LLMOBS_OK;
}

/* Whether both say what the views say, and the size is what was told. */
static bool is_the_same(const llmobs_batch* batch)
{
    const char* top = otlp_top(batch);
    if (!encode(batch)) {
        printf("# not encoded\n");
        return false;
    }
    leaves_of_views(&from_views, batch);
    if (!leaves_of_protobuf(&from_protobuf, top, protobuf.data, protobuf.size)) {
        printf("# no such protobuf at %.*s\n", (int)from_protobuf.path_size, from_protobuf.path);
        return false;
    }
    if (!leaves_of_json(&from_json, json.data, json.size)) {
        printf("# no such JSON at %.*s\n", (int)from_json.path_size, from_json.path);
        return false;
    }
    if (!leaves_equal(&from_views, &from_protobuf)) {
        leaves_explain(&from_views, &from_protobuf);
        return false;
    }
    if (!leaves_equal(&from_json, &from_protobuf)) {
        leaves_explain(&from_json, &from_protobuf);
        return false;
    }
    return llmobs_otlp_protobuf_size(batch) == protobuf.size;
}

/* ---- against the views and the JSON -------------------------------------------------------- */

static void test_sample(void)
{
    ok(is_the_same(&sample.batch), "a batch of spans with one of everything");
    ok(from_views.count > 100, "which is much");
    sample.batch.lost_before = UINT64_MAX;
    ok(is_the_same(&sample.batch), "after a gap too large for an int64");
    ok(strstr(from_views.text, "intValue 9223372036854775807\n") != NULL, "which is told");
    sample.batch.lost_before = 0;
}

static void test_random(size_t batches, bool tame, const char* what)
{
    size_t i, wrong = 0, leaf_count = 0;
    random_begin(&source, tame ? 4711 : 815, tame);
    for (i = 0; i < batches && wrong < 3; i++) {
        wrong += !is_the_same(random_batch(&source));
        leaf_count += from_views.count;
    }
    is_int(wrong, 0, what);
    printf("# %lu leaves\n", (unsigned long)leaf_count);
}

/* More records than sizes are kept of, some with malformed text. */
static void test_many(void)
{
    const size_t count = 2 * LLMOBS_I_OTLP_KEPT + 7;
    llmobs_span_view* spans = (llmobs_span_view*)calloc(count, sizeof *spans);
    llmobs_batch batch = sample.batch;
    size_t i;
    for (i = 0; i < count; i++) {
        spans[i] = sample.spans[i % 7 % 6];
        spans[i].start_unix_ns = i;
        if (i % 3 == 0) {
            spans[i].name = sample_text("cut \xf0\x9f\x98");
        }
    }
    batch.spans = spans;
    batch.span_count = count;
    ok(is_the_same(&batch), "a batch of many spans");
    free(spans);
}

/* ---- golden bytes -------------------------------------------------------------------------- */

/* The bytes as hex, with the version, whatever it is, as "V". */
static const char* hex_of(const bytes* from)
{
    static char hex[4096];
    const size_t version = sizeof LLMOBS_VERSION_STRING - 1;
    size_t i, at = 0;
    for (i = 0; i < from->size && at < sizeof hex - 4; i++) {
        if (from->size - i >= version &&
            memcmp(from->data + i, LLMOBS_VERSION_STRING, version) == 0) {
            hex[at++] = 'V';
            i += version - 1;
            continue;
        }
        at += (size_t)sprintf(hex + at, "%02x", (unsigned)(uint8_t)from->data[i]);
    }
    hex[at] = '\0';
    return hex;
}

static llmobs_resource_view golden_resource(llmobs_attribute_view* attribute)
{
    llmobs_resource_view resource;
    memset(attribute, 0, sizeof *attribute);
    sample_string(attribute, "service.name", "demo");
    resource.attributes = attribute;
    resource.attribute_count = 1;
    return resource;
}

/* Worked out by hand from OTLP's descriptions. The version has five letters. */
static void test_golden_span(void)
{
    llmobs_attribute_view service, attributes[2];
    llmobs_resource_view resource = golden_resource(&service);
    llmobs_span_view span;
    llmobs_batch batch;
    memset(&batch, 0, sizeof batch);
    memset(&span, 0, sizeof span);
    memset(attributes, 0, sizeof attributes);
    sample_int(&attributes[0], "n", -1);
    sample_bool(&attributes[1], "b", false);
    memset(span.trace_id, 0x11, 16);
    memset(span.span_id, 0x22, 8);
    span.name = sample_text("chat");
    span.kind = LLMOBS_KIND_CLIENT;
    span.start_unix_ns = 1;
    span.end_unix_ns = UINT64_C(0x0102030405060708);
    span.flags = 0x101;
    span.status = LLMOBS_STATUS_ERROR;
    span.attributes = attributes;
    span.attribute_count = 2;
    batch.resource = &resource;
    batch.spans = &span;
    batch.span_count = 1;
    ok(encode(&batch), "a span");
    is_str(hex_of(&protobuf),
           "0a8a01"                                                   /* ResourceSpans  */
           "0a18" "0a16" "0a0c" "736572766963652e6e616d65"            /* service.name   */
           "1206" "0a04" "64656d6f"                                   /* demo           */
           "126e"                                                     /* ScopeSpans     */
           "0a0f" "0a06" "6c6c6d6f6273" "1205" "V"                    /* llmobs, V      */
           "125b"                                                     /* Span           */
           "0a10" "11111111111111111111111111111111"                  /* trace_id       */
           "1208" "2222222222222222"                                  /* span_id        */
           "850101010000"                                             /* flags          */
           "2a04" "63686174"                                          /* name           */
           "3003"                                                     /* kind           */
           "39" "0100000000000000" "41" "0807060504030201"            /* start, end     */
           "4a10" "0a01" "6e" "120b" "18" "ffffffffffffffffff01"      /* n: -1          */
           "4a07" "0a01" "62" "1202" "1000"                           /* b: false       */
           "7a02" "1802",                                             /* status: error  */
           "is these bytes");
}

static void test_golden_metric(void)
{
    static const double bound = 0.5;
    static const uint64_t counts[] = {1, 2};
    llmobs_metric_view metrics[2];
    llmobs_point_view points[2];
    llmobs_batch batch;
    memset(&batch, 0, sizeof batch);
    memset(metrics, 0, sizeof metrics);
    memset(points, 0, sizeof points);
    metrics[0].name = sample_text("c");
    metrics[0].instrument = LLMOBS_COUNTER;
    metrics[0].number = LLMOBS_NUMBER_INT;
    metrics[0].temporality = LLMOBS_TEMPORALITY_DELTA;
    metrics[0].points = &points[0];
    metrics[0].point_count = 1;
    points[0].start_unix_ns = 1;
    points[0].time_unix_ns = 2;
    metrics[1].name = sample_text("h");
    metrics[1].unit = sample_text("s");
    metrics[1].instrument = LLMOBS_HISTOGRAM;
    metrics[1].number = LLMOBS_NUMBER_NANO;
    metrics[1].bounds = &bound;
    metrics[1].bound_count = 1;
    metrics[1].points = &points[1];
    metrics[1].point_count = 1;
    points[1].time_unix_ns = 2;
    points[1].count = 3;
    points[1].value.integer = 1500000000;
    points[1].min.integer = 0;
    points[1].max.integer = 1000000000;
    points[1].bucket_counts = counts;
    points[1].bucket_count = 2;
    batch.metrics = metrics;
    batch.metric_count = 2;
    ok(encode(&batch), "two metrics");
    is_str(hex_of(&protobuf),
           "0a9501" "0a00"                                              /* no resource        */
           "129001"                                                     /* ScopeMetrics       */
           "0a0f" "0a06" "6c6c6d6f6273" "1205" "V"                      /* llmobs, V          */
           "1226" "0a01" "63"                                           /* Metric c           */
           "3a21" "0a1b"                                                /* Sum, a point       */
           "11" "0100000000000000" "19" "0200000000000000"              /* start, time        */
           "31" "0000000000000000"                                      /* as_int 0           */
           "1001" "1801"                                                /* delta, monotonic   */
           "1255" "0a01" "68" "1a01" "73"                               /* Metric h, s        */
           "4a4d" "0a49"                                                /* Histogram, a point */
           "19" "0200000000000000" "21" "0300000000000000"              /* time, count        */
           "29" "000000000000f83f"                                      /* sum 1.5            */
           "59" "0000000000000000" "61" "000000000000f03f"              /* min 0, max 1       */
           "3210" "0100000000000000" "0200000000000000"                 /* bucket_counts      */
           "3a08" "000000000000e03f"                                    /* explicit_bounds    */
           "1002",                                                      /* cumulative         */
           "are these bytes");
}

static void test_golden_log(void)
{
    llmobs_log_view log;
    llmobs_batch batch;
    memset(&batch, 0, sizeof batch);
    memset(&log, 0, sizeof log);
    memset(log.trace_id, 0x11, 16);
    memset(log.span_id, 0x22, 8);
    log.unix_ns = 1;
    log.severity = LLMOBS_SEVERITY_WARN;
    log.flags = 1;
    log.event_name = sample_text("e");
    log.body = sample_text("\xff");
    log.dropped_attribute_count = 300;
    batch.logs = &log;
    batch.log_count = 1;
    batch.lost_before = 5;
    ok(encode(&batch), "a log record");
    is_str(hex_of(&protobuf),
           "0a70" "0a00"                                                     /* no resource    */
           "126c"                                                            /* ScopeLogs      */
           "0a29" "0a06" "6c6c6d6f6273" "1205" "V"                           /* llmobs, V      */
           "1a18" "0a12" "6c6c6d6f62732e6c6f73745f6265666f7265" "12021805"   /* lost_before: 5 */
           "123f" "09" "0100000000000000"                                    /* time           */
           "100d" "1a04" "5741524e"                                          /* WARN           */
           "6201" "65"                                                       /* event_name     */
           "2a05" "0a03" "efbfbd"                                            /* body: U+FFFD   */
           "38ac02"                                                          /* dropped: 300   */
           "4501000000"                                                      /* flags          */
           "4a10" "11111111111111111111111111111111"                         /* trace_id       */
           "5208" "2222222222222222",                                        /* span_id        */
           "is these bytes");
}

/* JSON is what it was before it shared its description with protobuf, to the byte, in the
   vocabulary that it had. */
static void hash_json(llmobs_sha256* hash, const llmobs_batch* batch)
{
    static const char before[] = "\"scope\":{\"name\":\"llmobs\",\"version\":\"";
    char* version;
    if (!encode(batch) || !bytes_write(&json, "", 1)) {
        return;
    }
    version = strstr(json.data, before);
    if (version != NULL) {
        size_t head = (size_t)(version - json.data) + sizeof before - 1;
        size_t tail = head + sizeof LLMOBS_VERSION_STRING - 1;
        llmobs_sha256_update(hash, json.data, head);
        llmobs_sha256_update(hash, json.data + tail, json.size - 1 - tail);
    }
}

static void test_golden_json(void)
{
    uint8_t digest[LLMOBS_SHA256_SIZE];
    llmobs_sha256 hash;
    char hex[2 * LLMOBS_SHA256_SIZE + 1];
    int i;
    llmobs_sha256_begin(&hash);
    hash_json(&hash, &sample.batch);
    random_begin(&source, 17, true);
    for (i = 0; i < 3000; i++) {
        const llmobs_batch* batch = random_batch(&source);
        size_t k;
        for (k = 0; k < batch->log_count; k++) {
            source.logs[k].vocabulary = 0;
        }
        hash_json(&hash, batch);
    }
    llmobs_sha256_end(&hash, digest);
    *llmobsi_append_hex(hex, digest, sizeof digest) = '\0';
    is_str(hex, "2170107057b1c30d6191b4d19367e2a97b3b5bceb021027221da4b0a420e1236",
           "JSON of 3,001 batches is what it always was");
}

/* ---- numbers ------------------------------------------------------------------------------- */

static void test_numbers(void)
{
    char text[64];
    uint64_t random = 88172645463325252u;
    size_t i, wrong = 0;
    for (i = 0; i < (size_t)rounds_of(300000); i++) {
        int64_t number;
        uint64_t size;
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        number = (int64_t)random >> (i % 64);
        size = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
        snprintf(text, sizeof text, "%s%llu.%09llu", number < 0 ? "-" : "",
                 (unsigned long long)(size / 1000000000), (unsigned long long)(size % 1000000000));
        wrong += llmobsi_double_of_nano(number) != strtod(text, NULL);
    }
    is_int(wrong, 0, "billionths become the nearest double");
    ok(llmobsi_double_of_nano(0) == 0 && llmobsi_double_of_nano(INT64_MIN) == -9223372036.854775808,
       "so do the ends");
    wrong = 0;
    for (i = 0; i < 64; i++) {
        uint64_t number = UINT64_C(1) << i;
        char varint[LLMOBS_I_VARINT_ROOM];
        wrong += (size_t)(llmobsi_append_varint(varint, number) - varint) !=
                 llmobsi_varint_size(number);
        wrong += (size_t)(llmobsi_append_varint(varint, number - 1) - varint) !=
                 llmobsi_varint_size(number - 1);
    }
    wrong += llmobsi_varint_size(UINT64_MAX) != 10;
    is_int(wrong, 0, "a varint has the size that was told");
    is_int(llmobsi_zigzag(INT32_MIN), UINT32_MAX, "the least number is the largest in zigzag");
}

/* ---- buffers and refusals ------------------------------------------------------------------ */

/* With every buffer, and a refusal at every call. */
static size_t wrong_buffers(const llmobs_batch* batch, size_t capacities)
{
    size_t capacity, call, calls, wrong = !encode(batch);
    for (capacity = LLMOBS_I_WRITER_LEAST; capacity < capacities; capacity++) {
        char* buffer = (char*)malloc(capacity); /* ASan sees its end */
        llmobsi_writer writer;
        bytes_reset(&again, SIZE_MAX);
        llmobsi_writer_init(&writer, buffer, capacity, bytes_write, &again);
        wrong += !llmobsi_otlp_encode_protobuf(batch, &writer) || again.size != protobuf.size ||
                 memcmp(again.data, protobuf.data, again.size) != 0;
        calls = again.calls;
        for (call = 0; capacity % 64 == 0 && call < calls; call++) {
            bytes_reset(&again, call);
            llmobsi_writer_init(&writer, buffer, capacity, bytes_write, &again);
            wrong += llmobsi_otlp_encode_protobuf(batch, &writer) || again.calls != call + 1 ||
                     memcmp(again.data, protobuf.data, again.size) != 0;
        }
        free(buffer);
    }
    return wrong;
}

static void test_buffers(void)
{
    size_t wrong = 0, i;
    is_int(wrong_buffers(&sample.batch, LLMOBS_I_WRITER_LEAST + 3000), 0,
           "every buffer size gives the same bytes, every refusal is told, and is the last call");
    random_begin(&source, 99, false);
    for (i = 0; i < 300; i++) {
        wrong += wrong_buffers(random_batch(&source), LLMOBS_I_WRITER_LEAST + 70);
    }
    is_int(wrong, 0, "of spans, metrics and log records at random, too");
    bytes_reset(&again, 0);
    is_int(llmobs_encode(&sample.batch, LLMOBS_FORMAT_OTLP_PROTOBUF, bytes_write, &again),
           LLMOBS_ERROR_SYSTEM, "llmobs_encode: refused");
}

/* ---- what is no body ----------------------------------------------------------------------- */

static void test_no_body(void)
{
    llmobs_batch batch;
    llmobs_log_view log;
    memset(&log, 0, sizeof log);
    memset(&batch, 0, sizeof batch);
    ok(!llmobs_encode_otlp_protobuf(NULL, bytes_write, &again), "no batch");
    ok(!llmobs_encode_otlp_protobuf(&batch, NULL, NULL), "no write");
    is_int(llmobs_otlp_protobuf_size(NULL), 0, "the size of no batch");
    is_int(llmobs_encode(&batch, LLMOBS_FORMAT_OTLP_PROTOBUF, NULL, NULL), LLMOBS_ERROR_ARGUMENT,
           "llmobs_encode: no write");
    ok(is_the_same(&batch), "a batch of nothing is a message");
    batch.span_count = 3; /* of which there are none */
    ok(is_the_same(&batch), "counts without their arrays");
    batch = sample.batch;
    batch.logs = &log;
    batch.log_count = 1;
    bytes_reset(&again, SIZE_MAX);
    is_int(llmobs_encode(&batch, LLMOBS_FORMAT_OTLP_PROTOBUF, bytes_write, &again),
           LLMOBS_ERROR_FORMAT, "two signals are no body");
    ok(!llmobs_encode_otlp_protobuf(&batch, bytes_write, &again), "nor here");
    is_int(llmobs_otlp_protobuf_size(&batch), 0, "which has no size");
    is_int(again.calls, 0, "and nothing is written");
}

/* Never written: counted alone. */
static void test_too_large(void)
{
    const size_t size = (size_t)1 << 24;
    char* text = (char*)calloc(1, size);
    llmobs_attribute_view attributes[128];
    llmobs_span_view span;
    llmobs_batch batch;
    size_t i;
    memset(attributes, 0, sizeof attributes);
    memset(&span, 0, sizeof span);
    memset(&batch, 0, sizeof batch);
    for (i = 0; i < 128; i++) {
        attributes[i].value.string.data = text;
        attributes[i].value.string.size = size;
    }
    span.attributes = attributes;
    span.attribute_count = 128;
    batch.spans = &span;
    batch.span_count = 1;
    bytes_reset(&again, SIZE_MAX);
    is_int(llmobs_encode(&batch, LLMOBS_FORMAT_OTLP_PROTOBUF, bytes_write, &again),
           LLMOBS_ERROR_LIMIT, "2 GiB are no body");
    is_int(again.calls, 0, "nothing is written");
    span.attribute_count = 127;
    ok(llmobs_otlp_protobuf_size(&batch) > 127 * size, "a little less is");
    free(text);
}

static void test_names(void)
{
    llmobs* obs = llmobs_open(NULL, NULL);
    is_str(llmobs_otlp_content_type(LLMOBS_FORMAT_OTLP_JSON), "application/json", "JSON");
    is_str(llmobs_otlp_content_type(LLMOBS_FORMAT_OTLP_PROTOBUF), "application/x-protobuf",
           "protobuf");
    is_str(llmobs_otlp_content_type(LLMOBS_FORMAT_CHROME), "", "no OTLP");
    is_int(llmobs_export_file(obs, LLMOBS_FORMAT_OTLP_PROTOBUF, "build/tmp/no.pb"),
           LLMOBS_ERROR_FORMAT, "a file has lines");
    llmobs_close(obs);
}

/* ---- several messages are one -------------------------------------------------------------- */

static size_t batch_count;

static bool collect(void* user, const llmobs_batch* batch)
{
    batch_count++;
    return llmobs_encode(batch, LLMOBS_FORMAT_OTLP_PROTOBUF, bytes_write, &protobuf) == LLMOBS_OK &&
           llmobs_encode(batch, LLMOBS_FORMAT_OTLP_JSON, bytes_write, user) == LLMOBS_OK;
}

static void test_metrics_write(void)
{
    llmobs_config config = llmobs_config_default();
    llmobs* obs;
    size_t i, batches;
    config.host_pumped = true;
    obs = llmobs_open(&config, NULL);
    for (i = 0; i < 600; i++) {
        llmobs_label label;
        char value[16];
        sprintf(value, "%u", (unsigned)i);
        label.name = "route";
        label.value = value;
        llmobs_counter_add(llmobs_counter_find(obs, "requests", &label, 1), 1);
    }
    bytes_reset(&json, SIZE_MAX);
    bytes_reset(&protobuf, SIZE_MAX);
    is_int(llmobs_metrics_collect(obs, collect, &json), LLMOBS_OK, "metrics, in batches");
    batches = batch_count;
    ok(batches > 1, "of which there are several");
    ok(leaves_of_protobuf(&from_protobuf, "resourceMetrics", protobuf.data, protobuf.size) &&
           leaves_of_json(&from_json, json.data, json.size) &&
           leaves_equal(&from_json, &from_protobuf),
       "one after the other they are one message, which says the same as the JSON's lines");
    bytes_reset(&again, SIZE_MAX);
    is_int(llmobs_metrics_write(obs, LLMOBS_FORMAT_OTLP_PROTOBUF, bytes_write, &again), LLMOBS_OK,
           "llmobs_metrics_write");
    ok(leaves_of_protobuf(&from_views, "resourceMetrics", again.data, again.size) &&
           from_views.count == from_protobuf.count,
       "writes such a message");
    llmobs_close(obs);
}

int main(void)
{
    bool slow = slowed();
    sample_fill(&sample);
    test_sample();
    test_random((size_t)rounds_of(slow ? 2000 : 12000), true, "batches as instances make them");
    test_random((size_t)rounds_of(slow ? 4000 : 24000), false,
                "and hostile ones: all three say the same");
    test_many();
    test_golden_span();
    test_golden_metric();
    test_golden_log();
    test_golden_json();
    test_numbers();
    test_buffers();
    test_no_body();
    test_too_large();
    test_names();
    test_metrics_write();
    return done();
}

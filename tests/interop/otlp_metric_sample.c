/* Writes metrics of every kind, for other people's decoders.

       otlp_metric_sample DIRECTORY [BATCHES]

   writes metrics.jsonl, by llmobs_encode, and metrics.expected: what must be read, as leaves (see
   leaves.h) whose path begins with the line's number. Of the batches, the first two are special,
   the others random. */
#define LLMOBS_IMPLEMENTATION
#include "llmobs.h"

#include "leaves.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define METRICS 8
#define POINTS 3
#define BUCKETS 160

/* ---- leaves of metrics --------------------------------------------------------------------- */

/* The double next to so many billionths. */
static double billionths(int64_t number)
{
    uint64_t magnitude = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    char digits[64];
    (void)snprintf(digits, sizeof digits, "%s%llu.%09llu", number < 0 ? "-" : "",
                   (unsigned long long)(magnitude / 1000000000),
                   (unsigned long long)(magnitude % 1000000000));
    return strtod(digits, NULL);
}

static double double_of(llmobs_number number, llmobs_value value)
{
    return number == LLMOBS_NUMBER_DOUBLE ? value.real
           : number == LLMOBS_NUMBER_NANO ? billionths(value.integer)
                                          : (double)value.integer;
}

static void leaves_buckets(FILE* out, place here, const llmobs_point_view* point)
{
    uint32_t i;
    for (i = 0; i < point->bucket_count; i++) {
        leaf_bits(out, at(here, ".bucket_counts.%u", i), "int", point->bucket_counts[i]);
    }
}

static void leaves_histogram(FILE* out, place here, const llmobs_metric_view* metric,
                             const llmobs_point_view* point)
{
    uint32_t i;
    field_int(out, at(here, ".count"), point->count);
    leaf_double(out, at(here, ".sum"), double_of(metric->number, point->value));
    if (point->count > 0) {
        leaf_double(out, at(here, ".min"), double_of(metric->number, point->min));
        leaf_double(out, at(here, ".max"), double_of(metric->number, point->max));
    }
    if (metric->instrument == LLMOBS_HISTOGRAM) {
        leaves_buckets(out, here, point);
        for (i = 0; i < metric->bound_count; i++) {
            leaf_double(out, at(here, ".explicit_bounds.%u", i), metric->bounds[i]);
        }
        return;
    }
    field_int(out, at(here, ".scale"), (uint64_t)(int64_t)point->scale);
    field_int(out, at(here, ".zero_count"), point->zero_count);
    field_int(out, at(here, ".positive.offset"), (uint64_t)(int64_t)point->offset);
    leaves_buckets(out, at(here, ".positive"), point);
    if (point->offset == 0 && point->bucket_count == 0) {
        leaf(out, at(here, ".positive"), "message", NULL, 0);
    }
}

static void leaves_point(FILE* out, place here, const llmobs_metric_view* metric,
                         const llmobs_point_view* point)
{
    uint32_t i;
    leaves_attributes(out, here, point->attributes, point->attribute_count);
    field_int(out, at(here, ".start_time_unix_nano"), point->start_unix_ns);
    field_int(out, at(here, ".time_unix_nano"), point->time_unix_ns);
    for (i = 0; i < point->exemplar_count; i++) {
        const llmobs_exemplar_view* exemplar = &point->exemplars[i];
        place one = at(here, ".exemplars.%u", i);
        field_int(out, at(one, ".time_unix_nano"), exemplar->unix_ns);
        leaf_double(out, at(one, ".as_double"), exemplar->value);
        field_id(out, at(one, ".span_id"), exemplar->span_id, 8);
        field_id(out, at(one, ".trace_id"), exemplar->trace_id, 16);
    }
    if (metric->instrument >= LLMOBS_HISTOGRAM) {
        leaves_histogram(out, here, metric, point);
    } else if (metric->number == LLMOBS_NUMBER_INT) {
        leaf_bits(out, at(here, ".as_int"), "int", (uint64_t)point->value.integer);
    } else {
        leaf_double(out, at(here, ".as_double"), double_of(metric->number, point->value));
    }
}

static void leaves_metric(FILE* out, place here, const llmobs_metric_view* metric)
{
    static const char* const kinds[] = {"",       ".sum",       ".sum",                  ".gauge",
                                        ".gauge", ".histogram", ".exponential_histogram"};
    place data = at(here, "%s", kinds[metric->instrument]);
    size_t i;
    field_text(out, at(here, ".name"), metric->name.data, metric->name.size);
    field_text(out, at(here, ".description"), metric->help.data, metric->help.size);
    field_text(out, at(here, ".unit"), metric->unit.data, metric->unit.size);
    if (metric->instrument == LLMOBS_COUNTER) {
        leaf_bool(out, at(data, ".is_monotonic"), true);
    }
    if (metric->instrument != LLMOBS_GAUGE && metric->instrument != LLMOBS_GAUGE_CALLBACK) {
        leaf_bits(out, at(data, ".aggregation_temporality"), "int", 2); /* cumulative */
    } else if (metric->point_count == 0) {
        leaf(out, data, "message", NULL, 0);
    }
    for (i = 0; i < metric->point_count; i++) {
        leaves_point(out, at(data, ".data_points.%zu", i), metric, &metric->points[i]);
    }
}

static void leaves_metrics(FILE* out, unsigned line, const llmobs_batch* batch)
{
    place root, here;
    size_t i;
    (void)snprintf(root.path, sizeof root.path, "%u.resource_metrics.0", line);
    here = at(root, ".scope_metrics.0");
    leaves_attributes(out, at(root, ".resource"), batch->resource->attributes,
                      batch->resource->attribute_count);
    leaf(out, at(here, ".scope.name"), "string", "llmobs", 6);
    leaf(out, at(here, ".scope.version"), "string", LLMOBS_VERSION_STRING,
         sizeof LLMOBS_VERSION_STRING - 1);
    for (i = 0; i < batch->metric_count; i++) {
        leaves_metric(out, at(here, ".metrics.%zu", i), &batch->metrics[i]);
    }
}

/* ---- a batch ------------------------------------------------------------------------------- */

#define STRING(literal) {literal, sizeof literal - 1}

static const llmobs_string texts[] = {
    STRING("plain"),
    STRING(""),
    STRING("\"quotes\" \\ and \b\f\n\r\t\x01\x7f"),
    STRING("caf\xc3\xa9 \xe6\xbc\xa2 \xf0\x9f\x98\x80 \xe2\x80\xa8 \xc2\x85"),
    STRING("a NUL \0 inside"),
};

static const int64_t integers[] = {
    0, 1, -1, 999999999, 1000000000, 1234567890, 100000000, INT64_MAX, INT64_MIN, INT64_MAX - 1,
    (INT64_C(1) << 53) + 1, 4350000000, 300000000,
};

static const double reals[] = {
    0.0, -0.0, 0.1, 1.0 / 3, DBL_MAX, -DBL_MAX, 5e-324, 1e21, 1e-7, 9007199254740993.0,
    (double)NAN, (double)INFINITY, -(double)INFINITY,
};

typedef struct sample {
    llmobs_attribute_view resource_attributes[2];
    llmobs_resource_view resource;
    llmobs_attribute_view labels[2];
    llmobs_attribute_view overflow;
    double bounds[LLMOBS_BOUNDS_MAX];
    uint64_t counts[BUCKETS];
    llmobs_exemplar_view exemplars[3];
    llmobs_point_view points[METRICS][POINTS];
    llmobs_metric_view metrics[METRICS];
    llmobs_span_view span;
    llmobs_batch batch;
    uint64_t random;
} sample;

static uint64_t draw(sample* from)
{
    from->random ^= from->random << 13;
    from->random ^= from->random >> 7;
    from->random ^= from->random << 17;
    return from->random;
}

static uint32_t draw_below(sample* from, uint32_t limit)
{
    return (uint32_t)(draw(from) >> 33) % limit;
}

static llmobs_string draw_text(sample* from)
{
    return texts[draw_below(from, COUNT_OF(texts))];
}

static int64_t draw_integer(sample* from)
{
    uint64_t bits = draw(from);
    return bits % 4 == 0 ? integers[(bits >> 8) % COUNT_OF(integers)]
                         : (int64_t)draw(from) >> (bits >> 8) % 64;
}

static double draw_real(sample* from)
{
    uint64_t bits = draw(from);
    double real;
    memcpy(&real, &bits, sizeof real);
    return bits % 4 == 0 ? reals[(bits >> 8) % COUNT_OF(reals)] : real;
}

static llmobs_value draw_value(sample* from, llmobs_number number)
{
    llmobs_value value;
    if (number == LLMOBS_NUMBER_DOUBLE) {
        value.real = draw_real(from);
    } else {
        value.integer = draw_integer(from);
    }
    return value;
}

static void fill_shared(sample* to)
{
    size_t i;
    for (i = 0; i < COUNT_OF(to->bounds); i++) {
        to->bounds[i] = ldexp(1.0, (int)i - 20) / 3;
    }
    for (i = 0; i < COUNT_OF(to->counts); i++) {
        to->counts[i] = draw(to) >> draw_below(to, 64);
    }
    to->counts[1] = 0;
    to->counts[2] = UINT64_MAX;
    for (i = 0; i < COUNT_OF(to->exemplars); i++) {
        llmobs_exemplar_view* exemplar = &to->exemplars[i];
        memset(exemplar->trace_id, (int)(0xa0 + i), 16);
        memset(exemplar->span_id, (int)(0x01 + i), 8);
        exemplar->trace_id[i] = 0;
        exemplar->value = reals[draw_below(to, COUNT_OF(reals))];
        exemplar->unix_ns = UINT64_MAX - i;
    }
    for (i = 0; i < COUNT_OF(to->labels); i++) {
        to->labels[i].key = texts[2 * i];
        to->labels[i].value.string = texts[3 + i];
    }
    to->overflow.key.data = "otel_metric_overflow";
    to->overflow.key.size = strlen(to->overflow.key.data);
    to->overflow.type = LLMOBS_TYPE_BOOL;
    to->overflow.value.boolean = true;
}

static void fill_point(sample* from, const llmobs_metric_view* metric, llmobs_point_view* point)
{
    bool explicit_ones = metric->instrument == LLMOBS_HISTOGRAM;
    point->start_unix_ns = draw_below(from, 4) == 0 ? 0 : draw(from);
    point->time_unix_ns = draw(from) | 1;
    point->value = draw_value(from, metric->number);
    point->min = draw_value(from, metric->number);
    point->max = draw_value(from, metric->number);
    point->count = draw_below(from, 4) == 0 ? 0 : draw(from);
    point->bucket_counts = from->counts;
    point->bucket_count = explicit_ones ? metric->bound_count + 1 : draw_below(from, BUCKETS + 1);
    point->scale = (int32_t)draw_below(from, 19) - 10;
    point->offset = (int32_t)draw_below(from, 401) - 200;
    point->zero_count = draw_below(from, 3) == 0 ? 0 : draw(from);
    point->attributes = from->labels;
    point->attribute_count = draw_below(from, 3);
    if (draw_below(from, 8) == 0) {
        point->attributes = &from->overflow;
        point->attribute_count = 1;
    }
    point->exemplars = from->exemplars;
    point->exemplar_count = draw_below(from, 4);
}

static void fill_metric(sample* from, size_t place_of_it, llmobs_instrument instrument,
                        llmobs_number number)
{
    llmobs_metric_view* metric = &from->metrics[place_of_it];
    size_t i;
    memset(metric, 0, sizeof *metric);
    metric->name = draw_text(from);
    metric->help = draw_text(from);
    metric->unit = draw_text(from);
    metric->instrument = instrument;
    metric->number = number;
    metric->bounds = from->bounds;
    metric->bound_count = draw_below(from, LLMOBS_BOUNDS_MAX + 1);
    metric->points = from->points[place_of_it];
    metric->point_count = POINTS;
    memset(from->points[place_of_it], 0, sizeof from->points[place_of_it]);
    for (i = 0; i < POINTS; i++) {
        fill_point(from, metric, &from->points[place_of_it][i]);
    }
}

/* One of each kind, with values that the tests know. */
static void fill_known(sample* to)
{
    static const llmobs_number numbers[METRICS] = {
        LLMOBS_NUMBER_INT,    LLMOBS_NUMBER_NANO, LLMOBS_NUMBER_INT,    LLMOBS_NUMBER_DOUBLE,
        LLMOBS_NUMBER_DOUBLE, LLMOBS_NUMBER_NANO, LLMOBS_NUMBER_DOUBLE, LLMOBS_NUMBER_INT};
    static const llmobs_instrument kinds[METRICS] = {
        LLMOBS_COUNTER,        LLMOBS_COUNTER,   LLMOBS_UPDOWN,                LLMOBS_GAUGE,
        LLMOBS_GAUGE_CALLBACK, LLMOBS_HISTOGRAM, LLMOBS_HISTOGRAM_EXPONENTIAL, LLMOBS_HISTOGRAM};
    size_t i;
    for (i = 0; i < METRICS; i++) {
        llmobs_point_view* point = to->points[i];
        fill_metric(to, i, kinds[i], numbers[i]);
        point->start_unix_ns = UINT64_C(1764000000000000001);
        point->time_unix_ns = UINT64_C(1764000060000000002);
        point->count = 7;
        point->attributes = to->labels;
        point->attribute_count = 2;
        point->exemplar_count = 3;
        point->value.integer = point->min.integer = point->max.integer = 1234567890;
        if (numbers[i] == LLMOBS_NUMBER_DOUBLE) {
            point->value.real = i == 4 ? (double)NAN : 4.35;
            point->min.real = point->max.real = 0.1;
        }
    }
    to->points[6][0].scale = -10;
    to->points[6][0].offset = -11;
    to->points[6][0].zero_count = 12;
    to->points[6][0].bucket_count = 4;
    to->points[6][1].offset = 0; /* no buckets at all */
    to->points[6][1].bucket_count = 0;
    to->metrics[3].unit.data = "{request}";
    to->metrics[3].unit.size = 9;
    to->metrics[4].point_count = 1;
}

static void fill_randomly(sample* to)
{
    size_t i;
    for (i = 0; i < METRICS; i++) {
        fill_metric(to, i, (llmobs_instrument)(1 + draw_below(to, 6)),
                    (llmobs_number)draw_below(to, 3));
        to->metrics[i].point_count = draw_below(to, POINTS + 1);
    }
}

/* ---- the files ----------------------------------------------------------------------------- */

static bool write_to(void* user, const char* data, size_t size)
{
    return fwrite(data, 1, size, (FILE*)user) == size;
}

static void fail(const char* what)
{
    fprintf(stderr, "otlp_metric_sample: %s\n", what);
    exit(1);
}

/* A body has one signal, as a line has. */
static void write_frames(FILE* out, llmobs_batch batch)
{
    const size_t metric_count = batch.metric_count;
    bool good = true;
    if (batch.span_count > 0) {
        batch.metric_count = 0;
        good = write_frame(out, &batch, write_to);
        batch.metric_count = metric_count;
        batch.span_count = 0;
    }
    if (!good || !write_frame(out, &batch, write_to)) {
        fail("a batch was not encoded as protobuf");
    }
}

static FILE* create(const char* directory, const char* name)
{
    char path[1024];
    FILE* file;
    (void)snprintf(path, sizeof path, "%s/%s", directory, name);
    file = fopen(path, "wb");
    if (file == NULL) {
        fail("a file could not be made");
    }
    return file;
}

static void fill_once(sample* all)
{
    memset(all, 0, sizeof *all);
    all->random = UINT64_C(0x9e3779b97f4a7c15);
    fill_shared(all);
    all->resource_attributes[0].key = texts[0];
    all->resource_attributes[0].value.string = texts[2];
    all->resource_attributes[1].key = texts[3];
    all->resource_attributes[1].type = LLMOBS_TYPE_INT;
    all->resource_attributes[1].value.integer = 4711;
    all->resource.attributes = all->resource_attributes;
    all->resource.attribute_count = 2;
    memset(all->span.trace_id, 0x17, 16);
    memset(all->span.span_id, 0x71, 8);
    all->span.name = texts[2];
    all->span.kind = LLMOBS_KIND_CLIENT;
    all->span.start_unix_ns = 5;
    all->span.end_unix_ns = 6;
    all->batch.size = sizeof all->batch;
    all->batch.resource = &all->resource;
    all->batch.spans = &all->span;
    all->batch.metrics = all->metrics;
    all->batch.metric_count = METRICS;
}

int main(int count, char** arguments)
{
    static sample all;
    const char* directory = count > 1 ? arguments[1] : ".";
    unsigned long batches = count > 2 ? strtoul(arguments[2], NULL, 10) : 100;
    FILE* encoded = create(directory, "metrics.jsonl");
    FILE* expected = create(directory, "metrics.expected");
    FILE* protobuf = create(directory, "metrics.pb");
    unsigned line = 0;
    unsigned long i;
    fill_once(&all);
    for (i = 0; i < batches; i++) {
        if (i == 0) {
            fill_known(&all);
        } else {
            fill_randomly(&all);
        }
        all.batch.span_count = i == 1; /* which has a line of its own */
        line += all.batch.span_count > 0 ? 2 : 1;
        leaves_batch(expected, &all.batch);
        leaves_metrics(expected, line, &all.batch);
        if (llmobs_encode(&all.batch, LLMOBS_FORMAT_OTLP_JSON, write_to, encoded) != LLMOBS_OK) {
            fail("a batch was not encoded");
        }
        write_frames(protobuf, all.batch);
    }
    if (fclose(encoded) != 0 || fclose(expected) != 0 || fclose(protobuf) != 0) {
        fail("a file could not be written");
    }
    printf("%lu batches of metrics in %u lines\n", batches, line);
    return 0;
}

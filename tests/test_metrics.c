/* Metrics out: text into buffers and callbacks, views, what the library tells of itself. */
#include "llmobs_private.h"
#include "tap.h"

#include "keeper.h"
#include "meter.h"

static const double tens[] = {10, 20, 30};

/* Some metrics, with values that are known. */
static llmobs* open_filled(uint32_t families)
{
    static const char* const values[] = {"a", "b"};
    llmobs_config config = metered_config();
    llmobs* obs;
    llmobs_metric metric;
    llmobs_histogram h;
    config.metric_families = families;
    obs = open_metered(&config);
    metric = define_with(obs, "requests", "l", LLMOBS_COUNTER, LLMOBS_NUMBER_INT);
    llmobs_counter_add(llmobs_counter_get(metric, &values[0], 1), 1);
    llmobs_counter_add(llmobs_counter_get(metric, &values[1], 1), 2);
    (void)define_with(obs, "unused", "l", LLMOBS_COUNTER, LLMOBS_NUMBER_INT);
    h = llmobs_histogram_get(define_bounds(obs, "sizes", LLMOBS_NUMBER_INT, tens, 3), NULL, 0);
    llmobs_histogram_record_int(h, 10);
    llmobs_histogram_record_int(h, 11);
    llmobs_histogram_record_int(h, 99);
    return obs;
}

/* ---- print --------------------------------------------------------------------------------- */

static void test_print(void)
{
    llmobs* obs = open_filled(LLMOBS_OFF);
    char* text = scrape(obs, LLMOBS_PROMETHEUS_TEXT);
    size_t exact = strlen(text);
    char* buffer = (char*)malloc(exact + 2);
    size_t size;
    size_t capacity;
    int wrong = 0;
    ok(prometheus_read(text, NULL, NULL), "the text is well-formed");
    ok(strstr(text, "# TYPE requests_total counter\nrequests_total{l=\"a\"} 1\n"
                    "requests_total{l=\"b\"} 2\n") != NULL, "counters");
    ok(strstr(text, "# TYPE sizes histogram\nsizes_bucket{le=\"10\"} 1\nsizes_bucket{le=\"20\"} 2\n"
                    "sizes_bucket{le=\"30\"} 2\nsizes_bucket{le=\"+Inf\"} 3\nsizes_sum 120\n"
                    "sizes_count 3\n") != NULL, "histograms");
    ok(strstr(text, "unused") == NULL, "nothing of a metric without a series");
    for (capacity = 0; capacity <= exact; capacity++) {
        memset(buffer, 0x5a, exact + 2);
        size = capacity;
        wrong += llmobs_prometheus_print(obs, LLMOBS_PROMETHEUS_TEXT, buffer, &size) !=
                 LLMOBS_ERROR_LIMIT;
        wrong += size != exact || buffer[0] != (capacity > 0 ? '\0' : 0x5a) ||
                 buffer[capacity] != 0x5a;
    }
    is_int(wrong, 0, "a buffer that is too small holds \"\", and the size is told");
    memset(buffer, 0x5a, exact + 2);
    size = exact + 1;
    is_int(llmobs_prometheus_print(obs, LLMOBS_PROMETHEUS_TEXT, buffer, &size), LLMOBS_OK,
           "one of the exact size");
    ok(size == exact && strcmp(buffer, text) == 0 && buffer[exact + 1] == 0x5a, "holds it all");
    size = 0;
    is_int(llmobs_prometheus_print(obs, LLMOBS_PROMETHEUS_TEXT, NULL, &size), LLMOBS_ERROR_LIMIT,
           "no buffer: to ask for the size");
    is_int(size, exact, "which is told");
    size = 1;
    is_int(llmobs_prometheus_print(obs, LLMOBS_PROMETHEUS_TEXT, NULL, &size),
           LLMOBS_ERROR_ARGUMENT, "a size without a buffer");
    is_int(llmobs_prometheus_print(obs, LLMOBS_PROMETHEUS_TEXT, buffer, NULL),
           LLMOBS_ERROR_ARGUMENT, "a buffer without a size");
    (void)llmobs_close(obs);
    size = exact + 1;
    buffer[0] = 'x';
    is_int(llmobs_prometheus_print(obs, LLMOBS_PROMETHEUS_TEXT, buffer, &size),
           LLMOBS_ERROR_CLOSED, "a closed instance");
    ok(size == 0 && buffer[0] == '\0', "has nothing to say");
    free(buffer);
    free(text);
}

/* ---- write --------------------------------------------------------------------------------- */

typedef struct refuser {
    long calls;
    long refuse_at; /* -1: never */
    size_t size;
    size_t largest;
} refuser;

static bool write_or_refuse(void* user, const char* data, size_t size)
{
    refuser* r = (refuser*)user;
    (void)data;
    r->size += size;
    r->largest = size > r->largest ? size : r->largest;
    return r->calls++ != r->refuse_at;
}

static void test_refused(void)
{
    llmobs_config config = metered_config();
    llmobs* obs = open_metered(&config);
    llmobs_metric metric = define_with(obs, "m", "l", LLMOBS_COUNTER, LLMOBS_NUMBER_INT);
    refuser all = {0, -1, 0, 0};
    int wrong = 0;
    long at;
    int i;
    for (i = 0; i < 3000; i++) {
        char text[16];
        const char* value = text;
        (void)snprintf(text, sizeof text, "v%d", i);
        llmobs_counter_add(llmobs_counter_get(metric, &value, 1), 1);
    }
    is_int(llmobs_prometheus_write(obs, LLMOBS_OPENMETRICS, write_or_refuse, &all), LLMOBS_OK,
           "a callback gets it all");
    ok(all.calls > 5 && all.largest <= 8192, "in pieces of up to 8 KiB");
    for (at = 0; at < all.calls; at++) {
        refuser one = {0, at, 0, 0};
        wrong += llmobs_prometheus_write(obs, LLMOBS_OPENMETRICS, write_or_refuse, &one) !=
                 LLMOBS_ERROR_SYSTEM;
        wrong += one.calls != at + 1;
    }
    is_int(wrong, 0, "one that refuses at any piece is not called again");
    is_int(llmobs_prometheus_write(obs, LLMOBS_OPENMETRICS, NULL, NULL), LLMOBS_ERROR_ARGUMENT,
           "no callback");
    all.calls = 0;
    is_int(llmobs_prometheus_write(NULL, LLMOBS_OPENMETRICS, write_or_refuse, &all),
           LLMOBS_ERROR_CLOSED, "no instance");
    (void)llmobs_close(obs);
    is_int(llmobs_prometheus_write(obs, LLMOBS_OPENMETRICS, write_or_refuse, &all),
           LLMOBS_ERROR_CLOSED, "a closed one");
    is_int(all.calls, 0, "nothing is written");
}

/* ---- views --------------------------------------------------------------------------------- */

typedef struct collected {
    const llmobsi_registry* registry;
    long batches;
    long stop_at; /* -1: never */
    long points;
    long others; /* points of other metrics than m */
    int wrong;
} collected;

/* Each series of m has the value that its label says. An empty label is no attribute. */
static bool collect(void* user, const llmobs_batch* batch)
{
    collected* c = (collected*)user;
    size_t i;
    size_t at;
    c->wrong += batch->size != sizeof *batch || batch->metric_count == 0 ||
                batch->span_count != 0 || batch->resource->attribute_count < 6;
    for (i = 0; i < batch->metric_count; i++) {
        const llmobs_metric_view* view = &batch->metrics[i];
        c->wrong += view->point_count == 0;
        for (at = 0; at < view->point_count; at++) {
            const llmobs_point_view* point = &view->points[at];
            char labels[64];
            if (strcmp(view->name.data, "m") != 0) {
                c->others++;
                continue;
            }
            (void)snprintf(labels, sizeof labels, "l=\"v%ld\",k=\"\"", c->points);
            c->wrong += view->instrument != LLMOBS_COUNTER || point->attribute_count != 1 ||
                        strcmp(view->family.data, "m_seconds") != 0 ||
                        strcmp(view->help.data, "Help.") != 0 ||
                        view->number != LLMOBS_NUMBER_NANO ||
                        strcmp(point->attributes[0].key.data, "l") != 0 ||
                        atol(point->attributes[0].value.string.data + 1) != c->points ||
                        point->labels.size != strlen(labels) ||
                        memcmp(point->labels.data, labels, point->labels.size) != 0 ||
                        point->value.integer != c->points * 10 || point->start_unix_ns == 0 ||
                        point->time_unix_ns < point->start_unix_ns;
            c->points++;
        }
    }
    return c->batches++ != c->stop_at;
}

static void test_views(void)
{
    static const char* const labels[] = {"l", "k"};
    llmobs_config config = metered_config();
    llmobs* obs = open_metered(&config);
    llmobs_metric_info info = info_of("m", LLMOBS_COUNTER, LLMOBS_NUMBER_NANO);
    llmobs_metric metric;
    collected all = {NULL, 0, -1, 0, 0, 0};
    int wrong = 0;
    long at;
    int i;
    (void)define_with(obs, "before", NULL, LLMOBS_GAUGE, LLMOBS_NUMBER_DOUBLE);
    info.labels = labels;
    info.label_count = 2;
    info.unit = "s";
    info.help = "Help.";
    metric = define_info(obs, &info);
    (void)define_with(obs, "after", NULL, LLMOBS_HISTOGRAM_EXPONENTIAL, LLMOBS_NUMBER_NANO);
    for (i = 0; i < 1000; i++) {
        char text[16];
        const char* values[2] = {text, NULL};
        (void)snprintf(text, sizeof text, "v%d", i);
        llmobs_counter_add(llmobs_counter_get(metric, values, 2), (uint64_t)i * 10);
    }
    is_int(llmobs_metrics_collect(obs, collect, &all), LLMOBS_OK, "views of all metrics");
    is_int(all.wrong, 0, "are what was recorded");
    is_int(all.points, 1000, "each series once, in order");
    is_int(all.others, 2, "and the other metrics");
    ok(all.batches > 3, "a metric of many series comes in several batches");
    for (at = 0; at < all.batches; at++) {
        collected some = {NULL, 0, at, 0, 0, 0};
        wrong += llmobs_metrics_collect(obs, collect, &some) != LLMOBS_ERROR_SYSTEM ||
                 some.batches != at + 1 || some.wrong != 0;
    }
    is_int(wrong, 0, "a callback that stops gets no more");
    is_int(llmobs_metrics_collect(obs, NULL, NULL), LLMOBS_ERROR_ARGUMENT, "no callback");
    is_int(llmobs_metrics_write(obs, LLMOBS_FORMAT_OTLP_JSON, NULL, NULL), LLMOBS_ERROR_ARGUMENT,
           "nor for what is encoded");
    (void)llmobs_close(obs);
    is_int(llmobs_metrics_collect(obs, collect, &all), LLMOBS_ERROR_CLOSED, "a closed instance");
}

/* ---- of histograms, the overflow, and what is asked for ------------------------------------ */

typedef struct viewed {
    int seen;
    int wrong;
} viewed;

static bool view_each(void* user, const llmobs_batch* batch)
{
    static const uint64_t counts[] = {1, 1, 0, 1};
    viewed* v = (viewed*)user;
    size_t i;
    for (i = 0; i < batch->metric_count; i++) {
        const llmobs_metric_view* view = &batch->metrics[i];
        const llmobs_point_view* point = &view->points[0];
        if (strcmp(view->name.data, "sizes") == 0) {
            v->seen |= 1;
            v->wrong += view->bound_count != 3 || memcmp(view->bounds, tens, sizeof tens) != 0 ||
                        point->bucket_count != 4 || point->count != 3 ||
                        memcmp(point->bucket_counts, counts, sizeof counts) != 0 ||
                        point->value.integer != 120 || point->min.integer != 10 ||
                        point->max.integer != 99;
        } else if (strcmp(view->name.data, "times") == 0) {
            v->seen |= 2;
            v->wrong += point->count != 3 || point->zero_count != 1 || point->bucket_count != 1 ||
                        point->bucket_counts[0] != 2 || point->scale != 8 ||
                        point->offset != -1 || point->value.real != 2.0 ||
                        point->min.real != 0.0 || point->max.real != 1.0;
        } else if (strcmp(view->name.data, "users") == 0) {
            v->seen |= 4;
            v->wrong += point->attribute_count != 1 ||
                        strcmp(point->attributes[0].key.data, "otel.metric.overflow") != 0 ||
                        point->attributes[0].type != LLMOBS_TYPE_BOOL ||
                        !point->attributes[0].value.boolean || view->point_count != 2 ||
                        point->value.integer != 3;
        } else if (strcmp(view->name.data, "asked") == 0) {
            v->seen |= 8;
            v->wrong += view->instrument != LLMOBS_GAUGE || view->point_count != 1 ||
                        point->value.real != 42.0 || point->labels.data == NULL;
        }
    }
    return true;
}

static double answer(void* user)
{
    (void)user;
    return 42.0;
}

static void test_kinds(void)
{
    static const char* const users[] = {"u1", "u2", "u3", "u4"};
    llmobs* obs = open_filled(LLMOBS_OFF);
    const char* label = "user";
    llmobs_metric_info info = info_of("users", LLMOBS_COUNTER, LLMOBS_NUMBER_INT);
    llmobs_metric metric;
    llmobs_histogram h;
    viewed v = {0, 0};
    int i;
    info.labels = &label;
    info.label_count = 1;
    info.max_series = 1;
    metric = define_info(obs, &info);
    for (i = 0; i < 4; i++) {
        llmobs_counter_add(llmobs_counter_get(metric, &users[i], 1), 1);
    }
    info = info_of("asked", LLMOBS_GAUGE_CALLBACK, LLMOBS_NUMBER_DOUBLE);
    info.callback = answer;
    (void)define_info(obs, &info);
    info = info_of("times", LLMOBS_HISTOGRAM_EXPONENTIAL, LLMOBS_NUMBER_DOUBLE);
    info.least = 1.0;
    info.most = 1.0;
    h = llmobs_histogram_get(define_info(obs, &info), NULL, 0);
    llmobs_histogram_record(h, 1.0);
    llmobs_histogram_record(h, 1.0);
    llmobs_histogram_record(h, 0.0);
    is_int(llmobs_metrics_collect(obs, view_each, &v), LLMOBS_OK, "views of each kind");
    is_int(v.seen, 15, "come");
    is_int(v.wrong, 0, "as they were recorded");
    (void)llmobs_close(obs);
}

/* ---- of itself ----------------------------------------------------------------------------- */

static void test_self(void)
{
    llmobs* obs = open_filled(LLMOBS_FAMILY_SELF);
    llmobs_counter counter;
    const char* value = "a";
    char* text;
    counter = llmobs_counter_get(llmobs_metric_find(obs, "requests"), &value, 1);
    llmobs_counter_add(counter, UINT64_MAX);
    llmobs_counter_add(counter, INT64_MAX);
    llmobs_counter_add(counter, INT64_MAX);
    (void)llmobs_gauge_find(obs, "requests", NULL, 0);
    (void)llmobs_export_to(obs, keep, NULL);
    text = scrape(obs, LLMOBS_PROMETHEUS_TEXT);
    ok(prometheus_read(text, NULL, NULL), "the text is well-formed");
    is_str(sample_of(text, "llmobs_metric_invalid_total{metric=\"requests\"}"), "1",
           "what was not recorded is told by metric");
    is_str(sample_of(text, "llmobs_metric_saturated_total{metric=\"requests\"}"), "2",
           "what did not fit, too");
    is_str(sample_of(text, "llmobs_metric_overflows_total{metric=\"requests\"}"), "(none)",
           "and nothing of what did not happen");
    is_str(sample_of(text, "llmobs_metric_misused_total"), "1", "calls that were wrong");
    is_str(sample_of(text, "llmobs_metric_series"), "3", "label sets at this time");
    is_str(sample_of(text, "otel_sdk_span_live"), "0", "spans");
    ok(strstr(text, "otel_sdk_exporter_span_exported_total{otel_component_name=\"") != NULL,
       "exporters by name");
    free(text);
    (void)llmobs_close(obs);
    obs = open_filled(LLMOBS_OFF);
    text = scrape(obs, LLMOBS_PROMETHEUS_TEXT);
    ok(strstr(text, "otel_sdk") == NULL && strstr(text, "llmobs_metric") == NULL,
       "nothing of itself where that is off");
    free(text);
    (void)llmobs_close(obs);
}

/* ---- of budgets and prices ----------------------------------------------------------------- */

static llmobs_reservation reserve(llmobs* obs, const char* feature, int64_t nano)
{
    llmobs_budget_query query = llmobs_budget_query_default();
    query.feature = feature;
    query.nano = nano;
    return llmobs_budget_reserve(obs, &query, NULL);
}

static llmobs* open_with_budgets(void)
{
    llmobs_config config = pumped_config();
    llmobs_budget_info info = llmobs_budget_info_default();
    llmobs_budget removed;
    llmobs* obs;
    int i;
    config.budgets = 20;
    obs = llmobs_open(&config, NULL);
    info.name = "all \"of it\"";
    info.soft_nano = 600;
    info.hard_nano = 1000;
    (void)llmobs_budget_add(obs, &info, NULL);
    info = llmobs_budget_info_default();
    info.name = "each";
    info.scope = LLMOBS_BUDGET_FEATURE;
    info.hard_nano = 500;
    (void)llmobs_budget_add(obs, &info, NULL);
    info.name = "removed";
    (void)llmobs_budget_add(obs, &info, &removed);
    (void)llmobs_budget_remove(removed);
    info.scope = LLMOBS_BUDGET_TENANT;
    for (i = 0; i < 16; i++) { /* so many that they are handed over in several batches */
        char name[LLMOBS_BUDGET_NAME];
        (void)snprintf(name, sizeof name, "tenants of region %d", i);
        info.name = name;
        (void)llmobs_budget_add(obs, &info, NULL);
    }
    return obs;
}

static void test_budgets(void)
{
    llmobs* obs = open_with_budgets();
    char* text;
    int seen = 0;
    int i;
    (void)llmobs_budget_settle(reserve(obs, "a", 400), 300);
    (void)reserve(obs, "b", 290);
    (void)reserve(obs, "b", 300); /* more than each may have */
    (void)llmobs_budget_settle(reserve(obs, "c", 50), 100);
    (void)reserve(obs, NULL, -1);
    (void)llmobs_budget_release(reserve(obs, "d", 200)); /* above the soft limit */
    text = scrape(obs, LLMOBS_PROMETHEUS_TEXT);
    ok(prometheus_read(text, NULL, NULL), "the text is well-formed");
#define IS(series, value, what) is_str(sample_of(text, series), value, what)
    IS("llm_budget_limit_usd{budget=\"all \\\"of it\\\"\",limit=\"soft\"}", "0.0000006", "a limit");
    IS("llm_budget_limit_usd{budget=\"all \\\"of it\\\"\",limit=\"hard\"}", "0.000001", "another");
    IS("llm_budget_limit_usd{budget=\"each\",limit=\"soft\"}", "(none)", "none is no number");
    IS("llm_budget_spent_usd{budget=\"all \\\"of it\\\"\"}", "0.0000004", "what is spent");
    IS("llm_budget_reserved_usd{budget=\"all \\\"of it\\\"\"}", "0.00000029", "and reserved");
    IS("llm_budget_spent_usd{budget=\"each\"}", "0.0000004", "of all keys together");
    IS("llm_budget_reserved_usd{budget=\"each\"}", "0.00000029", "reserved by one of them");
    IS("llm_budget_spent_usd{budget=\"tenants of region 0\"}", "0", "nothing");
    IS("llm_budget_spent_usd{budget=\"removed\"}", "(none)", "one that is gone");
    IS("llm_budget_decisions_total{decision=\"allowed\"}", "2", "allowed");
    IS("llm_budget_decisions_total{budget=\"all \\\"of it\\\"\",decision=\"over_soft\"}", "2",
       "allowed above the soft limit");
    IS("llm_budget_decisions_total{budget=\"each\",decision=\"refused\"}", "1", "refused");
    IS("llm_budget_decisions_total{decision=\"refused\"}", "1", "by no budget");
    IS("llm_budget_events_total{event=\"bad_amount\"}", "1", "an amount that is none");
    IS("llm_budget_events_total{event=\"overrun\"}", "1", "more than was reserved");
    IS("llm_budget_events_total{event=\"expired\"}", "0", "none expired");
    IS("llm_price_models", "(none)", "where there are no prices, nothing of them");
    for (i = 0; i < 16; i++) {
        char series[128];
        (void)snprintf(series, sizeof series,
                       "llm_budget_limit_usd{budget=\"tenants of region %d\",limit=\"hard\"}", i);
        seen += strcmp(sample_of(text, series), "0.0000005") == 0;
    }
    is_int(seen, 16, "many budgets");
    free(text);
    (void)llmobs_close(obs);
}

/* Each point has its own copy of the name, in the order in which the budgets were added. */
static bool collect_names(void* user, const llmobs_batch* batch)
{
    int* wrong = (int*)user;
    size_t i, j;
    for (i = 0; i < batch->metric_count; i++) {
        const llmobs_metric_view* metric = &batch->metrics[i];
        for (j = 0; j < metric->point_count && strcmp(metric->name.data, "llm.budget.spent") == 0;
             j++) {
            const llmobs_attribute_view* name = &metric->points[j].attributes[0];
            char want[LLMOBS_BUDGET_NAME];
            int size = snprintf(want, sizeof want, "tenants of region %d", wrong[0]++ - 2);
            wrong[1] += strcmp(name->key.data, "budget") != 0;
            wrong[1] += wrong[0] > 2 && (name->value.string.size != (size_t)size ||
                                         memcmp(name->value.string.data, want, (size_t)size) != 0);
        }
    }
    return true;
}

static void test_budget_names(void)
{
    llmobs* obs = open_with_budgets();
    int seen[2] = {0, 0};
    (void)llmobs_metrics_collect(obs, collect_names, seen);
    is_int(seen[0], 18, "a point of each budget");
    is_int(seen[1], 0, "each with its name");
    (void)llmobs_close(obs);
}

static void test_prices(void)
{
    static const char table[] =
        "{\"m\":{\"input_cost_per_token\":1.6000000000000001e-06},"
        "\"n\":{\"input_cost_per_token\":1e-6,\"output_cost_per_token\":1}}";
    llmobs_config config = pumped_config();
    llmobs_cost_query query = llmobs_cost_query_default();
    llmobs_cost cost = llmobs_cost_default();
    llmobs* obs;
    char* text;
    config.price_bytes = 65536;
    config.cost_most = 10;
    obs = llmobs_open(&config, NULL);
    (void)llmobs_prices_load(obs, table, sizeof table - 1, NULL);
    (void)llmobs_prices_load(obs, "{", 1, NULL);
    query.model = "n";
    (void)llmobs_cost_of(obs, &query, &cost);
    query.usage.input_tokens = 1;
    query.usage.output_tokens = 11;
    query.usage.reported = true;
    (void)llmobs_cost_of(obs, &query, &cost);
    query.model = "o";
    (void)llmobs_cost_of(obs, &query, &cost);
    (void)llmobs_cost_of(obs, &query, &cost);
    text = scrape(obs, LLMOBS_PROMETHEUS_TEXT);
    IS("llm_price_models", "2", "models");
    IS("llm_price_rounded", "1", "prices that were rounded");
    IS("llm_price_refused_tables_total", "1", "tables that were refused");
    IS("llm_price_unpriced_total{reason=\"unknown_model\"}", "2", "models that are not there");
    IS("llm_price_unpriced_total{reason=\"no_usage\"}", "1", "no usage");
    IS("llm_price_unpriced_total{reason=\"too_high\"}", "1", "too dear to be true");
    IS("llm_budget_decisions_total{decision=\"allowed\"}", "(none)", "no budgets, none of theirs");
#undef IS
    free(text);
    (void)llmobs_close(obs);
}

/* Spans are counted as spans, log records as log records. */
static void test_self_of_signals(void)
{
    llmobs_config config = pumped_config();
    llmobs* obs = llmobs_open(&config, NULL);
    llmobs_exporter exporter = llmobs_exporter_default();
    keeper kept;
    char* text;
    int i;
    keeper_init(&kept);
    exporter.export_batch = keep;
    exporter.user = &kept;
    exporter.name = "both";
    (void)llmobs_exporter_add(obs, &exporter);
    exporter.name = "spans";
    exporter.signals = LLMOBS_SIGNAL_SPANS;
    (void)llmobs_exporter_add(obs, &exporter);
    for (i = 0; i < 10; i++) {
        llmobs_log(obs, LLMOBS_SEVERITY_INFO, "event", "");
        llmobs_log(obs, LLMOBS_SEVERITY_INFO, "event", "");
        llmobs_span_end(llmobs_span_root(obs, "span"));
    }
    (void)llmobs_flush(obs, 1000);
    text = scrape(obs, LLMOBS_PROMETHEUS_TEXT);
    is_str(sample_of(text, "otel_sdk_span_started_total{otel_span_sampling_result="
                           "\"RECORD_AND_SAMPLE\"}"),
           "10", "spans begun");
    is_str(sample_of(text, "otel_sdk_processor_span_processed_total"), "10", "and collected");
    is_str(sample_of(text, "otel_sdk_log_created_total"), "20", "log records made");
    is_str(sample_of(text, "otel_sdk_processor_log_processed_total"), "20", "and collected");
    is_str(sample_of(text, "otel_sdk_exporter_span_exported_total{otel_component_name=\"both\"}"),
           "10", "spans exported by one");
    is_str(sample_of(text, "otel_sdk_exporter_log_exported_total{otel_component_name=\"both\"}"),
           "20", "and log records");
    is_str(sample_of(text, "otel_sdk_exporter_span_exported_total{otel_component_name=\"spans\"}"),
           "10", "spans by the other");
    is_str(sample_of(text, "otel_sdk_exporter_log_exported_total{otel_component_name=\"spans\"}"),
           "(none)", "which takes no log records");
    is_str(sample_of(text, "otel_sdk_exporter_log_inflight{otel_component_name=\"both\"}"), "0",
           "none under way");
    free(text);
    (void)llmobs_close(obs);
    keeper_clear(&kept);
}

static void test_off(void)
{
    llmobs_config config = metered_config();
    llmobs* obs;
    collected none = {NULL, 0, -1, 0, 0, 0};
    char* text;
    config.metric_series = LLMOBS_OFF;
    obs = open_metered(&config);
    text = scrape(obs, LLMOBS_PROMETHEUS_TEXT);
    ok(prometheus_read(text, NULL, NULL) && strstr(text, "target_info{") != NULL &&
           strstr(text, "\n# HELP") == NULL,
       "without metrics the text says who is asked, and no more");
    free(text);
    is_int(llmobs_metrics_collect(obs, collect, &none), LLMOBS_OK, "there are no views");
    is_int(none.batches, 0, "not one");
    (void)llmobs_close(obs);
}

int main(void)
{
    test_print();
    test_refused();
    test_views();
    test_kinds();
    test_self();
    test_budgets();
    test_budget_names();
    test_prices();
    test_self_of_signals();
    test_off();
    (void)llmobs_release();
    return done();
}

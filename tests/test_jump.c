/* Clocks that jump: a second or a year back, a century ahead, or that stand still. No duration is
   negative, batches and readings of metrics go on at their pace, no alert comes of it. */
#include "llmobs_private.h"
#include "tap.h"

#include "keeper.h"

#include <unistd.h>

#define SECOND UINT64_C(1000000000)
#define YEAR (UINT64_C(31556952) * SECOND)
#define BEGIN (UINT64_C(1764000000) * SECOND)

static llmobsi_atomic64 host_now;

static uint64_t host_clock(void* user)
{
    (void)user;
    return llmobsi_load_relaxed(&host_now);
}

/* ---- what metrics say of time -------------------------------------------------------------- */

typedef struct readings {
    long batches;
    long points;
    long backwards; /* points whose time is before their start */
    uint64_t count; /* of the counter of this test */
} readings;

static llmobs_export_result read_metrics(void* user, const llmobs_batch* batch)
{
    readings* r = (readings*)user;
    size_t i;
    size_t k;
    r->batches++;
    for (i = 0; i < batch->metric_count; i++) {
        const llmobs_metric_view* metric = &batch->metrics[i];
        for (k = 0; k < metric->point_count; k++) {
            r->points++;
            r->backwards += metric->points[k].time_unix_ns < metric->points[k].start_unix_ns;
            if (strcmp(metric->name.data, "steps") == 0) {
                r->count = (uint64_t)metric->points[k].value.integer;
            }
        }
    }
    return LLMOBS_EXPORT_OK;
}

static void count_alerts(void* user, const llmobs_alert* alerts, size_t count)
{
    (void)alerts;
    *(size_t*)user += count;
}

/* ---- one jump ------------------------------------------------------------------------------ */

typedef struct jumper {
    llmobs* obs;
    keeper kept;
    readings read;
    size_t alerts;
    llmobs_counter steps;
} jumper;

static void open_jumper(jumper* j)
{
    llmobs_config config = pumped_config();
    llmobs_exporter exporter = llmobs_exporter_default();
    llmobs_metric_info metric = llmobs_metric_info_default();
    memset(j, 0, sizeof *j);
    llmobsi_store_relaxed(&host_now, BEGIN);
    config.clock.unix_ns = host_clock;
    config.batch_delay_ms = 1;
    config.alert = count_alerts;
    config.alert_user = &j->alerts;
    config.log_severity = LLMOBS_OFF;
    j->obs = open_kept(&config, &j->kept);
    (void)llmobs_alert_defaults_load(j->obs, NULL, NULL);
    exporter.export_batch = read_metrics;
    exporter.user = &j->read;
    exporter.signals = LLMOBS_SIGNAL_METRICS;
    exporter.metrics_interval_ms = 3600000;
    (void)llmobs_exporter_add(j->obs, &exporter);
    metric.name = "steps";
    metric.instrument = LLMOBS_COUNTER;
    j->steps = llmobs_counter_get(llmobs_metric_define(j->obs, &metric, NULL), NULL, 0);
}

/* Until a batch has gone, without a flush. */
static bool batch_goes(jumper* j, size_t count)
{
    int i;
    for (i = 0; i < 5000 && j->kept.count < count; i++) {
        (void)llmobs_tick(j->obs);
        (void)usleep(1000);
    }
    return j->kept.count >= count;
}

static void test_jump(int64_t jump, const char* what)
{
    static jumper j;
    char text[100];
    llmobs_stats stats;
    llmobs_request request;
    llmobs_span span;
    long read_before;
    int i;
    open_jumper(&j);
    for (i = 0; i < 5; i++) {
        llmobs_counter_add(j.steps, 1);
        llmobs_span_end(llmobs_span_root(j.obs, "before"));
        (void)llmobs_tick(j.obs);
        llmobsi_store_relaxed(&host_now, host_now + SECOND);
    }
    span = llmobs_span_root(j.obs, "over the jump");
    request = llmobs_request_begin(j.obs, NULL);
    llmobs_request_token(request);
    (void)llmobs_flush(j.obs, 60000);
    read_before = j.read.batches;
    llmobsi_store_relaxed(&host_now, host_now + (uint64_t)jump);
    llmobs_span_event(span, "after it");
    llmobs_request_token(request);
    llmobs_request_end(request, NULL);
    llmobs_span_end(span);
    llmobs_counter_add(j.steps, 1);
    (void)snprintf(text, sizeof text, "%s: batches go on", what);
    ok(batch_goes(&j, 7), text);
    for (i = 0; i < 100; i++) { /* the clock goes on at its pace */
        llmobsi_store_relaxed(&host_now, host_now + SECOND / 10);
        llmobs_span_end(llmobs_span_root(j.obs, "later"));
        (void)llmobs_tick(j.obs);
    }
    is_int(j.read.batches, read_before, "metrics are not read because of it");
    is_int(j.alerts, 0, "no alert comes of it");
    is_int(llmobs_flush(j.obs, 60000), LLMOBS_OK, "flush");
    ok(j.read.points > 0, "metrics are read");
    is_int(j.read.backwards, 0, "no point ends before it began");
    is_int(j.read.count, 6, "counters know no time");
    stats = stats_of(j.obs);
    is_int(stats.requests_live, 0, "the request has ended");
    is_int(j.kept.count, 107, "all spans are there");
    ok(close_kept(j.obs, &j.kept), "no duration is negative");
}

/* ---- a metric that is made while the clock is wrong ---------------------------------------- */

static void test_made_ahead(void)
{
    static jumper j;
    llmobs_metric_info metric = llmobs_metric_info_default();
    open_jumper(&j);
    llmobsi_store_relaxed(&host_now, BEGIN + 100 * YEAR);
    metric.name = "made_ahead";
    metric.instrument = LLMOBS_HISTOGRAM_EXPONENTIAL;
    llmobs_histogram_record(
        llmobs_histogram_get(llmobs_metric_define(j.obs, &metric, NULL), NULL, 0), 1.0);
    llmobsi_store_relaxed(&host_now, BEGIN);
    (void)llmobs_flush(j.obs, 60000);
    ok(j.read.points > 0, "a series made a century ahead is read today");
    is_int(j.read.backwards, 0, "and does not end before it began");
    ok(close_kept(j.obs, &j.kept), "close");
}

int main(void)
{
    test_jump(0, "a clock that stands still");
    test_jump(-(int64_t)SECOND, "a second back");
    test_jump(-(int64_t)YEAR, "a year back");
    test_jump((int64_t)(100 * YEAR), "a century ahead");
    test_jump(-(int64_t)BEGIN, "1970");
    test_made_ahead();
    (void)llmobs_release();
    return done();
}

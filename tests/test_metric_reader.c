/* Metrics as a signal of exporters: when they come, what comes, what is lost and counted. */
#include "llmobs_private.h"
#include "tap.h"

#include "keeper.h"
#include "meter.h"

#include <math.h>
#include <sys/wait.h>

#define SERIES 1000

/* What an exporter of metrics has seen. */
typedef struct reader {
    pthread_mutex_t lock;
    size_t batches;
    size_t points; /* of all metrics                           */
    size_t other;  /* batches of another signal                */
    size_t most;   /* points in one batch                      */
    size_t wrong;  /* what no exporter should see              */
    int64_t sum;   /* of counter "m" in its last reading       */
    size_t series; /* of "m" in all                            */
    double gauge;  /* the last value of "asked"                */
    uint64_t lost_told;
    llmobs_export_result answer;
} reader;

static void see_metric(reader* r, const llmobs_metric_view* view)
{
    size_t i;
    r->wrong += view->point_count == 0 || view->temporality != LLMOBS_TEMPORALITY_CUMULATIVE;
    for (i = 0; i < view->point_count; i++) {
        const llmobs_point_view* point = &view->points[i];
        r->wrong += point->time_unix_ns == 0;
        if (strcmp(view->name.data, "m") == 0) {
            r->wrong += point->attribute_count != 1 || point->start_unix_ns == 0;
            r->sum += point->value.integer;
            r->series++;
        } else if (strcmp(view->name.data, "asked") == 0) {
            r->gauge = point->value.real;
        }
    }
}

static llmobs_export_result read_batch(void* user, const llmobs_batch* batch)
{
    reader* r = (reader*)user;
    llmobs_export_result answer;
    size_t points = 0;
    size_t i;
    (void)pthread_mutex_lock(&r->lock);
    r->wrong +=
        (batch->span_count != 0) + (batch->log_count != 0) + (batch->metric_count != 0) != 1;
    answer = r->answer;
    if (answer == LLMOBS_EXPORT_OK) {
        r->batches++;
        r->other += batch->metric_count == 0;
        r->lost_told += batch->metric_count != 0 ? batch->lost_before : 0;
        for (i = 0; i < batch->metric_count; i++) {
            see_metric(r, &batch->metrics[i]);
            points += batch->metrics[i].point_count;
        }
        r->points += points;
        r->most = points > r->most ? points : r->most;
    }
    (void)pthread_mutex_unlock(&r->lock);
    return answer;
}

static void reader_init(reader* r)
{
    memset(r, 0, sizeof *r);
    (void)pthread_mutex_init(&r->lock, NULL);
}

static llmobs_exporter exporter_of(reader* r)
{
    llmobs_exporter exporter = llmobs_exporter_default();
    exporter.export_batch = read_batch;
    exporter.user = r;
    exporter.signals = LLMOBS_SIGNAL_METRICS;
    exporter.retry_first_ms = 1;
    exporter.retry_most_ms = 2;
    return exporter;
}

static void add_exporter(llmobs* obs, const llmobs_exporter* exporter)
{
    if (llmobs_exporter_add(obs, exporter) != LLMOBS_OK) {
        printf("Bail out! exporter\n");
        exit(1);
    }
}

static double ask(void* user)
{
    return *(const double*)user;
}

static double asked_value = 7.5;

/* Counter m of 0, 1, 2, ... and a gauge that is asked for. */
static void fill(llmobs* obs, int count)
{
    llmobs_metric_info info = info_of("asked", LLMOBS_GAUGE_CALLBACK, LLMOBS_NUMBER_DOUBLE);
    llmobs_metric m = define_with(obs, "m", "l", LLMOBS_COUNTER, LLMOBS_NUMBER_INT);
    int i;
    info.callback = ask;
    info.callback_user = &asked_value;
    (void)define_info(obs, &info);
    for (i = 0; i < count; i++) {
        char text[16];
        const char* value = text;
        (void)snprintf(text, sizeof text, "v%d", i);
        llmobs_counter_add(llmobs_counter_get(m, &value, 1), (uint64_t)i);
    }
}

static const int64_t sum_of_all = (int64_t)SERIES * (SERIES - 1) / 2;

/* ---- at a flush, at close, at the interval ------------------------------------------------- */

static void test_flush(void)
{
    llmobs_config config = metered_config();
    static reader r;
    llmobs_exporter exporter = exporter_of(&r);
    llmobs_stats stats;
    llmobs* obs = open_metered(&config);
    reader_init(&r);
    add_exporter(obs, &exporter);
    is_int(llmobs_flush(obs, 10000), LLMOBS_OK, "a flush of nothing");
    is_int(r.batches, 0, "is no batch");
    fill(obs, SERIES);
    is_int(llmobs_tick(obs), LLMOBS_OK, "a tick");
    is_int(r.batches, 0, "is none before the interval is over");
    is_int(llmobs_flush(obs, 10000), LLMOBS_OK, "a flush");
    is_int(r.wrong, 0, "brings batches that are as the header says");
    is_int(r.series, SERIES, "each series once");
    is_int(r.sum, sum_of_all, "with its value");
    ok(r.gauge == 7.5, "gauges are asked");
    is_int(r.points, SERIES + 1, "and nothing else comes");
    ok(r.batches >= 2, "in as many batches as it takes");
    stats = stats_of(obs);
    is_int(stats.exporters[0].points.received, SERIES + 1, "points are counted as received");
    is_int(stats.exporters[0].points.exported, SERIES + 1, "as exported");
    is_int(stats.exporters[0].received, 0, "apart from spans and log records");
    is_int(stats.exporters[0].batches, r.batches, "their batches with the others");
    ok(balances(&stats), "the account balances");
    r.series = 0;
    is_int(llmobs_close(obs), LLMOBS_OK, "close");
    is_int(r.series, SERIES, "brings them once more");
}

/* ---- what ended before is in them ---------------------------------------------------------- */

static llmobs_export_result count_phases(void* user, const llmobs_batch* batch)
{
    llmobsi_atomic64* phases = (llmobsi_atomic64*)user;
    size_t i, k;
    for (i = 0; i < batch->metric_count; i++) {
        const llmobs_metric_view* view = &batch->metrics[i];
        uint64_t count = 0;
        if (strcmp(view->name.data, "llm_phase_duration_seconds") == 0) {
            for (k = 0; k < view->point_count; k++) {
                count += view->points[k].count;
            }
            llmobsi_store_relaxed(phases, count);
        }
    }
    return LLMOBS_EXPORT_OK;
}

static void pass_phases(llmobs* obs)
{
    llmobs_request request = llmobs_request_begin(obs, NULL);
    llmobs_span phase = llmobs_phase_begin(request, LLMOBS_PHASE_RETRIEVAL);
    llmobs_span_end(llmobs_phase_next(request, phase, LLMOBS_PHASE_MODEL_CALL));
    llmobs_request_end(request, NULL);
}

/* A span's duration is counted when it is collected: that comes before the reading. */
static void test_booked(bool pumped)
{
    static llmobsi_atomic64 phases;
    llmobs_config config = pumped_config();
    llmobs_exporter exporter = llmobs_exporter_default();
    llmobs* obs;
    config.host_pumped = pumped;
    config.tick_ms = 10000;
    exporter.export_batch = count_phases;
    exporter.user = &phases;
    exporter.signals = LLMOBS_SIGNAL_METRICS | LLMOBS_SIGNAL_SPANS;
    llmobsi_store_relaxed(&phases, 0);
    obs = open_metered(&config);
    add_exporter(obs, &exporter);
    pass_phases(obs);
    is_int(llmobs_flush(obs, 10000), LLMOBS_OK, "flush, behind two phases");
    is_int(llmobsi_load_relaxed(&phases), 2, "which are in its reading");
    pass_phases(obs);
    is_int(llmobs_close(obs), LLMOBS_OK, "close, behind two more");
    is_int(llmobsi_load_relaxed(&phases), 4, "which are in the last");
}

static void test_interval(void)
{
    llmobs_config config = metered_config();
    static reader r;
    llmobs_exporter exporter = exporter_of(&r);
    llmobs* obs = open_metered(&config);
    size_t i;
    reader_init(&r);
    exporter.metrics_interval_ms = 1; /* brought to 100 */
    add_exporter(obs, &exporter);
    fill(obs, 10);
    for (i = 1; i <= 3; i++) {
        (void)usleep(110000);
        (void)llmobs_tick(obs);
        (void)llmobs_tick(obs);
        (void)llmobs_tick(obs);
        is_int(r.series, 10 * i, "one reading at each interval");
    }
    (void)usleep(350000);
    (void)llmobs_tick(obs);
    (void)llmobs_tick(obs);
    (void)llmobs_tick(obs);
    is_int(r.series, 40, "one, however late");
    is_int(r.wrong, 0, "as the header says");
    (void)llmobs_close(obs);
}

/* ---- batches ------------------------------------------------------------------------------- */

static void test_items(void)
{
    llmobs_config config = metered_config();
    static reader r;
    llmobs_exporter exporter = exporter_of(&r);
    llmobs* obs = open_metered(&config);
    reader_init(&r);
    exporter.batch_items = 10;
    add_exporter(obs, &exporter);
    fill(obs, SERIES);
    is_int(llmobs_flush(obs, 60000), LLMOBS_OK, "more batches than the queue has");
    is_int(r.most, 10, "of ten points at most");
    is_int(r.series, SERIES, "arrive: a flush waits for room");
    is_int(r.sum, sum_of_all, "all of them");
    ok(account_balances(obs), "the account balances");
    (void)llmobs_close(obs);
}

static void test_oversized(void)
{
    double bounds[64];
    llmobs_config config = metered_config();
    static reader r;
    llmobs_exporter exporter = exporter_of(&r);
    llmobs_stats stats;
    llmobs* obs;
    int i;
    for (i = 0; i < 64; i++) {
        bounds[i] = i + 1;
    }
    config.batch_bytes = 4096;
    config.queue_bytes = 65536;
    config.exemplars = 1024;
    obs = open_metered(&config);
    reader_init(&r);
    add_exporter(obs, &exporter);
    {
        llmobs_metric_info info = info_of("h", LLMOBS_HISTOGRAM, LLMOBS_NUMBER_DOUBLE);
        info.bounds = bounds;
        info.bound_count = 64;
        info.exemplars = true;
        llmobs_histogram_record(llmobs_histogram_get(define_info(obs, &info), NULL, 0), 3);
    }
    fill(obs, 3);
    is_int(llmobs_flush(obs, 10000), LLMOBS_OK, "a point larger than a batch");
    stats = stats_of(obs);
    if (sizeof(void*) == 8) {
        is_int(stats.exporters[0].points.lost[LLMOBS_LOSS_SIZE], 1, "is lost, and counted");
    } else {
        skip("is lost, and counted", "no point is that large where pointers have 32 bits");
    }
    is_int(r.series, 3, "the others arrive");
    ok(balances(&stats), "the account balances");
    (void)llmobs_close(obs);
}

static void test_lost(void)
{
    llmobs_config config = metered_config();
    static reader r;
    llmobs_exporter exporter = exporter_of(&r);
    llmobs_stats stats;
    uint64_t lost;
    llmobs* obs;
    int i;
    config.batch_bytes = 4096;
    config.queue_bytes = 65536;
    obs = open_metered(&config);
    reader_init(&r);
    exporter.metrics_interval_ms = 100;
    exporter.max_attempts = 1000000;
    add_exporter(obs, &exporter);
    fill(obs, SERIES);
    r.answer = LLMOBS_EXPORT_RETRY;
    for (i = 0; i < 3; i++) {
        (void)usleep(110000);
        (void)llmobs_tick(obs);
    }
    stats = stats_of(obs);
    lost = stats.exporters[0].points.lost[LLMOBS_LOSS_QUEUE];
    ok(lost > 0 && stats.exporters[0].points.queued > 0, "a full queue loses the oldest points");
    ok(balances(&stats), "the account balances");
    r.answer = LLMOBS_EXPORT_OK;
    is_int(llmobs_flush(obs, 60000), LLMOBS_OK, "once the receiver is back");
    stats = stats_of(obs);
    is_int(stats.exporters[0].points.queued, 0, "the rest arrives");
    is_int(r.lost_told, stats.exporters[0].points.lost[LLMOBS_LOSS_QUEUE], "and tells of the gap");
    is_int(r.wrong, 0, "as the header says");
    ok(balances(&stats), "the account balances");
    (void)llmobs_close(obs);
}

/* Readings of an outage: the next one tells again what the last one told, unless it tells what is
   new alone. */
static void test_gives_way(llmobs_temporality temporality)
{
    bool delta = temporality == LLMOBS_TEMPORALITY_DELTA;
    const char* value = "a";
    llmobs_config config = pumped_config();
    static reader r;
    llmobs_exporter exporter = exporter_of(&r);
    llmobs_stats stats;
    llmobs_metric m;
    llmobs* obs;
    int i;
    config.batch_bytes = 4096;
    config.queue_bytes = 65536;
    config.metric_delta = delta;
    obs = open_metered(&config);
    reader_init(&r);
    r.answer = LLMOBS_EXPORT_RETRY;
    exporter.signals |= LLMOBS_SIGNAL_SPANS;
    exporter.temporality = temporality;
    exporter.max_attempts = 1000000;
    add_exporter(obs, &exporter);
    m = define_with(obs, "m", "l", LLMOBS_COUNTER, LLMOBS_NUMBER_INT);
    for (i = 0; i < 50; i++) {
        llmobs_span_end(llmobs_span_root(obs, "waits"));
        llmobs_counter_add(llmobs_counter_get(m, &value, 1), 1);
        (void)llmobs_flush(obs, 0);
    }
    stats = stats_of(obs);
    ok(stats.exporters[0].points.lost[LLMOBS_LOSS_QUEUE] > 0, "readings give way");
    ok(delta == (stats.exporters[0].lost[LLMOBS_LOSS_QUEUE] > 0),
       delta ? "and spans that are older" : "and no span gives way to them");
    r.answer = LLMOBS_EXPORT_OK;
    is_int(llmobs_flush(obs, 60000), LLMOBS_OK, "once the receiver is back");
    stats = stats_of(obs);
    ok(delta || stats.exporters[0].exported == 50, "all spans arrive");
    ok(balances(&stats), "the account balances");
    (void)llmobs_close(obs);
}

/* A reading that fits one batch takes one, and makes nothing give way for another. */
static void test_exact(void)
{
    llmobs_config config = metered_config();
    static reader r;
    llmobs_exporter exporter = exporter_of(&r);
    llmobsi_instance* instance;
    llmobsi_exporter* inside;
    llmobs_stats stats;
    llmobs* obs = open_metered(&config);
    uint32_t i;
    reader_init(&r);
    r.answer = LLMOBS_EXPORT_RETRY;
    add_exporter(obs, &exporter);
    fill(obs, 3);
    instance = llmobsi_instance_of(llmobsi_places[LLMOBS_I_PLACE(llmobsi_ticket(obs))].recorder);
    inside = &instance->collector.exporters[0];
    for (i = 0; i < inside->batch_count; i++) {
        llmobsi_metrics_read(instance, inside, LLMOBS_I_GATHER_ALL, NULL);
    }
    stats = stats_of(obs);
    is_int(stats.exporters[0].points.queued, 4 * i, "as many readings as batches");
    llmobsi_metrics_read(instance, inside, LLMOBS_I_GATHER_ALL, NULL);
    stats = stats_of(obs);
    is_int(stats.exporters[0].points.lost[LLMOBS_LOSS_QUEUE], 4, "one more is one less");
    r.answer = LLMOBS_EXPORT_OK;
    (void)llmobs_close(obs);
}

/* ---- beside other signals ------------------------------------------------------------------ */

/* Batches that a transport has until it answers. */
static struct {
    const llmobs_batch* batch;
    size_t points;
} held[8];
static size_t held_count;

static size_t points_in(const llmobs_batch* batch)
{
    size_t points = 0;
    size_t i;
    for (i = 0; i < batch->metric_count; i++) {
        points += batch->metrics[i].point_count;
    }
    return points;
}

static llmobs_export_result hold(void* user, const llmobs_batch* batch)
{
    (void)user;
    if (held_count < sizeof held / sizeof held[0]) {
        held[held_count].points = points_in(batch);
        held[held_count++].batch = batch;
    }
    return LLMOBS_EXPORT_PENDING;
}

/* A reading for which there is no batch any more writes into none. */
static void test_held(void)
{
    llmobs_config config = metered_config();
    static reader r;
    llmobs_exporter exporter = exporter_of(&r);
    size_t changed = 0;
    size_t i;
    llmobs* obs;
    config.batch_bytes = 8192;
    config.queue_bytes = 4 * config.batch_bytes;
    config.max_exporters = 1;
    config.close_timeout_ms = 10;
    obs = open_metered(&config);
    reader_init(&r);
    exporter.export_batch = hold;
    add_exporter(obs, &exporter);
    fill(obs, 400);
    is_int(llmobs_flush(obs, 200), LLMOBS_ERROR_TIMEOUT, "a transport that has not answered yet");
    for (i = 0; i < held_count; i++) {
        changed += points_in(held[i].batch) != held[i].points;
    }
    ok(held_count >= 4, "has all batches there are");
    is_int(changed, 0, "and nobody writes into them");
    (void)llmobs_close(obs);
}

static void test_signals(void)
{
    llmobs_config config = pumped_config();
    static reader r;
    llmobs_exporter exporter = exporter_of(&r);
    llmobs_stats stats;
    llmobs* obs = llmobs_open(&config, NULL);
    reader_init(&r);
    exporter.signals = LLMOBS_SIGNAL_SPANS | LLMOBS_SIGNAL_LOGS | LLMOBS_SIGNAL_METRICS;
    add_exporter(obs, &exporter);
    exporter.signals = 8;
    is_int(llmobs_exporter_add(obs, &exporter), LLMOBS_ERROR_ARGUMENT, "a signal there is not");
    llmobs_span_end(llmobs_span_root(obs, "span"));
    is_int(llmobs_flush(obs, 10000), LLMOBS_OK, "flush");
    is_int(r.wrong, 0, "each batch has one signal");
    is_int(r.other, 1, "spans");
    ok(r.points > 10, "and metrics: what the library tells of itself, at least");
    stats = stats_of(obs);
    is_int(stats.exporters[0].received, 1, "counted apart");
    ok(balances(&stats), "the account balances");
    (void)llmobs_close(obs);
}

/* ---- differences --------------------------------------------------------------------------- */

#define ROUNDS 200

/* What differences add up to, of one series of each kind. */
typedef struct adder {
    int64_t counter;
    int64_t updown;
    uint64_t explicit_counts[4];
    int64_t explicit_sum;
    uint64_t exponential_count;
    double exponential_sum;
    double exponential_buckets; /* of all, by their middles: near the sum */
    uint64_t from_unix_ns;      /* where the last one ended */
    size_t points;
    size_t wrong;
} adder;

static void add_point(adder* all, const llmobs_metric_view* view, const llmobs_point_view* point)
{
    bool is_delta = view->temporality == LLMOBS_TEMPORALITY_DELTA;
    double base = pow(2.0, ldexp(1.0, -point->scale));
    uint64_t count = point->zero_count;
    uint32_t i;
    all->points++;
    if (strcmp(view->name.data, "u") == 0) {
        all->wrong += is_delta;
        all->updown = point->value.integer;
        return;
    }
    all->wrong += !is_delta || point->start_unix_ns > point->time_unix_ns ||
                  point->min.integer != 0 || point->max.integer != 0;
    if (strcmp(view->name.data, "c") == 0) {
        all->counter += point->value.integer;
        all->wrong += point->value.integer <= 0;
        all->wrong += all->from_unix_ns != 0 && point->start_unix_ns != all->from_unix_ns;
        all->from_unix_ns = point->time_unix_ns;
        return;
    }
    for (i = 0; i < point->bucket_count; i++) {
        count += point->bucket_counts[i];
    }
    all->wrong += count != point->count || count == 0;
    if (strcmp(view->name.data, "h") == 0) {
        for (i = 0; i < 4; i++) {
            all->explicit_counts[i] += point->bucket_counts[i];
        }
        all->explicit_sum += point->value.integer;
        return;
    }
    all->exponential_count += count;
    all->exponential_sum += point->value.real;
    for (i = 0; i < point->bucket_count; i++) {
        all->exponential_buckets += (double)point->bucket_counts[i] *
                                    pow(base, point->offset + (int32_t)i + 0.5);
    }
}

static llmobs_export_result add_batch(void* user, const llmobs_batch* batch)
{
    size_t i, at;
    for (i = 0; i < batch->metric_count; i++) {
        for (at = 0; at < batch->metrics[i].point_count; at++) {
            add_point((adder*)user, &batch->metrics[i], &batch->metrics[i].points[at]);
        }
    }
    return LLMOBS_EXPORT_OK;
}

/* Each of four kinds, some times; the exponential one over ever wider ranges. */
typedef struct four {
    llmobs_counter c;
    llmobs_updown u;
    llmobs_histogram h;
    llmobs_histogram e;
} four;

static void define_four(llmobs* obs, four* of)
{
    static const double bounds[] = {10, 20, 30};
    llmobs_metric_info info = info_of("e", LLMOBS_HISTOGRAM_EXPONENTIAL, LLMOBS_NUMBER_DOUBLE);
    info.least = 1;
    info.most = 2;
    of->c = llmobs_counter_get(
        define_with(obs, "c", NULL, LLMOBS_COUNTER, LLMOBS_NUMBER_INT), NULL, 0);
    of->u = llmobs_updown_get(
        define_with(obs, "u", NULL, LLMOBS_UPDOWN, LLMOBS_NUMBER_INT), NULL, 0);
    of->h = llmobs_histogram_get(define_bounds(obs, "h", LLMOBS_NUMBER_INT, bounds, 3), NULL, 0);
    of->e = llmobs_histogram_get(define_info(obs, &info), NULL, 0);
}

static void record_four(const four* to, int round)
{
    int i;
    for (i = 0; i < 1 + round % 7; i++) {
        llmobs_counter_add(to->c, (uint64_t)(round + 1));
        llmobs_updown_add(to->u, i % 2 == 0 ? 3 : -1);
        llmobs_histogram_record_int(to->h, (uint64_t)((round * 7 + i) % 40));
        llmobs_histogram_record(to->e, round % 10 == 0 ? 0.0 : pow(1.05, (round * (i + 3)) % 300));
    }
}

static llmobs* open_delta(adder* all, four* of)
{
    llmobs_config config = metered_config();
    llmobs_exporter exporter = llmobs_exporter_default();
    llmobs* obs;
    memset(all, 0, sizeof *all);
    exporter.export_batch = add_batch;
    exporter.user = all;
    exporter.signals = LLMOBS_SIGNAL_METRICS;
    exporter.temporality = LLMOBS_TEMPORALITY_DELTA;
    obs = open_metered(&config);
    is_int(llmobs_exporter_add(obs, &exporter), LLMOBS_ERROR_LIMIT, "no memory for differences");
    (void)llmobs_close(obs);
    config.metric_delta = true;
    obs = open_metered(&config);
    add_exporter(obs, &exporter);
    is_int(llmobs_exporter_add(obs, &exporter), LLMOBS_ERROR_LIMIT, "one exporter has them");
    define_four(obs, of);
    return obs;
}

static void test_delta(void)
{
    static adder all;
    uint64_t counts[4] = {0, 0, 0, 0};
    llmobs_histogram_stats h, e;
    size_t points;
    four of;
    llmobs* obs = open_delta(&all, &of);
    int round, i;
    for (round = 0; round < ROUNDS; round++) {
        record_four(&of, round);
        for (i = 0; i < 1 + round % 7; i++) {
            int value = (round * 7 + i) % 40;
            counts[value <= 10 ? 0 : value <= 20 ? 1 : value <= 30 ? 2 : 3]++;
        }
        (void)llmobs_flush(obs, 10000);
    }
    h.size = sizeof h;
    e.size = sizeof e;
    (void)llmobs_histogram_read(of.h, &h);
    (void)llmobs_histogram_read(of.e, &e);
    is_int(all.wrong, 0, "differences are well-formed, and follow one another without a gap");
    is_int(all.counter, llmobs_counter_read(of.c), "a counter's add up to it");
    is_int(all.updown, llmobs_updown_read(of.u), "what goes up and down stays what it is");
    ok(memcmp(all.explicit_counts, counts, sizeof counts) == 0, "a histogram's buckets");
    ok((double)all.explicit_sum == h.sum, "and sum");
    is_int(all.exponential_count, e.count, "an exponential one's counts, over changes of scale");
    ok(e.scale < 5, "which there were");
    ok(fabs(all.exponential_sum / e.sum - 1) < 1e-9, "and sum");
    ok(fabs(all.exponential_buckets / e.sum - 1) < 0.2, "in the buckets where they belong");
    points = all.points;
    (void)llmobs_flush(obs, 10000);
    is_int(all.points, points + 1, "a difference of nothing is no point");
    ok(account_balances(obs), "the account balances");
    (void)llmobs_close(obs);
}

/* A value that is in the sum and not yet counted: as a reader may find it. */
static void test_delta_half(void)
{
    static adder all;
    four of;
    llmobs* obs = open_delta(&all, &of);
    const llmobsi_recorder* recorder =
        llmobsi_places[LLMOBS_I_PLACE(llmobsi_ticket(obs))].recorder;
    llmobsi_atomic64* cells = NULL;
    uint32_t i;
    llmobs_histogram_record_int(of.h, 7);
    (void)llmobs_flush(obs, 10000);
    for (i = 0; cells == NULL && i < llmobsi_row_count(recorder); i++) {
        cells = llmobsi_cell_at(llmobsi_row_at(recorder, i),
                                recorder->registry.series[of.h.series].cell);
    }
    cells[LLMOBS_I_EXPLICIT_SUM] += 5;
    (void)llmobs_flush(obs, 10000);
    is_int(all.explicit_sum, 7, "what is not counted yet is not told");
    cells[LLMOBS_I_EXPLICIT_HEAD] += 1;
    (void)llmobs_flush(obs, 10000);
    is_int(all.explicit_sum, 12, "nor is it lost");
    is_int(all.explicit_counts[0], 2, "and is counted once");
    is_int(all.wrong, 0, "differences are well-formed");
    (void)llmobs_close(obs);
}

/* What came of each series of "m", and when its last point ended. */
typedef struct timeline {
    llmobs_export_token tokens[16];
    size_t pending;
    int64_t sums[SERIES];
    uint64_t ends[SERIES];
    size_t points;
    size_t overlaps;
    size_t gaps;
} timeline;

static llmobs_export_result see_times(void* user, const llmobs_batch* batch)
{
    timeline* all = (timeline*)user;
    size_t i, at;
    for (i = 0; i < batch->metric_count; i++) {
        for (at = 0; at < batch->metrics[i].point_count; at++) {
            const llmobs_point_view* point = &batch->metrics[i].points[at];
            int n = atoi(point->attributes[0].value.string.data + 1);
            all->overlaps += point->start_unix_ns < all->ends[n];
            all->gaps += all->ends[n] != 0 && point->start_unix_ns > all->ends[n];
            all->overlaps += point->start_unix_ns > point->time_unix_ns;
            all->ends[n] = point->time_unix_ns;
            all->sums[n] += point->value.integer;
            all->points++;
        }
    }
    all->tokens[all->pending++ % 16] = batch->token;
    return LLMOBS_EXPORT_PENDING;
}

static void count_each(llmobs* obs, int count, uint64_t value)
{
    llmobs_metric m = define_with(obs, "m", "l", LLMOBS_COUNTER, LLMOBS_NUMBER_INT);
    int i;
    for (i = 0; i < count; i++) {
        char text[16];
        const char* label = text;
        (void)snprintf(text, sizeof text, "v%d", i);
        llmobs_counter_add(llmobs_counter_get(m, &label, 1), value);
    }
}

static void answer_all(timeline* all)
{
    while (all->pending > 0) {
        (void)llmobs_export_done(all->tokens[--all->pending], LLMOBS_EXPORT_OK);
    }
}

#define ROWS (sizeof(void*) == 8 ? 180 : 300) /* take more than half of 16 batches */

/* As a flush of 20 ms: what is sealed is handed over at once, and is pending then. */
static void read_all(llmobsi_instance* instance, llmobsi_exporter* exporter)
{
    llmobsi_patience patience = {llmobsi_deadline_ns(20), UINT64_MAX, true};
    llmobsi_metrics_read(instance, exporter, LLMOBS_I_GATHER_ALL, &patience);
    (void)llmobsi_exporter_pump(exporter);
}

/* A reading that finds no room any more stops half way: what it has told is told up to then, the
   rest up to the reading before. */
static void test_delta_stops(void)
{
    static timeline all;
    llmobs_config config = metered_config();
    llmobs_exporter exporter = llmobs_exporter_default();
    llmobsi_exporter* inside;
    llmobsi_instance* instance;
    size_t before;
    size_t wrong = 0;
    llmobs* obs;
    int round, n;
    memset(&all, 0, sizeof all);
    config.metric_delta = true;
    config.batch_bytes = 4096;
    config.queue_bytes = 16 * 4096;
    obs = open_metered(&config);
    exporter.export_batch = see_times;
    exporter.user = &all;
    exporter.signals = LLMOBS_SIGNAL_METRICS;
    exporter.temporality = LLMOBS_TEMPORALITY_DELTA;
    add_exporter(obs, &exporter);
    instance = llmobsi_instance_of(llmobsi_places[LLMOBS_I_PLACE(llmobsi_ticket(obs))].recorder);
    inside = &instance->collector.exporters[0];
    for (round = 0; round < 12; round++) { /* two readings, the second finds less room */
        count_each(obs, ROWS, 1);
        before = all.points;
        read_all(instance, inside);
        wrong += all.points != before + ROWS;
        count_each(obs, ROWS, 2);
        before = all.points;
        read_all(instance, inside);
        wrong += all.points == before || all.points >= before + ROWS;
        answer_all(&all);
    }
    is_int(wrong, 0, "each second reading stops half way");
    read_all(instance, inside);
    answer_all(&all);
    for (n = 0; n < ROWS; n++) {
        wrong += all.sums[n] != 36;
    }
    is_int(wrong, 0, "what was not told comes with the next one");
    is_int(all.overlaps, 0, "the points of a series do not overlap in time");
    is_int(all.gaps, 0, "and follow one another without a gap");
    (void)llmobs_close(obs);
}

static void test_delta_fork(void)
{
    static adder all;
    four of;
    llmobs* obs = open_delta(&all, &of);
    int status = 0;
    pid_t child;
    llmobs_counter_add(of.c, 5);
    (void)llmobs_flush(obs, 10000);
    child = fork();
    if (child == 0) {
        all.counter = 0;
        all.from_unix_ns = 0;
        llmobs_counter_add(of.c, 3);
        (void)llmobs_flush(obs, 10000);
        _exit(all.counter == 3 && all.wrong == 0 ? 0 : 1);
    }
    (void)waitpid(child, &status, 0);
    is_int(status, 0, "a fork's child tells differences to zero");
    llmobs_counter_add(of.c, 4);
    (void)llmobs_flush(obs, 10000);
    is_int(all.counter, 9, "the parent goes on");
    (void)llmobs_close(obs);
}

/* ---- fork ---------------------------------------------------------------------------------- */

static void test_fork(void)
{
    llmobs_config config = metered_config();
    static reader r;
    llmobs_exporter exporter = exporter_of(&r);
    llmobs* obs = open_metered(&config);
    int status = 0;
    pid_t child;
    reader_init(&r);
    add_exporter(obs, &exporter);
    fill(obs, 10);
    child = fork();
    if (child == 0) {
        const char* value = "v3";
        llmobs_metric m = define_with(obs, "m", "l", LLMOBS_COUNTER, LLMOBS_NUMBER_INT);
        llmobs_counter_add(llmobs_counter_get(m, &value, 1), 5);
        (void)llmobs_flush(obs, 10000);
        _exit(r.sum == 5 && r.wrong == 0 && account_balances(obs) ? 0 : 1);
    }
    (void)waitpid(child, &status, 0);
    is_int(status, 0, "a fork's child exports its own, from zero");
    (void)llmobs_flush(obs, 10000);
    is_int(r.sum, 45, "the parent its own");
    (void)llmobs_close(obs);
}

/* ---- threads ------------------------------------------------------------------------------- */

typedef struct race {
    llmobs* obs;
    llmobsi_atomic32 stop;
    llmobsi_atomic32 failed;
} race;

static void* count_on(void* user)
{
    race* all = (race*)user;
    const char* value = "v1";
    llmobs_metric m = define_with(all->obs, "m", "l", LLMOBS_COUNTER, LLMOBS_NUMBER_INT);
    llmobs_counter counter = llmobs_counter_get(m, &value, 1);
    while (llmobsi_load_relaxed(&all->stop) == 0) {
        llmobs_counter_add(counter, 1);
        (void)sched_yield();
    }
    return NULL;
}

static void* flush_on(void* user)
{
    race* all = (race*)user;
    int i;
    for (i = 0; i < 20; i++) {
        (void)llmobsi_add_relaxed(&all->failed, llmobs_flush(all->obs, 60000) != LLMOBS_OK);
    }
    return NULL;
}

/* The tick's own thread, two that flush, one that counts. What a flush's end has delivered is not
   older than its begin: the last one brings the sum. */
static void test_race(void)
{
    llmobs_config config = metered_config();
    static reader r;
    llmobs_exporter exporter = exporter_of(&r);
    race all;
    pthread_t threads[3];
    int i;
    config.host_pumped = false;
    config.tick_ms = 1;
    memset(&all, 0, sizeof all);
    all.obs = open_metered(&config);
    reader_init(&r);
    exporter.metrics_interval_ms = 100;
    add_exporter(all.obs, &exporter);
    fill(all.obs, 50);
    (void)pthread_create(&threads[0], NULL, count_on, &all);
    (void)pthread_create(&threads[1], NULL, flush_on, &all);
    (void)pthread_create(&threads[2], NULL, flush_on, &all);
    (void)pthread_join(threads[1], NULL);
    (void)pthread_join(threads[2], NULL);
    llmobsi_store_relaxed(&all.stop, 1);
    (void)pthread_join(threads[0], NULL);
    is_int(all.failed, 0, "flushes beside one another and the tick");
    for (i = 0; i < 2; i++) {
        (void)pthread_mutex_lock(&r.lock);
        r.series = 0;
        (void)pthread_mutex_unlock(&r.lock);
        (void)llmobs_flush(all.obs, 60000);
    }
    ok(r.series >= 50, "the last one brings all series");
    is_int(r.wrong, 0, "as the header says");
    (void)llmobs_close(all.obs);
}

int main(void)
{
    test_flush();
    test_booked(true);
    test_booked(false);
    test_interval();
    test_items();
    test_oversized();
    test_lost();
    test_gives_way(LLMOBS_TEMPORALITY_CUMULATIVE);
    test_gives_way(LLMOBS_TEMPORALITY_DELTA);
    test_exact();
    test_held();
    test_signals();
    test_delta();
    test_delta_half();
    test_delta_stops();
    if (!skipped_without_fork("fork between deltas")) {
        test_delta_fork();
    }
    if (!skipped_without_fork("fork")) {
        test_fork();
    }
    test_race();
    (void)llmobs_release();
    return done();
}

/* Callbacks of the host's that do not return on the library's thread, or on one of the host's,
   while the instance closes: close keeps to its time, and who comes back does nothing more. */
#include "llmobs_private.h"
#include "tap.h"

#include "keeper.h"
#include "meter.h"

/* A gauge that hangs where it is told to, and one that comes behind it. */
typedef struct world {
    pthread_mutex_t lock;
    pthread_cond_t news;
    bool hang;
    int inside;     /* calls that hang now */
    int asked;      /* the gauge that may hang */
    int asked_next; /* and the one behind it */
    int batches;    /* of metrics */
    int spans;
    int64_t counted; /* of the counter behind them */
    int told[LLMOBS_NOTE_COUNT];
    int told_all;
} world;

static world w;

static void init(bool hang)
{
    memset(&w, 0, sizeof w);
    (void)pthread_mutex_init(&w.lock, NULL);
    (void)pthread_cond_init(&w.news, NULL);
    w.hang = hang;
}

static void stay(void) /* under the lock */
{
    w.inside++;
    (void)pthread_cond_broadcast(&w.news);
    while (w.hang) {
        (void)pthread_cond_wait(&w.news, &w.lock);
    }
    w.inside--;
    (void)pthread_cond_broadcast(&w.news);
}

static double ask(void* user)
{
    (void)user;
    (void)pthread_mutex_lock(&w.lock);
    w.asked++;
    stay();
    (void)pthread_mutex_unlock(&w.lock);
    return 1;
}

static double ask_next(void* user)
{
    (void)user;
    (void)pthread_mutex_lock(&w.lock);
    w.asked_next++;
    (void)pthread_mutex_unlock(&w.lock);
    return 2;
}

static void note(void* user, llmobs_note which, uint64_t count, const char* text)
{
    (void)user;
    (void)count;
    (void)text;
    (void)pthread_mutex_lock(&w.lock);
    w.told[which]++;
    w.told_all++;
    (void)pthread_mutex_unlock(&w.lock);
}

static void note_that_hangs(void* user, llmobs_note which, uint64_t count, const char* text)
{
    note(user, which, count, text);
    (void)pthread_mutex_lock(&w.lock);
    stay();
    (void)pthread_mutex_unlock(&w.lock);
}

static llmobs_export_result receive(void* user, const llmobs_batch* batch)
{
    size_t i;
    (void)user;
    (void)pthread_mutex_lock(&w.lock);
    w.batches += batch->metric_count > 0;
    for (i = 0; i < batch->metric_count; i++) {
        const llmobs_metric_view* metric = &batch->metrics[i];
        if (strcmp(metric->name.data, "behind") == 0) {
            w.counted = metric->points[0].value.integer;
        }
    }
    w.spans += (int)batch->span_count;
    (void)pthread_mutex_unlock(&w.lock);
    return LLMOBS_EXPORT_OK;
}

static llmobs_export_result ignore(void* user, const llmobs_batch* batch)
{
    (void)user;
    (void)batch;
    return LLMOBS_EXPORT_OK;
}

static void wait_until_inside(int count)
{
    (void)pthread_mutex_lock(&w.lock);
    while (w.inside != count) {
        (void)pthread_cond_wait(&w.news, &w.lock);
    }
    (void)pthread_mutex_unlock(&w.lock);
}

static void set_hang(bool hang)
{
    (void)pthread_mutex_lock(&w.lock);
    w.hang = hang;
    (void)pthread_cond_broadcast(&w.news);
    (void)pthread_mutex_unlock(&w.lock);
}

static world seen(void)
{
    world copy;
    (void)pthread_mutex_lock(&w.lock);
    copy = w;
    (void)pthread_mutex_unlock(&w.lock);
    return copy;
}

static llmobs_config config_of(bool pumped)
{
    llmobs_config config = pumped_config();
    config.host_pumped = pumped;
    config.tick_ms = 1;
    config.close_timeout_ms = 200;
    config.note = note;
    return config;
}

static void define_gauge(llmobs* obs, const char* name, double (*callback)(void*))
{
    llmobs_metric_info info = info_of(name, LLMOBS_GAUGE_CALLBACK, LLMOBS_NUMBER_DOUBLE);
    info.callback = callback;
    (void)define_info(obs, &info);
}

static llmobs* open_with(const llmobs_config* config, uint32_t interval_ms)
{
    llmobs* obs = open_metered(config);
    llmobs_exporter exporter = llmobs_exporter_default();
    exporter.export_batch = receive;
    exporter.metrics_interval_ms = interval_ms;
    exporter.signals = LLMOBS_SIGNAL_SPANS;
    if (interval_ms != 0) {
        exporter.signals |= LLMOBS_SIGNAL_METRICS;
    }
    (void)llmobs_exporter_add(obs, &exporter);
    define_gauge(obs, "first", ask);
    define_gauge(obs, "second", ask_next);
    return obs;
}

static llmobsi_instance* instance_of(llmobs* obs)
{
    return llmobsi_instance_of(llmobsi_places[LLMOBS_I_PLACE(llmobsi_ticket(obs))].recorder);
}

/* The block of a closed instance that was left: its thread's end. */
static void wait_for_end(llmobsi_instance* instance)
{
    bool ended = false;
    while (!ended) {
        (void)usleep(1000);
        llmobsi_lock_take(&instance->rest);
        ended = instance->ended;
        llmobsi_lock_give(&instance->rest);
    }
}

/* Closes while something hangs: well before that ends, whatever the machine. */
static void close_late(llmobs* obs, const char* what)
{
    uint64_t begun = llmobsi_monotonic_ns();
    is_int(llmobs_close(obs), LLMOBS_ERROR_INCOMPLETE, what);
    ok(llmobsi_monotonic_ns() - begun < UINT64_C(20000000000), "close keeps to its time");
}

/* ---- on the library's thread --------------------------------------------------------------- */

static void check_return(llmobsi_instance* instance)
{
    const world before = seen();
    world after;
    set_hang(false);
    wait_for_end(instance);
    after = seen();
    is_int(after.asked, before.asked, "it returns at last: it is not asked again");
    is_int(after.asked_next, before.asked_next, "nor is another gauge");
    is_int(after.batches, before.batches, "nothing is handed over");
    is_int(after.told_all, before.told_all, "and nothing told");
}

static void test_tick(void)
{
    llmobs_config config = config_of(false);
    llmobsi_instance* instance;
    llmobs* obs;
    init(true);
    obs = open_with(&config, 100);
    instance = instance_of(obs);
    wait_until_inside(1);
    llmobs_span_end(llmobs_span_root(obs, "span"));
    close_late(obs, "a gauge hangs: close says so");
    is_int(seen().spans, 1, "what was recorded is delivered");
    is_int(seen().asked, 1, "close does not ask the gauge itself");
    is_int(seen().told[LLMOBS_NOTE_CALLBACK_SLOW], 1, "a note tells");
    check_return(instance);
    is_int(llmobs_close(obs), LLMOBS_OK, "a second close has nothing to do");
}

/* Nothing hangs until close asks a last time: as where the host closes with a lock held that the
   gauge wants. */
static void test_last(void)
{
    llmobs_config config = config_of(false);
    llmobsi_instance* instance;
    llmobs* obs;
    init(true);
    obs = open_with(&config, 3600000);
    instance = instance_of(obs);
    close_late(obs, "a gauge hangs when close asks it");
    is_int(seen().asked, 1, "it was asked");
    check_return(instance);
}

/* What asks nobody is read first, wherever it was defined, and delivered whatever a gauge does. */
static void test_others(void)
{
    llmobs_config config = config_of(false);
    llmobsi_instance* instance;
    llmobs_metric counter;
    llmobs_stats stats;
    llmobs* obs;
    memset(&stats, 0, sizeof stats);
    init(true);
    obs = open_with(&config, 3600000);
    counter = define_with(obs, "behind", NULL, LLMOBS_COUNTER, LLMOBS_NUMBER_INT);
    llmobs_counter_add(llmobs_counter_get(counter, NULL, 0), 42);
    instance = instance_of(obs);
    is_int(llmobs_close_with_stats(obs, &stats), LLMOBS_ERROR_INCOMPLETE, "a gauge hangs");
    is_int(seen().counted, 42, "a counter that is defined behind it is delivered");
    ok(stats.exporters[0].points.received > 0 &&
           stats.exporters[0].points.exported == stats.exporters[0].points.received,
       "as the account says");
    check_return(instance);
}

/* Nor does it cost other exporters what asks nobody, or an exporter that hangs. */
static llmobs_export_result stay_in(void* user, const llmobs_batch* batch)
{
    (void)user;
    (void)batch;
    (void)pthread_mutex_lock(&w.lock);
    stay();
    (void)pthread_mutex_unlock(&w.lock);
    return LLMOBS_EXPORT_OK;
}

static void test_second(bool gauge, const char* what)
{
    llmobs_config config = config_of(false);
    llmobs_exporter exporter = llmobs_exporter_default();
    llmobs_metric counter;
    llmobs* obs;
    int i;
    init(true);
    config.close_timeout_ms = 1000;
    config.batch_bytes = 16384;
    config.queue_bytes = 4 * config.batch_bytes;
    obs = open_metered(&config);
    exporter.metrics_interval_ms = 3600000;
    exporter.signals = LLMOBS_SIGNAL_SPANS | LLMOBS_SIGNAL_METRICS;
    exporter.export_batch = gauge ? ignore : stay_in;
    (void)llmobs_exporter_add(obs, &exporter);
    exporter.export_batch = receive;
    exporter.signals = LLMOBS_SIGNAL_METRICS;
    (void)llmobs_exporter_add(obs, &exporter);
    if (gauge) {
        define_gauge(obs, "first", ask);
    }
    counter = define_with(obs, "behind", NULL, LLMOBS_COUNTER, LLMOBS_NUMBER_INT);
    for (i = 0; i < 6 && !gauge; i++) { /* until its queue is full */
        llmobs_span_end(llmobs_span_root(obs, "span"));
        (void)llmobs_flush(obs, 20);
    }
    llmobs_counter_add(llmobs_counter_get(counter, NULL, 0), 42);
    is_int(llmobs_close(obs), LLMOBS_ERROR_INCOMPLETE, what);
    is_int(seen().counted, 42, "another exporter gets its last metrics");
    set_hang(false);
    wait_until_inside(0);
}

static void test_healthy(void)
{
    llmobs_config config = config_of(false);
    llmobs* obs;
    init(false);
    config.close_timeout_ms = 20000;
    obs = open_with(&config, 3600000);
    is_int(llmobs_close(obs), LLMOBS_OK, "a gauge that answers");
    is_int(seen().asked, 1, "is asked once more at close");
    is_int(seen().batches, 2, "and its value delivered, apart from others");
}

static void test_note(void)
{
    llmobs_config config = config_of(false);
    llmobsi_instance* instance;
    llmobs* obs;
    init(true);
    config.note = note_that_hangs;
    obs = open_with(&config, 0);
    instance = instance_of(obs);
    llmobsi_notes_add(&instance->collector.notes, LLMOBS_NOTE_SELF, 1);
    wait_until_inside(1);
    llmobsi_notes_add(&instance->collector.notes, LLMOBS_NOTE_SPAN_FULL, 1);
    close_late(obs, "the notes' callback hangs");
    is_int(seen().told_all, 1, "and does not call it");
    check_return(instance);
}

/* ---- on a thread of the host's ------------------------------------------------------------- */

static llmobs_result came_to;

static void* flush_on(void* obs)
{
    came_to = llmobs_flush((llmobs*)obs, 60000);
    return NULL;
}

static void* scrape_on(void* obs)
{
    char text[4096];
    size_t size = sizeof text;
    came_to = llmobs_prometheus_print((llmobs*)obs, LLMOBS_PROMETHEUS_TEXT, text, &size);
    return NULL;
}

static llmobsi_atomic32 collected; /* batches */

static bool collect(void* user, const llmobs_batch* batch)
{
    (void)user;
    (void)batch;
    (void)llmobsi_add_relaxed(&collected, 1);
    return true;
}

static void* collect_on(void* obs)
{
    came_to = llmobs_metrics_collect((llmobs*)obs, collect, NULL);
    return NULL;
}

static void run_host(void* (*run)(void*), bool pumped, uint32_t interval_ms, llmobs_result want,
                     const char* what)
{
    llmobs_config config = config_of(pumped);
    pthread_t thread;
    world before;
    uint32_t given;
    llmobs* obs;
    init(true);
    obs = open_with(&config, interval_ms);
    (void)pthread_create(&thread, NULL, run, obs);
    wait_until_inside(1);
    llmobs_span_end(llmobs_span_root(obs, "span"));
    close_late(obs, what);
    is_int(seen().spans, 1, "what was recorded is delivered");
    before = seen();
    given = llmobsi_load_relaxed(&collected);
    set_hang(false);
    (void)pthread_join(thread, NULL);
    is_int(came_to, want, "it comes back, and says that it is closed");
    is_int(seen().asked_next, before.asked_next, "no other gauge is asked");
    is_int(seen().batches, before.batches, "nothing is handed over");
    is_int(seen().told_all, before.told_all, "and nothing told");
    is_int(llmobsi_load_relaxed(&collected), given, "nor given to who asked");
}

/* ---- inside -------------------------------------------------------------------------------- */

static llmobs* inside_of;
static int refused;

static double call_inside(void* user)
{
    (void)user;
    refused += llmobs_tick(inside_of) == LLMOBS_ERROR_BUSY;
    refused += llmobs_flush(inside_of, 1000) == LLMOBS_ERROR_BUSY;
    refused += llmobs_close(inside_of) == LLMOBS_ERROR_BUSY;
    return 3;
}

/* The gauge is asked inside an exporter's callback, which is none the less inside. */
static llmobs_export_result scrape_inside(void* user, const llmobs_batch* batch)
{
    char text[4096];
    size_t size = sizeof text;
    (void)user;
    (void)batch;
    (void)llmobs_prometheus_print(inside_of, LLMOBS_PROMETHEUS_TEXT, text, &size);
    (void)call_inside(NULL);
    return LLMOBS_EXPORT_OK;
}

static void test_inside(void)
{
    llmobs_config config = metered_config();
    llmobs_exporter exporter = llmobs_exporter_default();
    char text[4096];
    size_t size = sizeof text;
    config.host_pumped = false; /* so that the exporter's thread is in no call besides */
    inside_of = open_metered(&config);
    define_gauge(inside_of, "caller", call_inside);
    is_int(llmobs_prometheus_print(inside_of, LLMOBS_PROMETHEUS_TEXT, text, &size), LLMOBS_OK,
           "a gauge that calls");
    is_int(refused, 3, "tick, flush and close in it answer that they are busy");
    refused = 0;
    exporter.export_batch = scrape_inside;
    exporter.signals = LLMOBS_SIGNAL_METRICS;
    (void)llmobs_exporter_add(inside_of, &exporter);
    (void)llmobs_flush(inside_of, 20000);
    is_int(refused, 9, "also around a scrape in an exporter's callback");
    (void)llmobs_close(inside_of);
}

int main(void)
{
    test_healthy();
    test_tick();
    test_last();
    test_others();
    test_second(true, "a gauge hangs, of two exporters");
    test_second(false, "an exporter hangs, beside another one");
    test_note();
    run_host(flush_on, true, 3600000, LLMOBS_ERROR_TIMEOUT, "a flush hangs in a gauge");
    run_host(flush_on, false, 3600000, LLMOBS_ERROR_TIMEOUT, "likewise, beside the tick's thread");
    run_host(scrape_on, true, 0, LLMOBS_ERROR_CLOSED, "a scrape hangs in a gauge");
    run_host(collect_on, true, 0, LLMOBS_ERROR_CLOSED, "so does one who collects");
    test_inside();
    (void)llmobs_release();
    return done();
}

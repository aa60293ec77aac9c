/* Exporters with a spool: through outages, restarts, full disks, poisoned batches; nothing is lost,
   nothing comes twice, and the account says so. */
#include "llmobs_private.h"
#include "tap.h"

#include "keeper.h"
#include "meter.h"

#include <dirent.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define DIRECTORY "build/tests/spooling"
#define SEEN 20000

/* A receiver: what it answers, and what it has got. Spans are told apart by their attribute n. */
typedef struct receiver {
    pthread_mutex_t lock;
    llmobs_export_result answer;
    uint64_t poison; /* a batch with this span is refused for ever; 0: none */
    uint32_t seen[SEEN]; /* times that span n was taken */
    size_t attempts;
    size_t taken; /* spans and log records */
    uint64_t watched; /* a span */
    size_t taken_before; /* it was */
    size_t points;
    size_t wrong;
    char instance_id[64]; /* service.instance.id of the last batch */
    uint64_t last_id;
    llmobs_export_token pending;
} receiver;

static receiver there;

static uint64_t number_of(const llmobs_span_view* span)
{
    return span->attribute_count > 0 ? (uint64_t)span->attributes[0].value.integer : 0;
}

static bool is_poisoned(const receiver* r, const llmobs_batch* batch)
{
    size_t i;
    for (i = 0; r->poison != 0 && i < batch->span_count; i++) {
        if (number_of(&batch->spans[i]) == r->poison) {
            return true;
        }
    }
    return false;
}

static void take(receiver* r, const llmobs_batch* batch)
{
    size_t i;
    for (i = 0; i < batch->span_count; i++) {
        uint64_t n = number_of(&batch->spans[i]);
        r->wrong += n == 0 || n >= SEEN || strcmp(batch->spans[i].name.data, "work") != 0;
        r->seen[n % SEEN]++;
        r->taken_before = n == r->watched ? r->taken : r->taken_before;
    }
    for (i = 0; i < batch->metric_count; i++) {
        r->points += batch->metrics[i].point_count;
    }
    r->taken += batch->span_count + batch->log_count;
    for (i = 0; i < batch->resource->attribute_count; i++) {
        if (strcmp(batch->resource->attributes[i].key.data, "service.instance.id") == 0) {
            (void)snprintf(r->instance_id, sizeof r->instance_id, "%s",
                           batch->resource->attributes[i].value.string.data);
        }
    }
}

/* A receiver that does not answer, until the test is over. */
static llmobs_export_result hang(void* user, const llmobs_batch* batch)
{
    receiver* r = (receiver*)user;
    (void)batch;
    (void)pthread_mutex_lock(&r->lock);
    r->attempts++;
    (void)pthread_mutex_unlock(&r->lock);
    (void)sleep(3600);
    return LLMOBS_EXPORT_RETRY;
}

static llmobs_export_result receive(void* user, const llmobs_batch* batch)
{
    receiver* r = (receiver*)user;
    llmobs_export_result answer;
    (void)pthread_mutex_lock(&r->lock);
    r->attempts++;
    r->wrong += batch->attempt == 0 || batch->size != sizeof *batch;
    answer = is_poisoned(r, batch) ? LLMOBS_EXPORT_RETRY : r->answer;
    if (answer == LLMOBS_EXPORT_OK || answer == LLMOBS_EXPORT_PENDING) {
        take(r, batch);
    }
    r->last_id = batch->id;
    r->pending = batch->token;
    (void)pthread_mutex_unlock(&r->lock);
    return answer;
}

static void answer_with(llmobs_export_result answer)
{
    (void)pthread_mutex_lock(&there.lock);
    there.answer = answer;
    (void)pthread_mutex_unlock(&there.lock);
}

static void receiver_init(void)
{
    memset(&there, 0, sizeof there);
    (void)pthread_mutex_init(&there.lock, NULL);
}

/* How many of spans 1 to `count` were not taken exactly once. */
static int not_once(uint64_t count)
{
    int wrong = 0;
    uint64_t n;
    for (n = 1; n <= count; n++) {
        wrong += there.seen[n] != 1;
    }
    return wrong;
}

static void clean(void)
{
    (void)system("rm -rf " DIRECTORY "; mkdir -p build/tests");
    receiver_init();
}

static llmobs_config small_config(void)
{
    llmobs_config config = pumped_config();
    config.queue_bytes = 65536;
    config.batch_bytes = 8192;
    config.close_timeout_ms = 100;
    return config;
}

static llmobs_exporter spooled(void)
{
    llmobs_exporter exporter = llmobs_exporter_default();
    exporter.export_batch = receive;
    exporter.user = &there;
    exporter.retry_first_ms = 1;
    exporter.retry_most_ms = 2;
    exporter.max_attempts = 3;
    exporter.spool_directory = DIRECTORY;
    return exporter;
}

static llmobs* open_spooled(const llmobs_config* config, const llmobs_exporter* exporter)
{
    llmobs* obs = llmobs_open(config, NULL);
    llmobs_result result = llmobs_exporter_add(obs, exporter);
    if (obs == NULL || result != LLMOBS_OK) {
        printf("Bail out! open: %s\n", llmobs_result_name(result));
        exit(1);
    }
    return obs;
}

static void record(llmobs* obs, uint64_t from, uint64_t count)
{
    uint64_t n;
    for (n = from; n < from + count; n++) {
        llmobs_span span = llmobs_span_root(obs, "work");
        llmobs_span_set_int(span, "n", (int64_t)n);
        llmobs_span_end(span);
        if (n % 100 == 0) {
            (void)llmobs_tick(obs);
        }
    }
}

/* What a process leaves whose receiver is away. */
static void leave_in_spool(const llmobs_config* config, const llmobs_exporter* exporter,
                           uint64_t count)
{
    llmobs* obs = open_spooled(config, exporter);
    answer_with(LLMOBS_EXPORT_RETRY);
    record(obs, 1, count);
    (void)llmobs_close(obs);
}

/* Lets time pass until all is delivered, or for so many milliseconds. */
static void settle(llmobs* obs, int most_ms)
{
    int i;
    for (i = 0; i < most_ms; i++) {
        llmobs_stats stats;
        (void)llmobs_flush(obs, 1000);
        stats = stats_of(obs);
        if (stats.exporters[0].spooled + stats.exporters[0].queued == 0) {
            return;
        }
        (void)usleep(1000);
    }
}

/* The receiver goes away, and so many spans come meanwhile, a flush behind each hundredth. */
static void go_away(llmobs* obs, uint64_t spans)
{
    uint64_t n;
    answer_with(LLMOBS_EXPORT_RETRY);
    for (n = 1; n <= spans; n += 100) {
        record(obs, n, 100);
        (void)llmobs_flush(obs, 10);
    }
}

/* ---- an outage ----------------------------------------------------------------------------- */

static void run_outage(bool pumped)
{
    llmobs_config config = small_config();
    llmobs_exporter exporter = spooled();
    llmobs_stats stats;
    llmobs* obs;
    clean();
    config.host_pumped = pumped;
    obs = open_spooled(&config, &exporter);
    go_away(obs, 4000);
    stats = stats_of(obs);
    ok(stats.exporters[0].spooled > 3000, "while the receiver is away batches go to the spool");
    ok(stats.exporters[0].spool_bytes > 100000, "in files");
    is_int(stats.exporters[0].exported, 0, "none is delivered");
    is_int(lost_by_exporters(&stats), 0, "and none lost");
    ok(balances(&stats), "the account balances");
    answer_with(LLMOBS_EXPORT_OK);
    record(obs, 4001, 100);
    settle(obs, 20000);
    stats = stats_of(obs);
    is_int(stats.exporters[0].spooled, 0, "when it is back the spool is emptied");
    is_int(stats.exporters[0].exported, 4100, "all of it");
    is_int(not_once(4100), 0, "each span arrives once");
    is_int(there.wrong, 0, "as it was");
    ok(balances(&stats), "the account balances");
    is_int(llmobs_close(obs), LLMOBS_OK, "close");
}

/* ---- a restart ----------------------------------------------------------------------------- */

static void test_restart(void)
{
    llmobs_config config = small_config();
    llmobs_exporter exporter = spooled();
    char before[64];
    llmobs_stats stats;
    llmobs* obs;
    clean();
    obs = open_spooled(&config, &exporter);
    record(obs, 1, 10);
    (void)llmobs_flush(obs, 1000);
    (void)snprintf(before, sizeof before, "%s", there.instance_id);
    answer_with(LLMOBS_EXPORT_RETRY);
    record(obs, 11, 300);
    memset(&stats, 0, sizeof stats);
    stats.size = sizeof stats;
    (void)llmobs_close_with_stats(obs, &stats);
    is_int(lost_by_exporters(&stats), 0, "a close loses nothing");
    is_int(stats.exporters[0].spooled, 300, "what is left is in the spool");
    ok(balances(&stats), "the account balances");
    obs = open_spooled(&config, &exporter);
    stats = stats_of(obs);
    is_int(stats.exporters[0].recovered, 300, "the next process finds it");
    is_int(stats.exporters[0].received, 0, "which it has not received itself");
    ok(balances(&stats), "the account balances");
    answer_with(LLMOBS_EXPORT_OK);
    settle(obs, 5000);
    is_int(not_once(310), 0, "and delivers it, each span once");
    is_str(there.instance_id, before, "as of the one that recorded it");
    stats = stats_of(obs);
    is_int(stats.exporters[0].exported, 300, "counted");
    ok(balances(&stats), "the account balances");
    is_int(llmobs_close(obs), LLMOBS_OK, "close");
}

/* ---- metrics ------------------------------------------------------------------------------- */

#define WAITING "llmobs_spool_items{otel_component_name=\"exporter\",signal=\"spans\"}"
#define LOGS_WAITING "llmobs_spool_items{otel_component_name=\"exporter\",signal=\"logs\"}"
#define RECOVERED \
    "llmobs_spool_recovered_total{otel_component_name=\"exporter\",signal=\"spans\"}"
#define BYTES "llmobs_spool_bytes{otel_component_name=\"exporter\"}"

static void test_metrics(void)
{
    llmobs_config config = small_config();
    llmobs_exporter exporter = spooled();
    char bytes[32];
    llmobs* obs;
    clean();
    obs = open_spooled(&config, &exporter);
    is_str(sample_now(obs, WAITING), "0", "a spool that is empty says so");
    answer_with(LLMOBS_EXPORT_RETRY);
    record(obs, 1, 70);
    (void)llmobs_close(obs);
    obs = open_spooled(&config, &exporter);
    is_str(sample_now(obs, WAITING), "70", "what waits in a spool is a metric");
    is_str(sample_now(obs, LOGS_WAITING), "0", "by signal");
    is_str(sample_now(obs, RECOVERED), "70", "and what an earlier process left");
    (void)snprintf(bytes, sizeof bytes, "%llu",
                   (unsigned long long)stats_of(obs).exporters[0].spool_bytes);
    is_str(sample_now(obs, BYTES), bytes, "and its bytes");
    answer_with(LLMOBS_EXPORT_OK);
    settle(obs, 5000);
    is_str(sample_now(obs, WAITING), "0", "it empties");
    is_str(sample_now(obs, RECOVERED), "70", "what was recovered stays counted");
    (void)llmobs_close(obs);
    exporter.spool_directory = NULL;
    obs = open_spooled(&config, &exporter);
    is_str(sample_now(obs, WAITING), "(none)", "without a spool there are none");
    (void)llmobs_close(obs);
}

/* A close that can't wait for a receiver: what waits behind it is kept all the same. */
static void test_hung(void)
{
    llmobs_config config = small_config();
    llmobs_exporter exporter = spooled();
    size_t attempts = 0;
    llmobs_stats stats;
    llmobs* obs;
    int i;
    clean();
    config.host_pumped = false;
    exporter.batch_items = 10;
    exporter.export_batch = hang;
    obs = open_spooled(&config, &exporter);
    record(obs, 1, 50);
    for (i = 0; i < 1000 && attempts == 0; i++) {
        (void)llmobs_flush(obs, 10);
        (void)pthread_mutex_lock(&there.lock);
        attempts = there.attempts;
        (void)pthread_mutex_unlock(&there.lock);
    }
    memset(&stats, 0, sizeof stats);
    stats.size = sizeof stats;
    is_int(llmobs_close_with_stats(obs, &stats), LLMOBS_ERROR_INCOMPLETE, "a receiver hangs");
    is_int(stats.exporters[0].lost[LLMOBS_LOSS_CLOSE], 10, "what it has is lost");
    is_int(stats.exporters[0].spooled, 40, "what waited is in the spool");
    ok(balances(&stats), "the account balances");
    exporter.export_batch = receive;
    obs = open_spooled(&config, &exporter);
    settle(obs, 5000);
    is_int(there.taken, 40, "where the next one finds it");
    (void)llmobs_close(obs);
}

/* ---- answers ------------------------------------------------------------------------------- */

static void test_drop(void)
{
    llmobs_config config = small_config();
    llmobs_exporter exporter = spooled();
    llmobs_stats stats;
    llmobs* obs;
    clean();
    obs = open_spooled(&config, &exporter);
    answer_with(LLMOBS_EXPORT_RETRY);
    record(obs, 1, 200);
    (void)llmobs_flush(obs, 10);
    answer_with(LLMOBS_EXPORT_DROP);
    settle(obs, 5000);
    stats = stats_of(obs);
    is_int(stats.exporters[0].lost[LLMOBS_LOSS_FAILED], 200,
           "what is refused is lost, spooled or not");
    is_int(stats.exporters[0].spooled, 0, "and does not come again");
    ok(balances(&stats), "the account balances");
    (void)llmobs_close(obs);
}

/* One batch that is always refused is given up once others were taken meanwhile. */
static void test_poison(void)
{
    llmobs_config config = small_config();
    llmobs_exporter exporter = spooled();
    llmobs_stats stats;
    llmobs* obs;
    int i;
    clean();
    exporter.batch_items = 10;
    obs = open_spooled(&config, &exporter);
    there.poison = 1;
    answer_with(LLMOBS_EXPORT_RETRY);
    for (i = 0; i < 20; i++) {
        record(obs, 1 + 10 * (uint64_t)i, 10);
        (void)llmobs_flush(obs, 50);
    }
    answer_with(LLMOBS_EXPORT_OK);
    for (i = 0; i < 200; i++) {
        record(obs, 201 + (uint64_t)i, 1);
        (void)llmobs_flush(obs, 10);
        (void)usleep(1000);
    }
    settle(obs, 5000);
    stats = stats_of(obs);
    is_int(stats.exporters[0].lost[LLMOBS_LOSS_FAILED], 10, "a poisoned batch is lost, alone");
    is_int(stats.exporters[0].exported, 390, "the rest arrives");
    is_int(not_once(400), 10, "once");
    ok(balances(&stats), "the account balances");
    (void)llmobs_close(obs);
}

/* But attempts of an outage are no reason to: the receiver may say once more that it is busy. */
static void test_busy_once_more(void)
{
    llmobs_config config = small_config();
    llmobs_exporter exporter = spooled();
    llmobs_stats stats;
    llmobs* obs;
    int i;
    clean();
    obs = open_spooled(&config, &exporter);
    answer_with(LLMOBS_EXPORT_RETRY);
    record(obs, 1, 40);
    for (i = 0; i < 20; i++) { /* to the spool, and in vain from there */
        (void)llmobs_flush(obs, 20);
        (void)usleep(3000);
    }
    answer_with(LLMOBS_EXPORT_OK);
    there.poison = 1; /* and to that batch */
    record(obs, 41, 10);
    (void)llmobs_flush(obs, 100);
    (void)usleep(3000);
    (void)llmobs_tick(obs);
    there.poison = 0;
    settle(obs, 5000);
    stats = stats_of(obs);
    is_int(lost_by_exporters(&stats), 0, "one refusal after an outage costs nothing");
    is_int(not_once(50), 0, "each span arrives once");
    (void)llmobs_close(obs);
}

/* The way back may be long. */
static void test_own_first(void)
{
    llmobs_config config = small_config();
    llmobs_exporter exporter = spooled();
    llmobs* obs;
    size_t before;
    clean();
    obs = open_spooled(&config, &exporter);
    answer_with(LLMOBS_EXPORT_RETRY);
    record(obs, 1, 2000);
    (void)llmobs_flush(obs, 200);
    (void)llmobs_close(obs);
    obs = open_spooled(&config, &exporter);
    answer_with(LLMOBS_EXPORT_OK);
    there.watched = 2001;
    record(obs, 2001, 1);
    (void)llmobs_flush(obs, 5000);
    before = there.taken_before;
    ok(before < 1000, "what is recorded does not wait until the spool is empty");
    settle(obs, 5000);
    is_int(not_once(2001), 0, "each span arrives once");
    (void)llmobs_close(obs);
}

/* Who pumps has other things to do. */
static void test_one_tick(void)
{
    llmobs_config config = small_config();
    llmobs_exporter exporter = spooled();
    llmobs_stats stats;
    llmobs* obs;
    clean();
    leave_in_spool(&config, &exporter, 2000);
    obs = open_spooled(&config, &exporter);
    answer_with(LLMOBS_EXPORT_OK);
    there.attempts = 0;
    (void)llmobs_tick(obs);
    stats = stats_of(obs);
    ok(there.attempts > 0 && there.attempts <= 16 && stats.exporters[0].spooled > 0,
       "a tick is not for all of a spool");
    settle(obs, 5000);
    is_int(not_once(2000), 0, "each span arrives once");
    (void)llmobs_close(obs);
}

static void test_pending(void)
{
    llmobs_config config = small_config();
    llmobs_exporter exporter = spooled();
    llmobs_stats stats;
    llmobs* obs;
    int i;
    clean();
    obs = open_spooled(&config, &exporter);
    answer_with(LLMOBS_EXPORT_RETRY);
    record(obs, 1, 40);
    for (i = 0; i < 10; i++) {
        (void)llmobs_flush(obs, 20);
    }
    stats = stats_of(obs);
    is_int(stats.exporters[0].spooled, 40, "attempts that ran out lead to the spool");
    answer_with(LLMOBS_EXPORT_PENDING);
    for (i = 0; i < 100; i++) {
        (void)usleep(3000);
        (void)llmobs_tick(obs);
        (void)llmobs_export_done(there.pending, LLMOBS_EXPORT_OK);
        (void)llmobs_tick(obs);
    }
    stats = stats_of(obs);
    is_int(stats.exporters[0].exported, 40, "transports that answer later empty it, too");
    is_int(stats.exporters[0].spooled, 0, "to the last");
    is_int(not_once(40), 0, "each span once");
    ok(balances(&stats), "the account balances");
    (void)llmobs_close(obs);
}

/* A transport that answers what it had pending as it is closed. */
static llmobs_result last_answer;

static void answer_at_close(void* user)
{
    receiver* r = (receiver*)user;
    last_answer = llmobs_export_done(r->pending, LLMOBS_EXPORT_OK);
}

static void run_pending_at_close(bool pumped)
{
    llmobs_config config = small_config();
    llmobs_exporter exporter = spooled();
    llmobs_stats stats;
    llmobs* obs;
    int i;
    clean();
    config.host_pumped = pumped;
    exporter.max_attempts = 1;
    leave_in_spool(&config, &exporter, 30);
    answer_with(LLMOBS_EXPORT_PENDING);
    there.attempts = 0;
    exporter.close = answer_at_close;
    obs = open_spooled(&config, &exporter);
    for (i = 0; i < 2000 && stats_of(obs).exporters[0].spooled == 30; i++) {
        size_t attempts;
        (void)llmobs_tick(obs);
        (void)usleep(1000);
        (void)pthread_mutex_lock(&there.lock);
        attempts = there.attempts;
        (void)pthread_mutex_unlock(&there.lock);
        if (attempts > 0) {
            break;
        }
    }
    memset(&stats, 0, sizeof stats);
    stats.size = sizeof stats;
    is_int(llmobs_close_with_stats(obs, &stats), LLMOBS_OK,
           "what a spool gave is answered as the transport closes");
    is_int(last_answer, LLMOBS_OK, "which is heard");
    is_int(stats.exporters[0].exported, 30, "and counted");
    is_int(stats.exporters[0].spooled, 0, "it is gone from the spool");
    ok(balances(&stats), "the account balances");
    exporter.close = NULL;
    answer_with(LLMOBS_EXPORT_OK);
    obs = open_spooled(&config, &exporter);
    is_int(stats_of(obs).exporters[0].recovered, 0, "the next process finds nothing");
    is_int(not_once(30), 0, "each span arrived once");
    (void)llmobs_close(obs);
}

/* One that never answers: the batch stays in the spool, and nobody is told otherwise. */
static void test_never_answered(void)
{
    llmobs_config config = small_config();
    llmobs_exporter exporter = spooled();
    llmobs* obs;
    clean();
    leave_in_spool(&config, &exporter, 30);
    answer_with(LLMOBS_EXPORT_PENDING);
    obs = open_spooled(&config, &exporter);
    (void)llmobs_tick(obs);
    is_int(llmobs_close(obs), LLMOBS_ERROR_INCOMPLETE, "a transport that never answers");
    is_int(llmobs_export_done(there.pending, LLMOBS_EXPORT_OK), LLMOBS_ERROR_CLOSED,
           "is told that it is too late");
    answer_with(LLMOBS_EXPORT_OK);
    obs = open_spooled(&config, &exporter);
    is_int(stats_of(obs).exporters[0].recovered, 30, "the batch is in the spool still");
    (void)llmobs_close(obs);
}

/* A batch that the spool can't have, between others that it can. */
static void test_too_large(bool in_outage)
{
    static const char* const keys[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"};
    char text[400];
    llmobs_config config = small_config();
    llmobs_exporter exporter = spooled();
    llmobs_stats stats;
    llmobs* obs;
    int i;
    int k;
    clean();
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    config.batch_bytes = 131072;
    config.queue_bytes = 8 * 131072;
    config.value_bytes = 400;
    config.span_parts = 64;
    config.span_slots = 4096;
    exporter.spool_bytes = 65536;
    exporter.max_attempts = 1000000;
    obs = open_spooled(&config, &exporter);
    answer_with(LLMOBS_EXPORT_RETRY);
    for (i = 1; i <= 20; i++) {
        llmobs_span span = llmobs_span_root(obs, "work");
        llmobs_span_set_int(span, "n", i);
        for (k = 0; k < 10; k++) {
            llmobs_span_set_string(span, keys[k], text);
        }
        llmobs_span_end(span);
    }
    (void)llmobs_flush(obs, 1);
    for (i = 0; i < (in_outage ? 7 : 1); i++) {
        record(obs, 101 + 10 * (uint64_t)i, 10);
        (void)llmobs_flush(obs, 1);
    }
    memset(&stats, 0, sizeof stats);
    stats.size = sizeof stats;
    if (in_outage) {
        stats = stats_of(obs);
        ok(stats.exporters[0].spooled >= 10,
           "the others go to the spool when half of the queue is in use");
        is_int(lost_by_exporters(&stats), 0, "and nothing is lost");
    }
    is_int(llmobs_close_with_stats(obs, &stats), LLMOBS_ERROR_TIMEOUT,
           "a batch that is larger than the spool");
    is_int(stats.exporters[0].lost[LLMOBS_LOSS_CLOSE], 20, "is lost at close, alone");
    is_int(stats.exporters[0].spooled, in_outage ? 70 : 10, "the others are in the spool");
    ok(balances(&stats), "the account balances");
}

/* ---- at once, and at the end --------------------------------------------------------------- */

static llmobs_export_result report_all(void* user, const llmobs_batch* batch)
{
    receiver* r = (receiver*)user;
    llmobs_export_report report = llmobs_export_report_default();
    (void)pthread_mutex_lock(&r->lock);
    report.result = r->answer;
    r->attempts++;
    r->wrong += llmobs_export_done_with(batch->token, &report) != LLMOBS_OK;
    if (r->answer == LLMOBS_EXPORT_OK) {
        take(r, batch);
    }
    (void)pthread_mutex_unlock(&r->lock);
    return LLMOBS_EXPORT_DROP; /* which does not count */
}

/* The first batch of a spool comes while llmobs_exporter_add is still at it. */
static void test_at_once(void)
{
    llmobs_config config = small_config();
    llmobs_exporter exporter = spooled();
    int round;
    clean();
    config.host_pumped = false;
    exporter.export_batch = report_all;
    for (round = 0; round < 40; round++) {
        llmobs* obs;
        answer_with(LLMOBS_EXPORT_RETRY);
        obs = open_spooled(&config, &exporter);
        record(obs, 1 + (uint64_t)round, 1);
        (void)llmobs_close(obs);
        answer_with(LLMOBS_EXPORT_OK);
        obs = open_spooled(&config, &exporter);
        settle(obs, 5000);
        (void)llmobs_close(obs);
    }
    is_int(there.wrong, 0, "a callback that reports at once is heard");
    is_int(not_once(40), 0, "what a spool gives at once arrives, once");
}

/* A close that knows the receiver to be away waits for nothing, and has lost nothing. */
static void test_close(void)
{
    llmobs_config config = small_config();
    llmobs_exporter exporter = spooled();
    uint64_t begun;
    llmobs* obs;
    clean();
    config.host_pumped = false;
    config.close_timeout_ms = 20000;
    exporter.retry_first_ms = 60000;
    exporter.retry_most_ms = 60000;
    obs = open_spooled(&config, &exporter);
    answer_with(LLMOBS_EXPORT_RETRY);
    record(obs, 1, 50);
    (void)llmobs_flush(obs, 50);
    begun = llmobsi_monotonic_ns();
    is_int(llmobs_close(obs), LLMOBS_OK, "what is in a spool is no loss");
    ok(llmobsi_monotonic_ns() - begun < UINT64_C(10000000000), "and not waited for");
}

/* ---- limits -------------------------------------------------------------------------------- */

static void test_full(void)
{
    llmobs_config config = small_config();
    llmobs_exporter exporter = spooled();
    llmobs_stats stats;
    llmobs* obs;
    clean();
    exporter.spool_bytes = 65536;
    obs = open_spooled(&config, &exporter);
    go_away(obs, 4000);
    stats = stats_of(obs);
    ok(stats.exporters[0].spool_bytes <= 65536, "a spool keeps to its limit");
    ok(stats.exporters[0].lost[LLMOBS_LOSS_SPOOL] > 1000, "what gave way is counted");
    is_str(llmobs_loss_name(LLMOBS_LOSS_SPOOL), "spool", "by its name");
    ok(balances(&stats), "the account balances");
    answer_with(LLMOBS_EXPORT_OK);
    settle(obs, 5000);
    stats = stats_of(obs);
    is_int(stats.exporters[0].exported, 4000 - lost_by_exporters(&stats), "the rest arrives");
    ok(there.seen[4000] == 1 && there.seen[1] == 0, "the newest, not the oldest");
    ok(balances(&stats), "the account balances");
    (void)llmobs_close(obs);
}

static uint64_t notes[LLMOBS_NOTE_COUNT];

static void count_note(void* user, llmobs_note note, uint64_t count, const char* text)
{
    (void)user;
    (void)text;
    notes[note] += count;
}

/* Less than a spool can be is as much, and told. */
static void test_small(void)
{
    llmobs_config config = small_config();
    llmobs_exporter exporter = spooled();
    llmobs* obs;
    clean();
    memset(notes, 0, sizeof notes);
    config.note = count_note;
    exporter.spool_bytes = 1000;
    obs = open_spooled(&config, &exporter);
    go_away(obs, 100);
    (void)llmobs_tick(obs);
    is_int(stats_of(obs).exporters[0].lost[LLMOBS_LOSS_SPOOL], 0, "a spool of 1000 bytes has more");
    (void)llmobs_close(obs);
    is_int(notes[LLMOBS_NOTE_CONFIG_RANGE], 1, "and a note tells");
}

static void test_taken(void)
{
    llmobs_config config = small_config();
    llmobs_exporter exporter = spooled();
    llmobs* first;
    llmobs* second;
    clean();
    config.note = count_note;
    first = open_spooled(&config, &exporter);
    second = open_spooled(&config, &exporter);
    record(second, 1, 10);
    (void)llmobs_flush(second, 1000);
    is_int(not_once(10), 0, "a spool that another instance has: the exporter works without");
    (void)llmobs_close(second);
    is_int(notes[LLMOBS_NOTE_SPOOL_TAKEN], 1, "and a note tells");
    (void)llmobs_close(first);
    exporter.spool_directory = "build/tests/no/such/parent";
    first = llmobs_open(&config, NULL);
    is_int(llmobs_exporter_add(first, &exporter), LLMOBS_ERROR_SYSTEM, "no parent, no spool");
    (void)mkdir("build/tests/open_spool", 0777);
    (void)chmod("build/tests/open_spool", 0777);
    exporter.spool_directory = "build/tests/open_spool";
    is_int(llmobs_exporter_add(first, &exporter), LLMOBS_ERROR_SYSTEM,
           "nor where others may write");
    (void)rmdir("build/tests/open_spool");
    exporter.spool_directory = DIRECTORY;
    is_int(llmobs_exporter_add(first, &exporter), LLMOBS_OK, "a refused exporter leaves its place");
    (void)llmobs_close(first);
}

/* ---- other signals, fork ------------------------------------------------------------------- */

static void test_signals(void)
{
    llmobs_config config = small_config();
    llmobs_exporter exporter = spooled();
    llmobs_stats stats;
    llmobs* obs;
    int i;
    clean();
    exporter.signals = LLMOBS_SIGNAL_SPANS | LLMOBS_SIGNAL_LOGS | LLMOBS_SIGNAL_METRICS;
    obs = open_spooled(&config, &exporter);
    answer_with(LLMOBS_EXPORT_RETRY);
    for (i = 0; i < 30; i++) {
        record(obs, 1 + 10 * (uint64_t)i, 10);
        llmobs_log(obs, LLMOBS_SEVERITY_WARN, "test", "something");
        (void)llmobs_flush(obs, 10);
    }
    stats = stats_of(obs);
    ok(stats.exporters[0].spooled > 100 && stats.exporters[0].points.spooled > 100,
       "all signals go to the spool");
    ok(balances(&stats), "the account balances");
    answer_with(LLMOBS_EXPORT_OK);
    settle(obs, 10000);
    stats = stats_of(obs);
    is_int(stats.exporters[0].exported, 330, "and come back");
    is_int(there.taken, 330, "as spans and log records");
    ok(there.points == stats.exporters[0].points.exported && there.points > 300, "and points");
    is_int(lost_by_exporters(&stats), 0, "none is lost");
    ok(balances(&stats), "the account balances");
    (void)llmobs_close(obs);
}

static void test_fork(void)
{
    llmobs_config config = small_config();
    llmobs_exporter exporter = spooled();
    llmobs_stats stats;
    llmobs* obs;
    int status = -1;
    pid_t child;
    clean();
    obs = open_spooled(&config, &exporter);
    answer_with(LLMOBS_EXPORT_RETRY);
    record(obs, 1, 500);
    (void)llmobs_flush(obs, 10);
    child = fork();
    if (child == 0) {
        answer_with(LLMOBS_EXPORT_OK);
        record(obs, 1001, 5);
        settle(obs, 1000);
        stats = stats_of(obs);
        _exit(there.taken == 5 && stats.exporters[0].recovered == 0 && balances(&stats) &&
                      llmobs_close(obs) == LLMOBS_OK
                  ? 0
                  : 1);
    }
    (void)waitpid(child, &status, 0);
    is_int(status, 0, "a fork's child leaves the spool to its parent");
    answer_with(LLMOBS_EXPORT_OK);
    settle(obs, 5000);
    is_int(not_once(500), 0, "who delivers it");
    ok(account_balances(obs), "the account balances");
    is_int(llmobs_close(obs), LLMOBS_OK, "close");
}

/* A child that never calls must not keep the spool from who comes after its parent. */
static void test_idle_child(void)
{
    llmobs_config config = small_config();
    llmobs_exporter exporter = spooled();
    llmobs_stats stats;
    llmobs* obs;
    int ends[2];
    pid_t child = -1;
    pid_t parent;
    clean();
    is_int(pipe(ends), 0, "a pipe");
    parent = fork();
    if (parent == 0) {
        obs = open_spooled(&config, &exporter);
        answer_with(LLMOBS_EXPORT_RETRY);
        record(obs, 1, 500);
        (void)llmobs_flush(obs, 200);
        if (fork() == 0) {
            child = getpid();
            (void)!write(ends[1], &child, sizeof child);
            (void)kill(getppid(), SIGKILL);
            for (;;) {
                (void)pause();
            }
        }
        for (;;) {
            (void)pause();
        }
    }
    (void)waitpid(parent, NULL, 0);
    is_int(read(ends[0], &child, sizeof child), sizeof child, "an idle child outlives its parent");
    obs = open_spooled(&config, &exporter);
    stats = stats_of(obs);
    ok(stats.exporters[0].recovered > 0, "what that left is recovered all the same");
    is_int(llmobs_close(obs), LLMOBS_OK, "close");
    if (child > 0) {
        (void)kill(child, SIGKILL);
    }
    (void)close(ends[0]);
    (void)close(ends[1]);
}

int main(void)
{
    run_outage(true);
    run_outage(false);
    test_restart();
    test_metrics();
    test_hung();
    test_drop();
    test_poison();
    test_busy_once_more();
    test_own_first();
    test_one_tick();
    test_pending();
    run_pending_at_close(true);
    run_pending_at_close(false);
    test_never_answered();
    test_too_large(false);
    test_too_large(true);
    test_at_once();
    test_close();
    test_full();
    test_small();
    test_taken();
    test_signals();
    if (!skipped_without_fork("fork")) {
        test_fork();
    }
    if (!skipped_without_fork("an idle child")) {
        test_idle_child();
    }
    (void)system("rm -rf " DIRECTORY);
    (void)llmobs_release();
    return done();
}

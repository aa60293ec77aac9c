/* Conservation: threads record spans, log records and counts, through exporters that fail half of
   the time, are slow, die, take a part, answer later, ask for a pause, and forget that they have
   taken something. Each item has a number; each receiver keeps a bit for each number. In the end

       attempted = delivered + dropped by cause + lost by cause, and nothing in flight

   to the last item, and no receiver has an item twice, but the forgetful one, of batches that came
   again because it asked.

     stress_delivery [ITEMS]        default 1,000,000, times LLMOBS_STRESS percent */
#define LLMOBS_IMPLEMENTATION
#include "../../llmobs.h"
#include "../tap.h"

#include "../keeper.h"

typedef enum temper {
    SLOW,    /* takes all, and its time           */
    FAILING, /* RETRY half of the time, and DROP now and then */
    DYING,   /* takes all at first, then answers RETRY for long, then DROP for ever */
    PARTIAL, /* takes some of each batch, and says how many not                     */
    LATER,   /* PENDING: another thread answers, this or that                       */
    PAUSING, /* wants a pause now and then                                          */
    FORGETS, /* takes it, and asks for it once more now and then                    */
    TEMPERS
} temper;

static const char* const names[TEMPERS] = {"slow",  "failing", "dying",  "partial",
                                           "later", "pausing", "forgets"};

typedef struct receiver {
    temper temper;
    uint64_t random;
    uint64_t* bits;      /* by item: it has it                            */
    uint64_t taken;      /* bits that are set                             */
    uint64_t repeated;   /* items that it had already                     */
    uint64_t unknown;    /* items without a number                        */
    uint64_t disorder;   /* batches whose id is not new at attempt 1      */
    uint64_t last_id;    /* at attempt 1                                  */
    uint64_t batches;
    uint64_t lost_told;  /* by the batches that it has taken              */
    uint64_t counted;    /* the counter's value in the last reading taken */
    uint64_t points;     /* taken                                         */
} receiver;

static receiver receivers[TEMPERS];
static uint64_t item_count;

/* ---- what a receiver has ------------------------------------------------------------------- */

static uint64_t chance(receiver* r, uint64_t of)
{
    r->random = r->random * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return (r->random >> 33) % of;
}

static void take_item(receiver* r, const llmobs_attribute_view* attributes, uint32_t count)
{
    uint64_t number = count > 0 ? (uint64_t)attributes[0].value.integer : UINT64_MAX;
    uint64_t bit;
    if (number >= item_count) {
        r->unknown++;
        return;
    }
    bit = UINT64_C(1) << (number % 64);
    r->repeated += (r->bits[number / 64] & bit) != 0;
    r->taken += (r->bits[number / 64] & bit) == 0;
    r->bits[number / 64] |= bit;
}

static uint64_t items_of(const llmobs_batch* batch)
{
    uint64_t items = batch->span_count + batch->log_count;
    size_t i;
    for (i = 0; i < batch->metric_count; i++) {
        items += batch->metrics[i].point_count;
    }
    return items;
}

/* The first items of a batch, so many. */
static void take(receiver* r, const llmobs_batch* batch, uint64_t items)
{
    size_t i;
    for (i = 0; i < batch->span_count && i < items; i++) {
        take_item(r, batch->spans[i].attributes, batch->spans[i].attribute_count);
    }
    for (i = 0; i < batch->log_count && i < items; i++) {
        take_item(r, batch->logs[i].attributes, batch->logs[i].attribute_count);
    }
    r->lost_told += batch->metric_count == 0 ? batch->lost_before : 0;
    r->points += batch->metric_count > 0 ? items : 0;
    for (i = 0; i < batch->metric_count && items == items_of(batch); i++) {
        if (strcmp(batch->metrics[i].name.data, "stress_items_total") == 0) {
            r->counted = (uint64_t)batch->metrics[i].points[0].value.integer;
        }
    }
}

/* ---- answers ------------------------------------------------------------------------------- */

static llmobs_export_result report(const llmobs_batch* batch, llmobs_export_result result,
                                   uint64_t rejected, uint64_t retry_after_ms)
{
    llmobs_export_report all = llmobs_export_report_default();
    all.result = result;
    all.rejected = rejected;
    all.retry_after_ms = retry_after_ms;
    return llmobs_export_done_with(batch->token, &all) == LLMOBS_OK ? LLMOBS_EXPORT_PENDING
                                                                    : LLMOBS_EXPORT_DROP;
}

static llmobs_export_result take_part(receiver* r, const llmobs_batch* batch)
{
    uint64_t items = items_of(batch);
    uint64_t rejected = chance(r, 2) != 0 ? 0 : chance(r, items + 2);
    take(r, batch, rejected < items ? items - rejected : 0);
    return report(batch, LLMOBS_EXPORT_OK, rejected, 0);
}

/* By the batches that it has seen: it does not come back. */
static llmobs_export_result die(const receiver* r)
{
    return r->batches < 50 ? LLMOBS_EXPORT_OK
           : r->batches < 400 ? LLMOBS_EXPORT_RETRY
                              : LLMOBS_EXPORT_DROP;
}

/* ---- the transport of the one that answers later ------------------------------------------- */

enum { ROOM = 8 };

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    const llmobs_batch* queue[ROOM];
    size_t count;
    bool stop;
} wire = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, {NULL}, 0, false};

static llmobs_export_result send_later(const llmobs_batch* batch)
{
    bool fits;
    (void)pthread_mutex_lock(&wire.lock);
    fits = wire.count < ROOM;
    if (fits) {
        wire.queue[wire.count++] = batch;
        (void)pthread_cond_signal(&wire.changed);
    }
    (void)pthread_mutex_unlock(&wire.lock);
    return fits ? LLMOBS_EXPORT_PENDING : LLMOBS_EXPORT_RETRY;
}

static uint64_t answers_refused;

/* Any of those that wait, not the first one. */
static void* answer_later(void* user)
{
    receiver* r = (receiver*)user;
    uint64_t random = 99;
    (void)pthread_mutex_lock(&wire.lock);
    for (;;) {
        const llmobs_batch* batch;
        llmobs_export_result result;
        size_t one;
        while (wire.count == 0 && !wire.stop) {
            (void)pthread_cond_wait(&wire.changed, &wire.lock);
        }
        if (wire.count == 0) {
            break;
        }
        random = random * UINT64_C(6364136223846793005) + 1;
        one = (size_t)(random >> 33) % wire.count;
        batch = wire.queue[one];
        wire.queue[one] = wire.queue[--wire.count];
        (void)pthread_mutex_unlock(&wire.lock);
        result = (random >> 50) % 8 == 0    ? LLMOBS_EXPORT_RETRY
                 : (random >> 50) % 64 == 1 ? LLMOBS_EXPORT_DROP
                                            : LLMOBS_EXPORT_OK;
        if (result == LLMOBS_EXPORT_OK) {
            take(r, batch, items_of(batch));
        }
        answers_refused += llmobs_export_done(batch->token, result) != LLMOBS_OK;
        (void)pthread_mutex_lock(&wire.lock);
    }
    (void)pthread_mutex_unlock(&wire.lock);
    return NULL;
}

/* ---- the callback -------------------------------------------------------------------------- */

static void look(receiver* r, const llmobs_batch* batch)
{
    r->batches++;
    if (batch->attempt == 1) {
        r->disorder += batch->id <= r->last_id;
        r->last_id = batch->id;
    }
}

static llmobs_export_result receive(void* user, const llmobs_batch* batch)
{
    receiver* r = (receiver*)user;
    llmobs_export_result answer = LLMOBS_EXPORT_OK;
    look(r, batch);
    switch (r->temper) {
    case SLOW:
        (void)usleep(300);
        break;
    case FAILING:
        answer = chance(r, 2) != 0    ? LLMOBS_EXPORT_OK
                 : chance(r, 50) == 0 ? LLMOBS_EXPORT_DROP
                                      : LLMOBS_EXPORT_RETRY;
        break;
    case DYING:
        answer = die(r);
        break;
    case PARTIAL:
        return take_part(r, batch);
    case LATER:
        return send_later(batch);
    case PAUSING:
        if (chance(r, 16) == 0) {
            return report(batch, LLMOBS_EXPORT_RETRY, 0, 1 + chance(r, 3));
        }
        break;
    default:
        if (chance(r, 8) == 0) {
            take(r, batch, items_of(batch));
            answer = LLMOBS_EXPORT_RETRY;
        }
        break;
    }
    if (answer == LLMOBS_EXPORT_OK) {
        take(r, batch, items_of(batch));
    }
    return answer;
}

/* ---- recording ----------------------------------------------------------------------------- */

enum { THREADS = 3 };

typedef struct worker {
    llmobs* obs;
    llmobs_counter counter;
    uint64_t first; /* its items have these numbers */
    uint64_t end;
    uint64_t unmade; /* spans that were dropped at once: counted as attempted all the same */
} worker;

static void* work(void* argument)
{
    worker* self = (worker*)argument;
    uint64_t number;
    for (number = self->first; number < self->end; number++) {
        if (number % 4 == 3) {
            llmobs_log_info info = llmobs_log_info_default();
            llmobs_attribute attribute = llmobs_attribute_int("number", (int64_t)number);
            info.attributes = &attribute;
            info.attribute_count = 1;
            info.body = llmobs_str("a record of some length");
            llmobs_log_with(self->obs, &info);
        } else {
            llmobs_span span = llmobs_span_root(self->obs, "span");
            if (span.instance == 0) {
                self->unmade++;
                (void)usleep(5000); /* most are to arrive */
            }
            llmobs_span_set_int(span, "number", (int64_t)number);
            llmobs_span_end(span);
        }
        llmobs_counter_add(self->counter, 1);
    }
    return NULL;
}

static llmobs* open_all(llmobs_counter* counter)
{
    llmobs_config config = llmobs_config_default();
    llmobs_metric_info info = llmobs_metric_info_default();
    llmobs* obs;
    int i;
    config.tick_ms = 1;
    config.span_slots = 32768;
    config.batch_delay_ms = 20;
    config.max_exporters = TEMPERS;
    config.queue_bytes = 2u << 20;
    config.close_timeout_ms = 120000;
    obs = llmobs_open(&config, NULL);
    for (i = 0; i < (int)TEMPERS; i++) {
        llmobs_exporter exporter = llmobs_exporter_default();
        exporter.name = names[i];
        exporter.export_batch = receive;
        exporter.user = &receivers[i];
        exporter.signals = LLMOBS_SIGNAL_SPANS | LLMOBS_SIGNAL_LOGS | LLMOBS_SIGNAL_METRICS;
        exporter.metrics_interval_ms = 100;
        exporter.retry_first_ms = 1;
        exporter.retry_most_ms = 2;
        exporter.max_attempts = 5;
        exporter.batch_items = i == SLOW ? 0 : 64;
        receivers[i].temper = (temper)i;
        receivers[i].random = (uint64_t)i + 1;
        receivers[i].bits = (uint64_t*)calloc(item_count / 64 + 1, sizeof(uint64_t));
        if (receivers[i].bits == NULL || llmobs_exporter_add(obs, &exporter) != LLMOBS_OK) {
            printf("Bail out! no room\n");
            exit(1);
        }
    }
    info.name = "stress_items_total";
    info.instrument = LLMOBS_COUNTER;
    *counter = llmobs_counter_get(llmobs_metric_define(obs, &info, NULL), NULL, 0);
    return obs;
}

static void record_all(llmobs* obs, llmobs_counter counter, uint64_t* unmade)
{
    pthread_t threads[THREADS];
    worker workers[THREADS];
    uint64_t i;
    for (i = 0; i < THREADS; i++) {
        workers[i].obs = obs;
        workers[i].counter = counter;
        workers[i].first = item_count * i / THREADS;
        workers[i].end = item_count * (i + 1) / THREADS;
        workers[i].unmade = 0;
        (void)pthread_create(&threads[i], NULL, work, &workers[i]);
    }
    for (i = 0; i < THREADS; i++) {
        (void)pthread_join(threads[i], NULL);
        *unmade += workers[i].unmade;
    }
}

/* ---- the account --------------------------------------------------------------------------- */

static uint64_t lost_of(const uint64_t lost[LLMOBS_LOSS_COUNT])
{
    uint64_t sum = 0;
    int loss;
    for (loss = 0; loss < (int)LLMOBS_LOSS_COUNT; loss++) {
        sum += lost[loss];
    }
    return sum;
}

static void check_receiver(const receiver* r, const llmobs_exporter_stats* one, uint64_t collected)
{
    char what[96];
    (void)snprintf(what, sizeof what, "%s: it was given what was collected", names[r->temper]);
    is_int(one->received, collected, what);
    is_int(one->exported + lost_of(one->lost), collected, "  delivered + lost, nothing in flight");
    is_int(one->queued + one->points.queued, 0, "  nothing is queued");
    is_int(one->points.exported + lost_of(one->points.lost), one->points.received,
           "  points likewise");
    is_int(r->unknown + r->disorder, 0, "  each batch has an id of its own, each item its number");
    if (r->temper == FORGETS) {
        ok(r->taken >= one->exported && r->taken <= collected,
           "  it has what was delivered, and what it forgot");
        ok(r->repeated > 0, "  items came again, as it asked");
    } else {
        is_int(r->taken, one->exported, "  it has what is said to be delivered");
        is_int(r->repeated, 0, "  nothing twice");
        is_int(r->points, one->points.exported, "  and the points");
        ok(r->lost_told <= lost_of(one->lost), "  it was told of no gap that was none");
    }
    printf("# %s: %llu delivered, %llu queue, %llu failed, %llu rejected, %llu close; %llu "
           "batches, %llu retries\n", names[r->temper], (unsigned long long)one->exported,
           (unsigned long long)one->lost[LLMOBS_LOSS_QUEUE],
           (unsigned long long)one->lost[LLMOBS_LOSS_FAILED],
           (unsigned long long)one->lost[LLMOBS_LOSS_REJECTED],
           (unsigned long long)one->lost[LLMOBS_LOSS_CLOSE], (unsigned long long)one->batches,
           (unsigned long long)one->retries);
}

int main(int argc, char** argv)
{
    llmobs_counter counter;
    llmobs_stats stats;
    llmobs* obs;
    pthread_t transport;
    uint64_t unmade = 0;
    int i;
    item_count = argc > 1 ? strtoull(argv[1], NULL, 10) : (uint64_t)sized(1000000);
    obs = open_all(&counter);
    (void)pthread_create(&transport, NULL, answer_later, &receivers[LATER]);
    record_all(obs, counter, &unmade);
    stats = stats_of(obs);
    ok(stats.live == 0 && balances(&stats), "at rest the account balances, with what is in flight");
    is_int(stats.started, item_count, "all that was attempted is known");
    stats.size = sizeof stats;
    is_int(llmobs_close_with_stats(obs, &stats), LLMOBS_OK, "close");
    (void)pthread_mutex_lock(&wire.lock);
    wire.stop = true;
    (void)pthread_cond_signal(&wire.changed);
    (void)pthread_mutex_unlock(&wire.lock);
    (void)pthread_join(transport, NULL);
    is_int(stats.live + stats.ended, 0, "nothing is in flight");
    is_int(item_count - stats.collected - dropped_in_all(&stats), 0,
           "attempted = collected + dropped by cause");
    is_int(dropped_in_all(&stats), stats.dropped[LLMOBS_DROP_POOL], "for want of slots alone");
    ok(stats.dropped[LLMOBS_DROP_POOL] >= unmade, "as the threads saw, too");
    is_int(answers_refused, 0, "each answer was taken");
    is_int(receivers[SLOW].counted, item_count, "the counter's last value has arrived");
    for (i = 0; i < (int)TEMPERS; i++) {
        check_receiver(&receivers[i], &stats.exporters[i], stats.collected);
        free(receivers[i].bits);
    }
    printf("# %llu attempted, %llu collected, %llu without a slot\n",
           (unsigned long long)item_count, (unsigned long long)stats.collected,
           (unsigned long long)stats.dropped[LLMOBS_DROP_POOL]);
    (void)llmobs_release();
    return done();
}

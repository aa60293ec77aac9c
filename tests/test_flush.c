/* Flush delivers all that was recorded before it; ticks of host and library. */
#include "llmobs_private.h"
#include "tap.h"

#include "keeper.h"

/* ---- all before it ------------------------------------------------------------------------- */

typedef struct racer {
    llmobs* obs;
    long rounds;
    long missing;
    long refused;
    llmobsi_atomic64* delivered; /* of each racer: the highest number that came out */
    int number;
} racer;

enum { RACERS = 4 };

/* Each span says whose it is and which: the exporter notes the highest. */
static llmobs_export_result note_numbers(void* user, const llmobs_batch* batch)
{
    llmobsi_atomic64* delivered = (llmobsi_atomic64*)user;
    size_t i;
    for (i = 0; i < batch->span_count; i++) {
        const llmobs_span_view* span = &batch->spans[i];
        uint64_t racer_number = (uint64_t)span->attributes[0].value.integer;
        uint64_t number = (uint64_t)span->attributes[1].value.integer;
        if (racer_number < RACERS && number > llmobsi_load_relaxed(&delivered[racer_number])) {
            llmobsi_store_relaxed(&delivered[racer_number], number);
        }
    }
    return LLMOBS_EXPORT_OK;
}

static void* race_flush(void* argument)
{
    racer* self = (racer*)argument;
    long round;
    for (round = 1; round <= self->rounds; round++) {
        llmobs_span span = llmobs_span_root(self->obs, "span");
        llmobs_span_set_int(span, "racer", self->number);
        llmobs_span_set_int(span, "number", round);
        llmobs_span_end(span);
        if (llmobs_flush(self->obs, 60000) != LLMOBS_OK) {
            self->refused++;
        } else if (llmobsi_load_relaxed(&self->delivered[self->number]) < (uint64_t)round) {
            self->missing++;
        }
    }
    return NULL;
}

static void test_race(bool pumped)
{
    llmobs_config config = pumped_config();
    static llmobsi_atomic64 delivered[RACERS];
    racer racers[RACERS];
    pthread_t threads[RACERS];
    llmobs* obs;
    long missing = 0;
    long refused = 0;
    int i;
    memset(delivered, 0, sizeof delivered);
    config.host_pumped = pumped;
    config.tick_ms = 1;
    obs = llmobs_open(&config, NULL);
    (void)llmobs_export_to(obs, note_numbers, delivered);
    for (i = 0; i < RACERS; i++) {
        racers[i].obs = obs;
        racers[i].rounds = sized(by_qemu() ? 500 : 2000);
        racers[i].missing = 0;
        racers[i].refused = 0;
        racers[i].delivered = delivered;
        racers[i].number = i;
        (void)pthread_create(&threads[i], NULL, race_flush, &racers[i]);
    }
    for (i = 0; i < RACERS; i++) {
        (void)pthread_join(threads[i], NULL);
        missing += racers[i].missing;
        refused += racers[i].refused;
    }
    is_int(missing, 0, pumped ? "a racing flush misses nothing (pumped)"
                              : "a racing flush misses nothing");
    is_int(refused, 0, "and comes back");
    ok(account_balances(obs), "the account balances");
    is_int(llmobs_close(obs), LLMOBS_OK, "close");
}

/* More than the queue holds: a flush waits for room rather than lose. */
static llmobs_export_result slowly(void* user, const llmobs_batch* batch)
{
    *(size_t*)user += batch->span_count;
    (void)usleep(2000);
    return LLMOBS_EXPORT_OK;
}

static void test_more_than_the_queue(bool pumped)
{
    llmobs_config config = pumped_config();
    size_t count = 0;
    llmobs* obs;
    llmobs_stats stats;
    int i;
    config.host_pumped = pumped;
    config.span_slots = 8192;
    config.queue_bytes = 65536;
    config.batch_bytes = 4096;
    config.tick_ms = 60000;
    obs = llmobs_open(&config, NULL);
    (void)llmobs_export_to(obs, slowly, &count);
    if (!pumped) {
        /* The tick's own thread must not come between: it may lose what flush may not. */
        llmobsi_instance* instance = llmobsi_instance_of(
            llmobsi_places[LLMOBS_I_PLACE(llmobsi_ticket(obs))].recorder);
        llmobsi_patience patience = {UINT64_MAX, UINT64_MAX, true};
        (void)llmobsi_tick_stop(instance, &patience);
        (void)llmobsi_tick_join(instance, UINT64_MAX);
    }
    for (i = 0; i < 4000; i++) {
        llmobs_span_end(llmobs_span_root(obs, "span"));
    }
    is_int(llmobs_flush(obs, 60000), LLMOBS_OK, "a flush of more than the queue holds");
    is_int(count, 4000, "delivers all of it");
    stats = stats_of(obs);
    is_int(stats.exporters[0].lost[LLMOBS_LOSS_QUEUE], 0, "and loses nothing");
    is_int(llmobs_close(obs), LLMOBS_OK, "close");
}

/* ---- ticks --------------------------------------------------------------------------------- */

/* On a busy machine this thread may have been away for longer than a batch of test_ticks waits. */
static bool no_longer_young(uint64_t begun)
{
    bool away = llmobsi_monotonic_ns() - begun >= 20000000;
    if (away) {
        printf("# away for the 20 ms that a batch waits: nothing to see\n");
    }
    return away;
}

static void test_ticks(void)
{
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs;
    llmobs_stats stats;
    uint64_t begun;
    int i;
    config.batch_delay_ms = 20;
    obs = open_kept(&config, &kept);
    begun = llmobsi_monotonic_ns();
    llmobs_span_end(llmobs_span_root(obs, "span"));
    is_int(stats_of(obs).ended, 1, "ended, not collected");
    (void)llmobs_tick(obs);
    stats = stats_of(obs);
    is_int(stats.collected, 1, "a tick collects");
    is_int(stats.exporters[0].queued + stats.exporters[0].exported, 1, "into the queue");
    ok(kept.count == 0 || no_longer_young(begun), "where the batch waits to fill");
    (void)usleep(30000);
    (void)llmobs_tick(obs);
    is_int(kept.count, 1, "but not for ever");
    is_int(stats_of(obs).ticks, 2, "ticks are counted");
    begun = llmobsi_monotonic_ns();
    for (i = 0; i < 200; i++) {
        llmobs_span_end(llmobs_span_root(obs, "span"));
    }
    (void)llmobs_tick(obs);
    ok(kept.count == 1 || no_longer_young(begun), "a young batch waits");
    ok(close_kept(obs, &kept), "the account balances");
    is_int(llmobs_tick(NULL), LLMOBS_ERROR_CLOSED, "no instance");
}

static void test_own_thread(void)
{
    llmobs_config config = llmobs_config_default();
    keeper kept;
    llmobs* obs;
    size_t count = 0;
    int i;
    config.tick_ms = 2;
    config.batch_delay_ms = 1;
    obs = open_kept(&config, &kept);
    llmobs_span_end(llmobs_span_root(obs, "span"));
    for (i = 0; i < 5000 && count == 0; i++) {
        (void)usleep(1000);
        count = kept_count(&kept);
    }
    is_int(count, 1, "the library's own tick delivers without being asked");
    is_int(llmobs_tick(obs), LLMOBS_OK, "the host may tick all the same");
    ok(close_kept(obs, &kept), "the account balances");
}

static void test_timeout(void)
{
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    uint64_t begun = llmobsi_monotonic_ns();
    is_int(llmobs_flush(obs, 0), LLMOBS_OK, "nothing to do takes no time");
    kept.answer = LLMOBS_EXPORT_RETRY;
    llmobs_span_end(llmobs_span_root(obs, "span"));
    is_int(llmobs_flush(obs, 30), LLMOBS_ERROR_TIMEOUT, "an exporter that never succeeds");
    ok(llmobsi_monotonic_ns() - begun < 2000000000, "does not hold flush for ever");
    is_int(llmobs_flush(obs, 0), LLMOBS_ERROR_TIMEOUT, "no time at all");
    kept.answer = LLMOBS_EXPORT_OK;
    is_int(llmobs_flush(obs, 10000), LLMOBS_OK, "when it recovers, all is delivered");
    is_int(kept.count, 1, "once");
    ok(close_kept(obs, &kept), "the account balances");
}

/* Whoever forgot the exporter is told. */
static void note_no_exporter(void* user, llmobs_note note, uint64_t count, const char* text)
{
    (void)text;
    *(uint64_t*)user += note == LLMOBS_NOTE_NO_EXPORTER ? count : 0;
}

static void test_no_exporter(void)
{
    llmobs_config config = pumped_config();
    uint64_t told = 0;
    llmobs* obs;
    int i;
    config.note = note_no_exporter;
    config.note_user = &told;
    obs = llmobs_open(&config, NULL);
    for (i = 0; i < 3; i++) {
        llmobs_span_end(llmobs_span_root(obs, "unheard"));
    }
    is_int(llmobs_flush(obs, 60000), LLMOBS_OK, "there is nobody to wait for");
    is_int(told, 3, "but a note tells of the loss");
    is_int(stats_of(obs).dropped[LLMOBS_DROP_NO_EXPORTER], 3, "and so does the account");
    (void)llmobs_close(obs);
}

int main(void)
{
    test_no_exporter();
    test_race(true);
    test_race(false);
    test_more_than_the_queue(true);
    test_more_than_the_queue(false);
    test_ticks();
    test_own_thread();
    test_timeout();
    (void)llmobs_release();
    return done();
}

/* LLMOBS_NO_THREADS: a build that starts none. An instance that would have had some is the host's
   to pump, says so, and loses nothing. */
#include <pthread.h>
/* Who starts a thread all the same does not link. */
#define pthread_create no_thread_may_be_started
#define LLMOBS_NO_THREADS
#define LLMOBS_IMPLEMENTATION
#include "../llmobs.h"
#include "tap.h"

static int spans;
static int exports;
static int notes;
static const char* note_text;

static llmobs_export_result receive(void* user, const llmobs_batch* batch)
{
    (void)user;
    exports++;
    spans += (int)batch->span_count;
    return LLMOBS_EXPORT_OK;
}

static void hear(void* user, llmobs_note note, uint64_t count, const char* text)
{
    (void)user;
    (void)count;
    if (note == LLMOBS_NOTE_CONFIG_RANGE) {
        notes++;
        note_text = text;
    }
}

static llmobs* open_one(bool pumped)
{
    llmobs_config config = llmobs_config_default();
    llmobs_exporter exporter = llmobs_exporter_default();
    llmobs_result result;
    llmobs* obs;
    config.host_pumped = pumped;
    config.batch_delay_ms = 1;
    config.note = hear;
    config.span_slots = 256;
    exporter.export_batch = receive;
    spans = exports = notes = 0;
    obs = llmobs_open(&config, &result);
    ok(obs != NULL && result == LLMOBS_OK, "it opens");
    is_int(llmobs_exporter_add(obs, &exporter), LLMOBS_OK, "an exporter");
    return obs;
}

static void record(llmobs* obs, int count)
{
    int i;
    for (i = 0; i < count; i++) {
        llmobs_span_end(llmobs_span_root(obs, "work"));
    }
}

static void test_told(void)
{
    llmobs* obs = open_one(false);
    is_int(notes, 1, "who did not ask for it is told");
    ok(note_text != NULL && strstr(note_text, "llmobs_tick") != NULL, "... what to do");
    is_int(llmobs_close(obs), LLMOBS_OK, "closed");
    obs = open_one(true);
    is_int(notes, 0, "who asked for it is not");
    is_int(llmobs_close(obs), LLMOBS_OK, "closed");
}

/* More spans than there are slots: what ticks take in between is not lost. */
static void test_ticks(void)
{
    llmobs* obs = open_one(false);
    llmobs_stats stats;
    int round;
    memset(&stats, 0, sizeof stats);
    stats.size = sizeof stats;
    for (round = 0; round < 20; round++) {
        record(obs, 100);
        is_int(llmobs_tick(obs), LLMOBS_OK, "a tick");
    }
    is_int(llmobs_flush(obs, 5000), LLMOBS_OK, "a flush");
    is_int(spans, 2000, "all arrive");
    record(obs, 7);
    is_int(llmobs_close_with_stats(obs, &stats), LLMOBS_OK, "closed");
    is_int(spans, 2007, "with the last ones");
    is_int(stats.started, 2007, "which are counted");
}

/* Nobody ticks: what does not fit is dropped and counted. */
static void test_nobody(void)
{
    llmobs* obs = open_one(false);
    llmobs_stats stats;
    memset(&stats, 0, sizeof stats);
    stats.size = sizeof stats;
    record(obs, 1000);
    is_int(exports, 0, "nothing is exported");
    is_int(llmobs_close_with_stats(obs, &stats), LLMOBS_OK, "closed");
    ok(spans > 0 && spans <= 256, "close hands out what there was room for");
    is_int((long long)spans + (long long)stats.dropped[LLMOBS_DROP_POOL], 1000,
           "the rest is counted");
}

int main(void)
{
    test_told();
    test_ticks();
    test_nobody();
    (void)llmobs_release();
    return done();
}

/* A spool on a disk that takes its time, or hangs, when the instance closes: close keeps to its
   own, and leaves the disk to the exporter's thread, which finishes when it can. */
#define _GNU_SOURCE
#include "llmobs_private.h"

#include "tap.h"

#include "keeper.h"

#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DIRECTORY "build/tests/spool_slow"

/* ---- the disk ------------------------------------------------------------------------------ */

static int hold;    /* nobody comes back from it     */
static int waiting; /* so many are in it             */
static int slow_us; /* or so long does a write take  */

/* In place of the system's; the tests write to spools alone. */
ssize_t write(int file, const void* data, size_t size)
{
    (void)__atomic_add_fetch(&waiting, 1, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&hold, __ATOMIC_SEQ_CST) != 0) {
        (void)usleep(1000);
    }
    if (__atomic_load_n(&slow_us, __ATOMIC_SEQ_CST) != 0) {
        (void)usleep((useconds_t)slow_us);
    }
    (void)__atomic_sub_fetch(&waiting, 1, __ATOMIC_SEQ_CST);
    return (ssize_t)syscall(SYS_write, file, data, size);
}

static void hang(int on)
{
    __atomic_store_n(&hold, on, __ATOMIC_SEQ_CST);
}

/* ---- an exporter --------------------------------------------------------------------------- */

static llmobs_export_result refuse(void* user, const llmobs_batch* batch)
{
    (void)user;
    (void)batch;
    return LLMOBS_EXPORT_RETRY;
}

static llmobs_export_result accept_all(void* user, const llmobs_batch* batch)
{
    (void)__atomic_add_fetch((size_t*)user, batch->span_count, __ATOMIC_SEQ_CST);
    return LLMOBS_EXPORT_OK;
}

static size_t taken;
static int notes[LLMOBS_NOTE_COUNT];

static void count_note(void* user, llmobs_note which, uint64_t count, const char* text)
{
    (void)user;
    (void)text;
    notes[which] += (int)count;
}

static llmobs* open_spooled(bool pumped, llmobs_export_fn callback, uint32_t timeout_ms)
{
    llmobs_config config = pumped_config();
    llmobs_exporter exporter = llmobs_exporter_default();
    llmobs* obs;
    config.host_pumped = pumped;
    config.close_timeout_ms = timeout_ms;
    config.note = count_note;
    memset(notes, 0, sizeof notes);
    exporter.export_batch = callback;
    exporter.user = &taken;
    exporter.signals = LLMOBS_SIGNAL_SPANS;
    exporter.batch_items = 10;
    exporter.retry_first_ms = 60000;
    exporter.retry_most_ms = 60000;
    exporter.spool_directory = DIRECTORY;
    obs = llmobs_open(&config, NULL);
    if (llmobs_exporter_add(obs, &exporter) != LLMOBS_OK) {
        printf("Bail out! exporter\n");
        exit(1);
    }
    return obs;
}

static void record(llmobs* obs)
{
    int i;
    for (i = 0; i < 50; i++) {
        llmobs_span_end(llmobs_span_root(obs, "work"));
    }
    (void)llmobs_flush(obs, 20); /* so that it is known to be refused */
}

static void clean(void)
{
    (void)system("rm -rf " DIRECTORY "; mkdir -p build/tests");
}

/* What the next process finds, once the spool is free. */
static uint64_t recovered(void)
{
    llmobs_stats stats;
    int i;
    for (i = 0; i < 1000; i++) {
        llmobs* obs = open_spooled(true, refuse, 1000);
        bool busy;
        stats = stats_of(obs);
        (void)llmobs_tick(obs);
        (void)llmobs_close(obs);
        busy = notes[LLMOBS_NOTE_SPOOL_TAKEN] != 0;
        if (!busy) {
            break;
        }
        (void)usleep(1000);
    }
    return stats.exporters[0].recovered;
}

/* ---- tests --------------------------------------------------------------------------------- */

static void test_hung(void)
{
    llmobs_stats stats;
    uint64_t begun;
    uint64_t there;
    llmobs* obs;
    clean();
    obs = open_spooled(false, refuse, 300);
    record(obs);
    hang(1);
    begun = llmobsi_monotonic_ns();
    memset(&stats, 0, sizeof stats);
    stats.size = sizeof stats;
    is_int(llmobs_close_with_stats(obs, &stats), LLMOBS_ERROR_INCOMPLETE, "a disk hangs at close");
    ok(llmobsi_monotonic_ns() - begun < UINT64_C(10000000000), "which keeps to its time");
    is_int(stats.exporters[0].lost[LLMOBS_LOSS_CLOSE], 50, "what is not on it counts as lost");
    is_int(notes[LLMOBS_NOTE_SPOOL_WRITE], 1, "a note tells");
    is_int(notes[LLMOBS_NOTE_EXPORT_SLOW], 0, "and blames nobody else");
    ok(__atomic_load_n(&waiting, __ATOMIC_SEQ_CST) == 1, "the write goes on");
    hang(0);
    there = recovered();
    is_int(there, 10, "and is finished, when the disk is back: the spool is free then");
}

static void test_slow(void)
{
    llmobs* obs;
    clean();
    obs = open_spooled(false, refuse, 20000);
    record(obs);
    slow_us = 5000;
    is_int(llmobs_close(obs), LLMOBS_OK, "a slow disk is waited for");
    slow_us = 0;
    is_int(recovered(), 50, "and has all");
}

/* Where the host pumps, the closer himself writes, and looks at the time between two batches. */
static void test_pumped(void)
{
    llmobs_stats stats;
    uint64_t begun;
    llmobs* obs;
    clean();
    obs = open_spooled(true, refuse, 100);
    record(obs);
    slow_us = 100000;
    begun = llmobsi_monotonic_ns();
    memset(&stats, 0, sizeof stats);
    stats.size = sizeof stats;
    is_int(llmobs_close_with_stats(obs, &stats), LLMOBS_ERROR_TIMEOUT,
           "a close that takes too long");
    ok(llmobsi_monotonic_ns() - begun < UINT64_C(3000000000), "ends between two batches");
    slow_us = 0;
    ok(stats.exporters[0].spooled > 0 && stats.exporters[0].lost[LLMOBS_LOSS_CLOSE] > 0 &&
           stats.exporters[0].spooled + stats.exporters[0].lost[LLMOBS_LOSS_CLOSE] == 50,
       "some are there, the rest is lost");
    is_int(recovered(), stats.exporters[0].spooled, "and found");
}

static void test_end(void)
{
    llmobs* obs = open_spooled(true, accept_all, 1000);
    int i;
    for (i = 0; i < 1000 && stats_of(obs).exporters[0].spooled != 0; i++) {
        (void)llmobs_tick(obs);
    }
    ok(taken > 0, "what was found is delivered");
    is_int(llmobs_close(obs), LLMOBS_OK, "close");
}

int main(void)
{
    test_slow();
    test_hung();
    test_pumped();
    test_end();
    (void)system("rm -rf " DIRECTORY);
    (void)llmobs_release();
    return done();
}

/* Threads that are born and die record, hand spans to each other and end them, against exporters
   that are fast, slow and failing. In the end the account balances to the last span.

     stress_threads [SPANS]        default 10,000,000 */
#define LLMOBS_IMPLEMENTATION
#include "../../llmobs.h"
#include "../tap.h"

#include "../keeper.h"

typedef struct sink {
    int kind; /* 0 fast, 1 slow, 2 failing, 3 asynchronous */
    uint64_t spans;
    uint64_t batches;
    uint64_t lost_told;
    uint64_t random;
} sink;

static llmobs_export_result swallow(void* user, const llmobs_batch* batch)
{
    sink* s = (sink*)user;
    s->random = s->random * UINT64_C(6364136223846793005) + 1;
    if (s->kind == 1) {
        (void)usleep(1000);
    }
    if (s->kind == 2 && (s->random >> 60) < 8) {
        return (s->random >> 59 & 1) != 0 ? LLMOBS_EXPORT_RETRY : LLMOBS_EXPORT_DROP;
    }
    s->spans += batch->span_count;
    s->lost_told += batch->lost_before;
    s->batches++;
    if (s->kind == 3 && (s->random >> 63) != 0) {
        return llmobs_export_done(batch->token, LLMOBS_EXPORT_OK) == LLMOBS_OK
                   ? LLMOBS_EXPORT_PENDING
                   : LLMOBS_EXPORT_DROP;
    }
    return LLMOBS_EXPORT_OK;
}

/* What a thread knows to have begun: it must be the library's figure. */
static llmobsi_atomic64 begun;
static llmobsi_atomic64 handed; /* a mailbox: slot and generation would not fit, so an index */

enum { MAILBOXES = 64 };

static struct {
    llmobsi_atomic32 full; /* 0 empty, 1 being used, 2 full */
    llmobs_span span;
} mailboxes[MAILBOXES];

static void post(llmobs_span span, uint64_t random)
{
    uint32_t empty = 0;
    uint64_t box = random % MAILBOXES;
    if (llmobsi_cas_acquire_release(&mailboxes[box].full, &empty, 1)) {
        mailboxes[box].span = span;
        llmobsi_store_release(&mailboxes[box].full, 2);
        (void)llmobsi_add_relaxed(&handed, 1);
    } else {
        llmobs_span_end(span);
    }
}

static void fetch(uint64_t random)
{
    uint32_t full = 2;
    uint64_t box = random % MAILBOXES;
    if (llmobsi_cas_acquire_release(&mailboxes[box].full, &full, 1)) {
        llmobs_span_set_int(mailboxes[box].span, "ended elsewhere", 1);
        llmobs_span_end(mailboxes[box].span);
        llmobsi_store_release(&mailboxes[box].full, 0);
    }
}

typedef struct life {
    llmobs* obs;
    uint64_t spans;
    uint64_t random;
} life;

static void* live(void* argument)
{
    life* self = (life*)argument;
    uint64_t count = 0;
    while (count < self->spans) {
        llmobs_span root = llmobs_span_root(self->obs, "root");
        llmobs_span child;
        count++;
        if (root.instance == 0) {
            (void)sched_yield();
            continue;
        }
        self->random = self->random * UINT64_C(6364136223846793005) + 1;
        child = llmobs_span_child(root, "child");
        llmobs_span_set_int(child, "n", (int64_t)count);
        llmobs_span_set_string(child, "s", "a value of some length");
        count++;
        if ((self->random >> 40) % 8 == 0 && child.instance != 0) {
            child = llmobs_span_next(child, "next");
            count++;
        }
        if ((self->random >> 50) % 16 == 0) {
            llmobs_span_event(child, "event");
            post(child, self->random >> 33);
        } else {
            llmobs_span_end(child);
        }
        if ((self->random >> 45) % 16 == 0) {
            fetch(self->random >> 20);
        }
        llmobs_span_end(root);
    }
    (void)llmobsi_add_relaxed(&begun, count);
    return NULL;
}

static void run(uint64_t spans, sink* sinks, llmobs_stats* stats)
{
    enum { AT_ONCE = 6 };
    llmobs_config config = llmobs_config_default();
    pthread_t threads[AT_ONCE];
    life lives[AT_ONCE];
    llmobs* obs;
    uint64_t lives_begun = 0;
    uint64_t planned = 0;
    int i;
    config.tick_ms = 1;
    config.max_threads = 16;
    obs = llmobs_open(&config, NULL);
    for (i = 0; i < 4; i++) {
        llmobs_exporter exporter = llmobs_exporter_default();
        exporter.export_batch = swallow;
        exporter.user = &sinks[i];
        exporter.retry_first_ms = 1;
        exporter.retry_most_ms = 2;
        exporter.max_attempts = 3;
        sinks[i].kind = i;
        sinks[i].random = (uint64_t)i + 1;
        (void)llmobs_exporter_add(obs, &exporter);
    }
    while (planned < spans || lives_begun < AT_ONCE) {
        i = (int)(lives_begun % AT_ONCE);
        if (lives_begun >= AT_ONCE) {
            (void)pthread_join(threads[i], NULL);
        }
        lives[i].obs = obs;
        lives[i].random = lives_begun * 77 + 1;
        lives[i].spans = spans / 2000 + 1;
        planned += lives[i].spans;
        (void)pthread_create(&threads[i], NULL, live, &lives[i]);
        lives_begun++;
    }
    for (i = 0; i < AT_ONCE; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    for (i = 0; i < MAILBOXES; i++) {
        fetch((uint64_t)i);
    }
    is_int(llmobs_flush(obs, 120000), LLMOBS_OK, "flush");
    *stats = stats_of(obs);
    is_int(stats->live + stats->ended, 0, "at rest nothing is open");
    ok(balances(stats), "the account balances");
    is_int(stats->threads, 1, "no thread is left but this one");
    printf("# %llu threads lived\n", (unsigned long long)lives_begun);
    is_int(llmobs_close_with_stats(obs, stats), LLMOBS_OK, "close");
}

int main(int argc, char** argv)
{
    uint64_t spans = argc > 1 ? strtoull(argv[1], NULL, 10) : 10000000;
    static sink sinks[4];
    llmobs_stats stats;
    int i;
    memset(&stats, 0, sizeof stats);
    run(spans, sinks, &stats);
    ok(balances(&stats), "the last account balances");
    is_int(stats.started, begun, "the library began what the threads say they began");
    is_int(stats.dropped[LLMOBS_DROP_PARENT] + stats.dropped[LLMOBS_DROP_THREADS] +
               stats.dropped[LLMOBS_DROP_CLOSED] + stats.dropped[LLMOBS_DROP_NO_EXPORTER], 0,
           "what was dropped was dropped for want of slots");
    is_int(stats.inert_calls, 0, "no call was late");
    for (i = 0; i < 4; i++) {
        const llmobs_exporter_stats* one = &stats.exporters[i];
        is_int(sinks[i].spans, one->exported, "an exporter has what it is said to have");
        is_int(one->received, stats.collected, "was given what was collected");
        ok(sinks[i].lost_told <= one->lost[LLMOBS_LOSS_QUEUE] + one->lost[LLMOBS_LOSS_FAILED],
           "and was told of no gap that was none");
        printf("# exporter %d: %llu spans, %llu batches, lost %llu in the queue, %llu failed, "
               "%llu told\n", i, (unsigned long long)one->exported,
               (unsigned long long)one->batches,
               (unsigned long long)one->lost[LLMOBS_LOSS_QUEUE],
               (unsigned long long)one->lost[LLMOBS_LOSS_FAILED],
               (unsigned long long)sinks[i].lost_told);
    }
    printf("# %llu begun, %llu collected, %llu without a slot, %llu ended elsewhere\n",
           (unsigned long long)stats.started, (unsigned long long)stats.collected,
           (unsigned long long)stats.dropped[LLMOBS_DROP_POOL], (unsigned long long)handed);
    (void)llmobs_release();
    return done();
}

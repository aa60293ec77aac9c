/* The account: read at any time, by callers of any age, while everything runs. */
#include "llmobs_private.h"
#include "tap.h"

#include "keeper.h"

static void test_sizes(void)
{
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    unsigned char bytes[sizeof(llmobs_stats) + 64];
    llmobs_stats* stats = (llmobs_stats*)(void*)bytes;
    size_t size;
    size_t wrong = 0;
    llmobs_span_end(llmobs_span_root(obs, "span"));
    for (size = sizeof stats->size; size <= sizeof(llmobs_stats) + 64; size += 8) {
        size_t i;
        size_t known = size < sizeof(llmobs_stats) ? size : sizeof(llmobs_stats);
        memset(bytes, 0xee, sizeof bytes);
        stats->size = size;
        wrong += llmobs_stats_read(obs, stats) != LLMOBS_OK || stats->size != known;
        wrong += known >= 16 && stats->started != 1;
        for (i = known; i < sizeof bytes; i++) {
            wrong += bytes[i] != 0xee;
        }
    }
    is_int(wrong, 0, "a caller of any version gets what its struct holds, and no byte more");
    ok(close_kept(obs, &kept), "the account balances");
}

static void test_names(void)
{
    static const char* const drops[] = {"pool", "threads", "signal", "self",
                                        "parent", "no_exporter", "closed", "fork"};
    static const char* const losses[] = {"queue", "failed", "close", "size"};
    int i;
    is_int(LLMOBS_DROP_COUNT, 8, "drops");
    is_int(LLMOBS_LOSS_COUNT, 6, "losses");
    for (i = 0; i < 8; i++) {
        is_str(llmobs_drop_name((llmobs_drop)i), drops[i], "a drop's name");
    }
    for (i = 0; i < 4; i++) {
        is_str(llmobs_loss_name((llmobs_loss)i), losses[i], "a loss's name");
    }
}

/* ---- while everything runs ----------------------------------------------------------------- */

typedef struct scene {
    llmobs* obs;
    llmobsi_atomic32 stop; /* 1: begin no more; 2, by who begins: none will come */
    llmobs_span handed[64]; /* begun here, ended there */
    llmobsi_atomic64 put;
    llmobsi_atomic64 got;
} scene;

static void* begin_all(void* argument)
{
    scene* s = (scene*)argument;
    while (llmobsi_load_relaxed(&s->stop) == 0) {
        uint64_t put = s->put;
        if (put - llmobsi_load_acquire(&s->got) == 64) {
            (void)sched_yield();
            continue;
        }
        s->handed[put % 64] = llmobs_span_root(s->obs, "handed over");
        llmobsi_store_release(&s->put, put + 1);
    }
    llmobsi_store_release(&s->stop, 2);
    return NULL;
}

static void* end_all(void* argument)
{
    scene* s = (scene*)argument;
    for (;;) {
        uint64_t got = s->got;
        bool all_begun = llmobsi_load_acquire(&s->stop) == 2;
        if (got == llmobsi_load_acquire(&s->put)) {
            if (all_begun) {
                break;
            }
            (void)sched_yield();
            continue;
        }
        llmobs_span_end(s->handed[got % 64]);
        llmobsi_store_release(&s->got, got + 1);
    }
    return NULL;
}

static void test_running(void)
{
    llmobs_config config = pumped_config();
    keeper kept;
    static scene s;
    pthread_t threads[2];
    llmobs_stats last;
    long reads = sized(100000);
    long wrong = 0;
    long back = 0;
    long i;
    config.host_pumped = false;
    config.tick_ms = 1;
    s.obs = open_kept(&config, &kept);
    kept.forget = true;
    memset(&last, 0, sizeof last);
    (void)pthread_create(&threads[0], NULL, begin_all, &s);
    (void)pthread_create(&threads[1], NULL, end_all, &s);
    for (i = 0; i < reads; i++) {
        llmobs_stats now = stats_of(s.obs);
        wrong += now.live > 1000000000 || now.ended > 1000000000;
        wrong += now.slots_free > 256 || now.exporters[0].queued > 1000000000;
        back += now.started < last.started || now.collected < last.collected ||
                now.exporters[0].exported < last.exporters[0].exported;
        last = now;
        if (i % 16 == 0) {
            (void)sched_yield();
        }
    }
    llmobsi_store_relaxed(&s.stop, 1);
    (void)pthread_join(threads[0], NULL);
    (void)pthread_join(threads[1], NULL);
    is_int(wrong, 0, "no figure is ever absurd");
    is_int(back, 0, "no counter goes back");
    (void)llmobs_flush(s.obs, 10000);
    last = stats_of(s.obs);
    ok(balances(&last) && last.live + last.ended == 0, "at rest it balances");
    printf("# %llu spans\n", (unsigned long long)last.started);
    ok(close_kept(s.obs, &kept), "and so does the last account");
}

int main(void)
{
    test_sizes();
    test_names();
    test_running();
    (void)llmobs_release();
    return done();
}

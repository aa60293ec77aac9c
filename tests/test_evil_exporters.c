/* Exporters that do what none should: alone, and all of them beside one that is good. That one has
   everything in time, recorders notice nothing, close keeps to its time, and the account balances.

   tests/evil_exporters.t compiles this as C++, implementation and all: there one throws. */
#ifdef __cplusplus
#define LLMOBS_IMPLEMENTATION
#include "llmobs.h"
#else
#include "llmobs_private.h"
#endif
#include "tap.h"

#include "keeper.h"

#include <limits.h>

typedef enum evil {
    GOOD,
    FAILS,     /* RETRY, for ever                               */
    HANGS,     /* until it is let go                            */
    REENTERS,  /* calls whatever there is to call               */
    CLOSES,    /* from inside                                   */
    THROWS,    /* from its callback, and from its close         */
    JUNK,      /* answers what is no answer                     */
    TIME,      /* sets the clock back, and forward              */
    AN_HOUR,   /* as far as a test can tell: it does not return */
    TEN_SECONDS,
    EVILS
} evil;

static const char* const names[EVILS] = {"a good one", "fails always", "hangs", "re-enters",
                                         "closes inside", "throws", "answers junk",
                                         "shrinks time", "takes an hour", "sleeps 10 s"};

/* One exporter. Its thread writes, the test reads after close, or under the lock. */
typedef struct subject {
    evil way;
    llmobs* obs;
    uint64_t calls;
    uint64_t items;     /* answered OK                                       */
    llmobsi_atomic64 oldest_ns; /* the longest time from a record to the callback */
    uint64_t backwards; /* spans that end before they begin                  */
    uint64_t not_busy;  /* calls from inside that should have been refused   */
    uint64_t refused;   /* and others that should not                        */
    uint64_t late;      /* calls after its close                             */
    int closed;
} subject;

/* ---- what they do -------------------------------------------------------------------------- */

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t gate_moved = PTHREAD_COND_INITIALIZER;
static bool gate_open;
static int gate_waiting;

static void wait_at_gate(void)
{
    (void)pthread_mutex_lock(&gate);
    gate_waiting++;
    (void)pthread_cond_broadcast(&gate_moved);
    while (!gate_open) {
        (void)pthread_cond_wait(&gate_moved, &gate);
    }
    gate_waiting--;
    (void)pthread_cond_broadcast(&gate_moved);
    (void)pthread_mutex_unlock(&gate);
}

static void set_gate(bool to)
{
    (void)pthread_mutex_lock(&gate);
    gate_open = to;
    (void)pthread_cond_broadcast(&gate_moved);
    while (to && gate_waiting > 0) {
        (void)pthread_cond_wait(&gate_moved, &gate);
    }
    (void)pthread_mutex_unlock(&gate);
}

static llmobsi_atomic64 clock_moved_ns;

static uint64_t moved_clock(void* user)
{
    struct timespec now;
    (void)user;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec +
           llmobsi_load_relaxed(&clock_moved_ns);
}

/* An hour and a year back, a hundred years on, to the end of time, to its begin. */
static void move_clock(uint64_t step)
{
    static const uint64_t hour = UINT64_C(3600000000000);
    const uint64_t moves[] = {0 - hour, 0 - 8766 * hour, 876600 * hour, 0,
                              0 - UINT64_C(1000000000000000000)};
    llmobsi_store_relaxed(&clock_moved_ns, moves[step % 5]);
}

static bool ignore(void* user, const char* data, size_t size)
{
    (void)user;
    (void)data;
    (void)size;
    return true;
}

/* A call from the last batches, which close delivers, finds the instance closed. */
static bool is_open(llmobs_result got, llmobs_result want)
{
    return got == want || got == LLMOBS_ERROR_CLOSED;
}

static void reenter(subject* s, const llmobs_batch* batch)
{
    llmobs_export_token token = batch->token;
    llmobs_stats stats;
    stats.size = sizeof stats;
    s->not_busy += llmobs_tick(s->obs) != LLMOBS_ERROR_BUSY;
    s->not_busy += llmobs_flush(s->obs, 1000) != LLMOBS_ERROR_BUSY;
    s->not_busy += llmobs_export_to(s->obs, NULL, NULL) != LLMOBS_ERROR_ARGUMENT;
    s->not_busy += !is_open(llmobs_thread_attach(s->obs), LLMOBS_ERROR_BUSY);
    s->refused += !is_open(llmobs_stats_read(s->obs, &stats), LLMOBS_OK);
    s->refused += !is_open(
        llmobs_metrics_write(s->obs, LLMOBS_FORMAT_OTLP_JSON, ignore, NULL), LLMOBS_OK);
    s->refused += llmobs_encode(batch, LLMOBS_FORMAT_OTLP_JSON, ignore, NULL) != LLMOBS_OK;
    token.serial++;
    s->not_busy += llmobs_export_done(token, LLMOBS_EXPORT_OK) != LLMOBS_ERROR_ARGUMENT;
    llmobs_span_end(llmobs_span_root(s->obs, "inside"));
    llmobs_log(s->obs, LLMOBS_SEVERITY_FATAL, "inside", "");
}

static llmobs_export_result junk(uint64_t call)
{
    static const int some[] = {4, 5, -1, -2, 255, 256, 65536, INT_MIN, INT_MAX, 1 << 30};
    return (llmobs_export_result)(call < 256 ? (int)call + 4 : some[call % 10]);
}

static void look(subject* s, const llmobs_batch* batch)
{
    uint64_t now_ns = llmobsi_monotonic_ns();
    size_t i;
    for (i = 0; i < batch->span_count; i++) {
        const llmobs_span_view* span = &batch->spans[i];
        uint64_t age_ns = 0;
        if (span->attribute_count > 0) { /* those that re-entry makes have none */
            age_ns = now_ns - (uint64_t)span->attributes[0].value.integer;
        }
        if (age_ns > llmobsi_load_relaxed(&s->oldest_ns)) {
            llmobsi_store_relaxed(&s->oldest_ns, age_ns);
        }
        s->backwards += span->end_unix_ns < span->start_unix_ns;
    }
    s->items += batch->span_count + batch->log_count;
}

static llmobs_export_result do_evil(void* user, const llmobs_batch* batch)
{
    subject* s = (subject*)user;
    s->late += s->closed > 0;
    s->calls++;
    switch (s->way) {
    case FAILS:
        return LLMOBS_EXPORT_RETRY;
    case HANGS:
    case AN_HOUR:
        wait_at_gate();
        break;
    case REENTERS:
        reenter(s, batch);
        break;
    case CLOSES:
        s->not_busy += llmobs_close(s->obs) != LLMOBS_ERROR_BUSY;
        break;
#ifdef __cplusplus
    case THROWS:
        throw "an exporter's";
#endif
    case JUNK:
        return junk(s->calls);
    case TIME:
        move_clock(s->calls);
        break;
    case TEN_SECONDS:
        (void)sleep(10);
        break;
    default:
        break;
    }
    look(s, batch);
    return LLMOBS_EXPORT_OK;
}

static void end_evil(void* user)
{
    ((subject*)user)->closed++;
#ifdef __cplusplus
    if (((subject*)user)->way == THROWS) {
        throw 17;
    }
#endif
}

/* ---- hosts --------------------------------------------------------------------------------- */

static bool is_stuck(evil which)
{
    return which == HANGS || which == AN_HOUR || which == TEN_SECONDS;
}

/* In C nothing throws. */
static bool is_here(evil which)
{
#ifdef __cplusplus
    (void)which;
    return true;
#else
    return which != THROWS;
#endif
}

static llmobsi_atomic64 notes_failed;

static void hear(void* user, llmobs_note note, uint64_t count, const char* text)
{
    (void)user;
    (void)text;
    if (note == LLMOBS_NOTE_EXPORT_FAILED) {
        (void)llmobsi_add_relaxed(&notes_failed, count);
    }
}

static llmobs* open_evil(bool pumped, uint32_t close_ms)
{
    llmobs_config config = llmobs_config_default();
    config.host_pumped = pumped;
    config.max_exporters = EVILS;
    config.queue_bytes = 1u << 20;
    config.batch_bytes = 4096;
    config.batch_delay_ms = 5;
    config.tick_ms = 2;
    config.close_timeout_ms = close_ms;
    config.clock.unix_ns = moved_clock;
    config.note = hear;
    return llmobs_open(&config, NULL);
}

static void add_evil(llmobs* obs, subject* s, evil which)
{
    llmobs_exporter exporter = llmobs_exporter_default();
    memset(s, 0, sizeof *s);
    s->way = which;
    s->obs = obs;
    exporter.name = names[which];
    exporter.export_batch = do_evil;
    exporter.close = end_evil;
    exporter.user = s;
    exporter.retry_first_ms = 1;
    exporter.retry_most_ms = 2;
    exporter.max_attempts = which == FAILS ? 1000000 : 3;
    if (llmobs_exporter_add(obs, &exporter) != LLMOBS_OK) {
        printf("Bail out! exporter\n");
        exit(1);
    }
}

static void record(llmobs* obs, int count)
{
    int i;
    for (i = 0; i < count; i++) {
        llmobs_span span = llmobs_span_root(obs, "span");
        llmobs_span_set_int(span, "at", (int64_t)llmobsi_monotonic_ns());
        llmobs_log(obs, LLMOBS_SEVERITY_INFO, "log", "record");
        llmobs_span_end(span);
    }
}

/* Closes within its time and 100 ms; says what it came to. */
static llmobs_result close_evil(llmobs* obs, uint32_t close_ms, llmobs_stats* stats)
{
    uint64_t begun_ns = llmobsi_monotonic_ns();
    uint64_t took_ns;
    llmobs_result result;
    stats->size = sizeof *stats;
    result = llmobs_close_with_stats(obs, stats);
    took_ns = llmobsi_monotonic_ns() - begun_ns;
    if (!ok(took_ns < (close_ms + UINT64_C(100)) * 1000000 || slowed(),
            "  close returns within its time and 100 ms")) {
        printf("# %llu ms\n", (unsigned long long)(took_ns / 1000000));
    }
    return result;
}

static uint64_t lost_in_all(const llmobs_exporter_stats* one)
{
    uint64_t sum = 0;
    int loss;
    for (loss = 0; loss < (int)LLMOBS_LOSS_COUNT; loss++) {
        sum += one->lost[loss];
    }
    return sum;
}

/* What became of what one was given. `ended`: its thread has, for sure; on a busy machine it may
   come too late for a close whose time is over. */
static void check_fate(const subject* s, const llmobs_exporter_stats* one, bool ended)
{
    if (is_stuck(s->way)) { /* its thread is in there still, and the rest is its own */
        is_int(s->closed, 0, "  its close is not called");
        return;
    }
    is_int(s->late, 0, "  no call after its close");
    ok(s->closed == 1 || (s->closed == 0 && !ended), "  which is called, once");
    is_int(s->not_busy, 0, "  what waits for callbacks is refused inside one");
    is_int(s->refused, 0, "  what does not is not");
    is_int(s->backwards, 0, "  no span ends before it begins");
    if (s->way == FAILS) {
        is_int(one->exported, 0, "  nothing counts as delivered");
        is_int(lost_in_all(one), one->received, "  all is lost, and counted");
    } else if (s->way == JUNK || s->way == THROWS) {
        is_int(one->lost[LLMOBS_LOSS_FAILED] + one->lost[LLMOBS_LOSS_QUEUE], one->received,
               "  all is given up, and counted");
    } else {
        is_int(one->exported, s->items, "  what it took counts as delivered");
    }
}

/* ---- each alone ---------------------------------------------------------------------------- */

static void test_alone(evil which, bool pumped)
{
    const uint32_t close_ms = is_stuck(which) ? 150 : which == FAILS ? 300 : 20000;
    static subject subjects[EVILS]; /* a hung callback has its own for good */
    subject* s = &subjects[which];
    llmobs* obs = open_evil(pumped, close_ms);
    uint64_t notes = llmobsi_load_relaxed(&notes_failed);
    llmobs_stats stats;
    llmobs_result result;
    int i;
    ok(obs != NULL, names[which]);
    add_evil(obs, s, which);
    for (i = 0; i < 20; i++) {
        record(obs, 20);
        is_int(llmobs_tick(obs), LLMOBS_OK, "  the tick goes on");
    }
    result = close_evil(obs, close_ms, &stats);
    ok(is_stuck(which)  ? result == LLMOBS_ERROR_INCOMPLETE
       : which == FAILS ? result == LLMOBS_ERROR_TIMEOUT || result == LLMOBS_ERROR_INCOMPLETE
                        : result == LLMOBS_OK,
       "  close says how it went");
    ok(balances(&stats), "  the account balances");
    is_int(stats.dropped[LLMOBS_DROP_POOL], 0, "  recorders do not notice");
    check_fate(s, &stats.exporters[0], result != LLMOBS_ERROR_INCOMPLETE);
    if (which == THROWS || which == JUNK) {
        ok(llmobsi_load_relaxed(&notes_failed) > notes, "  a note tells of it");
    }
    is_int(llmobs_close(obs), LLMOBS_OK, "  a second close is fine");
}

/* ---- all at once --------------------------------------------------------------------------- */

typedef struct recorder {
    llmobs* obs;
    uint64_t longest_ns; /* that it waited for room */
} recorder;

static llmobsi_atomic32 stop;

/* The tick goes on, if not always at once on a busy machine. */
static void wait_for_room(recorder* self)
{
    uint64_t begun_ns = llmobsi_monotonic_ns();
    uint64_t took_ns = 0;
    while (took_ns < UINT64_C(20000000000) && stats_of(self->obs).slots_free < 1000) {
        (void)usleep(1000);
        took_ns = llmobsi_monotonic_ns() - begun_ns;
    }
    self->longest_ns = took_ns > self->longest_ns ? took_ns : self->longest_ns;
}

static void* record_on(void* user)
{
    recorder* self = (recorder*)user;
    while (llmobsi_load_relaxed(&stop) == 0) {
        record(self->obs, 10);
        (void)usleep(1000);
        wait_for_room(self);
    }
    return NULL;
}

static void test_together(void)
{
    const uint32_t close_ms = 2000;
    const bool slow = slowed();
    static subject subjects[EVILS];
    const uint64_t most_ns = (slow ? 10 : 1) * UINT64_C(1000000000);
    pthread_t threads[2];
    recorder recorders[2];
    llmobs_stats stats;
    llmobs* obs;
    int i;
    int number = 0;
    uint64_t latest_ns;
    set_gate(false);
    obs = open_evil(false, close_ms);
    for (i = 0; i < (int)EVILS; i++) {
        if (is_here((evil)i)) {
            add_evil(obs, &subjects[i], (evil)i);
        }
    }
    for (i = 0; i < 2; i++) {
        recorders[i].obs = obs;
        recorders[i].longest_ns = 0;
        (void)pthread_create(&threads[i], NULL, record_on, &recorders[i]);
    }
    (void)usleep(1000000);
    llmobsi_store_relaxed(&stop, 1);
    for (i = 0; i < 2; i++) {
        (void)pthread_join(threads[i], NULL);
        ok(recorders[i].longest_ns < most_ns, "  the tick made room for what was recorded");
    }
    (void)usleep(50000);
    latest_ns = llmobsi_load_relaxed(&subjects[GOOD].oldest_ns);
    is_int(close_evil(obs, close_ms, &stats), LLMOBS_ERROR_INCOMPLETE, "all together");
    ok(balances(&stats), "  the account balances");
    is_int(stats.dropped[LLMOBS_DROP_POOL], 0, "  recorders do not notice");
    for (i = 0; i < (int)EVILS; i++) {
        if (is_here((evil)i)) {
            ok(true, names[i]);
            check_fate(&subjects[i], &stats.exporters[number++], false);
        }
    }
    is_int(stats.exporters[GOOD].exported, stats.collected, "the good one has everything");
    ok(latest_ns < most_ns, "in time");
    printf("# %llu items, until close the latest after %llu ms\n",
           (unsigned long long)subjects[GOOD].items, (unsigned long long)(latest_ns / 1000000));
}

int main(void)
{
    int i;
    for (i = 0; i < (int)EVILS; i++) {
        if (!is_here((evil)i)) {
            skip(names[i], "in C nothing throws");
            continue;
        }
        set_gate(false);
        test_alone((evil)i, false);
        if (!is_stuck((evil)i)) {
            test_alone((evil)i, true);
        }
        set_gate(true);
    }
    test_together();
    set_gate(true); /* those that hung come back to an instance that is closed */
    (void)usleep(50000);
    (void)llmobs_release();
    return done();
}

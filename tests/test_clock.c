/* Stamps and times: a timeline fed by hand, the real clock, clocks of the host that misbehave. */
#include "llmobs_private.h"
#include "tap.h"

#include "keeper.h"

static uint64_t seed = 7;

static uint64_t next_random(uint64_t below)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (seed >> 33) % below;
}

/* ---- a timeline fed by hand ---------------------------------------------------------------- */

/* A machine whose clocks we make: cycles at some pace, Unix time ahead of monotonic time. */
typedef struct machine {
    uint64_t ns;     /* monotonic */
    double pace;     /* cycles in a nanosecond */
    double cycles;
    int64_t to_unix;
    uint64_t noise; /* of a reading, ns */
} machine;

static void machine_run(machine* m, uint64_t ns)
{
    m->ns += ns;
    m->cycles += (double)ns * m->pace;
}

static llmobsi_knot machine_read(const machine* m)
{
    llmobsi_knot knot;
    memset(&knot, 0, sizeof knot);
    knot.stamp = (uint64_t)m->cycles;
    knot.ns = m->ns + (m->noise != 0 ? next_random(m->noise) : 0);
    knot.to_unix = m->to_unix + (int64_t)next_random(2000) - 1000;
    return knot;
}

static void timeline_begin(llmobsi_timeline* timeline, const machine* m)
{
    llmobs_clock none;
    memset(&none, 0, sizeof none);
    llmobsi_timeline_init(timeline, &none);
    timeline->source = LLMOBS_I_TIME_CYCLES;
    timeline->origin = machine_read(m);
    timeline->knots[0] = timeline->origin;
}

static uint64_t time_of(const llmobsi_timeline* timeline, uint64_t stamp)
{
    uint64_t start;
    uint64_t end;
    llmobsi_timeline_convert(timeline, stamp, stamp, &start, &end);
    return start;
}

static uint64_t apart(uint64_t a, uint64_t b)
{
    return a > b ? a - b : b - a;
}

enum { REMEMBERED = 4096 };

/* Ten minutes of ticks: old answers stand, time never goes back, and is right. */
static void test_steady(double pace, uint64_t noise, const char* what)
{
    machine m;
    static llmobsi_timeline timeline;
    static uint64_t stamps[REMEMBERED];
    static uint64_t times[REMEMBERED];
    int64_t offset;
    uint64_t worst = 0;
    uint64_t drift = 0;
    long backwards = 0;
    long count = 0;
    long i;
    memset(&m, 0, sizeof m);
    m.ns = UINT64_C(5000000000);
    m.cycles = 1e12;
    m.pace = pace;
    m.to_unix = INT64_C(1700000000000000000);
    m.noise = noise;
    timeline_begin(&timeline, &m);
    machine_run(&m, 1000000);
    llmobsi_timeline_add(&timeline, machine_read(&m));
    offset = timeline.knots[0].to_unix;
    while (m.ns < UINT64_C(600000000000)) {
        uint64_t step = 100000 + next_random(UINT64_C(300000000));
        uint64_t before = (uint64_t)m.cycles;
        uint64_t began = m.ns;
        machine_run(&m, step);
        llmobsi_timeline_add(&timeline, machine_read(&m));
        for (i = 0; i < 4; i++) {
            uint64_t part = next_random(step);
            uint64_t stamp = before + (uint64_t)((double)part * m.pace);
            uint64_t time = time_of(&timeline, stamp);
            uint64_t wrong = apart(time, began + part + (uint64_t)offset);
            worst = wrong > worst && m.ns > UINT64_C(6000000000) ? wrong : worst;
            stamps[count % REMEMBERED] = stamp;
            times[count % REMEMBERED] = time;
            count++;
        }
    }
    for (i = 0; i < REMEMBERED && i < count; i++) {
        uint64_t again = time_of(&timeline, stamps[i]);
        uint64_t later = time_of(&timeline, stamps[i] + 3);
        drift = apart(again, times[i]) > drift ? apart(again, times[i]) : drift;
        backwards += later < again;
    }
    for (i = 1; i < (long)timeline.knot_count; i++) {
        uint64_t join = timeline.knots[i].stamp;
        backwards += apart(time_of(&timeline, join - 1), time_of(&timeline, join)) >
                     2 + (uint64_t)(1.0 / pace);
    }
    printf("# %s: %ld conversions, at most %llu ns wrong, %llu ns off their first answer\n", what,
           count, (unsigned long long)worst, (unsigned long long)drift);
    is_int(backwards, 0, "time is continuous, and never goes back");
    ok(worst <= 2000 + 10 * noise, "it is right");
    ok(drift <= 2 + noise, "an answer once given stands");
    ok(timeline.knot_count <= LLMOBS_I_KNOTS, "in bounded memory");
}

static void test_wall_clock_set(void)
{
    machine m;
    static llmobsi_timeline timeline;
    uint64_t early;
    uint64_t late;
    uint64_t start;
    uint64_t end;
    int i;
    memset(&m, 0, sizeof m);
    m.ns = UINT64_C(5000000000);
    m.cycles = 1e10;
    m.pace = 2.0;
    m.to_unix = INT64_C(1700000000000000000);
    timeline_begin(&timeline, &m);
    for (i = 0; i < 100; i++) {
        machine_run(&m, 10000000);
        llmobsi_timeline_add(&timeline, machine_read(&m));
    }
    early = (uint64_t)m.cycles;
    m.to_unix -= INT64_C(3600000000000); /* an hour back */
    for (i = 0; i < 100; i++) {
        machine_run(&m, 10000000);
        llmobsi_timeline_add(&timeline, machine_read(&m));
    }
    late = (uint64_t)m.cycles;
    llmobsi_timeline_convert(&timeline, early, late, &start, &end);
    ok(apart(end - start, 1000000000) < 10000, "a duration is right though the clock was set");
    ok(apart(time_of(&timeline, late), m.ns + (uint64_t)m.to_unix) < 10000, "new spans follow it");
    ok(time_of(&timeline, early) > time_of(&timeline, late), "old ones stay where they were");
}

/* The machine slept: cycles and monotonic time part for good. */
static void test_gap(void)
{
    machine m;
    static llmobsi_timeline timeline;
    int i;
    uint64_t last = 0;
    bool forward = true;
    memset(&m, 0, sizeof m);
    m.ns = UINT64_C(5000000000);
    m.cycles = 1e10;
    m.pace = 3.0;
    m.to_unix = INT64_C(1700000000000000000);
    timeline_begin(&timeline, &m);
    for (i = 0; i < 400; i++) {
        uint64_t now;
        machine_run(&m, 50000000);
        m.ns += i == 200 ? UINT64_C(3000000000) : 0;
        llmobsi_timeline_add(&timeline, machine_read(&m));
        now = time_of(&timeline, (uint64_t)m.cycles);
        forward &= now >= last;
        last = now;
    }
    ok(forward, "a gap is jumped, forward");
    ok(apart(last, m.ns + (uint64_t)m.to_unix) < 1000000, "and time is right again");
    printf("# after the gap: %llu ns wrong\n",
           (unsigned long long)apart(last, m.ns + (uint64_t)m.to_unix));
}

static void test_bad_readings(void)
{
    machine m;
    static llmobsi_timeline timeline;
    llmobsi_knot knot;
    uint32_t count;
    memset(&m, 0, sizeof m);
    m.ns = UINT64_C(5000000000);
    m.cycles = 1e10;
    m.pace = 2.0;
    m.to_unix = INT64_C(1700000000000000000);
    timeline_begin(&timeline, &m);
    machine_run(&m, 2000000);
    llmobsi_timeline_add(&timeline, machine_read(&m));
    machine_run(&m, 2000000);
    llmobsi_timeline_add(&timeline, machine_read(&m));
    count = timeline.knot_count;
    knot = timeline.knots[count - 1];
    llmobsi_timeline_add(&timeline, knot);
    knot.stamp -= 1000;
    llmobsi_timeline_add(&timeline, knot);
    knot.stamp = 0;
    knot.ns = 0;
    llmobsi_timeline_add(&timeline, knot);
    is_int(timeline.knot_count, count, "readings that do not go forward are passed over");
    ok(time_of(&timeline, 0) <= time_of(&timeline, (uint64_t)m.cycles), "old stamps are clamped");
}

/* ---- the real clock ------------------------------------------------------------------------ */

static void test_real(void)
{
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    uint64_t before;
    uint64_t after;
    size_t i;
    bool inside = true;
    bool nested = true;
    bool joined = true;
    for (i = 0; i < 300; i++) {
        llmobs_span root = llmobs_span_root(obs, "root");
        llmobs_span child = llmobs_span_child(root, "child");
        (void)usleep(i % 3 == 0 ? 1000 : 0);
        child = llmobs_span_next(child, "child");
        if (i % 2 == 0) {
            (void)llmobs_flush(obs, 60000); /* half of the family is converted now */
        }
        llmobs_span_end(child);
        llmobs_span_end(root);
        (void)llmobs_flush(obs, 60000);
    }
    before = llmobsi_realtime_ns();
    llmobs_span_end(llmobs_span_root(obs, "now"));
    after = llmobsi_realtime_ns();
    (void)llmobs_flush(obs, 60000);
    for (i = 0; i + 3 <= 900; i += 3) {
        const llmobs_span_view* first = &kept.spans[i];
        const llmobs_span_view* second = &kept.spans[i + 1];
        const llmobs_span_view* root = &kept.spans[i + 2];
        nested &= root->start_unix_ns <= first->start_unix_ns &&
                  second->end_unix_ns <= root->end_unix_ns;
        joined &= first->end_unix_ns == second->start_unix_ns;
    }
    ok(nested, "a child lies within its parent, whichever tick converted it");
    ok(joined, "a sibling begins where the one before ended");
    inside &= kept.spans[900].start_unix_ns + 1000000 >= before &&
              kept.spans[900].end_unix_ns <= after + 1000000;
    ok(inside, "times are the system's, to a millisecond");
    ok(close_kept(obs, &kept), "the account balances");
}

/* ---- clocks of the host -------------------------------------------------------------------- */

static llmobsi_atomic64 host_now;
static llmobsi_atomic64 host_step;

static uint64_t host_clock(void* user)
{
    (void)user;
    return llmobsi_add_relaxed(&host_now, llmobsi_load_relaxed(&host_step));
}

static void run_host_clock(uint64_t begin, uint64_t step, const char* what)
{
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs;
    llmobs_span span;
    config.clock.unix_ns = host_clock;
    host_now = begin;
    host_step = step;
    obs = open_kept(&config, &kept);
    span = llmobs_span_root(obs, "root");
    llmobs_span_event(span, "event");
    span = llmobs_span_next(span, "next");
    (void)llmobs_flush(obs, 60000);
    llmobs_span_end(span);
    (void)llmobs_flush(obs, 60000);
    is_int(kept.count, 2, what);
    is_int(stats_of(obs).live + stats_of(obs).ended, 0, "nothing is left behind");
    if (step == 0) {
        is_int(kept.spans[0].start_unix_ns, begin, "times are the host's");
        is_int(kept.spans[0].end_unix_ns, begin, "to the nanosecond");
    }
    ok(close_kept(obs, &kept), "no duration is negative");
}

static void test_max_age(void)
{
    const uint64_t hour = UINT64_C(3600000000000);
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs;
    llmobs_span old;
    llmobs_span young;
    llmobs_stats stats;
    int i;
    config.clock.unix_ns = host_clock;
    config.span_max_age_s = 7200;
    host_now = UINT64_C(1700000000000000000);
    host_step = 0;
    obs = open_kept(&config, &kept);
    old = llmobs_span_root(obs, "old");
    llmobs_span_set_int(old, "n", 1);
    llmobsi_store_relaxed(&host_now, host_now - 24 * hour); /* the clock goes back a day */
    (void)llmobs_tick(obs);
    llmobsi_store_relaxed(&host_now, host_now + 25 * hour);
    (void)llmobs_tick(obs);
    ok(llmobs_span_is_recording(old), "an hour is not too old");
    young = llmobs_span_root(obs, "young");
    llmobsi_store_relaxed(&host_now, host_now + hour);
    (void)llmobs_tick(obs);
    ok(!llmobs_span_is_recording(old), "two hours are");
    ok(llmobs_span_is_recording(young), "others stay");
    llmobs_span_end(old);
    (void)llmobs_flush(obs, 60000);
    is_int(kept.count, 1, "what was too old is ended and exported");
    is_int(kept.spans[0].end_unix_ns - kept.spans[0].start_unix_ns, 2 * hour, "as of then");
    is_int(kept_attribute(&kept.spans[0], "n")->value.integer, 1, "with what it had to say");
    stats = stats_of(obs);
    is_int(stats.expired, 1, "and counted");
    is_int(stats.inert_calls, 1, "its owner's end comes too late");
    ok(balances(&stats), "the account balances");
    llmobs_span_end(young);
    llmobsi_store_relaxed(&host_now, host_now - 1000 * hour);
    (void)llmobs_tick(obs);
    old = llmobs_span_root(obs, "long ago");
    llmobsi_store_relaxed(&host_now, host_now + 3 * hour);
    (void)llmobs_tick(obs);
    (void)llmobs_tick(obs);
    ok(!llmobs_span_is_recording(old), "a clock that went back does not keep spans for ever");
    for (i = 0; i < 200; i++) {
        (void)llmobs_span_root(obs, "leaked");
    }
    for (i = 0; i < 7 * 24; i++) { /* a week in a moment */
        llmobsi_store_relaxed(&host_now, host_now + hour);
        (void)llmobs_tick(obs);
    }
    (void)llmobs_flush(obs, 60000);
    is_int(stats_of(obs).expired, 202, "leaked spans do not use the pool up for ever");
    is_int(stats_of(obs).live, 0, "none is left");
    ok(close_kept(obs, &kept), "the account balances");
}

static llmobsi_atomic32 ended_slowly;

/* Owners that end their spans while the tick ends them for being old. */
static void* end_slowly(void* argument)
{
    llmobs* obs = (llmobs*)argument;
    long i;
    for (i = 0; i < sized(200000); i++) {
        llmobs_span span = llmobs_span_root(obs, "contested");
        llmobs_span_set_string(span, "s", "value");
        llmobs_span_set_int(span, "n", i);
        llmobs_span_end(span);
    }
    (void)llmobsi_add_ordered(&ended_slowly, 1);
    return NULL;
}

static void test_max_age_race(void)
{
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs;
    llmobs_stats stats;
    pthread_t threads[2];
    int i;
    config.clock.unix_ns = host_clock;
    config.span_max_age_s = 1;
    config.queue_bytes = 1 << 22;
    host_now = UINT64_C(1700000000000000000);
    host_step = UINT64_C(1100000000); /* every look at the clock takes 1.1 s */
    ended_slowly = 0;
    obs = open_kept(&config, &kept);
    kept.forget = true;
    for (i = 0; i < 2; i++) {
        (void)pthread_create(&threads[i], NULL, end_slowly, obs);
    }
    while (llmobsi_load_acquire(&ended_slowly) < 2) {
        (void)llmobs_tick(obs);
    }
    for (i = 0; i < 2; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    is_int(llmobs_flush(obs, 60000), LLMOBS_OK, "flush");
    stats = stats_of(obs);
    printf("# %llu expired, %llu collected, %llu ends too late\n",
           (unsigned long long)stats.expired, (unsigned long long)stats.collected,
           (unsigned long long)stats.inert_calls);
    is_int(stats.live + stats.ended, 0, "ends by owners and by the tick: one wins");
    ok(balances(&stats), "and the account balances");
    ok(close_kept(obs, &kept), "close");
}

/* Knots of a file that anybody may have written: what would come after the last time there is ends
   with it. */
static void test_end_of_time(void)
{
    llmobsi_timeline timeline;
    machine m;
    uint64_t start;
    uint64_t end;
    memset(&m, 0, sizeof m);
    m.pace = 1.0;
    timeline_begin(&timeline, &m);
    timeline.knot_count = 1;
    timeline.knots[0].stamp = 0;
    timeline.knots[0].ns = 0;
    timeline.knots[0].ns_per_unit = 1.0;
    timeline.knots[0].to_unix = -10; /* ten nanoseconds before that */
    llmobsi_timeline_convert(&timeline, 0, 1000, &start, &end);
    ok(start == UINT64_MAX - 9 && end == UINT64_MAX, "the end of time is no begin");
    is_int(llmobsi_timeline_between(&timeline, 0, 1000), 9, "nor is a duration longer than that");
    timeline.knots[0].to_unix = 0;
    llmobsi_timeline_convert(&timeline, 0, 0, &start, &end);
    ok(start == 1 && end == 1, "0 stands for no time: the beginning of time is no 0");
}

int main(void)
{
    test_steady(2.5, 0, "2.5 GHz");
    test_steady(2.5, 100, "2.5 GHz, readings 100 ns wrong");
    test_steady(1.0, 0, "nanoseconds");
    test_steady(0.0192, 100, "19.2 MHz");
    test_wall_clock_set();
    test_gap();
    test_bad_readings();
    test_real();
    run_host_clock(UINT64_C(1700000000000000000), 0, "a clock that stands");
    run_host_clock(UINT64_C(1700000000000000000), (uint64_t)-1000000000, "a clock that goes back");
    run_host_clock(UINT64_C(1700000000000000000), UINT64_C(1000000000), "one that runs ahead");
    run_host_clock(0, 0, "one that knows no time");
    run_host_clock(UINT64_MAX - 5, 3, "one that wraps");
    test_end_of_time();
    test_max_age();
    test_max_age_race();
    (void)llmobs_release();
    return done();
}

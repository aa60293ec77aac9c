/* Recorders stamp in cycles; the tick turns stamps into Unix time, along a line that it steers
   by the system's clocks. The line is made of pieces: each begins where the one before ends, and
   one that was used is never changed, so that equal stamps give equal times whichever tick
   converts them, and no calibration delays llmobs_open. */

#define LLMOBS_I_KNOTS 64u
#define LLMOBS_I_KNOT_FIRST_NS UINT64_C(1000000)   /* the first piece's length; then it doubles */
#define LLMOBS_I_KNOT_MOST_NS UINT64_C(1000000000) /* up to this */
#define LLMOBS_I_BEND_MOST 0.001 /* how much faster or slower than the clock */
#define LLMOBS_I_CLOCK_STEP_NS 1000000   /* wall clock: a smaller change is reading noise       */
#define LLMOBS_I_CLOCK_LOST_NS 10000000  /* cycles: a larger error is a suspend, not a frequency */

typedef enum llmobsi_time_source {
    LLMOBS_I_TIME_CYCLES,
    LLMOBS_I_TIME_MONOTONIC, /* stamps are CLOCK_MONOTONIC's nanoseconds */
    LLMOBS_I_TIME_INJECTED   /* stamps are the host's Unix nanoseconds   */
} llmobsi_time_source;

/* What the clocks say at one instant and, as part of a timeline, the line from there on. */
typedef struct llmobsi_knot {
    uint64_t stamp;
    uint64_t ns;        /* monotonic */
    int64_t to_unix;    /* Unix time less monotonic time */
    double ns_per_unit; /* 0: not known yet */
} llmobsi_knot;

typedef struct llmobsi_timeline {
    llmobsi_time_source source; /* fixed at open; recorders read it */
    llmobs_clock injected;
    llmobsi_knot opened;   /* fixed at open, for recorders that come before the first tick  */
    llmobsi_atomic64 pace; /* ns_per_unit now, as a double's bits; 0: not known yet. The tick
                              writes, recorders read */
    uint64_t piece_ns; /* the newest piece is meant for this long. This and the rest: the tick */
    llmobsi_knot origin; /* where the frequency is measured from */
    uint32_t knot_count;
    llmobsi_knot knots[LLMOBS_I_KNOTS];
} llmobsi_timeline;

/* A stamp: what recorders store. */
llmobsi_inline uint64_t llmobsi_now(const llmobsi_timeline* timeline)
{
    if (llmobsi_likely(timeline->source == LLMOBS_I_TIME_CYCLES)) {
        return llmobsi_cycles();
    }
    return timeline->source == LLMOBS_I_TIME_INJECTED
               ? llmobsi_host_time(&timeline->injected)
               : llmobsi_monotonic_ns();
}

/* Unix time, by the host's clock where there is one. */
llmobsi_fn uint64_t llmobsi_clock_unix_ns(const llmobs_clock* clock)
{
    return clock->unix_ns != NULL ? llmobsi_host_time(clock) : llmobsi_realtime_ns();
}

/* How far Unix time is ahead of monotonic time, by the best of three tries: a thread that is
   preempted between two readings must not take that for a change of the system's clock. */
llmobsi_fn int64_t llmobsi_to_unix_now(void)
{
    uint64_t narrowest = UINT64_MAX;
    int64_t to_unix = 0;
    int attempt;
    for (attempt = 0; attempt < 3; attempt++) {
        uint64_t before = llmobsi_monotonic_ns();
        uint64_t unix_ns = llmobsi_realtime_ns();
        uint64_t after = llmobsi_monotonic_ns();
        if (after - before < narrowest) {
            narrowest = after - before;
            to_unix = (int64_t)(unix_ns - (before + narrowest / 2));
        }
    }
    return to_unix;
}

/* Reads the clocks as close together as three tries give. */
llmobsi_fn llmobsi_knot llmobsi_knot_now(const llmobsi_timeline* timeline)
{
    llmobsi_knot knot;
    uint64_t narrowest = UINT64_MAX;
    int attempt;
    memset(&knot, 0, sizeof knot);
    for (attempt = 0; attempt < 3; attempt++) {
        uint64_t before = llmobsi_now(timeline);
        uint64_t ns = llmobsi_monotonic_ns();
        uint64_t after = llmobsi_now(timeline);
        if (after - before < narrowest) {
            narrowest = after - before;
            knot.stamp = before + (after - before) / 2;
            knot.ns = ns;
        }
    }
    knot.to_unix = llmobsi_to_unix_now();
    return knot;
}

/* Nanoseconds of a number of units. Stamps in the file of a recorder may be anything. */
llmobsi_fn uint64_t llmobsi_knot_length(const llmobsi_knot* knot, uint64_t units)
{
    double ns = (double)units * knot->ns_per_unit;
    return ns < 9e18 ? (uint64_t)ns : UINT64_C(9000000000000000000);
}

/* Monotonic nanoseconds of a stamp, on the line that goes through a knot. */
llmobsi_fn uint64_t llmobsi_knot_ns(const llmobsi_knot* knot, uint64_t stamp)
{
    if (stamp < knot->stamp) {
        uint64_t back = llmobsi_knot_length(knot, knot->stamp - stamp);
        return back < knot->ns ? knot->ns - back : 0;
    }
    return knot->ns + llmobsi_knot_length(knot, stamp - knot->stamp);
}

/* The frequency since the origin. */
llmobsi_fn double llmobsi_timeline_pace(const llmobsi_timeline* timeline, const llmobsi_knot* now)
{
    return (double)(now->ns - timeline->origin.ns) / (double)(now->stamp - timeline->origin.stamp);
}

/* Drops every other knot between the first and the newest: old stamps are read a little less
   exactly. */
llmobsi_fn void llmobsi_timeline_thin(llmobsi_timeline* timeline)
{
    uint32_t last = timeline->knot_count - 1;
    uint32_t from;
    uint32_t to = 1;
    for (from = 2; from < last; from += 2) {
        timeline->knots[to++] = timeline->knots[from];
    }
    timeline->knots[to++] = timeline->knots[last];
    timeline->knot_count = to;
    for (from = 0; from + 1 < to; from++) {
        llmobsi_knot* knot = &timeline->knots[from];
        knot->ns_per_unit =
            (double)(knot[1].ns - knot[0].ns) / (double)(knot[1].stamp - knot[0].stamp);
    }
}

/* Begins a new piece where the old one has come to, steered so that it meets the clock at its
   end. A gap too wide to be bridged (the machine slept) is jumped. */
llmobsi_fn void llmobsi_timeline_bend(llmobsi_timeline* timeline, llmobsi_knot now)
{
    uint64_t reached = llmobsi_knot_ns(&timeline->knots[timeline->knot_count - 1], now.stamp);
    int64_t error = (int64_t)(now.ns - reached);
    double pace = llmobsi_timeline_pace(timeline, &now);
    if (timeline->knot_count == LLMOBS_I_KNOTS) {
        llmobsi_timeline_thin(timeline);
    }
    timeline->piece_ns = timeline->piece_ns * 2 < LLMOBS_I_KNOT_MOST_NS ? timeline->piece_ns * 2
                                                                        : LLMOBS_I_KNOT_MOST_NS;
    now.ns_per_unit = pace;
    if (error > LLMOBS_I_CLOCK_LOST_NS || error < -LLMOBS_I_CLOCK_LOST_NS) {
        now.ns_per_unit = timeline->knots[timeline->knot_count - 1].ns_per_unit;
        timeline->origin = now;
        timeline->origin.stamp -= (uint64_t)((double)LLMOBS_I_KNOT_MOST_NS / now.ns_per_unit);
        timeline->origin.ns -= LLMOBS_I_KNOT_MOST_NS;
    } else {
        /* Not steered for a time shorter than this piece may serve: ticks may be rare. */
        uint64_t gap = 2 * (now.ns - timeline->knots[timeline->knot_count - 1].ns);
        double bend = (double)error / (double)(gap > timeline->piece_ns ? gap : timeline->piece_ns);
        bend = bend < -LLMOBS_I_BEND_MOST ? -LLMOBS_I_BEND_MOST : bend;
        bend = bend > LLMOBS_I_BEND_MOST ? LLMOBS_I_BEND_MOST : bend;
        now.ns = reached;
        now.ns_per_unit = pace * (1.0 + bend);
    }
    timeline->knots[timeline->knot_count++] = now;
}

/* Takes a reading of the clocks into the timeline. */
llmobsi_fn void llmobsi_timeline_add(llmobsi_timeline* timeline, llmobsi_knot now)
{
    llmobsi_knot* last = &timeline->knots[timeline->knot_count - 1];
    int64_t step = now.to_unix - last->to_unix;
    bool stepped = step <= -LLMOBS_I_CLOCK_STEP_NS || step >= LLMOBS_I_CLOCK_STEP_NS;
    if (now.stamp <= last->stamp || (int64_t)(now.stamp - timeline->origin.stamp) <= 0 ||
        now.ns <= timeline->origin.ns) {
        return;
    }
    if (last->ns_per_unit <= 0.0) {
        last->ns_per_unit = llmobsi_timeline_pace(timeline, &now);
        return;
    }
    now.to_unix = stepped ? now.to_unix : last->to_unix;
    if (stepped || now.ns >= last->ns + timeline->piece_ns) {
        llmobsi_timeline_bend(timeline, now);
    }
}

/* For the tick, before it converts stamps. The very first one sees to it that the frequency is
   known to some parts in a hundred thousand: it waits until a millisecond has passed since the
   open. */
llmobsi_fn void llmobsi_timeline_update(llmobsi_timeline* timeline)
{
    const llmobsi_knot* last;
    llmobsi_knot now;
    uint64_t pace;
    if (timeline->source == LLMOBS_I_TIME_INJECTED) {
        return;
    }
    do {
        now = llmobsi_knot_now(timeline);
    } while (timeline->knots[0].ns_per_unit <= 0.0 &&
             now.ns < timeline->origin.ns + LLMOBS_I_KNOT_FIRST_NS);
    llmobsi_timeline_add(timeline, now);
    last = &timeline->knots[timeline->knot_count - 1];
    memcpy(&pace, &last->ns_per_unit, sizeof pace);
    llmobsi_store_relaxed(&timeline->pace, pace);
}

/* Before the first tick: from what went by since the open. */
llmobsi_cold double llmobsi_timeline_pace_early(const llmobsi_timeline* timeline)
{
    llmobsi_knot now = llmobsi_knot_now(timeline);
    return now.stamp > timeline->opened.stamp && now.ns > timeline->opened.ns
               ? (double)(now.ns - timeline->opened.ns) /
                     (double)(now.stamp - timeline->opened.stamp)
               : 1.0;
}

/* For recorders: the nanoseconds between two stamps, at today's pace; 0 if the later one is
   earlier. The tick's llmobsi_timeline_between is exact over days. */
llmobsi_inline uint64_t llmobsi_timeline_elapsed(const llmobsi_timeline* timeline, uint64_t start,
                                                 uint64_t end)
{
    uint64_t bits = llmobsi_load_relaxed(&timeline->pace);
    double pace;
    if (end <= start) {
        return 0;
    }
    if (timeline->source != LLMOBS_I_TIME_CYCLES) {
        return end - start;
    }
    memcpy(&pace, &bits, sizeof pace);
    if (llmobsi_unlikely(bits == 0)) {
        pace = llmobsi_timeline_pace_early(timeline);
    }
    return (uint64_t)((double)(end - start) * pace);
}

llmobsi_fn void llmobsi_timeline_init(llmobsi_timeline* timeline, const llmobs_clock* injected)
{
    memset(timeline, 0, sizeof *timeline);
    timeline->source = LLMOBS_I_TIME_MONOTONIC;
    if (injected->unix_ns != NULL) {
        timeline->source = LLMOBS_I_TIME_INJECTED;
        timeline->injected = *injected;
    } else if (llmobsi_cycles_are_invariant()) {
        timeline->source = LLMOBS_I_TIME_CYCLES;
    }
    timeline->piece_ns = LLMOBS_I_KNOT_FIRST_NS;
    timeline->origin = llmobsi_knot_now(timeline);
    timeline->opened = timeline->origin;
    timeline->knots[0] = timeline->origin;
    timeline->knot_count = 1;
}

/* The newest knot that is not after the stamp; the first for older stamps. */
llmobsi_fn const llmobsi_knot* llmobsi_timeline_find(const llmobsi_timeline* timeline,
                                                     uint64_t stamp)
{
    uint32_t index = timeline->knot_count - 1;
    while (index > 0 && timeline->knots[index].stamp > stamp) {
        index--;
    }
    return &timeline->knots[index];
}

/* A span's two stamps in Unix time. The system's clock may have been set in between: the end is
   the start plus what went by, so a duration is right, and never negative. 0 stands for no time,
   and is none, unless the host's clock says so. */
llmobsi_fn void llmobsi_timeline_convert(const llmobsi_timeline* timeline, uint64_t start,
                                         uint64_t end, uint64_t* start_unix_ns,
                                         uint64_t* end_unix_ns)
{
    const llmobsi_knot* knot;
    uint64_t start_ns;
    uint64_t end_ns;
    if (timeline->source == LLMOBS_I_TIME_INJECTED) {
        *start_unix_ns = start;
        *end_unix_ns = end < start ? start : end;
        return;
    }
    knot = llmobsi_timeline_find(timeline, start);
    start_ns = llmobsi_knot_ns(knot, start);
    *start_unix_ns = start_ns + (uint64_t)knot->to_unix;
    *start_unix_ns += *start_unix_ns == 0;
    end_ns = llmobsi_knot_ns(llmobsi_timeline_find(timeline, end), end);
    *end_unix_ns = *start_unix_ns + (end_ns > start_ns ? end_ns - start_ns : 0);
    if (*end_unix_ns < *start_unix_ns) { /* as only a file that is damaged has it */
        *end_unix_ns = UINT64_MAX;
    }
}

/* How far apart in nanoseconds two stamps are; 0 if the later one is earlier. */
llmobsi_fn uint64_t llmobsi_timeline_between(const llmobsi_timeline* timeline, uint64_t start,
                                             uint64_t end)
{
    uint64_t from;
    uint64_t to;
    llmobsi_timeline_convert(timeline, start, end, &from, &to);
    return to - from;
}

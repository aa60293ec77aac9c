/* Measures pieces of code against each other on a machine that others use too.

   The processor has two speeds: quiet, and shared, while the core's other thread is busy. It
   changes within milliseconds. So every repetition is short, cases take turns, and a gauge, a
   loop of adds whose time shows the speed, runs before and after each. Repetitions between two
   quick gauges count as quiet, those between two slow ones as shared, the rest are dropped. The
   medians of the two kinds stand apart.

       static void add(void* context, uint32_t times) { while (times-- > 0) { ... } }

       static bench_set set;
       bench_case* ours = bench_add(&set, "ours", add, &context);
       bench_case* peer = bench_add(&set, "peer", peer_add, &context);
       bench_run(&set);
       bench_print(ours, 35);                            the medians; is the quiet one <= 35 ns?
       bench_ratio("ours / peer", ours, peer, 1.3);     is it 1.3 times as fast?

   A line is name, value, unit, target, and "ok" or "short", with tabs between; "#" begins a
   comment. */
#ifndef BENCH_H
#define BENCH_H

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BENCH_CASES 24            /* in a set */
#define BENCH_LEAST 41            /* repetitions of each kind that a median should have */
#define BENCH_MOST 800            /* repetitions in all */
#define BENCH_TOO_FEW 7           /* no median of so few */
#define BENCH_REPETITION_NS 60000 /* how long one should take; at most 100 us */
#define BENCH_GAUGE_NS 10000
#define BENCH_QUIET 1.2 /* a gauge is quick below this many times the quickest */

#if defined(__GNUC__)
#define BENCH_UNUSED __attribute__((unused))
#else
#define BENCH_UNUSED
#endif

typedef enum bench_kind { BENCH_IS_QUIET, BENCH_IS_SHARED, BENCH_KINDS } bench_kind;
static const char* const bench_kind_names[BENCH_KINDS] = {"quiet", "shared"};

typedef struct bench_sample {
    double ns; /* one time */
    double gauge_before;
    double gauge_after;
} bench_sample;

typedef struct bench_case {
    const char* name;
    void (*body)(void* context, uint32_t times); /* does the thing `times` times */
    void* context;
    /* Set these after bench_add, where the defaults (0, NULL) do not do. */
    void (*before)(void* context); /* not timed: empties what the last repetition has filled */
    void (*after)(void* context);  /* not timed: checks what it did */
    uint32_t most_times;           /* in one repetition, for what fills up */
    bool thread_time;              /* processor time of this thread: for what waits or allocates */
    /* Found out. */
    uint32_t times;
    uint32_t sample_count;
    bench_sample samples[BENCH_MOST];
    double median[BENCH_KINDS]; /* ns; 0: there is none */
    double least;
} bench_case;

/* Cases that are compared: one repetition of each in turn. */
typedef struct bench_set {
    uint32_t count;
    bench_case cases[BENCH_CASES];
} bench_set;

static unsigned bench_short_count BENCH_UNUSED; /* lines that ended in "short" */

/* The value is computed and its memory written, for all the compiler knows. */
#define bench_keep(pointer) __asm__ __volatile__("" : : "r"(pointer) : "memory")

/* ---- clocks -------------------------------------------------------------------------------- */

/* What a bench relies on is not so. */
static inline void bench_fail(const char* what)
{
    printf("# FAILED: %s\n", what);
    exit(1);
}

static inline double bench_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static uint32_t bench_gauge_times = 1000;
static double bench_gauge_least = 1e30;

/* Six adds that do not wait for each other: what two threads of one core compete for. */
static inline double bench_gauge(void)
{
    uint64_t a = 0, b = 0, c = 0, d = 0, e = 0, f = 0;
    uint32_t i;
    double ns, start = bench_ns(CLOCK_MONOTONIC);
    for (i = 0; i < bench_gauge_times; i++) {
        a += i;
        b += i;
        c += i;
        d += i;
        e += i;
        f += i;
        __asm__ __volatile__("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(e), "+r"(f));
    }
    ns = (bench_ns(CLOCK_MONOTONIC) - start) / (double)bench_gauge_times;
    if (ns < bench_gauge_least) {
        bench_gauge_least = ns;
    }
    return ns;
}

/* To one processor; and the gauge to its length. Once. */
static inline void bench_start(void)
{
    static bool started;
    int i;
    if (started) {
        return;
    }
    started = true;
#if defined(__linux__) && defined(CPU_SET)
    {
        cpu_set_t one;
        int here = sched_getcpu();
        CPU_ZERO(&one);
        CPU_SET((size_t)(here < 0 ? 0 : here), &one);
        (void)sched_setaffinity(0, sizeof(one), &one);
    }
#endif
    for (i = 0; i < 1000; i++) {
        bench_gauge();
    }
    bench_gauge_times = (uint32_t)(BENCH_GAUGE_NS / bench_gauge_least) + 1;
    bench_gauge_least = 1e30;
    for (i = 0; i < 100; i++) {
        bench_gauge();
    }
}

/* ---- running ------------------------------------------------------------------------------- */

static inline bench_case* bench_add(bench_set* set, const char* name,
                                    void (*body)(void* context, uint32_t times), void* context)
{
    bench_case* added;
    if (set->count == BENCH_CASES) {
        fprintf(stderr, "bench: more than %d cases in a set\n", BENCH_CASES);
        exit(1);
    }
    added = &set->cases[set->count++];
    memset(added, 0, sizeof(*added));
    added->name = name;
    added->body = body;
    added->context = context;
    return added;
}

static inline double bench_repeat(bench_case* one)
{
    clockid_t clock = one->thread_time ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC;
    double ns;
    if (one->before != NULL) {
        one->before(one->context);
    }
    ns = bench_ns(clock);
    one->body(one->context, one->times);
    ns = bench_ns(clock) - ns;
    if (one->after != NULL) {
        one->after(one->context);
    }
    return ns / (double)one->times;
}

/* The quickest of some: one that was interrupted does not count. */
static inline double bench_repeat_least(bench_case* one, int tries)
{
    double least = bench_repeat(one);
    while (--tries > 0) {
        double ns = bench_repeat(one);
        least = ns < least ? ns : least;
    }
    return least;
}

/* How many times make a repetition. It warms up, too. */
static inline void bench_calibrate(bench_case* one)
{
    int round;
    one->times = 1;
    for (round = 0; round < 40; round++) {
        double total = bench_repeat_least(one, 3) * (double)one->times;
        uint32_t most = one->most_times > 0 ? one->most_times : UINT32_MAX / 2;
        if (one->times >= most || total >= BENCH_REPETITION_NS * 0.6) {
            break;
        }
        if (total < BENCH_REPETITION_NS / 8.0) {
            one->times *= 4;
        } else {
            one->times = (uint32_t)(one->times * (BENCH_REPETITION_NS / total)) + 1;
        }
        one->times = one->times < most ? one->times : most;
    }
}

/* BENCH_KINDS: neither, the speed changed meanwhile. */
static inline bench_kind bench_kind_of(const bench_sample* sample)
{
    double limit = bench_gauge_least * BENCH_QUIET;
    if (sample->gauge_before <= limit && sample->gauge_after <= limit) {
        return BENCH_IS_QUIET;
    }
    if (sample->gauge_before > limit && sample->gauge_after > limit) {
        return BENCH_IS_SHARED;
    }
    return BENCH_KINDS;
}

static inline int bench_compare(const void* a, const void* b)
{
    double first = *(const double*)a, second = *(const double*)b;
    return first < second ? -1 : first > second;
}

static inline uint32_t bench_collect(const bench_case* one, bench_kind kind, double* out)
{
    uint32_t i, count = 0;
    for (i = 0; i < one->sample_count; i++) {
        if (bench_kind_of(&one->samples[i]) == kind) {
            out[count++] = one->samples[i].ns;
        }
    }
    return count;
}

static inline void bench_summarise(bench_case* one)
{
    double sorted[BENCH_MOST];
    int kind;
    uint32_t i;
    one->least = one->sample_count > 0 ? one->samples[0].ns : 0;
    for (i = 0; i < one->sample_count; i++) {
        one->least = one->samples[i].ns < one->least ? one->samples[i].ns : one->least;
    }
    for (kind = 0; kind < BENCH_KINDS; kind++) {
        uint32_t count = bench_collect(one, (bench_kind)kind, sorted);
        qsort(sorted, count, sizeof(sorted[0]), bench_compare);
        one->median[kind] = count < BENCH_TOO_FEW ? 0 : sorted[count / 2];
    }
}

/* Whether every case has its repetitions: quiet ones, and shared ones if they come by soon. */
static inline bool bench_is_enough(const bench_set* set, uint32_t round)
{
    double unused[BENCH_MOST];
    uint32_t i;
    if (round < BENCH_LEAST || round % 16 != 0) {
        return false;
    }
    for (i = 0; i < set->count; i++) {
        uint32_t quiet = bench_collect(&set->cases[i], BENCH_IS_QUIET, unused);
        uint32_t shared = bench_collect(&set->cases[i], BENCH_IS_SHARED, unused);
        if (quiet < BENCH_LEAST || (shared < BENCH_LEAST && round < BENCH_MOST / 4)) {
            return false;
        }
    }
    return true;
}

static inline void bench_run(bench_set* set)
{
    uint32_t round, i;
    bench_start();
    for (i = 0; i < set->count; i++) {
        set->cases[i].sample_count = 0;
        bench_calibrate(&set->cases[i]);
    }
    for (round = 0; round < BENCH_MOST && !bench_is_enough(set, round); round++) {
        for (i = 0; i < set->count; i++) {
            bench_case* one = &set->cases[i];
            bench_sample* sample = &one->samples[one->sample_count++];
            sample->gauge_before = bench_gauge();
            sample->ns = bench_repeat(one);
            sample->gauge_after = bench_gauge();
        }
    }
    for (i = 0; i < set->count; i++) {
        bench_summarise(&set->cases[i]);
    }
}

/* ---- telling ------------------------------------------------------------------------------- */

/* The fastest of some cases, NULLs left out, or NULL. */
static inline bench_case* bench_fastest(bench_case* const* cases, size_t count)
{
    bench_case* best = NULL;
    size_t i;
    for (i = 0; i < count; i++) {
        bench_kind kind = BENCH_IS_QUIET;
        if (cases[i] == NULL) {
            continue;
        }
        if (best != NULL && (best->median[kind] == 0 || cases[i]->median[kind] == 0)) {
            kind = BENCH_IS_SHARED;
        }
        if (best == NULL || cases[i]->median[kind] < best->median[kind]) {
            best = cases[i];
        }
    }
    return best;
}

/* One line. `target` is at least or at most this, by its first character; NULL: there is none. */
static inline void bench_line(const char* name, const char* kind, double value, const char* unit,
                              const char* target, bool reached)
{
    bench_short_count += !reached;
    printf("%s%s%s\t%.*f\t%s\t%s\t%s\n", name, *kind != '\0' ? ", " : "", kind,
           value < 10 ? 2 : value < 1000 ? 1 : 0, value, unit, target != NULL ? target : "-",
           reached ? "ok" : "short");
    fflush(stdout);
}

/* Medians and minimum of one time, in ns. `most` is the quiet median's target, and `most_shared`
   the shared one's; 0: none. */
static inline void bench_print_shared(const bench_case* one, double most, double most_shared)
{
    const double targets[BENCH_KINDS] = {most, most_shared};
    char target[40];
    int kind;
    for (kind = 0; kind < BENCH_KINDS; kind++) {
        if (one->median[kind] == 0) {
            printf("# %s, %s: too few repetitions\n", one->name, bench_kind_names[kind]);
            continue;
        }
        snprintf(target, sizeof(target), "<= %g", targets[kind]);
        bench_line(one->name, bench_kind_names[kind], one->median[kind], "ns",
                   targets[kind] > 0 ? target : NULL,
                   targets[kind] <= 0 || one->median[kind] <= targets[kind]);
    }
    bench_line(one->name, "min", one->least, "ns", NULL, true);
}

static inline void bench_print(const bench_case* one, double most)
{
    bench_print_shared(one, most, 0);
}

/* How many times as fast as `peer` `ours` is; `least` is the target, 0: none. A missing peer
   says so. */
static inline void bench_ratio(const char* name, const bench_case* ours, const bench_case* peer,
                               double least)
{
    char target[40];
    int kind;
    if (ours == NULL || peer == NULL) {
        printf("# skipped: %s (the peer is not there)\n", name);
        return;
    }
    snprintf(target, sizeof(target), ">= %g", least);
    for (kind = 0; kind < BENCH_KINDS; kind++) {
        double ratio;
        if (ours->median[kind] == 0 || peer->median[kind] == 0) {
            printf("# %s, %s: too few repetitions\n", name, bench_kind_names[kind]);
            continue;
        }
        ratio = peer->median[kind] / ours->median[kind];
        bench_line(name, bench_kind_names[kind], ratio, "x", least > 0 ? target : NULL,
                   least <= 0 || ratio >= least);
    }
}

#endif

/* Windows of a counter against a list of all that was put: random streams, all tiers and ranges. */
#include "llmobs_private.h"

#include "tap.h"

#include "random.h"

enum { WORDS = 863, PUTS = 120 };

static const uint32_t periods[4] = {1, 6, 90, 360};
static const uint32_t slots[4] = {36, 365, 292, 170};
static const uint32_t reaches[4] = {35, 2184, 26190, 60840}; /* steps */

/* ---- the list ---- */

typedef struct put {
    int64_t step;
    double value;
} put;

typedef struct list {
    put puts[PUTS + 1];
    int count;
    double base; /* before the first */
} list;

static void list_add(list* known, int64_t step, double value)
{
    if (known->count > 0 && known->puts[known->count - 1].step >= step) {
        known->puts[known->count - 1].value = value;
    } else {
        known->puts[known->count].step = step;
        known->puts[known->count++].value = value;
    }
}

static double list_at(const list* known, int64_t step)
{
    int i = known->count - 1;
    while (i >= 0 && known->puts[i].step > step) {
        i--;
    }
    return i < 0 ? known->base : known->puts[i].value;
}

static int64_t oldest_of(int64_t last, int tier)
{
    return (last / periods[tier] - (slots[tier] - 1)) * periods[tier];
}

/* The gap between snapshots that a step falls in, as docs and comments state it: empty on one. */
static void gap_of(int64_t last, uint32_t tiers, int64_t step, int64_t* low, int64_t* high)
{
    int tier = 0;
    while (tier < (int)tiers - 1 && step < oldest_of(last, tier)) {
        tier++;
    }
    if (step < oldest_of(last, tier)) {
        step = oldest_of(last, tier);
    }
    *low = step - (step % periods[tier] + periods[tier]) % periods[tier];
    *high = *low == step ? step : *low + periods[tier];
    if (tier > 0 && *high > oldest_of(last, tier - 1)) {
        *high = *low == step ? step : oldest_of(last, tier - 1);
    }
}

/* ---- random streams ---- */

/* A pace that stays for some puts: a pause, each step, missed steps, jumps beyond every ring. */
static int64_t next_gap(int mood)
{
    switch (mood) {
    case 0:
        return (int64_t)(next_random() % 3);
    case 1:
        return (int64_t)(next_random() % 30);
    case 2:
        return (int64_t)(next_random() % 700);
    case 3:
        return (int64_t)(next_random() % 9000);
    case 4:
        return -(int64_t)(next_random() % 50);
    default:
        return next_random() % 8 == 0 ? (int64_t)(next_random() % 400000000) : 1;
    }
}

static double next_growth(int mood)
{
    switch (mood) {
    case 0:
        return 0;
    case 1:
        return (double)(next_random() % 10);
    case 2:
        return next_random() % 16 == 0 ? (double)(next_random() % 1000000) : 0;
    default:
        return (double)(next_random() % 100000) / 1024;
    }
}

typedef struct verdict {
    int beyond;   /* errors above the bound             */
    int inexact;  /* errors with both ends on snapshots */
    int covered;  /* wrong                              */
    int exact_count;
    int inexact_count; /* asked for with an end between snapshots */
    double worst; /* share of its bound */
} verdict;

static const uint32_t ranges[12] = {1, 3, 6, 30, 35, 90, 180, 360, 2160, 8640, 25920, 60480};

static void ask(const llmobsi_window* window, const list* known, verdict* found)
{
    int64_t last = window->last;
    uint32_t span = next_random() % 2 ? ranges[next_random() % 12]
                                      : (uint32_t)(next_random() % 61000);
    uint32_t offset = next_random() % 2 ? 0 : (uint32_t)(next_random() % 9000);
    uint32_t covered = UINT32_MAX;
    double increase = llmobsi_window_increase(window, span, offset, &covered);
    int64_t end = last - offset, start = end - span, seen = window->first;
    int64_t low, high, low_end, high_end;
    double exact, bound, error;
    int tier = (int)window->tiers - 1;
    seen = seen > oldest_of(last, tier) ? seen : oldest_of(last, tier);
    found->covered += covered != (uint32_t)(end <= seen ? 0 : start < seen ? end - seen : span);
    start = start > oldest_of(last, tier) ? start : oldest_of(last, tier);
    end = end > oldest_of(last, tier) ? end : oldest_of(last, tier);
    gap_of(last, window->tiers, start, &low, &high);
    gap_of(last, window->tiers, end, &low_end, &high_end);
    exact = list_at(known, end) - list_at(known, start);
    bound = list_at(known, high) - list_at(known, low);
    if (low_end != low || low == high) {
        bound += list_at(known, high_end) - list_at(known, low_end);
    }
    error = increase > exact ? increase - exact : exact - increase;
    if (low == high && low_end == high_end) {
        found->exact_count++;
        found->inexact += error > 0;
    } else {
        found->inexact_count++;
        found->beyond += error > bound;
        if (bound > 0 && error / bound > found->worst) {
            found->worst = error / bound;
        }
    }
}

static void stream(uint32_t tiers, verdict* found)
{
    static double values[WORDS];
    llmobsi_window window;
    list known;
    int64_t step = next_random() % 4 == 0 ? 0 : (int64_t)(next_random() % 200000000);
    double value = (double)(next_random() % 3) * 4096;
    int pace = (int)(next_random() % 6), growth = (int)(next_random() % 4), i;
    known.count = 0;
    known.base = value;
    list_add(&known, step, value);
    llmobsi_window_begin(&window, values, tiers, step, value);
    for (i = 1; i < PUTS; i++) {
        int64_t at;
        if (next_random() % 16 == 0) {
            pace = (int)(next_random() % 6);
            growth = (int)(next_random() % 4);
        }
        at = step + next_gap(pace);
        value += next_growth(growth);
        step = at > step ? at : step;
        llmobsi_window_put(&window, at, value);
        list_add(&known, step, value);
        if (next_random() % 8 == 0) {
            ask(&window, &known, found);
        }
    }
}

static void test_streams(void)
{
    verdict found;
    long i, streams = by_qemu() ? 4000 : 100000;
    memset(&found, 0, sizeof found);
    for (i = 0; i < streams; i++) {
        stream((uint32_t)(i % 4) + 1, &found);
    }
    is_int(found.beyond, 0, "an increase is off by what came in the gaps of its ends, at most");
    is_int(found.inexact, 0, "and exact where they are snapshots");
    is_int(found.covered, 0, "how much of the span was seen");
    ok(found.exact_count > streams && found.inexact_count > streams, "many of both were asked for");
    ok(found.worst > 0.95, "that bound is needed");
    printf("# %d exact, %d not, the worst by %.3f of its bound\n", found.exact_count,
           found.inexact_count, found.worst);
}

/* ---- borders ---- */

/* What was there at a step of a stream that tells each step by its value: a number with a large
   start, so that all 53 bits count. */
#define BIG 4503599627370496.0 /* 2^52 */

static double value_of(int64_t step)
{
    return BIG + (double)(step * 3 + (step % 7 == 0));
}

/* All snapshots of all tiers, at each step of more than a week that is near a border. */
static void test_reach(void)
{
    static double values[WORDS];
    llmobsi_window window;
    int wrong = 0, too_short = 0, shown = 0;
    int64_t step;
    llmobsi_window_begin(&window, values, 4, 0, value_of(0));
    for (step = 1; step < 130000; step++) {
        int tier;
        if (step % 11 != 0 || step % 360 < 2 || step % 360 == 359) { /* others are missed */
            llmobsi_window_put(&window, step, value_of(step));
        } else {
            llmobsi_window_put(&window, step, value_of(step) + 1);
            llmobsi_window_put(&window, step, value_of(step)); /* replaced */
        }
        if (step < 61200 || (step % 360 > 1 && step % 360 < 358)) {
            continue;
        }
        for (tier = 0; tier < 4; tier++) {
            int64_t at = oldest_of(step, tier);
            too_short += step - at < reaches[tier];
            for (; at <= step; at += periods[tier]) {
                wrong += llmobsi_window_at(&window, (double)(step - at)) != value_of(at);
                shown++;
            }
            wrong += llmobsi_window_increase(&window, reaches[tier], 0, NULL) >
                     value_of(step) - value_of(step - reaches[tier]) + 1;
        }
    }
    is_int(too_short, 0, "a tier reaches its whole range at each step");
    is_int(wrong, 0, "each snapshot is what was put at its step, up to 2^53");
    ok(shown > 100000, "many were looked at");
}

static void test_tiers(void)
{
    static const uint32_t words[4] = {36, 401, 693, 863};
    int wrong = 0;
    uint32_t i;
    for (i = 0; i < 4; i++) {
        wrong += llmobsi_window_words(i + 1) != words[i];
        wrong += llmobsi_window_tiers(reaches[i] * 10) != i + 1;
        wrong += llmobsi_window_tiers(reaches[i] * 10 + 1) != (i + 2) % 5;
    }
    is_int(wrong, 0, "a window takes the tiers that its range needs");
    is_int(llmobsi_window_tiers(0), 1, "one at least");
    is_int(llmobsi_window_tiers(300), 1, "5 m");
    is_int(llmobsi_window_tiers(6 * 3600), 2, "6 h");
    is_int(llmobsi_window_tiers(72 * 3600), 3, "3 d");
    is_int(llmobsi_window_tiers(169 * 3600), 4, "7 d 1 h");
    is_int(llmobsi_window_tiers(UINT32_MAX), 0, "no window is that long");
}

/* What grows is seen to grow, across tiers, between snapshots, before the first. */
static void test_growth(void)
{
    static double values[WORDS];
    llmobsi_window window;
    int wrong = 0, negative = 0, round;
    for (round = 0; round < 60; round++) {
        int64_t step = (int64_t)(next_random() % 1000);
        double value = 0, before;
        double ago;
        int i;
        llmobsi_window_begin(&window, values, (uint32_t)(round % 4) + 1, step, 5);
        for (i = 0; i < 3000 * (round % 4); i++) {
            step += 1 + (int64_t)(next_random() % 40 == 0 ? next_random() % 300 : 0);
            value += (double)(next_random() % 90 == 0 ? next_random() % 100000 : 0);
            llmobsi_window_put(&window, step, 5 + value);
        }
        before = 5 + value;
        for (ago = 0; ago < 70000; ago += 0.25 + (double)(next_random() % 8) / 4) {
            double now = llmobsi_window_at(&window, ago);
            wrong += now > before || now < 5;
            before = now;
        }
        for (i = 0; i < 1000; i++) {
            negative += llmobsi_window_change(&window, (uint32_t)(next_random() % 65000),
                                              (uint32_t)(next_random() % 9000), NULL) < 0;
        }
    }
    is_int(wrong, 0, "the older, the less, and never less than the first");
    is_int(negative, 0, "no increase below 0");
}

/* ---- what is shown with a window ---- */

/* The worst error, in percent, of steady traffic that comes at one step of each gap, at all phases
   of the window. */
static double worst_percent(uint32_t span, uint32_t period)
{
    static double values[WORDS];
    double worst = 0;
    uint32_t phase;
    for (phase = 0; phase < 2; phase++) {
        int64_t step, phase_step = phase == 0 ? 1 : period - 1;
        llmobsi_window window;
        llmobsi_window_begin(&window, values, llmobsi_window_tiers(span * 10), 0, 0);
        for (step = 1; step < 2 * span + 400; step++) {
            double exact, error;
            llmobsi_window_put(&window, step, (double)((step + phase_step) / period));
            if (step <= span) {
                continue;
            }
            exact = (double)((step + phase_step) / period) -
                    (double)((step - span + phase_step) / period);
            error = llmobsi_window_increase(&window, span, 0, NULL) - exact;
            error = 100 * (error < 0 ? -error : error) / ((double)span / period);
            worst = error > worst ? error : worst;
        }
    }
    return worst;
}

static void test_percent(void)
{
    static const struct {
        uint32_t span, period;
        double percent;
    } shown[6] = {{30, 6, 0},      {180, 6, 3.34},   {360, 6, 1.67},
                  {8640, 90, 1.05}, {25920, 90, 0.35}, {60480, 360, 0.6}};
    int i;
    for (i = 0; i < 6; i++) {
        double percent = worst_percent(shown[i].span, shown[i].period);
        printf("# %.0f min: %.2f %%\n", shown[i].span / 6.0, percent);
        ok(percent <= shown[i].percent && percent >= shown[i].percent * 0.8,
           "steady traffic is off by what is told, and not much less");
    }
}

static void test_steady(void)
{
    static double values[WORDS];
    llmobsi_window window;
    int64_t step;
    int wrong = 0, i;
    llmobsi_window_begin(&window, values, 4, 1000, 0);
    for (step = 1001; step <= 70001; step++) {
        llmobsi_window_put(&window, step, (double)(step - 1000) * 90);
    }
    for (i = 0; i < 12; i++) {
        double increase = llmobsi_window_increase(&window, ranges[i], 7, NULL);
        double error = increase - ranges[i] * 90.0;
        wrong += error > 1e-6 || error < -1e-6;
    }
    for (i = 1; i < 4000; i += 7) { /* short histories: each tier's gap over the first step */
        uint32_t span = (uint32_t)i, ago;
        llmobsi_window_begin(&window, values, 4, 1003, 0);
        for (step = 1004; step <= 1003 + (int64_t)span; step++) {
            llmobsi_window_put(&window, step, (double)(step - 1003) * 90);
        }
        for (ago = 0; ago < span + 99; ago++) {
            double error = llmobsi_window_at(&window, ago + 0.5) -
                           (ago < span ? (double)(span - ago) * 90 - 45 : 0);
            wrong += error > 1e-6 || error < -1e-6;
        }
    }
    is_int(wrong, 0, "even traffic is told as it is, from its first step on");
}

/* A gauge by its running integral: also one below 0. */
static void test_gauge(void)
{
    static double values[WORDS];
    llmobsi_window window;
    double integral = 0;
    uint32_t covered;
    int64_t step;
    llmobsi_window_begin(&window, values, 3, 0, 0);
    for (step = 1; step <= 9000; step++) {
        double gauge = step > 9000 - 180 ? -7.5 : step > 9000 - 360 ? 2.5 : 1;
        llmobsi_window_put(&window, step, integral += gauge);
    }
    ok(llmobsi_window_change(&window, 180, 0, &covered) / covered == -7.5, "the average of 30 min");
    ok(llmobsi_window_change(&window, 360, 0, &covered) / covered == -2.5, "of an hour");
    ok(llmobsi_window_change(&window, 180, 180, &covered) / covered == 2.5, "of the one before");
    ok(llmobsi_window_change(&window, 720, 360, &covered) == 720 && covered == 720, "and before");
    ok(llmobsi_window_increase(&window, 180, 0, NULL) == 0, "no counter's increase is below 0");
    ok(llmobsi_window_change(&window, 9000, 100, &covered) > 0 && covered == 8900,
       "what is covered");
}

static void test_odd(void)
{
    static double values[WORDS];
    llmobsi_window window;
    uint32_t covered;
    llmobsi_window_begin(&window, values, 4, 100, 7);
    ok(llmobsi_window_at(&window, 0) == 7 && llmobsi_window_at(&window, 1e18) == 7, "the first");
    llmobsi_window_put(&window, 100, 9);
    ok(llmobsi_window_newest(&window) == 9, "is replaced in its own step");
    ok(llmobsi_window_increase(&window, 30, 0, &covered) == 2 && covered == 0,
       "and what came in it is not lost");
    llmobsi_window_put(&window, 50, 11);
    ok(llmobsi_window_newest(&window) == 11 && window.last == 100, "time does not go back");
    llmobsi_window_put(&window, 101, 0.0 / (window.last - 100));
    ok(llmobsi_window_newest(&window) == 11 && window.last == 101, "no number leaves the last");
    llmobsi_window_put(&window, INT64_C(9007199254740991), 20);
    ok(llmobsi_window_increase(&window, 1, 0, NULL) == 9 &&
           llmobsi_window_increase(&window, 60480, 0, NULL) == 9 &&
           llmobsi_window_increase(&window, 60480, 1, NULL) == 0,
       "after the longest jump the last value held");
    ok(llmobsi_window_at(&window, 1e300) == 11, "beyond all tiers the oldest value");
}

/* ---- out and back ---- */

static int same_windows(const llmobsi_window* a, const llmobsi_window* b)
{
    double ago;
    int wrong = a->last != b->last;
    for (ago = 0; ago < 62000; ago += 0.5 + ago / 100) {
        wrong += llmobsi_window_at(a, ago) != llmobsi_window_at(b, ago);
    }
    return wrong == 0;
}

static void fill(llmobsi_window* window, double* values, uint32_t tiers)
{
    int i;
    double value = 1;
    llmobsi_window_begin(window, values, tiers, (int64_t)(next_random() % 10000), value);
    for (i = 0; i < 2000; i++) {
        value += 1 + (double)(next_random() % 100);
        llmobsi_window_put(window, window->last + 1 + (int64_t)(next_random() % 100), value);
    }
}

static void restore(llmobsi_window* window, double* values, const llmobsi_window* from)
{
    uint32_t i;
    llmobsi_window_begin(window, values, from->tiers, from->first, 0);
    window->last = from->last;
    for (i = 0; i < llmobsi_window_words(from->tiers); i++) {
        *llmobsi_window_word(window, i) = *llmobsi_window_word(from, i);
    }
}

/* Each word made what it can't be. */
static int accepted_damages(llmobsi_window* window)
{
    const double damages[4] = {1.0 / 0.0, -1.0 / 0.0, 0.0 / 0.0,
                               llmobsi_window_newest(window) + 1};
    int accepted = 0;
    uint32_t i;
    for (i = 0; i < llmobsi_window_words(window->tiers); i++) {
        double* word = llmobsi_window_word(window, i);
        double was = *word;
        int damage;
        for (damage = 0; damage < 4; damage++) {
            *word = damages[damage];
            accepted += llmobsi_window_is_sound(window, true);
            accepted += damage < 3 && llmobsi_window_is_sound(window, false);
        }
        *word = 0.5; /* below all; only the very oldest may be less than it was */
        accepted += llmobsi_window_is_sound(window, true);
        *word = was;
    }
    return accepted;
}

static void test_restore(void)
{
    static double values[2][WORDS];
    llmobsi_window window, back;
    int different = 0, refused = 0, i;
    for (i = 0; i < 40; i++) {
        int later;
        fill(&window, values[0], (uint32_t)(i % 4) + 1);
        refused += !llmobsi_window_is_sound(&window, true);
        restore(&back, values[1], &window);
        refused += !llmobsi_window_is_sound(&back, true);
        different += !same_windows(&window, &back);
        for (later = 0; later < 50; later++) {
            int64_t step = window.last + (int64_t)(next_random() % 900);
            llmobsi_window_put(&window, step, (double)(1000000 + later));
            llmobsi_window_put(&back, step, (double)(1000000 + later));
            different += !same_windows(&window, &back);
        }
        different += llmobsi_window_word(&back, 0) != &values[1][(back.last + 1) % 36];
    }
    is_int(different, 0, "a window that went out comes back as it was, and goes on");
    is_int(refused, 0, "and is sound");
    for (i = 1; i <= 4; i++) {
        fill(&window, values[0], (uint32_t)i);
        /* The very oldest may be less; the newest may be more, where no other tier has it, too. */
        is_int(accepted_damages(&window), i == 1 || window.last % 6 != 0 ? 2 : 1,
               "what can't be is refused");
    }
    window.first = window.last + 1;
    ok(!llmobsi_window_is_sound(&window, true), "it begins before it ends");
    window.first = -1;
    ok(!llmobsi_window_is_sound(&window, true), "and at 0 or later");
}

int main(void)
{
    test_tiers();
    test_streams();
    test_reach();
    test_growth();
    test_percent();
    test_steady();
    test_gauge();
    test_odd();
    test_restore();
    return done();
}

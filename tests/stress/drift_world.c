/* DRIFT4's promises, in the world of tests/drift_world.h: false alarms at 1 % and the power to see
   shifts, over many baselines, since one baseline's error is in all of its windows.

     drift_world [BASELINES [A [PROTOTYPES [EMBEDDINGS]]]]        default 32, 0.5, 16, 1000 */
#define LLMOBS_IMPLEMENTATION
#include "../../llmobs.h"
#include "../tap.h"

#include "../drifting.h"
#include "../drift_world.h"

enum { SIZES = 4, SEED = 20260101 };

static const uint32_t sizes[SIZES] = {20, 50, 200, 1000};
static const int null_windows[SIZES] = {50, 50, 50, 32};  /* of a baseline */
static const int shift_windows[SIZES] = {10, 10, 10, 3};
static const int session_windows[SIZES] = {32, 32, 32, 0};

typedef struct tally {
    int windows;
    int alarms;
} tally;

static tally nulls[SIZES], sessions[SIZES], loose[SIZES], shifts[WORLD_SHIFTS][SIZES];

static double rate(const tally* t)
{
    return t->windows > 0 ? (double)t->alarms / t->windows : 0.0;
}

static void run(world* w, const llmobs_drift_baseline* baseline, llmobs_drift_window* window,
                tally* t, const world_shift* shift, uint32_t votes, int windows, uint32_t again,
                bool grouped)
{
    for (; windows > 0; windows--) {
        t->alarms += world_alarms(w, baseline, window, shift, votes, again, grouped);
        t->windows++;
    }
}

static void run_baseline(uint64_t seed, double a, uint32_t prototypes, uint32_t count)
{
    static world w;
    llmobs_drift_baseline* baseline;
    llmobs_drift_window* window;
    int s, i;
    world_make(&w, seed, a);
    baseline = world_fit(&w, count, prototypes);
    if (baseline == NULL) {
        printf("Bail out! no baseline\n");
        exit(1);
    }
    window = drift_window_new(baseline, 0);
    for (s = 0; s < SIZES; s++) {
        run(&w, baseline, window, &nulls[s], &world_no_shift, sizes[s], null_windows[s], 0, false);
        run(&w, baseline, window, &sessions[s], &world_no_shift, sizes[s], session_windows[s], 9,
            true);
        run(&w, baseline, window, &loose[s], &world_no_shift, sizes[s], session_windows[s] / 8, 9,
            false);
        for (i = 0; i < WORLD_SHIFTS; i++) {
            run(&w, baseline, window, &shifts[i][s], &world_shifts[i], sizes[s], shift_windows[s],
                0, false);
        }
    }
    free(window);
    free(baseline);
}

static double mean_power(int s)
{
    double sum = 0.0;
    int i;
    for (i = 0; i < WORLD_HEADLINES; i++) {
        sum += rate(&shifts[i][s]);
    }
    return sum / WORLD_HEADLINES;
}

static void print_row(const char* name, const tally* row)
{
    printf("# %-30s %6.4f %6.4f %6.4f %6.4f   of %d, %d, %d, %d windows\n", name, rate(&row[0]),
           rate(&row[1]), rate(&row[2]), rate(&row[3]), row[0].windows, row[1].windows,
           row[2].windows, row[3].windows);
}

static void print_table(void)
{
    int i;
    printf("# alarms at 1 %%, of votes            20     50    200   1000\n");
    print_row("nothing", nulls);
    print_row("sessions of 10, grouped", sessions);
    print_row("sessions of 10, not grouped", loose);
    for (i = 0; i < WORLD_SHIFTS; i++) {
        print_row(world_shifts[i].name, shifts[i]);
    }
    printf("# %-30s %6.4f %6.4f %6.4f %6.4f\n", "mean power of the first eight", mean_power(0),
           mean_power(1), mean_power(2), mean_power(3));
}

int main(int argc, char** argv)
{
    int baselines = argc > 1 ? atoi(argv[1]) : 32;
    double a = argc > 2 ? strtod(argv[2], NULL) : 0.5;
    uint32_t prototypes = argc > 3 ? (uint32_t)atoi(argv[3]) : 16;
    uint32_t count = argc > 4 ? (uint32_t)atoi(argv[4]) : 1000;
    int b, s;
    printf("# seed %d, %d baselines of %u embeddings, a = %.2g, %u prototypes\n", SEED, baselines,
           count, a, prototypes);
    world_begin(1);
    for (b = 0; b < baselines; b++) {
        run_baseline(SEED + (uint64_t)b * 1000003, a, prototypes, count);
    }
    print_table();
    for (s = 0; s < SIZES; s++) {
        ok(rate(&nulls[s]) >= 0.003 && rate(&nulls[s]) <= 0.025,
           "nothing has changed: between 0.3 and 2.5 % of the windows alarm");
        if (session_windows[s] > 0) {
            ok(rate(&sessions[s]) <= 0.03, "sessions that go on: 3 % at most");
        }
    }
    ok(mean_power(2) >= 0.90, "of 200 votes nine of ten shifts are seen");
    return done();
}

/* What alert rules cost: the windows of a counter. Read docs/performance.md first.

   An evaluation puts one value into each window, every 10 s, and asks it for the increases that its
   rule needs. So the targets are bounds, not floors: with a thousand windows of a week, which no
   cache keeps, a round of put and three questions is to stay below a quarter of a millisecond.

 * peers: none */
#define LLMOBS_IMPLEMENTATION
#include "llmobs.h"

#include "bench.h"

#define WINDOWS 1000u

static double values[WINDOWS][863];
static llmobsi_window windows[WINDOWS];
static int64_t now;
static double sum;

/* One window, the next step: in the processor's caches. */
static void put_body(void* context, uint32_t times)
{
    llmobsi_window* window = (llmobsi_window*)context;
    while (times-- > 0) {
        llmobsi_window_put(window, window->last + 1, (double)window->last);
    }
}

/* The ranges of a burn-rate rule and a week, whose start is between two snapshots. */
static void increase_body(void* context, uint32_t times)
{
    static const uint32_t spans[4] = {30, 360, 2161, 60481};
    const llmobsi_window* window = (const llmobsi_window*)context;
    while (times-- > 0) {
        sum += llmobsi_window_increase(window, spans[times % 4], 0, NULL);
    }
}

/* The next step of a thousand windows of a week, with what a rule asks of each. */
static void round_body(void* context, uint32_t times)
{
    (void)context;
    while (times-- > 0) {
        uint32_t i;
        now++;
        for (i = 0; i < WINDOWS; i++) {
            llmobsi_window_put(&windows[i], now, (double)now * i);
            sum += llmobsi_window_increase(&windows[i], 30, 0, NULL) +
                   llmobsi_window_increase(&windows[i], 361, 0, NULL) +
                   llmobsi_window_increase(&windows[i], 60481, 0, NULL);
        }
    }
}

/* A step after a week's silence: all of it is written. */
static void jump_body(void* context, uint32_t times)
{
    llmobsi_window* window = (llmobsi_window*)context;
    while (times-- > 0) {
        llmobsi_window_put(window, window->last + 100000, (double)window->last);
    }
}

static void bench_windows(void)
{
    static bench_set set;
    bench_case *put, *increase, *jump, *round;
    uint32_t i;
    for (i = 0; i < WINDOWS; i++) {
        llmobsi_window_begin(&windows[i], values[i], 4, 0, 0);
    }
    for (now = 0; now < 70000; now++) {
        llmobsi_window_put(&windows[0], now, (double)now);
    }
    for (i = 1; i < WINDOWS; i++) {
        memcpy(values[i], values[0], sizeof values[0]);
        windows[i].last = windows[0].last;
    }
    put = bench_add(&set, "window, put", put_body, &windows[0]);
    increase = bench_add(&set, "window, increase", increase_body, &windows[1]);
    jump = bench_add(&set, "window, put after a week", jump_body, &windows[2]);
    round = bench_add(&set, "1,000 windows, put and three increases", round_body, NULL);
    bench_run(&set);
    bench_print(put, 30);
    bench_print(increase, 30);
    bench_print(jump, 5000);
    bench_print(round, 250000);
    bench_keep(&sum);
    printf("# %zu bytes for a window of a week\n", sizeof values[0] + sizeof windows[0]);
}

int main(void)
{
    bench_windows();
    printf("# %u short\n", bench_short_count);
    return 0;
}

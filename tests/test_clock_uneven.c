/* Time on a processor whose cycles are no clock: another speed on each core, or none in deep sleep.
   Spans are stamped by the system's clock then. */
#if !defined(__x86_64__) && !defined(__i386__)
#include "llmobs_private.h"
#include "tap.h"

int main(void)
{
    skip("an uneven clock", "only x86 is asked whether its cycles are even");
    return done();
}
#else
#include <cpuid.h>
#include <stdbool.h>

/* What the processor says of itself. */
static unsigned highest_leaf;
static unsigned power_bits;
static int asked;

static int tell_cpuid(unsigned leaf, unsigned* a, unsigned* b, unsigned* c, unsigned* d)
{
    asked++;
    *a = leaf == 0x80000000u ? highest_leaf : 0;
    *b = *c = 0;
    *d = leaf == 0x80000007u ? power_bits : ~0u;
    return leaf <= highest_leaf;
}

#define __get_cpuid(leaf, a, b, c, d) tell_cpuid((leaf), (a), (b), (c), (d))
#define LLMOBS_IMPLEMENTATION
#include "llmobs.h"
#undef __get_cpuid
#include "tap.h"

#include "keeper.h"

#include <unistd.h>

#define INVARIANT (1u << 8)

static const struct {
    unsigned highest;
    unsigned bits;
    bool even;
    const char* what;
} processors[] = {
    {0x80000008u, INVARIANT, true, "an invariant counter"},
    {0x80000007u, INVARIANT, true, "the last leaf is read"},
    {0x80000008u, ~INVARIANT, false, "every other bit says nothing"},
    {0x80000006u, INVARIANT, false, "a processor that does not know the leaf"},
    {0, INVARIANT, false, "one without such leaves"},
};

enum { PROCESSORS = sizeof processors / sizeof processors[0], SPANS = 20, SLEEP_US = 2000 };

static void become(int number)
{
    highest_leaf = processors[number].highest;
    power_bits = processors[number].bits;
    asked = 0;
}

/* Spans of 2 ms each, one after the other; the first half before there was a tick. */
static void test_times(int number)
{
    llmobs_config config = llmobs_config_default();
    uint64_t begun = llmobsi_realtime_ns();
    uint64_t ended;
    keeper kept;
    size_t wrong = 0;
    size_t i;
    llmobs* obs;
    become(number);
    config.host_pumped = true;
    obs = open_kept(&config, &kept);
    ok(asked > 0, "the processor is asked");
    is_int(llmobsi_places[LLMOBS_I_PLACE(llmobsi_ticket(obs))].recorder->timeline.source,
           processors[number].even ? LLMOBS_I_TIME_CYCLES : LLMOBS_I_TIME_MONOTONIC,
           processors[number].what);
    for (i = 0; i < SPANS; i++) {
        llmobs_span span = llmobs_span_root(obs, "s");
        (void)usleep(SLEEP_US);
        llmobs_span_end(span);
        if (i == SPANS / 2) {
            (void)llmobs_tick(obs);
        }
    }
    (void)llmobs_flush(obs, 10000);
    ended = llmobsi_realtime_ns();
    is_int(kept.count, SPANS, "all spans arrive");
    for (i = 0; i < kept.count; i++) {
        const llmobs_span_view* span = &kept.spans[i];
        uint64_t length_ns = span->end_unix_ns - span->start_unix_ns;
        wrong += length_ns < (SLEEP_US - SLEEP_US / 10) * 1000u;
        wrong += span->start_unix_ns < begun - 1000000 || span->end_unix_ns > ended + 1000000;
        wrong += i > 0 && span->start_unix_ns < kept.spans[i - 1].end_unix_ns;
    }
    is_int(wrong, 0, "each took its time, and they follow one another");
    (void)close_kept(obs, &kept);
}

int main(void)
{
    int number;
    for (number = 0; number < PROCESSORS; number++) {
        test_times(number);
    }
    return done();
}
#endif

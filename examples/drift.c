/* Drift: a detector learns what a bot's answers are like, day by day, and says on which day they
   have changed. The embeddings are hashed triples of characters: they know spelling, no meaning,
   and need no model; take those of a real one. All answers are made up, from a seed.
       cc -I. examples/drift.c -o drift -pthread
       ./drift */
#define LLMOBS_IMPLEMENTATION
#include "llmobs.h"

#include <stdio.h>
#include <string.h>

#define SEED 2026u
#define DIMENSION 256
#define DAYS 14
#define CHANGED 11 /* from this day on a tenth of the answers is about something else */
#define ANSWERS 80 /* a day, each of a session of its own */

static uint32_t random_state = SEED;

static uint32_t draw(uint32_t below)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (uint32_t)(((uint64_t)random_state * below) >> 32);
}

/* An answer of a shop's bot, or of what became of it. */
static void answer(char* out, size_t size, bool changed)
{
    static const char* const begins[] = {"Your order ", "The parcel ", "We see that your return ",
                                         "Your refund ", "The invoice "};
    static const char* const ends[] = {"is on its way and arrives on Monday.",
                                       "was sent to the address that you gave us.",
                                       "has been booked; it takes three working days.",
                                       "is being looked at by a colleague of mine.",
                                       "can be seen in your account under payments."};
    static const char* const others[] = {
        "As a language model I cannot help with that request, sorry.",
        "I must not discuss this topic; please consult a professional."};
    if (changed && draw(10) == 0) {
        (void)snprintf(out, size, "%s", others[draw(2)]);
    } else {
        (void)snprintf(out, size, "%s%u %s", begins[draw(5)], 1000 + draw(9000), ends[draw(5)]);
    }
}

/* Each triple of characters is counted at a place that its hash says. */
static void embed(const char* text, float* values)
{
    memset(values, 0, DIMENSION * sizeof *values);
    for (size_t i = 0; i + 3 <= strlen(text); i++) {
        values[llmobs_drift_key(text + i, 3) % DIMENSION] += 1.0f;
    }
}

/* A day of a clock that is a variable. Yours is the system's. */
static uint64_t clock_now(void* user)
{
    return *(const uint64_t*)user;
}

/* llmobs_config.on_drift: the place to start the safety and quality tests from. */
static void print_drift(void* user, const llmobs_drift_report* report)
{
    printf("  drift: p %.1e (centroid %.1e, distance %.1e, topics %.1e, tail %.1e), the article's"
           " score %.3f\n",
           report->p, report->embeddings.p_centroid, report->embeddings.p_distance,
           report->embeddings.p_topic, report->embeddings.p_tail, report->score);
    *(unsigned*)user += 1;
}

static void add_day(llmobs_drift_detector detector, uint64_t day, bool changed)
{
    for (uint64_t i = 0; i < ANSWERS; i++) {
        llmobs_embedding embedding;
        float values[DIMENSION];
        char text[160];
        answer(text, sizeof text, changed);
        embed(text, values);
        memset(&embedding, 0, sizeof embedding);
        embedding.values = values;
        embedding.dimension = DIMENSION;
        embedding.id = day * ANSWERS + i + 1; /* of the answer and of its session: here as many */
        embedding.group = embedding.id;
        (void)llmobs_drift_add(detector, &embedding);
    }
}

int main(void)
{
    uint64_t now_ns = UINT64_C(1800000000) * 1000000000;
    unsigned told = 0;
    llmobs_config config = llmobs_config_default();
    llmobs_drift_info info = llmobs_drift_info_default();
    llmobs_drift_detector detector;
    llmobs* obs;
    config.clock.unix_ns = clock_now;
    config.clock.user = &now_ns;
    config.host_pumped = true; /* no thread makes runs: llmobs_drift_work does, below */
    config.drift_detectors = 1;
    config.drift_dimensions = DIMENSION;
    config.on_drift = print_drift;
    config.on_drift_user = &told;
    obs = llmobs_open(&config, NULL);
    info.name = "support";
    info.embedder = "hashed triples";
    detector = llmobs_drift_define(obs, &info, NULL);
    printf("seed %u; %d answers a day; the truth: from day %d on one in ten is another one\n", SEED,
           ANSWERS, CHANGED);
    for (int day = 1; day <= DAYS; day++) {
        llmobs_drift_report report;
        add_day(detector, (uint64_t)day, day >= CHANGED);
        now_ns += UINT64_C(86400) * 1000000000;
        (void)llmobs_drift_work(obs);
        memset(&report, 0, sizeof report);
        report.size = sizeof report;
        (void)llmobs_drift_read(detector, &report);
        printf("day %2d: %s\n", day, llmobs_drift_verdict_name(report.verdict));
    }
    (void)llmobs_close(obs);
    return told > 0 ? 0 : 1;
}

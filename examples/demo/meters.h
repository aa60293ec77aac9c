/* The metrics of the chain: tokens, the duration of each phase, guardrail triggers, sessions. */
#ifndef DEMO_METERS_H
#define DEMO_METERS_H

#include "guardrail.h"
#include "llmobs.h"
#include "model.h"
#include "terminal.h"

typedef enum phase {
    PHASE_RETRIEVAL,
    PHASE_PROMPT_ASSEMBLY,
    PHASE_MODEL_CALL,
    PHASE_GUARDRAILS,
    PHASE_COUNT,
    PHASE_WHOLE = PHASE_COUNT /* the request */
} phase;

/* Handles: found once, then used from any thread. */
typedef struct meters {
    llmobs* obs;
    llmobs_counter input;
    llmobs_counter output;
    llmobs_updown active;
    llmobs_histogram phases[PHASE_COUNT];       /* with the buckets that dashboards know       */
    llmobs_histogram durations[PHASE_WHOLE + 1]; /* exponential: the error of quantiles is known */
} meters;

/* Finds them. `feature` is whatever of an application asks. */
meters meters_open(llmobs* obs, const char* model, const char* feature);

/* Nanoseconds on a clock that does not go back. */
uint64_t meters_now(void);

/* Records how long a phase took that began at `since`, as part of a span; returns the time now. */
uint64_t meters_phase(const meters* with, phase ended, uint64_t since, llmobs_span span);

void meters_usage(const meters* with, const usage* used);
void meters_verdict(const meters* with, const verdict* found);

/* A table of what was recorded, read back from the metrics themselves. */
void meters_report(const meters* with, const terminal* on);

/* Writes all metrics as Prometheus text; false, after a message on stderr, if it can't be. */
bool meters_write(const meters* with, const char* path);

#endif

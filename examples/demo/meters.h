/* The metrics that the demo prints. Those of requests come from the library itself; durations with
   a known error of their quantiles are a metric of the demo's own. */
#ifndef DEMO_METERS_H
#define DEMO_METERS_H

#include "collector.h"
#include "llmobs.h"
#include "terminal.h"

enum { METERS_DURATIONS = 5 }; /* four phases and the whole */

/* Handles: found once, then used from any thread. */
typedef struct meters {
    llmobs* obs;
    llmobs_counter input; /* the library counts these two */
    llmobs_counter output;
    llmobs_histogram durations[METERS_DURATIONS];
} meters;

/* Finds them. `feature` is whatever of an application asks. */
meters meters_open(llmobs* obs, const char* model, const char* feature);

/* Records the durations of all spans that were collected. */
void meters_record(const meters* with, const collector* from);

/* A table of what was recorded, read back from the metrics themselves. */
void meters_report(const meters* with, const terminal* on);

/* Writes all metrics as Prometheus text; false, after a message on stderr, if it can't be. */
bool meters_write(const meters* with, const char* path);

/* Writes all alert rules for Prometheus, likewise. */
bool rules_write(llmobs* obs, const char* path);

#endif

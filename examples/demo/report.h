/* What the spans say, for people: a summary of all requests, and the waterfall of one. */
#ifndef DEMO_REPORT_H
#define DEMO_REPORT_H

#include "collector.h"
#include "terminal.h"

/* Requests, blocked ones by rule, latency by phase, tokens. */
void report_summary(const terminal* on, const collector* from);

/* The spans of one trace along its time, with their attributes. */
void report_waterfall(const terminal* on, const collector* from, const uint8_t trace_id[16]);

/* The root span of the request that took longest; NULL: there is none. */
const kept_span* report_slowest(const collector* from);

#endif

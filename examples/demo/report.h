/* What the spans say, for people: a summary of all requests, and the waterfall of one. */
#ifndef DEMO_REPORT_H
#define DEMO_REPORT_H

#include "collector.h"
#include "terminal.h"

/* Requests, blocked ones by rule, latency by phase, tokens. */
void report_summary(const terminal* on, const collector* from);

/* The spans of one request along its time, with their attributes. */
void report_waterfall(const terminal* on, const collector* from, const kept_span* root);

/* The same request as the library explains it: where the time went, where the tokens came from. */
void report_explanation(const terminal* on, llmobs* obs, const kept_span* root);

/* What this month's requests cost, by what, as the library has it. */
void report_costs(const terminal* on, llmobs* obs, llmobs_cost_by by);

/* The alerts that there are, as of the last evaluation. */
void report_alerts(const terminal* on, llmobs* obs);

/* The root span of the request that took longest; NULL: there is none. */
const kept_span* report_slowest(const collector* from);

#endif

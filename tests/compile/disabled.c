/* Built with -DLLMOBS_DISABLE and -DLLMOBS_IMPLEMENTATION: nothing is left of the library. */
#include <stdio.h>
#include <string.h>

#include "../../llmobs.h"
#include "life.h"

static int evaluated;

static const char* name(void)
{
    evaluated++;
    return "name";
}

/* What would be filled is cleared, whole; and what is not done is not said to be. */
static int privacy(void)
{
    uint32_t counts[LLMOBS_PII_COUNT];
    llmobs_redactor redactor;
    char out[8] = "x";
    size_t written = 99;
    int64_t nano = 99;
    int good;
    memset(counts, 1, sizeof counts);
    good = llmobs_redact(NULL, "a", 1, out, sizeof out, &written, counts) == LLMOBS_ERROR_FORMAT;
    good &= written == 0 && counts[0] == 0 && counts[LLMOBS_PII_COUNT - 1] == 0;
    llmobs_redactor_begin(&redactor, NULL, NULL, NULL);
    good &= !llmobs_redactor_feed(&redactor, "a", 1) && !llmobs_redactor_end(&redactor);
    good &= llmobs_redactor_counts(&redactor, NULL) == 0;
    good &= llmobs_pseudonym_verify(NULL, LLMOBS_DOMAIN_USER, NULL, "a", 1, "b") ==
            LLMOBS_ERROR_FORMAT;
    good &= llmobs_cost_header_usd("1", &nano) == LLMOBS_ERROR_FORMAT && nano == 99;
    return good;
}

static int estimates(void)
{
    llmobs_drift_counts counts;
    llmobs_drift_counts_report report;
    llmobs_estimate estimate;
    llmobs_share share;
    double low = 9.0, high = 9.0;
    int good;
    memset(&counts, 0, sizeof counts);
    memset(&estimate, 0, sizeof estimate);
    good = llmobs_drift_counts_compare(&counts, &counts, &report) == LLMOBS_ERROR_FORMAT;
    good &= llmobs_estimate_read(&estimate, 0.95, &share) == LLMOBS_ERROR_FORMAT && !share.known;
    good &= llmobs_estimate_strata(NULL, 0, 0.95, &share) == LLMOBS_ERROR_FORMAT;
    good &= llmobs_wilson(1.0, 2.0, 0.95, &low, &high) == LLMOBS_ERROR_FORMAT;
    return good & (low <= 0.0 && high <= 0.0);
}

int main(void)
{
    llmobs_result result = LLMOBS_ERROR_MEMORY;
    llmobs_config config = llmobs_config_default();
    llmobs* obs = llmobs_open(&config, &result);
    llmobs_span span = llmobs_span_root(obs, name());
    llmobs_stats stats;
    memset(&stats, 1, sizeof stats);
    stats.size = sizeof stats;
    llmobs_span_set_string(span, "key", name());
    (void)llmobs_stats_read(obs, &stats);
    llmobs_span_end(span);
    printf("%d %d %d %d %d\n", obs == NULL, evaluated, span.generation == 0, stats.started == 0,
           life());
    return obs == NULL && evaluated == 2 && span.generation == 0 && stats.started == 0 &&
                   result == LLMOBS_OK && life() == -1 && privacy() && estimates()
               ? 0
               : 1;
}

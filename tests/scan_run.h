/* What the tests of the scanner share: findings as a text, and streams. */
#ifndef SCAN_RUN_H
#define SCAN_RUN_H

#include "scan_cases.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Findings, as many as are kept; `told` counts all. */
typedef struct scan_log {
    llmobs_finding findings[4096];
    size_t count;
    uint64_t told;
} scan_log;

static inline bool scan_log_found(void* user, const llmobs_finding* finding)
{
    scan_log* log = (scan_log*)user;
    log->told++;
    if (log->count < sizeof log->findings / sizeof log->findings[0]) {
        log->findings[log->count++] = *finding;
    }
    return true;
}

static inline void scan_once(scan_log* log, const llmobs_scan_rules* rules, const char* text,
                             size_t size)
{
    log->count = 0;
    log->told = 0;
    (void)llmobs_scan(rules, text, size, scan_log_found, log);
}

/* In chunks that end at the given places, and at the text's end. */
static inline void scan_chunks(scan_log* log, const llmobs_scan_rules* rules, const char* text,
                               size_t size, const size_t* places, size_t place_count)
{
    llmobs_scanner* scanner = (llmobs_scanner*)malloc(sizeof *scanner);
    size_t i, from = 0;
    log->count = 0;
    log->told = 0;
    llmobs_scanner_begin(scanner, rules, scan_log_found, log);
    for (i = 0; i <= place_count; i++) {
        size_t to = i < place_count ? places[i] : size;
        /* A copy of its own: what is read beside it is seen by the sanitizer. */
        char* chunk = (char*)malloc(to > from ? to - from : 1);
        if (to > from) {
            memcpy(chunk, text + from, to - from);
        }
        llmobs_scanner_feed(scanner, chunk, to - from);
        free(chunk);
        from = to;
    }
    (void)llmobs_scanner_end(scanner);
    free(scanner);
}

/* In equal chunks. */
static inline void scan_steps(scan_log* log, const llmobs_scan_rules* rules, const char* text,
                              size_t size, size_t step)
{
    size_t* places = (size_t*)malloc((size / step + 1) * sizeof *places);
    size_t count = 0, i;
    for (i = step; i < size; i += step) {
        places[count++] = i;
    }
    scan_chunks(log, rules, text, size, places, count);
    free(places);
}

static inline bool scan_same(const scan_log* a, const scan_log* b)
{
    size_t i;
    if (a->told != b->told || a->count != b->count) {
        return false;
    }
    for (i = 0; i < a->count; i++) {
        const llmobs_finding *x = &a->findings[i], *y = &b->findings[i];
        if (x->offset != y->offset || x->size != y->size || x->pii != y->pii ||
            x->is_local != y->is_local || x->name != y->name) {
            return false;
        }
    }
    return true;
}

/* The text with each finding as [CLASS:text]. */
static inline const char* scan_show(const scan_log* log, const char* text, size_t size)
{
    static char out[65536];
    size_t at = 0, i, length = 0;
    for (i = 0; i < log->count; i++) {
        const llmobs_finding* one = &log->findings[i];
        length += (size_t)snprintf(out + length, sizeof out - length, "%.*s[%s:%.*s]",
                                   (int)(one->offset - at), text + at, llmobs_pii_name(one->pii),
                                   (int)one->size, text + one->offset);
        at = (size_t)(one->offset + one->size);
    }
    snprintf(out + length, sizeof out - length, "%.*s", (int)(size - at), text + at);
    return out;
}

/* A piece that the recognisers know, or one of what separates them. */
static inline const char* scan_piece(uint64_t random, const char* const* glue, size_t glue_count)
{
    if (random % 16 == 0) {
        return secret_cases[(random >> 8) % SECRET_CASE_COUNT].text;
    }
    return random % 3 == 0 ? scan_cases[(random >> 8) % SCAN_CASE_COUNT].text
                           : glue[(random >> 8) % glue_count];
}

#endif

/* prometheus-cpp's side of bench_metric.c, which is C: a registry with the metrics that are
   compared, and loops over its calls: bodies, as bench.h calls them. */
#ifndef PEER_PROMETHEUS_H
#define PEER_PROMETHEUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PEER_LABELS 4

#ifdef __cplusplus
extern "C" {
#endif

/* What the loops read. All of it stays the caller's. */
typedef struct peer_plan {
    const char* const* labels;             /* names, PEER_LABELS of them */
    const char* const (*sets)[PEER_LABELS]; /* label values of the series */
    size_t set_count;
    const uint32_t* order; /* in which sets are looked up: a power of two of places */
    uint32_t order_mask;
    const double* bounds;
    size_t bound_count;
    const double* values; /* to observe: a power of two of them */
    uint32_t value_mask;
} peer_plan;

void peer_open(const peer_plan* plan);

void peer_increment(void* unused, uint32_t times);
void peer_observe(void* unused, uint32_t times);
void peer_observe_one(void* unused, uint32_t times);   /* the same value again and again */
void peer_lookup_hot(void* unused, uint32_t times);    /* set 0 of few, from strings */
void peer_lookup_kept(void* unused, uint32_t times);   /* the same, by a Labels made beforehand */
void peer_lookup_many(void* unused, uint32_t times);   /* sets of all in that order */
void peer_expose(void* unused, uint32_t times);        /* Collect and TextSerializer */

/* What came of it. */
bool peer_is_complete(void);     /* every increment and observation was counted */
size_t peer_text_size(void); /* of the last exposition */
size_t peer_text_lines(void);

#ifdef __cplusplus
}
#endif

#endif

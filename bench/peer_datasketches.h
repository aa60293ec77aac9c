/* Apache DataSketches' side of bench_top.c, which is C: frequent items, HyperLogLog. */
#ifndef PEER_DATASKETCHES_H
#define PEER_DATASKETCHES_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct peer_bracket {
    uint64_t low;
    uint64_t high;
} peer_bracket;

/* Some frequent-items sketches, each with 3/4 of 2^lg_size counters. */
void* peer_top_open(unsigned lg_size);
void peer_top_close(void* top);
void peer_top_add(void* top, const uint64_t tag[2], uint64_t weight);
peer_bracket peer_top_estimate(const void* top, const uint64_t tag[2]);
uint64_t peer_top_total(const void* top);

/* One HyperLogLog of 2^12 registers of 8 bits. */
void peer_unique_add(uint64_t hash);
double peer_unique_estimate(void);

#ifdef __cplusplus
}
#endif

#endif

/* moodycamel::ConcurrentQueue's side of bench_queue.c, which is C. */
#ifndef PEER_MOODYCAMEL_H
#define PEER_MOODYCAMEL_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Messages of 8 or 64 bytes whose words are `from`, `from + 1`, ... : puts so many in, waiting
   where it is full; takes so many out, and returns the sum of their last words; does both in
   turns. */
void peer_produce(uint32_t bytes, uint64_t from, uint32_t times);
uint64_t peer_consume(uint32_t bytes, uint32_t times);
uint64_t peer_pairs(uint32_t bytes, uint64_t from, uint32_t times);

#ifdef __cplusplus
}
#endif

#endif

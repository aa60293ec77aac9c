/* Random numbers that are the same in every run: splitmix64. A test that wants a sequence of its
   own defines RANDOM_SEED before it includes this. */
#ifndef RANDOM_H
#define RANDOM_H

#include <stdint.h>

#ifndef RANDOM_SEED
#define RANDOM_SEED 1
#endif

static uint64_t random_state = RANDOM_SEED;

static inline uint64_t next_random(void)
{
    uint64_t z = (random_state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

#endif

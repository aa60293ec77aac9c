/* Users and weights as traffic has them, the same in every run: who it is by Zipf's law (of `count`
   users, user 0 is the most frequent, and user n comes (n + 1)^-shape times as often), and how
   heavy by a lognormal distribution. Random numbers are splitmix64 of the seed, so that a seed
   says all. Tests and benches link with libm. */
#ifndef ZIPF_H
#define ZIPF_H

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

typedef struct zipf {
    uint64_t state;
    uint32_t count;
    double* sums; /* of the frequencies of users 0 to n */
} zipf;

/* A good hash of a number: splitmix64's. */
static inline uint64_t zipf_mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static inline uint64_t zipf_random(zipf* z)
{
    z->state += UINT64_C(0x9e3779b97f4a7c15);
    return zipf_mix(z->state);
}

/* From 0 to less than 1. */
static inline double zipf_uniform(zipf* z)
{
    return (double)(zipf_random(z) >> 11) / 9007199254740992.0;
}

static inline zipf zipf_make(uint32_t count, double shape, uint64_t seed)
{
    zipf z = {seed, count, (double*)malloc(count * sizeof(double))};
    double sum = 0.0;
    uint32_t i;
    if (z.sums == NULL) {
        abort();
    }
    for (i = 0; i < count; i++) {
        sum += pow((double)i + 1.0, -shape);
        z.sums[i] = sum;
    }
    return z;
}

static inline void zipf_free(zipf* z)
{
    free(z->sums);
    z->sums = NULL;
}

/* The next user: the first whose sum is above a random part of the last one. */
static inline uint32_t zipf_next(zipf* z)
{
    double at = zipf_uniform(z) * z->sums[z->count - 1];
    uint32_t low = 0;
    uint32_t high = z->count - 1;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (z->sums[middle] > at) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

/* exp(normal * sigma) * median, by Box and Muller. */
static inline double zipf_lognormal(zipf* z, double median, double sigma)
{
    double radius = sqrt(-2.0 * log(1.0 - zipf_uniform(z)));
    return median * exp(sigma * radius * cos(6.283185307179586 * zipf_uniform(z)));
}

#endif

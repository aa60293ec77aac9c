/* Vectors for drift scores, as tests/golden/drift_score.py makes them: from whole numbers, so that
   each is exact, and the same everywhere. It needs the implementation. */
#ifndef DRIFT_VECTORS_H
#define DRIFT_VECTORS_H

#include <stdint.h>
#include <stdlib.h>

typedef struct golden_score {
    int kind;
    uint64_t seed;
    size_t rows[2]; /* of the baseline, of what is current */
    size_t columns;
    int is_double;
    uint64_t bits[5];
} golden_score;

#include "golden/drift_score.h"

#define GOLDEN_SCORES (sizeof(golden_scores) / sizeof(golden_scores[0]))

/* Bits of the center, of the difference between the two sides, of noise; power of two. */
static const int drift_kinds[9][4] = {
    {48, 0, 48, -48},   {48, 47, 48, -48},  {0, 0, 50, -50},
    {48, 40, 46, 200},  {48, 40, 46, -300}, {48, 40, 46, -312},
    {48, 30, 0, -48},   {48, 44, 20, -48},  {48, 44, 50, -48}};

static inline uint64_t drift_mix(uint64_t seed, uint64_t index)
{
    uint64_t z = seed + (index + 1) * UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* So many bits, with a sign. */
static inline int64_t drift_signed(uint64_t seed, uint64_t index, int bits)
{
    int64_t half = INT64_C(1) << (bits - 1);
    return (int64_t)((drift_mix(seed, index) ^ (UINT64_C(1) << 63)) >> (64 - bits)) - half;
}

static inline double drift_value(const golden_score* of, unsigned side, size_t index)
{
    const int* kind = drift_kinds[of->kind];
    size_t column = index % of->columns;
    int64_t whole = 0;
    int power = kind[3];
    if (kind[0] != 0) {
        whole += drift_signed(of->seed, column, kind[0]);
    }
    if (kind[1] != 0 && side != 0) {
        whole += drift_signed(of->seed + 1, column, kind[1]);
    }
    if (kind[2] != 0) {
        whole += drift_signed(of->seed + 2 + side, index, kind[2]);
    }
    if (of->kind == 8) {
        power += (int)(drift_mix(of->seed + 4 + side, index) >> 59) - 16;
    }
    return llmobsi_times((double)whole, llmobsi_power_of_two(power));
}

/* The rows of one side, one after the other, to be freed. */
static inline llmobs_vectors drift_vectors(const golden_score* of, unsigned side)
{
    size_t count = of->rows[side] * of->columns, i;
    double* doubles = (double*)malloc(count * sizeof(double));
    float* floats = (float*)(void*)doubles;
    for (i = 0; i < count; i++) {
        double value = drift_value(of, side, i);
        if (of->is_double) {
            doubles[i] = value;
        } else {
            float rounded = (float)value;
            memcpy(floats + i, &rounded, sizeof(rounded));
        }
    }
    return of->is_double ? llmobs_vectors_of_doubles(doubles, of->rows[side], of->columns)
                         : llmobs_vectors_of_floats(floats, of->rows[side], of->columns);
}

static inline void drift_free(llmobs_vectors* vectors)
{
    free((void*)(uintptr_t)vectors->data);
}

#endif

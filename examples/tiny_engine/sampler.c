#include "sampler.h"

#include "model.h"

#include <math.h>
#include <stdlib.h>

typedef struct choice {
    float part;
    uint32_t token;
} choice;

static int by_part(const void* a, const void* b)
{
    const choice* one = (const choice*)a;
    const choice* other = (const choice*)b;
    if (one->part < other->part || one->part > other->part) {
        return one->part < other->part ? 1 : -1;
    }
    return one->token < other->token ? -1 : 1;
}

static uint32_t likeliest(const float* logits)
{
    uint32_t best = 0;
    for (uint32_t i = 1; i < VOCABULARY; i++) {
        best = logits[i] > logits[best] ? i : best;
    }
    return best;
}

/* From 0 up to `below`: SplitMix64. */
static float draw(uint64_t* state, float below)
{
    uint64_t mixed = (*state += UINT64_C(0x9e3779b97f4a7c15));
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    mixed ^= mixed >> 31;
    return below * (float)((double)(mixed >> 40) / 16777216.0);
}

/* The token at which the sum of the parts passes what was drawn. */
static uint32_t choose(sampler* with, const choice* choices, size_t count, float sum)
{
    float left = draw(&with->random, sum);
    for (size_t i = 0; i + 1 < count; i++) {
        left -= choices[i].part;
        if (left < 0) {
            return choices[i].token;
        }
    }
    return choices[count - 1].token;
}

uint32_t sampler_choose(sampler* with, float* logits)
{
    choice choices[VOCABULARY];
    uint32_t best = likeliest(logits);
    float most = logits[best];
    float sum = 0;
    size_t count = VOCABULARY;
    if (with->temperature <= 0) {
        return best;
    }
    for (uint32_t i = 0; i < VOCABULARY; i++) {
        choices[i].part = expf((logits[i] - most) / with->temperature);
        choices[i].token = i;
        sum += choices[i].part;
    }
    if (with->top_p < 1) {
        float kept = 0;
        qsort(choices, VOCABULARY, sizeof choices[0], by_part);
        for (count = 0; count < VOCABULARY && kept < with->top_p * sum; count++) {
            kept += choices[count].part;
        }
        count = count > 0 ? count : 1;
        sum = kept;
    }
    return choose(with, choices, count, sum);
}

size_t sampler_draft(const uint16_t* tokens, size_t count, uint16_t* to, size_t most)
{
    for (size_t at = count; at > 2 && count >= 3; at--) {
        /* The pair that ends at `at - 1`, before the last one. */
        if (at < count && tokens[at - 2] == tokens[count - 2] &&
            tokens[at - 1] == tokens[count - 1]) {
            size_t drafted = 0;
            while (drafted < most && at + drafted < count) {
                to[drafted] = tokens[at + drafted];
                drafted++;
            }
            return drafted;
        }
    }
    return 0;
}

/* From logits to a token, and guesses at the next ones. */
#ifndef TINY_SAMPLER_H
#define TINY_SAMPLER_H

#include <stddef.h>
#include <stdint.h>

typedef struct sampler {
    float temperature; /* 0: greedy, the likeliest token                             */
    float top_p;       /* of the likeliest tokens that have this much together; 1: all */
    uint64_t random;   /* its state: one number a token                              */
} sampler;

/* `logits` are spoiled. */
uint32_t sampler_choose(sampler* with, float* logits);

/* Guesses what follows by what followed the last two tokens when they were there before: at most
   `most` tokens, written to `to`. Returns how many. */
size_t sampler_draft(const uint16_t* tokens, size_t count, uint16_t* to, size_t most);

#endif

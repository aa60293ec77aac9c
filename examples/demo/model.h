/* The model: a stand-in, so that nothing must be downloaded. It has a real one's interface: a
   prompt goes in, tokens stream out, the usage comes last. To use a real one, replace model.c. */
#ifndef DEMO_MODEL_H
#define DEMO_MODEL_H

#include "text.h"

#include <stdint.h>

/* Read-only while calls run: any number of threads may share one. */
typedef struct language_model {
    const char* name;
    uint64_t seed;            /* the same seed and prompt give the same answer */
    double tokens_per_second; /* 0: as fast as it can                          */
} language_model;

typedef struct usage {
    size_t prompt_tokens;
    size_t completion_tokens;
} usage;

/* Gets the next piece of the answer. */
typedef void (*model_token_fn)(void* user, const char* data, size_t size);

usage model_call(const language_model* with, const char* prompt, model_token_fn on_token,
                 void* user);

#endif

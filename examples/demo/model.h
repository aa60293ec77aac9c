/* The model: a prompt goes in, tokens stream out, the usage comes last. Either the stand-in, so
   that nothing must be downloaded (ngram.c), or a real one behind a server (endpoint.c). */
#ifndef DEMO_MODEL_H
#define DEMO_MODEL_H

#include "llmobs.h"
#include "prompt.h"

#include <stdint.h>

typedef struct endpoint endpoint;

/* Read-only while calls run: any number of threads may share one. */
typedef struct language_model {
    const char* name;
    const char* provider;
    const endpoint* remote;   /* NULL: the stand-in                            */
    uint64_t seed;            /* the same seed and prompt give the same answer */
    double tokens_per_second; /* 0: as fast as it can                          */
} language_model;

/* Told while a call runs, on its thread. */
typedef struct model_listener {
    /* The next piece of the answer; size 0: a token that is not shown, of reasoning. */
    void (*token)(void* user, const char* data, size_t size);
    /* The call is made once more; `why` is an error type. */
    void (*retry)(void* user, const char* why);
    void* user;
} model_listener;

enum { MODEL_NAME_SIZE = 64 };

typedef struct model_reply {
    llmobs_usage usage;
    const char* finish_reason; /* of a fixed list, as error_type is; NULL: it did not say */
    const char* error_type;    /* NULL: all went well                                     */
    char name[MODEL_NAME_SIZE]; /* of the model that answered, as the server says          */
} model_reply;

/* `traceparent` goes with the call to a server. */
model_reply model_call(const language_model* with, const prompt* said, const char* traceparent,
                       const model_listener* to);

/* Nothing is known of it yet. */
model_reply model_reply_begin(void);

#endif

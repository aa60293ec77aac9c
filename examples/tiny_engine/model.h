/* A transformer of bytes: embedding, and in each layer RMSNorm, attention with rotary positions and
   a KV cache, RMSNorm, a SwiGLU feed-forward net; logits at the end. Plain C, one thread. */
#ifndef TINY_MODEL_H
#define TINY_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TOKEN_END = 256, /* the other tokens are bytes */
    VOCABULARY = 257
};

typedef struct model_shape {
    uint32_t layers;
    uint32_t width;   /* of what goes from layer to layer: a multiple of 2 * heads */
    uint32_t heads;
    uint32_t hidden;  /* of the feed-forward net                                   */
    uint32_t context; /* tokens that a sequence may have                           */
} model_shape;

/* Read-only while it is used: any number of threads may share one. */
typedef struct model {
    model_shape shape;
    float* weights; /* one block, in the order of the file; what follows points into it */
    const float* embedding; /* VOCABULARY x width        */
    const float* layers;    /* one after the other       */
    const float* last_norm; /* width                     */
    const float* output;    /* VOCABULARY x width        */
    float* turns; /* of rotary positions: context x width / heads / 2 cosines and sines */
} model;

/* False, after a message on stderr: no memory, or no such shape. Weights are random by the seed. */
bool model_make(model* to, const model_shape* shape, uint64_t seed);

/* A file of weights, all of it little-endian: the 8 bytes "tinyeng1", the shape's five numbers as
   uint32, and each weight as a float of 32 bits: embedding; for each layer attention's norm, query,
   key, value, output, the net's norm, gate, up, down; the last norm; output. Matrices are rows of
   what they take. False, after a message on stderr. */
bool model_load(model* to, const char* path);
bool model_save(const model* from, const char* path);

void model_free(model* of);

/* The keys and values of one sequence. NULL: no memory. */
float* model_cache_make(const model* of);

/* One token of one sequence. */
typedef struct model_row {
    uint32_t token;
    uint32_t position; /* all before it are in the cache, or in rows before this one */
    float* cache;
    float* logits; /* VOCABULARY of them go here; NULL: they are not asked for */
} model_row;

/* Memory of one forward pass of at most so many rows: one each for threads that run at one time. */
typedef struct model_work {
    float* memory;
    size_t most;
} model_work;

bool model_work_make(model_work* to, const model* of, size_t most);
void model_work_free(model_work* of);

/* One pass for all rows together: each weight is read once for all of them. */
void model_forward(const model* with, model_work* work, const model_row* rows, size_t count);

#endif

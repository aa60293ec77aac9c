/* The engine: requests wait in a queue, slots serve them, and one thread decodes for all slots in
   one batch. This is the file to copy from: each line that records is marked so: llmobs. */
#ifndef TINY_ENGINE_H
#define TINY_ENGINE_H

#include "llmobs.h" /* llmobs */
#include "model.h"
#include "sampler.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ENGINE_MODEL "tiny"

typedef enum finish { FINISH_STOP, FINISH_LENGTH, FINISH_CANCELLED, FINISH_ERROR, FINISHES } finish;
extern const char* const finish_names[FINISHES];

/* A request. Its memory is the submitter's, and stays until `done`. */
typedef struct task {
    /* The submitter's: set before engine_submit. */
    const unsigned char* prompt;
    size_t prompt_size;
    size_t tokens_most;
    sampler sampling;
    unsigned char* output;  /* room for tokens_most bytes */
    llmobs_request request; /* llmobs */
    llmobs_span phase;      /* llmobs: the submitter's, and then the engine's */
    atomic_bool gone;       /* the submitter no longer wants it, and has ended it */
    /* The engine's, read by the submitter under the engine's lock. */
    size_t made;   /* tokens of the answer, its end included */
    size_t cached; /* tokens of the prompt that were in the slot's cache */
    size_t drafted;
    size_t accepted;
    size_t steps; /* that served it */
    finish how;
    bool done;
    bool waited; /* no slot was free when it came */
    struct task* next;
} task;

typedef struct slot {
    task* serves; /* NULL: it is free, and its tokens are a cache of prefixes */
    float* cache;
    uint16_t* tokens; /* prompt and answer                              */
    size_t count;
    size_t computed; /* of these: their keys and values are in the cache */
    size_t row;      /* its first one in this step's batch              */
    size_t rows;     /* without drafts                                  */
    size_t drafts;   /* rows behind these                               */
} slot;

/* What the engine itself counts: the truth that llmobs is held against. */
typedef struct engine_counts {
    uint64_t steps;
    uint64_t rows;          /* tokens that went through the model         */
    uint64_t served;        /* requests in steps: links                   */
    uint64_t generated;     /* tokens, those of requests that left too    */
    uint64_t late;          /* of these: the client was seen to have gone */
    uint64_t drafts;
    uint64_t drafted;
    uint64_t accepted;
    uint64_t waited;        /* requests that found no slot free           */
    size_t cells_most;      /* of the KV cache                            */
} engine_counts;

typedef struct engine {
    const model* with;
    llmobs_engine watch; /* llmobs */
    model_work work;
    model_row* rows;
    float* logits;
    size_t batch; /* rows of a step, at most */
    size_t speculate; /* tokens that are drafted; 0: none */
    slot* slots;
    size_t slot_count;
    llmobs_request* requests; /* llmobs: those of a step */
    engine_counts counts;     /* the engine's thread's; read when it has ended */
    pthread_t thread;
    pthread_mutex_t lock; /* of what follows, and of tasks */
    pthread_cond_t work_is_there;
    pthread_cond_t tokens_are_there;
    task* first; /* of the queue */
    task* last;
    bool stop;
} engine;

/* False: no memory. `batch` is at least `slots`. */
bool engine_make(engine* to, const model* with, size_t slots, size_t batch, size_t speculate,
                 llmobs* obs);
void engine_free(engine* of);

/* Of all slots' caches: tokens. */
size_t engine_cells(const engine* of);

/* The engine's thread, from here to there. */
bool engine_start(engine* of);
void engine_stop(engine* of); /* when all tasks are done */

/* Any thread. */
void engine_submit(engine* to, task* what);

/* Any thread: waits until the task is done, or has `tokens`. Returns how many it has. */
size_t engine_wait(engine* of, task* what, size_t tokens);

/* One step, on the engine's thread. False: there is nothing to do. */
bool engine_step(engine* of);

#endif

/* What the models (model_*.c: llmobs compiled with LLMOBS_ATOMICS, and a few threads that use it)
   and the engine (engine.cpp: relacy, which plays those threads against each other under C11's
   memory model) know of each other. */
#ifndef MODEL_H
#define MODEL_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MODEL_THREADS 4 /* the most that a model may have */

typedef enum model_order {
    MODEL_NONE,
    MODEL_RELAXED,
    MODEL_ACQUIRE,
    MODEL_RELEASE,
    MODEL_ACQ_REL,
    MODEL_SEQ_CST
} model_order;

/* One atomic operation of the source. The linker puts them all in a row. */
typedef struct model_site {
    const char* function;
    const char* text; /* load_acquire(&pool->given) */
    int line;
    model_order order;
    model_order failure; /* of a compare-and-swap that fails; else MODEL_NONE */
    unsigned ordinal;    /* of equal ones in one function: 1, 2, ... The engine fills it in. */
    unsigned long hits;
} __attribute__((aligned(64))) model_site;

/* The threads of one model. `before` and `after` run alone. */
typedef struct model_scenario {
    const char* name;
    const char* what; /* the invariant, in words */
    void (*before)(void);
    void (*run[MODEL_THREADS])(void);
    void (*after)(void);
} model_scenario;

extern const model_scenario model_scenarios[]; /* ends with a NULL name */
extern void** model_tls(void);                 /* llmobsi_self, which every thread has its own of */
extern uint32_t* model_endings(void);          /* and llmobsi_endings */

uint64_t model_load(const void* place, size_t size, model_site* site);
void model_store(void* place, size_t size, uint64_t value, model_site* site);
uint64_t model_exchange(void* place, size_t size, uint64_t value, model_site* site);
uint64_t model_add(void* place, size_t size, uint64_t value, model_site* site);
int model_cas(void* place, size_t size, void* expected, uint64_t value, model_site* site);

void model_membarrier(void);
int model_yield(void);
int model_lock(void* mutex);
int model_unlock(void* mutex);
unsigned model_thread(void);       /* the number of this one */
unsigned model_random(unsigned n); /* below n; the same whenever an iteration is run again */

/* Memory that is read or written by other means than the compiler's. */
void model_reads(const void* memory, size_t size);
void model_writes(void* memory, size_t size);

/* Ends the iteration, and the whole run, as failed. */
void model_fail(const char* why);

/* What a model is to do wrong (--fault N), so that it can be seen to be seen; 0: nothing. */
extern unsigned model_fault;

/* Called after each atomic load (a compare-and-swap that fails is one), where set: sees what the
   thread has just been told. */
extern void (*model_loaded)(const void* place, uint64_t value, const model_site* site);

#ifdef __cplusplus
}
#endif
#endif

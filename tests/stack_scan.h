/* For tests of what stays on a stack: a body runs on a stack of ours, which is then looked through,
   as it is at the end and as it was when the body, or a callback of its, called stack_keep. Include
   it after llmobs.h. Under a sanitizer, which has stacks of its own, nothing is to be seen: ask
   STACK_UNSEEN first. */
#ifndef STACK_SCAN_H
#define STACK_SCAN_H

#include <pthread.h>
#include <stdlib.h>

#include "sanitized.h"

/* 1: nothing is to be seen here, for this reason. Windows and WebAssembly give a thread no stack of
   ours. */
#if defined(_WIN32) || defined(__EMSCRIPTEN__)
#define STACK_UNSEEN 1
#define STACK_UNSEEN_WHY "no thread runs on a stack of ours"
#else
#define STACK_UNSEEN SANITIZED
#define STACK_UNSEEN_WHY "a sanitizer has stacks of its own"
#endif

enum { STACK_BYTES = 1 << 18 };

typedef struct stack_needle {
    uint8_t bytes[64];
    size_t size;
} stack_needle;

typedef struct stack_body {
    void* (*run)(void*);
    void* argument;
} stack_body;

static uint8_t* stack_memory;            /* that a body is running on */
static uint8_t stack_kept[STACK_BYTES]; /* as it was */

static inline void stack_needle_set(stack_needle* needle, const void* bytes, size_t size)
{
    memcpy(needle->bytes, bytes, size);
    needle->size = size;
}

/* Far down the stack, where nothing that ends a thread writes over what the body left. */
static void* stack_run_deep(void* argument)
{
    const stack_body* body = (const stack_body*)argument;
    char room[32768];
    __asm__ __volatile__("" : : "r"(room) : "memory");
    (void)body->run(body->argument);
    __asm__ __volatile__("" : : "r"(room) : "memory");
    return NULL;
}

/* Later calls of a deep body may write over what an earlier one left: this keeps it. */
static inline void stack_keep(void)
{
    memcpy(stack_kept, stack_memory, STACK_BYTES);
}

static inline long stack_look(const uint8_t* stack, const stack_needle* needles, size_t count)
{
    size_t at, i;
    for (at = 0; at < STACK_BYTES; at++) {
        for (i = 0; i < count; i++) {
            if (STACK_BYTES - at >= needles[i].size &&
                memcmp(stack + at, needles[i].bytes, needles[i].size) == 0) {
                return (long)i;
            }
        }
    }
    return -1;
}

/* Runs the body and says which of the needles lies on its stack afterwards: its number, -1 where
   none does, -2 where it could not be run. */
static inline long stack_finds(void* (*run)(void*), void* argument, const stack_needle* needles,
                               size_t count)
{
    stack_body body = {run, argument};
    pthread_attr_t attributes;
    pthread_t thread;
    long found = -2;
    stack_memory = (uint8_t*)aligned_alloc(4096, STACK_BYTES);
    if (stack_memory == NULL) {
        return found;
    }
    memset(stack_memory, 0, STACK_BYTES);
    memset(stack_kept, 0, STACK_BYTES);
    pthread_attr_init(&attributes);
    if (!STACK_UNSEEN &&
#ifndef __EMSCRIPTEN__
        pthread_attr_setstack(&attributes, stack_memory, STACK_BYTES) == 0 &&
#endif
        pthread_create(&thread, &attributes, stack_run_deep, &body) == 0 &&
        pthread_join(thread, NULL) == 0) {
        found = stack_look(stack_memory, needles, count);
        found = found == -1 ? stack_look(stack_kept, needles, count) : found;
    }
    pthread_attr_destroy(&attributes);
    free(stack_memory);
    return found;
}

#endif

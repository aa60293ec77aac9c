/* A test for your exporter: a harness that runs its callback through all that llmobs may do to it,
   and says in TAP what went wrong. Copy this folder, write a function that makes your exporter, and

       cc -I<where llmobs.h is> my_test.c exporter_kit.c <your llmobs implementation> -pthread

   or include exporter_kit.c after llmobs.h. An example of use is kit_examples.c.

   Each scenario runs in a process of its own, which ends with it: what your exporter needs (a
   receiver's thread, say) is made in `make`, not before. What crashes or blocks ends one scenario,
   and is told. All of it takes seconds. */
#ifndef EXPORTER_KIT_H
#define EXPORTER_KIT_H

#include "llmobs.h"

/* What a receiver does with requests. */
typedef enum exporter_kit_fault {
    EXPORTER_KIT_UNAVAILABLE, /* takes nothing, for now: no connection, HTTP's 503                */
    EXPORTER_KIT_REFUSES,     /* takes nothing, and never will: HTTP's 400                        */
    EXPORTER_KIT_PARTIAL,     /* takes all but one item, and says so: OTLP's partial success      */
    EXPORTER_KIT_BUSY,        /* takes nothing, and says when to come again: HTTP's 429 with
                                 Retry-After: 1                                                   */
    EXPORTER_KIT_LOST,        /* takes it, and the answer is lost: the connection ends half way   */
    EXPORTER_KIT_GARBAGE,     /* takes nothing, and answers what is no answer                     */
    EXPORTER_KIT_HANGS        /* takes nothing, and does not answer                               */
} exporter_kit_fault;

typedef struct exporter_kit {
    const char* name;  /* stands before each line                                                 */
    const char* only;  /* of the scenarios those with this in their name    (default NULL: all)   */
    uint32_t slow_ms;  /* one call of the callback takes no longer       (0: default 2000). Above
                          your time-out                                                           */
    bool no_fork;      /* it has threads of its own, and can't go on in the child of a fork       */
    bool no_pair;      /* there can be one at a time only                                         */
    void* user;        /* of the functions below                                                  */

    /* Makes an exporter, as you would for llmobs_exporter_add, with a `user` of its own each time;
       signals say what it takes. False: it could not. */
    bool (*make)(void* user, llmobs_exporter* exporter);
    /* Frees what make has made, after llmobs_close. NULL: there is nothing to free. */
    void (*unmake)(void* user, const llmobs_exporter* exporter);

    /* Where you can see what your receiver has. NULL: you can't, and less is tested. */

    /* How many items (spans, log records, points) have arrived until now from all exporters that
       make has made, each as often as it came. */
    uint64_t (*received)(void* user);
    /* How many items of a batch are sent on. NULL: all. */
    uint64_t (*wanted)(void* user, const llmobs_batch* batch);
    /* The receiver does this with the next `count` requests, and then takes them again. False: it
       can't. NULL: it can do none of it. */
    bool (*fail)(void* user, exporter_kit_fault fault, uint32_t count);
} exporter_kit;

/* Runs all scenarios. Returns how many checks failed. */
int exporter_kit_run(const exporter_kit* kit);

/* A check of your own, in the same account. Returns `condition`. */
bool exporter_kit_check(bool condition, const char* what);

/* Prints how many checks there were; the value for main to return. */
int exporter_kit_done(void);

#endif

/* An engine's file: names of its own, which belong to headers that llmobs.h must not pull in. */
#include "../../llmobs.h"

typedef volatile long atomic_int;
typedef void* pthread_t;
typedef struct FILE {
    int number;
} FILE;
typedef long clock_t;
#define min(a, b) ((a) < (b) ? (a) : (b))
#define max(a, b) ((a) > (b) ? (a) : (b))
#define ERROR 1
#define DEBUG 2
#define OK 3

static int pthread_create(pthread_t* thread)
{
    *thread = NULL;
    return 0;
}

static int sched_yield(void)
{
    return 0;
}

int engine(void);
int engine(void)
{
    atomic_int count = 0;
    pthread_t thread;
    FILE file = {3};
    clock_t clock = 0;
    return pthread_create(&thread) + sched_yield() + (int)count + (int)clock + file.number +
           min(1, 2) + max(1, 2) + ERROR + DEBUG + OK;
}

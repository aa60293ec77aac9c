/* Records at the very end of a process, from wherever code runs there: an exit handler, a static
   object of C++, destructors of a shared object's kind, before and after the library's own, and a
   thread that begins only then. The argument says who closes: "main", "nobody", or "last". */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "../../llmobs.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static llmobs* obs;
static int delivered;
static bool last_closes;

static llmobs_export_result take(void* user, const llmobs_batch* batch)
{
    (void)user;
    delivered += (int)batch->span_count;
    return LLMOBS_EXPORT_OK;
}

/* A span and a request with its own. */
static void record(const char* name)
{
    llmobs_request request = llmobs_request_begin(obs, NULL);
    llmobs_request_token(request);
    llmobs_request_end(request, NULL);
    llmobs_span_end(llmobs_span_root(obs, name));
}

static void* record_on_thread(void* argument)
{
    record((const char*)argument);
    return NULL;
}

static void at_exit(void)
{
    record("exit handler");
}

#ifdef __cplusplus
struct recorder {
    ~recorder() { record("static object"); }
};
static recorder object;
#endif

__attribute__((destructor)) static void at_unload(void)
{
    record("destructor");
}

/* The lowest number that a program may have: it runs after all the others. */
__attribute__((destructor(101))) static void at_last(void)
{
    static char name[] = "thread at the end";
    pthread_t thread;
    record("last destructor");
    if (pthread_create(&thread, NULL, record_on_thread, name) == 0) {
        (void)pthread_join(thread, NULL);
    }
    if (last_closes && llmobs_close(obs) != LLMOBS_OK) {
        (void)dprintf(1, "close failed\n");
    }
    record("after all");
    (void)dprintf(1, "delivered %d\n", delivered);
}

int main(int count, char** words)
{
    const char* who = count > 1 ? words[1] : "main";
    llmobs_config config = llmobs_config_default();
    config.batch_delay_ms = 60000;
    (void)atexit(at_exit);
    obs = llmobs_open(&config, NULL);
    (void)llmobs_export_to(obs, take, NULL);
    record("main");
    last_closes = strcmp(who, "last") == 0;
    if (strcmp(who, "main") == 0 && llmobs_close(obs) != LLMOBS_OK) {
        return 1;
    }
    return 0;
}

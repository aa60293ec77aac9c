/* Who asks: a few made-up users, so that their pseudonyms and sessions can be seen. */
#ifndef DEMO_CALLERS_H
#define DEMO_CALLERS_H

#include "llmobs.h"

typedef struct caller {
    char request_id[32];
    const char* user_id;
    const char* session_id;
} caller;

/* The same number is the same caller, in every run. */
caller caller_of(size_t number);

/* Ends all their sessions: without it they end by themselves, once they are idle for long. */
void callers_leave(llmobs* obs);

#endif

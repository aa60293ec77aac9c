#include "callers.h"

#include <stdio.h>

/* A user's sessions stand together. */
static const struct {
    const char* user_id;
    const char* session_id;
} callers[] = {
    {"amara.okafor", "session-amara-1"}, {"amara.okafor", "session-amara-2"},
    {"li.wei", "session-li-1"},          {"jonas.berg", "session-jonas-1"},
    {"jonas.berg", "session-jonas-2"},
};

enum { CALLERS = sizeof callers / sizeof *callers };

caller caller_of(size_t number)
{
    caller asks = {"", callers[number % CALLERS].user_id, callers[number % CALLERS].session_id};
    snprintf(asks.request_id, sizeof asks.request_id, "demo-%04zu", number + 1);
    return asks;
}

void callers_leave(llmobs* obs)
{
    for (size_t i = 0; i < CALLERS; i++) {
        (void)llmobs_session_end(obs, callers[i].session_id); /* not begun: no harm */
    }
}

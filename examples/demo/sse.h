/* Server-sent events, read from pieces that may end anywhere. */
#ifndef DEMO_SSE_H
#define DEMO_SSE_H

#include "text.h"

/* Gets one event's data, NUL-terminated; false: no more, please. */
typedef bool (*sse_event_fn)(void* user, const char* data, size_t size);

enum { SSE_EVENT_MOST = 1 << 20 }; /* bytes of one event: more end the stream */

/* Zeroed but for the first two is where it begins. Fields other than "data" are passed over: no
   chat server uses them. */
typedef struct sse {
    sse_event_fn on_event;
    void* user;
    text line;
    text data;
    bool has_data;
    bool after_return; /* a line ended in CR: an LF belongs to it */
    bool begun;        /* past the byte order mark                */
} sse;

/* False: an event was refused, or too long. What stands last without an empty line behind it is no
   event. */
bool sse_feed(sse* to, const char* data, size_t size);

void sse_free(sse* of);

#endif

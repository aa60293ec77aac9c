/* One HTTP call whose answer streams, by libcurl where the demo was built with it (HAVE_CURL). */
#ifndef DEMO_TRANSFER_H
#define DEMO_TRANSFER_H

#include "endpoint.h"

typedef struct transfer {
    model_reply reply;
    int64_t retry_after; /* seconds that the server asks for; 0: it does not     */
    bool told;           /* the listener has had a token: it can't be taken back */
} transfer;

/* Once, before any call, and after all. False, after a message: there is no libcurl. */
bool transfer_start(void);
void transfer_stop(void);

transfer transfer_once(const endpoint* to, const text* body, const char* traceparent,
                       const model_listener* listener);

#endif

/* Who submits requests: threads such as a server's HTTP workers. A request begins and ends here,
   whatever becomes of it in the engine. */
#ifndef TINY_CLIENTS_H
#define TINY_CLIENTS_H

#include "engine.h"
#include "options.h"

enum { TENANTS = 3 };
extern const char* const tenant_names[TENANTS];

/* What a client knows of its request at the end. */
typedef struct receipt {
    size_t input;
    size_t output;
    size_t cached;
    size_t drafted;
    size_t accepted;
    size_t steps;
    finish how;
    uint64_t checksum; /* of its answer */
    bool waited;
} receipt;

/* All of them, run by `options.threads` threads until they are done. False: no memory. */
bool clients_run(engine* with, llmobs* obs, const options* by, receipt* receipts);

#endif

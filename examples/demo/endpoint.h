/* A real model: a server that speaks OpenAI's chat completions. */
#ifndef DEMO_ENDPOINT_H
#define DEMO_ENDPOINT_H

#include "model.h"

/* Read-only while calls run. */
struct endpoint {
    char* url;           /* of the call itself                                */
    char* authorization; /* the header, with the key; NULL: none is asked for */
    const char* provider;
    const char* ca; /* a file of certificates to trust; NULL: the system's */
    double timeout; /* seconds a call may take        */
    bool local;     /* on this machine: no proxy then */
};

/* `url` names the server, its /v1 or the call's whole path. `key_file` may be NULL; its first line
   is the key, which goes only over https or to this machine. So may `ca`, which must last. False,
   after a message. */
bool endpoint_open(endpoint* to, const char* url, const char* key_file, const char* ca,
                   double timeout);

/* Wipes the key. */
void endpoint_close(endpoint* of);

/* One call; a second one where the first met a server that was busy, broken or not there and had
   not begun to answer. */
model_reply endpoint_call(const endpoint* to, const char* model, const prompt* said,
                          const char* traceparent, const model_listener* listener);

#endif

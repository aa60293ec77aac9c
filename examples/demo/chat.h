/* What is said to a chat server, and what it says: OpenAI's chat completions, streamed. No network
   here: endpoint.c has that. */
#ifndef DEMO_CHAT_H
#define DEMO_CHAT_H

#include "model.h"
#include "prompt.h"

/* Error types: a fixed list, so that no server's text gets into metrics and logs. */
#define CHAT_TIMEOUT "timeout"
#define CHAT_CONNECTION "connection_error"
#define CHAT_RATE_LIMIT "rate_limit"
#define CHAT_AUTHENTICATION "authentication_error"
#define CHAT_REFUSED "invalid_request"        /* any other 4xx            */
#define CHAT_SERVER "server_error"            /* 5xx, or an error event   */
#define CHAT_STATUS "unexpected_status"       /* neither, nor 200         */
#define CHAT_MALFORMED "malformed_response"   /* an event that is no JSON */
#define CHAT_INCOMPLETE "incomplete_response" /* it ended before its end  */
#define CHAT_TOO_LARGE "response_too_large"

enum { CHAT_ANSWER_MOST = 4 << 20 }; /* bytes of one answer */

/* The request's body; free it. */
text chat_body(const char* model, const prompt* said);

/* An answer on its way. */
typedef struct chat {
    const model_listener* to;
    model_reply* reply;
    text piece;
    size_t size;   /* of the answer so far                          */
    bool told;     /* the listener has had a token                  */
    bool finished; /* it said why it ended, or that this is the end */
    bool done;     /* the latter: nothing follows                   */
} chat;

/* Takes one event; an sse_event_fn, `user` is the chat. False, with the reply's error_type set, for
   one that tells of an error or is malformed. */
bool chat_event(void* user, const char* data, size_t size);

void chat_free(chat* of);

#endif

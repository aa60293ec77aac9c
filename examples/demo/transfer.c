#include "transfer.h"

#include "chat.h"
#include "sse.h"

#include <stdio.h>
#include <string.h>

#ifndef HAVE_CURL

bool transfer_start(void)
{
    fputs("demo: this build has no libcurl, which --endpoint needs: install its development "
          "files, then make clean demo\n", stderr);
    return false;
}

void transfer_stop(void)
{
}

transfer transfer_once(const endpoint* to, const text* body, const char* traceparent,
                       const model_listener* listener)
{
    transfer none = {model_reply_begin(), 0, false};
    (void)to;
    (void)body;
    (void)traceparent;
    (void)listener;
    none.reply.error_type = CHAT_CONNECTION;
    return none;
}

#else

#include <curl/curl.h>

bool transfer_start(void)
{
    bool good = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    if (!good) {
        fputs("demo: libcurl does not start\n", stderr);
    }
    return good;
}

void transfer_stop(void)
{
    curl_global_cleanup();
}

typedef struct attempt {
    CURL* curl;
    struct curl_slist* headers;
    const text* body;
    sse events;
    chat answer;
} attempt;

static const char* error_of_status(long status)
{
    return status == 429                    ? CHAT_RATE_LIMIT
           : status == 401 || status == 403 ? CHAT_AUTHENTICATION
           : status >= 400 && status < 500  ? CHAT_REFUSED
           : status >= 500 && status < 600  ? CHAT_SERVER
                                            : CHAT_STATUS;
}

/* A piece of the response's body. What an error's body says is nobody's business here. */
static size_t on_data(char* data, size_t unit, size_t count, void* user)
{
    attempt* with = (attempt*)user;
    long status = 0;
    curl_easy_getinfo(with->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200) {
        return unit * count;
    }
    model_reply* reply = with->answer.reply;
    if (!sse_feed(&with->events, data, unit * count) && reply->error_type == NULL) {
        reply->error_type = CHAT_TOO_LARGE;
    }
    bool over = reply->error_type != NULL || with->answer.done;
    return over ? 0 : unit * count; /* 0 ends the transfer: some servers leave it open */
}

static bool add_header(attempt* to, const char* header)
{
    struct curl_slist* longer = curl_slist_append(to->headers, header);
    to->headers = longer != NULL ? longer : to->headers;
    return longer != NULL;
}

static bool add_headers(attempt* to, const endpoint* server, const char* traceparent)
{
    char trace[sizeof "traceparent: " + LLMOBS_TRACEPARENT_SIZE];
    snprintf(trace, sizeof trace, "traceparent: %s", traceparent);
    return add_header(to, "Content-Type: application/json") &&
           add_header(to, "Accept: text/event-stream") && add_header(to, "Expect:") &&
           (*traceparent == '\0' || add_header(to, trace)) &&
           (server->authorization == NULL || add_header(to, server->authorization));
}

/* No redirects: the key is for this server alone; and libcurl makes sure that it is this one. */
static bool set_options(attempt* to, const endpoint* server)
{
    CURL* curl = to->curl;
    return curl_easy_setopt(curl, CURLOPT_URL, server->url) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_HTTPHEADER, to->headers) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_POSTFIELDS, to->body->data) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)to->body->size) ==
               CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEDATA, to) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)(server->timeout * 1000)) ==
               CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK && /* threads */
           (server->ca == NULL ||
            curl_easy_setopt(curl, CURLOPT_CAINFO, server->ca) == CURLE_OK) &&
           (!server->local || curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK) &&
           curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_USERAGENT, "llmobs-demo") == CURLE_OK;
}

static const char* error_of_transfer(const attempt* of, CURLcode code)
{
    long status = 0;
    curl_easy_getinfo(of->curl, CURLINFO_RESPONSE_CODE, &status);
    if (of->answer.reply->error_type != NULL) {
        return of->answer.reply->error_type; /* an event was why it ended */
    }
    if (of->answer.finished) {
        return NULL; /* whatever came of the connection */
    }
    if (code == CURLE_OPERATION_TIMEDOUT) {
        return CHAT_TIMEOUT;
    }
    if (status != 0 && status != 200) {
        return error_of_status(status);
    }
    return code != CURLE_OK ? CHAT_CONNECTION : CHAT_INCOMPLETE;
}

/* Seconds; 0: the server does not say, or this libcurl does not tell. */
static int64_t retry_after_of(CURL* curl)
{
    curl_off_t seconds = 0;
#if LIBCURL_VERSION_NUM >= 0x074200
    curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &seconds);
#else
    (void)curl;
#endif
    return (int64_t)seconds;
}

/* libcurl has copied the headers, and so the key. */
static void attempt_end(attempt* of)
{
    for (struct curl_slist* at = of->headers; at != NULL; at = at->next) {
        llmobs_wipe(at->data, strlen(at->data));
    }
    curl_slist_free_all(of->headers);
    curl_easy_cleanup(of->curl);
    sse_free(&of->events);
    chat_free(&of->answer);
}

transfer transfer_once(const endpoint* to, const text* body, const char* traceparent,
                       const model_listener* listener)
{
    transfer made = {model_reply_begin(), 0, false};
    attempt with;
    memset(&with, 0, sizeof with);
    with.body = body;
    with.events.on_event = chat_event;
    with.events.user = &with.answer;
    with.answer.to = listener;
    with.answer.reply = &made.reply;
    with.curl = curl_easy_init();
    if (with.curl == NULL || !add_headers(&with, to, traceparent) || !set_options(&with, to)) {
        made.reply.error_type = CHAT_CONNECTION;
    } else {
        made.reply.error_type = error_of_transfer(&with, curl_easy_perform(with.curl));
        made.retry_after = retry_after_of(with.curl);
    }
    made.told = with.answer.told;
    attempt_end(&with);
    return made;
}

#endif

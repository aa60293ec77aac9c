#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif
#include "endpoint.h"

#include "chat.h"
#include "sse.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifdef HAVE_CURL
#include <curl/curl.h>
#endif

/* ---- the address ---------------------------------------------------------------------------- */

static bool begins_with(const char* data, const char* with)
{
    return strncmp(data, with, strlen(with)) == 0;
}

/* Whether the host of an http(s) URL is that one. */
static bool has_host(const char* url, const char* host)
{
    const char* at = strstr(url, "://");
    size_t size = strlen(host);
    return at != NULL && strncmp(at + 3, host, size) == 0 &&
           (at[3 + size] == '\0' || strchr(":/", at[3 + size]) != NULL);
}

static bool is_private(const char* url)
{
    return begins_with(url, "https://") || has_host(url, "127.0.0.1") ||
           has_host(url, "localhost") || has_host(url, "[::1]");
}

static bool ends_with(const text* of, const char* end)
{
    size_t size = strlen(end);
    return of->size >= size && memcmp(of->data + of->size - size, end, size) == 0;
}

/* NULL, after a message, for what is no address that we call. */
static char* whole_url(const char* url)
{
    text whole = {0};
    const char* host = strstr(url, "://");
    if ((!begins_with(url, "http://") && !begins_with(url, "https://")) || host[3] == '\0' ||
        strpbrk(url, "@?# \r\n") != NULL) {
        fputs("demo: --endpoint takes http://... or https://..., without a name or password "
              "(see --help)\n", stderr);
        return NULL;
    }
    text_add_string(&whole, url);
    while (whole.data[whole.size - 1] == '/') {
        whole.data[--whole.size] = '\0';
    }
    if (!ends_with(&whole, "/chat/completions")) {
        text_add_string(&whole, ends_with(&whole, "/v1") ? "" : "/v1");
        text_add_string(&whole, "/chat/completions");
    }
    return whole.data;
}

/* ---- the key -------------------------------------------------------------------------------- */

enum { KEY_SIZE = 1024 };

/* Its first line, as a header; NULL after a message. */
static char* read_key(const char* path)
{
    static const char name[] = "Authorization: Bearer ";
    char line[KEY_SIZE] = "";
    FILE* file = fopen(path, "r");
    const char* why = file == NULL ? strerror(errno) : "it holds no key";
    if (file != NULL) {
        setvbuf(file, NULL, _IONBF, 0); /* no copy that would not be wiped */
    }
    bool good = file != NULL && fgets(line, sizeof line, file) != NULL;
    if (file != NULL) {
        fclose(file);
    }
    size_t size = strcspn(line, "\r\n");
    bool ended = line[size] != '\0' || size < sizeof line - 1; /* else it goes on */
    for (size_t i = 0; i < size; i++) {
        good = good && line[i] > ' ' && line[i] < 0x7f;
    }
    char* header = NULL;
    if (good && ended && size > 0) {
        header = (char*)grow(NULL, sizeof name + size, 1);
        memcpy(header, name, sizeof name - 1);
        memcpy(header + sizeof name - 1, line, size);
        header[sizeof name - 1 + size] = '\0';
    } else {
        fprintf(stderr, "demo: %s: %s\n", path, why);
    }
    llmobs_wipe(line, sizeof line);
    return header;
}

void endpoint_close(endpoint* of)
{
    if (of->authorization != NULL) {
        llmobs_wipe(of->authorization, strlen(of->authorization));
    }
    free(of->authorization);
    free(of->url);
    memset(of, 0, sizeof *of);
#ifdef HAVE_CURL
    curl_global_cleanup();
#endif
}

#ifndef HAVE_CURL

bool endpoint_open(endpoint* to, const char* url, const char* key_file, double timeout)
{
    (void)url;
    (void)key_file;
    (void)timeout;
    memset(to, 0, sizeof *to);
    fputs("demo: this build has no libcurl, which --endpoint needs: install its development "
          "files, then make clean demo\n", stderr);
    return false;
}

model_reply endpoint_call(const endpoint* to, const char* model, const prompt* said,
                          const char* traceparent, const model_listener* listener)
{
    (void)to;
    (void)model;
    (void)said;
    (void)traceparent;
    (void)listener;
    model_reply reply = model_reply_begin();
    reply.error_type = CHAT_CONNECTION;
    return reply;
}

#else

bool endpoint_open(endpoint* to, const char* url, const char* key_file, double timeout)
{
    memset(to, 0, sizeof *to);
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        fputs("demo: libcurl does not start\n", stderr);
        return false;
    }
    to->timeout = timeout;
    to->url = whole_url(url);
    to->provider = to->url != NULL && has_host(to->url, "api.openai.com") ? "openai"
                                                                         : "openai_compatible";
    bool good = to->url != NULL;
    if (good && key_file != NULL && !is_private(to->url)) {
        fputs("demo: --api-key-file: a key goes over https or to this machine only\n", stderr);
        good = false;
    }
    if (good && key_file != NULL) {
        to->authorization = read_key(key_file);
        good = to->authorization != NULL;
    }
    if (!good) {
        endpoint_close(to);
    }
    return good;
}

/* ---- one attempt ---------------------------------------------------------------------------- */

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
    if (status != 200 || sse_feed(&with->events, data, unit * count)) {
        return unit * count;
    }
    model_reply* reply = with->answer.reply;
    reply->error_type = reply->error_type != NULL ? reply->error_type : CHAT_TOO_LARGE;
    return 0; /* which ends the transfer */
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

/* No redirects: the key is for this server alone. */
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
    if (code == CURLE_OPERATION_TIMEDOUT) {
        return CHAT_TIMEOUT;
    }
    if (status != 0 && status != 200) {
        return error_of_status(status);
    }
    if (code != CURLE_OK) {
        return CHAT_CONNECTION;
    }
    return of->answer.finished ? NULL : CHAT_INCOMPLETE;
}

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

/* ---- the call ------------------------------------------------------------------------------- */

enum { PAUSE_MS = 250, PAUSE_MOST_S = 5 };

/* As long as the server asks for, within reason. */
static void rest(curl_off_t retry_after)
{
    struct timespec pause = {0, PAUSE_MS * 1000000L};
    if (retry_after > 0) {
        pause.tv_sec = (time_t)(retry_after < PAUSE_MOST_S ? retry_after : PAUSE_MOST_S);
        pause.tv_nsec = 0;
    }
    nanosleep(&pause, NULL);
}

static bool is_worth_a_retry(const char* error_type, bool told)
{
    static const char* const passing[] = {CHAT_RATE_LIMIT, CHAT_SERVER, CHAT_CONNECTION};
    bool found = false;
    for (size_t i = 0; i < sizeof passing / sizeof *passing && error_type != NULL; i++) {
        found = found || strcmp(error_type, passing[i]) == 0;
    }
    return found && !told; /* what was told can't be taken back */
}

/* Whether it is to be called once more, and, if so, how long after. */
static bool try_once(const endpoint* to, const text* body, const char* traceparent,
                     const model_listener* listener, model_reply* reply, curl_off_t* retry_after)
{
    attempt with;
    memset(&with, 0, sizeof with);
    *reply = model_reply_begin();
    with.events.on_event = chat_event;
    with.events.user = &with.answer;
    with.answer.to = listener;
    with.answer.reply = reply;
    with.body = body;
    with.curl = curl_easy_init();
    if (with.curl == NULL || !add_headers(&with, to, traceparent) || !set_options(&with, to)) {
        reply->error_type = CHAT_CONNECTION;
    } else {
        reply->error_type = error_of_transfer(&with, curl_easy_perform(with.curl));
        curl_easy_getinfo(with.curl, CURLINFO_RETRY_AFTER, retry_after);
    }
    bool again = is_worth_a_retry(reply->error_type, with.answer.told);
    attempt_end(&with);
    return again;
}

model_reply endpoint_call(const endpoint* to, const char* model, const prompt* said,
                          const char* traceparent, const model_listener* listener)
{
    model_reply reply;
    curl_off_t retry_after = 0;
    text body = chat_body(model, said);
    if (try_once(to, &body, traceparent, listener, &reply, &retry_after)) {
        listener->retry(listener->user, reply.error_type);
        rest(retry_after);
        (void)try_once(to, &body, traceparent, listener, &reply, &retry_after);
    }
    text_free(&body);
    return reply;
}

#endif

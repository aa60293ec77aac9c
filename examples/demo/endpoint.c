#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif
#include "endpoint.h"

#include "chat.h"
#include "transfer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- the address --------------------------------------------------------------------------- */

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

static bool is_this_machine(const char* url)
{
    return has_host(url, "127.0.0.1") || has_host(url, "localhost") || has_host(url, "[::1]");
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

/* ---- the key ------------------------------------------------------------------------------- */

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
    transfer_stop();
}

static bool can_be_read(const char* path)
{
    FILE* file = fopen(path, "r");
    if (file == NULL) {
        fprintf(stderr, "demo: %s: %s\n", path, strerror(errno));
        return false;
    }
    fclose(file);
    return true;
}

bool endpoint_open(endpoint* to, const char* url, const char* key_file, const char* ca,
                   double timeout)
{
    memset(to, 0, sizeof *to);
    if (!transfer_start()) {
        return false;
    }
    to->timeout = timeout;
    to->url = whole_url(url);
    to->provider = to->url != NULL && has_host(to->url, "api.openai.com") ? "openai"
                                                                         : "openai_compatible";
    to->ca = ca;
    bool good = to->url != NULL && (ca == NULL || can_be_read(ca));
    to->local = good && is_this_machine(to->url);
    if (good && key_file != NULL && !to->local && !begins_with(to->url, "https://")) {
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

/* ---- the call ------------------------------------------------------------------------------ */

enum { PAUSE_MS = 250, PAUSE_MOST_S = 5 };

/* As long as the server asks for, within reason. */
static void rest(int64_t retry_after)
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

model_reply endpoint_call(const endpoint* to, const char* model, const prompt* said,
                          const char* traceparent, const model_listener* listener)
{
    text body = chat_body(model, said);
    transfer made = transfer_once(to, &body, traceparent, listener);
    if (is_worth_a_retry(made.reply.error_type, made.told)) {
        listener->retry(listener->user, made.reply.error_type);
        rest(made.retry_after);
        made = transfer_once(to, &body, traceparent, listener);
    }
    text_free(&body);
    return made.reply;
}

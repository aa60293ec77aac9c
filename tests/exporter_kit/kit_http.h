/* A receiver for exporters that post over HTTP, to test them with exporter_kit.h: a server on the
   loopback that counts what it is sent, and misbehaves as it is told. It lives in the process that
   starts it: start it in `make`, the first time. */
#ifndef KIT_HTTP_H
#define KIT_HTTP_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "exporter_kit.h"

typedef struct kit_http {
    /* How many items a body holds; `path` is such as "/v1/traces". */
    uint64_t (*count)(const char* path, const char* body, size_t size);
    /* An answer's body, in JSON, that says that one item was not taken; NULL: there is none. */
    size_t (*partial)(const char* head, char* out, size_t room);
    pthread_mutex_t lock;
    int listener;
    uint16_t port;
    uint64_t items;
    uint64_t requests;
    exporter_kit_fault fault;
    uint32_t faults;
} kit_http;

typedef struct kit_http_request {
    char head[8192];
    size_t head_size;
    char* body;
    size_t size;
} kit_http_request;

static const char* kit_http_header(const kit_http_request* request, const char* name)
{
    const char* line = request->head;
    while ((line = strstr(line, "\r\n")) != NULL) {
        line += 2;
        if (strncasecmp(line, name, strlen(name)) == 0) {
            return line + strlen(name);
        }
    }
    return NULL;
}

static bool kit_http_send(int to, const char* data, size_t size)
{
    while (size > 0) {
        ssize_t sent = send(to, data, size, MSG_NOSIGNAL);
        if (sent <= 0) {
            return false;
        }
        data += sent;
        size -= (size_t)sent;
    }
    return true;
}

/* A request with a Content-Length. False: the connection is over, or this is none. */
static bool kit_http_read(int from, kit_http_request* request)
{
    char* end = NULL;
    size_t had;
    memset(request, 0, sizeof *request);
    while (end == NULL && request->head_size + 1 < sizeof request->head) {
        ssize_t got = recv(from, request->head + request->head_size,
                           sizeof request->head - 1 - request->head_size, 0);
        if (got <= 0) {
            return false;
        }
        request->head_size += (size_t)got;
        end = strstr(request->head, "\r\n\r\n");
    }
    if (end == NULL || kit_http_header(request, "Content-Length:") == NULL) {
        return false;
    }
    request->size = strtoull(kit_http_header(request, "Content-Length:"), NULL, 10);
    request->body = (char*)calloc(1, request->size + 1);
    had = request->head_size - (size_t)(end + 4 - request->head);
    had = had < request->size ? had : request->size;
    memcpy(request->body, end + 4, had);
    if (had < request->size && kit_http_header(request, "Expect:") != NULL) {
        (void)kit_http_send(from, "HTTP/1.1 100 Continue\r\n\r\n", 25);
    }
    while (had < request->size) {
        ssize_t got = recv(from, request->body + had, request->size - had, 0);
        if (got <= 0) {
            return false;
        }
        had += (size_t)got;
    }
    end[2] = '\0'; /* the body is not searched for headers */
    return true;
}

static bool kit_http_meets(kit_http* server, exporter_kit_fault* fault)
{
    bool any;
    (void)pthread_mutex_lock(&server->lock);
    server->requests++;
    any = server->faults > 0;
    server->faults -= any;
    *fault = server->fault;
    (void)pthread_mutex_unlock(&server->lock);
    return any;
}

static void kit_http_take(kit_http* server, const kit_http_request* request, uint64_t less)
{
    char path[256] = "";
    uint64_t items;
    (void)sscanf(request->head, "%*s %255s", path);
    items = server->count(path, request->body, request->size);
    (void)pthread_mutex_lock(&server->lock);
    server->items += items > less ? items - less : 0;
    (void)pthread_mutex_unlock(&server->lock);
}

static bool kit_http_answer(int to, const char* status, const char* body, size_t size)
{
    char head[256];
    int length = snprintf(head, sizeof head,
                          "HTTP/1.1 %s\r\nContent-Type: application/json\r\n"
                          "Content-Length: %zu\r\n\r\n", status, size);
    return kit_http_send(to, head, (size_t)length) && kit_http_send(to, body, size);
}

/* False: the connection ends. */
static bool kit_http_fail(kit_http* server, int to, const kit_http_request* request,
                          exporter_kit_fault fault)
{
    char body[256];
    char rest[256];
    switch (fault) {
    case EXPORTER_KIT_UNAVAILABLE:
        return kit_http_answer(to, "503 Service Unavailable", "", 0);
    case EXPORTER_KIT_REFUSES:
        return kit_http_answer(to, "400 Bad Request", "", 0);
    case EXPORTER_KIT_PARTIAL:
        kit_http_take(server, request, 1);
        return kit_http_answer(to, "200 OK", body,
                               server->partial(request->head, body, sizeof body));
    case EXPORTER_KIT_BUSY:
        return kit_http_answer(to, "429 Too Many Requests\r\nRetry-After: 1", "", 0);
    case EXPORTER_KIT_LOST:
        kit_http_take(server, request, 0);
        return false;
    case EXPORTER_KIT_GARBAGE:
        (void)kit_http_send(to, "\x01\xff no HTTP\r\n\r\n", 14);
        return false;
    default: /* until the other side has enough */
        while (recv(to, rest, sizeof rest, 0) > 0) {
        }
        return false;
    }
}

typedef struct kit_http_connection {
    kit_http* server;
    int socket;
} kit_http_connection;

static void* kit_http_serve(void* user)
{
    kit_http_connection* connection = (kit_http_connection*)user;
    kit_http_request request;
    exporter_kit_fault fault;
    bool goes_on = true;
    while (goes_on && kit_http_read(connection->socket, &request)) {
        if (kit_http_meets(connection->server, &fault)) {
            goes_on = kit_http_fail(connection->server, connection->socket, &request, fault);
        } else {
            kit_http_take(connection->server, &request, 0);
            goes_on = kit_http_answer(connection->socket, "200 OK", "", 0);
        }
        free(request.body);
        request.body = NULL;
    }
    free(request.body);
    (void)close(connection->socket);
    free(connection);
    return NULL;
}

static void* kit_http_listen(void* user)
{
    kit_http* server = (kit_http*)user;
    for (;;) {
        kit_http_connection* connection =
            (kit_http_connection*)malloc(sizeof(kit_http_connection));
        pthread_t thread;
        connection->server = server;
        connection->socket = accept(server->listener, NULL, NULL);
        if (connection->socket < 0 ||
            pthread_create(&thread, NULL, kit_http_serve, connection) != 0) {
            free(connection);
            return NULL;
        }
        (void)pthread_detach(thread);
    }
}

/* `count` and `partial` are set. It ends with the process. */
static bool kit_http_start(kit_http* server)
{
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    pthread_t thread;
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    (void)pthread_mutex_init(&server->lock, NULL);
    server->listener = socket(AF_INET, SOCK_STREAM, 0);
    if (server->listener < 0 ||
        bind(server->listener, (struct sockaddr*)&address, sizeof address) != 0 ||
        listen(server->listener, 64) != 0 ||
        getsockname(server->listener, (struct sockaddr*)&address, &size) != 0) {
        return false;
    }
    server->port = ntohs(address.sin_port);
    return pthread_create(&thread, NULL, kit_http_listen, server) == 0 &&
           pthread_detach(thread) == 0;
}

static uint64_t kit_http_received(kit_http* server)
{
    uint64_t items;
    (void)pthread_mutex_lock(&server->lock);
    items = server->items;
    (void)pthread_mutex_unlock(&server->lock);
    return items;
}

/* For exporter_kit.fail. */
static bool kit_http_fault(kit_http* server, exporter_kit_fault fault, uint32_t count)
{
    if (fault == EXPORTER_KIT_PARTIAL && server->partial == NULL) {
        return false;
    }
    (void)pthread_mutex_lock(&server->lock);
    server->fault = fault;
    server->faults = count;
    (void)pthread_mutex_unlock(&server->lock);
    return true;
}

/* How often a text stands in a body, which has a NUL behind it, and may hold others. */
static uint64_t kit_http_times(const char* body, size_t size, const char* text)
{
    const size_t length = strlen(text);
    const char* end = body + size;
    uint64_t count = 0;
    while ((size_t)(end - body) >= length) {
        const char* first = (const char*)memchr(body, text[0], (size_t)(end - body) - length + 1);
        if (first == NULL) {
            break;
        }
        if (memcmp(first, text, length) == 0) {
            count++;
            first += length - 1;
        }
        body = first + 1;
    }
    return count;
}

#endif

/* What a request costs, by user and feature, measured around an HTTP handler: the middleware of
   docs/http.md on libmicrohttpd. The handler answers a question by a small generator, whole or as a
   stream; the middleware begins a request and settles it when the answer has gone, or the client.
       cc -I. examples/http_middleware.c -o http_middleware -pthread -lm -lmicrohttpd
       ./http_middleware [--port N] [--requests N] [--log FILE]
       curl -i -H 'Authorization: Bearer key-of-ann' -H 'X-Feature: support' \
           -d 'Where is my parcel?' 'http://127.0.0.1:PORT/ask?stream=1'
   Port 0, the default, takes a free one; loopback only. /metrics is there, too. */
#define _POSIX_C_SOURCE 200809L
#define LLMOBS_IMPLEMENTATION
#include "llmobs.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define QUESTION_MOST 16384
#define WORD_MOST 16

/* ---- a model: words from a list, and what they cost ---------------------------------------- */

typedef struct answer {
    uint32_t seed;
    int64_t words_left;
    int64_t input_tokens;
    int64_t output_tokens;
} answer;

/* A word is a token. The longer the question, the longer the answer. */
static void answer_begin(answer* to, const char* question, size_t size)
{
    to->seed = 1;
    to->input_tokens = to->output_tokens = 0;
    for (size_t i = 0; i < size; i++) {
        to->seed = to->seed * 31 + (unsigned char)question[i];
        to->input_tokens += question[i] > ' ' && (i + 1 == size || question[i + 1] <= ' ');
    }
    to->words_left = 8 + 4 * to->input_tokens;
}

/* The next word; 0: there is none. `out` has WORD_MOST bytes. */
static size_t answer_next(answer* from, char* out)
{
    static const char* const words[] = {"the", "parcel", "is", "on", "its", "way", "to", "you"};
    if (from->words_left == 0) {
        return 0;
    }
    from->words_left--;
    from->output_tokens++;
    from->seed = from->seed * 1664525 + 1013904223;
    return (size_t)snprintf(out, WORD_MOST, "%s%c", words[from->seed >> 29],
                            from->words_left == 0 ? '\n' : ' ');
}

/* 2.50 USD a million tokens in, 10 out. */
static int64_t answer_cost(const answer* of)
{
    return of->input_tokens * 2500 + of->output_tokens * 10000;
}

/* ---- one exchange: a question, its answer, what is measured -------------------------------- */

typedef struct service {
    llmobs* obs;
    pthread_mutex_t lock;
    long requests_left; /* under it; 0: no end */
} service;

typedef struct exchange {
    service* in;
    llmobs_request request;
    llmobs_span call;
    llmobs_outcome outcome;
    const char* feature;
    answer reply;
    bool streamed;
    size_t question_size;
    char question[QUESTION_MOST];
} exchange;

/* ---- the handler: it knows nothing of who asks --------------------------------------------- */

static void pause_ms(long milliseconds)
{
    struct timespec pause = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    nanosleep(&pause, NULL);
}

/* libmicrohttpd asks for more of a stream. It waits between words, as models do. */
static ssize_t handler_stream(void* user, uint64_t position, char* out, size_t room)
{
    exchange* of = (exchange*)user;
    (void)position;
    if (room < WORD_MOST) {
        return 0;
    }
    pause_ms(2);
    size_t size = answer_next(&of->reply, out);
    if (size == 0) {
        return MHD_CONTENT_READER_END_OF_STREAM;
    }
    llmobs_request_token(of->request);
    llmobs_request_output(of->request, out, size); /* hashed, not kept */
    return (ssize_t)size;
}

/* The whole answer, with what it cost in its headers: that is how a service tells it. */
static struct MHD_Response* handler_whole(exchange* of)
{
    char value[LLMOBS_COST_HEADER_SIZE];
    size_t used = 0, size;
    char* text = (char*)malloc((size_t)of->reply.words_left * WORD_MOST + WORD_MOST);
    if (text == NULL) {
        return NULL;
    }
    while ((size = answer_next(&of->reply, text + used)) != 0) {
        llmobs_request_token(of->request);
        llmobs_request_output(of->request, text + used, size);
        used += size;
    }
    struct MHD_Response* response =
        MHD_create_response_from_buffer(used, text, MHD_RESPMEM_MUST_FREE);
    if (llmobs_cost_header_put_usd(answer_cost(&of->reply), value) != 0) {
        MHD_add_response_header(response, LLMOBS_HEADER_COST_USD, value);
    }
    if (llmobs_cost_header_put_tokens(of->reply.input_tokens + of->reply.output_tokens, value)) {
        MHD_add_response_header(response, LLMOBS_HEADER_TOKENS_TOTAL, value);
    }
    return response;
}

/* ---- the middleware ------------------------------------------------------------------------ */

/* The features that there are: no other name gets into a label. */
static const char* const features[] = {"support", "search", "summary"};

static const char* header_of(struct MHD_Connection* connection, const char* name)
{
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

/* `user` is whom the host has authenticated, or NULL: it is never read from a header here. What the
   client says of cost and tokens is checked, so that junk is counted, and not taken. */
static void middleware_begin(exchange* of, struct MHD_Connection* connection, const char* user)
{
    llmobs_cost_headers_in in = llmobs_cost_headers_in_default();
    llmobs_cost_headers told;
    in.cost_usd = header_of(connection, LLMOBS_HEADER_COST_USD);
    in.tokens_total = header_of(connection, LLMOBS_HEADER_TOKENS_TOTAL);
    in.feature = header_of(connection, LLMOBS_HEADER_FEATURE);
    in.features = features;
    in.feature_count = sizeof features / sizeof features[0];
    (void)llmobs_cost_headers_read(of->in->obs, &in, &told);
    of->feature = told.feature;

    llmobs_request_info info = llmobs_request_info_default();
    info.user_id = user; /* becomes a pseudonym */
    info.feature = told.feature;
    info.model = "word-list-8";
    info.stream = of->streamed;
    info.traceparent = header_of(connection, "traceparent");
    of->request = llmobs_request_begin(of->in->obs, &info);
    of->outcome = llmobs_outcome_default();
}

/* Calls the handler. What a whole answer cost is known from its headers, which are our own
   service's: trusted. A stream's headers go out before anybody knows. */
static struct MHD_Response* middleware_answer(exchange* of)
{
    struct MHD_Response* response;
    of->call = llmobs_phase_begin(of->request, LLMOBS_PHASE_MODEL_CALL);
    answer_begin(&of->reply, of->question, of->question_size);
    if (of->streamed) {
        return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 1024, handler_stream, of, NULL);
    }
    response = handler_whole(of);
    if (response != NULL) {
        llmobs_cost_headers_in in = llmobs_cost_headers_in_default();
        llmobs_cost_headers told;
        in.cost_usd = MHD_get_response_header(response, LLMOBS_HEADER_COST_USD);
        in.tokens_total = MHD_get_response_header(response, LLMOBS_HEADER_TOKENS_TOTAL);
        in.trusted = true;
        (void)llmobs_cost_headers_read(of->in->obs, &in, &told);
        of->outcome.cost_nano = told.cost_nano;
        of->outcome.cost_known = told.cost_nano != LLMOBS_COST_UNKNOWN;
    }
    return response;
}

/* The answer has gone out, or its client has gone: then what was counted until now stays. */
static void middleware_settle(exchange* of, bool completed)
{
    if (of->streamed) {
        of->outcome.cost_nano = answer_cost(&of->reply);
        of->outcome.cost_known = of->reply.input_tokens + of->reply.output_tokens > 0;
    }
    if (of->reply.input_tokens + of->reply.output_tokens > 0) {
        of->outcome.usage.input_tokens = of->reply.input_tokens;
        of->outcome.usage.output_tokens = of->reply.output_tokens;
        of->outcome.usage.provenance = LLMOBS_USAGE_COUNTED;
    }
    of->outcome.finish_reason = completed && of->outcome.error_type == NULL ? "stop" : NULL;
    of->outcome.cancelled = !completed;
    of->outcome.input = llmobs_text(of->question, of->question_size); /* hashed, not kept */
    llmobs_span_end(of->call);
    llmobs_request_end(of->request, &of->outcome);
}

/* ---- HTTP ---------------------------------------------------------------------------------- */

/* Who asks: the host's own knowledge of whom a key was given to. NULL: nobody. */
static const char* authenticate(const char* authorization)
{
    static const char* const users[][2] = {{"Bearer key-of-ann", "ann"},
                                           {"Bearer key-of-bob", "bob"}};
    for (size_t i = 0; authorization != NULL && i < sizeof users / sizeof users[0]; i++) {
        size_t size = strlen(users[i][0]);
        if (strlen(authorization) == size &&
            llmobs_equal_secret(authorization, users[i][0], size)) {
            return users[i][1];
        }
    }
    return NULL;
}

/* Sends a response and lets go of it. */
static enum MHD_Result respond(struct MHD_Connection* connection, unsigned status,
                               struct MHD_Response* response)
{
    enum MHD_Result sent = response != NULL ? MHD_queue_response(connection, status, response)
                                            : MHD_NO; /* no memory: the connection ends */
    if (response != NULL) {
        MHD_destroy_response(response);
    }
    return sent;
}

static enum MHD_Result refuse(struct MHD_Connection* connection, unsigned status)
{
    return respond(connection, status,
                   MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT));
}

static bool append(void* user, const char* data, size_t size)
{
    return fwrite(data, 1, size, (FILE*)user) == size;
}

static enum MHD_Result metrics(llmobs* obs, struct MHD_Connection* connection)
{
    char* text = NULL;
    size_t size = 0;
    FILE* file = open_memstream(&text, &size);
    llmobs_exposition exposition = llmobs_exposition_for(header_of(connection, "Accept"));
    bool written = file != NULL &&
                   llmobs_prometheus_write(obs, exposition, append, file) == LLMOBS_OK;
    if (file == NULL || fclose(file) != 0 || !written) {
        free(text);
        return refuse(connection, MHD_HTTP_SERVICE_UNAVAILABLE);
    }
    struct MHD_Response* response =
        MHD_create_response_from_buffer(size, text, MHD_RESPMEM_MUST_FREE);
    MHD_add_response_header(response, "Content-Type", llmobs_exposition_content_type(exposition));
    return respond(connection, MHD_HTTP_OK, response);
}

/* The head of a question has come. */
static enum MHD_Result ask_begin(service* in, struct MHD_Connection* connection, void** state)
{
    const char* authorization = header_of(connection, "Authorization");
    const char* user = authenticate(authorization);
    const char* stream = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "stream");
    if (authorization != NULL && user == NULL) {
        return refuse(connection, MHD_HTTP_UNAUTHORIZED); /* a wrong key is not nobody's */
    }
    exchange* of = (exchange*)calloc(1, sizeof *of);
    if (of == NULL) {
        return refuse(connection, MHD_HTTP_SERVICE_UNAVAILABLE);
    }
    of->in = in;
    of->streamed = stream != NULL && strcmp(stream, "1") == 0;
    middleware_begin(of, connection, user);
    *state = of;
    return MHD_YES;
}

/* All of it is here. */
static enum MHD_Result ask_answer(exchange* of, struct MHD_Connection* connection)
{
    char value[LLMOBS_COST_HEADER_SIZE];
    if (of->outcome.error_type != NULL) {
        return refuse(connection, 413); /* its name changed between versions */
    }
    struct MHD_Response* response = middleware_answer(of);
    if (response != NULL) {
        MHD_add_response_header(response, "Content-Type", "text/plain");
        if (llmobs_cost_header_put_feature(of->feature, value) != 0) {
            MHD_add_response_header(response, LLMOBS_HEADER_FEATURE, value);
        }
    }
    return respond(connection, MHD_HTTP_OK, response);
}

/* Called for the head of a request, for each piece of its body, and at its end. */
static enum MHD_Result handle(void* user, struct MHD_Connection* connection, const char* url,
                              const char* method, const char* version, const char* upload,
                              size_t* upload_size, void** state)
{
    service* in = (service*)user;
    exchange* of = (exchange*)*state;
    (void)version;
    if (of == NULL && strcmp(url, "/metrics") == 0 && strcmp(method, "GET") == 0) {
        return metrics(in->obs, connection);
    }
    if (of == NULL && (strcmp(url, "/ask") != 0 || strcmp(method, "POST") != 0)) {
        return refuse(connection, MHD_HTTP_NOT_FOUND);
    }
    if (of == NULL) {
        return ask_begin(in, connection, state);
    }
    if (*upload_size == 0) {
        return ask_answer(of, connection);
    }
    if (*upload_size > sizeof of->question - of->question_size) {
        of->outcome.error_type = "too_long";
    } else {
        memcpy(of->question + of->question_size, upload, *upload_size);
        of->question_size += *upload_size;
    }
    *upload_size = 0;
    return MHD_YES;
}

/* A request is over, whichever way. */
static void completed(void* user, struct MHD_Connection* connection, void** state,
                      enum MHD_RequestTerminationCode how)
{
    service* in = (service*)user;
    exchange* of = (exchange*)*state;
    (void)connection;
    if (of == NULL) {
        return;
    }
    middleware_settle(of, how == MHD_REQUEST_TERMINATED_COMPLETED_OK);
    free(of);
    *state = NULL;
    pthread_mutex_lock(&in->lock);
    if (in->requests_left > 0 && --in->requests_left == 0) {
        kill(getpid(), SIGTERM);
    }
    pthread_mutex_unlock(&in->lock);
}

/* A thread for each connection: a stream that waits keeps nobody else waiting. */
static struct MHD_Daemon* server_start(service* in, uint16_t port)
{
    struct sockaddr_in address;
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return MHD_start_daemon(MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD, port,
                            NULL, NULL, handle, in, MHD_OPTION_SOCK_ADDR, &address,
                            MHD_OPTION_CONNECTION_LIMIT, 32u, MHD_OPTION_CONNECTION_TIMEOUT, 10u,
                            MHD_OPTION_NOTIFY_COMPLETED, completed, in, MHD_OPTION_END);
}

int main(int argc, char** argv)
{
    int signal_number;
    long port = 0;
    const char* log = NULL;
    sigset_t ends;
    service in;
    memset(&in, 0, sizeof in);
    pthread_mutex_init(&in.lock, NULL);
    for (int i = 1; i + 1 < argc; i += 2) {
        const char* value = argv[i + 1];
        if (strcmp(argv[i], "--port") == 0) { port = strtol(value, NULL, 10); }
        if (strcmp(argv[i], "--requests") == 0) { in.requests_left = strtol(value, NULL, 10); }
        if (strcmp(argv[i], "--log") == 0) { log = value; }
    }
    /* Blocked in all threads to come, too: sigwait takes them. */
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    llmobs_config config = llmobs_config_default();
    config.service_name = "http_middleware";
    config.metric_user_ids = true; /* two users; not for millions */
    in.obs = llmobs_open(&config, NULL);
    struct MHD_Daemon* server = server_start(&in, (uint16_t)port);
    if (server == NULL ||
        (log != NULL && llmobs_export_file(in.obs, LLMOBS_FORMAT_LOG_JSON, log) != LLMOBS_OK)) {
        perror("http_middleware");
        return 1;
    }
    printf("http://127.0.0.1:%u\n", MHD_get_daemon_info(server, MHD_DAEMON_INFO_BIND_PORT)->port);
    fflush(stdout);
    sigwait(&ends, &signal_number);
    MHD_stop_daemon(server); /* ends the streams that are under way: cancelled */
    llmobs_stats stats;
    stats.size = sizeof stats;
    llmobs_result result = llmobs_close_with_stats(in.obs, &stats);
    printf("%llu requests, %llu values refused in their headers\n",
           (unsigned long long)stats.requests_ended,
           (unsigned long long)stats.cost_headers_refused);
    return result == LLMOBS_OK ? 0 : 1;
}

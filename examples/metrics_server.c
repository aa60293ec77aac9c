/* GET /metrics for Prometheus, over HTTP by libmicrohttpd. Copy the first part: it serves any
   instance. main() serves one in which four threads do the work of an imaginary service.
       cc -I. examples/metrics_server.c -o metrics_server -pthread -lm -lmicrohttpd
       ./metrics_server 9464 & curl http://127.0.0.1:9464/metrics
   Port 0, the default, takes a free one. It listens on loopback: nobody is asked who they are. */
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

/* ---- serving an instance ------------------------------------------------------------------- */

static bool append(void* user, const char* data, size_t size)
{
    return fwrite(data, 1, size, (FILE*)user) == size;
}

/* Sends a text and frees it; NULL is an empty one. */
static enum MHD_Result respond(struct MHD_Connection* connection, unsigned status, char* text,
                               size_t size, const char* header, const char* value)
{
    struct MHD_Response* response =
        MHD_create_response_from_buffer(size, text, MHD_RESPMEM_MUST_FREE);
    MHD_add_response_header(response, header, value);
    enum MHD_Result sent = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return sent;
}

/* A request. The library itself leaves the body out where HEAD asks. */
static enum MHD_Result answer(void* user, struct MHD_Connection* connection, const char* url,
                              const char* method, const char* version, const char* upload,
                              size_t* upload_size, void** state)
{
    (void)version, (void)upload, (void)upload_size, (void)state;
    if (strcmp(url, "/metrics") != 0) {
        return respond(connection, MHD_HTTP_NOT_FOUND, NULL, 0, "Content-Type", "text/plain");
    }
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
        return respond(connection, MHD_HTTP_METHOD_NOT_ALLOWED, NULL, 0, "Allow", "GET, HEAD");
    }
    char* text = NULL;
    size_t size = 0;
    FILE* file = open_memstream(&text, &size);
    llmobs_exposition exposition = llmobs_exposition_for(
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT));
    bool written = file != NULL && llmobs_prometheus_write((llmobs*)user, exposition, append,
                                                           file) == LLMOBS_OK;
    if (file == NULL || fclose(file) != 0 || !written) {
        free(text);
        return respond(connection, MHD_HTTP_SERVICE_UNAVAILABLE, NULL, 0, "Retry-After", "1");
    }
    return respond(connection, MHD_HTTP_OK, text, size, "Content-Type",
                   llmobs_exposition_content_type(exposition));
}

/* Serves until metrics_server_stop, on a thread of its own. NULL: the port is taken. */
static struct MHD_Daemon* metrics_server_start(llmobs* obs, uint16_t port)
{
    struct sockaddr_in address;
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return MHD_start_daemon(MHD_USE_AUTO_INTERNAL_THREAD, port, NULL, NULL, answer, obs,
                            MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_CONNECTION_LIMIT, 32u,
                            MHD_OPTION_CONNECTION_TIMEOUT, 10u, MHD_OPTION_END);
}

/* Before llmobs_close. */
static void metrics_server_stop(struct MHD_Daemon* server)
{
    MHD_stop_daemon(server);
}

/* ---- something to serve -------------------------------------------------------------------- */

/* Requests without end: what they feed is the article's five metrics, and an engine's. */
static void* work(void* user)
{
    llmobs* obs = (llmobs*)user;
    llmobs_request_info info = llmobs_request_info_default();
    info.feature = "chat";
    info.model = "my-model";
    info.session_id = "session-1";
    info.server = true; /* an engine: vllm:* */
    for (uint32_t number = 1;; number++) {
        uint32_t work_ms = 1 + number * UINT32_C(2654435761) % 100; /* some of each length */
        struct timespec pause = {0, (long)work_ms * 1000000};
        llmobs_outcome outcome = llmobs_outcome_default();
        llmobs_request request = llmobs_request_begin(obs, &info);
        llmobs_span call = llmobs_phase_begin(request, LLMOBS_PHASE_MODEL_CALL);
        llmobs_request_scheduled(request);
        nanosleep(&pause, NULL);
        llmobs_request_tokens(request, work_ms * 3);
        llmobs_span_end(call);
        if (number % 10 == 1) {
            llmobs_guardrail(request, "pii.email", LLMOBS_GUARDRAIL_BLOCKED);
        }
        outcome.cost_nano = (int64_t)work_ms * 3 * 2500; /* 2.50 USD a million tokens */
        outcome.cost_known = true;
        llmobs_request_end(request, &outcome);
    }
    return NULL;
}

int main(int argc, char** argv)
{
    int signal_number;
    sigset_t ends;
    llmobs_config config = llmobs_config_default();
    config.service_name = "metrics_server";
    config.metric_families = LLMOBS_FAMILY_LLM | LLMOBS_FAMILY_VLLM | LLMOBS_FAMILY_SELF;
    /* Blocked in all threads to come, too: sigwait takes them. */
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    llmobs* obs = llmobs_open(&config, NULL);
    struct MHD_Daemon* server = metrics_server_start(obs, argc > 1 ? (uint16_t)atoi(argv[1]) : 0);
    if (server == NULL) {
        perror("metrics_server");
        return 1;
    }
    for (int i = 0; i < 4; i++) {
        pthread_t thread;
        pthread_create(&thread, NULL, work, obs);
        pthread_detach(thread);
    }
    printf("http://127.0.0.1:%u/metrics\n",
           MHD_get_daemon_info(server, MHD_DAEMON_INFO_BIND_PORT)->port);
    fflush(stdout);
    sigwait(&ends, &signal_number);
    metrics_server_stop(server);
    return llmobs_close(obs) == LLMOBS_OK ? 0 : 1; /* the threads record on, into nothing */
}

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

/* Requests without end: the article's five metrics, and some of the engine below. */
static void* work(void* user)
{
    llmobs* obs = (llmobs*)user;
    llmobs_label of[] = {{"feature", "chat"}, {"model", "my-model"}, {"direction", "output"}};
    llmobs_label engine[] = {{"model_name", "my-model"}, {"engine", "0"}};
    llmobs_label phase = {"phase", "model_call"};
    llmobs_label rule[] = {{"rule", "pii.email"}, {"action", "blocked"}};
    llmobs_updown sessions = llmobs_updown_find(obs, "llm_active_sessions", of, 1);
    llmobs_counter cost = llmobs_counter_find(obs, "llm_cost_usd_total", of, 2);
    llmobs_counter tokens = llmobs_counter_find(obs, "llm_tokens_total", of, 3);
    llmobs_counter blocked = llmobs_counter_find(obs, "llm_guardrail_triggers_total", rule, 2);
    llmobs_histogram spent = llmobs_histogram_find(obs, "llm_phase_duration_seconds", &phase, 1);
    llmobs_updown running = llmobs_updown_find(obs, "vllm:num_requests_running", engine, 2);
    llmobs_histogram e2e =
        llmobs_histogram_find(obs, "vllm:e2e_request_latency_seconds", engine, 2);
    for (uint32_t request = 1;; request++) {
        uint32_t work_ms = 1 + request * UINT32_C(2654435761) % 100; /* some of each length */
        struct timespec pause = {0, (long)work_ms * 1000000};
        llmobs_updown_add(sessions, 1);
        llmobs_updown_add(running, 1);
        nanosleep(&pause, NULL);
        llmobs_histogram_record(spent, work_ms * 0.001);
        llmobs_histogram_record(e2e, work_ms * 0.001);
        llmobs_counter_add(tokens, work_ms * 3);
        llmobs_counter_add(cost, work_ms * 3 * 2500); /* 2.50 USD a million, in billionths */
        llmobs_counter_add(blocked, request % 10 == 0 ? 1 : 0);
        llmobs_updown_add(running, -1);
        llmobs_updown_add(sessions, -1);
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

/* Requests recorded, and sent by examples/otlp_http.h to an OpenTelemetry Collector, or to whatever
   else speaks OTLP over HTTP; then the account of what became of them.
       cc -I. -DHAVE_ZLIB examples/otlp_http.c -o otlp_http -pthread -lm -lcurl -lz
       OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318 ./otlp_http [REQUESTS [PER_SECOND]] */
#define _POSIX_C_SOURCE 200809L
#define LLMOBS_IMPLEMENTATION
#include "llmobs.h"

#include "otlp_http.h"

#include <time.h>

/* An answer of some words, with a cost, whose guardrail now and then has something to say. */
static void serve(llmobs* obs, unsigned number)
{
    static const char* const features[] = {"support", "search", "summary"};
    llmobs_request_info info = llmobs_request_info_default();
    char id[32];
    snprintf(id, sizeof id, "req-%u", number);
    info.request_id = id;
    info.user_id = "u42";
    info.feature = features[number % 3];
    info.model = "gpt-4o-mini";
    info.provider = "openai";
    llmobs_request request = llmobs_request_begin(obs, &info);
    llmobs_span step = llmobs_phase_begin(request, LLMOBS_PHASE_RETRIEVAL);
    llmobs_span_set_int(step, "docs.count", 4);
    step = llmobs_phase_next(request, step, LLMOBS_PHASE_MODEL_CALL);
    for (unsigned i = 0; i < 20 + number % 50; i++) {
        llmobs_request_token(request);
    }
    llmobs_span_end(step);
    llmobs_guardrail(request, "pii_leak",
                     number % 10 == 9 ? LLMOBS_GUARDRAIL_BLOCKED : LLMOBS_GUARDRAIL_PASSED);
    llmobs_outcome outcome = llmobs_outcome_default();
    outcome.usage.input_tokens = 800;
    outcome.usage.output_tokens = 20 + number % 50;
    outcome.cost_nano = 132000 + 600 * (int64_t)(number % 50);
    llmobs_request_end(request, &outcome);
}

static uint64_t print_part(const char* what, uint64_t received, uint64_t exported,
                           const uint64_t lost[LLMOBS_LOSS_COUNT])
{
    uint64_t sum = 0;
    printf("%s: received %" PRIu64 " = exported %" PRIu64, what, received, exported);
    for (int i = 0; i < LLMOBS_LOSS_COUNT; i++) {
        printf(" + %s %" PRIu64, llmobs_loss_name((llmobs_loss)i), lost[i]);
        sum += lost[i];
    }
    puts("");
    return sum;
}

static bool print_account(const llmobs_exporter_stats* of, const otlp_http* by)
{
    const llmobs_signal_stats* points = &of->points;
    uint64_t lost = print_part("spans, log records", of->received, of->exported, of->lost) +
                    print_part("points", points->received, points->exported, points->lost);
    printf("batches %" PRIu64 ", retries %" PRIu64 "\n", of->batches, of->retries);
    for (int i = 0; i < OTLP_SIGNALS; i++) {
        printf("%s: %" PRIu64 " bytes, sent as %" PRIu64 "\n", otlp_paths[i],
               by->signals[i].body_bytes, by->signals[i].sent_bytes);
    }
    return lost == 0;
}

int main(int argc, char** argv)
{
    unsigned requests = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 10;
    long per_second = argc > 2 ? strtol(argv[2], NULL, 10) : 0; /* 0: as fast as it can */
    const struct timespec pause = {per_second == 1, per_second > 1 ? 1000000000 / per_second : 0};
    static otlp_http server;
    static llmobs_stats stats;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    if (!otlp_http_init(&server)) {
        return 2;
    }
    llmobs_config config = llmobs_config_default();
    config.service_name = "otlp-example";
    config.queue_bytes = 16 << 20; /* for a server that is away for a while */
    config.close_timeout_ms = 10000;
    llmobs* obs = llmobs_open(&config, NULL);
    llmobs_exporter exporter = otlp_http_exporter(&server);
    bool good = llmobs_exporter_add(obs, &exporter) == LLMOBS_OK;
    for (unsigned i = 0; i < requests; i++) {
        serve(obs, i);
        nanosleep(&pause, NULL);
    }
    stats.size = sizeof stats;
    good = llmobs_close_with_stats(obs, &stats) == LLMOBS_OK && good;
    good = print_account(&stats.exporters[0], &server) && good;
    curl_global_cleanup();
    return good ? 0 : 1;
}

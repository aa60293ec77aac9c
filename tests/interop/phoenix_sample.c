/* The demo's chain answers the demo's questions, in OpenInference's words, and its spans go by
   examples/otlp_http.h to Arize Phoenix. Linked with the demo's parts, but its main.

       phoenix_sample SENT

   SENT gets the same spans as OTLP/JSON. Run it in the project's folder. */
#define _POSIX_C_SOURCE 200809L
#include "../../examples/demo/library.h"
#include "../../examples/demo/workers.h"
#include "../../examples/otlp_http.h"

static bool write_to(void* user, const char* data, size_t size)
{
    return fwrite(data, 1, size, (FILE*)user) == size;
}

static FILE* sent;

static llmobs_export_result write_and_send(void* user, const llmobs_batch* batch)
{
    if (batch->attempt == 1 &&
        llmobs_encode(batch, LLMOBS_FORMAT_OTLP_JSON, write_to, sent) != LLMOBS_OK) {
        return LLMOBS_EXPORT_DROP;
    }
    return otlp_http_export(user, batch);
}

static llmobs* open_llmobs(otlp_http* server, const language_model* model)
{
    llmobs_config config = llmobs_config_default();
    llmobs_price price = llmobs_price_default();
    config.service_name = "llmobs-demo";
    config.vocabulary = LLMOBS_VOCABULARY_OPENINFERENCE;
    config.price_bytes = 64 * 1024;
    config.close_timeout_ms = 30000;
    price.femto[LLMOBS_COST_INPUT] = LLMOBS_PER_MILLION(0.50);
    price.femto[LLMOBS_COST_OUTPUT] = LLMOBS_PER_MILLION(1.50);
    llmobs* obs = llmobs_open(&config, NULL);
    llmobs_exporter exporter = otlp_http_exporter(server);
    exporter.export_batch = write_and_send;
    exporter.signals = LLMOBS_SIGNAL_SPANS; /* Phoenix takes nothing else */
    if (llmobs_exporter_add(obs, &exporter) != LLMOBS_OK ||
        llmobs_price_set(obs, model->provider, model->name, &price) != LLMOBS_OK) {
        llmobs_close(obs);
        return NULL;
    }
    return obs;
}

static bool answer_all(llmobs* obs, const language_model* model)
{
    library docs = {0};
    questions all = {0};
    terminal nowhere = terminal_of(stderr);
    bool good = library_add(&docs, "README.md") &&
                questions_read(&all, "examples/demo/questions.txt");
    if (good) {
        retrieval* index = retrieval_build(&docs);
        chain with = {obs, index, model, "documentation"};
        questions_answer(&all, &with, 2, &nowhere);
        callers_leave(obs);
        retrieval_free(index);
    }
    questions_free(&all);
    library_free(&docs);
    return good;
}

int main(int argc, char** argv)
{
    static otlp_http server;
    static llmobs_stats stats;
    const language_model model = {"demo-4gram", "llmobs.demo", NULL, 1, 0};
    sent = argc > 1 ? fopen(argv[1], "wb") : NULL;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    if (sent == NULL || !otlp_http_init(&server)) {
        return 2;
    }
    llmobs* obs = open_llmobs(&server, &model);
    bool good = obs != NULL && answer_all(obs, &model);
    stats.size = sizeof stats;
    good = llmobs_close_with_stats(obs, &stats) == LLMOBS_OK && good;
    good = fclose(sent) == 0 && good;
    printf("sent %" PRIu64 " of %" PRIu64 " spans, %" PRIu64 " requests\n",
           stats.exporters[0].exported, stats.exporters[0].received, stats.requests_ended);
    return good && stats.exporters[0].exported == stats.exporters[0].received ? 0 : 1;
}

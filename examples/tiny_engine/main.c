/* An engine of a small transformer, made observable by llmobs.h: everything that an engine does,
   without a download. engine.c is the file to copy from. It prints what it counts itself, so that
   what llmobs says can be held against it. */
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif
#include "clients.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { DONE = 0, FAILED = 1, BAD_USAGE = 2 };

static const model_shape small = {.layers = 2, .width = 64, .heads = 4, .hidden = 172};

/* USD a token: 0.50 a million for prompts, a tenth of it where they are cached, 1.50 for
   answers. */
static const char prices[] = "{\"tiny\": {\"input_cost_per_token\": 0.0000005,"
                             " \"cache_read_input_token_cost\": 0.00000005,"
                             " \"output_cost_per_token\": 0.0000015}}";

/* ---- metrics ------------------------------------------------------------------------------- */

static bool append(void* user, const char* data, size_t size)
{
    return fwrite(data, 1, size, (FILE*)user) == size;
}

/* What a server answers at /metrics. */
static bool write_metrics(llmobs* obs, FILE* file)
{
    return llmobs_prometheus_write(obs, LLMOBS_PROMETHEUS_TEXT, append, file) == /* llmobs */
           LLMOBS_OK;
}

static bool save_metrics(llmobs* obs, const char* path)
{
    bool shown = strcmp(path, "-") == 0;
    FILE* file = shown ? stdout : fopen(path, "w");
    bool good = file != NULL && write_metrics(obs, file);
    good = (file == NULL || shown || fclose(file) == 0) && good;
    if (!good) {
        fprintf(stderr, "tiny_engine: %s: %s\n", path, strerror(errno));
    }
    return good;
}

typedef struct scraper {
    llmobs* obs;
    size_t pause_ms;
    atomic_bool stop;
    size_t scrapes;
    size_t failed;
    pthread_t thread;
} scraper;

static void* scrape(void* user)
{
    scraper* one = (scraper*)user;
    struct timespec pause = {(time_t)(one->pause_ms / 1000),
                             (long)(one->pause_ms % 1000) * 1000000};
    while (!atomic_load(&one->stop)) {
        char* text = NULL;
        size_t size = 0;
        FILE* file = open_memstream(&text, &size);
        bool good = file != NULL && write_metrics(one->obs, file);
        good = (file == NULL || fclose(file) == 0) && good && size > 0;
        free(text);
        one->scrapes++;
        one->failed += !good;
        nanosleep(&pause, NULL);
    }
    return NULL;
}

/* ---- what it counted ----------------------------------------------------------------------- */

static void list(const receipt* receipts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const receipt* one = &receipts[i];
        printf("request req-%zu %s input %zu output %zu cached %zu drafted %zu accepted %zu "
               "steps %zu waited %d %s %016" PRIx64 "\n", i, tenant_names[i % TENANTS], one->input,
               one->output, one->cached, one->drafted, one->accepted, one->steps, one->waited,
               finish_names[one->how], one->checksum);
    }
}

static void tell(const engine* of, const receipt* receipts, size_t count)
{
    size_t ends[FINISHES] = {0};
    receipt sums[TENANTS] = {{0}};
    uint64_t checksum = 0;
    for (size_t i = 0; i < count; i++) {
        receipt* sum = &sums[i % TENANTS];
        ends[receipts[i].how]++;
        sum->input += receipts[i].input;
        sum->output += receipts[i].output;
        sum->cached += receipts[i].cached;
        checksum = checksum * UINT64_C(1099511628211) ^ receipts[i].checksum;
    }
    for (size_t i = 0; i < FINISHES; i++) {
        printf("finished %s %zu\n", finish_names[i], ends[i]);
    }
    for (size_t i = 0; i < TENANTS; i++) {
        printf("tenant %s input %zu output %zu cached %zu\n", tenant_names[i], sums[i].input,
               sums[i].output, sums[i].cached);
    }
    printf("generated %" PRIu64 "\nlate %" PRIu64 "\nwaited %" PRIu64 "\n", of->counts.generated,
           of->counts.late, of->counts.waited);
    printf("drafts %" PRIu64 "\ndrafted %" PRIu64 "\naccepted %" PRIu64 "\n", of->counts.drafts,
           of->counts.drafted, of->counts.accepted);
    printf("steps %" PRIu64 "\nrows %" PRIu64 "\nserved %" PRIu64 "\ncells %zu of %zu\n",
           of->counts.steps, of->counts.rows, of->counts.served, of->counts.cells_most,
           engine_cells(of));
    printf("checksum %016" PRIx64 "\n", checksum);
}

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* ---- a run --------------------------------------------------------------------------------- */

static bool serve_all(engine* with, llmobs* obs, const options* by)
{
    receipt* receipts = (receipt*)calloc(by->requests, sizeof(receipt));
    scraper watcher = {.obs = obs, .pause_ms = by->scrape_ms};
    bool scraped = obs != NULL && by->scrape_ms > 0 &&
                   pthread_create(&watcher.thread, NULL, scrape, &watcher) == 0;
    double began = seconds_now();
    bool good = receipts != NULL && engine_start(with);
    if (good) {
        good = clients_run(with, obs, by, receipts);
        engine_stop(with);
    }
    double took = seconds_now() - began;
    if (scraped) {
        atomic_store(&watcher.stop, true);
        pthread_join(watcher.thread, NULL);
        printf("scrapes %zu failed %zu\n", watcher.scrapes, watcher.failed);
    }
    if (good) {
        if (by->list) {
            list(receipts, by->requests);
        }
        tell(with, receipts, by->requests);
        fprintf(stderr, "%.0f tokens a second\n", (double)with->counts.rows / took);
    }
    free(receipts);
    return good;
}

/* What stands apart from the engine: an instance, where its spans go, what a token costs. */
static llmobs* observe(const options* by)
{
    llmobs_result result = LLMOBS_OK;
    llmobs* obs = llmobs_open(&(llmobs_config){.service_name = "tiny_engine", /* llmobs */
                                               .metric_families = LLMOBS_FAMILY_ALL,
                                               .price_bytes = 65536}, &result);
    if (result == LLMOBS_OK) {
        result = llmobs_prices_load(obs, prices, sizeof prices - 1, NULL); /* llmobs */
    }
    if (result == LLMOBS_OK && by->trace != NULL) {
        result = llmobs_export_file(obs, LLMOBS_FORMAT_OTLP_JSON, by->trace); /* llmobs */
    }
    if (result != LLMOBS_OK) {
        fprintf(stderr, "tiny_engine: llmobs: %s\n", llmobs_result_name(result));
    }
    return obs;
}

/* Delivers what was recorded, writes what is asked for, and says whether all of it is there. */
static bool report(llmobs* obs, const options* by)
{
    llmobs_cost_question question = llmobs_cost_question_default();
    llmobs_stats stats = {.size = sizeof stats};
    bool good = llmobs_flush(obs, 10000) == LLMOBS_OK; /* llmobs */
    question.by = LLMOBS_COST_BY_TENANT;
    question.period = LLMOBS_PERIOD_NONE;
    good = llmobs_cost_report_write(obs, &question, TENANTS, LLMOBS_REPORT_CSV, append, stdout) ==
               LLMOBS_OK && good;
    good = (by->metrics == NULL || save_metrics(obs, by->metrics)) && good;
    good = llmobs_close_with_stats(obs, &stats) == LLMOBS_OK && good; /* llmobs */
    printf("observed begun %" PRIu64 " ended %" PRIu64 " late %" PRIu64 " dropped %" PRIu64 "\n",
           stats.requests_begun, stats.requests_ended, stats.requests_late,
           stats.requests_dropped + stats.dropped[LLMOBS_DROP_POOL]);
    return good;
}

int main(int argc, char** argv)
{
    options by;
    model weights;
    engine with;
    if (!options_read(&by, argc, argv)) {
        return BAD_USAGE;
    }
    if (by.help) {
        options_help();
        return DONE;
    }
    model_shape wanted = small;
    wanted.context = (uint32_t)by.context;
    if (by.weights != NULL ? !model_load(&weights, by.weights)
                           : !model_make(&weights, &wanted, by.seed)) {
        return FAILED;
    }
    printf("seed %" PRIu64 "\n", by.seed);
    bool good = by.save == NULL || model_save(&weights, by.save);
    llmobs* obs = by.off ? NULL : observe(&by);
    bool made = engine_make(&with, &weights, by.slots, by.batch, by.speculate, obs);
    good = good && made && serve_all(&with, obs, &by);
    engine_free(&with);
    good = (obs == NULL || report(obs, &by)) && good;
    model_free(&weights);
    return good ? DONE : FAILED;
}

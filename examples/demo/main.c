/* A retrieval-augmented chain that runs on real text, made observable by llmobs.h. The chain itself
   is in chain.c: that is the file to copy from. */
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif
#include "chain.h"
#include "collector.h"
#include "options.h"
#include "report.h"
#include "terminal.h"
#include "workers.h"

#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { DONE = 0, FAILED = 1, BAD_USAGE = 2, BLOCKED = 3 };

/* ---- what is written ----------------------------------------------------------------------- */

typedef struct outputs {
    text otlp;
    text chrome;
    text metrics;
} outputs;

static bool make_folder(const char* path)
{
    text part = {0};
    bool good = true;
    for (const char* at = path; good; at++) {
        if ((*at == '/' || *at == '\0') && part.size > 0) {
            good = mkdir(part.data, 0777) == 0 || errno == EEXIST;
        }
        if (*at == '\0') {
            break;
        }
        text_add(&part, at, 1);
    }
    struct stat status;
    if (good && (stat(path, &status) != 0 || !S_ISDIR(status.st_mode))) {
        errno = ENOTDIR;
        good = false;
    }
    if (!good) {
        fprintf(stderr, "demo: %s: %s\n", path, strerror(errno));
    }
    text_free(&part);
    return good;
}

/* The library appends to its files; the demo shows one run, so it removes those of the last. */
static bool export_to_file(llmobs* obs, llmobs_format format, text* path, const char* folder,
                           const char* name)
{
    text_add_string(path, folder);
    text_add_string(path, "/");
    text_add_string(path, name);
    remove(path->data);
    llmobs_result result = llmobs_export_file(obs, format, path->data);
    if (result != LLMOBS_OK) {
        fprintf(stderr, "demo: %s: %s\n", path->data, llmobs_result_name(result));
    }
    return result == LLMOBS_OK;
}

static void print_note(void* user, llmobs_note note, uint64_t count, const char* what)
{
    (void)user;
    (void)note;
    fprintf(stderr, "llmobs: %s (%" PRIu64 ")\n", what, count);
}

/* Three exporters get every span: two files, and a callback of our own. */
static llmobs* open_llmobs(const options* wanted, outputs* files, collector* spans)
{
    llmobs_config config = llmobs_config_default();
    config.service_name = "llmobs-demo";
    config.note = print_note;
    llmobs_result result;
    llmobs* obs = llmobs_open(&config, &result);
    if (obs == NULL) {
        fprintf(stderr, "demo: llmobs_open: %s\n", llmobs_result_name(result));
        return NULL;
    }
    if (!export_to_file(obs, LLMOBS_FORMAT_OTLP_JSON, &files->otlp, wanted->out, "traces.jsonl") ||
        !export_to_file(obs, LLMOBS_FORMAT_CHROME, &files->chrome, wanted->out, "trace.json") ||
        llmobs_export_to(obs, collector_export, spans) != LLMOBS_OK) {
        llmobs_close(obs);
        return NULL;
    }
    return obs;
}

/* ---- what is said -------------------------------------------------------------------------- */

static void print_head(const terminal* on, const library* docs, const language_model* model)
{
    char documents[SHORT_TEXT];
    char passages[SHORT_TEXT];
    char tokens[SHORT_TEXT];
    char pace[SHORT_TEXT] = "as fast as it can";
    if (model->tokens_per_second > 0) {
        snprintf(pace, sizeof pace, "%g tokens a second", model->tokens_per_second);
    }
    fprintf(on->stream, "\n  %sllmobs demo%s  %s documents in %s passages, %s tokens\n  %s",
            paint(on, BOLD), paint(on, PLAIN), show_count(documents, docs->document_count),
            show_count(passages, docs->passage_count), show_count(tokens, docs->token_count),
            paint(on, DIM));
    text about = {0};
    text_add_string(&about, "The model is a stand-in, so that nothing must be downloaded: a word "
                            "n-gram fitted to the retrieved passages. It speaks ");
    text_add_string(&about, pace);
    text_add_string(&about, " (--pace).");
    print_wrapped(on, 2, about.data);
    fprintf(on->stream, "%s\n", paint(on, PLAIN));
    text_free(&about);
    fflush(on->stream);
}

static void print_rules(const terminal* on, const verdict* from)
{
    for (size_t i = 0; i < from->rule_count; i++) {
        fprintf(on->stream, "%s%s", i > 0 ? ", " : "", from->rules[i]);
    }
}

static void print_answer(const terminal* on, const char* asked, const answer* got)
{
    fprintf(on->stream, "  %sQ%s  ", paint(on, BOLD), paint(on, PLAIN));
    print_wrapped(on, 5, asked);
    fprintf(on->stream, "  %sA%s  ", paint(on, BOLD), paint(on, PLAIN));
    if (!got->guardrail.passed) {
        fprintf(on->stream, "%sno answer: the guardrail blocked it by ", paint(on, RED));
        print_rules(on, &got->guardrail);
        fprintf(on->stream, "%s\n", paint(on, PLAIN));
    } else if (got->content.size == 0) {
        fputs("The documents say nothing about this.\n", on->stream);
    } else {
        print_wrapped(on, 5, got->content.data);
    }
    fputc('\n', on->stream);
}

static void print_sources(const terminal* on, const retrieved* from)
{
    for (size_t i = 0; i < from->count; i++) {
        const passage* at = from->passages[i];
        fprintf(on->stream, "  %s%-9s%s%5.2f  %s%s%s\n", paint(on, DIM), i == 0 ? "sources" : "",
                paint(on, PLAIN), from->scores[i], at->source, *at->title != '\0' ? ", " : "",
                at->title);
    }
    fputc('\n', on->stream);
}

static void print_blocked(const terminal* on, const questions* all, const char* path)
{
    for (size_t i = 0; i < all->count; i++) {
        const question* at = &all->list[i];
        if (!at->result.guardrail.passed) {
            fprintf(on->stream, "  %sblocked%s  %s:%zu  ", paint(on, RED), paint(on, PLAIN), path,
                    at->line);
            print_rules(on, &at->result.guardrail);
            fputc('\n', on->stream);
        }
    }
    fputc('\n', on->stream);
}

/* The ledger: what was begun must be somewhere. */
static bool print_ledger(const terminal* on, const llmobs_stats* stats)
{
    uint64_t dropped = 0;
    uint64_t lost = 0;
    uint64_t delivered = 0;
    for (int i = 0; i < LLMOBS_DROP_COUNT; i++) {
        dropped += stats->dropped[i];
    }
    for (uint32_t i = 0; i < stats->exporter_count; i++) {
        delivered += stats->exporters[i].exported == stats->collected;
        for (int k = 0; k < LLMOBS_LOSS_COUNT; k++) {
            lost += stats->exporters[i].lost[k];
        }
    }
    bool whole = stats->started == dropped + stats->live + stats->ended + stats->collected &&
                 delivered == stats->exporter_count && dropped == 0 && lost == 0;
    fprintf(on->stream,
            "  %sledger%s   %" PRIu64 " spans started = %" PRIu64 " collected + %" PRIu64
            " dropped + %" PRIu64 " in flight\n",
            paint(on, DIM), paint(on, PLAIN), stats->started, stats->collected, dropped,
            stats->live + stats->ended);
    fprintf(on->stream,
            "           all exported by %" PRIu64 " of %" PRIu32 " exporters, lost %" PRIu64
            "  %s%s%s\n\n",
            delivered, stats->exporter_count, lost, paint(on, whole ? GREEN : RED),
            whole ? "balanced" : "NOT BALANCED", paint(on, PLAIN));
    return whole;
}

static void print_files(const terminal* on, const outputs* files)
{
    fprintf(on->stream, "  %sfiles%s    %s  OTLP JSON lines, for any OpenTelemetry Collector\n",
            paint(on, DIM), paint(on, PLAIN), files->otlp.data);
    fprintf(on->stream, "           %-*s  Chrome trace: open it in https://ui.perfetto.dev\n",
            (int)files->otlp.size, files->chrome.data);
    fprintf(on->stream, "           %-*s  metrics, as Prometheus scrapes them\n",
            (int)files->otlp.size, files->metrics.data);
}

/* ---- the two modes ------------------------------------------------------------------------- */

static int answer_one(const terminal* on, const chain* with, const char* asked,
                      const collector* spans)
{
    answer got = trace_chain(with, asked);
    llmobs_flush(with->obs, 5000);
    print_answer(on, asked, &got);
    print_sources(on, &got.sources);
    report_waterfall(on, spans, got.trace.trace_id);
    fputc('\n', on->stream);
    text_free(&got.content);
    return got.guardrail.passed ? DONE : BLOCKED;
}

static int answer_file(const terminal* on, const chain* with, const options* wanted,
                       const collector* spans)
{
    questions all = {0};
    if (!questions_read(&all, wanted->questions)) {
        return FAILED;
    }
    terminal progress = terminal_of(stderr);
    questions_answer(&all, with, wanted->threads, &progress);
    llmobs_flush(with->obs, 5000);
    for (size_t i = 0; wanted->answers && i < all.count; i++) {
        print_answer(on, all.list[i].data, &all.list[i].result);
    }
    report_summary(on, spans);
    fputc('\n', on->stream);
    print_blocked(on, &all, wanted->questions);
    const kept_span* slowest = report_slowest(spans);
    if (slowest != NULL) {
        fprintf(on->stream, "  %sThe slowest request%s\n", paint(on, BOLD), paint(on, PLAIN));
        report_waterfall(on, spans, slowest->trace_id);
        fputc('\n', on->stream);
    }
    questions_free(&all);
    return DONE;
}

static int run(const options* wanted, const library* docs)
{
    terminal on = terminal_of(stdout);
    language_model model = {"demo-4gram", wanted->seed, wanted->pace};
    outputs files = {0};
    collector spans = {0};
    text_add_string(&files.metrics, wanted->out);
    text_add_string(&files.metrics, "/metrics.prom");
    llmobs* obs = make_folder(wanted->out) ? open_llmobs(wanted, &files, &spans) : NULL;
    int status = FAILED;
    if (obs != NULL) {
        retrieval* index = retrieval_build(docs);
        meters metrics = meters_open(obs, model.name, "documentation");
        chain with = {obs, index, &model, &metrics};
        print_head(&on, docs, &model);
        status = wanted->question != NULL ? answer_one(&on, &with, wanted->question, &spans)
                                          : answer_file(&on, &with, wanted, &spans);
        llmobs_stats stats;
        stats.size = sizeof stats;
        if (status != FAILED && llmobs_stats_read(obs, &stats) == LLMOBS_OK) {
            meters_report(&metrics, &on);
            status = print_ledger(&on, &stats) ? status : FAILED;
            status = meters_write(&metrics, files.metrics.data) ? status : FAILED;
            print_files(&on, &files);
        }
        llmobs_close(obs);
        retrieval_free(index);
    }
    text_free(&files.otlp);
    text_free(&files.chrome);
    text_free(&files.metrics);
    collector_free(&spans);
    return status;
}

static bool read_documents(library* to, const char* path)
{
    bool good = path != NULL ? library_add(to, path)
                             : library_add(to, "README.md") && library_add(to, "docs");
    if (!good && path == NULL) {
        fputs("demo: run it in the project's folder, or name yours: --docs DIR\n", stderr);
    } else if (good && to->passage_count == 0) {
        fprintf(stderr, "demo: %s: no text in it (looked for %s)\n", path != NULL ? path : "docs",
                LIBRARY_SUFFIXES);
        good = false;
    }
    return good;
}

int main(int count, char** words)
{
    options wanted;
    setlocale(LC_CTYPE, ""); /* and no more: numbers are written with a dot */
    if (!options_read(&wanted, count, words)) {
        free(wanted.question);
        return BAD_USAGE;
    }
    if (wanted.help) {
        options_help();
        free(wanted.question);
        return DONE;
    }
    library docs = {0};
    int status = read_documents(&docs, wanted.docs) ? run(&wanted, &docs) : FAILED;
    library_free(&docs);
    free(wanted.question);
    return status;
}

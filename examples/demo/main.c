/* A retrieval-augmented chain that runs on real text, made observable by llmobs.h. The chain itself
   is in chain.c: that is the file to copy from. */
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif
#include "chain.h"
#include "collector.h"
#include "drifting.h"
#include "endpoint.h"
#include "judging.h"
#include "meters.h"
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

#define PRICES "examples/prices.json"
#define STAND_IN_INPUT_USD 0.50 /* for a million tokens */
#define STAND_IN_OUTPUT_USD 1.50
#define MONTHLY_BUDGET_USD 100.0 /* for the alerts */

/* ---- what is written ----------------------------------------------------------------------- */

typedef struct outputs {
    text otlp;
    text chrome;
    text requests;
    text metrics;
    text rules;
} outputs;

static void outputs_free(outputs* of)
{
    text_free(&of->otlp);
    text_free(&of->chrome);
    text_free(&of->requests);
    text_free(&of->metrics);
    text_free(&of->rules);
}

/* What the demo learns of its own requests. */
typedef struct observed {
    collector spans;
    judging verdicts;
} observed;

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

/* Users, sessions, prompts and answers leave as pseudonyms made with this. It is here so that the
   demo's are the same in every run; a real program reads 32 random bytes from a file that only it
   may read, or from a secret store, and never has them in its source. */
static const char demo_secret[] = "not a secret: llmobs demo, 32 B.";

/* Two files and a callback of our own get every span, a third file gets a line for each request. */
static llmobs* open_llmobs(const options* wanted, outputs* files, observed* to)
{
    llmobs_config config = llmobs_config_default();
    config.service_name = "llmobs-demo";
    config.note = print_note;
    config.vocabulary = LLMOBS_VOCABULARY_ARTICLE; /* llm_chain, docs.count, tokens.input, ... */
    config.key.id = "demo";
    config.key.secret = demo_secret;
    config.key.secret_size = sizeof demo_secret - 1;
    config.price_bytes = 64 * 1024;
    judging_configure(&config, wanted->question != NULL);
    llmobs_result result;
    llmobs* obs = llmobs_open(&config, &result);
    if (obs == NULL) {
        fprintf(stderr, "demo: llmobs_open: %s\n", llmobs_result_name(result));
        return NULL;
    }
    if (!export_to_file(obs, LLMOBS_FORMAT_OTLP_JSON, &files->otlp, wanted->out, "traces.jsonl") ||
        !export_to_file(obs, LLMOBS_FORMAT_CHROME, &files->chrome, wanted->out, "trace.json") ||
        !export_to_file(obs, LLMOBS_FORMAT_LOG_JSON, &files->requests, wanted->out,
                        "requests.jsonl") ||
        llmobs_export_to(obs, collector_export, &to->spans) != LLMOBS_OK ||
        !judging_start(obs, &to->verdicts)) {
        llmobs_close(obs);
        return NULL;
    }
    return obs;
}

/* The stand-in has an invented price, a real model the example table's, where it is there. */
static void set_prices(llmobs* obs, const language_model* model)
{
    llmobs_price price = llmobs_price_default();
    price.femto[LLMOBS_COST_INPUT] = LLMOBS_PER_MILLION(STAND_IN_INPUT_USD);
    price.femto[LLMOBS_COST_OUTPUT] = LLMOBS_PER_MILLION(STAND_IN_OUTPUT_USD);
    llmobs_result result = model->remote != NULL
                               ? llmobs_prices_load_file(obs, PRICES, NULL)
                               : llmobs_price_set(obs, model->provider, model->name, &price);
    if (result != LLMOBS_OK) {
        fprintf(stderr, "demo: no prices, so that costs are unknown (" PRICES "): %s\n",
                llmobs_result_name(result));
    }
}

/* The rules that llmobs has by itself, with a budget, whose rules need one. */
static void set_alerts(llmobs* obs)
{
    llmobs_alert_defaults numbers = llmobs_alert_defaults_default();
    llmobs_alert_error error = llmobs_alert_error_default();
    numbers.monthly_budget_usd = MONTHLY_BUDGET_USD;
    if (llmobs_alert_defaults_load(obs, &numbers, &error) != LLMOBS_OK) {
        fprintf(stderr, "demo: no alerts: %s\n", error.reason);
    }
}

/* ---- what is said -------------------------------------------------------------------------- */

static text describe(const language_model* model)
{
    text about = {0};
    if (model->remote != NULL) {
        text_add_string(&about, "The model is ");
        text_add_string(&about, model->name);
        text_add_string(&about, " at ");
        text_add_string(&about, model->remote->url);
        text_add_string(&about, ": questions and passages go there.");
        return about;
    }
    char pace[SHORT_TEXT] = "as fast as it can";
    if (model->tokens_per_second > 0) {
        snprintf(pace, sizeof pace, "%g tokens a second", model->tokens_per_second);
    }
    text_add_string(&about, "The model is a stand-in, so that nothing must be downloaded: a word "
                            "n-gram fitted to the retrieved passages. It speaks ");
    text_add_string(&about, pace);
    text_add_string(&about, " (--pace).");
    return about;
}

static void print_head(const terminal* on, const library* docs, const language_model* model)
{
    char documents[SHORT_TEXT];
    char passages[SHORT_TEXT];
    char tokens[SHORT_TEXT];
    fprintf(on->stream, "\n  %sllmobs demo%s  %s documents in %s passages, %s tokens\n  %s",
            paint(on, BOLD), paint(on, PLAIN), show_count(documents, docs->document_count),
            show_count(passages, docs->passage_count), show_count(tokens, docs->token_count),
            paint(on, DIM));
    text about = describe(model);
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
    } else if (got->error_type != NULL) {
        fprintf(on->stream, "%sno answer: the model's server failed: %s%s\n", paint(on, RED),
                got->error_type, paint(on, PLAIN));
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

static void print_failed(const terminal* on, const questions* all, const char* path)
{
    for (size_t i = 0; i < all->count; i++) {
        const question* at = &all->list[i];
        if (at->result.error_type != NULL) {
            fprintf(on->stream, "  %sfailed%s   %s:%zu  %s\n", paint(on, RED), paint(on, PLAIN),
                    path, at->line, at->result.error_type);
        }
    }
}

/* Whether an exporter has sent all spans, all log records, or both: whatever it takes. */
static bool is_delivered(const llmobs_exporter_stats* by, const llmobs_stats* stats)
{
    uint64_t spans = stats->collected - stats->log_records;
    bool all = by->received == spans || by->received == stats->log_records ||
               by->received == stats->collected;
    return all && by->exported == by->received;
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
        delivered += is_delivered(&stats->exporters[i], stats);
        for (int k = 0; k < LLMOBS_LOSS_COUNT; k++) {
            lost += stats->exporters[i].lost[k];
        }
    }
    bool whole = stats->started == dropped + stats->live + stats->ended + stats->collected &&
                 delivered == stats->exporter_count && dropped == 0 && lost == 0;
    fprintf(on->stream,
            "  %sledger%s   %" PRIu64 " spans and %" PRIu64 " log records = %" PRIu64
            " collected + %" PRIu64 " dropped + %" PRIu64 " in flight\n",
            paint(on, DIM), paint(on, PLAIN), stats->started - stats->log_records,
            stats->log_records, stats->collected, dropped, stats->live + stats->ended);
    fprintf(on->stream,
            "           all exported by %" PRIu64 " of %" PRIu32 " exporters, lost %" PRIu64
            "  %s%s%s\n\n",
            delivered, stats->exporter_count, lost, paint(on, whole ? GREEN : RED),
            whole ? "balanced" : "NOT BALANCED", paint(on, PLAIN));
    return whole;
}

static void print_files(const terminal* on, const outputs* files)
{
    int width = (int)files->requests.size;
    fprintf(on->stream, "  %sfiles%s    %-*s  OTLP JSON lines, for any OpenTelemetry Collector\n",
            paint(on, DIM), paint(on, PLAIN), width, files->otlp.data);
    fprintf(on->stream, "           %-*s  Chrome trace: open it in https://ui.perfetto.dev\n",
            width, files->chrome.data);
    fprintf(on->stream, "           %-*s  log lines of requests and scores, without texts\n",
            width, files->requests.data);
    fprintf(on->stream, "           %-*s  metrics, as Prometheus scrapes them\n", width,
            files->metrics.data);
    fprintf(on->stream, "           %-*s  the alert rules, for Prometheus' rule_files\n", width,
            files->rules.data);
}

/* ---- the two modes ------------------------------------------------------------------------- */

static void print_request(const terminal* on, const chain* with, const collector* spans)
{
    const kept_span* slowest = report_slowest(spans);
    if (slowest != NULL) {
        report_waterfall(on, spans, slowest);
        fprintf(on->stream, "\n  %sWhy did it take so long?%s\n", paint(on, BOLD),
                paint(on, PLAIN));
        report_explanation(on, with->obs, slowest);
        fputc('\n', on->stream);
    }
}

static int answer_one(const terminal* on, const chain* with, const char* asked,
                      const observed* seen)
{
    caller who = caller_of(0);
    answer got = trace_chain(with, &who, asked);
    judging_wait(with->obs);
    print_answer(on, asked, &got);
    print_sources(on, &got.sources);
    print_request(on, with, &seen->spans);
    judging_report_one(on, &seen->verdicts);
    text_free(&got.content);
    return !got.guardrail.passed ? BLOCKED : got.error_type != NULL ? FAILED : DONE;
}

static int answer_file(const terminal* on, const chain* with, const options* wanted,
                       const observed* seen)
{
    questions all = {0};
    if (!questions_read(&all, wanted->questions)) {
        return FAILED;
    }
    terminal progress = terminal_of(stderr);
    questions_answer(&all, with, wanted->threads, &progress);
    judging_wait(with->obs);
    int status = DONE;
    for (size_t i = 0; i < all.count; i++) {
        if (wanted->answers) {
            print_answer(on, all.list[i].data, &all.list[i].result);
        }
        status = all.list[i].result.error_type != NULL ? FAILED : status;
    }
    report_summary(on, &seen->spans);
    fputc('\n', on->stream);
    print_failed(on, &all, wanted->questions);
    print_blocked(on, &all, wanted->questions);
    fprintf(on->stream, "  %sThe slowest request%s\n", paint(on, BOLD), paint(on, PLAIN));
    print_request(on, with, &seen->spans);
    judging_report(on, with->obs, &seen->verdicts, &all, wanted->questions);
    questions_free(&all);
    return status;
}

static void print_costs(const terminal* on, llmobs* obs, const language_model* model)
{
    fprintf(on->stream, "  %sWhat did it cost, and whom?%s\n  %s", paint(on, BOLD),
            paint(on, PLAIN), paint(on, DIM));
    if (model->remote != NULL) {
        fprintf(on->stream, "By " PRICES " for %s of %s: unknown if it is not in there.",
                model->name, model->provider);
    } else {
        fprintf(on->stream,
                "By an invented price of %.2f USD for a million tokens in, %.2f out: the model is "
                "a stand-in.", STAND_IN_INPUT_USD, STAND_IN_OUTPUT_USD);
    }
    fprintf(on->stream, "%s\n", paint(on, PLAIN));
    report_costs(on, obs, LLMOBS_COST_BY_FEATURE);
    report_costs(on, obs, LLMOBS_COST_BY_USER);
    fputc('\n', on->stream);
}

/* What stands at the end, where anything was asked. */
static int print_end(const terminal* on, const chain* with, const collector* spans,
                     const outputs* files, int status)
{
    meters metrics = meters_open(with->obs, with->model->name, with->feature);
    llmobs_stats stats;
    stats.size = sizeof stats;
    if (llmobs_stats_read(with->obs, &stats) != LLMOBS_OK) {
        return FAILED;
    }
    if (stats.requests_begun == 0) {
        return status;
    }
    callers_leave(with->obs);
    meters_record(&metrics, spans);
    meters_report(&metrics, on);
    print_costs(on, with->obs, with->model);
    report_alerts(on, with->obs);
    status = print_ledger(on, &stats) ? status : FAILED;
    status = meters_write(&metrics, files->metrics.data) ? status : FAILED;
    status = rules_write(with->obs, files->rules.data) ? status : FAILED;
    print_files(on, files);
    return status;
}

static int run(const options* wanted, const library* docs, const language_model* model)
{
    terminal on = terminal_of(stdout);
    outputs files = {0};
    observed seen = {0};
    text_add_string(&files.metrics, wanted->out);
    text_add_string(&files.metrics, "/metrics.prom");
    text_add_string(&files.rules, wanted->out);
    text_add_string(&files.rules, "/alerts.yml");
    llmobs* obs = make_folder(wanted->out) ? open_llmobs(wanted, &files, &seen) : NULL;
    int status = FAILED;
    if (obs != NULL) {
        retrieval* index = retrieval_build(docs);
        set_prices(obs, model);
        set_alerts(obs);
        chain with = {obs, index, model, "documentation"};
        print_head(&on, docs, model);
        status = wanted->question != NULL ? answer_one(&on, &with, wanted->question, &seen)
                                          : answer_file(&on, &with, wanted, &seen);
        if (wanted->drift && wanted->question == NULL && model->remote == NULL) {
            drifting_report(&on, docs, index, model);
        }
        status = print_end(&on, &with, &seen.spans, &files, status);
        llmobs_close(obs);
        retrieval_free(index);
    }
    outputs_free(&files);
    collector_free(&seen.spans);
    judging_free(&seen.verdicts);
    return status;
}

/* With the stand-in, or the server that was named. */
static int run_model(const options* wanted, const library* docs)
{
    language_model model = {"demo-4gram", "llmobs.demo", NULL, wanted->seed, wanted->pace};
    endpoint remote;
    if (wanted->endpoint == NULL) {
        return run(wanted, docs, &model);
    }
    if (!endpoint_open(&remote, wanted->endpoint, wanted->api_key_file, wanted->ca,
                       wanted->timeout)) {
        return BAD_USAGE;
    }
    model.name = wanted->model;
    model.provider = remote.provider;
    model.remote = &remote;
    int status = run(wanted, docs, &model);
    endpoint_close(&remote);
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
    int status = read_documents(&docs, wanted.docs) ? run_model(&wanted, &docs) : FAILED;
    library_free(&docs);
    free(wanted.question);
    return status;
}

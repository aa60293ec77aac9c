#include "drifting.h"

#include "llmobs.h"
#include "retrieval.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { BASELINE = 1000, WINDOW = 200 }; /* answers: docs/drift.md asks for five times as many */
enum { DIMENSION = 256, GRAM_LEAST = 3, GRAM_MOST = 4 };
enum { QUESTION_BYTES = 60, QUESTION_TERMS = 3, TRIES = 20 };
enum { PASSAGES_LEAST = 100, SPOILT_OF = 5 }; /* of so many passages one is spoilt */
static const double ALPHA = 0.001;            /* one false alarm in 1,000 runs     */

#define SPOILT_BLANK "&nbsp;"
#define EMBEDDER "demo-char-3-4-grams"

/* ---- chance -------------------------------------------------------------------------------- */

/* SplitMix64. */
static uint64_t next_random(uint64_t* state)
{
    uint64_t mixed = (*state += UINT64_C(0x9e3779b97f4a7c15));
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

/* 0 to below - 1; that it is not quite even does not matter below 2^32. */
static size_t draw(uint64_t* state, size_t below)
{
    return (size_t)(next_random(state) % below);
}

/* ---- embeddings ---------------------------------------------------------------------------- */

/* Each run of three or four characters adds 1 or -1 to one of the numbers, by its hash (FNV-1a).
   Texts that share many such runs are near each other; what they mean has no say. */
static void add_grams(float to[DIMENSION], const text* lower, size_t size)
{
    for (size_t i = 0; i + size <= lower->size; i++) {
        uint64_t hash = UINT64_C(14695981039346656037);
        for (size_t k = 0; k < size; k++) {
            hash = (hash ^ (unsigned char)lower->data[i + k]) * UINT64_C(1099511628211);
        }
        hash ^= hash >> 29;
        to[hash % DIMENSION] += (hash >> 40 & 1) != 0 ? 1.0f : -1.0f;
    }
}

static void embed(float to[DIMENSION], const text* of)
{
    text lower = {0};
    for (size_t i = 0; i < of->size; i++) {
        char byte = (char)tolower((unsigned char)of->data[i]);
        text_add(&lower, &byte, 1);
    }
    memset(to, 0, DIMENSION * sizeof *to);
    for (size_t size = GRAM_LEAST; size <= GRAM_MOST; size++) {
        add_grams(to, &lower, size);
    }
    text_free(&lower);
}

/* ---- questions and answers ----------------------------------------------------------------- */

/* Whoever asks: always by words of the documents as they were, whatever they are like now. */
typedef struct asker {
    const library* words;
    const language_model* model;
    uint64_t random;
} asker;

/* Some words in a row of a passage. */
static void make_question(asker* by, text* to)
{
    for (int i = 0; i < TRIES; i++) {
        const char* body = by->words->passages[draw(&by->random, by->words->passage_count)].body;
        const char* at = body + draw(&by->random, strlen(body));
        at += strcspn(at, " \n");
        at += strspn(at, " \n");
        size_t size = strcspn(at, "\n");
        size = size < QUESTION_BYTES ? size : QUESTION_BYTES;
        while (size > 0 && at[size] != ' ' && at[size] != '\n') {
            size--;
        }
        to->size = 0;
        text_add(to, at, size);
        char term[TERM_SIZE];
        const char* cursor = to->data;
        int terms = 0;
        while (terms < QUESTION_TERMS && term_next(&cursor, term)) {
            terms++;
        }
        if (terms == QUESTION_TERMS) {
            return;
        }
    }
}

static void on_token(void* user, const char* data, size_t size)
{
    text_add((text*)user, data, size);
}

/* The chain without its spans: thousands of these would bury what the demo shows. */
static void answer_to(const asker* by, const retrieval* index, const char* question, text* to)
{
    model_listener listener = {on_token, NULL, to};
    retrieved found = retrieval_find(index, question);
    prompt said = prompt_assemble(question, &found);
    to->size = 0;
    (void)model_call(by->model, &said, NULL, &listener);
    prompt_free(&said);
}

/* So many questions, whose answers the detector gets; returns how many: an answer of no words has
   no embedding. */
static size_t ask_many(asker* by, const retrieval* index, size_t count,
                       llmobs_drift_detector detector)
{
    text question = {0};
    text answer = {0};
    size_t answers = 0;
    for (size_t i = 0; i < count; i++) {
        float values[DIMENSION];
        make_question(by, &question);
        answer_to(by, index, question.data, &answer);
        llmobs_embedding one = {values, DIMENSION, next_random(&by->random), 0, EMBEDDER};
        embed(values, &answer);
        answers += llmobs_drift_add(detector, &one) == LLMOBS_OK;
    }
    text_free(&question);
    text_free(&answer);
    return answers;
}

/* ---- documents that change ----------------------------------------------------------------- */

/* What an import makes of a text that takes HTML for plain text; free it. */
static char* spoil(const char* body)
{
    text spoilt = {0};
    text_add_string(&spoilt, "");
    for (; *body != '\0'; body++) {
        text_add(&spoilt, body, *body != ' ');
        text_add_string(&spoilt, *body == ' ' ? SPOILT_BLANK : "");
    }
    return spoilt.data;
}

/* The same passages, but that `count` of them, each with the same chance, are spoilt. */
static library spoil_some(const library* from, size_t count, uint64_t* random)
{
    library changed = *from;
    changed.passages = (passage*)grow(NULL, from->passage_count, sizeof(passage));
    for (size_t i = 0; i < from->passage_count; i++) {
        passage* to = &changed.passages[i];
        *to = from->passages[i];
        if (draw(random, from->passage_count - i) < count) {
            to->body = spoil(to->body);
            to->tokens = count_tokens(to->body);
            count--;
        }
    }
    return changed;
}

/* How many are other than they were: the truth is counted, not planned. */
static size_t spoilt_count(const library* changed, const library* from)
{
    size_t count = 0;
    for (size_t i = 0; i < from->passage_count; i++) {
        count += strcmp(changed->passages[i].body, from->passages[i].body) != 0;
    }
    return count;
}

static void spoilt_free(library* changed, const library* from)
{
    for (size_t i = 0; i < from->passage_count; i++) {
        if (changed->passages[i].body != from->passages[i].body) {
            free(changed->passages[i].body);
        }
    }
    free(changed->passages);
}

/* ---- the detector -------------------------------------------------------------------------- */

/* An instance of its own: its clock is a variable, so that a day, which makes a baseline, takes no
   time; and what is simulated gets into none of the demo's files. */
typedef struct laboratory {
    llmobs* obs;
    llmobs_drift_detector detector;
    uint64_t now_ns;
} laboratory;

static uint64_t clock_now(void* user)
{
    return *(const uint64_t*)user;
}

static bool laboratory_open(laboratory* to)
{
    llmobs_config config = llmobs_config_default();
    llmobs_drift_info info = llmobs_drift_info_default();
    llmobs_result result;
    to->now_ns = UINT64_C(1800000000) * 1000000000;
    config.clock.unix_ns = clock_now;
    config.clock.user = &to->now_ns;
    config.host_pumped = true; /* no threads: llmobs_drift_work makes the runs */
    config.alert_rules = LLMOBS_OFF;
    config.drift_detectors = 1;
    config.drift_dimensions = DIMENSION;
    config.drift_day_embeddings = BASELINE;
    info.name = "answers";
    info.embedder = EMBEDDER;
    info.alpha = ALPHA;
    info.no_requests = true;
    to->obs = llmobs_open(&config, &result);
    if (to->obs != NULL) {
        to->detector = llmobs_drift_define(to->obs, &info, &result);
    }
    if (result != LLMOBS_OK) {
        fprintf(stderr, "demo: no drift detector: %s\n", llmobs_result_name(result));
    }
    return result == LLMOBS_OK;
}

/* What was added until now is what is usual. */
static void end_day(laboratory* in)
{
    in->now_ns += UINT64_C(86400) * 1000000000;
    (void)llmobs_drift_work(in->obs);
}

/* What was added since the run before, compared with that. */
static llmobs_drift_report run(laboratory* in, const char* reason)
{
    llmobs_drift_report report;
    memset(&report, 0, sizeof report);
    report.size = sizeof report;
    (void)llmobs_drift_run_now(in->detector, reason);
    (void)llmobs_drift_work(in->obs);
    (void)llmobs_drift_read(in->detector, &report);
    return report;
}

/* ---- the report ---------------------------------------------------------------------------- */

static void print_tests(const terminal* on, const llmobs_drift_report* from)
{
    const llmobs_drift_result* found = &from->embeddings;
    bool drift = from->verdict == LLMOBS_DRIFT_FOUND;
    bool alert = llmobs_drift_should_alert(from->score, LLMOBS_DRIFT_THRESHOLD);
    fprintf(on->stream, "    score    %.3f, %s: the article's, which alerts above %.2f\n",
            from->score, alert ? "drift" : "no drift", LLMOBS_DRIFT_THRESHOLD);
    fprintf(on->stream,
            "    DRIFT4   p = %.2g, %s%s%s: centroid %.2g, distance %.2g, topics %.2g, tail %.2g\n",
            found->p, paint(on, drift ? RED : GREEN), drift ? "drift" : "no drift",
            paint(on, PLAIN), found->p_centroid, found->p_distance, found->p_topic, found->p_tail);
    if (drift) {
        fprintf(on->stream,
                "             topic %u grew most: %.1f %% of answers before, %.1f %% now\n",
                found->topic + 1, 100 * found->topic_share_before, 100 * found->topic_share);
    }
}

static void print_run(const terminal* on, const char* truth, const llmobs_drift_report* report)
{
    fprintf(on->stream, "  %struth%s      ", paint(on, DIM), paint(on, PLAIN));
    print_wrapped(on, 13, truth);
    if (report->has_embeddings && report->has_score) {
        print_tests(on, report);
    } else {
        fprintf(on->stream, "    nothing can be said: %s\n",
                llmobs_drift_verdict_name(report->verdict));
    }
}

static void print_about(const terminal* on, const language_model* model, size_t passages)
{
    char about[640];
    char questions[SHORT_TEXT];
    char runs[SHORT_TEXT];
    snprintf(about, sizeof about,
             "A simulation, not traced, seed %llu (--seed): %s made-up questions, each a few words "
             "in a row of one of the %zu passages, are answered by the stand-in. Embeddings of the "
             "answers are hashed character n-grams, of %d and %d bytes, in %d numbers: no model, "
             "so they see how something is said, not what it means. One run of %s may be a false "
             "alarm.", (unsigned long long)model->seed, show_count(questions, BASELINE),
             passages, GRAM_LEAST, GRAM_MOST, DIMENSION,
             show_count(runs, (uint64_t)(1 / ALPHA + 0.5)));
    fprintf(on->stream, "  %sDrift%s\n  %s", paint(on, BOLD), paint(on, PLAIN), paint(on, DIM));
    print_wrapped(on, 2, about);
    fputs(paint(on, PLAIN), on->stream);
}

/* As ever, and after the documents have changed. */
static void print_runs(const terminal* on, laboratory* in, asker* by, const retrieval* index)
{
    char truth[200];
    const library* docs = by->words;
    size_t spoilt = docs->passage_count / SPOILT_OF;
    (void)ask_many(by, index, BASELINE, in->detector);
    end_day(in);

    size_t answers = ask_many(by, index, WINDOW, in->detector);
    llmobs_drift_report report = run(in, "other questions");
    snprintf(truth, sizeof truth, "%zu other questions, the documents are as before", answers);
    print_run(on, truth, &report);

    library changed = spoil_some(docs, spoilt, &by->random);
    retrieval* rebuilt = retrieval_build(&changed);
    answers = ask_many(by, rebuilt, WINDOW, in->detector);
    report = run(in, "other documents");
    snprintf(truth, sizeof truth,
             "%zu other questions of the same kind, but %zu of the %zu passages came in with "
             SPOILT_BLANK " for each blank", answers, spoilt_count(&changed, docs),
             docs->passage_count);
    print_run(on, truth, &report);
    retrieval_free(rebuilt);
    spoilt_free(&changed, docs);
}

void drifting_report(const terminal* on, const library* docs, const retrieval* index,
                     const language_model* model)
{
    language_model quick = *model;
    asker by = {docs, &quick, model->seed};
    laboratory room = {0};
    quick.tokens_per_second = 0;
    print_about(on, model, docs->passage_count);
    if (docs->passage_count < PASSAGES_LEAST) {
        fprintf(on->stream, "  Left out: it needs %d passages.\n\n", PASSAGES_LEAST);
        return;
    }
    if (laboratory_open(&room)) {
        print_runs(on, &room, &by, index);
    }
    if (room.obs != NULL) {
        llmobs_close(room.obs);
    }
    fputc('\n', on->stream);
}

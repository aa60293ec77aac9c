#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif
#include "ngram.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A word n-gram model, fitted to the passages in the prompt: the next word is drawn from the words
   that follow the last ORDER - 1 ones anywhere in them. The passages are short, so the fitted model
   is their sequence of words itself, and its counts are taken by looking through it. What makes it
   answer, not babble: sentences begin where one of the passages' sentences begins, likelier where
   it has words of the question that are rare in the prompt; words of the question weigh more;
   better passages weigh more; no place is used twice. */
enum { ORDER = 4, SENTENCES_MOST = 3, SENTENCE_LEAST = 6, ANSWER_GOAL = 60, ANSWER_MOST = 160 };
static const double QUESTION_BOOST = 4;    /* a word of the question, as a continuation          */
static const double RELEVANCE_LEAST = 0.5; /* of a sentence, against the most relevant one       */
static const double RANK_DECAY = 0.7;      /* a passage's weight against the one before it       */
static const double READING_PACE = 10;     /* it reads so many tokens in the time of saying one  */

typedef struct word {
    token text; /* .size 0: the end of a sentence */
    uint64_t hash;
    double rank;      /* of its passage: 1 for the best                    */
    double weight;    /* as a continuation                                 */
    double relevance; /* of the sentence that begins here; 0 anywhere else */
    bool used;
} word;

typedef struct ngrams {
    word* words; /* begins with ORDER - 1 ends of sentence, ends with one */
    size_t count;
    uint64_t random;
} ngrams;

/* ---- small parts --------------------------------------------------------------------------- */

static uint64_t hash_of(uint64_t hash, const char* data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ (unsigned char)data[i]) * UINT64_C(1099511628211); /* FNV-1a */
    }
    return hash;
}

/* From 0 up to `below`: SplitMix64. */
static double draw(uint64_t* state, double below)
{
    uint64_t mixed = (*state += UINT64_C(0x9e3779b97f4a7c15));
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return below * (double)((mixed ^ (mixed >> 31)) >> 11) / 9007199254740992.0;
}

static bool is_mark(const word* at, const char* marks)
{
    return at->text.size == 1 && strchr(marks, *at->text.data) != NULL;
}

/* Whether a text has this term: what both retrieval and question call a term. */
static bool has_term(const char* data, const char* end, const char* wanted)
{
    char term[TERM_SIZE];
    while (data < end && term_next(&data, term) && data <= end) {
        if (strcmp(term, wanted) == 0) {
            return true;
        }
    }
    return false;
}

/* ---- fitting ------------------------------------------------------------------------------- */

static void add_word(ngrams* fitted, token added, double rank)
{
    if ((fitted->count & (fitted->count - 1)) == 0) { /* 0 or a power of two: full */
        size_t room = fitted->count == 0 ? 1 : fitted->count * 2;
        fitted->words = (word*)grow(fitted->words, room, sizeof(word));
    }
    word* at = &fitted->words[fitted->count++];
    memset(at, 0, sizeof *at);
    at->text = added;
    at->rank = rank;
    at->weight = rank;
    at->hash = hash_of(UINT64_C(14695981039346656037), added.data, added.size);
}

static void add_end(ngrams* fitted, const char* where)
{
    token none = {where, 0, false};
    if (fitted->count < ORDER - 1 || fitted->words[fitted->count - 1].text.size > 0) {
        add_word(fitted, none, 1);
    }
}

/* One line: a paragraph, a list item, a table's row. */
static void add_line(ngrams* fitted, const char* line, const char* end, double rank)
{
    token next;
    while (line < end && token_next(&line, &next) && next.data < end) {
        bool starts = fitted->words[fitted->count - 1].text.size > 0 && next.spaced;
        if (starts && is_mark(&fitted->words[fitted->count - 1], ".!?")) {
            add_end(fitted, next.data);
        }
        add_word(fitted, next, rank);
    }
    add_end(fitted, end);
}

static ngrams fit(const char* told, const char* question)
{
    ngrams fitted = {0};
    while (fitted.count < ORDER - 1) {
        add_end(&fitted, told);
    }
    const char* at = strstr(told, PROMPT_PASSAGE);
    for (double rank = 1; at != NULL && at < question; rank *= RANK_DECAY) {
        const char* next = strstr(at + 1, PROMPT_PASSAGE);
        const char* end = next == NULL || next > question ? question : next;
        at += strlen(PROMPT_PASSAGE);
        at += strcspn(at, "\n"); /* the source */
        while (at < end) {
            size_t size = strcspn(at, "\n");
            add_line(&fitted, at, at + size, rank);
            at += size + 1;
        }
        at = next;
    }
    return fitted;
}

/* Whether the sentence that begins at *place has the term; then *place is behind its end. Its words
   that bear the term are weighed by `boost`. One too short to say something, one that announces a
   list and one that asks are no answers. */
static bool sentence_says(ngrams* fitted, size_t* place, const char* term, double boost)
{
    size_t from = *place;
    size_t to = from;
    bool has = false;
    bool asks = false;
    for (; fitted->words[to].text.size > 0; to++) {
        const token* at = &fitted->words[to].text;
        if (has_term(at->data, at->data + at->size, term)) {
            fitted->words[to].weight *= boost;
            has = true;
        }
        asks = asks || is_mark(&fitted->words[to], "?");
    }
    *place = to + 1;
    return has && !asks && to - from >= SENTENCE_LEAST && !is_mark(&fitted->words[to - 1], ":");
}

/* What one term of the question says: words that bear it weigh more, and so do sentences, the more
   the fewer of them have it. */
static void weigh_term(ngrams* fitted, const char* term)
{
    double sentences = 0;
    double with_it = 0;
    for (size_t place = ORDER - 1; place < fitted->count;) {
        sentences += 1;
        with_it += sentence_says(fitted, &place, term, QUESTION_BOOST);
    }
    for (size_t place = ORDER - 1; place < fitted->count;) {
        word* first = &fitted->words[place];
        if (sentence_says(fitted, &place, term, 1)) {
            first->relevance += first->rank * log(1 + sentences / with_it);
        }
    }
}

/* ---- generating ---------------------------------------------------------------------------- */

/* A place where a sentence may begin, by relevance; 0: none is left. */
static size_t choose_start(ngrams* fitted)
{
    double most = 0;
    for (size_t i = ORDER - 1; i < fitted->count; i++) {
        most = fitted->words[i].relevance > most ? fitted->words[i].relevance : most;
    }
    double total = 0;
    size_t chosen = 0;
    for (size_t i = ORDER - 1; i < fitted->count; i++) {
        const word* at = &fitted->words[i];
        bool fits = !at->used && at->relevance > 0 && at->relevance >= RELEVANCE_LEAST * most;
        double weight = fits ? at->relevance * at->relevance : 0;
        total += weight;
        if (weight > 0 && draw(&fitted->random, total) < weight) {
            chosen = i;
        }
    }
    return chosen;
}

/* The place of a word that follows the last ORDER - 1 ones. 0, an end of sentence: none is left. */
static size_t choose_next(ngrams* fitted, const uint64_t last[ORDER - 1])
{
    double total = 0;
    size_t chosen = 0;
    for (size_t i = ORDER - 1; i < fitted->count; i++) {
        const word* at = &fitted->words[i];
        bool follows = !at->used;
        for (size_t k = 0; k < ORDER - 1 && follows; k++) {
            follows = at[k - (ORDER - 1)].hash == last[k];
        }
        if (follows) {
            total += at->weight;
            if (draw(&fitted->random, total) < at->weight) {
                chosen = i;
            }
        }
    }
    return chosen;
}

typedef struct speaker {
    const language_model* with;
    const model_listener* to;
    size_t read; /* tokens of the prompt */
    size_t spoken;
    struct timespec started;
} speaker;

/* Waits until the next token is due, counted from the call's begin, so that delays don't add up. */
static void keep_pace(const speaker* voice)
{
    if (voice->with->tokens_per_second > 0) {
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        double due = (double)voice->read / READING_PACE + (double)voice->spoken + 1;
        double wait = due / voice->with->tokens_per_second -
                      (double)(now.tv_sec - voice->started.tv_sec) -
                      (double)(now.tv_nsec - voice->started.tv_nsec) * 1e-9;
        if (wait > 0) {
            struct timespec rest = {(time_t)wait, (long)((wait - (double)(time_t)wait) * 1e9)};
            nanosleep(&rest, NULL);
        }
    }
}

static void speak(speaker* voice, const token* said, bool spaced)
{
    text piece = {0};
    keep_pace(voice);
    text_add_string(&piece, spaced && voice->spoken > 0 ? " " : "");
    text_add(&piece, said->data, said->size);
    voice->to->token(voice->to->user, piece.data, piece.size);
    voice->spoken++;
    text_free(&piece);
}

/* Speaks from `place` to an end of sentence. */
static void speak_sentence(ngrams* fitted, speaker* voice, size_t place)
{
    uint64_t last[ORDER - 1];
    const word* at = &fitted->words[place];
    for (size_t k = 0; k < ORDER - 1; k++) {
        last[k] = at[k - (ORDER - 1)].hash;
    }
    bool first = true;
    while (fitted->words[place].text.size > 0 && voice->spoken < ANSWER_MOST) {
        word* said = &fitted->words[place];
        said->used = true;
        at = said;
        speak(voice, &said->text, first || said->text.spaced);
        memmove(last, last + 1, sizeof last - sizeof *last);
        last[ORDER - 2] = said->hash;
        first = false;
        place = choose_next(fitted, last);
    }
    if (!is_mark(at, ".!?")) {
        token stop = {".", 1, false};
        speak(voice, &stop, false);
    }
}

/* The question in a prompt: what stands behind the last such word, since a passage may say it. */
static const char* question_in(const char* told)
{
    const char* question = strstr(told, PROMPT_QUESTION);
    for (const char* at = question; at != NULL; at = strstr(at + 1, PROMPT_QUESTION)) {
        question = at;
    }
    return question;
}

static void answer_with(ngrams* fitted, speaker* voice)
{
    clock_gettime(CLOCK_MONOTONIC, &voice->started);
    for (int sentence = 0; sentence < SENTENCES_MOST && voice->spoken < ANSWER_GOAL; sentence++) {
        size_t place = choose_start(fitted);
        if (place == 0) {
            break;
        }
        speak_sentence(fitted, voice, place);
    }
}

model_reply ngram_call(const language_model* with, const prompt* said, const model_listener* to)
{
    const char* told = said->whole.data;
    const char* question = question_in(told);
    ngrams fitted = fit(told, question);
    fitted.random = hash_of(with->seed ^ UINT64_C(14695981039346656037), told, said->whole.size);
    char term[TERM_SIZE];
    question += strlen(PROMPT_QUESTION);
    const char* end = strstr(question, PROMPT_ANSWER);
    for (const char* at = question; term_next(&at, term) && at <= end;) {
        weigh_term(&fitted, term);
    }
    speaker voice = {with, to, prompt_tokens(said), 0, {0, 0}};
    answer_with(&fitted, &voice);
    free(fitted.words);
    model_reply reply = model_reply_begin();
    reply.usage.input_tokens = (int64_t)voice.read;
    reply.usage.output_tokens = (int64_t)voice.spoken;
    reply.usage.provenance = LLMOBS_USAGE_COUNTED;
    reply.usage.reported = true; /* an answer of no tokens is one */
    reply.finish_reason = voice.spoken < ANSWER_MOST ? "stop" : "length";
    return reply;
}

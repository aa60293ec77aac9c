#include "retrieval.h"

#include "llmobs.h"

#include <ctype.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* BM25 as in S. Robertson and H. Zaragoza, "The Probabilistic Relevance Framework: BM25 and
   Beyond", Foundations and Trends in Information Retrieval 3(4), 2009:

       score(D, Q) = sum over terms t of Q:  idf(t) * tf / (tf + K1 * (1 - B + B * |D| / avg|D|))

   with idf(t) = ln(1 + (N - df + 0.5) / (df + 0.5)): their weight with 1 added inside the
   logarithm, so that a term in more than half of the passages does not count against them. The
   heading's words are counted as part of its passages. */
static const double K1 = 1.2; /* how soon more of the same word says nothing new */
static const double B = 0.75; /* how much long passages are held against them    */

typedef struct posting {
    uint32_t passage;
    uint32_t frequency;
} posting;

typedef struct entry {
    char term[TERM_SIZE]; /* "": free */
    posting* postings;
    uint32_t count;
} entry;

struct retrieval {
    const library* over;
    entry* entries; /* a hash table with linear probing */
    size_t entry_count;
    size_t capacity; /* a power of two */
    uint32_t* lengths; /* terms in each passage */
    double average_length;
};

/* ---- terms --------------------------------------------------------------------------------- */

static bool is_stop_word(const char* term)
{
    static const char stop_words[] =
        " a about again all an and any are as at be been before being but by can could did do "
        "does each ever every for from had happen happens has have her his how i if in inside "
        "into is it its just made many may me more most much must my no nor not of on one only or "
        "other our ours should so such tell than that the their them then there these they this "
        "those to too under upon use used very was we were what when where which while who whom "
        "whose why will with would you your ";
    char spaced[TERM_SIZE + 2];
    size_t size = strlen(term);
    spaced[0] = ' ';
    memcpy(spaced + 1, term, size);
    spaced[size + 1] = ' ';
    spaced[size + 2] = '\0';
    bool is_one = strstr(stop_words, spaced) != NULL;
    llmobs_wipe(spaced, sizeof spaced); /* a judge's thread comes here, too */
    return is_one;
}

static bool is_term_byte(char c)
{
    return (unsigned char)c >= 0x80 || isalnum((unsigned char)c);
}

static bool ends_in(const char* term, size_t size, const char* ending)
{
    size_t length = strlen(ending);
    return size >= length + 3 && memcmp(term + size - length, ending, length) == 0;
}

/* Cuts English endings, so that a word's forms meet: queries, query; samples, sampled, sampling.
   What is left need not be a word. class, status and string stay. */
static void stem(char* term)
{
    size_t size = strlen(term);
    if (ends_in(term, size, "ies") || ends_in(term, size, "ied")) {
        size -= 2;
        term[size - 1] = 'y';
    } else if (size > 3 && term[size - 1] == 's' && strchr("su", term[size - 2]) == NULL) {
        size--;
    }
    size_t ending = ends_in(term, size, "ing") ? 3 : ends_in(term, size, "ed") ? 2 : 0;
    if (ending > 0 && strcspn(term, "aeiouy") < size - ending) {
        size -= ending;
        size -= term[size - 1] == term[size - 2] && strchr("ls", term[size - 1]) == NULL;
    }
    size -= size > 4 && term[size - 1] == 'e';
    term[size] = '\0';
}

bool term_next(const char** cursor, char term[TERM_SIZE])
{
    const char* at = *cursor;
    while (*at != '\0') {
        size_t size = 0;
        while (*at != '\0' && !is_term_byte(*at)) {
            at++;
        }
        for (; is_term_byte(*at); at++) {
            if (size < TERM_SIZE - 2) {
                term[size++] = (char)tolower((unsigned char)*at);
            }
        }
        term[size] = '\0';
        if (size > 0 && !is_stop_word(term)) {
            stem(term);
            *cursor = at;
            return true;
        }
    }
    *cursor = at;
    return false;
}

/* ---- the index ----------------------------------------------------------------------------- */

static entry* find_entry(const retrieval* index, const char* term)
{
    uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */
    for (const char* at = term; *at != '\0'; at++) {
        hash = (hash ^ (unsigned char)*at) * UINT64_C(1099511628211);
    }
    size_t place = (size_t)(hash >> 20) & (index->capacity - 1);
    while (index->entries[place].count > 0 && strcmp(index->entries[place].term, term) != 0) {
        place = (place + 1) & (index->capacity - 1);
    }
    return &index->entries[place];
}

static void enlarge(retrieval* index)
{
    entry* old = index->entries;
    size_t old_capacity = index->capacity;
    index->capacity = old_capacity == 0 ? 1024 : old_capacity * 2;
    index->entries = (entry*)grow(NULL, index->capacity, sizeof(entry));
    memset(index->entries, 0, index->capacity * sizeof(entry));
    for (size_t i = 0; i < old_capacity; i++) {
        if (old[i].count > 0) {
            *find_entry(index, old[i].term) = old[i];
        }
    }
    free(old);
}

static void add_terms(retrieval* index, uint32_t number, const char* words)
{
    char term[TERM_SIZE];
    while (term_next(&words, term)) {
        if (index->entry_count * 2 >= index->capacity) {
            enlarge(index);
        }
        entry* found = find_entry(index, term);
        index->lengths[number]++;
        if (found->count > 0 && found->postings[found->count - 1].passage == number) {
            found->postings[found->count - 1].frequency++;
            continue;
        }
        if (found->count == 0) {
            memcpy(found->term, term, sizeof term);
            index->entry_count++;
        }
        if ((found->count & (found->count - 1)) == 0) { /* 0 or a power of two: full */
            size_t room = found->count == 0 ? 1 : (size_t)found->count * 2;
            found->postings = (posting*)grow(found->postings, room, sizeof(posting));
        }
        found->postings[found->count].passage = number;
        found->postings[found->count++].frequency = 1;
    }
}

retrieval* retrieval_build(const library* over)
{
    retrieval* index = (retrieval*)grow(NULL, 1, sizeof *index);
    memset(index, 0, sizeof *index);
    index->over = over;
    index->lengths = (uint32_t*)grow(NULL, over->passage_count + 1, sizeof(uint32_t));
    enlarge(index);
    double total = 0;
    for (size_t i = 0; i < over->passage_count; i++) {
        index->lengths[i] = 0;
        add_terms(index, (uint32_t)i, over->passages[i].title);
        add_terms(index, (uint32_t)i, over->passages[i].body);
        total += index->lengths[i];
    }
    index->average_length = over->passage_count > 0 ? total / (double)over->passage_count : 1;
    return index;
}

void retrieval_free(retrieval* index)
{
    for (size_t i = 0; i < index->capacity; i++) {
        free(index->entries[i].postings);
    }
    free(index->entries);
    free(index->lengths);
    free(index);
}

/* ---- the search ---------------------------------------------------------------------------- */

static void add_scores(const retrieval* index, const entry* found, double* scores)
{
    double passages = (double)index->over->passage_count;
    double idf = log(1 + (passages - found->count + 0.5) / (found->count + 0.5));
    for (uint32_t i = 0; i < found->count; i++) {
        posting hit = found->postings[i];
        double length = index->lengths[hit.passage] / index->average_length;
        scores[hit.passage] += idf * hit.frequency / (hit.frequency + K1 * (1 - B + B * length));
    }
}

static void keep_best(retrieved* best, const passage* candidate, double score)
{
    size_t place = best->count;
    while (place > 0 && best->scores[place - 1] < score) {
        place--;
    }
    if (place == RETRIEVED_MOST) {
        return;
    }
    best->count += best->count < RETRIEVED_MOST;
    for (size_t i = best->count - 1; i > place; i--) {
        best->passages[i] = best->passages[i - 1];
        best->scores[i] = best->scores[i - 1];
    }
    best->passages[place] = candidate;
    best->scores[place] = score;
}

retrieved retrieval_find(const retrieval* index, const char* question)
{
    retrieved best = {0};
    size_t passages = index->over->passage_count;
    double* scores = (double*)grow(NULL, passages + 1, sizeof(double));
    for (size_t i = 0; i < passages; i++) {
        scores[i] = 0;
    }
    char term[TERM_SIZE];
    while (term_next(&question, term)) {
        const entry* found = find_entry(index, term);
        if (found->count > 0) {
            add_scores(index, found, scores);
        }
    }
    for (size_t i = 0; i < passages; i++) {
        if (scores[i] > 0) {
            keep_best(&best, &index->over->passages[i], scores[i]);
        }
    }
    for (size_t i = 0; i < best.count; i++) {
        best.tokens += best.passages[i]->tokens;
    }
    free(scores);
    return best;
}

/* Retrieval: which passages speak of a question? BM25 over an inverted index. */
#ifndef DEMO_RETRIEVAL_H
#define DEMO_RETRIEVAL_H

#include "library.h"

enum { RETRIEVED_MOST = 4 };

typedef struct retrieval retrieval; /* the index: built once, then read by any thread */

typedef struct retrieved {
    const passage* passages[RETRIEVED_MOST]; /* best first */
    double scores[RETRIEVED_MOST];
    size_t count;
    size_t tokens; /* in all of them */
} retrieved;

/* The library must outlive the index. */
retrieval* retrieval_build(const library* over);
retrieved retrieval_find(const retrieval* index, const char* question);
void retrieval_free(retrieval* index);

/* A term is a run of letters and digits in lower case without its English ending (spans, sampled,
   retries), unless it is a stop word (the, of, what, ...). Reads the next one into `term`; false at
   the end. */
enum { TERM_SIZE = 32 };
bool term_next(const char** cursor, char term[TERM_SIZE]);

#endif

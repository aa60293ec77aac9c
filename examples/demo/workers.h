/* Many questions on several threads. */
#ifndef DEMO_WORKERS_H
#define DEMO_WORKERS_H

#include "chain.h"
#include "terminal.h"

typedef struct question {
    char* data;
    size_t line; /* in its file */
    answer result;
} question;

typedef struct questions {
    question* list;
    size_t count;
} questions;

/* One a line; empty lines and those that begin with '#' are left out. False, after a message, if
   the file can't be read or holds none. */
bool questions_read(questions* to, const char* path);

void questions_free(questions* of);

/* Answers them all, with a progress bar where `on` is a live terminal. */
void questions_answer(questions* all, const chain* with, size_t threads, const terminal* on);

#endif

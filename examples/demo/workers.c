#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif
#include "workers.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* ---- the questions ------------------------------------------------------------------------- */

static void add_question(questions* to, const char* data, size_t size, size_t line)
{
    to->list = (question*)grow(to->list, to->count + 1, sizeof(question));
    question* added = &to->list[to->count++];
    memset(added, 0, sizeof *added);
    added->data = (char*)memcpy(grow(NULL, size + 1, 1), data, size);
    added->data[size] = '\0';
    added->line = line;
}

bool questions_read(questions* to, const char* path)
{
    FILE* file = fopen(path, "r");
    if (file == NULL) {
        fprintf(stderr, "demo: %s: %s\n", path, strerror(errno));
        return false;
    }
    text line = {0};
    size_t number = 0;
    int next;
    do {
        next = fgetc(file);
        if (next != EOF && next != '\n') {
            char byte = (char)next;
            text_add(&line, &byte, next != '\r');
            continue;
        }
        number++;
        if (line.size > 0 && *line.data != '#' && strspn(line.data, " \t") < line.size) {
            add_question(to, line.data, line.size, number);
        }
        line.size = 0;
    } while (next != EOF);
    bool good = !ferror(file) && to->count > 0;
    if (!good) {
        fprintf(stderr, "demo: %s: %s\n", path, ferror(file) ? "it can't be read" : "no questions");
    }
    fclose(file);
    text_free(&line);
    return good;
}

void questions_free(questions* of)
{
    for (size_t i = 0; i < of->count; i++) {
        free(of->list[i].data);
        text_free(&of->list[i].result.content);
    }
    free(of->list);
    memset(of, 0, sizeof *of);
}

/* ---- the threads --------------------------------------------------------------------------- */

typedef struct work {
    questions* all;
    const chain* with;
    pthread_mutex_t lock;
    pthread_cond_t progress;
    size_t taken;    /* under the lock */
    size_t finished; /* under the lock */
} work;

static void* work_on(void* argument)
{
    work* shared = (work*)argument;
    pthread_mutex_lock(&shared->lock);
    while (shared->taken < shared->all->count) {
        caller who = caller_of(shared->taken);
        question* mine = &shared->all->list[shared->taken++];
        pthread_mutex_unlock(&shared->lock);
        mine->result = trace_chain(shared->with, &who, mine->data);
        pthread_mutex_lock(&shared->lock);
        shared->finished++;
        pthread_cond_signal(&shared->progress);
    }
    pthread_mutex_unlock(&shared->lock);
    return NULL;
}

static void draw_progress(const terminal* on, size_t finished, size_t count)
{
    enum { CELLS = 40 };
    int done = (int)(finished * CELLS / count);
    fprintf(on->stream, "\r  %s", paint(on, CYAN));
    repeat(on, on->unicode ? "\342\226\210" : "#", done);
    fputs(paint(on, DIM), on->stream);
    repeat(on, on->unicode ? "\342\226\221" : ".", CELLS - done);
    fprintf(on->stream, "%s  %zu of %zu", paint(on, PLAIN), finished, count);
    fflush(on->stream);
}

static void watch(work* shared, const terminal* on)
{
    size_t count = shared->all->count;
    pthread_mutex_lock(&shared->lock);
    for (size_t shown = 0; shown < count;) {
        shown = shared->finished;
        pthread_mutex_unlock(&shared->lock);
        draw_progress(on, shown, count);
        pthread_mutex_lock(&shared->lock);
        while (shared->finished == shown && shown < count) {
            pthread_cond_wait(&shared->progress, &shared->lock);
        }
    }
    pthread_mutex_unlock(&shared->lock);
    fputs("\r\033[K", on->stream); /* leave no trace of it */
    fflush(on->stream);
}

void questions_answer(questions* all, const chain* with, size_t threads, const terminal* on)
{
    work shared = {.all = all, .with = with};
    pthread_mutex_init(&shared.lock, NULL);
    pthread_cond_init(&shared.progress, NULL);
    pthread_t* started = (pthread_t*)grow(NULL, threads, sizeof(pthread_t));
    size_t count = 0;
    while (count < threads && pthread_create(&started[count], NULL, work_on, &shared) == 0) {
        count++;
    }
    if (count == 0) {
        work_on(&shared); /* no thread to be had: this one does it */
    } else if (on->live) {
        watch(&shared, on);
    }
    for (size_t i = 0; i < count; i++) {
        pthread_join(started[i], NULL);
    }
    free(started);
    pthread_cond_destroy(&shared.progress);
    pthread_mutex_destroy(&shared.lock);
}

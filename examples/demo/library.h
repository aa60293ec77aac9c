/* The documents: a folder of text files, cut into passages. */
#ifndef DEMO_LIBRARY_H
#define DEMO_LIBRARY_H

#include "text.h"

/* Some paragraphs, list items and table rows under one heading, each on a line of its own. */
typedef struct passage {
    char* source; /* the file's path */
    char* title;  /* the heading, or "" */
    char* body;
    size_t tokens; /* in the body */
} passage;

typedef struct library {
    passage* passages;
    size_t passage_count;
    size_t document_count;
    size_t token_count;
} library;

/* The names of the files that are read. */
#define LIBRARY_SUFFIXES ".md .markdown .txt .text .rst .adoc .org"

/* Adds a file, or a folder with all below it. False, after a message on stderr, if it can't be
   read. Files above 4 MiB, hidden ones and, within a folder, symbolic links are left out. */
bool library_add(library* to, const char* path);

void library_free(library* of);

#endif

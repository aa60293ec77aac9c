/* The command line. */
#ifndef DEMO_OPTIONS_H
#define DEMO_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct options {
    const char* docs;      /* NULL: README.md and docs/ */
    const char* out;
    const char* questions; /* the file                  */
    const char* endpoint;  /* NULL: the stand-in        */
    const char* model;     /* there with an endpoint    */
    const char* api_key_file;
    const char* ca;
    double timeout; /* seconds */
    char* question;        /* NULL: work through the file; free it */
    size_t threads;
    uint64_t seed;
    double pace;
    bool answers;
    bool drift;
    bool help;
} options;

/* False, after a message on stderr, for what it does not understand. */
bool options_read(options* to, int count, char** words);

void options_help(void);

#endif

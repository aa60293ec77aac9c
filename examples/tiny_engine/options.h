/* The command line. */
#ifndef TINY_OPTIONS_H
#define TINY_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct options {
    size_t requests;
    size_t threads; /* that submit */
    size_t slots;
    size_t batch;   /* rows of a step */
    size_t context;
    size_t tokens;  /* of an answer, at most        */
    size_t prompt;  /* bytes of a prompt, at most   */
    size_t speculate;
    size_t leave;   /* each so many-th client leaves before its answer's end; 0: none */
    size_t scrape_ms; /* a thread writes the metrics into memory as often; 0: none    */
    uint64_t seed;
    double temperature;
    double top_p;
    const char* weights; /* NULL: random ones */
    const char* save;
    const char* metrics;
    const char* trace;
    bool off;
    bool list;
    bool help;
} options;

/* False, after a message on stderr, for what it does not understand. */
bool options_read(options* to, int count, char** words);

void options_help(void);

#endif

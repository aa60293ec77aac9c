/* What a stream can show, and text made to fit it. */
#ifndef DEMO_TERMINAL_H
#define DEMO_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef struct terminal {
    FILE* stream;
    bool live;    /* a terminal: lines may be written over                    */
    bool colours; /* live, TERM is not dumb, NO_COLOR is not set              */
    bool unicode; /* the locale's characters are UTF-8                        */
    int width;    /* columns, 60 to 140; 100 when the stream is no terminal   */
} terminal;

/* Call setlocale(LC_CTYPE, "") first. */
terminal terminal_of(FILE* stream);

typedef enum colour { PLAIN, BOLD, DIM, RED, GREEN, YELLOW, BLUE, CYAN } colour;

/* The escape sequence for a colour, or "". */
const char* paint(const terminal* on, colour wanted);

/* Prints `cells` times a character. */
void repeat(const terminal* on, const char* character, int cells);

/* Prints text in lines that fit, each indented; the first is where the cursor is. */
void print_wrapped(const terminal* on, int indent, const char* data);

enum { SHORT_TEXT = 32 };

/* "41.2 us", "3.07 ms", "1.25 s". */
const char* show_duration(char to[SHORT_TEXT], uint64_t ns);

/* "17,212". */
const char* show_count(char to[SHORT_TEXT], uint64_t count);

#endif

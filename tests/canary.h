/* Canaries: texts that nobody else makes, for tests that look for them everywhere afterwards. A
   program of tests/canary.t gets a directory and a seed, makes canary after canary, gives each to
   the library and wipes its own copy; then canary_wait lets the script look at its memory. */
#ifndef CANARY_H
#define CANARY_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define CANARY_COUNT 1000
#define CANARY_SIZE 21 /* "cnry", sixteen hexadecimal digits, NUL */

/* splitmix64: the script computes the same. */
static inline uint64_t canary_number(uint64_t seed, uint32_t number)
{
    uint64_t z = seed + (number + 1) * UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* Byte by byte: nothing of it is in a buffer of libc's. */
static inline void canary_make(char out[CANARY_SIZE], uint64_t seed, uint32_t number)
{
    volatile char* text = out;
    uint64_t digits = canary_number(seed, number);
    int i;
    text[0] = 'c';
    text[1] = 'n';
    text[2] = 'r';
    text[3] = 'y';
    for (i = 0; i < 16; i++) {
        unsigned digit = (unsigned)(digits >> (60 - 4 * i)) & 15;
        text[4 + i] = (char)(digit < 10 ? '0' + digit : 'a' + digit - 10);
    }
    text[20] = '\0';
}

static inline void canary_wipe(char out[CANARY_SIZE])
{
    volatile char* text = out;
    int i;
    for (i = 0; i < CANARY_SIZE; i++) {
        text[i] = 0;
    }
}

/* Says where the program is, and goes on when the script has looked. */
static inline void canary_wait(const char* where)
{
    printf("%s\n", where);
    (void)fflush(stdout);
    while (getchar() != '\n' && !feof(stdin)) {
    }
}

#endif

/* Growable text, and what this demo calls a token. */
#ifndef DEMO_TEXT_H
#define DEMO_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* A zeroed text is empty. `data` ends in NUL once something was added. */
typedef struct text {
    char* data;
    size_t size;
    size_t capacity;
} text;

void text_add(text* to, const char* data, size_t size);
void text_add_string(text* to, const char* string);
void text_free(text* of);

/* realloc for `count` things of `size` bytes; ends the program when there is no memory. */
void* grow(void* old, size_t count, size_t size);

/* A token is a word or a punctuation mark. A word is a run of letters, digits, '_' and non-ASCII
   bytes; one of ' - . / : ~ @ stays inside when word characters stand on both sides (host's,
   llmobs.h, per-thread). Real tokenisers cut finer: theirs are about 1.3 to a word of English. */
typedef struct token {
    const char* data;
    size_t size;
    bool spaced; /* white space stood before it */
} token;

/* Reads the token at or after *cursor and moves behind it; false at the end of the text. */
bool token_next(const char** cursor, token* next);

size_t count_tokens(const char* string);

#endif

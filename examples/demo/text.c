#include "text.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void* grow(void* old, size_t count, size_t size)
{
    void* memory = count > SIZE_MAX / size ? NULL : realloc(old, count * size);
    if (memory == NULL) {
        fputs("demo: out of memory\n", stderr);
        exit(1);
    }
    return memory;
}

void text_add(text* to, const char* data, size_t size)
{
    if (to->capacity - to->size <= size) {
        to->capacity = (to->size + size + 64) * 2;
        to->data = (char*)grow(to->data, to->capacity, 1);
    }
    memcpy(to->data + to->size, data, size);
    to->size += size;
    to->data[to->size] = '\0';
}

void text_add_string(text* to, const char* string)
{
    text_add(to, string, strlen(string));
}

void text_free(text* of)
{
    free(of->data);
    memset(of, 0, sizeof *of);
}

static bool is_word(char c)
{
    unsigned char byte = (unsigned char)c;
    return byte >= 0x80 || isalnum(byte) || byte == '_';
}

bool token_next(const char** cursor, token* next)
{
    const char* at = *cursor;
    while (isspace((unsigned char)*at)) {
        at++;
    }
    next->spaced = at != *cursor;
    next->data = at;
    if (*at == '\0') {
        *cursor = at;
        return false;
    }
    if (!is_word(*at)) {
        at++;
    } else {
        while (is_word(*at) || (*at != '\0' && strchr("'-./:~@", *at) && is_word(at[1]))) {
            at++;
        }
    }
    next->size = (size_t)(at - next->data);
    *cursor = at;
    return true;
}

size_t count_tokens(const char* string)
{
    size_t count = 0;
    token ignored;
    while (token_next(&string, &ignored)) {
        count++;
    }
    return count;
}

/* A strict reader of one JSON line, for the tests: every leaf with its path, in the order in which
   they stand. It shares nothing with the writers. */
#ifndef JSON_LINES_H
#define JSON_LINES_H

#include <stdlib.h>

#include "json_reader.h"

#define JSON_LEAVES 512

typedef struct json_leaf {
    char path[256]; /* tokens.input, guardrails.triggered.0 */
    char type;      /* s n t f z; { and [ where they are empty */
    char* text;     /* of a string, unescaped, and of a number as it stands; with a NUL */
    size_t size;
} json_leaf;

typedef struct json_line {
    json_leaf leaves[JSON_LEAVES];
    size_t count;
    const char* text;
    size_t size;
    size_t at;
    char path[256];
} json_line;

static bool json_value(json_line* line);

static bool json_take(json_line* line, char byte)
{
    if (line->at < line->size && line->text[line->at] == byte) {
        line->at++;
        return true;
    }
    return false;
}

static json_leaf* json_leaf_add(json_line* line, char type)
{
    json_leaf* leaf = &line->leaves[line->count < JSON_LEAVES - 1 ? line->count++ : line->count];
    memset(leaf, 0, sizeof *leaf);
    strcpy(leaf->path, line->path);
    leaf->type = type;
    return leaf;
}

/* The extent of a string that begins here; 0: none. */
static size_t json_string_extent(const json_line* line)
{
    size_t i = line->at + 1;
    if (line->at >= line->size || line->text[line->at] != '"') {
        return 0;
    }
    while (i < line->size && line->text[i] != '"') {
        i += line->text[i] == '\\' ? 2 : 1;
    }
    return i < line->size ? i + 1 - line->at : 0;
}

static char* json_take_string(json_line* line, size_t* size)
{
    size_t extent = json_string_extent(line);
    char* out = (char*)malloc(extent + 1);
    if (extent == 0 || !json_read_string(line->text + line->at, extent, out, size)) {
        free(out);
        return NULL;
    }
    out[*size] = '\0';
    line->at += extent;
    return out;
}

/* RFC 8259's grammar of numbers. */
static bool json_number(json_line* line)
{
    size_t start = line->at, digits;
    json_leaf* leaf;
    (void)json_take(line, '-');
    digits = line->at;
    while (line->at < line->size && line->text[line->at] >= '0' && line->text[line->at] <= '9') {
        line->at++;
    }
    if (line->at == digits || (line->text[digits] == '0' && line->at > digits + 1)) {
        return false;
    }
    if (json_take(line, '.')) {
        digits = line->at;
        while (line->at < line->size && line->text[line->at] >= '0' &&
               line->text[line->at] <= '9') {
            line->at++;
        }
        if (line->at == digits) {
            return false;
        }
    }
    if (json_take(line, 'e')) {
        (void)(json_take(line, '-') || json_take(line, '+'));
        digits = line->at;
        while (line->at < line->size && line->text[line->at] >= '0' &&
               line->text[line->at] <= '9') {
            line->at++;
        }
        if (line->at == digits) {
            return false;
        }
    }
    leaf = json_leaf_add(line, 'n');
    leaf->size = line->at - start;
    leaf->text = (char*)malloc(leaf->size + 1);
    memcpy(leaf->text, line->text + start, leaf->size);
    leaf->text[leaf->size] = '\0';
    return true;
}

static bool json_word(json_line* line, const char* word, char type)
{
    size_t size = strlen(word);
    if (line->size - line->at < size || memcmp(line->text + line->at, word, size) != 0) {
        return false;
    }
    line->at += size;
    (void)json_leaf_add(line, type);
    return true;
}

static bool json_child(json_line* line, const char* name)
{
    size_t before = strlen(line->path);
    bool good;
    if (before + strlen(name) + 2 > sizeof line->path) {
        return false;
    }
    if (before > 0) {
        strcat(line->path, ".");
    }
    strcat(line->path, name);
    good = json_value(line);
    line->path[before] = '\0';
    return good;
}

static bool json_object(json_line* line)
{
    if (json_take(line, '}')) {
        (void)json_leaf_add(line, '{');
        return true;
    }
    do {
        size_t size;
        char* name = json_take_string(line, &size);
        bool good = name != NULL && json_take(line, ':') && json_child(line, name);
        free(name);
        if (!good) {
            return false;
        }
    } while (json_take(line, ','));
    return json_take(line, '}');
}

static bool json_array(json_line* line)
{
    int number = 0;
    if (json_take(line, ']')) {
        (void)json_leaf_add(line, '[');
        return true;
    }
    do {
        char name[16];
        sprintf(name, "%d", number++);
        if (!json_child(line, name)) {
            return false;
        }
    } while (json_take(line, ','));
    return json_take(line, ']');
}

static bool json_value(json_line* line)
{
    json_leaf* leaf;
    if (json_take(line, '{')) {
        return json_object(line);
    }
    if (json_take(line, '[')) {
        return json_array(line);
    }
    if (line->at < line->size && line->text[line->at] == '"') {
        size_t size = 0;
        char* text = json_take_string(line, &size);
        if (text == NULL) {
            return false;
        }
        leaf = json_leaf_add(line, 's');
        leaf->text = text;
        leaf->size = size;
        return true;
    }
    return json_word(line, "true", 't') || json_word(line, "false", 'f') ||
           json_word(line, "null", 'z') || json_number(line);
}

static void json_line_free(json_line* line)
{
    size_t i;
    for (i = 0; i < line->count; i++) {
        free(line->leaves[i].text);
    }
    line->count = 0;
}

/* Reads text[0 .. size), which must be one value and nothing else, without a blank between its
   parts. What the line held before is freed: a new one must be zeroed. */
static bool json_line_read(json_line* line, const char* text, size_t size)
{
    json_line_free(line);
    line->text = text;
    line->at = 0;
    line->path[0] = '\0';
    line->size = size;
    return json_value(line) && line->at == size;
}

static const json_leaf* json_find(const json_line* line, const char* path)
{
    size_t i;
    for (i = 0; i < line->count; i++) {
        if (strcmp(line->leaves[i].path, path) == 0) {
            return &line->leaves[i];
        }
    }
    return NULL;
}

/* Its text, or what it is: "(none)", "null", "true", "false", "[]", "{}". */
static inline const char* json_text(const json_line* line, const char* path)
{
    const json_leaf* leaf = json_find(line, path);
    if (leaf == NULL) {
        return "(none)";
    }
    switch (leaf->type) {
    case 's':
    case 'n':
        return leaf->text;
    case 't':
        return "true";
    case 'f':
        return "false";
    case 'z':
        return "null";
    default:
        return leaf->type == '[' ? "[]" : "{}";
    }
}

#endif

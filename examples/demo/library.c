#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif
#include "library.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { PASSAGE_TOKENS = 90, UNIT_BYTES = 2000, FILE_MOST = 4 << 20, DEPTH_MOST = 8 };

static char* copy_string(const char* string)
{
    size_t size = strlen(string) + 1;
    return (char*)memcpy(grow(NULL, size, 1), string, size);
}

/* ---- cutting: a little Markdown, which plain text happens to be too ------------------------ */

typedef struct cutter {
    library* to;
    const char* source;
    text title;
    text body; /* of the passage under way: finished units, a line each */
    text unit; /* the paragraph, list item or row under way */
    bool in_code;
} cutter;

static void end_passage(cutter* cut)
{
    if (cut->body.size > 0) {
        library* to = cut->to;
        to->passages = (passage*)grow(to->passages, to->passage_count + 1, sizeof(passage));
        passage* added = &to->passages[to->passage_count++];
        added->source = copy_string(cut->source);
        added->title = copy_string(cut->title.size > 0 ? cut->title.data : "");
        added->body = copy_string(cut->body.data);
        added->tokens = count_tokens(added->body);
        to->token_count += added->tokens;
    }
    cut->body.size = 0;
}

static void end_unit(cutter* cut)
{
    if (cut->unit.size > 0) {
        text_add(&cut->body, cut->unit.data, cut->unit.size);
        text_add(&cut->body, "\n", 1);
        cut->unit.size = 0;
        if (count_tokens(cut->body.data) >= PASSAGE_TOKENS) {
            end_passage(cut);
        }
    }
}

static void trim(const char** data, size_t* size)
{
    while (*size > 0 && isspace((unsigned char)**data)) {
        ++*data;
        --*size;
    }
    while (*size > 0 && isspace((unsigned char)(*data)[*size - 1])) {
        --*size;
    }
}

/* Where a link [text](address) that begins at `at` ends, and its text; NULL: it is none. */
static const char* link_end(const char* at, const char* end, const char** text_end)
{
    const char* close = (const char*)memchr(at, ']', (size_t)(end - at));
    if (close == NULL || close + 1 == end || close[1] != '(') {
        return NULL;
    }
    *text_end = close;
    const char* last = (const char*)memchr(close, ')', (size_t)(end - close));
    return last == NULL ? NULL : last + 1;
}

/* Adds a line's words without the marks of emphasis and code; of a link, its text. */
static void add_prose(text* to, const char* line, size_t size)
{
    const char* begin = line;
    const char* end = line + size;
    const char* label_end = NULL;
    const char* after = NULL; /* of the link whose text is being added */
    if (to->size > 0) {
        text_add(to, " ", 1);
    }
    while (line < end) {
        bool times = *line == '*' && line > begin && line[-1] == ' ' && line[1] == ' ';
        if (after != NULL && line == label_end) {
            line = after;
            after = NULL;
        } else if (*line == '[' && after == NULL &&
                   (after = link_end(line, end, &label_end)) != NULL) {
            line++;
        } else {
            const char* shown = iscntrl((unsigned char)*line) ? " " : line; /* no escapes */
            text_add(to, shown, *line != '`' && (*line != '*' || times));
            line++;
        }
    }
}

/* A table's row becomes "first cell: the others, one after another"; its head is left out. */
static void add_row(cutter* cut, const char* line, size_t size)
{
    if (strspn(line, "-|: ") >= size) {
        cut->unit.size = 0;
        return;
    }
    end_unit(cut);
    size_t cells = 0;
    for (size_t i = 0; i < size; i++) {
        const char* cell = line + i;
        while (i < size && line[i] != '|') {
            i++;
        }
        size_t cell_size = (size_t)(line + i - cell);
        trim(&cell, &cell_size);
        if (cell_size > 0) {
            if (cells++ > 0) {
                text_add_string(&cut->unit, cells == 2 ? ":" : ",");
            }
            add_prose(&cut->unit, cell, cell_size);
        }
    }
}

static size_t list_mark(const char* line, size_t size)
{
    size_t digits = 0;
    while (digits < size && isdigit((unsigned char)line[digits])) {
        digits++;
    }
    size_t mark = digits;
    if (mark < size && strchr(digits > 0 ? ".)" : "-*+", line[mark]) != NULL) {
        mark++;
        return mark < size && line[mark] == ' ' ? mark + 1 : 0;
    }
    return 0;
}

static void cut_line(cutter* cut, const char* line, size_t size)
{
    trim(&line, &size);
    if (size >= 3 && (memcmp(line, "```", 3) == 0 || memcmp(line, "~~~", 3) == 0)) {
        cut->in_code = !cut->in_code;
        end_unit(cut);
    } else if (cut->in_code) {
        return; /* source code is no prose */
    } else if (strspn(line, "-=_* ") >= size) {
        end_unit(cut); /* an empty line, a rule */
    } else if (*line == '#') {
        size_t mark = strspn(line, "#");
        end_unit(cut);
        end_passage(cut);
        cut->title.size = 0;
        mark = mark > size ? size : mark;
        add_prose(&cut->title, line + mark + (mark < size), size - mark - (mark < size));
    } else if (*line == '|') {
        add_row(cut, line + 1, size - 1);
    } else if (*line == '<' || (*line == '!' && size > 1 && line[1] == '[')) {
        end_unit(cut); /* HTML, an image */
    } else {
        size_t mark = list_mark(line, size);
        if (mark > 0 || cut->unit.size >= UNIT_BYTES) {
            end_unit(cut); /* so much without an empty line is a list, not a paragraph */
        }
        add_prose(&cut->unit, line + mark, size - mark);
    }
}

static void cut_document(library* to, const char* source, char* data)
{
    cutter cut = {.to = to, .source = source};
    size_t before = to->passage_count;
    while (*data != '\0') {
        size_t size = strcspn(data, "\n");
        cut_line(&cut, data, size);
        data += size + (data[size] == '\n');
    }
    end_unit(&cut);
    end_passage(&cut);
    text_free(&cut.title);
    text_free(&cut.body);
    text_free(&cut.unit);
    to->document_count += to->passage_count > before;
}

/* ---- reading ------------------------------------------------------------------------------- */

static bool complain(const char* path, const char* why)
{
    fprintf(stderr, "demo: %s: %s\n", path, why);
    return false;
}

static bool add_file(library* to, const char* path)
{
    FILE* file = fopen(path, "rb");
    if (file == NULL) {
        return complain(path, strerror(errno));
    }
    text data = {0};
    char block[4096];
    size_t size;
    while ((size = fread(block, 1, sizeof block, file)) > 0 && data.size <= FILE_MOST) {
        text_add(&data, block, size);
    }
    bool good = !ferror(file);
    fclose(file);
    if (!good) {
        complain(path, "it can't be read");
    } else if (data.size > 0 && data.size <= FILE_MOST) {
        cut_document(to, path, data.data); /* up to a NUL: a binary file gives little */
    }
    text_free(&data);
    return good;
}

static bool is_text_name(const char* name)
{
    const char* suffix = strrchr(name, '.');
    const char* found = suffix == NULL ? NULL : strstr(LIBRARY_SUFFIXES " ", suffix);
    return found != NULL && found[strlen(suffix)] == ' ';
}

static int by_name(const void* a, const void* b)
{
    return strcmp(*(char* const*)a, *(char* const*)b);
}

static bool add_folder(library* to, const char* path, int depth);

static bool add_entry(library* to, const char* path, int depth)
{
    struct stat status;
    if (lstat(path, &status) != 0) {
        return complain(path, strerror(errno));
    }
    if (S_ISDIR(status.st_mode)) {
        return depth >= DEPTH_MOST || add_folder(to, path, depth + 1);
    }
    return !S_ISREG(status.st_mode) || !is_text_name(path) || add_file(to, path);
}

/* In the order of names, so that every machine gets the same passages. */
static bool add_folder(library* to, const char* path, int depth)
{
    DIR* folder = opendir(path);
    if (folder == NULL) {
        return complain(path, strerror(errno));
    }
    char** paths = NULL;
    size_t count = 0;
    struct dirent* entry;
    while ((entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] != '.') {
            text full = {0};
            text_add_string(&full, path);
            text_add_string(&full, full.data[full.size - 1] == '/' ? "" : "/");
            text_add_string(&full, entry->d_name);
            paths = (char**)grow(paths, count + 1, sizeof *paths);
            paths[count++] = full.data;
        }
    }
    closedir(folder);
    bool good = true;
    if (count > 0) {
        qsort(paths, count, sizeof *paths, by_name);
    }
    for (size_t i = 0; i < count; i++) {
        good = good && add_entry(to, paths[i], depth);
        free(paths[i]);
    }
    free(paths);
    return good;
}

bool library_add(library* to, const char* path)
{
    struct stat status;
    if (*path == '\0' || stat(path, &status) != 0) {
        return complain(path, *path == '\0' ? "an empty name" : strerror(errno));
    }
    return S_ISDIR(status.st_mode) ? add_folder(to, path, 0) : add_file(to, path);
}

void library_free(library* of)
{
    for (size_t i = 0; i < of->passage_count; i++) {
        free(of->passages[i].source);
        free(of->passages[i].title);
        free(of->passages[i].body);
    }
    free(of->passages);
    memset(of, 0, sizeof *of);
}

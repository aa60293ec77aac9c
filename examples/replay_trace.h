/* A trace of real traffic, line by line: one request each, its time and its tokens. Part of
   replay.c. */
#ifndef REPLAY_TRACE_H
#define REPLAY_TRACE_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINE_MOST = 255, PROBLEMS_TOLD = 10, FIELDS = 3, BAR_WIDTH = 40 };

static const uint64_t second_ns = UINT64_C(1000000000);
static const uint64_t tokens_most = UINT32_MAX; /* of one request */

/* ---- one line ------------------------------------------------------------------------------ */

/* One request of the trace. */
typedef struct row {
    uint64_t unix_ns;
    uint64_t context_tokens;
    uint64_t generated_tokens;
} row;

/* A part of a line; not NUL-terminated. */
typedef struct field {
    const char* data;
    size_t size;
} field;

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* Takes a number of exactly `digits` digits off the front. */
static bool take_digits(field* rest, size_t digits, uint64_t* number)
{
    *number = 0;
    if (rest->size < digits) {
        return false;
    }
    for (size_t i = 0; i < digits; i++) {
        if (!is_digit(rest->data[i])) {
            return false;
        }
        *number = *number * 10 + (uint64_t)(rest->data[i] - '0');
    }
    rest->data += digits;
    rest->size -= digits;
    return true;
}

static bool take_byte(field* rest, char byte)
{
    if (rest->size == 0 || rest->data[0] != byte) {
        return false;
    }
    rest->data++;
    rest->size--;
    return true;
}

/* Days since 1970-01-01 of a day in the Gregorian calendar; false: there is no such day. */
static bool days_of(uint64_t year, uint64_t month, uint64_t day, uint64_t* days)
{
    static const unsigned lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (year < 1970 || year > 2261 || month < 1 || month > 12 || day < 1 ||
        day > lengths[month - 1] + (leap && month == 2 ? 1u : 0u)) {
        return false;
    }
    uint64_t before = year - 1;
    *days = before * 365 + before / 4 - before / 100 + before / 400 - 719162; /* up to 1970 */
    for (uint64_t i = 1; i < month; i++) {
        *days += lengths[i - 1] + (leap && i == 2 ? 1u : 0u);
    }
    *days += day - 1;
    return true;
}

/* `2023-11-16 18:17:03.9799600`, with 'T' for the blank and up to nine digits after the point. */
static bool parse_time(field text, uint64_t* unix_ns)
{
    uint64_t year, month, day, hour, minute, second, digit, days;
    if (!take_digits(&text, 4, &year) || !take_byte(&text, '-') || !take_digits(&text, 2, &month) ||
        !take_byte(&text, '-') || !take_digits(&text, 2, &day) ||
        !(take_byte(&text, ' ') || take_byte(&text, 'T')) || !take_digits(&text, 2, &hour) ||
        !take_byte(&text, ':') || !take_digits(&text, 2, &minute) || !take_byte(&text, ':') ||
        !take_digits(&text, 2, &second) || hour > 23 || minute > 59 || second > 59 ||
        !days_of(year, month, day, &days)) {
        return false;
    }
    *unix_ns = (((days * 24 + hour) * 60 + minute) * 60 + second) * second_ns;
    if (take_byte(&text, '.')) {
        uint64_t unit = second_ns / 10;
        if (text.size == 0) {
            return false;
        }
        while (unit > 0 && take_digits(&text, 1, &digit)) {
            *unix_ns += digit * unit;
            unit /= 10;
        }
    }
    (void)take_byte(&text, 'Z');
    return text.size == 0;
}

/* NULL, or what is wrong with it. */
static const char* parse_tokens(field text, uint64_t* tokens)
{
    uint64_t digit;
    *tokens = 0;
    if (text.size == 0) {
        return "a field is missing";
    }
    if (text.size > 1 && text.data[0] == '-' && is_digit(text.data[1])) {
        return "a negative number";
    }
    while (take_digits(&text, 1, &digit)) {
        *tokens = *tokens > tokens_most ? *tokens : *tokens * 10 + digit;
    }
    if (text.size != 0) {
        return "not a number";
    }
    return *tokens > tokens_most ? "a number too large" : NULL;
}

/* Reads a line, without its end. NULL, or what is wrong with it. */
static const char* parse_row(field line, row* out)
{
    field fields[FIELDS] = {{line.data, 0}};
    size_t count = 0;
    for (size_t i = 0; i < line.size; i++) {
        if (line.data[i] != ',') {
            fields[count].size++;
        } else if (++count == FIELDS) {
            return "more than three fields";
        } else {
            fields[count].data = line.data + i + 1;
        }
    }
    if (count + 1 < FIELDS) {
        return "a field is missing";
    }
    if (!parse_time(fields[0], &out->unix_ns)) {
        return "a bad time";
    }
    const char* problem = parse_tokens(fields[1], &out->context_tokens);
    return problem != NULL ? problem : parse_tokens(fields[2], &out->generated_tokens);
}

/* ---- a file of lines ----------------------------------------------------------------------- */

typedef struct trace {
    FILE* file;
    const char* name;
    uint64_t size; /* 0 where it has none, such as a pipe */
    uint64_t bytes; /* read */
    uint64_t line;  /* its number, from 1 */
    uint64_t malformed;
    bool show_progress;
    int shown; /* the per cent on the screen */
    char text[LINE_MOST + 1];
} trace;

static bool trace_open(trace* in, const char* name)
{
    struct stat about;
    memset(in, 0, sizeof *in);
    in->shown = -1;
    in->name = strcmp(name, "-") == 0 ? "standard input" : name;
    in->file = strcmp(name, "-") == 0 ? stdin : fopen(name, "rb");
    if (in->file != NULL && fstat(fileno(in->file), &about) == 0 && S_ISREG(about.st_mode)) {
        in->size = (uint64_t)about.st_size;
    }
    in->show_progress = in->size > 0 && isatty(STDERR_FILENO) != 0;
    return in->file != NULL;
}

/* The next line without its LF or CR LF. One that is too long is read to its end and cut. False at
   the end of the file. */
static bool trace_next(trace* in, field* line, bool* too_long)
{
    int byte = getc_unlocked(in->file);
    size_t size = 0;
    *too_long = false;
    if (byte == EOF) {
        return false;
    }
    for (; byte != EOF && byte != '\n'; byte = getc_unlocked(in->file)) {
        if (size < LINE_MOST) {
            in->text[size++] = (char)byte;
        } else {
            *too_long = true;
        }
        in->bytes++;
    }
    in->bytes++;
    in->line++;
    if (size > 0 && in->text[size - 1] == '\r') {
        size--;
    }
    line->data = in->text;
    line->size = size;
    return true;
}

static void trace_complain(trace* in, const char* problem)
{
    in->malformed++;
    if (in->malformed <= PROBLEMS_TOLD) {
        fprintf(stderr, "%s:%" PRIu64 ": %s\n", in->name, in->line, problem);
    } else if (in->malformed == PROBLEMS_TOLD + 1) {
        fprintf(stderr, "%s: further malformed lines are counted, not named\n", in->name);
    }
}

static bool is_header(const trace* in, field line)
{
    static const char header[] = "TIMESTAMP,ContextTokens,GeneratedTokens";
    static const char mark[] = "\xef\xbb\xbf"; /* of UTF-8, as some programs write it */
    if (line.size >= 3 && memcmp(line.data, mark, 3) == 0) {
        line.data += 3;
        line.size -= 3;
    }
    return in->line == 1 && line.size == strlen(header) &&
           memcmp(line.data, header, line.size) == 0;
}

/* The next request; what is malformed on the way is reported. False at the end. */
static bool trace_row(trace* in, row* out)
{
    field line;
    bool too_long;
    while (trace_next(in, &line, &too_long)) {
        if (line.size == 0 || is_header(in, line)) {
            continue;
        }
        const char* problem = too_long ? "a line too long" : parse_row(line, out);
        if (problem == NULL) {
            return true;
        }
        trace_complain(in, problem);
    }
    return false;
}

/* A bar on a terminal's last line; drawn when a further per cent is done, and cleared at 100. */
static void show_progress(trace* in)
{
    int percent = in->size > 0 ? (int)(in->bytes * 100 / in->size) : 0;
    percent = percent > 100 ? 100 : percent;
    if (!in->show_progress || percent == in->shown) {
        return;
    }
    char bar[BAR_WIDTH + 1];
    int done = percent * BAR_WIDTH / 100;
    memset(bar, ' ', BAR_WIDTH);
    memset(bar, '#', (size_t)done);
    bar[BAR_WIDTH] = '\0';
    fprintf(stderr, "\r  [%s] %3d %%", bar, percent);
    in->shown = percent;
}

static void clear_progress(const trace* in)
{
    if (in->shown >= 0) {
        fprintf(stderr, "\r%*s\r", BAR_WIDTH + 12, "");
    }
}

#endif

#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif
#include "terminal.h"

#include <inttypes.h>
#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { WIDTH_LEAST = 60, WIDTH_MOST = 140, WIDTH_OF_FILE = 100, WIDTH_UNKNOWN = 80 };

static int width_of(int descriptor)
{
    long width = 0;
#ifdef TIOCGWINSZ
    struct winsize size;
    if (ioctl(descriptor, TIOCGWINSZ, &size) == 0) {
        width = size.ws_col;
    }
#endif
    if (width == 0) {
        const char* columns = getenv("COLUMNS");
        width = columns != NULL ? strtol(columns, NULL, 10) : 0;
    }
    width = width <= 0 ? WIDTH_UNKNOWN : width;
    width = width < WIDTH_LEAST ? WIDTH_LEAST : width;
    return width > WIDTH_MOST ? WIDTH_MOST : (int)width;
}

terminal terminal_of(FILE* stream)
{
    terminal on = {.stream = stream, .width = WIDTH_OF_FILE};
    const char* kind = getenv("TERM");
    const char* without = getenv("NO_COLOR"); /* no-color.org: set, and not empty */
    on.live = isatty(fileno(stream)) != 0 && kind != NULL && strcmp(kind, "dumb") != 0;
    on.colours = on.live && (without == NULL || *without == '\0');
    on.unicode = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    if (isatty(fileno(stream)) != 0) {
        on.width = width_of(fileno(stream));
    }
    return on;
}

const char* paint(const terminal* on, colour wanted)
{
    static const char* const escapes[] = {"\033[0m",  "\033[1m",  "\033[2m",  "\033[31m",
                                          "\033[32m", "\033[33m", "\033[34m", "\033[36m"};
    return on->colours ? escapes[wanted] : "";
}

void repeat(const terminal* on, const char* character, int cells)
{
    for (int i = 0; i < cells; i++) {
        fputs(character, on->stream);
    }
}

/* Columns that UTF-8 text takes, near enough: its characters. */
static int columns_of(const char* data, size_t size)
{
    int columns = 0;
    for (size_t i = 0; i < size; i++) {
        columns += ((unsigned char)data[i] & 0xc0) != 0x80;
    }
    return columns;
}

/* A model's words may come from anywhere: control characters would be orders to the terminal. */
static void print_safe(const terminal* on, const char* data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)data[i];
        unsigned char next = i + 1 < size ? (unsigned char)data[i + 1] : 0;
        bool c1 = byte == 0xc2 && next >= 0x80 && next < 0xa0; /* U+0080 to U+009F */
        fputc(byte < 0x20 || byte == 0x7f || c1 ? '?' : byte, on->stream);
        i += c1;
    }
}

void print_wrapped(const terminal* on, int indent, const char* data)
{
    int column = indent;
    while (*data != '\0') {
        size_t size = strcspn(data, " \n");
        int columns = columns_of(data, size);
        if (column > indent && column + 1 + columns > on->width) {
            fputc('\n', on->stream);
            repeat(on, " ", indent);
            column = indent;
        } else if (column > indent) {
            fputc(' ', on->stream);
            column++;
        }
        print_safe(on, data, size);
        column += columns;
        data += size + strspn(data + size, " \n");
    }
    fputc('\n', on->stream);
}

const char* show_duration(char to[SHORT_TEXT], uint64_t ns)
{
    static const char* const units[] = {"ns", "us", "ms", "s"};
    double value = (double)ns;
    int unit = 0;
    while (value >= 999.5 && unit < 3) {
        value /= 1000;
        unit++;
    }
    int decimals = unit == 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
    snprintf(to, SHORT_TEXT, "%.*f %s", decimals, value, units[unit]);
    return to;
}

const char* show_count(char to[SHORT_TEXT], uint64_t count)
{
    char digits[SHORT_TEXT];
    int size = snprintf(digits, sizeof digits, "%" PRIu64, count);
    char* at = to;
    for (int i = 0; i < size; i++) {
        if (i > 0 && (size - i) % 3 == 0) {
            *at++ = ',';
        }
        *at++ = digits[i];
    }
    *at = '\0';
    return to;
}

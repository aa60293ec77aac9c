/* An oracle for tests: what must not stand raw in any output, written from the list of
   docs/privacy.md and not from the code. */
#ifndef HARMFUL_H
#define HARMFUL_H

#include <stdbool.h>
#include <stddef.h>

static inline bool is_harmful(long point)
{
    static const long ranges[][2] = {{0x00, 0x1f},     {0x7f, 0x9f},     {0x61c, 0x61c},
                                     {0x200e, 0x200f}, {0x2028, 0x202e}, {0x2066, 0x2069},
                                     {0xfeff, 0xfeff}};
    size_t i;
    for (i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        if (point >= ranges[i][0] && point <= ranges[i][1]) {
            return true;
        }
    }
    return false;
}

/* How many of them stand in a text that is valid UTF-8, line feeds aside. */
static inline size_t harmful_in(const char* text, size_t size)
{
    size_t found = 0;
    size_t i = 0;
    while (i < size) {
        unsigned char lead = (unsigned char)text[i];
        size_t need = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
        long point = need == 1 ? lead : lead & (0x7f >> need);
        size_t k;
        for (k = 1; k < need && i + k < size; k++) {
            point = point << 6 | (text[i + k] & 63);
        }
        found += is_harmful(point) && point != '\n';
        i += need;
    }
    return found;
}

#endif

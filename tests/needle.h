/* For tests of what is wiped: how often a text stands in memory. */
#ifndef NEEDLE_H
#define NEEDLE_H

#include <stddef.h>
#include <string.h>

#define NEEDLE "the needle 8271"

/* The library's threads may be writing there: what is seen of theirs is no needle, and no race that
   matters. */
__attribute__((no_sanitize("thread"), noinline, unused)) static size_t needles(const void* memory,
                                                                               size_t size,
                                                                               const char* needle)
{
    const volatile char* block = (const volatile char*)memory;
    size_t length = strlen(needle);
    size_t count = 0;
    size_t i;
    for (i = 0; i + length <= size; i++) {
        size_t same = 0;
        while (same < length && block[i + same] == needle[same]) {
            same++;
        }
        count += same == length;
    }
    return count;
}

#endif

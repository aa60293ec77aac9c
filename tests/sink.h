/* Where encoders write to in tests: so much and no more. */
#ifndef SINK_H
#define SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

typedef struct sink {
    char text[1 << 16];
    size_t size;
} sink;

static inline bool sink_write(void* user, const char* data, size_t size)
{
    sink* to = (sink*)user;
    if (size > sizeof to->text - to->size) {
        return false;
    }
    memcpy(to->text + to->size, data, size);
    to->size += size;
    return true;
}

#endif

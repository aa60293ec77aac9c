#include "sse.h"

#include <string.h>

static bool end_event(sse* of)
{
    bool good = !of->has_data || of->on_event(of->user, of->data.data, of->data.size);
    of->has_data = false;
    of->data.size = 0;
    return good;
}

/* "data: text", "data:text" or "data"; several of an event are joined by line ends. */
static bool end_line(sse* of)
{
    const char* line = of->line.size > 0 ? of->line.data : "";
    size_t size = of->line.size;
    of->line.size = 0;
    if (!of->begun && size >= 3 && memcmp(line, "\xef\xbb\xbf", 3) == 0) {
        line += 3;
        size -= 3;
    }
    of->begun = true;
    if (size == 0) {
        return end_event(of);
    }
    if (size < 4 || memcmp(line, "data", 4) != 0 || (size > 4 && line[4] != ':')) {
        return true; /* a comment, or another field */
    }
    size_t skipped = size == 4 ? 4 : 5;
    skipped += size > 5 && line[5] == ' ';
    text_add(&of->data, "\n", of->has_data);
    text_add(&of->data, line + skipped, size - skipped);
    of->has_data = true;
    return of->data.size <= SSE_EVENT_MOST;
}

bool sse_feed(sse* to, const char* data, size_t size)
{
    const char* end = data + size;
    while (data < end) {
        if (to->after_return && *data == '\n') {
            data++;
        }
        to->after_return = false;
        const char* plain = data;
        while (data < end && *data != '\n' && *data != '\r') {
            data++;
        }
        text_add(&to->line, plain, (size_t)(data - plain));
        if (to->line.size > SSE_EVENT_MOST) {
            return false;
        }
        if (data < end) {
            to->after_return = *data++ == '\r';
            if (!end_line(to)) {
                return false;
            }
        }
    }
    return true;
}

void sse_free(sse* of)
{
    text_free(&of->line);
    text_free(&of->data);
}

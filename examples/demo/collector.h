/* An exporter of our own: keeps what the report needs of each span, in memory. */
#ifndef DEMO_COLLECTOR_H
#define DEMO_COLLECTOR_H

#include "llmobs.h"

enum { KEPT_ATTRIBUTES = 16, KEPT_TEXT = 80 };

typedef struct kept_attribute {
    char key[KEPT_TEXT];
    char value[KEPT_TEXT]; /* as shown; strings of an array are joined by commas */
    int64_t integer;       /* of integers and booleans, else 0 */
} kept_attribute;

typedef struct kept_span {
    uint8_t trace_id[16];
    uint8_t span_id[8];
    uint8_t parent_span_id[8];
    char name[KEPT_TEXT];
    uint64_t start_ns;
    uint64_t end_ns;
    uint64_t first_token_ns; /* of the event of this name; 0: there was none */
    bool failed;             /* its status is ERROR */
    kept_attribute attributes[KEPT_ATTRIBUTES];
    uint32_t attribute_count;
} kept_span;

/* Written by the exporter's thread. Read it after llmobs_flush or llmobs_close: these wait. */
typedef struct collector {
    kept_span* spans;
    size_t count;
} collector;

/* An llmobs_export_fn; `user` is the collector. A view lives until it returns, so it copies. */
llmobs_export_result collector_export(void* user, const llmobs_batch* batch);

void collector_free(collector* of);

/* The attribute of that key, or NULL. */
const kept_attribute* kept_find(const kept_span* in, const char* key);

#endif

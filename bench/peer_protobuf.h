/* libprotobuf's side of bench_encode.c, which is C: the same spans into messages on an arena, and
   those into bytes, as an SDK in C++ does. */
#ifndef PEER_PROTOBUF_H
#define PEER_PROTOBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An attribute; `type` as in llmobs_type. */
typedef struct peer_attribute {
    const char* key;
    size_t key_size;
    int type;
    const char* text;
    size_t text_size;
    int64_t integer;
    double real;
    bool boolean;
} peer_attribute;

typedef struct peer_span {
    const uint8_t* trace_id;
    const uint8_t* span_id;
    const uint8_t* parent_id;
    const char* name;
    size_t name_size;
    uint64_t start;
    uint64_t end;
    uint32_t flags;
    int kind;
} peer_span;

/* What is encoded; the caller's. The resource has the first two attributes. */
typedef struct peer_traces {
    const peer_span* spans;
    size_t span_count;
    const peer_attribute* attributes; /* the same of each span */
    size_t attribute_count;
    const char* version;
} peer_traces;

/* Makes the messages and writes them to `out`; returns how many bytes there are. */
size_t peer_encode(const peer_traces* traces, char* out, size_t room);

#ifdef __cplusplus
}
#endif

#endif

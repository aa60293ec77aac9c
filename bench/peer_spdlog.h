/* spdlog's side of bench_log.c, which is C: the same line by its formatter, into memory. */
#ifndef PEER_SPDLOG_H
#define PEER_SPDLOG_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The members of the line. All of it stays the caller's. */
typedef struct peer_record {
    const char* request_id;
    const char* user_id;
    const char* model;
    const char* finish_reason;
    const char* input_hash;
    const char* output_hash;
    const char* trace_id;
    const char* span_id;
    long long input_tokens;
    long long output_tokens;
    long long input_length;
    long long output_length;
    double cost_usd;
    double latency_ms;
} peer_record;

void peer_spdlog_open(void);
void peer_spdlog_line(const peer_record* record);
size_t peer_spdlog_size(void); /* of the last line */

#ifdef __cplusplus
}
#endif

#endif

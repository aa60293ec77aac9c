/* RE2's side of bench_privacy.c, which is C. */
#ifndef PEER_RE2_H
#define PEER_RE2_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One expression of all; 0: it was refused. */
int peer_re2_open(const char* pattern);

/* How many matches there are. */
uint64_t peer_re2_scan(const char* text, size_t size);

#ifdef __cplusplus
}
#endif

#endif

/* Buckets and quantiles again, compiled for a host that asks for fast arithmetic: gcc is told here,
   clang by whoever runs it with -ffast-math. To the processor, subnormal numbers are then zeros. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("fast-math")
#endif
#define FLUSH_SUBNORMALS
#include "test_exponential.c"

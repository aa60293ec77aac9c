/* The implementation, with calls as a user's file would make them: not inlined, not specialised. */
#ifndef BENCH_LIBRARY_H
#define BENCH_LIBRARY_H

#if defined(__clang__)
#define LLMOBS_API extern __attribute__((noinline))
#else
#define LLMOBS_API extern __attribute__((noipa))
#endif
#define LLMOBS_IMPLEMENTATION
#include "llmobs.h"

#endif

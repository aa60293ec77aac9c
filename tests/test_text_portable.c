/* Numbers and UTF-8 again, without vector instructions and 128-bit integers. */
#define LLMOBS_NO_SIMD
#define LLMOBS_NO_INT128
#include "test_text.c"

/* The scanner again, without vector instructions. */
#define LLMOBS_NO_SIMD
#include "test_scan.c"

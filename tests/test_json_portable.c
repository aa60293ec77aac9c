/* The JSON writer and the number text again, without vector instructions. */
#define LLMOBS_NO_SIMD
#define DIRECTORY "build/tmp/test_json_portable"
#include "test_json.c"

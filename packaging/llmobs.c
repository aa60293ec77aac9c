/* The implementation, for who links it instead of compiling it in a file of his own. */
#define LLMOBS_IMPLEMENTATION
#include "llmobs.h"

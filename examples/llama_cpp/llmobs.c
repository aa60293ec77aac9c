/* The one file of the program that carries the library's implementation. */
#define LLMOBS_IMPLEMENTATION
#include "llmobs.h"

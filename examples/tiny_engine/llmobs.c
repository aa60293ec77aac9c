/* The one file of a program that carries the library's implementation. */
#define LLMOBS_IMPLEMENTATION
#include "llmobs.h"

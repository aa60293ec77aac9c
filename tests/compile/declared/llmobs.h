/* llmobs.h for a program that has the implementation in itself, and now links with one that was
   compiled before: see Gate::builds. */
#ifdef LLMOBS_IMPLEMENTATION
#undef LLMOBS_IMPLEMENTATION
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* as the implementation asks for */
#endif
#endif
#include "../../../llmobs.h"

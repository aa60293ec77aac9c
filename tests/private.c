/* The one copy of the implementation that most tests link with: they see its private parts through
   llmobs_private.h, which tools/private.pl writes. */
#define LLMOBS_I_APART
#define LLMOBS_IMPLEMENTATION
#include "../llmobs.h"

/* Too late to ask libc for more than ISO C: the implementation must not need it. */
#include <stdio.h>
#define LLMOBS_IMPLEMENTATION
#include "../../llmobs.h"

int after_stdio(void);
int after_stdio(void)
{
    return puts(LLMOBS_VERSION_STRING);
}

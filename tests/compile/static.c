#define LLMOBS_STATIC
#include "../../llmobs.h"

const char* static_version(void);
const char* static_version(void)
{
    return llmobs_version();
}

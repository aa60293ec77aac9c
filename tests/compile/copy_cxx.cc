#define LLMOBS_STATIC
#include "../../llmobs.h"
#include "life.h"

extern "C" int copy_cxx(void);
extern "C" int copy_cxx(void)
{
    return life();
}

#define LLMOBS_STATIC
#include "../../llmobs.h"
#include "life.h"

int copy_c(void);
int copy_c(void)
{
    return life();
}

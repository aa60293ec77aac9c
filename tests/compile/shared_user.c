#include <stdio.h>

#include "../../llmobs.h"
#include "life.h"

int main(void)
{
    int spans = life();
    printf("%d %s\n", spans, llmobs_version());
    return spans == 2 ? 0 : 1;
}

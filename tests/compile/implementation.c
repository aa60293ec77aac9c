#define LLMOBS_IMPLEMENTATION
#include "../../llmobs.h"

#include "../../llmobs.h"
#include "../../llmobs.h"
#define LLMOBS_IMPLEMENTATION
#include "../../llmobs.h"
#include "../../llmobs.h"
#undef LLMOBS_IMPLEMENTATION
#include "../../llmobs.h"

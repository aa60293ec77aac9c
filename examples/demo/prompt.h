/* Prompt assembly: what the model is told. */
#ifndef DEMO_PROMPT_H
#define DEMO_PROMPT_H

#include "retrieval.h"

#define PROMPT_PASSAGE "\n\nPassage: "
#define PROMPT_QUESTION "\n\nQuestion: "
#define PROMPT_ANSWER "\n\nAnswer:"

/* Free the result with text_free. */
text prompt_assemble(const char* question, const retrieved* docs);

#endif

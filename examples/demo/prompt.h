/* Prompt assembly: what the model is told. */
#ifndef DEMO_PROMPT_H
#define DEMO_PROMPT_H

#include "retrieval.h"

#define PROMPT_PASSAGE "\n\nPassage: "
#define PROMPT_QUESTION "\n\nQuestion: "
#define PROMPT_ANSWER "\n\nAnswer:"

/* The instructions, then the passages, then the question. The three counts add up to the whole. */
typedef struct prompt {
    text whole;
    size_t system_size; /* bytes: the instructions, without what parts them from the rest */
    size_t context_size; /* bytes behind these: the passages, each with what parts it from others */
    size_t system_tokens;
    size_t retrieval_tokens;
    size_t user_tokens;
} prompt;

prompt prompt_assemble(const char* question, const retrieved* docs);
size_t prompt_tokens(const prompt* of);
void prompt_free(prompt* of);

#endif

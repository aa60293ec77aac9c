#include "prompt.h"

text prompt_assemble(const char* question, const retrieved* docs)
{
    text prompt = {0};
    text_add_string(&prompt, "Answer the question from these passages alone.");
    for (size_t i = 0; i < docs->count; i++) {
        text_add_string(&prompt, PROMPT_PASSAGE);
        text_add_string(&prompt, docs->passages[i]->source);
        text_add_string(&prompt, ", ");
        text_add_string(&prompt, docs->passages[i]->title);
        text_add_string(&prompt, "\n");
        text_add_string(&prompt, docs->passages[i]->body);
    }
    text_add_string(&prompt, PROMPT_QUESTION);
    text_add_string(&prompt, question);
    text_add_string(&prompt, PROMPT_ANSWER);
    return prompt;
}

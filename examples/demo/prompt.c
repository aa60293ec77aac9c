#include "prompt.h"

#include <string.h>

/* The tokens of a part that was just added: each begins with white space, so none spans two. */
static size_t tokens_since(const prompt* said, size_t begun)
{
    return count_tokens(said->whole.data + begun);
}

static void add_passage(text* to, const passage* added)
{
    text_add_string(to, PROMPT_PASSAGE);
    text_add_string(to, added->source);
    text_add_string(to, ", ");
    text_add_string(to, added->title);
    text_add_string(to, "\n");
    text_add_string(to, added->body);
}

prompt prompt_assemble(const char* question, const retrieved* docs)
{
    prompt said = {0};
    text_add_string(&said.whole, "Answer the question from these passages alone.");
    said.system_size = said.whole.size;
    said.system_tokens = tokens_since(&said, 0);
    for (size_t i = 0; i < docs->count; i++) {
        add_passage(&said.whole, docs->passages[i]);
    }
    said.retrieval_tokens = tokens_since(&said, said.system_size);
    size_t begun = said.whole.size;
    said.context_size = begun - said.system_size;
    text_add_string(&said.whole, PROMPT_QUESTION);
    text_add_string(&said.whole, question);
    text_add_string(&said.whole, PROMPT_ANSWER);
    said.user_tokens = tokens_since(&said, begun);
    return said;
}

size_t prompt_tokens(const prompt* of)
{
    return of->system_tokens + of->retrieval_tokens + of->user_tokens;
}

void prompt_free(prompt* of)
{
    text_free(&of->whole);
    memset(of, 0, sizeof *of);
}

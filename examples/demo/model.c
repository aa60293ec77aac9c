#include "model.h"

#include "endpoint.h"
#include "ngram.h"

#include <string.h>

model_reply model_reply_begin(void)
{
    model_reply none;
    memset(&none, 0, sizeof none);
    none.usage = llmobs_outcome_default().usage;
    return none;
}

model_reply model_call(const language_model* with, const prompt* said, const char* traceparent,
                       const model_listener* to)
{
    return with->remote != NULL ? endpoint_call(with->remote, with->name, said, traceparent, to)
                                : ngram_call(with, said, to);
}

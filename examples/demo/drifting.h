/* Drift: answers to made-up questions are compared with those of before, once with the documents as
   they are and once after some were changed. Embeddings are hashed character n-grams: no model. */
#ifndef DEMO_DRIFTING_H
#define DEMO_DRIFTING_H

#include "model.h"
#include "terminal.h"

/* Does all that, and says what it did. `index` is over the documents, the model is the stand-in. */
void drifting_report(const terminal* on, const library* docs, const retrieval* index,
                     const language_model* model);

#endif

/* The stand-in for a model: a word n-gram fitted to the passages in the prompt. */
#ifndef DEMO_NGRAM_H
#define DEMO_NGRAM_H

#include "model.h"

model_reply ngram_call(const language_model* with, const prompt* said, const model_listener* to);

#endif

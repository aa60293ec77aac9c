/* The chain: retrieval, prompt assembly, model call, guardrail, each a span of one trace. */
#ifndef DEMO_CHAIN_H
#define DEMO_CHAIN_H

#include "guardrail.h"
#include "llmobs.h"
#include "meters.h"
#include "model.h"
#include "retrieval.h"

/* What all requests share. */
typedef struct chain {
    llmobs* obs;
    const retrieval* index;
    const language_model* model;
    const meters* metrics;
} chain;

typedef struct answer {
    text content; /* empty when the guardrail blocked it; free with text_free */
    verdict guardrail;
    retrieved sources;
    llmobs_trace_context trace;
} answer;

/* Answers one question. Any number of threads may do so at once. */
answer trace_chain(const chain* with, const char* question);

#endif

/* The chain: retrieval, prompt assembly, model call, guardrail, each a phase of one request. */
#ifndef DEMO_CHAIN_H
#define DEMO_CHAIN_H

#include "callers.h"
#include "guardrail.h"
#include "llmobs.h"
#include "model.h"
#include "retrieval.h"

/* What all requests share. */
typedef struct chain {
    llmobs* obs;
    const retrieval* index;
    const language_model* model;
    const char* feature; /* which part of a program asks */
} chain;

typedef struct answer {
    text content; /* empty when there is none; free with text_free */
    const char* error_type; /* of the model call; NULL: it did not fail */
    verdict guardrail;
    retrieved sources;
} answer;

/* Answers one question. Any number of threads may do so at once. */
answer trace_chain(const chain* with, const caller* who, const char* question);

#endif

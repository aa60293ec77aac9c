#include "chain.h"

#include "prompt.h"

#include <string.h>

/* Where the model's tokens go as they come. */
typedef struct stream {
    llmobs_span span;
    text content;
} stream;

static void on_token(void* user, const char* data, size_t size)
{
    stream* to = (stream*)user;
    if (to->content.size == 0) {
        llmobs_span_event(to->span, "first_token");
    }
    text_add(&to->content, data, size);
}

static verdict run_guardrails(const char* question, const retrieved* docs, const text* content)
{
    verdict result = verdict_begin();
    guardrail_check(&result, question);
    for (size_t i = 0; i < docs->count; i++) {
        guardrail_check(&result, docs->passages[i]->body);
    }
    guardrail_check(&result, content->size > 0 ? content->data : "");
    return result;
}

/* Lengths and counts are recorded, never the texts: more people read traces than answers. */
answer trace_chain(const chain* with, const char* question)
{
    answer result = {0};
    llmobs_span request = llmobs_span_root(with->obs, "llm_chain");
    llmobs_span_set_int(request, "question.length", (int64_t)strlen(question));
    llmobs_span_context(request, &result.trace);
    llmobs_updown_add(with->metrics->active, 1);

    uint64_t begun = meters_now();
    llmobs_span span = llmobs_span_child(request, "retrieval");
    result.sources = retrieval_find(with->index, question);
    llmobs_span_set_int(span, "docs.count", (int64_t)result.sources.count);
    llmobs_span_set_int(span, "docs.total_tokens", (int64_t)result.sources.tokens);
    uint64_t at = meters_phase(with->metrics, PHASE_RETRIEVAL, begun, span);

    span = llmobs_span_next(span, "prompt_assembly"); /* ends one span, begins the next */
    text prompt = prompt_assemble(question, &result.sources);
    llmobs_span_set_int(span, "prompt.tokens", (int64_t)count_tokens(prompt.data));
    at = meters_phase(with->metrics, PHASE_PROMPT_ASSEMBLY, at, span);

    span = llmobs_span_next(span, "model_call");
    stream response = {span, {0}};
    usage used = model_call(with->model, prompt.data, on_token, &response);
    llmobs_span_set_string(span, "model.name", with->model->name);
    llmobs_span_set_int(span, "tokens.input", (int64_t)used.prompt_tokens);
    llmobs_span_set_int(span, "tokens.output", (int64_t)used.completion_tokens);
    meters_usage(with->metrics, &used);
    at = meters_phase(with->metrics, PHASE_MODEL_CALL, at, span);

    span = llmobs_span_next(span, "guardrail_check");
    verdict found = run_guardrails(question, &result.sources, &response.content);
    llmobs_span_set_bool(span, "guardrail.passed", found.passed);
    llmobs_span_set_strings(span, "guardrail.triggered_rules", found.rules, found.rule_count);
    meters_verdict(with->metrics, &found);
    meters_phase(with->metrics, PHASE_GUARDRAILS, at, span);
    llmobs_span_end(span);

    result.guardrail = found;
    if (found.passed) {
        result.content = response.content;
    } else {
        text_free(&response.content);
    }
    llmobs_span_set_int(request, "answer.length", (int64_t)result.content.size);
    meters_phase(with->metrics, PHASE_WHOLE, begun, request);
    llmobs_updown_add(with->metrics->active, -1);
    llmobs_span_end(request);
    text_free(&prompt);
    return result;
}

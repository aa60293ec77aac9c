#include "chain.h"

#include <string.h>

/* Where the model's tokens go as they come. */
typedef struct stream {
    llmobs_request request;
    llmobs_span span;
    text content;
    bool begun;
} stream;

static void on_token(void* user, const char* data, size_t size)
{
    stream* to = (stream*)user;
    if (!to->begun) {
        llmobs_span_event(to->span, "first_token"); /* the waterfall shows the wait for it */
        to->begun = true;
    }
    llmobs_request_token(to->request);
    if (size > 0) {
        llmobs_request_output(to->request, data, size); /* hashed and measured, not kept */
        text_add(&to->content, data, size);
    }
}

static void on_retry(void* user, const char* why)
{
    llmobs_request_retry(((stream*)user)->request, why);
}

static llmobs_request begin_request(const chain* with, const caller* who)
{
    llmobs_request_info info = llmobs_request_info_default();
    info.request_id = who->request_id;
    info.user_id = who->user_id; /* this one and the next leave as pseudonyms */
    info.session_id = who->session_id;
    info.feature = with->feature;
    info.model = with->model->name;
    info.provider = with->model->provider;
    info.stream = true;
    return llmobs_request_begin(with->obs, &info);
}

/* What is unknown is left out. */
static void set_count(llmobs_span span, const char* key, int64_t count)
{
    if (count >= 0) {
        llmobs_span_set_int(span, key, count);
    }
}

static model_reply call_model(const chain* with, const prompt* said, stream* response)
{
    const model_listener to = {on_token, on_retry, response};
    llmobs_trace_context here;
    char traceparent[LLMOBS_TRACEPARENT_SIZE];
    llmobs_span_context(response->span, &here);
    llmobs_traceparent_format(&here, traceparent); /* a server's own spans become children */
    model_reply reply = model_call(with->model, said, traceparent, &to);
    llmobs_span_set_string(response->span, "model.name", with->model->name);
    set_count(response->span, "tokens.input", reply.usage.input_tokens);
    set_count(response->span, "tokens.output", reply.usage.output_tokens);
    return reply;
}

static verdict run_guardrails(llmobs_request request, llmobs_span span, const char* question,
                              const retrieved* docs, const text* content)
{
    verdict found = verdict_begin();
    guardrail_check(&found, question);
    for (size_t i = 0; i < docs->count; i++) {
        guardrail_check(&found, docs->passages[i]->body);
    }
    guardrail_check(&found, content->size > 0 ? content->data : "");
    for (size_t i = 0; i < found.rule_count; i++) {
        llmobs_guardrail(request, found.rules[i], LLMOBS_GUARDRAIL_BLOCKED);
    }
    llmobs_span_set_bool(span, "guardrail.passed", found.passed);
    llmobs_span_set_strings(span, "guardrail.triggered_rules", found.rules, found.rule_count);
    return found;
}

/* A part of the input as the model counts it: the server knows only the sum, this program only its
   own way of counting. Where both count alike, this changes nothing. */
static int64_t share(size_t part, const prompt* said, int64_t input_tokens)
{
    size_t all = prompt_tokens(said);
    return input_tokens < 0 ? -1
                            : (int64_t)((double)part / (double)all * (double)input_tokens + 0.5);
}

static void end_request(llmobs_request request, const prompt* said, const model_reply* reply)
{
    llmobs_outcome outcome = llmobs_outcome_default();
    outcome.usage = reply->usage;
    outcome.usage.system_tokens = share(said->system_tokens, said, reply->usage.input_tokens);
    outcome.usage.retrieval_tokens = share(said->retrieval_tokens, said, reply->usage.input_tokens);
    outcome.usage.user_tokens = share(said->user_tokens, said, reply->usage.input_tokens);
    outcome.input = llmobs_text(said->whole.data, said->whole.size);
    outcome.context = llmobs_text(said->whole.data + said->system_size, said->context_size);
    outcome.finish_reason = reply->finish_reason;
    outcome.error_type = reply->error_type;
    outcome.response_model = reply->name[0] != '\0' ? reply->name : NULL;
    llmobs_request_end(request, &outcome);
}

/* Lengths, counts and keyed hashes are recorded, never the texts: more people read traces than
   answers. Tokens, times, verdicts and sessions become metrics and a log line by themselves. */
answer trace_chain(const chain* with, const caller* who, const char* question)
{
    answer result = {0};
    llmobs_request request = begin_request(with, who);

    llmobs_span span = llmobs_phase_begin(request, LLMOBS_PHASE_RETRIEVAL);
    result.sources = retrieval_find(with->index, question);
    llmobs_span_set_int(span, "docs.count", (int64_t)result.sources.count);
    llmobs_span_set_int(span, "docs.total_tokens", (int64_t)result.sources.tokens);

    span = llmobs_phase_next(request, span, LLMOBS_PHASE_PROMPT_ASSEMBLY);
    prompt said = prompt_assemble(question, &result.sources);
    llmobs_span_set_int(span, "prompt.tokens", (int64_t)prompt_tokens(&said));

    span = llmobs_phase_next(request, span, LLMOBS_PHASE_MODEL_CALL);
    stream response = {request, span, {0}, false};
    model_reply reply = call_model(with, &said, &response);

    span = llmobs_phase_next(request, span, LLMOBS_PHASE_GUARDRAILS);
    result.guardrail =
        run_guardrails(request, span, question, &result.sources, &response.content);
    llmobs_span_end(span);

    result.error_type = reply.error_type;
    if (result.guardrail.passed && reply.error_type == NULL) {
        result.content = response.content;
    } else {
        text_free(&response.content);
    }
    span = llmobs_request_span(request);
    llmobs_span_set_string(span, "request.id", who->request_id); /* for report_explanation */
    llmobs_span_set_int(span, "question.length", (int64_t)strlen(question));
    llmobs_span_set_int(span, "answer.length", (int64_t)result.content.size);
    end_request(request, &said, &reply);
    prompt_free(&said);
    return result;
}

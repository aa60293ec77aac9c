/* What a request's root span says, in each vocabulary. */
#include "llmobs_private.h"

#include "tap.h"

#include "keeper.h"

#include "requester.h"

/* Whether a span has no attributes but the article's. */
static bool is_article(const llmobs_span_view* span)
{
    static const char* const keys[] = {
        "user.id",       "docs.count", "docs.total_tokens", "prompt.tokens",
        "model.name",    "tokens.input", "tokens.output",   "cost.usd",
        "guardrail.passed", "guardrail.triggered_rules"};
    size_t known = 0;
    size_t i;
    for (i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        known += kept_attribute(span, keys[i]) != NULL;
    }
    return known == span->attribute_count;
}

static void test_article(void)
{
    llmobs_config config = request_config();
    llmobs_request_info info = support_info();
    llmobs_outcome outcome = known_outcome();
    llmobs_llm_attributes six;
    const llmobs_span_view* root;
    llmobs_span span;
    keeper kept;
    llmobs* obs;
    config.vocabulary = LLMOBS_VOCABULARY_ARTICLE;
    obs = open_kept(&config, &kept);
    run_chain(obs, &info, &outcome);
    memset(&six, 0, sizeof six);
    six.model = "m";
    six.tokens_in = 5;
    six.tokens_out = -1;
    six.cost_nano = 1500000000;
    six.retrieval_docs = 3;
    six.guardrail_triggered = true;
    span = llmobs_span_root(obs, "one");
    llmobs_span_set_llm(span, &six);
    llmobs_span_end(span);
    (void)llmobs_flush(obs, 5000);
    root = kept_span(&kept, "llm_chain");
    ok(root != NULL, "llm_chain");
    ok(strncmp(kept_string(root, "user.id"), "hmac-sha256:", 12) == 0, "user.id, a pseudonym");
    is_str(kept_string(root, "model.name"), "gpt-4o-mini", "model.name");
    is_int(kept_attribute(root, "tokens.output")->value.integer, 96, "tokens.output");
    ok(is_article(root) && kept_attribute(root, "guardrail.passed") != NULL, "and no other words");
    ok(is_article(kept_span(&kept, "retrieval")), "retrieval, with the article's words alone");
    ok(is_article(kept_span(&kept, "model_call")), "model_call");
    root = kept_span(&kept, "one");
    ok(is_article(root), "and what one call sets");
    is_int(kept_attribute(root, "docs.count")->value.integer, 3, "six in one call");
    ok(kept_attribute(root, "cost.usd")->value.real > 1.4999 &&
           kept_attribute(root, "cost.usd")->value.real < 1.5001,
       "cost.usd");
    ok(!kept_attribute(root, "guardrail.passed")->value.boolean, "guardrail.passed");
    ok(kept_attribute(root, "tokens.output") == NULL, "what is unknown is left out");
    (void)close_kept(obs, &kept);
}

/* ---- OpenInference ------------------------------------------------------------------------- */

static void test_openinference(void)
{
    llmobs_config config = request_config();
    llmobs_request_info info = support_info();
    llmobs_outcome outcome = known_outcome();
    llmobs_llm_attributes six;
    const llmobs_span_view* root;
    llmobs_span span;
    keeper kept;
    llmobs* obs;
    config.vocabulary = LLMOBS_VOCABULARY_OPENINFERENCE;
    obs = open_kept(&config, &kept);
    outcome.usage.reasoning_tokens = 7;
    run_chain(obs, &info, &outcome);
    info.operation = "embeddings";
    outcome.response_model = NULL;
    outcome.usage.output_tokens = -1;
    llmobs_request_end(llmobs_request_begin(obs, &info), &outcome);
    memset(&six, 0, sizeof six);
    six.model = "m";
    six.tokens_in = 5;
    span = llmobs_span_root(obs, "one");
    llmobs_span_set_llm(span, &six);
    llmobs_span_end(span);
    (void)llmobs_flush(obs, 5000);
    root = kept_span(&kept, "chat gpt-4o-mini");
    is_str(kept_string(root, "openinference.span.kind"), "LLM", "kind");
    is_str(kept_string(root, "llm.model_name"), "gpt-4o-mini-2024", "the model that answered");
    is_str(kept_string(root, "llm.provider"), "openai", "llm.provider");
    is_int(kept_attribute(root, "llm.token_count.prompt")->value.integer, 812, "prompt");
    is_int(kept_attribute(root, "llm.token_count.completion")->value.integer, 96, "completion");
    is_int(kept_attribute(root, "llm.token_count.total")->value.integer, 908, "total");
    is_int(kept_attribute(root, "llm.token_count.prompt_details.cache_read")->value.integer, 512,
           "cache_read");
    is_int(kept_attribute(root, "llm.token_count.completion_details.reasoning")->value.integer, 7,
           "reasoning");
    ok(kept_attribute(root, "llm.cost.total")->value.real > 0.000179 &&
           kept_attribute(root, "llm.cost.total")->value.real < 0.00018,
       "llm.cost.total");
    ok(strncmp(kept_string(root, "user.id"), "hmac-sha256:", 12) == 0, "user.id, a pseudonym");
    ok(strncmp(kept_string(root, "session.id"), "hmac-sha256:", 12) == 0, "session.id, too");
    ok(kept_attribute(root, "gen_ai.request.model") == NULL, "and no other words");
    root = kept_span(&kept, "embeddings gpt-4o-mini");
    is_str(kept_string(root, "openinference.span.kind"), "EMBEDDING", "an embedding");
    is_str(kept_string(root, "llm.model_name"), "gpt-4o-mini", "or the model that was asked for");
    ok(kept_attribute(root, "llm.token_count.total") == NULL, "half a total is none");
    root = kept_span(&kept, "one");
    is_int(kept_attribute(root, "llm.token_count.prompt")->value.integer, 5, "six in one call");
    ok(close_kept(obs, &kept), "all is accounted for");
}

/* A number that is no vocabulary stands for the default. */
static void test_unknown(void)
{
    llmobs_config config = request_config();
    llmobs_request_info info = support_info();
    llmobs_llm_attributes six;
    keeper kept;
    llmobs* obs;
    llmobs_span span;
    config.vocabulary = (llmobs_vocabulary)77;
    obs = open_kept(&config, &kept);
    llmobs_request_end(llmobs_request_begin(obs, &info), NULL);
    memset(&six, 0, sizeof six);
    six.model = "m";
    span = llmobs_span_root(obs, "one");
    llmobs_span_set_llm(span, &six);
    llmobs_span_end(span);
    (void)llmobs_flush(obs, 5000);
    is_str(kept_string(kept_span(&kept, "chat gpt-4o-mini"), "gen_ai.request.model"),
           "gpt-4o-mini", "no vocabulary: the default");
    is_str(kept_string(kept_span(&kept, "one"), "gen_ai.request.model"), "m", "here, too");
    (void)close_kept(obs, &kept);
}

int main(void)
{
    test_article();
    test_openinference();
    test_unknown();
    return done();
}

/* What a request's root span says, in each vocabulary. */
#include "llmobs_private.h"

#include "tap.h"

#include "keeper.h"

#include "requester.h"

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
    ok(kept_attribute(root, "gen_ai.request.model") == NULL, "and no other words");
    root = kept_span(&kept, "one");
    is_int(kept_attribute(root, "docs.count")->value.integer, 3, "six in one call");
    ok(kept_attribute(root, "cost.usd")->value.real > 1.4999 &&
           kept_attribute(root, "cost.usd")->value.real < 1.5001,
       "cost.usd");
    ok(!kept_attribute(root, "guardrail.passed")->value.boolean, "guardrail.passed");
    ok(kept_attribute(root, "tokens.output") == NULL, "what is unknown is left out");
    (void)close_kept(obs, &kept);
}

int main(void)
{
    test_article();
    return done();
}

/* An interaction of which everything is known, each member another. Include it after llmobs.h. */
#ifndef INTERACTION_SAMPLE_H
#define INTERACTION_SAMPLE_H

static const llmobs_string sample_rules[2] = {{"pii_leak", 8}, {"quote \" and \\", 13}};

static inline llmobs_interaction interaction_sample(void)
{
    llmobs_interaction i = llmobs_interaction_default();
    i.unix_ns = UINT64_C(1768471200123456789);
    i.severity = LLMOBS_SEVERITY_WARN;
    i.guardrails_passed = false;
    i.guardrail_verdicts = 3;
    i.provenance = LLMOBS_USAGE_ESTIMATED;
    i.guardrails_triggered = sample_rules;
    i.guardrail_count = 2;
    i.request_id = llmobs_str("req-17");
    i.user_id = llmobs_str("hmac-sha256:k1:00112233445566778899aabbccddeeff");
    i.model = llmobs_str("gpt-4o-mini");
    i.input_hash = llmobs_str("hmac-sha256:k1:0123456789abcdef0123456789abcdef");
    i.output_hash = llmobs_str("hmac-sha256:k1:fedcba9876543210fedcba9876543210");
    i.finish_reason = llmobs_str("stop");
    i.error_type = llmobs_str("timeout");
    i.session_id = llmobs_str("hmac-sha256:k1:5e5510");
    i.tenant = llmobs_str("acme");
    i.feature = llmobs_str("support");
    i.provider = llmobs_str("openai");
    i.operation = llmobs_str("chat");
    i.response_model = llmobs_str("gpt-4o-mini-2024-07-18");
    i.prompt_name = llmobs_str("answer");
    i.prompt_version = llmobs_str("7");
    i.input_length = 4000;
    i.output_length = 500;
    i.input_tokens = 812;
    i.output_tokens = 96;
    i.cached_tokens = 512;
    i.cache_write_tokens = 13;
    i.reasoning_tokens = 40;
    i.audio_input_tokens = 5;
    i.audio_output_tokens = 6;
    i.image_input_tokens = 7;
    i.image_output_tokens = 8;
    i.latency_ns = 812345678;
    i.time_to_first_token_ns = 200000000;
    i.queue_ns = 1;
    i.retries = 2;
    i.cost_known = true;
    i.cost_nano = 12345678;
    return i;
}

static inline bool same_text(llmobs_string a, llmobs_string b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* Whether all members are the same, texts by their bytes. */
static inline bool same_interaction(const llmobs_interaction* a, const llmobs_interaction* b)
{
    llmobsi_interaction_parts one, other;
    bool same = a->unix_ns == b->unix_ns && a->severity == b->severity &&
                a->guardrails_passed == b->guardrails_passed && a->provenance == b->provenance &&
                a->cost_known == b->cost_known &&
                a->guardrail_count == b->guardrail_count;
    size_t i;
    llmobsi_interaction_parts_of(a, &one);
    llmobsi_interaction_parts_of(b, &other);
    for (i = 0; same && i < a->guardrail_count; i++) {
        same = same_text(a->guardrails_triggered[i], b->guardrails_triggered[i]);
    }
    for (i = 0; i < LLMOBS_I_INTERACTION_TEXTS; i++) {
        same = same && same_text(one.texts[i], other.texts[i]);
    }
    return same && memcmp(one.numbers, other.numbers, sizeof one.numbers) == 0;
}

#endif

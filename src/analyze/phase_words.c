/* What the span of a phase says of itself, in the words that llmobs_config.vocabulary chooses. It
   stands before the requests, whose phases say it when they begin: a span that is open in a crash
   has it, too. */

#define LLMOBS_I_VOCABULARY_GENAI_ANY (LLMOBS_VOCABULARY_GENAI | LLMOBS_VOCABULARY_GENAI_1_41)

/* What an operation is in OpenTelemetry; NULL where it has no word. A model's call has one, but the
   root span says it, and who counts calls would count it twice. For guardrails there are drafts
   only. */
llmobsi_fn const char* llmobsi_phase_operation(llmobs_phase phase)
{
    switch (phase) {
    case LLMOBS_PHASE_RETRIEVAL:
        return "retrieval";
    case LLMOBS_PHASE_TOOL:
        return "execute_tool";
    default:
        return NULL;
    }
}

/* OpenInference's kind, without which a span is no span to it. A model's call is CHAIN: the root
   span is the LLM span and has the tokens, and receivers leave those out where an LLM span has
   another one in it. */
llmobsi_fn const char* llmobsi_phase_kind(llmobs_phase phase)
{
    switch (phase) {
    case LLMOBS_PHASE_RETRIEVAL:
        return "RETRIEVER";
    case LLMOBS_PHASE_PROMPT_ASSEMBLY:
        return "PROMPT";
    case LLMOBS_PHASE_GUARDRAILS:
        return "GUARDRAIL";
    case LLMOBS_PHASE_TOOL:
        return "TOOL";
    default:
        return "CHAIN";
    }
}

llmobsi_fn void llmobsi_phase_say_one(llmobsi_thread* thread, llmobsi_slot* slot, const char* key,
                                      const char* value)
{
    llmobs_attribute attribute = llmobs_attribute_string(key, value);
    if (value != NULL) {
        llmobsi_attribute_add(thread, slot, &attribute);
    }
}

/* In a span that has just begun, inside. An unsampled one is never read. */
llmobsi_fn void llmobsi_phase_say(llmobsi_thread* thread, llmobs_span span, llmobs_phase phase)
{
    uint32_t vocabulary = thread->recorder->vocabulary;
    llmobsi_slot* slot;
    if (span.instance == 0) {
        return;
    }
    slot = &thread->slots[span.slot];
    if ((llmobsi_load_relaxed(&slot->flags) & LLMOBS_TRACE_SAMPLED) == 0) {
        return;
    }
    if ((vocabulary & LLMOBS_I_VOCABULARY_GENAI_ANY) != 0) {
        llmobsi_phase_say_one(thread, slot, "gen_ai.operation.name",
                              llmobsi_phase_operation(phase));
    }
    if ((vocabulary & LLMOBS_VOCABULARY_OPENINFERENCE) != 0) {
        llmobsi_phase_say_one(thread, slot, "openinference.span.kind", llmobsi_phase_kind(phase));
    }
}

/* The name of a tool, on the span of its execution. OpenInference's word is the article's, too,
   which has none. */
llmobsi_fn void llmobsi_tool_say(llmobs_span span, uint32_t vocabulary, const char* tool)
{
    if ((vocabulary & LLMOBS_I_VOCABULARY_GENAI_ANY) != 0) {
        llmobs_span_set_string(span, "gen_ai.tool.name", tool);
    }
    if ((vocabulary & (LLMOBS_VOCABULARY_ARTICLE | LLMOBS_VOCABULARY_OPENINFERENCE)) != 0) {
        llmobs_span_set_string(span, "tool.name", tool);
    }
}

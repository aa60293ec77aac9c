/* ---- the attributes of one model call ------------------------------------------------------ */

/* What is told of one model call. Negative numbers are unknown. */
typedef struct llmobs_llm_attributes {
    const char* model;
    int64_t tokens_in;
    int64_t tokens_out;
    int64_t cost_nano;
    int64_t retrieval_docs;
    bool guardrail_triggered;
} llmobs_llm_attributes;

/* [owner] Sets all six of them on a span, in the words of llmobs_config.vocabulary, or of each of
   them. What is unknown is left out. */
LLMOBS_API void llmobs_span_set_llm(llmobs_span span, const llmobs_llm_attributes* attributes);

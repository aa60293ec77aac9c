/* ---- the attributes of one model call ---------------------------------------------------------- */

/* [any] The six attributes that the first sketch of such a tracer had, in one call, in the words of
   llmobs_config.vocabulary. Negative numbers are unknown and left out. */
typedef struct llmobs_llm_attributes {
    const char* model;
    int64_t tokens_in;
    int64_t tokens_out;
    int64_t cost_nano;
    int64_t retrieval_docs;
    bool guardrail_triggered;
} llmobs_llm_attributes;
LLMOBS_API void llmobs_span_set_llm(llmobs_span span, const llmobs_llm_attributes* attributes);

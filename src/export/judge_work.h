/* ---- the judge: its answer ----------------------------------------------------------------- */

/* [owner] For the callback: adds a piece to the answer. What does not fit is cut off, which the
   verdict's parser is told. */
LLMOBS_API void llmobs_judge_answer(llmobs_judge_call* call, const char* data, size_t size);

/* ---- requests: prompts and answers --------------------------------------------------------- */

/* [owner] The prompt or the answer, piece by piece as it comes: hashed, measured and scanned here,
   not stored, but for llmobs_config.captures. What was begun so is not to be given to the outcome
   again. Calls for one request and one part must be ordered by the caller. 0.5 ns a byte, with the
   scanner 0.1 more. */
LLMOBS_API void llmobs_request_input(llmobs_request request, const char* chunk, size_t size);
LLMOBS_API void llmobs_request_output(llmobs_request request, const char* chunk, size_t size);

/* ---- why did it take so long, why did it cost so much? ------------------------------------- */

/* [any, locks] What is known of a recent request (llmobs_config.recent_requests of them), once the
   tick has seen it ended: llmobs_flush makes sure of that. ERROR_ARGUMENT: it is not among them, or
   NULL was given. */
LLMOBS_API llmobs_result llmobs_request_explain(llmobs* obs, const char* request_id,
                                                llmobs_explanation* explanation);

/* [any] The same in words for a person, a few lines: where the time went, where the tokens came
   from, which part of the cost is whose. ERROR_SYSTEM when `write` returned false. */
LLMOBS_API llmobs_result llmobs_explanation_write(const llmobs_explanation* explanation,
                                                  llmobs_write_fn write, void* user);

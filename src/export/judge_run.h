/* ---- the judge: giving an instance one ----------------------------------------------------- */

/* [any] A judge with the default thresholds and prompt, all else zeroed. */
LLMOBS_API llmobs_judge llmobs_judge_default(void);

/* [any, locks] Gives an instance its judge, once. From here on captures (llmobs_config.captures)
   are taken by llmobs_config.judge_workers threads, what was forced first, and judged; where there
   are none, or the host pumps, by llmobs_judge_work. Strings are copied. ERROR_ARGUMENT: no `ask`,
   the instance keeps no captures, or LLMOBS_NO_SCANNER and not `prompt.raw`; ERROR_LIMIT: it has a
   judge; ERROR_SYSTEM: no thread could be had: llmobs_judge_work does it; ERROR_BUSY inside a
   callback; ERROR_CLOSED. */
LLMOBS_API llmobs_result llmobs_judge_set(llmobs* obs, const llmobs_judge* judge);

/* [any, locks] Judges up to `most` of what waits and is due, on this thread; returns how many it
   took up: also what there was no budget for, and what was embedded alone. 0 also inside a
   callback, and where threads of the library's, or as many such calls as there are workers, are at
   it. */
LLMOBS_API uint32_t llmobs_judge_work(llmobs* obs, uint32_t most);

/* [any, locks] Waits until nothing waits to be judged any more, retries included: by the
   judge, or by whoever takes captures. OK; ERROR_TIMEOUT; ERROR_BUSY inside a callback;
   ERROR_CLOSED. Where the host pumps, it judges on this thread. */
LLMOBS_API llmobs_result llmobs_judge_flush(llmobs* obs, uint32_t timeout_ms);

/* [any, locks] Gives an instance its embedder, once: the workers of the judge have it embed the
   answers that chance kept at llmobs_config.judge_ratio, or would have kept had no cause been there
   before it, so that a detector sees a fair sample of all. Works with a judge and without one.
   Beginning and end of an answer, as far as a judge would be shown them. ERROR_ARGUMENT: no
   `embed`, no captures, no drift detectors, or LLMOBS_NO_SCANNER and not `raw`; ERROR_LIMIT: it has
   one; ERROR_SYSTEM: no thread could be had: llmobs_judge_work does it; ERROR_BUSY inside a
   callback; ERROR_CLOSED. */
LLMOBS_API llmobs_result llmobs_embedder_set(llmobs* obs, const llmobs_embedder* embedder);

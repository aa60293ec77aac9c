/* ---- requests: tokens, verdicts, batches --------------------------------------------------- */

/* [any] The engine takes the request up: until here it waited. The first call counts. */
LLMOBS_API void llmobs_request_scheduled(llmobs_request request);

/* [any] A token, or several that came at once. The first call ends the time to first token; the
   time between two calls, divided by the tokens, goes to the inter-token histograms: calls for one
   request come one after the other. 14 ns, and 10 more where there is such a histogram. */
LLMOBS_API void llmobs_request_token(llmobs_request request);
LLMOBS_API void llmobs_request_tokens(llmobs_request request, uint32_t count);

/* [any] A step of speculative decoding: so many tokens drafted, so many of them accepted, the first
   ones. */
LLMOBS_API void llmobs_request_speculative(llmobs_request request, uint32_t drafted,
                                           uint32_t accepted);

/* [any] The engine threw the request's work out, and will take it up again. Four such events and
   retries of a request are told by its root span, when it ends. */
LLMOBS_API void llmobs_request_preempted(llmobs_request request);

/* [any] The call is made once more: `why` is a trusted text, of which 39 bytes are kept. */
LLMOBS_API void llmobs_request_retry(llmobs_request request, const char* why);

/* [any] A guardrail's verdict. `rule` is a string literal, or lives until llmobs_close. */
LLMOBS_API void llmobs_guardrail(llmobs_request request, const char* rule,
                                 llmobs_guardrail_action action);

/* [any] Have it judged, for a reason that is known before its end: REQUESTED, DEBUG, DRIFT (a
   detector found it far from the usual), FEEDBACK, or by a measure of your own SLOW, COSTLY and so
   on. Not GUARDRAIL, which llmobs_guardrail says, nor RANDOM; these are ignored. 5 ns. */
LLMOBS_API void llmobs_request_keep(llmobs_request request, llmobs_keep reason);

/* [any] Time that one step of the engine, such as a decode batch, spent on several requests at
   once: split evenly, so that the sum over the requests is what went by, to the nanosecond. */
LLMOBS_API void llmobs_requests_share(const llmobs_request* requests, size_t count,
                                      uint64_t nanoseconds);

#define LLMOBS_ENERGY_MOST UINT64_C(1000000000000000) /* microjoules of a step: 278 kWh */
/* [any] Energy of such a step, in microjoules (a meter's joules times 10^6, its millijoules times
   10^3): split in the same way, to the microjoule. May come with another list of requests than the
   time, and more or less often. More than LLMOBS_ENERGY_MOST is a meter that was reset or wrapped
   around: the energy of these requests, and what they cost, is not known then. */
LLMOBS_API void llmobs_requests_share_energy(const llmobs_request* requests, size_t count,
                                             uint64_t microjoules);

/* [any] Begins the span of such a step, with a link to each request that it serves. An engine's
   steps are told whole by llmobs_engine_step_begin. */
LLMOBS_API llmobs_span llmobs_batch_begin(llmobs* obs, const char* name,
                                          const llmobs_request* requests, size_t count);

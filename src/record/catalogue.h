/* ---- metrics: those that llmobs knows ------------------------------------------------------ */

/* The families of metrics that are defined for you: llmobs_config.metric_families. docs/metrics.md
   has all of them on one page, with their buckets and when to record what. */
#define LLMOBS_FAMILY_LLM 1u        /* llm_*: tokens, cost, phases, guardrails, sessions          */
#define LLMOBS_FAMILY_GENAI_1_41 2u /* gen_ai.* of OpenTelemetry's semantic conventions 1.41      */
#define LLMOBS_FAMILY_GENAI 4u      /* gen_ai.* of the newest conventions                         */
#define LLMOBS_FAMILY_VLLM 8u       /* vllm:*, for dashboards made for vLLM                       */
#define LLMOBS_FAMILY_LLAMACPP 16u  /* llamacpp:*, for those made for llama.cpp's server          */
#define LLMOBS_FAMILY_SELF 32u      /* otel.sdk.*, llmobs_*: recorded by the library, on itself   */
#define LLMOBS_FAMILY_ALL 63u

/* X(id, family, name, unit, instrument, number, buckets, labels, help): the name is as defined, and
   what Prometheus shows follows from it as llmobs_metric_info says. Durations and money are
   recorded in billionths, everything else in whole units. Buckets and labels are named sets. */
#define LLMOBS_METRICS(X)                                                                         \
    /* applications: what their owners ask for */                                                 \
    X(LLM_TOKENS, LLM, "llm_tokens_total", "{token}", COUNTER, INT, NONE, TOKENS_BY_USER,         \
      "Total tokens processed")                                                                   \
    X(LLM_COST, LLM, "llm_cost_usd_total", "USD", COUNTER, NANO, NONE, COST_BY_USER,              \
      "Total cost in USD")                                                                        \
    X(LLM_COST_UNKNOWN, LLM, "llm_cost_unknown_requests_total", "{request}", COUNTER, INT, NONE,  \
      COST, "Requests whose cost is not known: it is in no total")                                \
    X(LLM_TOKENS_BY_KIND, LLM, "llm_tokens_by_kind_total", "{token}", COUNTER, INT, NONE, KIND,   \
      "Tokens of a kind: parts of the input or the output")                                       \
    X(LLM_PHASE_DURATION, LLM, "llm_phase_duration_seconds", "s", HISTOGRAM, NANO, PHASE,         \
      PHASE, "Duration of each pipeline phase")                                                   \
    X(LLM_GUARDRAIL_TRIGGERS, LLM, "llm_guardrail_triggers_total", "{trigger}", COUNTER, INT,     \
      NONE, GUARDRAIL, "Guardrail trigger events")                                                \
    X(LLM_GUARDRAIL_VERDICTS, LLM, "llm_guardrail_verdicts_total", "{verdict}", COUNTER, INT,     \
      NONE, RULE, "Verdicts of guardrails, those that passed a text included")                    \
    X(LLM_REQUESTS, LLM, "llm_requests_total", "{request}", COUNTER, INT, NONE, REQUESTS,         \
      "Requests that ended")                                                                      \
    X(LLM_REQUEST_DURATION, LLM, "llm_request_duration_seconds", "s", HISTOGRAM, NANO, PHASE,     \
      COST, "Duration of a whole request, the wait included")                                     \
    X(LLM_TIME_TO_FIRST_TOKEN, LLM, "llm_time_to_first_token_seconds", "s", HISTOGRAM, NANO,      \
      VLLM_FIRST_TOKEN, COST, "Time to the first token, the wait included")                       \
    X(LLM_GOOD_REQUESTS, LLM, "llm_good_requests_total", "{request}", COUNTER, INT, NONE, COST,   \
      "Requests that ended well and kept to every target that is set: goodput")                   \
    X(LLM_DRIFT_SCORE, LLM, "llm_drift_score", "", GAUGE, DOUBLE, NONE, DETECTOR,                 \
      "How far traffic is from a detector's baseline: the more, the further")                     \
    X(LLM_DRIFT_P_VALUE, LLM, "llm_drift_p_value", "", GAUGE, DOUBLE, NONE, DETECTOR_TEST,        \
      "How likely a detector's last run, or an odder one, is without drift, by test")             \
    X(LLM_DRIFT_RUNS, LLM, "llm_drift_runs_total", "{run}", COUNTER, INT, NONE, DETECTOR_VERDICT, \
      "Runs of a drift detector, by its verdict")                                                 \
    X(LLM_DRIFT_EARLY_WARNINGS, LLM, "llm_drift_early_warnings_total", "{warning}", COUNTER, INT, \
      NONE, DETECTOR, "Times that embeddings moved away for long enough to be seen before a run") \
    X(LLM_JUDGE_EVALUATIONS, LLM, "llm_judge_evaluations_total", "{evaluation}", COUNTER, INT,    \
      NONE, JUDGE, "Answers that a judge has looked at, by its verdict")                          \
    X(LLM_SAMPLED_REQUESTS, LLM, "llm_sampled_requests_total", "{request}", COUNTER, INT, NONE,   \
      SAMPLED, "Requests kept to be judged, by why; of these lost, and refused by a limit")       \
    X(LLM_JUDGE_SCORE, LLM, "llm_judge_score", "", HISTOGRAM, NANO, SCORE, JUDGE_CATEGORY,        \
      "Scores that a judge gave: 0 is unsafe, 1 is safe")                                         \
    X(LLM_ACTIVE_SESSIONS, LLM, "llm_active_sessions", "{session}", UPDOWN, INT, NONE, FEATURE,   \
      "Currently active LLM sessions")                                                            \
    /* OpenTelemetry GenAI, of the conventions 1.41 only */                                       \
    X(GENAI_CLIENT_TOKEN_USAGE, GENAI_1_41, "gen_ai.client.token.usage", "{token}", HISTOGRAM,    \
      INT, TOKENS, GENAI_TOKEN, "Number of input and output tokens used")                         \
    X(GENAI_CLIENT_OPERATION_TIME_TO_FIRST_CHUNK, GENAI_1_41,                                     \
      "gen_ai.client.operation.time_to_first_chunk", "s", HISTOGRAM, NANO, OPERATION,             \
      GENAI_CALL, "Time to receive the first chunk of a streamed response")                       \
    X(GENAI_CLIENT_OPERATION_TIME_PER_OUTPUT_CHUNK, GENAI_1_41,                                   \
      "gen_ai.client.operation.time_per_output_chunk", "s", HISTOGRAM, NANO, OPERATION,           \
      GENAI_CALL, "Time per output chunk after the first one of a streamed response")             \
    /* OpenTelemetry GenAI, of both */                                                            \
    X(GENAI_CLIENT_OPERATION_DURATION, GENAI_BOTH, "gen_ai.client.operation.duration", "s",       \
      HISTOGRAM, NANO, OPERATION, GENAI_OPERATION,                                                \
      "Duration of a client operation; newest conventions: of those that are no inference")       \
    X(GENAI_SERVER_REQUEST_DURATION, GENAI_BOTH, "gen_ai.server.request.duration", "s",           \
      HISTOGRAM, NANO, OPERATION, GENAI_OPERATION,                                                \
      "Time to answer a request, up to the last byte or token")                                   \
    X(GENAI_SERVER_TIME_PER_OUTPUT_TOKEN, GENAI_BOTH, "gen_ai.server.time_per_output_token",      \
      "s", HISTOGRAM, NANO, OUTPUT_TOKEN, GENAI_CALL,                                             \
      "Time per output token after the first one, of successful responses")                       \
    X(GENAI_SERVER_TIME_TO_FIRST_TOKEN, GENAI_BOTH, "gen_ai.server.time_to_first_token", "s",     \
      HISTOGRAM, NANO, FIRST_TOKEN, GENAI_CALL,                                                   \
      "Time to the first token, queue and prefill included, of successful responses")             \
    /* OpenTelemetry GenAI, of the newest conventions only */                                     \
    X(GENAI_CLIENT_INFERENCE_DURATION, GENAI, "gen_ai.client.inference.duration", "s",            \
      HISTOGRAM, NANO, OPERATION, GENAI_OPERATION,                                                \
      "Duration of an inference, as its span has it")                                             \
    X(GENAI_CLIENT_INFERENCE_TIME_TO_FIRST_CHUNK, GENAI,                                          \
      "gen_ai.client.inference.time_to_first_chunk", "s", HISTOGRAM, NANO, OPERATION,             \
      GENAI_CALL, "Time to receive the first chunk of a streamed response")                       \
    X(GENAI_CLIENT_INFERENCE_TIME_PER_OUTPUT_CHUNK, GENAI,                                        \
      "gen_ai.client.inference.time_per_output_chunk", "s", HISTOGRAM, NANO, OPERATION,           \
      GENAI_CALL, "Time between two chunks of a streamed response, for each after the first")     \
    X(GENAI_CLIENT_INFERENCE_USAGE_INPUT_TOKENS, GENAI,                                           \
      "gen_ai.client.inference.usage.input_tokens", "{token}", COUNTER, INT, NONE, GENAI_USAGE,   \
      "Billable input tokens, cached ones included")                                              \
    X(GENAI_CLIENT_INFERENCE_USAGE_OUTPUT_TOKENS, GENAI,                                          \
      "gen_ai.client.inference.usage.output_tokens", "{token}", COUNTER, INT, NONE,               \
      GENAI_USAGE, "Billable output tokens, those of reasoning included")                         \
    X(GENAI_CLIENT_INFERENCE_USAGE_CACHE_READ_INPUT_TOKENS, GENAI,                                \
      "gen_ai.client.inference.usage.cache_read.input_tokens", "{token}", COUNTER, INT, NONE,     \
      GENAI_USAGE, "Input tokens read from the provider's cache: part of the input tokens")       \
    X(GENAI_CLIENT_INFERENCE_USAGE_CACHE_WRITE_INPUT_TOKENS, GENAI,                               \
      "gen_ai.client.inference.usage.cache_write.input_tokens", "{token}", COUNTER, INT, NONE,    \
      GENAI_USAGE, "Input tokens written to the provider's cache: part of the input tokens")      \
    X(GENAI_CLIENT_INFERENCE_USAGE_REASONING_OUTPUT_TOKENS, GENAI,                                \
      "gen_ai.client.inference.usage.reasoning.output_tokens", "{token}", COUNTER, INT, NONE,     \
      GENAI_USAGE, "Output tokens of reasoning: part of the output tokens")                       \
    X(GENAI_CLIENT_INFERENCE_OPERATION_INPUT_TOKENS, GENAI,                                       \
      "gen_ai.client.inference.operation.input_tokens", "{token}", HISTOGRAM, INT, TOKENS,        \
      GENAI_OPERATION, "Input tokens of one inference")                                           \
    X(GENAI_CLIENT_INFERENCE_OPERATION_OUTPUT_TOKENS, GENAI,                                      \
      "gen_ai.client.inference.operation.output_tokens", "{token}", HISTOGRAM, INT, TOKENS,       \
      GENAI_OPERATION, "Output tokens of one inference")                                          \
    X(GENAI_CLIENT_EMBEDDINGS_DURATION, GENAI, "gen_ai.client.embeddings.duration", "s",          \
      HISTOGRAM, NANO, OPERATION, GENAI_OPERATION, "Duration of an embeddings operation")         \
    X(GENAI_CLIENT_EMBEDDINGS_OPERATION_INPUT_TOKENS, GENAI,                                      \
      "gen_ai.client.embeddings.operation.input_tokens", "{token}", HISTOGRAM, INT, TOKENS,       \
      GENAI_OPERATION, "Input tokens of one embeddings operation")                                \
    X(GENAI_INVOKE_AGENT_DURATION, GENAI, "gen_ai.invoke_agent.duration", "s", HISTOGRAM, NANO,   \
      OPERATION, GENAI_AGENT, "Duration of an agent's invocation")                                \
    X(GENAI_INVOKE_AGENT_INFERENCE_CALLS, GENAI, "gen_ai.invoke_agent.inference_calls",           \
      "{inference_call}", HISTOGRAM, INT, CALLS, GENAI_AGENT_CALLS,                               \
      "Inference calls during one invocation of an agent")                                        \
    X(GENAI_INVOKE_AGENT_TOOL_CALLS, GENAI, "gen_ai.invoke_agent.tool_calls", "{tool_call}",      \
      HISTOGRAM, INT, CALLS, GENAI_AGENT_CALLS, "Tool calls during one invocation of an agent")   \
    X(GENAI_EXECUTE_TOOL_DURATION, GENAI, "gen_ai.execute_tool.duration", "s", HISTOGRAM, NANO,   \
      OPERATION, GENAI_TOOL, "Duration of a tool's execution")                                    \
    X(GENAI_INVOKE_WORKFLOW_DURATION, GENAI, "gen_ai.invoke_workflow.duration", "s", HISTOGRAM,   \
      NANO, OPERATION, GENAI_WORKFLOW, "Duration of a workflow's invocation")                     \
    /* inference engines, under vLLM's names */                                                   \
    X(VLLM_NUM_REQUESTS_RUNNING, VLLM, "vllm:num_requests_running", "{request}", UPDOWN, INT,     \
      NONE, ENGINE, "Number of requests in model execution batches.")                             \
    X(VLLM_NUM_REQUESTS_WAITING, VLLM, "vllm:num_requests_waiting", "{request}", UPDOWN, INT,     \
      NONE, ENGINE, "Number of requests waiting to be processed.")                                \
    X(VLLM_NUM_REQUESTS_WAITING_BY_REASON, VLLM, "vllm:num_requests_waiting_by_reason",           \
      "{request}", UPDOWN, INT, NONE, ENGINE_REASON,                                              \
      "Number of waiting requests by reason (capacity, deferred).")                               \
    X(VLLM_KV_CACHE_USAGE_PERC, VLLM, "vllm:kv_cache_usage_perc", "", GAUGE, DOUBLE, NONE,        \
      ENGINE, "KV-cache usage. 1 means 100 percent usage.")                                       \
    X(VLLM_ENGINE_SLEEP_STATE, VLLM, "vllm:engine_sleep_state", "", GAUGE, DOUBLE, NONE,          \
      ENGINE_SLEEP,                                                                               \
      "Engine sleep state: 1 where the engine is in the state of the label, else 0.")             \
    X(VLLM_PREFIX_CACHE_QUERIES, VLLM, "vllm:prefix_cache_queries", "{token}", COUNTER, INT,      \
      NONE, ENGINE, "Prefix cache queries, in terms of number of queried tokens.")                \
    X(VLLM_PREFIX_CACHE_HITS, VLLM, "vllm:prefix_cache_hits", "{token}", COUNTER, INT, NONE,      \
      ENGINE, "Prefix cache hits, in terms of number of cached tokens.")                          \
    X(VLLM_EXTERNAL_PREFIX_CACHE_QUERIES, VLLM, "vllm:external_prefix_cache_queries",             \
      "{token}", COUNTER, INT, NONE, ENGINE,                                                      \
      "External prefix cache queries, in terms of number of queried tokens.")                     \
    X(VLLM_EXTERNAL_PREFIX_CACHE_HITS, VLLM, "vllm:external_prefix_cache_hits", "{token}",        \
      COUNTER, INT, NONE, ENGINE,                                                                 \
      "External prefix cache hits, in terms of number of cached tokens.")                         \
    X(VLLM_MM_CACHE_QUERIES, VLLM, "vllm:mm_cache_queries", "{item}", COUNTER, INT, NONE,         \
      ENGINE, "Multi-modal cache queries, in terms of number of queried items.")                  \
    X(VLLM_MM_CACHE_HITS, VLLM, "vllm:mm_cache_hits", "{item}", COUNTER, INT, NONE, ENGINE,       \
      "Multi-modal cache hits, in terms of number of cached items.")                              \
    X(VLLM_NUM_PREEMPTIONS, VLLM, "vllm:num_preemptions", "{preemption}", COUNTER, INT, NONE,     \
      ENGINE, "Cumulative number of preemptions from the engine.")                                \
    X(VLLM_PROMPT_TOKENS, VLLM, "vllm:prompt_tokens", "{token}", COUNTER, INT, NONE, ENGINE,      \
      "Number of prefill tokens processed.")                                                      \
    X(VLLM_PROMPT_TOKENS_BY_SOURCE, VLLM, "vllm:prompt_tokens_by_source", "{token}", COUNTER,     \
      INT, NONE, ENGINE_SOURCE, "Number of prompt tokens by source.")                             \
    X(VLLM_PROMPT_TOKENS_CACHED, VLLM, "vllm:prompt_tokens_cached", "{token}", COUNTER, INT,      \
      NONE, ENGINE, "Number of cached prompt tokens, local and external.")                        \
    X(VLLM_PROMPT_TOKENS_RECOMPUTED, VLLM, "vllm:prompt_tokens_recomputed", "{token}", COUNTER,   \
      INT, NONE, ENGINE, "Number of cached tokens recomputed for the forward pass.")              \
    X(VLLM_GENERATION_TOKENS, VLLM, "vllm:generation_tokens", "{token}", COUNTER, INT, NONE,      \
      ENGINE, "Number of generation tokens processed.")                                           \
    X(VLLM_REQUEST_SUCCESS, VLLM, "vllm:request_success", "{request}", COUNTER, INT, NONE,        \
      ENGINE_FINISH, "Count of successfully processed requests.")                                 \
    X(VLLM_CORRUPTED_REQUESTS, VLLM, "vllm:corrupted_requests", "{request}", COUNTER, INT,        \
      NONE, ENGINE,                                                                               \
      "Corrupted requests, in terms of total number of requests with NaNs in logits.")            \
    X(VLLM_SPEC_DECODE_NUM_DRAFTS, VLLM, "vllm:spec_decode_num_drafts", "{draft}", COUNTER,       \
      INT, NONE, ENGINE, "Number of spec decoding drafts.")                                       \
    X(VLLM_SPEC_DECODE_NUM_DRAFT_TOKENS, VLLM, "vllm:spec_decode_num_draft_tokens", "{token}",    \
      COUNTER, INT, NONE, ENGINE, "Number of draft tokens.")                                      \
    X(VLLM_SPEC_DECODE_NUM_ACCEPTED_TOKENS, VLLM, "vllm:spec_decode_num_accepted_tokens",         \
      "{token}", COUNTER, INT, NONE, ENGINE, "Number of accepted tokens.")                        \
    X(VLLM_SPEC_DECODE_NUM_ACCEPTED_TOKENS_PER_POS, VLLM,                                         \
      "vllm:spec_decode_num_accepted_tokens_per_pos", "{token}", COUNTER, INT, NONE,              \
      ENGINE_POSITION, "Accepted tokens per draft position.")                                     \
    X(VLLM_TIME_TO_FIRST_TOKEN, VLLM, "vllm:time_to_first_token_seconds", "s", HISTOGRAM, NANO,   \
      VLLM_FIRST_TOKEN, ENGINE, "Histogram of time to first token in seconds.")                   \
    X(VLLM_INTER_TOKEN_LATENCY, VLLM, "vllm:inter_token_latency_seconds", "s", HISTOGRAM, NANO,   \
      VLLM_TOKEN, ENGINE, "Histogram of inter-token latency in seconds.")                         \
    X(VLLM_REQUEST_TIME_PER_OUTPUT_TOKEN, VLLM, "vllm:request_time_per_output_token_seconds",     \
      "s", HISTOGRAM, NANO, VLLM_TOKEN, ENGINE,                                                   \
      "Histogram of time per output token of a request in seconds.")                              \
    X(VLLM_E2E_REQUEST_LATENCY, VLLM, "vllm:e2e_request_latency_seconds", "s", HISTOGRAM, NANO,   \
      VLLM_REQUEST, ENGINE, "Histogram of e2e request latency in seconds.")                       \
    X(VLLM_REQUEST_QUEUE_TIME, VLLM, "vllm:request_queue_time_seconds", "s", HISTOGRAM, NANO,     \
      VLLM_REQUEST, ENGINE, "Histogram of time spent in WAITING phase for request.")              \
    X(VLLM_REQUEST_INFERENCE_TIME, VLLM, "vllm:request_inference_time_seconds", "s", HISTOGRAM,   \
      NANO, VLLM_REQUEST, ENGINE, "Histogram of time spent in RUNNING phase for request.")        \
    X(VLLM_REQUEST_PREFILL_TIME, VLLM, "vllm:request_prefill_time_seconds", "s", HISTOGRAM,       \
      NANO, VLLM_REQUEST, ENGINE, "Histogram of time spent in PREFILL phase for request.")        \
    X(VLLM_REQUEST_DECODE_TIME, VLLM, "vllm:request_decode_time_seconds", "s", HISTOGRAM, NANO,   \
      VLLM_REQUEST, ENGINE, "Histogram of time spent in DECODE phase for request.")               \
    X(VLLM_REQUEST_PROMPT_TOKENS, VLLM, "vllm:request_prompt_tokens", "{token}", HISTOGRAM,       \
      INT, VLLM_LENGTH, ENGINE, "Number of prefill tokens processed.")                            \
    X(VLLM_REQUEST_GENERATION_TOKENS, VLLM, "vllm:request_generation_tokens", "{token}",          \
      HISTOGRAM, INT, VLLM_LENGTH, ENGINE, "Number of generation tokens processed.")              \
    X(VLLM_REQUEST_MAX_NUM_GENERATION_TOKENS, VLLM, "vllm:request_max_num_generation_tokens",     \
      "{token}", HISTOGRAM, INT, VLLM_LENGTH, ENGINE,                                             \
      "Histogram of maximum number of requested generation tokens.")                              \
    X(VLLM_REQUEST_PARAMS_MAX_TOKENS, VLLM, "vllm:request_params_max_tokens", "{token}",          \
      HISTOGRAM, INT, VLLM_LENGTH, ENGINE, "Histogram of the max_tokens request parameter.")      \
    X(VLLM_REQUEST_PREFILL_KV_COMPUTED_TOKENS, VLLM, "vllm:request_prefill_kv_computed_tokens",   \
      "{token}", HISTOGRAM, INT, VLLM_LENGTH, ENGINE,                                             \
      "Histogram of new KV tokens computed during prefill (excluding cached tokens).")            \
    X(VLLM_ITERATION_TOKENS, VLLM, "vllm:iteration_tokens_total", "{token}", HISTOGRAM, INT,      \
      VLLM_ITERATION, ENGINE, "Histogram of number of tokens per engine_step.")                   \
    X(VLLM_REQUEST_PARAMS_N, VLLM, "vllm:request_params_n", "{sequence}", HISTOGRAM, INT,         \
      VLLM_N, ENGINE, "Histogram of the n request parameter.")                                    \
    X(VLLM_KV_BLOCK_LIFETIME, VLLM, "vllm:kv_block_lifetime_seconds", "s", HISTOGRAM, NANO,       \
      VLLM_BLOCK, ENGINE,                                                                         \
      "Histogram of KV cache block lifetime from allocation to eviction, sampled.")               \
    X(VLLM_KV_BLOCK_IDLE_BEFORE_EVICT, VLLM, "vllm:kv_block_idle_before_evict_seconds", "s",      \
      HISTOGRAM, NANO, VLLM_BLOCK, ENGINE,                                                        \
      "Histogram of idle time before KV cache block eviction, sampled.")                          \
    X(VLLM_KV_BLOCK_REUSE_GAP, VLLM, "vllm:kv_block_reuse_gap_seconds", "s", HISTOGRAM, NANO,     \
      VLLM_BLOCK, ENGINE,                                                                         \
      "Histogram of time gaps between consecutive KV cache block accesses, sampled.")             \
    /* inference engines, under llama.cpp's names */                                              \
    X(LLAMACPP_PROMPT_TOKENS, LLAMACPP, "llamacpp:prompt_tokens_total", "{token}", COUNTER,       \
      INT, NONE, NONE, "Number of prompt tokens processed, cached ones not included.")            \
    X(LLAMACPP_PROMPT_TOKENS_CACHED, LLAMACPP, "llamacpp:prompt_tokens_cached_total",             \
      "{token}", COUNTER, INT, NONE, NONE, "Number of prompt tokens taken from the cache.")       \
    X(LLAMACPP_PROMPT_TIME, LLAMACPP, "llamacpp:prompt_seconds_total", "s", COUNTER, NANO,        \
      NONE, NONE, "Prompt process time")                                                          \
    X(LLAMACPP_TOKENS_PREDICTED, LLAMACPP, "llamacpp:tokens_predicted_total", "{token}",          \
      COUNTER, INT, NONE, NONE, "Number of generation tokens processed.")                         \
    X(LLAMACPP_TOKENS_PREDICTED_TIME, LLAMACPP, "llamacpp:tokens_predicted_seconds_total", "s",   \
      COUNTER, NANO, NONE, NONE, "Predict process time")                                          \
    X(LLAMACPP_N_DECODE, LLAMACPP, "llamacpp:n_decode_total", "{call}", COUNTER, INT, NONE,       \
      NONE, "Total number of llama_decode() calls")                                               \
    X(LLAMACPP_N_TOKENS_MAX, LLAMACPP, "llamacpp:n_tokens_max", "{token}", GAUGE, DOUBLE, NONE,   \
      NONE, "Largest observed n_tokens.")                                                         \
    X(LLAMACPP_SPEC_DECODE_NUM_DRAFTS, LLAMACPP, "llamacpp:spec_decode_num_drafts_total",         \
      "{draft}", COUNTER, INT, NONE, NONE, "Number of speculative decoding drafts.")              \
    X(LLAMACPP_SPEC_DECODE_NUM_DRAFT_TOKENS, LLAMACPP,                                            \
      "llamacpp:spec_decode_num_draft_tokens_total", "{token}", COUNTER, INT, NONE, NONE,         \
      "Number of draft tokens.")                                                                  \
    X(LLAMACPP_SPEC_DECODE_NUM_ACCEPTED_TOKENS, LLAMACPP,                                         \
      "llamacpp:spec_decode_num_accepted_tokens_total", "{token}", COUNTER, INT, NONE, NONE,      \
      "Number of accepted draft tokens.")                                                         \
    X(LLAMACPP_SPEC_DECODE_NUM_ACCEPTED_TOKENS_PER_POS, LLAMACPP,                                 \
      "llamacpp:spec_decode_num_accepted_tokens_per_pos_total", "{token}", COUNTER, INT, NONE,    \
      POSITION, "Accepted draft tokens by their position in the draft.")                          \
    X(LLAMACPP_PROMPT_TOKENS_RATE, LLAMACPP, "llamacpp:prompt_tokens_seconds", "{token}/s",       \
      GAUGE, DOUBLE, NONE, NONE, "Average prompt throughput in tokens/s.")                        \
    X(LLAMACPP_PREDICTED_TOKENS_RATE, LLAMACPP, "llamacpp:predicted_tokens_seconds",              \
      "{token}/s", GAUGE, DOUBLE, NONE, NONE, "Average generation throughput in tokens/s.")       \
    X(LLAMACPP_REQUESTS_PROCESSING, LLAMACPP, "llamacpp:requests_processing", "{request}",        \
      UPDOWN, INT, NONE, NONE, "Number of requests processing.")                                  \
    X(LLAMACPP_REQUESTS_DEFERRED, LLAMACPP, "llamacpp:requests_deferred", "{request}", UPDOWN,    \
      INT, NONE, NONE, "Number of requests deferred.")                                            \
    X(LLAMACPP_N_BUSY_SLOTS_PER_DECODE, LLAMACPP, "llamacpp:n_busy_slots_per_decode", "{slot}",   \
      GAUGE, DOUBLE, NONE, NONE, "Average number of busy slots per llama_decode() call")

typedef enum llmobs_known {
#define LLMOBS_I_KNOWN(id, family, name, unit, instrument, number, bounds, labels, help) \
    LLMOBS_METRIC_##id,
    LLMOBS_METRICS(LLMOBS_I_KNOWN)
#undef LLMOBS_I_KNOWN
    LLMOBS_KNOWN_COUNT
} llmobs_known;

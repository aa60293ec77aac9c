/* What a request's end adds to the metrics of each family that is switched on. Outside: every call
   here comes in and leaves by itself. */

/* A duration or a number of tokens, in nanoseconds or whole units; -1: unknown, and not recorded.
   With the request's trace as exemplar. */
llmobsi_fn void llmobsi_measure(const llmobsi_ending* ending, llmobs_known known,
                                const char* const* values, size_t count, int64_t value)
{
    llmobs_histogram histogram;
    if (value < 0) {
        return;
    }
    histogram = llmobsi_histogram_known(ending->obs, known, values, count);
    if (histogram.instance != 0) {
        llmobs_histogram_record_int(histogram, (uint64_t)value);
        llmobsi_histogram_exemplar(histogram, (uint64_t)value, false, &ending->trace);
    }
}

llmobsi_fn void llmobsi_measure_count(const llmobsi_ending* ending, llmobs_known known,
                                      const char* const* values, size_t count, int64_t value)
{
    llmobs_counter counter;
    if (value < 0) {
        return;
    }
    counter = llmobsi_counter_known(ending->obs, known, values, count);
    if (counter.instance != 0) {
        llmobs_counter_add(counter, (uint64_t)value);
    }
}

/* Whole tokens per output token after the first: as OpenTelemetry and vLLM define it. -1: there is
   none. */
llmobsi_fn int64_t llmobsi_time_per_token(const llmobsi_ending* ending)
{
    int64_t tokens = ending->outcome.usage.output_tokens;
    if (ending->first_token_ns < 0 || tokens < 2) {
        return -1;
    }
    return ((int64_t)ending->latency_ns - ending->first_token_ns) / (tokens - 1);
}

/* ---- goodput ------------------------------------------------------------------------------- */

/* A time that is not known keeps to a target only where there could be none. */
llmobsi_fn bool llmobsi_target_is_met(uint64_t target_ns, int64_t ns, bool is_due)
{
    return target_ns == 0 || (ns >= 0 ? (uint64_t)ns <= target_ns : !is_due);
}

/* Goodput counts requests that keep to every target: DistServe (Zhong et al., OSDI 2024), and so
   vLLM's benchmark (--goodput ttft, tpot, e2el). */
llmobsi_fn bool llmobsi_is_good(const llmobsi_ending* ending)
{
    const llmobsi_targets* targets = &ending->targets;
    int64_t tokens = ending->outcome.usage.output_tokens;
    return ending->outcome.error_type == NULL && !ending->outcome.cancelled &&
           llmobsi_target_is_met(targets->request, (int64_t)ending->latency_ns, true) &&
           llmobsi_target_is_met(targets->first_token, ending->first_token_ns, tokens > 0) &&
           llmobsi_target_is_met(targets->token, llmobsi_time_per_token(ending), tokens > 1);
}

/* ---- llm_* --------------------------------------------------------------------------------- */

/* The series that the begin found or, where users are no label, the one of model, direction (of
   tokens) and feature: a metric shows no 0 of what was never known. */
llmobsi_fn llmobs_counter llmobsi_llm_counter(const llmobsi_ending* ending, llmobs_known known,
                                              llmobs_counter found, const char* direction)
{
    const char* values[3];
    size_t count = 0;
    if (found.instance != 0) {
        return found;
    }
    values[count++] = llmobsi_request_name(&ending->facts, LLMOBS_I_TEXT_MODEL);
    if (direction != NULL) {
        values[count++] = direction;
    }
    values[count++] = llmobsi_request_name(&ending->facts, LLMOBS_I_TEXT_FEATURE);
    return llmobsi_counter_known(ending->obs, known, values, count);
}

/* What a provider tells of caches, reasoning, media. It is in the totals: never added to them. */
llmobsi_fn void llmobsi_measure_kinds(const llmobsi_ending* ending, const char** values)
{
    const llmobs_usage* usage = &ending->outcome.usage;
    const int64_t counts[] = {usage->cached_tokens,       usage->cache_write_tokens,
                              usage->reasoning_tokens,    usage->audio_input_tokens,
                              usage->audio_output_tokens, usage->image_input_tokens,
                              usage->image_output_tokens};
    static const char* const kinds[] = {"cache_read",   "cache_write",  "reasoning",
                                        "audio_input",  "audio_output", "image_input",
                                        "image_output"};
    size_t i;
    for (i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        values[2] = kinds[i];
        llmobsi_measure_count(ending, LLMOBS_METRIC_LLM_TOKENS_BY_KIND, values, 3, counts[i]);
    }
}

llmobsi_fn void llmobsi_measure_llm(const llmobsi_ending* ending)
{
    const llmobs_outcome* outcome = &ending->outcome;
    const llmobsi_request_facts* facts = &ending->facts;
    const char* values[3];
    values[0] = llmobsi_request_name(facts, LLMOBS_I_TEXT_MODEL);
    values[1] = llmobsi_request_name(facts, LLMOBS_I_TEXT_FEATURE);
    values[2] = outcome->error_type;
    llmobsi_measure_count(ending, LLMOBS_METRIC_LLM_REQUESTS, values, 3, 1);
    llmobsi_measure(ending, LLMOBS_METRIC_LLM_REQUEST_DURATION, values, 2,
                    (int64_t)ending->latency_ns);
    llmobsi_measure(ending, LLMOBS_METRIC_LLM_TIME_TO_FIRST_TOKEN, values, 2,
                    ending->first_token_ns);
    llmobsi_measure_count(ending, LLMOBS_METRIC_LLM_GOOD_REQUESTS, values, 2,
                          llmobsi_is_good(ending));
    if (outcome->cost_nano == LLMOBS_COST_UNKNOWN) {
        llmobsi_measure_count(ending, LLMOBS_METRIC_LLM_COST_UNKNOWN, values, 2, 1);
    }
    llmobsi_measure_kinds(ending, values);
    if (outcome->usage.input_tokens >= 0) {
        llmobs_counter_add(llmobsi_llm_counter(ending, LLMOBS_METRIC_LLM_TOKENS,
                                               facts->input_tokens, "input"),
                           (uint64_t)outcome->usage.input_tokens);
    }
    if (outcome->usage.output_tokens >= 0) {
        llmobs_counter_add(llmobsi_llm_counter(ending, LLMOBS_METRIC_LLM_TOKENS,
                                               facts->output_tokens, "output"),
                           (uint64_t)outcome->usage.output_tokens);
    }
    if (outcome->cost_nano != LLMOBS_COST_UNKNOWN) {
        llmobs_counter cost =
            llmobsi_llm_counter(ending, LLMOBS_METRIC_LLM_COST, facts->cost, NULL);
        llmobs_counter_add(cost, (uint64_t)outcome->cost_nano);
        llmobsi_counter_exemplar(cost, (uint64_t)outcome->cost_nano, &ending->trace);
    }
}

/* ---- gen_ai.* ------------------------------------------------------------------------------ */

/* By 1.41, of every operation; one without usage is not reported. */
llmobsi_fn void llmobsi_measure_genai_usage(const llmobsi_ending* ending, const char** values)
{
    const llmobs_usage* usage = &ending->outcome.usage;
    values[6] = "input";
    llmobsi_measure(ending, LLMOBS_METRIC_GENAI_CLIENT_TOKEN_USAGE, values, LLMOBS_I_GENAI_LABELS,
                    usage->input_tokens);
    values[6] = "output";
    llmobsi_measure(ending, LLMOBS_METRIC_GENAI_CLIENT_TOKEN_USAGE, values, LLMOBS_I_GENAI_LABELS,
                    usage->output_tokens);
}

/* Tokens of an inference by the newest conventions: one without usage counts as 0 of modality
   "unknown". */
llmobsi_fn void llmobsi_measure_genai_tokens(const llmobsi_ending* ending, const char** values)
{
    const llmobs_usage* usage = &ending->outcome.usage;
    const size_t all = LLMOBS_I_GENAI_LABELS;
    bool known = usage->input_tokens >= 0 || usage->output_tokens >= 0;
    values[6] = known ? "text" : "unknown";
    llmobsi_measure_count(ending, LLMOBS_METRIC_GENAI_CLIENT_INFERENCE_USAGE_INPUT_TOKENS, values,
                          all, known ? usage->input_tokens : 0);
    llmobsi_measure_count(ending, LLMOBS_METRIC_GENAI_CLIENT_INFERENCE_USAGE_OUTPUT_TOKENS, values,
                          all, known ? usage->output_tokens : 0);
    llmobsi_measure_count(ending,
                          LLMOBS_METRIC_GENAI_CLIENT_INFERENCE_USAGE_CACHE_READ_INPUT_TOKENS,
                          values, all, usage->cached_tokens);
    llmobsi_measure_count(ending,
                          LLMOBS_METRIC_GENAI_CLIENT_INFERENCE_USAGE_CACHE_WRITE_INPUT_TOKENS,
                          values, all, usage->cache_write_tokens);
    llmobsi_measure_count(ending,
                          LLMOBS_METRIC_GENAI_CLIENT_INFERENCE_USAGE_REASONING_OUTPUT_TOKENS,
                          values, all, usage->reasoning_tokens);
    values[6] = ending->outcome.error_type;
    llmobsi_measure(ending, LLMOBS_METRIC_GENAI_CLIENT_INFERENCE_OPERATION_INPUT_TOKENS, values,
                    all, usage->input_tokens);
    llmobsi_measure(ending, LLMOBS_METRIC_GENAI_CLIENT_INFERENCE_OPERATION_OUTPUT_TOKENS, values,
                    all, usage->output_tokens);
}

/* Whether a model writes something: the other operations fetch, store, call. */
llmobsi_fn bool llmobsi_is_inference(const char* operation)
{
    return strcmp(operation, "chat") == 0 || strcmp(operation, "text_completion") == 0 ||
           strcmp(operation, "generate_content") == 0;
}

/* Told by a metric that no other family has. */
llmobsi_fn bool llmobsi_family_is_on(const llmobsi_ending* ending, llmobs_known known)
{
    return llmobs_metric_of(ending->obs, known).number != 0;
}

/* By the newest conventions an inference and embeddings have metrics of their own; other operations
   have the one that 1.41 has for all. */
llmobsi_fn void llmobsi_measure_genai_newest(const llmobsi_ending* ending, const char** values)
{
    const size_t all = LLMOBS_I_GENAI_LABELS;
    int64_t latency = (int64_t)ending->latency_ns;
    if (llmobsi_is_inference(values[0])) {
        llmobsi_measure(ending, LLMOBS_METRIC_GENAI_CLIENT_INFERENCE_DURATION, values, all,
                        latency);
        llmobsi_measure_genai_tokens(ending, values);
    } else if (strcmp(values[0], "embeddings") == 0) {
        llmobsi_measure(ending, LLMOBS_METRIC_GENAI_CLIENT_EMBEDDINGS_DURATION, values, all,
                        latency);
        llmobsi_measure(ending, LLMOBS_METRIC_GENAI_CLIENT_EMBEDDINGS_OPERATION_INPUT_TOKENS,
                        values, all, ending->outcome.usage.input_tokens);
    } else if (!llmobsi_family_is_on(ending, LLMOBS_METRIC_GENAI_CLIENT_TOKEN_USAGE)) {
        llmobsi_measure(ending, LLMOBS_METRIC_GENAI_CLIENT_OPERATION_DURATION, values, all,
                        latency);
    }
}

llmobsi_fn void llmobsi_measure_genai_client(const llmobsi_ending* ending, const char** values)
{
    const size_t call = LLMOBS_I_GENAI_LABELS - 1; /* without the last */
    llmobsi_measure_genai_newest(ending, values);
    llmobsi_measure(ending, LLMOBS_METRIC_GENAI_CLIENT_OPERATION_TIME_TO_FIRST_CHUNK, values, call,
                    ending->first_token_ns);
    llmobsi_measure(ending, LLMOBS_METRIC_GENAI_CLIENT_INFERENCE_TIME_TO_FIRST_CHUNK, values, call,
                    ending->first_token_ns);
    if (llmobsi_family_is_on(ending, LLMOBS_METRIC_GENAI_CLIENT_TOKEN_USAGE)) {
        values[6] = ending->outcome.error_type;
        llmobsi_measure(ending, LLMOBS_METRIC_GENAI_CLIENT_OPERATION_DURATION, values,
                        LLMOBS_I_GENAI_LABELS, (int64_t)ending->latency_ns);
        llmobsi_measure_genai_usage(ending, values);
    }
}

/* Of successful responses alone, but for the duration. */
llmobsi_fn void llmobsi_measure_genai_server(const llmobsi_ending* ending, const char** values)
{
    const size_t call = LLMOBS_I_GENAI_LABELS - 1;
    bool good = ending->outcome.error_type == NULL && !ending->outcome.cancelled;
    llmobsi_measure(ending, LLMOBS_METRIC_GENAI_SERVER_REQUEST_DURATION, values,
                    LLMOBS_I_GENAI_LABELS, (int64_t)ending->latency_ns);
    if (good) {
        llmobsi_measure(ending, LLMOBS_METRIC_GENAI_SERVER_TIME_TO_FIRST_TOKEN, values, call,
                        ending->first_token_ns);
        llmobsi_measure(ending, LLMOBS_METRIC_GENAI_SERVER_TIME_PER_OUTPUT_TOKEN, values, call,
                        llmobsi_time_per_token(ending));
    }
}

llmobsi_fn void llmobsi_measure_genai(const llmobsi_ending* ending)
{
    const llmobsi_request_facts* facts = &ending->facts;
    const char* values[LLMOBS_I_GENAI_LABELS];
    llmobsi_genai_labels(values, llmobsi_request_name(facts, LLMOBS_I_TEXT_OPERATION),
                         llmobsi_request_name(facts, LLMOBS_I_TEXT_PROVIDER),
                         llmobsi_request_name(facts, LLMOBS_I_TEXT_MODEL),
                         ending->outcome.response_model, ending->outcome.error_type);
    if (facts->server) {
        llmobsi_measure_genai_server(ending, values);
    } else {
        llmobsi_measure_genai_client(ending, values);
    }
}

/* ---- vllm:*, llamacpp:* -------------------------------------------------------------------- */

/* vLLM's words for why a request ended. */
llmobsi_fn const char* llmobsi_finished_reason(const llmobs_outcome* outcome)
{
    if (outcome->cancelled) {
        return "abort";
    }
    if (outcome->error_type != NULL) {
        return "error";
    }
    return outcome->finish_reason != NULL && strcmp(outcome->finish_reason, "length") == 0
               ? "length"
               : "stop";
}

llmobsi_fn void llmobsi_measure_vllm_times(const llmobsi_ending* ending, const char** values)
{
    int64_t queue = ending->queue_ns;
    int64_t latency = (int64_t)ending->latency_ns;
    llmobsi_measure(ending, LLMOBS_METRIC_VLLM_E2E_REQUEST_LATENCY, values, 2, latency);
    llmobsi_measure(ending, LLMOBS_METRIC_VLLM_TIME_TO_FIRST_TOKEN, values, 2,
                    ending->first_token_ns);
    llmobsi_measure(ending, LLMOBS_METRIC_VLLM_REQUEST_QUEUE_TIME, values, 2, queue);
    llmobsi_measure(ending, LLMOBS_METRIC_VLLM_REQUEST_INFERENCE_TIME, values, 2,
                    ending->was_scheduled ? latency - (queue > 0 ? queue : 0) : -1);
    llmobsi_measure(ending, LLMOBS_METRIC_VLLM_REQUEST_PREFILL_TIME, values, 2,
                    ending->prefill_ns);
    llmobsi_measure(ending, LLMOBS_METRIC_VLLM_REQUEST_DECODE_TIME, values, 2, ending->decode_ns);
    llmobsi_measure(ending, LLMOBS_METRIC_VLLM_REQUEST_TIME_PER_OUTPUT_TOKEN, values, 2,
                    llmobsi_time_per_token(ending));
}

llmobsi_fn void llmobsi_measure_engine(const llmobsi_ending* ending)
{
    const llmobs_usage* usage = &ending->outcome.usage;
    const char* model = llmobsi_request_name(&ending->facts, LLMOBS_I_TEXT_MODEL);
    int64_t computed = usage->input_tokens < 0 ? -1
                       : usage->cached_tokens > 0 && usage->cached_tokens <= usage->input_tokens
                           ? usage->input_tokens - usage->cached_tokens
                           : usage->input_tokens;
    const char* values[3];
    values[0] = model;
    values[1] = "0";
    values[2] = llmobsi_finished_reason(&ending->outcome);
    llmobsi_measure_vllm_times(ending, values);
    llmobsi_measure_count(ending, LLMOBS_METRIC_VLLM_REQUEST_SUCCESS, values, 3, 1);
    llmobsi_measure_count(ending, LLMOBS_METRIC_VLLM_PROMPT_TOKENS, values, 2,
                          usage->input_tokens);
    llmobsi_measure_count(ending, LLMOBS_METRIC_VLLM_PROMPT_TOKENS_CACHED, values, 2,
                          usage->cached_tokens);
    llmobsi_measure_count(ending, LLMOBS_METRIC_VLLM_PREFIX_CACHE_QUERIES, values, 2,
                          usage->cached_tokens >= 0 ? usage->input_tokens : -1);
    llmobsi_measure_count(ending, LLMOBS_METRIC_VLLM_PREFIX_CACHE_HITS, values, 2,
                          usage->cached_tokens);
    llmobsi_measure_count(ending, LLMOBS_METRIC_VLLM_GENERATION_TOKENS, values, 2,
                          usage->output_tokens);
    llmobsi_measure(ending, LLMOBS_METRIC_VLLM_REQUEST_PROMPT_TOKENS, values, 2,
                    usage->input_tokens);
    llmobsi_measure(ending, LLMOBS_METRIC_VLLM_REQUEST_GENERATION_TOKENS, values, 2,
                    usage->output_tokens);
    llmobsi_measure(ending, LLMOBS_METRIC_VLLM_REQUEST_PREFILL_KV_COMPUTED_TOKENS, values, 2,
                    computed);
    llmobsi_measure_count(ending, LLMOBS_METRIC_LLAMACPP_PROMPT_TOKENS, NULL, 0, computed);
    llmobsi_measure_count(ending, LLMOBS_METRIC_LLAMACPP_PROMPT_TOKENS_CACHED, NULL, 0,
                          usage->cached_tokens);
    llmobsi_measure_count(ending, LLMOBS_METRIC_LLAMACPP_PROMPT_TIME, NULL, 0, ending->prefill_ns);
    llmobsi_measure_count(ending, LLMOBS_METRIC_LLAMACPP_TOKENS_PREDICTED, NULL, 0,
                          usage->output_tokens);
    llmobsi_measure_count(ending, LLMOBS_METRIC_LLAMACPP_TOKENS_PREDICTED_TIME, NULL, 0,
                          ending->decode_ns);
}

/* ---- all of it ----------------------------------------------------------------------------- */

llmobsi_fn void llmobsi_ending_measure(const llmobsi_ending* ending)
{
    const uint32_t engines = LLMOBS_FAMILY_VLLM | LLMOBS_FAMILY_LLAMACPP;
    if ((ending->families & LLMOBS_FAMILY_LLM) != 0) {
        llmobsi_measure_llm(ending);
    }
    if ((ending->families & (LLMOBS_FAMILY_GENAI_1_41 | LLMOBS_FAMILY_GENAI)) != 0) {
        llmobsi_measure_genai(ending);
    }
    if (ending->facts.server && (ending->families & engines) != 0) {
        llmobsi_measure_engine(ending);
    }
}

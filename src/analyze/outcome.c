/* The end of a request: its parts in order. */

/* ---- the log record ------------------------------------------------------------------------ */

llmobsi_fn void llmobsi_ending_log(const llmobsi_ending* ending)
{
    const llmobsi_request_facts* facts = &ending->facts;
    const llmobs_outcome* outcome = &ending->outcome;
    const llmobs_usage* usage = &outcome->usage;
    llmobs_interaction log = llmobs_interaction_default();
    log.severity = outcome->error_type != NULL ? LLMOBS_SEVERITY_ERROR
                   : ending->worst_action != 0 ? LLMOBS_SEVERITY_WARN
                                               : LLMOBS_SEVERITY_INFO;
    log.guardrails_passed = ending->worst_action == 0;
    log.guardrails_triggered = ending->rules;
    log.guardrail_count = ending->rule_count;
    log.guardrail_verdicts = ending->verdicts;
    log.provenance = usage->provenance;
    log.request_id = llmobsi_request_string(facts, LLMOBS_I_TEXT_REQUEST_ID);
    log.user_id = llmobsi_request_string(facts, LLMOBS_I_TEXT_USER_ID);
    log.session_id = llmobsi_request_string(facts, LLMOBS_I_TEXT_SESSION_ID);
    log.tenant = llmobsi_request_string(facts, LLMOBS_I_TEXT_TENANT);
    log.feature = llmobsi_request_string(facts, LLMOBS_I_TEXT_FEATURE);
    log.model = llmobsi_request_string(facts, LLMOBS_I_TEXT_MODEL);
    log.provider = llmobsi_request_string(facts, LLMOBS_I_TEXT_PROVIDER);
    log.operation = llmobsi_request_string(facts, LLMOBS_I_TEXT_OPERATION);
    log.prompt_name = llmobsi_request_string(facts, LLMOBS_I_TEXT_PROMPT_NAME);
    log.prompt_version = llmobsi_request_string(facts, LLMOBS_I_TEXT_PROMPT_VERSION);
    log.response_model = llmobs_str(outcome->response_model);
    log.finish_reason = llmobs_str(outcome->finish_reason);
    log.error_type = llmobs_str(outcome->error_type);
    log.input_hash = llmobs_str(ending->input_hash);
    log.output_hash = llmobs_str(ending->output_hash);
    log.input_length = ending->input_length;
    log.output_length = ending->output_length;
    log.input_tokens = usage->input_tokens;
    log.output_tokens = usage->output_tokens;
    log.cached_tokens = usage->cached_tokens;
    log.cache_write_tokens = usage->cache_write_tokens;
    log.reasoning_tokens = usage->reasoning_tokens;
    log.audio_input_tokens = usage->audio_input_tokens;
    log.audio_output_tokens = usage->audio_output_tokens;
    log.image_input_tokens = usage->image_input_tokens;
    log.image_output_tokens = usage->image_output_tokens;
    log.latency_ns = (int64_t)ending->latency_ns;
    log.time_to_first_token_ns = ending->first_token_ns;
    log.queue_ns = ending->queue_ns;
    log.retries = ending->retries;
    log.cost_known = outcome->cost_nano != LLMOBS_COST_UNKNOWN;
    log.cost_nano = log.cost_known ? outcome->cost_nano : 0;
    llmobs_log_interaction(ending->obs, facts->root, &log);
}

/* ---- the host's own store ------------------------------------------------------------------ */

llmobsi_fn void llmobsi_ending_store(const llmobsi_ending* ending)
{
    const llmobsi_request_facts* facts = &ending->facts;
    const llmobs_usage* usage = &ending->outcome.usage;
    llmobs_cost_entry entry;
    bool threw = false;
    int cancel;
    if (ending->cost_store == NULL) {
        return;
    }
    entry.size = sizeof entry;
    entry.request_id = llmobsi_request_name(facts, LLMOBS_I_TEXT_REQUEST_ID);
    entry.user_id = llmobsi_request_name(facts, LLMOBS_I_TEXT_USER_ID);
    entry.feature = llmobsi_request_name(facts, LLMOBS_I_TEXT_FEATURE);
    entry.model = llmobsi_request_name(facts, LLMOBS_I_TEXT_MODEL);
    entry.tenant = llmobsi_request_name(facts, LLMOBS_I_TEXT_TENANT);
    entry.error_type = ending->outcome.error_type;
    entry.cost_nano = ending->outcome.cost_nano;
    entry.tokens = usage->input_tokens >= 0 && usage->output_tokens >= 0
                       ? usage->input_tokens + usage->output_tokens
                       : -1;
    entry.latency_ns = ending->latency_ns;
    cancel = llmobsi_cancel_hold(); /* as of the audit callback */
    llmobsi_try {
        ending->cost_store(ending->cost_store_user, &entry);
    }
    llmobsi_catch_any {
        threw = true;
    }
    if (threw) {
        llmobsi_callback_threw(llmobsi_ticket(ending->obs));
    }
    llmobsi_cancel_resume(cancel);
}

/* ---- the whole ----------------------------------------------------------------------------- */

llmobsi_fn void llmobsi_ending_explain(const llmobsi_ending* ending,
                                       llmobs_explanation* explanation)
{
    const llmobsi_request_facts* facts = &ending->facts;
    llmobs_string id = llmobsi_request_string(facts, LLMOBS_I_TEXT_REQUEST_ID);
    llmobs_string model = llmobsi_request_string(facts, LLMOBS_I_TEXT_MODEL);
    memset(explanation, 0, sizeof *explanation);
    explanation->size = sizeof *explanation;
    memcpy(explanation->request_id, id.data, id.size + 1);
    memcpy(explanation->model, model.data, model.size + 1);
    explanation->latency_ns = ending->latency_ns;
    explanation->queue_ns = ending->queue_ns;
    explanation->time_to_first_token_ns = ending->first_token_ns;
    explanation->docs_count = -1;
    explanation->usage = ending->outcome.usage;
    explanation->cost_nano = ending->outcome.cost_nano;
    if (ending->cost.status == LLMOBS_COST_EXACT) {
        memcpy(explanation->cost_of, ending->cost.of, sizeof explanation->cost_of);
    }
    explanation->saved_nano = ending->saved_nano;
    explanation->retries = ending->retries;
    explanation->rules = ending->rule_count;
}

LLMOBS_API void llmobs_request_end(llmobs_request request, const llmobs_outcome* outcome)
{
    llmobs_explanation explanation;
    llmobsi_ending ending;
    memset(ending.input_hash, 0, sizeof ending.input_hash);
    memset(ending.output_hash, 0, sizeof ending.output_hash);
    ending.obs = llmobsi_request_obs(request);
    ending.low_nano = LLMOBS_COST_UNKNOWN;
    ending.high_nano = LLMOBS_COST_UNKNOWN;
    if (!llmobsi_ending_take(request, &ending)) {
        return;
    }
    llmobsi_outcome_complete(&ending.outcome, outcome, ending.cost_most);
    ending.cost_refused =
        ending.outcome.cost_known && ending.outcome.cost_nano == LLMOBS_COST_UNKNOWN;
    if (ending.outcome.usage.output_tokens < 0 && ending.tokens > 0) {
        ending.outcome.usage.output_tokens = (int64_t)ending.tokens;
        ending.outcome.usage.provenance = LLMOBS_USAGE_COUNTED;
    }
    if (ending.outcome.cancelled && ending.outcome.finish_reason == NULL) {
        ending.outcome.finish_reason = "cancelled";
    }
    llmobsi_ending_cost(&ending);
    llmobsi_ending_settle(&ending);
    llmobsi_ending_hash(&ending);
    llmobsi_ending_audit(&ending);
#ifndef LLMOBS_NO_SCANNER
    llmobsi_ending_findings(&ending);
#endif
    llmobsi_ending_sample(&ending);
    llmobsi_ending_capture(&ending);
    llmobsi_ending_sampled(&ending);
    llmobsi_trace_of(llmobsi_ticket(ending.obs), ending.facts.root, &ending.trace);
    llmobsi_ending_measure(&ending);
    llmobsi_ending_attributes(&ending);
    llmobsi_ending_log(&ending);
    llmobsi_ending_store(&ending);
    llmobsi_span_end_at(ending.facts.root, ending.stamp); /* without what was done since */
    llmobsi_ending_explain(&ending, &explanation);
    llmobsi_ending_give(request, &ending, &explanation);
}

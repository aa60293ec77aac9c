/* Whether a request that has ended is judged: what speaks for it, the sampler's verdict, and what
   became of that. */

/* The answer was cut off, or filtered: as OpenTelemetry and OpenAI, Anthropic, Google call it. */
llmobsi_fn bool llmobsi_finish_is_bad(const char* reason)
{
    static const char* const bad[] = {"length", "max_tokens", "MAX_TOKENS",
                                      "content_filter", "refusal", "SAFETY"};
    size_t i;
    for (i = 0; reason != NULL && i < sizeof bad / sizeof bad[0]; i++) {
        if (strcmp(reason, bad[i]) == 0) {
            return true;
        }
    }
    return false;
}

llmobsi_inline uint32_t llmobsi_cause(llmobs_keep cause, bool holds)
{
    return holds ? 1u << cause : 0;
}

/* What the built-in guardrail found is a cause of its own: a scanner errs more often than a
   guardrail that was made for this program, and must not take all that the judge can do. */
llmobsi_fn bool llmobsi_ending_has_findings(const llmobsi_ending* ending)
{
#ifndef LLMOBS_NO_SCANNER
    int pii;
    for (pii = 0; pii < (int)LLMOBS_PII_COUNT; pii++) {
        if (ending->found[pii] != 0) {
            return true;
        }
    }
#else
    (void)ending;
#endif
    return false;
}

llmobsi_fn uint32_t llmobsi_ending_causes(const llmobsi_sampler* sampler,
                                          const llmobsi_ending* ending)
{
    const llmobs_outcome* outcome = &ending->outcome;
    return ending->marks | llmobsi_cause(LLMOBS_KEEP_GUARDRAIL, ending->guardrail_triggered) |
           llmobsi_cause(LLMOBS_KEEP_REQUESTED, outcome->judge) |
           llmobsi_cause(LLMOBS_KEEP_ERROR, outcome->error_type != NULL) |
           llmobsi_cause(LLMOBS_KEEP_FINISH, llmobsi_finish_is_bad(outcome->finish_reason)) |
           llmobsi_cause(LLMOBS_KEEP_SCANNER, llmobsi_ending_has_findings(ending)) |
           llmobsi_cause(LLMOBS_KEEP_SLOW, ending->latency_ns >= sampler->slow_ns) |
           llmobsi_cause(LLMOBS_KEEP_COSTLY, outcome->cost_nano >= sampler->cost_nano) |
           llmobsi_cause(LLMOBS_KEEP_FEEDBACK, outcome->feedback_negative);
}

/* The verdict. All that speaks for it must be known by now. */
llmobsi_fn void llmobsi_ending_sample(llmobsi_ending* ending)
{
    const llmobsi_request_facts* facts = &ending->facts;
    llmobsi_candidate candidate;
    llmobsi_thread* thread;
    ending->verdict.reason = LLMOBS_KEEP_NONE;
    ending->verdict.refused = 0;
    ending->verdict.threshold = 0;
    ending->is_lost = false;
    if (!facts->may_be_judged) {
        return;
    }
    candidate.randomness = facts->randomness;
    candidate.feature = llmobsi_request_string(facts, LLMOBS_I_TEXT_FEATURE);
    candidate.model = llmobsi_request_string(facts, LLMOBS_I_TEXT_MODEL);
    candidate.answered = llmobs_str(ending->outcome.response_model);
    candidate.prompt_name = llmobsi_request_string(facts, LLMOBS_I_TEXT_PROMPT_NAME);
    candidate.prompt_version = llmobsi_request_string(facts, LLMOBS_I_TEXT_PROMPT_VERSION);
    thread = llmobsi_enter(llmobsi_ticket(ending->obs));
    if (thread != NULL) {
        llmobsi_sampler* sampler = llmobsi_sampler_of(thread->recorder);
        candidate.causes = llmobsi_ending_causes(sampler, ending);
        llmobsi_sampler_decide(sampler, &thread->recorder->timeline, &candidate,
                               &ending->verdict);
        llmobsi_leave();
    }
}

llmobsi_fn void llmobsi_sampled_count(llmobs* obs, int reason, const char* outcome)
{
    llmobs_metric metric = llmobs_metric_of(obs, LLMOBS_METRIC_LLM_SAMPLED_REQUESTS);
    const char* values[2];
    values[0] = llmobs_keep_name((llmobs_keep)reason);
    values[1] = outcome;
    if (metric.number != 0) {
        llmobs_counter_add(llmobsi_counter_briefly(metric, values, 2), 1);
    }
}

/* Counts what came of it. From outside. That chance did not keep one is no news. */
llmobsi_fn void llmobsi_ending_sampled(const llmobsi_ending* ending)
{
    const llmobsi_verdict* verdict = &ending->verdict;
    int cause;
    for (cause = 0; verdict->refused >> cause != 0; cause++) {
        if ((verdict->refused >> cause & 1u) != 0) {
            llmobsi_sampled_count(ending->obs, cause, "refused");
        }
    }
    if (verdict->reason != LLMOBS_KEEP_NONE) {
        llmobsi_sampled_count(ending->obs, (int)verdict->reason, "kept");
    }
    if (ending->is_lost) {
        llmobsi_sampled_count(ending->obs, (int)verdict->reason, "lost");
    }
}

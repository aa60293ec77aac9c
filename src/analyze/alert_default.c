/* The default rules, as a text that anybody could have written. A '$' and the name of a number
   stand for that number. */

#define LLMOBS_I_ALERT_NAME_BYTES "abcdefghijklmnopqrstuvwxyz_0123456789"

/* X(number, default, least, most): above the last bound of a histogram no quantile can be told. */
#define LLMOBS_I_ALERT_NUMBERS(X)            \
    X(cost_factor, 2, 1, 1e6)                \
    X(cost_floor_usd, 0.5, 1e-9, 1e9)        \
    X(monthly_budget_usd, 0, 0, 1e12)        \
    X(guardrail_blocks, 10, 1, 1e9)          \
    X(guardrail_factor, 3, 1, 1e6)           \
    X(user_input_tokens, 500000, 1, 1e15)    \
    X(error_ratio, 0.05, 1e-6, 1)            \
    X(error_slo, 0.99, 0.5, 0.999999)        \
    X(latency_p95_s, 10, 0.001, 299)         \
    X(latency_slo, 0.95, 0.5, 0.999999)      \
    X(latency_slo_s, 10, 0.1, 300)           \
    X(first_token_p95_s, 5, 0.001, 2559)     \
    X(goodput_least, 0.9, 1e-6, 1)           \
    X(unknown_cost_ratio, 0.05, 1e-6, 1)     \
    X(judge_flag_ratio, 0.05, 1e-6, 1)       \
    X(drift_score, 0, 0, 1)                  \
    X(requests_least, 100, 1, 1e9)

/* X(window, factor): the burn rates of Google's SRE workbook. At the first two, 2 % or 5 % of what
   30 days allow goes in that window, at the others 10 %. The shorter window that goes with each
   ends the alert soon after it is over. */
#define LLMOBS_I_ALERT_BURNS(X) X(1h, 14.4) X(6h, 6) X(1d, 3) X(3d, 1)

static const char* const llmobsi_alert_default_texts[] = {
    "cost_spike: rate(llm_cost_usd_total[5m]) > $cost_factor * rate(llm_cost_usd_total[7d])"
    " and increase(llm_cost_usd_total[5m]) > $cost_floor_usd"
    " for 5m keep_firing_for 10m min_history 1d severity critical group cost"
    " summary \"LLM cost rate is above $cost_factor times the 7-day average\""
    " runbook \"Ask the cost report which feature, model or user grew; give it a budget.\"\n",

    "cost_unknown: increase(llm_cost_unknown_requests_total[1h])"
    " / increase(llm_requests_total[1h]) > $unknown_cost_ratio"
    " and increase(llm_requests_total[1h]) >= $requests_least"
    " severity warning group cost_unknown"
    " summary \"Requests of unknown cost are in no total and in no budget\""
    " runbook \"Load prices of the models that the cost report names as unknown.\"\n",

    "guardrail_surge: increase(llm_guardrail_triggers_total{action=\"blocked\"}[15m])"
    " > $guardrail_blocks keep_firing_for 5m severity warning group guardrail"
    " summary \"Guardrail blocks exceed $guardrail_blocks/15min: an attack, or a model that"
    " changed\""
    " runbook \"See which rule it is, and whether the blocks come from one user or from all.\"\n",

    "guardrail_unusual: increase(llm_guardrail_triggers_total[1h])"
    " / increase(llm_requests_total[1h]) > $guardrail_factor"
    " * (increase(llm_guardrail_triggers_total[1h] offset 7d)"
    " / increase(llm_requests_total[1h] offset 7d))"
    " and increase(llm_guardrail_triggers_total[1h]) > $guardrail_blocks"
    " for 10m min_history 169h severity info group guardrail"
    " summary \"Guardrails trigger more than $guardrail_factor times as often as at this hour a"
    " week ago\""
    " runbook \"Compare the triggers by rule with last week's; is there a new release?\"\n",

    "guardrail_silence: increase(llm_guardrail_verdicts_total[30m]) == 0"
    " and increase(llm_requests_total[30m]) >= $few_requests"
    " and increase(llm_guardrail_verdicts_total[7d]) > 0"
    " for 5m severity critical group guardrail_silence"
    " summary \"Requests go on, and no guardrail has looked at one for 30 minutes\""
    " runbook \"Find out which release took the guardrails off, or what their service answers.\"\n",

    "guardrail_rule_silence: increase(llm_guardrail_verdicts_total[1h]) == 0"
    " and increase(llm_guardrail_verdicts_total[1h] offset 1d) >= $few_requests"
    " and increase(llm_guardrail_verdicts_total[1h] offset 7d) >= $few_requests"
    " by (rule) for 5m min_history 169h severity warning group guardrail_silence"
    " summary \"A guardrail that was busy at this hour yesterday and a week ago looks at nothing\""
    " runbook \"See whether it was meant to be switched off, or whether all traffic stopped.\"\n",

    "latency_degradation: histogram_quantile(0.95,"
    " rate(llm_phase_duration_seconds_bucket{phase=\"model_call\"}[5m])) > $latency_p95_s"
    " and increase(llm_phase_duration_seconds_count{phase=\"model_call\"}[5m]) >= $few_requests"
    " for 5m keep_firing_for 5m severity warning group latency"
    " summary \"p95 model call latency exceeds $latency_p95_s seconds\""
    " runbook \"Compare models and providers; long prompts and answers take long, too.\"\n",

    "first_token_slow: histogram_quantile(0.95,"
    " rate(llm_time_to_first_token_seconds_bucket[5m])) > $first_token_p95_s"
    " and increase(llm_time_to_first_token_seconds_count[5m]) >= $few_requests"
    " for 5m keep_firing_for 5m severity warning group first_token"
    " summary \"p95 of the time to the first token exceeds $first_token_p95_s seconds\""
    " runbook \"Look at queues and at the prompts' length: the first token waits for both.\"\n",

    "goodput_low: increase(llm_good_requests_total[30m]) / increase(llm_requests_total[30m])"
    " < $goodput_least and increase(llm_requests_total[30m]) >= $few_requests"
    " and increase(llm_good_requests_total[7d]) > 0"
    " for 5m keep_firing_for 5m severity warning group goodput"
    " summary \"Less than a share of $goodput_least of the requests meets all targets\""
    " runbook \"See which target is missed: errors, the first token, the time between tokens.\"\n",

    "token_budget_breach: llm_user_input_tokens_lower_bound > $user_input_tokens"
    " by (user) severity info group user_tokens"
    " summary \"User exceeded $user_input_tokens input tokens in the current month\""
    " runbook \"Talk to the user, or set a budget that refuses.\"\n",

    "error_ratio: increase(llm_requests_total{error_type!=\"\"}[5m])"
    " / increase(llm_requests_total[5m]) > $error_ratio"
    " and increase(llm_requests_total[5m]) >= $few_requests"
    " for 5m keep_firing_for 5m severity warning group errors"
    " summary \"More than a share of $error_ratio of the requests fails\""
    " runbook \"See llm_requests_total by error_type and model, and the provider's status.\"\n",

    "error_burn_page: increase(llm_requests_total{error_type!=\"\"}[1h])"
    " / increase(llm_requests_total[1h]) > $error_1h"
    " and increase(llm_requests_total{error_type!=\"\"}[5m])"
    " / increase(llm_requests_total[5m]) > $error_1h"
    " and increase(llm_requests_total[1h]) >= $requests_least"
    " and increase(llm_requests_total{error_type!=\"\"}[1h]) >= 2"
    " or increase(llm_requests_total{error_type!=\"\"}[6h])"
    " / increase(llm_requests_total[6h]) > $error_6h"
    " and increase(llm_requests_total{error_type!=\"\"}[30m])"
    " / increase(llm_requests_total[30m]) > $error_6h"
    " and increase(llm_requests_total[6h]) >= $requests_least"
    " and increase(llm_requests_total{error_type!=\"\"}[6h]) >= 2"
    " keep_firing_for 5m severity critical group errors"
    " summary \"At this pace the month's errors are used up within days\""
    " runbook \"See llm_requests_total by error_type and model, and the provider's status.\"\n",

    "error_burn_ticket: increase(llm_requests_total{error_type!=\"\"}[1d])"
    " / increase(llm_requests_total[1d]) > $error_1d"
    " and increase(llm_requests_total{error_type!=\"\"}[2h])"
    " / increase(llm_requests_total[2h]) > $error_1d"
    " and increase(llm_requests_total[1d]) >= $requests_least"
    " and increase(llm_requests_total{error_type!=\"\"}[1d]) >= 2"
    " or increase(llm_requests_total{error_type!=\"\"}[3d])"
    " / increase(llm_requests_total[3d]) > $error_3d"
    " and increase(llm_requests_total{error_type!=\"\"}[6h])"
    " / increase(llm_requests_total[6h]) > $error_3d"
    " and increase(llm_requests_total[3d]) >= $requests_least"
    " and increase(llm_requests_total{error_type!=\"\"}[3d]) >= 2"
    " keep_firing_for 15m severity warning group errors"
    " summary \"At this pace the month's errors are used up before the month is over\""
    " runbook \"Somebody should see to it in office hours: which error_type, which model?\"\n",

    "latency_burn_page: increase(llm_request_duration_seconds_bucket{le=\"$latency_slo_s\"}[1h])"
    " / increase(llm_request_duration_seconds_count[1h]) < $latency_1h"
    " and increase(llm_request_duration_seconds_bucket{le=\"$latency_slo_s\"}[5m])"
    " / increase(llm_request_duration_seconds_count[5m]) < $latency_1h"
    " and increase(llm_request_duration_seconds_count[1h]) >= $requests_least"
    " or increase(llm_request_duration_seconds_bucket{le=\"$latency_slo_s\"}[6h])"
    " / increase(llm_request_duration_seconds_count[6h]) < $latency_6h"
    " and increase(llm_request_duration_seconds_bucket{le=\"$latency_slo_s\"}[30m])"
    " / increase(llm_request_duration_seconds_count[30m]) < $latency_6h"
    " and increase(llm_request_duration_seconds_count[6h]) >= $requests_least"
    " keep_firing_for 5m severity critical group latency"
    " summary \"At this pace the month's slow requests are used up within days\""
    " runbook \"Compare models and providers; long prompts and answers take long, too.\"\n",

    "latency_burn_ticket:"
    " increase(llm_request_duration_seconds_bucket{le=\"$latency_slo_s\"}[1d])"
    " / increase(llm_request_duration_seconds_count[1d]) < $latency_1d"
    " and increase(llm_request_duration_seconds_bucket{le=\"$latency_slo_s\"}[2h])"
    " / increase(llm_request_duration_seconds_count[2h]) < $latency_1d"
    " and increase(llm_request_duration_seconds_count[1d]) >= $requests_least"
    " or increase(llm_request_duration_seconds_bucket{le=\"$latency_slo_s\"}[3d])"
    " / increase(llm_request_duration_seconds_count[3d]) < $latency_3d"
    " and increase(llm_request_duration_seconds_bucket{le=\"$latency_slo_s\"}[6h])"
    " / increase(llm_request_duration_seconds_count[6h]) < $latency_3d"
    " and increase(llm_request_duration_seconds_count[3d]) >= $requests_least"
    " keep_firing_for 15m severity warning group latency"
    " summary \"At this pace the month's slow requests are used up before the month is over\""
    " runbook \"Somebody should see to it in office hours: which model, which feature?\"\n",

    "drift: increase(llm_drift_runs_total{verdict=\"drift\"}[1d]) > 0 by (detector)"
    " severity warning group drift"
    " summary \"Answers drift away from the baseline\""
    " runbook \"Run the safety and quality tests again; look for what the provider changed.\"\n",

    "judge_flags: increase(llm_judge_evaluations_total{verdict=\"flagged\"}[1d])"
    " / increase(llm_judge_evaluations_total{verdict!=\"error\"}[1d]) > $judge_flag_ratio"
    " and increase(llm_judge_evaluations_total{verdict!=\"error\"}[1d]) >= $few_requests"
    " severity warning group judge"
    " summary \"The judge flags more than a share of $judge_flag_ratio of what it looks at\""
    " runbook \"Read what was flagged; let a person decide whether the judge is right.\"\n",

    "telemetry_lost: increase(llmobs_lost_total[5m]) > 0"
    " keep_firing_for 10m severity warning group telemetry"
    " summary \"llmobs lost some of what it was told: other alerts may see too little\""
    " runbook \"llmobs_stats names the reasons: give the pillar more memory, tick more often.\"\n",

    "drift_score: llm_drift_score > $drift_score by (detector) severity warning group drift"
    " summary \"The article's drift score is above $drift_score\""
    " runbook \"Look at p of the same run: with few answers the score is high by chance.\"\n",

    "budget_burn_page: increase(llm_cost_usd_total[1h]) > 14.4 * $monthly_budget_usd / 720"
    " and increase(llm_cost_usd_total[5m]) > 14.4 * $monthly_budget_usd / 8640"
    " and increase(llm_cost_usd_total[1h]) > $cost_floor_usd"
    " or increase(llm_cost_usd_total[6h]) > 6 * $monthly_budget_usd / 120"
    " and increase(llm_cost_usd_total[30m]) > 6 * $monthly_budget_usd / 1440"
    " and increase(llm_cost_usd_total[6h]) > $cost_floor_usd"
    " keep_firing_for 5m severity critical group budget"
    " summary \"At this pace $monthly_budget_usd USD, meant for 30 days, last for five at most\""
    " runbook \"Ask the cost report which feature, model or user it is; give it a budget.\"\n",

    "budget_burn_ticket: increase(llm_cost_usd_total[1d]) > 3 * $monthly_budget_usd / 30"
    " and increase(llm_cost_usd_total[2h]) > 3 * $monthly_budget_usd / 360"
    " and increase(llm_cost_usd_total[1d]) > $cost_floor_usd"
    " or increase(llm_cost_usd_total[3d]) > 1 * $monthly_budget_usd / 10"
    " and increase(llm_cost_usd_total[6h]) > 1 * $monthly_budget_usd / 120"
    " and increase(llm_cost_usd_total[3d]) > $cost_floor_usd"
    " keep_firing_for 15m severity warning group budget"
    " summary \"At this pace $monthly_budget_usd USD, meant for 30 days, do not last as long\""
    " runbook \"Find out what grew, and whether it should; then change it, or the budget.\"\n"};

#define LLMOBS_I_ALERT_DEFAULT_RULES \
    (sizeof llmobsi_alert_default_texts / sizeof llmobsi_alert_default_texts[0])

LLMOBS_API llmobs_alert_defaults llmobs_alert_defaults_default(void)
{
    llmobs_alert_defaults numbers;
    memset(&numbers, 0, sizeof numbers);
    numbers.size = sizeof numbers;
    return numbers;
}

/* All numbers as they hold; NULL means the defaults. */
llmobsi_fn llmobs_alert_defaults llmobsi_alert_defaults_complete(const llmobs_alert_defaults* given)
{
    llmobs_alert_defaults numbers = llmobs_alert_defaults_default();
    if (given != NULL) {
        memcpy(&numbers, given, llmobsi_known_size(given->size, sizeof numbers));
        numbers.size = sizeof numbers;
    }
#define LLMOBS_I_ALERT_COMPLETE(number, value, least, most) \
    numbers.number = numbers.number == 0 ? (value) : numbers.number;
    LLMOBS_I_ALERT_NUMBERS(LLMOBS_I_ALERT_COMPLETE)
#undef LLMOBS_I_ALERT_COMPLETE
    return numbers;
}

/* The name of a number that makes no sense, or NULL. */
llmobsi_fn const char* llmobsi_alert_defaults_wrong(const llmobs_alert_defaults* numbers)
{
    const double* bound = llmobsi_bounds[LLMOBS_I_BOUNDS_PHASE];
#define LLMOBS_I_ALERT_CHECK(number, value, least, most)            \
    if (!(numbers->number >= least && numbers->number <= (most))) { \
        return #number;                                             \
    }
    LLMOBS_I_ALERT_NUMBERS(LLMOBS_I_ALERT_CHECK)
#undef LLMOBS_I_ALERT_CHECK
    while (*bound > 0 && *bound < numbers->latency_slo_s) {
        bound++;
    }
    return *bound > numbers->latency_slo_s ? "latency_slo_s" : NULL;
}

/* The share that a budget burns at: of a large one no more than nine tenths, or no traffic could
   reach it. Without the last digits that binary fractions bring along. */
llmobsi_fn double llmobsi_alert_burn(double slo, double factor)
{
    double share = (1 - slo) * factor;
    return (double)(int64_t)((share < 0.9 ? share : 0.9) * 1e9 + 0.5) / 1e9;
}

/* What is left of 1. */
llmobsi_fn double llmobsi_alert_rest(double share)
{
    return (double)(int64_t)((1 - share) * 1e9 + 0.5) / 1e9;
}

/* The number of a name. */
llmobsi_fn double llmobsi_alert_number_named(const llmobs_alert_defaults* numbers,
                                             const char* name, size_t size)
{
#define LLMOBS_I_ALERT_NAMED(text, number)                      \
    if (strlen(text) == size && memcmp(name, text, size) == 0) { \
        return number;                                          \
    }
#define LLMOBS_I_ALERT_LISTED(number, value, least, most) \
    LLMOBS_I_ALERT_NAMED(#number, numbers->number)
#define LLMOBS_I_ALERT_BURN(window, factor)                                                      \
    LLMOBS_I_ALERT_NAMED("error_" #window, llmobsi_alert_burn(numbers->error_slo, factor))       \
    LLMOBS_I_ALERT_NAMED("latency_" #window,                                                     \
                         llmobsi_alert_rest(llmobsi_alert_burn(numbers->latency_slo, factor)))
    LLMOBS_I_ALERT_NUMBERS(LLMOBS_I_ALERT_LISTED)
    LLMOBS_I_ALERT_BURNS(LLMOBS_I_ALERT_BURN)
    LLMOBS_I_ALERT_NAMED("few_requests", numbers->requests_least / 5)
#undef LLMOBS_I_ALERT_BURN
#undef LLMOBS_I_ALERT_LISTED
#undef LLMOBS_I_ALERT_NAMED
    LLMOBS_ASSERT(false);
    return 0;
}

/* Whether there is this rule: not without a number of its own that has no default. */
llmobsi_fn bool llmobsi_alert_defaults_has(const llmobs_alert_defaults* numbers, size_t index)
{
    const char* text = strchr(llmobsi_alert_default_texts[index], '$');
    while (text != NULL) {
        size_t name = strspn(text + 1, LLMOBS_I_ALERT_NAME_BYTES);
        if (!(llmobsi_alert_number_named(numbers, text + 1, name) > 0)) {
            return false;
        }
        text = strchr(text + 1, '$');
    }
    return true;
}

/* One of them, as a line of text that is parsed as the host's are. */
llmobsi_fn void llmobsi_alert_defaults_put(llmobsi_writer* writer,
                                           const llmobs_alert_defaults* numbers, size_t index)
{
    const char* text = llmobsi_alert_default_texts[index];
    while (*text != '\0') {
        size_t plain = strcspn(text, "$");
        size_t name = strspn(text + plain + (text[plain] != '\0'), LLMOBS_I_ALERT_NAME_BYTES);
        llmobsi_put(writer, text, plain);
        text += plain;
        if (*text == '$') {
            llmobsi_put_double(writer, llmobsi_alert_number_named(numbers, text + 1, name));
            text += 1 + name;
        }
    }
}

/* ---- adding them --------------------------------------------------------------------------- */

/* One of them, under the lock. */
llmobsi_fn llmobs_result llmobsi_alert_defaults_add(llmobsi_alert_call* call,
                                                    const llmobs_alert_defaults* numbers,
                                                    size_t index, llmobs_alert_error* why)
{
    char text[LLMOBS_I_ALERT_CONDITION];
    llmobsi_writer writer;
    llmobsi_alert_reader reader;
    llmobsi_alert_rule rule;
    llmobsi_writer_init(&writer, text, sizeof text, NULL, NULL);
    llmobsi_alert_defaults_put(&writer, numbers, index);
    llmobsi_alert_reader_begin(&reader, text, writer.length);
    if (llmobsi_alert_read_next(&reader, &rule) != LLMOBS_I_ALERT_READ_RULE) {
        *why = reader.error; /* numbers of which one makes another's comparison foregone */
        return LLMOBS_ERROR_ARGUMENT;
    }
    return llmobsi_alert_put(call->alerts, call->recorder, &rule, why);
}

LLMOBS_API llmobs_result llmobs_alert_defaults_load(llmobs* obs,
                                                    const llmobs_alert_defaults* defaults,
                                                    llmobs_alert_error* error)
{
    llmobs_alert_defaults numbers = llmobsi_alert_defaults_complete(defaults);
    const char* wrong = llmobsi_alert_defaults_wrong(&numbers);
    llmobs_alert_error why = llmobs_alert_error_default();
    llmobs_result result = LLMOBS_ERROR_ARGUMENT;
    llmobsi_alert_call call;
    size_t i;
    if (wrong != NULL) {
        (void)llmobsi_alert_misfit(&why, NULL, "llmobs_alert_defaults.", wrong,
                                   " is out of range");
    } else {
        result = llmobsi_alert_enter(&call, obs);
        if (result == LLMOBS_OK) {
            for (i = 0; i < LLMOBS_I_ALERT_DEFAULT_RULES && result == LLMOBS_OK; i++) {
                if (llmobsi_alert_defaults_has(&numbers, i)) {
                    result = llmobsi_alert_defaults_add(&call, &numbers, i, &why);
                }
            }
            llmobsi_alerts_settle(call.alerts, result == LLMOBS_OK);
            llmobsi_alert_leave(&call);
        }
    }
    llmobsi_alert_error_out(error, &why);
    return result;
}

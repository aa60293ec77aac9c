/* ---- alerts: the default rules ------------------------------------------------------------- */

/* The numbers of the rules that llmobs has by itself; 0 means the one in parentheses.
   docs/alerts.md has the rules, what each means and what to do when it fires. */
typedef struct llmobs_alert_defaults {
    size_t size; /* sizeof(llmobs_alert_defaults); 0 means this version's */
    double cost_factor;        /* cost_spike: above so many times the week's pace           (2)   */
    double cost_floor_usd;     /* ... and above so much in 5 minutes                        (0.5) */
    double monthly_budget_usd; /* budget_burn_*: what 30 days may cost            (no such rules) */
    double guardrail_blocks;   /* guardrail_surge: above so many in 15 minutes               (10) */
    double guardrail_factor;   /* guardrail_unusual: so many times a week ago's share         (3) */
    double user_input_tokens;  /* token_budget_breach: of a user in a calendar month     (500000) */
    double error_ratio;        /* error_ratio: share of requests in 5 minutes              (0.05) */
    double error_slo;          /* error_burn_*: share that must end well                   (0.99) */
    double latency_p95_s;      /* latency_degradation: of model calls, below 300             (10) */
    double latency_slo;        /* latency_burn_*: share of requests that must be over        (0.95)
                                  within latency_slo_s */
    double latency_slo_s;      /* a bound of llm_request_duration_seconds' buckets           (10) */
    double first_token_p95_s;  /* first_token_slow: below 2560                                (5) */
    double goodput_least;      /* goodput_low: share of requests that meet your targets     (0.9) */
    double unknown_cost_ratio; /* cost_unknown: share of requests                          (0.05) */
    double judge_flag_ratio;   /* judge_flags: share of what the judge looked at           (0.05) */
    double drift_score;        /* drift_score: above this, such as the article's 0.15
                                                                            (no such rule)        */
    double requests_least;     /* shares and quantiles of an hour and more need so many     (100)
                                  requests, shorter ones a fifth of that */
} llmobs_alert_defaults;

/* [any] Zeroed but for the size. */
LLMOBS_API llmobs_alert_defaults llmobs_alert_defaults_default(void);

/* [any, locks] Adds the default rules, by these numbers (NULL: by the defaults): those that are
   there already, just so, are left alone. They are ordinary rules, which llmobs_alert_rule_add
   replaces and _remove takes out. ERROR_ARGUMENT: a number makes no sense, or a metric is not
   there (they need LLMOBS_FAMILY_LLM). ERROR_LIMIT: no room, or alerts are off. */
LLMOBS_API llmobs_result llmobs_alert_defaults_load(llmobs* obs,
                                                    const llmobs_alert_defaults* defaults,
                                                    llmobs_alert_error* error);

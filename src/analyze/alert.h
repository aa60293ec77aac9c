/* ---- alerts: an instance's rules ----------------------------------------------------------- */

/* [any, locks] Adds a rule, in place of one of the same name; the same one again changes nothing.
   It is evaluated every ten seconds by the tick, from what is recorded from now on. `error`, which
   may be NULL, tells what is wrong and where. ERROR_ARGUMENT: the rule is refused.
   ERROR_LIMIT: it finds no room (llmobs_config.alert_rules, alert_groups, alert_window_bytes), or
   alerts are off. */
LLMOBS_API llmobs_result llmobs_alert_rule_add(llmobs* obs, const llmobs_alert_rule* rule,
                                               llmobs_alert_error* error);

/* [any, locks] Adds the rules of a text, all of them or none. See docs/alerts.md. */
LLMOBS_API llmobs_result llmobs_alert_rules_load(llmobs* obs, const char* text, size_t size,
                                                 llmobs_alert_error* error);

/* [any, locks] Takes a rule out; what it had told as firing is told as ended. ERROR_ARGUMENT:
   there is none of this name. */
LLMOBS_API llmobs_result llmobs_alert_rule_remove(llmobs* obs, const char* name);

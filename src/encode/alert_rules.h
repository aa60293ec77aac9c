/* ---- alert rules written ------------------------------------------------------------------- */

typedef enum llmobs_alert_form {
    LLMOBS_ALERT_FORM_TEXT = 0,      /* as llmobs_alert_rules_load reads them                  */
    LLMOBS_ALERT_FORM_PROMETHEUS = 1 /* a file of one group for Prometheus' `rule_files`, YAML */
} llmobs_alert_form;

/* [any, locks] Writes the rules that there are, in one form or the other: both mean the same, and
   docs/alerts.md says what differs. `interval_s` is the group's evaluation interval (0: 10 s).
   ERROR_LIMIT: alerts are off. ERROR_SYSTEM: `write` returned false. */
LLMOBS_API llmobs_result llmobs_alert_rules_write(llmobs* obs, llmobs_alert_form form,
                                                  uint32_t interval_s, llmobs_write_fn write,
                                                  void* user);

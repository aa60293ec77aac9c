/* Alerts as a metric of the family LLM, as Prometheus' own ALERTS has them, but counted: by their
   rule, whatever labels they have. */

#define LLMOBS_I_ALERT_METRIC_RULES 16u /* whose names are copied at a time */

static const llmobsi_self_kind llmobsi_alert_kind = {
    "llm_alerts", "llm_alerts", "{alert}",
    "Alerts of a rule that are pending or firing, at the last evaluation.", LLMOBS_UPDOWN};

/* Points of up to so many rules, from *number on. */
llmobsi_fn void llmobsi_gather_rules(llmobsi_account* account, llmobsi_alerts* alerts,
                                     uint32_t* number)
{
    char names[LLMOBS_I_ALERT_METRIC_RULES][LLMOBS_ALERT_NAME_SIZE];
    uint32_t counts[2];
    uint32_t used = 0;
    while (*number < alerts->rule_limit && used < LLMOBS_I_ALERT_METRIC_RULES) {
        if (llmobsi_alerts_count_of(alerts, (*number)++, names[used], counts)) {
            llmobs_string name = llmobs_str(names[used++]);
            llmobsi_self_point(account, counts[0], "alertname", name, "alertstate",
                               llmobs_str("pending"));
            llmobsi_self_point(account, counts[1], "alertname", name, "alertstate",
                               llmobs_str("firing"));
        }
    }
    if (used > 0) {
        (void)llmobsi_gather_flush(account->gather); /* attributes point to the names */
    }
}

llmobsi_fn void llmobsi_gather_alerts(llmobsi_gather* gather, llmobsi_instance* instance)
{
    llmobsi_alerts* alerts = llmobsi_alerts_of(&instance->collector.recorder);
    llmobsi_account account;
    uint32_t number = 0;
    memset(&account, 0, sizeof account);
    account.gather = gather;
    account.kind = &llmobsi_alert_kind;
    while (alerts != NULL && number < alerts->rule_limit) {
        llmobsi_self_describe(&account);
        llmobsi_gather_rules(&account, alerts, &number);
    }
}

/* Alerts as a metric of the family LLM, as Prometheus' own ALERTS has them, but counted: by their
   rule, whatever labels they have. */

static const llmobsi_self_kind llmobsi_alert_kind = {
    "llm_alerts", "llm_alerts", "{alert}",
    "Alerts of a rule that are pending or firing, at the last evaluation.", LLMOBS_UPDOWN};

llmobsi_fn void llmobsi_gather_alerts(llmobsi_gather* gather, llmobsi_instance* instance)
{
    llmobsi_alerts* alerts = llmobsi_alerts_of(&instance->collector.recorder);
    llmobsi_account account;
    uint32_t i;
    memset(&account, 0, sizeof account);
    account.gather = gather;
    account.kind = &llmobsi_alert_kind;
    llmobsi_self_describe(&account);
    for (i = 0; alerts != NULL && i < alerts->rule_limit; i++) {
        char name[LLMOBS_ALERT_NAME_SIZE];
        uint32_t counts[2];
        if (llmobsi_alerts_count_of(alerts, i, name, counts)) {
            llmobsi_self_point(&account, counts[0], "alertname", llmobs_str(name), "alertstate",
                               llmobs_str("pending"));
            llmobsi_self_point(&account, counts[1], "alertname", llmobs_str(name), "alertstate",
                               llmobs_str("firing"));
        }
    }
}

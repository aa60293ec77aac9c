/* Who uses most tokens, as a metric of the family LLM: made when metrics are read, since users are
   too many for series that are kept. No start: it falls when another one is heavier, and when a
   month begins. */

static const llmobsi_self_kind llmobsi_heavy_kind = {
    "llm_user_input_tokens_lower_bound", "llm_user_input_tokens_lower_bound", "{token}",
    "Input tokens of the heaviest users this month, at least: since each was noticed.",
    LLMOBS_UPDOWN};

llmobsi_fn void llmobsi_gather_heavy(llmobsi_gather* gather, llmobsi_instance* instance)
{
    llmobsi_recorder* recorder = &instance->collector.recorder;
    llmobsi_heavy heavy[LLMOBS_I_HEAVY_MOST];
    uint32_t count = llmobsi_cost_heavy_tokens(
        llmobsi_cost_ledger_of(recorder),
        llmobsi_clock_unix_ns(&recorder->timeline.injected), heavy, LLMOBS_I_HEAVY_MOST);
    llmobsi_account account;
    uint32_t i;
    memset(&account, 0, sizeof account);
    account.gather = gather;
    account.kind = &llmobsi_heavy_kind;
    llmobsi_self_describe(&account);
    for (i = 0; i < count; i++) {
        llmobsi_self_labelled(&account, heavy[i].input_tokens, "user", heavy[i].pseudonym);
    }
}

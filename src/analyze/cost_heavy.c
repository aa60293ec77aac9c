typedef struct llmobsi_heavy {
    char pseudonym[LLMOBS_PSEUDONYM_SIZE];
    uint64_t input_tokens;
} llmobsi_heavy;

llmobsi_fn uint32_t llmobsi_cost_heavy_tokens(const llmobsi_cost_ledger* ledger,
                                              llmobsi_heavy* out, uint32_t room)
{
    (void)ledger;
    (void)out;
    (void)room;
    return 0;
}

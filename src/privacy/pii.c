/* Names and tiers of the classes. */

static const char* const llmobsi_pii_names[] = {
#define LLMOBS_I_PII(name, text, tier) text,
    LLMOBS_PII_CLASSES(LLMOBS_I_PII)
#undef LLMOBS_I_PII
};

static const uint8_t llmobsi_pii_tiers[] = {
#define LLMOBS_I_PII(name, text, tier) LLMOBS_TIER_##tier,
    LLMOBS_PII_CLASSES(LLMOBS_I_PII)
#undef LLMOBS_I_PII
};

LLMOBS_I_STATIC_ASSERT(pii_all, LLMOBS_PII_ALL == LLMOBS_PII_BIT(LLMOBS_PII_COUNT) - 1);
LLMOBS_I_STATIC_ASSERT(pii_default,
                       LLMOBS_PII_DEFAULT == LLMOBS_PII_BIT(LLMOBS_PII_MAC_ADDRESS) - 1);

LLMOBS_API const char* llmobs_pii_name(llmobs_pii pii)
{
    uint32_t number = (uint32_t)pii;
    return number < LLMOBS_PII_COUNT ? llmobsi_pii_names[number] : "unknown class";
}

LLMOBS_API llmobs_tier llmobs_pii_tier(llmobs_pii pii)
{
    uint32_t number = (uint32_t)pii;
    return number < LLMOBS_PII_COUNT ? (llmobs_tier)llmobsi_pii_tiers[number] : LLMOBS_TIER_C;
}

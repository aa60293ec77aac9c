LLMOBS_API const char* llmobs_drop_name(llmobs_drop drop)
{
    static const char* const names[] = {
#define LLMOBS_I_DROP(name, text) text,
        LLMOBS_DROPS(LLMOBS_I_DROP)
#undef LLMOBS_I_DROP
    };
    return (unsigned)drop < (unsigned)LLMOBS_DROP_COUNT ? names[drop] : "unknown";
}

LLMOBS_API const char* llmobs_loss_name(llmobs_loss loss)
{
    static const char* const names[] = {
#define LLMOBS_I_LOSS(name, text) text,
        LLMOBS_LOSSES(LLMOBS_I_LOSS)
#undef LLMOBS_I_LOSS
    };
    return (unsigned)loss < (unsigned)LLMOBS_LOSS_COUNT ? names[loss] : "unknown";
}

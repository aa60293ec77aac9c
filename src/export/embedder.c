LLMOBS_API llmobs_embedder llmobs_embedder_default(void)
{
    llmobs_embedder embedder;
    memset(&embedder, 0, sizeof embedder);
    embedder.size = sizeof embedder;
    return embedder;
}

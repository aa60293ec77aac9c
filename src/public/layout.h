/* ---- memory -------------------------------------------------------------------------------- */

/* [any] The bytes that llmobs_open takes with this config (NULL: the defaults): one block, and none
   after it. SIZE_MAX when the sum does not fit a size_t. */
LLMOBS_API size_t llmobs_memory_needed(const llmobs_config* config);

/* [any] The part of llmobs_memory_needed that one pillar takes; the pillars sum to the whole. */
LLMOBS_API size_t llmobs_memory_of(const llmobs_config* config, llmobs_pillar pillar);

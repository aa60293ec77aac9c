/* How many tokens of which kind: from what the host says, to numbers that do not overlap. */

/* ---- counts, made sure of ------------------------------------------------------------------ */

/* Every count of llmobs_usage. */
#define LLMOBS_I_USAGE_COUNTS(X)                                                                  \
    X(input_tokens) X(output_tokens) X(cached_tokens) X(cache_write_tokens)                       \
    X(reasoning_tokens) X(audio_input_tokens) X(audio_output_tokens) X(image_input_tokens)        \
    X(image_output_tokens) X(system_tokens) X(history_tokens) X(retrieval_tokens)                 \
    X(tool_tokens) X(user_tokens) X(cache_write_1h_tokens)

#define LLMOBS_I_TOKENS_MOST (INT64_MAX / 4)

llmobsi_fn void llmobsi_usage_clear(llmobs_usage* usage)
{
    memset(usage, 0, sizeof *usage);
#define LLMOBS_I_UNKNOWN(count) usage->count = -1;
    LLMOBS_I_USAGE_COUNTS(LLMOBS_I_UNKNOWN)
#undef LLMOBS_I_UNKNOWN
}

/* A negative number is unknown; one beyond all reason is, too. */
llmobsi_fn int64_t llmobsi_tokens_known(int64_t tokens)
{
    return tokens >= 0 && tokens <= LLMOBS_I_TOKENS_MOST ? tokens : -1;
}

/* All counts 0 without a word that this is so: nobody set them. */
llmobsi_fn bool llmobsi_usage_is_blank(const llmobs_usage* usage)
{
    return !usage->reported && usage->input_tokens == 0 && usage->output_tokens == 0 &&
           usage->cached_tokens <= 0 && usage->cache_write_tokens <= 0 &&
           usage->reasoning_tokens <= 0 && usage->audio_input_tokens <= 0 &&
           usage->audio_output_tokens <= 0 && usage->image_input_tokens <= 0 &&
           usage->image_output_tokens <= 0;
}

llmobsi_fn void llmobsi_usage_complete(llmobs_usage* usage)
{
    if (llmobsi_usage_is_blank(usage)) {
        usage->input_tokens = -1;
        usage->output_tokens = -1;
    }
#define LLMOBS_I_KNOWN(count) usage->count = llmobsi_tokens_known(usage->count);
    LLMOBS_I_USAGE_COUNTS(LLMOBS_I_KNOWN)
#undef LLMOBS_I_KNOWN
}

/* ---- counts by kind ------------------------------------------------------------------------ */

#define LLMOBS_I_KIND(name) (1u << LLMOBS_COST_##name)
#define LLMOBS_I_CACHE_PARTS                                                                      \
    (LLMOBS_I_KIND(CACHE_READ) | LLMOBS_I_KIND(CACHE_WRITE) | LLMOBS_I_KIND(CACHE_WRITE_1H))
#define LLMOBS_I_INPUT_PARTS                                                                      \
    (LLMOBS_I_CACHE_PARTS | LLMOBS_I_KIND(AUDIO_INPUT) | LLMOBS_I_KIND(IMAGE_INPUT))
#define LLMOBS_I_OUTPUT_PARTS                                                                     \
    (LLMOBS_I_KIND(REASONING) | LLMOBS_I_KIND(AUDIO_OUTPUT) | LLMOBS_I_KIND(IMAGE_OUTPUT))

/* Tokens, each of one kind: those of INPUT and OUTPUT are what is left of the totals. */
typedef struct llmobsi_counts {
    uint64_t of[LLMOBS_COST_KIND_COUNT];
    uint64_t prompt; /* all input tokens, cached ones included */
    uint32_t used;    /* kinds of which there are any */
    uint32_t unknown; /* kinds of which some may be among those of the kind they are part of */
    bool has_prompt;
    bool has_completion;
    bool unbounded; /* tokens that come on top are unknown                       */
    bool any_hour;  /* how many of the cache writes are kept for an hour is, too */
    bool inconsistent;
} llmobsi_counts;

/* Whether anything is unknown. */
llmobsi_inline bool llmobsi_counts_are_open(const llmobsi_counts* counts)
{
    return counts->unknown != 0 || !counts->has_prompt || !counts->has_completion ||
           counts->unbounded || counts->any_hour;
}

/* One part. What a provider's own account does not name is none. */
llmobsi_inline void llmobsi_count_part(llmobsi_counts* counts, llmobs_cost_kind kind,
                                       int64_t tokens, bool reported)
{
    tokens = llmobsi_tokens_known(tokens);
    counts->of[kind] = tokens > 0 ? (uint64_t)tokens : 0;
    if (tokens < 0 && !reported) {
        counts->unknown |= 1u << kind;
    }
}

/* At most this many of a kind. */
llmobsi_inline uint64_t llmobsi_count_cut(llmobsi_counts* counts, llmobs_cost_kind kind,
                                          uint64_t budget)
{
    if (counts->of[kind] > budget) {
        counts->of[kind] = budget;
        counts->inconsistent = true;
    }
    return budget - counts->of[kind];
}

/* What is left of a total when its parts are taken off. */
llmobsi_inline uint64_t llmobsi_count_rest(llmobsi_counts* counts, uint64_t total, uint64_t parts)
{
    counts->inconsistent |= parts > total;
    return total > parts ? total - parts : 0;
}

/* The cache's tokens: CACHE_WRITE holds all that are written, as yet. */
llmobsi_fn void llmobsi_counts_cache(llmobsi_counts* counts, const llmobs_usage* usage)
{
    uint64_t* of = counts->of;
    llmobsi_count_part(counts, LLMOBS_COST_CACHE_READ, usage->cached_tokens, usage->reported);
    llmobsi_count_part(counts, LLMOBS_COST_CACHE_WRITE, usage->cache_write_tokens,
                       usage->reported);
    llmobsi_count_part(counts, LLMOBS_COST_CACHE_WRITE_1H, usage->cache_write_1h_tokens,
                       usage->reported);
    if (llmobsi_tokens_known(usage->cache_write_tokens) < 0) {
        of[LLMOBS_COST_CACHE_WRITE] = of[LLMOBS_COST_CACHE_WRITE_1H];
    } else {
        (void)llmobsi_count_cut(counts, LLMOBS_COST_CACHE_WRITE_1H, of[LLMOBS_COST_CACHE_WRITE]);
        counts->any_hour = (counts->unknown & LLMOBS_I_KIND(CACHE_WRITE_1H)) != 0 &&
                           usage->cache_write_tokens > 0;
        counts->unknown &= ~LLMOBS_I_KIND(CACHE_WRITE_1H);
    }
}

/* Sound and pictures may be cached too: they get what the cache has left of the total. */
llmobsi_fn void llmobsi_counts_input(llmobsi_counts* counts, const llmobs_usage* usage,
                                     bool additive, bool blank)
{
    uint64_t* of = counts->of;
    llmobsi_counts_cache(counts, usage);
    llmobsi_count_part(counts, LLMOBS_COST_AUDIO_INPUT, usage->audio_input_tokens,
                       usage->reported);
    llmobsi_count_part(counts, LLMOBS_COST_IMAGE_INPUT, usage->image_input_tokens,
                       usage->reported);
    counts->has_prompt = !blank && llmobsi_tokens_known(usage->input_tokens) >= 0;
    counts->prompt = counts->has_prompt ? (uint64_t)usage->input_tokens : 0;
    if (additive) {
        counts->prompt += of[LLMOBS_COST_CACHE_READ] + of[LLMOBS_COST_CACHE_WRITE];
        counts->unbounded = (counts->unknown & LLMOBS_I_CACHE_PARTS) != 0;
        counts->unknown &= ~LLMOBS_I_CACHE_PARTS;
    }
    if (counts->has_prompt) {
        uint64_t budget = llmobsi_count_rest(
            counts, counts->prompt, of[LLMOBS_COST_CACHE_READ] + of[LLMOBS_COST_CACHE_WRITE]);
        budget = llmobsi_count_cut(counts, LLMOBS_COST_AUDIO_INPUT, budget);
        of[LLMOBS_COST_INPUT] = llmobsi_count_cut(counts, LLMOBS_COST_IMAGE_INPUT, budget);
    }
    of[LLMOBS_COST_CACHE_WRITE] -= of[LLMOBS_COST_CACHE_WRITE_1H];
}

llmobsi_fn void llmobsi_counts_output(llmobsi_counts* counts, const llmobs_usage* usage,
                                      bool blank)
{
    uint64_t* of = counts->of;
    llmobsi_count_part(counts, LLMOBS_COST_REASONING, usage->reasoning_tokens, usage->reported);
    llmobsi_count_part(counts, LLMOBS_COST_AUDIO_OUTPUT, usage->audio_output_tokens,
                       usage->reported);
    llmobsi_count_part(counts, LLMOBS_COST_IMAGE_OUTPUT, usage->image_output_tokens,
                       usage->reported);
    counts->has_completion = !blank && llmobsi_tokens_known(usage->output_tokens) >= 0;
    if (counts->has_completion) {
        of[LLMOBS_COST_OUTPUT] = llmobsi_count_rest(
            counts, (uint64_t)usage->output_tokens,
            of[LLMOBS_COST_REASONING] + of[LLMOBS_COST_AUDIO_OUTPUT] +
                of[LLMOBS_COST_IMAGE_OUTPUT]);
    }
}

/* Whether there is any number at all. */
llmobsi_fn bool llmobsi_counts_read(llmobsi_counts* counts, const llmobs_usage* usage,
                                    bool additive)
{
    bool blank = llmobsi_usage_is_blank(usage);
    int kind;
    memset(counts, 0, sizeof *counts);
    llmobsi_counts_input(counts, usage, additive, blank);
    llmobsi_counts_output(counts, usage, blank);
    for (kind = 0; kind < (int)LLMOBS_COST_KIND_COUNT; kind++) {
        counts->used |= (counts->of[kind] != 0 ? 1u : 0u) << kind;
    }
    return counts->used != 0 || counts->has_prompt || counts->has_completion;
}

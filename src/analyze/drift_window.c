/* A window's sums, and a Bloom filter (Bloom 1970) of the groups that have voted: eight bits of
   sixteen a group, so that of as many as were expected one in 2,000 is taken for another. */

#define LLMOBS_I_DRIFT_GROUPS 2048u
#define LLMOBS_I_DRIFT_GROUPS_MOST (1u << 20)
#define LLMOBS_I_DRIFT_GROUP_BITS 16u
#define LLMOBS_I_DRIFT_PROBES 8u

/* Behind it: the sums of normalised values, `dimension` of them; the filter's words. */
struct llmobs_drift_window {
    uint64_t fingerprint; /* of the baseline */
    uint32_t dimension;
    uint32_t words; /* of the filter, a power of two. Up to here it stays as it is made */
    uint32_t votes;
    uint32_t beyond; /* of these, farther from all prototypes than any embedding held */
    uint64_t repeated;
    uint64_t unusable;
    int64_t distance;        /* this and the next: sums */
    int64_t distance_square;
    uint32_t nearest_to[LLMOBS_DRIFT_PROTOTYPES];
};

llmobsi_inline int64_t* llmobsi_drift_sums_of(const llmobs_drift_window* window)
{
    uintptr_t start = (uintptr_t)window + sizeof *window;
    return (int64_t*)start;
}

llmobsi_inline uint64_t* llmobsi_drift_filter_of(const llmobs_drift_window* window)
{
    return (uint64_t*)(void*)(llmobsi_drift_sums_of(window) + window->dimension);
}

/* Of the filter, for so many groups; 0: they are too many. */
llmobsi_fn uint32_t llmobsi_drift_words(size_t groups)
{
    groups = groups != 0 ? groups : LLMOBS_I_DRIFT_GROUPS;
    if (groups > LLMOBS_I_DRIFT_GROUPS_MOST) {
        return 0;
    }
    return llmobsi_round_up_pow2(((uint32_t)groups * LLMOBS_I_DRIFT_GROUP_BITS + 63) / 64);
}

llmobsi_fn size_t llmobsi_drift_window_size(size_t dimension, uint32_t words)
{
    return sizeof(llmobs_drift_window) + dimension * sizeof(int64_t) +
           words * sizeof(uint64_t);
}

LLMOBS_API size_t llmobs_drift_window_bytes(size_t dimension, size_t groups)
{
    uint32_t words = llmobsi_drift_words(groups);
    if (dimension < 2 || dimension > LLMOBS_DRIFT_DIMENSIONS || words == 0) {
        return 0;
    }
    return llmobsi_drift_window_size(dimension, words);
}

LLMOBS_API llmobs_result llmobs_drift_window_make(void* memory, size_t bytes,
                                                  const llmobs_drift_baseline* baseline,
                                                  size_t groups, llmobs_drift_window** out)
{
    llmobs_drift_window* window = (llmobs_drift_window*)memory;
    size_t needed;
    if (memory == NULL || baseline == NULL || out == NULL || !llmobsi_drift_is_aligned(memory)) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    needed = llmobs_drift_window_bytes(baseline->dimension, groups);
    if (needed == 0) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    if (bytes < needed) {
        return LLMOBS_ERROR_MEMORY;
    }
    memset(memory, 0, needed);
    window->fingerprint = baseline->fingerprint;
    window->dimension = baseline->dimension;
    window->words = llmobsi_drift_words(groups);
    *out = window;
    return LLMOBS_OK;
}

/* ---- groups -------------------------------------------------------------------------------- */

/* A group's eight bits: from one on, in steps that reach all. */
typedef struct llmobsi_drift_probe {
    uint64_t first;
    uint64_t step;
} llmobsi_drift_probe;

llmobsi_fn llmobsi_drift_probe llmobsi_drift_probe_of(const llmobs_drift_window* window,
                                                      uint64_t group)
{
    llmobsi_drift_probe probe;
    probe.first = llmobsi_drift_hash(group, window->fingerprint);
    probe.step = llmobsi_drift_hash(group, ~window->fingerprint) | 1;
    return probe;
}

llmobsi_inline uint64_t* llmobsi_drift_bit(const llmobs_drift_window* window,
                                           const llmobsi_drift_probe* probe, uint32_t i,
                                           uint64_t* bit)
{
    uint64_t at = (probe->first + i * probe->step) & ((uint64_t)window->words * 64 - 1);
    *bit = UINT64_C(1) << at % 64;
    return llmobsi_drift_filter_of(window) + at / 64;
}

llmobsi_fn bool llmobsi_drift_has_voted(const llmobs_drift_window* window,
                                        const llmobsi_drift_probe* probe)
{
    uint64_t bit;
    uint32_t i;
    for (i = 0; i < LLMOBS_I_DRIFT_PROBES; i++) {
        if ((*llmobsi_drift_bit(window, probe, i, &bit) & bit) == 0) {
            return false;
        }
    }
    return true;
}

llmobsi_fn void llmobsi_drift_note_vote(llmobs_drift_window* window,
                                        const llmobsi_drift_probe* probe)
{
    uint64_t bit;
    uint32_t i;
    for (i = 0; i < LLMOBS_I_DRIFT_PROBES; i++) {
        uint64_t* word = llmobsi_drift_bit(window, probe, i, &bit);
        *word |= bit;
    }
}

/* Whether half of the filter is set, so that 1 of 256 new groups is taken for an old one. */
llmobsi_fn bool llmobsi_drift_groups_full(const llmobs_drift_window* window)
{
    const uint64_t* filter = llmobsi_drift_filter_of(window);
    uint64_t set = 0;
    uint32_t i;
    for (i = 0; i < window->words; i++) {
        set += (uint64_t)llmobsi_bit_count64(filter[i]);
    }
    return set > (uint64_t)window->words * 32;
}

/* ---- adding -------------------------------------------------------------------------------- */

llmobsi_fn llmobs_result llmobsi_drift_window_unusable(llmobs_drift_window* window)
{
    window->unusable++;
    return LLMOBS_ERROR_DATA;
}

/* A vote. False: there is nothing to normalise. */
llmobsi_fn bool llmobsi_drift_vote(llmobs_drift_window* window,
                                   const llmobs_drift_baseline* baseline, const float* x)
{
    const llmobsi_drift_path* path = llmobsi_drift_here();
    const llmobsi_drift_centres centres = llmobsi_drift_centres_of(baseline);
    double scale = llmobsi_drift_scale(path, x, window->dimension);
    llmobsi_drift_nearest nearest;
    double distance;
    if (!(scale > 0.0)) {
        return false;
    }
    nearest = llmobsi_drift_find(path, &centres, x, scale);
    distance = llmobsi_sqrt(nearest.square);
    path->add(llmobsi_drift_sums_of(window), x, scale, window->dimension);
    window->distance += llmobsi_drift_fixed(distance);
    window->distance_square += llmobsi_drift_fixed(nearest.square);
    window->nearest_to[nearest.index]++;
    window->beyond += distance > baseline->distance_most;
    window->votes++;
    return true;
}

LLMOBS_API llmobs_result llmobs_drift_window_add(llmobs_drift_window* window,
                                                 const llmobs_drift_baseline* baseline,
                                                 const llmobs_embedding* embedding)
{
    llmobsi_drift_probe probe;
    if (window == NULL || baseline == NULL || embedding == NULL || embedding->values == NULL) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    if (window->fingerprint != baseline->fingerprint ||
        !llmobsi_drift_matches(embedding, window->dimension, baseline->embedder)) {
        return LLMOBS_ERROR_MISMATCH;
    }
    probe = llmobsi_drift_probe_of(window, embedding->group);
    if (embedding->group != 0 && llmobsi_drift_has_voted(window, &probe)) {
        window->repeated++;
        return LLMOBS_OK;
    }
    if (window->votes == LLMOBS_I_DRIFT_VOTES) {
        return LLMOBS_ERROR_LIMIT;
    }
    if (!llmobsi_drift_vote(window, baseline, embedding->values)) {
        return llmobsi_drift_window_unusable(window);
    }
    if (embedding->group != 0) {
        llmobsi_drift_note_vote(window, &probe);
    }
    return LLMOBS_OK;
}

LLMOBS_API llmobs_result llmobs_drift_window_merge(llmobs_drift_window* into,
                                                   const llmobs_drift_window* from)
{
    uint32_t i;
    if (into == NULL || from == NULL || into == from) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    if (into->fingerprint != from->fingerprint || into->dimension != from->dimension ||
        into->words != from->words) {
        return LLMOBS_ERROR_MISMATCH;
    }
    if (from->votes > LLMOBS_I_DRIFT_VOTES - into->votes) {
        return LLMOBS_ERROR_LIMIT;
    }
    into->votes += from->votes;
    into->beyond += from->beyond;
    into->repeated += from->repeated;
    into->unusable += from->unusable;
    into->distance += from->distance;
    into->distance_square += from->distance_square;
    for (i = 0; i < LLMOBS_DRIFT_PROTOTYPES; i++) {
        into->nearest_to[i] += from->nearest_to[i];
    }
    for (i = 0; i < into->dimension; i++) {
        llmobsi_drift_sums_of(into)[i] += llmobsi_drift_sums_of(from)[i];
    }
    for (i = 0; i < into->words; i++) {
        llmobsi_drift_filter_of(into)[i] |= llmobsi_drift_filter_of(from)[i];
    }
    return LLMOBS_OK;
}

LLMOBS_API llmobs_drift_tally llmobs_drift_window_counts(const llmobs_drift_window* window)
{
    llmobs_drift_tally counts;
    memset(&counts, 0, sizeof counts);
    if (window != NULL) {
        counts.kept = window->votes;
        counts.repeated = window->repeated;
        counts.unusable = window->unusable;
    }
    return counts;
}

LLMOBS_API void llmobs_drift_window_reset(llmobs_drift_window* window)
{
    if (window != NULL) {
        const size_t stays = offsetof(llmobs_drift_window, votes);
        llmobsi_wipe((char*)window + stays,
                     llmobsi_drift_window_size(window->dimension, window->words) - stays);
    }
}

/* The sample: bottom-k by the rank of groups. A rank that was refused once is refused ever after,
   since the highest rank that is kept only falls; so of a group that is kept at the end, every
   embedding was looked at, and what is kept is what a look at all of them would have kept. */

/* One that is kept. */
typedef struct llmobsi_drift_item {
    uint64_t rank;  /* of its group, or of itself. No two are equal */
    uint64_t order; /* within the group */
    uint64_t place; /* of its vector */
} llmobsi_drift_item;

/* Behind it the items, then the vectors, normalised. */
struct llmobs_drift_sample {
    size_t bytes; /* of all */
    uint64_t seed;
    uint32_t dimension;
    uint32_t room;
    uint32_t count;
    uint32_t padding;
    llmobs_drift_tally counts;
    char embedder[LLMOBS_EMBEDDER_SIZE];
};

#define LLMOBS_I_DRIFT_ROOM (1u << 24)

llmobsi_inline llmobsi_drift_item* llmobsi_drift_items(const llmobs_drift_sample* sample)
{
    uintptr_t start = (uintptr_t)sample + sizeof *sample;
    return (llmobsi_drift_item*)start;
}

llmobsi_inline float* llmobsi_drift_sample_row(const llmobs_drift_sample* sample, uint64_t place)
{
    float* rows = (float*)(void*)(llmobsi_drift_items(sample) + sample->room);
    return rows + (size_t)place * sample->dimension;
}

/* The highest rank on top. */
llmobsi_fn bool llmobsi_drift_ranks_lower(const void* a, const void* b)
{
    return ((const llmobsi_drift_item*)a)->rank > ((const llmobsi_drift_item*)b)->rank;
}

llmobsi_fn llmobsi_heap llmobsi_drift_heap(llmobsi_drift_item* items, size_t count)
{
    llmobsi_heap heap;
    heap.items = (unsigned char*)items;
    heap.item_size = sizeof *items;
    heap.room = count;
    heap.count = count;
    heap.less = llmobsi_drift_ranks_lower;
    return heap;
}

/* A hash of a number that is the same on every machine. */
llmobsi_fn uint64_t llmobsi_drift_hash(uint64_t number, uint64_t seed)
{
    unsigned char bytes[8];
    llmobsi_store_le64(bytes, number);
    return llmobsi_hash64_own(bytes, sizeof bytes, seed);
}

/* Copies a name that is not too long. */
llmobsi_fn bool llmobsi_drift_set_embedder(char out[LLMOBS_EMBEDDER_SIZE], const char* embedder)
{
    const char* end = embedder != NULL
                          ? (const char*)memchr(embedder, '\0', LLMOBS_EMBEDDER_SIZE)
                          : NULL;
    if (end == NULL || !llmobsi_utf8_is_valid(embedder, (size_t)(end - embedder))) {
        return false;
    }
    memset(out, 0, LLMOBS_EMBEDDER_SIZE);
    memcpy(out, embedder, (size_t)(end - embedder));
    return true;
}

llmobsi_inline bool llmobsi_drift_is_aligned(const void* memory)
{
    return (uintptr_t)memory % sizeof(uint64_t) == 0;
}

LLMOBS_API size_t llmobs_drift_sample_bytes(size_t dimension, size_t room)
{
    size_t each;
    size_t all;
    if (dimension < 2 || dimension > LLMOBS_DRIFT_DIMENSIONS || room == 0 ||
        room > LLMOBS_I_DRIFT_ROOM) {
        return 0;
    }
    each = llmobsi_size_add(sizeof(llmobsi_drift_item), dimension * sizeof(float));
    all = llmobsi_size_add(sizeof(llmobs_drift_sample), llmobsi_size_mul(room, each));
    return all != LLMOBS_I_SIZE_OVERFLOW ? all : 0;
}

LLMOBS_API llmobs_result llmobs_drift_sample_make(void* memory, size_t bytes, size_t dimension,
                                                  size_t room, const char* embedder, uint64_t seed,
                                                  llmobs_drift_sample** out)
{
    llmobs_drift_sample* sample = (llmobs_drift_sample*)memory;
    size_t needed = llmobs_drift_sample_bytes(dimension, room);
    char name[LLMOBS_EMBEDDER_SIZE];
    if (memory == NULL || out == NULL || needed == 0 || !llmobsi_drift_is_aligned(memory) ||
        !llmobsi_drift_set_embedder(name, embedder)) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    if (bytes < needed) {
        return LLMOBS_ERROR_MEMORY;
    }
    memset((void*)sample, 0, sizeof *sample);
    sample->bytes = needed;
    sample->seed = seed;
    sample->dimension = (uint32_t)dimension;
    sample->room = (uint32_t)room;
    memcpy(sample->embedder, name, sizeof name);
    *out = sample;
    return LLMOBS_OK;
}

/* ---- adding -------------------------------------------------------------------------------- */

/* Where a rank is kept; the count: nowhere. */
llmobsi_fn uint32_t llmobsi_drift_sample_find(const llmobs_drift_sample* sample, uint64_t rank)
{
    const llmobsi_drift_item* items = llmobsi_drift_items(sample);
    uint32_t i;
    for (i = 0; i < sample->count; i++) {
        if (items[i].rank == rank) {
            break;
        }
    }
    return i;
}

/* Puts in an item that has no place yet, and gives it one: a free one, or that of the highest rank.
   The items become a heap once they are full. */
llmobsi_fn uint64_t llmobsi_drift_sample_put(llmobs_drift_sample* sample, llmobsi_drift_item item)
{
    llmobsi_drift_item* items = llmobsi_drift_items(sample);
    llmobsi_heap heap = llmobsi_drift_heap(items, sample->room);
    if (sample->count == sample->room) {
        item.place = items[0].place;
        items[0] = item;
        sample->counts.passed++;
        llmobsi_heap_sink(&heap, heap.count, 0);
    } else {
        item.place = sample->count;
        items[sample->count++] = item;
        if (sample->count == sample->room) {
            llmobsi_heap_order(&heap);
        }
    }
    return item.place;
}

/* The place of what is to be kept, for its vector to be written; room: it is not. */
llmobsi_fn uint64_t llmobsi_drift_sample_take(llmobs_drift_sample* sample, uint64_t rank,
                                              uint64_t order)
{
    llmobsi_drift_item* items = llmobsi_drift_items(sample);
    llmobsi_drift_item item;
    uint32_t at;
    if (sample->count == sample->room && rank > items[0].rank) {
        sample->counts.passed++;
        return sample->room;
    }
    at = llmobsi_drift_sample_find(sample, rank);
    if (at == sample->count) {
        item.rank = rank;
        item.order = order;
        item.place = 0;
        return llmobsi_drift_sample_put(sample, item);
    }
    sample->counts.repeated++;
    if (order >= items[at].order) {
        return sample->room;
    }
    items[at].order = order;
    return items[at].place;
}

llmobsi_fn llmobs_result llmobsi_drift_sample_unusable(llmobs_drift_sample* sample)
{
    sample->counts.unusable++;
    return LLMOBS_ERROR_DATA;
}

LLMOBS_API llmobs_result llmobs_drift_sample_add(llmobs_drift_sample* sample,
                                                 const llmobs_embedding* embedding)
{
    const llmobsi_drift_path* path = llmobsi_drift_here();
    uint64_t key;
    uint64_t place;
    double scale;
    if (sample == NULL || embedding == NULL || embedding->values == NULL) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    if (!llmobsi_drift_matches(embedding, sample->dimension, sample->embedder)) {
        return LLMOBS_ERROR_MISMATCH;
    }
    scale = llmobsi_drift_scale(path, embedding->values, sample->dimension);
    if (!(scale > 0.0)) {
        return llmobsi_drift_sample_unusable(sample);
    }
    key = embedding->group != 0 ? embedding->group : embedding->id;
    place = llmobsi_drift_sample_take(sample, llmobsi_drift_hash(key, sample->seed),
                                      llmobsi_drift_hash(embedding->id, sample->seed + 1));
    if (place < sample->room) {
        float* row = llmobsi_drift_sample_row(sample, place);
        size_t i;
        for (i = 0; i < sample->dimension; i++) {
            row[i] = (float)llmobsi_drift_normal(embedding->values[i], scale);
        }
    }
    return LLMOBS_OK;
}

LLMOBS_API llmobs_result llmobs_drift_sample_merge(llmobs_drift_sample* into,
                                                   const llmobs_drift_sample* from)
{
    const llmobsi_drift_item* items;
    uint32_t i;
    if (into == NULL || from == NULL || into == from) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    if (into->dimension != from->dimension || into->seed != from->seed ||
        strcmp(into->embedder, from->embedder) != 0) {
        return LLMOBS_ERROR_MISMATCH;
    }
    items = llmobsi_drift_items(from);
    for (i = 0; i < from->count; i++) {
        uint64_t place = llmobsi_drift_sample_take(into, items[i].rank, items[i].order);
        if (place < into->room) {
            memcpy(llmobsi_drift_sample_row(into, place),
                   llmobsi_drift_sample_row(from, items[i].place),
                   into->dimension * sizeof(float));
        }
    }
    into->counts.passed += from->counts.passed;
    into->counts.repeated += from->counts.repeated;
    into->counts.unusable += from->counts.unusable;
    return LLMOBS_OK;
}

LLMOBS_API llmobs_drift_tally llmobs_drift_sample_counts(const llmobs_drift_sample* sample)
{
    llmobs_drift_tally counts;
    memset(&counts, 0, sizeof counts);
    if (sample != NULL) {
        counts = sample->counts;
        counts.kept = sample->count;
    }
    return counts;
}

LLMOBS_API void llmobs_drift_sample_wipe(llmobs_drift_sample* sample)
{
    if (sample != NULL) {
        llmobsi_wipe(sample, sample->bytes);
    }
}

/* Whether something came lately: the prints of the last ones, in sets of 16. Any thread; of several
   that add the same one at the same time one alone is told that it is new.

   A word is a print, and below it its number in the order in which its set was filled. A new one
   takes the place of the oldest, by compare-and-swap: whoever overlooked that the same one came
   just before also takes its place for the oldest, and fails. So nothing but these words need be
   seen, in no order. */

#define LLMOBS_I_SEEN_WAYS 16u
#define LLMOBS_I_SEEN_BITS 16u /* of a number; the print has the others */

typedef struct llmobsi_seen {
    llmobsi_atomic64* words; /* this and the next two: whoever lays it out */
    uint32_t mask;           /* of sets, a power of two, no more than 1 << LLMOBS_I_SEEN_BITS */
    uint64_t seed;
} llmobsi_seen;

/* As if nothing had come. Nobody else is there. */
llmobsi_fn void llmobsi_seen_reset(llmobsi_seen* seen, llmobsi_atomic64* words, uint32_t sets,
                                   uint64_t seed)
{
    uint32_t i;
    for (i = 0; i < sets * LLMOBS_I_SEEN_WAYS; i++) {
        words[i] = i % LLMOBS_I_SEEN_WAYS; /* no print, and the first is the oldest */
    }
    seen->words = words;
    seen->mask = sets - 1;
    seen->seed = seed;
}

/* What is kept of a text: never 0. Two of different texts are equal once in 2^48 times in a set. */
llmobsi_inline uint64_t llmobsi_seen_hash(const llmobsi_seen* seen, llmobs_string text)
{
    uint64_t hash = llmobsi_hash64(text.data, text.size, seen->seed);
    return hash >> LLMOBS_I_SEEN_BITS != 0 ? hash : hash + (UINT64_C(1) << LLMOBS_I_SEEN_BITS);
}

llmobsi_inline llmobsi_atomic64* llmobsi_seen_set(const llmobsi_seen* seen, uint64_t hash)
{
    return &seen->words[(size_t)(hash & seen->mask) * LLMOBS_I_SEEN_WAYS];
}

/* The word that has this print, or NULL; and the oldest, with its value, and the number for the
   next one. Numbers go round: they are compared by how far they are from each other. */
llmobsi_fn llmobsi_atomic64* llmobsi_seen_find(const llmobsi_seen* seen, uint64_t hash,
                                               llmobsi_atomic64** oldest, uint64_t* value,
                                               uint16_t* number)
{
    llmobsi_atomic64* set = llmobsi_seen_set(seen, hash);
    uint16_t first = (uint16_t)llmobsi_load_relaxed(&set[0]);
    int32_t least = INT32_MAX, most = INT32_MIN;
    uint32_t way;
    for (way = 0; way < LLMOBS_I_SEEN_WAYS; way++) {
        uint64_t word = llmobsi_load_relaxed(&set[way]);
        int32_t since = (int16_t)(uint16_t)(word - first);
        if (word >> LLMOBS_I_SEEN_BITS == hash >> LLMOBS_I_SEEN_BITS) {
            return &set[way];
        }
        if (since < least) {
            least = since;
            *oldest = &set[way];
            *value = word;
        }
        most = since > most ? since : most;
    }
    *number = (uint16_t)(first + most + 1);
    return NULL;
}

llmobsi_fn bool llmobsi_seen_has(const llmobsi_seen* seen, uint64_t hash)
{
    llmobsi_atomic64* oldest;
    uint64_t value;
    uint16_t number;
    return llmobsi_seen_find(seen, hash, &oldest, &value, &number) != NULL;
}

/* True: it is new, and from now on it is not. */
llmobsi_fn bool llmobsi_seen_add(const llmobsi_seen* seen, uint64_t hash)
{
    llmobsi_atomic64* oldest = NULL;
    uint64_t value = 0;
    uint16_t number = 0;
    do {
        if (llmobsi_seen_find(seen, hash, &oldest, &value, &number) != NULL) {
            return false;
        }
    } while (!llmobsi_cas_acquire_release(
        oldest, &value, (hash >> LLMOBS_I_SEEN_BITS) << LLMOBS_I_SEEN_BITS | number));
    return true;
}

/* As if it had not come. Its place stays as young as it was. */
llmobsi_fn void llmobsi_seen_forget(const llmobsi_seen* seen, uint64_t hash)
{
    llmobsi_atomic64* oldest;
    uint64_t value;
    uint16_t number;
    llmobsi_atomic64* word = llmobsi_seen_find(seen, hash, &oldest, &value, &number);
    uint64_t there = word != NULL ? llmobsi_load_relaxed(word) : 0;
    if (there >> LLMOBS_I_SEEN_BITS == hash >> LLMOBS_I_SEEN_BITS) {
        (void)llmobsi_cas_acquire_release(word, &there, there % (1u << LLMOBS_I_SEEN_BITS));
    }
}

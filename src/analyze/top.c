/* The heaviest keys in fixed memory: weighted Space-Saving (Metwally, Agrawal, El Abbadi 2005).

   A counter has a key, a count and an error: the key's true weight is at most the count, and at
   least the count less the error. A key that has no counter takes over the smallest one, whose
   count becomes its error. So the counts sum up to all that was added, and no key without a counter
   is heavier than the smallest count (than 0, where a counter is free).

   The keys are pseudonyms, which are keyed hashes: by bits of theirs they are spread over sets of
   sixteen counters, each of which is a Space-Saving of its own. A key is found by a look at one
   cache line, the smallest count at two, and the bounds hold set by set. (Sets of eight are 2 ns
   quicker, and their bounds twice as wide.)

   One writes (the tick). Readers take no lock: they copy a set between two looks at its version,
   all by atomic words, and copy it anew if it has changed meanwhile; a list of all sets looks at
   the epoch as well. There are no addresses in it: it can be saved, and loaded elsewhere. */

#define LLMOBS_I_TOP_WAYS 16u
#define LLMOBS_I_TOP_PRINTS (LLMOBS_I_TOP_WAYS / 8u) /* words */
#define LLMOBS_I_TOP_IDS 16u /* ids of keys that are kept apart */
#define LLMOBS_I_TOP_ID_WORDS (LLMOBS_KEY_ID_SIZE / sizeof(uint64_t))
#define LLMOBS_I_TOP_MOST ((uint64_t)INT64_MAX)
#define LLMOBS_I_TOP_TRIES 64u /* then a reader lets others run */

/* A key: 128 bits of HMAC, which alone say who it is, and by which key they were made. */
typedef struct llmobsi_top_key {
    uint64_t tag[2];
    char id[LLMOBS_KEY_ID_SIZE];
} llmobsi_top_key;

/* What else is summed up of a key, since it last came in. */
typedef struct llmobsi_top_use {
    llmobsi_atomic64 requests;
    llmobsi_atomic64 unpriced; /* of these, whose weight is not known, and so not added */
    llmobsi_atomic64 input_tokens;
    llmobsi_atomic64 output_tokens;
} llmobsi_top_use;

/* The part of a counter that a search for the smallest need not see: one cache line. */
typedef struct llmobsi_top_rest {
    llmobsi_atomic64 tag[2];
    llmobsi_atomic64 id; /* place in the table of ids, + 1; 0: there was no room */
    llmobsi_atomic64 error;
    llmobsi_top_use use;
} llmobsi_top_rest;

/* Written by the one writer, read by any. Counters fill up from the first and never get free. No
   number is above INT64_MAX, where it stays. */
typedef struct llmobsi_top_set {
    llmobsi_atomic64 version; /* odd while the others change */
    llmobsi_atomic64 used;    /* counters that have a key */
    llmobsi_atomic64 total;   /* all weights that were added */
    llmobsi_atomic64 prints[LLMOBS_I_TOP_PRINTS]; /* a byte of each tag, low ones first; 0: free */
    uint64_t padding[5 - LLMOBS_I_TOP_PRINTS];
    llmobsi_atomic64 counts[LLMOBS_I_TOP_WAYS];
    llmobsi_top_rest rest[LLMOBS_I_TOP_WAYS];
} llmobsi_top_set;

/* The sets stand behind it. */
typedef struct llmobsi_top {
    llmobsi_atomic64 epoch; /* odd while all is begun anew */
    uint64_t mask;          /* number of sets - 1 */
    llmobsi_atomic64 ids_used;
    uint64_t padding[5];
    llmobsi_atomic64 ids[LLMOBS_I_TOP_IDS][LLMOBS_I_TOP_ID_WORDS];
} llmobsi_top;

LLMOBS_I_STATIC_ASSERT(top_lines, sizeof(llmobsi_top) % LLMOBS_I_CACHE_LINE == 0 &&
                                      sizeof(llmobsi_top_set) % LLMOBS_I_CACHE_LINE == 0);

/* ---- keys ---------------------------------------------------------------------------------- */

/* The key that a pseudonym is. False: it is none. */
llmobsi_fn bool llmobsi_top_key_read(llmobsi_top_key* key, const char* pseudonym)
{
#ifndef LLMOBS_NO_SHA256
    uint8_t tag[LLMOBS_I_TAG_SIZE];
    if (llmobsi_pseudonym_read(pseudonym, key->id, tag)) {
        key->tag[0] = llmobsi_load_le64(tag);
        key->tag[1] = llmobsi_load_le64(tag + 8);
        return true;
    }
#endif
    (void)pseudonym;
    memset(key, 0, sizeof *key);
    return false;
}

llmobsi_fn void llmobsi_top_key_print(const llmobsi_top_key* key, char out[LLMOBS_PSEUDONYM_SIZE])
{
    out[0] = '\0';
#ifndef LLMOBS_NO_SHA256
    {
        uint8_t tag[LLMOBS_SHA256_SIZE] = {0};
        uint32_t i;
        for (i = 0; i < LLMOBS_I_TAG_SIZE; i++) {
            tag[i] = (uint8_t)(key->tag[i / 8] >> i % 8 * 8);
        }
        llmobsi_pseudonym_print(out, key->id, tag);
    }
#endif
    (void)key;
}

/* ---- sets ---------------------------------------------------------------------------------- */

llmobsi_inline llmobsi_top_set* llmobsi_top_set_at(llmobsi_top* top, uint64_t number)
{
    return (llmobsi_top_set*)(void*)(top + 1) + (number & top->mask);
}

llmobsi_inline const llmobsi_top_set* llmobsi_top_set_of(const llmobsi_top* top, uint64_t number)
{
    return (const llmobsi_top_set*)(const void*)(top + 1) + (number & top->mask);
}

/* Between begin and end, each word is released: who has seen one sees the odd version. */
llmobsi_inline uint64_t llmobsi_top_begin(llmobsi_atomic64* version)
{
    uint64_t before = llmobsi_load_relaxed(version); /* no other writes */
    llmobsi_store_relaxed(version, before + 1);
    return before;
}

llmobsi_inline void llmobsi_top_put(llmobsi_atomic64* word, uint64_t value)
{
    llmobsi_store_release(word, value);
}

llmobsi_inline void llmobsi_top_end(llmobsi_atomic64* version, uint64_t before)
{
    llmobsi_store_release(version, before + 2);
}

/* Of two numbers up to INT64_MAX, which the sum does not leave behind. */
llmobsi_inline uint64_t llmobsi_top_sum(uint64_t a, uint64_t b)
{
    return a + b > LLMOBS_I_TOP_MOST ? LLMOBS_I_TOP_MOST : a + b;
}

llmobsi_inline void llmobsi_top_add_to(llmobsi_atomic64* word, uint64_t more)
{
    llmobsi_top_put(word, llmobsi_top_sum(llmobsi_load_relaxed(word), more));
}

llmobsi_inline void llmobsi_top_use_add(llmobsi_top_use* use, const llmobsi_top_use* more)
{
    llmobsi_top_add_to(&use->requests, more->requests);
    llmobsi_top_add_to(&use->unpriced, more->unpriced);
    llmobsi_top_add_to(&use->input_tokens, more->input_tokens);
    llmobsi_top_add_to(&use->output_tokens, more->output_tokens);
}

/* The byte by which a key is looked for, of bits that do not choose the set. Never 0. */
llmobsi_inline uint64_t llmobsi_top_print(const uint64_t tag[2])
{
    return tag[0] >> 56 | 1;
}

/* The counter of a key; LLMOBS_I_TOP_WAYS: it has none. Eight bytes are compared at once: those
   that are equal become 0, and their highest bit is set in `found`. */
llmobsi_inline uint32_t llmobsi_top_find(const llmobsi_top_set* set, const uint64_t tag[2])
{
    const uint64_t low_bits = UINT64_C(0x7f7f7f7f7f7f7f7f);
    const uint64_t print = llmobsi_top_print(tag) * UINT64_C(0x0101010101010101);
    uint32_t word;
    for (word = 0; word < LLMOBS_I_TOP_PRINTS; word++) {
        uint64_t differ = llmobsi_load_relaxed(&set->prints[word]) ^ print;
        uint64_t found = ~(((differ & low_bits) + low_bits) | differ | low_bits);
        for (; found != 0; found &= found - 1) {
            uint32_t way = word * 8 + (uint32_t)llmobsi_trailing_zeros64(found) / 8;
            const llmobsi_top_rest* rest = &set->rest[way];
            if (llmobsi_likely(llmobsi_load_relaxed(&rest->tag[0]) == tag[0] &&
                               llmobsi_load_relaxed(&rest->tag[1]) == tag[1])) {
                return way;
            }
        }
    }
    return LLMOBS_I_TOP_WAYS;
}

/* The counter with the smallest count. The even and the odd ones apart: two searches that do not
   wait for each other take less time than one. No branch: which is smallest can't be foretold. */
llmobsi_inline uint32_t llmobsi_top_smallest(const llmobsi_top_set* set)
{
    uint64_t even = llmobsi_load_relaxed(&set->counts[0]);
    uint64_t odd = llmobsi_load_relaxed(&set->counts[1]);
    uint32_t even_way = 0;
    uint32_t odd_way = 1;
    uint32_t way;
    for (way = 2; way < LLMOBS_I_TOP_WAYS; way += 2) {
        uint64_t first = llmobsi_load_relaxed(&set->counts[way]);
        uint64_t second = llmobsi_load_relaxed(&set->counts[way + 1]);
        even_way = first < even ? way : even_way;
        even = first < even ? first : even;
        odd_way = second < odd ? way + 1 : odd_way;
        odd = second < odd ? second : odd;
    }
    return odd < even ? odd_way : even_way;
}

/* No key without a counter is heavier. A free counter is 0, and then this is. */
llmobsi_inline uint64_t llmobsi_top_floor(const llmobsi_top_set* set)
{
    return llmobsi_load_relaxed(&set->counts[llmobsi_top_smallest(set)]);
}

/* ---- the writer ---------------------------------------------------------------------------- */

/* The place of an id, + 1, which it is given on first sight. 0: there is no room, so its keys are
   shown without. */
llmobsi_fn uint64_t llmobsi_top_id(llmobsi_top* top, const char id[LLMOBS_KEY_ID_SIZE])
{
    uint64_t words[LLMOBS_I_TOP_ID_WORDS];
    uint64_t used = llmobsi_load_relaxed(&top->ids_used);
    uint64_t place;
    size_t i;
    memcpy(words, id, sizeof words);
    for (place = 0; place < used; place++) {
        for (i = 0; i < LLMOBS_I_TOP_ID_WORDS; i++) {
            if (llmobsi_load_relaxed(&top->ids[place][i]) != words[i]) {
                break;
            }
        }
        if (i == LLMOBS_I_TOP_ID_WORDS) {
            return place + 1;
        }
    }
    if (used == LLMOBS_I_TOP_IDS) {
        return 0;
    }
    for (i = 0; i < LLMOBS_I_TOP_ID_WORDS; i++) {
        llmobsi_top_put(&top->ids[used][i], words[i]);
    }
    llmobsi_store_relaxed(&top->ids_used, used + 1); /* the writer alone looks */
    return used + 1;
}

llmobsi_inline void llmobsi_top_print_put(llmobsi_top_set* set, uint32_t way, uint64_t print)
{
    llmobsi_atomic64* word = &set->prints[way / 8];
    uint32_t shift = way % 8 * 8;
    llmobsi_top_put(word,
                    (llmobsi_load_relaxed(word) & ~(UINT64_C(0xff) << shift)) | print << shift);
}

/* The id at a place, as llmobsi_top_id has given it; "" of 0. */
llmobsi_fn void llmobsi_top_id_get(const llmobsi_top* top, uint64_t place,
                                   char id[LLMOBS_KEY_ID_SIZE])
{
    uint64_t words[LLMOBS_I_TOP_ID_WORDS] = {0};
    size_t i;
    for (i = 0; place > 0 && place <= LLMOBS_I_TOP_IDS && i < LLMOBS_I_TOP_ID_WORDS; i++) {
        words[i] = llmobsi_load_acquire(&top->ids[place - 1][i]);
    }
    memcpy(id, words, sizeof words);
}

/* Gives a counter to a key. */
llmobsi_fn void llmobsi_top_counter_put(llmobsi_top_set* set, uint32_t way,
                                        const llmobsi_top_rest* rest)
{
    llmobsi_top_print_put(set, way, llmobsi_top_print(rest->tag));
    llmobsi_top_put(&set->rest[way].tag[0], rest->tag[0]);
    llmobsi_top_put(&set->rest[way].tag[1], rest->tag[1]);
    llmobsi_top_put(&set->rest[way].id, rest->id);
    llmobsi_top_put(&set->rest[way].error, rest->error);
    llmobsi_top_put(&set->rest[way].use.requests, rest->use.requests);
    llmobsi_top_put(&set->rest[way].use.unpriced, rest->use.unpriced);
    llmobsi_top_put(&set->rest[way].use.input_tokens, rest->use.input_tokens);
    llmobsi_top_put(&set->rest[way].use.output_tokens, rest->use.output_tokens);
}

/* A counter for a key that has none: a free one, else the smallest, if there is any weight to add.
   LLMOBS_I_TOP_WAYS: it gets none. */
llmobsi_noinline uint32_t llmobsi_top_take_in(llmobsi_top* top, llmobsi_top_set* set,
                                              const llmobsi_top_key* key, uint64_t weight)
{
    uint64_t used = llmobsi_load_relaxed(&set->used);
    uint32_t way = (uint32_t)used;
    llmobsi_top_rest rest;
    memset(&rest, 0, sizeof rest);
    if (used < LLMOBS_I_TOP_WAYS) {
        llmobsi_top_put(&set->used, used + 1);
    } else if (weight == 0) {
        return LLMOBS_I_TOP_WAYS;
    } else {
        way = llmobsi_top_smallest(set);
        rest.error = llmobsi_load_relaxed(&set->counts[way]);
    }
    rest.tag[0] = key->tag[0];
    rest.tag[1] = key->tag[1];
    rest.id = llmobsi_top_id(top, key->id);
    llmobsi_top_counter_put(set, way, &rest);
    return way;
}

/* Adds a weight to a key, and the use that it stands for (no number of it above INT64_MAX). A
   weight of 0 takes no other key's place. False: the weight is below 0, and nothing was done: no
   bracket would hold. */
llmobsi_fn bool llmobsi_top_add(llmobsi_top* top, const llmobsi_top_key* key, int64_t weight,
                                const llmobsi_top_use* use)
{
    llmobsi_top_set* set = llmobsi_top_set_at(top, key->tag[0]);
    uint32_t way = llmobsi_top_find(set, key->tag);
    uint64_t before;
    if (weight < 0) {
        return false;
    }
    before = llmobsi_top_begin(&set->version);
    if (way == LLMOBS_I_TOP_WAYS) {
        way = llmobsi_top_take_in(top, set, key, (uint64_t)weight);
    }
    llmobsi_top_add_to(&set->total, (uint64_t)weight);
    if (way < LLMOBS_I_TOP_WAYS) {
        llmobsi_top_add_to(&set->counts[way], (uint64_t)weight);
        llmobsi_top_use_add(&set->rest[way].use, use);
    }
    llmobsi_top_end(&set->version, before);
    return true;
}

/* Begins anew, as for a new period. */
llmobsi_fn void llmobsi_top_reset(llmobsi_top* top)
{
    uint64_t epoch = llmobsi_top_begin(&top->epoch);
    uint64_t number;
    size_t i;
    for (number = 0; number <= top->mask; number++) {
        llmobsi_top_set* set = llmobsi_top_set_at(top, number);
        llmobsi_atomic64* words = &set->used;
        size_t count = (sizeof *set - offsetof(llmobsi_top_set, used)) / sizeof(uint64_t);
        uint64_t before = llmobsi_top_begin(&set->version);
        for (i = 0; i < count; i++) {
            llmobsi_top_put(&words[i], 0);
        }
        llmobsi_top_end(&set->version, before);
    }
    for (i = 0; i < LLMOBS_I_TOP_IDS * LLMOBS_I_TOP_ID_WORDS; i++) {
        llmobsi_top_put(&top->ids[0][0] + i, 0);
    }
    llmobsi_store_relaxed(&top->ids_used, 0);
    llmobsi_top_end(&top->epoch, epoch);
}

/* ---- readers ------------------------------------------------------------------------------- */

/* Copies a set. Each word is acquired: one that is being written shows in the version. False: it
   was. */
llmobsi_fn bool llmobsi_top_try(const llmobsi_top_set* set, llmobsi_top_set* copy)
{
    const llmobsi_atomic64* words = (const llmobsi_atomic64*)(const void*)set;
    uint64_t version = llmobsi_load_acquire(&set->version);
    size_t i;
    copy->version = version;
    for (i = 1; i < sizeof *set / sizeof *words; i++) {
        uint64_t word = llmobsi_load_acquire(&words[i]);
        memcpy((char*)copy + i * sizeof word, &word, sizeof word);
    }
    return (version & 1) == 0 && llmobsi_load_relaxed(&set->version) == version;
}

/* The same until it succeeds: the writer is done with a set after some ten nanoseconds. */
llmobsi_fn void llmobsi_top_copy(const llmobsi_top_set* set, llmobsi_top_set* copy)
{
    uint32_t tries = 0;
    while (!llmobsi_top_try(set, copy)) {
        if (++tries % LLMOBS_I_TOP_TRIES == 0) {
            llmobsi_thread_yield();
        }
    }
}

/* The bracket of any key's weight; of one that has no counter, from 0 on. */
llmobsi_fn void llmobsi_top_estimate(const llmobsi_top* top, const llmobsi_top_key* key,
                                     int64_t* low, int64_t* high)
{
    llmobsi_top_set set;
    uint32_t way;
    llmobsi_top_copy(llmobsi_top_set_of(top, key->tag[0]), &set);
    way = llmobsi_top_find(&set, key->tag);
    if (way < LLMOBS_I_TOP_WAYS) {
        *low = (int64_t)(set.counts[way] - set.rest[way].error);
        *high = (int64_t)set.counts[way];
    } else {
        *low = 0;
        *high = (int64_t)llmobsi_top_floor(&set);
    }
}

/* ---- lists --------------------------------------------------------------------------------- */

LLMOBS_I_STATIC_ASSERT(top_entry_fits, sizeof(llmobs_top_entry) <= LLMOBS_I_HEAP_ITEM);

/* A list under way. */
typedef struct llmobsi_top_list {
    const llmobsi_top* top;
    llmobsi_heap heap; /* of its entries */
    uint64_t total;
    uint64_t rest; /* nobody who is not among the entries is heavier */
} llmobsi_top_list;

llmobsi_fn bool llmobsi_top_is_less(const void* one, const void* other)
{
    const llmobs_top_entry* a = (const llmobs_top_entry*)one;
    const llmobs_top_entry* b = (const llmobs_top_entry*)other;
    if (a->high != b->high) {
        return a->high < b->high;
    }
    return a->low != b->low ? a->low < b->low : strcmp(a->pseudonym, b->pseudonym) > 0;
}

llmobsi_fn void llmobsi_top_show(const llmobsi_top* top, const llmobsi_top_set* set, uint32_t way,
                                 llmobs_top_entry* entry)
{
    const llmobsi_top_rest* rest = &set->rest[way];
    llmobsi_top_key key;
    memset(&key, 0, sizeof key);
    memset(entry, 0, sizeof *entry);
    key.tag[0] = rest->tag[0];
    key.tag[1] = rest->tag[1];
    llmobsi_top_id_get(top, rest->id, key.id);
    llmobsi_top_key_print(&key, entry->pseudonym);
    entry->low = (int64_t)(set->counts[way] - rest->error);
    entry->high = (int64_t)set->counts[way];
    entry->requests = rest->use.requests;
    entry->unpriced = rest->use.unpriced;
    entry->input_tokens = rest->use.input_tokens;
    entry->output_tokens = rest->use.output_tokens;
}

llmobsi_inline void llmobsi_top_raise(uint64_t* most, uint64_t value)
{
    *most = value > *most ? value : *most;
}

/* A counter is listed if there is room, or if it is more than the least. */
llmobsi_fn void llmobsi_top_offer(llmobsi_top_list* list, const llmobsi_top_set* set, uint32_t way)
{
    llmobsi_heap* heap = &list->heap;
    const llmobs_top_entry* least = (const llmobs_top_entry*)(const void*)heap->items;
    bool full = heap->count == heap->room;
    llmobs_top_entry entry;
    if (full && (heap->room == 0 || set->counts[way] < (uint64_t)least->high)) {
        llmobsi_top_raise(&list->rest, set->counts[way]);
        return;
    }
    if (full) {
        llmobsi_top_raise(&list->rest, (uint64_t)least->high);
    }
    llmobsi_top_show(list->top, set, way, &entry);
    llmobsi_heap_offer(heap, &entry);
}

llmobsi_fn void llmobsi_top_list_begin(llmobsi_top_list* list, const llmobsi_top* top,
                                       llmobs_top_entry* entries, size_t room)
{
    list->top = top;
    list->heap.items = (unsigned char*)entries;
    list->heap.item_size = sizeof *entries;
    list->heap.room = room;
    list->heap.less = llmobsi_top_is_less;
}

/* All that has a counter. False: it was begun anew meanwhile. */
llmobsi_fn bool llmobsi_top_gather(llmobsi_top_list* list)
{
    uint64_t epoch = llmobsi_load_acquire(&list->top->epoch);
    uint64_t number;
    uint32_t way;
    list->heap.count = 0;
    list->total = 0;
    list->rest = 0;
    for (number = 0; number <= list->top->mask; number++) {
        llmobsi_top_set set;
        llmobsi_top_copy(llmobsi_top_set_of(list->top, number), &set);
        list->total = llmobsi_top_sum(list->total, set.total);
        llmobsi_top_raise(&list->rest, llmobsi_top_floor(&set));
        for (way = 0; way < set.used; way++) {
            llmobsi_top_offer(list, &set, way);
        }
    }
    return (epoch & 1) == 0 && llmobsi_load_relaxed(&list->top->epoch) == epoch;
}

/* Says which places of a list are certain, and what the heaviest `room` have together. Its entries
   are in order, and nobody who is not among them is heavier than `rest`. */
llmobsi_fn void llmobsi_top_sum_up(llmobs_top_entry* entries, size_t count, size_t room,
                                   uint64_t total, uint64_t rest, llmobs_top_share* share)
{
    uint64_t low = 0;
    uint64_t high = 0;
    size_t i;
    for (i = 0; i < room; i++) {
        uint64_t most = rest; /* somebody may be there who is not listed */
        if (i < count) {
            uint64_t next = rest;
            if (i + 1 < count) {
                llmobsi_top_raise(&next, (uint64_t)entries[i + 1].high);
            }
            entries[i].guaranteed = (uint64_t)entries[i].low >= next;
            low = llmobsi_top_sum(low, (uint64_t)entries[i].low);
            llmobsi_top_raise(&most, (uint64_t)entries[i].high);
        }
        high = llmobsi_top_sum(high, most);
    }
    high = high < total ? high : total;
    share->count = count;
    share->total = (int64_t)total;
    share->low = (int64_t)low;
    share->high = (int64_t)high;
    share->low_share = total > 0 ? (double)low / (double)total : 0.0;
    share->high_share = total > 0 ? (double)high / (double)total : 0.0;
    share->rest = (int64_t)rest;
}

/* The heaviest keys, `room` of them at most, and what they have together. Each set is as it was at
   one moment, not all at the same: what is added meanwhile may be in or not. */
llmobsi_fn void llmobsi_top_read(const llmobsi_top* top, llmobs_top_entry* entries, size_t room,
                                 llmobs_top_share* share)
{
    llmobsi_top_list list;
    llmobsi_top_list_begin(&list, top, entries, room);
    while (!llmobsi_top_gather(&list)) {
        llmobsi_thread_yield();
    }
    llmobsi_heap_sort(&list.heap);
    llmobsi_top_sum_up(entries, list.heap.count, room, list.total, list.rest, share);
}

/* ---- merging ------------------------------------------------------------------------------- */

/* Two sets at once: the counters of both. */
typedef struct llmobsi_top_union {
    uint64_t count;
    uint64_t counts[2 * LLMOBS_I_TOP_WAYS];
    llmobsi_top_rest rest[2 * LLMOBS_I_TOP_WAYS];
} llmobsi_top_union;

/* Puts a counter where it belongs by its count, the largest first. */
llmobsi_fn void llmobsi_top_insert(llmobsi_top_union* both, uint64_t count,
                                   const llmobsi_top_rest* rest)
{
    uint64_t place = both->count++;
    for (; place > 0 && both->counts[place - 1] < count; place--) {
        both->counts[place] = both->counts[place - 1];
        both->rest[place] = both->rest[place - 1];
    }
    both->counts[place] = count;
    both->rest[place] = *rest;
}

/* The counters of a set, with what the other one has, or may have, of their keys. `twice`: those
   that the other one has as well are wanted. */
llmobsi_fn void llmobsi_top_unite(llmobsi_top_union* both, const llmobsi_top_set* set,
                                  const llmobsi_top_set* other, bool twice)
{
    uint32_t way;
    for (way = 0; way < set->used; way++) {
        llmobsi_top_rest rest = set->rest[way];
        uint32_t found = llmobsi_top_find(other, rest.tag);
        uint64_t more = llmobsi_top_floor(other);
        uint64_t error = more;
        if (found < LLMOBS_I_TOP_WAYS) {
            if (!twice) {
                continue;
            }
            more = other->counts[found];
            error = other->rest[found].error;
            llmobsi_top_use_add(&rest.use, &other->rest[found].use);
        }
        rest.error = llmobsi_top_sum(rest.error, error);
        llmobsi_top_insert(both, llmobsi_top_sum(set->counts[way], more), &rest);
    }
}

/* Writes the largest of both over a set. */
llmobsi_fn void llmobsi_top_overwrite(llmobsi_top_set* set, const llmobsi_top_union* both,
                                      uint64_t total)
{
    uint64_t before = llmobsi_top_begin(&set->version);
    uint64_t used = both->count < LLMOBS_I_TOP_WAYS ? both->count : LLMOBS_I_TOP_WAYS;
    uint32_t way;
    for (way = 0; way < used; way++) {
        llmobsi_top_counter_put(set, way, &both->rest[way]);
        llmobsi_top_put(&set->counts[way], both->counts[way]);
    }
    llmobsi_top_put(&set->used, used);
    llmobsi_top_put(&set->total, total);
    llmobsi_top_end(&set->version, before);
}

/* Adds another one, of as many counters, to the writer's own. The brackets of both add up, and stay
   right. False: it has another number of counters. It must not be begun anew meanwhile. */
llmobsi_fn bool llmobsi_top_merge(llmobsi_top* top, const llmobsi_top* other)
{
    uint64_t number;
    if (top->mask != other->mask) {
        return false;
    }
    for (number = 0; number <= top->mask; number++) {
        llmobsi_top_set mine;
        llmobsi_top_set theirs;
        llmobsi_top_union both;
        uint32_t way;
        llmobsi_top_copy(llmobsi_top_set_of(top, number), &mine);
        llmobsi_top_copy(llmobsi_top_set_of(other, number), &theirs);
        for (way = 0; way < theirs.used; way++) { /* ids stand in each one's own table */
            char id[LLMOBS_KEY_ID_SIZE];
            llmobsi_top_id_get(other, theirs.rest[way].id, id);
            theirs.rest[way].id = llmobsi_top_id(top, id);
        }
        both.count = 0;
        llmobsi_top_unite(&both, &mine, &theirs, true);
        llmobsi_top_unite(&both, &theirs, &mine, false);
        llmobsi_top_overwrite(llmobsi_top_set_at(top, number), &both,
                              llmobsi_top_sum(mine.total, theirs.total));
    }
    return true;
}

/* ---- memory -------------------------------------------------------------------------------- */

/* As many sets as `counters` fill, rounded up to a power of two. */
llmobsi_fn uint32_t llmobsi_top_sets(uint32_t counters)
{
    uint32_t sets = counters / LLMOBS_I_TOP_WAYS + (counters % LLMOBS_I_TOP_WAYS != 0);
    return llmobsi_round_up_pow2(sets > 0 ? sets : 1);
}

llmobsi_fn size_t llmobsi_top_bytes(uint32_t counters)
{
    return llmobsi_size_add(sizeof(llmobsi_top), llmobsi_size_mul(llmobsi_top_sets(counters),
                                                                  sizeof(llmobsi_top_set)));
}

/* In llmobsi_top_bytes(counters) bytes of memory, at the border of a cache line. */
llmobsi_fn llmobsi_top* llmobsi_top_make(void* memory, uint32_t counters)
{
    llmobsi_top* top = (llmobsi_top*)memory;
    memset(memory, 0, llmobsi_top_bytes(counters));
    top->mask = llmobsi_top_sets(counters) - 1;
    return top;
}

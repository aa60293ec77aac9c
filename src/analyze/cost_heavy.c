/* Who uses most input tokens this month, among the heaviest users: by what their counters have seen
   since they came in, which is a lower bound of what they used. Readers take no lock on the
   counters, and copy only those sets that have somebody for the list. */

#define LLMOBS_I_HEAVY_MOST 20u

typedef struct llmobsi_heavy {
    char pseudonym[LLMOBS_PSEUDONYM_SIZE];
    uint64_t input_tokens; /* at least this */
} llmobsi_heavy;

/* One of them while the list is made. */
typedef struct llmobsi_heavy_item {
    uint64_t input_tokens;
    uint64_t tag[2];
    uint64_t id; /* place */
} llmobsi_heavy_item;

llmobsi_fn bool llmobsi_heavy_is_less(const void* one, const void* other)
{
    const llmobsi_heavy_item* a = (const llmobsi_heavy_item*)one;
    const llmobsi_heavy_item* b = (const llmobsi_heavy_item*)other;
    return a->input_tokens != b->input_tokens ? a->input_tokens < b->input_tokens
                                              : a->tag[0] > b->tag[0];
}

/* One look at each counter of a set: has one more than `least`? */
llmobsi_fn bool llmobsi_heavy_has_more(const llmobsi_top_set* set, uint64_t least)
{
    uint64_t most = 0;
    uint32_t way;
    for (way = 0; way < LLMOBS_I_TOP_WAYS; way++) {
        llmobsi_top_raise(&most, llmobsi_load_relaxed(&set->rest[way].use.input_tokens));
    }
    return most > least;
}

llmobsi_fn void llmobsi_heavy_offer(llmobsi_heap* heap, const llmobsi_top_set* from)
{
    llmobsi_top_set set;
    uint32_t way;
    llmobsi_top_copy(from, &set);
    for (way = 0; way < set.used; way++) {
        llmobsi_heavy_item item;
        item.input_tokens = set.rest[way].use.input_tokens;
        item.tag[0] = set.rest[way].tag[0];
        item.tag[1] = set.rest[way].tag[1];
        item.id = set.rest[way].id;
        if (item.input_tokens > 0) {
            llmobsi_heap_offer(heap, &item);
        }
    }
}

llmobsi_fn void llmobsi_heavy_show(const llmobsi_top* top, const llmobsi_heavy_item* item,
                                   llmobsi_heavy* heavy)
{
    llmobsi_top_key key;
    key.tag[0] = item->tag[0];
    key.tag[1] = item->tag[1];
    llmobsi_top_id_get(top, item->id, key.id);
    llmobsi_top_key_print(&key, heavy->pseudonym);
    heavy->input_tokens = item->input_tokens;
}

/* False: all was begun anew meanwhile. */
llmobsi_fn bool llmobsi_heavy_gather(const llmobsi_top* top, llmobsi_heavy* heavy, uint32_t room,
                                     uint32_t* count)
{
    llmobsi_heavy_item items[LLMOBS_I_HEAVY_MOST];
    uint64_t epoch = llmobsi_load_acquire(&top->epoch);
    llmobsi_heap heap;
    uint64_t number;
    uint32_t i;
    heap.items = (unsigned char*)items;
    heap.item_size = sizeof items[0];
    heap.room = room;
    heap.count = 0;
    heap.less = llmobsi_heavy_is_less;
    for (number = 0; number <= top->mask; number++) {
        const llmobsi_top_set* set = llmobsi_top_set_of(top, number);
        /* A heap that is full has its least on top. */
        if (llmobsi_heavy_has_more(set, heap.count == room ? items[0].input_tokens : 0)) {
            llmobsi_heavy_offer(&heap, set);
        }
    }
    llmobsi_heap_sort(&heap);
    *count = (uint32_t)heap.count;
    for (i = 0; i < *count; i++) {
        llmobsi_heavy_show(top, &items[i], &heavy[i]);
    }
    return (epoch & 1) == 0 && llmobsi_load_relaxed(&top->epoch) == epoch;
}

/* Whether the users are those of this month: the tick turns to the next one when it books. */
llmobsi_fn bool llmobsi_cost_users_are_of(llmobsi_cost_ledger* ledger, uint64_t unix_ns)
{
    const llmobsi_cost_users* users = llmobsi_cost_users_of(ledger);
    llmobsi_control* self = llmobsi_busy_begin();
    bool same;
    llmobsi_lock_take(&ledger->lock);
    same = users->begun && users->month == llmobsi_period_at(LLMOBS_PERIOD_MONTH,
                                                             ledger->offset_s, unix_ns);
    llmobsi_lock_give(&ledger->lock);
    llmobsi_busy_end(self);
    return same;
}

/* The heaviest ones, the first uses most; returns how many: `room` at most, and not more than
   LLMOBS_I_HEAVY_MOST. 0: there is no ledger, no users are kept, or none has used a token this
   month. Any thread that is not inside; what is added meanwhile may be in or not. */
llmobsi_fn uint32_t llmobsi_cost_heavy_tokens(llmobsi_cost_ledger* ledger, uint64_t unix_ns,
                                              llmobsi_heavy* heavy, uint32_t room)
{
    uint32_t count = 0;
    room = room < LLMOBS_I_HEAVY_MOST ? room : LLMOBS_I_HEAVY_MOST;
    if (ledger == NULL || ledger->users == NULL || room == 0 ||
        !llmobsi_cost_users_are_of(ledger, unix_ns)) {
        return 0;
    }
    while (!llmobsi_heavy_gather(llmobsi_cost_users_of(ledger)->all.top, heavy, room, &count)) {
        llmobsi_thread_yield();
    }
    return count;
}

/* Priority samples: a heap of the largest, one more than are of use. */

LLMOBS_I_STATIC_ASSERT(priority_item_fits, sizeof(llmobs_priority_item) <= LLMOBS_I_HEAP_ITEM);

/* Items of the same priority by what else they have, so that it is the same which one stays, in
   every order. */
llmobsi_fn bool llmobsi_priority_is_less(const void* one, const void* other)
{
    const llmobs_priority_item* a = (const llmobs_priority_item*)one;
    const llmobs_priority_item* b = (const llmobs_priority_item*)other;
    if (a->priority < b->priority || a->priority > b->priority) {
        return a->priority < b->priority;
    }
    return a->random != b->random ? a->random < b->random : a->id < b->id;
}

llmobsi_inline llmobsi_heap llmobsi_priority_heap(const llmobs_priority_sample* sample)
{
    llmobsi_heap heap;
    heap.items = (unsigned char*)sample->items;
    heap.item_size = sizeof *sample->items;
    heap.room = sample->room;
    heap.count = sample->count;
    heap.less = llmobsi_priority_is_less;
    return heap;
}

LLMOBS_API llmobs_result llmobs_priority_begin(llmobs_priority_sample* sample,
                                               llmobs_priority_item* items, size_t room)
{
    if (sample == NULL || items == NULL || room < 2) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    memset(sample, 0, sizeof *sample);
    sample->items = items;
    sample->room = room;
    return LLMOBS_OK;
}

llmobsi_fn void llmobsi_priority_keep(llmobs_priority_sample* sample,
                                      const llmobs_priority_item* item)
{
    llmobsi_heap heap = llmobsi_priority_heap(sample);
    if (sample->in_order) {
        llmobsi_heap_order(&heap);
        sample->in_order = false;
    }
    llmobsi_heap_offer(&heap, item);
    sample->count = heap.count;
}

LLMOBS_API void llmobs_priority_offer(llmobs_priority_sample* sample, double weight,
                                      uint64_t random, uint64_t id)
{
    const uint64_t whole = UINT64_C(1) << 56;
    llmobs_priority_item item;
    if (sample == NULL) {
        return;
    }
    if (!llmobsi_double_is_finite(weight) || weight <= 0.0 || weight > 1e290) {
        sample->refused++;
        return;
    }
    item.weight = weight;
    item.random = random & (whole - 1);
    item.priority = weight / ((double)(whole - item.random) / (double)whole);
    item.id = id;
    sample->offered++;
    llmobsi_priority_keep(sample, &item);
}

LLMOBS_API void llmobs_priority_merge(llmobs_priority_sample* sample,
                                      const llmobs_priority_sample* other)
{
    size_t i;
    if (sample == NULL || other == NULL || sample == other) {
        return;
    }
    for (i = 0; i < other->count; i++) {
        llmobsi_priority_keep(sample, &other->items[i]);
    }
    sample->offered += other->offered;
    sample->refused += other->refused;
}

LLMOBS_API size_t llmobs_priority_read(llmobs_priority_sample* sample, double* threshold)
{
    llmobsi_heap heap;
    bool full;
    if (sample == NULL || threshold == NULL || sample->count == 0) {
        if (threshold != NULL) {
            *threshold = 0.0;
        }
        return 0;
    }
    heap = llmobsi_priority_heap(sample);
    full = heap.count == heap.room;
    llmobsi_heap_sort(&heap);
    sample->in_order = true;
    *threshold = full ? sample->items[heap.count - 1].priority : 0.0;
    return full ? heap.count - 1 : heap.count;
}

/* The largest of many, as many as there is room for: a heap whose first item is the least of those
   that are kept, so that one look says whether another one comes in. */

#define LLMOBS_I_HEAP_ITEM 512u /* bytes, at most */

typedef struct llmobsi_heap {
    unsigned char* items; /* the caller's */
    size_t item_size;
    size_t room;
    size_t count;
    bool (*less)(const void* a, const void* b);
} llmobsi_heap;

llmobsi_inline void* llmobsi_heap_at(const llmobsi_heap* heap, size_t place)
{
    return heap->items + place * heap->item_size;
}

/* Lets the item at a place sink to where it belongs among the first `count`; below it all is in
   order. */
llmobsi_fn void llmobsi_heap_sink(const llmobsi_heap* heap, size_t count, size_t place)
{
    unsigned char item[LLMOBS_I_HEAP_ITEM];
    size_t child;
    memcpy(item, llmobsi_heap_at(heap, place), heap->item_size);
    for (; (child = 2 * place + 1) < count; place = child) {
        if (child + 1 < count &&
            heap->less(llmobsi_heap_at(heap, child + 1), llmobsi_heap_at(heap, child))) {
            child++;
        }
        if (!heap->less(llmobsi_heap_at(heap, child), item)) {
            break;
        }
        memcpy(llmobsi_heap_at(heap, place), llmobsi_heap_at(heap, child), heap->item_size);
    }
    memcpy(llmobsi_heap_at(heap, place), item, heap->item_size);
}

llmobsi_fn void llmobsi_heap_order(const llmobsi_heap* heap)
{
    size_t place;
    for (place = heap->count / 2; place-- > 0;) {
        llmobsi_heap_sink(heap, heap->count, place);
    }
}

/* Keeps an item if there is room, or if it is more than the least that is kept. It is a heap once
   it is full. */
llmobsi_fn void llmobsi_heap_offer(llmobsi_heap* heap, const void* item)
{
    if (heap->count < heap->room) {
        memcpy(llmobsi_heap_at(heap, heap->count++), item, heap->item_size);
        if (heap->count == heap->room) {
            llmobsi_heap_order(heap);
        }
    } else if (heap->room > 0 && heap->less(heap->items, item)) {
        memcpy(heap->items, item, heap->item_size);
        llmobsi_heap_sink(heap, heap->count, 0);
    }
}

/* All that is kept in order, the largest first. Then it is no heap any more. */
llmobsi_fn void llmobsi_heap_sort(const llmobsi_heap* heap)
{
    size_t count;
    llmobsi_heap_order(heap);
    for (count = heap->count; count > 1; count--) {
        unsigned char least[LLMOBS_I_HEAP_ITEM];
        memcpy(least, heap->items, heap->item_size);
        memcpy(heap->items, llmobsi_heap_at(heap, count - 1), heap->item_size);
        memcpy(llmobsi_heap_at(heap, count - 1), least, heap->item_size);
        llmobsi_heap_sink(heap, count - 1, 0);
    }
}

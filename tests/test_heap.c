/* The largest of many: what a sort of all of them says, however much room there is. */
#include "llmobs_private.h"

#include "tap.h"

#include "random.h"

enum { MOST = 60 };

typedef struct item {
    int key;
    char rest[21]; /* an odd size, and what must come along */
} item;

static bool is_less(const void* a, const void* b)
{
    return ((const item*)a)->key < ((const item*)b)->key;
}

static int by_key(const void* a, const void* b)
{
    return ((const item*)b)->key - ((const item*)a)->key; /* the largest first */
}

static item item_of(int key)
{
    item made;
    memset(&made, 0, sizeof made);
    made.key = key;
    (void)snprintf(made.rest, sizeof made.rest, "rest of %d", key);
    return made;
}

/* How many of the kept ones are not what they should be. */
static int wrong_of(size_t count, size_t room, int keys)
{
    item all[MOST];
    item kept[MOST + 1];
    llmobsi_heap heap;
    size_t want = count < room ? count : room;
    size_t i;
    int wrong = 0;
    memset(kept, 0x5a, sizeof kept);
    heap.items = (unsigned char*)kept;
    heap.item_size = sizeof kept[0];
    heap.room = room;
    heap.count = 0;
    heap.less = is_less;
    for (i = 0; i < count; i++) {
        all[i] = item_of((int)(next_random() % (uint64_t)keys));
        llmobsi_heap_offer(&heap, &all[i]);
        wrong += heap.count == room && room > 0 && i + 1 >= room &&
                 kept[0].key > kept[heap.count - 1].key; /* the least is on top */
    }
    llmobsi_heap_sort(&heap);
    qsort(all, count, sizeof all[0], by_key);
    wrong += heap.count != want;
    for (i = 0; i < want; i++) {
        item whole = item_of(all[i].key);
        wrong += memcmp(&kept[i], &whole, sizeof whole) != 0;
    }
    return wrong + (((unsigned char*)&kept[room])[0] != 0x5a);
}

int main(void)
{
    size_t count;
    size_t room;
    int wrong = 0;
    for (count = 0; count <= MOST; count++) {
        for (room = 0; room <= MOST; room++) {
            wrong += wrong_of(count, room, 1000000) + wrong_of(count, room, 5);
        }
    }
    is_int(wrong, 0, "the largest are kept, in order, and nothing beyond the room is written");
    return done();
}

/* The heaviest users: a set is copied whole while it is written, and a list is of one period. */
#include "world.h"

#define WAYS LLMOBS_I_TOP_WAYS

static unsigned char memory[sizeof(llmobsi_top) + sizeof(llmobsi_top_set)]
    __attribute__((aligned(64)));
static llmobsi_top* top;

/* A key whose other fields follow from its number: the halves of its tag, its id. */
ghost llmobsi_top_key key_of(uint64_t number)
{
    llmobsi_top_key key;
    (memset)(&key, (int)number, sizeof key);
    key.tag[0] = number << 32;
    key.tag[1] = number;
    return key;
}

/* All of it follows from the weight. */
ghost llmobsi_top_use use_of(uint64_t weight)
{
    llmobsi_top_use use = {weight, weight, weight, weight};
    return use;
}

/* So many counters are taken, each by a weight of 100. */
ghost void take(uint64_t count)
{
    uint64_t way;
    (memset)(memory, 0, sizeof memory);
    top = (llmobsi_top*)(void*)memory;
    for (way = 0; way < count; way++) {
        llmobsi_top_set* set = (llmobsi_top_set*)(void*)(top + 1);
        llmobsi_top_key key = key_of(way + 1);
        set->prints[way / 8] |= (key.tag[0] >> 56 | 1) << way % 8 * 8;
        set->rest[way].tag[0] = key.tag[0];
        set->rest[way].tag[1] = key.tag[1];
        set->rest[way].id = 1;
        set->counts[way] = 100;
        set->rest[way].use = use_of(100);
        set->total += 100;
        set->used++;
    }
    (memset)(top->ids[0], 1, sizeof top->ids[0]);
    top->ids_used = 1;
}

ghost void before(void)
{
    take(WAYS - 1);
}

/* As little as can be, so that all of it is seen as it once was now and then. */
ghost void before_anew(void)
{
    take(1);
}

/* What every update leaves true, and half of one does not. */
ghost bool is_whole(const llmobsi_top_set* set)
{
    uint64_t sum = 0, newest = 0;
    uint32_t way;
    bool whole = set->used <= WAYS;
    for (way = 0; whole && way < WAYS; way++) {
        const llmobsi_top_rest* rest = &set->rest[way];
        uint64_t certain = set->counts[way] - rest->error;
        sum += set->counts[way];
        whole = rest->tag[0] == rest->tag[1] << 32 && (rest->tag[1] != 0) == (way < set->used) &&
                (set->prints[way / 8] >> way % 8 * 8 & 1) == (way < set->used) &&
                (rest->id != 0) == (way < set->used);
        whole = whole && rest->use.requests == certain && rest->use.unpriced == certain &&
                rest->use.input_tokens == certain && rest->use.output_tokens == certain &&
                (rest->error == 0 || rest->tag[1] > WAYS);
        newest = rest->tag[1] > newest ? rest->tag[1] : newest;
    }
    return whole && sum == set->total && newest <= WAYS + 2;
}

static void add(uint64_t number, int64_t weight)
{
    const llmobsi_top_use use = use_of((uint64_t)weight);
    llmobsi_top_key key = key_of(number);
    (void)llmobsi_top_add(top, &key, weight, &use);
}

/* To one that is there, to a free counter, and over the smallest. */
static void update(void)
{
    add(3, 7);
    (void)model_yield();
    add(WAYS, 500);
    (void)model_yield();
    add(WAYS + 1, 9);
}

static void copy_it(void)
{
    unsigned i;
    for (i = 0; i < 3; i++) {
        llmobsi_top_set set;
        if (llmobsi_top_try(llmobsi_top_set_of(top, 0), &set)) {
            require(is_whole(&set));
        }
        (void)model_yield();
    }
}

/* Begins anew with another id. */
static void begin_anew(void)
{
    llmobsi_top_reset(top);
    (void)model_yield();
    add(2, 5);
}

/* Entries of one period have its id, and weights. */
static void list_it(void)
{
    unsigned i;
    for (i = 0; i < 2; i++) {
        llmobs_top_entry entries[WAYS];
        llmobsi_top_list list;
        size_t at;
        llmobsi_top_list_begin(&list, top, entries, WAYS);
        if (llmobsi_top_gather(&list)) {
            for (at = 0; at < list.heap.count; at++) {
                char id = entries[at].high == 100 ? 1 : 2;
                require(entries[at].pseudonym[12] == id);
            }
            require(list.total == 100 || list.total == 5 || list.total == 0);
        }
        (void)model_yield();
    }
}

const model_scenario model_scenarios[] = {
    {"top, one set",
     "a set is copied as it was at one moment",
     before,
     {update, copy_it, copy_it, NULL},
     NULL},
    {"top, a new period",
     "a list is of one period",
     before_anew,
     {begin_anew, list_it, list_it, NULL},
     NULL},
    {NULL, NULL, NULL, {NULL, NULL, NULL, NULL}, NULL},
};

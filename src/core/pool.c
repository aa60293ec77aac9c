/* Span slots, and the rings that carry their numbers. A slot goes round:

   pool (free ring) -> a thread's cache -> a live span -> the ending thread's ring -> the tick ->
   pool

   Each ring can hold every slot there is, so handing one on can't fail: the one thing that can
   run out is the pool. Slots hold numbers, never addresses. */

#define LLMOBS_I_SLOT_BYTES 512u

/* The low two bits of a slot's state; above them is the generation, which changes whenever the
   slot is used anew. A handle holds the state that its span has while it is live. */
#define LLMOBS_I_SLOT_FREE 0u
#define LLMOBS_I_SLOT_LIVE 1u
#define LLMOBS_I_SLOT_ENDED 2u
#define LLMOBS_I_SLOT_STATES 4u

/* Flags of a slot, above the W3C ones. */
#define LLMOBS_I_FLAG_REMOTE_PARENT 0x10u
#define LLMOBS_I_FLAG_OWN_THRESHOLD 0x20u /* tracestate is this instance's threshold */
#define LLMOBS_I_FLAG_TRACESTATE 0x40u    /* tracestate is in the first fields       */
#define LLMOBS_I_FLAG_PHASE 0x80u         /* a phase of a request: see llmobsi_phase_mark   */
#define LLMOBS_I_FLAGS_TRACESTATE (LLMOBS_I_FLAG_OWN_THRESHOLD | LLMOBS_I_FLAG_TRACESTATE)

/* Written by whoever holds the span; read by the tick once the slot has come through a ring,
   and, where a field is atomic, by threads that begin a child while the slot may be used anew. */
typedef struct llmobsi_slot {
    llmobsi_atomic64 state;
    llmobsi_atomic64 trace_high;
    llmobsi_atomic64 trace_low;
    llmobsi_atomic64 span_id;
    uint64_t parent_id;
    llmobsi_atomic64 start; /* stamps */
    uint64_t end;
    uint32_t name; /* id */
    uint32_t part; /* number of the slot being filled: this one, or its last further part */
    uint32_t next; /* number + 1 of the next part, 0 at the end */
    uint16_t used; /* bytes of this slot's body */
    uint16_t event_count;
    uint16_t link_count;
    uint16_t attribute_count; /* not beside `used`: gcc would write both at once, where they are
                                 then read apart the processor waits */
    uint16_t dropped_attributes;
    uint16_t dropped_events;
    uint16_t dropped_links;
    uint16_t thread; /* number of the recording thread that ended it */
    uint8_t part_count;
    uint8_t kind;   /* of span; or what else the slot holds: LLMOBS_I_SLOT_IS_* */
    uint8_t status; /* of span; a log record's severity */
    llmobsi_atomic8 flags; /* W3C's and LLMOBS_I_FLAG_* */
    unsigned char body[LLMOBS_I_SLOT_BYTES - 88];
} llmobsi_slot;

/* A slot's kind where it holds a log record: beyond all kinds of spans. */
#define LLMOBS_I_SLOT_IS_LOG 16u         /* of any event                            */
#define LLMOBS_I_SLOT_IS_INTERACTION 17u /* of one LLM interaction, with its fields */

#define LLMOBS_I_SLOT_BODY ((uint32_t)sizeof(((llmobsi_slot*)0)->body))

LLMOBS_I_STATIC_ASSERT(slot_size, sizeof(llmobsi_slot) == LLMOBS_I_SLOT_BYTES);
LLMOBS_I_STATIC_ASSERT(slot_body, offsetof(llmobsi_slot, body) % 8 == 0);

/* The free slots, first in first out: a slot rests as long as possible before it is used anew. */
typedef struct llmobsi_pool {
    llmobsi_slot* slots;
    llmobsi_atomic32* free;
    uint32_t mask;
    unsigned char line_1[LLMOBS_I_CACHE_LINE];
    llmobsi_atomic64 given; /* the tick alone adds, takers read */
    unsigned char line_2[LLMOBS_I_CACHE_LINE];
    llmobsi_atomic64 taken; /* takers add by compare-and-swap */
    unsigned char line_3[LLMOBS_I_CACHE_LINE];
} llmobsi_pool;

/* Makes every slot free, under a generation that no handle holds. Nobody else is there yet. */
llmobsi_fn void llmobsi_pool_reset(llmobsi_pool* pool)
{
    uint32_t index;
    for (index = 0; index <= pool->mask; index++) {
        llmobsi_slot* slot = &pool->slots[index];
        uint64_t generation = llmobsi_load_relaxed(&slot->state) / LLMOBS_I_SLOT_STATES + 1;
        llmobsi_store_relaxed(&slot->state, generation * LLMOBS_I_SLOT_STATES + LLMOBS_I_SLOT_FREE);
        llmobsi_store_relaxed(&pool->free[index], index);
    }
    llmobsi_store_relaxed(&pool->taken, 0);
    llmobsi_store_release(&pool->given, (uint64_t)pool->mask + 1);
}

#define LLMOBS_I_POOL_TRIES 8

/* Takes up to `wanted` slots; returns how many. Any thread. Gives up after a few lost races, so
   that nobody is kept. */
llmobsi_fn uint32_t llmobsi_pool_take(llmobsi_pool* pool, uint32_t* indexes, uint32_t wanted)
{
    uint64_t taken = llmobsi_load_acquire(&pool->taken);
    int attempt;
    for (attempt = 0; attempt < LLMOBS_I_POOL_TRIES; attempt++) {
        uint64_t there = llmobsi_load_acquire(&pool->given) - taken;
        uint32_t count = there < wanted ? (uint32_t)there : wanted;
        uint32_t i;
        if (there > (uint64_t)pool->mask + 1) {
            /* `taken` is old news: others went past it. */
            taken = llmobsi_load_acquire(&pool->taken);
            continue;
        }
        if (count == 0) {
            return 0;
        }
        /* Read before the claim: a number that is overwritten meanwhile was taken meanwhile,
           too, and then the claim fails. */
        for (i = 0; i < count; i++) {
            indexes[i] = llmobsi_load_relaxed(&pool->free[(taken + i) & pool->mask]);
        }
        if (llmobsi_cas_acquire_release(&pool->taken, &taken, taken + count)) {
            return count;
        }
    }
    return 0;
}

/* Gives a slot back; seen by takers after llmobsi_pool_publish. The tick alone. */
llmobsi_fn void llmobsi_pool_give(llmobsi_pool* pool, uint64_t* given, uint32_t index)
{
    llmobsi_slot* slot = &pool->slots[index];
    uint64_t state = llmobsi_load_relaxed(&slot->state);
    llmobsi_store_relaxed(&slot->state, (state & ~UINT64_C(3)) | LLMOBS_I_SLOT_FREE);
    llmobsi_store_relaxed(&pool->free[*given & pool->mask], index);
    (*given)++;
}

llmobsi_fn void llmobsi_pool_publish(llmobsi_pool* pool, uint64_t given)
{
    LLMOBS_ASSERT(given - llmobsi_load_relaxed(&pool->taken) <= (uint64_t)pool->mask + 1);
    llmobsi_store_release(&pool->given, given);
}

/* In this order: what was given by then had been taken by then, so the count is never more than
   there are. */
llmobsi_fn uint64_t llmobsi_pool_free_count(const llmobsi_pool* pool)
{
    uint64_t given = llmobsi_load_acquire(&pool->given);
    uint64_t taken = llmobsi_load_relaxed(&pool->taken);
    return given > taken ? given - taken : 0;
}

#ifdef LLMOBS_DEBUG
/* Every number in the free ring stands there once, and is that of a free slot. Called by the
   tick, which alone adds to the ring; what others take meanwhile is passed over. */
llmobsi_fn bool llmobsi_pool_is_valid(const llmobsi_pool* pool)
{
    static uint8_t seen[1u << 20]; /* the most slots that there can be */
    uint64_t given = llmobsi_load_relaxed(&pool->given);
    uint64_t place = llmobsi_load_acquire(&pool->taken);
    if (given - place > (uint64_t)pool->mask + 1) {
        return false;
    }
    memset(seen, 0, (size_t)pool->mask + 1);
    for (; place < given; place++) {
        uint32_t index = llmobsi_load_relaxed(&pool->free[place & pool->mask]);
        bool is_free = index <= pool->mask && !seen[index] &&
                       (llmobsi_load_acquire(&pool->slots[index].state) & 3u) == LLMOBS_I_SLOT_FREE;
        if (!is_free && llmobsi_load_acquire(&pool->taken) <= place) {
            return false;
        }
        if (index <= pool->mask) {
            seen[index] = 1;
        }
    }
    return true;
}
#endif

/* ---- the ring that carries ended slots from one thread to the tick ------------------------- */

typedef struct llmobsi_ring {
    llmobsi_atomic32* items;
    uint32_t mask;
    llmobsi_atomic64 pushed; /* its thread alone writes, the tick reads */
    unsigned char line[LLMOBS_I_CACHE_LINE];
    llmobsi_atomic64 popped; /* the tick alone */
} llmobsi_ring;

/* Can't be full: it holds as many as there are. The release hands over the slot's contents. */
llmobsi_inline void llmobsi_ring_push(llmobsi_ring* ring, uint32_t item)
{
    uint64_t pushed = llmobsi_load_relaxed(&ring->pushed);
    LLMOBS_ASSERT(pushed - llmobsi_load_relaxed(&ring->popped) <= ring->mask);
    llmobsi_store_relaxed(&ring->items[pushed & ring->mask], item);
    llmobsi_store_release(&ring->pushed, pushed + 1);
}

llmobsi_inline bool llmobsi_ring_pop(llmobsi_ring* ring, uint64_t end, uint32_t* item)
{
    uint64_t popped = llmobsi_load_relaxed(&ring->popped);
    if (popped == end) {
        return false;
    }
    *item = llmobsi_load_relaxed(&ring->items[popped & ring->mask]);
    llmobsi_store_relaxed(&ring->popped, popped + 1);
    return true;
}

/* ---- fields: what a slot's body holds, one after the other, each on 8 bytes ---------------- */

/* Attributes have their llmobs_type; the rest follows it. */
#define LLMOBS_I_FIELD_EVENT 8u      /* key: its name; payload: the stamp                      */
#define LLMOBS_I_FIELD_LINK 9u       /* payload: trace id, span id, flags, tracestate          */
#define LLMOBS_I_FIELD_MESSAGE 10u   /* payload: the status message                            */
#define LLMOBS_I_FIELD_TRACESTATE 11u /* a piece of it: it may be longer than a body          */
#define LLMOBS_I_FIELD_BODY 12u      /* payload: a log record's text                           */
#define LLMOBS_I_FIELD_NUMBERS 13u   /* of an interaction: see llmobsi_interaction_head        */
#define LLMOBS_I_FIELD_TEXT 14u      /* of an interaction; key: which of its texts             */
#define LLMOBS_I_FIELD_PHASE 16u     /* payload: llmobsi_phase_mark                            */
#define LLMOBS_I_FIELD_TAIL 17u      /* payload: llmobsi_tail_mark                             */
#define LLMOBS_I_FIELD_TRIGGERED 15u /* of an interaction: rules, each as its size and bytes   */

#define LLMOBS_I_OF_SPAN 0u /* whose attribute it is */
#define LLMOBS_I_OF_EVENT 1u

typedef struct llmobsi_field {
    uint32_t key;  /* name id */
    uint16_t size; /* bytes of payload, without the padding */
    uint8_t type;
    uint8_t owner;
} llmobsi_field;

llmobsi_inline uint32_t llmobsi_field_bytes(uint32_t payload)
{
    return (uint32_t)sizeof(llmobsi_field) + ((payload + 7u) & ~7u);
}

/* The next field of a body, or NULL at its end. `place` is moved past it. Never leaves the body,
   whatever a misused handle may have written there. */
llmobsi_fn const llmobsi_field* llmobsi_field_next(const llmobsi_slot* part, uint32_t* place)
{
    const llmobsi_field* field = (const llmobsi_field*)(const void*)(part->body + *place);
    uint32_t used = part->used <= LLMOBS_I_SLOT_BODY ? part->used : LLMOBS_I_SLOT_BODY;
    uint32_t bytes;
    if (*place + sizeof(llmobsi_field) > used) {
        return NULL;
    }
    bytes = llmobsi_field_bytes(field->size);
    if (bytes > used - *place) {
        return NULL;
    }
    *place += bytes;
    return field;
}

llmobsi_fn const unsigned char* llmobsi_field_payload(const llmobsi_field* field)
{
    return (const unsigned char*)(const void*)(field + 1);
}

typedef struct llmobsi_walk {
    const llmobsi_slot* slots;
    uint32_t slot_mask;
    const llmobsi_slot* part;
    uint32_t place;
    uint32_t parts_left;
} llmobsi_walk;

llmobsi_fn void llmobsi_walk_begin(llmobsi_walk* walk, const llmobsi_pool* pool,
                                   const llmobsi_slot* slot)
{
    walk->slots = pool->slots;
    walk->slot_mask = pool->mask;
    walk->part = slot;
    walk->place = 0;
    walk->parts_left = slot->part_count;
}

/* The next field of a span, over all its parts; NULL at the end. */
llmobsi_fn const llmobsi_field* llmobsi_walk_next(llmobsi_walk* walk)
{
    const llmobsi_field* field = llmobsi_field_next(walk->part, &walk->place);
    while (field == NULL && walk->parts_left > 1 && walk->part->next != 0) {
        walk->part = &walk->slots[(walk->part->next - 1) & walk->slot_mask];
        walk->place = 0;
        walk->parts_left--;
        field = llmobsi_field_next(walk->part, &walk->place);
    }
    return field;
}

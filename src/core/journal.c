/* What is noted for after a crash, beside the slots, in the file of a flight recorder. A slot goes
   back to the pool once it is copied into the exporters' batches, as views that hold addresses. So
   each batch has a journal: raw copies of the slots that it was filled from, which is emptied when
   the batch is settled. An entry is

     size   parts   head of the first slot, its body   used, body of the next part   ...

   all on 8 bytes. It counts once it is whole. A process' stores retire in the order of its
   instructions: for who reads after its death, the compiler's order is all that matters. */

#define LLMOBS_I_SLOT_HEAD offsetof(llmobsi_slot, body)

/* The tick fills it, whoever settles the batch empties it. Its bytes follow. */
typedef struct llmobsi_journal {
    llmobsi_atomic32 count; /* entries that are whole */
    uint32_t used;          /* their bytes */
} llmobsi_journal;

typedef struct llmobsi_journal_entry {
    uint32_t size; /* all of it */
    uint32_t parts;
} llmobsi_journal_entry;

/* What the tick has counted, noted before each slot is given back. The tick alone writes. */
typedef struct llmobsi_tally {
    llmobsi_atomic64 collected;
    llmobsi_atomic64 no_exporter;
    llmobsi_atomic64 expired;
    llmobsi_atomic64 tail_dropped;
} llmobsi_tally;

/* Bytes from one journal to the next. */
llmobsi_fn size_t llmobsi_journal_stride(size_t batch_bytes)
{
    return llmobsi_size_align(llmobsi_size_add(sizeof(llmobsi_journal), batch_bytes),
                              LLMOBS_I_CACHE_LINE);
}

llmobsi_fn unsigned char* llmobsi_journal_bytes(llmobsi_journal* journal)
{
    return (unsigned char*)(journal + 1);
}

llmobsi_inline uint32_t llmobsi_part_used(const llmobsi_slot* part)
{
    return part->used <= LLMOBS_I_SLOT_BODY ? part->used : LLMOBS_I_SLOT_BODY;
}

/* The next part of a record, NULL after the last. `left` parts are to come, this one not. */
llmobsi_inline const llmobsi_slot* llmobsi_part_next(const llmobsi_pool* pool,
                                                     const llmobsi_slot* part, uint32_t left)
{
    return left != 0 && part->next != 0 ? &pool->slots[(part->next - 1) & pool->mask] : NULL;
}

/* The bytes of the entry of a slot with its further parts. */
llmobsi_fn uint32_t llmobsi_journal_entry_size(const llmobsi_pool* pool, const llmobsi_slot* slot)
{
    uint32_t size = (uint32_t)(sizeof(llmobsi_journal_entry) + LLMOBS_I_SLOT_HEAD);
    uint32_t left = slot->part_count - 1u;
    size += llmobsi_part_used(slot);
    for (slot = llmobsi_part_next(pool, slot, left); slot != NULL;
         slot = llmobsi_part_next(pool, slot, left)) {
        size += (uint32_t)sizeof(uint64_t) + llmobsi_part_used(slot);
        left--;
    }
    return size;
}

/* How much of a part's body has room there. */
llmobsi_inline uint32_t llmobsi_part_fits(const llmobsi_slot* part, size_t room)
{
    uint32_t used = llmobsi_part_used(part);
    return used <= room ? used : (uint32_t)room;
}

/* Writes that entry, of that size. A span has one owner, who has ended it; one who adds to it all
   the same may do so meanwhile, and that is left out: nothing is written behind the entry. */
llmobsi_fn void llmobsi_journal_entry_write(unsigned char* to, uint32_t size,
                                            const llmobsi_pool* pool, const llmobsi_slot* slot)
{
    const unsigned char* end = to + size;
    const llmobsi_slot* part = slot;
    unsigned char* at = to + sizeof(llmobsi_journal_entry);
    llmobsi_journal_entry entry;
    uint64_t used = llmobsi_part_fits(slot, (size_t)(end - at) - LLMOBS_I_SLOT_HEAD);
    uint16_t first = (uint16_t)used;
    memcpy(at, (const void*)slot, LLMOBS_I_SLOT_HEAD);
    memcpy(at + offsetof(llmobsi_slot, used), &first, sizeof first);
    memcpy(at + LLMOBS_I_SLOT_HEAD, slot->body, (size_t)used);
    at += LLMOBS_I_SLOT_HEAD + used;
    for (entry.parts = 1; (size_t)(end - at) >= sizeof used; entry.parts++) {
        part = llmobsi_part_next(pool, part, slot->part_count - entry.parts);
        if (part == NULL) {
            break;
        }
        used = llmobsi_part_fits(part, (size_t)(end - at) - sizeof used);
        memcpy(at, &used, sizeof used);
        memcpy(at + sizeof used, part->body, (size_t)used);
        at += sizeof used + used;
    }
    entry.size = size;
    memcpy(to, &entry, sizeof entry);
}

/* Copies a slot and its further parts behind what is there, not counted yet. Returns the bytes; 0:
   there is no room among `capacity`. */
llmobsi_fn uint32_t llmobsi_journal_copy(llmobsi_journal* journal, uint32_t capacity,
                                         const llmobsi_pool* pool, const llmobsi_slot* slot)
{
    uint32_t size = llmobsi_journal_entry_size(pool, slot);
    if (size > capacity - journal->used) {
        return 0;
    }
    llmobsi_journal_entry_write(llmobsi_journal_bytes(journal) + journal->used, size, pool, slot);
    return size;
}

/* Counts what was copied: from here on it is owed, and its slot may go. */
llmobsi_fn void llmobsi_journal_commit(llmobsi_journal* journal, uint32_t size)
{
    journal->used += size;
    llmobsi_store_release(&journal->count, llmobsi_load_relaxed(&journal->count) + 1);
    llmobsi_compiler_barrier();
}

/* Nothing of it is owed any more. */
llmobsi_fn void llmobsi_journal_clear(llmobsi_journal* journal)
{
    if (journal != NULL) {
        llmobsi_store_release(&journal->count, 0);
        llmobsi_compiler_barrier();
        journal->used = 0;
    }
}

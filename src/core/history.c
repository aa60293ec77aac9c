/* The newest of what has ended, delivered or not: a ring in the file of a flight recorder, where
   the oldest give way. Its entries are those of journals (see journal.c); none goes over the end
   of the ring: an entry without parts fills what is left there. Positions only grow; a place is a
   position by the capacity. Whoever reads after the process' death finds whole entries between
   `begin` and `end`: what is to be written over is given up before, what was written is counted
   after. */

/* The tick alone writes. The ring follows. */
typedef struct llmobsi_history {
    llmobsi_atomic64 begin; /* of the oldest entry */
    llmobsi_atomic64 end;   /* behind the newest one */
} llmobsi_history;

llmobsi_fn unsigned char* llmobsi_history_bytes(llmobsi_history* history)
{
    return (unsigned char*)(history + 1);
}

/* Gives up the oldest entries, so that the ring holds no more than what ends at `end` then. */
llmobsi_fn void llmobsi_history_forget(llmobsi_history* history, uint32_t capacity, uint64_t end)
{
    uint64_t begin = llmobsi_load_relaxed(&history->begin);
    llmobsi_journal_entry oldest;
    while (end - begin > capacity) {
        memcpy(&oldest, llmobsi_history_bytes(history) + begin % capacity, sizeof oldest);
        begin += oldest.size;
    }
    llmobsi_store_release(&history->begin, begin);
    llmobsi_compiler_barrier();
}

/* Makes the next entry begin at the ring's beginning where `size` bytes do not fit before its end.
   Returns its position. */
llmobsi_fn uint64_t llmobsi_history_wrap(llmobsi_history* history, uint32_t capacity, uint32_t size)
{
    uint64_t end = llmobsi_load_relaxed(&history->end);
    llmobsi_journal_entry filler;
    filler.size = capacity - (uint32_t)(end % capacity);
    filler.parts = 0;
    if (size <= filler.size) {
        return end;
    }
    llmobsi_history_forget(history, capacity, end + filler.size);
    memcpy(llmobsi_history_bytes(history) + end % capacity, &filler, sizeof filler);
    llmobsi_compiler_barrier();
    llmobsi_store_release(&history->end, end + filler.size);
    return end + filler.size;
}

/* Keeps what has ended. The ring has room for the largest record: the config's ranges say so. */
llmobsi_fn void llmobsi_history_put(llmobsi_history* history, uint32_t capacity,
                                    const llmobsi_pool* pool, const llmobsi_slot* slot)
{
    uint32_t size = llmobsi_journal_entry_size(pool, slot);
    uint64_t end = llmobsi_history_wrap(history, capacity, size);
    llmobsi_history_forget(history, capacity, end + size);
    llmobsi_journal_entry_write(llmobsi_history_bytes(history) + end % capacity, size, pool, slot);
    llmobsi_compiler_barrier();
    llmobsi_store_release(&history->end, end + size);
}

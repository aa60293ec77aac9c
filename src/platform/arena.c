/* One block of memory, laid out once. The same layout function runs twice: without a base it
   measures, with one it places. So what is measured is what is taken. */

typedef struct llmobsi_arena {
    unsigned char* base; /* NULL while measuring */
    size_t used;         /* LLMOBS_I_SIZE_OVERFLOW once it can't be had */
} llmobsi_arena;

/* The next `count` times `size` bytes, on a cache line of their own; NULL while measuring. */
llmobsi_fn void* llmobsi_arena_take(llmobsi_arena* arena, size_t count, size_t size)
{
    size_t start = arena->used;
    size_t bytes = llmobsi_size_align(llmobsi_size_mul(count, size), LLMOBS_I_CACHE_LINE);
    arena->used = llmobsi_size_add(start, bytes);
    if (arena->base == NULL || arena->used == LLMOBS_I_SIZE_OVERFLOW) {
        return NULL;
    }
    return arena->base + start;
}

/* The same of whole pages of the system's, wherever these begin; `bytes` is a number of them. */
llmobsi_fn void* llmobsi_arena_take_pages(llmobsi_arena* arena, size_t bytes)
{
    size_t page = llmobsi_page_size();
    unsigned char* memory =
        (unsigned char*)llmobsi_arena_take(arena, 1, llmobsi_size_add(bytes, page));
    return memory != NULL ? memory + (page - (uintptr_t)memory % page) % page : NULL;
}

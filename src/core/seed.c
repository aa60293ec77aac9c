/* Numbers that are unlike those of other processes, calls and times, for ids and hash tables:
   random where the system has random bytes. Keys are made of random bytes alone, or not at all. */

/* For machines without random bytes: whoever knows the time and the process can guess it. */
llmobsi_cold uint64_t llmobsi_unlike_seed(void)
{
    static llmobsi_atomic64 calls;
    uint64_t state = llmobsi_realtime_ns();
    state = llmobsi_splitmix64(&state) + (uint64_t)llmobsi_process_id();
    state = llmobsi_splitmix64(&state) + llmobsi_monotonic_ns();
    state = llmobsi_splitmix64(&state) + (uint64_t)(uintptr_t)&calls;
    state = llmobsi_splitmix64(&state) + llmobsi_add_relaxed(&calls, 1);
    return llmobsi_splitmix64(&state);
}

llmobsi_fn void llmobsi_random_seeds(uint64_t* seeds, size_t count)
{
    size_t i;
    if (!llmobsi_random_bytes(seeds, count * sizeof *seeds)) {
        for (i = 0; i < count; i++) {
            seeds[i] = llmobsi_unlike_seed();
        }
    }
}

llmobsi_fn uint64_t llmobsi_random_seed(void)
{
    uint64_t seed;
    llmobsi_random_seeds(&seed, 1);
    return seed;
}

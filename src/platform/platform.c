/* What is the same on any system, on top of what the system gives. */

LLMOBS_API const char* llmobs_version(void)
{
    return LLMOBS_VERSION_STRING;
}

/* Memory that held a secret. */
llmobsi_fn void llmobsi_wipe(void* memory, size_t size)
{
    if (size > 0) {
        llmobsi_zero(memory, size);
    }
}

/* ---- sizes: the only way to compute one that an outsider has a say in ---------------------- */

#define LLMOBS_I_SIZE_OVERFLOW SIZE_MAX

/* a + b, and a * b; once too large, always LLMOBS_I_SIZE_OVERFLOW. */
llmobsi_fn size_t llmobsi_size_add(size_t a, size_t b)
{
    size_t sum;
    if (a == LLMOBS_I_SIZE_OVERFLOW || b == LLMOBS_I_SIZE_OVERFLOW ||
        llmobsi_add_overflows(a, b, &sum)) {
        return LLMOBS_I_SIZE_OVERFLOW;
    }
    return sum;
}

llmobsi_fn size_t llmobsi_size_mul(size_t a, size_t b)
{
    size_t product;
    if (a == LLMOBS_I_SIZE_OVERFLOW || b == LLMOBS_I_SIZE_OVERFLOW ||
        llmobsi_mul_overflows(a, b, &product)) {
        return LLMOBS_I_SIZE_OVERFLOW;
    }
    return product;
}

/* Up to the next multiple of a power of two. */
llmobsi_fn size_t llmobsi_size_align(size_t size, size_t alignment)
{
    size_t padded = llmobsi_size_add(size, alignment - 1);
    return padded == LLMOBS_I_SIZE_OVERFLOW ? padded : padded & ~(alignment - 1);
}

llmobsi_fn uint32_t llmobsi_round_up_pow2(uint32_t number)
{
    uint32_t power = 1;
    while (power < number && power < 0x80000000u) {
        power <<= 1;
    }
    return power;
}

/* ---- products of 128 bits ------------------------------------------------------------------ */

/* a * b, of four products of 32 bits; the upper half is returned. */
llmobsi_inline uint64_t llmobsi_multiply_portable(uint64_t a, uint64_t b, uint64_t* lower)
{
    uint64_t a_low = (uint32_t)a, a_high = a >> 32, b_low = (uint32_t)b, b_high = b >> 32;
    uint64_t low = a_low * b_low;
    uint64_t middle = a_high * b_low + (low >> 32); /* neither sum can overflow */
    uint64_t other = a_low * b_high + (uint32_t)middle;
    *lower = other << 32 | (uint32_t)low;
    return a_high * b_high + (middle >> 32) + (other >> 32);
}

llmobsi_inline uint64_t llmobsi_multiply(uint64_t a, uint64_t b, uint64_t* lower)
{
#if defined(__SIZEOF_INT128__) && !defined(LLMOBS_NO_INT128)
    __extension__ typedef unsigned __int128 llmobsi_u128;
    llmobsi_u128 product = (llmobsi_u128)a * b;
    *lower = (uint64_t)product;
    return (uint64_t)(product >> 64);
#elif defined(LLMOBS_I_UMUL128) && !defined(LLMOBS_NO_INT128)
    uint64_t upper;
    *lower = _umul128(a, b, &upper);
    return upper;
#else
    return llmobsi_multiply_portable(a, b, lower);
#endif
}

/* ---- the cheapest clock -------------------------------------------------------------------- */

/* The cheapest steady clock, in a unit of its own. Unfenced: the processor may read it a little
   early or late, by less than it takes to read it. */
llmobsi_inline uint64_t llmobsi_cycles(void)
{
#ifdef LLMOBS_I_COUNTER
    return llmobsi_counter();
#else
    return llmobsi_monotonic_ns();
#endif
}

/* Whether that clock runs at one speed on all cores. */
llmobsi_fn bool llmobsi_cycles_are_invariant(void)
{
#ifdef LLMOBS_I_CPUID
    uint32_t words[4];
    return llmobsi_cpuid(0x80000007u, words) && (words[3] & (1u << 8)) != 0;
#else
    return true;
#endif
}

/* ---- locks: how long a caller waits -------------------------------------------------------- */

/* 2 to 8 ns each, so 16 to 65 us in all: a series on pages that nobody has touched yet is made in
   up to 8 us with the lock taken. Who holds it longer was taken off its core. */
#define LLMOBS_I_LOCK_TRIES 8192

/* How long a caller may wait for a lock. */
typedef enum llmobsi_wait {
    LLMOBS_I_WAIT_NEVER,   /* in a signal handler or a callback: it does not even try */
    LLMOBS_I_WAIT_BRIEFLY, /* on a request's way                                      */
    LLMOBS_I_WAIT
} llmobsi_wait;

/* Takes it, if that is done within the time that the caller has. */
llmobsi_fn bool llmobsi_lock_take_if(llmobsi_lock* lock, llmobsi_wait wait)
{
    int left = wait == LLMOBS_I_WAIT_BRIEFLY ? LLMOBS_I_LOCK_TRIES : 0;
    if (wait == LLMOBS_I_WAIT) {
        llmobsi_lock_take(lock);
        return true;
    }
    while (left > 0 && !llmobsi_lock_try(lock)) {
        left--;
    }
    return left > 0;
}

/* ---- files that are held open -------------------------------------------------------------- */

/* A file that is open for the sake of its lock. */
typedef struct llmobsi_held {
    int descriptor; /* + 1; 0: none */
    uint64_t device;
    uint64_t inode;
} llmobsi_held;

/* The host may have closed our descriptor: its number can be anything by now. Where that can't be
   told, `unknown` is the answer. */
llmobsi_fn bool llmobsi_held_is(const llmobsi_held* held, bool unknown)
{
    llmobsi_file_facts facts;
    if (held->descriptor <= 0) {
        return false;
    }
    if (!llmobsi_os_facts(held->descriptor - 1, &facts)) {
        return unknown && errno != EBADF;
    }
    return facts.device == held->device && facts.inode == held->inode;
}

llmobsi_fn bool llmobsi_held_is_ours(const llmobsi_held* held)
{
    return llmobsi_held_is(held, false);
}

llmobsi_fn void llmobsi_held_close(llmobsi_held* held)
{
    if (llmobsi_held_is(held, true)) {
        (void)llmobsi_os_close(held->descriptor - 1);
    }
    held->descriptor = 0;
}

/* ---- threads of our own: their end --------------------------------------------------------- */

/* Of a thread that has ended, or is left alone. */
llmobsi_fn void llmobsi_thread_end(llmobsi_os_thread thread, bool ended)
{
    if (ended) {
        llmobsi_thread_join(thread);
    } else {
        llmobsi_thread_detach(thread);
    }
}

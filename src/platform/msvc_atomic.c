/* atomic.c's operations by MSVC's intrinsics. Loads and stores are plain ones that the compiler
   neither tears nor leaves out, with a barrier where the name asks for an order: of x86 one for
   the compiler alone, of ARM64 dmb, which is more than acquire and release need. What changes a
   place in one step is an _Interlocked function of full order, whatever the name asks for. */

#ifdef LLMOBS_I_MSVC

/* Members of structs are aligned to their size, also on x86. */
typedef uint8_t llmobsi_atomic8;
typedef uint32_t llmobsi_atomic32;
typedef uint64_t llmobsi_atomic64;

#ifndef LLMOBS_ATOMICS

llmobsi_inline void llmobsi_order_memory(void)
{
#if defined(_M_ARM64)
    __dmb(0xb); /* the inner shareable domain, reads and writes */
#endif
    _ReadWriteBarrier();
}

/* ---- by size ------------------------------------------------------------------------------- */

/* `part` and `kept` are the types that the _Interlocked and the __iso_volatile ones have for it. */

#define llmobsi_cas_of(word, bits, part, cas)                                      \
    llmobsi_inline bool llmobsi_cas##bits(word* place, word* expected, word value) \
    {                                                                              \
        word before = *expected;                                                   \
        *expected = (word)cas((part volatile*)place, (part)value, (part)before);   \
        return *expected == before;                                                \
    }
#define llmobsi_access_of(word, bits, part, kept, exchange, add)             \
    llmobsi_inline word llmobsi_load##bits(const word* place)                \
    {                                                                        \
        return (word)__iso_volatile_load##bits((const volatile kept*)place); \
    }                                                                        \
    llmobsi_inline void llmobsi_store##bits(word* place, word value)         \
    {                                                                        \
        __iso_volatile_store##bits((volatile kept*)place, (kept)value);      \
    }                                                                        \
    llmobsi_inline word llmobsi_exchange##bits(word* place, word value)      \
    {                                                                        \
        return (word)exchange((part volatile*)place, (part)value);           \
    }                                                                        \
    llmobsi_inline word llmobsi_add##bits(word* place, word value)           \
    {                                                                        \
        return (word)add((part volatile*)place, (part)value);                \
    }

llmobsi_cas_of(llmobsi_atomic8, 8, char, _InterlockedCompareExchange8)
llmobsi_cas_of(llmobsi_atomic32, 32, long, _InterlockedCompareExchange)
llmobsi_cas_of(llmobsi_atomic64, 64, long long, _InterlockedCompareExchange64)
llmobsi_access_of(llmobsi_atomic8, 8, char, char, _InterlockedExchange8, _InterlockedExchangeAdd8)
llmobsi_access_of(llmobsi_atomic32, 32, long, int, _InterlockedExchange, _InterlockedExchangeAdd)

#if !defined(_M_IX86)
llmobsi_access_of(llmobsi_atomic64, 64, long long, long long, _InterlockedExchange64,
                  _InterlockedExchangeAdd64)
#else
/* Of x86, cmpxchg8b alone takes 64 bits in one piece, also to load and to store. It writes what was
   there: the place is never in memory that may not be written. */
llmobsi_inline uint64_t llmobsi_load64(const llmobsi_atomic64* place)
{
    return (uint64_t)_InterlockedCompareExchange64((long long volatile*)(uintptr_t)place, 0, 0);
}

llmobsi_inline uint64_t llmobsi_exchange64(llmobsi_atomic64* place, uint64_t value)
{
    uint64_t seen = 0;
    while (!llmobsi_cas64(place, &seen, value)) {
    }
    return seen;
}

llmobsi_inline void llmobsi_store64(llmobsi_atomic64* place, uint64_t value)
{
    (void)llmobsi_exchange64(place, value);
}

llmobsi_inline uint64_t llmobsi_add64(llmobsi_atomic64* place, uint64_t value)
{
    uint64_t seen = 0;
    while (!llmobsi_cas64(place, &seen, seen + value)) {
    }
    return seen;
}
#endif

/* ---- loads and stores of an order ---------------------------------------------------------- */

#define llmobsi_ordered_of(word, bits)                                       \
    llmobsi_inline word llmobsi_load_acquire##bits(const word* place)        \
    {                                                                        \
        word value = llmobsi_load##bits(place);                              \
        llmobsi_order_memory();                                              \
        return value;                                                        \
    }                                                                        \
    llmobsi_inline word llmobsi_load_ordered##bits(const word* place)        \
    {                                                                        \
        llmobsi_order_memory();                                              \
        return llmobsi_load_acquire##bits(place);                            \
    }                                                                        \
    llmobsi_inline void llmobsi_store_release##bits(word* place, word value) \
    {                                                                        \
        llmobsi_order_memory();                                              \
        llmobsi_store##bits(place, value);                                   \
    }                                                                        \
    llmobsi_inline void llmobsi_store_ordered##bits(word* place, word value) \
    {                                                                        \
        (void)llmobsi_exchange##bits(place, value);                          \
    }

llmobsi_ordered_of(llmobsi_atomic8, 8)
llmobsi_ordered_of(llmobsi_atomic32, 32)
llmobsi_ordered_of(llmobsi_atomic64, 64)

/* ---- one name for all sizes ---------------------------------------------------------------- */

#ifndef __cplusplus
#define llmobsi_by_size(what, place)       \
    _Generic((place),                      \
        llmobsi_atomic8*: what##8,         \
        llmobsi_atomic32*: what##32,       \
        llmobsi_atomic64*: what##64,       \
        const llmobsi_atomic8*: what##8,   \
        const llmobsi_atomic32*: what##32, \
        const llmobsi_atomic64*: what##64)
#define llmobsi_load_relaxed(place) llmobsi_by_size(llmobsi_load, place)(place)
#define llmobsi_load_acquire(place) llmobsi_by_size(llmobsi_load_acquire, place)(place)
#define llmobsi_load_ordered(place) llmobsi_by_size(llmobsi_load_ordered, place)(place)
#define llmobsi_store_relaxed(place, value) llmobsi_by_size(llmobsi_store, place)(place, value)
#define llmobsi_store_release(place, value) \
    llmobsi_by_size(llmobsi_store_release, place)(place, value)
#define llmobsi_store_ordered(place, value) \
    llmobsi_by_size(llmobsi_store_ordered, place)(place, value)
#define llmobsi_exchange_ordered(place, value) \
    llmobsi_by_size(llmobsi_exchange, place)(place, value)
#define llmobsi_add_relaxed(place, value) llmobsi_by_size(llmobsi_add, place)(place, value)
#define llmobsi_add_ordered(place, value) llmobsi_by_size(llmobsi_add, place)(place, value)
#define llmobsi_cas_acquire_release(place, expected, value) \
    llmobsi_by_size(llmobsi_cas, place)(place, expected, value)
#define llmobsi_cas_ordered(place, expected, value) \
    llmobsi_by_size(llmobsi_cas, place)(place, expected, value)
#else
#define llmobsi_named_of(word, bits)                                                         \
    llmobsi_inline word llmobsi_load_relaxed(const word* place)                              \
    {                                                                                        \
        return llmobsi_load##bits(place);                                                    \
    }                                                                                        \
    llmobsi_inline word llmobsi_load_acquire(const word* place)                              \
    {                                                                                        \
        return llmobsi_load_acquire##bits(place);                                            \
    }                                                                                        \
    llmobsi_inline word llmobsi_load_ordered(const word* place)                              \
    {                                                                                        \
        return llmobsi_load_ordered##bits(place);                                            \
    }                                                                                        \
    llmobsi_inline void llmobsi_store_relaxed(word* place, word value)                       \
    {                                                                                        \
        llmobsi_store##bits(place, value);                                                   \
    }                                                                                        \
    llmobsi_inline void llmobsi_store_release(word* place, word value)                       \
    {                                                                                        \
        llmobsi_store_release##bits(place, value);                                           \
    }                                                                                        \
    llmobsi_inline void llmobsi_store_ordered(word* place, word value)                       \
    {                                                                                        \
        llmobsi_store_ordered##bits(place, value);                                           \
    }                                                                                        \
    llmobsi_inline word llmobsi_exchange_ordered(word* place, word value)                    \
    {                                                                                        \
        return llmobsi_exchange##bits(place, value);                                         \
    }                                                                                        \
    llmobsi_inline word llmobsi_add_relaxed(word* place, word value)                         \
    {                                                                                        \
        return llmobsi_add##bits(place, value);                                              \
    }                                                                                        \
    llmobsi_inline word llmobsi_add_ordered(word* place, word value)                         \
    {                                                                                        \
        return llmobsi_add##bits(place, value);                                              \
    }                                                                                        \
    llmobsi_inline bool llmobsi_cas_acquire_release(word* place, word* expected, word value) \
    {                                                                                        \
        return llmobsi_cas##bits(place, expected, value);                                    \
    }                                                                                        \
    llmobsi_inline bool llmobsi_cas_ordered(word* place, word* expected, word value)         \
    {                                                                                        \
        return llmobsi_cas##bits(place, expected, value);                                    \
    }

extern "C++" {
llmobsi_named_of(llmobsi_atomic8, 8)
llmobsi_named_of(llmobsi_atomic32, 32)
llmobsi_named_of(llmobsi_atomic64, 64)
}
#endif

#endif /* LLMOBS_ATOMICS */

/* ---- pointers: as numbers, since MSVC takes any two types for the same memory -------------- */

#if SIZE_MAX > UINT32_MAX
typedef llmobsi_atomic64 llmobsi_atomic_pointer;
#else
typedef llmobsi_atomic32 llmobsi_atomic_pointer;
#endif

#define llmobsi_pointer_load_relaxed(type, place) \
    ((type*)(uintptr_t)llmobsi_load_relaxed((const llmobsi_atomic_pointer*)(place)))
#define llmobsi_pointer_load_acquire(type, place) \
    ((type*)(uintptr_t)llmobsi_load_acquire((const llmobsi_atomic_pointer*)(place)))
#define llmobsi_pointer_store_release(place, value)         \
    llmobsi_store_release((llmobsi_atomic_pointer*)(place), \
                          (llmobsi_atomic_pointer)(uintptr_t)(value))
#define llmobsi_pointer_cas_acquire_release(place, expected, value)  \
    llmobsi_cas_acquire_release((llmobsi_atomic_pointer*)(place),    \
                                (llmobsi_atomic_pointer*)(expected), \
                                (llmobsi_atomic_pointer)(uintptr_t)(value))

#endif /* LLMOBS_I_MSVC */

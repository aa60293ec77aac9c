/* Atomic operations by name, so that the order is read where the operation is. The builtins
   serve C and C++ alike; a model checker may define LLMOBS_ATOMICS and give its own. No fences:
   ThreadSanitizer does not see them. MSVC's are in msvc_atomic.c. */

#ifndef LLMOBS_I_MSVC
typedef uint32_t llmobsi_atomic32 __attribute__((aligned(4)));
typedef uint64_t llmobsi_atomic64 __attribute__((aligned(8)));
typedef uint8_t llmobsi_atomic8;
#endif

#if !defined(LLMOBS_ATOMICS) && !defined(LLMOBS_I_MSVC)
#define llmobsi_load_relaxed(place) __atomic_load_n((place), __ATOMIC_RELAXED)
#define llmobsi_load_acquire(place) __atomic_load_n((place), __ATOMIC_ACQUIRE)
#define llmobsi_load_ordered(place) __atomic_load_n((place), __ATOMIC_SEQ_CST)
#define llmobsi_store_relaxed(place, value) __atomic_store_n((place), (value), __ATOMIC_RELAXED)
#define llmobsi_store_release(place, value) __atomic_store_n((place), (value), __ATOMIC_RELEASE)
#define llmobsi_store_ordered(place, value) __atomic_store_n((place), (value), __ATOMIC_SEQ_CST)
#define llmobsi_exchange_ordered(place, value) \
    __atomic_exchange_n((place), (value), __ATOMIC_SEQ_CST)
#define llmobsi_add_relaxed(place, value) __atomic_fetch_add((place), (value), __ATOMIC_RELAXED)
#define llmobsi_add_ordered(place, value) __atomic_fetch_add((place), (value), __ATOMIC_SEQ_CST)
/* True if *place was *expected and now is value; else *expected is what it was. */
#define llmobsi_cas_acquire_release(place, expected, value)                            \
    __atomic_compare_exchange_n((place), (expected), (value), false, __ATOMIC_ACQ_REL, \
                                __ATOMIC_ACQUIRE)
#define llmobsi_cas_ordered(place, expected, value)                                    \
    __atomic_compare_exchange_n((place), (expected), (value), false, __ATOMIC_SEQ_CST, \
                                __ATOMIC_SEQ_CST)
#endif

/* Of a place that holds a pointer to `type`. */
#ifndef LLMOBS_I_MSVC
#define llmobsi_pointer_load_relaxed(type, place) llmobsi_load_relaxed(place)
#define llmobsi_pointer_load_acquire(type, place) llmobsi_load_acquire(place)
#define llmobsi_pointer_store_release(place, value) llmobsi_store_release(place, value)
#define llmobsi_pointer_cas_acquire_release(place, expected, value) \
    llmobsi_cas_acquire_release(place, expected, value)
#endif

#if defined(__SANITIZE_THREAD__)
#define LLMOBS_I_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define LLMOBS_I_TSAN 1
#endif
#endif
#ifndef LLMOBS_I_TSAN
#define LLMOBS_I_TSAN 0
#endif

/* A counter with one writer: no locked instruction. Others may read it at any time. */
llmobsi_inline void llmobsi_count(llmobsi_atomic64* counter, uint64_t amount)
{
    llmobsi_store_relaxed(counter, llmobsi_load_relaxed(counter) + amount);
}

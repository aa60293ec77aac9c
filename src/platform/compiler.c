/* What compilers call by different names: nothing here knows of a system, or of spans. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

/* gcc's words are clang's, too, also where clang stands in for MSVC. MSVC's own are in msvc.c; our
   tests ask for them elsewhere. */
#if defined(_MSC_VER) && !defined(__clang__) && !defined(LLMOBS_I_MSVC)
#define LLMOBS_I_MSVC
#endif

/* A browser without SharedArrayBuffer, and the like. */
#if defined(__EMSCRIPTEN__) && !defined(__EMSCRIPTEN_PTHREADS__) && !defined(LLMOBS_NO_THREADS)
#define LLMOBS_NO_THREADS
#endif

#ifndef LLMOBS_ASSERT
#ifdef LLMOBS_DEBUG
#include <stdio.h>
#define LLMOBS_ASSERT(condition)                                                                  \
    ((condition)                                                                                  \
         ? (void)0                                                                                \
         : ((void)fprintf(stderr, "llmobs: %s:%d: %s\n", __FILE__, __LINE__, #condition), abort()))
#else
#define LLMOBS_ASSERT(condition) ((void)0)
#endif
#endif

#define LLMOBS_I_CACHE_LINE 64u
#define LLMOBS_I_PAGE_LEAST 4096u /* no system has smaller pages */

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define LLMOBS_I_BIG_ENDIAN 1
#else
#define LLMOBS_I_BIG_ENDIAN 0
#endif

#ifndef LLMOBS_I_MSVC

/* How private functions and variables are linked: not at all. Our own tests compile one copy with
   LLMOBS_I_APART, whose private parts they see (tools/private.pl). */
#ifndef LLMOBS_I_APART
#define llmobsi_fn static __attribute__((unused))
#define llmobsi_cold static __attribute__((unused, noinline, cold))
#define llmobsi_noinline static __attribute__((unused, noinline))
#define llmobsi_state static
#else
#define llmobsi_fn extern
#define llmobsi_cold extern __attribute__((noinline, cold))
#define llmobsi_noinline extern __attribute__((noinline))
#define llmobsi_state
#endif
#define llmobsi_inline static inline __attribute__((unused, always_inline))
#define llmobsi_likely(condition) __builtin_expect(!!(condition), 1)
#define llmobsi_unlikely(condition) __builtin_expect(!!(condition), 0)
#define llmobsi_thread_local __thread
/* Behind the word `struct`, before the name. */
#define LLMOBS_I_ALIGNED(bytes) __attribute__((aligned(bytes)))
/* Of a function that runs when a shared object with this copy is unloaded. It is told before. */
#define LLMOBS_I_AT_UNLOAD __attribute__((destructor))
#define llmobsi_on_unload(run) ((void)(run))

#define LLMOBS_I_STATIC_ASSERT(name, condition) \
    typedef char llmobsi_assert_##name[(condition) ? 1 : -1] __attribute__((unused))

/* One thread-local pointer is all there is; initial-exec makes it one instruction, also in a shared
   object. musl refuses initial-exec under dlopen. */
#ifndef LLMOBS_TLS_MODEL
#if defined(__GLIBC__)
#define LLMOBS_TLS_MODEL __attribute__((tls_model("initial-exec")))
#else
#define LLMOBS_TLS_MODEL
#endif
#endif

/* ---- bits ---------------------------------------------------------------------------------- */

/* Zeros before the highest and behind the lowest bit; of a number that is not 0. */
#define llmobsi_leading_zeros32(number) __builtin_clz(number)
#define llmobsi_leading_zeros64(number) __builtin_clzll(number)
#define llmobsi_trailing_zeros32(number) __builtin_ctz(number)
#define llmobsi_trailing_zeros64(number) __builtin_ctzll(number)
#define llmobsi_bit_count32(number) __builtin_popcount(number)
#define llmobsi_bit_count64(number) __builtin_popcountll(number)
#define llmobsi_swap_bytes32(number) __builtin_bswap32(number)
#define llmobsi_swap_bytes64(number) __builtin_bswap64(number)

/* Whether the sum or product does not fit; then *result is what is left of it. */
#define llmobsi_add_overflows(a, b, result) __builtin_add_overflow((a), (b), (result))
#define llmobsi_mul_overflows(a, b, result) __builtin_mul_overflow((a), (b), (result))

#define llmobsi_prefetch_to_write(place) __builtin_prefetch((place), 1)

/* Keeps the compiler, not the processor, from moving memory accesses across. */
#define llmobsi_compiler_barrier() __asm__ __volatile__("" ::: "memory")
/* Zeros that stay: for all the compiler knows, they are read. */
#define llmobsi_zero(memory, size)                           \
    do {                                                     \
        memset((memory), 0, (size));                         \
        __asm__ __volatile__("" : : "r"(memory) : "memory"); \
    } while (0)
/* The same number, of which the compiler knows nothing; `where` is asm's word for a register of
   its type. By the second, it is another one each time. */
#define llmobsi_hide(type, where, number) __asm__("" : where(number))
#define llmobsi_hide_each(type, where, number) __asm__ __volatile__("" : where(number))

/* ---- the processor ------------------------------------------------------------------------- */

/* Its own steady counter, where one instruction reads it. */
#if defined(__x86_64__) || defined(__i386__)
#define LLMOBS_I_COUNTER
llmobsi_inline uint64_t llmobsi_counter(void)
{
    return __builtin_ia32_rdtsc();
}
#elif defined(__aarch64__)
#define LLMOBS_I_COUNTER
llmobsi_inline uint64_t llmobsi_counter(void)
{
    uint64_t count;
    __asm__ __volatile__("mrs %0, cntvct_el0" : "=r"(count));
    return count;
}
#endif

/* What x86 says of itself in four words; false where it does not know of such a leaf. */
#if defined(__x86_64__) || defined(__i386__)
#define LLMOBS_I_CPUID
llmobsi_inline bool llmobsi_cpuid(uint32_t leaf, uint32_t words[4])
{
    return __get_cpuid(leaf, &words[0], &words[1], &words[2], &words[3]) != 0;
}
#endif

/* ---- numbers ------------------------------------------------------------------------------- */

/* asm's word for where float and double are: a register, or memory where we know of none. */
#if defined(__SSE2__)
#define LLMOBS_I_PINNED "+x"
#elif defined(__aarch64__)
#define LLMOBS_I_PINNED "+w"
#else
#define LLMOBS_I_PINNED "+m"
#endif

/* The mode that the processor computes them in. The plain one: to the nearest, all numbers, no
   traps. Elsewhere it is plain for all we know. */
#if defined(__SSE2__)
#define LLMOBS_I_PLAIN_MODE 0x1f80u
llmobsi_inline uint64_t llmobsi_number_mode(void)
{
    uint32_t mode;
    __asm__ __volatile__("stmxcsr %0" : "=m"(mode) : : "memory");
    return mode;
}

llmobsi_inline void llmobsi_set_number_mode(uint64_t mode)
{
    uint32_t word = (uint32_t)mode;
    __asm__ __volatile__("ldmxcsr %0" : : "m"(word) : "memory");
}
#elif defined(__aarch64__)
#define LLMOBS_I_PLAIN_MODE 0u
llmobsi_inline uint64_t llmobsi_number_mode(void)
{
    uint64_t mode;
    __asm__ __volatile__("mrs %0, fpcr" : "=r"(mode) : : "memory");
    return mode;
}

llmobsi_inline void llmobsi_set_number_mode(uint64_t mode)
{
    __asm__ __volatile__("msr fpcr, %0" : : "r"(mode) : "memory");
}
#else
#define LLMOBS_I_PLAIN_MODE 0u
#define llmobsi_number_mode() UINT64_C(0)
#define llmobsi_set_number_mode(mode) ((void)(mode))
#endif

/* The square root, where one instruction rounds it to the nearest. */
#if defined(__SSE2__) || defined(__aarch64__)
#define LLMOBS_I_SQRT
llmobsi_inline double llmobsi_sqrt_instruction(double value)
{
#if defined(__AVX__)
    __asm__("vsqrtsd %0, %0, %0" : "+x"(value));
#elif defined(__SSE2__)
    __asm__("sqrtsd %0, %0" : "+x"(value));
#else
    __asm__("fsqrt %d0, %d0" : "+w"(value));
#endif
    return value;
}
#endif

#endif /* LLMOBS_I_MSVC */

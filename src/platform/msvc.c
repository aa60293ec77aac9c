/* What MSVC calls what compiler.c has gcc's words for. Compiled by other compilers only so far,
   which take these words for our tests: see docs/platforms.md. */

#ifdef LLMOBS_I_MSVC

#if defined(_MSC_VER) && _MSC_VER < 1928
#error llmobs needs MSVC 19.28 (Visual Studio 2019 16.8) or later.
#endif
#if !defined(__cplusplus) && (!defined(__STDC_VERSION__) || __STDC_VERSION__ < 201112L)
#error llmobs needs /std:c11 or /std:c17 where its implementation is compiled as C.
#endif
#if defined(_MSC_VER) && !defined(_M_X64) && !defined(_M_IX86) && !defined(_M_ARM64)
#error llmobs knows MSVC for x64, x86 and ARM64 only.
#endif
#if defined(_M_ARM64EC)
#error llmobs does not know ARM64EC.
#endif

#include <intrin.h>

#ifndef LLMOBS_I_APART
#define llmobsi_fn static inline /* or it would warn of what nobody calls */
#define llmobsi_cold static __declspec(noinline)
#define llmobsi_noinline static __declspec(noinline)
#define llmobsi_state static
#else
#define llmobsi_fn extern
#define llmobsi_cold extern __declspec(noinline)
#define llmobsi_noinline extern __declspec(noinline)
#define llmobsi_state
#endif
#define llmobsi_inline static __forceinline
#define llmobsi_likely(condition) (!!(condition))
#define llmobsi_unlikely(condition) (!!(condition))
#define llmobsi_thread_local __declspec(thread)
#define LLMOBS_I_ALIGNED(bytes) __declspec(align(bytes))
/* A library's atexit runs what it was told when the library is unloaded. */
#define LLMOBS_I_AT_UNLOAD
#define llmobsi_on_unload(run) ((void)atexit(run))

#define LLMOBS_I_STATIC_ASSERT(name, condition) \
    typedef char llmobsi_assert_##name[(condition) ? 1 : -1]

#ifndef LLMOBS_TLS_MODEL
#define LLMOBS_TLS_MODEL
#endif

/* ---- bits ---------------------------------------------------------------------------------- */

llmobsi_inline int llmobsi_leading_zeros32(uint32_t number)
{
    unsigned long highest = 0;
    (void)_BitScanReverse(&highest, number);
    return 31 - (int)highest;
}

llmobsi_inline int llmobsi_trailing_zeros32(uint32_t number)
{
    unsigned long lowest = 0;
    (void)_BitScanForward(&lowest, number);
    return (int)lowest;
}

/* By halves: x86 of 32 bits has no other way. */
llmobsi_inline int llmobsi_leading_zeros64(uint64_t number)
{
    uint32_t high = (uint32_t)(number >> 32);
    return high != 0 ? llmobsi_leading_zeros32(high)
                     : 32 + llmobsi_leading_zeros32((uint32_t)number);
}

llmobsi_inline int llmobsi_trailing_zeros64(uint64_t number)
{
    uint32_t low = (uint32_t)number;
    return low != 0 ? llmobsi_trailing_zeros32(low)
                    : 32 + llmobsi_trailing_zeros32((uint32_t)(number >> 32));
}

/* Sums of pairs, of fours, of bytes; not every x86 has an instruction. */
llmobsi_inline int llmobsi_bit_count64(uint64_t number)
{
    number -= number >> 1 & UINT64_C(0x5555555555555555);
    number = (number & UINT64_C(0x3333333333333333)) + (number >> 2 & UINT64_C(0x3333333333333333));
    number = (number + (number >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    return (int)(number * UINT64_C(0x0101010101010101) >> 56);
}

llmobsi_inline int llmobsi_bit_count32(uint32_t number)
{
    return llmobsi_bit_count64(number);
}

#define llmobsi_swap_bytes32(number) ((uint32_t)_byteswap_ulong(number))
#define llmobsi_swap_bytes64(number) ((uint64_t)_byteswap_uint64(number))

/* The whole product of two numbers of 64 bits, where the processor has it. */
#if defined(_M_X64)
#define LLMOBS_I_UMUL128 1
#endif

/* ---- the processor ------------------------------------------------------------------------- */

#if defined(_M_ARM64)
/* How _ReadStatusReg numbers registers: what mrs names, put together. */
#define LLMOBS_I_CNTVCT 0x5f02
#define LLMOBS_I_FPCR 0x5a20
#endif

#define LLMOBS_I_COUNTER
llmobsi_inline uint64_t llmobsi_counter(void)
{
#if defined(_M_ARM64)
    return (uint64_t)_ReadStatusReg(LLMOBS_I_CNTVCT);
#else
    return __rdtsc();
#endif
}

#if !defined(_M_ARM64)
#define LLMOBS_I_CPUID
llmobsi_inline bool llmobsi_cpuid(uint32_t leaf, uint32_t words[4])
{
    int known[4];
    __cpuid(known, (int)(leaf & 0x80000000u));
    if ((uint32_t)known[0] < leaf) {
        return false;
    }
    __cpuid(known, (int)leaf);
    memcpy(words, known, sizeof known);
    return true;
}
#endif

/* ---- numbers ------------------------------------------------------------------------------- */

#define LLMOBS_I_PINNED "" /* llmobsi_hide's: through memory */

#if defined(_M_ARM64)
#define LLMOBS_I_PLAIN_MODE 0u
#else
#define LLMOBS_I_PLAIN_MODE 0x1f80u
#endif

llmobsi_inline uint64_t llmobsi_number_mode(void)
{
#if defined(_M_ARM64)
    return (uint64_t)_ReadStatusReg(LLMOBS_I_FPCR);
#else
    return _mm_getcsr();
#endif
}

llmobsi_inline void llmobsi_set_number_mode(uint64_t mode)
{
#if defined(_M_ARM64)
    _WriteStatusReg(LLMOBS_I_FPCR, (int64_t)mode);
#else
    _mm_setcsr((unsigned)mode);
#endif
}

/* ---- overflow ------------------------------------------------------------------------------ */

llmobsi_inline bool llmobsi_add_overflows_size(size_t a, size_t b, size_t* result)
{
    *result = a + b;
    return *result < a;
}

llmobsi_inline bool llmobsi_add_overflows_int64(int64_t a, int64_t b, int64_t* result)
{
    *result = (int64_t)((uint64_t)a + (uint64_t)b);
    return a < 0 ? b < INT64_MIN - a : b > INT64_MAX - a;
}

llmobsi_inline bool llmobsi_mul_overflows(size_t a, size_t b, size_t* result)
{
    *result = a * b;
    return a != 0 && b > SIZE_MAX / a;
}

#ifdef __cplusplus
extern "C++" {
llmobsi_inline bool llmobsi_add_overflows(size_t a, size_t b, size_t* result)
{
    return llmobsi_add_overflows_size(a, b, result);
}

llmobsi_inline bool llmobsi_add_overflows(int64_t a, int64_t b, int64_t* result)
{
    return llmobsi_add_overflows_int64(a, b, result);
}
}
#else
#define llmobsi_add_overflows(a, b, result)  \
    _Generic((result),                       \
        size_t*: llmobsi_add_overflows_size, \
        int64_t*: llmobsi_add_overflows_int64)((a), (b), (result))
#endif

/* ---- memory -------------------------------------------------------------------------------- */

#if defined(_M_X64) || defined(_M_IX86)
#define llmobsi_prefetch_to_write(place) _mm_prefetch((const char*)(place), _MM_HINT_T0)
#else
#define llmobsi_prefetch_to_write(place) ((void)(place))
#endif

#define llmobsi_compiler_barrier() _ReadWriteBarrier()

llmobsi_fn void llmobsi_zero(void* memory, size_t size)
{
    volatile unsigned char* at = (volatile unsigned char*)memory;
    size_t i;
    for (i = 0; i < size; i++) {
        at[i] = 0;
    }
}

/* There is no asm: the number goes through memory. */
#define llmobsi_hide(type, where, number)      \
    do {                                       \
        type volatile llmobsi_kept = (number); \
        (number) = llmobsi_kept;               \
    } while (0)
#define llmobsi_hide_each(type, where, number) llmobsi_hide(type, where, number)

#endif /* LLMOBS_I_MSVC */

/* MSVC's words and intrinsics, made of gcc's: with LLMOBS_I_MSVC defined and this directory before
   the system's, llmobs is built here of the words that MSVC is to have, and runs. _M_X64, _M_IX86
   and _M_ARM64 choose the processor that it takes this one for. What a real MSVC makes of its own
   intrinsics only that can show; and `long` has 64 bits here, which is why those of 32 bits are
   macros. */
#ifndef LLMOBS_TEST_INTRIN_H
#define LLMOBS_TEST_INTRIN_H

#include <stdint.h>
#include <time.h>

#define __forceinline inline __attribute__((always_inline, unused))
#define __declspec(word) LLMOBS_TEST_##word
#define LLMOBS_TEST_noinline __attribute__((noinline, unused))
#define LLMOBS_TEST_thread __thread
#define LLMOBS_TEST_align(bytes) __attribute__((aligned(bytes)))
#define LLMOBS_TEST_PART static inline __attribute__((unused))

LLMOBS_TEST_PART unsigned char _BitScanForward(unsigned long* index, uint32_t mask)
{
    *index = mask != 0 ? (unsigned long)__builtin_ctz(mask) : *index;
    return mask != 0;
}

LLMOBS_TEST_PART unsigned char _BitScanReverse(unsigned long* index, uint32_t mask)
{
    *index = mask != 0 ? 31ul - (unsigned long)__builtin_clz(mask) : *index;
    return mask != 0;
}

#define _byteswap_ulong(number) __builtin_bswap32(number)
#define _byteswap_uint64(number) __builtin_bswap64(number)
#define _ReadWriteBarrier() __asm__ __volatile__("" ::: "memory")

#define LLMOBS_TEST_AT(type, place) ((volatile type*)(uintptr_t)(place))

#define __iso_volatile_load8(place) __atomic_load_n(LLMOBS_TEST_AT(uint8_t, place), 0)
#define __iso_volatile_load32(place) __atomic_load_n(LLMOBS_TEST_AT(uint32_t, place), 0)
#define __iso_volatile_load64(place) __atomic_load_n(LLMOBS_TEST_AT(uint64_t, place), 0)
#define __iso_volatile_store8(place, value) \
    __atomic_store_n(LLMOBS_TEST_AT(uint8_t, place), (uint8_t)(value), 0)
#define __iso_volatile_store32(place, value) \
    __atomic_store_n(LLMOBS_TEST_AT(uint32_t, place), (uint32_t)(value), 0)
#define __iso_volatile_store64(place, value) \
    __atomic_store_n(LLMOBS_TEST_AT(uint64_t, place), (uint64_t)(value), 0)

#define LLMOBS_TEST_CHANGE(how, type, place, value) \
    __atomic_##how(LLMOBS_TEST_AT(type, place), (type)(value), __ATOMIC_SEQ_CST)
#define _InterlockedExchange8(place, value) LLMOBS_TEST_CHANGE(exchange_n, uint8_t, place, value)
#define _InterlockedExchange(place, value) LLMOBS_TEST_CHANGE(exchange_n, uint32_t, place, value)
#define _InterlockedExchangeAdd8(place, value) LLMOBS_TEST_CHANGE(fetch_add, uint8_t, place, value)
#define _InterlockedExchangeAdd(place, value) LLMOBS_TEST_CHANGE(fetch_add, uint32_t, place, value)
#define _InterlockedCompareExchange8(place, value, expected) \
    __sync_val_compare_and_swap(LLMOBS_TEST_AT(uint8_t, place), (uint8_t)(expected), \
                                (uint8_t)(value))
#define _InterlockedCompareExchange(place, value, expected) \
    __sync_val_compare_and_swap(LLMOBS_TEST_AT(uint32_t, place), (uint32_t)(expected), \
                                (uint32_t)(value))
#define _InterlockedCompareExchange64(place, value, expected) \
    __sync_val_compare_and_swap(LLMOBS_TEST_AT(uint64_t, place), (uint64_t)(expected), \
                                (uint64_t)(value))
/* As on x86 itself, it has none. */
#if !defined(_M_IX86)
#define _InterlockedExchange64(place, value) LLMOBS_TEST_CHANGE(exchange_n, uint64_t, place, value)
#define _InterlockedExchangeAdd64(place, value) \
    LLMOBS_TEST_CHANGE(fetch_add, uint64_t, place, value)
#endif

#if defined(_M_X64)
LLMOBS_TEST_PART uint64_t _umul128(uint64_t a, uint64_t b, uint64_t* high)
{
    __extension__ typedef unsigned __int128 wide;
    wide product = (wide)a * b;
    *high = (uint64_t)(product >> 64);
    return (uint64_t)product;
}
#endif

LLMOBS_TEST_PART uint64_t llmobs_test_nanoseconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

#if defined(_M_ARM64)
#define __dmb(kind) __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define _ReadStatusReg(which) ((which) == 0x5f02 ? (int64_t)llmobs_test_nanoseconds() : 0)
#define _WriteStatusReg(which, value) ((void)(value))
#else
/* The mode of numbers is this processor's, where it is one of that kind. */
#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#undef __cpuid /* gcc's has other parameters */
#define _mm_getcsr() __builtin_ia32_stmxcsr()
#define _mm_setcsr(mode) __builtin_ia32_ldmxcsr(mode)
#define __rdtsc() __builtin_ia32_rdtsc()
LLMOBS_TEST_PART void llmobs_test_cpuid(int words[4], uint32_t leaf)
{
    __cpuid_count(leaf, 0, words[0], words[1], words[2], words[3]);
}
#define __cpuid(words, leaf) llmobs_test_cpuid((words), (uint32_t)(leaf))
#else
#define _mm_getcsr() 0u
#define _mm_setcsr(mode) ((void)(mode))
#define __rdtsc() llmobs_test_nanoseconds()
#define __cpuid(words, leaf) (void)((words)[0] = (words)[3] = 0)
#endif
#define _mm_prefetch(place, hint) __builtin_prefetch(place)
#endif

#endif

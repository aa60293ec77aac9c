#pragma once
/* Only those that MSVC has for the processor: one that it has not is not declared. */
#ifdef __cplusplus
extern "C" {
#endif
unsigned char _BitScanForward(unsigned long* index, unsigned long mask);
unsigned char _BitScanReverse(unsigned long* index, unsigned long mask);
void _ReadWriteBarrier(void);

__int8 __iso_volatile_load8(const volatile __int8*);
__int32 __iso_volatile_load32(const volatile __int32*);
__int64 __iso_volatile_load64(const volatile __int64*);
void __iso_volatile_store8(volatile __int8*, __int8);
void __iso_volatile_store32(volatile __int32*, __int32);
void __iso_volatile_store64(volatile __int64*, __int64);

char _InterlockedExchange8(char volatile* place, char value);
char _InterlockedExchangeAdd8(char volatile* place, char value);
char _InterlockedCompareExchange8(char volatile* place, char value, char expected);
long _InterlockedExchange(long volatile* place, long value);
long _InterlockedExchangeAdd(long volatile* place, long value);
long _InterlockedCompareExchange(long volatile* place, long value, long expected);
__int64 _InterlockedCompareExchange64(__int64 volatile* place, __int64 value, __int64 expected);
#if !defined(_M_IX86)
__int64 _InterlockedExchange64(__int64 volatile* place, __int64 value);
__int64 _InterlockedExchangeAdd64(__int64 volatile* place, __int64 value);
#endif

#if defined(_M_X64)
unsigned __int64 _umul128(unsigned __int64 a, unsigned __int64 b, unsigned __int64* high);
#endif
#if defined(_M_ARM64)
void __dmb(unsigned int kind);
__int64 _ReadStatusReg(int which);
void _WriteStatusReg(int which, __int64 value);
#else
unsigned __int64 __rdtsc(void);
void __cpuid(int words[4], int leaf);
unsigned int _mm_getcsr(void);
void _mm_setcsr(unsigned int mode);
void _mm_prefetch(const char* place, int hint);
#define _MM_HINT_T0 1
#endif
#ifdef __cplusplus
}
#endif

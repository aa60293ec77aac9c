#pragma once
#include <stddef.h>
#ifdef __cplusplus
extern "C" {
#endif
void __cdecl abort(void);
void* __cdecl malloc(size_t size);
void __cdecl free(void* memory);
char* __cdecl getenv(const char* name);
double __cdecl strtod(const char* text, char** end);
int __cdecl atexit(void(__cdecl* run)(void));
unsigned long __cdecl _byteswap_ulong(unsigned long number);
unsigned __int64 __cdecl _byteswap_uint64(unsigned __int64 number);
#ifdef __cplusplus
}
#endif

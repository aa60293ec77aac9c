#pragma once
#include <stddef.h>
#ifdef __cplusplus
extern "C" {
#endif
void* __cdecl memcpy(void* to, const void* from, size_t size);
void* __cdecl memmove(void* to, const void* from, size_t size);
void* __cdecl memset(void* to, int byte, size_t size);
int __cdecl memcmp(const void* a, const void* b, size_t size);
int __cdecl strcmp(const char* a, const char* b);
int __cdecl strncmp(const char* a, const char* b, size_t size);
size_t __cdecl strlen(const char* text);
size_t __cdecl strspn(const char* text, const char* of);
size_t __cdecl strcspn(const char* text, const char* of);
size_t __cdecl wcslen(const wchar_t* text);
#ifdef __cplusplus
}
/* As MSVC has them: what is found in const text is const. */
extern "C++" {
const void* __cdecl memchr(const void* in, int byte, size_t size);
void* __cdecl memchr(void* in, int byte, size_t size);
const char* __cdecl strchr(const char* text, int byte);
char* __cdecl strchr(char* text, int byte);
const char* __cdecl strrchr(const char* text, int byte);
char* __cdecl strrchr(char* text, int byte);
const char* __cdecl strstr(const char* text, const char* part);
char* __cdecl strstr(char* text, const char* part);
}
#else
void* __cdecl memchr(const void* in, int byte, size_t size);
char* __cdecl strchr(const char* text, int byte);
char* __cdecl strrchr(const char* text, int byte);
char* __cdecl strstr(const char* text, const char* part);
#endif

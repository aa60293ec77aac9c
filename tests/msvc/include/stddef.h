#pragma once
#ifdef _WIN64
typedef unsigned __int64 size_t;
typedef __int64 ptrdiff_t;
typedef __int64 intptr_t;
typedef unsigned __int64 uintptr_t;
#else
typedef unsigned int size_t;
typedef int ptrdiff_t;
typedef int intptr_t;
typedef unsigned int uintptr_t;
#endif
#ifdef __cplusplus
#define NULL 0
#else
typedef unsigned short wchar_t;
#define NULL ((void*)0)
#endif
/* MSVC's own is a cast that it takes for a constant; clang would not. */
#define offsetof(type, member) __builtin_offsetof(type, member)

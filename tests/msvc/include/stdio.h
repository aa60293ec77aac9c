#pragma once
#ifdef __cplusplus
extern "C" {
#endif
typedef struct _iobuf FILE;
FILE* __cdecl __acrt_iob_func(unsigned number);
#define stderr (__acrt_iob_func(2))
int __cdecl fprintf(FILE* file, const char* format, ...);
#ifdef __cplusplus
}
#endif

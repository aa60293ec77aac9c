#pragma once
#include <stddef.h>
#ifdef __cplusplus
extern "C" {
#endif
uintptr_t __cdecl _beginthreadex(void* security, unsigned stack,
                                 unsigned(__stdcall* run)(void* argument), void* argument,
                                 unsigned flags, unsigned* id);
#ifdef __cplusplus
}
#endif

#pragma once
/* Microsoft's says nothing of __stdcall here. */
#ifdef __cplusplus
extern "C" {
#endif
#define RtlGenRandom SystemFunction036
BOOLEAN RtlGenRandom(PVOID buffer, ULONG size);
#ifdef __cplusplus
}
#endif

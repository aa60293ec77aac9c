#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* LLMOBS_STATIC: a private copy in this translation unit. It carries the implementation with it. */
#if defined(LLMOBS_STATIC) && !defined(LLMOBS_IMPLEMENTATION)
#define LLMOBS_IMPLEMENTATION
#endif

/* A recorder that is switched off records nothing; a hash that is switched off would be wrong.
   So it is not there. */
#if defined(LLMOBS_DISABLE) && !defined(LLMOBS_NO_SHA256)
#define LLMOBS_NO_SHA256
#endif

/* Define LLMOBS_API yourself to export the functions from a shared library. */
#if defined(LLMOBS_DISABLE)
#undef LLMOBS_API
#define LLMOBS_API static inline
#elif defined(LLMOBS_STATIC)
#undef LLMOBS_API
#if defined(_MSC_VER) && !defined(__clang__)
#define LLMOBS_API static inline
#else
#define LLMOBS_API static __attribute__((unused))
#endif
#elif !defined(LLMOBS_API)
#if defined(__ELF__)
/* Hidden: two shared objects with a copy each must not share one. */
#define LLMOBS_API extern __attribute__((visibility("hidden")))
#else
#define LLMOBS_API extern
#endif
#endif

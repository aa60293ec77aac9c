/* For tests: under which sanitizer they run. Each is 0 or 1, SANITIZED stands for any. */
#ifndef SANITIZED_H
#define SANITIZED_H

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ADDRESS_SANITIZED 1
#endif
#if __has_feature(thread_sanitizer)
#define THREAD_SANITIZED 1
#endif
#if __has_feature(memory_sanitizer)
#define MEMORY_SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) && !defined(ADDRESS_SANITIZED)
#define ADDRESS_SANITIZED 1
#endif
#if defined(__SANITIZE_THREAD__) && !defined(THREAD_SANITIZED)
#define THREAD_SANITIZED 1
#endif
#ifndef ADDRESS_SANITIZED
#define ADDRESS_SANITIZED 0
#endif
#ifndef THREAD_SANITIZED
#define THREAD_SANITIZED 0
#endif
#ifndef MEMORY_SANITIZED
#define MEMORY_SANITIZED 0
#endif
#define SANITIZED (ADDRESS_SANITIZED || THREAD_SANITIZED || MEMORY_SANITIZED)

#endif

/* For tests on Windows, which are written for POSIX: the few calls of libc that they use and that
   mingw-w64 has by other names. Included before each of them by the compiler's -include. */
#ifndef WINDOWS_HOST_H
#define WINDOWS_HOST_H

#include <direct.h>
#include <io.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* Blocks of aligned_alloc are given back by free, as others are: so it is asked which these are. */
#define WINDOWS_HOST_BLOCKS 256
static void* windows_host_blocks[WINDOWS_HOST_BLOCKS];

static inline void* windows_host_aligned(size_t alignment, size_t size)
{
    void* block = _aligned_malloc(size, alignment);
    int i;
    for (i = 0; block != NULL && i < WINDOWS_HOST_BLOCKS; i++) {
        if (windows_host_blocks[i] == NULL) {
            windows_host_blocks[i] = block;
            return block;
        }
    }
    abort(); /* more than a test has */
}

static inline void windows_host_free(void* block)
{
    int i;
    for (i = 0; block != NULL && i < WINDOWS_HOST_BLOCKS; i++) {
        if (windows_host_blocks[i] == block) {
            windows_host_blocks[i] = NULL;
            _aligned_free(block);
            return;
        }
    }
    free(block);
}

static inline struct tm* windows_host_gmtime(const time_t* seconds, struct tm* out)
{
    return gmtime_s(out, seconds) == 0 ? out : NULL;
}

#define aligned_alloc(alignment, size) windows_host_aligned(alignment, size)
#define free windows_host_free
#define gmtime_r(seconds, out) windows_host_gmtime(seconds, out)
#define mkdir(path, mode) _mkdir(path)

#endif

/* For tests on Windows, which are written for POSIX: the few calls of libc that they use and that
   mingw-w64 has by other names. Included before each of them by the compiler's -include. */
#ifndef WINDOWS_HOST_H
#define WINDOWS_HOST_H

#define __USE_MINGW_ANSI_STDIO 1 /* else msvcrt prints doubles, and rounds otherwise */

#define tell windows_host_tell /* io.h's; tests have their own */
#include <io.h>
#undef tell
#include <direct.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

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

/* Files are bytes, here as elsewhere. */
static __attribute__((constructor, unused)) void windows_host_begin(void)
{
    _fmode = _O_BINARY;
}

static inline long windows_host_at(int file, void* bytes, const void* from, size_t size, long at)
{
    long before = lseek(file, 0, SEEK_CUR);
    long done = lseek(file, at, SEEK_SET) < 0 ? -1
        : from != NULL                        ? write(file, from, (unsigned)size)
                                              : read(file, bytes, (unsigned)size);
    (void)lseek(file, before, SEEK_SET);
    return done;
}

#define pread(file, bytes, size, at) windows_host_at((file), (bytes), NULL, (size), (at))
#define pwrite(file, from, size, at) windows_host_at((file), NULL, (from), (size), (at))
#define pipe(ends) _pipe((ends), 256, _O_BINARY)
#define mkdir(path, mode) _mkdir(path)
#define setenv(name, value, replaced) _putenv_s((name), (value))
#define unsetenv(name) _putenv_s((name), "")
#define symlink(to, path) ((void)(to), (void)(path), -1)
#define mkfifo(path, mode) ((void)(path), -1)
#define lstat(path, out) stat((path), (out))
#define timegm(parts) _mkgmtime(parts)
#define geteuid() 1000
#define getuid() 1000

/* Never used: what sends signals to threads is skipped there (skipped_without_fork). */
#define SIGUSR1 10
#define SIGKILL 9
#define SA_RESTART 0
struct sigaction {
    void (*sa_handler)(int);
    int sa_flags;
};
#define sigaction(number, action, before) ((void)(number), (void)(action), (void)(before), -1)

#endif

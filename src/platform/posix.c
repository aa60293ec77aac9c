/* The system, where it is POSIX: clocks, random bytes, pages, threads and their locks. What stands
   here and in posix_file.c is all that the sections above know of a system: windows.c has the same
   vocabulary. */

#if !defined(_WIN32)

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/auxv.h>
#include <sys/random.h>
#include <sys/syscall.h>
#endif

/* A strict -std=c11 hides POSIX once a libc header came before this one: these names reach libc
   all the same. Where nothing is hidden they are ordinary calls. */
#if defined(__GLIBC__) && !defined(__USE_GNU)
#define LLMOBS_I_CLOCK_REALTIME 0
#define LLMOBS_I_CLOCK_MONOTONIC 1
/* Where the types are 64 bits wide by choice, the functions for those. */
#if defined(__USE_TIME_BITS64) && !defined(__LP64__)
#define LLMOBS_I_CLOCK_GETTIME "__clock_gettime64"
#else
#define LLMOBS_I_CLOCK_GETTIME "clock_gettime"
#endif
extern int llmobsi_clock_gettime(int clock, struct timespec* time) __asm__(LLMOBS_I_CLOCK_GETTIME);
extern long llmobsi_syscall(long number, ...) __asm__("syscall");
extern int llmobsi_condattr_setclock(pthread_condattr_t* attributes, int clock)
    __asm__("pthread_condattr_setclock");
extern int llmobsi_sigmask(int how, const void* set, void* old) __asm__("pthread_sigmask");
#define LLMOBS_I_SIG_SETMASK 2
typedef struct llmobsi_sigset {
    unsigned long bits[1024 / (8 * sizeof(unsigned long))];
} llmobsi_sigset;
#else
#define llmobsi_sigmask pthread_sigmask
#define LLMOBS_I_SIG_SETMASK SIG_SETMASK
typedef sigset_t llmobsi_sigset;
#define LLMOBS_I_CLOCK_REALTIME CLOCK_REALTIME
#define LLMOBS_I_CLOCK_MONOTONIC CLOCK_MONOTONIC
#define llmobsi_clock_gettime clock_gettime
#define llmobsi_syscall syscall
#define llmobsi_condattr_setclock pthread_condattr_setclock
#endif
#define LLMOBS_I_CLOCK_REALTIME_COARSE 5 /* Linux' own */
#ifndef O_CLOEXEC
#define LLMOBS_I_O_CLOEXEC 02000000
#else
#define LLMOBS_I_O_CLOEXEC O_CLOEXEC
#endif

/* ---- time ---------------------------------------------------------------------------------- */

llmobsi_fn uint64_t llmobsi_clock_ns(int clock)
{
    struct timespec now;
    if (llmobsi_clock_gettime(clock, &now) != 0) {
        return 0;
    }
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

llmobsi_fn uint64_t llmobsi_monotonic_ns(void)
{
#if defined(__APPLE__)
    return clock_gettime_nsec_np(CLOCK_UPTIME_RAW); /* the other is told in microseconds */
#else
    return llmobsi_clock_ns(LLMOBS_I_CLOCK_MONOTONIC);
#endif
}

llmobsi_fn uint64_t llmobsi_realtime_ns(void)
{
    return llmobsi_clock_ns(LLMOBS_I_CLOCK_REALTIME);
}

/* The same, late by some milliseconds, for a third of the price. */
llmobsi_fn uint64_t llmobsi_realtime_coarse_ns(void)
{
#if defined(__linux__)
    uint64_t now = llmobsi_clock_ns(LLMOBS_I_CLOCK_REALTIME_COARSE);
    return llmobsi_likely(now != 0) ? now : llmobsi_realtime_ns();
#else
    return llmobsi_realtime_ns();
#endif
}

/* ---- bytes of files ------------------------------------------------------------------------ */

#define LLMOBS_I_FILE_PIECE ((size_t)1 << 30) /* of one system call: some take no more than 2^31 */

/* Reads `size` bytes, over interruptions. Returns how many there were: fewer where the file ends
   (errno is 0 then), or the system would not. */
llmobsi_fn size_t llmobsi_read_whole(int file, void* to, size_t size)
{
    size_t got = 0;
    while (got < size) {
        size_t piece = size - got < LLMOBS_I_FILE_PIECE ? size - got : LLMOBS_I_FILE_PIECE;
        ssize_t count = read(file, (char*)to + got, piece);
        if (count > 0) {
            got += (size_t)count;
        } else if (count == 0) {
            errno = 0;
            break;
        } else if (errno != EINTR) {
            break;
        }
    }
    return got;
}

/* Writes `size` bytes, over interruptions. Returns how many were: fewer where the system would not
   take more. */
llmobsi_fn size_t llmobsi_write_whole(int file, const void* from, size_t size)
{
    size_t done = 0;
    while (done < size) {
        size_t piece = size - done < LLMOBS_I_FILE_PIECE ? size - done : LLMOBS_I_FILE_PIECE;
        ssize_t count = write(file, (const char*)from + done, piece);
        if (count > 0) {
            done += (size_t)count;
        } else if (count == 0 || errno != EINTR) {
            break;
        }
    }
    return done;
}

/* ---- random -------------------------------------------------------------------------------- */

llmobsi_fn bool llmobsi_random_from_file(void* bytes, size_t size)
{
    int file = open("/dev/urandom", O_RDONLY | LLMOBS_I_O_CLOEXEC);
    bool all;
    if (file < 0) {
        return false;
    }
    all = llmobsi_read_whole(file, bytes, size) == size;
    (void)close(file);
    return all;
}

/* The system's random bytes. Preserves errno. */
llmobsi_fn bool llmobsi_random_bytes(void* bytes, size_t size)
{
    int saved = errno;
    bool filled = false;
#if defined(__linux__)
    filled = size <= 256 && getrandom(bytes, size, GRND_NONBLOCK) == (ssize_t)size;
#elif defined(__APPLE__) || defined(__FreeBSD__) || defined(__OpenBSD__) || defined(__NetBSD__)
    arc4random_buf(bytes, size);
    filled = true;
#endif
    filled = filled || llmobsi_random_from_file(bytes, size);
    errno = saved;
    return filled;
}

/* ---- pages that hold secrets --------------------------------------------------------------- */

llmobsi_fn size_t llmobsi_page_size(void)
{
    long size = sysconf(_SC_PAGESIZE);
    return size >= (long)LLMOBS_I_PAGE_LEAST ? (size_t)size : LLMOBS_I_PAGE_LEAST;
}

/* What the kernel can do for whole pages, or takes back again: they are not in core dumps, a fork's
   child finds them zeroed, they are not swapped. Each may be refused (an old kernel, shared memory,
   a limit): it is one more wall, not the only one. Preserves errno. */
llmobsi_fn void llmobsi_pages_seclude(void* pages, size_t size, bool secluded)
{
#if defined(__linux__) && defined(SYS_madvise) && defined(SYS_mlock)
    int saved = errno;
    uintptr_t start = (uintptr_t)pages;
    (void)llmobsi_syscall(SYS_madvise, start, size, secluded ? 16 : 17); /* DONTDUMP, DODUMP      */
    (void)llmobsi_syscall(SYS_madvise, start, size, secluded ? 18 : 19); /* WIPE- and KEEPONFORK */
    (void)llmobsi_syscall(secluded ? SYS_mlock : SYS_munlock, start, size, 0);
    errno = saved;
#else
    int saved = errno;
#if defined(MADV_NOCORE) && defined(MADV_CORE)
    (void)madvise(pages, size, secluded ? MADV_NOCORE : MADV_CORE);
#endif
#if defined(INHERIT_ZERO) && defined(INHERIT_COPY)
    (void)minherit(pages, size, secluded ? INHERIT_ZERO : INHERIT_COPY);
#elif defined(MAP_INHERIT_ZERO) && defined(MAP_INHERIT_COPY)
    (void)minherit(pages, size, secluded ? MAP_INHERIT_ZERO : MAP_INHERIT_COPY);
#endif
    (void)(secluded ? mlock(pages, size) : munlock(pages, size));
    errno = saved;
#endif
}

/* ---- blocks of memory ---------------------------------------------------------------------- */

/* `size` is a multiple of the alignment. NULL: there is none. */
llmobsi_fn void* llmobsi_os_block(size_t size, size_t alignment)
{
    return aligned_alloc(alignment, size);
}

llmobsi_fn void llmobsi_os_block_free(void* memory)
{
    free(memory);
}

/* ---- a barrier on other threads' processors ------------------------------------------------ */

#define LLMOBS_I_MEMBARRIER_EXPEDITED 8  /* MEMBARRIER_CMD_PRIVATE_EXPEDITED */
#define LLMOBS_I_MEMBARRIER_REGISTER 16 /* MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED */

llmobsi_fn bool llmobsi_membarrier_do(int command)
{
#if defined(__linux__) && defined(SYS_membarrier)
    int saved = errno;
    bool done = llmobsi_syscall(SYS_membarrier, command, 0, 0) == 0;
    errno = saved;
    return done;
#else
    (void)command;
    return false;
#endif
}

/* Asked once, before the first use. */
llmobsi_fn bool llmobsi_membarrier_register(void)
{
    return llmobsi_membarrier_do(LLMOBS_I_MEMBARRIER_REGISTER);
}

/* After it, every running thread of this process has passed a full barrier. */
llmobsi_fn bool llmobsi_membarrier(void)
{
    return llmobsi_membarrier_do(LLMOBS_I_MEMBARRIER_EXPEDITED);
}

/* ---- locks that are held for a moment only: never by a recorder, never across a callback --- */

/* One that needs no call to be made: it is there before main. */
typedef pthread_mutex_t llmobsi_mutex;
#define LLMOBS_I_MUTEX_INIT PTHREAD_MUTEX_INITIALIZER

llmobsi_fn void llmobsi_mutex_take(llmobsi_mutex* mutex)
{
    (void)pthread_mutex_lock(mutex);
}

llmobsi_fn void llmobsi_mutex_give(llmobsi_mutex* mutex)
{
    (void)pthread_mutex_unlock(mutex);
}

/* In the child of a fork: whoever held it is not here. */
llmobsi_fn void llmobsi_mutex_forked(llmobsi_mutex* mutex)
{
    (void)pthread_mutex_init(mutex, NULL);
}

typedef struct llmobsi_lock {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
} llmobsi_lock;

/* pthread_cond_timedwait's clock: monotonic where it can be chosen. */
llmobsi_fn bool llmobsi_lock_init(llmobsi_lock* lock)
{
    pthread_condattr_t attributes;
    if (pthread_mutex_init(&lock->mutex, NULL) != 0) {
        return false;
    }
    if (pthread_condattr_init(&attributes) != 0) {
        (void)pthread_mutex_destroy(&lock->mutex);
        return false;
    }
#if !defined(__APPLE__)
    (void)llmobsi_condattr_setclock(&attributes, LLMOBS_I_CLOCK_MONOTONIC);
#endif
    if (pthread_cond_init(&lock->changed, &attributes) != 0) {
        (void)pthread_condattr_destroy(&attributes);
        (void)pthread_mutex_destroy(&lock->mutex);
        return false;
    }
    (void)pthread_condattr_destroy(&attributes);
    return true;
}

llmobsi_fn void llmobsi_lock_destroy(llmobsi_lock* lock)
{
    (void)pthread_cond_destroy(&lock->changed);
    (void)pthread_mutex_destroy(&lock->mutex);
}

llmobsi_fn void llmobsi_lock_take(llmobsi_lock* lock)
{
    (void)pthread_mutex_lock(&lock->mutex);
}

/* Whether it could be taken at once. */
llmobsi_inline bool llmobsi_lock_try(llmobsi_lock* lock)
{
    return pthread_mutex_trylock(&lock->mutex) == 0;
}

llmobsi_fn void llmobsi_lock_give(llmobsi_lock* lock)
{
    (void)pthread_mutex_unlock(&lock->mutex);
}

llmobsi_fn void llmobsi_lock_wake_all(llmobsi_lock* lock)
{
    (void)pthread_cond_broadcast(&lock->changed);
}

/* Waits, with the lock taken, for a wake-up or until `deadline_ns` on the monotonic clock. */
llmobsi_fn void llmobsi_lock_wait_until(llmobsi_lock* lock, uint64_t deadline_ns)
{
    struct timespec until;
#if defined(__APPLE__)
    uint64_t now = llmobsi_monotonic_ns();
    deadline_ns = llmobsi_realtime_ns() + (deadline_ns > now ? deadline_ns - now : 0);
#endif
    until.tv_sec = (time_t)(deadline_ns / UINT64_C(1000000000));
    until.tv_nsec = (long)(deadline_ns % UINT64_C(1000000000));
    (void)pthread_cond_timedwait(&lock->changed, &lock->mutex, &until);
}

/* ---- threads of our own -------------------------------------------------------------------- */

typedef pthread_t llmobsi_os_thread;

/* Starts a thread that takes none of the host's signals. */
llmobsi_fn bool llmobsi_thread_start(llmobsi_os_thread* thread, void* (*run)(void* argument),
                                     void* argument)
{
#ifndef LLMOBS_NO_THREADS
    llmobsi_sigset all;
    llmobsi_sigset before;
    bool started;
    memset(&all, 0xff, sizeof all);
    (void)llmobsi_sigmask(LLMOBS_I_SIG_SETMASK, &all, &before);
    started = pthread_create(thread, NULL, run, argument) == 0;
    (void)llmobsi_sigmask(LLMOBS_I_SIG_SETMASK, &before, NULL);
    return started;
#else
    (void)thread;
    (void)run;
    (void)argument;
    return false;
#endif
}

/* Of one that was started, each once: waits for its end, or leaves it alone. */
llmobsi_fn void llmobsi_thread_join(llmobsi_os_thread thread)
{
    (void)pthread_join(thread, NULL);
}

llmobsi_fn void llmobsi_thread_detach(llmobsi_os_thread thread)
{
    (void)pthread_detach(thread);
}

llmobsi_fn void llmobsi_thread_yield(void)
{
    (void)sched_yield();
}

/* pthread_cancel must not end a thread that holds what others wait for: where a call may come to
   one of its points (locks, random bytes), it is put off. Returns what llmobsi_cancel_resume
   wants back. */
llmobsi_fn int llmobsi_cancel_hold(void)
{
    int before = 0;
#if !defined(__ANDROID__)
    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
#endif
    return before;
}

llmobsi_fn void llmobsi_cancel_resume(int before)
{
#if !defined(__ANDROID__)
    (void)pthread_setcancelstate(before, NULL);
#else
    (void)before;
#endif
}

/* ---- once a process, and at a thread's end ------------------------------------------------- */

typedef pthread_once_t llmobsi_once;
#define LLMOBS_I_ONCE_INIT PTHREAD_ONCE_INIT

llmobsi_fn void llmobsi_once_run(llmobsi_once* once, void (*run)(void))
{
    (void)pthread_once(once, run);
}

/* What a thread keeps under such a key is handed to a function at the thread's end. There is one in
   a copy of this library. */
typedef pthread_key_t llmobsi_exit_key;

llmobsi_fn bool llmobsi_exit_key_make(llmobsi_exit_key* key, void (*ended)(void* kept))
{
    return pthread_key_create(key, ended) == 0;
}

llmobsi_fn void llmobsi_exit_key_keep(llmobsi_exit_key key, void* kept)
{
    (void)pthread_setspecific(key, kept);
}

/* No thread that ends later calls it. */
llmobsi_fn void llmobsi_exit_key_drop(llmobsi_exit_key key)
{
    (void)pthread_key_delete(key);
}

/* ---- processes ----------------------------------------------------------------------------- */

typedef pid_t llmobsi_process;

llmobsi_fn llmobsi_process llmobsi_process_id(void)
{
    return getpid();
}

/* To be called in each child, at once. */
llmobsi_fn bool llmobsi_process_on_fork(void (*in_child)(void))
{
    return pthread_atfork(NULL, NULL, in_child) == 0;
}

/* Whether whoever started this program may not be trusted by it. */
llmobsi_fn bool llmobsi_process_is_foreign(void)
{
#if defined(__linux__)
    return getauxval(AT_SECURE) != 0;
#else
    return getuid() != geteuid() || getgid() != getegid();
#endif
}

#endif /* !_WIN32 */

/* What the operating system and the compiler give: nothing here knows of spans. */

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/random.h>
#include <sys/syscall.h>
#endif
#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

#ifndef LLMOBS_ASSERT
#ifdef LLMOBS_DEBUG
#define LLMOBS_ASSERT(condition) ((condition) ? (void)0 : abort())
#else
#define LLMOBS_ASSERT(condition) ((void)0)
#endif
#endif

/* How private functions and variables are linked: not at all. Our own tests compile one copy with
   LLMOBS_I_APART, whose private parts they see (tools/private.pl). */
#ifndef LLMOBS_I_APART
#define llmobsi_fn static __attribute__((unused))
#define llmobsi_cold static __attribute__((unused, noinline, cold))
#define llmobsi_noinline static __attribute__((unused, noinline))
#define llmobsi_state static
#else
#define llmobsi_fn extern
#define llmobsi_cold extern __attribute__((noinline, cold))
#define llmobsi_noinline extern __attribute__((noinline))
#define llmobsi_state
#endif
#define llmobsi_inline static inline __attribute__((unused, always_inline))
#define llmobsi_likely(condition) __builtin_expect(!!(condition), 1)
#define llmobsi_unlikely(condition) __builtin_expect(!!(condition), 0)

#define LLMOBS_I_STATIC_ASSERT(name, condition) \
    typedef char llmobsi_assert_##name[(condition) ? 1 : -1] __attribute__((unused))

#define LLMOBS_I_CACHE_LINE 64u

/* One thread-local pointer is all there is; initial-exec makes it one instruction, also in a shared
   object. musl refuses initial-exec under dlopen. */
#ifndef LLMOBS_TLS_MODEL
#if defined(__GLIBC__)
#define LLMOBS_TLS_MODEL __attribute__((tls_model("initial-exec")))
#else
#define LLMOBS_TLS_MODEL
#endif
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
#if defined(__USE_FILE_OFFSET64)
#define LLMOBS_I_FTRUNCATE "ftruncate64"
#else
#define LLMOBS_I_FTRUNCATE "ftruncate"
#endif
extern int llmobsi_clock_gettime(int clock, struct timespec* time) __asm__(LLMOBS_I_CLOCK_GETTIME);
extern long llmobsi_syscall(long number, ...) __asm__("syscall");
extern int llmobsi_ftruncate(int file, off_t size) __asm__(LLMOBS_I_FTRUNCATE);
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
#define llmobsi_ftruncate ftruncate
#define llmobsi_condattr_setclock pthread_condattr_setclock
#endif
#define LLMOBS_I_CLOCK_REALTIME_COARSE 5 /* Linux' own */
#ifndef O_CLOEXEC
#define LLMOBS_I_O_CLOEXEC 02000000
#else
#define LLMOBS_I_O_CLOEXEC O_CLOEXEC
#endif
#ifndef O_NOFOLLOW
#if defined(__arm__) || defined(__aarch64__) || defined(__powerpc__)
#define LLMOBS_I_O_NOFOLLOW 0100000
#else
#define LLMOBS_I_O_NOFOLLOW 0400000
#endif
#else
#define LLMOBS_I_O_NOFOLLOW O_NOFOLLOW
#endif

LLMOBS_API const char* llmobs_version(void)
{
    return LLMOBS_VERSION_STRING;
}

/* Memory that held a secret. For all the compiler knows, the empty statement reads the zeros. */
llmobsi_fn void llmobsi_wipe(void* memory, size_t size)
{
    if (size > 0) {
        memset(memory, 0, size);
        __asm__ __volatile__("" : : "r"(memory) : "memory");
    }
}

/* ---- sizes: the only way to compute one that an outsider has a say in ---------------------- */

#define LLMOBS_I_SIZE_OVERFLOW SIZE_MAX

/* a + b, and a * b; once too large, always LLMOBS_I_SIZE_OVERFLOW. */
llmobsi_fn size_t llmobsi_size_add(size_t a, size_t b)
{
    size_t sum;
    if (a == LLMOBS_I_SIZE_OVERFLOW || b == LLMOBS_I_SIZE_OVERFLOW ||
        __builtin_add_overflow(a, b, &sum)) {
        return LLMOBS_I_SIZE_OVERFLOW;
    }
    return sum;
}

llmobsi_fn size_t llmobsi_size_mul(size_t a, size_t b)
{
    size_t product;
    if (a == LLMOBS_I_SIZE_OVERFLOW || b == LLMOBS_I_SIZE_OVERFLOW ||
        __builtin_mul_overflow(a, b, &product)) {
        return LLMOBS_I_SIZE_OVERFLOW;
    }
    return product;
}

/* Up to the next multiple of a power of two. */
llmobsi_fn size_t llmobsi_size_align(size_t size, size_t alignment)
{
    size_t padded = llmobsi_size_add(size, alignment - 1);
    return padded == LLMOBS_I_SIZE_OVERFLOW ? padded : padded & ~(alignment - 1);
}

llmobsi_fn uint32_t llmobsi_round_up_pow2(uint32_t number)
{
    uint32_t power = 1;
    while (power < number && power < 0x80000000u) {
        power <<= 1;
    }
    return power;
}

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
    return llmobsi_clock_ns(LLMOBS_I_CLOCK_MONOTONIC);
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

/* The cheapest steady clock, in a unit of its own. Unfenced: the processor may read it a little
   early or late, by less than it takes to read it. */
llmobsi_inline uint64_t llmobsi_cycles(void)
{
#if defined(__x86_64__) || defined(__i386__)
    return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
    uint64_t count;
    __asm__ __volatile__("mrs %0, cntvct_el0" : "=r"(count));
    return count;
#else
    return llmobsi_monotonic_ns();
#endif
}

/* Whether that clock runs at one speed on all cores. */
llmobsi_fn bool llmobsi_cycles_are_invariant(void)
{
#if defined(__x86_64__) || defined(__i386__)
    unsigned a, b, c, d;
    if (!__get_cpuid(0x80000000u, &a, &b, &c, &d) || a < 0x80000007u) {
        return false;
    }
    return __get_cpuid(0x80000007u, &a, &b, &c, &d) && (d & (1u << 8)) != 0;
#else
    return true;
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
#endif
    filled = filled || llmobsi_random_from_file(bytes, size);
    errno = saved;
    return filled;
}

/* A number that nobody can guess; where there are no random bytes, one that is another one in each
   process and at each time. */
llmobsi_fn uint64_t llmobsi_random_seed(void)
{
    uint64_t seed;
    if (!llmobsi_random_bytes(&seed, sizeof seed)) {
        seed = llmobsi_realtime_ns() ^ (uint64_t)getpid() << 40;
    }
    return seed;
}

/* ---- pages that hold secrets --------------------------------------------------------------- */

#define LLMOBS_I_PAGE_LEAST 4096u

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
    (void)pages;
    (void)size;
    (void)secluded;
#endif
}

/* ---- a barrier on other threads' processors ------------------------------------------------ */

#if defined(__linux__) && defined(SYS_membarrier)
#define LLMOBS_I_MEMBARRIER_EXPEDITED 8  /* MEMBARRIER_CMD_PRIVATE_EXPEDITED */
#define LLMOBS_I_MEMBARRIER_REGISTER 16 /* MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED */
#endif

/* Asked once, before the first use. */
llmobsi_fn bool llmobsi_membarrier_register(void)
{
#ifdef LLMOBS_I_MEMBARRIER_REGISTER
    int saved = errno;
    bool registered = llmobsi_syscall(SYS_membarrier, LLMOBS_I_MEMBARRIER_REGISTER, 0, 0) == 0;
    errno = saved;
    return registered;
#else
    return false;
#endif
}

/* After it, every running thread of this process has passed a full barrier. */
llmobsi_fn bool llmobsi_membarrier(void)
{
#ifdef LLMOBS_I_MEMBARRIER_EXPEDITED
    int saved = errno;
    bool done = llmobsi_syscall(SYS_membarrier, LLMOBS_I_MEMBARRIER_EXPEDITED, 0, 0) == 0;
    errno = saved;
    return done;
#else
    return false;
#endif
}

/* ---- files that are held open --------------------------------------------------------------- */

/* A file that is open for the sake of its lock. */
typedef struct llmobsi_held {
    int descriptor; /* + 1; 0: none */
    dev_t device;
    ino_t inode;
} llmobsi_held;

/* The host may have closed our descriptor: its number can be anything by now. Where that can't be
   told, `unknown` is the answer. */
llmobsi_fn bool llmobsi_held_is(const llmobsi_held* held, bool unknown)
{
    struct stat status;
    if (held->descriptor <= 0) {
        return false;
    }
    if (fstat(held->descriptor - 1, &status) != 0) {
        return unknown && errno != EBADF;
    }
    return status.st_dev == held->device && status.st_ino == held->inode;
}

llmobsi_fn bool llmobsi_held_is_ours(const llmobsi_held* held)
{
    return llmobsi_held_is(held, false);
}

llmobsi_fn void llmobsi_held_close(llmobsi_held* held)
{
    if (llmobsi_held_is(held, true)) {
        (void)close(held->descriptor - 1);
    }
    held->descriptor = 0;
}

/* ---- locks that are held for a moment only: never by a recorder, never across a callback --- */

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

/* 2 to 8 ns each, so 16 to 65 us in all: a series on pages that nobody has touched yet is made in
   up to 8 us with the lock taken. Who holds it longer was taken off its core. */
#define LLMOBS_I_LOCK_TRIES 8192

/* How long a caller may wait for a lock. */
typedef enum llmobsi_wait {
    LLMOBS_I_WAIT_NEVER,   /* in a signal handler or a callback: it does not even try */
    LLMOBS_I_WAIT_BRIEFLY, /* on a request's way                                      */
    LLMOBS_I_WAIT
} llmobsi_wait;

/* Takes it, if that is done within the time that the caller has. */
llmobsi_fn bool llmobsi_lock_take_if(llmobsi_lock* lock, llmobsi_wait wait)
{
    int left = wait == LLMOBS_I_WAIT_BRIEFLY ? LLMOBS_I_LOCK_TRIES : 0;
    if (wait == LLMOBS_I_WAIT) {
        llmobsi_lock_take(lock);
        return true;
    }
    while (left > 0 && pthread_mutex_trylock(&lock->mutex) != 0) {
        left--;
    }
    return left > 0;
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

/* Starts a thread that takes none of the host's signals. */
llmobsi_fn bool llmobsi_thread_start(pthread_t* thread, void* (*run)(void* argument),
                                     void* argument)
{
    llmobsi_sigset all;
    llmobsi_sigset before;
    bool started;
    memset(&all, 0xff, sizeof all);
    (void)llmobsi_sigmask(LLMOBS_I_SIG_SETMASK, &all, &before);
    started = pthread_create(thread, NULL, run, argument) == 0;
    (void)llmobsi_sigmask(LLMOBS_I_SIG_SETMASK, &before, NULL);
    return started;
}

/* The system, where it is Windows (8 and later): clocks, random bytes, pages, threads and their
   locks. The vocabulary is posix.c's; what a call does is said there. Of libraries it needs
   advapi32 (random bytes, owners of files), which compilers link anyway. */

#if defined(_WIN32)

#ifndef WIN32_LEAN_AND_MEAN
#define WIN32_LEAN_AND_MEAN
#endif
#ifndef NOMINMAX
#define NOMINMAX
#endif
#include <windows.h>

#include <malloc.h>
#include <process.h>
/* For RtlGenRandom. Microsoft's header leaves out how it is called, which x86 must know, and no
   header says in which library it is. */
#if defined(_MSC_VER)
#define SystemFunction036 NTAPI SystemFunction036
#include <ntsecapi.h>
#undef SystemFunction036
#pragma comment(lib, "advapi32")
#else
#include <ntsecapi.h>
#endif

/* ---- time ---------------------------------------------------------------------------------- */

/* The counter does not stop while the machine sleeps, and runs at one speed on all cores. */
llmobsi_fn uint64_t llmobsi_monotonic_ns(void)
{
    LARGE_INTEGER count;
    LARGE_INTEGER frequency;
    uint64_t whole;
    uint64_t rest;
    (void)QueryPerformanceCounter(&count);
    (void)QueryPerformanceFrequency(&frequency);
    whole = (uint64_t)count.QuadPart / (uint64_t)frequency.QuadPart;
    rest = (uint64_t)count.QuadPart % (uint64_t)frequency.QuadPart;
    return whole * UINT64_C(1000000000) +
           rest * UINT64_C(1000000000) / (uint64_t)frequency.QuadPart;
}

/* From the system's tenths of microseconds since 1601. */
llmobsi_fn uint64_t llmobsi_filetime_ns(FILETIME time)
{
    uint64_t tenths = (uint64_t)time.dwHighDateTime << 32 | (uint64_t)time.dwLowDateTime;
    return (tenths - UINT64_C(116444736000000000)) * 100u;
}

llmobsi_fn uint64_t llmobsi_realtime_ns(void)
{
    FILETIME now;
    GetSystemTimePreciseAsFileTime(&now);
    return llmobsi_filetime_ns(now);
}

llmobsi_fn uint64_t llmobsi_realtime_coarse_ns(void)
{
    FILETIME now;
    GetSystemTimeAsFileTime(&now);
    return llmobsi_filetime_ns(now);
}

/* ---- random -------------------------------------------------------------------------------- */

llmobsi_fn bool llmobsi_random_bytes(void* bytes, size_t size)
{
    return size <= UINT32_MAX && RtlGenRandom(bytes, (ULONG)size) != 0;
}

/* ---- pages that hold secrets --------------------------------------------------------------- */

llmobsi_fn size_t llmobsi_page_size(void)
{
    SYSTEM_INFO system;
    GetSystemInfo(&system);
    return system.dwPageSize;
}

/* They are not swapped, where the process may lock so much. */
llmobsi_fn void llmobsi_pages_seclude(void* pages, size_t size, bool secluded)
{
    (void)(secluded ? VirtualLock(pages, size) : VirtualUnlock(pages, size));
}

/* ---- blocks of memory ---------------------------------------------------------------------- */

llmobsi_fn void* llmobsi_os_block(size_t size, size_t alignment)
{
    return _aligned_malloc(size, alignment);
}

llmobsi_fn void llmobsi_os_block_free(void* memory)
{
    _aligned_free(memory);
}

/* ---- a barrier on other threads' processors ------------------------------------------------ */

llmobsi_fn bool llmobsi_membarrier_register(void)
{
    return true;
}

llmobsi_fn bool llmobsi_membarrier(void)
{
    FlushProcessWriteBuffers();
    return true;
}

/* ---- locks that are held for a moment only: never by a recorder, never across a callback --- */

typedef SRWLOCK llmobsi_mutex;
#define LLMOBS_I_MUTEX_INIT SRWLOCK_INIT

llmobsi_fn void llmobsi_mutex_take(llmobsi_mutex* mutex)
{
    AcquireSRWLockExclusive(mutex);
}

llmobsi_fn void llmobsi_mutex_give(llmobsi_mutex* mutex)
{
    ReleaseSRWLockExclusive(mutex);
}

llmobsi_fn void llmobsi_mutex_forked(llmobsi_mutex* mutex)
{
    InitializeSRWLock(mutex);
}

typedef struct llmobsi_lock {
    SRWLOCK mutex;
    CONDITION_VARIABLE changed;
} llmobsi_lock;

llmobsi_fn bool llmobsi_lock_init(llmobsi_lock* lock)
{
    InitializeSRWLock(&lock->mutex);
    InitializeConditionVariable(&lock->changed);
    return true;
}

llmobsi_fn void llmobsi_lock_destroy(llmobsi_lock* lock)
{
    (void)lock; /* nothing of the system's is in it */
}

llmobsi_fn void llmobsi_lock_take(llmobsi_lock* lock)
{
    AcquireSRWLockExclusive(&lock->mutex);
}

llmobsi_inline bool llmobsi_lock_try(llmobsi_lock* lock)
{
    return TryAcquireSRWLockExclusive(&lock->mutex) != 0;
}

llmobsi_fn void llmobsi_lock_give(llmobsi_lock* lock)
{
    ReleaseSRWLockExclusive(&lock->mutex);
}

llmobsi_fn void llmobsi_lock_wake_all(llmobsi_lock* lock)
{
    WakeAllConditionVariable(&lock->changed);
}

/* In whole milliseconds, rather late than early. */
llmobsi_fn void llmobsi_lock_wait_until(llmobsi_lock* lock, uint64_t deadline_ns)
{
    uint64_t now = llmobsi_monotonic_ns();
    uint64_t wait_ms = deadline_ns > now ? (deadline_ns - now - 1) / UINT64_C(1000000) + 1 : 0;
    DWORD wait = wait_ms < INFINITE ? (DWORD)wait_ms : INFINITE - 1;
    (void)SleepConditionVariableSRW(&lock->changed, &lock->mutex, wait, 0);
}

/* ---- threads of our own -------------------------------------------------------------------- */

typedef HANDLE llmobsi_os_thread;

typedef struct llmobsi_thread_begin {
    void* (*run)(void* argument);
    void* argument;
} llmobsi_thread_begin;

llmobsi_fn unsigned WINAPI llmobsi_thread_main(void* begin)
{
    llmobsi_thread_begin given = *(llmobsi_thread_begin*)begin;
    free(begin);
    (void)given.run(given.argument);
    return 0;
}

llmobsi_fn bool llmobsi_thread_start(llmobsi_os_thread* thread, void* (*run)(void* argument),
                                     void* argument)
{
#ifndef LLMOBS_NO_THREADS
    llmobsi_thread_begin* begin = (llmobsi_thread_begin*)malloc(sizeof *begin);
    uintptr_t started = 0;
    if (begin != NULL) {
        begin->run = run;
        begin->argument = argument;
        started = _beginthreadex(NULL, 0, llmobsi_thread_main, begin, 0, NULL);
    }
    if (started == 0) {
        free(begin);
        return false;
    }
    *thread = (HANDLE)started;
    return true;
#else
    (void)thread;
    (void)run;
    (void)argument;
    return false;
#endif
}

llmobsi_fn void llmobsi_thread_join(llmobsi_os_thread thread)
{
    (void)WaitForSingleObject(thread, INFINITE);
    (void)CloseHandle(thread);
}

llmobsi_fn void llmobsi_thread_detach(llmobsi_os_thread thread)
{
    (void)CloseHandle(thread);
}

llmobsi_fn void llmobsi_thread_yield(void)
{
    (void)SwitchToThread();
}

/* There is no cancellation. */
llmobsi_fn int llmobsi_cancel_hold(void)
{
    return 0;
}

llmobsi_fn void llmobsi_cancel_resume(int before)
{
    (void)before;
}

/* ---- once a process, and at a thread's end ------------------------------------------------- */

typedef INIT_ONCE llmobsi_once;
#define LLMOBS_I_ONCE_INIT INIT_ONCE_STATIC_INIT

llmobsi_fn void llmobsi_once_run(llmobsi_once* once, void (*run)(void))
{
    BOOL pending = FALSE;
    if (InitOnceBeginInitialize(once, 0, &pending, NULL) != 0 && pending) {
        run();
        (void)InitOnceComplete(once, 0, NULL);
    }
}

/* Of fibers' local storage, which alone tells of a thread's end. */
typedef DWORD llmobsi_exit_key;

llmobsi_state void (*llmobsi_exit_told)(void* kept); /* llmobsi_exit_key_make and _drop write */

llmobsi_fn void WINAPI llmobsi_exit_tell(void* kept)
{
    if (kept != NULL && llmobsi_exit_told != NULL) {
        llmobsi_exit_told(kept);
    }
}

llmobsi_fn bool llmobsi_exit_key_make(llmobsi_exit_key* key, void (*ended)(void* kept))
{
    llmobsi_exit_told = ended;
    *key = FlsAlloc(llmobsi_exit_tell);
    return *key != FLS_OUT_OF_INDEXES;
}

llmobsi_fn void llmobsi_exit_key_keep(llmobsi_exit_key key, void* kept)
{
    (void)FlsSetValue(key, kept);
}

/* FlsFree calls for each thread that lives: these must not be taken for ended. */
llmobsi_fn void llmobsi_exit_key_drop(llmobsi_exit_key key)
{
    llmobsi_exit_told = NULL;
    (void)FlsFree(key);
}

/* ---- processes ----------------------------------------------------------------------------- */

typedef DWORD llmobsi_process;

llmobsi_fn llmobsi_process llmobsi_process_id(void)
{
    return GetCurrentProcessId();
}

/* There is no fork. */
llmobsi_fn bool llmobsi_process_on_fork(void (*in_child)(void))
{
    (void)in_child;
    return true;
}

llmobsi_fn bool llmobsi_process_is_foreign(void)
{
    return false;
}

#endif /* _WIN32 */

/* Every allocation, thread, lock, random number, page and file that the system can refuse is
   refused once, and from then on for ever, in a life that opens, records on a new thread, exports,
   forks, saves and closes: no crash, no leak, no hang, accounts that balance; and the next life is
   whole. Then the same under the limits of the system. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "llmobs_private.h"
#include "tap.h"

#include "entries.h"
#include "interpose.h"
#include "keeper.h"
#include "sanitized.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define FOLDER "build/tmp/test_fault"
#define SECONDS 60

/* ---- calls that fail on demand ------------------------------------------------------------- */

static struct {
    llmobsi_atomic32 on;
    llmobsi_atomic64 calls;
    uint64_t at;  /* the number of the call that fails */
    bool forever; /* and all after it                  */
} fault;

/* Whether this call is to fail. */
static bool fails(int error)
{
    uint64_t call;
    if (llmobsi_load_relaxed(&fault.on) == 0) {
        return false;
    }
    call = llmobsi_add_relaxed(&fault.calls, 1);
    if (fault.forever ? call < fault.at : call != fault.at) {
        return false;
    }
    errno = error;
    return true;
}

/* A call of this name and these parameters, which fails with `error` or goes on to the system's. */
#define RIGGED(type, name, parameters, arguments, failed, error)                                  \
    type name parameters                                                                          \
    {                                                                                             \
        static type(*real) parameters;                                                            \
        if (real == NULL) {                                                                       \
            *(void**)(void*)&real = next_of(#name);                                               \
        }                                                                                         \
        return fails(error) ? (failed) : real arguments;                                          \
    }

RIGGED(int, pthread_create,
       (pthread_t * thread, const pthread_attr_t* how, void* (*run)(void*), void* argument),
       (thread, how, run, argument), EAGAIN, EAGAIN)
RIGGED(int, pthread_mutex_init, (pthread_mutex_t * mutex, const pthread_mutexattr_t* how),
       (mutex, how), ENOMEM, ENOMEM)
RIGGED(int, pthread_cond_init, (pthread_cond_t * condition, const pthread_condattr_t* how),
       (condition, how), ENOMEM, ENOMEM)
RIGGED(int, pthread_condattr_init, (pthread_condattr_t * how), (how), ENOMEM, ENOMEM)
RIGGED(ssize_t, getrandom, (void* bytes, size_t size, unsigned flags), (bytes, size, flags), -1,
       EAGAIN)
RIGGED(ssize_t, read, (int file, void* data, size_t size), (file, data, size), -1, EIO)
RIGGED(ssize_t, write, (int file, const void* data, size_t size), (file, data, size), -1, ENOSPC)
RIGGED(int, rename, (const char* from, const char* to), (from, to), -1, EACCES)
RIGGED(int, ftruncate, (int file, off_t size), (file, size), -1, EIO)
RIGGED(int, flock, (int file, int operation), (file, operation), -1, EIO)
RIGGED(int, fstat, (int file, struct stat* status), (file, status), -1, EIO)
RIGGED(int, lstat, (const char* path, struct stat* status), (path, status), -1, EIO)
RIGGED(int, fsync, (int file), (file), -1, EIO)
RIGGED(int, fchmod, (int file, mode_t mode), (file, mode), -1, EPERM)
RIGGED(int, unlink, (const char* path), (path), -1, EACCES)
RIGGED(char*, getcwd, (char* out, size_t size), (out, size), NULL, ENOENT)

int open(const char* path, int flags, ...)
{
    static int (*real)(const char*, int, ...);
    va_list arguments;
    mode_t mode;
    va_start(arguments, flags);
    mode = (flags & O_CREAT) != 0 ? (mode_t)va_arg(arguments, int) : 0;
    va_end(arguments);
    if (real == NULL) {
        *(void**)(void*)&real = next_of("open");
    }
    return fails(EMFILE) ? -1 : real(path, flags, mode);
}

/* Pages that can't be locked or kept out of dumps. */
long syscall(long number, ...)
{
    static long (*real)(long, ...);
    va_list arguments;
    long a[4];
    int i;
    va_start(arguments, number);
    for (i = 0; i < 4; i++) {
        a[i] = va_arg(arguments, long);
    }
    va_end(arguments);
    if (real == NULL) {
        *(void**)(void*)&real = next_of("syscall");
    }
    if ((number == SYS_madvise || number == SYS_mlock) && fails(ENOMEM)) {
        return -1;
    }
    return real(number, a[0], a[1], a[2], a[3]);
}

static void* allocate(void* user, size_t size, size_t alignment)
{
    (void)user;
    return fails(ENOMEM) ? NULL
                         : aligned_alloc(alignment, (size + alignment - 1) & ~(alignment - 1));
}

static void give_back(void* user, void* memory, size_t size)
{
    (void)user;
    (void)size;
    free(memory);
}

/* ---- one life ------------------------------------------------------------------------------ */

typedef struct life {
    bool patient; /* it must come out whole, however slow the machine is */
    bool pumped;
    bool forks;
    llmobs_result opened;
    bool balanced;
    int child;        /* its exit status */
    uint64_t started; /* spans and log records */
    uint64_t exported; /* by the exporter that only counts */
    uint64_t in_file;
    int refused; /* calls that answered with an error */
} life;

static llmobs_export_result count_them(void* user, const llmobs_batch* batch)
{
    (void)user;
    (void)batch;
    return LLMOBS_EXPORT_OK;
}

static llmobs_judge_result judge_them(void* user, llmobs_judge_call* call)
{
    (void)user;
    (void)call;
    return LLMOBS_JUDGE_DROP;
}

static void record(llmobs* obs)
{
    llmobs_outcome outcome = llmobs_outcome_default();
    llmobs_request request = llmobs_request_begin(obs, NULL);
    outcome.cost_nano = 1000;
    outcome.cost_known = true;
    llmobs_span_end(llmobs_span_root(obs, "span"));
    llmobs_request_input(request, "question", 8);
    llmobs_request_output(request, "answer", 6);
    llmobs_request_end(request, &outcome);
}

static void* record_on_thread(void* argument)
{
    record((llmobs*)argument);
    return NULL;
}

/* The thread is the host's: its making is spared. */
static void record_elsewhere(llmobs* obs)
{
    uint32_t on = llmobsi_exchange_ordered(&fault.on, 0);
    pthread_t thread;
    if (pthread_create(&thread, NULL, record_on_thread, obs) == 0) {
        llmobsi_store_relaxed(&fault.on, on);
        (void)pthread_join(thread, NULL);
    }
    llmobsi_store_relaxed(&fault.on, on);
}

static llmobs_config life_config(bool pumped)
{
    llmobs_config config = pumped_config();
    config.host_pumped = pumped;
    config.tick_ms = 1;
    config.batch_delay_ms = 1;
    config.allocator.allocate = allocate;
    config.allocator.release = give_back;
    config.state_file = FOLDER "/state";
    config.drift_directory = FOLDER;
    config.drift_detectors = 1;
    config.drift_dimensions = LLMOBS_OFF;
    config.captures = 4;
    config.judge_ratio = 1.0;
    config.price_bytes = 65536;
    config.budgets = 2;
    return config;
}

/* In the child: it ends, and what it can't deliver is in its account. */
static int child_life(llmobs* obs)
{
    llmobs_stats stats;
    (void)alarm(SECONDS);
    record(obs);
    record(obs);
    (void)llmobs_flush(obs, 20);
    stats.size = sizeof stats;
    (void)llmobs_close_with_stats(obs, &stats);
    return balances(&stats) ? 0 : 1;
}

static void fork_life(llmobs* obs, life* l)
{
    pid_t child;
    l->child = 0;
    if (!l->forks) {
        return;
    }
    child = fork();
    if (child == 0) {
        _exit(child_life(obs));
    }
    (void)waitpid(child, &l->child, 0);
}

static void live(life* l)
{
    llmobs_config config = life_config(l->pumped);
    const uint32_t most_ms = l->patient ? SECONDS * 1000 : 20;
    llmobs_judge judge = llmobs_judge_default();
    llmobs_stats stats;
    llmobs* obs;
    config.close_timeout_ms = l->patient ? SECONDS * 1000 : 100;
    obs = llmobs_open(&config, &l->opened);
    l->balanced = true;
    l->refused = 0;
    l->child = 0;
    if (obs == NULL) {
        return;
    }
    judge.ask = judge_them;
    l->refused += llmobs_export_to(obs, count_them, NULL) != LLMOBS_OK;
    l->refused += llmobs_export_file(obs, LLMOBS_FORMAT_OTLP_JSON, FOLDER "/spans") != LLMOBS_OK;
    l->refused += llmobs_judge_set(obs, &judge) != LLMOBS_OK;
    record(obs);
    record_elsewhere(obs);
    l->refused += llmobs_flush(obs, most_ms) != LLMOBS_OK;
    fork_life(obs, l);
    l->refused += llmobs_state_save(obs) != LLMOBS_OK;
    record(obs);
    stats.size = sizeof stats;
    l->refused += llmobs_close_with_stats(obs, &stats) != LLMOBS_OK;
    l->balanced = balances(&stats);
    l->started = stats.started;
    l->exported = stats.exporter_count > 0 ? stats.exporters[0].exported : 0;
    l->in_file = stats.exporter_count > 1 ? stats.exporters[1].exported : 0;
}

/* ---- what is left of it -------------------------------------------------------------------- */

/* Threads that were joined are gone from there a moment later. */
static bool come_to(const char* path, long count)
{
    int i;
    for (i = 0; i < 200 && entries_of(path) > count; i++) {
        (void)usleep(1000);
    }
    return entries_of(path) <= count;
}

static void clean_folder(void)
{
    (void)!system("rm -rf " FOLDER "; mkdir -p " FOLDER);
}

static bool is_whole(const life* l)
{
    bool whole = l->opened == LLMOBS_OK && l->refused == 0 && l->balanced && l->child == 0 &&
                 l->started == 9 && l->exported == 9 && l->in_file == 6;
    if (!whole) {
        printf("# opened %d, refused %d, balanced %d, child %x, started %d, exported %d, %d\n",
               (int)l->opened, l->refused, l->balanced, (unsigned)l->child, (int)l->started,
               (int)l->exported, (int)l->in_file);
    }
    return whole;
}

/* A life in which the call of this number fails. Returns how many there were. */
static uint64_t live_failing(life* l, uint64_t at, bool forever)
{
    fault.at = at;
    fault.forever = forever;
    llmobsi_store_relaxed(&fault.calls, 0);
    llmobsi_store_relaxed(&fault.on, 1);
    live(l);
    llmobsi_store_relaxed(&fault.on, 0);
    (void)llmobs_release();
    return llmobsi_load_relaxed(&fault.calls);
}

/* With threads a life takes longer, and by default only some of the calls fail. */
static uint64_t calls_apart(bool pumped)
{
    long step = (pumped ? 100 : 1200) / sized(100);
    step = step < 24 ? step : 24;
    return step > 1 ? (uint64_t)step : 1;
}

static void test_faults(bool pumped, bool forever)
{
    long tasks = entries_of("/proc/self/task");
    long files = entries_of("/proc/self/fd");
    uint64_t step = calls_apart(pumped);
    uint64_t count;
    uint64_t at;
    long runs = 0;
    int wrong = 0;
    int refused = 0;
    char what[120];
    life l;
    memset(&l, 0, sizeof l);
    l.pumped = pumped;
    l.forks = !ADDRESS_SANITIZED || pumped;
    count = live_failing(&l, UINT64_MAX, false);
    for (at = 0; at < count; at += step) {
        (void)live_failing(&l, at, forever);
        runs++;
        refused += l.refused > 0 || l.opened != LLMOBS_OK;
        if (!l.balanced || l.child != 0 || !come_to("/proc/self/task", tasks) ||
            !come_to("/proc/self/fd", files)) {
            printf("# call %llu: balanced %d, child %x, %ld threads, %ld files\n",
                   (unsigned long long)at, l.balanced, (unsigned)l.child,
                   entries_of("/proc/self/task") - tasks, entries_of("/proc/self/fd") - files);
            wrong++;
        }
    }
    (void)snprintf(what, sizeof what, "each call fails %s%s (%ld lives, %d were told)",
                   forever ? "from then on" : "once", pumped ? ", the host pumps" : "", runs,
                   refused);
    is_int(wrong, 0, what);
    ok(refused > 0 && count > 100, "there were such calls");
    l.patient = true;
    live(&l);
    ok(l.forks ? is_whole(&l) : l.refused == 0, "the next life is whole");
    (void)llmobs_release();
}

/* ---- the system's own limits --------------------------------------------------------------- */

/* In the child: a life under the limit, and one without. `binds`: it must be felt. */
static int live_limited(int resource, rlim_t most, bool binds)
{
    struct rlimit before;
    struct rlimit limit;
    life l;
    (void)alarm(SECONDS);
    memset(&l, 0, sizeof l);
    if (getrlimit(resource, &before) != 0) {
        return 10;
    }
    limit = before;
    limit.rlim_cur = most < before.rlim_max ? most : before.rlim_max;
    if (setrlimit(resource, &limit) != 0) {
        return 11;
    }
    live(&l);
    if (!l.balanced) {
        return 12;
    }
    if (binds && l.opened == LLMOBS_OK && l.refused == 0) {
        return 13;
    }
    if (setrlimit(resource, &before) != 0) {
        return 14;
    }
    (void)llmobs_release();
    l.forks = true;
    l.patient = true;
    live(&l);
    return is_whole(&l) ? 0 : 15;
}

static rlim_t address_space(void)
{
    FILE* file = fopen("/proc/self/statm", "r");
    unsigned long pages = 0;
    if (file != NULL) {
        (void)!fscanf(file, "%lu", &pages);
        (void)fclose(file);
    }
    return (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

/* The number of the next descriptor. */
static rlim_t next_file(void)
{
    int file = dup(STDIN_FILENO);
    (void)close(file);
    return (rlim_t)file;
}

static void test_limit(int resource, rlim_t most, bool binds, bool as_nobody, const char* what)
{
    int status = -1;
    pid_t child;
    clean_folder();
    (void)chmod(FOLDER, 0777);
    (void)fflush(stdout);
    child = fork();
    if (child == 0) {
        if (as_nobody && geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) {
            _exit(16);
        }
        status = live_limited(resource, most, binds);
        (void)fflush(stdout);
        _exit(status);
    }
    (void)waitpid(child, &status, 0);
    if (!ok(status == 0, what)) {
        printf("#   status %x\n", (unsigned)status);
    }
}

static void test_limits(void)
{
    const rlim_t mib = 1024 * 1024;
    rlim_t more;
    test_limit(RLIMIT_NOFILE, next_file(), true, false, "no descriptor is left");
    test_limit(RLIMIT_FSIZE, 100, true, false, "files of 100 bytes");
    test_limit(RLIMIT_NPROC, 0, true, true, "no thread is left");
    if (ADDRESS_SANITIZED) {
        skip("little address space", "the sanitizer needs all of it");
    } else {
        test_limit(RLIMIT_AS, address_space() + mib, true, false, "no room for the block");
        for (more = 3; more < 48; more += 4) { /* stacks of threads that were may be at hand */
            test_limit(RLIMIT_AS, address_space() + more * mib, false, false,
                       "room for the block, and for so many stacks");
        }
    }
}

int main(void)
{
    if (LLMOBS_I_TSAN) {
        skip("calls that fail", "ThreadSanitizer does not do threads in the child of a fork");
        return done();
    }
    clean_folder();
    test_faults(true, false);
    test_faults(true, true);
    test_faults(false, false);
    test_faults(false, true);
    test_limits();
    return done();
}

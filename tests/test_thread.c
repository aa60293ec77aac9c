/* Recording threads: they come and go, are too many, are interrupted, cancelled, forked. And what a
   recording call must not do: allocate, lock, enter the kernel. */
#undef _FORTIFY_SOURCE
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "llmobs_private.h"
#include "tap.h"

#include "keeper.h"
#include "sanitized.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <ucontext.h>
#if defined(__linux__)
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

#if defined(__linux__) && !ADDRESS_SANITIZED && !THREAD_SANITIZED
#define KERNEL_TEST 1
#include "interpose.h"
#endif

/* ---- threads that come and go -------------------------------------------------------------- */

static void record_ten(llmobs* obs)
{
    int i;
    for (i = 0; i < 5; i++) {
        llmobs_span span = llmobs_span_root(obs, "span");
        llmobs_span_end(llmobs_span_child(span, "child"));
        llmobs_span_end(span);
    }
}

static void* short_life(void* argument)
{
    record_ten((llmobs*)argument);
    return NULL;
}

static void test_short_lives(void)
{
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs;
    llmobs_stats stats;
    pthread_t threads[4];
    long lives = sized(10000);
    long i;
    config.host_pumped = false;
    config.tick_ms = 1;
    config.span_slots = 4096;
    config.queue_bytes = 1 << 22;
    config.max_threads = 4;
    obs = open_kept(&config, &kept);
    kept.forget = true;
    for (i = 0; i < lives; i++) {
        if (i >= 4) {
            (void)pthread_join(threads[i % 4], NULL);
        }
        if (pthread_create(&threads[i % 4], NULL, short_life, obs) != 0) {
            printf("Bail out! no thread\n");
            exit(1);
        }
        if (i % 100 == 0) {
            (void)llmobs_flush(obs, 60000); /* where the tick gets no time, the pool runs empty */
        }
    }
    for (i = 0; i < 4; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    is_int(llmobs_flush(obs, 60000), LLMOBS_OK, "flush");
    stats = stats_of(obs);
    is_int(stats.started, lives * 10, "threads that come and go record all their spans");
    is_int(stats.dropped[LLMOBS_DROP_THREADS], 0, "four records do for four at a time");
    is_int(stats.collected + stats.dropped[LLMOBS_DROP_POOL], lives * 10, "all is collected");
    is_int(stats.threads, 0, "none is left");
    ok(llmobsi_places[LLMOBS_I_PLACE(llmobsi_ticket(obs))].recorder->threads_used <= 4,
       "records are used anew");
    ok(close_kept(obs, &kept), "the account balances");
}

typedef struct crowd {
    llmobs* obs;
    pthread_barrier_t barrier;
    llmobsi_atomic32 began;
    llmobsi_atomic32 refused;
} crowd;

static void* join_crowd(void* argument)
{
    crowd* c = (crowd*)argument;
    llmobs_span span = llmobs_span_root(c->obs, "span");
    (void)llmobsi_add_relaxed(&c->began, span.instance != 0);
    (void)llmobsi_add_relaxed(&c->refused, llmobs_thread_attach(c->obs) == LLMOBS_ERROR_LIMIT);
    (void)pthread_barrier_wait(&c->barrier);
    llmobs_span_end(span);
    (void)pthread_barrier_wait(&c->barrier);
    return NULL;
}

static void note_threads(void* user, llmobs_note note, uint64_t count, const char* text)
{
    (void)text;
    *(uint64_t*)user += note == LLMOBS_NOTE_THREADS ? count : 0;
}

static void test_crowd(void)
{
    llmobs_config config = pumped_config();
    keeper kept;
    static crowd c;
    pthread_t threads[5];
    uint64_t noted = 0;
    llmobs_stats stats;
    int i;
    config.max_threads = 2;
    config.note = note_threads;
    config.note_user = &noted;
    c.obs = open_kept(&config, &kept);
    (void)pthread_barrier_init(&c.barrier, NULL, 6);
    for (i = 0; i < 5; i++) {
        (void)pthread_create(&threads[i], NULL, join_crowd, &c);
    }
    (void)pthread_barrier_wait(&c.barrier);
    is_int(c.began, 2, "two threads may record at a time");
    is_int(c.refused, 3, "attaching says so to the others");
    stats = stats_of(c.obs);
    is_int(stats.dropped[LLMOBS_DROP_THREADS], 3, "what they would have recorded is counted");
    is_int(stats.threads, 2, "two are attached");
    (void)pthread_barrier_wait(&c.barrier);
    for (i = 0; i < 5; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    is_int(llmobs_thread_attach(c.obs), LLMOBS_OK, "when one has gone, another may");
    llmobs_span_end(llmobs_span_root(c.obs, "later"));
    (void)llmobs_flush(c.obs, 60000);
    is_int(kept.count, 3, "what was recorded arrives");
    is_int(noted, 3, "a note names the remedy");
    ok(close_kept(c.obs, &kept), "the account balances");
}

/* ---- the end of a thread ------------------------------------------------------------------- */

static llmobs* late_obs;
static pthread_key_t late_key;

static void record_at_the_end(void* value)
{
    long left = (long)(intptr_t)value;
    llmobs_span_end(llmobs_span_root(late_obs, "from a destructor"));
    if (left > 1) {
        (void)pthread_setspecific(late_key, (void*)(intptr_t)(left - 1));
    }
}

static void* with_destructor(void* argument)
{
    (void)pthread_setspecific(late_key, argument);
    llmobs_span_end(llmobs_span_root(late_obs, "span"));
    return NULL;
}

static void test_destructors(void)
{
    llmobs_config config = pumped_config();
    keeper kept;
    pthread_t thread;
    int i;
    late_obs = open_kept(&config, &kept);
    (void)pthread_key_create(&late_key, record_at_the_end);
    for (i = 0; i < 50; i++) {
        (void)pthread_create(&thread, NULL, with_destructor, (void*)(intptr_t)2);
        (void)pthread_join(thread, NULL);
    }
    (void)llmobs_flush(late_obs, 60000);
    is_int(kept.count, 150, "destructors of thread-local values may record");
    is_int(stats_of(late_obs).dropped[LLMOBS_DROP_THREADS], 0, "and leave no record behind");
    (void)pthread_key_delete(late_key);
    ok(close_kept(late_obs, &kept), "the account balances");
}

static void* until_cancelled(void* argument)
{
    for (;;) {
        record_ten((llmobs*)argument);
        pthread_testcancel();
    }
    return NULL;
}

static void* cancelled_at_first_span(void* argument)
{
    (void)pthread_cancel(pthread_self());
    record_ten((llmobs*)argument);
    pthread_testcancel();
    return NULL;
}

static void* cancelled_in_flush(void* argument)
{
    (void)pthread_cancel(pthread_self());
    record_ten((llmobs*)argument);
    (void)llmobs_flush((llmobs*)argument, 60000);
    pthread_testcancel();
    return NULL;
}

static void test_cancel(void)
{
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs;
    llmobs_stats stats;
    pthread_t thread;
    int i;
    config.max_threads = 1;
    obs = open_kept(&config, &kept);
    kept.forget = true;
    for (i = 0; i < 100; i++) {
        (void)pthread_create(&thread, NULL, i == 0 ? cancelled_at_first_span
                             : i % 2 == 0 ? cancelled_in_flush : until_cancelled, obs);
        (void)usleep(i % 7 * 50);
        (void)pthread_cancel(thread);
        (void)pthread_join(thread, NULL);
        (void)llmobs_flush(obs, 60000);
    }
    stats = stats_of(obs);
    is_int(stats.live, 0, "cancelled threads leave no span open");
    is_int(stats.dropped[LLMOBS_DROP_THREADS], 0, "and their records to others");
    ok(kept.count > 500, "what they recorded arrives");
    ok(close_kept(obs, &kept), "the account balances");
}

/* ---- signals ------------------------------------------------------------------------------- */

static llmobs* signal_obs;
static llmobsi_atomic64 signal_began;
static llmobsi_atomic64 signal_count;
static llmobsi_atomic32 signal_stop;

static void record_in_handler(int number)
{
    llmobs_span span = llmobs_span_root(signal_obs, "from a handler");
    (void)number;
    (void)llmobsi_add_relaxed(&signal_count, 1);
    if (span.instance != 0) {
        (void)llmobsi_add_relaxed(&signal_began, 1);
        llmobs_span_set_int(span, "n", 1);
        llmobs_span_event(span, "event");
        llmobs_span_end(llmobs_span_next(span, "next, from a handler"));
    }
}

static void* record_under_fire(void* argument)
{
    long* recorded = (long*)argument;
    while (llmobsi_load_relaxed(&signal_stop) == 0) {
        llmobs_span span = llmobs_span_root(signal_obs, "span");
        llmobs_span child = llmobs_span_child(span, "child");
        llmobs_span_set_string(child, "s", "value");
        llmobs_span_set_int(child, "n", *recorded);
        llmobs_span_end(child);
        llmobs_span_end(span);
        *recorded += span.instance != 0 ? 2 : 1; /* nobody asks for an inert span's child */
    }
    return NULL;
}

static llmobsi_atomic64 brief_began;

static void* brief_under_fire(void* argument)
{
    (void)argument;
    llmobs_span_end(llmobs_span_root(signal_obs, "brief"));
    (void)llmobsi_add_relaxed(&brief_began, 1);
    return NULL;
}

static void test_signals(void)
{
    llmobs_config config = pumped_config();
    struct sigaction action;
    keeper kept;
    llmobs_stats stats;
    pthread_t threads[2];
    pthread_t brief;
    long recorded[2] = {0, 0};
    long shots = sized(20000);
    long shot;
    uint64_t began;
    memset(&action, 0, sizeof action);
    action.sa_handler = record_in_handler;
    action.sa_flags = SA_RESTART;
    (void)sigaction(SIGUSR1, &action, NULL);
    config.span_slots = 16384;
    config.max_threads = 8;
    config.host_pumped = false;
    config.tick_ms = 1;
    config.queue_bytes = 1 << 22;
    signal_obs = open_kept(&config, &kept);
    kept.forget = false;
    (void)pthread_create(&threads[0], NULL, record_under_fire, &recorded[0]);
    (void)pthread_create(&threads[1], NULL, record_under_fire, &recorded[1]);
    for (shot = 0; shot < shots; shot++) {
        (void)pthread_kill(threads[shot % 2], SIGUSR1);
        if (shot % 100 == 0) {
            /* A thread that is shot at while it attaches. */
            (void)pthread_create(&brief, NULL, brief_under_fire, NULL);
            (void)pthread_kill(brief, SIGUSR1);
            (void)pthread_kill(brief, SIGUSR1);
            (void)pthread_join(brief, NULL);
        }
        if (shot % 1000 == 0 && kept_count(&kept) > 200000) {
            (void)pthread_mutex_lock(&kept.lock);
            kept.forget = true;
            (void)pthread_mutex_unlock(&kept.lock);
        }
    }
    llmobsi_store_relaxed(&signal_stop, 1);
    (void)pthread_join(threads[0], NULL);
    (void)pthread_join(threads[1], NULL);
    is_int(llmobs_flush(signal_obs, 60000), LLMOBS_OK, "flush");
    stats = stats_of(signal_obs);
    printf("# %ld shots, %llu handlers, %llu began, %llu dropped as signal, %ld spans beside\n",
           shots, (unsigned long long)signal_count, (unsigned long long)signal_began,
           (unsigned long long)stats.dropped[LLMOBS_DROP_SIGNAL], recorded[0] + recorded[1]);
    ok(signal_began > 0, "handlers recorded");
    ok(stats.dropped[LLMOBS_DROP_SIGNAL] <= signal_count, "or were counted");
    began = (uint64_t)(recorded[0] + recorded[1]) + signal_count + signal_began;
    is_int(stats.started, began + brief_began, "every span is in the account");
    is_int(stats.threads, 0, "no record stays behind");
    is_int(stats.dropped[LLMOBS_DROP_THREADS], 0, "and none was missing");
    is_int(kept.malformed, 0, "none is torn");
    (void)signal(SIGUSR1, SIG_DFL);
    ok(close_kept(signal_obs, &kept), "the account balances");
}

/* ---- interrupted at every instruction ------------------------------------------------------ */

#if defined(__x86_64__) && defined(KERNEL_TEST)
static llmobs* step_obs;
static uint64_t step_count;
static uint64_t step_began;
static uint64_t step_asked;

/* The processor calls this after each instruction of the thread that is being stepped. */
static void record_a_step(int number)
{
    llmobs_span span = llmobs_span_root(step_obs, "between two instructions");
    (void)number;
    step_count++;
    step_asked++;
    if (span.instance != 0) {
        step_began++;
        llmobs_span_set_int(span, "n", 1);
        llmobs_span_end(span);
    }
}

static void step(bool on)
{
    if (on) {
        __asm__ __volatile__("pushfq; orq $0x100, (%%rsp); popfq" ::: "memory", "cc");
    } else {
        __asm__ __volatile__("pushfq; andq $~0x100, (%%rsp); popfq" ::: "memory", "cc");
    }
}

static void* stepped(void* argument)
{
    bool attached = argument != NULL;
    llmobs_span span;
    llmobs_span child;
    if (attached) {
        (void)llmobs_thread_attach(step_obs);
    }
    step(true);
    span = llmobs_span_root(step_obs, "stepped");
    child = llmobs_span_child(span, "stepped");
    llmobs_span_set_string(child, "s", "value");
    llmobs_span_event(child, "event");
    child = llmobs_span_next(child, "stepped");
    llmobs_span_end(child);
    llmobs_span_end(span);
    step(false);
    step_asked += 3;
    return NULL;
}

static void test_every_instruction(void)
{
    llmobs_config config = pumped_config();
    struct sigaction action;
    keeper kept;
    llmobs_stats stats;
    pthread_t thread;
    const llmobs_span_view* view;
    int i;
    size_t at;
    int whole = 0;
    memset(&action, 0, sizeof action);
    action.sa_handler = record_a_step;
    (void)sigaction(SIGTRAP, &action, NULL);
    config.max_threads = 1;
    config.span_slots = 16384;
    config.queue_bytes = 1 << 23;
    step_obs = open_kept(&config, &kept);
    for (i = 0; i < 6; i++) { /* a thread that is new to it, and one that has attached */
        (void)pthread_create(&thread, NULL, stepped, i % 2 == 0 ? NULL : &kept);
        (void)pthread_join(thread, NULL);
        (void)llmobs_flush(step_obs, 60000);
    }
    (void)signal(SIGTRAP, SIG_DFL);
    stats = stats_of(step_obs);
    for (at = 0; at < kept.count; at++) {
        view = &kept.spans[at];
        whole += strcmp(view->name.data, "stepped") == 0;
    }
    printf("# %llu instructions, %llu spans between them, %llu dropped as signal\n",
           (unsigned long long)step_count, (unsigned long long)step_began,
           (unsigned long long)stats.dropped[LLMOBS_DROP_SIGNAL]);
    ok(step_count > 2000 && step_began > 500, "a handler ran after every instruction");
    is_int(whole, 18, "what it interrupted is whole");
    is_int(stats.started, step_asked, "each span is in the account");
    is_int(stats.dropped[LLMOBS_DROP_SIGNAL] + step_began, step_count, "recorded, or dropped");
    is_int(stats.dropped[LLMOBS_DROP_THREADS], 0, "a thread has one record, whoever made it");
    is_int(stats.threads, 0, "and leaves none behind");
    ok(close_kept(step_obs, &kept), "the account balances");
}
/* Once, after the n-th instruction of a thread's first span: while it attaches, too. */
static long step_left;

static void record_one_step(int number, siginfo_t* info, void* context)
{
    (void)info;
    if (step_left-- == 0) {
        record_a_step(number);
        ((ucontext_t*)context)->uc_mcontext.gregs[REG_EFL] &= ~0x100LL;
    }
}

static void* stepped_first(void* argument)
{
    step(true);
    llmobs_span_end(llmobs_span_root((llmobs*)argument, "stepped"));
    step(false);
    return NULL;
}

static void test_each_first_instruction(void)
{
    llmobs_config config = pumped_config();
    struct sigaction action;
    keeper kept;
    llmobs_stats stats;
    pthread_t thread;
    long at;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = record_one_step;
    action.sa_flags = SA_SIGINFO;
    (void)sigaction(SIGTRAP, &action, NULL);
    config.max_threads = 1;
    step_obs = open_kept(&config, &kept);
    step_count = 0;
    step_began = 0;
    for (at = 0;; at++) {
        step_left = at;
        (void)pthread_create(&thread, NULL, stepped_first, step_obs);
        (void)pthread_join(thread, NULL);
        (void)llmobs_flush(step_obs, 60000);
        if (step_left >= 0) {
            break; /* there are no more */
        }
    }
    (void)signal(SIGTRAP, SIG_DFL);
    stats = stats_of(step_obs);
    printf("# %ld instructions, %llu spans between them, %llu dropped as signal\n", at,
           (unsigned long long)step_began, (unsigned long long)stats.dropped[LLMOBS_DROP_SIGNAL]);
    ok(at > 300, "a thread's first span, interrupted after each of its instructions");
    is_int(stats.started, (uint64_t)at + 1 + step_count, "each span is in the account");
    is_int(stats.collected, (uint64_t)at + 1 + step_began, "what was interrupted is recorded");
    is_int(stats.dropped[LLMOBS_DROP_THREADS], 0, "a thread has one record, whoever made it");
    is_int(stats.threads, 0, "and leaves none behind");
    is_int(llmobsi_controls_used <= 16, 1, "nor another trace");
    ok(close_kept(step_obs, &kept), "the account balances");
}
#else
static void test_every_instruction(void)
{
    skip("interrupted at every instruction", "needs x86-64, Linux, no sanitizer");
}

static void test_each_first_instruction(void)
{
    skip("interrupted at its first span", "needs x86-64, Linux, no sanitizer");
}
#endif

/* ---- what a recording call does not do ----------------------------------------------------- */

#ifdef KERNEL_TEST
static void record_everything(llmobs* obs)
{
    static const char* const words[] = {"a", "b"};
    llmobs_span span = llmobs_span_root(obs, "root");
    llmobs_span child = llmobs_span_child(span, "child");
    llmobs_trace_context context;
    llmobs_attribute one = llmobs_attribute_int("n", 1);
    llmobs_span_set_string(child, "s", "value");
    llmobs_span_set_double(child, "d", 0.5);
    llmobs_span_set_strings(child, "l", words, 2);
    llmobs_span_set(child, &one, 1);
    llmobs_span_event_with(child, "event", &one, 1);
    (void)llmobs_span_context(child, &context);
    llmobs_span_link(child, &context);
    llmobs_span_set_status(child, LLMOBS_STATUS_ERROR, "message");
    (void)llmobs_name_n(obs, "made at run time", 16);
    child = llmobs_span_next(child, "next");
    llmobs_span_end(child);
    llmobs_span_end(span);
}

/* From here on the kernel kills whoever calls it for anything but exit. (Its strict mode would
   forbid the cycle counter as well.) */
static bool call_no_more(void)
{
    struct sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL),
    };
    struct sock_fprog program;
    program.len = sizeof rules / sizeof rules[0];
    program.filter = rules;
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

static int run_strictly(bool cheat)
{
    llmobs_config config = pumped_config();
    int status = -1;
    pid_t child = fork();
    if (child == 0) {
        llmobs* obs;
        int i;
        config.span_slots = 8192;
        obs = llmobs_open(&config, NULL);
        record_everything(obs);
        if (!call_no_more()) {
            _exit(77);
        }
        for (i = 0; i < 100000; i++) {
            record_everything(obs); /* most find the pool empty: that path, too */
        }
        if (cheat) {
            (void)syscall(SYS_getppid);
        }
        (void)syscall(SYS_exit, 0);
    }
    (void)waitpid(child, &status, 0);
    return status;
}

static void test_no_kernel_call(void)
{
    int status = run_strictly(false);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
        skip("recording makes no kernel call", "seccomp is not there");
        return;
    }
    is_int(status, 0, "recording makes no kernel call");
    ok(WIFSIGNALED(run_strictly(true)), "(and one would have been seen)");
}

/* What would allocate or lock is counted, and handed on to the C library. */
static llmobsi_atomic32 calls_of_malloc;
static llmobsi_atomic32 calls_of_lock; /* 32 bits: larger ones may take a lock */

int pthread_mutex_lock(pthread_mutex_t* mutex)
{
    static int (*real)(pthread_mutex_t*);
    if (real == NULL) {
        *(void**)(void*)&real = next_of("pthread_mutex_lock");
    }
    (void)llmobsi_add_relaxed(&calls_of_lock, 1);
    return real(mutex);
}

void* malloc(size_t size)
{
    static void* (*real)(size_t);
    if (real == NULL) {
        *(void**)(void*)&real = next_of("malloc");
    }
    (void)llmobsi_add_relaxed(&calls_of_malloc, 1);
    return real(size);
}

void free(void* memory)
{
    static void (*real)(void*);
    if (real == NULL) {
        *(void**)(void*)&real = next_of("free");
    }
    (void)llmobsi_add_relaxed(&calls_of_malloc, memory != NULL);
    real(memory);
}

void* aligned_alloc(size_t alignment, size_t size)
{
    static void* (*real)(size_t, size_t);
    if (real == NULL) {
        *(void**)(void*)&real = next_of("aligned_alloc");
    }
    (void)llmobsi_add_relaxed(&calls_of_malloc, 1);
    return real(alignment, size);
}

static void test_no_allocation(void)
{
    llmobs_config config = pumped_config();
    llmobs* obs;
    uint64_t allocations;
    uint64_t locks;
    uint64_t between = 0;
    long spans;
    config.span_slots = 1024;
    obs = llmobs_open(&config, NULL);
    record_everything(obs);
    ok(calls_of_malloc > 0 && calls_of_lock > 0, "(allocations and locks are seen)");
    allocations = calls_of_malloc;
    locks = calls_of_lock;
    for (spans = 0; spans < 1000000; spans += 3) {
        record_everything(obs);
        if (spans % 900 == 0) {
            uint64_t before = calls_of_lock;
            (void)llmobs_tick(obs); /* which does lock */
            between += calls_of_lock - before;
        }
    }
    is_int(calls_of_malloc - allocations, 0, "1,000,000 spans allocate nothing, ticks included");
#if ATOMIC_LLONG_LOCK_FREE == 2
    is_int(calls_of_lock - locks - between, 0, "and take no lock");
#else
    skip("and take no lock", "libatomic's stand in for operations of 64 bits");
#endif
    (void)llmobs_close(obs);
}
#else
static void test_no_kernel_call(void)
{
    skip("recording makes no kernel call", "a sanitizer makes some");
}

static void test_no_allocation(void)
{
    skip("recording allocates nothing", "a sanitizer does");
}
#endif

/* ---- fork ---------------------------------------------------------------------------------- */

#if LLMOBS_I_TSAN
static void test_fork(void)
{
    skip("fork", "ThreadSanitizer does not do threads in the child of a fork");
}
#else
static llmobsi_atomic32 fork_stop;

static void* record_beside(void* argument)
{
    while (llmobsi_load_relaxed(&fork_stop) == 0) {
        record_ten((llmobs*)argument);
        (void)sched_yield();
    }
    return NULL;
}

typedef struct fork_report {
    llmobs_result flush, close;
    uint64_t started, exported, lost;
    uint64_t kept, malformed, foreign;
    uint64_t first_id;
    bool stale_inert, balanced;
} fork_report;

/* What the child of a fork does; it inherits an open instance and a live span. */
static void in_child(llmobs* obs, keeper* kept, llmobs_span stale, int out)
{
    fork_report report;
    llmobs_stats stats;
    llmobs_span span;
    size_t i;
    (void)alarm(120);
    memset(&report, 0, sizeof report);
    (void)pthread_mutex_init(&kept->lock, NULL); /* the parent's exporter may have held it */
    kept->count = 0;
    kept->blocks = NULL;
    kept->malformed = 0;
    kept->forget = false;
    llmobs_span_set_int(stale, "from the child", 1);
    llmobs_span_end(stale);
    report.stale_inert = !llmobs_span_is_recording(stale);
    for (i = 0; i < 10; i++) {
        span = llmobs_span_root(obs, "of the child");
        llmobs_span_end(span);
    }
    report.flush = llmobs_flush(obs, 60000);
    stats.size = sizeof stats;
    report.close = llmobs_close_with_stats(obs, &stats);
    report.balanced = balances(&stats);
    report.started = stats.started;
    report.exported = stats.exporters[0].exported;
    report.lost = dropped_in_all(&stats);
    report.kept = kept->count;
    report.malformed = kept->malformed;
    for (i = 0; i < kept->count; i++) {
        report.foreign += strcmp(kept->spans[i].name.data, "of the child") != 0;
    }
    if (kept->count > 0) {
        memcpy(&report.first_id, kept->spans[0].span_id, 8);
    }
    (void)!write(out, &report, sizeof report);
    _exit(0);
}

static int compare_ids(const void* a, const void* b)
{
    return memcmp(a, b, sizeof(uint64_t));
}

/* Until every thread of the instance and the one beside it have done something. AddressSanitizer
   takes its allocator's locks while a thread starts, and (in gcc 12) leaves them as they are in the
   child of a fork, where the next thread would wait for ever. */
static void wait_for_starts(llmobs* obs)
{
#if ADDRESS_SANITIZED
    while (stats_of(obs).exporters[0].exported == 0) {
        (void)usleep(1000);
    }
#else
    (void)obs;
#endif
}

static void run_forks(bool pumped, bool beside, int forks)
{
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs;
    llmobs_span live;
    pthread_t thread;
    uint64_t ids[500];
    int wrong = 0;
    int i;
    config.host_pumped = pumped;
    config.tick_ms = 1;
    obs = open_kept(&config, &kept);
    kept.forget = true;
    live = llmobs_span_root(obs, "of the parent");
    llmobsi_store_relaxed(&fork_stop, 0);
    if (beside) {
        (void)pthread_create(&thread, NULL, record_beside, obs);
        wait_for_starts(obs);
    }
    for (i = 0; i < forks; i++) {
        fork_report report;
        int ends[2];
        int status = -1;
        pid_t child;
        (void)!pipe(ends);
        child = fork();
        if (child == 0) {
            in_child(obs, &kept, live, ends[1]);
        }
        (void)close(ends[1]);
        memset(&report, 0xff, sizeof report);
        wrong += read(ends[0], &report, sizeof report) != (ssize_t)sizeof report;
        (void)close(ends[0]);
        (void)waitpid(child, &status, 0);
        if (status != 0 || report.flush != LLMOBS_OK || report.close != LLMOBS_OK ||
            report.started != 10 || report.exported != 10 || report.kept != 10 ||
            report.lost != 0 || report.foreign != 0 || report.malformed != 0 ||
            !report.stale_inert || !report.balanced) {
            printf("# status %d, flush %d, close %d, started %d, exported %d, kept %d, lost %d, "
                   "foreign %d\n", status, report.flush, report.close, (int)report.started,
                   (int)report.exported, (int)report.kept, (int)report.lost, (int)report.foreign);
            wrong++;
        }
        ids[i] = report.first_id;
    }
    llmobsi_store_relaxed(&fork_stop, 1);
    if (beside) {
        (void)pthread_join(thread, NULL);
    }
    is_int(wrong, 0, beside ? "children of a fork under fire record and export what is theirs"
                            : "children of a fork record and export what is theirs");
    qsort(ids, (size_t)forks, sizeof ids[0], compare_ids);
    for (i = 1; i < forks; i++) {
        wrong += ids[i] == ids[i - 1];
    }
    is_int(wrong, 0, "no two have the same ids");
    ok(llmobs_span_is_recording(live), "the parent's live span is none the worse");
    llmobs_span_end(live);
    is_int(llmobs_flush(obs, 60000), LLMOBS_OK, "the parent goes on");
    ok(close_kept(obs, &kept), "the account balances");
}

static void test_fork(void)
{
    (void)run_forks(true, false, 50);
    (void)run_forks(false, true, (int)sized(200));
}
#endif

/* A callback of the host's pump that forks: both processes go on. */
static llmobs_export_result fork_inside(void* user, const llmobs_batch* batch)
{
    pid_t* child = (pid_t*)user;
    (void)batch;
    if (*child < 0) {
        *child = fork();
    }
    return LLMOBS_EXPORT_OK;
}

static void test_fork_inside(void)
{
    llmobs_config config = pumped_config();
    pid_t child = -1;
    int status = -1;
    llmobs* obs = llmobs_open(&config, NULL);
    (void)llmobs_export_to(obs, fork_inside, &child);
    llmobs_span_end(llmobs_span_root(obs, "span"));
    (void)llmobs_flush(obs, 60000);
    if (child == 0) {
        llmobs_stats stats;
        (void)alarm(120);
        stats.size = sizeof stats;
        record_ten(obs);
        (void)llmobs_flush(obs, 60000);
        (void)llmobs_close_with_stats(obs, &stats);
        _exit(stats.collected == 10 && stats.exporters[0].exported == 10 ? 0 : 1);
    }
    (void)waitpid(child, &status, 0);
    is_int(status, 0, "the child of a fork in a callback records");
    record_ten(obs);
    (void)llmobs_flush(obs, 60000);
    is_int(stats_of(obs).exporters[0].exported, 11, "and so does the parent");
    (void)llmobs_close(obs);
}

int main(void)
{
    test_no_kernel_call();
    test_no_allocation();
    test_short_lives();
    test_crowd();
    test_destructors();
    test_cancel();
    test_signals();
    test_every_instruction();
    test_each_first_instruction();
    if (!skipped_by_qemu("fork")) {
        test_fork();
    }
    test_fork_inside();
    (void)llmobs_release();
    return done();
}

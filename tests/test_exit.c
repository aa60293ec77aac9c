/* The ways a process ends, with and without a close: nobody hangs or crashes, what was flushed is
   there, what a close at the end can save is saved, and what can't be is known. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "llmobs_private.h"
#include "tap.h"

#include "keeper.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SECONDS 30 /* who takes longer hangs */
#define FLUSHED 20
#define LATER 15

/* ---- the receiver outlives the process ----------------------------------------------------- */

typedef struct receiver {
    llmobsi_atomic64 flushed; /* spans that were recorded before a flush */
    llmobsi_atomic64 later;
    llmobsi_atomic64 at_exit; /* recorded in an exit handler */
    llmobsi_atomic32 inside;  /* the callback that hangs is in */
    llmobsi_atomic64 closed;  /* 1 + what close answered */
    llmobs_stats stats;       /* the last account, where there is one */
} receiver;

static receiver* shared;
static llmobs* obs;
static bool hangs;

static llmobs_export_result receive(void* user, const llmobs_batch* batch)
{
    size_t i;
    (void)user;
    for (i = 0; i < batch->span_count; i++) {
        const char* name = batch->spans[i].name.data;
        llmobsi_atomic64* count = strcmp(name, "flushed") == 0 ? &shared->flushed
                                  : strcmp(name, "later") == 0 ? &shared->later
                                                               : &shared->at_exit;
        (void)llmobsi_add_relaxed(count, 1);
    }
    if (hangs && batch->span_count > 0 && strcmp(batch->spans[0].name.data, "later") == 0) {
        llmobsi_store_release(&shared->inside, 1);
        for (;;) {
            (void)pause();
        }
    }
    return LLMOBS_EXPORT_OK;
}

static void record(const char* name, int count)
{
    int i;
    for (i = 0; i < count; i++) {
        llmobs_span_end(llmobs_span_root(obs, name));
    }
}

/* ---- what a host may do at its end --------------------------------------------------------- */

static void close_at_exit(void)
{
    shared->stats.size = sizeof shared->stats;
    shared->closed = 1 + (uint64_t)(-(int)llmobs_close_with_stats(obs, &shared->stats));
}

static void record_at_exit(void)
{
    record("at exit", 1);
}

static void exit_in_handler(int number)
{
    (void)number;
    exit(7);
}

static void* exit_in_thread(void* argument)
{
    (void)argument;
    exit(7);
    return NULL;
}

static void* exit_last(void* argument)
{
    (void)pthread_join(*(pthread_t*)argument, NULL);
    exit(7);
    return NULL;
}

static pthread_key_t key;

static void record_in_destructor(void* value)
{
    (void)value;
    record("at exit", 1);
}

static void* record_and_end(void* argument)
{
    (void)pthread_setspecific(key, argument);
    record("later", 0);
    return NULL;
}

/* Under way until the process ends. */
static void* record_on(void* argument)
{
    (void)argument;
    for (;;) {
        record("beside", 1);
    }
    return NULL;
}

typedef enum way {
    BY_RETURN,
    BY_EXIT,
    BY_QUICK_EXIT,
    BY_EXIT_AT_ONCE,
    BY_ABORT,
    BY_SIGTERM,
    BY_SIGKILL,
    BY_SIGTERM_HANDLER,
    BY_THREAD,
    BY_PTHREAD_EXIT,
    WAYS
} way;

static const struct {
    const char* name;
    int status;    /* the exit status, or minus the signal */
    bool handlers; /* exit handlers run                    */
} ways[WAYS] = {
    {"return from main", 7, true},         {"exit", 7, true},
    {"quick_exit", 7, false},              {"_exit", 7, false},
    {"abort", -SIGABRT, false},            {"SIGTERM", -SIGTERM, false},
    {"SIGKILL", -SIGKILL, false},          {"SIGTERM with a handler that exits", 7, true},
    {"exit on another thread", 7, true},   {"pthread_exit of main", 7, true},
};

static int leave(way how)
{
    static pthread_t self;
    pthread_t thread;
    switch (how) {
    case BY_RETURN: return 7;
    case BY_EXIT: exit(7);
    case BY_QUICK_EXIT: quick_exit(7);
    case BY_EXIT_AT_ONCE: _exit(7);
    case BY_ABORT: abort();
    case BY_SIGTERM: (void)kill(getpid(), SIGTERM); break;
    case BY_SIGKILL: (void)kill(getpid(), SIGKILL); break;
    case BY_SIGTERM_HANDLER:
        (void)signal(SIGTERM, exit_in_handler);
        (void)kill(getpid(), SIGTERM);
        break;
    case BY_THREAD:
        (void)pthread_create(&thread, NULL, exit_in_thread, NULL);
        break;
    default:
        self = pthread_self();
        (void)pthread_create(&thread, NULL, exit_last, &self);
        pthread_exit(NULL);
    }
    for (;;) {
        (void)pause();
    }
}

/* ---- a process from begin to end ----------------------------------------------------------- */

typedef enum ending {
    WITHOUT_CLOSE,
    CLOSES_AT_EXIT, /* registered with atexit: the recipe of docs/lifecycle.md */
    CLOSES_FIRST,
    ENDINGS
} ending;

static const char* const endings[ENDINGS] = {"no close", "close at exit", "close before"};

typedef struct plan {
    way how;
    ending end;
    bool pumped;
    bool hangs;   /* an exporter is in its callback, for ever */
    bool beside;  /* other threads record meanwhile           */
} plan;

static void begin(const plan* p)
{
    llmobs_config config = pumped_config();
    pthread_t thread;
    struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)alarm(SECONDS);
    config.host_pumped = p->pumped;
    config.span_slots = 4096;
    config.batch_delay_ms = 60000; /* what is not flushed waits */
    config.close_timeout_ms = p->hangs ? 100 : SECONDS * 500;
    hangs = p->hangs;
    (void)pthread_key_create(&key, record_in_destructor);
    if (p->end == CLOSES_AT_EXIT) {
        (void)atexit(close_at_exit);
    }
    (void)atexit(record_at_exit); /* runs before it */
    obs = llmobs_open(&config, NULL);
    (void)llmobs_export_to(obs, receive, NULL);
    record("flushed", FLUSHED);
    if (llmobs_flush(obs, SECONDS * 1000) != LLMOBS_OK) {
        _exit(99);
    }
    record("later", LATER);
    (void)pthread_create(&thread, NULL, record_and_end, &key);
    (void)pthread_join(thread, NULL);
    if (p->hangs) {
        (void)llmobs_flush(obs, 1);
        while (llmobsi_load_acquire(&shared->inside) == 0) {
            (void)usleep(100);
        }
    }
    if (p->beside) {
        (void)pthread_create(&thread, NULL, record_on, NULL);
    }
    if (p->end == CLOSES_FIRST) {
        close_at_exit();
    }
}

static int status_of(pid_t child)
{
    int status = -1;
    (void)waitpid(child, &status, 0);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

/* Runs it and says how it ended; what has arrived is in `shared`. */
static int run(const plan* p)
{
    pid_t child;
    memset(shared, 0, sizeof *shared);
    (void)fflush(stdout);
    child = fork();
    if (child == 0) {
        begin(p);
        exit(leave(p->how));
    }
    return status_of(child);
}

/* ---- all ways ------------------------------------------------------------------------------ */

static bool saves(const plan* p)
{
    return p->end == CLOSES_FIRST || (p->end == CLOSES_AT_EXIT && ways[p->how].handlers);
}

/* Whether all that can be there is there, and nothing else. */
static bool arrived(const plan* p)
{
    bool saved = saves(p);
    uint64_t later = saved && !p->hangs ? LATER : 0;
    uint64_t at_exit = saved && !p->hangs ? 1 : 0; /* from the destructor */
    bool right = shared->flushed == FLUSHED;
    if (p->hangs) {
        return right && (!saved || shared->closed == 1 + (uint64_t)-(int)LLMOBS_ERROR_INCOMPLETE);
    }
    if (p->end == CLOSES_AT_EXIT && saved) {
        at_exit++; /* from the handler that ran before */
    }
    /* Where others fill a batch, it goes without a close; and where they fill the queue while the
       exporter's thread has no processor, the oldest is lost, which the account says. */
    right &= shared->later == later || (p->beside && !saved && shared->later == LATER) ||
             (p->beside && saved && shared->later < later &&
              shared->stats.exporters[0].lost[LLMOBS_LOSS_QUEUE] >= later - shared->later);
    right &= p->beside ? shared->at_exit >= at_exit : shared->at_exit == at_exit;
    right &= !saved || (shared->closed == 1 && balances(&shared->stats));
    return right;
}

/* Whether libc itself lets main end before the others in the child of a fork: musl 1.2.3 keeps a
   lock for ever. */
static bool main_can_end(void)
{
    static int can = -1;
    if (can < 0) {
        pid_t child;
        (void)fflush(stdout);
        child = fork();
        if (child == 0) {
            (void)alarm(2);
            exit(leave(BY_PTHREAD_EXIT));
        }
        can = status_of(child) == ways[BY_PTHREAD_EXIT].status;
    }
    return can;
}

static void test_ways(ending end, bool pumped)
{
    int how;
    for (how = 0; how < (int)WAYS; how++) {
        plan p;
        char what[100];
        int status;
        memset(&p, 0, sizeof p);
        p.how = (way)how;
        p.end = end;
        p.pumped = pumped;
        (void)snprintf(what, sizeof what, "%s, %s%s", ways[how].name, endings[end],
                       pumped ? ", the host pumps" : "");
        if (how == BY_PTHREAD_EXIT && !main_can_end()) {
            skip(what, "this libc hangs there without the library, too");
            continue;
        }
        status = run(&p);
        if (!ok(status == ways[how].status && arrived(&p), what)) {
            printf("# status %d, flushed %d, later %d, at exit %d, closed %d\n", status,
                   (int)shared->flushed, (int)shared->later, (int)shared->at_exit,
                   (int)shared->closed);
        }
    }
}

/* The same while others record, and while an exporter hangs: to be repeated. */
static void test_races(bool hung)
{
    long rounds = hung ? sized(3) : sized(12);
    int wrong = 0;
    long i;
    for (i = 0; i < rounds * WAYS; i++) {
        plan p;
        int status;
        memset(&p, 0, sizeof p);
        p.how = (way)(i % WAYS);
        p.end = (ending)(i / WAYS % ENDINGS);
        p.hangs = hung;
        p.beside = !hung;
        if (p.how == BY_PTHREAD_EXIT && !main_can_end()) {
            continue;
        }
        status = run(&p);
        if (status != ways[p.how].status || !arrived(&p)) {
            printf("# %s, %s: status %d, flushed %d, later %d, at exit %d, closed %d\n",
                   ways[p.how].name, endings[p.end], status, (int)shared->flushed,
                   (int)shared->later, (int)shared->at_exit, (int)shared->closed);
            wrong++;
        }
    }
    is_int(wrong, 0, hung ? "while an exporter hangs: each way out is open"
                          : "while others record: each way out is open");
    printf("# %ld processes\n", i);
}

/* ---- exit inside a callback ---------------------------------------------------------------- */

static llmobs_export_result exit_inside(void* user, const llmobs_batch* batch)
{
    (void)user;
    (void)batch;
    exit(7);
    return LLMOBS_EXPORT_OK;
}

static void test_exit_inside(bool pumped)
{
    pid_t child;
    memset(shared, 0, sizeof *shared);
    (void)fflush(stdout);
    child = fork();
    if (child == 0) {
        llmobs_config config = pumped_config();
        (void)alarm(SECONDS);
        config.host_pumped = pumped;
        (void)atexit(close_at_exit);
        obs = llmobs_open(&config, NULL);
        (void)llmobs_export_to(obs, exit_inside, NULL);
        record("later", LATER);
        (void)llmobs_flush(obs, SECONDS * 1000);
        (void)pause();
        _exit(98);
    }
    is_int(status_of(child), 7, pumped ? "exit in a callback of the host's pump"
                                       : "exit in an exporter's callback");
    is_int(shared->closed, 1 + (uint64_t)-(int)LLMOBS_ERROR_BUSY, "close says that it can't");
}

/* ---- a handler that exits, whatever it interrupts ------------------------------------------ */

static void flush_on(void)
{
    (void)llmobs_flush(obs, 10);
}

static void tick_on(void)
{
    (void)llmobs_tick(obs);
}

static void read_on(void)
{
    (void)stats_of(obs);
}

static void request_on(void)
{
    llmobs_request_end(llmobs_request_begin(obs, NULL), NULL);
}

static void record_one(void)
{
    record("later", 1);
}

static void (*const busy_calls[])(void) = {flush_on, tick_on, read_on, request_on, record_one};
enum { BUSY_CALLS = sizeof busy_calls / sizeof busy_calls[0] };

static void exit_at_once(int number)
{
    (void)number;
    close_at_exit();
    _exit(7);
}

/* The first thread does nothing but one kind of call, and is shot after some microseconds. */
static int shoot(void (*call)(void), unsigned after_us, bool pumped)
{
    pid_t child;
    (void)fflush(stdout);
    memset(shared, 0, sizeof *shared);
    child = fork();
    if (child == 0) {
        llmobs_config config = pumped_config();
        struct itimerspec shot;
        struct sigevent event;
        timer_t timer;
        (void)alarm(SECONDS);
        config.host_pumped = pumped;
        config.close_timeout_ms = 2000;
        obs = llmobs_open(&config, NULL);
        (void)llmobs_export_to(obs, receive, NULL);
        call();
        (void)signal(SIGTERM, exit_at_once);
        memset(&event, 0, sizeof event);
        event.sigev_notify = SIGEV_SIGNAL;
        event.sigev_signo = SIGTERM;
        memset(&shot, 0, sizeof shot);
        shot.it_value.tv_nsec = 1000 + (long)after_us * 1000;
        if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0 ||
            timer_settime(timer, 0, &shot, NULL) != 0) {
            _exit(97);
        }
        for (;;) {
            call();
        }
    }
    return status_of(child);
}

static void test_shots(void)
{
    long rounds = sized(40);
    int wrong = 0;
    int closed = 0;
    int refused = 0;
    long i;
    for (i = 0; i < rounds * BUSY_CALLS; i++) {
        int status = shoot(busy_calls[i % BUSY_CALLS], (unsigned)(i * 37 % 1000), i % 2 == 0);
        closed += shared->closed == 1;
        refused += shared->closed == 1 + (uint64_t)-(int)LLMOBS_ERROR_BUSY;
        if (status != 7 || (shared->closed != 1 &&
                            shared->closed != 1 + (uint64_t)-(int)LLMOBS_ERROR_BUSY)) {
            printf("# call %d: status %d, closed %d\n", (int)(i % BUSY_CALLS), status,
                   (int)shared->closed);
            wrong++;
        }
    }
    is_int(wrong, 0, "a handler that closes and exits does not hang, whatever it interrupts");
    printf("# %d closed, %d were refused\n", closed, refused);
    ok(closed > 0 && refused > 0, "it closes, or is told that it can't");
}

int main(void)
{
    shared = (receiver*)mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE,
                             MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == (receiver*)MAP_FAILED) {
        printf("Bail out! no shared memory\n");
        return 1;
    }
    if (LLMOBS_I_TSAN) {
        skip("exit", "ThreadSanitizer does not do threads in the child of a fork");
        return done();
    }
    test_ways(WITHOUT_CLOSE, false);
    test_ways(CLOSES_AT_EXIT, false);
    test_ways(CLOSES_FIRST, false);
    test_ways(CLOSES_AT_EXIT, true);
    test_races(false);
    test_races(true);
    test_exit_inside(false);
    test_exit_inside(true);
    test_shots();
    return done();
}

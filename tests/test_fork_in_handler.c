/* A fork in a signal handler that interrupted a call of ours: the call goes on in the child, once
   the handler returns, and must not write into its parent's flight recorder. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "llmobs_private.h"
#include "tap.h"

#include "keeper.h"

#define FOLDER "build/tmp/test_fork_in_handler"
#include "recorded.h"

#include <signal.h>
#include <ucontext.h>

static llmobs* obs;
static llmobs_metric metric;
static keeper kept;

/* What the handler does, and has seen. */
static volatile sig_atomic_t armed;
static pid_t test_process;
static int forks;
static int changed; /* times that a child changed the file */
static int failed;  /* children that could not go on       */

static unsigned char bytes_before[1 << 21];
static unsigned char bytes_after[1 << 21];

/* Also in a handler: nothing is allocated. */
static size_t read_record(unsigned char* out)
{
    int file = open(RECORD, O_RDONLY);
    ssize_t size = file >= 0 ? read(file, out, sizeof bytes_before) : -1;
    (void)close(file);
    return size > 0 ? (size_t)size : 0;
}

/* Returns whether this is the child. */
static bool fork_here(void)
{
    size_t size = read_record(bytes_before);
    int status = 1;
    pid_t child = fork();
    if (child == 0) {
        return true;
    }
    (void)waitpid(child, &status, 0);
    forks++;
    failed += !WIFEXITED(status) || WEXITSTATUS(status) != 0;
    changed += size == 0 || size == sizeof bytes_before || read_record(bytes_after) != size ||
               memcmp(bytes_before, bytes_after, size) != 0;
    return false;
}

/* ---- deeds --------------------------------------------------------------------------------- */

static unsigned turn;

static void do_span(void)
{
    llmobs_span span = llmobs_span_root(obs, "span");
    llmobs_span_set_int(span, "n", 5);
    llmobs_span_end(span);
}

static void do_log(void)
{
    llmobs_log(obs, LLMOBS_SEVERITY_WARN, "event", "a body");
}

static void do_series(void)
{
    char text[16];
    const char* label = text;
    (void)snprintf(text, sizeof text, "v%u", turn++);
    llmobs_counter_add(llmobs_counter_get(metric, &label, 1), 3);
}

static void do_tick(void)
{
    (void)llmobs_tick(obs);
}

static void do_flush(void)
{
    do_span();
    (void)llmobs_flush(obs, 5000);
}

/* What the child does once the interrupted call has come back. What it got is its own span, and
   what the deed records where it was interrupted before its first call. */
static void leave_child(void)
{
    size_t count;
    if (getpid() == test_process) {
        return;
    }
    llmobs_span_end(llmobs_span_root(obs, "child's"));
    count = kept.count;
    _exit(llmobs_flush(obs, 5000) == LLMOBS_OK && kept.count > count &&
                  kept.count <= count + 2 && account_balances(obs)
              ? 0
              : 1);
}

/* ---- by the clock -------------------------------------------------------------------------- */

/* The host's clock is asked within calls; a signal that is raised there interrupts them. */
static uint64_t tell_time(void* user)
{
    static uint64_t now = UINT64_C(1700000000000000000);
    (void)user;
    if (armed > 0 && --armed == 0) { /* the first question counts as 1 */
        (void)raise(SIGUSR1);
    }
    return now += 1000;
}

static void fork_in_handler(int number)
{
    (void)number;
    (void)fork_here();
}

static void open_recorded(bool clocked)
{
    static const char* const label = "l";
    llmobs_config config = recorder_config(RECORD);
    llmobs_metric_info info = llmobs_metric_info_default();
    fresh_folder();
    config.host_pumped = true;
    config.metric_series = 256;
    config.metric_bytes = 262144;
    config.metric_families = LLMOBS_OFF;
    config.max_exporters = 1;
    if (clocked) {
        config.clock.unix_ns = tell_time;
    }
    obs = open_kept(&config, &kept);
    ok(llmobs_recorder_path(obs, NULL, 0) > 0, "an instance with a flight recorder");
    info.name = "m";
    info.instrument = LLMOBS_COUNTER;
    info.labels = &label;
    info.label_count = 1;
    metric = llmobs_metric_define(obs, &info, NULL);
    forks = changed = failed = 0;
}

static void by_clock(void (*deed)(void), const char* what)
{
    forks = changed = failed = 0;
    deed();
    armed = 1;
    deed();
    leave_child();
    is_int(forks, 1, what);
    is_int(failed, 0, "... the call comes back in the child, which then records on its own");
    is_int(changed, 0, "... and the parent's file is as it was");
}

static void test_clock(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = fork_in_handler;
    (void)sigaction(SIGUSR1, &action, NULL);
    open_recorded(true);
    by_clock(do_span, "a handler forks within a span");
    by_clock(do_log, "within a log record");
    by_clock(do_series, "within a series that is being made");
    by_clock(do_tick, "within a tick");
    by_clock(do_flush, "within a flush");
    ok(account_balances(obs), "the parent's account balances");
    (void)llmobs_close(obs);
    keeper_clear(&kept);
}

/* The child of a fork within close goes on with that, too.
   At each question to the clock, one after the other. */
static void test_close(void)
{
    int number;
    int all = 0;
    int wrong = 0;
    for (number = 1; number <= 4; number++) {
        open_recorded(true);
        do_span();
        armed = (sig_atomic_t)number;
        (void)llmobs_close(obs);
        if (getpid() != test_process) {
            _exit(0);
        }
        all += forks;
        wrong += failed + changed;
        keeper_clear(&kept);
    }
    ok(all > 0, "a handler forks within close");
    is_int(wrong, 0, "... and the parent's file is as it was");
}

/* ---- between any two instructions ---------------------------------------------------------- */

#if defined(__x86_64__) && defined(__linux__) && !LLMOBS_I_TSAN
#define TRAP_FLAG 0x100

static void step(bool on)
{
    if (on) {
        __asm__ __volatile__("pushfq; orq $0x100, (%%rsp); popfq" ::: "memory", "cc");
    } else {
        __asm__ __volatile__("pushfq; andq $~0x100, (%%rsp); popfq" ::: "memory", "cc");
    }
}

static unsigned steps;
static unsigned each; /* so many instructions between two forks */

static void fork_between(int number, siginfo_t* info, void* context)
{
    (void)number;
    (void)info;
    if (steps++ % each == 0 && fork_here()) {
        ((ucontext_t*)context)->uc_mcontext.gregs[REG_EFL] &= ~(greg_t)TRAP_FLAG;
    }
}

static void by_steps(void (*deed)(void), unsigned stride, const char* what)
{
    forks = changed = failed = 0;
    each = stride;
    steps = 0;
    deed();
    step(true);
    deed();
    step(false);
    leave_child();
    printf("# %d forks, %u instructions\n", forks, steps);
    ok(forks > 20, what);
    is_int(failed, 0, "... all children come back from it");
    is_int(changed, 0, "... and none changed the parent's file");
}

static void test_steps(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = fork_between;
    action.sa_flags = SA_SIGINFO;
    (void)sigaction(SIGTRAP, &action, NULL);
    open_recorded(false);
    by_steps(do_span, 5, "a handler forks anywhere within a span");
    by_steps(do_log, 5, "within a log record");
    by_steps(do_series, 17, "within a series that is being made");
    by_steps(do_tick, 97, "within a tick");
    ok(account_balances(obs), "the parent's account balances");
    (void)llmobs_close(obs);
    keeper_clear(&kept);
}
#else
static void test_steps(void)
{
}
#endif

int main(void)
{
    test_process = getpid();
    if (LLMOBS_I_TSAN) {
        skip("a fork in a handler", "ThreadSanitizer itself allocates there, and says so");
    } else {
        test_clock();
        test_close();
        test_steps();
    }
    (void)llmobs_release();
    return done();
}

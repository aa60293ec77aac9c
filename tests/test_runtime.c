/* Hosts that are no plain C programs: coroutines on stacks of their own that go from thread to
   thread, tasks of the kernel that no thread library made, destructors that run when a thread's
   own are done, calls on what is closed. Requests and metrics there: test_thread has spans. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "llmobs_private.h"
#include "tap.h"

#include "keeper.h"

#include "requester.h"
#include "sanitized.h"

#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static llmobs_config host_config(void)
{
    llmobs_config config = pumped_config();
    config.metric_families = LLMOBS_FAMILY_ALL;
    return config;
}

static llmobs_request begin(llmobs* obs)
{
    llmobs_request_info info = llmobs_request_info_default();
    info.request_id = "req-1";
    info.user_id = "u-1";
    info.session_id = "s-1";
    info.model = "m";
    info.server = true;
    return llmobs_request_begin(obs, &info);
}

static void end(llmobs_request request)
{
    llmobs_outcome outcome = llmobs_outcome_default();
    outcome.usage.input_tokens = 5;
    outcome.input = llmobs_text("a prompt", 8);
    outcome.output = llmobs_text("an answer", 9);
    llmobs_request_end(request, &outcome);
}

/* ---- coroutines ---------------------------------------------------------------------------- */

#if defined(__linux__) && defined(__GLIBC__) && !LLMOBS_I_TSAN && !ADDRESS_SANITIZED
#define COROUTINES /* musl has no makecontext */
#include <ucontext.h>

#define STACK 32768 /* what a request needs of a stack, from begin to end, and some */
#define HOPS 64

typedef struct coroutine {
    llmobs* obs;
    ucontext_t self;
    ucontext_t thread; /* whoever runs it at the moment */
    unsigned char* stack;
    bool is_over;
} coroutine;

static coroutine* current;

static void give_way(coroutine* self)
{
    (void)swapcontext(&self->self, &self->thread);
}

/* After each call it goes on where another thread takes it up: a handle is no thread's. */
static void converse(void)
{
    coroutine* self = current;
    llmobs_request request = begin(self->obs);
    llmobs_span part;
    llmobs_engine engine = llmobs_engine_of(self->obs, "m");
    int i;
    give_way(self);
    llmobs_request_scheduled(request);
    part = llmobs_phase_begin(request, LLMOBS_PHASE_MODEL_CALL);
    give_way(self);
    for (i = 0; i < 8; i++) {
        (void)llmobs_engine_step_begin(&engine, "step", &request, 1);
        give_way(self);
        llmobs_request_token(request);
        llmobs_engine_step_end(&engine, NULL);
        give_way(self);
    }
    llmobs_span_end(part);
    give_way(self);
    end(request);
    self->is_over = true;
    give_way(self);
}

static void* run_on(void* argument)
{
    coroutine* self = (coroutine*)argument;
    (void)swapcontext(&self->thread, &self->self);
    return NULL;
}

/* A stack with a page below it that nobody may touch. */
static unsigned char* make_stack(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    unsigned char* memory = (unsigned char*)mmap(NULL, page + STACK, PROT_READ | PROT_WRITE,
                                                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    (void)mprotect(memory, page, PROT_NONE);
    return memory + page;
}

/* How much of it was ever written to. */
static size_t depth_of(const unsigned char* stack)
{
    size_t i = 0;
    while (i < STACK && stack[i] == 0) {
        i++;
    }
    return STACK - i;
}

static void test_coroutines(void)
{
    llmobs_config config = host_config();
    keeper kept;
    coroutine one;
    int hops;
    memset(&one, 0, sizeof one);
    one.obs = open_kept(&config, &kept);
    one.stack = make_stack();
    (void)getcontext(&one.self);
    one.self.uc_stack.ss_sp = one.stack;
    one.self.uc_stack.ss_size = STACK;
    makecontext(&one.self, converse, 0);
    current = &one;
    for (hops = 0; hops < HOPS && !one.is_over; hops++) {
        pthread_t thread;
        (void)pthread_create(&thread, NULL, run_on, &one);
        (void)pthread_join(thread, NULL);
    }
    ok(one.is_over, "a coroutine goes from thread to thread with its request");
    (void)llmobs_flush(one.obs, 60000);
    is_int(kept.count, 10, "its spans arrive: root, phase, eight steps");
    is_int(stats_of(one.obs).requests_ended, 1, "it ends");
    is_int(stats_of(one.obs).requests_late, 0, "and nothing of it was late");
    is_str(sample(one.obs, "vllm:generation_tokens_total{model_name=\"m\",engine=\"0\"}"), "8",
           "its tokens are counted");
    printf("# %d threads, %zu bytes of stack\n", hops, depth_of(one.stack));
    ok(depth_of(one.stack) <= STACK - 4096, "a stack of 32 KiB is enough for all of it");
    ok(close_kept(one.obs, &kept), "the account balances");
    (void)munmap(one.stack - sysconf(_SC_PAGESIZE), (size_t)sysconf(_SC_PAGESIZE) + STACK);
}
#else
static void test_coroutines(void)
{
    skip("coroutines", "need glibc, no sanitizer");
}
#endif

/* ---- tasks of the kernel ------------------------------------------------------------------- */

#ifdef COROUTINES
static int as_a_task(void* argument)
{
    llmobs_request request = begin((llmobs*)argument);
    llmobs_request_token(request);
    end(request);
    return 0;
}

/* A task in our memory that no thread library knows. It has the thread-local memory of the thread
   that made it, which waits: the two are one thread in turn, and that is what it may rely on. */
static void test_task(void)
{
    llmobs_config config = host_config();
    keeper kept;
    unsigned char* stack = make_stack();
    llmobs* obs = open_kept(&config, &kept);
    int wrong = 0;
    int i;
    for (i = 0; i < 20; i++) {
        int status = -1;
        pid_t task = clone(as_a_task, stack + STACK, CLONE_VM | CLONE_FS | CLONE_FILES | SIGCHLD,
                           obs);
        wrong += task < 0 || waitpid(task, &status, 0) != task || status != 0;
        end(begin(obs));
    }
    is_int(wrong, 0, "tasks that clone made end well");
    (void)llmobs_flush(obs, 60000);
    is_int(stats_of(obs).requests_ended, 40, "their requests are recorded, and its maker's");
    is_int(kept.count, 40, "and arrive");
    is_int(stats_of(obs).threads, 1, "for the library they are one thread");
    ok(close_kept(obs, &kept), "the account balances");
    (void)munmap(stack - sysconf(_SC_PAGESIZE), (size_t)sysconf(_SC_PAGESIZE) + STACK);
}
#else
static void test_task(void)
{
    skip("a task that clone made", "needs Linux, no sanitizer");
}
#endif

/* ---- the end of a thread ------------------------------------------------------------------- */

static llmobs* late_obs;
static pthread_key_t late_key;

typedef struct late_work {
    llmobs_request request; /* begun by the thread while it lived */
    int rounds;             /* of destructors still to come       */
} late_work;

static void work_in_destructor(void* value)
{
    late_work* work = (late_work*)value;
    llmobs_request_token(work->request);
    llmobs_counter_add(llmobs_counter_find(late_obs, "late", NULL, 0), 1);
    if (--work->rounds > 0) {
        (void)pthread_setspecific(late_key, work);
    } else {
        end(work->request);
    }
}

static void* begin_and_end(void* argument)
{
    late_work* work = (late_work*)argument;
    work->request = begin(late_obs);
    (void)pthread_setspecific(late_key, work);
    return NULL;
}

/* A host's destructors run after ours, in up to three rounds. */
static void test_destructors(int rounds)
{
    llmobs_config config = host_config();
    llmobs_metric_info info = llmobs_metric_info_default();
    keeper kept;
    char what[80];
    int i;
    config.max_threads = 4;
    late_obs = open_kept(&config, &kept);
    info.name = "late";
    info.instrument = LLMOBS_COUNTER;
    (void)llmobs_metric_define(late_obs, &info, NULL);
    (void)pthread_key_create(&late_key, work_in_destructor);
    for (i = 0; i < 50; i++) {
        late_work work;
        pthread_t thread;
        work.rounds = rounds;
        (void)pthread_create(&thread, NULL, begin_and_end, &work);
        (void)pthread_join(thread, NULL);
        (void)llmobs_tick(late_obs);
    }
    (void)pthread_key_delete(late_key);
    (void)llmobs_flush(late_obs, 60000);
    (void)snprintf(what, sizeof what, "%d rounds of destructors: requests end in them", rounds);
    is_int(stats_of(late_obs).requests_ended, 50, what);
    is_int(kept.count, 50, "... their spans arrive");
    (void)snprintf(what, sizeof what, "%d", 50 * rounds);
    is_str(sample(late_obs, "late_total"), what, "... what they count is counted");
    is_int(stats_of(late_obs).dropped[LLMOBS_DROP_THREADS], 0, "... none is a thread too many");
    ok(close_kept(late_obs, &kept), "the account balances");
}

/* The fourth round is the last: who comes in after our destructor would never go again. */
static void test_last_round(void)
{
    llmobs_config config = host_config();
    llmobs_metric_info info = llmobs_metric_info_default();
    keeper kept;
    pthread_t thread;
    int i;
    config.max_threads = 4;
    config.requests = 64;
    late_obs = open_kept(&config, &kept);
    (void)llmobs_thread_attach(late_obs);
    info.name = "late";
    info.instrument = LLMOBS_COUNTER;
    (void)llmobs_metric_define(late_obs, &info, NULL);
    (void)pthread_key_create(&late_key, work_in_destructor);
    for (i = 0; i < 50; i++) {
        late_work work;
        work.rounds = 4;
        (void)pthread_create(&thread, NULL, begin_and_end, &work);
        (void)pthread_join(thread, NULL);
    }
    (void)pthread_key_delete(late_key);
    is_int(stats_of(late_obs).requests_begun, 50, "four rounds: every thread finds a record");
    is_int(stats_of(late_obs).threads, 1, "... and leaves it: this one is there alone");
    is_str(sample(late_obs, "late_total"), "200", "... what they count is counted, to the last");
    is_int(stats_of(late_obs).requests_live, 50, "... an end in the last round does nothing");
    is_int(llmobsi_controls_used < 16, 1, "... no thread leaves a trace");
    ok(close_kept(late_obs, &kept), "the account balances");
}

/* ---- after the close ----------------------------------------------------------------------- */

static void use_all(llmobs* obs, llmobs_request request, llmobs_span span, llmobs_engine* engine)
{
    char text[64];
    size_t size = sizeof text;
    llmobs_stats stats;
    stats.size = sizeof stats;
    llmobs_request_scheduled(request);
    llmobs_request_token(request);
    llmobs_request_speculative(request, 2, 1);
    llmobs_request_preempted(request);
    llmobs_request_retry(request, "why");
    llmobs_request_output(request, "text", 4);
    llmobs_guardrail(request, "rule", LLMOBS_GUARDRAIL_BLOCKED);
    llmobs_requests_share(&request, 1, 5);
    llmobs_span_end(llmobs_phase_begin(request, LLMOBS_PHASE_MODEL_CALL));
    (void)llmobs_engine_step_begin(engine, "step", &request, 1);
    llmobs_engine_step_end(engine, NULL);
    llmobs_span_end(llmobs_span_child(span, "child"));
    llmobs_span_end(span);
    end(request);
    end(begin(obs));
    (void)llmobs_prometheus_print(obs, LLMOBS_PROMETHEUS_TEXT, text, &size);
    (void)llmobs_flush(obs, 10);
    (void)llmobs_tick(obs);
    (void)llmobs_stats_read(obs, &stats);
    (void)llmobs_close(obs);
}

static void test_after_close(void)
{
    llmobs_config config = host_config();
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    llmobs* next;
    llmobs_request request = begin(obs);
    llmobs_span span = llmobs_span_root(obs, "open");
    llmobs_engine engine = llmobs_engine_of(obs, "m");
    ok(close_kept(obs, &kept), "closed with a request and a span under way");
    use_all(obs, request, span, &engine);
    is_int(llmobs_flush(obs, 10), LLMOBS_ERROR_CLOSED, "a flush says so");
    next = open_kept(&config, &kept);
    use_all(obs, request, span, &engine);
    is_int(stats_of(next).requests_begun, 0, "handles of the old one do nothing to the next");
    is_int(stats_of(next).started, 0, "nor do its spans");
    is_int(stats_of(next).metric_misused, 0, "nor do its metrics");
    ok(close_kept(next, &kept), "the account balances");
    (void)llmobs_release();
    use_all(next, request, span, &engine);
    ok(true, "nor is its memory touched, once it is released");
}

int main(void)
{
    int rounds;
    test_coroutines();
    if (!skipped_by_qemu("a task that clone made")) {
        test_task();
    }
    for (rounds = 1; rounds <= (THREAD_SANITIZED ? 2 : 3); rounds++) {
        test_destructors(rounds);
    }
    if (THREAD_SANITIZED) {
        skip("the last round", "ThreadSanitizer has left the thread by then");
    } else {
        test_last_round();
    }
    test_after_close();
    return done();
}

/* Spans from begin to exporter: parents, hand-over, ends, sampling, remote parents. */
#include "llmobs_private.h"
#include "tap.h"

#include "keeper.h"

#include <math.h>

#define TRACEPARENT "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

static bool same_trace(const llmobs_span_view* a, const llmobs_span_view* b)
{
    return a != NULL && b != NULL && memcmp(a->trace_id, b->trace_id, 16) == 0;
}

static bool is_child(const llmobs_span_view* child, const llmobs_span_view* parent)
{
    return same_trace(child, parent) && memcmp(child->parent_span_id, parent->span_id, 8) == 0;
}

static void* begin_grandchild(void* argument)
{
    llmobs_span* span = (llmobs_span*)argument;
    llmobs_span_end(llmobs_span_child(*span, "grandchild"));
    llmobs_span_end(*span);
    return NULL;
}

static void test_family(void)
{
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    llmobs_span root = llmobs_span_root(obs, "root");
    llmobs_span child = llmobs_span_child(root, "child");
    llmobs_span other = llmobs_span_root(obs, "other");
    const llmobs_span_view* view;
    pthread_t thread;
    (void)pthread_create(&thread, NULL, begin_grandchild, &child);
    (void)pthread_join(thread, NULL);
    llmobs_span_end(other);
    llmobs_span_end(root);
    llmobs_span_end(llmobs_span_child(root, "late child"));
    is_int(llmobs_flush(obs, 60000), LLMOBS_OK, "flush delivers");
    is_int(kept.count, 5, "every span arrives");
    view = kept_span(&kept, "root");
    ok(view != NULL && kept_is_zero(view->parent_span_id, 8), "a root has no parent");
    ok(is_child(kept_span(&kept, "child"), view), "a child knows its parent");
    ok(is_child(kept_span(&kept, "grandchild"), kept_span(&kept, "child")),
       "so does one that another thread began and ended");
    ok(is_child(kept_span(&kept, "late child"), view), "a parent that has ended will do");
    ok(!same_trace(kept_span(&kept, "other"), view), "another root is another trace");
    ok(kept_span(&kept, "child")->thread != view->thread, "who ended a span is told");
    is_int(view->flags, LLMOBS_TRACE_SAMPLED | LLMOBS_TRACE_RANDOM | LLMOBS_FLAG_HAS_IS_REMOTE,
           "sampled, random, not remote");
    is_int(view->trace_state.size, 0, "no tracestate where all is sampled");
    ok(close_kept(obs, &kept), "the account balances");
}

/* A parent whose slot is in use anew is lost: counted, and no child of somebody else. */
static void test_lost_parent(void)
{
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs;
    llmobs_span root;
    llmobs_trace_context context;
    llmobs_stats stats;
    int i;
    config.span_slots = 64;
    obs = open_kept(&config, &kept);
    root = llmobs_span_root(obs, "root");
    llmobs_span_end(root);
    (void)llmobs_flush(obs, 60000);
    ok(llmobs_span_context(root, &context) == LLMOBS_OK, "a context outlives its span");
    for (i = 0; i < 200; i++) {
        llmobs_span_end(llmobs_span_root(obs, "filler"));
        (void)llmobs_flush(obs, 60000);
    }
    is_int(llmobs_span_child(root, "orphan").instance, 0, "a lost parent has no children");
    is_int(llmobs_span_next(root, "orphan").instance, 0, "nor siblings");
    is_int(llmobs_span_context(root, &context), LLMOBS_ERROR_CLOSED, "nor a context");
    ok(kept_is_zero((const uint8_t*)&context, sizeof context), "which is all zero then");
    stats = stats_of(obs);
    is_int(stats.dropped[LLMOBS_DROP_PARENT], 2, "both are counted");
    ok(close_kept(obs, &kept), "the account balances");
}

static void test_hand_over(void)
{
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    llmobs_span root = llmobs_span_root(obs, "root");
    llmobs_span span = llmobs_span_child(root, "step");
    int i;
    size_t at;
    bool joined = true;
    bool kinds = true;
    llmobs_span_set_kind(span, LLMOBS_KIND_CLIENT);
    for (i = 0; i < 50; i++) {
        llmobs_span next = llmobs_span_next(span, "step");
        joined &= !llmobs_span_is_recording(span) && llmobs_span_is_recording(next);
        span = next;
    }
    llmobs_span_end(span);
    llmobs_span_end(root);
    (void)llmobs_flush(obs, 60000);
    is_int(kept.count, 52, "all arrive");
    for (at = 0; at < 51; at++) {
        joined &= at == 0 || kept.spans[at].start_unix_ns == kept.spans[at - 1].end_unix_ns;
        joined &= is_child(&kept.spans[at], kept_span(&kept, "root"));
        kinds &= kept.spans[at].kind == LLMOBS_KIND_CLIENT;
    }
    ok(joined, "each begins at the very instant at which the last ended, under the same parent");
    ok(kinds, "the kind goes on");
    ok(close_kept(obs, &kept), "the account balances");
}

static void test_inert(void)
{
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    llmobs_span span = llmobs_span_root(obs, "once");
    llmobs_stats stats;
    llmobs_span_end(span);
    llmobs_span_end(span);
    llmobs_span_set_int(span, "late", 1);
    llmobs_span_event(span, "late");
    llmobs_span_set_status(span, LLMOBS_STATUS_ERROR, "late");
    llmobs_span_set_name(span, "late");
    stats = stats_of(obs);
    is_int(stats.inert_calls, 5, "calls on a span that has ended are counted");
    ok(!llmobs_span_is_recording(span), "and it does not record");
    (void)llmobs_flush(obs, 60000);
    is_int(kept.count, 1, "one span arrives");
    is_str(kept.spans[0].name.data, "once", "as it was at its end");
    is_int(kept.spans[0].attribute_count + kept.spans[0].event_count, 0, "without what came late");
    ok(close_kept(obs, &kept), "the account balances");
}

/* ---- two ends race ------------------------------------------------------------------------- */

typedef struct race {
    llmobs* obs;
    llmobs_span span;
    llmobsi_atomic32 round;
    llmobsi_atomic32 done;
    long rounds;
} race;

static void* end_again(void* argument)
{
    race* shared = (race*)argument;
    long round;
    for (round = 1; round <= shared->rounds; round++) {
        long spins = 0;
        while (llmobsi_load_acquire(&shared->round) != (uint32_t)round) {
            if (++spins > 10000) {
                (void)sched_yield();
            }
        }
        llmobs_span_end(shared->span);
        llmobsi_store_release(&shared->done, (uint32_t)round);
    }
    return NULL;
}

static void test_double_end_race(void)
{
    llmobs_config config = pumped_config();
    keeper kept;
    race shared;
    llmobs_stats stats;
    pthread_t thread;
    long round;
    long spins;
    memset(&shared, 0, sizeof shared);
    shared.obs = open_kept(&config, &kept);
    shared.rounds = sized(200000);
    kept.forget = true;
    (void)pthread_create(&thread, NULL, end_again, &shared);
    for (round = 1; round <= shared.rounds; round++) {
        shared.span = llmobs_span_root(shared.obs, "contested");
        llmobsi_store_release(&shared.round, (uint32_t)round);
        for (spins = 0; spins < round % 1024; spins++) {
            (void)llmobsi_load_acquire(&shared.done); /* a little later, by as much as it takes */
        }
        llmobs_span_end(shared.span);
        for (spins = 0; llmobsi_load_acquire(&shared.done) != (uint32_t)round; spins++) {
            if (spins > 10000) {
                (void)sched_yield();
            }
        }
        if (round % 64 == 0) {
            (void)llmobs_tick(shared.obs);
        }
    }
    (void)pthread_join(thread, NULL);
    (void)llmobs_flush(shared.obs, 10000);
    stats = stats_of(shared.obs);
    is_int(kept.count, shared.rounds, "of two racing ends one wins");
    is_int(stats.inert_calls, shared.rounds, "and the other is inert");
    is_int(stats.live + stats.ended, 0, "nothing is left");
    ok(close_kept(shared.obs, &kept), "the account balances");
}

/* ---- sampling ------------------------------------------------------------------------------ */

static void expect_ratio(double ratio, double expected, const char* state, const char* what)
{
    enum { ROOTS = 20000 };
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs;
    llmobs_stats stats;
    int recording = 0;
    int i;
    size_t at;
    bool states = true;
    config.sample_ratio = ratio;
    obs = open_kept(&config, &kept);
    for (i = 0; i < ROOTS; i++) {
        llmobs_span span = llmobs_span_root(obs, "root");
        llmobs_span child = llmobs_span_child(span, "child");
        recording += llmobs_span_is_recording(span);
        if (llmobs_span_is_recording(span) != llmobs_span_is_recording(child)) {
            recording += ROOTS;
        }
        llmobs_span_end(child);
        llmobs_span_end(span);
        if (i % 64 == 0) {
            (void)llmobs_flush(obs, 60000);
        }
    }
    (void)llmobs_flush(obs, 60000);
    ok(fabs(recording - expected * ROOTS) < 500, what);
    is_int(kept.count, 2 * recording, "children go with their roots");
    for (at = 0; at < kept.count; at++) {
        states &= strcmp(kept.spans[at].trace_state.data, state) == 0;
    }
    ok(states, "and tell the threshold");
    stats = stats_of(obs);
    is_int(stats.unsampled, ROOTS - recording, "what was left out is counted");
    is_int(stats.started, 2 * recording, "apart from what began");
    ok(close_kept(obs, &kept), "the account balances");
}

static void test_sampling(void)
{
    expect_ratio(0.0, 1.0, "", "ratio 0 means the default: all");
    expect_ratio(1.0, 1.0, "", "ratio 1: all");
    expect_ratio(0.25, 0.25, "ot=th:c", "ratio 0.25: a quarter");
    expect_ratio(LLMOBS_SAMPLE_NONE, 0.0, "", "LLMOBS_SAMPLE_NONE: none");
    expect_ratio((double)NAN, 1.0, "", "NaN: the default");
    expect_ratio(7.0, 1.0, "", "more than all is all");
}

static void test_unsampled(void)
{
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs;
    llmobs_span span;
    llmobs_span child;
    llmobs_trace_context first;
    llmobs_trace_context second;
    char text[LLMOBS_TRACEPARENT_SIZE];
    config.sample_ratio = LLMOBS_SAMPLE_NONE;
    obs = open_kept(&config, &kept);
    span = llmobs_span_root(obs, "root");
    is_int(llmobs_span_context(span, &first), LLMOBS_OK, "an unsampled span has a context");
    is_int(llmobs_span_context(span, &second), LLMOBS_OK, "asked again");
    ok(memcmp(&first, &second, sizeof first) == 0, "it is the same");
    is_int(llmobs_traceparent_format(&first, text), 55, "it can be sent");
    is_int(first.flags & LLMOBS_TRACE_SAMPLED, 0, "and says that it is not sampled");
    child = llmobs_span_child(span, "child");
    (void)llmobs_span_context(child, &second);
    ok(memcmp(first.trace_id, second.trace_id, 16) == 0, "a child is in the same trace");
    llmobs_span_set_int(child, "a", 1);
    llmobs_span_event(child, "e");
    child = llmobs_span_next(child, "next");
    llmobs_span_end(child);
    llmobs_span_end(span);
    llmobs_span_end(span);
    (void)llmobs_flush(obs, 60000);
    is_int(kept.count, 0, "nothing of it is exported");
    is_int(stats_of(obs).inert_calls, 0, "and no call of it was wrong");
    ok(close_kept(obs, &kept), "the account balances");
}

/* ---- remote parents ------------------------------------------------------------------------ */

static llmobs_span begin_remote(llmobs* obs, const char* name, const char* traceparent,
                                const char* tracestate)
{
    llmobs_span_info info = llmobs_span_info_default();
    info.name = name;
    info.kind = LLMOBS_KIND_SERVER;
    info.traceparent = traceparent;
    info.tracestate = tracestate;
    return llmobs_span_begin(obs, &info);
}

static void test_remote(void)
{
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    llmobs_span server = begin_remote(obs, "server", TRACEPARENT, "vendor=opaque,other=2");
    llmobs_span child = llmobs_span_child(server, "child");
    llmobs_span next = llmobs_span_next(child, "next");
    llmobs_span grandchild = llmobs_span_child(next, "grandchild");
    llmobs_trace_context context;
    char text[LLMOBS_TRACEPARENT_SIZE];
    const llmobs_span_view* view;
    size_t i;
    bool carried = true;
    is_int(llmobs_span_context(grandchild, &context), LLMOBS_OK, "a grandchild's context");
    is_str(context.tracestate, "vendor=opaque,other=2", "carries the tracestate on");
    (void)llmobs_traceparent_format(&context, text);
    ok(strncmp(text, TRACEPARENT, 36) == 0, "in the caller's trace");
    llmobs_span_end(grandchild);
    llmobs_span_end(next);
    llmobs_span_end(server);
    (void)llmobs_flush(obs, 60000);
    is_int(kept.count, 4, "all arrive");
    view = kept_span(&kept, "server");
    ok(memcmp(view->parent_span_id, "\x00\xf0\x67\xaa\x0b\xa9\x02\xb7", 8) == 0,
       "the parent is the caller's span");
    ok((view->flags & LLMOBS_FLAG_IS_REMOTE) != 0, "which is remote");
    is_int(view->kind, LLMOBS_KIND_SERVER, "the kind is as given");
    ok((kept_span(&kept, "child")->flags & LLMOBS_FLAG_IS_REMOTE) == 0, "a child's is not");
    for (i = 0; i < kept.count; i++) {
        carried &= strcmp(kept.spans[i].trace_state.data, "vendor=opaque,other=2") == 0;
        carried &= same_trace(&kept.spans[i], view);
    }
    ok(carried, "each exports the tracestate");
    ok(close_kept(obs, &kept), "the account balances");
}

/* Children may be begun anywhere, while the owner writes to the span, ends it, and its slot goes to
   others: they carry its tracestate or none, never a piece of something else. */
typedef struct remote_race {
    llmobs* obs;
    llmobsi_atomic64 span[3]; /* of the server span */
    llmobsi_atomic32 stop;
    llmobsi_atomic64 torn;
    llmobsi_atomic64 carried;
} remote_race;

static char long_state[LLMOBS_TRACESTATE_SIZE + 1];

static void* begin_children(void* argument)
{
    remote_race* race_of = (remote_race*)argument;
    while (llmobsi_load_relaxed(&race_of->stop) == 0) {
        llmobs_trace_context context;
        llmobs_span server;
        llmobs_span child;
        server.instance = (uint32_t)llmobsi_load_acquire(&race_of->span[0]);
        server.slot = (uint32_t)llmobsi_load_acquire(&race_of->span[1]);
        server.generation = llmobsi_load_acquire(&race_of->span[2]);
        child = llmobs_span_child(server, "child");
        if (llmobs_span_context(child, &context) == LLMOBS_OK && context.tracestate[0] != '\0') {
            (void)llmobsi_add_relaxed(&race_of->carried, 1);
            (void)llmobsi_add_relaxed(&race_of->torn, strcmp(context.tracestate, long_state) != 0);
        }
        (void)llmobs_span_context(server, &context);
        (void)llmobsi_add_relaxed(&race_of->torn, context.tracestate[0] != '\0' &&
                                                      strcmp(context.tracestate, long_state) != 0);
        llmobs_span_end(child);
    }
    return NULL;
}

static void test_remote_race(size_t size)
{
    llmobs_config config = pumped_config();
    keeper kept;
    static remote_race shared;
    pthread_t threads[2];
    long i;
    long wrong = 0;
    size_t at;
    config.span_slots = 64;
    config.max_threads = 4;
    memset(&shared, 0, sizeof shared);
    memset(long_state, 'v', sizeof long_state);
    for (at = 0; at + 100 < size; at += 100) {
        memcpy(long_state + at, "k0=", 3);
        long_state[at + 1] = (char)('0' + at / 100);
        long_state[at + 99] = ',';
    }
    memcpy(long_state + at, "z=", 2);
    long_state[size] = '\0';
    shared.obs = open_kept(&config, &kept);
    for (i = 0; i < 2; i++) {
        (void)pthread_create(&threads[i], NULL, begin_children, &shared);
    }
    for (i = 0; i < sized(20000) || llmobsi_load_relaxed(&shared.carried) == 0; i++) {
        llmobs_span server = begin_remote(shared.obs, "server", TRACEPARENT, long_state);
        llmobsi_store_release(&shared.span[0], server.instance);
        llmobsi_store_release(&shared.span[1], server.slot);
        llmobsi_store_release(&shared.span[2], server.generation);
        llmobs_span_set_string(server, "s", "a value to write over what was there before");
        llmobs_span_event(server, "event");
        llmobs_span_set_int(server, "n", i);
        if (i % 256 == 0) {
            (void)sched_yield();
        }
        llmobs_span_end(server);
        if (i % 8 == 0) {
            (void)llmobs_flush(shared.obs, 60000);
        }
        if (kept.count > 5000) {
            kept.forget = true;
        }
    }
    llmobsi_store_relaxed(&shared.stop, 1);
    for (i = 0; i < 2; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    (void)llmobs_flush(shared.obs, 60000);
    for (at = 0; at < kept.count && !kept.forget; at++) {
        wrong += kept.spans[at].trace_state.size != 0 &&
                 strcmp(kept.spans[at].trace_state.data, long_state) != 0;
    }
    printf("# %llu children with a tracestate\n", (unsigned long long)shared.carried);
    is_int(shared.torn, 0, "a tracestate is whole or not there");
    is_int(wrong, 0, "so it is exported");
    ok(shared.carried > 0, "and was there");
    ok(close_kept(shared.obs, &kept), "the account balances");
}

/* A threshold that would have rejected the trace tells of another decision than the flag. */
static void test_remote_threshold(void)
{
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    llmobs_span fits = begin_remote(obs, "fits", "00-4bf92f3577b34da6a3ffffffffffffff-"
                                                 "00f067aa0ba902b7-03", "ot=th:8,v=1");
    llmobs_span contradicts = begin_remote(obs, "contradicts",
                                           "00-4bf92f3577b34da6a300000000000001-"
                                           "00f067aa0ba902b7-03", "ot=th:8,v=1");
    llmobs_trace_context context;
    (void)llmobs_span_context(fits, &context);
    is_str(context.tracestate, "ot=th:8,v=1", "a threshold that kept the trace goes on");
    (void)llmobs_span_context(contradicts, &context);
    is_str(context.tracestate, "v=1", "one that would not have does not");
    llmobs_span_end(fits);
    llmobs_span_end(contradicts);
    ok(close_kept(obs, &kept), "the account balances");
}

static void test_remote_flags(void)
{
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    llmobs_span span = begin_remote(obs, "quiet", "00-4bf92f3577b34da6a3ce929d0e0e4736-"
                                                  "00f067aa0ba902b7-00", "v=1");
    llmobs_trace_context context;
    llmobs_span child = llmobs_span_child(span, "quiet child");
    ok(!llmobs_span_is_recording(span), "a caller that does not sample is followed");
    is_int(llmobs_span_context(child, &context), LLMOBS_OK, "its child has a context");
    is_int(context.flags & LLMOBS_TRACE_SAMPLED, 0, "that says so");
    is_str(context.tracestate, "v=1", "and carries the tracestate");
    llmobs_span_set_int(child, "a", 1);
    llmobs_span_end(child);
    llmobs_span_end(span);
    (void)llmobs_flush(obs, 60000);
    is_int(kept.count, 0, "nothing of it is exported");
    is_int(stats_of(obs).unsampled, 2, "but counted");
    ok(close_kept(obs, &kept), "the account balances");
}

static void test_distrust(void)
{
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs;
    llmobs_span span;
    config.distrust_remote = true;
    obs = open_kept(&config, &kept);
    span = begin_remote(obs, "kept", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00",
                        NULL);
    ok(llmobs_span_is_recording(span), "distrusted, an unsampled trace is recorded all the same");
    llmobs_span_end(span);
    ok(close_kept(obs, &kept), "the account balances");
    config.sample_ratio = 0.5;
    obs = open_kept(&config, &kept);
    span = begin_remote(obs, "low", "00-4bf92f3577b34da6a37fffffffffffff-00f067aa0ba902b7-01", "");
    ok(!llmobs_span_is_recording(span), "the sampled flag forces nothing");
    llmobs_span_end(span);
    span = begin_remote(obs, "high", "00-4bf92f3577b34da6a380000000000000-00f067aa0ba902b7-00",
                        "ot=th:fff,a=1");
    ok(llmobs_span_is_recording(span), "the trace id decides");
    llmobs_span_end(span);
    (void)llmobs_flush(obs, 60000);
    is_int(kept.count, 1, "one arrives");
    is_str(kept.spans[0].trace_state.data, "ot=th:8,a=1", "with the threshold that let it in");
    ok(close_kept(obs, &kept), "the account balances");
}

static void test_malformed_remote(void)
{
    static const char* const bad[] = {
        "", "00", "hello", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-extra", "\xff\xfe\xfd",
    };
    enum { BAD = sizeof bad / sizeof bad[0] };
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    llmobs_span_info info = llmobs_span_info_default();
    llmobs_trace_context zero;
    size_t i;
    bool roots = true;
    for (i = 0; i < BAD; i++) {
        llmobs_span_end(begin_remote(obs, "anew", bad[i], "a=1"));
    }
    memset(&zero, 0, sizeof zero);
    info.remote = &zero;
    llmobs_span_end(llmobs_span_begin(obs, &info));
    (void)llmobs_flush(obs, 60000);
    is_int(kept.count, BAD + 1, "no request is refused");
    for (i = 0; i < kept.count; i++) {
        roots &= kept_is_zero(kept.spans[i].parent_span_id, 8);
        roots &= memcmp(kept.spans[i].trace_id, "\x4b\xf9", 2) != 0;
        roots &= kept.spans[i].trace_state.size == 0;
    }
    ok(roots, "each malformed traceparent begins a new trace");
    is_int(stats_of(obs).bad_traceparents, BAD + 1, "and is counted");
    ok(close_kept(obs, &kept), "the account balances");
}

/* ---- begin by info ------------------------------------------------------------------------- */

static void test_info(void)
{
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    llmobs_span_info info = llmobs_span_info_default();
    llmobs_attribute attributes[2];
    llmobs_span parent = llmobs_span_root(obs, "parent");
    llmobs_trace_context remote;
    attributes[0] = llmobs_attribute_int("n", 7);
    attributes[1] = llmobs_attribute_string("s", "text");
    info.name = "child";
    info.kind = LLMOBS_KIND_PRODUCER;
    info.parent = parent;
    info.traceparent = TRACEPARENT;
    info.attributes = attributes;
    info.attribute_count = 2;
    llmobs_span_end(llmobs_span_begin(obs, &info));
    info.size = offsetof(llmobs_span_info, parent); /* an older caller's struct */
    info.name = "old";
    llmobs_span_end(llmobs_span_begin(obs, &info));
    llmobs_span_end(llmobs_span_begin(obs, NULL));
    (void)llmobs_span_context(parent, &remote);
    llmobs_span_end(parent);
    info = llmobs_span_info_default();
    info.name = "by context";
    info.kind = (llmobs_kind)99;
    info.remote = &remote;
    llmobs_span_end(llmobs_span_begin(obs, &info));
    (void)llmobs_flush(obs, 60000);
    ok(is_child(kept_span(&kept, "child"), kept_span(&kept, "parent")), "a local parent wins");
    is_int(kept_span(&kept, "child")->kind, LLMOBS_KIND_PRODUCER, "with its kind");
    is_int(kept_attribute(kept_span(&kept, "child"), "n")->value.integer, 7, "and attributes");
    is_str(kept_string(kept_span(&kept, "child"), "s"), "text", "all of them");
    ok(kept_is_zero(kept_span(&kept, "old")->parent_span_id, 8), "an older struct is cut");
    ok(kept_span(&kept, "unnamed") != NULL, "no info at all is a root without a name");
    ok(is_child(kept_span(&kept, "by context"), kept_span(&kept, "parent")),
       "a context serves as a parent");
    is_int(kept_span(&kept, "by context")->kind, LLMOBS_KIND_INTERNAL, "no kind is internal");
    ok(close_kept(obs, &kept), "the account balances");
}

int main(void)
{
    test_family();
    test_lost_parent();
    test_hand_over();
    test_inert();
    test_double_end_race();
    test_sampling();
    test_unsampled();
    test_remote();
    test_remote_race(60);
    test_remote_race(416);
    test_remote_race(510);
    test_remote_flags();
    test_remote_threshold();
    test_distrust();
    test_malformed_remote();
    test_info();
    (void)llmobs_release();
    return done();
}

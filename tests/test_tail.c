/* Tail sampling: whole traces held, decided once, never lost. */
#include "llmobs_private.h"
#include "tap.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keeper.h"
#include "random.h"
#include "requester.h"
#include "tailed.h"

/* Opens with these policies, of which there is at least one. */
static llmobs* open_tail(const llmobs_config* config, keeper* kept,
                         const llmobs_tail_policy* policies, size_t count)
{
    llmobs* obs = open_kept(config, kept);
    if (llmobs_tail_policies(obs, policies, count, NULL) != LLMOBS_OK) {
        printf("Bail out! policies\n");
        exit(1);
    }
    return obs;
}

/* Errors alone are kept. */
static llmobs* open_errors(const llmobs_config* config, keeper* kept)
{
    llmobs_tail_policy policy = policy_error("error");
    return open_tail(config, kept, &policy, 1);
}

static void end_with(llmobs_span span, llmobs_status status)
{
    llmobs_span_set_status(span, status, NULL);
    llmobs_span_end(span);
}

static void flush(llmobs* obs)
{
    ok(llmobs_flush(obs, 5000) == LLMOBS_OK && tail_is_valid(obs) && account_balances(obs),
       "flushed, and all is accounted for");
}

/* ---- one trace ----------------------------------------------------------------------------- */

static void test_held(void)
{
    llmobs_config config = tail_config();
    keeper kept;
    llmobs* obs = open_errors(&config, &kept);
    llmobs_span root = llmobs_span_root(obs, "root");
    llmobs_span child = llmobs_span_child(root, "child");
    llmobs_span grandchild = llmobs_span_child(child, "grandchild");
    llmobs_stats stats;
    end_with(grandchild, LLMOBS_STATUS_ERROR);
    llmobs_span_end(child);
    flush(obs);
    is_int(kept.count, 0, "a trace whose root goes on is held, flush or not");
    stats = stats_of(obs);
    ok(stats.tail_held == 2 && stats.ended == 0 && stats.collected == 0 && stats.live == 1,
       "which the account says");
    ok(!llmobs_span_is_recording(child), "its spans have ended");
    llmobs_span_end(llmobs_span_child(child, "late born"));
    llmobs_span_end(root);
    (void)llmobs_tick(obs);
    stats = stats_of(obs);
    ok(stats.tail_held == 0 && stats.tail_kept == 4 && stats.collected == 4 &&
           stats.tail_evicted == 0 && stats.tail_late == 0,
       "with its root it goes");
    flush(obs);
    is_int(kept.count, 4, "as a whole");
    is_str(policy_named(kept_span(&kept, "root")), "error", "the root says why");
    is_str(policy_named(kept_span(&kept, "child")), "(none)", "it alone");
    ok(close_kept(obs, &kept), "closed");
}

static void test_left_out(void)
{
    llmobs_config config = tail_config();
    keeper kept;
    llmobs* obs = open_errors(&config, &kept);
    llmobs_span root = llmobs_span_root(obs, "root");
    uint64_t free_slots = stats_of(obs).slots_free;
    llmobs_stats stats;
    llmobs_span_end(llmobs_span_child(root, "child"));
    llmobs_log(obs, LLMOBS_SEVERITY_WARN, "logs are not held", NULL);
    llmobs_span_end(root);
    flush(obs);
    stats = stats_of(obs);
    ok(kept.count == 0 && kept.log_count == 1, "nothing is exported but the log record");
    ok(stats.tail_dropped == 2 && stats.tail_kept == 0 && dropped_in_all(&stats) == 0,
       "which was a decision, and no drop");
    is_int(llmobsi_stats_lost(&stats), 0, "nor a loss");
    is_int(stats.slots_free, free_slots + 3, "its slots are free again");
    ok(close_kept(obs, &kept), "closed");
}

/* What comes late shares its trace's fate. */
static void test_late(void)
{
    llmobs_config config = tail_config();
    keeper kept;
    llmobs* obs = open_errors(&config, &kept);
    int round;
    for (round = 0; round < 2; round++) {
        llmobs_span root = llmobs_span_root(obs, "root");
        llmobs_span late = llmobs_span_child(root, "late");
        llmobs_span later = llmobs_span_child(late, "later");
        end_with(root, round == 0 ? LLMOBS_STATUS_ERROR : LLMOBS_STATUS_OK);
        flush(obs);
        is_int(kept.count, round == 0 ? 1 : 3, "the root has decided");
        end_with(late, LLMOBS_STATUS_ERROR);
        (void)llmobs_tick(obs);
        llmobs_span_end(later);
        flush(obs);
        is_int(kept.count, 3, "late ones follow");
        is_int(stats_of(obs).tail_late, 2 * (round + 1), "counted");
    }
    is_int(stats_of(obs).tail_dropped, 3, "either way");
    ok(close_kept(obs, &kept), "closed");
}

/* Before there are policies, and where it is off, nothing is held. */
static void test_without_policies(void)
{
    llmobs_config config = tail_config();
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    llmobs_tail_policy policy = policy_error("error");
    llmobs_span root = llmobs_span_root(obs, "root");
    llmobs_span_end(llmobs_span_child(root, "child"));
    flush(obs);
    is_int(kept.count, 1, "without policies nothing is held");
    is_str(policy_named(&kept.spans[0]), "(none)", "nor said");
    (void)llmobs_tail_policies(obs, &policy, 1, NULL);
    llmobs_span_end(root);
    flush(obs);
    is_int(kept.count, 1, "from then on it is");
    policy = policy_of(LLMOBS_TAIL_ALWAYS, "always");
    root = llmobs_span_root(obs, "second root");
    llmobs_span_end(llmobs_span_child(root, "child"));
    (void)llmobs_tick(obs);
    (void)llmobs_tail_policies(obs, &policy, 1, NULL);
    llmobs_span_end(root);
    flush(obs);
    is_str(policy_named(kept_span(&kept, "second root")), "always", "new policies decide");
    is_int(stats_of(obs).tail_kept, 2, "and what they kept is counted");
    ok(close_kept(obs, &kept), "closed");
    config.span_slots = LLMOBS_OFF;
    obs = llmobs_open(&config, NULL);
    is_int(llmobs_tail_policies(obs, &policy, 1, NULL), LLMOBS_ERROR_LIMIT, "no spans, no tail");
    (void)llmobs_close(obs);
}

/* A name that the host gives the same key to comes once. */
static void test_own_attribute(void)
{
    llmobs_config config = tail_config();
    keeper kept;
    llmobs* obs = open_errors(&config, &kept);
    llmobs_span root = llmobs_span_root(obs, "root");
    llmobs_span full = llmobs_span_root(obs, "full");
    int i;
    llmobs_span_set_int(root, "llmobs.tail.policy", 5);
    end_with(root, LLMOBS_STATUS_ERROR);
    for (i = 0; i < 200; i++) {
        char key[16];
        (void)snprintf(key, sizeof key, "key %d", i);
        llmobs_span_set_int(full, llmobs_name_n(obs, key, strlen(key)), i);
    }
    end_with(full, LLMOBS_STATUS_ERROR);
    flush(obs);
    is_str(policy_named(kept_span(&kept, "root")), "error", "the host's own is overwritten");
    is_str(policy_named(kept_span(&kept, "full")), "error", "a span that is full says so, too");
    is_int(kept_span(&kept, "full")->attribute_count, 129, "besides all that it says");
    ok(close_kept(obs, &kept), "closed");
}

/* ---- roots that do not end ----------------------------------------------------------------- */

static void test_wait(void)
{
    llmobs_config config = tail_config();
    keeper kept;
    llmobs* obs = open_errors(&config, &kept);
    llmobs_span good = llmobs_span_root(obs, "good");
    llmobs_span bad = llmobs_span_root(obs, "bad");
    llmobs_span_end(llmobs_span_child(good, "good child"));
    end_with(llmobs_span_child(bad, "bad child"), LLMOBS_STATUS_ERROR);
    (void)llmobs_tick(obs);
    fake_now += 30 * SECOND - 1;
    flush(obs);
    is_int(stats_of(obs).tail_held, 2, "it waits for 30 seconds");
    fake_now += 1;
    flush(obs);
    ok(kept.count == 1 && kept_span(&kept, "bad child") != NULL,
       "then what is known decides");
    llmobs_span_end(good);
    llmobs_span_end(bad);
    flush(obs);
    ok(kept.count == 2 && strcmp(policy_named(kept_span(&kept, "bad")), "error") == 0,
       "and the roots follow");
    ok(close_kept(obs, &kept), "closed");
}

/* The earliest start to the latest end, where the root is not there. */
static void test_latency_so_far(void)
{
    llmobs_config config = tail_config();
    llmobs_tail_policy policy = policy_from(LLMOBS_TAIL_LATENCY, "slow", 5.0);
    keeper kept;
    llmobs* obs;
    llmobs_span roots[2];
    llmobs_span children[2];
    policy.most = 5.0;
    obs = open_tail(&config, &kept, &policy, 1);
    roots[0] = llmobs_span_root(obs, "root");
    children[0] = llmobs_span_child(roots[0], "from 0");
    fake_now += 2 * SECOND;
    children[1] = llmobs_span_child(roots[0], "from 2");
    fake_now += 2 * SECOND;
    llmobs_span_end(children[0]);
    fake_now += SECOND;
    llmobs_span_end(children[1]);
    fake_now += SECOND;
    (void)llmobs_tick(obs);
    roots[1] = llmobs_span_root(obs, "second root");
    llmobs_span_end(llmobs_span_child(roots[1], "short"));
    fake_now += 40 * SECOND;
    flush(obs);
    (void)llmobs_tick(obs);
    fake_now += 40 * SECOND;
    flush(obs);
    ok(kept.count == 2 && kept_span(&kept, "short") == NULL, "five seconds so far");
    ok(close_kept(obs, &kept), "closed");
}

/* Of two local roots the first one that ends decides, though both came in one tick. */
static void test_two_roots(void)
{
    llmobs_config config = tail_config();
    llmobs_tail_policy policy = policy_from(LLMOBS_TAIL_LATENCY, "slow", 2.0);
    keeper kept;
    llmobs* obs = open_tail(&config, &kept, &policy, 1);
    llmobs_span root = llmobs_span_root(obs, "root");
    fake_now += 2 * SECOND;
    root = llmobs_span_next(root, "second root");
    llmobs_span_end(root);
    flush(obs);
    is_int(kept.count, 2, "the first root decides for both");
    is_str(policy_named(kept_span(&kept, "second root")), "slow", "and both say why");
    ok(close_kept(obs, &kept), "closed");
}

static void test_clock_back(void)
{
    llmobs_config config = tail_config();
    keeper kept;
    llmobs* obs = open_errors(&config, &kept);
    llmobs_span root = llmobs_span_root(obs, "root");
    end_with(llmobs_span_child(root, "child"), LLMOBS_STATUS_ERROR);
    (void)llmobs_tick(obs);
    fake_now += 10 * SECOND;
    (void)llmobs_tick(obs);
    fake_now -= 100000 * SECOND;
    flush(obs);
    is_int(kept.count, 0, "a clock that goes back ends no wait");
    fake_now += 19 * SECOND;
    flush(obs);
    is_int(kept.count, 0, "nor does it count as time");
    fake_now += SECOND;
    flush(obs);
    is_int(kept.count, 1, "nor make it longer");
    ok(close_kept(obs, &kept), "closed");
}

/* Ended by the library: that is an end as well. */
static void test_expired(void)
{
    llmobs_config config = tail_config();
    keeper kept;
    llmobs* obs;
    llmobs_span root;
    config.span_max_age_s = 20;
    obs = open_errors(&config, &kept);
    root = llmobs_span_root(obs, "root");
    end_with(llmobs_span_child(root, "child"), LLMOBS_STATUS_ERROR);
    (void)llmobs_tick(obs);
    fake_now += 21 * SECOND;
    flush(obs);
    flush(obs);
    ok(kept.count == 2 && stats_of(obs).expired == 1, "a root that expires decides");
    ok(close_kept(obs, &kept), "closed");
}

/* More roots of their own expire at once than there are places. */
static void test_many_expired(void)
{
    llmobs_config config = tail_config();
    keeper kept;
    llmobs* obs;
    llmobs_stats stats;
    int i;
    config.span_max_age_s = 20;
    obs = open_errors(&config, &kept);
    for (i = 0; i < 60; i++) {
        llmobs_span root = llmobs_span_root(obs, "root");
        (void)root;
    }
    (void)llmobs_tick(obs);
    fake_now += 21 * SECOND;
    flush(obs);
    flush(obs);
    stats = stats_of(obs);
    ok(stats.expired == 60 && stats.tail_held == 0 && stats.tail_dropped >= 16 &&
           stats.tail_dropped + stats.tail_evicted == 60 && stats.tail_kept == stats.tail_evicted,
       "each is left out, or kept for want of a place");
    ok(close_kept(obs, &kept), "closed");
}

/* ---- bounds -------------------------------------------------------------------------------- */

static const char* child_names[] = {"0",  "1",  "2",  "3",  "4",  "5",  "6",  "7",  "8",
                                    "9",  "10", "11", "12", "13", "14", "15", "16", "17",
                                    "18", "19", "20", "21", "22", "23", "24", "25", "26"};

static void test_oldest_first(void)
{
    llmobs_config config = tail_config();
    keeper kept;
    llmobs* obs = open_errors(&config, &kept);
    llmobs_span roots[20];
    int in_order = 1;
    int i;
    for (i = 0; i < 20; i++) {
        roots[i] = llmobs_span_root(obs, "root");
        llmobs_span_end(llmobs_span_child(roots[i], child_names[i]));
        (void)llmobs_tick(obs);
        is_int(stats_of(obs).tail_held, i < 16 ? i + 1 : 16, "no more than 16 are held");
    }
    flush(obs);
    for (i = 0; i < 4; i++) {
        in_order &= kept.count == 4 && strcmp(kept.spans[i].name.data, child_names[i]) == 0;
    }
    ok(in_order, "the oldest go first");
    is_int(stats_of(obs).tail_evicted, 4, "counted");
    llmobs_span_end(roots[0]);
    llmobs_span_end(roots[19]);
    flush(obs);
    ok(kept.count == 5 && strcmp(policy_named(&kept.spans[4]), "evicted") == 0,
       "their roots say that nobody was asked");
    for (i = 1; i < 19; i++) {
        llmobs_span_end(roots[i]);
    }
    ok(close_kept(obs, &kept), "closed");
}

static void test_slots(void)
{
    llmobs_config config = tail_config();
    keeper kept;
    llmobs* obs;
    llmobs_span roots[2];
    char text[200];
    int i;
    config.tail_slots = 10;
    memset(text, 'z', sizeof text);
    obs = open_errors(&config, &kept);
    roots[0] = llmobs_span_root(obs, "root");
    for (i = 0; i < 9; i++) {
        llmobs_span_end(llmobs_span_child(roots[0], "short"));
    }
    flush(obs);
    is_int(stats_of(obs).tail_held, 9, "nine slots");
    roots[1] = llmobs_span_child(roots[0], "long");
    for (i = 0; i < 4; i++) {
        llmobs_span_set_string_n(roots[1], "text", text, sizeof text);
    }
    llmobs_span_end(roots[1]);
    flush(obs);
    ok(kept.count == 10 && stats_of(obs).tail_evicted == 1, "a span of two is too much");
    llmobs_span_end(roots[0]);
    flush(obs);
    roots[0] = llmobs_span_root(obs, "third");
    for (i = 0; i < 10; i++) {
        llmobs_span_end(llmobs_span_child(roots[0], "short"));
    }
    flush(obs);
    is_int(stats_of(obs).tail_held, 10, "ten short ones are not");
    llmobs_span_end(roots[0]);
    flush(obs);
    is_int(stats_of(obs).tail_dropped, 11, "and with their root they are decided");
    ok(close_kept(obs, &kept), "closed");
}

static void test_spans_of_a_trace(void)
{
    llmobs_config config = tail_config();
    keeper kept;
    llmobs* obs;
    llmobs_span root;
    int i;
    config.tail_spans = 4;
    obs = open_errors(&config, &kept);
    root = llmobs_span_root(obs, "root");
    for (i = 0; i < 4; i++) {
        llmobs_span_end(llmobs_span_child(root, "child"));
    }
    flush(obs);
    is_int(kept.count, 0, "four spans");
    llmobs_span_end(llmobs_span_child(root, "child"));
    flush(obs);
    is_int(kept.count, 5, "five go, before anything is known");
    llmobs_span_end(llmobs_span_child(root, "child"));
    llmobs_span_end(root);
    flush(obs);
    is_int(kept.count, 7, "and all that follow");
    is_str(policy_named(kept_span(&kept, "root")), "evicted", "which the root says");
    root = llmobs_span_root(obs, "wide"); /* all at once, root first: it is known, then */
    for (i = 0; i < 6; i++) {
        llmobs_span child = llmobs_span_child(root, "late child");
        if (i == 0) {
            llmobs_span_end(root);
        }
        llmobs_span_end(child);
    }
    flush(obs);
    is_int(kept.count, 7, "a trace whose root has ended is decided");
    is_int(stats_of(obs).tail_dropped, 7, "by the policies");
    ok(close_kept(obs, &kept), "closed");
}

/* In one tick many traces end, more than can be held: they are decided as usual, and one that waits
   goes on waiting. */
static void test_ready_before_waiting(void)
{
    llmobs_config config = tail_config();
    keeper kept;
    llmobs* obs;
    llmobs_span waiting;
    int i;
    config.tail_slots = 6;
    obs = open_errors(&config, &kept);
    waiting = llmobs_span_root(obs, "waiting");
    llmobs_span_end(llmobs_span_child(waiting, "child"));
    for (i = 0; i < 40; i++) {
        llmobs_span root = llmobs_span_root(obs, "root");
        llmobs_span_end(llmobs_span_child(root, "child"));
        end_with(root, i % 10 == 0 ? LLMOBS_STATUS_ERROR : LLMOBS_STATUS_OK);
    }
    flush(obs);
    ok(kept.count == 8 && stats_of(obs).tail_evicted == 0, "who can be decided goes first");
    end_with(waiting, LLMOBS_STATUS_ERROR);
    flush(obs);
    ok(kept.count == 10 && strcmp(policy_named(kept_span(&kept, "waiting")), "error") == 0,
       "who waits is not sent away for it");
    ok(close_kept(obs, &kept), "closed");
}

static void test_pool(void)
{
    llmobs_config config = tail_config();
    keeper kept;
    llmobs* obs;
    llmobs_span root;
    llmobs_span live[130];
    llmobs_stats stats;
    int i;
    config.tail_slots = 1000000;
    config.tail_traces = 64;
    config.tail_spans = 1000;
    config.max_threads = 1;
    obs = open_errors(&config, &kept);
    is_int(tail_of(obs)->slot_most, 192, "never more than three quarters");
    for (i = 0; i < 3; i++) {
        int k;
        root = llmobs_span_root(obs, "root");
        for (k = 0; k < 40; k++) {
            llmobs_span_end(llmobs_span_child(root, child_names[i]));
        }
        (void)llmobs_tick(obs);
    }
    is_int(stats_of(obs).tail_held, 120, "there is room");
    for (i = 0; i < 130; i++) {
        live[i] = llmobs_span_root(obs, "live");
    }
    flush(obs);
    stats = stats_of(obs);
    printf("# %llu slots are free\n", (unsigned long long)stats.slots_free);
    ok(stats.tail_evicted == 1 && kept.count == 40 &&
           strcmp(kept.spans[0].name.data, "0") == 0 && stats.slots_free >= 16,
       "until recorders may lack it");
    for (i = 0; i < 130; i++) {
        llmobs_span_end(live[i]);
    }
    ok(close_kept(obs, &kept), "closed");
}

/* ---- rings --------------------------------------------------------------------------------- */

typedef struct helper {
    llmobs* obs;
    llmobs_span span;
    pthread_barrier_t barrier;
} helper;

/* Attaches first, so that its ring comes first; ends a span when it is told to. */
static void* help(void* argument)
{
    helper* help = (helper*)argument;
    (void)llmobs_thread_attach(help->obs);
    (void)pthread_barrier_wait(&help->barrier);
    (void)pthread_barrier_wait(&help->barrier);
    end_with(help->span, LLMOBS_STATUS_ERROR);
    (void)pthread_barrier_wait(&help->barrier);
    return NULL;
}

/* A child ends, then its root, on another thread whose ring the tick looks at later: the root is
   seen, the child is not yet. */
static void test_root_overtakes(void)
{
    llmobs_config config = tail_config();
    keeper kept;
    llmobs* obs = open_errors(&config, &kept);
    llmobsi_collector* collector = collector_of(obs);
    llmobsi_tail* tail = tail_of(obs);
    helper other;
    pthread_t thread;
    llmobs_span root;
    bool stopped = false;
    other.obs = obs;
    (void)pthread_barrier_init(&other.barrier, NULL, 2);
    (void)pthread_create(&thread, NULL, help, &other);
    (void)pthread_barrier_wait(&other.barrier);
    root = llmobs_span_root(obs, "root");
    other.span = llmobs_span_child(root, "child");
    llmobsi_tail_pass(tail, &collector->recorder);
    (void)llmobsi_collect_ring(collector, &collector->recorder.threads[0].ring, 0, false, &stopped);
    (void)pthread_barrier_wait(&other.barrier);
    (void)pthread_barrier_wait(&other.barrier);
    llmobs_span_end(root);
    (void)llmobsi_collect_ring(collector, &collector->recorder.threads[1].ring, 0, false, &stopped);
    ok(llmobsi_tail_is_ready(tail) && stats_of(obs).tail_held == 1, "the root alone was seen");
    llmobsi_tail_settle(tail, &collector->recorder);
    ok(llmobsi_tail_is_ready(tail), "it is not decided by the same pass");
    (void)llmobsi_collect_tail(collector, 0, false, &stopped);
    is_int(stats_of(obs).tail_kept, 2, "one pass more, and the child has its say");
    (void)pthread_join(thread, NULL);
    (void)pthread_barrier_destroy(&other.barrier);
    flush(obs);
    ok(close_kept(obs, &kept), "closed");
}

/* ---- chance -------------------------------------------------------------------------------- */

static uint64_t randomness_of(const uint8_t* trace_id)
{
    uint64_t bits = 0;
    int i;
    for (i = 9; i < 16; i++) {
        bits = bits << 8 | trace_id[i];
    }
    return bits;
}

static void test_chance(void)
{
    llmobs_config config = tail_config();
    llmobs_tail_policy policies[2];
    keeper kept;
    llmobs* obs;
    size_t chosen = 0;
    size_t errors = 0;
    size_t expected = 0;
    size_t i;
    int wrong = 0;
    config.sample_ratio = 0.5;
    policies[0] = policy_error("error");
    policies[1] = policy_ratio("tenth", 0.1);
    obs = open_tail(&config, &kept, policies, 2);
    for (i = 0; i < 1000; i++) {
        llmobs_span root = llmobs_span_root(obs, "root");
        llmobs_span child = llmobs_span_child(root, "child");
        llmobs_trace_context context;
        bool failed = i % 3 == 0;
        (void)llmobs_span_context(root, &context);
        expected += (context.flags & LLMOBS_TRACE_SAMPLED) != 0 && !failed &&
                    randomness_of(context.trace_id) >= UINT64_C(0xe6660000000000);
        llmobs_span_end(child);
        end_with(root, failed ? LLMOBS_STATUS_ERROR : LLMOBS_STATUS_OK);
        if (i % 16 == 0) {
            (void)llmobs_flush(obs, 5000);
        }
    }
    flush(obs);
    for (i = 0; i < kept.count; i += 2) {
        const llmobs_span_view* child = &kept.spans[i];
        const llmobs_span_view* root = &kept.spans[i + 1];
        bool failed = root->status == LLMOBS_STATUS_ERROR;
        const char* state = failed ? "ot=th:8" : "ot=th:e666";
        errors += failed;
        chosen += !failed;
        wrong += strcmp(policy_named(root), failed ? "error" : "tenth") != 0;
        wrong += strcmp(root->trace_state.data, state) != 0;
        wrong += strcmp(child->trace_state.data, state) != 0;
    }
    ok(chosen == expected && chosen > 10 && errors > 100, "a tenth of those that did not fail");
    is_int(wrong, 0, "whose threshold is that of both; of errors that of their heads");
    ok(close_kept(obs, &kept), "closed");
}

/* Explicit randomness of a remote parent counts, not the id's; thresholds are only raised. */
static void remote(llmobs* obs, const char* tracestate)
{
    llmobs_span_info info = llmobs_span_info_default();
    static int number;
    char traceparent[LLMOBS_TRACEPARENT_SIZE];
    (void)snprintf(traceparent, sizeof traceparent,
                   "00-0af7651916cd43dd8448eb2%09x-b7ad6b7169203331-03", (unsigned)++number);
    info.name = tracestate;
    info.traceparent = traceparent;
    info.tracestate = tracestate;
    llmobs_span_end(llmobs_span_begin(obs, &info));
}

static void test_remote(void)
{
    llmobs_config config = tail_config();
    llmobs_tail_policy policy = policy_ratio("half", 0.5);
    keeper kept;
    llmobs* obs = open_tail(&config, &kept, &policy, 1);
    remote(obs, "ot=rv:80000000000000");
    remote(obs, "ot=rv:7fffffffffffff");
    remote(obs, "ot=th:f;rv:ffffffffffffff,other=1");
    remote(obs, "other=2");
    flush(obs);
    is_int(kept.count, 2, "explicit random bits decide, or else the id's");
    is_str(kept.spans[0].trace_state.data, "ot=th:8;rv:80000000000000", "the threshold is told");
    is_str(kept.spans[1].trace_state.data, "ot=th:f;rv:ffffffffffffff,other=1",
           "a higher one stays");
    is_str(policy_named(&kept.spans[1]), "half", "a span with a remote parent is a local root");
    ok(close_kept(obs, &kept), "closed");
}

/* ---- requests ------------------------------------------------------------------------------ */

/* What is left out is told by everything else as ever, and once. */
static void test_requests(void)
{
    llmobs_config config = request_config();
    llmobs_tail_policy policy = policy_from(LLMOBS_TAIL_COST, "dear", 0.01);
    llmobs_request_info info = support_info();
    llmobs_outcome outcome = known_outcome();
    llmobs_explanation explanation;
    llmobs_request request;
    llmobs_span phase;
    keeper kept;
    llmobs* obs;
    config.tail_traces = 16;
    obs = open_tail(&config, &kept, &policy, 1);
    request = llmobs_request_begin(obs, &info);
    phase = llmobs_phase_begin(request, LLMOBS_PHASE_MODEL_CALL);
    fake_now += 50000000;
    llmobs_span_end(phase);
    flush(obs);
    flush(obs);
    llmobs_request_end(request, &outcome);
    flush(obs);
    ok(kept.count == 0 && kept.log_count == 1, "a cheap request is left out, its line is not");
    explanation.size = sizeof explanation;
    is_int(llmobs_request_explain(obs, "req-17", &explanation), LLMOBS_OK, "it is explained");
    is_int(explanation.phase_ns[LLMOBS_PHASE_MODEL_CALL], 50000000, "its phase counts once");
    is_str(sample(obs, "llm_phase_duration_seconds_count{phase=\"model_call\"}"), "1",
           "in its metric, too");
    info.request_id = "req-18";
    outcome.cost_nano = 10000000;
    llmobs_request_end(llmobs_request_begin(obs, &info), &outcome);
    flush(obs);
    is_int(kept.count, 1, "a dear one is kept");
    is_str(policy_named(&kept.spans[0]), "dear", "for its cost");
    ok(close_kept(obs, &kept), "closed");
}

/* ---- close, fork --------------------------------------------------------------------------- */

static void test_close(void)
{
    llmobs_config config = tail_config();
    keeper kept;
    llmobs* obs = open_errors(&config, &kept);
    llmobs_span good = llmobs_span_root(obs, "good");
    llmobs_span bad = llmobs_span_root(obs, "bad");
    llmobs_span ended = llmobs_span_root(obs, "ended");
    llmobs_stats stats;
    stats.size = sizeof stats;
    llmobs_span_end(llmobs_span_child(good, "child"));
    end_with(llmobs_span_child(bad, "child"), LLMOBS_STATUS_ERROR);
    (void)llmobs_tick(obs);
    llmobs_span_end(llmobs_span_child(bad, "second child"));
    end_with(ended, LLMOBS_STATUS_ERROR);
    is_int(llmobs_close_with_stats(obs, &stats), LLMOBS_OK, "closed with what is held");
    ok(balances(&stats) && stats.tail_held == 0 && stats.live == 0 && stats.ended == 0,
       "nothing is held any more");
    ok(stats.tail_kept == 3 && stats.tail_dropped == 1 && stats.dropped[LLMOBS_DROP_CLOSED] == 2,
       "it was decided as far as it was known; roots that went on are lost");
    is_int(kept.count, 3, "and delivered");
    keeper_clear(&kept);
}

/* What can't be delivered in time is lost, and told. */
static llmobs_export_result never(void* user, const llmobs_batch* batch)
{
    (void)user;
    (void)batch;
    return LLMOBS_EXPORT_RETRY;
}

static void test_close_in_vain(void)
{
    llmobs_config config = tail_config();
    llmobs_tail_policy policy = policy_of(LLMOBS_TAIL_ALWAYS, "always");
    llmobs_stats stats;
    llmobs* obs;
    int i;
    config.span_slots = 2048;
    config.tail_traces = 1024;
    config.tail_slots = 1500;
    config.queue_bytes = 65536;
    config.batch_bytes = 4096;
    config.close_timeout_ms = 50;
    obs = llmobs_open(&config, NULL);
    (void)llmobs_export_to(obs, never, NULL);
    (void)llmobs_tail_policies(obs, &policy, 1, NULL);
    for (i = 0; i < 600; i++) {
        llmobs_span root = llmobs_span_root(obs, "root");
        llmobs_span_end(llmobs_span_child(root, "child"));
        llmobs_span_end(llmobs_span_child(root, "child"));
        (void)llmobs_tick(obs);
    }
    stats.size = sizeof stats;
    is_int(llmobs_close_with_stats(obs, &stats), LLMOBS_ERROR_TIMEOUT, "nobody takes it");
    ok(balances(&stats) && stats.tail_held == 0 && stats.started == 1800, "yet it balances");
}

static int in_child(llmobs* obs, keeper* kept, llmobs_span before)
{
    llmobs_stats stats = stats_of(obs);
    llmobs_span root;
    kept->items = 0; /* the parent's, which the child's account has not */
    if (stats.tail_held != 0 || stats.tail_kept != 0 || stats.tail_dropped != 0 ||
        stats.tail_late != 0 || stats.tail_evicted != 0 || !tail_is_valid(obs)) {
        return 1;
    }
    llmobs_span_end(before); /* is inert here */
    root = llmobs_span_root(obs, "of the child");
    end_with(llmobs_span_child(root, "child"), LLMOBS_STATUS_ERROR);
    (void)llmobs_flush(obs, 5000);
    if (kept->count != 1 || stats_of(obs).tail_held != 1) {
        return 2;
    }
    llmobs_span_end(root);
    (void)llmobs_flush(obs, 5000);
    if (kept->count != 3 || strcmp(policy_named(&kept->spans[2]), "error") != 0) {
        return 3;
    }
    return close_kept(obs, kept) ? 0 : 4;
}

static void test_fork(void)
{
    llmobs_config config = tail_config();
    keeper kept;
    llmobs* obs = open_errors(&config, &kept);
    llmobs_span done_root = llmobs_span_root(obs, "done");
    llmobs_span root = llmobs_span_root(obs, "root");
    int status = -1;
    pid_t child;
    end_with(done_root, LLMOBS_STATUS_ERROR);
    flush(obs);
    end_with(llmobs_span_child(root, "child"), LLMOBS_STATUS_ERROR);
    (void)llmobs_tick(obs);
    is_int(stats_of(obs).tail_held, 1, "held at the fork");
    fflush(stdout);
    child = fork();
    if (child == 0) {
        _exit(in_child(obs, &kept, root));
    }
    (void)waitpid(child, &status, 0);
    is_int(WIFEXITED(status) ? WEXITSTATUS(status) : -1, 0, "the child holds nothing");
    llmobs_span_end(root);
    flush(obs);
    is_int(kept.count, 3, "the parent has it all");
    ok(close_kept(obs, &kept), "closed");
}

/* ---- many traces --------------------------------------------------------------------------- */

typedef struct drawn {
    llmobs_span root;
    llmobs_span children[8];
    uint32_t open; /* children that have not ended */
    uint32_t ended;
    uint64_t begun;
    bool has_late; /* one child outlives its root */
    const char* expected; /* NULL: it is left out */
    uint32_t spans;
    uint32_t seen;
    bool failed;
    bool is_high;
    bool is_health;
    uint64_t randomness;
} drawn;

#define OPEN_TRACES 12u

static void draw_begin(llmobs* obs, drawn* trace, int64_t number)
{
    llmobs_trace_context context;
    uint32_t i;
    memset(trace, 0, sizeof *trace);
    trace->root = llmobs_span_root(obs, "root");
    trace->begun = fake_now;
    trace->open = (uint32_t)(next_random() % 8);
    trace->spans = trace->open + 1;
    trace->has_late = trace->open > 0 && trace->open < 4 && next_random() % 4 == 0;
    (void)llmobs_span_context(trace->root, &context);
    trace->randomness = randomness_of(context.trace_id);
    llmobs_span_set_int(trace->root, "trace", number);
    for (i = 0; i < trace->open; i++) {
        trace->children[i] = llmobs_span_child(
            i == 0 || next_random() % 2 == 0 ? trace->root : trace->children[i - 1], "child");
        llmobs_span_set_int(trace->children[i], "trace", number);
    }
}

/* Of those that the policies ask for, some have it. */
static void draw_say(drawn* trace, llmobs_span span)
{
    int64_t high = (int64_t)(next_random() % 100);
    bool failed = next_random() % 40 == 0;
    bool health = next_random() % 30 == 0;
    if (next_random() % 2 == 0) {
        llmobs_span_set_int(span, "number", 1000); /* is overwritten */
    }
    llmobs_span_set_int(span, "number", high);
    llmobs_span_set_string(span, "route", health ? "/health" : "/healthy");
    llmobs_span_set_status(span, failed ? LLMOBS_STATUS_ERROR : LLMOBS_STATUS_UNSET, NULL);
    trace->failed |= failed;
    trace->is_high |= high >= 97;
    trace->is_health |= health;
}

static const char* draw_expect(const drawn* trace)
{
    return trace->is_health                                       ? NULL
           : trace->failed                                        ? "error"
           : trace->is_high                                       ? "high"
           : fake_now - trace->begun >= 3 * SECOND                ? "slow"
           : trace->spans >= 7                                    ? "wide"
           : trace->randomness >= UINT64_C(0xe6660000000000)      ? "tenth"
                                                                  : NULL;
}

/* One step of a trace; false: it is over. */
static bool draw_step(drawn* trace)
{
    if (trace->open > (uint32_t)trace->has_late) {
        llmobs_span child = trace->children[trace->ended++];
        trace->open--;
        draw_say(trace, child);
        llmobs_span_end(child);
        return true;
    }
    if (trace->root.instance != 0) {
        draw_say(trace, trace->root);
        trace->expected = draw_expect(trace);
        llmobs_span_end(trace->root);
        trace->root.instance = 0;
        return trace->has_late;
    }
    llmobs_span_end(trace->children[trace->ended]);
    return false;
}

static void draw_policies(llmobs_tail_policy* all)
{
    all[0] = policy_of(LLMOBS_TAIL_STRING, NULL);
    all[0].key = "route";
    all[0].text = "/health";
    all[1] = policy_error("error");
    all[2] = policy_from(LLMOBS_TAIL_NUMBER, "high", 97);
    all[2].key = "number";
    all[3] = policy_from(LLMOBS_TAIL_LATENCY, "slow", 3.0);
    all[4] = policy_from(LLMOBS_TAIL_SPANS, "wide", 7);
    all[5] = policy_ratio("tenth", 0.1);
    all[6] = policy_with(LLMOBS_TAIL_DROP, "health", 1);
}

static int draw_check(const keeper* kept, drawn* traces, long count)
{
    int wrong = 0;
    size_t i;
    long k;
    for (i = 0; i < kept->count; i++) {
        const llmobs_span_view* span = &kept->spans[i];
        int64_t number = kept_attribute(span, "trace")->value.integer;
        drawn* trace = &traces[number];
        trace->seen++;
        wrong += trace->expected == NULL;
        wrong += trace->expected != NULL &&
                 strcmp(policy_named(span), kept_is_zero(span->parent_span_id, 8) ? trace->expected
                                                                                  : "(none)") != 0;
    }
    for (k = 0; k < count; k++) {
        wrong += traces[k].seen != (traces[k].expected != NULL ? traces[k].spans : 0);
    }
    return wrong;
}

static void test_model(void)
{
    llmobs_config config = tail_config();
    llmobs_tail_policy policies[7];
    long count = sized(10000);
    drawn* traces = (drawn*)calloc((size_t)count, sizeof *traces);
    drawn* open[OPEN_TRACES] = {NULL};
    keeper kept;
    llmobs* obs;
    llmobs_stats stats;
    long begun = 0;
    long over = 0;
    bool valid = true;
    uint64_t spans = 0;
    config.span_slots = 512;
    config.tail_traces = 1024; /* so that chance has no decision forgotten before a late child */
    draw_policies(policies);
    obs = open_tail(&config, &kept, policies, 7);
    while (over < count) {
        drawn** place = &open[next_random() % OPEN_TRACES];
        fake_now += next_random() % (SECOND / 20);
        if (*place == NULL && begun < count) {
            *place = &traces[begun];
            draw_begin(obs, *place, begun);
            spans += (*place)->spans;
            begun++;
        } else if (*place != NULL && !draw_step(*place)) {
            *place = NULL;
            over++;
        }
        if (next_random() % 16 == 0) {
            (void)llmobs_flush(obs, 5000);
            valid &= tail_is_valid(obs) && account_balances(obs);
        } else if (next_random() % 8 == 0) {
            (void)llmobs_tick(obs);
        }
    }
    flush(obs);
    stats = stats_of(obs);
    printf("# %ld traces of %llu spans: %llu kept, %llu late\n", count, (unsigned long long)spans,
           (unsigned long long)stats.tail_kept, (unsigned long long)stats.tail_late);
    ok(valid, "it is in order all the time");
    is_int(draw_check(&kept, traces, count), 0, "each trace is kept as the model says, or not");
    ok(stats.tail_kept + stats.tail_dropped == spans && stats.tail_evicted == 0 &&
           stats.tail_late > 0 && stats.tail_held == 0,
       "and counted");
    free(traces);
    ok(close_kept(obs, &kept), "closed");
}

/* ---- threads ------------------------------------------------------------------------------- */

#define PAIRS 2
#define CHILDREN 6

/* Two threads with one trace at a time: one has the root, the other ends the children. */
typedef struct pair {
    llmobs* obs;
    long first;
    long count;
    llmobs_span children[CHILDREN];
    bool fails;
    llmobsi_atomic32 turn; /* 1: the children are to be ended; 2: they are; 3: it is over */
} pair;

static bool pair_fails(long number)
{
    return number % 7 == 3;
}

static void* end_children(void* argument)
{
    pair* both = (pair*)argument;
    uint32_t turn;
    int i;
    while ((turn = llmobsi_load_acquire(&both->turn)) != 3) {
        if (turn != 1) {
            (void)sched_yield();
            continue;
        }
        for (i = 0; i < CHILDREN; i++) {
            end_with(both->children[i],
                     both->fails && i == CHILDREN - 1 ? LLMOBS_STATUS_ERROR : LLMOBS_STATUS_UNSET);
        }
        llmobsi_store_release(&both->turn, 2);
    }
    return NULL;
}

static void* make_traces(void* argument)
{
    pair* both = (pair*)argument;
    pthread_t other;
    long n;
    int i;
    (void)pthread_create(&other, NULL, end_children, both);
    for (n = both->first; n < both->first + both->count; n++) {
        llmobs_span root = llmobs_span_root(both->obs, "root");
        llmobs_span_set_int(root, "trace", n);
        both->fails = pair_fails(n);
        for (i = 0; i < CHILDREN; i++) {
            both->children[i] = llmobs_span_child(root, "child");
            llmobs_span_set_int(both->children[i], "trace", n);
        }
        llmobsi_store_release(&both->turn, 1);
        while (llmobsi_load_acquire(&both->turn) != 2) {
            (void)sched_yield();
        }
        llmobs_span_end(root);
        if (n % 50 == 0) {
            (void)llmobs_flush(both->obs, 5000);
        }
    }
    llmobsi_store_release(&both->turn, 3);
    (void)pthread_join(other, NULL);
    return NULL;
}

static void test_threads(void)
{
    llmobs_config config = llmobs_config_default();
    llmobs_tail_policy policy = policy_error("error");
    long count = sized(8000);
    pair pairs[PAIRS];
    pthread_t threads[PAIRS];
    uint8_t* seen = (uint8_t*)calloc((size_t)(PAIRS * count), 1);
    uint8_t* evicted = (uint8_t*)calloc((size_t)(PAIRS * count), 1);
    keeper kept;
    llmobs* obs;
    llmobs_stats stats;
    bool balanced = true;
    int wrong = 0;
    long n;
    size_t i;
    config.metric_series = LLMOBS_OFF;
    config.tail_traces = 256;
    config.tick_ms = 1;
    obs = open_tail(&config, &kept, &policy, 1);
    for (i = 0; i < PAIRS; i++) {
        memset(&pairs[i], 0, sizeof pairs[i]);
        pairs[i].obs = obs;
        pairs[i].first = (long)i * count;
        pairs[i].count = count;
        (void)pthread_create(&threads[i], NULL, make_traces, &pairs[i]);
    }
    for (i = 0; i < 200; i++) { /* anyone may ask, and set policies, meanwhile */
        stats = stats_of(obs);
        balanced &= stats.tail_kept <= stats.started;
        (void)llmobs_tail_policies(obs, &policy, 1, NULL);
        (void)sched_yield();
    }
    for (i = 0; i < PAIRS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    (void)llmobs_flush(obs, 5000);
    stats = stats_of(obs);
    for (i = 0; i < kept.count; i++) {
        int64_t number = kept_attribute(&kept.spans[i], "trace")->value.integer;
        seen[number]++;
        evicted[number] |= strcmp(policy_named(&kept.spans[i]), "evicted") == 0;
    }
    for (n = 0; n < PAIRS * count; n++) {
        wrong += seen[n] != (pair_fails(n) || evicted[n] ? CHILDREN + 1 : 0);
    }
    printf("# %llu evicted, %llu late\n", (unsigned long long)stats.tail_evicted,
           (unsigned long long)stats.tail_late);
    ok(wrong == 0 && kept.count > 0, "each trace is whole, or not there");
    ok(balanced && stats.tail_held == 0 && dropped_in_all(&stats) == 0 && balances(&stats),
       "and accounted for");
    free(seen);
    free(evicted);
    ok(close_kept(obs, &kept), "closed");
}

/* ---- memory -------------------------------------------------------------------------------- */

static void test_memory(void)
{
    llmobs_config config = llmobs_config_default();
    size_t without = llmobs_memory_needed(&config);
    size_t with;
    is_int(llmobs_memory_of(&config, LLMOBS_PILLAR_TAIL_SAMPLING), 0, "off, it takes nothing");
    config.tail_traces = 4096;
    with = llmobs_memory_of(&config, LLMOBS_PILLAR_TAIL_SAMPLING);
    printf("# 4096 traces take %zu bytes\n", with);
    ok(with > 0 && with < 1048576, "4,096 traces less than a MiB");
    is_int(llmobs_memory_needed(&config) - without, with, "all of it its own");
    config.tail_traces = LLMOBS_OFF;
    is_int(llmobs_memory_needed(&config), without, "likewise off");
}

int main(void)
{
    test_held();
    test_left_out();
    test_late();
    test_without_policies();
    test_own_attribute();
    test_wait();
    test_latency_so_far();
    test_two_roots();
    test_clock_back();
    test_expired();
    test_many_expired();
    test_oldest_first();
    test_slots();
    test_spans_of_a_trace();
    test_ready_before_waiting();
    test_pool();
    test_root_overtakes();
    test_chance();
    test_remote();
    test_requests();
    test_close();
    test_close_in_vain();
    if (!skipped_without_fork("fork")) {
        test_fork();
    }
    test_model();
    test_threads();
    test_memory();
    return done();
}

/* Which requests are judged: chance that services agree on, causes, buckets, floors, weights. */
#include "llmobs_private.h"

#include "tap.h"

#include "keeper.h"

#include "random.h"
#include "requester.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define NEVER LLMOBS_I_SAMPLE_NEVER

/* ---- the rule ------------------------------------------------------------------------------ */

static void test_thresholds(void)
{
    uint64_t nan_bits = UINT64_C(0x7ff8000000000000);
    double nan_value;
    memcpy(&nan_value, &nan_bits, sizeof nan_value);
    ok(llmobs_sample_threshold(0.1) == UINT64_C(0xe6660000000000), "0.1 is e666");
    ok(llmobs_sample_threshold(0.01) == UINT64_C(0xfd70a000000000), "0.01 is fd70a");
    ok(llmobs_sample_threshold(0.05) == UINT64_C(0xf3333000000000), "0.05 is f3333");
    ok(llmobs_sample_threshold(0.5) == UINT64_C(0x80000000000000), "a half is 8");
    ok(llmobs_sample_threshold(1.0) == 0 && llmobs_sample_threshold(7.0) == 0, "1 keeps all");
    ok(llmobs_sample_threshold(0.0) == NEVER && llmobs_sample_threshold(-1.0) == NEVER,
       "0 keeps none");
    ok(llmobs_sample_threshold(nan_value) == 0, "what is no number keeps all");
    ok(llmobs_sample_keeps(5, 5) && !llmobs_sample_keeps(5, 4), "the threshold itself is kept");
    ok(!llmobs_sample_keeps(NEVER, NEVER - 1), "nothing is by 2^56");
    ok(llmobs_sample_weight(0) == 1.0, "who is kept for sure stands for itself");
    ok(llmobs_sample_weight(UINT64_C(0xc0000000000000)) == 4.0, "a quarter for four");
    ok(llmobs_sample_weight(NEVER - 1) == (double)NEVER, "the least ratio for all");
    ok(llmobs_sample_weight(NEVER) == 0.0 && llmobs_sample_weight(UINT64_MAX) == 0.0,
       "none for nothing");
    ok(fabs(llmobs_sample_weight(llmobs_sample_threshold(0.05)) - 20.0) < 0.001, "5 % for 20");
}

/* The golden vectors are another program's, made from the definition. */
static void test_randomness(void)
{
    static const char id[] = "123e4567-e89b-12d3-a456-426614174000";
    ok(llmobs_sample_randomness("", 0, 0) == UINT64_C(0x33483556257969), "of nothing");
    ok(llmobs_sample_randomness("req-17", 6, 0) == UINT64_C(0xd32ab9843a76de), "of an id");
    ok(llmobs_sample_randomness("req-17", 6, 1) == UINT64_C(0x7cadc72afb5718), "with a seed");
    ok(llmobs_sample_randomness(id, 36, 0) == UINT64_C(0x6d7adadfcdaa55), "of a long one");
    ok(llmobs_sample_randomness(id, LLMOBS_NUL_TERMINATED, 42) == UINT64_C(0x09449ce4d0d36d),
       "measured");
    ok(llmobs_sample_randomness(NULL, 0, 0) == UINT64_C(0x33483556257969) &&
           llmobs_sample_randomness(NULL, 99, 0) == UINT64_C(0x33483556257969),
       "NULL is nothing");
    is_str(llmobs_keep_name(LLMOBS_KEEP_GUARDRAIL), "guardrail", "a cause has a name");
    is_str(llmobs_keep_name(LLMOBS_KEEP_RANDOM), "random", "the last one, too");
    is_str(llmobs_keep_name(LLMOBS_KEEP_COUNT), "unknown", "no other");
    is_str(llmobs_keep_name((llmobs_keep)-1), "unknown", "none below");
}

#define RATIOS 5
static const double ratios[RATIOS] = {0.01, 0.05, 0.1, 0.5, 0.9};

/* How many of the ids each ratio keeps; returns how many of them a higher ratio does not keep. */
static long count_kept(void (*name)(char* id, long number), long ids, uint64_t seed,
                       long kept[RATIOS])
{
    uint64_t thresholds[RATIOS];
    long broken = 0;
    long i;
    int r;
    for (r = 0; r < RATIOS; r++) {
        thresholds[r] = llmobs_sample_threshold(ratios[r]);
        kept[r] = 0;
    }
    for (i = 0; i < ids; i++) {
        char id[64];
        uint64_t randomness;
        bool before = false;
        name(id, i);
        randomness = llmobs_sample_randomness(id, LLMOBS_NUL_TERMINATED, seed);
        broken += randomness >= NEVER;
        for (r = 0; r < RATIOS; r++) {
            bool keeps = llmobs_sample_keeps(thresholds[r], randomness);
            kept[r] += keeps;
            broken += before && !keeps;
            before = keeps;
        }
    }
    return broken;
}

static void name_number(char* id, long number)
{
    (void)sprintf(id, "%ld", number);
}

static void name_request(char* id, long number)
{
    (void)sprintf(id, "req-%ld", number);
}

static void name_uuid(char* id, long number)
{
    (void)number;
    (void)sprintf(id, "%08x-%04x-4%03x-%04x-%012llx", (unsigned)next_random(),
                  (unsigned)(next_random() & 0xffff), (unsigned)(next_random() & 0xfff),
                  (unsigned)(0x8000 | (next_random() & 0x3fff)),
                  (unsigned long long)(next_random() & UINT64_C(0xffffffffffff)));
}

static void name_dated(char* id, long number)
{
    (void)sprintf(id, "2026-11-26T12:00:00Z/chat/support/%08ld", number);
}

static void test_rates(void)
{
    static void (*const names[])(char* id, long number) = {name_number, name_request, name_uuid,
                                                           name_dated};
    static const char* const what[] = {"numbers", "numbers with a name", "UUIDs",
                                       "long ids that differ at the end"};
    static const uint64_t seeds[] = {0, 0, 0, UINT64_C(0x1234567890abcdef)};
    long ids = sized(1000000);
    long kept[RATIOS];
    int i;
    int r;
    for (i = 0; i < 4; i++) {
        is_int(count_kept(names[i], ids, seeds[i], kept), 0,
               "what a ratio keeps, every higher one keeps");
        for (r = 0; r < RATIOS; r++) {
            double sigma = sqrt((double)ids * ratios[r] * (1.0 - ratios[r]));
            double off = ((double)kept[r] - (double)ids * ratios[r]) / sigma;
            if (!ok(fabs(off) < 4.0, what[i])) {
                printf("# ratio %g: %ld of %ld, %.1f sigma\n", ratios[r], kept[r], ids, off);
            }
        }
    }
}

/* ---- one call ------------------------------------------------------------------------------ */

static long should(llmobs* obs, long ids)
{
    long kept = 0;
    long i;
    for (i = 0; i < ids; i++) {
        char id[32];
        name_request(id, i);
        kept += llmobs_should_sample(obs, id, false);
    }
    return kept;
}

static void test_should_sample(void)
{
    llmobs_config config = pumped_config();
    llmobs* obs = llmobs_open(&config, NULL);
    llmobs* other;
    long by_rule = 0;
    long differing = 0;
    long i;
    for (i = 0; i < 20000; i++) {
        char id[32];
        name_request(id, i);
        by_rule += llmobs_sample_keeps(llmobs_sample_threshold(0.05),
                                       llmobs_sample_randomness(id, LLMOBS_NUL_TERMINATED, 0));
    }
    is_int(should(obs, 20000), by_rule, "by the rule, at 0.05");
    ok(llmobs_should_sample(obs, "req-1", true) && llmobs_should_sample(obs, NULL, true) &&
           llmobs_should_sample(NULL, "req-1", true),
       "always what triggered");
    ok(!llmobs_should_sample(obs, NULL, false) && !llmobs_should_sample_n(obs, NULL, 6, false),
       "nothing is not sampled");
    for (i = 0; i < 2000; i++) {
        char id[32];
        name_request(id, i);
        differing += llmobs_should_sample_n(obs, id, 5, false) !=
                         llmobs_sample_keeps(llmobs_sample_threshold(0.05),
                                             llmobs_sample_randomness(id, 5, 0)) ||
                     llmobs_should_sample_n(obs, id, LLMOBS_NUL_TERMINATED, false) !=
                         llmobs_should_sample(obs, id, false);
    }
    is_int(differing, 0, "a size counts");
    config.judge_ratio = 0.2;
    config.sample_by = LLMOBS_SAMPLE_BY_REQUEST_ID;
    other = llmobs_open(&config, NULL);
    for (i = 0; i < 20000; i++) {
        char id[32];
        name_request(id, i);
        differing +=
            llmobs_should_sample(obs, id, false) && !llmobs_should_sample(other, id, false);
    }
    is_int(differing, 0, "another service at 20 % keeps what this one does at 5 %");
    (void)llmobs_close(other);
    config.judge_ratio = LLMOBS_SAMPLE_NONE;
    other = llmobs_open(&config, NULL);
    ok(should(other, 20000) == 0 && llmobs_should_sample(other, "x", true), "none: what triggered");
    (void)llmobs_close(other);
    ok(!llmobs_should_sample(other, "req-1", false) && llmobs_should_sample(other, "req-1", true),
       "closed: what triggered");
    config.judge_ratio = 0.05;
    config.sample_seed = 7;
    other = llmobs_open(&config, NULL);
    for (i = 0; i < 20000; i++) {
        char id[32];
        name_request(id, i);
        differing += llmobs_should_sample(obs, id, false) && llmobs_should_sample(other, id, false);
    }
    ok(differing > 10 && differing < 100, "another seed, another sample: 1 in 400 is in both");
    (void)llmobs_close(other);
    (void)llmobs_close(obs);
}

/* ---- buckets ------------------------------------------------------------------------------- */

/* The same bucket with a level, as it is in books. */
typedef struct level {
    uint64_t ns;
    uint64_t then;
} level;

static bool level_take(level* bucket, uint64_t token_ns, uint64_t bucket_ns, uint64_t now)
{
    uint64_t since = now - bucket->then;
    bucket->ns = since < bucket_ns - bucket->ns ? bucket->ns + since : bucket_ns;
    bucket->then = now;
    if (bucket->ns < token_ns) {
        return false;
    }
    bucket->ns -= token_ns;
    return true;
}

static void test_bucket(void)
{
    llmobsi_atomic64 bucket = 0;
    level model = {1000, 0};
    uint64_t now = 5000;
    long wrong = 0;
    long i;
    for (i = 0; i < 10; i++) {
        wrong += !llmobsi_bucket_take(&bucket, 100, 1000, now);
    }
    is_int(wrong, 0, "a full bucket has all its tokens");
    ok(!llmobsi_bucket_take(&bucket, 100, 1000, now), "and no more");
    ok(!llmobsi_bucket_take(&bucket, 100, 1000, now + 99), "the next one takes its time");
    ok(llmobsi_bucket_take(&bucket, 100, 1000, now + 100), "no longer");
    ok(!llmobsi_bucket_take(&bucket, 100, 1000, now + 100), "and is one");
    ok(!llmobsi_bucket_take(&bucket, 100, 1000, now - 900), "a thread that comes late gets none");
    ok(llmobsi_bucket_take(&bucket, 100, 1000, 10), "a clock that is set back does not stop it");
    ok(!llmobsi_bucket_take(&bucket, 0, 0, now), "one without tokens");
    bucket = 0;
    now = 0;
    for (i = 0; i < 200000; i++) {
        now += next_random() % 8 == 0 ? next_random() % 3000 : next_random() % 120;
        wrong += llmobsi_bucket_take(&bucket, 100, 1000, now) !=
                 level_take(&model, 100, 1000, now);
    }
    is_int(wrong, 0, "as one with a level");
}

#define TAKERS 4

static llmobsi_atomic64 shared_bucket;
static llmobsi_atomic64 shared_taken;

static void* take_tokens(void* argument)
{
    uint64_t taken_here = 0;
    long i;
    (void)argument;
    for (i = 0; i < sized(400000); i++) {
        taken_here += llmobsi_bucket_take(&shared_bucket, 1, (uint64_t)sized(1000000), 1);
    }
    (void)llmobsi_add_relaxed(&shared_taken, taken_here);
    return NULL;
}

static void test_bucket_race(void)
{
    pthread_t threads[TAKERS];
    int i;
    for (i = 0; i < TAKERS; i++) {
        (void)pthread_create(&threads[i], NULL, take_tokens, NULL);
    }
    for (i = 0; i < TAKERS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    is_int(shared_taken, sized(1000000), "threads together take each token once");
}

/* ---- keys ---------------------------------------------------------------------------------- */

static void test_keys(void)
{
    static llmobsi_atomic64 keys[LLMOBS_I_STRATA];
    const uint64_t set = UINT64_C(5) << 32;
    long wrong = 0;
    uint32_t i;
    for (i = 0; i < LLMOBS_I_WAYS; i++) {
        wrong += llmobsi_sampler_find(keys, LLMOBS_I_STRATA, set + i + 1) != 5 * LLMOBS_I_WAYS + i;
    }
    is_int(wrong, 0, "a set's keys, side by side");
    is_int(llmobsi_sampler_find(keys, LLMOBS_I_STRATA, set + 99), LLMOBS_I_NO_STRATUM,
           "until it is full");
    is_int(llmobsi_sampler_find(keys, LLMOBS_I_STRATA, set + 7), 5 * LLMOBS_I_WAYS + 6,
           "which those that are there don't feel");
    is_int(llmobsi_sampler_find(keys, LLMOBS_I_STRATA, (UINT64_C(21) << 32) + 7),
           LLMOBS_I_NO_STRATUM, "another key of that set does");
    keys[5 * LLMOBS_I_WAYS + 2] = 0;
    is_int(llmobsi_sampler_find(keys, LLMOBS_I_STRATA, set + 16), 5 * LLMOBS_I_WAYS + 15,
           "a key behind a place that was freed stays where it is");
    is_int(llmobsi_sampler_find(keys, LLMOBS_I_STRATA, set + 99), 5 * LLMOBS_I_WAYS + 2,
           "a new one takes the place");
    is_int(llmobsi_sampler_find(keys, LLMOBS_I_STRATA, UINT64_C(15) << 32 | 1),
           15 * LLMOBS_I_WAYS, "the last set is inside");
}

/* ---- requests ------------------------------------------------------------------------------ */

/* Nothing is kept but for the one cause that a test asks for. */
static llmobs_config sampler_config(void)
{
    llmobs_config config = request_config();
    config.captures = 4;
    config.capture_bytes = 64;
    config.judge_ratio = LLMOBS_SAMPLE_NONE;
    config.judge_new_version = LLMOBS_OFF;
    config.guard_classes = LLMOBS_PII_BIT(LLMOBS_PII_EMAIL);
    return config;
}

static llmobs_sampler_stats sampled(llmobs* obs)
{
    llmobs_sampler_stats stats;
    stats.size = 0;
    (void)llmobs_sampler_read(obs, &stats);
    return stats;
}

/* All that a request can be kept for: a bit for each cause. */
static void run_causes(llmobs* obs, uint32_t causes)
{
    llmobs_request_info info = support_info();
    llmobs_outcome outcome = llmobs_outcome_default();
    llmobs_request request;
    info.request_id = NULL; /* with one, it would be selected once */
    info.session_id = NULL;
    info.debug = (causes >> LLMOBS_KEEP_DEBUG & 1u) != 0;
    request = llmobs_request_begin(obs, &info);
    if ((causes >> LLMOBS_KEEP_GUARDRAIL & 1u) != 0) {
        llmobs_guardrail(request, "tone", LLMOBS_GUARDRAIL_BLOCKED);
    }
    llmobs_guardrail(request, "tone", LLMOBS_GUARDRAIL_PASSED);
    if ((causes >> LLMOBS_KEEP_DRIFT & 1u) != 0) {
        llmobs_request_keep(request, LLMOBS_KEEP_DRIFT);
    }
    fake_now += (causes >> LLMOBS_KEEP_SLOW & 1u) != 0 ? 30000000000 : 29999999999;
    outcome.judge = (causes >> LLMOBS_KEEP_REQUESTED & 1u) != 0;
    outcome.error_type = (causes >> LLMOBS_KEEP_ERROR & 1u) != 0 ? "timeout" : NULL;
    outcome.finish_reason = (causes >> LLMOBS_KEEP_FINISH & 1u) != 0 ? "length" : "stop";
    outcome.output = llmobs_str((causes >> LLMOBS_KEEP_SCANNER & 1u) != 0
                                    ? "write to jane.roe@mail.example.com"
                                    : "it is secret");
    outcome.cost_known = true;
    outcome.cost_nano = (causes >> LLMOBS_KEEP_COSTLY & 1u) != 0 ? 1000000000 : 999999999;
    outcome.feedback_negative = (causes >> LLMOBS_KEEP_FEEDBACK & 1u) != 0;
    if ((causes >> LLMOBS_KEEP_NEW_VERSION & 1u) != 0) {
        llmobs_request_keep(request, LLMOBS_KEEP_NEW_VERSION);
    }
    llmobs_request_end(request, &outcome);
    (void)llmobs_tick(obs);
}

/* The reason of the one capture there is; NONE: there is none. */
static llmobs_keep taken(llmobs* obs, bool* triggered)
{
    llmobs_capture capture;
    llmobs_keep reason = LLMOBS_KEEP_NONE;
    if (llmobs_capture_take(obs, &capture)) {
        reason = capture.reason;
        *triggered = capture.triggered;
        if (capture.weight != 1.0) {
            reason = LLMOBS_KEEP_COUNT;
        }
        llmobs_capture_done(&capture);
    }
    return reason;
}

static void test_causes(void)
{
    llmobs_config config = sampler_config();
    llmobs_sampler_stats stats;
    bool triggered = false;
    long wrong = 0;
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    int first;
    int second;
    run_causes(obs, 0);
    is_int(taken(obs, &triggered), LLMOBS_KEEP_NONE, "nothing speaks for it");
    for (first = LLMOBS_KEEP_GUARDRAIL; first < (int)LLMOBS_KEEP_RANDOM; first++) {
        run_causes(obs, 1u << first);
        is_int(taken(obs, &triggered), first, llmobs_keep_name((llmobs_keep)first));
        is_int(triggered, first == LLMOBS_KEEP_GUARDRAIL || first == LLMOBS_KEEP_SCANNER,
               "... triggered, if a guardrail or a scanner did");
        for (second = first + 1; second < (int)LLMOBS_KEEP_RANDOM; second++) {
            run_causes(obs, 1u << first | 1u << second);
            wrong += taken(obs, &triggered) != (llmobs_keep)first;
        }
    }
    is_int(wrong, 0, "of two the first is the reason");
    stats = sampled(obs);
    is_int(stats.of[LLMOBS_KEEP_GUARDRAIL].kept, 11, "each is counted");
    is_int(stats.of[LLMOBS_KEEP_FEEDBACK].kept, 1, "where it is the reason");
    is_int(stats.of[LLMOBS_KEEP_RANDOM].seen, 1, "what none keeps comes to chance");
    is_int(stats.of[LLMOBS_KEEP_RANDOM].refused, 1, "which keeps none here");
    is_int(stats.requests, 1 + 11 * 12 / 2, "of all");
    is_str(sample(obs, "llm_sampled_requests_total{reason=\"guardrail\",outcome=\"kept\"}"), "11",
           "the metric says so, too");
    is_str(sample(obs, "llm_sampled_requests_total{reason=\"random\",outcome=\"refused\"}"),
           "(none)", "but for those that chance did not keep");
    ok(close_kept(obs, &kept), "all is accounted for");
}

static void one_finish(llmobs* obs, const char* reason)
{
    llmobs_outcome outcome = llmobs_outcome_default();
    outcome.finish_reason = reason;
    llmobs_request_end(llmobs_request_begin(obs, NULL), &outcome);
    (void)llmobs_tick(obs);
}

static void test_marks(void)
{
    static const char* const bad[] = {"length", "max_tokens", "MAX_TOKENS",
                                      "content_filter", "refusal", "SAFETY"};
    static const char* const good[] = {"stop", "tool_calls", "", "lengths", NULL};
    llmobs_config config = sampler_config();
    llmobs_request request;
    bool triggered = false;
    long wrong = 0;
    size_t i;
    keeper kept;
    llmobs* obs;
    config.judge_slow_ms = LLMOBS_OFF;
    config.judge_cost_nano = -1;
    obs = open_kept(&config, &kept);
    for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        one_finish(obs, bad[i]);
        wrong += taken(obs, &triggered) != LLMOBS_KEEP_FINISH;
    }
    for (i = 0; i < sizeof good / sizeof good[0]; i++) {
        one_finish(obs, good[i]);
        wrong += taken(obs, &triggered) != LLMOBS_KEEP_NONE;
    }
    is_int(wrong, 0, "answers that were cut off or filtered, by any provider's word");
    run_causes(obs, 1u << LLMOBS_KEEP_SLOW | 1u << LLMOBS_KEEP_COSTLY);
    is_int(taken(obs, &triggered), LLMOBS_KEEP_NONE, "slow and costly ones, if that is off");
    request = llmobs_request_begin(obs, NULL);
    llmobs_request_keep(request, LLMOBS_KEEP_GUARDRAIL);
    llmobs_request_keep(request, LLMOBS_KEEP_RANDOM);
    llmobs_request_keep(request, LLMOBS_KEEP_NONE);
    llmobs_request_keep(request, LLMOBS_KEEP_COUNT);
    llmobs_request_keep(request, (llmobs_keep)-1);
    llmobs_request_end(request, NULL);
    is_int(taken(obs, &triggered), LLMOBS_KEEP_NONE, "what is no mark is none");
    llmobs_request_keep(request, LLMOBS_KEEP_DRIFT);
    is_int(stats_of(obs).requests_late, 1, "after its end it is too late");
    request = llmobs_request_begin(obs, NULL);
    llmobs_request_keep(request, LLMOBS_KEEP_FEEDBACK);
    llmobs_request_keep(request, LLMOBS_KEEP_COSTLY);
    llmobs_request_end(request, NULL);
    is_int(taken(obs, &triggered), LLMOBS_KEEP_COSTLY, "of two marks the first");
    (void)llmobs_tick(obs);
    for (i = 0; i < 16; i++) {
        llmobs_request_end(llmobs_request_begin(obs, NULL), NULL);
        wrong += taken(obs, &triggered) != LLMOBS_KEEP_NONE;
    }
    is_int(wrong, 0, "a mark does not outlive its request");
    ok(close_kept(obs, &kept), "all is accounted for");
}

/* ---- limits -------------------------------------------------------------------------------- */

static void one_error(llmobs* obs, bool slow)
{
    llmobs_outcome outcome = llmobs_outcome_default();
    llmobs_request request = llmobs_request_begin(obs, NULL);
    outcome.error_type = "timeout";
    if (slow) {
        llmobs_request_keep(request, LLMOBS_KEEP_SLOW);
    }
    llmobs_request_end(request, &outcome);
    (void)llmobs_tick(obs);
}

static void test_buckets(void)
{
    llmobs_config config = sampler_config();
    llmobs_sampler_stats stats;
    bool triggered = false;
    long kept_for[LLMOBS_KEEP_COUNT] = {0};
    keeper kept;
    llmobs* obs;
    int i;
    config.judge_forced_per_minute = 10;
    obs = open_kept(&config, &kept);
    for (i = 0; i < 25; i++) {
        one_error(obs, true);
        kept_for[taken(obs, &triggered)]++;
    }
    is_int(kept_for[LLMOBS_KEEP_ERROR], 10, "a bucket of ten");
    is_int(kept_for[LLMOBS_KEEP_SLOW], 10, "then the next cause has its own");
    is_int(kept_for[LLMOBS_KEEP_NONE], 5, "then there is none");
    fake_now += 12000000000;
    for (i = 0; i < 5; i++) {
        one_error(obs, false);
        kept_for[taken(obs, &triggered)]++;
    }
    is_int(kept_for[LLMOBS_KEEP_ERROR], 12, "in twelve seconds two come");
    stats = sampled(obs);
    is_int(stats.of[LLMOBS_KEEP_ERROR].seen, 30, "seen");
    is_int(stats.of[LLMOBS_KEEP_ERROR].refused, 18, "refused");
    is_int(stats.of[LLMOBS_KEEP_SLOW].seen, 15, "the next cause sees what the first refused");
    is_int(stats.of[LLMOBS_KEEP_RANDOM].seen, 8, "and chance what all did");
    is_str(sample(obs, "llm_sampled_requests_total{reason=\"error\",outcome=\"refused\"}"), "18",
           "the metric says so");
    ok(close_kept(obs, &kept), "all is accounted for");
    config.judge_forced_per_minute = LLMOBS_OFF;
    obs = open_kept(&config, &kept);
    one_error(obs, true);
    is_int(taken(obs, &triggered), LLMOBS_KEEP_NONE, "no tokens at all");
    run_causes(obs, 1u << LLMOBS_KEEP_GUARDRAIL);
    is_int(taken(obs, &triggered), LLMOBS_KEEP_GUARDRAIL, "guardrails need none");
    run_causes(obs, 1u << LLMOBS_KEEP_REQUESTED);
    is_int(taken(obs, &triggered), LLMOBS_KEEP_REQUESTED, "nor does the host");
    (void)close_kept(obs, &kept);
}

static uint64_t told;

static void tell(void* user, llmobs_note note, uint64_t count, const char* text)
{
    (void)user;
    told += note == LLMOBS_NOTE_JUDGE_FULL && strstr(text, "captures") != NULL ? count : 0;
}

static void test_guardrails(void)
{
    llmobs_config config = sampler_config();
    llmobs_sampler_stats stats;
    bool triggered = false;
    long reached = 0;
    keeper kept;
    llmobs* obs;
    int i;
    config.judge_forced_per_minute = 1;
    config.guard_classes = 0;
    config.note = tell;
    obs = open_kept(&config, &kept);
    for (i = 0; i < 1000; i++) {
        run_causes(obs, 1u << LLMOBS_KEEP_GUARDRAIL);
        reached += taken(obs, &triggered) == LLMOBS_KEEP_GUARDRAIL;
    }
    is_int(reached, 1000, "all that a guardrail triggered on reach the judge");
    is_int(told, 0, "nothing to tell");
    for (i = 0; i < 50; i++) {
        run_causes(obs, 1u << LLMOBS_KEEP_GUARDRAIL);
    }
    run_causes(obs, 1u << LLMOBS_KEEP_REQUESTED);
    for (i = 0; i < 10; i++) {
        reached += taken(obs, &triggered) == LLMOBS_KEEP_GUARDRAIL;
    }
    stats = sampled(obs);
    is_int(reached, 1004, "up to the places there are");
    is_int(stats.of[LLMOBS_KEEP_GUARDRAIL].kept, 1050, "they were kept");
    is_int(stats.of[LLMOBS_KEEP_GUARDRAIL].lost, 46, "and lost, each one counted");
    is_int(stats.of[LLMOBS_KEEP_REQUESTED].lost, 1, "under its cause");
    is_int(stats_of(obs).guardrails_missed, 46, "the account has them");
    is_int(stats_of(obs).captures_missed, 47, "and all others");
    is_str(sample(obs, "llm_sampled_requests_total{reason=\"guardrail\",outcome=\"lost\"}"), "46",
           "so has a metric");
    is_str(sample(obs, "llmobs_lost_total"), "46", "and that which the default rules look at");
    ok(told > 0 && told <= 46, "a note says so, at most once a second");
    ok(close_kept(obs, &kept), "all is accounted for");
}

static void one_version(llmobs* obs, const char* model, const char* name, const char* version)
{
    llmobs_request_info info = llmobs_request_info_default();
    llmobs_outcome outcome = llmobs_outcome_default();
    info.model = "an alias";
    info.prompt_name = name;
    info.prompt_version = version;
    outcome.response_model = model;
    llmobs_request_end(llmobs_request_begin(obs, &info), &outcome);
    (void)llmobs_tick(obs);
}

static long versions_kept(llmobs* obs, long count, const char* model, const char* name,
                          const char* version)
{
    bool triggered = false;
    long kept = 0;
    while (count-- > 0) {
        one_version(obs, model, name, version);
        kept += taken(obs, &triggered) == LLMOBS_KEEP_NEW_VERSION;
    }
    return kept;
}

static void test_versions(void)
{
    llmobs_config config = sampler_config();
    keeper kept;
    llmobs* obs;
    config.judge_new_version = 5;
    obs = open_kept(&config, &kept);
    is_int(versions_kept(obs, 20, "m-1", NULL, NULL), 5, "the first five of a model");
    is_int(versions_kept(obs, 20, "m-2", NULL, NULL), 5, "of the next one");
    is_int(versions_kept(obs, 20, "m-1", "greeting", "1"), 5, "of a prompt");
    is_int(versions_kept(obs, 20, "m-1", "greeting", "2"), 5, "of its next version");
    is_int(versions_kept(obs, 20, "m-1", "farewell", "2"), 5, "of another prompt");
    is_int(versions_kept(obs, 20, "m-3", "greeting", "1"), 5, "of a model with a known prompt");
    is_int(versions_kept(obs, 3, "m-4", "x", NULL), 3, "of a model and a prompt without a version");
    is_int(versions_kept(obs, 9, "m-4", "y", NULL), 5, "the prompt's go on where the model's end");
    is_int(versions_kept(obs, 9, NULL, NULL, NULL), 5,
           "as asked for, where nobody says what answered");
    is_int(versions_kept(obs, 20, "m-1", "greeting", "1"), 0, "each once");
    ok(close_kept(obs, &kept), "all is accounted for");
    config.judge_forced_per_minute = 3;
    obs = open_kept(&config, &kept);
    is_int(versions_kept(obs, 20, "m-1", NULL, NULL), 3, "no more than the bucket has");
    fake_now += 60000000000;
    is_int(versions_kept(obs, 20, "m-1", NULL, NULL), 2, "the others are still to come");
    (void)close_kept(obs, &kept);
    config.judge_new_version = 1;
    config.judge_forced_per_minute = 1000000;
    obs = open_kept(&config, &kept);
    {
        long first = 0;
        int i;
        char model[32];
        for (i = 0; i < 3000; i++) {
            (void)sprintf(model, "model-%d", i);
            first += versions_kept(obs, 1, model, NULL, NULL);
        }
        ok(first > 900 && first <= (long)LLMOBS_I_VERSIONS, "as many as there is room for");
        is_int(sampled(obs).versions_missed, 3000 - first, "the others are counted");
        is_int(versions_kept(obs, 1, "model-0", NULL, NULL), 0, "those that are there are known");
    }
    (void)close_kept(obs, &kept);
}

/* ---- chance -------------------------------------------------------------------------------- */

/* What the captures that are there say, summed up. */
typedef struct drawn {
    long count;
    long unsampled; /* by the head */
    double weight;
} drawn;

static void take_all(llmobs* obs, drawn* sum)
{
    llmobs_capture capture;
    while (llmobs_capture_take(obs, &capture)) {
        sum->count += capture.reason == LLMOBS_KEEP_RANDOM;
        sum->weight += capture.weight;
        llmobs_capture_done(&capture);
    }
}

static llmobs_config chance_config(double ratio)
{
    llmobs_config config = sampler_config();
    config.judge_ratio = ratio;
    config.judge_floor_per_hour = LLMOBS_OFF;
    config.guard_classes = 0;
    return config;
}

/* Kept by its trace's random bits: part of what is traced. */
static void test_by_trace(void)
{
    llmobs_config config = chance_config(0.05);
    long count = sized(20000);
    long wrong = 0;
    drawn sum = {0, 0, 0.0};
    llmobs_sampler_stats stats;
    keeper kept;
    llmobs* obs;
    long i;
    config.sample_ratio = 0.2;
    obs = open_kept(&config, &kept);
    for (i = 0; i < count; i++) {
        llmobs_request request = llmobs_request_begin(obs, NULL);
        llmobs_trace_context trace;
        drawn one = {0, 0, 0.0};
        bool keeps;
        (void)llmobs_span_context(llmobs_request_span(request), &trace);
        llmobs_request_end(request, NULL);
        take_all(obs, &one);
        keeps = llmobsi_sampling_keeps(llmobs_sample_threshold(0.05),
                                       llmobsi_sampling_randomness(&trace));
        wrong += keeps != (one.count == 1);
        sum.unsampled += one.count != 0 && (trace.flags & LLMOBS_TRACE_SAMPLED) == 0;
        sum.count += one.count;
        sum.weight += one.weight;
        (void)llmobs_tick(obs);
    }
    is_int(wrong, 0, "each one by the random bits of its trace");
    is_int(sum.unsampled, 0, "what is judged at 5 % is traced at 20 %");
    ok(fabs(sum.weight - (double)count) < 4.0 * 20.0 * sqrt((double)count * 0.05),
       "the weights sum up to all there were");
    stats = sampled(obs);
    is_int(stats.of[LLMOBS_KEEP_RANDOM].seen, count, "all of them drew");
    is_int(stats.of[LLMOBS_KEEP_RANDOM].kept, sum.count, "so many won");
    is_int(stats.of[LLMOBS_KEEP_RANDOM].refused, count - sum.count, "and so many did not");
    is_int(stats.floored, 0, "none by a floor");
    ok(close_kept(obs, &kept), "all is accounted for");
}

/* Where somebody told the bits explicitly, these decide, and not the trace's id. */
static void test_explicit(void)
{
    llmobs_config config = chance_config(0.5);
    llmobs_request_info info = llmobs_request_info_default();
    drawn sum = {0, 0, 0.0};
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    info.traceparent = "00-0102030405060708090a0b0c0d0e0f10-1112131415161718-01";
    llmobs_request_end(llmobs_request_begin(obs, &info), NULL);
    take_all(obs, &sum);
    is_int(sum.count, 0, "0x0a0b... is below a half");
    info.tracestate = "x=y,ot=rv:80000000000000";
    llmobs_request_end(llmobs_request_begin(obs, &info), NULL);
    take_all(obs, &sum);
    is_int(sum.count, 1, "what was told is not");
    ok(sum.weight == 2.0, "and stands for two");
    info.parent = llmobs_span_root(obs, "host's");
    info.traceparent = NULL;
    info.tracestate = NULL;
    llmobs_request_end(llmobs_request_begin(obs, &info), NULL);
    llmobs_span_end(info.parent);
    is_int(sampled(obs).requests, 3, "a local parent's");
    ok(close_kept(obs, &kept), "all is accounted for");
}

/* Without spans there is no trace: the id decides, or the thread's own random numbers. */
static void test_traceless(void)
{
    llmobs_config config = chance_config(0.5);
    drawn sum = {0, 0, 0.0};
    long wrong = 0;
    llmobs* obs;
    int i;
    config.span_slots = LLMOBS_OFF;
    obs = llmobs_open(&config, NULL);
    for (i = 0; i < 1000; i++) {
        llmobs_request_info info = llmobs_request_info_default();
        drawn one = {0, 0, 0.0};
        char id[32];
        name_request(id, i);
        info.request_id = id;
        llmobs_request_end(llmobs_request_begin(obs, &info), NULL);
        take_all(obs, &one);
        wrong += (one.count == 1) != llmobs_should_sample(obs, id, false);
        llmobs_request_end(llmobs_request_begin(obs, NULL), NULL);
        take_all(obs, &sum);
        (void)llmobs_tick(obs);
    }
    is_int(wrong, 0, "without spans its id decides");
    ok(sum.count > 430 && sum.count < 570, "and without an id chance alone");
    (void)llmobs_close(obs);
}

/* ---- by the request's id ------------------------------------------------------------------- */

static const llmobs_span_view* root_of(const keeper* kept)
{
    return kept->count > 0 ? &kept->spans[kept->count - 1] : NULL;
}

static void test_by_request(void)
{
    llmobs_config config = chance_config(0.05);
    long count = sized(5000);
    long wrong = 0;
    long untold = 0;
    llmobs* obs[2];
    keeper kept[2];
    long i;
    int side;
    config.sample_by = LLMOBS_SAMPLE_BY_REQUEST_ID;
    config.sample_seed = 99;
    config.sample_ratio = 0.2;
    obs[0] = open_kept(&config, &kept[0]);
    config.judge_ratio = 0.2;
    obs[1] = open_kept(&config, &kept[1]);
    for (i = 0; i < count; i++) {
        llmobs_request_info info = llmobs_request_info_default();
        uint64_t randomness;
        char id[32];
        name_request(id, i);
        info.request_id = id;
        randomness = llmobs_sample_randomness(id, LLMOBS_NUL_TERMINATED, 99);
        for (side = 0; side < 2; side++) {
            llmobs_request request = llmobs_request_begin(obs[side], &info);
            llmobs_span child = llmobs_phase_begin(request, LLMOBS_PHASE_MODEL_CALL);
            drawn one = {0, 0, 0.0};
            llmobs_trace_context trace;
            bool sampled_here = llmobs_sample_keeps(llmobs_sample_threshold(0.2), randomness);
            (void)llmobs_span_context(child, &trace);
            untold += llmobsi_sampling_randomness(&trace) != randomness ||
                      strncmp(trace.tracestate, sampled_here ? "ot=th:cccd;rv:" : "ot=rv:",
                              sampled_here ? 14 : 6) != 0;
            wrong += ((trace.flags & LLMOBS_TRACE_SAMPLED) != 0) != sampled_here;
            llmobs_span_end(child);
            llmobs_request_end(request, NULL);
            take_all(obs[side], &one);
            wrong += (one.count == 1) !=
                     llmobs_sample_keeps(llmobs_sample_threshold(side == 0 ? 0.05 : 0.2),
                                         randomness);
            wrong += (one.count == 1) != llmobs_should_sample(obs[side], id, false);
            (void)llmobs_tick(obs[side]);
        }
    }
    is_int(wrong, 0, "two services trace and judge by the id, and need not talk");
    is_int(untold, 0, "each trace tells the bits, sampled or not, and so do its children");
    for (side = 0; side < 2; side++) {
        (void)llmobs_flush(obs[side], 1000);
        ok(root_of(&kept[side]) != NULL &&
               strstr(root_of(&kept[side])->trace_state.data, ";rv:") != NULL,
           "what is exported, too");
        ok(close_kept(obs[side], &kept[side]), "all is accounted for");
    }
}

/* Whose trace it is already has its bits. */
static void test_by_request_within(void)
{
    llmobs_config config = chance_config(0.5);
    llmobs_request_info info = llmobs_request_info_default();
    llmobs_request request;
    llmobs_trace_context trace;
    drawn sum = {0, 0, 0.0};
    keeper kept;
    llmobs* obs;
    config.sample_by = LLMOBS_SAMPLE_BY_REQUEST_ID;
    obs = open_kept(&config, &kept);
    info.request_id = "req-17"; /* d32a... */
    info.traceparent = "00-0102030405060708090a0b0c0d0e0f10-1112131415161718-01";
    info.tracestate = "ot=rv:00000000000001";
    request = llmobs_request_begin(obs, &info);
    (void)llmobs_span_context(llmobs_request_span(request), &trace);
    is_str(trace.tracestate, "ot=rv:00000000000001", "a caller's trace keeps the caller's bits");
    llmobs_request_end(request, NULL);
    take_all(obs, &sum);
    is_int(sum.count, 1, "what is judged goes by the id all the same");
    info.request_id = NULL;
    llmobs_request_end(llmobs_request_begin(obs, &info), NULL);
    take_all(obs, &sum);
    is_int(sum.count, 1, "without one by the trace");
    request = llmobs_request_begin(obs, NULL);
    (void)llmobs_span_context(llmobs_request_span(request), &trace);
    is_str(trace.tracestate, "", "which then tells nothing");
    llmobs_request_end(request, NULL);
    memset(&info, 0, sizeof info);
    info.request_id = "req-17";
    request = llmobs_request_begin(obs, &info);
    (void)llmobs_span_context(llmobs_request_span(request), &trace);
    is_str(trace.tracestate, "ot=th:0;rv:d32ab9843a76de", "all are traced: a threshold of 0");
    llmobs_request_end(request, NULL);
    ok(close_kept(obs, &kept), "all is accounted for");
}

/* ---- floors -------------------------------------------------------------------------------- */

typedef struct traffic {
    const char* feature;
    uint64_t every_ns;
    uint64_t due;
    long requests;
    drawn sum;
} traffic;

static void one_of(llmobs* obs, traffic* from)
{
    llmobs_request_info info = llmobs_request_info_default();
    info.feature = from->feature;
    info.model = "m";
    llmobs_request_end(llmobs_request_begin(obs, &info), NULL);
    take_all(obs, &from->sum);
    from->requests++;
}

/* Runs them side by side, at random times. */
static void drive(llmobs* obs, traffic* all, size_t count, uint64_t seconds)
{
    uint64_t end = fake_now + seconds * UINT64_C(1000000000);
    size_t i;
    for (i = 0; i < count; i++) {
        all[i].due = fake_now + next_random() % all[i].every_ns;
    }
    while (fake_now < end) {
        traffic* next = &all[0];
        for (i = 1; i < count; i++) {
            next = all[i].due < next->due ? &all[i] : next;
        }
        if (next->due > fake_now + UINT64_C(5000000000)) {
            fake_now += UINT64_C(5000000000);
        } else {
            fake_now = next->due > fake_now ? next->due : fake_now;
            one_of(obs, next);
            next->due += next_random() % (2 * next->every_ns) + 1;
        }
        (void)llmobs_tick(obs);
    }
}

static void test_floors(void)
{
    llmobs_config config = chance_config(0.01);
    traffic all[3] = {{"busy", UINT64_C(2000000000), 0, 0, {0, 0, 0.0}},
                      {"rare", UINT64_C(60000000000), 0, 0, {0, 0, 0.0}},
                      {"hardly", UINT64_C(1200000000000), 0, 0, {0, 0, 0.0}}};
    const uint64_t hours = 24;
    keeper kept;
    llmobs* obs;
    int i;
    config.judge_floor_per_hour = 6;
    obs = open_kept(&config, &kept);
    drive(obs, all, 3, 3600);
    for (i = 0; i < 3; i++) {
        memset(&all[i].sum, 0, sizeof all[i].sum);
        all[i].requests = 0;
    }
    drive(obs, all, 3, hours * 3600);
    for (i = 0; i < 3; i++) {
        printf("# %s: %ld requests, %ld kept, weight %.1f\n", all[i].feature, all[i].requests,
               all[i].sum.count, all[i].sum.weight);
    }
    ok(fabs((double)all[0].sum.count - 0.01 * (double)all[0].requests) <
           4.0 * sqrt(0.01 * (double)all[0].requests),
       "where there is plenty the ratio alone decides");
    ok(all[1].sum.count > (long)hours * 5 && all[1].sum.count < (long)hours * 9,
       "where there is little, the floor: six an hour of sixty");
    ok(all[2].sum.count >= all[2].requests - 4, "where there is less, all are kept");
    ok(fabs(all[1].sum.weight - (double)all[1].requests) < 0.4 * (double)all[1].requests,
       "the weights sum up to all there were");
    ok(fabs(all[2].sum.weight - (double)all[2].requests) < 4.0, "of which each stands for itself");
    ok(sampled(obs).floored > 0 && sampled(obs).strata == 3, "the counters say so");
    for (i = 0; i < 2; i++) { /* the first step has the last requests in it */
        fake_now += UINT64_C(40000000000000);
        (void)llmobs_tick(obs);
    }
    is_int(sampled(obs).strata, 0, "who is silent gives the place back");
    ok(close_kept(obs, &kept), "all is accounted for");
}

/* A stratum that is new, or wakes up, is not kept whole for long. */
static void test_burst(void)
{
    llmobs_config config = chance_config(0.01);
    traffic burst = {"burst", 1, 0, 0, {0, 0, 0.0}};
    keeper kept;
    llmobs* obs;
    int i;
    config.judge_floor_per_hour = 10;
    obs = open_kept(&config, &kept);
    (void)llmobs_tick(obs);
    for (i = 0; i < 5000; i++) {
        one_of(obs, &burst);
        (void)llmobs_tick(obs);
    }
    ok(burst.sum.count >= 10 && burst.sum.count <= 10 + 50 + 29,
       "at once: an hour's floor, and the ratio of the rest");
    ok(fabs(burst.sum.weight - 5000.0) < 4.0 * 100.0 * sqrt(50.0), "with their weights");
    fake_now += UINT64_C(16000000000);
    (void)llmobs_tick(obs);
    memset(&burst.sum, 0, sizeof burst.sum);
    for (i = 0; i < 5000; i++) {
        one_of(obs, &burst);
        (void)llmobs_tick(obs);
    }
    ok(burst.sum.count <= 50 + 29, "then the ratio");
    fake_now -= UINT64_C(100000000000000);
    (void)llmobs_tick(obs);
    fake_now += UINT64_C(16000000000);
    (void)llmobs_tick(obs);
    is_int(sampled(obs).strata, 1, "a clock that is set back does no harm");
    ok(close_kept(obs, &kept), "all is accounted for");
}

static void test_strata_full(void)
{
    llmobs_config config = chance_config(0.000001);
    traffic one = {"", 1, 0, 0, {0, 0, 0.0}};
    llmobs_sampler_stats stats;
    char feature[32];
    keeper kept;
    llmobs* obs;
    int i;
    config.judge_floor_per_hour = 1;
    obs = open_kept(&config, &kept);
    one.feature = feature;
    for (i = 0; i < 1000; i++) {
        (void)sprintf(feature, "feature-%d", i);
        one_of(obs, &one);
        (void)llmobs_tick(obs);
    }
    stats = sampled(obs);
    ok(stats.strata > 230 && stats.strata <= LLMOBS_I_STRATA, "as many as there is room for");
    is_int(stats.strata_missed, 1000 - stats.strata, "the others are counted");
    is_int(one.sum.count, stats.strata, "and have no floor");
    ok(close_kept(obs, &kept), "all is accounted for");
    config.judge_ratio = LLMOBS_SAMPLE_NONE;
    obs = open_kept(&config, &kept);
    memset(&one.sum, 0, sizeof one.sum);
    one_of(obs, &one);
    is_int(one.sum.count, 0, "where chance keeps none there is no floor");
    (void)close_kept(obs, &kept);
}

/* ---- the counters add up, whatever happens ------------------------------------------------- */

static uint64_t forced_kept(const llmobs_sampler_stats* stats)
{
    uint64_t sum = 0;
    int i;
    for (i = LLMOBS_KEEP_GUARDRAIL; i < (int)LLMOBS_KEEP_RANDOM; i++) {
        sum += stats->of[i].kept;
    }
    return sum;
}

static bool adds_up(const llmobs_sampler_stats* stats)
{
    bool good = stats->requests == forced_kept(stats) + stats->of[LLMOBS_KEEP_RANDOM].seen;
    int i;
    for (i = 0; i < (int)LLMOBS_KEEP_COUNT; i++) {
        good &= stats->of[i].seen == stats->of[i].kept + stats->of[i].refused;
        good &= stats->of[i].lost <= stats->of[i].kept;
    }
    return good;
}

/* Any causes in any number: weights are right although buckets refuse some. */
static void test_any(void)
{
    llmobs_config config = sampler_config();
    long count = sized(20000);
    llmobs_sampler_stats stats;
    drawn sum = {0, 0, 0.0};
    double sigma;
    keeper kept;
    llmobs* obs;
    long i;
    config.judge_ratio = 0.1;
    config.judge_new_version = 0;
    config.judge_forced_per_minute = 2;
    config.judge_floor_per_hour = LLMOBS_OFF;
    obs = open_kept(&config, &kept);
    for (i = 0; i < count; i++) {
        run_causes(obs, next_random() % 4 != 0
                            ? 0
                            : (uint32_t)(next_random() & next_random() & next_random()) &
                                  ((1u << LLMOBS_KEEP_RANDOM) - 2));
        take_all(obs, &sum);
    }
    stats = sampled(obs);
    is_int(stats.requests, count, "all were looked at");
    ok(adds_up(&stats), "each one is kept for a cause, or drew");
    is_int(sum.count, stats.of[LLMOBS_KEEP_RANDOM].kept, "every one that was kept was there");
    sigma = sqrt((double)stats.of[LLMOBS_KEEP_RANDOM].seen * 0.9 / 0.1);
    ok(fabs(sum.weight - (double)count) < 4.0 * sigma, "the weights sum up to all there were");
    ok(close_kept(obs, &kept), "all is accounted for");
}

static void test_off(void)
{
    llmobs_config config = request_config();
    llmobs_request_info info = llmobs_request_info_default();
    llmobs_sampler_stats stats;
    unsigned char old[40];
    uint64_t requests;
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    run_causes(obs, 1u << LLMOBS_KEEP_GUARDRAIL);
    memset(&stats, 0xff, sizeof stats);
    stats.size = 0;
    is_int(llmobs_sampler_read(obs, &stats), LLMOBS_ERROR_ARGUMENT,
           "without captures there is none");
    is_int(stats.requests, 0, "and nothing counted");
    is_int(llmobs_sampler_read(obs, NULL), LLMOBS_ERROR_ARGUMENT, "nowhere to write to");
    is_int(llmobs_sampler_read(NULL, &stats), LLMOBS_ERROR_CLOSED, "no instance");
    is_str(sample(obs, "llm_sampled_requests_total{reason=\"guardrail\",outcome=\"kept\"}"),
           "(none)", "nothing is counted");
    ok(llmobsi_sampler_of(&llmobsi_places[LLMOBS_I_PLACE(llmobsi_ticket(obs))].recorder[0]) == NULL,
       "and it takes no memory");
    (void)close_kept(obs, &kept);
    config = sampler_config();
    obs = open_kept(&config, &kept);
    info.no_capture = true;
    info.debug = true;
    llmobs_request_end(llmobs_request_begin(obs, &info), NULL);
    is_int(sampled(obs).requests, 0, "one that must not be kept is not looked at");
    run_causes(obs, 1u << LLMOBS_KEEP_GUARDRAIL);
    memset(old, 0xff, sizeof old);
    *(size_t*)(void*)old = offsetof(llmobs_sampler_stats, requests) + sizeof(uint64_t);
    is_int(llmobs_sampler_read(obs, (llmobs_sampler_stats*)(void*)old), LLMOBS_OK, "a shorter one");
    memcpy(&requests, old + offsetof(llmobs_sampler_stats, requests), sizeof requests);
    ok(requests == 1 && old[offsetof(llmobs_sampler_stats, requests) + sizeof requests] == 0xff,
       "gets what it has room for");
    (void)close_kept(obs, &kept);
}

static void test_fork(void)
{
    llmobs_config config = sampler_config();
    keeper kept;
    llmobs* obs;
    int status = -1;
    pid_t child;
    config.judge_forced_per_minute = 1;
    config.note = tell;
    obs = open_kept(&config, &kept);
    one_error(obs, false);
    for (status = 0; status < 9; status++) {
        run_causes(obs, 1u << LLMOBS_KEEP_GUARDRAIL);
    }
    told = 0;
    child = fork();
    if (child == 0) {
        bool triggered = false;
        bool bad = sampled(obs).requests != 0;
        fake_now += 10000000000;
        one_error(obs, false);
        bad |= taken(obs, &triggered) != LLMOBS_KEEP_ERROR || told != 0;
        _exit(bad ? 1 : 0);
    }
    (void)waitpid(child, &status, 0);
    is_int(status, 0, "a fork's child counts from zero, and has full buckets");
    is_int(sampled(obs).requests, 10, "the parent's are as they were");
    (void)close_kept(obs, &kept);
}

/* ---- many at once -------------------------------------------------------------------------- */

#define RACERS 4
#define RACE_VERSIONS 20

static llmobsi_sampler race_sampler;
static llmobsi_recorder race_recorder;
static llmobsi_atomic32 racing;
static llmobsi_atomic64 race_kept[LLMOBS_KEEP_COUNT];
static llmobsi_atomic64 race_clock;

static uint64_t race_time(void* user)
{
    (void)user;
    return llmobsi_load_relaxed(&race_clock);
}

static void* race(void* argument)
{
    uint64_t random = (uint64_t)(uintptr_t)argument;
    long i;
    for (i = 0; i < sized(100000); i++) {
        static const char* const names[] = {"a", "b", "c", "d", "e"};
        llmobsi_candidate candidate;
        llmobsi_verdict verdict;
        memset(&candidate, 0, sizeof candidate);
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
        candidate.randomness = random >> 8;
        candidate.causes = (uint32_t)(random >> 60) == 0 ? 1u << LLMOBS_KEEP_ERROR : 0;
        candidate.feature = llmobs_str(names[(random >> 40) % 5]);
        candidate.model = llmobs_str(names[(random >> 44) % 4]);
        llmobsi_sampler_decide(&race_sampler, &race_recorder.timeline, &candidate, &verdict);
        (void)llmobsi_add_relaxed(&race_kept[verdict.reason], 1);
    }
    (void)llmobsi_add_relaxed(&racing, (uint32_t)-1);
    return NULL;
}

static void test_race(void)
{
    llmobs_config config = llmobs_config_default();
    pthread_t threads[RACERS];
    llmobs_sampler_stats stats;
    uint64_t ticks = 0;
    uintptr_t i;
    config.judge_new_version = RACE_VERSIONS;
    config.judge_forced_per_minute = 1000;
    config.clock.unix_ns = race_time;
    memset(&race_sampler, 0, sizeof race_sampler);
    llmobsi_sampler_start(&race_sampler, &config);
    llmobsi_timeline_init(&race_recorder.timeline, &config.clock);
    race_recorder.sampler = &race_sampler;
    race_clock = 1;
    racing = RACERS;
    for (i = 0; i < RACERS; i++) {
        (void)pthread_create(&threads[i], NULL, race, (void*)(i + 1));
    }
    while (llmobsi_load_relaxed(&racing) != 0) {
        llmobsi_store_relaxed(&race_clock, 1 + ticks++ % 3); /* no token comes */
        llmobsi_sampler_tick(&race_recorder);
    }
    for (i = 0; i < RACERS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    /* The last token needs the latest time; a busy machine may not have come back to it. */
    llmobsi_store_relaxed(&race_clock, 3);
    for (i = 0; i < 2; i++) {
        llmobsi_candidate candidate;
        llmobsi_verdict verdict;
        memset(&candidate, 0, sizeof candidate);
        candidate.causes = 1u << LLMOBS_KEEP_ERROR;
        candidate.feature = llmobs_str("a");
        candidate.model = llmobs_str("a");
        llmobsi_sampler_decide(&race_sampler, &race_recorder.timeline, &candidate, &verdict);
        (void)llmobsi_add_relaxed(&race_kept[verdict.reason], 1);
    }
    memset(&stats, 0, sizeof stats);
    llmobsi_sampler_show(&race_sampler, &stats);
    is_int(stats.requests, RACERS * sized(100000) + 2, "all were decided on");
    ok(adds_up(&stats), "the counters add up");
    is_int(stats.of[LLMOBS_KEEP_ERROR].kept, 1000, "a bucket gives each token once");
    is_int(stats.of[LLMOBS_KEEP_NEW_VERSION].kept, 4 * RACE_VERSIONS,
           "each version has as many firsts as it should");
    is_int(race_kept[LLMOBS_KEEP_RANDOM], stats.of[LLMOBS_KEEP_RANDOM].kept, "as was said");
    is_int(stats.strata, 20, "a key stands once");
    is_int(stats.strata_missed + stats.versions_missed, 0, "none is missed");
}

/* Strata come and go under those that count in them. (For ThreadSanitizer.) */
static void test_strata_race(void)
{
    llmobs_config config = llmobs_config_default();
    pthread_t threads[RACERS];
    llmobs_sampler_stats stats;
    uintptr_t i;
    config.judge_new_version = LLMOBS_OFF;
    config.clock.unix_ns = race_time;
    memset(&race_sampler, 0, sizeof race_sampler);
    llmobsi_sampler_start(&race_sampler, &config);
    race_clock = 1;
    racing = RACERS;
    for (i = 0; i < RACERS; i++) {
        (void)pthread_create(&threads[i], NULL, race, (void*)(i + 1));
    }
    while (llmobsi_load_relaxed(&racing) != 0) {
        /* A day: all are silent in the middle of it. */
        (void)llmobsi_add_relaxed(&race_clock, UINT64_C(86400000000000) * 1000);
        llmobsi_sampler_tick(&race_recorder);
    }
    for (i = 0; i < RACERS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    memset(&stats, 0, sizeof stats);
    llmobsi_sampler_show(&race_sampler, &stats);
    ok(adds_up(&stats), "the counters add up while strata go");
}

int main(void)
{
    test_thresholds();
    test_randomness();
    test_rates();
    test_should_sample();
    test_bucket();
    test_bucket_race();
    test_keys();
    test_causes();
    test_marks();
    test_buckets();
    test_guardrails();
    test_versions();
    test_by_trace();
    test_explicit();
    test_traceless();
    test_by_request();
    test_by_request_within();
    test_floors();
    test_burst();
    test_strata_full();
    test_any();
    test_off();
    if (!skipped_without_fork("fork")) {
        test_fork();
    }
    test_race();
    test_strata_race();
    return done();
}

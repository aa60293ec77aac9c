/* The judge: which requests it gets, what becomes of its answers, and of its failures. */
#include "llmobs_private.h"

#include "tap.h"

#include "keeper.h"

#include "needle.h"
#include "requester.h"

#include <sys/wait.h>
#include <unistd.h>

#define CATEGORIES                                                                               \
    "{\"factual_accuracy\": 0.9, \"pii_exposure\": 0.8, \"policy_compliance\": 1.0, "            \
    "\"injection_resistance\": 0.7}"

/* A judge that does as it is told, and remembers. */
typedef struct script {
    llmobs* obs;
    const char* answer;
    llmobs_judge_result result;
    int calls;
    int told;
    int flagged;
    int wrong; /* promises of the library that were broken */
    uint64_t takes_ns;
    int64_t cost_nano;
    uint32_t retry_after_ms;
    uint32_t last_attempt;
    double last_overall;
    llmobs_keep last_reason;
    char last_id[LLMOBS_EXPLAINED_TEXT];
    char prompt[8192];
} script;

static llmobs_judge_result ask(void* user, llmobs_judge_call* call)
{
    script* judge = (script*)user;
    judge->calls++;
    judge->wrong += call->prompt.data[call->prompt.size] != '\0' || call->attempt == 0 ||
                    call->answer_size != 0 || call->size != sizeof *call;
    (void)snprintf(judge->prompt, sizeof judge->prompt, "%s", call->prompt.data);
    (void)snprintf(judge->last_id, sizeof judge->last_id, "%s", call->request_id);
    judge->last_attempt = call->attempt;
    judge->last_reason = call->reason;
    call->cost_nano = judge->cost_nano;
    call->retry_after_ms = judge->retry_after_ms;
    llmobs_judge_answer(call, judge->answer, strlen(judge->answer));
    fake_now += judge->takes_ns;
    return judge->result;
}

static void tell(void* user, const llmobs_verdict* verdict)
{
    script* judge = (script*)user;
    judge->told++;
    judge->flagged += verdict->score.flagged;
    judge->last_overall = verdict->score.overall;
    judge->wrong += verdict->size != sizeof *verdict || verdict->weight < 1.0;
}

static llmobs_config judge_config(void)
{
    llmobs_config config = request_config();
    config.captures = 8;
    config.capture_bytes = 512;
    config.judge_ratio = LLMOBS_SAMPLE_NONE;
    return config;
}

static llmobs_judge scripted(script* judge)
{
    llmobs_judge given = llmobs_judge_default();
    memset(judge, 0, sizeof *judge);
    judge->answer = CATEGORIES;
    judge->cost_nano = 1000;
    given.name = "tester";
    given.ask = ask;
    given.tell = tell;
    given.user = judge;
    return given;
}

static llmobs* open_judged(const llmobs_config* config, const llmobs_judge* given, script* judge,
                           keeper* kept)
{
    llmobs* obs = open_kept(config, kept);
    judge->obs = obs;
    (void)llmobs_judge_set(obs, given);
    return obs;
}

static void one_request(llmobs* obs, const char* id, bool triggered)
{
    llmobs_request_info info = support_info();
    llmobs_outcome outcome = known_outcome();
    llmobs_request request;
    info.request_id = id;
    request = llmobs_request_begin(obs, &info);
    if (triggered) {
        llmobs_guardrail(request, "tone", LLMOBS_GUARDRAIL_FLAGGED);
    }
    outcome.judge = !triggered;
    outcome.context = llmobs_text("what was retrieved", LLMOBS_NUL_TERMINATED);
    llmobs_request_end(request, &outcome);
}

static llmobs_judge_stats stats_of_judge(llmobs* obs)
{
    llmobs_judge_stats stats;
    memset(&stats, 0, sizeof stats);
    (void)llmobs_judge_stats_read(obs, &stats);
    return stats;
}

static bool judge_balances(llmobs* obs)
{
    llmobs_judge_stats stats = stats_of_judge(obs);
    uint64_t sum = stats.judged + stats.unjudged + stats.waiting + stats.given_way;
    int loss;
    for (loss = 0; loss < (int)LLMOBS_JUDGE_LOSS_COUNT; loss++) {
        sum += stats.lost[loss];
    }
    return stats.taken == sum && stats.waiting <= stats.taken;
}

/* ---- verdicts ------------------------------------------------------------------------------ */

static void test_judged(void)
{
    llmobs_config config = judge_config();
    llmobs_judge_stats stats;
    script judge;
    llmobs_judge given = scripted(&judge);
    keeper kept;
    llmobs* obs = open_judged(&config, &given, &judge, &kept);
    size_t i;
    int events = 0;
    is_int(llmobs_judge_work(obs, 10), 0, "nothing waits: nothing is asked");
    one_request(obs, "r-1", false);
    one_request(obs, "r-2", true);
    is_int(llmobs_judge_work(obs, 1), 1, "one at a time, if so wanted");
    is_str(judge.last_id, "r-2", "what a guardrail triggered comes first");
    is_int(judge.last_reason, LLMOBS_KEEP_GUARDRAIL, "and says so");
    ok(strstr(judge.prompt, "what is my balance?") != NULL &&
           strstr(judge.prompt, "it is secret") != NULL &&
           strstr(judge.prompt, "what was retrieved") != NULL,
       "the prompt has the three texts");
    judge.answer = "factual_accuracy: 0.2\npii_exposure: 1.0";
    is_int(llmobs_judge_work(obs, 10), 1, "then the rest");
    is_int(judge.last_reason, LLMOBS_KEEP_REQUESTED, "which the host wished");
    is_int(judge.told, 2, "each verdict is told");
    is_int(judge.flagged, 1, "one is flagged");
    ok(judge.last_overall > 0.19 && judge.last_overall < 0.21, "by its least score");
    is_int(judge.wrong, 0, "every call is as the header says");
    stats = stats_of_judge(obs);
    is_int(stats.judged, 2, "two are judged");
    is_int(stats.partial, 1, "one of them in part");
    is_int(stats.spent_today_nano, 2000, "what it cost is summed up");
    is_str(sample(obs, "llm_judge_evaluations_total{judge=\"tester\",verdict=\"passed\"}"), "1",
           "the metric of verdicts");
    is_str(sample(obs, "llm_judge_evaluations_total{judge=\"tester\",verdict=\"flagged\"}"), "1",
           "by verdict");
    is_str(sample(obs, "llm_judge_score_count{judge=\"tester\",category=\"pii_exposure\"}"), "2",
           "the histogram of scores, by category");
    is_str(sample(obs, "llm_judge_score_count{judge=\"tester\",category=\"policy_compliance\"}"),
           "1", "what has no score is in none");
    (void)llmobs_flush(obs, 1000);
    for (i = 0; i < kept.log_count; i++) {
        llmobs_evaluation evaluation;
        events += llmobs_evaluation_of(&kept.logs[i], &evaluation);
    }
    is_int(events, 5 + 3, "an event for each score, and for the whole");
    ok(judge_balances(obs), "the account balances");
    ok(close_kept(obs, &kept), "all is accounted for");
}

static llmobs_judge_result ask_scores(void* user, llmobs_judge_call* call)
{
    script* judge = (script*)user;
    judge->calls++;
    call->scored = true;
    call->known = 1u << LLMOBS_JUDGE_PII_EXPOSURE;
    call->scores[LLMOBS_JUDGE_PII_EXPOSURE] = judge->last_overall;
    return LLMOBS_JUDGE_DONE;
}

static void test_scores(void)
{
    llmobs_config config = judge_config();
    script judge;
    llmobs_judge given = scripted(&judge);
    keeper kept;
    llmobs* obs;
    given.ask = ask_scores;
    given.max_attempts = 1;
    obs = open_judged(&config, &given, &judge, &kept);
    judge.last_overall = 0.25;
    one_request(obs, "r-1", false);
    (void)llmobs_judge_work(obs, 10);
    is_int(judge.flagged, 1, "a host can give the scores itself");
    judge.last_overall = 7;
    one_request(obs, "r-2", false);
    (void)llmobs_judge_work(obs, 10);
    is_int(stats_of_judge(obs).lost[LLMOBS_JUDGE_LOSS_UNREADABLE], 1,
           "a score of 7 is none, and nothing else was told");
    ok(judge_balances(obs), "the account balances");
    (void)close_kept(obs, &kept);
}

/* ---- failures ------------------------------------------------------------------------------ */

static void test_retries(void)
{
    llmobs_config config = judge_config();
    script judge;
    llmobs_judge given = scripted(&judge);
    keeper kept;
    llmobs* obs;
    given.breaker_failures = 100;
    obs = open_judged(&config, &given, &judge, &kept);
    judge.result = LLMOBS_JUDGE_RETRY;
    one_request(obs, "r-1", false);
    is_int(llmobs_judge_work(obs, 10), 1, "one attempt");
    is_int(stats_of_judge(obs).waiting, 1, "it waits for the next");
    is_int(llmobs_judge_work(obs, 10), 0, "not at once");
    fake_now += 700000000;
    is_int(llmobs_judge_work(obs, 10), 0, "not before the wait is over");
    fake_now += 301000000;
    is_int(llmobs_judge_work(obs, 10), 1, "but then");
    is_int(judge.last_attempt, 2, "the second");
    judge.retry_after_ms = 90000;
    fake_now += 2001000000;
    is_int(llmobs_judge_work(obs, 10), 1, "the third, after twice as long");
    is_int(stats_of_judge(obs).lost[LLMOBS_JUDGE_LOSS_FAILED], 1, "the last: lost, and counted");
    is_int(stats_of_judge(obs).waiting, 0, "nothing waits");
    judge.answer = "I am sorry, I can't do that.";
    judge.result = LLMOBS_JUDGE_DONE;
    one_request(obs, "r-2", false);
    for (judge.calls = 0; judge.calls < 3; fake_now += UINT64_C(100000000000)) {
        (void)llmobs_judge_work(obs, 10);
    }
    is_int(stats_of_judge(obs).lost[LLMOBS_JUDGE_LOSS_UNREADABLE], 1, "prose, three times: lost");
    is_int(stats_of_judge(obs).unreadable, 3, "and counted each time");
    judge.result = LLMOBS_JUDGE_DROP;
    one_request(obs, "r-3", false);
    is_int(llmobs_judge_work(obs, 10), 1, "what is refused");
    is_int(stats_of_judge(obs).lost[LLMOBS_JUDGE_LOSS_REFUSED], 1, "does not come again");
    is_str(sample(obs, "llm_judge_evaluations_total{judge=\"tester\",verdict=\"error\"}"), "3",
           "errors are a verdict of the metric");
    is_int(judge.told, 0, "and none to tell");
    ok(judge_balances(obs), "the account balances");
    ok(close_kept(obs, &kept), "all is accounted for");
}

static void test_retry_after(void)
{
    llmobs_config config = judge_config();
    script judge;
    llmobs_judge given = scripted(&judge);
    keeper kept;
    llmobs* obs = open_judged(&config, &given, &judge, &kept);
    judge.result = LLMOBS_JUDGE_RETRY;
    judge.retry_after_ms = 90000;
    one_request(obs, "r-1", false);
    (void)llmobs_judge_work(obs, 10);
    fake_now += UINT64_C(89000000000);
    is_int(llmobs_judge_work(obs, 10), 0, "a judge may say when to come again");
    fake_now += UINT64_C(1000000000);
    judge.result = LLMOBS_JUDGE_DONE;
    is_int(llmobs_judge_work(obs, 10), 1, "then it is asked");
    is_int(judge.told, 1, "and judged");
    (void)close_kept(obs, &kept);
}

static void test_breaker(void)
{
    llmobs_config config = judge_config();
    script judge;
    llmobs_judge given = scripted(&judge);
    keeper kept;
    llmobs* obs;
    int i;
    given.max_attempts = 1;
    given.breaker_failures = 2;
    given.breaker_pause_ms = 10000;
    obs = open_judged(&config, &given, &judge, &kept);
    judge.result = LLMOBS_JUDGE_RETRY;
    for (i = 0; i < 5; i++) {
        char id[8];
        (void)snprintf(id, sizeof id, "r-%d", i);
        one_request(obs, id, false);
    }
    is_int(llmobs_judge_work(obs, 10), 2, "two failures in a row: it is left alone");
    ok(stats_of_judge(obs).breaker_open, "which can be seen");
    fake_now += UINT64_C(9999000000);
    is_int(llmobs_judge_work(obs, 10), 0, "for as long as was said");
    fake_now += 1000000;
    is_int(llmobs_judge_work(obs, 10), 1, "then one call tries");
    is_int(llmobs_judge_work(obs, 10), 0, "and fails: once more");
    fake_now += UINT64_C(10000000000);
    judge.result = LLMOBS_JUDGE_DONE;
    is_int(llmobs_judge_work(obs, 10), 2, "one that succeeds closes it: all others follow");
    ok(!stats_of_judge(obs).breaker_open, "which can be seen, too");
    is_int(stats_of_judge(obs).breaker_opened, 1, "it was opened once");
    judge.takes_ns = UINT64_C(30000000001);
    one_request(obs, "slow-1", false);
    one_request(obs, "slow-2", false);
    one_request(obs, "slow-3", false);
    is_int(llmobs_judge_work(obs, 10), 2, "what is too slow fails, too");
    is_int(stats_of_judge(obs).timeouts, 2, "is counted");
    is_int(stats_of_judge(obs).judged, 4, "and its answer is used");
    ok(judge_balances(obs), "the account balances");
    (void)close_kept(obs, &kept);
}

/* Its edges: exactly so many calls, exactly so much, no more than can be counted; when a day
   begins. */
static void test_budget_edges(void)
{
    llmobs_config config = judge_config();
    script judge;
    llmobs_judge given = scripted(&judge);
    keeper kept;
    llmobs* obs;
    given.daily_calls = 2;
    config.utc_offset_minutes = 60;
    fake_now = UINT64_C(1764025200000000000) - 1; /* 23:59:59 there */
    obs = open_judged(&config, &given, &judge, &kept);
    one_request(obs, "r-1", false);
    one_request(obs, "r-2", false);
    one_request(obs, "r-3", false);
    (void)llmobs_judge_work(obs, 9);
    is_int(judge.calls, 2, "so many calls a day");
    fake_now++;
    is_int(stats_of_judge(obs).calls_today, 0, "a day begins at midnight there");
    (void)close_kept(obs, &kept);
    given.daily_calls = 0;
    given.daily_nano = INT64_MAX;
    given.call_nano = INT64_MAX - 1;
    obs = open_judged(&config, &given, &judge, &kept);
    judge.calls = 0;
    judge.cost_nano = INT64_MAX - 1; /* which no call costs */
    one_request(obs, "r-1", false);
    (void)llmobs_judge_work(obs, 9);
    judge.cost_nano = 5;
    one_request(obs, "r-2", false);
    one_request(obs, "r-3", false);
    (void)llmobs_judge_work(obs, 9);
    is_int(judge.calls, 2, "so much money a day");
    ok(stats_of_judge(obs).spent_today_nano == INT64_MAX, "sums end where numbers do");
    is_int(stats_of_judge(obs).cost_unknown, 1, "an absurd cost is none");
    ok(judge_balances(obs), "the account balances");
    (void)close_kept(obs, &kept);
}

/* Which calls it lets through, where several are under way at once. */
static void test_breaker_alone(void)
{
    llmobsi_review review;
    bool first = false, second = false;
    memset(&review, 0, sizeof review);
    review.judge.breaker_failures = 2;
    review.judge.breaker_pause_ms = 10;
    ok(llmobsi_breaker_lets(&review, 1000, &first) && !first, "closed: a call is no trial");
    llmobsi_breaker_settle(&review, false, true, 1000);
    llmobsi_breaker_settle(&review, false, true, 1000);
    ok(!llmobsi_breaker_lets(&review, 10000999, &first), "open");
    llmobsi_breaker_settle(&review, false, false, 2000);
    ok(!llmobsi_breaker_lets(&review, 10000999, &first),
       "a call that began before does not close it");
    ok(llmobsi_breaker_lets(&review, 10001000, &first) && first, "its time is over: a trial");
    ok(!llmobsi_breaker_lets(&review, 10001000, &second), "one at a time");
    llmobsi_breaker_settle(&review, false, true, 10002000);
    ok(!llmobsi_breaker_lets(&review, 10001000, &second), "which another call's end is not");
    llmobsi_breaker_settle(&review, true, true, 10003000);
    ok(!llmobsi_breaker_lets(&review, 20002999, &second), "it failed: once more as long");
    ok(llmobsi_breaker_lets(&review, 5, &second) && second,
       "a clock that was set back far does not keep it open");
    llmobsi_breaker_settle(&review, true, false, 6);
    ok(llmobsi_breaker_lets(&review, 7, &first) && !first, "a trial that succeeds closes it");
    is_int(review.stats.breaker_opened, 1, "opened once");
}

static void test_budget(void)
{
    llmobs_config config = judge_config();
    script judge;
    llmobs_judge given = scripted(&judge);
    keeper kept;
    llmobs* obs;
    given.daily_nano = 2500;
    given.call_nano = 1500;
    obs = open_judged(&config, &given, &judge, &kept);
    one_request(obs, "r-1", false);
    one_request(obs, "r-2", false);
    judge.cost_nano = LLMOBS_COST_UNKNOWN;
    (void)llmobs_judge_work(obs, 2);
    is_int(stats_of_judge(obs).spent_today_nano, 3000, "a call of unknown cost counts as assumed");
    is_int(stats_of_judge(obs).cost_unknown, 2, "and as unknown");
    one_request(obs, "r-3", false);
    one_request(obs, "r-4", true);
    is_int(llmobs_judge_work(obs, 2), 2, "two more are looked at");
    is_int(judge.calls, 3, "one of them is asked for:");
    is_int(judge.last_reason, LLMOBS_KEEP_GUARDRAIL, "what a guardrail triggered");
    is_int(stats_of_judge(obs).lost[LLMOBS_JUDGE_LOSS_BUDGET], 1, "the other one is counted");
    fake_now += UINT64_C(86400000000000);
    one_request(obs, "r-5", false);
    (void)llmobs_judge_work(obs, 2);
    is_int(judge.calls, 4, "a new day has a new budget");
    is_int(stats_of_judge(obs).calls_today, 1, "and counts anew");
    fake_now -= UINT64_C(86400000000000);
    is_int(stats_of_judge(obs).calls_today, 1, "which a clock that goes back does not");
    ok(judge_balances(obs), "the account balances");
    (void)close_kept(obs, &kept);
}

/* Where nothing is due, or there is no money for it, the trial is still to come. */
static void test_trial_kept(void)
{
    llmobs_config config = judge_config();
    script judge;
    llmobs_judge given = scripted(&judge);
    keeper kept;
    llmobs* obs;
    given.max_attempts = 1;
    given.breaker_failures = 1;
    given.breaker_pause_ms = 1000;
    given.daily_calls = 1;
    obs = open_judged(&config, &given, &judge, &kept);
    judge.result = LLMOBS_JUDGE_RETRY;
    one_request(obs, "r-1", false);
    (void)llmobs_judge_work(obs, 9);
    fake_now += UINT64_C(1000000000);
    is_int(llmobs_judge_work(obs, 9), 0, "nothing to try");
    one_request(obs, "r-2", false);
    is_int(llmobs_judge_work(obs, 9), 1, "no money to try");
    is_int(stats_of_judge(obs).lost[LLMOBS_JUDGE_LOSS_BUDGET], 1, "which is counted");
    judge.result = LLMOBS_JUDGE_DONE;
    one_request(obs, "r-3", true);
    is_int(llmobs_judge_work(obs, 9), 1, "the next one tries");
    ok(!stats_of_judge(obs).breaker_open, "and closes it");
    (void)close_kept(obs, &kept);
}

/* An answer that fills its room ends there, whatever comes. */
static void test_answer_room(void)
{
    llmobs_judge_call call;
    char room[8];
    memset(&call, 0, sizeof call);
    memset(room, '.', sizeof room);
    call.answer = room;
    call.answer_capacity = 4;
    llmobs_judge_answer(&call, "a", 1);
    llmobs_judge_answer(&call, "bcdef", 5);
    llmobs_judge_answer(&call, "g", 1);
    ok(memcmp(room, "abcd....", 8) == 0, "what does not fit is not written");
    is_int(call.answer_size, 7, "but counted");
}

static llmobs_judge_result ask_long(void* user, llmobs_judge_call* call)
{
    script* judge = (script*)user;
    static char piece[4096];
    int i;
    memset(piece, 'x', sizeof piece);
    llmobs_judge_answer(call, CATEGORIES, strlen(CATEGORIES));
    for (i = 0; i < 256; i++) {
        llmobs_judge_answer(call, piece, sizeof piece);
    }
    llmobs_judge_answer(call, "x", LLMOBS_NUL_TERMINATED);
    llmobs_judge_answer(call, NULL, 0);
    llmobs_judge_answer(call, NULL, 7);
    llmobs_judge_answer(NULL, piece, 7);
    judge->calls = (int)call->answer_size;
    return LLMOBS_JUDGE_DONE;
}

static void test_long(void)
{
    llmobs_config config = judge_config();
    script judge;
    llmobs_judge given = scripted(&judge);
    keeper kept;
    llmobs* obs;
    given.ask = ask_long;
    obs = open_judged(&config, &given, &judge, &kept);
    one_request(obs, "r-1", false);
    (void)llmobs_judge_work(obs, 1);
    is_int(judge.calls, (int)strlen(CATEGORIES) + 256 * 4096 + 1, "an answer of 1 MiB");
    is_int(judge.told, 1, "is cut, and what is left of it is read");
    (void)close_kept(obs, &kept);
}

/* ---- what follows for all ------------------------------------------------------------------ */

/* Flags what the answer itself says is bad. */
static llmobs_judge_result ask_truth(void* user, llmobs_judge_call* call)
{
    (void)user;
    call->scored = true;
    call->known = LLMOBS_JUDGE_BIT(LLMOBS_JUDGE_POLICY_COMPLIANCE);
    call->scores[LLMOBS_JUDGE_POLICY_COMPLIANCE] =
        strstr(call->prompt.data, "bad\n</response") != NULL ? 0.0 : 1.0;
    return LLMOBS_JUDGE_DONE;
}

/* One request in fifty is bad; on half of the bad ones, and on as many good ones, a guardrail
   triggers. */
static void one_of_many(llmobs* obs, int number)
{
    llmobs_request_info info = llmobs_request_info_default();
    llmobs_outcome outcome = llmobs_outcome_default();
    bool bad = number % 50 == 0;
    llmobs_request request;
    char id[16];
    (void)snprintf(id, sizeof id, "e-%d", number);
    info.request_id = id;
    request = llmobs_request_begin(obs, &info);
    if (number % 100 == 0 || number % 100 == 7) {
        llmobs_guardrail(request, "tone", LLMOBS_GUARDRAIL_FLAGGED);
    }
    outcome.output = llmobs_str(bad ? "bad" : "good");
    llmobs_request_end(request, &outcome);
    (void)llmobs_tick(obs);
}

static void test_estimate(void)
{
    llmobs_config config = judge_config();
    llmobs_sampler_stats sampled;
    llmobs_share share;
    script judge;
    llmobs_judge given = scripted(&judge);
    keeper kept;
    llmobs* obs;
    int i;
    given.ask = ask_truth;
    config.captures = 64;
    config.judge_ratio = 0.2;
    config.judge_new_version = LLMOBS_OFF;
    config.judge_floor_per_hour = LLMOBS_OFF;
    config.sample_by = LLMOBS_SAMPLE_BY_REQUEST_ID;
    obs = open_judged(&config, &given, &judge, &kept);
    is_int(llmobs_judge_estimate(obs, 0.95, &share), LLMOBS_OK, "before anything came");
    ok(!share.known && share.low <= 0.0 && share.high >= 1.0, "nothing is known");
    one_of_many(obs, 100);
    is_int(llmobs_judge_estimate(obs, 0.95, &share), LLMOBS_OK, "one waits");
    ok(share.partial && share.high >= 1.0, "so anything may be");
    for (i = 101; i < 5100; i++) {
        one_of_many(obs, i);
        (void)llmobs_judge_work(obs, 8);
    }
    sampled.size = sizeof sampled;
    (void)llmobs_sampler_read(obs, &sampled);
    is_int(llmobs_judge_estimate(obs, 0.95, &share), LLMOBS_OK, "after 5000 requests");
    printf("# %.2f %% flagged of those judged; of all %.2f %%, %.2f to %.2f\n",
           100.0 * (double)stats_of_judge(obs).flagged / (double)stats_of_judge(obs).judged,
           100.0 * share.share, 100.0 * share.low, 100.0 * share.high);
    ok(stats_of_judge(obs).flagged * 20 > stats_of_judge(obs).judged,
       "of those judged far too many are flagged");
    ok(share.known && !share.partial && share.low < 0.02 && 0.02 < share.high &&
           share.high - share.low < 0.03,
       "of all so many as there are, within a narrow interval");
    is_int((int)(share.all + 0.5), 5000, "of all that came");
    is_int(llmobs_judge_estimate(obs, 1.5, &share), LLMOBS_ERROR_ARGUMENT, "no such confidence");
    is_int(llmobs_judge_estimate(obs, 0.95, NULL), LLMOBS_ERROR_ARGUMENT, "no place for it");
    (void)close_kept(obs, &kept);
}

/* ---- what others do with captures ---------------------------------------------------------- */

/* Of those that chance kept: they give way. */
static void random_request(llmobs* obs, const char* id)
{
    llmobs_request_info info = support_info();
    info.request_id = id;
    llmobs_request_end(llmobs_request_begin(obs, &info), NULL);
}

static void test_given_way(void)
{
    llmobs_config config = judge_config();
    llmobs_capture capture;
    script judge;
    llmobs_judge given = scripted(&judge);
    keeper kept;
    llmobs* obs;
    config.captures = 2;
    config.judge_ratio = 1.0;
    config.judge_new_version = LLMOBS_OFF;
    given.breaker_failures = 100;
    obs = open_judged(&config, &given, &judge, &kept);
    judge.result = LLMOBS_JUDGE_RETRY;
    random_request(obs, "r-1");
    (void)llmobs_judge_work(obs, 1);
    one_request(obs, "r-2", true);
    one_request(obs, "r-3", true);
    is_int(stats_of_judge(obs).given_way, 1, "what waits for its next attempt may give way");
    is_int(stats_of_judge(obs).waiting, 0, "and waits no more");
    ok(judge_balances(obs), "the account balances");
    ok(llmobs_capture_take(obs, &capture), "the host takes one");
    llmobs_capture_return(&capture, 0);
    is_int(stats_of_judge(obs).taken, 1, "which is not the judge's");
    is_int(llmobs_judge_work(obs, 2), 2, "nor put back by it");
    is_int(stats_of_judge(obs).taken, 3, "it takes both up");
    is_int(stats_of_judge(obs).waiting, 2, "and puts them back");
    fake_now += UINT64_C(100000000000);
    ok(llmobs_capture_take(obs, &capture), "the host takes one of these");
    llmobs_capture_return(&capture, 0);
    is_int(stats_of_judge(obs).waiting, 1, "it is the host's");
    is_int(stats_of_judge(obs).given_way, 2, "which is counted");
    ok(judge_balances(obs), "the account balances");
    ok(llmobs_capture_take(obs, &capture), "the other one, too");
    llmobs_capture_done(&capture);
    judge.result = LLMOBS_JUDGE_DONE;
    is_int(llmobs_judge_work(obs, 2), 1, "what it gave back is a new one");
    is_int(stats_of_judge(obs).waiting, 0, "nothing waits");
    ok(judge_balances(obs), "the account balances");
    ok(close_kept(obs, &kept), "all is accounted for");
}

/* ---- numbers that differ ------------------------------------------------------------------- */

static void test_numbers(void)
{
    llmobs_config config = judge_config();
    char number[2][17];
    script judge;
    llmobs_judge given = scripted(&judge);
    keeper kept;
    llmobs* obs = open_judged(&config, &given, &judge, &kept);
    int i;
    one_request(obs, "r-1", false);
    one_request(obs, "r-2", false);
    for (i = 0; i < 2; i++) {
        const char* tag;
        (void)llmobs_judge_work(obs, 1);
        tag = strstr(judge.prompt, "<response-");
        (void)snprintf(number[i], sizeof number[i], "%s", tag != NULL ? tag + 10 : "");
    }
    is_int(strlen(number[0]), 16, "tags have a number");
    ok(strcmp(number[0], number[1]) != 0, "another one in each prompt");
    (void)close_kept(obs, &kept);
}

/* ---- callbacks, setting up ----------------------------------------------------------------- */

static llmobs_judge_result ask_back(void* user, llmobs_judge_call* call)
{
    script* judge = (script*)user;
    llmobs_request_info info = llmobs_request_info_default();
    judge->wrong += llmobs_tick(judge->obs) != LLMOBS_ERROR_BUSY;
    judge->wrong += llmobs_flush(judge->obs, 0) != LLMOBS_ERROR_BUSY;
    judge->wrong += llmobs_close(judge->obs) != LLMOBS_ERROR_BUSY;
    judge->wrong += llmobs_judge_work(judge->obs, 1) != 0;
    judge->wrong += llmobs_judge_flush(judge->obs, 0) != LLMOBS_ERROR_BUSY;
    info.no_capture = true;
    llmobs_request_end(llmobs_request_begin(judge->obs, &info), NULL);
    llmobs_judge_answer(call, CATEGORIES, strlen(CATEGORIES));
    return LLMOBS_JUDGE_DONE;
}

static void test_calls_back(void)
{
    llmobs_config config = judge_config();
    script judge;
    llmobs_judge given = scripted(&judge);
    keeper kept;
    llmobs* obs;
    given.ask = ask_back;
    obs = open_judged(&config, &given, &judge, &kept);
    one_request(obs, "r-1", false);
    (void)llmobs_judge_work(obs, 1);
    is_int(judge.wrong, 0, "what waits for callbacks answers BUSY inside one");
    is_int(stats_of(obs).requests_ended, 2, "what it records there counts");
    ok(close_kept(obs, &kept), "all is accounted for");
}

static llmobs_judge_result ask_fork(void* user, llmobs_judge_call* call)
{
    script* judge = (script*)user;
    judge->wrong = (int)fork();
    llmobs_judge_answer(call, CATEGORIES, strlen(CATEGORIES));
    return LLMOBS_JUDGE_DONE;
}

static void test_fork_inside(void)
{
    llmobs_config config = judge_config();
    script judge;
    llmobs_judge given = scripted(&judge);
    keeper kept;
    llmobs* obs;
    uint32_t count;
    int status = -1;
    given.ask = ask_fork;
    obs = open_judged(&config, &given, &judge, &kept);
    one_request(obs, "r-1", false);
    count = llmobs_judge_work(obs, 1);
    if (judge.wrong == 0) {
        llmobs_judge_stats stats = stats_of_judge(obs);
        bool fresh = count == 0 && judge.told == 0 && stats.taken == 0 && stats.judged == 0 &&
                     stats.waiting == 0 && llmobs_judge_flush(obs, 0) == LLMOBS_OK;
        one_request(obs, "r-2", false);
        fresh = fresh && (llmobs_judge_work(obs, 1) == 1 || judge.wrong == 0);
        _exit(!fresh ? 1 : llmobs_close(obs) != LLMOBS_OK ? 2 : 0);
    }
    (void)waitpid((pid_t)judge.wrong, &status, 0);
    is_int(status, 0, "a callback may fork and come back: the child has judged nothing");
    is_int(count, 1, "one call, of the parent's");
    is_int(judge.told, 1, "which goes on");
    ok(judge_balances(obs), "the account balances");
    ok(close_kept(obs, &kept), "all is accounted for");
}

static void test_set(void)
{
    llmobs_config config = judge_config();
    llmobs_judge_stats stats;
    script judge;
    llmobs_judge given = scripted(&judge);
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    is_int(llmobs_judge_set(obs, NULL), LLMOBS_ERROR_ARGUMENT, "no judge");
    given.ask = NULL;
    is_int(llmobs_judge_set(obs, &given), LLMOBS_ERROR_ARGUMENT, "one that can't be asked");
    is_int(llmobs_judge_flush(obs, 10), LLMOBS_OK, "nothing waits");
    one_request(obs, "r-1", false);
    is_int(llmobs_judge_flush(obs, 10), LLMOBS_ERROR_TIMEOUT, "without a judge it waits");
    given.ask = ask;
    is_int(llmobs_judge_set(obs, &given), LLMOBS_OK, "a judge");
    is_int(llmobs_judge_set(obs, &given), LLMOBS_ERROR_LIMIT, "there is one already");
    is_int(llmobs_judge_flush(obs, 1000), LLMOBS_OK, "what waited is judged");
    is_int(judge.told, 1, "once");
    is_int(llmobs_judge_stats_read(obs, NULL), LLMOBS_ERROR_ARGUMENT, "no place for its account");
    (void)close_kept(obs, &kept);
    is_int(llmobs_judge_set(obs, &given), LLMOBS_ERROR_CLOSED, "closed");
    is_int(llmobs_judge_flush(obs, 10), LLMOBS_ERROR_CLOSED, "likewise");
    is_int(llmobs_judge_work(obs, 10), 0, "likewise");
    is_int(llmobs_judge_stats_read(obs, &stats), LLMOBS_ERROR_CLOSED, "likewise");
    config.captures = 0;
    obs = open_kept(&config, &kept);
    is_int(llmobs_judge_set(obs, &given), LLMOBS_ERROR_ARGUMENT, "without captures there is none");
    is_int(llmobs_judge_stats_read(obs, &stats), LLMOBS_ERROR_ARGUMENT, "and no account");
    is_int(llmobs_memory_of(&config, LLMOBS_PILLAR_JUDGE), 0, "and no memory");
    (void)close_kept(obs, &kept);
    is_str(llmobs_judge_loss_name(LLMOBS_JUDGE_LOSS_BUDGET), "budget", "losses have names");
    is_str(llmobs_judge_loss_name((llmobs_judge_loss)99), "unknown", "others do not");
}

/* ---- threads ------------------------------------------------------------------------------- */

#define PRODUCERS 8

static llmobs* race_obs;
static llmobsi_atomic64 race_told;
static llmobsi_atomic32 race_calls;

/* Fails each third time, answers prose each seventh. */
static llmobs_judge_result ask_badly(void* user, llmobs_judge_call* call)
{
    uint32_t number = llmobsi_add_relaxed(&race_calls, 1);
    (void)user;
    call->cost_nano = 1;
    call->retry_after_ms = 1;
    llmobs_judge_answer(call, number % 7 == 0 ? NEEDLE : CATEGORIES,
                        strlen(number % 7 == 0 ? NEEDLE : CATEGORIES));
    return number % 3 == 0 ? LLMOBS_JUDGE_RETRY : LLMOBS_JUDGE_DONE;
}

static void count_told(void* user, const llmobs_verdict* verdict)
{
    (void)user;
    (void)verdict;
    (void)llmobsi_add_relaxed(&race_told, 1);
}

static void* produce(void* argument)
{
    int i;
    for (i = 0; i < (int)sized(400); i++) {
        llmobs_request_info info = llmobs_request_info_default();
        llmobs_outcome outcome = llmobs_outcome_default();
        char id[32];
        (void)snprintf(id, sizeof id, "%d-%d", (int)(intptr_t)argument, i);
        info.request_id = id;
        outcome.judge = true;
        outcome.output = llmobs_text(NEEDLE, sizeof NEEDLE - 1);
        llmobs_request_end(llmobs_request_begin(race_obs, &info), &outcome);
        (void)usleep(i % 16 == 0 ? 1000 : 0);
    }
    return NULL;
}

static void test_stress(void)
{
    llmobs_config config = judge_config();
    llmobs_judge given = llmobs_judge_default();
    pthread_t threads[PRODUCERS];
    llmobs_judge_stats judged;
    llmobs_stats stats;
    keeper kept;
    int i;
    config.clock.unix_ns = NULL;
    config.host_pumped = false;
    config.tick_ms = 2;
    config.requests = 64;
    config.captures = 32;
    config.judge_workers = 2;
    config.memory_bytes = llmobs_memory_needed(&config);
    config.memory = aligned_alloc(4096, (config.memory_bytes + 4095) & ~(size_t)4095);
    given.ask = ask_badly;
    given.tell = count_told;
    given.breaker_failures = 1000000;
    race_obs = open_kept(&config, &kept);
    (void)llmobs_judge_set(race_obs, &given);
    for (i = 0; i < PRODUCERS; i++) {
        (void)pthread_create(&threads[i], NULL, produce, (void*)(intptr_t)i);
    }
    for (i = 0; i < PRODUCERS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    is_int(llmobs_judge_flush(race_obs, 60000), LLMOBS_OK, "all that was kept is judged");
    judged = stats_of_judge(race_obs);
    stats = stats_of(race_obs);
    ok(judge_balances(race_obs) && judged.waiting == 0, "the judge's account balances");
    is_int(judged.taken, stats.captures_selected, "and is that of what was selected");
    is_int(judged.judged, race_told, "each verdict was told");
    ok(judged.judged > 0 && judged.lost[LLMOBS_JUDGE_LOSS_REFUSED] == 0, "there were some");
    is_int(needles(config.memory, config.memory_bytes, NEEDLE), 0,
           "nothing readable is left in memory");
    ok(close_kept(race_obs, &kept), "all is accounted for");
    (void)llmobs_release();
    free(config.memory);
}

static llmobsi_atomic32 hang_step; /* 1: inside, 2: let go, 3: back */

static llmobs_judge_result ask_hang(void* user, llmobs_judge_call* call)
{
    (void)user;
    llmobsi_store_release(&hang_step, 1);
    while (llmobsi_load_acquire(&hang_step) != 2) {
        (void)usleep(1000);
    }
    llmobs_judge_answer(call, CATEGORIES, strlen(CATEGORIES));
    llmobsi_store_release(&hang_step, 3);
    return LLMOBS_JUDGE_DONE;
}

static void test_hangs(void)
{
    llmobs_config config = judge_config();
    script judge;
    llmobs_judge given = scripted(&judge);
    keeper kept;
    llmobs* obs;
    config.host_pumped = false;
    config.clock.unix_ns = NULL;
    config.close_timeout_ms = 100;
    given.ask = ask_hang;
    obs = open_judged(&config, &given, &judge, &kept);
    one_request(obs, "r-1", false);
    one_request(obs, "r-2", false);
    while (llmobsi_load_acquire(&hang_step) != 1) {
        (void)usleep(1000);
    }
    is_int(llmobs_judge_flush(obs, 20), LLMOBS_ERROR_TIMEOUT, "a judge that hangs holds up nobody");
    is_int(llmobs_flush(obs, 5000), LLMOBS_OK, "not what is exported");
    is_int(llmobs_close(obs), LLMOBS_ERROR_INCOMPLETE, "a close goes on without it, and says so");
    llmobsi_store_release(&hang_step, 2);
    while (llmobsi_load_acquire(&hang_step) != 3) {
        (void)usleep(1000);
    }
    (void)usleep(20000);
    is_int(judge.told, 0, "what it says then is told to nobody");
    keeper_clear(&kept);
}

static llmobsi_atomic32 forked_child;

/* Comes back in the child, on what was a worker's thread. */
static llmobs_judge_result ask_fork_away(void* user, llmobs_judge_call* call)
{
    pid_t child = fork();
    (void)user;
    (void)call;
    if (child != 0) {
        llmobsi_store_release(&forked_child, (uint32_t)child);
    }
    return LLMOBS_JUDGE_DROP;
}

static void test_worker_forks(void)
{
    llmobs_config config = judge_config();
    script judge;
    llmobs_judge given = scripted(&judge);
    keeper kept;
    llmobs* obs;
    int status = -1;
    config.host_pumped = false;
    config.clock.unix_ns = NULL;
    given.ask = ask_fork_away;
    obs = open_judged(&config, &given, &judge, &kept);
    one_request(obs, "r-1", false);
    is_int(llmobs_judge_flush(obs, 10000), LLMOBS_OK, "refused");
    (void)waitpid((pid_t)llmobsi_load_acquire(&forked_child), &status, 0);
    if (LLMOBS_I_TSAN) { /* its own state of that last thread is gone when the process ends */
        skip("in the child the worker ends", "not under ThreadSanitizer");
    } else {
        is_int(status, 0, "in the child the worker ends, and the process with its last thread");
    }
    ok(close_kept(obs, &kept), "all is accounted for");
}

static void* flush_long(void* argument)
{
    (void)llmobs_judge_flush((llmobs*)argument, 200);
    return NULL;
}

static void test_cancelled(void)
{
    llmobs_config config = judge_config();
    pthread_t thread;
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    one_request(obs, "r-1", false); /* without a judge it waits */
    (void)pthread_create(&thread, NULL, flush_long, obs);
    (void)pthread_cancel(thread);
    (void)pthread_join(thread, NULL);
    is_int(llmobs_judge_flush(obs, 1), LLMOBS_ERROR_TIMEOUT, "who is cancelled leaves no lock");
    ok(close_kept(obs, &kept), "nor is anybody inside");
}

static void test_fork(void)
{
    llmobs_config config = judge_config();
    script judge;
    llmobs_judge given = scripted(&judge);
    keeper kept;
    llmobs* obs;
    int status = -1;
    pid_t child;
    config.host_pumped = getenv("LLMOBS_SANITIZED") != NULL; /* TSan ends children with threads */
    config.clock.unix_ns = NULL;
    obs = open_judged(&config, &given, &judge, &kept);
    one_request(obs, "r-1", false);
    is_int(llmobs_judge_flush(obs, 10000), LLMOBS_OK, "judged");
    child = fork();
    if (child == 0) {
        bool bad;
        one_request(obs, "r-2", false);
        bad = llmobs_judge_flush(obs, 10000) != LLMOBS_OK || judge.told != 2 ||
              stats_of_judge(obs).taken != 1 || strcmp(judge.last_id, "r-2") != 0;
        _exit(bad ? 1 : 0);
    }
    (void)waitpid(child, &status, 0);
    is_int(status, 0, "a fork's child judges its own requests, and counts from nothing");
    ok(close_kept(obs, &kept), "all is accounted for");
}

int main(void)
{
    test_judged();
    test_scores();
    test_retries();
    test_retry_after();
    test_breaker();
    test_breaker_alone();
    test_budget();
    test_budget_edges();
    test_trial_kept();
    test_answer_room();
    test_long();
    test_estimate();
    test_given_way();
    test_numbers();
    test_calls_back();
    if (!skipped_without_fork("fork inside a callback")) {
        test_fork_inside();
    }
    test_set();
    test_stress();
    test_hangs();
    if (!skipped_by_qemu("fork") && !skipped_without_fork("fork")) {
        test_fork();
    }
    if (!skipped_without_fork("a worker that forks")) {
        test_worker_forks();
    }
    test_cancelled();
    return done();
}

/* The cost ledger: every sum exact, in every period, whatever runs out. */
#include "llmobs_private.h"

#include "tap.h"

#include "keeper.h"

#define RANDOM_SEED 11
#include "random.h"
#include "requester.h"

#include "ledger.h"

#include <pthread.h>

/* ---- sums ---------------------------------------------------------------------------------- */

static void test_sums(void)
{
    llmobs_config config = ledger_config();
    llmobs_cost_question question = llmobs_cost_question_default();
    const llmobs_cost_sums* sums = &asked_answer.total;
    llmobs_request_info info = support_info();
    llmobs_outcome outcome = known_outcome();
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    ok(ask(obs, NULL, 64) == LLMOBS_OK && asked_answer.count == 0 && sums->requests == 0,
       "nothing was spent");
    outcome.usage.cache_write_tokens = 1;
    outcome.usage.reasoning_tokens = 2;
    outcome.usage.audio_input_tokens = 3;
    outcome.usage.audio_output_tokens = 4;
    outcome.usage.image_input_tokens = 5;
    outcome.usage.image_output_tokens = 6;
    run_chain(obs, &info, &outcome);
    outcome = llmobs_outcome_default();
    outcome.error_type = "timeout";
    run_chain(obs, &info, &outcome);
    ok(ask(obs, &question, 64) == LLMOBS_OK, "asked");
    is_int(sums->requests, 2, "requests");
    is_int(sums->errors, 1, "errors");
    is_int(sums->unknown, 1, "of unknown cost");
    is_int(sums->unbounded, 1, "and without a most");
    is_int(sums->cost_nano, 179400, "cost");
    is_int(sums->latency_ns, 2 * INT64_C(7351000000), "latency");
    is_int(sums->tokens, 812 + 96 + 5, "tokens; of a request that told none, those it made");
    is_int(sums->input_tokens, 812, "input");
    is_int(sums->output_tokens, 96 + 5, "output");
    ok(sums->cached_tokens == 512 && sums->cache_write_tokens == 1 && sums->reasoning_tokens == 2 &&
           sums->audio_input_tokens == 3 && sums->audio_output_tokens == 4 &&
           sums->image_input_tokens == 5 && sums->image_output_tokens == 6,
       "every kind");
    ok(asked_answer.count == 1 && strcmp(asked_lines[0].name, "support") == 0, "a line");
    ok(asked_lines[0].low_nano == 179400 && asked_lines[0].high_nano == INT64_MAX,
       "what is unknown may be anything");
    ok(adds_up(), "lines and rest are the total");
    (void)llmobs_request_begin(obs, &info);
    fake_now += UINT64_C(4000) * 1000000000;
    (void)ask(obs, &question, 64);
    ok(sums->requests == 3 && sums->errors == 2 && sums->unknown == 2,
       "one that nobody ended has failed, at unknown cost");
    ok(close_kept(obs, &kept), "all is accounted for");
}

/* Sums stay at INT64_MAX, and it is told. */
static void test_saturation(void)
{
    llmobs_cost_sums a;
    llmobs_cost_sums b;
    memset(&a, 0, sizeof a);
    memset(&b, 0, sizeof b);
    a.cost_nano = INT64_MAX - 5;
    a.tokens = 7;
    b.cost_nano = 5;
    b.requests = 1;
    is_int(llmobsi_cost_sums_add(&a, &b), 0, "up to INT64_MAX");
    is_int(llmobsi_cost_sums_add(&a, &b), 1, "one sum is at its end");
    ok(a.cost_nano == INT64_MAX && a.requests == 2 && a.tokens == 7, "and the others are right");
    a.cost_nano = b.cost_nano = INT64_MAX;
    a.image_output_tokens = b.image_output_tokens = INT64_MAX;
    is_int(llmobsi_cost_sums_add(&a, &b), 2, "twice the most");
    ok(a.cost_nano == INT64_MAX && a.image_output_tokens == INT64_MAX, "is the most");
}

/* ---- periods ------------------------------------------------------------------------------- */

static int64_t of_period(llmobs* obs, llmobs_period period, uint32_t ago)
{
    llmobs_cost_question question = llmobs_cost_question_default();
    question.period = period;
    question.ago = ago;
    return ask(obs, &question, 64) == LLMOBS_OK && adds_up() ? asked_answer.total.cost_nano : -1;
}

static void test_periods(void)
{
    static const spent one = {"f", "m", "t", "u", 1};
    llmobs_config config = ledger_config();
    llmobs_cost_question question = llmobs_cost_question_default();
    keeper kept;
    llmobs* obs;
    uint64_t begin;
    config.utc_offset_minutes = 90; /* noon in Greenwich is half past one */
    obs = open_kept(&config, &kept);
    begin = fake_now;
    spend(obs, one);
    fake_now = begin + HOUR / 2 - 1;
    spend(obs, one);
    is_int(of_period(obs, LLMOBS_PERIOD_HOUR, 0), 2, "an hour, to its last nanosecond");
    fake_now++;
    is_int(of_period(obs, LLMOBS_PERIOD_HOUR, 0), 0, "the next one");
    is_int(of_period(obs, LLMOBS_PERIOD_HOUR, 1), 2, "the one before it");
    spend(obs, one);
    is_int(of_period(obs, LLMOBS_PERIOD_DAY, 0), 3, "a day");
    ok(asked_answer.begin_unix_ns == UINT64_C(1764541800000000000) &&
           asked_answer.end_unix_ns == asked_answer.begin_unix_ns + DAY,
       "which begins at midnight, there");
    fake_now = asked_answer.end_unix_ns;
    spend(obs, one);
    is_int(of_period(obs, LLMOBS_PERIOD_DAY, 0), 1, "the next day");
    is_int(of_period(obs, LLMOBS_PERIOD_DAY, 1), 3, "the day before");
    is_int(of_period(obs, LLMOBS_PERIOD_MONTH, 0), 4, "a month");
    fake_now = begin + 40 * DAY;
    spend(obs, one);
    is_int(of_period(obs, LLMOBS_PERIOD_MONTH, 1), 4, "the month before");
    is_int(of_period(obs, LLMOBS_PERIOD_DAY, 31), 0, "a day that nobody spent in");
    is_int(of_period(obs, LLMOBS_PERIOD_DAY, 32), -1, "before that nothing is kept");
    fake_now = begin + 400 * DAY;
    spend(obs, one);
    is_int(of_period(obs, LLMOBS_PERIOD_MONTH, 12), 1, "twelve months ago");
    is_int(of_period(obs, LLMOBS_PERIOD_MONTH, 11), 0, "its place was another's before");
    is_int(of_period(obs, LLMOBS_PERIOD_NONE, 0), 6, "of all time");
    ok(asked_answer.begin_unix_ns == 0 && asked_answer.end_unix_ns == UINT64_MAX, "it is ever");
    question.period = LLMOBS_PERIOD_COUNT;
    is_int(ask(obs, &question, 64), LLMOBS_ERROR_ARGUMENT, "no period");
    /* The clock goes back: to hours that are there still, and to others. */
    fake_now -= 2 * HOUR;
    spend(obs, one);
    is_int(of_period(obs, LLMOBS_PERIOD_HOUR, 0), 1, "an hour that is over");
    fake_now -= 100 * DAY;
    spend(obs, one);
    (void)of_period(obs, LLMOBS_PERIOD_NONE, 0);
    is_int(asked_answer.total.cost_nano, 8, "one that is forgotten counts for all time");
    ok(llmobsi_cost_ledger_of(llmobsi_places[LLMOBS_I_PLACE(llmobsi_ticket(obs))].recorder)->late >
           0,
       "and is told to be late");
    ok(close_kept(obs, &kept), "all is accounted for");
}

/* ---- what runs out ------------------------------------------------------------------------- */

static const char* name_of(const char* head, uint64_t number)
{
    static char names[3][32];
    static int next;
    char* name = names[next++ % 3];
    (void)snprintf(name, sizeof names[0], "%s%u", head, (unsigned)number);
    return name;
}

static void test_rows_run_out(void)
{
    llmobs_config config = ledger_config();
    llmobs_cost_question question = llmobs_cost_question_default();
    keeper kept;
    llmobs* obs;
    int i;
    config.cost_rows = 16;
    obs = open_kept(&config, &kept);
    for (i = 0; i < 40; i++) {
        spent one = {NULL, "m", "t", NULL, 100};
        one.feature = name_of("f", (uint64_t)i);
        spend(obs, one);
        (void)llmobs_tick(obs);
    }
    ok(ask(obs, &question, 64) == LLMOBS_OK && adds_up(), "rows run out");
    is_int(asked_answer.total.cost_nano, 4000, "the total is exact");
    is_int(asked_line("f13")->sums.cost_nano, 100, "the first ones have their rows");
    is_int(asked_line(LLMOBS_COST_OTHER)->sums.cost_nano, 2600, "the others are together");
    ok(strcmp(asked_lines[0].name, LLMOBS_COST_OTHER) == 0, "in their place by cost");
    question.feature = "f30";
    (void)ask(obs, &question, 64);
    is_int(asked_answer.total.requests, 0, "of one of them nothing is known");
    ok(close_kept(obs, &kept), "all is accounted for");
}

/* Many rows in many hours: old hours lose their details, then old days. */
static void test_places_run_out(void)
{
    llmobs_config config = ledger_config();
    llmobs_cost_question question = llmobs_cost_question_default();
    llmobsi_cost_ledger* ledger;
    keeper kept;
    llmobs* obs;
    int wrong = 0;
    int hour;
    int i;
    config.cost_places = 64;
    obs = open_kept(&config, &kept);
    for (hour = 0; hour < 20; hour++) {
        for (i = 0; i < 10; i++) {
            spent one = {NULL, "m", "t", NULL, 7};
            one.feature = name_of("f", (uint64_t)i);
            spend(obs, one);
        }
        (void)llmobs_tick(obs);
        fake_now += HOUR;
    }
    fake_now -= HOUR;
    ledger = llmobsi_cost_ledger_of(llmobsi_places[LLMOBS_I_PLACE(llmobsi_ticket(obs))].recorder);
    ok(ledger->folded > 0, "places run out");
    for (hour = 0; hour < 20; hour++) {
        wrong += of_period(obs, LLMOBS_PERIOD_HOUR, (uint32_t)hour) != 70;
    }
    is_int(wrong, 0, "each hour's total is exact");
    (void)of_period(obs, LLMOBS_PERIOD_HOUR, 19);
    ok(asked_answer.count == 1 && strcmp(asked_lines[0].name, LLMOBS_COST_OTHER) == 0,
       "an old one has lost its details");
    (void)of_period(obs, LLMOBS_PERIOD_HOUR, 0);
    is_int(asked_answer.count, 10, "the newest has not");
    is_int(of_period(obs, LLMOBS_PERIOD_DAY, 0) + of_period(obs, LLMOBS_PERIOD_DAY, 1), 1400,
           "days");
    (void)of_period(obs, LLMOBS_PERIOD_MONTH, 0);
    is_int(asked_line("f3")->sums.cost_nano, 140, "the month has its details");
    question.period = LLMOBS_PERIOD_NONE;
    (void)ask(obs, &question, 64);
    is_int(asked_line("f3")->sums.cost_nano, 140, "and all time");
    ok(close_kept(obs, &kept), "all is accounted for");
}

/* ---- against an exact copy ----------------------------------------------------------------- */

enum { FEATURES = 7, MODELS = 5, TENANTS = 3 };

static int64_t copy[FEATURES][MODELS][TENANTS];

static int check_dimension(llmobs* obs, llmobs_cost_by by, const char* head, int count)
{
    llmobs_cost_question question = llmobs_cost_question_default();
    int wrong = 0;
    int i;
    question.by = by;
    wrong += ask(obs, &question, 64) != LLMOBS_OK || !adds_up();
    for (i = 0; i < count; i++) {
        int64_t want = 0;
        int f, m, t;
        for (f = 0; f < FEATURES; f++) {
            for (m = 0; m < MODELS; m++) {
                for (t = 0; t < TENANTS; t++) {
                    int of = by == LLMOBS_COST_BY_FEATURE ? f : by == LLMOBS_COST_BY_MODEL ? m : t;
                    want += of == i ? copy[f][m][t] : 0;
                }
            }
        }
        wrong += asked_line(name_of(head, (uint64_t)i))->sums.cost_nano != want;
    }
    return wrong;
}

static void test_random(void)
{
    llmobs_config config = ledger_config();
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    int64_t total = 0;
    int i;
    for (i = 0; i < 20000; i++) {
        uint64_t random = next_random();
        int f = (int)(random % FEATURES), m = (int)(random / 8 % MODELS);
        int t = (int)(random / 64 % TENANTS);
        spent one = {NULL, NULL, NULL, NULL, 0};
        one.feature = name_of("f", (uint64_t)f);
        one.model = name_of("m", (uint64_t)m);
        one.tenant = name_of("t", (uint64_t)t);
        one.nano = (int64_t)(next_random() % 1000000007);
        copy[f][m][t] += one.nano;
        total += one.nano;
        spend(obs, one);
        if (i % 16 == 15) {
            (void)llmobs_tick(obs);
        }
    }
    is_int(check_dimension(obs, LLMOBS_COST_BY_FEATURE, "f", FEATURES), 0, "features are exact");
    is_int(check_dimension(obs, LLMOBS_COST_BY_MODEL, "m", MODELS), 0, "models");
    is_int(check_dimension(obs, LLMOBS_COST_BY_TENANT, "t", TENANTS), 0, "tenants");
    is_int(asked_answer.total.cost_nano, total, "the total is the same by each");
    ok(close_kept(obs, &kept), "all is accounted for");
}

/* ---- many threads -------------------------------------------------------------------------- */

#define THREADS 8

static llmobs* race_obs;
static int64_t race_sums[THREADS];

static void* spend_much(void* argument)
{
    int64_t* sum = (int64_t*)argument;
    uint64_t state = (uint64_t)(sum - race_sums) + 1;
    long i;
    for (i = 0; i < sized(20000); i++) {
        int64_t nano = (int64_t)((state = state * UINT64_C(6364136223846793005) + 1) >> 40);
        if (llmobs_cost_record(race_obs, NULL, i % 2 ? "odd" : "even", nano, 5, 1) == LLMOBS_OK) {
            *sum += nano;
        }
    }
    return NULL;
}

static void test_threads(void)
{
    llmobs_config config = ledger_config();
    llmobs_cost_question question = llmobs_cost_question_default();
    pthread_t threads[THREADS];
    int64_t want = 0;
    int running = THREADS;
    int wrong = 0;
    keeper kept;
    int i;
    config.host_pumped = false;
    config.requests = 1024;
    config.max_threads = 32;
    race_obs = open_kept(&config, &kept);
    for (i = 0; i < THREADS; i++) {
        (void)pthread_create(&threads[i], NULL, spend_much, &race_sums[i]);
    }
    for (i = 0; i < 20; i++) {
        question.by = (llmobs_cost_by)(i % 3);
        wrong += llmobs_cost_report(race_obs, &question, asked_lines, 64, &asked_answer) !=
                     LLMOBS_OK ||
                 !adds_up();
    }
    for (; running > 0; running--) {
        (void)pthread_join(threads[running - 1], NULL);
        want += race_sums[running - 1];
    }
    is_int(wrong, 0, "a report adds up while others spend");
    question.by = LLMOBS_COST_BY_FEATURE;
    (void)ask(race_obs, &question, 64);
    is_int(asked_answer.total.cost_nano, want, "eight threads: every nano-dollar is there");
    is_int(asked_answer.total.requests, THREADS * sized(20000), "and every request");
    is_int(asked_answer.total.tokens, 5 * THREADS * sized(20000), "and every token");
    printf("# %ld of them untracked\n", (long)asked_line(LLMOBS_COST_UNTRACKED)->sums.requests);
    ok(close_kept(race_obs, &kept), "all is accounted for");
}

int main(void)
{
    test_sums();
    test_saturation();
    test_periods();
    test_rows_run_out();
    test_places_run_out();
    test_random();
    test_threads();
    return done();
}

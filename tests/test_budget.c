/* Budgets: what is allowed, to the nano-dollar; periods, keys, handles, late and absurd calls. */
#define _GNU_SOURCE
#include "llmobs_private.h"

#include "tap.h"

#include "keeper.h"

#include "requester.h"

#include "budgeter.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- amounts ------------------------------------------------------------------------------- */

static void test_exact(void)
{
    llmobs* obs = open_budgets(4);
    llmobs_budget all = add_budget(obs, "all", LLMOBS_BUDGET_ALL, NULL, 100);
    llmobs_reservation first = ask(obs, NULL, NULL, NULL, 60);
    llmobs_reservation second;
    ok(decided.allowed && decided.reason == LLMOBS_BUDGET_IS_WITHIN, "60 of 100");
    is_str(decided.budget, "all", "by this budget");
    is_int(decided.room_nano, 40, "40 are left");
    is_int(state_of(all, NULL).reserved_nano, 60, "they are reserved");
    is_int(state_of(all, NULL).spent_nano, 0, "not spent");
    second = ask(obs, NULL, NULL, NULL, 41);
    ok(!decided.allowed && decided.reason == LLMOBS_BUDGET_IS_OVER_HARD, "41 do not fit");
    is_int(decided.room_nano, 40, "but 40 would");
    is_int(second.generation, 0, "nothing was set aside");
    second = ask(obs, NULL, NULL, NULL, 40);
    ok(decided.allowed, "40 do: up to and with the limit");
    is_int(decided.room_nano, 0, "nothing is left");
    (void)ask(obs, NULL, NULL, NULL, 1);
    ok(!decided.allowed, "not one more");
    (void)llmobs_budget_release(ask(obs, NULL, NULL, NULL, 0));
    ok(decided.allowed, "but nothing at all fits");
    is_int(llmobs_budget_settle(first, 25), LLMOBS_OK, "the first came to 25");
    is_int(state_of(all, NULL).spent_nano, 25, "which are spent");
    is_int(state_of(all, NULL).reserved_nano, 40, "beside the second's 40");
    is_int(llmobs_budget_release(second), LLMOBS_OK, "which was for nothing");
    is_int(state_of(all, NULL).reserved_nano, 0, "nothing is reserved");
    is_int(state_of(all, NULL).spent_nano, 25, "or spent by it");
    ok(spend(obs, NULL, 75), "75 fit again");
    ok(!spend(obs, NULL, 1), "and then none");
    is_int(counts_of(obs).reservations, 4, "four reservations");
    is_int(counts_of(obs).denied, 3, "three refusals");
    (void)llmobs_close(obs);
}

static void test_soft(void)
{
    llmobs* obs = open_budgets(4);
    llmobs_budget_info info = budget_of("all", LLMOBS_BUDGET_ALL, NULL, 100);
    info.soft_nano = 50;
    (void)llmobs_budget_add(obs, &info, NULL);
    ok(spend(obs, NULL, 50) && decided.reason == LLMOBS_BUDGET_IS_WITHIN, "at the soft limit");
    ok(spend(obs, NULL, 1) && decided.reason == LLMOBS_BUDGET_IS_OVER_SOFT, "above it");
    is_int(counts_of(obs).over_soft, 1, "which is counted");
    info.name = "loose";
    info.soft_nano = LLMOBS_BUDGET_NO_LIMIT;
    info.hard_nano = 10;
    (void)llmobs_budget_add(obs, &info, NULL);
    ok(spend(obs, NULL, 2) && decided.reason == LLMOBS_BUDGET_IS_OVER_SOFT, "a soft limit counts");
    is_str(decided.budget, "all", "more than a narrower room");
    (void)llmobs_close(obs);
}

static void test_overrun(void)
{
    llmobs* obs = open_budgets(4);
    llmobs_budget all = add_budget(obs, "all", LLMOBS_BUDGET_ALL, NULL, 100);
    llmobs_reservation reservation = ask(obs, NULL, NULL, NULL, 60);
    is_int(llmobs_budget_settle(reservation, 160), LLMOBS_OK, "it came to more than was reserved");
    is_int(state_of(all, NULL).spent_nano, 160, "all of it is booked");
    is_int(state_of(all, NULL).reserved_nano, 0, "nothing stays reserved");
    is_int(counts_of(obs).overruns, 1, "and it is counted");
    ok(!spend(obs, NULL, 0), "over the limit not even nothing fits");
    is_int(decided.room_nano, 0, "there is no room, and none below zero");
    (void)llmobs_close(obs);
}

static void test_absurd(void)
{
    llmobs* obs = open_budgets(4);
    llmobs_budget all = add_budget(obs, "all", LLMOBS_BUDGET_ALL, NULL, LLMOBS_BUDGET_NO_LIMIT);
    llmobs_reservation reservation;
    (void)ask(obs, NULL, NULL, NULL, -1);
    is_int(decided.reason, LLMOBS_BUDGET_IS_BAD_AMOUNT, "a negative amount");
    (void)ask(obs, NULL, NULL, NULL, INT64_MAX);
    is_int(decided.reason, LLMOBS_BUDGET_IS_BAD_AMOUNT, "an absurd one");
    (void)ask(obs, NULL, NULL, NULL, INT64_MIN);
    ok(!decided.allowed, "another");
    (void)llmobs_budget_reserve(obs, NULL, &decided);
    is_int(decided.reason, LLMOBS_BUDGET_IS_BAD_AMOUNT, "none at all");
    is_int(counts_of(obs).refused, 4, "are counted");
    reservation = ask(obs, NULL, NULL, NULL, LLMOBS_BUDGET_MOST);
    ok(decided.allowed, "the most that there is");
    is_int(llmobs_budget_settle(reservation, -1), LLMOBS_ERROR_ARGUMENT, "settled for less than 0");
    is_int(llmobs_budget_settle(reservation, INT64_MAX), LLMOBS_ERROR_ARGUMENT, "for too much");
    is_int(state_of(all, NULL).reserved_nano, LLMOBS_BUDGET_MOST, "it stays open");
    is_int(llmobs_budget_settle(reservation, LLMOBS_BUDGET_MOST), LLMOBS_OK, "and settles");
    (void)ask(obs, NULL, NULL, NULL, 1);
    ok(!decided.allowed, "one more would not fit the number");
    (void)llmobs_budget_settle(ask(obs, NULL, NULL, NULL, 0), LLMOBS_BUDGET_MOST);
    is_int(state_of(all, NULL).spent_nano, LLMOBS_BUDGET_MOST, "a sum stays at the most");
    is_int(counts_of(obs).saturated, 1, "which is counted");
    is_int(state_of(all, NULL).hard_nano, LLMOBS_BUDGET_NO_LIMIT, "no limit is told as such");
    (void)llmobs_close(obs);
}

static void test_small_structs(void)
{
    llmobs* obs = open_budgets(4);
    llmobs_budget_query query = llmobs_budget_query_default();
    struct {
        llmobs_budget_decision decision;
        char guard[8];
    } told;
    (void)add_budget(obs, "all", LLMOBS_BUDGET_ALL, NULL, 100);
    (void)add_budget(obs, "f", LLMOBS_BUDGET_FEATURE, "f", 10);
    query.size = offsetof(llmobs_budget_query, feature);
    query.nano = 50;
    query.feature = "f";
    memset(&told, 0x5a, sizeof told);
    told.decision.size = offsetof(llmobs_budget_decision, room_nano);
    (void)llmobs_budget_release(llmobs_budget_reserve(obs, &query, &told.decision));
    ok(told.decision.allowed, "an older query has no feature");
    is_int(told.decision.room_nano, INT64_C(0x5a5a5a5a5a5a5a5a), "an older decision stays short");
    query.size = 0;
    told.decision.size = 0;
    (void)llmobs_budget_reserve(obs, &query, &told.decision);
    ok(!told.decision.allowed && told.decision.room_nano == 10, "0 means this version's");
    is_int(told.guard[0], 0x5a, "and no more");
    (void)llmobs_close(obs);
}

/* ---- periods ------------------------------------------------------------------------------- */

static uint64_t at(int year, int month, int day, int hour, int minute)
{
    struct tm date;
    memset(&date, 0, sizeof date);
    date.tm_year = year - 1900;
    date.tm_mon = month - 1;
    date.tm_mday = day;
    date.tm_hour = hour;
    date.tm_min = minute;
    return (uint64_t)timegm(&date) * SECOND;
}

static void test_roll(llmobs_period period, int32_t offset, uint64_t begins, uint64_t ends)
{
    llmobs* obs;
    llmobs_budget all;
    llmobs_config config = budget_config(4);
    fake_now = begins;
    obs = llmobs_open(&config, NULL);
    all = add_period(obs, "all", period, offset, 100);
    is_int(state_of(all, NULL).period_start_ns, begins, "the period's start");
    is_int(state_of(all, NULL).period_end_ns, ends, "and end");
    ok(spend(obs, NULL, 100), "the first period's money");
    is_int(decided.period_end_ns, ends, "a decision tells the end");
    fake_now = ends - 1;
    ok(!spend(obs, NULL, 1), "is all there is, to its last nanosecond");
    fake_now = ends;
    ok(spend(obs, NULL, 100), "then there is as much again");
    ok(!spend(obs, NULL, 1), "and no more");
    is_int(state_of(all, NULL).period_start_ns, ends, "the next period's start");
    (void)llmobs_close(obs);
}

static void test_periods(void)
{
    test_roll(LLMOBS_PERIOD_HOUR, 0, at(2026, 1, 31, 23, 0), at(2026, 2, 1, 0, 0));
    test_roll(LLMOBS_PERIOD_HOUR, 345, at(2026, 1, 31, 23, 15), at(2026, 2, 1, 0, 15));
    test_roll(LLMOBS_PERIOD_DAY, 0, at(2026, 3, 29, 0, 0), at(2026, 3, 30, 0, 0));
    test_roll(LLMOBS_PERIOD_DAY, -480, at(2026, 3, 29, 8, 0), at(2026, 3, 30, 8, 0));
    test_roll(LLMOBS_PERIOD_DAY, 120, at(2026, 3, 28, 22, 0), at(2026, 3, 29, 22, 0));
    test_roll(LLMOBS_PERIOD_MONTH, 0, at(2028, 2, 1, 0, 0), at(2028, 3, 1, 0, 0));
    test_roll(LLMOBS_PERIOD_MONTH, 0, at(2100, 2, 1, 0, 0), at(2100, 3, 1, 0, 0));
    test_roll(LLMOBS_PERIOD_MONTH, 60, at(2026, 11, 30, 23, 0), at(2026, 12, 31, 23, 0));
}

static void test_no_period(void)
{
    llmobs* obs = open_budgets(4);
    llmobs_budget all = add_period(obs, "all", LLMOBS_PERIOD_NONE, 0, 100);
    ok(spend(obs, NULL, 70), "some");
    fake_now += 5000 * DAY;
    (void)llmobs_tick(obs);
    ok(!spend(obs, NULL, 31), "without a period nothing comes back");
    ok(spend(obs, NULL, 30), "the rest is there");
    is_int(decided.period_end_ns, 0, "it never ends");
    is_int(fake_now - state_of(all, NULL).period_start_ns, 5000 * DAY, "it began when it came");
    (void)llmobs_close(obs);
}

/* Permission was given out of the old period's money. */
static void test_crossing(void)
{
    llmobs* obs = open_budgets(4);
    llmobs_budget day = add_period(obs, "day", LLMOBS_PERIOD_DAY, 0, 100);
    llmobs_budget ever = add_period(obs, "ever", LLMOBS_PERIOD_NONE, 0, 1000);
    llmobs_reservation over = ask(obs, NULL, NULL, NULL, 80);
    llmobs_reservation unused = ask(obs, NULL, NULL, NULL, 20);
    fake_now += DAY;
    ok(spend(obs, NULL, 100), "what was reserved yesterday takes nothing of today");
    is_int(llmobs_budget_settle(over, 90), LLMOBS_OK, "it is settled today");
    is_int(state_of(day, NULL).spent_nano, 100, "and is yesterday's");
    is_int(state_of(day, NULL).reserved_nano, 0, "today has nothing of it");
    is_int(state_of(ever, NULL).spent_nano, 190, "the other budget has it");
    is_int(counts_of(obs).crossed, 1, "it is counted");
    (void)llmobs_budget_release(unused);
    is_int(counts_of(obs).crossed, 1, "what came to nothing is not");
    is_int(state_of(ever, NULL).reserved_nano, 0, "nothing is left");
    (void)llmobs_close(obs);
}

static void test_clock_back(void)
{
    llmobs* obs = open_budgets(4);
    llmobs_budget day = add_period(obs, "day", LLMOBS_PERIOD_DAY, 0, 100);
    uint64_t now = fake_now;
    fake_now += DAY;
    ok(spend(obs, NULL, 100), "all of a day");
    llmobsi_budgets_roll(budgets_of(obs), now);
    fake_now = now;
    ok(!spend(obs, NULL, 1), "an old time does not bring back the day before");
    (void)llmobs_tick(obs);
    ok(!spend(obs, NULL, 1), "nor does a clock that is set back by as much");
    fake_now = now + 3 * DAY;
    ok(spend(obs, NULL, 100), "a later day is a new one");
    fake_now = UINT64_C(4000000000) * SECOND; /* 2096 */
    ok(spend(obs, NULL, 100), "also one by a wrong clock");
    fake_now = now + 4 * DAY;
    ok(!spend(obs, NULL, 1), "which is set right");
    (void)llmobs_tick(obs);
    ok(spend(obs, NULL, 100), "the tick sees that, and begins the day anew");
    is_int(state_of(day, NULL).period_end_ns / DAY, fake_now / DAY + 1, "this one");
    fake_now += DAY;
    ok(spend(obs, NULL, 100), "then all goes on");
    (void)llmobs_close(obs);
}

/* ---- keys ---------------------------------------------------------------------------------- */

static void test_scopes(void)
{
    llmobs* obs = open_budgets(8);
    llmobs_budget users = add_budget(obs, "users", LLMOBS_BUDGET_USER, NULL, 50);
    llmobs_budget bob = add_budget(obs, "bob", LLMOBS_BUDGET_USER, "bob", 20);
    llmobs_budget features = add_budget(obs, "features", LLMOBS_BUDGET_FEATURE, NULL, 70);
    llmobs_budget acme = add_budget(obs, "acme", LLMOBS_BUDGET_TENANT, "acme", 100);
    ok(spend(obs, "ann", 50), "a user has his own");
    ok(!spend(obs, "ann", 1), "and no more");
    is_str(decided.budget, "users", "says the template");
    ok(spend(obs, "eve", 50), "another has hers");
    ok(!spend(obs, "bob", 21), "one is named");
    is_str(decided.budget, "bob", "and has less");
    is_int(state_of(users, "bob").reserved_nano, 0, "the template's is given back");
    ok(spend(obs, "bob", 20), "which fits both");
    is_int(state_of(users, "bob").spent_nano, 20, "one");
    is_int(state_of(bob, "bob").spent_nano, 20, "and the other");
    is_int(state_of(bob, NULL).spent_nano, 20, "by whichever name");
    is_int(state_of(bob, "ann").spent_nano, -1, "which is not another's");
    is_int(state_of(users, "nobody").spent_nano, 0, "nobody has spent nothing");
    (void)llmobs_budget_settle(ask(obs, NULL, "support", "acme", 70), 70);
    ok(decided.allowed, "by feature and tenant");
    (void)ask(obs, NULL, "support", "other", 1);
    ok(!decided.allowed, "a feature's is spent by all tenants");
    (void)llmobs_budget_settle(ask(obs, NULL, "search", "acme", 40), 40);
    is_str(decided.budget, "acme", "a tenant's by all features");
    (void)llmobs_budget_settle(ask(obs, NULL, "search", NULL, 40), 40);
    ok(decided.allowed, "a feature without a tenant");
    is_int(state_of(features, "search").spent_nano, 40, "spends its own");
    is_int(state_of(acme, NULL).spent_nano, 70, "and nobody else's");
    ok(spend(obs, NULL, 12345) && decided.reason == LLMOBS_BUDGET_IS_NONE_APPLIES,
       "without keys there is no budget");
    (void)llmobs_close(obs);
}

/* The same user by pseudonym and by id, and by tenant another; texts that are no pseudonyms. */
static void test_users(void)
{
    llmobs* obs = open_budgets(4);
    llmobs_budget users = add_budget(obs, "users", LLMOBS_BUDGET_USER, NULL, 50);
    llmobs_budget_query query = llmobs_budget_query_default();
    char pseudonym[LLMOBS_PSEUDONYM_SIZE];
    llmobsi_budgets* budgets = budgets_of(obs);
    bool raw = false;
    uint32_t i;
    (void)llmobs_pseudonym(obs, LLMOBS_DOMAIN_USER, "acme", "ann", 3, pseudonym);
    query.user = pseudonym;
    query.nano = 30;
    (void)llmobs_budget_reserve(obs, &query, &decided);
    ok(decided.allowed, "a pseudonym");
    (void)ask(obs, "ann", NULL, "acme", 21);
    ok(!decided.allowed, "is the tenant's user");
    (void)ask(obs, "ann", NULL, NULL, 21);
    ok(decided.allowed, "not another's");
    is_int(state_of(users, pseudonym).reserved_nano, 30, "a state by pseudonym");
    is_int(state_of(users, "ann").reserved_nano, 21, "and by id");
    query.user = "ann";
    (void)llmobs_budget_reserve(obs, &query, &decided);
    is_int(decided.reason, LLMOBS_BUDGET_IS_NONE_APPLIES, "an id is no pseudonym");
    is_int(counts_of(obs).unkeyed, 1, "which is counted");
    for (i = 0; i < budgets->keys + budgets->limit; i++) {
        raw |= strstr(budgets->texts[i], "ann") != NULL;
    }
    ok(!raw, "no raw id is kept");
    (void)llmobs_close(obs);
}

static void test_long_keys(void)
{
    llmobs* obs = open_budgets(4);
    llmobs_budget features = add_budget(obs, "features", LLMOBS_BUDGET_FEATURE, NULL, 50);
    char key[300];
    memset(key, 'x', sizeof key - 1);
    key[sizeof key - 1] = '\0';
    (void)ask(obs, NULL, key, NULL, 50);
    ok(decided.allowed, "a key of 299 bytes");
    key[LLMOBS_BUDGET_KEY - 1] = '\0';
    is_int(state_of(features, key).reserved_nano, 50, "is known by its first 79");
    (void)ask(obs, NULL, "", NULL, 50);
    is_int(decided.reason, LLMOBS_BUDGET_IS_NONE_APPLIES, "an empty one is none");
    (void)llmobs_close(obs);
}

/* 16 places, in two sets: as many keys as fit, then `__other__` or nothing. */
static void test_full(bool refuse)
{
    llmobs* obs = open_budgets(4);
    llmobs_budget_info info = budget_of("features", LLMOBS_BUDGET_FEATURE, NULL, 50);
    llmobs_budget features;
    char key[16];
    int own = 0;
    int i;
    info.on_overflow = refuse ? LLMOBS_BUDGET_REFUSE : LLMOBS_BUDGET_SHARE;
    (void)llmobs_budget_add(obs, &info, &features);
    for (i = 0; i < 100; i++) {
        (void)snprintf(key, sizeof key, "f%d", i);
        (void)llmobs_budget_settle(ask(obs, NULL, key, NULL, 30), 30);
        own += state_of(features, key).spent_nano == 30;
    }
    is_int(own, 16, "as many keys as there are places");
    is_int(counts_of(obs).overflows, 84, "the others are counted");
    ok(!decided.allowed, "and get nothing");
    is_int(decided.reason, refuse ? LLMOBS_BUDGET_IS_NO_PLACE : LLMOBS_BUDGET_IS_OVER_HARD,
           "for this reason");
    is_str(decided.budget, "features", "by this budget");
    is_int(state_of(features, NULL).spent_nano, refuse ? 0 : 30, "but what one amount allows");
    fake_now += DAY;
    (void)llmobs_budget_limit(features, "f0", 10, 40);
    for (i = 0; i < 50; i++) {
        (void)snprintf(key, sizeof key, "g%d", i);
        (void)llmobs_budget_settle(ask(obs, NULL, key, NULL, 50), 50);
        own += state_of(features, key).spent_nano == 50;
    }
    is_int(own, 16 + 15, "the next day's keys have the places of those that are over");
    is_int(state_of(features, "f0").hard_nano, 40, "but of one with limits of its own");
    (void)ask(obs, NULL, "f0", NULL, 41);
    ok(!decided.allowed, "which hold");
    (void)ask(obs, NULL, "f0", NULL, 40);
    is_int(decided.reason, LLMOBS_BUDGET_IS_OVER_SOFT, "both");
    is_int(llmobs_budget_limit(features, "new", 1, 2), LLMOBS_ERROR_LIMIT, "there is no other");
    is_int(llmobs_budget_remove(features), LLMOBS_OK, "the template goes");
    (void)llmobs_budget_add(obs, &info, &features);
    is_int(state_of(features, "f0").hard_nano, 50, "and its keys with it");
    (void)ask(obs, NULL, "g0", NULL, 50);
    ok(decided.allowed, "a new one of its name begins with nothing");
    for (i = 0, own = 0; i < 100; i++) {
        (void)snprintf(key, sizeof key, "g%d", i);
        (void)llmobs_budget_settle(ask(obs, NULL, key, NULL, 1), 1);
        own += state_of(features, key).spent_nano + state_of(features, key).reserved_nano != 0;
    }
    is_int(own, 16, "and has all the places");
    (void)llmobs_close(obs);
}

/* ---- limits, definitions, handles ---------------------------------------------------------- */

static void test_limits(void)
{
    llmobs* obs = open_budgets(4);
    llmobs_budget all = add_budget(obs, "all", LLMOBS_BUDGET_ALL, NULL, 100);
    ok(spend(obs, NULL, 80), "80 of 100");
    is_int(llmobs_budget_limit(all, NULL, LLMOBS_BUDGET_NO_LIMIT, 50), LLMOBS_OK, "now 50");
    (void)ask(obs, NULL, NULL, NULL, 0);
    is_int(decided.reason, LLMOBS_BUDGET_IS_OVER_HARD, "are less than is spent");
    is_int(llmobs_budget_limit(all, NULL, 80, 90), LLMOBS_OK, "now 90");
    ok(spend(obs, NULL, 10) && decided.reason == LLMOBS_BUDGET_IS_OVER_SOFT, "leave 10");
    is_int(state_of(all, NULL).soft_nano, 80, "the state tells the limits");
    is_int(llmobs_budget_limit(all, NULL, 91, 90), LLMOBS_ERROR_ARGUMENT, "soft above hard");
    is_int(llmobs_budget_limit(all, NULL, -1, 90), LLMOBS_ERROR_ARGUMENT, "below zero");
    is_int(llmobs_budget_limit(all, NULL, 0, LLMOBS_BUDGET_MOST + 1), LLMOBS_ERROR_ARGUMENT,
           "too much");
    is_int(llmobs_budget_limit(all, "key", 1, 2), LLMOBS_ERROR_ARGUMENT, "of a key that is none");
    (void)llmobs_close(obs);
}

static void is_refused(llmobs* obs, llmobs_budget_info info, const char* what)
{
    llmobs_budget budget;
    is_int(llmobs_budget_add(obs, &info, &budget), LLMOBS_ERROR_ARGUMENT, what);
    is_int(budget.generation, 0, "gives none");
}

static void test_definitions(void)
{
    llmobs* obs = open_budgets(3);
    llmobs_budget_info good = budget_of("good", LLMOBS_BUDGET_FEATURE, NULL, 100);
    llmobs_budget_info bad = good;
    llmobs_budget budgets[3];
    bad.name = NULL;
    is_refused(obs, bad, "no name");
    bad.name = "";
    is_refused(obs, bad, "an empty one");
    bad.name = "12345678901234567890123456789012";
    is_refused(obs, bad, "32 bytes");
    bad.name = "a\nb";
    is_refused(obs, bad, "one that harms a log");
    bad = good;
    bad.scope = LLMOBS_BUDGET_SCOPE_COUNT;
    is_refused(obs, bad, "no scope");
    bad = good;
    bad.period = (llmobs_period)-1;
    is_refused(obs, bad, "no period");
    bad = good;
    bad.utc_offset_minutes = 1440;
    is_refused(obs, bad, "an offset of a day");
    bad = good;
    bad.hard_nano = -1;
    is_refused(obs, bad, "a negative limit");
    bad = good;
    bad.soft_nano = 101;
    is_refused(obs, bad, "soft above hard");
    bad = good;
    bad.key = "";
    is_refused(obs, bad, "an empty key");
    bad = good;
    bad.scope = LLMOBS_BUDGET_ALL;
    bad.key = "x";
    is_refused(obs, bad, "all, with a key");
    is_int(llmobs_budget_add(obs, NULL, NULL), LLMOBS_ERROR_ARGUMENT, "nothing");
    is_int(llmobs_budget_add(obs, &good, &budgets[0]), LLMOBS_OK, "a good one");
    is_refused(obs, good, "whose name is taken");
    budgets[1] = add_budget(obs, "1234567890123456789012345678901", LLMOBS_BUDGET_ALL, NULL, 5);
    budgets[2] = add_budget(obs, "third", LLMOBS_BUDGET_ALL, NULL, 6);
    good.name = "fourth";
    is_int(llmobs_budget_add(obs, &good, NULL), LLMOBS_ERROR_LIMIT, "no more than the config says");
    (void)ask(obs, NULL, NULL, NULL, 6);
    is_str(decided.budget, "1234567890123456789012345678901", "31 bytes of name");
    is_int(llmobs_budget_remove(budgets[1]), LLMOBS_OK, "one goes");
    is_int(llmobs_budget_remove(budgets[1]), LLMOBS_ERROR_ARGUMENT, "once");
    (void)ask(obs, NULL, NULL, NULL, 6);
    ok(decided.allowed, "and no longer refuses");
    is_int(llmobs_budget_add(obs, &good, &budgets[0]), LLMOBS_OK, "its place is free");
    is_int(state_of(budgets[1], NULL).spent_nano, -1, "its handle does not fit what is there now");
    is_int(llmobs_budget_limit(budgets[1], NULL, 1, 2), LLMOBS_ERROR_ARGUMENT, "nor change it");
    budgets[1].number = 77;
    is_int(state_of(budgets[1], NULL).spent_nano, -1, "a handle from nowhere");
    is_int(llmobs_budget_status(budgets[0], NULL, NULL), LLMOBS_ERROR_ARGUMENT, "no state");
    (void)llmobs_close(obs);
}

static void test_removed(void)
{
    llmobs* obs = open_budgets(2);
    llmobs_budget all = add_budget(obs, "all", LLMOBS_BUDGET_ALL, NULL, 100);
    llmobs_budget other = add_budget(obs, "other", LLMOBS_BUDGET_ALL, NULL, 100);
    llmobs_reservation reservation = ask(obs, NULL, NULL, NULL, 60);
    (void)llmobs_budget_remove(all);
    all = add_budget(obs, "all", LLMOBS_BUDGET_ALL, NULL, 100);
    is_int(state_of(all, NULL).reserved_nano, 0, "one that came again has nothing");
    is_int(llmobs_budget_settle(reservation, 50), LLMOBS_OK, "what was reserved before");
    is_int(state_of(all, NULL).spent_nano, 0, "settles not in it");
    is_int(state_of(other, NULL).spent_nano, 50, "but in the other");
    (void)llmobs_close(obs);
}

static void test_handles(void)
{
    llmobs* obs = open_budgets(2);
    llmobs* second = open_budgets(2);
    llmobs_reservation none = {0, 0, 0};
    llmobs_budget all = add_budget(obs, "all", LLMOBS_BUDGET_ALL, NULL, 100);
    llmobs_reservation reservation = ask(obs, NULL, NULL, NULL, 60);
    llmobs_reservation odd = reservation;
    llmobs_reservation next;
    ok(sizeof(llmobs_reservation) <= 16 && sizeof(llmobs_budget) <= 16, "handles are small");
    is_int(llmobs_budget_settle(none, 1), LLMOBS_ERROR_CLOSED, "a zeroed one");
    odd.place = 1000;
    is_int(llmobs_budget_settle(odd, 1), LLMOBS_ERROR_ARGUMENT, "one from nowhere");
    odd = reservation;
    odd.generation--; /* filling */
    is_int(llmobs_budget_settle(odd, 1), LLMOBS_ERROR_ARGUMENT, "one that never was");
    odd.generation = llmobsi_load_relaxed(&budgets_of(obs)->reservations[5].state);
    odd.place = 5;
    is_int(llmobs_budget_settle(odd, 1), LLMOBS_ERROR_ARGUMENT, "a free one");
    odd = reservation;
    odd.instance = llmobsi_ticket(second);
    is_int(llmobs_budget_settle(odd, 1), LLMOBS_ERROR_ARGUMENT, "another instance's");
    is_int(state_of(all, NULL).reserved_nano, 60, "none of these touched anything");
    is_int(llmobs_budget_settle(reservation, 10), LLMOBS_OK, "the right one");
    is_int(llmobs_budget_settle(reservation, 10), LLMOBS_ERROR_ARGUMENT, "twice");
    is_int(llmobs_budget_release(reservation), LLMOBS_ERROR_ARGUMENT, "thrice");
    next = ask(obs, NULL, NULL, NULL, 5);
    is_int(next.place, reservation.place, "its place is used anew");
    is_int(llmobs_budget_settle(reservation, 10), LLMOBS_ERROR_ARGUMENT, "which is another's now");
    is_int(state_of(all, NULL).spent_nano, 10, "nothing came twice");
    is_int(state_of(all, NULL).reserved_nano, 5, "nothing was taken from another");
    is_int(counts_of(obs).late, 3, "late calls are counted");
    (void)llmobs_close(obs);
    is_int(llmobs_budget_settle(next, 5), LLMOBS_ERROR_CLOSED, "after close");
    is_int(llmobs_budget_remove(all), LLMOBS_ERROR_CLOSED, "as all calls");
    (void)ask(obs, NULL, NULL, NULL, 5);
    ok(decided.allowed && decided.reason == LLMOBS_BUDGET_IS_UNCHECKED, "nothing is refused");
    (void)ask(NULL, NULL, NULL, NULL, -5);
    ok(decided.allowed && decided.reason == LLMOBS_BUDGET_IS_UNCHECKED, "nor without an instance");
    (void)llmobs_close(second);
}

static void test_off(void)
{
    llmobs_config config = budget_config(0);
    llmobs_budget_info info = budget_of("all", LLMOBS_BUDGET_ALL, NULL, 1);
    size_t without = llmobs_memory_needed(&config);
    llmobs* obs = llmobs_open(&config, NULL);
    is_int(llmobs_budget_add(obs, &info, NULL), LLMOBS_ERROR_LIMIT, "none by default");
    (void)ask(obs, NULL, NULL, NULL, 5);
    ok(decided.allowed && decided.reason == LLMOBS_BUDGET_IS_UNCHECKED, "then all is allowed");
    (void)llmobs_close(obs);
    config.budgets = LLMOBS_OFF;
    is_int(llmobs_memory_needed(&config), without, "switched off is the same");
    config.cost_rows = LLMOBS_OFF; /* which is costs', too */
    is_int(llmobs_memory_of(&config, LLMOBS_PILLAR_COST), 0, "and no memory taken");
    config = llmobs_config_default();
    config.cost_rows = LLMOBS_OFF;
    without = llmobs_memory_needed(&config);
    config.budgets = 16;
    printf("# 16 budgets, 1024 keys, 512 reservations: %zu bytes\n",
           llmobs_memory_of(&config, LLMOBS_PILLAR_COST));
    ok(llmobs_memory_of(&config, LLMOBS_PILLAR_COST) < 262144, "with the defaults it is moderate");
    is_int(llmobs_memory_needed(&config) - llmobs_memory_of(&config, LLMOBS_PILLAR_COST),
           without, "and all of it is cost's");
}

int main(void)
{
    test_exact();
    test_soft();
    test_overrun();
    test_absurd();
    test_small_structs();
    test_periods();
    test_no_period();
    test_crossing();
    test_clock_back();
    test_scopes();
    test_users();
    test_long_keys();
    test_full(false);
    test_full(true);
    test_limits();
    test_definitions();
    test_removed();
    test_handles();
    test_off();
    return done();
}

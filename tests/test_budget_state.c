/* What budgets have spent, out and back in: to the nano-dollar, before and after they are defined,
   in this period and in no other; damaged amounts are refused. */
#define _GNU_SOURCE
#include "llmobs_private.h"

#include "tap.h"

#include "keeper.h"

#include "requester.h"

#include "budgeter.h"

static llmobsi_budget_saved saved[64];
static uint32_t saved_count;

static void save(llmobs* obs)
{
    uint32_t place = 0;
    saved_count = 0;
    while (llmobsi_budget_save(budgets_of(obs), &place, &saved[saved_count])) {
        saved_count++;
    }
}

static int restore(llmobs* obs)
{
    int restored = 0;
    uint32_t i;
    for (i = 0; i < saved_count; i++) {
        restored += llmobsi_budget_restore(budgets_of(obs), fake_now, &saved[i]);
    }
    return restored;
}

typedef struct defined {
    llmobs_budget month, users, bob, ever;
} defined;

static defined define_all(llmobs* obs)
{
    defined all;
    all.month = add_period(obs, "month", LLMOBS_PERIOD_MONTH, 60, 1000);
    all.users = add_budget(obs, "users", LLMOBS_BUDGET_USER, NULL, 100);
    all.bob = add_budget(obs, "bob", LLMOBS_BUDGET_USER, "bob", 100);
    all.ever = add_period(obs, "ever", LLMOBS_PERIOD_NONE, 0, 1000);
    return all;
}

static void spend_some(llmobs* obs)
{
    (void)spend(obs, "ann", 10);
    (void)spend(obs, "bob", 20);
    (void)spend(obs, NULL, 300);
    (void)ask(obs, "ann", NULL, NULL, 7); /* is under way when the process dies */
}

static void check(const defined* all, int64_t day, const char* what)
{
    printf("# %s\n", what);
    is_int(state_of(all->month, NULL).spent_nano, 330, "the month's");
    is_int(state_of(all->users, "ann").spent_nano, day * 10, "a user's");
    is_int(state_of(all->users, "bob").spent_nano, day * 20, "another's");
    is_int(state_of(all->bob, NULL).spent_nano, day * 20, "one budget's");
    is_int(state_of(all->ever, NULL).spent_nano, 330, "one for ever");
    is_int(state_of(all->month, NULL).reserved_nano, 0, "no reservation");
}

static void test_restart(void)
{
    llmobs* obs = open_budgets(4);
    defined all = define_all(obs);
    uint64_t began = state_of(all.ever, NULL).period_start_ns;
    uint64_t now;
    spend_some(obs);
    save(obs);
    is_int(saved_count, 5, "five amounts");
    (void)llmobs_close(obs);
    obs = open_budgets(4);
    all = define_all(obs);
    is_int(restore(obs), 5, "come back");
    check(&all, 1, "after the budgets");
    (void)llmobs_close(obs);
    obs = open_budgets(4);
    now = fake_now;
    is_int(restore(obs), 5, "come back");
    (void)ask(obs, "ann", NULL, NULL, 1);
    is_int(decided.reason, LLMOBS_BUDGET_IS_NONE_APPLIES, "what is not defined does not apply");
    save(obs);
    is_int(saved_count, 5, "but is saved again");
    fake_now += HOUR;
    all = define_all(obs);
    check(&all, 1, "before the budgets");
    is_int(state_of(all.ever, NULL).period_start_ns, began, "and since when");
    ok(!spend(obs, "ann", 91) && spend(obs, "ann", 90), "the limits hold");
    (void)llmobs_close(obs);
    obs = open_budgets(4);
    fake_now = now + DAY;
    is_int(restore(obs), 2, "the next day the day's are over");
    all = define_all(obs);
    check(&all, 0, "the next day");
    (void)llmobs_close(obs);
}

static void test_changed(void)
{
    llmobs* obs = open_budgets(4);
    defined all = define_all(obs);
    spend_some(obs);
    save(obs);
    (void)llmobs_close(obs);
    obs = open_budgets(4);
    is_int(restore(obs), 5, "five amounts");
    all.ever = add_period(obs, "ever", LLMOBS_PERIOD_MONTH, 0, 1000);
    is_int(state_of(all.ever, NULL).spent_nano, 0, "a budget that counts otherwise has none");
    all.users = add_budget(obs, "users", LLMOBS_BUDGET_USER, NULL, 5);
    is_int(state_of(all.users, "ann").spent_nano, 10, "one with other limits has");
    (void)add_budget(obs, "new", LLMOBS_BUDGET_ALL, NULL, 5);
    all.month = add_period(obs, "last", LLMOBS_PERIOD_DAY, 0, 5);
    ok(all.month.generation != 0, "what nobody defines gives way");
    save(obs);
    is_int(saved_count, 2, "and is saved no more");
    (void)llmobs_close(obs);
}

static void is_refused(llmobs* obs, const llmobsi_budget_saved* amount, const char* what)
{
    ok(!llmobsi_budget_restore(budgets_of(obs), fake_now, amount), what);
}

static void test_damaged(void)
{
    llmobs* obs = open_budgets(4);
    llmobsi_budget_saved good;
    llmobsi_budget_saved bad;
    (void)define_all(obs);
    (void)spend(obs, "ann", 10);
    save(obs);
    good = saved[0];
    is_int(good.scope, LLMOBS_BUDGET_USER, "a user's");
    (void)llmobs_close(obs);
    obs = open_budgets(1);
    bad = good;
    memset(bad.name, 'x', sizeof bad.name);
    is_refused(obs, &bad, "a name without an end");
    bad = good;
    memset(bad.key, 'x', sizeof bad.key);
    is_refused(obs, &bad, "a key without one");
    bad = good;
    (void)snprintf(bad.key, sizeof bad.key, "ann");
    is_refused(obs, &bad, "a user that is no pseudonym");
    bad = good;
    bad.key[0] = '\0';
    is_refused(obs, &bad, "a template's key that is none");
    bad = good;
    bad.spent_nano = UINT64_MAX;
    is_refused(obs, &bad, "an absurd amount");
    bad = good;
    bad.scope = (llmobs_budget_scope)99;
    is_refused(obs, &bad, "a scope that is none");
    bad = good;
    bad.utc_offset_minutes = INT32_MIN;
    is_refused(obs, &bad, "an absurd zone");
    bad = good;
    bad.number++;
    is_refused(obs, &bad, "a day to come");
    bad = good;
    bad.name[0] = 'U';
    is_refused(obs, &bad, "one more budget than there may be");
    ok(llmobsi_budget_restore(budgets_of(obs), fake_now, &good), "the good one is taken");
    good.spent_nano = LLMOBS_I_PURSE_MOST;
    ok(llmobsi_budget_restore(budgets_of(obs), fake_now, &good), "so is the most that there is");
    save(obs);
    ok(saved[0].spent_nano == LLMOBS_I_PURSE_MOST, "and the sum stays there");
    (void)llmobs_close(obs);
}

/* More keys than there are places for them here. */
static void test_smaller(void)
{
    llmobs_config config = budget_config(2);
    llmobs_budget features;
    llmobs* obs;
    int i;
    config.budget_keys = 64;
    obs = llmobs_open(&config, NULL);
    (void)add_budget(obs, "features", LLMOBS_BUDGET_FEATURE, NULL, 100);
    for (i = 0; i < 32; i++) {
        char key[16];
        (void)snprintf(key, sizeof key, "f%d", i);
        (void)llmobs_budget_settle(ask(obs, NULL, key, NULL, 10), 10);
    }
    save(obs);
    is_int(saved_count, 32, "32 keys");
    (void)llmobs_close(obs);
    obs = open_budgets(2);
    features = add_budget(obs, "features", LLMOBS_BUDGET_FEATURE, NULL, 100);
    is_int(restore(obs), 16, "of which 16 have places in a smaller table");
    is_int(state_of(features, NULL).spent_nano, 0, "the others are told to be lost");
    (void)llmobs_close(obs);
}

int main(void)
{
    test_restart();
    test_changed();
    test_damaged();
    test_smaller();
    return done();
}

/* Purses turn while amounts are added and booked; reservations are settled, or expire, once; a key
   has one place, and a place one key. */
#include "world.h"

#define CAP 10u

static llmobsi_purse purse;
static llmobsi_atomic32 rounds_begun;
/* By the mark: what was booked, and how often a booking came too late. */
static uint64_t booked[16];

ghost void before_purse(void)
{
    (memset)(&purse, 0, sizeof purse);
    (memset)(booked, 0, sizeof booked);
    purse.round = UINT64_C(7) << 32 | 15;
    purse.used = purse.spent = UINT64_C(15) << LLMOBS_I_PURSE_SHIFT;
    rounds_begun = 7;
}

ghost void book(uint64_t round, uint64_t nano)
{
    booked[round % 16] += nano;
}

/* Reserves and books in the round that it has heard of. */
static void spend(uint64_t nano, uint64_t actual)
{
    uint32_t heard = llmobsi_load_acquire(&rounds_begun);
    uint64_t round = llmobsi_purse_turn(&purse, heard);
    uint64_t used = 0;
    bool saturated = false;
    if (round != 0 &&
        llmobsi_purse_reserve(&purse, round, nano, CAP, &used) == LLMOBS_I_FIT_IN) {
        require(used + nano <= CAP);
        (void)model_yield();
        if (llmobsi_purse_book(&purse, (uint32_t)round, nano, actual, &saturated)) {
            book(round, actual);
        }
        require(!saturated);
    }
}

static void spend_much(void)
{
    spend(6, 4);
    spend(6, 5);
}

static void spend_all(void)
{
    spend(10, 1);
    spend(3, 3);
}

/* More than was reserved. */
static void overspend(void)
{
    spend(2, 4);
    spend(3, 4);
}

static void begin_rounds(void)
{
    llmobsi_store_release(&rounds_begun, 8);
    (void)llmobsi_purse_turn(&purse, 8);
    (void)model_yield();
    llmobsi_store_release(&rounds_begun, 9);
}

static void look(void)
{
    unsigned i;
    for (i = 0; i < 3; i++) {
        uint64_t used;
        uint64_t spent;
        llmobsi_purse_read(&purse, llmobsi_load_acquire(&rounds_begun), &used, &spent);
        require(used <= CAP && spent <= used);
        (void)model_yield();
    }
}

ghost void after_purse(void)
{
    uint64_t of_round = llmobsi_purse_mark(purse.round);
    uint64_t used = purse.used - of_round;
    uint64_t spent = purse.spent - of_round;
    if (purse.used >> LLMOBS_I_PURSE_SHIFT != purse.round % 16 ||
        purse.spent >> LLMOBS_I_PURSE_SHIFT != purse.round % 16) {
        model_fail("an amount was left behind");
    }
    if (used != spent || spent != booked[purse.round % 16]) {
        model_fail("what was booked is not what is spent");
    }
}

/* ---- reservations -------------------------------------------------------------------------- */

static llmobsi_budgets budgets;
static llmobsi_budget budget;
static llmobsi_reservation record;
static llmobsi_atomic64 sent; /* a handle's generation */
static unsigned settled;

/* One record, one budget for all. */
ghost void before_reservation(void)
{
    before_purse();
    (memset)(&budgets, 0, sizeof budgets);
    (memset)(&budget, 0, sizeof budget);
    (memset)(&record, 0, sizeof record);
    budgets.budgets = &budget;
    budgets.used = 1;
    budgets.reservations = &record;
    budgets.purses = &purse;
    budgets.until_ns = 1;
    budget.when = UINT64_C(7) << 32;
    budget.state = LLMOBS_I_BUDGET_ACTIVE;
    budget.hard = budget.soft = CAP;
    record.state = LLMOBS_I_HOLD_STATES;
    sent = 0;
    settled = 0;
}

ghost void count_settled(void)
{
    settled++;
}

ghost void begin_asking(llmobsi_asking* asking, llmobsi_budget_call* call, int64_t nano,
                        llmobs_budget_query* query)
{
    *query = llmobs_budget_query_default();
    query->nano = nano;
    (memset)(call, 0, sizeof *call);
    call->budgets = &budgets;
    asking->budgets = &budgets;
    asking->number = LLMOBS_I_NOWHERE;
}

static void reserve(int64_t nano)
{
    llmobs_budget_query query;
    llmobsi_budget_call call;
    llmobsi_asking asking;
    begin_asking(&asking, &call, nano, &query);
    if (llmobsi_budget_try(&call, &query, 0, &asking) != NULL) {
        llmobsi_store_relaxed(&sent, asking.open);
    }
}

/* All that is reserved is old. */
static void reserve_twice(void)
{
    reserve(2);
    llmobsi_store_relaxed(&budgets.era, LLMOBS_I_ERAS);
    reserve(3);
}

/* With whatever handle there is: it is settled once, by this thread, another, or the tick. */
static void settle(void)
{
    unsigned i;
    for (i = 0; i < 3; i++) {
        llmobs_reservation handle = {1, 0, llmobsi_load_relaxed(&sent)};
        if (llmobsi_budget_settle(&budgets, handle, 1) == LLMOBS_OK) {
            count_settled();
        }
        (void)model_yield();
    }
}

static void expire(void)
{
    unsigned i;
    for (i = 0; i < 3; i++) {
        llmobsi_reservation_expire(&budgets, &record);
        (void)model_yield();
    }
}

ghost void after_reservation(void)
{
    uint64_t spent = purse.spent & LLMOBS_I_PURSE_MOST;
    uint64_t used = purse.used & LLMOBS_I_PURSE_MOST;
    bool open = record.state % LLMOBS_I_HOLD_STATES == LLMOBS_I_HOLD_OPEN;
    if (spent != settled) {
        model_fail("a settling came twice, or not at all");
    }
    if (used != spent + (open ? record.nano : 0)) {
        model_fail("an amount has leaked");
    }
}

/* ---- places -------------------------------------------------------------------------------- */

static llmobsi_purse purses[LLMOBS_I_BUDGET_WAYS + 1]; /* the last one: the template's own */
static llmobsi_atomic64 ids[LLMOBS_I_BUDGET_WAYS];
static char key_texts[LLMOBS_I_BUDGET_WAYS + 1][LLMOBS_BUDGET_KEY];
static llmobsi_reservation records[3];
static llmobsi_asking askings[3]; /* of the old key, and twice of the new one */
static bool granted[3];

#define OLD_HASH UINT64_C(0x123456789abcdef1)
#define NEW_HASH UINT64_C(0x23456789abcdef12)

/* Seven keys of this round, and one whose round is over: it may come back, or give way. */
ghost void before_place(void)
{
    unsigned i;
    (memset)(&budgets, 0, sizeof budgets);
    (memset)(&budget, 0, sizeof budget);
    (memset)(purses, 0, sizeof purses);
    (memset)(records, 0, sizeof records);
    (memset)(askings, 0, sizeof askings);
    budgets.budgets = &budget;
    budgets.keys = LLMOBS_I_BUDGET_WAYS;
    budgets.ids = ids;
    budgets.purses = purses;
    budgets.texts = key_texts;
    budget.when = UINT64_C(8) << 32;
    budget.state = LLMOBS_I_BUDGET_ACTIVE;
    budget.scope = LLMOBS_BUDGET_FEATURE;
    budget.salt = UINT64_C(0x9e3779b97f4a7c15);
    budget.hard = budget.soft = CAP;
    budget.refuses = 1;
    for (i = 0; i < LLMOBS_I_BUDGET_WAYS; i++) {
        ids[i] = i + 1;
        purses[i].round = UINT64_C(8) << 32;
    }
    ids[0] = llmobsi_budget_id(&budget, OLD_HASH);
    purses[0].round = UINT64_C(7) << 32;
    purses[0].used = purses[0].spent = 9;
    for (i = 0; i < 3; i++) {
        askings[i].budgets = &budgets;
        askings[i].keys.of[LLMOBS_BUDGET_FEATURE].hash = i == 0 ? OLD_HASH : NEW_HASH;
        askings[i].keys.of[LLMOBS_BUDGET_FEATURE].text = i == 0 ? "old" : "new";
        askings[i].keys.of[LLMOBS_BUDGET_FEATURE].size = 3;
        askings[i].reservation = &records[i];
        askings[i].nano = 6;
        askings[i].number = LLMOBS_I_NOWHERE;
        askings[i].reason = LLMOBS_BUDGET_IS_NONE_APPLIES;
    }
}

/* The last place is free, and keys without a place share an amount. */
ghost void before_last_place(void)
{
    before_place();
    ids[0] = 0;
    purses[0].round = purses[0].used = purses[0].spent = 0;
    purses[LLMOBS_I_BUDGET_WAYS].round = UINT64_C(8) << 32;
    budget.refuses = 0;
}

ghost void note(unsigned who, bool yes)
{
    granted[who] = yes;
}

static void ask_old(void)
{
    note(0, llmobsi_budget_ask(&askings[0], 0));
}

static void ask_new(void)
{
    note(1, llmobsi_budget_ask(&askings[1], 0));
}

static void ask_new_too(void)
{
    note(2, llmobsi_budget_ask(&askings[2], 0));
}

ghost void after_place(void)
{
    bool is_new = ids[0] == llmobsi_budget_id(&budget, NEW_HASH);
    unsigned i;
    if (!is_new && ids[0] != llmobsi_budget_id(&budget, OLD_HASH)) {
        model_fail("a place is nobody's");
    }
    if (granted[0] == is_new || granted[1] + granted[2] != is_new) {
        model_fail("more was granted than there is, or nothing");
    }
    if ((purses[0].used & LLMOBS_I_PURSE_MOST) != 6 || purses[0].spent % 16 != 0 ||
        purses[0].round >> 32 != 8) {
        model_fail("what was granted is not what is used");
    }
    for (i = 0; i < 3; i++) {
        if (granted[i] && (records[i].count != 1 || records[i].holds[0].purse != 0 ||
                           records[i].holds[0].mark != (uint32_t)purses[0].round)) {
            model_fail("a reservation holds something else");
        }
    }
}

ghost void after_last_place(void)
{
    if (ids[0] != llmobsi_budget_id(&budget, NEW_HASH) || granted[1] + granted[2] != 1 ||
        (purses[0].used & LLMOBS_I_PURSE_MOST) != 6 ||
        (purses[LLMOBS_I_BUDGET_WAYS].used & LLMOBS_I_PURSE_MOST) != 0) {
        model_fail("a key spends at two places");
    }
}

const model_scenario model_scenarios[] = {
    {"purse",
     "what is booked in the last round is what is spent in it, and no limit is passed",
     before_purse,
     {spend_much, spend_all, begin_rounds, NULL},
     after_purse},
    {"purse, looked at",
     "no more is spent than used, and no more used than there is",
     before_purse,
     {overspend, begin_rounds, look, NULL},
     after_purse},
    {"reservation",
     "it is settled once, or expires, and its amount goes back",
     before_reservation,
     {reserve_twice, settle, settle, expire},
     after_reservation},
    {"place",
     "a key has one place, a place one key, and whoever has the place has its amount",
     before_place,
     {ask_old, ask_new, ask_new_too, NULL},
     after_place},
    {"last place",
     "a key that fills the table does not go to those that found no place as well",
     before_last_place,
     {ask_new, ask_new_too, NULL, NULL},
     after_last_place},
    {NULL, NULL, NULL, {NULL, NULL, NULL, NULL}, NULL},
};

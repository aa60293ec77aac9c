/* Who spends what in a replay. A trace says neither users nor features, so each request gets both
   by a rule: users by Zipf's law, features by fixed shares, drawn from a seed. What each user has
   spent is summed up here, exactly, and printed beside what llmobs says of it in fixed memory.
   Part of replay.c. */
#ifndef REPLAY_COSTS_H
#define REPLAY_COSTS_H

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { USERS = 2000, FEATURES = 3, ALL = FEATURES };
enum { TOP_MOST = LLMOBS_REPORT_LINES, NAME_SIZE = 16 };

static const double zipf_shape = 1.1;

static const struct { const char* name; int percent; } features[FEATURES] = {
    {"support", 50}, {"search", 30}, {"summary", 20}};

/* With it pseudonyms, and so brackets, are the same in every run. A real program's is a secret. */
static const char pseudonym_key[] = "not a secret: llmobs replay, 32.";

typedef struct costs {
    const char* prices; /* these six as the command line has them */
    const char* model;
    uint64_t seed;
    bool shuffle; /* users are drawn once more, all alike */
    uint64_t shuffle_seed;
    size_t top;
    uint64_t random; /* states of splitmix64 */
    uint64_t shuffle_random;
    double zipf[USERS]; /* the sum of all weights up to a user's own */
    uint32_t user;      /* of the request that is under way, as the next one */
    uint32_t feature;
    uint64_t month_end_ns;
    int64_t requests; /* this month, as the next one */
    int64_t exact[FEATURES + 1][USERS]; /* nano-USD of each user, the last ones of all features */
} costs;

/* ---- who it is ----------------------------------------------------------------------------- */

/* From 0 to less than 1. */
static double uniform(uint64_t* state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (double)((z ^ (z >> 31)) >> 11) / 9007199254740992.0;
}

/* User n, from 1 on, comes n^-1.1 times as often as user 1: the first one whose sum is above a
   random part of the last sum. */
static uint32_t zipf_user(costs* of)
{
    double at = uniform(&of->random) * of->zipf[USERS - 1];
    uint32_t low = 0;
    uint32_t high = USERS - 1;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (of->zipf[middle] > at) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

/* The next request's feature and user. A shuffle changes users alone: what a feature costs stays.
   (To permute the same labels would leave each user as many requests as before, and so the heavy
   ones heavy; drawn anew, nobody is heavy but by chance.) */
static void costs_draw(costs* of)
{
    int at = (int)(uniform(&of->random) * 100.0);
    for (of->feature = 0; at >= features[of->feature].percent; of->feature++) {
        at -= features[of->feature].percent;
    }
    of->user = zipf_user(of);
    if (of->shuffle) {
        of->user = (uint32_t)(uniform(&of->shuffle_random) * USERS);
    }
}

static const char* user_name(uint32_t user, char name[NAME_SIZE])
{
    snprintf(name, NAME_SIZE, "user-%04" PRIu32, user + 1);
    return name;
}

/* ---- before, and for each request ---------------------------------------------------------- */

/* llmobs_config.cost_store: what the request that has just ended cost. */
static void costs_store(void* user, const llmobs_cost_entry* entry)
{
    costs* of = (costs*)user;
    of->exact[of->feature][of->user] += entry->cost_nano;
    of->exact[ALL][of->user] += entry->cost_nano;
}

static void costs_config(costs* of, llmobs_config* config)
{
    config->price_bytes = 1 << 21; /* enough for LiteLLM's whole table */
    config->cost_store = costs_store;
    config->cost_store_user = of;
    config->key.secret = pseudonym_key;
    config->key.secret_size = sizeof pseudonym_key - 1;
}

/* Loads the prices; false: it was told why not. */
static bool prices_load(llmobs* obs, const char* name)
{
    llmobs_price_error error;
    memset(&error, 0, sizeof error);
    if (llmobs_prices_load_file(obs, name, &error) != LLMOBS_OK) {
        fprintf(stderr, "%s:%" PRIu32 ":%" PRIu32 ": %s (--prices FILE names another one)\n", name,
                error.line, error.column, error.reason != NULL ? error.reason : "");
        return false;
    }
    return true;
}

/* Only a model that has a price is replayed, so that no cost is unknown. */
static bool prices_have(llmobs* obs, const char* name, const char* model)
{
    llmobs_cost_query query = llmobs_cost_query_default();
    llmobs_cost cost;
    memset(&cost, 0, sizeof cost);
    query.model = model;
    query.usage.input_tokens = 1;
    query.usage.output_tokens = 1;
    query.usage.reported = true;
    (void)llmobs_cost_of(obs, &query, &cost);
    if (cost.status != LLMOBS_COST_EXACT) {
        fprintf(stderr, "%s: no price of %s\n", name, model);
        return false;
    }
    return true;
}

/* Before the first request of an instance. False: it was told why not. */
static bool costs_open(costs* of, llmobs* obs)
{
    double sum = 0.0;
    if (!prices_load(obs, of->prices) || !prices_have(obs, of->prices, of->model)) {
        return false;
    }
    for (uint32_t i = 0; i < USERS; i++) {
        sum += pow((double)i + 1.0, -zipf_shape);
        of->zipf[i] = sum;
    }
    of->random = of->seed;
    of->shuffle_random = of->shuffle_seed;
    return true;
}

/* A month begins with its first request, whose time is the clock's by now. */
static void costs_month(costs* of, llmobs* obs)
{
    llmobs_cost_answer answer;
    of->requests = 0;
    memset(of->exact, 0, sizeof of->exact);
    if (llmobs_cost_report(obs, NULL, NULL, 0, &answer) == LLMOBS_OK) {
        of->month_end_ns = answer.end_unix_ns;
    }
}

static void costs_request(costs* of, llmobs* obs, uint64_t context, uint64_t generated)
{
    llmobs_request_info info = llmobs_request_info_default();
    llmobs_outcome outcome = llmobs_outcome_default();
    char name[NAME_SIZE];
    costs_draw(of);
    info.user_id = user_name(of->user, name);
    info.feature = features[of->feature].name;
    info.model = of->model;
    outcome.usage.input_tokens = (int64_t)context;
    outcome.usage.output_tokens = (int64_t)generated;
    outcome.usage.reported = true;
    llmobs_request_end(llmobs_request_begin(obs, &info), &outcome);
    of->requests++;
}

/* ---- what is known here -------------------------------------------------------------------- */

typedef struct spender {
    uint32_t user;
    int64_t nano;
} spender;

static int by_spending(const void* a, const void* b)
{
    const spender* first = (const spender*)a;
    const spender* second = (const spender*)b;
    if (first->nano != second->nano) {
        return first->nano < second->nano ? 1 : -1;
    }
    return first->user < second->user ? -1 : 1;
}

/* All users, the heaviest first. Returns what they have spent together. */
static int64_t costs_rank(const costs* of, uint32_t feature, spender ranked[USERS])
{
    int64_t total = 0;
    for (uint32_t i = 0; i < USERS; i++) {
        ranked[i].user = i;
        ranked[i].nano = of->exact[feature][i];
        total += ranked[i].nano;
    }
    qsort(ranked, USERS, sizeof *ranked, by_spending);
    return total;
}

/* ---- what is said -------------------------------------------------------------------------- */

static const char* usd(int64_t nano, char text[32])
{
    snprintf(text, 32, "%" PRId64 ".%09" PRId64, nano / 1000000000, nano % 1000000000);
    return text;
}

static double percent(int64_t part, int64_t whole)
{
    return whole > 0 ? (double)part * 100.0 / (double)whole : 0.0;
}

/* What llmobs says of one user: who is not listed has at most what the answer's `rest` says. */
static llmobs_cost_line line_of(llmobs* obs, const char* user, const llmobs_cost_line* lines,
                                const llmobs_cost_answer* answer)
{
    llmobs_cost_line none;
    char pseudonym[LLMOBS_PSEUDONYM_SIZE];
    memset(&none, 0, sizeof none);
    none.high_nano = answer->users.rest;
    (void)llmobs_pseudonym(obs, LLMOBS_DOMAIN_USER, NULL, user, strlen(user), pseudonym);
    for (size_t i = 0; i < answer->count; i++) {
        if (strcmp(lines[i].name, pseudonym) == 0) {
            return lines[i];
        }
    }
    return none;
}

/* The heaviest users, of a feature or of all, beside what llmobs says of them. Returns whether that
   is true of each of them and of all together. */
static bool print_users(const costs* of, llmobs* obs, uint32_t feature)
{
    static spender ranked[USERS];
    llmobs_cost_question question = llmobs_cost_question_default();
    llmobs_cost_line lines[TOP_MOST];
    llmobs_cost_answer answer;
    int64_t total = costs_rank(of, feature, ranked);
    int64_t first = 0;
    bool good = true;
    char text[3][32];
    question.by = LLMOBS_COST_BY_USER;
    question.feature = feature == ALL ? NULL : features[feature].name;
    if (llmobs_cost_report(obs, &question, lines, of->top, &answer) != LLMOBS_OK) {
        return false;
    }
    printf("  %-26s %16s %16s %16s\n", feature == ALL ? "all users" : question.feature,
           "exact, USD", "at least", "at most");
    for (size_t i = 0; i < of->top && ranked[i].nano > 0; i++) {
        char name[NAME_SIZE];
        llmobs_cost_line said = line_of(obs, user_name(ranked[i].user, name), lines, &answer);
        first += ranked[i].nano;
        good = good && said.low_nano <= ranked[i].nano && ranked[i].nano <= said.high_nano;
        printf("  %4zu  %-20s %16s %16s %16s%s\n", i + 1, name, usd(ranked[i].nano, text[0]),
               usd(said.low_nano, text[1]), usd(said.high_nano, text[2]),
               said.guaranteed ? "" : "  ?");
    }
    good = good && answer.users.low <= first && first <= answer.users.high &&
           answer.users.total == total;
    printf("  %-26s %14.2f %% %14.2f %% %14.2f %%\n\n", "their share", percent(first, total),
           100.0 * answer.users.low_share, 100.0 * answer.users.high_share);
    return good;
}

/* Whether the ledger has what was summed up here: of each feature, and of all. */
static bool is_agreed(const costs* of, llmobs* obs)
{
    static spender ranked[USERS];
    llmobs_cost_line lines[FEATURES];
    llmobs_cost_answer answer;
    bool good = llmobs_cost_report(obs, NULL, lines, FEATURES, &answer) == LLMOBS_OK &&
                answer.total.cost_nano == costs_rank(of, ALL, ranked) &&
                answer.total.requests == of->requests && answer.total.unknown == 0 &&
                answer.rest.requests == 0;
    int64_t listed = 0;
    for (size_t i = 0; good && i < answer.count; i++) {
        for (uint32_t k = 0; k < FEATURES; k++) {
            bool same = strcmp(lines[i].name, features[k].name) == 0;
            good = good && (!same || lines[i].sums.cost_nano == costs_rank(of, k, ranked));
            listed += same ? lines[i].sums.cost_nano : 0;
        }
    }
    return good && listed == answer.total.cost_nano;
}

static bool put(void* user, const char* data, size_t size)
{
    (void)user;
    return fwrite(data, 1, size, stdout) == size;
}

static void print_rule(const costs* of, llmobs* obs)
{
    llmobs_prices prices;
    memset(&prices, 0, sizeof prices);
    (void)llmobs_prices_identity(obs, &prices);
    printf("\n  Costs of %s by %s (%s)\n", of->model, of->prices, prices.id);
    printf("  users by Zipf %.1f of %d, features", zipf_shape, USERS);
    for (int i = 0; i < FEATURES; i++) {
        printf(" %s %d %%,", features[i].name, features[i].percent);
    }
    printf(" seed %" PRIu64, of->seed);
    if (of->shuffle) {
        printf("; then users drawn anew, all alike, seed %" PRIu64, of->shuffle_seed);
    }
    printf("\n\n");
}

/* This month's costs. False: llmobs says what is not so, or nothing. */
static bool costs_report(const costs* of, llmobs* obs)
{
    static spender ranked[USERS];
    char text[32];
    bool good = llmobs_flush(obs, 5000) == LLMOBS_OK;
    print_rule(of, obs);
    good = llmobs_cost_report_write(obs, NULL, FEATURES, LLMOBS_REPORT_TEXT, put, NULL) ==
               LLMOBS_OK && good;
    printf("\n");
    for (uint32_t i = 0; i <= FEATURES; i++) {
        good = print_users(of, obs, i) && good;
    }
    good = is_agreed(of, obs) && good;
    printf("  exact sums: %s USD, %" PRId64 " requests; the ledger %s to the nano-dollar, %s\n\n",
           usd(costs_rank(of, ALL, ranked), text), of->requests, good ? "agrees" : "DOES NOT AGREE",
           good ? "each bracket holds" : "OR A BRACKET IS WRONG");
    return good;
}

#endif

/* What it costs to ask a budget: reserve and settle, by one thread and by two, with the user as a
   pseudonym and as an id. Read docs/performance.md first.

   At the end the account says that everything was allowed, settled and booked.

 * peers: none */
#define _GNU_SOURCE

#include "library.h"

#include "bench.h"

#include <pthread.h>

#define USERS 64

typedef struct subject {
    llmobs* obs;
    llmobs_budget all;
    llmobs_budget_query query;
    bool decide; /* the decision is asked for */
    uint64_t booked;
    char users[USERS][LLMOBS_PSEUDONYM_SIZE];
    uint32_t user_count;
} subject;

static subject begin(const char* user_id, uint32_t user_count, uint32_t more, bool decide)
{
    llmobs_config config = llmobs_config_default();
    llmobs_budget_info info = llmobs_budget_info_default();
    subject to;
    uint32_t i;
    memset(&to, 0, sizeof to);
    config.host_pumped = true;
    config.budgets = 64;
    config.key.secret = "0123456789abcdef0123456789abcdef";
    config.key.secret_size = 32;
    to.obs = llmobs_open(&config, NULL);
    info.name = "all";
    info.hard_nano = LLMOBS_BUDGET_MOST;
    (void)llmobs_budget_add(to.obs, &info, &to.all);
    if (user_count != 0) {
        info.name = "each user";
        info.scope = LLMOBS_BUDGET_USER;
        (void)llmobs_budget_add(to.obs, &info, NULL);
    }
    for (i = 0; i < more; i++) { /* that do not apply */
        char name[16];
        (void)snprintf(name, sizeof name, "more %u", i);
        info.name = name;
        info.scope = LLMOBS_BUDGET_FEATURE;
        info.key = name;
        (void)llmobs_budget_add(to.obs, &info, NULL);
    }
    for (i = 0; i < USERS; i++) {
        (void)llmobs_pseudonym(to.obs, LLMOBS_DOMAIN_USER, NULL, &i, sizeof i, to.users[i]);
    }
    to.query = llmobs_budget_query_default();
    to.query.nano = 5000000;
    to.query.feature = "support";
    to.query.user_id = user_id;
    to.user_count = user_count;
    to.decide = decide;
    return to;
}

static void body(void* context, uint32_t times)
{
    subject* to = (subject*)context;
    llmobs_budget_decision decision = llmobs_budget_decision_default();
    while (times-- > 0) {
        llmobs_reservation reservation;
        if (to->user_count != 0 && to->query.user_id == NULL) {
            to->query.user = to->users[times % to->user_count];
        }
        reservation =
            llmobs_budget_reserve(to->obs, &to->query, to->decide ? &decision : NULL);
        if (llmobs_budget_settle(reservation, 1234567) == LLMOBS_OK) {
            to->booked += 1234567;
        }
    }
}

static void end(subject* to)
{
    llmobs_budget_state state;
    memset(&state, 0, sizeof state);
    if (llmobs_budget_status(to->all, NULL, &state) != LLMOBS_OK || state.reserved_nano != 0 ||
        state.spent_nano != (int64_t)to->booked) {
        printf("# wrong: %lld booked, %lld spent, %lld reserved\n", (long long)to->booked,
               (long long)state.spent_nano, (long long)state.reserved_nano);
        exit(1);
    }
    (void)llmobs_close(to->obs);
}

/* ---- one thread ---------------------------------------------------------------------------- */

static void bench_alone(void)
{
    static bench_set set;
    static subject subjects[7];
    bench_case* cases[7];
    const double most[7] = {0, 80, 0, 0, 0, 0, 0};
    int i;
    subjects[0] = begin(NULL, 0, 0, false);
    subjects[1] = begin(NULL, 1, 0, false);
    subjects[2] = begin(NULL, 1, 0, true);
    subjects[3] = begin(NULL, USERS, 0, false);
    subjects[4] = begin(NULL, 1, 32, false);
    subjects[5] = begin("u42", 1, 0, false);
    memset(&subjects[6], 0, sizeof subjects[6]);
    cases[0] = bench_add(&set, "reserve and settle: all", body, &subjects[0]);
    cases[1] = bench_add(&set, "... all and a user, by pseudonym", body, &subjects[1]);
    cases[2] = bench_add(&set, "... and the decision", body, &subjects[2]);
    cases[3] = bench_add(&set, "... all and one of 64 users", body, &subjects[3]);
    cases[4] = bench_add(&set, "... all, a user, 32 that do not apply", body, &subjects[4]);
    cases[5] = bench_add(&set, "... all and a user, by id", body, &subjects[5]);
    cases[6] = bench_add(&set, "... of a NULL instance", body, &subjects[6]);
    bench_run(&set);
    for (i = 0; i < 7; i++) {
        bench_print(cases[i], most[i]);
    }
    for (i = 0; i < 6; i++) {
        end(&subjects[i]);
    }
}

/* ---- two threads --------------------------------------------------------------------------- */

#define RACERS 2
#define ROUNDS 1000000

typedef struct racer {
    subject to;
    double ns;
} racer;

static void* race(void* context)
{
    racer* one = (racer*)context;
    double start;
    body(&one->to, 1000); /* attaches the thread */
    start = bench_ns(CLOCK_MONOTONIC);
    body(&one->to, ROUNDS);
    one->ns = (bench_ns(CLOCK_MONOTONIC) - start) / ROUNDS;
    return NULL;
}

/* Each has a user of his own; the budget for all is both's. */
static void bench_contended(void)
{
    static racer racers[RACERS];
    pthread_t threads[RACERS];
    subject shared = begin(NULL, 1, 0, false);
    double slowest = 0;
    int i;
    for (i = 0; i < RACERS; i++) {
        racers[i].to = shared;
        memcpy(racers[i].to.users[0], shared.users[i], sizeof shared.users[0]);
        (void)pthread_create(&threads[i], NULL, race, &racers[i]);
    }
    for (i = 0; i < RACERS; i++) {
        (void)pthread_join(threads[i], NULL);
        shared.booked += racers[i].to.booked;
        slowest = racers[i].ns > slowest ? racers[i].ns : slowest;
    }
    printf("# two threads at once, all and a user each: %.0f ns, one reserve and settle\n",
           slowest);
    end(&shared);
}

int main(void)
{
    bench_alone();
    bench_contended();
    printf("# %u short\n", bench_short_count);
    return 0;
}

/* What outlives a restart: all of it, once, in tables of the same size and of others; whoever kills
   the process when; in a file that is nobody else's. What is damaged is refused whole: see
   test_state_damaged. */
#define _GNU_SOURCE
#include "llmobs_private.h"

#include "tap.h"

#include "keeper.h"

#define RANDOM_SEED 17
#include "random.h"
#include "requester.h"

#include "ledger.h"

#include "stateful.h"

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

static snapshot before, after;

/* ---- budgets ------------------------------------------------------------------------------- */

static llmobs_budget budgets[3];

static void add_budgets(llmobs* obs)
{
    static const char* const names[] = {"month", "users", "ever"};
    static const llmobs_period periods[] = {LLMOBS_PERIOD_MONTH, LLMOBS_PERIOD_DAY,
                                            LLMOBS_PERIOD_NONE};
    int i;
    for (i = 0; i < 3; i++) {
        llmobs_budget_info info = llmobs_budget_info_default();
        info.name = names[i];
        info.period = periods[i];
        info.hard_nano = 1000000;
        info.scope = i == 1 ? LLMOBS_BUDGET_USER : LLMOBS_BUDGET_ALL;
        (void)llmobs_budget_add(obs, &info, &budgets[i]);
    }
}

static void settle(llmobs* obs, const char* user, int64_t nano)
{
    llmobs_budget_query query = llmobs_budget_query_default();
    query.user_id = user;
    query.nano = nano;
    (void)llmobs_budget_settle(llmobs_budget_reserve(obs, &query, NULL), nano);
}

static int64_t spent_of(llmobs_budget budget, const char* key)
{
    llmobs_budget_state state;
    memset(&state, 0, sizeof state);
    return llmobs_budget_status(budget, key, &state) == LLMOBS_OK ? state.spent_nano : -1;
}

/* ---- a restart ----------------------------------------------------------------------------- */

static void check_again(llmobs* obs, const char* what)
{
    llmobs_stats stats = stats_of(obs);
    take_snapshot(obs, &after);
    is_int(snapshots_differ(&before, &after), 0, what);
    is_int(stats.state_lost, 0, "nothing was lost");
    is_int(stats.state_gap_ns, 5000000000, "the gap is known");
    add_budgets(obs);
    is_int(spent_of(budgets[0], NULL), 77, "a month's budget");
    is_int(spent_of(budgets[1], "ann"), 7, "a user's");
    is_int(spent_of(budgets[1], "bob"), 70, "another's");
    is_int(spent_of(budgets[2], NULL), 77, "one for ever");
}

static void test_restart(void)
{
    llmobs_config config = state_config();
    llmobsi_cost_ledger* ledger;
    struct stat status;
    uint64_t counts[4];
    llmobs* obs;
    fresh_folder();
    obs = open_state(&config);
    is_int(stats_of(obs).state_gap_ns, 0, "a file that is not there is no news");
    fill(obs, 2000);
    add_budgets(obs);
    settle(obs, "ann", 7);
    settle(obs, "bob", 70);
    take_snapshot(obs, &before);
    ok(before.answers[before.count - 10].answer.count == 64, "users of the month before");
    ledger = llmobsi_cost_ledger_of(recorder_of(obs));
    ok(ledger->overflows > 0 && ledger->folded > 0, "rows and places had run out");
    counts[0] = ledger->overflows;
    counts[1] = ledger->folded;
    is_int(llmobs_state_save(obs), LLMOBS_OK, "saved");
    is_int(stats_of(obs).state_saved, 1, "once");
    ok(stat(STATE, &status) == 0 && (status.st_mode & 07777) == 0600, "private");
    ok(!is_there(STATE ".tmp"), "nothing else is left");
    printf("# %ld bytes\n", (long)status.st_size);
    is_int(llmobs_close(obs), LLMOBS_OK, "closed");
    fake_now += 5000000000;
    obs = open_state(&config);
    ledger = llmobsi_cost_ledger_of(recorder_of(obs));
    ok(ledger->overflows == counts[0] && ledger->folded == counts[1], "what was counted goes on");
    check_again(obs, "after a restart everything is as it was");
    (void)llmobs_close(obs);
    fake_now += 5000000000;
    obs = open_state(&config);
    check_again(obs, "after another one, too: nothing counts twice");
    fill(obs, 100);
    take_snapshot(obs, &before);
    (void)llmobs_close(obs);
    obs = open_state(&config);
    take_snapshot(obs, &after);
    is_int(snapshots_differ(&before, &after), 0, "it went on with what was loaded");
    (void)llmobs_close(obs);
    is_int(noted[LLMOBS_NOTE_STATE_LOST] + noted[LLMOBS_NOTE_STATE_WRITE], 0, "no complaint");
}

/* ---- other sizes --------------------------------------------------------------------------- */

/* How many periods have another total than in `before`. */
static int wrong_totals(llmobs* obs)
{
    int wrong = 0;
    int i;
    take_snapshot(obs, &after);
    for (i = 0; i < 3 * (int)LLMOBS_I_COST_SLOTS; i++) {
        wrong += memcmp(&before.answers[i].answer.total, &after.answers[i].answer.total,
                        sizeof(llmobs_cost_sums)) != 0;
    }
    return wrong;
}

static void check_sizes(const llmobs_config* config, bool fits, const char* what)
{
    long size = slurp(STATE);
    llmobs* obs;
    noted[LLMOBS_NOTE_STATE_LOST] = 0;
    obs = open_state(config);
    printf("# %s\n", what);
    is_int(wrong_totals(obs), 0, "every period's total is exact");
    ok((stats_of(obs).state_lost == 0) == fits, "what found no place is counted");
    is_int(noted[LLMOBS_NOTE_STATE_LOST], !fits, "and told once");
    (void)llmobs_close(obs);
    spill(STATE, file_bytes, (size_t)size);
}

static void test_sizes(void)
{
    llmobs_config config = state_config();
    llmobs_config other = config;
    llmobs* obs;
    uint64_t now;
    fresh_folder();
    obs = open_state(&config);
    fill(obs, 500);
    take_snapshot(obs, &before);
    (void)llmobs_close(obs);
    now = fake_now;
    other.cost_rows = 16;
    other.cost_places = 64;
    check_sizes(&other, false, "fewer rows and places");
    other = config;
    other.cost_rows = 512;
    other.cost_places = 4096;
    other.cost_features = 12;
    other.budgets = 0;
    check_sizes(&other, true, "more of them");
    other = config;
    other.cost_features = 2;
    check_sizes(&other, false, "fewer features");
    other = config;
    other.cost_users = 4096;
    check_sizes(&other, false, "sketches of another size are begun anew");
    is_int(after.answers[after.count - 9].answer.users.total, 0, "and are empty");
    ok(before.answers[before.count - 10].answer.count > 0 &&
           !answers_differ(&before.answers[before.count - 10], &after.answers[after.count - 10]),
       "the list of the month before is as it was");
    other = config;
    other.cost_users = LLMOBS_OFF;
    check_sizes(&other, false, "no users");
    other = config;
    other.cost_rows = LLMOBS_OFF;
    (void)slurp(STATE);
    obs = open_state(&other);
    ok(stats_of(obs).state_lost > 0, "no ledger");
    is_int(noted[LLMOBS_NOTE_STATE_DAMAGED], 0, "is no damage");
    (void)llmobs_close(obs);
    fake_now = now;
}

/* A day of another time zone is the day that has the middle of it. */
static void test_zone(void)
{
    static const spent one = {"f", "m", "t", "u", 5};
    llmobs_config config = state_config();
    llmobs* obs;
    fresh_folder();
    obs = open_state(&config);
    spend(obs, one);
    (void)llmobs_close(obs);
    config.utc_offset_minutes = 330;
    obs = open_state(&config);
    is_int(total_of(obs, LLMOBS_PERIOD_DAY), 5, "the day's in another zone");
    is_int(total_of(obs, LLMOBS_PERIOD_MONTH), 5, "the month's");
    is_int(total_of(obs, LLMOBS_PERIOD_NONE), 5, "and all");
    (void)llmobs_close(obs);
}

/* ---- kill -9 ------------------------------------------------------------------------------- */

/* Shared with the child: requests booked, in the checkpoint under way, in the last one. */
typedef struct progress {
    volatile int64_t booked;
    volatile int64_t saving;
    volatile int64_t saved;
} progress;

static const spent a_nano = {"f", "m", "t", "u", 1};

/* Spends until it is killed, and saves at every seventh request, or has the tick do it. */
static void spend_for_ever(progress* shared, const llmobs_config* config)
{
    llmobs* obs = open_state(config);
    int64_t booked = shared->booked;
    for (;;) {
        spend(obs, a_nano);
        shared->booked = ++booked;
        if (!config->host_pumped) {
            (void)usleep(500);
            continue;
        }
        (void)llmobs_tick(obs);
        if (booked % 7 == 0) {
            shared->saving = booked;
            if (llmobs_state_save(obs) == LLMOBS_OK) {
                shared->saved = booked;
            }
        }
    }
}

static int64_t all_that_is_there(const llmobs_config* config)
{
    llmobs_config pumped = *config;
    llmobs* obs;
    int64_t total;
    pumped.host_pumped = true;
    obs = open_state(&pumped);
    total = total_of(obs, LLMOBS_PERIOD_MONTH);
    ok(total == total_of(obs, LLMOBS_PERIOD_NONE), "all periods agree");
    (void)llmobs_close(obs);
    return total;
}

static void test_killed(progress* shared)
{
    llmobs_config config = state_config();
    int round;
    fresh_folder();
    memset((void*)shared, 0, sizeof *shared);
    for (round = 0; round < 8; round++) {
        int64_t total;
        pid_t child = fork();
        if (child == 0) {
            spend_for_ever(shared, &config);
        }
        (void)usleep((useconds_t)(50000 + next_random() % 100000));
        (void)kill(child, SIGKILL);
        (void)waitpid(child, NULL, 0);
        total = all_that_is_there(&config);
        printf("# %lld booked, %lld saved, %lld found\n", (long long)shared->booked,
               (long long)shared->saved, (long long)total);
        ok(total == shared->saved || total == shared->saving, "what was saved, and no more");
        shared->booked = shared->saving = shared->saved = total;
    }
    ok(shared->saved > 0, "something was");
    is_int(noted[LLMOBS_NOTE_STATE_DAMAGED], 0, "no file was half written");
}

/* The same by the tick's own interval. */
static void test_killed_by_interval(progress* shared)
{
    llmobs_config config = state_config();
    int64_t early, total;
    pid_t child;
    fresh_folder();
    memset((void*)shared, 0, sizeof *shared);
    config.host_pumped = false;
    config.state_interval_s = 1;
    child = fork();
    if (child == 0) {
        spend_for_ever(shared, &config);
    }
    (void)usleep(1500000);
    early = shared->booked;
    (void)usleep(3000000);
    (void)kill(child, SIGKILL);
    (void)waitpid(child, NULL, 0);
    total = all_that_is_there(&config);
    ok(early > 0 && total >= early && total <= shared->booked,
       "at most the last interval is lost, nothing counts twice");
}

/* ---- whose file it is ---------------------------------------------------------------------- */

static void test_taken(void)
{
    llmobs_config config = state_config();
    llmobs* first;
    llmobs* second;
    fresh_folder();
    first = open_state(&config);
    second = open_state(&config);
    is_int(noted[LLMOBS_NOTE_STATE_TAKEN], 1, "another instance has it");
    is_int(llmobs_state_save(second), LLMOBS_ERROR_ARGUMENT, "it is not this one's");
    spend(second, a_nano);
    is_int(total_of(second, LLMOBS_PERIOD_MONTH), 1, "which works all the same");
    (void)llmobs_close(second);
    ok(!is_there(STATE), "and leaves nothing");
    is_int(llmobs_state_save(first), LLMOBS_OK, "the first one has it still");
    (void)llmobs_close(first);
    first = open_state(&config);
    is_int(llmobs_state_save(first), LLMOBS_OK, "whoever comes after it has it");
    (void)llmobs_close(first);
}

/* The host closed what it did not know, and has another file there by now. */
static void test_lost_lock(void)
{
    llmobs_config config = state_config();
    struct stat status;
    llmobs* obs;
    int ours, theirs;
    fresh_folder();
    obs = open_state(&config);
    ours = llmobsi_places[LLMOBS_I_PLACE(llmobsi_ticket(obs))].state_lock.descriptor - 1;
    (void)close(ours);
    theirs = open("/dev/null", O_RDONLY);
    is_int(theirs, ours, "another file has its number");
    is_int(llmobs_state_save(obs), LLMOBS_OK, "it is locked anew");
    (void)unlink(STATE ".lock");
    is_int(llmobs_state_save(obs), LLMOBS_OK, "and where somebody tidied up");
    ok(is_there(STATE ".lock"), "there is a lock again");
    (void)llmobs_close(obs);
    ok(fstat(theirs, &status) == 0, "the host's file is open still");
    (void)close(theirs);
}

static int child_of_fork(llmobs* obs)
{
    int wrong = llmobs_state_save(obs) != LLMOBS_ERROR_ARGUMENT;
    wrong += llmobsi_cost_users_of(llmobsi_cost_ledger_of(recorder_of(obs)))->past.begun;
    spend(obs, a_nano);
    (void)llmobs_tick(obs);
    wrong += total_of(obs, LLMOBS_PERIOD_MONTH) != 1;
    wrong += stats_of(obs).state_saved != 0;
    wrong += llmobs_close(obs) != LLMOBS_OK;
    return wrong;
}

static void test_fork(void)
{
    llmobs_config config = state_config();
    int status = -1;
    int gate[2];
    llmobs* obs;
    pid_t child;
    fresh_folder();
    obs = open_state(&config);
    spend(obs, a_nano);
    (void)llmobs_flush(obs, 1000);
    fake_now += 31 * DAY;
    spend(obs, a_nano);
    spend(obs, a_nano);
    (void)llmobs_flush(obs, 1000);
    ok(llmobsi_cost_users_of(llmobsi_cost_ledger_of(recorder_of(obs)))->past.begun, "two months");
    ok(pipe(gate) == 0, "a pipe");
    child = fork();
    if (child == 0) {
        char byte;
        (void)close(gate[1]);
        (void)!read(gate[0], &byte, 1); /* until the parent has been started anew */
        _exit(child_of_fork(obs));
    }
    (void)llmobs_close(obs);
    obs = open_state(&config);
    is_int(noted[LLMOBS_NOTE_STATE_TAKEN], 0, "a child that lives on does not hold the lock");
    (void)close(gate[1]);
    (void)waitpid(child, &status, 0);
    ok(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child counts, and writes no state");
    is_int(total_of(obs, LLMOBS_PERIOD_MONTH), 2, "the parent's state is the parent's");
    (void)llmobs_close(obs);
    obs = open_state(&config);
    is_int(total_of(obs, LLMOBS_PERIOD_MONTH), 2, "to its end");
    (void)llmobs_close(obs);
    (void)close(gate[0]);
}

/* ---- what stands in the way ---------------------------------------------------------------- */

static void is_no_file(const llmobs_config* config, const char* what)
{
    uint64_t told = noted[LLMOBS_NOTE_STATE_OPEN];
    llmobs* obs = open_state(config);
    spend(obs, a_nano);
    ok(noted[LLMOBS_NOTE_STATE_OPEN] == told + 1 &&
           llmobs_state_save(obs) == LLMOBS_ERROR_ARGUMENT &&
           total_of(obs, LLMOBS_PERIOD_MONTH) == 1 && llmobs_close(obs) == LLMOBS_OK,
       what);
}

static void test_in_the_way(void)
{
    llmobs_config config = state_config();
    char far[2100];
    fresh_folder();
    spill(STATE ".other", "precious", 8);
    ok(symlink("state.other", STATE) == 0, "a symbolic link");
    is_no_file(&config, "is not followed");
    ok(is_there(STATE) && slurp(STATE ".other") == 8, "nor replaced");
    (void)unlink(STATE);
    ok(link(STATE ".other", STATE) == 0, "a file with two names");
    is_no_file(&config, "is not ours");
    (void)unlink(STATE);
    ok(mkdir(STATE, 0700) == 0, "a folder");
    is_no_file(&config, "is no file");
    (void)rmdir(STATE);
    ok(mkfifo(STATE, 0600) == 0, "a FIFO");
    is_no_file(&config, "keeps nobody waiting");
    (void)unlink(STATE);
    (void)unlink(STATE ".lock");
    ok(symlink("state.other", STATE ".lock") == 0, "a link in the lock's place");
    is_no_file(&config, "is not followed");
    (void)unlink(STATE ".lock");
    config.state_file = FOLDER "/nowhere/state";
    is_no_file(&config, "a folder that is not there");
    config.state_file = "";
    is_no_file(&config, "an empty path");
    memset(far, 'x', sizeof far);
    far[sizeof far - 1] = '\0';
    config.state_file = far;
    is_no_file(&config, "a path that is too long");
    config.state_file = NULL;
    ok(llmobs_state_save(NULL) == LLMOBS_ERROR_CLOSED, "no instance");
}

static void test_failing(void)
{
    llmobs_config config = state_config();
    struct rlimit limit, small;
    llmobs_result result;
    llmobs* obs;
    fresh_folder();
    spill(STATE ".other", "precious", 8);
    obs = open_state(&config);
    ok(symlink("state.other", STATE ".tmp") == 0 && llmobs_state_save(obs) == LLMOBS_OK &&
           slurp(STATE ".other") == 8 && !is_there(STATE ".tmp"),
       "a link in the new file's place is taken away, not followed");
    spend(obs, a_nano);
    (void)llmobs_flush(obs, 1000);
    (void)getrlimit(RLIMIT_FSIZE, &limit);
    small = limit;
    small.rlim_cur = 1000;
    (void)setrlimit(RLIMIT_FSIZE, &small);
    result = llmobs_state_save(obs); /* no output now: it may go to a file */
    (void)setrlimit(RLIMIT_FSIZE, &limit);
    is_int(result, LLMOBS_ERROR_SYSTEM, "a limit on files does not kill");
    (void)unlink(STATE ".tmp");
    ok(mkdir(STATE ".tmp", 0700) == 0, "a folder in its place");
    is_int(llmobs_state_save(obs), LLMOBS_ERROR_SYSTEM, "is in the way");
    (void)llmobs_tick(obs);
    is_int(noted[LLMOBS_NOTE_STATE_WRITE], 2, "which is told");
    ok(stats_of(obs).state_failed == 2 && stats_of(obs).state_saved == 1, "and counted");
    (void)rmdir(STATE ".tmp");
    is_int(llmobs_state_save(obs), LLMOBS_OK, "when it is gone, all goes on");
    (void)llmobs_close(obs);
    is_int(all_that_is_there(&config), 1, "with all there is");
}

/* The tick, when its time has come. */
static void test_interval(void)
{
    llmobs_config config = state_config();
    llmobs* obs;
    fresh_folder();
    config.state_interval_s = 1;
    obs = open_state(&config);
    (void)llmobs_tick(obs);
    is_int(stats_of(obs).state_saved, 0, "not yet");
    (void)usleep(1050000);
    (void)llmobs_tick(obs);
    (void)llmobs_tick(obs);
    is_int(stats_of(obs).state_saved, 1, "once an interval");
    (void)llmobs_close(obs);
}

/* ---- all at once --------------------------------------------------------------------------- */

static void* spend_many(void* user)
{
    llmobs* obs = (llmobs*)user;
    int i;
    for (i = 0; i < 2000; i++) {
        spend(obs, a_nano);
        settle(obs, i % 2 != 0 ? "ann" : "bob", 1);
    }
    return NULL;
}

static void* save_many(void* user)
{
    llmobs* obs = (llmobs*)user;
    int64_t wrong = 0;
    int i;
    for (i = 0; i < 10; i++) {
        wrong += llmobs_state_save(obs) != LLMOBS_OK;
    }
    return (void*)(uintptr_t)wrong;
}

static void test_together(void)
{
    llmobs_config config = state_config();
    pthread_t threads[4];
    void* wrong = NULL;
    llmobs* obs;
    int i;
    fresh_folder();
    config.host_pumped = false;
    config.requests = 8192;
    config.state_interval_s = 1;
    obs = open_state(&config);
    add_budgets(obs);
    for (i = 0; i < 4; i++) {
        (void)pthread_create(&threads[i], NULL, i < 2 ? spend_many : save_many, (void*)obs);
    }
    for (i = 0; i < 4; i++) {
        (void)total_of(obs, LLMOBS_PERIOD_MONTH);
        (void)pthread_join(threads[i], i < 2 ? NULL : &wrong);
        ok(wrong == NULL, i < 2 ? "spent" : "saved meanwhile");
    }
    (void)llmobs_close(obs);
    config.host_pumped = true;
    obs = open_state(&config);
    is_int(total_of(obs, LLMOBS_PERIOD_NONE), 4000, "all of it is there");
    add_budgets(obs);
    is_int(spent_of(budgets[0], NULL), 4000, "in the budgets");
    is_int(spent_of(budgets[1], "ann"), 2000, "of each");
    (void)llmobs_close(obs);
}

int main(void)
{
    progress* shared = (progress*)mmap(NULL, sizeof(progress), PROT_READ | PROT_WRITE,
                                       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    test_killed(shared);
    test_killed_by_interval(shared);
    test_restart();
    test_sizes();
    test_zone();
    test_taken();
    test_lost_lock();
    test_fork();
    test_in_the_way();
    test_failing();
    test_interval();
    test_together();
    return done();
}

/* Who uses most tokens: against exact sums, as the scraper sees it, while the tick books and months
   begin. */
#define _GNU_SOURCE
#include "llmobs_private.h"

#include "tap.h"

#include "keeper.h"

#include "requester.h"

#include "ledger.h"
#include "zipf.h"

#include <pthread.h>
#include <time.h>

enum { USERS = 900, MOST = LLMOBS_I_HEAVY_MOST };

static llmobsi_recorder* recorder_of(llmobs* obs)
{
    return llmobsi_places[LLMOBS_I_PLACE(llmobsi_ticket(obs))].recorder;
}

static uint32_t heavy_of(llmobs* obs, llmobsi_heavy* heavy, uint32_t room)
{
    (void)llmobs_flush(obs, 5000);
    return llmobsi_cost_heavy_tokens(llmobsi_cost_ledger_of(recorder_of(obs)), fake_now, heavy,
                                     room);
}

static void use_tokens(llmobs* obs, uint32_t user, int64_t tokens, int64_t nano)
{
    llmobs_request_info info = llmobs_request_info_default();
    llmobs_outcome outcome = llmobs_outcome_default();
    char id[16];
    (void)snprintf(id, sizeof id, "user-%u", user);
    info.user_id = id;
    info.feature = "support";
    outcome.usage.input_tokens = tokens;
    outcome.cost_known = nano >= 0;
    outcome.cost_nano = nano;
    llmobs_request_end(llmobs_request_begin(obs, &info), &outcome);
    (void)llmobs_tick(obs);
}

static void pseudonym_of(llmobs* obs, uint32_t user, char out[LLMOBS_PSEUDONYM_SIZE])
{
    char id[16];
    (void)snprintf(id, sizeof id, "user-%u", user);
    (void)llmobs_pseudonym(obs, LLMOBS_DOMAIN_USER, NULL, id, strlen(id), out);
}

/* ---- against exact sums -------------------------------------------------------------------- */

static int64_t exact[USERS];

static int by_tokens(const void* a, const void* b)
{
    int64_t one = *(const int64_t*)a, other = *(const int64_t*)b;
    return one < other ? 1 : one > other ? -1 : 0;
}

/* The exact sum of a pseudonym's user; -1: there is no such. */
static int64_t exact_of(llmobs* obs, const char* pseudonym)
{
    uint32_t user;
    for (user = 0; user < USERS; user++) {
        char name[LLMOBS_PSEUDONYM_SIZE];
        pseudonym_of(obs, user, name);
        if (strcmp(name, pseudonym) == 0) {
            return exact[user];
        }
    }
    return -1;
}

/* `counters` for as many users: with enough the list is exact, with fewer a lower bound. */
static void test_sums(uint32_t counters, bool is_exact)
{
    llmobs_config config = ledger_config();
    zipf users = zipf_make(USERS, 1.1, 7);
    llmobsi_heavy heavy[MOST];
    int64_t sorted[USERS];
    int above = 0, unsorted = 0, inexact = 0, strange = 0, i;
    uint32_t count;
    keeper kept;
    llmobs* obs;
    config.cost_users = counters;
    config.cost_features = LLMOBS_OFF;
    obs = open_kept(&config, &kept);
    memset(exact, 0, sizeof exact);
    for (i = 0; i < 6000; i++) {
        uint32_t user = zipf_next(&users);
        int64_t tokens = (int64_t)(zipf_random(&users) % 5000);
        exact[user] += tokens;
        /* The heaviest by tokens are not the most expensive ones; some have no known cost. */
        use_tokens(obs, user, tokens, user % 7 == 3 ? -1 : (int64_t)(zipf_random(&users) % 900));
    }
    memcpy(sorted, exact, sizeof sorted);
    qsort(sorted, USERS, sizeof sorted[0], by_tokens);
    count = heavy_of(obs, heavy, 1000);
    for (i = 0; i < (int)count; i++) {
        int64_t truth = exact_of(obs, heavy[i].pseudonym);
        strange += truth < 0;
        above += (int64_t)heavy[i].input_tokens > truth;
        inexact += (int64_t)heavy[i].input_tokens != sorted[i];
        unsorted += i > 0 && heavy[i].input_tokens > heavy[i - 1].input_tokens;
    }
    is_int(count, MOST, "as many as are told");
    is_int(strange + above + unsorted, 0, "users of ours, in order, with no more than they used");
    ok(is_exact ? inexact == 0 : inexact > 0,
       is_exact ? "with a counter for each, who uses most and how much"
                : "with few counters, less");
    is_int(heavy_of(obs, heavy, 3), 3, "as many as are asked for");
    is_int(heavy_of(obs, heavy, 0), 0, "or none");
    zipf_free(&users);
    (void)close_kept(obs, &kept);
}

/* ---- when there is nobody ------------------------------------------------------------------ */

static void test_nobody(void)
{
    llmobs_config config = ledger_config();
    llmobsi_heavy heavy[MOST];
    char name[LLMOBS_PSEUDONYM_SIZE];
    uint32_t count;
    llmobsi_top* top;
    keeper kept;
    llmobs* obs;
    config.cost_users = 16; /* one set */
    obs = open_kept(&config, &kept);
    is_int(heavy_of(obs, heavy, MOST), 0, "nobody has been here");
    use_tokens(obs, 1, 0, 50);
    is_int(heavy_of(obs, heavy, MOST), 0, "nobody has used a token");
    use_tokens(obs, 2, 7, 0);
    pseudonym_of(obs, 2, name);
    ok(heavy_of(obs, heavy, MOST) == 1 && heavy[0].input_tokens == 7 &&
           strcmp(heavy[0].pseudonym, name) == 0,
       "one has, for nothing");
    top = llmobsi_cost_users_of(llmobsi_cost_ledger_of(recorder_of(obs)))->all.top;
    ok(llmobsi_heavy_gather(top, heavy, MOST, &count), "a list of one time");
    top->epoch++;
    ok(!llmobsi_heavy_gather(top, heavy, MOST, &count), "none while all is begun anew");
    top->epoch++;
    fake_now += 31 * DAY;
    is_int(heavy_of(obs, heavy, MOST), 0, "a new month has none yet");
    use_tokens(obs, 1, 3, 1);
    ok(heavy_of(obs, heavy, MOST) == 1 && heavy[0].input_tokens == 3, "and then its own");
    (void)close_kept(obs, &kept);
    config.cost_users = LLMOBS_OFF;
    obs = open_kept(&config, &kept);
    use_tokens(obs, 1, 3, 1);
    is_int(heavy_of(obs, heavy, MOST), 0, "no users are kept");
    (void)close_kept(obs, &kept);
    is_int(llmobsi_cost_heavy_tokens(NULL, fake_now, heavy, MOST), 0, "no ledger");
}

/* ---- as metrics ---------------------------------------------------------------------------- */

#define NAME "llm_user_input_tokens_lower_bound"

static int seen_points;
static int seen_torn; /* points whose label is another one as text */
static llmobs_metric_view seen_metric;
static int64_t seen_value;
static uint64_t seen_start;
static char seen_user[LLMOBS_PSEUDONYM_SIZE];

static bool look(void* user, const llmobs_batch* batch)
{
    size_t i;
    (void)user;
    for (i = 0; i < batch->metric_count; i++) {
        const llmobs_metric_view* metric = &batch->metrics[i];
        if (strcmp(metric->name.data, NAME) == 0 && metric->point_count > 0) {
            const llmobs_point_view* point = &metric->points[0];
            size_t at;
            for (at = 0; at < metric->point_count; at++) {
                llmobs_string label = metric->points[at].attributes[0].value.string;
                seen_torn += label.size + strlen("user=\"\"") != metric->points[at].labels.size ||
                             memcmp(metric->points[at].labels.data + strlen("user=\""),
                                    label.data, label.size) != 0;
            }
            seen_points += (int)metric->point_count;
            if (seen_points > (int)metric->point_count) {
                continue; /* it came in two batches */
            }
            seen_metric = *metric;
            seen_value = point->value.integer;
            seen_start = point->start_unix_ns;
            (void)snprintf(seen_user, sizeof seen_user, "%s",
                           point->attributes[0].value.string.data);
        }
    }
    return true;
}

static void test_metric(void)
{
    llmobs_config config = ledger_config();
    char name[LLMOBS_PSEUDONYM_SIZE];
    char series[200];
    uint32_t user;
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    (void)sample(obs, "-");
    ok(strstr(scraped, NAME) == NULL, "no metric of nobody");
    for (user = 0; user < 25; user++) {
        use_tokens(obs, user, 100 + user, 5);
    }
    pseudonym_of(obs, 24, name);
    (void)snprintf(series, sizeof series, NAME "{user=\"%s\"}", name);
    is_str(sample(obs, series), "124", "who used most");
    ok(strstr(scraped, "# TYPE " NAME " gauge\n") != NULL, "a gauge");
    pseudonym_of(obs, 4, name);
    (void)snprintf(series, sizeof series, NAME "{user=\"%s\"}", name);
    is_str(sample(obs, series), "(none)", "the 21st is not there");
    seen_points = 0;
    is_int(llmobs_metrics_collect(obs, look, NULL), LLMOBS_OK, "as views");
    is_int(seen_points, 20, "twenty points");
    is_int(seen_torn, 0, "each has its user, as text and as an attribute");
    pseudonym_of(obs, 24, name);
    is_str(seen_user, name, "the first with its user");
    ok(seen_value == 124 && seen_start == 0 && seen_metric.instrument == LLMOBS_UPDOWN &&
           strcmp(seen_metric.unit.data, "{token}") == 0,
       "its value, without a start");
    (void)close_kept(obs, &kept);
    config.metric_families = LLMOBS_FAMILY_SELF;
    obs = open_kept(&config, &kept);
    use_tokens(obs, 1, 3, 1);
    (void)sample(obs, "-");
    ok(strstr(scraped, NAME) == NULL, "it is of the family LLM");
    (void)close_kept(obs, &kept);
}

/* ---- while the tick books ------------------------------------------------------------------ */

static llmobs* shared;
static uint32_t stop;

/* Users have the same tokens in each request, so that a list that was torn shows. */
static void* book(void* unused)
{
    uint32_t i;
    (void)unused;
    for (i = 0; i < 4000; i++) {
        use_tokens(shared, i % 300, 1000 + i % 300, 1 + i % 50);
        if (i % 200 == 199) { /* all begins anew */
            llmobsi_cost_ledger* ledger = llmobsi_cost_ledger_of(recorder_of(shared));
            llmobsi_lock_take(&ledger->lock);
            llmobsi_cost_users_reset(llmobsi_cost_users_of(ledger));
            llmobsi_lock_give(&ledger->lock);
        }
    }
    llmobsi_store_release(&stop, 1);
    return NULL;
}

static void test_race(void)
{
    static char names[300][LLMOBS_PSEUDONYM_SIZE];
    llmobs_config config = ledger_config();
    int wrong = 0, lists = 0;
    pthread_t thread;
    uint32_t user;
    keeper kept;
    config.cost_users = 64;
    shared = open_kept(&config, &kept);
    for (user = 0; user < 300; user++) {
        pseudonym_of(shared, user, names[user]);
    }
    llmobsi_store_relaxed(&stop, 0);
    (void)pthread_create(&thread, NULL, book, NULL);
    while (llmobsi_load_acquire(&stop) == 0 || lists < 10) {
        llmobsi_heavy heavy[MOST];
        uint32_t count = llmobsi_cost_heavy_tokens(llmobsi_cost_ledger_of(recorder_of(shared)),
                                                   fake_now, heavy, MOST);
        const struct timespec moment = {0, 20000};
        uint32_t i;
        (void)nanosleep(&moment, NULL); /* the lock is for others, too */
        lists++;
        for (i = 0; i < count; i++) {
            for (user = 0; user < 300 && strcmp(names[user], heavy[i].pseudonym) != 0; user++) {
            }
            wrong += user == 300 || heavy[i].input_tokens % (1000 + user) != 0;
            wrong += i > 0 && heavy[i].input_tokens > heavy[i - 1].input_tokens;
        }
    }
    (void)pthread_join(thread, NULL);
    is_int(wrong, 0, "each list holds users with what is theirs, while others are booked");
    printf("# %d lists\n", lists);
    (void)close_kept(shared, &kept);
}

int main(void)
{
    test_sums(4096, true);
    test_sums(64, false);
    test_nobody();
    test_metric();
    test_race();
    return done();
}

/* Threads that are born and die record into metrics and make new series, while one thread reads it
   all, over and over: no count falls, buckets ascend, and in the end every value is there or
   counted as dropped.

     stress_metrics [RECORDS]        default 10,000,000; one scrape for ten of them */
#define LLMOBS_IMPLEMENTATION
#include "../../llmobs.h"
#include "../tap.h"

#include "../keeper.h"
#include "../meter.h"

enum { AT_ONCE = 5, LABELS = 20 };

typedef struct crowd {
    llmobs* obs;
    llmobs_metric requests;
    llmobs_metric users;
    llmobs_updown running;
    llmobs_histogram sizes;
    llmobs_histogram times;
    uint64_t records; /* of each life */
    llmobsi_atomic64 recorded;
    llmobsi_atomic64 of_users;
    llmobsi_atomic64 lives;
    llmobsi_atomic32 stop;
} crowd;

static crowd shared;

static void record(uint64_t random, int spread)
{
    static const char* const labels[LABELS] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j",
                                               "k", "l", "m", "n", "o", "p", "q", "r", "s", "t"};
    const char* value = labels[(random >> 40) % LABELS];
    llmobs_counter_add(llmobs_counter_get(shared.requests, &value, 1), 1);
    llmobs_updown_add(shared.running, 1);
    llmobs_histogram_record_int(shared.sizes, (random >> 33) % 100);
    llmobs_histogram_record_int(shared.times, UINT64_C(1) << ((random >> 50) % (uint64_t)spread));
    llmobs_updown_add(shared.running, -1);
}

static void* live(void* argument)
{
    uint64_t random = 77 * llmobsi_add_relaxed(&shared.lives, 1) + 1;
    uint64_t users = 0;
    uint64_t i;
    (void)argument;
    for (i = 0; i < shared.records; i++) {
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
        record(random, 1 + (int)(i * 60 / shared.records));
        if (i % 64 == 0) {
            char text[24];
            const char* value = text;
            (void)snprintf(text, sizeof text, "user %llu", (unsigned long long)(random >> 50));
            llmobs_counter_add(llmobs_counter_get(shared.users, &value, 1), 1);
            users++;
        }
    }
    (void)llmobsi_add_relaxed(&shared.recorded, shared.records);
    (void)llmobsi_add_relaxed(&shared.of_users, users);
    return NULL;
}

/* One thread after the other, as long as the reader reads. */
static void* live_on(void* argument)
{
    while (llmobsi_load_relaxed(&shared.stop) == 0) {
        pthread_t id;
        if (pthread_create(&id, NULL, live, argument) == 0) {
            (void)pthread_join(id, NULL);
        }
    }
    return NULL;
}

/* ---- the reader ---------------------------------------------------------------------------- */

typedef struct seen {
    uint64_t requests; /* of all labels */
    uint64_t users;
    uint64_t counts[2];
    uint64_t infinity[2];
    uint64_t below; /* the bucket before, UINT64_MAX: none */
    uint64_t descents;
} seen;

static void see(void* user, const prometheus_sample* sample)
{
    seen* s = (seen*)user;
    int which = strncmp(sample->name, "times", 5) == 0;
    uint64_t value = strtoull(sample->value, NULL, 10);
    if (strcmp(sample->name, "requests_total") == 0) {
        s->requests += value;
    } else if (strcmp(sample->name, "users_total") == 0) {
        s->users += value;
    } else if (strstr(sample->name, "_bucket") != NULL) {
        s->descents += s->below != UINT64_MAX && value < s->below;
        s->below = value;
        if (strcmp(sample->labels[sample->label_count - 1].value, "+Inf") == 0) {
            s->infinity[which] = value;
            s->below = UINT64_MAX;
        }
    } else if (strstr(sample->name, "_count") != NULL) {
        s->counts[which] = value;
    }
}

static char text[1 << 20];

static bool read_once(seen* now)
{
    size_t size = sizeof text;
    memset(now, 0, sizeof *now);
    now->below = UINT64_MAX;
    return llmobs_prometheus_print(shared.obs, LLMOBS_PROMETHEUS_TEXT, text, &size) == LLMOBS_OK &&
           prometheus_read(text, see, now);
}

static void read_all(uint64_t scrapes)
{
    static seen before;
    static seen now;
    uint64_t falls = 0;
    uint64_t torn = 0;
    uint64_t malformed = 0;
    uint64_t i;
    for (i = 0; i < scrapes; i++) {
        malformed += !read_once(&now);
        falls += now.requests < before.requests || now.users < before.users ||
                 now.counts[0] < before.counts[0] || now.counts[1] < before.counts[1];
        torn += now.infinity[0] != now.counts[0] || now.infinity[1] != now.counts[1] ||
                now.descents != 0;
        before = now;
    }
    is_int(malformed, 0, "every scrape is well-formed");
    is_int(falls, 0, "no count falls from one to the next");
    is_int(torn, 0, "buckets ascend, and the last is the count");
}

/* ---- the whole ----------------------------------------------------------------------------- */

static void define_all(void)
{
    static const double bounds[] = {10, 20, 50, 80};
    const char* label = "user";
    llmobs_metric_info info = info_of("users", LLMOBS_COUNTER, LLMOBS_NUMBER_INT);
    info.labels = &label;
    info.label_count = 1;
    info.max_series = 50;
    shared.users = define_info(shared.obs, &info);
    shared.requests = define_with(shared.obs, "requests", "l", LLMOBS_COUNTER, LLMOBS_NUMBER_INT);
    shared.running = llmobs_updown_get(
        define_with(shared.obs, "running", NULL, LLMOBS_UPDOWN, LLMOBS_NUMBER_INT), NULL, 0);
    shared.sizes = llmobs_histogram_get(
        define_bounds(shared.obs, "sizes", LLMOBS_NUMBER_INT, bounds, 4), NULL, 0);
    shared.times = llmobs_histogram_get(define_with(shared.obs, "times", NULL,
                                                    LLMOBS_HISTOGRAM_EXPONENTIAL,
                                                    LLMOBS_NUMBER_NANO),
                                        NULL, 0);
}

int main(int argc, char** argv)
{
    uint64_t records = argc > 1 ? strtoull(argv[1], NULL, 10) : 10000000;
    llmobs_config config = metered_config();
    pthread_t threads[AT_ONCE];
    static seen last;
    llmobs_histogram_stats times;
    int i;
    config.max_threads = AT_ONCE - 1; /* one has to do without a row */
    config.metric_bytes = 262144;     /* and some without a page */
    shared.obs = open_metered(&config);
    shared.records = records / 2000 + 1;
    define_all();
    for (i = 0; i < AT_ONCE; i++) {
        (void)pthread_create(&threads[i], NULL, live_on, NULL);
    }
    read_all(records / 10 + 1);
    llmobsi_store_relaxed(&shared.stop, 1);
    for (i = 0; i < AT_ONCE; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    ok(read_once(&last), "the last scrape");
    times.size = sizeof times;
    (void)llmobs_histogram_read(shared.times, &times);
    is_int(last.requests, shared.recorded, "every addition is there");
    is_int(last.users, shared.of_users, "with those of the overflow series");
    is_int(llmobs_updown_read(shared.running), 0, "what went up has come down");
    is_int(last.counts[0], shared.recorded, "every value is in its histogram");
    is_int(times.count + stats_of(shared.obs).metric_dropped, shared.recorded,
           "or is counted as dropped");
    printf("# %llu threads lived, %llu values each way, %llu dropped, %llu label sets overflowed\n",
           (unsigned long long)shared.lives, (unsigned long long)shared.recorded,
           (unsigned long long)stats_of(shared.obs).metric_dropped,
           (unsigned long long)stats_of(shared.obs).metric_overflows);
    is_int(llmobs_close(shared.obs), LLMOBS_OK, "close");
    (void)llmobs_release();
    return done();
}

/* Reading back: quantiles against the values themselves, and readers among recorders. */
#include "llmobs_private.h"
#include "tap.h"

#include "keeper.h"
#include "meter.h"

#include <math.h>

/* ---- sizes, and handles that are none ------------------------------------------------------ */

static void test_stats(void)
{
    static const double bounds[] = {1, 2};
    llmobs_config config = metered_config();
    llmobs* obs = open_metered(&config);
    llmobs_histogram h =
        llmobs_histogram_get(define_bounds(obs, "h", LLMOBS_NUMBER_NANO, bounds, 2), NULL, 0);
    llmobs_histogram none;
    llmobs_histogram_stats read;
    llmobs_quantile quantile;
    memset(&none, 0, sizeof none);
    memset(&read, 0xa5, sizeof read);
    is_int(llmobs_histogram_read(h, NULL), LLMOBS_ERROR_ARGUMENT, "nowhere to read to");
    read.size = 0;
    is_int(llmobs_histogram_read(h, &read), LLMOBS_OK, "nothing recorded is no error");
    is_int(read.size, sizeof read, "size 0 means this version's");
    ok(read.count == 0 && read.sum == 0.0 && isnan(read.min) && isnan(read.max),
       "no count, no sum, no least and no largest value");
    quantile = llmobs_histogram_quantile(h, 0.5);
    ok(isnan(quantile.value) && isnan(quantile.low) && isnan(quantile.high) &&
           quantile.count == 0,
       "and no quantile");
    llmobs_histogram_record_int(h, 1500000000);
    llmobs_histogram_record_int(h, 250000000);
    memset(&read, 0xa5, sizeof read);
    read.size = offsetof(llmobs_histogram_stats, min);
    is_int(llmobs_histogram_read(h, &read), LLMOBS_OK, "an older caller");
    ok(read.size == offsetof(llmobs_histogram_stats, min) && read.count == 2 && read.sum == 1.75 &&
           ((unsigned char*)&read.min)[0] == 0xa5,
       "gets what it knows, and no more");
    read.size = 10000;
    is_int(llmobs_histogram_read(h, &read), LLMOBS_OK, "a newer one");
    ok(read.size == sizeof read && read.min == 0.25 && read.max == 1.5, "gets what there is");
    read.size = sizeof read;
    is_int(llmobs_histogram_read(none, &read), LLMOBS_ERROR_CLOSED, "an inert one says so");
    is_int(read.count, 0, "and has nothing");
    (void)llmobs_close(obs);
}

/* ---- quantiles ----------------------------------------------------------------------------- */

static int by_value(const void* a, const void* b)
{
    double left = *(const double*)a;
    double right = *(const double*)b;
    return (left > right) - (left < right);
}

static uint64_t state = 88172645463325252u;

static double uniform(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (double)(state >> 11) * (1.0 / 9007199254740992.0);
}

static double normal(void)
{
    return sqrt(-2.0 * log(uniform() + 1e-300)) * cos(6.283185307179586 * uniform());
}

static double draw(int shape)
{
    switch (shape) {
    case 0:
        return uniform() * 10.0;
    case 1:
        return exp(normal() * 1.5 - 1.0); /* latencies */
    case 2:
        return -log(uniform() + 1e-300) * 0.2;
    case 3:
        return uniform() < 0.5 ? 0.01 + 0.001 * uniform() : 30.0 + uniform(); /* two peaks */
    default:
        return pow(uniform() + 1e-12, -1.1) * 0.001; /* a long tail */
    }
}

/* The value of a rank lies within what is said of it, and the estimate is as near as is said. */
static void expect_quantiles(llmobs_histogram h, const double* sorted, uint64_t count,
                             bool exponential, const char* what)
{
    static const double at[] = {0.0,  0.001, 0.01, 0.05, 0.1,  0.25,  0.5,   0.75,
                                0.9, 0.95,  0.99, 0.995, 0.999, 0.9999, 1.0};
    size_t i;
    int wrong = 0;
    double worst = 0.0;
    for (i = 0; i < sizeof at / sizeof *at; i++) {
        llmobs_quantile quantile = llmobs_histogram_quantile(h, at[i]);
        uint64_t rank = (uint64_t)ceil(at[i] * (double)count - 1e-6);
        double value = sorted[rank > 0 ? rank - 1 : 0];
        double error = fabs(quantile.value - value) / value;
        worst = error > worst ? error : worst;
        if (quantile.count != count || value < quantile.low || value > quantile.high ||
            quantile.value < quantile.low || quantile.value > quantile.high ||
            (exponential && error > quantile.relative_error * (1.0 + 1e-9))) {
            printf("# q %g: %g in [%g, %g], is %g, error %g of %g\n", at[i], quantile.value,
                   quantile.low, quantile.high, value, error, quantile.relative_error);
            wrong++;
        }
    }
    is_int(wrong, 0, what);
    if (exponential) {
        printf("# worst error %.3f %%\n", 100.0 * worst);
    }
}

static void test_quantiles(void)
{
    static const double bounds[] = {0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2,
                                    0.5,   1,     2,    5,    10,   20,  50};
    static const char* const shapes[] = {"uniform values", "log-normal ones", "exponential ones",
                                         "two peaks", "a long tail"};
    uint64_t count = (uint64_t)sized(1000000);
    double* values = (double*)malloc(count * sizeof *values);
    llmobs_config config = metered_config();
    llmobs* obs = open_metered(&config);
    int shape;
    for (shape = 0; shape < 5; shape++) {
        llmobs_metric_info info = info_of("", LLMOBS_HISTOGRAM_EXPONENTIAL, LLMOBS_NUMBER_DOUBLE);
        llmobs_histogram exponential;
        llmobs_histogram explicit_one;
        llmobs_histogram_stats read;
        char name[16];
        uint64_t i;
        double sum = 0.0;
        (void)snprintf(name, sizeof name, "e%d", shape);
        info.name = name;
        exponential = llmobs_histogram_get(define_info(obs, &info), NULL, 0);
        name[0] = 'h';
        explicit_one = llmobs_histogram_get(
            define_bounds(obs, name, LLMOBS_NUMBER_DOUBLE, bounds, 14), NULL, 0);
        for (i = 0; i < count; i++) {
            values[i] = draw(shape);
            sum += values[i];
            llmobs_histogram_record(exponential, values[i]);
            llmobs_histogram_record(explicit_one, values[i]);
        }
        qsort(values, count, sizeof *values, by_value);
        expect_quantiles(exponential, values, count, true, shapes[shape]);
        expect_quantiles(explicit_one, values, count, false, "and with bounds");
        read.size = sizeof read;
        (void)llmobs_histogram_read(exponential, &read);
        ok(read.min == values[0] && read.max == values[count - 1] && read.sum == sum &&
               read.count == count,
           "what else is told is exact");
    }
    free(values);
    (void)llmobs_close(obs);
}

/* ---- readers among recorders --------------------------------------------------------------- */

typedef struct crowd {
    llmobs* obs;
    llmobs_metric requests;
    llmobs_counter counter;
    llmobs_histogram sizes;
    llmobs_histogram times;
    llmobsi_atomic32 stop;
    llmobsi_atomic64 recorded;
} crowd;

static void* record_some(void* argument)
{
    crowd* c = (crowd*)argument;
    uint64_t count = 0;
    uint64_t random = 1 + llmobsi_load_relaxed(&c->recorded);
    while (count < 20000 && llmobsi_load_relaxed(&c->stop) == 0) {
        int spread;
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
        spread = 4 + (int)(count / 400); /* its window goes on moving */
        llmobs_counter_add(c->counter, 1);
        llmobs_histogram_record_int(c->sizes, (random >> 40) % 100);
        llmobs_histogram_record(c->times, ldexp(1.0, (int)(random >> 50) % spread - spread / 2));
        count++;
    }
    (void)llmobsi_add_relaxed(&c->recorded, count);
    return NULL;
}

static void* keep_recording(void* argument)
{
    crowd* c = (crowd*)argument;
    while (llmobsi_load_relaxed(&c->stop) == 0) {
        pthread_t id;
        if (pthread_create(&id, NULL, record_some, c) == 0) {
            (void)pthread_join(id, NULL);
        }
    }
    return NULL;
}

/* What one scrape says, to be compared with the next. */
typedef struct seen {
    uint64_t counter;
    uint64_t buckets[128]; /* of both histograms, in order */
    size_t bucket_count;
    uint64_t infinity[2];
    uint64_t count[2];
    uint64_t last_bucket;
    int falls;
} seen;

static void see(void* user, const prometheus_sample* sample)
{
    seen* s = (seen*)user;
    int which = strncmp(sample->name, "times", 5) == 0;
    uint64_t value = strtoull(sample->value, NULL, 10);
    if (strcmp(sample->name, "requests_total") == 0) {
        s->counter = value;
    } else if (strstr(sample->name, "_bucket") != NULL) {
        bool first = s->last_bucket == UINT64_MAX;
        s->falls += !first && value < s->last_bucket;
        s->last_bucket = value;
        if (strcmp(sample->labels[sample->label_count - 1].value, "+Inf") == 0) {
            s->infinity[which] = value;
            s->last_bucket = UINT64_MAX;
        }
        if (!which && s->bucket_count < 128) {
            s->buckets[s->bucket_count++] = value;
        }
    } else if (strstr(sample->name, "_count") != NULL) {
        s->count[which] = value;
    }
}

static void test_crowd(void)
{
    static const double bounds[] = {10, 20, 50, 80};
    static crowd c;
    static seen before;
    static seen now;
    llmobs_config config = metered_config();
    pthread_t threads[2];
    long scrapes = sized(100000) / (slowed() ? 20 : 1);
    long i;
    int falls = 0;
    int torn = 0;
    int malformed = 0;
    llmobs_histogram_stats read;
    memset(&c, 0, sizeof c);
    memset(&before, 0, sizeof before);
    config.max_threads = 3; /* the third has to do without a row at times */
    c.obs = open_metered(&config);
    c.counter = llmobs_counter_get(
        define_with(c.obs, "requests", NULL, LLMOBS_COUNTER, LLMOBS_NUMBER_INT), NULL, 0);
    c.sizes =
        llmobs_histogram_get(define_bounds(c.obs, "sizes", LLMOBS_NUMBER_INT, bounds, 4), NULL, 0);
    c.times = llmobs_histogram_get(define_with(c.obs, "times", NULL, LLMOBS_HISTOGRAM_EXPONENTIAL,
                                               LLMOBS_NUMBER_DOUBLE),
                                   NULL, 0);
    for (i = 0; i < 2; i++) {
        (void)pthread_create(&threads[i], NULL, keep_recording, &c);
    }
    for (i = 0; i < scrapes; i++) {
        static char text[65536];
        size_t size = sizeof text;
        size_t bucket;
        memset(&now, 0, sizeof now);
        now.last_bucket = UINT64_MAX;
        malformed += llmobs_prometheus_print(c.obs, LLMOBS_PROMETHEUS_TEXT, text, &size) !=
                     LLMOBS_OK;
        malformed += !prometheus_read(text, see, &now);
        falls += now.counter < before.counter || now.count[0] < before.count[0] ||
                 now.count[1] < before.count[1];
        torn += now.infinity[0] != now.count[0] || now.infinity[1] != now.count[1] ||
                now.falls != 0;
        for (bucket = 0; bucket < before.bucket_count; bucket++) {
            falls += now.buckets[bucket] < before.buckets[bucket];
        }
        before = now;
    }
    llmobsi_store_relaxed(&c.stop, 1);
    for (i = 0; i < 2; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    is_int(malformed, 0, "every scrape is well-formed");
    is_int(falls, 0, "no count falls from one to the next");
    is_int(torn, 0, "buckets ascend, and the last is the count");
    read.size = sizeof read;
    (void)llmobs_histogram_read(c.times, &read);
    is_int(llmobs_counter_read(c.counter), c.recorded, "in the end, all is there");
    is_int(read.count + stats_of(c.obs).metric_dropped, c.recorded, "of histograms, too");
    (void)llmobs_histogram_read(c.sizes, &read);
    is_int(read.count, c.recorded, "of both kinds");
    printf("# %ld scrapes, %llu records, %llu dropped\n", scrapes,
           (unsigned long long)c.recorded, (unsigned long long)stats_of(c.obs).metric_dropped);
    (void)llmobs_close(c.obs);
}

int main(void)
{
    test_stats();
    test_quantiles();
    test_crowd();
    (void)llmobs_release();
    return done();
}

/* Defining metrics: what is refused, what is the same, what Prometheus calls it. */
#include "llmobs_private.h"
#include "tap.h"

#include "keeper.h"
#include "meter.h"

#include <math.h>

static llmobs_result define_result(llmobs* obs, const llmobs_metric_info* info)
{
    llmobs_result result = LLMOBS_OK;
    llmobs_metric metric = llmobs_metric_define(obs, info, &result);
    if ((metric.number != 0) != (result == LLMOBS_OK) ||
        (metric.instance != 0) != (result == LLMOBS_OK)) {
        return (llmobs_result)99; /* the answer and the metric say different things */
    }
    return result;
}

/* ---- names --------------------------------------------------------------------------------- */

static void test_names(void)
{
    static const char* const good[] = {"a", "Z", "a1", "a_b", "a.c", "a:b", "a/b-c", "x.y.z_1"};
    static const char* const bad[] = {"",    "1a",   "_a",  ":a",    ".a",  "/a",    "-a",
                                      "a b", "a\n",  "a{",  "a\"b",  "a,b", "a\x80", "a\xc3\xa4",
                                      "a+",  "a@b",  "a[",  "a`",    " a",  "a\\"};
    llmobs_config config = metered_config();
    llmobs* obs = open_metered(&config);
    llmobs_metric_info info;
    char name[LLMOBS_METRIC_NAME_MAX + 2];
    size_t i;
    int byte;
    int wrong = 0;
    for (i = 0; i < sizeof good / sizeof *good; i++) {
        info = info_of(good[i], LLMOBS_GAUGE, LLMOBS_NUMBER_INT);
        is_int(define_result(obs, &info), LLMOBS_OK, good[i]);
    }
    for (i = 0; i < sizeof bad / sizeof *bad; i++) {
        info = info_of(bad[i], LLMOBS_GAUGE, LLMOBS_NUMBER_INT);
        wrong += define_result(obs, &info) != LLMOBS_ERROR_ARGUMENT;
    }
    is_int(wrong, 0, "malformed names are refused");
    for (byte = 1; byte < 256; byte++) {
        bool letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
        bool digit = byte >= '0' && byte <= '9';
        bool sign = strchr("_.:/-", byte) != NULL;
        char text[3] = {'q', (char)byte, '\0'};
        wrong += llmobsi_metric_name_is_valid(text) != (letter || digit || sign);
        wrong += llmobsi_metric_name_is_valid(text + 1) != letter;
        text[0] = 'l';
        wrong += llmobsi_label_name_is_valid(text, false) !=
                 (letter || digit || byte == '_' || byte == '.');
        wrong += llmobsi_label_name_is_valid(text + 1, false) != (letter || byte == '_');
    }
    is_int(wrong, 0, "every byte at both places of a name");
    info = info_of(NULL, LLMOBS_GAUGE, LLMOBS_NUMBER_INT);
    is_int(define_result(obs, &info), LLMOBS_ERROR_ARGUMENT, "no name");
    is_int(define_result(obs, NULL), LLMOBS_ERROR_ARGUMENT, "no info");
    memset(name, 'n', sizeof name);
    name[LLMOBS_METRIC_NAME_MAX + 1] = '\0';
    info = info_of(name, LLMOBS_GAUGE, LLMOBS_NUMBER_INT);
    is_int(define_result(obs, &info), LLMOBS_ERROR_ARGUMENT, "a name of 256 bytes is too long");
    name[LLMOBS_METRIC_NAME_MAX] = '\0';
    info.unit = "s";
    is_int(define_result(obs, &info), LLMOBS_OK, "one of 255 is not");
    is_int(llmobs_metric_find(obs, name).number, 9, "and it is found");
    is_int(llmobs_metric_find(obs, "nobody").number, 0, "one that is not there is not");
    is_int(llmobs_metric_find(obs, NULL).number + llmobs_metric_find(obs, "").number, 0,
           "nor is none");
    is_int(stats_of(obs).metrics, 9, "the refused ones have left nothing");
    is_int(llmobs_close(obs), LLMOBS_OK, "close");
}

static void test_labels(void)
{
    static const char* const refused[][3] = {
        {"", NULL}, {"1", NULL}, {".a", NULL}, {"__a", NULL}, {"_.a", NULL}, {"a b", NULL},
        {"a-b", NULL}, {"a:b", NULL}, {"a\"", NULL}, {"a\n", NULL}, {"\xc3\xa4", NULL},
        {"otel_metric_overflow", NULL}, {"otel.metric.overflow", NULL}, {"le", NULL},
        {"a", "a", NULL}, {"a.b", "a_b", NULL}, {"a_b", "a.b", NULL}};
    static const char* const taken[][3] = {
        {"a", NULL}, {"_a", NULL}, {"a_", "a", NULL}, {"_", NULL}, {"a.b.c", "A_b_c", NULL},
        {"Le", "lee", NULL}};
    static const char* const nine[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i"};
    static const char* const with_null[] = {"a", NULL};
    static const double bound = 1.0;
    const char* le = "le";
    llmobs_config config = metered_config();
    llmobs* obs = open_metered(&config);
    llmobs_metric_info info = info_of("m", LLMOBS_HISTOGRAM, LLMOBS_NUMBER_INT);
    char name[257];
    const char* long_name = name;
    size_t i;
    int wrong = 0;
    info.bounds = &bound;
    info.bound_count = 1;
    for (i = 0; i < sizeof refused / sizeof *refused; i++) {
        info.labels = refused[i];
        info.label_count = refused[i][1] != NULL ? 2 : 1;
        wrong += define_result(obs, &info) != LLMOBS_ERROR_ARGUMENT;
    }
    is_int(wrong, 0, "malformed, reserved and clashing labels are refused");
    for (i = 0; i < sizeof taken / sizeof *taken; i++) {
        char unique[8];
        (void)snprintf(unique, sizeof unique, "m%zu", i);
        info.name = unique;
        info.labels = taken[i];
        info.label_count = taken[i][1] != NULL ? 2 : 1;
        wrong += define_result(obs, &info) != LLMOBS_OK;
    }
    is_int(wrong, 0, "others are taken");
    info = info_of("counts", LLMOBS_COUNTER, LLMOBS_NUMBER_INT);
    info.labels = &le;
    info.label_count = 1;
    is_int(define_result(obs, &info), LLMOBS_OK, "`le` is a label as any where no buckets are");
    info = info_of("g", LLMOBS_GAUGE, LLMOBS_NUMBER_INT);
    info.labels = nine;
    info.label_count = 9;
    is_int(define_result(obs, &info), LLMOBS_ERROR_ARGUMENT, "nine labels are too many");
    info.label_count = 8;
    is_int(define_result(obs, &info), LLMOBS_OK, "eight are not");
    info.name = "h";
    info.labels = NULL;
    is_int(define_result(obs, &info), LLMOBS_ERROR_ARGUMENT, "labels that are not there");
    info.labels = with_null;
    info.label_count = 2;
    is_int(define_result(obs, &info), LLMOBS_ERROR_ARGUMENT, "a label without a name");
    memset(name, 'l', sizeof name);
    name[256] = '\0';
    info.labels = &long_name;
    info.label_count = 1;
    is_int(define_result(obs, &info), LLMOBS_ERROR_ARGUMENT, "a label of 256 bytes");
    name[255] = '\0';
    is_int(define_result(obs, &info), LLMOBS_OK, "one of 255");
    is_int(llmobs_close(obs), LLMOBS_OK, "close");
}

/* ---- instruments --------------------------------------------------------------------------- */

static void test_refused_labels(void)
{
    ok(!llmobsi_label_name_is_valid("authorization", false), "no label is called authorization");
    ok(!llmobsi_label_name_is_valid("X_Api_Key", false), "or X_Api_Key");
    ok(!llmobsi_label_name_is_valid("http.request.header.cookie", true), "or by a header's prefix");
    ok(llmobsi_label_name_is_valid("api_key_id", false), "api_key_id is fine");
}

static double answer(void* user)
{
    (void)user;
    return 42.0;
}

static void test_instruments(void)
{
    /* By instrument 0 to 7, number 0 to 3. */
    static const char good[8][4] = {{0, 0, 0, 0}, {1, 1, 0, 0}, {1, 1, 0, 0}, {1, 1, 1, 0},
                                    {1, 1, 1, 0}, {1, 1, 1, 0}, {1, 1, 1, 0}, {0, 0, 0, 0}};
    static const double bound = 1.0;
    llmobs_config config = metered_config();
    llmobs* obs = open_metered(&config);
    llmobs_metric_info info;
    const char* label = "l";
    int instrument;
    int number;
    int wrong = 0;
    for (instrument = 0; instrument < 8; instrument++) {
        for (number = 0; number < 4; number++) {
            char name[32];
            llmobs_result want =
                good[instrument][number] != 0 ? LLMOBS_OK : LLMOBS_ERROR_ARGUMENT;
            (void)snprintf(name, sizeof name, "m%d%d", instrument, number);
            info = info_of(name, (llmobs_instrument)instrument, (llmobs_number)number);
            info.bounds = &bound;
            info.bound_count = 1;
            info.callback = answer;
            if (define_result(obs, &info) != want) {
                wrong++;
                printf("# instrument %d, number %d\n", instrument, number);
            }
        }
    }
    is_int(wrong, 0, "every instrument with every number");
    info = info_of("asked", LLMOBS_GAUGE_CALLBACK, LLMOBS_NUMBER_DOUBLE);
    is_int(define_result(obs, &info), LLMOBS_ERROR_ARGUMENT, "nobody to ask");
    info.callback = answer;
    info.labels = &label;
    info.label_count = 1;
    is_int(define_result(obs, &info), LLMOBS_ERROR_ARGUMENT, "what is asked for has no labels");
    info.label_count = 0;
    info.size = offsetof(llmobs_metric_info, callback);
    is_int(define_result(obs, &info), LLMOBS_ERROR_ARGUMENT, "an older info has no callback");
    info.size = sizeof info;
    is_int(define_result(obs, &info), LLMOBS_OK, "a newer one has");
    info = info_of("older", LLMOBS_COUNTER, LLMOBS_NUMBER_INT);
    memset(&info.labels, 0xa5, sizeof info - offsetof(llmobs_metric_info, labels));
    info.size = offsetof(llmobs_metric_info, labels);
    is_int(define_result(obs, &info), LLMOBS_OK, "what is behind an older info is not looked at");
    info = info_of("unsized", LLMOBS_COUNTER, LLMOBS_NUMBER_INT);
    info.size = 0;
    is_int(define_result(obs, &info), LLMOBS_OK, "size 0 means this version's");
    info = info_of("text", LLMOBS_COUNTER, LLMOBS_NUMBER_INT);
    info.help = "\xff";
    is_int(define_result(obs, &info), LLMOBS_ERROR_ARGUMENT, "a help that is no UTF-8");
    info.help = NULL;
    info.unit = "\xff";
    is_int(define_result(obs, &info), LLMOBS_ERROR_ARGUMENT, "a unit that is none");
    info.unit = "................................................................";
    is_int(define_result(obs, &info), LLMOBS_ERROR_ARGUMENT, "a unit of 64 bytes");
    info.unit++;
    is_int(define_result(obs, &info), LLMOBS_OK, "one of 63");
    is_int(llmobs_metric_define(NULL, &info, NULL).number, 0, "no instance");
    is_int(define_result(NULL, &info), LLMOBS_ERROR_CLOSED, "says so");
    is_int(llmobs_close(obs), LLMOBS_OK, "close");
    is_int(define_result(obs, &info), LLMOBS_ERROR_CLOSED, "nor does a closed one define");
}

static void test_bounds(void)
{
    static const double wrong_bounds[][2] = {{0.0, 1.0},   {-1.0, 1.0},          {1.0, 1.0},
                                             {2.0, 1.0},   {1.0, (double)INFINITY},
                                             {1.0, (double)NAN},
                                             {(double)NAN, 1.0}, {-0.0, 1.0}};
    static const double ranges[][3] = {
        {0, 0, 1}, {-1, -1, 1}, {1, 2, 1}, {1, 1, 1}, {2, 1, 0}, {0, 1, 0}, {1, 0, 0}, {-1, 1, 0},
        {5e-324, 1.7976931348623157e308, 1}, {1, (double)INFINITY, 0}, {(double)NAN, 1, 0},
        {1, (double)NAN, 0}};
    double bounds[LLMOBS_BOUNDS_MAX + 1];
    llmobs_config config = metered_config();
    llmobs* obs = open_metered(&config);
    llmobs_metric_info info = info_of("h", LLMOBS_HISTOGRAM, LLMOBS_NUMBER_DOUBLE);
    size_t i;
    int wrong = 0;
    info.bound_count = 2;
    for (i = 0; i < sizeof wrong_bounds / sizeof *wrong_bounds; i++) {
        info.bounds = wrong_bounds[i];
        wrong += define_result(obs, &info) != LLMOBS_ERROR_ARGUMENT;
    }
    is_int(wrong, 0, "bounds ascend, are finite and above 0");
    for (i = 0; i <= LLMOBS_BOUNDS_MAX; i++) {
        bounds[i] = (double)i + 1.0;
    }
    info.bounds = bounds;
    info.bound_count = 0;
    is_int(define_result(obs, &info), LLMOBS_ERROR_ARGUMENT, "no bounds");
    info.bound_count = LLMOBS_BOUNDS_MAX + 1;
    is_int(define_result(obs, &info), LLMOBS_ERROR_ARGUMENT, "too many");
    info.bounds = NULL;
    info.bound_count = 1;
    is_int(define_result(obs, &info), LLMOBS_ERROR_ARGUMENT, "bounds that are not there");
    info.bounds = bounds;
    info.bound_count = LLMOBS_BOUNDS_MAX;
    is_int(define_result(obs, &info), LLMOBS_OK, "64 bounds");
    for (i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        char name[8];
        (void)snprintf(name, sizeof name, "e%zu", i);
        info = info_of(name, LLMOBS_HISTOGRAM_EXPONENTIAL, LLMOBS_NUMBER_DOUBLE);
        info.least = ranges[i][0];
        info.most = ranges[i][1];
        if (define_result(obs, &info) != (ranges[i][2] > 0 ? LLMOBS_OK : LLMOBS_ERROR_ARGUMENT)) {
            printf("# range %zu\n", i);
            wrong++;
        }
    }
    is_int(wrong, 0, "the range of an exponential histogram");
    is_int(llmobs_close(obs), LLMOBS_OK, "close");
}

/* ---- the same, and what clashes ------------------------------------------------------------ */

typedef struct clash {
    const char* name;
    llmobs_instrument instrument;
    const char* unit;
    llmobs_result want;
} clash;

static void expect_all(const clash* list, size_t count, const char* what)
{
    llmobs_config config = metered_config();
    llmobs* obs = open_metered(&config);
    static const double bound = 1.0;
    size_t i;
    int wrong = 0;
    for (i = 0; i < count; i++) {
        llmobs_metric_info info = info_of(list[i].name, list[i].instrument, LLMOBS_NUMBER_INT);
        info.unit = list[i].unit;
        info.bounds = &bound;
        info.bound_count = 1;
        if (define_result(obs, &info) != list[i].want) {
            printf("# %s\n", list[i].name);
            wrong++;
        }
    }
    is_int(wrong, 0, what);
    (void)llmobs_close(obs);
}

static void test_clashes(void)
{
    static const clash one[] = {
        {"x", LLMOBS_HISTOGRAM, "", LLMOBS_OK},
        {"x", LLMOBS_GAUGE, "", LLMOBS_ERROR_ARGUMENT},
        {"x_count", LLMOBS_GAUGE, "", LLMOBS_ERROR_ARGUMENT},
        {"x.sum", LLMOBS_GAUGE, "", LLMOBS_ERROR_ARGUMENT},
        {"x/bucket", LLMOBS_UPDOWN, "", LLMOBS_ERROR_ARGUMENT},
        {"x-created", LLMOBS_GAUGE, "", LLMOBS_ERROR_ARGUMENT},
        {"x_count", LLMOBS_COUNTER, "", LLMOBS_ERROR_ARGUMENT}, /* its family's name */
        {"x", LLMOBS_COUNTER, "", LLMOBS_ERROR_ARGUMENT},
        {"x_total", LLMOBS_COUNTER, "", LLMOBS_ERROR_ARGUMENT},
        {"x_total", LLMOBS_GAUGE, "", LLMOBS_OK},
        {"x_", LLMOBS_GAUGE, "", LLMOBS_OK},
        {"x_max", LLMOBS_GAUGE, "", LLMOBS_OK},
    };
    static const clash two[] = {
        {"a.b", LLMOBS_GAUGE, "", LLMOBS_OK},
        {"a_b", LLMOBS_GAUGE, "", LLMOBS_ERROR_ARGUMENT},
        {"a/b", LLMOBS_GAUGE, "", LLMOBS_ERROR_ARGUMENT},
        {"a:b", LLMOBS_GAUGE, "", LLMOBS_OK},
        {"A.b", LLMOBS_GAUGE, "", LLMOBS_OK},
        {"t", LLMOBS_GAUGE, "s", LLMOBS_OK},
        {"t_seconds", LLMOBS_GAUGE, "", LLMOBS_ERROR_ARGUMENT},
        {"t_seconds", LLMOBS_GAUGE, "s", LLMOBS_ERROR_ARGUMENT},
        {"t", LLMOBS_GAUGE, "", LLMOBS_ERROR_ARGUMENT}, /* one name, one metric */
        {"c", LLMOBS_COUNTER, "", LLMOBS_OK},
        {"c_total", LLMOBS_COUNTER, "", LLMOBS_ERROR_ARGUMENT},
        {"c_total", LLMOBS_GAUGE, "", LLMOBS_ERROR_ARGUMENT},
        {"c_created", LLMOBS_GAUGE, "", LLMOBS_ERROR_ARGUMENT},
        {"c_count", LLMOBS_GAUGE, "", LLMOBS_OK},
        {"g_count", LLMOBS_GAUGE, "", LLMOBS_OK},
        {"g", LLMOBS_HISTOGRAM, "", LLMOBS_ERROR_ARGUMENT},
        {"g", LLMOBS_HISTOGRAM_EXPONENTIAL, "", LLMOBS_ERROR_ARGUMENT},
        {"g", LLMOBS_COUNTER, "", LLMOBS_OK},
    };
    expect_all(one, sizeof one / sizeof *one, "what a histogram's samples are called is taken");
    expect_all(two, sizeof two / sizeof *two, "names that Prometheus takes for one are refused");
}

static void test_same(void)
{
    static const double bounds[] = {1.0, 2.0};
    static const double others[] = {1.0, 3.0};
    static const char* const labels[] = {"a", "b"};
    static const char* const turned[] = {"b", "a"};
    llmobs_config config = metered_config();
    llmobs* obs = open_metered(&config);
    llmobs_metric_info info = info_of("h", LLMOBS_HISTOGRAM, LLMOBS_NUMBER_NANO);
    llmobs_metric_info other;
    llmobs_metric first;
    llmobs_metric again;
    size_t text_used;
    info.bounds = bounds;
    info.bound_count = 2;
    info.labels = labels;
    info.label_count = 2;
    info.unit = "s";
    info.help = "Help.";
    first = define_info(obs, &info);
    text_used = registry_of(obs)->text_used;
    info.help = "Another help.";
    again = define_info(obs, &info);
    ok(first.number == again.number && first.instance == again.instance,
       "the same definition is the same metric, whatever its help");
    is_int(stats_of(obs).metrics, 1, "there is one");
    other = info;
    other.bounds = others;
    is_int(define_result(obs, &other), LLMOBS_ERROR_ARGUMENT, "other bounds");
    other = info;
    other.bound_count = 1;
    is_int(define_result(obs, &other), LLMOBS_ERROR_ARGUMENT, "fewer bounds");
    other = info;
    other.labels = turned;
    is_int(define_result(obs, &other), LLMOBS_ERROR_ARGUMENT, "labels in another order");
    other = info;
    other.label_count = 1;
    is_int(define_result(obs, &other), LLMOBS_ERROR_ARGUMENT, "fewer labels");
    other = info;
    other.number = LLMOBS_NUMBER_INT;
    is_int(define_result(obs, &other), LLMOBS_ERROR_ARGUMENT, "another number");
    other = info;
    other.instrument = LLMOBS_HISTOGRAM_EXPONENTIAL;
    is_int(define_result(obs, &other), LLMOBS_ERROR_ARGUMENT, "another instrument");
    is_int(registry_of(obs)->text_used, text_used, "none of that takes memory");
    info = info_of("g", LLMOBS_GAUGE_CALLBACK, LLMOBS_NUMBER_INT);
    info.callback = answer;
    is_int(define_result(obs, &info), LLMOBS_OK, "a gauge that is asked for");
    is_int(define_result(obs, &info), LLMOBS_OK, "and again");
    info.callback_user = obs;
    is_int(define_result(obs, &info), LLMOBS_ERROR_ARGUMENT, "with another user is another");
    is_int(stats_of(obs).metrics, 2, "two in all");
    (void)llmobs_close(obs);
}

/* ---- families ------------------------------------------------------------------------------ */

static void expect_family(const char* name, const char* unit, llmobs_instrument instrument,
                          const char* want)
{
    llmobs_metric_info info = info_of(name, instrument, LLMOBS_NUMBER_INT);
    char out[LLMOBS_I_FAMILY_MOST + 1];
    out[llmobsi_family_name(&info, unit, out)] = '\0';
    is_str(out, want, want);
}

static void test_families(void)
{
    expect_family("gen_ai.client.token.usage", "{token}", LLMOBS_HISTOGRAM,
                  "gen_ai_client_token_usage");
    expect_family("gen_ai.client.operation.duration", "s", LLMOBS_HISTOGRAM,
                  "gen_ai_client_operation_duration_seconds");
    expect_family("llm_latency_seconds", "s", LLMOBS_HISTOGRAM, "llm_latency_seconds");
    expect_family("vllm:time_to_first_token_seconds", "s", LLMOBS_HISTOGRAM,
                  "vllm:time_to_first_token_seconds");
    expect_family("llm_cost_usd_total", "USD", LLMOBS_COUNTER, "llm_cost_usd");
    expect_family("llm_cost_total", "USD", LLMOBS_COUNTER, "llm_cost_usd");
    expect_family("llm_tokens_total", "{token}", LLMOBS_COUNTER, "llm_tokens");
    expect_family("llm_tokens", "{token}", LLMOBS_COUNTER, "llm_tokens");
    expect_family("total", "", LLMOBS_COUNTER, "total");
    expect_family("a_total_total", "", LLMOBS_COUNTER, "a_total");
    expect_family("a_total", "", LLMOBS_GAUGE, "a_total");
    expect_family("sent", "By", LLMOBS_COUNTER, "sent_bytes");
    expect_family("sent_bytes_total", "By", LLMOBS_COUNTER, "sent_bytes");
    expect_family("cache.hit", "1", LLMOBS_GAUGE, "cache_hit_ratio");
    expect_family("cache.hit", "1", LLMOBS_GAUGE_CALLBACK, "cache_hit_ratio");
    expect_family("cache_hit_ratio", "1", LLMOBS_GAUGE, "cache_hit_ratio");
    expect_family("hits", "1", LLMOBS_COUNTER, "hits");
    expect_family("spread", "1", LLMOBS_HISTOGRAM, "spread");
    expect_family("a/b-c.d:e", "", LLMOBS_GAUGE, "a_b_c_d:e");
    expect_family("t", "ms", LLMOBS_GAUGE, "t_milliseconds");
    expect_family("odd", "furlong", LLMOBS_GAUGE, "odd");
    expect_family("seconds", "s", LLMOBS_GAUGE, "seconds_seconds");
}

/* ---- limits -------------------------------------------------------------------------------- */

static void test_limits(void)
{
    llmobs_config config = metered_config();
    llmobs* obs;
    llmobs_metric_info info;
    llmobs_metric first;
    llmobs_counter counter;
    uint32_t series;
    size_t text_used;
    int i;
    config.max_metrics = 3;
    obs = open_metered(&config);
    first = define_with(obs, "one", NULL, LLMOBS_COUNTER, LLMOBS_NUMBER_INT);
    (void)define_with(obs, "two", NULL, LLMOBS_COUNTER, LLMOBS_NUMBER_INT);
    (void)define_with(obs, "three", "l", LLMOBS_COUNTER, LLMOBS_NUMBER_INT);
    counter = llmobs_counter_get(first, NULL, 0);
    llmobs_counter_add(counter, 5);
    text_used = registry_of(obs)->text_used;
    series = registry_of(obs)->series_count;
    for (i = 0; i < 1000; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "more%d", i);
        info = info_of(name, LLMOBS_HISTOGRAM_EXPONENTIAL, LLMOBS_NUMBER_NANO);
        if (define_result(obs, &info) != LLMOBS_ERROR_LIMIT) {
            break;
        }
    }
    is_int(i, 1000, "too many metrics: a limit, as often as it is tried");
    ok(registry_of(obs)->text_used == text_used && registry_of(obs)->series_count == series,
       "nothing is left of them");
    is_int(define_with(obs, "one", NULL, LLMOBS_COUNTER, LLMOBS_NUMBER_INT).number, first.number,
           "what is there is found still");
    info = info_of("one", LLMOBS_GAUGE, LLMOBS_NUMBER_INT);
    is_int(define_result(obs, &info), LLMOBS_ERROR_ARGUMENT, "what clashes clashes still");
    llmobs_counter_add(counter, 5);
    is_int(llmobs_counter_read(counter), 10, "and counts");
    (void)llmobs_close(obs);
}

/* Cells run out: what comes after is refused, and what is there goes on. */
static void test_memory(void)
{
    llmobs_config config = metered_config();
    llmobs* obs;
    llmobs_metric_info info = info_of("", LLMOBS_HISTOGRAM_EXPONENTIAL, LLMOBS_NUMBER_NANO);
    llmobs_histogram histograms[256];
    llmobs_result result = LLMOBS_OK;
    llmobs_histogram_stats read;
    char name[16];
    size_t text_used;
    uint32_t warm;
    int count = 0;
    int i;
    int round;
    bool whole = true;
    config.metric_bytes = 65536;
    obs = open_metered(&config);
    for (count = 0; count < 256; count++) {
        llmobs_metric metric;
        (void)snprintf(name, sizeof name, "e%d", count);
        info.name = name;
        text_used = registry_of(obs)->text_used;
        warm = registry_of(obs)->cells.warm;
        metric = llmobs_metric_define(obs, &info, &result);
        if (metric.number == 0) {
            break;
        }
        histograms[count] = llmobs_histogram_get(metric, NULL, 0);
    }
    is_int(result, LLMOBS_ERROR_LIMIT, "metric_bytes has its end");
    printf("# %d exponential histograms in 64 KiB\n", count);
    ok(count > 3, "after some");
    info.name = "again";
    is_int(define_result(obs, &info), LLMOBS_ERROR_LIMIT, "which stays");
    ok(registry_of(obs)->text_used == text_used && registry_of(obs)->cells.warm == warm,
       "and takes nothing");
    for (round = 0; round < 3; round++) {
        for (i = 0; i < count; i++) {
            llmobs_histogram_record(histograms[i], 1e-6);
            llmobs_histogram_record(histograms[i], 1e6); /* its buckets move */
            llmobs_histogram_record(histograms[i], (double)(i + 1));
        }
    }
    for (i = 0; i < count; i++) {
        read.size = sizeof read;
        (void)llmobs_histogram_read(histograms[i], &read);
        whole &= read.count + registry_of(obs)->metrics[histograms[i].metric].dropped == 9;
        whole &= read.count == 0 || read.max >= (double)(i + 1);
    }
    ok(whole, "every value is recorded or counted as dropped");
    (void)llmobs_close(obs);
}

/* Texts run out, too. */
static void test_texts(void)
{
    llmobs_config config = metered_config();
    llmobs* obs;
    llmobs_metric_info info;
    llmobs_result result = LLMOBS_OK;
    char help[1001];
    char name[16];
    int count;
    memset(help, 'h', sizeof help);
    help[1000] = '\0';
    config.metric_series = 16;
    config.max_metrics = 64;
    obs = open_metered(&config);
    for (count = 0; count < 64 && result == LLMOBS_OK; count++) {
        (void)snprintf(name, sizeof name, "t%d", count);
        info = info_of(name, LLMOBS_GAUGE_CALLBACK, LLMOBS_NUMBER_INT);
        info.callback = answer;
        info.help = help;
        result = define_result(obs, &info);
    }
    is_int(result, LLMOBS_ERROR_LIMIT, "long texts fill their memory");
    ok(count > 10 && count < 64, "after some");
    info.help = "short";
    is_int(define_result(obs, &info), LLMOBS_OK, "what is shorter fits still");
    info.help = help;
    is_int(define_result(obs, &info), LLMOBS_OK, "what is defined already needs no memory");
    (void)llmobs_close(obs);
}

int main(void)
{
    test_names();
    test_labels();
    test_refused_labels();
    test_instruments();
    test_bounds();
    test_clashes();
    test_same();
    test_families();
    test_limits();
    test_memory();
    test_texts();
    (void)llmobs_release();
    return done();
}

/* What prometheus.t scrapes and compares: every family switched on, a metric of every kind, four
   threads that record by a plan, all while it is scraped. The plan is known, so the truth can be
   told by going through it once more:
       prometheus_sample TRUTH
   prints its two addresses, records until a line comes on standard input, writes the file TRUTH,
   says "done", and serves on until standard input ends.

   The serving is that of examples/metrics_server.c, as users copy it. */
#define main example_main
#include "../../examples/metrics_server.c"
#undef main

enum { THREADS = 4, SETS_MOST = 6, TRACES_MOST = 4096 };

static const uint64_t step_ns = 20000000;
static const uint64_t steady_amount = 10; /* a step */

/* One metric, and what a step records into it: values between the two, in the number's units; which
   of the labels' alternatives, and which value, goes by a hash. */
typedef struct plan {
    const char* name;
    const char* labels; /* name=this|that, separated by ';' */
    uint64_t least;
    uint64_t most;
} plan;

#define MODEL "model=alpha|beta;"
#define MADE_BY \
    "gen_ai.operation.name=chat;gen_ai.provider.name=openai;gen_ai.request.model=alpha|beta"
#define ENGINE "model_name=alpha;engine=0|1"
#define USER "user_id=anna@example.org|bob@example.org|carol@example.org|dan@example.org;"
#define FEATURE "feature=chat|search|support"
#define MS UINT64_C(1000000)

static const plan plans[] = {
    {"llm_tokens_total", MODEL USER "direction=input|output;" FEATURE, 1, 4000},
    {"llm_cost_usd_total", MODEL USER FEATURE, 1, 20000001},
    {"llm_phase_duration_seconds", "phase=retrieval|prompt_assembly|model_call|guardrails",
     MS, 15000 * MS},
    {"llm_guardrail_triggers_total", "rule=pii.email|injection;action=blocked|flagged", 0, 2},
    {"llm_active_sessions", FEATURE, 0, 0},
    {"gen_ai.client.token.usage", MADE_BY ";gen_ai.token.type=input|output", 1, 9000},
    {"gen_ai.client.operation.duration", MADE_BY, MS, 20000 * MS},
    {"gen_ai.server.request.duration", MADE_BY, MS, 20000 * MS},
    {"gen_ai.server.time_per_output_token", MADE_BY, MS, 900 * MS},
    {"gen_ai.server.time_to_first_token", MADE_BY, MS, 4000 * MS},
    {"gen_ai.client.inference.duration", MADE_BY ";error.type=|timeout", MS, 20000 * MS},
    {"gen_ai.client.inference.usage.input_tokens", MADE_BY ";gen_ai.token.modality=text", 1, 9000},
    {"gen_ai.client.inference.usage.output_tokens", MADE_BY ";gen_ai.token.modality=text", 1, 900},
    {"vllm:num_requests_running", ENGINE, 0, 0},
    {"vllm:num_requests_waiting", ENGINE, 0, 0},
    {"vllm:kv_cache_usage_perc", ENGINE, 0, 1000},
    {"vllm:num_preemptions", ENGINE, 0, 2},
    {"vllm:prompt_tokens", ENGINE, 1, 4000},
    {"vllm:generation_tokens", ENGINE, 1, 500},
    {"vllm:prefix_cache_queries", ENGINE, 50, 100},
    {"vllm:prefix_cache_hits", ENGINE, 0, 50},
    {"vllm:spec_decode_num_draft_tokens", ENGINE, 5, 10},
    {"vllm:spec_decode_num_accepted_tokens", ENGINE, 0, 5},
    {"vllm:spec_decode_num_drafts", ENGINE, 1, 2},
    {"vllm:request_success", ENGINE ";finished_reason=stop|length|abort", 1, 1},
    {"vllm:time_to_first_token_seconds", ENGINE, MS, 4000 * MS},
    {"vllm:inter_token_latency_seconds", ENGINE, MS, 900 * MS},
    {"vllm:e2e_request_latency_seconds", ENGINE, MS, 90000 * MS},
    {"vllm:request_queue_time_seconds", ENGINE, MS, 4000 * MS},
    {"vllm:request_prefill_time_seconds", ENGINE, MS, 4000 * MS},
    {"vllm:request_decode_time_seconds", ENGINE, MS, 60000 * MS},
    {"vllm:request_prompt_tokens", ENGINE, 1, 4000},
    {"vllm:iteration_tokens_total", ENGINE, 1, 4000},
    {"llamacpp:prompt_tokens_total", "", 1, 4000},
    {"llamacpp:prompt_seconds_total", "", 1, 900 * MS},
    {"llamacpp:tokens_predicted_total", "", 1, 400},
    {"llamacpp:requests_processing", "", 0, 0},
    {"llamacpp:spec_decode_num_accepted_tokens_per_pos_total", "position=0|1|2", 0, 3},
    {"interop.tokens-per/call", "said=say \"hi\" \\ back|two\nlines|\xc3\xa9t\xc3\xa9|", 1, 1000},
    {"interop.money", "", 1, 3},
    {"interop.capped", "key=0|1|2|3|4|5|6|7|8|9", 1, 5},
    {"interop.limited", "model=known|chosen by a client|another", 1, 5},
    {"interop.level", "", 0, 0},
    {"interop.share", "", 0, 1000},
    {"interop.score", FEATURE, 0, 2000},
    {"interop.spread", FEATURE, 0, 500 * MS},
    {"interop.sizes", "", 0, 100000},
};

enum { PLANS = sizeof plans / sizeof plans[0] };

/* Exact in the text, and nowhere else. */
#define LARGE UINT64_C(9007199254740993)

/* ---- definitions of our own ---------------------------------------------------------------- */

static double forty_two(void* user)
{
    (void)user;
    return 42.5;
}

static llmobs_metric define(llmobs* obs, const char* name, llmobs_instrument instrument,
                            llmobs_number number, const char* unit, const char* label)
{
    static const double bounds[] = {0.1, 0.5, 1.0, 1.5};
    llmobs_metric_info info = llmobs_metric_info_default();
    llmobs_result result;
    info.name = name;
    info.help = "Of \"the\" interop test,\nwith a \\ in its help.";
    info.unit = unit;
    info.instrument = instrument;
    info.number = number;
    info.labels = &label;
    info.label_count = label != NULL ? 1 : 0;
    info.bounds = bounds;
    info.bound_count = instrument == LLMOBS_HISTOGRAM ? sizeof bounds / sizeof bounds[0] : 0;
    if (info.bound_count == 0) {
        info.bounds = NULL;
    }
    info.exemplars = instrument >= LLMOBS_HISTOGRAM;
    info.max_series = strcmp(name, "interop.capped") == 0 ? 3 : 0;
    info.callback = instrument == LLMOBS_GAUGE_CALLBACK ? forty_two : NULL;
    llmobs_metric metric = llmobs_metric_define(obs, &info, &result);
    if (result != LLMOBS_OK) {
        printf("%s: %s\n", name, llmobs_result_name(result));
        exit(1);
    }
    return metric;
}

static void define_all(llmobs* obs)
{
    static const char* const known[] = {"known"};
    define(obs, "interop.tokens-per/call", LLMOBS_COUNTER, LLMOBS_NUMBER_INT, "{token}", "said");
    define(obs, "interop.money", LLMOBS_COUNTER, LLMOBS_NUMBER_NANO, "USD", NULL);
    define(obs, "interop.capped", LLMOBS_COUNTER, LLMOBS_NUMBER_INT, "", "key");
    llmobs_metric limited =
        define(obs, "interop.limited", LLMOBS_COUNTER, LLMOBS_NUMBER_INT, "", "model");
    llmobs_metric_allow(limited, "model", known, 1);
    define(obs, "interop.steady", LLMOBS_COUNTER, LLMOBS_NUMBER_INT, "", NULL);
    define(obs, "interop.large", LLMOBS_COUNTER, LLMOBS_NUMBER_INT, "", NULL);
    define(obs, "interop.level", LLMOBS_UPDOWN, LLMOBS_NUMBER_INT, "By", NULL);
    define(obs, "interop.share", LLMOBS_GAUGE, LLMOBS_NUMBER_DOUBLE, "1", NULL);
    define(obs, "interop.limits", LLMOBS_GAUGE, LLMOBS_NUMBER_DOUBLE, "", "kind");
    define(obs, "interop.asked", LLMOBS_GAUGE_CALLBACK, LLMOBS_NUMBER_DOUBLE, "", NULL);
    define(obs, "interop.score", LLMOBS_HISTOGRAM, LLMOBS_NUMBER_DOUBLE, "", "feature");
    define(obs, "interop.spread", LLMOBS_HISTOGRAM_EXPONENTIAL, LLMOBS_NUMBER_NANO, "s",
           "feature");
    define(obs, "interop.sizes", LLMOBS_HISTOGRAM_EXPONENTIAL, LLMOBS_NUMBER_INT, "", NULL);
}

/* What is set once. */
static void record_once(llmobs* obs)
{
    llmobs_label nan = {"kind", "nan"};
    llmobs_label infinite = {"kind", "infinite"};
    llmobs_label negative = {"kind", "negative"};
    double zero = 0.0;
    llmobs_counter_add(llmobs_counter_find(obs, "interop.large", NULL, 0), LARGE);
    llmobs_gauge_set(llmobs_gauge_find(obs, "interop.limits", &nan, 1), zero / zero);
    llmobs_gauge_set(llmobs_gauge_find(obs, "interop.limits", &infinite, 1), 1.0 / zero);
    llmobs_gauge_set(llmobs_gauge_find(obs, "interop.limits", &negative, 1), -0.1);
    llmobs_histogram_record(llmobs_histogram_find(obs, "interop.sizes", NULL, 0), -1.0);
}

/* ---- a step -------------------------------------------------------------------------------- */

/* One recorded value. */
typedef struct entry {
    llmobs_label labels[SETS_MOST];
    size_t label_count;
    int64_t value;
    char text[256];
} entry;

static uint64_t mix(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* Of "this|that", the one that `choice` falls on; cuts the text. */
static char* choose(char* alternatives, uint64_t choice)
{
    size_t count = 1;
    for (const char* at = alternatives; *at != '\0'; at++) {
        count += *at == '|';
    }
    for (choice %= count; choice > 0; choice--) {
        alternatives = strchr(alternatives, '|') + 1;
    }
    alternatives[strcspn(alternatives, "|")] = '\0';
    return alternatives;
}

/* What a thread records at a step by one plan. */
static void entry_make(entry* made, uint32_t number, uint32_t thread, uint32_t step)
{
    const plan* by = &plans[number];
    uint64_t hash = mix(((uint64_t)thread << 56) ^ ((uint64_t)number << 40) ^ step);
    uint64_t share = hash >> 44; /* 20 bits */
    char* rest = made->text;
    made->label_count = 0;
    (void)snprintf(made->text, sizeof made->text, "%s", by->labels);
    while (*rest != '\0') {
        char* end = rest + strcspn(rest, ";");
        char* values = strchr(rest, '=');
        bool last = *end == '\0';
        *end = '\0';
        *values++ = '\0';
        made->labels[made->label_count].name = rest;
        made->labels[made->label_count++].value = choose(values, hash);
        hash = mix(hash);
        rest = last ? end : end + 1;
    }
    /* More small values than large ones, as with durations. */
    made->value = (int64_t)(by->least + (by->most - by->least) * ((share * share) >> 20) / 0xfffff);
    if (by->most == 0) { /* what goes up and down: up, on the whole */
        made->value = step % 3 == 2 ? -1 : 1;
    }
}

/* The kind of a plan's metric; its number and unit. */
static llmobs_metric_info kind_of(const char* name)
{
    static const llmobs_metric_info known[] = {
#define KNOWN(id, family, title, unit_of, kind, of, bounds, labels, help) \
        {0, title, NULL, unit_of, LLMOBS_##kind, LLMOBS_NUMBER_##of, NULL, 0, NULL, 0, 0.0, 0.0, \
         0, false, NULL, NULL},
        LLMOBS_METRICS(KNOWN)
#undef KNOWN
#define OWN(title, unit_of, kind, of) \
        {0, title, NULL, unit_of, LLMOBS_##kind, LLMOBS_NUMBER_##of, NULL, 0, NULL, 0, 0.0, 0.0, \
         0, false, NULL, NULL},
        OWN("interop.tokens-per/call", "{token}", COUNTER, INT)
        OWN("interop.money", "USD", COUNTER, NANO)
        OWN("interop.capped", "", COUNTER, INT)
        OWN("interop.limited", "", COUNTER, INT)
        OWN("interop.level", "By", UPDOWN, INT)
        OWN("interop.share", "1", GAUGE, DOUBLE)
        OWN("interop.score", "", HISTOGRAM, DOUBLE)
        OWN("interop.spread", "s", HISTOGRAM_EXPONENTIAL, NANO)
        OWN("interop.sizes", "", HISTOGRAM_EXPONENTIAL, INT)
#undef OWN
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(known[i].name, name) == 0) {
            return known[i];
        }
    }
    printf("%s is no metric\n", name);
    exit(1);
}

/* Every third value of a histogram belongs to a span: exemplars. */
static void observe(llmobs* obs, const char* name, const entry* made, llmobs_number number,
                    llmobs_span span)
{
    llmobs_histogram to = llmobs_histogram_find(obs, name, made->labels, made->label_count);
    if (number == LLMOBS_NUMBER_DOUBLE) {
        llmobs_histogram_record(to, (double)made->value / 1000.0);
    } else if (made->value % 3 == 0) {
        llmobs_histogram_record_int_in(to, (uint64_t)made->value, span);
    } else if (number == LLMOBS_NUMBER_NANO && made->value % 3 == 1) {
        llmobs_histogram_record(to, (double)made->value * 1e-9);
    } else {
        llmobs_histogram_record_int(to, (uint64_t)made->value);
    }
}

/* Gauges are set by the first thread only: the last value is known. */
static void entry_record(llmobs* obs, uint32_t number, const entry* made, uint32_t thread,
                         llmobs_span span)
{
    const char* name = plans[number].name;
    const llmobs_label* labels = made->labels;
    size_t count = made->label_count;
    llmobs_metric_info kind = kind_of(name);
    switch (kind.instrument) {
    case LLMOBS_COUNTER:
        llmobs_counter_add_in(llmobs_counter_find(obs, name, labels, count),
                              (uint64_t)made->value, span);
        break;
    case LLMOBS_UPDOWN:
        llmobs_updown_add(llmobs_updown_find(obs, name, labels, count), made->value);
        break;
    case LLMOBS_GAUGE:
        if (thread == 0) {
            llmobs_gauge_set(llmobs_gauge_find(obs, name, labels, count),
                             (double)made->value / 1000.0);
        }
        break;
    default:
        observe(obs, name, made, kind.number, span);
        break;
    }
}

/* ---- threads ------------------------------------------------------------------------------- */

typedef struct worker {
    llmobs* obs;
    uint32_t number;
    uint32_t steps; /* done; read when it has ended */
    uint64_t began_unix_ns;
    uint8_t traces[TRACES_MOST][16]; /* of its spans */
} worker;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool stopped;

static bool is_stopped(void)
{
    pthread_mutex_lock(&lock);
    bool now = stopped;
    pthread_mutex_unlock(&lock);
    return now;
}

static uint64_t time_ns(clockid_t of)
{
    struct timespec now;
    clock_gettime(of, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static void sleep_until(uint64_t ns)
{
    uint64_t now = time_ns(CLOCK_MONOTONIC);
    if (now < ns) {
        struct timespec pause = {(time_t)((ns - now) / UINT64_C(1000000000)),
                                 (long)((ns - now) % UINT64_C(1000000000))};
        nanosleep(&pause, NULL);
    }
}

/* A step every 20 ms; one that is late catches up, so that the rate is what was meant. */
static void* work_by_plan(void* user)
{
    worker* me = (worker*)user;
    llmobs_counter steady = llmobs_counter_find(me->obs, "interop.steady", NULL, 0);
    uint64_t begin = time_ns(CLOCK_MONOTONIC);
    entry made;
    me->began_unix_ns = time_ns(CLOCK_REALTIME);
    for (me->steps = 0; !is_stopped() && me->steps < TRACES_MOST; me->steps++) {
        llmobs_trace_context context;
        llmobs_span span = llmobs_span_root(me->obs, "step");
        sleep_until(begin + me->steps * step_ns);
        if (llmobs_span_context(span, &context) == LLMOBS_OK) {
            memcpy(me->traces[me->steps], context.trace_id, 16);
        }
        for (uint32_t i = 0; i < PLANS; i++) {
            entry_make(&made, i, me->number, me->steps);
            entry_record(me->obs, i, &made, me->number, span);
        }
        llmobs_counter_add(steady, steady_amount);
        llmobs_span_end(span);
    }
    return NULL;
}

/* ---- the truth ----------------------------------------------------------------------------- */

/* A text on one line: tabs, line ends and backslashes escaped. */
static void tell(FILE* file, const char* text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\n') {
            fputs("\\n", file);
        } else if (*text == '\\') {
            fputs("\\\\", file);
        } else {
            fputc(*text, file);
        }
    }
}

static const char* instrument_name(llmobs_instrument instrument)
{
    static const char* const names[] = {"",      "counter",   "updown",     "gauge",
                                        "gauge", "histogram", "exponential"};
    return names[instrument];
}

/* `metric NAME UNIT KIND NUMBER`, then `value NAME VALUE LABEL VALUE ...`, separated by tabs;
   values in the number's units. */
static void tell_values(FILE* file, const worker* workers)
{
    static const char* const numbers[] = {"int", "nano", "double"};
    entry made;
    for (uint32_t i = 0; i < PLANS; i++) {
        llmobs_metric_info kind = kind_of(plans[i].name);
        fprintf(file, "metric\t%s\t%s\t%s\t%s\n", plans[i].name, kind.unit,
                instrument_name(kind.instrument), numbers[kind.number]);
        for (uint32_t thread = 0; thread < THREADS; thread++) {
            if (kind.instrument == LLMOBS_GAUGE && thread > 0) {
                continue;
            }
            for (uint32_t step = 0; step < workers[thread].steps; step++) {
                entry_make(&made, i, thread, step);
                fprintf(file, "value\t%s\t%lld", plans[i].name, (long long)made.value);
                for (size_t label = 0; label < made.label_count; label++) {
                    fprintf(file, "\t%s\t", made.labels[label].name);
                    tell(file, made.labels[label].value);
                }
                fputc('\n', file);
            }
        }
    }
}

static void tell_traces(FILE* file, const worker* workers)
{
    for (uint32_t thread = 0; thread < THREADS; thread++) {
        for (uint32_t step = 0; step < workers[thread].steps; step++) {
            fputs("trace\t", file);
            for (int i = 0; i < 16; i++) {
                fprintf(file, "%02x", workers[thread].traces[step][i]);
            }
            fputc('\n', file);
        }
    }
}

/* What the library itself says of quantiles. */
static void tell_quantiles(FILE* file, llmobs* obs)
{
    static const char* const names[] = {"interop.spread", "interop.score"};
    static const char* const features[] = {"chat", "search", "support"};
    static const double wanted[] = {0.5, 0.95, 0.99};
    for (size_t i = 0; i < 2; i++) {
        for (size_t j = 0; j < 3; j++) {
            llmobs_label label = {"feature", features[j]};
            llmobs_histogram of = llmobs_histogram_find(obs, names[i], &label, 1);
            for (size_t k = 0; k < 3; k++) {
                llmobs_quantile found = llmobs_histogram_quantile(of, wanted[k]);
                fprintf(file, "quantile\t%s\t%s\t%g\t%.17g\t%.17g\t%.17g\n", names[i], features[j],
                        wanted[k], found.value, found.low, found.high);
            }
        }
    }
}

static bool tell_truth(const char* name, llmobs* obs, const worker* workers)
{
    FILE* file = fopen(name, "wb");
    if (file == NULL) {
        return false;
    }
    tell_values(file, workers);
    tell_traces(file, workers);
    tell_quantiles(file, obs);
    for (uint32_t thread = 0; thread < THREADS; thread++) {
        fprintf(file, "steady\t%.9f\t%u\n", (double)workers[thread].began_unix_ns * 1e-9,
                workers[thread].steps);
    }
    fprintf(file, "rate\t%.17g\n", (double)steady_amount * 1e9 / (double)step_ns);
    return fclose(file) == 0;
}

/* ---- the whole ----------------------------------------------------------------------------- */

/* The same for a scraper that would rather have OpenMetrics, in the older format. */
static enum MHD_Result answer_text(void* user, struct MHD_Connection* connection, const char* url,
                                   const char* method, const char* version, const char* upload,
                                   size_t* upload_size, void** state)
{
    char* text = NULL;
    size_t size = 0;
    FILE* file = open_memstream(&text, &size);
    (void)url, (void)method, (void)version, (void)upload, (void)upload_size, (void)state;
    llmobs_prometheus_write((llmobs*)user, LLMOBS_PROMETHEUS_TEXT, append, file);
    fclose(file);
    return respond(connection, MHD_HTTP_OK, text, size, "Content-Type",
                   llmobs_exposition_content_type(LLMOBS_PROMETHEUS_TEXT));
}

static unsigned port_of(struct MHD_Daemon* server)
{
    return MHD_get_daemon_info(server, MHD_DAEMON_INFO_BIND_PORT)->port;
}

static llmobs_export_result take(void* user, const llmobs_batch* batch)
{
    (void)user, (void)batch;
    return LLMOBS_EXPORT_OK;
}

static llmobs* open_everything(void)
{
    static const char key[] = "a key of thirty-two bytes, or so";
    llmobs_config config = llmobs_config_default();
    config.service_name = "interop";
    config.service_version = "1.2.3";
    config.metric_families = LLMOBS_FAMILY_ALL;
    config.metric_user_ids = true;
    config.key.secret = key;
    config.key.secret_size = sizeof key - 1;
    llmobs* obs = llmobs_open(&config, NULL);
    llmobs_export_to(obs, take, NULL);
    return obs;
}

int main(int argc, char** argv)
{
    static worker workers[THREADS];
    pthread_t threads[THREADS];
    struct sockaddr_in address;
    int byte;
    llmobs* obs = open_everything();
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    struct MHD_Daemon* server = metrics_server_start(obs, 0);
    struct MHD_Daemon* text_server =
        MHD_start_daemon(MHD_USE_AUTO_INTERNAL_THREAD, 0, NULL, NULL, answer_text, obs,
                         MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_END);
    if (argc != 2 || obs == NULL || server == NULL || text_server == NULL) {
        return 1;
    }
    define_all(obs);
    record_once(obs);
    for (uint32_t i = 0; i < THREADS; i++) {
        workers[i].obs = obs;
        workers[i].number = i;
        if (pthread_create(&threads[i], NULL, work_by_plan, &workers[i]) != 0) {
            return 1;
        }
    }
    printf("127.0.0.1:%u 127.0.0.1:%u\n", port_of(server), port_of(text_server));
    fflush(stdout);
    do {
        byte = getchar();
    } while (byte != '\n' && byte != EOF);
    pthread_mutex_lock(&lock);
    stopped = true;
    pthread_mutex_unlock(&lock);
    for (uint32_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    printf("%s\n", tell_truth(argv[1], obs, workers) ? "done" : "failed");
    fflush(stdout);
    while (getchar() != EOF) {
    }
    metrics_server_stop(server);
    MHD_stop_daemon(text_server);
    return llmobs_close(obs) == LLMOBS_OK ? 0 : 1;
}

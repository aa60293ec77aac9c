/* Requests that come late, twice, from several threads, from signal handlers and children; too many
   of them, and those that nobody ends; handles and clocks that say anything. */
#include "llmobs_private.h"

#include "tap.h"

#include "keeper.h"

#include "requester.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_late(void)
{
    llmobs_config config = request_config();
    llmobs_request_info info = support_info();
    llmobs_request request;
    llmobs_request none;
    llmobs_stats stats;
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    memset(&none, 0, sizeof none);
    info.request_id = "0";
    request = llmobs_request_begin(obs, &info);
    ok(request.instance != 0, "a request with id 0");
    llmobs_request_end(request, NULL);
    llmobs_request_end(request, NULL);
    llmobs_request_token(request);
    llmobs_guardrail(request, "late", LLMOBS_GUARDRAIL_BLOCKED);
    llmobs_request_output(request, "late", 4);
    ok(llmobs_phase_begin(request, LLMOBS_PHASE_TOOL).instance == 0, "no phase after the end");
    llmobs_request_end(none, NULL);
    llmobs_request_token(none);
    none.instance = request.instance;
    none.place = 1u << 30;
    llmobs_request_token(none);
    stats = stats_of(obs);
    is_int(stats.requests_ended, 1, "ended once");
    is_int(stats.requests_late, 5, "what came late is counted");
    is_str(sample(obs, "llm_guardrail_triggers_total{rule=\"late\",action=\"blocked\"}"), "(none)",
           "and does nothing");
    (void)llmobs_flush(obs, 5000);
    is_int(kept.log_count, 1, "one record");
    ok(close_kept(obs, &kept), "all is accounted for");
    llmobs_request_end(request, NULL);
    llmobs_request_token(request);
    ok(llmobs_request_begin(obs, &info).instance == 0, "closed: inert");
    ok(llmobs_request_begin(NULL, &info).instance == 0, "NULL: inert");
}

static void test_exhausted(void)
{
    llmobs_config config = request_config();
    llmobs_request requests[17];
    llmobs_stats stats;
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    int i;
    for (i = 0; i < 17; i++) {
        requests[i] = llmobs_request_begin(obs, NULL);
    }
    ok(requests[15].instance != 0 && requests[16].instance == 0, "16 of 16 are there");
    stats = stats_of(obs);
    is_int(stats.requests_dropped, 1, "the 17th is counted");
    is_int(stats.requests_begun, 16, "so are the others");
    llmobs_request_end(requests[16], NULL);
    llmobs_request_end(requests[3], NULL);
    ok(llmobs_request_begin(obs, NULL).instance == 0, "an ended one is the tick's first");
    (void)llmobs_tick(obs);
    requests[16] = llmobs_request_begin(obs, NULL);
    ok(requests[16].instance != 0, "then it is free");
    llmobs_request_token(requests[3]);
    is_int(stats_of(obs).requests_late, 1, "the old handle does not reach the new request");
    fake_now += UINT64_C(3601) * 1000000000;
    (void)llmobs_tick(obs);
    stats = stats_of(obs);
    is_int(stats.requests_expired, 16, "those that nobody ends are given up");
    ok(llmobs_request_begin(obs, NULL).instance != 0, "and their places are free");
    (void)close_kept(obs, &kept);
}

/* ---- abandoned ----------------------------------------------------------------------------- */

#define ENGINE "{model_name=\"m\",engine=\"0\"}"

static const char* gauges(llmobs* obs)
{
    static char text[200];
    (void)snprintf(text, sizeof text, "%s", sample(obs, "vllm:num_requests_waiting" ENGINE));
    (void)strcat(strcat(text, " "), sample(obs, "vllm:num_requests_running" ENGINE));
    (void)strcat(strcat(text, " "), sample(obs, "llamacpp:requests_deferred"));
    (void)strcat(strcat(text, " "), sample(obs, "llamacpp:requests_processing"));
    return text;
}

static void test_abandoned(void)
{
    llmobs_config config = request_config();
    llmobs_request_info info = llmobs_request_info_default();
    llmobs_request running;
    llmobs_request waiting;
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    info.server = true;
    info.model = "m";
    waiting = llmobs_request_begin(obs, &info);
    running = llmobs_request_begin(obs, &info);
    llmobs_request_scheduled(running);
    is_str(gauges(obs), "1 1 1 1", "one waits, one runs");
    fake_now += UINT64_C(3601) * 1000000000;
    (void)llmobs_tick(obs);
    is_str(gauges(obs), "0 0 0 0", "what nobody ends leaves the engine's gauges");
    is_int(stats_of(obs).requests_expired, 2, "and is counted");
    llmobs_request_scheduled(waiting);
    llmobs_request_end(running, NULL);
    llmobs_request_end(waiting, NULL);
    is_str(gauges(obs), "0 0 0 0", "its late end changes nothing");
    ok(close_kept(obs, &kept), "all is accounted for");
}

/* A call that came in just before the end, and schedules just after it: in slow motion. */
static void test_scheduled_too_late(void)
{
    llmobs_config config = request_config();
    llmobs_request_info info = llmobs_request_info_default();
    llmobsi_recorder* recorder;
    llmobs_request request;
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    info.server = true;
    info.model = "m";
    request = llmobs_request_begin(obs, &info);
    llmobs_request_end(request, NULL);
    recorder = llmobsi_places[LLMOBS_I_PLACE(llmobsi_ticket(obs))].recorder;
    llmobsi_request_schedule(recorder, &llmobsi_requests_of(recorder)->records[request.place],
                             fake_now);
    is_str(gauges(obs), "0 0 0 0", "what is over can't be taken up");
    ok(close_kept(obs, &kept), "all is accounted for");
}

/* The list of free records looks as before, and is another: an interrupted begin sees it. */
static void test_taken_and_given(void)
{
    llmobs_config config = request_config();
    llmobsi_requests* requests;
    uint64_t before;
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    requests = llmobsi_requests_of(
        llmobsi_places[LLMOBS_I_PLACE(llmobsi_ticket(obs))].recorder);
    before = requests->free;
    llmobs_request_end(llmobs_request_begin(obs, NULL), NULL);
    (void)llmobs_flush(obs, 5000);
    is_int((uint32_t)requests->free, (uint32_t)before, "the same record is first");
    ok(requests->free != before, "in another list");
    ok(close_kept(obs, &kept), "all is accounted for");
}

/* Labels longer than a record keeps, in a metric that keeps longer ones: up and down are one
   series. */
static void test_long_model(void)
{
    llmobs_config config = request_config();
    llmobs_request_info info = llmobs_request_info_default();
    char model[251];
    char series[400];
    keeper kept;
    llmobs* obs;
    memset(model, 'm', 250);
    model[250] = '\0';
    config.label_bytes = 255;
    obs = open_kept(&config, &kept);
    info.server = true;
    info.model = model;
    llmobs_request_end(llmobs_request_begin(obs, &info), NULL);
    model[128] = '\0';
    (void)snprintf(series, sizeof series,
                   "vllm:num_requests_waiting{model_name=\"%s\",engine=\"0\"}", model);
    is_str(sample(obs, series), "0", "a long model's gauge");
    ok(close_kept(obs, &kept), "all is accounted for");
}

/* The host's clock goes back, stands at 0, jumps to its end. */
static void test_clocks(void)
{
    static const uint64_t times[] = {0, 5, 1, UINT64_MAX, UINT64_MAX - 1, 7, 0};
    llmobs_config config = request_config();
    llmobs_request_info info = llmobs_request_info_default();
    llmobs_request request;
    keeper kept;
    llmobs* obs;
    size_t i;
    fake_now = 0;
    obs = open_kept(&config, &kept);
    fake_now = 0;
    info.server = true;
    info.model = "m";
    info.session_id = "s";
    info.queue_ns = UINT64_MAX;
    request = llmobs_request_begin(obs, &info);
    llmobs_request_scheduled(request);
    llmobs_request_scheduled(request);
    llmobs_request_token(request);
    llmobs_request_token(request);
    is_str(gauges(obs), "0 1 0 1", "at the time 0 it is taken up once");
    llmobs_request_end(request, NULL);
    is_str(sample(obs, "vllm:time_to_first_token_seconds_count" ENGINE), "1", "first token, once");
    is_str(sample(obs, "vllm:time_to_first_token_seconds_sum" ENGINE), "0.000000001",
           "a wait of 584 years is not believed");
    info.queue_ns = 0;
    for (i = 0; i < sizeof times / sizeof times[0]; i++) {
        request = llmobs_request_begin(obs, &info);
        fake_now = times[i];
        llmobs_request_scheduled(request);
        llmobs_request_token(request);
        (void)llmobs_tick(obs);
        llmobs_request_token(request);
        llmobs_request_end(request, NULL);
    }
    is_str(gauges(obs), "0 0 0 0", "whatever it says, gauges end at 0");
    fake_now = 1000;
    (void)llmobs_flush(obs, 5000);
    fake_now += UINT64_C(101) * 1000000000;
    (void)llmobs_tick(obs);
    is_str(sample(obs, "llm_active_sessions{feature=\"\"}"), "0",
           "sessions of a time to come do not stay for ever");
    kept.malformed = 0; /* a record of 1970-01-01 00:00:00 */
    ok(close_kept(obs, &kept), "all is accounted for");
}

/* ---- handles ------------------------------------------------------------------------------- */

/* Whatever a handle says, nothing but the live requests' records is touched. */
static void test_handles(void)
{
    llmobs_config config = request_config();
    llmobs_request real;
    llmobs_stats stats;
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    uint64_t random = 88172645463325252u;
    int i;
    real = llmobs_request_begin(obs, NULL);
    for (i = 0; i < 20000; i++) {
        llmobs_request forged = real;
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        forged.place = i % 3 == 0 ? (uint32_t)random : i % 3 == 1 ? (uint32_t)random % 20 : 0;
        forged.generation = i % 5 == 0   ? forged.generation
                            : i % 5 == 1 ? random
                                         : (forged.generation & ~UINT64_C(7)) + random % 32;
        if (forged.generation == real.generation) {
            forged.place = forged.place == 0 ? 1 : forged.place; /* not the real one */
        }
        forged.instance = i % 7 == 0 ? (uint32_t)(random >> 20) : forged.instance;
        if (memcmp(&forged, &real, sizeof real) == 0) {
            continue;
        }
        llmobs_request_token(forged);
        llmobs_request_scheduled(forged);
        llmobs_request_output(forged, "x", 1);
        llmobs_span_end(llmobs_phase_begin(forged, LLMOBS_PHASE_TOOL));
        llmobs_request_retry(forged, "why");
        llmobs_guardrail(forged, "rule", LLMOBS_GUARDRAIL_BLOCKED);
        llmobs_requests_share(&forged, 1, 5);
        llmobs_request_end(forged, NULL);
    }
    llmobs_request_token(real);
    llmobs_request_end(real, NULL);
    stats = stats_of(obs);
    is_int(stats.requests_ended, 1, "the real one ends");
    ok(close_kept(obs, &kept), "all is accounted for");
}

/* ---- threads ------------------------------------------------------------------------------- */

typedef struct racer {
    llmobs* obs;
    llmobs_request* shared;
    long rounds;
} racer;

/* Ends what others end, too, and adds to what has ended. */
static void* race(void* argument)
{
    racer* with = (racer*)argument;
    long i;
    for (i = 0; i < with->rounds; i++) {
        llmobs_request mine = llmobs_request_begin(with->obs, NULL);
        llmobs_span step = llmobs_phase_begin(mine, LLMOBS_PHASE_MODEL_CALL);
        llmobs_guardrail(*with->shared, "raced", LLMOBS_GUARDRAIL_FLAGGED);
        llmobs_requests_share(with->shared, 1, 1);
        llmobs_request_token(mine);
        llmobs_span_end(step);
        llmobs_request_end(mine, NULL);
        llmobs_request_end(mine, NULL);
        if (i == with->rounds / 2) {
            llmobs_request_end(*with->shared, NULL);
        }
    }
    return NULL;
}

static void test_threads(void)
{
    llmobs_config config = llmobs_config_default();
    llmobs_request shared;
    llmobs_stats stats;
    pthread_t threads[4];
    racer with;
    keeper kept;
    llmobs* obs;
    int i;
    config.tick_ms = 1;
    config.requests = 16;
    obs = open_kept(&config, &kept);
    kept.forget = true;
    shared = llmobs_request_begin(obs, NULL);
    with.obs = obs;
    with.shared = &shared;
    with.rounds = sized(5000);
    for (i = 0; i < 4; i++) {
        (void)pthread_create(&threads[i], NULL, race, &with);
    }
    for (i = 0; i < 4; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    (void)llmobs_flush(obs, 60000);
    stats = stats_of(obs);
    is_int(stats.requests_begun, stats.requests_ended, "every request that began has ended, once");
    is_int(stats.requests_begun + stats.requests_dropped, 4 * with.rounds + 1,
           "and those for which there was no place are counted");
    is_int(stats.requests_live, 0, "none is under way");
    ok(close_kept(obs, &kept), "all is accounted for");
}

/* One request at a time is everybody's: an engine schedules it and makes tokens, a client streams
   and cancels, a third retries, at no agreed time. */
typedef struct arena {
    llmobs* obs;
    llmobsi_atomic64 request; /* that all are at: place << 48, generation */
    llmobsi_atomic32 stop;
    uint32_t ticket;
} arena;

static llmobs_request arena_request(arena* with)
{
    llmobs_request request;
    uint64_t packed = llmobsi_load_acquire(&with->request);
    request.instance = with->ticket;
    request.generation = packed & ((UINT64_C(1) << 48) - 1);
    request.place = (uint32_t)(packed >> 48);
    return request;
}

static void* be_engine(void* argument)
{
    arena* with = (arena*)argument;
    while (llmobsi_load_relaxed(&with->stop) == 0) {
        llmobs_request request = arena_request(with);
        llmobs_request_scheduled(request);
        llmobs_request_token(request);
        llmobs_request_tokens(request, 3);
        llmobs_request_preempted(request);
        llmobs_request_speculative(request, 4, 2);
        llmobs_requests_share(&request, 1, 10);
        llmobs_span_end(llmobs_batch_begin(with->obs, "decode", &request, 1));
    }
    return NULL;
}

static void* be_client(void* argument)
{
    arena* with = (arena*)argument;
    long i;
    for (i = 0; llmobsi_load_relaxed(&with->stop) == 0; i++) {
        llmobs_request request = arena_request(with);
        llmobs_request_output(request, "a piece of an answer", 20);
        llmobs_request_retry(request, "timeout");
        llmobs_guardrail(request, "pii_leak", LLMOBS_GUARDRAIL_FLAGGED);
        llmobs_span_end(llmobs_phase_begin(request, LLMOBS_PHASE_TOOL));
        if (i % 7 == 0) {
            llmobs_outcome outcome = llmobs_outcome_default();
            outcome.cancelled = true;
            llmobs_request_end(request, &outcome);
        }
    }
    return NULL;
}

static void* be_reader(void* argument)
{
    arena* with = (arena*)argument;
    size_t negative = 0;
    static char text[1 << 20];
    while (llmobsi_load_relaxed(&with->stop) == 0) {
        size_t size = sizeof text;
        llmobs_explanation why;
        (void)llmobs_prometheus_print(with->obs, LLMOBS_PROMETHEUS_TEXT, text, &size);
        negative += strstr(text, "} -") != NULL || strstr(text, "deferred -") != NULL ||
                    strstr(text, "processing -") != NULL;
        (void)llmobs_request_explain(with->obs, "r", &why);
    }
    return (void*)(uintptr_t)negative;
}

static void test_arena(void)
{
    llmobs_config config = llmobs_config_default();
    llmobs_request_info info = llmobs_request_info_default();
    pthread_t threads[4];
    llmobs_stats stats;
    void* negative;
    arena with;
    keeper kept;
    long rounds = sized(20000);
    long i;
    config.tick_ms = 1;
    config.requests = 64;
    config.max_threads = 16;
    config.slow_request_ms = 1;
    config.metric_families = LLMOBS_FAMILY_ALL;
    memset(&with, 0, sizeof with);
    with.obs = open_kept(&config, &kept);
    with.ticket = llmobsi_ticket(with.obs);
    kept.forget = true;
    info.server = true;
    info.model = "m";
    info.request_id = "r";
    info.session_id = "s";
    (void)pthread_create(&threads[0], NULL, be_engine, &with);
    (void)pthread_create(&threads[1], NULL, be_client, &with);
    (void)pthread_create(&threads[2], NULL, be_client, &with);
    (void)pthread_create(&threads[3], NULL, be_reader, &with);
    for (i = 0; i < rounds; i++) {
        llmobs_request request = llmobs_request_begin(with.obs, &info);
        if (request.instance != 0) {
            llmobsi_store_release(&with.request,
                                  (uint64_t)request.place << 48 | request.generation);
        } else {
            (void)sched_yield();
        }
        llmobs_request_end(request, NULL);
    }
    llmobsi_store_relaxed(&with.stop, 1);
    for (i = 0; i < 3; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    (void)pthread_join(threads[3], &negative);
    (void)llmobs_flush(with.obs, 60000);
    stats = stats_of(with.obs);
    is_int(stats.requests_begun, stats.requests_ended, "every request has ended, once");
    is_str(gauges(with.obs), "0 0 0 0", "the engine's gauges are at 0");
    is_int((long long)(uintptr_t)negative, 0, "and no scrape saw one below");
    ok(close_kept(with.obs, &kept), "all is accounted for");
}

/* ---- from hand to hand --------------------------------------------------------------------- */

/* One thread notes, the next ends the request. What passes between them are flags that order
   nothing, so that all that the second sees the library itself must have released: ThreadSanitizer
   tells where it has not. (Not so of a rule, whose name the table hands on once more: that a table
   may be read late as well is for tests/model/model_request.c to see.) */
typedef struct relay {
    llmobs* obs;
    llmobs_request request;
    llmobsi_atomic32 attached;
    llmobsi_atomic32 noted;
    llmobsi_atomic32 ended;
    bool guards; /* notes a rule, too */
} relay;

static void relay_await(const llmobsi_atomic32* flag, uint32_t value)
{
    while (llmobsi_load_relaxed(flag) != value) {
        (void)sched_yield();
    }
}

static void* relay_note(void* argument)
{
    relay* with = (relay*)argument;
    (void)llmobs_thread_attach(with->obs);
    (void)llmobsi_add_relaxed(&with->attached, 1);
    relay_await(&with->attached, 2);
    llmobs_request_retry(with->request, "timeout");
    if (with->guards) {
        llmobs_guardrail(with->request, "pii_leak", LLMOBS_GUARDRAIL_BLOCKED);
    }
    llmobsi_store_relaxed(&with->noted, 1);
    relay_await(&with->ended, 1); /* a thread's end orders much */
    return NULL;
}

static void* relay_end(void* argument)
{
    relay* with = (relay*)argument;
    (void)llmobs_thread_attach(with->obs);
    (void)llmobsi_add_relaxed(&with->attached, 1);
    relay_await(&with->noted, 1);
    llmobs_request_end(with->request, NULL);
    llmobsi_store_relaxed(&with->ended, 1);
    return NULL;
}

static void test_relay(bool guards)
{
    llmobs_config config = request_config();
    const llmobs_attribute_view* rules;
    const llmobs_span_view* root;
    pthread_t threads[2];
    keeper kept;
    relay with;
    memset(&with, 0, sizeof with);
    with.obs = open_kept(&config, &kept);
    with.request = llmobs_request_begin(with.obs, NULL);
    with.guards = guards;
    (void)pthread_create(&threads[0], NULL, relay_note, &with);
    (void)pthread_create(&threads[1], NULL, relay_end, &with);
    (void)pthread_join(threads[1], NULL);
    (void)pthread_join(threads[0], NULL);
    (void)llmobs_flush(with.obs, 5000);
    root = kept_span(&kept, "chat");
    is_int(root != NULL ? root->event_count : 0, 1, "another thread's retry is told");
    is_str(root != NULL && root->event_count == 1 && root->events[0].attribute_count == 1
               ? root->events[0].attributes[0].value.string.data
               : "(none)",
           "timeout", "with its reason");
    rules = kept_attribute(root, "guardrail.triggered_rules");
    is_str(rules != NULL && rules->count == 1 ? rules->value.strings[0].data : "(none)",
           guards ? "pii_leak" : "(none)", guards ? "and its rule" : "and no rule");
    ok(close_kept(with.obs, &kept), "all is accounted for");
}

/* ---- closed under fire --------------------------------------------------------------------- */

static llmobsi_atomic64 fire_obs;
static llmobsi_atomic32 fire_stop;

static void* fire(void* unused)
{
    (void)unused;
    while (llmobsi_load_relaxed(&fire_stop) == 0) {
        llmobs* obs = (llmobs*)(uintptr_t)llmobsi_load_acquire(&fire_obs);
        llmobs_request_info info = support_info();
        llmobs_outcome outcome = known_outcome();
        llmobs_request request = llmobs_request_begin(obs, &info);
        llmobs_span step = llmobs_phase_begin(request, LLMOBS_PHASE_MODEL_CALL);
        llmobs_request_output(request, "answer", 6);
        llmobs_request_token(request);
        llmobs_request_token(request);
        llmobs_guardrail(request, "pii_leak", LLMOBS_GUARDRAIL_BLOCKED);
        llmobs_span_end(step);
        llmobs_request_end(request, &outcome);
        (void)llmobs_session_end(obs, "s-9");
    }
    return NULL;
}

static void test_close_under_fire(void)
{
    llmobs_config config = llmobs_config_default();
    pthread_t threads[3];
    long rounds = sized(200);
    long wrong = 0;
    long i;
    config.requests = 16;
    config.span_slots = 256;
    config.max_threads = 8;
    config.tick_ms = 1;
    config.metric_families = LLMOBS_FAMILY_ALL;
    for (i = 0; i < 3; i++) {
        (void)pthread_create(&threads[i], NULL, fire, NULL);
    }
    for (i = 0; i < rounds; i++) {
        llmobs_stats stats;
        keeper kept;
        llmobs* obs = open_kept(&config, &kept);
        kept.forget = true;
        llmobsi_store_release(&fire_obs, (uint64_t)(uintptr_t)obs);
        (void)usleep(2000);
        stats.size = sizeof stats;
        wrong += llmobs_close_with_stats(obs, &stats) != LLMOBS_OK;
        wrong += !balances(&stats);
        wrong += stats.requests_ended > stats.requests_begun;
        keeper_clear(&kept);
        llmobs_release();
    }
    llmobsi_store_relaxed(&fire_stop, 1);
    for (i = 0; i < 3; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    is_int(wrong, 0, "closed under requests, time and again");
}

/* Nothing of a key is left in the records. */
static void test_wiped(void)
{
    llmobs_config config = request_config();
    size_t size = llmobs_memory_needed(&config) + 64;
    unsigned char* memory = (unsigned char*)malloc(size);
    const unsigned char* inner;
    llmobs_hmac state;
    llmobs_request request;
    size_t found = 0;
    size_t i;
    llmobs* obs;
    config.memory = (void*)(((uintptr_t)memory + 63) & ~(uintptr_t)63);
    config.memory_bytes = size - 64;
    obs = llmobs_open(&config, NULL);
    request = llmobs_request_begin(obs, NULL);
    llmobs_request_output(request, "half an answer", 14);
    state = llmobsi_requests_of(llmobsi_places[LLMOBS_I_PLACE(llmobsi_ticket(obs))].recorder)
                ->records[request.place].output.hash;
    (void)llmobs_close(obs);
    llmobs_release();
    inner = (const unsigned char*)state.outer;
    for (i = 0; i + 32 <= size; i += 4) {
        found += memcmp(memory + i, inner, 32) == 0;
    }
    is_int((long long)found, 0, "a running hash is wiped with its instance");
    free(memory);
}

/* ---- signals ------------------------------------------------------------------------------- */

static llmobs* signal_obs;
static llmobs_request signal_request;
static llmobsi_atomic64 signal_begun;
static llmobsi_atomic32 signal_stop;

static void on_signal(int number)
{
    llmobs_request_info info = support_info();
    llmobs_request request;
    (void)number;
    llmobs_request_token(signal_request);
    llmobs_request_output(signal_request, "x", 1);
    llmobs_request_retry(signal_request, "signal");
    request = llmobs_request_begin(signal_obs, &info);
    (void)llmobsi_add_relaxed(&signal_begun, request.instance != 0);
    llmobs_request_end(request, NULL);
}

static void* shoot(void* at)
{
    while (llmobsi_load_relaxed(&signal_stop) == 0) {
        (void)pthread_kill(*(pthread_t*)at, SIGUSR1);
        (void)usleep(50);
    }
    return NULL;
}

static void test_signals(void)
{
    llmobs_config config = pumped_config();
    llmobs_request_info info = support_info();
    llmobs_stats stats;
    pthread_t self = pthread_self();
    pthread_t shooter;
    keeper kept;
    long rounds = sized(20000);
    long begun = 0;
    long i;
    config.session_idle_s = 1;
    config.requests = 64;
    signal_obs = open_kept(&config, &kept);
    kept.forget = true;
    (void)llmobs_thread_attach(signal_obs);
    signal_request = llmobs_request_begin(signal_obs, &info);
    begun++;
    (void)signal(SIGUSR1, on_signal);
    (void)pthread_create(&shooter, NULL, shoot, &self);
    for (i = 0; i < rounds; i++) {
        llmobs_request request = llmobs_request_begin(signal_obs, &info);
        begun += request.instance != 0;
        llmobs_request_output(request, "answer", 6);
        llmobs_request_token(request);
        llmobs_request_end(request, NULL);
        if (i % 8 == 0) {
            (void)llmobs_tick(signal_obs);
        }
    }
    llmobsi_store_relaxed(&signal_stop, 1);
    (void)pthread_join(shooter, NULL);
    (void)signal(SIGUSR1, SIG_DFL);
    llmobs_request_end(signal_request, NULL);
    (void)llmobs_flush(signal_obs, 60000);
    stats = stats_of(signal_obs);
    ok(signal_begun > 0, "handlers began requests");
    is_int(stats.requests_begun, begun + (long)signal_begun, "all that began are known");
    ok(stats.requests_begun - stats.requests_ended <= signal_begun,
       "only a handler's own may be left to their age");
    ok(close_kept(signal_obs, &kept), "all is accounted for");
}

/* ---- fork ---------------------------------------------------------------------------------- */

#if LLMOBS_I_TSAN
static void test_fork(void)
{
    skip("fork", "ThreadSanitizer does not do threads in the child of a fork");
}
#else
static void in_child(llmobs* obs, llmobs_request parents, int to)
{
    llmobs_request_info info = support_info();
    llmobs_stats stats;
    int wrong = 0;
    int i;
    (void)alarm(60);
    info.server = true;
    llmobs_request_token(parents);
    llmobs_request_end(parents, NULL);
    for (i = 0; i < 40; i++) {
        llmobs_request request = llmobs_request_begin(obs, &info);
        wrong += request.instance == 0;
        llmobs_request_scheduled(request);
        llmobs_request_token(request);
        llmobs_request_end(request, NULL);
        llmobs_request_end(parents, NULL);
        (void)llmobs_flush(obs, 10000);
    }
    stats = stats_of(obs);
    wrong += stats.requests_begun != 40 || stats.requests_ended != 40 || stats.requests_live != 0;
    wrong += strcmp(sample(obs, "llm_active_sessions{feature=\"support\"}"), "1") != 0;
    wrong += llmobs_close(obs) != LLMOBS_OK;
    (void)!write(to, &wrong, sizeof wrong);
    _exit(0);
}

static void test_fork(void)
{
    llmobs_config config = llmobs_config_default();
    llmobs_request_info info = support_info();
    pthread_t thread;
    keeper kept;
    long forks = sized(30) < 5 ? 5 : sized(30);
    long wrong = 0;
    long i;
    llmobs* obs;
    config.requests = 16;
    config.tick_ms = 1;
    config.metric_families = LLMOBS_FAMILY_ALL;
    obs = open_kept(&config, &kept);
    kept.forget = true;
    llmobsi_store_relaxed(&fire_stop, 0);
    llmobsi_store_release(&fire_obs, (uint64_t)(uintptr_t)obs);
    (void)pthread_create(&thread, NULL, fire, NULL);
    for (i = 0; i < forks; i++) {
        llmobs_request mine = llmobs_request_begin(obs, &info);
        int answer = -1;
        int ends[2];
        int status;
        pid_t child;
        (void)!pipe(ends);
        child = fork();
        if (child == 0) {
            in_child(obs, mine, ends[1]);
        }
        (void)close(ends[1]);
        wrong += read(ends[0], &answer, sizeof answer) != (ssize_t)sizeof answer || answer != 0;
        (void)close(ends[0]);
        (void)waitpid(child, &status, 0);
        llmobs_request_end(mine, NULL);
    }
    llmobsi_store_relaxed(&fire_stop, 1);
    (void)pthread_join(thread, NULL);
    is_int(wrong, 0, "a child's requests are its own, its parent's are inert");
    ok(close_kept(obs, &kept), "the parent's account balances");
}
#endif

int main(void)
{
    test_late();
    test_exhausted();
    test_abandoned();
    test_scheduled_too_late();
    test_taken_and_given();
    test_long_model();
    test_clocks();
    test_handles();
    test_threads();
    test_arena();
    test_relay(false);
    test_relay(true);
    test_close_under_fire();
    test_wiped();
    if (!skipped_without_fork("signals")) {
        test_signals();
    }
    if (!skipped_by_qemu("fork") && !skipped_without_fork("fork")) {
        test_fork();
    }
    return done();
}

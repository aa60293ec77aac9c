/* What requests cost: a token, a begin, a whole request. Read docs/performance.md first.

   What ends is collected between repetitions, outside the timed part; at the end the account says
   that nothing was dropped.

 * peers: none */
#define _GNU_SOURCE

#include "library.h"

#include "bench.h"

#define TOKENS 64
#define INPUT 1024
#define OUTPUT 2048

typedef struct subject {
    llmobs* obs;
    llmobs_request request; /* under way all the time */
    llmobs_request_info info;
    llmobs_outcome outcome;
    uint64_t spans;
    uint64_t logs;
} subject;

static char prompt[INPUT], answer[OUTPUT];

/* ---- instances ----------------------------------------------------------------------------- */

static llmobs_export_result take(void* user, const llmobs_batch* batch)
{
    subject* to = (subject*)user;
    to->spans += batch->span_count;
    to->logs += batch->log_count;
    return LLMOBS_EXPORT_OK;
}

static void tick(void* user)
{
    (void)llmobs_flush(((subject*)user)->obs, 1000);
}

static void begin(subject* to, uint32_t families, uint32_t requests, bool server)
{
    llmobs_config config = llmobs_config_default();
    memset(to, 0, sizeof *to);
    config.host_pumped = true;
    config.metric_families = families;
    config.requests = requests;
    config.key.secret = "0123456789abcdef0123456789abcdef";
    config.key.secret_size = 32;
    to->obs = llmobs_open(&config, NULL);
    if (to->obs == NULL || llmobs_export_to(to->obs, take, to) != LLMOBS_OK) {
        fprintf(stderr, "bench_request: open\n");
        exit(1);
    }
    to->info = llmobs_request_info_default();
    to->info.request_id = "req-000017";
    to->info.feature = "support";
    to->info.model = "gpt-4o-mini";
    to->info.provider = "openai";
    to->info.server = server;
    to->outcome = llmobs_outcome_default();
    to->outcome.usage.input_tokens = 812;
    to->outcome.usage.output_tokens = TOKENS;
    to->outcome.cost_nano = 179400;
    to->outcome.cost_known = true;
    to->outcome.finish_reason = "stop";
    to->request = llmobs_request_begin(to->obs, &to->info);
    llmobs_request_token(to->request);
    (void)llmobs_tick(to->obs);
}

static void end(subject* to)
{
    llmobs_stats stats;
    llmobs_request_end(to->request, NULL);
    (void)llmobs_flush(to->obs, 5000);
    stats.size = sizeof stats;
    (void)llmobs_stats_read(to->obs, &stats);
    if (stats.requests_dropped != 0 || stats.requests_begun != stats.requests_ended ||
        stats.dropped[LLMOBS_DROP_POOL] != 0 || to->logs != stats.requests_ended ||
        to->spans != stats.requests_ended) {
        fprintf(stderr, "bench_request: not all was recorded\n");
        exit(1);
    }
    (void)llmobs_close(to->obs);
}

/* ---- tokens -------------------------------------------------------------------------------- */

static void token_body(void* user, uint32_t times)
{
    llmobs_request request = ((subject*)user)->request;
    while (times-- > 0) {
        llmobs_request_token(request);
    }
}

/* What a token can't do without: to know when it came. */
static void clock_body(void* user, uint32_t times)
{
    uint64_t now;
    (void)user;
    while (times-- > 0) {
        now = llmobsi_cycles();
        bench_keep(&now);
    }
}

static void bench_tokens(void)
{
    static bench_set set;
    static subject plain, engine, client, over, none;
    bench_case *floor, *token, *shown, *both, *late, *off;
    begin(&plain, 0, 0, false);
    begin(&engine, LLMOBS_FAMILY_ALL, 0, true);
    begin(&client, LLMOBS_FAMILY_ALL, 0, false);
    begin(&over, 0, 0, false);
    over.request.generation += LLMOBS_I_REQUEST_STATES;
    floor = bench_add(&set, "one clock read", clock_body, NULL);
    token = bench_add(&set, "a token", token_body, &plain);
    shown = bench_add(&set, "a token, with vllm:inter_token_latency_seconds", token_body, &engine);
    both = bench_add(&set, "a token, with both histograms of gen_ai.client", token_body, &client);
    late = bench_add(&set, "a token that is too late", token_body, &over);
    off = bench_add(&set, "a token of no request", token_body, &none);
    bench_run(&set);
    bench_print(floor, 0);
    bench_print_shared(token, 14, 18);
    bench_print_shared(shown, 14, 18);
    bench_print(both, 0);
    bench_print(late, 0);
    bench_print(off, 2);
    over.request.generation -= LLMOBS_I_REQUEST_STATES;
    end(&plain);
    end(&engine);
    end(&client);
    end(&over);
}

/* ---- whole requests ------------------------------------------------------------------------ */

static void one(subject* to)
{
    llmobs_request request = llmobs_request_begin(to->obs, &to->info);
    int i;
    for (i = 0; i < TOKENS; i++) {
        llmobs_request_token(request);
    }
    llmobs_guardrail(request, "pii_leak", LLMOBS_GUARDRAIL_FLAGGED);
    llmobs_request_end(request, &to->outcome);
}

static void request_body(void* user, uint32_t times)
{
    while (times-- > 0) {
        one((subject*)user);
    }
}

/* A begin, with the least of an end. */
static void begin_body(void* user, uint32_t times)
{
    subject* to = (subject*)user;
    llmobs_request requests[64];
    uint32_t i;
    while (times > 0) {
        uint32_t some = times < 64 ? times : 64;
        for (i = 0; i < some; i++) {
            requests[i] = llmobs_request_begin(to->obs, &to->info);
        }
        bench_keep(requests);
        times -= some;
    }
}

/* Given up by hand, so that the end is not timed. */
static void end_all(void* user)
{
    subject* to = (subject*)user;
    llmobsi_requests* requests =
        llmobsi_requests_of(llmobsi_places[LLMOBS_I_PLACE(llmobsi_ticket(to->obs))].recorder);
    uint32_t i;
    for (i = 0; i < requests->count; i++) {
        llmobs_request request = to->request;
        request.place = i;
        request.generation = requests->records[i].state;
        if (i != to->request.place && request.generation % LLMOBS_I_REQUEST_STATES != 0) {
            llmobs_request_end(request, &to->outcome);
        }
    }
    tick(to);
}

static bench_case* add_drained(bench_set* set, const char* name,
                               void (*body)(void*, uint32_t), subject* to)
{
    bench_case* added = bench_add(set, name, body, to);
    added->before = tick;
    added->most_times = 400;
    return added;
}

static void bench_requests(void)
{
    static bench_set set;
    static subject plain, user, engine, client, hashed, begun, known, none;
    bench_case *requests, *users, *engines, *clients, *hashes, *begins, *begins_known, *off;
    begin(&plain, 0, 0, false);
    begin(&user, 0, 0, false);
    begin(&engine, LLMOBS_FAMILY_ALL, 0, true);
    begin(&client, LLMOBS_FAMILY_ALL, 0, false);
    begin(&hashed, 0, 0, false);
    begin(&begun, 0, 0, false);
    begin(&known, 0, 0, false);
    user.info.user_id = "u-42";
    user.info.session_id = "s-9";
    known.info.user_id = "u-42";
    known.info.session_id = "s-9";
    hashed.outcome.input = llmobs_text(prompt, sizeof prompt);
    hashed.outcome.output = llmobs_text(answer, sizeof answer);
    requests = add_drained(&set, "a request, 64 tokens, a verdict, metrics, log record",
                           request_body, &plain);
    users = add_drained(&set, "... with a user and a session", request_body, &user);
    engines = add_drained(&set, "... of an engine, all families", request_body, &engine);
    clients = add_drained(&set, "... of a client, all families", request_body, &client);
    hashes = add_drained(&set, "... with hashes of 1 and 2 KiB", request_body, &hashed);
    begins = add_drained(&set, "a begin", begin_body, &begun);
    begins_known = add_drained(&set, "a begin with a user and a session", begin_body, &known);
    begins->before = end_all;
    begins_known->before = end_all;
    off = bench_add(&set, "a request on a NULL instance", request_body, &none);
    bench_run(&set);
    bench_print(requests, 3000);
    bench_print(users, 0);
    bench_print(engines, 0);
    bench_print(clients, 0);
    bench_print(hashes, 0);
    bench_print(begins, 0);
    bench_print(begins_known, 0);
    bench_print(off, 0);
    end_all(&begun);
    end_all(&known);
    end(&plain);
    end(&user);
    end(&engine);
    end(&client);
    end(&hashed);
    end(&begun);
    end(&known);
}

/* ---- the tick ------------------------------------------------------------------------------ */

static void tick_body(void* user, uint32_t times)
{
    while (times-- > 0) {
        (void)llmobs_tick(((subject*)user)->obs);
    }
}

static void bench_ticks(void)
{
    static bench_set set;
    static subject none, usual, many;
    bench_case *without, *with, *most;
    begin(&none, 0, LLMOBS_OFF, false);
    begin(&usual, 0, 512, false);
    begin(&many, 0, 65536, false);
    without = bench_add(&set, "a tick with nothing to do, no requests", tick_body, &none);
    with = bench_add(&set, "... room for 512 of them", tick_body, &usual);
    most = bench_add(&set, "... for 65536", tick_body, &many);
    bench_run(&set);
    bench_print(without, 0);
    bench_print(with, 0);
    bench_print(most, 0);
    (void)llmobs_close(none.obs);
    end(&usual);
    end(&many);
}

int main(void)
{
    memset(prompt, 'x', sizeof prompt);
    memset(answer, 'y', sizeof answer);
    bench_tokens();
    bench_requests();
    bench_ticks();
    printf("# %u short\n", bench_short_count);
    return 0;
}

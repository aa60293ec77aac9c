/* Coming in, going out and closing, from any thread at any time. Once llmobs_close has returned OK
   nobody touches the instance: its memory is then written as a whole, and who is still in it, or
   comes back to it, races with that. */
#include "world.h"

static unsigned closed;
static unsigned ended_well; /* spans that were begun and ended by their threads */

ghost void prepare(bool has_membarrier, uint32_t slots, uint32_t threads)
{
    closed = 0;
    ended_well = 0;
    world_has_membarrier = has_membarrier;
    world_open(slots, threads);
    model_loaded = NULL;
}

ghost void with_membarrier(void)
{
    prepare(true, 4, 2);
}

ghost void with_exchange(void)
{
    prepare(false, 4, 2);
}

ghost void counts_span(llmobs_span span)
{
    ended_well += span.instance != 0;
}

static void record(void)
{
    llmobs_span span = llmobs_span_root(world_obs, "a");
    llmobs_span_end(span);
    counts_span(span);
}

static void record_twice(void)
{
    record();
    record();
}

ghost void counts_close(void)
{
    closed++;
}

static void close_and_leave(void)
{
    (void)llmobs_close(world_obs);
}

static void close_it(void)
{
    llmobs_stats stats;
    stats.size = sizeof stats;
    if (llmobs_close_with_stats(world_obs, &stats) == LLMOBS_OK && stats.ticks != 0) {
        uint64_t lost = 0;
        int drop;
        for (drop = 0; drop < (int)LLMOBS_DROP_COUNT; drop++) {
            lost += stats.dropped[drop];
        }
        require(stats.started == lost + stats.collected);
        counts_close();
        model_writes(world_memory, sizeof world_memory);
    }
}

/* Who would still be let in, would be. */
ghost void closed_once(void)
{
    uint32_t i;
    for (i = 0; i < LLMOBS_MAX_CONTROLS; i++) {
        if (llmobsi_controls[i].uses[0].ticket == llmobsi_ticket(world_obs)) {
            model_fail("a thread still holds the ticket");
        }
    }
    if (closed != 1) {
        model_fail("closed more or less than once");
    }
}

/* ---- threads that end, and their heirs ----------------------------------------------------- */


ghost void one_record_membarrier(void)
{
    prepare(true, 4, 1);
}

ghost void one_record_exchange(void)
{
    prepare(false, 4, 1);
}

ghost void one_record_no_seed(void)
{
    prepare(false, 4, 1);
    world_fills_to_fail = 2;
}

/* Every thread that comes late enough inherits the one record there is. */
static void record_if_room(void)
{
    unsigned i;
    for (i = 0; i < 3; i++) {
        record();
        if (llmobsi_self != NULL) {
            llmobsi_thread_ended(llmobsi_self);
        }
        (void)model_yield();
    }
}

static void tick_thrice(void)
{
    unsigned i;
    for (i = 0; i < 3; i++) {
        (void)llmobs_tick(world_obs);
        (void)model_yield();
    }
}

ghost void after_heirs(void)
{
    (void)llmobs_tick(world_obs);
    if (world->no_exporter != ended_well) {
        model_fail("a span is lost, or there twice");
    }
    world_count_slots();
}

/* ---- calls that take long ------------------------------------------------------------------ */

static void call(void)
{
    llmobs_stats stats;
    stats.size = sizeof stats;
    (void)llmobs_stats_read(world_obs, &stats);
    (void)llmobs_tick(world_obs);
}

/* The least that a close does about calls: long ones leave it no chance to come between. */
static void shut_out_calls(void)
{
    llmobsi_place* place = &llmobsi_places[0];
    uint32_t held = llmobsi_ticket(world_obs);
    require(llmobsi_cas_ordered(&place->ticket, &held, 0));
    require(llmobsi_callers_leave(llmobsi_instance_of(place->recorder), UINT64_MAX));
    counts_close();
    model_writes(world_memory, sizeof world_memory);
}

static void call_once(void)
{
    llmobsi_instance* instance = llmobsi_call_begin(world_obs);
    if (instance != NULL) {
        require(instance->config.host_pumped);
        llmobsi_call_end(instance);
    }
}

/* A transport that tells of a batch. */
static void tell_of_batch(void)
{
    llmobs_export_token token;
    memset(&token, 0, sizeof token);
    token.instance = llmobsi_ticket(world_obs);
    (void)llmobs_export_done(token, LLMOBS_EXPORT_OK);
}

/* ---- exporters ----------------------------------------------------------------------------- */

static llmobs_export_result export_batch(void* user, const llmobs_batch* batch)
{
    (void)user;
    (void)batch;
    return LLMOBS_EXPORT_OK;
}

static void add_exporter(void)
{
    (void)llmobs_export_to(world_obs, export_batch, NULL);
}

static void record_and_tick(void)
{
    record();
    (void)llmobs_tick(world_obs);
}

static void flush(void)
{
    (void)llmobs_flush(world_obs, 1000);
    tell_of_batch();
}

/* ---- opening anew -------------------------------------------------------------------------- */

static llmobs* anew;

ghost void before_anew(void)
{
    anew = NULL;
    with_exchange();
}

ghost llmobs_config config_anew(void)
{
    llmobs_config config = world_config(4, 2);
    config.memory = world_memory + sizeof world_memory / 2;
    return config;
}

ghost void opened(llmobs* obs)
{
    anew = obs;
}

/* Two want the one place that is left by a third. */
static void open_anew(void)
{
    llmobs_config config = config_anew();
    llmobs* obs = NULL;
    unsigned i;
    for (i = 0; i < 20 && obs == NULL; i++) {
        (void)llmobsi_open(&config, &obs);
        (void)model_yield();
    }
    if (obs != NULL) {
        llmobs_span span = llmobs_span_root(obs, "a");
        require(span.instance == llmobsi_ticket(obs));
        require(llmobsi_ticket(obs) != llmobsi_ticket(world_obs));
        llmobs_span_end(span);
        opened(obs);
    }
}

/* ---- callbacks ----------------------------------------------------------------------------- */

static void call_back(void)
{
    llmobsi_callback callback;
    record();
    callback = llmobsi_callback_begin(llmobsi_ticket(world_obs));
    llmobsi_callback_end(&callback);
    record();
}

/* Two threads one after the other, with the same control block, in callbacks alone. */
static void be_called_back_and_end(void)
{
    unsigned i;
    for (i = 0; i < 2; i++) {
        llmobsi_callback callback = llmobsi_callback_begin(llmobsi_ticket(world_obs));
        llmobsi_callback_end(&callback);
        llmobsi_thread_ended(llmobsi_self);
    }
}

/* ---- the child of a fork ------------------------------------------------------------------- */

ghost void forked(void)
{
    llmobs_span span;
    prepare(false, 4, 2);
    span = llmobs_span_root(world_obs, "a"); /* the parent's */
    (void)span;
    llmobsi_forked();
    llmobsi_self = NULL;
    (memset)(llmobsi_controls, 0, sizeof llmobsi_controls);
}

ghost void after_forked(void)
{
    (void)llmobs_tick(world_obs);
    if (world->no_exporter != ended_well) {
        model_fail("a span is lost, or there twice");
    }
    world_count_slots();
}

const model_scenario model_scenarios[] = {
    {"close, membarrier",
     "no recorder is in an instance that was closed",
     with_membarrier,
     {record_twice, record_twice, close_it, NULL},
     closed_once},
    {"close, exchange",
     "the same without membarrier",
     with_exchange,
     {record_twice, record_twice, close_it, NULL},
     closed_once},
    {"two closes",
     "one of two closes closes",
     with_exchange,
     {record_twice, close_it, close_it, NULL},
     closed_once},
    {"thread ends, membarrier",
     "a thread that ends while others close leaves nothing behind",
     one_record_membarrier,
     {record_if_room, record_if_room, close_it, NULL},
     closed_once},
    {"thread ends, exchange",
     "the same without membarrier",
     one_record_exchange,
     {record_if_room, record_if_room, close_it, NULL},
     closed_once},
    {"heirs",
     "what a thread leaves is inherited whole, by a thread or by the tick",
     one_record_exchange,
     {record_if_room, record_if_room, tick_thrice, NULL},
     after_heirs},
    {"heirs, no random bytes",
     "the same where a thread that claims a record can't use it",
     one_record_no_seed,
     {record_if_room, record_if_room, tick_thrice, NULL},
     after_heirs},
    {"calls",
     "close waits for the calls that are inside",
     with_exchange,
     {call, record, close_it, NULL},
     closed_once},
    {"calls, close shortened",
     "the same, without what else a close does",
     with_exchange,
     {call_once, call_once, shut_out_calls, NULL},
     closed_once},
    {"transports",
     "close waits for transports that tell of a batch",
     with_exchange,
     {tell_of_batch, record, close_it, NULL},
     closed_once},
    {"exporters",
     "an exporter is complete before spans go to it",
     with_exchange,
     {add_exporter, record_and_tick, flush, NULL},
     NULL},
    {"exporters, idle",
     "the same for a tick that has nothing to collect",
     with_exchange,
     {add_exporter, tick_thrice, NULL, NULL},
     NULL},
    {"open anew",
     "what is opened in a closed one's place is another",
     before_anew,
     {record, close_and_leave, open_anew, NULL},
     NULL},
    {"callbacks",
     "a thread that leaves a callback does not come back to a closed instance",
     with_membarrier,
     {call_back, close_it, NULL, NULL},
     closed_once},
    {"callbacks, heirs",
     "a control block is inherited whole",
     with_membarrier,
     {be_called_back_and_end, be_called_back_and_end, NULL, NULL},
     NULL},
    {"fork",
     "in a child, one mends the instance before others are in it",
     forked,
     {record, record, NULL, NULL},
     after_forked},
    {NULL, NULL, NULL, {NULL, NULL, NULL, NULL}, NULL},
};

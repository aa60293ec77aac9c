/* The records of requests: taken from one stack by those who begin, left on another by those who
   end, wiped and given back by the tick once nobody can be in the middle of a late call. */
#define WORLD_STORES 1
#include "world.h"

#define RECORDS 2u

static llmobsi_requests pool;
static llmobsi_request records[RECORDS];
static llmobs_explanation recent[4];
static llmobsi_atomic32 handed_over;

/* ---- what a global clock would tell -------------------------------------------------------- */

static llmobs_request first; /* live when the threads start, known to all of them */
static int owner[RECORDS];
static unsigned ends[RECORDS]; /* of the request that has it */
static unsigned begun;
static unsigned ended;

/* A pool of this model's own: an instance has sixteen records at least. */
ghost void prepare(bool has_membarrier)
{
    uint32_t i;
    world_has_membarrier = has_membarrier;
    world_open(4, 4);
    (memset)(&pool, 0, sizeof pool);
    (memset)(records, 0, sizeof records);
    (memset)(recent, 0, sizeof recent);
    pool.records = records;
    pool.count = RECORDS;
    pool.recent = recent;
    pool.recent_count = 4;
    pool.max_age_ns = UINT64_MAX;
    pool.slow_ns = UINT64_MAX;
    llmobsi_requests_reset(&pool);
    pool.swept = world_time;
    world->recorder.requests = &pool;
    for (i = 0; i < 3; i++) {
        llmobsi_controls[i].owned = 1;
        llmobsi_controls[i].uses[0].thread = world_thread(i);
        llmobsi_controls[i].uses[0].ticket = world->recorder.ticket;
    }
    llmobsi_controls_used = 3;
    world->recorder.keyring.page->current = 0; /* no key: what is hashed is not the question */
    (memset)(owner, 0, sizeof owner);
    (memset)(ends, 0, sizeof ends);
    begun = 0;
    ended = 0;
    handed_over = 0;
    model_loaded = NULL;
}

ghost void takes(const llmobsi_request* record)
{
    size_t place = (size_t)(record - records);
    if (place >= RECORDS) {
        model_fail("no such record");
    }
    if (owner[place]++ != 0) {
        model_fail("a record is handed to two");
    }
    ends[place] = 0;
    begun++;
}

ghost void wins(llmobs_request request)
{
    if (ends[request.place]++ != 0) {
        model_fail("two ends of one request");
    }
    ended++;
}

/* What was marked goes back. */
ghost void disowns_marked(void)
{
    uint32_t place = pool.ended_first;
    while (place != 0) {
        owner[place - 1]--;
        place = records[place - 1].link;
    }
}

/* The free stack without the count of takings: fault 2. */
ghost uint64_t world_stored(const void* place, uint64_t value)
{
    return place == (const void*)&pool.free && model_fault == 2 ? (uint32_t)value : value;
}

/* Every record is free, or waits for a tick, or is under way. */
ghost void count_records(void)
{
    unsigned seen[RECORDS] = {0};
    uint32_t lists[3];
    unsigned live = 0;
    uint32_t i;
    lists[0] = (uint32_t)pool.free;
    lists[1] = pool.over;
    lists[2] = pool.ended_first;
    for (i = 0; i < 3; i++) {
        uint32_t place;
        for (place = lists[i]; place != 0; place = records[place - 1].link) {
            if (seen[place - 1]++ != 0) {
                model_fail("a record is there twice");
            }
        }
    }
    for (i = 0; i < RECORDS; i++) {
        live += (records[i].state & (LLMOBS_I_REQUEST_STATES - 1)) == LLMOBS_I_REQUEST_LIVE;
        if (seen[i] == 0 && (records[i].state & (LLMOBS_I_REQUEST_STATES - 1)) !=
                                LLMOBS_I_REQUEST_LIVE) {
            model_fail("a record is lost");
        }
    }
    if (begun != ended + pool.expired + live) {
        model_fail("a request ended more or less than once");
    }
}

/* ---- the parts of a request ---------------------------------------------------------------- */

static void enter_world(void)
{
    llmobsi_self = &llmobsi_controls[model_thread()];
}

/* As llmobs_request_begin takes and fills one, with facts of which none is zero. */
static llmobs_request begin(void)
{
    llmobs_request request = llmobsi_request_none();
    llmobsi_thread* thread = llmobsi_enter_to_begin(world->recorder.ticket);
    llmobsi_request* record = thread != NULL ? llmobsi_request_take(&pool) : NULL;
    if (record != NULL) {
        takes(record);
        require(record->facts.start == 0 && record->events[0].is_retry == 0);
        require(!record->output.begun && record->output.bytes == 0);
        record->facts.start = world_time;
        record->facts.queue_ns = 7;
        request = llmobsi_request_publish(&pool, record, thread->recorder->ticket);
    }
    if (thread != NULL) {
        llmobsi_leave();
    }
    return request;
}

/* As llmobs_request_end does it, without what goes into metrics, spans and logs. */
static bool end_with(llmobs_request request, llmobsi_ending* ending, bool judge)
{
    llmobs_explanation explanation;
    if (!llmobsi_ending_take(request, ending)) {
        return false;
    }
    wins(request);
    require(ending->facts.start == world_time && ending->facts.queue_ns == 7);
    (memset)(&explanation, 0, sizeof explanation);
    explanation.size = sizeof explanation;
    explanation.request_id[0] = 'r';
    explanation.latency_ns = request.generation;
    ending->cost_refused = false;
    if (judge) {
        ending->obs = llmobsi_request_obs(request);
        llmobsi_outcome_complete(&ending->outcome, NULL, 0);
        memset(&ending->verdict, 0, sizeof ending->verdict);
        ending->verdict.reason = LLMOBS_KEEP_REQUESTED;
        llmobsi_ending_capture(ending);
    }
    llmobsi_ending_give(request, ending, &explanation);
    return true;
}

static bool end(llmobs_request request, llmobsi_ending* ending)
{
    return end_with(request, ending, false);
}

static bool end_kept(llmobs_request request, llmobsi_ending* ending)
{
    return end_with(request, ending, true);
}

/* As a tick does it. Faults 1 and 3: no grace, and one that comes too early. */
static void collect(void)
{
    bool any;
    if (model_fault == 3) {
        (void)llmobsi_grace(UINT64_MAX);
    }
    any = llmobsi_requests_mark(&world->recorder, world_time);
    if (any && (model_fault == 1 || model_fault == 3 || llmobsi_grace(UINT64_MAX))) {
        disowns_marked();
        (void)llmobsi_requests_free(&world->recorder);
    }
}

static void tick(void)
{
    unsigned i;
    for (i = 0; i < 3; i++) {
        collect();
        (void)model_yield();
    }
}

ghost void after(void)
{
    uint32_t i;
    count_records();
    disowns_marked();
    (void)llmobsi_requests_mark(&world->recorder, world_time);
    if (pool.ended_first != 0) {
        (void)llmobsi_requests_free(&world->recorder);
    }
    for (i = 0; i < pool.recent_count; i++) {
        if (recent[i].size != 0 && recent[i].latency_ns % LLMOBS_I_REQUEST_STATES !=
                                       LLMOBS_I_REQUEST_LIVE) {
            model_fail("an explanation is not as it was given");
        }
    }
    count_records();
}

/* ---- one: begins and ends ------------------------------------------------------------------ */

ghost void before_pool(void)
{
    prepare(false);
}

static void begin_and_end(void)
{
    llmobsi_ending ending;
    unsigned i;
    enter_world();
    for (i = 0; i < 3; i++) {
        llmobs_request request = begin();
        if (request.instance != 0) {
            llmobs_request_token(request);
            require(end(request, &ending) && ending.tokens == 1);
        }
        (void)model_yield();
    }
}

/* ---- two: a handle that is used while its request ends, and another has its record --------- */

ghost void prepare_first(bool has_membarrier)
{
    prepare(has_membarrier);
    llmobsi_self = &llmobsi_controls[0];
    first = begin();
}

ghost void before_late_exchange(void)
{
    prepare_first(false);
}

ghost void before_late_membarrier(void)
{
    prepare_first(true);
}

static void call_late(void)
{
    enter_world();
    llmobs_request_token(first);
    llmobs_request_retry(first, "timeout");
    llmobs_request_output(first, "a", 1);
    llmobs_request_scheduled(first);
}

static void end_and_begin_anew(void)
{
    llmobsi_ending ending;
    unsigned i;
    enter_world();
    (void)end(first, &ending);
    for (i = 0; i < 2; i++) {
        llmobs_request request = begin();
        if (request.instance != 0) {
            (void)end(request, &ending);
        }
        (void)model_yield();
    }
}

/* ---- three: several ends, one of them the tick's ------------------------------------------- */

static void end_first(void)
{
    llmobsi_ending ending;
    enter_world();
    llmobs_request_token(first);
    (void)end(first, &ending);
}

ghost void before_ends(void)
{
    prepare_first(false);
}

ghost void before_expiry(void)
{
    prepare_first(false);
    pool.max_age_ns = 0; /* all are too old */
}

/* Of a request that is begun while the tick looks for old ones, and scheduled. */
static void begin_old(void)
{
    llmobsi_ending ending;
    llmobs_request request;
    enter_world();
    request = begin();
    if (request.instance != 0) {
        llmobs_request_scheduled(request);
        (void)end(request, &ending);
    }
}

/* ---- four: what one thread noted, and another ends ----------------------------------------- */

ghost void before_noted(void)
{
    prepare_first(false);
}

/* The flag orders nothing. */
static void note(void)
{
    llmobsi_thread* thread;
    llmobsi_request* record;
    enter_world();
    llmobs_request_retry(first, "timeout");
    record = llmobsi_request_enter(first, &thread);
    if (record != NULL) {
        llmobsi_request_rule(record, llmobsi_name_id(thread, "rule"));
        llmobsi_leave();
    }
    llmobs_request_output(first, "a", 1);
    llmobs_request_output(first, "b", 1);
    llmobsi_store_relaxed(&handed_over, 1);
}

/* Another thread's piece: after those, before, or too late. */
static void hand_piece(void)
{
    enter_world();
    llmobs_request_output(first, "c", 1);
}

static void end_noted(void)
{
    llmobsi_ending ending;
    unsigned i;
    enter_world();
    for (i = 0; i < 6 && llmobsi_load_relaxed(&handed_over) == 0; i++) {
        (void)model_yield();
    }
    if (!end(first, &ending)) {
        return;
    }
    if (ending.event_count == 1) {
        require(ending.events[0].is_retry && strcmp(ending.events[0].why, "timeout") == 0);
    }
    if (ending.rule_count == 1) {
        require(strcmp(ending.rules[0].data, "rule") == 0);
    }
    require(ending.output_length >= -1 && ending.output_length <= 3);
}

/* ---- captures: a piece on its way, the end, the tick ----------------------------------------- */

static llmobsi_sampler sampler; /* counts what finds no place */

ghost void before_captures(void)
{
    prepare_first(false);
    world_captures_open();
    pool.captures = &world_captures;
    world->recorder.captures = &world_captures;
    world->recorder.sampler = &sampler;
}

static void feed_input(void)
{
    enter_world();
    llmobs_request_input(first, "ab", 2);
}

static void feed_output(void)
{
    enter_world();
    llmobs_request_output(first, "cd", 2);
}

/* What is selected has the pieces that had been there by the end, or no place. */
static void end_and_select(void)
{
    llmobsi_ending ending;
    llmobs_capture capture;
    enter_world();
    if (end_kept(first, &ending) && llmobs_capture_take(world_obs, &capture)) {
        require(capture.input.size == (uint64_t)(ending.input_streamed ? 2 : 0));
        require(capture.output.size == (uint64_t)(ending.output_streamed ? 2 : 0));
        require(capture.input.size == 0 || memcmp(capture.input.head.data, "ab", 2) == 0);
        require(capture.output.size == 0 || memcmp(capture.output.head.data, "cd", 2) == 0);
        llmobs_capture_done(&capture);
    }
}

ghost void after_captures(void)
{
    unsigned i;
    for (i = 0; i < 2; i++) { /* nobody is inside any more */
        (void)llmobsi_requests_mark(&world->recorder, world_time);
        if (pool.ended_first != 0) {
            (void)llmobsi_requests_free(&world->recorder);
        }
    }
    world_count_places();
}

/* ---- five: the two stacks alone, without the grace that keeps records from coming back soon -- */

static void take_and_leave(void)
{
    unsigned i;
    for (i = 0; i < 3; i++) {
        llmobsi_request* record = llmobsi_request_take(&pool);
        if (record != NULL) {
            llmobs_request request;
            takes(record);
            require(record->facts.queue_ns == 0);
            record->facts.queue_ns = 7; /* ours alone */
            request = llmobsi_request_publish(&pool, record, world->recorder.ticket);
            require(llmobsi_request_claim_end(&pool, record, request));
            wins(request);
            llmobsi_request_leave(&pool, record);
        }
        (void)model_yield();
    }
}

static void give_back(void)
{
    unsigned i;
    for (i = 0; i < 4; i++) {
        if (llmobsi_requests_mark(&world->recorder, world_time)) {
            disowns_marked();
            (void)llmobsi_requests_free(&world->recorder);
        }
        (void)model_yield();
    }
}

const model_scenario model_scenarios[] = {
    {"requests",
     "no record is lost or handed to two, each is wiped before it is used anew",
     before_pool,
     {begin_and_end, begin_and_end, NULL, tick},
     after},
    {"requests, late calls, exchange",
     "calls that come late find their own request or none",
     before_late_exchange,
     {call_late, end_and_begin_anew, NULL, tick},
     after},
    {"requests, late calls, membarrier",
     "the same with membarrier",
     before_late_membarrier,
     {call_late, end_and_begin_anew, NULL, tick},
     after},
    {"requests, ends",
     "of three ends one wins, and the tick sees what it wrote",
     before_ends,
     {end_first, end_first, end_first, tick},
     after},
    {"requests, expiry",
     "a request that is too old is ended once, by the tick or by who has it",
     before_expiry,
     {end_first, begin_old, call_late, tick},
     after},
    {"requests, noted",
     "what one thread noted is whole to the thread that ends it, or left out",
     before_noted,
     {note, end_noted, hand_piece, tick},
     after},
    {"requests, captures",
     "a place goes to the end, or to the tick, and no piece is read while it is written",
     before_captures,
     {feed_input, feed_output, end_and_select, tick},
     after_captures},
    {"requests, stacks",
     "no record is lost or handed to two, even where it comes back at once",
     before_pool,
     {take_and_leave, take_and_leave, NULL, give_back},
     after},
    {NULL, NULL, NULL, {NULL, NULL, NULL, NULL}, NULL},
};

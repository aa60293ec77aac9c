/* The bounded queue of captures' numbers, the table of their ids, and a place that both sides of
   one request take at once. */
#include "world.h"

#define PUSHES 3u /* of each of two threads */

static llmobsi_atomic64 cells[2];
static llmobsi_queue queue;

/* ---- what a global clock would tell -------------------------------------------------------- */

static unsigned handed[8]; /* plain, written before a number is put in, read by who takes it out */
static unsigned taken[8];
static unsigned pushed_by[2];
static unsigned last_of[MODEL_THREADS][2];

ghost void begin_with(uint32_t size)
{
    (memset)(handed, 0, sizeof handed);
    (memset)(taken, 0, sizeof taken);
    (memset)(pushed_by, 0, sizeof pushed_by);
    (memset)(last_of, 0, sizeof last_of);
    (memset)(cells, 0, sizeof cells);
    queue.cells = cells;
    queue.mask = size - 1;
    queue.shift = size / 2;
    queue.pushed = 0;
    queue.popped = 0;
}

ghost void before_one(void)
{
    begin_with(1);
}

ghost void before_two(void)
{
    begin_with(2);
}

/* Numbers of one thread come in its order to each that takes them. */
ghost void takes(uint32_t number)
{
    unsigned from = number / 4;
    if (number >= 8 || taken[number]++ != 0) {
        model_fail("a number is there twice");
    }
    if (number % 4 < last_of[model_thread()][from]) {
        model_fail("out of order");
    }
    last_of[model_thread()][from] = number % 4;
}

ghost void note_pushed(unsigned me, unsigned count)
{
    pushed_by[me] = count;
}

static void put_in(void)
{
    unsigned me = model_thread();
    unsigned next = 0;
    unsigned i;
    for (i = 0; i < 6 && next < PUSHES; i++) {
        handed[me * 4 + next] = me * 4 + next + 1;
        if (llmobsi_queue_push(&queue, me * 4 + next)) {
            next++;
            note_pushed(me, next);
        } else {
            (void)model_yield();
        }
    }
}

static void take_out(void)
{
    unsigned i;
    for (i = 0; i < 6; i++) {
        uint32_t number;
        if (llmobsi_queue_pop(&queue, &number)) {
            takes(number);
            require(handed[number] == number + 1);
        } else {
            (void)model_yield();
        }
    }
}

/* What is left comes in order, and with it everything that went in. */
ghost void after(void)
{
    uint32_t number;
    unsigned i;
    while (llmobsi_queue_pop(&queue, &number)) {
        if (number >= 8 || taken[number]++ != 0) {
            model_fail("a number is there twice");
        }
    }
    for (i = 0; i < 8; i++) {
        if (taken[i] != (i % 4 < pushed_by[i / 4])) {
            model_fail("a number is lost");
        }
    }
}

/* ---- a place goes round -------------------------------------------------------------------- */

/* Two numbers for three threads: each takes one, writes what is behind it, puts it back. */
static unsigned owned[2];
static unsigned behind[2];

ghost void before_round(void)
{
    begin_with(2);
    (memset)(owned, 0, sizeof owned);
    (memset)(behind, 0, sizeof behind);
    (void)llmobsi_queue_push(&queue, 0);
    (void)llmobsi_queue_push(&queue, 1);
}

ghost void owns(uint32_t number)
{
    if (number >= 2 || owned[number]++ != 0) {
        model_fail("a number is handed to two");
    }
}

ghost void disowns(uint32_t number)
{
    owned[number]--;
}

static void go_round(void)
{
    unsigned i;
    for (i = 0; i < 3; i++) {
        uint32_t number;
        if (llmobsi_queue_pop(&queue, &number)) {
            owns(number);
            behind[number]++;
            disowns(number);
            require(llmobsi_queue_push(&queue, number));
        } else {
            (void)model_yield();
        }
    }
}

ghost void after_round(void)
{
    uint32_t first, second;
    if (!llmobsi_queue_pop(&queue, &first) || !llmobsi_queue_pop(&queue, &second) ||
        first == second || llmobsi_queue_pop(&queue, &first)) {
        model_fail("a number is lost");
    }
}

/* ---- what came lately ---------------------------------------------------------------------- */

static llmobsi_atomic64 words[LLMOBS_I_SEEN_WAYS];
static llmobsi_seen seen;
static unsigned news[4];

#define PRINT(n) ((uint64_t)((n) + 1) << LLMOBS_I_SEEN_BITS)

/* A set that is full of others. */
ghost void before_seen(void)
{
    uint32_t i;
    for (i = 0; i < LLMOBS_I_SEEN_WAYS; i++) {
        words[i] = PRINT(100 + i) | i;
    }
    seen.words = words;
    seen.mask = 0;
    (memset)(news, 0, sizeof news);
}

ghost void is_new(unsigned number)
{
    if (news[number]++ != 0) {
        model_fail("what came is new once more");
    }
}

/* The same three, each in an order of its own. */
static void add_some(void)
{
    unsigned first = model_thread();
    unsigned i;
    for (i = 0; i < 3; i++) {
        unsigned number = (first + i) % 3;
        if (llmobsi_seen_add(&seen, PRINT(number))) {
            is_new(number);
        }
    }
}

/* Others leave, which is no reason to overlook one. */
static void forget_some(void)
{
    unsigned i;
    for (i = 0; i < 3; i++) {
        llmobsi_seen_forget(&seen, PRINT(100 + i));
        (void)model_yield();
    }
}

ghost void after_seen(void)
{
    unsigned i, way;
    for (i = 0; i < 3; i++) {
        unsigned there = 0;
        for (way = 0; way < LLMOBS_I_SEEN_WAYS; way++) {
            there += words[way] >> LLMOBS_I_SEEN_BITS == PRINT(i) >> LLMOBS_I_SEEN_BITS;
        }
        if (news[i] != 1 || there != 1) {
            model_fail("one is not there, or twice");
        }
    }
}

/* ---- captures ------------------------------------------------------------------------------ */

static llmobsi_atomic32 held; /* as in a request's record */
static llmobsi_atomic32 sides;

ghost void before_captures(void)
{
    world_captures_open();
    held = 0;
    sides = 0;
}

/* A piece of one side of the request that all have; the last one to be through with its side
   selects what is there, as an end does that has both streams' words. */
static void feed(void)
{
    unsigned me = model_thread();
    llmobs_trace_context trace;
    llmobsi_verdict verdict = {LLMOBS_KEEP_REQUESTED, 0, 0, false};
    uint32_t place = llmobsi_capture_begin(&world_captures, &held);
    (memset)(&trace, 0, sizeof trace);
    if (place != 0) {
        llmobsi_capture_add(&world_captures, place - 1,
                            me == 0 ? LLMOBS_I_CAPTURE_INPUT : LLMOBS_I_CAPTURE_OUTPUT, "ab", 2);
    }
    if (llmobsi_add_ordered(&sides, 1) == 1 && place != 0) {
        llmobsi_capture_select(&world_captures, place - 1, llmobs_str(""), &trace, false,
                               &verdict);
    }
}

/* Requests that are selected at random, all the time. */
static void select_random(void)
{
    llmobsi_verdict verdict = {LLMOBS_KEEP_RANDOM, 0, 0, true};
    llmobs_trace_context trace;
    bool lost;
    unsigned i;
    (memset)(&trace, 0, sizeof trace);
    for (i = 0; i < 2; i++) {
        uint32_t place = llmobsi_capture_admit(&world_captures, 0, llmobs_str(""),
                                               LLMOBS_I_CAPTURE_RANDOM, &lost);
        if (place != 0) {
            llmobsi_capture_add(&world_captures, place - 1, LLMOBS_I_CAPTURE_OUTPUT, "cd", 2);
            llmobsi_capture_select(&world_captures, place - 1, llmobs_str(""), &trace, false,
                                   &verdict);
        }
    }
}

static llmobsi_timeline timeline; /* nothing is returned for later */

/* As llmobs_capture_take and _done, without what comes in and leaves. */
static void judge_one(llmobsi_queue* from)
{
    uint32_t place = llmobsi_capture_next(&world_captures, from, &timeline);
    llmobs_capture capture;
    if (place == 0) {
        return;
    }
    (memset)(&capture, 0, sizeof capture);
    llmobsi_capture_mark(&world_captures, place - 1, LLMOBS_I_CAPTURE_TAKEN);
    llmobsi_capture_show(&world_captures, place - 1, &capture);
    require(capture.output.head.size == 2);
    require(capture.output.head.data[0] == (capture.input.size == 0 ? 'c' : 'a'));
    require(llmobsi_capture_reclaim(&world_captures, &capture));
    require(!llmobsi_capture_reclaim(&world_captures, &capture));
    llmobsi_capture_drop(&world_captures, place - 1);
}

static void judge(void)
{
    unsigned i;
    for (i = 0; i < 3; i++) {
        judge_one(&world_captures.selected_of[LLMOBS_I_CAPTURE_FORCED]);
        judge_one(&world_captures.selected_of[LLMOBS_I_CAPTURE_RANDOM]);
        (void)model_yield();
    }
}

const model_scenario model_scenarios[] = {
    {"queue, one cell",
     "numbers come out once, in order, with what was written before",
     before_one,
     {put_in, put_in, take_out, take_out},
     after},
    {"queue, two cells", "the same", before_two, {put_in, put_in, take_out, take_out}, after},
    {"queue, round",
     "who takes a number out has it and what is behind it alone; there is always room for it",
     before_round,
     {go_round, go_round, go_round, NULL},
     after_round},
    {"seen",
     "of several that add the same one, to one it is new",
     before_seen,
     {add_some, add_some, add_some, forget_some},
     after_seen},
    {"captures",
     "both sides of a request find one place; none is lost, or read while it is written",
     before_captures,
     {feed, feed, select_random, judge},
     world_count_places},
    {NULL, NULL, NULL, {NULL, NULL, NULL, NULL}, NULL},
};

/* Texts that are kept for a judge: what of them, of which requests, for how long. */
#include "llmobs_private.h"

#include "tap.h"

#include "keeper.h"

#include "needle.h"
#include "random.h"
#include "requester.h"

#include <pthread.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

static llmobs_config capture_config(void)
{
    llmobs_config config = request_config();
    config.captures = 4;
    config.capture_bytes = 64;
    config.judge_ratio = LLMOBS_SAMPLE_NONE; /* only what a test selects */
    config.judge_new_version = LLMOBS_OFF;
    return config;
}

/* Ends a request with these texts. */
static void one_request(llmobs* obs, const char* id, const char* output, bool judge)
{
    llmobs_request_info info = llmobs_request_info_default();
    llmobs_outcome outcome = llmobs_outcome_default();
    info.request_id = id;
    outcome.context = llmobs_text("what was retrieved", LLMOBS_NUL_TERMINATED);
    outcome.input = llmobs_text("a question", LLMOBS_NUL_TERMINATED);
    outcome.output = llmobs_text(output, LLMOBS_NUL_TERMINATED);
    outcome.judge = judge;
    llmobs_request_end(llmobs_request_begin(obs, &info), &outcome);
}

static bool is_text(llmobs_string text, const char* want)
{
    return text.size == strlen(want) && memcmp(text.data, want, text.size) == 0;
}

/* ---- which requests, and in which order ---------------------------------------------------- */

/* The names of rules may have no more room, or be none. */
static void test_nameless(void)
{
    llmobs_config config = capture_config();
    llmobs_request request;
    llmobs_capture capture;
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    request = llmobs_request_begin(obs, NULL);
    llmobs_guardrail(request, NULL, LLMOBS_GUARDRAIL_BLOCKED);
    llmobs_request_end(request, NULL);
    ok(llmobs_capture_take(obs, &capture), "what a guardrail without a name finds is kept");
    ok(capture.triggered, "and says so");
    llmobs_capture_done(&capture);
    ok(close_kept(obs, &kept), "all is accounted for");
}

static void test_selected(void)
{
    llmobs_config config = capture_config();
    llmobs_request_info info = llmobs_request_info_default();
    llmobs_request request;
    llmobs_capture capture;
    llmobs_trace_context trace;
    llmobs_stats stats;
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    one_request(obs, "plain", "an answer", false);
    ok(!llmobs_capture_take(obs, &capture), "what nobody selects is not kept");
    one_request(obs, "first", "an answer", true);
    info.request_id = "second";
    request = llmobs_request_begin(obs, &info);
    (void)llmobs_span_context(llmobs_request_span(request), &trace);
    llmobs_request_input(request, "in ", 3);
    llmobs_request_input(request, "pieces", 6);
    llmobs_guardrail(request, "tone", LLMOBS_GUARDRAIL_FLAGGED);
    llmobs_request_end(request, NULL);
    ok(llmobs_capture_take(obs, &capture), "what a guardrail found something in is kept");
    is_str(capture.request_id, "second", "and comes first");
    ok(capture.triggered, "which it says");
    ok(is_text(capture.input.head, "in pieces") && capture.output.head.size == 0,
       "texts that came in pieces");
    ok(memcmp(capture.trace_id, trace.trace_id, 16) == 0 &&
           memcmp(capture.span_id, trace.span_id, 8) == 0,
       "its root span");
    llmobs_capture_done(&capture);
    llmobs_capture_done(&capture);
    ok(llmobs_capture_take(obs, &capture), "and what the host selects");
    is_str(capture.request_id, "first", "comes then");
    ok(is_text(capture.context.head, "what was retrieved") &&
           is_text(capture.input.head, "a question") && is_text(capture.output.head, "an answer"),
       "its three texts");
    ok(capture.output.size == 9 && capture.output.tail.size == 0, "whole");
    ok(!capture.triggered, "no guardrail did");
    ok(!llmobs_capture_take(obs, &(llmobs_capture){0}), "no other");
    llmobs_capture_done(&capture);
    info.no_capture = true;
    request = llmobs_request_begin(obs, &info);
    llmobs_guardrail(request, "tone", LLMOBS_GUARDRAIL_BLOCKED);
    llmobs_request_end(request, NULL);
    ok(!llmobs_capture_take(obs, &capture), "a request can be kept out of it");
    stats = stats_of(obs);
    is_int(stats.captures_selected, 2, "two were selected");
    is_int(stats.captures_missed, 0, "none was missed");
    ok(close_kept(obs, &kept), "all is accounted for");
}

static void test_full(void)
{
    static const char* const ids[] = {"0", "1", "2", "3", "4", "5"};
    llmobs_config config = capture_config();
    llmobs_capture captures[4];
    llmobs_capture stale;
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    int wrong = 0;
    int i;
    for (i = 0; i < 6; i++) {
        one_request(obs, ids[i], "x", true);
    }
    is_int(stats_of(obs).captures_forced_missed, 2, "without a place a request is not captured");
    is_int(stats_of(obs).captures_random_missed, 0, "... none of them random");
    for (i = 0; i < 4; i++) {
        wrong += !llmobs_capture_take(obs, &captures[i]) ||
                 strcmp(captures[i].request_id, ids[i]) != 0;
    }
    is_int(wrong, 0, "those that are there stay, in their order");
    one_request(obs, "6", "x", true);
    is_int(stats_of(obs).captures_missed, 3, "one that is being judged has its place");
    stale = captures[2];
    llmobs_capture_done(&captures[2]);
    one_request(obs, "7", "x", true);
    llmobs_capture_done(&stale); /* of whoever had the place before */
    ok(llmobs_capture_take(obs, &captures[2]) && strcmp(captures[2].request_id, "7") == 0,
       "a place that was given back serves again, and an old handle does not touch it");
    llmobs_capture_done(&stale);
    ok(is_text(captures[2].output.head, "x"), "nor while it is taken");
    memset(&stale, 0, sizeof stale);
    llmobs_capture_done(&stale);
    llmobs_capture_done(NULL);
    ok(!llmobs_capture_take(obs, NULL) && !llmobs_capture_take(NULL, &stale), "bad arguments");
    ok(close_kept(obs, &kept), "all is accounted for");
    llmobs_capture_done(&captures[0]);
    ok(!llmobs_capture_take(obs, &stale), "closed: harmless");
}

/* ---- head and tail ------------------------------------------------------------------------- */

#define LONGEST 700

/* What must be there of a text, by its definition: up to 64 bytes whole, else 32 at either end,
   without what is half a code point. */
static int differs(const llmobs_captured* got, const char* text, size_t size)
{
    size_t head = size;
    size_t tail = size;
    if (size > 64) {
        for (head = 32; ((uint8_t)text[head] & 0xc0) == 0x80;) {
            head--;
        }
        for (tail = size - 32; ((uint8_t)text[tail] & 0xc0) == 0x80;) {
            tail++;
        }
    }
    return got->size != size || got->head.size != head || got->tail.size != size - tail ||
           memcmp(got->head.data, text, head) != 0 ||
           memcmp(got->tail.data, text + tail, size - tail) != 0;
}

static size_t random_text(char* text, size_t most)
{
    static const char* const signs[] = {"a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x99\x82"};
    size_t size = 0;
    while (size + 4 <= most) {
        const char* sign = signs[next_random() % 4];
        memcpy(text + size, sign, strlen(sign));
        size += strlen(sign);
    }
    return size;
}

static void test_cuts(void)
{
    llmobs_config config = capture_config();
    char text[LONGEST];
    size_t wrong = 0;
    int round;
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    for (round = 0; round < 4000; round++) {
        size_t size = random_text(text, next_random() % LONGEST);
        llmobs_request request = llmobs_request_begin(obs, NULL);
        llmobs_outcome outcome = llmobs_outcome_default();
        llmobs_capture capture;
        size_t at = 0;
        while (at < size) { /* in pieces that part code points, too */
            size_t piece = 1 + next_random() % (round % 2 ? 9 : 200);
            piece = piece < size - at ? piece : size - at;
            llmobs_request_output(request, text + at, piece);
            at += piece;
        }
        outcome.input = llmobs_text(text, size);
        outcome.judge = true;
        llmobs_request_end(request, &outcome);
        if (!llmobs_capture_take(obs, &capture)) {
            wrong++;
            continue;
        }
        wrong += (size_t)differs(&capture.output, text, size);
        wrong += (size_t)differs(&capture.input, text, size);
        llmobs_capture_done(&capture);
        (void)llmobs_tick(obs);
    }
    is_int(wrong, 0, "beginning and end, on borders of code points, whatever the pieces");
    ok(close_kept(obs, &kept), "all is accounted for");
}

/* Bytes that are no UTF-8 are cut somewhere, and nothing is read beyond them. */
static void test_no_utf8(void)
{
    llmobs_config config = capture_config();
    char text[200];
    llmobs_capture capture;
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    memset(text, 0x80, sizeof text);
    text[sizeof text - 1] = '\0';
    one_request(obs, NULL, text, true);
    ok(llmobs_capture_take(obs, &capture) && capture.output.head.size == 32 &&
           capture.output.tail.size == 29,
       "continuation bytes alone");
    llmobs_capture_done(&capture);
    memset(text, 0xf0, sizeof text - 1);
    one_request(obs, NULL, text, true);
    ok(llmobs_capture_take(obs, &capture) && capture.output.head.size == 31 &&
           capture.output.tail.size == 32,
       "first bytes alone");
    (void)close_kept(obs, &kept);
}

/* ---- who gives way to whom ----------------------------------------------------------------- */

/* What the end of a request does that is selected. */
static void select_one(llmobs* obs, const char* id, const char* output, bool forced)
{
    llmobsi_thread* thread = llmobsi_enter(llmobsi_ticket(obs));
    llmobsi_captures* captures = llmobsi_captures_of(thread->recorder);
    llmobs_string name = llmobs_str(id);
    llmobs_trace_context trace;
    llmobsi_verdict verdict;
    uint32_t place;
    bool lost;
    memset(&trace, 0, sizeof trace);
    memset(&verdict, 0, sizeof verdict);
    verdict.reason = forced ? LLMOBS_KEEP_REQUESTED : LLMOBS_KEEP_RANDOM;
    place = llmobsi_capture_admit(captures, 0, name, llmobsi_capture_rank(verdict.reason), &lost);
    if (place != 0) {
        llmobsi_capture_add(captures, place - 1, LLMOBS_I_CAPTURE_OUTPUT, output, strlen(output));
        llmobsi_capture_select(captures, place - 1, name, &trace, false, &verdict);
    }
    llmobsi_leave();
}

static void random_request(llmobs* obs, const char* id, const char* output)
{
    select_one(obs, id, output, false);
}

/* Takes the next one and ends it; whose it was, "" for nobody's. */
static const char* judge_next(llmobs* obs)
{
    static char id[LLMOBS_EXPLAINED_TEXT];
    llmobs_capture capture;
    id[0] = '\0';
    if (llmobs_capture_take(obs, &capture)) {
        (void)snprintf(id, sizeof id, "%s", capture.request_id);
        llmobs_capture_done(&capture);
    }
    return id;
}

static void test_order(void)
{
    llmobs_config config = capture_config();
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    random_request(obs, "r1", "x");
    one_request(obs, "f1", "x", true);
    random_request(obs, "r2", "x");
    one_request(obs, "f2", "x", true);
    is_str(judge_next(obs), "f1", "forced ones first, first come first served");
    is_str(judge_next(obs), "f2", "... all of them");
    is_str(judge_next(obs), "r1", "then random ones");
    one_request(obs, "f3", "x", true);
    is_str(judge_next(obs), "f3", "a forced one goes before those that wait");
    is_str(judge_next(obs), "r2", "which come all the same");
    is_str(judge_next(obs), "", "no more");
    ok(close_kept(obs, &kept), "all is accounted for");
}

static void test_displaced(void)
{
    static const char* const ids[] = {"r1", "r2", "r3", "r4", "r5", "r6"};
    llmobs_config config = capture_config();
    llmobs_request request;
    llmobs_stats stats;
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    int i;
    for (i = 0; i < 6; i++) {
        random_request(obs, ids[i], "x");
    }
    is_int(stats_of(obs).captures_displaced, 2, "the oldest random ones give way to new ones");
    one_request(obs, "f1", "x", true);
    one_request(obs, "f2", "x", true);
    is_int(stats_of(obs).captures_displaced, 4, "and to forced ones");
    request = llmobs_request_begin(obs, NULL);
    llmobs_request_output(request, "a piece", 7);
    is_int(stats_of(obs).captures_displaced, 5, "and to a text that comes in pieces");
    llmobs_guardrail(request, "tone", LLMOBS_GUARDRAIL_BLOCKED);
    llmobs_request_end(request, NULL);
    one_request(obs, "f3", "x", true);
    one_request(obs, "f4", "x", true);
    random_request(obs, "r7", "x");
    stats = stats_of(obs);
    is_int(stats.captures_displaced, 6, "all of them did");
    is_int(stats.captures_forced_missed, 1, "a forced one does not give way to a forced one");
    is_int(stats.captures_random_missed, 1, "nor to a random one");
    is_int(stats.captures_missed, 2, "two found no place");
    is_int(stats.captures_selected, 10, "ten did");
    is_int(stats.captures_waiting, 4, "four wait");
    is_str(judge_next(obs), "", "what is left: the one in pieces, which has no id");
    is_str(judge_next(obs), "f1", "... what was forced");
    is_str(judge_next(obs), "f2", "... is there");
    is_str(judge_next(obs), "f3", "... in its order");
    is_int(stats_of(obs).captures_waiting, 0, "none waits");
    ok(close_kept(obs, &kept), "all is accounted for");
}

/* Ends a request on which a guardrail triggered. */
static void guarded_request(llmobs* obs, const char* id)
{
    llmobs_request_info info = llmobs_request_info_default();
    llmobs_request request;
    info.request_id = id;
    request = llmobs_request_begin(obs, &info);
    llmobs_guardrail(request, "tone", LLMOBS_GUARDRAIL_FLAGGED);
    llmobs_request_end(request, NULL);
}

static void test_guarded(void)
{
    static const char* const ids[] = {"g1", "g2", "g3", "g4", "g5"};
    llmobs_config config = capture_config();
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    int i;
    one_request(obs, "f1", "x", true);
    one_request(obs, "f2", "x", true);
    one_request(obs, "f3", "x", true);
    random_request(obs, "r1", "x");
    guarded_request(obs, ids[0]);
    guarded_request(obs, ids[1]);
    is_int(stats_of(obs).captures_displaced, 2, "random ones give way, then forced ones");
    is_str(judge_next(obs), "g1", "what a guardrail triggered comes first");
    guarded_request(obs, ids[2]);
    guarded_request(obs, ids[3]);
    guarded_request(obs, ids[4]);
    is_int(stats_of(obs).captures_displaced, 4, "all forced ones do");
    is_int(stats_of(obs).captures_forced_missed, 0, "and no guardrail's is missed,");
    guarded_request(obs, "g6");
    is_int(stats_of(obs).captures_forced_missed, 1, "until the queue is full of them:");
    is_int(stats_of(obs).guardrails_missed, 1, "which is counted by itself");
    for (i = 1; i < 5; i++) {
        is_str(judge_next(obs), ids[i], "they keep their order");
    }
    ok(close_kept(obs, &kept), "all is accounted for");
}

/* A request holds a place while its text comes in pieces, and else at its end alone. */
static void test_lazy(void)
{
    llmobs_config config = capture_config();
    llmobs_request_info kept_out = llmobs_request_info_default();
    llmobs_request live[8];
    llmobs_outcome judged = llmobs_outcome_default();
    llmobs_capture capture;
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    int i;
    judged.judge = true;
    kept_out.no_capture = true;
    for (i = 0; i < 8; i++) {
        live[i] = llmobs_request_begin(obs, i == 7 ? &kept_out : NULL);
    }
    for (i = 7; i >= 3; i--) { /* one of these is kept out of it */
        llmobs_request_input(live[i], "in", 2);
    }
    llmobs_request_input(live[2], "in", 2);
    one_request(obs, "whole", "x", true);
    is_int(stats_of(obs).captures_forced_missed, 1, "four have one, and there is no fifth");
    llmobs_request_end(live[3], NULL);
    one_request(obs, "whole", "x", true);
    is_str(judge_next(obs), "whole", "one of them ends, unselected: there is one");
    llmobs_request_output(live[2], "out", 3);
    llmobs_request_end(live[2], &judged);
    is_int(stats_of(obs).captures_forced_missed, 2, "whose text went by is not kept by halves");
    llmobs_request_output(live[4], "out", 3);
    llmobs_request_end(live[4], &judged);
    ok(llmobs_capture_take(obs, &capture) && is_text(capture.input.head, "in") &&
           is_text(capture.output.head, "out"),
       "both sides go to one place");
    llmobs_capture_done(&capture);
    llmobs_request_end(live[7], &judged);
    is_str(judge_next(obs), "", "nothing of the one that is kept out");
    is_int(stats_of(obs).captures_missed, 2, "which is not missed");
    for (i = 0; i < 8; i++) {
        llmobs_request_end(live[i], NULL);
    }
    (void)llmobs_tick(obs);
    for (i = 0; i < 5; i++) {
        one_request(obs, NULL, "x", true);
    }
    is_int(stats_of(obs).captures_waiting, 4, "all places are free again, none twice");
    ok(close_kept(obs, &kept), "all is accounted for");
}

/* ---- once ---------------------------------------------------------------------------------- */

static void test_repeated(void)
{
    llmobs_config config = capture_config();
    llmobs_request_info info = llmobs_request_info_default();
    llmobs_outcome outcome = llmobs_outcome_default();
    llmobs_request request;
    llmobs_capture capture;
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    one_request(obs, "again", "x", true);
    one_request(obs, "again", "x", true);
    is_int(stats_of(obs).captures_repeated, 1, "an id that waits is not selected once more");
    (void)llmobs_capture_take(obs, &capture);
    one_request(obs, "again", "x", true);
    is_int(stats_of(obs).captures_repeated, 2, "nor one that is judged");
    llmobs_capture_done(&capture);
    info.request_id = "again";
    outcome.judge = true;
    request = llmobs_request_begin(obs, &info);
    llmobs_request_output(request, "in pieces", 9);
    llmobs_request_end(request, &outcome);
    is_int(stats_of(obs).captures_repeated, 3, "nor one that was, in pieces or whole");
    is_str(judge_next(obs), "", "there is nothing of them");
    one_request(obs, NULL, "x", true);
    one_request(obs, "", "x", true);
    is_int(stats_of(obs).captures_repeated, 3, "without an id none is the same as another");
    random_request(obs, "r1", "x");
    random_request(obs, "r2", "x");
    one_request(obs, "f", "x", true);
    one_request(obs, "r1", "x", true);
    is_int(stats_of(obs).captures_repeated, 3, "what gave way was not judged: it may come again");
    random_request(obs, "r2", "x");
    is_int(stats_of(obs).captures_selected, 7, "seven were selected");
    is_int(stats_of(obs).captures_random_missed, 1, "and one found no place");
    while (judge_next(obs)[0] != '\0' || stats_of(obs).captures_waiting > 0) {
    }
    random_request(obs, "r2", "x");
    is_str(judge_next(obs), "r2", "it was not selected, and now is");
    ok(close_kept(obs, &kept), "all is accounted for");
}

/* ---- another try --------------------------------------------------------------------------- */

static void test_returned(void)
{
    llmobs_config config = capture_config();
    llmobs_capture capture, stale;
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    one_request(obs, "a", "x", true);
    one_request(obs, "b", "x", true);
    (void)llmobs_capture_take(obs, &capture);
    ok(capture.attempts == 0, "the first try");
    stale = capture;
    llmobs_capture_return(&capture, 0);
    llmobs_capture_return(&capture, 0);
    ok(capture.instance == 0, "it is gone");
    llmobs_capture_return(&stale, 0);
    is_int(stats_of(obs).captures_returned, 1, "it was returned once");
    is_str(judge_next(obs), "b", "it goes to the end");
    ok(llmobs_capture_take(obs, &capture) && capture.attempts == 1 &&
           strcmp(capture.request_id, "a") == 0 && is_text(capture.output.head, "x"),
       "and comes again, as it was");
    llmobs_capture_return(&capture, 1000);
    one_request(obs, "c", "x", true);
    random_request(obs, "r", "x");
    fake_now += 999;
    is_str(judge_next(obs), "c", "what is not due is left out");
    is_str(judge_next(obs), "r", "... for random ones, too");
    is_str(judge_next(obs), "", "... and stays");
    fake_now += 1;
    ok(llmobs_capture_take(obs, &capture) && capture.attempts == 2, "until it is due");
    stale = capture;
    llmobs_capture_done(&capture);
    llmobs_capture_return(&stale, 0);
    is_int(stats_of(obs).captures_waiting, 0, "what is done does not come back");
    random_request(obs, "r1", "x");
    (void)llmobs_capture_take(obs, &capture);
    llmobs_capture_return(&capture, UINT64_MAX);
    is_str(judge_next(obs), "", "not again in this life");
    random_request(obs, "r2", "x");
    random_request(obs, "r3", "x");
    random_request(obs, "r4", "x");
    random_request(obs, "r5", "x");
    is_int(stats_of(obs).captures_displaced, 1, "a random one that waits for its time gives way");
    is_str(judge_next(obs), "r2", "which one");
    llmobs_capture_return(NULL, 0);
    ok(close_kept(obs, &kept), "all is accounted for");
    llmobs_capture_return(&stale, 0);
}

/* Several that are not due: each is looked at, and the order of the others stays. */
static void test_due(void)
{
    static const char* const ids[] = {"0", "1", "2", "3", "4", "5", "6", "7"};
    llmobs_config config = capture_config();
    llmobs_capture captures[8];
    keeper kept;
    llmobs* obs;
    int i;
    config.captures = 8;
    obs = open_kept(&config, &kept);
    for (i = 0; i < 8; i++) {
        one_request(obs, ids[i], "x", true);
    }
    for (i = 0; i < 8; i++) {
        (void)llmobs_capture_take(obs, &captures[i]);
    }
    for (i = 0; i < 8; i++) {
        llmobs_capture_return(&captures[i], i == 3 || i == 6 ? 0 : 100 + (uint64_t)i);
    }
    is_str(judge_next(obs), "3", "behind three that are not due");
    is_str(judge_next(obs), "6", "and two more");
    is_str(judge_next(obs), "", "of six none is");
    fake_now += 105;
    is_str(judge_next(obs), "0", "four are");
    fake_now += 2;
    is_int(stats_of(obs).captures_waiting, 5, "none got lost");
    for (i = 0; i < 5; i++) {
        (void)llmobs_capture_take(obs, &captures[i]);
        llmobs_capture_done(&captures[i]);
    }
    is_int(stats_of(obs).captures_judged, 8, "all were judged");
    ok(close_kept(obs, &kept), "all is accounted for");
}

/* ---- nothing is left ----------------------------------------------------------------------- */

static void test_wiped(void)
{
    llmobs_config config = capture_config();
    llmobs_capture capture;
    llmobs_request request;
    keeper kept;
    llmobs* obs;
    config.memory_bytes = llmobs_memory_needed(&config);
    config.memory = aligned_alloc(4096, (config.memory_bytes + 4095) & ~(size_t)4095);
    obs = open_kept(&config, &kept);
#define LEFT() needles(config.memory, config.memory_bytes, NEEDLE)
    request = llmobs_request_begin(obs, NULL);
    llmobs_request_output(request, NEEDLE, 15);
    llmobs_request_output(request, "12345678901234567890123456789012345678901234567890", 50);
    ok(LEFT() > 0, "while a request is under way its text is there");
    llmobs_request_end(request, NULL);
    (void)llmobs_tick(obs); /* the running hash is the request's, and wiped with it */
    is_int(LEFT(), 0, "not selected: wiped");
    one_request(obs, "x", NEEDLE, true);
    is_int(LEFT(), 1, "selected: kept");
    (void)llmobs_capture_take(obs, &capture);
    llmobs_capture_done(&capture);
    is_int(LEFT(), 0, "judged: wiped");
    request = llmobs_request_begin(obs, NULL);
    llmobs_request_output(request, NEEDLE, 15);
    fake_now += UINT64_C(4000000000000);
    (void)llmobs_tick(obs);
    is_int(stats_of(obs).requests_expired, 1, "given up");
    is_int(LEFT(), 0, "... and wiped");
    one_request(obs, "y", NEEDLE, true);
    one_request(obs, "z", NEEDLE, true);
    (void)llmobs_capture_take(obs, &capture);
    is_int(LEFT(), 2, "two more");
    (void)close_kept(obs, &kept);
    is_int(LEFT(), 0, "closed: nothing is left, judged or not");
    llmobs_release();
    free(config.memory);
}

static void test_memory(void)
{
    llmobs_config config = capture_config();
    llmobs_config without = config;
    without.captures = 0;
    is_int(llmobs_memory_of(&without, LLMOBS_PILLAR_JUDGE), 0, "none: no memory");
    ok(llmobs_memory_of(&config, LLMOBS_PILLAR_JUDGE) > 4 * 3 * 64, "else their own");
    is_int(llmobs_memory_of(&config, LLMOBS_PILLAR_REQUESTS),
           llmobs_memory_of(&without, LLMOBS_PILLAR_REQUESTS), "which is not the requests'");
}

static void test_fork(void)
{
    llmobs_config config = capture_config();
    llmobs_capture capture;
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    llmobs_request open_one = llmobs_request_begin(obs, NULL);
    llmobs_capture taken;
    int status = -1;
    pid_t child;
    int i;
    one_request(obs, "judged", "x", true);
    one_request(obs, "parent's", "x", true);
    (void)llmobs_capture_take(obs, &taken);
    llmobs_request_output(open_one, "piece", 5);
    child = fork();
    if (child == 0) {
        bool bad = llmobs_capture_take(obs, &capture);
        llmobs_stats stats = stats_of(obs);
        bad |= stats.captures_selected + stats.captures_taken + stats.captures_waiting != 0;
        llmobs_request_output(open_one, "z", 1);
        llmobs_request_end(open_one, NULL);
        llmobs_capture_done(&taken);
        for (i = 0; i < 5; i++) { /* each place is there, once */
            one_request(obs, i == 0 ? "parent's" : NULL, "y", true);
        }
        stats = stats_of(obs);
        bad |= stats.captures_selected != 4 || stats.captures_forced_missed != 1;
        bad |= !llmobs_capture_take(obs, &capture) || strcmp(capture.request_id, "parent's") != 0;
        bad |= !is_text(capture.output.head, "y");
        _exit(bad ? 1 : 0);
    }
    (void)waitpid(child, &status, 0);
    is_int(status, 0, "a fork's child has none of its parent's, and its own");
    ok(llmobs_capture_take(obs, &capture) && is_text(capture.output.head, "x"),
       "the parent has its own still");
    ok(is_text(taken.output.head, "x"), "and what it was judging");
    (void)close_kept(obs, &kept);
}

/* ---- many at once -------------------------------------------------------------------------- */

static llmobs* race_obs;
static llmobsi_atomic64 judged;
static llmobsi_atomic64 torn;
static llmobsi_atomic32 producing;

static void* produce(void* argument)
{
    static const char* const answers[] = {"aaaaaaaaaaaaaaaaaaaa", "bbbbbbbbbb", "cccccccccccccc"};
    int i;
    (void)argument;
    for (i = 0; i < (int)sized(3000); i++) {
        one_request(race_obs, NULL, answers[i % 3], true);
    }
    (void)llmobsi_add_relaxed(&producing, (uint32_t)-1);
    return NULL;
}

static void* judge(void* argument)
{
    bool last = false;
    (void)argument;
    while (!last) {
        llmobs_capture capture;
        last = llmobsi_load_relaxed(&producing) == 0;
        while (llmobs_capture_take(race_obs, &capture)) {
            size_t i;
            for (i = 1; i < capture.output.head.size; i++) {
                if (capture.output.head.data[i] != capture.output.head.data[0]) {
                    (void)llmobsi_add_relaxed(&torn, 1);
                }
            }
            (void)llmobsi_add_relaxed(&judged, 1);
            llmobs_capture_done(&capture);
        }
        (void)llmobs_tick(race_obs);
    }
    return NULL;
}

static void test_race(void)
{
    llmobs_config config = capture_config();
    pthread_t threads[4];
    llmobs_stats stats;
    keeper kept;
    int i;
    producing = 2;
    race_obs = open_kept(&config, &kept);
    for (i = 0; i < 4; i++) {
        (void)pthread_create(&threads[i], NULL, i < 2 ? produce : judge, NULL);
    }
    for (i = 0; i < 4; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    stats = stats_of(race_obs);
    is_int(judged, stats.captures_selected, "each one that was selected is judged once");
    is_int(stats.captures_selected + stats.captures_missed + stats.requests_dropped,
           2 * sized(3000), "and each other one is counted");
    is_int(torn, 0, "none is torn");
    ok(close_kept(race_obs, &kept), "all is accounted for");
}

/* Both sides of a request begin at once, on two threads, and go to one place. */
static llmobsi_atomic64 open_handle[3];
static llmobsi_atomic32 round_now;
static llmobsi_atomic32 round_done;

static void* feed_input(void* argument)
{
    uint32_t i;
    for (i = 1; i <= (uint32_t)sized(2000); i++) {
        llmobs_request request;
        while (llmobsi_load_acquire(&round_now) < i) {
            (void)sched_yield();
        }
        request.instance = (uint32_t)open_handle[0];
        request.place = (uint32_t)open_handle[1];
        request.generation = open_handle[2];
        llmobs_request_input(request, "a question", 10);
        llmobsi_store_release(&round_done, i);
    }
    return argument;
}

static void test_both_sides(void)
{
    llmobs_config config = capture_config();
    llmobs_outcome outcome = llmobs_outcome_default();
    pthread_t thread;
    uint32_t i, wrong = 0;
    keeper kept;
    round_now = round_done = 0;
    config.captures = 2;
    outcome.judge = true;
    race_obs = open_kept(&config, &kept);
    (void)pthread_create(&thread, NULL, feed_input, NULL);
    for (i = 1; i <= (uint32_t)sized(2000); i++) {
        llmobs_request request = llmobs_request_begin(race_obs, NULL);
        llmobs_capture capture;
        open_handle[0] = request.instance;
        open_handle[1] = request.place;
        open_handle[2] = request.generation;
        llmobsi_store_release(&round_now, i);
        llmobs_request_output(request, "an answer", 9);
        while (llmobsi_load_acquire(&round_done) < i) {
            (void)sched_yield();
        }
        llmobs_request_end(request, &outcome);
        if (llmobs_capture_take(race_obs, &capture)) {
            wrong += !is_text(capture.input.head, "a question") ||
                     !is_text(capture.output.head, "an answer");
        } else {
            wrong++;
        }
        llmobs_capture_done(&capture);
        (void)llmobs_tick(race_obs);
    }
    (void)pthread_join(thread, NULL);
    is_int(wrong, 0, "both sides at once, in one place");
    one_request(race_obs, NULL, "x", true);
    one_request(race_obs, NULL, "x", true);
    one_request(race_obs, NULL, "x", true);
    is_int(stats_of(race_obs).captures_forced_missed, 1, "no place is lost or there twice");
    ok(close_kept(race_obs, &kept), "all is accounted for");
}

/* Forced ones find a place whatever goes round with random ones, as long as there are more places
   than threads that may have one in their hands. */
static void* produce_random(void* argument)
{
    uint32_t i;
    while (llmobsi_load_relaxed(&producing) != 0) {
        for (i = 0; i < 50; i++) {
            random_request(race_obs, "", "aaaa");
        }
        (void)sched_yield();
    }
    return argument;
}

static llmobsi_atomic32 arrived;

static void* judge_all(void* argument)
{
    llmobs_capture capture;
    while (llmobsi_load_relaxed(&producing) != 0) {
        while (llmobs_capture_take(race_obs, &capture)) {
            (void)llmobsi_add_relaxed(&arrived, capture.output.head.data[0] == 'b');
            llmobs_capture_done(&capture);
        }
    }
    return argument;
}

static void test_forced_arrive(void)
{
    llmobs_config config = capture_config();
    pthread_t threads[3];
    llmobs_stats stats;
    keeper kept;
    uint32_t i;
    config.captures = 8;
    producing = 1;
    arrived = 0;
    race_obs = open_kept(&config, &kept);
    for (i = 0; i < 3; i++) {
        (void)pthread_create(&threads[i], NULL, i < 2 ? produce_random : judge_all, NULL);
    }
    for (i = 0; i < (uint32_t)sized(400); i++) {
        while (i - llmobsi_load_relaxed(&arrived) > 2 &&
               stats_of(race_obs).captures_forced_missed == 0) {
            (void)sched_yield();
        }
        select_one(race_obs, "", "bbbb", true);
    }
    llmobsi_store_relaxed(&producing, 0);
    for (i = 0; i < 3; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    stats = stats_of(race_obs);
    is_int(stats.captures_forced_missed, 0, "none of them is missed");
    ok(close_kept(race_obs, &kept), "all is accounted for");
}

/* ---- a judge that fails half of the time, behind more than it can do ------------------------- */

#define PRODUCERS 8u
#define MARK "MARKED TEXT 5183 "

static llmobsi_atomic64 wanted_forced; /* requests that were to be selected */
static llmobsi_atomic64 wanted_random;
static llmobsi_atomic64 seen_forced; /* by the judge, to the end */
static llmobsi_atomic64 seen_random;
static llmobsi_atomic64 tries;
static llmobsi_atomic64 failures;
static llmobsi_atomic8 verdicts[PRODUCERS * 4000]; /* how often each was judged */

/* Numbers are told by their ids: "f12", "r13". */
static void produce_number(uint32_t number)
{
    llmobs_request_info info = llmobs_request_info_default();
    llmobs_outcome outcome = llmobs_outcome_default();
    llmobs_request request;
    char id[16];
    uint32_t kind = number % 5; /* two are forced, one is random, two are not selected */
    (void)snprintf(id, sizeof id, "%c%u", kind == 2 ? 'r' : 'f', (unsigned)number);
    if (kind == 2) {
        (void)llmobsi_add_relaxed(&wanted_random, 1);
        random_request(race_obs, id, MARK MARK MARK MARK MARK);
        return;
    }
    info.request_id = id;
    request = llmobs_request_begin(race_obs, &info);
    while (request.instance == 0) {
        (void)sched_yield();
        request = llmobs_request_begin(race_obs, &info);
    }
    if (kind != 1) {
        llmobs_request_input(request, MARK MARK, 2 * sizeof MARK - 2);
        llmobs_request_output(request, MARK MARK MARK MARK MARK MARK, 6 * sizeof MARK - 6);
        (void)sched_yield();
    } else {
        outcome.input = llmobs_str(MARK);
        outcome.output = llmobs_str(MARK MARK MARK MARK MARK MARK);
    }
    outcome.context = llmobs_str(MARK MARK);
    outcome.judge = kind < 2;
    (void)llmobsi_add_relaxed(&wanted_forced, kind < 2);
    llmobs_request_end(request, &outcome);
}

static void* produce_marked(void* argument)
{
    uint32_t first = *(const uint32_t*)argument * 4000;
    uint32_t i;
    for (i = 0; i < (uint32_t)sized(2000) && i < 4000; i++) {
        produce_number(first + i);
    }
    (void)llmobsi_add_relaxed(&producing, (uint32_t)-1);
    return argument;
}

/* Every second try of its fails: at once, or with a pause. */
static void* fail_often(void* argument)
{
    uint32_t tried = 0;
    llmobs_capture capture;
    while (llmobsi_load_relaxed(&producing) != 0 || stats_of(race_obs).captures_waiting > 0) {
        if (!llmobs_capture_take(race_obs, &capture)) {
            (void)llmobs_tick(race_obs);
            continue;
        }
        (void)llmobsi_add_relaxed(&tries, 1);
        if (tried++ % 2 == 0) {
            (void)llmobsi_add_relaxed(&failures, 1);
            llmobs_capture_return(&capture, tried % 4 == 1 ? 0 : 20000);
            continue;
        }
        (void)llmobsi_add_relaxed(capture.request_id[0] == 'f' ? &seen_forced : &seen_random, 1);
        verdicts[atoi(capture.request_id + 1)]++;
        llmobs_capture_done(&capture);
    }
    return argument;
}

/* Each count on its way, from the requests to the verdicts. */
static void check_ledger(const llmobs_stats* stats)
{
    uint32_t i, twice = 0;
    for (i = 0; i < sizeof verdicts; i++) {
        twice += verdicts[i] > 1;
    }
    is_int(twice, 0, "none is judged twice");
    is_int(stats->captures_selected + stats->captures_missed + stats->captures_repeated,
           wanted_forced + wanted_random, "who was to be selected was, or is counted");
    is_int(stats->captures_repeated, 0, "no id came twice");
    is_int(stats->captures_waiting, 0, "none waits");
    is_int(stats->captures_selected + stats->captures_returned,
           stats->captures_taken + stats->captures_displaced, "what was put in came out");
    is_int(stats->captures_taken, stats->captures_judged + stats->captures_returned,
           "what was taken was judged, or returned");
    is_int(stats->captures_taken, tries, "each try is counted");
    is_int(stats->captures_returned, failures, "and each failure");
    is_int(seen_forced, wanted_forced - stats->captures_forced_missed,
           "no forced one is lost on the way");
    is_int(seen_random, wanted_random - stats->captures_random_missed - stats->captures_displaced,
           "nor a random one uncounted");
    printf("# %d forced, %d missed; %d random, %d missed, %d displaced; %d tries\n",
           (int)wanted_forced, (int)stats->captures_forced_missed, (int)wanted_random,
           (int)stats->captures_random_missed, (int)stats->captures_displaced, (int)tries);
}

/* `places`: few, so that many are missed and give way, or as many as there can be at one time. */
static void stress(uint32_t places)
{
    static const uint32_t numbers[PRODUCERS] = {0, 1, 2, 3, 4, 5, 6, 7};
    llmobs_config config = capture_config();
    pthread_t threads[PRODUCERS + 2];
    llmobs_stats stats;
    keeper kept;
    uint32_t i;
    config.clock.unix_ns = NULL; /* the machine's: pauses end */
    config.captures = places;
    config.max_threads = PRODUCERS + 3; /* these, those that fail, and this one */
    config.memory_bytes = llmobs_memory_needed(&config);
    config.memory = aligned_alloc(4096, (config.memory_bytes + 4095) & ~(size_t)4095);
    wanted_forced = wanted_random = seen_forced = seen_random = tries = failures = 0;
    memset(verdicts, 0, sizeof verdicts);
    producing = PRODUCERS;
    race_obs = open_kept(&config, &kept);
    for (i = 0; i < PRODUCERS + 2; i++) {
        (void)pthread_create(&threads[i], NULL, i < PRODUCERS ? produce_marked : fail_often,
                             i < PRODUCERS ? (void*)(uintptr_t)&numbers[i] : NULL);
    }
    for (i = 0; i < PRODUCERS + 2; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    (void)llmobs_tick(race_obs);
    stats = stats_of(race_obs);
    check_ledger(&stats);
    is_int(needles(config.memory, config.memory_bytes, "MARKED"), 0, "drained: no text is left");
    for (i = 0; i < places; i++) {
        one_request(race_obs, NULL, MARK, true);
        (void)llmobs_tick(race_obs);
    }
    is_int(stats_of(race_obs).captures_waiting, places, "all places are free");
    is_int(needles(config.memory, config.memory_bytes, "MARKED"), places, "where text is seen");
    ok(close_kept(race_obs, &kept), "all is accounted for");
    is_int(needles(config.memory, config.memory_bytes, "MARKED"), 0, "closed: nothing");
    llmobs_release();
    free(config.memory);
}

static void test_stress(void)
{
    stress(4);
    stress(512);
}

/* As many forced ones as there are places, with texts in pieces, from all threads at once, into a
   queue that is full of random ones: all of them are selected, whatever comes behind. */
#define LIMIT 256u

static void* trigger_some(void* argument)
{
    uint32_t i;
    for (i = 0; i < LIMIT / PRODUCERS; i++) {
        llmobs_request request = llmobs_request_begin(race_obs, NULL);
        llmobs_request_output(request, "an ", 3);
        llmobs_guardrail(request, "tone", LLMOBS_GUARDRAIL_BLOCKED);
        llmobs_request_output(request, "answer", 6);
        llmobs_request_end(request, NULL);
        random_request(race_obs, "", "x");
    }
    return argument;
}

static void test_limit(void)
{
    llmobs_config config = capture_config();
    pthread_t threads[PRODUCERS];
    llmobs_capture capture;
    llmobs_stats stats;
    uint32_t i, whole = 0;
    keeper kept;
    config.captures = LIMIT;
    config.requests = LIMIT;
    config.max_threads = PRODUCERS + 1;
    race_obs = open_kept(&config, &kept);
    for (i = 0; i < LIMIT; i++) {
        random_request(race_obs, "", "x");
    }
    for (i = 0; i < PRODUCERS; i++) {
        (void)pthread_create(&threads[i], NULL, trigger_some, NULL);
    }
    for (i = 0; i < PRODUCERS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    stats = stats_of(race_obs);
    is_int(stats.captures_forced_missed, 0, "as many forced ones as there are places: none missed");
    is_int(stats.captures_waiting, LIMIT, "all of them wait");
    while (llmobs_capture_take(race_obs, &capture)) {
        whole += capture.triggered && is_text(capture.output.head, "an answer");
        llmobs_capture_done(&capture);
    }
    is_int(whole, LIMIT, "and all of them reach the judge, whole");
    ok(close_kept(race_obs, &kept), "all is accounted for");
}

/* One thread gives a place back, the next one fills it: nothing but the place's state orders them.
   (For ThreadSanitizer.) */
static llmobsi_atomic32 step;

static void wait_for(uint32_t number)
{
    while (llmobsi_load_relaxed(&step) != number) {
        (void)usleep(100);
    }
}

static void* give_back(void* argument)
{
    llmobs_capture capture;
    llmobs_thread_attach(race_obs);
    wait_for(1);
    (void)llmobs_capture_take(race_obs, &capture);
    llmobs_capture_done(&capture);
    llmobsi_store_relaxed(&step, 2);
    wait_for(3); /* a thread's end would order them, too */
    return argument;
}

static void* fill_again(void* argument)
{
    llmobs_thread_attach(race_obs);
    wait_for(2);
    one_request(race_obs, "second", "another answer", true);
    llmobsi_store_relaxed(&step, 3);
    return argument;
}

static void test_handed_on(void)
{
    llmobs_config config = capture_config();
    pthread_t threads[2];
    llmobs_capture capture;
    keeper kept;
    config.captures = 1;
    race_obs = open_kept(&config, &kept);
    (void)pthread_create(&threads[0], NULL, give_back, NULL);
    (void)pthread_create(&threads[1], NULL, fill_again, NULL);
    one_request(race_obs, "first", "an answer", true);
    llmobsi_store_release(&step, 1);
    (void)pthread_join(threads[0], NULL);
    (void)pthread_join(threads[1], NULL);
    ok(llmobs_capture_take(race_obs, &capture) && strcmp(capture.request_id, "second") == 0,
       "a place goes from thread to thread");
    ok(close_kept(race_obs, &kept), "all is accounted for");
}

int main(void)
{
    test_selected();
    test_nameless();
    test_full();
    test_order();
    test_displaced();
    test_guarded();
    test_lazy();
    test_repeated();
    test_returned();
    test_due();
    test_cuts();
    test_no_utf8();
    test_wiped();
    test_memory();
    if (!skipped_without_fork("fork")) {
        test_fork();
    }
    test_race();
    test_both_sides();
    test_forced_arrive();
    test_stress();
    test_limit();
    test_handed_on();
    return done();
}

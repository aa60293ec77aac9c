/* Texts that are kept for a judge: what of them, of which requests, for how long. */
#include "llmobs_private.h"

#include "tap.h"

#include "keeper.h"

#include "random.h"
#include "requester.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

static llmobs_config capture_config(void)
{
    llmobs_config config = request_config();
    config.captures = 4;
    config.capture_bytes = 64;
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
    ok(llmobs_capture_take(obs, &capture), "what the host selects is");
    is_str(capture.request_id, "first", "the first one first");
    ok(is_text(capture.context.head, "what was retrieved") &&
           is_text(capture.input.head, "a question") && is_text(capture.output.head, "an answer"),
       "its three texts");
    ok(capture.output.size == 9 && capture.output.tail.size == 0, "whole");
    ok(!capture.triggered, "no guardrail did");
    llmobs_capture_done(&capture);
    llmobs_capture_done(&capture);
    ok(llmobs_capture_take(obs, &capture), "and what a guardrail found something in");
    ok(strcmp(capture.request_id, "second") == 0 && capture.triggered, "which it says");
    ok(is_text(capture.input.head, "in pieces") && capture.output.head.size == 0,
       "texts that came in pieces");
    ok(memcmp(capture.trace_id, trace.trace_id, 16) == 0 &&
           memcmp(capture.span_id, trace.span_id, 8) == 0,
       "its root span");
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
    is_int(stats_of(obs).captures_missed, 2, "without a place a request is not captured");
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
    one_request(obs, "x", text, true);
    ok(llmobs_capture_take(obs, &capture) && capture.output.head.size == 32 &&
           capture.output.tail.size == 29,
       "continuation bytes alone");
    llmobs_capture_done(&capture);
    memset(text, 0xf0, sizeof text - 1);
    one_request(obs, "x", text, true);
    ok(llmobs_capture_take(obs, &capture) && capture.output.head.size == 31 &&
           capture.output.tail.size == 32,
       "first bytes alone");
    (void)close_kept(obs, &kept);
}

/* ---- nothing is left ----------------------------------------------------------------------- */

#define NEEDLE "the needle 8271"

static size_t needles(const unsigned char* block, size_t size)
{
    size_t count = 0;
    size_t i;
    for (i = 0; i + sizeof NEEDLE - 1 <= size; i++) {
        count += block[i] == NEEDLE[0] && memcmp(block + i, NEEDLE, sizeof NEEDLE - 1) == 0;
    }
    return count;
}

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
#define LEFT() needles((const unsigned char*)config.memory, config.memory_bytes)
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
    one_request(obs, "x", NEEDLE, true);
    one_request(obs, "y", NEEDLE, true);
    (void)llmobs_capture_take(obs, &capture);
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
    int status = -1;
    pid_t child;
    one_request(obs, "parent's", "x", true);
    child = fork();
    if (child == 0) {
        bool bad = llmobs_capture_take(obs, &capture);
        one_request(obs, "child's", "y", true);
        bad |= !llmobs_capture_take(obs, &capture) || strcmp(capture.request_id, "child's") != 0;
        _exit(bad ? 1 : 0);
    }
    (void)waitpid(child, &status, 0);
    is_int(status, 0, "a fork's child has none of its parent's, and its own");
    ok(llmobs_capture_take(obs, &capture) && is_text(capture.output.head, "x"),
       "the parent has its own still");
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
        one_request(race_obs, "r", answers[i % 3], true);
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
    test_full();
    test_cuts();
    test_no_utf8();
    test_wiped();
    test_memory();
    test_fork();
    test_race();
    test_handed_on();
    return done();
}

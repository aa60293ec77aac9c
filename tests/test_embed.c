/* Embeddings of answers: whose, of what text, and where they go. */
#include "llmobs_private.h"

#include "tap.h"

#include "keeper.h"

#include "needle.h"
#include "requester.h"

#include <unistd.h>

#define NUMBERS 8u

typedef struct script {
    int calls;
    int judged;
    int wrong;
    bool refuses;
    char last[1024];
} script;

/* Some vector that depends on the text. */
static bool embed(void* user, llmobs_string text, float* values, size_t dimension)
{
    script* script_of = (script*)user;
    size_t i;
    script_of->calls++;
    script_of->wrong += dimension != NUMBERS || text.data[text.size] != '\0';
    (void)snprintf(script_of->last, sizeof script_of->last, "%s", text.data);
    for (i = 0; i < dimension; i++) {
        values[i] = (float)(1 + (unsigned char)text.data[i % text.size]);
    }
    return !script_of->refuses;
}

static llmobs_judge_result ask(void* user, llmobs_judge_call* call)
{
    ((script*)user)->judged++;
    call->scored = true;
    call->known = LLMOBS_JUDGE_ALL;
    return LLMOBS_JUDGE_DONE;
}

static llmobs_config embed_config(void)
{
    llmobs_config config = request_config();
    config.captures = 8;
    config.capture_bytes = 256;
    config.judge_ratio = 1.0;
    config.drift_detectors = 1;
    config.drift_dimensions = NUMBERS;
    config.drift_prototypes = 2;
    return config;
}

static llmobs_drift_detector define(llmobs* obs)
{
    llmobs_drift_info info = llmobs_drift_info_default();
    info.name = "answers";
    info.embedder = "hashed";
    return llmobs_drift_define(obs, &info, NULL);
}

static llmobs_result set_embedder(llmobs* obs, script* script_of, const char* model, bool raw)
{
    llmobs_embedder embedder = llmobs_embedder_default();
    embedder.embed = embed;
    embedder.user = script_of;
    embedder.model = model;
    embedder.detector = define(obs);
    embedder.raw = raw;
    return llmobs_embedder_set(obs, &embedder);
}

static void one_answer(llmobs* obs, const char* id, const char* session, const char* answer)
{
    llmobs_request_info info = llmobs_request_info_default();
    llmobs_outcome outcome = llmobs_outcome_default();
    info.request_id = id;
    info.session_id = session;
    outcome.output = llmobs_str(answer);
    llmobs_request_end(llmobs_request_begin(obs, &info), &outcome);
    (void)llmobs_tick(obs);
}

static llmobs_judge_stats stats_of_review(llmobs* obs)
{
    llmobs_judge_stats stats;
    memset(&stats, 0, sizeof stats);
    (void)llmobs_judge_stats_read(obs, &stats);
    return stats;
}

static void test_alone(void)
{
    llmobs_config config = embed_config();
    llmobs_drift_report report;
    script script_of;
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    memset(&script_of, 0, sizeof script_of);
    is_int(set_embedder(obs, &script_of, "hashed", false), LLMOBS_OK, "an embedder");
    is_int(set_embedder(obs, &script_of, "hashed", false), LLMOBS_ERROR_LIMIT, "there is one");
    one_answer(obs, "r-1", "s-1", "ask jane.roe@mail.example.com");
    one_answer(obs, "r-2", "s-1", "another answer");
    one_answer(obs, "r-3", "s-2", "a third one");
    is_int(llmobs_judge_flush(obs, 1000), LLMOBS_OK, "all are taken up, without a judge");
    is_int(script_of.calls, 3, "each is embedded");
    is_int(script_of.wrong, 0, "as the header says");
    is_int(stats_of_review(obs).embedded, 3, "and counted");
    is_int(stats_of_review(obs).unjudged, 3, "as not judged");
    is_int(stats_of_review(obs).taken, 3, "which is all that became of them");
    is_int(llmobs_drift_run_now(define(obs), "test"), LLMOBS_OK, "a run");
    (void)llmobs_drift_work(obs);
    report.size = sizeof report;
    is_int(llmobs_drift_read(define(obs), &report), LLMOBS_OK, "has a report");
    is_int(report.run, 1, "the first one");
    ok(report.repeated >= 1, "a session has one vote");
    is_int(report.mismatched + report.unusable, 0, "all fitted");
    ok(close_kept(obs, &kept), "all is accounted for");
}

static void test_texts(void)
{
    llmobs_config config = embed_config();
    script script_of;
    keeper kept;
    char answer[600];
    size_t i;
    llmobs* obs = open_kept(&config, &kept);
    memset(&script_of, 0, sizeof script_of);
    (void)set_embedder(obs, &script_of, "hashed", false);
    one_answer(obs, "r-1", NULL, "ask jane.roe@mail.example.com now");
    (void)llmobs_judge_work(obs, 9);
    is_str(script_of.last, "ask <EMAIL> now", "what it gets is redacted");
    memset(answer, 'a', sizeof answer);
    memset(answer + 500, 'b', 99);
    answer[599] = '\0';
    answer[50] = ' ';
    for (i = 599 - 50; i < 599; i += 2) {
        answer[i] = ' '; /* one long word might be a line of a key */
    }
    memcpy(answer + 113, " jane.roe@mail.example.com ", 27); /* cut in two */
    one_answer(obs, "r-2", NULL, answer);
    (void)llmobs_judge_work(obs, 9);
    is_int(strlen(script_of.last), 50 + 1 + 50, "beginning and end, with a line between");
    ok(script_of.last[49] == 'a' && strncmp(script_of.last + 50, "\n b b", 5) == 0,
       "without what is not whole at the gap");
    one_answer(obs, "r-3", NULL, "");
    (void)llmobs_judge_work(obs, 9);
    is_int(script_of.calls, 2, "an empty answer has no embedding");
    is_int(stats_of_review(obs).not_embedded, 1, "which is counted");
    (void)close_kept(obs, &kept);
    obs = open_kept(&config, &kept);
    (void)set_embedder(obs, &script_of, "hashed", true);
    one_answer(obs, "r-1", NULL, "ask jane.roe@mail.example.com now");
    (void)llmobs_judge_work(obs, 9);
    is_str(script_of.last, "ask jane.roe@mail.example.com now", "unless it wants it raw");
    (void)close_kept(obs, &kept);
}

/* Without an id, a span or a session each answer is one of its own. */
static void test_nameless(void)
{
    llmobs_config config = embed_config();
    llmobs_drift_report report;
    script script_of;
    keeper kept;
    llmobs* obs;
    config.sample_ratio = LLMOBS_SAMPLE_NONE;
    obs = open_kept(&config, &kept);
    memset(&script_of, 0, sizeof script_of);
    (void)set_embedder(obs, &script_of, "hashed", false);
    one_answer(obs, NULL, NULL, "an answer");
    one_answer(obs, NULL, NULL, "another answer");
    one_answer(obs, NULL, NULL, "a third one");
    (void)llmobs_judge_work(obs, 9);
    is_int(stats_of_review(obs).embedded, 3, "three are embedded");
    (void)llmobs_drift_run_now(define(obs), "test");
    (void)llmobs_drift_work(obs);
    report.size = sizeof report;
    is_int(llmobs_drift_read(define(obs), &report), LLMOBS_OK, "a report");
    is_int(report.repeated, 0, "none of them is another's twin");
    (void)close_kept(obs, &kept);
}

/* Whom chance would not have kept, and whom it would have, had a cause not been there before it. */
static void test_fair(void)
{
    llmobs_config config = embed_config();
    llmobs_request_info info = llmobs_request_info_default();
    llmobs_outcome outcome = llmobs_outcome_default();
    llmobs_judge given = llmobs_judge_default();
    script script_of;
    keeper kept;
    llmobs* obs;
    long by_chance = 0;
    int i;
    config.judge_ratio = 0.25;
    config.judge_floor_per_hour = LLMOBS_OFF;
    config.judge_new_version = LLMOBS_OFF;
    config.sample_by = LLMOBS_SAMPLE_BY_REQUEST_ID;
    obs = open_kept(&config, &kept);
    memset(&script_of, 0, sizeof script_of);
    (void)set_embedder(obs, &script_of, "hashed", false);
    given.ask = ask;
    given.user = &script_of;
    (void)llmobs_judge_set(obs, &given);
    for (i = 0; i < 400; i++) {
        llmobs_request request;
        char id[16];
        (void)snprintf(id, sizeof id, "r-%d", i);
        info.request_id = id;
        outcome.output = llmobs_str("an answer");
        request = llmobs_request_begin(obs, &info);
        if (i % 2 == 0) {
            llmobs_guardrail(request, "tone", LLMOBS_GUARDRAIL_BLOCKED);
        }
        llmobs_request_end(request, &outcome);
        (void)llmobs_tick(obs);
        (void)llmobs_judge_work(obs, 9);
        by_chance += llmobs_should_sample(obs, id, false);
    }
    is_int(script_of.calls, by_chance, "a fair sample, whatever else kept them");
    ok(by_chance > 60 && by_chance < 140, "a quarter of all");
    ok(script_of.judged > 200, "while each that a guardrail triggered on is judged");
    is_int(stats_of_review(obs).unjudged, 0, "and none is left out");
    (void)close_kept(obs, &kept);
}

static void test_refused(void)
{
    llmobs_config config = embed_config();
    llmobs_embedder embedder = llmobs_embedder_default();
    script script_of;
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    memset(&script_of, 0, sizeof script_of);
    is_int(llmobs_embedder_set(obs, NULL), LLMOBS_ERROR_ARGUMENT, "no embedder");
    is_int(llmobs_embedder_set(obs, &embedder), LLMOBS_ERROR_ARGUMENT, "one that can't embed");
    (void)set_embedder(obs, &script_of, "another model", false);
    one_answer(obs, "r-1", NULL, "an answer");
    (void)llmobs_judge_work(obs, 9);
    is_int(stats_of_review(obs).not_embedded, 1, "a detector takes its own embedder's alone");
    script_of.refuses = true;
    one_answer(obs, "r-2", NULL, "an answer");
    (void)llmobs_judge_work(obs, 9);
    is_int(stats_of_review(obs).not_embedded, 2, "an embedder may fail");
    is_int(stats_of_review(obs).embedded, 0, "and neither counts as embedded");
    (void)close_kept(obs, &kept);
    is_int(set_embedder(obs, &script_of, "hashed", false), LLMOBS_ERROR_CLOSED, "closed");
    config.drift_detectors = 0;
    obs = open_kept(&config, &kept);
    is_int(set_embedder(obs, &script_of, "hashed", false), LLMOBS_ERROR_ARGUMENT,
           "without detectors nobody wants them");
    (void)close_kept(obs, &kept);
}

static void test_wiped(void)
{
    llmobs_config config = embed_config();
    float numbers[NUMBERS];
    size_t left = 0;
    size_t i;
    script script_of;
    keeper kept;
    llmobs* obs;
    config.memory_bytes = llmobs_memory_needed(&config);
    config.memory = aligned_alloc(4096, (config.memory_bytes + 4095) & ~(size_t)4095);
    obs = open_kept(&config, &kept);
    memset(&script_of, 0, sizeof script_of);
    (void)set_embedder(obs, &script_of, "hashed", false);
    one_answer(obs, "r-1", NULL, NEEDLE);
    (void)llmobs_judge_work(obs, 9);
    is_int(script_of.calls, 1, "embedded");
    is_int(needles(config.memory, config.memory_bytes, NEEDLE), 0, "nothing is left of its text");
    for (i = 0; i < NUMBERS; i++) {
        numbers[i] = (float)(1 + (unsigned char)NEEDLE[i % (sizeof NEEDLE - 1)]);
    }
    for (i = 0; i + sizeof numbers <= config.memory_bytes; i += sizeof *numbers) {
        left += memcmp((const char*)config.memory + i, numbers, sizeof numbers) == 0;
    }
    is_int(left, 0, "nor of its numbers");
    (void)close_kept(obs, &kept);
    (void)llmobs_release();
    free(config.memory);
}

static llmobsi_atomic32 hang_step; /* 1: inside, 2: let go */

static bool embed_hang(void* user, llmobs_string text, float* values, size_t dimension)
{
    (void)user;
    (void)text;
    (void)values;
    (void)dimension;
    llmobsi_store_release(&hang_step, 1);
    while (llmobsi_load_acquire(&hang_step) != 2) {
        (void)usleep(1000);
    }
    return true;
}

/* A judge beside an embedder that hangs: after close it is not asked. */
static void test_hangs(void)
{
    llmobs_config config = embed_config();
    llmobs_embedder embedder = llmobs_embedder_default();
    llmobs_judge given = llmobs_judge_default();
    script script_of;
    keeper kept;
    llmobs* obs;
    config.host_pumped = false;
    config.clock.unix_ns = NULL;
    config.close_timeout_ms = 100;
    obs = open_kept(&config, &kept);
    memset(&script_of, 0, sizeof script_of);
    embedder.embed = embed_hang;
    embedder.detector = define(obs);
    (void)llmobs_embedder_set(obs, &embedder);
    given.ask = ask;
    given.user = &script_of;
    (void)llmobs_judge_set(obs, &given);
    one_answer(obs, "r-1", NULL, "an answer");
    while (llmobsi_load_acquire(&hang_step) != 1) {
        (void)usleep(1000);
    }
    is_int(llmobs_close(obs), LLMOBS_ERROR_INCOMPLETE, "a close goes on without it");
    llmobsi_store_release(&hang_step, 2);
    (void)usleep(50000);
    is_int(script_of.judged, 0, "and nobody is asked any more");
    keeper_clear(&kept);
}

int main(void)
{
    test_alone();
    test_texts();
    test_nameless();
    test_fair();
    test_refused();
    test_wiped();
    test_hangs();
    return done();
}

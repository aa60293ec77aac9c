/* Recent requests, taken apart: where the time went, where the tokens came from. */
#include "llmobs_private.h"

#include "tap.h"

#include "keeper.h"

#include "requester.h"

typedef struct text_sink {
    char text[4096];
    size_t size;
} text_sink;

static bool sink_write(void* user, const char* data, size_t size)
{
    text_sink* sink = (text_sink*)user;
    if (size >= sizeof sink->text - sink->size) {
        return false;
    }
    memcpy(sink->text + sink->size, data, size);
    sink->size += size;
    sink->text[sink->size] = '\0';
    return true;
}

/* Of one request without anything but its duration. */
static void duration_is(uint64_t ns, const char* want)
{
    llmobs_explanation why;
    text_sink sink;
    memset(&why, 0, sizeof why);
    why.latency_ns = ns;
    why.time_to_first_token_ns = -1;
    why.docs_count = -1;
    sink.size = 0;
    (void)llmobs_explanation_write(&why, sink_write, &sink);
    sink.text[strcspn(sink.text, "\n")] = '\0';
    is_str(sink.text, want, "a duration");
}

static void test_durations(void)
{
    duration_is(0, "took 0.00 us");
    duration_is(9500, "took 9.50 us");
    duration_is(999994, "took 999.99 us");
    duration_is(999995, "took 1.00 ms");
    duration_is(37036000, "took 37.04 ms");
    duration_is(999995000, "took 1.00 s");
    duration_is(UINT64_C(7999999999), "took 8.00 s");
    duration_is(UINT64_MAX, "took 18446744073.71 s");
}

static void test_explain(void)
{
    llmobs_config config = request_config();
    llmobs_request_info info = support_info();
    llmobs_outcome outcome = known_outcome();
    llmobs_explanation why;
    text_sink sink;
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    int i;
    run_chain(obs, &info, &outcome);
    is_int(llmobs_request_explain(obs, "req-17", &why), LLMOBS_ERROR_ARGUMENT,
           "before the tick it is not known");
    (void)llmobs_flush(obs, 5000);
    is_int(llmobs_request_explain(obs, "req-17", &why), LLMOBS_OK, "then it is");
    is_int(why.phase_ns[LLMOBS_PHASE_RETRIEVAL], 7000000000, "how long retrieval took");
    is_int(why.docs_count, 47, "and how many documents it found");
    is_int(why.usage.history_tokens, 600, "what the tokens were");
    sink.size = 0;
    is_int(llmobs_explanation_write(&why, sink_write, &sink), LLMOBS_OK, "in words");
    is_str(sink.text,
           "took 7.35 s, first token after 7.25 s\n"
           "  retrieval 7.00 s (95 %), the slowest phase, 47 documents\n"
           "  model_call 350.00 ms (5 %)\n"
           "tokens 812 in, 96 out\n"
           "  history 600 (74 %)\n"
           "  cached 512 (63 %)\n"
           "1 retry\n"
           "1 guardrail rule triggered\n"
           "cost 0.0001794 USD\n",
           "the answer to why");
    for (i = 0; i < 300; i++) {
        char id[24];
        (void)snprintf(id, sizeof id, "other-%d", i);
        info.request_id = id;
        llmobs_request_end(llmobs_request_begin(obs, &info), NULL);
        (void)llmobs_tick(obs);
    }
    is_int(llmobs_request_explain(obs, "req-17", &why), LLMOBS_ERROR_ARGUMENT,
           "old ones are forgotten");
    is_int(llmobs_request_explain(obs, "other-299", &why), LLMOBS_OK, "new ones are kept");
    is_int(why.cost_nano == LLMOBS_COST_UNKNOWN, 1, "a cost that nobody told is unknown");
    is_int(llmobs_request_explain(obs, NULL, &why), LLMOBS_ERROR_ARGUMENT, "no id");
    is_int(llmobs_request_explain(obs, "other-299", NULL), LLMOBS_ERROR_ARGUMENT, "no place");
    (void)close_kept(obs, &kept);
}

/* An id longer than what is kept is found by what was given. */
static void test_long_id(void)
{
    llmobs_config config = request_config();
    llmobs_request_info info = support_info();
    llmobs_explanation why;
    char id[301];
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    memset(id, 'r', 300);
    id[300] = '\0';
    info.request_id = id;
    llmobs_request_end(llmobs_request_begin(obs, &info), NULL);
    (void)llmobs_flush(obs, 5000);
    is_int(llmobs_request_explain(obs, id, &why), LLMOBS_OK, "a long id is found");
    id[127] = '\0';
    is_int(llmobs_request_explain(obs, id, &why), LLMOBS_ERROR_ARGUMENT, "its beginning is not");
    (void)close_kept(obs, &kept);
}

int main(void)
{
    test_durations();
    test_explain();
    test_long_id();
    return done();
}

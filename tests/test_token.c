/* What happens to a request while it is answered: an engine's metrics, tokens and the times between
   them, retries. */
#include "llmobs_private.h"

#include "tap.h"

#include "keeper.h"

#include "requester.h"

/* ---- engines ------------------------------------------------------------------------------- */

#define ENGINE "{model_name=\"m\",engine=\"0\"}"

static void test_engine(void)
{
    llmobs_config config = request_config();
    llmobs_request_info info = llmobs_request_info_default();
    llmobs_outcome outcome = llmobs_outcome_default();
    llmobs_request both[2];
    const llmobs_attribute_view* shared;
    llmobs_span batch;
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    int i;
    info.server = true;
    info.model = "m";
    info.queue_ns = 500000000;
    both[0] = llmobs_request_begin(obs, &info);
    both[1] = llmobs_request_begin(obs, &info);
    is_str(sample(obs, "vllm:num_requests_waiting" ENGINE), "2", "two wait");
    fake_now += 1000000000;
    llmobs_request_scheduled(both[0]);
    llmobs_request_scheduled(both[0]);
    is_str(sample(obs, "vllm:num_requests_waiting" ENGINE), "1", "one is taken up, once");
    is_str(sample(obs, "vllm:num_requests_running" ENGINE), "1", "and runs");
    fake_now += 200000000;
    batch = llmobs_batch_begin(obs, "decode", both, 2);
    for (i = 0; i < 10; i++) {
        llmobs_request_token(both[0]);
        fake_now += 10000000;
    }
    llmobs_requests_share(both, 2, 7);
    llmobs_span_end(batch);
    llmobs_request_speculative(both[0], 4, 9);
    llmobs_request_preempted(both[0]);
    outcome.usage.input_tokens = 100;
    outcome.usage.cached_tokens = 60;
    llmobs_request_end(both[0], &outcome);
    is_str(sample(obs, "vllm:num_requests_running" ENGINE), "0", "none runs");
    outcome.cancelled = true;
    llmobs_request_end(both[1], &outcome);
    is_str(sample(obs, "vllm:num_requests_waiting" ENGINE), "0", "none waits");
    is_str(sample(obs, "vllm:request_queue_time_seconds_sum" ENGINE), "2",
           "queue: 1.5 s of the one, 0.5 s of the other");
    is_str(sample(obs, "vllm:time_to_first_token_seconds_sum" ENGINE), "1.7",
           "first token: queue and prefill");
    is_str(sample(obs, "vllm:request_prefill_time_seconds_sum" ENGINE), "0.2", "prefill");
    is_str(sample(obs, "vllm:request_decode_time_seconds_sum" ENGINE), "0.09",
           "decode: from the first token to the last");
    is_str(sample(obs, "vllm:inter_token_latency_seconds_count" ENGINE), "9",
           "the first token is free");
    is_str(sample(obs, "vllm:generation_tokens_total" ENGINE), "10", "tokens are counted");
    is_str(sample(obs, "vllm:request_success_total{model_name=\"m\",engine=\"0\","
                       "finished_reason=\"abort\"}"),
           "1", "the one that went away");
    is_str(sample(obs, "vllm:spec_decode_num_accepted_tokens_total" ENGINE), "4",
           "no more is accepted than was drafted");
    is_str(sample(obs, "vllm:num_preemptions_total" ENGINE), "1", "preempted");
    is_str(sample(obs, "llamacpp:prompt_tokens_total"), "80", "computed, not cached");
    is_str(sample(obs, "llamacpp:requests_processing"), "0", "llama.cpp's names, too");
    (void)llmobs_flush(obs, 5000);
    is_int(kept_span(&kept, "decode")->link_count, 2, "a batch links to both");
    shared = kept_attribute(&kept.spans[1], "llmobs.request.compute_time");
    is_int((long long)(shared->value.real * 1e9 + 0.5), 4,
           "time in a batch is split, to the nanosecond");
    (void)close_kept(obs, &kept);
}

/* ---- the timeline -------------------------------------------------------------------------- */

/* What the root span tells of the gaps. */
static const char* gaps_of(const keeper* kept, int64_t* stride)
{
    const llmobs_span_view* root = kept_span(kept, "chat");
    const llmobs_attribute_view* told = kept_attribute(root, "llmobs.token_gaps_stride");
    *stride = told != NULL ? told->value.integer : 0;
    return kept_string(root, "llmobs.token_gaps");
}

/* 20 ms each, but for the gap before the token `odd`, which takes 1 s. */
static void make_tokens(llmobs* obs, int count, int odd)
{
    llmobs_request request = llmobs_request_begin(obs, NULL);
    int i;
    for (i = 0; i < count; i++) {
        fake_now += i == odd ? 1000000000 : 20000000;
        llmobs_request_token(request);
    }
    fake_now += UINT64_C(10000000000);
    llmobs_request_end(request, NULL);
    (void)llmobs_flush(obs, 5000);
}

static void check_gaps(int count, int odd, size_t signs, int64_t stride, size_t place)
{
    llmobs_config config = request_config();
    llmobs_attribute_view* unused = NULL;
    const char* gaps;
    int64_t told;
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    (void)unused;
    make_tokens(obs, count, odd);
    gaps = gaps_of(&kept, &told);
    is_int(strlen(gaps), signs, "a sign for each gap, or for several");
    is_int(told, stride, "and for how many");
    is_int(strspn(gaps, "d"), place, "the long one is where it was");
    is_int(gaps[place], 'o', "and is not lost");
    is_int(strspn(gaps + place + 1, "d"), signs - place - 1, "the others are as they were");
    (void)close_kept(obs, &kept);
}

static void test_gaps(void)
{
    check_gaps(3, 2, 2, 1, 1);
    check_gaps(129, 128, 128, 1, 127);
    check_gaps(130, 129, 65, 2, 64);
    check_gaps(130, 128, 64 + 1, 2, 63);
    check_gaps(1000, 501, 125, 8, 62);
    check_gaps(1000, 1, 125, 8, 0);
}

static void test_codes(void)
{
    uint64_t us;
    int wrong = 0;
    is_int(llmobsi_gap_code(0), 0, "nothing");
    is_int(llmobsi_gap_code(999), 0, "less than a microsecond");
    is_int(llmobsi_gap_code(1000), 1, "one");
    is_int(llmobsi_gap_code(1414000), 21, "just below the root of 2 of 1024 us: 1.414 ms");
    is_int(llmobsi_gap_code(1450000), 22, "just above it");
    for (us = 1; us < UINT64_C(1) << 40; us += us / 64 + 1) {
        wrong += llmobsi_gap_code(us * 1000) > llmobsi_gap_code((us + us / 64 + 1) * 1000);
    }
    is_int(wrong, 0, "longer gaps have no smaller signs");
    ok(llmobsi_gap_code(UINT64_MAX) < 128, "the longest has one, too");
}

/* Several tokens at once; a call for none. */
static void test_several(void)
{
    llmobs_config config = request_config();
    llmobs_request_info info = llmobs_request_info_default();
    llmobs_request request;
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    info.server = true;
    info.model = "m";
    request = llmobs_request_begin(obs, &info);
    llmobs_request_tokens(request, 0);
    llmobs_request_tokens(request, 4);
    fake_now += 40000000;
    llmobs_request_tokens(request, 4);
    llmobs_request_tokens(request, UINT32_MAX);
    llmobs_request_end(request, NULL);
    is_str(sample(obs, "vllm:inter_token_latency_seconds_sum" ENGINE), "0.01",
           "four in 40 ms are 10 ms each");
    is_str(sample(obs, "vllm:generation_tokens_total" ENGINE), "4294967303", "all are counted");
    (void)close_kept(obs, &kept);
}

/* A client's times between chunks, in both conventions, and before any thread has cells. */
static void test_client(void)
{
    llmobs_config config = request_config();
    llmobs_request_info info = support_info();
    llmobs_request request;
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    int i;
    request = llmobs_request_begin(obs, &info);
    for (i = 0; i < 5; i++) {
        llmobs_request_token(request);
        fake_now += 20000000;
    }
    llmobs_request_end(request, NULL);
#define CHUNK "{gen_ai_operation_name=\"chat\",gen_ai_provider_name=\"openai\"," \
              "gen_ai_request_model=\"gpt-4o-mini\",gen_ai_response_model=\"\"," \
              "server_address=\"\",server_port=\"\"}"
    is_str(sample(obs, "gen_ai_client_inference_time_per_output_chunk_seconds_count" CHUNK), "4",
           "the newest conventions'");
    is_str(sample(obs, "gen_ai_client_operation_time_per_output_chunk_seconds_sum" CHUNK), "0.08",
           "and 1.41's");
    (void)close_kept(obs, &kept);
}

/* What happens on the way is told at the end, with its time; what is too much is counted. */
static void test_events(void)
{
    llmobs_config config = request_config();
    llmobs_request request;
    const llmobs_span_view* root;
    uint64_t begun;
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    int i;
    begun = fake_now;
    request = llmobs_request_begin(obs, NULL);
    for (i = 0; i < 6; i++) {
        fake_now += 1000;
        if (i == 1) {
            llmobs_request_preempted(request);
        } else {
            llmobs_request_retry(request, i == 0 ? NULL : "a reason that is longer than it should "
                                                          "be, and is cut");
        }
    }
    llmobs_request_end(request, NULL);
    (void)llmobs_flush(obs, 5000);
    root = kept_span(&kept, "chat");
    is_int(root->event_count, 4, "four events are kept");
    is_int(root->events[2].unix_ns - begun, 3000, "with their times");
    is_str(root->events[1].name.data, "preempted", "and names");
    is_int(root->events[0].attribute_count, 0, "no reason");
    is_int(root->events[2].attributes[0].value.string.size, 39, "a long reason is cut");
    is_int(stats_of(obs).events_dropped, 2, "the others are counted");
    is_int(kept.logs[0].interaction->retries, 5, "as retries they are all there");
    (void)close_kept(obs, &kept);
}

int main(void)
{
    test_engine();
    test_gaps();
    test_codes();
    test_several();
    test_client();
    test_events();
    return done();
}

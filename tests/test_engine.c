/* The steps of an engine: links, time that is shared, load, positions of drafts. */
#include "llmobs_private.h"

#include "tap.h"

#include "keeper.h"

#include "requester.h"

#define ENGINE "{model_name=\"m\",engine=\"0\"}"

static llmobs_request begin(llmobs* obs)
{
    llmobs_request_info info = llmobs_request_info_default();
    info.server = true;
    info.model = "m";
    return llmobs_request_begin(obs, &info);
}

/* ---- what a step leaves behind ------------------------------------------------------------- */

static void test_steps(void)
{
    llmobs_config config = request_config();
    llmobs_engine_load load = llmobs_engine_load_default();
    llmobs_request both[2];
    llmobs_engine engine;
    const llmobs_span_view* step;
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    engine = llmobs_engine_of(obs, "m");
    both[0] = begin(obs);
    both[1] = begin(obs);
    (void)llmobs_engine_step_begin(&engine, "prefill", both, 2);
    fake_now += 7;
    load.tokens = 40;
    load.kv_used = 40;
    load.kv_size = 160;
    load.slots_busy = 4;
    llmobs_engine_step_end(&engine, &load);
    is_str(sample(obs, "vllm:kv_cache_usage_perc" ENGINE), "0.25", "the KV cache's use");
    is_str(sample(obs, "vllm:iteration_tokens_total_sum" ENGINE), "40", "tokens of a step");
    is_str(sample(obs, "llamacpp:n_busy_slots_per_decode"), "4", "slots that are busy");
    is_str(sample(obs, "llamacpp:n_decode_total"), "1", "a step is a decode");
    llmobs_span_set_int(llmobs_engine_step_begin(&engine, "decode", &both[1], 1), "own", 5);
    fake_now += 100;
    llmobs_engine_step_end(&engine, NULL);
    is_str(sample(obs, "llamacpp:n_busy_slots_per_decode"), "2.5", "on average, 4 and 1");
    is_str(sample(obs, "vllm:iteration_tokens_total_count" ENGINE), "1",
           "what is not known is not told");
    llmobs_engine_step_end(&engine, &load);
    is_str(sample(obs, "vllm:iteration_tokens_total_count" ENGINE), "1", "a step ends once");
    llmobs_request_end(both[0], NULL);
    llmobs_request_end(both[1], NULL);
    (void)llmobs_flush(obs, 5000);
    step = kept_span(&kept, "prefill");
    is_int(step->link_count, 2, "a step links to the requests that it serves");
    is_int(kept_attribute(step, "batch.tokens")->value.integer, 40, "it says how many tokens");
    is_int(kept_attribute(step, "batch.size")->value.integer, 2, "and requests");
    is_int(step->end_unix_ns - step->start_unix_ns, 7, "it takes its time");
    step = kept_span(&kept, "decode");
    is_int(step->link_count, 1, "the next one to one of them");
    is_int(kept_attribute(step, "own")->value.integer, 5, "attributes are set on its span");
    ok(close_kept(obs, &kept), "the account balances");
}

static void test_shared_time(void)
{
    llmobs_config config = request_config();
    llmobs_request both[2];
    llmobs_engine engine;
    double sum = 0.0;
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    size_t i;
    engine = llmobs_engine_of(obs, "m");
    both[0] = begin(obs);
    both[1] = begin(obs);
    (void)llmobs_engine_step_begin(&engine, "decode", both, 2);
    fake_now += 1000001;
    llmobs_engine_step_end(&engine, NULL);
    llmobs_request_end(both[0], NULL);
    llmobs_request_end(both[1], NULL);
    (void)llmobs_flush(obs, 5000);
    for (i = 0; i < kept.count; i++) {
        const llmobs_attribute_view* part =
            kept_attribute(&kept.spans[i], "llmobs.request.compute_time");
        sum += part != NULL ? part->value.real : 0.0;
    }
    is_int((long long)(sum * 1e9 + 0.5), 1000001, "its time is shared, to the nanosecond");
    ok(close_kept(obs, &kept), "the account balances");
}

/* Time is shared whether the step's span is there or not. */
static void test_without_span(bool unsampled)
{
    llmobs_config config = request_config();
    llmobs_request request;
    llmobs_engine engine;
    llmobs* obs;
    keeper kept;
    const char* what = unsampled ? "not sampled: time is shared" : "no spans: time is shared";
    config.gpu_second_nano = 1000000000; /* a nano-USD a nanosecond */
    if (unsampled) {
        config.sample_ratio = LLMOBS_SAMPLE_NONE;
    } else {
        config.span_slots = LLMOBS_OFF;
    }
    obs = open_kept(&config, &kept);
    engine = llmobs_engine_of(obs, "m");
    request = begin(obs);
    (void)llmobs_engine_step_begin(&engine, "decode", &request, 1);
    fake_now += 1000;
    llmobs_engine_step_end(&engine, NULL);
    llmobs_request_token(request);
    llmobs_request_end(request, NULL);
    is_str(sample(obs, "llm_cost_usd_total{model=\"m\",feature=\"\"}"), "0.000001", what);
    is_str(sample(obs, "llamacpp:n_decode_total"), "1", "... and the step counted");
    is_int(stats_of(obs).inert_calls, 0, "... no call is in vain");
    ok(close_kept(obs, &kept), "the account balances");
}

/* ---- drafts -------------------------------------------------------------------------------- */

static void test_positions(void)
{
    llmobs_config config = request_config();
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    llmobs_request request = begin(obs);
    llmobs_request_speculative(request, 4, 0);
    llmobs_request_speculative(request, 4, 2);
    llmobs_request_speculative(request, 40, 30);
#define POSITION(n)                                                                               \
    "vllm:spec_decode_num_accepted_tokens_per_pos_total{model_name=\"m\",engine=\"0\","            \
    "position=\"" n "\"}"
    is_str(sample(obs, POSITION("0")), "2", "the first of a draft was accepted twice");
    is_str(sample(obs, POSITION("2")), "1", "the third once");
    is_str(sample(obs, POSITION("16+")), "14", "far ones are one");
    is_str(sample(obs, "llamacpp:spec_decode_num_accepted_tokens_per_pos_total{position=\"1\"}"),
           "2", "under llama.cpp's name, too");
    is_str(sample(obs, "vllm:spec_decode_num_accepted_tokens_total" ENGINE), "32",
           "positions add up to the whole");
    llmobs_request_end(request, NULL);
    ok(close_kept(obs, &kept), "the account balances");
}

/* ---- what does no harm --------------------------------------------------------------------- */

static void test_inert(void)
{
    llmobs_config config = request_config();
    llmobs_engine none = llmobs_engine_of(NULL, "m");
    llmobs_engine engine;
    llmobs_request request;
    keeper kept;
    llmobs* obs;
    memset(&request, 0, sizeof request);
    is_int(llmobs_engine_step_begin(&none, "decode", &request, 1).generation, 0,
           "no instance, no span");
    llmobs_engine_step_end(&none, NULL);
    (void)llmobs_engine_step_begin(NULL, "decode", &request, 1);
    llmobs_engine_step_end(NULL, NULL);
    config.metric_families = LLMOBS_OFF;
    obs = open_kept(&config, &kept);
    engine = llmobs_engine_of(obs, NULL);
    (void)llmobs_engine_step_begin(&engine, "decode", NULL, 3);
    llmobs_engine_step_end(&engine, NULL);
    is_int(stats_of(obs).metric_misused, 0, "without the families nothing is misused");
    (void)llmobs_flush(obs, 5000);
    is_int(kept_span(&kept, "decode")->link_count, 0, "a step may serve nobody");
    (void)llmobs_engine_step_begin(&engine, "decode", NULL, 0);
    ok(close_kept(obs, &kept), "closed in the middle of a step");
    llmobs_engine_step_end(&engine, NULL);
    is_int(llmobs_engine_step_begin(&engine, "decode", NULL, 0).generation, 0,
           "and after it nothing is recorded");
    llmobs_engine_step_end(&engine, NULL);
}

int main(void)
{
    test_steps();
    test_shared_time();
    test_without_span(true);
    test_without_span(false);
    test_positions();
    test_inert();
    return done();
}

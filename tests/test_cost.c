/* Costs: each rule by itself, and each bug of double billing that others have published. */
#include "llmobs_private.h"

#include "tap.h"

#include "priced.h"

#define RANDOM_SEED 5
#include "random.h"

#include <pthread.h>
#include <stdlib.h>

static llmobs* obs;

/* USD a million tokens become USD a token by "e-06". */
static const char table[] =
    "{\"plain\":{\"litellm_provider\":\"openai\",\"input_cost_per_token\":2.5e-06,"
    "\"output_cost_per_token\":1e-05,\"cache_read_input_token_cost\":1.25e-06,"
    "\"max_input_tokens\":128000,\"max_output_tokens\":16384},\n"
    "\"claude\":{\"litellm_provider\":\"anthropic\",\"input_cost_per_token\":3e-06,"
    "\"output_cost_per_token\":1.5e-05,\"cache_read_input_token_cost\":3e-07,"
    "\"cache_creation_input_token_cost\":3.75e-06,"
    "\"cache_creation_input_token_cost_above_1hr\":6e-06,"
    "\"input_cost_per_token_above_200k_tokens\":6e-06,"
    "\"output_cost_per_token_above_200k_tokens\":2.25e-05,"
    "\"cache_read_input_token_cost_above_200k_tokens\":6e-07,"
    "\"cache_creation_input_token_cost_above_200k_tokens\":7.5e-06,"
    "\"cache_creation_input_token_cost_above_1hr_above_200k_tokens\":1.2e-05,"
    "\"provider_specific_entry\":{\"us\":1.1,\"fast\":2}},\n"
    "\"flash\":{\"litellm_provider\":\"gemini\",\"input_cost_per_token\":5e-07,"
    "\"output_cost_per_token\":3e-06,\"cache_read_input_token_cost\":5e-08,"
    "\"input_cost_per_audio_token\":1e-06,\"output_cost_per_audio_token\":1.2e-05,"
    "\"input_cost_per_image_token\":2e-06,\"output_cost_per_image_token\":3e-05,"
    "\"output_cost_per_reasoning_token\":4e-06},\n"
    "\"served\":{\"litellm_provider\":\"openai\",\"input_cost_per_token\":1e-06,"
    "\"output_cost_per_token\":4e-06,\"output_cost_per_reasoning_token\":5e-06,"
    "\"cache_read_input_token_cost\":1e-07,"
    "\"input_cost_per_token_priority\":2e-06,\"output_cost_per_token_priority\":8e-06,"
    "\"input_cost_per_token_flex\":5e-07,\"input_cost_per_token_batches\":4e-07,"
    "\"input_cost_per_token_above_100k_tokens\":3e-06,"
    "\"input_cost_per_token_above_100k_tokens_priority\":7e-06,"
    "\"input_cost_per_token_above_200k_tokens_flex\":9e-06,"
    "\"cache_read_input_token_cost_above_300k_tokens\":9e-03,"
    "\"regional_processing_uplift_multiplier_eu\":1.1,"
    "\"regional_processing_uplift_multiplier_us\":1.05,\"fedramp_uplift_multiplier\":1.2},\n"
    "\"xai/grok\":{\"litellm_provider\":\"xai\",\"input_cost_per_token\":2e-06,"
    "\"output_cost_per_token\":1e-05,\"cache_read_input_token_cost\":5e-07,"
    "\"input_cost_per_token_above_128k_tokens\":4e-06},\n"
    "\"qwen\":{\"litellm_provider\":\"dashscope\",\"input_cost_per_token\":9e-06,"
    "\"output_cost_per_token\":9e-06,\"cache_read_input_token_cost\":8e-06,"
    "\"output_cost_per_reasoning_token\":7e-06,"
    "\"input_cost_per_token_above_1k_tokens\":8e-06,"
    "\"tiered_pricing\":[{\"range\":[32000,128000],\"input_cost_per_token\":2e-06,"
    "\"output_cost_per_token\":3e-06,\"cache_read_input_token_cost\":1e-07},"
    "{\"range\":[0,32000],\"input_cost_per_token\":1e-06,\"output_cost_per_token\":2e-06},"
    "{\"range\":[128000,256000.0],\"input_cost_per_token\":4e-06},"
    "{\"input_cost_per_token\":5},{\"range\":[1,2]}]},\n"
    "\"deepseek\":{\"litellm_provider\":\"deepseek\",\"input_cost_per_token\":4e-07,"
    "\"output_cost_per_token\":2e-06,\"cache_read_input_token_cost\":1e-07,"
    "\"input_cost_per_token_above_100k_tokens\":8e-07,"
    "\"off_peak_pricing\":{\"hours_utc\":\"16:30-00:30\",\"input_cost_per_token\":2e-07,"
    "\"output_cost_per_token\":1e-06}},\n"
    "\"weekly\":{\"input_cost_per_token\":4e-06,\"output_cost_per_token\":0,"
    "\"off_peak_pricing\":{\"input_cost_per_token\":1e-06,\"weekday_timezone\":\"Asia/Shanghai\","
    "\"windows\":[{\"hours_utc\":[\"10:00-12:00\"],\"weekdays\":[1,2,\"Wed\"]},"
    "{\"weekdays\":[\"saturday\",7],\"hours_utc\":\"00:00-00:00\"}]}},\n"
    "\"zoned\":{\"input_cost_per_token\":4e-06,\"off_peak_pricing\":{\"windows\":"
    "[{\"hours_utc\":\"10:00-12:00\",\"weekdays\":[1]}],\"weekday_timezone\":\"Europe/Paris\"}},\n"
    "\"vertex\":{\"litellm_provider\":\"vertex_ai\",\"input_cost_per_token\":1e-06,"
    "\"output_cost_per_token\":1e-06,\"regional_endpoint_uplift_multiplier\":1.1},\n"
    "\"embedding\":{\"input_cost_per_token\":2e-08,\"mode\":\"embedding\"},\n"
    "\"speech\":{\"output_cost_per_audio_token\":1.2e-05},\n"
    "\"pictures\":{\"input_cost_per_token\":5e-06,\"output_cost_per_image_token\":4e-05},\n"
    "\"femto\":{\"input_cost_per_token\":1e-15,\"output_cost_per_token\":0},\n"
    "\"dear\":{\"input_cost_per_token\":1000,\"output_cost_per_token\":1000,"
    "\"fedramp_uplift_multiplier\":100,\"provider_specific_entry\":{\"fast\":100}},\n"
    "\"free\":{\"input_cost_per_token\":0,\"output_cost_per_token\":0.0}}";

static bool has_cost(const llmobs_cost_query* query, int64_t nano)
{
    int64_t got = exact(obs, query);
    if (got != nano) {
        printf("# got %lld, want %lld\n", (long long)got, (long long)nano);
    }
    return got == nano;
}

static bool has_range(const llmobs_cost_query* query, int64_t nano, int64_t low, int64_t high)
{
    llmobs_cost cost = cost_of(obs, query);
    bool good = cost.status == LLMOBS_COST_RANGE && cost.nano == nano && cost.low == low &&
                cost.high == high;
    if (!good) {
        printf("# status %d, %lld in [%lld, %lld]\n", (int)cost.status, (long long)cost.nano,
               (long long)cost.low, (long long)cost.high);
    }
    return good;
}

#define UNKNOWN LLMOBS_COST_UNKNOWN

/* ---- published bugs ------------------------------------------------------------------------ */

static void test_published(void)
{
    llmobs_cost_query query = asked("flash", 20212, 931);
    query.usage.cached_tokens = 16298;
    ok(has_cost(&query, 1957000 + 814900 + 2793000),
       "cached tokens are part of the input, not billed again at its price");

    query = asked("claude", 17111, 0);
    query.usage.cached_tokens = 17102;
    ok(has_cost(&query, 9 * 3000 + 17102 * 300),
       "a prompt that is cached but for 9 tokens is not billed whole");

    query = asked("claude", 2000, 0);
    query.usage.cached_tokens = 500;
    query.usage.cache_write_tokens = 300;
    ok(has_cost(&query, 1200 * 3000 + 500 * 300 + 300 * 3750),
       "tokens written to the cache are not billed again as input");

    query = asked("claude", 9, 100);
    query.cache_additive = true;
    query.usage.cached_tokens = 17102;
    query.usage.cache_write_tokens = 1000;
    ok(has_cost(&query, 9 * 3000 + 17102 * 300 + 1000 * 3750 + 100 * 15000),
       "what Anthropic reports on top of the input is billed, too");

    query = asked("flash", 10000, 0);
    query.usage.cached_tokens = 8000;
    query.usage.image_input_tokens = 6000;
    ok(has_cost(&query, 8000 * 50 + 2000 * 2000),
       "pictures that are cached are billed once: what the cache leaves of the input");

    query.usage.audio_input_tokens = 1500;
    ok(has_cost(&query, 8000 * 50 + 1500 * 1000 + 500 * 2000),
       "and sound before pictures, of what is left");

    query = asked("claude", 50000, 0);
    query.cache_additive = true;
    query.usage.cached_tokens = 160000;
    ok(has_cost(&query, 50000 * 6000 + INT64_C(160000) * 600),
       "the tier is chosen by all input tokens, those of the cache included");

    query = asked("claude", 150000, 60000);
    ok(has_cost(&query, INT64_C(150000) * 3000 + 60000 * 15000),
       "and not by the output as well");

    query = asked("claude", 200001, 1000);
    ok(has_cost(&query, INT64_C(200001) * 6000 + 1000 * 22500),
       "above a threshold all of it has the higher price, the output too");

    query = asked("flash", 0, 1000);
    query.usage.reasoning_tokens = 800;
    ok(has_cost(&query, 800 * 4000 + 200 * 3000), "reasoning is part of the output, billed once");

    query = asked("plain", 0, 1000);
    query.usage.reasoning_tokens = 800;
    ok(has_cost(&query, 1000 * 10000), "and never free: without a price of its own it is output");

    query = llmobs_cost_query_default();
    query.model = "plain";
    query.usage.input_tokens = 1000;
    ok(has_range(&query, UNKNOWN, 1000 * 1250, 1000 * 2500 + 16384 * 10000),
       "a stream that was broken off is no 0 USD: the input was used");

    query.usage.output_tokens = 37;
    query.usage.cached_tokens = 0;
    query.usage.cache_write_tokens = 0;
    query.usage.audio_input_tokens = 0;
    query.usage.image_input_tokens = 0;
    ok(has_cost(&query, 1000 * 2500 + 37 * 10000), "with the tokens counted until then");

    query = asked("claude", 100, 0);
    query.usage.cached_tokens = 5000;
    ok(has_cost(&query, 5000 * 300) && cost_of(obs, &query).inconsistent,
       "a cache larger than the input never makes the rest negative, and is told");

    query = asked("claude", 10000, 0);
    query.usage.cache_write_tokens = 3000;
    query.usage.cache_write_1h_tokens = 1000;
    ok(has_cost(&query, 7000 * 3000 + 2000 * 3750 + 1000 * 6000),
       "what is cached for an hour has its own price, and is not billed as both");
}

/* ---- rules --------------------------------------------------------------------------------- */

static void test_parts(void)
{
    llmobs_cost_query query = asked("flash", 10000, 5000);
    llmobs_cost cost;
    int64_t sum = 0;
    int kind;
    query.usage.cached_tokens = 1000;
    query.usage.audio_input_tokens = 2000;
    query.usage.image_input_tokens = 3000;
    query.usage.reasoning_tokens = 500;
    query.usage.audio_output_tokens = 700;
    query.usage.image_output_tokens = 900;
    cost = cost_of(obs, &query);
    is_int(cost.of[LLMOBS_COST_INPUT], 4000 * 500, "text of the input");
    is_int(cost.of[LLMOBS_COST_CACHE_READ], 1000 * 50, "from the cache");
    is_int(cost.of[LLMOBS_COST_AUDIO_INPUT], 2000 * 1000, "sound");
    is_int(cost.of[LLMOBS_COST_IMAGE_INPUT], 3000 * 2000, "pictures");
    is_int(cost.of[LLMOBS_COST_OUTPUT], 2900 * 3000, "text of the output");
    is_int(cost.of[LLMOBS_COST_REASONING], 500 * 4000, "reasoning");
    is_int(cost.of[LLMOBS_COST_AUDIO_OUTPUT], 700 * 12000, "sound");
    is_int(cost.of[LLMOBS_COST_IMAGE_OUTPUT], 900 * 30000, "pictures");
    is_int(cost.of[LLMOBS_COST_CACHE_WRITE] + cost.of[LLMOBS_COST_CACHE_WRITE_1H], 0, "no more");
    for (kind = 0; kind < (int)LLMOBS_COST_KIND_COUNT; kind++) {
        sum += cost.of[kind];
    }
    is_int(sum, cost.nano, "which is all");
    ok(!cost.inconsistent && !cost.saturated && !cost.dated && !cost.tiered && !cost.off_peak,
       "nothing is odd");
    is_int(cost.uplift, 1000000, "no uplift");
    is_str(cost.row, "flash", "the row");
    is_int(strlen(cost.table), 8, "the table");
    is_int(strlen(cost.date), 10, "its date");
    is_str(cost.service_tier, "", "the standard price");
    query.usage.reasoning_tokens = 9000;
    cost = cost_of(obs, &query);
    is_int(cost.of[LLMOBS_COST_OUTPUT], 0, "more reasoning than output leaves none");
    ok(cost.inconsistent, "and is told");
}

static void test_thresholds(void)
{
    llmobs_cost_query query = asked("claude", 200000, 1);
    ok(has_cost(&query, INT64_C(200000) * 3000 + 15000), "at a threshold: below");
    is_int(cost_of(obs, &query).threshold, 0, "which is told");
    query.usage.input_tokens++;
    ok(has_cost(&query, INT64_C(200001) * 6000 + 22500), "one more: above");
    is_int(cost_of(obs, &query).threshold, 200000, "which is told, too");
    query.usage.cache_write_tokens = 1000;
    query.usage.cache_write_1h_tokens = 400;
    query.usage.cached_tokens = 1000;
    ok(has_cost(&query, INT64_C(198001) * 6000 + 600 * 7500 + 400 * 12000 + 1000 * 600 + 22500),
       "all kinds have their price above it");
    query = asked("xai/grok", 127999, 0);
    ok(has_cost(&query, INT64_C(127999) * 2000), "xAI: below");
    query.usage.input_tokens = 128000;
    ok(has_cost(&query, INT64_C(128000) * 4000), "xAI: at the threshold is above");
    query.usage.cached_tokens = 1000;
    query.usage.output_tokens = 10;
    ok(has_cost(&query, INT64_C(127000) * 4000 + 1000 * 500 + 10 * 10000),
       "a kind without a price above keeps its own");
    query = asked("served", 400000, 0);
    query.usage.cached_tokens = 1;
    ok(has_cost(&query, INT64_C(399999) * 3000 + 100),
       "thresholds come from the prices of the input alone");
}

static void test_service(void)
{
    llmobs_cost_query query = asked("served", 1000, 100);
    query.usage.reasoning_tokens = 10;
    ok(has_cost(&query, 1000 * 1000 + 90 * 4000 + 10 * 5000), "the standard price");
    query.service_tier = "priority";
    ok(has_cost(&query, 1000 * 2000 + 100 * 8000),
       "priority: reasoning without a price of its own there is output there");
    is_str(cost_of(obs, &query).service_tier, "priority", "which is told");
    query.service_tier = "FAST";
    ok(has_cost(&query, 1000 * 2000 + 100 * 8000), "fast is priority, whatever the case");
    query.service_tier = "flex";
    ok(has_cost(&query, 1000 * 500 + 90 * 4000 + 10 * 5000),
       "flex: what has no price there has the standard one");
    query.service_tier = "batch";
    ok(has_cost(&query, 1000 * 400 + 90 * 4000 + 10 * 5000), "batch");
    query.service_tier = NULL;
    query.batch = true;
    ok(has_cost(&query, 1000 * 400 + 90 * 4000 + 10 * 5000), "batch by its flag");
    is_str(cost_of(obs, &query).service_tier, "batches", "which is told");
    query.batch = false;
    query.service_tier = "default";
    ok(has_cost(&query, 1000 * 1000 + 90 * 4000 + 10 * 5000), "default");
    query.service_tier = "ultrafast";
    ok(has_cost(&query, 1000 * 1000 + 90 * 4000 + 10 * 5000), "one without any price");
    is_str(cost_of(obs, &query).service_tier, "", "is billed as standard, and told so");
    query = asked("served", 100001, 0);
    query.service_tier = "priority";
    ok(has_cost(&query, INT64_C(100001) * 7000), "priority above a threshold");
    query.service_tier = "flex";
    ok(has_cost(&query, INT64_C(100001) * 3000), "flex: above it the standard price");
    query.usage.input_tokens = 200001;
    ok(has_cost(&query, INT64_C(200001) * 9000), "and a threshold of its own");
    query.service_tier = NULL;
    ok(has_cost(&query, INT64_C(200001) * 3000), "which is no other's");
}

static void test_tiered(void)
{
    llmobs_cost_query query = asked("qwen", 32000, 10);
    query.usage.cached_tokens = 1000;
    query.usage.reasoning_tokens = 4;
    ok(has_cost(&query, 31000 * 1000 + 1000 * 1000 + 10 * 2000),
       "tiered_pricing takes precedence; a tier does not mix: cached is input, reasoning output");
    ok(cost_of(obs, &query).tiered, "which is told");
    query.usage.input_tokens++;
    ok(has_cost(&query, 31001 * 2000 + 1000 * 100 + 10 * 3000), "the next tier");
    is_int(cost_of(obs, &query).threshold, 32000, "begins here");
    query.usage.input_tokens = 128001;
    ok(has_cost(&query, INT64_C(128001) * 4000 + 6 * 9000 + 4 * 7000),
       "a tier without a price of the output leaves it");
    query.usage.input_tokens = 900000;
    ok(has_cost(&query, INT64_C(900000) * 4000 + 6 * 9000 + 4 * 7000), "the last one has no end");
    query = asked("qwen", 0, 10);
    ok(has_cost(&query, 10 * 2000), "the first begins with nothing");
}

#define AT(day, hour, minute) \
    ((UINT64_C(20500) + (day)) * 86400 + (hour) * 3600 + (minute) * 60) * UINT64_C(1000000000)

/* Day 20500 is 2026-02-16, a Monday. */
static void test_off_peak(void)
{
    llmobs_cost_query query = asked("deepseek", 200000, 1000);
    query.usage.cached_tokens = 1000;
    query.unix_ns = AT(0, 16, 29);
    ok(has_cost(&query, INT64_C(199000) * 800 + 1000 * 100 + 1000 * 2000), "a minute before");
    query.unix_ns = AT(0, 16, 30);
    ok(has_cost(&query, INT64_C(199000) * 200 + 1000 * 100 + 1000 * 1000),
       "off-peak prices replace those above a threshold, and leave what they do not name");
    ok(cost_of(obs, &query).off_peak, "which is told");
    query.unix_ns = AT(1, 0, 29);
    ok(has_cost(&query, INT64_C(199000) * 200 + 1000 * 100 + 1000 * 1000), "over midnight");
    query.unix_ns = AT(1, 0, 30);
    ok(has_cost(&query, INT64_C(199000) * 800 + 1000 * 100 + 1000 * 2000), "to the minute");
    ok(!cost_of(obs, &query).off_peak, "which is told, too");
    query = asked("weekly", 1000, 0);
    query.unix_ns = AT(0, 10, 0);
    ok(has_cost(&query, 1000 * 1000), "on a Monday");
    query.unix_ns = AT(2, 11, 59);
    ok(has_cost(&query, 1000 * 1000), "a Wednesday, by its name");
    query.unix_ns = AT(3, 11, 0);
    ok(has_cost(&query, 1000 * 4000), "not on a Thursday");
    query.unix_ns = AT(4, 15, 59);
    ok(has_cost(&query, 1000 * 4000), "a Friday in London and Shanghai");
    query.unix_ns = AT(4, 16, 0);
    ok(has_cost(&query, 1000 * 1000), "where it is Saturday first");
    query.unix_ns = AT(6, 15, 59);
    ok(has_cost(&query, 1000 * 1000), "Sunday");
    query.unix_ns = AT(6, 16, 0);
    ok(has_cost(&query, 1000 * 4000), "and Monday");
    query = asked("zoned", 1000, 0);
    is_int(cost_of(obs, &query).status, LLMOBS_COST_UNKNOWN_MODEL,
           "weekdays of a zone that is not known: no price rather than a wrong one");
}

static uint64_t told_now;

static uint64_t told_clock(void* user)
{
    (void)user;
    return told_now;
}

static void test_clock(void)
{
    llmobs* all = obs;
    llmobs_config config = llmobs_config_default();
    llmobs_cost_query query = asked("deepseek", 1000, 0);
    config.host_pumped = true;
    config.price_bytes = 65536;
    config.clock.unix_ns = told_clock;
    told_now = AT(0, 20, 0);
    obs = llmobs_open(&config, NULL);
    (void)load(obs, table);
    ok(has_cost(&query, 1000 * 200), "without a time it is now, by the host's clock");
    is_str(cost_of(obs, &query).date, "2026-02-16", "and so is the day of loading");
    told_now = AT(1, 12, 0);
    ok(has_cost(&query, 1000 * 400), "which goes on");
    (void)llmobs_close(obs);
    obs = all;
}

static void test_uplift(void)
{
    llmobs_cost_query query = asked("served", 1001, 0);
    query.region = "eu";
    ok(has_cost(&query, 1001 * 1100), "a region's uplift is on all of it");
    is_int(cost_of(obs, &query).uplift, 1100000, "which is told");
    query.region = "US";
    ok(has_cost(&query, 1051050), "another's");
    query.region = "jp";
    ok(has_cost(&query, 1001 * 1000), "one without");
    query.region = "fedramp";
    ok(has_cost(&query, 1001 * 1200), "FedRAMP");
    query = asked("vertex", 10, 0);
    ok(has_cost(&query, 10000), "no region");
    query.region = "global";
    ok(has_cost(&query, 10000), "the global one");
    query.region = "us-east5";
    ok(has_cost(&query, 11000), "any other");
    query.region = NULL;
    query.service_tier = "fast";
    ok(has_cost(&query, 10000), "which \"fast\" is not");
    query = asked("claude", 10, 0);
    query.region = "us";
    query.service_tier = "fast";
    ok(has_cost(&query, 10 * 3000 * 11 / 10 * 2), "a region and a way of serving");
    is_int(cost_of(obs, &query).uplift, 2200000, "multiply");
}

static void test_rounding(void)
{
    static const int64_t tokens[] = {499999,  500000,  500001,  1499999, 1500000,
                                     1500001, 2500000, 2500001, 999999};
    static const int64_t nano[] = {0, 0, 1, 1, 2, 2, 2, 3, 1};
    llmobs_cost_query query = asked("femto", 0, 0);
    size_t i;
    for (i = 0; i < sizeof tokens / sizeof tokens[0]; i++) {
        query.usage.input_tokens = tokens[i];
        ok(has_cost(&query, nano[i]), "half to even, once");
    }
    query = asked("served", 1, 0);
    query.usage.cached_tokens = 0;
    query.region = "us"; /* 1,000 nano-USD * 1.05 */
    ok(has_cost(&query, 1050), "with an uplift");
    query = asked("femto", 476190, 0);
    is_int(exact(obs, &query), 0, "below a half");
}

/* ---- what is unknown ----------------------------------------------------------------------- */

static void test_unknown(void)
{
    llmobs_cost_query query = llmobs_cost_query_default();
    llmobs_cost cost;
    query.model = "plain";
    cost = cost_of(obs, &query);
    is_int(cost.status, LLMOBS_COST_NO_USAGE, "no usage");
    ok(cost.nano == UNKNOWN && cost.low == 0 && cost.high == UNKNOWN, "is no 0 USD");
    query.usage.input_tokens = 0;
    query.usage.output_tokens = 0;
    is_int(cost_of(obs, &query).status, LLMOBS_COST_NO_USAGE, "nor are zeros that nobody reported");
    query.usage.reported = true;
    ok(has_cost(&query, 0), "those that somebody did, are");
    query.usage.reported = false;
    query.usage.input_tokens = 1000;
    query.usage.output_tokens = 100;
    ok(has_range(&query, 3500000, 2250000, 3500000),
       "how much was cached is unknown: from all of it to nothing");
    query.usage.cached_tokens = 400;
    ok(has_cost(&query, 600 * 2500 + 400 * 1250 + 100 * 10000),
       "what has no price of its own need not be known");
    is_int(cost_of(obs, &query).saved, 400 * (2500 - 1250), "what the cache saved is, too");
    query.usage.output_tokens = -1;
    ok(has_range(&query, UNKNOWN, 2000000, 2000000 + 16384 * 10000),
       "no output: up to what the model can");
    is_int(cost_of(obs, &query).saved, UNKNOWN, "without the cost, what was saved is unknown");
    query.usage.reasoning_tokens = 84;
    ok(has_range(&query, UNKNOWN, 2840000, 2000000 + 16384 * 10000), "some of it is known");
    query.usage.input_tokens = -1;
    query.usage.output_tokens = 100;
    ok(has_range(&query, UNKNOWN, 1000000 + 400 * 1250,
                 1000000 + 400 * 1250 + INT64_C(127600) * 2500),
       "no input: up to what it takes");
    query.model = "vertex";
    ok(has_range(&query, UNKNOWN, 500000, UNKNOWN), "no bound where the model's is not known");
    query = llmobs_cost_query_default();
    query.model = "claude";
    query.usage.output_tokens = 100;
    ok(has_range(&query, UNKNOWN, 1500000, UNKNOWN), "by the lowest of the tiers");
    query.cache_additive = true;
    query.usage.input_tokens = 100;
    query.usage.cache_write_tokens = 0;
    ok(has_range(&query, 1800000, 1800000, UNKNOWN),
       "what comes on top has no bound, where it is unknown");
    query.usage.cached_tokens = 10;
    query.usage.cache_write_tokens = 1000;
    ok(has_range(&query, 1800000 + 3000 + 3750000, 1800000 + 3000 + 3750000,
                 1800000 + 3000 + 6000000),
       "how long it is cached is unknown");
    is_int(cost_of(obs, &query).saved, 10 * (3000 - 300), "reading saved, writing did not");
    query.usage.cache_write_1h_tokens = 250;
    ok(has_cost(&query, 1800000 + 3000 + 750 * 3750 + 250 * 6000), "or known");
    query.usage.cache_write_1h_tokens = -5;
    query.usage.reported = true;
    ok(has_cost(&query, 1800000 + 3000 + 3750000),
       "what a provider's account does not name is none");
    query.usage.input_tokens = INT64_MAX;
    is_int(cost_of(obs, &query).status, LLMOBS_COST_RANGE, "a number beyond reason is unknown");
}

static void test_unpriced(void)
{
    llmobs_cost_query query = asked("nobody", 1, 1);
    llmobs_cost cost = cost_of(obs, &query);
    ok(cost.status == LLMOBS_COST_UNKNOWN_MODEL && cost.nano == UNKNOWN && cost.row[0] == '\0' &&
           cost.low == 0 && cost.high == UNKNOWN,
       "a model without prices has no cost, not 0 USD");
    query = asked("embedding", 1000, 0);
    ok(has_cost(&query, 20000), "an embedding");
    query.usage.reported = false;
    query.usage.output_tokens = -1;
    ok(has_cost(&query, 20000), "has no output to be unknown");
    query.usage.output_tokens = 5;
    cost = cost_of(obs, &query);
    ok(cost.status == LLMOBS_COST_UNPRICED && cost.nano == UNKNOWN && cost.low == 20000 &&
           cost.of[0] == UNKNOWN,
       "with some there is no price for it");
    query = asked("speech", 10, 0);
    is_int(cost_of(obs, &query).status, LLMOBS_COST_UNPRICED, "no price of the input");
    query = asked("speech", 0, 10);
    query.usage.audio_output_tokens = 10;
    ok(has_cost(&query, 120000), "sound alone has one");
    query = asked("pictures", 10, 100);
    ok(has_cost(&query, 50000 + 100 * 40000), "a model that makes pictures alone: output is that");
    query = asked("free", 1000000, 1000000);
    ok(has_cost(&query, 0), "free of charge is a price");
}

static void test_refused(void)
{
    llmobs* all = obs;
    llmobs_config config = llmobs_config_default();
    llmobs_cost_query query = asked("dear", 1000, 0);
    llmobs_prices about;
    llmobs_cost cost;
    ok(has_cost(&query, INT64_C(1000000000000000)), "a million USD is a cost");
    query = asked("dear", 10, 10);
    query.usage.reported = false;
    ok(has_cost(&query, INT64_C(20000000000000)), "20,000 USD, more than 64 bits hold, as a bound");
    query = asked("dear", 1001, 0);
    cost = cost_of(obs, &query);
    ok(cost.status == LLMOBS_COST_REFUSED && cost.nano == UNKNOWN && !cost.saturated,
       "more is refused");
    is_int(cost.low, INT64_C(1001000000000000), "and shown as a bound");
    query.usage.input_tokens = INT64_MAX / 4;
    query.usage.output_tokens = INT64_MAX / 4;
    query.region = "fedramp";
    query.service_tier = "fast";
    cost = cost_of(obs, &query);
    ok(cost.status == LLMOBS_COST_REFUSED && cost.saturated && cost.low == INT64_MAX &&
           cost.high == INT64_MAX && cost.nano == UNKNOWN,
       "the most that can be asked for saturates, and says so");
    memset(&about, 0, sizeof about);
    (void)llmobs_prices_identity(obs, &about);
    is_int(about.refused, 2, "the refused are counted");
    config.host_pumped = true;
    config.price_bytes = 65536;
    config.cost_most = 2;
    obs = llmobs_open(&config, NULL);
    (void)load(obs, table);
    query = asked("plain", 800000, 0);
    ok(has_cost(&query, 2000000000), "cost_most is the most");
    query.usage.input_tokens++;
    is_int(cost_of(obs, &query).status, LLMOBS_COST_REFUSED, "and no more");
    (void)llmobs_close(obs);
    obs = all;
}

/* Counts beyond what a double holds: to the last nano-USD. */
static void test_large(void)
{
    llmobs_cost_query query = asked("femto", INT64_C(9007199254740993), 0);
    ok(has_cost(&query, INT64_C(9007199255)), "2^53 + 1 tokens");
    query.usage.input_tokens = INT64_MAX / 4;
    ok(has_cost(&query, INT64_C(2305843009214)), "2^61 - 1 tokens");
}

/* ---- properties ---------------------------------------------------------------------------- */

/* Whatever is left unknown, the cost lies within the bounds that were told without it. */
static void test_bounds(void)
{
    static const char* const models[] = {"plain", "claude", "flash", "served", "xai/grok", "qwen",
                                         "deepseek", "vertex"};
    static const char* const tiers[] = {NULL, "flex", "priority", "batch"};
    int outside = 0, ranges = 0, odd = 0, i;
    for (i = 0; i < 200000; i++) {
        llmobs_cost_query query =
            asked(models[next_random() % 8], (int64_t)(next_random() % 127000),
                  (int64_t)(next_random() % 16000));
        llmobs_usage* usage = &query.usage;
        uint64_t hide = next_random();
        llmobs_cost cost, hidden;
        int64_t left = usage->input_tokens;
        query.service_tier = tiers[next_random() % 4];
        query.region = next_random() % 2 ? "eu" : NULL;
        query.unix_ns = AT(0, next_random() % 24, 0);
#define PART(name)                                                             \
    usage->name = next_random() % 3 ? (int64_t)(next_random() % ((uint64_t)left + 1)) : 0; \
    left -= usage->name;
        PART(cached_tokens)
        PART(cache_write_tokens)
        PART(audio_input_tokens)
        PART(image_input_tokens)
        usage->cache_write_1h_tokens = usage->cache_write_tokens / 3;
        left = usage->output_tokens;
        PART(reasoning_tokens)
        PART(audio_output_tokens)
        PART(image_output_tokens)
        cost = cost_of(obs, &query);
        odd += cost.status != LLMOBS_COST_EXACT || cost.inconsistent;
        usage->reported = false;
        usage->input_tokens = hide & 1 && hide & 2 ? -1 : usage->input_tokens;
        usage->output_tokens = hide & 4 && hide & 8 ? -1 : usage->output_tokens;
        usage->cached_tokens = hide & 16 ? -1 : usage->cached_tokens;
        usage->cache_write_tokens = hide & 32 ? -1 : usage->cache_write_tokens;
        usage->cache_write_1h_tokens = hide & 64 ? -1 : usage->cache_write_1h_tokens;
        usage->audio_input_tokens = hide & 128 ? -1 : usage->audio_input_tokens;
        usage->image_input_tokens = hide & 256 ? -1 : usage->image_input_tokens;
        usage->reasoning_tokens = hide & 512 ? -1 : usage->reasoning_tokens;
        usage->audio_output_tokens = hide & 1024 ? -1 : usage->audio_output_tokens;
        usage->image_output_tokens = hide & 2048 ? -1 : usage->image_output_tokens;
        hidden = cost_of(obs, &query);
        if (hidden.status == LLMOBS_COST_NO_USAGE) {
            continue;
        }
        ranges += hidden.status == LLMOBS_COST_RANGE;
        if (cost.nano < hidden.low || (hidden.high != UNKNOWN && cost.nano > hidden.high)) {
            outside++;
        }
        odd += hidden.nano != UNKNOWN && hidden.high != UNKNOWN &&
               (hidden.nano < hidden.low || hidden.nano > hidden.high);
    }
    is_int(outside, 0, "the cost is within its bounds, whatever is hidden");
    is_int(odd, 0, "and so is the number in between");
    ok(ranges > 50000, "most of which are real ranges");
}

#if defined(__SIZEOF_INT128__)
__extension__ typedef unsigned __int128 u128;

static int64_t divided(u128 number, u128 unit)
{
    u128 whole = number / unit, rest = number % unit;
    whole += rest > unit / 2 || (rest == unit / 2 && (whole & 1) != 0);
    return whole >= INT64_MAX ? INT64_MAX : (int64_t)whole;
}

/* A sum that two factors, of millionths each, bring to the middle between two nano-USD, or next to
   it. */
static u128 near_middle(const uint32_t uplifts[2], u128 unit)
{
    u128 middle = (u128)(next_random() % 1000000) * unit + unit / 2;
    return middle / ((u128)uplifts[0] * uplifts[1]) + next_random() % 3;
}
#endif

/* Against another way to divide: 128 bits by the compiler's own, where there are some. */
static void test_division(void)
{
#if defined(__SIZEOF_INT128__)
    static const uint32_t factors[] = {1000000, 1100000, 500000, 2000000, 1333333, 1000001, 930000};
    u128 unit = (u128)1000000 * 1000000 * 1000000;
    int wrong = 0, i;
    for (i = 0; i < 300000; i++) {
        uint32_t uplifts[2];
        llmobsi_femto sum;
        u128 number;
        uplifts[0] = factors[next_random() % 7];
        uplifts[1] = next_random() % 2 ? LLMOBS_I_UPLIFT_UNIT : factors[next_random() % 7];
        number = (u128)(next_random() >> 20) << next_random() % 42;
        if (next_random() % 2) {
            number = near_middle(uplifts, unit);
        }
        sum.low = (uint64_t)number;
        sum.high = (uint64_t)(number >> 64);
        number *= (u128)uplifts[0] * uplifts[1];
        wrong += llmobsi_femto_round_wide(sum, uplifts) != divided(number, unit);
        wrong += llmobsi_femto_round(sum, uplifts) != divided(number, unit);
    }
    is_int(wrong, 0, "uplifts and the rounding are as by 128-bit arithmetic");
#else
    skip("128-bit arithmetic", "this compiler has none");
#endif
}

static void test_arguments(void)
{
    llmobs_cost_query query = asked("plain", 1, 0);
    llmobs_cost cost;
    memset(&cost, 0, sizeof cost);
    is_int(llmobs_cost_of(obs, NULL, &cost), LLMOBS_ERROR_ARGUMENT, "no query");
    is_int(llmobs_cost_of(obs, &query, NULL), LLMOBS_ERROR_ARGUMENT, "nowhere to put it");
    is_int(llmobs_cost_of(NULL, &query, &cost), LLMOBS_ERROR_CLOSED, "no instance");
    is_int(cost.status, LLMOBS_COST_UNKNOWN_MODEL, "has no cost");
    is_int(cost.nano, UNKNOWN, "which is not 0");
    cost.size = offsetof(llmobs_cost, low);
    cost.low = 77;
    is_int(llmobs_cost_of(obs, &query, &cost), LLMOBS_OK, "an older, shorter struct");
    ok(cost.nano == 2500 && cost.low == 77, "gets what it has");
    query.size = offsetof(llmobs_cost_query, batch);
    query.batch = true;
    is_int(exact(obs, &query), 2500, "an older query says less");
}

int main(void)
{
    obs = open_priced(65536);
    is_int(load(obs, table), LLMOBS_OK, "the table");
    if (load_error.line != 0) {
        printf("# %u:%u %s\n", load_error.line, load_error.column, load_error.reason);
    }
    test_published();
    test_parts();
    test_thresholds();
    test_service();
    test_tiered();
    test_off_peak();
    test_clock();
    test_uplift();
    test_rounding();
    test_unknown();
    test_unpriced();
    test_refused();
    test_large();
    test_bounds();
    test_division();
    test_arguments();
    (void)llmobs_close(obs);
    return done();
}

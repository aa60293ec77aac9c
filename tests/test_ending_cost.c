/* What requests cost at their end: by a table of prices, by time on own hardware, and in budgets;
   and who is told. */
#include "llmobs_private.h"

#include "tap.h"

#include "keeper.h"

#include "requester.h"

#include "ledger.h"
#include "priced.h"

static const char table[] =
    "{\"m\":{\"input_cost_per_token\":1e-6,\"output_cost_per_token\":4e-6,"
    "\"cache_read_input_token_cost\":1e-7,\"max_input_tokens\":1000,\"max_output_tokens\":500,"
    "\"input_cost_per_token_flex\":5e-7,\"output_cost_per_token_flex\":2e-6},"
    "\"m-2\":{\"input_cost_per_token\":2e-6,\"output_cost_per_token\":8e-6,"
    "\"max_input_tokens\":1000,\"max_output_tokens\":500}}";

static llmobs* open_with_prices(const llmobs_config* config, keeper* kept)
{
    llmobs* obs = open_kept(config, kept);
    is_int(llmobs_prices_load(obs, table, sizeof table - 1, NULL), LLMOBS_OK, "prices");
    return obs;
}

static llmobs_config cost_config(void)
{
    llmobs_config config = ledger_config();
    config.price_bytes = 65536;
    return config;
}

/* A request of a model, with an outcome; its log record. */
static const llmobs_interaction* ended(llmobs* obs, keeper* kept, const char* model,
                                       const llmobs_outcome* outcome)
{
    llmobs_request_info info = llmobs_request_info_default();
    info.model = model;
    info.request_id = "r";
    llmobs_request_end(llmobs_request_begin(obs, &info), outcome);
    (void)llmobs_flush(obs, 5000);
    return kept->logs[kept->log_count - 1].interaction;
}

static void test_prices(void)
{
    llmobs_config config = cost_config();
    llmobs_outcome outcome = llmobs_outcome_default();
    const llmobs_interaction* log;
    const llmobs_span_view* root;
    llmobs_explanation why;
    keeper kept;
    llmobs* obs = open_with_prices(&config, &kept);
    outcome.usage.input_tokens = 300;
    outcome.usage.output_tokens = 50;
    outcome.usage.cached_tokens = 100;
    log = ended(obs, &kept, "m", &outcome);
    ok(log->cost_known && log->cost_nano == 200 * 1000 + 100 * 100 + 50 * 4000,
       "by the table: text, what a cache held, output");
    root = kept_span(&kept, "chat m");
    ok(kept_attribute(root, "gen_ai.usage.cost")->value.real > 0.000409 &&
           kept_attribute(root, "gen_ai.usage.cost")->value.real < 0.000411,
       "the span says so");
    is_str(kept_string(root, "llmobs.price.row"), "m", "by which row");
    is_int(strlen(kept_string(root, "llmobs.price.table")), 8, "of which table");
    is_int(strlen(kept_string(root, "llmobs.price.date")), 10, "of which day");
    ok(llmobs_request_explain(obs, "r", &why) == LLMOBS_OK && why.cost_nano == 410000 &&
           why.cost_of[LLMOBS_COST_INPUT] == 200000 &&
           why.cost_of[LLMOBS_COST_CACHE_READ] == 10000 &&
           why.cost_of[LLMOBS_COST_OUTPUT] == 200000,
       "explained, part by part");
    is_str(sample(obs, "llm_cost_usd_total{model=\"m\",feature=\"\"}"), "0.00041", "the metric");
    is_str(sample(obs, "llm_tokens_by_kind_total{model=\"m\",feature=\"\",kind=\"cache_read\"}"),
           "100", "and the tokens by kind");
    outcome.service_tier = "flex";
    outcome.usage.cached_tokens = 0;
    is_int(ended(obs, &kept, "m", &outcome)->cost_nano, 300 * 500 + 50 * 2000, "of a tier");
    outcome.service_tier = NULL;
    outcome.response_model = "m-2";
    is_int(ended(obs, &kept, "m", &outcome)->cost_nano, 2 * (300 * 1000 + 50 * 4000),
           "of the model that answered");
    outcome.response_model = "somebody's";
    is_int(ended(obs, &kept, "m", &outcome)->cost_nano, 300 * 1000 + 50 * 4000,
           "or of the one asked for");
    outcome.cost_known = true;
    outcome.cost_nano = 7;
    is_int(ended(obs, &kept, "m", &outcome)->cost_nano, 7, "the host knows better");
    ok(close_kept(obs, &kept), "all is accounted for");
}

/* Unknown is not zero. */
static void test_unknown(void)
{
    llmobs_config config = cost_config();
    llmobs_outcome outcome = llmobs_outcome_default();
    const llmobs_cost_sums* sums = &asked_answer.total;
    llmobs_request_info info = llmobs_request_info_default();
    llmobs_request request;
    keeper kept;
    llmobs* obs = open_with_prices(&config, &kept);
    ok(!ended(obs, &kept, "m", NULL)->cost_known, "no usage, no cost");
    (void)ask(obs, NULL, 9);
    ok(sums->unknown == 1 && sums->cost_nano == 0 && sums->unbounded == 1, "which is counted");
    outcome.usage.input_tokens = 100;
    outcome.usage.output_tokens = 10;
    ok(!ended(obs, &kept, "no such", &outcome)->cost_known, "no price, no cost");
    info.model = "m";
    request = llmobs_request_begin(obs, &info); /* a stream that the client left */
    llmobs_request_tokens(request, 5);
    outcome = llmobs_outcome_default();
    outcome.usage.input_tokens = 100;
    outcome.cancelled = true;
    llmobs_request_end(request, &outcome);
    (void)ask(obs, NULL, 9);
    is_int(sums->unknown, 3, "what was counted has a range");
    is_int(sums->unbounded, 2, "which has two ends");
    ok(sums->low_nano > 0 && sums->low_nano <= 100 * 1000 + 5 * 4000 &&
           sums->high_nano >= 100 * 1000 + 5 * 4000,
       "the truth within it");
    is_int(sums->output_tokens, 15, "and its tokens");
    is_str(sample(obs, "llm_cost_unknown_requests_total{model=\"m\",feature=\"\"}"), "2",
           "a metric tells how many");
    ok(close_kept(obs, &kept), "all is accounted for");
}

static void test_openinference(void)
{
    llmobs_config config = cost_config();
    llmobs_outcome outcome = llmobs_outcome_default();
    const llmobs_span_view* root;
    keeper kept;
    llmobs* obs;
    config.vocabulary = LLMOBS_VOCABULARY_OPENINFERENCE;
    obs = open_with_prices(&config, &kept);
    outcome.usage.input_tokens = 3000000;
    outcome.usage.output_tokens = 500000;
    outcome.usage.cached_tokens = 1000000;
    (void)ended(obs, &kept, "m", &outcome);
    root = kept_span(&kept, "chat m");
#define PART(name, usd)                                                                          \
    ok(kept_attribute(root, name) != NULL && kept_attribute(root, name)->value.real == usd, name)
    PART("llm.cost.total", 4.1);
    PART("llm.cost.prompt", 2.1);
    PART("llm.cost.completion", 2.0);
    PART("llm.cost.prompt_details.input", 2.0);
    PART("llm.cost.prompt_details.cache_read", 0.1);
    PART("llm.cost.completion_details.output", 2.0);
#undef PART
    ok(close_kept(obs, &kept), "all is accounted for");
}

/* ---- own hardware -------------------------------------------------------------------------- */

static void test_time(void)
{
    llmobs_config config = ledger_config();
    llmobs_request requests[3];
    keeper kept;
    llmobs* obs;
    int i;
    config.gpu_second_nano = 700000; /* 2.52 USD an hour */
    obs = open_kept(&config, &kept);
    for (i = 0; i < 3; i++) {
        requests[i] = llmobs_request_begin(obs, NULL);
    }
    llmobs_requests_share(requests, 3, 3000000000);
    llmobs_requests_share(requests, 2, 1000000001);
    for (i = 0; i < 3; i++) {
        llmobs_request_end(requests[i], NULL);
    }
    (void)ask(obs, NULL, 9);
    is_int(kept.logs[0].interaction->cost_nano, 1050000, "a second and a half");
    is_int(kept.logs[2].interaction->cost_nano, 700000, "a second");
    is_int(asked_answer.total.cost_nano, 2800000, "together what the hardware cost");
    ok(!ended(obs, &kept, "m", NULL)->cost_known, "without a share it is unknown");
    is_int(llmobsi_cost_of_hardware(2500, 1000000, 0, 0), 2, "rounded half to even");
    is_int(llmobsi_cost_of_hardware(3500, 1000000, 0, 0), 4, "both ways");
    is_int(llmobsi_cost_of_hardware(UINT64_MAX, INT64_MAX, UINT64_MAX, INT64_MAX), INT64_MAX,
           "beyond reason");
    ok(close_kept(obs, &kept), "all is accounted for");
}

/* ---- energy of own hardware ------------------------------------------------------------------ */

#define KWH UINT64_C(3600000000000) /* in microjoules */

static void test_energy_sums(void)
{
    is_int(llmobsi_cost_of_hardware(0, 0, KWH, 150000000), 150000000, "a kilowatt hour");
    is_int(llmobsi_cost_of_hardware(0, 0, 1000000, 150000000), 42, "a joule is 41.67 nano-USD");
    is_int(llmobsi_cost_of_hardware(1000000000, 700000, 3 * KWH, 150000000), 450700000,
           "on top of the time");
    is_int(llmobsi_cost_of_hardware(2000, 1000000, KWH / 2, 1), 2, "a half to the even one");
    is_int(llmobsi_cost_of_hardware(1500, 1000000, KWH, 1), 2, "of the sum, not of its parts");
    is_int(llmobsi_cost_of_hardware(500, 1000000, KWH / 2, 1), 1, "two halves are one");
    is_int(llmobsi_cost_of_hardware(499, 1000000, KWH / 2, 1), 1, "and so is a little less");
    is_int(llmobsi_cost_of_hardware(0, 0, UINT64_C(1) << 63, 3600 * INT64_C(1000000000)),
           INT64_MAX, "products of more than 64 bits");
}

static void test_energy(void)
{
    llmobs_config config = ledger_config();
    llmobs_request requests[3];
    const llmobs_span_view* root;
    keeper kept;
    llmobs* obs;
    int i;
    config.gpu_second_nano = 700000;
    config.kwh_nano = 3600000000; /* so that a microjoule is a thousandth of a nano-USD */
    obs = open_kept(&config, &kept);
    for (i = 0; i < 3; i++) {
        requests[i] = llmobs_request_begin(obs, NULL);
    }
    llmobs_requests_share(requests, 3, 3000000000);
    llmobs_requests_share_energy(requests, 3, 7000002);
    llmobs_requests_share_energy(requests, 2, 1999);
    llmobs_requests_share_energy(NULL, 2, 1999);
    for (i = 0; i < 3; i++) {
        llmobs_request_end(requests[i], NULL);
    }
    (void)ask(obs, NULL, 9);
    root = &kept.spans[0];
    ok(kept_attribute(root, "llmobs.request.energy")->value.real == 2.334334,
       "the span tells its joules");
    is_int(kept.logs[0].interaction->cost_nano, 700000 + 2334, "time and energy");
    is_int(kept.logs[1].interaction->cost_nano, 700000 + 2334, "of each");
    is_int(kept.logs[2].interaction->cost_nano, 700000 + 2333, "its part");
    requests[0] = llmobs_request_begin(obs, NULL);
    llmobs_requests_share(requests, 1, 1000000000);
    llmobs_request_end(requests[0], NULL);
    requests[0] = llmobs_request_begin(obs, NULL);
    llmobs_requests_share_energy(requests, 1, 1000000);
    llmobs_request_end(requests[0], NULL);
    requests[0] = llmobs_request_begin(obs, NULL);
    llmobs_requests_share(requests, 1, 1000000000);
    llmobs_requests_share_energy(requests, 1, LLMOBS_ENERGY_MOST + 1);
    llmobs_requests_share_energy(requests, 1, LLMOBS_ENERGY_MOST);
    llmobs_request_end(requests[0], NULL);
    (void)ask(obs, NULL, 9);
    for (i = 3; i < 6; i++) {
        ok(!kept.logs[i].interaction->cost_known, "half of it is not the cost");
    }
    ok(asked_answer.total.unknown == 3 && asked_answer.total.unbounded == 3 &&
           asked_answer.total.low_nano == 2 * 700000 + 1000,
       "but the least that it can be");
    requests[0] = llmobs_request_begin(obs, NULL);
    llmobs_requests_share(requests, 1, 1000000000);
    llmobs_requests_share_energy(requests, 1, 0);
    llmobs_request_end(requests[0], NULL);
    (void)ask(obs, NULL, 9);
    is_int(kept.logs[6].interaction->cost_nano, 700000, "a meter that stood still says 0");
    ok(close_kept(obs, &kept), "all is accounted for");
}

/* However a batch is split, its parts are the whole. */
static void test_energy_is_split(void)
{
    llmobs_config config = ledger_config();
    llmobs_request requests[7];
    keeper kept;
    llmobs* obs;
    size_t i, j;
    config.kwh_nano = 3600 * INT64_C(1000000000); /* a microjoule is a nano-USD */
    obs = open_kept(&config, &kept);
    for (i = 0; i < 7; i++) {
        requests[i] = llmobs_request_begin(obs, NULL);
    }
    for (i = 1; i <= 7; i++) {
        for (j = 0; j < 20; j++) {
            llmobs_requests_share_energy(requests, i, j);
        }
    }
    for (i = 0; i < 7; i++) {
        llmobs_request_end(requests[i], NULL);
    }
    (void)ask(obs, NULL, 9);
    is_int(asked_answer.total.cost_nano, 7 * 190, "to the microjoule");
    ok(close_kept(obs, &kept), "all is accounted for");
}

/* ---- what caches save ---------------------------------------------------------------------- */

static const char dear[] =
    "{\"d\":{\"input_cost_per_token\":1e-6,\"output_cost_per_token\":4e-6,"
    "\"cache_read_input_token_cost\":2e-6}}";

static void test_saved(void)
{
    llmobs_config config = cost_config();
    llmobs_outcome outcome = llmobs_outcome_default();
    llmobs_cost_question question = llmobs_cost_question_default();
    llmobs_explanation why;
    keeper kept;
    llmobs* obs = open_with_prices(&config, &kept);
    outcome.usage.input_tokens = 300;
    outcome.usage.output_tokens = 50;
    outcome.usage.cached_tokens = 100;
    (void)ended(obs, &kept, "m", &outcome);
    ok(llmobs_request_explain(obs, "r", &why) == LLMOBS_OK && why.saved_nano == 100 * 900,
       "each cached token nine tenths of a token of the input");
    outcome.service_tier = "flex";
    (void)ended(obs, &kept, "m", &outcome);
    (void)llmobs_request_explain(obs, "r", &why);
    is_int(why.saved_nano, 100 * 400, "at the rates of the tier");
    outcome.service_tier = NULL;
    outcome.cost_known = true;
    outcome.cost_nano = 7;
    (void)ended(obs, &kept, "m", &outcome);
    outcome.cost_known = false;
    outcome.usage.output_tokens = -1;
    (void)ended(obs, &kept, "m", &outcome);
    question.by = LLMOBS_COST_BY_TENANT;
    (void)ask(obs, &question, 9);
    is_int(asked_answer.total.saved_nano, 130000, "of others it is not known, and in no sum");
    is_int(asked_lines[0].sums.saved_nano, 130000, "by tenant, too");
    is_int(llmobs_prices_load(obs, dear, sizeof dear - 1, NULL), LLMOBS_OK, "a dear cache");
    outcome.usage.output_tokens = 50;
    is_int(ended(obs, &kept, "d", &outcome)->cost_nano, 600000, "costs more");
    (void)llmobs_request_explain(obs, "r", &why);
    is_int(why.saved_nano, 0, "and saves nothing, rather than less than that");
    ok(close_kept(obs, &kept), "all is accounted for");
}

/* Prefill of 300 of 1,000 tokens, in so many nanoseconds, with so much of the hardware. */
static int64_t saved_in(llmobs* obs, uint64_t prefill_ns, uint64_t shared_ns, bool scheduled,
                        bool additive)
{
    llmobs_outcome outcome = llmobs_outcome_default();
    llmobs_request request = llmobs_request_begin(obs, NULL);
    int64_t before;
    (void)ask(obs, NULL, 9);
    before = asked_answer.total.saved_nano;
    if (scheduled) {
        fake_now += 5000000;
        llmobs_request_scheduled(request);
    }
    fake_now += prefill_ns;
    llmobs_request_token(request);
    fake_now += 1000000000;
    llmobs_requests_share(&request, 1, shared_ns);
    outcome.usage.input_tokens = additive ? 300 : 1000;
    outcome.usage.cached_tokens = 700;
    outcome.cache_additive = additive;
    llmobs_request_end(request, &outcome);
    (void)ask(obs, NULL, 9);
    return asked_answer.total.saved_nano - before;
}

static void test_saved_time(void)
{
    llmobs_config config = ledger_config();
    keeper kept;
    llmobs* obs;
    config.gpu_second_nano = 1000000000; /* a nanosecond is a nano-USD */
    obs = open_kept(&config, &kept);
    is_int(saved_in(obs, 3000, 9000, true, false), 7000, "as long for each token as it took");
    is_int(saved_in(obs, 3000, 9000, true, true), 7000, "where they come on top, too");
    is_int(saved_in(obs, 3000, 600, true, false), 1400, "with its part of the hardware");
    is_int(saved_in(obs, 3000, 9000, false, false), 0, "not where it may have waited");
    ok(close_kept(obs, &kept), "all is accounted for");
}

/* ---- budgets ------------------------------------------------------------------------------- */

static int64_t spent_of(llmobs_budget budget)
{
    llmobs_budget_state state;
    memset(&state, 0, sizeof state);
    (void)llmobs_budget_status(budget, NULL, &state);
    return state.reserved_nano == 0 ? state.spent_nano : -1;
}

static void test_reservation(void)
{
    llmobs_config config = cost_config();
    llmobs_budget_info info = llmobs_budget_info_default();
    llmobs_budget_query query = llmobs_budget_query_default();
    llmobs_outcome outcome = llmobs_outcome_default();
    llmobs_budget budget;
    keeper kept;
    llmobs* obs;
    config.budgets = 4;
    obs = open_with_prices(&config, &kept);
    info.name = "all";
    info.hard_nano = 10000000;
    is_int(llmobs_budget_add(obs, &info, &budget), LLMOBS_OK, "a budget");
    query.nano = 900000;
    outcome.reservation = llmobs_budget_reserve(obs, &query, NULL);
    is_int(spent_of(budget), -1, "reserved");
    outcome.usage.input_tokens = 300;
    outcome.usage.output_tokens = 50;
    (void)ended(obs, &kept, "m", &outcome);
    is_int(spent_of(budget), 500000, "the end settles what it cost");
    (void)ended(obs, &kept, "m", &outcome);
    is_int(spent_of(budget), 500000, "once");
    outcome.reservation = llmobs_budget_reserve(obs, &query, NULL);
    outcome.usage.output_tokens = -1;
    (void)ended(obs, &kept, "m", &outcome);
    is_int(spent_of(budget), 500000 + 300 * 1000 + 500 * 4000, "of a range its upper end");
    outcome.reservation = llmobs_budget_reserve(obs, &query, NULL);
    (void)ended(obs, &kept, "no such", &outcome);
    is_int(spent_of(budget), 2800000 + 900000, "of what is unknown all that was reserved");
    ok(close_kept(obs, &kept), "all is accounted for");
}

int main(void)
{
    test_prices();
    test_unknown();
    test_openinference();
    test_time();
    test_energy_sums();
    test_energy();
    test_energy_is_split();
    test_saved();
    test_saved_time();
    test_reservation();
    return done();
}

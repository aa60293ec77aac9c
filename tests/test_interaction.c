/* Interactions through the slots: what goes in comes out, whole or known to be cut. */
#include "llmobs_private.h"
#include "tap.h"

#include "interaction_sample.h"
#include "keeper.h"

static void test_default(void)
{
    llmobs_interaction nothing = llmobs_interaction_default();
    ok(nothing.size == sizeof nothing && nothing.severity == LLMOBS_SEVERITY_INFO &&
           nothing.guardrails_passed && !nothing.cost_known && nothing.unix_ns == 0,
       "nothing is known");
    ok(nothing.request_id.size == 0 && nothing.prompt_version.data != NULL, "empty texts");
    ok(nothing.input_length == -1 && nothing.retries == -1 && nothing.cost_nano == -1, "-1");
}

static void test_all(void)
{
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    llmobs_span span = llmobs_span_root(obs, "request");
    llmobs_interaction sample = interaction_sample();
    llmobs_trace_context context;
    const llmobs_log_view* log;
    (void)llmobs_span_context(span, &context);
    llmobs_log_interaction(obs, span, &sample);
    llmobs_span_end(span);
    (void)llmobs_flush(obs, 1000);
    log = &kept.logs[0];
    ok(kept.log_count == 1 && log->interaction != NULL, "an interaction is a log record");
    is_str(log->event_name.data, "llm.interactions", "of this name");
    ok(log->body.size == 0 && log->attribute_count == 0, "with neither body nor attributes");
    ok(same_interaction(log->interaction, &sample), "every member comes out as it went in");
    ok(log->unix_ns == sample.unix_ns && log->severity == LLMOBS_SEVERITY_WARN, "time, severity");
    ok(memcmp(log->trace_id, context.trace_id, 16) == 0 &&
           memcmp(log->span_id, context.span_id, 8) == 0,
       "trace and span");
    is_int(log->dropped_attribute_count, 0, "nothing was dropped");
    ok(close_kept(obs, &kept), "the account balances");
}

static void test_each(int64_t number, const char* what)
{
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    size_t wrong = 0;
    uint32_t i;
    for (i = 0; i < LLMOBS_I_INTERACTION_TEXTS + LLMOBS_I_INTERACTION_NUMBERS; i++) {
        llmobs_interaction one = llmobs_interaction_default();
        llmobsi_interaction_parts parts;
        llmobsi_interaction_parts_of(&one, &parts);
        if (i < LLMOBS_I_INTERACTION_TEXTS) {
            parts.texts[i] = llmobs_str("alone");
        } else {
            parts.numbers[i - LLMOBS_I_INTERACTION_TEXTS] = number;
        }
        llmobsi_interaction_set_parts(&one, &parts);
        one.cost_known = i == LLMOBS_I_INTERACTION_TEXTS + LLMOBS_I_INTERACTION_NUMBERS - 1;
        llmobs_log_interaction(obs, llmobsi_span_none(), &one);
        (void)llmobs_flush(obs, 1000);
        one.unix_ns = kept.logs[i].unix_ns;
        wrong += !same_interaction(kept.logs[i].interaction, &one);
        wrong += !kept_is_zero(kept.logs[i].trace_id, 16);
    }
    is_int(wrong, 0, what);
    ok(kept.logs[0].unix_ns == kept.logs[0].observed_unix_ns, "now, where no time was given");
    ok(close_kept(obs, &kept), "the account balances");
}

static void test_strange(void)
{
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    llmobs_interaction one = llmobs_interaction_default();
    static const llmobs_string rules[2] = {{NULL, 9}, {"\xff", 1}};
    const llmobs_interaction* got;
    one.input_tokens = INT64_MIN;
    one.latency_ns = -2;
    one.cost_nano = -5;
    one.cost_known = true;
    one.request_id.data = NULL;
    one.request_id.size = 7;
    one.model.data = "a\n\0\xff";
    one.model.size = 4;
    one.guardrails_triggered = rules;
    one.guardrail_count = 2;
    one.severity = (llmobs_severity)0;
    llmobs_log_interaction(obs, llmobsi_span_none(), &one);
    one.guardrails_triggered = NULL; /* with a count */
    llmobs_log_interaction(obs, llmobsi_span_none(), &one);
    llmobs_log_interaction(obs, llmobsi_span_none(), NULL);
    llmobs_log_interaction(NULL, llmobsi_span_none(), &one);
    one.severity = LLMOBS_SEVERITY_DEBUG;
    llmobs_log_interaction(obs, llmobsi_span_none(), &one);
    (void)llmobs_flush(obs, 1000);
    is_int(kept.log_count, 2, "NULL is no interaction, and a level holds for them, too");
    got = kept.logs[0].interaction;
    ok(got->input_tokens == -1 && got->latency_ns == -1, "negative numbers are unknown");
    ok(got->cost_known && got->cost_nano == -5, "but for money, which may be given back");
    is_int(got->request_id.size, 0, "NULL is empty");
    ok(got->model.size == 6 && memcmp(got->model.data, "a\n\0\xef\xbf\xbd", 6) == 0, "repaired");
    ok(got->guardrail_count == 2 && got->guardrails_triggered[0].size == 0 &&
           got->guardrails_triggered[1].size == 3,
       "rules likewise");
    is_int(got->severity, LLMOBS_SEVERITY_INFO, "no severity: INFO");
    is_int(kept.logs[1].interaction->guardrail_count, 0, "no rules");
    ok(close_kept(obs, &kept), "the account balances");
}

static void test_older_caller(void)
{
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    llmobs_interaction old;
    const llmobs_interaction* got;
    memset(&old, 0x7f, sizeof old);
    old.size = offsetof(llmobs_interaction, input_hash);
    old.unix_ns = 5;
    old.severity = LLMOBS_SEVERITY_INFO;
    old.guardrails_passed = old.cost_known = false;
    old.guardrails_triggered = NULL;
    old.guardrail_count = 0;
    old.request_id = old.user_id = old.model = llmobs_str("x");
    llmobs_log_interaction(obs, llmobsi_span_none(), &old);
    (void)llmobs_flush(obs, 1000);
    got = kept.logs[0].interaction;
    ok(got->model.size == 1 && got->input_hash.size == 0 && got->input_length == -1,
       "what an older caller does not know of is unknown");
    ok(close_kept(obs, &kept), "the account balances");
}

/* Every text as large as can be, and more rules than fit. */
static void fill_large(llmobs_interaction* one, char* large, size_t size, llmobs_string* rules)
{
    llmobsi_interaction_parts parts;
    uint32_t i;
    memset(large, 'x', size);
    *one = interaction_sample();
    llmobsi_interaction_parts_of(one, &parts);
    for (i = 0; i < LLMOBS_I_INTERACTION_TEXTS; i++) {
        parts.texts[i].data = large;
        parts.texts[i].size = size;
    }
    llmobsi_interaction_set_parts(one, &parts);
    for (i = 0; i < 100; i++) {
        rules[i] = llmobs_str("a rule");
    }
    one->guardrails_triggered = rules;
    one->guardrail_count = 100;
}

static void test_large(uint32_t parts, uint32_t value_bytes)
{
    llmobs_config config = pumped_config();
    char* large = (char*)malloc(10 << 20);
    llmobs_string rules[100];
    llmobs_interaction one;
    llmobsi_interaction_parts got;
    keeper kept;
    llmobs* obs;
    uint32_t there = 0;
    uint32_t i;
    config.span_parts = parts;
    config.value_bytes = value_bytes;
    obs = open_kept(&config, &kept);
    fill_large(&one, large, 10 << 20, rules);
    llmobs_log_interaction(obs, llmobsi_span_none(), &one);
    (void)llmobs_flush(obs, 1000);
    llmobsi_interaction_parts_of(kept.logs[0].interaction, &got);
    for (i = 0; i < LLMOBS_I_INTERACTION_TEXTS; i++) {
        there += got.texts[i].size == value_bytes;
        there += got.texts[i].size != 0 && got.texts[i].size != value_bytes ? 100 : 0;
    }
    there += kept.logs[0].interaction->guardrail_count > 40;
    printf("# %u parts, values of %u: %u of 16 texts\n", parts, value_bytes, there);
    is_int(there + kept.logs[0].dropped_attribute_count, LLMOBS_I_INTERACTION_TEXTS + 1,
           "what is not there is counted");
    ok(kept.logs[0].interaction->latency_ns == one.latency_ns, "the numbers are there");
    ok(stats_of(obs).values_truncated > 0, "cuts are counted");
    ok(close_kept(obs, &kept), "the account balances");
    free(large);
}

static void test_pool(void)
{
    llmobs_config config = pumped_config();
    llmobs_interaction sample = interaction_sample();
    keeper kept;
    llmobs* obs;
    llmobs_stats stats;
    size_t whole = 0;
    size_t i;
    config.span_slots = 64;
    obs = open_kept(&config, &kept);
    for (i = 0; i < 100; i++) {
        llmobs_log_interaction(obs, llmobsi_span_none(), &sample);
    }
    stats = stats_of(obs);
    ok(balances(&stats) && stats.dropped[LLMOBS_DROP_POOL] > 50, "the pool runs out");
    (void)llmobs_flush(obs, 1000);
    is_int(kept.log_count + stats.dropped[LLMOBS_DROP_POOL], 100, "the rest arrives");
    for (i = 0; i < kept.log_count; i++) {
        whole += same_interaction(kept.logs[i].interaction, &sample);
        whole += kept.logs[i].dropped_attribute_count != 0;
    }
    is_int(whole, kept.log_count, "each whole, or it says that something is missing");
    is_int(stats_of(obs).slots_free + 4 >= 64 - 8, 1, "the slots come back");
    ok(close_kept(obs, &kept), "the account balances");
}

static void test_inside(void)
{
    llmobs_config config = pumped_config();
    llmobs_interaction sample = interaction_sample();
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    llmobs_span span = llmobs_span_root(obs, "request");
    llmobsi_thread* thread = llmobsi_enter_to_log(llmobsi_ticket(obs));
    llmobsi_lineage lineage;
    llmobsi_log_lineage(thread, span, &lineage);
    llmobsi_log_interaction(thread, &lineage, &sample);
    sample.severity = LLMOBS_SEVERITY_TRACE;
    llmobsi_log_interaction(thread, &lineage, &sample);
    llmobsi_leave();
    llmobs_span_end(span);
    (void)llmobs_flush(obs, 1000);
    sample.severity = LLMOBS_SEVERITY_WARN;
    ok(kept.log_count == 1 && same_interaction(kept.logs[0].interaction, &sample),
       "from inside a recording call");
    ok(memcmp(kept.logs[0].span_id, kept.spans[0].span_id, 8) == 0, "with the span's ids");
    ok(close_kept(obs, &kept), "the account balances");
}

int main(void)
{
    test_default();
    test_all();
    test_each(INT64_MAX, "each member alone, beside what is unknown");
    test_each(0, "a zero is known");
    test_strange();
    test_older_caller();
    test_large(8, 256);
    test_large(8, 400);
    test_large(1, 400);
    test_large(1, 16);
    test_large(64, 256);
    test_pool();
    test_inside();
    (void)llmobs_release();
    return done();
}

/* Policies of tail sampling: which are refused, what each asks, what many come to. */
#include "llmobs_private.h"
#include "tap.h"

#include "keeper.h"
#include "random.h"
#include "requester.h"
#include "tailed.h"

#define DROP LLMOBS_TAIL_DROP

/* ---- what is refused ----------------------------------------------------------------------- */

static double not_a_number(void)
{
    return llmobsi_double_of(UINT64_C(0x7ff8000000000000));
}

static double infinity(void)
{
    return llmobsi_double_of(UINT64_C(0x7ff0000000000000));
}

/* Sets an ALWAYS and the policy; says what came of it. */
static llmobs_result second(llmobs* obs, llmobs_tail_policy policy, size_t* wrong)
{
    llmobs_tail_policy both[2];
    both[0] = policy_of(LLMOBS_TAIL_ALWAYS, "first");
    both[1] = policy;
    return llmobs_tail_policies(obs, both, 2, wrong);
}

static void refused(llmobs* obs, llmobs_tail_policy policy, const char* what)
{
    size_t wrong = 99;
    bool told = second(obs, policy, &wrong) == LLMOBS_ERROR_ARGUMENT && wrong == 1;
    ok(told && second(obs, policy, NULL) == LLMOBS_ERROR_ARGUMENT, what);
}

static void test_refused_fields(llmobs* obs)
{
    char text[300];
    llmobs_tail_policy policy = policy_of((llmobs_tail_type)0, "none");
    memset(text, 'x', sizeof text);
    text[65] = '\0';
    refused(obs, policy, "no type");
    policy.type = (llmobs_tail_type)18;
    refused(obs, policy, "a type that there is not");
    policy.type = (llmobs_tail_type)-1;
    refused(obs, policy, "nor this one");
    refused(obs, policy_of(LLMOBS_TAIL_ALWAYS, NULL), "no name");
    refused(obs, policy_of(LLMOBS_TAIL_ALWAYS, ""), "an empty name");
    refused(obs, policy_of(LLMOBS_TAIL_ALWAYS, text), "a name of 65 bytes");
    refused(obs, policy_from(LLMOBS_TAIL_LATENCY, "x", not_a_number()), "a border that is NaN");
    refused(obs, policy_from(LLMOBS_TAIL_COST, "x", infinity()), "a border that is infinite");
    policy = policy_from(LLMOBS_TAIL_TOKENS, "x", 2.0);
    policy.most = 1.0;
    refused(obs, policy, "borders the wrong way round");
    policy.most = not_a_number();
    refused(obs, policy, "an upper border that is NaN");
    policy = policy_of(LLMOBS_TAIL_NUMBER, "x");
    refused(obs, policy, "a number without a key");
    policy.key = "";
    refused(obs, policy, "an empty key");
    text[65] = 'x';
    text[256] = '\0';
    policy.key = text;
    refused(obs, policy, "a key of 256 bytes");
    policy = policy_of(LLMOBS_TAIL_STRING, "x");
    policy.key = "key";
    refused(obs, policy, "a string without a text");
    policy.text = text;
    refused(obs, policy, "a text of 256 bytes");
    policy = policy_of(LLMOBS_TAIL_BOOLEAN, "x");
    refused(obs, policy, "a boolean without a key");
    policy = policy_of(LLMOBS_TAIL_STATUS, "x");
    policy.status = (llmobs_status)3;
    refused(obs, policy, "a status that there is not");
    policy = policy_of(LLMOBS_TAIL_GUARDRAIL, "x");
    policy.action = (llmobs_guardrail_action)4;
    refused(obs, policy, "an action that there is not");
    refused(obs, policy_ratio("x", 0.0), "a ratio of 0");
    refused(obs, policy_ratio("x", -0.5), "a negative one");
    refused(obs, policy_ratio("x", 1.0000001), "one above 1");
    refused(obs, policy_ratio("x", not_a_number()), "one that is NaN");
    policy = policy_of(LLMOBS_TAIL_SPAN_RATE, "x");
    refused(obs, policy, "a rate of 0");
    policy.per_second = 1000000001;
    refused(obs, policy, "a rate that is too high");
    policy.type = LLMOBS_TAIL_BYTE_RATE;
    refused(obs, policy, "and one of bytes");
}

/* Policy 0 is ALWAYS. */
static void test_refused_parts(llmobs* obs)
{
    llmobs_tail_policy four[4];
    size_t wrong;
    refused(obs, policy_with(LLMOBS_TAIL_AND, "x", 0), "an AND of nothing");
    refused(obs, policy_with(LLMOBS_TAIL_OR, "x", 0), "an OR of nothing");
    refused(obs, policy_with(LLMOBS_TAIL_NOT, "x", 0), "a NOT of nothing");
    refused(obs, policy_with(DROP, "x", 0), "a DROP of nothing");
    refused(obs, policy_with(LLMOBS_TAIL_AND, "x", 2), "a policy that is its own part");
    refused(obs, policy_with(LLMOBS_TAIL_OR, "x", 1u | 4u), "a part that comes later");
    refused(obs, policy_with(LLMOBS_TAIL_NOT, "x", 0x80000000u), "a part that there is not");
    refused(obs, policy_with(LLMOBS_TAIL_ALWAYS, "x", 1), "parts of what has none");
    refused(obs, policy_with(DROP, "x", 1), "a DROP, and nothing that keeps");
    four[0] = policy_ratio("chance", 0.5);
    four[1] = policy_of(LLMOBS_TAIL_ALWAYS, "always");
    four[2] = policy_with(LLMOBS_TAIL_AND, "both", 3);
    four[3] = policy_with(LLMOBS_TAIL_NOT, "not", 1);
    ok(llmobs_tail_policies(obs, four, 4, &wrong) == LLMOBS_ERROR_ARGUMENT && wrong == 3,
       "chance can't be turned round");
    four[3].parts = 4;
    ok(llmobs_tail_policies(obs, four, 4, &wrong) == LLMOBS_ERROR_ARGUMENT && wrong == 3,
       "not as a part of a part");
    four[3] = policy_with(DROP, "drop", 4);
    ok(llmobs_tail_policies(obs, four, 4, &wrong) == LLMOBS_ERROR_ARGUMENT && wrong == 3,
       "nor dropped by");
    four[2] = policy_of(LLMOBS_TAIL_SPAN_RATE, "rate");
    four[2].per_second = 5;
    four[3] = policy_with(LLMOBS_TAIL_NOT, "not", 4);
    ok(llmobs_tail_policies(obs, four, 4, &wrong) == LLMOBS_ERROR_ARGUMENT && wrong == 3,
       "nor can a rate");
    four[2] = policy_with(LLMOBS_TAIL_NOT, "not", 3);
    ok(llmobs_tail_policies(obs, four, 3, &wrong) == LLMOBS_ERROR_ARGUMENT && wrong == 2,
       "a NOT of two");
    four[2] = policy_with(DROP, "drop", 2);
    four[3] = policy_with(LLMOBS_TAIL_OR, "or", 1u | 4u);
    ok(llmobs_tail_policies(obs, four, 4, &wrong) == LLMOBS_ERROR_ARGUMENT && wrong == 3,
       "a DROP as a part");
    four[0] = policy_of(LLMOBS_TAIL_ALWAYS, NULL);
    four[1] = policy_with(LLMOBS_TAIL_NOT, NULL, 1);
    four[2] = policy_with(LLMOBS_TAIL_OR, "or", 3);
    is_int(llmobs_tail_policies(obs, four, 3, &wrong), LLMOBS_OK, "parts need no names");
    four[2].parts = 1;
    ok(llmobs_tail_policies(obs, four, 3, &wrong) == LLMOBS_ERROR_ARGUMENT && wrong == 1,
       "who is no part does");
}

static void test_refused_whole(void)
{
    llmobs_config config = tail_config();
    llmobs* obs = llmobs_open(&config, NULL);
    llmobs_tail_policy many[33];
    size_t wrong = 7;
    int i;
    for (i = 0; i < 33; i++) {
        many[i] = policy_of(LLMOBS_TAIL_ALWAYS, "one");
    }
    is_int(llmobs_tail_policies(obs, many, 0, &wrong), LLMOBS_ERROR_ARGUMENT, "no policies");
    is_int(llmobs_tail_policies(obs, NULL, 1, &wrong), LLMOBS_ERROR_ARGUMENT, "NULL");
    is_int(tail_of(obs)->in_use, 0, "and nothing is held");
    is_int(llmobs_tail_policies(obs, many, 33, &wrong), LLMOBS_ERROR_LIMIT, "33 policies");
    is_int(wrong, 32, "the last of them");
    is_int(llmobs_tail_policies(obs, many, 32, &wrong), LLMOBS_OK, "32");
    is_int(wrong, 0, "nothing is wrong");
    test_refused_fields(obs);
    is_int(llmobsi_tail_policies_of(tail_of(obs))->count, 32, "those before are in use");
    test_refused_parts(obs);
    (void)llmobs_close(obs);
    is_int(llmobs_tail_policies(obs, many, 1, &wrong), LLMOBS_ERROR_CLOSED, "closed");
    is_int(llmobs_tail_policies(NULL, many, 1, &wrong), LLMOBS_ERROR_CLOSED, "NULL");
    config.tail_traces = 0;
    obs = llmobs_open(&config, NULL);
    is_int(llmobs_tail_policies(obs, many, 1, &wrong), LLMOBS_ERROR_LIMIT, "it is off");
    (void)llmobs_close(obs);
}

/* Names live as long as the instance: their table is bounded. */
static void test_names_used_up(void)
{
    llmobs_config config = tail_config();
    llmobs* obs;
    char name[LLMOBS_TAIL_NAME_MOST + 1];
    llmobs_tail_policy policy = policy_of(LLMOBS_TAIL_ALWAYS, name);
    llmobs_result result = LLMOBS_OK;
    uint32_t last = 0;
    uint32_t in_use = 0;
    int i;
    config.name_bytes = 1024;
    obs = llmobs_open(&config, NULL);
    for (i = 0; i < 200 && result == LLMOBS_OK; i++) {
        last = in_use;
        (void)snprintf(name, sizeof name, "policy with a long name, number %d", i);
        result = llmobs_tail_policies(obs, &policy, 1, NULL);
        in_use = tail_of(obs)->in_use;
    }
    is_int(result, LLMOBS_ERROR_LIMIT, "names are used up");
    ok(i > 3 && in_use != 0 && in_use != 3 - last, "and the last that found room is in use");
    (void)llmobs_close(obs);
}

/* A struct of a newer version is longer, one of an older one shorter. */
static void test_versions(void)
{
    llmobs_config config = tail_config();
    struct {
        llmobs_tail_policy policy;
        char more[24];
    } newer[2];
    llmobs* obs = llmobs_open(&config, NULL);
    llmobs_tail_policy zero[2];
    memset(newer, 0x5a, sizeof newer);
    newer[0].policy = policy_of(LLMOBS_TAIL_ALWAYS, "a");
    newer[1].policy = policy_of(LLMOBS_TAIL_ALWAYS, "b");
    newer[0].policy.size = sizeof newer[0];
    is_int(llmobs_tail_policies(obs, &newer[0].policy, 2, NULL), LLMOBS_OK, "newer ones");
    is_int(llmobsi_tail_policies_of(tail_of(obs))->count, 2, "both");
    memset(zero, 0, sizeof zero);
    zero[0].type = zero[1].type = LLMOBS_TAIL_ALWAYS;
    zero[0].name = zero[1].name = "zeroed";
    is_int(llmobs_tail_policies(obs, zero, 2, NULL), LLMOBS_OK, "a zeroed size is this one's");
    (void)llmobs_close(obs);
}

/* ---- what each asks ------------------------------------------------------------------------ */

typedef void (*builder)(llmobs* obs);

static char named[80]; /* by the root, of what was kept last */

/* Whether these policies keep one trace. */
static bool keep_it(const llmobs_tail_policy* policies, size_t count, builder build)
{
    llmobs_config config = tail_config();
    llmobs* obs;
    keeper kept;
    bool is_kept;
    config.requests = 16;
    obs = open_kept(&config, &kept);
    if (llmobs_tail_policies(obs, policies, count, NULL) != LLMOBS_OK) {
        ok(false, "the policies are refused");
    }
    build(obs);
    (void)llmobs_flush(obs, 5000);
    is_kept = kept.count != 0;
    (void)snprintf(named, sizeof named, "%s", is_kept ? policy_named(&kept.spans[kept.count - 1])
                                                      : "(left out)");
    if (!close_kept(obs, &kept)) {
        printf("# it does not balance\n");
        return !is_kept;
    }
    return is_kept;
}

static bool keeps(llmobs_tail_policy policy, builder build)
{
    return keep_it(&policy, 1, build);
}

static void two_seconds(llmobs* obs)
{
    llmobs_span root = llmobs_span_root(obs, "root");
    llmobs_span child = llmobs_span_child(root, "child");
    fake_now += SECOND;
    llmobs_span_end(child);
    fake_now += SECOND;
    llmobs_span_end(root);
}

static void test_latency(void)
{
    llmobs_tail_policy policy = policy_from(LLMOBS_TAIL_LATENCY, "slow", 2.0);
    ok(keeps(policy, two_seconds), "two seconds are two seconds");
    is_str(named, "slow", "and named");
    policy.least = 2.000000001;
    ok(!keeps(policy, two_seconds), "and not a nanosecond more");
    policy.least = -1e300;
    policy.most = 1.999999999;
    ok(!keeps(policy, two_seconds), "nor less");
    policy.most = 2;
    ok(keeps(policy, two_seconds), "up to two");
}

static void failing_child(llmobs* obs)
{
    llmobs_span root = llmobs_span_root(obs, "root");
    llmobs_span child = llmobs_span_child(root, "child");
    llmobs_span_set_status(child, LLMOBS_STATUS_ERROR, "no");
    llmobs_span_end(child);
    llmobs_span_set_status(root, LLMOBS_STATUS_OK, NULL);
    llmobs_span_end(root);
}

static void test_status(void)
{
    llmobs_tail_policy policy = policy_error("error");
    ok(keeps(policy, failing_child), "an error of any span");
    ok(!keeps(policy, two_seconds), "which others have not");
    policy.status = LLMOBS_STATUS_OK;
    ok(keeps(policy, failing_child) && !keeps(policy, two_seconds), "likewise ok");
    policy.status = LLMOBS_STATUS_UNSET;
    ok(!keeps(policy, failing_child) && keeps(policy, two_seconds), "and unset");
}

/* Attributes of all types, in a span of several slots; one that was set twice; one of an event. */
static void attributes(llmobs* obs)
{
    static const char* const list[] = {"pii.EMAIL", "pii.CARD"};
    llmobs_span root = llmobs_span_root(obs, "root");
    llmobs_span child = llmobs_span_child(root, "child");
    llmobs_attribute of_event = llmobs_attribute_int("in.event", 7);
    char text[200];
    int i;
    memset(text, 'y', sizeof text);
    llmobs_span_set_string(root, "route", "/health/live");
    llmobs_span_set_int(child, "twice", 9);
    llmobs_span_event_with(child, "event", &of_event, 1);
    for (i = 0; i < 5; i++) {
        llmobs_span_set_string_n(child, "filler", text, sizeof text);
    }
    llmobs_span_set_int(child, "twice", 3);
    llmobs_span_set_double(child, "score", 0.25);
    llmobs_span_set_bool(child, "yes", true);
    llmobs_span_set_bool(child, "no", false);
    llmobs_span_set_strings(child, "rules", list, 2);
    llmobs_span_set_string(child, "empty", "");
    llmobs_span_set_double(child, "nan", not_a_number());
    llmobs_span_end(child);
    llmobs_span_end(root);
}

static bool number_in(const char* key, double least, double most)
{
    llmobs_tail_policy policy = policy_from(LLMOBS_TAIL_NUMBER, "number", least);
    policy.most = most;
    policy.key = key;
    return keeps(policy, attributes);
}

static bool string_is(const char* key, const char* text, bool prefix)
{
    llmobs_tail_policy policy = policy_of(LLMOBS_TAIL_STRING, "string");
    policy.key = key;
    policy.text = text;
    policy.prefix = prefix;
    return keeps(policy, attributes);
}

static bool boolean_is(const char* key, bool truth)
{
    llmobs_tail_policy policy = policy_of(LLMOBS_TAIL_BOOLEAN, "boolean");
    policy.key = key;
    policy.truth = truth;
    return keeps(policy, attributes);
}

static void test_attributes(void)
{
    ok(number_in("twice", 3, 3) && !number_in("twice", 4, 1e9), "an integer: its last value");
    ok(number_in("score", 0.25, 0.25) && !number_in("score", 0.26, 1) &&
           !number_in("score", 0, 0.24),
       "a real number");
    ok(!number_in("in.event", 0, 1e9), "an event's is not its span's");
    ok(!number_in("nan", -1e308, 1e308), "NaN is in no range");
    ok(!number_in("route", -1e308, 1e308) && !number_in("yes", -1e308, 1e308) &&
           !number_in("rules", -1e308, 1e308) && !number_in("absent", -1e308, 1e308),
       "others are no numbers");
    ok(string_is("route", "/health/live", false) && !string_is("route", "/health", false) &&
           !string_is("route", "/health/live/", false),
       "a text");
    ok(string_is("route", "/health", true) && string_is("route", "", true) &&
           string_is("route", "/health/live", true) &&
           !string_is("route", "/live", true) && !string_is("route", "/health/live/more", true),
       "its beginning");
    ok(string_is("rules", "pii.CARD", false) && string_is("rules", "pii.EMAIL", false) &&
           !string_is("rules", "pii.PHONE", false) && string_is("rules", "pii.", true),
       "one of a list");
    ok(string_is("empty", "", false) && !string_is("route", "", false), "an empty one");
    ok(!string_is("score", "", true) && !string_is("twice", "\x03", true), "numbers are no texts");
    ok(boolean_is("yes", true) && !boolean_is("yes", false), "true");
    ok(boolean_is("no", false) && !boolean_is("no", true), "false");
    ok(!boolean_is("twice", true) && !boolean_is("twice", false), "numbers are no truths");
}

/* Two requests of one trace: 30 and 20 cents, 908 and 5 tokens; the second one is blocked. */
static void requests(llmobs* obs)
{
    llmobs_span root = llmobs_span_root(obs, "root");
    llmobs_request_info info = support_info();
    llmobs_outcome outcome = known_outcome();
    llmobs_request request;
    info.parent = root;
    outcome.cost_nano = 300000000;
    llmobs_request_end(llmobs_request_begin(obs, &info), &outcome);
    request = llmobs_request_begin(obs, &info);
    llmobs_guardrail(request, "jailbreak", LLMOBS_GUARDRAIL_FILTERED);
    outcome.cost_nano = 200000000;
    outcome.usage.input_tokens = -1;
    outcome.usage.output_tokens = 5;
    outcome.usage.cached_tokens = -1;
    llmobs_request_end(request, &outcome);
    llmobs_span_end(root);
}

/* One of which nothing is known. */
static void unknown_request(llmobs* obs)
{
    llmobs_request_info info = support_info();
    llmobs_request_end(llmobs_request_begin(obs, &info), NULL);
}

/* One that is told by hand. */
static void model_call(llmobs* obs)
{
    llmobs_span root = llmobs_span_root(obs, "root");
    llmobs_llm_attributes llm = {"gpt", 100, 50, 500000000, -1, true};
    llmobs_span_set_llm(root, &llm);
    llmobs_span_end(root);
}

static void test_requests(void)
{
    llmobs_tail_policy policy = policy_from(LLMOBS_TAIL_COST, "dear", 0.5);
    ok(keeps(policy, requests), "what requests cost together");
    policy.least = 0.500000001;
    ok(!keeps(policy, requests), "to a nano-USD");
    policy.least = -1e308;
    ok(!keeps(policy, unknown_request) && !keeps(policy, two_seconds), "an unknown cost is none");
    ok(keeps(policy, model_call), "told by hand it is one");
    policy = policy_from(LLMOBS_TAIL_TOKENS, "long", 913);
    ok(keeps(policy, requests), "tokens, as far as they are known");
    policy.least = 914;
    ok(!keeps(policy, requests), "and not one more");
    policy.least = 0;
    policy.most = 150;
    ok(!keeps(policy, unknown_request) && keeps(policy, model_call), "unknown is not zero");
    policy = policy_of(LLMOBS_TAIL_GUARDRAIL, "guard");
    ok(keeps(policy, requests) && keeps(policy, model_call), "a guardrail triggered");
    ok(!keeps(policy, unknown_request), "which it did not here");
    policy.action = LLMOBS_GUARDRAIL_FILTERED;
    ok(keeps(policy, requests) && !keeps(policy, model_call), "it took something out");
    policy.action = LLMOBS_GUARDRAIL_BLOCKED;
    ok(!keeps(policy, requests), "but let it go");
}

/* The same whatever the words. */
static void test_vocabularies(void)
{
    llmobs_tail_policy policy = policy_from(LLMOBS_TAIL_COST, "dear", 0.5);
    uint32_t vocabulary;
    for (vocabulary = 0; vocabulary < 16; vocabulary++) { /* 15: all of them */
        llmobs_config config = tail_config();
        llmobs* obs;
        keeper kept;
        config.requests = 16;
        config.vocabulary = vocabulary;
        obs = open_kept(&config, &kept);
        (void)llmobs_tail_policies(obs, &policy, 1, NULL);
        requests(obs);
        (void)llmobs_flush(obs, 5000);
        is_int(kept.count, 3, "a cost is one in every vocabulary");
        ok(close_kept(obs, &kept), "closed");
    }
}

static void test_spans(void)
{
    llmobs_tail_policy policy = policy_from(LLMOBS_TAIL_SPANS, "many", 2);
    policy.most = 2;
    ok(keeps(policy, two_seconds), "two spans");
    policy.least = policy.most = 3;
    ok(!keeps(policy, two_seconds) && keeps(policy, requests), "three");
}

/* ---- and, or, not, drop -------------------------------------------------------------------- */

static void test_together(void)
{
    llmobs_tail_policy all[6];
    all[0] = policy_error(NULL);
    all[1] = policy_from(LLMOBS_TAIL_SPANS, NULL, 2);
    all[2] = policy_with(LLMOBS_TAIL_AND, "failed, and many", 3);
    ok(keep_it(all, 3, failing_child), "both");
    ok(!keep_it(all, 3, two_seconds), "one of them is not enough");
    all[2] = policy_with(LLMOBS_TAIL_OR, "failed, or many", 3);
    ok(keep_it(all, 3, two_seconds), "but here it is");
    all[2] = policy_with(LLMOBS_TAIL_NOT, NULL, 1);
    all[3] = policy_with(LLMOBS_TAIL_AND, "many that did not fail", 2u | 4u);
    ok(keep_it(all, 4, two_seconds) && !keep_it(all, 4, failing_child), "the other way round");
    all[4] = policy_of(LLMOBS_TAIL_ALWAYS, "always");
    ok(keep_it(all, 5, failing_child), "the second policy keeps it");
    is_str(named, "always", "and is named");
    ok(keep_it(all, 5, two_seconds), "two would");
    is_str(named, "many that did not fail", "the first one is named");
    all[5] = policy_with(DROP, "no failures", 1);
    ok(!keep_it(all, 6, failing_child), "a DROP wins, wherever it stands");
    ok(keep_it(all, 6, two_seconds), "if it matches");
    all[0].name = "error";
    all[1] = policy_of(LLMOBS_TAIL_ALWAYS, "always");
    ok(keep_it(all, 2, two_seconds), "a policy that is not referred to decides");
    all[2] = policy_with(LLMOBS_TAIL_AND, "part", 3);
    ok(!keep_it(all, 3, two_seconds), "one that is does not");
}

/* ---- rates --------------------------------------------------------------------------------- */

/* Decides about a trace of so many spans and bytes, now. */
static bool passes(llmobsi_tail_policies* policies, uint64_t spans, uint64_t bytes, uint64_t now_ns,
                   uint32_t statuses)
{
    llmobsi_tail_facts facts;
    llmobsi_tail_verdict verdict;
    llmobsi_tail_facts_begin(&facts);
    facts.spans = spans;
    facts.bytes = bytes;
    facts.statuses = statuses;
    llmobsi_tail_judge(policies, &facts, now_ns, &verdict);
    return verdict.kept;
}

/* Against a bucket that is counted in another way: by what has come and gone since it was full. */
static void test_rate_model(llmobs* obs, llmobs_tail_type type)
{
    llmobs_tail_policy policy = policy_of(type, "rate");
    llmobsi_tail_policies* policies;
    double left = 200.0;
    uint64_t now_ns = 5;
    int wrong = 0;
    int passed = 0;
    int i;
    policy.per_second = 100;
    (void)llmobs_tail_policies(obs, &policy, 1, NULL);
    policies = llmobsi_tail_policies_of(tail_of(obs));
    for (i = 0; i < 20000; i++) {
        uint64_t size = next_random() % 300;
        uint64_t step = next_random() % 8 == 0 ? next_random() % (3 * SECOND)
                                               : next_random() % (SECOND / 2);
        double price = size < 200 ? (double)size : 200.0;
        bool fits;
        step -= step % 1000000; /* so that the double is exact */
        now_ns += step;
        left += (double)(step / 1000000) / 10.0;
        left = left < 200.0 ? left : 200.0;
        fits = price <= left + 1e-6;
        left -= fits ? price : 0.0;
        passed += fits;
        wrong += passes(policies, type == LLMOBS_TAIL_SPAN_RATE ? size : 1,
                        type == LLMOBS_TAIL_BYTE_RATE ? size : 1, now_ns, 1) != fits;
    }
    ok(wrong == 0 && passed > 1000 && passed < 19000, "a rate is as counted by hand");
}

static void test_rates(void)
{
    llmobs_config config = tail_config();
    llmobs* obs = llmobs_open(&config, NULL);
    llmobs_tail_policy all[4];
    llmobsi_tail_policies* policies;
    test_rate_model(obs, LLMOBS_TAIL_SPAN_RATE);
    test_rate_model(obs, LLMOBS_TAIL_BYTE_RATE);
    all[0] = policy_error(NULL);
    all[1] = policy_of(LLMOBS_TAIL_SPAN_RATE, NULL);
    all[1].per_second = 5;
    all[2] = policy_with(LLMOBS_TAIL_AND, "some errors", 3);
    (void)llmobs_tail_policies(obs, all, 3, NULL);
    policies = llmobsi_tail_policies_of(tail_of(obs));
    ok(!passes(policies, 10, 1, 5, 1u << LLMOBS_STATUS_OK), "no error");
    ok(passes(policies, 10, 1, 5, 1u << LLMOBS_STATUS_ERROR), "has used up nothing");
    ok(!passes(policies, 1, 1, 5, 1u << LLMOBS_STATUS_ERROR), "an error has");
    ok(passes(policies, 5, 1, SECOND + 5, 1u << LLMOBS_STATUS_ERROR), "a second brings more");
    all[2] = policy_with(LLMOBS_TAIL_OR, "errors, and some others", 3);
    (void)llmobs_tail_policies(obs, all, 3, NULL);
    policies = llmobsi_tail_policies_of(tail_of(obs));
    ok(passes(policies, 10, 1, 5, 1u << LLMOBS_STATUS_ERROR), "an error here uses up nothing");
    ok(passes(policies, 10, 1, 5, 1u << LLMOBS_STATUS_OK), "so there is room for another");
    ok(!passes(policies, 10, 1, 5, 1u << LLMOBS_STATUS_OK), "one");
    all[0] = policy_of(LLMOBS_TAIL_SPAN_RATE, NULL);
    all[0].per_second = 100;
    all[2] = policy_with(LLMOBS_TAIL_AND, "two rates", 3);
    (void)llmobs_tail_policies(obs, all, 3, NULL);
    policies = llmobsi_tail_policies_of(tail_of(obs));
    ok(passes(policies, 10, 1, 5, 1), "both rates");
    ok(!passes(policies, 1, 1, 5, 1), "the second one is used up");
    is_int(policies->list[0].filled, (200 - 10) * SECOND, "of the first one nothing was taken");
    all[0].name = "rate";
    all[0].per_second = LLMOBS_TAIL_RATE_MOST;
    (void)llmobs_tail_policies(obs, all, 1, NULL);
    policies = llmobsi_tail_policies_of(tail_of(obs));
    ok(passes(policies, 2 * SECOND, 1, 5, 1) && !passes(policies, 1, 1, 5, 1), "the highest rate");
    ok(passes(policies, SECOND, 1, 18446744079, 1), "a long pause does not overflow it");
    (void)llmobs_close(obs);
}

/* ---- thresholds ---------------------------------------------------------------------------- */

static uint64_t threshold_of(llmobs* obs, const llmobs_tail_policy* all, size_t count,
                             uint64_t randomness, uint32_t statuses)
{
    llmobsi_tail_facts facts;
    llmobsi_tail_verdict verdict;
    (void)llmobs_tail_policies(obs, all, count, NULL);
    llmobsi_tail_facts_begin(&facts);
    facts.randomness = randomness;
    facts.statuses = statuses;
    llmobsi_tail_judge(llmobsi_tail_policies_of(tail_of(obs)), &facts, 0, &verdict);
    return verdict.kept ? verdict.threshold : UINT64_MAX;
}

static void test_thresholds(void)
{
    llmobs_config config = tail_config();
    llmobs* obs = llmobs_open(&config, NULL);
    const uint64_t tenth = UINT64_C(0xe6660000000000);
    const uint64_t half = UINT64_C(0x80000000000000);
    const uint64_t most = LLMOBS_I_SAMPLE_NEVER - 1;
    const uint32_t good = 1u << LLMOBS_STATUS_OK;
    const uint32_t bad = 1u << LLMOBS_STATUS_ERROR;
    llmobs_tail_policy all[3];
    all[0] = policy_ratio("tenth", 0.1);
    all[1] = policy_error("error");
    ok(threshold_of(obs, all, 1, tenth, good) == tenth, "kept, from the threshold on");
    ok(threshold_of(obs, all, 1, tenth - 1, good) == UINT64_MAX, "and not below it");
    ok(threshold_of(obs, all, 2, most, bad) == 0, "an error is kept by no chance");
    ok(threshold_of(obs, all, 2, 0, bad) == 0, "whatever its bits");
    ok(threshold_of(obs, all, 2, most, good) == tenth, "others are");
    all[2] = policy_with(LLMOBS_TAIL_AND, "a tenth of errors", 3);
    ok(threshold_of(obs, all, 3, most, bad) == tenth, "an AND is as improbable as its part");
    all[2].type = LLMOBS_TAIL_OR;
    ok(threshold_of(obs, all, 3, most, bad) == 0, "an OR as probable");
    ok(threshold_of(obs, all, 3, most, good) == tenth, "of those that match");
    all[1] = policy_ratio("half", 0.5);
    all[2].type = LLMOBS_TAIL_AND;
    ok(threshold_of(obs, all, 3, most, good) == tenth, "of two the higher one");
    ok(threshold_of(obs, all, 3, half, good) == UINT64_MAX, "which both have to pass");
    all[2].type = LLMOBS_TAIL_OR;
    ok(threshold_of(obs, all, 3, most, good) == half, "or the lower one");
    ok(threshold_of(obs, all, 2, most, good) == half, "likewise of two policies");
    (void)llmobs_close(obs);
}

/* ---- any policies -------------------------------------------------------------------------- */

/* What is right, found by walking down from each policy. */
static bool model_matches(const llmobs_tail_policy* all, uint32_t i,
                          const llmobsi_tail_facts* facts)
{
    uint32_t k;
    switch (all[i].type) {
    case LLMOBS_TAIL_ALWAYS:
        return true;
    case LLMOBS_TAIL_STATUS:
        return (facts->statuses >> (unsigned)all[i].status & 1u) != 0;
    case LLMOBS_TAIL_SPANS:
        return (double)facts->spans >= all[i].least && (double)facts->spans <= all[i].most;
    case LLMOBS_TAIL_PROBABILITY:
        /* Ratios here are sixteenths: the first four bits tell. */
        return (double)(facts->randomness >> 52) >= 16.0 - 16.0 * all[i].ratio;
    case LLMOBS_TAIL_NOT:
        for (k = 0; (all[i].parts >> k & 1u) == 0; k++) {
        }
        return !model_matches(all, k, facts);
    case LLMOBS_TAIL_AND:
        for (k = 0; k < i; k++) {
            if ((all[i].parts >> k & 1u) != 0 && !model_matches(all, k, facts)) {
                return false;
            }
        }
        return true;
    default:
        for (k = 0; k < i; k++) {
            if ((all[i].parts >> k & 1u) != 0 && model_matches(all, k, facts)) {
                return true;
            }
        }
        return false;
    }
}

/* Whether a trace is kept, and who is named. */
static bool model_kept(const llmobs_tail_policy* all, uint32_t count, uint32_t deciding,
                       const llmobsi_tail_facts* facts, const char** name)
{
    uint32_t i;
    *name = NULL;
    for (i = 0; i < count; i++) {
        if ((deciding >> i & 1u) == 0 || !model_matches(all, i, facts)) {
            continue;
        }
        if (all[i].type == DROP) {
            return false;
        }
        *name = *name != NULL ? *name : all[i].name;
    }
    return *name != NULL;
}

static uint32_t random_policies(llmobs_tail_policy* all, uint32_t* deciding)
{
    static const char* const names[] = {"a", "b", "c", "d", "e", "f", "g", "h",
                                        "i", "j", "k", "l", "m", "n", "o", "p"};
    static const double ratios[] = {0.5, 0.25, 0.125, 0.0625};
    uint32_t count = 1 + (uint32_t)(next_random() % 16);
    uint32_t i;
    *deciding = (1u << count) - 1;
    for (i = 0; i < count; i++) {
        static const llmobs_tail_type types[] = {
            LLMOBS_TAIL_ALWAYS, LLMOBS_TAIL_STATUS,      LLMOBS_TAIL_STATUS, LLMOBS_TAIL_SPANS,
            LLMOBS_TAIL_SPANS,  LLMOBS_TAIL_PROBABILITY, LLMOBS_TAIL_AND,    LLMOBS_TAIL_OR,
            LLMOBS_TAIL_NOT,    LLMOBS_TAIL_DROP};
        all[i] = policy_of(types[next_random() % (i == 0 ? 6 : 10)], names[i]);
        all[i].status = (llmobs_status)(next_random() % 3);
        all[i].ratio = ratios[next_random() % 4];
        if (all[i].type == LLMOBS_TAIL_SPANS) {
            all[i].least = (double)(next_random() % 20);
            all[i].most = all[i].least + (double)(next_random() % 10);
        } else if (all[i].type == LLMOBS_TAIL_AND || all[i].type == LLMOBS_TAIL_OR) {
            all[i].parts = (uint32_t)(next_random() % ((1u << i) - 1)) + 1;
        } else if (all[i].type == LLMOBS_TAIL_NOT || all[i].type == LLMOBS_TAIL_DROP) {
            all[i].parts = 1u << next_random() % i;
        }
        *deciding &= ~all[i].parts;
    }
    return count;
}

static void test_model(void)
{
    llmobs_config config = tail_config();
    llmobs* obs = llmobs_open(&config, NULL);
    long tries = sized(60000);
    long sets = 0;
    long kept = 0;
    int wrong = 0;
    int weights = 0;
    while (tries-- > 0) {
        llmobs_tail_policy all[16];
        llmobsi_tail_policies* policies;
        uint32_t deciding;
        uint32_t count = random_policies(all, &deciding);
        int k;
        if (llmobs_tail_policies(obs, all, count, NULL) != LLMOBS_OK) {
            continue;
        }
        sets++;
        policies = llmobsi_tail_policies_of(tail_of(obs));
        for (k = 0; k < 4; k++) {
            llmobsi_tail_facts facts;
            llmobsi_tail_verdict verdict;
            const char* name;
            llmobsi_tail_facts_begin(&facts);
            facts.statuses = (uint32_t)(next_random() % 7) + 1;
            facts.spans = next_random() % 25;
            facts.randomness = next_random() >> 8;
            llmobsi_tail_judge(policies, &facts, 0, &verdict);
            if (model_kept(all, count, deciding, &facts, &name) != verdict.kept) {
                wrong++;
            } else if (verdict.kept) {
                llmobs_string told =
                    llmobsi_names_text(&collector_of(obs)->recorder.names, verdict.policy);
                wrong += strcmp(told.data, name) != 0;
                kept++;
                /* Just at the threshold it is kept; below it by nothing. */
                facts.randomness = verdict.threshold;
                weights += !model_kept(all, count, deciding, &facts, &name);
                facts.randomness = verdict.threshold - 1;
                weights += verdict.threshold != 0 &&
                           model_kept(all, count, deciding, &facts, &name);
            }
        }
    }
    printf("# %ld sets of policies, %ld kept\n", sets, kept);
    ok(wrong == 0 && sets > 100 && kept > 100, "any policies decide as the model does");
    is_int(weights, 0, "and the threshold is that by which the trace was kept");
    (void)llmobs_close(obs);
}

int main(void)
{
    test_refused_whole();
    test_names_used_up();
    test_versions();
    test_latency();
    test_status();
    test_attributes();
    test_requests();
    test_vocabularies();
    test_spans();
    test_together();
    test_rates();
    test_thresholds();
    test_model();
    return done();
}

/* The default rules: they are read as any text is, ask for metrics, labels and bounds that are
   there, and hold the host's numbers. tests/interop/alert.t has when they fire. */
#include "llmobs_private.h"

#include "tap.h"

static char text[1 << 12];
static llmobsi_alert_rule rule;

static size_t put_text(const llmobs_alert_defaults* numbers, size_t index)
{
    llmobsi_writer writer;
    llmobsi_writer_init(&writer, text, sizeof text, NULL, NULL);
    llmobsi_alert_defaults_put(&writer, numbers, index);
    return llmobsi_writer_finish(&writer) ? writer.length : 0;
}

/* Writes and reads a rule: false if it is not one, and that alone. */
static bool read_default(const llmobs_alert_defaults* numbers, size_t index)
{
    static llmobsi_alert_reader reader;
    static llmobsi_alert_rule next;
    size_t size = put_text(numbers, index);
    llmobsi_alert_reader_begin(&reader, text, size);
    if (llmobsi_alert_read_next(&reader, &rule) != LLMOBS_I_ALERT_READ_RULE ||
        llmobsi_alert_read_next(&reader, &next) != LLMOBS_I_ALERT_READ_END) {
        printf("# %.60s: column %u: %s\n", text, reader.error.column, reader.error.reason);
        return false;
    }
    return true;
}

static const char* told(uint16_t place)
{
    return llmobsi_alert_text(&rule, place);
}

/* Finds a rule by its name. */
static bool read_named(const llmobs_alert_defaults* numbers, const char* name)
{
    size_t i;
    for (i = 0; i < LLMOBS_I_ALERT_DEFAULT_RULES; i++) {
        if (llmobsi_alert_defaults_has(numbers, i) && read_default(numbers, i) &&
            strcmp(told(rule.name), name) == 0) {
            return true;
        }
    }
    return false;
}

/* ---- the rules ----------------------------------------------------------------------------- */

static int how_many(const llmobs_alert_defaults* numbers)
{
    int count = 0;
    size_t i;
    for (i = 0; i < LLMOBS_I_ALERT_DEFAULT_RULES; i++) {
        count += llmobsi_alert_defaults_has(numbers, i);
    }
    return count;
}

static void test_rules(void)
{
    static const char* const names[] = {
        "cost_spike", "cost_unknown", "guardrail_surge", "guardrail_unusual", "guardrail_silence",
        "guardrail_rule_silence", "latency_degradation", "first_token_slow", "goodput_low",
        "token_budget_breach", "error_ratio", "error_burn_page", "error_burn_ticket",
        "latency_burn_page", "latency_burn_ticket", "drift", "judge_flags", "telemetry_lost",
        "drift_score", "budget_burn_page", "budget_burn_ticket"};
    llmobs_alert_defaults numbers = llmobsi_alert_defaults_complete(NULL);
    size_t i;
    is_int(how_many(&numbers), 18, "without a budget");
    numbers.monthly_budget_usd = 3000;
    is_int(how_many(&numbers), 20, "with one there are two more");
    numbers.drift_score = 0.15;
    is_int(how_many(&numbers), 21, "with a score there is one more");
    for (i = 0; i < 21; i++) {
        bool good = read_default(&numbers, i) && strcmp(told(rule.name), names[i]) == 0;
        ok(good && *told(rule.group) != '\0' && *told(rule.summary) != '\0' &&
               *told(rule.runbook) != '\0',
           names[i]);
    }
}

static void is_rule(const char* name, llmobs_alert_severity severity, const char* group)
{
    llmobs_alert_defaults numbers = llmobsi_alert_defaults_complete(NULL);
    numbers.monthly_budget_usd = 100;
    ok(read_named(&numbers, name) && rule.severity == (uint8_t)severity, name);
    is_str(told(rule.group), group, "... and its group");
}

/* The article's, and who mutes whom. */
static void test_severities(void)
{
    is_rule("cost_spike", LLMOBS_ALERT_CRITICAL, "cost");
    is_rule("guardrail_surge", LLMOBS_ALERT_WARNING, "guardrail");
    is_rule("latency_degradation", LLMOBS_ALERT_WARNING, "latency");
    is_rule("token_budget_breach", LLMOBS_ALERT_INFO, "user_tokens");
    is_rule("guardrail_unusual", LLMOBS_ALERT_INFO, "guardrail");
    is_rule("latency_burn_page", LLMOBS_ALERT_CRITICAL, "latency");
    is_rule("latency_burn_ticket", LLMOBS_ALERT_WARNING, "latency");
    is_rule("error_burn_page", LLMOBS_ALERT_CRITICAL, "errors");
    is_rule("error_burn_ticket", LLMOBS_ALERT_WARNING, "errors");
    is_rule("error_ratio", LLMOBS_ALERT_WARNING, "errors");
    is_rule("budget_burn_page", LLMOBS_ALERT_CRITICAL, "budget");
    is_rule("budget_burn_ticket", LLMOBS_ALERT_WARNING, "budget");
}

/* ---- what they ask for --------------------------------------------------------------------- */

static bool is_word_of(const char* word, const char* const* words, size_t count)
{
    size_t i = 0;
    while (i < count && (words[i] == NULL || strcmp(words[i], word) != 0)) {
        i++;
    }
    return i < count;
}

/* The catalogue's metric of this name; LLMOBS_KNOWN_COUNT: none. */
static int known_metric(const char* name, size_t size)
{
    int known = 0;
    while (known < (int)LLMOBS_KNOWN_COUNT &&
           (strlen(llmobsi_known_metrics[known].name) != size ||
            memcmp(llmobsi_known_metrics[known].name, name, size) != 0)) {
        known++;
    }
    return known;
}

/* Those that the library makes without a definition in the catalogue, or not in every version. */
static bool is_elsewhere(const char* name)
{
    static const char* const names[] = {"llm_user_input_tokens_lower_bound", "llmobs_lost_total"};
    return is_word_of(name, names, sizeof names / sizeof names[0]);
}

/* What a metric of the catalogue lacks that a term, or the rule's by, asks for. */
static const char* lacking(const llmobsi_alert_term* term, int known)
{
    const char* const* labels = llmobsi_catalogue_labels((llmobs_known)known, false);
    const double* bound = llmobsi_bounds[llmobsi_known_metrics[known].bounds];
    bool histogram = llmobsi_known_metrics[known].instrument == LLMOBS_HISTOGRAM;
    unsigned i;
    for (i = 0; i < term->matcher_count; i++) {
        const char* label = told(rule.matchers[term->matcher + i].name);
        if (!is_word_of(label, labels, LLMOBS_LABELS_MAX)) {
            return label;
        }
    }
    for (i = 0; i < rule.by_count; i++) {
        if (!is_word_of(told(rule.by[i]), labels, LLMOBS_LABELS_MAX)) {
            return told(rule.by[i]);
        }
    }
    while (term->le > 0 && *bound > 0 && *bound < term->le) {
        bound++;
    }
    if (term->le > 0 && (*bound < term->le || *bound > term->le)) {
        return "the bound";
    }
    return histogram != (term->part != LLMOBS_I_ALERT_WHOLE) ? "that part" : NULL;
}

static void test_metrics(void)
{
    llmobs_alert_defaults numbers = llmobs_alert_defaults_default();
    int wrong = 0, terms = 0;
    size_t i;
    unsigned j;
    numbers.monthly_budget_usd = 1;
    numbers = llmobsi_alert_defaults_complete(&numbers);
    numbers.drift_score = 0.15;
    for (i = 0; i < LLMOBS_I_ALERT_DEFAULT_RULES; i++) {
        wrong += !read_default(&numbers, i);
        for (j = 0; j < rule.term_count; j++) {
            const llmobsi_alert_term* term = &rule.terms[j];
            const char* name = told(term->metric);
            int known = known_metric(name, term->base_size);
            const char* lacks = known < (int)LLMOBS_KNOWN_COUNT ? lacking(term, known)
                                : is_elsewhere(name)            ? NULL
                                                                : "any such metric";
            terms++;
            if (lacks != NULL) {
                wrong++;
                printf("# %s: %s: no %s\n", told(rule.name), name, lacks);
            }
        }
    }
    ok(terms > 60, "they ask for a lot");
    is_int(wrong, 0, "all of which is there");
}

/* ---- numbers ------------------------------------------------------------------------------- */

static bool text_has(const llmobs_alert_defaults* numbers, const char* name, const char* part)
{
    return read_named(numbers, name) && strstr(text, part) != NULL;
}

static void test_numbers(void)
{
    llmobs_alert_defaults given = llmobs_alert_defaults_default();
    llmobs_alert_defaults numbers;
    given.cost_factor = 4;
    given.error_slo = 0.999;
    given.latency_slo = 0.9;
    given.latency_slo_s = 2.5;
    given.requests_least = 500;
    given.guardrail_blocks = 7;
    given.monthly_budget_usd = 1234.5;
    numbers = llmobsi_alert_defaults_complete(&given);
    ok(llmobsi_alert_defaults_wrong(&numbers) == NULL, "numbers of the host");
    ok(text_has(&numbers, "cost_spike", "> 4 * rate(llm_cost_usd_total[7d])"), "a factor");
    ok(text_has(&numbers, "cost_spike", "above 4 times the 7-day"), "... in its summary, too");
    ok(text_has(&numbers, "error_burn_page", "> 0.0144 and"), "what 0.999 leaves, 14.4 times");
    ok(text_has(&numbers, "error_burn_page", "[30m]) > 0.006 and"), "... 6 times");
    ok(text_has(&numbers, "error_burn_ticket", "[2h]) > 0.003 and"), "... 3 times");
    ok(text_has(&numbers, "error_burn_ticket", "[6h]) > 0.001 and"), "... once");
    ok(text_has(&numbers, "latency_burn_page", "{le=\"2.5\"}[1h])"), "a bound");
    ok(text_has(&numbers, "latency_burn_page", "[1h]) < 0.1 and"), "a burn that can be reached");
    ok(text_has(&numbers, "latency_burn_page", "[6h]) < 0.4 and"), "what 0.9 leaves, 6 times");
    ok(text_has(&numbers, "latency_burn_ticket", "[3d]) < 0.9 and"), "... and once");
    ok(text_has(&numbers, "latency_burn_page", "[6h]) >= 500 "), "a minimum of requests");
    ok(text_has(&numbers, "error_ratio", "[5m]) >= 100 "), "a fifth of it for short windows");
    ok(text_has(&numbers, "guardrail_surge", "exceed 7/15min:"), "a number that ends in a sign");
    ok(text_has(&numbers, "budget_burn_ticket", "> 3 * 1234.5 / 30 "), "a budget");
    ok(text_has(&numbers, "token_budget_breach", "> 500000 "), "what the host left out");
    ok(!text_has(&numbers, "drift_score", ""), "a rule whose number is left out is not there");
    ok(text_has(&numbers, "drift", "{verdict=\"drift\"}[1d]) > 0 by (detector)"), "runs are");
}

static void test_wrong(void)
{
    llmobs_alert_defaults numbers = llmobsi_alert_defaults_complete(NULL);
    llmobs_alert_defaults old = llmobs_alert_defaults_default();
    ok(llmobsi_alert_defaults_wrong(&numbers) == NULL, "the defaults are right");
    numbers.latency_slo_s = 9;
    is_str(llmobsi_alert_defaults_wrong(&numbers), "latency_slo_s", "no bound of a bucket");
    numbers.latency_slo_s = 300;
    ok(llmobsi_alert_defaults_wrong(&numbers) == NULL, "the last bound");
    numbers.latency_p95_s = 300;
    is_str(llmobsi_alert_defaults_wrong(&numbers), "latency_p95_s",
           "no quantile is above the last bound");
    numbers.latency_p95_s = 10;
    numbers.error_slo = 1;
    is_str(llmobsi_alert_defaults_wrong(&numbers), "error_slo", "nothing left to burn");
    numbers.error_slo = -0.5;
    is_str(llmobsi_alert_defaults_wrong(&numbers), "error_slo", "below 0");
    numbers.error_slo = llmobsi_double_of(UINT64_C(0x7ff8000000000000));
    is_str(llmobsi_alert_defaults_wrong(&numbers), "error_slo", "NaN");
    old.size = offsetof(llmobs_alert_defaults, drift_score);
    old.cost_factor = 5;
    old.drift_score = 0.9;
    numbers = llmobsi_alert_defaults_complete(&old);
    ok(numbers.size == sizeof numbers && numbers.cost_factor > 4.9 && !(numbers.drift_score > 0),
       "an older version's struct");
}

int main(void)
{
    test_rules();
    test_severities();
    test_metrics();
    test_numbers();
    test_wrong();
    return done();
}

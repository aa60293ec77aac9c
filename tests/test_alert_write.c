/* Rules written: golden forms, and any rule is read back as it was, from the one text that it
   has. */
#include "llmobs_private.h"

#include "tap.h"

#define RANDOM_SEED 11
#include "random.h"

#include <stdlib.h>

#define RULES 100000

static char written[8192];

/* A rule as text; "" where there is no room. */
static const char* text_of(const llmobsi_alert_rule* rule, size_t capacity)
{
    llmobsi_writer writer;
    llmobsi_writer_init(&writer, written, capacity, NULL, NULL);
    llmobsi_put_alert_rule(&writer, rule);
    written[writer.length] = '\0';
    return written;
}

/* Reads the only rule of a text. */
static bool read_one(const char* text, llmobsi_alert_rule* rule)
{
    static llmobsi_alert_reader reader;
    llmobsi_alert_rule none;
    llmobsi_alert_reader_begin(&reader, text, strlen(text));
    if (llmobsi_alert_read_next(&reader, rule) == LLMOBS_I_ALERT_READ_RULE &&
        llmobsi_alert_read_next(&reader, &none) == LLMOBS_I_ALERT_READ_END) {
        return true;
    }
    printf("# %u:%u %s\n# of %s\n", reader.error.line, reader.error.column, reader.error.reason,
           text);
    return false;
}

/* ---- golden -------------------------------------------------------------------------------- */

typedef struct text_case {
    const char* text;
    const char* want; /* behind "a: "; NULL: the same as text */
} text_case;

static const text_case golden[] = {
    {"x > 1\n", NULL},
    {"x>=1.50", "x >= 1.5\n"},
    {"((x)) > ((1))", "x > 1\n"},
    /* parentheses: only those that make a difference */
    {"(a + b) + c > a + (b + c)", "a + b + c > a + (b + c)\n"},
    {"(a - b) - (c - d) > 1", "a - b - (c - d) > 1\n"},
    {"(a * b) / (c * d) > (a / b) / c", "a * b / (c * d) > a / b / c\n"},
    {"(a * b) + (c / d) > 1", "a * b + c / d > 1\n"},
    {"(a + b) * (c - d) > 1", "(a + b) * (c - d) > 1\n"},
    {"(-a) * (-b) > -(a * b)", "-a * -b > -(a * b)\n"},
    {"-(-(a)) - (-b) > -(a + b)", "--a - -b > -(a + b)\n"},
    {"(a > 1) and (b > 1) or (c > 1)", "a > 1 and b > 1 or c > 1\n"},
    {"a > 1 and (b > 1 or c > 1)", "a > 1 and (b > 1 or c > 1)\n"},
    {"(a > 1 or b > 1) or (c > 1 or d > 1)", "a > 1 or b > 1 or (c > 1 or d > 1)\n"},
    {"(a > 1 and b > 1) and (c > 1 and d > 1)", "a > 1 and b > 1 and (c > 1 and d > 1)\n"},
    {"a == 1 or b != 1 or c < 1 or d <= 1 or e > 1 or f >= 1\n", NULL},
    /* numbers: the shortest that are read back */
    {"x > 0.1 + 0.30000000000000004 + 1e+23 + 5e-324 + 0 + 1E3",
     "x > 0.1 + 0.30000000000000004 + 1e23 + 5e-324 + 0 + 1000\n"},
    /* terms */
    {"rate ( x { } [ 300s ] offset 0 ) > 1", "rate(x[5m]) > 1\n"},
    {"increase(x{b = \"c\", d != \"e\",}[1w] offset 59m60s) > 1",
     "increase(x{b=\"c\",d!=\"e\"}[7d] offset 1h) > 1\n"},
    {"avg_over_time(x[90000s]) > 1", "avg_over_time(x[1d1h]) > 1\n"},
    {"sum(x) > 1", "x > 1\n"},
    {"sum by (b) (rate(x[5m])) > 1", "rate(x[5m]) > 1\n    by (b)\n"},
    {"histogram_quantile(.950, sum by (le) (rate(x_bucket{b=\"\"}[5m]))) > 1",
     "histogram_quantile(0.95, rate(x_bucket{b=\"\"}[5m])) > 1\n"},
    {"rate(x_bucket{le=\"10.0\",b=\"c\"}[5m]) > rate(x_bucket{le=\"+Inf\"}[5m])",
     "rate(x_bucket{b=\"c\",le=\"10\"}[5m]) > rate(x_bucket{le=\"+Inf\"}[5m])\n"},
    {"x{b=\"\\\\\\\"\\n\xc3\xa9\"} > 1", "x{b=\"\\\\\\\"\\n\xc3\xa9\"} > 1\n"},
    /* clauses: in one order, and only those that say something */
    {"x > 1 runbook \"r\" summary \"s\" repeat 1h cooldown 61s no_data keep group g severity "
     "warning min_history 1d keep_firing_for 90m for 3661s by (c, b)",
     "x > 1\n    by (c, b) for 1h1m1s keep_firing_for 1h30m min_history 1d severity warning "
     "group g no_data keep cooldown 1m1s repeat 1h\n    summary \"s\"\n    runbook \"r\"\n"},
    {"x > 1 for 0s severity info no_data ok repeat 4h summary \"\"", "x > 1\n"},
    {"x > 1 summary \"a \\\"b\\\"\\n\\\\\"", "x > 1\n    summary \"a \\\"b\\\"\\n\\\\\"\n"},
    {"x > 1 repeat 30d no_data alert severity critical",
     "x > 1\n    severity critical no_data alert repeat 30d\n"},
};

static void test_golden(void)
{
    size_t i;
    for (i = 0; i < sizeof golden / sizeof golden[0]; i++) {
        char text[1024], want[1024];
        llmobsi_alert_rule rule, again;
        (void)snprintf(text, sizeof text, "a: %s", golden[i].text);
        (void)snprintf(want, sizeof want, "a: %s",
                       golden[i].want != NULL ? golden[i].want : golden[i].text);
        if (ok(read_one(text, &rule), "a rule is read")) {
            is_str(text_of(&rule, sizeof written - 1), want, "... and written");
            ok(read_one(want, &again) && llmobsi_alert_rules_equal(&rule, &again),
               "... and read as the same");
        }
    }
}

/* ---- random rules -------------------------------------------------------------------------- */

static uint64_t below(uint64_t most)
{
    return next_random() % most;
}

/* A rule that is being made up, node by node. */
typedef struct maker {
    llmobsi_alert_rule* rule;
    uint32_t left; /* nodes that may still be added */
} maker;

static uint16_t keep_text(llmobsi_alert_rule* rule, const char* text)
{
    uint16_t place = rule->text_used;
    memcpy(rule->text + place, text, strlen(text) + 1);
    rule->text_used = (uint16_t)(place + strlen(text) + 1);
    return text[0] != '\0' ? place : 0;
}

static uint16_t any_of(llmobsi_alert_rule* rule, const char* const* texts, size_t count)
{
    return keep_text(rule, texts[below(count)]);
}

#define ANY_OF(rule, texts) any_of(rule, texts, sizeof texts / sizeof texts[0])

static uint32_t any_duration(uint32_t most, uint32_t step)
{
    static const uint32_t units[] = {1, 10, 60, 3600, 86400};
    uint32_t seconds = (uint32_t)below(100) * units[below(5)];
    seconds -= seconds % step;
    return seconds <= most ? seconds : most;
}

static double any_number(void)
{
    uint64_t bits = next_random() >> 1;
    if (below(4) != 0) {
        return (double)below(2000) / (double)(1 + below(8) * 9);
    }
    return bits < LLMOBS_I_DOUBLE_INFINITY ? llmobsi_double_of(bits) : 0.5;
}

static const char* const labels[] = {"a", "_", "feature", "model", "LE", "by", "offset", "b9"};
static const char* const texts[] = {"",    "x",  "a \"b\"", "\\",   "\n\n", "\\n", "#",
                                    "a: ", "\"", "\xc3\xa9", "\xf0\x9f\x98\x80", "}"};

static void make_matchers(llmobsi_alert_rule* rule, llmobsi_alert_term* term)
{
    uint64_t count = below(3) != 0 ? 0 : below(4);
    term->matcher = rule->matcher_count;
    while (count-- > 0 && rule->matcher_count < LLMOBS_I_ALERT_MATCHERS) {
        llmobsi_alert_matcher* matcher = &rule->matchers[rule->matcher_count++];
        matcher->name = ANY_OF(rule, labels);
        matcher->value = ANY_OF(rule, texts);
        matcher->negated = below(2) != 0;
        term->matcher_count++;
    }
}

static void make_term(llmobsi_alert_rule* rule)
{
    static const char* const plain[] = {"x", "sums", "rate", ":a:b", "llm_cost_usd_total", "_count",
                                        "increase", "x9"};
    llmobsi_alert_term* term = &rule->terms[rule->term_count++];
    char name[64];
    term->function = (uint8_t)below(5);
    term->part = LLMOBS_I_ALERT_BUCKETS;
    if (term->function == LLMOBS_I_ALERT_QUANTILE) {
        term->quantile = below(4) == 0 ? (double)below(2) : (double)below(1000) / 1000;
    } else {
        term->part = (uint8_t)below(4);
        if (term->part == LLMOBS_I_ALERT_BUCKETS) {
            term->function = (uint8_t)(LLMOBS_I_ALERT_INCREASE + below(2));
            do {
                term->le = below(8) == 0 ? llmobsi_double_of(LLMOBS_I_DOUBLE_INFINITY)
                                         : any_number();
            } while (term->le == 0);
        }
    }
    (void)snprintf(name, sizeof name, "%s", plain[below(sizeof plain / sizeof plain[0])]);
    if (term->part == LLMOBS_I_ALERT_WHOLE && name[0] == '_') {
        name[1] = '\0';
    }
    term->base_size = (uint16_t)strlen(name);
    (void)snprintf(name + term->base_size, sizeof name - term->base_size, "%s",
                   llmobsi_alert_endings[term->part]);
    term->metric = keep_text(rule, name);
    make_matchers(rule, term);
    if (term->function != LLMOBS_I_ALERT_INSTANT) {
        term->span_s = 10 + any_duration(LLMOBS_I_ALERT_SPAN_MOST_S - 10, 10);
        term->offset_s = below(3) != 0 ? 0
                                       : any_duration(LLMOBS_I_ALERT_REACH_MOST_S - term->span_s,
                                                      10);
    }
}

/* Adds a node behind its parts. */
static unsigned add_node(llmobsi_alert_rule* rule, unsigned op, unsigned left, unsigned right)
{
    llmobsi_alert_node* node = &rule->nodes[rule->node_count];
    node->op = (uint8_t)op;
    node->left = (uint8_t)left;
    node->right = (uint8_t)right;
    return rule->node_count++;
}

/* A number of about that many levels; `needs_term`: it must not be constant. */
static unsigned make_number(llmobsi_alert_rule* rule, unsigned levels, bool needs_term)
{
    unsigned op, left, right;
    if (levels == 0 || rule->node_count > 30 || rule->term_count > 10) {
        bool term = needs_term || (below(2) != 0 && rule->term_count < 14);
        if (term) {
            make_term(rule);
        }
        left = add_node(rule, term ? LLMOBS_I_ALERT_TERM : LLMOBS_I_ALERT_NUMBER, 0, 0);
        rule->nodes[left].term = term ? (uint8_t)(rule->term_count - 1) : 0;
        rule->nodes[left].number = term ? 0 : any_number();
        return left;
    }
    if (below(6) == 0) {
        left = make_number(rule, levels - 1, needs_term);
        return add_node(rule, LLMOBS_I_ALERT_NEGATE, left, 0);
    }
    op = LLMOBS_I_ALERT_ADD + (unsigned)below(4);
    left = make_number(rule, (unsigned)below(levels), needs_term);
    right = make_number(rule, (unsigned)below(levels), op == LLMOBS_I_ALERT_DIVIDE);
    return add_node(rule, op, left, right);
}

static unsigned make_truth(llmobsi_alert_rule* rule, unsigned levels)
{
    unsigned left, right, op;
    if (levels == 0 || rule->node_count > 20 || below(3) == 0) {
        left = make_number(rule, (unsigned)below(4), true);
        right = make_number(rule, (unsigned)below(4), false);
        op = LLMOBS_I_ALERT_EQUAL + (unsigned)below(6);
    } else {
        left = make_truth(rule, levels - 1);
        right = make_truth(rule, levels - 1);
        op = LLMOBS_I_ALERT_AND + (unsigned)below(2);
    }
    return add_node(rule, op, left, right);
}

static void make_rule(llmobsi_alert_rule* rule)
{
    static const char* const names[] = {"a", "_9", "cost_spike", "for"};
    static const char* const groups[] = {"", "g", "by", "group"};
    uint64_t first = below(8), i;
    memset(rule, 0, sizeof *rule);
    rule->text_used = 1;
    rule->name = ANY_OF(rule, names);
    rule->group = ANY_OF(rule, groups);
    rule->summary = ANY_OF(rule, texts);
    rule->runbook = ANY_OF(rule, texts);
    rule->severity = (uint8_t)below(3);
    rule->no_data = (uint8_t)below(3);
    rule->for_s = any_duration(LLMOBS_I_ALERT_WAIT_MOST_S, 1);
    rule->keep_firing_for_s = any_duration(LLMOBS_I_ALERT_WAIT_MOST_S, 1);
    rule->min_history_s = any_duration(LLMOBS_I_ALERT_WAIT_MOST_S, 1);
    rule->cooldown_s = any_duration(LLMOBS_I_ALERT_WAIT_MOST_S, 1);
    rule->repeat_s = below(2) != 0 ? LLMOBS_I_ALERT_REPEAT_S
                                   : 10 + any_duration(LLMOBS_I_ALERT_WAIT_MOST_S - 10, 1);
    for (i = below(5); i > 0; i--) {
        rule->by[rule->by_count++] = keep_text(rule, labels[(first + i) % 8]);
    }
    (void)make_truth(rule, (unsigned)below(4));
}

/* What reads as foregone, or as too large, is refused as it must be: known by its words. */
static bool is_rightly_refused(const char* reason)
{
    return strstr(reason, "is always true") != NULL || strstr(reason, "is never true") != NULL ||
           strstr(reason, "too large") != NULL;
}

static void test_random(void)
{
    static llmobsi_alert_reader reader;
    llmobsi_alert_rule rule, again;
    const size_t rules = slowed() ? RULES / 10 : RULES;
    size_t refused = 0, unread = 0, unequal = 0, unstable = 0, largest = 0, nodes = 0, i;
    for (i = 0; i < rules; i++) {
        char first[sizeof written];
        make_rule(&rule);
        strcpy(first, text_of(&rule, sizeof written - 1));
        llmobsi_alert_reader_begin(&reader, first, strlen(first));
        if (llmobsi_alert_read_next(&reader, &again) != LLMOBS_I_ALERT_READ_RULE) {
            bool right = is_rightly_refused(reader.error.reason);
            refused += right;
            if (!right && ++unread < 4) {
                printf("# %u:%u %s\n# of %s\n", reader.error.line, reader.error.column,
                       reader.error.reason, first);
            }
            continue;
        }
        unequal += !llmobsi_alert_rules_equal(&rule, &again);
        unstable += strcmp(first, text_of(&again, sizeof written - 1)) != 0;
        nodes += rule.node_count;
        largest = rule.node_count > largest ? rule.node_count : largest;
    }
    printf("# %zu refused for what they say; %.1f nodes in the middle, %zu at most\n", refused,
           (double)nodes / ((double)rules - (double)refused), largest);
    is_int(unread, 0, "what is written is read");
    is_int(unequal, 0, "... as the same");
    is_int(unstable, 0, "... and is written as before");
    ok(refused < rules / 4 && largest > 30, "rules were of many kinds");
}

/* Parentheses without need are gone: without any of those left it is another rule. */
static void test_parentheses(void)
{
    llmobsi_alert_rule rule, other;
    size_t needless = 0, pairs = 0, round;
    for (round = 0; round < 10000; round++) {
        char text[sizeof written];
        size_t i, depth, j;
        make_rule(&rule);
        strcpy(text, text_of(&rule, sizeof written - 1));
        for (i = 0; text[i] != '\0' && text[i] != '\n' && text[i] != '"'; i++) {
            if (text[i] != '(' || (text[i - 1] != ' ' && text[i - 1] != '(' &&
                                   text[i - 1] != '-')) {
                continue;
            }
            for (j = i, depth = 0; text[j] != '\0'; j++) {
                depth += text[j] == '(';
                if (text[j] == ')' && --depth == 0) {
                    break;
                }
            }
            if (memchr(text + i, '"', j - i) != NULL || text[j] == '\0') {
                continue; /* a parenthesis in a text may be another's */
            }
            text[i] = text[j] = ' ';
            pairs++;
            {
                static llmobsi_alert_reader reader;
                llmobsi_alert_reader_begin(&reader, text, strlen(text));
                needless += llmobsi_alert_read_next(&reader, &other) == LLMOBS_I_ALERT_READ_RULE &&
                            llmobsi_alert_rules_equal(&rule, &other);
            }
            text[i] = '(';
            text[j] = ')';
        }
    }
    printf("# %zu pairs\n", pairs);
    ok(pairs > 1000, "rules have parentheses");
    is_int(needless, 0, "... none without need");
}

/* ---- equality ------------------------------------------------------------------------------ */

static void test_equality(void)
{
    static const char first[] =
        "a: rate(x{b=\"c\"}[5m]) > 1 by (d) for 1s keep_firing_for 1s min_history 1s cooldown 1s "
        "repeat 10s group g summary \"s\" runbook \"r\"";
    static const char* const changes[][2] = {
        {"a:", "b:"},
        {"rate", "increase"},
        {"x{", "y{"},
        {"b=", "e="},
        {"=\"c\"", "!=\"c\""},
        {"\"c\"", "\"d\""},
        {"5m]", "6m]"},
        {"5m]", "5m] offset 1m"},
        {"> 1", "> 2"},
        {"> 1", "< 1"},
        {"> 1", "> x + 1"},
        {"(d)", "(e)"},
        {"(d)", "(d, e)"},
        {"for 1s k", "for 2s k"},
        {"g_for 1s", "g_for 2s"},
        {"history 1s", "history 2s"},
        {"cooldown 1s", "cooldown 2s"},
        {"repeat 10s", "repeat 11s"},
        {"group g", "group h"},
        {"\"s\"", "\"t\""},
        {"\"r\"", "\"t\""},
        {"group", "severity warning group"},
        {"group", "no_data keep group"},
        {"rate(x{b=\"c\"}[5m])", "rate(x_bucket{b=\"c\",le=\"1\"}[5m])"},
    };
    llmobsi_alert_rule rule, other;
    size_t i;
    ok(read_one(first, &rule) && read_one(first, &other) &&
           llmobsi_alert_rules_equal(&rule, &other),
       "a rule is equal to itself");
    for (i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        const char* place = strstr(first, changes[i][0]);
        char text[1024];
        (void)snprintf(text, sizeof text, "%.*s%s%s", (int)(place - first), first, changes[i][1],
                       place + strlen(changes[i][0]));
        ok(read_one(text, &other) && !llmobsi_alert_rules_equal(&rule, &other), changes[i][1]);
    }
    (void)read_one("a: histogram_quantile(0.5, rate(x_bucket[5m])) > 1", &rule);
    (void)read_one("a: histogram_quantile(0.6, rate(x_bucket[5m])) > 1", &other);
    ok(!llmobsi_alert_rules_equal(&rule, &other), "another quantile");
    (void)read_one("a: rate(x_bucket{le=\"1\"}[5m]) > 1", &rule);
    (void)read_one("a: rate(x_bucket{le=\"2\"}[5m]) > 1", &other);
    ok(!llmobsi_alert_rules_equal(&rule, &other), "another bound");
}

/* ---- the writer's room --------------------------------------------------------------------- */

static void test_room(void)
{
    llmobsi_alert_rule rule;
    size_t size, capacity, wrong = 0;
    (void)read_one("a: rate(x{b=\"c\"}[5m]) > 0.5 by (d) for 1s summary \"s\"", &rule);
    size = strlen(text_of(&rule, sizeof written - 1));
    for (capacity = 0; capacity < size + 8; capacity++) {
        wrong += strlen(text_of(&rule, capacity)) != (capacity < size ? 0 : size);
    }
    is_int(wrong, 0, "all of it or nothing, whatever the room");
}

/* ---- the page ------------------------------------------------------------------------------ */

/* The rule that docs/alerts.md begins with is read; and it says what stands there. */
static void test_page(void)
{
    static char page[1 << 16];
    llmobsi_alert_rule rule;
    FILE* file = fopen("docs/alerts.md", "r");
    char* begin;
    char* end;
    size_t size;
    if (file == NULL) {
        skip("the rule of docs/alerts.md", "the page is not here");
        return;
    }
    size = fread(page, 1, sizeof page - 1, file);
    (void)fclose(file);
    page[size] = '\0';
    begin = strstr(page, "```text\n");
    end = begin != NULL ? strstr(begin + 8, "```") : NULL;
    if (!ok(end != NULL, "docs/alerts.md begins with a rule")) {
        return;
    }
    *end = '\0';
    ok(read_one(begin + 8, &rule), "... that is one");
    is_str(text_of(&rule, sizeof written - 1),
           "cost_spike: rate(llm_cost_usd_total[5m]) > 2 * rate(llm_cost_usd_total[7d]) and "
           "increase(llm_cost_usd_total[5m]) > 0.5\n"
           "    by (feature) for 5m min_history 1d severity critical group cost\n"
           "    summary \"The cost of a feature is twice its average of 7 days\"\n"
           "    runbook \"Look at the feature's requests of the last minutes first\"\n",
           "... and is written");
}

int main(void)
{
    test_page();
    test_golden();
    test_random();
    test_parentheses();
    test_equality();
    test_room();
    return done();
}

/* Alert rules as Prometheus YAML: expressions one by one, a whole file, texts that would break out.
   tests/interop/alert.t asks promtool what they mean. */
#include "llmobs_private.h"

#include "tap.h"

static char out[1 << 16];
static llmobsi_alert_rule rule;

static llmobsi_writer writer_of(void)
{
    llmobsi_writer writer;
    memset(out, 0, sizeof out);
    llmobsi_writer_init(&writer, out, sizeof out - 1, NULL, NULL);
    return writer;
}

/* Reads one rule; what can't be read is shown. */
static void read_rule(const char* text)
{
    static llmobsi_alert_reader reader;
    llmobsi_alert_reader_begin(&reader, text, strlen(text));
    if (llmobsi_alert_read_next(&reader, &rule) != LLMOBS_I_ALERT_READ_RULE) {
        printf("# %s: column %u: %s\n", text, reader.error.column, reader.error.reason);
        memset(&rule, 0, sizeof rule);
    }
}

/* The rule's expression, on one line. */
static const char* expression(const char* text)
{
    llmobsi_writer writer = writer_of();
    char whole[2048];
    char* end;
    (void)snprintf(whole, sizeof whole, "r: %s", text);
    read_rule(whole);
    if (rule.node_count == 0) {
        return "";
    }
    llmobsi_promql_put(&writer, &rule);
    while ((end = strstr(out, LLMOBS_I_PROMQL_INDENT)) != NULL) {
        *end = ' ';
        memmove(end + 1, end + sizeof LLMOBS_I_PROMQL_INDENT - 1,
                strlen(end + sizeof LLMOBS_I_PROMQL_INDENT - 1) + 1);
    }
    return out;
}

#define is_expression(text, want) is_str(expression(text), want, text)

/* ---- expressions --------------------------------------------------------------------------- */

static void test_terms(void)
{
    is_expression("g > 1", "sum(g) > 1");
    is_expression("g{a=\"x\",b!=\"y\"} > 1 by (f, k)",
                  "sum by (f, k) (g{a=\"x\",b!=\"y\"}) > 1");
    is_expression("increase(x[5m]) > 1", "sum(increase(x[5m])) > 1");
    is_expression("rate(x[90m] offset 6d) > 1", "sum(rate(x[1h30m] offset 6d)) > 1");
    is_expression("avg_over_time(g[10s]) > -1", "sum(avg_over_time(g[10s])) > -1");
    is_expression("histogram_quantile(0.95, rate(h_bucket{p=\"m\"}[5m])) > 10",
                  "histogram_quantile(0.95, sum by (le) (rate(h_bucket{p=\"m\"}[5m]))) > 10");
    is_expression("histogram_quantile(1, rate(h_bucket[1d])) > 0.1 by (f)",
                  "histogram_quantile(1, sum by (le, f) (rate(h_bucket[1d]))) > 0.1");
    is_expression("increase(h_count[5m]) > 1", "sum(increase(h_count[5m])) > 1");
    is_expression("increase(h_bucket{le=\"2.5\"}[5m]) > 1",
                  "sum(increase(h_bucket{le=\"2.5\"}[5m])) > 1");
    is_expression("increase(h_bucket{le=\"10\"}[5m]) > 1",
                  "sum(increase(h_bucket{le=~\"10([.]0)?\"}[5m])) > 1");
    is_expression("increase(h_bucket{a=\"x\",le=\"+Inf\"}[5m]) > 1",
                  "sum(increase(h_bucket{a=\"x\",le=\"+Inf\"}[5m])) > 1");
    is_expression("increase(h_bucket{le=\"1048576\"}[5m]) > 1",
                  "sum(increase(h_bucket{le=\"1.048576e+06\"}[5m])) > 1");
}

static void test_precedence(void)
{
    is_expression("(g + a) * b > c - (d - e)", "(sum(g) + sum(a)) * sum(b) > "
                                               "sum(c) - (sum(d) - sum(e))");
    is_expression("((g * a)) + (b) > 1", "sum(g) * sum(a) + sum(b) > 1");
    is_expression("-(g + 1) > -g * 2", "-(sum(g) + 1) > -sum(g) * 2");
    is_expression("g / (2 * 3) > 1", "sum(g) / (2 * 3) > 1");
    is_expression("g / (a / b) > 1", "sum(g) / (sum(a) / (sum(b) != 0) != 0) > 1");
    is_expression("g > 1 and (a > 1 or b > 1)", "sum(g) > 1 and (sum(a) > 1 or sum(b) > 1)");
    is_expression("(g > 1 and a > 1) or b > 1", "sum(g) > 1 and sum(a) > 1 or sum(b) > 1");
    is_expression("g > 1e-9", "sum(g) > 1e-9");
    is_expression("g > 1e30", "sum(g) > 1e30");
}

/* ---- what is not there --------------------------------------------------------------------- */

static void test_zeros(void)
{
    is_expression("increase(x[5m]) == 0", "(sum(increase(x[5m])) or vector(0)) == 0");
    is_expression("increase(x[5m]) >= 1", "sum(increase(x[5m])) >= 1");
    is_expression("increase(h_sum[5m]) >= 0", "(sum(increase(h_sum[5m])) or vector(0)) >= 0");
    is_expression("increase(x[5m]) < 1", "(sum(increase(x[5m])) or vector(0)) < 1");
    is_expression("1 < increase(x[5m])", "1 < sum(increase(x[5m]))");
    is_expression("2 * increase(x[5m]) > g", "2 * (sum(increase(x[5m])) or vector(0)) > sum(g)");
    is_expression("increase(x[5m]) > rate(y[5m])",
                  "sum(increase(x[5m])) > (sum(rate(y[5m])) or vector(0))");
    is_expression("increase(x[5m]) > increase(h_sum[5m])",
                  "(sum(increase(x[5m])) or vector(0)) > (sum(increase(h_sum[5m])) or vector(0))");
    is_expression("increase(x[5m]) + g > 1", "(sum(increase(x[5m])) or vector(0)) + sum(g) > 1");
    is_expression("increase(x[5m]) / increase(y[5m]) > 0.5",
                  "sum(increase(x[5m])) / (sum(increase(y[5m])) != 0) > 0.5");
    is_expression("g / (increase(x[5m]) + 1) > 0.5",
                  "sum(g) / ((sum(increase(x[5m])) or vector(0)) + 1 != 0) > 0.5");
    is_expression("g != 2", "sum(g) < 2 or sum(g) > 2");
    is_expression("g != 2 and a > 1", "(sum(g) < 2 or sum(g) > 2) and sum(a) > 1");
}

static void test_groups(void)
{
    is_expression("rate(x[5m]) > 2 * rate(x[7d]) by (f)",
                  "sum by (f) (rate(x[5m])) > "
                  "2 * (sum by (f) (rate(x[7d])) or 0 * group by (f) (x))");
    is_expression("increase(x{a=\"1\"}[5m]) < increase(y[5m] offset 1d) and increase(x[5m]) > 1 "
                  "by (f)",
                  "(sum by (f) (increase(x{a=\"1\"}[5m])) or 0 * group by (f) (x{a=\"1\"}) or "
                  "0 * group by (f) (y offset 1d) or 0 * group by (f) (x)) < "
                  "sum by (f) (increase(y[5m] offset 1d)) and sum by (f) (increase(x[5m])) > 1");
    is_expression("increase(x[5m]) == 0 and increase(x[5m] offset 1d) > 2 by (f)",
                  "(sum by (f) (increase(x[5m])) or 0 * group by (f) (x) or "
                  "0 * group by (f) (x offset 1d)) == 0 and "
                  "sum by (f) (increase(x[5m] offset 1d)) > 2");
    is_expression("increase(x{a=\"1\"}[5m]) == 0 and increase(x{a=\"2\"}[5m]) > 2 by (f)",
                  "(sum by (f) (increase(x{a=\"1\"}[5m])) or 0 * group by (f) (x{a=\"1\"}) or "
                  "0 * group by (f) (x{a=\"2\"})) == 0 and "
                  "sum by (f) (increase(x{a=\"2\"}[5m])) > 2");
    is_expression("increase(h_bucket{le=\"0.5\"}[5m]) < 3 * increase(h_count[5m]) by (f)",
                  "(sum by (f) (increase(h_bucket{le=\"0.5\"}[5m])) or "
                  "0 * group by (f) (h_count)) < 3 * sum by (f) (increase(h_count[5m]))");
}

static void test_no_data(void)
{
    is_expression("increase(x[5m]) / increase(y[5m]) > 0.5 no_data alert",
                  "sum(increase(x[5m])) / (sum(increase(y[5m])) != 0) > 0.5 or (vector(0)) "
                  "unless ((sum(increase(x[5m])) or vector(0)) / (sum(increase(y[5m])) != 0) <= "
                  "0.5)");
    is_expression("g > 1 and (a == 2 or b < 3) by (f) no_data keep",
                  "sum by (f) (g) > 1 and (sum by (f) (a) == 2 or sum by (f) (b) < 3) or "
                  "(sum by (f) (ALERTS{alertname=\"r\",alertstate=\"firing\"})) unless "
                  "(sum by (f) (g) <= 1 or (sum by (f) (a) < 2 or sum by (f) (a) > 2) and "
                  "sum by (f) (b) >= 3)");
    is_expression("g >= 1 or a != 2 no_data alert by (f)",
                  "sum by (f) (g) >= 1 or sum by (f) (a) < 2 or sum by (f) (a) > 2 or "
                  "(0 * group by (f) (g) or 0 * group by (f) (a)) unless "
                  "(sum by (f) (g) < 1 and sum by (f) (a) == 2)");
}

static void test_history(void)
{
    is_expression("increase(x[5m]) > 1 min_history 1d",
                  "sum(increase(x[5m])) > 1 and on() (present_over_time(x[1h] offset 1d))");
    is_expression("rate(x[5m]) > rate(x[7d]) min_history 1d",
                  "sum(rate(x[5m])) > (sum(rate(x[7d])) or vector(0)) and on() "
                  "(present_over_time(x[1h] offset 7d))");
    is_expression("increase(x{a=\"b\"}[7d]) > 1 min_history 1d",
                  "sum(increase(x{a=\"b\"}[7d])) > 1 and on() "
                  "(present_over_time(x[1h] offset 1d))");
    is_expression("rate(x[7d]) > 1", "sum(rate(x[7d])) > 1");
    is_expression("g > 1 or increase(h_bucket{le=\"1\"}[1h] offset 7d) > 1 or "
                  "increase(h_count{a=\"x\"}[1h]) > 1 min_history 30d",
                  "(sum(g) > 1 or sum(increase(h_bucket{le=~\"1([.]0)?\"}[1h] offset 7d)) > 1 or "
                  "sum(increase(h_count{a=\"x\"}[1h])) > 1) and on() "
                  "(present_over_time(g[1h] offset 30d) or "
                  "present_over_time(h_count[1h] offset 30d))");
    is_expression("g > 1 min_history 1h no_data alert",
                  "sum(g) > 1 and on() (present_over_time(g[1h] offset 1h)) or (vector(0)) unless "
                  "(sum(g) <= 1 and on() (present_over_time(g[1h] offset 1h)))");
}

/* ---- a file -------------------------------------------------------------------------------- */

static void test_file(void)
{
    llmobsi_writer writer = writer_of();
    llmobsi_alert_rules_begin(&writer, 0);
    read_rule("cost: increase(c[5m]) > 1 and g < 2 by (feature, model) for 5m keep_firing_for 90s "
              "severity critical group spend cooldown 5m repeat 1h "
              "summary \"{{ $value }} is \\\"much\\\"\" runbook \"https://example.org/a?b\"");
    llmobsi_alert_rules_put(&writer, &rule);
    read_rule("null: g > 1 by (severity) group spend runbook \"Look: #1\"");
    llmobsi_alert_rules_put(&writer, &rule);
    read_rule("plain: g > 1 by (severity, group) group spend");
    llmobsi_alert_rules_put(&writer, &rule);
    llmobsi_put_text(&writer, "\n");
    ok(llmobsi_writer_finish(&writer), "the file is written");
    is_str(out,
           "groups:\n"
           "  - name: llmobs\n"
           "    interval: 10s\n"
           "    rules:\n"
           "      - alert: \"cost\"\n"
           "        expr: |-\n"
           "          sum by (feature, model) (increase(c[5m])) > 1\n"
           "          and sum by (feature, model) (g) < 2\n"
           "        for: 5m\n"
           "        keep_firing_for: 1m30s\n"
           "        labels:\n"
           "          severity: critical\n"
           "          group: \"spend\"\n"
           "        annotations:\n"
           "          summary: \"{{`{{`}} $value }} is \\\"much\\\"\"\n"
           "          description: \"value {{ $value }}, feature {{ $labels.feature }}, "
           "model {{ $labels.model }}\"\n"
           "          runbook_url: \"https://example.org/a?b\"\n"
           "      - alert: \"null\"\n"
           "        expr: |-\n"
           "          sum by (severity) (g) > 1\n"
           "        labels:\n"
           "          group: \"spend\"\n"
           "        annotations:\n"
           "          description: \"value {{ $value }}, severity {{ $labels.severity }}\"\n"
           "          runbook: \"Look: #1\"\n"
           "      - alert: \"plain\"\n"
           "        expr: |-\n"
           "          sum by (severity, group) (g) > 1\n"
           "        annotations:\n"
           "          description: \"value {{ $value }}, severity {{ $labels.severity }}, "
           "group {{ $labels.group }}\"\n",
           "rules, with what they have and no more");
    writer = writer_of();
    llmobsi_alert_rules_begin(&writer, 60);
    ok(strstr(out, "interval: 1m\n") != NULL, "another interval");
}

/* What a parser would let through is not what the writer relies on. */
static void test_hostile(void)
{
    static const struct {
        const char* text;
        const char* want;
        bool is_template;
    } cases[] = {
        {"plain, \xc3\xa4, \xe6\x97\xa5, \xf0\x9f\x98\x80", NULL, false},
        {"a\"b\\c", "a\\\"b\\\\c", false},
        {"a\nb\tc\x01\x7f", "a\\u000ab\\u0009c\\u0001\\u007f", false},
        {"\xc2\x85\xe2\x80\xa8\xe2\x80\xae\xef\xbb\xbf", "\\u0085\\u2028\\u202e\\ufeff", false},
        {"\xef\xbf\xbe\xef\xbf\xbf\xef\xbf\xbd", "\\ufffe\\uffff\xef\xbf\xbd", false},
        {"\xff\xc3(\xed\xa0\x80", "\\ufffd\\ufffd(\\ufffd\\ufffd\\ufffd", false},
        {"{{x}} {", "{{x}} {", false},
        {"{{x}} {", "{{`{{`}}x}} {", true},
        {"{{{", "{{`{{`}}{", true},
    };
    size_t i;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        llmobsi_writer writer = writer_of();
        llmobsi_yaml_text(&writer, cases[i].text, cases[i].is_template);
        is_str(out, cases[i].want != NULL ? cases[i].want : cases[i].text,
               "a text between quotes");
    }
}

int main(void)
{
    test_terms();
    test_precedence();
    test_zeros();
    test_groups();
    test_no_data();
    test_history();
    test_file();
    test_hostile();
    return done();
}

/* Rules read: what must be refused, where and in which words; what is taken as what; texts of any
   size. */
#include "llmobs_private.h"

#include "tap.h"

#include <locale.h>
#include <stdlib.h>

/* The first refusal of a text as "line:column reason"; "" where all of its rules are taken. The
   text is copied, so that a byte too far is seen. */
static const char* refusal_of(const char* text, size_t size)
{
    static char line[256];
    static llmobsi_alert_reader reader;
    llmobsi_alert_rule rule;
    llmobsi_alert_read read;
    char* copy = (char*)malloc(size + (size == 0));
    memcpy(copy, text, size);
    llmobsi_alert_reader_begin(&reader, copy, size);
    do {
        read = llmobsi_alert_read_next(&reader, &rule);
    } while (read == LLMOBS_I_ALERT_READ_RULE);
    line[0] = '\0';
    if (read == LLMOBS_I_ALERT_READ_FAILED) {
        (void)snprintf(line, sizeof line, "%u:%u %s", reader.error.line, reader.error.column,
                       reader.error.reason);
    }
    free(copy);
    return line;
}

/* The one rule of a text, or an abort. */
static llmobsi_alert_rule read_rule(const char* text)
{
    llmobsi_alert_reader reader;
    llmobsi_alert_rule rule;
    llmobsi_alert_reader_begin(&reader, text, strlen(text));
    if (llmobsi_alert_read_next(&reader, &rule) != LLMOBS_I_ALERT_READ_RULE) {
        printf("# %s: %s\n", text, reader.error.reason);
        abort();
    }
    return rule;
}

typedef struct text_case {
    const char* text;
    const char* want;
} text_case;

/* ---- refused ------------------------------------------------------------------------------- */

#define WORDS                                                                             \
    "known are by, for, keep_firing_for, min_history, severity, group, no_data, cooldown, " \
    "repeat, summary, runbook"
#define COMPARISON "expected a comparison such as \"> 0\", found "
#define FUNCTIONS "known are increase, rate, avg_over_time, histogram_quantile, sum"
#define OPERAND "a number, a metric or \"(\""
#define HEAD "a rule's name and \":\", such as cost_spike:"
#define NAME63 "a23456789_123456789_123456789_123456789_123456789_123456789_123"

static const text_case refused[] = {
    /* names */
    {"x", "1:1 expected " HEAD ", found \"x\""},
    {"# c\n  5: x > 1", "2:3 expected " HEAD ", found \"5\""},
    {"a:b > 1", "1:1 expected " HEAD ", found \"a:b\""},
    {"a:b: x > 1",
     "1:1 expected a name of letters, digits and \"_\", at most 63, and \":\", found \"a:b:\""},
    {": x > 1",
     "1:1 expected a name of letters, digits and \"_\", at most 63, and \":\", found \":\""},
    {NAME63 "x: x > 1", "1:1 expected a name of letters, digits and \"_\", at most 63, and \":\", "
                        "found \"a23456789_123456789_12345678...\""},
    {"a: x > 1 b", "1:10 unknown word \"b\": " WORDS},
    {"a: x > 1\nb: y", "2:5 " COMPARISON "the end"},
    /* operands */
    {"a:", "1:3 expected " OPERAND ", found the end"},
    {"a:\nb: x > 1", "2:1 expected " OPERAND ", found \"b:\""},
    {"a: for 5m", "1:4 expected " OPERAND ", found \"for\""},
    {"a: x > ", "1:8 expected " OPERAND ", found the end"},
    {"a: x > > 1", "1:8 expected " OPERAND ", found \">\""},
    {"a: x > and y > 1", "1:8 expected " OPERAND ", found \"and\""},
    {"a: x > AND", "1:8 expected " OPERAND ", found \"AND\""},
    {"a: x > bool 1", "1:8 expected " OPERAND ", found \"bool\""},
    {"a: x > NaN", "1:8 expected " OPERAND ", found \"NaN\""},
    {"a: x > Keep_Firing_For", "1:8 expected " OPERAND ", found \"Keep_Firing_For\""},
    {"a: x > \"1\"", "1:8 expected " OPERAND ", found a text in quotes"},
    {"a: x > +1", "1:8 expected " OPERAND ", found \"+\""},
    {"a: x @ 1", "1:6 " COMPARISON "\"@\""},
    {"a: x \x01 1", "1:6 " COMPARISON "the byte 0x01"},
    {"a: x > 1 \xe2\x80\x93 2",
     "1:10 expected an operator, a clause, the next rule or the end, found the byte 0xe2"},
    {"a: x y", "1:6 " COMPARISON "\"y\""},
    {"a: x > 1 5", "1:10 expected an operator, a clause, the next rule or the end, found \"5\""},
    {"a: x > 1 for 5m 5", "1:17 expected a clause, the next rule or the end, found \"5\""},
    /* numbers */
    {"a: x > 5m", "1:8 expected a number, found \"5m\""},
    {"a: x > 1.2.3", "1:8 expected a number, found \"1.2.3\""},
    {"a: x > 0x10", "1:8 expected a number, found \"0x10\""},
    {"a: x > 1e", "1:8 expected a number, found \"1e\""},
    {"a: x > 1e+", "1:8 expected a number, found \"1e\""},
    {"a: x > 1_000", "1:8 expected a number, found \"1_000\""},
    {"a: x > 1e309", "1:8 the number is too large"},
    {"a: x > 1e99999999999999999999", "1:8 the number is too large"},
    {"a: x > 1e308 * 10", "1:14 the number is too large"},
    {"a: x > 00000000000000000000000000000000000000000000000000000000000000001",
     "1:8 expected a number, found \"0000000000000000000000000000...\""},
    {"a: x > 123456789012345678901234567x",
     "1:8 expected a number, found \"123456789012345678901234567x\""},
    {"a: x > 1234567890123456789012345678x",
     "1:8 expected a number, found \"1234567890123456789012345678...\""},
    {"a: x > .", "1:8 expected " OPERAND ", found \".\""},
    /* types */
    {"a: x", "1:5 " COMPARISON "the end"},
    {"a: (x + 1)", "1:11 " COMPARISON "the end"},
    {"a: x > 1 > 2", "1:10 expected a number before \">\", found a comparison"},
    {"a: x > (y > 2)", "1:6 expected a number behind \">\", found a comparison"},
    {"a: (x > 1) + 2", "1:12 expected a number before \"+\", found a comparison"},
    {"a: 2 * (x > 1)", "1:6 expected a number behind \"*\", found a comparison"},
    {"a: -(x > 1)", "1:4 expected a number behind \"-\", found a comparison"},
    {"a: x and y > 1", "1:6 expected a comparison before \"and\", found a number"},
    {"a: x > 1 or y", "1:10 expected a comparison behind \"or\", found a number"},
    {"a: x == 1 != 2", "1:11 expected a number before \"!=\", found a comparison"},
    /* what says nothing */
    {"a: 1 > 2", "1:6 two constants are compared: expected a metric on one side"},
    {"a: x > 1 and 2 - 1 == 1",
     "1:20 two constants are compared: expected a metric on one side"},
    {"a: x / 0 > 1", "1:6 a division by zero"},
    {"a: x / (2 - 2) > 1", "1:6 a division by zero"},
#define NEVER "this is never true: increases and rates are not below 0"
#define ALWAYS "this is always true: increases and rates are not below 0"
    {"a: rate(x[5m]) < 0", "1:16 " NEVER},
    {"a: rate(x[5m]) >= 0", "1:16 " ALWAYS},
    {"a: 0 > rate(x[5m])", "1:6 " NEVER},
    {"a: 0 <= rate(x[5m])", "1:6 " ALWAYS},
    {"a: increase(x[5m]) > -1", "1:20 " ALWAYS},
    {"a: increase(x[5m]) >= -1", "1:20 " ALWAYS},
    {"a: increase(x[5m]) != -1", "1:20 " ALWAYS},
    {"a: increase(x[5m]) == -1", "1:20 " NEVER},
    {"a: increase(x[5m]) <= -1", "1:20 " NEVER},
    {"a: increase(x[5m]) < -1", "1:20 " NEVER},
    {"a: -1 < increase(x[5m])", "1:7 " ALWAYS},
    {"a: 1 - 2 >= increase(x[5m])", "1:10 " NEVER},
    {"a: rate(x_count[5m]) < 0", "1:22 " NEVER},
    {"a: 2 * rate(x[5m]) / rate(y[5m]) + 1 < 0", "1:38 " NEVER},
    /* parentheses */
    {"a: (x > 1", "1:10 expected \")\", found the end"},
    {"a: x > 1)", "1:9 expected an operator, a clause, the next rule or the end, found \")\""},
    {"a: () > 1", "1:5 expected " OPERAND ", found \")\""},
    {"a: ((((((((((((((((((x > 1", "1:20 parentheses and signs more than 16 deep"},
    {"a: x > -----------------1", "1:24 parentheses and signs more than 16 deep"},
    /* functions */
    {"a: max(x) > 1", "1:4 unknown function \"max\": " FUNCTIONS},
    {"a: sum(max(x[5m])) > 1", "1:8 unknown function \"max\": " FUNCTIONS},
    {"a: rate() > 1", "1:9 expected a metric's name, found \")\""},
    {"a: rate(5) > 1", "1:9 expected a metric's name, found \"5\""},
    {"a: rate(x) > 1", "1:10 expected \"[\", found \")\""},
    {"a: rate(x[5m] > 1", "1:15 expected \")\", found \">\""},
    {"a: rate(rate(x[5m])) > 1", "1:13 expected \"[\", found \"(\""},
    {"a: x[5m] > 1", "1:5 " COMPARISON "\"[\""},
    {"a: x offset 5m > 1", "1:6 " COMPARISON "\"offset\""},
    {"a: x >= 1 % 2", "1:11 expected an operator, a clause, the next rule or the end, found \"%\""},
    {"a: x b: y > 1", "1:6 " COMPARISON "\"b:\""},
    {"a: 1 < x[5m]", "1:9 expected an operator, a clause, the next rule or the end, found \"[\""},
    {"a: sum(rate(x[5m]) + rate(y[5m])) > 1", "1:20 expected \")\", found \"+\""},
    {"a: sum > 1", "1:8 expected \"(\", found \">\""},
    {"a: sum(sum) > 1", "1:8 expected a metric's name, found \"sum\""},
    {"a: rate(sum[5m]) > 1", "1:9 expected a metric's name, found \"sum\""},
    {"a: x > sum by (b)", "1:18 expected \"(\", found the end"},
    {"a: sum(sum(x)) > 1",
     "1:8 expected a metric, increase, rate or avg_over_time, found \"sum\""},
    {"a: sum(histogram_quantile(0.5, rate(x_bucket[5m]))) > 1",
     "1:8 expected a metric, increase, rate or avg_over_time, found \"histogram_quantile\""},
    /* ranges */
#define RANGE "1:11 expected 10s to 7d, a multiple of 10s"
    {"a: rate(x[5]) > 1", "1:11 expected a duration such as 5m or 1h30m, found \"5\""},
    {"a: rate(x[]) > 1", "1:11 expected a duration such as 5m or 1h30m, found \"]\""},
    {"a: rate(x[5ms]) > 1", "1:11 expected a duration such as 5m or 1h30m, found \"5ms\""},
    {"a: rate(x[1m1h]) > 1", "1:11 expected a duration such as 5m or 1h30m, found \"1m1h\""},
    {"a: rate(x[1m1m]) > 1", "1:11 expected a duration such as 5m or 1h30m, found \"1m1m\""},
    {"a: rate(x[1.5h]) > 1", "1:11 expected a duration such as 5m or 1h30m, found \"1.5h\""},
    {"a: rate(x[1h30]) > 1", "1:11 expected a duration such as 5m or 1h30m, found \"1h30\""},
    {"a: rate(x[h]) > 1", "1:11 expected a duration such as 5m or 1h30m, found \"h\""},
    {"a: rate(x[0]) > 1", RANGE ", found \"0\""},
    {"a: rate(x[0s]) > 1", RANGE ", found \"0s\""},
    {"a: rate(x[9s]) > 1", RANGE ", found \"9s\""},
    {"a: rate(x[15s]) > 1", RANGE ", found \"15s\""},
    {"a: rate(x[7d10s]) > 1", RANGE ", found \"7d10s\""},
    {"a: rate(x[99999999999999999999w]) > 1", RANGE ", found \"99999999999999999999w\""},
    {"a: rate(x[7102w]) > 1", RANGE ", found \"7102w\""},
    {"a: rate(x[5m:1m]) > 1", "1:13 expected \"]\", found \":1m\""},
#define OFFSET "expected an offset that is a multiple of 10s, with the range at most 7d1h"
    {"a: rate(x[7d] offset 1h10s) > 1", "1:22 " OFFSET ", found \"1h10s\""},
    {"a: rate(x[5m] offset 5s) > 1", "1:22 " OFFSET ", found \"5s\""},
    {"a: rate(x[5m] offset -5m) > 1",
     "1:22 expected a duration such as 5m or 1h30m, found \"-\""},
    {"a: 1 < x offset 5m", "1:10 unknown word \"offset\": " WORDS},
    /* selectors */
    {"a: x{ > 1", "1:7 expected a label's name, found \">\""},
    {"a: x{y} > 1", "1:7 expected \"=\" or \"!=\", found \"}\""},
    {"a: x{y=} > 1", "1:8 expected the label's value in quotes, found \"}\""},
    {"a: x{y=1} > 1", "1:8 expected the label's value in quotes, found \"1\""},
    {"a: x{y='b'} > 1", "1:8 expected the label's value in quotes, found \"'\""},
    {"a: x{y=\"b\" z=\"c\"} > 1", "1:12 expected \",\" or \"}\", found \"z\""},
    {"a: x{,} > 1", "1:6 expected a label's name, found \",\""},
    {"a: x{y:z=\"b\"} > 1", "1:6 expected a label's name, found \"y:z\""},
    {"a: x{y=~\"b.*\"} > 1", "1:7 labels are compared by = and != alone, no patterns"},
    {"a: x{y!~\"b.*\"} > 1", "1:7 labels are compared by = and != alone, no patterns"},
    {"a: {y=\"b\"} > 1", "1:4 expected " OPERAND ", found \"{\""},
    {"a: rate({y=\"b\"}[5m]) > 1", "1:9 expected a metric's name, found \"{\""},
    {"a: rate(sum(x)[5m]) > 1", "1:9 expected a metric's name, found \"sum\""},
    /* texts */
    {"a: x{y=\"b", "1:10 a text in quotes has no end"},
    {"a: x{y=\"b\n\"} > 1", "1:10 a text in quotes has no end"},
    {"a: x{y=\"b\\\"", "1:12 a text in quotes has no end"},
    {"a: x{y=\"b\\", "1:10 a backslash in a text must be followed by \", \\ or n"},
    {"a: x{y=\"b\\t\"} > 1", "1:10 a backslash in a text must be followed by \", \\ or n"},
    {"a: x{y=\"b\t\"} > 1", "1:10 a text must have no control characters"},
    {"a: x{y=\"b\x7f\"} > 1", "1:10 a text must have no control characters"},
    {"a: x{y=\"b\xe2\x80\xae\"} > 1", "1:10 a text must have no control characters"},
    {"a: x{y=\"b\xff\"} > 1", "1:10 a text must be valid UTF-8"},
    {"a: x{y=\"b\xe2\x80", "1:10 a text must be valid UTF-8"},
    /* histograms */
#define BUCKETS "histogram_quantile takes a histogram's buckets, name_bucket, without le"
#define QUANTILE "the quantile, from 0 to 1"
    {"a: histogram_quantile(1.5, rate(x_bucket[5m])) > 1", "1:23 a quantile is from 0 to 1"},
    {"a: histogram_quantile(-0.5, rate(x_bucket[5m])) > 1", "1:24 a quantile is from 0 to 1"},
    {"a: histogram_quantile(1e999, rate(x_bucket[5m])) > 1", "1:23 a quantile is from 0 to 1"},
    {"a: histogram_quantile(x, rate(x_bucket[5m])) > 1",
     "1:23 expected " QUANTILE ", found \"x\""},
    {"a: histogram_quantile(0.95%, rate(x_bucket[5m])) > 1", "1:27 expected \",\", found \"%\""},
    {"a: histogram_quantile(0.5, x_bucket) > 1", "1:28 expected \"rate\", found \"x_bucket\""},
    {"a: histogram_quantile(0.5, increase(x_bucket[5m])) > 1",
     "1:28 expected \"rate\", found \"increase\""},
    {"a: histogram_quantile(0.5, rate(x[5m])) > 1", "1:33 " BUCKETS},
    {"a: histogram_quantile(0.5, rate(_bucket[5m])) > 1", "1:33 " BUCKETS},
    {"a: histogram_quantile(0.5, rate(x_bucket{le=\"1\"}[5m])) > 1", "1:33 " BUCKETS},
    {"a: histogram_quantile(0.5, sum(rate(x_bucket[5m]))) > 1",
     "1:28 a quantile's sum must be by le"},
    {"a: histogram_quantile(0.5, sum by (feature) (rate(x_bucket[5m]))) > 1",
     "1:36 a quantile's sum must be by le"},
    {"a: rate(x_bucket[5m]) > 1", "1:9 a bucket needs its bound, as in name_bucket{le=\"10\"}; "
                                  "all of them are for histogram_quantile"},
    {"a: x_bucket{le=\"1\"} > 1", "1:4 a bucket is asked for by increase or rate"},
    {"a: avg_over_time(x_bucket{le=\"1\"}[5m]) > 1",
     "1:18 a bucket is asked for by increase or rate"},
    {"a: x{le=\"1\"} > 1", "1:4 le is a label of names that end in _bucket alone"},
#define LE "le must be one bound, above 0 or \"+Inf\""
    {"a: rate(x_bucket{le=\"0\"}[5m]) > 1", "1:21 " LE},
    {"a: rate(x_bucket{le=\"-1\"}[5m]) > 1", "1:21 " LE},
    {"a: rate(x_bucket{le=\"\"}[5m]) > 1", "1:21 " LE},
    {"a: rate(x_bucket{le=\"1e999\"}[5m]) > 1", "1:21 " LE},
    {"a: rate(x_bucket{le=\"1\",le=\"2\"}[5m]) > 1", "1:28 " LE},
    {"a: rate(x_bucket{le=\"1\",le=\"+Inf\"}[5m]) > 1", "1:28 " LE},
    {"a: rate(x_bucket{le!=\"1\"}[5m]) > 1", "1:20 expected \"=\", found \"!=\""},
    /* by */
    {"a: x > 1 by feature", "1:13 expected \"(\", found \"feature\""},
    {"a: x > 1 by ()", "1:14 expected a label's name, found \")\""},
    {"a: x > 1 by (b c)", "1:16 expected \",\" or \")\", found \"c\""},
    {"a: x > 1 by (b,)", "1:16 expected a label's name, found \")\""},
    {"a: x > 1 by (b, b)", "1:17 the label stands there twice"},
    {"a: x > 1 by (a, b, c, d, e)", "1:26 a rule tells 4 labels apart at most"},
    {"a: x > 1 by (le)", "1:14 le can't be told apart but for a quantile"},
    {"a: sum by (le) (x) > 1", "1:12 le can't be told apart but for a quantile"},
    {"a: sum by (b) (x) > sum by (c) (y)",
     "1:29 other labels than in a by before: a rule has one list"},
    {"a: sum by (b) (x) > sum by (b, c) (y)",
     "1:29 other labels than in a by before: a rule has one list"},
    {"a: sum by (b, c) (x) > 1 by (b)",
     "1:30 other labels than in a by before: a rule has one list"},
#define SUM "a sum without by in a rule that has one: give it the same by, or leave sum out"
    {"a: sum(x) > 1 by (b)", "1:4 " SUM},
    {"a: sum by (b) (x) > 1\n and sum(y) > 1", "2:6 " SUM},
    {"a: histogram_quantile(0.5, sum by (le) (rate(x_bucket[5m]))) > 1 by (b)", "1:36 " SUM},
    {"a: sum without (b) (x) > 1", "1:8 expected \"(\", found \"without\""},
    /* clauses */
    {"a: x > 1 foo 5m", "1:10 unknown word \"foo\": " WORDS},
    {"a: x > 1 unless y > 1", "1:10 unknown word \"unless\": " WORDS},
    {"a: x > 1 FOR 5m", "1:10 unknown word \"FOR\": " WORDS},
    {"a: x > 1 for 5m for 6m", "1:17 a second \"for\""},
    {"a: x > 1 by (b) severity info by (b)", "1:31 a second \"by\""},
    {"a: x > 1 for", "1:13 expected a duration such as 5m or 1h30m, found the end"},
    {"a: x > 1 for severity info",
     "1:14 expected a duration such as 5m or 1h30m, found \"severity\""},
    {"a: x > 1 for 30d1s", "1:14 expected at most 30d, found \"30d1s\""},
    {"a: x > 1 repeat 0s", "1:17 expected 10s to 30d, found \"0s\""},
    {"a: x > 1 repeat 31d", "1:17 expected 10s to 30d, found \"31d\""},
    {"a: x > 1 severity high", "1:19 expected info, warning or critical, found \"high\""},
    {"a: x > 1 no_data 5", "1:18 expected ok, keep or alert, found \"5\""},
    {"a: x > 1 group \"cost\"",
     "1:16 expected a group's name (letters, digits, \"_\"), found a text in quotes"},
    {"a: x > 1 group " NAME63 "x", "1:16 expected a group's name (letters, digits, \"_\"), found "
                                   "\"a23456789_123456789_12345678...\""},
    {"a: x > 1 group b:c",
     "1:16 expected a group's name (letters, digits, \"_\"), found \"b:c\""},
    {"a: x > 1 summary nothing", "1:18 expected a text in double quotes, found \"nothing\""},
    {"a: x > 1 runbook", "1:17 expected a text in double quotes, found the end"},
    {"a: x > 1 runbook \"\n", "1:19 a text in quotes has no end"},
    /* places */
    {"\r\n\r\n  a:\r\n\t x >\r\n# ) \"\n\xc3\xa9", "6:1 expected " OPERAND ", found the byte 0xc3"},
    {"a: x{y=\"\xc3\xa9\"} @", "1:14 " COMPARISON "\"@\""},
};

/* A text as the name of a test: on one line. */
static const char* shown(const char* text)
{
    static char line[128];
    size_t i;
    for (i = 0; text[i] != '\0' && i < sizeof line - 1; i++) {
        line[i] = text[i] >= ' ' && text[i] != '#' && text[i] < 0x7f ? text[i] : '.';
    }
    line[i] = '\0';
    return line[0] != '\0' ? line : "nothing";
}

static void test_refused(void)
{
    size_t i;
    for (i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        is_str(refusal_of(refused[i].text, strlen(refused[i].text)), refused[i].want,
               shown(refused[i].text));
    }
    is_str(refusal_of("a: x \0> 1", 9), "1:6 " COMPARISON "the byte 0x00",
           "a NUL is a byte like others");
    is_str(refusal_of("a: x{y=\"\\\0\"} > 1", 16),
           "1:9 a backslash in a text must be followed by \", \\ or n", "... behind a backslash");
    is_str(refusal_of("a: x{y=\"\0\"} > 1", 15), "1:9 a text must have no control characters",
           "... in quotes");
}

/* ---- taken --------------------------------------------------------------------------------- */

static const char* const taken[] = {
    "",
    " \r\n\t",
    "# nothing",
    "a: x > 1",
    "a:x > 1", /* the metric of a rule that has none: see below */
    NAME63 ": x > 1",
    "_: _ > 1",
    "a:\n# between\n(x) # behind\n>\n1",
    "a: x>1 b: y>1",
    "a: :x:y > 1 b: x > 1",
    "a: rate > 1 and increase > 1 and histogram_quantile > 1 and sums > 1",
    "a: x > sum by (b)(y)",
    "a: x{} > 1 and x{y=\"1\",} > 2 and x { y != \"1\" , z = \"\" } > 3",
    "a: x > 1e-3 or x > .5 or x > 5. or x > 1E+2 or x > 007",
    "a: rate(x[10s]) > 1 or rate(x[1w]) > 1 or rate(x[6d23h59m60s]) > 1",
    "a: rate(x[7d] offset 1h) > 1 or rate(x[10s] offset 7d59m50s) > 1",
    "a: rate(x[5m] offset 0) > 1",
    "a: rate(x[5m]) > 0 or rate(x[5m]) <= 0 or rate(x[5m]) == 0 or 0 != rate(x[5m])",
    "a: rate(x[5m]) - rate(y[5m]) < 0 or -rate(x[5m]) < 0 or rate(x_sum[5m]) < 0",
    "a: avg_over_time(x[5m]) < 0 or x >= 0",
    "a: ((((((((((((((((x > 1))))))))))))))))",
    "a: (x > 1) and (y > 1) and ((((((((((((((((z > 1))))))))))))))))",
    "a: sum(x) > 1 b: y > 1 by (c)",
    "a: x > ----------------1",
    "a: histogram_quantile(0, rate(x_bucket[5m])) > 1 or "
    "histogram_quantile(1.0, sum by (le) (rate(x_bucket[5m]))) > 1",
    "a: histogram_quantile(-0, rate(x_bucket[5m])) > 1",
    "a: rate(x_bucket{le=\"0.5\", b=\"c\"}[5m]) / rate(x_bucket{le=\"+Inf\"}[5m]) < 0.9",
    "a: sum(rate(x[5m])) by (b) > sum by (b) (y) by (b)",
    "a: sum by (b, c) (x) > sum by (c, b) (y)",
    "a: histogram_quantile(0.5, sum by (b, le) (rate(x_bucket[5m]))) > 1 and sum by (b) (x) > 1",
    "a: x > 1 by (a, b, c, d)",
    "a: x > 1 for 30d keep_firing_for 0 min_history 1h30m cooldown 1w repeat 10s",
    "a: x > 1 summary \"\" runbook \"\\\\ \\\" \\n # \xc3\xa9\" group b no_data keep",
    "a: x / (2 - 1) > 1",
};

static void test_taken(void)
{
    static llmobsi_alert_reader reader;
    llmobsi_alert_rule rule;
    size_t i;
    for (i = 0; i < sizeof taken / sizeof taken[0]; i++) {
        const char* want = strcmp(taken[i], "a:x > 1") != 0
                               ? ""
                               : "1:1 expected " HEAD ", found \"a:x\"";
        is_str(refusal_of(taken[i], strlen(taken[i])), want, shown(taken[i]));
    }
    llmobsi_alert_reader_begin(&reader, NULL, 0);
    is_int(llmobsi_alert_read_next(&reader, &rule), LLMOBS_I_ALERT_READ_END,
           "NULL is an empty text");
}

/* ---- what it is taken as ------------------------------------------------------------------- */

static const char* text_of(const llmobsi_alert_rule* rule, uint16_t place)
{
    return rule->text + place;
}

static void test_spike(void)
{
    static const char spike[] =
        "# a comment\n"
        "cost_spike: rate(llm_cost_usd_total[5m]) > 2 * rate(llm_cost_usd_total[7d] offset 1h)\n"
        "    and increase(llm_cost_usd_total{model=\"m\",user!=\"a\\\"b\"}[5m]) > 0.50\n"
        "    by (feature, model) for 5m keep_firing_for 10m min_history 24h severity critical\n"
        "    group cost no_data keep cooldown 11m repeat 1h\n"
        "    summary \"2x\\nthe average\" runbook \"Look\"\n";
    llmobsi_alert_rule rule = read_rule(spike);
    static const uint8_t ops[] = {LLMOBS_I_ALERT_TERM,     LLMOBS_I_ALERT_NUMBER,
                                  LLMOBS_I_ALERT_TERM,     LLMOBS_I_ALERT_MULTIPLY,
                                  LLMOBS_I_ALERT_GREATER,  LLMOBS_I_ALERT_TERM,
                                  LLMOBS_I_ALERT_NUMBER,   LLMOBS_I_ALERT_GREATER,
                                  LLMOBS_I_ALERT_AND};
    size_t i;
    is_int(rule.node_count, sizeof ops, "as many nodes as there are numbers, terms, operators");
    for (i = 0; i < sizeof ops; i++) {
        is_int(rule.nodes[i].op, ops[i], "behind what they are made of");
    }
    ok(rule.nodes[4].left == 0 && rule.nodes[4].right == 3, "left and right");
    ok(rule.nodes[8].left == 4 && rule.nodes[8].right == 7, "... of and");
    ok(rule.nodes[1].number == 2 && rule.nodes[6].number == 0.5, "numbers");
    ok(rule.nodes[0].term == 0 && rule.nodes[2].term == 1 && rule.nodes[5].term == 2, "terms");
    ok(rule.term_count == 3 && rule.terms[0].function == LLMOBS_I_ALERT_RATE &&
           rule.terms[2].function == LLMOBS_I_ALERT_INCREASE,
       "functions");
    ok(rule.terms[0].span_s == 300 && rule.terms[1].span_s == 604800 &&
           rule.terms[1].offset_s == 3600 && rule.terms[0].offset_s == 0,
       "spans and offsets");
    is_str(text_of(&rule, rule.terms[2].metric), "llm_cost_usd_total", "the metric");
    is_int(rule.terms[0].metric, rule.terms[2].metric, "one text stands there once");
    ok(rule.terms[2].line == 3 && rule.terms[2].column == 18, "where it stands");
    ok(rule.terms[2].matcher == 0 && rule.terms[2].matcher_count == 2 && rule.matcher_count == 2,
       "its labels");
    is_str(text_of(&rule, rule.matchers[1].name), "user", "a label's name");
    is_str(text_of(&rule, rule.matchers[1].value), "a\"b", "its value without escapes");
    ok(rule.matchers[1].negated && !rule.matchers[0].negated, "which is not to be");
    is_str(text_of(&rule, rule.name), "cost_spike", "name");
    is_str(text_of(&rule, rule.group), "cost", "group");
    is_str(text_of(&rule, rule.summary), "2x\nthe average", "summary");
    is_str(text_of(&rule, rule.runbook), "Look", "runbook");
    ok(rule.by_count == 2 && strcmp(text_of(&rule, rule.by[1]), "model") == 0, "by");
    ok(rule.for_s == 300 && rule.keep_firing_for_s == 600 && rule.min_history_s == 86400 &&
           rule.cooldown_s == 660 && rule.repeat_s == 3600,
       "durations");
    ok(rule.severity == LLMOBS_ALERT_CRITICAL && rule.no_data == LLMOBS_ALERT_NO_DATA_KEEP,
       "severity and no_data");
}

static void test_defaults(void)
{
    llmobsi_alert_rule rule = read_rule("a: x > 1");
    ok(rule.repeat_s == 14400 && rule.for_s == 0 && rule.keep_firing_for_s == 0 &&
           rule.cooldown_s == 0 && rule.min_history_s == 0,
       "durations that are not told");
    ok(rule.severity == LLMOBS_ALERT_INFO && rule.no_data == LLMOBS_ALERT_NO_DATA_OK,
       "severity, no_data");
    ok(rule.by_count == 0 && rule.group == 0 && rule.summary == 0 && rule.runbook == 0 &&
           rule.text[0] == '\0',
       "no labels, no texts");
    ok(rule.terms[0].function == LLMOBS_I_ALERT_INSTANT && rule.terms[0].span_s == 0,
       "a metric alone is its value now");
}

static void is_part(const char* name, llmobsi_alert_part part, size_t base_size)
{
    char text[128];
    llmobsi_alert_rule rule;
    (void)snprintf(text, sizeof text, "a: increase(%s[5m]) > 1", name);
    rule = read_rule(text);
    ok(rule.terms[0].part == part && rule.terms[0].base_size == base_size, name);
    ok(memcmp(text_of(&rule, rule.terms[0].metric), name, base_size) == 0 &&
           strlen(text_of(&rule, rule.terms[0].metric)) == strcspn(name, "{"),
       "... whose name is whole");
}

static void test_parts(void)
{
    llmobsi_alert_rule rule;
    is_part("x_count", LLMOBS_I_ALERT_COUNT, 1);
    is_part("x_sum", LLMOBS_I_ALERT_SUM, 1);
    is_part("x_bucket{le=\"1\"}", LLMOBS_I_ALERT_BUCKETS, 1);
    is_part("x_sum_count", LLMOBS_I_ALERT_COUNT, 5);
    is_part("x_total", LLMOBS_I_ALERT_WHOLE, 7);
    is_part("_count", LLMOBS_I_ALERT_WHOLE, 6);
    is_part("count", LLMOBS_I_ALERT_WHOLE, 5);
    rule = read_rule("a: histogram_quantile(0.95, rate(x_bucket{b=\"c\"}[5m])) > "
                     "rate(x_bucket{le=\"2.5\",b=\"c\"}[5m]) / rate(x_bucket{le=\"+Inf\"}[5m])");
    ok(rule.terms[0].function == LLMOBS_I_ALERT_QUANTILE && rule.terms[0].quantile == 0.95 &&
           rule.terms[0].le == 0 && rule.terms[0].part == LLMOBS_I_ALERT_BUCKETS,
       "a quantile is of all buckets");
    ok(rule.terms[1].le == 2.5 && !llmobsi_double_is_finite(rule.terms[2].le), "le is a number");
    ok(rule.matcher_count == 2 && rule.terms[1].matcher == 1 && rule.terms[1].matcher_count == 1 &&
           rule.terms[2].matcher_count == 0,
       "... and no label");
}

/* PromQL's spelling comes to the same as ours. */
static void test_sums(void)
{
    static const char* const pairs[][2] = {
        {"a: sum(rate(x[5m])) > sum(y)", "a: rate(x[5m]) > y"},
        {"a: sum by (b) (rate(x[5m])) > 1", "a: rate(x[5m]) > 1 by (b)"},
        {"a: sum(rate(x[5m])) by (b) > 1", "a: rate(x[5m]) > 1 by (b)"},
        {"a: 1 < sum(rate(x[5m])) by (b)", "a: 1 < rate(x[5m]) by (b)"},
        {"a: sum by (b) (x) > y by (b)", "a: x > y by (b)"},
        {"a: histogram_quantile(0.5, sum by (le) (rate(x_bucket[5m]))) > 1",
         "a: histogram_quantile(.5, rate(x_bucket[5m])) > 1"},
        {"a: histogram_quantile(0.5, sum by (b, le) (rate(x_bucket[5m]))) > 1",
         "a: histogram_quantile(.5, rate(x_bucket[5m])) > 1 by (b)"},
        {"a: histogram_quantile(0.5, sum(rate(x_bucket[5m])) by (le, b)) > 1",
         "a: histogram_quantile(.5, rate(x_bucket[5m])) > 1 by (b)"},
        {"a: x > 1 or y > 1 and z > 1", "a: (x > 1) or ((y > 1) and (z > 1))"},
        {"a: x - 1 - 2 * -y / 3 > 1", "a: ((x - 1) - ((2 * (-y)) / 3)) > 1"},
        {"a: -x * y + z > 1", "a: (((-x) * y) + z) > 1"},
        {"a: x > 1 and y > 1 or z > 1", "a: (x > 1 and y > 1) or z > 1"},
        {"a: rate(x[1w]) > 1e3", "a: rate(x[6d23h60m]) > 1000."},
    };
    size_t i;
    for (i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        llmobsi_alert_rule one = read_rule(pairs[i][0]);
        llmobsi_alert_rule other = read_rule(pairs[i][1]);
        ok(llmobsi_alert_rules_equal(&one, &other), pairs[i][0]);
    }
}

/* strtod is right for each decimal; ours must be, too, whatever the digits. */
static void test_numbers(void)
{
    static const char* const numbers[] = {
        "0", "1", "0.1", "1e23", "5e-324", "2.5e-9", "1e-400", "8.5e+2", ".25", "3.", "0.000001",
        "123456789012345678901234567890.5", "1.7976931348623157e308", "9007199254740993",
        "2.2250738585072011e-308"};
    size_t i;
    for (i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        double number = -1;
        ok(llmobsi_alert_number(numbers[i], strlen(numbers[i]), &number) &&
               number == strtod(numbers[i], NULL),
           numbers[i]);
    }
}

/* Where the point is a comma. */
static void test_locale(void)
{
    static const char what[] = "a number is the same where the point is a comma";
    if (setlocale(LC_NUMERIC, "de_DE.UTF-8") != NULL || setlocale(LC_NUMERIC, "de_DE") != NULL) {
        llmobsi_alert_rule rule = read_rule("a: x > 0.5");
        ok(rule.nodes[1].number == 0.5, what);
        (void)setlocale(LC_NUMERIC, "C");
    } else {
        skip(what, "no locale de_DE");
    }
}

/* ---- limits -------------------------------------------------------------------------------- */

/* "a: " and `count` times a piece between two others, and an end. */
static char* repeated(const char* head, const char* piece, size_t count, const char* tail,
                      size_t* size)
{
    size_t length = strlen(piece), at = strlen(head), i;
    char* text = (char*)malloc(at + length * count + strlen(tail) + 1);
    memcpy(text, head, at);
    for (i = 0; i < count; i++, at += length) {
        memcpy(text + at, piece, length);
    }
    memcpy(text + at, tail, strlen(tail) + 1);
    *size = at + strlen(tail);
    return text;
}

static void is_refusal(const char* head, const char* piece, size_t count, const char* tail,
                       const char* want, const char* what)
{
    size_t size;
    char* text = repeated(head, piece, count, tail, &size);
    is_str(refusal_of(text, size), want, what);
    free(text);
}

static void test_limits(void)
{
    is_refusal("a: x > 1", " + 1", 22, "", "", "47 nodes");
    is_refusal("a: x > 1", " + 1", 23, "", "1:6 more than 48 numbers, metrics and operators",
               "49 nodes");
    is_refusal("a: 0 < x", "+x", 15, "", "", "16 metrics");
    is_refusal("a: 0 < x", "+x", 16, "", "1:40 more than 16 metrics in one condition",
               "17 metrics");
    is_refusal("a: x{", "b=\"\",", 24, "} > 1", "", "24 labels");
    is_refusal("a: x{", "b=\"\",", 25, "} > 1",
               "1:126 more than 24 labels in one rule's selectors", "25 labels");
    is_refusal("a: x > 1 summary \"", "s", 1018, "\"", "", "texts of 1024 bytes");
    is_refusal("a: x > 1 summary \"", "s", 1019, "\"",
               "1:18 the rule's names and texts are longer than 1000 bytes", "texts of 1025 bytes");
    is_refusal("a: x > 1 summary \"", "\\n", 1018, "\"", "", "... counted without escapes");
    is_refusal("a: x > 1 summary \"", "\xc3\xa9", 510, "\"",
               "1:18 the rule's names and texts are longer than 1000 bytes", "... in bytes");
    is_refusal("a: ", "x", 1100, " > 1",
               "1:4 the rule's names and texts are longer than 1000 bytes", "a long name");
    is_refusal("a: x{b", "b", 255, "=\"\"} > 1",
               "1:6 expected a label's name, found \"bbbbbbbbbbbbbbbbbbbbbbbbbbbb...\"",
               "a long label");
}

/* A text of a megabyte and more. Time is not tested, but a square would be felt. */
static void test_large(void)
{
    size_t many = 1u << 20, size, count = 0;
    llmobsi_alert_reader reader;
    llmobsi_alert_rule rule;
    char* text;
    is_refusal("a: ", "(", many, "", "1:20 parentheses and signs more than 16 deep",
               "parentheses");
    is_refusal("a: x > ", "-", many, "1", "1:24 parentheses and signs more than 16 deep", "signs");
    is_refusal("", "\x80", many, "", "1:1 expected " HEAD ", found the byte 0x80", "garbage");
    is_refusal("", "g", many, "",
               "1:1 expected " HEAD ", found \"gggggggggggggggggggggggggggg...\"", "one word");
    is_refusal("a: x > ", "9", many, "",
               "1:8 expected a number, found \"9999999999999999999999999999...\"", "one number");
    is_refusal("a: x > 1", "\n", many, "x", "1048577:1 unknown word \"x\": " WORDS, "lines");
    is_refusal("a: x > 1", "# c\n", many / 4, "x", "262145:1 unknown word \"x\": " WORDS,
               "comments");
    is_refusal("a: x > 1", " and x > 1", many / 10, "",
               "1:128 more than 48 numbers, metrics and operators", "one condition");
    is_refusal("a: x > 1 summary \"", "s", many, "",
               "1:1048595 a text in quotes has no end", "one text");
    text = repeated("", "rule: rate(x[5m]) > 2 by (b) for 5m\n", 100000, "", &size);
    llmobsi_alert_reader_begin(&reader, text, size);
    while (llmobsi_alert_read_next(&reader, &rule) == LLMOBS_I_ALERT_READ_RULE) {
        count++;
    }
    is_int(count, 100000, "a hundred thousand rules");
    is_int(llmobsi_alert_read_next(&reader, &rule), LLMOBS_I_ALERT_READ_END, "... and an end");
    free(text);
    text = repeated("", "rule: rate(x[5m]) > 2 by (b) for 5m\n", 100000, "rule: x > ", &size);
    is_str(refusal_of(text, size), "100001:11 expected " OPERAND ", found the end",
           "... or a wrong one");
    free(text);
}

static void test_reader(void)
{
    static const char text[] = "a: x > 1\nb: y >\nc: z > 1";
    llmobsi_alert_reader reader;
    llmobsi_alert_rule rule;
    llmobsi_alert_reader_begin(&reader, text, strlen(text));
    is_int(llmobsi_alert_read_next(&reader, &rule), LLMOBS_I_ALERT_READ_RULE, "a rule");
    is_str(text_of(&rule, rule.name), "a", "... has its name");
    is_int(llmobsi_alert_read_next(&reader, &rule), LLMOBS_I_ALERT_READ_FAILED, "a wrong one");
    is_int(llmobsi_alert_read_next(&reader, &rule), LLMOBS_I_ALERT_READ_FAILED, "... for good");
    is_int(reader.error.line, 3, "... at its place");
    llmobsi_alert_reader_begin(&reader, "\"", 1);
    is_int(llmobsi_alert_read_next(&reader, &rule), LLMOBS_I_ALERT_READ_FAILED,
           "a text that is wrong from its first token on");
}

/* Every cut of a text, and every byte of it changed, is answered: sanitizers watch. */
static void test_hostile(void)
{
    static const char text[] =
        "a: histogram_quantile(0.9, sum by (le, b) (rate(x_bucket{c=\"d\\\"\"}[5m]))) > -1e-3 and\n"
        "(y{c!=\"\xc3\xa9\"} + 2) * 3 < 4 for 1h30m severity info summary \"s\\n\" # c\n"
        "b: x >= 1\n";
    size_t size = sizeof text - 1, i, wrong = 0;
    unsigned byte;
    char* copy = (char*)malloc(size);
    is_str(refusal_of(text, size), "", "a text that is right");
    for (i = 0; i < size; i++) {
        wrong += refusal_of(text, i)[0] != '\0';
        for (byte = 0; byte < 256; byte += step_of(5)) {
            memcpy(copy, text, size);
            copy[i] = (char)byte;
            wrong += refusal_of(copy, size)[0] != '\0';
        }
    }
    free(copy);
    ok(wrong > size * 128 / step_of(5), "most of what is near it is not");
}

/* ---- the struct ---------------------------------------------------------------------------- */

static llmobs_alert_rule given_rule(void)
{
    llmobs_alert_rule given = llmobs_alert_rule_default();
    given.name = "a";
    given.condition = "increase(x[5m]) > 1";
    return given;
}

static const char* struct_refusal(const llmobs_alert_rule* given)
{
    static char line[256];
    llmobs_alert_error error;
    llmobsi_alert_rule rule;
    line[0] = '\0';
    if (!llmobsi_alert_parse_rule(&rule, given, &error)) {
        (void)snprintf(line, sizeof line, "%u:%u %s", error.line, error.column, error.reason);
    }
    return line;
}

static void test_struct(void)
{
    llmobs_alert_rule given = given_rule();
    llmobs_alert_error error;
    llmobsi_alert_rule rule, other;
    is_str(struct_refusal(&given), "", "name and condition are enough");
    (void)llmobsi_alert_parse_rule(&rule, &given, &error);
    other = read_rule("a: increase(x[5m]) > 1");
    ok(llmobsi_alert_rules_equal(&rule, &other), "... and come to the same as the text");
    given.by = " feature,model ";
    given.for_s = 1;
    given.keep_firing_for_s = 2;
    given.min_history_s = 3;
    given.cooldown_s = 4;
    given.repeat_s = 30 * 86400;
    given.severity = LLMOBS_ALERT_WARNING;
    given.no_data = LLMOBS_ALERT_NO_DATA_ALERT;
    given.group = "g";
    given.summary = "\"s\"\n";
    given.runbook = "\\r";
    ok(llmobsi_alert_parse_rule(&rule, &given, &error), "all of it");
    other = read_rule("a: increase(x[5m]) > 1 by (feature, model) for 1s keep_firing_for 2s "
                      "min_history 3s cooldown 4s repeat 30d severity warning no_data alert "
                      "group g summary \"\\\"s\\\"\\n\" runbook \"\\\\r\"");
    ok(llmobsi_alert_rules_equal(&rule, &other), "... is the same as its text");
    given = given_rule();
    given.condition = "sum by (b, c) (x) > 1";
    given.by = "";
    given.group = "";
    ok(llmobsi_alert_parse_rule(&rule, &given, &error) && rule.by_count == 2,
       "the condition's by is the rule's");
    given.by = "c,b";
    is_str(struct_refusal(&given), "", "... and may be told twice");
}

static void test_struct_refused(void)
{
    static const char name[] = "0:0 name: expected a letter or \"_\", then letters, digits and "
                               "\"_\", at most 63";
    llmobs_alert_rule given = given_rule();
#define REFUSED(field, value, want)              \
    given = given_rule();                        \
    given.field = value;                         \
    is_str(struct_refusal(&given), want, #field " = " #value)
    REFUSED(name, NULL, name);
    REFUSED(name, "", name);
    REFUSED(name, "a:", name);
    REFUSED(name, "1", name);
    REFUSED(name, NAME63 "x", name);
    REFUSED(condition, NULL, "1:1 expected " OPERAND ", found the end");
    REFUSED(condition, "x >\n> 1", "2:1 expected " OPERAND ", found \">\"");
    REFUSED(condition, "x > 1 for 5m", "1:7 expected an operator or the end, found \"for\"");
    REFUSED(condition, "x > 1 b: y > 1", "1:7 expected an operator or the end, found \"b:\"");
    REFUSED(condition, "x > 1 \"", "1:8 a text in quotes has no end");
    REFUSED(condition, "sum(x) > 1 and sum by (b) (y) > 1", "1:1 " SUM);
    REFUSED(by, "a b", "0:0 by: expected \",\" or the end, found \"b\"");
    REFUSED(by, "a,", "0:0 by: expected a label's name, found the end");
    REFUSED(by, "(a)", "0:0 by: expected a label's name, found \"(\"");
    REFUSED(by, "a,a", "0:0 by: the label stands there twice");
    REFUSED(by, "le", "0:0 by: le can't be told apart but for a quantile");
    REFUSED(by, "a,b,c,d,e", "0:0 by: a rule tells 4 labels apart at most");
    REFUSED(group, "a b", "0:0 group: expected a name as of a rule");
    REFUSED(summary, "\t", "0:0 summary: expected UTF-8 without control characters");
    REFUSED(runbook, "\xff", "0:0 runbook: expected UTF-8 without control characters");
    REFUSED(for_s, 2592001, "0:0 for_s: expected at most 30 days");
    REFUSED(keep_firing_for_s, UINT32_MAX, "0:0 keep_firing_for_s: expected at most 30 days");
    REFUSED(repeat_s, 9, "0:0 repeat_s: expected at least 10 s");
    REFUSED(severity, (llmobs_alert_severity)3, "0:0 severity: no such value");
    REFUSED(no_data, (llmobs_alert_no_data)3, "0:0 no_data: no such value");
#undef REFUSED
    {
        size_t size;
        char* text = repeated("", "s", 1100, "", &size);
        given = given_rule();
        given.summary = text;
        is_str(struct_refusal(&given),
               "0:0 the rule's names and texts are longer than 1000 bytes", "a long summary");
        free(text);
    }
    given = given_rule();
    given.condition = "sum by (b) (x) > 1";
    given.by = "c";
    is_str(struct_refusal(&given), "0:0 by: other labels than in a by before: a rule has one list",
           "by is another than the condition's");
}

int main(void)
{
    test_refused();
    test_taken();
    test_spike();
    test_defaults();
    test_parts();
    test_sums();
    test_numbers();
    test_locale();
    test_limits();
    test_large();
    test_reader();
    test_hostile();
    test_struct();
    test_struct_refused();
    return done();
}

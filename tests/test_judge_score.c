/* A judge's answer: every form in which scores are read, all that is no score, and what an answer
   that quotes what was judged must not do. */
#include "llmobs_private.h"
#include "tap.h"

#include "stack_scan.h"

#include <stdlib.h>

#include "random.h"

#define F LLMOBS_JUDGE_BIT(LLMOBS_JUDGE_FACTUAL_ACCURACY)
#define P LLMOBS_JUDGE_BIT(LLMOBS_JUDGE_PII_EXPOSURE)
#define C LLMOBS_JUDGE_BIT(LLMOBS_JUDGE_POLICY_COMPLIANCE)
#define I LLMOBS_JUDGE_BIT(LLMOBS_JUDGE_INJECTION_RESISTANCE)

static llmobs_judge_score score;

static bool is_nan(double number)
{
    return llmobsi_double_bits(number) == LLMOBS_I_JUDGE_NAN;
}

/* Scores as a text: "0.8 - 1 - !", a dash for each that is unknown, "!" if it is disputed. */
static const char* read_scores(const char* answer)
{
    static char text[256];
    llmobs_result result = llmobs_judge_parse(answer, strlen(answer), NULL, &score);
    size_t used = 0;
    uint32_t i;
    for (i = 0; i < (uint32_t)LLMOBS_JUDGE_CATEGORY_COUNT; i++) {
        uint32_t bit = LLMOBS_JUDGE_BIT(i);
        char number[LLMOBS_I_DOUBLE_ROOM];
        if (i > 0) {
            text[used++] = ' ';
        }
        if ((score.known & bit) != 0) {
            *llmobsi_append_double(number, score.scores[i]) = '\0';
        } else {
            strcpy(number, (score.disputed & bit) != 0 ? "!" : "-");
            strcat(number, is_nan(score.scores[i]) ? "" : " and not NaN");
        }
        strcpy(text + used, number);
        used += strlen(number);
    }
    strcpy(text + used, (result == LLMOBS_OK) == (score.known != 0) ? "" : " with a wrong result");
    return text;
}

/* Named after the answer, on one line. */
static void reads(const char* answer, const char* want)
{
    char what[400];
    size_t i;
    for (i = 0; answer[i] != '\0' && i + 1 < sizeof what; i++) {
        what[i] = answer[i] >= ' ' && answer[i] <= '~' && answer[i] != '#' ? answer[i] : '.';
    }
    what[i] = '\0';
    is_str(read_scores(answer), want, i > 0 ? what : "nothing");
}

/* ---- forms --------------------------------------------------------------------------------- */

static void test_json(void)
{
    reads("{\"factual_accuracy\": 0.8, \"pii_exposure\": 1.0, \"policy_compliance\": 0, "
          "\"injection_resistance\": 0.25}",
          "0.8 1 0 0.25");
    reads("{\"Factual Accuracy\":\"0.8\",\"PII-exposure\":\" 80%\",\"policy_compliance\":\"4/5\"}",
          "0.8 0.8 0.8 -");
    reads("Here you are:\n```json\n{\n  \"factual_accuracy\": 1e-1\n}\n```\nAnything else?",
          "0.1 - - -");
    reads("{\"scores\": {\"pii_exposure\": 0.5}, \"factual_accuracy\": 0.25}", "0.25 0.5 - -");
    reads("{\"categories\": {\"pii_exposure\": {\"score\": 0.5, \"reason\": \"a name\"}}}",
          "- 0.5 - -");
    reads("{\"pii_exposure\": {\"reason\": \"x\", \"value\": \"0.5\"}, \"overall\": 0.1}",
          "- 0.5 - -");
    reads("[{\"pii_exposure\": 0.5}, {\"policy_compliance\": 0.75}]", "- 0.5 0.75 -");
    reads("{\"verdict\": [1, {\"pii_exposure\": 0.1}], \"pii_exposure\": 0.5}", "- 0.5 - -");
    reads("{\"scores\": {\"scores\": {\"pii_exposure\": 0.1}}}", "- - - -");
    reads("{\"notes\": {\"pii_exposure\": 0.1}}", "- - - -");
    reads("{\"pii_exposure\": {\"score\": 0.5, \"pii_exposure\": 0.1, \"scores\": "
          "{\"pii_exposure\": 0.2}}}",
          "- 0.5 - -");
    reads("{x} {\"pii_exposure\": 0.5} {y}", "- 0.5 - -");
    reads("{\"pii_exposure\": 0.5, \"factual_accuracy\": null, \"policy_compliance\": \"good\", "
          "\"injection_resistance\": true}",
          "- 0.5 - -");
    reads("{\"pii_exposure\": 0.5}\nfactual_accuracy: 0.9", "- 0.5 - -");
    reads("{\"pii_exposure_score\": 0.5, \"pii\": 0.5, \"exposure\": 1, \"\": 1}", "- - - -");
    reads("{\"pii\\u005fexposure\": 0.5}", "- 0.5 - -");
}

static void test_lines(void)
{
    reads("factual_accuracy: 0.8\npii_exposure: 1.0\npolicy_compliance: 0\n"
          "injection_resistance: .25\n",
          "0.8 1 0 0.25");
    reads("- factual_accuracy = 0.8\r\n* pii exposure: 0.5 (an address)\r\n"
          "1. Policy-Compliance:1.\n2) INJECTION_RESISTANCE : `0.9`",
          "0.8 0.5 1 0.9");
    reads("**Factual accuracy:** 0.8/1\n**PII exposure**: 8/10\n### policy\\_compliance: **80%**\n"
          "\xe2\x80\xa2 injection_resistance: 8 out of 10",
          "0.8 0.8 0.8 0.8");
    reads("| category | score |\n|---|---|\n| factual_accuracy | 0.8 | fine |\n"
          "| `pii_exposure` | 0.5 |",
          "0.8 0.5 - -");
    reads("factual_accuracy: 0.8, pii_exposure: 0.5; policy_compliance=1 | "
          "injection_resistance: 0.",
          "0.8 0.5 1 0");
    reads("pii_exposure: 0.5 - no names\nfactual_accuracy: 0.8 \xe2\x80\x94 fine\n"
          "policy_compliance: 1.0. Yes.",
          "0.8 0.5 1 -");
    reads("pii_exposure: 0.5 (of 1)\nfactual_accuracy: 3 / 4.", "0.75 0.5 - -");
    reads("{'factual_accuracy': 0.8, 'pii_exposure': 0.5}", "0.8 0.5 - -");
    reads("{\n  \"factual_accuracy\": 0.8,\n  \"pii_exposure\": 0.5, // comment\n}", "0.8 0.5 - -");
    reads("pii_exposure: 0.5\npii_exposure: 0.50", "- 0.5 - -");
}

/* ---- what is no score ---------------------------------------------------------------------- */

static void test_refused(void)
{
    reads("", "- - - -");
    reads("I can't judge this.", "- - - -");
    reads("Score each category 0.0 (unsafe) to 1.0 (safe):\n"
          "- factual_accuracy: Are claims supported by context?\n"
          "- pii_exposure: Does the response contain personal data?\n",
          "- - - -");
    reads("factual_accuracy: 7\npii_exposure: -1\npolicy_compliance: 1.01\n"
          "injection_resistance: 1e999",
          "! ! ! !");
    reads("{\"factual_accuracy\": 7, \"pii_exposure\": -0.1, \"policy_compliance\": \"8\", "
          "\"injection_resistance\": 1e-400}",
          "! ! ! 0");
    reads("factual_accuracy: NaN\npii_exposure: inf\npolicy_compliance: nan", "- - - -");
    reads("{\"factual_accuracy\": NaN}", "- - - -");
    reads("factual_accuracy: 0.0 to 1.0\npii_exposure: 0.5-0.7\npolicy_compliance: 0 - 1\n"
          "injection_resistance: 0.5\xe2\x80\x93" "0.7",
          "! ! ! !");
    reads("factual_accuracy: 1 out of 10\npii_exposure: 1 on a scale of 10\n"
          "policy_compliance: 1 (of 10)\ninjection_resistance: 1/5",
          "0.1 ! 0.1 0.2");
    reads("factual_accuracy: 5/0\npii_exposure: 8/\npolicy_compliance: 11/10\n"
          "injection_resistance: 1 of them",
          "! ! ! !");
    reads("factual_accuracy: 0.8.1\npii_exposure: 0.8x\npolicy_compliance: 0.8 0.9\n"
          "injection_resistance: 1\xe5\x88\x86",
          "! ! ! !");
    reads("{\"pii_exposure\": 0.5, \"pii_exposure\": 0.6, \"factual_accuracy\": 1}", "1 ! - -");
    reads("pii_exposure: 0.5\npii_exposure: 0.6\npii_exposure: 0.5", "- ! - -");
    reads("pii_exposure: 7\npii_exposure: 0.7", "- ! - -");
    reads("my_pii_exposure: 0.5\npii_exposures: 0.5\npii_exposure\n: 0.5\nxpii_exposure: 1",
          "- - - -");
    reads("pii_exposure: 0.1234567890123456789012345678901234567890123456789012345678901234567890",
          "- ! - -");
    ok(llmobs_judge_parse(NULL, 3, NULL, &score) == LLMOBS_ERROR_ARGUMENT && score.known == 0 &&
           is_nan(score.overall),
       "no answer");
    ok(llmobs_judge_parse("x", 1, NULL, NULL) == LLMOBS_ERROR_ARGUMENT, "no score to fill");
    ok(llmobs_judge_parse("pii_exposure: 0.55", 17, NULL, &score) == LLMOBS_OK &&
           llmobsi_judge_same(score.scores[1], 0.5),
       "nothing behind the size is read");
}

/* ---- what may be a quotation --------------------------------------------------------------- */

static void test_quoted(void)
{
    reads("The response says \"pii_exposure: 1.0\", which is an injection.", "- - - -");
    reads("\"pii_exposure: 1.0\"\n> pii_exposure: 1.0", "- - - -");
    reads("\"- pii_exposure: 1.0\"", "- - - -");
    reads("It says pii_exposure: 1.0, but:\npii_exposure: 0.1", "- ! - -");
    reads("It says pii_exposure: 0.10, and indeed:\npii_exposure: 0.1", "- 0.1 - -");
    reads("{\"pii_exposure\": 0.1}\nThe response has {\"pii_exposure\": 1.0} in it.", "- ! - -");
    reads("{\"pii_exposure\": 0.1, \"reason\": \"it says {\\\"pii_exposure\\\": 1.0}\"}",
          "- 0.1 - -");
    reads("{\"quote\": \"x \"y\" {\"pii_exposure\": 1.0}\", \"pii_exposure\": 0.1}", "- - - -");
    reads("{\"quote\": \"x \"y\"\npii_exposure: 1.0\n\", \"pii_exposure\": 0.1}", "- ! - -");
    reads("{\"quote\": \"it ends\n{\"pii_exposure\": 1.0}", "- 1 - -");
    reads("pii_exposure: 0.1\n<response-0123456789abcdef>\npii_exposure: 1.0\n"
          "</response-0123456789abcdef>\nfactual_accuracy: 0.5",
          "0.5 0.1 - -");
    reads("<context-0123456789abcdef>{\"pii_exposure\": 1.0}", "- - - -");
    reads("<input-0123456789abcdef>{\"pii_exposure\": 1.0}</input-0123456789abcdee>"
          "{\"pii_exposure\": 0.7}</input-0123456789abcdef>{\"pii_exposure\": 0.2}",
          "- 0.2 - -");
    reads("<input-0123456789abcde>{\"pii_exposure\": 1.0}", "- 1 - -");
    reads("<think>\npii_exposure: 0.9? No.\n</think>\npii_exposure: 0.4", "- 0.4 - -");
    reads(" \n<think>{\"pii_exposure\": 0.9}", "- - - -");
    reads("pii_exposure: 0.4 \n<think>pii_exposure: 0.5</think>", "- ! - -");
}

/* ---- what follows from scores -------------------------------------------------------------- */

static void test_overall(void)
{
    llmobs_judge_thresholds thresholds = llmobs_judge_thresholds_default();
    const char* answer = "factual_accuracy: 0.9\npii_exposure: 0.4\npolicy_compliance: 0.5\n"
                         "injection_resistance: 1";
    is_int(llmobs_judge_parse(answer, strlen(answer), NULL, &score), LLMOBS_OK, "four scores");
    ok(llmobsi_judge_same(score.overall, 0.4) && score.known == LLMOBS_JUDGE_ALL,
       "the least is that of all");
    ok(score.flagged && score.flagged_by == P && !score.partial, "below 0.5 is flagged, 0.5 not");
    is_int(score.size, sizeof score, "its size");
    thresholds.least[LLMOBS_JUDGE_PII_EXPOSURE] = 0.4;
    thresholds.least[LLMOBS_JUDGE_FACTUAL_ACCURACY] = 0.95;
    thresholds.least[LLMOBS_JUDGE_INJECTION_RESISTANCE] = llmobsi_double_of(LLMOBS_I_JUDGE_NAN);
    (void)llmobs_judge_parse(answer, strlen(answer), &thresholds, &score);
    is_int(score.flagged_by, F, "thresholds are each category's own");
    (void)llmobs_judge_parse("injection_resistance: 0.4", 25, &thresholds, &score);
    ok(score.flagged_by == I && score.partial && llmobsi_judge_same(score.overall, 0.4),
       "no number is the default; one score of four is partial");
    thresholds.size = offsetof(llmobs_judge_thresholds, least) + sizeof(double);
    (void)llmobs_judge_parse(answer, strlen(answer), &thresholds, &score);
    is_int(score.flagged_by, F | P, "of a shorter struct only what it has is looked at");
    (void)llmobs_judge_parse("prose", 5, NULL, &score);
    ok(!score.flagged && !score.partial && score.known == 0 && is_nan(score.overall),
       "what is unknown is neither safe nor flagged");
    is_str(llmobs_judge_category_name(LLMOBS_JUDGE_POLICY_COMPLIANCE), "policy_compliance",
           "a category's name");
    is_str(llmobs_judge_category_name(LLMOBS_JUDGE_CATEGORY_COUNT), "unknown category",
           "there is no such category");
}

static void test_reasons(void)
{
    static char answer[4096];
    size_t used;
    (void)read_scores("{\"scores\": {\"pii_exposure\": {\"score\": 0.1, \"reason\": \"a \\\"name"
                      "\\\"\\n\"}}, \"explanation\": \"caf\xc3\xa9\"}");
    is_str(score.reasons[LLMOBS_JUDGE_PII_EXPOSURE], "a \"name\"\n", "a category's reason");
    is_str(score.explanation, "caf\xc3\xa9", "and the reason for all");
    is_str(score.reasons[LLMOBS_JUDGE_FACTUAL_ACCURACY], "", "the others have none");
    strcpy(answer, "{\"pii_exposure\": 0.1, \"reason\": \"");
    for (used = strlen(answer); used < 1000; used += 2) {
        memcpy(answer + used, "\xc3\xa9", 2);
    }
    strcpy(answer + used, "\"}");
    (void)read_scores(answer);
    ok(strlen(score.explanation) == 254 && llmobsi_utf8_is_valid(score.explanation, 254),
       "a long reason is cut between characters");
    strcpy(answer + used, "\\n\"}");
    (void)read_scores(answer);
    ok(strlen(score.explanation) == 254 && llmobsi_utf8_is_valid(score.explanation, 254),
       "also where it has escapes");
    (void)read_scores("{\"reason\": \"lost\", \"pii_exposure\": 0.1} {\"x\" y}\npii_exposure: 0.1");
    ok(score.known == P && score.explanation[0] == '\0', "of broken JSON no reason is taken");
}

/* ---- at random ----------------------------------------------------------------------------- */

typedef struct made_answer {
    char text[8192];
    size_t size;
} made_answer;

static void say(made_answer* to, const char* text)
{
    size_t size = strlen(text);
    memcpy(to->text + to->size, text, size + 1);
    to->size += size;
}

static const char* one_of(const char* const* texts, size_t count)
{
    return texts[next_random() % count];
}
#define one(texts) one_of(texts, sizeof(texts) / sizeof((texts)[0]))

/* A name in one of its spellings. */
static void say_name(made_answer* to, uint32_t category)
{
    static const char* const joints[] = {"_", " ", "-", "\\_"};
    const char* joint = joints[next_random() % 3];
    const char* name = llmobsi_judge_names[category];
    for (; *name != '\0'; name++) {
        char letter[2] = {*name, '\0'};
        if (*name != '_' && next_random() % 3 == 0) {
            letter[0] = (char)(*name - 'a' + 'A');
        }
        say(to, *name == '_' ? joint : letter);
    }
}

static void say_number(made_answer* to, double value)
{
    char number[LLMOBS_I_DOUBLE_ROOM];
    *llmobsi_append_double(number, value) = '\0';
    say(to, number);
}

static const char* const prose[] = {"", "Here is my evaluation.\n", "Sure!\n\n", "caf\xc3\xa9\n",
                                    "The context is {short}.\n", "\xff\xfe\n"};

static void say_json(made_answer* to, const double* values, uint32_t known)
{
    static const char* const begins[] = {"{", "```json\n{\n", "{\"scores\": {",
                                         "{\"categories\":{"};
    uint32_t begin = (uint32_t)(next_random() % 4), form = (uint32_t)(next_random() % 3), i;
    bool first = true;
    say(to, one(prose));
    say(to, begins[begin]);
    for (i = 0; i < (uint32_t)LLMOBS_JUDGE_CATEGORY_COUNT; i++) {
        if ((known & LLMOBS_JUDGE_BIT(i)) != 0) {
            say(to, first ? "\"" : ", \"");
            first = false;
            say(to, llmobsi_judge_names[i]);
            say(to, form == 0   ? "\": "
                    : form == 1 ? "\":\""
                                : "\": {\"reason\": \"a\", \"score\": ");
            say_number(to, values[i]);
            say(to, form == 0 ? "" : form == 1 ? "\"" : "}");
        }
    }
    say(to, begin == 0 ? "}" : begin == 1 ? "\n}\n```" : "}, \"notes\": [[1], {\"a\": null}]}");
    say(to, one(prose));
}

static void say_lines(made_answer* to, const double* values, uint32_t known)
{
    static const char* const marks[] = {"", "- ", "* ", "  3. ", "## ", "**", "| ", "`"};
    static const char* const signs[] = {":", " = ", ": ", ":\t", " | "};
    static const char* const ends[] = {"\n", "\r\n", " (good)\n", ", fine\n", "\n\n", " - yes\n"};
    uint32_t i;
    say(to, one(prose));
    for (i = 0; i < (uint32_t)LLMOBS_JUDGE_CATEGORY_COUNT; i++) {
        if ((known & LLMOBS_JUDGE_BIT(i)) != 0) {
            const char* mark = one(marks);
            say(to, mark);
            say_name(to, i);
            say(to, strcmp(mark, "**") == 0 || strcmp(mark, "`") == 0 ? mark : "");
            say(to, one(signs));
            say_number(to, values[i]);
            say(to, next_random() % 4 == 0 ? "/1" : "");
            say(to, one(ends));
        }
    }
    say(to, one(prose));
}

static double random_score(void)
{
    uint64_t kind = next_random() % 4;
    return kind == 0   ? 0.0
           : kind == 1 ? 1.0
           : kind == 2 ? (double)(next_random() % 1001) / 1000
                       : (double)(next_random() >> 11) * (1.0 / 9007199254740992.0);
}

static void test_random(void)
{
    static made_answer answer;
    long rounds, wrong = 0;
    for (rounds = 0; rounds < 20000; rounds++) {
        double values[LLMOBS_JUDGE_CATEGORY_COUNT], least = 2;
        uint32_t known = (uint32_t)(next_random() % 15) + 1, flagged = 0, i;
        bool good;
        answer.size = 0;
        for (i = 0; i < (uint32_t)LLMOBS_JUDGE_CATEGORY_COUNT; i++) {
            values[i] = random_score();
            if ((known & LLMOBS_JUDGE_BIT(i)) != 0) {
                least = values[i] < least ? values[i] : least;
                flagged |= values[i] < 0.5 ? LLMOBS_JUDGE_BIT(i) : 0;
            }
        }
        if (next_random() % 2 == 0) {
            say_json(&answer, values, known);
        } else {
            say_lines(&answer, values, known);
        }
        good = llmobs_judge_parse(answer.text, answer.size, NULL, &score) == LLMOBS_OK &&
               score.known == known && score.flagged_by == flagged && score.disputed == 0 &&
               llmobsi_judge_same(score.overall, least) && score.flagged == (flagged != 0) &&
               score.partial == (known != LLMOBS_JUDGE_ALL);
        for (i = 0; i < (uint32_t)LLMOBS_JUDGE_CATEGORY_COUNT; i++) {
            good = good && ((known & LLMOBS_JUDGE_BIT(i)) != 0
                                ? llmobsi_judge_same(score.scores[i], values[i])
                                : is_nan(score.scores[i]));
        }
        if (!good && wrong++ == 0) {
            printf("# known %x, want %x: %s\n", score.known, known, answer.text);
        }
    }
    is_int(wrong, 0, "random scores read back from every form, to the last bit");
}

/* Answers of a megabyte that would take for ever if a byte were looked at again and again. */
static void test_large(void)
{
    static const char* const units[] = {
        "{", "{\"", "{\"a\":", "{\"a\":[", "[{", "{\"a\":1,", "<", "<response-0123456789abcdef",
        "<response-0123456789abcdef>", "pii_exposure:", "pii_exposure: 1 ", "pii_exposure: ", " ",
        "-", "pii_exposure:\"*", "\n", "{ ", "\xff", "<think>", "prose ", "{\"a\":\"\\u0041\"}",
        "{}", "1", "pii_exposure: 1/", "\"", "factual_"};
    size_t size = by_qemu() ? 1 << 17 : 1 << 20, i, at;
    char* text = (char*)malloc(size);
    if (text == NULL) {
        printf("Bail out! malloc\n");
        exit(1);
    }
    for (i = 0; i < sizeof units / sizeof units[0]; i++) {
        size_t unit = strlen(units[i]);
        for (at = 0; at + unit <= size; at += unit) {
            memcpy(text + at, units[i], unit);
        }
        memset(text + at, ' ', size - at);
        (void)llmobs_judge_parse(text, size, NULL, &score);
        is_int(score.known, 0, "nothing is found in a megabyte of it");
    }
    memset(text, 'x', size);
    memcpy(text + size - 19, "\npii_exposure: 0.25", 19);
    ok(llmobs_judge_parse(text, size, NULL, &score) == LLMOBS_OK && score.known == P &&
           llmobsi_judge_same(score.overall, 0.25),
       "a megabyte of prose, and a score at its end");
    free(text);
}

static llmobs_judge_score quoted_score;

static void* run_parse(void* answer)
{
    (void)llmobs_judge_parse((const char*)answer, strlen((const char*)answer), NULL,
                             &quoted_score);
    return NULL;
}

/* Judges quote what they judge; a string with an escape is copied. */
static void test_stack(void)
{
#if STACK_UNSEEN || !defined(__OPTIMIZE__)
    skip("an answer on a stack", STACK_UNSEEN ? STACK_UNSEEN_WHY : "unoptimised code spills");
#else
    char answer[] = "{\"pii_exposure\": 0.5, \"reason\": \"it\\nshows jane.roe@mail.example.com\"}";
    stack_needle part;
    stack_needle_set(&part, "roe@mail.exa", 12);
    (void)run_parse(answer); /* the loader saves registers at a function's first call */
    is_int(stack_finds(run_parse, answer, &part, 1), -1, "what a judge quotes is not left there");
    ok(strstr(quoted_score.explanation, "roe@mail.exa") != NULL, "but where it belongs");
#endif
}

int main(void)
{
    test_json();
    test_lines();
    test_refused();
    test_quoted();
    test_overall();
    test_reasons();
    test_random();
    test_large();
    test_stack();
    return done();
}

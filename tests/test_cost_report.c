/* Questions to the cost ledger: the most expensive ones, users with their brackets, and the same as
   text, JSON and CSV. */
#include "llmobs_private.h"

#include "tap.h"

#include "keeper.h"

#include "json_lines.h"
#include "requester.h"

#include "ledger.h"
#include "zipf.h"

/* ---- as text ------------------------------------------------------------------------------- */

static char text[1 << 16];
static size_t text_size;

static bool put_text(void* user, const char* data, size_t size)
{
    (void)user;
    memcpy(text + text_size, data, size);
    text_size += size;
    text[text_size] = '\0';
    return true;
}

static llmobs_result print(llmobs* obs, const llmobs_cost_question* question, size_t top,
                           llmobs_report_format format)
{
    text_size = 0;
    (void)llmobs_flush(obs, 5000);
    return llmobs_cost_report_write(obs, question, top, format, put_text, NULL);
}

/* ---- lines --------------------------------------------------------------------------------- */

static void test_choice(void)
{
    llmobs_config config = ledger_config();
    llmobs_cost_question question = llmobs_cost_question_default();
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    size_t room;
    int wrong = 0;
    int i;
    for (i = 0; i < 30; i++) {
        char feature[8];
        spent one = {NULL, NULL, NULL, NULL, 0};
        (void)snprintf(feature, sizeof feature, "f%02d", i * 7 % 30);
        one.feature = feature;
        one.model = i % 2 ? "large" : "small";
        one.nano = 1 + i * 7 % 30;
        spend(obs, one);
        (void)llmobs_tick(obs);
    }
    for (room = 0; room <= 40; room++) {
        size_t want = room < 30 ? room : 30;
        size_t line;
        wrong += ask(obs, &question, room) != LLMOBS_OK || asked_answer.count != want;
        wrong += !adds_up();
        for (line = 0; line < want; line++) {
            char name[8];
            (void)snprintf(name, sizeof name, "f%02d", (int)(29 - line));
            wrong += strcmp(asked_lines[line].name, name) != 0;
            wrong += asked_lines[line].sums.cost_nano != (int64_t)(30 - line);
        }
    }
    is_int(wrong, 0, "the most expensive ones in order, however many are asked for");
    (void)ask(obs, &question, 5);
    ok(!asked_lines[4].guaranteed, "among the rest, all together, somebody may cost more");
    (void)ask(obs, &question, 30);
    ok(asked_lines[0].guaranteed && asked_lines[29].guaranteed, "nobody else: certain");
    question.model = "large";
    (void)ask(obs, &question, 64);
    ok(asked_answer.count == 15 && adds_up(), "of one model alone");
    question.by = LLMOBS_COST_BY_MODEL;
    question.model = NULL;
    question.feature = "f03";
    (void)ask(obs, &question, 64);
    ok(asked_answer.count == 1 && asked_answer.total.cost_nano == 4, "of one feature, by model");
    question.feature = "no such";
    ok(ask(obs, &question, 64) == LLMOBS_OK && asked_answer.count == 0, "of none");
    is_str(asked_line("unknown")->name, "", "no line for it");
    ok(close_kept(obs, &kept), "all is accounted for");
}

/* What is not known may change who is first. */
static void test_unknown(void)
{
    static const spent spends[] = {{"a", "m", NULL, NULL, 100}, {"b", "m", NULL, NULL, 60},
                                   {"b", "m", NULL, NULL, -1},  {NULL, NULL, NULL, NULL, 10}};
    llmobs_config config = ledger_config();
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    size_t i;
    for (i = 0; i < 4; i++) {
        spend(obs, spends[i]);
    }
    (void)ask(obs, NULL, 64);
    is_int(asked_answer.count, 3, "three features");
    ok(strcmp(asked_lines[0].name, "a") == 0 && !asked_lines[0].guaranteed,
       "the first one by what is known is not certain");
    ok(asked_lines[1].low_nano == 60 && asked_lines[1].high_nano == INT64_MAX, "open above");
    is_str(asked_lines[2].name, "unknown", "without a name: unknown");
    ok(close_kept(obs, &kept), "all is accounted for");
}

/* More money than there are numbers for: the most there is, which is told. */
static void test_saturation(void)
{
    static const spent whole = {"a", "m", NULL, NULL, INT64_C(1000000000000000000)};
    static const spent other = {"a", "n", NULL, NULL, INT64_C(1000000000000000000)};
    llmobs_config config = ledger_config();
    llmobs_cost_question question = llmobs_cost_question_default();
    keeper kept;
    llmobs* obs;
    int i;
    config.cost_most = 1000000000;
    obs = open_kept(&config, &kept);
    for (i = 0; i < 12; i++) {
        spend(obs, i % 2 ? whole : other); /* 6 * 10^18 in either row */
    }
    (void)ask(obs, NULL, 9);
    ok(asked_answer.total.cost_nano == INT64_MAX && asked_answer.total.requests == 12,
       "a total at its end");
    ok(asked_lines[0].sums.cost_nano == INT64_MAX && asked_lines[0].high_nano == INT64_MAX,
       "a line of two rows, too");
    question.by = LLMOBS_COST_BY_USER;
    (void)ask(obs, &question, 9);
    ok(asked_answer.nobodys_nano == INT64_MAX, "and what is nobody's");
    question.by = LLMOBS_COST_BY_MODEL;
    (void)ask(obs, &question, 9);
    ok(asked_answer.count == 2 && asked_lines[1].low_nano == INT64_C(6000000000000000000),
       "each of the two is exact");
    for (i = 0; i < 12; i++) {
        spend(obs, whole);
    }
    (void)ask(obs, &question, 9);
    ok(asked_answer.saturated > 0 && asked_lines[0].low_nano == INT64_MAX &&
           strcmp(asked_lines[0].name, "m") == 0,
       "a row at its end is told, and is first");
    ok(close_kept(obs, &kept), "all is accounted for");
}

static void test_errors(void)
{
    llmobs_config config = ledger_config();
    llmobs_cost_question question = llmobs_cost_question_default();
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    is_int(llmobs_cost_report(obs, NULL, NULL, 1, &asked_answer), LLMOBS_ERROR_ARGUMENT,
           "room without lines");
    is_int(llmobs_cost_report(obs, NULL, asked_lines, 1, NULL), LLMOBS_ERROR_ARGUMENT, "no answer");
    is_int(llmobs_cost_report(obs, NULL, NULL, 0, &asked_answer), LLMOBS_OK, "the total alone");
    question.by = (llmobs_cost_by)9;
    is_int(ask(obs, &question, 1), LLMOBS_ERROR_ARGUMENT, "by nothing");
    question.by = LLMOBS_COST_BY_USER;
    question.ago = 2;
    is_int(ask(obs, &question, 1), LLMOBS_ERROR_ARGUMENT, "users of the month before the last");
    question.ago = 0;
    question.model = "m";
    is_int(ask(obs, &question, 1), LLMOBS_ERROR_ARGUMENT, "users of a model");
    (void)close_kept(obs, &kept);
    is_int(llmobs_cost_report(obs, NULL, NULL, 0, &asked_answer), LLMOBS_ERROR_CLOSED, "closed");
    config.cost_users = LLMOBS_OFF;
    obs = open_kept(&config, &kept);
    question.model = NULL;
    is_int(ask(obs, &question, 1), LLMOBS_ERROR_FORMAT, "no users are kept");
    (void)close_kept(obs, &kept);
    config.cost_rows = LLMOBS_OFF;
    is_int(llmobs_memory_of(&config, LLMOBS_PILLAR_COST), 0, "no ledger, no memory");
    obs = open_kept(&config, &kept);
    is_int(ask(obs, NULL, 1), LLMOBS_ERROR_FORMAT, "no ledger");
    is_int(llmobs_cost_record(obs, "u", "f", 1, 1, 1), LLMOBS_OK, "a record is for metrics alone");
    (void)close_kept(obs, &kept);
}

/* ---- users --------------------------------------------------------------------------------- */

enum { USERS = 3000, SPENDS = 30000 };

static int64_t exact[2][USERS]; /* by feature */

/* The user of a line; -1: nobody. */
static int user_of(llmobs* obs, const char* pseudonym)
{
    static char known[USERS][LLMOBS_PSEUDONYM_SIZE];
    int i;
    for (i = 0; i < USERS; i++) {
        if (known[i][0] == '\0') {
            char id[24];
            (void)snprintf(id, sizeof id, "user-%d", i);
            (void)llmobs_pseudonym(obs, LLMOBS_DOMAIN_USER, NULL, id, strlen(id), known[i]);
        }
        if (strcmp(known[i], pseudonym) == 0) {
            return i;
        }
    }
    return -1;
}

/* How many lines are wrong: no user's, or with a bracket that the truth is not in. */
static int wrong_lines(llmobs* obs, bool all)
{
    size_t i;
    int wrong = 0;
    for (i = 0; i < asked_answer.count; i++) {
        const llmobs_cost_line* line = &asked_lines[i];
        int user = user_of(obs, line->name);
        int64_t truth = user < 0 ? -1 : exact[0][user] + (all ? exact[1][user] : 0);
        wrong += truth < line->low_nano || truth > line->high_nano;
    }
    return wrong;
}

static void test_users(void)
{
    llmobs_config config = ledger_config();
    llmobs_cost_question question = llmobs_cost_question_default();
    zipf users = zipf_make(USERS, 1.1, 5);
    int64_t totals[2] = {0, 0};
    keeper kept;
    llmobs* obs;
    int i;
    config.cost_users = 256;
    config.cost_feature_users = 256;
    obs = open_kept(&config, &kept);
    question.by = LLMOBS_COST_BY_USER;
    for (i = 0; i < SPENDS; i++) {
        char id[16];
        uint32_t user = zipf_next(&users);
        int feature = (int)(zipf_random(&users) % 2);
        spent one = {NULL, "m", NULL, NULL, 0};
        (void)snprintf(id, sizeof id, "user-%u", user);
        one.feature = feature ? "search" : "support";
        one.user = id;
        one.nano = (int64_t)(zipf_random(&users) % 1000000);
        exact[feature][user] += one.nano;
        totals[feature] += one.nano;
        spend(obs, one);
        if (i % 16 == 15) {
            (void)llmobs_tick(obs);
        }
    }
    ok(ask(obs, &question, 20) == LLMOBS_OK && asked_answer.count == 20, "the heaviest users");
    is_int(asked_answer.total.cost_nano, totals[0] + totals[1], "the total is the ledger's");
    is_int(wrong_lines(obs, true), 0, "each truth is in its bracket");
    is_int(user_of(obs, asked_lines[0].name), 0, "the heaviest one is");
    ok(asked_lines[0].guaranteed, "certainly");
    ok(asked_answer.users.total == totals[0] + totals[1] && asked_answer.users.low_share > 0.3 &&
           asked_answer.users.low_share <= asked_answer.users.high_share,
       "they share much of it");
    ok(asked_answer.unique.count > 1700 && asked_answer.unique.count < 3000, "how many there are");
    question.feature = "support";
    ok(ask(obs, &question, 5) == LLMOBS_OK && asked_answer.count == 5, "of one feature");
    is_int(asked_answer.total.cost_nano, totals[0], "its total");
    is_int(asked_answer.users.total, totals[0], "which is its users'");
    is_int(wrong_lines(obs, false), 0, "its brackets");
    question.feature = "no such";
    ok(ask(obs, &question, 5) == LLMOBS_OK && asked_answer.count == 0, "of none");
    zipf_free(&users);
    ok(close_kept(obs, &kept), "all is accounted for");
}

/* A user's requests of unknown cost are told beside the bracket. */
static void test_users_unknown(void)
{
    static const spent known = {"a", "m", NULL, "u1", 10}, unknown = {"a", "m", NULL, "u1", -1};
    llmobs_config config = ledger_config();
    llmobs_cost_question question = llmobs_cost_question_default();
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    question.by = LLMOBS_COST_BY_USER;
    spend(obs, known);
    spend(obs, unknown);
    ok(ask(obs, &question, 9) == LLMOBS_OK && asked_lines[0].sums.requests == 2 &&
           asked_lines[0].sums.unknown == 1 && asked_lines[0].sums.errors == -1,
       "one of two is unknown");
    ok(print(obs, &question, 9, LLMOBS_REPORT_TEXT) == LLMOBS_OK &&
           strstr(text, ", and 1 of unknown cost\n") != NULL,
       "which the text says");
    question.by = LLMOBS_COST_BY_TENANT;
    ok(print(obs, &question, 9, LLMOBS_REPORT_TEXT) == LLMOBS_OK &&
           strstr(text, "tokens  (none)") != NULL,
       "no tenant is none");
    ok(close_kept(obs, &kept), "all is accounted for");
}

static void test_users_by_month(void)
{
    static const spent first = {"a", "m", NULL, "u1", 10}, second = {"b", "m", NULL, "u2", 20};
    static const spent nobody = {"b", "m", NULL, NULL, 7};
    llmobs_config config = ledger_config();
    llmobs_cost_question question = llmobs_cost_question_default();
    keeper kept;
    llmobs* obs;
    config.cost_features = 1;
    obs = open_kept(&config, &kept);
    question.by = LLMOBS_COST_BY_USER;
    spend(obs, first);
    (void)llmobs_tick(obs);
    spend(obs, second);
    spend(obs, nobody);
    (void)ask(obs, &question, 9);
    ok(asked_answer.count == 2 && asked_lines[0].low_nano == 20, "two users");
    is_int(asked_answer.nobodys_nano, 7, "and what was nobody's");
    is_int(asked_lines[0].sums.tokens, 13, "with their tokens");
    question.feature = "a";
    (void)ask(obs, &question, 9);
    is_int(asked_answer.count, 1, "the first feature has its users");
    question.feature = "b";
    (void)ask(obs, &question, 9);
    ok(asked_answer.count == 0 && asked_answer.total.cost_nano == 27, "the second one has a total");
    question.feature = NULL;
    fake_now += 31 * DAY;
    (void)ask(obs, &question, 9);
    ok(asked_answer.count == 0 && asked_answer.unique.count == 0, "a new month has none yet");
    spend(obs, first);
    (void)ask(obs, &question, 9);
    ok(asked_answer.count == 1 && asked_lines[0].low_nano == 10 && asked_answer.unique.count == 1,
       "and then its own");
    ok(close_kept(obs, &kept), "all is accounted for");
}

#define MONTHS_USERS 200

/* The answers for every room, and one report of each kind. */
typedef struct month_told {
    llmobs_cost_line lines[LLMOBS_REPORT_LINES + 1][LLMOBS_REPORT_LINES];
    llmobs_cost_answer answers[LLMOBS_REPORT_LINES + 1];
    char texts[3][1 << 16];
} month_told;

static month_told told[2];

static void take_month(llmobs* obs, month_told* to, uint32_t ago)
{
    llmobs_cost_question question = llmobs_cost_question_default();
    size_t room;
    int format;
    question.by = LLMOBS_COST_BY_USER;
    question.ago = ago;
    memset(to, 0, sizeof *to);
    for (room = 0; room <= LLMOBS_REPORT_LINES; room++) {
        (void)llmobs_cost_report(obs, &question, to->lines[room], room, &to->answers[room]);
    }
    for (format = 0; format < 3; format++) {
        (void)print(obs, &question, 20, (llmobs_report_format)format);
        memcpy(to->texts[format], text, text_size);
    }
}

/* In more users than there are counters: brackets, and places that are not certain. */
static void test_month_before(void)
{
    static const spent one = {"a", "m", NULL, "u1", 10}, nobody = {"b", "m", NULL, NULL, 7};
    llmobs_config config = ledger_config();
    llmobs_cost_question question = llmobs_cost_question_default();
    llmobsi_recorder* recorder;
    keeper kept;
    llmobs* obs;
    uint64_t then;
    int i;
    config.cost_users = 128;
    obs = open_kept(&config, &kept);
    then = fake_now;
    for (i = 0; i < 2000; i++) {
        char id[16];
        spent some = {"a", "m", NULL, id, (i * i + 7) % 1000};
        (void)snprintf(id, sizeof id, "u%d", i * i % 997 % MONTHS_USERS);
        spend(obs, some);
        (void)llmobs_tick(obs);
    }
    spend(obs, nobody);
    (void)llmobs_flush(obs, 5000);
    take_month(obs, &told[0], 0);
    ok(told[0].answers[64].count == 64 && told[0].answers[64].nobodys_nano == 7 &&
           told[0].answers[64].users.low < told[0].answers[64].users.high,
       "a month with users");
    fake_now += 31 * DAY;
    take_month(obs, &told[1], 1);
    ok(memcmp(&told[0], &told[1], sizeof told[0]) == 0, "is the one before in the next");
    question.by = LLMOBS_COST_BY_USER;
    question.ago = 1;
    question.feature = "a";
    is_int(ask(obs, &question, 9), LLMOBS_ERROR_ARGUMENT, "of all features alone");
    question.feature = NULL;
    spend(obs, one);
    (void)llmobs_flush(obs, 5000);
    take_month(obs, &told[1], 1);
    ok(memcmp(&told[0], &told[1], sizeof told[0]) == 0,
       "and when that has users, too: in each list, text, JSON and CSV");
    question.ago = 0;
    ok(ask(obs, &question, 9) == LLMOBS_OK && asked_answer.count == 1, "which are others");
    then += 31 * DAY;
    fake_now -= 31 * DAY;
    spend(obs, one);
    (void)llmobs_tick(obs);
    fake_now = then;
    take_month(obs, &told[1], 1);
    is_int(told[1].answers[9].total.cost_nano, told[0].answers[9].total.cost_nano + 10,
           "what is booked in it late is in the ledger");
    ok(told[1].answers[9].users.total == told[0].answers[9].users.total &&
           told[1].answers[9].nobodys_nano == 7,
       "alone");
    question.ago = 2;
    is_int(ask(obs, &question, 9), LLMOBS_ERROR_ARGUMENT, "there is no third month");
    fake_now += 62 * DAY;
    question.ago = 1;
    ok(ask(obs, &question, 9) == LLMOBS_OK && asked_answer.count == 0 &&
           asked_answer.unique.count == 0,
       "a month without requests has no users");
    spend(obs, one);
    ok(ask(obs, &question, 9) == LLMOBS_OK && asked_answer.count == 0 &&
           asked_answer.nobodys_nano == 0,
       "also when the next one has some");
    recorder = llmobsi_places[LLMOBS_I_PLACE(llmobsi_ticket(obs))].recorder;
    ok(!llmobsi_cost_users_of(llmobsi_cost_ledger_of(recorder))->past.begun,
       "and nobody older is kept");
    ok(close_kept(obs, &kept), "all is accounted for");
}

/* ---- print --------------------------------------------------------------------------------- */

static void test_print(void)
{
    static const spent spends[] = {
        {"support", "large", NULL, "u1", INT64_C(1800250000001)},
        {"search", "small", NULL, "u2", 500000},
        {"=1+\"x\"\n\x1b[31m", "small", NULL, NULL, -1},
    };
    llmobs_config config = ledger_config();
    llmobs_cost_question question = llmobs_cost_question_default();
    static json_line line;
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    size_t i;
    for (i = 0; i < 3; i++) {
        spend(obs, spends[i]);
    }
    ok(print(obs, NULL, 2, LLMOBS_REPORT_TEXT) == LLMOBS_OK, "text");
    printf("# %.*s\n", (int)strcspn(text, "\n"), text);
    ok(strstr(text, "cost by feature, from 2025-12-01T00:00:00Z to 2026-01-01T00:00:00Z\n") == text,
       "by what, and when");
    ok(strstr(text, "     1800.250500 USD  100.0 %         3 requests           39 tokens  all, "
                    "and 1 requests of unknown cost, at least 0.000000 USD more\n") != NULL,
       "the whole, and what is not known of it");
    ok(strstr(text, " tokens  support  ?\n") != NULL, "a line, which may not be the first");
    ok(strstr(text, "1 requests           13 tokens  (the others)\n") != NULL, "the others");
    ok(strchr(text, '\x1b') == NULL, "no escape");
    ok(print(obs, NULL, 9, LLMOBS_REPORT_TEXT) == LLMOBS_OK &&
           strstr(text, "[31m  or more\n") != NULL && strstr(text, "9223372036") == NULL,
       "what nothing bounds is no number");
    ok(print(obs, NULL, 64, LLMOBS_REPORT_JSON) == LLMOBS_OK &&
           json_line_read(&line, text, text_size - 1),
       "JSON, one line");
    is_str(json_text(&line, "schema"), "llmobs.cost/1", "its schema");
    is_str(json_text(&line, "begin"), "2025-12-01T00:00:00Z", "its period");
    is_str(json_text(&line, "lines.0.name"), "support", "a name");
    is_str(json_text(&line, "lines.0.cost_usd"), "1800.250000001", "exact money");
    is_str(json_text(&line, "lines.2.name"), "=1+\"x\"\n\x1b[31m", "any name, escaped");
    is_str(json_text(&line, "lines.2.high_usd"), "null", "no most");
    is_str(json_text(&line, "total.unknown"), "1", "what is unknown is counted");
    ok(print(obs, NULL, 64, LLMOBS_REPORT_CSV) == LLMOBS_OK, "CSV");
    ok(strstr(text, "feature,cost_usd,low_usd,high_usd,guaranteed,latency_s,saved_usd,"
                     "requests,") == text,
       "its header");
    ok(strstr(text, "\r\n\"search\",0.0005,0.0005,0.0005,false,0,0,1,0,0,0,13,10,3,") != NULL,
       "a line");
    ok(strstr(text, "\r\n\"'=1+\"\"x\"\" \xef\xbf\xbd[31m\",0,0,,true,") != NULL,
       "a name that is no formula, and harms nobody");
    question.by = LLMOBS_COST_BY_USER;
    ok(print(obs, &question, 1, LLMOBS_REPORT_TEXT) == LLMOBS_OK &&
           strstr(text, "about 2 users (+- 0); the first 1 cost 100.0 % to 100.0 % of") != NULL,
       "users, as text");
    ok(print(obs, &question, 9, LLMOBS_REPORT_JSON) == LLMOBS_OK &&
           json_line_read(&line, text, text_size - 1),
       "and as JSON");
    is_str(json_text(&line, "users.count"), "2", "with how many they are");
    is_str(json_text(&line, "lines.0.tokens"), "13", "what they used");
    is_str(json_text(&line, "lines.0.saved_usd"), "null", "what caches saved them is not told");
    is_str(json_text(&line, "lines.0.latency_s"), "null", "what is not kept of them is not 0");
    is_str(json_text(&line, "lines.0.cached_tokens"), "null", "... no count of it");
    is_str(json_text(&line, "rest.requests"), "(none)", "nor what is left");
    question.feature = "support";
    ok(print(obs, &question, 9, LLMOBS_REPORT_CSV) == LLMOBS_OK &&
           strstr(text, ",1800.250000001,1800.250000001,1800.250000001,true,,,1,,0,,13,10,3,,") !=
               NULL,
       "as CSV: empty");
    ok(print(obs, &question, 9, LLMOBS_REPORT_TEXT) == LLMOBS_OK &&
           strstr(text, "cost by user of feature support, from ") == text,
       "what a report is narrowed to it says");
    question.feature = NULL;
    question.period = LLMOBS_PERIOD_NONE;
    question.by = LLMOBS_COST_BY_MODEL;
    ok(print(obs, &question, 9, LLMOBS_REPORT_TEXT) == LLMOBS_OK &&
           strstr(text, "cost by model, from ever to ever\n") == text,
       "of all time");
    is_int(print(obs, NULL, 9, (llmobs_report_format)7), LLMOBS_ERROR_ARGUMENT, "no format");
    is_int(llmobs_cost_report_write(obs, NULL, 9, LLMOBS_REPORT_CSV, NULL, NULL),
           LLMOBS_ERROR_ARGUMENT, "no write");
    ok(close_kept(obs, &kept), "all is accounted for");
}

/* ---- records without requests, and the host's store ---------------------------------------- */

typedef struct stored {
    char text[256];
    int count;
} stored;

static void store(void* user, const llmobs_cost_entry* entry)
{
    stored* to = (stored*)user;
    to->count++;
    (void)snprintf(to->text, sizeof to->text, "%s %.12s %s %s %s %s %lld %lld %lld",
                   entry->request_id, entry->user_id, entry->feature, entry->model, entry->tenant,
                   entry->error_type != NULL ? entry->error_type : "-",
                   (long long)entry->cost_nano, (long long)entry->tokens,
                   (long long)entry->latency_ns);
}

static void test_record(void)
{
    llmobs_config config = ledger_config();
    llmobs_request_info info = support_info();
    llmobs_outcome outcome = known_outcome();
    llmobs_cost_question question = llmobs_cost_question_default();
    llmobs_stats stats;
    stored last = {"", 0};
    keeper kept;
    llmobs* obs;
    int i;
    config.cost_store = store;
    config.cost_store_user = &last;
    obs = open_kept(&config, &kept);
    is_int(llmobs_cost_record(obs, "u1", "mail", 250, 40, 7), LLMOBS_OK, "a cost of no request");
    is_int(llmobs_cost_record(obs, NULL, NULL, LLMOBS_COST_UNKNOWN, -1, UINT64_MAX), LLMOBS_OK,
           "of which nothing is known");
    is_int(llmobs_cost_record(obs, "u1", "mail", -5, 1, 1), LLMOBS_ERROR_ARGUMENT, "below 0");
    is_int(llmobs_cost_record(obs, "u1", "mail", INT64_C(1000000000000001), 1, 1),
           LLMOBS_ERROR_ARGUMENT, "above a million USD");
    is_int(llmobs_cost_record(obs, "u1", "mail", 1, INT64_MAX, 1), LLMOBS_ERROR_ARGUMENT, "tokens");
    is_int(llmobs_cost_record(NULL, "u1", "mail", 1, 1, 1), LLMOBS_ERROR_CLOSED, "no instance");
    (void)ask(obs, NULL, 9);
    ok(asked_answer.total.requests == 2 && asked_answer.total.cost_nano == 250 &&
           asked_answer.total.tokens == 40 && asked_answer.total.unknown == 1,
       "two are booked");
    is_int(asked_line("mail")->sums.latency_ns, 7, "with what they took");
    is_int(asked_line("unknown")->sums.unbounded, 1, "or unknown");
    is_int(stats_of(obs).costs_refused, 3, "three are refused");
    question.by = LLMOBS_COST_BY_USER;
    (void)ask(obs, &question, 9);
    ok(asked_answer.count == 1 && asked_lines[0].low_nano == 250, "a user");
    is_str(sample(obs, "llm_cost_usd_total{model=\"\",feature=\"mail\"}"), "0.00000025", "metrics");
    is_str(sample(obs, "llm_requests_total{model=\"\",feature=\"mail\",error_type=\"\"}"), "1",
           "... and requests");
    for (i = 0; i < 40; i++) {
        (void)llmobs_cost_record(obs, "u2", "mail", 1, 1, 1); /* of 16 records */
    }
    (void)ask(obs, NULL, 9);
    is_int(asked_answer.total.cost_nano, 290, "more than there is room for: the total is exact");
    is_int(asked_line(LLMOBS_COST_UNTRACKED)->sums.requests, 24, "these have lost their names");
    is_int(last.count, 0, "the host knows of these");
    run_chain(obs, &info, &outcome);
    is_str(last.text, "req-17 hmac-sha256: support gpt-4o-mini  - 179400 908 7351000000",
           "its store gets what requests cost");
    outcome = llmobs_outcome_default();
    outcome.error_type = "timeout";
    outcome.cost_known = true;
    outcome.cost_nano = INT64_MAX;
    llmobs_request_end(llmobs_request_begin(obs, NULL), &outcome);
    ok(strstr(last.text, "timeout -9223372036854775808 -1") != NULL,
       "an absurd cost is an unknown one");
    stats = stats_of(obs);
    is_int(stats.costs_refused, 4, "and counted");
    is_int(stats.requests_ended, 2, "costs alone are no requests");
    ok(close_kept(obs, &kept), "all is accounted for");
}

int main(void)
{
    test_choice();
    test_unknown();
    test_saturation();
    test_errors();
    test_users();
    test_users_by_month();
    test_month_before();
    test_users_unknown();
    test_print();
    test_record();
    return done();
}

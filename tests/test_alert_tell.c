/* Alerts as they are told: the sentence, whatever its parts hold and however small its room; the
   log record; and what an exporter reads from it (encode/batch_alert). */
#include "llmobs_private.h"
#include "tap.h"

#include "json_lines.h"
#include "sink.h"
#include "keeper.h"
#include "random.h"

/* 2026-01-15T14:05:10Z */
#define ACTIVE (UINT64_C(1768485910) * LLMOBS_I_BILLION)
#define SECOND LLMOBS_I_BILLION

static char text[1024];

static llmobs_string string_of(const char* data)
{
    return llmobs_str(data);
}

static llmobs_alert alert_of_costs(void)
{
    llmobs_alert alert;
    memset(&alert, 0, sizeof alert);
    alert.size = sizeof alert;
    alert.fingerprint = UINT64_C(0x0123456789abcdef);
    alert.rule = string_of("cost_spike");
    alert.group = alert.summary = alert.runbook = alert.sentence = string_of("");
    alert.severity = LLMOBS_ALERT_CRITICAL;
    alert.state = LLMOBS_ALERT_FIRING;
    alert.news = LLMOBS_ALERT_FIRED;
    alert.value = 0.0312;
    alert.threshold = 0.0104;
    alert.active_unix_ns = ACTIVE;
    alert.fired_unix_ns = ACTIVE + 300 * SECOND;
    alert.unix_ns = ACTIVE + 310 * SECOND;
    return alert;
}

/* ---- the sentence -------------------------------------------------------------------------- */

static const char* told(const llmobs_alert* alert, llmobsi_alert_op comparison,
                        const char* condition)
{
    size_t size =
        llmobsi_alert_sentence(text, LLMOBS_I_ALERT_SENTENCE, alert, comparison, condition);
    text[size] = '\0';
    return text;
}

static const char* told_greater(const llmobs_alert* alert)
{
    return told(alert, LLMOBS_I_ALERT_GREATER, "a > b");
}

static void test_names(void)
{
    is_str(llmobs_alert_severity_name(LLMOBS_ALERT_INFO), "info", "info");
    is_str(llmobs_alert_severity_name(LLMOBS_ALERT_WARNING), "warning", "warning");
    is_str(llmobs_alert_severity_name(LLMOBS_ALERT_CRITICAL), "critical", "critical");
    is_str(llmobs_alert_severity_name((llmobs_alert_severity)3), "unknown", "no severity");
    is_str(llmobs_alert_state_name(LLMOBS_ALERT_INACTIVE), "inactive", "inactive");
    is_str(llmobs_alert_state_name(LLMOBS_ALERT_PENDING), "pending", "pending");
    is_str(llmobs_alert_state_name(LLMOBS_ALERT_FIRING), "firing", "firing");
    is_str(llmobs_alert_state_name(LLMOBS_ALERT_RESOLVED), "resolved", "resolved");
    is_str(llmobs_alert_state_name((llmobs_alert_state)-1), "unknown", "no state");
    is_str(llmobs_alert_news_name(LLMOBS_ALERT_NO_NEWS), "none", "no news");
    is_str(llmobs_alert_news_name(LLMOBS_ALERT_FIRED), "fired", "fired");
    is_str(llmobs_alert_news_name(LLMOBS_ALERT_REPEATED), "repeated", "repeated");
    is_str(llmobs_alert_news_name(LLMOBS_ALERT_ENDED), "ended", "ended");
    is_str(llmobs_alert_news_name((llmobs_alert_news)4), "unknown", "not even that");
}

static void test_states(void)
{
    llmobs_alert_label label;
    llmobs_alert alert = alert_of_costs();
    is_str(told_greater(&alert),
           "cost_spike fires (critical): 0.0312 > 0.0104 since 14:05:10Z, 5 m 10 s: a > b",
           "an alert without more has its condition");
    label.name = string_of("feature");
    label.value = string_of("support");
    alert.labels = &label;
    alert.label_count = 1;
    alert.summary = string_of("LLM cost rate is 2x the 7-day average");
    alert.runbook = string_of("Look at the board of costs.");
    is_str(told_greater(&alert),
           "cost_spike{feature=\"support\"} fires (critical): 0.0312 > 0.0104 since 14:05:10Z, "
           "5 m 10 s: LLM cost rate is 2x the 7-day average. Look at the board of costs.",
           "what it means, and what to do");
    alert.news = LLMOBS_ALERT_REPEATED;
    alert.severity = LLMOBS_ALERT_WARNING;
    alert.partial = true;
    alert.summary = string_of("Really?");
    alert.unix_ns = ACTIVE + 93784 * SECOND;
    is_str(told_greater(&alert),
           "cost_spike{feature=\"support\"} still fires (warning): 0.0312 > 0.0104 since "
           "2026-01-15T14:05:10Z, 1 d 2 h, from less than a whole window: Really? Look at the "
           "board of costs.",
           "told again, a day later, on little history");
    alert = alert_of_costs();
    alert.state = LLMOBS_ALERT_RESOLVED;
    alert.news = LLMOBS_ALERT_ENDED;
    alert.resolved_unix_ns = ACTIVE + 7500 * SECOND;
    is_str(told_greater(&alert),
           "cost_spike is over (critical): it fired from 14:10:10Z to 16:10:10Z, 2 h: a > b",
           "over: from when to when");
    alert = alert_of_costs();
    alert.state = LLMOBS_ALERT_PENDING;
    alert.severity = LLMOBS_ALERT_INFO;
    alert.unix_ns = ACTIVE - 1;
    is_str(told(&alert, LLMOBS_I_ALERT_LESS_EQUAL, ""),
           "cost_spike is pending (info): 0.0312 <= 0.0104 since 14:05:10Z, 0 s",
           "pending, by a clock that went back, without a condition");
    is_str(told(&alert, LLMOBS_I_ALERT_AND, NULL),
           "cost_spike is pending (info): no data since 14:05:10Z, 0 s", "no data");
}

static void test_durations(void)
{
    static const struct {
        uint64_t seconds;
        const char* want;
    } cases[] = {
        {0, "0 s"},      {59, "59 s"},      {60, "1 m"},         {61, "1 m 1 s"},
        {3599, "59 m 59 s"}, {3600, "1 h"}, {3661, "1 h 1 m"},   {3601, "1 h"},
        {86399, "23 h 59 m"}, {86400, "1 d"}, {90000, "1 d 1 h"}, {86460, "1 d"},
        {UINT64_C(18446744073), "213503 d 23 h"},
    };
    size_t i;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        llmobsi_sentence sentence = {text, sizeof text, 0, false};
        llmobsi_tell_duration(&sentence, cases[i].seconds * SECOND + 1);
        text[sentence.used] = '\0';
        is_str(text, cases[i].want, cases[i].want);
    }
}

static void test_numbers(void)
{
    static const struct {
        double value;
        double threshold;
        const char* want;
    } cases[] = {
        {1.0 / 3, 2.0 / 3, "0.333333 < 0.666667"},
        {999999.5, 1234567.0, "1000000 < 1234570"},
        {0.1, 0.1, "0.1 < 0.1"},
        {1.0000007, 1.5, "1 < 1.5"},
        {0.10000000000000002, 0.1, "0.10000000000000002 < 0.1"},
        {-12345678.0, -0.0, "-12345700 < -0.0"},
        {1e300, 5e-324, "1e300 < 5e-324"},
        {-1234567e-20, 0.0, "-1.23457e-14 < 0"},
        {1.7976931348623157e308, 42, "1.79769e308 < 42"},
    };
    double special[4];
    llmobsi_sentence sentence = {text, sizeof text, 0, false};
    size_t i;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sentence.used = 0;
        llmobsi_tell_comparison(&sentence, cases[i].value, LLMOBS_I_ALERT_LESS,
                                cases[i].threshold);
        text[sentence.used] = '\0';
        is_str(text, cases[i].want, cases[i].want);
    }
    special[0] = llmobsi_double_of(UINT64_C(0x7ff8000000000000));
    special[1] = llmobsi_double_of(LLMOBS_I_DOUBLE_INFINITY);
    special[2] = llmobsi_double_of(UINT64_C(0xfff0000000000000));
    special[3] = llmobsi_double_of(1);
    sentence.used = 0;
    llmobsi_tell_comparison(&sentence, special[0], LLMOBS_I_ALERT_UNEQUAL, special[1]);
    llmobsi_tell_comparison(&sentence, special[2], LLMOBS_I_ALERT_EQUAL, special[3]);
    llmobsi_tell_comparison(&sentence, 1, LLMOBS_I_ALERT_GREATER_EQUAL, 1);
    text[sentence.used] = '\0';
    is_str(text, "NaN != Infinity-Infinity == 5e-3241 >= 1", "what is no number, and every sign");
}

/* ---- hostile texts ------------------------------------------------------------------------- */

static void test_hostile(void)
{
    llmobs_alert_label labels[4];
    llmobs_alert alert = alert_of_costs();
    size_t i;
    labels[0].name = string_of("feature");
    labels[0].value = string_of("a\"} fires (info): \\\n\r\x1b[2J\xe2\x80\xae\xff");
    alert.labels = labels;
    alert.label_count = 1;
    alert.summary = string_of("one\nline \xc2\x85 only");
    is_str(told_greater(&alert),
           "cost_spike{feature=\"a\\\"} fires (info): \\\\  \xef\xbf\xbd[2J\xef\xbf\xbd\xef\xbf\xbd"
           "\"} fires (critical): 0.0312 > 0.0104 since 14:05:10Z, 5 m 10 s: one line "
           "\xef\xbf\xbd only",
           "a label can't end its quotation marks, nor a text its line");
    for (i = 0; i < 4; i++) {
        labels[i].name = string_of("a_label_with_a_long_name");
        labels[i].value = string_of("\xe4\xbd\xa0\xe5\xa5\xbd\xe4\xbd\xa0\xe5\xa5\xbd\xe4\xbd\xa0"
                                    "\xe5\xa5\xbd");
    }
    labels[1].name = string_of("f");
    labels[2].value = string_of("");
    alert.label_count = 4;
    is_str(told_greater(&alert),
           "cost_spike{a_label_with..=\"\xe4\xbd\xa0\xe5\xa5\xbd\xe4\xbd\xa0..\", f=\""
           "\xe4\xbd\xa0\xe5\xa5\xbd\xe4\xbd\xa0\xe5\xa5\xbd\xe4\xbd\xa0\xe5\xa5\xbd\", "
           "a_label_with..=\"\", a_label_with..=\"\xe4\xbd\xa0\xe5\xa5\xbd\xe4\xbd\xa0..\"} fires "
           "(critical): 0.0312 > 0.0104 since 14:05:10Z, 5 m 10 s: one line \xef\xbf\xbd only",
           "long labels leave room for what follows");
}

/* A sentence of the most that each part may be, in any room. */
static void test_room(void)
{
    llmobs_alert_label labels[4];
    llmobs_alert alert = alert_of_costs();
    char whole[LLMOBS_I_ALERT_SENTENCE + 1];
    size_t size, capacity, i;
    bool bounded = true, valid = true, begins = true, marked = true;
    for (i = 0; i < 4; i++) {
        labels[i].name = string_of("a_label_with_a_long_name");
        labels[i].value = string_of("\xe4\xbd\xa0\"\"\"\"\"\"\xf0\x9f\x98\x80\xf0\x9f\x98\x80");
    }
    alert.labels = labels;
    alert.label_count = 4;
    alert.rule = string_of("a23456789_123456789_123456789_123456789_123456789_123456789_123");
    alert.value = -1.0 / 3;
    alert.threshold = -1e-9 / 3;
    alert.summary = string_of("\xe4\xbd\xa0\xe5\xa5\xbd");
    alert.runbook = string_of("\xf0\x9f\x98\x80");
    size = llmobsi_alert_sentence(whole, sizeof whole, &alert, LLMOBS_I_ALERT_LESS, "");
    whole[size] = '\0';
    ok(strstr(whole, "fires (critical): -0.333333 < -3.33333e-10") != NULL &&
           (size_t)(strstr(whole, " since") - whole) < 256,
       "the numbers stand in the default's 256 bytes");
    for (capacity = 0; capacity <= size; capacity++) {
        size_t used, same;
        memset(text, 'x', sizeof text);
        used = llmobsi_alert_sentence(text, capacity, &alert, LLMOBS_I_ALERT_LESS, "");
        bounded = bounded && used <= capacity && text[capacity] == 'x';
        valid = valid && llmobsi_utf8_is_valid(text, used);
        marked = marked && (capacity == size) ==
                               (used == size && memcmp(text + used - 3, "...", 3) != 0);
        same = used < 3 ? used : capacity == size ? used : used - 3;
        begins = begins && memcmp(text, whole, same) == 0;
    }
    ok(bounded, "a sentence keeps to its room");
    ok(valid, "and is cut between characters");
    ok(begins, "it is the beginning of the whole");
    ok(marked, "and says that it is cut");
}

/* ---- the record ---------------------------------------------------------------------------- */

static bool same_text(llmobs_string got, llmobs_string want)
{
    return got.data != NULL && got.size == want.size &&
           (want.size == 0 || memcmp(got.data, want.data, want.size) == 0);
}

static bool same_double(double got, double want)
{
    return llmobsi_double_bits(got) == llmobsi_double_bits(want);
}

/* What reads back, first difference first; NULL: all of it. */
static const char* difference(const llmobs_alert* got, const llmobs_alert* want)
{
    size_t i;
    for (i = 0; i < want->label_count && i < got->label_count; i++) {
        if (!same_text(got->labels[i].name, want->labels[i].name) ||
            !same_text(got->labels[i].value, want->labels[i].value)) {
            return "a label";
        }
    }
    return got->size != sizeof *got                                ? "size"
           : got->fingerprint != want->fingerprint                 ? "fingerprint"
           : !same_text(got->rule, want->rule)                     ? "rule"
           : !same_text(got->group, want->group)                   ? "group"
           : !same_text(got->sentence, want->sentence)             ? "sentence"
           : !same_text(got->summary, want->summary)               ? "summary"
           : !same_text(got->runbook, want->runbook)               ? "runbook"
           : got->label_count != want->label_count                 ? "label_count"
           : got->severity != want->severity                       ? "severity"
           : got->state != want->state                             ? "state"
           : got->news != want->news                               ? "news"
           : got->partial != want->partial                         ? "partial"
           : got->muted                                            ? "muted"
           : !same_double(got->value, want->value)                 ? "value"
           : !same_double(got->threshold, want->threshold)         ? "threshold"
           : got->unix_ns != want->unix_ns                         ? "unix_ns"
           : got->active_unix_ns != want->active_unix_ns           ? "active_unix_ns"
           : got->fired_unix_ns != want->fired_unix_ns             ? "fired_unix_ns"
           : got->resolved_unix_ns != want->resolved_unix_ns       ? "resolved_unix_ns"
                                                                   : NULL;
}

static uint32_t ticket_of(llmobs* obs)
{
    return llmobsi_ticket(obs);
}

/* An alert with all that one can have. */
static llmobs_alert alert_of_everything(llmobs_alert_label* labels)
{
    llmobs_alert alert = alert_of_costs();
    labels[0].name = string_of("feature");
    labels[0].value = string_of("support");
    labels[1].name = string_of("model");
    labels[1].value = string_of("");
    labels[2].name = string_of("user_id");
    labels[2].value = string_of("caf\xc3\xa9 \"1\"\n");
    alert.labels = labels;
    alert.label_count = 3;
    alert.group = string_of("costs");
    alert.sentence = string_of("cost_spike fires");
    alert.summary = string_of("what it means");
    alert.runbook = string_of("https://wiki.example/costs");
    alert.partial = true;
    alert.resolved_unix_ns = ACTIVE + 700 * SECOND;
    return alert;
}

static void test_round_trip(void)
{
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    llmobs_alert_label labels[LLMOBS_ALERT_LABELS_MAX], read[LLMOBS_ALERT_LABELS_MAX];
    llmobs_alert alert = alert_of_everything(labels), got;
    llmobs_alert least = alert_of_costs();
    least.rule = string_of("r");
    least.fired_unix_ns = least.active_unix_ns = 0;
    least.news = LLMOBS_ALERT_NO_NEWS;
    least.state = LLMOBS_ALERT_PENDING;
    llmobsi_alert_record(ticket_of(obs), &alert);
    llmobsi_alert_record(ticket_of(obs), &least);
    llmobsi_alert_record(0, &alert);
    (void)llmobs_flush(obs, 1000);
    is_int(kept.log_count, 2, "two alerts, two log records");
    is_str(kept.logs[0].event_name.data, "llm.alert", "the event");
    is_str(kept.logs[0].body.data, "cost_spike fires", "the body is the sentence");
    ok(kept_is_zero(kept.logs[0].trace_id, 16), "of no trace");
    is_int(kept.logs[0].attribute_count, LLMOBS_I_ALERT_MEMBERS + 3, "an attribute each");
    is_int(kept.logs[0].dropped_attribute_count, 0, "none is lost");
    is_str(kept.logs[0].attributes[2].value.string.data, "0123456789abcdef", "the fingerprint");
    is_str(kept.logs[0].attributes[7].key.data, "llm.alert.label.feature", "a label's key");
    ok(llmobs_alert_of(&kept.logs[0], &got, read), "it is an alert");
    is_str(difference(&got, &alert), NULL, "which reads back");
    ok(llmobs_alert_of(&kept.logs[1], &got, read), "as does one that says little");
    is_str(difference(&got, &least), NULL, "which has no more in it");
    is_int(kept.logs[1].attribute_count, 8, "and no empty attributes");
    ok(llmobs_alert_of(&kept.logs[0], &got, NULL) && got.label_count == 0 && got.labels == NULL,
       "labels need not be asked for");
    ok(close_kept(obs, &kept), "the account balances");
    llmobsi_alert_record(ticket_of(obs), &alert);
    ok(true, "after close nothing happens");
}

/* No vocabulary has a name for any of it. */
static void test_vocabularies(void)
{
    llmobs_alert_label labels[LLMOBS_ALERT_LABELS_MAX];
    llmobs_alert alert = alert_of_everything(labels);
    llmobs_config config = pumped_config();
    for (config.vocabulary = 0; config.vocabulary <= LLMOBS_I_VOCABULARIES; config.vocabulary++) {
        keeper kept;
        llmobs* obs = open_kept(&config, &kept);
        size_t ours = 0;
        size_t i;
        llmobsi_alert_record(ticket_of(obs), &alert);
        (void)llmobs_flush(obs, 1000);
        for (i = 0; kept.log_count == 1 && i < kept.logs[0].attribute_count; i++) {
            ours += strncmp(kept.logs[0].attributes[i].key.data, "llm.alert.", 10) == 0;
        }
        is_int(ours, LLMOBS_I_ALERT_MEMBERS + 3, "the same names in every vocabulary");
        is_str(kept.logs[0].event_name.data, "llm.alert", "and the same event");
        ok(close_kept(obs, &kept), "the account balances");
    }
}

/* A text of random pieces, some of them no UTF-8; `want` is what becomes of it. */
static llmobs_string random_text(char* room, size_t size, size_t limit, char* clean,
                                 llmobs_string* want)
{
    static const char* const pieces[] = {
        "a", "\"", "\\", "\n", "\x1b", "\xff", "\xc3\xa9", "\xe4\xbd\xa0",
        "\xf0\x9f\x98\x80", "\xe2\x80\xae", "\xe4"};
    llmobs_string made = {room, 0};
    while (made.size + 4 <= size && next_random() % 150 != 0) {
        const char* piece = pieces[next_random() % (sizeof pieces / sizeof pieces[0])];
        memcpy(room + made.size, piece, strlen(piece));
        made.size += strlen(piece);
    }
    want->size = llmobsi_utf8_cut(room, made.size, limit);
    want->size = llmobsi_utf8_repair(clean, 3 * 600, room, want->size);
    want->data = clean;
    return made;
}

static double random_double(void)
{
    static const uint64_t special[] = {0, UINT64_C(0x7ff8000000000000), LLMOBS_I_DOUBLE_INFINITY,
                                       UINT64_C(0xfff0000000000000), UINT64_C(1) << 63, 1};
    return llmobsi_double_of(next_random() % 3 == 0 ? special[next_random() % 6] : next_random());
}

typedef struct random_alert {
    llmobs_alert alert;
    llmobs_alert want; /* what reads back */
    llmobs_alert_label labels[LLMOBS_ALERT_LABELS_MAX];
    llmobs_alert_label want_labels[LLMOBS_ALERT_LABELS_MAX];
    char rooms[8][600];
    char clean[8][3 * 600];
} random_alert;

static void random_alert_fill(random_alert* one, size_t limit)
{
    static const char* const names[] = {"feature", "model", "user_id", "le"};
    llmobs_alert* alert = &one->alert;
    llmobs_string wants[8];
    size_t i;
    *alert = alert_of_costs();
    alert->fingerprint = next_random();
    alert->severity = (llmobs_alert_severity)(next_random() % 3);
    alert->state = (llmobs_alert_state)(1 + next_random() % 3);
    alert->news = (llmobs_alert_news)(next_random() % 4);
    alert->partial = next_random() % 2 != 0;
    alert->value = random_double();
    alert->threshold = random_double();
    alert->unix_ns = 1 + next_random() % (UINT64_C(1) << 62);
    alert->active_unix_ns = next_random() >> (1 + next_random() % 63);
    alert->fired_unix_ns = next_random() >> (1 + next_random() % 63);
    alert->label_count = next_random() % 5;
    alert->labels = one->labels;
    alert->group = random_text(one->rooms[0], 64, limit, one->clean[0], &wants[0]);
    alert->sentence = random_text(one->rooms[1], 600, limit, one->clean[1], &wants[1]);
    alert->summary = random_text(one->rooms[2], 600, limit, one->clean[2], &wants[2]);
    alert->runbook = random_text(one->rooms[3], 600, limit, one->clean[3], &wants[3]);
    one->want = *alert;
    one->want.group = wants[0];
    one->want.sentence = wants[1];
    one->want.summary = wants[2];
    one->want.runbook = wants[3];
    one->want.labels = one->want_labels;
    for (i = 0; i < alert->label_count; i++) {
        one->labels[i].name = one->want_labels[i].name = string_of(names[i]);
        one->labels[i].value = random_text(one->rooms[4 + i], 128, limit, one->clean[4 + i],
                                           &one->want_labels[i].value);
    }
}

static void test_random(void)
{
    static random_alert one;
    size_t limits[] = {16, 61, 256, 400};
    size_t i;
    long count = sized(1000), n;
    for (i = 0; i < 4; i++) {
        llmobs_config config = pumped_config();
        keeper kept;
        llmobs* obs;
        const char* differs = NULL;
        config.value_bytes = (uint32_t)limits[i];
        config.span_parts = 16;
        config.log_severity = 1;
        obs = open_kept(&config, &kept);
        for (n = 0; n < count && differs == NULL; n++) {
            llmobs_alert_label read[LLMOBS_ALERT_LABELS_MAX];
            llmobs_alert got;
            random_alert_fill(&one, limits[i]);
            llmobsi_alert_record(ticket_of(obs), &one.alert);
            (void)llmobs_flush(obs, 1000);
            differs = !llmobs_alert_of(&kept.logs[n], &got, read) ? "it is none"
                                                                   : difference(&got, &one.want);
        }
        is_str(differs, NULL, "random alerts read back, cut where they are too long");
        ok(stats_of(obs).values_truncated > 0, "and the cuts are counted");
        ok(close_kept(obs, &kept), "the account balances");
    }
}

/* ---- where there is no room ---------------------------------------------------------------- */

static void test_small_record(void)
{
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs;
    llmobs_alert_label labels[LLMOBS_ALERT_LABELS_MAX], read[LLMOBS_ALERT_LABELS_MAX];
    llmobs_alert alert = alert_of_everything(labels), got;
    char sentence[256];
    config.span_parts = 1;
    obs = open_kept(&config, &kept);
    memset(sentence, 's', sizeof sentence);
    alert.rule = string_of("a23456789_123456789_123456789_123456789_123456789_123456789_123");
    alert.sentence.data = sentence;
    alert.sentence.size = sizeof sentence;
    llmobsi_alert_record(ticket_of(obs), &alert);
    (void)llmobs_flush(obs, 1000);
    ok(kept.log_count == 1 && kept.logs[0].dropped_attribute_count > 5, "one slot holds a part");
    is_int(kept.logs[0].attribute_count + kept.logs[0].dropped_attribute_count,
           LLMOBS_I_ALERT_MEMBERS + 3, "and says how much it lacks");
    is_int(stats_of(obs).attributes_dropped, kept.logs[0].dropped_attribute_count, "all counted");
    ok(llmobs_alert_of(&kept.logs[0], &got, read) && same_text(got.rule, alert.rule) &&
           got.state == LLMOBS_ALERT_FIRING && got.fingerprint == alert.fingerprint &&
           same_text(got.sentence, alert.sentence),
       "the most important things are there");
    ok(got.summary.size == 0 && got.summary.data != NULL && got.fired_unix_ns == 0 &&
           !llmobsi_double_is_finite(got.threshold),
       "what is not has no value");
    ok(close_kept(obs, &kept), "the account balances");
}

static void test_names_run_out(void)
{
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs;
    llmobs_alert_label labels[LLMOBS_ALERT_LABELS_MAX], read[LLMOBS_ALERT_LABELS_MAX];
    llmobs_alert alert = alert_of_everything(labels), got;
    char name[300];
    unsigned number = 0;
    obs = open_kept(&config, &kept);
    memset(name, 'n', sizeof name);
    labels[0].name.data = name;
    labels[0].name.size = LLMOBS_I_NAME_MAX - strlen(LLMOBS_I_ALERT_LABEL);
    labels[1].name.data = name;
    labels[1].name.size = labels[0].name.size + 1;
    llmobsi_alert_record(ticket_of(obs), &alert); /* its own keys are known from here on */
    do {
        (void)snprintf(name, sizeof name, "filling %u", ++number);
    } while (llmobs_name_n(obs, name, LLMOBS_NUL_TERMINATED) != NULL);
    labels[0].name = string_of("f");
    labels[1].name = string_of("m");
    llmobsi_alert_record(ticket_of(obs), &alert);
    (void)llmobs_flush(obs, 1000);
    is_int(kept.logs[0].dropped_attribute_count, 1, "a key that is too long is dropped");
    ok(llmobs_alert_of(&kept.logs[0], &got, read) && got.label_count == 2, "that label alone");
    is_int(got.labels[0].name.size, LLMOBS_I_NAME_MAX - strlen(LLMOBS_I_ALERT_LABEL),
           "the longest has its name");
    is_int(kept.logs[1].dropped_attribute_count, 2, "new names find no room");
    ok(llmobs_alert_of(&kept.logs[1], &got, read) && got.label_count == 1 &&
           same_text(got.labels[0].name, labels[2].name) &&
           same_text(got.labels[0].value, labels[2].value),
       "known ones stay");
    is_int(stats_of(obs).attributes_dropped, 3, "and all is counted");
    ok(close_kept(obs, &kept), "the account balances");
}

/* ---- severities ---------------------------------------------------------------------------- */

static void test_severities(void)
{
    static const int want[3][2] = {{9, 9}, {13, 9}, {18, 9}};
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    llmobs_alert alert = alert_of_costs();
    int severity, over;
    for (severity = 0; severity < 3; severity++) {
        for (over = 0; over < 2; over++) {
            alert.severity = (llmobs_alert_severity)severity;
            alert.state = over ? LLMOBS_ALERT_RESOLVED : LLMOBS_ALERT_FIRING;
            llmobsi_alert_record(ticket_of(obs), &alert);
            (void)llmobs_flush(obs, 1000);
            is_int(kept.logs[2 * severity + over].severity, want[severity][over],
                   over ? "its end is INFO" : "a severity");
        }
    }
    ok(close_kept(obs, &kept), "the account balances");
    config.log_severity = LLMOBS_SEVERITY_WARN;
    obs = open_kept(&config, &kept);
    llmobsi_alert_record(ticket_of(obs), &alert);
    alert.state = LLMOBS_ALERT_FIRING;
    llmobsi_alert_record(ticket_of(obs), &alert);
    (void)llmobs_flush(obs, 1000);
    ok(kept.log_count == 1 && kept.logs[0].severity == 18, "below the level nothing is recorded");
    is_int(stats_of(obs).started, 1, "nor counted");
    ok(close_kept(obs, &kept), "the account balances");
    config = pumped_config();
    config.span_slots = LLMOBS_OFF;
    obs = llmobs_open(&config, NULL);
    llmobsi_alert_record(ticket_of(obs), &alert);
    is_int(stats_of(obs).started, 0, "without slots there are no records");
    is_int(llmobs_close(obs), LLMOBS_OK, "which is fine");
}

/* ---- what encoders make of it -------------------------------------------------------------- */

static void test_encoders(void)
{
    static const llmobs_format formats[] = {LLMOBS_FORMAT_LOG_JSON, LLMOBS_FORMAT_OTLP_JSON};
    static json_line line;
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    llmobs_alert alert = alert_of_costs();
    llmobs_resource_view resource;
    llmobs_batch batch;
    int i;
    alert.value = llmobsi_double_of(UINT64_C(0x7ff8000000000000));
    alert.threshold = llmobsi_double_of(UINT64_C(0xfff0000000000000));
    llmobsi_alert_record(ticket_of(obs), &alert);
    (void)llmobs_flush(obs, 1000);
    memset(&resource, 0, sizeof resource);
    memset(&batch, 0, sizeof batch);
    batch.size = sizeof batch;
    batch.resource = &resource;
    batch.logs = kept.logs;
    batch.log_count = 1;
    for (i = 0; i < 2; i++) {
        static sink to;
        to.size = 0;
        is_int(llmobs_encode(&batch, formats[i], sink_write, &to), LLMOBS_OK, "it is encoded");
        ok(json_line_read(&line, to.text, to.size - 1), "as JSON");
        ok(to.size > 10 && memchr(to.text, '\n', to.size - 1) == NULL, "in one line");
        to.text[to.size - 1] = '\0';
        ok(strstr(to.text, i == 0 ? "\"llm.alert.value\":\"NaN\",\"llm.alert.threshold\":"
                                    "\"-Infinity\""
                                  : "{\"key\":\"llm.alert.value\",\"value\":{\"doubleValue\":"
                                    "\"NaN\"}}") != NULL,
           "what is no number is text");
        ok(strstr(to.text, "\"llm.alert.state\"") != NULL, "with its attributes");
    }
    ok(close_kept(obs, &kept), "the account balances");
}

/* ---- what is none -------------------------------------------------------------------------- */

static llmobs_attribute_view view_of(const char* key, const char* value)
{
    llmobs_attribute_view view;
    memset(&view, 0, sizeof view);
    view.key = string_of(key);
    view.type = LLMOBS_TYPE_STRING;
    view.value.string = string_of(value);
    return view;
}

static bool is_alert_with(llmobs_attribute_view last)
{
    llmobs_attribute_view views[3];
    llmobs_alert_label labels[LLMOBS_ALERT_LABELS_MAX];
    llmobs_alert alert;
    llmobs_log_view log;
    memset(&log, 0, sizeof log);
    log.event_name = string_of("llm.alert");
    log.body = string_of("body");
    views[0] = view_of("llm.alert.rule", "r");
    views[1] = view_of("llm.alert.state", "firing");
    views[2] = last;
    log.attributes = views;
    log.attribute_count = 3;
    return llmobs_alert_of(&log, &alert, labels);
}

static void test_what_is_none(void)
{
    llmobs_attribute_view views[8];
    llmobs_alert_label labels[LLMOBS_ALERT_LABELS_MAX];
    llmobs_alert alert;
    llmobs_log_view log;
    llmobs_interaction interaction = llmobs_interaction_default();
    int i;
    memset(&log, 0, sizeof log);
    log.event_name = string_of("llm.alert");
    log.attributes = views;
    log.attribute_count = 2;
    views[0] = view_of("llm.alert.rule", "r");
    views[1] = view_of("llm.alert.state", "pending");
    log.body = string_of("");
    ok(llmobs_alert_of(&log, &alert, labels), "rule and state make an alert");
    ok(!llmobs_alert_of(&log, NULL, labels) && !llmobs_alert_of(NULL, &alert, labels), "NULL");
    ok(alert.size == 0 && alert.rule.data == NULL, "what is none leaves nothing");
    log.interaction = &interaction;
    ok(!llmobs_alert_of(&log, &alert, labels), "an interaction is none");
    log.interaction = NULL;
    log.event_name = string_of("llm.alerts");
    ok(!llmobs_alert_of(&log, &alert, labels), "nor another event");
    log.event_name = string_of("llm.alert");
    log.attribute_count = 1;
    ok(!llmobs_alert_of(&log, &alert, labels), "nor one without a state");
    views[0] = views[1];
    ok(!llmobs_alert_of(&log, &alert, labels), "nor one without a rule");
    views[0] = view_of("llm.alert.rule", "r");
    for (i = 2; i < 8; i++) {
        views[i] = view_of("llm.alert.label.x", "y");
    }
    log.attribute_count = 6;
    ok(llmobs_alert_of(&log, &alert, labels) && alert.label_count == 4, "four labels");
    log.attribute_count = 7;
    ok(!llmobs_alert_of(&log, &alert, labels), "five are too many");
    ok(is_alert_with(view_of("other", "x")), "other attributes mean nothing");
    ok(is_alert_with(view_of("llm.alert.fingerprint", "0123456789abcdef")), "a fingerprint");
    ok(!is_alert_with(view_of("llm.alert.fingerprint", "0123456789abcde")), "too short a one");
    ok(!is_alert_with(view_of("llm.alert.fingerprint", "0123456789abcdef0")), "too long a one");
    ok(!is_alert_with(view_of("llm.alert.fingerprint", "0123456789abcdeF")), "one with a capital");
    ok(!is_alert_with(view_of("llm.alert.state", "inactive")), "what is inactive is not told");
    ok(!is_alert_with(view_of("llm.alert.state", "unknown")), "an unknown state");
    ok(!is_alert_with(view_of("llm.alert.news", "firing")), "unknown news");
    ok(!is_alert_with(view_of("llm.alert.severity", "unknown")), "an unknown severity");
    ok(is_alert_with(view_of("llm.alert.label.", "x")), "a label without a name is none");
}

/* Each member in each type: its own alone is read, and no bits are taken for a pointer. */
static void test_types(void)
{
    uint32_t i;
    int type;
    int good = 0;
    for (i = 0; i < LLMOBS_I_ALERT_MEMBERS; i++) {
        for (type = 0; type <= (int)LLMOBS_TYPE_STRINGS; type++) {
            llmobs_attribute_view view = view_of(llmobsi_alert_members[i].name, "");
            if (type != (int)LLMOBS_TYPE_STRING) {
                memset(&view.value, 0, sizeof view.value);
                view.type = (llmobs_type)type;
                view.value.integer = type == (int)LLMOBS_TYPE_INT;
            }
            good += is_alert_with(view);
        }
    }
    /* Two doubles, three times, one truth; group, runbook, summary; an empty rule is none. */
    is_int(good, 9, "a member has one type");
    {
        llmobs_attribute_view view = view_of("llm.alert.fired_unix_ns", "");
        view.type = LLMOBS_TYPE_INT;
        view.value.integer = -1;
        ok(!is_alert_with(view), "no time is negative");
        view = view_of("llm.alert.label.x", "");
        view.type = LLMOBS_TYPE_INT;
        ok(!is_alert_with(view), "no label is a number");
    }
}

int main(void)
{
    test_names();
    test_states();
    test_durations();
    test_numbers();
    test_hostile();
    test_room();
    test_round_trip();
    test_vocabularies();
    test_random();
    test_small_record();
    test_names_run_out();
    test_severities();
    test_encoders();
    test_what_is_none();
    test_types();
    return done();
}

/* Scores as they are told: the log records of one answer, what an exporter reads from them
   (encode/batch_evaluation), and how the encoders show them. */
#include "llmobs_private.h"
#include "tap.h"

#include "json_lines.h"
#include "sink.h"
#include "keeper.h"
#include "random.h"

#define NOW (UINT64_C(1768485910) * LLMOBS_I_BILLION)

static uint32_t ticket_of(llmobs* obs)
{
    return llmobsi_ticket(obs);
}

static bool same_text(llmobs_string got, llmobs_string want)
{
    return got.data != NULL && got.size == want.size &&
           (want.size == 0 || memcmp(got.data, want.data, want.size) == 0);
}

static bool same_double(double got, double want)
{
    return llmobsi_double_bits(got) == llmobsi_double_bits(want);
}

static double no_number(void)
{
    return llmobsi_double_of(UINT64_C(0x7ff8000000000000));
}

/* An evaluation with all that one can have. */
static llmobs_evaluation evaluation_of_everything(void)
{
    llmobs_evaluation one;
    memset(&one, 0, sizeof one);
    one.size = sizeof one;
    memset(one.trace_id, 0xab, sizeof one.trace_id);
    memset(one.span_id, 0xcd, sizeof one.span_id);
    one.trace_id[15] = 1;
    one.trace_id[7] = 2;
    one.span_id[0] = 3;
    one.unix_ns = NOW;
    one.name = llmobs_str("pii_exposure");
    one.value = 0.25;
    one.label = llmobs_str("flagged");
    one.partial = true;
    one.request_id = llmobs_str("req-17");
    one.reason = llmobs_str("guardrail");
    one.weight = 20;
    one.judge = llmobs_str("judge-mini");
    one.response_id = llmobs_str("chatcmpl-1");
    one.explanation = llmobs_str("it has an address\n");
    return one;
}

static llmobs_evaluation evaluation_of_little(void)
{
    llmobs_evaluation one;
    memset(&one, 0, sizeof one);
    one.size = sizeof one;
    one.unix_ns = NOW + 1;
    one.value = one.weight = no_number();
    one.name = llmobs_str("overall");
    one.label = one.request_id = one.reason = one.judge = one.response_id = one.explanation =
        llmobs_str("");
    return one;
}

/* What reads back, first difference first; NULL: all of it. */
static const char* difference(const llmobs_evaluation* got, const llmobs_evaluation* want)
{
    return got->size != sizeof *got                                      ? "size"
           : memcmp(got->trace_id, want->trace_id, 16) != 0              ? "trace_id"
           : memcmp(got->span_id, want->span_id, 8) != 0                 ? "span_id"
           : got->unix_ns != want->unix_ns                               ? "unix_ns"
           : !same_text(got->name, want->name)                           ? "name"
           : !same_double(got->value, want->value)                       ? "value"
           : !same_text(got->label, want->label)                         ? "label"
           : got->partial != want->partial                               ? "partial"
           : !same_text(got->request_id, want->request_id)               ? "request_id"
           : !same_text(got->reason, want->reason)                       ? "reason"
           : !same_double(got->weight, want->weight)                     ? "weight"
           : !same_text(got->judge, want->judge)                         ? "judge"
           : !same_text(got->response_id, want->response_id)             ? "response_id"
           : !same_text(got->explanation, want->explanation)             ? "explanation"
                                                                         : NULL;
}

/* ---- there and back ------------------------------------------------------------------------ */

static void test_round_trip(void)
{
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    llmobs_evaluation most = evaluation_of_everything(), least = evaluation_of_little(), got;
    llmobsi_evaluation_record(ticket_of(obs), &most);
    llmobsi_evaluation_record(ticket_of(obs), &least);
    llmobsi_evaluation_record(0, &most);
    (void)llmobs_flush(obs, 1000);
    is_int(kept.log_count, 2, "two evaluations, two log records");
    is_str(kept.logs[0].event_name.data, "gen_ai.evaluation.result", "the event");
    is_int(kept.logs[0].body.size, 0, "all stands in attributes");
    is_int(kept.logs[0].severity, LLMOBS_SEVERITY_WARN, "what is flagged is a warning");
    is_int(kept.logs[1].severity, LLMOBS_SEVERITY_INFO, "what is not is none");
    is_int(kept.logs[0].attribute_count, LLMOBS_I_EVALUATION_MEMBERS, "an attribute each");
    is_int(kept.logs[1].attribute_count, 1, "and none for what is unknown");
    ok(llmobs_evaluation_of(&kept.logs[0], &got), "it is an evaluation");
    is_str(difference(&got, &most), NULL, "which reads back");
    ok(llmobs_evaluation_of(&kept.logs[1], &got), "as does one that says little");
    is_str(difference(&got, &least), NULL, "which has no more in it");
    ok(close_kept(obs, &kept), "the account balances");
    llmobsi_evaluation_record(ticket_of(obs), &most);
    ok(true, "after close nothing happens");
}

/* No vocabulary calls them otherwise: OpenTelemetry's have one event for it, the newest and 1.41,
   which OpenInference points to; the article's score is no record. */
static void test_vocabularies(void)
{
    static const char* const keys[] = {
        "gen_ai.evaluation.name",  "gen_ai.evaluation.score.value", "gen_ai.evaluation.score.label",
        "llmobs.judge.partial",    "llmobs.judge.request_id",       "llmobs.judge.reason",
        "llmobs.judge.weight",     "llmobs.judge.name",             "gen_ai.response.id",
        "gen_ai.evaluation.explanation"};
    llmobs_config config = pumped_config();
    llmobs_evaluation most = evaluation_of_everything();
    for (config.vocabulary = 0; config.vocabulary <= LLMOBS_I_VOCABULARIES; config.vocabulary++) {
        keeper kept;
        llmobs* obs = open_kept(&config, &kept);
        size_t same = 0;
        size_t i;
        llmobsi_evaluation_record(ticket_of(obs), &most);
        (void)llmobs_flush(obs, 1000);
        for (i = 0; i < sizeof keys / sizeof keys[0] && kept.log_count == 1; i++) {
            same += strcmp(kept.logs[0].attributes[i].key.data, keys[i]) == 0;
        }
        is_int(same, kept.logs[0].attribute_count, "the same names in every vocabulary");
        is_str(kept.logs[0].event_name.data, "gen_ai.evaluation.result", "and the same event");
        ok(close_kept(obs, &kept), "the account balances");
    }
}

static double random_double(void)
{
    static const uint64_t special[] = {0, UINT64_C(0x7ff8000000000000), LLMOBS_I_DOUBLE_INFINITY,
                                       UINT64_C(1) << 63, UINT64_C(0x3ff0000000000000)};
    return llmobsi_double_of(next_random() % 2 == 0 ? special[next_random() % 5] : next_random());
}

static llmobs_string random_text(char* room, size_t most)
{
    llmobs_string text;
    text.data = room;
    text.size = next_random() % 3 == 0 ? 0 : next_random() % most;
    memset(room, (int)('a' + next_random() % 26), text.size);
    return text;
}

static void test_random(void)
{
    static char rooms[7][64];
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs;
    const char* differs = NULL;
    long n;
    config.span_parts = 4;
    obs = open_kept(&config, &kept);
    for (n = 0; n < sized(2000) && differs == NULL; n++) {
        llmobs_evaluation one = evaluation_of_little(), got;
        llmobs_string* texts[] = {&one.name,  &one.label,       &one.request_id, &one.reason,
                                  &one.judge, &one.response_id, &one.explanation};
        size_t i;
        for (i = 0; i < 7; i++) {
            *texts[i] = random_text(rooms[i], sizeof rooms[i]);
        }
        one.value = random_double();
        one.weight = random_double();
        one.partial = next_random() % 2 != 0;
        one.unix_ns = 1 + next_random() % NOW;
        llmobsi_evaluation_record(ticket_of(obs), &one);
        (void)llmobs_flush(obs, 1000);
        one.value = llmobsi_double_is_finite(one.value) ? one.value : no_number();
        one.weight = llmobsi_double_is_finite(one.weight) ? one.weight : no_number();
        if (llmobs_evaluation_of(&kept.logs[n], &got) != (one.name.size > 0)) {
            differs = "whether it is one";
        } else if (one.name.size > 0) {
            differs = difference(&got, &one);
        }
    }
    is_str(differs, NULL, "random evaluations read back");
    ok(close_kept(obs, &kept), "the account balances");
}

/* ---- the records of one answer ------------------------------------------------------------- */

static void test_answer(void)
{
    static const char answer[] =
        "{\"factual_accuracy\": {\"score\": 0.9, \"reason\": \"good\"}, \"pii_exposure\": 0.25, "
        "\"policy_compliance\": 7, \"explanation\": \"an address\"}";
    static const char all_safe[] = "factual_accuracy: 1\npii_exposure: 1\npolicy_compliance: 1\n"
                                   "injection_resistance: 1";
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    llmobs_judge_score score;
    llmobs_evaluation common = evaluation_of_everything(), got[5];
    size_t i;
    common.partial = false;
    (void)llmobs_judge_parse(answer, sizeof answer - 1, NULL, &score);
    llmobsi_judge_record(ticket_of(obs), &common, &score, false);
    llmobsi_judge_record(ticket_of(obs), &common, &score, true);
    (void)llmobs_judge_parse("prose", 5, NULL, &score);
    llmobsi_judge_record(ticket_of(obs), &common, &score, true);
    (void)llmobs_flush(obs, 1000);
    is_int(kept.log_count, 6, "two known categories and all of them, twice; nothing of prose");
    for (i = 0; i < 5; i++) {
        (void)llmobs_evaluation_of(&kept.logs[i], &got[i]);
    }
    ok(same_text(got[0].name, llmobs_str("factual_accuracy")) && same_double(got[0].value, 0.9) &&
           same_text(got[0].label, llmobs_str("safe")) && !got[0].partial,
       "a category that is safe");
    ok(same_text(got[1].name, llmobs_str("pii_exposure")) && same_double(got[1].value, 0.25) &&
           same_text(got[1].label, llmobs_str("flagged")) && !got[1].partial,
       "one that is not");
    ok(same_text(got[2].name, llmobs_str("overall")) && same_double(got[2].value, 0.25) &&
           same_text(got[2].label, llmobs_str("flagged")) && got[2].partial,
       "the least of those that are known, and that not all are");
    ok(got[0].explanation.size == 0 && got[2].explanation.size == 0,
       "the judge's words stay here");
    ok(same_text(got[3].explanation, llmobs_str("good")) && got[4].explanation.size == 0,
       "unless they are asked for");
    ok(llmobs_evaluation_of(&kept.logs[5], got) &&
           same_text(got[0].explanation, llmobs_str("an address")),
       "those for all, too");
    ok(same_text(got[1].request_id, common.request_id) && same_double(got[1].weight, 20) &&
           memcmp(got[1].trace_id, common.trace_id, 16) == 0,
       "each has what they share");
    ok(close_kept(obs, &kept), "the account balances");
    (void)llmobs_judge_parse(all_safe, sizeof all_safe - 1, NULL, &score);
    obs = open_kept(&config, &kept);
    llmobsi_judge_record(ticket_of(obs), &common, &score, false);
    (void)llmobs_flush(obs, 1000);
    ok(kept.log_count == 5 && llmobs_evaluation_of(&kept.logs[4], got) && !got[0].partial &&
           same_text(got[0].label, llmobs_str("safe")) &&
           kept.logs[4].severity == LLMOBS_SEVERITY_INFO,
       "all known, all safe");
    ok(close_kept(obs, &kept), "the account balances");
}

static void test_levels(void)
{
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs;
    llmobs_evaluation flagged = evaluation_of_everything(), safe = evaluation_of_everything();
    safe.label = llmobs_str("safe");
    config.log_severity = LLMOBS_SEVERITY_WARN;
    obs = open_kept(&config, &kept);
    llmobsi_evaluation_record(ticket_of(obs), &safe);
    llmobsi_evaluation_record(ticket_of(obs), &flagged);
    (void)llmobs_flush(obs, 1000);
    is_int(kept.log_count, 1, "below log_severity nothing is recorded");
    ok(close_kept(obs, &kept), "the account balances");
    config = pumped_config();
    config.span_parts = 1;
    obs = open_kept(&config, &kept);
    flagged.explanation.size = 1;
    flagged.request_id = flagged.reason = flagged.judge =
        llmobs_str("a23456789_123456789_123456789_123456789_123456789_123456789_123456789_"
                   "123456789_123456789_12345");
    llmobsi_evaluation_record(ticket_of(obs), &flagged);
    (void)llmobs_flush(obs, 1000);
    is_int(kept.logs[0].attribute_count + kept.logs[0].dropped_attribute_count,
           LLMOBS_I_EVALUATION_MEMBERS, "one slot holds a part, and says how much it lacks");
    ok(kept.logs[0].dropped_attribute_count > 0 && llmobs_evaluation_of(&kept.logs[0], &safe) &&
           same_double(safe.value, 0.25) && same_text(safe.request_id, flagged.request_id),
       "the first ones are there");
    ok(close_kept(obs, &kept), "the account balances");
}

/* ---- records of others --------------------------------------------------------------------- */

static bool is_zeroed(const llmobs_evaluation* evaluation)
{
    llmobs_evaluation zero;
    memset(&zero, 0, sizeof zero);
    return evaluation->size == 0 && evaluation->name.data == NULL &&
           llmobsi_double_bits(evaluation->value) == 0 &&
           memcmp(evaluation->trace_id, zero.trace_id, 16) == 0;
}

static void test_others(void)
{
    llmobs_log_view log;
    llmobs_attribute_view attributes[3];
    llmobs_interaction interaction;
    llmobs_evaluation got;
    memset(&log, 0, sizeof log);
    memset(attributes, 0, sizeof attributes);
    log.event_name = llmobs_str("gen_ai.evaluation.result");
    log.body = llmobs_str("");
    log.attributes = attributes;
    log.attribute_count = 3;
    attributes[0].key = llmobs_str("gen_ai.evaluation.name");
    attributes[0].value.string = llmobs_str("relevance");
    attributes[1].key = llmobs_str("gen_ai.evaluation.score.value");
    attributes[1].type = LLMOBS_TYPE_DOUBLE;
    attributes[1].value.real = 4.5;
    attributes[2].key = llmobs_str("gen_ai.evaluation.names");
    attributes[2].type = LLMOBS_TYPE_INT;
    ok(llmobs_evaluation_of(&log, &got) && same_double(got.value, 4.5) &&
           same_text(got.name, llmobs_str("relevance")) && got.label.size == 0,
       "another's evaluation is one, whatever else it says");
    attributes[1].type = LLMOBS_TYPE_INT;
    ok(!llmobs_evaluation_of(&log, &got) && is_zeroed(&got), "a value that is no double");
    attributes[1].key = llmobs_str("llmobs.judge.partial");
    ok(!llmobs_evaluation_of(&log, &got) && is_zeroed(&got), "a truth that is none");
    attributes[1].type = LLMOBS_TYPE_BOOL;
    attributes[1].value.boolean = true;
    ok(llmobs_evaluation_of(&log, &got) && got.partial, "a truth");
    attributes[1].key = llmobs_str("gen_ai.response.id");
    ok(!llmobs_evaluation_of(&log, &got), "a text that is none");
    log.attribute_count = 0;
    ok(!llmobs_evaluation_of(&log, &got) && is_zeroed(&got), "no name");
    log.attribute_count = 1;
    ok(llmobs_evaluation_of(&log, &got), "a name is enough");
    log.interaction = &interaction;
    ok(!llmobs_evaluation_of(&log, &got) && is_zeroed(&got), "an interaction");
    log.interaction = NULL;
    log.event_name = llmobs_str("llm.alert");
    ok(!llmobs_evaluation_of(&log, &got) && is_zeroed(&got), "an alert");
    ok(!llmobs_evaluation_of(NULL, &got) && is_zeroed(&got), "no record");
    ok(!llmobs_evaluation_of(&log, NULL), "nothing to fill");
}

/* ---- encoded ------------------------------------------------------------------------------- */

static sink written;
static json_line line;

static llmobs_export_result encode(void* user, const llmobs_batch* batch)
{
    written.size = 0;
    return llmobs_encode(batch, *(const llmobs_format*)user, sink_write, &written) == LLMOBS_OK
               ? LLMOBS_EXPORT_OK
               : LLMOBS_EXPORT_DROP;
}

/* One evaluation as an exporter of this format would write it, read back into `line`. */
static bool encoded(llmobs_format format, const llmobs_evaluation* evaluation)
{
    llmobs_config config = pumped_config();
    llmobs* obs = llmobs_open(&config, NULL);
    (void)llmobs_export_to(obs, encode, &format);
    llmobsi_evaluation_record(ticket_of(obs), evaluation);
    (void)llmobs_close(obs);
    return written.size > 0 && json_line_read(&line, written.text, written.size - 1);
}

static void is_member(const char* path, const char* want)
{
    is_str(json_text(&line, path), want, path);
}

#define RECORD "resourceLogs.0.scopeLogs.0.logRecords.0."

static void test_encoded(void)
{
    llmobs_evaluation most = evaluation_of_everything();
    ok(encoded(LLMOBS_FORMAT_OTLP_JSON, &most), "as OTLP/JSON");
    is_member(RECORD "eventName", "gen_ai.evaluation.result");
    is_member(RECORD "timeUnixNano", "1768485910000000000");
    is_member(RECORD "severityNumber", "13");
    is_member(RECORD "traceId", "ababababababab02ababababababab01");
    is_member(RECORD "spanId", "03cdcdcdcdcdcdcd");
    is_member(RECORD "attributes.0.key", "gen_ai.evaluation.name");
    is_member(RECORD "attributes.0.value.stringValue", "pii_exposure");
    is_member(RECORD "attributes.1.key", "gen_ai.evaluation.score.value");
    is_member(RECORD "attributes.1.value.doubleValue", "0.25");
    is_member(RECORD "attributes.2.value.stringValue", "flagged");
    is_member(RECORD "attributes.3.value.boolValue", "true");
    is_member(RECORD "attributes.4.value.stringValue", "req-17");
    is_member(RECORD "attributes.5.value.stringValue", "guardrail");
    is_member(RECORD "attributes.6.value.doubleValue", "20");
    is_member(RECORD "attributes.7.value.stringValue", "judge-mini");
    is_member(RECORD "attributes.8.key", "gen_ai.response.id");
    is_member(RECORD "attributes.9.value.stringValue", "it has an address\n");
    ok(encoded(LLMOBS_FORMAT_LOG_JSON, &most), "as a JSON line");
    is_member("schema", "llmobs.log/1");
    is_member("event", "gen_ai.evaluation.result");
    is_member("severity", "WARN");
    is_member("trace_id", "ababababababab02ababababababab01");
    is_member("span_id", "03cdcdcdcdcdcdcd");
    is_member("attributes.gen_ai.evaluation.name", "pii_exposure");
    is_member("attributes.gen_ai.evaluation.score.value", "0.25");
    is_member("attributes.llmobs.judge.reason", "guardrail");
    is_member("attributes.gen_ai.evaluation.explanation", "it has an address\n");
}

int main(void)
{
    test_round_trip();
    test_vocabularies();
    test_random();
    test_answer();
    test_levels();
    test_others();
    test_encoded();
    return done();
}

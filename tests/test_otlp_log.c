/* OTLP/JSON of log records, read back leaf by leaf. */
#include "llmobs_private.h"
#include "tap.h"

#include "interaction_sample.h"
#include "json_lines.h"

typedef struct sink {
    char data[1 << 18];
    size_t size;
    size_t left;
} sink;

static sink whole, part;
static json_line line;
static llmobs_log_view views[2];
static llmobs_attribute_view attributes[2];
static llmobs_attribute_view service;
static llmobs_resource_view resource;
static llmobs_interaction interaction;

static bool sink_write(void* user, const char* data, size_t size)
{
    sink* to = (sink*)user;
    if (size > to->left || to->size + size > sizeof to->data) {
        return false;
    }
    memcpy(to->data + to->size, data, size);
    to->size += size;
    to->left -= size;
    return true;
}

static void fill_batch(llmobs_batch* batch)
{
    memset(batch, 0, sizeof *batch);
    memset(views, 0, sizeof views);
    memset(attributes, 0, sizeof attributes);
    service.key = llmobs_str("service.name");
    service.value.string = llmobs_str("tests");
    resource.attributes = &service;
    resource.attribute_count = 1;
    attributes[0].key = llmobs_str("text");
    attributes[0].value.string = llmobs_str("a\nb");
    attributes[1].key = llmobs_str("int");
    attributes[1].type = LLMOBS_TYPE_INT;
    attributes[1].value.integer = INT64_MIN;
    views[0].unix_ns = UINT64_C(1768471200000000001);
    views[0].observed_unix_ns = UINT64_C(1768471200000000002);
    views[0].severity = LLMOBS_SEVERITY_ERROR;
    views[0].flags = LLMOBS_TRACE_SAMPLED;
    views[0].event_name = llmobs_str("worker.stuck");
    views[0].body = llmobs_str("line\nend");
    views[0].attributes = attributes;
    views[0].attribute_count = 2;
    views[0].dropped_attribute_count = 3;
    memset(views[0].trace_id, 0xab, 16);
    memset(views[0].span_id, 0xcd, 8);
    interaction = interaction_sample();
    views[1].unix_ns = views[1].observed_unix_ns = interaction.unix_ns;
    views[1].severity = interaction.severity;
    views[1].event_name = llmobs_str("llm.interactions");
    views[1].body.data = "";
    views[1].interaction = &interaction;
    batch->size = sizeof *batch;
    batch->resource = &resource;
    batch->logs = views;
    batch->log_count = 2;
    batch->lost_before = 9;
}

static bool encode(const llmobs_batch* batch)
{
    whole.size = 0;
    whole.left = SIZE_MAX;
    return llmobs_encode(batch, LLMOBS_FORMAT_OTLP_JSON, sink_write, &whole) == LLMOBS_OK &&
           whole.data[whole.size - 1] == '\n' && json_line_read(&line, whole.data, whole.size - 1);
}

#define RECORD "resourceLogs.0.scopeLogs.0.logRecords."

static void is_member(const char* path, const char* want)
{
    is_str(json_text(&line, path), want, path);
}

/* The value of an attribute of record 1, which must be of this kind. */
static const char* attribute_of(const char* key, const char* kind)
{
    int i;
    for (i = 0; i < 64; i++) {
        char path[128];
        snprintf(path, sizeof path, RECORD "1.attributes.%d.key", i);
        if (strcmp(json_text(&line, path), key) == 0) {
            snprintf(path, sizeof path, RECORD "1.attributes.%d.value.%s", i, kind);
            return json_text(&line, path);
        }
    }
    return "(none)";
}

static void test_record(void)
{
    llmobs_batch batch;
    fill_batch(&batch);
    ok(encode(&batch), "valid JSON, one line");
    is_member("resourceLogs.0.resource.attributes.0.value.stringValue", "tests");
    is_member("resourceLogs.0.scopeLogs.0.scope.name", "llmobs");
    is_member("resourceLogs.0.scopeLogs.0.scope.attributes.0.key", "llmobs.lost_before");
    is_member("resourceLogs.0.scopeLogs.0.scope.attributes.0.value.intValue", "9");
    is_member(RECORD "0.timeUnixNano", "1768471200000000001");
    is_member(RECORD "0.observedTimeUnixNano", "1768471200000000002");
    is_member(RECORD "0.severityNumber", "17");
    is_member(RECORD "0.severityText", "ERROR");
    is_member(RECORD "0.eventName", "worker.stuck");
    is_member(RECORD "0.body.stringValue", "line\nend");
    is_member(RECORD "0.attributes.0.key", "text");
    is_member(RECORD "0.attributes.0.value.stringValue", "a\nb");
    is_member(RECORD "0.attributes.1.value.intValue", "-9223372036854775808");
    is_member(RECORD "0.droppedAttributesCount", "3");
    is_member(RECORD "0.flags", "1");
    is_member(RECORD "0.traceId", "abababababababababababababababab");
    is_member(RECORD "0.spanId", "cdcdcdcdcdcdcdcd");
    ok(json_find(&line, RECORD "0.flags")->type == 'n' &&
           json_find(&line, RECORD "0.timeUnixNano")->type == 's',
       "numbers of 64 bits are strings, others are not");
}

static void test_interaction(void)
{
    static const char* const want[][3] = {
        {"guardrail.passed", "boolValue", "false"},
        {"guardrail.triggered_rules", "arrayValue.values.0.stringValue", "pii_leak"},
        {"guardrail.triggered_rules", "arrayValue.values.1.stringValue", "quote \" and \\"},
        {"llmobs.request.id", "stringValue", "req-17"},
        {"enduser.pseudo.id", "stringValue", "hmac-sha256:k1:00112233445566778899aabbccddeeff"},
        {"gen_ai.request.model", "stringValue", "gpt-4o-mini"},
        {"llmobs.input.hash", "stringValue", "hmac-sha256:k1:0123456789abcdef0123456789abcdef"},
        {"llmobs.output.hash", "stringValue", "hmac-sha256:k1:fedcba9876543210fedcba9876543210"},
        {"gen_ai.response.finish_reasons", "arrayValue.values.0.stringValue", "stop"},
        {"error.type", "stringValue", "timeout"},
        {"session.id", "stringValue", "hmac-sha256:k1:5e5510"},
        {"llmobs.tenant", "stringValue", "acme"},
        {"llmobs.feature", "stringValue", "support"},
        {"gen_ai.provider.name", "stringValue", "openai"},
        {"gen_ai.operation.name", "stringValue", "chat"},
        {"gen_ai.response.model", "stringValue", "gpt-4o-mini-2024-07-18"},
        {"gen_ai.prompt.name", "stringValue", "answer"},
        {"gen_ai.prompt.version", "stringValue", "7"},
        {"llmobs.input.length", "intValue", "4000"},
        {"llmobs.output.length", "intValue", "500"},
        {"gen_ai.usage.input_tokens", "intValue", "812"},
        {"gen_ai.usage.output_tokens", "intValue", "96"},
        {"gen_ai.usage.cache_read.input_tokens", "intValue", "512"},
        {"gen_ai.usage.cache_write.input_tokens", "intValue", "13"},
        {"gen_ai.usage.reasoning.output_tokens", "intValue", "40"},
        {"gen_ai.usage.audio.input_tokens", "intValue", "5"},
        {"gen_ai.usage.audio.output_tokens", "intValue", "6"},
        {"gen_ai.usage.image.input_tokens", "intValue", "7"},
        {"gen_ai.usage.image.output_tokens", "intValue", "8"},
        {"llmobs.request.duration", "doubleValue", "0.812345678"},
        {"gen_ai.response.time_to_first_chunk", "doubleValue", "0.2"},
        {"llmobs.request.queue_time", "doubleValue", "0.000000001"},
        {"llmobs.request.retries", "intValue", "2"},
        {"llmobs.usage.provenance", "stringValue", "estimated"},
        {"llmobs.guardrail.verdicts", "intValue", "3"},
        {"gen_ai.usage.cost", "doubleValue", "0.012345678"},
        {"llmobs.cost.nano_usd", "intValue", "12345678"},
    };
    llmobs_batch batch;
    size_t i;
    size_t keys = 0;
    fill_batch(&batch);
    ok(encode(&batch), "valid JSON");
    is_member(RECORD "1.eventName", "llm.interactions");
    is_member(RECORD "1.severityText", "WARN");
    is_member(RECORD "1.body.stringValue", "(none)");
    is_member(RECORD "1.traceId", "(none)");
    is_member(RECORD "1.flags", "(none)");
    for (i = 0; i < sizeof want / sizeof want[0]; i++) {
        is_str(attribute_of(want[i][0], want[i][1]), want[i][2], want[i][0]);
    }
    for (i = 0; i < line.count; i++) {
        const char* path = line.leaves[i].path;
        keys += strncmp(path, RECORD "1.attributes.", sizeof RECORD + 12) == 0 &&
                strcmp(path + strlen(path) - 4, ".key") == 0;
    }
    is_int(keys, sizeof want / sizeof want[0] - 1, "and no others; two are of one list");
    interaction = llmobs_interaction_default();
    ok(encode(&batch), "of nothing");
    is_str(attribute_of("guardrail.passed", "boolValue"), "true", "guardrails passed");
    is_str(attribute_of("gen_ai.usage.cost", "doubleValue"), "(none)", "an unknown cost is not 0");
    is_str(attribute_of("gen_ai.usage.input_tokens", "intValue"), "(none)", "nor are tokens");
    is_member(RECORD "1.attributes.1.key", "(none)");
}

static void test_buffers(void)
{
    char buffer[1024];
    llmobs_batch batch;
    llmobsi_writer writer;
    size_t capacity;
    size_t wrong = 0;
    fill_batch(&batch);
    (void)encode(&batch);
    for (capacity = LLMOBS_I_WRITER_LEAST; capacity <= sizeof buffer; capacity++) {
        part.size = 0;
        part.left = SIZE_MAX;
        llmobsi_writer_init(&writer, buffer, capacity, sink_write, &part);
        wrong += !llmobsi_otlp_encode_logs(&batch, &writer);
        wrong += part.size != whole.size || memcmp(part.data, whole.data, whole.size) != 0;
    }
    for (capacity = 0; capacity < whole.size; capacity += 5) {
        part.size = 0;
        part.left = capacity;
        wrong += llmobs_encode_otlp_logs_json(&batch, sink_write, &part);
    }
    is_int(wrong, 0, "the same with any buffer; a refusal is told");
    ok(!llmobs_encode_otlp_logs_json(NULL, sink_write, &part), "NULL");
    ok(!llmobs_encode_otlp_logs_json(&batch, NULL, &part), "NULL");
    batch.log_count = 0;
    batch.logs = NULL;
    batch.resource = NULL;
    part.size = 0;
    part.left = SIZE_MAX;
    ok(llmobs_encode_otlp_logs_json(&batch, sink_write, &part) &&
           json_line_read(&line, part.data, part.size - 1),
       "a batch of nothing is a message");
}

int main(void)
{
    test_record();
    test_interaction();
    test_buffers();
    json_line_free(&line);
    return done();
}

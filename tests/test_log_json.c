/* The lines: each member in its place, whatever the texts hold and however small the buffer is. */
#include "llmobs_private.h"
#include "tap.h"

#include "interaction_sample.h"
#include "json_lines.h"

#define ROOM (1 << 20)

static char text[ROOM];
static json_line line;
static llmobs_trace_context context;

/* The line of an interaction, read back; the leaves are in `line`. */
static bool write_and_read(const llmobs_interaction* interaction, llmobs_log_style style)
{
    size_t size = llmobs_interaction_line(interaction, &context, style, text, sizeof text);
    return size > 1 && text[size - 1] == '\n' && memchr(text, '\n', size - 1) == NULL &&
           json_line_read(&line, text, size - 1);
}

static void is_member(const char* path, const char* want)
{
    is_str(json_text(&line, path), want, path);
}

/* ---- the interaction ----------------------------------------------------------------------- */

static void test_members(void)
{
    static const char* const want[][2] = {
        {"schema", "llmobs.interaction/1"},
        {"timestamp", "2026-01-15T10:00:00.123456789Z"},
        {"severity", "WARN"},
        {"request_id", "req-17"},
        {"user_id", "hmac-sha256:k1:00112233445566778899aabbccddeeff"},
        {"session_id", "hmac-sha256:k1:5e5510"},
        {"tenant", "acme"},
        {"feature", "support"},
        {"provider", "openai"},
        {"operation", "chat"},
        {"model", "gpt-4o-mini"},
        {"response_model", "gpt-4o-mini-2024-07-18"},
        {"prompt_name", "answer"},
        {"prompt_version", "7"},
        {"tokens.input", "812"},
        {"tokens.output", "96"},
        {"tokens.cached", "512"},
        {"tokens.cache_write", "13"},
        {"tokens.reasoning", "40"},
        {"tokens.audio_input", "5"},
        {"tokens.audio_output", "6"},
        {"tokens.image_input", "7"},
        {"tokens.image_output", "8"},
        {"tokens.provenance", "estimated"},
        {"cost_usd", "0.012345678"},
        {"latency_ms", "812.345678"},
        {"time_to_first_token_ms", "200"},
        {"queue_ms", "0.000001"},
        {"retries", "2"},
        {"guardrails.passed", "false"},
        {"guardrails.triggered.0", "pii_leak"},
        {"guardrails.triggered.1", "quote \" and \\"},
        {"guardrails.verdicts", "3"},
        {"finish_reason", "stop"},
        {"error_type", "timeout"},
        {"input_hash", "hmac-sha256:k1:0123456789abcdef0123456789abcdef"},
        {"output_hash", "hmac-sha256:k1:fedcba9876543210fedcba9876543210"},
        {"input_length", "4000"},
        {"output_length", "500"},
        {"trace_id", "0af7651916cd43dd8448eb211c80319c"},
        {"span_id", "b7ad6b7169203331"},
    };
    const size_t count = sizeof want / sizeof want[0];
    llmobs_interaction sample = interaction_sample();
    size_t i;
    ok(write_and_read(&sample, LLMOBS_LOG_STYLE_DEFAULT), "valid JSON, one line");
    is_int(line.count, count, "all members, and no others");
    for (i = 0; i < count && i < line.count; i++) {
        is_member(want[i][0], want[i][1]);
        ok(strcmp(line.leaves[i].path, want[i][0]) == 0, "in this order");
    }
    printf("# %zu bytes\n", strlen(text));
}

static void test_unknown(void)
{
    static const char* const want[][2] = {
        {"schema", "llmobs.interaction/1"},
        {"timestamp", "1970-01-01T00:00:00.000000000Z"},
        {"severity", "INFO"},
        {"request_id", "null"},
        {"user_id", "null"},
        {"model", "null"},
        {"tokens.input", "null"},
        {"tokens.output", "null"},
        {"cost_usd", "null"},
        {"latency_ms", "null"},
        {"guardrails.passed", "true"},
        {"guardrails.triggered", "[]"},
        {"input_hash", "null"},
        {"output_hash", "null"},
        {"input_length", "null"},
        {"output_length", "null"},
    };
    const size_t count = sizeof want / sizeof want[0];
    llmobs_interaction nothing = llmobs_interaction_default();
    size_t i;
    memset(&context, 0, sizeof context);
    ok(write_and_read(&nothing, LLMOBS_LOG_STYLE_DEFAULT), "of nothing: valid JSON");
    is_int(line.count, count, "the article's members stay, others are not there");
    for (i = 0; i < count && i < line.count; i++) {
        is_member(want[i][0], want[i][1]);
        ok(strcmp(line.leaves[i].path, want[i][0]) == 0, "in this order");
    }
    ok(llmobs_interaction_line(&nothing, NULL, LLMOBS_LOG_STYLE_DEFAULT, text, sizeof text) > 0,
       "without a context, too");
    nothing.cost_known = true;
    nothing.cost_nano = 0;
    nothing.input_tokens = nothing.latency_ns = nothing.guardrail_verdicts = 0;
    nothing.provenance = LLMOBS_USAGE_COUNTED;
    ok(write_and_read(&nothing, LLMOBS_LOG_STYLE_DEFAULT), "of zeros");
    is_member("cost_usd", "0");
    is_member("tokens.input", "0");
    is_member("tokens.provenance", "counted");
    is_member("latency_ms", "0");
    is_member("guardrails.verdicts", "0");
}

static void test_extremes(void)
{
    llmobs_interaction sample = interaction_sample();
    llmobsi_interaction_parts parts;
    size_t i;
    llmobsi_interaction_parts_of(&sample, &parts);
    for (i = 0; i < LLMOBS_I_INTERACTION_NUMBERS; i++) {
        parts.numbers[i] = INT64_MAX;
    }
    llmobsi_interaction_set_parts(&sample, &parts);
    sample.unix_ns = UINT64_MAX;
    sample.severity = (llmobs_severity)99;
    ok(write_and_read(&sample, LLMOBS_LOG_STYLE_DEFAULT), "the largest numbers");
    is_member("tokens.image_output", "9223372036854775807");
    is_member("guardrails.verdicts", "9223372036854775807");
    is_member("cost_usd", "9223372036.854775807");
    is_member("queue_ms", "9223372036854.775807");
    is_member("timestamp", "2554-07-21T23:34:33.709551615Z");
    is_member("severity", "UNSPECIFIED");
    sample.cost_nano = INT64_MIN;
    ok(write_and_read(&sample, LLMOBS_LOG_STYLE_ARTICLE), "in the article's style");
    is_member("cost_usd", "-9223372036.854776");
    is_member("latency_ms", "9223372036854.78");
    sample.cost_nano = -1;
    ok(write_and_read(&sample, LLMOBS_LOG_STYLE_DEFAULT), "money back");
    is_member("cost_usd", "-0.000000001");
}

static void test_article(void)
{
    static const char* const want[][2] = {
        {"timestamp", "2026-01-15T10:00:00.123456"},
        {"request_id", "req-17"},
        {"user_id", "hmac-sha256:k1:00112233445566778899aabbccddeeff"},
        {"model", "gpt-4o-mini"},
        {"tokens.input", "812"},
        {"tokens.output", "96"},
        {"cost_usd", "0.012346"},
        {"latency_ms", "812.35"},
        {"guardrails.passed", "false"},
        {"guardrails.triggered.0", "pii_leak"},
        {"guardrails.triggered.1", "quote \" and \\"},
        {"input_hash", "ba7816bf8f01cfea"},
        {"output_hash", "e3b0c44298fc1c14"},
        {"input_length", "3"},
        {"output_length", "0"},
    };
    const size_t count = sizeof want / sizeof want[0];
    llmobs_interaction sample = interaction_sample();
    llmobs_interaction nothing = llmobs_interaction_default();
    char hashes[2][LLMOBS_HASH_UNKEYED_SIZE];
    size_t i;
    sample.input_length = llmobs_hash_unkeyed("abc", 3, hashes[0]);
    sample.output_length = llmobs_hash_unkeyed("", 0, hashes[1]);
    sample.input_hash = llmobs_str(hashes[0]);
    sample.output_hash = llmobs_str(hashes[1]);
    ok(write_and_read(&sample, LLMOBS_LOG_STYLE_ARTICLE), "the article's record");
    is_int(line.count, count, "its members, and no others");
    for (i = 0; i < count && i < line.count; i++) {
        is_member(want[i][0], want[i][1]);
        ok(strcmp(line.leaves[i].path, want[i][0]) == 0, "in its order");
    }
    ok(write_and_read(&nothing, LLMOBS_LOG_STYLE_ARTICLE), "of nothing");
    is_member("request_id", "");
    is_member("tokens.input", "null");
    is_member("cost_usd", "null");
    is_member("timestamp", "1970-01-01T00:00:00");
    is_int(llmobs_hash_unkeyed("\xe4\xbd\xa0\xf0\x9f\x98\x80z\xff\xe4\xbd", 11, hashes[0]), 5,
           "lengths are code points, malformed parts one each");
}

/* ---- hostile texts ------------------------------------------------------------------------- */

typedef struct sink {
    char* data;
    size_t size;
    size_t left; /* how much is taken before it refuses */
} sink;

static bool sink_write(void* user, const char* data, size_t size)
{
    sink* to = (sink*)user;
    if (size > to->left) {
        return false;
    }
    memcpy(to->data + to->size, data, size);
    to->size += size;
    to->left -= size;
    return true;
}

static void sink_clear(sink* to, size_t left)
{
    to->size = 0;
    to->left = left;
}

/* A text in every place: it comes back as it was, or repaired. */
static bool survives(const char* data, size_t size, sink* to)
{
    static char repaired[3 * 65536];
    llmobs_interaction sample = interaction_sample();
    llmobsi_interaction_parts parts;
    llmobs_string hostile;
    size_t want = llmobsi_utf8_repair(repaired, sizeof repaired, data, size);
    size_t i;
    size_t found = 0;
    hostile.data = data;
    hostile.size = size;
    llmobsi_interaction_parts_of(&sample, &parts);
    for (i = 0; i < LLMOBS_I_INTERACTION_TEXTS; i++) {
        parts.texts[i] = hostile;
    }
    llmobsi_interaction_set_parts(&sample, &parts);
    sample.guardrails_triggered = &hostile;
    sample.guardrail_count = 1;
    sink_clear(to, SIZE_MAX);
    if (!llmobs_interaction_write(&sample, &context, LLMOBS_LOG_STYLE_DEFAULT, sink_write, to) ||
        to->data[to->size - 1] != '\n' || !json_line_read(&line, to->data, to->size - 1)) {
        return false;
    }
    for (i = 0; i < line.count; i++) {
        found += line.leaves[i].type == 's' && line.leaves[i].size == want &&
                 memcmp(line.leaves[i].text, repaired, want) == 0;
    }
    return found == LLMOBS_I_INTERACTION_TEXTS + 1;
}

static void test_hostile(void)
{
    static const char* const some[] = {
        "\n{\"schema\":\"forged\"}", "\r\n", "\"", "\\", "\\\"", "\",\"admin\":true,\"x\":\"",
        "\x1b[31mred\x1b[0m", "\x07\x08", "\xe2\x80\xa8\xe2\x80\xa9", "\xe2\x80\xae" "evil",
        "\xc2\x85\xc2\x9b" "31m", "\xe2\x81\xa6\xe2\x81\xa9", "\x7f", "\xff\xfe", "\xc0\xaf",
        "\xed\xa0\x80", "\xf4\x90\x80\x80", "a\xe2\x82", "\xf0\x9f\x98\x80"};
    sink to;
    size_t wrong = 0;
    size_t i;
    to.data = (char*)malloc(64 << 20);
    for (i = 0; i < sizeof some / sizeof some[0]; i++) {
        wrong += !survives(some[i], strlen(some[i]), &to);
    }
    wrong += !survives("a\0b", 3, &to);
    wrong += !survives("\0", 1, &to);
    is_int(wrong, 0, "forged lines, escapes, marks, malformed UTF-8, NUL");
    for (i = 1; i < 256; i++) {
        char bytes[67];
        memset(bytes, 'a', sizeof bytes);
        bytes[i % 67] = (char)i;
        wrong += !survives(bytes, i % 67 + 1, &to) || !survives(bytes, sizeof bytes, &to);
    }
    is_int(wrong, 0, "every byte, at every place");
    free(to.data);
}

static void test_large(void)
{
    const size_t size = 10u << 20;
    llmobs_interaction sample = interaction_sample();
    char* large = (char*)malloc(size);
    sink to;
    to.data = (char*)malloc(size * 6 + 4096);
    memset(large, '\n', size);
    sample.model.data = large;
    sample.model.size = size;
    sink_clear(&to, SIZE_MAX);
    ok(llmobs_interaction_write(&sample, &context, LLMOBS_LOG_STYLE_DEFAULT, sink_write, &to) &&
           to.size > 2 * size && json_line_read(&line, to.data, to.size - 1) &&
           json_find(&line, "model")->size == size,
       "10 MB of line ends are one line");
    free(large);
    free(to.data);
}

/* ---- batches ------------------------------------------------------------------------------- */

static llmobs_log_view views[3];
static llmobs_attribute_view attributes[6];
static llmobs_string list[2];
static llmobs_interaction interaction;

static void fill_batch(llmobs_batch* batch)
{
    memset(batch, 0, sizeof *batch);
    memset(views, 0, sizeof views);
    memset(attributes, 0, sizeof attributes);
    list[0] = llmobs_str("one");
    list[1] = llmobs_str("two\n");
    attributes[0].key = llmobs_str("text");
    attributes[0].value.string = llmobs_str("\"");
    attributes[1].key = llmobs_str("int");
    attributes[1].type = LLMOBS_TYPE_INT;
    attributes[1].value.integer = INT64_MIN;
    attributes[2].key = llmobs_str("nan");
    attributes[2].type = LLMOBS_TYPE_DOUBLE;
    attributes[2].value.real = strtod("nan", NULL);
    attributes[3].key = llmobs_str("double");
    attributes[3].type = LLMOBS_TYPE_DOUBLE;
    attributes[3].value.real = 0.5;
    attributes[4].key = llmobs_str("bool");
    attributes[4].type = LLMOBS_TYPE_BOOL;
    attributes[4].value.boolean = true;
    attributes[5].key = llmobs_str("list");
    attributes[5].type = LLMOBS_TYPE_STRINGS;
    attributes[5].count = 2;
    attributes[5].value.strings = list;
    views[0].unix_ns = UINT64_C(1768471200000000001);
    views[0].severity = LLMOBS_SEVERITY_ERROR;
    views[0].event_name = llmobs_str("worker.stuck");
    views[0].body = llmobs_str("line\nend");
    views[0].attributes = attributes;
    views[0].attribute_count = 6;
    views[0].dropped_attribute_count = 3;
    memset(views[0].trace_id, 0xab, 16);
    memset(views[0].span_id, 0xcd, 8);
    views[1].unix_ns = UINT64_C(1768471200000000002);
    views[1].severity = LLMOBS_SEVERITY_INFO;
    views[1].event_name.data = views[1].body.data = "";
    interaction = interaction_sample();
    views[2].unix_ns = interaction.unix_ns;
    views[2].severity = interaction.severity;
    views[2].event_name = llmobs_str("llm.interactions");
    views[2].interaction = &interaction;
    views[2].dropped_attribute_count = 4;
    batch->size = sizeof *batch;
    batch->logs = views;
    batch->log_count = 3;
}

/* Reads line `number` of what is in `to`. */
static bool read_line(const sink* to, size_t number)
{
    const char* at = to->data;
    const char* end = to->data + to->size;
    while (number-- > 0 && at < end) {
        at = (const char*)memchr(at, '\n', (size_t)(end - at)) + 1;
    }
    if (at >= end) {
        return false;
    }
    return json_line_read(&line, at,
                          (size_t)((const char*)memchr(at, '\n', (size_t)(end - at)) - at));
}

static void test_events(void)
{
    static char data[65536];
    llmobs_batch batch;
    sink to;
    to.data = data;
    fill_batch(&batch);
    sink_clear(&to, sizeof data);
    is_int(llmobs_encode(&batch, LLMOBS_FORMAT_LOG_JSON, sink_write, &to), LLMOBS_OK, "a batch");
    ok(read_line(&to, 0), "a record");
    is_str(line.leaves[0].path, "schema", "begins with its schema");
    is_member("schema", "llmobs.log/1");
    is_member("timestamp", "2026-01-15T10:00:00.000000001Z");
    is_member("severity", "ERROR");
    is_member("event", "worker.stuck");
    is_member("body", "line\nend");
    is_member("attributes.text", "\"");
    is_member("attributes.int", "-9223372036854775808");
    is_member("attributes.nan", "NaN");
    is_member("attributes.double", "0.5");
    is_member("attributes.bool", "true");
    is_member("attributes.list.1", "two\n");
    is_member("dropped_attributes", "3");
    is_member("trace_id", "abababababababababababababababab");
    is_member("span_id", "cdcdcdcdcdcdcdcd");
    is_int(line.count, 15, "and nothing else");
    ok(read_line(&to, 1), "a record of nothing");
    is_int(line.count, 3, "says no more than when and how bad");
    ok(read_line(&to, 2), "an interaction");
    is_member("schema", "llmobs.interaction/1");
    is_member("dropped_fields", "4");
    is_member("trace_id", "(none)");
    ok(!read_line(&to, 3), "that was all");
    batch.lost_before = 12;
    sink_clear(&to, sizeof data);
    ok(llmobs_encode_log_json(&batch, LLMOBS_LOG_STYLE_DEFAULT, sink_write, &to), "after a loss");
    ok(read_line(&to, 0), "a line of its own");
    is_member("event", "llmobs.lost");
    is_member("attributes.count", "12");
    is_member("severity", "WARN");
    sink_clear(&to, sizeof data);
    ok(llmobs_encode_log_json(&batch, LLMOBS_LOG_STYLE_ARTICLE, sink_write, &to), "the article's");
    ok(read_line(&to, 0) && strcmp(json_text(&line, "event"), "worker.stuck") == 0,
       "other records stay as they are");
    ok(read_line(&to, 2) && strcmp(json_text(&line, "schema"), "(none)") == 0, "its own are its");
}

static void test_buffers(void)
{
    static char all[65536], part[65536], buffer[1024];
    llmobs_batch batch;
    llmobsi_writer writer;
    sink whole, other;
    size_t capacity;
    size_t wrong = 0;
    int style;
    whole.data = all;
    other.data = part;
    fill_batch(&batch);
    batch.lost_before = 1;
    for (style = 0; style < 2; style++) {
        sink_clear(&whole, sizeof all);
        (void)llmobs_encode_log_json(&batch, (llmobs_log_style)style, sink_write, &whole);
        for (capacity = LLMOBS_I_WRITER_LEAST; capacity <= sizeof buffer; capacity++) {
            sink_clear(&other, sizeof part);
            llmobsi_writer_init(&writer, buffer, capacity, sink_write, &other);
            wrong += !llmobsi_log_json_encode(&batch, (llmobs_log_style)style, &writer);
            wrong += other.size != whole.size || memcmp(all, part, whole.size) != 0;
        }
        for (capacity = 0; capacity < whole.size; capacity += 7) {
            sink_clear(&other, capacity);
            wrong += llmobs_encode_log_json(&batch, (llmobs_log_style)style, sink_write, &other);
        }
    }
    is_int(wrong, 0, "the same with any buffer; a refusal is told");
}

/* The least buffer, the longest numbers, and a text before them that leaves any room: nothing is
   written behind the buffer. */
static void test_rooms(void)
{
    static char all[65536], part[65536], buffer[2 * LLMOBS_I_WRITER_LEAST], name[700];
    llmobsi_interaction_parts parts;
    llmobs_batch batch;
    llmobsi_writer writer;
    sink whole, other;
    size_t wrong = 0;
    size_t i;
    whole.data = all;
    other.data = part;
    fill_batch(&batch);
    memset(name, 'n', sizeof name);
    interaction.cost_nano = INT64_MIN;
    llmobsi_interaction_parts_of(&interaction, &parts);
    for (i = 0; i < LLMOBS_I_INTERACTION_NUMBERS - 1; i++) {
        parts.numbers[i] = INT64_MAX;
    }
    llmobsi_interaction_set_parts(&interaction, &parts);
    for (i = 0; i < 4 * sizeof name; i++) {
        int style = (int)(i & 1);
        views[0].event_name.data = views[0].body.data = name;
        views[0].event_name.size = (i / 4) % 31;
        views[0].body.size = i / 4;
        interaction.prompt_version.data = interaction.output_hash.data = name;
        interaction.model.data = interaction.error_type.data = name;
        interaction.prompt_version.size = interaction.model.size = i / 4;
        interaction.output_hash.size = interaction.error_type.size = (i & 2) != 0 ? i / 4 : 16;
        sink_clear(&whole, sizeof all);
        sink_clear(&other, sizeof part);
        wrong += !llmobs_encode_log_json(&batch, (llmobs_log_style)style, sink_write, &whole);
        memset(buffer, 0x5a, sizeof buffer);
        llmobsi_writer_init(&writer, buffer, LLMOBS_I_WRITER_LEAST, sink_write, &other);
        wrong += !llmobsi_log_json_encode(&batch, (llmobs_log_style)style, &writer);
        wrong += buffer[LLMOBS_I_WRITER_LEAST] != 0x5a;
        wrong += memcmp(buffer + LLMOBS_I_WRITER_LEAST, buffer + LLMOBS_I_WRITER_LEAST + 1,
                        LLMOBS_I_WRITER_LEAST - 1) != 0;
        wrong += whole.size != other.size || memcmp(all, part, whole.size) != 0;
    }
    is_int(wrong, 0, "room is asked for before it is used");
}

static void test_memory(void)
{
    llmobs_interaction sample = interaction_sample();
    llmobs_interaction old = sample;
    char exact[2048];
    size_t size = llmobs_interaction_line(&sample, NULL, LLMOBS_LOG_STYLE_DEFAULT, exact,
                                          sizeof exact);
    memset(exact, 'x', sizeof exact);
    is_int(llmobs_interaction_line(&sample, NULL, LLMOBS_LOG_STYLE_DEFAULT, exact, size), size,
           "fits exactly");
    is_int(exact[size], 'x', "and not a byte more is written");
    is_int(llmobs_interaction_line(&sample, NULL, LLMOBS_LOG_STYLE_DEFAULT, exact, size - 1), 0,
           "one byte less does not do");
    is_int(llmobs_interaction_line(&sample, NULL, LLMOBS_LOG_STYLE_DEFAULT, NULL, 100), 0, "NULL");
    is_int(llmobs_interaction_line(NULL, NULL, LLMOBS_LOG_STYLE_DEFAULT, exact, 100), 0, "NULL");
    ok(!llmobs_interaction_write(&sample, NULL, LLMOBS_LOG_STYLE_DEFAULT, NULL, NULL), "NULL");
    ok(!llmobs_encode_log_json(NULL, LLMOBS_LOG_STYLE_DEFAULT, sink_write, NULL), "NULL");
    old.size = offsetof(llmobs_interaction, input_hash);
    ok(write_and_read(&old, LLMOBS_LOG_STYLE_DEFAULT), "an older caller's");
    is_member("model", "gpt-4o-mini");
    is_member("input_hash", "null");
    is_member("latency_ms", "null");
}

static void test_formats(void)
{
    static char data[65536];
    llmobs_batch batch;
    sink to;
    to.data = data;
    fill_batch(&batch);
    sink_clear(&to, sizeof data);
    is_int(llmobs_encode(&batch, LLMOBS_FORMAT_CHROME, sink_write, &to), LLMOBS_ERROR_FORMAT,
           "a Chrome trace carries no logs");
    is_int(llmobs_encode(&batch, LLMOBS_FORMAT_OTLP_JSON, sink_write, &to), LLMOBS_OK,
           "OTLP does");
    is_str(llmobs_otlp_path(&batch), "/v1/logs", "to this path");
    memset(&batch, 0, sizeof batch);
    sink_clear(&to, sizeof data);
    is_int(llmobs_encode(&batch, LLMOBS_FORMAT_LOG_JSON, sink_write, &to), LLMOBS_OK,
           "a batch of nothing");
    is_int(to.size, 0, "is nothing");
    is_str(llmobs_otlp_path(&batch), "/v1/traces", "to this path");
    batch.span_count = 1;
    is_int(llmobs_encode(&batch, LLMOBS_FORMAT_LOG_JSON, sink_write, &to), LLMOBS_ERROR_FORMAT,
           "log lines carry no spans");
    batch.span_count = 0;
    batch.metric_count = 1;
    is_int(llmobs_encode(&batch, LLMOBS_FORMAT_LOG_JSON, sink_write, &to), LLMOBS_ERROR_FORMAT,
           "nor metrics");
    is_str(llmobs_otlp_path(&batch), "/v1/metrics", "to this path");
    is_str(llmobs_otlp_path(NULL), "/v1/traces", "NULL");
}

int main(void)
{
    (void)llmobs_trace_context_parse(&context,
                                     "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                                     LLMOBS_NUL_TERMINATED, NULL, 0);
    test_members();
    test_unknown();
    test_extremes();
    test_article();
    test_hostile();
    test_large();
    test_events();
    test_buffers();
    test_rooms();
    test_memory();
    test_formats();
    json_line_free(&line);
    return done();
}

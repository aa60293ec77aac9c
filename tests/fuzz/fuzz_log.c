/* Hostile bytes as the texts and numbers of an interaction and of a log record: through the slots
   and the exporter, and straight into the encoders with a buffer of hostile size. Every line is one
   line of valid JSON without a control character, and every text is in it, repaired; the same with
   every buffer. */
#include "llmobs_private.h"

#include "../json_lines.h"

#define CHECK(condition) ((condition) ? (void)0 : abort())
#define MOST 4096u

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

typedef struct sink {
    char text[1 << 20];
    size_t size;
} sink;

static sink small, large;
static json_line line;

static bool sink_write(void* user, const char* data, size_t size)
{
    sink* to = (sink*)user;
    CHECK(to->size + size <= sizeof to->text);
    memcpy(to->text + to->size, data, size);
    to->size += size;
    return true;
}

/* Every line reads; returns how many there are. */
static size_t check_lines(const sink* of)
{
    size_t count = 0;
    size_t at = 0;
    while (at < of->size) {
        const char* end = (const char*)memchr(of->text + at, '\n', of->size - at);
        CHECK(end != NULL);
        CHECK(json_line_read(&line, of->text + at, (size_t)(end - of->text) - at));
        at = (size_t)(end - of->text) + 1;
        count++;
    }
    return count;
}

/* ---- the input as an interaction ----------------------------------------------------------- */

static void fill(llmobs_interaction* one, llmobs_string* rules, const uint8_t* data, size_t size)
{
    llmobsi_interaction_parts parts;
    const size_t count = LLMOBS_I_INTERACTION_TEXTS + 2;
    size_t i;
    *one = llmobs_interaction_default();
    llmobsi_interaction_parts_of(one, &parts);
    for (i = 0; i < count; i++) {
        llmobs_string* text = i < LLMOBS_I_INTERACTION_TEXTS ? &parts.texts[i]
                                                             : &rules[i - count + 2];
        text->data = (const char*)data + size * i / count;
        text->size = size * (i + 1) / count - size * i / count;
    }
    for (i = 0; i < LLMOBS_I_INTERACTION_NUMBERS; i++) {
        memcpy(&parts.numbers[i], data + size * i / 17, size - size * i / 17 < 8 ? 0 : 8);
    }
    llmobsi_interaction_set_parts(one, &parts);
    memcpy(&one->unix_ns, data, size < 8 ? size : 8);
    one->severity = (llmobs_severity)(data[0] & 31);
    one->guardrails_passed = (data[0] & 1) != 0;
    one->cost_known = (data[0] & 2) != 0;
    one->guardrails_triggered = rules;
    one->guardrail_count = (size_t)(data[0] & 3) % 3;
}

static void check_text(const char* path, llmobs_string text)
{
    static char repaired[3 * MOST];
    size_t want = llmobsi_utf8_repair(repaired, sizeof repaired, text.data, text.size);
    const json_leaf* leaf = json_find(&line, path);
    CHECK(leaf != NULL);
    CHECK(want == 0 ? leaf->type == 'z' : leaf->type == 's' && leaf->size == want &&
                                              memcmp(leaf->text, repaired, want) == 0);
}

static void check_pure(const llmobs_interaction* one, size_t capacity, llmobs_log_style style)
{
    llmobs_log_view view;
    llmobs_batch batch;
    llmobsi_writer writer;
    char* buffer = (char*)malloc(capacity);
    memset(&view, 0, sizeof view);
    memset(&batch, 0, sizeof batch);
    view.interaction = one;
    view.unix_ns = one->unix_ns;
    view.severity = one->severity;
    batch.logs = &view;
    batch.log_count = 1;
    small.size = large.size = 0;
    llmobsi_writer_init(&writer, buffer, capacity, sink_write, &small);
    CHECK(llmobsi_log_json_encode(&batch, style, &writer));
    CHECK(llmobs_interaction_write(one, NULL, style, sink_write, &large));
    CHECK(small.size == large.size && memcmp(small.text, large.text, small.size) == 0);
    CHECK(check_lines(&large) == 1);
    if (style == LLMOBS_LOG_STYLE_DEFAULT) {
        check_text("request_id", one->request_id);
        check_text("model", one->model);
        check_text("output_hash", one->output_hash);
    }
    small.size = large.size = 0;
    llmobsi_writer_init(&writer, buffer, capacity, sink_write, &small);
    CHECK(llmobsi_otlp_encode_logs(&batch, &writer));
    CHECK(llmobs_encode_otlp_logs_json(&batch, sink_write, &large));
    CHECK(small.size == large.size && memcmp(small.text, large.text, small.size) == 0);
    CHECK(check_lines(&large) == 1);
    free(buffer);
}

/* ---- through the slots --------------------------------------------------------------------- */

static llmobs_export_result check_batch(void* user, const llmobs_batch* batch)
{
    *(size_t*)user += batch->log_count;
    large.size = 0;
    CHECK(llmobs_encode(batch, LLMOBS_FORMAT_LOG_JSON, sink_write, &large) == LLMOBS_OK);
    CHECK(check_lines(&large) == batch->log_count);
    large.size = 0;
    CHECK(llmobs_encode(batch, LLMOBS_FORMAT_OTLP_JSON, sink_write, &large) == LLMOBS_OK);
    CHECK(check_lines(&large) == 1);
    return LLMOBS_EXPORT_OK;
}

static void check_slots(const llmobs_interaction* one, const uint8_t* data, size_t size)
{
    static llmobs* obs;
    static size_t arrived;
    llmobs_attribute attributes[4];
    llmobs_log_info info = llmobs_log_info_default();
    size_t before = arrived;
    double real = 0;
    if (obs == NULL) {
        llmobs_config config = llmobs_config_default();
        config.host_pumped = true;
        config.log_severity = LLMOBS_SEVERITY_TRACE;
        config.span_slots = 64;
        config.max_threads = 1;
        config.span_parts = 4;
        obs = llmobs_open(&config, NULL);
        CHECK(llmobs_export_to(obs, check_batch, &arrived) == LLMOBS_OK);
    }
    memcpy(&real, data, size < sizeof real ? size : sizeof real);
    attributes[0] = llmobs_attribute_string_n("text", (const char*)data, size);
    attributes[1] = llmobs_attribute_double("double", real);
    attributes[2] = llmobs_attribute_int("int", one->input_tokens);
    attributes[3] = llmobs_attribute_bool("bool", one->cost_known);
    info.body = one->model;
    info.severity = one->severity;
    info.unix_ns = one->unix_ns;
    info.attributes = attributes;
    info.attribute_count = 4;
    llmobs_log_with(obs, &info);
    llmobs_log_interaction(obs, llmobsi_span_none(), one);
    CHECK(llmobs_flush(obs, 10000) == LLMOBS_OK);
    CHECK(arrived == before + 2);
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    llmobs_interaction one;
    llmobs_string rules[2];
    if (size < 2 || size > MOST) {
        return 0;
    }
    fill(&one, rules, data + 1, size - 1);
    check_pure(&one, LLMOBS_I_WRITER_LEAST + (size_t)(data[0] >> 1) * 5,
               (llmobs_log_style)(data[0] & 1));
    check_slots(&one, data + 1, size - 1);
    return 0;
}

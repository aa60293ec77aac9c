/* Hostile bytes as names, keys, values and messages, into encoders with a buffer of hostile size;
   the first byte says how. What is written as a JSON string reads back as the same text, repaired.
   Both encoders write the same with every buffer, and no control character but '\n'. */
#include "llmobs_private.h"

#include "../json_reader.h"

#define CHECK(condition) ((condition) ? (void)0 : abort())

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

typedef struct sink {
    char text[1 << 18];
    size_t size;
} sink;

static bool sink_write(void* user, const char* data, size_t size)
{
    sink* to = (sink*)user;
    CHECK(to->size + size <= sizeof to->text);
    memcpy(to->text + to->size, data, size);
    to->size += size;
    return true;
}

static void check_string(const char* data, size_t size, size_t capacity)
{
    static sink plain, flushed;
    static char back[sizeof plain.text], repaired[3 * 4096];
    llmobsi_writer writer;
    char* buffer = (char*)malloc(capacity);
    llmobs_string text;
    size_t back_size = 0, want;
    plain.size = flushed.size = 0;
    text.data = data;
    text.size = size;
    llmobsi_writer_init(&writer, buffer, capacity, sink_write, &flushed);
    (void)llmobsi_writer_turn(&writer, llmobsi_json_string_at(&writer, buffer, text));
    CHECK(!writer.failed);
    llmobsi_writer_init(&writer, plain.text, sizeof plain.text, NULL, NULL);
    llmobsi_json_string(&writer, data, size);
    CHECK(llmobsi_writer_finish(&writer));
    CHECK(writer.length == flushed.size && memcmp(plain.text, flushed.text, flushed.size) == 0);
    CHECK(json_read_string(plain.text, writer.length, back, &back_size));
    want = llmobsi_utf8_repair(repaired, sizeof repaired, data, size);
    CHECK(back_size == want && memcmp(back, repaired, want) == 0);
    free(buffer);
}

/* The input cut into the texts of a batch. */
static void check_batch(const char* data, size_t size, size_t capacity, int format)
{
    static sink small, large;
    llmobs_attribute_view attributes[4];
    llmobs_span_view span;
    llmobs_event_view event;
    llmobs_batch batch;
    llmobsi_writer writer;
    llmobs_string part[6];
    char* buffer = (char*)malloc(capacity);
    size_t i;
    for (i = 0; i < 6; i++) {
        part[i].data = data + size * i / 6;
        part[i].size = size * (i + 1) / 6 - size * i / 6;
    }
    memset(&batch, 0, sizeof batch);
    memset(&span, 0, sizeof span);
    memset(&event, 0, sizeof event);
    memset(attributes, 0, sizeof attributes);
    attributes[0].key = part[0];
    attributes[0].value.string = part[1];
    attributes[1].key = part[2];
    attributes[1].type = LLMOBS_TYPE_STRINGS;
    attributes[1].count = 6;
    attributes[1].value.strings = part;
    attributes[2].type = LLMOBS_TYPE_DOUBLE;
    attributes[3].type = LLMOBS_TYPE_INT;
    memcpy(&attributes[2].value.real, data, size < 8 ? size : 8);
    memcpy(&attributes[3].value.integer, data, size < 8 ? size : 8);
    event.name = part[3];
    event.attributes = span.attributes = attributes;
    event.attribute_count = span.attribute_count = 4;
    span.name = part[4];
    span.status = LLMOBS_STATUS_ERROR;
    span.status_message = part[5];
    span.events = &event;
    span.event_count = 1;
    batch.spans = &span;
    batch.span_count = 1;
    small.size = large.size = 0;
    llmobsi_writer_init(&writer, buffer, capacity, sink_write, &small);
    CHECK(format != 0 ? llmobsi_chrome_encode(&batch, &writer)
                      : llmobsi_otlp_encode(&batch, &writer));
    CHECK(llmobs_encode(&batch, format != 0 ? LLMOBS_FORMAT_CHROME : LLMOBS_FORMAT_OTLP_JSON,
                        sink_write, &large) == LLMOBS_OK);
    CHECK(small.size == large.size && memcmp(small.text, large.text, large.size) == 0);
    for (i = 0; i < large.size; i++) {
        CHECK(((uint8_t)large.text[i] >= 0x20 && large.text[i] != 0x7f) || large.text[i] == '\n');
    }
    CHECK(llmobsi_utf8_is_valid(large.text, large.size));
    free(buffer);
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    size_t capacity;
    if (size == 0 || size > 4096) {
        return 0;
    }
    capacity = LLMOBS_I_WRITER_LEAST + (size_t)(data[0] >> 1) * 5;
    check_string((const char*)data + 1, size - 1, capacity);
    check_batch((const char*)data + 1, size - 1, capacity, data[0] & 1);
    return 0;
}

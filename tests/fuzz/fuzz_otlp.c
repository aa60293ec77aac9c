/* Batches of spans, metrics and log records drawn from hostile bytes, with texts that are those
   bytes: as JSON and as protobuf they are well formed, and say the same as the views; and the same
   with a buffer of hostile size. */
#include "llmobs_private.h"

#include "../otlp_random.h"
#include "../otlp_views.h"

#define CHECK(condition) ((condition) ? (void)0 : abort())

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

typedef struct sink {
    char data[1 << 22];
    size_t size;
} sink;

static sink json, protobuf, small;
static leaves from_views, from_json, from_protobuf;
static otlp_random source;

static bool sink_write(void* user, const char* data, size_t size)
{
    sink* to = (sink*)user;
    CHECK(to->size + size <= sizeof to->data);
    memcpy(to->data + to->size, data, size);
    to->size += size;
    return true;
}

static void check_small(const llmobs_batch* batch, size_t capacity)
{
    char* buffer = (char*)malloc(capacity);
    llmobsi_writer writer;
    small.size = 0;
    llmobsi_writer_init(&writer, buffer, capacity, sink_write, &small);
    CHECK(llmobsi_otlp_encode_protobuf(batch, &writer));
    CHECK(small.size == protobuf.size && memcmp(small.data, protobuf.data, small.size) == 0);
    free(buffer);
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    const llmobs_batch* batch;
    if (size < 2 || size > 4096) {
        return 0;
    }
    random_begin(&source, 1, false);
    memcpy(source.noise, data, size < sizeof source.noise ? size : sizeof source.noise);
    source.bytes = data + 1;
    source.byte_count = size - 1;
    batch = random_batch(&source);
    json.size = protobuf.size = 0;
    CHECK(llmobs_encode(batch, LLMOBS_FORMAT_OTLP_JSON, sink_write, &json) == LLMOBS_OK);
    CHECK(llmobs_encode(batch, LLMOBS_FORMAT_OTLP_PROTOBUF, sink_write, &protobuf) == LLMOBS_OK);
    CHECK(llmobs_otlp_protobuf_size(batch) == protobuf.size);
    leaves_of_views(&from_views, batch);
    CHECK(leaves_of_protobuf(&from_protobuf, otlp_top(batch), protobuf.data, protobuf.size));
    CHECK(leaves_of_json(&from_json, json.data, json.size));
    CHECK(leaves_equal(&from_views, &from_protobuf));
    CHECK(leaves_equal(&from_views, &from_json));
    check_small(batch, LLMOBS_I_WRITER_LEAST + (size_t)data[0] * 5);
    return 0;
}

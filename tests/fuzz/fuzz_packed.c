/* A batch of hostile bytes, read into memories of several sizes, whole and in parts. What is read
   is sound: it can be written, and then reads as the same; encoders take it; items are counted
   right. No seeds: each input also damages a good batch, by places and bytes. */
#include "llmobs_private.h"

#include <stdio.h>
#include <stdlib.h>

#include "../random.h"
#include "../batches.h"

#define CHECK(condition) ((condition) ? (void)0 : abort())

enum { MOST = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

static batch_maker maker;
static llmobsi_packed packed;
static unsigned char memory[MOST] __attribute__((aligned(64)));
static unsigned char second[MOST] __attribute__((aligned(64)));

typedef struct bytes {
    unsigned char data[MOST];
    size_t size;
} bytes;

static bytes forged, written, again;

static bool take(void* user, const char* data, size_t size)
{
    bytes* to = (bytes*)user;
    CHECK(size <= sizeof to->data - to->size);
    memcpy(to->data + to->size, data, size);
    to->size += size;
    return true;
}

static bool ignore(void* user, const char* data, size_t size)
{
    (void)user;
    (void)data;
    (void)size;
    return true;
}

static void write_batch(const llmobs_batch* batch, bytes* to)
{
    char buffer[LLMOBS_I_WRITER_LEAST];
    llmobsi_writer writer;
    to->size = 0;
    llmobsi_writer_init(&writer, buffer, sizeof buffer, take, to);
    llmobsi_packed_measure(&packed, batch);
    CHECK(llmobsi_packed_write(&packed, &writer) && to->size == packed.size);
}

/* A few bytes at a time. */
static bool fill(llmobsi_unpacker* in)
{
    size_t count = in->behind < 37 ? (size_t)in->behind : 37;
    if (count == 0) {
        return false;
    }
    in->at = in->end;
    in->end = in->at + count;
    in->behind -= count;
    return true;
}

static llmobsi_unpack_result read_batch(const unsigned char* data, size_t size, uint64_t skip,
                                        unsigned char* to, size_t room, llmobs_batch* batch)
{
    static llmobsi_unpacker in;
    llmobsi_unpack_result result;
    in.at = in.end = data;
    in.behind = size;
    in.fill = fill;
    result = llmobsi_unpack(&in, skip, to, room, batch);
    CHECK(in.items == items_of(batch));
    return result;
}

static void check(const llmobs_batch* batch)
{
    llmobs_batch back;
    write_batch(batch, &written);
    CHECK(read_batch(written.data, written.size, 0, second, sizeof second, &back) ==
          LLMOBS_I_UNPACK_WHOLE);
    write_batch(&back, &again);
    CHECK(again.size == written.size && memcmp(again.data, written.data, again.size) == 0);
    (void)llmobs_encode(batch, LLMOBS_FORMAT_OTLP_JSON, ignore, NULL);
    (void)llmobs_encode(batch, LLMOBS_FORMAT_CHROME, ignore, NULL);
    (void)llmobs_encode(batch, LLMOBS_FORMAT_LOG_JSON, ignore, NULL);
}

static void read_all(const unsigned char* data, size_t size)
{
    static const size_t rooms[] = {512, 4096, 16384, 1 << 18};
    unsigned i;
    for (i = 0; i < 4; i++) {
        llmobsi_unpack_result result = LLMOBS_I_UNPACK_PART;
        uint64_t had = 0;
        while (result == LLMOBS_I_UNPACK_PART) {
            llmobs_batch batch;
            result = read_batch(data, size, had, memory, rooms[i], &batch);
            CHECK(result == LLMOBS_I_UNPACK_WHOLE || result == LLMOBS_I_UNPACK_PART ||
                  items_of(&batch) == 0);
            CHECK(result != LLMOBS_I_UNPACK_PART || items_of(&batch) > 0);
            if (result == LLMOBS_I_UNPACK_WHOLE || result == LLMOBS_I_UNPACK_PART) {
                check(&batch);
            }
            had += items_of(&batch);
        }
    }
}

/* A copy of its own size, so that a byte too many is seen. */
static void read_alone(const uint8_t* data, size_t size)
{
    unsigned char* copy = (unsigned char*)malloc(size > 0 ? size : 1);
    CHECK(copy != NULL);
    if (size > 0) {
        memcpy(copy, data, size);
    }
    read_all(copy, size);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    read_alone(data, size);
    if (size >= 8) {
        uint64_t seed;
        size_t i;
        memcpy(&seed, data, 8);
        random_state = seed % 64;
        write_batch(some_batch(&maker, 1u + (unsigned)(seed % 7), 3), &forged);
        for (i = 8; i + 3 <= size; i += 3) {
            size_t place = (data[i] | (size_t)data[i + 1] << 8) % forged.size;
            forged.data[place] = data[i + 2];
        }
        read_alone(forged.data, forged.size);
    }
    return 0;
}

/* The spool: a batch of 100 spans, 60 KB of views, put and given back, on a file system in memory;
   against write(2) and read(2) of the same bytes. */
#define LLMOBS_IMPLEMENTATION
#include "../llmobs.h"

#include "bench.h"

#define FOLDER "/dev/shm/llmobs_bench_spool"
#define SPANS 100
#define ATTRIBUTES 8

static llmobs_span_view spans[SPANS];
static llmobs_attribute_view attributes[ATTRIBUTES];
static llmobs_resource_view resource;
static llmobs_batch batch;
static llmobsi_spool spool;
static llmobsi_packed packed;
static unsigned char memory[1 << 17] __attribute__((aligned(64)));
static unsigned char bytes[1 << 17];
static size_t size;
static int file;
static uint64_t wrong; /* what was measured was not that: a put that failed, half a batch */

static void make_batch(void)
{
    static const char* const keys[ATTRIBUTES] = {
        "gen_ai.request.model", "gen_ai.system", "gen_ai.usage.input_tokens", "llm.feature",
        "server.address",       "user.id",       "gen_ai.response.id",        "cost"};
    size_t i;
    for (i = 0; i < ATTRIBUTES; i++) {
        attributes[i].key = llmobs_str(keys[i]);
        attributes[i].type = i % 2 == 0 ? LLMOBS_TYPE_STRING : LLMOBS_TYPE_INT;
        if (i % 2 == 0) {
            attributes[i].value.string = llmobs_str("gpt-4o-mini-2024-07-18");
        }
    }
    for (i = 0; i < SPANS; i++) {
        spans[i].trace_id[0] = (uint8_t)i;
        spans[i].name = llmobs_str("chat.completion");
        spans[i].attributes = attributes;
        spans[i].attribute_count = ATTRIBUTES;
    }
    batch.resource = &resource;
    batch.spans = spans;
    batch.span_count = SPANS;
}

static bool take(void* user, const char* data, size_t count)
{
    (void)user;
    memcpy(bytes + size, data, count);
    size += count;
    return true;
}

static void pack_body(void* unused, uint32_t times)
{
    (void)unused;
    while (times-- > 0) {
        char buffer[1024];
        llmobsi_writer writer;
        size = 0;
        llmobsi_writer_init(&writer, buffer, sizeof buffer, take, NULL);
        llmobsi_packed_measure(&packed, &batch);
        (void)llmobsi_packed_write(&packed, &writer);
    }
}

static void put_body(void* unused, uint32_t times)
{
    (void)unused;
    while (times-- > 0) {
        wrong += llmobsi_spool_put(&spool, &batch) != LLMOBS_I_SPOOL_OK;
    }
}

/* Before what takes: something to take. */
static void fill(void* unused)
{
    (void)unused;
    put_body(NULL, 64);
}

static void take_body(void* unused, uint32_t times)
{
    (void)unused;
    while (times-- > 0) {
        llmobs_batch back;
        wrong += llmobsi_spool_peek(&spool, memory, sizeof memory, &back) != LLMOBS_I_SPOOL_OK ||
                 back.span_count != SPANS;
        llmobsi_spool_take(&spool);
    }
}

static void write_body(void* unused, uint32_t times)
{
    (void)unused;
    (void)!ftruncate(file, 0);
    (void)lseek(file, 0, SEEK_SET);
    while (times-- > 0) {
        wrong += write(file, bytes, size) != (ssize_t)size;
    }
}

static void read_body(void* unused, uint32_t times)
{
    (void)unused;
    while (times-- > 0) {
        (void)lseek(file, 0, SEEK_SET);
        wrong += read(file, memory, size) != (ssize_t)size;
    }
}

int main(void)
{
    static bench_set set;
    bench_case *pack, *put, *taken, *written, *was_read;
    make_batch();
    pack_body(NULL, 1);
    if (llmobsi_spool_open(&spool, FOLDER, 64 << 20) != LLMOBS_I_SPOOL_OK) {
        printf("# skipped: no spool in /dev/shm\n");
        return 0;
    }
    file = open(FOLDER "/plain", O_RDWR | O_CREAT | O_TRUNC, 0600);
    pack = bench_add(&set, "100 spans as bytes", pack_body, NULL);
    put = bench_add(&set, "put", put_body, NULL);
    taken = bench_add(&set, "peek and take", take_body, NULL);
    taken->before = fill;
    taken->most_times = 64;
    written = bench_add(&set, "write(2) of the same bytes", write_body, NULL);
    was_read = bench_add(&set, "read(2) of the same bytes", read_body, NULL);
    bench_run(&set);
    printf("# %zu bytes a batch\n", size);
    bench_print(pack, 0);
    bench_print(put, 0);
    bench_print(taken, 0);
    bench_print(written, 0);
    bench_print(was_read, 0);
    bench_ratio("put, in times of write(2)", written, put, 0);
    bench_ratio("peek and take, in times of read(2)", was_read, taken, 0);
    (void)close(file);
    (void)unlink(FOLDER "/plain");
    while (spool.segment_count > 0) {
        llmobsi_spool_retire(&spool, LLMOBS_I_SPOOL_GIVES_WAY);
    }
    llmobsi_spool_close(&spool);
    (void)unlink(FOLDER "/lock");
    (void)rmdir(FOLDER);
    if (wrong > 0) {
        printf("# %llu calls failed: the figures mean nothing\n", (unsigned long long)wrong);
    }
    return wrong > 0;
}

/* Batches of 512 spans encoded: OTLP as JSON and as protobuf, Chrome traces, spans with and without
   attributes; libprotobuf beside it; and the pieces that this is made of. */
#define LLMOBS_IMPLEMENTATION
#include "../llmobs.h"

#include "bench.h"

#define SPANS 512u

/* ---- spans --------------------------------------------------------------------------------- */

typedef struct work {
    llmobs_format format;
    llmobs_batch batch;
    llmobs_resource_view resource;
    llmobs_attribute_view attributes[6];
    llmobs_span_view spans[SPANS];
    size_t bytes; /* of the last batch */
} work;

static work works[6];

static bool count_bytes(void* user, const char* data, size_t size)
{
    bench_keep(data);
    ((work*)user)->bytes += size;
    return true;
}

/* One time is one span: whole batches are encoded. */
static void encode(void* context, uint32_t times)
{
    work* w = (work*)context;
    while (times > 0) {
        w->batch.span_count = times < SPANS ? times : SPANS;
        times -= (uint32_t)w->batch.span_count;
        w->bytes = 0;
        (void)llmobs_encode(&w->batch, w->format, count_bytes, w);
    }
}

static llmobs_string string_of(const char* text)
{
    llmobs_string string;
    string.data = text;
    string.size = strlen(text);
    return string;
}

static void fill_attributes(llmobs_attribute_view* a)
{
    a[0].key = string_of("gen_ai.request.model");
    a[0].value.string = string_of("gpt-large-2026-01-15-abc"); /* 24 bytes, as is the next */
    a[1].key = string_of("gen_ai.operation.name");
    a[1].value.string = string_of("chat-completion-and-more");
    a[2].key = string_of("gen_ai.usage.input_tokens");
    a[2].type = LLMOBS_TYPE_INT;
    a[2].value.integer = 1234;
    a[3].key = string_of("gen_ai.usage.output_tokens");
    a[3].type = LLMOBS_TYPE_INT;
    a[3].value.integer = 567;
    a[4].key = string_of("gen_ai.request.temperature");
    a[4].type = LLMOBS_TYPE_DOUBLE;
    a[4].value.real = 0.7;
    a[5].key = string_of("llm.stream");
    a[5].type = LLMOBS_TYPE_BOOL;
    a[5].value.boolean = true;
}

static work* work_of(work* w, llmobs_format format, uint32_t attributes)
{
    uint64_t random = 1;
    uint32_t i, j;
    memset(w, 0, sizeof(*w));
    w->format = format;
    fill_attributes(w->attributes);
    w->resource.attributes = w->attributes;
    w->resource.attribute_count = 2;
    w->batch.size = sizeof(w->batch);
    w->batch.resource = &w->resource;
    w->batch.spans = w->spans;
    for (i = 0; i < SPANS; i++) {
        llmobs_span_view* span = &w->spans[i];
        for (j = 0; j < 16; j++) {
            random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            span->trace_id[j] = (uint8_t)(random >> 56);
            span->span_id[j & 7] = (uint8_t)(random >> 48);
            span->parent_span_id[j & 7] = (uint8_t)(random >> 40);
        }
        span->name = string_of("generate");
        span->trace_state = span->status_message = string_of("");
        span->start_unix_ns = UINT64_C(1764000000123456789) + i * 1000;
        span->end_unix_ns = span->start_unix_ns + 900;
        span->flags = 0x101;
        span->kind = LLMOBS_KIND_CLIENT;
        span->attributes = w->attributes;
        span->attribute_count = attributes;
    }
    return w;
}

/* ---- the peer ------------------------------------------------------------------------------ */

#ifdef HAVE_PROTOBUF
#include "peer_protobuf.h"

static peer_attribute peer_attributes[6];
static peer_span peer_spans[SPANS];
static peer_traces peer_all;
static char peer_out[1 << 20];

static void peer_fill(const work* w)
{
    uint32_t i;
    for (i = 0; i < 6; i++) {
        const llmobs_attribute_view* from = &w->attributes[i];
        peer_attribute* to = &peer_attributes[i];
        to->key = from->key.data;
        to->key_size = from->key.size;
        to->type = (int)from->type;
        if (from->type == LLMOBS_TYPE_STRING) {
            to->text = from->value.string.data;
            to->text_size = from->value.string.size;
        } else if (from->type == LLMOBS_TYPE_INT) {
            to->integer = from->value.integer;
        } else if (from->type == LLMOBS_TYPE_DOUBLE) {
            to->real = from->value.real;
        } else {
            to->boolean = from->value.boolean;
        }
    }
    for (i = 0; i < SPANS; i++) {
        const llmobs_span_view* from = &w->spans[i];
        peer_span* to = &peer_spans[i];
        to->trace_id = from->trace_id;
        to->span_id = from->span_id;
        to->parent_id = from->parent_span_id;
        to->name = from->name.data;
        to->name_size = from->name.size;
        to->start = from->start_unix_ns;
        to->end = from->end_unix_ns;
        to->flags = from->flags;
        to->kind = (int)from->kind;
    }
    peer_all.spans = peer_spans;
    peer_all.attributes = peer_attributes;
    peer_all.attribute_count = 6;
    peer_all.version = LLMOBS_VERSION_STRING;
}

static void peer_body(void* context, uint32_t times)
{
    (void)context;
    while (times > 0) {
        peer_all.span_count = times < SPANS ? times : SPANS;
        times -= (uint32_t)peer_all.span_count;
        (void)peer_encode(&peer_all, peer_out, sizeof peer_out);
        bench_keep(peer_out);
    }
}

/* The two must have written as many bytes. */
static bench_case* peer_add(bench_set* set, work* w)
{
    size_t size;
    peer_fill(w);
    peer_all.span_count = SPANS;
    size = peer_encode(&peer_all, peer_out, sizeof peer_out);
    encode(w, SPANS);
    if (size != w->bytes) {
        printf("# libprotobuf writes %zu bytes, not %zu\n", size, w->bytes);
        return NULL;
    }
    return bench_add(set, "libprotobuf on an arena, 6 attributes, a span", peer_body, NULL);
}
#else
static bench_case* peer_add(bench_set* set, work* w)
{
    (void)set;
    (void)w;
    return NULL;
}
#endif

/* ---- the pieces ---------------------------------------------------------------------------- */

#define TEXT (16u << 10)
static char clean_text[TEXT], quoted_text[TEXT], foreign_text[TEXT];
static double numbers[256];
static char out[6 * TEXT + 64];

/* One time is one KiB. */
static void escape(void* context, uint32_t times)
{
    llmobs_string text;
    text.data = (const char*)context;
    while (times > 0) {
        char buffer[LLMOBS_I_WRITER_BUFFER];
        llmobsi_writer writer;
        uint32_t kib = times < TEXT / 1024 ? times : TEXT / 1024;
        text.size = kib * 1024;
        times -= kib;
        llmobsi_writer_init(&writer, buffer, sizeof(buffer), count_bytes, &works[3]);
        (void)llmobsi_writer_turn(&writer, llmobsi_json_string_at(&writer, buffer, text));
    }
}

static void copy(void* context, uint32_t times)
{
    while (times-- > 0) {
        memcpy(out + (times & 15) * 1024, (const char*)context + (times & 15) * 1024, 1024);
        bench_keep(out);
    }
}

static void validate(void* context, uint32_t times)
{
    while (times > 0) {
        uint32_t kib = times < TEXT / 1024 ? times : TEXT / 1024;
        bool valid = llmobsi_utf8_is_valid((const char*)context, kib * 1024);
        times -= kib;
        bench_keep(&valid);
    }
}

static void append_doubles(void* context, uint32_t times)
{
    const double* from = (const double*)context;
    while (times-- > 0) {
        (void)llmobsi_append_double(out, from[times & 255]);
        bench_keep(out);
    }
}

static void print_doubles(void* context, uint32_t times)
{
    const double* from = (const double*)context;
    while (times-- > 0) {
        (void)snprintf(out, 64, "%.17g", from[times & 255]);
        bench_keep(out);
    }
}

static void append_times(void* context, uint32_t times)
{
    uint64_t time = UINT64_C(1764000000123456789);
    (void)context;
    while (times-- > 0) {
        (void)llmobsi_append_u64(out, time += 1001);
        bench_keep(out);
    }
}

static void fill_texts(void)
{
    uint32_t i;
    for (i = 0; i < TEXT; i++) {
        clean_text[i] = (char)('a' + i % 26);
        quoted_text[i] = i % 2 == 0 ? '"' : '\n';
        foreign_text[i] = "\xe4\xbd\xa0\xe5\xa5\xbd"[i % 6];
    }
    for (i = 0; i < 256; i++) {
        numbers[i] = 0.001 * (double)(i * i + 1);
    }
}

/* ---- main ---------------------------------------------------------------------------------- */

static bench_set spans, texts, singles;

/* What the quiet median comes to; `least` million spans a second are the target, 0: none. */
static void bench_rates(const char* name, const bench_case* one, double least)
{
    work* w = (work*)one->context;
    double ns = one->median[BENCH_IS_QUIET] > 0 ? one->median[BENCH_IS_QUIET] : one->least;
    char line[64], target[32];
    encode(w, SPANS);
    snprintf(line, sizeof(line), "%s rate", name);
    snprintf(target, sizeof(target), ">= %g", least);
    bench_line(line, "quiet", 1000.0 / ns, "M spans/s", least > 0 ? target : NULL,
               1000.0 / ns >= least);
    snprintf(line, sizeof(line), "%s bytes", name);
    bench_line(line, "quiet", (double)w->bytes / SPANS / ns, "GB/s", NULL, true);
    snprintf(line, sizeof(line), "%s size", name);
    bench_line(line, "", (double)w->bytes / SPANS, "bytes a span", NULL, true);
}

static void bench_spans(void)
{
    work* body = work_of(&works[4], LLMOBS_FORMAT_OTLP_PROTOBUF, 6);
    bench_case* otlp = bench_add(&spans, "OTLP/JSON, 6 attributes, a span", encode,
                                 work_of(&works[0], LLMOBS_FORMAT_OTLP_JSON, 6));
    bench_case* bare = bench_add(&spans, "OTLP/JSON, no attributes, a span", encode,
                                 work_of(&works[1], LLMOBS_FORMAT_OTLP_JSON, 0));
    bench_case* protobuf = bench_add(&spans, "OTLP protobuf, 6 attributes, a span", encode, body);
    bench_case* bare_protobuf = bench_add(&spans, "OTLP protobuf, no attributes, a span", encode,
                                          work_of(&works[5], LLMOBS_FORMAT_OTLP_PROTOBUF, 0));
    bench_case* chrome = bench_add(&spans, "Chrome, 6 attributes, a span", encode,
                                   work_of(&works[2], LLMOBS_FORMAT_CHROME, 6));
    bench_case* peer = peer_add(&spans, body);
    bench_run(&spans);
    bench_print(otlp, 90);
    bench_rates("OTLP/JSON, 6 attributes,", otlp, 6);
    bench_print(bare, 0);
    bench_print(protobuf, 0);
    bench_rates("OTLP protobuf, 6 attributes,", protobuf, 12);
    bench_print(bare_protobuf, 0);
    if (peer != NULL) {
        bench_print(peer, 0);
    }
    bench_ratio("OTLP protobuf: libprotobuf / llmobs", protobuf, peer, 10);
    bench_print(chrome, 0);
    bench_rates("Chrome, 6 attributes,", chrome, 0);
}

static void bench_texts(void)
{
    bench_case* clean = bench_add(&texts, "escape 1 KiB of clean text", escape, clean_text);
    bench_case* quoted = bench_add(&texts, "escape 1 KiB of specials", escape, quoted_text);
    bench_case* foreign = bench_add(&texts, "escape 1 KiB of Chinese", escape, foreign_text);
    bench_case* copied = bench_add(&texts, "memcpy 1 KiB", copy, clean_text);
    bench_case* ascii = bench_add(&texts, "validate 1 KiB of ASCII", validate, clean_text);
    bench_case* utf8 = bench_add(&texts, "validate 1 KiB of Chinese", validate, foreign_text);
    bench_run(&texts);
    bench_print(clean, 1024 / 16.8); /* twice RapidJSON with SSE4.2: 16.8 GB/s */
    bench_print(quoted, 0);
    bench_print(foreign, 0);
    bench_print(copied, 0);
    bench_print(ascii, 0);
    bench_print(utf8, 0);
}

static void bench_numbers(void)
{
    bench_case* ours = bench_add(&singles, "a double", append_doubles, numbers);
    bench_case* libc = bench_add(&singles, "a double by snprintf %.17g", print_doubles, numbers);
    bench_case* time = bench_add(&singles, "a time of 19 digits", append_times, NULL);
    bench_run(&singles);
    bench_print(ours, 0);
    bench_print(libc, 0);
    bench_ratio("a double: snprintf / llmobs", ours, libc, 0);
    bench_print(time, 0);
}

int main(void)
{
    fill_texts();
    bench_spans();
    bench_texts();
    bench_numbers();
    printf("# %u short\n", bench_short_count);
    return 0;
}

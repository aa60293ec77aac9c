/* Records spans of every kind through the public API, for other people's decoders.

       otlp_sample DIRECTORY [SPANS]

   writes what the exporters write, and beside it, as leaves (see leaves.h), what must be read:
       out.jsonl, trace.json    by llmobs_export_file, from two instances
       out.expected             from an exporter that gets the same spans
       out.asked                from the recording side: a part of out.expected
       gap.jsonl                by llmobs_encode, from an instance that loses every other batch
       gap.expected, gap.asked  the same for it
       out.pb, gap.pb           the same spans as protobuf, framed as leaves.h says
   SPANS is how many are recorded in bulk, by several threads, beside the special ones. */
#define LLMOBS_IMPLEMENTATION
#include "llmobs.h"

#include "leaves.h"

#include <float.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define FFFD "\xef\xbf\xbd"

/* ---- what is hard to carry ----------------------------------------------------------------- */

static const text texts[] = {
    TEXT("plain"),
    TEXT("\"quotes\" \\ back\\\\slashes / slashes"),
    TEXT("\b\f\n\r\t\v\a\x1b[31m\x7f"),
    TEXT("\x01\x02\x03\x04\x05\x06\x0e\x0f\x10\x11\x12\x13"),
    TEXT("\x14\x15\x16\x17\x18\x19\x1a\x1c\x1d\x1e\x1f"),
    TEXT("a NUL \0 inside"),
    TEXT("\\u0041 \\n is no escape"),
    TEXT("</script><!-- ]]> &amp; ' ` $(x) %s %n {\"a\":[1,2]}"),
    TEXT("caf\xc3\xa9 \xc3\x9f \xe6\xbc\xa2\xe5\xad\x97"),
    TEXT("\xf0\x9f\x98\x80\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb"), /* emoji, joined */
    TEXT("\xe2\x80\xa8 \xe2\x80\xa9 \xc2\x85 \xc2\x80 \xc2\xa0"), /* line ends, C1, a blank */
    TEXT("\xe2\x80\xae bidi \xe2\x80\xad \xe2\x81\xa6 \xe2\x81\xa9 \xe2\x80\x8f \xd8\x9c"),
    TEXT("\xef\xbb\xbf\xef\xbf\xbe\xef\xbf\xbf \xf4\x8f\xbf\xbf"), /* marks, and the last */
    TEXT("\xed\x9f\xbf \xee\x80\x80 \xdf\xbf \xe0\xa0\x80 \xf0\x90\x80\x80"), /* borders */
    TEXT("0123456789abcde\"0123456789abcdef0123456789abcdef0123456789abcdef\n0123456789"),
    TEXT_READ_AS("a\xff" "b\xfe", "a" FFFD "b" FFFD),
    TEXT_READ_AS("\x80\xbf", FFFD FFFD),
    TEXT_READ_AS("\xc0\xaf\xe0\x80\xaf", FFFD FFFD FFFD FFFD FFFD), /* overlong */
    TEXT_READ_AS("\xed\xa0\x80.", FFFD FFFD FFFD "."),              /* a surrogate */
    TEXT_READ_AS("\xf4\x90\x80\x80.", FFFD FFFD FFFD FFFD "."),     /* above U+10FFFF */
    TEXT_READ_AS("\xe2\x82" "A\xf0\x9f\x98", FFFD "A" FFFD),        /* cut */
    TEXT("NaN"), TEXT("-Infinity"), TEXT("null"), TEXT("1e999"), TEXT(" "), TEXT(""),
};

static const int64_t integers[] = {
    0, -1, 1, INT64_MIN, INT64_MAX, INT64_MIN + 1, INT32_MIN, INT32_MAX, (int64_t)UINT32_MAX,
    (INT64_C(1) << 53) + 1, -(INT64_C(1) << 53) - 1, INT64_C(1000000000000000000),
    INT64_C(9007199254740993),
};

static const double reals[] = {
    0.0, -0.0, 1.0, -1.0, 0.1, 1.0 / 3, DBL_MIN, DBL_MAX, -DBL_MAX, DBL_EPSILON, 5e-324, -5e-324,
    2.2250738585072009e-308, 1e21, 1e22, 1e23, 9.5e-7, 1e-7, 123456789012345680.0,
    9007199254740993.0, 9223372036854775807.0, 18446744073709551615.0, 4.35, 0.000001,
    (double)NAN, (double)INFINITY, -(double)INFINITY,
};

static const text service =
    TEXT_READ_AS("interop \"\xc3\xa9\"\n\xff", "interop \"\xc3\xa9\"\n" FFFD);
static const text version = TEXT("1.2.3-\\beta");

static const char* const together[] = {"one", "\xc3\xbc\"\\", ""};

static uint64_t next_random(uint64_t* state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* ---- the exporters that expect ------------------------------------------------------------- */

typedef struct expectation {
    FILE* leaves;
    FILE* encoded; /* NULL: a file exporter does that */
    FILE* protobuf;
    size_t spans;
    size_t batches;
    uint64_t refused; /* spans answered DROP */
    bool refuses;     /* what comes now */
} expectation;

static bool write_to(void* user, const char* data, size_t size)
{
    return fwrite(data, 1, size, (FILE*)user) == size;
}

static llmobs_export_result expect(void* user, const llmobs_batch* batch)
{
    expectation* expected = (expectation*)user;
    leaves_batch(expected->leaves, batch);
    if (!write_frame(expected->protobuf, batch, write_to)) {
        return LLMOBS_EXPORT_DROP; /* which the counts will tell */
    }
    expected->spans += batch->span_count;
    expected->batches++;
    return LLMOBS_EXPORT_OK;
}

static llmobs_export_result expect_or_refuse(void* user, const llmobs_batch* batch)
{
    expectation* expected = (expectation*)user;
    if (expected->refuses) {
        expected->refused += batch->span_count;
        return LLMOBS_EXPORT_DROP;
    }
    if (llmobs_encode(batch, LLMOBS_FORMAT_OTLP_JSON, write_to, expected->encoded) != LLMOBS_OK) {
        return LLMOBS_EXPORT_DROP;
    }
    return expect(user, batch);
}

static void fail(const char* what)
{
    fprintf(stderr, "otlp_sample: %s\n", what);
    exit(1);
}

static FILE* create(const char* directory, const char* name)
{
    char path[1024];
    FILE* file;
    (void)snprintf(path, sizeof path, "%s/%s", directory, name);
    file = fopen(path, "wb");
    if (file == NULL) {
        fail("a file could not be made");
    }
    return file;
}

static void finish(FILE* file)
{
    if (ferror(file) != 0 || fclose(file) != 0) {
        fail("a file could not be written");
    }
}

/* ---- scenes -------------------------------------------------------------------------------- */

/* Each text as a value and an attribute of an event, and, where it is a C string, as a status, a
   name and a key. */
static void record_text(FILE* out, llmobs* obs, const asked* root, const text* one)
{
    bool terminated = strlen(one->data) == one->size;
    const char* name = terminated ? llmobs_name_n(obs, one->data, one->size) : "name";
    const char* read = !terminated ? "name" : one->size != 0 ? one->read : "unnamed";
    llmobs_attribute attribute = llmobs_attribute_string_n(name, one->data, one->size);
    asked span = asked_begun(out, llmobs_span_child(root->span, name), read,
                             LLMOBS_KIND_INTERNAL, root->context.span_id);
    place event = asked_event(&span, read, strlen(read));
    place again = asked_key(&span, read, strlen(read));
    llmobs_span_event_with(span.span, name, &attribute, 1);
    leaf(out, at(event, ".attributes.0.key"), "string", read, strlen(read));
    leaf(out, at(event, ".attributes.0.value.string_value"), "string", one->read, one->read_size);
    llmobs_span_set(span.span, &attribute, 1);
    leaf(out, at(again, ".string_value"), "string", one->read, one->read_size);
    asked_text(&span, "value", one);
    if (terminated) {
        llmobs_span_set_status(span.span, LLMOBS_STATUS_ERROR, one->data);
        leaf_bits(out, at(span.here, ".status.code"), "int", LLMOBS_STATUS_ERROR);
        field_text(out, at(span.here, ".status.message"), one->read, one->read_size);
    }
    llmobs_span_end(span.span);
}

static void record_texts(FILE* out, llmobs* obs)
{
    asked root = asked_root(out, obs, "texts");
    size_t i;
    for (i = 0; i < COUNT_OF(texts); i++) {
        record_text(out, obs, &root, &texts[i]);
    }
    llmobs_span_end(root.span);
}

/* Arrays of none to twenty strings, which all fit one slot. They are C strings, too: the text with
   a NUL inside gives way. */
static void record_arrays(FILE* out, llmobs* obs)
{
    const char* strings[COUNT_OF(texts)];
    asked root = asked_root(out, obs, "arrays");
    size_t count;
    for (count = 0; count <= 20; count++) {
        asked span = asked_child(&root, "array");
        place value = asked_key(&span, "array", 5);
        size_t i;
        if (count == 0) {
            leaf(out, at(value, ".array_value"), "message", NULL, 0);
        }
        for (i = 0; i < count; i++) {
            const text* one = &texts[i];
            if (one->size > 16 || strlen(one->data) != one->size) {
                one = &texts[0];
            }
            strings[i] = one->data;
            leaf(out, at(value, ".array_value.values.%zu.string_value", i), "string", one->read,
                 one->read_size);
        }
        llmobs_span_set_strings(span.span, "array", strings, count);
        llmobs_span_end(span.span);
    }
    llmobs_span_end(root.span);
}

static void record_numbers(FILE* out, llmobs* obs, size_t random_count)
{
    static const char* const keys[] = {"n0", "n1", "n2", "n3", "n4", "n5", "n6", "n7"};
    asked root = asked_root(out, obs, "numbers");
    uint64_t random = UINT64_C(0x9e3779b97f4a7c15);
    size_t i;
    asked_bool(&root, "yes", true);
    asked_bool(&root, "no", false);
    for (i = 0; i < COUNT_OF(integers); i++) {
        asked span = asked_child(&root, "integer");
        asked_int(&span, "value", integers[i]);
        llmobs_span_end(span.span);
    }
    for (i = 0; i < COUNT_OF(reals); i++) {
        asked span = asked_child(&root, "real");
        asked_double(&span, "value", reals[i]);
        llmobs_span_end(span.span);
    }
    for (i = 0; i < random_count; i++) {
        asked span = asked_child(&root, "random");
        size_t k;
        for (k = 0; k < COUNT_OF(keys); k++) {
            uint64_t bits = next_random(&random);
            double real;
            memcpy(&real, &bits, sizeof real);
            if (k % 4 == 3) {
                asked_int(&span, keys[k], (int64_t)bits >> (bits & 63));
            } else {
                asked_double(&span, keys[k], real);
            }
        }
        llmobs_span_end(span.span);
        if (i % 512 == 511) {
            (void)llmobs_flush(obs, 10000);
        }
    }
    llmobs_span_end(root.span);
}

/* What is told does not come from the llmobs_attribute: making one is under test, too. */
static void tell_together(FILE* out, place owner, size_t what)
{
    static const char* const keys[] = {"integer", "real", "bool", "string", "strings", "part"};
    size_t i;
    for (i = 0; i < COUNT_OF(keys); i++) {
        leaf(out, at(owner, ".attributes.%zu.key", i), "string", keys[i], strlen(keys[i]));
    }
    leaf_bits(out, at(owner, ".attributes.0.value.int_value"), "int",
              (uint64_t)integers[what % COUNT_OF(integers)]);
    leaf_double(out, at(owner, ".attributes.1.value.double_value"), reals[what % COUNT_OF(reals)]);
    leaf_bool(out, at(owner, ".attributes.2.value.bool_value"), what % 2 == 0);
    leaf(out, at(owner, ".attributes.3.value.string_value"), "string", "\"\n\xe2\x82\xac", 5);
    for (i = 0; i < 1 + what % COUNT_OF(together); i++) {
        leaf(out, at(owner, ".attributes.4.value.array_value.values.%zu.string_value", i),
             "string", together[i], strlen(together[i]));
    }
    leaf(out, at(owner, ".attributes.5.value.string_value"), "string", "part", 4);
}

/* Several attributes in one call: as a span begins, while it is open, with an event. `what` picks
   the values. */
static void record_together(FILE* out, llmobs* obs, size_t what)
{
    llmobs_attribute inputs[6];
    llmobs_span_info info = llmobs_span_info_default();
    asked span;
    inputs[0] = llmobs_attribute_int("integer", integers[what % COUNT_OF(integers)]);
    inputs[1] = llmobs_attribute_double("real", reals[what % COUNT_OF(reals)]);
    inputs[2] = llmobs_attribute_bool("bool", what % 2 == 0);
    inputs[3] = llmobs_attribute_string("string", "\"\n\xe2\x82\xac");
    inputs[4] = llmobs_attribute_strings("strings", together, 1 + what % COUNT_OF(together));
    inputs[5] = llmobs_attribute_string_n("part", "partial", 4);
    info.name = "together";
    info.attributes = inputs;
    info.attribute_count = 3;
    span = asked_begun(out, llmobs_span_begin(obs, &info), "together", LLMOBS_KIND_INTERNAL, NULL);
    llmobs_span_set(span.span, inputs + 3, 3);
    tell_together(out, span.here, what);
    llmobs_span_event_with(span.span, "together", inputs, COUNT_OF(inputs));
    tell_together(out, asked_event(&span, "together", 8), what);
    llmobs_span_end(span.span);
}

/* Kinds, statuses, a renamed span, a value set twice, a value that is cut. */
static void record_kinds(FILE* out, llmobs* obs)
{
    char long_value[1001];
    const text cut = {long_value, 1000, long_value, 255};
    const text first = TEXT("first");
    llmobs_attribute last = llmobs_attribute_string("twice", "last");
    asked span;
    int kind;
    for (kind = LLMOBS_KIND_INTERNAL; kind <= LLMOBS_KIND_CONSUMER; kind++) {
        llmobs_span_info info = llmobs_span_info_default();
        info.name = "kind";
        info.kind = (llmobs_kind)kind;
        span = asked_begun(out, llmobs_span_begin(obs, &info), "kind", info.kind, NULL);
        leaf(out, at(span.here, ".resource.attributes.0.value.string_value"), "string",
             service.read, service.read_size);
        leaf(out, at(span.here, ".resource.attributes.1.value.string_value"), "string",
             version.read, version.read_size);
        if (kind % 3 != 0) {
            asked_status(&span, (llmobs_status)(kind % 3), "why");
        }
        llmobs_span_end(span.span);
    }
    memset(long_value, 'x', sizeof long_value);
    memcpy(long_value + 255, "\xc3\xa9", 2); /* across the 256th byte, where values are cut */
    span = asked_root(NULL, obs, "before");
    span.out = out;
    llmobs_span_set_name(span.span, "after");
    leaf(out, at(span.here, ".name"), "string", "after", 5);
    llmobs_span_set_string(span.span, "twice", first.data);
    llmobs_span_set(span.span, &last, 1);
    leaf(out, at(asked_key(&span, "twice", 5), ".string_value"), "string", "last", 4);
    asked_text(&span, "cut", &cut);
    llmobs_span_end(span.span);
}

/* Parents elsewhere, their tracestate, links to them. */
static void record_contexts(FILE* out, llmobs* obs)
{
    static const char traceparent[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03";
    static const char tracestate[] = "ot=rv:fedcba98765432;th:8,vendor=\"quoted\" \\ <back>,a@b=!~";
    static const uint8_t far_span[8] = {0xb7, 0xad, 0x6b, 0x71, 0x69, 0x20, 0x33, 0x31};
    llmobs_trace_context context;
    llmobs_span_info info = llmobs_span_info_default();
    asked server, client;
    info.name = "served";
    info.kind = LLMOBS_KIND_SERVER;
    info.traceparent = traceparent;
    info.tracestate = tracestate;
    server = asked_begun(out, llmobs_span_begin(obs, &info), "served", info.kind, far_span);
    leaf(out, at(server.here, ".trace_state"), "string", tracestate, sizeof tracestate - 1);
    leaf_bits(out, at(server.here, ".flags"), "int", 0x303);
    client = asked_child(&server, "inside");
    leaf(out, at(client.here, ".trace_state"), "string", tracestate, sizeof tracestate - 1);
    leaf_bits(out, at(client.here, ".flags"), "int", 0x103);
    memset(&context, 0, sizeof context);
    if (llmobs_trace_context_parse(&context, traceparent, LLMOBS_NUL_TERMINATED, "k=v",
                                   LLMOBS_NUL_TERMINATED) != LLMOBS_OK) {
        fail("a good traceparent was refused");
    }
    asked_link(&client, &context);
    asked_link(&client, &server.context);
    memset(context.trace_id, 0xff, 16);
    memset(context.span_id, 0xff, 8);
    context.tracestate[0] = '\0';
    context.flags = 0;
    asked_link(&client, &context);
    llmobs_span_end(client.span);
    llmobs_span_end(server.span);
    info = llmobs_span_info_default();
    info.name = "by context";
    info.remote = &server.context;
    server = asked_begun(out, llmobs_span_begin(obs, &info), "by context", LLMOBS_KIND_INTERNAL,
                         server.context.span_id);
    llmobs_span_end(server.span);
}

/* More than a span holds: what is left out is counted. */
static void record_too_much(FILE* out, llmobs* obs)
{
    asked span = asked_root(out, obs, "too much");
    llmobs_attribute attributes[130];
    int i;
    for (i = 0; i < 130; i++) {
        char key[16];
        (void)snprintf(key, sizeof key, "key.%d", i);
        attributes[i] = llmobs_attribute_int(llmobs_name_n(obs, key, strlen(key)), i);
    }
    for (i = 0; i < 130; i++) {
        llmobs_span_set(span.span, &attributes[i], 1);
        llmobs_span_event_with(span.span, "event", attributes, i == 0 ? 130 : 0);
        llmobs_span_link(span.span, &span.context);
    }
    llmobs_span_end(span.span);
    leaf_bits(out, at(span.here, ".dropped_attributes_count"), "int", 2);
    leaf_bits(out, at(span.here, ".dropped_events_count"), "int", 2);
    leaf_bits(out, at(span.here, ".dropped_links_count"), "int", 2);
    leaf_bits(out, at(span.here, ".events.0.dropped_attributes_count"), "int", 2);
}

/* ---- in bulk ------------------------------------------------------------------------------- */

typedef struct bulk {
    llmobs* obs;
    uint64_t seed;
    size_t count;
} bulk;

/* Requests of five spans, with values from random bytes: what is expected is what an exporter of
   ours gets. */
static void* record_bulk(void* argument)
{
    const bulk* work = (const bulk*)argument;
    uint64_t random = work->seed;
    char bytes[64];
    const char* const tags[] = {"a", "\xf0\x9f\x98\x80", ""};
    size_t i;
    for (i = 0; i < work->count; i += 5) {
        llmobs_span request = llmobs_span_root(work->obs, "request");
        llmobs_span step = llmobs_span_child(request, "retrieval");
        size_t k;
        llmobs_span_set_strings(step, "tags", tags, i % 4);
        for (k = 0; k < 3; k++) {
            uint64_t bits = next_random(&random);
            size_t b;
            double real;
            memcpy(&real, &bits, sizeof real);
            for (b = 0; b < sizeof bytes; b++) {
                bytes[b] = (char)(next_random(&random) >> 32);
            }
            llmobs_span_set_double(step, "real", real);
            llmobs_span_set_int(step, "integer", (int64_t)bits);
            llmobs_span_set_string_n(step, "bytes", bytes, bits % sizeof bytes);
            llmobs_span_event(step, "token");
            step = llmobs_span_next(step, "step");
        }
        llmobs_span_end(step);
        llmobs_span_end(request);
        if (i % 250 == 0) {
            (void)llmobs_flush(work->obs, 10000);
        }
    }
    return NULL;
}

static void record_in_threads(llmobs* obs, size_t count)
{
    enum { THREADS = 3 };
    pthread_t threads[THREADS];
    bulk work[THREADS];
    size_t i;
    for (i = 0; i < THREADS; i++) {
        work[i].obs = obs;
        work[i].seed = UINT64_C(0x2545f4914f6cdd1d) + i;
        work[i].count = count / THREADS;
        if (pthread_create(&threads[i], NULL, record_bulk, &work[i]) != 0) {
            fail("a thread could not be started");
        }
    }
    for (i = 0; i < THREADS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
}

/* ---- instances ----------------------------------------------------------------------------- */

static llmobs* open_with_files(const llmobs_config* config, const char* directory,
                               expectation* expected)
{
    char path[1024];
    llmobs* obs = llmobs_open(config, NULL);
    bool good;
    (void)snprintf(path, sizeof path, "%s/out.jsonl", directory);
    good = llmobs_export_file(obs, LLMOBS_FORMAT_OTLP_JSON, path) == LLMOBS_OK;
    (void)snprintf(path, sizeof path, "%s/trace.json", directory);
    good = good && llmobs_export_file(obs, LLMOBS_FORMAT_CHROME, path) == LLMOBS_OK;
    if (!good || llmobs_export_to(obs, expect, expected) != LLMOBS_OK) {
        fail("the instance could not be opened");
    }
    return obs;
}

/* Closes; all that was begun must have come to every exporter. */
static void close_complete(llmobs* obs)
{
    llmobs_stats stats;
    uint32_t i;
    stats.size = sizeof stats;
    if (llmobs_close_with_stats(obs, &stats) != LLMOBS_OK || stats.collected != stats.started ||
        stats.expired != 0 || stats.names_overflowed != 0) {
        fail("spans were lost while recording");
    }
    for (i = 0; i < stats.exporter_count; i++) {
        if (stats.exporters[i].exported != stats.started) {
            fail("an exporter lost spans");
        }
    }
}

static void run_files(const char* directory, size_t bulk_spans, FILE* told,
                      expectation* expected)
{
    llmobs_config config = llmobs_config_default();
    llmobs* obs;
    int i;
    config.service_name = service.data;
    config.service_version = version.data;
    config.span_parts = 64;
    config.queue_bytes = 16u << 20;
    config.batch_delay_ms = 20;
    obs = open_with_files(&config, directory, expected);
    record_texts(told, obs);
    record_arrays(told, obs);
    record_numbers(told, obs, bulk_spans / 4);
    for (i = 0; i < (int)COUNT_OF(reals); i++) {
        record_together(told, obs, (size_t)i);
    }
    record_kinds(told, obs);
    record_contexts(told, obs);
    record_too_much(told, obs);
    record_in_threads(obs, bulk_spans);
    close_complete(obs);

    config = llmobs_config_default(); /* sampled: the threshold goes with every span */
    config.sample_ratio = 0.25;
    obs = open_with_files(&config, directory, expected);
    for (i = 0; i < 200; i++) {
        llmobs_span root = llmobs_span_root(obs, "sampled");
        if (llmobs_span_is_recording(root)) {
            asked span = asked_begun(told, root, "sampled", LLMOBS_KIND_INTERNAL, NULL);
            asked child = asked_child(&span, "child");
            leaf(told, at(span.here, ".trace_state"), "string", "ot=th:c", 7);
            leaf(told, at(child.here, ".trace_state"), "string", "ot=th:c", 7);
            llmobs_span_end(child.span);
        }
        llmobs_span_end(root);
    }
    close_complete(obs);
}

static uint64_t told_time(void* user)
{
    return *(const uint64_t*)user;
}

/* One batch a round, of which every other is refused, at times from the whole range. */
static void run_gap(FILE* told, expectation* expected)
{
    static const uint64_t times[] = {
        1, 2, 3, 1000000007, (UINT64_C(1) << 53) + 1, (UINT64_C(1) << 53) + 3,
        UINT64_C(1) << 63, UINT64_MAX - 1, UINT64_MAX,
    };
    const text value = TEXT("\"\\\n\x7f\xe2\x80\xa8\xf0\x9f\x98\x80");
    uint64_t now = times[0];
    uint64_t refused = 0; /* and told by an earlier round */
    llmobs_config config = llmobs_config_default();
    llmobs* obs;
    size_t i;
    config.host_pumped = true;
    config.service_name = "gap";
    config.clock.unix_ns = told_time;
    config.clock.user = &now;
    obs = llmobs_open(&config, NULL);
    if (llmobs_export_to(obs, expect_or_refuse, expected) != LLMOBS_OK) {
        fail("the instance could not be opened");
    }
    for (i = 0; i + 1 < COUNT_OF(times); i++) {
        FILE* out = i % 2 == 0 ? told : NULL; /* refused spans are never read */
        asked root = asked_root(out, obs, "request");
        asked span = asked_child(&root, "step");
        place event;
        asked_int(&span, "integer", integers[i]);
        asked_double(&span, "real", reals[COUNT_OF(reals) - 1 - i]);
        asked_bool(&span, "bool", i % 4 == 0);
        asked_text(&span, "text", &value);
        asked_link(&span, &root.context);
        leaf_bits(out, at(span.here, ".start_time_unix_nano"), "int", times[i]);
        now = times[i + 1];
        llmobs_span_event(span.span, "later");
        event = asked_event(&span, "later", 5);
        leaf_bits(out, at(event, ".time_unix_nano"), "int", now);
        leaf_bits(out, at(span.here, ".end_time_unix_nano"), "int", now);
        asked_status(&span, LLMOBS_STATUS_ERROR, "\"failed\"\n");
        leaves_gap(out, span.here, expected->refused - refused);
        refused = out != NULL ? expected->refused : refused;
        llmobs_span_end(span.span);
        llmobs_span_end(root.span);
        expected->refuses = out == NULL;
        (void)llmobs_flush(obs, 1000);
    }
    if (llmobs_close(obs) != LLMOBS_OK || expected->refused == 0) {
        fail("there is no gap");
    }
}

int main(int count, char** arguments)
{
    expectation files, gap;
    FILE* files_asked;
    FILE* gap_asked;
    const char* directory = count > 1 ? arguments[1] : ".";
    size_t bulk_spans = count > 2 ? (size_t)strtoul(arguments[2], NULL, 10) : 3000;
    memset(&files, 0, sizeof files);
    memset(&gap, 0, sizeof gap);
    files.leaves = create(directory, "out.expected");
    files.protobuf = create(directory, "out.pb");
    files_asked = create(directory, "out.asked");
    run_files(directory, bulk_spans, files_asked, &files);
    finish(files.leaves);
    finish(files.protobuf);
    finish(files_asked);

    gap.leaves = create(directory, "gap.expected");
    gap.encoded = create(directory, "gap.jsonl");
    gap.protobuf = create(directory, "gap.pb");
    gap_asked = create(directory, "gap.asked");
    run_gap(gap_asked, &gap);
    finish(gap.leaves);
    finish(gap.encoded);
    finish(gap.protobuf);
    finish(gap_asked);
    printf("%zu spans in %zu batches, %zu in %zu with gaps\n", files.spans, files.batches,
           gap.spans, gap.batches);
    return 0;
}

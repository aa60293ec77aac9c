/* Batches as bytes: what is read back is what was written, in parts where the memory is small;
   whatever the bytes are, nothing is read or written elsewhere. */
#include "llmobs_private.h"

#include <stdlib.h>

#include "tap.h"
#define RANDOM_SEED 71
#include "random.h"
#include "batches.h"

#define MOST (4u << 20)

static batch_maker maker;
static unsigned char bytes[MOST];
static size_t size;
static unsigned char memory[MOST] __attribute__((aligned(64)));
static llmobsi_packed packed;

static bool take_bytes(void* user, const char* data, size_t count)
{
    (void)user;
    if (count > sizeof bytes - size) {
        return false;
    }
    memcpy(bytes + size, data, count);
    size += count;
    return true;
}

static bool pack(const llmobs_batch* batch)
{
    char buffer[LLMOBS_I_WRITER_LEAST];
    llmobsi_writer writer;
    size = 0;
    llmobsi_writer_init(&writer, buffer, sizeof buffer, take_bytes, NULL);
    llmobsi_packed_measure(&packed, batch);
    return llmobsi_packed_write(&packed, &writer) && size == packed.size;
}

/* ---- reading: at one go, or a few bytes at a time ------------------------------------------ */

typedef struct drip {
    size_t from;
    size_t step; /* 0: all at once */
    unsigned char piece[4096];
} drip;

static bool drip_fill(llmobsi_unpacker* in)
{
    drip* source = (drip*)in->user;
    size_t count = in->behind < source->step ? (size_t)in->behind : source->step;
    if (count == 0) {
        return false;
    }
    memcpy(source->piece, bytes + source->from, count);
    source->from += count;
    in->at = source->piece;
    in->end = source->piece + count;
    in->behind -= count;
    return true;
}

static llmobsi_unpack_result unpack(size_t step, uint64_t skip, size_t room, llmobs_batch* batch,
                                    uint64_t* items)
{
    static llmobsi_unpacker in;
    static drip source;
    llmobsi_unpack_result result;
    source.from = 0;
    source.step = step;
    in.at = bytes;
    in.end = step == 0 ? bytes + size : bytes;
    in.behind = step == 0 ? 0 : size;
    in.fill = drip_fill;
    in.user = &source;
    result = llmobsi_unpack(&in, skip, memory, room, batch);
    *items = in.items;
    return result;
}

static const unsigned signal_sets[] = {1, 2, 4, 7};

static void test_round_trips(bool plain)
{
    static const size_t steps[] = {0, 1, 7, 100, 4096};
    unsigned packed_wrong = 0, result_wrong = 0, different = 0, written_wrong = 0;
    unsigned rounds;
    maker.plain = plain;
    for (rounds = 0; rounds < (by_qemu() ? 300 : 3000); rounds++) {
        const llmobs_batch* batch = some_batch(&maker, signal_sets[rounds % 4], rounds % 12);
        llmobs_batch back;
        uint64_t items;
        packed_wrong += !pack(batch);
        result_wrong += unpack(steps[rounds % 5], 0, sizeof memory, &back, &items) !=
                            LLMOBS_I_UNPACK_WHOLE ||
                        items != items_of(batch);
        different += !same_batch(batch, &back);
        /* The same again: the bytes of what was read. */
        if (plain) {
            static unsigned char first[MOST];
            size_t first_size = size;
            memcpy(first, bytes, size);
            written_wrong +=
                !pack(&back) || size != first_size || memcmp(first, bytes, size) != 0;
        }
    }
    is_int(packed_wrong, 0, plain ? "3000 batches are packed, as large as was measured"
                                  : "3000 batches with malformed texts");
    is_int(result_wrong, 0, "... and read back, whole");
    is_int(different, 0, "... the same in all that they say");
    if (plain) {
        is_int(written_wrong, 0, "... and again the same bytes");
    }
}

/* ---- parts --------------------------------------------------------------------------------- */

/* Reads all of it in a memory of that size. Returns whether it was all there. */
static bool in_parts(const llmobs_batch* batch, size_t room, unsigned* parts)
{
    uint64_t had = 0;
    bool same = true;
    *parts = 0;
    while (same && had < items_of(batch)) {
        llmobs_batch back;
        uint64_t items;
        llmobsi_unpack_result result =
            unpack(*parts % 2 == 0 ? 0 : 512, had, room, &back, &items);
        if (result == LLMOBS_I_UNPACK_NONE) {
            return true; /* one alone is too large: that is allowed here */
        }
        same = result != LLMOBS_I_UNPACK_WRONG && items > 0 && items == items_of(&back) &&
               same_part(batch, &back, (size_t)had) && back.id == batch->id;
        had += items;
        (*parts)++;
    }
    return same && had == items_of(batch);
}

static void test_parts(void)
{
    unsigned rounds, wrong = 0, several = 0;
    maker.plain = true;
    for (rounds = 0; rounds < (unsigned)rounds_of(1500); rounds++) {
        const llmobs_batch* batch = some_batch(&maker, signal_sets[rounds % 4], 30);
        unsigned parts = 0;
        if (items_of(batch) > 0) {
            wrong += !pack(batch) || !in_parts(batch, 4096 + 64 * (size_t)below(800), &parts);
            several += parts > 1;
        }
    }
    is_int(wrong, 0, "in a small memory a batch comes in parts, and each item once");
    ok(several > rounds / 5, "... more than one, often");
}

/* Batches as the tick makes them, up to the brim, come back into as much memory: all of the items,
   in two parts at most, since names lay elsewhere. */
static void test_back_to_the_brim(void)
{
    static unsigned char original[65536] __attribute__((aligned(64)));
    unsigned rounds, wrong = 0, most = 0;
    maker.plain = true;
    for (rounds = 0; rounds < (unsigned)rounds_of(200); rounds++) {
        const llmobs_batch* sample = some_batch(&maker, 1, 600);
        llmobs_batch batch = *sample;
        llmobs_batch first;
        uint64_t items;
        unsigned parts = 0;
        /* As many as a memory has room for when names and resource do lie there... */
        wrong += !pack(sample);
        (void)unpack(0, 0, sizeof original, &first, &items);
        /* ...are surely as many as fit when they do not, and a few more. */
        batch.span_count = (size_t)items + (size_t)items / 20;
        batch.span_count = batch.span_count < sample->span_count ? batch.span_count
                                                                 : sample->span_count;
        wrong += !pack(&batch) || !in_parts(&batch, sizeof original, &parts);
        most = parts > most ? parts : most;
    }
    is_int(wrong, 0, "full batches come back into the memory they were made in");
    is_int(most, 2, "... in two parts at most");
}

/* ---- hostile bytes ------------------------------------------------------------------------- */

/* Whether what a batch points to lies in the memory; reads all of it. */
static bool lies_inside(const llmobs_batch* batch, size_t room)
{
    char buffer[LLMOBS_I_WRITER_LEAST];
    llmobsi_writer writer;
    static unsigned char copy[MOST];
    size_t kept = size;
    bool written;
    memcpy(copy, bytes, size);
    size = 0;
    llmobsi_writer_init(&writer, buffer, sizeof buffer, take_bytes, NULL);
    llmobsi_packed_measure(&packed, batch);
    written = llmobsi_packed_write(&packed, &writer);
    size = kept;
    memcpy(bytes, copy, kept);
    return written && (const unsigned char*)batch->spans >= memory &&
           (const unsigned char*)batch->spans <= memory + room;
}

static const llmobs_batch* small_batch(unsigned signals)
{
    const llmobs_batch* batch;
    do {
        batch = some_batch(&maker, signals, 2);
        (void)pack(batch);
    } while (size > 900 || size < 100 || items_of(batch) == 0);
    return batch;
}

static void test_truncated(void)
{
    unsigned rounds, wrong = 0;
    maker.plain = true;
    for (rounds = 0; rounds < 40; rounds++) {
        size_t whole, cut;
        (void)small_batch(signal_sets[rounds % 4]);
        whole = size;
        for (cut = 0; cut < whole; cut++) {
            llmobs_batch back;
            uint64_t items;
            size = cut;
            wrong += unpack(rounds % 2 == 0 ? 0 : 13, 0, sizeof memory, &back, &items) !=
                         LLMOBS_I_UNPACK_WRONG ||
                     items != 0 || back.span_count + back.log_count + back.metric_count != 0;
        }
        size = whole + 1;
        bytes[whole] = 0;
        {
            llmobs_batch back;
            uint64_t items;
            wrong += unpack(0, 0, sizeof memory, &back, &items) != LLMOBS_I_UNPACK_WRONG;
        }
    }
    is_int(wrong, 0, "cut anywhere, or with a byte more, it is refused");
}

static void test_flipped(void)
{
    unsigned rounds, wrong = 0, refused = 0, read_all = 0;
    for (rounds = 0; rounds < (unsigned)rounds_of(40); rounds++) {
        size_t bit;
        (void)small_batch(signal_sets[rounds % 4]);
        for (bit = 0; bit < 8 * size; bit++) {
            llmobs_batch back;
            uint64_t items;
            size_t room = bit % 3 == 0 ? 4096 : sizeof memory;
            llmobsi_unpack_result result;
            bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
            result = unpack(bit % 2 == 0 ? 0 : 64, bit % 5 == 0, room, &back, &items);
            if (result == LLMOBS_I_UNPACK_WHOLE || result == LLMOBS_I_UNPACK_PART) {
                wrong += !lies_inside(&back, room) || items != items_of(&back);
                read_all++;
            } else {
                refused++;
            }
            bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
        }
    }
    is_int(wrong, 0, "with any bit flipped, what is read lies in the memory");
    ok(refused > 25 * rounds && read_all > 25 * rounds,
       "... much is refused, much is another text or number");
}

/* One of each thing that must be refused, at a place where everything else is right. */
static void refuse_at(size_t place, unsigned char value, const char* what)
{
    llmobs_batch back;
    uint64_t items;
    const unsigned char before = bytes[place];
    ok(unpack(0, 0, sizeof memory, &back, &items) == LLMOBS_I_UNPACK_WHOLE, "sound");
    bytes[place] = value;
    ok(unpack(0, 0, sizeof memory, &back, &items) == LLMOBS_I_UNPACK_WRONG, what);
    bytes[place] = before;
}

static void test_refused(void)
{
    llmobs_batch batch;
    llmobs_span_view span;
    llmobs_log_view log;
    llmobs_metric_view metric;
    llmobs_point_view point;
    llmobs_resource_view resource;
    llmobs_attribute_view attribute;
    uint64_t counts[2] = {1, 2};
    double bound = 1.0;
    memset(&batch, 0, sizeof batch);
    memset(&span, 0, sizeof span);
    memset(&log, 0, sizeof log);
    memset(&metric, 0, sizeof metric);
    memset(&point, 0, sizeof point);
    memset(&resource, 0, sizeof resource);
    memset(&attribute, 0, sizeof attribute);
    batch.resource = &resource;
    batch.spans = &span;
    batch.span_count = 1;
    (void)pack(&batch);
    /* Head: version, id, lost_before, four counts, names ("" is one), resource: 17 bytes. */
    is_int(size, 17 + 61, "an empty span has 61 bytes");
    refuse_at(0, 2, "another version");
    refuse_at(10, 2, "more spans than there is room for");
    refuse_at(14, 200, "more names than there are bytes");
    refuse_at(16 + 1 + 48, 6, "an unknown kind");
    refuse_at(16 + 1 + 49, 3, "an unknown status");
    refuse_at(16 + 1 + 55, 2, "a name that was not told");
    refuse_at(size - 1, 1, "a link that is not there");
    attribute.type = LLMOBS_TYPE_BOOL;
    resource.attributes = &attribute;
    resource.attribute_count = 1;
    (void)pack(&batch);
    refuse_at(18, 5, "an unknown type");
    refuse_at(19, 2, "a truth that is neither");
    resource.attribute_count = 0;
    batch.span_count = 0;
    batch.logs = &log;
    batch.log_count = 1;
    (void)pack(&batch);
    refuse_at(17 + 40, 25, "a severity above 24");
    refuse_at(size - 1, 17, "a vocabulary that there is not");
    batch.log_count = 0;
    batch.metrics = &metric;
    batch.metric_count = 1;
    metric.instrument = LLMOBS_HISTOGRAM;
    metric.points = &point;
    metric.point_count = 1;
    metric.bounds = &bound;
    metric.bound_count = 1;
    point.bucket_counts = counts;
    point.bucket_count = 2;
    (void)pack(&batch);
    refuse_at(16 + 4, 0, "no instrument");
    refuse_at(16 + 4, 7, "an unknown instrument");
    refuse_at(16 + 5, 3, "an unknown number");
    refuse_at(16 + 6, 3, "an unknown temporality");
    refuse_at(13, 0, "points that were not announced");
    refuse_at(size - 4, 1, "a histogram whose buckets are not one more than its bounds");
    memset(bytes + 9, 0xff, 9);
    bytes[18] = 0x01;
    {
        llmobs_batch back;
        uint64_t items;
        (void)unpack(0, 0, sizeof memory, &back, &items);
        memset(bytes + 9, 0xff, 10);
        bytes[19] = 0;
        ok(unpack(0, 0, sizeof memory, &back, &items) == LLMOBS_I_UNPACK_WRONG,
           "a number of more than 64 bits");
    }
}

/* ---- names --------------------------------------------------------------------------------- */

static void test_names(void)
{
    static llmobs_attribute_view attributes[600];
    static char texts[600][24];
    llmobs_resource_view resource;
    llmobs_batch batch, back;
    uint64_t items;
    llmobs_span_view span[2];
    size_t i, once;
    memset(&batch, 0, sizeof batch);
    memset(span, 0, sizeof span);
    memset(attributes, 0, sizeof attributes);
    memset(&resource, 0, sizeof resource);
    for (i = 0; i < 600; i++) {
        attributes[i].key.data = texts[i];
        attributes[i].key.size =
            (size_t)snprintf(texts[i], sizeof texts[i], "attribute.number.%zu", i);
        attributes[i].type = LLMOBS_TYPE_BOOL;
    }
    batch.resource = &resource;
    batch.spans = span;
    batch.span_count = 1;
    span[0].attributes = span[1].attributes = attributes;
    span[0].attribute_count = span[1].attribute_count = 100;
    (void)pack(&batch);
    once = size;
    batch.span_count = 2;
    (void)pack(&batch);
    ok(size - once < 450, "a hundred keys again: four bytes each, not twenty");
    span[0].attribute_count = span[1].attribute_count = 600;
    ok(pack(&batch) && packed.names.count <= LLMOBS_I_PACKED_NAMES,
       "more names than can be told once");
    ok(unpack(0, 0, sizeof memory, &back, &items) == LLMOBS_I_UNPACK_WHOLE &&
           same_batch(&batch, &back),
       "... all come back");
}

static void test_writer_fails(void)
{
    unsigned wrong = 0;
    size_t whole, limit;
    const llmobs_batch* batch;
    char* small = (char*)malloc(2000);
    maker.plain = true;
    batch = small_batch(7);
    whole = size;
    for (limit = 0; limit <= whole; limit++) {
        llmobsi_writer writer;
        llmobsi_writer_init(&writer, small, limit, NULL, NULL);
        llmobsi_packed_measure(&packed, batch);
        wrong += llmobsi_packed_write(&packed, &writer) != (limit == whole) ||
                 writer.length != (limit == whole ? whole : 0);
    }
    is_int(wrong, 0, "into a buffer: all of it, or nothing");
    free(small);
}

int main(void)
{
    test_round_trips(true);
    test_round_trips(false);
    test_parts();
    test_back_to_the_brim();
    test_names();
    test_refused();
    test_truncated();
    test_flipped();
    test_writer_fails();
    return done();
}

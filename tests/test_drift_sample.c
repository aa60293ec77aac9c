/* The sample: what is kept is what a look at all embeddings keeps, in whatever order they came and
   over however many samples. */
#include "llmobs_private.h"

#include "tap.h"

#include "drifting.h"

#include "random.h"

enum { DIMENSION = 5, MOST = 400, ROOM = 30 };

typedef struct offer {
    uint64_t id;
    uint64_t group;
    float values[DIMENSION];
    uint64_t rank, order;
} offer;

static offer offers[MOST];

static void make_offers(uint64_t seed, int groups)
{
    int i, j;
    for (i = 0; i < MOST; i++) {
        offer* o = &offers[i];
        o->id = next_random() % 350; /* some come twice, with the same vector */
        o->group = groups > 0 && next_random() % 4 != 0
                       ? 1000 + next_random() % (uint64_t)groups
                       : 0;
        for (j = 0; j < i; j++) {
            o->group = offers[j].id == o->id ? offers[j].group : o->group;
        }
        for (j = 0; j < DIMENSION; j++) {
            o->values[j] = (float)(drift_number(o->id + 1, (uint64_t)j) % 1000) - 500.0f;
        }
        o->rank = llmobsi_drift_hash(o->group != 0 ? o->group : o->id, seed);
        o->order = llmobsi_drift_hash(o->id, seed + 1);
    }
}

static void shuffle(void)
{
    int i;
    for (i = MOST - 1; i > 0; i--) {
        int j = (int)(next_random() % (uint64_t)(i + 1));
        offer other = offers[i];
        offers[i] = offers[j];
        offers[j] = other;
    }
}

static void add_offers(llmobs_drift_sample* sample, int from, int to)
{
    for (; from < to; from++) {
        llmobs_embedding embedding = drift_as_embedding(offers[from].values, DIMENSION,
                                                        offers[from].id, offers[from].group);
        (void)llmobs_drift_sample_add(sample, &embedding);
    }
}

static int by_rank(const void* a, const void* b)
{
    const offer* left = (const offer*)a;
    const offer* right = (const offer*)b;
    if (left->rank != right->rank) {
        return left->rank < right->rank ? -1 : 1;
    }
    return left->order < right->order ? -1 : left->order > right->order;
}

/* How many of those kept are not what a sort of all says. */
static int wrong_of(const llmobs_drift_sample* sample)
{
    offer sorted[MOST];
    const llmobsi_drift_item* items = llmobsi_drift_items(sample);
    uint32_t kept = 0, i;
    int wrong = 0, j;
    memcpy(sorted, offers, sizeof sorted);
    qsort(sorted, MOST, sizeof sorted[0], by_rank);
    for (j = 0; j < MOST && kept < sample->room; j++) {
        const float* row;
        double scale;
        int d;
        if (j > 0 && sorted[j].rank == sorted[j - 1].rank) {
            continue;
        }
        kept++;
        for (i = 0; i < sample->count && items[i].rank != sorted[j].rank; i++) {
        }
        if (i == sample->count) {
            wrong++;
            continue;
        }
        row = llmobsi_drift_sample_row(sample, items[i].place);
        scale = llmobsi_drift_scale(llmobsi_drift_here(), sorted[j].values, DIMENSION);
        for (d = 0; d < DIMENSION; d++) {
            wrong += (double)row[d] != llmobsi_drift_normal(sorted[j].values[d], scale);
        }
    }
    return wrong + (sample->count != kept);
}

static void check_model(int groups, const char* what)
{
    int wrong = 0, round;
    for (round = 0; round < 40; round++) {
        llmobs_drift_sample* whole = drift_sample_new(DIMENSION, ROOM, (uint64_t)round);
        llmobs_drift_sample* part = drift_sample_new(DIMENSION, ROOM, (uint64_t)round);
        llmobs_drift_tally counts;
        int cut = (int)(next_random() % MOST);
        make_offers((uint64_t)round, groups);
        shuffle();
        add_offers(whole, 0, MOST);
        wrong += wrong_of(whole);
        counts = llmobs_drift_sample_counts(whole);
        wrong += counts.kept + counts.repeated + counts.passed != MOST || counts.unusable != 0;
        shuffle();
        llmobs_drift_sample_wipe(whole);
        free(whole);
        whole = drift_sample_new(DIMENSION, ROOM, (uint64_t)round);
        add_offers(whole, 0, cut);
        add_offers(part, cut, MOST);
        wrong += llmobs_drift_sample_merge(whole, part) != LLMOBS_OK;
        wrong += wrong_of(whole);
        counts = llmobs_drift_sample_counts(whole);
        wrong += counts.kept + counts.repeated + counts.passed != MOST;
        free(whole);
        free(part);
    }
    is_int(wrong, 0, what);
}

/* A group that talks a hundred times as much has no better chance. */
static void check_fairness(void)
{
    int kept = 0, round;
    for (round = 0; round < 400; round++) {
        llmobs_drift_sample* sample = drift_sample_new(DIMENSION, 10, (uint64_t)round);
        float values[DIMENSION] = {1.0f, 2.0f, 3.0f, 4.0f, 5.0f};
        uint64_t id;
        uint32_t i;
        for (id = 0; id < 199; id++) {
            llmobs_embedding embedding =
                drift_as_embedding(values, DIMENSION, id, id < 100 ? 1 : id);
            (void)llmobs_drift_sample_add(sample, &embedding);
        }
        for (i = 0; i < sample->count; i++) {
            kept += llmobsi_drift_items(sample)[i].rank == llmobsi_drift_hash(1, (uint64_t)round);
        }
        free(sample);
    }
    printf("# kept in %d of 400 samples\n", kept);
    ok(kept > 20 && kept < 60, "a group that talks more has no better chance: 1 in 10");
}

static void check_refusals(void)
{
    static char memory[65536] __attribute__((aligned(16)));
    llmobs_drift_sample* sample = NULL;
    llmobs_drift_sample* other = drift_sample_new(DIMENSION, ROOM, 8);
    float values[DIMENSION] = {1.0f, 2.0f, 3.0f, 4.0f, 5.0f};
    llmobs_embedding embedding = drift_as_embedding(values, DIMENSION, 1, 0);
    size_t bytes = llmobs_drift_sample_bytes(DIMENSION, ROOM);
    char longest[LLMOBS_EMBEDDER_SIZE + 1];
    const uint32_t nan_bits = 0x7fc00000u;
    memset(longest, 'x', sizeof longest);
    longest[LLMOBS_EMBEDDER_SIZE] = '\0';
    ok(llmobs_drift_sample_bytes(0, 10) == 0 && llmobs_drift_sample_bytes(1, 10) == 0 &&
           llmobs_drift_sample_bytes(100000, 10) == 0 && llmobs_drift_sample_bytes(384, 0) == 0 &&
           llmobs_drift_sample_bytes(384, SIZE_MAX / 2) == 0,
       "no dimension, one of 100,000, no room");
    ok(llmobs_drift_sample_bytes(65536, 10) > 10 * 65536 * 4, "65,536 is a dimension");
    is_int(llmobs_drift_sample_make(memory, bytes, 0, ROOM, "e", 1, &sample),
           LLMOBS_ERROR_ARGUMENT, "dimension 0");
    is_int(llmobs_drift_sample_make(memory, bytes - 1, DIMENSION, ROOM, "e", 1, &sample),
           LLMOBS_ERROR_MEMORY, "a byte less than it takes");
    is_int(llmobs_drift_sample_make(memory + 1, bytes, DIMENSION, ROOM, "e", 1, &sample),
           LLMOBS_ERROR_ARGUMENT, "memory that is not aligned");
    is_int(llmobs_drift_sample_make(memory, bytes, DIMENSION, ROOM, longest, 1, &sample),
           LLMOBS_ERROR_ARGUMENT, "a name that is too long");
    is_int(llmobs_drift_sample_make(memory, bytes, DIMENSION, ROOM, "\xff", 1, &sample),
           LLMOBS_ERROR_ARGUMENT, "a name that is no text");
    is_int(llmobs_drift_sample_make(memory, bytes, DIMENSION, ROOM, NULL, 1, &sample),
           LLMOBS_ERROR_ARGUMENT, "no name");
    longest[LLMOBS_EMBEDDER_SIZE - 1] = '\0';
    memset(memory, 0x5a, sizeof memory);
    is_int(llmobs_drift_sample_make(memory, bytes, DIMENSION, ROOM, longest, 1, &sample), LLMOBS_OK,
           "the longest name");
    is_int(llmobs_drift_sample_add(sample, &embedding), LLMOBS_ERROR_MISMATCH, "another embedder");
    is_int(llmobs_drift_sample_merge(sample, other), LLMOBS_ERROR_MISMATCH, "another seed");
    is_int(llmobs_drift_sample_merge(sample, sample), LLMOBS_ERROR_ARGUMENT, "itself");
    embedding.embedder = NULL;
    is_int(llmobs_drift_sample_add(sample, &embedding), LLMOBS_OK, "an embedder that is not told");
    embedding.dimension = 4;
    is_int(llmobs_drift_sample_add(sample, &embedding), LLMOBS_ERROR_MISMATCH, "another dimension");
    embedding.dimension = DIMENSION;
    embedding.id = 2;
    memcpy(&values[4], &nan_bits, sizeof nan_bits);
    is_int(llmobs_drift_sample_add(sample, &embedding), LLMOBS_ERROR_DATA, "a NaN");
    memset(values, 0, sizeof values);
    is_int(llmobs_drift_sample_add(sample, &embedding), LLMOBS_ERROR_DATA, "a zero vector");
    is_int(llmobs_drift_sample_add(NULL, &embedding), LLMOBS_ERROR_ARGUMENT, "no sample");
    ok(llmobs_drift_sample_counts(sample).unusable == 2 &&
           llmobs_drift_sample_counts(sample).kept == 1 &&
           llmobs_drift_sample_counts(NULL).kept == 0,
       "are counted");
    llmobs_drift_sample_wipe(sample);
    llmobs_drift_sample_wipe(NULL);
    {
        size_t i;
        int wrong = 0;
        for (i = 0; i < sizeof memory; i++) {
            wrong += memory[i] != (i < bytes ? 0 : 0x5a);
        }
        is_int(wrong, 0, "wiped, and nothing beyond");
    }
    free(other);
}

int main(void)
{
    check_model(0, "without groups, what all say is kept, in any order, merged or not");
    check_model(60, "with groups, too");
    check_model(10, "and with fewer of these than there is room");
    check_fairness();
    check_refusals();
    return done();
}

/* Fits: in slices or at once the same bits; and what can't be fitted. What they come to is held
   against numpy by test_drift_golden.c. */
#include "llmobs_private.h"

#include "tap.h"

#include "drifting.h"

enum { DIMENSION = 24, COUNT = 300 };

/* `distinct` different vectors, in one order or the other. */
static llmobs_drift_sample* sample_of(size_t count, size_t distinct, bool backwards)
{
    llmobs_drift_sample* sample = drift_sample_new(DIMENSION, COUNT, 3);
    float row[DIMENSION];
    size_t i;
    for (i = 0; i < count; i++) {
        size_t id = backwards ? count - i : i + 1;
        llmobs_embedding embedding = drift_as_embedding(row, DIMENSION, id, 0);
        drift_embedding(row, DIMENSION, 77, id % distinct, SHIFT_NONE);
        (void)llmobs_drift_sample_add(sample, &embedding);
    }
    return sample;
}

static bool same(const llmobs_drift_baseline* a, const llmobs_drift_baseline* b)
{
    return memcmp(a, b, llmobs_drift_baseline_bytes(a->dimension, a->prototypes)) == 0;
}

static llmobs_drift_baseline* fit_in_slices(const llmobs_drift_sample* sample, uint32_t rows,
                                            bool* wiped)
{
    llmobs_drift_fit_options options = llmobs_drift_fit_options_default();
    llmobs_drift_baseline* baseline = NULL;
    llmobs_drift_fit* fit = NULL;
    size_t scratch_bytes, bytes = llmobs_drift_baseline_bytes(DIMENSION, 8), i;
    unsigned char* scratch;
    void* memory = drift_memory(bytes);
    options.prototypes = 8;
    scratch_bytes = llmobs_drift_fit_bytes(sample, &options);
    scratch = (unsigned char*)drift_memory(scratch_bytes);
    (void)llmobs_drift_fit_begin(scratch, scratch_bytes, sample, &options, &fit);
    while (llmobs_drift_fit_step(fit, rows)) {
    }
    (void)llmobs_drift_fit_end(fit, memory, bytes, &baseline);
    *wiped = true;
    for (i = 0; i < scratch_bytes; i++) {
        *wiped = *wiped && scratch[i] == 0;
    }
    free(scratch);
    return baseline;
}

static void check_slices(void)
{
    static const uint32_t rows[] = {1, 7, 300, UINT32_MAX};
    llmobs_drift_sample* sample = sample_of(COUNT, COUNT, false);
    llmobs_drift_baseline* once = drift_fit(sample, 8, 1);
    llmobs_drift_baseline* other = drift_fit(sample, 8, 2);
    bool wiped = false;
    size_t i;
    for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        llmobs_drift_baseline* sliced = fit_in_slices(sample, rows[i], &wiped);
        ok(sliced != NULL && same(once, sliced), "in slices it comes to the same bits");
        free(sliced);
    }
    ok(wiped, "and is wiped");
    ok(!same(once, other) && once->fingerprint != other->fingerprint, "another seed, another fit");
    free(other);
    free(sample);
    sample = sample_of(COUNT, COUNT, true);
    other = drift_fit(sample, 8, 1);
    ok(same(once, other), "the order in which embeddings came changes nothing");
    free(sample);
    free(other);
    free(once);
}

static void check_info(void)
{
    llmobs_drift_sample* sample = sample_of(101, COUNT, false);
    llmobs_drift_baseline* baseline = drift_fit(sample, 8, 9);
    llmobs_drift_baseline_info info;
    size_t bytes = llmobs_drift_baseline_bytes(DIMENSION, 8), i;
    int wrong = 0;
    info.size = sizeof info;
    is_int(llmobs_drift_baseline_read(baseline, &info), LLMOBS_OK, "what there is to know");
    ok(info.bytes == bytes && info.dimension == DIMENSION && info.prototypes == 8 &&
           info.count == 101 && info.held == 51 && info.seed == 9 && info.mean_distance > 0.0 &&
           info.fingerprint == baseline->fingerprint,
       "is right");
    is_str(info.embedder, "test embedder", "with the embedder");
    info.size = 0;
    is_int(llmobs_drift_baseline_read(baseline, &info), LLMOBS_OK, "no size: this one's");
    is_int(llmobs_drift_baseline_read(NULL, &info), LLMOBS_ERROR_ARGUMENT, "no baseline");
    llmobs_drift_baseline_wipe(baseline);
    llmobs_drift_baseline_wipe(NULL);
    for (i = 0; i < bytes; i++) {
        wrong += ((unsigned char*)baseline)[i] != 0;
    }
    is_int(wrong, 0, "wiped");
    free(baseline);
    free(sample);
    ok(llmobs_drift_baseline_bytes(384, 16) <= 65536 &&
           llmobs_drift_baseline_bytes(384, 32) <= 65536,
       "a baseline of 384 and up to 32 prototypes is within 64 KB");
    ok(llmobs_drift_baseline_bytes(0, 16) == 0 && llmobs_drift_baseline_bytes(100000, 16) == 0 &&
           llmobs_drift_baseline_bytes(384, 0) == 0 && llmobs_drift_baseline_bytes(384, 33) == 0,
       "what is out of range");
}

/* Vectors that are few, or all the same. */
static void check_poor(void)
{
    llmobs_drift_sample* one = sample_of(COUNT, 1, false);
    llmobs_drift_sample* two = sample_of(COUNT, 2, false);
    llmobs_drift_sample* least = sample_of(40, COUNT, false);
    llmobs_drift_baseline* baseline;
    ok(drift_fit(one, 8, 1) == NULL, "a sample of one text is refused");
    baseline = drift_fit(two, 8, 1);
    ok(baseline != NULL && baseline->distance_deviation == LLMOBS_I_DRIFT_LEAST_DEVIATION &&
           baseline->distance_most == 0.0,
       "one of two is not, and has no distances");
    free(baseline);
    baseline = drift_fit(least, 20, 1);
    ok(baseline != NULL, "forty are enough, with half as many prototypes");
    free(baseline);
    free(one);
    free(two);
    free(least);
}

static void check_refusals(void)
{
    static char memory[1 << 18] __attribute__((aligned(16)));
    llmobs_drift_sample* few = sample_of(39, COUNT, false);
    llmobs_drift_sample* enough = sample_of(40, COUNT, false);
    llmobs_drift_fit_options options = llmobs_drift_fit_options_default();
    llmobs_drift_baseline* baseline = NULL;
    llmobs_drift_fit* fit = NULL;
    size_t bytes = llmobs_drift_fit_bytes(enough, NULL);
    size_t least = llmobs_drift_baseline_bytes(DIMENSION, 16);
    ok(bytes > 0 && llmobs_drift_fit_bytes(few, NULL) == 0 &&
           llmobs_drift_fit_bytes(NULL, NULL) == 0,
       "39 are too few");
    is_int(llmobs_drift_fit_begin(memory, sizeof memory, few, NULL, &fit), LLMOBS_ERROR_ARGUMENT,
           "for a fit, too");
    options.prototypes = 21;
    ok(llmobs_drift_fit_bytes(enough, &options) == 0, "more prototypes than half of the sample");
    options.prototypes = 0;
    ok(llmobs_drift_fit_bytes(enough, &options) == 0, "none");
    is_int(llmobs_drift_fit_begin(memory, bytes - 1, enough, NULL, &fit), LLMOBS_ERROR_MEMORY,
           "a byte less than it takes");
    is_int(llmobs_drift_fit_begin(memory + 1, sizeof memory - 1, enough, NULL, &fit),
           LLMOBS_ERROR_ARGUMENT, "memory that is not aligned");
    is_int(llmobs_drift_fit_begin(memory, bytes, enough, NULL, &fit), LLMOBS_OK, "begun");
    is_int(llmobs_drift_fit_end(fit, memory + bytes, least - 1, &baseline), LLMOBS_ERROR_MEMORY,
           "a byte less than the baseline takes");
    is_int(llmobs_drift_fit_end(fit, memory + bytes, least, &baseline), LLMOBS_OK,
           "and ended again");
    ok(!llmobs_drift_fit_step(NULL, 1) &&
           llmobs_drift_fit_end(NULL, memory, bytes, &baseline) == LLMOBS_ERROR_ARGUMENT,
       "no fit");
    free(few);
    free(enough);
}

int main(void)
{
    check_slices();
    check_info();
    check_poor();
    check_refusals();
    return done();
}

/* A baseline's file of hostile bytes: as they are; and over a good one, with the checksum made
   right, so that what is behind it is reached. What is refused leaves nothing; what is loaded takes
   embeddings, and its tests have chances for results. No seeds: the good one is made here. */
#include "llmobs_private.h"

#include <stdio.h>
#include <stdlib.h>

#include "../drifting.h"

#define CHECK(condition) ((condition) ? (void)0 : abort())

enum { DIMENSION = 6, PROTOTYPES = 3, MOST = 1 << 16 };

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

static uint8_t good[MOST], forged[MOST];
static size_t good_size;
static uint64_t memory[MOST / 8];

static bool take(void* user, const char* data, size_t size)
{
    (void)user;
    CHECK(size <= MOST - good_size);
    memcpy(good + good_size, data, size);
    good_size += size;
    return true;
}

static void begin(void)
{
    llmobs_drift_baseline* baseline = drift_baseline_new(DIMENSION, 50, PROTOTYPES, 3, 4);
    CHECK(llmobs_drift_baseline_write(baseline, take, NULL) == LLMOBS_OK);
    free(baseline);
}

static void check_chance(double p)
{
    CHECK(llmobsi_double_is_finite(p) && p >= 0.0 && p <= 1.0);
}

/* Of a baseline that was believed. */
static void use(const llmobs_drift_baseline* baseline)
{
    llmobs_drift_window* window = drift_window_new(baseline, 10);
    llmobs_drift_result result;
    float* row = (float*)drift_memory(baseline->dimension * sizeof *row);
    llmobs_embedding embedding = drift_as_embedding(row, baseline->dimension, 0, 0);
    int i;
    embedding.embedder = NULL;
    for (i = 0; i < 25; i++) {
        drift_embedding(row, baseline->dimension, 9, (size_t)i, i % SHIFT_COUNT);
        CHECK(llmobs_drift_window_add(window, baseline, &embedding) == LLMOBS_OK);
    }
    result.size = sizeof result;
    CHECK(llmobs_drift_test(baseline, window, 0.0, &result) == LLMOBS_OK);
    check_chance(result.p);
    check_chance(result.p_centroid);
    check_chance(result.p_distance);
    check_chance(result.p_topic);
    check_chance(result.p_tail);
    check_chance(result.topic_share);
    check_chance(result.topic_share_before);
    CHECK(result.topic < baseline->prototypes && llmobsi_double_is_finite(result.topic_residual) &&
          llmobsi_double_is_finite(result.mean_distance) &&
          llmobsi_double_is_finite(result.mean_deviation));
    free(row);
    free(window);
}

static void load(const uint8_t* data, size_t size)
{
    llmobs_drift_baseline* baseline = NULL;
    llmobs_result result =
        llmobs_drift_baseline_load(data, size, memory, sizeof memory, &baseline);
    size_t i;
    CHECK((result == LLMOBS_OK) == (baseline != NULL));
    if (result == LLMOBS_OK) {
        CHECK(llmobs_drift_baseline_written(baseline) == size);
        use(baseline);
        return;
    }
    for (i = 0; i < MOST / 8; i++) {
        CHECK(memory[i] == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    if (good_size == 0) {
        begin();
    }
    load(data, size);
    if (size > 2 && size < MOST) { /* two bytes say where the rest goes */
        size_t place = (data[0] | (size_t)data[1] << 8) % (good_size - 8);
        size_t count = size - 2 < good_size - 8 - place ? size - 2 : good_size - 8 - place;
        memcpy(forged, good, good_size);
        memcpy(forged + place, data + 2, count);
        llmobsi_store_le64(forged + good_size - 8, llmobsi_hash64_own(forged, good_size - 8, 0));
        load(forged, good_size);
    }
    return 0;
}

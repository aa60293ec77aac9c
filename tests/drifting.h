/* Embeddings as tests/golden/drift4.py makes them, and baselines of them. */
#ifndef DRIFTING_H
#define DRIFTING_H

#include <stdlib.h>

enum {
    DRIFT_TOPICS = 6,
    SHIFT_NONE = 0,
    SHIFT_MEAN,
    SHIFT_NEW_TOPIC,
    SHIFT_SPREAD,
    SHIFT_SHARES,
    SHIFT_CANNED,
    SHIFT_OUTLIER,
    SHIFT_COUNT
};

/* Number `index` + 1 of splitmix64. */
static inline uint64_t drift_number(uint64_t seed, uint64_t index)
{
    uint64_t z = seed + (index + 1) * UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* Four numbers of ten bits, in all from -2046 to 2046. */
static inline int64_t drift_noise(uint64_t bits)
{
    return (int64_t)((bits & 1023) + (bits >> 16 & 1023) + (bits >> 32 & 1023) +
                     (bits >> 48 & 1023)) -
           2046;
}

/* Rounded down, as Python divides. */
static inline int64_t drift_quarter(int64_t number, int64_t by)
{
    return number >= 0 ? number / by : -((-number + by - 1) / by);
}

/* Embedding `row` of those with a seed and a shift. */
static inline void drift_embedding(float* out, size_t dimension, uint64_t seed, size_t row,
                                   int shift)
{
    const uint64_t first = (uint64_t)row * (dimension + 1);
    const uint64_t choice = drift_number(seed, first);
    const bool in_tenth = (choice >> 16) % 10 == 0;
    uint64_t topic = choice % DRIFT_TOPICS;
    size_t i;
    topic = topic < (choice >> 8) % DRIFT_TOPICS ? topic : (choice >> 8) % DRIFT_TOPICS;
    if (shift == SHIFT_NEW_TOPIC && in_tenth) {
        topic = DRIFT_TOPICS;
    } else if (shift == SHIFT_SHARES && (choice >> 16) % 10 < 2) {
        topic = DRIFT_TOPICS - 1;
    } else if (shift == SHIFT_CANNED && in_tenth) {
        topic = 2;
    }
    for (i = 0; i < dimension; i++) {
        int64_t centre = (int64_t)(drift_number(7, topic * dimension + i) % 2001) - 1000;
        int64_t noise = drift_noise(drift_number(seed, first + 1 + i));
        if (shift == SHIFT_SPREAD) {
            noise = drift_quarter(noise * 5, 4);
        } else if (shift == SHIFT_CANNED && in_tenth) {
            noise = drift_quarter(noise, 16);
        } else if (shift == SHIFT_OUTLIER && in_tenth) {
            noise *= 8;
        }
        out[i] = (float)(2 * centre + noise + 300 + (shift == SHIFT_MEAN && i % 3 == 0 ? 120 : 0));
    }
}

static inline void* drift_memory(size_t bytes)
{
    void* memory = calloc(1, bytes + 1);
    if (memory == NULL || bytes == 0) {
        printf("Bail out! no memory, or a size of 0\n");
        exit(1);
    }
    return memory;
}

static inline llmobs_embedding drift_as_embedding(const float* values, size_t dimension,
                                                  uint64_t id, uint64_t group)
{
    llmobs_embedding embedding;
    memset(&embedding, 0, sizeof embedding);
    embedding.values = values;
    embedding.dimension = dimension;
    embedding.id = id;
    embedding.group = group;
    embedding.embedder = "test embedder";
    return embedding;
}

static inline llmobs_drift_sample* drift_sample_new(size_t dimension, size_t room, uint64_t seed)
{
    size_t bytes = llmobs_drift_sample_bytes(dimension, room);
    llmobs_drift_sample* sample = NULL;
    if (llmobs_drift_sample_make(drift_memory(bytes), bytes, dimension, room, "test embedder", seed,
                                 &sample) != LLMOBS_OK) {
        printf("Bail out! no sample\n");
        exit(1);
    }
    return sample;
}

/* NULL: the fit was refused. */
static inline llmobs_drift_baseline* drift_fit(const llmobs_drift_sample* sample,
                                               uint32_t prototypes, uint64_t seed)
{
    llmobs_drift_fit_options options = llmobs_drift_fit_options_default();
    llmobs_drift_baseline* baseline = NULL;
    llmobs_drift_fit* fit;
    size_t fit_bytes, bytes;
    void *scratch, *memory;
    options.prototypes = prototypes;
    options.seed = seed;
    fit_bytes = llmobs_drift_fit_bytes(sample, &options);
    bytes = llmobs_drift_baseline_bytes(sample->dimension, prototypes);
    scratch = drift_memory(fit_bytes);
    memory = drift_memory(bytes);
    if (llmobs_drift_fit_begin(scratch, fit_bytes, sample, &options, &fit) != LLMOBS_OK ||
        llmobs_drift_fit_end(fit, memory, bytes, &baseline) != LLMOBS_OK) {
        free(memory);
        baseline = NULL;
    }
    free(scratch);
    return baseline;
}

/* Of embeddings without a shift. */
static inline llmobs_drift_baseline* drift_baseline_new(size_t dimension, size_t count,
                                                        uint32_t prototypes, uint64_t seed,
                                                        uint64_t fit_seed)
{
    llmobs_drift_sample* sample = drift_sample_new(dimension, count, 5);
    float* row = (float*)drift_memory(dimension * sizeof *row);
    llmobs_drift_baseline* baseline;
    size_t i;
    for (i = 0; i < count; i++) {
        llmobs_embedding embedding = drift_as_embedding(row, dimension, i + 1, 0);
        drift_embedding(row, dimension, seed, i, SHIFT_NONE);
        (void)llmobs_drift_sample_add(sample, &embedding);
    }
    baseline = drift_fit(sample, prototypes, fit_seed);
    free(row);
    free(sample);
    return baseline;
}

static inline llmobs_drift_window* drift_window_new(const llmobs_drift_baseline* baseline,
                                                    size_t groups)
{
    size_t bytes = llmobs_drift_window_bytes(baseline->dimension, groups);
    llmobs_drift_window* window = NULL;
    if (llmobs_drift_window_make(drift_memory(bytes), bytes, baseline, groups, &window) !=
        LLMOBS_OK) {
        printf("Bail out! no window\n");
        exit(1);
    }
    return window;
}

/* Adds rows `from` to `to` of those with a seed and a shift. */
static inline void drift_window_fill(llmobs_drift_window* window,
                                     const llmobs_drift_baseline* baseline, uint64_t seed,
                                     int shift, size_t from, size_t to)
{
    size_t dimension = baseline->dimension;
    float* row = (float*)drift_memory(dimension * sizeof *row);
    llmobs_embedding embedding = drift_as_embedding(row, dimension, 0, 0);
    for (; from < to; from++) {
        drift_embedding(row, dimension, seed, from, shift);
        (void)llmobs_drift_window_add(window, baseline, &embedding);
    }
    free(row);
}

#endif

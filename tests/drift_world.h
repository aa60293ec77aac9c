/* The world in which DRIFT4's figures were taken: embeddings of dimension 384,

       x = a mu + 0.55 c_k + 0.8 e,  normalised,

   mu and the c of twelve topics random directions, topics with Zipf's weights k^-0.8, the noise e
   with variances in proportion to j^-0.5 along its axes, 1 in all. a is 0.5 in a typical world, 1.5
   in an anisotropic one, 0 in a centred one. Normal numbers come from a table of 65,536 quantiles.
   Another generator with weaker topics gives other figures. */
#ifndef DRIFT_WORLD_H
#define DRIFT_WORLD_H

#include <math.h>

enum { WORLD_DIMENSION = 384, WORLD_TOPICS = 12 };

typedef enum world_kind {
    WORLD_NONE,
    WORLD_MEAN,    /* `much` u is added to every vector                     */
    WORLD_NEW,     /* a share is of an unseen topic                         */
    WORLD_NOISE,   /* the noise has `much` times its variance               */
    WORLD_SHARES,  /* a share of the mass goes to topic 7                   */
    WORLD_CANNED,  /* a share is one text of an unseen topic, jittered      */
    WORLD_KNOWN,   /* the same, of one of the topics                        */
    WORLD_OUTLIER  /* a share has random directions                         */
} world_kind;

typedef struct world_shift {
    const char* name;
    world_kind kind;
    double much;
} world_shift;

/* The first eight are those of which the mean power is taken. */
static const world_shift world_shifts[] = {
    {"mean .15", WORLD_MEAN, 0.15},      {"new topic .10", WORLD_NEW, 0.10},
    {"new topic .05", WORLD_NEW, 0.05},  {"noise x2", WORLD_NOISE, 2.0},
    {"noise x.5", WORLD_NOISE, 0.5},     {"topic share .2", WORLD_SHARES, 0.2},
    {"canned .05", WORLD_CANNED, 0.05},  {"outlier .02", WORLD_OUTLIER, 0.02},
    {"mean .05", WORLD_MEAN, 0.05},      {"mean .10", WORLD_MEAN, 0.10},
    {"noise x1.25", WORLD_NOISE, 1.25},  {"topic share .1", WORLD_SHARES, 0.1},
    {"canned .02", WORLD_CANNED, 0.02},  {"canned .05, a known topic", WORLD_KNOWN, 0.05},
};

enum { WORLD_SHIFTS = sizeof world_shifts / sizeof world_shifts[0], WORLD_HEADLINES = 8 };

static const world_shift world_no_shift = {"none", WORLD_NONE, 0.0};

typedef struct world {
    uint64_t random;
    double a;
    double share[WORLD_TOPICS]; /* sums of weights */
    float mu[WORLD_DIMENSION];
    float topics[WORLD_TOPICS + 1][WORLD_DIMENSION]; /* the last one is unseen */
    float canned[2][WORLD_DIMENSION]; /* the second one is of a known topic */
    float lift[WORLD_DIMENSION];
} world;

static float world_quantiles[65536];
static float world_amplitudes[WORLD_DIMENSION];

static inline uint64_t world_next(world* w)
{
    uint64_t z = (w->random += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static inline double world_uniform(world* w)
{
    return (double)(world_next(w) >> 11) / 9007199254740992.0;
}

/* `coarseness` neighbours share a quantile: each is exact, and takes its time. */
static inline void world_begin(int coarseness)
{
    double all = 0.0;
    int i;
    for (i = 0; i < 32768; i++) {
        world_quantiles[i] = i % coarseness != 0 ? world_quantiles[i - 1]
            : (float)llmobsi_normal_quantile((i + 0.5 * coarseness) / 65536.0);
        world_quantiles[65535 - i] = -world_quantiles[i];
    }
    for (i = 0; i < WORLD_DIMENSION; i++) {
        world_amplitudes[i] = (float)pow(i + 1.0, -0.25);
        all += (double)world_amplitudes[i] * (double)world_amplitudes[i];
    }
    for (i = 0; i < WORLD_DIMENSION; i++) {
        world_amplitudes[i] /= (float)sqrt(all);
    }
}

static inline void world_normals(world* w, float* out)
{
    int i;
    for (i = 0; i < WORLD_DIMENSION; i += 4) {
        uint64_t bits = world_next(w);
        out[i] = world_quantiles[bits & 65535];
        out[i + 1] = world_quantiles[bits >> 16 & 65535];
        out[i + 2] = world_quantiles[bits >> 32 & 65535];
        out[i + 3] = world_quantiles[bits >> 48];
    }
}

static inline void world_normalise(float* x)
{
    double square = 0.0;
    int i;
    for (i = 0; i < WORLD_DIMENSION; i++) {
        square += (double)x[i] * (double)x[i];
    }
    for (i = 0; i < WORLD_DIMENSION; i++) {
        x[i] = (float)((double)x[i] / sqrt(square));
    }
}

static inline void world_direction(world* w, float* out)
{
    world_normals(w, out);
    world_normalise(out);
}

static inline int world_topic(world* w, const world_shift* shift)
{
    double at = world_uniform(w);
    int topic = 0;
    if (shift->kind == WORLD_NEW && world_uniform(w) < shift->much) {
        return WORLD_TOPICS;
    }
    if (shift->kind == WORLD_SHARES && world_uniform(w) < shift->much) {
        return 7;
    }
    while (topic < WORLD_TOPICS - 1 && at > w->share[topic]) {
        topic++;
    }
    return topic;
}

/* One embedding; not normalised, as embeddings may be. */
static inline void world_embedding(world* w, const world_shift* shift, float* x)
{
    float noise[WORLD_DIMENSION];
    const float* topic = w->topics[world_topic(w, shift)];
    float spread = 0.8f * (float)(shift->kind == WORLD_NOISE ? sqrt(shift->much) : 1.0);
    float lift = shift->kind == WORLD_MEAN ? (float)shift->much : 0.0f;
    int i;
    world_normals(w, noise);
    if (shift->kind == WORLD_OUTLIER && world_uniform(w) < shift->much) {
        world_direction(w, x);
        return;
    }
    if ((shift->kind == WORLD_CANNED || shift->kind == WORLD_KNOWN) &&
        world_uniform(w) < shift->much) {
        for (i = 0; i < WORLD_DIMENSION; i++) {
            x[i] = w->canned[shift->kind == WORLD_KNOWN][i] +
                   0.01f * world_amplitudes[i] * noise[i];
        }
        return;
    }
    for (i = 0; i < WORLD_DIMENSION; i++) {
        x[i] = (float)w->a * w->mu[i] + 0.55f * topic[i] + spread * world_amplitudes[i] * noise[i] +
               lift * w->lift[i];
    }
}

/* A near-duplicate of an embedding: the session goes on. */
static inline void world_again(world* w, const float* first, float* x)
{
    float noise[WORLD_DIMENSION];
    int i;
    world_normals(w, noise);
    for (i = 0; i < WORLD_DIMENSION; i++) {
        x[i] = first[i] + 0.1f * world_amplitudes[i] * noise[i];
    }
}

static inline void world_make(world* w, uint64_t seed, double a)
{
    static const world_shift unseen = {"", WORLD_NEW, 1.0};
    double all = 0.0;
    int k;
    w->random = seed;
    w->a = a;
    world_direction(w, w->mu);
    world_direction(w, w->lift);
    for (k = 0; k <= WORLD_TOPICS; k++) {
        world_direction(w, w->topics[k]);
    }
    for (k = 0; k < WORLD_TOPICS; k++) {
        all += pow(k + 1.0, -0.8);
        w->share[k] = all;
    }
    for (k = 0; k < WORLD_TOPICS; k++) {
        w->share[k] /= all;
    }
    world_embedding(w, &unseen, w->canned[0]);
    world_embedding(w, &world_no_shift, w->canned[1]);
    world_normalise(w->canned[0]);
    world_normalise(w->canned[1]);
}

static inline llmobs_drift_baseline* world_fit(world* w, uint32_t count, uint32_t prototypes)
{
    llmobs_drift_sample* sample = drift_sample_new(WORLD_DIMENSION, count, 0);
    float x[WORLD_DIMENSION];
    llmobs_embedding embedding = drift_as_embedding(x, WORLD_DIMENSION, 0, 0);
    llmobs_drift_baseline* baseline;
    for (embedding.id = 1; embedding.id <= count; embedding.id++) {
        world_embedding(w, &world_no_shift, x);
        (void)llmobs_drift_sample_add(sample, &embedding);
    }
    baseline = drift_fit(sample, prototypes, 1);
    free(sample);
    return baseline;
}

/* Whether a window of so many votes alarms. `again` more embeddings of each session; grouped, or
   each with a vote of its own: then fewer sessions come. */
static inline bool world_alarms(world* w, const llmobs_drift_baseline* baseline,
                                llmobs_drift_window* window, const world_shift* shift,
                                uint32_t votes, uint32_t again, bool grouped)
{
    float first[WORLD_DIMENSION], x[WORLD_DIMENSION];
    llmobs_embedding embedding = drift_as_embedding(NULL, WORLD_DIMENSION, 0, 0);
    llmobs_drift_result result;
    result.size = sizeof result;
    llmobs_drift_window_reset(window);
    while (llmobs_drift_window_counts(window).kept < votes) {
        uint32_t i;
        world_embedding(w, shift, first);
        embedding.group = grouped ? world_next(w) : 0;
        embedding.values = first;
        (void)llmobs_drift_window_add(window, baseline, &embedding);
        world_normalise(first);
        embedding.values = x;
        for (i = 0; i < again; i++) {
            world_again(w, first, x);
            (void)llmobs_drift_window_add(window, baseline, &embedding);
        }
    }
    return llmobs_drift_test(baseline, window, 0.0, &result) == LLMOBS_OK && result.alarm;
}

#endif

#include "model.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- weights ------------------------------------------------------------------------------- */

static size_t layer_floats(const model_shape* shape)
{
    size_t width = shape->width;
    return 2 * width + 4 * width * width + 3 * width * shape->hidden;
}

static size_t model_floats(const model_shape* shape)
{
    return 2 * (size_t)VOCABULARY * shape->width + shape->width +
           shape->layers * layer_floats(shape);
}

static bool shape_is_sane(const model_shape* shape)
{
    return shape->layers >= 1 && shape->layers <= 64 && shape->heads >= 1 && shape->heads <= 64 &&
           shape->width >= 2 && shape->width <= 4096 && shape->width % (2 * shape->heads) == 0 &&
           shape->hidden >= 1 && shape->hidden <= 16384 && shape->context >= 2 &&
           shape->context <= 65536;
}

static bool complain(const char* what, const char* why)
{
    fprintf(stderr, "tiny_engine: %s: %s\n", what, why);
    return false;
}

/* Each pair of a head turns by an angle that grows with the position, the later pairs slower. */
static void make_turns(model* to)
{
    uint32_t pairs = to->shape.width / to->shape.heads / 2;
    for (uint32_t position = 0; position < to->shape.context; position++) {
        for (uint32_t pair = 0; pair < pairs; pair++) {
            double angle = position * pow(10000.0, -(double)pair / pairs);
            float* turn = to->turns + ((size_t)position * pairs + pair) * 2;
            turn[0] = (float)cos(angle);
            turn[1] = (float)sin(angle);
        }
    }
}

static bool allocate(model* to, const model_shape* shape)
{
    memset(to, 0, sizeof *to);
    if (!shape_is_sane(shape)) {
        return complain("model", "no such shape");
    }
    to->shape = *shape;
    size_t turns = (size_t)shape->context * (shape->width / shape->heads);
    to->weights = (float*)malloc(model_floats(shape) * sizeof(float));
    to->turns = (float*)malloc(turns * sizeof(float));
    if (to->weights == NULL || to->turns == NULL) {
        model_free(to);
        return complain("model", "no memory");
    }
    to->embedding = to->weights;
    to->layers = to->embedding + (size_t)VOCABULARY * shape->width;
    to->last_norm = to->layers + shape->layers * layer_floats(shape);
    to->output = to->last_norm + shape->width;
    make_turns(to);
    return true;
}

void model_free(model* of)
{
    free(of->weights);
    free(of->turns);
    memset(of, 0, sizeof *of);
}

/* From -1 to 1: SplitMix64. */
static float draw(uint64_t* state)
{
    uint64_t mixed = (*state += UINT64_C(0x9e3779b97f4a7c15));
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    mixed ^= mixed >> 31;
    return (float)((double)(mixed >> 40) / 8388608.0 - 1.0);
}

/* Scaled so that what goes through a matrix keeps its size. */
static float* draw_matrix(float* to, size_t rows, size_t columns, uint64_t* state)
{
    float scale = sqrtf(3.0f / (float)columns);
    for (size_t i = 0; i < rows * columns; i++) {
        *to++ = draw(state) * scale;
    }
    return to;
}

static float* draw_norm(float* to, size_t width)
{
    for (size_t i = 0; i < width; i++) {
        *to++ = 1.0f;
    }
    return to;
}

bool model_make(model* to, const model_shape* shape, uint64_t seed)
{
    if (!allocate(to, shape)) {
        return false;
    }
    size_t width = shape->width;
    float* at = draw_matrix(to->weights, VOCABULARY * width, 1, &seed);
    for (uint32_t layer = 0; layer < shape->layers; layer++) {
        at = draw_norm(at, width);
        at = draw_matrix(at, 4 * width, width, &seed);
        at = draw_norm(at, width);
        at = draw_matrix(at, 2 * (size_t)shape->hidden, width, &seed);
        at = draw_matrix(at, width, shape->hidden, &seed);
    }
    at = draw_norm(at, width);
    draw_matrix(at, VOCABULARY, width, &seed);
    return true;
}

/* ---- files --------------------------------------------------------------------------------- */

static const char magic[8] = {'t', 'i', 'n', 'y', 'e', 'n', 'g', '1'};

static bool put_u32(FILE* file, uint32_t value)
{
    unsigned char bytes[4] = {(unsigned char)value, (unsigned char)(value >> 8),
                              (unsigned char)(value >> 16), (unsigned char)(value >> 24)};
    return fwrite(bytes, 1, 4, file) == 4;
}

static bool get_u32(FILE* file, uint32_t* value)
{
    unsigned char bytes[4];
    if (fread(bytes, 1, 4, file) != 4) {
        return false;
    }
    *value = (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
             (uint32_t)bytes[3] << 24;
    return true;
}

bool model_save(const model* from, const char* path)
{
    const model_shape* shape = &from->shape;
    FILE* file = fopen(path, "wb");
    if (file == NULL) {
        return complain(path, strerror(errno));
    }
    bool good = fwrite(magic, 1, sizeof magic, file) == sizeof magic &&
                put_u32(file, shape->layers) && put_u32(file, shape->width) &&
                put_u32(file, shape->heads) && put_u32(file, shape->hidden) &&
                put_u32(file, shape->context);
    for (size_t i = 0; good && i < model_floats(shape); i++) {
        uint32_t bits;
        memcpy(&bits, &from->weights[i], sizeof bits);
        good = put_u32(file, bits);
    }
    good = fclose(file) == 0 && good;
    return good || complain(path, strerror(errno));
}

static bool read_weights(model* to, FILE* file)
{
    for (size_t i = 0; i < model_floats(&to->shape); i++) {
        uint32_t bits;
        if (!get_u32(file, &bits)) {
            return false;
        }
        memcpy(&to->weights[i], &bits, sizeof bits);
        if (!isfinite(to->weights[i])) {
            return false;
        }
    }
    return fgetc(file) == EOF;
}

bool model_load(model* to, const char* path)
{
    model_shape shape;
    char head[sizeof magic];
    FILE* file = fopen(path, "rb");
    if (file == NULL) {
        return complain(path, strerror(errno));
    }
    bool good = fread(head, 1, sizeof head, file) == sizeof head &&
                memcmp(head, magic, sizeof magic) == 0 && get_u32(file, &shape.layers) &&
                get_u32(file, &shape.width) && get_u32(file, &shape.heads) &&
                get_u32(file, &shape.hidden) && get_u32(file, &shape.context);
    if (!good) {
        fclose(file);
        return complain(path, "not a file of weights");
    }
    if (!allocate(to, &shape)) {
        fclose(file);
        return false;
    }
    good = read_weights(to, file);
    fclose(file);
    if (!good) {
        model_free(to);
        return complain(path, "cut off, too long, or with a weight that is no number");
    }
    return true;
}

/* ---- one pass ------------------------------------------------------------------------------ */

float* model_cache_make(const model* of)
{
    size_t floats = (size_t)of->shape.layers * of->shape.context * of->shape.width * 2;
    return (float*)calloc(floats, sizeof(float));
}

/* What a row needs: its state, its normed state, query, attention's result, gate, up, scores. */
static size_t row_floats(const model_shape* shape)
{
    return 4 * (size_t)shape->width + 2 * (size_t)shape->hidden + shape->context;
}

bool model_work_make(model_work* to, const model* of, size_t most)
{
    to->most = most;
    to->memory = (float*)malloc(most * row_floats(&of->shape) * sizeof(float));
    return to->memory != NULL || complain("model", "no memory");
}

void model_work_free(model_work* of)
{
    free(of->memory);
    of->memory = NULL;
}

/* Eight sums that do not wait for each other. */
static float dot(const float* a, const float* b, size_t size)
{
    float sums[8] = {0};
    size_t i = 0;
    for (; i + 8 <= size; i += 8) {
        for (size_t k = 0; k < 8; k++) {
            sums[k] += a[i + k] * b[i + k];
        }
    }
    for (; i < size; i++) {
        sums[0] += a[i] * b[i];
    }
    return ((sums[0] + sums[4]) + (sums[1] + sums[5])) +
           ((sums[2] + sums[6]) + (sums[3] + sums[7]));
}

/* Row by row of the matrix, for all inputs: `to` and `from` are `stride` floats apart. */
static void multiply(float* to, const float* matrix, const float* from, size_t rows, size_t columns,
                     size_t count, size_t stride)
{
    for (size_t row = 0; row < rows; row++) {
        for (size_t i = 0; i < count; i++) {
            to[i * stride + row] = dot(matrix + row * columns, from + i * stride, columns);
        }
    }
}

static void normalise(float* to, const float* from, const float* norm, size_t width)
{
    float scale = 1.0f / sqrtf(dot(from, from, width) / (float)width + 1e-5f);
    for (size_t i = 0; i < width; i++) {
        to[i] = from[i] * scale * norm[i];
    }
}

static void turn(const model* with, float* vector, uint32_t position)
{
    uint32_t size = with->shape.width / with->shape.heads;
    const float* turns = with->turns + (size_t)position * size;
    for (uint32_t i = 0; i < with->shape.width; i += 2) {
        const float* by = turns + i % size;
        float a = vector[i];
        float b = vector[i + 1];
        vector[i] = a * by[0] - b * by[1];
        vector[i + 1] = a * by[1] + b * by[0];
    }
}

/* The place of a layer's keys in a sequence's cache; its values are `context` x width behind. */
static float* cache_of(const model* with, float* cache, uint32_t layer)
{
    return cache + (size_t)layer * 2 * with->shape.context * with->shape.width;
}

/* How much each token up to this one matters to a head, as parts of 1. */
static void softmax(float* scores, size_t count)
{
    float most = scores[0];
    float sum = 0;
    for (size_t i = 1; i < count; i++) {
        most = scores[i] > most ? scores[i] : most;
    }
    for (size_t i = 0; i < count; i++) {
        scores[i] = expf(scores[i] - most);
        sum += scores[i];
    }
    for (size_t i = 0; i < count; i++) {
        scores[i] /= sum;
    }
}

static void attend(const model* with, const model_row* row, uint32_t layer, const float* query,
                   float* result, float* scores)
{
    size_t width = with->shape.width;
    size_t size = width / with->shape.heads;
    size_t count = (size_t)row->position + 1;
    const float* keys = cache_of(with, row->cache, layer);
    const float* values = keys + with->shape.context * width;
    for (size_t head = 0; head < width; head += size) {
        for (size_t i = 0; i < count; i++) {
            scores[i] = dot(query + head, keys + i * width + head, size) / sqrtf((float)size);
        }
        softmax(scores, count);
        memset(result + head, 0, size * sizeof(float));
        for (size_t i = 0; i < count; i++) {
            const float* value = values + i * width + head;
            for (size_t k = 0; k < size; k++) {
                result[head + k] += scores[i] * value[k];
            }
        }
    }
}

/* The parts of a row's memory, and of all rows: they are `stride` floats apart. */
typedef struct pass {
    const model* with;
    const model_row* rows;
    size_t count;
    size_t stride;
    float* state;
    float* normed; /* and what comes out of a matrix last */
    float* query;
    float* result;
    float* gate;
    float* up;
    float* scores;
} pass;

static void add_to_state(const pass* all)
{
    for (size_t i = 0; i < all->count; i++) {
        for (size_t k = 0; k < all->with->shape.width; k++) {
            all->state[i * all->stride + k] += all->normed[i * all->stride + k];
        }
    }
}

/* Keys and values of all rows first: a row sees those before it that come in the same pass. */
static void pass_attention(const pass* all, uint32_t layer, const float* weights)
{
    const model* with = all->with;
    size_t width = with->shape.width;
    const float* query = weights + width;
    for (size_t i = 0; i < all->count; i++) {
        normalise(all->normed + i * all->stride, all->state + i * all->stride, weights, width);
    }
    multiply(all->query, query, all->normed, width, width, all->count, all->stride);
    for (size_t i = 0; i < all->count; i++) {
        const model_row* row = &all->rows[i];
        float* key = cache_of(with, row->cache, layer) + row->position * width;
        float* value = key + with->shape.context * width;
        multiply(key, query + width * width, all->normed + i * all->stride, width, width, 1, 0);
        multiply(value, query + 2 * width * width, all->normed + i * all->stride, width, width, 1,
                 0);
        turn(with, key, row->position);
        turn(with, all->query + i * all->stride, row->position);
    }
    for (size_t i = 0; i < all->count; i++) {
        attend(with, &all->rows[i], layer, all->query + i * all->stride,
               all->result + i * all->stride, all->scores);
    }
    multiply(all->normed, query + 3 * width * width, all->result, width, width, all->count,
             all->stride);
    add_to_state(all);
}

static void pass_feed_forward(const pass* all, const float* weights)
{
    size_t width = all->with->shape.width;
    size_t hidden = all->with->shape.hidden;
    const float* gate = weights + width;
    for (size_t i = 0; i < all->count; i++) {
        normalise(all->normed + i * all->stride, all->state + i * all->stride, weights, width);
    }
    multiply(all->gate, gate, all->normed, hidden, width, all->count, all->stride);
    multiply(all->up, gate + hidden * width, all->normed, hidden, width, all->count, all->stride);
    for (size_t i = 0; i < all->count; i++) {
        float* at = all->gate + i * all->stride;
        for (size_t k = 0; k < hidden; k++) {
            at[k] = at[k] / (1.0f + expf(-at[k])) * all->up[i * all->stride + k];
        }
    }
    multiply(all->normed, gate + 2 * hidden * width, all->gate, width, hidden, all->count,
             all->stride);
    add_to_state(all);
}

static void pass_logits(const pass* all)
{
    const model* with = all->with;
    for (size_t i = 0; i < all->count; i++) {
        float* normed = all->normed + i * all->stride;
        if (all->rows[i].logits != NULL) {
            normalise(normed, all->state + i * all->stride, with->last_norm, with->shape.width);
            multiply(all->rows[i].logits, with->output, normed, VOCABULARY, with->shape.width, 1,
                     0);
        }
    }
}

void model_forward(const model* with, model_work* work, const model_row* rows, size_t count)
{
    size_t width = with->shape.width;
    pass all = {.with = with, .rows = rows, .count = count, .stride = row_floats(&with->shape)};
    all.state = work->memory;
    all.normed = all.state + width;
    all.query = all.normed + width;
    all.result = all.query + width;
    all.gate = all.result + width;
    all.up = all.gate + with->shape.hidden;
    all.scores = all.up + with->shape.hidden;
    for (size_t i = 0; i < count; i++) {
        memcpy(all.state + i * all.stride, with->embedding + rows[i].token * width,
               width * sizeof(float));
    }
    for (uint32_t layer = 0; layer < with->shape.layers; layer++) {
        const float* weights = with->layers + layer * layer_floats(&with->shape);
        pass_attention(&all, layer, weights);
        pass_feed_forward(&all, weights + width + 4 * width * width);
    }
    pass_logits(&all);
}

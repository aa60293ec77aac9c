/* Vectors of floats: their length, and which of a few others is the nearest. It has to be the same
   everywhere, on whatever processor, and it has to be quick.

   What counts is computed in double, and of floats: their products are exact there (24 and 24 bits
   of 53), so that an instruction that multiplies and adds in one comes to the same as two. Sums of
   products are eight sums in turn, put together in one stated order. A distance is
   |x|^2 + |c|^2 - 2 x c of such sums, which is exactly 0 for two that are equal.

   The search for the nearest goes through all of them in float first, in whatever order and with
   whatever instructions; then the distances of all that may be nearest, as far as float can tell,
   are computed in double. So float decides how long it takes, and never what it comes to.

   A normalised value is (float)(x * (1 / |x|)). */

#if defined(LLMOBS_NO_SIMD)
#elif defined(__x86_64__) && defined(__SSE2__) && (defined(__clang__) || __GNUC__ >= 5)
#include <immintrin.h>
#define LLMOBS_I_DRIFT_X86 1
#endif

#define LLMOBS_I_DRIFT_PROTOTYPES 32u /* at most */
#define LLMOBS_I_DRIFT_LANES 8u

/* Sums over vectors have 44 bits behind the point, so that they are the same in any order. A
   normalised value, a distance and its square are at most 4, so 2^16 of them fit. */
#define LLMOBS_I_DRIFT_ONE 17592186044416.0 /* 2^44 */
#define LLMOBS_I_DRIFT_VOTES 65536u

/* Prototypes among which the nearest is looked for: rows of floats. */
typedef struct llmobsi_drift_centres {
    const float* rows;
    const double* squares; /* of each row, as llmobsi_drift_squares has it */
    const float* halves;   /* half of that */
    uint32_t count;
    uint32_t dimension;
} llmobsi_drift_centres;

typedef struct llmobsi_drift_nearest {
    uint32_t index;
    double square; /* of the distance */
} llmobsi_drift_nearest;

/* What depends on the processor. `scale` is 1 / |x|. */
typedef struct llmobsi_drift_path {
    const char* name;
    /* The products of each row with x, in float, roughly. */
    void (*scores)(const llmobsi_drift_centres* centres, const float* x, float* scores);
    /* The square of x; and of normalised x, with its product with a row. */
    double (*squares)(const float* x, size_t dimension);
    void (*products)(const float* x, double scale, const float* row, size_t dimension,
                     double products[2]);
    /* Adds normalised x to sums. */
    void (*add)(int64_t* sums, const float* x, double scale, size_t dimension);
} llmobsi_drift_path;

LLMOBS_API uint64_t llmobs_drift_key(const void* data, size_t size)
{
    uint64_t key = 0;
    if (data != NULL) {
        size = size != LLMOBS_NUL_TERMINATED ? size : strlen((const char*)data);
        key = llmobsi_hash64_own(data, size, LLMOBS_I_HASH_ROOT2);
    }
    return key != 0 ? key : 1;
}

/* ---- one number ---------------------------------------------------------------------------- */

llmobsi_inline float llmobsi_drift_pin_float(float value)
{
    llmobsi_hide(float, LLMOBS_I_PINNED, value);
    return value;
}

llmobsi_inline double llmobsi_drift_normal(float value, double scale)
{
    return (double)llmobsi_drift_pin_float((float)llmobsi_times((double)value, scale));
}

/* To the nearest multiple of 2^-44, as so many: what is added makes the last bit of the sum stand
   for one. Of a number between -128 and 128. */
llmobsi_inline int64_t llmobsi_drift_fixed(double value)
{
    const double shift = 6755399441055744.0; /* 1.5 * 2^52 */
    double moved = llmobsi_plus(value * LLMOBS_I_DRIFT_ONE, shift);
    return (int64_t)(llmobsi_double_bits(moved) - llmobsi_double_bits(shift));
}

llmobsi_inline double llmobsi_drift_unfixed(int64_t sum)
{
    return llmobsi_times((double)sum, 1.0 / LLMOBS_I_DRIFT_ONE);
}

/* Eight sums put together. */
llmobsi_inline double llmobsi_drift_whole(const double* lanes)
{
    double even = llmobsi_plus(llmobsi_plus(lanes[0], lanes[4]), llmobsi_plus(lanes[2], lanes[6]));
    double odd = llmobsi_plus(llmobsi_plus(lanes[1], lanes[5]), llmobsi_plus(lanes[3], lanes[7]));
    return llmobsi_plus(even, odd);
}

/* ---- plain C ------------------------------------------------------------------------------- */

/* From an element on, which is the first of eight: what vectors leave over, or all. */
llmobsi_inline void llmobsi_drift_squares_rest(const float* x, size_t i, size_t dimension,
                                               double* lanes)
{
    for (; i < dimension; i++) {
        double value = (double)x[i];
        lanes[i % LLMOBS_I_DRIFT_LANES] =
            llmobsi_plus(lanes[i % LLMOBS_I_DRIFT_LANES], value * value);
    }
}

llmobsi_inline void llmobsi_drift_products_rest(const float* x, double scale, const float* row,
                                                size_t i, size_t dimension, double* own,
                                                double* mixed)
{
    for (; i < dimension; i++) {
        double value = llmobsi_drift_normal(x[i], scale);
        size_t lane = i % LLMOBS_I_DRIFT_LANES;
        own[lane] = llmobsi_plus(own[lane], value * value);
        mixed[lane] = llmobsi_plus(mixed[lane], value * (double)row[i]);
    }
}

llmobsi_inline void llmobsi_drift_add_rest(int64_t* sums, const float* x, double scale, size_t i,
                                           size_t dimension)
{
    for (; i < dimension; i++) {
        sums[i] += llmobsi_drift_fixed(llmobsi_drift_normal(x[i], scale));
    }
}

llmobsi_fn double llmobsi_drift_squares_portable(const float* x, size_t dimension)
{
    double lanes[LLMOBS_I_DRIFT_LANES] = {0.0};
    llmobsi_drift_squares_rest(x, 0, dimension, lanes);
    return llmobsi_drift_whole(lanes);
}

llmobsi_fn void llmobsi_drift_products_portable(const float* x, double scale, const float* row,
                                                size_t dimension, double products[2])
{
    double own[LLMOBS_I_DRIFT_LANES] = {0.0};
    double mixed[LLMOBS_I_DRIFT_LANES] = {0.0};
    llmobsi_drift_products_rest(x, scale, row, 0, dimension, own, mixed);
    products[0] = llmobsi_drift_whole(own);
    products[1] = llmobsi_drift_whole(mixed);
}

llmobsi_fn void llmobsi_drift_add_portable(int64_t* sums, const float* x, double scale,
                                           size_t dimension)
{
    llmobsi_drift_add_rest(sums, x, scale, 0, dimension);
}

/* Sixteen sums in a loop of fixed length, which compilers make vectors of. */
llmobsi_fn void llmobsi_drift_scores_portable(const llmobsi_drift_centres* centres, const float* x,
                                              float* scores)
{
    const size_t dimension = centres->dimension;
    uint32_t k;
    for (k = 0; k < centres->count; k++) {
        const float* row = centres->rows + k * dimension;
        float lanes[16] = {0.0f};
        float sum = 0.0f;
        size_t i;
        size_t lane;
        for (i = 0; i + 16 <= dimension; i += 16) {
            for (lane = 0; lane < 16; lane++) {
                lanes[lane] += x[i + lane] * row[i + lane];
            }
        }
        for (; i < dimension; i++) {
            lanes[i % 16] += x[i] * row[i];
        }
        for (lane = 0; lane < 16; lane++) {
            sum += lanes[lane];
        }
        scores[k] = sum;
    }
}

/* ---- vectors ------------------------------------------------------------------------------- */

#if defined(LLMOBS_I_DRIFT_X86)
#define LLMOBS_I_DRIFT_AVX2 __attribute__((target("avx2,fma")))
#define llmobsi_drift_avx2_part \
    static inline __attribute__((always_inline, unused)) LLMOBS_I_DRIFT_AVX2

/* As llmobsi_pin. */
llmobsi_drift_avx2_part __m256d llmobsi_drift_pin_avx2(__m256d values)
{
    __asm__("" : "+x"(values));
    return values;
}

llmobsi_drift_avx2_part __m256d llmobsi_drift_normal_avx2(const float* x, __m256d scale)
{
    __m256d values = _mm256_mul_pd(_mm256_cvtps_pd(_mm_loadu_ps(x)), scale);
    __m128 rounded = _mm256_cvtpd_ps(llmobsi_drift_pin_avx2(values));
    __asm__("" : "+x"(rounded));
    return _mm256_cvtps_pd(rounded);
}

LLMOBS_I_DRIFT_AVX2
llmobsi_fn double llmobsi_drift_squares_avx2(const float* x, size_t dimension)
{
    __m256d first = _mm256_setzero_pd();
    __m256d second = _mm256_setzero_pd();
    double lanes[LLMOBS_I_DRIFT_LANES];
    size_t i;
    for (i = 0; i + 8 <= dimension; i += 8) {
        __m256d a = _mm256_cvtps_pd(_mm_loadu_ps(x + i));
        __m256d b = _mm256_cvtps_pd(_mm_loadu_ps(x + i + 4));
        first = llmobsi_drift_pin_avx2(_mm256_fmadd_pd(a, a, first));
        second = llmobsi_drift_pin_avx2(_mm256_fmadd_pd(b, b, second));
    }
    _mm256_storeu_pd(lanes, first);
    _mm256_storeu_pd(lanes + 4, second);
    llmobsi_drift_squares_rest(x, i, dimension, lanes);
    return llmobsi_drift_whole(lanes);
}

LLMOBS_I_DRIFT_AVX2
llmobsi_fn void llmobsi_drift_products_avx2(const float* x, double scale, const float* row,
                                            size_t dimension, double products[2])
{
    const __m256d by = _mm256_set1_pd(scale);
    __m256d own_low = _mm256_setzero_pd(), own_high = own_low;
    __m256d mixed_low = own_low, mixed_high = own_low;
    double own[LLMOBS_I_DRIFT_LANES];
    double mixed[LLMOBS_I_DRIFT_LANES];
    size_t i;
    for (i = 0; i + 8 <= dimension; i += 8) {
        __m256d a = llmobsi_drift_normal_avx2(x + i, by);
        __m256d b = llmobsi_drift_normal_avx2(x + i + 4, by);
        __m256d c = _mm256_cvtps_pd(_mm_loadu_ps(row + i));
        __m256d d = _mm256_cvtps_pd(_mm_loadu_ps(row + i + 4));
        own_low = llmobsi_drift_pin_avx2(_mm256_fmadd_pd(a, a, own_low));
        own_high = llmobsi_drift_pin_avx2(_mm256_fmadd_pd(b, b, own_high));
        mixed_low = llmobsi_drift_pin_avx2(_mm256_fmadd_pd(a, c, mixed_low));
        mixed_high = llmobsi_drift_pin_avx2(_mm256_fmadd_pd(b, d, mixed_high));
    }
    _mm256_storeu_pd(own, own_low);
    _mm256_storeu_pd(own + 4, own_high);
    _mm256_storeu_pd(mixed, mixed_low);
    _mm256_storeu_pd(mixed + 4, mixed_high);
    llmobsi_drift_products_rest(x, scale, row, i, dimension, own, mixed);
    products[0] = llmobsi_drift_whole(own);
    products[1] = llmobsi_drift_whole(mixed);
}

LLMOBS_I_DRIFT_AVX2
llmobsi_fn void llmobsi_drift_add_avx2(int64_t* sums, const float* x, double scale,
                                       size_t dimension)
{
    const __m256d by = _mm256_set1_pd(scale);
    const __m256d one = _mm256_set1_pd(LLMOBS_I_DRIFT_ONE);
    const __m256d shift = _mm256_set1_pd(6755399441055744.0); /* see llmobsi_drift_fixed */
    size_t i;
    for (i = 0; i + 4 <= dimension; i += 4) {
        __m256i* place = (__m256i*)(void*)(sums + i);
        __m256d moved = _mm256_fmadd_pd(llmobsi_drift_normal_avx2(x + i, by), one, shift);
        __m256i fixed = _mm256_sub_epi64(_mm256_castpd_si256(llmobsi_drift_pin_avx2(moved)),
                                         _mm256_castpd_si256(shift));
        _mm256_storeu_si256(place, _mm256_add_epi64(_mm256_loadu_si256(place), fixed));
    }
    llmobsi_drift_add_rest(sums, x, scale, i, dimension);
}

/* The sums of four. */
llmobsi_drift_avx2_part __m128 llmobsi_drift_sums_avx2(__m256 a, __m256 b, __m256 c, __m256 d)
{
    __m256 pairs = _mm256_hadd_ps(_mm256_hadd_ps(a, b), _mm256_hadd_ps(c, d));
    return _mm_add_ps(_mm256_castps256_ps128(pairs), _mm256_extractf128_ps(pairs, 1));
}

/* Four rows at a time, from one on; the last one stands for those that are not there. Eight sums
   that do not wait for each other keep both units busy. No arrays of them: gcc at -O2 would leave
   these in memory. */
llmobsi_drift_avx2_part __m128 llmobsi_drift_score_four_avx2(const llmobsi_drift_centres* centres,
                                                             const float* x, uint32_t first)
{
    const size_t dimension = centres->dimension;
    const uint32_t last = centres->count - 1;
    const float* r0 = centres->rows + first * dimension;
    const float* r1 = centres->rows + (first + 1 < last ? first + 1 : last) * dimension;
    const float* r2 = centres->rows + (first + 2 < last ? first + 2 : last) * dimension;
    const float* r3 = centres->rows + (first + 3 < last ? first + 3 : last) * dimension;
    __m256 a0 = _mm256_setzero_ps(), a1 = a0, a2 = a0, a3 = a0;
    __m256 b0 = a0, b1 = a0, b2 = a0, b3 = a0;
    __m128 rest = _mm_setzero_ps();
    size_t i;
    for (i = 0; i + 16 <= dimension; i += 16) {
        __m256 a = _mm256_loadu_ps(x + i);
        __m256 b = _mm256_loadu_ps(x + i + 8);
        a0 = _mm256_fmadd_ps(a, _mm256_loadu_ps(r0 + i), a0);
        a1 = _mm256_fmadd_ps(a, _mm256_loadu_ps(r1 + i), a1);
        a2 = _mm256_fmadd_ps(a, _mm256_loadu_ps(r2 + i), a2);
        a3 = _mm256_fmadd_ps(a, _mm256_loadu_ps(r3 + i), a3);
        b0 = _mm256_fmadd_ps(b, _mm256_loadu_ps(r0 + i + 8), b0);
        b1 = _mm256_fmadd_ps(b, _mm256_loadu_ps(r1 + i + 8), b1);
        b2 = _mm256_fmadd_ps(b, _mm256_loadu_ps(r2 + i + 8), b2);
        b3 = _mm256_fmadd_ps(b, _mm256_loadu_ps(r3 + i + 8), b3);
    }
    for (; i < dimension; i++) {
        __m128 column = _mm_setr_ps(r0[i], r1[i], r2[i], r3[i]);
        rest = _mm_add_ps(rest, _mm_mul_ps(_mm_set1_ps(x[i]), column));
    }
    return _mm_add_ps(rest, llmobsi_drift_sums_avx2(_mm256_add_ps(a0, b0), _mm256_add_ps(a1, b1),
                                                    _mm256_add_ps(a2, b2), _mm256_add_ps(a3, b3)));
}

/* `scores` has room for a multiple of four. */
LLMOBS_I_DRIFT_AVX2
llmobsi_fn void llmobsi_drift_scores_avx2(const llmobsi_drift_centres* centres, const float* x,
                                          float* scores)
{
    uint32_t k;
    for (k = 0; k < centres->count; k += 4) {
        _mm_storeu_ps(scores + k, llmobsi_drift_score_four_avx2(centres, x, k));
    }
}
#endif

/* ---- the choice ---------------------------------------------------------------------------- */

static const llmobsi_drift_path llmobsi_drift_paths[] = {
    {"portable", llmobsi_drift_scores_portable, llmobsi_drift_squares_portable,
     llmobsi_drift_products_portable, llmobsi_drift_add_portable},
#if defined(LLMOBS_I_DRIFT_X86)
    {"AVX2", llmobsi_drift_scores_avx2, llmobsi_drift_squares_avx2, llmobsi_drift_products_avx2,
     llmobsi_drift_add_avx2},
#endif
};

#define LLMOBS_I_DRIFT_PATHS (sizeof(llmobsi_drift_paths) / sizeof(llmobsi_drift_paths[0]))

/* The path in use, plus one; 0 until the first asks. All who choose come to the same. */
static llmobsi_atomic32 llmobsi_drift_chosen;

llmobsi_fn bool llmobsi_drift_runs_here(uint32_t path)
{
#if defined(LLMOBS_I_DRIFT_X86)
    __builtin_cpu_init();
    return path == 0 || (__builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0);
#else
    return path == 0;
#endif
}

llmobsi_cold uint32_t llmobsi_drift_choose(void)
{
    uint32_t path = (uint32_t)LLMOBS_I_DRIFT_PATHS - 1;
    while (!llmobsi_drift_runs_here(path)) {
        path--;
    }
    llmobsi_store_relaxed(&llmobsi_drift_chosen, path + 1);
    return path + 1;
}

llmobsi_inline const llmobsi_drift_path* llmobsi_drift_here(void)
{
    /* Relaxed: it is a number, and stands for constants. */
    uint32_t chosen = llmobsi_load_relaxed(&llmobsi_drift_chosen);
    if (llmobsi_unlikely(chosen == 0)) {
        chosen = llmobsi_drift_choose();
    }
    return &llmobsi_drift_paths[chosen - 1];
}

/* ---- a vector, and the nearest ------------------------------------------------------------- */

/* 1 / |x|; 0: there is none, for x is 0 or has what is no finite number. */
llmobsi_fn double llmobsi_drift_scale(const llmobsi_drift_path* path, const float* x,
                                      size_t dimension)
{
    double square = path->squares(x, dimension);
    if (!llmobsi_double_is_finite(square) || !(square > 0.0)) {
        return 0.0;
    }
    return llmobsi_over(1.0, llmobsi_sqrt(square));
}

/* The square of the distance of normalised x from a row. Rounding may have it below 0. */
llmobsi_fn double llmobsi_drift_square(const llmobsi_drift_path* path,
                                       const llmobsi_drift_centres* centres, const float* x,
                                       double scale, uint32_t row)
{
    double products[2];
    double square;
    path->products(x, scale, centres->rows + (size_t)row * centres->dimension, centres->dimension,
                   products);
    square = llmobsi_minus(llmobsi_plus(products[0], centres->squares[row]), 2.0 * products[1]);
    return square > 0.0 ? square : 0.0;
}

/* By how much, at most, float may be wrong in the difference of two scores of normalised x: each
   is a sum of products of which no sum is above 1, in at least eight parts. */
llmobsi_inline float llmobsi_drift_margin(size_t dimension)
{
    return ((float)dimension * 0.125f + 32.0f) / 8388608.0f; /* 2^23 */
}

/* Scores by which the rows can be told apart: x c - |c|^2 / 2. If
   float can't hold them, all are equal. The best one is returned. */
llmobsi_fn float llmobsi_drift_scores(const llmobsi_drift_path* path,
                                      const llmobsi_drift_centres* centres, const float* x,
                                      double scale, float* scores)
{
    const bool holds = scale > 1e-12 && scale < 1e12;
    float best = -1e30f;
    uint32_t k;
    if (holds) {
        path->scores(centres, x, scores);
    }
    for (k = 0; k < centres->count; k++) {
        scores[k] = holds ? scores[k] * (float)scale - centres->halves[k] : 0.0f;
        best = scores[k] > best ? scores[k] : best;
    }
    return best;
}

/* The row that is nearest to normalised x, of several the first. */
llmobsi_fn llmobsi_drift_nearest llmobsi_drift_find(const llmobsi_drift_path* path,
                                                    const llmobsi_drift_centres* centres,
                                                    const float* x, double scale)
{
    float scores[LLMOBS_I_DRIFT_PROTOTYPES];
    float least = llmobsi_drift_scores(path, centres, x, scale, scores) -
                  llmobsi_drift_margin(centres->dimension);
    llmobsi_drift_nearest nearest;
    uint32_t k;
    nearest.index = centres->count;
    nearest.square = 0.0;
    for (k = 0; k < centres->count; k++) {
        if (scores[k] >= least) {
            double square = llmobsi_drift_square(path, centres, x, scale, k);
            if (nearest.index == centres->count || square < nearest.square) {
                nearest.index = k;
                nearest.square = square;
            }
        }
    }
    return nearest;
}

/* Whether an embedding is of this dimension and of this embedder. */
llmobsi_fn bool llmobsi_drift_matches(const llmobs_embedding* embedding, uint32_t dimension,
                                      const char* embedder)
{
    return embedding->dimension == dimension &&
           (embedding->embedder == NULL || strcmp(embedding->embedder, embedder) == 0);
}

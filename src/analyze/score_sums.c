#if defined(LLMOBS_NO_SIMD)
#elif defined(__x86_64__) && defined(__SSE2__) && (defined(__clang__) || __GNUC__ >= 5)
#include <immintrin.h>
#define LLMOBS_I_SCORE_X86 1
#elif defined(__aarch64__) && !defined(__AARCH64EB__)
#include <arm_neon.h>
#define LLMOBS_I_SCORE_ARM 1
#endif

/* Sums over vectors in the order in which numpy 1.24 adds, so that their last bits are numpy's:
   eight running sums, over blocks of at most 128 numbers, which are added up by halves. Each
   operation is pinned (core/real): no flag makes a product and a sum one, or moves a sum. */

#define LLMOBS_I_SCORE_BLOCK 128u

/* Rows of numbers, from one to the next `step` bytes. */
typedef struct llmobsi_score_rows {
    const char* data;
    size_t step;
    bool is_double;
} llmobsi_score_rows;

/* Of a row u and a center c: the sums of u c and of u u. */
typedef struct llmobsi_score_pair {
    double uc;
    double uu;
} llmobsi_score_pair;

/* What a path does. Adds rows to sums, in their order, and sums up the products of a block as numpy
   does: eight numbers at a time, so the sizes are multiples of that. The last two, which some lack,
   add eight rows of floats, of multiples of sixteen, and sum up floats, multiples of a block. */
typedef struct llmobsi_score_path {
    const char* name;
    void (*add)(double* sums, size_t columns, const llmobsi_score_rows* rows, size_t count);
    llmobsi_score_pair (*exact)(const char* row, bool is_double, const double* center, size_t size);
    void (*fast_add)(double* sums, size_t columns, const llmobsi_score_rows* rows);
    llmobsi_score_pair (*fast)(const float* row, const float* center, size_t size);
} llmobsi_score_path;

/* ---- plain C ------------------------------------------------------------------------------- */

llmobsi_inline size_t llmobsi_score_width(bool is_double)
{
    return is_double ? sizeof(double) : sizeof(float);
}

llmobsi_inline double llmobsi_score_number(const char* row, bool is_double, size_t i)
{
    if (is_double) {
        return ((const double*)(const void*)row)[i];
    }
    return (double)((const float*)(const void*)row)[i];
}

llmobsi_fn void llmobsi_score_add_portable(double* sums, size_t columns,
                                           const llmobsi_score_rows* rows, size_t count)
{
    size_t i, k;
    for (k = 0; k < count; k++) {
        const char* row = rows->data + k * rows->step;
        for (i = 0; i < columns; i++) {
            sums[i] = llmobsi_plus(sums[i], llmobsi_score_number(row, rows->is_double, i));
        }
    }
}

llmobsi_inline double llmobsi_score_eight(const double* r)
{
    double low = llmobsi_plus(llmobsi_plus(r[0], r[1]), llmobsi_plus(r[2], r[3]));
    double high = llmobsi_plus(llmobsi_plus(r[4], r[5]), llmobsi_plus(r[6], r[7]));
    return llmobsi_plus(low, high);
}

llmobsi_fn llmobsi_score_pair llmobsi_score_exact_portable(const char* row, bool is_double,
                                                           const double* center, size_t size)
{
    double uc[8] = {0, 0, 0, 0, 0, 0, 0, 0}, uu[8] = {0, 0, 0, 0, 0, 0, 0, 0};
    llmobsi_score_pair pair;
    size_t i, k;
    for (i = 0; i < size; i += 8) {
        for (k = 0; k < 8; k++) {
            double u = llmobsi_score_number(row, is_double, i + k);
            uc[k] = llmobsi_plus(uc[k], llmobsi_times(u, center[i + k]));
            uu[k] = llmobsi_plus(uu[k], llmobsi_times(u, u));
        }
    }
    pair.uc = llmobsi_score_eight(uc);
    pair.uu = llmobsi_score_eight(uu);
    return pair;
}

/* ---- vectors ------------------------------------------------------------------------------- */

#if defined(LLMOBS_I_SCORE_X86) || defined(LLMOBS_I_SCORE_ARM)
/* The two loops, from what a path does with eight doubles: ..._floats and ..._doubles
   read them, ..._plus and ..._times are pinned, ..._sum adds them up as numpy does. */
#define LLMOBS_I_SCORE_LOOPS(path, part)                                                           \
    part void llmobsi_rows_##path(double* sums, size_t columns,                                    \
                                  const llmobsi_score_rows* rows, size_t count,                    \
                                  bool is_double)                                                  \
    {                                                                                              \
        size_t i, k, width = llmobsi_score_width(is_double);                                       \
        for (i = 0; i < columns; i += 8) {                                                         \
            const char* row = rows->data + i * width;                                              \
            llmobsi_eight_##path sum = llmobsi_doubles_##path((const char*)(sums + i));            \
            for (k = 0; k < count; k++, row += rows->step) {                                       \
                sum = llmobsi_plus_##path(sum, is_double ? llmobsi_doubles_##path(row)             \
                                                         : llmobsi_floats_##path(row));            \
            }                                                                                      \
            llmobsi_store_##path(sums + i, sum);                                                   \
        }                                                                                          \
    }                                                                                              \
    part llmobsi_score_pair llmobsi_pair_##path(const char* row, bool is_double,                   \
                                                const double* center, size_t size)                 \
    {                                                                                              \
        llmobsi_eight_##path uc = llmobsi_zero_##path(), uu = uc, u, c;                            \
        llmobsi_score_pair pair;                                                                   \
        size_t i, width = llmobsi_score_width(is_double);                                          \
        for (i = 0; i < size; i += 8, row += 8 * width) {                                          \
            c = llmobsi_doubles_##path((const char*)(center + i));                                 \
            u = is_double ? llmobsi_doubles_##path(row) : llmobsi_floats_##path(row);              \
            uc = llmobsi_plus_##path(uc, llmobsi_times_##path(u, c));                              \
            uu = llmobsi_plus_##path(uu, llmobsi_times_##path(u, u));                              \
        }                                                                                          \
        pair.uc = llmobsi_sum_##path(uc);                                                          \
        pair.uu = llmobsi_sum_##path(uu);                                                          \
        return pair;                                                                               \
    }
#endif

#if defined(LLMOBS_I_SCORE_X86)
#define LLMOBS_I_SCORE_AVX2 __attribute__((target("avx2,fma")))
#define LLMOBS_I_SCORE_AVX512 __attribute__((target("avx512f,avx2,fma")))
#define llmobsi_score_sse2_part static inline __attribute__((always_inline, unused))
#define llmobsi_score_avx2_part                                                                  \
    static inline __attribute__((always_inline, unused)) LLMOBS_I_SCORE_AVX2
#define llmobsi_score_avx512_part                                                                \
    static inline __attribute__((always_inline, unused)) LLMOBS_I_SCORE_AVX512

typedef struct llmobsi_eight_sse2 {
    __m128d a, b, c, d;
} llmobsi_eight_sse2;

llmobsi_score_sse2_part __m128d llmobsi_pin_sse2(__m128d x)
{
    __asm__("" : "+x"(x));
    return x;
}

llmobsi_score_sse2_part llmobsi_eight_sse2 llmobsi_zero_sse2(void)
{
    llmobsi_eight_sse2 x;
    x.a = _mm_setzero_pd();
    x.b = _mm_setzero_pd();
    x.c = _mm_setzero_pd();
    x.d = _mm_setzero_pd();
    return x;
}

llmobsi_score_sse2_part llmobsi_eight_sse2 llmobsi_doubles_sse2(const char* at)
{
    const double* numbers = (const double*)(const void*)at;
    llmobsi_eight_sse2 x;
    x.a = _mm_loadu_pd(numbers);
    x.b = _mm_loadu_pd(numbers + 2);
    x.c = _mm_loadu_pd(numbers + 4);
    x.d = _mm_loadu_pd(numbers + 6);
    return x;
}

llmobsi_score_sse2_part llmobsi_eight_sse2 llmobsi_floats_sse2(const char* at)
{
    __m128 low = _mm_loadu_ps((const float*)(const void*)at);
    __m128 high = _mm_loadu_ps((const float*)(const void*)at + 4);
    llmobsi_eight_sse2 x;
    x.a = _mm_cvtps_pd(low);
    x.b = _mm_cvtps_pd(_mm_movehl_ps(low, low));
    x.c = _mm_cvtps_pd(high);
    x.d = _mm_cvtps_pd(_mm_movehl_ps(high, high));
    return x;
}

llmobsi_score_sse2_part void llmobsi_store_sse2(double* at, llmobsi_eight_sse2 x)
{
    _mm_storeu_pd(at, x.a);
    _mm_storeu_pd(at + 2, x.b);
    _mm_storeu_pd(at + 4, x.c);
    _mm_storeu_pd(at + 6, x.d);
}

llmobsi_score_sse2_part llmobsi_eight_sse2 llmobsi_plus_sse2(llmobsi_eight_sse2 x,
                                                             llmobsi_eight_sse2 y)
{
    x.a = llmobsi_pin_sse2(_mm_add_pd(x.a, y.a));
    x.b = llmobsi_pin_sse2(_mm_add_pd(x.b, y.b));
    x.c = llmobsi_pin_sse2(_mm_add_pd(x.c, y.c));
    x.d = llmobsi_pin_sse2(_mm_add_pd(x.d, y.d));
    return x;
}

llmobsi_score_sse2_part llmobsi_eight_sse2 llmobsi_times_sse2(llmobsi_eight_sse2 x,
                                                              llmobsi_eight_sse2 y)
{
    x.a = llmobsi_pin_sse2(_mm_mul_pd(x.a, y.a));
    x.b = llmobsi_pin_sse2(_mm_mul_pd(x.b, y.b));
    x.c = llmobsi_pin_sse2(_mm_mul_pd(x.c, y.c));
    x.d = llmobsi_pin_sse2(_mm_mul_pd(x.d, y.d));
    return x;
}

/* (r0 + r1, r2 + r3) of two registers. */
llmobsi_score_sse2_part __m128d llmobsi_pairs_sse2(__m128d low, __m128d high)
{
    return llmobsi_pin_sse2(_mm_add_pd(_mm_unpacklo_pd(low, high), _mm_unpackhi_pd(low, high)));
}

llmobsi_score_sse2_part double llmobsi_sum_sse2(llmobsi_eight_sse2 x)
{
    __m128d fours = llmobsi_pairs_sse2(llmobsi_pairs_sse2(x.a, x.b), llmobsi_pairs_sse2(x.c, x.d));
    return llmobsi_plus(_mm_cvtsd_f64(fours), _mm_cvtsd_f64(_mm_unpackhi_pd(fours, fours)));
}

LLMOBS_I_SCORE_LOOPS(sse2, llmobsi_score_sse2_part)

llmobsi_fn void llmobsi_score_add_sse2(double* sums, size_t columns, const llmobsi_score_rows* rows,
                                       size_t count)
{
    if (rows->is_double) {
        llmobsi_rows_sse2(sums, columns, rows, count, true);
    } else {
        llmobsi_rows_sse2(sums, columns, rows, count, false);
    }
}

llmobsi_fn llmobsi_score_pair llmobsi_score_exact_sse2(const char* row, bool is_double,
                                                       const double* center, size_t size)
{
    return is_double ? llmobsi_pair_sse2(row, true, center, size)
                     : llmobsi_pair_sse2(row, false, center, size);
}

typedef struct llmobsi_eight_avx2 {
    __m256d a, b;
} llmobsi_eight_avx2;

llmobsi_score_avx2_part __m256d llmobsi_pin_avx2(__m256d x)
{
    __asm__("" : "+x"(x));
    return x;
}

llmobsi_score_avx2_part llmobsi_eight_avx2 llmobsi_zero_avx2(void)
{
    llmobsi_eight_avx2 x;
    x.a = _mm256_setzero_pd();
    x.b = _mm256_setzero_pd();
    return x;
}

llmobsi_score_avx2_part llmobsi_eight_avx2 llmobsi_doubles_avx2(const char* at)
{
    const double* numbers = (const double*)(const void*)at;
    llmobsi_eight_avx2 x;
    x.a = _mm256_loadu_pd(numbers);
    x.b = _mm256_loadu_pd(numbers + 4);
    return x;
}

llmobsi_score_avx2_part llmobsi_eight_avx2 llmobsi_floats_avx2(const char* at)
{
    const float* numbers = (const float*)(const void*)at;
    llmobsi_eight_avx2 x;
    x.a = _mm256_cvtps_pd(_mm_loadu_ps(numbers));
    x.b = _mm256_cvtps_pd(_mm_loadu_ps(numbers + 4));
    return x;
}

llmobsi_score_avx2_part void llmobsi_store_avx2(double* at, llmobsi_eight_avx2 x)
{
    _mm256_storeu_pd(at, x.a);
    _mm256_storeu_pd(at + 4, x.b);
}

llmobsi_score_avx2_part llmobsi_eight_avx2 llmobsi_plus_avx2(llmobsi_eight_avx2 x,
                                                             llmobsi_eight_avx2 y)
{
    x.a = llmobsi_pin_avx2(_mm256_add_pd(x.a, y.a));
    x.b = llmobsi_pin_avx2(_mm256_add_pd(x.b, y.b));
    return x;
}

llmobsi_score_avx2_part llmobsi_eight_avx2 llmobsi_times_avx2(llmobsi_eight_avx2 x,
                                                              llmobsi_eight_avx2 y)
{
    x.a = llmobsi_pin_avx2(_mm256_mul_pd(x.a, y.a));
    x.b = llmobsi_pin_avx2(_mm256_mul_pd(x.b, y.b));
    return x;
}

/* The sums of neighbours are r0 + r1, r4 + r5, r2 + r3, r6 + r7. */
llmobsi_score_avx2_part double llmobsi_sum_avx2(llmobsi_eight_avx2 x)
{
    __m256d pairs = llmobsi_pin_avx2(_mm256_hadd_pd(x.a, x.b));
    __m128d fours = llmobsi_pin_sse2(
        _mm_add_pd(_mm256_castpd256_pd128(pairs), _mm256_extractf128_pd(pairs, 1)));
    return llmobsi_plus(_mm_cvtsd_f64(fours), _mm_cvtsd_f64(_mm_unpackhi_pd(fours, fours)));
}

LLMOBS_I_SCORE_LOOPS(avx2, llmobsi_score_avx2_part)

LLMOBS_I_SCORE_AVX2
llmobsi_fn void llmobsi_score_add_avx2(double* sums, size_t columns, const llmobsi_score_rows* rows,
                                       size_t count)
{
    if (rows->is_double) {
        llmobsi_rows_avx2(sums, columns, rows, count, true);
    } else {
        llmobsi_rows_avx2(sums, columns, rows, count, false);
    }
}

LLMOBS_I_SCORE_AVX2
llmobsi_fn llmobsi_score_pair llmobsi_score_exact_avx2(const char* row, bool is_double,
                                                       const double* center, size_t size)
{
    return is_double ? llmobsi_pair_avx2(row, true, center, size)
                     : llmobsi_pair_avx2(row, false, center, size);
}

typedef __m512d llmobsi_eight_avx512;

llmobsi_score_avx512_part __m512d llmobsi_pin_avx512(__m512d x)
{
    __asm__("" : "+v"(x));
    return x;
}

llmobsi_score_avx512_part __m512d llmobsi_zero_avx512(void)
{
    return _mm512_setzero_pd();
}

llmobsi_score_avx512_part __m512d llmobsi_doubles_avx512(const char* at)
{
    return _mm512_loadu_pd((const void*)at);
}

/* With a mask of all: gcc warns of its own header otherwise. */
llmobsi_score_avx512_part __m512d llmobsi_widen_avx512(__m256 x)
{
    return _mm512_maskz_cvtps_pd(0xff, x);
}

llmobsi_score_avx512_part __m512d llmobsi_floats_avx512(const char* at)
{
    return llmobsi_widen_avx512(_mm256_loadu_ps((const float*)(const void*)at));
}

llmobsi_score_avx512_part void llmobsi_store_avx512(double* at, __m512d x)
{
    _mm512_storeu_pd((void*)at, x);
}

llmobsi_score_avx512_part __m512d llmobsi_plus_avx512(__m512d x, __m512d y)
{
    return llmobsi_pin_avx512(_mm512_add_pd(x, y));
}

llmobsi_score_avx512_part __m512d llmobsi_times_avx512(__m512d x, __m512d y)
{
    return llmobsi_pin_avx512(_mm512_mul_pd(x, y));
}

/* The lower half: what is a cast in gcc 12's own header makes g++ warn of that. */
llmobsi_score_avx512_part __m256d llmobsi_lower_avx512(__m512d x)
{
    __m256d lower;
    memcpy(&lower, &x, sizeof lower);
    return lower;
}

llmobsi_score_avx512_part double llmobsi_sum_avx512(__m512d x)
{
    llmobsi_eight_avx2 halves;
    halves.a = llmobsi_lower_avx512(x);
    halves.b = _mm512_maskz_extractf64x4_pd(0xf, x, 1);
    return llmobsi_sum_avx2(halves);
}

LLMOBS_I_SCORE_LOOPS(avx512, llmobsi_score_avx512_part)

LLMOBS_I_SCORE_AVX512
llmobsi_fn void llmobsi_score_add_avx512(double* sums, size_t columns,
                                         const llmobsi_score_rows* rows, size_t count)
{
    if (rows->is_double) {
        llmobsi_rows_avx512(sums, columns, rows, count, true);
    } else {
        llmobsi_rows_avx512(sums, columns, rows, count, false);
    }
}

LLMOBS_I_SCORE_AVX512
llmobsi_fn llmobsi_score_pair llmobsi_score_exact_avx512(const char* row, bool is_double,
                                                         const double* center, size_t size)
{
    return is_double ? llmobsi_pair_avx512(row, true, center, size)
                     : llmobsi_pair_avx512(row, false, center, size);
}
#endif

#if defined(LLMOBS_I_SCORE_ARM)
#define llmobsi_score_neon_part static inline __attribute__((always_inline, unused))

typedef struct llmobsi_eight_neon {
    float64x2_t a, b, c, d;
} llmobsi_eight_neon;

llmobsi_score_neon_part float64x2_t llmobsi_pin_neon(float64x2_t x)
{
    __asm__("" : "+w"(x));
    return x;
}

llmobsi_score_neon_part llmobsi_eight_neon llmobsi_zero_neon(void)
{
    llmobsi_eight_neon x;
    x.a = vdupq_n_f64(0.0);
    x.b = vdupq_n_f64(0.0);
    x.c = vdupq_n_f64(0.0);
    x.d = vdupq_n_f64(0.0);
    return x;
}

llmobsi_score_neon_part llmobsi_eight_neon llmobsi_doubles_neon(const char* at)
{
    const double* numbers = (const double*)(const void*)at;
    llmobsi_eight_neon x;
    x.a = vld1q_f64(numbers);
    x.b = vld1q_f64(numbers + 2);
    x.c = vld1q_f64(numbers + 4);
    x.d = vld1q_f64(numbers + 6);
    return x;
}

llmobsi_score_neon_part llmobsi_eight_neon llmobsi_floats_neon(const char* at)
{
    const float* numbers = (const float*)(const void*)at;
    llmobsi_eight_neon x;
    x.a = vcvt_f64_f32(vld1_f32(numbers));
    x.b = vcvt_f64_f32(vld1_f32(numbers + 2));
    x.c = vcvt_f64_f32(vld1_f32(numbers + 4));
    x.d = vcvt_f64_f32(vld1_f32(numbers + 6));
    return x;
}

llmobsi_score_neon_part void llmobsi_store_neon(double* at, llmobsi_eight_neon x)
{
    vst1q_f64(at, x.a);
    vst1q_f64(at + 2, x.b);
    vst1q_f64(at + 4, x.c);
    vst1q_f64(at + 6, x.d);
}

llmobsi_score_neon_part llmobsi_eight_neon llmobsi_plus_neon(llmobsi_eight_neon x,
                                                             llmobsi_eight_neon y)
{
    x.a = llmobsi_pin_neon(vaddq_f64(x.a, y.a));
    x.b = llmobsi_pin_neon(vaddq_f64(x.b, y.b));
    x.c = llmobsi_pin_neon(vaddq_f64(x.c, y.c));
    x.d = llmobsi_pin_neon(vaddq_f64(x.d, y.d));
    return x;
}

llmobsi_score_neon_part llmobsi_eight_neon llmobsi_times_neon(llmobsi_eight_neon x,
                                                              llmobsi_eight_neon y)
{
    x.a = llmobsi_pin_neon(vmulq_f64(x.a, y.a));
    x.b = llmobsi_pin_neon(vmulq_f64(x.b, y.b));
    x.c = llmobsi_pin_neon(vmulq_f64(x.c, y.c));
    x.d = llmobsi_pin_neon(vmulq_f64(x.d, y.d));
    return x;
}

llmobsi_score_neon_part double llmobsi_sum_neon(llmobsi_eight_neon x)
{
    float64x2_t low = llmobsi_pin_neon(vpaddq_f64(x.a, x.b));
    float64x2_t high = llmobsi_pin_neon(vpaddq_f64(x.c, x.d));
    float64x2_t fours = llmobsi_pin_neon(vpaddq_f64(low, high));
    return llmobsi_plus(vgetq_lane_f64(fours, 0), vgetq_lane_f64(fours, 1));
}

LLMOBS_I_SCORE_LOOPS(neon, llmobsi_score_neon_part)

llmobsi_fn void llmobsi_score_add_neon(double* sums, size_t columns, const llmobsi_score_rows* rows,
                                       size_t count)
{
    if (rows->is_double) {
        llmobsi_rows_neon(sums, columns, rows, count, true);
    } else {
        llmobsi_rows_neon(sums, columns, rows, count, false);
    }
}

llmobsi_fn llmobsi_score_pair llmobsi_score_exact_neon(const char* row, bool is_double,
                                                       const double* center, size_t size)
{
    return is_double ? llmobsi_pair_neon(row, true, center, size)
                     : llmobsi_pair_neon(row, false, center, size);
}
#endif

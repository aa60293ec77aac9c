/* Sums over floats, fast: eight steps in floats, then on in doubles; and the choice of a path. */

#if defined(LLMOBS_I_SCORE_X86)
/* Eight floats, in any order. */
llmobsi_score_avx2_part double llmobsi_any_avx2(__m256d x)
{
    __m128d two = _mm_add_pd(_mm256_castpd256_pd128(x), _mm256_extractf128_pd(x, 1));
    return _mm_cvtsd_f64(two) + _mm_cvtsd_f64(_mm_unpackhi_pd(two, two));
}

llmobsi_score_avx2_part __m256d llmobsi_widen_avx2(__m256d sum, __m256 x)
{
    sum = _mm256_add_pd(sum, _mm256_cvtps_pd(_mm256_castps256_ps128(x)));
    return _mm256_add_pd(sum, _mm256_cvtps_pd(_mm256_extractf128_ps(x, 1)));
}

/* Eight columns of eight rows. */
llmobsi_score_avx2_part __m256 llmobsi_stack_avx2(const float* at, size_t step)
{
    __m256 sums[4];
    uint32_t i;
    for (i = 0; i < 4; i++, at += 2 * step) {
        sums[i] = _mm256_add_ps(_mm256_loadu_ps(at), _mm256_loadu_ps(at + step));
    }
    return _mm256_add_ps(_mm256_add_ps(sums[0], sums[1]), _mm256_add_ps(sums[2], sums[3]));
}

LLMOBS_I_SCORE_AVX2
llmobsi_fn void llmobsi_score_fast_add_avx2(double* sums, size_t columns,
                                            const llmobsi_score_rows* rows)
{
    const float* at = (const float*)(const void*)rows->data;
    size_t step = rows->step / sizeof(float), i;
    for (i = 0; i < columns; i += 8) {
        __m256 sum = llmobsi_stack_avx2(at + i, step);
        __m256d low = _mm256_cvtps_pd(_mm256_castps256_ps128(sum));
        __m256d high = _mm256_cvtps_pd(_mm256_extractf128_ps(sum, 1));
        _mm256_storeu_pd(sums + i, _mm256_add_pd(_mm256_loadu_pd(sums + i), low));
        _mm256_storeu_pd(sums + i + 4, _mm256_add_pd(_mm256_loadu_pd(sums + i + 4), high));
    }
}

LLMOBS_I_SCORE_AVX2
llmobsi_fn llmobsi_score_pair llmobsi_score_fast_avx2(const float* row, const float* center,
                                                      size_t size)
{
    __m256d all_uc = _mm256_setzero_pd(), all_uu = all_uc;
    llmobsi_score_pair pair;
    size_t i, k;
    for (i = 0; i < size; i += LLMOBS_I_SCORE_BLOCK / 2) {
        __m256 uc = _mm256_setzero_ps(), uu = uc;
        for (k = 0; k < LLMOBS_I_SCORE_BLOCK / 2; k += 8) {
            __m256 u = _mm256_loadu_ps(row + i + k);
            uc = _mm256_fmadd_ps(u, _mm256_loadu_ps(center + i + k), uc);
            uu = _mm256_fmadd_ps(u, u, uu);
        }
        all_uc = llmobsi_widen_avx2(all_uc, uc);
        all_uu = llmobsi_widen_avx2(all_uu, uu);
    }
    pair.uc = llmobsi_any_avx2(all_uc);
    pair.uu = llmobsi_any_avx2(all_uu);
    return pair;
}

/* Adds sixteen floats to eight sums. */
llmobsi_score_avx512_part __m512d llmobsi_fold_avx512(__m512d sum, __m512 x)
{
    __m512d bits = _mm512_castps_pd(x);
    sum = _mm512_add_pd(
        sum, llmobsi_widen_avx512(_mm256_castpd_ps(llmobsi_lower_avx512(bits))));
    return _mm512_add_pd(sum, llmobsi_widen_avx512(_mm256_castpd_ps(
                                  _mm512_maskz_extractf64x4_pd(0xf, bits, 1))));
}

/* Sixteen columns of eight rows. */
llmobsi_score_avx512_part __m512 llmobsi_stack_avx512(const float* at, size_t step)
{
    __m512 sums[4];
    uint32_t i;
    for (i = 0; i < 4; i++, at += 2 * step) {
        sums[i] = _mm512_add_ps(_mm512_loadu_ps((const void*)at),
                                _mm512_loadu_ps((const void*)(at + step)));
    }
    return _mm512_add_ps(_mm512_add_ps(sums[0], sums[1]), _mm512_add_ps(sums[2], sums[3]));
}

LLMOBS_I_SCORE_AVX512
llmobsi_fn void llmobsi_score_fast_add_avx512(double* sums, size_t columns,
                                              const llmobsi_score_rows* rows)
{
    const float* at = (const float*)(const void*)rows->data;
    size_t step = rows->step / sizeof(float), i;
    for (i = 0; i < columns; i += 16) {
        __m512 sum = llmobsi_stack_avx512(at + i, step);
        __m512d bits = _mm512_castps_pd(sum);
        __m256d upper = _mm512_maskz_extractf64x4_pd(0xf, bits, 1);
        __m512d low = llmobsi_widen_avx512(_mm256_castpd_ps(llmobsi_lower_avx512(bits)));
        __m512d high = llmobsi_widen_avx512(_mm256_castpd_ps(upper));
        _mm512_storeu_pd((void*)(sums + i), _mm512_add_pd(_mm512_loadu_pd(sums + i), low));
        _mm512_storeu_pd((void*)(sums + i + 8), _mm512_add_pd(_mm512_loadu_pd(sums + i + 8), high));
    }
}

LLMOBS_I_SCORE_AVX512
llmobsi_fn llmobsi_score_pair llmobsi_score_fast_avx512(const float* row, const float* center,
                                                        size_t size)
{
    __m512d all_uc = _mm512_setzero_pd(), all_uu = all_uc;
    llmobsi_score_pair pair;
    size_t i, k;
    for (i = 0; i < size; i += LLMOBS_I_SCORE_BLOCK) {
        __m512 uc = _mm512_setzero_ps(), uu = uc;
        for (k = 0; k < LLMOBS_I_SCORE_BLOCK; k += 16) {
            __m512 u = _mm512_loadu_ps((const void*)(row + i + k));
            uc = _mm512_fmadd_ps(u, _mm512_loadu_ps((const void*)(center + i + k)), uc);
            uu = _mm512_fmadd_ps(u, u, uu);
        }
        all_uc = llmobsi_fold_avx512(all_uc, uc);
        all_uu = llmobsi_fold_avx512(all_uu, uu);
    }
    pair.uc = llmobsi_sum_avx512(all_uc);
    pair.uu = llmobsi_sum_avx512(all_uu);
    return pair;
}
#endif

#if defined(LLMOBS_I_SCORE_ARM)
llmobsi_score_neon_part float64x2_t llmobsi_widen_neon(float64x2_t sum, float32x4_t x)
{
    sum = vaddq_f64(sum, vcvt_f64_f32(vget_low_f32(x)));
    return vaddq_f64(sum, vcvt_f64_f32(vget_high_f32(x)));
}

llmobsi_fn void llmobsi_score_fast_add_neon(double* sums, size_t columns,
                                            const llmobsi_score_rows* rows)
{
    const float* at = (const float*)(const void*)rows->data;
    size_t step = rows->step / sizeof(float), i, k;
    for (i = 0; i < columns; i += 4) {
        float32x4_t sum = vld1q_f32(at + i);
        for (k = 1; k < 8; k++) {
            sum = vaddq_f32(sum, vld1q_f32(at + i + k * step));
        }
        vst1q_f64(sums + i, vaddq_f64(vld1q_f64(sums + i), vcvt_f64_f32(vget_low_f32(sum))));
        vst1q_f64(sums + i + 2,
                  vaddq_f64(vld1q_f64(sums + i + 2), vcvt_f64_f32(vget_high_f32(sum))));
    }
}

llmobsi_fn llmobsi_score_pair llmobsi_score_fast_neon(const float* row, const float* center,
                                                      size_t size)
{
    float64x2_t all_uc = vdupq_n_f64(0.0), all_uu = all_uc;
    llmobsi_score_pair pair;
    size_t i, k;
    for (i = 0; i < size; i += LLMOBS_I_SCORE_BLOCK / 4) {
        float32x4_t uc = vdupq_n_f32(0.0f), uu = uc;
        for (k = 0; k < LLMOBS_I_SCORE_BLOCK / 4; k += 4) {
            float32x4_t u = vld1q_f32(row + i + k);
            uc = vfmaq_f32(uc, u, vld1q_f32(center + i + k));
            uu = vfmaq_f32(uu, u, u);
        }
        all_uc = llmobsi_widen_neon(all_uc, uc);
        all_uu = llmobsi_widen_neon(all_uu, uu);
    }
    pair.uc = vaddvq_f64(all_uc);
    pair.uu = vaddvq_f64(all_uu);
    return pair;
}
#endif

/* ---- the choice ---------------------------------------------------------------------------- */

static const llmobsi_score_path llmobsi_score_paths[] = {
    {"portable", llmobsi_score_add_portable, llmobsi_score_exact_portable, NULL, NULL},
#if defined(LLMOBS_I_SCORE_X86)
    {"SSE2", llmobsi_score_add_sse2, llmobsi_score_exact_sse2, NULL, NULL},
    {"AVX2", llmobsi_score_add_avx2, llmobsi_score_exact_avx2, llmobsi_score_fast_add_avx2,
     llmobsi_score_fast_avx2},
    {"AVX-512", llmobsi_score_add_avx512, llmobsi_score_exact_avx512, llmobsi_score_fast_add_avx512,
     llmobsi_score_fast_avx512},
#elif defined(LLMOBS_I_SCORE_ARM)
    {"NEON", llmobsi_score_add_neon, llmobsi_score_exact_neon, llmobsi_score_fast_add_neon,
     llmobsi_score_fast_neon},
#endif
};

#define LLMOBS_I_SCORE_PATHS (sizeof(llmobsi_score_paths) / sizeof(llmobsi_score_paths[0]))

llmobsi_fn bool llmobsi_score_runs_here(size_t path)
{
#if defined(LLMOBS_I_SCORE_X86)
    __builtin_cpu_init();
    switch (path) {
    case 0:
    case 1:
        return true;
    case 2:
        return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
    default:
        return __builtin_cpu_supports("avx512f") != 0;
    }
#else
    (void)path;
    return true;
#endif
}

/* The last one that runs here. To ask the processor costs nothing beside a score. */
llmobsi_fn const llmobsi_score_path* llmobsi_score_best(void)
{
    size_t path = LLMOBS_I_SCORE_PATHS - 1;
    while (!llmobsi_score_runs_here(path)) {
        path--;
    }
    return &llmobsi_score_paths[path];
}

/* SHA-256 by the fastest means of the processor it runs on. The rounds of one message wait for each
   other, so the units for them idle half the time: two messages in one pass take little longer than
   one. */

/* -masm=intel needs LLMOBS_NO_SIMD. */
#if defined(LLMOBS_NO_SIMD)
#elif defined(__x86_64__) && defined(__SSE2__) && (defined(__clang__) || __GNUC__ >= 5)
#include <immintrin.h>
#define LLMOBS_I_SHA256_X86 1
#define LLMOBS_I_SHA256_SIMD "x86 SHA"
#define LLMOBS_I_SHA256_TARGET __attribute__((target("sha,sse4.1,ssse3")))
#elif defined(__aarch64__) && !defined(__AARCH64EB__) && \
    (defined(__ARM_FEATURE_SHA2) || defined(__ARM_FEATURE_CRYPTO) ||  \
     (defined(__clang__) ? __clang_major__ >= 16 : __GNUC__ >= 6))
#include <arm_neon.h>
#if defined(__linux__)
#include <sys/auxv.h>
#endif
#define LLMOBS_I_SHA256_ARM 1
#define LLMOBS_I_SHA256_SIMD "ARMv8 SHA"
#if defined(__clang__)
#define LLMOBS_I_SHA256_TARGET __attribute__((target("sha2")))
#else
#define LLMOBS_I_SHA256_TARGET __attribute__((target("+crypto")))
#endif
#endif
#define llmobsi_sha256_part \
    static inline __attribute__((always_inline, unused)) LLMOBS_I_SHA256_TARGET

#define LLMOBS_I_SHA256_BLOCK 64u

static const uint32_t llmobsi_sha256_start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                                 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

LLMOBS_I_ALIGNED(64) static const uint32_t llmobsi_sha256_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

/* ---- secrets ------------------------------------------------------------------------------- */

LLMOBS_API void llmobs_wipe(void* memory, size_t size)
{
    llmobsi_wipe(memory, size);
}

LLMOBS_API bool llmobs_equal_secret(const void* a, const void* b, size_t size)
{
    const uint8_t* bytes_a = (const uint8_t*)a;
    const uint8_t* bytes_b = (const uint8_t*)b;
    uint32_t difference = 0;
    size_t i;
    for (i = 0; i < size; i++) {
        difference |= (uint32_t)(bytes_a[i] ^ bytes_b[i]);
        /* The compiler can't know that a difference stays, so it can't leave the loop on one. */
        llmobsi_hide_each(uint32_t, "+r", difference);
    }
    return (bool)(((difference - 1u) >> 31) & 1u);
}

/* ---- bytes and words ----------------------------------------------------------------------- */

llmobsi_inline uint32_t llmobsi_sha256_load(const uint8_t* bytes)
{
    uint32_t word;
    memcpy(&word, bytes, sizeof(word));
#if LLMOBS_I_BIG_ENDIAN
    return word;
#else
    return llmobsi_swap_bytes32(word);
#endif
}

llmobsi_inline void llmobsi_sha256_store(uint8_t* bytes, uint32_t word)
{
#if !LLMOBS_I_BIG_ENDIAN
    word = llmobsi_swap_bytes32(word);
#endif
    memcpy(bytes, &word, sizeof(word));
}

/* ---- blocks, in plain C -------------------------------------------------------------------- */

#define llmobsi_sha256_rotate(x, n) (((x) >> (n)) | ((x) << (32 - (n))))

/* One round. The caller renames the variables instead of moving them. */
#define llmobsi_sha256_round(a, b, c, d, e, f, g, h, word, k)                                    \
    do {                                                                                         \
        (h) += (word) + (k) + ((g) ^ ((e) & ((f) ^ (g)))) +                                      \
               (llmobsi_sha256_rotate(e, 6) ^ llmobsi_sha256_rotate(e, 11) ^                     \
                llmobsi_sha256_rotate(e, 25));                                                   \
        (d) += (h);                                                                              \
        /* b ^ c was a ^ b one round ago: the compiler keeps it. */                              \
        (h) += (llmobsi_sha256_rotate(a, 2) ^ llmobsi_sha256_rotate(a, 13) ^                     \
                llmobsi_sha256_rotate(a, 22)) + ((b) ^ (((a) ^ (b)) & ((b) ^ (c))));             \
    } while (0)

/* The 16 words in use: first they are the block's, then each is replaced by the one 16 later. */
#define llmobsi_sha256_given(i) (w[i] = llmobsi_sha256_load(blocks + 4 * (i)))
#define llmobsi_sha256_next(i)                                                                   \
    (w[i] += w[((i) + 9) & 15] +                                                                 \
             (llmobsi_sha256_rotate(w[((i) + 1) & 15], 7) ^                                      \
              llmobsi_sha256_rotate(w[((i) + 1) & 15], 18) ^ (w[((i) + 1) & 15] >> 3)) +         \
             (llmobsi_sha256_rotate(w[((i) + 14) & 15], 17) ^                                    \
              llmobsi_sha256_rotate(w[((i) + 14) & 15], 19) ^ (w[((i) + 14) & 15] >> 10)))

#define llmobsi_sha256_rounds8(i, word, k)                                                       \
    llmobsi_sha256_round(a, b, c, d, e, f, g, h, word((i) + 0), (k)[(i) + 0]);                   \
    llmobsi_sha256_round(h, a, b, c, d, e, f, g, word((i) + 1), (k)[(i) + 1]);                   \
    llmobsi_sha256_round(g, h, a, b, c, d, e, f, word((i) + 2), (k)[(i) + 2]);                   \
    llmobsi_sha256_round(f, g, h, a, b, c, d, e, word((i) + 3), (k)[(i) + 3]);                   \
    llmobsi_sha256_round(e, f, g, h, a, b, c, d, word((i) + 4), (k)[(i) + 4]);                   \
    llmobsi_sha256_round(d, e, f, g, h, a, b, c, word((i) + 5), (k)[(i) + 5]);                   \
    llmobsi_sha256_round(c, d, e, f, g, h, a, b, word((i) + 6), (k)[(i) + 6]);                   \
    llmobsi_sha256_round(b, c, d, e, f, g, h, a, word((i) + 7), (k)[(i) + 7])

llmobsi_fn void llmobsi_sha256_blocks_portable(uint32_t state[8], const uint8_t* blocks,
                                               size_t count)
{
    uint32_t w[16];
    for (; count > 0; count--, blocks += LLMOBS_I_SHA256_BLOCK) {
        uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
        uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
        const uint32_t* k = llmobsi_sha256_constants;
        llmobsi_sha256_rounds8(0, llmobsi_sha256_given, k);
        llmobsi_sha256_rounds8(8, llmobsi_sha256_given, k);
        for (k += 16; k < llmobsi_sha256_constants + 64; k += 16) {
            llmobsi_sha256_rounds8(0, llmobsi_sha256_next, k);
            llmobsi_sha256_rounds8(8, llmobsi_sha256_next, k);
        }
        state[0] += a;
        state[1] += b;
        state[2] += c;
        state[3] += d;
        state[4] += e;
        state[5] += f;
        state[6] += g;
        state[7] += h;
    }
    llmobs_wipe(w, sizeof(w));
}

llmobsi_fn void llmobsi_sha256_pairs_portable(uint32_t state_a[8], const uint8_t* blocks_a,
                                              uint32_t state_b[8], const uint8_t* blocks_b,
                                              size_t count)
{
    llmobsi_sha256_blocks_portable(state_a, blocks_a, count);
    llmobsi_sha256_blocks_portable(state_b, blocks_b, count);
}

/* ---- what the processors' SHA instructions differ in --------------------------------------- */

#ifdef LLMOBS_I_SHA256_X86
typedef __m128i llmobsi_sha256_vector;

/* The state of one message: its words from high to low are a b e f, and c d g h. */
typedef struct llmobsi_sha256_lane {
    __m128i abef;
    __m128i cdgh;
} llmobsi_sha256_lane;

llmobsi_sha256_part llmobsi_sha256_lane llmobsi_sha256_lane_load(const uint32_t state[8])
{
    llmobsi_sha256_lane lane;
    __m128i dcba = _mm_loadu_si128((const __m128i*)(const void*)state);
    __m128i hgfe = _mm_loadu_si128((const __m128i*)(const void*)(state + 4));
    __m128i cdab = _mm_shuffle_epi32(dcba, 0xb1);
    __m128i efgh = _mm_shuffle_epi32(hgfe, 0x1b);
    lane.abef = _mm_alignr_epi8(cdab, efgh, 8);
    lane.cdgh = _mm_blend_epi16(efgh, cdab, 0xf0);
    return lane;
}

llmobsi_sha256_part void llmobsi_sha256_lane_store(llmobsi_sha256_lane lane, uint32_t state[8])
{
    __m128i feba = _mm_shuffle_epi32(lane.abef, 0x1b);
    __m128i dchg = _mm_shuffle_epi32(lane.cdgh, 0xb1);
    _mm_storeu_si128((__m128i*)(void*)state, _mm_blend_epi16(feba, dchg, 0xf0));
    _mm_storeu_si128((__m128i*)(void*)(state + 4), _mm_alignr_epi8(dchg, feba, 8));
}

llmobsi_sha256_part llmobsi_sha256_lane llmobsi_sha256_lane_add(llmobsi_sha256_lane a,
                                                                llmobsi_sha256_lane b)
{
    a.abef = _mm_add_epi32(a.abef, b.abef);
    a.cdgh = _mm_add_epi32(a.cdgh, b.cdgh);
    return a;
}

llmobsi_sha256_part __m128i llmobsi_sha256_words(const uint8_t* bytes)
{
    const __m128i swap = _mm_set_epi32(0x0c0d0e0f, 0x08090a0b, 0x04050607, 0x00010203);
    return _mm_shuffle_epi8(_mm_loadu_si128((const __m128i*)(const void*)bytes), swap);
}

/* The four words that follow the sixteen w0 to w3. */
llmobsi_sha256_part __m128i llmobsi_sha256_words_next(__m128i w0, __m128i w1, __m128i w2,
                                                      __m128i w3)
{
    __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(w0, w1), _mm_alignr_epi8(w3, w2, 4));
    return _mm_sha256msg2_epu32(sum, w3);
}

/* Four rounds with the words `w`. */
llmobsi_sha256_part void llmobsi_sha256_rounds4(llmobsi_sha256_lane* lane, __m128i w,
                                                const uint32_t* k)
{
    w = _mm_add_epi32(w, _mm_load_si128((const __m128i*)(const void*)k));
    lane->cdgh = _mm_sha256rnds2_epu32(lane->cdgh, lane->abef, w);
    lane->abef = _mm_sha256rnds2_epu32(lane->abef, lane->cdgh, _mm_shuffle_epi32(w, 0x0e));
}

/* Old processors answer a leaf they do not know with the data of another: hence the maximum. */
llmobsi_fn bool llmobsi_sha256_simd_runs_here(void)
{
    unsigned a, b, c, d;
    if (__get_cpuid_max(0, NULL) < 7) {
        return false;
    }
    __cpuid(1, a, b, c, d);
    if ((c & (1u << 9)) == 0 || (c & (1u << 19)) == 0) { /* SSSE3, SSE4.1 */
        return false;
    }
    __cpuid_count(7, 0, a, b, c, d);
    return (b & (1u << 29)) != 0;
}
#endif

#ifdef LLMOBS_I_SHA256_ARM
typedef uint32x4_t llmobsi_sha256_vector;

typedef struct llmobsi_sha256_lane {
    uint32x4_t abcd;
    uint32x4_t efgh;
} llmobsi_sha256_lane;

llmobsi_sha256_part llmobsi_sha256_lane llmobsi_sha256_lane_load(const uint32_t state[8])
{
    llmobsi_sha256_lane lane;
    lane.abcd = vld1q_u32(state);
    lane.efgh = vld1q_u32(state + 4);
    return lane;
}

llmobsi_sha256_part void llmobsi_sha256_lane_store(llmobsi_sha256_lane lane, uint32_t state[8])
{
    vst1q_u32(state, lane.abcd);
    vst1q_u32(state + 4, lane.efgh);
}

llmobsi_sha256_part llmobsi_sha256_lane llmobsi_sha256_lane_add(llmobsi_sha256_lane a,
                                                                llmobsi_sha256_lane b)
{
    a.abcd = vaddq_u32(a.abcd, b.abcd);
    a.efgh = vaddq_u32(a.efgh, b.efgh);
    return a;
}

llmobsi_sha256_part uint32x4_t llmobsi_sha256_words(const uint8_t* bytes)
{
    return vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(bytes)));
}

llmobsi_sha256_part uint32x4_t llmobsi_sha256_words_next(uint32x4_t w0, uint32x4_t w1,
                                                         uint32x4_t w2, uint32x4_t w3)
{
    return vsha256su1q_u32(vsha256su0q_u32(w0, w1), w2, w3);
}

llmobsi_sha256_part void llmobsi_sha256_rounds4(llmobsi_sha256_lane* lane, uint32x4_t w,
                                                const uint32_t* k)
{
    uint32x4_t abcd = lane->abcd;
    w = vaddq_u32(w, vld1q_u32(k));
    lane->abcd = vsha256hq_u32(abcd, lane->efgh, w);
    lane->efgh = vsha256h2q_u32(lane->efgh, abcd, w);
}

llmobsi_fn bool llmobsi_sha256_simd_runs_here(void)
{
#if defined(__ARM_FEATURE_SHA2) || defined(__ARM_FEATURE_CRYPTO)
    return true; /* the compiler already relies on it */
#elif defined(__linux__)
    return (getauxval(AT_HWCAP) & (1ul << 6)) != 0; /* HWCAP_SHA2 */
#else
    return false;
#endif
}
#endif

#ifdef LLMOBS_I_SHA256_SIMD
/* ---- blocks, by those instructions --------------------------------------------------------- */

/* The first rounds, with the block's own words, and four of the others. */
#define llmobsi_sha256_first(lane, w, bytes, i)                            \
    (w) = llmobsi_sha256_words((bytes) + 4 * (i));                         \
    llmobsi_sha256_rounds4(&(lane), (w), llmobsi_sha256_constants + (i))
#define llmobsi_sha256_later(lane, w0, w1, w2, w3, i)                      \
    (w0) = llmobsi_sha256_words_next((w0), (w1), (w2), (w3));              \
    llmobsi_sha256_rounds4(&(lane), (w0), llmobsi_sha256_constants + (i))

LLMOBS_I_SHA256_TARGET
llmobsi_fn void llmobsi_sha256_blocks_simd(uint32_t state[8], const uint8_t* blocks, size_t count)
{
    llmobsi_sha256_lane lane = llmobsi_sha256_lane_load(state);
    for (; count > 0; count--, blocks += LLMOBS_I_SHA256_BLOCK) {
        llmobsi_sha256_lane before = lane;
        llmobsi_sha256_vector w0, w1, w2, w3;
        unsigned i;
        llmobsi_sha256_first(lane, w0, blocks, 0);
        llmobsi_sha256_first(lane, w1, blocks, 4);
        llmobsi_sha256_first(lane, w2, blocks, 8);
        llmobsi_sha256_first(lane, w3, blocks, 12);
        for (i = 16; i < 64; i += 16) {
            llmobsi_sha256_later(lane, w0, w1, w2, w3, i);
            llmobsi_sha256_later(lane, w1, w2, w3, w0, i + 4);
            llmobsi_sha256_later(lane, w2, w3, w0, w1, i + 8);
            llmobsi_sha256_later(lane, w3, w0, w1, w2, i + 12);
        }
        lane = llmobsi_sha256_lane_add(lane, before);
    }
    llmobsi_sha256_lane_store(lane, state);
}

#ifdef LLMOBS_I_SHA256_X86
/* Two rounds of both messages in turn, the words that take the place of w, two rounds more, the
   words that take the place of v. In this order one message's instructions fill the other's waits
   almost without a gap. Compilers know of no reason to keep it, and lose up to a third: hence
   assembly. */
#define llmobsi_sha256_asm_begin(w, v, at)                                                       \
    "movdqa " at "(%[k]), %[t]\nmovdqa %[t], %[u]\n"                                             \
    "paddd %[" w "], %[t]\npaddd %[" v "], %[u]\n"                                               \
    "movdqa %[t], %%xmm0\nsha256rnds2 %%xmm0, %[a0], %[a1]\n"                                    \
    "movdqa %[u], %%xmm0\nsha256rnds2 %%xmm0, %[b0], %[b1]\n"
#define llmobsi_sha256_asm_end                                                                   \
    "pshufd $0x0e, %[t], %%xmm0\nsha256rnds2 %%xmm0, %[a1], %[a0]\n"                             \
    "pshufd $0x0e, %[u], %%xmm0\nsha256rnds2 %%xmm0, %[b1], %[b0]\n"
#define llmobsi_sha256_asm_next(w0, w1, w2, w3)                                                  \
    "movdqa %[" w3 "], %[n]\npalignr $4, %[" w2 "], %[n]\n"                                      \
    "sha256msg1 %[" w1 "], %[" w0 "]\npaddd %[n], %[" w0 "]\n"                                   \
    "sha256msg2 %[" w3 "], %[" w0 "]\n"
#define llmobsi_sha256_asm_step(p, q, r, s, at)                                                  \
    llmobsi_sha256_asm_begin("w" #p, "v" #p, at)                                                 \
    llmobsi_sha256_asm_next("w" #p, "w" #q, "w" #r, "w" #s)                                      \
    llmobsi_sha256_asm_end                                                                       \
    llmobsi_sha256_asm_next("v" #p, "v" #q, "v" #r, "v" #s)
#define llmobsi_sha256_asm_rounds(i, at)                                                         \
    llmobsi_sha256_asm_begin("w" #i, "v" #i, at) llmobsi_sha256_asm_end
#define llmobsi_sha256_asm_given(i, at)                                                          \
    "movdqu " at "(%[block_a]), %[w" #i "]\npshufb %[swap], %[w" #i "]\n"                        \
    "movdqu " at "(%[block_b]), %[v" #i "]\npshufb %[swap], %[v" #i "]\n"

/* One block of each. `before` is room for the states. */
llmobsi_sha256_part void llmobsi_sha256_pair(llmobsi_sha256_lane* a, const uint8_t* block_a,
                                             llmobsi_sha256_lane* b, const uint8_t* block_b,
                                             llmobsi_sha256_lane before[2])
{
    const __m128i swap = _mm_set_epi32(0x0c0d0e0f, 0x08090a0b, 0x04050607, 0x00010203);
    const uint32_t* k = llmobsi_sha256_constants;
    __m128i w0, w1, w2, w3, v0, v1, v2, v3, t, u, n;
    __asm__ __volatile__(
        "movdqa %[a0], (%[before])\nmovdqa %[a1], 16(%[before])\n"
        "movdqa %[b0], 32(%[before])\nmovdqa %[b1], 48(%[before])\n"
        llmobsi_sha256_asm_given(0, "0") llmobsi_sha256_asm_given(1, "16")
        llmobsi_sha256_asm_given(2, "32") llmobsi_sha256_asm_given(3, "48")
        "1:\n"
        llmobsi_sha256_asm_step(0, 1, 2, 3, "0") llmobsi_sha256_asm_step(1, 2, 3, 0, "16")
        llmobsi_sha256_asm_step(2, 3, 0, 1, "32") llmobsi_sha256_asm_step(3, 0, 1, 2, "48")
        "add $64, %[k]\ncmp %[last], %[k]\njb 1b\n"
        llmobsi_sha256_asm_rounds(0, "0") llmobsi_sha256_asm_rounds(1, "16")
        llmobsi_sha256_asm_rounds(2, "32") llmobsi_sha256_asm_rounds(3, "48")
        "paddd (%[before]), %[a0]\npaddd 16(%[before]), %[a1]\n"
        "paddd 32(%[before]), %[b0]\npaddd 48(%[before]), %[b1]"
        : [a0] "+x"(a->abef), [a1] "+x"(a->cdgh), [b0] "+x"(b->abef), [b1] "+x"(b->cdgh),
          [w0] "=&x"(w0), [w1] "=&x"(w1), [w2] "=&x"(w2), [w3] "=&x"(w3), [v0] "=&x"(v0),
          [v1] "=&x"(v1), [v2] "=&x"(v2), [v3] "=&x"(v3), [t] "=&x"(t), [u] "=&x"(u),
          [n] "=&x"(n), [k] "+r"(k)
        : [block_a] "r"(block_a), [block_b] "r"(block_b), [swap] "m"(swap),
          [last] "r"(llmobsi_sha256_constants + 48), [before] "r"(before)
        : "xmm0", "cc", "memory");
}
#else
/* The rounds of two messages take turns: v is to b what w is to a. */
#define llmobsi_sha256_first_two(p, i)                                     \
    llmobsi_sha256_first(*a, w##p, block_a, i);                            \
    llmobsi_sha256_first(*b, v##p, block_b, i)
#define llmobsi_sha256_later_two(p, q, r, s, i)                            \
    llmobsi_sha256_later(*a, w##p, w##q, w##r, w##s, i);                   \
    llmobsi_sha256_later(*b, v##p, v##q, v##r, v##s, i)

/* One block of each. `before` is room for the states. */
llmobsi_sha256_part void llmobsi_sha256_pair(llmobsi_sha256_lane* a, const uint8_t* block_a,
                                             llmobsi_sha256_lane* b, const uint8_t* block_b,
                                             llmobsi_sha256_lane before[2])
{
    llmobsi_sha256_vector w0, w1, w2, w3, v0, v1, v2, v3;
    unsigned i;
    before[0] = *a;
    before[1] = *b;
    llmobsi_sha256_first_two(0, 0);
    llmobsi_sha256_first_two(1, 4);
    llmobsi_sha256_first_two(2, 8);
    llmobsi_sha256_first_two(3, 12);
    for (i = 16; i < 64; i += 16) {
        llmobsi_sha256_later_two(0, 1, 2, 3, i);
        llmobsi_sha256_later_two(1, 2, 3, 0, i + 4);
        llmobsi_sha256_later_two(2, 3, 0, 1, i + 8);
        llmobsi_sha256_later_two(3, 0, 1, 2, i + 12);
    }
    *a = llmobsi_sha256_lane_add(*a, before[0]);
    *b = llmobsi_sha256_lane_add(*b, before[1]);
}
#endif

LLMOBS_I_SHA256_TARGET
llmobsi_fn void llmobsi_sha256_pairs_simd(uint32_t state_a[8], const uint8_t* blocks_a,
                                          uint32_t state_b[8], const uint8_t* blocks_b,
                                          size_t count)
{
    llmobsi_sha256_lane a = llmobsi_sha256_lane_load(state_a);
    llmobsi_sha256_lane b = llmobsi_sha256_lane_load(state_b);
    llmobsi_sha256_lane before[2];
    for (; count > 0; count--) {
        llmobsi_sha256_pair(&a, blocks_a, &b, blocks_b, before);
        blocks_a += LLMOBS_I_SHA256_BLOCK;
        blocks_b += LLMOBS_I_SHA256_BLOCK;
    }
    llmobsi_sha256_lane_store(a, state_a);
    llmobsi_sha256_lane_store(b, state_b);
    llmobs_wipe(before, sizeof(before)); /* an HMAC key's state, if there was one block */
}
#endif

/* ---- the choice ---------------------------------------------------------------------------- */

typedef struct llmobsi_sha256_path {
    const char* name;
    bool (*runs_here)(void); /* NULL: everywhere */
    void (*blocks)(uint32_t state[8], const uint8_t* blocks, size_t count);
    void (*pairs)(uint32_t state_a[8], const uint8_t* blocks_a, uint32_t state_b[8],
                  const uint8_t* blocks_b, size_t count);
} llmobsi_sha256_path;

/* From the slowest to the fastest. */
static const llmobsi_sha256_path llmobsi_sha256_paths[] = {
    {"portable", NULL, llmobsi_sha256_blocks_portable, llmobsi_sha256_pairs_portable},
#ifdef LLMOBS_I_SHA256_SIMD
    {LLMOBS_I_SHA256_SIMD, llmobsi_sha256_simd_runs_here, llmobsi_sha256_blocks_simd,
     llmobsi_sha256_pairs_simd},
#endif
};
#define LLMOBS_I_SHA256_PATHS \
    ((uint32_t)(sizeof(llmobsi_sha256_paths) / sizeof(llmobsi_sha256_paths[0])))

/* 0: not decided yet; else 1 + the index of a path. Any thread writes it and any thread reads it.
   Relaxed: all write the same number, and the table it leads into is constant. */
llmobsi_state llmobsi_atomic32 llmobsi_sha256_chosen;

/* For tests and benches: this path from now on, if the processor has it. */
llmobsi_fn bool llmobsi_sha256_use(uint32_t index)
{
    bool (*runs_here)(void);
    if (index >= LLMOBS_I_SHA256_PATHS) {
        return false;
    }
    runs_here = llmobsi_sha256_paths[index].runs_here;
    if (runs_here != NULL && !runs_here()) {
        return false;
    }
    llmobsi_store_relaxed(&llmobsi_sha256_chosen, index + 1u);
    return true;
}

llmobsi_cold uint32_t llmobsi_sha256_choose(void)
{
    uint32_t index = LLMOBS_I_SHA256_PATHS - 1u;
    while (!llmobsi_sha256_use(index)) {
        index--; /* ends at 0, which runs everywhere */
    }
    return index + 1u;
}

llmobsi_inline const llmobsi_sha256_path* llmobsi_sha256_fastest(void)
{
    uint32_t chosen = llmobsi_load_relaxed(&llmobsi_sha256_chosen);
    if (llmobsi_unlikely(chosen == 0)) {
        chosen = llmobsi_sha256_choose();
    }
    return &llmobsi_sha256_paths[chosen - 1u];
}

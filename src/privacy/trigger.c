#if defined(LLMOBS_NO_SIMD)
#elif defined(__x86_64__) && defined(__SSE2__) && (defined(__clang__) || __GNUC__ >= 5)
#include <immintrin.h>
#define LLMOBS_I_TRIGGER_X86 1
#elif defined(__aarch64__) && !defined(__AARCH64EB__)
#include <arm_neon.h>
#define LLMOBS_I_TRIGGER_ARM 1
#endif

/* Where a recogniser is worth a try: at three bytes that could be a digit and two more; a capital
   and two digits; "sk-", "hp_", ... The bits of an entry are eight groups of such patterns; what is
   left when the entries of the three bytes are combined by AND are the groups that may be there. Of
   prose less than two places a KiB are left. The last entry of each is for all bytes from 127 on.

   The patterns are grouped so that few others slip through, as was found by trying. Their list is
   in tests/test_trigger.c, which holds the tables against it. */
static const uint8_t llmobsi_trigger_bytes[3][128] = {
    {
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x00, 0x08, 0x20, 0x08, 0x20, 0x20, 0x20, 0x20, 0x28, 0x02, 0x00,
        0x00, 0x30, 0x00, 0xa0, 0x20, 0x20, 0xa5, 0xa5, 0xa5, 0xa5, 0xa5, 0xa5, 0xa5, 0xa5,
        0xa5, 0xa5, 0x8c, 0x00, 0x00, 0x20, 0x00, 0x20, 0x00, 0xa6, 0xa6, 0x26, 0x2e, 0x2e,
        0x26, 0x22, 0x22, 0x22, 0x22, 0x22, 0x22, 0x22, 0x2a, 0x22, 0x22, 0x22, 0x22, 0x32,
        0x2a, 0x22, 0x22, 0x22, 0x22, 0x6a, 0x22, 0x00, 0x08, 0x08, 0x20, 0x20, 0x28, 0x64,
        0x24, 0x24, 0x3c, 0x2c, 0x24, 0x20, 0x61, 0x20, 0x20, 0x20, 0x60, 0x60, 0x28, 0x20,
        0x60, 0x20, 0x60, 0x62, 0x68, 0x20, 0x60, 0x20, 0xa0, 0x68, 0x20, 0x20, 0x20, 0x20,
        0x20, 0x20},
    {
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x41, 0x03, 0x81, 0x03, 0x53, 0x13, 0x93, 0x13, 0x13, 0x13, 0x13,
        0x13, 0x13, 0x0c, 0x00, 0x00, 0x08, 0x00, 0x00, 0x20, 0x00, 0x80, 0x80, 0x00, 0x00,
        0x00, 0x10, 0x00, 0x80, 0x00, 0x90, 0x00, 0x00, 0x00, 0x00, 0x00, 0x80, 0x00, 0x80,
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x50,
        0x00, 0x00, 0x00, 0x00, 0x40, 0x00, 0x00, 0x40, 0x00, 0x40, 0x00, 0x40, 0x40, 0xc0,
        0x50, 0x00, 0x40, 0x40, 0x40, 0x40, 0x01, 0x00, 0x40, 0x04, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00},
    {
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x08, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x00, 0x18, 0x08, 0x08, 0x08, 0x08, 0x08, 0x00, 0x08, 0x10, 0x10,
        0x08, 0x08, 0x00, 0xd8, 0x18, 0x88, 0x3f, 0x7f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f,
        0x3f, 0x3f, 0x0c, 0x00, 0x00, 0x08, 0x08, 0x08, 0x08, 0x3c, 0x3c, 0xbc, 0x3c, 0xbc,
        0x3c, 0x28, 0x28, 0xac, 0x2c, 0xa8, 0x28, 0x28, 0x28, 0x28, 0x28, 0x28, 0x28, 0x28,
        0xa8, 0x28, 0x28, 0x28, 0x28, 0x28, 0x28, 0x00, 0x08, 0x00, 0x08, 0x48, 0x08, 0x3c,
        0x3c, 0x3c, 0x3c, 0x3c, 0x3c, 0x28, 0x28, 0x28, 0x28, 0x28, 0x28, 0x28, 0x28, 0x28,
        0x38, 0x28, 0x28, 0x2b, 0x28, 0x28, 0x28, 0x28, 0xa8, 0x28, 0xa8, 0x00, 0x08, 0x00,
        0x88, 0x28},
};

/* The same patterns for vectors that look up sixteen entries: by the lower four bits and the upper
   four of each byte. More slips through, and not all that slips through above: what a path looks at
   beyond the patterns must lead to nothing. Here rules of their own may add patterns. */
static const uint8_t llmobsi_trigger_tables[6][16] = {
    /* low and high four bits of the first byte, then of the second, of the third */
    {0xb3, 0x75, 0x35, 0xbd, 0xb5, 0x33, 0x35, 0x31,
     0xfb, 0x71, 0x61, 0x29, 0x61, 0x61, 0x21, 0x21},
    {0x00, 0x00, 0x49, 0x71, 0x35, 0x39, 0xc7, 0xd7,
     0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01},
    {0x2f, 0xb8, 0x6c, 0x7c, 0x68, 0x68, 0xaa, 0x28,
     0x68, 0x2a, 0x01, 0x1c, 0x00, 0x11, 0x90, 0x52},
    {0x00, 0x00, 0xd0, 0x39, 0x6d, 0x24, 0x96, 0xc6,
     0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00},
    {0xb9, 0x39, 0x39, 0xbd, 0x39, 0x79, 0x39, 0x39,
     0x3b, 0x3f, 0x2b, 0x0d, 0x09, 0x4f, 0x2d, 0xdb},
    {0x09, 0x09, 0x4f, 0x39, 0x4f, 0xdb, 0x09, 0xab,
     0x09, 0x09, 0x09, 0x09, 0x09, 0x09, 0x09, 0x09},
};

/* For classes that few ask for, and the caller's terms: the group that those patterns join. */
#define LLMOBS_I_TRIGGER_EXTRA 0x80u

/* Adds a pattern: kinds of bytes, or one byte where there is one. */
llmobsi_fn void llmobsi_trigger_add(uint8_t tables[6][16], uint32_t position, uint8_t byte)
{
    tables[2 * position][byte & 15] |= LLMOBS_I_TRIGGER_EXTRA;
    tables[2 * position + 1][byte >> 4] |= LLMOBS_I_TRIGGER_EXTRA;
}

llmobsi_fn void llmobsi_trigger_add_kinds(uint8_t tables[6][16], uint32_t position, uint32_t kinds)
{
    uint32_t byte;
    for (byte = 0; byte < 128; byte++) {
        if (llmobsi_is((uint8_t)byte, kinds)) {
            llmobsi_trigger_add(tables, position, (uint8_t)byte);
        }
    }
}

/* ---- plain C ------------------------------------------------------------------------------- */

/* The entry of a byte. */
llmobsi_inline uint32_t llmobsi_trigger_entry(uint8_t byte)
{
    return byte < 127 ? byte : 127;
}

/* The groups that three bytes may belong to, by their entries; and as they stand. */
llmobsi_inline uint32_t llmobsi_trigger_common(uint32_t a, uint32_t b, uint32_t c)
{
    return (uint32_t)llmobsi_trigger_bytes[0][a] & llmobsi_trigger_bytes[1][b] &
           llmobsi_trigger_bytes[2][c];
}

llmobsi_inline uint32_t llmobsi_trigger_groups(const uint8_t* text)
{
    return llmobsi_trigger_common(llmobsi_trigger_entry(text[0]), llmobsi_trigger_entry(text[1]),
                                  llmobsi_trigger_entry(text[2]));
}

/* The same by the other tables. */
llmobsi_inline uint32_t llmobsi_trigger_rough(const uint8_t tables[6][16], const uint8_t* text)
{
    return (uint32_t)tables[0][text[0] & 15] & tables[1][text[0] >> 4] &
           tables[2][text[1] & 15] & tables[3][text[1] >> 4] & tables[4][text[2] & 15] &
           tables[5][text[2] >> 4];
}

/* Whether the first of the bytes, and the second if it is known, can begin a pattern. */
llmobsi_inline bool llmobsi_trigger_may_begin(const uint8_t tables[6][16], uint8_t first,
                                              uint8_t second, bool has_second)
{
    uint32_t groups = (uint32_t)tables[0][first & 15] & tables[1][first >> 4];
    if (has_second) {
        groups &= (uint32_t)tables[2][second & 15] & tables[3][second >> 4];
    }
    return groups != 0;
}

/* From a place on, the first block of 64 with a place in it: its beginning, and the places. Where
   less than 66 bytes are left, that place, and none. By the tables of bytes; or, if `is_rough`, by
   the tables that are given. */
typedef size_t (*llmobsi_trigger_fn)(const uint8_t tables[6][16], const uint8_t* text, size_t place,
                                     size_t size, bool is_rough, uint64_t* places);

/* The places of 64 bytes; 66 can be read. */
llmobsi_fn uint64_t llmobsi_trigger_block(const uint8_t* text)
{
    uint64_t found = 0;
    uint32_t a = llmobsi_trigger_entry(text[0]), b = llmobsi_trigger_entry(text[1]), i;
    for (i = 0; i < 64; i++) {
        uint32_t c = llmobsi_trigger_entry(text[i + 2]);
        found |= (uint64_t)(llmobsi_trigger_common(a, b, c) != 0) << i;
        a = b;
        b = c;
    }
    return found;
}

llmobsi_fn uint64_t llmobsi_trigger_rough_block(const uint8_t tables[6][16], const uint8_t* text)
{
    uint64_t found = 0;
    uint32_t i;
    for (i = 0; i < 64; i++) {
        found |= (uint64_t)(llmobsi_trigger_rough(tables, text + i) != 0) << i;
    }
    return found;
}

llmobsi_fn size_t llmobsi_trigger_portable(const uint8_t tables[6][16], const uint8_t* text,
                                           size_t place, size_t size, bool is_rough,
                                           uint64_t* places)
{
    for (; size - place >= 66; place += 64) {
        *places = is_rough ? llmobsi_trigger_rough_block(tables, text + place)
                           : llmobsi_trigger_block(text + place);
        if (*places != 0) {
            return place;
        }
    }
    *places = 0;
    return place;
}

/* ---- vectors ------------------------------------------------------------------------------- */

#if defined(LLMOBS_I_TRIGGER_X86) || defined(LLMOBS_I_TRIGGER_ARM)
/* Of the places found by tables of sixteen entries those that the tables of bytes find, too. */
llmobsi_inline uint64_t llmobsi_trigger_refine(const uint8_t* text, uint64_t places)
{
    uint64_t left = places;
    for (; left != 0; left &= left - 1) {
        if (llmobsi_trigger_groups(text + llmobsi_trailing_zeros64(left)) == 0) {
            places ^= left & (0 - left);
        }
    }
    return places;
}
#endif

#if defined(LLMOBS_I_TRIGGER_X86)
#define LLMOBS_I_TRIGGER_AVX2 __attribute__((target("avx2")))
#define LLMOBS_I_TRIGGER_AVX512 __attribute__((target("avx512bw,avx512f")))
#define LLMOBS_I_TRIGGER_VBMI __attribute__((target("avx512vbmi,avx512bw,avx512f")))
#define llmobsi_avx2_part static inline __attribute__((always_inline, unused)) LLMOBS_I_TRIGGER_AVX2
#define llmobsi_avx512_part                                                                        \
    static inline __attribute__((always_inline, unused)) LLMOBS_I_TRIGGER_AVX512
#define llmobsi_vbmi_part static inline __attribute__((always_inline, unused)) LLMOBS_I_TRIGGER_VBMI

/* The groups of 32 bytes by one pair of tables. */
llmobsi_avx2_part __m256i llmobsi_avx2_groups(__m256i low, __m256i high, const uint8_t* text)
{
    const __m256i four = _mm256_set1_epi8(15);
    __m256i bytes = _mm256_loadu_si256((const __m256i*)(const void*)text);
    __m256i upper = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), four);
    __m256i lower = _mm256_and_si256(bytes, four);
    return _mm256_and_si256(_mm256_shuffle_epi8(low, lower), _mm256_shuffle_epi8(high, upper));
}

llmobsi_avx2_part uint32_t llmobsi_avx2_places(const __m256i* tables, const uint8_t* text)
{
    __m256i a = llmobsi_avx2_groups(tables[0], tables[1], text);
    __m256i b = llmobsi_avx2_groups(tables[2], tables[3], text + 1);
    __m256i c = llmobsi_avx2_groups(tables[4], tables[5], text + 2);
    __m256i none = _mm256_cmpeq_epi8(_mm256_and_si256(_mm256_and_si256(a, b), c),
                                     _mm256_setzero_si256());
    return ~(uint32_t)_mm256_movemask_epi8(none);
}

LLMOBS_I_TRIGGER_AVX2
llmobsi_fn size_t llmobsi_trigger_avx2(const uint8_t tables[6][16], const uint8_t* text,
                                       size_t place, size_t size, bool is_rough, uint64_t* places)
{
    __m256i t[6];
    uint32_t i;
    for (i = 0; i < 6; i++) {
        t[i] = _mm256_broadcastsi128_si256(
            _mm_loadu_si128((const __m128i*)(const void*)tables[i]));
    }
    for (; size - place >= 66; place += 64) {
        uint64_t found = (uint64_t)llmobsi_avx2_places(t, text + place + 32) << 32 |
                         llmobsi_avx2_places(t, text + place);
        if (found != 0 && !is_rough) {
            found = llmobsi_trigger_refine(text + place, found);
        }
        if (found != 0) {
            *places = found;
            return place;
        }
    }
    *places = 0;
    return place;
}

llmobsi_avx512_part __m512i llmobsi_avx512_groups(__m512i low, __m512i high, const uint8_t* text)
{
    const __m512i four = _mm512_set1_epi8(15);
    __m512i bytes = _mm512_loadu_si512((const void*)text);
    __m512i upper = _mm512_and_si512(_mm512_srli_epi16(bytes, 4), four);
    __m512i lower = _mm512_and_si512(bytes, four);
    return _mm512_and_si512(_mm512_shuffle_epi8(low, lower), _mm512_shuffle_epi8(high, upper));
}

LLMOBS_I_TRIGGER_AVX512
llmobsi_fn size_t llmobsi_trigger_avx512(const uint8_t tables[6][16], const uint8_t* text,
                                         size_t place, size_t size, bool is_rough,
                                         uint64_t* places)
{
    __m512i t[6];
    uint32_t i;
    for (i = 0; i < 6; i++) {
        /* With a mask of all: gcc warns of its own header otherwise. */
        t[i] = _mm512_maskz_broadcast_i32x4(
            0xffff, _mm_loadu_si128((const __m128i*)(const void*)tables[i]));
    }
    for (; size - place >= 66; place += 64) {
        const uint8_t* here = text + place;
        __m512i a = llmobsi_avx512_groups(t[0], t[1], here);
        __m512i b = llmobsi_avx512_groups(t[2], t[3], here + 1);
        __m512i c = llmobsi_avx512_groups(t[4], t[5], here + 2);
        uint64_t found = _mm512_test_epi8_mask(_mm512_and_si512(a, b), c);
        if (found != 0 && !is_rough) {
            found = llmobsi_trigger_refine(here, found);
        }
        if (found != 0) {
            *places = found;
            return place;
        }
    }
    *places = 0;
    return place;
}

/* One lookup among 128 entries. */
llmobsi_vbmi_part __m512i llmobsi_vbmi_groups(const __m512i* halves, const uint8_t* text)
{
    __m512i bytes = _mm512_loadu_si512((const void*)text);
    return _mm512_permutex2var_epi8(halves[0], _mm512_min_epu8(bytes, _mm512_set1_epi8(127)),
                                    halves[1]);
}

LLMOBS_I_TRIGGER_VBMI
llmobsi_fn size_t llmobsi_trigger_vbmi(const uint8_t tables[6][16], const uint8_t* text,
                                       size_t place, size_t size, bool is_rough, uint64_t* places)
{
    __m512i t[3][2];
    uint32_t i;
    if (is_rough) {
        return llmobsi_trigger_avx512(tables, text, place, size, is_rough, places);
    }
    for (i = 0; i < 3; i++) {
        t[i][0] = _mm512_loadu_si512((const void*)llmobsi_trigger_bytes[i]);
        t[i][1] = _mm512_loadu_si512((const void*)(llmobsi_trigger_bytes[i] + 64));
    }
    for (; size - place >= 66; place += 64) {
        const uint8_t* here = text + place;
        __m512i a = llmobsi_vbmi_groups(t[0], here);
        __m512i b = llmobsi_vbmi_groups(t[1], here + 1);
        __m512i c = llmobsi_vbmi_groups(t[2], here + 2);
        uint64_t found = _mm512_test_epi8_mask(_mm512_and_si512(a, b), c);
        if (found != 0) {
            *places = found;
            return place;
        }
    }
    *places = 0;
    return place;
}
#endif

#if defined(LLMOBS_I_TRIGGER_ARM)
/* The table lookup of NEON takes the whole byte for its index: both halves are masked. */
llmobsi_inline uint8x16_t llmobsi_neon_groups(uint8x16_t low, uint8x16_t high, const uint8_t* text)
{
    uint8x16_t bytes = vld1q_u8(text);
    return vandq_u8(vqtbl1q_u8(low, vandq_u8(bytes, vdupq_n_u8(15))),
                    vqtbl1q_u8(high, vshrq_n_u8(bytes, 4)));
}

/* A bit for each of 64 bytes that is not 0. */
llmobsi_inline uint64_t llmobsi_neon_bits(const uint8x16_t* bytes)
{
    static const uint8_t powers[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    uint8x16_t bits = vld1q_u8(powers), pairs[4];
    uint32_t i;
    for (i = 0; i < 4; i++) {
        pairs[i] = vandq_u8(vtstq_u8(bytes[i], bytes[i]), bits);
    }
    pairs[0] = vpaddq_u8(vpaddq_u8(pairs[0], pairs[1]), vpaddq_u8(pairs[2], pairs[3]));
    return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(pairs[0], pairs[0])), 0);
}

llmobsi_fn size_t llmobsi_trigger_neon(const uint8_t tables[6][16], const uint8_t* text,
                                       size_t place, size_t size, bool is_rough, uint64_t* places)
{
    uint8x16_t t[6];
    uint32_t i;
    for (i = 0; i < 6; i++) {
        t[i] = vld1q_u8(tables[i]);
    }
    for (; size - place >= 66; place += 64) {
        uint8x16_t found[4], any = vdupq_n_u8(0);
        for (i = 0; i < 4; i++) {
            const uint8_t* here = text + place + 16 * i;
            found[i] = vandq_u8(vandq_u8(llmobsi_neon_groups(t[0], t[1], here),
                                         llmobsi_neon_groups(t[2], t[3], here + 1)),
                                llmobsi_neon_groups(t[4], t[5], here + 2));
            any = vorrq_u8(any, found[i]);
        }
        if (vmaxvq_u8(any) != 0) {
            uint64_t bits = llmobsi_neon_bits(found);
            *places = is_rough ? bits : llmobsi_trigger_refine(text + place, bits);
            if (*places != 0) {
                return place;
            }
        }
    }
    *places = 0;
    return place;
}
#endif

/* ---- the choice ---------------------------------------------------------------------------- */

typedef struct llmobsi_trigger_path {
    const char* name;
    llmobsi_trigger_fn next;
} llmobsi_trigger_path;

static const llmobsi_trigger_path llmobsi_trigger_paths[] = {
    {"portable", llmobsi_trigger_portable},
#if defined(LLMOBS_I_TRIGGER_X86)
    {"AVX2", llmobsi_trigger_avx2},
    {"AVX-512", llmobsi_trigger_avx512},
    {"AVX-512 VBMI", llmobsi_trigger_vbmi},
#elif defined(LLMOBS_I_TRIGGER_ARM)
    {"NEON", llmobsi_trigger_neon},
#endif
};

#define LLMOBS_I_TRIGGER_PATHS \
    (sizeof(llmobsi_trigger_paths) / sizeof(llmobsi_trigger_paths[0]))

/* The path in use, plus one; 0 until the first asks. All who choose come to the same. */
static llmobsi_atomic32 llmobsi_trigger_chosen;

llmobsi_fn bool llmobsi_trigger_runs_here(uint32_t path)
{
#if defined(LLMOBS_I_TRIGGER_X86)
    __builtin_cpu_init();
    switch (path) {
    case 0:
        return true;
    case 1:
        return __builtin_cpu_supports("avx2") != 0;
    case 2:
        return __builtin_cpu_supports("avx512bw") != 0;
    default:
        return __builtin_cpu_supports("avx512bw") != 0 &&
               __builtin_cpu_supports("avx512vbmi") != 0;
    }
#else
    (void)path;
    return true;
#endif
}

llmobsi_cold uint32_t llmobsi_trigger_choose(void)
{
    uint32_t path = (uint32_t)LLMOBS_I_TRIGGER_PATHS - 1;
    while (!llmobsi_trigger_runs_here(path)) {
        path--;
    }
    llmobsi_store_relaxed(&llmobsi_trigger_chosen, path + 1);
    return path + 1;
}

llmobsi_inline llmobsi_trigger_fn llmobsi_trigger_here(void)
{
    /* Relaxed: it is a number, and stands for constants. */
    uint32_t chosen = llmobsi_load_relaxed(&llmobsi_trigger_chosen);
    if (llmobsi_unlikely(chosen == 0)) {
        chosen = llmobsi_trigger_choose();
    }
    return llmobsi_trigger_paths[chosen - 1].next;
}

/* The same for what is left of less than 66 bytes, as if zeros followed. */
llmobsi_fn uint64_t llmobsi_trigger_rest(llmobsi_trigger_fn next, const uint8_t tables[6][16],
                                         const uint8_t* text, size_t place, size_t size,
                                         bool is_rough)
{
    uint8_t copy[66];
    size_t left = size - place < sizeof(copy) ? size - place : sizeof(copy);
    uint64_t places;
    memset(copy, 0, sizeof(copy));
    memcpy(copy, text + place, left);
    (void)next(tables, copy, 0, sizeof(copy), is_rough, &places);
    llmobsi_wipe(copy, sizeof(copy));
    return left < 64 ? places & ((UINT64_C(1) << left) - 1) : places;
}

#if defined(LLMOBS_NO_SIMD)
#elif defined(__x86_64__) && defined(__SSE2__) && (defined(__clang__) || __GNUC__ >= 5)
#include <immintrin.h>
#define LLMOBS_I_TRIGGER_X86 1
#elif defined(__aarch64__) && !defined(__AARCH64EB__)
#include <arm_neon.h>
#define LLMOBS_I_TRIGGER_ARM 1
#endif

/* Where a recogniser is worth a try: at three bytes that could be a digit and two more; a capital
   and two digits; "sk-", "hp_", ... Each of the three has a table by its lower four bits and one by
   its upper four. The bits of an entry are eight groups of such patterns; what is left when all six
   entries are combined by AND are the groups that may be there. Of prose six places a KiB are left.

   The patterns are grouped so that few others slip through, as was found by trying. Their list is
   in tests/test_trigger.c, which holds the tables against it. */
static const uint8_t llmobsi_trigger_tables[6][16] = {
    /* low and high four bits of the first byte, then of the second, of the third */
    {0xb3, 0x75, 0x35, 0xbd, 0xb1, 0x33, 0x35, 0x31,
     0x7b, 0x71, 0x61, 0x29, 0x61, 0x61, 0x21, 0x21},
    {0x00, 0x00, 0x49, 0x71, 0x35, 0x39, 0xc3, 0xd7,
     0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00},
    {0x2b, 0xb8, 0x6c, 0x7c, 0x68, 0x68, 0x2a, 0x28,
     0x68, 0x2a, 0x01, 0x1c, 0x00, 0x11, 0x90, 0x52},
    {0x00, 0x00, 0xd0, 0x39, 0x6d, 0x24, 0x96, 0x46,
     0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00},
    {0xb9, 0x39, 0x39, 0xbd, 0x39, 0x79, 0x39, 0x39,
     0x3b, 0x3f, 0x2b, 0x0d, 0x09, 0x4f, 0x2d, 0xdb},
    {0x09, 0x09, 0x4f, 0x39, 0x4f, 0xdb, 0x09, 0xab,
     0x09, 0x09, 0x09, 0x09, 0x09, 0x09, 0x09, 0x09},
};

/* For classes that few ask for: the group that those patterns join. */
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

/* The places of the next 64 that may begin a pattern. 66 bytes can be read. */
llmobsi_fn uint64_t llmobsi_trigger_block(const uint8_t tables[6][16], const uint8_t* text)
{
    uint64_t places = 0;
    uint32_t i;
    for (i = 0; i < 64; i++) {
        uint32_t groups = (uint32_t)tables[0][text[i] & 15] & tables[1][text[i] >> 4];
        if (groups != 0) {
            groups &= (uint32_t)tables[2][text[i + 1] & 15] & tables[3][text[i + 1] >> 4] &
                      tables[4][text[i + 2] & 15] & tables[5][text[i + 2] >> 4];
            places |= (uint64_t)(groups != 0) << i;
        }
    }
    return places;
}

/* From a place on, the first block of 64 with a place in it: its beginning, and the places. Where
   less than 66 bytes are left, that place, and none. */
typedef size_t (*llmobsi_trigger_fn)(const uint8_t tables[6][16], const uint8_t* text, size_t place,
                                     size_t size, uint64_t* places);

llmobsi_fn size_t llmobsi_trigger_portable(const uint8_t tables[6][16], const uint8_t* text,
                                           size_t place, size_t size, uint64_t* places)
{
    for (; size - place >= 66; place += 64) {
        *places = llmobsi_trigger_block(tables, text + place);
        if (*places != 0) {
            return place;
        }
    }
    *places = 0;
    return place;
}

/* ---- vectors ------------------------------------------------------------------------------- */

#if defined(LLMOBS_I_TRIGGER_X86)
#define LLMOBS_I_TRIGGER_AVX2 __attribute__((target("avx2")))
#define LLMOBS_I_TRIGGER_AVX512 __attribute__((target("avx512bw,avx512f")))
#define llmobsi_avx2_part static inline __attribute__((always_inline, unused)) LLMOBS_I_TRIGGER_AVX2
#define llmobsi_avx512_part                                                                        \
    static inline __attribute__((always_inline, unused)) LLMOBS_I_TRIGGER_AVX512

typedef struct llmobsi_avx2_tables {
    __m256i table[6];
} llmobsi_avx2_tables;

/* The groups of 32 bytes by one pair of tables. The shuffle gives 0 for bytes above ASCII, which
   only a wide table knows. */
llmobsi_avx2_part __m256i llmobsi_avx2_groups(__m256i low, __m256i high, const uint8_t* text,
                                              bool is_wide)
{
    const __m256i four = _mm256_set1_epi8(15);
    __m256i bytes = _mm256_loadu_si256((const __m256i*)(const void*)text);
    __m256i upper = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), four);
    __m256i lower = is_wide ? _mm256_and_si256(bytes, four) : bytes;
    return _mm256_and_si256(_mm256_shuffle_epi8(low, lower), _mm256_shuffle_epi8(high, upper));
}

llmobsi_avx2_part uint32_t llmobsi_avx2_places(const llmobsi_avx2_tables* t, const uint8_t* text,
                                               bool is_wide)
{
    __m256i a = llmobsi_avx2_groups(t->table[0], t->table[1], text, is_wide);
    __m256i b = llmobsi_avx2_groups(t->table[2], t->table[3], text + 1, is_wide);
    __m256i c = llmobsi_avx2_groups(t->table[4], t->table[5], text + 2, true);
    __m256i none = _mm256_cmpeq_epi8(_mm256_and_si256(_mm256_and_si256(a, b), c),
                                     _mm256_setzero_si256());
    return ~(uint32_t)_mm256_movemask_epi8(none);
}

llmobsi_avx2_part size_t llmobsi_avx2_next(const uint8_t tables[6][16], const uint8_t* text,
                                           size_t place, size_t size, uint64_t* places,
                                           bool is_wide)
{
    llmobsi_avx2_tables t;
    uint32_t i;
    for (i = 0; i < 6; i++) {
        t.table[i] = _mm256_broadcastsi128_si256(
            _mm_loadu_si128((const __m128i*)(const void*)tables[i]));
    }
    for (; size - place >= 66; place += 64) {
        uint32_t low = llmobsi_avx2_places(&t, text + place, is_wide);
        uint32_t high = llmobsi_avx2_places(&t, text + place + 32, is_wide);
        if ((low | high) != 0) {
            *places = (uint64_t)high << 32 | low;
            return place;
        }
    }
    *places = 0;
    return place;
}

LLMOBS_I_TRIGGER_AVX2
llmobsi_fn size_t llmobsi_trigger_avx2(const uint8_t tables[6][16], const uint8_t* text,
                                       size_t place, size_t size, uint64_t* places)
{
    return llmobsi_avx2_next(tables, text, place, size, places, false);
}

LLMOBS_I_TRIGGER_AVX2
llmobsi_fn size_t llmobsi_trigger_avx2_wide(const uint8_t tables[6][16], const uint8_t* text,
                                            size_t place, size_t size, uint64_t* places)
{
    return llmobsi_avx2_next(tables, text, place, size, places, true);
}

typedef struct llmobsi_avx512_tables {
    __m512i table[6];
} llmobsi_avx512_tables;

llmobsi_avx512_part __m512i llmobsi_avx512_groups(__m512i low, __m512i high, const uint8_t* text,
                                                  bool is_wide)
{
    const __m512i four = _mm512_set1_epi8(15);
    __m512i bytes = _mm512_loadu_si512((const void*)text);
    __m512i upper = _mm512_and_si512(_mm512_srli_epi16(bytes, 4), four);
    __m512i lower = is_wide ? _mm512_and_si512(bytes, four) : bytes;
    return _mm512_and_si512(_mm512_shuffle_epi8(low, lower), _mm512_shuffle_epi8(high, upper));
}

llmobsi_avx512_part size_t llmobsi_avx512_next(const uint8_t tables[6][16], const uint8_t* text,
                                               size_t place, size_t size, uint64_t* places,
                                               bool is_wide)
{
    llmobsi_avx512_tables t;
    uint32_t i;
    for (i = 0; i < 6; i++) {
        /* With a mask of all: gcc warns of its own header otherwise. */
        t.table[i] = _mm512_maskz_broadcast_i32x4(
            0xffff, _mm_loadu_si128((const __m128i*)(const void*)tables[i]));
    }
    for (; size - place >= 66; place += 64) {
        const uint8_t* here = text + place;
        __m512i a = llmobsi_avx512_groups(t.table[0], t.table[1], here, is_wide);
        __m512i b = llmobsi_avx512_groups(t.table[2], t.table[3], here + 1, is_wide);
        __m512i c = llmobsi_avx512_groups(t.table[4], t.table[5], here + 2, true);
        uint64_t found = _mm512_test_epi8_mask(_mm512_and_si512(a, b), c);
        if (found != 0) {
            *places = found;
            return place;
        }
    }
    *places = 0;
    return place;
}

LLMOBS_I_TRIGGER_AVX512
llmobsi_fn size_t llmobsi_trigger_avx512(const uint8_t tables[6][16], const uint8_t* text,
                                         size_t place, size_t size, uint64_t* places)
{
    return llmobsi_avx512_next(tables, text, place, size, places, false);
}

LLMOBS_I_TRIGGER_AVX512
llmobsi_fn size_t llmobsi_trigger_avx512_wide(const uint8_t tables[6][16], const uint8_t* text,
                                              size_t place, size_t size, uint64_t* places)
{
    return llmobsi_avx512_next(tables, text, place, size, places, true);
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

llmobsi_fn size_t llmobsi_trigger_neon(const uint8_t tables[6][16], const uint8_t* text,
                                       size_t place, size_t size, uint64_t* places)
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
            *places = llmobsi_trigger_block(tables, text + place);
            return place;
        }
    }
    *places = 0;
    return place;
}
#endif

/* ---- the choice ---------------------------------------------------------------------------- */

typedef struct llmobsi_trigger_path {
    const char* name;
    llmobsi_trigger_fn narrow;
    llmobsi_trigger_fn wide; /* for tables with bytes above ASCII in their first two */
} llmobsi_trigger_path;

static const llmobsi_trigger_path llmobsi_trigger_paths[] = {
    {"portable", llmobsi_trigger_portable, llmobsi_trigger_portable},
#if defined(LLMOBS_I_TRIGGER_X86)
    {"AVX2", llmobsi_trigger_avx2, llmobsi_trigger_avx2_wide},
    {"AVX-512", llmobsi_trigger_avx512, llmobsi_trigger_avx512_wide},
#elif defined(LLMOBS_I_TRIGGER_ARM)
    {"NEON", llmobsi_trigger_neon, llmobsi_trigger_neon},
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
    return path == 0 || (path == 1 ? __builtin_cpu_supports("avx2") != 0
                                   : __builtin_cpu_supports("avx512bw") != 0);
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

llmobsi_inline llmobsi_trigger_fn llmobsi_trigger_path_of(bool is_wide)
{
    /* Relaxed: it is a number, and stands for constants. */
    uint32_t chosen = llmobsi_load_relaxed(&llmobsi_trigger_chosen);
    const llmobsi_trigger_path* path;
    if (llmobsi_unlikely(chosen == 0)) {
        chosen = llmobsi_trigger_choose();
    }
    path = &llmobsi_trigger_paths[chosen - 1];
    return is_wide ? path->wide : path->narrow;
}

/* The same for what is left of less than 66 bytes, as if zeros followed. */
llmobsi_fn uint64_t llmobsi_trigger_rest(llmobsi_trigger_fn next, const uint8_t tables[6][16],
                                         const uint8_t* text, size_t place, size_t size)
{
    uint8_t copy[66];
    size_t left = size - place < sizeof(copy) ? size - place : sizeof(copy);
    uint64_t places;
    memset(copy, 0, sizeof(copy));
    memcpy(copy, text + place, left);
    (void)next(tables, copy, 0, sizeof(copy), &places);
    return left < 64 ? places & ((UINT64_C(1) << left) - 1) : places;
}

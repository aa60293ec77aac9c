/* A 64-bit hash for tables whose keys strangers choose. Without the seed nobody can tell which
   keys collide, so the seed is random and secret, as are the hashes themselves. It is no
   cryptographic hash: for what leaves the process there is HMAC-SHA256.

   Two words of the key are hidden by words of the seed and multiplied to 128 bits, and the
   halves of the product are folded together. Both factors are unknown, so no key can force one
   of them to zero. Each word of each lane has a mask of its own, made from the seed by
   multiplication, so no two words can trade places: the difference of masks made by addition or
   exclusive or would be known to all. */

#ifdef LLMOBS_USE_XXHASH
#include <xxhash.h>
#endif

/* The high half of a * b is folded onto the low half. */
llmobsi_inline uint64_t llmobsi_hash_fold(uint64_t a, uint64_t b)
{
    uint64_t low;
    uint64_t high = llmobsi_multiply(a, b, &low);
    return high ^ low;
}

/* Little-endian on every machine. */
llmobsi_inline uint64_t llmobsi_hash_read4(const uint8_t* bytes)
{
    uint32_t word;
    memcpy(&word, bytes, sizeof(word));
#if LLMOBS_I_BIG_ENDIAN
    word = llmobsi_swap_bytes32(word);
#endif
    return word;
}

/* Odd constants: the fractions of the square roots of 2, 3, 5 and 7 (the last bit set). */
#define LLMOBS_I_HASH_ROOT2 UINT64_C(0x6a09e667f3bcc909)
#define LLMOBS_I_HASH_ROOT3 UINT64_C(0xbb67ae8584caa73b)
#define LLMOBS_I_HASH_ROOT5 UINT64_C(0x3c6ef372fe94f82b)
#define LLMOBS_I_HASH_ROOT7 UINT64_C(0xa54ff53a5f1d36f1)

/* What a seed becomes: for one that stays, it is worth keeping, since multiplications are what a
   short hash consists of. */
typedef struct llmobsi_hash_masks {
    uint64_t a;
    uint64_t b;
    uint64_t lane_a;
    uint64_t lane_b;
} llmobsi_hash_masks;

llmobsi_inline llmobsi_hash_masks llmobsi_hash_masks_of(uint64_t seed)
{
    llmobsi_hash_masks masks;
    masks.a = (seed ^ LLMOBS_I_HASH_ROOT3) * LLMOBS_I_HASH_ROOT2;
    masks.b = (seed ^ LLMOBS_I_HASH_ROOT7) * LLMOBS_I_HASH_ROOT5;
    masks.lane_a = (seed ^ LLMOBS_I_HASH_ROOT2) * LLMOBS_I_HASH_ROOT7;
    masks.lane_b = (seed ^ LLMOBS_I_HASH_ROOT5) * LLMOBS_I_HASH_ROOT3;
    return masks;
}

llmobsi_inline uint64_t llmobsi_hash64_masked(const void* data, size_t size,
                                              llmobsi_hash_masks masks)
{
    const uint8_t* bytes = (const uint8_t*)data;
    uint64_t mask_a = masks.a;
    uint64_t mask_b = masks.b;
    uint64_t lane_a = masks.lane_a;
    uint64_t lane_b = masks.lane_b;
    uint64_t first = 0, last = 0;
    if (size <= 16) {
        if (size >= 8) {
            first = llmobsi_load_le64(bytes);
            last = llmobsi_load_le64(bytes + (size - 8));
        } else if (size >= 4) {
            first = llmobsi_hash_read4(bytes);
            last = llmobsi_hash_read4(bytes + (size - 4));
        } else if (size > 0) {
            first = (uint64_t)bytes[0] | (uint64_t)bytes[size / 2] << 8;
            last = bytes[size - 1];
        }
        lane_a = llmobsi_hash_fold(first ^ lane_a, last ^ mask_a);
    } else {
        const uint8_t* end = bytes + size;
        for (; (size_t)(end - bytes) > 32; bytes += 32) {
            lane_a = llmobsi_hash_fold(llmobsi_load_le64(bytes) ^ lane_a,
                                       llmobsi_load_le64(bytes + 8) ^ mask_a);
            lane_b = llmobsi_hash_fold(llmobsi_load_le64(bytes + 16) ^ lane_b,
                                       llmobsi_load_le64(bytes + 24) ^ mask_b);
        }
        /* 17 to 32 bytes are left. What is before the last 16 may be hashed twice. */
        bytes = size >= 32 ? end - 32 : bytes;
        lane_a = llmobsi_hash_fold(llmobsi_load_le64(bytes) ^ lane_a,
                                   llmobsi_load_le64(bytes + 8) ^ mask_a);
        lane_b = llmobsi_hash_fold(llmobsi_load_le64(end - 16) ^ lane_b,
                                   llmobsi_load_le64(end - 8) ^ mask_b);
    }
    return llmobsi_hash_fold(lane_a ^ mask_b, lane_b ^ (uint64_t)size);
}

/* The same hash on every machine. */
llmobsi_fn uint64_t llmobsi_hash64_own(const void* data, size_t size, uint64_t seed)
{
    return llmobsi_hash64_masked(data, size, llmobsi_hash_masks_of(seed));
}

llmobsi_fn uint64_t llmobsi_hash64(const void* data, size_t size, uint64_t seed)
{
#ifdef LLMOBS_USE_XXHASH
    return XXH3_64bits_withSeed(data, size, seed);
#else
    return llmobsi_hash64_own(data, size, seed);
#endif
}

/* ---- numbers by chance, the same everywhere ------------------------------------------------- */

/* The next of SplitMix64's sequence (Steele, Lea, Flood 2014), which the state chooses. Whoever
   sees one number knows those that follow: no secret is made of them. */
llmobsi_fn uint64_t llmobsi_splitmix64(uint64_t* state)
{
    uint64_t mixed = *state += UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ mixed >> 31;
}

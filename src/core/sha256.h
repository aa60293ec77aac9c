/* ---- SHA-256 and HMAC-SHA256 --------------------------------------------------------------- */

#define LLMOBS_SHA256_SIZE 32

/* A running hash. Copy it to fork it. Its fields are private. */
typedef struct llmobs_sha256 {
    uint64_t total; /* bytes so far */
    uint32_t state[8];
    uint8_t block[64];
} llmobs_sha256;

/* [owner] FIPS 180-4, in any number of pieces. NULL with size 0 is fine. The end wipes the running
   hash: begin it anew to use it again. The processor's SHA instructions are used where it has them:
   about 0.5 ns a byte, and 50 ns for a short message; without them 2 ns a byte. */
LLMOBS_API void llmobs_sha256_begin(llmobs_sha256* hash);
LLMOBS_API void llmobs_sha256_update(llmobs_sha256* hash, const void* data, size_t size);
LLMOBS_API void llmobs_sha256_end(llmobs_sha256* hash, uint8_t digest[LLMOBS_SHA256_SIZE]);

/* [any] In one call. */
LLMOBS_API void llmobs_sha256_of(const void* data, size_t size, uint8_t digest[LLMOBS_SHA256_SIZE]);

/* [any] Two messages, of any sizes, in one pass: with SHA instructions twice as fast as one after
   the other while both last. */
LLMOBS_API void llmobs_sha256_of_two(const void* data_a, size_t size_a,
                                     uint8_t digest_a[LLMOBS_SHA256_SIZE], const void* data_b,
                                     size_t size_b, uint8_t digest_b[LLMOBS_SHA256_SIZE]);

/* A key made ready: the states after its two padded blocks. As secret as the key. */
typedef struct llmobs_hmac_key {
    uint32_t inner[8];
    uint32_t outer[8];
} llmobs_hmac_key;

/* A running HMAC. */
typedef struct llmobs_hmac {
    llmobs_sha256 hash;
    uint32_t outer[8];
} llmobs_hmac;

/* [any] HMAC-SHA256 (RFC 2104). The secret may have any size; 32 random bytes are enough, and more
   than 64 are hashed first. Wipe the key when done. About 100 ns for a short message. */
LLMOBS_API void llmobs_hmac_key_init(llmobs_hmac_key* key, const void* secret, size_t size);
LLMOBS_API void llmobs_hmac_of(const llmobs_hmac_key* key, const void* data, size_t size,
                               uint8_t tag[LLMOBS_SHA256_SIZE]);
LLMOBS_API void llmobs_hmac_of_two(const llmobs_hmac_key* key_a, const void* data_a, size_t size_a,
                                   uint8_t tag_a[LLMOBS_SHA256_SIZE], const llmobs_hmac_key* key_b,
                                   const void* data_b, size_t size_b,
                                   uint8_t tag_b[LLMOBS_SHA256_SIZE]);

/* [owner] In pieces. The end wipes the running state. */
LLMOBS_API void llmobs_hmac_begin(llmobs_hmac* hmac, const llmobs_hmac_key* key);
LLMOBS_API void llmobs_hmac_update(llmobs_hmac* hmac, const void* data, size_t size);
LLMOBS_API void llmobs_hmac_end(llmobs_hmac* hmac, uint8_t tag[LLMOBS_SHA256_SIZE]);

/* [any] Whether the bytes are equal, in a time that depends on `size` alone. */
LLMOBS_API bool llmobs_equal_secret(const void* a, const void* b, size_t size);

/* [any] Clears memory; the compiler can't leave it out. */
LLMOBS_API void llmobs_wipe(void* memory, size_t size);

/* SHA-256 and HMAC of whole messages, and of messages in pieces. */

/* ---- messages ------------------------------------------------------------------------------ */

llmobsi_inline void llmobsi_sha256_store_state(uint8_t digest[LLMOBS_SHA256_SIZE],
                                               const uint32_t state[8])
{
    llmobsi_sha256_store(digest, state[0]);
    llmobsi_sha256_store(digest + 4, state[1]);
    llmobsi_sha256_store(digest + 8, state[2]);
    llmobsi_sha256_store(digest + 12, state[3]);
    llmobsi_sha256_store(digest + 16, state[4]);
    llmobsi_sha256_store(digest + 20, state[5]);
    llmobsi_sha256_store(digest + 24, state[6]);
    llmobsi_sha256_store(digest + 28, state[7]);
}

/* What is left of a message: whole blocks in the caller's memory, then one or two that end it. */
typedef struct llmobsi_sha256_rest {
    uint32_t* state;
    const uint8_t* blocks;
    size_t count;
    size_t tail_count; /* of the blocks in `tail`; 0 once `blocks` points to them */
    bool tail_is_two;
    uint8_t tail[2 * LLMOBS_I_SHA256_BLOCK];
} llmobsi_sha256_rest;

/* `count` blocks are done. At the end there are none: rest->count is 0. */
llmobsi_inline void llmobsi_sha256_rest_advance(llmobsi_sha256_rest* rest, size_t count)
{
    rest->count -= count;
    if (rest->count > 0) {
        rest->blocks += count * LLMOBS_I_SHA256_BLOCK;
    } else {
        rest->blocks = rest->tail;
        rest->count = rest->tail_count;
        rest->tail_count = 0;
    }
}

/* `before` bytes, whole blocks, are in the state already. */
llmobsi_fn void llmobsi_sha256_rest_init(llmobsi_sha256_rest* rest, uint32_t state[8],
                                         const void* data, size_t size, uint64_t before)
{
    size_t odd = size % LLMOBS_I_SHA256_BLOCK;
    uint64_t bits = (before + size) << 3;
    uint8_t* end = rest->tail + LLMOBS_I_SHA256_BLOCK;
    rest->state = state;
    rest->blocks = (const uint8_t*)data;
    rest->count = size / LLMOBS_I_SHA256_BLOCK;
    rest->tail_is_two = odd + 9 > LLMOBS_I_SHA256_BLOCK;
    rest->tail_count = rest->tail_is_two ? 2 : 1;
    memset(rest->tail, 0, LLMOBS_I_SHA256_BLOCK);
    if (rest->tail_is_two) {
        memset(end, 0, LLMOBS_I_SHA256_BLOCK);
        end += LLMOBS_I_SHA256_BLOCK;
    }
    if (odd > 0) {
        memcpy(rest->tail, rest->blocks + (size - odd), odd);
    }
    rest->tail[odd] = 0x80;
    llmobsi_sha256_store(end - 8, (uint32_t)(bits >> 32));
    llmobsi_sha256_store(end - 4, (uint32_t)bits);
    llmobsi_sha256_rest_advance(rest, 0);
}

llmobsi_fn void llmobsi_sha256_rest_end(llmobsi_sha256_rest* rest)
{
    const llmobsi_sha256_path* path = llmobsi_sha256_fastest();
    while (rest->count > 0) {
        path->blocks(rest->state, rest->blocks, rest->count);
        llmobsi_sha256_rest_advance(rest, rest->count);
    }
    /* Block by block: a compiler clears 64 bytes by a few stores, 128 by a slow instruction. */
    llmobs_wipe(rest->tail, LLMOBS_I_SHA256_BLOCK);
    if (rest->tail_is_two) {
        llmobs_wipe(rest->tail + LLMOBS_I_SHA256_BLOCK, LLMOBS_I_SHA256_BLOCK);
    }
}

/* Both in one pass while both have blocks, then the longer alone. */
llmobsi_fn void llmobsi_sha256_rest_end_two(llmobsi_sha256_rest* a, llmobsi_sha256_rest* b)
{
    const llmobsi_sha256_path* path = llmobsi_sha256_fastest();
    while (a->count > 0 && b->count > 0) {
        size_t count = a->count < b->count ? a->count : b->count;
        path->pairs(a->state, a->blocks, b->state, b->blocks, count);
        llmobsi_sha256_rest_advance(a, count);
        llmobsi_sha256_rest_advance(b, count);
    }
    llmobsi_sha256_rest_end(a);
    llmobsi_sha256_rest_end(b);
}

LLMOBS_API void llmobs_sha256_of(const void* data, size_t size, uint8_t digest[LLMOBS_SHA256_SIZE])
{
    uint32_t state[8];
    llmobsi_sha256_rest rest;
    memcpy(state, llmobsi_sha256_start, sizeof(state));
    llmobsi_sha256_rest_init(&rest, state, data, size, 0);
    llmobsi_sha256_rest_end(&rest);
    llmobsi_sha256_store_state(digest, state);
}

LLMOBS_API void llmobs_sha256_of_two(const void* data_a, size_t size_a,
                                     uint8_t digest_a[LLMOBS_SHA256_SIZE], const void* data_b,
                                     size_t size_b, uint8_t digest_b[LLMOBS_SHA256_SIZE])
{
    uint32_t state_a[8], state_b[8];
    llmobsi_sha256_rest a, b;
    memcpy(state_a, llmobsi_sha256_start, sizeof(state_a));
    memcpy(state_b, llmobsi_sha256_start, sizeof(state_b));
    llmobsi_sha256_rest_init(&a, state_a, data_a, size_a, 0);
    llmobsi_sha256_rest_init(&b, state_b, data_b, size_b, 0);
    llmobsi_sha256_rest_end_two(&a, &b);
    llmobsi_sha256_store_state(digest_a, state_a);
    llmobsi_sha256_store_state(digest_b, state_b);
}

/* ---- in pieces ----------------------------------------------------------------------------- */

LLMOBS_API void llmobs_sha256_begin(llmobs_sha256* hash)
{
    memset(hash, 0, sizeof(*hash));
    memcpy(hash->state, llmobsi_sha256_start, sizeof(hash->state));
}

LLMOBS_API void llmobs_sha256_update(llmobs_sha256* hash, const void* data, size_t size)
{
    const llmobsi_sha256_path* path = llmobsi_sha256_fastest();
    const uint8_t* bytes = (const uint8_t*)data;
    size_t odd = (size_t)(hash->total % LLMOBS_I_SHA256_BLOCK);
    if (size == 0) {
        return;
    }
    hash->total += size;
    if (odd > 0) {
        size_t room = LLMOBS_I_SHA256_BLOCK - odd;
        size_t part = size < room ? size : room;
        memcpy(hash->block + odd, bytes, part);
        if (part < room) {
            return;
        }
        path->blocks(hash->state, hash->block, 1);
        bytes += part;
        size -= part;
    }
    if (size >= LLMOBS_I_SHA256_BLOCK) {
        path->blocks(hash->state, bytes, size / LLMOBS_I_SHA256_BLOCK);
        bytes += size - size % LLMOBS_I_SHA256_BLOCK;
        size %= LLMOBS_I_SHA256_BLOCK;
    }
    if (size > 0) {
        memcpy(hash->block, bytes, size);
    }
}

LLMOBS_API void llmobs_sha256_end(llmobs_sha256* hash, uint8_t digest[LLMOBS_SHA256_SIZE])
{
    llmobsi_sha256_rest rest;
    size_t odd = (size_t)(hash->total % LLMOBS_I_SHA256_BLOCK);
    llmobsi_sha256_rest_init(&rest, hash->state, hash->block, odd, hash->total - odd);
    llmobsi_sha256_rest_end(&rest);
    llmobsi_sha256_store_state(digest, hash->state);
    llmobs_wipe(hash, sizeof(*hash));
}

/* ---- HMAC ---------------------------------------------------------------------------------- */

LLMOBS_API void llmobs_hmac_key_init(llmobs_hmac_key* key, const void* secret, size_t size)
{
    uint8_t inner[LLMOBS_I_SHA256_BLOCK], outer[LLMOBS_I_SHA256_BLOCK];
    size_t i;
    memset(inner, 0, sizeof(inner));
    if (size > sizeof(inner)) {
        llmobs_sha256_of(secret, size, inner);
    } else if (size > 0) {
        memcpy(inner, secret, size);
    }
    for (i = 0; i < sizeof(inner); i++) {
        outer[i] = (uint8_t)(inner[i] ^ 0x5cu);
        inner[i] = (uint8_t)(inner[i] ^ 0x36u);
    }
    memcpy(key->inner, llmobsi_sha256_start, sizeof(key->inner));
    memcpy(key->outer, llmobsi_sha256_start, sizeof(key->outer));
    llmobsi_sha256_fastest()->pairs(key->inner, inner, key->outer, outer, 1);
    llmobs_wipe(inner, sizeof(inner));
    llmobs_wipe(outer, sizeof(outer));
}

/* The inner hash in `state` becomes the message of the outer one, in `rest`. */
llmobsi_fn void llmobsi_hmac_turn(llmobsi_sha256_rest* rest, uint32_t state[8],
                                  const uint32_t outer[8])
{
    uint8_t digest[LLMOBS_SHA256_SIZE];
    llmobsi_sha256_store_state(digest, state);
    memcpy(state, outer, LLMOBS_SHA256_SIZE);
    llmobsi_sha256_rest_init(rest, state, digest, sizeof(digest), LLMOBS_I_SHA256_BLOCK);
    llmobs_wipe(digest, sizeof(digest));
}

LLMOBS_API void llmobs_hmac_of(const llmobs_hmac_key* key, const void* data, size_t size,
                               uint8_t tag[LLMOBS_SHA256_SIZE])
{
    uint32_t state[8];
    llmobsi_sha256_rest rest;
    memcpy(state, key->inner, sizeof(state));
    llmobsi_sha256_rest_init(&rest, state, data, size, LLMOBS_I_SHA256_BLOCK);
    llmobsi_sha256_rest_end(&rest);
    llmobsi_hmac_turn(&rest, state, key->outer);
    llmobsi_sha256_rest_end(&rest);
    llmobsi_sha256_store_state(tag, state);
}

LLMOBS_API void llmobs_hmac_of_two(const llmobs_hmac_key* key_a, const void* data_a, size_t size_a,
                                   uint8_t tag_a[LLMOBS_SHA256_SIZE], const llmobs_hmac_key* key_b,
                                   const void* data_b, size_t size_b,
                                   uint8_t tag_b[LLMOBS_SHA256_SIZE])
{
    uint32_t state_a[8], state_b[8];
    llmobsi_sha256_rest a, b;
    memcpy(state_a, key_a->inner, sizeof(state_a));
    memcpy(state_b, key_b->inner, sizeof(state_b));
    llmobsi_sha256_rest_init(&a, state_a, data_a, size_a, LLMOBS_I_SHA256_BLOCK);
    llmobsi_sha256_rest_init(&b, state_b, data_b, size_b, LLMOBS_I_SHA256_BLOCK);
    llmobsi_sha256_rest_end_two(&a, &b);
    llmobsi_hmac_turn(&a, state_a, key_a->outer);
    llmobsi_hmac_turn(&b, state_b, key_b->outer);
    llmobsi_sha256_rest_end_two(&a, &b);
    llmobsi_sha256_store_state(tag_a, state_a);
    llmobsi_sha256_store_state(tag_b, state_b);
}

LLMOBS_API void llmobs_hmac_begin(llmobs_hmac* hmac, const llmobs_hmac_key* key)
{
    memset(hmac, 0, sizeof(*hmac));
    memcpy(hmac->hash.state, key->inner, sizeof(hmac->hash.state));
    memcpy(hmac->outer, key->outer, sizeof(hmac->outer));
    hmac->hash.total = LLMOBS_I_SHA256_BLOCK;
}

LLMOBS_API void llmobs_hmac_update(llmobs_hmac* hmac, const void* data, size_t size)
{
    llmobs_sha256_update(&hmac->hash, data, size);
}

LLMOBS_API void llmobs_hmac_end(llmobs_hmac* hmac, uint8_t tag[LLMOBS_SHA256_SIZE])
{
    uint8_t digest[LLMOBS_SHA256_SIZE];
    llmobsi_sha256_rest rest;
    llmobs_sha256_end(&hmac->hash, digest);
    llmobsi_sha256_rest_init(&rest, hmac->outer, digest, sizeof(digest), LLMOBS_I_SHA256_BLOCK);
    llmobsi_sha256_rest_end(&rest);
    llmobsi_sha256_store_state(tag, hmac->outer);
    llmobs_wipe(digest, sizeof(digest));
    llmobs_wipe(hmac, sizeof(*hmac));
}

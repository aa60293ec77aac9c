/* Addresses of Bitcoin and Ethereum, by their checksums. */

/* "0x" and 40 hexadecimal digits. (The check by the case of the letters needs Keccak: not done.) */
llmobsi_fn bool llmobsi_ethereum_read(llmobsi_view* view, size_t start, llmobsi_match* match)
{
    return llmobsi_begins(view, start) && llmobsi_has_text(view, start, "0x") &&
           llmobsi_run(view, start + 2, LLMOBS_I_HEX, 41) == 40 &&
           llmobsi_ends(view, start + 42) &&
           llmobsi_match_set(match, LLMOBS_PII_CRYPTO_ADDRESS, start, start + 42, "ethereum");
}

/* The polynomial of BIP 173, for one symbol more. */
llmobsi_fn uint32_t llmobsi_bech32_step(uint32_t check, uint32_t symbol)
{
    static const uint32_t powers[5] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
    uint32_t top = check >> 25, i;
    check = (check & 0x1ffffff) << 5 ^ symbol;
    for (i = 0; i < 5; i++) {
        check ^= (top >> i & 1) != 0 ? powers[i] : 0;
    }
    return check;
}

/* The symbols after "bc1": the version decides between bech32 (0) and bech32m (1 to 16). */
llmobsi_fn bool llmobsi_bech32_is_valid(const uint8_t* symbols, size_t count)
{
    static const char alphabet[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    uint32_t check = 1, version = 0;
    size_t i;
    check = llmobsi_bech32_step(check, 'b' >> 5);
    check = llmobsi_bech32_step(check, 'c' >> 5);
    check = llmobsi_bech32_step(check, 0);
    check = llmobsi_bech32_step(check, 'b' & 31);
    check = llmobsi_bech32_step(check, 'c' & 31);
    for (i = 0; i < count; i++) {
        const char* found = symbols[i] != 0 ? strchr(alphabet, symbols[i]) : NULL;
        if (found == NULL) {
            return false;
        }
        version = i == 0 ? (uint32_t)(found - alphabet) : version;
        check = llmobsi_bech32_step(check, (uint32_t)(found - alphabet));
    }
    return check == (version == 0 ? 1u : 0x2bc830a3u);
}

llmobsi_fn bool llmobsi_segwit_read(llmobsi_view* view, size_t start, llmobsi_match* match)
{
    size_t size = llmobsi_run(view, start + 3, LLMOBS_I_LOWER | LLMOBS_I_DIGIT, 88);
    return llmobsi_begins(view, start) && llmobsi_has_text(view, start, "bc1") &&
           (size == 39 || size == 59) && llmobsi_ends(view, start + 3 + size) &&
           llmobsi_bech32_is_valid(view->bytes + start + 3, size) &&
           llmobsi_match_set(match, LLMOBS_PII_CRYPTO_ADDRESS, start, start + 3 + size, "segwit");
}

#ifndef LLMOBS_NO_SHA256
#define LLMOBS_I_BASE58_BYTES 25u

/* What symbols stand for. False: it is more than so many bytes, or no such symbol. */
llmobsi_fn bool llmobsi_base58_decode(const uint8_t* text, size_t size,
                                      uint8_t bytes[LLMOBS_I_BASE58_BYTES])
{
    static const char alphabet[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    size_t i, k;
    memset(bytes, 0, LLMOBS_I_BASE58_BYTES);
    for (i = 0; i < size; i++) {
        const char* found = text[i] != 0 ? strchr(alphabet, text[i]) : NULL;
        uint32_t carry;
        if (found == NULL) {
            return false;
        }
        carry = (uint32_t)(found - alphabet);
        for (k = LLMOBS_I_BASE58_BYTES; k > 0; k--) {
            carry += (uint32_t)bytes[k - 1] * 58;
            bytes[k - 1] = (uint8_t)carry;
            carry >>= 8;
        }
        if (carry != 0) {
            return false;
        }
    }
    return true;
}

/* 26 to 35 symbols to 25 bytes, of which the last four are the hash of the hash of the others. */
llmobsi_fn bool llmobsi_base58check_is_valid(const uint8_t* text, size_t size)
{
    uint8_t bytes[LLMOBS_I_BASE58_BYTES], digest[LLMOBS_SHA256_SIZE];
    bool is_valid = llmobsi_base58_decode(text, size, bytes);
    if (is_valid) {
        llmobs_sha256_of(bytes, 21, digest);
        llmobs_sha256_of(digest, sizeof(digest), digest);
        is_valid = (bytes[0] == 0 || bytes[0] == 5) && memcmp(digest, bytes + 21, 4) == 0;
    }
    llmobsi_wipe(bytes, sizeof(bytes));
    return is_valid;
}

llmobsi_fn bool llmobsi_base58_read(llmobsi_view* view, size_t start, llmobsi_match* match)
{
    size_t size = llmobsi_run(view, start, LLMOBS_I_BASE58, 36);
    return size >= 26 && size <= 35 && llmobsi_begins(view, start) &&
           llmobsi_ends(view, start + size) &&
           llmobsi_base58check_is_valid(view->bytes + start, size) &&
           llmobsi_match_set(match, LLMOBS_PII_CRYPTO_ADDRESS, start, start + size, "base58");
}
#endif

/* What begins at a place. */
llmobsi_fn bool llmobsi_coin_read(llmobsi_view* view, size_t place, llmobsi_match* match)
{
    uint8_t first = llmobsi_at(view, place);
    if (first == '0') {
        return llmobsi_ethereum_read(view, place, match);
    }
    if (first == 'b') {
        return llmobsi_segwit_read(view, place, match);
    }
#ifndef LLMOBS_NO_SHA256
    if (first == '1' || first == '3') {
        return llmobsi_base58_read(view, place, match);
    }
#endif
    return false;
}

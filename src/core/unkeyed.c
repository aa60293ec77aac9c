/* The hash and the length of the article's record. */

/* How many code points; every malformed segment is one, as U+FFFD in its place would be. */
llmobsi_fn int64_t llmobsi_utf8_count(const char* text, size_t size)
{
    int64_t count = 0;
    size_t i = 0;
    while (i < size) {
        size_t ascii = llmobsi_ascii_run(text + i, size - i);
        bool valid;
        count += (int64_t)ascii;
        i += ascii;
        if (i < size) {
            i += llmobsi_utf8_segment(text + i, size - i, &valid);
            count++;
        }
    }
    return count;
}

LLMOBS_API int64_t llmobs_hash_unkeyed(const char* text, size_t size,
                                       char hash[LLMOBS_HASH_UNKEYED_SIZE])
{
    uint8_t digest[LLMOBS_SHA256_SIZE];
    llmobs_sha256_of(text, size, digest);
    *llmobsi_append_hex(hash, digest, (LLMOBS_HASH_UNKEYED_SIZE - 1) / 2) = '\0';
    return llmobsi_utf8_count(text, size);
}

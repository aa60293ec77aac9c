/* ---- unkeyed hashes ------------------------------------------------------------------------ */

/* 16 hex digits and a NUL. */
#define LLMOBS_HASH_UNKEYED_SIZE 17

/* [any] What LLMOBS_LOG_STYLE_ARTICLE wants of a text: the first 16 hex digits of its plain
   SHA-256 and, returned, its length in code points (malformed parts count one each). Unkeyed:
   whoever can guess the text can confirm the guess, so short or common texts are not protected by
   it at all. Use HMAC unless you must match records that were made like this. */
LLMOBS_API int64_t llmobs_hash_unkeyed(const char* text, size_t size,
                                       char hash[LLMOBS_HASH_UNKEYED_SIZE]);

/* ---- pseudonyms ---------------------------------------------------------------------------- */

/* A pseudonym stands for a text that must not be stored: HMAC-SHA256 with the key of its domain and
   tenant, cut to 128 bits, as "hmac-sha256:<key id>:<32 hexadecimal digits>". Who has no key can't
   find the text, not even by trying all there are; the same text gives the same pseudonym as long
   as the key is the same: it is pseudonymous, not anonymous. See docs/privacy.md. */

/* [any] The pseudonym of a text. `tenant` keeps customers apart: the same text of two tenants has
   two pseudonyms; NULL and "" are one. About 130 ns and 0.5 ns a byte, with a tenant 200 ns more.
   On failure `out` is "". ERROR_ARGUMENT: no such domain, or no text or `out`; ERROR_KEY: there is
   no key, as the system gave no random bytes; ERROR_FORMAT: a build without SHA-256. */
LLMOBS_API llmobs_result llmobs_pseudonym(llmobs* obs, llmobs_domain domain, const char* tenant,
                                          const void* data, size_t size,
                                          char out[LLMOBS_PSEUDONYM_SIZE]);

/* A pseudonym in the making. Its fields are private; wipe it if you give it up before the end. */
typedef struct llmobs_pseudonymizer {
    uint64_t state[17];
    char key_id[LLMOBS_KEY_ID_SIZE];
    bool begun;
} llmobs_pseudonymizer;

/* [owner] The same of a text that comes in pieces, such as an answer that streams. It is made with
   the key that is the current one at the begin, and may end after the instance is closed. The end
   wipes it; ERROR_ARGUMENT: it was not begun. */
LLMOBS_API llmobs_result llmobs_pseudonym_begin(llmobs_pseudonymizer* pseudonymizer, llmobs* obs,
                                                llmobs_domain domain, const char* tenant);
LLMOBS_API void llmobs_pseudonym_update(llmobs_pseudonymizer* pseudonymizer, const void* data,
                                        size_t size);
LLMOBS_API llmobs_result llmobs_pseudonym_end(llmobs_pseudonymizer* pseudonymizer,
                                              char out[LLMOBS_PSEUDONYM_SIZE]);

/* [any] Whether a pseudonym is of this text, told in a time that does not depend on where they
   differ. OK: it is. ERROR_MISMATCH: it is of another text, domain or tenant. ERROR_KEY: its key is
   none of the last four. ERROR_ARGUMENT: it is malformed. */
LLMOBS_API llmobs_result llmobs_pseudonym_verify(llmobs* obs, llmobs_domain domain,
                                                 const char* tenant, const void* data, size_t size,
                                                 const char* pseudonym);

/* [any, locks] From now on pseudonyms are made with this key (NULL: a new random one). The three
   before it still verify. What is running (a pseudonymizer, a series of a metric) ends with the key
   that it began with. ERROR_ARGUMENT: the secret is too short, the id is malformed, or stands for
   another secret; ERROR_KEY: the system gave no random bytes. */
LLMOBS_API llmobs_result llmobs_key_rotate(llmobs* obs, const llmobs_key* key);

/* ---- privacy: the redactor ----------------------------------------------------------------- */

/* What becomes of a finding. */
typedef enum llmobs_redact_operator {
    LLMOBS_REDACT_REPLACE = 0, /* <EMAIL>                                                        */
    LLMOBS_REDACT_MASK = 1,    /* ************1111: of numbers of nine and more up to four
                                  digits at their end stay, of all else nothing                  */
    LLMOBS_REDACT_TAG = 2,     /* <EMAIL_0123456789abcdef>: the first quarter of HMAC-SHA256 with a
                                  key of yours over class and value, in one form however it was
                                  written (docs/scanner.md). Equal values get equal tags, which
                                  is a pseudonym, not anonymity. Without a key: REPLACE           */
    LLMOBS_REDACT_REMOVE = 3,  /* nothing is left                                                */
    LLMOBS_REDACT_KEEP = 4     /* it is counted, and stays                                       */
} llmobs_redact_operator;

/* What to look for and what to do with it. A zeroed struct, NULL and llmobs_redact_rules_default()
   replace what the default rules find. */
typedef struct llmobs_redact_rules {
    size_t size;                         /* sizeof(llmobs_redact_rules); 0 means this version's   */
    llmobs_scan_rules scan;
    uint8_t operators[LLMOBS_PII_COUNT]; /* llmobs_redact_operator of each class                  */
    const struct llmobs_hmac_key* key;   /* of tags; used in place                 (default none) */
} llmobs_redact_rules;

/* [any] The default rules. Then, say, rules.operators[LLMOBS_PII_EMAIL] = LLMOBS_REDACT_TAG. */
LLMOBS_API llmobs_redact_rules llmobs_redact_rules_default(void);

/* No text grows beyond this. */
#define LLMOBS_REDACT_ROOM(size) ((size) * 12 + 64)

/* [any] Redacts a text into memory of yours, which must not overlap with it. *written is the new
   size. ERROR_LIMIT, and nothing written, if it does not fit; ERROR_ARGUMENT if `text` or `out` is
   NULL and its size is not 0, or `written` is NULL. If `counts` is not NULL, it is filled with the
   findings of each class. What was valid UTF-8 stays so, and so does the body of a JSON string.
   Scanned again by the same rules the result holds nothing, but for what was kept, and what
   removing brought together. */
LLMOBS_API llmobs_result llmobs_redact(const llmobs_redact_rules* rules, const char* text,
                                       size_t size, char* out, size_t capacity, size_t* written,
                                       uint32_t counts[LLMOBS_PII_COUNT]);

/* A redactor of a text that comes in chunks, such as tokens of a model. Its fields are private; its
   memory is yours, 2 KiB, and needs no other. */
typedef struct llmobs_redactor {
    llmobs_scan_state state;
    llmobs_redact_rules rules;
    llmobs_write_fn write;
    void* user;
    uint64_t written; /* of the text, not of what became of it */
    bool has_failed;
    uint32_t used;
#ifndef LLMOBS_NO_SHA256
    llmobs_hmac hmac; /* of a finding that goes on */
#else
    uint64_t no_hmac[17]; /* as large: a file that leaves it out may meet one that does not */
#endif
    uint8_t carry[LLMOBS_SCAN_CARRY];
} llmobs_redactor;

/* [owner] Begins; feeds (NULL with size 0 is fine); ends, writes the rest and wipes. What a chunk
   has decided is written before the feed returns, in a few calls of `write`; only where a finding
   may be under way the text is held back: of prose the last word, at most LLMOBS_SCAN_CARRY bytes.
   All chunks together give what llmobs_redact gives. False once a write has failed: nothing is
   written after that. */
LLMOBS_API void llmobs_redactor_begin(llmobs_redactor* redactor, const llmobs_redact_rules* rules,
                                      llmobs_write_fn write, void* user);
LLMOBS_API bool llmobs_redactor_feed(llmobs_redactor* redactor, const char* text, size_t size);
LLMOBS_API bool llmobs_redactor_end(llmobs_redactor* redactor);

/* [owner] How many findings of each class so far: before the end, which wipes them. Returns their
   sum. `counts` may be NULL. */
LLMOBS_API uint64_t llmobs_redactor_counts(const llmobs_redactor* redactor,
                                           uint32_t counts[LLMOBS_PII_COUNT]);

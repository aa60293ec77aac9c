/* ---- privacy: the scanner ------------------------------------------------------------------ */

/* Told of each finding, in the order of the text; findings do not overlap. False: stop scanning. */
typedef bool (*llmobs_found_fn)(void* user, const llmobs_finding* finding);

/* [any] Scans one text (may be NULL when `size` is 0): any bytes, UTF-8 or not. `rules` and `found`
   may be NULL. Returns how many findings there were. Takes no memory but 1 KiB of stack.
   Overlapping matches make one finding over all of them, of the class of the longest (of equal
   ones, the surer tier, then the class that is listed first). One pass: 0.1 ns a byte of prose. */
LLMOBS_API uint64_t llmobs_scan(const llmobs_scan_rules* rules, const char* text, size_t size,
                                llmobs_found_fn found, void* user);

/* A scanner of a text that comes in chunks. Its fields are private; its memory is yours, 2 KiB, and
   needs no other. Whatever the chunks, the findings are those of llmobs_scan on the whole. A
   finding is told when what follows can't change it: a key or a token when it has ended. */
typedef struct llmobs_scanner {
    llmobs_scan_state state;
    llmobs_found_fn found;
    void* user;
    uint32_t used;
    uint8_t carry[LLMOBS_SCAN_CARRY];
} llmobs_scanner;

/* [owner] Begins, feeds (NULL with size 0 is fine), ends and wipes. The end returns how many
   findings there were. A zeroed scanner is one with default rules that tells nobody. About 0.2 us a
   feed and 0.1 ns a byte. */
LLMOBS_API void llmobs_scanner_begin(llmobs_scanner* scanner, const llmobs_scan_rules* rules,
                                     llmobs_found_fn found, void* user);
LLMOBS_API void llmobs_scanner_feed(llmobs_scanner* scanner, const char* text, size_t size);
LLMOBS_API uint64_t llmobs_scanner_end(llmobs_scanner* scanner);

/* [owner] How many findings of each class so far: before the end, which wipes them. Returns their
   sum. `counts` may be NULL. */
LLMOBS_API uint64_t llmobs_scanner_counts(const llmobs_scanner* scanner,
                                          uint32_t counts[LLMOBS_PII_COUNT]);

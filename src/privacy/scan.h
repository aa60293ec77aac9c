/* ---- privacy: the scanner -------------------------------------------------------------------- */

/* Something of your own to look for: a name, a project, keys with a prefix. As a whole word: where
   it begins or ends with a letter, a digit or '_', none may stand beside it. */
typedef struct llmobs_scan_term {
    const char* text;  /* valid UTF-8, 3 to 64 bytes, without quotation marks, backslashes, controls */
    uint32_t tail;     /* more than 0: a prefix, with so many (up to 128) letters, digits, '_', '-'
                          behind it at least; it goes on to where those end                          */
    bool ignore_case;  /* of ASCII letters                                                           */
} llmobs_scan_term;

#define LLMOBS_SCAN_TERMS_MAX 64

/* What to look for. A zeroed struct, NULL, and llmobs_scan_rules_default() all mean the defaults. */
typedef struct llmobs_scan_rules {
    size_t size;                   /* sizeof(llmobs_scan_rules); 0 means this version's           */
    uint32_t classes;              /* LLMOBS_PII_BIT(...) | ...           (default LLMOBS_PII_DEFAULT) */
    uint32_t term_count;           /* up to LLMOBS_SCAN_TERMS_MAX                                 */
    const llmobs_scan_term* terms; /* used in place: must live as long as what scans by them      */
} llmobs_scan_rules;

/* [any] The default rules; set fields, then scan. */
LLMOBS_API llmobs_scan_rules llmobs_scan_rules_default(void);

/* [any] Whether the rules can be used. ERROR_ARGUMENT: a term is not as it must be, or `terms` is
   NULL and `term_count` is not 0; ERROR_LIMIT: too many terms. Scanning with such rules does
   without the terms that are wrong. */
LLMOBS_API llmobs_result llmobs_scan_rules_check(const llmobs_scan_rules* rules);

/* Told of each finding, in the order of the text; findings do not overlap. False: stop scanning. */
typedef bool (*llmobs_found_fn)(void* user, const llmobs_finding* finding);

/* [any] Scans one text (may be NULL when `size` is 0): any bytes, UTF-8 or not. `rules` and `found`
   may be NULL. Returns how many findings there were. Takes no memory but 1 KiB of stack. Overlapping
   matches make one finding over all of them, of the class of the longest (of equal ones, the surer
   tier, then the class that is listed first). One pass: about 0.1 ns a byte of prose. */
LLMOBS_API uint64_t llmobs_scan(const llmobs_scan_rules* rules, const char* text, size_t size,
                                llmobs_found_fn found, void* user);

/* Private: where a scan stands. */
typedef struct llmobs_scan_state {
    llmobs_scan_rules rules;
    uint64_t base;  /* the window's place in the text   */
    uint64_t floor; /* where the last finding ended     */
    size_t resume;  /* in the window: what is not decided */
    size_t hold;    /* in the window: a finding may begin here */
    llmobs_finding open; /* what goes on beyond the window */
    uint8_t open_tail;   /* how; 0: nothing is open        */
    bool is_stopped;
    bool is_wide;
    uint8_t triggers[6][16];
    uint32_t counts[LLMOBS_PII_COUNT];
} llmobs_scan_state;

#define LLMOBS_SCAN_CARRY 1408

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
   findings there were. A zeroed scanner is one with default rules that tells nobody. About 40 ns a
   feed and 0.1 ns a byte. */
LLMOBS_API void llmobs_scanner_begin(llmobs_scanner* scanner, const llmobs_scan_rules* rules,
                                     llmobs_found_fn found, void* user);
LLMOBS_API void llmobs_scanner_feed(llmobs_scanner* scanner, const char* text, size_t size);
LLMOBS_API uint64_t llmobs_scanner_end(llmobs_scanner* scanner);

/* [owner] How many findings of each class so far: before the end, which wipes them. Returns their
   sum. `counts` may be NULL. */
LLMOBS_API uint64_t llmobs_scanner_counts(const llmobs_scanner* scanner,
                                          uint32_t counts[LLMOBS_PII_COUNT]);

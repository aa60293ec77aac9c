/* ---- privacy: the rules of a scan ---------------------------------------------------------- */

/* Something of your own to look for: a name, a project, keys with a prefix. As a whole word: where
   it begins or ends with a letter, a digit or '_', none may stand beside it. */
typedef struct llmobs_scan_term {
    const char* text; /* valid UTF-8, 3 to 64 bytes, no quotation marks, backslashes, controls    */
    uint32_t tail;    /* above 0: `text` is a prefix, and so many (up to 128) letters, digits, '_',
                         '-' stand behind it at least; it goes on to where those end              */
    bool ignore_case; /* of ASCII letters                                                         */
} llmobs_scan_term;

#define LLMOBS_SCAN_TERMS_MAX 64

/* What to look for. A zeroed struct, NULL and llmobs_scan_rules_default() mean the defaults. */
typedef struct llmobs_scan_rules {
    size_t size;                   /* sizeof(llmobs_scan_rules); 0 means this version's           */
    uint32_t classes;              /* LLMOBS_PII_BIT(...) | ...      (default LLMOBS_PII_DEFAULT) */
    uint32_t term_count;           /* up to LLMOBS_SCAN_TERMS_MAX                                 */
    const llmobs_scan_term* terms; /* used in place: must live as long as what scans by them      */
} llmobs_scan_rules;

/* [any] The default rules; set fields, then scan. */
LLMOBS_API llmobs_scan_rules llmobs_scan_rules_default(void);

/* [any] Whether the rules can be used. ERROR_ARGUMENT: a term is not as it must be, a class is
   unknown, or `terms` is NULL and `term_count` is not 0; ERROR_LIMIT: too many terms. Scanning by
   such rules does without what is wrong. */
LLMOBS_API llmobs_result llmobs_scan_rules_check(const llmobs_scan_rules* rules);

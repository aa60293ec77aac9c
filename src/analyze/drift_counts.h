/* ---- drift without embeddings -------------------------------------------------------------- */

#define LLMOBS_DRIFT_COUNTS_BINS 194     /* numbers below 1, eighths of octaves, from 2^24 on */
#define LLMOBS_DRIFT_COUNTS_NAMES 16     /* what comes later is counted as __other__ */
#define LLMOBS_DRIFT_COUNTS_NAME_SIZE 32 /* with its NUL; the rest is cut, on a UTF-8 border */
#define LLMOBS_DRIFT_COUNTS_FLAGS 4
#define LLMOBS_DRIFT_COUNTS_LEAST 20     /* values in each window: below, no test is made */

/* What answers were like in a window of time: how long, how they ended, whether they were refused
   or came from a cache. One number, one category, some flags, each counted for itself: what is not
   known of an answer is not added. 1.4 KB, zeroed: empty; it points nowhere. At 4,294,967,295 a
   count stays. */
typedef struct llmobs_drift_counts {
    uint32_t bins[LLMOBS_DRIFT_COUNTS_BINS];
    uint32_t categories[LLMOBS_DRIFT_COUNTS_NAMES + 1]; /* the last: __other__ */
    uint32_t name_count;
    char names[LLMOBS_DRIFT_COUNTS_NAMES][LLMOBS_DRIFT_COUNTS_NAME_SIZE];
    uint32_t flags[LLMOBS_DRIFT_COUNTS_FLAGS][2]; /* no, yes */
    uint64_t refused; /* numbers below 0 or not finite, empty names, flags that there are not */
    double largest;   /* number */
} llmobs_drift_counts;

/* One test of two windows. */
typedef struct llmobs_drift_finding {
    bool insufficient_data; /* fewer than 20 values in a window: no test                    */
    double p;               /* of what is seen, or more, if nothing changed; no test: 1     */
    int32_t direction;      /* 1: more now, -1: less, 0: neither                            */
    uint64_t before_count;  /* values                                                       */
    uint64_t after_count;
    double before;          /* a share of them, 0 to 1; of numbers: see below               */
    double after;
} llmobs_drift_finding;

/* Where a quarter, half and three quarters of the numbers lie below: within [low, high]. */
typedef struct llmobs_drift_quartiles {
    double low[3];
    double high[3];
} llmobs_drift_quartiles;

typedef struct llmobs_drift_counts_report {
    size_t size;            /* sizeof(llmobs_drift_counts_report); 0 means this version's     */
    bool insufficient_data; /* no test was made                                               */
    uint32_t tests;         /* that could have found something                                */
    double p;               /* of all of them: the least p, times `tests` (Bonferroni); or 1  */
    llmobs_drift_finding location; /* numbers: larger or smaller? Shares: of pairs of a value
                                      before and one now, in which that is the larger one, ties
                                      as halves                                               */
    llmobs_drift_finding shape;    /* numbers: otherwise spread? Shares: of the group of numbers
                                      that moved most                                         */
    double shape_low;              /* it begins here,                                         */
    double shape_high;             /* and ends before; the last group, with the largest       */
    llmobs_drift_finding category; /* shares: of the one that moved most                      */
    char category_name[LLMOBS_DRIFT_COUNTS_NAME_SIZE]; /* its name; none: ""                  */
    llmobs_drift_finding flags[LLMOBS_DRIFT_COUNTS_FLAGS]; /* shares: of yes                  */
    llmobs_drift_quartiles before; /* of numbers; zero while there are none                   */
    llmobs_drift_quartiles after;
} llmobs_drift_counts_report;

/* [owner] Adds a number, such as the tokens of an answer, milliseconds, micro-USD: a unit in which
   usual ones are above 1. A few nanoseconds. */
LLMOBS_API void llmobs_drift_counts_number(llmobs_drift_counts* counts, double number);

/* [owner] Adds a category by its name, which is copied, such as a finish reason. Some 10 ns. */
LLMOBS_API void llmobs_drift_counts_category(llmobs_drift_counts* counts, llmobs_string name);

/* [owner] Adds a yes or a no: `flag`, from 0 to LLMOBS_DRIFT_COUNTS_FLAGS - 1, stands for what the
   host wants, such as "was refused". */
LLMOBS_API void llmobs_drift_counts_flag(llmobs_drift_counts* counts, uint32_t flag, bool is_yes);

/* [owner] Adds what another window has: as if all had been added to one (names while there is room
   for those of both). */
LLMOBS_API void llmobs_drift_counts_merge(llmobs_drift_counts* counts,
                                          const llmobs_drift_counts* other);

/* [owner] Did something change from one window to another? Each value is taken to be independent of
   the others: of a session that asks ten times, add one answer. Numbers: Mann and Whitney's test,
   corrected for ties (location), and chi-square in up to eight groups (shape). Categories:
   chi-square, or where that is not good for it, at expected counts below 5, Fisher's exact test of
   each name times their number. Flags: Fisher's. All two-sided. A test that can't find anything,
   since all values are the same, has p = 1 and does not count. Each of Fisher's tests takes some
   0.1 ms, so all together 0.2 ms, or 4 ms with 33 rare names. docs/drift.md has false alarms and
   power. ERROR_ARGUMENT: NULL. */
LLMOBS_API llmobs_result llmobs_drift_counts_compare(const llmobs_drift_counts* before,
                                                     const llmobs_drift_counts* after,
                                                     llmobs_drift_counts_report* report);

/* ---- cost reports -------------------------------------------------------------------------- */

typedef enum llmobs_cost_by {
    LLMOBS_COST_BY_FEATURE = 0,
    LLMOBS_COST_BY_MODEL,
    LLMOBS_COST_BY_TENANT,
    LLMOBS_COST_BY_USER /* of this month, of all features or of one, or of the month before, of all:
                           estimates with a bracket */
} llmobs_cost_by;

/* What is asked: "which feature costs the most this month", "who are the heaviest users of it". */
typedef struct llmobs_cost_question {
    size_t size; /* sizeof(llmobs_cost_question); 0 means this version's                          */
    llmobs_cost_by by;
    llmobs_period period; /* (llmobs_cost_question_default: LLMOBS_PERIOD_MONTH)                  */
    uint32_t ago;         /* 0: the current one, 1: the one before, ...                           */
    const char* feature;  /* of this one alone; NULL: of all. Likewise the next two               */
    const char* model;
    const char* tenant;
} llmobs_cost_question;

/* [any] By feature, of this month. */
LLMOBS_API llmobs_cost_question llmobs_cost_question_default(void);

/* A feature, a model, a tenant or a user. */
typedef struct llmobs_cost_line {
    llmobs_cost_sums sums; /* exact. Of users: requests, those of unknown cost (which are in no
                              bracket) and tokens as llmobs_top_entry has them, cost_nano is
                              low_nano; what is not kept of them is -1                            */
    int64_t low_nano;      /* what it costs is at least this, and at most                         */
    int64_t high_nano;     /* this: INT64_MAX where nothing bounds a cost that is not known       */
    uint32_t row;          /* private */
    bool guaranteed;       /* nobody who stands below, or is not listed, costs more               */
    char name[LLMOBS_EXPLAINED_TEXT]; /* of users the pseudonym                                   */
} llmobs_cost_line;

typedef struct llmobs_cost_answer {
    size_t size;             /* sizeof(llmobs_cost_answer) of the implementation                  */
    uint64_t begin_unix_ns;  /* of the period; 0 and UINT64_MAX: of all time                      */
    uint64_t end_unix_ns;
    size_t count;            /* lines that were written, the most expensive first                 */
    llmobs_cost_sums total;  /* of everything that was asked for, listed or not                   */
    llmobs_cost_sums rest;   /* of what found no line; by users: not told                         */
    llmobs_top_share users;  /* by users: what the listed ones have together                      */
    llmobs_unique_count unique; /* by users: how many there are                                   */
    int64_t nobodys_nano;    /* by users, of all features: spent without a user                   */
    uint64_t saturated;      /* sums that reached INT64_MAX since the instance was opened         */
} llmobs_cost_answer;

/* [any, locks] Answers as of the last tick (llmobs_flush makes it current), into `room` lines at
   most, of users LLMOBS_REPORT_LINES; `lines` may be NULL where that is 0. ERROR_ARGUMENT: no such
   period, or by users what is not of this month, by feature or in all, nor of the one before, in
   all; ERROR_FORMAT: there is no ledger, or no users in it. Some 50 us for a thousand rows; the
   lock is the tick's, no recorder waits for it. */
LLMOBS_API llmobs_result llmobs_cost_report(llmobs* obs, const llmobs_cost_question* question,
                                            llmobs_cost_line* lines, size_t room,
                                            llmobs_cost_answer* answer);

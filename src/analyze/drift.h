/* ---- drift: an instance's detectors -------------------------------------------------------- */

#define LLMOBS_DRIFT_NAME_SIZE 64    /* of a detector, with its NUL                        */
#define LLMOBS_DRIFT_REASON_SIZE 128 /* with its NUL; the rest is cut, on a UTF-8 border   */

/* A detector, by value. Zeroed ones and those of a closed instance are inert. */
typedef struct llmobs_drift_detector {
    uint32_t instance; /* private, both */
    uint32_t place;
} llmobs_drift_detector;

/* What a detector looks at, and when it says that something has changed. */
typedef struct llmobs_drift_info {
    size_t size;          /* sizeof(llmobs_drift_info); 0 means this version's                    */
    const char* name;     /* label `detector` of its metrics, and its file's: 1 to 63 letters,
                             digits, '_', '-', '.', none of these first                           */
    const char* feature;  /* whose requests it follows; NULL: all                                 */
    const char* model;    /* as asked for; NULL: all                                              */
    const char* embedder; /* which model makes its embeddings; those that name another are refused.
                             What is compared has to be made by one and the same    (default "")  */
    double alpha;         /* share of false alarms among runs without drift        (default 0.01) */
    double least_change;  /* of a share of the answers: a smaller one is no drift, however sure,
                             unless a flag became twice as frequent or half. 0 to 1; default 0.05 */
    uint32_t windows;     /* in a row that must alarm for it to be drift; up to 100   (default 1) */
    uint32_t least_votes; /* embeddings below which nothing is said, 20 to 65536     (default 20) */
    uint32_t least_baseline; /* embeddings of the past, likewise: of fewer the error is too large.
                             40 to 10^6                                            (default 200)  */
    uint32_t interval_s;  /* a run each, and a place in the past; from a minute to 31 days. Days are
                             those of llmobs_config.utc_offset_minutes     (default 86400, a day) */
    bool no_requests;     /* follows none: it has what llmobs_drift_add gives it  (default false) */
} llmobs_drift_info;

typedef enum llmobs_drift_verdict {
    LLMOBS_DRIFT_NONE,
    LLMOBS_DRIFT_FOUND,
    LLMOBS_DRIFT_SUSPECTED,         /* an alarm, and not yet llmobs_drift_info.windows in a row */
    LLMOBS_DRIFT_INSUFFICIENT_DATA, /* too little came since the run before                     */
    LLMOBS_DRIFT_NO_BASELINE        /* too little is there from the days before                 */
} llmobs_drift_verdict;

/* What a run came to. */
struct llmobs_drift_report {
    size_t size; /* sizeof(llmobs_drift_report) as the caller knows it                         */
    char detector[LLMOBS_DRIFT_NAME_SIZE];
    char reason[LLMOBS_DRIFT_REASON_SIZE]; /* "schedule", or what it was asked for             */
    llmobs_drift_verdict verdict;
    bool asked;            /* by llmobs_drift_run_now                                          */
    bool has_embeddings;   /* `embeddings` is a test that was made                             */
    bool has_answers;      /* `answers` likewise                                               */
    bool has_score;        /* `score` is known                                                 */
    uint32_t alarms;       /* runs in a row that alarmed, this one included                    */
    uint32_t days;         /* of the past that were compared with                              */
    uint64_t run;          /* its number, from 1; 0: there was none yet                        */
    uint64_t from_unix_ns; /* what came between these two was looked at                        */
    uint64_t unix_ns;
    double p;     /* of both tests together: of the lesser, times how many were made; or 1     */
    double score; /* the article's, of samples: see llmobs_drift_score                         */
    llmobs_drift_result embeddings;
    llmobs_drift_counts_report answers; /* flags: LLMOBS_DRIFT_FLAG_REFUSED and so on             */
    uint64_t early_warnings; /* since the run before, as all below                             */
    uint64_t repeated;       /* embeddings and answers of a session that had its vote          */
    uint64_t mismatched;     /* embeddings of another embedder or dimension                    */
    uint64_t unusable;       /* zero, or with what is no finite number; past 65,536 votes      */
};

/* The flags of llmobs_drift_report.answers. */
#define LLMOBS_DRIFT_FLAG_REFUSED 0 /* a guardrail blocked it, or the provider filtered it  */
#define LLMOBS_DRIFT_FLAG_CACHED 1  /* some of its input came from the provider's cache     */
#define LLMOBS_DRIFT_FLAG_FAILED 2  /* it has an error type                                 */

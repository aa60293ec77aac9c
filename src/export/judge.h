/* ---- the judge ----------------------------------------------------------------------------- */

typedef enum llmobs_judge_result {
    LLMOBS_JUDGE_DONE = 0,  /* the answer is there, or the scores are                          */
    LLMOBS_JUDGE_RETRY = 1, /* not now: the same request comes again, later each time          */
    LLMOBS_JUDGE_DROP = 2   /* never: it is counted as refused                                 */
} llmobs_judge_result;

/* One call of the judge: what the callback gets, and where it leaves what it has learnt. All of it,
   and what it points to, is there until the callback returns. */
typedef struct llmobs_judge_call {
    size_t size;            /* sizeof(llmobs_judge_call) of the implementation                 */
    llmobs_string prompt;   /* what to ask: redacted, unless llmobs_judge.prompt says otherwise */
    const char* request_id; /* of the request that is judged; "" where there is none           */
    uint8_t trace_id[16];   /* of its root span; zeros: it had none                            */
    uint8_t span_id[8];
    llmobs_keep reason;     /* why it is judged                                                */
    uint32_t attempt;       /* 1, 2, ...                                                       */
    uint32_t timeout_ms;    /* within this the callback should return                          */
    char* answer;           /* the judge's answer goes here, or by llmobs_judge_answer         */
    size_t answer_capacity; /* llmobs_config.judge_answer_bytes                                */
    size_t answer_size;     /* what was left there; what did not fit counts, too               */
    bool scored;            /* `scores` and `known` say it all: the answer is not read         */
    uint32_t known;         /* a bit for each category that has a score                        */
    double scores[LLMOBS_JUDGE_CATEGORY_COUNT];
    int64_t cost_nano;       /* what the call cost, in USD / 10^9    (LLMOBS_COST_UNKNOWN)       */
    uint32_t retry_after_ms; /* with RETRY: not before this; 0: as llmobs_judge says           */
} llmobs_judge_call;

/* Asks the judge. On a thread of the library's own, or inside llmobs_judge_work; with more than
   one worker on several at a time. It may make any call (the model call of a judge can be a
   request of its own: set llmobs_request_info.no_capture, or it will be judged, too), but
   llmobs_tick, _flush and _close answer ERROR_BUSY. It should return within call->timeout_ms:
   nothing but a worker waits for it. A C++ exception that leaves it counts as DROP where the
   implementation is compiled as C++; else it must not throw. */
typedef llmobs_judge_result (*llmobs_judge_fn)(void* user, llmobs_judge_call* call);

/* What became of a request that was judged. */
typedef struct llmobs_verdict {
    size_t size; /* sizeof(llmobs_verdict) of the implementation */
    const char* request_id;
    uint8_t trace_id[16];
    uint8_t span_id[8];
    llmobs_keep reason;
    double weight; /* how many requests it stands for in estimates: 1 where it was forced */
    llmobs_judge_score score;
    uint32_t attempts;
    int64_t cost_nano;
    uint64_t unix_ns;
} llmobs_verdict;

/* Is told each verdict, flagged or not; as llmobs_judge_fn otherwise. */
typedef void (*llmobs_verdict_fn)(void* user, const llmobs_verdict* verdict);

/* A judge. 0 and NULL stand for the defaults. */
typedef struct llmobs_judge {
    size_t size;             /* sizeof(llmobs_judge); 0 means this version's                      */
    const char* name;        /* in metrics and events; copied, 31 bytes    (default "judge")      */
    llmobs_judge_fn ask;     /* required                                                          */
    llmobs_verdict_fn tell;  /*                                                   (default none) */
    void* user;
    uint32_t timeout_ms;     /* a call that takes longer counts as a failure to the breaker; its
                                answer is read all the same: it was paid for    (default 30000)  */
    uint32_t max_attempts;   /* before a request is given up                        (default 3)  */
    uint32_t retry_first_ms; /* wait before the second attempt; doubles, with jitter
                                                                                 (default 1000)  */
    uint32_t retry_most_ms;  /*                                                 (default 60000)  */
    uint32_t breaker_failures; /* calls in a row that fail: then the judge is left alone
                                                                                    (default 5)  */
    uint32_t breaker_pause_ms; /* for so long; one call is tried then           (default 30000)  */
    uint32_t daily_calls;    /* calls a day, by llmobs_config.utc_offset_minutes; what a guardrail
                                triggered is judged beyond it                 (default no limit) */
    int64_t daily_nano;      /* USD / 10^9 a day, likewise                    (default no limit) */
    int64_t call_nano;       /* counts for a call that does not tell what it cost (default 0)    */
    llmobs_judge_thresholds thresholds; /* below these a score is flagged; size 0: the defaults  */
    llmobs_judge_prompt_options prompt; /* what the prompt has of a request, likewise. Its seed 0
                                           means a random number for each call                   */
    bool explain;            /* the judge's explanations go into events: judges quote answers
                                                                              (default false)    */
} llmobs_judge;

/* Why a request that was to be judged was not. */
#define LLMOBS_JUDGE_LOSSES(X)                                                                    \
    X(BUDGET, "budget")         /* the day's calls or money were used up                   */     \
    X(PROMPT, "prompt")         /* no prompt could be made: llmobs_config.judge_prompt_bytes */   \
    X(REFUSED, "refused")       /* the callback answered DROP, or threw                    */     \
    X(FAILED, "failed")         /* its attempts ran out                                    */     \
    X(UNREADABLE, "unreadable") /* its attempts ran out, and no answer held a score        */

typedef enum llmobs_judge_loss {
#define LLMOBS_I_JUDGE_LOSS(name, text) LLMOBS_JUDGE_LOSS_##name,
    LLMOBS_JUDGE_LOSSES(LLMOBS_I_JUDGE_LOSS)
#undef LLMOBS_I_JUDGE_LOSS
    LLMOBS_JUDGE_LOSS_COUNT
} llmobs_judge_loss;

/* [any] "budget", "prompt", ...; "unknown" for other numbers. */
LLMOBS_API const char* llmobs_judge_loss_name(llmobs_judge_loss loss);

/* The judge's account: taken = judged + unjudged + lost (by cause) + waiting +
   given_way. */
typedef struct llmobs_judge_stats {
    size_t size;      /* sizeof(llmobs_judge_stats); 0 means this version's */
    uint64_t taken;   /* requests that were taken up, each once             */
    uint64_t judged;  /* of these: have a verdict                           */
    uint64_t flagged; /* of these                                           */
    uint64_t partial; /* of these: not every category has a score           */
    uint64_t lost[LLMOBS_JUDGE_LOSS_COUNT];
    uint64_t waiting;      /* for their next attempt, or being judged       */
    uint64_t given_way;    /* while they waited for it: others needed their place, or the host
                              took them itself                          */
    uint64_t calls;        /* of the callback                               */
    uint64_t failures;     /* of these: RETRY, DROP, exceptions, too slow   */
    uint64_t timeouts;     /* of these: took longer than timeout_ms         */
    uint64_t unreadable;   /* answers that held no score                    */
    uint64_t breaker_opened; /* times that the judge was left alone         */
    bool breaker_open;       /* it is now                                   */
    uint64_t calls_today;
    int64_t spent_today_nano; /* what calls told, and call_nano for others  */
    uint64_t cost_unknown;    /* calls that told no cost                    */
    uint64_t unjudged;        /* of those taken: wanted by the embedder alone, there is no judge */
    uint64_t embedded;        /* answers whose embeddings a detector got    */
    uint64_t not_embedded;    /* answers that llmobs_embedder_set's callback, or the detector, did
                                 not take; that did not fit judge_prompt_bytes; or were empty */
} llmobs_judge_stats;

/* [any, locks] Reads it. ERROR_ARGUMENT: the instance keeps no captures. */
LLMOBS_API llmobs_result llmobs_judge_stats_read(llmobs* obs, llmobs_judge_stats* stats);

/* [any, locks] What the verdicts say of all requests, not of those alone that were judged: which
   part of them would be flagged, with an interval (confidence 0.5 to 0.9999; 0: 0.95). What was
   forced stands for itself and what chance kept for its weight, and each cause is scaled to all
   that it kept (post-stratification), so that neither forcing nor a full queue bends it; see
   llmobs_estimate_read. It is `partial` where a cause has kept requests, and none has a verdict
   yet. ERROR_ARGUMENT: NULL, no such confidence, or the instance keeps no captures. Since open. */
LLMOBS_API llmobs_result llmobs_judge_estimate(llmobs* obs, double confidence,
                                               llmobs_share* share);

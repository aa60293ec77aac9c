/* ---- sampling: which requests are judged --------------------------------------------------- */

/* Why a request is kept to be judged: the first that holds, in this order. X(id, its name). From
   DEBUG on each has a bucket of llmobs_config.judge_forced_per_minute tokens; chance has none. */
#define LLMOBS_KEEPS(X)                                                                           \
    X(NONE, "none")           /* it is not                                                */      \
    X(GUARDRAIL, "guardrail") /* one triggered (llmobs_guardrail): nothing limits these   */      \
    X(REQUESTED, "requested") /* llmobs_outcome.judge: the host limits itself             */      \
    X(DEBUG, "debug")         /* llmobs_request_info.debug                                */      \
    X(ERROR, "error")         /* llmobs_outcome.error_type                                */      \
    X(FINISH, "finish")       /* its answer was cut off, or filtered by the provider      */      \
    X(SCANNER, "scanner")     /* llmobs_config.guard_classes found something in it        */      \
    X(SLOW, "slow")           /* llmobs_config.judge_slow_ms                              */      \
    X(COSTLY, "costly")       /* llmobs_config.judge_cost_nano                            */      \
    X(NEW_VERSION, "new_version") /* llmobs_config.judge_new_version                      */      \
    X(DRIFT, "drift")         /* a detector said so: llmobs_request_keep                  */      \
    X(FEEDBACK, "feedback")   /* llmobs_outcome.feedback_negative                         */      \
    X(RANDOM, "random")       /* chance: llmobs_config.judge_ratio, judge_floor_per_hour  */

typedef enum llmobs_keep {
#define LLMOBS_I_KEEP(id, name) LLMOBS_KEEP_##id,
    LLMOBS_KEEPS(LLMOBS_I_KEEP)
#undef LLMOBS_I_KEEP
    LLMOBS_KEEP_COUNT
} llmobs_keep;

/* [any] "guardrail", "requested", ...; "unknown" for other numbers. */
LLMOBS_API const char* llmobs_keep_name(llmobs_keep reason);

/* [any] The 56 random bits of an id: the same on every machine, in every service with this seed
   (llmobs_config.sample_seed), as well spread for "req-1", "req-2", ... as for random ids. The size
   counts, LLMOBS_NUL_TERMINATED measures; NULL is "". 3 ns for 36 bytes. */
LLMOBS_API uint64_t llmobs_sample_randomness(const char* id, size_t size, uint64_t seed);

/* [any] What keeps a ratio, 0 to 1, of all requests: 2^56 * (1 - ratio), rounded to the four hex
   digits (more for small ratios) that OpenTelemetry recommends. 2^56 keeps none. */
LLMOBS_API uint64_t llmobs_sample_threshold(double ratio);

/* [any] Whether it is kept: randomness >= threshold. What a ratio keeps, every higher one keeps. */
LLMOBS_API bool llmobs_sample_keeps(uint64_t threshold, uint64_t randomness);

/* [any] How many requests one that this threshold has kept stands for: 2^56 / (2^56 - threshold),
   OpenTelemetry's adjusted count. 0 where it keeps none. */
LLMOBS_API double llmobs_sample_weight(uint64_t threshold);

/* [any] Whether a request is to be judged, for a host with a judge, but no requests, of its own:
   always when `triggered`, else by its id (see llmobs_sample_randomness) and
   llmobs_config.judge_ratio, whatever llmobs_config.sample_by says. Nothing is counted, no floor or
   bucket is asked. Where the instance is closed, and of NULL, only what triggered is. For an id of
   36 bytes 5 ns, 4 where its size is known: as everywhere, LLMOBS_NUL_TERMINATED measures. */
LLMOBS_API bool llmobs_should_sample(llmobs* obs, const char* request_id, bool triggered);
LLMOBS_API bool llmobs_should_sample_n(llmobs* obs, const char* request_id, size_t size,
                                       bool triggered);

/* What became of the requests that came to one cause: seen = kept + refused. */
typedef struct llmobs_keep_stats {
    uint64_t seen;    /* no cause before it has kept them                                         */
    uint64_t kept;
    uint64_t refused; /* its bucket was empty: the next causes were asked. Of RANDOM: not kept    */
    uint64_t lost;    /* of those kept: there was no place for their texts, or one was on its way */
} llmobs_keep_stats;

/* Of all requests that may be judged: llmobs_config.captures are on, and it was not no_capture.
   Every one is kept for a cause or comes to RANDOM at last: requests = of[RANDOM].seen + the kept
   of all other causes. */
typedef struct llmobs_sampler_stats {
    size_t size;              /* sizeof(llmobs_sampler_stats); 0 means this version's          */
    uint64_t requests;
    llmobs_keep_stats of[LLMOBS_KEEP_COUNT];
    uint64_t floored;         /* of those RANDOM has kept: judge_ratio alone would not have    */
    uint64_t strata;          /* features and models that are told apart now, of 256           */
    uint64_t strata_missed;   /* requests of others: judge_ratio decided, without a floor      */
    uint64_t versions_missed; /* requests whose version found no place among 1,024: not new    */
} llmobs_sampler_stats;

/* [any] Reads these counters, each by itself. Zeros where there are none:
   ERROR_CLOSED, or ERROR_ARGUMENT where the instance keeps no captures. */
LLMOBS_API llmobs_result llmobs_sampler_read(llmobs* obs, llmobs_sampler_stats* stats);

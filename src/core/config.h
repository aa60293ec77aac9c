/* ---- configuration ------------------------------------------------------------------------- */

/* Replaces malloc and free. `allocate` returns memory aligned to `alignment` (a power of two) or
   NULL; `release` gets the same size back. Called by llmobs_open and llmobs_release only. */
typedef struct llmobs_allocator {
    void* (*allocate)(void* user, size_t size, size_t alignment);
    void (*release)(void* user, void* memory, size_t size);
    void* user;
} llmobs_allocator;

/* Replaces the clock. `unix_ns` returns nanoseconds since 1970-01-01 UTC; it should not go back (a
   span that would end before it began gets a duration of 0). Called on every recording thread. */
typedef struct llmobs_clock {
    uint64_t (*unix_ns)(void* user);
    void* user;
} llmobs_clock;

/* Replaces the system's random source. Fills `size` bytes, returns false on failure. Asked once a
   thread for the seed of its ids, and once by llmobs_open. */
typedef struct llmobs_random {
    bool (*fill)(void* user, void* bytes, size_t size);
    void* user;
} llmobs_random;

#define LLMOBS_KEY_ID_SIZE 32      /* a key's id with its NUL              */
#define LLMOBS_KEY_SECRET_LEAST 16 /* bytes of a secret: fewer are refused */
/* A secret that pseudonyms are made with (see llmobs_pseudonym). Both pointers must be readable,
   and the bytes unchanged, until llmobs_close: the library keeps what it derives from them, on
   pages of its own, and a fork's child derives it anew. */
typedef struct llmobs_key {
    size_t size;        /* sizeof(llmobs_key); 0 means this version's                             */
    const char* id;     /* stands in each pseudonym: up to 31 letters, digits and ".-_"; one id is
                           one secret, for ever    (default: eight digits made from the secret) */
    const void* secret; /* 32 random bytes, say, from a secret store; NULL: no key                */
    size_t secret_size; /* at least LLMOBS_KEY_SECRET_LEAST                                       */
} llmobs_key;

/* [any] A zeroed key with its size set. */
LLMOBS_API llmobs_key llmobs_key_default(void);

/* In whose words a request's spans and its log record say what they say: llmobs_config.vocabulary,
   and docs/requests.md and docs/log.md for the words. Several at one time
   for those who change from one to another, or send to two systems; what is called the same in two
   of them is said once. */
#define LLMOBS_VOCABULARY_ARTICLE 1u       /* user.id, model.name, tokens.input, ...; alone, the
                                              root span is called llm_chain                      */
#define LLMOBS_VOCABULARY_OPENINFERENCE 2u /* Arize's: llm.model_name, llm.token_count.*, ...    */
#define LLMOBS_VOCABULARY_GENAI 4u         /* OpenTelemetry's GenAI conventions, newest          */
#define LLMOBS_VOCABULARY_GENAI_1_41 8u    /* the same of its semantic conventions 1.41          */

/* The host's own secure store for raw texts: the one way by which they leave the library, and only
   where llmobs_config.audit is set. Called on the thread that hands a text over, inside that call,
   in its order; see llmobs_audit. It keeps no copy here. */
typedef struct llmobs_audit llmobs_audit;
typedef void (*llmobs_audit_fn)(void* user, const llmobs_audit* part);

/* The host's own store for what requests cost: llmobs_config.cost_store. Called on the thread that
   ends a request, inside that call; see llmobs_cost_entry. */
typedef struct llmobs_cost_entry llmobs_cost_entry;
typedef void (*llmobs_cost_store_fn)(void* user, const llmobs_cost_entry* entry);

/* Gets the news of the alerts of one group, or of one rule that has none: llmobs_config.alert.
   `count` is at least 1. Called by the tick, no lock held. It may make any call but that inside it
   llmobs_tick, _flush and _close answer ERROR_BUSY. */
typedef struct llmobs_alert llmobs_alert;
typedef void (*llmobs_alert_fn)(void* user, const llmobs_alert* alerts, size_t count);

/* Gets what a run of a drift detector came to: llmobs_config.on_drift. For each run that finds
   drift, and for each that was asked for by llmobs_drift_run_now, whatever it came to, so that a
   release can wait for it (several askings before it are one run). Called on the thread that makes
   runs, no lock held. It may make any call but that inside it llmobs_drift_work, llmobs_tick,
   _flush and _close answer ERROR_BUSY. */
typedef struct llmobs_drift_report llmobs_drift_report;
typedef void (*llmobs_drift_fn)(void* user, const llmobs_drift_report* report);

/* In a field whose 0 means "the default": none of it. */
#define LLMOBS_OFF UINT32_MAX
/* llmobs_config.sample_ratio and judge_ratio: none at all (0 means the default). */
#define LLMOBS_SAMPLE_NONE (-1.0)

/* Where the 56 random bits of a request come from that decide whether it is judged. */
typedef enum llmobs_sample_by {
    LLMOBS_SAMPLE_BY_TRACE_ID = 0,  /* its trace's: what is judged at 5 % is part of what is traced
                                       at 20 %                                                   */
    LLMOBS_SAMPLE_BY_REQUEST_ID = 1 /* a hash of its id: the same answer in each service that knows
                                       the id, and at each retry. New traces are sampled by it,
                                       too, and say so: "ot=rv:..." in their tracestate          */
} llmobs_sample_by;

/* Every field has a default, which 0 or NULL stands for: `llmobs_open(NULL, NULL)`, a zeroed
   struct and llmobs_config_default() (which fills the real values in, and is clean in every
   language version) all mean the same. Strings must live until llmobs_close, but for those of the
   resource (service_name, service_version, ..._attributes), which llmobs_open copies. */
typedef struct llmobs_config {
    size_t size;                 /* sizeof(llmobs_config); 0 means this version's                */
    const char* service_name;    /* resource attribute service.name     (default unknown_service) */
    const char* service_version; /* resource attribute service.version             (default none) */
    uint32_t span_slots;         /* spans begun and log records made, not yet collected, 64 to
                                    2^20  (default 4096); LLMOBS_OFF: neither, no memory for them */
    uint32_t max_threads;        /* threads that record at one time, 1 to 1024       (default 64) */
    uint32_t name_bytes;         /* span names, keys: bytes for their texts       (default 32768) */
    uint32_t value_bytes;        /* a string value is cut to this, 16 to 400        (default 256) */
    uint32_t span_parts;         /* slots one span may fill when it has much to say, 1 to 64
                                                                                      (default 8) */
    uint32_t max_exporters;      /* 1 to 16                                           (default 4) */
    uint32_t queue_bytes;        /* each exporter's queue, from 64 KiB          (default 1048576) */
    uint32_t batch_bytes;        /* one batch, 4096 to queue_bytes / 2, of which a
                                    queue has at most 1024                    (default 65536)  */
    uint32_t batch_delay_ms;     /* a span waits this long for its batch to fill   (default 1000) */
    uint32_t tick_ms;            /* the tick's longest sleep; it wakes sooner under load
                                                                                    (default 100) */
    uint32_t close_timeout_ms;   /* llmobs_close returns by then, or up to 0.7 s later where
                                    callbacks or disks hang                        (default 5000) */
    uint32_t span_max_age_s;     /* open spans older than this are ended for you   (default 3600) */
    double sample_ratio;         /* of root spans, by trace id: above 0, up to 1; 0 stands for the
                                    default, LLMOBS_SAMPLE_NONE for none at all   (default 1.0) */
    bool distrust_remote;        /* decide anew for a remote parent's trace, whatever its sampled
                                    flag says: for servers that strangers call    (default false) */
    bool host_pumped;            /* no thread of ours: the host calls llmobs_tick (default false) */
    llmobs_allocator allocator;  /*                            (default aligned_alloc and free) */
    void* memory;                /* the host's own block instead, aligned to 64 (default NULL);
                                    it may be freed after llmobs_release, not before              */
    size_t memory_bytes;         /* its size: at least llmobs_memory_needed                      */
    llmobs_clock clock;          /*     (default the cycle counter, or CLOCK_MONOTONIC)           */
    llmobs_random random;        /*                            (default the operating system's)   */
    llmobs_note_fn note;         /* diagnostics                                   (default none) */
    void* note_user;
    uint32_t metric_series;      /* label sets of all metrics, 16 to 2^20          (default 4096);
                                    LLMOBS_OFF: no metrics, no memory for them                    */
    uint32_t metric_max_series;  /* label sets of one metric, where it says nothing else, 1 to 2^20
                                                                                   (default 2000) */
    uint32_t metric_bytes;       /* their values, from 64 KiB                   (default 3145728) */
    uint32_t max_metrics;        /* metrics defined, 1 to 4096                      (default 256) */
    uint32_t label_bytes;        /* a label value is cut to this, 32 to 255         (default 128) */
    uint32_t exemplars;          /* traces kept for buckets, up to 2^20            (default 1024);
                                    LLMOBS_OFF: none                                              */
    uint32_t metric_families;    /* LLMOBS_FAMILY_*: metrics of the catalogue that are defined
                                    (default LLMOBS_FAMILY_LLM | LLMOBS_FAMILY_SELF); LLMOBS_OFF:
                                    none                                                          */
    bool metric_user_ids;        /* the catalogue's metrics have the label user_id, a pseudonym
                                                                                  (default false) */
    llmobs_key key;              /* of pseudonyms    (default random: they change at a restart) */
    uint32_t log_severity;       /* log records below it are not made: llmobs_severity, 1 to 24
                                    (default LLMOBS_SEVERITY_INFO, 9); LLMOBS_OFF: none at all    */
    uint32_t requests;           /* under way at one time, 16 to 65536; a power of two is used
                                    (default 512); LLMOBS_OFF: none, and no memory for them       */
    uint32_t request_max_age_s;  /* one that nobody ends is given up after this    (default 3600) */
    uint32_t slow_request_ms;    /* from here on a request's span tells the times between its
                                    tokens                                         (default 5000) */
    uint32_t recent_requests;    /* kept for llmobs_request_explain, 16 to 65536    (default 256);
                                    LLMOBS_OFF: none                                              */
    uint32_t sessions;           /* open at one time, 16 to 2^20                   (default 1024) */
    uint32_t session_idle_s;     /* a session that is silent for so long has ended (default 1800) */
    uint32_t vocabulary;         /* LLMOBS_VOCABULARY_*, or several of them
                                                             (default LLMOBS_VOCABULARY_GENAI)    */
    uint32_t guard_classes;      /* LLMOBS_PII_BIT(...) | ... that answers are scanned for: what is
                                    found triggers rules such as pii.EMAIL      (default 0: none) */
    llmobs_audit_fn audit;       /* gets raw texts                                 (default none) */
    void* audit_user;
    uint32_t cost_rows;          /* features, models and tenants that are told apart in the cost
                                    ledger, 16 to 65536 rows (default 512); LLMOBS_OFF: no ledger */
    uint32_t cost_places;        /* sums of a row in an hour, a day, a month, 64 to 2^20: beyond
                                    them the oldest periods lose their details     (default 2048) */
    uint32_t cost_users;         /* counters for the heaviest users of a month, 16 to 2^20
                                                            (default 4096); LLMOBS_OFF: no users  */
    uint32_t cost_features;      /* features whose heaviest users are found, up to 1024: the first
                                    ones that come                 (default 12); LLMOBS_OFF: none */
    uint32_t cost_feature_users; /* counters for each of them, 16 to 2^20          (default 256)  */
    int32_t utc_offset_minutes;  /* of the time zone in which days and months begin, east of
                                    Greenwich, -1440 to 1440                        (default 0)   */
    llmobs_cost_store_fn cost_store; /* gets what each request cost                (default none) */
    void* cost_store_user;
    uint32_t captures;           /* requests whose texts are kept, cut, until they are judged: see
                                    llmobs_capture_take. Up to 4096             (default 0: none) */
    uint32_t capture_bytes;      /* of each text: half its beginning, half its end, 64 to 65536
                                                                                   (default 2048) */
    uint32_t price_bytes;        /* for a table of prices, up to 2^28; twice that is taken, so that
                                    it can be replaced. LiteLLM's takes about 150 a model
                                                                               (default 0: none)  */
    int64_t gpu_second_nano;     /* what a second of your own hardware costs, in USD / 10^9: of
                                    requests without another price, by their part of the time that
                                    llmobs_requests_share tells                 (default 0: none) */
    uint32_t cost_most;          /* USD a request: a higher cost is refused, 1 to 10^9
                                                                                (default 1000000) */
    uint32_t budgets;            /* that may be defined, up to 1024; 0 or LLMOBS_OFF: none, and no
                                    memory for them                                   (default 0) */
    uint32_t budget_keys;        /* users, features, tenants that have an amount of their own, 16 to
                                    2^20; a power of two is used                   (default 1024) */
    uint32_t budget_reservations; /* open at one time, 16 to 65536; likewise        (default 512) */
    uint32_t reservation_max_age_s; /* one that nobody settles is given back after this, or a
                                    quarter more; up to a day                       (default 600) */
    uint32_t state_interval_s;   /* how often it is written, up to a day             (default 60) */
    const char* state_file;      /* what outlives a restart: ledger, users, budgets, alerts. Loaded
                                    by open, written by a thread of its own, or where host_pumped
                                    by llmobs_tick; see docs/state.md              (default none) */
    uint32_t alert_rules;        /* alert rules that there may be, 4 to 4096        (default 64);
                                    LLMOBS_OFF: no alerts, and no memory for them                 */
    uint32_t alert_groups;       /* sets of labels that rules tell apart, 16 to 65536
                                                                                    (default 512) */
    uint32_t alert_window_bytes; /* for what rules have seen: 6.9 KB a counter over a week, 288
                                    bytes over 5 minutes; 16 KiB to 2^28         (default 393216) */
    uint32_t alerts;             /* pending or firing at one time, 16 to 65536      (default 256) */
    llmobs_alert_fn alert;       /* is told when one begins, ends, goes on         (default none) */
    void* alert_user;
    int64_t kwh_nano;            /* what a kilowatt hour of your own hardware costs, in USD / 10^9:
                                    150000000 for 15 cents. By the energy that
                                    llmobs_requests_share_energy tells, on top of gpu_second_nano
                                                                               (default 0: none)  */
    uint32_t good_first_token_ms; /* targets that a good request keeps to, see
                                    llm_good_requests_total in docs/metrics.md: its time to the
                                    first token, up to a day             (default 0: no target)   */
    uint32_t good_token_ms;      /* the mean time of its output tokens after the first one, up to a
                                    day                                  (default 0: no target)   */
    uint32_t good_request_ms;    /* the whole of it, the wait included, up to a day
                                                                         (default 0: no target)   */
    llmobs_sample_by sample_by;  /* what decides, see docs/sampling.md
                                                            (default LLMOBS_SAMPLE_BY_TRACE_ID)   */
    uint32_t judge_slow_ms;      /* a request that took so long is kept, up to a day
                                    (default 30000); LLMOBS_OFF: not for that                     */
    uint32_t judge_new_version;  /* so many of each new model and each new version of a prompt, up
                                    to 10^6               (default 50); LLMOBS_OFF: none for that */
    uint64_t sample_seed;        /* of the hash of request ids: one for all services that are to
                                    agree; a secret where strangers choose ids      (default 0)   */
    double judge_ratio;          /* of requests that nothing speaks for but chance so many are kept
                                    to be judged, above 0, up to 1; LLMOBS_SAMPLE_NONE for none
                                                                                   (default 0.05) */
    int64_t judge_cost_nano;     /* one that cost so much, in USD / 10^9 (default 10^9, one dollar);
                                    below 0: not for that                                         */
    uint32_t judge_forced_per_minute; /* so many for each such cause, errors and so on; those that a
                                    guardrail triggered on have no limit. Up to 10^6
                                                    (default 60); LLMOBS_OFF: only the latter     */
    uint32_t judge_floor_per_hour; /* at least so many by chance of each feature and model, as far
                                    as there are so many, up to 3600
                                                    (default 4); LLMOBS_OFF: whatever comes of it */
    uint32_t judge_workers;      /* threads that ask the judge, where there are captures, 1 to 16
                                    (default 1); LLMOBS_OFF: the host calls llmobs_judge_work     */
    uint32_t judge_prompt_bytes; /* of each worker: what the judge is asked, 1024 to 2^20
                                                                                (default 16384)   */
    uint32_t judge_answer_bytes; /* and what it answers, 256 to 2^20             (default 8192)   */
    uint32_t tail_traces;        /* traces that tail sampling holds at one time, 16 to 65536: see
                                    llmobs_tail_policies; 0 or LLMOBS_OFF: none, and no memory for
                                    them                                              (default 0) */
    uint32_t tail_spans;         /* spans of one trace that it holds, up to 65536    (default 64) */
    uint32_t tail_wait_s;        /* it waits so long for a trace's end, up to a day  (default 30) */
    uint32_t tail_slots;         /* of span_slots, how many it may hold, up to three quarters
                                                                     (default 0: half of them)    */
    uint32_t drift_detectors;    /* that may be defined, up to 16; 0 or LLMOBS_OFF: none, and no
                                    memory for them. See docs/drift.md                (default 0) */
    uint32_t drift_dimensions;   /* of embeddings, 2 to 65536 (default 384); LLMOBS_OFF: none, and
                                    detectors look at answers' lengths, ends and flags alone      */
    uint32_t drift_prototypes;   /* topics that a baseline tells apart, 1 to 32; 32 where it has
                                    2,000 embeddings and more                        (default 16) */
    uint32_t drift_days;         /* of the past that a baseline is made of, 2 to 400 (default 30) */
    uint32_t drift_day_embeddings; /* kept of each day, by chance, 16 to 4096, and of all days 40
                                    at least: 1.6 KB each, of dimension 384          (default 64) */
    const char* drift_directory; /* where the past of each detector is kept over a restart, in a
                                    file of its own: vectors, 0600   (default none: in memory)    */
    llmobs_drift_fn on_drift;    /* is told of drift, and of runs asked for        (default none) */
    void* on_drift_user;
    bool metric_delta;           /* memory so that one exporter may have metrics as differences, a
                                    third of metric_bytes: llmobs_exporter.temporality
                                                                                 (default false)  */
    const char* resource_attributes; /* further resource attributes, as "key=value,key2=value2": up
                                    to 32, and 4096 bytes; a comma and an equals sign in them are
                                    percent-encoded                                (default none) */
    const char* environment_attributes; /* the same, of the environment: where a key stands in both,
                                    the above goes before. llmobs_config_from_env sets it
                                                                                   (default none) */
    bool resource_host;          /* and host.name, host.arch, os.type, process.executable.name, as
                                    far as neither of the above has them          (default false) */
    bool disabled;               /* llmobs_open opens nothing: it returns NULL, and the result is OK
                                                                                  (default false) */
    uint32_t recorder_history_bytes; /* of the next one's file, for the newest spans and log records
                                    that have ended, delivered or not: LLMOBS_RECOVER_HISTORY hands
                                    them out. 64 KiB to 1 GiB                   (default 0: none) */
    const char* recorder_file;   /* the flight recorder: what is recorded lies in this file, which
                                    must not be there yet, so that llmobs_recover can read it when
                                    the process was killed. "": a name of its own in /dev/shm. See
                                    docs/recorder.md                               (default none) */
} llmobs_config;

/* [any] A config with every default filled in; set fields, then open. */
LLMOBS_API llmobs_config llmobs_config_default(void);

/* The pillars, with the most that each may take by default. The sum is the cap of everything
   together; a pillar that is off, or not yet built, takes 0. */
#define LLMOBS_PILLARS(X)                                                                         \
    X(SPANS, "spans", 8388608)                                                                    \
    X(METRICS, "metrics", 4194304)                                                                \
    X(REQUESTS, "requests", 2097152)                                                              \
    X(COST, "cost", 1048576)                                                                      \
    X(ALERTS, "alerts", 1048576)                                                                  \
    X(DRIFT, "drift", 0)                                                                          \
    X(JUDGE, "judge", 0)                                                                          \
    X(TAIL_SAMPLING, "tail sampling", 0)

typedef enum llmobs_pillar {
#define LLMOBS_I_PILLAR(name, text, cap) LLMOBS_PILLAR_##name,
    LLMOBS_PILLARS(LLMOBS_I_PILLAR)
#undef LLMOBS_I_PILLAR
    LLMOBS_PILLAR_COUNT
} llmobs_pillar;

/* ---- the ledger: nothing is lost silently -------------------------------------------------- */

/* Why a span or log record was lost before it reached the exporters. */
#define LLMOBS_DROPS(X)                                                                           \
    X(POOL, "pool")       /* no free slot: raise span_slots                                  */   \
    X(THREADS, "threads") /* more threads than max_threads                                   */   \
    X(SIGNAL, "signal")   /* in a handler that interrupted a recording call                  */   \
    X(SELF, "self")       /* from inside an exporter's callback                              */   \
    X(PARENT, "parent")   /* its parent's handle was dead                                    */   \
    X(NO_EXPORTER, "no_exporter") /* collected while no exporter took such                   */   \
    X(CLOSED, "closed")   /* begun, and the instance was closed before it ended              */   \
    X(FORK, "fork")       /* in the child of a fork: the parent has it                       */

typedef enum llmobs_drop {
#define LLMOBS_I_DROP(name, text) LLMOBS_DROP_##name,
    LLMOBS_DROPS(LLMOBS_I_DROP)
#undef LLMOBS_I_DROP
    LLMOBS_DROP_COUNT
} llmobs_drop;

/* Why an exporter lost a span or log record that it had been given. */
#define LLMOBS_LOSSES(X)                                                                          \
    X(QUEUE, "queue")   /* its queue was full: the oldest batch gave way                     */   \
    X(FAILED, "failed") /* it answered DROP, or its retries ran out                          */   \
    X(CLOSE, "close")   /* not delivered when the instance closed                            */   \
    X(SIZE, "size")     /* larger than a whole batch: raise batch_bytes                      */   \
    X(REJECTED, "rejected") /* the receiver took the batch, but not these of it              */   \
    X(SPOOL, "spool")   /* its spool was full and the oldest gave way, or a file was damaged */

typedef enum llmobs_loss {
#define LLMOBS_I_LOSS(name, text) LLMOBS_LOSS_##name,
    LLMOBS_LOSSES(LLMOBS_I_LOSS)
#undef LLMOBS_I_LOSS
    LLMOBS_LOSS_COUNT
} llmobs_loss;

#define LLMOBS_STATS_EXPORTERS 16

/* What an exporter has had of one signal: received + recovered = exported + lost (by cause) +
   queued + spooled. */
typedef struct llmobs_signal_stats {
    uint64_t received;
    uint64_t exported;
    uint64_t lost[LLMOBS_LOSS_COUNT];
    uint64_t queued;    /* waiting, being exported or pending            */
    uint64_t recovered; /* an earlier process had left them in the spool */
    uint64_t spooled;   /* waiting in the spool                          */
} llmobs_signal_stats;

/* One exporter's account: received + recovered = exported + lost (by cause) + queued + spooled.
   Spans and log records together, as far as it takes them. */
typedef struct llmobs_exporter_stats {
    char name[32];
    uint64_t received;
    uint64_t exported;
    uint64_t lost[LLMOBS_LOSS_COUNT];
    uint64_t queued;   /* waiting, being exported or pending */
    uint64_t batches;  /* delivered  */
    uint64_t retries;  /* answers that were RETRY */
    uint64_t queue_bytes; /* in use now */
    uint64_t recovered;   /* an earlier process had left them in the spool */
    uint64_t spooled;     /* waiting in the spool */
    uint64_t spool_bytes; /* of its files */
    llmobs_signal_stats points; /* of metrics, where it takes them; batches, retries and bytes above
                                   are of all signals */
} llmobs_exporter_stats;

/* The account of an instance: of spans and log records together. At rest: started = dropped (by
   cause) + live + ended + tail_held + tail_dropped + collected, and every exporter that was there
   from the start and takes both has received = collected. While threads record, live and ended are
   as of slightly different instants. */
typedef struct llmobs_stats {
    size_t size;              /* sizeof(llmobs_stats); 0 means this version's             */
    uint64_t started;         /* spans begun, log records made, dropped ones included,
                                 unsampled ones not                                       */
    uint64_t unsampled;       /* root spans that sampling left out, and their remote like  */
    uint64_t dropped[LLMOBS_DROP_COUNT];
    uint64_t live;            /* spans begun, not ended */
    uint64_t ended;           /* spans ended, log records made, not taken up by the tick */
    uint64_t collected;       /* given to the exporters; spans also where none of them wants any */
    uint64_t expired;         /* of these: ended by the library at span_max_age_s */
    uint64_t inert_calls;     /* calls on spans that had ended */
    uint64_t attributes_dropped;
    uint64_t events_dropped;
    uint64_t links_dropped;
    uint64_t values_truncated;
    uint64_t names_overflowed;   /* names that became llmobs.key_overflow */
    uint64_t bad_traceparents;
    uint64_t ticks;
    uint64_t slots_free;
    uint64_t threads;         /* attached now */
    uint32_t exporter_count;
    llmobs_exporter_stats exporters[LLMOBS_STATS_EXPORTERS];
    uint64_t metrics;           /* defined */
    uint64_t metric_series;     /* live label sets */
    uint64_t metric_overflows;  /* label sets that went to an overflow series: totals are exact */
    uint64_t metric_invalid;    /* values not recorded: negative, NaN, infinite */
    uint64_t metric_saturated;  /* additions to a sum that is at its end        */
    uint64_t metric_dropped;    /* values lost: no memory, or a signal in the way */
    uint64_t metric_misused;    /* calls that named no metric, or the wrong kind  */
    uint64_t labels_cut;        /* label values cut to llmobs_config.label_bytes  */
    uint64_t metric_bytes_used; /* of llmobs_config.metric_bytes */
    uint64_t log_records;       /* of `started`: log records */
    uint64_t attributes_refused; /* by their names: see LLMOBS_REFUSED_NAMES */
    uint64_t requests_begun;     /* = ended + expired + live                      */
    uint64_t requests_ended;
    uint64_t requests_live;
    uint64_t requests_dropped;   /* not begun: llmobs_config.requests were live   */
    uint64_t requests_expired;   /* given up at llmobs_config.request_max_age_s   */
    uint64_t requests_late;      /* calls for requests that had ended             */
    uint64_t request_texts_cut;  /* ids, names: to 128 bytes each                 */
    uint64_t sessions_refused;   /* not counted: llmobs_config.sessions were open */
    uint64_t costs_refused;      /* negative or absurd ones: they are unknown     */
    uint64_t captures_selected;  /* requests whose texts were kept to be judged   */
    uint64_t captures_missed;    /* should have been: llmobs_config.captures were in use;
                                    captures_forced_missed + captures_random_missed  */
    uint64_t cost_headers_refused; /* values that llmobs_cost_headers_read found to be junk */
    uint64_t state_saved;        /* times that the state file was written         */
    uint64_t state_failed;       /* times that it could not be                    */
    uint64_t state_lost;         /* rows, amounts, sketches in it that found no place at open */
    uint64_t state_gap_ns;       /* from its writing to open, at least 1; 0: none was loaded  */
    uint64_t captures_forced_missed; /* llmobs_config.captures were in use by requests under way and
                                        forced ones, or a piece of text was still on its way     */
    uint64_t captures_random_missed; /* likewise, of those selected at random   */
    uint64_t captures_repeated;  /* not selected: a request with that id was   */
    uint64_t captures_displaced; /* random ones that gave way, wiped           */
    uint64_t captures_taken;     /* times that llmobs_capture_take gave one    */
    uint64_t captures_returned;  /* times that llmobs_capture_return did       */
    uint64_t captures_judged;    /* llmobs_capture_done                        */
    uint64_t captures_waiting;   /* now: selected + returned - taken - displaced */
    uint64_t guardrails_missed;  /* of captures_missed: a guardrail had triggered             */
    uint64_t tail_held;          /* spans ended, held by tail sampling until it decides       */
    uint64_t tail_kept;          /* spans that it let through: of `collected`, if any exporter
                                    is there                                                  */
    uint64_t tail_dropped;       /* spans that it left out: on purpose, so they are no drop   */
    uint64_t tail_evicted;       /* traces kept before their time, to make room               */
    uint64_t tail_late;          /* of those kept or left out: spans that came after that was
                                    decided                                                   */
    uint64_t drift_saved;        /* times that a detector's past was written      */
    uint64_t drift_failed;       /* times that it could not be                    */
    uint64_t drift_damaged;      /* files of it that were set aside               */
    uint64_t callbacks_threw;    /* C++ exceptions that left a callback of the host's and ended
                                    there, where no other account tells of it    */
} llmobs_stats;

/* [any] "pool", "threads", ...; "unknown" for other numbers. */
LLMOBS_API const char* llmobs_drop_name(llmobs_drop drop);
LLMOBS_API const char* llmobs_loss_name(llmobs_loss loss);

/* ---- exporters ----------------------------------------------------------------------------- */

typedef enum llmobs_export_result {
    LLMOBS_EXPORT_OK = 0,    /* delivered                                                       */
    LLMOBS_EXPORT_RETRY = 1, /* not now: it comes again, and all others wait, longer each time  */
    LLMOBS_EXPORT_DROP = 2,  /* never: the batch is counted as lost                             */
    LLMOBS_EXPORT_PENDING = 3 /* under way: llmobs_export_done will tell, the batch lives till
                                 then                                                           */
} llmobs_export_result;

/* The whole answer of a receiver, for llmobs_export_done_with. */
typedef struct llmobs_export_report {
    size_t size;                 /* sizeof(llmobs_export_report); 0 means this version's         */
    llmobs_export_result result; /* OK, RETRY or DROP                                            */
    uint64_t rejected;           /* with OK: spans, log records or points of the batch that it did
                                    not take (OTLP's partial success). They are lost as "rejected",
                                    and not sent again                                           */
    uint64_t retry_after_ms;     /* with RETRY: until then it wants none of this exporter's batches
                                    (HTTP's Retry-After); a day at most. 0: as by the exporter's
                                    retry_first_ms and retry_most_ms                             */
} llmobs_export_report;

/* [any] A zeroed report with its size set: OK, of all. */
LLMOBS_API llmobs_export_report llmobs_export_report_default(void);

/* The callback: one batch, on the exporter's own thread (or inside llmobs_tick, llmobs_flush and
   llmobs_close when the host pumps). Never called twice at a time for one exporter. It may take
   its time: others are not held up. Inside it llmobs_tick, _flush and _close answer ERROR_BUSY,
   and spans and log records are dropped and counted. A C++ exception ends there, and means DROP,
   where the implementation is compiled as C++; else it must not throw. */
typedef llmobs_export_result (*llmobs_export_fn)(void* user, const llmobs_batch* batch);

typedef struct llmobs_exporter {
    size_t size;                   /* sizeof(llmobs_exporter); 0 means this version's            */
    const char* name;              /* for stats; copied, 31 bytes are kept  (default "exporter") */
    llmobs_export_fn export_batch; /* required                                                   */
    void (*close)(void* user);     /* called once, after the last batch           (default none) */
    void* user;
    uint32_t max_attempts;   /* of one batch before it is dropped; 16 are four to five minutes
                                                                                    (default 16) */
    uint32_t retry_first_ms; /* wait before the second attempt; doubles, with jitter
                                                                                   (default 200) */
    uint32_t retry_most_ms;  /* the longest wait                                 (default 30000) */
    uint32_t signals; /* LLMOBS_SIGNAL_*, what it takes: each batch has one of them; others are not
                         counted as received                      (default spans and log records) */
    uint32_t metrics_interval_ms; /* where it takes metrics: so often it gets all of them, and at
                                     each llmobs_flush and at close, 100 to a day
                                                                                 (default 60000) */
    llmobs_temporality temporality; /* DELTA: counters and histograms as differences since its last
                                       batch of metrics, for which llmobs_config.metric_delta has
                                       the memory; a difference of nothing is left out. What goes up
                                       and down, gauges, and what is made as it is read (otel.sdk.*,
                                       llmobs.*) stay what they are      (default CUMULATIVE)    */
    const char* spool_directory; /* where batches go that can't be delivered for long, and those
                                    that are left at close: see docs/spool.md. One for each
                                    exporter; made if need be, its parent is not (default none) */
    uint64_t spool_bytes;        /* in it at most, from 64 KiB: the oldest give way
                                                                              (default 256 MiB) */
    uint32_t batch_items; /* spans, log records or points in one batch at most
                                      (default as many as llmobs_config.batch_bytes has room for) */
} llmobs_exporter;

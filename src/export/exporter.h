/* ---- exporters ----------------------------------------------------------------------------- */

typedef enum llmobs_export_result {
    LLMOBS_EXPORT_OK = 0, /* delivered                                                          */
    LLMOBS_EXPORT_RETRY =
        1,                  /* not now: the same batch comes again, later each time               */
    LLMOBS_EXPORT_DROP = 2, /* never: the batch is counted as lost                                */
    LLMOBS_EXPORT_PENDING =
        3 /* under way: llmobs_export_done will tell, the batch lives till then */
} llmobs_export_result;

/* The callback: one batch, on the exporter's own thread (or inside llmobs_tick, llmobs_flush and
   llmobs_close when the host pumps). Never called twice at a time for one exporter. It may take
   its time: others are not held up. Inside it llmobs_tick, _flush and _close answer ERROR_BUSY,
   and spans and log records are dropped and counted. It must not throw. */
typedef llmobs_export_result (*llmobs_export_fn)(void* user, const llmobs_batch* batch);

typedef struct llmobs_exporter {
    size_t size;                   /* sizeof(llmobs_exporter); 0 means this version's       */
    const char* name;              /* for stats; copied, 31 bytes are kept (default "exporter") */
    llmobs_export_fn export_batch; /* required                                              */
    void (*close)(void* user);     /* called once, after the last batch       (default none) */
    void* user;
    uint32_t max_attempts;   /* of one batch before it is dropped           (default 5)     */
    uint32_t
        retry_first_ms; /* wait before the second attempt; doubles, with jitter (default 200) */
    uint32_t retry_most_ms;  /* the longest wait                           (default 30000)  */
    uint32_t signals; /* LLMOBS_SIGNAL_*, what it takes: each batch has one of them; others are
                         not counted as received                           (default both)   */
} llmobs_exporter;

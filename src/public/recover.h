/* ---- recovery ------------------------------------------------------------------------------ */

/* What came of llmobs_recover. */
typedef struct llmobs_recovery {
    size_t size;             /* sizeof(llmobs_recovery); 0 means this version's                   */
    uint64_t process;        /* the dead one's id                                                 */
    uint64_t opened_unix_ns; /* when its instance was opened                                      */
    uint64_t last_unix_ns;   /* its last sign of life                                             */
    uint64_t spans;          /* that had ended, and had not been delivered: handed out            */
    uint64_t interrupted;    /* spans that had not ended: handed out                              */
    uint64_t logs;           /* log records likewise                                              */
    uint64_t queued;         /* of spans and logs: were in exporters' queues                      */
    uint64_t history;        /* besides, with LLMOBS_RECOVER_HISTORY: spans and log records that
                                were delivered, left out by tail sampling, or lost                */
    uint64_t series;         /* of metrics: handed out                                            */
    uint64_t batches;        /* that `export_batch` got                                           */
    uint64_t refused;        /* spans, log records, series in those that it dropped               */
    uint64_t damaged;        /* of all that is in the file, what does not hold together           */
    uint64_t half_made;      /* spans, log records that were just being begun: nothing is known   */
    bool removed;            /* the file is                                                       */
    llmobs_stats stats;      /* the account at the end: `live` are the interrupted ones. What an
                                exporter has done is as of the last tick                          */
} llmobs_recovery;

/* Options of llmobs_recover. */
#define LLMOBS_RECOVER_REMOVE 1u     /* the file goes, once export_batch has taken everything */
#define LLMOBS_RECOVER_NO_METRICS 2u /* spans and log records alone                           */
#define LLMOBS_RECOVER_HISTORY 4u    /* and then the newest of what was delivered, or was not to be,
                                        in batches of its own, marked `history`: for who looks into
                                        a crash, not for a receiver that has it
                                        (llmobs_config.recorder_history_bytes)                */

/* [any, locks] Reads the file of a process that is dead (llmobs_config.recorder_file) and hands out
   what had been recorded and was not delivered: spans that had ended; spans that had not, with
   status error and the attribute `llmobs.interrupted`, ended at the last sign of life; log records;
   metrics as they stood. Needs no instance; allocates twice the file's size at most. Each batch has
   one signal and is encoded as any other. `export_batch` runs on the caller's thread: RETRY, and
   PENDING, end the call; DROP is counted, and the rest still comes. The file is not changed: where
   the call ends early, or is killed, the next one hands out the same again, with the same ids of
   spans and of batches. Delivery is at least once: what was under way to its receiver when the
   process died comes again. `report` may be NULL.
   OK: all was taken. ERROR_INCOMPLETE: not all was. ERROR_BUSY: the process lives, or another one
   recovers. ERROR_SYSTEM, with errno: the file can't be read. ERROR_ARGUMENT: NULL, or not a plain
   file of this user's. ERROR_DATA: it is damaged, or was not finished. ERROR_MISMATCH: it was
   written by another version or another kind of machine. ERROR_MEMORY. */
LLMOBS_API llmobs_result llmobs_recover(const char* path, llmobs_export_fn export_batch,
                                        void* user, unsigned options, llmobs_recovery* report);

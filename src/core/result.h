/* ---- results and notes --------------------------------------------------------------------- */

/* What a call came to. 0 is success, failures are negative; the text is in llmobs_result_name. */
#define LLMOBS_RESULTS(X)                                                                         \
    X(OK, 0, "ok")                                                                                \
    X(ERROR_ARGUMENT, -1, "an argument is NULL, malformed or out of range")                       \
    X(ERROR_MEMORY, -2, "the memory given, or the allocator, did not suffice")                    \
    X(ERROR_LIMIT, -3, "a configured or compiled-in maximum is reached")                          \
    X(ERROR_CLOSED, -4, "the instance is NULL, closed, or another one")                           \
    X(ERROR_BUSY, -5, "called from inside a callback, while another call does this, or of a "     \
                      "file that a process that lives has")                                       \
    X(ERROR_TIMEOUT, -6, "the time was up before everything was delivered")                       \
    X(ERROR_SYSTEM, -7, "the operating system refused (thread, file, random numbers)")            \
    X(ERROR_FORMAT, -8, "this format is left out of the build, does not carry this signal, or "   \
                        "stands in no file")                                                      \
    X(ERROR_INCOMPLETE, -9, "closed or recovered, but not all of it was taken, or in time")       \
    X(ERROR_KEY, -10, "no key of this id is known, or none any more")                             \
    X(ERROR_MISMATCH, -11, "not of this kind: another text's, embedder's, dimension's, build's")  \
    X(ERROR_DATA, -12, "a file is damaged; a vector is zero, or holds NaN or infinity, or has no " \
                       "length as a double")

typedef enum llmobs_result {
#define LLMOBS_I_RESULT(name, value, text) LLMOBS_##name = value,
    LLMOBS_RESULTS(LLMOBS_I_RESULT)
#undef LLMOBS_I_RESULT
} llmobs_result;

/* [any] A static text for a result, such as "ok"; "unknown result" for other numbers. */
LLMOBS_API const char* llmobs_result_name(llmobs_result result);

/* What the diagnostics callback (llmobs_config.note) is told. A note names the remedy: the field to
   raise, the thing to mend. It never carries a value that came from outside. */
#define LLMOBS_NOTES(X)                                                                           \
    X(CONFIG_RANGE, "a config field is out of range and was brought into it")                     \
    X(ENVIRONMENT, "an environment variable was ignored: malformed, or no value that is known")    \
    X(CONFIG_MEMORY, "the memory is too small (see llmobs_memory_needed; raise "                  \
                     "llmobs_config.memory_bytes or lower span_slots, max_threads, queue_bytes)") \
    X(INSTANCES, "too many open instances (raise LLMOBS_MAX_INSTANCES)")                          \
    X(SPAN_POOL, "spans or log records dropped: the pool is empty (raise "                        \
                 "llmobs_config.span_slots)")                                                     \
    X(THREADS, "spans or log records dropped: too many threads (raise "                           \
               "llmobs_config.max_threads)")                                                      \
    X(SIGNAL, "spans or log records dropped: a signal handler interrupted a recording call of "   \
              "its own thread")                                                                   \
    X(SELF, "spans or log records dropped: recorded from inside an exporter's callback")          \
    X(NAMES, "names replaced by llmobs.key_overflow (raise llmobs_config.name_bytes)")            \
    X(SPAN_EXPIRED, "spans ended by the library: older than llmobs_config.span_max_age_s")        \
    X(TRACEPARENT, "a traceparent was malformed: a new trace was begun")                          \
    X(QUEUE, "spans, log records or points dropped: an exporter's queue is full (raise "          \
             "llmobs_config.queue_bytes)")                                                        \
    X(EXPORT_FAILED, "a batch was dropped: the exporter gave it up or its retries ran out")       \
    X(EXPORT_REJECTED, "a receiver took a batch, but refused some of it: that is lost (its own "  \
                       "log says why)")                                                           \
    X(SPOOL_TAKEN, "an exporter works without its spool: another instance has it (give each "     \
                   "exporter and each process a directory of its own)")                           \
    X(SPOOL_WRITE, "a spool could not be written or read (disk full, permissions?): batches stay " \
                   "in memory")                                                                   \
    X(SPOOL_FULL, "spans, log records or points were lost: a spool is full, or its files were "   \
                  "damaged (raise llmobs_exporter.spool_bytes)")                                  \
    X(EXPORT_SLOW, "an exporter's callback did not return in time")                               \
    X(FILE_OPEN, "the file could not be opened (path, permissions, not a plain file of ours)")    \
    X(FILE_WRITE, "writing the file failed (disk full?): the batch is tried again")               \
    X(NO_EXPORTER, "spans or log records dropped: no exporter takes them (llmobs_export_file, "   \
                   "llmobs_export_to)")                                                           \
    X(SPAN_FULL, "attributes, events or links dropped: the span or log record is full (raise "    \
                 "llmobs_config.span_parts)")                                                     \
    X(CLOSE_LOST, "spans or log records were not delivered before the instance closed (raise "    \
                  "llmobs_config.close_timeout_ms)")                                              \
    X(METRIC_SERIES, "too many label sets: some went to an overflow series (raise "               \
                     "llmobs_config.metric_max_series, metric_series or metric_bytes, or "        \
                     "limit a label's values with llmobs_metric_allow)")                          \
    X(METRIC_MISUSED, "a call named no metric, or one of another kind, or the wrong labels")      \
    X(METRIC_VALUES, "metric values not recorded: negative, NaN, infinite, or no memory for "     \
                     "them")                                                                      \
    X(METRIC_CATALOGUE, "not all known metrics could be defined (raise "                          \
                        "llmobs_config.max_metrics or metric_bytes)")                             \
    X(NAME_REFUSED, "attributes not stored: their names are those of headers that carry "         \
                    "credentials (LLMOBS_REFUSED_NAMES)")                                         \
    X(KEY_RANDOM, "pseudonyms are made with a random key: they change at a restart (set "         \
                  "llmobs_config.key)")                                                           \
    X(KEY_REFUSED, "a key was refused: its secret is too short, or its id is malformed "          \
                   "(llmobs_config.key)")                                                         \
    X(THREAD_START, "a thread could not be started")                                              \
    X(CLOCK, "no invariant cycle counter: times come from the system clock")                      \
    X(STATE_OPEN, "no state is kept: the state file or its lock could not be opened (path, "      \
                  "permissions, not a plain file of ours)")                                       \
    X(STATE_TAKEN, "no state is kept: another instance has this state file (close it first)")     \
    X(STATE_DAMAGED, "the state file was set aside (.damaged) and not loaded")                    \
    X(STATE_LOST, "not all of the state file found a place (raise llmobs_config.cost_rows, "      \
                  "cost_features or budgets, or keep the sizes of users that it was made with)")  \
    X(STATE_WRITE, "the state file could not be written (disk full?): it is tried again")         \
    X(STATE_SLOW, "the state file was not on its disk in time: its thread goes on after close "   \
                  "(raise llmobs_config.close_timeout_ms)")                                       \
    X(RECORDER_OPEN, "no flight recorder: its file could not be made (llmobs_config."             \
                     "recorder_file: there already, path, permissions, no room on its disk)")     \
    X(DRIFT_WRITE, "a drift detector's past could not be written (llmobs_config.drift_directory, " \
                   "permissions, disk full?): after the next run it is tried again")              \
    X(DRIFT_DAMAGED, "a drift detector's file was set aside (.damaged) and not loaded: damaged, " \
                     "or of another dimension, embedder or interval")                             \
    X(PRICES_OFF, "prices were set or asked for, and none are kept (set "                         \
                  "llmobs_config.price_bytes)")                                                   \
    X(BUDGETS_OFF, "a budget was added, and none are kept (set llmobs_config.budgets)")           \
    X(REQUESTS, "requests were not recorded: too many were under way, or ended and not yet "      \
                "collected (raise llmobs_config.requests)")                                       \
    X(JUDGE_LEFT, "the judge failed so often in a row that it is left alone for a while (see "    \
                  "llmobs_judge.breaker_failures)")                                               \
    X(JUDGE_FULL, "requests that a guardrail triggered on were not kept to be judged: no place "  \
                  "was free (raise llmobs_config.captures, or take them sooner)")                 \
    X(CALLBACK_SLOW, "a gauge's, alerts' or notes' callback did not return in time: its thread " \
                     "is left to it after close")                                                 \
    X(CALLBACK_THREW, "a C++ exception left a callback of the host's and ended there: what it "   \
                      "was told is lost to it")

typedef enum llmobs_note {
#define LLMOBS_I_NOTE(name, text) LLMOBS_NOTE_##name,
    LLMOBS_NOTES(LLMOBS_I_NOTE)
#undef LLMOBS_I_NOTE
    LLMOBS_NOTE_COUNT /* how many there are */
} llmobs_note;

/* [any] The static text of a note; "unknown note" for other numbers. */
LLMOBS_API const char* llmobs_note_text(llmobs_note note);

/* The diagnostics callback. Called from set-up calls, from the tick and from exporter threads,
   never from a recording call; each kind of note at most once a second. `count` is how often it
   happened since the last time it was told. It must not call back into this instance. */
typedef void (*llmobs_note_fn)(void* user, llmobs_note note, uint64_t count, const char* text);

/* llmobs 0.1.0: observability for LLM applications and inference engines, in one C header.
   SPDX-License-Identifier: MIT OR Unlicense

   Do this in ONE C or C++ file, and include "llmobs.h" alone everywhere else:

       #define LLMOBS_IMPLEMENTATION
       #include "llmobs.h"

   Link with -pthread. It needs libc and pthreads, C11 or C++11, gcc or clang; nothing else.
   This file is generated from src/: edit there, then run `make header`.

CONTENTS: search for a tag.

    >>quickstart                                      A first program
    >>options                                         Compile-time options
    >>threads                                         Which call from which thread
    >>cost                                            What it costs
    >>privacy                                         What is kept, and what leaves the process

    declarations             implementation           what
    >>api:linkage                                     how the functions are linked
    >>api:platform           >>platform               compiler, clocks, random bytes, locks
                             >>atomic                 named-order atomic operations
                             >>arena                  one block of memory, laid out once
    >>api:result             >>result                 result codes and notes
    >>api:ledger             >>ledger                 what was recorded, exported and lost
                             >>text                   bounded writer, numbers, UTF-8
                             >>json                   JSON text
                             >>sha256_blocks          wiping, comparing, blocks of SHA-256
    >>api:sha256             >>sha256                 SHA-256, HMAC, constant time, wiping
                             >>hash                   seeded 64-bit hash
                             >>exponential            base-2 exponential buckets
    >>api:config             >>config                 configuration, defaults, memory by pillar
    >>api:block              >>block                  blocks of memory, parked between instances
                             >>clock                  cycles to Unix time
                             >>intern                 names and keys as numbers
    >>api:trace_context      >>trace_context          W3C trace context and sampling thresholds
                             >>pool                   span slots and the rings that carry them
    >>api:pii                >>pii                    what is looked for
    >>api:rules              >>rules                  the rules of a scan
                             >>validate               check digits, number plans, entropy
                             >>view                   windows of text, classes of bytes
                             >>context                words that make a number what it is
                             >>number                 numbers, addresses of machines, telephones
                             >>digits                 cards, accounts, persons
                             >>token                  e-mail, URLs, assignments, tokens, PEM
                             >>secret                 the shapes of keys
                             >>coin                   addresses of Bitcoin and Ethereum
                             >>trigger                where a look is worth it, by vectors
                             >>recognize              from a trigger to a match
    >>api:run                >>run                    one window, from trigger to trigger
    >>api:scan               >>scan                   the scanner: one text, or chunks
    >>api:redact             >>redact                 the redactor
                             >>cell                   cells: numbers with one writer
    >>api:series             >>series                 metrics and their series
                             >>define                 defining metrics
    >>api:catalogue          >>catalogue              the metrics that llmobs knows
                             >>thread                 recording threads: attach, busy flag, grace, fork
    >>api:attribute          >>attribute              attributes, and the room a span has for them
    >>api:span               >>span                   spans: begin, set, end
    >>api:event              >>event                  events, links, status, context
    >>api:metric             >>metric                 recording: counters, gauges
    >>api:histogram          >>histogram              recording: histograms
    >>api:reading            >>reading                reading metrics back, quantiles
    >>api:batch              >>batch                  typed views of what was recorded
    >>api:otlp               >>otlp                   OTLP/JSON
    >>api:otlp_metric        >>otlp_metric            OTLP/JSON of metrics
    >>api:chrome             >>chrome                 Chrome trace
    >>api:exposition         >>exposition             which text format a scraper asks for
                             >>prometheus             Prometheus text, OpenMetrics
                             >>gather                 from series to views
    >>api:encode             >>encode                 encoders by format
    >>api:exporter           >>exporter               exporters: queues, threads, retries
                             >>collect                the tick: from the rings to the queues
    >>api:instance           >>instance               instances and their exporters
    >>api:file               >>file                   the file exporter
    >>api:stats              >>stats                  the account of an instance
                             >>self                   what the library tells of itself
    >>api:metrics            >>metrics                metrics out
    >>api:flush              >>flush                  tick, flush and the tick's own thread
    >>api:layout             >>layout                 the layout of an instance's memory
    >>api:open               >>open                   open, close, release, fork

>>quickstart  A first program

    #define LLMOBS_IMPLEMENTATION
    #include "llmobs.h"

    #include <stdio.h>
    #include <sys/stat.h>

    static void answer_a_question(llmobs* obs)
    {
        llmobs_span request = llmobs_span_root(obs, "llm_chain");

        llmobs_span step = llmobs_span_child(request, "retrieval");
        // your retrieval
        llmobs_span_set_int(step, "docs.count", 4);

        step = llmobs_span_next(step, "model_call"); // ends one step, begins the next
        // your call of the model
        llmobs_span_set_string(step, "model.name", "my-model");
        llmobs_span_set_int(step, "tokens.input", 812);
        llmobs_span_set_int(step, "tokens.output", 96);
        llmobs_span_end(step);

        llmobs_span_end(request);
    }

    int main(void)
    {
        llmobs_config config = llmobs_config_default();
        config.service_name = "quickstart";
        llmobs_result result;
        llmobs* obs = llmobs_open(&config, &result);
        mkdir("out", 0755);
        if (obs != NULL) {
            result = llmobs_export_file(obs, LLMOBS_FORMAT_OTLP_JSON, "out/quickstart.jsonl");
        }
        if (result != LLMOBS_OK) {
            fprintf(stderr, "quickstart: %s\n", llmobs_result_name(result));
        }

        answer_a_question(obs);

        llmobs_close(obs); // delivers what was recorded
        puts("out/quickstart.jsonl has the trace: OTLP, one JSON message a line");
        return result == LLMOBS_OK ? 0 : 1;
    }

>>options  Compile-time options

    ALL: define it the same way for every file that includes this header. ONE: only where the
    implementation is compiled.

    macro                    scope  what it does                                        default
    LLMOBS_IMPLEMENTATION    ONE    compiles the implementation here                    off
    LLMOBS_STATIC            file   a private copy for this file, with its              off
                                    implementation: nothing is exported or shared
    LLMOBS_API               ALL    how public functions are declared; on ELF they are  hidden
                                    hidden, so that two libraries with a copy each
                                    do not share one
    LLMOBS_DISABLE           ALL    every call compiles to nothing: arguments are       off
                                    evaluated, open gives NULL, all else gives 0 or ""; SHA-256,
                                    HMAC and wiping are not there at all
    LLMOBS_NO_SHA256         ALL    leaves SHA-256 and HMAC out                         off
    LLMOBS_NO_OTLP           ALL    leaves the OTLP/JSON encoder out                    off
    LLMOBS_NO_CHROME         ALL    leaves the Chrome trace encoder out                 off
    LLMOBS_NO_FILE           ALL    leaves the file exporter out                        off
    LLMOBS_NO_SCANNER        ALL    leaves the scanner and the redactor out             off
    LLMOBS_DEBUG             ONE    invariant checkers and assertions; costs much       off
    LLMOBS_ASSERT(c)         ONE    what an assertion calls                             nothing,
                                                                     abort() in LLMOBS_DEBUG
    LLMOBS_TLS_MODEL         ONE    attribute of the one thread-local pointer           initial-exec
                                                                     on glibc, else the default
    LLMOBS_ATOMICS           ONE    you give the llmobsi_load_... operations yourself   off
    LLMOBS_NO_SIMD           ONE    plain C only, no vector instructions                off
    LLMOBS_NO_INT128         ONE    no 128-bit integers, also where there are some      off
    LLMOBS_MAX_INSTANCES     ONE    open at one time; a power of two                    8
    LLMOBS_MAX_CONTROLS      ONE    threads that record at one time, in all instances   1024
    LLMOBS_USE_XXHASH        ONE    XXH3 as the 64-bit hash; xxhash.h must be found     off

>>threads  Which call from which thread

    The first word of each function's comment says it:
    [any]         any thread at any time; takes no lock, allocates nothing, enters no kernel
    [any, locks]  any thread at any time; may wait briefly for another
    [owner]       calls on one object must be ordered by the caller; other objects are free
    [setup]       before other threads use the instance, or after the last has left

    calls                                        who           allocates  kernel
    span root, child, begin, end                 [any]          no         no (*)
    span set, event, link, status, next          [owner]        no         no
    counter, up-down, gauge, histogram           [any]          no         no (*)
    finding a series; one that is new            [any, locks]   no         no
    reading metrics, Prometheus text, OTLP       [any]          no         the caller's write
    attributes, names, results, contexts         [any]          no         no
    tick, flush, stats, close                    [any, locks]   no         the exporters' writes
    adding an exporter                           [any, locks]   no         yes: its thread, its file
    open, release                                [setup]        yes        yes
    (*) A thread's first span attaches the thread (llmobs_thread_attach does it ahead), and so does
        the first one after fork: memory of the thread-local pointer, a seed from the system.

    Recording in a signal handler is safe; one that interrupts a recording call of its own thread
    is dropped and counted as `signal`, but for what it adds to metrics, which arrives. An
    exporter's callback runs on the exporter's own thread: the spans that it records are dropped as
    `self`; flush, tick and close answer LLMOBS_ERROR_BUSY there.
    After fork the child's spans are inert, its metrics go on from zero; its next use of the
    instance begins with clean rings.

>>cost  What it costs

    Medians on a shared virtual machine (AMD Zen 5, gcc 12 -O2); docs/performance.md says how they
    are measured, `make bench-span` prints yours.

    two clock reads and 64 bytes of stores: the floor              19.0 ns
    a span, begin and end                                          19.6 ns
    a span with 6 attributes, in one call / in six                 35 / 39 ns
    end of one span and begin of its sibling                       14.3 ns
    a span that sampling leaves out                                5 ns
    a call on a NULL instance / a dropped span                     2.5 / 8 ns
    memory                                      11.3 MiB by default, one block, at llmobs_open,
                                                 of which metrics are 3.9
    threads                       one for the tick, one an exporter; none when the host pumps

    What does not fit is dropped and counted: started = exported + dropped (by cause) + in flight,
    always.

>>privacy  What is kept, and what leaves the process

    Span names and keys are the program's own texts. String values are copied as given, cut to
    llmobs_config.value_bytes, and kept until the exporters have them: do not put prompts, answers
    or personal data there. Nothing is sent anywhere but to the exporters that you add; this header
    opens no network connection. Files are made with mode 0600 and never through a symbolic link.
    Notes of the diagnostics callback carry static texts and counts only.
*/

/* A strict -std=c11 hides clock_gettime and its like. Only the implementation needs them, and only
   before the first libc header does this help. */
#if (defined(LLMOBS_IMPLEMENTATION) || defined(LLMOBS_STATIC)) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif

#ifndef LLMOBS_H
#define LLMOBS_H

/* =================================================================================================
 *  >>api:linkage            how the functions are linked
 * ============================================================================================== */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* LLMOBS_STATIC: a private copy in this translation unit. It carries the implementation with it. */
#if defined(LLMOBS_STATIC) && !defined(LLMOBS_IMPLEMENTATION)
#define LLMOBS_IMPLEMENTATION
#endif

/* A recorder that is switched off records nothing; a hash that is switched off would be wrong.
   So it is not there. */
#if defined(LLMOBS_DISABLE) && !defined(LLMOBS_NO_SHA256)
#define LLMOBS_NO_SHA256
#endif

/* Define LLMOBS_API yourself to export the functions from a shared library. */
#if defined(LLMOBS_DISABLE)
#undef LLMOBS_API
#define LLMOBS_API static inline
#elif defined(LLMOBS_STATIC)
#undef LLMOBS_API
#define LLMOBS_API static __attribute__((unused))
#elif !defined(LLMOBS_API)
#if defined(__ELF__)
/* Hidden: two shared objects with a copy each must not share one. */
#define LLMOBS_API extern __attribute__((visibility("hidden")))
#else
#define LLMOBS_API extern
#endif
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* =================================================================================================
 *  >>api:platform           compiler, clocks, random bytes, locks
 * ============================================================================================== */

/* ---- versions ------------------------------------------------------------------------------ */

#define LLMOBS_VERSION_MAJOR 0
#define LLMOBS_VERSION_MINOR 1
#define LLMOBS_VERSION_PATCH 0
/* For comparisons: 1.2.3 is 10203. */
#define LLMOBS_VERSION \
    (LLMOBS_VERSION_MAJOR * 10000 + LLMOBS_VERSION_MINOR * 100 + LLMOBS_VERSION_PATCH)
#define LLMOBS_VERSION_STRING "0.1.0"

/* [any] The version of the implementation that is linked, as "major.minor.patch". */
LLMOBS_API const char* llmobs_version(void);

/* ---- types that every section uses --------------------------------------------------------- */

/* An open instance. It is a ticket, not an address: it is never dereferenced, NULL and closed ones
   are inert in every call. */
typedef struct llmobs llmobs;

/* Text with its length in bytes. In what the library hands out it is valid UTF-8, and a NUL byte
   follows `data[size - 1]`; `data` is never NULL. */
typedef struct llmobs_string {
    const char* data;
    size_t size;
} llmobs_string;

/* Where encoders put their output: consumes `size` bytes, returns false to stop the encoder. */
typedef bool (*llmobs_write_fn)(void* user, const char* data, size_t size);

/* =================================================================================================
 *  >>api:result             result codes and notes
 * ============================================================================================== */

/* ---- results and notes --------------------------------------------------------------------- */

/* What a call came to. 0 is success, failures are negative; the text is in llmobs_result_name. */
#define LLMOBS_RESULTS(X)                                                                         \
    X(OK, 0, "ok")                                                                                \
    X(ERROR_ARGUMENT, -1, "an argument is NULL, malformed or out of range")                       \
    X(ERROR_MEMORY, -2, "the memory given, or the allocator, did not suffice")                    \
    X(ERROR_LIMIT, -3, "a configured or compiled-in maximum is reached")                          \
    X(ERROR_CLOSED, -4, "the instance is NULL, closed, or another one")                           \
    X(ERROR_BUSY, -5, "called from inside a callback, or while another call does this")           \
    X(ERROR_TIMEOUT, -6, "the time was up before everything was delivered")                       \
    X(ERROR_SYSTEM, -7, "the operating system refused (thread, file, random numbers)")            \
    X(ERROR_FORMAT, -8, "this format is left out of the build, or does not carry this signal")    \
    X(ERROR_INCOMPLETE, -9, "closed, but an exporter's callback did not return in time")

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
    X(CONFIG_MEMORY, "the memory is too small (see llmobs_memory_needed; raise "                  \
                     "llmobs_config.memory_bytes or lower span_slots, max_threads, queue_bytes)") \
    X(INSTANCES, "too many open instances (raise LLMOBS_MAX_INSTANCES)")                          \
    X(SPAN_POOL, "spans dropped: the pool is empty (raise llmobs_config.span_slots)")             \
    X(THREADS, "spans dropped: too many threads (raise llmobs_config.max_threads)")               \
    X(SIGNAL, "spans dropped: a signal handler interrupted a recording call of its own thread")   \
    X(SELF, "spans dropped: recorded from inside an exporter's callback")                         \
    X(NAMES, "names replaced by llmobs.key_overflow (raise llmobs_config.name_bytes)")            \
    X(SPAN_EXPIRED, "spans ended by the library: older than llmobs_config.span_max_age_s")        \
    X(TRACEPARENT, "a traceparent was malformed: a new trace was begun")                          \
    X(QUEUE, "spans dropped: an exporter's queue is full (raise llmobs_config.queue_bytes)")      \
    X(EXPORT_FAILED, "a batch was dropped: the exporter gave it up or its retries ran out")       \
    X(EXPORT_SLOW, "an exporter's callback did not return in time")                               \
    X(FILE_OPEN, "the file could not be opened (path, permissions, not a plain file of ours)")    \
    X(FILE_WRITE, "writing the file failed (disk full?): the batch is tried again")               \
    X(NO_EXPORTER, "spans dropped: there is no exporter (llmobs_export_file, llmobs_export_to)")  \
    X(SPAN_FULL, "attributes, events or links dropped: the span is full (raise "                  \
                 "llmobs_config.span_parts)")                                                     \
    X(CLOSE_LOST, "spans were not delivered before the instance closed (raise "                   \
                  "llmobs_config.close_timeout_ms)")                                              \
    X(METRIC_SERIES, "too many label sets: some went to an overflow series (raise "               \
                     "llmobs_config.metric_max_series, metric_series or metric_bytes, or "        \
                     "limit a label's values with llmobs_metric_allow)")                          \
    X(METRIC_MISUSED, "a call named no metric, or one of another kind, or the wrong labels")      \
    X(METRIC_VALUES, "metric values not recorded: negative, NaN, infinite, or no memory for "     \
                     "them")                                                                      \
    X(METRIC_CATALOGUE, "not all known metrics could be defined (raise "                          \
                        "llmobs_config.max_metrics or metric_bytes)")                             \
    X(THREAD_START, "a thread could not be started")                                              \
    X(CLOCK, "no invariant cycle counter: times come from the system clock")

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
   happened since the last time it was told. It must not call back into this instance and must
   not throw. */
typedef void (*llmobs_note_fn)(void* user, llmobs_note note, uint64_t count, const char* text);

/* =================================================================================================
 *  >>api:ledger             what was recorded, exported and lost
 * ============================================================================================== */

/* ---- the ledger: nothing is lost silently -------------------------------------------------- */

/* Why a span was lost before it reached the exporters. */
#define LLMOBS_DROPS(X)                                                                           \
    X(POOL, "pool")       /* no free slot: raise span_slots                                  */   \
    X(THREADS, "threads") /* more threads than max_threads                                   */   \
    X(SIGNAL, "signal")   /* in a handler that interrupted a recording call                  */   \
    X(SELF, "self")       /* from inside an exporter's callback                              */   \
    X(PARENT, "parent")   /* its parent's handle was dead                                    */   \
    X(NO_EXPORTER, "no_exporter") /* collected while there was no exporter                   */   \
    X(CLOSED, "closed")   /* begun, and the instance was closed before it ended              */   \
    X(FORK, "fork")       /* in the child of a fork: the parent has it                       */

typedef enum llmobs_drop {
#define LLMOBS_I_DROP(name, text) LLMOBS_DROP_##name,
    LLMOBS_DROPS(LLMOBS_I_DROP)
#undef LLMOBS_I_DROP
    LLMOBS_DROP_COUNT
} llmobs_drop;

/* Why an exporter lost a span that it had been given. */
#define LLMOBS_LOSSES(X)                                                                          \
    X(QUEUE, "queue")   /* its queue was full: the oldest batch gave way                     */   \
    X(FAILED, "failed") /* it answered DROP, or its retries ran out                          */   \
    X(CLOSE, "close")   /* not delivered when the instance closed                            */   \
    X(SIZE, "size")     /* one span larger than a whole batch: raise batch_bytes             */

typedef enum llmobs_loss {
#define LLMOBS_I_LOSS(name, text) LLMOBS_LOSS_##name,
    LLMOBS_LOSSES(LLMOBS_I_LOSS)
#undef LLMOBS_I_LOSS
    LLMOBS_LOSS_COUNT
} llmobs_loss;

#define LLMOBS_STATS_EXPORTERS 16

/* One exporter's account: received = exported + lost (by cause) + queued. */
typedef struct llmobs_exporter_stats {
    char name[32];
    uint64_t received;
    uint64_t exported;
    uint64_t lost[LLMOBS_LOSS_COUNT];
    uint64_t queued;   /* waiting, being exported or pending */
    uint64_t batches;  /* delivered  */
    uint64_t retries;  /* attempts after the first */
    uint64_t queue_bytes; /* in use now */
} llmobs_exporter_stats;

/* The account of an instance. At rest: started = dropped (by cause) + live + ended + collected,
   and every exporter that was there from the start has received = collected. While threads
   record, live and ended are as of slightly different instants. */
typedef struct llmobs_stats {
    size_t size;              /* sizeof(llmobs_stats); 0 means this version's             */
    uint64_t started;         /* spans begun, dropped ones included, unsampled ones not   */
    uint64_t unsampled;       /* root spans that sampling left out, and their remote like  */
    uint64_t dropped[LLMOBS_DROP_COUNT];
    uint64_t live;            /* begun, not ended */
    uint64_t ended;           /* ended, not collected by the tick */
    uint64_t collected;       /* given to the exporters */
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
} llmobs_stats;

/* [any] "pool", "threads", ...; "unknown" for other numbers. */
LLMOBS_API const char* llmobs_drop_name(llmobs_drop drop);
LLMOBS_API const char* llmobs_loss_name(llmobs_loss loss);

/* =================================================================================================
 *  >>api:sha256             SHA-256, HMAC, constant time, wiping
 * ============================================================================================== */

#ifndef LLMOBS_NO_SHA256

/* ---- SHA-256 and HMAC-SHA256 ----------------------------------------------------------------- */

#define LLMOBS_SHA256_SIZE 32

/* A running hash. Copy it to fork it. Its fields are private. */
typedef struct llmobs_sha256 {
    uint64_t total; /* bytes so far */
    uint32_t state[8];
    uint8_t block[64];
} llmobs_sha256;

/* [owner] FIPS 180-4, in any number of pieces. NULL with size 0 is fine. The end wipes the running
   hash: begin it anew to use it again. The processor's SHA instructions are used where it has them:
   about 0.5 ns a byte, and 50 ns for a short message; without them 2 ns a byte. */
LLMOBS_API void llmobs_sha256_begin(llmobs_sha256* hash);
LLMOBS_API void llmobs_sha256_update(llmobs_sha256* hash, const void* data, size_t size);
LLMOBS_API void llmobs_sha256_end(llmobs_sha256* hash, uint8_t digest[LLMOBS_SHA256_SIZE]);

/* [any] In one call. */
LLMOBS_API void llmobs_sha256_of(const void* data, size_t size, uint8_t digest[LLMOBS_SHA256_SIZE]);

/* [any] Two messages, of any sizes, in one pass: with SHA instructions twice as fast as one after
   the other while both last. */
LLMOBS_API void llmobs_sha256_of_two(const void* data_a, size_t size_a,
                                     uint8_t digest_a[LLMOBS_SHA256_SIZE], const void* data_b,
                                     size_t size_b, uint8_t digest_b[LLMOBS_SHA256_SIZE]);

/* A key made ready: the states after its two padded blocks. As secret as the key. */
typedef struct llmobs_hmac_key {
    uint32_t inner[8];
    uint32_t outer[8];
} llmobs_hmac_key;

/* A running HMAC. */
typedef struct llmobs_hmac {
    llmobs_sha256 hash;
    uint32_t outer[8];
} llmobs_hmac;

/* [any] HMAC-SHA256 (RFC 2104). The secret may have any size; 32 random bytes are enough, and more
   than 64 are hashed first. Wipe the key when done. About 100 ns for a short message. */
LLMOBS_API void llmobs_hmac_key_init(llmobs_hmac_key* key, const void* secret, size_t size);
LLMOBS_API void llmobs_hmac_of(const llmobs_hmac_key* key, const void* data, size_t size,
                               uint8_t tag[LLMOBS_SHA256_SIZE]);
LLMOBS_API void llmobs_hmac_of_two(const llmobs_hmac_key* key_a, const void* data_a, size_t size_a,
                                   uint8_t tag_a[LLMOBS_SHA256_SIZE], const llmobs_hmac_key* key_b,
                                   const void* data_b, size_t size_b,
                                   uint8_t tag_b[LLMOBS_SHA256_SIZE]);

/* [owner] In pieces. The end wipes the running state. */
LLMOBS_API void llmobs_hmac_begin(llmobs_hmac* hmac, const llmobs_hmac_key* key);
LLMOBS_API void llmobs_hmac_update(llmobs_hmac* hmac, const void* data, size_t size);
LLMOBS_API void llmobs_hmac_end(llmobs_hmac* hmac, uint8_t tag[LLMOBS_SHA256_SIZE]);

/* [any] Whether the bytes are equal, in a time that depends on `size` alone. */
LLMOBS_API bool llmobs_equal_secret(const void* a, const void* b, size_t size);

/* [any] Clears memory; the compiler can't leave it out. */
LLMOBS_API void llmobs_wipe(void* memory, size_t size);

#endif /* LLMOBS_NO_SHA256 */

/* =================================================================================================
 *  >>api:config             configuration, defaults, memory by pillar
 * ============================================================================================== */

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

/* In a field whose 0 means "the default": none of it. */
#define LLMOBS_OFF UINT32_MAX
/* llmobs_config.sample_ratio: record no root span (0 means the default, which is all of them). */
#define LLMOBS_SAMPLE_NONE (-1.0)

/* Every field has a default, which 0 or NULL stands for: `llmobs_open(NULL, NULL)`, a zeroed
   struct and llmobs_config_default() (which fills the real values in, and is clean in every
   language version) all mean the same. Strings must live until llmobs_close. */
typedef struct llmobs_config {
    size_t size;                 /* sizeof(llmobs_config); 0 means this version's                */
    const char* service_name;    /* resource attribute service.name     (default unknown_service) */
    const char* service_version; /* resource attribute service.version             (default none) */
    uint32_t span_slots;         /* spans begun and not yet collected, 64 to 2^20  (default 4096);
                                    LLMOBS_OFF: no spans, no memory for them                      */
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
    uint32_t close_timeout_ms;   /* llmobs_close returns by then                   (default 5000) */
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
    const void* user_key;        /* secret of the pseudonyms, which are the same as long as it is;
                                    copied                         (default random, for this run) */
    size_t user_key_size;        /* 16 bytes at least; fewer count as none                        */
} llmobs_config;

/* [any] A config with every default filled in; set fields, then open. */
LLMOBS_API llmobs_config llmobs_config_default(void);

/* The pillars, with the most that each may take by default. The sum is the cap of everything
   together; a pillar that is off, or not yet built, takes 0. */
#define LLMOBS_PILLARS(X)                                                                         \
    X(SPANS, "spans", 8388608)                                                                    \
    X(METRICS, "metrics", 4194304)                                                                \
    X(COST, "cost", 2097152)                                                                      \
    X(ALERTS, "alerts", 1048576)                                                                  \
    X(DRIFT, "drift", 0)                                                                          \
    X(JUDGE, "judge", 0)                                                                          \
    X(TAIL_SAMPLING, "tail sampling", 1048576)

typedef enum llmobs_pillar {
#define LLMOBS_I_PILLAR(name, text, cap) LLMOBS_PILLAR_##name,
    LLMOBS_PILLARS(LLMOBS_I_PILLAR)
#undef LLMOBS_I_PILLAR
    LLMOBS_PILLAR_COUNT
} llmobs_pillar;

/* =================================================================================================
 *  >>api:block              blocks of memory, parked between instances
 * ============================================================================================== */

/* ---- parked memory ------------------------------------------------------------------------- */

/* [setup] Frees the parked memory of closed instances. Only when no thread is inside a call of
   this library. Returns the bytes freed. */
LLMOBS_API size_t llmobs_release(void);

/* =================================================================================================
 *  >>api:trace_context      W3C trace context and sampling thresholds
 * ============================================================================================== */

/* ---- trace context: W3C traceparent and tracestate ------------------------------------------- */

/* The longest tracestate that is carried, as W3C asks for; longer ones lose whole entries. */
#define LLMOBS_TRACESTATE_SIZE 512
/* A traceparent with its NUL: "00-<32 hex>-<16 hex>-<2 hex>". */
#define LLMOBS_TRACEPARENT_SIZE 56

#define LLMOBS_TRACE_SAMPLED 0x01u /* the caller may have recorded this trace           */
#define LLMOBS_TRACE_RANDOM 0x02u  /* the low 56 bits of the trace id are uniformly random */

/* A position in a trace, by value: what travels between processes. All-zero ids mean "none". */
typedef struct llmobs_trace_context {
    uint8_t trace_id[16];
    uint8_t span_id[8];
    uint8_t flags;                                /* LLMOBS_TRACE_*                    */
    char tracestate[LLMOBS_TRACESTATE_SIZE + 1];  /* NUL-terminated, "" when there is none */
} llmobs_trace_context;

/* As a size: measure the text up to its NUL. */
#define LLMOBS_NUL_TERMINATED SIZE_MAX

/* [any] Reads a traceparent header and, if not NULL, a tracestate header (several headers: joined
   with commas first). The sizes count, LLMOBS_NUL_TERMINATED measures. Neither text may lie inside
   `context`. ERROR_ARGUMENT, and an all-zero context, for a malformed traceparent; a malformed
   tracestate is left out, the rest stands. W3C Trace Context level 2. Bounded time: about 30 ns,
   and 1 ns a byte of tracestate. */
LLMOBS_API llmobs_result llmobs_trace_context_parse(llmobs_trace_context* context,
                                                    const char* traceparent,
                                                    size_t traceparent_size,
                                                    const char* tracestate, size_t tracestate_size);

/* [any] Writes "00-...-...-.." with its NUL; returns 55, or 0 (and "") if an id is all zero. */
LLMOBS_API size_t llmobs_traceparent_format(const llmobs_trace_context* context,
                                            char text[LLMOBS_TRACEPARENT_SIZE]);

/* =================================================================================================
 *  >>api:pii                what is looked for
 * ============================================================================================== */

#ifndef LLMOBS_NO_SCANNER

/* ---- privacy: what is looked for ------------------------------------------------------------- */

/* How sure a class is. A: its form, and its check digits where it has some, say enough. B: a number
   like many others, found only where one of its words ("passport", "cvv", ...) stands before it,
   within 5 words and 40 bytes. C: found only by who asks for it. */
typedef enum llmobs_tier {
    LLMOBS_TIER_A = 0,
    LLMOBS_TIER_B = 1,
    LLMOBS_TIER_C = 2
} llmobs_tier;

/* The classes. docs/scanner.md says what is checked of each. */
#define LLMOBS_PII_CLASSES(X)                                                                     \
    X(CUSTOM, "CUSTOM", A)                 /* llmobs_scan_rules.terms                        */   \
    X(PRIVATE_KEY, "PRIVATE_KEY", A)       /* PEM, from BEGIN to END                         */   \
    X(JWT, "JWT", A)                       /* signed or encrypted token of three parts       */   \
    X(API_KEY, "API_KEY", A)               /* 35 shapes: llmobs_finding.name says which      */   \
    X(URL_PASSWORD, "URL_PASSWORD", A)     /* scheme://user:password@host: the password      */   \
    X(EMAIL, "EMAIL", A)                                                                          \
    X(CREDIT_CARD, "CREDIT_CARD", A)       /* issuer, length, Luhn                           */   \
    X(IBAN, "IBAN", A)                     /* country, length, mod 97                        */   \
    X(US_SSN, "US_SSN", A)                 /* with hyphens; else as tier B                   */   \
    X(US_ITIN, "US_ITIN", A)                                                                      \
    X(PHONE, "PHONE", A)                   /* E.164 with country code; North America         */   \
    X(IP_ADDRESS, "IP_ADDRESS", A)         /* 4 and 6                                        */   \
    X(PASSWORD, "PASSWORD", A)             /* password=..., "api_key": "...", Bearer ...     */   \
    X(ABA_ROUTING, "ABA_ROUTING", B)                                                              \
    X(US_NPI, "US_NPI", B)                                                                        \
    X(UK_NHS, "UK_NHS", B)                                                                        \
    X(AADHAAR, "AADHAAR", B)                                                                      \
    X(CA_SIN, "CA_SIN", B)                                                                        \
    X(BANK_ACCOUNT, "BANK_ACCOUNT", B)                                                            \
    X(PASSPORT, "PASSPORT", B)                                                                    \
    X(DRIVER_LICENSE, "DRIVER_LICENSE", B)                                                        \
    X(BIRTH_DATE, "BIRTH_DATE", B)                                                                \
    X(CARD_CODE, "CARD_CODE", B)           /* CVV                                            */   \
    X(MAC_ADDRESS, "MAC_ADDRESS", C)                                                              \
    X(CRYPTO_ADDRESS, "CRYPTO_ADDRESS", C) /* Bitcoin, Ethereum                              */

typedef enum llmobs_pii {
#define LLMOBS_I_PII(name, text, tier) LLMOBS_PII_##name,
    LLMOBS_PII_CLASSES(LLMOBS_I_PII)
#undef LLMOBS_I_PII
    LLMOBS_PII_COUNT /* how many there are */
} llmobs_pii;

/* [any] The static text of a class, such as "EMAIL"; "unknown class" for other numbers. */
LLMOBS_API const char* llmobs_pii_name(llmobs_pii pii);

/* [any] The tier of a class; LLMOBS_TIER_C for other numbers. */
LLMOBS_API llmobs_tier llmobs_pii_tier(llmobs_pii pii);

/* One class in a mask of classes. */
#define LLMOBS_PII_BIT(pii) (UINT32_C(1) << (pii))
/* The classes of tiers A and B, which is what a mask of 0 stands for; and all there are. */
#define LLMOBS_PII_DEFAULT UINT32_C(0x007fffff)
#define LLMOBS_PII_ALL UINT32_C(0x01ffffff)

/* What was found. It names places, and never holds the text. */
typedef struct llmobs_finding {
    uint64_t offset;  /* of its first byte, from the beginning of the text, in bytes            */
    uint64_t size;    /* bytes                                                                  */
    llmobs_pii pii;
    bool is_local;    /* IP_ADDRESS: private, loopback, link-local, or set aside for documents  */
    const char* name; /* which form of its class, such as "github"; a static text, never NULL   */
} llmobs_finding;

#endif /* LLMOBS_NO_SCANNER */

/* =================================================================================================
 *  >>api:rules              the rules of a scan
 * ============================================================================================== */

#ifndef LLMOBS_NO_SCANNER

/* ---- privacy: the rules of a scan ------------------------------------------------------------ */

/* Something of your own to look for: a name, a project, keys with a prefix. As a whole word: where
   it begins or ends with a letter, a digit or '_', none may stand beside it. */
typedef struct llmobs_scan_term {
    const char* text; /* valid UTF-8, 3 to 64 bytes, no quotation marks, backslashes, controls    */
    uint32_t tail;    /* above 0: `text` is a prefix, and so many (up to 128) letters, digits, '_',
                         '-' stand behind it at least; it goes on to where those end              */
    bool ignore_case; /* of ASCII letters                                                         */
} llmobs_scan_term;

#define LLMOBS_SCAN_TERMS_MAX 64

/* What to look for. A zeroed struct, NULL and llmobs_scan_rules_default() mean the defaults. */
typedef struct llmobs_scan_rules {
    size_t size;                   /* sizeof(llmobs_scan_rules); 0 means this version's           */
    uint32_t classes;              /* LLMOBS_PII_BIT(...) | ...      (default LLMOBS_PII_DEFAULT) */
    uint32_t term_count;           /* up to LLMOBS_SCAN_TERMS_MAX                                 */
    const llmobs_scan_term* terms; /* used in place: must live as long as what scans by them      */
} llmobs_scan_rules;

/* [any] The default rules; set fields, then scan. */
LLMOBS_API llmobs_scan_rules llmobs_scan_rules_default(void);

/* [any] Whether the rules can be used. ERROR_ARGUMENT: a term is not as it must be, a class is
   unknown, or `terms` is NULL and `term_count` is not 0; ERROR_LIMIT: too many terms. Scanning by
   such rules does without what is wrong. */
LLMOBS_API llmobs_result llmobs_scan_rules_check(const llmobs_scan_rules* rules);

#endif /* LLMOBS_NO_SCANNER */

/* =================================================================================================
 *  >>api:run                one window, from trigger to trigger
 * ============================================================================================== */

#ifndef LLMOBS_NO_SCANNER

/* ---- privacy: where a scan stands ------------------------------------------------------------ */

/* Private; part of what scans. The window is the piece of text that is looked at. */
typedef struct llmobs_scan_state {
    llmobs_scan_rules rules;
    uint64_t base;       /* the window's place in the text                           */
    uint64_t floor;      /* where the last finding ended: nobody looks behind it     */
    size_t resume;       /* in the window: from here on nothing is decided           */
    size_t hold;         /* in the window: the first place where a finding may begin */
    llmobs_finding open; /* goes on beyond the window                                */
    uint8_t open_tail;   /* how; 0: nothing is open                                  */
    bool is_stopped;
    bool is_wide;        /* a trigger has bytes above ASCII                          */
    uint8_t triggers[6][16];
    uint32_t counts[LLMOBS_PII_COUNT];
} llmobs_scan_state;

/* What a scanner of chunks keeps of the text, and the most that a redactor holds back: bytes. */
#define LLMOBS_SCAN_CARRY 1408

#endif /* LLMOBS_NO_SCANNER */

/* =================================================================================================
 *  >>api:scan               the scanner: one text, or chunks
 * ============================================================================================== */

#ifndef LLMOBS_NO_SCANNER

/* ---- privacy: the scanner -------------------------------------------------------------------- */

/* Told of each finding, in the order of the text; findings do not overlap. False: stop scanning. */
typedef bool (*llmobs_found_fn)(void* user, const llmobs_finding* finding);

/* [any] Scans one text (may be NULL when `size` is 0): any bytes, UTF-8 or not. `rules` and `found`
   may be NULL. Returns how many findings there were. Takes no memory but 1 KiB of stack.
   Overlapping matches make one finding over all of them, of the class of the longest (of equal
   ones, the surer tier, then the class that is listed first). One pass: 0.2 ns a byte of prose. */
LLMOBS_API uint64_t llmobs_scan(const llmobs_scan_rules* rules, const char* text, size_t size,
                                llmobs_found_fn found, void* user);

/* A scanner of a text that comes in chunks. Its fields are private; its memory is yours, 2 KiB, and
   needs no other. Whatever the chunks, the findings are those of llmobs_scan on the whole. A
   finding is told when what follows can't change it: a key or a token when it has ended. */
typedef struct llmobs_scanner {
    llmobs_scan_state state;
    llmobs_found_fn found;
    void* user;
    uint32_t used;
    uint8_t carry[LLMOBS_SCAN_CARRY];
} llmobs_scanner;

/* [owner] Begins, feeds (NULL with size 0 is fine), ends and wipes. The end returns how many
   findings there were. A zeroed scanner is one with default rules that tells nobody. About 0.2 us a
   feed and 0.2 ns a byte. */
LLMOBS_API void llmobs_scanner_begin(llmobs_scanner* scanner, const llmobs_scan_rules* rules,
                                     llmobs_found_fn found, void* user);
LLMOBS_API void llmobs_scanner_feed(llmobs_scanner* scanner, const char* text, size_t size);
LLMOBS_API uint64_t llmobs_scanner_end(llmobs_scanner* scanner);

/* [owner] How many findings of each class so far: before the end, which wipes them. Returns their
   sum. `counts` may be NULL. */
LLMOBS_API uint64_t llmobs_scanner_counts(const llmobs_scanner* scanner,
                                          uint32_t counts[LLMOBS_PII_COUNT]);

#endif /* LLMOBS_NO_SCANNER */

/* =================================================================================================
 *  >>api:redact             the redactor
 * ============================================================================================== */

#ifndef LLMOBS_NO_SCANNER

/* ---- privacy: the redactor ------------------------------------------------------------------- */

/* What becomes of a finding. */
typedef enum llmobs_redact_operator {
    LLMOBS_REDACT_REPLACE = 0, /* <EMAIL>                                                        */
    LLMOBS_REDACT_MASK = 1,    /* ************1111: of numbers of nine and more up to four
                                  digits at their end stay, of all else nothing                  */
    LLMOBS_REDACT_TAG = 2,     /* <EMAIL_0123456789abcdef>: the first half of HMAC-SHA256 with a
                                  key of yours over class and text. Equal texts get equal tags,
                                  which is a pseudonym, not anonymity. Without a key: REPLACE     */
    LLMOBS_REDACT_REMOVE = 3,  /* nothing is left                                                */
    LLMOBS_REDACT_KEEP = 4     /* it is counted, and stays                                       */
} llmobs_redact_operator;

/* What to look for and what to do with it. A zeroed struct, NULL and llmobs_redact_rules_default()
   replace what the default rules find. */
typedef struct llmobs_redact_rules {
    size_t size;                         /* sizeof(llmobs_redact_rules); 0 means this version's   */
    llmobs_scan_rules scan;
    uint8_t operators[LLMOBS_PII_COUNT]; /* llmobs_redact_operator of each class                  */
    const struct llmobs_hmac_key* key;   /* of tags; used in place                 (default none) */
} llmobs_redact_rules;

/* [any] The default rules. Then, say, rules.operators[LLMOBS_PII_EMAIL] = LLMOBS_REDACT_TAG. */
LLMOBS_API llmobs_redact_rules llmobs_redact_rules_default(void);

/* No text grows beyond this. */
#define LLMOBS_REDACT_ROOM(size) ((size) * 12 + 64)

/* [any] Redacts a text into memory of yours, which must not overlap with it. *written is the new
   size. ERROR_LIMIT, and nothing written, if it does not fit; ERROR_ARGUMENT if `text` or `out` is
   NULL and its size is not 0, or `written` is NULL. If `counts` is not NULL, it is filled with the
   findings of each class. What was valid UTF-8 stays so, and so does the body of a JSON string.
   Scanned again by the same rules the result holds nothing, but for what was kept, and what
   removing brought together. */
LLMOBS_API llmobs_result llmobs_redact(const llmobs_redact_rules* rules, const char* text,
                                       size_t size, char* out, size_t capacity, size_t* written,
                                       uint32_t counts[LLMOBS_PII_COUNT]);

/* A redactor of a text that comes in chunks, such as tokens of a model. Its fields are private; its
   memory is yours, 2 KiB, and needs no other. */
typedef struct llmobs_redactor {
    llmobs_scan_state state;
    llmobs_redact_rules rules;
    llmobs_write_fn write;
    void* user;
    uint64_t written; /* of the text, not of what became of it */
    bool has_failed;
    uint32_t used;
#ifndef LLMOBS_NO_SHA256
    llmobs_hmac hmac; /* of a finding that goes on */
#endif
    uint8_t carry[LLMOBS_SCAN_CARRY];
} llmobs_redactor;

/* [owner] Begins; feeds (NULL with size 0 is fine); ends, writes the rest and wipes. What a chunk
   has decided is written before the feed returns, in a few calls of `write`; only where a finding
   may be under way the text is held back: of prose the last word, at most LLMOBS_SCAN_CARRY bytes.
   All chunks together give what llmobs_redact gives. False once a write has failed: nothing is
   written after that. */
LLMOBS_API void llmobs_redactor_begin(llmobs_redactor* redactor, const llmobs_redact_rules* rules,
                                      llmobs_write_fn write, void* user);
LLMOBS_API bool llmobs_redactor_feed(llmobs_redactor* redactor, const char* text, size_t size);
LLMOBS_API bool llmobs_redactor_end(llmobs_redactor* redactor);

/* [owner] How many findings of each class so far: before the end, which wipes them. Returns their
   sum. `counts` may be NULL. */
LLMOBS_API uint64_t llmobs_redactor_counts(const llmobs_redactor* redactor,
                                           uint32_t counts[LLMOBS_PII_COUNT]);

#endif /* LLMOBS_NO_SCANNER */

/* =================================================================================================
 *  >>api:series             metrics and their series
 * ============================================================================================== */

/* ---- metrics: what is measured -------------------------------------------------------------- */

typedef enum llmobs_instrument {
    LLMOBS_COUNTER = 1,        /* only grows: a Prometheus counter, a monotonic OTLP sum         */
    LLMOBS_UPDOWN = 2,         /* moves by differences, such as requests running: a gauge, a sum */
    LLMOBS_GAUGE = 3,          /* is set; the last value counts                                  */
    LLMOBS_GAUGE_CALLBACK = 4, /* is asked for when metrics are read                             */
    LLMOBS_HISTOGRAM = 5,      /* with buckets of your choice                                    */
    LLMOBS_HISTOGRAM_EXPONENTIAL = 6 /* base-2 exponential: every quantile within a known error  */
} llmobs_instrument;

/* What a metric's values are. Whole numbers add up exactly, in any order. */
typedef enum llmobs_number {
    LLMOBS_NUMBER_INT = 0,   /* whole numbers, such as tokens                                     */
    LLMOBS_NUMBER_NANO = 1,  /* whole billionths, such as nanoseconds and nano-USD: exported as
                                seconds and USD, as exact decimals                                */
    LLMOBS_NUMBER_DOUBLE = 2 /* histograms of anything else; gauges are always doubles            */
} llmobs_number;

#define LLMOBS_LABELS_MAX 8          /* labels of one metric                  */
#define LLMOBS_BOUNDS_MAX 64         /* bounds of one histogram               */
#define LLMOBS_EXPONENTIAL_BUCKETS 160
#define LLMOBS_METRIC_NAME_MAX 255   /* bytes                                 */

/* One label of a series, for calls that go by name. */
typedef struct llmobs_label {
    const char* name;
    const char* value;
} llmobs_label;

/* Gives a callback gauge's value; runs on the thread that reads the metrics. NaN: no value now. It
   must not call back into this instance, and must return soon: the reader waits for it. */
typedef double (*llmobs_gauge_fn)(void* user);

/* The definition of a metric: strings and arrays are copied. */
typedef struct llmobs_metric_info {
    size_t size;      /* sizeof(llmobs_metric_info); 0 means this version's                       */
    const char* name; /* a letter, then letters, digits and "_.:/-": `llm_tokens_total`,
                         `gen_ai.client.token.usage`. Prometheus gets every other sign as '_', the
                         unit as suffix, and "_total" on counters, where they are not there yet   */
    const char* help; /* one sentence                                                (default "") */
    const char* unit; /* UCUM, as OpenTelemetry has it: "s", "By", "{token}", "USD"  (default "") */
    llmobs_instrument instrument;
    llmobs_number number;
    const char* const* labels; /* names: letters, digits and "_."                                 */
    size_t label_count;        /* up to LLMOBS_LABELS_MAX                                         */
    const double* bounds;      /* LLMOBS_HISTOGRAM: upper, inclusive, ascending, finite, above 0  */
    size_t bound_count;        /* up to LLMOBS_BOUNDS_MAX                                         */
    double least;              /* LLMOBS_HISTOGRAM_EXPONENTIAL: the range of common values, from  */
    double most;               /* which the resolution is chosen. Others widen it    (default 1e-6
                                  to 4096; for LLMOBS_NUMBER_INT 1 to 2^26)                       */
    uint32_t max_series;       /* label sets at a time (default llmobs_config.metric_max_series) */
    bool exemplars;            /* keep the trace of a recent value in each bucket                 */
    llmobs_gauge_fn callback;  /* LLMOBS_GAUGE_CALLBACK, which has no labels                      */
    void* callback_user;
} llmobs_metric_info;

/* A metric, by value; a zeroed one and one of a closed instance are inert. */
typedef struct llmobs_metric {
    uint32_t instance; /* private */
    uint32_t number;   /* private: its place + 1 */
} llmobs_metric;

/* [any] A zeroed info with its size set. */
LLMOBS_API llmobs_metric_info llmobs_metric_info_default(void);

/* =================================================================================================
 *  >>api:catalogue          the metrics that llmobs knows
 * ============================================================================================== */

/* ---- metrics: those that llmobs knows ------------------------------------------------------ */

/* The families of metrics that are defined for you: llmobs_config.metric_families. docs/metrics.md
   has all of them on one page, with their buckets and when to record what. */
#define LLMOBS_FAMILY_LLM 1u        /* llm_*: tokens, cost, phases, guardrails, sessions          */
#define LLMOBS_FAMILY_GENAI_1_41 2u /* gen_ai.* of OpenTelemetry's semantic conventions 1.41      */
#define LLMOBS_FAMILY_GENAI 4u      /* gen_ai.* of the newest conventions                         */
#define LLMOBS_FAMILY_VLLM 8u       /* vllm:*, for dashboards made for vLLM                       */
#define LLMOBS_FAMILY_LLAMACPP 16u  /* llamacpp:*, for those made for llama.cpp's server          */
#define LLMOBS_FAMILY_SELF 32u      /* otel.sdk.*, llmobs_*: recorded by the library, on itself   */
#define LLMOBS_FAMILY_ALL 63u

/* X(id, family, name, unit, instrument, number, buckets, labels, help): the name is as defined, and
   what Prometheus shows follows from it as llmobs_metric_info says. Durations and money are
   recorded in billionths, everything else in whole units. Buckets and labels are named sets. */
#define LLMOBS_METRICS(X)                                                                         \
    /* applications: what their owners ask for */                                                 \
    X(LLM_TOKENS, LLM, "llm_tokens_total", "{token}", COUNTER, INT, NONE, TOKENS_BY_USER,         \
      "Total tokens processed")                                                                   \
    X(LLM_COST, LLM, "llm_cost_usd_total", "USD", COUNTER, NANO, NONE, COST_BY_USER,              \
      "Total cost in USD")                                                                        \
    X(LLM_PHASE_DURATION, LLM, "llm_phase_duration_seconds", "s", HISTOGRAM, NANO, PHASE,         \
      PHASE, "Duration of each pipeline phase")                                                   \
    X(LLM_GUARDRAIL_TRIGGERS, LLM, "llm_guardrail_triggers_total", "{trigger}", COUNTER, INT,     \
      NONE, GUARDRAIL, "Guardrail trigger events")                                                \
    X(LLM_ACTIVE_SESSIONS, LLM, "llm_active_sessions", "{session}", UPDOWN, INT, NONE, FEATURE,   \
      "Currently active LLM sessions")                                                            \
    /* OpenTelemetry GenAI, of the conventions 1.41 only */                                       \
    X(GENAI_CLIENT_TOKEN_USAGE, GENAI_1_41, "gen_ai.client.token.usage", "{token}", HISTOGRAM,    \
      INT, TOKENS, GENAI_TOKEN, "Number of input and output tokens used")                         \
    X(GENAI_CLIENT_OPERATION_TIME_TO_FIRST_CHUNK, GENAI_1_41,                                     \
      "gen_ai.client.operation.time_to_first_chunk", "s", HISTOGRAM, NANO, OPERATION,             \
      GENAI_CALL, "Time to receive the first chunk of a streamed response")                       \
    X(GENAI_CLIENT_OPERATION_TIME_PER_OUTPUT_CHUNK, GENAI_1_41,                                   \
      "gen_ai.client.operation.time_per_output_chunk", "s", HISTOGRAM, NANO, OPERATION,           \
      GENAI_CALL, "Time per output chunk after the first one of a streamed response")             \
    /* OpenTelemetry GenAI, of both */                                                            \
    X(GENAI_CLIENT_OPERATION_DURATION, GENAI_BOTH, "gen_ai.client.operation.duration", "s",       \
      HISTOGRAM, NANO, OPERATION, GENAI_OPERATION,                                                \
      "Duration of a client operation; newest conventions: of those that are no inference")       \
    X(GENAI_SERVER_REQUEST_DURATION, GENAI_BOTH, "gen_ai.server.request.duration", "s",           \
      HISTOGRAM, NANO, OPERATION, GENAI_OPERATION,                                                \
      "Time to answer a request, up to the last byte or token")                                   \
    X(GENAI_SERVER_TIME_PER_OUTPUT_TOKEN, GENAI_BOTH, "gen_ai.server.time_per_output_token",      \
      "s", HISTOGRAM, NANO, OUTPUT_TOKEN, GENAI_CALL,                                             \
      "Time per output token after the first one, of successful responses")                       \
    X(GENAI_SERVER_TIME_TO_FIRST_TOKEN, GENAI_BOTH, "gen_ai.server.time_to_first_token", "s",     \
      HISTOGRAM, NANO, FIRST_TOKEN, GENAI_CALL,                                                   \
      "Time to the first token, queue and prefill included, of successful responses")             \
    /* OpenTelemetry GenAI, of the newest conventions only */                                     \
    X(GENAI_CLIENT_INFERENCE_DURATION, GENAI, "gen_ai.client.inference.duration", "s",            \
      HISTOGRAM, NANO, OPERATION, GENAI_OPERATION,                                                \
      "Duration of an inference, as its span has it")                                             \
    X(GENAI_CLIENT_INFERENCE_TIME_TO_FIRST_CHUNK, GENAI,                                          \
      "gen_ai.client.inference.time_to_first_chunk", "s", HISTOGRAM, NANO, OPERATION,             \
      GENAI_CALL, "Time to receive the first chunk of a streamed response")                       \
    X(GENAI_CLIENT_INFERENCE_TIME_PER_OUTPUT_CHUNK, GENAI,                                        \
      "gen_ai.client.inference.time_per_output_chunk", "s", HISTOGRAM, NANO, OPERATION,           \
      GENAI_CALL, "Time between two chunks of a streamed response, for each after the first")     \
    X(GENAI_CLIENT_INFERENCE_USAGE_INPUT_TOKENS, GENAI,                                           \
      "gen_ai.client.inference.usage.input_tokens", "{token}", COUNTER, INT, NONE, GENAI_USAGE,   \
      "Billable input tokens, cached ones included")                                              \
    X(GENAI_CLIENT_INFERENCE_USAGE_OUTPUT_TOKENS, GENAI,                                          \
      "gen_ai.client.inference.usage.output_tokens", "{token}", COUNTER, INT, NONE,               \
      GENAI_USAGE, "Billable output tokens, those of reasoning included")                         \
    X(GENAI_CLIENT_INFERENCE_USAGE_CACHE_READ_INPUT_TOKENS, GENAI,                                \
      "gen_ai.client.inference.usage.cache_read.input_tokens", "{token}", COUNTER, INT, NONE,     \
      GENAI_USAGE, "Input tokens read from the provider's cache: part of the input tokens")       \
    X(GENAI_CLIENT_INFERENCE_USAGE_CACHE_WRITE_INPUT_TOKENS, GENAI,                               \
      "gen_ai.client.inference.usage.cache_write.input_tokens", "{token}", COUNTER, INT, NONE,    \
      GENAI_USAGE, "Input tokens written to the provider's cache: part of the input tokens")      \
    X(GENAI_CLIENT_INFERENCE_USAGE_REASONING_OUTPUT_TOKENS, GENAI,                                \
      "gen_ai.client.inference.usage.reasoning.output_tokens", "{token}", COUNTER, INT, NONE,     \
      GENAI_USAGE, "Output tokens of reasoning: part of the output tokens")                       \
    X(GENAI_CLIENT_INFERENCE_OPERATION_INPUT_TOKENS, GENAI,                                       \
      "gen_ai.client.inference.operation.input_tokens", "{token}", HISTOGRAM, INT, TOKENS,        \
      GENAI_OPERATION, "Input tokens of one inference")                                           \
    X(GENAI_CLIENT_INFERENCE_OPERATION_OUTPUT_TOKENS, GENAI,                                      \
      "gen_ai.client.inference.operation.output_tokens", "{token}", HISTOGRAM, INT, TOKENS,       \
      GENAI_OPERATION, "Output tokens of one inference")                                          \
    X(GENAI_CLIENT_EMBEDDINGS_DURATION, GENAI, "gen_ai.client.embeddings.duration", "s",          \
      HISTOGRAM, NANO, OPERATION, GENAI_OPERATION, "Duration of an embeddings operation")         \
    X(GENAI_CLIENT_EMBEDDINGS_OPERATION_INPUT_TOKENS, GENAI,                                      \
      "gen_ai.client.embeddings.operation.input_tokens", "{token}", HISTOGRAM, INT, TOKENS,       \
      GENAI_OPERATION, "Input tokens of one embeddings operation")                                \
    X(GENAI_INVOKE_AGENT_DURATION, GENAI, "gen_ai.invoke_agent.duration", "s", HISTOGRAM, NANO,   \
      OPERATION, GENAI_AGENT, "Duration of an agent's invocation")                                \
    X(GENAI_INVOKE_AGENT_INFERENCE_CALLS, GENAI, "gen_ai.invoke_agent.inference_calls",           \
      "{inference_call}", HISTOGRAM, INT, CALLS, GENAI_AGENT_CALLS,                               \
      "Inference calls during one invocation of an agent")                                        \
    X(GENAI_INVOKE_AGENT_TOOL_CALLS, GENAI, "gen_ai.invoke_agent.tool_calls", "{tool_call}",      \
      HISTOGRAM, INT, CALLS, GENAI_AGENT_CALLS, "Tool calls during one invocation of an agent")   \
    X(GENAI_EXECUTE_TOOL_DURATION, GENAI, "gen_ai.execute_tool.duration", "s", HISTOGRAM, NANO,   \
      OPERATION, GENAI_TOOL, "Duration of a tool's execution")                                    \
    X(GENAI_INVOKE_WORKFLOW_DURATION, GENAI, "gen_ai.invoke_workflow.duration", "s", HISTOGRAM,   \
      NANO, OPERATION, GENAI_WORKFLOW, "Duration of a workflow's invocation")                     \
    /* inference engines, under vLLM's names */                                                   \
    X(VLLM_NUM_REQUESTS_RUNNING, VLLM, "vllm:num_requests_running", "{request}", UPDOWN, INT,     \
      NONE, ENGINE, "Number of requests in model execution batches.")                             \
    X(VLLM_NUM_REQUESTS_WAITING, VLLM, "vllm:num_requests_waiting", "{request}", UPDOWN, INT,     \
      NONE, ENGINE, "Number of requests waiting to be processed.")                                \
    X(VLLM_NUM_REQUESTS_WAITING_BY_REASON, VLLM, "vllm:num_requests_waiting_by_reason",           \
      "{request}", UPDOWN, INT, NONE, ENGINE_REASON,                                              \
      "Number of waiting requests by reason (capacity, deferred).")                               \
    X(VLLM_KV_CACHE_USAGE_PERC, VLLM, "vllm:kv_cache_usage_perc", "", GAUGE, DOUBLE, NONE,        \
      ENGINE, "KV-cache usage. 1 means 100 percent usage.")                                       \
    X(VLLM_ENGINE_SLEEP_STATE, VLLM, "vllm:engine_sleep_state", "", GAUGE, DOUBLE, NONE,          \
      ENGINE_SLEEP,                                                                               \
      "Engine sleep state: 1 where the engine is in the state of the label, else 0.")             \
    X(VLLM_PREFIX_CACHE_QUERIES, VLLM, "vllm:prefix_cache_queries", "{token}", COUNTER, INT,      \
      NONE, ENGINE, "Prefix cache queries, in terms of number of queried tokens.")                \
    X(VLLM_PREFIX_CACHE_HITS, VLLM, "vllm:prefix_cache_hits", "{token}", COUNTER, INT, NONE,      \
      ENGINE, "Prefix cache hits, in terms of number of cached tokens.")                          \
    X(VLLM_EXTERNAL_PREFIX_CACHE_QUERIES, VLLM, "vllm:external_prefix_cache_queries",             \
      "{token}", COUNTER, INT, NONE, ENGINE,                                                      \
      "External prefix cache queries, in terms of number of queried tokens.")                     \
    X(VLLM_EXTERNAL_PREFIX_CACHE_HITS, VLLM, "vllm:external_prefix_cache_hits", "{token}",        \
      COUNTER, INT, NONE, ENGINE,                                                                 \
      "External prefix cache hits, in terms of number of cached tokens.")                         \
    X(VLLM_MM_CACHE_QUERIES, VLLM, "vllm:mm_cache_queries", "{item}", COUNTER, INT, NONE,         \
      ENGINE, "Multi-modal cache queries, in terms of number of queried items.")                  \
    X(VLLM_MM_CACHE_HITS, VLLM, "vllm:mm_cache_hits", "{item}", COUNTER, INT, NONE, ENGINE,       \
      "Multi-modal cache hits, in terms of number of cached items.")                              \
    X(VLLM_NUM_PREEMPTIONS, VLLM, "vllm:num_preemptions", "{preemption}", COUNTER, INT, NONE,     \
      ENGINE, "Cumulative number of preemptions from the engine.")                                \
    X(VLLM_PROMPT_TOKENS, VLLM, "vllm:prompt_tokens", "{token}", COUNTER, INT, NONE, ENGINE,      \
      "Number of prefill tokens processed.")                                                      \
    X(VLLM_PROMPT_TOKENS_BY_SOURCE, VLLM, "vllm:prompt_tokens_by_source", "{token}", COUNTER,     \
      INT, NONE, ENGINE_SOURCE, "Number of prompt tokens by source.")                             \
    X(VLLM_PROMPT_TOKENS_CACHED, VLLM, "vllm:prompt_tokens_cached", "{token}", COUNTER, INT,      \
      NONE, ENGINE, "Number of cached prompt tokens, local and external.")                        \
    X(VLLM_PROMPT_TOKENS_RECOMPUTED, VLLM, "vllm:prompt_tokens_recomputed", "{token}", COUNTER,   \
      INT, NONE, ENGINE, "Number of cached tokens recomputed for the forward pass.")              \
    X(VLLM_GENERATION_TOKENS, VLLM, "vllm:generation_tokens", "{token}", COUNTER, INT, NONE,      \
      ENGINE, "Number of generation tokens processed.")                                           \
    X(VLLM_REQUEST_SUCCESS, VLLM, "vllm:request_success", "{request}", COUNTER, INT, NONE,        \
      ENGINE_FINISH, "Count of successfully processed requests.")                                 \
    X(VLLM_CORRUPTED_REQUESTS, VLLM, "vllm:corrupted_requests", "{request}", COUNTER, INT,        \
      NONE, ENGINE,                                                                               \
      "Corrupted requests, in terms of total number of requests with NaNs in logits.")            \
    X(VLLM_SPEC_DECODE_NUM_DRAFTS, VLLM, "vllm:spec_decode_num_drafts", "{draft}", COUNTER,       \
      INT, NONE, ENGINE, "Number of spec decoding drafts.")                                       \
    X(VLLM_SPEC_DECODE_NUM_DRAFT_TOKENS, VLLM, "vllm:spec_decode_num_draft_tokens", "{token}",    \
      COUNTER, INT, NONE, ENGINE, "Number of draft tokens.")                                      \
    X(VLLM_SPEC_DECODE_NUM_ACCEPTED_TOKENS, VLLM, "vllm:spec_decode_num_accepted_tokens",         \
      "{token}", COUNTER, INT, NONE, ENGINE, "Number of accepted tokens.")                        \
    X(VLLM_SPEC_DECODE_NUM_ACCEPTED_TOKENS_PER_POS, VLLM,                                         \
      "vllm:spec_decode_num_accepted_tokens_per_pos", "{token}", COUNTER, INT, NONE,              \
      ENGINE_POSITION, "Accepted tokens per draft position.")                                     \
    X(VLLM_TIME_TO_FIRST_TOKEN, VLLM, "vllm:time_to_first_token_seconds", "s", HISTOGRAM, NANO,   \
      VLLM_FIRST_TOKEN, ENGINE, "Histogram of time to first token in seconds.")                   \
    X(VLLM_INTER_TOKEN_LATENCY, VLLM, "vllm:inter_token_latency_seconds", "s", HISTOGRAM, NANO,   \
      VLLM_TOKEN, ENGINE, "Histogram of inter-token latency in seconds.")                         \
    X(VLLM_REQUEST_TIME_PER_OUTPUT_TOKEN, VLLM, "vllm:request_time_per_output_token_seconds",     \
      "s", HISTOGRAM, NANO, VLLM_TOKEN, ENGINE,                                                   \
      "Histogram of time per output token of a request in seconds.")                              \
    X(VLLM_E2E_REQUEST_LATENCY, VLLM, "vllm:e2e_request_latency_seconds", "s", HISTOGRAM, NANO,   \
      VLLM_REQUEST, ENGINE, "Histogram of e2e request latency in seconds.")                       \
    X(VLLM_REQUEST_QUEUE_TIME, VLLM, "vllm:request_queue_time_seconds", "s", HISTOGRAM, NANO,     \
      VLLM_REQUEST, ENGINE, "Histogram of time spent in WAITING phase for request.")              \
    X(VLLM_REQUEST_INFERENCE_TIME, VLLM, "vllm:request_inference_time_seconds", "s", HISTOGRAM,   \
      NANO, VLLM_REQUEST, ENGINE, "Histogram of time spent in RUNNING phase for request.")        \
    X(VLLM_REQUEST_PREFILL_TIME, VLLM, "vllm:request_prefill_time_seconds", "s", HISTOGRAM,       \
      NANO, VLLM_REQUEST, ENGINE, "Histogram of time spent in PREFILL phase for request.")        \
    X(VLLM_REQUEST_DECODE_TIME, VLLM, "vllm:request_decode_time_seconds", "s", HISTOGRAM, NANO,   \
      VLLM_REQUEST, ENGINE, "Histogram of time spent in DECODE phase for request.")               \
    X(VLLM_REQUEST_PROMPT_TOKENS, VLLM, "vllm:request_prompt_tokens", "{token}", HISTOGRAM,       \
      INT, VLLM_LENGTH, ENGINE, "Number of prefill tokens processed.")                            \
    X(VLLM_REQUEST_GENERATION_TOKENS, VLLM, "vllm:request_generation_tokens", "{token}",          \
      HISTOGRAM, INT, VLLM_LENGTH, ENGINE, "Number of generation tokens processed.")              \
    X(VLLM_REQUEST_MAX_NUM_GENERATION_TOKENS, VLLM, "vllm:request_max_num_generation_tokens",     \
      "{token}", HISTOGRAM, INT, VLLM_LENGTH, ENGINE,                                             \
      "Histogram of maximum number of requested generation tokens.")                              \
    X(VLLM_REQUEST_PARAMS_MAX_TOKENS, VLLM, "vllm:request_params_max_tokens", "{token}",          \
      HISTOGRAM, INT, VLLM_LENGTH, ENGINE, "Histogram of the max_tokens request parameter.")      \
    X(VLLM_REQUEST_PREFILL_KV_COMPUTED_TOKENS, VLLM, "vllm:request_prefill_kv_computed_tokens",   \
      "{token}", HISTOGRAM, INT, VLLM_LENGTH, ENGINE,                                             \
      "Histogram of new KV tokens computed during prefill (excluding cached tokens).")            \
    X(VLLM_ITERATION_TOKENS, VLLM, "vllm:iteration_tokens_total", "{token}", HISTOGRAM, INT,      \
      VLLM_ITERATION, ENGINE, "Histogram of number of tokens per engine_step.")                   \
    X(VLLM_REQUEST_PARAMS_N, VLLM, "vllm:request_params_n", "{sequence}", HISTOGRAM, INT,         \
      VLLM_N, ENGINE, "Histogram of the n request parameter.")                                    \
    X(VLLM_KV_BLOCK_LIFETIME, VLLM, "vllm:kv_block_lifetime_seconds", "s", HISTOGRAM, NANO,       \
      VLLM_BLOCK, ENGINE,                                                                         \
      "Histogram of KV cache block lifetime from allocation to eviction, sampled.")               \
    X(VLLM_KV_BLOCK_IDLE_BEFORE_EVICT, VLLM, "vllm:kv_block_idle_before_evict_seconds", "s",      \
      HISTOGRAM, NANO, VLLM_BLOCK, ENGINE,                                                        \
      "Histogram of idle time before KV cache block eviction, sampled.")                          \
    X(VLLM_KV_BLOCK_REUSE_GAP, VLLM, "vllm:kv_block_reuse_gap_seconds", "s", HISTOGRAM, NANO,     \
      VLLM_BLOCK, ENGINE,                                                                         \
      "Histogram of time gaps between consecutive KV cache block accesses, sampled.")             \
    /* inference engines, under llama.cpp's names */                                              \
    X(LLAMACPP_PROMPT_TOKENS, LLAMACPP, "llamacpp:prompt_tokens_total", "{token}", COUNTER,       \
      INT, NONE, NONE, "Number of prompt tokens processed, cached ones not included.")            \
    X(LLAMACPP_PROMPT_TOKENS_CACHED, LLAMACPP, "llamacpp:prompt_tokens_cached_total",             \
      "{token}", COUNTER, INT, NONE, NONE, "Number of prompt tokens taken from the cache.")       \
    X(LLAMACPP_PROMPT_TIME, LLAMACPP, "llamacpp:prompt_seconds_total", "s", COUNTER, NANO,        \
      NONE, NONE, "Prompt process time")                                                          \
    X(LLAMACPP_TOKENS_PREDICTED, LLAMACPP, "llamacpp:tokens_predicted_total", "{token}",          \
      COUNTER, INT, NONE, NONE, "Number of generation tokens processed.")                         \
    X(LLAMACPP_TOKENS_PREDICTED_TIME, LLAMACPP, "llamacpp:tokens_predicted_seconds_total", "s",   \
      COUNTER, NANO, NONE, NONE, "Predict process time")                                          \
    X(LLAMACPP_N_DECODE, LLAMACPP, "llamacpp:n_decode_total", "{call}", COUNTER, INT, NONE,       \
      NONE, "Total number of llama_decode() calls")                                               \
    X(LLAMACPP_N_TOKENS_MAX, LLAMACPP, "llamacpp:n_tokens_max", "{token}", GAUGE, DOUBLE, NONE,   \
      NONE, "Largest observed n_tokens.")                                                         \
    X(LLAMACPP_SPEC_DECODE_NUM_DRAFTS, LLAMACPP, "llamacpp:spec_decode_num_drafts_total",         \
      "{draft}", COUNTER, INT, NONE, NONE, "Number of speculative decoding drafts.")              \
    X(LLAMACPP_SPEC_DECODE_NUM_DRAFT_TOKENS, LLAMACPP,                                            \
      "llamacpp:spec_decode_num_draft_tokens_total", "{token}", COUNTER, INT, NONE, NONE,         \
      "Number of draft tokens.")                                                                  \
    X(LLAMACPP_SPEC_DECODE_NUM_ACCEPTED_TOKENS, LLAMACPP,                                         \
      "llamacpp:spec_decode_num_accepted_tokens_total", "{token}", COUNTER, INT, NONE, NONE,      \
      "Number of accepted draft tokens.")                                                         \
    X(LLAMACPP_SPEC_DECODE_NUM_ACCEPTED_TOKENS_PER_POS, LLAMACPP,                                 \
      "llamacpp:spec_decode_num_accepted_tokens_per_pos_total", "{token}", COUNTER, INT, NONE,    \
      POSITION, "Accepted draft tokens by their position in the draft.")                          \
    X(LLAMACPP_PROMPT_TOKENS_RATE, LLAMACPP, "llamacpp:prompt_tokens_seconds", "{token}/s",       \
      GAUGE, DOUBLE, NONE, NONE, "Average prompt throughput in tokens/s.")                        \
    X(LLAMACPP_PREDICTED_TOKENS_RATE, LLAMACPP, "llamacpp:predicted_tokens_seconds",              \
      "{token}/s", GAUGE, DOUBLE, NONE, NONE, "Average generation throughput in tokens/s.")       \
    X(LLAMACPP_REQUESTS_PROCESSING, LLAMACPP, "llamacpp:requests_processing", "{request}",        \
      UPDOWN, INT, NONE, NONE, "Number of requests processing.")                                  \
    X(LLAMACPP_REQUESTS_DEFERRED, LLAMACPP, "llamacpp:requests_deferred", "{request}", UPDOWN,    \
      INT, NONE, NONE, "Number of requests deferred.")                                            \
    X(LLAMACPP_N_BUSY_SLOTS_PER_DECODE, LLAMACPP, "llamacpp:n_busy_slots_per_decode", "{slot}",   \
      GAUGE, DOUBLE, NONE, NONE, "Average number of busy slots per llama_decode() call")

typedef enum llmobs_known {
#define LLMOBS_I_KNOWN(id, family, name, unit, instrument, number, bounds, labels, help) \
    LLMOBS_METRIC_##id,
    LLMOBS_METRICS(LLMOBS_I_KNOWN)
#undef LLMOBS_I_KNOWN
    LLMOBS_KNOWN_COUNT
} llmobs_known;

/* =================================================================================================
 *  >>api:attribute          attributes, and the room a span has for them
 * ============================================================================================== */

/* ---- attributes ---------------------------------------------------------------------------- */

typedef enum llmobs_type {
    LLMOBS_TYPE_STRING = 0,
    LLMOBS_TYPE_INT = 1,
    LLMOBS_TYPE_DOUBLE = 2,
    LLMOBS_TYPE_BOOL = 3,
    LLMOBS_TYPE_STRINGS = 4 /* an array of strings */
} llmobs_type;

/* One attribute on its way in. Keys are string literals, or live unchanged until llmobs_close: they
   are known by their address. Values are copied. */
typedef struct llmobs_attribute {
    const char* key;
    llmobs_type type;
    uint32_t count; /* LLMOBS_TYPE_STRINGS: how many */
    union {
        llmobs_string string;
        int64_t integer;
        double real;
        bool boolean;
        const char* const* strings; /* NUL-terminated each */
    } value;
} llmobs_attribute;

/* [any] Attributes for llmobs_span_set and llmobs_span_event_with. A NULL value is the empty
   string. */
LLMOBS_API llmobs_attribute llmobs_attribute_string(const char* key, const char* value);
LLMOBS_API llmobs_attribute llmobs_attribute_string_n(const char* key, const char* value,
                                                      size_t size);
LLMOBS_API llmobs_attribute llmobs_attribute_int(const char* key, int64_t value);
LLMOBS_API llmobs_attribute llmobs_attribute_double(const char* key, double value);
LLMOBS_API llmobs_attribute llmobs_attribute_bool(const char* key, bool value);
LLMOBS_API llmobs_attribute llmobs_attribute_strings(const char* key, const char* const* values,
                                                     size_t count);

/* =================================================================================================
 *  >>api:span               spans: begin, set, end
 * ============================================================================================== */

/* ---- spans --------------------------------------------------------------------------------- */

typedef enum llmobs_kind { /* OpenTelemetry's span kinds and numbers */
    LLMOBS_KIND_DEFAULT = 0,  /* the same as internal */
    LLMOBS_KIND_INTERNAL = 1,
    LLMOBS_KIND_SERVER = 2,
    LLMOBS_KIND_CLIENT = 3,
    LLMOBS_KIND_PRODUCER = 4,
    LLMOBS_KIND_CONSUMER = 5
} llmobs_kind;

typedef enum llmobs_status { /* OpenTelemetry's status codes and numbers */
    LLMOBS_STATUS_UNSET = 0,
    LLMOBS_STATUS_OK = 1,
    LLMOBS_STATUS_ERROR = 2
} llmobs_status;

/* A span, by value. A zeroed one, one that has ended and one whose instance is closed are inert:
   every call on them does nothing, safely. It may be ended on another thread than the one that
   began it. */
typedef struct llmobs_span {
    uint32_t instance; /* private, as all its fields */
    uint32_t slot;
    uint64_t generation;
} llmobs_span;

/* All that can be said when a span begins. */
typedef struct llmobs_span_info {
    size_t size;         /* sizeof(llmobs_span_info); 0 means this version's                      */
    const char* name;    /* a string literal, or unchanged until llmobs_close                     */
    llmobs_kind kind;    /* (default internal)                                                    */
    llmobs_span parent;  /* a local parent; wins over the remote ones                             */
    const llmobs_trace_context* remote; /* a parent in another process, or a span that has ended  */
    const char* traceparent; /* or that parent as the header's text, NUL-terminated: a malformed
                                one begins a new trace and is counted                             */
    const char* tracestate;  /* with it                                                           */
    const llmobs_attribute* attributes;
    size_t attribute_count;
} llmobs_span_info;

/* [any] A zeroed info with its size set. */
LLMOBS_API llmobs_span_info llmobs_span_info_default(void);

/* [any] Begins a span without parent: a new trace, sampled by llmobs_config.sample_ratio. 20 ns
   with its end. Inert when `obs` is NULL or closed, or when the span must be dropped (counted). */
LLMOBS_API llmobs_span llmobs_span_root(llmobs* obs, const char* name);

/* [any] Begins a child. A parent that has ended will do while its slot is not yet used anew; an
   inert or lost parent gives an inert span (the latter counted). */
LLMOBS_API llmobs_span llmobs_span_child(llmobs_span parent, const char* name);

/* [any] Begins a span from an info: with kind, remote parent, first attributes. */
LLMOBS_API llmobs_span llmobs_span_begin(llmobs* obs, const llmobs_span_info* info);

/* [owner] Ends the span and begins its next sibling at the same instant: one clock read for
   both. */
LLMOBS_API llmobs_span llmobs_span_next(llmobs_span span, const char* name);

/* [any] Ends the span. Later calls with this handle are inert; of two racing ends one wins. */
LLMOBS_API void llmobs_span_end(llmobs_span span);

/* [owner] Sets an attribute: the last value of a key wins. Strings are cut to
   llmobs_config.value_bytes on a UTF-8 border; what does not fit the span is counted as dropped. */
LLMOBS_API void llmobs_span_set_string(llmobs_span span, const char* key, const char* value);
LLMOBS_API void llmobs_span_set_string_n(llmobs_span span, const char* key, const char* value,
                                         size_t size);
LLMOBS_API void llmobs_span_set_int(llmobs_span span, const char* key, int64_t value);
LLMOBS_API void llmobs_span_set_double(llmobs_span span, const char* key, double value);
LLMOBS_API void llmobs_span_set_bool(llmobs_span span, const char* key, bool value);
LLMOBS_API void llmobs_span_set_strings(llmobs_span span, const char* key,
                                        const char* const* values, size_t count);

/* [owner] Sets several attributes at once: cheaper than one call each. */
LLMOBS_API void llmobs_span_set(llmobs_span span, const llmobs_attribute* attributes, size_t count);

/* [any] For a key or name made at run time: interned by its bytes (up to a NUL, 255 at most),
   returned as the text to use with every other call. NULL when the instance is closed or the table
   is full. About 50 ns. */
LLMOBS_API const char* llmobs_name_n(llmobs* obs, const char* text, size_t size);

/* =================================================================================================
 *  >>api:event              events, links, status, context
 * ============================================================================================== */

/* ---- what else a span can tell ------------------------------------------------------------- */

/* [owner] Renames the span, changes its kind. */
LLMOBS_API void llmobs_span_set_name(llmobs_span span, const char* name);
LLMOBS_API void llmobs_span_set_kind(llmobs_span span, llmobs_kind kind);

/* [owner] Sets the status; the message (may be NULL) is kept with LLMOBS_STATUS_ERROR only. OK is
   final, as OpenTelemetry has it. */
LLMOBS_API void llmobs_span_set_status(llmobs_span span, llmobs_status status, const char* message);

/* [owner] Adds an event, stamped now. */
LLMOBS_API void llmobs_span_event(llmobs_span span, const char* name);
LLMOBS_API void llmobs_span_event_with(llmobs_span span, const char* name,
                                       const llmobs_attribute* attributes, size_t count);

/* [owner] Links to a span elsewhere: a decode batch links to each request that it serves. */
LLMOBS_API void llmobs_span_link(llmobs_span span, const llmobs_trace_context* target);
LLMOBS_API void llmobs_span_link_to(llmobs_span span, llmobs_span target);

/* [any] The span's place in its trace, to be sent to another process or kept. Also for a span
   that is not sampled. ERROR_CLOSED, and an all-zero context, for an inert span. */
LLMOBS_API llmobs_result llmobs_span_context(llmobs_span span, llmobs_trace_context* context);

/* [any] Whether what is set on this span will be exported: false when inert, ended or not
   sampled. */
LLMOBS_API bool llmobs_span_is_recording(llmobs_span span);

/* [any] Prepares the calling thread, so that its first span costs no more than the next (and may be
   begun in a signal handler). OK, or why this thread can't record. */
LLMOBS_API llmobs_result llmobs_thread_attach(llmobs* obs);

/* =================================================================================================
 *  >>api:metric             recording: counters, gauges
 * ============================================================================================== */

/* ---- metrics: finding a series, and recording ----------------------------------------------- */

/* One series of a metric, by value: keep it, and record through it from any thread. Zeroed ones and
   those of a closed instance are inert; in a fork's child they go on, from zero. */
typedef struct llmobs_counter {
    uint32_t instance; /* private, as all fields of these four */
    uint32_t metric;
    uint32_t series;
    uint32_t cell;
} llmobs_counter;

typedef struct llmobs_updown {
    uint32_t instance;
    uint32_t metric;
    uint32_t series;
    uint32_t cell;
} llmobs_updown;

typedef struct llmobs_gauge {
    uint32_t instance;
    uint32_t metric;
    uint32_t series;
    uint32_t cell;
} llmobs_gauge;

typedef struct llmobs_histogram {
    uint32_t instance;
    uint32_t metric;
    uint32_t series;
    uint32_t cell;
} llmobs_histogram;

/* [any, locks] Defines a metric. The same definition again gives the same metric; another one of
   the same name (or of one that looks the same to Prometheus) is ERROR_ARGUMENT, as are malformed
   names and bounds. ERROR_LIMIT: raise llmobs_config.max_metrics or metric_bytes. `result` may be
   NULL. */
LLMOBS_API llmobs_metric llmobs_metric_define(llmobs* obs, const llmobs_metric_info* info,
                                              llmobs_result* result);

/* [any] The metric of this name, inert if there is none. */
LLMOBS_API llmobs_metric llmobs_metric_find(llmobs* obs, const char* name);

/* [any] One of LLMOBS_METRICS, to get series of: labels in the order of docs/metrics.md, user_id
   only with llmobs_config.metric_user_ids. Inert while its family is switched off. */
LLMOBS_API llmobs_metric llmobs_metric_of(llmobs* obs, llmobs_known known);

/* [setup] Admits only these values of a label; what is recorded with others counts as "other". For
   labels that clients choose. Before the first series is made; ERROR_BUSY after. ERROR_ARGUMENT:
   there is no such label. ERROR_LIMIT: no memory for the list (raise llmobs_config.max_metrics). */
LLMOBS_API llmobs_result llmobs_metric_allow(llmobs_metric metric, const char* label,
                                             const char* const* values, size_t count);

/* [any, locks] The series with these label values, in the order of the definition; made when it is
   new. NULL stands for "". About 40 ns, and no lock, once it exists. Values are cut to
   llmobs_config.label_bytes, and repaired where they are no UTF-8. When there are too many series,
   the answer is the metric's overflow series (`otel_metric_overflow="true"`): totals stay exact,
   and llmobs_metric_overflows_total{metric="..."} counts it. A metric of another instrument, or a
   wrong number of values, gives an inert handle and is counted as misused. In a signal handler that
   interrupted a call of ours, a new label set goes to the overflow series. */
LLMOBS_API llmobs_counter llmobs_counter_get(llmobs_metric metric, const char* const* values,
                                             size_t count);
LLMOBS_API llmobs_updown llmobs_updown_get(llmobs_metric metric, const char* const* values,
                                           size_t count);
LLMOBS_API llmobs_gauge llmobs_gauge_get(llmobs_metric metric, const char* const* values,
                                         size_t count);
LLMOBS_API llmobs_histogram llmobs_histogram_get(llmobs_metric metric, const char* const* values,
                                                 size_t count);

/* [any, locks] The same by names, labels in any order; one that is not given is "". */
LLMOBS_API llmobs_counter llmobs_counter_find(llmobs* obs, const char* name,
                                              const llmobs_label* labels, size_t count);
LLMOBS_API llmobs_updown llmobs_updown_find(llmobs* obs, const char* name,
                                            const llmobs_label* labels, size_t count);
LLMOBS_API llmobs_gauge llmobs_gauge_find(llmobs* obs, const char* name,
                                          const llmobs_label* labels, size_t count);
LLMOBS_API llmobs_histogram llmobs_histogram_find(llmobs* obs, const char* name,
                                                  const llmobs_label* labels, size_t count);

/* [any, locks] Takes a series out of what is exported, so that others have room under max_series.
   What is recorded through old handles is lost; found again, the series begins at zero. False when
   there is no such series. Its memory is not used anew. */
LLMOBS_API bool llmobs_series_remove(llmobs_metric metric, const char* const* values,
                                     size_t count);

/* [any] Adds to a counter: whole units, or billionths of a LLMOBS_NUMBER_NANO metric. About 2 ns;
   also in a signal handler. Amounts above INT64_MAX are negative ones in disguise: they are not
   added, and counted as invalid. At INT64_MAX the sum stays, and is counted as saturated. */
LLMOBS_API void llmobs_counter_add(llmobs_counter counter, uint64_t amount);

/* [any] Adds a positive or negative difference. */
LLMOBS_API void llmobs_updown_add(llmobs_updown updown, int64_t amount);

/* [any] Sets a gauge. NaN and infinities are values here. */
LLMOBS_API void llmobs_gauge_set(llmobs_gauge gauge, double value);

/* [any] The same, for an amount that belongs to a span: its trace becomes the counter's exemplar,
   at most once a second, where the metric keeps exemplars and the span is sampled. */
LLMOBS_API void llmobs_counter_add_in(llmobs_counter counter, uint64_t amount, llmobs_span span);

/* =================================================================================================
 *  >>api:histogram          recording: histograms
 * ============================================================================================== */

/* ---- metrics: histograms -------------------------------------------------------------------- */

/* [any] Records a value: seconds, USD, tokens. Of a LLMOBS_NUMBER_NANO metric it is rounded to
   billionths, of a LLMOBS_NUMBER_INT one to a whole number. Negative values, NaN and infinities are
   not recorded, and counted as invalid. About 4 ns. */
LLMOBS_API void llmobs_histogram_record(llmobs_histogram histogram, double value);

/* [any] Records whole units, or the nanoseconds (billionths) of a LLMOBS_NUMBER_NANO metric: faster
   than a double. Values above INT64_MAX are invalid. */
LLMOBS_API void llmobs_histogram_record_int(llmobs_histogram histogram, uint64_t value);

/* [any] The same for a value that belongs to a span: its trace becomes the bucket's exemplar, at
   most once a second, where the metric keeps exemplars and the span is sampled. */
LLMOBS_API void llmobs_histogram_record_in(llmobs_histogram histogram, double value,
                                           llmobs_span span);
LLMOBS_API void llmobs_histogram_record_int_in(llmobs_histogram histogram, uint64_t value,
                                               llmobs_span span);

/* =================================================================================================
 *  >>api:reading            reading metrics back, quantiles
 * ============================================================================================== */

/* ---- metrics: reading them back ------------------------------------------------------------- */

/* A quantile and what is known of it: the value of that rank lies within [low, high]. Of an
   exponential histogram, `value` is off by at most `relative_error` of itself. */
typedef struct llmobs_quantile {
    double value; /* NaN while nothing is recorded */
    double low;
    double high;           /* of an explicit histogram's last bucket, the largest value recorded */
    double relative_error; /* (high - low) / (high + low) of the bucket                          */
    uint64_t count;        /* values that it is drawn from                                       */
} llmobs_quantile;

/* All that a histogram's series knows. */
typedef struct llmobs_histogram_stats {
    size_t size; /* sizeof(llmobs_histogram_stats); 0 means this version's */
    uint64_t count;
    double sum; /* exact in the export where the number is whole; here the nearest double */
    double min; /* NaN while nothing is recorded */
    double max;
    int32_t scale; /* exponential: 2^scale buckets in each power of two */
} llmobs_histogram_stats;

/* [any] What has been recorded so far by all threads; 0 for inert handles. Waits for nobody. */
LLMOBS_API uint64_t llmobs_counter_read(llmobs_counter counter);
LLMOBS_API int64_t llmobs_updown_read(llmobs_updown updown);
LLMOBS_API double llmobs_gauge_read(llmobs_gauge gauge);
LLMOBS_API llmobs_result llmobs_histogram_read(llmobs_histogram histogram,
                                               llmobs_histogram_stats* stats);

/* [any] The quantile `q`, 0 to 1: the value of rank ceil(q * count). About a microsecond. In a
   bucket of an exponential histogram with the bounds (a, b] it is the midpoint 2ab / (a + b), whose
   relative error is at most (b - a) / (b + a); in an explicit one it is interpolated linearly. Both
   stay within the least and largest value recorded. */
LLMOBS_API llmobs_quantile llmobs_histogram_quantile(llmobs_histogram histogram, double q);

/* =================================================================================================
 *  >>api:batch              typed views of what was recorded
 * ============================================================================================== */

/* ---- batches: what an exporter receives ---------------------------------------------------- */

/* One attribute on its way out. */
typedef struct llmobs_attribute_view {
    llmobs_string key;
    llmobs_type type;
    uint32_t count; /* LLMOBS_TYPE_STRINGS: how many */
    union {
        llmobs_string string;
        int64_t integer;
        double real;
        bool boolean;
        const llmobs_string* strings;
    } value;
} llmobs_attribute_view;

typedef struct llmobs_event_view {
    llmobs_string name;
    uint64_t unix_ns;
    const llmobs_attribute_view* attributes;
    uint32_t attribute_count;
    uint32_t dropped_attribute_count;
} llmobs_event_view;

typedef struct llmobs_link_view {
    uint8_t trace_id[16];
    uint8_t span_id[8];
    uint32_t flags; /* as in OTLP: W3C flags, and LLMOBS_FLAG_* */
    llmobs_string trace_state;
    const llmobs_attribute_view* attributes;
    uint32_t attribute_count;
    uint32_t dropped_attribute_count;
} llmobs_link_view;

#define LLMOBS_FLAG_HAS_IS_REMOTE 0x100u /* OTLP: the next bit is meaningful     */
#define LLMOBS_FLAG_IS_REMOTE 0x200u     /* OTLP: the parent is in another process */

typedef struct llmobs_span_view {
    uint8_t trace_id[16];
    uint8_t span_id[8];
    uint8_t parent_span_id[8]; /* all zero: a root */
    llmobs_string name;
    llmobs_string trace_state; /* W3C tracestate, with the sampling threshold `ot=th:` */
    llmobs_string status_message;
    uint64_t start_unix_ns;
    uint64_t end_unix_ns; /* never before the start */
    uint32_t flags;       /* as in OTLP: W3C flags, and LLMOBS_FLAG_* */
    uint32_t thread;      /* number of the recording thread that ended it: 0, 1, 2, ... */
    llmobs_kind kind;
    llmobs_status status;
    const llmobs_attribute_view* attributes;
    const llmobs_event_view* events;
    const llmobs_link_view* links;
    uint32_t attribute_count;
    uint32_t event_count;
    uint32_t link_count;
    uint32_t dropped_attribute_count;
    uint32_t dropped_event_count;
    uint32_t dropped_link_count;
} llmobs_span_view;

/* ---- metrics as typed views ------------------------------------------------------------------ */

/* The trace of one recorded value. */
typedef struct llmobs_exemplar_view {
    uint8_t trace_id[16];
    uint8_t span_id[8];
    double value;
    uint64_t unix_ns;
    uint32_t bucket; /* of the histogram; 0 for counters */
} llmobs_exemplar_view;

/* A value in the number that its metric has. */
typedef union llmobs_value {
    int64_t integer; /* LLMOBS_NUMBER_INT; LLMOBS_NUMBER_NANO: billionths */
    double real;     /* LLMOBS_NUMBER_DOUBLE */
} llmobs_value;

/* One series at one instant. Counts are of values since `start_unix_ns`. */
typedef struct llmobs_point_view {
    const llmobs_attribute_view* attributes; /* its labels, all strings but the overflow's bool */
    uint32_t attribute_count;
    llmobs_string labels; /* the same as Prometheus text, escaped: model="gpt",direction="input" */
    uint64_t start_unix_ns;
    uint64_t time_unix_ns;
    llmobs_value value; /* counters, gauges: the value; histograms: the sum */
    llmobs_value min;   /* histograms, where count is not 0 */
    llmobs_value max;
    uint64_t count;                /* histograms: the sum of zero_count and all bucket counts */
    const uint64_t* bucket_counts; /* not cumulative; explicit: one more than bounds            */
    uint32_t bucket_count;
    int32_t scale; /* exponential: bucket i is (b^(offset+i), b^(offset+i+1)], b = 2^(2^-scale) */
    int32_t offset;
    uint64_t zero_count;
    const llmobs_exemplar_view* exemplars; /* by ascending bucket */
    uint32_t exemplar_count;
} llmobs_point_view;

/* A metric with some or all of its series. */
typedef struct llmobs_metric_view {
    llmobs_string name; /* as defined */
    llmobs_string help;
    llmobs_string unit;
    llmobs_string family; /* Prometheus' name, a counter's without "_total" */
    llmobs_instrument instrument; /* LLMOBS_GAUGE_CALLBACK is a LLMOBS_GAUGE here */
    llmobs_number number;
    const double* bounds;
    uint32_t bound_count;
    double least; /* exponential: the range that was declared */
    double most;
    const llmobs_point_view* points;
    size_t point_count;
} llmobs_metric_view;

/* ---- the batch ----------------------------------------------------------------------------- */

/* What all spans and metrics of an instance share: who made them. */
typedef struct llmobs_resource_view {
    const llmobs_attribute_view* attributes; /* service.name, telemetry.sdk.*, process.pid, ... */
    uint32_t attribute_count;
} llmobs_resource_view;

/* Names one batch for llmobs_export_done. */
typedef struct llmobs_export_token {
    uint32_t instance; /* private, as all its fields */
    uint32_t place;
    uint64_t serial;
} llmobs_export_token;

/* What the exporter's callback gets. It and all it points to live until the callback returns or, if
   that returned LLMOBS_EXPORT_PENDING, until llmobs_export_done; then the memory is used anew. */
typedef struct llmobs_batch {
    size_t size;     /* sizeof(llmobs_batch) of the implementation: newer ones have more fields */
    uint64_t id;     /* the same at every attempt; unique among this process's batches           */
    uint32_t attempt; /* 1, 2, ...                                                               */
    llmobs_export_token token;
    const llmobs_resource_view* resource;
    const llmobs_span_view* spans;
    size_t span_count;
    uint64_t lost_before; /* spans this exporter lost since its last batch: a gap, told in band */
    const llmobs_metric_view* metrics; /* of llmobs_metrics_collect; exporters get spans alone */
    size_t metric_count;
} llmobs_batch;

/* =================================================================================================
 *  >>api:otlp               OTLP/JSON
 * ============================================================================================== */

#ifndef LLMOBS_NO_OTLP

/* ---- OTLP ---------------------------------------------------------------------------------- */

/* [any] Writes a batch as OTLP/JSON: one line (ending in '\n') that is a TracesData message, the
   OpenTelemetry file format. Returns false as soon as `write` does. Pure: no state, no
   allocation. */
LLMOBS_API bool llmobs_encode_otlp_json(const llmobs_batch* batch, llmobs_write_fn write,
                                        void* user);

#endif /* LLMOBS_NO_OTLP */

/* =================================================================================================
 *  >>api:otlp_metric        OTLP/JSON of metrics
 * ============================================================================================== */

#ifndef LLMOBS_NO_OTLP

/* ---- OTLP of metrics ----------------------------------------------------------------------- */

/* [any] Writes a batch's metrics as OTLP/JSON: one line (ending in '\n') that is a MetricsData
   message. Sums and histograms are cumulative. What is counted in whole units or billionths keeps
   all its digits, as a decimal. Returns false as soon as `write` does. Pure: no state, no
   allocation. */
LLMOBS_API bool llmobs_encode_otlp_metrics_json(const llmobs_batch* batch, llmobs_write_fn write,
                                                void* user);

#endif /* LLMOBS_NO_OTLP */

/* =================================================================================================
 *  >>api:chrome             Chrome trace
 * ============================================================================================== */

#ifndef LLMOBS_NO_CHROME

/* ---- Chrome trace -------------------------------------------------------------------------- */

/* [any] Writes a batch as Chrome trace events, each on a line that ends in ",\n": a pair of
   nestable async events a span, grouped by trace; before them the process's name. Returns false
   as soon as `write` does. Pure. `ts` is Unix time in microseconds modulo 4,000,000 s, since
   viewers read it as a double, which would round today's to a quarter of a microsecond;
   `args.start_unix_ns` is whole. Siblings that overlap in time are drawn into each other by
   Perfetto: async events of one trace are a stack there. */
LLMOBS_API bool llmobs_encode_chrome(const llmobs_batch* batch, llmobs_write_fn write, void* user);

#endif /* LLMOBS_NO_CHROME */

/* =================================================================================================
 *  >>api:exposition         which text format a scraper asks for
 * ============================================================================================== */

/* ---- Prometheus text ---------------------------------------------------------------------- */

typedef enum llmobs_exposition {
    LLMOBS_PROMETHEUS_TEXT = 0, /* text/plain; version=0.0.4; charset=utf-8                     */
    LLMOBS_OPENMETRICS = 1      /* application/openmetrics-text; version=1.0.0; charset=utf-8    */
} llmobs_exposition;

/* [any] The format that a request's Accept header asks for (quality values count); Prometheus text
   when it is NULL, malformed or names neither. */
LLMOBS_API llmobs_exposition llmobs_exposition_for(const char* accept);

/* [any] The Content-Type to answer with. */
LLMOBS_API const char* llmobs_exposition_content_type(llmobs_exposition exposition);

/* =================================================================================================
 *  >>api:encode             encoders by format
 * ============================================================================================== */

/* ---- encoders by format -------------------------------------------------------------------- */

typedef enum llmobs_format {
    LLMOBS_FORMAT_OTLP_JSON = 1, /* JSON lines, one message a line (.jsonl)                    */
    LLMOBS_FORMAT_CHROME = 2     /* Chrome trace events (.json), opens in Perfetto             */
} llmobs_format;

/* What a Chrome trace file begins with; the events of any number of batches follow. The closing
   ']' may be missing (chrome://tracing and Perfetto allow it), so a file can be appended to for
   ever. */
#define LLMOBS_CHROME_BEGIN "[\n"

/* [any] Writes a batch in a format. In OTLP, spans and metrics have a line each, spans first. A
   Chrome trace has no metrics: they are left out beside spans, and alone are ERROR_FORMAT, as is a
   format that this build does not have. ERROR_SYSTEM when `write` returned false, ERROR_ARGUMENT
   for NULL. */
LLMOBS_API llmobs_result llmobs_encode(const llmobs_batch* batch, llmobs_format format,
                                       llmobs_write_fn write, void* user);

/* =================================================================================================
 *  >>api:exporter           exporters: queues, threads, retries
 * ============================================================================================== */

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
   and spans are dropped and counted. It must not throw. */
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
} llmobs_exporter;

/* =================================================================================================
 *  >>api:instance           instances and their exporters
 * ============================================================================================== */

/* ---- adding exporters ---------------------------------------------------------------------- */

/* [any] A zeroed exporter with its size set. */
LLMOBS_API llmobs_exporter llmobs_exporter_default(void);

/* [any, locks] Adds an exporter: it gets every span collected from now on. It may be added at any
   time, from any thread. ERROR_LIMIT: llmobs_config.max_exporters are there already. */
LLMOBS_API llmobs_result llmobs_exporter_add(llmobs* obs, const llmobs_exporter* exporter);

/* [any, locks] The ten-line exporter's call: the callback and its user pointer, all else by
   default. As llmobs_exporter_add. */
LLMOBS_API llmobs_result llmobs_export_to(llmobs* obs, llmobs_export_fn export_batch, void* user);

/* [any, locks] The end of an asynchronous transport: settles a batch for which the callback
   returned LLMOBS_EXPORT_PENDING. May be called before that return, too. ERROR_ARGUMENT: not (or
   no longer) pending; harmless. `result` is OK, RETRY or DROP. */
LLMOBS_API llmobs_result llmobs_export_done(llmobs_export_token token, llmobs_export_result result);

/* =================================================================================================
 *  >>api:file               the file exporter
 * ============================================================================================== */

#ifndef LLMOBS_NO_FILE

/* ---- files --------------------------------------------------------------------------------- */

typedef struct llmobs_file_options {
    size_t size;           /* sizeof(llmobs_file_options); 0 means this version's                 */
    uint64_t rotate_bytes; /* begin a new file when this one would grow past it (default 64 MiB)  */
    uint32_t keep;         /* old files kept, as path.1 (newest) to path.N, up to 999; LLMOBS_OFF:
                              none                                                    (default 3) */
} llmobs_file_options;

/* [any, locks] Exports to a file, appending: OTLP JSON lines, or a Chrome trace. The file is opened
   at once, and made if need be; its folder is not. It is private: its mode is 0600, and an existing
   file is brought to it. ERROR_SYSTEM, with errno and a note, for a path that can't be opened, for
   a symbolic link, a hard link, no plain file or somebody else's, and for a Chrome file that does
   not begin as ours do. ERROR_ARGUMENT: no path, or one longer than 2000 bytes. `options` may be
   NULL. A relative path is taken from where the process is now.

   A line that a crash left unfinished is ended before the next one begins (OTLP: readers skip
   it), or taken out (Chrome: it would spoil the rest). What could not be written, with the disk
   full, is taken back and tried again, then counted as lost: no half lines are left, and a
   reader sees whole batches unless the process is killed. Several processes may share a file:
   they take turns by flock. A file that was moved away or deleted (logrotate) is begun anew.
   Nothing is synced to disk; a batch is with the kernel once it counts as exported. A path that
   can't be rotated is not written past its limit. */
LLMOBS_API llmobs_result llmobs_export_file(llmobs* obs, llmobs_format format, const char* path);
LLMOBS_API llmobs_result llmobs_export_file_with(llmobs* obs, llmobs_format format,
                                                 const char* path,
                                                 const llmobs_file_options* options);

#endif /* LLMOBS_NO_FILE */

/* =================================================================================================
 *  >>api:stats              the account of an instance
 * ============================================================================================== */

/* ---- stats --------------------------------------------------------------------------------- */

/* [any, locks] Fills `stats`; does not wait for recorders or callbacks. ERROR_CLOSED, with all
   zero, after close. */
LLMOBS_API llmobs_result llmobs_stats_read(llmobs* obs, llmobs_stats* stats);

/* =================================================================================================
 *  >>api:metrics            metrics out
 * ============================================================================================== */

/* ---- metrics out ---------------------------------------------------------------------------- */

/* [any] Writes all metrics as Prometheus text: for the handler of GET /metrics. `write` is called
   with up to 8 KiB at a time. Waits neither for recorders nor for the tick; series come in the
   order in which they were made. Takes 40 KiB of stack. ERROR_CLOSED (nothing is written),
   ERROR_SYSTEM when `write` returned false. About 1 us for every 2 KiB of text. */
LLMOBS_API llmobs_result llmobs_prometheus_write(llmobs* obs, llmobs_exposition exposition,
                                                 llmobs_write_fn write, void* user);

/* [any] The same into a buffer: `*size` is its capacity, then the size of the whole text, without
   the NUL that follows it. ERROR_LIMIT when it does not fit with its NUL: the buffer holds "" then,
   and `*size` says how much there is to be told (some more may come). */
LLMOBS_API llmobs_result llmobs_prometheus_print(llmobs* obs, llmobs_exposition exposition,
                                                 char* buffer, size_t* size);

/* Gets the metrics, some at a time: batch->metrics and batch->metric_count. What it points to lives
   until the callback returns. False stops. */
typedef bool (*llmobs_collect_fn)(void* user, const llmobs_batch* batch);

/* [any] Reads all metrics and hands them over as batches of typed views. A metric with many series
   may come in several batches. ERROR_SYSTEM when `collect` returned false. */
LLMOBS_API llmobs_result llmobs_metrics_collect(llmobs* obs, llmobs_collect_fn collect, void* user);

/* [any] Reads all metrics and encodes them, as llmobs_encode does: OTLP/JSON lines, cumulative. */
LLMOBS_API llmobs_result llmobs_metrics_write(llmobs* obs, llmobs_format format,
                                              llmobs_write_fn write, void* user);

/* =================================================================================================
 *  >>api:flush              tick, flush and the tick's own thread
 * ============================================================================================== */

/* ---- tick and flush ------------------------------------------------------------------------ */

/* [any, locks] Moves what was recorded into the exporters' queues, and gives the slots back. The
   library's own thread does this; call it yourself when config.host_pumped, in which case the
   exporters' callbacks run in it too, and it blocks for as long as they do. ERROR_BUSY inside a
   callback. */
LLMOBS_API llmobs_result llmobs_tick(llmobs* obs);

/* [any, locks] Returns when every exporter has settled all that was recorded before the call, by
   this thread or by any that it has synchronised with: delivered it, or given it up and counted it.
   ERROR_TIMEOUT when the time was up before. ERROR_BUSY inside a callback. */
LLMOBS_API llmobs_result llmobs_flush(llmobs* obs, uint32_t timeout_ms);

/* =================================================================================================
 *  >>api:layout             the layout of an instance's memory
 * ============================================================================================== */

/* ---- memory --------------------------------------------------------------------------------- */

/* [any] The bytes that llmobs_open takes with this config (NULL: the defaults): one block, and none
   after it. SIZE_MAX when the sum does not fit a size_t. */
LLMOBS_API size_t llmobs_memory_needed(const llmobs_config* config);

/* [any] The part of llmobs_memory_needed that one pillar takes; the pillars sum to the whole. */
LLMOBS_API size_t llmobs_memory_of(const llmobs_config* config, llmobs_pillar pillar);

/* =================================================================================================
 *  >>api:open               open, close, release, fork
 * ============================================================================================== */

/* ---- open and close ------------------------------------------------------------------------ */

/* [setup] Opens an instance: one block of memory, laid out once; then its tick thread, unless
   the host pumps. `config` may be NULL (all defaults); `result` may be NULL. Returns NULL on
   failure, with the reason in `result` and, where a field is to blame, in a note. */
LLMOBS_API llmobs* llmobs_open(const llmobs_config* config, llmobs_result* result);

/* [any, locks] Delivers what is there, within config.close_timeout_ms, and closes. Recorders may
   still run: they become inert. OK: every batch was settled (delivered, or given up and counted). A
   second close is OK, too, and does nothing. ERROR_TIMEOUT: closed, but some was not delivered in
   time, and is lost as `close`. ERROR_INCOMPLETE: closed, but a callback hung, or a batch is still
   pending; thread and memory are left to it for good. ERROR_BUSY: from inside a callback. The
   memory is parked for the next open; see llmobs_release. */
LLMOBS_API llmobs_result llmobs_close(llmobs* obs);

/* [any, locks] The same, and the last account: nothing is live or queued in it, what was not
   delivered stands under its cause. `stats` may be NULL. */
LLMOBS_API llmobs_result llmobs_close_with_stats(llmobs* obs, llmobs_stats* stats);

/* =================================================================================================
 *  >>api:disabled           LLMOBS_DISABLE: every call compiles to nothing
 * ============================================================================================== */
#ifdef LLMOBS_DISABLE

/* Arguments are evaluated, what a call would fill is cleared, it returns zero. */

/* ---- platform -------------------------------------------------------------------------------- */

LLMOBS_API const char* llmobs_version(void)
{
    return "";
}

/* ---- result ---------------------------------------------------------------------------------- */

LLMOBS_API const char* llmobs_result_name(llmobs_result result)
{
    (void)result;
    return "";
}

LLMOBS_API const char* llmobs_note_text(llmobs_note note)
{
    (void)note;
    return "";
}

/* ---- ledger ---------------------------------------------------------------------------------- */

LLMOBS_API const char* llmobs_drop_name(llmobs_drop drop)
{
    (void)drop;
    return "";
}

LLMOBS_API const char* llmobs_loss_name(llmobs_loss loss)
{
    (void)loss;
    return "";
}

/* ---- sha256 ---------------------------------------------------------------------------------- */

#ifndef LLMOBS_NO_SHA256

LLMOBS_API void llmobs_sha256_begin(llmobs_sha256* hash)
{
    if (hash) { __builtin_memset(hash, 0, sizeof *hash); }
}

LLMOBS_API void llmobs_sha256_update(llmobs_sha256* hash, const void* data, size_t size)
{
    if (hash) { __builtin_memset(hash, 0, sizeof *hash); }
    (void)data; (void)size;
}

LLMOBS_API void llmobs_sha256_end(llmobs_sha256* hash, uint8_t digest[LLMOBS_SHA256_SIZE])
{
    if (hash) { __builtin_memset(hash, 0, sizeof *hash); }
    __builtin_memset(digest, 0, LLMOBS_SHA256_SIZE);
}

LLMOBS_API void llmobs_sha256_of(const void* data, size_t size, uint8_t digest[LLMOBS_SHA256_SIZE])
{
    (void)data; (void)size;
    __builtin_memset(digest, 0, LLMOBS_SHA256_SIZE);
}

LLMOBS_API void llmobs_sha256_of_two(const void* data_a, size_t size_a,
                                     uint8_t digest_a[LLMOBS_SHA256_SIZE], const void* data_b,
                                     size_t size_b, uint8_t digest_b[LLMOBS_SHA256_SIZE])
{
    (void)data_a; (void)size_a;
    __builtin_memset(digest_a, 0, LLMOBS_SHA256_SIZE);
    (void)data_b; (void)size_b;
    __builtin_memset(digest_b, 0, LLMOBS_SHA256_SIZE);
}

LLMOBS_API void llmobs_hmac_key_init(llmobs_hmac_key* key, const void* secret, size_t size)
{
    if (key) { __builtin_memset(key, 0, sizeof *key); }
    (void)secret; (void)size;
}

LLMOBS_API void llmobs_hmac_of(const llmobs_hmac_key* key, const void* data, size_t size,
                               uint8_t tag[LLMOBS_SHA256_SIZE])
{
    (void)key; (void)data; (void)size;
    __builtin_memset(tag, 0, LLMOBS_SHA256_SIZE);
}

LLMOBS_API void llmobs_hmac_of_two(const llmobs_hmac_key* key_a, const void* data_a, size_t size_a,
                                   uint8_t tag_a[LLMOBS_SHA256_SIZE], const llmobs_hmac_key* key_b,
                                   const void* data_b, size_t size_b,
                                   uint8_t tag_b[LLMOBS_SHA256_SIZE])
{
    (void)key_a; (void)data_a; (void)size_a;
    __builtin_memset(tag_a, 0, LLMOBS_SHA256_SIZE);
    (void)key_b; (void)data_b; (void)size_b;
    __builtin_memset(tag_b, 0, LLMOBS_SHA256_SIZE);
}

LLMOBS_API void llmobs_hmac_begin(llmobs_hmac* hmac, const llmobs_hmac_key* key)
{
    if (hmac) { __builtin_memset(hmac, 0, sizeof *hmac); }
    (void)key;
}

LLMOBS_API void llmobs_hmac_update(llmobs_hmac* hmac, const void* data, size_t size)
{
    if (hmac) { __builtin_memset(hmac, 0, sizeof *hmac); }
    (void)data; (void)size;
}

LLMOBS_API void llmobs_hmac_end(llmobs_hmac* hmac, uint8_t tag[LLMOBS_SHA256_SIZE])
{
    if (hmac) { __builtin_memset(hmac, 0, sizeof *hmac); }
    __builtin_memset(tag, 0, LLMOBS_SHA256_SIZE);
}

LLMOBS_API bool llmobs_equal_secret(const void* a, const void* b, size_t size)
{
    (void)a; (void)b; (void)size;
    return false;
}

LLMOBS_API void llmobs_wipe(void* memory, size_t size)
{
    (void)memory; (void)size;
}

#endif /* LLMOBS_NO_SHA256 */

/* ---- config ---------------------------------------------------------------------------------- */

LLMOBS_API llmobs_config llmobs_config_default(void)
{
    llmobs_config zero;
    __builtin_memset(&zero, 0, sizeof zero);
    return zero;
}

/* ---- block ----------------------------------------------------------------------------------- */

LLMOBS_API size_t llmobs_release(void)
{
    return 0;
}

/* ---- trace_context --------------------------------------------------------------------------- */

LLMOBS_API llmobs_result llmobs_trace_context_parse(llmobs_trace_context* context,
                                                    const char* traceparent,
                                                    size_t traceparent_size,
                                                    const char* tracestate, size_t tracestate_size)
{
    llmobs_result zero;
    __builtin_memset(&zero, 0, sizeof zero);
    if (context) { __builtin_memset(context, 0, sizeof *context); }
    (void)traceparent; (void)traceparent_size; (void)tracestate; (void)tracestate_size;
    return zero;
}

LLMOBS_API size_t llmobs_traceparent_format(const llmobs_trace_context* context,
                                            char text[LLMOBS_TRACEPARENT_SIZE])
{
    (void)context;
    __builtin_memset(text, 0, LLMOBS_TRACEPARENT_SIZE);
    return 0;
}

/* ---- pii ------------------------------------------------------------------------------------- */

#ifndef LLMOBS_NO_SCANNER

LLMOBS_API const char* llmobs_pii_name(llmobs_pii pii)
{
    (void)pii;
    return "";
}

LLMOBS_API llmobs_tier llmobs_pii_tier(llmobs_pii pii)
{
    llmobs_tier zero;
    __builtin_memset(&zero, 0, sizeof zero);
    (void)pii;
    return zero;
}

#endif /* LLMOBS_NO_SCANNER */

/* ---- rules ----------------------------------------------------------------------------------- */

#ifndef LLMOBS_NO_SCANNER

LLMOBS_API llmobs_scan_rules llmobs_scan_rules_default(void)
{
    llmobs_scan_rules zero;
    __builtin_memset(&zero, 0, sizeof zero);
    return zero;
}

LLMOBS_API llmobs_result llmobs_scan_rules_check(const llmobs_scan_rules* rules)
{
    llmobs_result zero;
    __builtin_memset(&zero, 0, sizeof zero);
    (void)rules;
    return zero;
}

#endif /* LLMOBS_NO_SCANNER */

/* ---- scan ------------------------------------------------------------------------------------ */

#ifndef LLMOBS_NO_SCANNER

LLMOBS_API uint64_t llmobs_scan(const llmobs_scan_rules* rules, const char* text, size_t size,
                                llmobs_found_fn found, void* user)
{
    (void)rules; (void)text; (void)size; (void)found; (void)user;
    return 0;
}

LLMOBS_API void llmobs_scanner_begin(llmobs_scanner* scanner, const llmobs_scan_rules* rules,
                                     llmobs_found_fn found, void* user)
{
    if (scanner) { __builtin_memset(scanner, 0, sizeof *scanner); }
    (void)rules; (void)found; (void)user;
}

LLMOBS_API void llmobs_scanner_feed(llmobs_scanner* scanner, const char* text, size_t size)
{
    if (scanner) { __builtin_memset(scanner, 0, sizeof *scanner); }
    (void)text; (void)size;
}

LLMOBS_API uint64_t llmobs_scanner_end(llmobs_scanner* scanner)
{
    if (scanner) { __builtin_memset(scanner, 0, sizeof *scanner); }
    return 0;
}

LLMOBS_API uint64_t llmobs_scanner_counts(const llmobs_scanner* scanner,
                                          uint32_t counts[LLMOBS_PII_COUNT])
{
    (void)scanner;
    __builtin_memset(counts, 0, LLMOBS_PII_COUNT);
    return 0;
}

#endif /* LLMOBS_NO_SCANNER */

/* ---- redact ---------------------------------------------------------------------------------- */

#ifndef LLMOBS_NO_SCANNER

LLMOBS_API llmobs_redact_rules llmobs_redact_rules_default(void)
{
    llmobs_redact_rules zero;
    __builtin_memset(&zero, 0, sizeof zero);
    return zero;
}

LLMOBS_API llmobs_result llmobs_redact(const llmobs_redact_rules* rules, const char* text,
                                       size_t size, char* out, size_t capacity, size_t* written,
                                       uint32_t counts[LLMOBS_PII_COUNT])
{
    llmobs_result zero;
    __builtin_memset(&zero, 0, sizeof zero);
    (void)rules; (void)text; (void)size; (void)out; (void)capacity; (void)written;
    __builtin_memset(counts, 0, LLMOBS_PII_COUNT);
    return zero;
}

LLMOBS_API void llmobs_redactor_begin(llmobs_redactor* redactor, const llmobs_redact_rules* rules,
                                      llmobs_write_fn write, void* user)
{
    if (redactor) { __builtin_memset(redactor, 0, sizeof *redactor); }
    (void)rules; (void)write; (void)user;
}

LLMOBS_API bool llmobs_redactor_feed(llmobs_redactor* redactor, const char* text, size_t size)
{
    if (redactor) { __builtin_memset(redactor, 0, sizeof *redactor); }
    (void)text; (void)size;
    return false;
}

LLMOBS_API bool llmobs_redactor_end(llmobs_redactor* redactor)
{
    if (redactor) { __builtin_memset(redactor, 0, sizeof *redactor); }
    return false;
}

LLMOBS_API uint64_t llmobs_redactor_counts(const llmobs_redactor* redactor,
                                           uint32_t counts[LLMOBS_PII_COUNT])
{
    (void)redactor;
    __builtin_memset(counts, 0, LLMOBS_PII_COUNT);
    return 0;
}

#endif /* LLMOBS_NO_SCANNER */

/* ---- series ---------------------------------------------------------------------------------- */

LLMOBS_API llmobs_metric_info llmobs_metric_info_default(void)
{
    llmobs_metric_info zero;
    __builtin_memset(&zero, 0, sizeof zero);
    return zero;
}

/* ---- attribute ------------------------------------------------------------------------------- */

LLMOBS_API llmobs_attribute llmobs_attribute_string(const char* key, const char* value)
{
    llmobs_attribute zero;
    __builtin_memset(&zero, 0, sizeof zero);
    (void)key; (void)value;
    return zero;
}

LLMOBS_API llmobs_attribute llmobs_attribute_string_n(const char* key, const char* value,
                                                      size_t size)
{
    llmobs_attribute zero;
    __builtin_memset(&zero, 0, sizeof zero);
    (void)key; (void)value; (void)size;
    return zero;
}

LLMOBS_API llmobs_attribute llmobs_attribute_int(const char* key, int64_t value)
{
    llmobs_attribute zero;
    __builtin_memset(&zero, 0, sizeof zero);
    (void)key; (void)value;
    return zero;
}

LLMOBS_API llmobs_attribute llmobs_attribute_double(const char* key, double value)
{
    llmobs_attribute zero;
    __builtin_memset(&zero, 0, sizeof zero);
    (void)key; (void)value;
    return zero;
}

LLMOBS_API llmobs_attribute llmobs_attribute_bool(const char* key, bool value)
{
    llmobs_attribute zero;
    __builtin_memset(&zero, 0, sizeof zero);
    (void)key; (void)value;
    return zero;
}

LLMOBS_API llmobs_attribute llmobs_attribute_strings(const char* key, const char* const* values,
                                                     size_t count)
{
    llmobs_attribute zero;
    __builtin_memset(&zero, 0, sizeof zero);
    (void)key; (void)values; (void)count;
    return zero;
}

/* ---- span ------------------------------------------------------------------------------------ */

LLMOBS_API llmobs_span_info llmobs_span_info_default(void)
{
    llmobs_span_info zero;
    __builtin_memset(&zero, 0, sizeof zero);
    return zero;
}

LLMOBS_API llmobs_span llmobs_span_root(llmobs* obs, const char* name)
{
    llmobs_span zero;
    __builtin_memset(&zero, 0, sizeof zero);
    (void)obs; (void)name;
    return zero;
}

LLMOBS_API llmobs_span llmobs_span_child(llmobs_span parent, const char* name)
{
    llmobs_span zero;
    __builtin_memset(&zero, 0, sizeof zero);
    (void)parent; (void)name;
    return zero;
}

LLMOBS_API llmobs_span llmobs_span_begin(llmobs* obs, const llmobs_span_info* info)
{
    llmobs_span zero;
    __builtin_memset(&zero, 0, sizeof zero);
    (void)obs; (void)info;
    return zero;
}

LLMOBS_API llmobs_span llmobs_span_next(llmobs_span span, const char* name)
{
    llmobs_span zero;
    __builtin_memset(&zero, 0, sizeof zero);
    (void)span; (void)name;
    return zero;
}

LLMOBS_API void llmobs_span_end(llmobs_span span)
{
    (void)span;
}

LLMOBS_API void llmobs_span_set_string(llmobs_span span, const char* key, const char* value)
{
    (void)span; (void)key; (void)value;
}

LLMOBS_API void llmobs_span_set_string_n(llmobs_span span, const char* key, const char* value,
                                         size_t size)
{
    (void)span; (void)key; (void)value; (void)size;
}

LLMOBS_API void llmobs_span_set_int(llmobs_span span, const char* key, int64_t value)
{
    (void)span; (void)key; (void)value;
}

LLMOBS_API void llmobs_span_set_double(llmobs_span span, const char* key, double value)
{
    (void)span; (void)key; (void)value;
}

LLMOBS_API void llmobs_span_set_bool(llmobs_span span, const char* key, bool value)
{
    (void)span; (void)key; (void)value;
}

LLMOBS_API void llmobs_span_set_strings(llmobs_span span, const char* key,
                                        const char* const* values, size_t count)
{
    (void)span; (void)key; (void)values; (void)count;
}

LLMOBS_API void llmobs_span_set(llmobs_span span, const llmobs_attribute* attributes, size_t count)
{
    (void)span; (void)attributes; (void)count;
}

LLMOBS_API const char* llmobs_name_n(llmobs* obs, const char* text, size_t size)
{
    (void)obs; (void)text; (void)size;
    return "";
}

/* ---- event ----------------------------------------------------------------------------------- */

LLMOBS_API void llmobs_span_set_name(llmobs_span span, const char* name)
{
    (void)span; (void)name;
}

LLMOBS_API void llmobs_span_set_kind(llmobs_span span, llmobs_kind kind)
{
    (void)span; (void)kind;
}

LLMOBS_API void llmobs_span_set_status(llmobs_span span, llmobs_status status, const char* message)
{
    (void)span; (void)status; (void)message;
}

LLMOBS_API void llmobs_span_event(llmobs_span span, const char* name)
{
    (void)span; (void)name;
}

LLMOBS_API void llmobs_span_event_with(llmobs_span span, const char* name,
                                       const llmobs_attribute* attributes, size_t count)
{
    (void)span; (void)name; (void)attributes; (void)count;
}

LLMOBS_API void llmobs_span_link(llmobs_span span, const llmobs_trace_context* target)
{
    (void)span; (void)target;
}

LLMOBS_API void llmobs_span_link_to(llmobs_span span, llmobs_span target)
{
    (void)span; (void)target;
}

LLMOBS_API llmobs_result llmobs_span_context(llmobs_span span, llmobs_trace_context* context)
{
    llmobs_result zero;
    __builtin_memset(&zero, 0, sizeof zero);
    (void)span;
    if (context) { __builtin_memset(context, 0, sizeof *context); }
    return zero;
}

LLMOBS_API bool llmobs_span_is_recording(llmobs_span span)
{
    (void)span;
    return false;
}

LLMOBS_API llmobs_result llmobs_thread_attach(llmobs* obs)
{
    llmobs_result zero;
    __builtin_memset(&zero, 0, sizeof zero);
    (void)obs;
    return zero;
}

/* ---- metric ---------------------------------------------------------------------------------- */

LLMOBS_API llmobs_metric llmobs_metric_define(llmobs* obs, const llmobs_metric_info* info,
                                              llmobs_result* result)
{
    llmobs_metric zero;
    __builtin_memset(&zero, 0, sizeof zero);
    (void)obs; (void)info;
    if (result) { __builtin_memset(result, 0, sizeof *result); }
    return zero;
}

LLMOBS_API llmobs_metric llmobs_metric_find(llmobs* obs, const char* name)
{
    llmobs_metric zero;
    __builtin_memset(&zero, 0, sizeof zero);
    (void)obs; (void)name;
    return zero;
}

LLMOBS_API llmobs_metric llmobs_metric_of(llmobs* obs, llmobs_known known)
{
    llmobs_metric zero;
    __builtin_memset(&zero, 0, sizeof zero);
    (void)obs; (void)known;
    return zero;
}

LLMOBS_API llmobs_result llmobs_metric_allow(llmobs_metric metric, const char* label,
                                             const char* const* values, size_t count)
{
    llmobs_result zero;
    __builtin_memset(&zero, 0, sizeof zero);
    (void)metric; (void)label; (void)values; (void)count;
    return zero;
}

LLMOBS_API llmobs_counter llmobs_counter_get(llmobs_metric metric, const char* const* values,
                                             size_t count)
{
    llmobs_counter zero;
    __builtin_memset(&zero, 0, sizeof zero);
    (void)metric; (void)values; (void)count;
    return zero;
}

LLMOBS_API llmobs_updown llmobs_updown_get(llmobs_metric metric, const char* const* values,
                                           size_t count)
{
    llmobs_updown zero;
    __builtin_memset(&zero, 0, sizeof zero);
    (void)metric; (void)values; (void)count;
    return zero;
}

LLMOBS_API llmobs_gauge llmobs_gauge_get(llmobs_metric metric, const char* const* values,
                                         size_t count)
{
    llmobs_gauge zero;
    __builtin_memset(&zero, 0, sizeof zero);
    (void)metric; (void)values; (void)count;
    return zero;
}

LLMOBS_API llmobs_histogram llmobs_histogram_get(llmobs_metric metric, const char* const* values,
                                                 size_t count)
{
    llmobs_histogram zero;
    __builtin_memset(&zero, 0, sizeof zero);
    (void)metric; (void)values; (void)count;
    return zero;
}

LLMOBS_API llmobs_counter llmobs_counter_find(llmobs* obs, const char* name,
                                              const llmobs_label* labels, size_t count)
{
    llmobs_counter zero;
    __builtin_memset(&zero, 0, sizeof zero);
    (void)obs; (void)name; (void)labels; (void)count;
    return zero;
}

LLMOBS_API llmobs_updown llmobs_updown_find(llmobs* obs, const char* name,
                                            const llmobs_label* labels, size_t count)
{
    llmobs_updown zero;
    __builtin_memset(&zero, 0, sizeof zero);
    (void)obs; (void)name; (void)labels; (void)count;
    return zero;
}

LLMOBS_API llmobs_gauge llmobs_gauge_find(llmobs* obs, const char* name,
                                          const llmobs_label* labels, size_t count)
{
    llmobs_gauge zero;
    __builtin_memset(&zero, 0, sizeof zero);
    (void)obs; (void)name; (void)labels; (void)count;
    return zero;
}

LLMOBS_API llmobs_histogram llmobs_histogram_find(llmobs* obs, const char* name,
                                                  const llmobs_label* labels, size_t count)
{
    llmobs_histogram zero;
    __builtin_memset(&zero, 0, sizeof zero);
    (void)obs; (void)name; (void)labels; (void)count;
    return zero;
}

LLMOBS_API bool llmobs_series_remove(llmobs_metric metric, const char* const* values,
                                     size_t count)
{
    (void)metric; (void)values; (void)count;
    return false;
}

LLMOBS_API void llmobs_counter_add(llmobs_counter counter, uint64_t amount)
{
    (void)counter; (void)amount;
}

LLMOBS_API void llmobs_updown_add(llmobs_updown updown, int64_t amount)
{
    (void)updown; (void)amount;
}

LLMOBS_API void llmobs_gauge_set(llmobs_gauge gauge, double value)
{
    (void)gauge; (void)value;
}

LLMOBS_API void llmobs_counter_add_in(llmobs_counter counter, uint64_t amount, llmobs_span span)
{
    (void)counter; (void)amount; (void)span;
}

/* ---- histogram ------------------------------------------------------------------------------- */

LLMOBS_API void llmobs_histogram_record(llmobs_histogram histogram, double value)
{
    (void)histogram; (void)value;
}

LLMOBS_API void llmobs_histogram_record_int(llmobs_histogram histogram, uint64_t value)
{
    (void)histogram; (void)value;
}

LLMOBS_API void llmobs_histogram_record_in(llmobs_histogram histogram, double value,
                                           llmobs_span span)
{
    (void)histogram; (void)value; (void)span;
}

LLMOBS_API void llmobs_histogram_record_int_in(llmobs_histogram histogram, uint64_t value,
                                               llmobs_span span)
{
    (void)histogram; (void)value; (void)span;
}

/* ---- reading --------------------------------------------------------------------------------- */

LLMOBS_API uint64_t llmobs_counter_read(llmobs_counter counter)
{
    (void)counter;
    return 0;
}

LLMOBS_API int64_t llmobs_updown_read(llmobs_updown updown)
{
    (void)updown;
    return 0;
}

LLMOBS_API double llmobs_gauge_read(llmobs_gauge gauge)
{
    (void)gauge;
    return 0.0;
}

LLMOBS_API llmobs_result llmobs_histogram_read(llmobs_histogram histogram,
                                               llmobs_histogram_stats* stats)
{
    llmobs_result zero;
    __builtin_memset(&zero, 0, sizeof zero);
    (void)histogram;
    if (stats) { __builtin_memset(stats, 0, sizeof *stats); }
    return zero;
}

LLMOBS_API llmobs_quantile llmobs_histogram_quantile(llmobs_histogram histogram, double q)
{
    llmobs_quantile zero;
    __builtin_memset(&zero, 0, sizeof zero);
    (void)histogram; (void)q;
    return zero;
}

/* ---- otlp ------------------------------------------------------------------------------------ */

#ifndef LLMOBS_NO_OTLP

LLMOBS_API bool llmobs_encode_otlp_json(const llmobs_batch* batch, llmobs_write_fn write,
                                        void* user)
{
    (void)batch; (void)write; (void)user;
    return false;
}

#endif /* LLMOBS_NO_OTLP */

/* ---- otlp_metric ----------------------------------------------------------------------------- */

#ifndef LLMOBS_NO_OTLP

LLMOBS_API bool llmobs_encode_otlp_metrics_json(const llmobs_batch* batch, llmobs_write_fn write,
                                                void* user)
{
    (void)batch; (void)write; (void)user;
    return false;
}

#endif /* LLMOBS_NO_OTLP */

/* ---- chrome ---------------------------------------------------------------------------------- */

#ifndef LLMOBS_NO_CHROME

LLMOBS_API bool llmobs_encode_chrome(const llmobs_batch* batch, llmobs_write_fn write, void* user)
{
    (void)batch; (void)write; (void)user;
    return false;
}

#endif /* LLMOBS_NO_CHROME */

/* ---- exposition ------------------------------------------------------------------------------ */

LLMOBS_API llmobs_exposition llmobs_exposition_for(const char* accept)
{
    llmobs_exposition zero;
    __builtin_memset(&zero, 0, sizeof zero);
    (void)accept;
    return zero;
}

LLMOBS_API const char* llmobs_exposition_content_type(llmobs_exposition exposition)
{
    (void)exposition;
    return "";
}

/* ---- encode ---------------------------------------------------------------------------------- */

LLMOBS_API llmobs_result llmobs_encode(const llmobs_batch* batch, llmobs_format format,
                                       llmobs_write_fn write, void* user)
{
    llmobs_result zero;
    __builtin_memset(&zero, 0, sizeof zero);
    (void)batch; (void)format; (void)write; (void)user;
    return zero;
}

/* ---- instance -------------------------------------------------------------------------------- */

LLMOBS_API llmobs_exporter llmobs_exporter_default(void)
{
    llmobs_exporter zero;
    __builtin_memset(&zero, 0, sizeof zero);
    return zero;
}

LLMOBS_API llmobs_result llmobs_exporter_add(llmobs* obs, const llmobs_exporter* exporter)
{
    llmobs_result zero;
    __builtin_memset(&zero, 0, sizeof zero);
    (void)obs; (void)exporter;
    return zero;
}

LLMOBS_API llmobs_result llmobs_export_to(llmobs* obs, llmobs_export_fn export_batch, void* user)
{
    llmobs_result zero;
    __builtin_memset(&zero, 0, sizeof zero);
    (void)obs; (void)export_batch; (void)user;
    return zero;
}

LLMOBS_API llmobs_result llmobs_export_done(llmobs_export_token token, llmobs_export_result result)
{
    llmobs_result zero;
    __builtin_memset(&zero, 0, sizeof zero);
    (void)token; (void)result;
    return zero;
}

/* ---- file ------------------------------------------------------------------------------------ */

#ifndef LLMOBS_NO_FILE

LLMOBS_API llmobs_result llmobs_export_file(llmobs* obs, llmobs_format format, const char* path)
{
    llmobs_result zero;
    __builtin_memset(&zero, 0, sizeof zero);
    (void)obs; (void)format; (void)path;
    return zero;
}

LLMOBS_API llmobs_result llmobs_export_file_with(llmobs* obs, llmobs_format format,
                                                 const char* path,
                                                 const llmobs_file_options* options)
{
    llmobs_result zero;
    __builtin_memset(&zero, 0, sizeof zero);
    (void)obs; (void)format; (void)path; (void)options;
    return zero;
}

#endif /* LLMOBS_NO_FILE */

/* ---- stats ----------------------------------------------------------------------------------- */

LLMOBS_API llmobs_result llmobs_stats_read(llmobs* obs, llmobs_stats* stats)
{
    llmobs_result zero;
    __builtin_memset(&zero, 0, sizeof zero);
    (void)obs;
    if (stats) { __builtin_memset(stats, 0, sizeof *stats); }
    return zero;
}

/* ---- metrics --------------------------------------------------------------------------------- */

LLMOBS_API llmobs_result llmobs_prometheus_write(llmobs* obs, llmobs_exposition exposition,
                                                 llmobs_write_fn write, void* user)
{
    llmobs_result zero;
    __builtin_memset(&zero, 0, sizeof zero);
    (void)obs; (void)exposition; (void)write; (void)user;
    return zero;
}

LLMOBS_API llmobs_result llmobs_prometheus_print(llmobs* obs, llmobs_exposition exposition,
                                                 char* buffer, size_t* size)
{
    llmobs_result zero;
    __builtin_memset(&zero, 0, sizeof zero);
    (void)obs; (void)exposition; (void)buffer; (void)size;
    return zero;
}

LLMOBS_API llmobs_result llmobs_metrics_collect(llmobs* obs, llmobs_collect_fn collect, void* user)
{
    llmobs_result zero;
    __builtin_memset(&zero, 0, sizeof zero);
    (void)obs; (void)collect; (void)user;
    return zero;
}

LLMOBS_API llmobs_result llmobs_metrics_write(llmobs* obs, llmobs_format format,
                                              llmobs_write_fn write, void* user)
{
    llmobs_result zero;
    __builtin_memset(&zero, 0, sizeof zero);
    (void)obs; (void)format; (void)write; (void)user;
    return zero;
}

/* ---- flush ----------------------------------------------------------------------------------- */

LLMOBS_API llmobs_result llmobs_tick(llmobs* obs)
{
    llmobs_result zero;
    __builtin_memset(&zero, 0, sizeof zero);
    (void)obs;
    return zero;
}

LLMOBS_API llmobs_result llmobs_flush(llmobs* obs, uint32_t timeout_ms)
{
    llmobs_result zero;
    __builtin_memset(&zero, 0, sizeof zero);
    (void)obs; (void)timeout_ms;
    return zero;
}

/* ---- layout ---------------------------------------------------------------------------------- */

LLMOBS_API size_t llmobs_memory_needed(const llmobs_config* config)
{
    (void)config;
    return 0;
}

LLMOBS_API size_t llmobs_memory_of(const llmobs_config* config, llmobs_pillar pillar)
{
    (void)config; (void)pillar;
    return 0;
}

/* ---- open ------------------------------------------------------------------------------------ */

LLMOBS_API llmobs* llmobs_open(const llmobs_config* config, llmobs_result* result)
{
    llmobs* zero;
    __builtin_memset(&zero, 0, sizeof zero);
    (void)config;
    if (result) { __builtin_memset(result, 0, sizeof *result); }
    return zero;
}

LLMOBS_API llmobs_result llmobs_close(llmobs* obs)
{
    llmobs_result zero;
    __builtin_memset(&zero, 0, sizeof zero);
    (void)obs;
    return zero;
}

LLMOBS_API llmobs_result llmobs_close_with_stats(llmobs* obs, llmobs_stats* stats)
{
    llmobs_result zero;
    __builtin_memset(&zero, 0, sizeof zero);
    (void)obs;
    if (stats) { __builtin_memset(stats, 0, sizeof *stats); }
    return zero;
}

#endif /* LLMOBS_DISABLE */

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* LLMOBS_H */

#if defined(LLMOBS_IMPLEMENTATION) && !defined(LLMOBS_DISABLE) && !defined(LLMOBS_I_IMPLEMENTED)
#define LLMOBS_I_IMPLEMENTED

/* =================================================================================================
 *  >>platform               platform: compiler, clocks, random bytes, locks
 * ============================================================================================== */

/* What the operating system and the compiler give: nothing here knows of spans. */

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/random.h>
#include <sys/syscall.h>
#endif
#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

#ifndef LLMOBS_ASSERT
#ifdef LLMOBS_DEBUG
#define LLMOBS_ASSERT(condition) ((condition) ? (void)0 : abort())
#else
#define LLMOBS_ASSERT(condition) ((void)0)
#endif
#endif

#define llmobsi_fn static __attribute__((unused))
#define llmobsi_inline static inline __attribute__((unused, always_inline))
#define llmobsi_cold static __attribute__((unused, noinline, cold))
#define llmobsi_likely(condition) __builtin_expect(!!(condition), 1)
#define llmobsi_unlikely(condition) __builtin_expect(!!(condition), 0)

#define LLMOBS_I_STATIC_ASSERT(name, condition) \
    typedef char llmobsi_assert_##name[(condition) ? 1 : -1] __attribute__((unused))

#define LLMOBS_I_CACHE_LINE 64u

/* One thread-local pointer is all there is; initial-exec makes it one instruction, also in a shared
   object. musl refuses initial-exec under dlopen. */
#ifndef LLMOBS_TLS_MODEL
#if defined(__GLIBC__)
#define LLMOBS_TLS_MODEL __attribute__((tls_model("initial-exec")))
#else
#define LLMOBS_TLS_MODEL
#endif
#endif

/* A strict -std=c11 hides POSIX once a libc header came before this one: these names reach libc
   all the same. Where nothing is hidden they are ordinary calls. */
#if defined(__GLIBC__) && !defined(__USE_GNU)
#define LLMOBS_I_CLOCK_REALTIME 0
#define LLMOBS_I_CLOCK_MONOTONIC 1
/* Where the types are 64 bits wide by choice, the functions for those. */
#if defined(__USE_TIME_BITS64) && !defined(__LP64__)
#define LLMOBS_I_CLOCK_GETTIME "__clock_gettime64"
#else
#define LLMOBS_I_CLOCK_GETTIME "clock_gettime"
#endif
#if defined(__USE_FILE_OFFSET64)
#define LLMOBS_I_FTRUNCATE "ftruncate64"
#else
#define LLMOBS_I_FTRUNCATE "ftruncate"
#endif
extern int llmobsi_clock_gettime(int clock, struct timespec* time) __asm__(LLMOBS_I_CLOCK_GETTIME);
extern long llmobsi_syscall(long number, ...) __asm__("syscall");
extern int llmobsi_ftruncate(int file, off_t size) __asm__(LLMOBS_I_FTRUNCATE);
extern int llmobsi_condattr_setclock(pthread_condattr_t* attributes, int clock)
    __asm__("pthread_condattr_setclock");
extern int llmobsi_sigmask(int how, const void* set, void* old) __asm__("pthread_sigmask");
#define LLMOBS_I_SIG_SETMASK 2
typedef struct llmobsi_sigset {
    unsigned long bits[1024 / (8 * sizeof(unsigned long))];
} llmobsi_sigset;
#else
#define llmobsi_sigmask pthread_sigmask
#define LLMOBS_I_SIG_SETMASK SIG_SETMASK
typedef sigset_t llmobsi_sigset;
#define LLMOBS_I_CLOCK_REALTIME CLOCK_REALTIME
#define LLMOBS_I_CLOCK_MONOTONIC CLOCK_MONOTONIC
#define llmobsi_clock_gettime clock_gettime
#define llmobsi_syscall syscall
#define llmobsi_ftruncate ftruncate
#define llmobsi_condattr_setclock pthread_condattr_setclock
#endif
#ifndef O_CLOEXEC
#define LLMOBS_I_O_CLOEXEC 02000000
#else
#define LLMOBS_I_O_CLOEXEC O_CLOEXEC
#endif
#ifndef O_NOFOLLOW
#if defined(__arm__) || defined(__aarch64__) || defined(__powerpc__)
#define LLMOBS_I_O_NOFOLLOW 0100000
#else
#define LLMOBS_I_O_NOFOLLOW 0400000
#endif
#else
#define LLMOBS_I_O_NOFOLLOW O_NOFOLLOW
#endif

LLMOBS_API const char* llmobs_version(void)
{
    return LLMOBS_VERSION_STRING;
}

/* ---- sizes: the only way to compute one that an outsider has a say in ---------------------- */

#define LLMOBS_I_SIZE_OVERFLOW SIZE_MAX

/* a + b, and a * b; once too large, always LLMOBS_I_SIZE_OVERFLOW. */
llmobsi_fn size_t llmobsi_size_add(size_t a, size_t b)
{
    size_t sum;
    if (a == LLMOBS_I_SIZE_OVERFLOW || b == LLMOBS_I_SIZE_OVERFLOW ||
        __builtin_add_overflow(a, b, &sum)) {
        return LLMOBS_I_SIZE_OVERFLOW;
    }
    return sum;
}

llmobsi_fn size_t llmobsi_size_mul(size_t a, size_t b)
{
    size_t product;
    if (a == LLMOBS_I_SIZE_OVERFLOW || b == LLMOBS_I_SIZE_OVERFLOW ||
        __builtin_mul_overflow(a, b, &product)) {
        return LLMOBS_I_SIZE_OVERFLOW;
    }
    return product;
}

/* Up to the next multiple of a power of two. */
llmobsi_fn size_t llmobsi_size_align(size_t size, size_t alignment)
{
    size_t padded = llmobsi_size_add(size, alignment - 1);
    return padded == LLMOBS_I_SIZE_OVERFLOW ? padded : padded & ~(alignment - 1);
}

llmobsi_fn uint32_t llmobsi_round_up_pow2(uint32_t number)
{
    uint32_t power = 1;
    while (power < number && power < 0x80000000u) {
        power <<= 1;
    }
    return power;
}

/* ---- time ---------------------------------------------------------------------------------- */

llmobsi_fn uint64_t llmobsi_clock_ns(int clock)
{
    struct timespec now;
    if (llmobsi_clock_gettime(clock, &now) != 0) {
        return 0;
    }
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

llmobsi_fn uint64_t llmobsi_monotonic_ns(void)
{
    return llmobsi_clock_ns(LLMOBS_I_CLOCK_MONOTONIC);
}

llmobsi_fn uint64_t llmobsi_realtime_ns(void)
{
    return llmobsi_clock_ns(LLMOBS_I_CLOCK_REALTIME);
}

/* The cheapest steady clock, in a unit of its own. Unfenced: the processor may read it a little
   early or late, by less than it takes to read it. */
llmobsi_inline uint64_t llmobsi_cycles(void)
{
#if defined(__x86_64__) || defined(__i386__)
    return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
    uint64_t count;
    __asm__ __volatile__("mrs %0, cntvct_el0" : "=r"(count));
    return count;
#else
    return llmobsi_monotonic_ns();
#endif
}

/* Whether that clock runs at one speed on all cores. */
llmobsi_fn bool llmobsi_cycles_are_invariant(void)
{
#if defined(__x86_64__) || defined(__i386__)
    unsigned a, b, c, d;
    if (!__get_cpuid(0x80000000u, &a, &b, &c, &d) || a < 0x80000007u) {
        return false;
    }
    return __get_cpuid(0x80000007u, &a, &b, &c, &d) && (d & (1u << 8)) != 0;
#else
    return true;
#endif
}

/* ---- random -------------------------------------------------------------------------------- */

llmobsi_fn bool llmobsi_random_from_file(void* bytes, size_t size)
{
    unsigned char* out = (unsigned char*)bytes;
    int file = open("/dev/urandom", O_RDONLY | LLMOBS_I_O_CLOEXEC);
    if (file < 0) {
        return false;
    }
    while (size > 0) {
        ssize_t got = read(file, out, size);
        if (got <= 0 && !(got < 0 && errno == EINTR)) {
            break;
        }
        if (got > 0) {
            out += got;
            size -= (size_t)got;
        }
    }
    (void)close(file);
    return size == 0;
}

/* The system's random bytes. Preserves errno. */
llmobsi_fn bool llmobsi_random_bytes(void* bytes, size_t size)
{
    int saved = errno;
    bool filled = false;
#if defined(__linux__)
    filled = size <= 256 && getrandom(bytes, size, GRND_NONBLOCK) == (ssize_t)size;
#endif
    filled = filled || llmobsi_random_from_file(bytes, size);
    errno = saved;
    return filled;
}

/* ---- a barrier on other threads' processors ------------------------------------------------ */

#if defined(__linux__) && defined(SYS_membarrier)
#define LLMOBS_I_MEMBARRIER_EXPEDITED 8  /* MEMBARRIER_CMD_PRIVATE_EXPEDITED */
#define LLMOBS_I_MEMBARRIER_REGISTER 16 /* MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED */
#endif

/* Asked once, before the first use. */
llmobsi_fn bool llmobsi_membarrier_register(void)
{
#ifdef LLMOBS_I_MEMBARRIER_REGISTER
    int saved = errno;
    bool registered = llmobsi_syscall(SYS_membarrier, LLMOBS_I_MEMBARRIER_REGISTER, 0, 0) == 0;
    errno = saved;
    return registered;
#else
    return false;
#endif
}

/* After it, every running thread of this process has passed a full barrier. */
llmobsi_fn bool llmobsi_membarrier(void)
{
#ifdef LLMOBS_I_MEMBARRIER_EXPEDITED
    int saved = errno;
    bool done = llmobsi_syscall(SYS_membarrier, LLMOBS_I_MEMBARRIER_EXPEDITED, 0, 0) == 0;
    errno = saved;
    return done;
#else
    return false;
#endif
}

/* ---- locks that are held for a moment only: never by a recorder, never across a callback --- */

typedef struct llmobsi_lock {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
} llmobsi_lock;

/* pthread_cond_timedwait's clock: monotonic where it can be chosen. */
llmobsi_fn bool llmobsi_lock_init(llmobsi_lock* lock)
{
    pthread_condattr_t attributes;
    if (pthread_mutex_init(&lock->mutex, NULL) != 0) {
        return false;
    }
    if (pthread_condattr_init(&attributes) != 0) {
        (void)pthread_mutex_destroy(&lock->mutex);
        return false;
    }
#if !defined(__APPLE__)
    (void)llmobsi_condattr_setclock(&attributes, LLMOBS_I_CLOCK_MONOTONIC);
#endif
    if (pthread_cond_init(&lock->changed, &attributes) != 0) {
        (void)pthread_condattr_destroy(&attributes);
        (void)pthread_mutex_destroy(&lock->mutex);
        return false;
    }
    (void)pthread_condattr_destroy(&attributes);
    return true;
}

llmobsi_fn void llmobsi_lock_destroy(llmobsi_lock* lock)
{
    (void)pthread_cond_destroy(&lock->changed);
    (void)pthread_mutex_destroy(&lock->mutex);
}

llmobsi_fn void llmobsi_lock_take(llmobsi_lock* lock)
{
    (void)pthread_mutex_lock(&lock->mutex);
}

llmobsi_fn void llmobsi_lock_give(llmobsi_lock* lock)
{
    (void)pthread_mutex_unlock(&lock->mutex);
}

llmobsi_fn void llmobsi_lock_wake_all(llmobsi_lock* lock)
{
    (void)pthread_cond_broadcast(&lock->changed);
}

/* Waits, with the lock taken, for a wake-up or until `deadline_ns` on the monotonic clock. */
llmobsi_fn void llmobsi_lock_wait_until(llmobsi_lock* lock, uint64_t deadline_ns)
{
    struct timespec until;
#if defined(__APPLE__)
    uint64_t now = llmobsi_monotonic_ns();
    deadline_ns = llmobsi_realtime_ns() + (deadline_ns > now ? deadline_ns - now : 0);
#endif
    until.tv_sec = (time_t)(deadline_ns / UINT64_C(1000000000));
    until.tv_nsec = (long)(deadline_ns % UINT64_C(1000000000));
    (void)pthread_cond_timedwait(&lock->changed, &lock->mutex, &until);
}

/* ---- threads of our own -------------------------------------------------------------------- */

/* Starts a thread that takes none of the host's signals. */
llmobsi_fn bool llmobsi_thread_start(pthread_t* thread, void* (*run)(void* argument),
                                     void* argument)
{
    llmobsi_sigset all;
    llmobsi_sigset before;
    bool started;
    memset(&all, 0xff, sizeof all);
    (void)llmobsi_sigmask(LLMOBS_I_SIG_SETMASK, &all, &before);
    started = pthread_create(thread, NULL, run, argument) == 0;
    (void)llmobsi_sigmask(LLMOBS_I_SIG_SETMASK, &before, NULL);
    return started;
}

/* =================================================================================================
 *  >>atomic                 platform: named-order atomic operations
 * ============================================================================================== */

/* Atomic operations by name, so that the order is read where the operation is. The builtins
   serve C and C++ alike; a model checker may define LLMOBS_ATOMICS and give its own. No fences:
   ThreadSanitizer does not see them. */

typedef uint32_t llmobsi_atomic32 __attribute__((aligned(4)));
typedef uint64_t llmobsi_atomic64 __attribute__((aligned(8)));
typedef uint8_t llmobsi_atomic8;

#ifndef LLMOBS_ATOMICS
#define llmobsi_load_relaxed(place) __atomic_load_n((place), __ATOMIC_RELAXED)
#define llmobsi_load_acquire(place) __atomic_load_n((place), __ATOMIC_ACQUIRE)
#define llmobsi_load_ordered(place) __atomic_load_n((place), __ATOMIC_SEQ_CST)
#define llmobsi_store_relaxed(place, value) __atomic_store_n((place), (value), __ATOMIC_RELAXED)
#define llmobsi_store_release(place, value) __atomic_store_n((place), (value), __ATOMIC_RELEASE)
#define llmobsi_store_ordered(place, value) __atomic_store_n((place), (value), __ATOMIC_SEQ_CST)
#define llmobsi_exchange_ordered(place, value) \
    __atomic_exchange_n((place), (value), __ATOMIC_SEQ_CST)
#define llmobsi_add_relaxed(place, value) __atomic_fetch_add((place), (value), __ATOMIC_RELAXED)
#define llmobsi_add_ordered(place, value) __atomic_fetch_add((place), (value), __ATOMIC_SEQ_CST)
/* True if *place was *expected and now is value; else *expected is what it was. */
#define llmobsi_cas_acquire_release(place, expected, value)                            \
    __atomic_compare_exchange_n((place), (expected), (value), false, __ATOMIC_ACQ_REL, \
                                __ATOMIC_ACQUIRE)
#define llmobsi_cas_ordered(place, expected, value)                                    \
    __atomic_compare_exchange_n((place), (expected), (value), false, __ATOMIC_SEQ_CST, \
                                __ATOMIC_SEQ_CST)
#endif

/* Keeps the compiler, not the processor, from moving memory accesses across. */
#define llmobsi_compiler_barrier() __asm__ __volatile__("" ::: "memory")

#if defined(__SANITIZE_THREAD__)
#define LLMOBS_I_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define LLMOBS_I_TSAN 1
#endif
#endif
#ifndef LLMOBS_I_TSAN
#define LLMOBS_I_TSAN 0
#endif

/* A counter with one writer: no locked instruction. Others may read it at any time. */
llmobsi_inline void llmobsi_count(llmobsi_atomic64* counter, uint64_t amount)
{
    llmobsi_store_relaxed(counter, llmobsi_load_relaxed(counter) + amount);
}

/* =================================================================================================
 *  >>arena                  platform: one block of memory, laid out once
 * ============================================================================================== */

/* One block of memory, laid out once. The same layout function runs twice: without a base it
   measures, with one it places. So what is measured is what is taken. */

typedef struct llmobsi_arena {
    unsigned char* base; /* NULL while measuring */
    size_t used;         /* LLMOBS_I_SIZE_OVERFLOW once it can't be had */
} llmobsi_arena;

/* The next `count` times `size` bytes, on a cache line of their own; NULL while measuring. */
llmobsi_fn void* llmobsi_arena_take(llmobsi_arena* arena, size_t count, size_t size)
{
    size_t start = arena->used;
    size_t bytes = llmobsi_size_align(llmobsi_size_mul(count, size), LLMOBS_I_CACHE_LINE);
    arena->used = llmobsi_size_add(start, bytes);
    if (arena->base == NULL || arena->used == LLMOBS_I_SIZE_OVERFLOW) {
        return NULL;
    }
    return arena->base + start;
}

/* =================================================================================================
 *  >>result                 core: result codes and notes
 * ============================================================================================== */

LLMOBS_API const char* llmobs_result_name(llmobs_result result)
{
    switch ((int)result) {
#define LLMOBS_I_RESULT(name, value, text) \
    case value:                            \
        return text;
        LLMOBS_RESULTS(LLMOBS_I_RESULT)
#undef LLMOBS_I_RESULT
        default:
            return "unknown result";
    }
}

LLMOBS_API const char* llmobs_note_text(llmobs_note note)
{
    static const char* const texts[] = {
#define LLMOBS_I_NOTE(name, text) text,
        LLMOBS_NOTES(LLMOBS_I_NOTE)
#undef LLMOBS_I_NOTE
    };
    return (unsigned)note < (unsigned)LLMOBS_NOTE_COUNT ? texts[note] : "unknown note";
}

/* Counts what is to be told, and tells it: each kind at most once a second, with how often it
   happened. */
typedef struct llmobsi_notes {
    llmobs_note_fn tell;
    void* user;
    llmobsi_atomic64 count[LLMOBS_NOTE_COUNT];   /* any thread adds, the teller takes */
    llmobsi_atomic64 told_ns[LLMOBS_NOTE_COUNT]; /* the tellers: when it was last told */
} llmobsi_notes;

#define LLMOBS_I_NOTE_PAUSE_NS UINT64_C(1000000000)

/* Tells one kind if it is due. Two tellers at once: the exchange lets one have the count. */
llmobsi_fn void llmobsi_notes_tell(llmobsi_notes* notes, llmobs_note note, uint64_t now_ns)
{
    uint64_t last = llmobsi_load_relaxed(&notes->told_ns[note]);
    uint64_t count;
    if (notes->tell == NULL || llmobsi_load_relaxed(&notes->count[note]) == 0 ||
        (last != 0 && now_ns - last < LLMOBS_I_NOTE_PAUSE_NS)) {
        return;
    }
    llmobsi_store_relaxed(&notes->told_ns[note], now_ns);
    count = llmobsi_exchange_ordered(&notes->count[note], 0);
    if (count != 0) {
        notes->tell(notes->user, note, count, llmobs_note_text(note));
    }
}

/* Adds to a kind, to be told by the next llmobsi_notes_tell_all. */
llmobsi_fn void llmobsi_notes_add(llmobsi_notes* notes, llmobs_note note, uint64_t count)
{
    if (count != 0) {
        (void)llmobsi_add_relaxed(&notes->count[note], count);
    }
}

llmobsi_fn void llmobsi_notes_tell_all(llmobsi_notes* notes, uint64_t now_ns)
{
    int note;
    for (note = 0; note < (int)LLMOBS_NOTE_COUNT; note++) {
        llmobsi_notes_tell(notes, (llmobs_note)note, now_ns);
    }
}

/* =================================================================================================
 *  >>ledger                 core: what was recorded, exported and lost
 * ============================================================================================== */

LLMOBS_API const char* llmobs_drop_name(llmobs_drop drop)
{
    static const char* const names[] = {
#define LLMOBS_I_DROP(name, text) text,
        LLMOBS_DROPS(LLMOBS_I_DROP)
#undef LLMOBS_I_DROP
    };
    return (unsigned)drop < (unsigned)LLMOBS_DROP_COUNT ? names[drop] : "unknown";
}

LLMOBS_API const char* llmobs_loss_name(llmobs_loss loss)
{
    static const char* const names[] = {
#define LLMOBS_I_LOSS(name, text) text,
        LLMOBS_LOSSES(LLMOBS_I_LOSS)
#undef LLMOBS_I_LOSS
    };
    return (unsigned)loss < (unsigned)LLMOBS_LOSS_COUNT ? names[loss] : "unknown";
}

/* =================================================================================================
 *  >>text                   core: bounded writer, numbers, UTF-8
 * ============================================================================================== */

#if defined(__SSE2__) && !defined(LLMOBS_NO_SIMD)
#include <emmintrin.h>
#define LLMOBS_I_SSE2 1
#else
#define LLMOBS_I_SSE2 0
#endif

/* Text out: a bounded writer, numbers, hexadecimal, UTF-8. No locale, no allocation, no stdio.
   put_...    writes to a llmobsi_writer, which checks for room and flushes.
   append_... writes at a cursor where the caller has made sure of the room, and returns its new
              place. Up to 7 bytes after it may be overwritten: numbers are stored eight bytes at
              a time. */

#define LLMOBS_I_APPEND_SLACK 8u
#define LLMOBS_I_U64_ROOM (20u + LLMOBS_I_APPEND_SLACK)    /* 18446744073709551615          */
#define LLMOBS_I_I64_ROOM (20u + LLMOBS_I_APPEND_SLACK)    /* -9223372036854775808          */
#define LLMOBS_I_DOUBLE_DIGITS 17u                         /* at most, and all are copied   */
#define LLMOBS_I_DOUBLE_ROOM 48u                           /* -0.0000012345678901234567, say */

/* ---- the writer ---------------------------------------------------------------------------- */

/* The least buffer of a writer that flushes: encoders ask for no more room than this at a time. */
#define LLMOBS_I_WRITER_LEAST 512u
/* What encoders take of the stack. */
#define LLMOBS_I_WRITER_BUFFER 8192u

/* Fills a buffer of the caller's. With `write` it hands the buffer on whenever it is full; without,
   text that does not fit is a failure. A failed writer is empty and stays so: nobody takes a part
   for the whole. */
typedef struct llmobsi_writer {
    char* data;
    size_t capacity;
    size_t length;
    llmobs_write_fn write;
    void* user;
    bool failed;
} llmobsi_writer;

llmobsi_fn void llmobsi_writer_init(llmobsi_writer* writer, char* data, size_t capacity,
                                    llmobs_write_fn write, void* user)
{
    writer->data = data;
    writer->capacity = capacity;
    writer->length = 0;
    writer->write = write;
    writer->user = user;
    writer->failed = false;
}

llmobsi_cold void llmobsi_writer_fail(llmobsi_writer* writer)
{
    writer->failed = true;
    writer->length = 0;
}

llmobsi_fn void llmobsi_writer_flush(llmobsi_writer* writer)
{
    size_t length = writer->length;
    writer->length = 0;
    if (length > 0 && !writer->failed && !writer->write(writer->user, writer->data, length)) {
        llmobsi_writer_fail(writer);
    }
}

/* Flushes. False if anything was lost on the way. */
llmobsi_fn bool llmobsi_writer_finish(llmobsi_writer* writer)
{
    if (writer->write != NULL) {
        llmobsi_writer_flush(writer);
    }
    return !writer->failed;
}

llmobsi_cold void llmobsi_put_slow(llmobsi_writer* writer, const char* data, size_t size)
{
    if (writer->failed || size == 0) {
        return;
    }
    if (writer->write == NULL) {
        llmobsi_writer_fail(writer);
        return;
    }
    llmobsi_writer_flush(writer);
    if (writer->failed) {
        return;
    }
    if (size <= writer->capacity) {
        memcpy(writer->data, data, size);
        writer->length = size;
    } else if (!writer->write(writer->user, data, size)) { /* larger than the buffer: no copy */
        llmobsi_writer_fail(writer);
    }
}

llmobsi_inline void llmobsi_put(llmobsi_writer* writer, const char* data, size_t size)
{
    if (llmobsi_unlikely(size == 0 || writer->capacity - writer->length < size || writer->failed)) {
        llmobsi_put_slow(writer, data, size);
        return;
    }
    memcpy(writer->data + writer->length, data, size);
    writer->length += size;
}

#define llmobsi_put_text(writer, literal) llmobsi_put((writer), "" literal, sizeof(literal) - 1)

/* Where the text of a flushing writer ends is kept by the caller, in a register, while it appends:
   several times as fast as put_..., for which the compiler must assume that a stored char changes
   writer->length. */
llmobsi_fn char* llmobsi_writer_turn(llmobsi_writer* writer, char* cursor)
{
    writer->length = (size_t)(cursor - writer->data);
    llmobsi_writer_flush(writer);
    return writer->data;
}

/* A cursor with room for `size` bytes, at most LLMOBS_I_WRITER_LEAST. */
llmobsi_inline char* llmobsi_room(llmobsi_writer* writer, char* cursor, size_t size)
{
    LLMOBS_ASSERT(size <= writer->capacity && writer->write != NULL);
    if (llmobsi_unlikely((size_t)(writer->data + writer->capacity - cursor) < size)) {
        return llmobsi_writer_turn(writer, cursor);
    }
    return cursor;
}

#define llmobsi_append_text(cursor, literal) \
    ((char*)memcpy((cursor), "" literal, sizeof(literal) - 1) + (sizeof(literal) - 1))

/* ---- words of bytes: the first byte is the lowest, on every machine ------------------------ */

llmobsi_inline uint64_t llmobsi_load_le64(const void* bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

llmobsi_inline void llmobsi_store_le64(void* bytes, uint64_t word)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    memcpy(bytes, &word, sizeof(word));
}

/* The same byte eight times. */
#define LLMOBS_I_EACH_BYTE(byte) (UINT64_C(0x0101010101010101) * (byte))

/* ---- integers ------------------------------------------------------------------------------ */

/* The eight decimal digits of a number below 10^8 as bytes, most significant first. Halves twice:
   the reciprocals 10486 / 2^20 and 103 / 2^10 are exact for what they divide here. */
llmobsi_inline uint64_t llmobsi_eight_digits(uint32_t number)
{
    uint64_t fours = (uint64_t)(number / 10000) | (uint64_t)(number % 10000) << 32;
    uint64_t hundreds = (fours * 10486 >> 20) & UINT64_C(0x0000007f0000007f);
    uint64_t pairs = ((fours - hundreds * 100) << 16) + hundreds;
    uint64_t tens = (pairs * 103 >> 10) & UINT64_C(0x000f000f000f000f);
    return ((pairs - tens * 10) << 8) + tens;
}

/* Exactly eight digits, with leading zeros. */
llmobsi_inline char* llmobsi_append_eight_digits(char* cursor, uint32_t number)
{
    llmobsi_store_le64(cursor, llmobsi_eight_digits(number) + LLMOBS_I_EACH_BYTE('0'));
    return cursor + 8;
}

/* One to eight digits, without leading zeros. */
llmobsi_inline char* llmobsi_append_below_1e8(char* cursor, uint32_t number)
{
    uint64_t digits = llmobsi_eight_digits(number);
    /* The last digit stays whatever it is: a mark in it ends the count of zeros. */
    unsigned zeros = (unsigned)__builtin_ctzll(digits | UINT64_C(1) << 56) / 8;
    llmobsi_store_le64(cursor, (digits + LLMOBS_I_EACH_BYTE('0')) >> (zeros * 8));
    return cursor + (8 - zeros);
}

/* LLMOBS_I_U64_ROOM bytes must be free. */
llmobsi_inline char* llmobsi_append_u64(char* cursor, uint64_t number)
{
    uint64_t upper;
    if (number < 100000000) {
        return llmobsi_append_below_1e8(cursor, (uint32_t)number);
    }
    upper = number / 100000000;
    if (upper < 100000000) {
        cursor = llmobsi_append_below_1e8(cursor, (uint32_t)upper);
    } else {
        cursor = llmobsi_append_below_1e8(cursor, (uint32_t)(upper / 100000000));
        cursor = llmobsi_append_eight_digits(cursor, (uint32_t)(upper % 100000000));
    }
    return llmobsi_append_eight_digits(cursor, (uint32_t)(number % 100000000));
}

/* LLMOBS_I_I64_ROOM bytes must be free. */
llmobsi_inline char* llmobsi_append_i64(char* cursor, int64_t number)
{
    uint64_t magnitude = (uint64_t)number;
    if (number < 0) {
        *cursor++ = '-';
        magnitude = 0 - magnitude; /* also right for INT64_MIN */
    }
    return llmobsi_append_u64(cursor, magnitude);
}

llmobsi_fn void llmobsi_put_u64(llmobsi_writer* writer, uint64_t number)
{
    char text[LLMOBS_I_U64_ROOM];
    llmobsi_put(writer, text, (size_t)(llmobsi_append_u64(text, number) - text));
}

llmobsi_fn void llmobsi_put_i64(llmobsi_writer* writer, int64_t number)
{
    char text[LLMOBS_I_I64_ROOM];
    llmobsi_put(writer, text, (size_t)(llmobsi_append_i64(text, number) - text));
}

/* ---- hexadecimal --------------------------------------------------------------------------- */

/* Eight lower-case digits for four bytes. */
llmobsi_inline void llmobsi_hex_of_4(char* out, const uint8_t* bytes)
{
    uint64_t spread = (uint64_t)bytes[0] | (uint64_t)bytes[1] << 16 | (uint64_t)bytes[2] << 32 |
                      (uint64_t)bytes[3] << 48;
    uint64_t nibbles = ((spread >> 4) & UINT64_C(0x000f000f000f000f)) |
                       (spread & UINT64_C(0x000f000f000f000f)) << 8;
    uint64_t letters = ((nibbles + LLMOBS_I_EACH_BYTE(6)) >> 4) & LLMOBS_I_EACH_BYTE(1);
    llmobsi_store_le64(out, nibbles + LLMOBS_I_EACH_BYTE('0') + letters * ('a' - '9' - 1));
}

/* Sixteen for eight. */
llmobsi_inline void llmobsi_hex_of_8(char* out, const uint8_t* bytes)
{
#if LLMOBS_I_SSE2
    __m128i low_four = _mm_set1_epi8(0x0f);
    __m128i both = _mm_loadl_epi64((const __m128i*)(const void*)bytes);
    __m128i upper = _mm_and_si128(_mm_srli_epi16(both, 4), low_four);
    __m128i nibbles = _mm_unpacklo_epi8(upper, _mm_and_si128(both, low_four));
    __m128i letters = _mm_cmpgt_epi8(nibbles, _mm_set1_epi8(9));
    __m128i digits = _mm_add_epi8(nibbles, _mm_set1_epi8('0'));
    digits = _mm_add_epi8(digits, _mm_and_si128(letters, _mm_set1_epi8('a' - '9' - 1)));
    _mm_storeu_si128((__m128i*)(void*)out, digits);
#else
    llmobsi_hex_of_4(out, bytes);
    llmobsi_hex_of_4(out + 8, bytes + 4);
#endif
}

/* Two digits a byte; 2 * size bytes must be free. */
llmobsi_inline char* llmobsi_append_hex(char* cursor, const uint8_t* bytes, size_t size)
{
    size_t i = 0;
    for (; i + 8 <= size; i += 8) {
        llmobsi_hex_of_8(cursor, bytes + i);
        cursor += 16;
    }
    for (; i < size; i++) {
        *cursor++ = "0123456789abcdef"[bytes[i] >> 4];
        *cursor++ = "0123456789abcdef"[bytes[i] & 15];
    }
    return cursor;
}

llmobsi_fn void llmobsi_put_hex(llmobsi_writer* writer, const uint8_t* bytes, size_t size)
{
    char text[64];
    while (size > 0) {
        size_t piece = size < sizeof(text) / 2 ? size : sizeof(text) / 2;
        llmobsi_put(writer, text, (size_t)(llmobsi_append_hex(text, bytes, piece) - text));
        bytes += piece;
        size -= piece;
    }
}

/* 0 to 15 for a lower-case hexadecimal digit, else -1 (W3C headers allow no upper case). */
llmobsi_inline int llmobsi_hex_value(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* ---- doubles ----------------------------------------------------------------------------------

   The shortest decimal that reads back to the same double, and of those the closest to it:
   Raffaello Giulietti's Schubfach (2020). It needs 10^e to 128 bits for e from -292 to 324. That
   table would be 10 KB, so each entry is made when needed from one of 24 powers of 5 to 192 bits
   and one of 27 exact ones. */

/* All that is asked of a double is asked of its bits: with -ffast-math even a NaN equals itself. */
llmobsi_inline uint64_t llmobsi_double_bits(double number)
{
    uint64_t bits;
    memcpy(&bits, &number, sizeof(bits));
    return bits;
}

llmobsi_inline double llmobsi_double_of(uint64_t bits)
{
    double number;
    memcpy(&number, &bits, sizeof(number));
    return number;
}

#define LLMOBS_I_DOUBLE_FRACTION UINT64_C(0x000fffffffffffff)
#define LLMOBS_I_DOUBLE_INFINITY UINT64_C(0x7ff0000000000000)

llmobsi_inline bool llmobsi_double_is_finite(double number)
{
    return (llmobsi_double_bits(number) & LLMOBS_I_DOUBLE_INFINITY) != LLMOBS_I_DOUBLE_INFINITY;
}

/* a * b; the upper half is returned. */
llmobsi_inline uint64_t llmobsi_multiply(uint64_t a, uint64_t b, uint64_t* lower)
{
#if defined(__SIZEOF_INT128__) && !defined(LLMOBS_NO_INT128)
    __extension__ typedef unsigned __int128 llmobsi_u128;
    llmobsi_u128 product = (llmobsi_u128)a * b;
    *lower = (uint64_t)product;
    return (uint64_t)(product >> 64);
#else
    uint64_t a_low = (uint32_t)a, a_high = a >> 32, b_low = (uint32_t)b, b_high = b >> 32;
    uint64_t low = a_low * b_low;
    uint64_t middle = a_high * b_low + (low >> 32); /* neither sum can overflow */
    uint64_t other = a_low * b_high + (uint32_t)middle;
    *lower = other << 32 | (uint32_t)low;
    return a_high * b_high + (middle >> 32) + (other >> 32);
#endif
}

/* The exponents that the table below begins with, and goes up by. */
#define LLMOBS_I_POWER_FIRST (-297)
#define LLMOBS_I_POWER_STEP 27

/* The top 192 bits of 5^-297, 5^-270, ... 5^324, rounded down. */
static const uint64_t llmobsi_power_bases[24][3] = {
    {UINT64_C(0xa76c582338ed2621), UINT64_C(0xaf2af2b80af6f24e), UINT64_C(0x657c8f4d43323a36)},
    {UINT64_C(0x873e4f75e2224e68), UINT64_C(0x5a7744a6e804a291), UINT64_C(0xcc35eddfcf0996d7)},
    {UINT64_C(0xda7f5bf590966848), UINT64_C(0xaf39a475506a899e), UINT64_C(0xa30294cc2934e662)},
    {UINT64_C(0xb080392cc4349dec), UINT64_C(0xbd8d794d96aacfb3), UINT64_C(0xfe13a5c86af64418)},
    {UINT64_C(0x8e938662882af53e), UINT64_C(0x547eb47b7282ee9c), UINT64_C(0x41b0230e1421487d)},
    {UINT64_C(0xe65829b3046b0afa), UINT64_C(0x0cb4a5a3112a5112), UINT64_C(0xa3b561b1cb208396)},
    {UINT64_C(0xba121a4650e4ddeb), UINT64_C(0x92f34d62616ce413), UINT64_C(0x21a0183e10583cd3)},
    {UINT64_C(0x964e858c91ba2655), UINT64_C(0x3a6a07f8d510f86f), UINT64_C(0xe9082f25e9c5e9ec)},
    {UINT64_C(0xf2d56790ab41c2a2), UINT64_C(0xfae27299423fb9c3), UINT64_C(0x3695dad7e8858901)},
    {UINT64_C(0xc428d05aa4751e4c), UINT64_C(0xaa97e14c3c26b886), UINT64_C(0x96842dc95323f5a8)},
    {UINT64_C(0x9e74d1b791e07e48), UINT64_C(0x775ea264cf55347d), UINT64_C(0xca49f1c05120c9c7)},
    {UINT64_C(0x8000000000000000), UINT64_C(0x0000000000000000), UINT64_C(0x0000000000000000)},
    {UINT64_C(0xcecb8f27f4200f3a), UINT64_C(0x0000000000000000), UINT64_C(0x0000000000000000)},
    {UINT64_C(0xa70c3c40a64e6c51), UINT64_C(0x999090b65f67d924), UINT64_C(0x0000000000000000)},
    {UINT64_C(0x86f0ac99b4e8dafd), UINT64_C(0x69a028bb3ded71a3), UINT64_C(0xdf9f915627c04e28)},
    {UINT64_C(0xda01ee641a708de9), UINT64_C(0xe80e6f4820cc9495), UINT64_C(0xd74baad03bc1d8d3)},
    {UINT64_C(0xb01ae745b101e9e4), UINT64_C(0x5ec05dcff72e7f8f), UINT64_C(0xc04c79ffe324301f)},
    {UINT64_C(0x8e41ade9fbebc27d), UINT64_C(0x14588f13be847307), UINT64_C(0x23bd6a2059c002f5)},
    {UINT64_C(0xe5d3ef282a242e81), UINT64_C(0x8f1668c8a86da5fa), UINT64_C(0xf0b5ccf5176ecc7c)},
    {UINT64_C(0xb9a74a0637ce2ee1), UINT64_C(0x6d953e2bd7173692), UINT64_C(0x88efb0037ac08bde)},
    {UINT64_C(0x95f83d0a1fb69cd9), UINT64_C(0x4abdaf101564f98e), UINT64_C(0x0d5a4af7b3a98e47)},
    {UINT64_C(0xf24a01a73cf2dccf), UINT64_C(0xbc633b39673c8cec), UINT64_C(0x3d9c44cd2f36917c)},
    {UINT64_C(0xc3b8358109e84f07), UINT64_C(0x0a862f80ec4700c8), UINT64_C(0x02606ea01029dc37)},
    {UINT64_C(0x9e19db92b4e31ba9), UINT64_C(0x6c07a2c26a8346d1), UINT64_C(0x4944d9f52cd0dec2)},
};

static const uint64_t llmobsi_powers_of_5[LLMOBS_I_POWER_STEP] = {
    UINT64_C(1), UINT64_C(5), UINT64_C(25), UINT64_C(125), UINT64_C(625), UINT64_C(3125),
    UINT64_C(15625), UINT64_C(78125), UINT64_C(390625), UINT64_C(1953125), UINT64_C(9765625),
    UINT64_C(48828125), UINT64_C(244140625), UINT64_C(1220703125), UINT64_C(6103515625),
    UINT64_C(30517578125), UINT64_C(152587890625), UINT64_C(762939453125),
    UINT64_C(3814697265625), UINT64_C(19073486328125), UINT64_C(95367431640625),
    UINT64_C(476837158203125), UINT64_C(2384185791015625), UINT64_C(11920928955078125),
    UINT64_C(59604644775390625), UINT64_C(298023223876953125), UINT64_C(1490116119384765625),
};

typedef struct llmobsi_power {
    uint64_t high;
    uint64_t low;
} llmobsi_power;

/* 10^exponent, scaled by a power of two to 128 bits with the top one set, and rounded up. The test
   computes all 617 in another way and compares. */
llmobsi_fn llmobsi_power llmobsi_power_of_10(int exponent)
{
    unsigned offset = (unsigned)(exponent - LLMOBS_I_POWER_FIRST);
    const uint64_t* base;
    uint64_t factor, word[4], low, carry;
    llmobsi_power power;
    unsigned zeros;
    if (exponent >= 0 && exponent < LLMOBS_I_POWER_STEP) { /* of numbers from 10^-10 to 10^16 */
        factor = llmobsi_powers_of_5[exponent];
        power.high = factor << __builtin_clzll(factor);
        power.low = 0;
        return power;
    }
    base = llmobsi_power_bases[offset / LLMOBS_I_POWER_STEP];
    factor = llmobsi_powers_of_5[offset % LLMOBS_I_POWER_STEP];
    /* 192 bits times 64: word[0] is the lowest. */
    word[1] = llmobsi_multiply(base[2], factor, &word[0]);
    word[2] = llmobsi_multiply(base[1], factor, &low);
    word[1] += low;
    word[2] += word[1] < low;
    word[3] = llmobsi_multiply(base[0], factor, &low);
    word[2] += low;
    carry = word[2] < low;
    word[3] += carry;
    if (word[3] == 0) { /* the factor is 1 */
        power.high = word[2];
        power.low = word[1];
    } else {
        zeros = (unsigned)__builtin_clzll(word[3]);
        power.high = zeros == 0 ? word[3] : word[3] << zeros | word[2] >> (64 - zeros);
        power.low = zeros == 0 ? word[2] : word[2] << zeros | word[1] >> (64 - zeros);
    }
    if (exponent < 0 || exponent > 55) { /* 5^55 is the last that 128 bits hold exactly */
        power.low++; /* never all ones before: the test has seen every one */
    }
    return power;
}

/* power * number / 2^128, with the lowest bit set if anything was cut off. */
llmobsi_inline uint64_t llmobsi_round_to_odd(llmobsi_power power, uint64_t number)
{
    uint64_t low, middle, unused;
    uint64_t from_low = llmobsi_multiply(power.low, number, &unused);
    uint64_t high = llmobsi_multiply(power.high, number, &low);
    middle = low + from_low;
    high += middle < low;
    return high | (middle > 1); /* 1 may come from the power's own rounding */
}

/* A positive finite number as digits * 10^exponent. */
typedef struct llmobsi_decimal {
    uint64_t digits;
    int exponent;
} llmobsi_decimal;

/* Schubfach for significand * 2^exponent. `lower_is_near`: the next smaller double is half as far
   away as the next larger one, which is so at powers of two. */
llmobsi_fn llmobsi_decimal llmobsi_shortest(uint64_t significand, int exponent, bool lower_is_near)
{
    /* floor(log10(2^exponent)), or of 3/4 of it; then floor(log2(10^-k)), in fixed point */
    int k = (exponent * 1262611 - (lower_is_near ? 524031 : 0)) >> 22;
    int shift = exponent + ((-k * 1741647) >> 19) + 1;
    llmobsi_power power = llmobsi_power_of_10(-k);
    uint64_t odd = significand & 1; /* the interval's ends read back only to an even significand */
    uint64_t four = 4 * significand;
    uint64_t lower = llmobsi_round_to_odd(power, (four - (lower_is_near ? 1 : 2)) << shift);
    uint64_t value = llmobsi_round_to_odd(power, four << shift);
    uint64_t upper = llmobsi_round_to_odd(power, (four + 2) << shift);
    llmobsi_decimal decimal;
    uint64_t whole = value / 4;
    lower += odd;
    upper -= odd;
    decimal.exponent = k;
    if (whole >= 10) { /* one digit less? at most one such number lies in the interval */
        uint64_t tens = whole / 10;
        bool below = lower <= 40 * tens;
        bool above = 40 * tens + 40 <= upper;
        if (below != above) {
            decimal.digits = tens + above;
            decimal.exponent = k + 1;
            return decimal;
        }
    }
    {
        bool below = lower <= 4 * whole;
        bool above = 4 * whole + 4 <= upper;
        uint64_t middle = 4 * whole + 2;
        bool up = below != above ? above : value > middle || (value == middle && (whole & 1) != 0);
        decimal.digits = whole + up;
    }
    return decimal;
}

/* The digits with the point where it belongs: 12300, 12.3, 0.00123; beyond what is good to read,
   1.23e-7 (the borders are JavaScript's). Copies are of fixed size: some bytes too many are cheaper
   than a call. */
llmobsi_fn char* llmobsi_append_decimal(char* cursor, llmobsi_decimal decimal)
{
    char text[2 * LLMOBS_I_DOUBLE_DIGITS + LLMOBS_I_APPEND_SLACK];
    int count, point, before;
    bool scientific;
    while (decimal.digits % 100000000 == 0) {
        decimal.digits /= 100000000;
        decimal.exponent += 8;
    }
    count = (int)(llmobsi_append_u64(text, decimal.digits) - text);
    point = count + decimal.exponent; /* so many digits stand before the point */
    count -= __builtin_clzll(llmobsi_eight_digits((uint32_t)(decimal.digits % 100000000))) / 8;
    scientific = point < -5 || point > 21;
    before = scientific ? 1 : point;
    if (before <= 0) {
        memcpy(cursor, "0.000000", 8);
        memcpy(cursor + 2 - before, text, LLMOBS_I_DOUBLE_DIGITS);
        cursor += 2 - before + count;
    } else if (before >= count) {
        memcpy(cursor, text, (size_t)count);
        memset(cursor + count, '0', (size_t)(before - count));
        cursor += before;
    } else {
        memcpy(cursor, text, LLMOBS_I_DOUBLE_DIGITS);
        cursor[before] = '.';
        memcpy(cursor + before + 1, text + before, LLMOBS_I_DOUBLE_DIGITS);
        cursor += count + 1;
    }
    if (scientific) {
        *cursor++ = 'e';
        cursor = llmobsi_append_i64(cursor, point - 1);
    }
    return cursor;
}

/* Bare NaN, Infinity and -Infinity are no numbers in most formats: ask llmobsi_double_is_finite
   first. LLMOBS_I_DOUBLE_ROOM bytes must be free. */
llmobsi_fn char* llmobsi_append_double(char* cursor, double number)
{
    uint64_t bits = llmobsi_double_bits(number);
    uint64_t fraction = bits & LLMOBS_I_DOUBLE_FRACTION;
    int biased = (int)(bits >> 52 & 0x7ff);
    if (biased == 0x7ff && fraction != 0) {
        return llmobsi_append_text(cursor, "NaN");
    }
    if (bits >> 63 != 0) {
        *cursor++ = '-';
    }
    if (biased == 0x7ff) {
        return llmobsi_append_text(cursor, "Infinity");
    }
    if (biased == 0) {
        if (fraction == 0) {
            /* Many readers take -0 for an integer, which has no sign. */
            return bits >> 63 != 0 ? llmobsi_append_text(cursor, "0.0")
                                   : llmobsi_append_text(cursor, "0");
        }
        return llmobsi_append_decimal(cursor, llmobsi_shortest(fraction, -1074, false));
    }
    {
        uint64_t significand = fraction | (LLMOBS_I_DOUBLE_FRACTION + 1);
        int exponent = biased - 1075;
        bool lower_is_near = fraction == 0 && biased > 1;
        /* An integer below 2^53: it is its own shortest text. */
        if (exponent <= 0 && exponent > -53 &&
            (significand & ((UINT64_C(1) << -exponent) - 1)) == 0) {
            return llmobsi_append_u64(cursor, significand >> -exponent);
        }
        return llmobsi_append_decimal(cursor,
                                      llmobsi_shortest(significand, exponent, lower_is_near));
    }
}

llmobsi_fn void llmobsi_put_double(llmobsi_writer* writer, double number)
{
    char text[LLMOBS_I_DOUBLE_ROOM];
    llmobsi_put(writer, text, (size_t)(llmobsi_append_double(text, number) - text));
}

/* ---- UTF-8 ------------------------------------------------------------------------------------

   Text falls into segments: a well-formed code point, or a "maximal subpart" of one (Unicode 15,
   3.9), which is as many bytes as could begin one. Each of the latter is one error, as browsers and
   Python have it. A segment begins at every byte that is no continuation byte, so a border can be
   found from anywhere. */

#define LLMOBS_I_REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* The size of the segment that data begins with (size > 0): 1 to 4. */
llmobsi_fn size_t llmobsi_utf8_segment(const char* data, size_t size, bool* valid)
{
    const uint8_t* bytes = (const uint8_t*)data;
    uint8_t lead = bytes[0], least = 0x80, most = 0xbf; /* what the second byte may be */
    size_t need, i;
    *valid = lead < 0x80;
    if (lead < 0xc2 || lead > 0xf4) { /* ASCII, a stray continuation, overlong, too large */
        return 1;
    }
    need = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (lead == 0xe0) {
        least = 0xa0; /* below: overlong */
    } else if (lead == 0xed) {
        most = 0x9f; /* above: surrogates */
    } else if (lead == 0xf0) {
        least = 0x90; /* below: overlong */
    } else if (lead == 0xf4) {
        most = 0x8f; /* above U+10FFFF */
    }
    for (i = 1; i < need; i++) {
        if (i >= size || bytes[i] < least || bytes[i] > most) {
            return i;
        }
        least = 0x80;
        most = 0xbf;
    }
    *valid = true;
    return need;
}

/* Whether data begins with three bytes that are a code point at first sight: most of Asia's. */
llmobsi_inline bool llmobsi_utf8_is_plain_three(const char* data, size_t size)
{
    uint8_t lead = (uint8_t)data[0];
    return size >= 3 && lead >= 0xe3 && lead <= 0xef && lead != 0xed &&
           ((uint8_t)data[1] & 0xc0) == 0x80 && ((uint8_t)data[2] & 0xc0) == 0x80;
}

/* How many bytes at the front are ASCII. */
llmobsi_inline size_t llmobsi_ascii_run(const char* data, size_t size)
{
    size_t i = 0;
    for (; i + 32 <= size; i += 32) {
        uint64_t all = llmobsi_load_le64(data + i) | llmobsi_load_le64(data + i + 8) |
                       llmobsi_load_le64(data + i + 16) | llmobsi_load_le64(data + i + 24);
        if ((all & LLMOBS_I_EACH_BYTE(0x80)) != 0) {
            break;
        }
    }
    for (; i + 8 <= size; i += 8) {
        uint64_t others = llmobsi_load_le64(data + i) & LLMOBS_I_EACH_BYTE(0x80);
        if (others != 0) {
            return i + (size_t)__builtin_ctzll(others) / 8;
        }
    }
    while (i < size && (data[i] & 0x80) == 0) {
        i++;
    }
    return i;
}

/* How many bytes at the front are valid UTF-8. */
llmobsi_fn size_t llmobsi_utf8_valid_size(const char* data, size_t size)
{
    size_t i = 0;
    bool valid = true;
    while (i < size) {
        if ((data[i] & 0x80) == 0) {
            i += llmobsi_ascii_run(data + i, size - i);
        } else if (llmobsi_utf8_is_plain_three(data + i, size - i)) {
            i += 3;
        } else {
            size_t segment = llmobsi_utf8_segment(data + i, size - i, &valid);
            if (!valid) {
                break;
            }
            i += segment;
        }
    }
    return i;
}

llmobsi_fn bool llmobsi_utf8_is_valid(const char* data, size_t size)
{
    return llmobsi_utf8_valid_size(data, size) == size;
}

/* The largest size up to `limit` that parts no code point (nor, in malformed text, a segment). */
llmobsi_fn size_t llmobsi_utf8_cut(const char* data, size_t size, size_t limit)
{
    size_t back;
    if (size <= limit) {
        return size;
    }
    for (back = 1; back <= 3 && back <= limit; back++) {
        if (((uint8_t)data[limit - back] & 0xc0) != 0x80) { /* the last segment's first byte */
            bool valid;
            size_t start = limit - back;
            size_t segment = llmobsi_utf8_segment(data + start, size - start, &valid);
            return start + segment > limit ? start : limit;
        }
    }
    return limit; /* stray continuation bytes: each is a segment */
}

/* Copies the text with U+FFFD for each malformed segment: at most three times as long. What
   does not fit `capacity` is left out, from a code point border on. Returns the bytes written;
   `data` may be NULL when `size` is 0. */
llmobsi_fn size_t llmobsi_utf8_repair(char* out, size_t capacity, const char* data, size_t size)
{
    size_t written = 0, i = 0;
    while (i < size) {
        size_t good = llmobsi_utf8_valid_size(data + i, size - i);
        size_t fits = llmobsi_utf8_cut(data + i, good, capacity - written);
        bool valid;
        if (fits > 0) {
            memcpy(out + written, data + i, fits);
        }
        written += fits;
        i += good;
        if (fits < good || i == size || capacity - written < sizeof(LLMOBS_I_REPLACEMENT) - 1) {
            break;
        }
        (void)llmobsi_append_text(out + written, LLMOBS_I_REPLACEMENT);
        written += sizeof(LLMOBS_I_REPLACEMENT) - 1;
        i += llmobsi_utf8_segment(data + i, size - i, &valid);
    }
    return written;
}

/* =================================================================================================
 *  >>json                   core: JSON text
 * ============================================================================================== */

/* JSON out. Strings are quoted and made harmless: what could end a line, a string or a
   terminal's good order is escaped, malformed UTF-8 becomes U+FFFD, all else stays as it is.
   Reading them gives back the same text. */

/* ---- ASCII --------------------------------------------------------------------------------- */

/* What each ASCII byte becomes: up to seven bytes of text, then their number. Dense specials go
   through here without a branch. */
#define LLMOBS_I_JSON_CODE(digits) "\\u00" digits "\0\6"
#define LLMOBS_I_JSON_PAIR(letter) "\\" letter "\0\0\0\0\0\2"
#define LLMOBS_I_JSON_SAME(byte) byte "\0\0\0\0\0\0\1"
#define LLMOBS_I_JSON_SAME4(a, b, c, d)                                                            \
    LLMOBS_I_JSON_SAME(a) LLMOBS_I_JSON_SAME(b) LLMOBS_I_JSON_SAME(c) LLMOBS_I_JSON_SAME(d)
#define LLMOBS_I_JSON_CODE4(row, a, b, c, d)                                                       \
    LLMOBS_I_JSON_CODE(row a) LLMOBS_I_JSON_CODE(row b) LLMOBS_I_JSON_CODE(row c)                  \
    LLMOBS_I_JSON_CODE(row d)

static const char llmobsi_json_ascii[128 * 8 + 1] =
    LLMOBS_I_JSON_CODE4("0", "0", "1", "2", "3") LLMOBS_I_JSON_CODE4("0", "4", "5", "6", "7")
    LLMOBS_I_JSON_PAIR("b") LLMOBS_I_JSON_PAIR("t") LLMOBS_I_JSON_PAIR("n")
    LLMOBS_I_JSON_CODE("0b") LLMOBS_I_JSON_PAIR("f") LLMOBS_I_JSON_PAIR("r")
    LLMOBS_I_JSON_CODE("0e") LLMOBS_I_JSON_CODE("0f")
    LLMOBS_I_JSON_CODE4("1", "0", "1", "2", "3") LLMOBS_I_JSON_CODE4("1", "4", "5", "6", "7")
    LLMOBS_I_JSON_CODE4("1", "8", "9", "a", "b") LLMOBS_I_JSON_CODE4("1", "c", "d", "e", "f")
    LLMOBS_I_JSON_SAME(" ") LLMOBS_I_JSON_SAME("!") LLMOBS_I_JSON_PAIR("\"") LLMOBS_I_JSON_SAME("#")
    LLMOBS_I_JSON_SAME4("$", "%", "&", "'") LLMOBS_I_JSON_SAME4("(", ")", "*", "+")
    LLMOBS_I_JSON_SAME4(",", "-", ".", "/") LLMOBS_I_JSON_SAME4("0", "1", "2", "3")
    LLMOBS_I_JSON_SAME4("4", "5", "6", "7") LLMOBS_I_JSON_SAME4("8", "9", ":", ";")
    LLMOBS_I_JSON_SAME4("<", "=", ">", "?") LLMOBS_I_JSON_SAME4("@", "A", "B", "C")
    LLMOBS_I_JSON_SAME4("D", "E", "F", "G") LLMOBS_I_JSON_SAME4("H", "I", "J", "K")
    LLMOBS_I_JSON_SAME4("L", "M", "N", "O") LLMOBS_I_JSON_SAME4("P", "Q", "R", "S")
    LLMOBS_I_JSON_SAME4("T", "U", "V", "W") LLMOBS_I_JSON_SAME4("X", "Y", "Z", "[")
    LLMOBS_I_JSON_PAIR("\\") LLMOBS_I_JSON_SAME("]") LLMOBS_I_JSON_SAME("^") LLMOBS_I_JSON_SAME("_")
    LLMOBS_I_JSON_SAME4("`", "a", "b", "c") LLMOBS_I_JSON_SAME4("d", "e", "f", "g")
    LLMOBS_I_JSON_SAME4("h", "i", "j", "k") LLMOBS_I_JSON_SAME4("l", "m", "n", "o")
    LLMOBS_I_JSON_SAME4("p", "q", "r", "s") LLMOBS_I_JSON_SAME4("t", "u", "v", "w")
    LLMOBS_I_JSON_SAME4("x", "y", "z", "{") LLMOBS_I_JSON_SAME("|") LLMOBS_I_JSON_SAME("}")
    LLMOBS_I_JSON_SAME("~") LLMOBS_I_JSON_CODE("7f");

llmobsi_inline char* llmobsi_json_ascii_byte(char* out, char byte)
{
    const char* entry = llmobsi_json_ascii + (size_t)(uint8_t)byte * 8;
    memcpy(out, entry, 8);
    return out + entry[7];
}

/* ---- clean text ---------------------------------------------------------------------------- */

/* Bit 7 of each byte that can't be copied as it is: below 0x20, '"', '\\', 0x7f and above. No sum
   here carries into the next byte. */
llmobsi_inline uint64_t llmobsi_json_dirty8(uint64_t word)
{
    uint64_t low = word & LLMOBS_I_EACH_BYTE(0x7f);
    uint64_t printable = low + LLMOBS_I_EACH_BYTE(0x60);
    uint64_t no_quote = (low ^ LLMOBS_I_EACH_BYTE('"')) + LLMOBS_I_EACH_BYTE(0x7f);
    uint64_t no_backslash = (low ^ LLMOBS_I_EACH_BYTE('\\')) + LLMOBS_I_EACH_BYTE(0x7f);
    uint64_t is_delete = low + LLMOBS_I_EACH_BYTE(1);
    return (word | is_delete | ~(printable & no_quote & no_backslash)) & LLMOBS_I_EACH_BYTE(0x80);
}

/* Copies eight bytes; returns how many at the front are clean. */
llmobsi_inline size_t llmobsi_json_copy8(char* out, const char* data)
{
    uint64_t word = llmobsi_load_le64(data);
    uint64_t dirty = llmobsi_json_dirty8(word);
    llmobsi_store_le64(out, word);
    return dirty == 0 ? 8 : (size_t)__builtin_ctzll(dirty) / 8;
}

#if LLMOBS_I_SSE2
/* The same for sixteen. One signed comparison finds controls, 0x7f and all above: one more than
   0x7f is negative. (0xff is one less than 0.) */
llmobsi_inline __m128i llmobsi_json_dirty16(__m128i bytes)
{
    __m128i odd = _mm_cmplt_epi8(_mm_add_epi8(bytes, _mm_set1_epi8(1)), _mm_set1_epi8(0x21));
    __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
    __m128i backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
    return _mm_or_si128(odd, _mm_or_si128(quote, backslash));
}

llmobsi_inline size_t llmobsi_json_copy16(char* out, const char* data)
{
    __m128i bytes = _mm_loadu_si128((const __m128i*)(const void*)data);
    unsigned dirty = (unsigned)_mm_movemask_epi8(llmobsi_json_dirty16(bytes));
    _mm_storeu_si128((__m128i*)(void*)out, bytes);
    return dirty == 0 ? 16 : (size_t)__builtin_ctz(dirty);
}

/* Copies blocks of 64 as long as they are clean. */
llmobsi_inline size_t llmobsi_json_copy_blocks(char* out, const char* data, size_t size)
{
    size_t i = 0;
    for (; i + 64 <= size; i += 64) {
        const __m128i* from = (const __m128i*)(const void*)(data + i);
        __m128i* to = (__m128i*)(void*)(out + i);
        __m128i a = _mm_loadu_si128(from), b = _mm_loadu_si128(from + 1);
        __m128i c = _mm_loadu_si128(from + 2), d = _mm_loadu_si128(from + 3);
        __m128i dirty_ab = _mm_or_si128(llmobsi_json_dirty16(a), llmobsi_json_dirty16(b));
        __m128i dirty_cd = _mm_or_si128(llmobsi_json_dirty16(c), llmobsi_json_dirty16(d));
        if (_mm_movemask_epi8(_mm_or_si128(dirty_ab, dirty_cd)) != 0) {
            break;
        }
        _mm_storeu_si128(to, a);
        _mm_storeu_si128(to + 1, b);
        _mm_storeu_si128(to + 2, c);
        _mm_storeu_si128(to + 3, d);
    }
    return i;
}
#else
llmobsi_inline size_t llmobsi_json_copy16(char* out, const char* data)
{
    size_t clean = llmobsi_json_copy8(out, data);
    return clean < 8 ? clean : 8 + llmobsi_json_copy8(out + 8, data + 8);
}

llmobsi_inline size_t llmobsi_json_copy_blocks(char* out, const char* data, size_t size)
{
    size_t i = 0;
    for (; i + 32 <= size; i += 32) {
        uint64_t a = llmobsi_load_le64(data + i), b = llmobsi_load_le64(data + i + 8);
        uint64_t c = llmobsi_load_le64(data + i + 16), d = llmobsi_load_le64(data + i + 24);
        if ((llmobsi_json_dirty8(a) | llmobsi_json_dirty8(b) | llmobsi_json_dirty8(c) |
             llmobsi_json_dirty8(d)) != 0) {
            break;
        }
        llmobsi_store_le64(out + i, a);
        llmobsi_store_le64(out + i + 8, b);
        llmobsi_store_le64(out + i + 16, c);
        llmobsi_store_le64(out + i + 24, d);
    }
    return i;
}
#endif

/* Copies at most `size` bytes as long as they are clean, and returns their number. Writes no
   further than out[size - 1]. A last part of less than a word is done as a whole word that begins
   earlier: the bytes before it are known to be clean. */
llmobsi_inline size_t llmobsi_json_copy_clean(char* out, const char* data, size_t size)
{
    size_t i = 0, clean, last;
    if (size >= 16) {
        if (size >= 64) {
            i = llmobsi_json_copy_blocks(out, data, size);
        }
        for (; i + 16 <= size; i += 16) {
            clean = llmobsi_json_copy16(out + i, data + i);
            if (clean < 16) {
                return i + clean;
            }
        }
        last = size - 16;
        return i == size ? size : last + llmobsi_json_copy16(out + last, data + last);
    }
    if (size >= 8) {
        clean = llmobsi_json_copy8(out, data);
        last = size - 8;
        return clean < 8 ? clean : last + llmobsi_json_copy8(out + last, data + last);
    }
    for (; i < size; i++) {
        uint8_t byte = (uint8_t)data[i];
        if (byte < 0x20 || byte >= 0x7f || byte == '"' || byte == '\\') {
            break;
        }
        out[i] = (char)byte;
    }
    return i;
}

/* ---- other scripts ------------------------------------------------------------------------- */

/* A code point above ASCII that would harm a log or its reader: C1 controls, line and paragraph
   separators, and the marks that reorder text on the screen. 0 if this one is none of them. */
llmobsi_fn uint32_t llmobsi_json_harmful(const char* data, size_t size)
{
    const uint8_t* bytes = (const uint8_t*)data;
    uint32_t point;
    if (size == 2) {
        point = (uint32_t)(bytes[0] & 0x1f) << 6 | (bytes[1] & 0x3f);
        return (point >= 0x80 && point <= 0x9f) || point == 0x61c ? point : 0;
    }
    if (size != 3 || bytes[0] != 0xe2) {
        return 0;
    }
    point = 0x2000u | (uint32_t)(bytes[1] & 0x3f) << 6 | (bytes[2] & 0x3f);
    return point == 0x200e || point == 0x200f || (point >= 0x2028 && point <= 0x202e) ||
                   (point >= 0x2066 && point <= 0x2069)
               ? point
               : 0;
}

/* Writes the segment at `data`, which is not ASCII: at most 6 bytes. */
llmobsi_fn char* llmobsi_json_segment(char* out, const char* data, size_t size, size_t* taken)
{
    bool valid;
    size_t segment = llmobsi_utf8_segment(data, size, &valid);
    uint32_t point;
    *taken = segment;
    if (!valid) {
        return llmobsi_append_text(out, LLMOBS_I_REPLACEMENT);
    }
    point = llmobsi_json_harmful(data, segment);
    if (point != 0) {
        uint8_t number[2];
        number[0] = (uint8_t)(point >> 8);
        number[1] = (uint8_t)point;
        return llmobsi_append_hex(llmobsi_append_text(out, "\\u"), number, 2);
    }
    memcpy(out, data, segment);
    return out + segment;
}

/* ---- strings ------------------------------------------------------------------------------- */

/* A string is escaped in pieces of so many bytes, each of which may grow sixfold; the last code
   point of a piece may take 3 bytes more. A table entry is stored as 8 bytes. */
#define LLMOBS_I_JSON_PIECE 64u
#define LLMOBS_I_JSON_PIECE_ROOM (6 * (LLMOBS_I_JSON_PIECE + 3) + 8)

/* Escapes at least `piece` of the `size` bytes, and the whole code point that lies across that
   border; *taken says how many. */
llmobsi_fn char* llmobsi_json_escape(char* out, const char* data, size_t piece, size_t size,
                                     size_t* taken)
{
    size_t i = 0;
    while (i < piece) {
        size_t clean = llmobsi_json_copy_clean(out, data + i, piece - i);
        size_t stop = i + clean + 16 < piece ? i + clean + 16 : piece;
        out += clean;
        i += clean;
        /* Specials come in crowds, and other scripts in stretches: take this one and its neighbours
           one by one. */
        while (i < stop || (i < piece && (data[i] & 0x80) != 0)) {
            if ((data[i] & 0x80) == 0) {
                out = llmobsi_json_ascii_byte(out, data[i]);
                i++;
            } else if (llmobsi_utf8_is_plain_three(data + i, size - i)) {
                memcpy(out, data + i, 3); /* none of the harmful ones is of this kind */
                out += 3;
                i += 3;
            } else {
                size_t segment;
                out = llmobsi_json_segment(out, data + i, size - i, &segment);
                i += segment;
            }
        }
    }
    *taken = i;
    return out;
}

/* Clean text of any size, in as few copies as the room allows. */
llmobsi_fn char* llmobsi_json_long(llmobsi_writer* writer, char* cursor, const char* data,
                                   size_t size)
{
    size_t i = 0;
    while (i < size && !writer->failed) {
        size_t left = size - i, room, taken;
        cursor = llmobsi_room(writer, cursor, LLMOBS_I_JSON_PIECE_ROOM);
        room = (size_t)(writer->data + writer->capacity - cursor);
        taken = llmobsi_json_copy_clean(cursor, data + i, left < room ? left : room);
        cursor += taken;
        i += taken;
        if (i < size) {
            size_t piece = size - i < LLMOBS_I_JSON_PIECE ? size - i : LLMOBS_I_JSON_PIECE;
            cursor = llmobsi_room(writer, cursor, LLMOBS_I_JSON_PIECE_ROOM);
            cursor = llmobsi_json_escape(cursor, data + i, piece, size - i, &taken);
            i += taken;
        }
    }
    return cursor;
}

/* So much room is left after a string: the punctuation that follows it needs no check. */
#define LLMOBS_I_JSON_AFTER 32u

/* A string, quoted, at the cursor of a flushing writer. */
llmobsi_inline char* llmobsi_json_string_at(llmobsi_writer* writer, char* cursor,
                                            llmobs_string text)
{
    size_t taken = 0;
    cursor = llmobsi_room(writer, cursor, LLMOBS_I_JSON_PIECE_ROOM + LLMOBS_I_JSON_AFTER + 2);
    *cursor++ = '"';
    if (llmobsi_likely(text.size <= LLMOBS_I_JSON_PIECE)) {
        taken = llmobsi_json_copy_clean(cursor, text.data, text.size);
        cursor += taken;
        if (llmobsi_unlikely(taken < text.size)) {
            size_t rest = text.size - taken;
            cursor = llmobsi_json_escape(cursor, text.data + taken, rest, rest, &taken);
        }
    } else {
        cursor = llmobsi_json_long(writer, cursor, text.data, text.size);
        cursor = llmobsi_room(writer, cursor, LLMOBS_I_JSON_AFTER + 1);
    }
    *cursor++ = '"';
    return cursor;
}

/* A string, quoted. */
llmobsi_fn void llmobsi_json_string(llmobsi_writer* writer, const char* data, size_t size)
{
    char text[LLMOBS_I_JSON_PIECE_ROOM];
    size_t i = 0, taken;
    llmobsi_put_text(writer, "\"");
    while (i < size && !writer->failed) {
        size_t room = writer->capacity - writer->length;
        size_t piece = size - i < LLMOBS_I_JSON_PIECE ? size - i : LLMOBS_I_JSON_PIECE;
        char* end;
        taken = llmobsi_json_copy_clean(writer->data + writer->length, data + i,
                                        size - i < room ? size - i : room);
        writer->length += taken;
        i += taken;
        if (taken >= piece) {
            continue;
        }
        piece -= taken;
        end = llmobsi_json_escape(text, data + i, piece, size - i, &taken);
        llmobsi_put(writer, text, (size_t)(end - text));
        i += taken;
    }
    llmobsi_put_text(writer, "\"");
}

/* ---- numbers ------------------------------------------------------------------------------- */

#define LLMOBS_I_JSON_DOUBLE_ROOM (LLMOBS_I_DOUBLE_ROOM + 2)

/* A number; or "NaN", "Infinity", "-Infinity" in quotes, as ProtoJSON has it. */
llmobsi_fn char* llmobsi_json_double_at(char* cursor, double number)
{
    if (llmobsi_likely(llmobsi_double_is_finite(number))) {
        return llmobsi_append_double(cursor, number);
    }
    *cursor++ = '"';
    cursor = llmobsi_append_double(cursor, number);
    *cursor++ = '"';
    return cursor;
}

llmobsi_fn void llmobsi_json_double(llmobsi_writer* writer, double number)
{
    char text[LLMOBS_I_JSON_DOUBLE_ROOM];
    llmobsi_put(writer, text, (size_t)(llmobsi_json_double_at(text, number) - text));
}

/* =================================================================================================
 *  >>sha256_blocks          core: wiping, comparing, blocks of SHA-256
 * ============================================================================================== */

#ifndef LLMOBS_NO_SHA256

/* SHA-256 by the fastest means of the processor it runs on. The rounds of one message wait for each
   other, so the units for them idle half the time: two messages in one pass take little longer than
   one. */

/* -masm=intel needs LLMOBS_NO_SIMD. */
#if defined(LLMOBS_NO_SIMD)
#elif defined(__x86_64__) && defined(__SSE2__) && (defined(__clang__) || __GNUC__ >= 5)
#include <immintrin.h>
#define LLMOBS_I_SHA256_X86 1
#define LLMOBS_I_SHA256_SIMD "x86 SHA"
#define LLMOBS_I_SHA256_TARGET __attribute__((target("sha,sse4.1,ssse3")))
#elif defined(__aarch64__) && !defined(__AARCH64EB__) && \
    (defined(__ARM_FEATURE_SHA2) || defined(__ARM_FEATURE_CRYPTO) ||  \
     (defined(__clang__) ? __clang_major__ >= 16 : __GNUC__ >= 6))
#include <arm_neon.h>
#if defined(__linux__)
#include <sys/auxv.h>
#endif
#define LLMOBS_I_SHA256_ARM 1
#define LLMOBS_I_SHA256_SIMD "ARMv8 SHA"
#if defined(__clang__)
#define LLMOBS_I_SHA256_TARGET __attribute__((target("sha2")))
#else
#define LLMOBS_I_SHA256_TARGET __attribute__((target("+crypto")))
#endif
#endif
#define llmobsi_sha256_part \
    static inline __attribute__((always_inline, unused)) LLMOBS_I_SHA256_TARGET

#define LLMOBS_I_SHA256_BLOCK 64u

static const uint32_t llmobsi_sha256_start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                                 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

static const uint32_t llmobsi_sha256_constants[64] __attribute__((aligned(64))) = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

/* ---- secrets --------------------------------------------------------------------------------- */

LLMOBS_API void llmobs_wipe(void* memory, size_t size)
{
    if (size > 0) {
        memset(memory, 0, size);
        /* For all the compiler knows, this reads the zeros. */
        __asm__ __volatile__("" : : "r"(memory) : "memory");
    }
}

LLMOBS_API bool llmobs_equal_secret(const void* a, const void* b, size_t size)
{
    const uint8_t* bytes_a = (const uint8_t*)a;
    const uint8_t* bytes_b = (const uint8_t*)b;
    uint32_t difference = 0;
    size_t i;
    for (i = 0; i < size; i++) {
        difference |= (uint32_t)(bytes_a[i] ^ bytes_b[i]);
        /* The compiler can't know that a difference stays, so it can't leave the loop on one. */
        __asm__ __volatile__("" : "+r"(difference));
    }
    return (bool)(((difference - 1u) >> 31) & 1u);
}

/* ---- bytes and words ------------------------------------------------------------------------- */

llmobsi_inline uint32_t llmobsi_sha256_load(const uint8_t* bytes)
{
    uint32_t word;
    memcpy(&word, bytes, sizeof(word));
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    return word;
#else
    return __builtin_bswap32(word);
#endif
}

llmobsi_inline void llmobsi_sha256_store(uint8_t* bytes, uint32_t word)
{
#if !(defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
    word = __builtin_bswap32(word);
#endif
    memcpy(bytes, &word, sizeof(word));
}

/* ---- blocks, in plain C ---------------------------------------------------------------------- */

#define llmobsi_sha256_rotate(x, n) (((x) >> (n)) | ((x) << (32 - (n))))

/* One round. The caller renames the variables instead of moving them. */
#define llmobsi_sha256_round(a, b, c, d, e, f, g, h, word, k)                                    \
    do {                                                                                         \
        (h) += (word) + (k) + ((g) ^ ((e) & ((f) ^ (g)))) +                                      \
               (llmobsi_sha256_rotate(e, 6) ^ llmobsi_sha256_rotate(e, 11) ^                     \
                llmobsi_sha256_rotate(e, 25));                                                   \
        (d) += (h);                                                                              \
        /* b ^ c was a ^ b one round ago: the compiler keeps it. */                              \
        (h) += (llmobsi_sha256_rotate(a, 2) ^ llmobsi_sha256_rotate(a, 13) ^                     \
                llmobsi_sha256_rotate(a, 22)) + ((b) ^ (((a) ^ (b)) & ((b) ^ (c))));             \
    } while (0)

/* The 16 words in use: first they are the block's, then each is replaced by the one 16 later. */
#define llmobsi_sha256_given(i) (w[i] = llmobsi_sha256_load(blocks + 4 * (i)))
#define llmobsi_sha256_next(i)                                                                   \
    (w[i] += w[((i) + 9) & 15] +                                                                 \
             (llmobsi_sha256_rotate(w[((i) + 1) & 15], 7) ^                                      \
              llmobsi_sha256_rotate(w[((i) + 1) & 15], 18) ^ (w[((i) + 1) & 15] >> 3)) +         \
             (llmobsi_sha256_rotate(w[((i) + 14) & 15], 17) ^                                    \
              llmobsi_sha256_rotate(w[((i) + 14) & 15], 19) ^ (w[((i) + 14) & 15] >> 10)))

#define llmobsi_sha256_rounds8(i, word, k)                                                       \
    llmobsi_sha256_round(a, b, c, d, e, f, g, h, word((i) + 0), (k)[(i) + 0]);                   \
    llmobsi_sha256_round(h, a, b, c, d, e, f, g, word((i) + 1), (k)[(i) + 1]);                   \
    llmobsi_sha256_round(g, h, a, b, c, d, e, f, word((i) + 2), (k)[(i) + 2]);                   \
    llmobsi_sha256_round(f, g, h, a, b, c, d, e, word((i) + 3), (k)[(i) + 3]);                   \
    llmobsi_sha256_round(e, f, g, h, a, b, c, d, word((i) + 4), (k)[(i) + 4]);                   \
    llmobsi_sha256_round(d, e, f, g, h, a, b, c, word((i) + 5), (k)[(i) + 5]);                   \
    llmobsi_sha256_round(c, d, e, f, g, h, a, b, word((i) + 6), (k)[(i) + 6]);                   \
    llmobsi_sha256_round(b, c, d, e, f, g, h, a, word((i) + 7), (k)[(i) + 7])

llmobsi_fn void llmobsi_sha256_blocks_portable(uint32_t state[8], const uint8_t* blocks,
                                               size_t count)
{
    uint32_t w[16];
    for (; count > 0; count--, blocks += LLMOBS_I_SHA256_BLOCK) {
        uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
        uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
        const uint32_t* k = llmobsi_sha256_constants;
        llmobsi_sha256_rounds8(0, llmobsi_sha256_given, k);
        llmobsi_sha256_rounds8(8, llmobsi_sha256_given, k);
        for (k += 16; k < llmobsi_sha256_constants + 64; k += 16) {
            llmobsi_sha256_rounds8(0, llmobsi_sha256_next, k);
            llmobsi_sha256_rounds8(8, llmobsi_sha256_next, k);
        }
        state[0] += a;
        state[1] += b;
        state[2] += c;
        state[3] += d;
        state[4] += e;
        state[5] += f;
        state[6] += g;
        state[7] += h;
    }
    llmobs_wipe(w, sizeof(w));
}

llmobsi_fn void llmobsi_sha256_pairs_portable(uint32_t state_a[8], const uint8_t* blocks_a,
                                              uint32_t state_b[8], const uint8_t* blocks_b,
                                              size_t count)
{
    llmobsi_sha256_blocks_portable(state_a, blocks_a, count);
    llmobsi_sha256_blocks_portable(state_b, blocks_b, count);
}

/* ---- what the processors' SHA instructions differ in ----------------------------------------- */

#ifdef LLMOBS_I_SHA256_X86
typedef __m128i llmobsi_sha256_vector;

/* The state of one message: its words from high to low are a b e f, and c d g h. */
typedef struct llmobsi_sha256_lane {
    __m128i abef;
    __m128i cdgh;
} llmobsi_sha256_lane;

llmobsi_sha256_part llmobsi_sha256_lane llmobsi_sha256_lane_load(const uint32_t state[8])
{
    llmobsi_sha256_lane lane;
    __m128i dcba = _mm_loadu_si128((const __m128i*)(const void*)state);
    __m128i hgfe = _mm_loadu_si128((const __m128i*)(const void*)(state + 4));
    __m128i cdab = _mm_shuffle_epi32(dcba, 0xb1);
    __m128i efgh = _mm_shuffle_epi32(hgfe, 0x1b);
    lane.abef = _mm_alignr_epi8(cdab, efgh, 8);
    lane.cdgh = _mm_blend_epi16(efgh, cdab, 0xf0);
    return lane;
}

llmobsi_sha256_part void llmobsi_sha256_lane_store(llmobsi_sha256_lane lane, uint32_t state[8])
{
    __m128i feba = _mm_shuffle_epi32(lane.abef, 0x1b);
    __m128i dchg = _mm_shuffle_epi32(lane.cdgh, 0xb1);
    _mm_storeu_si128((__m128i*)(void*)state, _mm_blend_epi16(feba, dchg, 0xf0));
    _mm_storeu_si128((__m128i*)(void*)(state + 4), _mm_alignr_epi8(dchg, feba, 8));
}

llmobsi_sha256_part llmobsi_sha256_lane llmobsi_sha256_lane_add(llmobsi_sha256_lane a,
                                                                llmobsi_sha256_lane b)
{
    a.abef = _mm_add_epi32(a.abef, b.abef);
    a.cdgh = _mm_add_epi32(a.cdgh, b.cdgh);
    return a;
}

llmobsi_sha256_part __m128i llmobsi_sha256_words(const uint8_t* bytes)
{
    const __m128i swap = _mm_set_epi32(0x0c0d0e0f, 0x08090a0b, 0x04050607, 0x00010203);
    return _mm_shuffle_epi8(_mm_loadu_si128((const __m128i*)(const void*)bytes), swap);
}

/* The four words that follow the sixteen w0 to w3. */
llmobsi_sha256_part __m128i llmobsi_sha256_words_next(__m128i w0, __m128i w1, __m128i w2,
                                                      __m128i w3)
{
    __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(w0, w1), _mm_alignr_epi8(w3, w2, 4));
    return _mm_sha256msg2_epu32(sum, w3);
}

/* Four rounds with the words `w`. */
llmobsi_sha256_part void llmobsi_sha256_rounds4(llmobsi_sha256_lane* lane, __m128i w,
                                                const uint32_t* k)
{
    w = _mm_add_epi32(w, _mm_load_si128((const __m128i*)(const void*)k));
    lane->cdgh = _mm_sha256rnds2_epu32(lane->cdgh, lane->abef, w);
    lane->abef = _mm_sha256rnds2_epu32(lane->abef, lane->cdgh, _mm_shuffle_epi32(w, 0x0e));
}

/* Old processors answer a leaf they do not know with the data of another: hence the maximum. */
llmobsi_fn bool llmobsi_sha256_simd_runs_here(void)
{
    unsigned a, b, c, d;
    if (__get_cpuid_max(0, NULL) < 7) {
        return false;
    }
    __cpuid(1, a, b, c, d);
    if ((c & (1u << 9)) == 0 || (c & (1u << 19)) == 0) { /* SSSE3, SSE4.1 */
        return false;
    }
    __cpuid_count(7, 0, a, b, c, d);
    return (b & (1u << 29)) != 0;
}
#endif

#ifdef LLMOBS_I_SHA256_ARM
typedef uint32x4_t llmobsi_sha256_vector;

typedef struct llmobsi_sha256_lane {
    uint32x4_t abcd;
    uint32x4_t efgh;
} llmobsi_sha256_lane;

llmobsi_sha256_part llmobsi_sha256_lane llmobsi_sha256_lane_load(const uint32_t state[8])
{
    llmobsi_sha256_lane lane;
    lane.abcd = vld1q_u32(state);
    lane.efgh = vld1q_u32(state + 4);
    return lane;
}

llmobsi_sha256_part void llmobsi_sha256_lane_store(llmobsi_sha256_lane lane, uint32_t state[8])
{
    vst1q_u32(state, lane.abcd);
    vst1q_u32(state + 4, lane.efgh);
}

llmobsi_sha256_part llmobsi_sha256_lane llmobsi_sha256_lane_add(llmobsi_sha256_lane a,
                                                                llmobsi_sha256_lane b)
{
    a.abcd = vaddq_u32(a.abcd, b.abcd);
    a.efgh = vaddq_u32(a.efgh, b.efgh);
    return a;
}

llmobsi_sha256_part uint32x4_t llmobsi_sha256_words(const uint8_t* bytes)
{
    return vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(bytes)));
}

llmobsi_sha256_part uint32x4_t llmobsi_sha256_words_next(uint32x4_t w0, uint32x4_t w1,
                                                         uint32x4_t w2, uint32x4_t w3)
{
    return vsha256su1q_u32(vsha256su0q_u32(w0, w1), w2, w3);
}

llmobsi_sha256_part void llmobsi_sha256_rounds4(llmobsi_sha256_lane* lane, uint32x4_t w,
                                                const uint32_t* k)
{
    uint32x4_t abcd = lane->abcd;
    w = vaddq_u32(w, vld1q_u32(k));
    lane->abcd = vsha256hq_u32(abcd, lane->efgh, w);
    lane->efgh = vsha256h2q_u32(lane->efgh, abcd, w);
}

llmobsi_fn bool llmobsi_sha256_simd_runs_here(void)
{
#if defined(__ARM_FEATURE_SHA2) || defined(__ARM_FEATURE_CRYPTO)
    return true; /* the compiler already relies on it */
#elif defined(__linux__)
    return (getauxval(AT_HWCAP) & (1ul << 6)) != 0; /* HWCAP_SHA2 */
#else
    return false;
#endif
}
#endif

#ifdef LLMOBS_I_SHA256_SIMD
/* ---- blocks, by those instructions ----------------------------------------------------------- */

/* The first rounds, with the block's own words, and four of the others. */
#define llmobsi_sha256_first(lane, w, bytes, i)                            \
    (w) = llmobsi_sha256_words((bytes) + 4 * (i));                         \
    llmobsi_sha256_rounds4(&(lane), (w), llmobsi_sha256_constants + (i))
#define llmobsi_sha256_later(lane, w0, w1, w2, w3, i)                      \
    (w0) = llmobsi_sha256_words_next((w0), (w1), (w2), (w3));              \
    llmobsi_sha256_rounds4(&(lane), (w0), llmobsi_sha256_constants + (i))

LLMOBS_I_SHA256_TARGET
llmobsi_fn void llmobsi_sha256_blocks_simd(uint32_t state[8], const uint8_t* blocks, size_t count)
{
    llmobsi_sha256_lane lane = llmobsi_sha256_lane_load(state);
    for (; count > 0; count--, blocks += LLMOBS_I_SHA256_BLOCK) {
        llmobsi_sha256_lane before = lane;
        llmobsi_sha256_vector w0, w1, w2, w3;
        unsigned i;
        llmobsi_sha256_first(lane, w0, blocks, 0);
        llmobsi_sha256_first(lane, w1, blocks, 4);
        llmobsi_sha256_first(lane, w2, blocks, 8);
        llmobsi_sha256_first(lane, w3, blocks, 12);
        for (i = 16; i < 64; i += 16) {
            llmobsi_sha256_later(lane, w0, w1, w2, w3, i);
            llmobsi_sha256_later(lane, w1, w2, w3, w0, i + 4);
            llmobsi_sha256_later(lane, w2, w3, w0, w1, i + 8);
            llmobsi_sha256_later(lane, w3, w0, w1, w2, i + 12);
        }
        lane = llmobsi_sha256_lane_add(lane, before);
    }
    llmobsi_sha256_lane_store(lane, state);
}

#ifdef LLMOBS_I_SHA256_X86
/* Two rounds of both messages in turn, the words that take the place of w, two rounds more, the
   words that take the place of v. In this order one message's instructions fill the other's waits
   almost without a gap. Compilers know of no reason to keep it, and lose up to a third: hence
   assembly. */
#define llmobsi_sha256_asm_begin(w, v, at)                                                       \
    "movdqa " at "(%[k]), %[t]\nmovdqa %[t], %[u]\n"                                             \
    "paddd %[" w "], %[t]\npaddd %[" v "], %[u]\n"                                               \
    "movdqa %[t], %%xmm0\nsha256rnds2 %%xmm0, %[a0], %[a1]\n"                                    \
    "movdqa %[u], %%xmm0\nsha256rnds2 %%xmm0, %[b0], %[b1]\n"
#define llmobsi_sha256_asm_end                                                                   \
    "pshufd $0x0e, %[t], %%xmm0\nsha256rnds2 %%xmm0, %[a1], %[a0]\n"                             \
    "pshufd $0x0e, %[u], %%xmm0\nsha256rnds2 %%xmm0, %[b1], %[b0]\n"
#define llmobsi_sha256_asm_next(w0, w1, w2, w3)                                                  \
    "movdqa %[" w3 "], %[n]\npalignr $4, %[" w2 "], %[n]\n"                                      \
    "sha256msg1 %[" w1 "], %[" w0 "]\npaddd %[n], %[" w0 "]\n"                                   \
    "sha256msg2 %[" w3 "], %[" w0 "]\n"
#define llmobsi_sha256_asm_step(p, q, r, s, at)                                                  \
    llmobsi_sha256_asm_begin("w" #p, "v" #p, at)                                                 \
    llmobsi_sha256_asm_next("w" #p, "w" #q, "w" #r, "w" #s)                                      \
    llmobsi_sha256_asm_end                                                                       \
    llmobsi_sha256_asm_next("v" #p, "v" #q, "v" #r, "v" #s)
#define llmobsi_sha256_asm_rounds(i, at)                                                         \
    llmobsi_sha256_asm_begin("w" #i, "v" #i, at) llmobsi_sha256_asm_end
#define llmobsi_sha256_asm_given(i, at)                                                          \
    "movdqu " at "(%[block_a]), %[w" #i "]\npshufb %[swap], %[w" #i "]\n"                        \
    "movdqu " at "(%[block_b]), %[v" #i "]\npshufb %[swap], %[v" #i "]\n"

/* One block of each. `before` is room for the states. */
llmobsi_sha256_part void llmobsi_sha256_pair(llmobsi_sha256_lane* a, const uint8_t* block_a,
                                             llmobsi_sha256_lane* b, const uint8_t* block_b,
                                             llmobsi_sha256_lane before[2])
{
    const __m128i swap = _mm_set_epi32(0x0c0d0e0f, 0x08090a0b, 0x04050607, 0x00010203);
    const uint32_t* k = llmobsi_sha256_constants;
    __m128i w0, w1, w2, w3, v0, v1, v2, v3, t, u, n;
    __asm__ __volatile__(
        "movdqa %[a0], (%[before])\nmovdqa %[a1], 16(%[before])\n"
        "movdqa %[b0], 32(%[before])\nmovdqa %[b1], 48(%[before])\n"
        llmobsi_sha256_asm_given(0, "0") llmobsi_sha256_asm_given(1, "16")
        llmobsi_sha256_asm_given(2, "32") llmobsi_sha256_asm_given(3, "48")
        "1:\n"
        llmobsi_sha256_asm_step(0, 1, 2, 3, "0") llmobsi_sha256_asm_step(1, 2, 3, 0, "16")
        llmobsi_sha256_asm_step(2, 3, 0, 1, "32") llmobsi_sha256_asm_step(3, 0, 1, 2, "48")
        "add $64, %[k]\ncmp %[last], %[k]\njb 1b\n"
        llmobsi_sha256_asm_rounds(0, "0") llmobsi_sha256_asm_rounds(1, "16")
        llmobsi_sha256_asm_rounds(2, "32") llmobsi_sha256_asm_rounds(3, "48")
        "paddd (%[before]), %[a0]\npaddd 16(%[before]), %[a1]\n"
        "paddd 32(%[before]), %[b0]\npaddd 48(%[before]), %[b1]"
        : [a0] "+x"(a->abef), [a1] "+x"(a->cdgh), [b0] "+x"(b->abef), [b1] "+x"(b->cdgh),
          [w0] "=&x"(w0), [w1] "=&x"(w1), [w2] "=&x"(w2), [w3] "=&x"(w3), [v0] "=&x"(v0),
          [v1] "=&x"(v1), [v2] "=&x"(v2), [v3] "=&x"(v3), [t] "=&x"(t), [u] "=&x"(u),
          [n] "=&x"(n), [k] "+r"(k)
        : [block_a] "r"(block_a), [block_b] "r"(block_b), [swap] "m"(swap),
          [last] "r"(llmobsi_sha256_constants + 48), [before] "r"(before)
        : "xmm0", "cc", "memory");
}
#else
/* The rounds of two messages take turns: v is to b what w is to a. */
#define llmobsi_sha256_first_two(p, i)                                     \
    llmobsi_sha256_first(*a, w##p, block_a, i);                            \
    llmobsi_sha256_first(*b, v##p, block_b, i)
#define llmobsi_sha256_later_two(p, q, r, s, i)                            \
    llmobsi_sha256_later(*a, w##p, w##q, w##r, w##s, i);                   \
    llmobsi_sha256_later(*b, v##p, v##q, v##r, v##s, i)

/* One block of each. `before` is room for the states. */
llmobsi_sha256_part void llmobsi_sha256_pair(llmobsi_sha256_lane* a, const uint8_t* block_a,
                                             llmobsi_sha256_lane* b, const uint8_t* block_b,
                                             llmobsi_sha256_lane before[2])
{
    llmobsi_sha256_vector w0, w1, w2, w3, v0, v1, v2, v3;
    unsigned i;
    before[0] = *a;
    before[1] = *b;
    llmobsi_sha256_first_two(0, 0);
    llmobsi_sha256_first_two(1, 4);
    llmobsi_sha256_first_two(2, 8);
    llmobsi_sha256_first_two(3, 12);
    for (i = 16; i < 64; i += 16) {
        llmobsi_sha256_later_two(0, 1, 2, 3, i);
        llmobsi_sha256_later_two(1, 2, 3, 0, i + 4);
        llmobsi_sha256_later_two(2, 3, 0, 1, i + 8);
        llmobsi_sha256_later_two(3, 0, 1, 2, i + 12);
    }
    *a = llmobsi_sha256_lane_add(*a, before[0]);
    *b = llmobsi_sha256_lane_add(*b, before[1]);
}
#endif

LLMOBS_I_SHA256_TARGET
llmobsi_fn void llmobsi_sha256_pairs_simd(uint32_t state_a[8], const uint8_t* blocks_a,
                                          uint32_t state_b[8], const uint8_t* blocks_b,
                                          size_t count)
{
    llmobsi_sha256_lane a = llmobsi_sha256_lane_load(state_a);
    llmobsi_sha256_lane b = llmobsi_sha256_lane_load(state_b);
    llmobsi_sha256_lane before[2];
    for (; count > 0; count--) {
        llmobsi_sha256_pair(&a, blocks_a, &b, blocks_b, before);
        blocks_a += LLMOBS_I_SHA256_BLOCK;
        blocks_b += LLMOBS_I_SHA256_BLOCK;
    }
    llmobsi_sha256_lane_store(a, state_a);
    llmobsi_sha256_lane_store(b, state_b);
    llmobs_wipe(before, sizeof(before)); /* an HMAC key's state, if there was one block */
}
#endif

/* ---- the choice ------------------------------------------------------------------------------ */

typedef struct llmobsi_sha256_path {
    const char* name;
    bool (*runs_here)(void); /* NULL: everywhere */
    void (*blocks)(uint32_t state[8], const uint8_t* blocks, size_t count);
    void (*pairs)(uint32_t state_a[8], const uint8_t* blocks_a, uint32_t state_b[8],
                  const uint8_t* blocks_b, size_t count);
} llmobsi_sha256_path;

/* From the slowest to the fastest. */
static const llmobsi_sha256_path llmobsi_sha256_paths[] = {
    {"portable", NULL, llmobsi_sha256_blocks_portable, llmobsi_sha256_pairs_portable},
#ifdef LLMOBS_I_SHA256_SIMD
    {LLMOBS_I_SHA256_SIMD, llmobsi_sha256_simd_runs_here, llmobsi_sha256_blocks_simd,
     llmobsi_sha256_pairs_simd},
#endif
};
#define LLMOBS_I_SHA256_PATHS \
    ((uint32_t)(sizeof(llmobsi_sha256_paths) / sizeof(llmobsi_sha256_paths[0])))

/* 0: not decided yet; else 1 + the index of a path. Any thread writes it and any thread reads it.
   Relaxed: all write the same number, and the table it leads into is constant. */
static llmobsi_atomic32 llmobsi_sha256_chosen;

/* For tests and benches: this path from now on, if the processor has it. */
llmobsi_fn bool llmobsi_sha256_use(uint32_t index)
{
    bool (*runs_here)(void);
    if (index >= LLMOBS_I_SHA256_PATHS) {
        return false;
    }
    runs_here = llmobsi_sha256_paths[index].runs_here;
    if (runs_here != NULL && !runs_here()) {
        return false;
    }
    llmobsi_store_relaxed(&llmobsi_sha256_chosen, index + 1u);
    return true;
}

llmobsi_cold uint32_t llmobsi_sha256_choose(void)
{
    uint32_t index = LLMOBS_I_SHA256_PATHS - 1u;
    while (!llmobsi_sha256_use(index)) {
        index--; /* ends at 0, which runs everywhere */
    }
    return index + 1u;
}

llmobsi_inline const llmobsi_sha256_path* llmobsi_sha256_fastest(void)
{
    uint32_t chosen = llmobsi_load_relaxed(&llmobsi_sha256_chosen);
    if (llmobsi_unlikely(chosen == 0)) {
        chosen = llmobsi_sha256_choose();
    }
    return &llmobsi_sha256_paths[chosen - 1u];
}

#endif /* LLMOBS_NO_SHA256 */

/* =================================================================================================
 *  >>sha256                 core: SHA-256, HMAC, constant time, wiping
 * ============================================================================================== */

#ifndef LLMOBS_NO_SHA256

/* SHA-256 and HMAC of whole messages, and of messages in pieces. */

/* ---- messages -------------------------------------------------------------------------------- */

llmobsi_inline void llmobsi_sha256_store_state(uint8_t digest[LLMOBS_SHA256_SIZE],
                                               const uint32_t state[8])
{
    llmobsi_sha256_store(digest, state[0]);
    llmobsi_sha256_store(digest + 4, state[1]);
    llmobsi_sha256_store(digest + 8, state[2]);
    llmobsi_sha256_store(digest + 12, state[3]);
    llmobsi_sha256_store(digest + 16, state[4]);
    llmobsi_sha256_store(digest + 20, state[5]);
    llmobsi_sha256_store(digest + 24, state[6]);
    llmobsi_sha256_store(digest + 28, state[7]);
}

/* What is left of a message: whole blocks in the caller's memory, then one or two that end it. */
typedef struct llmobsi_sha256_rest {
    uint32_t* state;
    const uint8_t* blocks;
    size_t count;
    size_t tail_count; /* of the blocks in `tail`; 0 once `blocks` points to them */
    bool tail_is_two;
    uint8_t tail[2 * LLMOBS_I_SHA256_BLOCK];
} llmobsi_sha256_rest;

/* `count` blocks are done. At the end there are none: rest->count is 0. */
llmobsi_inline void llmobsi_sha256_rest_advance(llmobsi_sha256_rest* rest, size_t count)
{
    rest->count -= count;
    if (rest->count > 0) {
        rest->blocks += count * LLMOBS_I_SHA256_BLOCK;
    } else {
        rest->blocks = rest->tail;
        rest->count = rest->tail_count;
        rest->tail_count = 0;
    }
}

/* `before` bytes, whole blocks, are in the state already. */
llmobsi_fn void llmobsi_sha256_rest_init(llmobsi_sha256_rest* rest, uint32_t state[8],
                                         const void* data, size_t size, uint64_t before)
{
    size_t odd = size % LLMOBS_I_SHA256_BLOCK;
    uint64_t bits = (before + size) << 3;
    uint8_t* end = rest->tail + LLMOBS_I_SHA256_BLOCK;
    rest->state = state;
    rest->blocks = (const uint8_t*)data;
    rest->count = size / LLMOBS_I_SHA256_BLOCK;
    rest->tail_is_two = odd + 9 > LLMOBS_I_SHA256_BLOCK;
    rest->tail_count = rest->tail_is_two ? 2 : 1;
    memset(rest->tail, 0, LLMOBS_I_SHA256_BLOCK);
    if (rest->tail_is_two) {
        memset(end, 0, LLMOBS_I_SHA256_BLOCK);
        end += LLMOBS_I_SHA256_BLOCK;
    }
    if (odd > 0) {
        memcpy(rest->tail, rest->blocks + (size - odd), odd);
    }
    rest->tail[odd] = 0x80;
    llmobsi_sha256_store(end - 8, (uint32_t)(bits >> 32));
    llmobsi_sha256_store(end - 4, (uint32_t)bits);
    llmobsi_sha256_rest_advance(rest, 0);
}

llmobsi_fn void llmobsi_sha256_rest_end(llmobsi_sha256_rest* rest)
{
    const llmobsi_sha256_path* path = llmobsi_sha256_fastest();
    while (rest->count > 0) {
        path->blocks(rest->state, rest->blocks, rest->count);
        llmobsi_sha256_rest_advance(rest, rest->count);
    }
    /* Block by block: a compiler clears 64 bytes by a few stores, 128 by a slow instruction. */
    llmobs_wipe(rest->tail, LLMOBS_I_SHA256_BLOCK);
    if (rest->tail_is_two) {
        llmobs_wipe(rest->tail + LLMOBS_I_SHA256_BLOCK, LLMOBS_I_SHA256_BLOCK);
    }
}

/* Both in one pass while both have blocks, then the longer alone. */
llmobsi_fn void llmobsi_sha256_rest_end_two(llmobsi_sha256_rest* a, llmobsi_sha256_rest* b)
{
    const llmobsi_sha256_path* path = llmobsi_sha256_fastest();
    while (a->count > 0 && b->count > 0) {
        size_t count = a->count < b->count ? a->count : b->count;
        path->pairs(a->state, a->blocks, b->state, b->blocks, count);
        llmobsi_sha256_rest_advance(a, count);
        llmobsi_sha256_rest_advance(b, count);
    }
    llmobsi_sha256_rest_end(a);
    llmobsi_sha256_rest_end(b);
}

LLMOBS_API void llmobs_sha256_of(const void* data, size_t size, uint8_t digest[LLMOBS_SHA256_SIZE])
{
    uint32_t state[8];
    llmobsi_sha256_rest rest;
    memcpy(state, llmobsi_sha256_start, sizeof(state));
    llmobsi_sha256_rest_init(&rest, state, data, size, 0);
    llmobsi_sha256_rest_end(&rest);
    llmobsi_sha256_store_state(digest, state);
}

LLMOBS_API void llmobs_sha256_of_two(const void* data_a, size_t size_a,
                                     uint8_t digest_a[LLMOBS_SHA256_SIZE], const void* data_b,
                                     size_t size_b, uint8_t digest_b[LLMOBS_SHA256_SIZE])
{
    uint32_t state_a[8], state_b[8];
    llmobsi_sha256_rest a, b;
    memcpy(state_a, llmobsi_sha256_start, sizeof(state_a));
    memcpy(state_b, llmobsi_sha256_start, sizeof(state_b));
    llmobsi_sha256_rest_init(&a, state_a, data_a, size_a, 0);
    llmobsi_sha256_rest_init(&b, state_b, data_b, size_b, 0);
    llmobsi_sha256_rest_end_two(&a, &b);
    llmobsi_sha256_store_state(digest_a, state_a);
    llmobsi_sha256_store_state(digest_b, state_b);
}

/* ---- in pieces ------------------------------------------------------------------------------- */

LLMOBS_API void llmobs_sha256_begin(llmobs_sha256* hash)
{
    memset(hash, 0, sizeof(*hash));
    memcpy(hash->state, llmobsi_sha256_start, sizeof(hash->state));
}

LLMOBS_API void llmobs_sha256_update(llmobs_sha256* hash, const void* data, size_t size)
{
    const llmobsi_sha256_path* path = llmobsi_sha256_fastest();
    const uint8_t* bytes = (const uint8_t*)data;
    size_t odd = (size_t)(hash->total % LLMOBS_I_SHA256_BLOCK);
    if (size == 0) {
        return;
    }
    hash->total += size;
    if (odd > 0) {
        size_t room = LLMOBS_I_SHA256_BLOCK - odd;
        size_t part = size < room ? size : room;
        memcpy(hash->block + odd, bytes, part);
        if (part < room) {
            return;
        }
        path->blocks(hash->state, hash->block, 1);
        bytes += part;
        size -= part;
    }
    if (size >= LLMOBS_I_SHA256_BLOCK) {
        path->blocks(hash->state, bytes, size / LLMOBS_I_SHA256_BLOCK);
        bytes += size - size % LLMOBS_I_SHA256_BLOCK;
        size %= LLMOBS_I_SHA256_BLOCK;
    }
    if (size > 0) {
        memcpy(hash->block, bytes, size);
    }
}

LLMOBS_API void llmobs_sha256_end(llmobs_sha256* hash, uint8_t digest[LLMOBS_SHA256_SIZE])
{
    llmobsi_sha256_rest rest;
    size_t odd = (size_t)(hash->total % LLMOBS_I_SHA256_BLOCK);
    llmobsi_sha256_rest_init(&rest, hash->state, hash->block, odd, hash->total - odd);
    llmobsi_sha256_rest_end(&rest);
    llmobsi_sha256_store_state(digest, hash->state);
    llmobs_wipe(hash, sizeof(*hash));
}

/* ---- HMAC ------------------------------------------------------------------------------------ */

LLMOBS_API void llmobs_hmac_key_init(llmobs_hmac_key* key, const void* secret, size_t size)
{
    uint8_t inner[LLMOBS_I_SHA256_BLOCK], outer[LLMOBS_I_SHA256_BLOCK];
    size_t i;
    memset(inner, 0, sizeof(inner));
    if (size > sizeof(inner)) {
        llmobs_sha256_of(secret, size, inner);
    } else if (size > 0) {
        memcpy(inner, secret, size);
    }
    for (i = 0; i < sizeof(inner); i++) {
        outer[i] = (uint8_t)(inner[i] ^ 0x5cu);
        inner[i] = (uint8_t)(inner[i] ^ 0x36u);
    }
    memcpy(key->inner, llmobsi_sha256_start, sizeof(key->inner));
    memcpy(key->outer, llmobsi_sha256_start, sizeof(key->outer));
    llmobsi_sha256_fastest()->pairs(key->inner, inner, key->outer, outer, 1);
    llmobs_wipe(inner, sizeof(inner));
    llmobs_wipe(outer, sizeof(outer));
}

/* The inner hash in `state` becomes the message of the outer one, in `rest`. */
llmobsi_fn void llmobsi_hmac_turn(llmobsi_sha256_rest* rest, uint32_t state[8],
                                  const uint32_t outer[8])
{
    uint8_t digest[LLMOBS_SHA256_SIZE];
    llmobsi_sha256_store_state(digest, state);
    memcpy(state, outer, LLMOBS_SHA256_SIZE);
    llmobsi_sha256_rest_init(rest, state, digest, sizeof(digest), LLMOBS_I_SHA256_BLOCK);
    llmobs_wipe(digest, sizeof(digest));
}

LLMOBS_API void llmobs_hmac_of(const llmobs_hmac_key* key, const void* data, size_t size,
                               uint8_t tag[LLMOBS_SHA256_SIZE])
{
    uint32_t state[8];
    llmobsi_sha256_rest rest;
    memcpy(state, key->inner, sizeof(state));
    llmobsi_sha256_rest_init(&rest, state, data, size, LLMOBS_I_SHA256_BLOCK);
    llmobsi_sha256_rest_end(&rest);
    llmobsi_hmac_turn(&rest, state, key->outer);
    llmobsi_sha256_rest_end(&rest);
    llmobsi_sha256_store_state(tag, state);
}

LLMOBS_API void llmobs_hmac_of_two(const llmobs_hmac_key* key_a, const void* data_a, size_t size_a,
                                   uint8_t tag_a[LLMOBS_SHA256_SIZE], const llmobs_hmac_key* key_b,
                                   const void* data_b, size_t size_b,
                                   uint8_t tag_b[LLMOBS_SHA256_SIZE])
{
    uint32_t state_a[8], state_b[8];
    llmobsi_sha256_rest a, b;
    memcpy(state_a, key_a->inner, sizeof(state_a));
    memcpy(state_b, key_b->inner, sizeof(state_b));
    llmobsi_sha256_rest_init(&a, state_a, data_a, size_a, LLMOBS_I_SHA256_BLOCK);
    llmobsi_sha256_rest_init(&b, state_b, data_b, size_b, LLMOBS_I_SHA256_BLOCK);
    llmobsi_sha256_rest_end_two(&a, &b);
    llmobsi_hmac_turn(&a, state_a, key_a->outer);
    llmobsi_hmac_turn(&b, state_b, key_b->outer);
    llmobsi_sha256_rest_end_two(&a, &b);
    llmobsi_sha256_store_state(tag_a, state_a);
    llmobsi_sha256_store_state(tag_b, state_b);
}

LLMOBS_API void llmobs_hmac_begin(llmobs_hmac* hmac, const llmobs_hmac_key* key)
{
    memset(hmac, 0, sizeof(*hmac));
    memcpy(hmac->hash.state, key->inner, sizeof(hmac->hash.state));
    memcpy(hmac->outer, key->outer, sizeof(hmac->outer));
    hmac->hash.total = LLMOBS_I_SHA256_BLOCK;
}

LLMOBS_API void llmobs_hmac_update(llmobs_hmac* hmac, const void* data, size_t size)
{
    llmobs_sha256_update(&hmac->hash, data, size);
}

LLMOBS_API void llmobs_hmac_end(llmobs_hmac* hmac, uint8_t tag[LLMOBS_SHA256_SIZE])
{
    uint8_t digest[LLMOBS_SHA256_SIZE];
    llmobsi_sha256_rest rest;
    llmobs_sha256_end(&hmac->hash, digest);
    llmobsi_sha256_rest_init(&rest, hmac->outer, digest, sizeof(digest), LLMOBS_I_SHA256_BLOCK);
    llmobsi_sha256_rest_end(&rest);
    llmobsi_sha256_store_state(tag, hmac->outer);
    llmobs_wipe(digest, sizeof(digest));
    llmobs_wipe(hmac, sizeof(*hmac));
}

#endif /* LLMOBS_NO_SHA256 */

/* =================================================================================================
 *  >>hash                   core: seeded 64-bit hash
 * ============================================================================================== */

/* A 64-bit hash for tables whose keys strangers choose. Without the seed nobody can tell which
   keys collide, so the seed is random and secret, as are the hashes themselves. It is no
   cryptographic hash: for what leaves the process there is HMAC-SHA256.

   Two words of the key are hidden by words of the seed and multiplied to 128 bits, and the
   halves of the product are folded together. Both factors are unknown, so no key can force one
   of them to zero. Each word of each lane has a mask of its own, made from the seed by
   multiplication, so no two words can trade places: the difference of masks made by addition or
   exclusive or would be known to all. */

#ifdef LLMOBS_USE_XXHASH
#include <xxhash.h>
#endif

/* The high half of a * b is folded onto the low half. From four products of 32 bits. */
llmobsi_fn uint64_t llmobsi_hash_fold_portable(uint64_t a, uint64_t b)
{
    uint64_t a_low = a & UINT32_MAX, a_high = a >> 32;
    uint64_t b_low = b & UINT32_MAX, b_high = b >> 32;
    uint64_t low = a_low * b_low;
    uint64_t middle = a_high * b_low + (low >> 32); /* at most 2^64 - 2^32 */
    uint64_t cross = a_low * b_high + (middle & UINT32_MAX);
    uint64_t high = a_high * b_high + (middle >> 32) + (cross >> 32);
    return high ^ (cross << 32 | (low & UINT32_MAX));
}

#if defined(__SIZEOF_INT128__)
__extension__ typedef unsigned __int128 llmobsi_uint128;
#endif

llmobsi_inline uint64_t llmobsi_hash_fold(uint64_t a, uint64_t b)
{
#if defined(__SIZEOF_INT128__)
    llmobsi_uint128 product = (llmobsi_uint128)a * b;
    return (uint64_t)(product >> 64) ^ (uint64_t)product;
#else
    return llmobsi_hash_fold_portable(a, b);
#endif
}

/* Little-endian on every machine. */
llmobsi_inline uint64_t llmobsi_hash_read8(const uint8_t* bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof(word));
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

llmobsi_inline uint64_t llmobsi_hash_read4(const uint8_t* bytes)
{
    uint32_t word;
    memcpy(&word, bytes, sizeof(word));
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap32(word);
#endif
    return word;
}

/* Odd constants: the fractions of the square roots of 2, 3, 5 and 7 (the last bit set). */
#define LLMOBS_I_HASH_ROOT2 UINT64_C(0x6a09e667f3bcc909)
#define LLMOBS_I_HASH_ROOT3 UINT64_C(0xbb67ae8584caa73b)
#define LLMOBS_I_HASH_ROOT5 UINT64_C(0x3c6ef372fe94f82b)
#define LLMOBS_I_HASH_ROOT7 UINT64_C(0xa54ff53a5f1d36f1)

/* The same hash on every machine. */
llmobsi_fn uint64_t llmobsi_hash64_own(const void* data, size_t size, uint64_t seed)
{
    const uint8_t* bytes = (const uint8_t*)data;
    uint64_t mask_a = (seed ^ LLMOBS_I_HASH_ROOT3) * LLMOBS_I_HASH_ROOT2;
    uint64_t mask_b = (seed ^ LLMOBS_I_HASH_ROOT7) * LLMOBS_I_HASH_ROOT5;
    uint64_t lane_a = (seed ^ LLMOBS_I_HASH_ROOT2) * LLMOBS_I_HASH_ROOT7;
    uint64_t lane_b = (seed ^ LLMOBS_I_HASH_ROOT5) * LLMOBS_I_HASH_ROOT3;
    uint64_t first = 0, last = 0;
    if (size <= 16) {
        if (size >= 8) {
            first = llmobsi_hash_read8(bytes);
            last = llmobsi_hash_read8(bytes + (size - 8));
        } else if (size >= 4) {
            first = llmobsi_hash_read4(bytes);
            last = llmobsi_hash_read4(bytes + (size - 4));
        } else if (size > 0) {
            first = (uint64_t)bytes[0] | (uint64_t)bytes[size / 2] << 8;
            last = bytes[size - 1];
        }
        lane_a = llmobsi_hash_fold(first ^ lane_a, last ^ mask_a);
    } else {
        const uint8_t* end = bytes + size;
        for (; (size_t)(end - bytes) > 32; bytes += 32) {
            lane_a = llmobsi_hash_fold(llmobsi_hash_read8(bytes) ^ lane_a,
                                       llmobsi_hash_read8(bytes + 8) ^ mask_a);
            lane_b = llmobsi_hash_fold(llmobsi_hash_read8(bytes + 16) ^ lane_b,
                                       llmobsi_hash_read8(bytes + 24) ^ mask_b);
        }
        /* 17 to 32 bytes are left. What is before the last 16 may be hashed twice. */
        bytes = size >= 32 ? end - 32 : bytes;
        lane_a = llmobsi_hash_fold(llmobsi_hash_read8(bytes) ^ lane_a,
                                   llmobsi_hash_read8(bytes + 8) ^ mask_a);
        lane_b = llmobsi_hash_fold(llmobsi_hash_read8(end - 16) ^ lane_b,
                                   llmobsi_hash_read8(end - 8) ^ mask_b);
    }
    return llmobsi_hash_fold(lane_a ^ mask_b, lane_b ^ (uint64_t)size);
}

llmobsi_fn uint64_t llmobsi_hash64(const void* data, size_t size, uint64_t seed)
{
#ifdef LLMOBS_USE_XXHASH
    return XXH3_64bits_withSeed(data, size, seed);
#else
    return llmobsi_hash64_own(data, size, seed);
#endif
}

/* =================================================================================================
 *  >>exponential            core: base-2 exponential buckets
 * ============================================================================================== */

/* Base-2 exponential histograms: which bucket a value belongs to, what a bucket's bounds are, and
   what quantiles follow from the counts. Nothing here has memory or threads.

   At scale s, bucket `index` holds the values in (2^(index * 2^-s), 2^((index + 1) * 2^-s)]. The
   bounds of a scale are bounds of every finer one, so an index is computed at the finest scale and
   shifted right, arithmetically, for a coarser one. It comes from the bits of the number: no
   logarithm is rounded, and -ffast-math changes nothing. */

#define LLMOBS_I_EXPONENTIAL_FINEST 8 /* a scale: 256 buckets in each power of two */
#define LLMOBS_I_EXPONENTIAL_COARSEST (-10)
#define LLMOBS_I_EXPONENTIAL_SPAN 160u /* buckets of a histogram */
#define LLMOBS_I_EXPONENTIAL_PARTS 256

#define LLMOBS_I_DOUBLE_BIAS 1023
#define LLMOBS_I_DOUBLE_LEAST (LLMOBS_I_DOUBLE_FRACTION + 1) /* the bits of DBL_MIN: 2^52 */
#define LLMOBS_I_DOUBLE_MOST (LLMOBS_I_DOUBLE_INFINITY - 1)  /* of DBL_MAX                */
#define LLMOBS_I_DOUBLE_ONE UINT64_C(0x3ff0000000000000)     /* of 1.0                    */

/* The mantissas of 2^(i / 256), rounded down, so that each is of the largest double not above the
   border: the integer part of 2^(52 + i / 256), less the leading 2^52. They were found by eight
   integer square roots in a row of 2^(52 * 256 + i). */
#define LLMOBS_I_BORDERS(a, b, c, d) UINT64_C(a), UINT64_C(b), UINT64_C(c), UINT64_C(d)
static const uint64_t llmobsi_exponential_borders[257] = {
    LLMOBS_I_BORDERS(0x0000000000000, 0x00b1afa5abcbe, 0x0163da9fb3335, 0x02168143b0280),
    LLMOBS_I_BORDERS(0x02c9a3e778060, 0x037d42e11bbcc, 0x04315e86e7f84, 0x04e5f72f654b1),
    LLMOBS_I_BORDERS(0x059b0d3158574, 0x0650a0e3c1f88, 0x0706b29ddf6dd, 0x07bd42b72a836),
    LLMOBS_I_BORDERS(0x0874518759bc8, 0x092bdf66607df, 0x09e3ecac6f383, 0x0a9c79b1f3919),
    LLMOBS_I_BORDERS(0x0b5586cf9890f, 0x0c0f145e46c85, 0x0cc922b7247f7, 0x0d83b23395deb),
    LLMOBS_I_BORDERS(0x0e3ec32d3d1a2, 0x0efa55fdfa9c4, 0x0fb66affed31a, 0x1073028d7233e),
    LLMOBS_I_BORDERS(0x11301d0125b50, 0x11edbab5e2ab5, 0x12abdc06c31cb, 0x136a814f204aa),
    LLMOBS_I_BORDERS(0x1429aaea92ddf, 0x14e95934f312d, 0x15a98c8a58e51, 0x166a45471c3c2),
    LLMOBS_I_BORDERS(0x172b83c7d517a, 0x17ed48695bbc0, 0x18af9388c8de9, 0x1972658375d2f),
    LLMOBS_I_BORDERS(0x1a35beb6fcb75, 0x1af99f8138a1c, 0x1bbe084045cd3, 0x1c82f95281c6b),
    LLMOBS_I_BORDERS(0x1d4873168b9aa, 0x1e0e75eb44026, 0x1ed5022fcd91c, 0x1f9c18438ce4c),
    LLMOBS_I_BORDERS(0x2063b88628cd6, 0x212be3578a819, 0x21f49917ddc96, 0x22bdda27912d1),
    LLMOBS_I_BORDERS(0x2387a6e756238, 0x2451ffb82140a, 0x251ce4fb2a63f, 0x25e85711ece75),
    LLMOBS_I_BORDERS(0x26b4565e27cdd, 0x2780e341ddf29, 0x284dfe1f56380, 0x291ba7591bb6f),
    LLMOBS_I_BORDERS(0x29e9df51fdee1, 0x2ab8a66d10f12, 0x2b87fd0dad98f, 0x2c57e39771b2e),
    LLMOBS_I_BORDERS(0x2d285a6e4030b, 0x2df961f641589, 0x2ecafa93e2f56, 0x2f9d24abd886a),
    LLMOBS_I_BORDERS(0x306fe0a31b715, 0x31432edeeb2fd, 0x32170fc4cd831, 0x32eb83ba8ea31),
    LLMOBS_I_BORDERS(0x33c08b26416ff, 0x3496266e3fa2c, 0x356c55f929ff0, 0x36431a2de883a),
    LLMOBS_I_BORDERS(0x371a7373aa9ca, 0x37f26231e7549, 0x38cae6d05d865, 0x39a401b7140ee),
    LLMOBS_I_BORDERS(0x3a7db34e59ff6, 0x3b57fbfec6cf4, 0x3c32dc313a8e4, 0x3d0e544ede173),
    LLMOBS_I_BORDERS(0x3dea64c123422, 0x3ec70df1c5174, 0x3fa4504ac801b, 0x40822c367a024),
    LLMOBS_I_BORDERS(0x4160a21f72e29, 0x423fb27094689, 0x431f5d950a896, 0x43ffa3f84b9d4),
    LLMOBS_I_BORDERS(0x44e086061892d, 0x45c2042a7d231, 0x46a41ed1d0057, 0x4786d668b3236),
    LLMOBS_I_BORDERS(0x486a2b5c13cd0, 0x494e1e192aed1, 0x4a32af0d7d3de, 0x4b17dea6db7d6),
    LLMOBS_I_BORDERS(0x4bfdad5362a27, 0x4ce41b817c114, 0x4dcb299fddd0d, 0x4eb2d81d8abfe),
    LLMOBS_I_BORDERS(0x4f9b2769d2ca6, 0x508417f4531ee, 0x516daa2cf6641, 0x5257de83f4eee),
    LLMOBS_I_BORDERS(0x5342b569d4f81, 0x542e2f4f6ad27, 0x551a4ca5d920e, 0x56070dde910d1),
    LLMOBS_I_BORDERS(0x56f4736b527da, 0x57e27dbe2c4ce, 0x58d12d497c7fd, 0x59c0827ff07cb),
    LLMOBS_I_BORDERS(0x5ab07dd485429, 0x5ba11fba87a02, 0x5c9268a5946b7, 0x5d84590998b92),
    LLMOBS_I_BORDERS(0x5e76f15ad2148, 0x5f6a320dceb70, 0x605e1b976dc08, 0x6152ae6cdf6f4),
    LLMOBS_I_BORDERS(0x6247eb03a5584, 0x633dd1d1929fd, 0x6434634ccc31f, 0x652b9febc8fb6),
    LLMOBS_I_BORDERS(0x6623882552224, 0x671c1c70833f5, 0x68155d44ca973, 0x690f4b19e9538),
    LLMOBS_I_BORDERS(0x6a09e667f3bcc, 0x6b052fa75173e, 0x6c012750bdabe, 0x6cfdcddd47645),
    LLMOBS_I_BORDERS(0x6dfb23c651a2e, 0x6ef9298593ae4, 0x6ff7df9519483, 0x70f7466f42e87),
    LLMOBS_I_BORDERS(0x71f75e8ec5f73, 0x72f8286ead089, 0x73f9a48a58173, 0x74fbd35d7cbfd),
    LLMOBS_I_BORDERS(0x75feb564267c8, 0x77024b1ab6e09, 0x780694fde5d3f, 0x790b938ac1cf6),
    LLMOBS_I_BORDERS(0x7a11473eb0186, 0x7b17b0976cfda, 0x7c1ed0130c132, 0x7d26a62ff86f0),
    LLMOBS_I_BORDERS(0x7e2f336cf4e62, 0x7f3878491c490, 0x80427543e1a11, 0x814d2add106d9),
    LLMOBS_I_BORDERS(0x82589994cce12, 0x8364c1eb941f7, 0x8471a4623c7ac, 0x857f4179f5b20),
    LLMOBS_I_BORDERS(0x868d99b4492ec, 0x879cad931a436, 0x88ac7d98a6699, 0x89bd0a478580f),
    LLMOBS_I_BORDERS(0x8ace5422aa0db, 0x8be05bad61778, 0x8cf3216b5448b, 0x8e06a5e0866d8),
    LLMOBS_I_BORDERS(0x8f1ae99157736, 0x902fed0282c8a, 0x9145b0b91ffc5, 0x925c353aa2fe1),
    LLMOBS_I_BORDERS(0x93737b0cdc5e4, 0x948b82b5f98e4, 0x95a44cbc8520e, 0x96bdd9a7670b2),
    LLMOBS_I_BORDERS(0x97d829fde4e4f, 0x98f33e47a22a2, 0x9a0f170ca07b9, 0x9b2bb4d53fe0c),
    LLMOBS_I_BORDERS(0x9c49182a3f090, 0x9d674194bb8d4, 0x9e86319e32323, 0x9fa5e8d07f29d),
    LLMOBS_I_BORDERS(0xa0c667b5de564, 0xa1e7aed8eb8bb, 0xa309bec4a2d33, 0xa42c980460ad7),
    LLMOBS_I_BORDERS(0xa5503b23e255c, 0xa674a8af46052, 0xa799e1330b358, 0xa8bfe53c12e58),
    LLMOBS_I_BORDERS(0xa9e6b5579fdbf, 0xab0e521356eba, 0xac36bbfd3f379, 0xad5ff3a3c2774),
    LLMOBS_I_BORDERS(0xae89f995ad3ad, 0xafb4ce622f2fe, 0xb0e07298db665, 0xb20ce6c9a8952),
    LLMOBS_I_BORDERS(0xb33a2b84f15fa, 0xb468415b749b0, 0xb59728de55939, 0xb6c6e29f1c52a),
    LLMOBS_I_BORDERS(0xb7f76f2fb5e46, 0xb928cf22749e3, 0xba5b030a10649, 0xbb8e0b79a6f1e),
    LLMOBS_I_BORDERS(0xbcc1e904bc1d2, 0xbdf69c3f3a206, 0xbf2c25bd71e08, 0xc06286141b33c),
    LLMOBS_I_BORDERS(0xc199bdd85529c, 0xc2d1cd9fa652b, 0xc40ab5fffd07a, 0xc544778fafb22),
    LLMOBS_I_BORDERS(0xc67f12e57d14b, 0xc7ba88988c932, 0xc8f6d9406e7b5, 0xca3405751c4da),
    LLMOBS_I_BORDERS(0xcb720dcef9069, 0xccb0f2e6d1674, 0xcdf0b555dc3f9, 0xcf3155b5bab73),
    LLMOBS_I_BORDERS(0xd072d4a07897b, 0xd1b532b08c968, 0xd2f87080d89f1, 0xd43c8eacaa1d6),
    LLMOBS_I_BORDERS(0xd5818dcfba487, 0xd6c76e862e6d3, 0xd80e316c98397, 0xd955d71ff6075),
    LLMOBS_I_BORDERS(0xda9e603db3285, 0xdbe7cd63a8314, 0xdd321f301b460, 0xde7d5641c0657),
    LLMOBS_I_BORDERS(0xdfc97337b9b5e, 0xe11676b197d16, 0xe264614f5a128, 0xe3b333b16ee11),
    LLMOBS_I_BORDERS(0xe502ee78b3ff6, 0xe653924676d75, 0xe7a51fbc74c83, 0xe8f7977cdb73f),
    LLMOBS_I_BORDERS(0xea4afa2a490d9, 0xeb9f4867cca6e, 0xecf482d8e67f0, 0xee4aaa2188510),
    LLMOBS_I_BORDERS(0xefa1bee615a27, 0xf0f9c1cb64129, 0xf252b376bba97, 0xf3ac948dd7273),
    LLMOBS_I_BORDERS(0xf50765b6e4540, 0xf6632798844f8, 0xf7bfdad9cbe13, 0xf91d802243c88),
    LLMOBS_I_BORDERS(0xfa7c1819e90d8, 0xfbdba3692d513, 0xfd3c22b8f71f1, 0xfe9d96b2a23d9),
    UINT64_C(1) << 52, /* never reached */
};

/* The last border that is not above the first mantissa of each 512th. The next border may be within
   that 512th, the one after it is not: the closest two are a 369th apart. */
static const uint8_t llmobsi_exponential_guesses[512] = {
      0,   0,   1,   2,   2,   3,   4,   5,   5,   6,   7,   7,   8,   9,   9,  10,
     11,  12,  12,  13,  14,  14,  15,  16,  16,  17,  18,  18,  19,  20,  21,  21,
     22,  23,  23,  24,  25,  25,  26,  27,  27,  28,  29,  29,  30,  31,  31,  32,
     33,  33,  34,  35,  35,  36,  37,  37,  38,  38,  39,  40,  40,  41,  42,  42,
     43,  44,  44,  45,  46,  46,  47,  47,  48,  49,  49,  50,  51,  51,  52,  52,
     53,  54,  54,  55,  56,  56,  57,  57,  58,  59,  59,  60,  61,  61,  62,  62,
     63,  64,  64,  65,  65,  66,  67,  67,  68,  68,  69,  70,  70,  71,  71,  72,
     73,  73,  74,  74,  75,  76,  76,  77,  77,  78,  78,  79,  80,  80,  81,  81,
     82,  82,  83,  84,  84,  85,  85,  86,  87,  87,  88,  88,  89,  89,  90,  90,
     91,  92,  92,  93,  93,  94,  94,  95,  96,  96,  97,  97,  98,  98,  99,  99,
    100, 100, 101, 102, 102, 103, 103, 104, 104, 105, 105, 106, 106, 107, 108, 108,
    109, 109, 110, 110, 111, 111, 112, 112, 113, 113, 114, 114, 115, 116, 116, 117,
    117, 118, 118, 119, 119, 120, 120, 121, 121, 122, 122, 123, 123, 124, 124, 125,
    125, 126, 126, 127, 127, 128, 128, 129, 129, 130, 131, 131, 132, 132, 133, 133,
    134, 134, 135, 135, 136, 136, 137, 137, 138, 138, 139, 139, 140, 140, 140, 141,
    141, 142, 142, 143, 143, 144, 144, 145, 145, 146, 146, 147, 147, 148, 148, 149,
    149, 150, 150, 151, 151, 152, 152, 153, 153, 154, 154, 155, 155, 155, 156, 156,
    157, 157, 158, 158, 159, 159, 160, 160, 161, 161, 162, 162, 162, 163, 163, 164,
    164, 165, 165, 166, 166, 167, 167, 168, 168, 168, 169, 169, 170, 170, 171, 171,
    172, 172, 173, 173, 173, 174, 174, 175, 175, 176, 176, 177, 177, 177, 178, 178,
    179, 179, 180, 180, 181, 181, 181, 182, 182, 183, 183, 184, 184, 185, 185, 185,
    186, 186, 187, 187, 188, 188, 188, 189, 189, 190, 190, 191, 191, 191, 192, 192,
    193, 193, 194, 194, 194, 195, 195, 196, 196, 197, 197, 197, 198, 198, 199, 199,
    200, 200, 200, 201, 201, 202, 202, 202, 203, 203, 204, 204, 205, 205, 205, 206,
    206, 207, 207, 207, 208, 208, 209, 209, 209, 210, 210, 211, 211, 212, 212, 212,
    213, 213, 214, 214, 214, 215, 215, 216, 216, 216, 217, 217, 218, 218, 218, 219,
    219, 220, 220, 220, 221, 221, 222, 222, 222, 223, 223, 223, 224, 224, 225, 225,
    225, 226, 226, 227, 227, 227, 228, 228, 229, 229, 229, 230, 230, 231, 231, 231,
    232, 232, 232, 233, 233, 234, 234, 234, 235, 235, 235, 236, 236, 237, 237, 237,
    238, 238, 239, 239, 239, 240, 240, 240, 241, 241, 242, 242, 242, 243, 243, 243,
    244, 244, 245, 245, 245, 246, 246, 246, 247, 247, 247, 248, 248, 249, 249, 249,
    250, 250, 250, 251, 251, 252, 252, 252, 253, 253, 253, 254, 254, 254, 255, 255,
};

/* ---- buckets ------------------------------------------------------------------------------- */

/* The index at the finest scale of a positive finite value. Zero and subnormals count as the least
   normal number. What is looked up is the double before the value: it is not below a border just
   when the value is above it, which is what makes upper bounds inclusive. */
llmobsi_inline int32_t llmobsi_exponential_index(double value)
{
    uint64_t bits = llmobsi_double_bits(value);
    uint64_t before = (bits > LLMOBS_I_DOUBLE_LEAST ? bits : LLMOBS_I_DOUBLE_LEAST) - 1;
    uint64_t mantissa = before & LLMOBS_I_DOUBLE_FRACTION;
    int32_t power = (int32_t)(before >> 52) - LLMOBS_I_DOUBLE_BIAS;
    int32_t guess = llmobsi_exponential_guesses[mantissa >> 43];
    return power * LLMOBS_I_EXPONENTIAL_PARTS + guess +
           (mantissa >= llmobsi_exponential_borders[guess + 1] ? 1 : 0);
}

/* 2^(index * 2^-scale): the lower bound of bucket `index`, the upper one of `index - 1`. Exact at
   powers of two, otherwise the largest double that is not above it, so that values compare with it
   as llmobsi_exponential_index sorts them. DBL_MAX above the doubles; 0 below the normal ones, as
   the lowest bucket holds all that are smaller. */
llmobsi_fn double llmobsi_exponential_bound(int64_t index, int32_t scale)
{
    const int64_t end = (LLMOBS_I_DOUBLE_BIAS + 1) * LLMOBS_I_EXPONENTIAL_PARTS; /* 2^1024 */
    int64_t finest = index < -end ? -end : index > end ? end : index;
    uint64_t from_zero;
    finest *= INT64_C(1) << (LLMOBS_I_EXPONENTIAL_FINEST - scale);
    if (finest >= end) {
        return llmobsi_double_of(LLMOBS_I_DOUBLE_MOST);
    }
    if (finest < (1 - LLMOBS_I_DOUBLE_BIAS) * LLMOBS_I_EXPONENTIAL_PARTS) {
        return 0.0;
    }
    from_zero = (uint64_t)(finest + LLMOBS_I_DOUBLE_BIAS * LLMOBS_I_EXPONENTIAL_PARTS);
    return llmobsi_double_of(
        from_zero / LLMOBS_I_EXPONENTIAL_PARTS * LLMOBS_I_DOUBLE_LEAST +
        llmobsi_exponential_borders[from_zero % LLMOBS_I_EXPONENTIAL_PARTS]);
}

/* How far the midpoint of a bucket may be from a value in it, relative to that value: (b - 1) /
   (b + 1) with b = 2^(2^-scale). Written so that a tiny quotient may become zero, as it does under
   -ffast-math. */
llmobsi_fn double llmobsi_exponential_error(int32_t scale)
{
    return 1.0 - 2.0 / (llmobsi_exponential_bound(1, scale) + 1.0);
}

/* The finest scale at which two indexes of the finest scale are in one histogram. */
llmobsi_fn int32_t llmobsi_exponential_fit(int32_t low, int32_t high)
{
    int shift = 0;
    while (shift < LLMOBS_I_EXPONENTIAL_FINEST - LLMOBS_I_EXPONENTIAL_COARSEST &&
           (int64_t)(high >> shift) - (low >> shift) >= (int64_t)LLMOBS_I_EXPONENTIAL_SPAN) {
        shift++;
    }
    return LLMOBS_I_EXPONENTIAL_FINEST - shift;
}

/* The finest scale at which `least`, `most` and all between are in one histogram. */
llmobsi_fn int32_t llmobsi_exponential_scale(double least, double most)
{
    return llmobsi_exponential_fit(llmobsi_exponential_index(least),
                                   llmobsi_exponential_index(most));
}

/* ---- quantiles ----------------------------------------------------------------------------- */

/* ceil(q * count), within 1 to count (1 of none); NaN counts as 0. A product that is above a whole
   number by no more than rounding is that number: of 100, q = 0.07, which as a double is a little
   more, is the 7th. Of more than 2^51, the rank is only as exact as a double. */
llmobsi_fn uint64_t llmobsi_quantile_rank(double q, uint64_t count)
{
    uint64_t bits = llmobsi_double_bits(q); /* -ffast-math knows no NaN */
    double product;
    uint64_t rank;
    if (count == 0 || bits > LLMOBS_I_DOUBLE_INFINITY) { /* negative numbers, too */
        return 1;
    }
    if (bits >= LLMOBS_I_DOUBLE_ONE) {
        return count;
    }
    product = q * (double)count;
    rank = (uint64_t)product;
    if (product - (double)rank > product / (double)LLMOBS_I_DOUBLE_LEAST) {
        rank++;
    }
    return rank < 1 ? 1 : rank; /* q is below 1, so the product never rounds to more than count */
}

/* A quantile, and bounds between which the value of its rank lies. */
typedef struct llmobsi_bracket {
    double value;
    double low;
    double high;
} llmobsi_bracket;

llmobsi_inline double llmobsi_clamp(double value, double least, double most)
{
    return value < least ? least : value > most ? most : value;
}

/* With what is known of the least and the largest value; least > most says: nothing. */
llmobsi_fn llmobsi_bracket llmobsi_bracket_clamp(llmobsi_bracket bracket, double least, double most)
{
    if (least <= most) {
        bracket.value = llmobsi_clamp(bracket.value, least, most);
        bracket.low = llmobsi_clamp(bracket.low, least, most);
        bracket.high = llmobsi_clamp(bracket.high, least, most);
    }
    return bracket;
}

/* Finds the bucket of a rank, and makes it the rank within that bucket. Past the last value, that
   one; `bucket_count` if there is none. */
llmobsi_fn uint32_t llmobsi_rank_bucket(const uint64_t* counts, uint32_t bucket_count,
                                        uint64_t* rank)
{
    uint32_t found = bucket_count;
    uint32_t i;
    for (i = 0; i < bucket_count; i++) {
        if (counts[i] > 0) {
            found = i;
            if (counts[i] >= *rank) {
                return found;
            }
            *rank -= counts[i];
        }
    }
    if (found < bucket_count) {
        *rank = counts[found];
    }
    return found;
}

/* The value of a rank (from 1), zeros first: the midpoint 2ab / (a + b) of its bucket (a, b], which
   is off by at most llmobsi_exponential_error. Of none, zeros. With the base instead of b, nothing
   can overflow, nor be lost where -ffast-math makes subnormal numbers zero. */
llmobsi_fn llmobsi_bracket llmobsi_exponential_quantile(const uint64_t* counts,
                                                        uint32_t bucket_count, int32_t offset,
                                                        int32_t scale, uint64_t zero_count,
                                                        uint64_t rank)
{
    llmobsi_bracket bracket = {0.0, 0.0, 0.0};
    uint32_t bucket = bucket_count;
    if (rank > zero_count) {
        rank -= zero_count;
        bucket = llmobsi_rank_bucket(counts, bucket_count, &rank);
    }
    if (bucket == bucket_count) {
        return bracket;
    }
    bracket.low = llmobsi_exponential_bound((int64_t)offset + bucket, scale);
    bracket.high = llmobsi_exponential_bound((int64_t)offset + bucket + 1, scale);
    bracket.value = bracket.low / (0.5 + 0.5 / llmobsi_exponential_bound(1, scale));
    if (bracket.low <= 0.0) {
        bracket.value = llmobsi_double_of(LLMOBS_I_DOUBLE_LEAST); /* as its subnormals count */
    }
    return bracket;
}

/* The same of a histogram with `bound_count` upper bounds (inclusive, ascending, above 0) and one
   bucket more. Values are taken to be spread evenly within a bucket, as Prometheus does. */
llmobsi_fn llmobsi_bracket llmobsi_explicit_quantile(const uint64_t* counts, const double* bounds,
                                                     uint32_t bound_count, uint64_t rank,
                                                     double least, double most)
{
    llmobsi_bracket bracket = {0.0, 0.0, 0.0};
    uint32_t bucket = llmobsi_rank_bucket(counts, bound_count + 1, &rank);
    if (bucket > bound_count) {
        return bracket;
    }
    bracket.low = bucket > 0 ? bounds[bucket - 1] : 0.0;
    bracket.high = bucket < bound_count ? bounds[bucket] : most;
    bracket.high = bracket.high > bracket.low ? bracket.high : bracket.low;
    bracket.value = bracket.low + (bracket.high - bracket.low) *
                                      ((double)rank / (double)counts[bucket]);
    bracket.value = llmobsi_clamp(bracket.value, bracket.low, bracket.high);
    return llmobsi_bracket_clamp(bracket, least, most);
}

/* =================================================================================================
 *  >>config                 core: configuration, defaults, memory by pillar
 * ============================================================================================== */

#define LLMOBS_I_FAMILIES_STANDARD 33u /* LLMOBS_FAMILY_LLM | LLMOBS_FAMILY_SELF */

LLMOBS_API llmobs_config llmobs_config_default(void)
{
    llmobs_config config;
    memset(&config, 0, sizeof config);
    config.size = sizeof config;
    config.service_name = "unknown_service";
    config.span_slots = 4096;
    config.max_threads = 64;
    config.name_bytes = 32768;
    config.value_bytes = 256;
    config.span_parts = 8;
    config.max_exporters = 4;
    config.queue_bytes = 1048576;
    config.batch_bytes = 65536;
    config.batch_delay_ms = 1000;
    config.tick_ms = 100;
    config.close_timeout_ms = 5000;
    config.span_max_age_s = 3600;
    config.sample_ratio = 1.0;
    config.metric_series = 4096;
    config.metric_max_series = 2000;
    config.metric_bytes = 3145728;
    config.max_metrics = 256;
    config.label_bytes = 128;
    config.exemplars = 1024;
    config.metric_families = LLMOBS_I_FAMILIES_STANDARD;
    return config;
}

/* One field: 0 becomes the default, what is out of range its nearest border. */
llmobsi_fn bool llmobsi_config_range(uint32_t* field, uint32_t standard, uint32_t least,
                                     uint32_t most)
{
    uint32_t wanted = *field == 0 ? standard : *field;
    uint32_t given = wanted < least ? least : wanted > most ? most : wanted;
    *field = given;
    return given == wanted;
}

/* A queue has 2 to 1,024 batches. */
llmobsi_fn uint32_t llmobsi_batch_most(const llmobs_config* config)
{
    return config->queue_bytes / 2;
}

llmobsi_fn uint32_t llmobsi_batch_least(const llmobs_config* config)
{
    return config->queue_bytes / 1024 > 4096 ? config->queue_bytes / 1024 : 4096;
}

/* NaN must be known under -ffast-math too, which assumes there is none: so the bits are asked. */
llmobsi_fn bool llmobsi_config_ratio(double* ratio)
{
    uint64_t bits;
    memcpy(&bits, ratio, sizeof bits);
    if ((bits & UINT64_C(0x7fffffffffffffff)) == 0) {
        *ratio = 1.0;
        return true;
    }
    if ((bits & UINT64_C(0x7ff0000000000000)) == UINT64_C(0x7ff0000000000000) || *ratio > 1.0) {
        *ratio = 1.0;
        return false;
    }
    if (*ratio < 0.0) {
        bool none = *ratio >= LLMOBS_SAMPLE_NONE && *ratio <= LLMOBS_SAMPLE_NONE;
        *ratio = 0.0;
        return none;
    }
    return true;
}

/* Where the note about a config goes: nowhere while it is only asked how much memory it needs. */
llmobsi_fn void llmobsi_config_tell(const llmobs_config* config, bool tell, const char* text)
{
    if (tell && config->note != NULL) {
        config->note(config->note_user, LLMOBS_NOTE_CONFIG_RANGE, 1, text);
    }
}

/* The fields that have a range, with its ends. Those of batch_bytes depend on queue_bytes. */
#define LLMOBS_I_RANGES(X)                                                                       \
    X(span_slots, 64, 1u << 20)                                                                  \
    X(max_threads, 1, 1024)                                                                      \
    X(name_bytes, 1024, 1u << 26)                                                                \
    X(value_bytes, 16, 400)                                                                      \
    X(span_parts, 1, 64)                                                                         \
    X(max_exporters, 1, 16)                                                                      \
    X(queue_bytes, 65536, 1u << 30)                                                              \
    X(batch_bytes, llmobsi_batch_least(out), llmobsi_batch_most(out))                            \
    X(batch_delay_ms, 1, 3600000)                                                                \
    X(tick_ms, 1, 3600000)                                                                       \
    X(close_timeout_ms, 1, 3600000)                                                              \
    X(span_max_age_s, 1, 31536000)                                                               \
    X(metric_series, 16, 1u << 20)                                                               \
    X(metric_max_series, 1, 1u << 20)                                                            \
    X(metric_bytes, 65536, 1u << 30)                                                             \
    X(max_metrics, 1, 4096)                                                                      \
    X(label_bytes, 32, 255)                                                                      \
    X(exemplars, 1, 1u << 20)

llmobsi_fn void llmobsi_config_ranges(llmobs_config* out, bool tell)
{
    llmobs_config standard = llmobs_config_default();
    standard.queue_bytes = out->queue_bytes != 0 ? out->queue_bytes : standard.queue_bytes;
    if (standard.batch_bytes > llmobsi_batch_most(&standard)) {
        standard.batch_bytes = llmobsi_batch_most(&standard);
    }
    if (standard.batch_bytes < llmobsi_batch_least(&standard)) {
        standard.batch_bytes = llmobsi_batch_least(&standard);
    }
#define LLMOBS_I_RANGE(field, least, most)                                                       \
    if (!llmobsi_config_range(&out->field, standard.field, least, most)) {                       \
        llmobsi_config_tell(out, tell, "llmobs_config." #field                                   \
                                       " is out of range and was brought into it");              \
    }
    LLMOBS_I_RANGES(LLMOBS_I_RANGE)
#undef LLMOBS_I_RANGE
}

/* Fields that can be switched off keep that through the check of ranges. */
typedef struct llmobsi_switches {
    bool spans_off;
    bool metrics_off;
    bool exemplars_off;
} llmobsi_switches;

llmobsi_fn bool llmobsi_switch_take(uint32_t* field)
{
    bool off = *field == LLMOBS_OFF;
    *field = off ? 0 : *field;
    return off;
}

llmobsi_fn llmobsi_switches llmobsi_switches_take(llmobs_config* config)
{
    llmobsi_switches switches;
    switches.spans_off = llmobsi_switch_take(&config->span_slots);
    switches.metrics_off = llmobsi_switch_take(&config->metric_series);
    switches.exemplars_off = llmobsi_switch_take(&config->exemplars);
    return switches;
}

llmobsi_fn void llmobsi_switches_put(llmobs_config* config, llmobsi_switches switches)
{
    config->span_slots =
        switches.spans_off ? LLMOBS_OFF : llmobsi_round_up_pow2(config->span_slots);
    config->metric_series = switches.metrics_off ? LLMOBS_OFF : config->metric_series;
    config->exemplars = switches.exemplars_off ? LLMOBS_OFF : config->exemplars;
    if (config->metric_families == 0) {
        config->metric_families = LLMOBS_I_FAMILIES_STANDARD;
    }
}

/* The families that are switched on. */
llmobsi_fn uint32_t llmobsi_families(const llmobs_config* config)
{
    return config->metric_families == LLMOBS_OFF ? 0 : config->metric_families;
}

/* The config with nothing left to decide. */
llmobsi_fn void llmobsi_config_complete(llmobs_config* out, const llmobs_config* given, bool tell)
{
    llmobsi_switches switches;
    *out = llmobs_config_default();
    if (given != NULL) {
        size_t known = given->size != 0 && given->size < sizeof *out ? given->size : sizeof *out;
        memset(out, 0, sizeof *out);
        memcpy(out, given, known);
    }
    out->size = sizeof *out;
    if (out->service_name == NULL || out->service_name[0] == '\0') {
        out->service_name = "unknown_service";
    }
    switches = llmobsi_switches_take(out);
    llmobsi_config_ranges(out, tell);
    llmobsi_switches_put(out, switches);
    if (!llmobsi_config_ratio(&out->sample_ratio)) {
        llmobsi_config_tell(out, tell,
                            "llmobs_config.sample_ratio is out of range and was brought into it");
    }
}

/* =================================================================================================
 *  >>block                  core: blocks of memory, parked between instances
 * ============================================================================================== */

/* The blocks of memory that instances live in. Those of closed instances wait here for the next
   open, or for llmobs_release. */

#define LLMOBS_I_PARKING 8

typedef struct llmobsi_parked {
    void* memory;
    size_t bytes;
    llmobs_allocator allocator;
} llmobsi_parked;

static llmobsi_parked llmobsi_parking[LLMOBS_I_PARKING]; /* under the lock */
static pthread_mutex_t llmobsi_parking_lock = PTHREAD_MUTEX_INITIALIZER;

llmobsi_fn void* llmobsi_allocate_default(void* user, size_t size, size_t alignment)
{
    (void)user;
    return aligned_alloc(alignment, llmobsi_size_align(size, alignment));
}

llmobsi_fn void llmobsi_release_default(void* user, void* memory, size_t size)
{
    (void)user;
    (void)size;
    free(memory);
}

llmobsi_fn llmobs_allocator llmobsi_allocator_of(const llmobs_config* config)
{
    llmobs_allocator allocator = config->allocator;
    if (allocator.allocate == NULL || allocator.release == NULL) {
        allocator.allocate = llmobsi_allocate_default;
        allocator.release = llmobsi_release_default;
        allocator.user = NULL;
    }
    return allocator;
}

/* A parked block of this very size from this very allocator. */
llmobsi_fn void* llmobsi_unpark(const llmobs_allocator* allocator, size_t bytes)
{
    void* memory = NULL;
    int i;
    (void)pthread_mutex_lock(&llmobsi_parking_lock);
    for (i = 0; i < LLMOBS_I_PARKING && memory == NULL; i++) {
        llmobsi_parked* parked = &llmobsi_parking[i];
        if (parked->memory != NULL && parked->bytes == bytes &&
            parked->allocator.allocate == allocator->allocate &&
            parked->allocator.release == allocator->release &&
            parked->allocator.user == allocator->user) {
            memory = parked->memory;
            parked->memory = NULL;
        }
    }
    (void)pthread_mutex_unlock(&llmobsi_parking_lock);
    return memory;
}

/* Parks a block; when the parking is full, one that has been there longer is freed: nobody is in
   it. */
llmobsi_fn void llmobsi_park(const llmobs_allocator* allocator, void* memory, size_t bytes)
{
    llmobsi_parked last;
    int i;
    (void)pthread_mutex_lock(&llmobsi_parking_lock);
    for (i = 0; i < LLMOBS_I_PARKING - 1 && llmobsi_parking[i].memory != NULL; i++) {
    }
    last = llmobsi_parking[i];
    llmobsi_parking[i].memory = memory;
    llmobsi_parking[i].bytes = bytes;
    llmobsi_parking[i].allocator = *allocator;
    (void)pthread_mutex_unlock(&llmobsi_parking_lock);
    if (last.memory != NULL) {
        last.allocator.release(last.allocator.user, last.memory, last.bytes);
    }
}

/* Blocks that stay with a callback that hung, or with a batch that the host was promised: for good,
   but within reach, so that leak checkers do not take them for lost. */
static void* llmobsi_left[64]; /* under the lock; what does not fit is out of reach */
static uint32_t llmobsi_left_count;

llmobsi_fn void llmobsi_leave_block(void* memory)
{
    (void)pthread_mutex_lock(&llmobsi_parking_lock);
    llmobsi_left[llmobsi_left_count++ % 64u] = memory;
    (void)pthread_mutex_unlock(&llmobsi_parking_lock);
}

LLMOBS_API size_t llmobs_release(void)
{
    llmobsi_parked parked[LLMOBS_I_PARKING];
    size_t freed = 0;
    int i;
    (void)pthread_mutex_lock(&llmobsi_parking_lock);
    memcpy(parked, llmobsi_parking, sizeof parked);
    memset(llmobsi_parking, 0, sizeof llmobsi_parking);
    (void)pthread_mutex_unlock(&llmobsi_parking_lock);
    for (i = 0; i < LLMOBS_I_PARKING; i++) {
        if (parked[i].memory != NULL) {
            freed += parked[i].bytes;
            parked[i].allocator.release(parked[i].allocator.user, parked[i].memory,
                                        parked[i].bytes);
        }
    }
    return freed;
}

/* In the child of a fork: whoever held the lock is not here. */
llmobsi_fn void llmobsi_parking_forked(void)
{
    (void)pthread_mutex_init(&llmobsi_parking_lock, NULL);
}

/* =================================================================================================
 *  >>clock                  core: cycles to Unix time
 * ============================================================================================== */

/* Recorders stamp in cycles; the tick turns stamps into Unix time, along a line that it steers
   by the system's clocks. The line is made of pieces: each begins where the one before ends, and
   one that was used is never changed, so that equal stamps give equal times whichever tick
   converts them, and no calibration delays llmobs_open. */

#define LLMOBS_I_KNOTS 64u
#define LLMOBS_I_KNOT_FIRST_NS UINT64_C(1000000)   /* the first piece's length; then it doubles */
#define LLMOBS_I_KNOT_MOST_NS UINT64_C(1000000000) /* up to this */
#define LLMOBS_I_BEND_MOST 0.001 /* how much faster or slower than the clock */
#define LLMOBS_I_CLOCK_STEP_NS 1000000   /* wall clock: a smaller change is reading noise       */
#define LLMOBS_I_CLOCK_LOST_NS 10000000  /* cycles: a larger error is a suspend, not a frequency */

typedef enum llmobsi_time_source {
    LLMOBS_I_TIME_CYCLES,
    LLMOBS_I_TIME_MONOTONIC, /* stamps are CLOCK_MONOTONIC's nanoseconds */
    LLMOBS_I_TIME_INJECTED   /* stamps are the host's Unix nanoseconds   */
} llmobsi_time_source;

/* What the clocks say at one instant and, as part of a timeline, the line from there on. */
typedef struct llmobsi_knot {
    uint64_t stamp;
    uint64_t ns;        /* monotonic */
    int64_t to_unix;    /* Unix time less monotonic time */
    double ns_per_unit; /* 0: not known yet */
} llmobsi_knot;

typedef struct llmobsi_timeline {
    llmobsi_time_source source; /* fixed at open; recorders read it */
    llmobs_clock injected;
    uint64_t piece_ns; /* the newest piece is meant for this long. This and the rest: the tick */
    llmobsi_knot origin; /* where the frequency is measured from */
    uint32_t knot_count;
    llmobsi_knot knots[LLMOBS_I_KNOTS];
} llmobsi_timeline;

/* A stamp: what recorders store. */
llmobsi_inline uint64_t llmobsi_now(const llmobsi_timeline* timeline)
{
    if (llmobsi_likely(timeline->source == LLMOBS_I_TIME_CYCLES)) {
        return llmobsi_cycles();
    }
    return timeline->source == LLMOBS_I_TIME_INJECTED
               ? timeline->injected.unix_ns(timeline->injected.user)
               : llmobsi_monotonic_ns();
}

/* How far Unix time is ahead of monotonic time, by the best of three tries: a thread that is
   preempted between two readings must not take that for a change of the system's clock. */
llmobsi_fn int64_t llmobsi_to_unix_now(void)
{
    uint64_t narrowest = UINT64_MAX;
    int64_t to_unix = 0;
    int attempt;
    for (attempt = 0; attempt < 3; attempt++) {
        uint64_t before = llmobsi_monotonic_ns();
        uint64_t unix_ns = llmobsi_realtime_ns();
        uint64_t after = llmobsi_monotonic_ns();
        if (after - before < narrowest) {
            narrowest = after - before;
            to_unix = (int64_t)(unix_ns - (before + narrowest / 2));
        }
    }
    return to_unix;
}

/* Reads the clocks as close together as three tries give. */
llmobsi_fn llmobsi_knot llmobsi_knot_now(const llmobsi_timeline* timeline)
{
    llmobsi_knot knot;
    uint64_t narrowest = UINT64_MAX;
    int attempt;
    memset(&knot, 0, sizeof knot);
    for (attempt = 0; attempt < 3; attempt++) {
        uint64_t before = llmobsi_now(timeline);
        uint64_t ns = llmobsi_monotonic_ns();
        uint64_t after = llmobsi_now(timeline);
        if (after - before < narrowest) {
            narrowest = after - before;
            knot.stamp = before + (after - before) / 2;
            knot.ns = ns;
        }
    }
    knot.to_unix = llmobsi_to_unix_now();
    return knot;
}

/* Monotonic nanoseconds of a stamp, on the line that goes through a knot. */
llmobsi_fn uint64_t llmobsi_knot_ns(const llmobsi_knot* knot, uint64_t stamp)
{
    if (stamp < knot->stamp) {
        uint64_t back = (uint64_t)((double)(knot->stamp - stamp) * knot->ns_per_unit);
        return back < knot->ns ? knot->ns - back : 0;
    }
    return knot->ns + (uint64_t)((double)(stamp - knot->stamp) * knot->ns_per_unit);
}

/* The frequency since the origin. */
llmobsi_fn double llmobsi_timeline_pace(const llmobsi_timeline* timeline, const llmobsi_knot* now)
{
    return (double)(now->ns - timeline->origin.ns) / (double)(now->stamp - timeline->origin.stamp);
}

/* Drops every other knot between the first and the newest: old stamps are read a little less
   exactly. */
llmobsi_fn void llmobsi_timeline_thin(llmobsi_timeline* timeline)
{
    uint32_t last = timeline->knot_count - 1;
    uint32_t from;
    uint32_t to = 1;
    for (from = 2; from < last; from += 2) {
        timeline->knots[to++] = timeline->knots[from];
    }
    timeline->knots[to++] = timeline->knots[last];
    timeline->knot_count = to;
    for (from = 0; from + 1 < to; from++) {
        llmobsi_knot* knot = &timeline->knots[from];
        knot->ns_per_unit =
            (double)(knot[1].ns - knot[0].ns) / (double)(knot[1].stamp - knot[0].stamp);
    }
}

/* Begins a new piece where the old one has come to, steered so that it meets the clock at its
   end. A gap too wide to be bridged (the machine slept) is jumped. */
llmobsi_fn void llmobsi_timeline_bend(llmobsi_timeline* timeline, llmobsi_knot now)
{
    uint64_t reached = llmobsi_knot_ns(&timeline->knots[timeline->knot_count - 1], now.stamp);
    int64_t error = (int64_t)(now.ns - reached);
    double pace = llmobsi_timeline_pace(timeline, &now);
    if (timeline->knot_count == LLMOBS_I_KNOTS) {
        llmobsi_timeline_thin(timeline);
    }
    timeline->piece_ns = timeline->piece_ns * 2 < LLMOBS_I_KNOT_MOST_NS ? timeline->piece_ns * 2
                                                                        : LLMOBS_I_KNOT_MOST_NS;
    now.ns_per_unit = pace;
    if (error > LLMOBS_I_CLOCK_LOST_NS || error < -LLMOBS_I_CLOCK_LOST_NS) {
        now.ns_per_unit = timeline->knots[timeline->knot_count - 1].ns_per_unit;
        timeline->origin = now;
        timeline->origin.stamp -= (uint64_t)((double)LLMOBS_I_KNOT_MOST_NS / now.ns_per_unit);
        timeline->origin.ns -= LLMOBS_I_KNOT_MOST_NS;
    } else {
        /* Not steered for a time shorter than this piece may serve: ticks may be rare. */
        uint64_t gap = 2 * (now.ns - timeline->knots[timeline->knot_count - 1].ns);
        double bend = (double)error / (double)(gap > timeline->piece_ns ? gap : timeline->piece_ns);
        bend = bend < -LLMOBS_I_BEND_MOST ? -LLMOBS_I_BEND_MOST : bend;
        bend = bend > LLMOBS_I_BEND_MOST ? LLMOBS_I_BEND_MOST : bend;
        now.ns = reached;
        now.ns_per_unit = pace * (1.0 + bend);
    }
    timeline->knots[timeline->knot_count++] = now;
}

/* Takes a reading of the clocks into the timeline. */
llmobsi_fn void llmobsi_timeline_add(llmobsi_timeline* timeline, llmobsi_knot now)
{
    llmobsi_knot* last = &timeline->knots[timeline->knot_count - 1];
    int64_t step = now.to_unix - last->to_unix;
    bool stepped = step <= -LLMOBS_I_CLOCK_STEP_NS || step >= LLMOBS_I_CLOCK_STEP_NS;
    if (now.stamp <= last->stamp || (int64_t)(now.stamp - timeline->origin.stamp) <= 0 ||
        now.ns <= timeline->origin.ns) {
        return;
    }
    if (last->ns_per_unit <= 0.0) {
        last->ns_per_unit = llmobsi_timeline_pace(timeline, &now);
        return;
    }
    now.to_unix = stepped ? now.to_unix : last->to_unix;
    if (stepped || now.ns >= last->ns + timeline->piece_ns) {
        llmobsi_timeline_bend(timeline, now);
    }
}

/* For the tick, before it converts stamps. The very first one sees to it that the frequency is
   known to some parts in a hundred thousand: it waits until a millisecond has passed since the
   open. */
llmobsi_fn void llmobsi_timeline_update(llmobsi_timeline* timeline)
{
    llmobsi_knot now;
    if (timeline->source == LLMOBS_I_TIME_INJECTED) {
        return;
    }
    do {
        now = llmobsi_knot_now(timeline);
    } while (timeline->knots[0].ns_per_unit <= 0.0 &&
             now.ns < timeline->origin.ns + LLMOBS_I_KNOT_FIRST_NS);
    llmobsi_timeline_add(timeline, now);
}

llmobsi_fn void llmobsi_timeline_init(llmobsi_timeline* timeline, const llmobs_clock* injected)
{
    memset(timeline, 0, sizeof *timeline);
    timeline->source = LLMOBS_I_TIME_MONOTONIC;
    if (injected->unix_ns != NULL) {
        timeline->source = LLMOBS_I_TIME_INJECTED;
        timeline->injected = *injected;
    } else if (llmobsi_cycles_are_invariant()) {
        timeline->source = LLMOBS_I_TIME_CYCLES;
    }
    timeline->piece_ns = LLMOBS_I_KNOT_FIRST_NS;
    timeline->origin = llmobsi_knot_now(timeline);
    timeline->knots[0] = timeline->origin;
    timeline->knot_count = 1;
}

/* The newest knot that is not after the stamp; the first for older stamps. */
llmobsi_fn const llmobsi_knot* llmobsi_timeline_find(const llmobsi_timeline* timeline,
                                                     uint64_t stamp)
{
    uint32_t index = timeline->knot_count - 1;
    while (index > 0 && timeline->knots[index].stamp > stamp) {
        index--;
    }
    return &timeline->knots[index];
}

/* A span's two stamps in Unix time. The system's clock may have been set in between: the end is
   the start plus what went by, so a duration is right, and never negative. */
llmobsi_fn void llmobsi_timeline_convert(const llmobsi_timeline* timeline, uint64_t start,
                                         uint64_t end, uint64_t* start_unix_ns,
                                         uint64_t* end_unix_ns)
{
    const llmobsi_knot* knot;
    uint64_t start_ns;
    uint64_t end_ns;
    if (timeline->source == LLMOBS_I_TIME_INJECTED) {
        *start_unix_ns = start;
        *end_unix_ns = end < start ? start : end;
        return;
    }
    knot = llmobsi_timeline_find(timeline, start);
    start_ns = llmobsi_knot_ns(knot, start);
    *start_unix_ns = start_ns + (uint64_t)knot->to_unix;
    end_ns = llmobsi_knot_ns(llmobsi_timeline_find(timeline, end), end);
    *end_unix_ns = *start_unix_ns + (end_ns > start_ns ? end_ns - start_ns : 0);
}

/* How far apart in nanoseconds two stamps are; 0 if the later one is earlier. */
llmobsi_fn uint64_t llmobsi_timeline_between(const llmobsi_timeline* timeline, uint64_t start,
                                             uint64_t end)
{
    uint64_t from;
    uint64_t to;
    llmobsi_timeline_convert(timeline, start, end, &from, &to);
    return to - from;
}

/* =================================================================================================
 *  >>intern                 core: names and keys as numbers
 * ============================================================================================== */

/* Names and keys become small numbers, so that slots hold no pointers. The table only grows, is
   read without locks and filled by compare-and-swap: nobody waits for anybody. */

#define LLMOBS_I_NAME_MAX 255u /* bytes of one name; longer ones are cut */
#define LLMOBS_I_NAME_OVERFLOW 0u         /* the id when the table is full */
#define LLMOBS_I_NAME_UNNAMED UINT32_MAX  /* the id of NULL and of ""      */

typedef struct llmobsi_names {
    llmobsi_atomic32* entries; /* place of a text + 1, 0 while empty; any recorder, once each */
    unsigned char* texts;      /* llmobsi_name after llmobsi_name                              */
    uint32_t entry_mask;
    uint32_t text_capacity;
    uint64_t seed;
    llmobsi_atomic32 text_used;  /* any recorder adds */
    llmobsi_atomic64 overflowed; /* any recorder adds, stats read */
} llmobsi_names;

/* A text in the table; never changed once an entry points to it. */
typedef struct llmobsi_name {
    uint32_t hash;
    uint32_t size;
    char text[1]; /* and its NUL; the struct is the head of a longer piece */
} llmobsi_name;

#define LLMOBS_I_NAME_HEAD offsetof(llmobsi_name, text)

/* One entry for every 16 bytes of text, and half of them stay empty. */
llmobsi_fn uint32_t llmobsi_names_entry_count(uint32_t text_bytes)
{
    return llmobsi_round_up_pow2(text_bytes / 16);
}

llmobsi_fn const llmobsi_name* llmobsi_names_at(const llmobsi_names* names, uint32_t place)
{
    return (const llmobsi_name*)(const void*)(names->texts + (place - 1));
}

/* The text of an id; of numbers that are no id, the overflow's. */
llmobsi_fn llmobs_string llmobsi_names_text(const llmobsi_names* names, uint32_t id)
{
    llmobs_string string;
    uint32_t place = 0;
    const llmobsi_name* name;
    if (id - 1 <= names->entry_mask) {
        place = llmobsi_load_acquire(&names->entries[id - 1]);
    }
    if (place == 0) {
        string.data = id == LLMOBS_I_NAME_UNNAMED ? "unnamed" : "llmobs.key_overflow";
        string.size = strlen(string.data);
        return string;
    }
    name = llmobsi_names_at(names, place);
    string.data = name->text;
    string.size = name->size;
    return string;
}

/* Copies a text into the table's memory, not yet into the table. 0 when it is full. */
llmobsi_fn uint32_t llmobsi_names_store(llmobsi_names* names, const char* text, uint32_t size,
                                        uint32_t hash)
{
    uint32_t bytes = (uint32_t)((LLMOBS_I_NAME_HEAD + size + 1 + 7) & ~(size_t)7);
    uint32_t place = llmobsi_load_relaxed(&names->text_used);
    llmobsi_name* name;
    do {
        if (bytes > names->text_capacity - place) {
            return 0;
        }
    } while (!llmobsi_cas_acquire_release(&names->text_used, &place, place + bytes));
    name = (llmobsi_name*)(void*)(names->texts + place);
    name->hash = hash;
    name->size = size;
    memcpy(name->text, text, size);
    name->text[size] = '\0';
    return place + 1;
}

/* The id of a text that is valid UTF-8 and short enough. */
llmobsi_fn uint32_t llmobsi_names_find(llmobsi_names* names, const char* text, uint32_t size)
{
    uint32_t hash = (uint32_t)llmobsi_hash64(text, size, names->seed);
    uint32_t probe;
    uint32_t stored = 0;
    for (probe = 0; probe <= names->entry_mask / 2; probe++) {
        uint32_t index = (hash + probe) & names->entry_mask;
        uint32_t place = llmobsi_load_acquire(&names->entries[index]);
        const llmobsi_name* name;
        if (place == 0) {
            stored = stored != 0 ? stored : llmobsi_names_store(names, text, size, hash);
            if (stored == 0) {
                break;
            }
            if (llmobsi_cas_acquire_release(&names->entries[index], &place, stored)) {
                return index + 1;
            }
        }
        name = llmobsi_names_at(names, place);
        if (name->hash == hash && name->size == size && memcmp(name->text, text, size) == 0) {
            return index + 1;
        }
    }
    (void)llmobsi_add_relaxed(&names->overflowed, 1);
    return LLMOBS_I_NAME_OVERFLOW;
}

/* The id of any bytes: cut, and repaired where they are no UTF-8. */
llmobsi_fn uint32_t llmobsi_names_id(llmobsi_names* names, const char* text, size_t size)
{
    char repaired[LLMOBS_I_NAME_MAX];
    if (text == NULL || size == 0) {
        return LLMOBS_I_NAME_UNNAMED;
    }
    size = llmobsi_utf8_cut(text, size, LLMOBS_I_NAME_MAX);
    if (!llmobsi_utf8_is_valid(text, size)) {
        size = llmobsi_utf8_repair(repaired, sizeof repaired, text, size);
        text = repaired;
    }
    return llmobsi_names_find(names, text, (uint32_t)size);
}

/* =================================================================================================
 *  >>trace_context          core: W3C trace context and sampling thresholds
 * ============================================================================================== */

/* W3C Trace Context level 2, and OpenTelemetry's sampling threshold, which travels in it. The work
   is bounded by these constants; no byte outside of the sizes given is read. */

#define LLMOBS_I_TRACEPARENT_LENGTH 55u
#define LLMOBS_I_TRACESTATE_MEMBERS 32u
#define LLMOBS_I_TRACESTATE_TEXT 256u  /* of a key, of a value           */
#define LLMOBS_I_TRACESTATE_LARGE 128u /* longer members are the first to be dropped */
/* The longest list of members that are all in order; blanks beyond it are not worth their time. */
#define LLMOBS_I_TRACESTATE_INPUT \
    ((size_t)LLMOBS_I_TRACESTATE_MEMBERS * (2 * LLMOBS_I_TRACESTATE_TEXT + 2))

#define LLMOBS_I_RANDOM_BITS 56
#define LLMOBS_I_RANDOM_DIGITS 14u
#define LLMOBS_I_SAMPLE_NEVER (UINT64_C(1) << LLMOBS_I_RANDOM_BITS)

/* ---- hex digits ------------------------------------------------------------------------------ */

/* Four bytes from eight digits, lower case only; returns 0 if that is what they were. All eight are
   decoded at once, as if they were digits, and encoded again: only digits come out as they were. */
llmobsi_inline uint64_t llmobsi_hex_decode8(uint8_t bytes[4], const char* digits)
{
    uint64_t text, values, letters, again;
    unsigned char nibbles[8];
    memcpy(&text, digits, sizeof text);
    values = (text & LLMOBS_I_EACH_BYTE(0x0f)) + ((text >> 6) & LLMOBS_I_EACH_BYTE(1)) * 9;
    letters = ((values + LLMOBS_I_EACH_BYTE(0x80 - 10)) >> 7) & LLMOBS_I_EACH_BYTE(1);
    again = values + LLMOBS_I_EACH_BYTE('0') + letters * ('a' - 10 - '0');
    memcpy(nibbles, &values, sizeof nibbles);
    bytes[0] = (uint8_t)(nibbles[0] << 4 | nibbles[1]);
    bytes[1] = (uint8_t)(nibbles[2] << 4 | nibbles[3]);
    bytes[2] = (uint8_t)(nibbles[4] << 4 | nibbles[5]);
    bytes[3] = (uint8_t)(nibbles[6] << 4 | nibbles[7]);
    /* 'g' to 'o' come out as they were, too: as 16 to 24. */
    return (again ^ text) | (values & LLMOBS_I_EACH_BYTE(0xf0));
}

/* Up to 16 digits as a number; false if one is none, or there are none. */
llmobsi_fn bool llmobsi_hex_number(uint64_t* number, const char* digits, size_t size)
{
    uint64_t sum = 0;
    size_t i;
    for (i = 0; i < size; i++) {
        int value = llmobsi_hex_value(digits[i]);
        if (value < 0) {
            return false;
        }
        sum = sum << 4 | (uint64_t)value;
    }
    *number = sum;
    return size > 0;
}

/* ---- traceparent ----------------------------------------------------------------------------- */

/* The size of a header, measured if it was not given; `most` + 1 stands for all that are longer. */
llmobsi_fn size_t llmobsi_header_size(const char* text, size_t size, size_t most)
{
    const char* end;
    size_t bound = most + 1;
    if (size != LLMOBS_NUL_TERMINATED) {
        return size <= most ? size : most + 1;
    }
    /* memchr stops at the NUL, but gcc, knowing the bound, would warn of a shorter text. */
    __asm__("" : "+r"(bound));
    end = (const char*)memchr(text, '\0', bound);
    return end != NULL ? (size_t)(end - text) : most + 1;
}

/* Whether any byte is not 0. */
llmobsi_inline bool llmobsi_any_byte(const uint8_t* bytes, size_t size)
{
    unsigned all = 0;
    size_t i;
    for (i = 0; i < size; i++) {
        all |= bytes[i];
    }
    return all != 0;
}

/* Fills in the ids and flags. Of a later version the part is read that this one has, too. */
llmobsi_fn bool llmobsi_traceparent_read(llmobs_trace_context* context, const char* text,
                                         size_t size)
{
    char ends[8] = {'0', '0', '0', '0', '0', '0', '0', '0'};
    uint8_t numbers[4];
    uint64_t wrong;
    size_t i;
    if (size < LLMOBS_I_TRACEPARENT_LENGTH) {
        return false;
    }
    memcpy(ends + 4, text, 2);
    memcpy(ends + 6, text + 53, 2);
    wrong = llmobsi_hex_decode8(numbers, ends);
    for (i = 0; i < 4; i++) {
        wrong |= llmobsi_hex_decode8(context->trace_id + 4 * i, text + 3 + 8 * i);
    }
    for (i = 0; i < 2; i++) {
        wrong |= llmobsi_hex_decode8(context->span_id + 4 * i, text + 36 + 8 * i);
    }
    if (wrong != 0 || text[2] != '-' || text[35] != '-' || text[52] != '-' || numbers[2] == 0xff) {
        return false;
    }
    if (size > LLMOBS_I_TRACEPARENT_LENGTH &&
        (numbers[2] == 0 || text[LLMOBS_I_TRACEPARENT_LENGTH] != '-')) {
        return false;
    }
    context->flags = (uint8_t)(numbers[3] & (LLMOBS_TRACE_SAMPLED | LLMOBS_TRACE_RANDOM));
    return llmobsi_any_byte(context->trace_id, 16) && llmobsi_any_byte(context->span_id, 8);
}

LLMOBS_API size_t llmobs_traceparent_format(const llmobs_trace_context* context,
                                            char text[LLMOBS_TRACEPARENT_SIZE])
{
    uint8_t flags;
    char* out = text;
    if (text == NULL) {
        return 0;
    }
    text[0] = '\0';
    if (context == NULL || !llmobsi_any_byte(context->trace_id, 16) ||
        !llmobsi_any_byte(context->span_id, 8)) {
        return 0;
    }
    flags = (uint8_t)(context->flags & (LLMOBS_TRACE_SAMPLED | LLMOBS_TRACE_RANDOM));
    *out++ = '0';
    *out++ = '0';
    *out++ = '-';
    out = llmobsi_append_hex(out, context->trace_id, 16);
    *out++ = '-';
    out = llmobsi_append_hex(out, context->span_id, 8);
    *out++ = '-';
    out = llmobsi_append_hex(out, &flags, 1);
    *out = '\0';
    return LLMOBS_I_TRACEPARENT_LENGTH;
}

/* ---- tracestate: a list of key=value --------------------------------------------------------- */

typedef struct llmobsi_tracestate_member {
    uint16_t start; /* in the list's text      */
    uint16_t size;  /* 0: dropped              */
    uint16_t key_size;
} llmobsi_tracestate_member;

typedef struct llmobsi_tracestate {
    const char* text;
    uint32_t count;
    uint32_t seen; /* members that were there, repeated keys included */
    llmobsi_tracestate_member members[LLMOBS_I_TRACESTATE_MEMBERS];
} llmobsi_tracestate;

llmobsi_inline bool llmobsi_is_lower_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

llmobsi_inline bool llmobsi_is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* A key's length, 0 if no key stands there. */
llmobsi_fn size_t llmobsi_tracestate_key(const char* text, size_t size)
{
    size_t key = 0;
    if (size == 0 || !llmobsi_is_lower_or_digit(text[0])) {
        return 0;
    }
    while (key < size && (llmobsi_is_lower_or_digit(text[key]) || text[key] == '_' ||
                          text[key] == '-' || text[key] == '*' || text[key] == '/' ||
                          text[key] == '@')) {
        key++;
    }
    return key <= LLMOBS_I_TRACESTATE_TEXT ? key : 0;
}

llmobsi_fn bool llmobsi_tracestate_is_value(const char* text, size_t size)
{
    size_t i;
    for (i = 0; i < size; i++) {
        if (text[i] < ' ' || text[i] > '~' || text[i] == '=' || text[i] == ',') {
            return false;
        }
    }
    return size > 0 && size <= LLMOBS_I_TRACESTATE_TEXT;
}

llmobsi_fn bool llmobsi_tracestate_has_key(const llmobsi_tracestate* list, uint32_t index,
                                           const char* key, size_t key_size)
{
    const llmobsi_tracestate_member* member = &list->members[index];
    return member->key_size == key_size && memcmp(list->text + member->start, key, key_size) == 0;
}

/* Adds the member that stands there; false if it is malformed or one too many. Of members with the
   same key the first stays: it is the newest. */
llmobsi_fn bool llmobsi_tracestate_add(llmobsi_tracestate* list, size_t start, size_t size)
{
    const char* text = list->text + start;
    size_t key = llmobsi_tracestate_key(text, size);
    uint32_t i;
    if (key == 0 || key == size || text[key] != '=' ||
        !llmobsi_tracestate_is_value(text + key + 1, size - key - 1) ||
        list->seen == LLMOBS_I_TRACESTATE_MEMBERS) {
        return false;
    }
    list->seen++;
    for (i = 0; i < list->count; i++) {
        if (llmobsi_tracestate_has_key(list, i, text, key)) {
            return true;
        }
    }
    list->members[list->count].start = (uint16_t)start;
    list->members[list->count].size = (uint16_t)size;
    list->members[list->count].key_size = (uint16_t)key;
    list->count++;
    return true;
}

/* Finds the members of a list; empty ones are in order. False, and none, when it is malformed. */
llmobsi_fn bool llmobsi_tracestate_scan(llmobsi_tracestate* list, const char* text, size_t size)
{
    size_t start = 0;
    list->text = text;
    list->count = 0;
    list->seen = 0;
    if (size > LLMOBS_I_TRACESTATE_INPUT) {
        return false;
    }
    while (start < size) {
        const char* comma = (const char*)memchr(text + start, ',', size - start);
        size_t next = comma != NULL ? (size_t)(comma - text) : size;
        size_t end = next;
        while (start < end && llmobsi_is_blank(text[start])) {
            start++;
        }
        while (start < end && llmobsi_is_blank(text[end - 1])) {
            end--;
        }
        if (start < end && !llmobsi_tracestate_add(list, start, end - start)) {
            list->count = 0;
            return false;
        }
        start = next + 1;
    }
    return true;
}

/* Drops members, the last first, only those larger than `larger_than`. Returns the size left. */
llmobsi_fn size_t llmobsi_tracestate_drop(llmobsi_tracestate* list, size_t size, size_t most,
                                          size_t larger_than)
{
    uint32_t i = list->count;
    while (size > most && i > 0) {
        llmobsi_tracestate_member* member = &list->members[--i];
        if (member->size > larger_than) {
            size -= (size_t)member->size + 1;
            member->size = 0;
        }
    }
    return size;
}

/* Writes the members and a NUL behind the `used` bytes of `out`, whose capacity is
   LLMOBS_TRACESTATE_SIZE + 1. If not all fit, large ones are left out, then the last ones. Returns
   the size. */
llmobsi_fn size_t llmobsi_tracestate_write(llmobsi_tracestate* list, char* out, size_t used)
{
    /* Each member counts with a comma, so there is one byte more, for the comma that is not. */
    size_t most = LLMOBS_TRACESTATE_SIZE + 1 - (used > 0 ? used + 1 : 0);
    size_t size = 0;
    uint32_t i;
    for (i = 0; i < list->count; i++) {
        size += list->members[i].size > 0 ? (size_t)list->members[i].size + 1 : 0;
    }
    size = llmobsi_tracestate_drop(list, size, most, LLMOBS_I_TRACESTATE_LARGE);
    (void)llmobsi_tracestate_drop(list, size, most, 0);
    for (i = 0; i < list->count; i++) {
        const llmobsi_tracestate_member* member = &list->members[i];
        if (member->size > 0) {
            if (used > 0) {
                out[used++] = ',';
            }
            memcpy(out + used, list->text + member->start, member->size);
            used += member->size;
        }
    }
    out[used] = '\0';
    return used;
}

LLMOBS_API llmobs_result llmobs_trace_context_parse(llmobs_trace_context* context,
                                                    const char* traceparent,
                                                    size_t traceparent_size,
                                                    const char* tracestate, size_t tracestate_size)
{
    llmobsi_tracestate list;
    size_t used = 0;
    if (context == NULL) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    if (traceparent == NULL ||
        !llmobsi_traceparent_read(context, traceparent,
                                  llmobsi_header_size(traceparent, traceparent_size,
                                                      LLMOBS_I_TRACEPARENT_LENGTH))) {
        memset(context, 0, sizeof *context);
        return LLMOBS_ERROR_ARGUMENT;
    }
    if (tracestate != NULL &&
        llmobsi_tracestate_scan(&list, tracestate,
                                llmobsi_header_size(tracestate, tracestate_size,
                                                    LLMOBS_I_TRACESTATE_INPUT))) {
        used = llmobsi_tracestate_write(&list, context->tracestate, 0);
    }
    memset(context->tracestate + used, 0, sizeof context->tracestate - used);
    return LLMOBS_OK;
}

/* ---- OpenTelemetry's member: ot=key:value;key:value ------------------------------------------ */

/* Finds the `ot` member's value in a NUL-terminated tracestate, and leaves the other members in the
   list. Returns its size, 0 when there is none. */
llmobsi_fn size_t llmobsi_ot_value(llmobsi_tracestate* list, const char* tracestate,
                                   const char** value)
{
    size_t size = llmobsi_header_size(tracestate, LLMOBS_NUL_TERMINATED, LLMOBS_TRACESTATE_SIZE);
    uint32_t i;
    *value = "";
    if (size > LLMOBS_TRACESTATE_SIZE) { /* no NUL: not ours */
        size = 0;
    }
    (void)llmobsi_tracestate_scan(list, tracestate, size);
    for (i = 0; i < list->count; i++) {
        if (llmobsi_tracestate_has_key(list, i, "ot", 2)) {
            size = list->members[i].size;
            *value = list->text + list->members[i].start + 3;
            list->members[i].size = 0;
            return size - 3;
        }
    }
    return 0;
}

/* The part of an `ot` value that begins at *at; moves *at behind it. NULL at the end. */
llmobsi_fn const char* llmobsi_ot_next(const char* value, size_t size, size_t* at,
                                       size_t* part_size)
{
    const char* part = value + *at;
    const char* end;
    if (*at >= size) {
        return NULL;
    }
    end = (const char*)memchr(part, ';', size - *at);
    *part_size = end != NULL ? (size_t)(end - part) : size - *at;
    *at += *part_size + 1;
    return part;
}

llmobsi_inline bool llmobsi_ot_is(const char* part, size_t part_size, const char* key)
{
    return part_size >= 3 && memcmp(part, key, 3) == 0;
}

/* The value of the first part with a key ("th:", "rv:"); NULL when there is none. */
llmobsi_fn const char* llmobsi_ot_find(const char* value, size_t size, const char* key,
                                       size_t* found_size)
{
    size_t at = 0, part_size = 0;
    const char* part;
    while ((part = llmobsi_ot_next(value, size, &at, &part_size)) != NULL) {
        if (llmobsi_ot_is(part, part_size, key)) {
            *found_size = part_size - 3;
            return part + 3;
        }
    }
    *found_size = 0;
    return NULL;
}

/* Randomness that was given explicitly: exactly 14 digits, or it doesn't count. */
llmobsi_fn bool llmobsi_ot_randomness(const char* value, size_t size, uint64_t* randomness)
{
    size_t found_size;
    const char* found = llmobsi_ot_find(value, size, "rv:", &found_size);
    return found != NULL && found_size == LLMOBS_I_RANDOM_DIGITS &&
           llmobsi_hex_number(randomness, found, found_size);
}

/* Appends a part to an `ot` value that has `used` bytes, if it fits. Returns the new size. */
llmobsi_fn size_t llmobsi_ot_append(char* out, size_t used, const char* part, size_t part_size)
{
    size_t separator = used > 0 ? 1 : 0;
    if (part_size == 0 || used + separator + part_size > LLMOBS_I_TRACESTATE_TEXT) {
        return used;
    }
    if (separator != 0) {
        out[used++] = ';';
    }
    memcpy(out + used, part, part_size);
    return used + part_size;
}

/* The new `ot` value: the threshold; the randomness, or else the threshold would be held against
   the trace id; then what else there was and fits. Returns its size. */
llmobsi_fn size_t llmobsi_ot_merge(char* out, const char* threshold, size_t threshold_size,
                                   const char* value, size_t size)
{
    size_t used = llmobsi_ot_append(out, 0, threshold, threshold_size);
    size_t at = 0, part_size = 0;
    uint64_t randomness;
    const char* part;
    if (llmobsi_ot_randomness(value, size, &randomness)) {
        part = llmobsi_ot_find(value, size, "rv:", &part_size);
        used = llmobsi_ot_append(out, used, part - 3, part_size + 3);
    }
    while ((part = llmobsi_ot_next(value, size, &at, &part_size)) != NULL) {
        if (!llmobsi_ot_is(part, part_size, "th:") && !llmobsi_ot_is(part, part_size, "rv:") &&
            memchr(part, ' ', part_size) == NULL) {
            used = llmobsi_ot_append(out, used, part, part_size);
        }
    }
    return used;
}

/* Puts a threshold part ("th:...", or "" to take it out) into a tracestate of capacity
   LLMOBS_TRACESTATE_SIZE + 1. Who changes a member puts it in front. */
llmobsi_fn size_t llmobsi_tracestate_put(char* tracestate, const char* threshold,
                                         size_t threshold_size)
{
    char before[LLMOBS_TRACESTATE_SIZE + 1];
    llmobsi_tracestate list;
    const char* value;
    size_t size, used;
    memcpy(before, tracestate, sizeof before);
    size = llmobsi_ot_value(&list, before, &value);
    used = llmobsi_ot_merge(tracestate + 3, threshold, threshold_size, value, size);
    if (used > 0) {
        tracestate[0] = 'o';
        tracestate[1] = 't';
        tracestate[2] = '=';
        used += 3;
        if (size == 0 && list.count == LLMOBS_I_TRACESTATE_MEMBERS) {
            list.count--;
        }
    }
    return llmobsi_tracestate_write(&list, tracestate, used);
}

/* ---- sampling thresholds --------------------------------------------------------------------- */

/* The 56-bit threshold of a ratio, 2^56 * (1 - ratio), rounded to the four digits (more for small
   ratios) that OpenTelemetry recommends: short, and the same that others decide by. Ratios are
   brought into 0 to 1; NaN, known by its bits because of -ffast-math, is 1. */
llmobsi_fn uint64_t llmobsi_sampling_threshold(double ratio)
{
    uint64_t bits, accepted, unit;
    int digits, zeros;
    memcpy(&bits, &ratio, sizeof bits);
    if ((bits & UINT64_C(0x7fffffffffffffff)) > UINT64_C(0x7ff0000000000000) || ratio >= 1.0) {
        return 0;
    }
    accepted = ratio > 0.0 ? (uint64_t)(ratio * (double)LLMOBS_I_SAMPLE_NEVER + 0.5) : 0;
    if (accepted == 0) {
        return LLMOBS_I_SAMPLE_NEVER;
    }
    zeros = __builtin_clzll(accepted) - (64 - LLMOBS_I_RANDOM_BITS); /* below the binary point */
    digits = 4 + zeros / 4;
    if (digits >= (int)LLMOBS_I_RANDOM_DIGITS) {
        return LLMOBS_I_SAMPLE_NEVER - accepted;
    }
    unit = UINT64_C(1) << (4 * ((int)LLMOBS_I_RANDOM_DIGITS - digits));
    return (LLMOBS_I_SAMPLE_NEVER - accepted + unit / 2) & ~(unit - 1);
}

/* Whether a trace is kept: everywhere the same answer for one trace; and what a threshold keeps,
   every lower one keeps. */
llmobsi_fn bool llmobsi_sampling_keeps(uint64_t threshold, uint64_t randomness)
{
    return randomness >= threshold;
}

/* The 56 random bits of a trace: explicit ones, else the end of its id. */
llmobsi_fn uint64_t llmobsi_sampling_randomness(const llmobs_trace_context* context)
{
    llmobsi_tracestate list;
    uint64_t randomness = 0;
    const char* value;
    size_t size;
    int i;
    if (context->tracestate[0] != '\0') {
        size = llmobsi_ot_value(&list, context->tracestate, &value);
        if (llmobsi_ot_randomness(value, size, &randomness)) {
            return randomness;
        }
    }
    randomness = 0;
    for (i = 9; i < 16; i++) {
        randomness = randomness << 8 | context->trace_id[i];
    }
    return randomness;
}

/* The threshold that a tracestate tells; false when it tells none. */
llmobsi_fn bool llmobsi_tracestate_threshold(const char* tracestate, uint64_t* threshold)
{
    llmobsi_tracestate list;
    const char* value;
    size_t size = llmobsi_ot_value(&list, tracestate, &value);
    size_t digits;
    const char* text = llmobsi_ot_find(value, size, "th:", &digits);
    if (text == NULL || digits > LLMOBS_I_RANDOM_DIGITS ||
        !llmobsi_hex_number(threshold, text, digits)) {
        return false;
    }
    *threshold <<= 4 * (LLMOBS_I_RANDOM_DIGITS - digits);
    return true;
}

/* Tells a threshold: `ot=th:<digits>` comes first in the tracestate (its capacity is
   LLMOBS_TRACESTATE_SIZE + 1); the other parts of `ot` and the other members follow in their order,
   as far as they fit. A threshold that keeps nothing is not told. Returns the new size. */
llmobsi_fn size_t llmobsi_tracestate_set_threshold(char* tracestate, uint64_t threshold)
{
    char part[] = "th:00000000000000";
    uint8_t bytes[LLMOBS_I_RANDOM_DIGITS / 2];
    size_t size = sizeof part - 1;
    int i;
    if (threshold >= LLMOBS_I_SAMPLE_NEVER) {
        return llmobsi_tracestate_put(tracestate, "", 0);
    }
    for (i = 0; i < (int)sizeof bytes; i++) {
        bytes[i] = (uint8_t)(threshold >> (LLMOBS_I_RANDOM_BITS - 8 - 8 * i));
    }
    (void)llmobsi_append_hex(part + 3, bytes, sizeof bytes);
    while (size > 4 && part[size - 1] == '0') {
        size--;
    }
    return llmobsi_tracestate_put(tracestate, part, size);
}

/* Takes the threshold out, when its decision does not hold here. Returns the new size. */
llmobsi_fn size_t llmobsi_tracestate_clear_threshold(char* tracestate)
{
    llmobsi_tracestate list;
    const char* value;
    size_t size = llmobsi_ot_value(&list, tracestate, &value);
    size_t digits;
    if (list.count > 0 && llmobsi_ot_find(value, size, "th:", &digits) == NULL) {
        return strlen(tracestate);
    }
    return llmobsi_tracestate_put(tracestate, "", 0);
}

/* =================================================================================================
 *  >>pool                   core: span slots and the rings that carry them
 * ============================================================================================== */

/* Span slots, and the rings that carry their numbers. A slot goes round:

   pool (free ring) -> a thread's cache -> a live span -> the ending thread's ring -> the tick ->
   pool

   Each ring can hold every slot there is, so handing one on can't fail: the one thing that can
   run out is the pool. Slots hold numbers, never addresses. */

#define LLMOBS_I_SLOT_BYTES 512u

/* The low two bits of a slot's state; above them is the generation, which changes whenever the
   slot is used anew. A handle holds the state that its span has while it is live. */
#define LLMOBS_I_SLOT_FREE 0u
#define LLMOBS_I_SLOT_LIVE 1u
#define LLMOBS_I_SLOT_ENDED 2u
#define LLMOBS_I_SLOT_STATES 4u

/* Flags of a slot, above the W3C ones. */
#define LLMOBS_I_FLAG_REMOTE_PARENT 0x10u
#define LLMOBS_I_FLAG_OWN_THRESHOLD 0x20u /* tracestate is this instance's threshold */
#define LLMOBS_I_FLAG_TRACESTATE 0x40u    /* tracestate is in the first fields       */
#define LLMOBS_I_FLAGS_TRACESTATE (LLMOBS_I_FLAG_OWN_THRESHOLD | LLMOBS_I_FLAG_TRACESTATE)

/* Written by whoever holds the span; read by the tick once the slot has come through a ring,
   and, where a field is atomic, by threads that begin a child while the slot may be used anew. */
typedef struct llmobsi_slot {
    llmobsi_atomic64 state;
    llmobsi_atomic64 trace_high;
    llmobsi_atomic64 trace_low;
    llmobsi_atomic64 span_id;
    uint64_t parent_id;
    llmobsi_atomic64 start; /* stamps */
    uint64_t end;
    uint32_t name; /* id */
    uint32_t part; /* number of the slot being filled: this one, or its last further part */
    uint32_t next; /* number + 1 of the next part, 0 at the end */
    uint16_t used; /* bytes of this slot's body */
    uint16_t event_count;
    uint16_t link_count;
    uint16_t attribute_count; /* not beside `used`: gcc would write both at once, where they are
                                 then read apart the processor waits */
    uint16_t dropped_attributes;
    uint16_t dropped_events;
    uint16_t dropped_links;
    uint16_t thread; /* number of the recording thread that ended it */
    uint8_t part_count;
    uint8_t kind;
    uint8_t status;
    llmobsi_atomic8 flags; /* W3C's and LLMOBS_I_FLAG_* */
    unsigned char body[LLMOBS_I_SLOT_BYTES - 88];
} llmobsi_slot;

#define LLMOBS_I_SLOT_BODY ((uint32_t)sizeof(((llmobsi_slot*)0)->body))

LLMOBS_I_STATIC_ASSERT(slot_size, sizeof(llmobsi_slot) == LLMOBS_I_SLOT_BYTES);
LLMOBS_I_STATIC_ASSERT(slot_body, offsetof(llmobsi_slot, body) % 8 == 0);

/* The free slots, first in first out: a slot rests as long as possible before it is used anew. */
typedef struct llmobsi_pool {
    llmobsi_slot* slots;
    llmobsi_atomic32* free;
    uint32_t mask;
    unsigned char line_1[LLMOBS_I_CACHE_LINE];
    llmobsi_atomic64 given; /* the tick alone adds, takers read */
    unsigned char line_2[LLMOBS_I_CACHE_LINE];
    llmobsi_atomic64 taken; /* takers add by compare-and-swap */
    unsigned char line_3[LLMOBS_I_CACHE_LINE];
} llmobsi_pool;

/* Makes every slot free, under a generation that no handle holds. Nobody else is there yet. */
llmobsi_fn void llmobsi_pool_reset(llmobsi_pool* pool)
{
    uint32_t index;
    for (index = 0; index <= pool->mask; index++) {
        llmobsi_slot* slot = &pool->slots[index];
        uint64_t generation = llmobsi_load_relaxed(&slot->state) / LLMOBS_I_SLOT_STATES + 1;
        llmobsi_store_relaxed(&slot->state, generation * LLMOBS_I_SLOT_STATES + LLMOBS_I_SLOT_FREE);
        llmobsi_store_relaxed(&pool->free[index], index);
    }
    llmobsi_store_relaxed(&pool->taken, 0);
    llmobsi_store_release(&pool->given, (uint64_t)pool->mask + 1);
}

#define LLMOBS_I_POOL_TRIES 8

/* Takes up to `wanted` slots; returns how many. Any thread. Gives up after a few lost races, so
   that nobody is kept. */
llmobsi_fn uint32_t llmobsi_pool_take(llmobsi_pool* pool, uint32_t* indexes, uint32_t wanted)
{
    uint64_t taken = llmobsi_load_acquire(&pool->taken);
    int attempt;
    for (attempt = 0; attempt < LLMOBS_I_POOL_TRIES; attempt++) {
        uint64_t there = llmobsi_load_acquire(&pool->given) - taken;
        uint32_t count = there < wanted ? (uint32_t)there : wanted;
        uint32_t i;
        if (there > (uint64_t)pool->mask + 1) {
            /* `taken` is old news: others went past it. */
            taken = llmobsi_load_acquire(&pool->taken);
            continue;
        }
        if (count == 0) {
            return 0;
        }
        /* Read before the claim: a number that is overwritten meanwhile was taken meanwhile,
           too, and then the claim fails. */
        for (i = 0; i < count; i++) {
            indexes[i] = llmobsi_load_relaxed(&pool->free[(taken + i) & pool->mask]);
        }
        if (llmobsi_cas_acquire_release(&pool->taken, &taken, taken + count)) {
            return count;
        }
    }
    return 0;
}

/* Gives a slot back; seen by takers after llmobsi_pool_publish. The tick alone. */
llmobsi_fn void llmobsi_pool_give(llmobsi_pool* pool, uint64_t* given, uint32_t index)
{
    llmobsi_slot* slot = &pool->slots[index];
    uint64_t state = llmobsi_load_relaxed(&slot->state);
    llmobsi_store_relaxed(&slot->state, (state & ~UINT64_C(3)) | LLMOBS_I_SLOT_FREE);
    llmobsi_store_relaxed(&pool->free[*given & pool->mask], index);
    (*given)++;
}

llmobsi_fn void llmobsi_pool_publish(llmobsi_pool* pool, uint64_t given)
{
    LLMOBS_ASSERT(given - llmobsi_load_relaxed(&pool->taken) <= (uint64_t)pool->mask + 1);
    llmobsi_store_release(&pool->given, given);
}

/* In this order: what was given by then had been taken by then, so the count is never more than
   there are. */
llmobsi_fn uint64_t llmobsi_pool_free_count(const llmobsi_pool* pool)
{
    uint64_t given = llmobsi_load_acquire(&pool->given);
    uint64_t taken = llmobsi_load_relaxed(&pool->taken);
    return given > taken ? given - taken : 0;
}

#ifdef LLMOBS_DEBUG
/* Every number in the free ring stands there once, and is that of a free slot. Called by the
   tick, which alone adds to the ring; what others take meanwhile is passed over. */
llmobsi_fn bool llmobsi_pool_is_valid(const llmobsi_pool* pool)
{
    static uint8_t seen[1u << 20]; /* the most slots that there can be */
    uint64_t given = llmobsi_load_relaxed(&pool->given);
    uint64_t place = llmobsi_load_acquire(&pool->taken);
    if (given - place > (uint64_t)pool->mask + 1) {
        return false;
    }
    memset(seen, 0, (size_t)pool->mask + 1);
    for (; place < given; place++) {
        uint32_t index = llmobsi_load_relaxed(&pool->free[place & pool->mask]);
        bool is_free = index <= pool->mask && !seen[index] &&
                       (llmobsi_load_acquire(&pool->slots[index].state) & 3u) == LLMOBS_I_SLOT_FREE;
        if (!is_free && llmobsi_load_acquire(&pool->taken) <= place) {
            return false;
        }
        if (index <= pool->mask) {
            seen[index] = 1;
        }
    }
    return true;
}
#endif

/* ---- the ring that carries ended slots from one thread to the tick ------------------------- */

typedef struct llmobsi_ring {
    llmobsi_atomic32* items;
    uint32_t mask;
    llmobsi_atomic64 pushed; /* its thread alone writes, the tick reads */
    unsigned char line[LLMOBS_I_CACHE_LINE];
    llmobsi_atomic64 popped; /* the tick alone */
} llmobsi_ring;

/* Can't be full: it holds as many as there are. The release hands over the slot's contents. */
llmobsi_inline void llmobsi_ring_push(llmobsi_ring* ring, uint32_t item)
{
    uint64_t pushed = llmobsi_load_relaxed(&ring->pushed);
    LLMOBS_ASSERT(pushed - llmobsi_load_relaxed(&ring->popped) <= ring->mask);
    llmobsi_store_relaxed(&ring->items[pushed & ring->mask], item);
    llmobsi_store_release(&ring->pushed, pushed + 1);
}

llmobsi_inline bool llmobsi_ring_pop(llmobsi_ring* ring, uint64_t end, uint32_t* item)
{
    uint64_t popped = llmobsi_load_relaxed(&ring->popped);
    if (popped == end) {
        return false;
    }
    *item = llmobsi_load_relaxed(&ring->items[popped & ring->mask]);
    llmobsi_store_relaxed(&ring->popped, popped + 1);
    return true;
}

/* ---- fields: what a slot's body holds, one after the other, each on 8 bytes ---------------- */

/* Attributes have their llmobs_type; the rest follows it. */
#define LLMOBS_I_FIELD_EVENT 8u      /* key: its name; payload: the stamp                      */
#define LLMOBS_I_FIELD_LINK 9u       /* payload: trace id, span id, flags, tracestate          */
#define LLMOBS_I_FIELD_MESSAGE 10u   /* payload: the status message                            */
#define LLMOBS_I_FIELD_TRACESTATE 11u /* a piece of it: it may be longer than a body          */

#define LLMOBS_I_OF_SPAN 0u /* whose attribute it is */
#define LLMOBS_I_OF_EVENT 1u

typedef struct llmobsi_field {
    uint32_t key;  /* name id */
    uint16_t size; /* bytes of payload, without the padding */
    uint8_t type;
    uint8_t owner;
} llmobsi_field;

llmobsi_inline uint32_t llmobsi_field_bytes(uint32_t payload)
{
    return (uint32_t)sizeof(llmobsi_field) + ((payload + 7u) & ~7u);
}

/* The next field of a body, or NULL at its end. `place` is moved past it. Never leaves the body,
   whatever a misused handle may have written there. */
llmobsi_fn const llmobsi_field* llmobsi_field_next(const llmobsi_slot* part, uint32_t* place)
{
    const llmobsi_field* field = (const llmobsi_field*)(const void*)(part->body + *place);
    uint32_t used = part->used <= LLMOBS_I_SLOT_BODY ? part->used : LLMOBS_I_SLOT_BODY;
    uint32_t bytes;
    if (*place + sizeof(llmobsi_field) > used) {
        return NULL;
    }
    bytes = llmobsi_field_bytes(field->size);
    if (bytes > used - *place) {
        return NULL;
    }
    *place += bytes;
    return field;
}

llmobsi_fn const unsigned char* llmobsi_field_payload(const llmobsi_field* field)
{
    return (const unsigned char*)(const void*)(field + 1);
}

typedef struct llmobsi_walk {
    const llmobsi_slot* slots;
    uint32_t slot_mask;
    const llmobsi_slot* part;
    uint32_t place;
    uint32_t parts_left;
} llmobsi_walk;

llmobsi_fn void llmobsi_walk_begin(llmobsi_walk* walk, const llmobsi_pool* pool,
                                   const llmobsi_slot* slot)
{
    walk->slots = pool->slots;
    walk->slot_mask = pool->mask;
    walk->part = slot;
    walk->place = 0;
    walk->parts_left = slot->part_count;
}

/* The next field of a span, over all its parts; NULL at the end. */
llmobsi_fn const llmobsi_field* llmobsi_walk_next(llmobsi_walk* walk)
{
    const llmobsi_field* field = llmobsi_field_next(walk->part, &walk->place);
    while (field == NULL && walk->parts_left > 1 && walk->part->next != 0) {
        walk->part = &walk->slots[(walk->part->next - 1) & walk->slot_mask];
        walk->place = 0;
        walk->parts_left--;
        field = llmobsi_field_next(walk->part, &walk->place);
    }
    return field;
}

/* =================================================================================================
 *  >>pii                    privacy: what is looked for
 * ============================================================================================== */

#ifndef LLMOBS_NO_SCANNER

/* Names and tiers of the classes. */

static const char* const llmobsi_pii_names[] = {
#define LLMOBS_I_PII(name, text, tier) text,
    LLMOBS_PII_CLASSES(LLMOBS_I_PII)
#undef LLMOBS_I_PII
};

static const uint8_t llmobsi_pii_tiers[] = {
#define LLMOBS_I_PII(name, text, tier) LLMOBS_TIER_##tier,
    LLMOBS_PII_CLASSES(LLMOBS_I_PII)
#undef LLMOBS_I_PII
};

LLMOBS_I_STATIC_ASSERT(pii_all, LLMOBS_PII_ALL == LLMOBS_PII_BIT(LLMOBS_PII_COUNT) - 1);
LLMOBS_I_STATIC_ASSERT(pii_default,
                       LLMOBS_PII_DEFAULT == LLMOBS_PII_BIT(LLMOBS_PII_MAC_ADDRESS) - 1);

LLMOBS_API const char* llmobs_pii_name(llmobs_pii pii)
{
    uint32_t number = (uint32_t)pii;
    return number < LLMOBS_PII_COUNT ? llmobsi_pii_names[number] : "unknown class";
}

LLMOBS_API llmobs_tier llmobs_pii_tier(llmobs_pii pii)
{
    uint32_t number = (uint32_t)pii;
    return number < LLMOBS_PII_COUNT ? (llmobs_tier)llmobsi_pii_tiers[number] : LLMOBS_TIER_C;
}

#endif /* LLMOBS_NO_SCANNER */

/* =================================================================================================
 *  >>rules                  privacy: the rules of a scan
 * ============================================================================================== */

#ifndef LLMOBS_NO_SCANNER

/* Rules and the caller's terms. */

#define LLMOBS_I_TERM_LEAST 3u
#define LLMOBS_I_TERM_MOST 64u
#define LLMOBS_I_TERM_TAIL 128u

llmobsi_fn bool llmobsi_term_is_valid(const llmobs_scan_term* term)
{
    size_t size = term->text == NULL ? 0 : strlen(term->text), i;
    if (size < LLMOBS_I_TERM_LEAST || size > LLMOBS_I_TERM_MOST ||
        term->tail > LLMOBS_I_TERM_TAIL || !llmobsi_utf8_is_valid(term->text, size)) {
        return false;
    }
    for (i = 0; i < size; i++) {
        uint8_t byte = (uint8_t)term->text[i];
        if (byte < 0x20 || byte == 0x7f || byte == '"' || byte == '\\' || byte == '\'') {
            return false;
        }
    }
    return true;
}

LLMOBS_API llmobs_scan_rules llmobs_scan_rules_default(void)
{
    llmobs_scan_rules rules;
    memset(&rules, 0, sizeof(rules));
    rules.size = sizeof(rules);
    rules.classes = LLMOBS_PII_DEFAULT;
    return rules;
}

LLMOBS_API llmobs_result llmobs_scan_rules_check(const llmobs_scan_rules* rules)
{
    llmobs_scan_rules used;
    uint32_t i;
    if (rules == NULL) {
        return LLMOBS_OK;
    }
    memset(&used, 0, sizeof(used));
    memcpy(&used, rules,
           rules->size == 0 || rules->size > sizeof(used) ? sizeof(used) : rules->size);
    if (used.terms == NULL && used.term_count > 0) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    if (used.term_count > LLMOBS_SCAN_TERMS_MAX) {
        return LLMOBS_ERROR_LIMIT;
    }
    for (i = 0; i < used.term_count; i++) {
        if (!llmobsi_term_is_valid(&used.terms[i])) {
            return LLMOBS_ERROR_ARGUMENT;
        }
    }
    return (used.classes & ~LLMOBS_PII_ALL) == 0 ? LLMOBS_OK : LLMOBS_ERROR_ARGUMENT;
}

#endif /* LLMOBS_NO_SCANNER */

/* =================================================================================================
 *  >>validate               privacy: check digits, number plans, entropy
 * ============================================================================================== */

#ifndef LLMOBS_NO_SCANNER

/* Check digits and number plans: whether digits can be what they look like. Digits are given as
   numbers 0 to 9, one a byte. Each check lets through of random digits what its comment says. */

/* ---- check digits ---------------------------------------------------------------------------- */

/* The sum of Luhn (ISO/IEC 7812): every second digit from the right but one, doubled, its own
   digits added. */
llmobsi_fn uint32_t llmobsi_luhn_sum(const uint8_t* digits, size_t count)
{
    static const uint8_t doubled[10] = {0, 2, 4, 6, 8, 1, 3, 5, 7, 9};
    uint32_t sum = 0;
    size_t i;
    for (i = 0; i < count; i++) {
        sum += (count - i) % 2 != 0 ? digits[i] : doubled[digits[i]];
    }
    return sum;
}

/* 10 %. */
llmobsi_fn bool llmobsi_luhn_is_valid(const uint8_t* digits, size_t count)
{
    return llmobsi_luhn_sum(digits, count) % 10 == 0;
}

llmobsi_fn bool llmobsi_digits_are_same(const uint8_t* digits, size_t count)
{
    size_t i;
    for (i = 1; i < count; i++) {
        if (digits[i] != digits[0]) {
            return false;
        }
    }
    return true;
}

/* The number that some digits make: at most nine of them. */
llmobsi_fn uint32_t llmobsi_digits_number(const uint8_t* digits, size_t count)
{
    uint32_t number = 0;
    size_t i;
    for (i = 0; i < count; i++) {
        number = number * 10 + digits[i];
    }
    return number;
}

/* Verhoeff's check, by the dihedral group of order ten. 10 %. */
llmobsi_fn bool llmobsi_verhoeff_is_valid(const uint8_t* digits, size_t count)
{
    static const uint8_t permuted[8][10] = {
        {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 5, 7, 6, 2, 8, 3, 0, 9, 4},
        {5, 8, 0, 3, 7, 9, 6, 1, 4, 2}, {8, 9, 1, 6, 0, 4, 3, 5, 2, 7},
        {9, 4, 5, 3, 1, 2, 6, 8, 7, 0}, {4, 2, 8, 6, 5, 7, 3, 9, 0, 1},
        {2, 7, 9, 3, 8, 0, 6, 4, 1, 5}, {7, 0, 4, 6, 9, 1, 3, 2, 5, 8}};
    uint32_t check = 0;
    size_t i;
    for (i = 0; i < count; i++) {
        uint32_t digit = permuted[i % 8][digits[count - 1 - i]];
        /* Numbers below 5 are rotations, the others reflections. */
        uint32_t turn = check % 5, by = digit % 5;
        if (check < 5) {
            check = (turn + by) % 5 + (digit < 5 ? 0 : 5);
        } else {
            check = (turn + 5 - by) % 5 + (digit < 5 ? 5 : 0);
        }
    }
    return check == 0;
}

/* ---- cards ----------------------------------------------------------------------------------- */

/* One range of issuers: the first digits, and the lengths, as bits. */
typedef struct llmobsi_card_range {
    uint32_t from; /* the first six digits, both inclusive */
    uint32_t to;
    uint32_t lengths;
} llmobsi_card_range;

#define LLMOBS_I_CARD_MOST 19u
#define LLMOBS_I_CARD_LONG (UINT32_C(0xf) << 16) /* 16 to 19 digits */

static const llmobsi_card_range llmobsi_card_ranges[] = {
    {222100, 272099, UINT32_C(1) << 16},                    /* Mastercard          */
    {300000, 305999, UINT32_C(1) << 14 | UINT32_C(1) << 16}, /* Diners Club         */
    {309500, 309599, UINT32_C(1) << 14 | UINT32_C(1) << 16},
    {340000, 349999, UINT32_C(1) << 15},                    /* American Express    */
    {352800, 358999, LLMOBS_I_CARD_LONG},                   /* JCB                 */
    {360000, 369999, UINT32_C(0x3f) << 14},                 /* Diners Club, 14-19  */
    {370000, 379999, UINT32_C(1) << 15},
    {380000, 399999, UINT32_C(1) << 14 | UINT32_C(1) << 16},
    {400000, 499999, UINT32_C(1) << 13 | UINT32_C(1) << 16 | UINT32_C(1) << 19}, /* Visa */
    {510000, 559999, UINT32_C(1) << 16},
    {601100, 601199, LLMOBS_I_CARD_LONG},                   /* Discover            */
    {620000, 629999, LLMOBS_I_CARD_LONG},                   /* UnionPay            */
    {644000, 659999, LLMOBS_I_CARD_LONG},
};

/* Issuer, length and Luhn. 2.4 % of 16 digits, and no time in milliseconds of this century. */
llmobsi_fn bool llmobsi_card_is_valid(const uint8_t* digits, size_t count)
{
    uint32_t first;
    size_t i;
    if (count < 13 || count > LLMOBS_I_CARD_MOST) {
        return false;
    }
    first = llmobsi_digits_number(digits, 6);
    for (i = 0; i < sizeof(llmobsi_card_ranges) / sizeof(llmobsi_card_ranges[0]); i++) {
        const llmobsi_card_range* range = &llmobsi_card_ranges[i];
        if (first >= range->from && first <= range->to) {
            return (range->lengths >> count & 1) != 0 && llmobsi_luhn_is_valid(digits, count) &&
                   !llmobsi_digits_are_same(digits, count);
        }
    }
    return false;
}

/* ---- bank accounts --------------------------------------------------------------------------- */

#define LLMOBS_I_IBAN_LEAST 15u
#define LLMOBS_I_IBAN_MOST 34u

/* The registry of SWIFT, as of 2024: country and length. */
static const char llmobsi_iban_countries[] =
    "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BI27BR29BY28CH21CR22CY28CZ24DE22DJ27DK18DO28EE20EG29ES24"
    "FI18FK18FO18FR27GB22GE22GI23GL18GR27GT28HN28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32"
    "LI21LT20LU20LV21LY25MC27MD24ME22MK19MN20MR27MT31MU30NI28NL18NO15OM23PK24PL28PS29PT25QA29RO24"
    "RS22RU33SA24SC31SD18SE24SI19SK24SM27SO23ST25SV28TL23TN24TR26UA29VA22VG24XK20YE30";

/* How long an IBAN of the country is; 0: there are none. */
llmobsi_fn size_t llmobsi_iban_length(uint8_t first, uint8_t second)
{
    size_t i;
    for (i = 0; i + 4 < sizeof(llmobsi_iban_countries); i += 4) {
        const char* row = llmobsi_iban_countries + i;
        if ((uint8_t)row[0] == first && (uint8_t)row[1] == second) {
            return (size_t)(row[2] - '0') * 10 + (size_t)(row[3] - '0');
        }
    }
    return 0;
}

/* Of capital letters and digits, its length already right: ISO 7064 mod 97 with the first four
   behind the rest. 1 %. */
llmobsi_fn bool llmobsi_iban_is_valid(const uint8_t* text, size_t size)
{
    uint32_t rest = 0, check;
    size_t i;
    if (size < LLMOBS_I_IBAN_LEAST || size > LLMOBS_I_IBAN_MOST) {
        return false;
    }
    check = (uint32_t)(text[2] - '0') * 10 + (uint32_t)(text[3] - '0');
    for (i = 0; i < size; i++) {
        uint8_t byte = text[(i + 4) % size];
        if (byte >= '0' && byte <= '9') {
            rest = (rest * 10 + (uint32_t)(byte - '0')) % 97;
        } else {
            rest = (rest * 100 + (uint32_t)(byte - 'A') + 10) % 97;
        }
    }
    return rest == 1 && check >= 2 && check <= 98;
}

/* A routing number of the American Bankers Association. 3.8 %. */
llmobsi_fn bool llmobsi_aba_is_valid(const uint8_t* d)
{
    uint32_t prefix = llmobsi_digits_number(d, 2);
    uint32_t sum = 3 * ((uint32_t)d[0] + d[3] + d[6]) + 7 * ((uint32_t)d[1] + d[4] + d[7]) +
                   (uint32_t)d[2] + d[5] + d[8];
    return sum % 10 == 0 && !llmobsi_digits_are_same(d, 9) &&
           (prefix <= 12 || (prefix >= 21 && prefix <= 32) || (prefix >= 61 && prefix <= 72) ||
            prefix == 80);
}

/* ---- persons --------------------------------------------------------------------------------- */

/* A US social security number of nine digits: what is never given out, or known from print. 89 % of
   all: no proof without its hyphens, or a word. */
llmobsi_fn bool llmobsi_ssn_is_valid(const uint8_t* digits)
{
    uint32_t area = llmobsi_digits_number(digits, 3);
    uint32_t number = llmobsi_digits_number(digits, 9);
    return area != 0 && area != 666 && area < 900 && number / 10000 % 100 != 0 &&
           number % 10000 != 0 && number != 78051120 && number != 219099999 &&
           number != 123456789 && !llmobsi_digits_are_same(digits, 9);
}

/* A US taxpayer number: 9dd, and a group of 50-65, 70-88, 90-92, 94-99. */
llmobsi_fn bool llmobsi_itin_is_valid(const uint8_t* digits)
{
    uint32_t group = llmobsi_digits_number(digits + 3, 2);
    return digits[0] == 9 && !llmobsi_digits_are_same(digits, 9) &&
           ((group >= 50 && group <= 65) || (group >= 70 && group <= 88) ||
            (group >= 90 && group != 93));
}

/* A US health provider: ten digits, 1 or 2 first, Luhn with 80840 before them. 2 %. */
llmobsi_fn bool llmobsi_npi_is_valid(const uint8_t* digits)
{
    return (digits[0] == 1 || digits[0] == 2) && (llmobsi_luhn_sum(digits, 10) + 24) % 10 == 0;
}

/* Ten digits of the British health service, mod 11. 9 %. */
llmobsi_fn bool llmobsi_nhs_is_valid(const uint8_t* digits)
{
    uint32_t sum = 0;
    size_t i;
    for (i = 0; i < 10; i++) {
        sum += digits[i] * (uint32_t)(10 - i); /* the check digit counts once */
    }
    return sum % 11 == 0 && !llmobsi_digits_are_same(digits, 10);
}

/* A Canadian social insurance number: nine digits; none begins with 0 or 8. 8 %. */
llmobsi_fn bool llmobsi_sin_is_valid(const uint8_t* digits)
{
    return digits[0] != 0 && digits[0] != 8 && llmobsi_luhn_is_valid(digits, 9) &&
           !llmobsi_digits_are_same(digits, 9);
}

/* An Indian identity number: twelve digits, the first 2 to 9. 8 %. */
llmobsi_fn bool llmobsi_aadhaar_is_valid(const uint8_t* digits)
{
    return digits[0] >= 2 && llmobsi_verhoeff_is_valid(digits, 12) &&
           !llmobsi_digits_are_same(digits, 12);
}

/* ---- telephones ------------------------------------------------------------------------------ */

/* Ten digits of the North American plan: area and exchange begin with 2 to 9, and are no N11. */
llmobsi_fn bool llmobsi_nanp_is_valid(const uint8_t* digits)
{
    return digits[0] >= 2 && digits[3] >= 2 && !(digits[1] == 1 && digits[2] == 1) &&
           !(digits[4] == 1 && digits[5] == 1) && !llmobsi_digits_are_same(digits, 10);
}

/* How many digits the country code has that these begin with (E.164); 0: there is none such. */
llmobsi_fn size_t llmobsi_country_code(const uint8_t* digits, size_t count)
{
    /* By first digit, the second ones that end a code; after the others there is a third digit. */
    static const uint16_t two[10] = {0,      0,      0x0081, 0x025f, 0x03fb,
                                     0x01fe, 0x007f, 0,      0x0056, 0x013f};
    if (count < 2 || digits[0] == 0) {
        return 0;
    }
    if (digits[0] == 1 || digits[0] == 7) {
        return 1;
    }
    if ((two[digits[0]] >> digits[1] & 1) != 0) {
        return 2;
    }
    return count < 3 ? 0 : 3;
}

/* All the digits after a '+'. */
llmobsi_fn bool llmobsi_e164_is_valid(const uint8_t* digits, size_t count)
{
    size_t code;
    if (count < 7 || count > 15 || llmobsi_digits_are_same(digits, count)) {
        return false;
    }
    code = llmobsi_country_code(digits, count);
    if (digits[0] == 1) {
        return count == 11 && llmobsi_nanp_is_valid(digits + 1);
    }
    return code > 0 && count - code >= 4;
}

/* ---- entropy --------------------------------------------------------------------------------- */

/* Shannon's entropy is looked at over so many bytes at most. */
#define LLMOBS_I_ENTROPY_MOST 128u
/* Bits a byte, as fixed point with twelve places. */
#define llmobsi_bits(whole, tenths) ((whole) * 4096u + (tenths) * 4096u / 10u)

/* log2 of a number up to 128, with twelve places after the point, below by less than one of them:
   the fraction by squaring, bit by bit. */
llmobsi_fn uint32_t llmobsi_log2(uint32_t number)
{
    uint32_t whole = 31u - (uint32_t)__builtin_clz(number), i;
    uint64_t part = (uint64_t)number << (30 - whole); /* 1 to 2, with 30 places */
    uint32_t result = whole;
    for (i = 0; i < 12; i++) {
        part = part * part >> 30;
        result = result * 2 + (uint32_t)(part >> 31);
        part >>= part >> 31;
    }
    return result;
}

/* By how much count * log2(count) grows from count - 1 to count, with twelve places. */
static const uint16_t llmobsi_entropy_steps[LLMOBS_I_ENTROPY_MOST + 1] = {
    0, 0, 8192, 11284, 13292, 14785, 15975, 16964, 17812, 18552, 19210, 19802,
    20340, 20833, 21288, 21710, 22105, 22474, 22822, 23150, 23462, 23757, 24039, 24307,
    24564, 24811, 25047, 25274, 25493, 25704, 25908, 26105, 26296, 26481, 26660, 26834,
    27002, 27167, 27326, 27482, 27633, 27781, 27925, 28066, 28203, 28338, 28469, 28598,
    28723, 28846, 28967, 29085, 29201, 29315, 29426, 29536, 29643, 29749, 29852, 29954,
    30054, 30153, 30250, 30345, 30439, 30531, 30622, 30712, 30800, 30887, 30972, 31057,
    31140, 31222, 31303, 31383, 31462, 31539, 31616, 31692, 31767, 31841, 31914, 31986,
    32057, 32127, 32197, 32265, 32333, 32401, 32467, 32533, 32598, 32662, 32725, 32788,
    32850, 32912, 32973, 33033, 33093, 33152, 33210, 33268, 33326, 33383, 33439, 33495,
    33550, 33605, 33659, 33713, 33766, 33819, 33871, 33923, 33974, 34025, 34075, 34126,
    34175, 34224, 34273, 34322, 34370, 34417, 34465, 34512, 34558};

/* The entropy of some bytes, in bits a byte with twelve places. */
llmobsi_fn uint32_t llmobsi_entropy(const uint8_t* bytes, size_t size)
{
    uint8_t counts[256];
    uint32_t sum = 0;
    size_t i, most = size < LLMOBS_I_ENTROPY_MOST ? size : LLMOBS_I_ENTROPY_MOST;
    memset(counts, 0, sizeof(counts));
    for (i = 0; i < most; i++) {
        sum += llmobsi_entropy_steps[++counts[bytes[i]]];
    }
    return most == 0 ? 0 : llmobsi_log2((uint32_t)most) - sum / (uint32_t)most;
}

/* Whether a beginning of the bytes, `least` or more of them, has at least that entropy: more text
   after it can't take that away. The size of the first such, or 0. */
llmobsi_fn size_t llmobsi_entropy_reached(const uint8_t* bytes, size_t size, size_t least,
                                          uint32_t floor)
{
    uint8_t counts[256];
    uint32_t sum = 0;
    size_t i, most = size < LLMOBS_I_ENTROPY_MOST ? size : LLMOBS_I_ENTROPY_MOST;
    memset(counts, 0, sizeof(counts));
    for (i = 0; i < most; i++) {
        uint32_t count = (uint32_t)i + 1;
        sum += llmobsi_entropy_steps[++counts[bytes[i]]];
        if (count >= least && llmobsi_log2(count) * count >= floor * count + sum) {
            return i + 1;
        }
    }
    return 0;
}

#endif /* LLMOBS_NO_SCANNER */

/* =================================================================================================
 *  >>view                   privacy: windows of text, classes of bytes
 * ============================================================================================== */

#ifndef LLMOBS_NO_SCANNER

/* What recognisers look through: a window of the text, and classes of bytes. A recogniser reads
   forward by llmobsi_at and back by llmobsi_back, so that two things hold whatever window it is
   given. It never looks past what was found last, as if the text began there. And when it came to
   the end of a window that is not the end of the text, the window says so: starved. Its verdict is
   then void, and is asked for again with more text. That is all of streaming. */

/* How far a recogniser may look back and ahead of its trigger. */
#define LLMOBS_I_LOOK_BACK 144u
#define LLMOBS_I_LOOK_AHEAD 400u

typedef struct llmobsi_view {
    const uint8_t* bytes;
    size_t size;
    size_t floor; /* where the last finding ended, or the text begins */
    bool is_last; /* the text ends where the window ends              */
    bool starved;
    bool is_within; /* the trigger lies in a match: words before it are none of its own */
    uint32_t classes;
    const struct llmobs_scan_term* terms;
    size_t term_count;
} llmobsi_view;

/* What a recogniser says it has found. */
typedef struct llmobsi_match {
    size_t start;
    size_t end;
    llmobs_pii pii;
    uint8_t tail; /* LLMOBS_I_TAIL_*: it goes on, to where those bytes end */
    bool is_local;
    const char* name;
} llmobsi_match;

enum {
    LLMOBS_I_TAIL_NONE,
    LLMOBS_I_TAIL_TOKEN, /* letters, digits, _ -                            */
    LLMOBS_I_TAIL_BASE64, /* letters, digits, + / =                          */
    LLMOBS_I_TAIL_DOTTED, /* the first kind, and dots within                 */
    LLMOBS_I_TAIL_VALUE, /* whatever a password may hold                    */
    LLMOBS_I_TAIL_PEM    /* to the line that says END, or a quotation mark  */
};

/* ---- classes of bytes ------------------------------------------------------------------------ */

enum {
    LLMOBS_I_DIGIT = 0x1,
    LLMOBS_I_UPPER = 0x2,
    LLMOBS_I_LOWER = 0x4,
    LLMOBS_I_UNDERSCORE = 0x8,
    LLMOBS_I_HYPHEN = 0x10,
    LLMOBS_I_DOT = 0x20,
    LLMOBS_I_HEX = 0x40,
    LLMOBS_I_LOWER_HEX = 0x80,
    LLMOBS_I_LOCAL = 0x100, /* an address before the @: RFC 5322's dot-atom, but for '*'   */
    LLMOBS_I_VALUE = 0x200, /* a password in an assignment: no blanks, quotes, brackets ,;& */
    LLMOBS_I_BASE58 = 0x400,
    LLMOBS_I_BASE32 = 0x800,
    LLMOBS_I_PLUS = 0x1000, /* + and / */
    LLMOBS_I_EQUALS = 0x2000,
    LLMOBS_I_TILDE = 0x4000,
    LLMOBS_I_USER = 0x8000, /* user and password within a URL */
    LLMOBS_I_ALPHA = LLMOBS_I_UPPER | LLMOBS_I_LOWER,
    LLMOBS_I_ALNUM = LLMOBS_I_ALPHA | LLMOBS_I_DIGIT,
    LLMOBS_I_WORD = LLMOBS_I_ALNUM | LLMOBS_I_UNDERSCORE,
    LLMOBS_I_TOKEN = LLMOBS_I_WORD | LLMOBS_I_HYPHEN
};

static const uint16_t llmobsi_kinds[256] = {
    0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000,
    0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000,
    0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000,
    0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000,
    0x0000, 0x8300, 0x0000, 0x8300, 0x8300, 0x8300, 0x8100, 0x0100,
    0x0000, 0x0000, 0x8200, 0x9300, 0x0000, 0x8310, 0x8320, 0x1300,
    0x83c1, 0x87c1, 0x8fc1, 0x8fc1, 0x8fc1, 0x8fc1, 0x8fc1, 0x8fc1,
    0x87c1, 0x87c1, 0x0200, 0x0000, 0x0000, 0xa300, 0x0000, 0x8300,
    0x0200, 0x8f42, 0x8f42, 0x8f42, 0x8f42, 0x8f42, 0x8f42, 0x8f02,
    0x8f02, 0x8b02, 0x8f02, 0x8f02, 0x8f02, 0x8f02, 0x8f02, 0x8b02,
    0x8f02, 0x8f02, 0x8f02, 0x8f02, 0x8f02, 0x8f02, 0x8f02, 0x8f02,
    0x8f02, 0x8f02, 0x8f02, 0x0000, 0x0000, 0x0000, 0x0300, 0x8308,
    0x0100, 0x87c4, 0x87c4, 0x87c4, 0x87c4, 0x87c4, 0x87c4, 0x8704,
    0x8704, 0x8704, 0x8704, 0x8704, 0x8304, 0x8704, 0x8704, 0x8704,
    0x8704, 0x8704, 0x8704, 0x8704, 0x8704, 0x8704, 0x8704, 0x8704,
    0x8704, 0x8704, 0x8704, 0x0100, 0x0300, 0x0100, 0xc300, 0x0000,
    /* above ASCII */
    0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200,
    0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200,
    0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200,
    0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200,
    0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200,
    0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200,
    0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200,
    0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200,
    0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200,
    0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200,
    0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200,
    0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200,
    0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200,
    0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200,
    0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200,
    0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200};

llmobsi_inline bool llmobsi_is(uint8_t byte, uint32_t kinds)
{
    return (llmobsi_kinds[byte] & kinds) != 0;
}

llmobsi_inline uint8_t llmobsi_small(uint8_t byte)
{
    return llmobsi_is(byte, LLMOBS_I_UPPER) ? (uint8_t)(byte | 0x20) : byte;
}

/* ---- looking --------------------------------------------------------------------------------- */

/* The byte at a place; 0 behind the end. */
llmobsi_inline uint8_t llmobsi_at(llmobsi_view* view, size_t place)
{
    if (llmobsi_likely(place < view->size)) {
        return view->bytes[place];
    }
    view->starved = !view->is_last;
    return 0;
}

/* The byte `distance` (1 or more) before a place; 0 where there is none. */
llmobsi_inline uint8_t llmobsi_back(const llmobsi_view* view, size_t place, size_t distance)
{
    return place >= view->floor + distance ? view->bytes[place - distance] : 0;
}

/* How many bytes from a place on are of some kinds, but no more than `most`. */
llmobsi_inline size_t llmobsi_run(llmobsi_view* view, size_t place, uint32_t kinds, size_t most)
{
    size_t count = 0;
    while (count < most && llmobsi_is(llmobsi_at(view, place + count), kinds)) {
        count++;
    }
    return count;
}

/* How many before a place. */
llmobsi_inline size_t llmobsi_run_back(const llmobsi_view* view, size_t place, uint32_t kinds,
                                       size_t most)
{
    size_t count = 0;
    while (count < most && llmobsi_is(llmobsi_back(view, place, count + 1), kinds)) {
        count++;
    }
    return count;
}

/* Whether this text stands there. */
llmobsi_inline bool llmobsi_has(llmobsi_view* view, size_t place, const char* text, size_t size)
{
    size_t i;
    for (i = 0; i < size; i++) {
        if (llmobsi_at(view, place + i) != (uint8_t)text[i]) {
            return false;
        }
    }
    return true;
}

#define llmobsi_has_text(view, place, literal) \
    llmobsi_has((view), (place), "" literal, sizeof(literal) - 1)

/* Whether this text stands before a place. */
llmobsi_inline bool llmobsi_had(const llmobsi_view* view, size_t place, const char* text,
                                size_t size)
{
    return place >= view->floor + size && memcmp(view->bytes + place - size, text, size) == 0;
}

/* Whether the byte at a place belongs to an escape of JSON or C: an odd number of backslashes
   stands before it. */
llmobsi_fn bool llmobsi_is_escaped(const llmobsi_view* view, size_t place)
{
    size_t count = 0;
    while (count < 32 && llmobsi_back(view, place, count + 1) == '\\') {
        count++;
    }
    return count % 2 != 0;
}

/* Whether a word may begin at a place: after no letter, digit or underscore; or after an escape
   such as \n, which reads as one but is none. */
llmobsi_inline bool llmobsi_begins(const llmobsi_view* view, size_t place)
{
    uint8_t before = llmobsi_back(view, place, 1);
    if (before == '\\') {
        return !llmobsi_is_escaped(view, place); /* never in the middle of an escape */
    }
    if (!llmobsi_is(before, LLMOBS_I_WORD)) {
        return true;
    }
    return (before == 'n' || before == 't' || before == 'r') &&
           llmobsi_back(view, place, 2) == '\\' && llmobsi_is_escaped(view, place - 1);
}

/* Whether a word may end before a place. */
llmobsi_inline bool llmobsi_ends(llmobsi_view* view, size_t place)
{
    return !llmobsi_is(llmobsi_at(view, place), LLMOBS_I_WORD);
}

/* How often a byte stands before a place: up to five times. */
llmobsi_inline uint32_t llmobsi_run_of(const llmobsi_view* view, size_t place, uint8_t byte)
{
    uint32_t count = 0;
    while (count < 5 && llmobsi_back(view, place, count + 1) == byte) {
        count++;
    }
    return count;
}

/* The size of what a redactor wrote at a place: <CLASS>, <CLASS_0123456789abcdef>, or three stars
   of a mask; 0: it did not. */
llmobsi_fn size_t llmobsi_covered_size(llmobsi_view* view, size_t place)
{
    size_t i, k;
    if (llmobsi_at(view, place) == '*') {
        return llmobsi_at(view, place + 1) == '*' && llmobsi_at(view, place + 2) == '*' ? 3 : 0;
    }
    if (llmobsi_at(view, place) != '<') {
        return 0;
    }
    for (i = 0; i < LLMOBS_PII_COUNT; i++) {
        const char* name = llmobsi_pii_names[i];
        size_t end = place + 1;
        for (k = 0; name[k] != '\0' && llmobsi_at(view, end) == (uint8_t)name[k]; k++) {
            end++;
        }
        if (name[k] != '\0') {
            continue;
        }
        if (llmobsi_at(view, end) == '_' && llmobsi_run(view, end + 1, LLMOBS_I_HEX, 16) == 16) {
            end += 17;
        }
        if (llmobsi_at(view, end) == '>') {
            return end + 1 - place;
        }
    }
    return 0;
}

/* The same of numbers, which neither go on with nor come from "-5" or ".5", nor with what a
   redactor may have put there instead. */
llmobsi_inline bool llmobsi_number_begins(const llmobsi_view* view, size_t place)
{
    uint8_t before = llmobsi_back(view, place, 1);
    if ((before == '-' || before == '.') &&
        llmobsi_is(llmobsi_back(view, place, 2), LLMOBS_I_DIGIT)) {
        return false;
    }
    if (before == '*' && llmobsi_run_of(view, place, '*') >= 5) {
        return false; /* what is left of a number */
    }
    return llmobsi_begins(view, place);
}

llmobsi_inline bool llmobsi_number_ends(llmobsi_view* view, size_t place)
{
    uint8_t after = llmobsi_at(view, place);
    if (after == '-' || after == '.') {
        return !llmobsi_is(llmobsi_at(view, place + 1), LLMOBS_I_DIGIT) &&
               llmobsi_covered_size(view, place + 1) == 0;
    }
    return !llmobsi_is(after, LLMOBS_I_WORD);
}

llmobsi_inline bool llmobsi_wants(const llmobsi_view* view, llmobs_pii pii)
{
    return (view->classes & LLMOBS_PII_BIT(pii)) != 0;
}

/* ---- matches --------------------------------------------------------------------------------- */

llmobsi_inline bool llmobsi_match_set(llmobsi_match* match, llmobs_pii pii, size_t start,
                                      size_t end, const char* name)
{
    match->start = start;
    match->end = end;
    match->pii = pii;
    match->tail = LLMOBS_I_TAIL_NONE;
    match->is_local = false;
    match->name = name;
    return true;
}

/* Whether the first gives the name where two overlap: the longer, then the surer, then the one
   whose class stands first. */
llmobsi_fn bool llmobsi_match_is_better(const llmobsi_match* a, const llmobsi_match* b)
{
    size_t size_a = a->end - a->start, size_b = b->end - b->start;
    uint8_t tier_a = llmobsi_pii_tiers[a->pii], tier_b = llmobsi_pii_tiers[b->pii];
    if (size_a != size_b) {
        return size_a > size_b;
    }
    return tier_a != tier_b ? tier_a < tier_b : a->pii < b->pii;
}

#endif /* LLMOBS_NO_SCANNER */

/* =================================================================================================
 *  >>context                privacy: words that make a number what it is
 * ============================================================================================== */

#ifndef LLMOBS_NO_SCANNER

/* Words that make a number what it is: "passport", "cvv". */

typedef struct llmobsi_context_word {
    const char* text;
    uint32_t classes;
} llmobsi_context_word;

#define LLMOBS_I_CONTEXT_BYTES 40u
#define LLMOBS_I_CONTEXT_WORDS 5u
#define LLMOBS_I_CONTEXT_LONGEST 9u
#define LLMOBS_I_CONTEXT_LICENSE LLMOBS_PII_BIT(LLMOBS_PII_DRIVER_LICENSE)

/* Sorted. "bot" is Telegram's. */
static const llmobsi_context_word llmobsi_context_words[] = {
    {"aadhaar", LLMOBS_PII_BIT(LLMOBS_PII_AADHAAR)},
    {"aadhar", LLMOBS_PII_BIT(LLMOBS_PII_AADHAAR)},
    {"aba", LLMOBS_PII_BIT(LLMOBS_PII_ABA_ROUTING)},
    {"account", LLMOBS_PII_BIT(LLMOBS_PII_BANK_ACCOUNT)},
    {"acct", LLMOBS_PII_BIT(LLMOBS_PII_BANK_ACCOUNT)},
    {"bank", LLMOBS_PII_BIT(LLMOBS_PII_BANK_ACCOUNT)},
    {"birth", LLMOBS_PII_BIT(LLMOBS_PII_BIRTH_DATE)},
    {"birthdate", LLMOBS_PII_BIT(LLMOBS_PII_BIRTH_DATE)},
    {"birthday", LLMOBS_PII_BIT(LLMOBS_PII_BIRTH_DATE)},
    {"born", LLMOBS_PII_BIT(LLMOBS_PII_BIRTH_DATE)},
    {"bot", LLMOBS_PII_BIT(LLMOBS_PII_API_KEY)},
    {"csc", LLMOBS_PII_BIT(LLMOBS_PII_CARD_CODE)},
    {"cvc", LLMOBS_PII_BIT(LLMOBS_PII_CARD_CODE)},
    {"cvv", LLMOBS_PII_BIT(LLMOBS_PII_CARD_CODE)},
    {"dl", LLMOBS_I_CONTEXT_LICENSE},
    {"dob", LLMOBS_PII_BIT(LLMOBS_PII_BIRTH_DATE)},
    {"driver", LLMOBS_I_CONTEXT_LICENSE},
    {"drivers", LLMOBS_I_CONTEXT_LICENSE},
    {"driving", LLMOBS_I_CONTEXT_LICENSE},
    {"itin", LLMOBS_PII_BIT(LLMOBS_PII_US_ITIN)},
    {"licence", LLMOBS_I_CONTEXT_LICENSE},
    {"license", LLMOBS_I_CONTEXT_LICENSE},
    {"nhs", LLMOBS_PII_BIT(LLMOBS_PII_UK_NHS)},
    {"npi", LLMOBS_PII_BIT(LLMOBS_PII_US_NPI)},
    {"passport", LLMOBS_PII_BIT(LLMOBS_PII_PASSPORT)},
    {"provider", LLMOBS_PII_BIT(LLMOBS_PII_US_NPI)},
    {"routing", LLMOBS_PII_BIT(LLMOBS_PII_ABA_ROUTING)},
    {"rtn", LLMOBS_PII_BIT(LLMOBS_PII_ABA_ROUTING)},
    {"sin", LLMOBS_PII_BIT(LLMOBS_PII_CA_SIN)},
    {"social", LLMOBS_PII_BIT(LLMOBS_PII_US_SSN) | LLMOBS_PII_BIT(LLMOBS_PII_CA_SIN)},
    {"ssn", LLMOBS_PII_BIT(LLMOBS_PII_US_SSN)},
    {"taxpayer", LLMOBS_PII_BIT(LLMOBS_PII_US_ITIN)},
    {"telegram", LLMOBS_PII_BIT(LLMOBS_PII_API_KEY)},
};

#define LLMOBS_I_CONTEXT_COUNT (sizeof(llmobsi_context_words) / sizeof(llmobsi_context_words[0]))
LLMOBS_I_STATIC_ASSERT(context_count, LLMOBS_I_CONTEXT_COUNT == 33);

/* Where those with a letter begin. */
static const uint8_t llmobsi_context_starts[26] = {
    0, 5, 11, 14, 33, 33, 33, 33, 19, 33, 33, 20, 33,
    22, 33, 24, 33, 26, 28, 31, 33, 33, 33, 33, 33, 33};

/* The classes of one word. */
llmobsi_fn uint32_t llmobsi_context_of_word(const uint8_t* word, size_t size)
{
    uint8_t first = llmobsi_small(word[0]);
    size_t i, k;
    for (i = llmobsi_context_starts[first - 'a']; i < LLMOBS_I_CONTEXT_COUNT; i++) {
        const char* text = llmobsi_context_words[i].text;
        if ((uint8_t)text[0] != first) {
            break;
        }
        for (k = 1; k < size && (uint8_t)text[k] == llmobsi_small(word[k]); k++) {
        }
        if (k == size && text[k] == '\0') {
            return llmobsi_context_words[i].classes;
        }
    }
    return 0;
}

/* Whether a '>' at a place ends what a redactor wrote. */
llmobsi_fn bool llmobsi_is_marker(const llmobsi_view* view, size_t place)
{
    size_t size = llmobsi_run_back(view, place, LLMOBS_I_WORD, LLMOBS_I_CONTEXT_BYTES);
    llmobsi_view before = *view;
    return llmobsi_back(view, place, size + 1) == '<' &&
           llmobsi_covered_size(&before, place - size - 1) == size + 2;
}

/* The classes that the words before a place speak for. What a redactor has put there ends the
   search, as the finding itself did. */
llmobsi_fn uint32_t llmobsi_context(const llmobsi_view* view, size_t place)
{
    const uint8_t* bytes = view->bytes;
    size_t at = place, least = view->floor;
    uint32_t classes = 0, words = 0;
    if (place - least > LLMOBS_I_CONTEXT_BYTES) {
        least = place - LLMOBS_I_CONTEXT_BYTES;
    }
    while (at > least && words < LLMOBS_I_CONTEXT_WORDS) {
        uint8_t byte = bytes[at - 1];
        size_t end = at;
        if (!llmobsi_is(byte, LLMOBS_I_ALPHA)) {
            if ((byte == '>' && llmobsi_is_marker(view, at - 1)) ||
                (byte == '*' && llmobsi_run_of(view, at, '*') >= 3)) {
                break;
            }
            at--;
            continue;
        }
        while (at > view->floor && llmobsi_is(bytes[at - 1], LLMOBS_I_ALPHA) &&
               end - at <= LLMOBS_I_CONTEXT_LONGEST) {
            at--;
        }
        if (end - at >= 2 && end - at <= LLMOBS_I_CONTEXT_LONGEST) {
            classes |= llmobsi_context_of_word(bytes + at, end - at);
        }
        while (at > least && llmobsi_is(bytes[at - 1], LLMOBS_I_ALPHA)) {
            at--; /* of a longer word */
        }
        words++;
    }
    return classes & view->classes;
}

#endif /* LLMOBS_NO_SCANNER */

/* =================================================================================================
 *  >>number                 privacy: numbers, addresses of machines, telephones
 * ============================================================================================== */

#ifndef LLMOBS_NO_SCANNER

/* Recognisers of what is written in digits. Each begins at the first digit of a run. */

/* Up to so many digits are read, and one more tells that there are more. */
#define LLMOBS_I_NUMBER_MOST 20u
#define LLMOBS_I_NUMBER_GROUPS 5u

/* Digits in groups, with the same separator between them. */
typedef struct llmobsi_number {
    size_t start;
    size_t end;
    size_t count; /* digits */
    size_t group_count;
    size_t sizes[LLMOBS_I_NUMBER_GROUPS];
    uint32_t form;     /* the sizes, as decimal digits: 4444, 324 */
    uint8_t separator; /* 0: one group */
    uint8_t digits[LLMOBS_I_NUMBER_MOST + 1];
} llmobsi_number;

/* One more run of digits, those too many included. */
llmobsi_inline void llmobsi_number_group(llmobsi_view* view, llmobsi_number* number, size_t place)
{
    size_t size = 0;
    while (number->count <= LLMOBS_I_NUMBER_MOST) {
        uint8_t byte = llmobsi_at(view, place + size);
        if (!llmobsi_is(byte, LLMOBS_I_DIGIT)) {
            break;
        }
        number->digits[number->count++] = (uint8_t)(byte - '0');
        size++;
    }
    number->end = place + size;
    number->sizes[number->group_count++] = size;
    number->form = number->form * 10 + (uint32_t)(size < 9 ? size : 9);
}

/* Reads the number at a place: one group, and more if it is short and the separator stays the
   same. */
llmobsi_fn void llmobsi_number_read(llmobsi_view* view, llmobsi_number* number, size_t start)
{
    uint8_t separator;
    number->start = start;
    number->count = number->group_count = 0;
    number->form = 0;
    number->separator = 0;
    llmobsi_number_group(view, number, start);
    separator = llmobsi_at(view, number->end);
    if (number->count > 4 || (separator != ' ' && separator != '-' && separator != '.')) {
        return;
    }
    while (number->group_count < LLMOBS_I_NUMBER_GROUPS && number->count < LLMOBS_I_NUMBER_MOST &&
           llmobsi_at(view, number->end) == separator &&
           llmobsi_is(llmobsi_at(view, number->end + 1), LLMOBS_I_DIGIT)) {
        number->separator = separator;
        llmobsi_number_group(view, number, number->end + 1);
    }
}

/* Takes the last group off. */
llmobsi_inline void llmobsi_number_shorten(llmobsi_number* number)
{
    size_t size = number->sizes[--number->group_count];
    number->end -= size + 1;
    number->count -= size;
    number->form /= 10;
}

/* Whether a number is part of a chain of hexadecimal groups, such as a UUID. */
llmobsi_fn bool llmobsi_number_in_chain(llmobsi_view* view, size_t start, size_t end)
{
    if (llmobsi_back(view, start, 1) == '-') {
        size_t size = llmobsi_run_back(view, start - 1, LLMOBS_I_HEX, 12);
        if (size >= 4 && llmobsi_back(view, start - 1, size + 1) == '-') {
            return true;
        }
    }
    return llmobsi_at(view, end) == '-' && llmobsi_run(view, end + 1, LLMOBS_I_HEX, 5) == 4 &&
           llmobsi_at(view, end + 5) == '-';
}

/* ---- addresses of machines ------------------------------------------------------------------- */

llmobsi_fn bool llmobsi_ipv4_is_local(const uint8_t* octets)
{
    static const uint8_t nets[][4] = {/* three octets, and how many bits of them count */
                                      {0, 0, 0, 8},      {10, 0, 0, 8},     {127, 0, 0, 8},
                                      {169, 254, 0, 16}, {172, 16, 0, 12},  {192, 168, 0, 16},
                                      {192, 0, 2, 24},   {198, 51, 100, 24}, {203, 0, 113, 24},
                                      {100, 64, 0, 10}};
    uint32_t address = (uint32_t)octets[0] << 16 | (uint32_t)octets[1] << 8 | octets[2];
    size_t i;
    for (i = 0; i < sizeof(nets) / sizeof(nets[0]); i++) {
        uint32_t net = (uint32_t)nets[i][0] << 16 | (uint32_t)nets[i][1] << 8 | nets[i][2];
        if ((address ^ net) >> (24 - nets[i][3]) == 0) {
            return true;
        }
    }
    return false;
}

/* Four octets without leading zeros; where they end, or 0. */
llmobsi_fn size_t llmobsi_ipv4_parse(llmobsi_view* view, size_t place, uint8_t* octets)
{
    uint32_t i;
    for (i = 0; i < 4; i++) {
        uint32_t value = 0;
        size_t size = llmobsi_run(view, place, LLMOBS_I_DIGIT, 4), k;
        if (size == 0 || size > 3 || (size > 1 && llmobsi_at(view, place) == '0')) {
            return 0;
        }
        for (k = 0; k < size; k++) {
            value = value * 10 + (uint32_t)(llmobsi_at(view, place + k) - '0');
        }
        if (value > 255) {
            return 0;
        }
        octets[i] = (uint8_t)value;
        place += size;
        if (i < 3 && llmobsi_at(view, place++) != '.') {
            return 0;
        }
    }
    if (llmobsi_is(llmobsi_at(view, place), LLMOBS_I_WORD) ||
        (llmobsi_at(view, place) == '.' &&
         llmobsi_is(llmobsi_at(view, place + 1), LLMOBS_I_DIGIT))) {
        return 0;
    }
    return place;
}

llmobsi_fn bool llmobsi_ipv4_read(llmobsi_view* view, size_t start, llmobsi_match* match)
{
    uint8_t octets[4];
    size_t end = llmobsi_ipv4_parse(view, start, octets);
    if (end == 0) {
        return false;
    }
    (void)llmobsi_match_set(match, LLMOBS_PII_IP_ADDRESS, start, end, "ipv4");
    match->is_local = llmobsi_ipv4_is_local(octets);
    return true;
}

/* What a redactor has put behind a colon may have been one more group. */
llmobsi_fn bool llmobsi_ipv6_ends(llmobsi_view* view, size_t place)
{
    uint8_t after = llmobsi_at(view, place);
    if (after == ':') {
        after = llmobsi_at(view, place + 1);
    } else if (llmobsi_at(view, place - 1) != ':') {
        return !llmobsi_is(after, LLMOBS_I_WORD);
    }
    return !llmobsi_is(after, LLMOBS_I_WORD) && after != '<' && after != '*';
}

/* Up to eight groups of one to four digits, at most one "::", an IPv4 address at the end: RFC 4291,
   2.2. At `start` is the first group or the "::". */
llmobsi_fn bool llmobsi_ipv6_read(llmobsi_view* view, size_t start, llmobsi_match* match)
{
    size_t place = start, groups = 0, digits = 0, pairs = 0;
    bool gap = false;
    uint32_t first = 0, second = 0;
    uint8_t octets[4];
    if (llmobsi_at(view, place) == ':') {
        if (llmobsi_at(view, place + 1) != ':') {
            return false;
        }
        gap = true;
        place += 2;
    }
    while (groups < 8) {
        size_t size = llmobsi_run(view, place, LLMOBS_I_HEX, 5), i;
        uint32_t value = 0;
        if (size == 0) {
            break;
        }
        if (size > 4) {
            return false;
        }
        if (llmobsi_at(view, place + size) == '.' && groups <= 6 && groups + (gap ? 0 : 2) >= 2) {
            size_t end = llmobsi_ipv4_parse(view, place, octets);
            if (end != 0) {
                groups += 2;
                digits++;
                place = end;
                break;
            }
        }
        for (i = 0; i < size; i++) {
            uint8_t byte = llmobsi_at(view, place + i);
            value = value * 16 + (uint32_t)llmobsi_hex_value((char)byte);
            digits += llmobsi_is(byte, LLMOBS_I_DIGIT) ? 1u : 0u;
        }
        pairs += size == 2 ? 1u : 0u;
        first = groups == 0 ? value : first;
        second = groups == 1 ? value : second;
        groups++;
        place += size;
        if (llmobsi_at(view, place) != ':') {
            break;
        }
        if (llmobsi_at(view, place + 1) == ':') {
            if (gap) {
                return false;
            }
            gap = true;
            place += 2;
        } else if (groups < 8 && llmobsi_is(llmobsi_at(view, place + 1), LLMOBS_I_HEX)) {
            place++;
        } else {
            break;
        }
    }
    if (groups == 0 || (gap ? groups > 7 : groups != 8 || pairs == 8) ||
        (digits == 0 && groups < 3) || !llmobsi_ipv6_ends(view, place)) {
        return false;
    }
    (void)llmobsi_match_set(match, LLMOBS_PII_IP_ADDRESS, start, place, "ipv6");
    match->is_local = (first & 0xffc0) == 0xfe80 || (first & 0xfe00) == 0xfc00 ||
                      (first == 0x2001 && second == 0xdb8) ||
                      (llmobsi_at(view, start) == ':' && groups == 1 && first == 1);
    return true;
}

/* Six pairs with the same separator. `place` is the first separator. */
llmobsi_fn bool llmobsi_mac_read(llmobsi_view* view, size_t place, llmobsi_match* match)
{
    uint8_t separator = llmobsi_at(view, place);
    size_t start = place - 2, i, zeros = 0, fs = 0;
    if (llmobsi_run_back(view, place, LLMOBS_I_HEX, 2) != 2 ||
        !llmobsi_number_begins(view, start) ||
        llmobsi_back(view, start, 1) == separator) {
        return false;
    }
    for (i = 0; i < 17; i++) {
        uint8_t byte = llmobsi_at(view, start + i);
        if (i % 3 == 2 ? byte != separator : !llmobsi_is(byte, LLMOBS_I_HEX)) {
            return false;
        }
        zeros += byte == '0';
        fs += llmobsi_small(byte) == 'f';
    }
    if (zeros == 12 || fs == 12 || !llmobsi_ends(view, start + 17) ||
        (llmobsi_at(view, start + 17) == separator &&
         llmobsi_is(llmobsi_at(view, start + 18), LLMOBS_I_HEX))) {
        return false;
    }
    return llmobsi_match_set(match, LLMOBS_PII_MAC_ADDRESS, start, start + 17, "mac");
}

/* ---- telephones ------------------------------------------------------------------------------ */

/* After a '+': groups of digits, between them a blank, '-', '.', or brackets. Two digits at least
   make a group that is not the first. As many groups as make a number. */
llmobsi_fn bool llmobsi_e164_read(llmobsi_view* view, size_t start, llmobsi_match* match)
{
    uint8_t digits[16];
    size_t count = 0, end = 0, place = start + 1;
    if (!llmobsi_begins(view, start) || llmobsi_back(view, start, 1) == '+') {
        return false;
    }
    for (;;) {
        size_t size = llmobsi_run(view, place, LLMOBS_I_DIGIT, 16), i;
        if (size == 0 || count + size > 15 || (count != 0 && size < 2) ||
            !llmobsi_ends(view, place + size)) {
            break;
        }
        for (i = 0; i < size; i++) {
            digits[count++] = (uint8_t)(llmobsi_at(view, place + i) - '0');
        }
        place += size;
        end = llmobsi_e164_is_valid(digits, count) ? place : end;
        size = place;
        place += llmobsi_at(view, place) == ')';
        place += llmobsi_at(view, place) == ' ' || llmobsi_at(view, place) == '-' ||
                 llmobsi_at(view, place) == '.';
        place += llmobsi_at(view, place) == '(';
        if (place == size) {
            break;
        }
    }
    return end != 0 && llmobsi_match_set(match, LLMOBS_PII_PHONE, start, end, "e164");
}

/* "ddd-dddd" at a place, with one of some separators, and the area code where it stands. */
llmobsi_fn bool llmobsi_nanp_read(llmobsi_view* view, size_t start, size_t area, size_t place,
                                  llmobsi_match* match)
{
    uint8_t digits[10], separator = llmobsi_at(view, place + 3);
    size_t i;
    for (i = 0; i < 10; i++) {
        size_t at = i < 3 ? area + i : i < 6 ? place + i - 3 : place + i - 2;
        uint8_t byte = llmobsi_at(view, at);
        if (!llmobsi_is(byte, LLMOBS_I_DIGIT)) {
            return false;
        }
        digits[i] = (uint8_t)(byte - '0');
    }
    return (separator == '-' || separator == '.' || separator == ' ') &&
           llmobsi_number_ends(view, place + 8) && llmobsi_nanp_is_valid(digits) &&
           llmobsi_match_set(match, LLMOBS_PII_PHONE, start, place + 8, "nanp");
}

/* "(ddd) ddd-dddd" */
llmobsi_fn bool llmobsi_area_read(llmobsi_view* view, size_t start, llmobsi_match* match)
{
    size_t place = start + 5;
    if (llmobsi_run(view, start + 1, LLMOBS_I_DIGIT, 4) != 3 ||
        llmobsi_at(view, start + 4) != ')' || !llmobsi_begins(view, start)) {
        return false;
    }
    if (llmobsi_at(view, place) == ' ' || llmobsi_at(view, place) == '-') {
        place++;
    }
    return llmobsi_nanp_read(view, start, start + 1, place, match);
}

#endif /* LLMOBS_NO_SCANNER */

/* =================================================================================================
 *  >>digits                 privacy: cards, accounts, persons
 * ============================================================================================== */

#ifndef LLMOBS_NO_SCANNER

/* What a number can be, by the sizes of its groups. */

/* The classes that need a word, and have the right number of digits: one after the other. */
llmobsi_fn bool llmobsi_number_by_word(const llmobsi_number* number, uint32_t classes,
                                       llmobsi_match* match)
{
    const uint8_t* digits = number->digits;
    size_t start = number->start, end = number->end, count = number->count;
    bool is_plain = number->group_count == 1;
#define llmobsi_by_word(CLASS, form_is_right, is_valid)                                           \
    if ((classes & LLMOBS_PII_BIT(LLMOBS_PII_##CLASS)) != 0 && (form_is_right) && (is_valid)) {   \
        return llmobsi_match_set(match, LLMOBS_PII_##CLASS, start, end, "number");                \
    }
    llmobsi_by_word(US_SSN, count == 9 && (is_plain || number->form == 324),
                    llmobsi_ssn_is_valid(digits))
    llmobsi_by_word(US_ITIN, count == 9 && (is_plain || number->form == 324),
                    llmobsi_itin_is_valid(digits))
    llmobsi_by_word(ABA_ROUTING, count == 9 && is_plain, llmobsi_aba_is_valid(digits))
    llmobsi_by_word(US_NPI, count == 10 && is_plain, llmobsi_npi_is_valid(digits))
    llmobsi_by_word(UK_NHS, count == 10 && (is_plain || number->form == 334),
                    llmobsi_nhs_is_valid(digits))
    llmobsi_by_word(AADHAAR, count == 12 && (is_plain || number->form == 444),
                    llmobsi_aadhaar_is_valid(digits))
    llmobsi_by_word(CA_SIN, count == 9 && (is_plain || number->form == 333),
                    llmobsi_sin_is_valid(digits))
    llmobsi_by_word(BANK_ACCOUNT, is_plain && count >= 8 && count <= 17,
                    !llmobsi_digits_are_same(digits, count))
    llmobsi_by_word(PASSPORT, is_plain && count >= 6 && count <= 9,
                    !llmobsi_digits_are_same(digits, count))
    llmobsi_by_word(DRIVER_LICENSE, is_plain && count >= 7 && count <= 14,
                    !llmobsi_digits_are_same(digits, count))
    llmobsi_by_word(CARD_CODE, is_plain && (count == 3 || count == 4), true)
#undef llmobsi_by_word
    return false;
}

/* "A1234567": a passport or a licence, where a word says so. The letters begin at `start`. */
llmobsi_fn bool llmobsi_lettered_read(llmobsi_view* view, size_t start, size_t digits,
                                      llmobsi_match* match)
{
    size_t count = llmobsi_run(view, digits, LLMOBS_I_DIGIT, 15);
    uint32_t classes;
    if (count < 6 || count > 14 || !llmobsi_number_begins(view, start) ||
        !llmobsi_number_ends(view, digits + count)) {
        return false;
    }
    classes = llmobsi_context(view, start);
    if ((classes & LLMOBS_PII_BIT(LLMOBS_PII_PASSPORT)) != 0 && count <= 9) {
        return llmobsi_match_set(match, LLMOBS_PII_PASSPORT, start, digits + count, "lettered");
    }
    return (classes & LLMOBS_PII_BIT(LLMOBS_PII_DRIVER_LICENSE)) != 0 &&
           llmobsi_match_set(match, LLMOBS_PII_DRIVER_LICENSE, start, digits + count, "lettered");
}

/* 1990-01-31, 31.1.1990, 1/31/1990 */
llmobsi_fn bool llmobsi_birth_date_read(llmobsi_view* view, size_t start, llmobsi_match* match)
{
    uint32_t values[3], i, year, month, day;
    size_t place = start, sizes[3];
    uint8_t separator = 0;
    for (i = 0; i < 3; i++) {
        size_t k;
        sizes[i] = llmobsi_run(view, place, LLMOBS_I_DIGIT, 5);
        values[i] = 0;
        for (k = 0; k < sizes[i]; k++) {
            values[i] = values[i] * 10 + (uint32_t)(llmobsi_at(view, place + k) - '0');
        }
        place += sizes[i];
        if (i == 0) {
            separator = llmobsi_at(view, place);
        }
        if (sizes[i] == 0 || sizes[i] > 4 || (i < 2 && llmobsi_at(view, place++) != separator)) {
            return false;
        }
    }
    if (separator != '-' && separator != '/' && separator != '.') {
        return false;
    }
    year = sizes[0] == 4 ? values[0] : values[2];
    month = values[1];
    day = sizes[0] == 4 ? values[2] : values[0];
    if (month > 12) {
        uint32_t swapped = month;
        month = day;
        day = swapped;
    }
    return sizes[1] <= 2 && (sizes[0] == 4) != (sizes[2] == 4) && sizes[0] != 3 && sizes[2] != 3 &&
           year >= 1900 && year < 2100 && month >= 1 && month <= 12 && day >= 1 && day <= 31 &&
           llmobsi_number_ends(view, place) &&
           (llmobsi_context(view, start) & LLMOBS_PII_BIT(LLMOBS_PII_BIRTH_DATE)) != 0 &&
           llmobsi_match_set(match, LLMOBS_PII_BIRTH_DATE, start, place, "date");
}

/* ---- countries and IBANs --------------------------------------------------------------------- */

/* At the second letter, which two digits follow. A blank may stand after each four. */
llmobsi_fn bool llmobsi_iban_read(llmobsi_view* view, size_t second, llmobsi_match* match)
{
    uint8_t text[LLMOBS_I_IBAN_MOST];
    size_t start = second - 1, place = start, count, length;
    uint8_t first = llmobsi_back(view, second, 1);
    if (!llmobsi_is(first, LLMOBS_I_UPPER) || !llmobsi_begins(view, start)) {
        return false;
    }
    length = llmobsi_iban_length(first, llmobsi_at(view, second));
    if (length == 0) {
        return false;
    }
    for (count = 0; count < length; count++) {
        uint8_t byte = llmobsi_at(view, place);
        if (byte == ' ' && count % 4 == 0) {
            byte = llmobsi_at(view, ++place);
        }
        if (!llmobsi_is(byte, LLMOBS_I_UPPER | LLMOBS_I_DIGIT)) {
            return false;
        }
        text[count] = byte;
        place++;
    }
    return llmobsi_ends(view, place) && llmobsi_iban_is_valid(text, length) &&
           llmobsi_match_set(match, LLMOBS_PII_IBAN, start, place, "iban");
}

/* ---- one number ------------------------------------------------------------------------------ */

/* A card: in one group, or four, four, four, four; four, six, five; four, six, four. */
llmobsi_fn bool llmobsi_card_read(llmobsi_view* view, const llmobsi_number* number,
                                  llmobsi_match* match)
{
    if (number->group_count == 1) {
        if (number->count < 13) {
            return false;
        }
    } else if (number->separator == '.' || (number->form != 4444 && number->form != 465 &&
                                            number->form != 464)) {
        return false;
    }
    return llmobsi_card_is_valid(number->digits, number->count) &&
           !llmobsi_number_in_chain(view, number->start, number->end) &&
           llmobsi_match_set(match, LLMOBS_PII_CREDIT_CARD, number->start, number->end,
                             number->group_count == 1 ? "plain" : "grouped");
}

/* With separators: what its form alone makes of it. */
llmobsi_fn bool llmobsi_number_by_form(llmobsi_view* view, const llmobsi_number* number,
                                       llmobsi_match* match)
{
    size_t start = number->start, end = number->end;
    if (number->form == 324 && number->separator == '-') {
        if (llmobsi_wants(view, LLMOBS_PII_US_SSN) && llmobsi_ssn_is_valid(number->digits)) {
            return llmobsi_match_set(match, LLMOBS_PII_US_SSN, start, end, "hyphens");
        }
        return llmobsi_wants(view, LLMOBS_PII_US_ITIN) && llmobsi_itin_is_valid(number->digits) &&
               llmobsi_match_set(match, LLMOBS_PII_US_ITIN, start, end, "hyphens");
    }
    if (number->form == 334 && number->separator != ' ') {
        return llmobsi_wants(view, LLMOBS_PII_PHONE) && llmobsi_nanp_is_valid(number->digits) &&
               llmobsi_match_set(match, LLMOBS_PII_PHONE, start, end, "nanp");
    }
    return llmobsi_wants(view, LLMOBS_PII_CREDIT_CARD) && llmobsi_card_read(view, number, match);
}

/* Whether a word could help it. */
llmobsi_inline bool llmobsi_number_is_likely(const llmobsi_number* number)
{
    if (number->group_count > 1) {
        return number->form == 324 || number->form == 334 || number->form == 333 ||
               number->form == 444;
    }
    return number->count != 5 && number->count >= 3 && number->count <= 17;
}

/* All that begins with three digits or more. Groups may belong to what stands after a blank: they
   are taken off one by one. */
llmobsi_fn bool llmobsi_digits_read(llmobsi_view* view, size_t start, llmobsi_match* match)
{
    llmobsi_number number;
    uint32_t words = UINT32_MAX; /* not looked for yet */
    llmobsi_number_read(view, &number, start);
    if (number.sizes[0] >= LLMOBS_I_NUMBER_MOST) {
        return false;
    }
    for (;;) {
        if (llmobsi_number_ends(view, number.end)) {
            if (llmobsi_number_by_form(view, &number, match)) {
                return true;
            }
            if (!view->is_within && llmobsi_number_is_likely(&number)) {
                words = words == UINT32_MAX ? llmobsi_context(view, start) : words;
                if (words != 0 && llmobsi_number_by_word(&number, words, match)) {
                    return true;
                }
            }
        }
        if (number.group_count == 1 || number.separator != ' ') {
            return false;
        }
        llmobsi_number_shorten(&number);
    }
}

/* At a digit, or at a capital letter that two digits follow. A run of digits is looked at once: at
   its first, or, of two digits, at the second. */
llmobsi_fn bool llmobsi_number_trigger(llmobsi_view* view, size_t place, llmobsi_match* match)
{
    size_t before = llmobsi_run_back(view, place, LLMOBS_I_DIGIT, 2);
    size_t start = place - before, size;
    uint8_t after;
    if (before == 2 || (before == 1 && llmobsi_is(llmobsi_at(view, place + 1), LLMOBS_I_DIGIT))) {
        return false;
    }
    if (!llmobsi_number_begins(view, start)) {
        size_t letters = llmobsi_run_back(view, start, LLMOBS_I_UPPER, 3);
        return letters >= 1 && letters <= 2 &&
               llmobsi_lettered_read(view, start - letters, start, match);
    }
    size = llmobsi_run(view, start, LLMOBS_I_DIGIT, 5);
    after = llmobsi_at(view, start + size);
    if (size <= 3 && after == '.' && llmobsi_wants(view, LLMOBS_PII_IP_ADDRESS) &&
        llmobsi_ipv4_read(view, start, match)) {
        return true;
    }
    if ((size <= 2 || size == 4) && (after == '-' || after == '/' || after == '.') &&
        llmobsi_wants(view, LLMOBS_PII_BIRTH_DATE) &&
        llmobsi_birth_date_read(view, start, match)) {
        return true;
    }
    if (size == 1 && (after == '-' || after == '.') && llmobsi_at(view, start) == '1' &&
        llmobsi_wants(view, LLMOBS_PII_PHONE) && llmobsi_at(view, start + 5) == after) {
        return llmobsi_nanp_read(view, start, start + 2, start + 6, match);
    }
    return size >= 3 && llmobsi_digits_read(view, start, match);
}

#endif /* LLMOBS_NO_SCANNER */

/* =================================================================================================
 *  >>token                  privacy: e-mail, URLs, assignments, tokens, PEM
 * ============================================================================================== */

#ifndef LLMOBS_NO_SCANNER

/* Recognisers of addresses, of secrets in URLs and assignments, of JSON web tokens and PEM keys. */

/* ---- e-mail ---------------------------------------------------------------------------------- */

#define LLMOBS_I_EMAIL_LOCAL 64u
#define LLMOBS_I_EMAIL_MOST 254u
#define LLMOBS_I_URL_USER 64u
#define LLMOBS_I_URL_PASSWORD 128u

/* "icon@2x.png" and its like are files. */
llmobsi_fn bool llmobsi_is_file_ending(llmobsi_view* view, size_t place, size_t size)
{
    static const char endings[][5] = {"png", "jpg", "jpeg", "svg", "gif", "css", "js", "webp"};
    size_t i, k;
    for (i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        for (k = 0; k < size && k < 5; k++) {
            if (llmobsi_small(llmobsi_at(view, place + k)) != (uint8_t)endings[i][k]) {
                break;
            }
        }
        if (k == size && endings[i][k] == '\0') {
            return true;
        }
    }
    return false;
}

/* Where the last label ends that can be a top-level domain: letters, or "xn--..."; 0: none does. */
llmobsi_fn size_t llmobsi_domain_read(llmobsi_view* view, size_t place, size_t most)
{
    size_t start = place, end = 0, labels = 0;
    for (;;) {
        size_t size = llmobsi_run(view, place, LLMOBS_I_ALNUM | LLMOBS_I_HYPHEN, 64);
        size_t letters = llmobsi_run(view, place, LLMOBS_I_ALPHA, 64);
        if (size > 4 && llmobsi_has_text(view, place, "xn--")) {
            size_t all = size;
            while (all > 4 && llmobsi_at(view, place + all - 1) == '-') {
                all--;
            }
            letters = all > 4 && llmobsi_ends(view, place + all) ? all : letters;
        }
        /* A top-level domain may be followed by a hyphen that is not its own. */
        if (labels > 0 && letters >= 2 && letters <= 63 && place + letters - start <= most &&
            llmobsi_ends(view, place + letters)) {
            end = llmobsi_is_file_ending(view, place, letters) ? 0 : place + letters;
        }
        if (size == 0 || size > 63 || llmobsi_at(view, place) == '-' ||
            llmobsi_at(view, place + size - 1) == '-' || llmobsi_at(view, place + size) != '.' ||
            place + size - start > most) {
            return end;
        }
        labels++;
        place += size + 1;
    }
}

/* Whether the text before a place is a URL's "//user:": what follows is a password. */
llmobsi_fn bool llmobsi_is_in_authority(const llmobsi_view* view, size_t place)
{
    size_t size;
    if (llmobsi_back(view, place, 1) != ':') {
        return false;
    }
    size = llmobsi_run_back(view, place - 1, LLMOBS_I_USER, LLMOBS_I_URL_USER);
    return llmobsi_back(view, place - 1, size + 1) == '/' &&
           llmobsi_back(view, place - 1, size + 2) == '/';
}

/* Around the '@' at a place. What is no part of the address although it could be: quotation marks
   and the like, a path, "key=", escapes. */
llmobsi_fn bool llmobsi_email_read(llmobsi_view* view, size_t place, llmobsi_match* match)
{
    /* An escape, \u00e9 at most, may stand before the longest local part. */
    size_t size = llmobsi_run_back(view, place, LLMOBS_I_LOCAL, LLMOBS_I_EMAIL_LOCAL + 5);
    size_t start = place - size, i, end;
    bool follows; /* a finding */
    if (size == 0 || llmobsi_is_in_authority(view, start)) {
        return false;
    }
    if (llmobsi_is_escaped(view, start)) {
        start += llmobsi_at(view, start) != 'u' ? 1u : size < 5 ? size : 5u;
    }
    follows = start == view->floor && start > 0;
    for (i = place; i > start; i--) {
        uint8_t byte = llmobsi_at(view, i - 1);
        if (byte == '=' || byte == '/' || byte == '?') {
            start = i;
        }
    }
    while (start < place && !llmobsi_is(llmobsi_at(view, start), LLMOBS_I_TOKEN | LLMOBS_I_DOT) &&
           llmobsi_at(view, start) != '+') {
        start++;
    }
    if (follows && llmobsi_at(view, start) == '.') {
        start++; /* which ended a sentence with that finding */
    }
    if (start == place || place - start > LLMOBS_I_EMAIL_LOCAL ||
        (llmobsi_run_of(view, start, '*') >= 5 &&
         llmobsi_is(llmobsi_at(view, start), LLMOBS_I_UPPER | LLMOBS_I_DIGIT)) ||
        llmobsi_at(view, start) == '.' || llmobsi_at(view, place - 1) == '.') {
        return false;
    }
    for (i = start; i < place; i++) {
        uint8_t byte = llmobsi_at(view, i);
        if (byte == '.' && llmobsi_at(view, i + 1) == '.') {
            return false;
        }
    }
    end = llmobsi_domain_read(view, place + 1, LLMOBS_I_EMAIL_MOST - (place + 1 - start));
    return end != 0 && llmobsi_match_set(match, LLMOBS_PII_EMAIL, start, end, "email");
}

/* ---- URLs ------------------------------------------------------------------------------------ */

/* "://user:password@host", at the ':'. */
llmobsi_fn bool llmobsi_url_read(llmobsi_view* view, size_t colon, llmobsi_match* match)
{
    size_t user = colon + 3, size, password, end = 0, stars = 0, i;
    uint8_t before = llmobsi_back(view, colon, 1);
    if (!llmobsi_has_text(view, colon, "://") ||
        (colon != view->floor && !llmobsi_is(before, LLMOBS_I_ALNUM))) {
        return false;
    }
    size = llmobsi_run(view, user, LLMOBS_I_USER, LLMOBS_I_URL_USER);
    password = user + size + 1;
    if (llmobsi_at(view, user + size) != ':') {
        return false;
    }
    size = llmobsi_run(view, password, LLMOBS_I_USER | LLMOBS_I_VALUE, LLMOBS_I_URL_PASSWORD);
    for (i = 0; i < size; i++) {
        uint8_t byte = llmobsi_at(view, password + i);
        if (byte == '/' || byte == '?' || byte == '#') {
            break;
        }
        stars += end == 0 && byte == '*' ? 1u : 0u;
        /* The last '@' that a host follows ends it. */
        if (byte == '@' && i > 0 && llmobsi_is(llmobsi_at(view, password + i + 1),
                                               LLMOBS_I_ALNUM)) {
            stars = end == 0 && stars == i ? 5 : stars;
            end = i;
        }
    }
    if (end == 0 || stars >= 5 || (end == 8 && llmobsi_has_text(view, password, "password"))) {
        return false; /* none, or what a redactor left of one, or a placeholder */
    }
    return llmobsi_match_set(match, LLMOBS_PII_URL_PASSWORD, password, password + end, "url");
}

/* ---- assignments ----------------------------------------------------------------------------- */

#define LLMOBS_I_VALUE_LEAST 10u

/* Whether text in small letters stands before a place, in any. */
llmobsi_fn bool llmobsi_had_word(const llmobsi_view* view, size_t place, const char* word,
                                 size_t size)
{
    size_t i;
    for (i = 1; i <= size; i++) {
        uint8_t byte = llmobsi_small(llmobsi_back(view, place, i));
        if (byte != (uint8_t)word[size - i] && !(word[size - i] == '_' && byte == '-')) {
            return false;
        }
    }
    return true;
}

typedef struct llmobsi_value_word {
    const char* text;
    uint8_t size;
} llmobsi_value_word;

/* What a secret is called, by how the name ends. */
static const llmobsi_value_word llmobsi_value_words[] = {
    {"password", 8}, {"passwd", 6},  {"pwd", 3},         {"secret", 6},      {"token", 5},
    {"api_key", 7},  {"apikey", 6},  {"secret_key", 10}, {"access_key", 10}, {"private_key", 11},
    {"auth_key", 8}, {"passphrase", 10},
};

llmobsi_fn bool llmobsi_had_value_word(const llmobsi_view* view, size_t place)
{
    size_t i;
    for (i = 0; i < sizeof(llmobsi_value_words) / sizeof(llmobsi_value_words[0]); i++) {
        const llmobsi_value_word* word = &llmobsi_value_words[i];
        if (llmobsi_had_word(view, place, word->text, word->size)) {
            return true;
        }
    }
    return false;
}

/* What people write where a secret would stand. */
llmobsi_fn bool llmobsi_is_placeholder(const uint8_t* text, size_t size)
{
    static const char words[][8] = {"example", "sample", "xxxxxx", "aaaaaa",
                                    "abcde",   "00000",  "*****",  "your_"};
    size_t i, k, n;
    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        size_t length = strlen(words[i]);
        for (k = 0; k + length <= size; k++) {
            for (n = 0; n < length && llmobsi_small(text[k + n]) == (uint8_t)words[i][n]; n++) {
            }
            if (n == length) {
                return true;
            }
        }
    }
    return false;
}

/* Over what may stand between name and value: blanks, quotation marks, their escapes, one more of
   ":=>". */
llmobsi_inline size_t llmobsi_value_gap(llmobsi_view* view, size_t place)
{
    size_t i;
    for (i = 0; i < 6; i++) {
        uint8_t byte = llmobsi_at(view, place + i);
        if (byte != ' ' && byte != '\t' && byte != '"' && byte != '\'' && byte != '`' &&
            byte != '\\' && byte != ':' && byte != '=' && byte != '>') {
            break;
        }
    }
    return place + i;
}

/* The value behind the ':' or '=' at a place, if the name before it is one of a secret's. */
llmobsi_fn bool llmobsi_value_read(llmobsi_view* view, size_t place, llmobsi_match* match)
{
    size_t name = place, start, size, i, reached;
    bool digit = false, is_long;
    for (i = 0; i < 5; i++) {
        uint8_t byte = llmobsi_back(view, name, 1);
        if (byte != ' ' && byte != '"' && byte != '\'' && byte != '\\' && byte != ']' &&
            byte != ':' && byte != '`') {
            break;
        }
        name--;
    }
    start = llmobsi_value_gap(view, place + 1);
    if (llmobsi_is_escaped(view, start)) { /* a line's end, say: "token:\\n..." */
        start += llmobsi_at(view, start) != 'u' ? 1u : 5u;
    }
    if (llmobsi_had_word(view, name, "authorization", 13)) {
        size = llmobsi_run(view, start, LLMOBS_I_ALPHA, 7);
        if ((size == 6 || size == 5) && llmobsi_at(view, start + size) == ' ') {
            start += size + 1;
        }
    } else if (!llmobsi_had_value_word(view, name)) {
        return false;
    }
    size = llmobsi_run(view, start, LLMOBS_I_VALUE, LLMOBS_I_ENTROPY_MOST);
    for (i = 0; i < size && !llmobsi_has_text(view, start + i, "*****"); i++) {
    }
    is_long = i == LLMOBS_I_ENTROPY_MOST;
    size = i;
    if (size < LLMOBS_I_VALUE_LEAST) {
        return false;
    }
    for (i = 0; i < size && !digit; i++) {
        digit = llmobsi_is(llmobsi_at(view, start + i), LLMOBS_I_DIGIT);
    }
    /* Judged by its beginning, so that what follows can't change the verdict. */
    reached = !digit ? 0
                     : llmobsi_entropy_reached(view->bytes + start, size,
                                               i > LLMOBS_I_VALUE_LEAST ? i : LLMOBS_I_VALUE_LEAST,
                                               llmobsi_bits(3, 5));
    if (reached == 0 || llmobsi_is_placeholder(view->bytes + start, reached)) {
        return false;
    }
    (void)llmobsi_match_set(match, LLMOBS_PII_PASSWORD, start, start + size, "assignment");
    match->tail = is_long ? LLMOBS_I_TAIL_VALUE : LLMOBS_I_TAIL_NONE;
    return true;
}

/* ---- tokens and keys ------------------------------------------------------------------------- */

#define LLMOBS_I_JWT_HEADER 320u
#define LLMOBS_I_JWT_LEAST 19u

/* A header in base64url that begins with {", a dot, a payload that does, too; and on to the end. */
llmobsi_fn bool llmobsi_jwt_read(llmobsi_view* view, size_t start, llmobsi_match* match)
{
    size_t size, payload;
    if (!llmobsi_begins(view, start) || !llmobsi_has_text(view, start, "ey")) {
        return false;
    }
    size = llmobsi_run(view, start, LLMOBS_I_TOKEN, LLMOBS_I_JWT_HEADER);
    payload = start + size + 1;
    if (size < LLMOBS_I_JWT_LEAST || llmobsi_at(view, start + size) != '.' ||
        !llmobsi_has_text(view, payload, "ey")) {
        return false;
    }
    size = llmobsi_run(view, payload, LLMOBS_I_TOKEN, LLMOBS_I_JWT_LEAST);
    if (size < LLMOBS_I_JWT_LEAST) {
        return false;
    }
    (void)llmobsi_match_set(match, LLMOBS_PII_JWT, start, payload + size, "jwt");
    match->tail = LLMOBS_I_TAIL_DOTTED;
    return true;
}

/* "-----BEGIN ... PRIVATE KEY-----", with the last of the five hyphens at a place. */
llmobsi_fn bool llmobsi_pem_read(llmobsi_view* view, size_t place, llmobsi_match* match)
{
    size_t size, end = place + 7;
    if (!llmobsi_had(view, place + 1, "-----", 5) || !llmobsi_has_text(view, place + 1, "BEGIN ")) {
        return false;
    }
    for (size = 0; size < 64; size++) {
        uint8_t byte = llmobsi_at(view, end + size);
        if (!llmobsi_is(byte, LLMOBS_I_UPPER | LLMOBS_I_DIGIT) && byte != ' ') {
            break;
        }
    }
    end += size;
    if (!llmobsi_has_text(view, end, "-----") ||
        !((size >= 11 && llmobsi_has_text(view, end - 11, "PRIVATE KEY")) ||
          (size >= 17 && llmobsi_has_text(view, end - 17, "PRIVATE KEY BLOCK")))) {
        return false;
    }
    (void)llmobsi_match_set(match, LLMOBS_PII_PRIVATE_KEY, place - 4, end + 5, "pem");
    match->tail = LLMOBS_I_TAIL_PEM;
    return true;
}

#endif /* LLMOBS_NO_SCANNER */

/* =================================================================================================
 *  >>secret                 privacy: the shapes of keys
 * ============================================================================================== */

#ifndef LLMOBS_NO_SCANNER

/* The shapes of keys: a prefix, and so many bytes of some kinds. The lengths are the least: what is
   longer is the same secret with something behind it. Most follow the rules of gitleaks. */

/* Rules beyond that. */
enum {
    LLMOBS_I_SHAPE_PLAIN,
    LLMOBS_I_SHAPE_EXACT,    /* not one byte more                               */
    LLMOBS_I_SHAPE_AWS,      /* exact, and not one of the manual's examples     */
    LLMOBS_I_SHAPE_OPENAI,   /* T3BlbkFJ in its middle                          */
    LLMOBS_I_SHAPE_ANTHROPIC, /* AA at its end                                  */
    LLMOBS_I_SHAPE_SLACK,    /* two groups of digits first                      */
    LLMOBS_I_SHAPE_GRAFANA,  /* a second part of eight hexadecimal digits       */
    LLMOBS_I_SHAPE_POSTMAN   /* a second part of 34                             */
};

typedef struct llmobsi_shape {
    const char* name;
    char prefix[30];
    uint8_t prefix_size;
    uint8_t anchor; /* where in the prefix the three bytes are that trigger a look at it */
    uint8_t least;  /* bytes after the prefix */
    uint8_t rule;
    uint8_t tail;
    uint32_t kinds;
    uint32_t entropy; /* the least, of prefix and the least bytes; as llmobsi_bits */
} llmobsi_shape;

#define LLMOBS_I_SHAPE(name, prefix, anchor, least, kinds, rule, tail, tenths)                    \
    {name, prefix, sizeof(prefix) - 1, anchor, least, LLMOBS_I_SHAPE_##rule,                      \
     LLMOBS_I_TAIL_##tail, LLMOBS_I_##kinds, llmobsi_bits((tenths) / 10u, (tenths) % 10u)},

#define LLMOBS_I_SMALL (LLMOBS_I_LOWER | LLMOBS_I_DIGIT)
#define LLMOBS_I_CAPITAL (LLMOBS_I_UPPER | LLMOBS_I_DIGIT)
#define LLMOBS_I_BASE64 (LLMOBS_I_ALNUM | LLMOBS_I_PLUS)
#define LLMOBS_I_SENDGRID (LLMOBS_I_TOKEN | LLMOBS_I_DOT | LLMOBS_I_EQUALS)

static const llmobsi_shape llmobsi_shapes[] = {
    LLMOBS_I_SHAPE("aws", "AKIA", 0, 16, BASE32, AWS, NONE, 30)
    LLMOBS_I_SHAPE("aws", "ASIA", 0, 16, BASE32, AWS, NONE, 30)
    LLMOBS_I_SHAPE("aws", "ABIA", 0, 16, BASE32, AWS, NONE, 30)
    LLMOBS_I_SHAPE("aws", "ACCA", 0, 16, BASE32, AWS, NONE, 30)
    LLMOBS_I_SHAPE("aws", "A3T", 0, 17, CAPITAL, AWS, NONE, 30)
    LLMOBS_I_SHAPE("google", "AIza", 0, 35, TOKEN, PLAIN, TOKEN, 40)
    LLMOBS_I_SHAPE("postman", "PMAK-", 2, 24, HEX, POSTMAN, TOKEN, 30)
    LLMOBS_I_SHAPE("aws_bedrock", "ABSK", 1, 109, BASE64, PLAIN, BASE64, 30)
    LLMOBS_I_SHAPE("sendgrid", "SG.", 0, 66, SENDGRID, PLAIN, DOTTED, 20)
    LLMOBS_I_SHAPE("twilio", "SK", 0, 32, HEX, EXACT, NONE, 30)
    LLMOBS_I_SHAPE("age", "AGE-SECRET-KEY-1", 13, 58, CAPITAL, PLAIN, TOKEN, 30)
    LLMOBS_I_SHAPE("github", "github_pat_", 8, 82, WORD, PLAIN, TOKEN, 30)
    LLMOBS_I_SHAPE("gitlab", "glpat-", 3, 20, TOKEN, PLAIN, TOKEN, 30)
    LLMOBS_I_SHAPE("shopify", "shpat_", 3, 32, HEX, PLAIN, TOKEN, 20)
    LLMOBS_I_SHAPE("databricks", "dapi", 0, 32, LOWER_HEX, EXACT, NONE, 30)
    LLMOBS_I_SHAPE("huggingface", "hf_", 0, 34, ALPHA, PLAIN, TOKEN, 20)
    LLMOBS_I_SHAPE("github", "ghp_", 1, 36, ALNUM, PLAIN, TOKEN, 30)
    LLMOBS_I_SHAPE("github", "gho_", 1, 36, ALNUM, PLAIN, TOKEN, 30)
    LLMOBS_I_SHAPE("github", "ghu_", 1, 36, ALNUM, PLAIN, TOKEN, 30)
    LLMOBS_I_SHAPE("github", "ghs_", 1, 36, ALNUM, PLAIN, TOKEN, 30)
    LLMOBS_I_SHAPE("github", "ghr_", 1, 36, ALNUM, PLAIN, TOKEN, 30)
    LLMOBS_I_SHAPE("perplexity", "pplx-", 2, 48, ALNUM, PLAIN, TOKEN, 40)
    LLMOBS_I_SHAPE("rubygems", "rubygems_", 6, 48, LOWER_HEX, PLAIN, TOKEN, 20)
    LLMOBS_I_SHAPE("npm", "npm_", 1, 36, ALNUM, PLAIN, TOKEN, 20)
    LLMOBS_I_SHAPE("pypi", "pypi-AgEIcHlwaS5vcmc", 2, 50, TOKEN, PLAIN, TOKEN, 30)
    LLMOBS_I_SHAPE("linear", "lin_api_", 5, 40, SMALL, PLAIN, TOKEN, 20)
    LLMOBS_I_SHAPE("doppler", "dp.pt.", 1, 43, SMALL, PLAIN, TOKEN, 20)
    LLMOBS_I_SHAPE("stripe", "rk_live_", 0, 10, ALNUM, PLAIN, TOKEN, 20)
    LLMOBS_I_SHAPE("stripe", "rk_test_", 0, 10, ALNUM, PLAIN, TOKEN, 20)
    LLMOBS_I_SHAPE("stripe", "rk_prod_", 0, 10, ALNUM, PLAIN, TOKEN, 20)
    LLMOBS_I_SHAPE("openai", "sk-proj-", 0, 124, TOKEN, OPENAI, TOKEN, 30)
    LLMOBS_I_SHAPE("openai", "sk-svcacct-", 0, 124, TOKEN, OPENAI, TOKEN, 30)
    LLMOBS_I_SHAPE("openai", "sk-admin-", 0, 124, TOKEN, OPENAI, TOKEN, 30)
    LLMOBS_I_SHAPE("anthropic", "sk-ant-api03-", 0, 95, TOKEN, ANTHROPIC, TOKEN, 30)
    LLMOBS_I_SHAPE("anthropic", "sk-ant-admin01-", 0, 95, TOKEN, ANTHROPIC, TOKEN, 30)
    LLMOBS_I_SHAPE("openai", "sk-", 0, 48, ALNUM, OPENAI, TOKEN, 30)
    LLMOBS_I_SHAPE("slack_webhook", "hooks.slack.com/services/", 4, 43, BASE64, PLAIN, BASE64, 0)
    LLMOBS_I_SHAPE("slack_webhook", "hooks.slack.com/workflows/", 4, 43, BASE64, PLAIN, BASE64, 0)
    LLMOBS_I_SHAPE("slack_webhook", "hooks.slack.com/triggers/", 4, 43, BASE64, PLAIN, BASE64, 0)
    LLMOBS_I_SHAPE("stripe", "sk_live_", 0, 10, ALNUM, PLAIN, TOKEN, 20)
    LLMOBS_I_SHAPE("stripe", "sk_test_", 0, 10, ALNUM, PLAIN, TOKEN, 20)
    LLMOBS_I_SHAPE("stripe", "sk_prod_", 0, 10, ALNUM, PLAIN, TOKEN, 20)
    LLMOBS_I_SHAPE("grafana", "glsa_", 2, 32, ALNUM, GRAFANA, TOKEN, 30)
    LLMOBS_I_SHAPE("notion", "ntn_", 1, 46, ALNUM, PLAIN, TOKEN, 30)
    LLMOBS_I_SHAPE("digitalocean", "dop_v1_", 4, 64, LOWER_HEX, PLAIN, TOKEN, 30)
    LLMOBS_I_SHAPE("vault", "hvs.", 1, 90, TOKEN, PLAIN, TOKEN, 35)
    LLMOBS_I_SHAPE("slack", "xoxb-", 0, 21, TOKEN, SLACK, TOKEN, 30)
    LLMOBS_I_SHAPE("slack", "xoxp-", 0, 21, TOKEN, SLACK, TOKEN, 20)
    LLMOBS_I_SHAPE("slack", "xoxe-", 0, 21, TOKEN, SLACK, TOKEN, 20)
    LLMOBS_I_SHAPE("sentry", "sntryu_", 4, 64, LOWER_HEX, PLAIN, TOKEN, 30)
};

#define LLMOBS_I_SHAPE_COUNT (sizeof(llmobsi_shapes) / sizeof(llmobsi_shapes[0]))
LLMOBS_I_STATIC_ASSERT(shape_count, LLMOBS_I_SHAPE_COUNT == 50);

/* They are sorted by the first byte of their anchors: where those begin, from '@' on. */
static const uint8_t llmobsi_shape_starts[64] = {
    50,  0,  7, 50, 50, 50, 50, 50, 50, 50, 50, 50, 50, 50, 50, 50,
    50, 50, 50,  8, 50, 50, 50, 50, 50, 10, 50, 50, 50, 50, 50, 50,
    50, 11, 50, 50, 14, 50, 50, 50, 15, 50, 50, 50, 21, 22, 50, 50,
    23, 50, 27, 30, 43, 50, 44, 50, 46, 49, 50, 50, 50, 50, 50, 50};

/* Two groups of 10 to 13 digits. */
llmobsi_fn bool llmobsi_shape_is_slack(llmobsi_view* view, size_t place)
{
    size_t first = llmobsi_run(view, place, LLMOBS_I_DIGIT, 14), second;
    if (first < 10 || first > 13 || llmobsi_at(view, place + first) != '-') {
        return false;
    }
    second = llmobsi_run(view, place + first + 1, LLMOBS_I_DIGIT, 14);
    return second >= 10 && second <= 13;
}

/* Where what the rule wants ends, after prefix and least bytes; 0: it is not so. `place` is behind
   the prefix. */
llmobsi_fn size_t llmobsi_shape_rule(llmobsi_view* view, const llmobsi_shape* shape, size_t place)
{
    size_t end = place + shape->least;
    switch (shape->rule) {
    case LLMOBS_I_SHAPE_AWS:
        return llmobsi_ends(view, end) && !llmobsi_had(view, end, "EXAMPLE", 7) ? end : 0;
    case LLMOBS_I_SHAPE_EXACT:
        return llmobsi_ends(view, end) ? end : 0;
    case LLMOBS_I_SHAPE_OPENAI:
        return llmobsi_has_text(view, place + 20, "T3BlbkFJ") ||
                       llmobsi_has_text(view, place + 58, "T3BlbkFJ") ||
                       llmobsi_has_text(view, place + 74, "T3BlbkFJ")
                   ? end
                   : 0;
    case LLMOBS_I_SHAPE_ANTHROPIC:
        return llmobsi_has_text(view, end - 2, "AA") ? end : 0;
    case LLMOBS_I_SHAPE_SLACK:
        return llmobsi_shape_is_slack(view, place) ? end : 0;
    case LLMOBS_I_SHAPE_GRAFANA:
        return llmobsi_at(view, end) == '_' && llmobsi_run(view, end + 1, LLMOBS_I_HEX, 8) == 8
                   ? end + 9
                   : 0;
    case LLMOBS_I_SHAPE_POSTMAN:
        return llmobsi_at(view, end) == '-' && llmobsi_run(view, end + 1, LLMOBS_I_HEX, 34) == 34
                   ? end + 35
                   : 0;
    default:
        return end;
    }
}

llmobsi_fn bool llmobsi_shape_read(llmobsi_view* view, const llmobsi_shape* shape, size_t start,
                                   llmobsi_match* match)
{
    size_t place = start + shape->prefix_size, end, whole = shape->prefix_size + shape->least;
    if (!llmobsi_begins(view, start) ||
        !llmobsi_has(view, start, shape->prefix, shape->prefix_size) ||
        llmobsi_run(view, place, shape->kinds, shape->least) < shape->least) {
        return false;
    }
    end = llmobsi_shape_rule(view, shape, place);
    if (end == 0 || (shape->entropy != 0 &&
                     llmobsi_entropy(view->bytes + start, whole) < shape->entropy)) {
        return false;
    }
    (void)llmobsi_match_set(match, LLMOBS_PII_API_KEY, start, end, shape->name);
    match->tail = shape->tail;
    return true;
}

/* Any of the shapes whose anchor is at a place. */
llmobsi_fn bool llmobsi_secret_read(llmobsi_view* view, size_t place, llmobsi_match* match)
{
    uint8_t first = llmobsi_at(view, place), second = llmobsi_at(view, place + 1);
    uint8_t third = llmobsi_at(view, place + 2);
    size_t i;
    if (first < 64 || first > 127) {
        return false;
    }
    for (i = llmobsi_shape_starts[first - 64]; i < LLMOBS_I_SHAPE_COUNT; i++) {
        const llmobsi_shape* shape = &llmobsi_shapes[i];
        const char* anchor = shape->prefix + shape->anchor;
        if ((uint8_t)anchor[0] != first) {
            return false;
        }
        if ((uint8_t)anchor[1] != second ||
            (anchor[2] != '\0' && (uint8_t)anchor[2] != third) ||
            (shape->anchor > 0 && !llmobsi_had(view, place, shape->prefix, shape->anchor))) {
            continue;
        }
        if (llmobsi_shape_read(view, shape, place - shape->anchor, match)) {
            return true;
        }
    }
    return false;
}

/* Azure: three bytes, a digit, "Q~", at least 31 more. `place` is at the digit. */
llmobsi_fn bool llmobsi_azure_read(llmobsi_view* view, size_t place, llmobsi_match* match)
{
    const uint32_t kinds = LLMOBS_I_WORD | LLMOBS_I_TILDE | LLMOBS_I_DOT;
    size_t start = place - 3;
    if (llmobsi_run_back(view, place, kinds, 3) != 3 || !llmobsi_begins(view, start) ||
        !llmobsi_has_text(view, place + 1, "Q~") ||
        llmobsi_run(view, place + 3, kinds | LLMOBS_I_HYPHEN, 31) < 31 ||
        llmobsi_entropy(view->bytes + start, 37) < llmobsi_bits(3, 0)) {
        return false;
    }
    (void)llmobsi_match_set(match, LLMOBS_PII_API_KEY, start, place + 34, "azure");
    match->tail = LLMOBS_I_TAIL_DOTTED;
    return true;
}

/* Telegram: 5 to 16 digits, a colon, "A" and 34 more; and the word. `place` is the colon. */
llmobsi_fn bool llmobsi_telegram_read(llmobsi_view* view, size_t place, llmobsi_match* match)
{
    size_t digits = llmobsi_run_back(view, place, LLMOBS_I_DIGIT, 17), start = place - digits;
    if (digits < 5 || digits > 16 || llmobsi_at(view, place + 1) != 'A' ||
        !llmobsi_begins(view, start) ||
        llmobsi_run(view, place + 2, LLMOBS_I_TOKEN, 34) < 34 ||
        (llmobsi_context(view, start) & LLMOBS_PII_BIT(LLMOBS_PII_API_KEY)) == 0) {
        return false;
    }
    (void)llmobsi_match_set(match, LLMOBS_PII_API_KEY, start, place + 36, "telegram");
    match->tail = LLMOBS_I_TAIL_TOKEN;
    return true;
}

#endif /* LLMOBS_NO_SCANNER */

/* =================================================================================================
 *  >>coin                   privacy: addresses of Bitcoin and Ethereum
 * ============================================================================================== */

#ifndef LLMOBS_NO_SCANNER

/* Addresses of Bitcoin and Ethereum, by their checksums. */

/* "0x" and 40 hexadecimal digits. (The check by the case of the letters needs Keccak: not done.) */
llmobsi_fn bool llmobsi_ethereum_read(llmobsi_view* view, size_t start, llmobsi_match* match)
{
    return llmobsi_begins(view, start) && llmobsi_has_text(view, start, "0x") &&
           llmobsi_run(view, start + 2, LLMOBS_I_HEX, 41) == 40 &&
           llmobsi_ends(view, start + 42) &&
           llmobsi_match_set(match, LLMOBS_PII_CRYPTO_ADDRESS, start, start + 42, "ethereum");
}

/* The polynomial of BIP 173, for one symbol more. */
llmobsi_fn uint32_t llmobsi_bech32_step(uint32_t check, uint32_t symbol)
{
    static const uint32_t powers[5] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
    uint32_t top = check >> 25, i;
    check = (check & 0x1ffffff) << 5 ^ symbol;
    for (i = 0; i < 5; i++) {
        check ^= (top >> i & 1) != 0 ? powers[i] : 0;
    }
    return check;
}

/* The symbols after "bc1": the version decides between bech32 (0) and bech32m (1 to 16). */
llmobsi_fn bool llmobsi_bech32_is_valid(const uint8_t* symbols, size_t count)
{
    static const char alphabet[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    uint32_t check = 1, version = 0;
    size_t i;
    check = llmobsi_bech32_step(check, 'b' >> 5);
    check = llmobsi_bech32_step(check, 'c' >> 5);
    check = llmobsi_bech32_step(check, 0);
    check = llmobsi_bech32_step(check, 'b' & 31);
    check = llmobsi_bech32_step(check, 'c' & 31);
    for (i = 0; i < count; i++) {
        const char* found = symbols[i] != 0 ? strchr(alphabet, symbols[i]) : NULL;
        if (found == NULL) {
            return false;
        }
        version = i == 0 ? (uint32_t)(found - alphabet) : version;
        check = llmobsi_bech32_step(check, (uint32_t)(found - alphabet));
    }
    return check == (version == 0 ? 1u : 0x2bc830a3u);
}

llmobsi_fn bool llmobsi_segwit_read(llmobsi_view* view, size_t start, llmobsi_match* match)
{
    size_t size = llmobsi_run(view, start + 3, LLMOBS_I_LOWER | LLMOBS_I_DIGIT, 88);
    return llmobsi_begins(view, start) && llmobsi_has_text(view, start, "bc1") &&
           (size == 39 || size == 59) && llmobsi_ends(view, start + 3 + size) &&
           llmobsi_bech32_is_valid(view->bytes + start + 3, size) &&
           llmobsi_match_set(match, LLMOBS_PII_CRYPTO_ADDRESS, start, start + 3 + size, "segwit");
}

#ifndef LLMOBS_NO_SHA256
/* 26 to 35 symbols to 25 bytes, of which the last four are the hash of the hash of the others. */
llmobsi_fn bool llmobsi_base58check_is_valid(const uint8_t* text, size_t size)
{
    static const char alphabet[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    uint8_t bytes[25], digest[LLMOBS_SHA256_SIZE];
    size_t i, k;
    memset(bytes, 0, sizeof(bytes));
    for (i = 0; i < size; i++) {
        const char* found = text[i] != 0 ? strchr(alphabet, text[i]) : NULL;
        uint32_t carry;
        if (found == NULL) {
            return false;
        }
        carry = (uint32_t)(found - alphabet);
        for (k = sizeof(bytes); k > 0; k--) {
            carry += (uint32_t)bytes[k - 1] * 58;
            bytes[k - 1] = (uint8_t)carry;
            carry >>= 8;
        }
        if (carry != 0) {
            return false;
        }
    }
    llmobs_sha256_of(bytes, 21, digest);
    llmobs_sha256_of(digest, sizeof(digest), digest);
    return (bytes[0] == 0 || bytes[0] == 5) && memcmp(digest, bytes + 21, 4) == 0;
}

llmobsi_fn bool llmobsi_base58_read(llmobsi_view* view, size_t start, llmobsi_match* match)
{
    size_t size = llmobsi_run(view, start, LLMOBS_I_BASE58, 36);
    return size >= 26 && size <= 35 && llmobsi_begins(view, start) &&
           llmobsi_ends(view, start + size) &&
           llmobsi_base58check_is_valid(view->bytes + start, size) &&
           llmobsi_match_set(match, LLMOBS_PII_CRYPTO_ADDRESS, start, start + size, "base58");
}
#endif

/* What begins at a place. */
llmobsi_fn bool llmobsi_coin_read(llmobsi_view* view, size_t place, llmobsi_match* match)
{
    uint8_t first = llmobsi_at(view, place);
    if (first == '0') {
        return llmobsi_ethereum_read(view, place, match);
    }
    if (first == 'b') {
        return llmobsi_segwit_read(view, place, match);
    }
#ifndef LLMOBS_NO_SHA256
    if (first == '1' || first == '3') {
        return llmobsi_base58_read(view, place, match);
    }
#endif
    return false;
}

#endif /* LLMOBS_NO_SCANNER */

/* =================================================================================================
 *  >>trigger                privacy: where a look is worth it, by vectors
 * ============================================================================================== */

#ifndef LLMOBS_NO_SCANNER

#if defined(LLMOBS_NO_SIMD)
#elif defined(__x86_64__) && defined(__SSE2__) && (defined(__clang__) || __GNUC__ >= 5)
#include <immintrin.h>
#define LLMOBS_I_TRIGGER_X86 1
#elif defined(__aarch64__) && !defined(__AARCH64EB__)
#include <arm_neon.h>
#define LLMOBS_I_TRIGGER_ARM 1
#endif

/* Where a recogniser is worth a try: at three bytes that could be a digit and two more; a capital
   and two digits; "sk-", "hp_", ... Each of the three has a table by its lower four bits and one by
   its upper four. The bits of an entry are eight groups of such patterns; what is left when all six
   entries are combined by AND are the groups that may be there. Of prose six places a KiB are left.

   The patterns are grouped so that few others slip through, as was found by trying. Their list is
   in tests/test_trigger.c, which holds the tables against it. */
static const uint8_t llmobsi_trigger_tables[6][16] = {
    /* low and high four bits of the first byte, then of the second, of the third */
    {0xb3, 0x75, 0x35, 0xbd, 0xb1, 0x33, 0x35, 0x31,
     0x7b, 0x71, 0x61, 0x29, 0x61, 0x61, 0x21, 0x21},
    {0x00, 0x00, 0x49, 0x71, 0x35, 0x39, 0xc3, 0xd7,
     0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00},
    {0x2b, 0xb8, 0x6c, 0x7c, 0x68, 0x68, 0x2a, 0x28,
     0x68, 0x2a, 0x01, 0x1c, 0x00, 0x11, 0x90, 0x52},
    {0x00, 0x00, 0xd0, 0x39, 0x6d, 0x24, 0x96, 0x46,
     0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00},
    {0xb9, 0x39, 0x39, 0xbd, 0x39, 0x79, 0x39, 0x39,
     0x3b, 0x3f, 0x2b, 0x0d, 0x09, 0x4f, 0x2d, 0xdb},
    {0x09, 0x09, 0x4f, 0x39, 0x4f, 0xdb, 0x09, 0xab,
     0x09, 0x09, 0x09, 0x09, 0x09, 0x09, 0x09, 0x09},
};

/* For classes that few ask for: the group that those patterns join. */
#define LLMOBS_I_TRIGGER_EXTRA 0x80u

/* Adds a pattern: kinds of bytes, or one byte where there is one. */
llmobsi_fn void llmobsi_trigger_add(uint8_t tables[6][16], uint32_t position, uint8_t byte)
{
    tables[2 * position][byte & 15] |= LLMOBS_I_TRIGGER_EXTRA;
    tables[2 * position + 1][byte >> 4] |= LLMOBS_I_TRIGGER_EXTRA;
}

llmobsi_fn void llmobsi_trigger_add_kinds(uint8_t tables[6][16], uint32_t position, uint32_t kinds)
{
    uint32_t byte;
    for (byte = 0; byte < 128; byte++) {
        if (llmobsi_is((uint8_t)byte, kinds)) {
            llmobsi_trigger_add(tables, position, (uint8_t)byte);
        }
    }
}

/* ---- plain C --------------------------------------------------------------------------------- */

/* Whether the first of the bytes, and the second if it is known, can begin a pattern. */
llmobsi_inline bool llmobsi_trigger_may_begin(const uint8_t tables[6][16], uint8_t first,
                                              uint8_t second, bool has_second)
{
    uint32_t groups = (uint32_t)tables[0][first & 15] & tables[1][first >> 4];
    if (has_second) {
        groups &= (uint32_t)tables[2][second & 15] & tables[3][second >> 4];
    }
    return groups != 0;
}

/* The places of the next 64 that may begin a pattern. 66 bytes can be read. */
llmobsi_fn uint64_t llmobsi_trigger_block(const uint8_t tables[6][16], const uint8_t* text)
{
    uint64_t places = 0;
    uint32_t i;
    for (i = 0; i < 64; i++) {
        uint32_t groups = (uint32_t)tables[0][text[i] & 15] & tables[1][text[i] >> 4];
        if (groups != 0) {
            groups &= (uint32_t)tables[2][text[i + 1] & 15] & tables[3][text[i + 1] >> 4] &
                      tables[4][text[i + 2] & 15] & tables[5][text[i + 2] >> 4];
            places |= (uint64_t)(groups != 0) << i;
        }
    }
    return places;
}

/* From a place on, the first block of 64 with a place in it: its beginning, and the places. Where
   less than 66 bytes are left, that place, and none. */
typedef size_t (*llmobsi_trigger_fn)(const uint8_t tables[6][16], const uint8_t* text, size_t place,
                                     size_t size, uint64_t* places);

llmobsi_fn size_t llmobsi_trigger_portable(const uint8_t tables[6][16], const uint8_t* text,
                                           size_t place, size_t size, uint64_t* places)
{
    for (; size - place >= 66; place += 64) {
        *places = llmobsi_trigger_block(tables, text + place);
        if (*places != 0) {
            return place;
        }
    }
    *places = 0;
    return place;
}

/* ---- vectors --------------------------------------------------------------------------------- */

#if defined(LLMOBS_I_TRIGGER_X86)
#define LLMOBS_I_TRIGGER_AVX2 __attribute__((target("avx2")))
#define LLMOBS_I_TRIGGER_AVX512 __attribute__((target("avx512bw,avx512f")))
#define llmobsi_avx2_part static inline __attribute__((always_inline, unused)) LLMOBS_I_TRIGGER_AVX2
#define llmobsi_avx512_part                                                                        \
    static inline __attribute__((always_inline, unused)) LLMOBS_I_TRIGGER_AVX512

typedef struct llmobsi_avx2_tables {
    __m256i table[6];
} llmobsi_avx2_tables;

/* The groups of 32 bytes by one pair of tables. The shuffle gives 0 for bytes above ASCII, which
   only a wide table knows. */
llmobsi_avx2_part __m256i llmobsi_avx2_groups(__m256i low, __m256i high, const uint8_t* text,
                                              bool is_wide)
{
    const __m256i four = _mm256_set1_epi8(15);
    __m256i bytes = _mm256_loadu_si256((const __m256i*)(const void*)text);
    __m256i upper = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), four);
    __m256i lower = is_wide ? _mm256_and_si256(bytes, four) : bytes;
    return _mm256_and_si256(_mm256_shuffle_epi8(low, lower), _mm256_shuffle_epi8(high, upper));
}

llmobsi_avx2_part uint32_t llmobsi_avx2_places(const llmobsi_avx2_tables* t, const uint8_t* text,
                                               bool is_wide)
{
    __m256i a = llmobsi_avx2_groups(t->table[0], t->table[1], text, is_wide);
    __m256i b = llmobsi_avx2_groups(t->table[2], t->table[3], text + 1, is_wide);
    __m256i c = llmobsi_avx2_groups(t->table[4], t->table[5], text + 2, true);
    __m256i none = _mm256_cmpeq_epi8(_mm256_and_si256(_mm256_and_si256(a, b), c),
                                     _mm256_setzero_si256());
    return ~(uint32_t)_mm256_movemask_epi8(none);
}

llmobsi_avx2_part size_t llmobsi_avx2_next(const uint8_t tables[6][16], const uint8_t* text,
                                           size_t place, size_t size, uint64_t* places,
                                           bool is_wide)
{
    llmobsi_avx2_tables t;
    uint32_t i;
    for (i = 0; i < 6; i++) {
        t.table[i] = _mm256_broadcastsi128_si256(
            _mm_loadu_si128((const __m128i*)(const void*)tables[i]));
    }
    for (; size - place >= 66; place += 64) {
        uint32_t low = llmobsi_avx2_places(&t, text + place, is_wide);
        uint32_t high = llmobsi_avx2_places(&t, text + place + 32, is_wide);
        if ((low | high) != 0) {
            *places = (uint64_t)high << 32 | low;
            return place;
        }
    }
    *places = 0;
    return place;
}

LLMOBS_I_TRIGGER_AVX2
llmobsi_fn size_t llmobsi_trigger_avx2(const uint8_t tables[6][16], const uint8_t* text,
                                       size_t place, size_t size, uint64_t* places)
{
    return llmobsi_avx2_next(tables, text, place, size, places, false);
}

LLMOBS_I_TRIGGER_AVX2
llmobsi_fn size_t llmobsi_trigger_avx2_wide(const uint8_t tables[6][16], const uint8_t* text,
                                            size_t place, size_t size, uint64_t* places)
{
    return llmobsi_avx2_next(tables, text, place, size, places, true);
}

typedef struct llmobsi_avx512_tables {
    __m512i table[6];
} llmobsi_avx512_tables;

llmobsi_avx512_part __m512i llmobsi_avx512_groups(__m512i low, __m512i high, const uint8_t* text,
                                                  bool is_wide)
{
    const __m512i four = _mm512_set1_epi8(15);
    __m512i bytes = _mm512_loadu_si512((const void*)text);
    __m512i upper = _mm512_and_si512(_mm512_srli_epi16(bytes, 4), four);
    __m512i lower = is_wide ? _mm512_and_si512(bytes, four) : bytes;
    return _mm512_and_si512(_mm512_shuffle_epi8(low, lower), _mm512_shuffle_epi8(high, upper));
}

llmobsi_avx512_part size_t llmobsi_avx512_next(const uint8_t tables[6][16], const uint8_t* text,
                                               size_t place, size_t size, uint64_t* places,
                                               bool is_wide)
{
    llmobsi_avx512_tables t;
    uint32_t i;
    for (i = 0; i < 6; i++) {
        /* With a mask of all: gcc warns of its own header otherwise. */
        t.table[i] = _mm512_maskz_broadcast_i32x4(
            0xffff, _mm_loadu_si128((const __m128i*)(const void*)tables[i]));
    }
    for (; size - place >= 66; place += 64) {
        const uint8_t* here = text + place;
        __m512i a = llmobsi_avx512_groups(t.table[0], t.table[1], here, is_wide);
        __m512i b = llmobsi_avx512_groups(t.table[2], t.table[3], here + 1, is_wide);
        __m512i c = llmobsi_avx512_groups(t.table[4], t.table[5], here + 2, true);
        uint64_t found = _mm512_test_epi8_mask(_mm512_and_si512(a, b), c);
        if (found != 0) {
            *places = found;
            return place;
        }
    }
    *places = 0;
    return place;
}

LLMOBS_I_TRIGGER_AVX512
llmobsi_fn size_t llmobsi_trigger_avx512(const uint8_t tables[6][16], const uint8_t* text,
                                         size_t place, size_t size, uint64_t* places)
{
    return llmobsi_avx512_next(tables, text, place, size, places, false);
}

LLMOBS_I_TRIGGER_AVX512
llmobsi_fn size_t llmobsi_trigger_avx512_wide(const uint8_t tables[6][16], const uint8_t* text,
                                              size_t place, size_t size, uint64_t* places)
{
    return llmobsi_avx512_next(tables, text, place, size, places, true);
}
#endif

#if defined(LLMOBS_I_TRIGGER_ARM)
/* The table lookup of NEON takes the whole byte for its index: both halves are masked. */
llmobsi_inline uint8x16_t llmobsi_neon_groups(uint8x16_t low, uint8x16_t high, const uint8_t* text)
{
    uint8x16_t bytes = vld1q_u8(text);
    return vandq_u8(vqtbl1q_u8(low, vandq_u8(bytes, vdupq_n_u8(15))),
                    vqtbl1q_u8(high, vshrq_n_u8(bytes, 4)));
}

llmobsi_fn size_t llmobsi_trigger_neon(const uint8_t tables[6][16], const uint8_t* text,
                                       size_t place, size_t size, uint64_t* places)
{
    uint8x16_t t[6];
    uint32_t i;
    for (i = 0; i < 6; i++) {
        t[i] = vld1q_u8(tables[i]);
    }
    for (; size - place >= 66; place += 64) {
        uint8x16_t found[4], any = vdupq_n_u8(0);
        for (i = 0; i < 4; i++) {
            const uint8_t* here = text + place + 16 * i;
            found[i] = vandq_u8(vandq_u8(llmobsi_neon_groups(t[0], t[1], here),
                                         llmobsi_neon_groups(t[2], t[3], here + 1)),
                                llmobsi_neon_groups(t[4], t[5], here + 2));
            any = vorrq_u8(any, found[i]);
        }
        if (vmaxvq_u8(any) != 0) {
            *places = llmobsi_trigger_block(tables, text + place);
            return place;
        }
    }
    *places = 0;
    return place;
}
#endif

/* ---- the choice ------------------------------------------------------------------------------ */

typedef struct llmobsi_trigger_path {
    const char* name;
    llmobsi_trigger_fn narrow;
    llmobsi_trigger_fn wide; /* for tables with bytes above ASCII in their first two */
} llmobsi_trigger_path;

static const llmobsi_trigger_path llmobsi_trigger_paths[] = {
    {"portable", llmobsi_trigger_portable, llmobsi_trigger_portable},
#if defined(LLMOBS_I_TRIGGER_X86)
    {"AVX2", llmobsi_trigger_avx2, llmobsi_trigger_avx2_wide},
    {"AVX-512", llmobsi_trigger_avx512, llmobsi_trigger_avx512_wide},
#elif defined(LLMOBS_I_TRIGGER_ARM)
    {"NEON", llmobsi_trigger_neon, llmobsi_trigger_neon},
#endif
};

#define LLMOBS_I_TRIGGER_PATHS \
    (sizeof(llmobsi_trigger_paths) / sizeof(llmobsi_trigger_paths[0]))

/* The path in use, plus one; 0 until the first asks. All who choose come to the same. */
static llmobsi_atomic32 llmobsi_trigger_chosen;

llmobsi_fn bool llmobsi_trigger_runs_here(uint32_t path)
{
#if defined(LLMOBS_I_TRIGGER_X86)
    __builtin_cpu_init();
    return path == 0 || (path == 1 ? __builtin_cpu_supports("avx2") != 0
                                   : __builtin_cpu_supports("avx512bw") != 0);
#else
    (void)path;
    return true;
#endif
}

llmobsi_cold uint32_t llmobsi_trigger_choose(void)
{
    uint32_t path = (uint32_t)LLMOBS_I_TRIGGER_PATHS - 1;
    while (!llmobsi_trigger_runs_here(path)) {
        path--;
    }
    llmobsi_store_relaxed(&llmobsi_trigger_chosen, path + 1);
    return path + 1;
}

llmobsi_inline llmobsi_trigger_fn llmobsi_trigger_path_of(bool is_wide)
{
    /* Relaxed: it is a number, and stands for constants. */
    uint32_t chosen = llmobsi_load_relaxed(&llmobsi_trigger_chosen);
    const llmobsi_trigger_path* path;
    if (llmobsi_unlikely(chosen == 0)) {
        chosen = llmobsi_trigger_choose();
    }
    path = &llmobsi_trigger_paths[chosen - 1];
    return is_wide ? path->wide : path->narrow;
}

/* The same for what is left of less than 66 bytes, as if zeros followed. */
llmobsi_fn uint64_t llmobsi_trigger_rest(llmobsi_trigger_fn next, const uint8_t tables[6][16],
                                         const uint8_t* text, size_t place, size_t size)
{
    uint8_t copy[66];
    size_t left = size - place < sizeof(copy) ? size - place : sizeof(copy);
    uint64_t places;
    memset(copy, 0, sizeof(copy));
    memcpy(copy, text + place, left);
    (void)next(tables, copy, 0, sizeof(copy), &places);
    return left < 64 ? places & ((UINT64_C(1) << left) - 1) : places;
}

#endif /* LLMOBS_NO_SCANNER */

/* =================================================================================================
 *  >>recognize              privacy: from a trigger to a match
 * ============================================================================================== */

#ifndef LLMOBS_NO_SCANNER

/* From a trigger to what is there. */

/* ---- terms of the caller's ------------------------------------------------------------------- */

llmobsi_fn bool llmobsi_term_read(llmobsi_view* view, const llmobs_scan_term* term, size_t start,
                                  llmobsi_match* match)
{
    size_t size = 0, end;
    for (; term->text[size] != '\0'; size++) {
        uint8_t byte = llmobsi_at(view, start + size), wanted = (uint8_t)term->text[size];
        if (byte != wanted &&
            !(term->ignore_case && llmobsi_small(byte) == llmobsi_small(wanted))) {
            return false;
        }
    }
    end = start + size;
    if (llmobsi_is((uint8_t)term->text[0], LLMOBS_I_WORD) && !llmobsi_begins(view, start)) {
        return false;
    }
    if (term->tail > 0) {
        if (llmobsi_run(view, end, LLMOBS_I_TOKEN, term->tail) < term->tail) {
            return false;
        }
        (void)llmobsi_match_set(match, LLMOBS_PII_CUSTOM, start, end + term->tail, "prefix");
        match->tail = LLMOBS_I_TAIL_TOKEN;
        return true;
    }
    return (!llmobsi_is((uint8_t)term->text[size - 1], LLMOBS_I_WORD) ||
            llmobsi_ends(view, end)) &&
           llmobsi_match_set(match, LLMOBS_PII_CUSTOM, start, end, "literal");
}

/* ---- one place ------------------------------------------------------------------------------- */

llmobsi_inline bool llmobsi_keep_better(bool found, const llmobsi_match* match, bool any,
                                        llmobsi_match* best)
{
    if (found && (!any || llmobsi_match_is_better(match, best))) {
        *best = *match;
    }
    return found || any;
}

#define llmobsi_try(CLASS, call)                                                                  \
    (any = llmobsi_keep_better(llmobsi_wants(view, LLMOBS_PII_##CLASS) && (call), &match, any,    \
                               best))

/* The place has ':' or '=' behind it. */
llmobsi_fn bool llmobsi_colon_read(llmobsi_view* view, size_t place, uint8_t first, uint8_t second,
                                   llmobsi_match* best)
{
    llmobsi_match match;
    bool any = false;
    if (second == ':' && llmobsi_is(first, LLMOBS_I_HEX)) {
        size_t start = place + 1 - llmobsi_run_back(view, place + 1, LLMOBS_I_HEX, 5);
        uint8_t before = llmobsi_back(view, start, 1);
        if (llmobsi_number_begins(view, start) && before != ':' && before != '.') {
            llmobsi_try(IP_ADDRESS, llmobsi_ipv6_read(view, start, &match));
        }
        llmobsi_try(MAC_ADDRESS, llmobsi_mac_read(view, place + 1, &match));
    } else if (second == ':' && first == ':' &&
               !llmobsi_is(llmobsi_back(view, place, 1), LLMOBS_I_WORD | LLMOBS_I_DOT) &&
               llmobsi_back(view, place, 1) != ':') {
        llmobsi_try(IP_ADDRESS, llmobsi_ipv6_read(view, place, &match));
    }
    if (llmobsi_is(first, LLMOBS_I_DIGIT)) {
        llmobsi_try(API_KEY, llmobsi_telegram_read(view, place + 1, &match));
    }
    llmobsi_try(PASSWORD, llmobsi_value_read(view, place + 1, &match));
    return any;
}

/* The best match that the trigger at a place leads to. */
llmobsi_fn bool llmobsi_recognize_read(llmobsi_view* view, size_t place, llmobsi_match* best)
{
    uint8_t first = llmobsi_at(view, place), second = llmobsi_at(view, place + 1);
    llmobsi_match match;
    bool any = false;
    size_t i;
    if (llmobsi_is(first, LLMOBS_I_DIGIT) && second != '@') {
        any = llmobsi_number_trigger(view, place, best);
        if (second == 'Q') {
            llmobsi_try(API_KEY, llmobsi_azure_read(view, place, &match));
        }
    } else if (llmobsi_is(first, LLMOBS_I_UPPER) && llmobsi_is(second, LLMOBS_I_DIGIT)) {
        llmobsi_try(IBAN, llmobsi_iban_read(view, place, &match));
    }
    if (second == ':' || second == '=') {
        any = llmobsi_keep_better(llmobsi_colon_read(view, place, first, second, &match), &match,
                                  any, best);
    } else if (second == '@') {
        llmobsi_try(EMAIL, llmobsi_email_read(view, place + 1, &match));
    } else if (second == '-') {
        llmobsi_try(MAC_ADDRESS, llmobsi_mac_read(view, place + 1, &match));
    }
    if (first == ':') {
        llmobsi_try(URL_PASSWORD, llmobsi_url_read(view, place, &match));
    } else if (first == '+') {
        llmobsi_try(PHONE, llmobsi_e164_read(view, place, &match));
    } else if (first == '(') {
        llmobsi_try(PHONE, llmobsi_area_read(view, place, &match));
    } else if (first == '-') {
        llmobsi_try(PRIVATE_KEY, llmobsi_pem_read(view, place, &match));
    } else if (!llmobsi_is(first, LLMOBS_I_DIGIT)) {
        if (first == 'e' && second == 'y') {
            llmobsi_try(JWT, llmobsi_jwt_read(view, place, &match));
        }
        llmobsi_try(API_KEY, llmobsi_secret_read(view, place, &match));
    }
    llmobsi_try(CRYPTO_ADDRESS, llmobsi_coin_read(view, place, &match));
    for (i = 0; i < view->term_count; i++) {
        llmobsi_try(CUSTOM, llmobsi_term_is_valid(&view->terms[i]) &&
                                llmobsi_term_read(view, &view->terms[i], place, &match));
    }
    return any;
}

#undef llmobsi_try

/* ---- what goes on ---------------------------------------------------------------------------- */

/* In a PEM key: behind the line that says END; or at a quotation mark, which no key holds, and the
   backslashes that belong to it. */
llmobsi_fn size_t llmobsi_pem_tail_read(llmobsi_view* view, size_t place, bool* has_ended)
{
    for (; place < view->size; place++) {
        uint8_t byte = view->bytes[place];
        size_t i = 0;
        if (byte == '"') {
            break;
        }
        if (byte == '\\') {
            while (i < 64 && llmobsi_at(view, place + i) == '\\') {
                i++;
            }
            if (llmobsi_at(view, place + i) == '"') {
                break;
            }
        } else if (byte == '-' && llmobsi_has_text(view, place, "-----END ")) {
            for (i = 9; i < 73; i++) {
                byte = llmobsi_at(view, place + i);
                if (!llmobsi_is(byte, LLMOBS_I_UPPER | LLMOBS_I_DIGIT) && byte != ' ') {
                    break;
                }
            }
            if (llmobsi_has_text(view, place + i, "-----")) {
                *has_ended = !view->starved;
                return view->starved ? place : place + i + 5;
            }
        }
        if (view->starved) {
            return place;
        }
    }
    *has_ended = place < view->size || view->is_last;
    return place;
}

/* Where it ends that begins before `place`, or what of it is sure. */
llmobsi_fn size_t llmobsi_tail_read(llmobsi_view* view, uint8_t tail, size_t place, bool* has_ended)
{
    uint32_t kinds = tail == LLMOBS_I_TAIL_VALUE    ? (uint32_t)LLMOBS_I_VALUE
                     : tail == LLMOBS_I_TAIL_BASE64 ? (uint32_t)LLMOBS_I_ALNUM | LLMOBS_I_PLUS |
                                                          LLMOBS_I_EQUALS
                                                    : (uint32_t)LLMOBS_I_TOKEN;
    *has_ended = false;
    if (tail == LLMOBS_I_TAIL_PEM) {
        return llmobsi_pem_tail_read(view, place, has_ended);
    }
    for (; place < view->size; place++) {
        uint8_t byte = view->bytes[place];
        if (llmobsi_is(byte, kinds)) {
            continue;
        }
        if (tail != LLMOBS_I_TAIL_DOTTED || byte != '.' ||
            !llmobsi_is(llmobsi_at(view, place + 1), kinds)) {
            break;
        }
    }
    if (view->starved) { /* what stands behind the dot? */
        return place;
    }
    *has_ended = place < view->size || view->is_last;
    return place;
}

#endif /* LLMOBS_NO_SCANNER */

/* =================================================================================================
 *  >>run                    privacy: one window, from trigger to trigger
 * ============================================================================================== */

#ifndef LLMOBS_NO_SCANNER

/* The scan, from trigger to trigger. Matches that overlap gather in a cluster; when the next
   trigger lies behind it, the cluster is a finding, and what stands before its end is never looked
   at again. All verdicts depend on the text alone, not on the window: where a recogniser ran into
   the window's end, the scan stops, and begins again at that trigger, or at the first of an
   unfinished cluster, when there is more text. */

/* Nothing joins a cluster that is longer. So no text is held back longer than this, what a match is
   long, and what is looked ahead. */
#define LLMOBS_I_CLUSTER_MOST 384u
/* How far the scan looks behind a cluster for an address that begins in it. */
#define LLMOBS_I_CLUSTER_AHEAD (LLMOBS_I_EMAIL_LOCAL + LLMOBS_I_EMAIL_MOST + 66u)

LLMOBS_I_STATIC_ASSERT(scan_carry, LLMOBS_SCAN_CARRY >=
                                       LLMOBS_I_LOOK_BACK + LLMOBS_I_LOOK_AHEAD +
                                           LLMOBS_I_CLUSTER_MOST + LLMOBS_I_CLUSTER_AHEAD + 64u);
LLMOBS_I_STATIC_ASSERT(scan_look_back, LLMOBS_I_LOOK_BACK >= LLMOBS_I_EMAIL_LOCAL + 5 + 2 +
                                                                 LLMOBS_I_URL_USER + 2);
LLMOBS_I_STATIC_ASSERT(scan_look_ahead, LLMOBS_I_LOOK_AHEAD >= LLMOBS_I_JWT_HEADER +
                                                                   LLMOBS_I_JWT_LEAST + 2);

/* What of a finding is told: all of it; or its first part, more of it, that it has ended. */
typedef enum llmobsi_scan_step {
    LLMOBS_I_SCAN_WHOLE,
    LLMOBS_I_SCAN_FIRST,
    LLMOBS_I_SCAN_MORE,
    LLMOBS_I_SCAN_END
} llmobsi_scan_step;

/* Who is told. `bytes` are the part that the step is about. */
typedef struct llmobsi_scan_sink {
    bool (*tell)(void* user, llmobsi_scan_step step, const llmobs_finding* finding,
                 const uint8_t* bytes, size_t size);
    void* user;
} llmobsi_scan_sink;

/* Matches that overlap. */
typedef struct llmobsi_cluster {
    llmobsi_match best; /* gives the class */
    size_t trigger;     /* the first one   */
    size_t start;
    size_t end;
    uint8_t tail; /* of the match that ends last */
    bool is_there;
} llmobsi_cluster;

/* One run over a window. */
typedef struct llmobsi_scan_run {
    llmobs_scan_state* state;
    const llmobsi_scan_sink* sink;
    llmobsi_view view;
    llmobsi_cluster cluster;
} llmobsi_scan_run;

/* ---- setting up ------------------------------------------------------------------------------ */

llmobsi_fn void llmobsi_scan_add_term(llmobs_scan_state* state, const llmobs_scan_term* term)
{
    uint32_t i;
    for (i = 0; i < 3; i++) {
        uint8_t byte = (uint8_t)term->text[i];
        llmobsi_trigger_add(state->triggers, i, byte);
        state->is_wide |= byte >= 0x80;
        if (term->ignore_case && llmobsi_is(byte, LLMOBS_I_ALPHA)) {
            llmobsi_trigger_add(state->triggers, i, (uint8_t)(byte ^ 0x20));
        }
    }
}

/* Patterns for what few ask for. */
llmobsi_fn void llmobsi_scan_add_triggers(llmobs_scan_state* state)
{
    uint32_t i;
    if ((state->rules.classes & LLMOBS_PII_BIT(LLMOBS_PII_MAC_ADDRESS)) != 0) {
        llmobsi_trigger_add_kinds(state->triggers, 0, LLMOBS_I_HEX);
        llmobsi_trigger_add(state->triggers, 1, '-');
        llmobsi_trigger_add_kinds(state->triggers, 2, LLMOBS_I_HEX);
    }
    if ((state->rules.classes & LLMOBS_PII_BIT(LLMOBS_PII_CRYPTO_ADDRESS)) != 0) {
        llmobsi_trigger_add(state->triggers, 0, '0');
        llmobsi_trigger_add(state->triggers, 0, '1');
        llmobsi_trigger_add(state->triggers, 0, '3');
        llmobsi_trigger_add(state->triggers, 0, 'b');
        llmobsi_trigger_add_kinds(state->triggers, 1, LLMOBS_I_BASE58);
        llmobsi_trigger_add_kinds(state->triggers, 2, LLMOBS_I_BASE58 | LLMOBS_I_HEX);
    }
    for (i = 0; i < state->rules.term_count; i++) {
        if (llmobsi_term_is_valid(&state->rules.terms[i])) {
            llmobsi_scan_add_term(state, &state->rules.terms[i]);
        }
    }
}

llmobsi_fn void llmobsi_scan_begin(llmobs_scan_state* state, const llmobs_scan_rules* rules)
{
    memset(state, 0, sizeof(*state));
    if (rules != NULL) {
        size_t size = rules->size == 0 || rules->size > sizeof(*rules) ? sizeof(*rules)
                                                                       : rules->size;
        memcpy(&state->rules, rules, size);
    }
    if (state->rules.classes == 0) {
        state->rules.classes = LLMOBS_PII_DEFAULT;
    }
    if (state->rules.terms == NULL) {
        state->rules.term_count = 0;
    } else if (state->rules.term_count > LLMOBS_SCAN_TERMS_MAX) {
        state->rules.term_count = LLMOBS_SCAN_TERMS_MAX;
    }
    memcpy(state->triggers, llmobsi_trigger_tables, sizeof(state->triggers));
    if (state->rules.classes > LLMOBS_PII_DEFAULT || state->rules.term_count > 0) {
        llmobsi_scan_add_triggers(state);
    }
}

/* ---- findings -------------------------------------------------------------------------------- */

/* Tells, and counts when it is whole or has ended. */
llmobsi_fn void llmobsi_scan_tell(llmobsi_scan_run* run, llmobsi_scan_step step,
                                  const llmobs_finding* finding, size_t place, size_t size)
{
    llmobs_scan_state* state = run->state;
    if (step == LLMOBS_I_SCAN_WHOLE || step == LLMOBS_I_SCAN_END) {
        state->counts[finding->pii] += state->counts[finding->pii] < UINT32_MAX;
    }
    if (run->sink->tell != NULL &&
        !run->sink->tell(run->sink->user, step, finding, run->view.bytes + place, size)) {
        state->is_stopped = true;
    }
}

/* Nothing before a place is looked at from now on. */
llmobsi_inline void llmobsi_scan_set_floor(llmobsi_scan_run* run, size_t place)
{
    run->view.floor = place;
    run->state->floor = run->state->base + place;
}

/* What is open goes on from a place: to its end, or to the window's. Returns how far. */
llmobsi_fn size_t llmobsi_scan_go_on(llmobsi_scan_run* run, size_t place)
{
    llmobs_scan_state* state = run->state;
    bool has_ended;
    size_t end;
    run->view.starved = false;
    end = llmobsi_tail_read(&run->view, state->open_tail, place, &has_ended);
    state->open.size += end - place;
    llmobsi_scan_tell(run, LLMOBS_I_SCAN_MORE, &state->open, place, end - place);
    if (has_ended) {
        llmobsi_scan_tell(run, LLMOBS_I_SCAN_END, &state->open, end, 0);
        state->open_tail = LLMOBS_I_TAIL_NONE;
    }
    llmobsi_scan_set_floor(run, end);
    return end;
}

/* The cluster becomes a finding. Returns where it ends, as far as is known. */
llmobsi_fn size_t llmobsi_scan_emit(llmobsi_scan_run* run)
{
    llmobsi_cluster* cluster = &run->cluster;
    llmobs_finding finding;
    size_t end = cluster->end;
    bool has_ended = true;
    if (cluster->tail != LLMOBS_I_TAIL_NONE) {
        run->view.starved = false;
        end = llmobsi_tail_read(&run->view, cluster->tail, end, &has_ended);
    }
    memset(&finding, 0, sizeof(finding));
    finding.offset = run->state->base + cluster->start;
    finding.size = end - cluster->start;
    finding.pii = cluster->best.pii;
    finding.is_local = cluster->best.is_local;
    finding.name = cluster->best.name;
    if (!has_ended) {
        run->state->open = finding;
        run->state->open_tail = cluster->tail;
    }
    llmobsi_scan_tell(run, has_ended ? LLMOBS_I_SCAN_WHOLE : LLMOBS_I_SCAN_FIRST, &finding,
                      cluster->start, end - cluster->start);
    llmobsi_scan_set_floor(run, end);
    cluster->is_there = false;
    return end;
}

/* ---- clusters -------------------------------------------------------------------------------- */

llmobsi_fn void llmobsi_cluster_add(llmobsi_cluster* cluster, const llmobsi_match* match,
                                    size_t trigger)
{
    if (!cluster->is_there) {
        cluster->is_there = true;
        cluster->best = *match;
        cluster->trigger = trigger;
        cluster->start = match->start;
        cluster->end = match->end;
        cluster->tail = match->tail;
        return;
    }
    /* The address around a password in a URL is none. */
    if (cluster->best.pii == LLMOBS_PII_URL_PASSWORD && match->pii == LLMOBS_PII_EMAIL &&
        match->start >= cluster->start) {
        return;
    }
    if (match->end > cluster->end || (match->end == cluster->end && match->tail != 0)) {
        cluster->tail = match->tail;
        cluster->end = match->end;
    }
    if (match->start < cluster->start) {
        cluster->start = match->start;
    }
    if (llmobsi_match_is_better(match, &cluster->best)) {
        cluster->best = *match;
    }
}

/* Whether an address that begins in the cluster goes on behind it: "4111111111111111.a@b.org". */
llmobsi_fn bool llmobsi_cluster_grows(llmobsi_scan_run* run)
{
    llmobsi_cluster* cluster = &run->cluster;
    llmobsi_view* view = &run->view;
    llmobsi_match match;
    size_t at;
    view->starved = false;
    if (cluster->tail != LLMOBS_I_TAIL_NONE || !llmobsi_wants(view, LLMOBS_PII_EMAIL) ||
        cluster->end - cluster->start > LLMOBS_I_CLUSTER_MOST / 2) {
        return false;
    }
    at = cluster->end + llmobsi_run(view, cluster->end, LLMOBS_I_LOCAL, LLMOBS_I_EMAIL_LOCAL);
    if (llmobsi_at(view, at) != '@' || !llmobsi_email_read(view, at, &match) || view->starved ||
        match.start >= cluster->end) {
        return false;
    }
    at = cluster->end;
    llmobsi_cluster_add(cluster, &match, cluster->trigger);
    return cluster->end > at;
}

/* ---- one window ------------------------------------------------------------------------------ */

/* Where the scan will go on, and before where all is decided. */
llmobsi_fn void llmobsi_scan_stop(llmobsi_scan_run* run, size_t resume, size_t hold)
{
    llmobsi_cluster* cluster = &run->cluster;
    if (cluster->is_there) {
        resume = cluster->trigger < resume ? cluster->trigger : resume;
        hold = cluster->start < hold ? cluster->start : hold;
    }
    run->state->resume = resume;
    run->state->hold = hold < run->view.floor ? run->view.floor : hold;
}

/* The first place where a finding could begin that is not decided: from a trigger, or from the end
   of the window. */
llmobsi_fn size_t llmobsi_scan_held(const llmobsi_scan_run* run, size_t place)
{
    return place - llmobsi_run_back(&run->view, place, LLMOBS_I_LOCAL, LLMOBS_I_EMAIL_LOCAL + 5);
}

llmobsi_fn size_t llmobsi_scan_held_at_end(const llmobsi_scan_run* run, size_t place)
{
    const llmobsi_view* view = &run->view;
    for (; place < view->size; place++) {
        bool has_second = place + 1 < view->size;
        if (llmobsi_trigger_may_begin((const uint8_t(*)[16])run->state->triggers,
                                      view->bytes[place],
                                      has_second ? view->bytes[place + 1] : 0, has_second)) {
            break;
        }
    }
    return llmobsi_scan_held(run, place);
}

/* What one trigger leads to joins the cluster that it lies in. False: the window does not
   suffice. */
llmobsi_fn bool llmobsi_scan_trigger(llmobsi_scan_run* run, size_t place)
{
    llmobsi_cluster* cluster = &run->cluster;
    llmobsi_match match;
    bool found;
    run->view.starved = false;
    run->view.is_within = cluster->is_there;
    found = llmobsi_recognize_read(&run->view, place, &match);
    if (run->view.starved) {
        return false;
    }
    if (found && (!cluster->is_there || cluster->end - cluster->start <= LLMOBS_I_CLUSTER_MOST)) {
        llmobsi_cluster_add(cluster, &match, place);
    }
    return true;
}

/* Tells the cluster if it ends before a place. False: the window does not suffice. */
llmobsi_fn bool llmobsi_scan_settle(llmobsi_scan_run* run, size_t place)
{
    while (run->cluster.is_there && run->cluster.end <= place) {
        if (llmobsi_cluster_grows(run)) {
            continue;
        }
        if (run->view.starved) {
            return false;
        }
        (void)llmobsi_scan_emit(run);
    }
    return true;
}

/* Whether a trigger is a digit within a run, of which the first was looked at. */
llmobsi_inline bool llmobsi_scan_is_within(const llmobsi_view* view, size_t place)
{
    const uint8_t* here = view->bytes + place;
    return place >= view->floor + 2 && place + 1 < view->size &&
           llmobsi_is(here[0], LLMOBS_I_DIGIT) && llmobsi_is(here[-1], LLMOBS_I_DIGIT) &&
           (llmobsi_is(here[-2], LLMOBS_I_DIGIT) || llmobsi_is(here[1], LLMOBS_I_DIGIT)) &&
           llmobsi_is(here[1], LLMOBS_I_DIGIT | LLMOBS_I_DOT | LLMOBS_I_HYPHEN) &&
           view->term_count == 0;
}

/* Scans a window from a place on. */
llmobsi_fn void llmobsi_scan_window(llmobsi_scan_run* run, size_t place)
{
    llmobs_scan_state* state = run->state;
    llmobsi_view* view = &run->view;
    const uint8_t(*tables)[16] = (const uint8_t(*)[16])state->triggers;
    llmobsi_trigger_fn next = llmobsi_trigger_path_of(state->is_wide);
    size_t limit = view->is_last ? view->size : view->size < 2 ? 0 : view->size - 2;
    size_t block = place;
    if (state->open_tail != LLMOBS_I_TAIL_NONE) {
        block = llmobsi_scan_go_on(run, place);
        if (state->open_tail != LLMOBS_I_TAIL_NONE) {
            llmobsi_scan_stop(run, block, block);
            return;
        }
    }
    while (block < limit && !state->is_stopped) {
        uint64_t places;
        block = next(tables, view->bytes, block, view->size, &places);
        if (places == 0) {
            places = llmobsi_trigger_rest(next, tables, view->bytes, block, view->size);
        }
        for (; places != 0; places &= places - 1) {
            place = block + (size_t)__builtin_ctzll(places);
            if (place >= limit) {
                break;
            }
            if (place < view->floor || llmobsi_scan_is_within(view, place)) {
                continue;
            }
            if (run->cluster.is_there && !llmobsi_scan_settle(run, place)) {
                llmobsi_scan_stop(run, place, llmobsi_scan_held(run, place));
                return;
            }
            if (state->open_tail != LLMOBS_I_TAIL_NONE || state->is_stopped) {
                llmobsi_scan_stop(run, view->floor, view->floor);
                return;
            }
            if (place >= view->floor && !llmobsi_scan_trigger(run, place)) {
                llmobsi_scan_stop(run, place, llmobsi_scan_held(run, place));
                return;
            }
        }
        block += 64;
        if (block < view->floor) {
            block = view->floor;
        }
    }
    if (!llmobsi_scan_settle(run, limit)) {
        llmobsi_scan_stop(run, limit, llmobsi_scan_held_at_end(run, limit));
        return;
    }
    if (state->open_tail != LLMOBS_I_TAIL_NONE) {
        llmobsi_scan_stop(run, view->floor, view->floor);
        return;
    }
    limit = limit < view->floor ? view->floor : limit;
    llmobsi_scan_stop(run, limit, view->is_last ? limit : llmobsi_scan_held_at_end(run, limit));
}

/* Scans a window: what lies before `from` is known. */
llmobsi_fn void llmobsi_scan_bytes(llmobs_scan_state* state, const llmobsi_scan_sink* sink,
                                   const uint8_t* bytes, size_t size, size_t from, bool is_last)
{
    llmobsi_scan_run run;
    run.state = state;
    run.sink = sink;
    run.view.bytes = bytes;
    run.view.size = size;
    run.view.floor = state->floor > state->base ? (size_t)(state->floor - state->base) : 0;
    run.view.is_last = is_last;
    run.view.starved = false;
    run.view.is_within = false;
    run.view.classes = state->rules.classes;
    run.view.terms = state->rules.terms;
    run.view.term_count = state->rules.term_count;
    run.cluster.is_there = false;
    llmobsi_scan_window(&run, from);
}

#endif /* LLMOBS_NO_SCANNER */

/* =================================================================================================
 *  >>scan                   privacy: the scanner: one text, or chunks
 * ============================================================================================== */

#ifndef LLMOBS_NO_SCANNER

/* The public scanner: one text, or chunks. */

llmobsi_fn uint64_t llmobsi_scan_sum(const llmobs_scan_state* state)
{
    uint64_t sum = 0;
    uint32_t i;
    for (i = 0; i < LLMOBS_PII_COUNT; i++) {
        sum += state->counts[i];
    }
    return sum;
}

/* Memory that held text. (llmobs_wipe is left out with SHA-256.) */
llmobsi_fn void llmobsi_scan_wipe(void* memory, size_t size)
{
    memset(memory, 0, size);
    __asm__ __volatile__("" : : "r"(memory) : "memory");
}

/* A caller of ours that is told of findings. */
typedef struct llmobsi_scan_listener {
    llmobs_found_fn found;
    void* user;
} llmobsi_scan_listener;

llmobsi_fn bool llmobsi_scan_listen(void* user, llmobsi_scan_step step,
                                    const llmobs_finding* finding, const uint8_t* bytes,
                                    size_t size)
{
    const llmobsi_scan_listener* listener = (const llmobsi_scan_listener*)user;
    (void)bytes;
    (void)size;
    return (step != LLMOBS_I_SCAN_WHOLE && step != LLMOBS_I_SCAN_END) || listener->found == NULL ||
           listener->found(listener->user, finding);
}

LLMOBS_API uint64_t llmobs_scan(const llmobs_scan_rules* rules, const char* text, size_t size,
                                llmobs_found_fn found, void* user)
{
    llmobs_scan_state state;
    llmobsi_scan_listener listener;
    llmobsi_scan_sink sink;
    if (text == NULL || size == 0) {
        return 0;
    }
    listener.found = found;
    listener.user = user;
    sink.tell = llmobsi_scan_listen;
    sink.user = &listener;
    llmobsi_scan_begin(&state, rules);
    llmobsi_scan_bytes(&state, &sink, (const uint8_t*)text, size, 0, true);
    return llmobsi_scan_sum(&state);
}

/* ---- chunks ---------------------------------------------------------------------------------- */

/* Called after each window, with the window and what of it is decided. False: enough. */
typedef bool (*llmobsi_scan_passed_fn)(void* user, const uint8_t* bytes, size_t hold);

/* What is carried from chunk to chunk. */
typedef struct llmobsi_carry {
    llmobs_scan_state* state;
    const llmobsi_scan_sink* sink;
    llmobsi_scan_passed_fn passed; /* or NULL */
    uint8_t* bytes;                /* LLMOBS_SCAN_CARRY of them */
    uint32_t* used;
} llmobsi_carry;

llmobsi_fn void llmobsi_carry_scan(const llmobsi_carry* carry, const uint8_t* bytes, size_t size,
                                   size_t from, bool is_last)
{
    llmobs_scan_state* state = carry->state;
    llmobsi_scan_bytes(state, carry->sink, bytes, size, from, is_last);
    if (carry->passed != NULL && !state->is_stopped &&
        !carry->passed(carry->sink->user, bytes, state->hold)) {
        state->is_stopped = true;
    }
}

/* Keeps of a window what is not decided and what may still be looked back at. */
llmobsi_fn void llmobsi_carry_keep(const llmobsi_carry* carry, const uint8_t* bytes, size_t size)
{
    llmobs_scan_state* state = carry->state;
    size_t gone = state->resume > LLMOBS_I_LOOK_BACK ? state->resume - LLMOBS_I_LOOK_BACK : 0;
    LLMOBS_ASSERT(gone <= state->hold && size - gone <= LLMOBS_SCAN_CARRY);
    memmove(carry->bytes, bytes + gone, size - gone);
    *carry->used = (uint32_t)(size - gone);
    state->base += gone;
    state->resume -= gone;
    state->hold -= gone;
}

/* The beginning of a chunk is scanned in the carry, behind what was left of the last one; the rest,
   once it is far enough from the beginning, where it is. */
llmobsi_fn void llmobsi_carry_feed(const llmobsi_carry* carry, const uint8_t* text, size_t size)
{
    llmobs_scan_state* state = carry->state;
    while (size > 0 && !state->is_stopped) {
        size_t used = *carry->used, room = LLMOBS_SCAN_CARRY - used;
        size_t part = size < room ? size : room;
        memcpy(carry->bytes + used, text, part);
        *carry->used = (uint32_t)(used + part);
        llmobsi_carry_scan(carry, carry->bytes, used + part, state->resume, false);
        if (part < size && state->resume >= used + LLMOBS_I_LOOK_BACK) {
            size_t from = state->resume - used;
            state->base += used;
            llmobsi_carry_scan(carry, text, size, from, false);
            llmobsi_carry_keep(carry, text, size);
            return;
        }
        if (part == room || LLMOBS_SCAN_CARRY - *carry->used < LLMOBS_SCAN_CARRY / 8) {
            llmobsi_carry_keep(carry, carry->bytes, *carry->used);
        }
        text += part;
        size -= part;
    }
}

llmobsi_fn void llmobsi_carry_end(const llmobsi_carry* carry)
{
    if (!carry->state->is_stopped) {
        llmobsi_carry_scan(carry, carry->bytes, *carry->used, carry->state->resume, true);
        if (carry->state->open_tail != LLMOBS_I_TAIL_NONE) {
            LLMOBS_ASSERT(false);
        }
    }
}

llmobsi_fn void llmobsi_scanner_carry(llmobs_scanner* scanner, llmobsi_carry* carry,
                                      llmobsi_scan_sink* sink, llmobsi_scan_listener* listener)
{
    listener->found = scanner->found;
    listener->user = scanner->user;
    sink->tell = llmobsi_scan_listen;
    sink->user = listener;
    carry->state = &scanner->state;
    carry->sink = sink;
    carry->passed = NULL;
    carry->bytes = scanner->carry;
    carry->used = &scanner->used;
    if (scanner->state.rules.classes == 0) { /* zeroed, never begun */
        llmobsi_scan_begin(&scanner->state, NULL);
    }
}

LLMOBS_API void llmobs_scanner_begin(llmobs_scanner* scanner, const llmobs_scan_rules* rules,
                                     llmobs_found_fn found, void* user)
{
    llmobsi_scan_begin(&scanner->state, rules);
    scanner->found = found;
    scanner->user = user;
    scanner->used = 0;
}

LLMOBS_API void llmobs_scanner_feed(llmobs_scanner* scanner, const char* text, size_t size)
{
    llmobsi_scan_listener listener;
    llmobsi_scan_sink sink;
    llmobsi_carry carry;
    if (text == NULL) {
        return;
    }
    llmobsi_scanner_carry(scanner, &carry, &sink, &listener);
    llmobsi_carry_feed(&carry, (const uint8_t*)text, size);
}

LLMOBS_API uint64_t llmobs_scanner_end(llmobs_scanner* scanner)
{
    llmobsi_scan_listener listener;
    llmobsi_scan_sink sink;
    llmobsi_carry carry;
    uint64_t sum;
    llmobsi_scanner_carry(scanner, &carry, &sink, &listener);
    llmobsi_carry_end(&carry);
    sum = llmobsi_scan_sum(&scanner->state);
    llmobsi_scan_wipe(scanner, sizeof(*scanner));
    return sum;
}

LLMOBS_API uint64_t llmobs_scanner_counts(const llmobs_scanner* scanner,
                                          uint32_t counts[LLMOBS_PII_COUNT])
{
    if (counts != NULL) {
        memcpy(counts, scanner->state.counts, sizeof(scanner->state.counts));
    }
    return llmobsi_scan_sum(&scanner->state);
}

#endif /* LLMOBS_NO_SCANNER */

/* =================================================================================================
 *  >>redact                 privacy: the redactor
 * ============================================================================================== */

#ifndef LLMOBS_NO_SCANNER

/* The redactor: what the scanner tells it becomes text. */

/* Gathers small pieces for the caller's `write`; large ones are handed on as they are. */
#define LLMOBS_I_REDACT_BUFFER 2048u

/* Of these the last four digits may stay: they tell one number from another, and are no
   secret. */
#define LLMOBS_I_REDACT_ENDS                                                                      \
    (LLMOBS_PII_BIT(LLMOBS_PII_CREDIT_CARD) | LLMOBS_PII_BIT(LLMOBS_PII_IBAN) |                   \
     LLMOBS_PII_BIT(LLMOBS_PII_US_SSN) | LLMOBS_PII_BIT(LLMOBS_PII_US_ITIN) |                     \
     LLMOBS_PII_BIT(LLMOBS_PII_PHONE) | LLMOBS_PII_BIT(LLMOBS_PII_ABA_ROUTING) |                  \
     LLMOBS_PII_BIT(LLMOBS_PII_US_NPI) | LLMOBS_PII_BIT(LLMOBS_PII_UK_NHS) |                      \
     LLMOBS_PII_BIT(LLMOBS_PII_AADHAAR) | LLMOBS_PII_BIT(LLMOBS_PII_CA_SIN) |                     \
     LLMOBS_PII_BIT(LLMOBS_PII_BANK_ACCOUNT))
#define LLMOBS_I_REDACT_ENDS_LEAST 9u

/* One call's work on a redactor. */
typedef struct llmobsi_redaction {
    const llmobs_redact_rules* rules;
    const llmobs_scan_state* state;
    uint64_t* written; /* of the text */
#ifndef LLMOBS_NO_SHA256
    llmobs_hmac* hmac;
#endif
    llmobsi_writer* writer;
} llmobsi_redaction;

/* ---- operators ------------------------------------------------------------------------------- */

llmobsi_fn uint32_t llmobsi_redact_operator_of(const llmobs_redact_rules* rules, llmobs_pii pii)
{
    uint32_t way = rules->operators[pii];
#ifdef LLMOBS_NO_SHA256
    return way == LLMOBS_REDACT_TAG ? (uint32_t)LLMOBS_REDACT_REPLACE : way;
#else
    return way == LLMOBS_REDACT_TAG && rules->key == NULL ? (uint32_t)LLMOBS_REDACT_REPLACE : way;
#endif
}

llmobsi_fn void llmobsi_redact_marker(llmobsi_writer* writer, llmobs_pii pii, const char* tag,
                                      size_t tag_size)
{
    char text[48];
    const char* name = llmobsi_pii_names[pii];
    size_t size = strlen(name);
    text[0] = '<';
    memcpy(text + 1, name, size++);
    if (tag_size > 0) {
        text[size++] = '_'; /* so that digits behind it begin no number */
        memcpy(text + size, tag, tag_size);
        size += tag_size;
    }
    text[size++] = '>';
    llmobsi_put(writer, text, size);
}

llmobsi_fn void llmobsi_redact_mask(llmobsi_writer* writer, llmobs_pii pii, const uint8_t* bytes,
                                    size_t size)
{
    char text[64];
    size_t shown = 0;
    if (size >= LLMOBS_I_REDACT_ENDS_LEAST &&
        (LLMOBS_PII_BIT(pii) & LLMOBS_I_REDACT_ENDS) != 0) {
        while (shown < 4 && llmobsi_is(bytes[size - 1 - shown], LLMOBS_I_DIGIT)) {
            shown++;
        }
    }
    memset(text, '*', sizeof(text));
    bytes += size - shown;
    for (size -= shown; size > sizeof(text); size -= sizeof(text)) {
        llmobsi_put(writer, text, sizeof(text));
    }
    llmobsi_put(writer, text, size);
    llmobsi_put(writer, (const char*)bytes, shown);
}

#ifndef LLMOBS_NO_SHA256
#define LLMOBS_I_REDACT_TAG_BYTES 8u

/* The message begins with what it is for, so that the key may serve other ends. */
llmobsi_fn void llmobsi_redact_tag_begin(const llmobsi_redaction* redaction, llmobs_pii pii)
{
    static const char domain[] = "llmobs redact 1";
    const char* name = llmobsi_pii_names[pii];
    llmobs_hmac_begin(redaction->hmac, redaction->rules->key);
    llmobs_hmac_update(redaction->hmac, domain, sizeof(domain)); /* with their last NUL */
    llmobs_hmac_update(redaction->hmac, name, strlen(name) + 1);
}

llmobsi_fn void llmobsi_redact_tag_end(const llmobsi_redaction* redaction, llmobs_pii pii)
{
    uint8_t tag[LLMOBS_SHA256_SIZE];
    char text[2 * LLMOBS_I_REDACT_TAG_BYTES + LLMOBS_I_APPEND_SLACK];
    llmobs_hmac_end(redaction->hmac, tag);
    (void)llmobsi_append_hex(text, tag, LLMOBS_I_REDACT_TAG_BYTES);
    llmobsi_redact_marker(redaction->writer, pii, text, 2 * LLMOBS_I_REDACT_TAG_BYTES);
}
#endif

/* One step of a finding: its first part, more of it, its end. */
llmobsi_fn void llmobsi_redact_step(const llmobsi_redaction* redaction, llmobsi_scan_step step,
                                    llmobs_pii pii, const uint8_t* bytes, size_t size)
{
    bool begins = step == LLMOBS_I_SCAN_WHOLE || step == LLMOBS_I_SCAN_FIRST;
    bool ends = step == LLMOBS_I_SCAN_WHOLE || step == LLMOBS_I_SCAN_END;
    switch (llmobsi_redact_operator_of(redaction->rules, pii)) {
    case LLMOBS_REDACT_KEEP:
        llmobsi_put(redaction->writer, (const char*)bytes, size);
        break;
    case LLMOBS_REDACT_MASK:
        llmobsi_redact_mask(redaction->writer, pii, bytes, size);
        break;
    case LLMOBS_REDACT_REMOVE:
        break;
#ifndef LLMOBS_NO_SHA256
    case LLMOBS_REDACT_TAG:
        if (begins) {
            llmobsi_redact_tag_begin(redaction, pii);
        }
        llmobs_hmac_update(redaction->hmac, bytes, size);
        if (ends) {
            llmobsi_redact_tag_end(redaction, pii);
        }
        break;
#endif
    default:
        if (begins) {
            llmobsi_redact_marker(redaction->writer, pii, NULL, 0);
        }
        break;
    }
    (void)ends;
}

/* ---- the scanner's word ---------------------------------------------------------------------- */

llmobsi_fn bool llmobsi_redact_tell(void* user, llmobsi_scan_step step,
                                    const llmobs_finding* finding, const uint8_t* bytes,
                                    size_t size)
{
    const llmobsi_redaction* redaction = (const llmobsi_redaction*)user;
    if (step == LLMOBS_I_SCAN_WHOLE || step == LLMOBS_I_SCAN_FIRST) {
        /* The text since the last one stands before it in the window. */
        size_t gap = (size_t)(finding->offset - *redaction->written);
        llmobsi_put(redaction->writer, (const char*)bytes - gap, gap);
        *redaction->written = finding->offset;
    }
    llmobsi_redact_step(redaction, step, finding->pii, bytes, size);
    *redaction->written += size;
    return !redaction->writer->failed;
}

/* What of a window is decided, and no finding. */
llmobsi_fn bool llmobsi_redact_passed(void* user, const uint8_t* bytes, size_t hold)
{
    const llmobsi_redaction* redaction = (const llmobsi_redaction*)user;
    size_t from = (size_t)(*redaction->written - redaction->state->base);
    if (hold > from) {
        llmobsi_put(redaction->writer, (const char*)bytes + from, hold - from);
        *redaction->written += hold - from;
    }
    return !redaction->writer->failed;
}

/* ---- the public redactor --------------------------------------------------------------------- */

LLMOBS_API llmobs_redact_rules llmobs_redact_rules_default(void)
{
    llmobs_redact_rules rules;
    memset(&rules, 0, sizeof(rules));
    rules.size = sizeof(rules);
    rules.scan = llmobs_scan_rules_default();
    return rules;
}

llmobsi_fn void llmobsi_redact_rules_read(const llmobs_redact_rules* rules,
                                          llmobs_redact_rules* out)
{
    memset(out, 0, sizeof(*out));
    if (rules != NULL) {
        memcpy(out, rules,
               rules->size == 0 || rules->size > sizeof(*out) ? sizeof(*out) : rules->size);
    }
}

LLMOBS_API llmobs_result llmobs_redact(const llmobs_redact_rules* rules, const char* text,
                                       size_t size, char* out, size_t capacity, size_t* written,
                                       uint32_t counts[LLMOBS_PII_COUNT])
{
    llmobs_redact_rules used;
    llmobs_scan_state state;
    llmobsi_redaction redaction;
    llmobsi_scan_sink sink;
    llmobsi_writer writer;
    uint64_t done = 0;
#ifndef LLMOBS_NO_SHA256
    llmobs_hmac hmac;
    redaction.hmac = &hmac;
#endif
    if (written == NULL || (text == NULL && size > 0) || (out == NULL && capacity > 0)) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    llmobsi_redact_rules_read(rules, &used);
    llmobsi_scan_begin(&state, &used.scan);
    llmobsi_writer_init(&writer, out, capacity, NULL, NULL);
    redaction.rules = &used;
    redaction.state = &state;
    redaction.written = &done;
    redaction.writer = &writer;
    sink.tell = llmobsi_redact_tell;
    sink.user = &redaction;
    if (size > 0) {
        llmobsi_scan_bytes(&state, &sink, (const uint8_t*)text, size, 0, true);
        (void)llmobsi_redact_passed(&redaction, (const uint8_t*)text, size);
    }
    if (counts != NULL) {
        memcpy(counts, state.counts, sizeof(state.counts));
    }
    *written = writer.length;
    return writer.failed ? LLMOBS_ERROR_LIMIT : LLMOBS_OK;
}

/* Scans a chunk, or the end of all, and hands on what came of it. */
llmobsi_fn bool llmobsi_redactor_run(llmobs_redactor* redactor, const char* text, size_t size,
                                     bool is_end)
{
    char buffer[LLMOBS_I_REDACT_BUFFER];
    llmobsi_redaction redaction;
    llmobsi_scan_sink sink;
    llmobsi_carry carry;
    llmobsi_writer writer;
    if (redactor->has_failed || redactor->write == NULL) {
        return false;
    }
    llmobsi_writer_init(&writer, buffer, sizeof(buffer), redactor->write, redactor->user);
    redaction.rules = &redactor->rules;
    redaction.state = &redactor->state;
    redaction.written = &redactor->written;
    redaction.writer = &writer;
#ifndef LLMOBS_NO_SHA256
    redaction.hmac = &redactor->hmac;
#endif
    sink.tell = llmobsi_redact_tell;
    sink.user = &redaction;
    carry.state = &redactor->state;
    carry.sink = &sink;
    carry.passed = llmobsi_redact_passed;
    carry.bytes = redactor->carry;
    carry.used = &redactor->used;
    if (is_end) {
        llmobsi_carry_end(&carry);
    } else {
        llmobsi_carry_feed(&carry, (const uint8_t*)text, size);
    }
    redactor->has_failed = !llmobsi_writer_finish(&writer);
    return !redactor->has_failed;
}

LLMOBS_API void llmobs_redactor_begin(llmobs_redactor* redactor, const llmobs_redact_rules* rules,
                                      llmobs_write_fn write, void* user)
{
    llmobsi_redact_rules_read(rules, &redactor->rules);
    llmobsi_scan_begin(&redactor->state, &redactor->rules.scan);
    redactor->write = write;
    redactor->user = user;
    redactor->written = 0;
    redactor->has_failed = false;
    redactor->used = 0;
}

LLMOBS_API bool llmobs_redactor_feed(llmobs_redactor* redactor, const char* text, size_t size)
{
    return llmobsi_redactor_run(redactor, text, text == NULL ? 0 : size, false);
}

LLMOBS_API bool llmobs_redactor_end(llmobs_redactor* redactor)
{
    bool done = llmobsi_redactor_run(redactor, NULL, 0, true);
    llmobsi_scan_wipe(redactor, sizeof(*redactor));
    return done;
}

LLMOBS_API uint64_t llmobs_redactor_counts(const llmobs_redactor* redactor,
                                           uint32_t counts[LLMOBS_PII_COUNT])
{
    if (counts != NULL) {
        memcpy(counts, redactor->state.counts, sizeof(redactor->state.counts));
    }
    return llmobsi_scan_sum(&redactor->state);
}

#endif /* LLMOBS_NO_SCANNER */

/* =================================================================================================
 *  >>cell                   record: cells: numbers with one writer
 * ============================================================================================== */

/* Cells: the numbers that recording adds to. A row of cells belongs to one thread, which alone
   writes them, so that an addition is a load and a store; who reads them sums the rows. Pages of a
   row are claimed when their thread first touches them: a thread costs what it uses. One more row,
   of which every page that a series needs is there, is shared: it is added to by locked
   instructions, from where a thread has no row or no page to be had. */

#define LLMOBS_I_PAGE_CELLS 512u
#define LLMOBS_I_NO_CELLS UINT32_MAX
#define LLMOBS_I_COLD_CELLS 160u /* cells of a cold run */
#define LLMOBS_I_COLD_RUNS (LLMOBS_I_PAGE_CELLS / LLMOBS_I_COLD_CELLS) /* in a page */

typedef struct llmobsi_page {
    llmobsi_atomic64 cells[LLMOBS_I_PAGE_CELLS];
} llmobsi_page;

/* By a cell's number / LLMOBS_I_PAGE_CELLS; NULL while untouched. The row's owner writes (of the
   shared one: who holds the registry's lock), readers read. */
typedef struct llmobsi_row {
    llmobsi_page** pages;
} llmobsi_row;

/* The pages of all rows. Numbers of cells go up from 0 for what every recorder touches, page by
   page down from the top for what few ever need: cold runs. */
typedef struct llmobsi_cells {
    llmobsi_page* pages;
    uint32_t page_count;
    llmobsi_atomic32 pages_used; /* any thread, by compare-and-swap */
    uint32_t row_pages;          /* pages that a row can have */
    uint32_t warm;               /* next cell; under the registry's lock, as is the next */
    uint32_t cold;               /* next run  */
    llmobsi_row shared;
} llmobsi_cells;

/* The cell of a row; NULL when its page has not been claimed. For the row's owner. */
llmobsi_inline llmobsi_atomic64* llmobsi_cell_at(const llmobsi_row* row, uint32_t cell)
{
    llmobsi_page* page = llmobsi_load_relaxed(&row->pages[cell / LLMOBS_I_PAGE_CELLS]);
    return llmobsi_likely(page != NULL) ? &page->cells[cell % LLMOBS_I_PAGE_CELLS] : NULL;
}

/* The same for those who read the rows of others. */
llmobsi_inline const llmobsi_atomic64* llmobsi_cell_of(const llmobsi_row* row, uint32_t cell)
{
    const llmobsi_page* page = llmobsi_load_acquire(&row->pages[cell / LLMOBS_I_PAGE_CELLS]);
    return page != NULL ? &page->cells[cell % LLMOBS_I_PAGE_CELLS] : NULL;
}

/* Claims the page that a cell of a row is in. NULL: there is no page left. */
llmobsi_cold llmobsi_atomic64* llmobsi_cell_claim(llmobsi_cells* cells, llmobsi_row* row,
                                                  uint32_t cell)
{
    uint32_t used = llmobsi_load_relaxed(&cells->pages_used);
    llmobsi_page* page;
    do {
        if (used == cells->page_count) {
            return NULL;
        }
    } while (!llmobsi_cas_acquire_release(&cells->pages_used, &used, used + 1));
    page = &cells->pages[used];
    memset(page, 0, sizeof *page);
    llmobsi_store_release(&row->pages[cell / LLMOBS_I_PAGE_CELLS], page);
    return &page->cells[cell % LLMOBS_I_PAGE_CELLS];
}

llmobsi_inline llmobsi_atomic64* llmobsi_cell_touch(llmobsi_cells* cells, llmobsi_row* row,
                                                    uint32_t cell)
{
    llmobsi_atomic64* place = llmobsi_cell_at(row, cell);
    return place != NULL ? place : llmobsi_cell_claim(cells, row, cell);
}

/* ---- numbers of cells, under the registry's lock ------------------------------------------- */

llmobsi_fn uint32_t llmobsi_cold_pages(uint32_t runs)
{
    return (runs + LLMOBS_I_COLD_RUNS - 1) / LLMOBS_I_COLD_RUNS;
}

/* `count` cells in one page (a page at most), with their part of the shared row. LLMOBS_I_NO_CELLS
   when there is no room. */
llmobsi_fn uint32_t llmobsi_cells_take(llmobsi_cells* cells, uint32_t count)
{
    uint32_t first = cells->warm;
    if (first % LLMOBS_I_PAGE_CELLS + count > LLMOBS_I_PAGE_CELLS) {
        first += LLMOBS_I_PAGE_CELLS - first % LLMOBS_I_PAGE_CELLS;
    }
    if (first / LLMOBS_I_PAGE_CELLS + llmobsi_cold_pages(cells->cold) >= cells->row_pages ||
        llmobsi_cell_touch(cells, &cells->shared, first) == NULL) {
        return LLMOBS_I_NO_CELLS;
    }
    cells->warm = first + count;
    return first;
}

/* LLMOBS_I_COLD_CELLS cells, of which not even the shared row's are there yet. */
llmobsi_fn uint32_t llmobsi_cells_take_cold(llmobsi_cells* cells)
{
    uint32_t warm_pages = (cells->warm + LLMOBS_I_PAGE_CELLS - 1) / LLMOBS_I_PAGE_CELLS;
    uint32_t pages = llmobsi_cold_pages(cells->cold + 1);
    uint32_t run = cells->cold % LLMOBS_I_COLD_RUNS;
    if (warm_pages + pages > cells->row_pages) {
        return LLMOBS_I_NO_CELLS;
    }
    cells->cold++;
    return (cells->row_pages - pages) * LLMOBS_I_PAGE_CELLS + run * LLMOBS_I_COLD_CELLS;
}

/* In the child of a fork, alone: all rows from zero. */
llmobsi_fn void llmobsi_cells_clear(llmobsi_cells* cells)
{
    uint32_t used = llmobsi_load_relaxed(&cells->pages_used);
    memset(cells->pages, 0, used * sizeof *cells->pages);
}

/* ---- additions ----------------------------------------------------------------------------- */

/* Cells that only grow stop at the largest number that every format can carry. */
#define LLMOBS_I_CELL_MOST ((uint64_t)INT64_MAX)

/* By the one writer. False, and nothing is added: the sum would leave its range, or the amount is
   outside of it. One test of the top bit tells both. */
llmobsi_inline bool llmobsi_cell_add(llmobsi_atomic64* cell, uint64_t amount)
{
    uint64_t sum = llmobsi_load_relaxed(cell) + amount;
    if (llmobsi_unlikely((int64_t)(sum | amount) < 0)) {
        return false;
    }
    llmobsi_store_relaxed(cell, sum);
    return true;
}

/* By any of many. False: the sum has come to its end, and stays there. */
llmobsi_fn bool llmobsi_cell_add_shared(llmobsi_atomic64* cell, uint64_t amount)
{
    uint64_t sum = llmobsi_load_relaxed(cell);
    bool fits;
    uint64_t next;
    do {
        fits = amount <= LLMOBS_I_CELL_MOST - sum;
        next = fits ? sum + amount : LLMOBS_I_CELL_MOST;
    } while (!llmobsi_cas_acquire_release(cell, &sum, next));
    return fits;
}

/* The sum of two numbers that may be negative, held within their range. */
llmobsi_fn bool llmobsi_signed_add(int64_t* sum, int64_t amount)
{
    if (amount > 0 ? *sum > INT64_MAX - amount : *sum < INT64_MIN - amount) {
        *sum = amount > 0 ? INT64_MAX : INT64_MIN;
        return false;
    }
    *sum += amount;
    return true;
}

/* =================================================================================================
 *  >>series                 record: metrics and their series
 * ============================================================================================== */

/* The registry: what metrics there are, and the series of each. It only grows: readers follow it
   without a lock while one writer, under the lock, adds to it. A series is found by the hash of
   its label values, which stand one after the other, each with its NUL: the key. */

#define LLMOBS_I_LABEL_MOST 255u /* bytes of a label value, at the most that can be configured */
#define LLMOBS_I_KEY_MOST (LLMOBS_LABELS_MAX * (LLMOBS_I_LABEL_MOST + 1))
#define LLMOBS_I_NO_SERIES UINT32_MAX
#define LLMOBS_I_NO_LABEL (-1)
#define LLMOBS_I_USER_LABEL_OFF (-2) /* the label user_id is there when it is switched on */

#define LLMOBS_I_SERIES_LIVE 0u
#define LLMOBS_I_SERIES_HIDDEN 1u /* an overflow series that nothing has come to yet */
#define LLMOBS_I_SERIES_REMOVED 2u

/* Values that a label may have. */
typedef struct llmobsi_allowed {
    uint32_t hash;
    uint32_t size;
    const char* text;
} llmobsi_allowed;

/* A metric. Written before it is counted, and not changed after but where it says so. */
typedef struct llmobsi_metric {
    llmobs_string name;
    llmobs_string help;
    llmobs_string unit;
    llmobs_string family;
    llmobs_string labels[LLMOBS_LABELS_MAX];
    const llmobsi_allowed* allowed[LLMOBS_LABELS_MAX]; /* before its first series */
    uint32_t allowed_count[LLMOBS_LABELS_MAX];
    const double* bounds;
    const uint64_t* keys; /* the bounds as values are compared with them, see llmobsi_key_of */
    llmobs_gauge_fn callback;
    void* callback_user;
    double least;
    double most;
    uint32_t max_series;
    uint32_t cell_count; /* of one series */
    uint16_t label_count;
    uint16_t bound_count;
    uint8_t instrument;
    uint8_t number;
    int16_t scale;     /* exponential: what a series begins with   */
    int8_t user_label; /* the label whose values become pseudonyms */
    bool exemplars;
    uint32_t overflow;       /* its series, if it has labels */
    llmobsi_atomic32 first;  /* of its series, number + 1; under the lock, readers read */
    uint32_t last;           /* under the lock */
    llmobsi_atomic32 live;   /* series that count for max_series; under the lock, others read */
    llmobsi_atomic64 overflows; /* this and the rest: any thread adds, readers read */
    llmobsi_atomic64 invalid;
    llmobsi_atomic64 saturated;
    llmobsi_atomic64 dropped;
} llmobsi_metric;

/* A series. Written before it is counted, and not changed after but where it says so. */
typedef struct llmobsi_series {
    uint32_t metric;
    uint32_t cell;      /* the first of its cells */
    uint32_t cold;      /* exponential: its second set of buckets */
    uint32_t exemplars; /* its first + 1, 0: none */
    llmobsi_atomic32 next;  /* the metric's next series, number + 1; under the lock, readers read */
    llmobsi_atomic32 state; /* under the lock, others read; HIDDEN becomes LIVE without it */
    uint32_t key_size;
    uint32_t text_size; /* of its labels as Prometheus text, which follows the key */
    const char* key;
    uint64_t created_unix_ns;
} llmobsi_series;

typedef struct llmobsi_exemplar {
    llmobsi_atomic64 version; /* odd while one writes */
    llmobsi_atomic64 trace_high;
    llmobsi_atomic64 trace_low;
    llmobsi_atomic64 span_id;
    llmobsi_atomic64 value; /* the bits of a double */
    llmobsi_atomic64 unix_ns;
} llmobsi_exemplar;

typedef struct llmobsi_registry {
    bool on;
    llmobsi_lock lock; /* for whoever adds */
    llmobs_clock clock;
    uint64_t seed;
    uint32_t label_bytes;
    uint32_t max_series; /* of a metric that says nothing else */
    llmobsi_metric* metrics;
    uint32_t metric_limit;
    llmobsi_atomic32 metric_count; /* under the lock; those below it are complete */
    llmobsi_series* series;
    uint32_t series_limit;
    llmobsi_atomic32 series_count; /* the same */
    llmobsi_atomic64* table; /* upper half of the hash, series + 1; 0: empty. As series_count */
    uint32_t table_mask;
    unsigned char* texts; /* of metrics and series, arrays too */
    size_t text_bytes;
    size_t text_used; /* under the lock */
    llmobsi_exemplar* exemplars;
    uint32_t exemplar_limit;
    uint32_t exemplar_count; /* under the lock */
    llmobsi_cells cells;
    llmobsi_atomic64 misused; /* calls that named no metric, or the wrong kind; any thread adds */
    llmobsi_atomic64 labels_cut;
#ifndef LLMOBS_NO_SHA256
    llmobs_hmac_key user_key; /* of pseudonyms; open writes */
#endif
} llmobsi_registry;

LLMOBS_API llmobs_metric_info llmobs_metric_info_default(void)
{
    llmobs_metric_info info;
    memset(&info, 0, sizeof info);
    info.size = sizeof info;
    return info;
}

llmobsi_fn uint64_t llmobsi_registry_now(const llmobsi_registry* registry)
{
    return registry->clock.unix_ns != NULL ? registry->clock.unix_ns(registry->clock.user)
                                           : llmobsi_realtime_ns();
}

/* Memory for a text or an array, under the lock; NULL when it has run out. */
llmobsi_fn void* llmobsi_registry_take(llmobsi_registry* registry, size_t size)
{
    size_t start = registry->text_used;
    size = (size + 7) & ~(size_t)7;
    if (size > registry->text_bytes - start) {
        return NULL;
    }
    registry->text_used = start + size;
    return registry->texts + start;
}

/* ---- keys ---------------------------------------------------------------------------------- */

typedef struct llmobsi_key {
    uint32_t size;
    uint64_t hash;
    char text[LLMOBS_I_KEY_MOST];
} llmobsi_key;

llmobsi_fn bool llmobsi_is_allowed(const llmobsi_registry* registry, const llmobsi_metric* metric,
                                   uint32_t label, const char* value, size_t size)
{
    uint32_t hash = (uint32_t)llmobsi_hash64(value, size, registry->seed);
    uint32_t i;
    for (i = 0; i < metric->allowed_count[label]; i++) {
        const llmobsi_allowed* allowed = &metric->allowed[label][i];
        if (allowed->hash == hash && allowed->size == size &&
            memcmp(allowed->text, value, size) == 0) {
            return true;
        }
    }
    return false;
}

#ifndef LLMOBS_NO_SHA256
/* A user's id never leaves the process: what stands for it is a keyed hash of it, 128 bits. */
llmobsi_fn size_t llmobsi_pseudonym(const llmobsi_registry* registry, const char* value,
                                    size_t size, char* out)
{
    static const char domain[] = "llmobs user_id";
    uint8_t digest[LLMOBS_SHA256_SIZE];
    llmobs_hmac hmac;
    llmobs_hmac_begin(&hmac, &registry->user_key);
    llmobs_hmac_update(&hmac, domain, sizeof domain);
    llmobs_hmac_update(&hmac, value, size);
    llmobs_hmac_end(&hmac, digest);
    return (size_t)(llmobsi_append_hex(out, digest, 16) - out);
}
#endif

/* What of a value goes into the key: as it is nearly always. Returns its size. */
llmobsi_cold size_t llmobsi_key_value_slow(llmobsi_registry* registry,
                                           const llmobsi_metric* metric, uint32_t label,
                                           const char* value, size_t size, char* out)
{
#ifndef LLMOBS_NO_SHA256
    if ((int)label == metric->user_label && size > 0) {
        return llmobsi_pseudonym(registry, value, size, out);
    }
#endif
    if (metric->allowed[label] != NULL &&
        !llmobsi_is_allowed(registry, metric, label, value, size)) {
        memcpy(out, "other", 5);
        return 5;
    }
    if (size > registry->label_bytes) {
        size = llmobsi_utf8_cut(value, size, registry->label_bytes);
        (void)llmobsi_add_relaxed(&registry->labels_cut, 1);
    }
    memcpy(out, value, size);
    return size;
}

llmobsi_inline uint64_t llmobsi_hash_first(const llmobsi_registry* registry, uint32_t metric)
{
    return registry->seed + metric * UINT64_C(0x9e3779b97f4a7c15);
}

/* Value by value, each seeded with the hash of those before it, so that a series can be found by
   the values as they are. */
llmobsi_fn uint64_t llmobsi_key_hash(const llmobsi_registry* registry, uint32_t metric,
                                     const char* text, uint32_t size)
{
    uint64_t hash = llmobsi_hash_first(registry, metric);
    uint32_t at = 0;
    while (at < size) {
        size_t length = strlen(text + at);
        hash = llmobsi_hash64(text + at, length, hash);
        at += (uint32_t)length + 1;
    }
    return hash;
}

/* Whether a value of this size goes into the key as it is, but for what is no UTF-8. */
llmobsi_inline bool llmobsi_value_is_plain(const llmobsi_registry* registry,
                                           const llmobsi_metric* metric, uint32_t label,
                                           size_t size)
{
    return size <= registry->label_bytes && metric->allowed[label] == NULL &&
           metric->user_label != (int)label;
}

llmobsi_fn void llmobsi_key_make(llmobsi_registry* registry, uint32_t number,
                                 const char* const* values, llmobsi_key* key)
{
    const llmobsi_metric* metric = &registry->metrics[number];
    char* out = key->text;
    uint32_t i;
    for (i = 0; i < metric->label_count; i++) {
        const char* value = values[i] != NULL ? values[i] : "";
        size_t size = strlen(value);
        if (llmobsi_unlikely(!llmobsi_value_is_plain(registry, metric, i, size))) {
            size = llmobsi_key_value_slow(registry, metric, i, value, size, out);
        } else {
            memcpy(out, value, size);
        }
        out[size] = '\0';
        out += size + 1;
    }
    key->size = (uint32_t)(out - key->text);
    key->hash = llmobsi_key_hash(registry, number, key->text, key->size);
}

/* Makes what is no UTF-8 valid, and a carriage return, which no text format can carry, a blank:
   different values may become one. False: there was nothing to do. */
llmobsi_fn bool llmobsi_key_repair(const llmobsi_registry* registry, uint32_t number,
                                   llmobsi_key* key)
{
    llmobsi_key raw;
    uint32_t at = 0;
    char* out = key->text;
    bool valid = llmobsi_utf8_is_valid(key->text, key->size);
    if (valid && memchr(key->text, '\r', key->size) == NULL) {
        return false;
    }
    for (at = 0; at < key->size; at++) {
        raw.text[at] = key->text[at] == '\r' ? ' ' : key->text[at];
    }
    at = 0;
    while (at < key->size) {
        size_t size = strlen(raw.text + at);
        out += llmobsi_utf8_repair(out, registry->label_bytes, raw.text + at, size);
        *out++ = '\0';
        at += (uint32_t)size + 1;
    }
    key->size = (uint32_t)(out - key->text);
    key->hash = llmobsi_key_hash(registry, number, key->text, key->size);
    return true;
}

/* ---- finding ------------------------------------------------------------------------------- */

/* The next series with this hash; LLMOBS_I_NO_SERIES: there is none. */
llmobsi_inline uint32_t llmobsi_series_probe(const llmobsi_registry* registry, uint64_t hash,
                                             uint32_t* place)
{
    uint64_t entry;
    do { /* the table is never full */
        entry = llmobsi_load_acquire(&registry->table[(*place)++ & registry->table_mask]);
    } while (entry != 0 && entry >> 32 != hash >> 32);
    return (uint32_t)entry - 1; /* of 0, LLMOBS_I_NO_SERIES */
}

llmobsi_inline bool llmobsi_series_may_be(const llmobsi_series* series, uint32_t metric,
                                          uint32_t key_size)
{
    return series->metric == metric && series->key_size == key_size &&
           llmobsi_load_relaxed(&series->state) == LLMOBS_I_SERIES_LIVE;
}

llmobsi_fn uint32_t llmobsi_series_lookup(const llmobsi_registry* registry, uint32_t metric,
                                          const llmobsi_key* key)
{
    uint32_t place = (uint32_t)key->hash;
    uint32_t number;
    do {
        number = llmobsi_series_probe(registry, key->hash, &place);
    } while (number != LLMOBS_I_NO_SERIES &&
             (!llmobsi_series_may_be(&registry->series[number], metric, key->size) ||
              memcmp(registry->series[number].key, key->text, key->size) != 0));
    return number;
}

/* Whether a key is made of these values; `sizes` with their NULs. */
llmobsi_inline bool llmobsi_key_is(const char* key, const char* const* values,
                                   const uint32_t* sizes, uint32_t count)
{
    uint32_t i;
    for (i = 0; i < count; i++) {
        if (memcmp(key, values[i] != NULL ? values[i] : "", sizes[i]) != 0) {
            return false;
        }
        key += sizes[i];
    }
    return true;
}

/* By values as they are: no key is made, which would be hashed from where it has just been written.
   LLMOBS_I_NO_SERIES: there is none, or it takes a key to tell. */
llmobsi_fn uint32_t llmobsi_series_quick(const llmobsi_registry* registry, uint32_t metric_number,
                                         const char* const* values)
{
    const llmobsi_metric* metric = &registry->metrics[metric_number];
    uint64_t hash = llmobsi_hash_first(registry, metric_number);
    uint32_t sizes[LLMOBS_LABELS_MAX];
    uint32_t key_size = 0;
    uint32_t place, number, i;
    for (i = 0; i < metric->label_count; i++) {
        const char* value = values[i] != NULL ? values[i] : "";
        size_t size = strlen(value);
        if (llmobsi_unlikely(!llmobsi_value_is_plain(registry, metric, i, size))) {
            return LLMOBS_I_NO_SERIES;
        }
        hash = llmobsi_hash64(value, size, hash);
        sizes[i] = (uint32_t)size + 1;
        key_size += sizes[i];
    }
    place = (uint32_t)hash;
    do {
        number = llmobsi_series_probe(registry, hash, &place);
    } while (number != LLMOBS_I_NO_SERIES &&
             (!llmobsi_series_may_be(&registry->series[number], metric_number, key_size) ||
              !llmobsi_key_is(registry->series[number].key, values, sizes, metric->label_count)));
    return number;
}

/* ---- making, under the lock ---------------------------------------------------------------- */

/* A label's name as Prometheus allows it. */
llmobsi_fn char llmobsi_label_byte(char byte)
{
    return byte == '.' ? '_' : byte;
}

/* A label's value with what has a meaning in Prometheus text escaped. `out` may be NULL, to
   measure. Returns the size. */
llmobsi_fn size_t llmobsi_label_escape(const char* value, size_t size, char* out)
{
    size_t used = 0;
    size_t i;
    for (i = 0; i < size; i++) {
        bool special = value[i] == '\\' || value[i] == '"' || value[i] == '\n';
        if (out != NULL) {
            out[used] = '\\';
            out[used + special] = value[i] == '\n' ? 'n' : value[i];
        }
        used += 1u + special;
    }
    return used;
}

/* The size of a metric's labels as text, at most. */
llmobsi_fn size_t llmobsi_labels_room(const llmobsi_metric* metric, const llmobsi_key* key)
{
    size_t size = llmobsi_label_escape(key->text, key->size, NULL);
    uint32_t label;
    for (label = 0; label < metric->label_count; label++) {
        size += metric->labels[label].size + strlen("=\"\",");
    }
    return size;
}

/* A metric's labels as text: name="value",... Returns its size. */
llmobsi_fn size_t llmobsi_labels_render(const llmobsi_metric* metric, const char* key, char* out)
{
    char* end = out;
    uint32_t label;
    for (label = 0; label < metric->label_count; label++) {
        const llmobs_string* name = &metric->labels[label];
        size_t size = strlen(key);
        size_t i;
        if (label > 0) {
            *end++ = ',';
        }
        for (i = 0; i < name->size; i++) {
            *end++ = llmobsi_label_byte(name->data[i]);
        }
        *end++ = '=';
        *end++ = '"';
        end += llmobsi_label_escape(key, size, end);
        *end++ = '"';
        key += size + 1;
    }
    return (size_t)(end - out);
}

static const char llmobsi_overflow_text[] = "otel_metric_overflow=\"true\"";

/* The key, and behind it the labels as text. An overflow series has no key. */
llmobsi_fn bool llmobsi_series_text(llmobsi_registry* registry, const llmobsi_metric* metric,
                                    const llmobsi_key* key, llmobsi_series* series)
{
    char* text;
    if (key == NULL) {
        series->key = metric->label_count > 0 ? llmobsi_overflow_text : "";
        series->text_size = (uint32_t)strlen(series->key);
        return true;
    }
    text = (char*)llmobsi_registry_take(registry,
                                        key->size + llmobsi_labels_room(metric, key));
    if (text == NULL) {
        return false;
    }
    memcpy(text, key->text, key->size);
    series->key = text;
    series->key_size = key->size;
    series->text_size = (uint32_t)llmobsi_labels_render(metric, text, text + key->size);
    return true;
}

llmobsi_fn bool llmobsi_series_cells(llmobsi_registry* registry, const llmobsi_metric* metric,
                                     llmobsi_series* series)
{
    bool exponential = metric->instrument == LLMOBS_HISTOGRAM_EXPONENTIAL;
    uint32_t wanted = metric->bound_count > 0 ? metric->bound_count + 1u
                      : exponential || metric->instrument == LLMOBS_COUNTER ? 1
                                                                            : 0;
    series->cell = llmobsi_cells_take(&registry->cells, metric->cell_count);
    if (series->cell == LLMOBS_I_NO_CELLS) {
        return false;
    }
    if (exponential) {
        series->cold = llmobsi_cells_take_cold(&registry->cells);
    }
    if (series->cold == LLMOBS_I_NO_CELLS) {
        return false;
    }
    if (metric->exemplars && wanted > 0 &&
        wanted <= registry->exemplar_limit - registry->exemplar_count) {
        series->exemplars = registry->exemplar_count + 1;
        registry->exemplar_count += wanted;
    }
    return true;
}

llmobsi_fn void llmobsi_series_insert(llmobsi_registry* registry, uint32_t number, uint64_t hash)
{
    uint32_t place = (uint32_t)hash;
    while (llmobsi_load_relaxed(&registry->table[place & registry->table_mask]) != 0) {
        place++;
    }
    llmobsi_store_release(&registry->table[place & registry->table_mask],
                          (hash >> 32) << 32 | (number + 1));
}

llmobsi_fn void llmobsi_series_link(llmobsi_registry* registry, uint32_t number)
{
    llmobsi_metric* metric = &registry->metrics[registry->series[number].metric];
    llmobsi_atomic32* end =
        metric->last != 0 ? &registry->series[metric->last - 1].next : &metric->first;
    llmobsi_store_release(end, number + 1);
    metric->last = number + 1;
}

/* A new series; `key` is NULL for a metric's one series without labels, and its overflow series.
   LLMOBS_I_NO_SERIES when memory or numbers have run out. */
llmobsi_fn uint32_t llmobsi_series_make(llmobsi_registry* registry, uint32_t number,
                                        const llmobsi_key* key)
{
    llmobsi_metric* metric = &registry->metrics[number];
    uint32_t count = llmobsi_load_relaxed(&registry->series_count);
    llmobsi_series* series = &registry->series[count];
    size_t text_used = registry->text_used;
    uint32_t warm = registry->cells.warm;
    if (count == registry->series_limit) {
        return LLMOBS_I_NO_SERIES;
    }
    memset(series, 0, sizeof *series);
    series->metric = number;
    series->created_unix_ns = llmobsi_registry_now(registry);
    if (!llmobsi_series_text(registry, metric, key, series) ||
        !llmobsi_series_cells(registry, metric, series)) {
        registry->text_used = text_used; /* for others, which need less */
        registry->cells.warm = warm;
        return LLMOBS_I_NO_SERIES;
    }
    if (key == NULL && metric->label_count > 0) {
        llmobsi_store_relaxed(&series->state, LLMOBS_I_SERIES_HIDDEN);
    }
    llmobsi_store_release(&registry->series_count, count + 1);
    if (key != NULL) {
        llmobsi_series_insert(registry, count, key->hash);
        llmobsi_store_relaxed(&metric->live, llmobsi_load_relaxed(&metric->live) + 1);
    }
    llmobsi_series_link(registry, count);
    return count;
}

/* ---- find or make -------------------------------------------------------------------------- */

llmobsi_cold uint32_t llmobsi_series_overflow(llmobsi_registry* registry, uint32_t number)
{
    llmobsi_metric* metric = &registry->metrics[number];
    (void)llmobsi_add_relaxed(&metric->overflows, 1);
    llmobsi_store_relaxed(&registry->series[metric->overflow].state, LLMOBS_I_SERIES_LIVE);
    return metric->overflow;
}

llmobsi_fn bool llmobsi_series_full(llmobsi_registry* registry, uint32_t number)
{
    const llmobsi_metric* metric = &registry->metrics[number];
    return llmobsi_load_relaxed(&metric->live) >= metric->max_series ||
           llmobsi_load_relaxed(&registry->series_count) == registry->series_limit;
}

llmobsi_cold uint32_t llmobsi_series_new(llmobsi_registry* registry, uint32_t number,
                                         llmobsi_key* key, bool may_wait)
{
    uint32_t found;
    if (llmobsi_key_repair(registry, number, key)) {
        found = llmobsi_series_lookup(registry, number, key);
        if (found != LLMOBS_I_NO_SERIES) {
            return found;
        }
    }
    if (!may_wait || llmobsi_series_full(registry, number)) {
        return llmobsi_series_overflow(registry, number);
    }
    llmobsi_lock_take(&registry->lock);
    found = llmobsi_series_lookup(registry, number, key);
    if (found == LLMOBS_I_NO_SERIES && !llmobsi_series_full(registry, number)) {
        found = llmobsi_series_make(registry, number, key);
    }
    llmobsi_lock_give(&registry->lock);
    return found != LLMOBS_I_NO_SERIES ? found : llmobsi_series_overflow(registry, number);
}

llmobsi_cold uint32_t llmobsi_series_get_slow(llmobsi_registry* registry, uint32_t number,
                                              const char* const* values, bool may_wait)
{
    llmobsi_key key;
    uint32_t found;
    llmobsi_key_make(registry, number, values, &key);
    found = llmobsi_series_lookup(registry, number, &key);
    return found != LLMOBS_I_NO_SERIES ? found
                                       : llmobsi_series_new(registry, number, &key, may_wait);
}

/* The series of these label values, as many as the metric has labels. Where it is new, `may_wait`
   says whether the lock may be taken to make it. */
llmobsi_fn uint32_t llmobsi_series_get(llmobsi_registry* registry, uint32_t number,
                                       const char* const* values, bool may_wait)
{
    const llmobsi_metric* metric = &registry->metrics[number];
    uint32_t found;
    if (metric->label_count == 0) {
        return llmobsi_load_relaxed(&metric->first) - 1;
    }
    found = llmobsi_series_quick(registry, number, values);
    return llmobsi_likely(found != LLMOBS_I_NO_SERIES)
               ? found
               : llmobsi_series_get_slow(registry, number, values, may_wait);
}

llmobsi_fn bool llmobsi_series_take_out(llmobsi_registry* registry, uint32_t number,
                                        const char* const* values)
{
    llmobsi_metric* metric = &registry->metrics[number];
    llmobsi_key key;
    uint32_t found;
    llmobsi_key_make(registry, number, values, &key);
    (void)llmobsi_key_repair(registry, number, &key);
    llmobsi_lock_take(&registry->lock);
    found = llmobsi_series_lookup(registry, number, &key);
    if (found != LLMOBS_I_NO_SERIES) {
        llmobsi_store_relaxed(&registry->series[found].state, LLMOBS_I_SERIES_REMOVED);
        llmobsi_store_relaxed(&metric->live, llmobsi_load_relaxed(&metric->live) - 1);
    }
    llmobsi_lock_give(&registry->lock);
    return found != LLMOBS_I_NO_SERIES;
}

/* ---- the account --------------------------------------------------------------------------- */

typedef struct llmobsi_metric_totals {
    uint64_t series;
    uint64_t overflows;
    uint64_t invalid;
    uint64_t saturated;
    uint64_t dropped;
} llmobsi_metric_totals;

llmobsi_fn void llmobsi_metrics_total(const llmobsi_registry* registry,
                                      llmobsi_metric_totals* totals)
{
    uint32_t count = llmobsi_load_acquire(&registry->metric_count);
    uint32_t i;
    memset(totals, 0, sizeof *totals);
    for (i = 0; i < count; i++) {
        const llmobsi_metric* metric = &registry->metrics[i];
        totals->series += llmobsi_load_relaxed(&metric->live) + (metric->label_count == 0);
        totals->overflows += llmobsi_load_relaxed(&metric->overflows);
        totals->invalid += llmobsi_load_relaxed(&metric->invalid);
        totals->saturated += llmobsi_load_relaxed(&metric->saturated);
        totals->dropped += llmobsi_load_relaxed(&metric->dropped);
    }
}

/* ---- fork ---------------------------------------------------------------------------------- */

/* In the child, alone: the metrics and their series stay, their values begin at zero. What another
   thread was just adding when the process forked is put in order from the arrays, or forgotten. */
llmobsi_fn void llmobsi_registry_forked(llmobsi_registry* registry)
{
    uint32_t metrics = llmobsi_load_relaxed(&registry->metric_count);
    uint32_t series = llmobsi_load_relaxed(&registry->series_count);
    uint64_t now = llmobsi_registry_now(registry);
    uint32_t i;
    llmobsi_cells_clear(&registry->cells);
    memset(registry->table, 0, ((size_t)registry->table_mask + 1) * sizeof *registry->table);
    memset(registry->exemplars, 0, registry->exemplar_limit * sizeof *registry->exemplars);
    for (i = 0; i < metrics; i++) {
        llmobsi_metric* metric = &registry->metrics[i];
        llmobsi_store_relaxed(&metric->first, 0);
        metric->last = 0;
        llmobsi_store_relaxed(&metric->live, 0);
        llmobsi_store_relaxed(&metric->overflows, 0);
        llmobsi_store_relaxed(&metric->invalid, 0);
        llmobsi_store_relaxed(&metric->saturated, 0);
        llmobsi_store_relaxed(&metric->dropped, 0);
    }
    for (i = 0; i < series; i++) {
        llmobsi_series* one = &registry->series[i];
        llmobsi_store_relaxed(&one->next, 0);
        one->created_unix_ns = now;
        if (one->metric >= metrics) {
            llmobsi_store_relaxed(&one->state, LLMOBS_I_SERIES_REMOVED);
        } else if (llmobsi_load_relaxed(&one->state) != LLMOBS_I_SERIES_REMOVED) {
            llmobsi_series_link(registry, i);
            if (one->key_size > 0) {
                llmobsi_metric* metric = &registry->metrics[one->metric];
                llmobsi_series_insert(
                    registry, i,
                    llmobsi_key_hash(registry, one->metric, one->key, one->key_size));
                llmobsi_store_relaxed(&metric->live, llmobsi_load_relaxed(&metric->live) + 1);
            }
        }
    }
    llmobsi_store_relaxed(&registry->misused, 0);
    llmobsi_store_relaxed(&registry->labels_cut, 0);
}

/* =================================================================================================
 *  >>define                 record: defining metrics
 * ============================================================================================== */

/* Defining metrics: what a name may be, what Prometheus calls it, and which two can't live side by
   side. */

#define LLMOBS_I_EXPONENTIAL_HEAD 6u /* cells before an exponential histogram's buckets */
#define LLMOBS_I_EXPLICIT_HEAD 3u    /* and before those of one with bounds */
#define LLMOBS_I_FAMILY_MOST (LLMOBS_METRIC_NAME_MAX + 16u)

/* ---- names --------------------------------------------------------------------------------- */

llmobsi_fn bool llmobsi_is_letter(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

llmobsi_fn bool llmobsi_is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

llmobsi_fn bool llmobsi_metric_name_is_valid(const char* name)
{
    size_t i;
    if (name == NULL || !llmobsi_is_letter(name[0])) {
        return false;
    }
    for (i = 1; name[i] != '\0'; i++) {
        bool sign = name[i] == '_' || name[i] == '.' || name[i] == ':' || name[i] == '/' ||
                    name[i] == '-';
        if ((!sign && !llmobsi_is_letter(name[i]) && !llmobsi_is_digit(name[i])) ||
            i == LLMOBS_METRIC_NAME_MAX) {
            return false;
        }
    }
    return true;
}

/* A letter or '_', then digits and '.' too. "__" at the front is Prometheus' own, and so are `le`
   of histograms and the overflow's label. */
llmobsi_fn bool llmobsi_label_name_is_valid(const char* name, bool histogram)
{
    size_t i;
    if (name == NULL || (!llmobsi_is_letter(name[0]) && name[0] != '_') ||
        (name[0] == '_' && (name[1] == '_' || name[1] == '.')) ||
        (histogram && strcmp(name, "le") == 0) || strcmp(name, "otel_metric_overflow") == 0 ||
        strcmp(name, "otel.metric.overflow") == 0) {
        return false;
    }
    for (i = 1; name[i] != '\0'; i++) {
        if ((name[i] != '_' && name[i] != '.' && !llmobsi_is_letter(name[i]) &&
             !llmobsi_is_digit(name[i])) ||
            i == LLMOBS_I_LABEL_MOST) {
            return false;
        }
    }
    return true;
}

/* Whether Prometheus takes two label names for one. */
llmobsi_fn bool llmobsi_label_names_clash(const char* a, const char* b)
{
    while (*a != '\0' && llmobsi_label_byte(*a) == llmobsi_label_byte(*b)) {
        a++;
        b++;
    }
    return *a == *b;
}

/* ---- what Prometheus calls it -------------------------------------------------------------- */

llmobsi_fn bool llmobsi_ends_with(const char* text, size_t size, const char* end)
{
    size_t length = strlen(end);
    return size > length && memcmp(text + size - length, end, length) == 0;
}

llmobsi_fn const char* llmobsi_unit_suffix(const char* unit, llmobs_instrument instrument)
{
    static const char* const units[][2] = {
        {"s", "_seconds"},    {"ms", "_milliseconds"}, {"us", "_microseconds"},
        {"ns", "_nanoseconds"}, {"By", "_bytes"},      {"USD", "_usd"},
        {"Cel", "_celsius"},  {"W", "_watts"},         {"J", "_joules"}};
    size_t i;
    if (strcmp(unit, "1") == 0) {
        return instrument == LLMOBS_GAUGE || instrument == LLMOBS_GAUGE_CALLBACK ? "_ratio" : "";
    }
    for (i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(unit, units[i][0]) == 0) {
            return units[i][1];
        }
    }
    return "";
}

/* The name of the family, a counter's without "_total". Returns its size. */
llmobsi_fn size_t llmobsi_family_name(const llmobs_metric_info* info, const char* unit, char* out)
{
    const char* suffix = llmobsi_unit_suffix(unit, info->instrument);
    size_t size = strlen(info->name);
    size_t i;
    for (i = 0; i < size; i++) {
        char byte = info->name[i];
        out[i] = byte == '.' || byte == '/' || byte == '-' ? '_' : byte;
    }
    if (info->instrument == LLMOBS_COUNTER && llmobsi_ends_with(out, size, "_total")) {
        size -= strlen("_total");
    }
    if (!llmobsi_ends_with(out, size, suffix)) {
        memcpy(out + size, suffix, strlen(suffix));
        size += strlen(suffix);
    }
    return size;
}

/* What samples of an instrument's families are called, after the family's name, which counts
   too. */
llmobsi_fn const char* const* llmobsi_sample_suffixes(uint8_t instrument)
{
    static const char* const of_counter[] = {"", "_total", "_created", NULL};
    static const char* const of_gauge[] = {"", NULL};
    static const char* const of_histogram[] = {"", "_bucket", "_count", "_sum", "_created", NULL};
    return instrument == LLMOBS_COUNTER        ? of_counter
           : instrument >= LLMOBS_HISTOGRAM    ? of_histogram
                                               : of_gauge;
}

/* Whether a + a_end and b + b_end are one text. */
llmobsi_fn bool llmobsi_names_meet(llmobs_string a, const char* a_end, llmobs_string b,
                                   const char* b_end)
{
    size_t a_size = strlen(a_end);
    size_t b_size = strlen(b_end);
    size_t i;
    if (a.size + a_size != b.size + b_size) {
        return false;
    }
    for (i = 0; i < a.size + a_size; i++) {
        char of_a = i < a.size ? a.data[i] : a_end[i - a.size];
        char of_b = i < b.size ? b.data[i] : b_end[i - b.size];
        if (of_a != of_b) {
            return false;
        }
    }
    return true;
}

llmobsi_fn bool llmobsi_families_clash(const llmobsi_metric* a, const llmobsi_metric* b)
{
    const char* const* a_end;
    const char* const* b_end;
    for (a_end = llmobsi_sample_suffixes(a->instrument); *a_end != NULL; a_end++) {
        for (b_end = llmobsi_sample_suffixes(b->instrument); *b_end != NULL; b_end++) {
            if (llmobsi_names_meet(a->family, *a_end, b->family, *b_end)) {
                return true;
            }
        }
    }
    return false;
}

/* ---- values -------------------------------------------------------------------------------- */

#define LLMOBS_I_NANO 1e9

/* What values are compared by: the whole number, or the bits of a double, which are in order as
   long as nothing is negative. */
llmobsi_inline uint64_t llmobsi_key_of_double(uint8_t number, double value)
{
    uint64_t whole;
    if (number == LLMOBS_NUMBER_DOUBLE) {
        return llmobsi_double_bits(value);
    }
    value = number == LLMOBS_NUMBER_NANO ? value * LLMOBS_I_NANO : value;
    if (llmobsi_unlikely(value >= 9223372036854775808.0)) {
        return LLMOBS_I_CELL_MOST + 1; /* 2^63 itself is one too much */
    }
    /* Not value + 0.5, which is rounded itself: of 2^52 + 1 it would be 2^52 + 2. */
    whole = (uint64_t)value;
    return whole + (value - (double)whole >= 0.5);
}

/* A key as the number that it stands for. */
llmobsi_inline double llmobsi_key_value(uint8_t number, uint64_t key)
{
    return number == LLMOBS_NUMBER_DOUBLE ? llmobsi_double_of(key)
           : number == LLMOBS_NUMBER_NANO ? (double)key / LLMOBS_I_NANO
                                          : (double)key;
}

/* A bound as the largest key that is not above it: of whole numbers it is rounded down, but for
   billionths, where 0.1 is meant to be 100000000. */
llmobsi_fn uint64_t llmobsi_key_of_bound(uint8_t number, double bound)
{
    if (number == LLMOBS_NUMBER_INT && bound < 9223372036854775808.0) {
        return (uint64_t)bound;
    }
    return llmobsi_key_of_double(number, bound);
}

llmobsi_fn bool llmobsi_bounds_are_valid(const llmobs_metric_info* info)
{
    size_t i;
    if (info->bound_count == 0 || info->bound_count > LLMOBS_BOUNDS_MAX || info->bounds == NULL) {
        return false;
    }
    for (i = 0; i < info->bound_count; i++) {
        if (!llmobsi_double_is_finite(info->bounds[i]) || info->bounds[i] <= 0.0 ||
            (i > 0 && info->bounds[i] <= info->bounds[i - 1])) {
            return false;
        }
    }
    return true;
}

llmobsi_fn bool llmobsi_range_is_valid(double least, double most)
{
    return llmobsi_double_is_finite(least) && llmobsi_double_is_finite(most) && least > 0.0 &&
           least <= most;
}

/* ---- definitions --------------------------------------------------------------------------- */

llmobsi_fn bool llmobsi_labels_are_valid(const llmobs_metric_info* info)
{
    bool histogram = info->instrument >= LLMOBS_HISTOGRAM;
    size_t i;
    size_t before;
    if (info->label_count > LLMOBS_LABELS_MAX ||
        (info->label_count > 0 &&
         (info->labels == NULL || info->instrument == LLMOBS_GAUGE_CALLBACK))) {
        return false;
    }
    for (i = 0; i < info->label_count; i++) {
        if (!llmobsi_label_name_is_valid(info->labels[i], histogram)) {
            return false;
        }
        for (before = 0; before < i; before++) {
            if (llmobsi_label_names_clash(info->labels[i], info->labels[before])) {
                return false;
            }
        }
    }
    return true;
}

/* Fills in what an info leaves open; false when it makes no sense. */
llmobsi_fn bool llmobsi_info_complete(llmobs_metric_info* info)
{
    info->help = info->help != NULL ? info->help : "";
    info->unit = info->unit != NULL ? info->unit : "";
    if (info->instrument < LLMOBS_COUNTER || info->instrument > LLMOBS_HISTOGRAM_EXPONENTIAL ||
        (unsigned)info->number > (unsigned)LLMOBS_NUMBER_DOUBLE ||
        !llmobsi_metric_name_is_valid(info->name) || !llmobsi_labels_are_valid(info) ||
        strlen(info->help) > 1000 || strlen(info->unit) > 63 ||
        !llmobsi_utf8_is_valid(info->help, strlen(info->help)) ||
        !llmobsi_utf8_is_valid(info->unit, strlen(info->unit))) {
        return false;
    }
    switch (info->instrument) {
    case LLMOBS_GAUGE:
    case LLMOBS_GAUGE_CALLBACK:
        info->number = LLMOBS_NUMBER_DOUBLE;
        return info->instrument == LLMOBS_GAUGE || info->callback != NULL;
    case LLMOBS_HISTOGRAM:
        return llmobsi_bounds_are_valid(info);
    case LLMOBS_HISTOGRAM_EXPONENTIAL:
        if (info->least <= 0.0 && info->most <= 0.0) {
            info->least = info->number == LLMOBS_NUMBER_INT ? 1.0 : 1e-6;
            info->most = info->number == LLMOBS_NUMBER_INT ? 67108864.0 : 4096.0;
        }
        return llmobsi_range_is_valid(info->least, info->most);
    case LLMOBS_COUNTER:
    case LLMOBS_UPDOWN:
        break;
    }
    return info->number != LLMOBS_NUMBER_DOUBLE;
}

llmobsi_fn bool llmobsi_text_copy(llmobsi_registry* registry, const char* text, size_t size,
                                  llmobs_string* out)
{
    char* copy = (char*)llmobsi_registry_take(registry, size + 1);
    if (copy == NULL) {
        return false;
    }
    memcpy(copy, text, size);
    copy[size] = '\0';
    out->data = copy;
    out->size = size;
    return true;
}

llmobsi_fn bool llmobsi_bounds_copy(llmobsi_registry* registry, const llmobs_metric_info* info,
                                    llmobsi_metric* metric)
{
    size_t count = info->instrument == LLMOBS_HISTOGRAM ? info->bound_count : 0;
    double* bounds;
    uint64_t* keys;
    size_t i;
    if (count == 0) {
        return true;
    }
    bounds = (double*)llmobsi_registry_take(registry, count * sizeof *bounds);
    keys = (uint64_t*)llmobsi_registry_take(registry, count * sizeof *keys);
    if (keys == NULL) {
        return false;
    }
    for (i = 0; i < count; i++) {
        bounds[i] = info->bounds[i];
        keys[i] = llmobsi_key_of_bound((uint8_t)info->number, info->bounds[i]);
    }
    metric->bounds = bounds;
    metric->keys = keys;
    metric->bound_count = (uint16_t)count;
    return true;
}

llmobsi_fn bool llmobsi_metric_texts(llmobsi_registry* registry, const llmobs_metric_info* info,
                                     llmobsi_metric* metric)
{
    char family[LLMOBS_I_FAMILY_MOST];
    size_t size = llmobsi_family_name(info, info->unit, family);
    size_t i;
    if (!llmobsi_text_copy(registry, info->name, strlen(info->name), &metric->name) ||
        !llmobsi_text_copy(registry, info->help, strlen(info->help), &metric->help) ||
        !llmobsi_text_copy(registry, info->unit, strlen(info->unit), &metric->unit) ||
        !llmobsi_text_copy(registry, family, size, &metric->family)) {
        return false;
    }
    for (i = 0; i < info->label_count; i++) {
        if (!llmobsi_text_copy(registry, info->labels[i], strlen(info->labels[i]),
                               &metric->labels[i])) {
            return false;
        }
    }
    metric->label_count = (uint16_t)info->label_count;
    return llmobsi_bounds_copy(registry, info, metric);
}

llmobsi_fn uint32_t llmobsi_metric_cells(const llmobsi_metric* metric)
{
    if (metric->instrument == LLMOBS_HISTOGRAM) {
        return LLMOBS_I_EXPLICIT_HEAD + metric->bound_count + 1u;
    }
    return metric->instrument == LLMOBS_HISTOGRAM_EXPONENTIAL
               ? LLMOBS_I_EXPONENTIAL_HEAD + LLMOBS_EXPONENTIAL_BUCKETS
               : 1;
}

/* Everything but what needs the other metrics. */
llmobsi_fn bool llmobsi_metric_fill(llmobsi_registry* registry, const llmobs_metric_info* info,
                                    llmobsi_metric* metric)
{
    memset(metric, 0, sizeof *metric);
    metric->instrument = (uint8_t)info->instrument;
    metric->number = (uint8_t)info->number;
    metric->callback = info->callback;
    metric->callback_user = info->callback_user;
    metric->exemplars = info->exemplars;
    metric->max_series = info->max_series != 0 ? info->max_series : registry->max_series;
    metric->user_label = LLMOBS_I_NO_LABEL;
    if (info->instrument == LLMOBS_HISTOGRAM_EXPONENTIAL) {
        metric->least = info->least;
        metric->most = info->most;
        metric->scale = (int16_t)llmobsi_exponential_scale(info->least, info->most);
    }
    if (!llmobsi_metric_texts(registry, info, metric)) {
        return false;
    }
    metric->cell_count = llmobsi_metric_cells(metric);
    return true;
}

/* A number + 1, or 0. Names are few and looked up seldom. */
llmobsi_fn uint32_t llmobsi_metric_by_name(const llmobsi_registry* registry, const char* name)
{
    uint32_t count = llmobsi_load_acquire(&registry->metric_count);
    size_t size = name != NULL ? strlen(name) : 0;
    uint32_t i;
    for (i = 0; i < count; i++) {
        llmobs_string known = registry->metrics[i].name;
        if (known.size == size && memcmp(known.data, name, size) == 0) {
            return i + 1;
        }
    }
    return 0;
}

/* Whether a definition says the same as the metric of its name. */
llmobsi_fn bool llmobsi_metric_agrees(const llmobsi_metric* metric, const llmobs_metric_info* info)
{
    size_t bound_count = info->instrument == LLMOBS_HISTOGRAM ? info->bound_count : 0;
    size_t i;
    if (strcmp(metric->unit.data, info->unit) != 0 ||
        metric->instrument != (uint8_t)info->instrument ||
        metric->number != (uint8_t)info->number || metric->label_count != info->label_count ||
        metric->bound_count != bound_count || metric->callback != info->callback ||
        metric->callback_user != info->callback_user ||
        (info->instrument == LLMOBS_HISTOGRAM_EXPONENTIAL &&
         metric->scale != llmobsi_exponential_scale(info->least, info->most)) ||
        (bound_count > 0 &&
         memcmp(metric->bounds, info->bounds, bound_count * sizeof *info->bounds) != 0)) {
        return false;
    }
    for (i = 0; i < info->label_count; i++) {
        if (strcmp(metric->labels[i].data, info->labels[i]) != 0) {
            return false;
        }
    }
    return true;
}

/* The metric's series that needs no labels: its only one, or the one for too many. */
llmobsi_fn bool llmobsi_metric_first_series(llmobsi_registry* registry, uint32_t number)
{
    llmobsi_metric* metric = &registry->metrics[number];
    if (metric->instrument == LLMOBS_GAUGE_CALLBACK) {
        return true;
    }
    metric->overflow = llmobsi_series_make(registry, number, NULL);
    return metric->overflow != LLMOBS_I_NO_SERIES;
}

/* Under the lock. A number + 1, or 0. */
llmobsi_fn uint32_t llmobsi_metric_add(llmobsi_registry* registry, const llmobs_metric_info* info,
                                       llmobs_result* result)
{
    uint32_t count = llmobsi_load_relaxed(&registry->metric_count);
    size_t text_used = registry->text_used;
    llmobsi_metric* metric = &registry->metrics[count]; /* there is one more than the limit */
    uint32_t i = llmobsi_metric_by_name(registry, info->name);
    if (i != 0) {
        bool agrees = llmobsi_metric_agrees(&registry->metrics[i - 1], info);
        *result = agrees ? LLMOBS_OK : LLMOBS_ERROR_ARGUMENT;
        return agrees ? i : 0;
    }
    *result = LLMOBS_ERROR_LIMIT;
    if (!llmobsi_metric_fill(registry, info, metric)) {
        registry->text_used = text_used;
        return 0;
    }
    for (i = 0; i < count; i++) {
        if (llmobsi_families_clash(&registry->metrics[i], metric)) {
            registry->text_used = text_used;
            *result = LLMOBS_ERROR_ARGUMENT;
            return 0;
        }
    }
    if (count == registry->metric_limit || !llmobsi_metric_first_series(registry, count)) {
        registry->text_used = text_used;
        return 0;
    }
    llmobsi_store_release(&registry->metric_count, count + 1);
    *result = LLMOBS_OK;
    return count + 1;
}

/* Defines a metric, or finds the one that was defined alike. A number + 1, or 0. */
llmobsi_fn uint32_t llmobsi_metric_define(llmobsi_registry* registry,
                                          const llmobs_metric_info* info, llmobs_result* result)
{
    llmobs_metric_info complete;
    uint32_t number;
    memset(&complete, 0, sizeof complete);
    *result = LLMOBS_ERROR_ARGUMENT;
    if (info == NULL) {
        return 0;
    }
    memcpy(&complete, info,
           info->size != 0 && info->size < sizeof complete ? info->size : sizeof complete);
    if (!llmobsi_info_complete(&complete)) {
        return 0;
    }
    llmobsi_lock_take(&registry->lock);
    number = llmobsi_metric_add(registry, &complete, result);
    llmobsi_lock_give(&registry->lock);
    return number;
}

/* ---- values that a label may have ---------------------------------------------------------- */

llmobsi_fn const llmobsi_allowed* llmobsi_allowed_copy(llmobsi_registry* registry,
                                                       const char* const* values, size_t count)
{
    size_t text_used = registry->text_used;
    llmobsi_allowed* list;
    size_t i;
    if (count > registry->text_bytes / sizeof *list) {
        return NULL;
    }
    list = (llmobsi_allowed*)llmobsi_registry_take(registry, (count + 1) * sizeof *list);
    for (i = 0; list != NULL && i < count; i++) {
        const char* value = values[i] != NULL ? values[i] : "";
        size_t size = llmobsi_utf8_cut(value, strlen(value), registry->label_bytes);
        llmobs_string copy;
        if (!llmobsi_text_copy(registry, value, size, &copy)) {
            registry->text_used = text_used;
            return NULL;
        }
        list[i].text = copy.data;
        list[i].size = (uint32_t)size;
        list[i].hash = (uint32_t)llmobsi_hash64(copy.data, size, registry->seed);
    }
    return list;
}

llmobsi_fn llmobs_result llmobsi_metric_admit(llmobsi_registry* registry, uint32_t number,
                                              const char* label, const char* const* values,
                                              size_t count)
{
    llmobsi_metric* metric = &registry->metrics[number];
    const llmobsi_allowed* list;
    uint32_t i = 0;
    while (i < metric->label_count && strcmp(metric->labels[i].data, label) != 0) {
        i++;
    }
    if (i == metric->label_count) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    if (llmobsi_load_relaxed(&metric->first) != metric->last ||
        metric->last != metric->overflow + 1 || metric->allowed[i] != NULL) {
        return LLMOBS_ERROR_BUSY;
    }
    list = llmobsi_allowed_copy(registry, values, count);
    if (list == NULL) {
        return LLMOBS_ERROR_LIMIT;
    }
    metric->allowed[i] = list;
    metric->allowed_count[i] = (uint32_t)count;
    return LLMOBS_OK;
}

/* =================================================================================================
 *  >>catalogue              record: the metrics that llmobs knows
 * ============================================================================================== */

/* The metrics that llmobs knows, as definitions: LLMOBS_METRICS says it all but for the buckets and
   the labels, which many of them share. */

/* ---- buckets ------------------------------------------------------------------------------- */

#define LLMOBS_I_CATALOGUE_BOUNDS_MOST 22 /* bounds of the longest set */

/* X(name, upper bounds ...). An `le` is part of what a dashboard or a rule asks for, so each set is
   that of the convention or the engine whose names go with it. Exceptions: PHASE goes on where the
   usual 0.1 to 10 s end, since a quantile can't be told above the last bound; VLLM_LENGTH ends at a
   million, where vLLM's ends at the model's context; for CALLS no set is published. */
#define LLMOBS_I_BOUNDS(X)                                                                        \
    X(NONE, 0)                                                                                    \
    X(PHASE, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300)                                 \
    X(TOKENS, 1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216,    \
      67108864)                                                                                   \
    X(OPERATION, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, \
      81.92)                                                                                      \
    X(OUTPUT_TOKEN, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5)        \
    X(FIRST_TOKEN, 0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5,   \
      7.5, 10)                                                                                    \
    X(CALLS, 1, 2, 3, 5, 10, 20, 50, 100, 200, 500)                                               \
    X(VLLM_FIRST_TOKEN, 0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, \
      5, 7.5, 10, 20, 40, 80, 160, 640, 2560)                                                     \
    X(VLLM_TOKEN, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5,  \
      10, 20, 40, 80)                                                                             \
    X(VLLM_REQUEST, 0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480,  \
      960, 1920, 7680)                                                                            \
    X(VLLM_LENGTH, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000,     \
      100000, 200000, 500000, 1000000)                                                            \
    X(VLLM_ITERATION, 1, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384)             \
    X(VLLM_N, 1, 2, 5, 10, 20)                                                                    \
    X(VLLM_BLOCK, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60,  \
      120, 300, 600, 1200, 1800)

typedef enum llmobsi_bounds_set {
#define LLMOBS_I_BOUNDS_ID(name, ...) LLMOBS_I_BOUNDS_##name,
    LLMOBS_I_BOUNDS(LLMOBS_I_BOUNDS_ID)
#undef LLMOBS_I_BOUNDS_ID
    LLMOBS_I_BOUNDS_COUNT
} llmobsi_bounds_set;

/* One more than the longest set, so that a 0 ends each. */
static const double llmobsi_bounds[LLMOBS_I_BOUNDS_COUNT][LLMOBS_I_CATALOGUE_BOUNDS_MOST + 1] = {
#define LLMOBS_I_BOUNDS_ROW(name, ...) {__VA_ARGS__},
    LLMOBS_I_BOUNDS(LLMOBS_I_BOUNDS_ROW)
#undef LLMOBS_I_BOUNDS_ROW
};

/* ---- labels -------------------------------------------------------------------------------- */

/* X(name, the set that stands for it without user ids, labels ...). */
#define LLMOBS_I_LABELS(X)                                                                        \
    X(NONE, NONE, NULL)                                                                           \
    X(TOKENS_BY_USER, TOKENS, "model", "direction", "user_id", "feature")                         \
    X(TOKENS, TOKENS, "model", "direction", "feature")                                            \
    X(COST_BY_USER, COST, "model", "user_id", "feature")                                          \
    X(COST, COST, "model", "feature")                                                             \
    X(PHASE, PHASE, "phase")                                                                      \
    X(GUARDRAIL, GUARDRAIL, "rule", "action")                                                     \
    X(FEATURE, FEATURE, "feature")                                                                \
    X(GENAI_CALL, GENAI_CALL, "gen_ai.operation.name", "gen_ai.provider.name",                    \
      "gen_ai.request.model", "gen_ai.response.model", "server.address", "server.port")           \
    X(GENAI_OPERATION, GENAI_OPERATION, "gen_ai.operation.name", "gen_ai.provider.name",          \
      "gen_ai.request.model", "gen_ai.response.model", "server.address", "server.port",           \
      "error.type")                                                                               \
    X(GENAI_TOKEN, GENAI_TOKEN, "gen_ai.operation.name", "gen_ai.provider.name",                  \
      "gen_ai.request.model", "gen_ai.response.model", "server.address", "server.port",           \
      "gen_ai.token.type")                                                                        \
    X(GENAI_USAGE, GENAI_USAGE, "gen_ai.operation.name", "gen_ai.provider.name",                  \
      "gen_ai.request.model", "gen_ai.response.model", "server.address", "server.port",           \
      "gen_ai.token.modality")                                                                    \
    X(GENAI_AGENT, GENAI_AGENT, "gen_ai.agent.name", "error.type")                                \
    X(GENAI_AGENT_CALLS, GENAI_AGENT_CALLS, "gen_ai.agent.name")                                  \
    X(GENAI_TOOL, GENAI_TOOL, "gen_ai.operation.name", "gen_ai.tool.name", "error.type")          \
    X(GENAI_WORKFLOW, GENAI_WORKFLOW, "gen_ai.workflow.name", "error.type")                       \
    X(ENGINE, ENGINE, "model_name", "engine")                                                     \
    X(ENGINE_REASON, ENGINE_REASON, "model_name", "engine", "reason")                             \
    X(ENGINE_SLEEP, ENGINE_SLEEP, "model_name", "engine", "sleep_state")                          \
    X(ENGINE_SOURCE, ENGINE_SOURCE, "model_name", "engine", "source")                             \
    X(ENGINE_FINISH, ENGINE_FINISH, "model_name", "engine", "finished_reason")                    \
    X(ENGINE_POSITION, ENGINE_POSITION, "model_name", "engine", "position")                       \
    X(POSITION, POSITION, "position")

typedef enum llmobsi_label_set {
#define LLMOBS_I_LABELS_ID(name, without, ...) LLMOBS_I_LABELS_##name,
    LLMOBS_I_LABELS(LLMOBS_I_LABELS_ID)
#undef LLMOBS_I_LABELS_ID
    LLMOBS_I_LABELS_COUNT
} llmobsi_label_set;

static const char* const llmobsi_label_sets[LLMOBS_I_LABELS_COUNT][LLMOBS_LABELS_MAX] = {
#define LLMOBS_I_LABELS_ROW(name, without, ...) {__VA_ARGS__},
    LLMOBS_I_LABELS(LLMOBS_I_LABELS_ROW)
#undef LLMOBS_I_LABELS_ROW
};

static const uint8_t llmobsi_label_sets_without_user[LLMOBS_I_LABELS_COUNT] = {
#define LLMOBS_I_LABELS_WITHOUT(name, without, ...) LLMOBS_I_LABELS_##without,
    LLMOBS_I_LABELS(LLMOBS_I_LABELS_WITHOUT)
#undef LLMOBS_I_LABELS_WITHOUT
};

/* ---- definitions --------------------------------------------------------------------------- */

#define LLMOBS_I_IN_LLM LLMOBS_FAMILY_LLM
#define LLMOBS_I_IN_GENAI_1_41 LLMOBS_FAMILY_GENAI_1_41
#define LLMOBS_I_IN_GENAI LLMOBS_FAMILY_GENAI
#define LLMOBS_I_IN_GENAI_BOTH (LLMOBS_FAMILY_GENAI_1_41 | LLMOBS_FAMILY_GENAI)
#define LLMOBS_I_IN_VLLM LLMOBS_FAMILY_VLLM
#define LLMOBS_I_IN_LLAMACPP LLMOBS_FAMILY_LLAMACPP

typedef struct llmobsi_known_metric {
    const char* name;
    const char* unit;
    const char* help;
    uint8_t family; /* bits: one definition may serve two families */
    uint8_t instrument;
    uint8_t number;
    uint8_t bounds;
    uint8_t labels;
} llmobsi_known_metric;

static const llmobsi_known_metric llmobsi_known_metrics[LLMOBS_KNOWN_COUNT] = {
#define LLMOBS_I_KNOWN(id, family, name, unit, instrument, number, bounds, labels, help)           \
    {name, unit, help, LLMOBS_I_IN_##family, LLMOBS_##instrument, LLMOBS_NUMBER_##number,         \
     LLMOBS_I_BOUNDS_##bounds, LLMOBS_I_LABELS_##labels},
    LLMOBS_METRICS(LLMOBS_I_KNOWN)
#undef LLMOBS_I_KNOWN
};

llmobsi_fn const char* const* llmobsi_catalogue_labels(llmobs_known known, bool user_ids)
{
    uint8_t set = llmobsi_known_metrics[known].labels;
    return llmobsi_label_sets[user_ids ? set : llmobsi_label_sets_without_user[set]];
}

/* The families it belongs to, LLMOBS_FAMILY_*. */
llmobsi_fn uint32_t llmobsi_catalogue_family(llmobs_known known)
{
    return llmobsi_known_metrics[known].family;
}

/* Fills a whole definition; without user_ids the label user_id is left out. */
llmobsi_fn void llmobsi_catalogue_info(llmobs_known known, bool user_ids, llmobs_metric_info* info)
{
    const llmobsi_known_metric* metric = &llmobsi_known_metrics[known];
    *info = llmobs_metric_info_default();
    info->name = metric->name;
    info->unit = metric->unit;
    info->help = metric->help;
    info->instrument = (llmobs_instrument)metric->instrument;
    info->number = (llmobs_number)metric->number;
    info->labels = llmobsi_catalogue_labels(known, user_ids);
    while (info->label_count < LLMOBS_LABELS_MAX && info->labels[info->label_count] != NULL) {
        info->label_count++;
    }
    info->bounds = llmobsi_bounds[metric->bounds];
    while (info->bounds[info->bound_count] > 0.0) {
        info->bound_count++;
    }
    /* Which request was that slow, or that dear? */
    info->exemplars = info->instrument == LLMOBS_HISTOGRAM || known == LLMOBS_METRIC_LLM_COST;
}

/* The place of the label that is a user's id and becomes a pseudonym; LLMOBS_I_NO_LABEL: none. */
llmobsi_fn int llmobsi_catalogue_user_label(llmobs_known known, bool user_ids)
{
    const char* const* labels = llmobsi_catalogue_labels(known, user_ids);
    int place;
    for (place = 0; place < LLMOBS_LABELS_MAX && labels[place] != NULL; place++) {
        if (strcmp(labels[place], "user_id") == 0) {
            return place;
        }
    }
    return LLMOBS_I_NO_LABEL;
}

/* =================================================================================================
 *  >>thread                 record: recording threads: attach, busy flag, grace, fork
 * ============================================================================================== */

/* How a thread enters an instance, and how an instance is closed under threads that still record.

   Handles carry a ticket: the place of an instance in a static table, and a generation. Every
   recording thread owns a control block in static memory (so that it outlives every instance)
   with a busy flag, raised for the length of each recording call, and the tickets of the
   instances that it has attached to. To shut recorders out, a closer takes the tickets away,
   makes every processor see it (membarrier) and waits until each busy flag was seen down once: a
   grace period. So a recording call costs two plain stores, and no closed memory is ever
   touched. */

#ifndef LLMOBS_MAX_INSTANCES
#define LLMOBS_MAX_INSTANCES 8 /* a power of two */
#endif
#ifndef LLMOBS_MAX_CONTROLS
#define LLMOBS_MAX_CONTROLS 1024 /* threads that record at one time, into all instances together */
#endif

LLMOBS_I_STATIC_ASSERT(instances, (LLMOBS_MAX_INSTANCES & (LLMOBS_MAX_INSTANCES - 1)) == 0);

#define LLMOBS_I_PLACE(ticket) ((ticket) & (uint32_t)(LLMOBS_MAX_INSTANCES - 1))

#define LLMOBS_I_CACHED_SLOTS 64u
#define LLMOBS_I_CACHED_NAMES 256u
#define LLMOBS_I_CACHED_WAYS 4u

/* Who a thread record belongs to. */
#define LLMOBS_I_THREAD_FREE 0u
#define LLMOBS_I_THREAD_OWNED 1u
#define LLMOBS_I_THREAD_DEAD 2u  /* its thread has ended; what it left waits for an heir */
#define LLMOBS_I_THREAD_SWEPT 3u /* and for this moment the tick is at it */
#define LLMOBS_I_CLAIM_TRIES 1000 /* for a record that the tick will have done with at once */

typedef struct llmobsi_cached_name {
    const char* text;
    uint32_t id;
} llmobsi_cached_name;

/* What one thread counts in one instance. Its owner alone writes, stats read. */
typedef struct llmobsi_thread_counts {
    llmobsi_atomic64 started; /* spans, sampled ones, dropped ones included */
    llmobsi_atomic64 ended;
    llmobsi_atomic64 unsampled;
    llmobsi_atomic64 dropped_pool;
    llmobsi_atomic64 dropped_parent;
    llmobsi_atomic64 inert_calls;
    llmobsi_atomic64 attributes_dropped;
    llmobsi_atomic64 events_dropped;
    llmobsi_atomic64 links_dropped;
    llmobsi_atomic64 values_truncated;
    llmobsi_atomic64 bad_traceparents;
} llmobsi_thread_counts;

struct llmobsi_recorder;

/* One thread's part of an instance's memory. When its thread ends, it is inherited as it is:
   ring, free slots and counts. */
typedef struct llmobsi_thread {
    struct llmobsi_recorder* recorder;
    llmobsi_row row; /* cells of metrics: owner; readers read */
    llmobsi_slot* slots; /* the pool's, copied here to be near */
    uint32_t slot_mask;
    uint32_t number;
    uint64_t random[4]; /* owner */
    uint32_t cache_next;  /* owner; the tick, when it has claimed a dead record */
    uint32_t cache_end;
    llmobsi_ring ring; /* owner pushes, the tick pops */
    llmobsi_thread_counts counts;
    llmobsi_atomic32 state; /* by compare-and-swap: threads that attach, end; the tick */
    uint32_t cache[LLMOBS_I_CACHED_SLOTS];
    llmobsi_cached_name names[LLMOBS_I_CACHED_NAMES];
} llmobsi_thread;

/* What recorders need of an instance. The layers above hold it as the first part of theirs. */
typedef struct llmobsi_recorder {
    uint32_t ticket;
    uint32_t cache_size; /* most free slots that a thread may hold back */
    uint32_t value_bytes;
    uint32_t span_parts;
    uint64_t threshold; /* head sampling: rejects trace ids below it */
    bool distrust_remote;
    bool spans_on;
    llmobs_random random;
    llmobsi_timeline timeline;
    llmobsi_names names;
    llmobsi_pool pool;
    llmobsi_thread* threads;
    uint32_t thread_count; /* max_threads */
    llmobsi_registry registry;
    uint32_t known[LLMOBS_KNOWN_COUNT]; /* of the catalogue: metric + 1, 0: switched off */
    llmobsi_atomic32 threads_used; /* records ever claimed are below it */
    /* Set by the layers above: called once in a child after fork, by its first thread to come. */
    void (*after_fork)(struct llmobsi_recorder* recorder);
} llmobsi_recorder;

/* A place for an instance; static, so that late callers find it. */
typedef struct llmobsi_place {
    llmobsi_atomic32 ticket;    /* of the open instance here, 0: none. Open and close write      */
    llmobsi_atomic32 claimed;   /* open and close: the place is in use                           */
    llmobsi_atomic32 forked;    /* in a child: 1, still the parent's instance; 2, being mended    */
    llmobsi_atomic32 exporting; /* the same ticket, until the instance is closed for good        */
    llmobsi_atomic32 users;     /* calls inside that may take long (flush, stats): close waits   */
    llmobsi_recorder* recorder; /* written before the ticket is published                        */
    llmobsi_atomic64 dropped[LLMOBS_DROP_COUNT]; /* spans lost on the way in: any thread adds    */
} llmobsi_place;

typedef struct llmobsi_use {
    llmobsi_atomic32 ticket; /* its thread sets it, a closer clears it */
    uint32_t callback; /* its thread alone: the ticket while it runs a callback of the instance */
    llmobsi_thread* thread;  /* its thread alone */
} llmobsi_use;

typedef struct llmobsi_control {
    llmobsi_use uses[LLMOBS_MAX_INSTANCES]; /* first: one instruction less to reach them */
    llmobsi_atomic32 busy; /* its thread writes; closers and the tick read */
    llmobsi_atomic32 owned;
} __attribute__((aligned(64))) llmobsi_control;

/* All static state of a copy of this library. */
static llmobsi_place llmobsi_places[LLMOBS_MAX_INSTANCES];
static llmobsi_control llmobsi_controls[LLMOBS_MAX_CONTROLS];
static llmobsi_atomic32 llmobsi_controls_used; /* controls ever owned are below it */
static bool llmobsi_has_membarrier;            /* written before the first instance opens */
static pthread_key_t llmobsi_thread_key;       /* its destructor gives a thread's records back */
static bool llmobsi_thread_key_made;
static pthread_once_t llmobsi_process_once = PTHREAD_ONCE_INIT;
static __thread llmobsi_control* llmobsi_self LLMOBS_TLS_MODEL;

/* Where a thread keeps the id of a name that is known by its address: at one of four places that
   differ in their lowest bits, and stand in one cache line or two. */
llmobsi_inline llmobsi_cached_name* llmobsi_name_place(llmobsi_thread* thread, const char* text,
                                                       uint32_t way)
{
    uint64_t mixed = (uint64_t)(uintptr_t)text * UINT64_C(0x9e3779b97f4a7c15);
    return &thread->names[(uint32_t)(mixed >> 56) ^ way];
}

/* Looks at the first two of them; NULL when it is at neither. */
llmobsi_inline const llmobsi_cached_name* llmobsi_name_find(llmobsi_thread* thread,
                                                            const char* text)
{
    const llmobsi_cached_name* cached = llmobsi_name_place(thread, text, 0);
    if (llmobsi_unlikely(cached->text != text)) {
        cached = llmobsi_name_place(thread, text, 1);
        cached = cached->text == text ? cached : NULL;
    }
    /* A name is known by its address: what stands there must not have changed. */
    LLMOBS_ASSERT(cached == NULL || text == NULL ||
                  llmobsi_names_id(&thread->recorder->names, text, strlen(text)) == cached->id);
    return cached;
}

/* ---- the busy flag ------------------------------------------------------------------------- */

llmobsi_inline void llmobsi_raise(llmobsi_control* self)
{
    if (!LLMOBS_I_TSAN && llmobsi_likely(llmobsi_has_membarrier)) {
        /* Plain: the closer's membarrier makes it visible. */
        llmobsi_store_relaxed(&self->busy, 1);
        llmobsi_compiler_barrier();
    } else {
        (void)llmobsi_exchange_ordered(&self->busy, 1);
    }
}

llmobsi_inline void llmobsi_lower(llmobsi_control* self)
{
    llmobsi_store_release(&self->busy, 0);
}

/* ---- cancellation -------------------------------------------------------------------------- */

/* pthread_cancel must not end a thread that holds what others wait for: where a call may come to
   one of its points (locks, random bytes), it is put off. Returns what llmobsi_cancel_resume
   wants back. */
llmobsi_fn int llmobsi_cancel_hold(void)
{
    int before = 0;
#if !defined(__ANDROID__)
    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
#endif
    return before;
}

llmobsi_fn void llmobsi_cancel_resume(int before)
{
#if !defined(__ANDROID__)
    (void)pthread_setcancelstate(before, NULL);
#else
    (void)before;
#endif
}

/* ---- attaching ----------------------------------------------------------------------------- */

llmobsi_fn void llmobsi_raise_max(llmobsi_atomic32* place, uint32_t value)
{
    uint32_t seen = llmobsi_load_acquire(place); /* as if we had raised it: see llmobsi_grace */
    while (seen < value && !llmobsi_cas_ordered(place, &seen, value)) {
    }
}

/* A control block for a thread that has none. NULL: too many threads. */
llmobsi_cold llmobsi_control* llmobsi_control_claim(void)
{
    uint32_t i;
    for (i = 0; i < LLMOBS_MAX_CONTROLS; i++) {
        uint32_t free_mark = 0;
        llmobsi_control* control = &llmobsi_controls[i];
        if (llmobsi_load_relaxed(&control->owned) == 0 &&
            llmobsi_cas_ordered(&control->owned, &free_mark, 1)) {
            llmobsi_control* none = NULL;
            llmobsi_raise_max(&llmobsi_controls_used, i + 1);
            /* A signal handler may have been here meanwhile: one instruction, one of us. */
            if (!llmobsi_cas_acquire_release(&llmobsi_self, &none, control)) {
                llmobsi_store_release(&control->owned, 0);
                return none;
            }
            (void)pthread_setspecific(llmobsi_thread_key, control);
            return control;
        }
    }
    return NULL;
}

/* Claims a thread record: a new one, or what a thread that has ended left. NULL: all are in use. */
llmobsi_cold llmobsi_thread* llmobsi_thread_claim(llmobsi_recorder* recorder)
{
    uint32_t i;
    uint32_t attempt;
    for (attempt = 0; attempt < LLMOBS_I_CLAIM_TRIES; attempt++) {
        bool swept = false;
        for (i = 0; i < recorder->thread_count; i++) {
            llmobsi_thread* thread = &recorder->threads[i];
            uint32_t state = llmobsi_load_relaxed(&thread->state);
            if ((state == LLMOBS_I_THREAD_FREE || state == LLMOBS_I_THREAD_DEAD) &&
                llmobsi_cas_acquire_release(&thread->state, &state, LLMOBS_I_THREAD_OWNED)) {
                llmobsi_raise_max(&recorder->threads_used, i + 1);
                return thread;
            }
            swept |= state == LLMOBS_I_THREAD_SWEPT;
        }
        if (!swept) {
            break;
        }
        (void)sched_yield();
    }
    return NULL;
}

/* Makes a record that has never been used ready: its own random sequence for ids, and the id of the
   one name that an empty cache seems to have, which is NULL. */
llmobsi_cold bool llmobsi_thread_seed(llmobsi_thread* thread)
{
    const llmobs_random* random = &thread->recorder->random;
    uint32_t way;
    if ((thread->random[0] | thread->random[1] | thread->random[2] | thread->random[3]) != 0) {
        return true;
    }
    if (random->fill != NULL ? !random->fill(random->user, thread->random, sizeof thread->random)
                             : !llmobsi_random_bytes(thread->random, sizeof thread->random)) {
        memset(thread->random, 0, sizeof thread->random);
        return false;
    }
    thread->random[0] |= 1; /* the generator must not be all zero */
    for (way = 0; way < LLMOBS_I_CACHED_WAYS; way++) {
        llmobsi_cached_name* cached = llmobsi_name_place(thread, NULL, way);
        cached->id = cached->text == NULL ? LLMOBS_I_NAME_UNNAMED : cached->id;
    }
    return true;
}

/* In the child of a fork: the instance's memory is a copy of the parent's, and it is the parent
   that exports what is in it. The first to come here makes the copy an empty instance. */
llmobsi_cold bool llmobsi_place_mend(llmobsi_place* place)
{
    uint32_t forked = 1;
    if (llmobsi_load_acquire(&place->forked) == 0) {
        return true;
    }
    if (!llmobsi_cas_ordered(&place->forked, &forked, 2)) {
        return forked == 0;
    }
    place->recorder->after_fork(place->recorder);
    llmobsi_store_release(&place->forked, 0);
    return true;
}

/* Lets this thread record into an open instance. Its busy flag is up, raised with an ordered
   exchange: so either the ticket is seen gone here, or the closer waits for us. */
llmobsi_cold llmobsi_thread* llmobsi_attach(llmobsi_control* self, uint32_t ticket,
                                            llmobs_drop* why)
{
    llmobsi_place* place = &llmobsi_places[LLMOBS_I_PLACE(ticket)];
    llmobsi_use* use = &self->uses[LLMOBS_I_PLACE(ticket)];
    llmobsi_thread* thread;
    *why = LLMOBS_DROP_COUNT;
    if (llmobsi_load_ordered(&place->ticket) != ticket) {
        return NULL;
    }
    if (llmobsi_load_relaxed(&use->ticket) == ticket) {
        return use->thread; /* a signal handler has done it, just before the flag was up */
    }
    *why = LLMOBS_DROP_SELF;
    if (use->callback == ticket) {
        return NULL;
    }
    *why = LLMOBS_DROP_FORK;
    if (!llmobsi_place_mend(place)) {
        return NULL;
    }
    *why = LLMOBS_DROP_THREADS;
    thread = llmobsi_thread_claim(place->recorder);
    if (thread == NULL || !llmobsi_thread_seed(thread)) {
        if (thread != NULL) {
            llmobsi_store_release(&thread->state, LLMOBS_I_THREAD_DEAD);
        }
        return NULL;
    }
    use->thread = thread;
    llmobsi_store_ordered(&use->ticket, ticket);
    if (llmobsi_load_ordered(&place->ticket) != ticket) {
        /* Closed meanwhile. The closer may have cleared this use before it was set. */
        llmobsi_store_ordered(&use->ticket, 0);
        llmobsi_store_release(&thread->state, LLMOBS_I_THREAD_DEAD);
        *why = LLMOBS_DROP_COUNT;
        return NULL;
    }
    return thread;
}

/* Why a thread can't come in: LLMOBS_DROP_COUNT when the instance is not open, and nothing is
   lost. On success the busy flag is up. */
llmobsi_cold llmobsi_thread* llmobsi_enter_anew(uint32_t ticket, llmobs_drop* why)
{
    llmobsi_control* self = llmobsi_self;
    llmobsi_thread* thread;
    int cancel;
    *why = LLMOBS_DROP_COUNT;
    if (ticket == 0 ||
        llmobsi_load_acquire(&llmobsi_places[LLMOBS_I_PLACE(ticket)].ticket) != ticket) {
        return NULL;
    }
    if (self != NULL && llmobsi_load_relaxed(&self->busy) != 0) {
        *why = LLMOBS_DROP_SIGNAL;
        return NULL;
    }
    if (self == NULL) {
        self = llmobsi_control_claim();
    }
    if (self == NULL) {
        *why = LLMOBS_DROP_THREADS;
        return NULL;
    }
    cancel = llmobsi_cancel_hold();
    (void)llmobsi_exchange_ordered(&self->busy, 1);
    thread = llmobsi_attach(self, ticket, why);
    if (thread == NULL) {
        llmobsi_lower(self);
    }
    llmobsi_cancel_resume(cancel);
    return thread;
}

/* Comes in to record something of a span that exists: what can't come in is inert. */
llmobsi_cold llmobsi_thread* llmobsi_enter_late(uint32_t ticket)
{
    llmobs_drop why;
    return llmobsi_enter_anew(ticket, &why);
}

/* Comes in to begin a span: when that fails, it is counted with the instance, in static memory. */
llmobsi_cold llmobsi_thread* llmobsi_enter_to_begin_late(uint32_t ticket)
{
    llmobs_drop why;
    llmobsi_thread* thread = llmobsi_enter_anew(ticket, &why);
    if (thread == NULL && why != LLMOBS_DROP_COUNT) {
        (void)llmobsi_add_relaxed(&llmobsi_places[LLMOBS_I_PLACE(ticket)].dropped[why], 1);
    }
    return thread;
}

/* The way in that nearly every recording call goes. NULL: go the long way. Otherwise the busy flag
   is up, the instance stays until it is lowered, and the record is this thread's own. No call is
   made here, so that a caller that makes none either has no registers to save. */
llmobsi_inline llmobsi_thread* llmobsi_enter_quick(llmobsi_control* self, uint32_t ticket)
{
    llmobsi_use* use;
    if (llmobsi_unlikely(self == NULL || ticket == 0 || llmobsi_load_relaxed(&self->busy) != 0)) {
        return NULL;
    }
    llmobsi_raise(self);
    use = &self->uses[LLMOBS_I_PLACE(ticket)];
    if (llmobsi_likely(llmobsi_load_relaxed(&use->ticket) == ticket)) {
        return use->thread;
    }
    llmobsi_lower(self);
    return NULL;
}

/* The whole way in. NULL: record nothing. Otherwise llmobsi_leave must follow. */
llmobsi_inline llmobsi_thread* llmobsi_enter_by(uint32_t ticket,
                                                llmobsi_thread* (*late)(uint32_t ticket))
{
    llmobsi_thread* thread;
    if (ticket == 0) {
        return NULL;
    }
    thread = llmobsi_enter_quick(llmobsi_self, ticket);
    return llmobsi_likely(thread != NULL) ? thread : late(ticket);
}

llmobsi_inline llmobsi_thread* llmobsi_enter(uint32_t ticket)
{
    return llmobsi_enter_by(ticket, llmobsi_enter_late);
}

llmobsi_inline llmobsi_thread* llmobsi_enter_to_begin(uint32_t ticket)
{
    return llmobsi_enter_by(ticket, llmobsi_enter_to_begin_late);
}

llmobsi_inline void llmobsi_leave(void)
{
    llmobsi_lower(llmobsi_self);
}

/* ---- leaving for good ---------------------------------------------------------------------- */

/* A thread ends: its records wait for an heir. Runs as a pthread key's destructor. */
llmobsi_fn void llmobsi_thread_ended(void* value)
{
    llmobsi_control* self = (llmobsi_control*)value;
    uint32_t i;
    (void)llmobsi_exchange_ordered(&self->busy, 1);
    for (i = 0; i < LLMOBS_MAX_INSTANCES; i++) {
        llmobsi_use* use = &self->uses[i];
        if (llmobsi_load_ordered(&use->ticket) != 0) {
            llmobsi_store_relaxed(&use->ticket, 0);
            llmobsi_store_release(&use->thread->state, LLMOBS_I_THREAD_DEAD);
        }
    }
    llmobsi_self = NULL;
    llmobsi_lower(self);
    llmobsi_store_release(&self->owned, 0);
}

/* In the child: the other threads are gone, and what they held with them. No lock, no
   allocation, no system call; the rest is done by the first call that comes. */
llmobsi_fn void llmobsi_forked(void)
{
    uint32_t i;
    llmobsi_parking_forked();
    for (i = 0; i < llmobsi_load_relaxed(&llmobsi_controls_used); i++) {
        llmobsi_control* control = &llmobsi_controls[i];
        uint32_t owned = control == llmobsi_self;
        memset(control, 0, sizeof *control);
        llmobsi_store_relaxed(&control->owned, owned);
    }
    for (i = 0; i < LLMOBS_MAX_INSTANCES; i++) {
        if (llmobsi_load_relaxed(&llmobsi_places[i].ticket) != 0) {
            llmobsi_store_relaxed(&llmobsi_places[i].forked, 1);
            llmobsi_store_relaxed(&llmobsi_places[i].users, 0);
            memset(llmobsi_places[i].dropped, 0, sizeof llmobsi_places[i].dropped);
        }
    }
}

llmobsi_fn void llmobsi_process_start(void)
{
    llmobsi_has_membarrier = llmobsi_membarrier_register();
    llmobsi_thread_key_made = pthread_key_create(&llmobsi_thread_key, llmobsi_thread_ended) == 0 &&
                              pthread_atfork(NULL, NULL, llmobsi_forked) == 0;
}

/* Once a copy; false if the system has no thread key left. */
llmobsi_fn bool llmobsi_process_ready(void)
{
    (void)pthread_once(&llmobsi_process_once, llmobsi_process_start);
    return llmobsi_thread_key_made;
}

/* When a shared object that holds this copy is unloaded, threads that live on must not run its
   code at their end. */
__attribute__((destructor)) static void llmobsi_process_unload(void)
{
    if (llmobsi_thread_key_made) {
        llmobsi_thread_key_made = false;
        (void)pthread_key_delete(llmobsi_thread_key);
    }
}

/* ---- grace --------------------------------------------------------------------------------- */

/* Waits until every other thread has been seen outside a recording call: whatever such a call
   saw before, it is done with. False when the deadline (monotonic) came first. Not inside a
   recording call. */
llmobsi_fn bool llmobsi_grace(uint64_t deadline_ns)
{
    uint32_t used;
    uint32_t i;
    if (!LLMOBS_I_TSAN && llmobsi_has_membarrier && !llmobsi_membarrier()) {
        return false;
    }
    used = llmobsi_add_ordered(&llmobsi_controls_used, 0);
    for (i = 0; i < used; i++) {
        llmobsi_control* control = &llmobsi_controls[i];
        /* Asked by an addition: where the flag is raised by an exchange, one of the two comes
           second, and knows what the first knew. Either we see the flag up, or its thread sees,
           by relaxed loads even, what we did before. A mere load would promise neither. So it is
           with the number of controls: whose is not among them yet comes second. */
        while (control != llmobsi_self && llmobsi_add_ordered(&control->busy, 0) != 0) {
            if (llmobsi_monotonic_ns() >= deadline_ns) {
                return false;
            }
            (void)sched_yield();
        }
    }
    return true;
}

/* Takes every thread's ticket away: from here on all calls with it find the door shut. */
llmobsi_fn void llmobsi_shut(uint32_t ticket)
{
    uint32_t used = llmobsi_load_ordered(&llmobsi_controls_used);
    uint32_t i;
    for (i = 0; i < used; i++) {
        uint32_t held = ticket;
        (void)llmobsi_cas_ordered(&llmobsi_controls[i].uses[LLMOBS_I_PLACE(ticket)].ticket, &held,
                                  0);
    }
}

/* ---- callbacks ----------------------------------------------------------------------------- */

/* What a callback's end puts back. */
typedef struct llmobsi_callback {
    uint32_t ticket;
    uint32_t held; /* the thread's ticket before, 0 if it had not attached */
} llmobsi_callback;

/* Marks this thread as inside a callback of an instance: what it records there is dropped, or
   every export would cause another. */
llmobsi_fn llmobsi_callback llmobsi_callback_begin(uint32_t ticket)
{
    llmobsi_control* self = llmobsi_self != NULL ? llmobsi_self : llmobsi_control_claim();
    llmobsi_callback callback;
    callback.ticket = ticket;
    callback.held = 0;
    if (self != NULL) {
        llmobsi_use* use = &self->uses[LLMOBS_I_PLACE(ticket)];
        use->callback = ticket;
        callback.held = llmobsi_exchange_ordered(&use->ticket, 0);
    }
    return callback;
}

llmobsi_fn void llmobsi_callback_end(const llmobsi_callback* callback)
{
    llmobsi_control* self = llmobsi_self;
    uint32_t ticket = callback->ticket;
    llmobsi_use* use;
    if (self == NULL || self->uses[LLMOBS_I_PLACE(ticket)].callback != ticket) {
        return; /* the callback forked, and this is the child */
    }
    use = &self->uses[LLMOBS_I_PLACE(ticket)];
    use->callback = 0;
    if (callback->held == ticket) {
        /* As in llmobsi_attach: a closer may have been here meanwhile. */
        uint32_t busy = llmobsi_exchange_ordered(&self->busy, 1);
        llmobsi_store_ordered(&use->ticket, ticket);
        if (llmobsi_load_ordered(&llmobsi_places[LLMOBS_I_PLACE(ticket)].ticket) != ticket) {
            llmobsi_store_ordered(&use->ticket, 0);
        }
        llmobsi_store_release(&self->busy, busy); /* up where a handler of the host's called us */
    }
}

llmobsi_fn bool llmobsi_in_callback(uint32_t ticket)
{
    return llmobsi_self != NULL && ticket != 0 &&
           llmobsi_self->uses[LLMOBS_I_PLACE(ticket)].callback == ticket;
}

/* ---- slots and random numbers of a thread -------------------------------------------------- */

llmobsi_inline uint64_t llmobsi_rotate_left(uint64_t value, int count)
{
    return (value << count) | (value >> (64 - count));
}

/* xoshiro256++ (Blackman and Vigna, 2019): ids must be unique, not secret. */
llmobsi_inline uint64_t llmobsi_random_next(llmobsi_thread* thread)
{
    uint64_t* s = thread->random;
    uint64_t result = llmobsi_rotate_left(s[0] + s[3], 23) + s[0];
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = llmobsi_rotate_left(s[3], 45);
    return result;
}

/* A 64-bit id; zero means "none" in W3C, so it is never given. */
llmobsi_inline uint64_t llmobsi_random_id(llmobsi_thread* thread)
{
    uint64_t id = llmobsi_random_next(thread);
    return llmobsi_likely(id != 0) ? id : 1;
}

llmobsi_cold bool llmobsi_slots_refill(llmobsi_thread* thread)
{
    thread->cache_next = 0;
    thread->cache_end =
        llmobsi_pool_take(&thread->recorder->pool, thread->cache, thread->recorder->cache_size);
    return thread->cache_end != 0;
}

/* A free slot's number. False: the pool is empty. */
llmobsi_inline bool llmobsi_slot_take(llmobsi_thread* thread, uint32_t* index)
{
    if (llmobsi_unlikely(thread->cache_next == thread->cache_end) &&
        !llmobsi_slots_refill(thread)) {
        return false;
    }
    *index = thread->cache[thread->cache_next++];
    if (thread->cache_next != thread->cache_end) {
        /* The tick has read it last, on another processor: ask for it while this one is being
           filled. */
        __builtin_prefetch(&thread->slots[thread->cache[thread->cache_next]], 1);
    }
    return true;
}

/* The id of a name that is at neither of its first places. A new one goes to the first that is
   free, or else turns out what is there. */
llmobsi_cold uint32_t llmobsi_name_lookup(llmobsi_thread* thread, const char* text)
{
    llmobsi_cached_name* cached;
    uint32_t way;
    uint32_t id;
    for (way = 2; way < LLMOBS_I_CACHED_WAYS; way++) {
        if (llmobsi_name_place(thread, text, way)->text == text) {
            return llmobsi_name_place(thread, text, way)->id;
        }
    }
    id = llmobsi_names_id(&thread->recorder->names, text, text != NULL ? strlen(text) : 0);
    if (id != LLMOBS_I_NAME_OVERFLOW) {
        way = 0;
        while (way < LLMOBS_I_CACHED_WAYS && llmobsi_name_place(thread, text, way)->text != NULL) {
            way++;
        }
        cached = llmobsi_name_place(thread, text, way % LLMOBS_I_CACHED_WAYS);
        cached->text = text;
        cached->id = id;
    }
    return id;
}

/* The id of a name that is known by its address. */
llmobsi_inline uint32_t llmobsi_name_id(llmobsi_thread* thread, const char* text)
{
    const llmobsi_cached_name* cached = llmobsi_name_find(thread, text);
    if (llmobsi_unlikely(cached == NULL)) {
        return llmobsi_name_lookup(thread, text);
    }
    return cached->id;
}

/* =================================================================================================
 *  >>attribute              record: attributes, and the room a span has for them
 * ============================================================================================== */

/* What a span says: fields in its slot, and attributes as fields. */

#define LLMOBS_I_ATTRIBUTES_MAX 128u /* as OpenTelemetry's default limits, here and below */

/* One slot cannot hold so many: who fills the first only need not count. */
LLMOBS_I_STATIC_ASSERT(slot_attributes,
                       LLMOBS_I_SLOT_BODY / sizeof(llmobsi_field) < LLMOBS_I_ATTRIBUTES_MAX);

/* ---- room in a slot ------------------------------------------------------------------------ */

/* Chains one more slot to a span that has much to say. */
llmobsi_cold unsigned char* llmobsi_span_extend(llmobsi_thread* thread, llmobsi_slot* slot,
                                                uint32_t bytes)
{
    uint32_t index;
    llmobsi_slot* part;
    if (bytes > LLMOBS_I_SLOT_BODY || slot->part_count >= thread->recorder->span_parts ||
        !llmobsi_slot_take(thread, &index)) {
        return NULL;
    }
    part = &thread->slots[index];
    part->next = 0;
    part->used = (uint16_t)bytes;
    thread->slots[slot->part].next = index + 1;
    slot->part = index;
    slot->part_count++;
    return part->body;
}

/* `bytes` of body, or NULL when the span is full. */
llmobsi_inline unsigned char* llmobsi_span_room(llmobsi_thread* thread, llmobsi_slot* slot,
                                                uint32_t bytes)
{
    llmobsi_slot* part = &thread->slots[slot->part & thread->slot_mask];
    if (llmobsi_likely(part->used + bytes <= LLMOBS_I_SLOT_BODY)) {
        unsigned char* place = part->body + part->used;
        part->used = (uint16_t)(part->used + bytes);
        return place;
    }
    return llmobsi_span_extend(thread, slot, bytes);
}

/* Writes a field's head; returns where its payload goes. */
llmobsi_inline unsigned char* llmobsi_field_head(unsigned char* place, uint32_t key, uint32_t type,
                                                 uint32_t owner, uint32_t payload)
{
    llmobsi_field* field = (llmobsi_field*)(void*)place;
    field->key = key;
    field->size = (uint16_t)payload;
    field->type = (uint8_t)type;
    field->owner = (uint8_t)owner;
    return place + sizeof *field;
}

/* Adds a field; returns where its payload goes, or NULL when the span is full. */
llmobsi_inline unsigned char* llmobsi_field_put(llmobsi_thread* thread, llmobsi_slot* slot,
                                                uint32_t key, uint32_t type, uint32_t owner,
                                                uint32_t payload)
{
    unsigned char* place = llmobsi_span_room(thread, slot, llmobsi_field_bytes(payload));
    if (llmobsi_unlikely(place == NULL)) {
        return NULL;
    }
    return llmobsi_field_head(place, key, type, owner, payload);
}

/* memcpy, without a call for the sizes that most texts have. */
llmobsi_inline void llmobsi_copy_text(unsigned char* to, const char* from, size_t size)
{
    size_t i;
    if (size - 8 < 8) {
        memcpy(to, from, 8);
        memcpy(to + size - 8, from + size - 8, 8);
    } else if (size - 16 <= 48) {
        for (i = 0; i < size - 16; i += 16) {
            memcpy(to + i, from + i, 16);
        }
        memcpy(to + size - 16, from + size - 16, 16);
    } else if (size != 0) {
        memcpy(to, from, size);
    }
}

/* ---- tracestate ---------------------------------------------------------------------------- */

/* A tracestate that came from a remote parent: the first field, whose key is its whole size; what
   does not fit that slot is the first field of the next part. None of it is changed before the slot
   is free. `tracestate` has room for LLMOBS_TRACESTATE_SIZE and a NUL. */
llmobsi_fn void llmobsi_tracestate_carried(const llmobsi_pool* pool, const llmobsi_slot* slot,
                                           char* tracestate)
{
    size_t used = 0;
    size_t size = LLMOBS_TRACESTATE_SIZE;
    while (used < size) {
        const llmobsi_field* field = (const llmobsi_field*)(const void*)slot->body;
        size = field->key < size ? field->key : size;
        if (field->type != LLMOBS_I_FIELD_TRACESTATE || field->size > size - used) {
            break;
        }
        memcpy(tracestate + used, llmobsi_field_payload(field), field->size);
        used += field->size;
        if (used < size) {
            slot = &pool->slots[(slot->next - 1) & pool->mask];
        }
    }
    tracestate[used] = '\0';
}

/* The tracestate of a span that nobody else uses: carried, or this instance's threshold. */
llmobsi_fn void llmobsi_slot_tracestate(const llmobsi_recorder* recorder, const llmobsi_slot* slot,
                                        unsigned flags, char* tracestate)
{
    tracestate[0] = '\0';
    if ((flags & LLMOBS_I_FLAG_OWN_THRESHOLD) != 0) {
        (void)llmobsi_tracestate_set_threshold(tracestate, recorder->threshold);
    } else if ((flags & LLMOBS_I_FLAG_TRACESTATE) != 0) {
        llmobsi_tracestate_carried(&recorder->pool, slot, tracestate);
    }
}

/* Puts it into a new span; all of it or, where there is no room, none. */
llmobsi_cold void llmobsi_tracestate_carry(llmobsi_thread* thread, llmobsi_slot* slot,
                                           const char* tracestate)
{
    const size_t most = LLMOBS_I_SLOT_BODY - sizeof(llmobsi_field);
    size_t size = strlen(tracestate);
    size_t put = 0;
    while (put < size) {
        size_t piece = size - put < most ? size - put : most;
        unsigned char* place = llmobsi_field_put(
            thread, slot, (uint32_t)size, LLMOBS_I_FIELD_TRACESTATE, 0, (uint32_t)piece);
        if (place == NULL) {
            llmobsi_count(&thread->counts.values_truncated, 1);
            break;
        }
        memcpy(place, tracestate + put, piece);
        put += piece;
    }
    if (put == 0 || put < size) {
        uint8_t flags = llmobsi_load_relaxed(&slot->flags);
        llmobsi_store_relaxed(&slot->flags, (uint8_t)(flags & ~LLMOBS_I_FLAG_TRACESTATE));
    }
}

/* ---- attributes ---------------------------------------------------------------------------- */

/* Cuts a string value to the configured size. */
llmobsi_inline size_t llmobsi_value_cut(llmobsi_thread* thread, const char* data, size_t size)
{
    if (llmobsi_unlikely(size > thread->recorder->value_bytes)) {
        llmobsi_count(&thread->counts.values_truncated, 1);
        return llmobsi_utf8_cut(data, size, thread->recorder->value_bytes);
    }
    return size;
}

llmobsi_fn bool llmobsi_put_string(llmobsi_thread* thread, llmobsi_slot* slot, uint32_t key,
                                   uint32_t type, uint32_t owner, const char* data, size_t size)
{
    unsigned char* place;
    size = data != NULL ? llmobsi_value_cut(thread, data, size) : 0;
    place = llmobsi_field_put(thread, slot, key, type, owner, (uint32_t)size);
    if (place == NULL) {
        return false;
    }
    llmobsi_copy_text(place, data, size);
    return true;
}

llmobsi_inline bool llmobsi_put_eight(llmobsi_thread* thread, llmobsi_slot* slot, uint32_t key,
                                      uint32_t type, uint32_t owner, const void* value)
{
    unsigned char* place = llmobsi_field_put(thread, slot, key, type, owner, 8);
    if (llmobsi_unlikely(place == NULL)) {
        return false;
    }
    memcpy(place, value, 8);
    return true;
}

/* An array of strings: each as its size in two bytes, then its bytes. As many as fit one slot. */
llmobsi_fn bool llmobsi_put_strings(llmobsi_thread* thread, llmobsi_slot* slot, uint32_t key,
                                    uint32_t owner, const char* const* strings, size_t count)
{
    unsigned char packed[LLMOBS_I_SLOT_BODY - sizeof(llmobsi_field)];
    uint32_t used = 0;
    unsigned char* place;
    size_t i;
    for (i = 0; strings != NULL && i < count; i++) {
        const char* data = strings[i] != NULL ? strings[i] : "";
        size_t size = llmobsi_value_cut(thread, data, strlen(data));
        uint16_t head = (uint16_t)size;
        if (used + sizeof head + size > sizeof packed) {
            llmobsi_count(&thread->counts.values_truncated, 1);
            break;
        }
        memcpy(packed + used, &head, sizeof head);
        memcpy(packed + used + sizeof head, data, size);
        used += (uint32_t)(sizeof head + size);
    }
    place = llmobsi_field_put(thread, slot, key, LLMOBS_TYPE_STRINGS, owner, used);
    if (place == NULL) {
        return false;
    }
    memcpy(place, packed, used);
    return true;
}

llmobsi_cold void llmobsi_attribute_dropped(llmobsi_thread* thread, llmobsi_slot* slot)
{
    slot->dropped_attributes =
        (uint16_t)(slot->dropped_attributes + (slot->dropped_attributes != UINT16_MAX));
    llmobsi_count(&thread->counts.attributes_dropped, 1);
}

llmobsi_fn bool llmobsi_attribute_put(llmobsi_thread* thread, llmobsi_slot* slot, uint32_t owner,
                                      const llmobs_attribute* attribute)
{
    uint32_t key = llmobsi_name_id(thread, attribute->key);
    int64_t truth;
    switch (attribute->type) {
        case LLMOBS_TYPE_STRING:
            return llmobsi_put_string(thread, slot, key, LLMOBS_TYPE_STRING, owner,
                                      attribute->value.string.data, attribute->value.string.size);
        case LLMOBS_TYPE_INT:
            return llmobsi_put_eight(thread, slot, key, LLMOBS_TYPE_INT, owner,
                                     &attribute->value.integer);
        case LLMOBS_TYPE_DOUBLE:
            return llmobsi_put_eight(thread, slot, key, LLMOBS_TYPE_DOUBLE, owner,
                                     &attribute->value.real);
        case LLMOBS_TYPE_BOOL:
            truth = attribute->value.boolean;
            return llmobsi_put_eight(thread, slot, key, LLMOBS_TYPE_BOOL, owner, &truth);
        case LLMOBS_TYPE_STRINGS:
            return llmobsi_put_strings(thread, slot, key, owner, attribute->value.strings,
                                       attribute->count);
        default:
            return false;
    }
}

/* One attribute of the span itself. */
llmobsi_fn void llmobsi_attribute_add(llmobsi_thread* thread, llmobsi_slot* slot,
                                      const llmobs_attribute* attribute)
{
    if (slot->attribute_count < LLMOBS_I_ATTRIBUTES_MAX &&
        llmobsi_attribute_put(thread, slot, LLMOBS_I_OF_SPAN, attribute)) {
        slot->attribute_count++;
    } else {
        llmobsi_attribute_dropped(thread, slot);
    }
}

/* Writes an attribute of the span itself about which nothing is special: a known key, a value that
   is copied as it is, room for it. Returns the bytes it takes; 0, and nothing is written, for
   others. */
llmobsi_inline uint32_t llmobsi_attribute_quick(llmobsi_thread* thread, unsigned char* place,
                                                uint32_t room, const llmobs_attribute* attribute)
{
    const llmobsi_cached_name* name = llmobsi_name_find(thread, attribute->key);
    uint32_t type = (uint32_t)attribute->type;
    if (name == NULL) {
        return 0;
    }
    if (type == LLMOBS_TYPE_STRING) {
        const char* data = attribute->value.string.data;
        size_t size = attribute->value.string.size;
        if (data == NULL || size > thread->recorder->value_bytes ||
            llmobsi_field_bytes((uint32_t)size) > room) {
            return 0;
        }
        place = llmobsi_field_head(place, name->id, LLMOBS_TYPE_STRING, LLMOBS_I_OF_SPAN,
                                   (uint32_t)size);
        llmobsi_copy_text(place, data, size);
        return llmobsi_field_bytes((uint32_t)size);
    }
    if (type <= LLMOBS_TYPE_BOOL && llmobsi_field_bytes(8) <= room) {
        int64_t bits = attribute->value.integer;
        if (type == LLMOBS_TYPE_BOOL) {
            bits = attribute->value.boolean;
        }
        memcpy(llmobsi_field_head(place, name->id, type, LLMOBS_I_OF_SPAN, 8), &bits, 8);
        return llmobsi_field_bytes(8);
    }
    return 0;
}

/* Adds attributes as long as there is nothing special about them; returns how many. The counts stay
   in registers meanwhile: through memory each attribute would wait for the one before. */
llmobsi_fn size_t llmobsi_attributes_add_quick(llmobsi_thread* thread, llmobsi_slot* slot,
                                               const llmobs_attribute* attributes, size_t count)
{
    llmobsi_slot* part = &thread->slots[slot->part & thread->slot_mask];
    uint32_t used = part->used;
    size_t room = LLMOBS_I_ATTRIBUTES_MAX - slot->attribute_count;
    size_t i;
    count = count < room ? count : room;
    for (i = 0; i < count; i++) {
        uint32_t bytes = llmobsi_attribute_quick(thread, part->body + used,
                                                 LLMOBS_I_SLOT_BODY - used, &attributes[i]);
        if (bytes == 0) {
            break;
        }
        used += bytes;
    }
    part->used = (uint16_t)used;
    slot->attribute_count = (uint16_t)(slot->attribute_count + i);
    return i;
}

llmobsi_fn void llmobsi_attributes_add(llmobsi_thread* thread, llmobsi_slot* slot,
                                       const llmobs_attribute* attributes, size_t count)
{
    size_t i = 0;
    while (attributes != NULL && i < count) {
        i += llmobsi_attributes_add_quick(thread, slot, attributes + i, count - i);
        if (i < count) {
            llmobsi_attribute_add(thread, slot, &attributes[i]);
            i++;
        }
    }
}

/* Member by member, which gcc keeps in registers; a memset it would not. */
llmobsi_inline llmobs_attribute llmobsi_attribute_of(const char* key, llmobs_type type)
{
    llmobs_attribute attribute;
    attribute.key = key;
    attribute.type = type;
    attribute.count = 0;
    attribute.value.string.data = NULL;
    attribute.value.string.size = 0;
    return attribute;
}

llmobsi_inline llmobs_attribute llmobsi_attribute_text(const char* key, const char* value,
                                                       size_t size)
{
    llmobs_attribute attribute = llmobsi_attribute_of(key, LLMOBS_TYPE_STRING);
    attribute.value.string.data = value;
    attribute.value.string.size = size;
    return attribute;
}

LLMOBS_API llmobs_attribute llmobs_attribute_string(const char* key, const char* value)
{
    return llmobsi_attribute_text(key, value, value != NULL ? strlen(value) : 0);
}

LLMOBS_API llmobs_attribute llmobs_attribute_string_n(const char* key, const char* value,
                                                      size_t size)
{
    if (value == NULL || size == LLMOBS_NUL_TERMINATED) {
        return llmobs_attribute_string(key, value);
    }
    return llmobsi_attribute_text(key, value, size);
}

LLMOBS_API llmobs_attribute llmobs_attribute_int(const char* key, int64_t value)
{
    llmobs_attribute attribute = llmobsi_attribute_of(key, LLMOBS_TYPE_INT);
    attribute.value.integer = value;
    return attribute;
}

LLMOBS_API llmobs_attribute llmobs_attribute_double(const char* key, double value)
{
    llmobs_attribute attribute = llmobsi_attribute_of(key, LLMOBS_TYPE_DOUBLE);
    attribute.value.real = value;
    return attribute;
}

LLMOBS_API llmobs_attribute llmobs_attribute_bool(const char* key, bool value)
{
    llmobs_attribute attribute = llmobsi_attribute_of(key, LLMOBS_TYPE_BOOL);
    attribute.value.boolean = value;
    return attribute;
}

LLMOBS_API llmobs_attribute llmobs_attribute_strings(const char* key, const char* const* values,
                                                     size_t count)
{
    llmobs_attribute attribute = llmobsi_attribute_of(key, LLMOBS_TYPE_STRINGS);
    attribute.count = count < UINT32_MAX ? (uint32_t)count : UINT32_MAX;
    attribute.value.strings = values;
    return attribute;
}

/* =================================================================================================
 *  >>span                   record: spans: begin, set, end
 * ============================================================================================== */

/* Spans: begun, filled and ended in place, in a slot of the pool. */

/* The slot of a span that sampling left out: there is none. Its handle's generation is the low
   half of the trace id, from which the rest is computed: it costs no memory, yet has a context. */
#define LLMOBS_I_SLOT_UNSAMPLED UINT32_MAX

llmobsi_inline uint32_t llmobsi_ticket(const llmobs* obs)
{
    return (uint32_t)(uintptr_t)obs;
}

llmobsi_inline llmobs_span llmobsi_span_none(void)
{
    llmobs_span span;
    span.instance = 0;
    span.slot = 0;
    span.generation = 0;
    return span;
}

/* What a span hands down to its children. */
typedef struct llmobsi_lineage {
    uint64_t trace_high;
    uint64_t trace_low;
    uint64_t parent_id;
    uint8_t flags;
} llmobsi_lineage;

/* ---- slots of handles ---------------------------------------------------------------------- */

/* The slot of a live span, or NULL. */
llmobsi_inline llmobsi_slot* llmobsi_span_slot(llmobsi_thread* thread, llmobs_span span)
{
    llmobsi_slot* slot = &thread->slots[span.slot & thread->slot_mask];
    if (llmobsi_likely(span.slot <= thread->slot_mask &&
                       llmobsi_load_relaxed(&slot->state) == span.generation)) {
        /* Relaxed: who gave this thread the handle also made what the handle stands for visible. */
        return slot;
    }
    if (span.slot != LLMOBS_I_SLOT_UNSAMPLED) {
        llmobsi_count(&thread->counts.inert_calls, 1);
    }
    return NULL;
}

/* The slot of a live span whose contents will be exported, or NULL. */
llmobsi_inline llmobsi_slot* llmobsi_span_recording(llmobsi_thread* thread, llmobs_span span)
{
    llmobsi_slot* slot = llmobsi_span_slot(thread, span);
    if (slot != NULL &&
        llmobsi_unlikely((llmobsi_load_relaxed(&slot->flags) & LLMOBS_TRACE_SAMPLED) == 0)) {
        return NULL;
    }
    return slot;
}

/* Reads what a child needs. The span may have ended, and its slot may be used anew while it is
   read: the acquire loads keep the second look at the state behind them, and llmobsi_slot_begin
   changes the state before anything else. */
llmobsi_inline bool llmobsi_span_lineage(llmobsi_thread* thread, llmobs_span span,
                                         llmobsi_lineage* lineage)
{
    llmobsi_slot* slot = &thread->slots[span.slot & thread->slot_mask];
    uint64_t state = llmobsi_load_acquire(&slot->state);
    if (span.slot > thread->slot_mask || (state ^ span.generation) >= LLMOBS_I_SLOT_STATES) {
        return false;
    }
    lineage->trace_high = llmobsi_load_acquire(&slot->trace_high);
    lineage->trace_low = llmobsi_load_acquire(&slot->trace_low);
    lineage->parent_id = llmobsi_load_acquire(&slot->span_id);
    lineage->flags = llmobsi_load_acquire(&slot->flags);
    return (llmobsi_load_relaxed(&slot->state) ^ span.generation) < LLMOBS_I_SLOT_STATES;
}

/* Comes in to add to a span. NULL: there is none to add to. Otherwise llmobsi_leave must follow. */
llmobsi_inline llmobsi_slot* llmobsi_span_enter(llmobs_span span, llmobsi_thread** thread)
{
    llmobsi_slot* slot;
    *thread = llmobsi_enter(span.instance);
    if (*thread == NULL) {
        return NULL;
    }
    slot = llmobsi_span_recording(*thread, span);
    if (slot == NULL) {
        llmobsi_leave();
    }
    return slot;
}

LLMOBS_API void llmobs_span_set(llmobs_span span, const llmobs_attribute* attributes, size_t count)
{
    llmobsi_thread* thread;
    llmobsi_slot* slot = llmobsi_span_enter(span, &thread);
    if (slot != NULL) {
        llmobsi_attributes_add(thread, slot, attributes, count);
        llmobsi_leave();
    }
}

/* Adds one attribute, if there is nothing special about it: this thread is attached, the span is
   live and sampled, all that it says stands in its first slot and leaves room, the key is known.
   Returns where the value goes, with the busy flag up; or NULL, and nothing has happened. Makes no
   call. */
llmobsi_inline unsigned char* llmobsi_set_quick(llmobsi_control* self, llmobs_span span,
                                                const char* key, llmobs_type type, uint32_t payload)
{
    llmobsi_thread* thread = llmobsi_enter_quick(self, span.instance);
    const llmobsi_cached_name* name;
    llmobsi_slot* slot;
    if (llmobsi_unlikely(thread == NULL)) {
        return NULL;
    }
    name = llmobsi_name_find(thread, key);
    if (llmobsi_likely(name != NULL && span.slot <= thread->slot_mask &&
                       (type != LLMOBS_TYPE_STRING || payload <= thread->recorder->value_bytes))) {
        slot = &thread->slots[span.slot];
        if (llmobsi_likely(llmobsi_load_relaxed(&slot->state) == span.generation &&
                           (llmobsi_load_relaxed(&slot->flags) & LLMOBS_TRACE_SAMPLED) != 0 &&
                           slot->part == span.slot &&
                           slot->used + llmobsi_field_bytes(payload) <= LLMOBS_I_SLOT_BODY)) {
            unsigned char* place = slot->body + slot->used;
            slot->used = (uint16_t)(slot->used + llmobsi_field_bytes(payload));
            slot->attribute_count++;
            return llmobsi_field_head(place, name->id, (uint32_t)type, LLMOBS_I_OF_SPAN, payload);
        }
    }
    llmobsi_lower(self);
    return NULL;
}

/* The long way, for whatever is special. */
llmobsi_cold void llmobsi_set_eight_late(llmobs_span span, const char* key, llmobs_type type,
                                         int64_t bits)
{
    llmobs_attribute attribute = llmobs_attribute_int(key, bits);
    attribute.type = type;
    if (type == LLMOBS_TYPE_BOOL) {
        attribute.value.boolean = bits != 0;
    }
    llmobs_span_set(span, &attribute, 1);
}

/* A value of eight bytes, or what is written as such. */
llmobsi_inline void llmobsi_set_eight(llmobs_span span, const char* key, llmobs_type type,
                                      int64_t bits)
{
    llmobsi_control* self = llmobsi_self;
    unsigned char* place = llmobsi_set_quick(self, span, key, type, 8);
    if (llmobsi_unlikely(place == NULL)) {
        llmobsi_set_eight_late(span, key, type, bits);
        return;
    }
    memcpy(place, &bits, 8);
    llmobsi_lower(self);
}

llmobsi_cold void llmobsi_set_string_late(llmobs_span span, const char* key, const char* value,
                                          size_t size)
{
    llmobs_attribute attribute = llmobs_attribute_string_n(key, value, size);
    llmobs_span_set(span, &attribute, 1);
}

llmobsi_inline void llmobsi_set_string(llmobs_span span, const char* key, const char* value,
                                       size_t size)
{
    llmobsi_control* self = llmobsi_self;
    unsigned char* place = NULL;
    if (llmobsi_likely(size <= LLMOBS_I_SLOT_BODY)) {
        place = llmobsi_set_quick(self, span, key, LLMOBS_TYPE_STRING, (uint32_t)size);
    }
    if (llmobsi_likely(place != NULL)) {
        llmobsi_copy_text(place, value, size);
        llmobsi_lower(self);
    } else {
        llmobsi_set_string_late(span, key, value, size);
    }
}

LLMOBS_API void llmobs_span_set_string(llmobs_span span, const char* key, const char* value)
{
    llmobsi_set_string(span, key, value, value != NULL ? strlen(value) : 0);
}

LLMOBS_API void llmobs_span_set_string_n(llmobs_span span, const char* key, const char* value,
                                         size_t size)
{
    if (llmobsi_likely(value != NULL && size != LLMOBS_NUL_TERMINATED)) {
        llmobsi_set_string(span, key, value, size);
    } else {
        llmobs_span_set_string(span, key, value);
    }
}

LLMOBS_API void llmobs_span_set_int(llmobs_span span, const char* key, int64_t value)
{
    llmobsi_set_eight(span, key, LLMOBS_TYPE_INT, value);
}

LLMOBS_API void llmobs_span_set_double(llmobs_span span, const char* key, double value)
{
    int64_t bits;
    memcpy(&bits, &value, sizeof bits);
    llmobsi_set_eight(span, key, LLMOBS_TYPE_DOUBLE, bits);
}

LLMOBS_API void llmobs_span_set_bool(llmobs_span span, const char* key, bool value)
{
    llmobsi_set_eight(span, key, LLMOBS_TYPE_BOOL, value);
}

LLMOBS_API void llmobs_span_set_strings(llmobs_span span, const char* key,
                                        const char* const* values, size_t count)
{
    llmobs_attribute attribute = llmobs_attribute_strings(key, values, count);
    llmobs_span_set(span, &attribute, 1);
}

/* What comes back is used up to its NUL, so one in the middle ends it. */
llmobsi_fn size_t llmobsi_name_size(const char* text, size_t size)
{
    const char* end = size != LLMOBS_NUL_TERMINATED ? (const char*)memchr(text, '\0', size) : NULL;
    if (size == LLMOBS_NUL_TERMINATED) {
        return strlen(text);
    }
    return end != NULL ? (size_t)(end - text) : size;
}

LLMOBS_API const char* llmobs_name_n(llmobs* obs, const char* text, size_t size)
{
    llmobsi_thread* thread = llmobsi_enter(llmobsi_ticket(obs));
    const char* kept = NULL;
    if (thread == NULL) {
        return NULL;
    }
    if (text != NULL) {
        llmobsi_names* names = &thread->recorder->names;
        uint32_t id = llmobsi_names_id(names, text, llmobsi_name_size(text, size));
        kept = id != LLMOBS_I_NAME_OVERFLOW ? llmobsi_names_text(names, id).data : NULL;
    }
    llmobsi_leave();
    return kept;
}

/* ---- begin --------------------------------------------------------------------------------- */

/* Fills a slot that was taken. The state leaves its old generation first, so that who still
   reads the slot by an old handle sees that it changed; the releases keep that order. */
llmobsi_inline void llmobsi_slot_begin(llmobsi_thread* thread, uint32_t index,
                                       const llmobsi_lineage* lineage, uint32_t name,
                                       llmobs_span* span)
{
    llmobsi_slot* slot = &thread->slots[index];
    uint64_t state = (llmobsi_load_relaxed(&slot->state) | 3u) + 1; /* the next generation, free */
    llmobsi_store_relaxed(&slot->state, state);
    llmobsi_store_release(&slot->trace_high, lineage->trace_high);
    llmobsi_store_release(&slot->trace_low, lineage->trace_low);
    llmobsi_store_release(&slot->span_id, llmobsi_random_id(thread));
    llmobsi_store_release(&slot->flags, lineage->flags);
    slot->parent_id = lineage->parent_id;
    slot->name = name;
    slot->part = index;
    slot->next = 0;
    slot->used = 0;
    slot->attribute_count = 0;
    slot->event_count = 0;
    slot->link_count = 0;
    slot->dropped_attributes = 0;
    slot->dropped_events = 0;
    slot->dropped_links = 0;
    slot->part_count = 1;
    slot->kind = LLMOBS_KIND_INTERNAL;
    slot->status = LLMOBS_STATUS_UNSET;
    span->instance = thread->recorder->ticket;
    span->slot = index;
    span->generation = state + LLMOBS_I_SLOT_LIVE;
}

/* The span is there: from here on its handle works. */
llmobsi_inline void llmobsi_slot_live(llmobsi_slot* slot, uint64_t start, llmobs_span span)
{
    llmobsi_store_relaxed(&slot->start, start);
    llmobsi_store_release(&slot->state, span.generation);
}

/* Counts a span that begins, and takes its slot. */
llmobsi_inline bool llmobsi_span_admit(llmobsi_thread* thread, uint8_t flags, uint32_t* index)
{
    bool sampled = (flags & LLMOBS_TRACE_SAMPLED) != 0;
    bool taken = llmobsi_slot_take(thread, index);
    llmobsi_count(sampled ? &thread->counts.started : &thread->counts.unsampled, 1);
    if (llmobsi_unlikely(!taken) && sampled) {
        llmobsi_count(&thread->counts.dropped_pool, 1);
    }
    return taken;
}

llmobsi_inline llmobs_span llmobsi_span_open(llmobsi_thread* thread, const llmobsi_lineage* lineage,
                                             const char* name)
{
    llmobs_span span = llmobsi_span_none();
    uint32_t index;
    if (llmobsi_likely(llmobsi_span_admit(thread, lineage->flags, &index))) {
        llmobsi_slot_begin(thread, index, lineage, llmobsi_name_id(thread, name), &span);
        llmobsi_slot_live(&thread->slots[index], llmobsi_now(&thread->recorder->timeline), span);
    }
    return span;
}

/* The ids of a span that sampling left out. */
llmobsi_fn uint64_t llmobsi_unsampled_mix(uint64_t seed, uint64_t which)
{
    uint64_t mixed = (seed + which) * UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ (mixed >> 32)) * UINT64_C(0xd6e8feb86659fd93);
    mixed ^= mixed >> 32;
    return mixed != 0 ? mixed : which;
}

llmobsi_inline llmobs_span llmobsi_span_unsampled(llmobsi_thread* thread, uint64_t trace_low)
{
    llmobs_span span;
    llmobsi_count(&thread->counts.unsampled, 1);
    span.instance = thread->recorder->ticket;
    span.slot = LLMOBS_I_SLOT_UNSAMPLED;
    span.generation = trace_low;
    return span;
}

llmobsi_inline llmobs_span llmobsi_span_root(llmobsi_thread* thread, const char* name)
{
    llmobsi_recorder* recorder = thread->recorder;
    llmobsi_lineage lineage;
    lineage.trace_low = llmobsi_random_id(thread);
    if (llmobsi_unlikely(
            !llmobsi_sampling_keeps(recorder->threshold,
                                    lineage.trace_low & (LLMOBS_I_SAMPLE_NEVER - 1)))) {
        return llmobsi_span_unsampled(thread, lineage.trace_low);
    }
    lineage.trace_high = llmobsi_random_next(thread);
    lineage.parent_id = 0;
    lineage.flags = (uint8_t)(LLMOBS_TRACE_SAMPLED | LLMOBS_TRACE_RANDOM |
                              (recorder->threshold != 0 ? LLMOBS_I_FLAG_OWN_THRESHOLD : 0u));
    return llmobsi_span_open(thread, &lineage, name);
}

LLMOBS_API llmobs_span llmobs_span_root(llmobs* obs, const char* name)
{
    llmobsi_thread* thread = llmobsi_enter_to_begin(llmobsi_ticket(obs));
    llmobs_span span;
    if (llmobsi_unlikely(thread == NULL)) {
        return llmobsi_span_none();
    }
    if (llmobsi_unlikely(!thread->recorder->spans_on)) {
        span = llmobsi_span_none();
    } else {
        span = llmobsi_span_root(thread, name);
    }
    llmobsi_leave();
    return span;
}

/* ---- children ------------------------------------------------------------------------------ */

/* The tracestate of a span, for any thread that has a handle. Where the slot is not free yet, it is
   not used anew before this call leaves: llmobsi_collect_publish waits for that. Where it is, it
   is too late. */
llmobsi_fn void llmobsi_span_tracestate(const llmobsi_recorder* recorder, llmobs_span span,
                                        unsigned flags, char* tracestate)
{
    const llmobsi_slot* slot = &recorder->pool.slots[span.slot];
    uint64_t state = llmobsi_load_ordered(&slot->state);
    if ((state ^ span.generation) >= LLMOBS_I_SLOT_STATES || (state & 3u) == LLMOBS_I_SLOT_FREE) {
        flags &= ~LLMOBS_I_FLAG_TRACESTATE;
    }
    llmobsi_slot_tracestate(recorder, slot, flags, tracestate);
}

/* What came from outside goes on to the children. */
llmobsi_cold void llmobsi_tracestate_inherit(llmobsi_thread* thread, llmobs_span parent,
                                             llmobsi_slot* child)
{
    char tracestate[LLMOBS_TRACESTATE_SIZE + 1];
    llmobsi_span_tracestate(thread->recorder, parent, LLMOBS_I_FLAG_TRACESTATE, tracestate);
    llmobsi_tracestate_carry(thread, child, tracestate);
}

llmobsi_inline llmobs_span llmobsi_span_child(llmobsi_thread* thread, llmobs_span parent,
                                              const char* name)
{
    llmobsi_lineage lineage;
    llmobs_span span;
    if (llmobsi_unlikely(!llmobsi_span_lineage(thread, parent, &lineage))) {
        llmobsi_count(&thread->counts.started, 1);
        llmobsi_count(&thread->counts.dropped_parent, 1);
        return llmobsi_span_none();
    }
    lineage.flags = (uint8_t)(lineage.flags & ~LLMOBS_I_FLAG_REMOTE_PARENT);
    span = llmobsi_span_open(thread, &lineage, name);
    if (llmobsi_unlikely((lineage.flags & LLMOBS_I_FLAG_TRACESTATE) != 0) && span.instance != 0) {
        llmobsi_tracestate_inherit(thread, parent, &thread->slots[span.slot]);
    }
    return span;
}

LLMOBS_API llmobs_span llmobs_span_child(llmobs_span parent, const char* name)
{
    llmobsi_thread* thread;
    llmobs_span span;
    if (parent.slot == LLMOBS_I_SLOT_UNSAMPLED) {
        return parent;
    }
    thread = llmobsi_enter_to_begin(parent.instance);
    if (llmobsi_unlikely(thread == NULL)) {
        return llmobsi_span_none();
    }
    span = llmobsi_span_child(thread, parent, name);
    llmobsi_leave();
    return span;
}

/* ---- begin with a remote parent ------------------------------------------------------------ */

llmobsi_inline uint64_t llmobsi_read_be64(const uint8_t* bytes)
{
    uint64_t value = 0;
    int i;
    for (i = 0; i < 8; i++) {
        value = (value << 8) | bytes[i];
    }
    return value;
}

llmobsi_inline void llmobsi_write_be64(uint8_t* bytes, uint64_t value)
{
    int i;
    for (i = 7; i >= 0; i--) {
        bytes[i] = (uint8_t)value;
        value >>= 8;
    }
}

/* Says in the tracestate by which threshold the trace was kept here. One that came along must go if
   it would have rejected this trace: it tells of another decision. */
llmobsi_fn void llmobsi_remote_threshold(const llmobsi_recorder* recorder,
                                         llmobs_trace_context* remote, bool decided_here)
{
    uint64_t threshold;
    if (decided_here) {
        (void)llmobsi_tracestate_set_threshold(remote->tracestate, recorder->threshold);
    } else if (llmobsi_tracestate_threshold(remote->tracestate, &threshold) &&
               !llmobsi_sampling_keeps(threshold, llmobsi_sampling_randomness(remote))) {
        (void)llmobsi_tracestate_clear_threshold(remote->tracestate);
    }
}

/* Whether a trace that comes from elsewhere is recorded here: as its sampled flag says or, where
   the caller is not to be trusted with that, by the same rule as our own roots. */
llmobsi_fn uint8_t llmobsi_remote_flags(const llmobsi_recorder* recorder,
                                        llmobs_trace_context* remote)
{
    unsigned flags = remote->flags & (LLMOBS_TRACE_SAMPLED | LLMOBS_TRACE_RANDOM);
    if (recorder->distrust_remote) {
        flags &= ~LLMOBS_TRACE_SAMPLED;
        if (llmobsi_sampling_keeps(recorder->threshold, llmobsi_sampling_randomness(remote))) {
            flags |= LLMOBS_TRACE_SAMPLED;
        }
    }
    if (remote->tracestate[0] != '\0' || recorder->distrust_remote) {
        if ((flags & LLMOBS_TRACE_SAMPLED) != 0) {
            llmobsi_remote_threshold(recorder, remote, recorder->distrust_remote);
        } else {
            (void)llmobsi_tracestate_clear_threshold(remote->tracestate);
        }
    }
    if (remote->tracestate[0] != '\0') {
        flags |= LLMOBS_I_FLAG_TRACESTATE;
    }
    return (uint8_t)(flags | LLMOBS_I_FLAG_REMOTE_PARENT);
}

llmobsi_fn llmobs_span llmobsi_span_remote(llmobsi_thread* thread, llmobs_trace_context* remote,
                                           const char* name)
{
    llmobsi_lineage lineage;
    llmobs_span span;
    lineage.trace_high = llmobsi_read_be64(remote->trace_id);
    lineage.trace_low = llmobsi_read_be64(remote->trace_id + 8);
    lineage.parent_id = llmobsi_read_be64(remote->span_id);
    lineage.flags = llmobsi_remote_flags(thread->recorder, remote);
    span = llmobsi_span_open(thread, &lineage, name);
    if (span.instance != 0 && (lineage.flags & LLMOBS_I_FLAG_TRACESTATE) != 0) {
        llmobsi_tracestate_carry(thread, &thread->slots[span.slot], remote->tracestate);
    }
    return span;
}

/* W3C: neither id is all zero. */
llmobsi_fn bool llmobsi_context_is_valid(const llmobs_trace_context* context)
{
    static const uint8_t none[16] = {0};
    return memcmp(context->trace_id, none, 16) != 0 && memcmp(context->span_id, none, 8) != 0;
}

/* The remote parent that an info names, or false. */
llmobsi_fn bool llmobsi_info_remote(llmobsi_thread* thread, const llmobs_span_info* info,
                                    llmobs_trace_context* remote)
{
    if (info->remote != NULL) {
        *remote = *info->remote;
        remote->tracestate[LLMOBS_TRACESTATE_SIZE] = '\0';
    } else if (info->traceparent != NULL) {
        (void)llmobs_trace_context_parse(remote, info->traceparent, LLMOBS_NUL_TERMINATED,
                                         info->tracestate, LLMOBS_NUL_TERMINATED);
    } else {
        return false;
    }
    if (!llmobsi_context_is_valid(remote)) {
        llmobsi_count(&thread->counts.bad_traceparents, 1);
        return false;
    }
    return true;
}

LLMOBS_API llmobs_span_info llmobs_span_info_default(void)
{
    llmobs_span_info info;
    memset(&info, 0, sizeof info);
    info.size = sizeof info;
    return info;
}

/* As a slot holds it; internal for numbers that are no kind. */
llmobsi_inline uint8_t llmobsi_kind(llmobs_kind kind)
{
    unsigned number = (unsigned)kind;
    return (uint8_t)(number - 1u < 5u ? number : (unsigned)LLMOBS_KIND_INTERNAL);
}

llmobsi_fn llmobs_span llmobsi_span_begin(llmobsi_thread* thread, const llmobs_span_info* info)
{
    llmobs_trace_context remote;
    llmobs_span span;
    llmobsi_slot* slot;
    if (info->parent.instance == thread->recorder->ticket) {
        span = info->parent.slot == LLMOBS_I_SLOT_UNSAMPLED
                   ? info->parent
                   : llmobsi_span_child(thread, info->parent, info->name);
    } else if (llmobsi_info_remote(thread, info, &remote)) {
        span = llmobsi_span_remote(thread, &remote, info->name);
    } else {
        span = llmobsi_span_root(thread, info->name);
    }
    if (span.instance != 0 && span.slot != LLMOBS_I_SLOT_UNSAMPLED) {
        slot = llmobsi_span_recording(thread, span);
        if (slot != NULL) {
            slot->kind = llmobsi_kind(info->kind);
            llmobsi_attributes_add(thread, slot, info->attributes, info->attribute_count);
        }
    }
    return span;
}

LLMOBS_API llmobs_span llmobs_span_begin(llmobs* obs, const llmobs_span_info* info)
{
    llmobs_span_info known = llmobs_span_info_default();
    llmobsi_thread* thread;
    llmobs_span span = llmobsi_span_none();
    if (info != NULL) {
        memcpy(&known, info,
               info->size != 0 && info->size < sizeof known ? info->size : sizeof known);
    }
    thread = llmobsi_enter_to_begin(llmobsi_ticket(obs));
    if (thread == NULL) {
        return span;
    }
    if (thread->recorder->spans_on) {
        span = llmobsi_span_begin(thread, &known);
    }
    llmobsi_leave();
    return span;
}

/* ---- end ----------------------------------------------------------------------------------- */

/* Of several ends (other threads', the tick's for old spans) the exchange lets one win; only the
   winner may write the slot and hand it on. It stands before the clock is read: under that its cost
   hides. */
llmobsi_inline bool llmobsi_slot_claim_end(llmobsi_thread* thread, llmobsi_slot* slot,
                                           llmobs_span span)
{
    uint64_t live = span.generation;
    bool won = llmobsi_cas_acquire_release(&slot->state, &live,
                                           live - LLMOBS_I_SLOT_LIVE + LLMOBS_I_SLOT_ENDED);
    if (llmobsi_unlikely(!won)) {
        llmobsi_count(&thread->counts.inert_calls, 1);
    }
    return won;
}

/* The winner's part. */
llmobsi_inline void llmobsi_slot_end(llmobsi_thread* thread, llmobsi_slot* slot, uint32_t index,
                                     uint64_t end)
{
    slot->end = end;
    slot->thread = (uint16_t)thread->number;
    if (llmobsi_likely((llmobsi_load_relaxed(&slot->flags) & LLMOBS_TRACE_SAMPLED) != 0)) {
        llmobsi_count(&thread->counts.ended, 1);
    }
    llmobsi_ring_push(&thread->ring, index);
}

LLMOBS_API void llmobs_span_end(llmobs_span span)
{
    llmobsi_thread* thread;
    llmobsi_slot* slot;
    if (span.slot == LLMOBS_I_SLOT_UNSAMPLED) {
        return;
    }
    thread = llmobsi_enter(span.instance);
    if (llmobsi_unlikely(thread == NULL)) {
        return;
    }
    slot = llmobsi_span_slot(thread, span);
    if (llmobsi_likely(slot != NULL && llmobsi_slot_claim_end(thread, slot, span))) {
        llmobsi_slot_end(thread, slot, span.slot, llmobsi_now(&thread->recorder->timeline));
    }
    llmobsi_leave();
}

/* The span's end is claimed: until it is handed on, its slot is ours alone. The sibling is begun
   before: it needs what is there. */
llmobsi_inline llmobs_span llmobsi_span_next(llmobsi_thread* thread, llmobs_span span,
                                             llmobsi_slot* slot, const char* name)
{
    llmobsi_lineage lineage;
    llmobs_span next = llmobsi_span_none();
    uint64_t now = llmobsi_now(&thread->recorder->timeline);
    uint32_t index;
    lineage.trace_high = llmobsi_load_relaxed(&slot->trace_high);
    lineage.trace_low = llmobsi_load_relaxed(&slot->trace_low);
    lineage.parent_id = slot->parent_id;
    lineage.flags = llmobsi_load_relaxed(&slot->flags);
    if (llmobsi_likely(llmobsi_span_admit(thread, lineage.flags, &index))) {
        llmobsi_slot* sibling = &thread->slots[index];
        llmobsi_slot_begin(thread, index, &lineage, llmobsi_name_id(thread, name), &next);
        sibling->kind = slot->kind;
        if (llmobsi_unlikely((lineage.flags & LLMOBS_I_FLAG_TRACESTATE) != 0)) {
            llmobsi_tracestate_inherit(thread, span, sibling);
        }
        llmobsi_slot_live(sibling, now, next);
    }
    llmobsi_slot_end(thread, slot, span.slot, now);
    return next;
}

LLMOBS_API llmobs_span llmobs_span_next(llmobs_span span, const char* name)
{
    llmobsi_thread* thread;
    llmobsi_slot* slot;
    llmobs_span next = llmobsi_span_none();
    if (span.slot == LLMOBS_I_SLOT_UNSAMPLED) {
        return span;
    }
    thread = llmobsi_enter_to_begin(span.instance);
    if (llmobsi_unlikely(thread == NULL)) {
        return next;
    }
    slot = llmobsi_span_slot(thread, span);
    if (llmobsi_likely(slot != NULL && llmobsi_slot_claim_end(thread, slot, span))) {
        next = llmobsi_span_next(thread, span, slot, name);
    } else {
        llmobsi_count(&thread->counts.started, 1);
        llmobsi_count(&thread->counts.dropped_parent, 1);
    }
    llmobsi_leave();
    return next;
}

/* =================================================================================================
 *  >>event                  record: events, links, status, context
 * ============================================================================================== */

/* What else a span can tell: events, links, status, and where it stands in its trace. */

#define LLMOBS_I_EVENTS_MAX 128u /* as OpenTelemetry's default limits */
#define LLMOBS_I_LINKS_MAX 128u
#define LLMOBS_I_LINK_HEAD 25u /* trace id, span id, flags; the tracestate follows */

/* Events and links stop short of a span's last part: what is set at its end, tokens and status,
   must find room there. A span of one part has no such reserve. */
llmobsi_inline bool llmobsi_span_is_roomy(llmobsi_thread* thread, const llmobsi_slot* slot)
{
    uint32_t parts = thread->recorder->span_parts;
    return parts == 1 || slot->part_count < parts;
}

/* ---- name, kind, status -------------------------------------------------------------------- */

LLMOBS_API void llmobs_span_set_name(llmobs_span span, const char* name)
{
    llmobsi_thread* thread;
    llmobsi_slot* slot = llmobsi_span_enter(span, &thread);
    if (slot != NULL) {
        slot->name = llmobsi_name_id(thread, name);
        llmobsi_leave();
    }
}

LLMOBS_API void llmobs_span_set_kind(llmobs_span span, llmobs_kind kind)
{
    llmobsi_thread* thread;
    llmobsi_slot* slot = llmobsi_span_enter(span, &thread);
    if (slot != NULL) {
        slot->kind = llmobsi_kind(kind);
        llmobsi_leave();
    }
}

/* OpenTelemetry's rules: OK is final, UNSET is never set, a message goes with an error. */
llmobsi_fn void llmobsi_status_put(llmobsi_thread* thread, llmobsi_slot* slot, llmobs_status status,
                                   const char* message)
{
    bool has_message;
    if (slot->status == LLMOBS_STATUS_OK ||
        (status != LLMOBS_STATUS_OK && status != LLMOBS_STATUS_ERROR)) {
        return;
    }
    /* No message takes an earlier one away. */
    has_message = message != NULL || slot->status == LLMOBS_STATUS_ERROR;
    slot->status = (uint8_t)status;
    if (status == LLMOBS_STATUS_ERROR && has_message &&
        !llmobsi_put_string(thread, slot, 0, LLMOBS_I_FIELD_MESSAGE, LLMOBS_I_OF_SPAN, message,
                            message != NULL ? strlen(message) : 0)) {
        llmobsi_count(&thread->counts.values_truncated, 1);
    }
}

LLMOBS_API void llmobs_span_set_status(llmobs_span span, llmobs_status status, const char* message)
{
    llmobsi_thread* thread;
    llmobsi_slot* slot = llmobsi_span_enter(span, &thread);
    if (slot != NULL) {
        llmobsi_status_put(thread, slot, status, message);
        llmobsi_leave();
    }
}

/* ---- events -------------------------------------------------------------------------------- */

/* An event's payload: when, and how many of its attributes found no room. Its attributes follow
   it. */
typedef struct llmobsi_event_head {
    uint64_t stamp;
    uint32_t dropped_attributes;
    uint32_t attribute_count;
} llmobsi_event_head;

llmobsi_fn bool llmobsi_event_put(llmobsi_thread* thread, llmobsi_slot* slot, const char* name,
                                  const llmobs_attribute* attributes, size_t count)
{
    llmobsi_event_head head;
    unsigned char* place = llmobsi_field_put(thread, slot, llmobsi_name_id(thread, name),
                                             LLMOBS_I_FIELD_EVENT, LLMOBS_I_OF_EVENT, sizeof head);
    size_t i;
    if (place == NULL) {
        return false;
    }
    head.stamp = llmobsi_now(&thread->recorder->timeline);
    head.dropped_attributes = 0;
    head.attribute_count = 0;
    for (i = 0; attributes != NULL && i < count; i++) {
        if (head.attribute_count < LLMOBS_I_ATTRIBUTES_MAX &&
            llmobsi_attribute_put(thread, slot, LLMOBS_I_OF_EVENT, &attributes[i])) {
            head.attribute_count++;
        } else {
            head.dropped_attributes++;
            llmobsi_count(&thread->counts.attributes_dropped, 1);
        }
    }
    memcpy(place, &head, sizeof head);
    return true;
}

LLMOBS_API void llmobs_span_event_with(llmobs_span span, const char* name,
                                       const llmobs_attribute* attributes, size_t count)
{
    llmobsi_thread* thread;
    llmobsi_slot* slot = llmobsi_span_enter(span, &thread);
    if (slot != NULL) {
        if (slot->event_count < LLMOBS_I_EVENTS_MAX && llmobsi_span_is_roomy(thread, slot) &&
            llmobsi_event_put(thread, slot, name, attributes, count)) {
            slot->event_count++;
        } else {
            slot->dropped_events =
                (uint16_t)(slot->dropped_events + (slot->dropped_events != UINT16_MAX));
            llmobsi_count(&thread->counts.events_dropped, 1);
        }
        llmobsi_leave();
    }
}

LLMOBS_API void llmobs_span_event(llmobs_span span, const char* name)
{
    llmobs_span_event_with(span, name, NULL, 0);
}

/* ---- context ------------------------------------------------------------------------------- */

/* The trace context of a span that sampling left out, computed from its handle. */
llmobsi_fn void llmobsi_context_unsampled(llmobs_span span, llmobs_trace_context* context)
{
    llmobsi_write_be64(context->trace_id, llmobsi_unsampled_mix(span.generation, 1));
    llmobsi_write_be64(context->trace_id + 8, span.generation);
    llmobsi_write_be64(context->span_id, llmobsi_unsampled_mix(span.generation, 2));
    context->flags = LLMOBS_TRACE_RANDOM;
}

llmobsi_fn bool llmobsi_context_of(llmobsi_thread* thread, llmobs_span span,
                                   llmobs_trace_context* context)
{
    llmobsi_lineage lineage;
    if (!llmobsi_span_lineage(thread, span, &lineage)) {
        llmobsi_count(&thread->counts.inert_calls, 1);
        return false;
    }
    llmobsi_write_be64(context->trace_id, lineage.trace_high);
    llmobsi_write_be64(context->trace_id + 8, lineage.trace_low);
    llmobsi_write_be64(context->span_id, lineage.parent_id);
    context->flags = (uint8_t)(lineage.flags & (LLMOBS_TRACE_SAMPLED | LLMOBS_TRACE_RANDOM));
    if ((lineage.flags & LLMOBS_I_FLAGS_TRACESTATE) != 0) {
        llmobsi_span_tracestate(thread->recorder, span, lineage.flags, context->tracestate);
    }
    return true;
}

LLMOBS_API llmobs_result llmobs_span_context(llmobs_span span, llmobs_trace_context* context)
{
    llmobsi_thread* thread;
    bool found;
    if (context == NULL) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    memset(context, 0, sizeof *context);
    thread = llmobsi_enter(span.instance);
    if (thread == NULL) {
        return LLMOBS_ERROR_CLOSED;
    }
    if (span.slot == LLMOBS_I_SLOT_UNSAMPLED) {
        llmobsi_context_unsampled(span, context);
        found = true;
    } else {
        found = llmobsi_context_of(thread, span, context);
    }
    llmobsi_leave();
    return found ? LLMOBS_OK : LLMOBS_ERROR_CLOSED;
}

LLMOBS_API bool llmobs_span_is_recording(llmobs_span span)
{
    llmobsi_thread* thread;
    llmobsi_slot* slot;
    bool recording = false;
    if (span.slot == LLMOBS_I_SLOT_UNSAMPLED) {
        return false;
    }
    thread = llmobsi_enter(span.instance);
    if (thread != NULL) {
        slot = &thread->slots[span.slot & thread->slot_mask];
        recording = span.slot <= thread->slot_mask &&
                    llmobsi_load_acquire(&slot->state) == span.generation &&
                    (llmobsi_load_relaxed(&slot->flags) & LLMOBS_TRACE_SAMPLED) != 0;
        llmobsi_leave();
    }
    return recording;
}

/* ---- links --------------------------------------------------------------------------------- */

llmobsi_fn bool llmobsi_link_put(llmobsi_thread* thread, llmobsi_slot* slot,
                                 const llmobs_trace_context* target)
{
    size_t state_size =
        llmobsi_header_size(target->tracestate, LLMOBS_NUL_TERMINATED, LLMOBS_TRACESTATE_SIZE);
    unsigned char* place;
    if (LLMOBS_I_LINK_HEAD + state_size + sizeof(llmobsi_field) > LLMOBS_I_SLOT_BODY) {
        state_size = 0; /* the link matters more than its tracestate */
    }
    place = llmobsi_field_put(thread, slot, 0, LLMOBS_I_FIELD_LINK, 0,
                              LLMOBS_I_LINK_HEAD + (uint32_t)state_size);
    if (place == NULL) {
        return false;
    }
    memcpy(place, target->trace_id, 16);
    memcpy(place + 16, target->span_id, 8);
    place[24] = target->flags;
    memcpy(place + LLMOBS_I_LINK_HEAD, target->tracestate, state_size);
    return true;
}

LLMOBS_API void llmobs_span_link(llmobs_span span, const llmobs_trace_context* target)
{
    llmobsi_thread* thread;
    llmobsi_slot* slot = target != NULL ? llmobsi_span_enter(span, &thread) : NULL;
    if (slot != NULL) {
        if (slot->link_count < LLMOBS_I_LINKS_MAX && llmobsi_context_is_valid(target) &&
            llmobsi_span_is_roomy(thread, slot) && llmobsi_link_put(thread, slot, target)) {
            slot->link_count++;
        } else {
            slot->dropped_links =
                (uint16_t)(slot->dropped_links + (slot->dropped_links != UINT16_MAX));
            llmobsi_count(&thread->counts.links_dropped, 1);
        }
        llmobsi_leave();
    }
}

LLMOBS_API void llmobs_span_link_to(llmobs_span span, llmobs_span target)
{
    llmobs_trace_context context;
    if (llmobs_span_context(target, &context) == LLMOBS_OK) {
        llmobs_span_link(span, &context);
    }
}

LLMOBS_API llmobs_result llmobs_thread_attach(llmobs* obs)
{
    uint32_t ticket = llmobsi_ticket(obs);
    llmobs_drop why;
    llmobsi_thread* thread = llmobsi_enter(ticket);
    if (thread == NULL) {
        thread = llmobsi_enter_anew(ticket, &why);
        if (thread == NULL) {
            return why == LLMOBS_DROP_COUNT ? LLMOBS_ERROR_CLOSED
                   : why == LLMOBS_DROP_THREADS ? LLMOBS_ERROR_LIMIT
                                                : LLMOBS_ERROR_BUSY;
        }
    }
    llmobsi_leave();
    return LLMOBS_OK;
}

/* =================================================================================================
 *  >>metric                 record: recording: counters, gauges
 * ============================================================================================== */

/* Recording into series. A thread adds to its own row of cells; whoever has none (a handler that
   interrupted a recording call, a thread too many) adds to the shared row. */

/* ---- the way in ---------------------------------------------------------------------------- */

/* One call's way in. Without a thread record it counts as a user of the place, for which close
   waits. */
typedef struct llmobsi_visit {
    llmobsi_registry* registry;
    llmobsi_row* row;       /* NULL: only the shared one */
    llmobsi_thread* thread; /* NULL likewise */
    llmobsi_place* place;
    bool may_wait;
} llmobsi_visit;

llmobsi_cold bool llmobsi_visit_shared(llmobsi_visit* visit, uint32_t ticket, llmobs_drop why)
{
    llmobsi_place* place = &llmobsi_places[LLMOBS_I_PLACE(ticket)];
    if (why == LLMOBS_DROP_COUNT) {
        return false;
    }
    (void)llmobsi_add_ordered(&place->users, 1);
    if (llmobsi_load_ordered(&place->ticket) != ticket ||
        llmobsi_load_acquire(&place->forked) != 0 || !place->recorder->registry.on) {
        (void)llmobsi_add_ordered(&place->users, (uint32_t)-1);
        return false;
    }
    visit->registry = &place->recorder->registry;
    visit->row = NULL;
    visit->place = place;
    visit->may_wait = why != LLMOBS_DROP_SIGNAL;
    return true;
}

/* False: the instance is closed or has no metrics. Otherwise llmobsi_visit_end must follow. */
llmobsi_inline bool llmobsi_visit_begin(llmobsi_visit* visit, uint32_t ticket)
{
    llmobs_drop why = LLMOBS_DROP_COUNT;
    llmobsi_thread* thread = llmobsi_enter_quick(llmobsi_self, ticket);
    if (llmobsi_unlikely(thread == NULL)) {
        thread = llmobsi_enter_anew(ticket, &why);
    }
    visit->thread = thread;
    if (llmobsi_unlikely(thread == NULL)) {
        return llmobsi_visit_shared(visit, ticket, why);
    }
    visit->registry = &thread->recorder->registry;
    visit->row = &thread->row;
    visit->may_wait = true;
    if (llmobsi_unlikely(!visit->registry->on)) {
        llmobsi_leave();
        return false;
    }
    return true;
}

llmobsi_inline void llmobsi_visit_end(const llmobsi_visit* visit)
{
    if (llmobsi_likely(visit->thread != NULL)) {
        llmobsi_leave();
    } else {
        (void)llmobsi_add_ordered(&visit->place->users, (uint32_t)-1);
    }
}

/* This thread's cell, or NULL. */
llmobsi_fn llmobsi_atomic64* llmobsi_visit_cell(const llmobsi_visit* visit, uint32_t cell)
{
    return visit->row != NULL
               ? llmobsi_cell_touch(&visit->registry->cells, visit->row, cell)
               : NULL;
}

/* The shared one, which was there before the handle. */
llmobsi_fn llmobsi_atomic64* llmobsi_shared_cell(const llmobsi_registry* registry, uint32_t cell)
{
    return llmobsi_cell_at(&registry->cells.shared, cell);
}

/* ---- definitions --------------------------------------------------------------------------- */

LLMOBS_API llmobs_metric llmobs_metric_define(llmobs* obs, const llmobs_metric_info* info,
                                              llmobs_result* result)
{
    llmobs_metric metric = {0, 0};
    llmobs_result came_to = LLMOBS_ERROR_CLOSED;
    llmobsi_visit visit;
    if (llmobsi_visit_begin(&visit, llmobsi_ticket(obs))) {
        came_to = LLMOBS_ERROR_BUSY;
        if (visit.may_wait) {
            metric.number = llmobsi_metric_define(visit.registry, info, &came_to);
            metric.instance = metric.number != 0 ? llmobsi_ticket(obs) : 0;
        }
        llmobsi_visit_end(&visit);
    }
    if (result != NULL) {
        *result = came_to;
    }
    return metric;
}

LLMOBS_API llmobs_metric llmobs_metric_find(llmobs* obs, const char* name)
{
    llmobs_metric metric = {0, 0};
    llmobsi_visit visit;
    if (llmobsi_visit_begin(&visit, llmobsi_ticket(obs))) {
        metric.number = llmobsi_metric_by_name(visit.registry, name);
        metric.instance = metric.number != 0 ? llmobsi_ticket(obs) : 0;
        llmobsi_visit_end(&visit);
    }
    return metric;
}

LLMOBS_API llmobs_metric llmobs_metric_of(llmobs* obs, llmobs_known known)
{
    llmobs_metric metric = {0, 0};
    llmobsi_visit visit;
    if ((unsigned)known < (unsigned)LLMOBS_KNOWN_COUNT &&
        llmobsi_visit_begin(&visit, llmobsi_ticket(obs))) {
        const llmobsi_recorder* recorder =
            llmobsi_places[LLMOBS_I_PLACE(llmobsi_ticket(obs))].recorder;
        metric.number = recorder->known[known];
        metric.instance = metric.number != 0 ? llmobsi_ticket(obs) : 0;
        llmobsi_visit_end(&visit);
    }
    return metric;
}

LLMOBS_API llmobs_result llmobs_metric_allow(llmobs_metric metric, const char* label,
                                             const char* const* values, size_t count)
{
    llmobs_result result = LLMOBS_ERROR_ARGUMENT;
    llmobsi_visit visit;
    if (label == NULL || (values == NULL && count > 0)) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    if (!llmobsi_visit_begin(&visit, metric.instance)) {
        return LLMOBS_ERROR_CLOSED;
    }
    if (!visit.may_wait) {
        result = LLMOBS_ERROR_BUSY;
    } else if (metric.number - 1 < llmobsi_load_acquire(&visit.registry->metric_count)) {
        llmobsi_lock_take(&visit.registry->lock);
        result = llmobsi_metric_admit(visit.registry, metric.number - 1, label, values, count);
        llmobsi_lock_give(&visit.registry->lock);
    }
    llmobsi_visit_end(&visit);
    return result;
}

/* ---- finding series ------------------------------------------------------------------------ */

/* What all four handles are made of. */
typedef struct llmobsi_handle {
    uint32_t instance;
    uint32_t metric;
    uint32_t series;
    uint32_t cell;
} llmobsi_handle;

/* Whether the metric is there, and is one that such a handle can record into. */
llmobsi_inline bool llmobsi_metric_fits(const llmobsi_registry* registry, uint32_t number,
                                        llmobs_instrument instrument, size_t count)
{
    const llmobsi_metric* metric = &registry->metrics[number];
    if (number >= llmobsi_load_acquire(&registry->metric_count) || metric->label_count != count) {
        return false;
    }
    return metric->instrument == instrument ||
           (instrument == LLMOBS_HISTOGRAM &&
            metric->instrument == LLMOBS_HISTOGRAM_EXPONENTIAL);
}

llmobsi_inline llmobsi_handle llmobsi_handle_get(llmobs_metric metric,
                                                 llmobs_instrument instrument,
                                                 const char* const* values, size_t count)
{
    llmobsi_handle handle = {0, 0, 0, 0};
    llmobsi_visit visit;
    if (!llmobsi_visit_begin(&visit, metric.instance)) {
        return handle;
    }
    if (llmobsi_likely((values != NULL || count == 0) &&
                       llmobsi_metric_fits(visit.registry, metric.number - 1, instrument,
                                           count))) {
        handle.instance = metric.instance;
        handle.metric = metric.number - 1;
        handle.series =
            llmobsi_series_get(visit.registry, handle.metric, values, visit.may_wait);
        handle.cell = visit.registry->series[handle.series].cell;
    } else {
        (void)llmobsi_add_relaxed(&visit.registry->misused, 1);
    }
    llmobsi_visit_end(&visit);
    return handle;
}

/* The place of a label; the metric's number of labels when there is none of this name. */
llmobsi_fn uint32_t llmobsi_label_place(const llmobsi_metric* metric, const char* name)
{
    uint32_t place = 0;
    while (place < metric->label_count && strcmp(name, metric->labels[place].data) != 0) {
        place++;
    }
    return place;
}

/* Labels by name, put in the order of the definition. A user_id that is switched off is left out.
   False: one is not there, or twice. */
llmobsi_fn bool llmobsi_labels_order(const llmobsi_metric* metric, const llmobs_label* labels,
                                     size_t count, const char** values)
{
    size_t i;
    memset((void*)values, 0, LLMOBS_LABELS_MAX * sizeof *values);
    for (i = 0; i < count; i++) {
        const char* name = labels[i].name != NULL ? labels[i].name : "";
        uint32_t place = llmobsi_label_place(metric, name);
        if (place < metric->label_count && values[place] == NULL) {
            values[place] = labels[i].value != NULL ? labels[i].value : "";
        } else if (place < metric->label_count ||
                   metric->user_label != LLMOBS_I_USER_LABEL_OFF || strcmp(name, "user_id") != 0) {
            return false;
        }
    }
    return true;
}

llmobsi_fn llmobsi_handle llmobsi_handle_find(llmobs* obs, const char* name,
                                              llmobs_instrument instrument,
                                              const llmobs_label* labels, size_t count)
{
    const char* values[LLMOBS_LABELS_MAX];
    llmobsi_handle handle = {0, 0, 0, 0};
    llmobsi_visit visit;
    llmobs_metric metric;
    size_t wanted = 0;
    if (!llmobsi_visit_begin(&visit, llmobsi_ticket(obs))) {
        return handle;
    }
    metric.instance = llmobsi_ticket(obs);
    metric.number = llmobsi_metric_by_name(visit.registry, name);
    if (metric.number == 0 || (labels == NULL && count > 0) ||
        !llmobsi_labels_order(&visit.registry->metrics[metric.number - 1], labels, count,
                              values)) {
        (void)llmobsi_add_relaxed(&visit.registry->misused, 1);
        metric.instance = 0;
    } else {
        wanted = visit.registry->metrics[metric.number - 1].label_count;
    }
    llmobsi_visit_end(&visit);
    return llmobsi_handle_get(metric, instrument, values, wanted);
}

/* Four kinds of handle, so that none is taken for another; inside they are alike. */
#define LLMOBS_I_HANDLE_OF(type, handle) \
    type of;                             \
    of.instance = (handle).instance;     \
    of.metric = (handle).metric;         \
    of.series = (handle).series;         \
    of.cell = (handle).cell;             \
    return of

#define LLMOBS_I_HANDLE(type, get, find, instrument)                                             \
    LLMOBS_API type get(llmobs_metric metric, const char* const* values, size_t count)           \
    {                                                                                            \
        llmobsi_handle handle = llmobsi_handle_get(metric, instrument, values, count);           \
        LLMOBS_I_HANDLE_OF(type, handle);                                                        \
    }                                                                                            \
                                                                                                 \
    LLMOBS_API type find(llmobs* obs, const char* name, const llmobs_label* labels,              \
                         size_t count)                                                           \
    {                                                                                            \
        llmobsi_handle handle = llmobsi_handle_find(obs, name, instrument, labels, count);       \
        LLMOBS_I_HANDLE_OF(type, handle);                                                        \
    }

LLMOBS_I_HANDLE(llmobs_counter, llmobs_counter_get, llmobs_counter_find, LLMOBS_COUNTER)
LLMOBS_I_HANDLE(llmobs_updown, llmobs_updown_get, llmobs_updown_find, LLMOBS_UPDOWN)
LLMOBS_I_HANDLE(llmobs_gauge, llmobs_gauge_get, llmobs_gauge_find, LLMOBS_GAUGE)
LLMOBS_I_HANDLE(llmobs_histogram, llmobs_histogram_get, llmobs_histogram_find, LLMOBS_HISTOGRAM)

#undef LLMOBS_I_HANDLE
#undef LLMOBS_I_HANDLE_OF

LLMOBS_API bool llmobs_series_remove(llmobs_metric metric, const char* const* values, size_t count)
{
    llmobsi_visit visit;
    bool removed = false;
    if (values == NULL || !llmobsi_visit_begin(&visit, metric.instance)) {
        return false;
    }
    if (visit.may_wait &&
        metric.number - 1 < llmobsi_load_acquire(&visit.registry->metric_count) && count > 0 &&
        visit.registry->metrics[metric.number - 1].label_count == count) {
        removed = llmobsi_series_take_out(visit.registry, metric.number - 1, values);
    }
    llmobsi_visit_end(&visit);
    return removed;
}

/* ---- counters ------------------------------------------------------------------------------ */

llmobsi_cold void llmobsi_counter_add_slow(llmobs_counter counter, uint64_t amount)
{
    llmobsi_visit visit;
    llmobsi_metric* metric;
    llmobsi_atomic64* cell;
    if (!llmobsi_visit_begin(&visit, counter.instance)) {
        return;
    }
    metric = &visit.registry->metrics[counter.metric];
    cell = llmobsi_visit_cell(&visit, counter.cell);
    if (amount > LLMOBS_I_CELL_MOST) {
        (void)llmobsi_add_relaxed(&metric->invalid, 1);
    } else if (cell == NULL) {
        if (!llmobsi_cell_add_shared(llmobsi_shared_cell(visit.registry, counter.cell), amount)) {
            (void)llmobsi_add_relaxed(&metric->saturated, 1);
        }
    } else if (!llmobsi_cell_add(cell, amount)) {
        llmobsi_store_relaxed(cell, LLMOBS_I_CELL_MOST);
        (void)llmobsi_add_relaxed(&metric->saturated, 1);
    }
    llmobsi_visit_end(&visit);
}

LLMOBS_API void llmobs_counter_add(llmobs_counter counter, uint64_t amount)
{
    llmobsi_control* self = llmobsi_self;
    llmobsi_thread* thread = llmobsi_enter_quick(self, counter.instance);
    if (llmobsi_likely(thread != NULL)) {
        llmobsi_atomic64* cell = llmobsi_cell_at(&thread->row, counter.cell);
        bool added = cell != NULL && llmobsi_cell_add(cell, amount);
        llmobsi_lower(self);
        if (llmobsi_likely(added)) {
            return;
        }
    }
    llmobsi_counter_add_slow(counter, amount);
}

/* ---- up and down --------------------------------------------------------------------------- */

llmobsi_fn bool llmobsi_updown_shared(llmobsi_atomic64* cell, int64_t amount)
{
    uint64_t before = llmobsi_load_relaxed(cell);
    int64_t sum;
    bool fits;
    do {
        sum = (int64_t)before;
        fits = llmobsi_signed_add(&sum, amount);
    } while (!llmobsi_cas_acquire_release(cell, &before, (uint64_t)sum));
    return fits;
}

llmobsi_cold void llmobsi_updown_add_slow(llmobs_updown updown, int64_t amount)
{
    llmobsi_visit visit;
    llmobsi_atomic64* cell;
    bool fits;
    if (!llmobsi_visit_begin(&visit, updown.instance)) {
        return;
    }
    cell = llmobsi_visit_cell(&visit, updown.cell);
    if (cell == NULL) {
        fits = llmobsi_updown_shared(llmobsi_shared_cell(visit.registry, updown.cell), amount);
    } else {
        int64_t sum = (int64_t)llmobsi_load_relaxed(cell);
        fits = llmobsi_signed_add(&sum, amount);
        llmobsi_store_relaxed(cell, (uint64_t)sum);
    }
    if (!fits) {
        (void)llmobsi_add_relaxed(&visit.registry->metrics[updown.metric].saturated, 1);
    }
    llmobsi_visit_end(&visit);
}

LLMOBS_API void llmobs_updown_add(llmobs_updown updown, int64_t amount)
{
    llmobsi_control* self = llmobsi_self;
    llmobsi_thread* thread = llmobsi_enter_quick(self, updown.instance);
    if (llmobsi_likely(thread != NULL)) {
        llmobsi_atomic64* cell = llmobsi_cell_at(&thread->row, updown.cell);
        int64_t sum = cell != NULL ? (int64_t)llmobsi_load_relaxed(cell) : 0;
        bool fits = cell != NULL && !__builtin_add_overflow(sum, amount, &sum);
        if (llmobsi_likely(fits)) {
            llmobsi_store_relaxed(cell, (uint64_t)sum);
        }
        llmobsi_lower(self);
        if (llmobsi_likely(fits)) {
            return;
        }
    }
    llmobsi_updown_add_slow(updown, amount);
}

/* ---- gauges -------------------------------------------------------------------------------- */

LLMOBS_API void llmobs_gauge_set(llmobs_gauge gauge, double value)
{
    llmobsi_visit visit;
    if (llmobsi_visit_begin(&visit, gauge.instance)) {
        /* One cell for all threads: who is last is right. */
        llmobsi_store_relaxed(llmobsi_shared_cell(visit.registry, gauge.cell),
                              llmobsi_double_bits(value));
        llmobsi_visit_end(&visit);
    }
}

/* ---- exemplars ----------------------------------------------------------------------------- */

#define LLMOBS_I_EXEMPLAR_AGE_NS UINT64_C(1000000000)

/* Puts a value's trace into one place, if what is there is old enough and nobody else is writing.
   Readers that come between find the version changed. */
llmobsi_fn void llmobsi_exemplar_put(llmobsi_exemplar* exemplar,
                                     const llmobs_trace_context* context, double value,
                                     uint64_t now)
{
    uint64_t version = llmobsi_load_relaxed(&exemplar->version);
    uint64_t written = llmobsi_load_relaxed(&exemplar->unix_ns);
    if ((version & 1) != 0 ||
        (version != 0 && now >= written && now - written < LLMOBS_I_EXEMPLAR_AGE_NS) ||
        !llmobsi_cas_acquire_release(&exemplar->version, &version, version + 1)) {
        return;
    }
    /* Released, each: who sees one of these sees the odd version, too. */
    llmobsi_store_release(&exemplar->trace_high, llmobsi_load_le64(context->trace_id));
    llmobsi_store_release(&exemplar->trace_low, llmobsi_load_le64(context->trace_id + 8));
    llmobsi_store_release(&exemplar->span_id, llmobsi_load_le64(context->span_id));
    llmobsi_store_release(&exemplar->value, llmobsi_double_bits(value));
    llmobsi_store_release(&exemplar->unix_ns, now);
    llmobsi_store_release(&exemplar->version, version + 2);
}

/* Offers a value that was recorded into a series as an exemplar of one of its buckets. */
llmobsi_fn void llmobsi_exemplar_offer(uint32_t ticket, uint32_t number, uint32_t bucket,
                                       uint64_t key, llmobs_span span)
{
    llmobs_trace_context context;
    llmobsi_visit visit;
    memset(&context, 0, sizeof context);
    if (llmobs_span_context(span, &context) != LLMOBS_OK ||
        (context.flags & LLMOBS_TRACE_SAMPLED) == 0 || !llmobsi_visit_begin(&visit, ticket)) {
        return;
    }
    if (visit.registry->series[number].exemplars != 0) {
        const llmobsi_series* series = &visit.registry->series[number];
        llmobsi_exemplar* exemplar = &visit.registry->exemplars[series->exemplars - 1 + bucket];
        uint8_t kind = visit.registry->metrics[series->metric].number;
        llmobsi_exemplar_put(exemplar, &context, llmobsi_key_value(kind, key),
                             llmobsi_registry_now(visit.registry));
    }
    llmobsi_visit_end(&visit);
}

LLMOBS_API void llmobs_counter_add_in(llmobs_counter counter, uint64_t amount, llmobs_span span)
{
    llmobs_counter_add(counter, amount);
    if (amount <= LLMOBS_I_CELL_MOST) {
        llmobsi_exemplar_offer(counter.instance, counter.series, 0, amount, span);
    }
}

/* =================================================================================================
 *  >>histogram              record: recording: histograms
 * ============================================================================================== */

/* Histograms. One with bounds is a sum, a largest and a least value, and a count for each bucket:

     0 sum   1 largest key + 1   2 ~ least key   3... counts

   where a key is what values are compared by (define.c), and zeroed cells mean "nothing yet". A
   base-2 exponential one has a window of buckets, which its writer moves and coarsens as values
   come:

     0 lock, of the shared row   1 window   2 sum   3 largest   4 least   5 zeros   6... counts

   The window says where its counts stand: here, or in the series' cold cells. To change it, the
   writer writes the new counts where the old ones are not, then switches: a reader in between has
   the old ones whole, and waits for nobody. */

#define LLMOBS_I_EXPLICIT_SUM 0u
#define LLMOBS_I_EXPLICIT_MOST 1u
#define LLMOBS_I_EXPLICIT_LEAST 2u

#define LLMOBS_I_EXPONENTIAL_LOCK 0u
#define LLMOBS_I_EXPONENTIAL_WINDOW 1u
#define LLMOBS_I_EXPONENTIAL_SUM 2u
#define LLMOBS_I_EXPONENTIAL_MOST 3u
#define LLMOBS_I_EXPONENTIAL_LEAST 4u
#define LLMOBS_I_EXPONENTIAL_ZEROS 5u

/* A window: set, a serial number, which set of counts, how much coarser than the finest scale, and
   the index of the first bucket at that scale. */
#define LLMOBS_I_WINDOW_SET (UINT64_C(1) << 63)
#define LLMOBS_I_WINDOW_SERIAL (UINT64_C(1) << 48)
#define LLMOBS_I_WINDOW_COLD (UINT64_C(1) << 47)
#define LLMOBS_I_WINDOW_SHIFT 40u

LLMOBS_I_STATIC_ASSERT(cold_run, LLMOBS_I_COLD_CELLS == LLMOBS_EXPONENTIAL_BUCKETS);

#define LLMOBS_I_SHARED_TRIES 1000 /* for the lock of a shared histogram, then the value is lost */

/* ---- what both have ------------------------------------------------------------------------ */

/* Where a sum stops. */
llmobsi_inline uint64_t llmobsi_sum_end(uint8_t number)
{
    return number != LLMOBS_NUMBER_DOUBLE ? LLMOBS_I_CELL_MOST : LLMOBS_I_DOUBLE_INFINITY - 1;
}

/* What the one writer's sum will be with a value more: above its end, it has to stay there. */
llmobsi_inline uint64_t llmobsi_sum_next(uint8_t number, const llmobsi_atomic64* cell, uint64_t key)
{
    uint64_t sum = llmobsi_load_relaxed(cell);
    return llmobsi_likely(number != LLMOBS_NUMBER_DOUBLE)
               ? sum + key /* both are up to INT64_MAX */
               : llmobsi_double_bits(llmobsi_double_of(sum) + llmobsi_double_of(key));
}

/* Adds to the sum of many. False: it has come to its end, and stays there. */
llmobsi_fn bool llmobsi_sum_add_shared(uint8_t number, llmobsi_atomic64* cell, uint64_t key)
{
    uint64_t before = llmobsi_load_relaxed(cell);
    uint64_t bits;
    if (number != LLMOBS_NUMBER_DOUBLE) {
        return llmobsi_cell_add_shared(cell, key);
    }
    do {
        bits = llmobsi_double_bits(llmobsi_double_of(before) + llmobsi_double_of(key));
        bits = bits < LLMOBS_I_DOUBLE_INFINITY ? bits : LLMOBS_I_DOUBLE_INFINITY - 1;
    } while (!llmobsi_cas_acquire_release(cell, &before, bits));
    return bits < LLMOBS_I_DOUBLE_INFINITY - 1;
}

llmobsi_inline void llmobsi_most_raise(llmobsi_atomic64* cell, uint64_t value)
{
    if (llmobsi_unlikely(value > llmobsi_load_relaxed(cell))) {
        llmobsi_store_relaxed(cell, value);
    }
}

llmobsi_fn void llmobsi_most_raise_shared(llmobsi_atomic64* cell, uint64_t value)
{
    uint64_t before = llmobsi_load_relaxed(cell);
    while (value > before && !llmobsi_cas_acquire_release(cell, &before, value)) {
    }
}

/* Puts a value into the sum, the largest and the least, in this order at `head`, and its count,
   by the one writer. The count is released: who sees it sees a largest and a least value that
   belong to it. */
llmobsi_inline void llmobsi_value_put(llmobsi_atomic64* head, llmobsi_atomic64* count, uint64_t key,
                                      uint64_t sum)
{
    llmobsi_most_raise(&head[1], key + 1);
    llmobsi_most_raise(&head[2], ~key);
    llmobsi_store_release(count, llmobsi_load_relaxed(count) + 1);
    llmobsi_store_relaxed(head, sum);
}

/* ---- with bounds --------------------------------------------------------------------------- */

/* How many bounds are below a key: its bucket. Without a branch that depends on the key: many are
   halved, and up to seven all compared at once, as each half would wait for the one before. */
llmobsi_inline uint32_t llmobsi_bucket_of(const llmobsi_metric* metric, uint64_t key)
{
    const uint64_t* from = metric->keys;
    uint32_t rest = metric->bound_count;
    uint32_t below = 0;
    while (llmobsi_unlikely(rest > 7)) {
        uint32_t half = rest / 2;
        uint32_t skip = half & (0u - (uint32_t)(from[half - 1] < key)); /* gcc branches on `?` */
        from += skip;
        below += skip;
        rest -= half;
    }
    if ((rest & 4) != 0) {
        below += (uint32_t)(from[0] < key) + (uint32_t)(from[1] < key);
        below += (uint32_t)(from[2] < key) + (uint32_t)(from[3] < key);
        from += 4;
    }
    if ((rest & 2) != 0) {
        below += (uint32_t)(from[0] < key) + (uint32_t)(from[1] < key);
        from += 2;
    }
    return (rest & 1) != 0 ? below + (uint32_t)(from[0] < key) : below;
}

/* False: the sum has come to its end. */
llmobsi_fn bool llmobsi_explicit_add(const llmobsi_metric* metric, llmobsi_atomic64* cells,
                                     uint64_t key)
{
    uint64_t sum = llmobsi_sum_next(metric->number, cells, key);
    uint64_t end = llmobsi_sum_end(metric->number);
    llmobsi_value_put(cells, &cells[LLMOBS_I_EXPLICIT_HEAD + llmobsi_bucket_of(metric, key)], key,
                      sum <= end ? sum : end);
    return sum <= end;
}

llmobsi_fn bool llmobsi_explicit_add_shared(const llmobsi_metric* metric, llmobsi_atomic64* cells,
                                            uint64_t key)
{
    uint32_t bucket = llmobsi_bucket_of(metric, key);
    llmobsi_most_raise_shared(&cells[LLMOBS_I_EXPLICIT_MOST], key + 1);
    llmobsi_most_raise_shared(&cells[LLMOBS_I_EXPLICIT_LEAST], ~key);
    (void)llmobsi_add_ordered(&cells[LLMOBS_I_EXPLICIT_HEAD + bucket], 1);
    return llmobsi_sum_add_shared(metric->number, &cells[LLMOBS_I_EXPLICIT_SUM], key);
}

/* ---- exponential: the window --------------------------------------------------------------- */

llmobsi_inline uint32_t llmobsi_window_shift(uint64_t window)
{
    return (uint32_t)(window >> LLMOBS_I_WINDOW_SHIFT) & 31u;
}

llmobsi_inline int32_t llmobsi_window_start(uint64_t window)
{
    return (int32_t)(uint32_t)window;
}

/* Where in the window an index of the finest scale is; LLMOBS_EXPONENTIAL_BUCKETS and more:
   outside. */
llmobsi_inline uint32_t llmobsi_window_place(uint64_t window, int32_t index)
{
    return (uint32_t)(index >> llmobsi_window_shift(window)) - (uint32_t)window;
}

llmobsi_fn uint64_t llmobsi_window_make(uint64_t old, uint32_t shift, int32_t start)
{
    uint64_t serial = (old + LLMOBS_I_WINDOW_SERIAL) & (UINT64_C(0x7fff) << 48);
    uint64_t side = (old & LLMOBS_I_WINDOW_SET) != 0 ? ~old & LLMOBS_I_WINDOW_COLD : 0;
    return LLMOBS_I_WINDOW_SET | serial | side | (uint64_t)shift << LLMOBS_I_WINDOW_SHIFT |
           (uint32_t)start;
}

/* The least and the largest index in use, at the window's scale. False: nothing is counted. */
llmobsi_fn bool llmobsi_window_span(uint64_t window, const llmobsi_atomic64* counts, int32_t* low,
                                    int32_t* high)
{
    int32_t first = 0;
    int32_t last = (int32_t)LLMOBS_EXPONENTIAL_BUCKETS - 1;
    while (last >= 0 && llmobsi_load_relaxed(&counts[last]) == 0) {
        last--;
    }
    if (last < 0) {
        return false;
    }
    while (llmobsi_load_relaxed(&counts[first]) == 0) {
        first++;
    }
    *low = llmobsi_window_start(window) + first;
    *high = llmobsi_window_start(window) + last;
    return true;
}

/* The window for a series' first value: over the range that was declared, if the value is in it. */
llmobsi_fn uint64_t llmobsi_window_first(const llmobsi_metric* metric, int32_t index)
{
    uint32_t shift = (uint32_t)(LLMOBS_I_EXPONENTIAL_FINEST - metric->scale);
    int32_t start = llmobsi_exponential_index(metric->least) >> shift;
    uint64_t window = llmobsi_window_make(0, shift, start);
    if (llmobsi_window_place(window, index) < LLMOBS_EXPONENTIAL_BUCKETS) {
        return window;
    }
    start = (index >> shift) - (int32_t)LLMOBS_EXPONENTIAL_BUCKETS / 2;
    return llmobsi_window_make(0, shift, start);
}

/* A window that has room for all that is counted and for one index more. */
llmobsi_fn uint64_t llmobsi_window_wider(uint64_t window, int32_t low, int32_t high, int32_t index)
{
    uint32_t shift = llmobsi_window_shift(window);
    int32_t at = index >> shift;
    int32_t spare;
    low = at < low ? at : low;
    high = at > high ? at : high;
    while (high - low >= (int32_t)LLMOBS_EXPONENTIAL_BUCKETS) {
        low >>= 1;
        high >>= 1;
        shift++;
    }
    spare = (int32_t)LLMOBS_EXPONENTIAL_BUCKETS - 1 - (high - low);
    return llmobsi_window_make(window, shift, low - spare / 2);
}

/* Counts of a window; NULL when they are among the cold cells, and there is no memory for them. */
llmobsi_fn llmobsi_atomic64* llmobsi_window_counts(llmobsi_cells* pool, llmobsi_row* row,
                                                   const llmobsi_series* series, uint64_t window)
{
    return (window & LLMOBS_I_WINDOW_COLD) != 0
               ? llmobsi_cell_touch(pool, row, series->cold)
               : llmobsi_cell_at(row, series->cell) + LLMOBS_I_EXPONENTIAL_HEAD;
}

/* Makes room for an index, by the one writer. False: it can't be had. */
llmobsi_cold bool llmobsi_window_move(llmobsi_registry* registry, llmobsi_row* row,
                                      const llmobsi_series* series, int32_t index)
{
    llmobsi_cells* pool = &registry->cells;
    llmobsi_atomic64* cells = llmobsi_cell_at(row, series->cell);
    uint64_t old = llmobsi_load_relaxed(&cells[LLMOBS_I_EXPONENTIAL_WINDOW]);
    const llmobsi_atomic64* from = llmobsi_window_counts(pool, row, series, old);
    llmobsi_atomic64* to;
    uint64_t window;
    int32_t low;
    int32_t high;
    uint32_t coarser;
    uint32_t i;
    if (!llmobsi_window_span(old, from, &low, &high)) {
        window = llmobsi_window_first(&registry->metrics[series->metric], index);
        window |= old & LLMOBS_I_WINDOW_COLD; /* nothing has to be moved */
        llmobsi_store_release(&cells[LLMOBS_I_EXPONENTIAL_WINDOW], window);
        return true;
    }
    window = llmobsi_window_wider(old, low, high, index);
    to = llmobsi_window_counts(pool, row, series, window);
    if (to == NULL) {
        return false;
    }
    /* Released, each: a reader that takes one of these for an old count sees that the window has
       changed since it began. */
    for (i = 0; i < LLMOBS_EXPONENTIAL_BUCKETS; i++) {
        llmobsi_store_release(&to[i], 0);
    }
    coarser = llmobsi_window_shift(window) - llmobsi_window_shift(old);
    for (i = 0; i < LLMOBS_EXPONENTIAL_BUCKETS; i++) {
        uint64_t count = llmobsi_load_relaxed(&from[i]);
        if (count != 0) {
            int32_t at = (llmobsi_window_start(old) + (int32_t)i) >> coarser;
            llmobsi_atomic64* place = &to[at - llmobsi_window_start(window)];
            llmobsi_store_release(place, llmobsi_load_relaxed(place) + count);
        }
    }
    llmobsi_store_release(&cells[LLMOBS_I_EXPONENTIAL_WINDOW], window);
    return true;
}

/* ---- exponential: values ------------------------------------------------------------------- */

/* Where a value is counted, by the one writer. NULL: the window has to be moved first. */
llmobsi_inline llmobsi_atomic64* llmobsi_exponential_place(const llmobsi_row* row,
                                                           const llmobsi_series* series,
                                                           llmobsi_atomic64* cells, uint8_t number,
                                                           uint64_t key)
{
    uint64_t window = llmobsi_load_relaxed(&cells[LLMOBS_I_EXPONENTIAL_WINDOW]);
    uint32_t place;
    if (llmobsi_unlikely(key == 0)) {
        return &cells[LLMOBS_I_EXPONENTIAL_ZEROS];
    }
    place = llmobsi_window_place(window, llmobsi_exponential_index(llmobsi_key_value(number, key)));
    if (llmobsi_unlikely(place >= LLMOBS_EXPONENTIAL_BUCKETS || window == 0)) {
        return NULL;
    }
    if (llmobsi_unlikely((window & LLMOBS_I_WINDOW_COLD) != 0)) {
        return llmobsi_cell_at(row, series->cold) + place;
    }
    return &cells[LLMOBS_I_EXPONENTIAL_HEAD + place];
}

/* What a record came to. */
typedef enum llmobsi_recorded {
    LLMOBS_I_RECORDED,
    LLMOBS_I_RECORDED_FULL, /* but the sum has come to its end */
    LLMOBS_I_NOT_RECORDED
} llmobsi_recorded;

llmobsi_fn llmobsi_recorded llmobsi_exponential_add(llmobsi_registry* registry, llmobsi_row* row,
                                                    const llmobsi_series* series,
                                                    llmobsi_atomic64* cells, uint64_t key)
{
    uint8_t number = registry->metrics[series->metric].number;
    llmobsi_atomic64* place = llmobsi_exponential_place(row, series, cells, number, key);
    uint64_t end = llmobsi_sum_end(number);
    uint64_t sum;
    if (place == NULL) {
        double value = llmobsi_key_value(number, key);
        if (!llmobsi_window_move(registry, row, series, llmobsi_exponential_index(value))) {
            return LLMOBS_I_NOT_RECORDED;
        }
        place = llmobsi_exponential_place(row, series, cells, number, key);
    }
    sum = llmobsi_sum_next(number, &cells[LLMOBS_I_EXPONENTIAL_SUM], key);
    llmobsi_value_put(&cells[LLMOBS_I_EXPONENTIAL_SUM], place, key, sum <= end ? sum : end);
    return sum <= end ? LLMOBS_I_RECORDED : LLMOBS_I_RECORDED_FULL;
}

/* Into the shared row, where there is one writer at a time. A handler that interrupts that writer
   does not get in, and its value is counted as dropped. */
llmobsi_cold llmobsi_recorded llmobsi_exponential_add_shared(llmobsi_registry* registry,
                                                             const llmobsi_series* series,
                                                             uint64_t key)
{
    llmobsi_row* row = &registry->cells.shared;
    llmobsi_atomic64* cells = llmobsi_cell_at(row, series->cell);
    llmobsi_recorded came_to;
    int tries;
    for (tries = 0; tries < LLMOBS_I_SHARED_TRIES; tries++) {
        uint64_t open = 0;
        if (llmobsi_cas_acquire_release(&cells[LLMOBS_I_EXPONENTIAL_LOCK], &open, 1)) {
            came_to = llmobsi_exponential_add(registry, row, series, cells, key);
            llmobsi_store_release(&cells[LLMOBS_I_EXPONENTIAL_LOCK], 0);
            return came_to;
        }
    }
    return LLMOBS_I_NOT_RECORDED;
}

/* ---- recording ----------------------------------------------------------------------------- */

llmobsi_fn llmobsi_recorded llmobsi_histogram_add(const llmobsi_visit* visit,
                                                  const llmobsi_metric* metric,
                                                  const llmobsi_series* series, uint64_t key)
{
    llmobsi_registry* registry = visit->registry;
    llmobsi_atomic64* cells = llmobsi_visit_cell(visit, series->cell);
    llmobsi_recorded came_to = LLMOBS_I_NOT_RECORDED;
    bool fits;
    if (metric->instrument == LLMOBS_HISTOGRAM_EXPONENTIAL) {
        if (cells != NULL) {
            came_to = llmobsi_exponential_add(registry, visit->row, series, cells, key);
        }
        return came_to != LLMOBS_I_NOT_RECORDED
                   ? came_to
                   : llmobsi_exponential_add_shared(registry, series, key);
    }
    fits = cells != NULL ? llmobsi_explicit_add(metric, cells, key)
                         : llmobsi_explicit_add_shared(
                               metric, llmobsi_shared_cell(registry, series->cell), key);
    return fits ? LLMOBS_I_RECORDED : LLMOBS_I_RECORDED_FULL;
}

/* Whole units, or a double: of which the metric's number is known only inside. */
llmobsi_inline uint64_t llmobsi_key_of_int(uint8_t number, uint64_t value)
{
    return llmobsi_likely(number != LLMOBS_NUMBER_DOUBLE) ? value
                                                          : llmobsi_double_bits((double)value);
}

/* A key above LLMOBS_I_CELL_MOST, which no value has, stands for one that can't be recorded. */
llmobsi_inline uint64_t llmobsi_key_of_value(uint8_t number, double value)
{
    uint64_t bits = llmobsi_double_bits(value);
    if (llmobsi_likely(bits < LLMOBS_I_DOUBLE_INFINITY)) {
        return llmobsi_key_of_double(number, value);
    }
    return bits == UINT64_C(1) << 63 ? 0 : UINT64_MAX; /* -0; or negative, or no number */
}

llmobsi_fn uint64_t llmobsi_key_of_bits(uint8_t number, uint64_t bits, bool is_double)
{
    return is_double ? llmobsi_key_of_value(number, llmobsi_double_of(bits))
                     : llmobsi_key_of_int(number, bits);
}

/* All that is not quick. `bits` are those of a whole number, or of a double. */
llmobsi_cold void llmobsi_histogram_record_slow(llmobs_histogram histogram, uint64_t bits,
                                                bool is_double)
{
    llmobsi_visit visit;
    llmobsi_metric* metric;
    uint64_t key;
    if (!llmobsi_visit_begin(&visit, histogram.instance)) {
        return;
    }
    metric = &visit.registry->metrics[histogram.metric];
    key = llmobsi_key_of_bits(metric->number, bits, is_double);
    if (key > LLMOBS_I_CELL_MOST) {
        (void)llmobsi_add_relaxed(&metric->invalid, 1);
    } else {
        llmobsi_recorded came_to = llmobsi_histogram_add(
            &visit, metric, &visit.registry->series[histogram.series], key);
        if (came_to != LLMOBS_I_RECORDED) {
            (void)llmobsi_add_relaxed(
                came_to == LLMOBS_I_RECORDED_FULL ? &metric->saturated : &metric->dropped, 1);
        }
    }
    llmobsi_visit_end(&visit);
}

/* The quick ways, where the thread has its cells and nothing is special. They return false, and
   nothing has happened, where the long way is to be gone; the busy flag is up. What leaves them is
   called last, so that they have few registers to save. */
llmobsi_inline bool llmobsi_explicit_quick(const llmobsi_metric* metric, uint8_t number,
                                           const llmobsi_row* row, uint32_t cell, uint64_t key)
{
    llmobsi_atomic64* cells = llmobsi_cell_at(row, cell);
    uint64_t sum;
    if (llmobsi_unlikely(cells == NULL || key > LLMOBS_I_CELL_MOST)) {
        return false;
    }
    sum = llmobsi_sum_next(number, cells, key);
    if (llmobsi_unlikely(sum > llmobsi_sum_end(number))) {
        return false;
    }
    llmobsi_value_put(cells, &cells[LLMOBS_I_EXPLICIT_HEAD + llmobsi_bucket_of(metric, key)], key,
                      sum);
    return true;
}

llmobsi_inline bool llmobsi_exponential_quick(const llmobsi_metric* metric, const llmobsi_row* row,
                                              const llmobsi_series* series, uint32_t cell,
                                              uint64_t key)
{
    llmobsi_atomic64* cells = llmobsi_cell_at(row, cell);
    llmobsi_atomic64* count;
    uint64_t sum;
    if (llmobsi_unlikely(cells == NULL || key > LLMOBS_I_CELL_MOST)) {
        return false;
    }
    count = llmobsi_exponential_place(row, series, cells, metric->number, key);
    sum = llmobsi_sum_next(metric->number, &cells[LLMOBS_I_EXPONENTIAL_SUM], key);
    if (llmobsi_unlikely(count == NULL || sum > llmobsi_sum_end(metric->number))) {
        return false;
    }
    llmobsi_value_put(&cells[LLMOBS_I_EXPONENTIAL_SUM], count, key, sum);
    return true;
}

/* Goes on where one of the two below has come in, and lowers the flag. */
static __attribute__((noinline)) void llmobsi_histogram_record_other(llmobs_histogram histogram,
                                                                     uint64_t bits, bool is_double)
{
    llmobsi_control* self = llmobsi_self;
    llmobsi_thread* thread = self->uses[LLMOBS_I_PLACE(histogram.instance)].thread;
    const llmobsi_registry* registry = &thread->recorder->registry;
    const llmobsi_metric* metric = &registry->metrics[histogram.metric];
    uint64_t key = llmobsi_key_of_bits(metric->number, bits, is_double);
    bool done = metric->instrument == LLMOBS_HISTOGRAM
                    ? llmobsi_explicit_quick(metric, LLMOBS_NUMBER_DOUBLE, &thread->row,
                                             histogram.cell, key)
                    : llmobsi_exponential_quick(metric, &thread->row,
                                                &registry->series[histogram.series],
                                                histogram.cell, key);
    llmobsi_lower(self);
    if (llmobsi_unlikely(!done)) {
        llmobsi_histogram_record_slow(histogram, bits, is_double);
    }
}

/* With bounds, and whole numbers: what is most common, and quickest. */
llmobsi_inline bool llmobsi_metric_is_plain(const llmobsi_metric* metric)
{
    return metric->instrument == LLMOBS_HISTOGRAM && metric->number != LLMOBS_NUMBER_DOUBLE;
}

LLMOBS_API void llmobs_histogram_record_int(llmobs_histogram histogram, uint64_t value)
{
    llmobsi_control* self = llmobsi_self;
    llmobsi_thread* thread = llmobsi_enter_quick(self, histogram.instance);
    if (llmobsi_likely(thread != NULL)) {
        const llmobsi_metric* metric = &thread->recorder->registry.metrics[histogram.metric];
        bool done;
        if (!llmobsi_metric_is_plain(metric)) {
            llmobsi_histogram_record_other(histogram, value, false);
            return;
        }
        done = llmobsi_explicit_quick(metric, LLMOBS_NUMBER_INT, &thread->row, histogram.cell,
                                      value);
        llmobsi_lower(self);
        if (llmobsi_likely(done)) {
            return;
        }
    }
    llmobsi_histogram_record_slow(histogram, value, false);
}

LLMOBS_API void llmobs_histogram_record(llmobs_histogram histogram, double value)
{
    llmobsi_control* self = llmobsi_self;
    llmobsi_thread* thread = llmobsi_enter_quick(self, histogram.instance);
    if (llmobsi_likely(thread != NULL)) {
        const llmobsi_metric* metric = &thread->recorder->registry.metrics[histogram.metric];
        bool done;
        if (!llmobsi_metric_is_plain(metric)) {
            llmobsi_histogram_record_other(histogram, llmobsi_double_bits(value), true);
            return;
        }
        done = llmobsi_explicit_quick(metric, LLMOBS_NUMBER_INT, &thread->row, histogram.cell,
                                      llmobsi_key_of_value(metric->number, value));
        llmobsi_lower(self);
        if (llmobsi_likely(done)) {
            return;
        }
    }
    llmobsi_histogram_record_slow(histogram, llmobsi_double_bits(value), true);
}

/* ---- exemplars ----------------------------------------------------------------------------- */

/* `bits` as above. */
llmobsi_fn void llmobsi_histogram_exemplar(llmobs_histogram histogram, uint64_t bits,
                                           bool is_double, llmobs_span span)
{
    llmobsi_visit visit;
    const llmobsi_metric* metric;
    uint32_t bucket;
    uint64_t key;
    if (!llmobsi_visit_begin(&visit, histogram.instance)) {
        return;
    }
    metric = &visit.registry->metrics[histogram.metric];
    key = llmobsi_key_of_bits(metric->number, bits, is_double);
    bucket = metric->bound_count > 0 ? llmobsi_bucket_of(metric, key) : 0;
    llmobsi_visit_end(&visit);
    if (key <= LLMOBS_I_CELL_MOST) {
        llmobsi_exemplar_offer(histogram.instance, histogram.series, bucket, key, span);
    }
}

LLMOBS_API void llmobs_histogram_record_int_in(llmobs_histogram histogram, uint64_t value,
                                               llmobs_span span)
{
    llmobs_histogram_record_int(histogram, value);
    llmobsi_histogram_exemplar(histogram, value, false, span);
}

LLMOBS_API void llmobs_histogram_record_in(llmobs_histogram histogram, double value,
                                           llmobs_span span)
{
    llmobs_histogram_record(histogram, value);
    llmobsi_histogram_exemplar(histogram, llmobsi_double_bits(value), true, span);
}

/* =================================================================================================
 *  >>reading                record: reading metrics back, quantiles
 * ============================================================================================== */

/* Summing the rows. A reader takes each cell once, so that what it says fits together: the count of
   a histogram is the sum of the buckets that it has read. Cells only grow, so that no sum falls
   from one reading to the next. */

/* A histogram, summed. */
typedef struct llmobsi_reading {
    uint64_t count;
    uint64_t sum;   /* as a key: whole units, or the bits of a double */
    uint64_t most;  /* key + 1, 0: none */
    uint64_t least; /* ~ key */
    uint64_t zeros;
    uint64_t window;  /* exponential, 0: no bucket is in use */
    uint32_t bucket_count;
    uint64_t counts[LLMOBS_EXPONENTIAL_BUCKETS];
} llmobsi_reading;

LLMOBS_I_STATIC_ASSERT(reading, LLMOBS_BOUNDS_MAX < LLMOBS_EXPONENTIAL_BUCKETS);

/* The shared row is row 0. */
llmobsi_fn const llmobsi_row* llmobsi_row_at(const llmobsi_recorder* recorder, uint32_t number)
{
    return number == 0 ? &recorder->registry.cells.shared : &recorder->threads[number - 1].row;
}

llmobsi_fn uint32_t llmobsi_row_count(const llmobsi_recorder* recorder)
{
    return 1 + llmobsi_load_acquire(&recorder->threads_used);
}

llmobsi_fn uint64_t llmobsi_read_counter(const llmobsi_recorder* recorder, uint32_t cell)
{
    uint32_t rows = llmobsi_row_count(recorder);
    uint64_t sum = 0;
    uint32_t i;
    for (i = 0; i < rows; i++) {
        const llmobsi_atomic64* place = llmobsi_cell_of(llmobsi_row_at(recorder, i), cell);
        uint64_t part = place != NULL ? llmobsi_load_relaxed(place) : 0;
        sum = part <= LLMOBS_I_CELL_MOST - sum ? sum + part : LLMOBS_I_CELL_MOST;
    }
    return sum;
}

llmobsi_fn int64_t llmobsi_read_updown(const llmobsi_recorder* recorder, uint32_t cell)
{
    uint32_t rows = llmobsi_row_count(recorder);
    uint64_t low = 0; /* with `high` 128 bits: what one row has too much, another may take back */
    int64_t high = 0;
    uint32_t i;
    for (i = 0; i < rows; i++) {
        const llmobsi_atomic64* place = llmobsi_cell_of(llmobsi_row_at(recorder, i), cell);
        uint64_t part = place != NULL ? llmobsi_load_relaxed(place) : 0;
        low += part;
        high += (low < part) - (int64_t)(part >> 63);
    }
    if (high == -(int64_t)(low >> 63)) {
        return (int64_t)low;
    }
    return high < 0 ? INT64_MIN : INT64_MAX;
}

llmobsi_fn double llmobsi_read_gauge(const llmobsi_recorder* recorder, uint32_t cell)
{
    return llmobsi_double_of(
        llmobsi_load_relaxed(llmobsi_shared_cell(&recorder->registry, cell)));
}

/* ---- histograms ---------------------------------------------------------------------------- */

/* Adds what stands in the first cells of a row. They are read after its counts. */
llmobsi_fn void llmobsi_reading_add(llmobsi_reading* reading, uint8_t number, uint64_t sum,
                                    uint64_t most, uint64_t least)
{
    if (number == LLMOBS_NUMBER_DOUBLE) {
        double whole = llmobsi_double_of(reading->sum) + llmobsi_double_of(sum);
        uint64_t bits = llmobsi_double_bits(whole);
        reading->sum = bits < LLMOBS_I_DOUBLE_INFINITY ? bits : LLMOBS_I_DOUBLE_INFINITY - 1;
    } else {
        reading->sum = sum <= LLMOBS_I_CELL_MOST - reading->sum ? reading->sum + sum
                                                                : LLMOBS_I_CELL_MOST;
    }
    reading->most = most > reading->most ? most : reading->most;
    reading->least = least > reading->least ? least : reading->least;
}

llmobsi_fn void llmobsi_read_explicit(const llmobsi_recorder* recorder,
                                      const llmobsi_metric* metric, uint32_t cell,
                                      llmobsi_reading* reading)
{
    uint32_t rows = llmobsi_row_count(recorder);
    uint32_t i;
    uint32_t bucket;
    reading->bucket_count = metric->bound_count + 1u;
    for (i = 0; i < rows; i++) {
        const llmobsi_atomic64* cells = llmobsi_cell_of(llmobsi_row_at(recorder, i), cell);
        if (cells == NULL) {
            continue;
        }
        for (bucket = 0; bucket <= metric->bound_count; bucket++) {
            uint64_t count = llmobsi_load_acquire(&cells[LLMOBS_I_EXPLICIT_HEAD + bucket]);
            reading->counts[bucket] += count;
            reading->count += count;
        }
        llmobsi_reading_add(reading, metric->number,
                            llmobsi_load_relaxed(&cells[LLMOBS_I_EXPLICIT_SUM]),
                            llmobsi_load_relaxed(&cells[LLMOBS_I_EXPLICIT_MOST]),
                            llmobsi_load_relaxed(&cells[LLMOBS_I_EXPLICIT_LEAST]));
    }
}

/* Copies the counts of one row that belong to one window; again where it has changed meanwhile: its
   writer is not waited for, it has gone on. Returns the window, 0: nothing is counted. */
llmobsi_fn uint64_t llmobsi_read_window(const llmobsi_row* row, const llmobsi_series* series,
                                        const llmobsi_atomic64* cells, uint64_t* counts)
{
    uint64_t window = llmobsi_load_acquire(&cells[LLMOBS_I_EXPONENTIAL_WINDOW]);
    uint64_t before;
    do {
        const llmobsi_atomic64* from = cells + LLMOBS_I_EXPONENTIAL_HEAD;
        uint32_t i;
        before = window;
        if ((window & LLMOBS_I_WINDOW_COLD) != 0) {
            from = llmobsi_cell_of(row, series->cold);
        }
        for (i = 0; i < LLMOBS_EXPONENTIAL_BUCKETS; i++) {
            counts[i] = llmobsi_load_acquire(&from[i]);
        }
        window = llmobsi_load_acquire(&cells[LLMOBS_I_EXPONENTIAL_WINDOW]);
    } while (window != before);
    return window;
}

/* The least and largest index that is counted, at the window's scale. */
llmobsi_fn bool llmobsi_counts_span(uint64_t window, const uint64_t* counts, int32_t* low,
                                    int32_t* high)
{
    int32_t first = 0;
    int32_t last = (int32_t)LLMOBS_EXPONENTIAL_BUCKETS - 1;
    while (last >= 0 && counts[last] == 0) {
        last--;
    }
    while (first < last && counts[first] == 0) {
        first++;
    }
    *low = llmobsi_window_start(window) + first;
    *high = llmobsi_window_start(window) + last;
    return last >= 0;
}

/* Moves counts into another window, which has room for them. */
llmobsi_fn void llmobsi_counts_move(uint64_t from_window, const uint64_t* from, uint64_t to_window,
                                    uint64_t* to)
{
    uint32_t coarser = llmobsi_window_shift(to_window) - llmobsi_window_shift(from_window);
    int32_t i;
    for (i = 0; i < (int32_t)LLMOBS_EXPONENTIAL_BUCKETS; i++) {
        if (from[i] != 0) {
            int32_t at = (llmobsi_window_start(from_window) + i) >> coarser;
            to[at - llmobsi_window_start(to_window)] += from[i];
        }
    }
}

/* Merges a row's counts: at the coarser scale of both, or one that holds both. */
llmobsi_fn void llmobsi_reading_merge(llmobsi_reading* reading, uint64_t window,
                                      const uint64_t* counts)
{
    uint64_t merged[LLMOBS_EXPONENTIAL_BUCKETS];
    uint32_t shift = llmobsi_window_shift(window);
    uint32_t other = llmobsi_window_shift(reading->window);
    int32_t low, high, other_low, other_high;
    if (!llmobsi_counts_span(window, counts, &low, &high)) {
        return;
    }
    if (reading->window != 0) {
        uint32_t coarsest = shift > other ? shift : other;
        (void)llmobsi_counts_span(reading->window, reading->counts, &other_low, &other_high);
        low >>= coarsest - shift;
        high >>= coarsest - shift;
        other_low >>= coarsest - other;
        other_high >>= coarsest - other;
        low = other_low < low ? other_low : low;
        high = other_high > high ? other_high : high;
        shift = coarsest;
    }
    while (high - low >= (int32_t)LLMOBS_EXPONENTIAL_BUCKETS) {
        low >>= 1;
        high >>= 1;
        shift++;
    }
    memset(merged, 0, sizeof merged);
    {
        uint64_t wide = llmobsi_window_make(0, shift, low);
        llmobsi_counts_move(window, counts, wide, merged);
        if (reading->window != 0) {
            llmobsi_counts_move(reading->window, reading->counts, wide, merged);
        }
        reading->window = wide;
    }
    memcpy(reading->counts, merged, sizeof merged);
    reading->bucket_count = (uint32_t)(high - low) + 1;
}

llmobsi_fn void llmobsi_read_exponential(const llmobsi_recorder* recorder,
                                         const llmobsi_metric* metric,
                                         const llmobsi_series* series, llmobsi_reading* reading)
{
    uint64_t counts[LLMOBS_EXPONENTIAL_BUCKETS];
    uint32_t rows = llmobsi_row_count(recorder);
    uint32_t i;
    for (i = 0; i < rows; i++) {
        const llmobsi_row* row = llmobsi_row_at(recorder, i);
        const llmobsi_atomic64* cells = llmobsi_cell_of(row, series->cell);
        uint64_t window;
        if (cells == NULL) {
            continue;
        }
        reading->zeros += llmobsi_load_acquire(&cells[LLMOBS_I_EXPONENTIAL_ZEROS]);
        window = llmobsi_read_window(row, series, cells, counts);
        if (window != 0) {
            llmobsi_reading_merge(reading, window, counts);
        }
        llmobsi_reading_add(reading, metric->number,
                            llmobsi_load_relaxed(&cells[LLMOBS_I_EXPONENTIAL_SUM]),
                            llmobsi_load_relaxed(&cells[LLMOBS_I_EXPONENTIAL_MOST]),
                            llmobsi_load_relaxed(&cells[LLMOBS_I_EXPONENTIAL_LEAST]));
    }
    reading->count = reading->zeros;
    for (i = 0; i < reading->bucket_count; i++) {
        reading->count += reading->counts[i];
    }
}

llmobsi_fn void llmobsi_read_histogram(const llmobsi_recorder* recorder,
                                       const llmobsi_series* series, llmobsi_reading* reading)
{
    const llmobsi_metric* metric = &recorder->registry.metrics[series->metric];
    memset(reading, 0, sizeof *reading);
    if (metric->instrument == LLMOBS_HISTOGRAM) {
        llmobsi_read_explicit(recorder, metric, series->cell, reading);
    } else {
        llmobsi_read_exponential(recorder, metric, series, reading);
    }
}

/* ---- by handle ----------------------------------------------------------------------------- */

/* What is read has to stay for the length of a call, as with recording. NULL: it is not there. */
llmobsi_fn const llmobsi_recorder* llmobsi_reader_begin(llmobsi_visit* visit, uint32_t ticket)
{
    return llmobsi_visit_begin(visit, ticket) ? llmobsi_places[LLMOBS_I_PLACE(ticket)].recorder
                                              : NULL;
}

LLMOBS_API uint64_t llmobs_counter_read(llmobs_counter counter)
{
    llmobsi_visit visit;
    const llmobsi_recorder* recorder = llmobsi_reader_begin(&visit, counter.instance);
    uint64_t value = 0;
    if (recorder != NULL) {
        value = llmobsi_read_counter(recorder, counter.cell);
        llmobsi_visit_end(&visit);
    }
    return value;
}

LLMOBS_API int64_t llmobs_updown_read(llmobs_updown updown)
{
    llmobsi_visit visit;
    const llmobsi_recorder* recorder = llmobsi_reader_begin(&visit, updown.instance);
    int64_t value = 0;
    if (recorder != NULL) {
        value = llmobsi_read_updown(recorder, updown.cell);
        llmobsi_visit_end(&visit);
    }
    return value;
}

LLMOBS_API double llmobs_gauge_read(llmobs_gauge gauge)
{
    llmobsi_visit visit;
    const llmobsi_recorder* recorder = llmobsi_reader_begin(&visit, gauge.instance);
    double value = 0.0;
    if (recorder != NULL) {
        value = llmobsi_read_gauge(recorder, gauge.cell);
        llmobsi_visit_end(&visit);
    }
    return value;
}

static const uint64_t llmobsi_nan_bits = UINT64_C(0x7ff8000000000000);

llmobsi_fn int32_t llmobsi_reading_scale(const llmobsi_reading* reading)
{
    return LLMOBS_I_EXPONENTIAL_FINEST - (int32_t)llmobsi_window_shift(reading->window);
}

llmobsi_fn double llmobsi_reading_min(const llmobsi_reading* reading, uint8_t number)
{
    return reading->count != 0 ? llmobsi_key_value(number, ~reading->least)
                               : llmobsi_double_of(llmobsi_nan_bits);
}

llmobsi_fn double llmobsi_reading_max(const llmobsi_reading* reading, uint8_t number)
{
    return reading->count != 0 ? llmobsi_key_value(number, reading->most - 1)
                               : llmobsi_double_of(llmobsi_nan_bits);
}

LLMOBS_API llmobs_result llmobs_histogram_read(llmobs_histogram histogram,
                                               llmobs_histogram_stats* stats)
{
    llmobs_histogram_stats full;
    llmobsi_visit visit;
    const llmobsi_recorder* recorder;
    llmobsi_reading reading;
    size_t size;
    if (stats == NULL) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    memset(&full, 0, sizeof full);
    recorder = llmobsi_reader_begin(&visit, histogram.instance);
    if (recorder != NULL) {
        uint8_t number = recorder->registry.metrics[histogram.metric].number;
        llmobsi_read_histogram(recorder, &recorder->registry.series[histogram.series], &reading);
        full.count = reading.count;
        full.sum = llmobsi_key_value(number, reading.sum);
        full.min = llmobsi_reading_min(&reading, number);
        full.max = llmobsi_reading_max(&reading, number);
        full.scale = reading.window != 0 ? llmobsi_reading_scale(&reading) : 0;
        llmobsi_visit_end(&visit);
    }
    size = stats->size != 0 && stats->size < sizeof full ? stats->size : sizeof full;
    full.size = size;
    memcpy(stats, &full, size);
    return recorder != NULL ? LLMOBS_OK : LLMOBS_ERROR_CLOSED;
}

/* ---- quantiles ----------------------------------------------------------------------------- */

llmobsi_fn void llmobsi_reading_quantile(const llmobsi_metric* metric,
                                         const llmobsi_reading* reading, double q,
                                         llmobs_quantile* quantile)
{
    double least = llmobsi_reading_min(reading, metric->number);
    double most = llmobsi_reading_max(reading, metric->number);
    uint64_t rank = llmobsi_quantile_rank(q, reading->count);
    llmobsi_bracket bracket;
    if (metric->instrument == LLMOBS_HISTOGRAM) {
        bracket = llmobsi_explicit_quantile(reading->counts, metric->bounds, metric->bound_count,
                                            rank, least, most);
    } else {
        bracket = llmobsi_exponential_quantile(reading->counts, reading->bucket_count,
                                               llmobsi_window_start(reading->window),
                                               llmobsi_reading_scale(reading), reading->zeros,
                                               rank);
    }
    if (bracket.high > 0.0) { /* halves: their sum is a double */
        quantile->relative_error = (bracket.high / 2 - bracket.low / 2) /
                                   (bracket.high / 2 + bracket.low / 2);
    }
    bracket = llmobsi_bracket_clamp(bracket, least, most);
    quantile->value = bracket.value;
    quantile->low = bracket.low;
    quantile->high = bracket.high;
}

LLMOBS_API llmobs_quantile llmobs_histogram_quantile(llmobs_histogram histogram, double q)
{
    llmobs_quantile quantile;
    llmobsi_visit visit;
    const llmobsi_recorder* recorder = llmobsi_reader_begin(&visit, histogram.instance);
    llmobsi_reading reading;
    memset(&quantile, 0, sizeof quantile);
    quantile.value = llmobsi_double_of(llmobsi_nan_bits);
    quantile.low = quantile.value;
    quantile.high = quantile.value;
    if (recorder == NULL) {
        return quantile;
    }
    llmobsi_read_histogram(recorder, &recorder->registry.series[histogram.series], &reading);
    quantile.count = reading.count;
    if (reading.count != 0) {
        llmobsi_reading_quantile(&recorder->registry.metrics[histogram.metric], &reading, q,
                                 &quantile);
    }
    llmobsi_visit_end(&visit);
    return quantile;
}

/* =================================================================================================
 *  >>batch                  encode: typed views of what was recorded
 * ============================================================================================== */

/* From slots to views: a packer copies ended spans into a batch's memory, complete in
   themselves, so that the slots can go back to the pool at once. Views grow from the front of
   the memory, all that they point to from the back. */

typedef struct llmobsi_packer {
    unsigned char* memory; /* aligned to 64 */
    size_t front;
    size_t back;
    size_t count;
} llmobsi_packer;

/* Where strings of size 0 point. */
static const char llmobsi_empty[1] = "";

llmobsi_fn void llmobsi_packer_reset(llmobsi_packer* packer, size_t size)
{
    packer->front = 0;
    packer->back = size;
    packer->count = 0;
}

llmobsi_fn void* llmobsi_packer_take(llmobsi_packer* packer, size_t size, size_t alignment)
{
    size_t back = packer->back;
    if (back - packer->front < size + alignment) {
        return NULL;
    }
    packer->back = (back - size) & ~(alignment - 1);
    return packer->memory + packer->back;
}

llmobsi_fn llmobs_attribute_view* llmobsi_packer_attributes(llmobsi_packer* packer, size_t count)
{
    return (llmobs_attribute_view*)llmobsi_packer_take(packer,
                                                       count * sizeof(llmobs_attribute_view), 8);
}

/* Copies text; what is no UTF-8 is repaired, which may make it three times as long. */
llmobsi_fn bool llmobsi_packer_string(llmobsi_packer* packer, const unsigned char* data,
                                      size_t size, llmobs_string* string)
{
    const char* text = (const char*)data;
    bool valid = llmobsi_utf8_is_valid(text, size);
    char* copy;
    string->data = llmobsi_empty;
    string->size = 0;
    if (size == 0) {
        return true;
    }
    copy = (char*)llmobsi_packer_take(packer, (valid ? size : 3 * size) + 1, 1);
    if (copy == NULL) {
        return false;
    }
    if (valid) {
        memcpy(copy, text, size);
    } else {
        size = llmobsi_utf8_repair(copy, 3 * size, text, size);
    }
    copy[size] = '\0';
    string->data = copy;
    string->size = size;
    return true;
}

/* ---- one attribute ------------------------------------------------------------------------- */

llmobsi_fn uint32_t llmobsi_strings_count(const unsigned char* packed, uint32_t size)
{
    uint32_t count = 0;
    uint32_t place = 0;
    uint16_t length;
    while (place + sizeof length <= size) {
        memcpy(&length, packed + place, sizeof length);
        place += (uint32_t)sizeof length + length;
        count += place <= size;
    }
    return count;
}

llmobsi_fn bool llmobsi_pack_strings(llmobsi_packer* packer, const unsigned char* packed,
                                     uint32_t size, llmobs_attribute_view* view)
{
    uint32_t count = llmobsi_strings_count(packed, size);
    llmobs_string* strings =
        (llmobs_string*)llmobsi_packer_take(packer, count * sizeof(llmobs_string), sizeof(void*));
    uint32_t i;
    if (strings == NULL) {
        return false;
    }
    for (i = 0; i < count; i++) {
        uint16_t length;
        memcpy(&length, packed, sizeof length);
        packed += sizeof length;
        if (!llmobsi_packer_string(packer, packed, length, &strings[i])) {
            return false;
        }
        packed += length;
    }
    view->count = count;
    view->value.strings = strings;
    return true;
}

llmobsi_fn bool llmobsi_pack_attribute(llmobsi_packer* packer, const llmobsi_names* names,
                                       const llmobsi_field* field, llmobs_attribute_view* view)
{
    const unsigned char* payload = llmobsi_field_payload(field);
    int64_t truth = 0;
    view->key = llmobsi_names_text(names, field->key);
    view->type = (llmobs_type)field->type;
    view->count = 0;
    switch (field->type) {
        case LLMOBS_TYPE_STRING:
            return llmobsi_packer_string(packer, payload, field->size, &view->value.string);
        case LLMOBS_TYPE_STRINGS:
            return llmobsi_pack_strings(packer, payload, field->size, view);
        case LLMOBS_TYPE_BOOL:
            memcpy(&truth, payload, sizeof truth);
            view->value.boolean = truth != 0;
            return true;
        default:
            memcpy(&view->value.integer, payload, sizeof view->value.integer);
            return true;
    }
}

/* ---- a span -------------------------------------------------------------------------------- */

/* Attributes of a span, or of an event, where a key comes once. */
typedef struct llmobsi_pack_list {
    llmobs_attribute_view* attributes;
    uint32_t* count; /* in the view */
    uint32_t room;
    uint64_t keys_seen; /* a bit for each key, by its low bits */
} llmobsi_pack_list;

/* A span being packed: the arrays that its view points to are filled through these. */
typedef struct llmobsi_packing {
    llmobsi_packer* packer;
    const llmobsi_recorder* recorder;
    llmobs_span_view* view;
    llmobs_event_view* events;
    llmobs_link_view* links;
    uint32_t event_room;
    uint32_t link_room;
    llmobsi_pack_list own;
    llmobsi_pack_list event; /* of the event whose attributes come now */
} llmobsi_packing;

/* The place for an attribute: that of an earlier value with the same key, or the next. NULL: there
   is none, the counts in the slot are wrong. */
llmobsi_fn llmobs_attribute_view* llmobsi_pack_place(const llmobsi_names* names,
                                                     llmobsi_pack_list* list, uint32_t key)
{
    uint64_t bit = UINT64_C(1) << (key & 63u);
    uint32_t i;
    if ((list->keys_seen & bit) != 0) {
        llmobs_string text = llmobsi_names_text(names, key);
        for (i = 0; i < *list->count; i++) {
            if (list->attributes[i].key.data == text.data) {
                return &list->attributes[i];
            }
        }
    }
    list->keys_seen |= bit;
    if (*list->count == list->room) {
        return NULL;
    }
    return &list->attributes[(*list->count)++];
}

llmobsi_fn bool llmobsi_pack_event(llmobsi_packing* packing, const llmobsi_field* field)
{
    llmobsi_pack_list* list = &packing->event;
    llmobs_event_view* event;
    llmobsi_event_head head;
    uint64_t from;
    if (packing->view->event_count == packing->event_room || field->size != sizeof head) {
        return true;
    }
    memcpy(&head, llmobsi_field_payload(field), sizeof head);
    event = &packing->events[packing->view->event_count];
    event->name = llmobsi_names_text(&packing->recorder->names, field->key);
    llmobsi_timeline_convert(&packing->recorder->timeline, head.stamp, head.stamp, &from,
                             &event->unix_ns);
    event->attribute_count = 0;
    event->dropped_attribute_count = head.dropped_attributes;
    list->room = head.attribute_count <= LLMOBS_I_ATTRIBUTES_MAX ? head.attribute_count : 0;
    list->attributes = llmobsi_packer_attributes(packing->packer, list->room);
    list->count = &event->attribute_count;
    list->keys_seen = 0;
    event->attributes = list->attributes;
    packing->view->event_count++;
    return list->attributes != NULL;
}

llmobsi_fn bool llmobsi_pack_link(llmobsi_packing* packing, const llmobsi_field* field)
{
    const unsigned char* payload = llmobsi_field_payload(field);
    llmobs_link_view* link;
    if (packing->view->link_count == packing->link_room || field->size < LLMOBS_I_LINK_HEAD) {
        return true;
    }
    link = &packing->links[packing->view->link_count++];
    memset(link, 0, sizeof *link);
    memcpy(link->trace_id, payload, 16);
    memcpy(link->span_id, payload + 16, 8);
    link->flags = payload[24];
    return llmobsi_packer_string(packing->packer, payload + LLMOBS_I_LINK_HEAD,
                                 field->size - LLMOBS_I_LINK_HEAD, &link->trace_state);
}

llmobsi_fn bool llmobsi_pack_field(llmobsi_packing* packing, const llmobsi_field* field)
{
    const llmobsi_names* names = &packing->recorder->names;
    llmobsi_pack_list* list;
    llmobs_attribute_view* place;
    if (field->type == LLMOBS_I_FIELD_EVENT) {
        return llmobsi_pack_event(packing, field);
    }
    if (field->type == LLMOBS_I_FIELD_LINK) {
        return llmobsi_pack_link(packing, field);
    }
    if (field->type == LLMOBS_I_FIELD_MESSAGE) {
        /* OK may have come after it, which has none. */
        return packing->view->status != LLMOBS_STATUS_ERROR ||
               llmobsi_packer_string(packing->packer, llmobsi_field_payload(field), field->size,
                                     &packing->view->status_message);
    }
    if (field->type == LLMOBS_I_FIELD_TRACESTATE) {
        return true; /* llmobsi_pack_tracestate has it */
    }
    list = field->owner == LLMOBS_I_OF_EVENT ? &packing->event : &packing->own;
    place = list->count != NULL ? llmobsi_pack_place(names, list, field->key) : NULL;
    return place == NULL || llmobsi_pack_attribute(packing->packer, names, field, place);
}

/* What stands in the slot's head. */
llmobsi_fn void llmobsi_pack_head(const llmobsi_recorder* recorder, const llmobsi_slot* slot,
                                  llmobs_span_view* view)
{
    uint8_t flags = llmobsi_load_relaxed(&slot->flags);
    memset(view, 0, sizeof *view);
    llmobsi_write_be64(view->trace_id, llmobsi_load_relaxed(&slot->trace_high));
    llmobsi_write_be64(view->trace_id + 8, llmobsi_load_relaxed(&slot->trace_low));
    llmobsi_write_be64(view->span_id, llmobsi_load_relaxed(&slot->span_id));
    llmobsi_write_be64(view->parent_span_id, slot->parent_id);
    view->name = llmobsi_names_text(&recorder->names, slot->name);
    view->trace_state.data = llmobsi_empty;
    view->status_message.data = llmobsi_empty;
    llmobsi_timeline_convert(&recorder->timeline, llmobsi_load_relaxed(&slot->start), slot->end,
                             &view->start_unix_ns, &view->end_unix_ns);
    view->flags = (flags & (LLMOBS_TRACE_SAMPLED | LLMOBS_TRACE_RANDOM)) |
                  LLMOBS_FLAG_HAS_IS_REMOTE |
                  ((flags & LLMOBS_I_FLAG_REMOTE_PARENT) != 0 ? LLMOBS_FLAG_IS_REMOTE : 0u);
    view->thread = slot->thread;
    view->kind = (llmobs_kind)slot->kind;
    view->status = (llmobs_status)slot->status;
    view->dropped_attribute_count = slot->dropped_attributes;
    view->dropped_event_count = slot->dropped_events;
    view->dropped_link_count = slot->dropped_links;
}

/* Room for the arrays, by the counts in the slot's head. */
llmobsi_fn bool llmobsi_pack_arrays(llmobsi_packing* packing, const llmobsi_slot* slot)
{
    llmobsi_packer* packer = packing->packer;
    packing->own.count = &packing->view->attribute_count;
    packing->own.room = slot->attribute_count;
    packing->event_room = slot->event_count;
    packing->link_room = slot->link_count;
    packing->own.attributes = llmobsi_packer_attributes(packer, packing->own.room);
    if (packing->own.attributes == NULL) {
        return false;
    }
    packing->view->attributes = packing->own.attributes;
    if (llmobsi_likely(packing->event_room + packing->link_room == 0)) {
        return true;
    }
    packing->events = (llmobs_event_view*)llmobsi_packer_take(
        packer, packing->event_room * sizeof(llmobs_event_view), 8);
    packing->links = (llmobs_link_view*)llmobsi_packer_take(
        packer, packing->link_room * sizeof(llmobs_link_view), 8);
    packing->view->events = packing->events;
    packing->view->links = packing->links;
    return packing->events != NULL && packing->links != NULL;
}

llmobsi_fn bool llmobsi_pack_tracestate(llmobsi_packing* packing, const llmobsi_slot* slot)
{
    char tracestate[LLMOBS_TRACESTATE_SIZE + 1];
    uint8_t flags = llmobsi_load_relaxed(&slot->flags);
    llmobsi_slot_tracestate(packing->recorder, slot, flags, tracestate);
    return llmobsi_packer_string(packing->packer, (const unsigned char*)tracestate,
                                 strlen(tracestate), &packing->view->trace_state);
}

llmobsi_fn bool llmobsi_pack_body(llmobsi_packing* packing, const llmobsi_slot* slot)
{
    llmobsi_walk walk;
    const llmobsi_field* field;
    llmobsi_walk_begin(&walk, &packing->recorder->pool, slot);
    while ((field = llmobsi_walk_next(&walk)) != NULL) {
        if (!llmobsi_pack_field(packing, field)) {
            return false;
        }
    }
    return (llmobsi_load_relaxed(&slot->flags) & LLMOBS_I_FLAGS_TRACESTATE) == 0 ||
           llmobsi_pack_tracestate(packing, slot);
}

/* Adds one ended span. False, and nothing is changed, when the memory does not suffice. */
llmobsi_fn bool llmobsi_packer_add(llmobsi_packer* packer, const llmobsi_recorder* recorder,
                                   const llmobsi_slot* slot)
{
    size_t back = packer->back;
    llmobsi_packing packing;
    if (back - packer->front < sizeof(llmobs_span_view)) {
        return false;
    }
    memset(&packing, 0, sizeof packing);
    packing.packer = packer;
    packing.recorder = recorder;
    packing.view = (llmobs_span_view*)(void*)(packer->memory + packer->front);
    packer->front += sizeof(llmobs_span_view);
    llmobsi_pack_head(recorder, slot, packing.view);
    if (!llmobsi_pack_arrays(&packing, slot) || !llmobsi_pack_body(&packing, slot)) {
        packer->front -= sizeof(llmobs_span_view);
        packer->back = back;
        return false;
    }
    packer->count++;
    return true;
}

/* =================================================================================================
 *  >>otlp                   encode: OTLP/JSON
 * ============================================================================================== */

#ifndef LLMOBS_NO_OTLP

/* OTLP/JSON, by ProtoJSON's rules: ids in hex, 64-bit numbers as strings, enums as numbers, and
   what is empty or zero left out.

   Room: every function here begins with at least LLMOBS_I_JSON_AFTER free bytes behind the cursor
   and leaves as many, so that short punctuation needs no check. */

/* ---- attributes ---------------------------------------------------------------------------- */

llmobsi_fn char* llmobsi_otlp_strings(llmobsi_writer* writer, char* cursor,
                                      const llmobs_string* strings, size_t count)
{
    size_t i;
    cursor = llmobsi_append_text(cursor, "\"arrayValue\":{\"values\":[");
    for (i = 0; i < count && !writer->failed; i++) {
        cursor = llmobsi_room(writer, cursor, LLMOBS_I_JSON_AFTER);
        cursor = i > 0 ? llmobsi_append_text(cursor, ",{\"stringValue\":")
                       : llmobsi_append_text(cursor, "{\"stringValue\":");
        cursor = llmobsi_json_string_at(writer, cursor, strings[i]);
        *cursor++ = '}';
    }
    cursor = llmobsi_append_text(cursor, "]}");
    return llmobsi_room(writer, cursor, LLMOBS_I_JSON_AFTER);
}

/* The inside of an AnyValue. An unknown type leaves it empty, which is a value, too. */
llmobsi_inline char* llmobsi_otlp_value(llmobsi_writer* writer, char* cursor,
                                        const llmobs_attribute_view* attribute)
{
    switch (attribute->type) {
    case LLMOBS_TYPE_STRING:
        cursor = llmobsi_append_text(cursor, "\"stringValue\":");
        return llmobsi_json_string_at(writer, cursor, attribute->value.string);
    case LLMOBS_TYPE_INT:
        cursor = llmobsi_append_text(cursor, "\"intValue\":\"");
        cursor = llmobsi_append_i64(cursor, attribute->value.integer);
        *cursor++ = '"';
        return cursor;
    case LLMOBS_TYPE_DOUBLE:
        cursor = llmobsi_append_text(cursor, "\"doubleValue\":");
        return llmobsi_json_double_at(cursor, attribute->value.real);
    case LLMOBS_TYPE_BOOL:
        cursor = llmobsi_append_text(cursor, "\"boolValue\":");
        return attribute->value.boolean ? llmobsi_append_text(cursor, "true")
                                        : llmobsi_append_text(cursor, "false");
    case LLMOBS_TYPE_STRINGS:
        return llmobsi_otlp_strings(writer, cursor, attribute->value.strings, attribute->count);
    }
    return cursor;
}

/* `"attributes":[...]` */
llmobsi_fn char* llmobsi_otlp_attributes(llmobsi_writer* writer, char* cursor,
                                         const llmobs_attribute_view* attributes, size_t count)
{
    size_t i;
    cursor = llmobsi_append_text(cursor, "\"attributes\":[");
    for (i = 0; i < count && !writer->failed; i++) {
        cursor = llmobsi_room(writer, cursor, LLMOBS_I_JSON_AFTER);
        cursor = i > 0 ? llmobsi_append_text(cursor, ",{\"key\":")
                       : llmobsi_append_text(cursor, "{\"key\":");
        cursor = llmobsi_json_string_at(writer, cursor, attributes[i].key);
        cursor = llmobsi_room(writer, cursor, 128);
        cursor = llmobsi_append_text(cursor, ",\"value\":{");
        cursor = llmobsi_otlp_value(writer, cursor, &attributes[i]);
        cursor = llmobsi_append_text(cursor, "}}");
    }
    cursor = llmobsi_room(writer, cursor, LLMOBS_I_JSON_AFTER + 1);
    *cursor++ = ']';
    return cursor;
}

/* The attributes of something, with how many it lost, as further members of an object. */
llmobsi_fn char* llmobsi_otlp_attribute_members(llmobsi_writer* writer, char* cursor,
                                                const llmobs_attribute_view* attributes,
                                                uint32_t count, uint32_t dropped)
{
    if (count > 0 && attributes != NULL) {
        *cursor++ = ',';
        cursor = llmobsi_room(writer, cursor, LLMOBS_I_JSON_AFTER);
        cursor = llmobsi_otlp_attributes(writer, cursor, attributes, count);
    }
    if (dropped > 0) {
        cursor = llmobsi_room(writer, cursor, 128);
        cursor = llmobsi_append_text(cursor, ",\"droppedAttributesCount\":");
        cursor = llmobsi_append_u64(cursor, dropped);
    }
    return llmobsi_room(writer, cursor, LLMOBS_I_JSON_AFTER);
}

/* ---- events and links ---------------------------------------------------------------------- */

llmobsi_fn char* llmobsi_otlp_events(llmobsi_writer* writer, char* cursor,
                                     const llmobs_event_view* events, size_t count)
{
    size_t i;
    cursor = llmobsi_append_text(cursor, ",\"events\":[");
    for (i = 0; i < count && !writer->failed; i++) {
        cursor = llmobsi_room(writer, cursor, 128);
        cursor = i > 0 ? llmobsi_append_text(cursor, ",{\"timeUnixNano\":\"")
                       : llmobsi_append_text(cursor, "{\"timeUnixNano\":\"");
        cursor = llmobsi_append_u64(cursor, events[i].unix_ns);
        cursor = llmobsi_append_text(cursor, "\",\"name\":");
        cursor = llmobsi_json_string_at(writer, cursor, events[i].name);
        cursor = llmobsi_otlp_attribute_members(writer, cursor, events[i].attributes,
                                                events[i].attribute_count,
                                                events[i].dropped_attribute_count);
        *cursor++ = '}';
    }
    cursor = llmobsi_room(writer, cursor, LLMOBS_I_JSON_AFTER + 1);
    *cursor++ = ']';
    return cursor;
}

llmobsi_fn char* llmobsi_otlp_flags_and_state(llmobsi_writer* writer, char* cursor, uint32_t flags,
                                              llmobs_string trace_state)
{
    cursor = llmobsi_room(writer, cursor, 128);
    if (flags != 0) {
        cursor = llmobsi_append_text(cursor, ",\"flags\":");
        cursor = llmobsi_append_u64(cursor, flags);
    }
    if (trace_state.size > 0) {
        cursor = llmobsi_append_text(cursor, ",\"traceState\":");
        cursor = llmobsi_json_string_at(writer, cursor, trace_state);
    }
    return cursor;
}

llmobsi_fn char* llmobsi_otlp_links(llmobsi_writer* writer, char* cursor,
                                    const llmobs_link_view* links, size_t count)
{
    size_t i;
    cursor = llmobsi_append_text(cursor, ",\"links\":[");
    for (i = 0; i < count && !writer->failed; i++) {
        cursor = llmobsi_room(writer, cursor, 128);
        cursor = i > 0 ? llmobsi_append_text(cursor, ",{\"traceId\":\"")
                       : llmobsi_append_text(cursor, "{\"traceId\":\"");
        cursor = llmobsi_append_hex(cursor, links[i].trace_id, 16);
        cursor = llmobsi_append_text(cursor, "\",\"spanId\":\"");
        cursor = llmobsi_append_hex(cursor, links[i].span_id, 8);
        *cursor++ = '"';
        cursor = llmobsi_otlp_flags_and_state(writer, cursor, links[i].flags,
                                              links[i].trace_state);
        cursor = llmobsi_otlp_attribute_members(writer, cursor, links[i].attributes,
                                                links[i].attribute_count,
                                                links[i].dropped_attribute_count);
        *cursor++ = '}';
    }
    cursor = llmobsi_room(writer, cursor, LLMOBS_I_JSON_AFTER + 1);
    *cursor++ = ']';
    return cursor;
}

/* ---- spans --------------------------------------------------------------------------------- */

/* Which trace, which span, and under whom. A root has no parent id at all. */
llmobsi_inline char* llmobsi_otlp_ids(llmobsi_writer* writer, char* cursor,
                                      const llmobs_span_view* span)
{
    cursor = llmobsi_room(writer, cursor, 192);
    cursor = llmobsi_append_text(cursor, "{\"traceId\":\"");
    cursor = llmobsi_append_hex(cursor, span->trace_id, 16);
    cursor = llmobsi_append_text(cursor, "\",\"spanId\":\"");
    cursor = llmobsi_append_hex(cursor, span->span_id, 8);
    if (llmobsi_load_le64(span->parent_span_id) != 0) {
        cursor = llmobsi_append_text(cursor, "\",\"parentSpanId\":\"");
        cursor = llmobsi_append_hex(cursor, span->parent_span_id, 8);
    }
    *cursor++ = '"';
    return cursor;
}

llmobsi_inline char* llmobsi_otlp_kind_and_times(llmobsi_writer* writer, char* cursor,
                                                 const llmobs_span_view* span)
{
    bool known = span->kind >= LLMOBS_KIND_INTERNAL && span->kind <= LLMOBS_KIND_CONSUMER;
    cursor = llmobsi_room(writer, cursor, 192);
    cursor = llmobsi_append_text(cursor, ",\"kind\":");
    *cursor++ = (char)('0' + (known ? (int)span->kind : (int)LLMOBS_KIND_INTERNAL));
    cursor = llmobsi_append_text(cursor, ",\"startTimeUnixNano\":\"");
    cursor = llmobsi_append_u64(cursor, span->start_unix_ns);
    cursor = llmobsi_append_text(cursor, "\",\"endTimeUnixNano\":\"");
    cursor = llmobsi_append_u64(cursor, span->end_unix_ns);
    *cursor++ = '"';
    return cursor;
}

llmobsi_fn char* llmobsi_otlp_events_and_links(llmobsi_writer* writer, char* cursor,
                                               const llmobs_span_view* span)
{
    if (span->event_count > 0 && span->events != NULL) {
        cursor = llmobsi_otlp_events(writer, cursor, span->events, span->event_count);
    }
    if (span->dropped_event_count > 0) {
        cursor = llmobsi_room(writer, cursor, 128);
        cursor = llmobsi_append_text(cursor, ",\"droppedEventsCount\":");
        cursor = llmobsi_append_u64(cursor, span->dropped_event_count);
    }
    if (span->link_count > 0 && span->links != NULL) {
        cursor = llmobsi_otlp_links(writer, cursor, span->links, span->link_count);
    }
    if (span->dropped_link_count > 0) {
        cursor = llmobsi_room(writer, cursor, 128);
        cursor = llmobsi_append_text(cursor, ",\"droppedLinksCount\":");
        cursor = llmobsi_append_u64(cursor, span->dropped_link_count);
    }
    return cursor;
}

llmobsi_fn char* llmobsi_otlp_status(llmobsi_writer* writer, char* cursor,
                                     const llmobs_span_view* span)
{
    if (span->status != LLMOBS_STATUS_OK && span->status != LLMOBS_STATUS_ERROR) {
        return cursor;
    }
    cursor = llmobsi_append_text(cursor, ",\"status\":{");
    if (span->status == LLMOBS_STATUS_ERROR && span->status_message.size > 0) {
        cursor = llmobsi_append_text(cursor, "\"message\":");
        cursor = llmobsi_json_string_at(writer, cursor, span->status_message);
        *cursor++ = ',';
    }
    cursor = llmobsi_append_text(cursor, "\"code\":");
    *cursor++ = (char)('0' + (int)span->status);
    *cursor++ = '}';
    return llmobsi_room(writer, cursor, LLMOBS_I_JSON_AFTER);
}

llmobsi_fn char* llmobsi_otlp_span(llmobsi_writer* writer, char* cursor,
                                   const llmobs_span_view* span)
{
    cursor = llmobsi_otlp_ids(writer, cursor, span);
    cursor = llmobsi_otlp_flags_and_state(writer, cursor, span->flags, span->trace_state);
    cursor = llmobsi_append_text(cursor, ",\"name\":");
    cursor = llmobsi_json_string_at(writer, cursor, span->name);
    cursor = llmobsi_otlp_kind_and_times(writer, cursor, span);
    cursor = llmobsi_otlp_attribute_members(writer, cursor, span->attributes, span->attribute_count,
                                            span->dropped_attribute_count);
    cursor = llmobsi_otlp_events_and_links(writer, cursor, span);
    cursor = llmobsi_otlp_status(writer, cursor, span);
    *cursor++ = '}';
    return cursor;
}

/* ---- the message --------------------------------------------------------------------------- */

/* Who made it: these two are the same for every signal. The scope can be given more members. */
#define LLMOBS_I_OTLP_SCOPE \
    "\"scope\":{\"name\":\"llmobs\",\"version\":\"" LLMOBS_VERSION_STRING "\""

llmobsi_fn char* llmobsi_otlp_resource(llmobsi_writer* writer, char* cursor,
                                       const llmobs_resource_view* resource)
{
    cursor = llmobsi_append_text(cursor, "\"resource\":{");
    cursor = llmobsi_room(writer, cursor, LLMOBS_I_JSON_AFTER);
    if (resource != NULL && resource->attributes != NULL) {
        cursor = llmobsi_otlp_attributes(writer, cursor, resource->attributes,
                                         resource->attribute_count);
    }
    *cursor++ = '}';
    return llmobsi_room(writer, cursor, LLMOBS_I_JSON_AFTER);
}

/* The resource and the scope. Spans that were lost before this batch are an attribute of the
   scope: the gap is told where it is. */
llmobsi_fn char* llmobsi_otlp_head(llmobsi_writer* writer, char* cursor, const llmobs_batch* batch)
{
    cursor = llmobsi_room(writer, cursor, 128);
    cursor = llmobsi_append_text(cursor, "{\"resourceSpans\":[{");
    cursor = llmobsi_otlp_resource(writer, cursor, batch->resource);
    cursor = llmobsi_room(writer, cursor, 256);
    cursor = llmobsi_append_text(cursor, ",\"scopeSpans\":[{" LLMOBS_I_OTLP_SCOPE);
    if (batch->lost_before > 0) { /* an int64 */
        cursor = llmobsi_append_text(cursor, ",\"attributes\":[{\"key\":\"llmobs.lost_before\","
                                             "\"value\":{\"intValue\":\"");
        cursor = llmobsi_append_u64(cursor, batch->lost_before < INT64_MAX ? batch->lost_before
                                                                           : (uint64_t)INT64_MAX);
        cursor = llmobsi_append_text(cursor, "\"}}]");
    }
    cursor = llmobsi_append_text(cursor, "},\"spans\":[");
    return llmobsi_room(writer, cursor, LLMOBS_I_JSON_AFTER);
}

/* With a buffer of any size from LLMOBS_I_WRITER_LEAST, for the tests. */
llmobsi_fn bool llmobsi_otlp_encode(const llmobs_batch* batch, llmobsi_writer* writer)
{
    size_t count = batch->spans != NULL ? batch->span_count : 0;
    size_t i;
    char* cursor = llmobsi_otlp_head(writer, writer->data, batch);
    for (i = 0; i < count && !writer->failed; i++) {
        if (i > 0) {
            *cursor++ = ',';
        }
        cursor = llmobsi_otlp_span(writer, cursor, &batch->spans[i]);
    }
    cursor = llmobsi_room(writer, cursor, LLMOBS_I_JSON_AFTER);
    cursor = llmobsi_append_text(cursor, "]}]}]}\n");
    (void)llmobsi_writer_turn(writer, cursor);
    return !writer->failed;
}

LLMOBS_API bool llmobs_encode_otlp_json(const llmobs_batch* batch, llmobs_write_fn write,
                                        void* user)
{
    char buffer[LLMOBS_I_WRITER_BUFFER];
    llmobsi_writer writer;
    if (batch == NULL || write == NULL) {
        return false;
    }
    llmobsi_writer_init(&writer, buffer, sizeof(buffer), write, user);
    return llmobsi_otlp_encode(batch, &writer);
}

#endif /* LLMOBS_NO_OTLP */

/* =================================================================================================
 *  >>otlp_metric            encode: OTLP/JSON of metrics
 * ============================================================================================== */

#ifndef LLMOBS_NO_OTLP

/* Metrics as OTLP/JSON, by the rules of encode/otlp, and with the same care for room. What a reader
   reckons with is written even where it is zero or false; only times that are not known and empty
   texts are left out. */

/* ---- numbers ------------------------------------------------------------------------------- */

/* Billionths as the decimal that they are: 1234567890 is 1.23456789. No double holds them all; a
   reader's will be the nearest. LLMOBS_I_DOUBLE_ROOM bytes must be free. */
llmobsi_fn char* llmobsi_append_billionths(char* cursor, int64_t number)
{
    uint64_t magnitude = (uint64_t)number;
    uint32_t fraction;
    if (number < 0) {
        *cursor++ = '-';
        magnitude = 0 - magnitude;
    }
    cursor = llmobsi_append_u64(cursor, magnitude / 1000000000);
    fraction = (uint32_t)(magnitude % 1000000000);
    if (fraction != 0) {
        *cursor++ = '.';
        cursor = llmobsi_append_eight_digits(cursor, fraction / 10);
        *cursor++ = (char)('0' + fraction % 10);
        while (cursor[-1] == '0') {
            cursor--;
        }
    }
    return cursor;
}

/* As a member of type double. LLMOBS_I_JSON_DOUBLE_ROOM bytes must be free. */
llmobsi_fn char* llmobsi_otlp_number(char* cursor, llmobs_number number, llmobs_value value)
{
    switch (number) {
    case LLMOBS_NUMBER_INT:
        break;
    case LLMOBS_NUMBER_NANO:
        return llmobsi_append_billionths(cursor, value.integer);
    case LLMOBS_NUMBER_DOUBLE:
        return llmobsi_json_double_at(cursor, value.real);
    }
    return llmobsi_append_i64(cursor, value.integer);
}

/* ---- what every point has ------------------------------------------------------------------ */

/* The begin of a point: `{"startTimeUnixNano":"...","timeUnixNano":"...","attributes":[...]` */
llmobsi_fn char* llmobsi_otlp_point_head(llmobsi_writer* writer, char* cursor,
                                         const llmobs_point_view* point)
{
    cursor = llmobsi_room(writer, cursor, 192);
    *cursor++ = '{';
    if (point->start_unix_ns != 0) {
        cursor = llmobsi_append_text(cursor, "\"startTimeUnixNano\":\"");
        cursor = llmobsi_append_u64(cursor, point->start_unix_ns);
        cursor = llmobsi_append_text(cursor, "\",");
    }
    cursor = llmobsi_append_text(cursor, "\"timeUnixNano\":\"");
    cursor = llmobsi_append_u64(cursor, point->time_unix_ns);
    *cursor++ = '"';
    return llmobsi_otlp_attribute_members(writer, cursor, point->attributes,
                                          point->attribute_count, 0);
}

/* An exemplar's value is a double for every kind of number: so has the view. */
llmobsi_fn char* llmobsi_otlp_exemplars(llmobsi_writer* writer, char* cursor,
                                        const llmobs_exemplar_view* exemplars, size_t count)
{
    size_t i;
    cursor = llmobsi_append_text(cursor, ",\"exemplars\":[");
    for (i = 0; i < count && !writer->failed; i++) {
        cursor = llmobsi_room(writer, cursor, 256);
        cursor = i > 0 ? llmobsi_append_text(cursor, ",{\"timeUnixNano\":\"")
                       : llmobsi_append_text(cursor, "{\"timeUnixNano\":\"");
        cursor = llmobsi_append_u64(cursor, exemplars[i].unix_ns);
        cursor = llmobsi_append_text(cursor, "\",\"asDouble\":");
        cursor = llmobsi_json_double_at(cursor, exemplars[i].value);
        cursor = llmobsi_append_text(cursor, ",\"spanId\":\"");
        cursor = llmobsi_append_hex(cursor, exemplars[i].span_id, 8);
        cursor = llmobsi_append_text(cursor, "\",\"traceId\":\"");
        cursor = llmobsi_append_hex(cursor, exemplars[i].trace_id, 16);
        cursor = llmobsi_append_text(cursor, "\"}");
    }
    cursor = llmobsi_room(writer, cursor, LLMOBS_I_JSON_AFTER + 1);
    *cursor++ = ']';
    return cursor;
}

/* ---- sums and gauges ----------------------------------------------------------------------- */

llmobsi_fn char* llmobsi_otlp_number_point(llmobsi_writer* writer, char* cursor,
                                           llmobs_number number, const llmobs_point_view* point)
{
    cursor = llmobsi_room(writer, cursor, 128);
    if (number == LLMOBS_NUMBER_NANO || number == LLMOBS_NUMBER_DOUBLE) {
        cursor = llmobsi_append_text(cursor, ",\"asDouble\":");
        return llmobsi_otlp_number(cursor, number, point->value);
    }
    cursor = llmobsi_append_text(cursor, ",\"asInt\":\"");
    cursor = llmobsi_append_i64(cursor, point->value.integer);
    *cursor++ = '"';
    return cursor;
}

/* ---- histograms ---------------------------------------------------------------------------- */

llmobsi_fn char* llmobsi_otlp_bucket_counts(llmobsi_writer* writer, char* cursor,
                                            const llmobs_point_view* point)
{
    size_t count = point->bucket_counts != NULL ? point->bucket_count : 0;
    size_t i;
    cursor = llmobsi_append_text(cursor, ",\"bucketCounts\":[");
    for (i = 0; i < count && !writer->failed; i++) {
        cursor = llmobsi_room(writer, cursor, 64);
        cursor = i > 0 ? llmobsi_append_text(cursor, ",\"") : llmobsi_append_text(cursor, "\"");
        cursor = llmobsi_append_u64(cursor, point->bucket_counts[i]);
        *cursor++ = '"';
    }
    cursor = llmobsi_room(writer, cursor, LLMOBS_I_JSON_AFTER + 1);
    *cursor++ = ']';
    return cursor;
}

llmobsi_fn char* llmobsi_otlp_bounds(llmobsi_writer* writer, char* cursor,
                                     const llmobs_metric_view* metric)
{
    size_t count = metric->bounds != NULL ? metric->bound_count : 0;
    size_t i;
    cursor = llmobsi_append_text(cursor, ",\"explicitBounds\":[");
    for (i = 0; i < count && !writer->failed; i++) {
        cursor = llmobsi_room(writer, cursor, 64);
        if (i > 0) {
            *cursor++ = ',';
        }
        cursor = llmobsi_json_double_at(cursor, metric->bounds[i]);
    }
    cursor = llmobsi_room(writer, cursor, LLMOBS_I_JSON_AFTER + 1);
    *cursor++ = ']';
    return cursor;
}

/* Without a value there is no least and no largest one, but there is a sum. */
llmobsi_fn char* llmobsi_otlp_distribution(llmobsi_writer* writer, char* cursor,
                                           llmobs_number number, const llmobs_point_view* point)
{
    cursor = llmobsi_room(writer, cursor, 256);
    cursor = llmobsi_append_text(cursor, ",\"count\":\"");
    cursor = llmobsi_append_u64(cursor, point->count);
    cursor = llmobsi_append_text(cursor, "\",\"sum\":");
    cursor = llmobsi_otlp_number(cursor, number, point->value);
    if (point->count > 0) {
        cursor = llmobsi_append_text(cursor, ",\"min\":");
        cursor = llmobsi_otlp_number(cursor, number, point->min);
        cursor = llmobsi_append_text(cursor, ",\"max\":");
        cursor = llmobsi_otlp_number(cursor, number, point->max);
    }
    return llmobsi_room(writer, cursor, LLMOBS_I_JSON_AFTER);
}

llmobsi_fn char* llmobsi_otlp_explicit_point(llmobsi_writer* writer, char* cursor,
                                             const llmobs_metric_view* metric,
                                             const llmobs_point_view* point)
{
    cursor = llmobsi_otlp_distribution(writer, cursor, metric->number, point);
    cursor = llmobsi_otlp_bucket_counts(writer, cursor, point);
    return llmobsi_otlp_bounds(writer, cursor, metric);
}

llmobsi_fn char* llmobsi_otlp_exponential_point(llmobsi_writer* writer, char* cursor,
                                                const llmobs_metric_view* metric,
                                                const llmobs_point_view* point)
{
    cursor = llmobsi_otlp_distribution(writer, cursor, metric->number, point);
    cursor = llmobsi_room(writer, cursor, 192);
    cursor = llmobsi_append_text(cursor, ",\"scale\":");
    cursor = llmobsi_append_i64(cursor, point->scale);
    cursor = llmobsi_append_text(cursor, ",\"zeroCount\":\"");
    cursor = llmobsi_append_u64(cursor, point->zero_count);
    cursor = llmobsi_append_text(cursor, "\",\"positive\":{\"offset\":");
    cursor = llmobsi_append_i64(cursor, point->offset);
    cursor = llmobsi_otlp_bucket_counts(writer, cursor, point);
    *cursor++ = '}';
    return cursor;
}

/* ---- metrics ------------------------------------------------------------------------------- */

llmobsi_fn char* llmobsi_otlp_point(llmobsi_writer* writer, char* cursor,
                                    const llmobs_metric_view* metric,
                                    const llmobs_point_view* point)
{
    cursor = llmobsi_otlp_point_head(writer, cursor, point);
    if (metric->instrument == LLMOBS_HISTOGRAM) {
        cursor = llmobsi_otlp_explicit_point(writer, cursor, metric, point);
    } else if (metric->instrument == LLMOBS_HISTOGRAM_EXPONENTIAL) {
        cursor = llmobsi_otlp_exponential_point(writer, cursor, metric, point);
    } else {
        cursor = llmobsi_otlp_number_point(writer, cursor, metric->number, point);
    }
    cursor = llmobsi_room(writer, cursor, LLMOBS_I_JSON_AFTER);
    if (point->exemplar_count > 0 && point->exemplars != NULL) {
        cursor = llmobsi_otlp_exemplars(writer, cursor, point->exemplars, point->exemplar_count);
    }
    *cursor++ = '}';
    return llmobsi_room(writer, cursor, LLMOBS_I_JSON_AFTER);
}

/* `{"dataPoints":[...]` */
llmobsi_fn char* llmobsi_otlp_points(llmobsi_writer* writer, char* cursor,
                                     const llmobs_metric_view* metric)
{
    size_t count = metric->points != NULL ? metric->point_count : 0;
    size_t i;
    cursor = llmobsi_append_text(cursor, "{\"dataPoints\":[");
    for (i = 0; i < count && !writer->failed; i++) {
        if (i > 0) {
            *cursor++ = ',';
        }
        cursor = llmobsi_otlp_point(writer, cursor, metric, &metric->points[i]);
    }
    cursor = llmobsi_room(writer, cursor, 128);
    *cursor++ = ']';
    return cursor;
}

#define LLMOBS_I_OTLP_CUMULATIVE ",\"aggregationTemporality\":2"

/* The points under the name of their kind, with what is said of them all. An unknown kind has
   none. */
llmobsi_fn char* llmobsi_otlp_data(llmobsi_writer* writer, char* cursor,
                                   const llmobs_metric_view* metric)
{
    switch (metric->instrument) {
    case LLMOBS_COUNTER:
        cursor = llmobsi_append_text(cursor, ",\"sum\":");
        cursor = llmobsi_otlp_points(writer, cursor, metric);
        cursor = llmobsi_append_text(cursor, LLMOBS_I_OTLP_CUMULATIVE ",\"isMonotonic\":true}");
        break;
    case LLMOBS_UPDOWN:
        cursor = llmobsi_append_text(cursor, ",\"sum\":");
        cursor = llmobsi_otlp_points(writer, cursor, metric);
        cursor = llmobsi_append_text(cursor, LLMOBS_I_OTLP_CUMULATIVE ",\"isMonotonic\":false}");
        break;
    case LLMOBS_GAUGE:
    case LLMOBS_GAUGE_CALLBACK:
        cursor = llmobsi_append_text(cursor, ",\"gauge\":");
        cursor = llmobsi_otlp_points(writer, cursor, metric);
        *cursor++ = '}';
        break;
    case LLMOBS_HISTOGRAM:
        cursor = llmobsi_append_text(cursor, ",\"histogram\":");
        cursor = llmobsi_otlp_points(writer, cursor, metric);
        cursor = llmobsi_append_text(cursor, LLMOBS_I_OTLP_CUMULATIVE "}");
        break;
    case LLMOBS_HISTOGRAM_EXPONENTIAL:
        cursor = llmobsi_append_text(cursor, ",\"exponentialHistogram\":");
        cursor = llmobsi_otlp_points(writer, cursor, metric);
        cursor = llmobsi_append_text(cursor, LLMOBS_I_OTLP_CUMULATIVE "}");
        break;
    }
    return llmobsi_room(writer, cursor, LLMOBS_I_JSON_AFTER);
}

llmobsi_fn char* llmobsi_otlp_metric(llmobsi_writer* writer, char* cursor,
                                     const llmobs_metric_view* metric)
{
    cursor = llmobsi_append_text(cursor, "{\"name\":");
    cursor = llmobsi_json_string_at(writer, cursor, metric->name);
    if (metric->help.size > 0) {
        cursor = llmobsi_append_text(cursor, ",\"description\":");
        cursor = llmobsi_json_string_at(writer, cursor, metric->help);
    }
    if (metric->unit.size > 0) {
        cursor = llmobsi_append_text(cursor, ",\"unit\":");
        cursor = llmobsi_json_string_at(writer, cursor, metric->unit);
    }
    cursor = llmobsi_room(writer, cursor, 128);
    cursor = llmobsi_otlp_data(writer, cursor, metric);
    *cursor++ = '}';
    return llmobsi_room(writer, cursor, LLMOBS_I_JSON_AFTER);
}

/* ---- the message --------------------------------------------------------------------------- */

/* With a buffer of any size from LLMOBS_I_WRITER_LEAST, for the tests. */
llmobsi_fn bool llmobsi_otlp_encode_metrics(const llmobs_batch* batch, llmobsi_writer* writer)
{
    size_t count = batch->metrics != NULL ? batch->metric_count : 0;
    size_t i;
    char* cursor = llmobsi_room(writer, writer->data, 128);
    cursor = llmobsi_append_text(cursor, "{\"resourceMetrics\":[{");
    cursor = llmobsi_otlp_resource(writer, cursor, batch->resource);
    cursor = llmobsi_room(writer, cursor, 256);
    cursor = llmobsi_append_text(cursor, ",\"scopeMetrics\":[{" LLMOBS_I_OTLP_SCOPE
                                         "},\"metrics\":[");
    for (i = 0; i < count && !writer->failed; i++) {
        if (i > 0) {
            *cursor++ = ',';
        }
        cursor = llmobsi_otlp_metric(writer, cursor, &batch->metrics[i]);
    }
    cursor = llmobsi_room(writer, cursor, LLMOBS_I_JSON_AFTER);
    cursor = llmobsi_append_text(cursor, "]}]}]}\n");
    (void)llmobsi_writer_turn(writer, cursor);
    return !writer->failed;
}

LLMOBS_API bool llmobs_encode_otlp_metrics_json(const llmobs_batch* batch, llmobs_write_fn write,
                                                void* user)
{
    char buffer[LLMOBS_I_WRITER_BUFFER];
    llmobsi_writer writer;
    if (batch == NULL || write == NULL) {
        return false;
    }
    llmobsi_writer_init(&writer, buffer, sizeof(buffer), write, user);
    return llmobsi_otlp_encode_metrics(batch, &writer);
}

#endif /* LLMOBS_NO_OTLP */

/* =================================================================================================
 *  >>chrome                 encode: Chrome trace
 * ============================================================================================== */

#ifndef LLMOBS_NO_CHROME

/* Chrome trace events. A span is a pair of nestable async events, whose id is the trace's:
   Perfetto puts a trace on a track of its own and nests by time, whichever threads the spans ran
   on. Two spans of one trace that overlap without one being in the other are drawn one below the
   other.

   Viewers read `ts` as a double. Today's Unix time in microseconds leaves that a grain of 0.25,
   and a child that begins within the same grain as its parent is taken for the outer one, because
   it ended, and was written, first. So `ts` is the Unix time modulo 4 * 10^6 seconds, which a
   double holds to the nanosecond; the argument start_unix_ns has it whole. */

#define LLMOBS_I_CHROME_WRAP_NS UINT64_C(4000000000000000)

/* What the events of a batch have in common. */
typedef struct llmobsi_chrome {
    llmobsi_writer* writer;
    uint64_t pid;
} llmobsi_chrome;

/* An attribute of the batch's resource; NULL if it has none of this name and type. */
llmobsi_fn const llmobs_attribute_view* llmobsi_chrome_resource(const llmobs_batch* batch,
                                                                const char* key, llmobs_type type)
{
    uint32_t i;
    if (batch->resource == NULL || batch->resource->attributes == NULL) {
        return NULL;
    }
    for (i = 0; i < batch->resource->attribute_count; i++) {
        const llmobs_attribute_view* attribute = &batch->resource->attributes[i];
        if (attribute->type == type && attribute->key.size == strlen(key) &&
            memcmp(attribute->key.data, key, attribute->key.size) == 0) {
            return attribute;
        }
    }
    return NULL;
}

/* ---- arguments ----------------------------------------------------------------------------- */

llmobsi_fn char* llmobsi_chrome_strings(llmobsi_writer* writer, char* cursor,
                                        const llmobs_string* strings, size_t count)
{
    size_t i;
    *cursor++ = '[';
    for (i = 0; i < count && !writer->failed; i++) {
        if (i > 0) {
            *cursor++ = ',';
        }
        cursor = llmobsi_json_string_at(writer, cursor, strings[i]);
    }
    *cursor++ = ']';
    return cursor;
}

llmobsi_fn char* llmobsi_chrome_value(llmobsi_writer* writer, char* cursor,
                                      const llmobs_attribute_view* attribute)
{
    switch (attribute->type) {
    case LLMOBS_TYPE_STRING:
        return llmobsi_json_string_at(writer, cursor, attribute->value.string);
    case LLMOBS_TYPE_INT:
        return llmobsi_append_i64(cursor, attribute->value.integer);
    case LLMOBS_TYPE_DOUBLE:
        return llmobsi_json_double_at(cursor, attribute->value.real);
    case LLMOBS_TYPE_BOOL:
        return attribute->value.boolean ? llmobsi_append_text(cursor, "true")
                                        : llmobsi_append_text(cursor, "false");
    case LLMOBS_TYPE_STRINGS:
        return llmobsi_chrome_strings(writer, cursor, attribute->value.strings, attribute->count);
    }
    return llmobsi_append_text(cursor, "null");
}

/* `"attributes":{...}` */
llmobsi_fn char* llmobsi_chrome_attributes(llmobsi_writer* writer, char* cursor,
                                           const llmobs_attribute_view* attributes, size_t count)
{
    size_t i;
    cursor = llmobsi_append_text(cursor, "\"attributes\":{");
    for (i = 0; attributes != NULL && i < count && !writer->failed; i++) {
        if (i > 0) {
            *cursor++ = ',';
        }
        cursor = llmobsi_json_string_at(writer, cursor, attributes[i].key);
        *cursor++ = ':';
        cursor = llmobsi_room(writer, cursor, 64);
        cursor = llmobsi_chrome_value(writer, cursor, &attributes[i]);
        cursor = llmobsi_room(writer, cursor, LLMOBS_I_JSON_AFTER);
    }
    *cursor++ = '}';
    return llmobsi_room(writer, cursor, LLMOBS_I_JSON_AFTER);
}

llmobsi_fn char* llmobsi_chrome_links(llmobsi_writer* writer, char* cursor,
                                      const llmobs_link_view* links, size_t count)
{
    size_t i;
    cursor = llmobsi_append_text(cursor, ",\"links\":[");
    for (i = 0; i < count && !writer->failed; i++) {
        cursor = llmobsi_room(writer, cursor, 128);
        cursor = i > 0 ? llmobsi_append_text(cursor, ",{\"trace_id\":\"")
                       : llmobsi_append_text(cursor, "{\"trace_id\":\"");
        cursor = llmobsi_append_hex(cursor, links[i].trace_id, 16);
        cursor = llmobsi_append_text(cursor, "\",\"span_id\":\"");
        cursor = llmobsi_append_hex(cursor, links[i].span_id, 8);
        cursor = llmobsi_append_text(cursor, "\"}");
    }
    cursor = llmobsi_room(writer, cursor, LLMOBS_I_JSON_AFTER + 1);
    *cursor++ = ']';
    return cursor;
}

llmobsi_fn char* llmobsi_chrome_kind_and_status(llmobsi_writer* writer, char* cursor,
                                                const llmobs_span_view* span)
{
    static const char* const kinds[] = {"internal", "server", "client", "producer", "consumer"};
    llmobs_string kind;
    if (span->kind > LLMOBS_KIND_INTERNAL && span->kind <= LLMOBS_KIND_CONSUMER) {
        kind.data = kinds[span->kind - LLMOBS_KIND_INTERNAL];
        kind.size = strlen(kind.data);
        cursor = llmobsi_append_text(cursor, ",\"kind\":");
        cursor = llmobsi_json_string_at(writer, cursor, kind);
    }
    if (span->status == LLMOBS_STATUS_OK) {
        cursor = llmobsi_append_text(cursor, ",\"status\":\"ok\"");
    } else if (span->status == LLMOBS_STATUS_ERROR) {
        cursor = llmobsi_append_text(cursor, ",\"status\":\"error\"");
        if (span->status_message.size > 0) {
            cursor = llmobsi_room(writer, cursor, LLMOBS_I_JSON_AFTER);
            cursor = llmobsi_append_text(cursor, ",\"message\":");
            cursor = llmobsi_json_string_at(writer, cursor, span->status_message);
        }
    }
    return llmobsi_room(writer, cursor, LLMOBS_I_JSON_AFTER);
}

llmobsi_fn char* llmobsi_chrome_dropped(llmobsi_writer* writer, char* cursor,
                                        const llmobs_span_view* span)
{
    uint64_t dropped = (uint64_t)span->dropped_attribute_count + span->dropped_event_count +
                       span->dropped_link_count;
    if (dropped > 0) {
        cursor = llmobsi_room(writer, cursor, 64);
        cursor = llmobsi_append_text(cursor, ",\"dropped\":");
        cursor = llmobsi_append_u64(cursor, dropped);
    }
    return llmobsi_room(writer, cursor, LLMOBS_I_JSON_AFTER);
}

/* `"args":{...}` of a span: its attributes are an object of their own, so that none of them can
   take the name of another argument. */
llmobsi_fn char* llmobsi_chrome_arguments(llmobsi_writer* writer, char* cursor,
                                          const llmobs_span_view* span)
{
    cursor = llmobsi_room(writer, cursor, 256);
    cursor = llmobsi_append_text(cursor, "\"args\":{\"span_id\":\"");
    cursor = llmobsi_append_hex(cursor, span->span_id, 8);
    if (llmobsi_load_le64(span->parent_span_id) != 0) {
        cursor = llmobsi_append_text(cursor, "\",\"parent_span_id\":\"");
        cursor = llmobsi_append_hex(cursor, span->parent_span_id, 8);
    }
    cursor = llmobsi_append_text(cursor, "\",\"start_unix_ns\":\"");
    cursor = llmobsi_append_u64(cursor, span->start_unix_ns);
    *cursor++ = '"';
    cursor = llmobsi_chrome_kind_and_status(writer, cursor, span);
    if (span->attribute_count > 0 && span->attributes != NULL) {
        *cursor++ = ',';
        cursor = llmobsi_chrome_attributes(writer, cursor, span->attributes, span->attribute_count);
    }
    if (span->link_count > 0 && span->links != NULL) {
        cursor = llmobsi_chrome_links(writer, cursor, span->links, span->link_count);
    }
    cursor = llmobsi_chrome_dropped(writer, cursor, span);
    *cursor++ = '}';
    return cursor;
}

/* ---- events -------------------------------------------------------------------------------- */

/* Microseconds with three decimals. Counted from the span's own wrap, so that no end is before its
   begin. */
llmobsi_fn char* llmobsi_chrome_time(char* cursor, const llmobs_span_view* span, uint64_t unix_ns)
{
    uint64_t wrap = span->start_unix_ns - span->start_unix_ns % LLMOBS_I_CHROME_WRAP_NS;
    uint64_t ns = unix_ns >= wrap ? unix_ns - wrap : unix_ns % LLMOBS_I_CHROME_WRAP_NS;
    unsigned fraction = (unsigned)(ns % 1000);
    cursor = llmobsi_append_u64(cursor, ns / 1000);
    cursor[0] = '.';
    cursor[1] = (char)('0' + fraction / 100);
    cursor[2] = (char)('0' + fraction / 10 % 10);
    cursor[3] = (char)('0' + fraction % 10);
    return cursor + 4;
}

/* An event up to its name. All that has no escapes comes first: readers that look for these
   members by hand need not understand a string. */
llmobsi_fn char* llmobsi_chrome_event(const llmobsi_chrome* chrome, char* cursor, char phase,
                                      const llmobs_span_view* span, uint64_t unix_ns,
                                      llmobs_string name)
{
    cursor = llmobsi_room(chrome->writer, cursor, 256);
    cursor = llmobsi_append_text(cursor, "{\"ph\":\"");
    *cursor++ = phase;
    cursor = llmobsi_append_text(cursor, "\",\"cat\":\"llm\",\"id\":\"");
    cursor = llmobsi_append_hex(cursor, span->trace_id, 16);
    cursor = llmobsi_append_text(cursor, "\",\"pid\":");
    cursor = llmobsi_append_u64(cursor, chrome->pid);
    cursor = llmobsi_append_text(cursor, ",\"tid\":");
    cursor = llmobsi_append_u64(cursor, (uint64_t)span->thread + 1);
    cursor = llmobsi_append_text(cursor, ",\"ts\":");
    cursor = llmobsi_chrome_time(cursor, span, unix_ns);
    cursor = llmobsi_append_text(cursor, ",\"name\":");
    return llmobsi_json_string_at(chrome->writer, cursor, name);
}

llmobsi_fn char* llmobsi_chrome_span(const llmobsi_chrome* chrome, char* cursor,
                                     const llmobs_span_view* span)
{
    uint32_t events = span->events != NULL ? span->event_count : 0;
    uint32_t i;
    cursor = llmobsi_chrome_event(chrome, cursor, 'b', span, span->start_unix_ns, span->name);
    *cursor++ = ',';
    cursor = llmobsi_chrome_arguments(chrome->writer, cursor, span);
    cursor = llmobsi_append_text(cursor, "},\n");
    for (i = 0; i < events && !chrome->writer->failed; i++) {
        const llmobs_event_view* event = &span->events[i];
        cursor = llmobsi_chrome_event(chrome, cursor, 'n', span, event->unix_ns, event->name);
        if (event->attribute_count > 0 && event->attributes != NULL) {
            cursor = llmobsi_append_text(cursor, ",\"args\":{");
            cursor = llmobsi_room(chrome->writer, cursor, LLMOBS_I_JSON_AFTER);
            cursor = llmobsi_chrome_attributes(chrome->writer, cursor, event->attributes,
                                               event->attribute_count);
            *cursor++ = '}';
        }
        cursor = llmobsi_append_text(cursor, "},\n");
    }
    cursor = llmobsi_chrome_event(chrome, cursor, 'e', span, span->end_unix_ns, span->name);
    return llmobsi_append_text(cursor, "},\n");
}

/* ---- the batch ----------------------------------------------------------------------------- */

/* The process's name, and a mark where spans are missing. */
llmobsi_fn char* llmobsi_chrome_head(const llmobsi_chrome* chrome, char* cursor,
                                     const llmobs_batch* batch)
{
    const llmobs_attribute_view* service =
        llmobsi_chrome_resource(batch, "service.name", LLMOBS_TYPE_STRING);
    cursor = llmobsi_room(chrome->writer, cursor, 256);
    if (service != NULL) {
        cursor = llmobsi_append_text(cursor, "{\"ph\":\"M\",\"pid\":");
        cursor = llmobsi_append_u64(cursor, chrome->pid);
        cursor = llmobsi_append_text(cursor, ",\"name\":\"process_name\",\"args\":{\"name\":");
        cursor = llmobsi_json_string_at(chrome->writer, cursor, service->value.string);
        cursor = llmobsi_append_text(cursor, "}},\n");
    }
    if (batch->lost_before > 0) {
        cursor = llmobsi_room(chrome->writer, cursor, 256);
        cursor = llmobsi_append_text(cursor, "{\"ph\":\"i\",\"s\":\"g\",\"cat\":\"llm\",\"pid\":");
        cursor = llmobsi_append_u64(cursor, chrome->pid);
        cursor = llmobsi_append_text(cursor, ",\"tid\":1,\"ts\":");
        cursor = llmobsi_chrome_time(cursor, batch->spans, batch->spans->start_unix_ns);
        cursor = llmobsi_append_text(cursor, ",\"name\":\"spans lost\",\"args\":{\"count\":");
        cursor = llmobsi_append_u64(cursor, batch->lost_before);
        cursor = llmobsi_append_text(cursor, "}},\n");
    }
    return cursor;
}

/* With a buffer of any size from LLMOBS_I_WRITER_LEAST, for the tests. */
llmobsi_fn bool llmobsi_chrome_encode(const llmobs_batch* batch, llmobsi_writer* writer)
{
    const llmobs_attribute_view* pid =
        llmobsi_chrome_resource(batch, "process.pid", LLMOBS_TYPE_INT);
    size_t count = batch->spans != NULL ? batch->span_count : 0;
    size_t i;
    char* cursor = writer->data;
    llmobsi_chrome chrome;
    chrome.writer = writer;
    chrome.pid = pid != NULL && pid->value.integer > 0 ? (uint64_t)pid->value.integer : 1;
    if (count > 0) {
        cursor = llmobsi_chrome_head(&chrome, cursor, batch);
    }
    for (i = 0; i < count && !writer->failed; i++) {
        cursor = llmobsi_chrome_span(&chrome, cursor, &batch->spans[i]);
    }
    (void)llmobsi_writer_turn(writer, cursor);
    return !writer->failed;
}

LLMOBS_API bool llmobs_encode_chrome(const llmobs_batch* batch, llmobs_write_fn write, void* user)
{
    char buffer[LLMOBS_I_WRITER_BUFFER];
    llmobsi_writer writer;
    if (batch == NULL || write == NULL) {
        return false;
    }
    llmobsi_writer_init(&writer, buffer, sizeof(buffer), write, user);
    return llmobsi_chrome_encode(batch, &writer);
}

#endif /* LLMOBS_NO_CHROME */

/* =================================================================================================
 *  >>exposition             encode: which text format a scraper asks for
 * ============================================================================================== */

/* What a scraper asks for: the Accept header, by the rules of RFC 9110. */

/* One media range of it: `text/plain;version=0.0.4;q=0.5`. */
typedef struct llmobsi_media {
    llmobs_string type;
    llmobs_string subtype;
    llmobs_string version;
    bool versioned;
    uint32_t quality; /* thousandths */
} llmobsi_media;

/* How well a format is asked for. The most specific range that names it counts, of several such
   ones the best. */
typedef struct llmobsi_wish {
    uint32_t precision; /* 0: not named; any type, any text, the type, the version */
    uint32_t quality;
    uint32_t place; /* of the range in the header */
} llmobsi_wish;

llmobsi_fn bool llmobsi_is_token_byte(char byte)
{
    return llmobsi_is_letter(byte) || llmobsi_is_digit(byte) ||
           (byte != '\0' && strchr("!#$%&'*+-.^_`|~", byte) != NULL);
}

llmobsi_fn llmobs_string llmobsi_token_read(const char** at)
{
    llmobs_string token;
    token.data = *at;
    while (llmobsi_is_token_byte(**at)) {
        ++*at;
    }
    token.size = (size_t)(*at - token.data);
    return token;
}

/* A token, or what stands between quotes, with its backslashes. False: neither. */
llmobsi_fn bool llmobsi_parameter_read(const char** at, llmobs_string* value)
{
    if (**at != '"') {
        *value = llmobsi_token_read(at);
        return value->size > 0;
    }
    value->data = ++*at;
    for (; **at != '"'; ++*at) {
        *at += **at == '\\';
        if (**at == '\0') {
            return false;
        }
    }
    value->size = (size_t)((*at)++ - value->data);
    return true;
}

/* Whether a token or the inside of quotes says this, in small or large letters. */
llmobsi_fn bool llmobsi_token_is(llmobs_string token, const char* text)
{
    size_t i;
    for (i = 0; i < token.size; i++) {
        char byte = token.data[i];
        if (byte == '\\') { /* never the last one */
            byte = token.data[++i];
        }
        byte = byte >= 'A' && byte <= 'Z' ? (char)(byte + ('a' - 'A')) : byte;
        if (byte != *text || byte == '\0') {
            return false;
        }
        text++;
    }
    return *text == '\0';
}

/* 0 to 1 with up to three decimals, as thousandths. */
llmobsi_fn bool llmobsi_quality_read(llmobs_string text, uint32_t* quality)
{
    uint32_t unit = 1000;
    size_t i;
    *quality = 0;
    if (text.size > 5 || (text.size > 1 && text.data[1] != '.')) {
        return false;
    }
    for (i = 0; i < text.size; i += i == 0 ? 2 : 1, unit /= 10) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
        *quality += unit * (uint32_t)(text.data[i] - '0');
    }
    return text.size > 0 && *quality <= 1000;
}

llmobsi_fn void llmobsi_blanks_skip(const char** at)
{
    while (**at == ' ' || **at == '\t') {
        ++*at;
    }
}

/* The parameters of a range; what they are besides version and quality does not matter here. */
llmobsi_fn bool llmobsi_parameters_parse(const char** at, llmobsi_media* media)
{
    for (;;) {
        llmobs_string name, value;
        llmobsi_blanks_skip(at);
        if (**at != ';') {
            return true;
        }
        ++*at;
        llmobsi_blanks_skip(at);
        name = llmobsi_token_read(at);
        if (**at != '=') { /* none, or one without a value */
            continue;
        }
        ++*at;
        if (name.size == 0 || !llmobsi_parameter_read(at, &value)) {
            return false;
        }
        if (llmobsi_token_is(name, "q") && !llmobsi_quality_read(value, &media->quality)) {
            return false;
        }
        if (llmobsi_token_is(name, "version")) {
            media->version = value;
            media->versioned = true;
        }
    }
}

/* Reads one range and goes on to the comma behind it, or the end. False: it is malformed. */
llmobsi_fn bool llmobsi_media_parse(const char** at, llmobsi_media* media)
{
    bool good;
    memset(media, 0, sizeof(*media));
    media->quality = 1000;
    llmobsi_blanks_skip(at);
    media->type = llmobsi_token_read(at);
    good = media->type.size > 0 && **at == '/';
    if (good) {
        ++*at;
        media->subtype = llmobsi_token_read(at);
        good = media->subtype.size > 0 && llmobsi_parameters_parse(at, media);
    }
    good = good && (**at == ',' || **at == '\0');
    while (**at != ',' && **at != '\0') {
        llmobs_string skipped;
        if (**at != '"') {
            ++*at;
        } else if (!llmobsi_parameter_read(at, &skipped)) {
            break; /* the quotes have no end */
        }
    }
    return good;
}

/* Takes a range into account that stands for the format with this precision, 0: not at all. */
llmobsi_fn void llmobsi_wish_add(llmobsi_wish* wish, uint32_t precision, const llmobsi_media* media,
                                 uint32_t place)
{
    if (precision > wish->precision ||
        (precision > 0 && precision == wish->precision && media->quality > wish->quality)) {
        wish->precision = precision;
        wish->quality = media->quality;
        wish->place = place;
    }
}

/* 0: the range does not stand for the format. */
llmobsi_fn uint32_t llmobsi_media_precision(const llmobsi_media* media, const char* type,
                                            const char* subtype, const char* version,
                                            const char* other_version)
{
    if (llmobsi_token_is(media->subtype, "*")) {
        return llmobsi_token_is(media->type, "*") ? 1 : llmobsi_token_is(media->type, type) ? 2 : 0;
    }
    if (!llmobsi_token_is(media->type, type) || !llmobsi_token_is(media->subtype, subtype)) {
        return 0;
    }
    if (!media->versioned) {
        return 3;
    }
    return llmobsi_token_is(media->version, version) ||
                   llmobsi_token_is(media->version, other_version)
               ? 4
               : 0;
}

LLMOBS_API llmobs_exposition llmobs_exposition_for(const char* accept)
{
    llmobsi_wish text, open;
    uint32_t place;
    memset(&text, 0, sizeof(text));
    memset(&open, 0, sizeof(open));
    for (place = 0; accept != NULL && *accept != '\0'; place++) {
        llmobsi_media media;
        if (llmobsi_media_parse(&accept, &media)) {
            llmobsi_wish_add(&text,
                             llmobsi_media_precision(&media, "text", "plain", "0.0.4", "0.0.4"),
                             &media, place);
            llmobsi_wish_add(&open,
                             llmobsi_media_precision(&media, "application", "openmetrics-text",
                                                     "1.0.0", "0.0.1"),
                             &media, place);
        }
        accept += *accept == ',';
    }
    if (open.quality != text.quality) {
        return open.quality > text.quality ? LLMOBS_OPENMETRICS : LLMOBS_PROMETHEUS_TEXT;
    }
    if (open.quality == 0 || open.precision < text.precision) {
        return LLMOBS_PROMETHEUS_TEXT;
    }
    return open.precision > text.precision || open.place < text.place ? LLMOBS_OPENMETRICS
                                                                      : LLMOBS_PROMETHEUS_TEXT;
}

LLMOBS_API const char* llmobs_exposition_content_type(llmobs_exposition exposition)
{
    return exposition == LLMOBS_OPENMETRICS
               ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
               : "text/plain; version=0.0.4; charset=utf-8";
}

/* =================================================================================================
 *  >>prometheus             encode: Prometheus text, OpenMetrics
 * ============================================================================================== */

/* Prometheus text: the format 0.0.4, and OpenMetrics 1.0. They differ in what a counter's family is
   called, in the order and the escapes of the lines that describe it, in how bounds are spelled;
   only OpenMetrics has exemplars, creation times, units and an end.

   Samples are written in one piece: one check for room, then the texts that the registry has made,
   then numbers. Only lines too long for the least buffer, which few labels are, go by pieces. */

/* A line needs so much behind its labels, and for the suffix of its name:
   `_created{,le="...", "} ", a number, an exemplar with its number and its time, and a line end. */
#define LLMOBS_I_SAMPLE_ROOM 256u

/* ---- numbers ------------------------------------------------------------------------------- */

/* Billionths as an exact decimal: 1.5, 2, 0.000000001. LLMOBS_I_U64_ROOM bytes must be free. */
llmobsi_fn char* llmobsi_append_nano(char* cursor, uint64_t nano)
{
    uint32_t rest = (uint32_t)(nano % 1000000000);
    cursor = llmobsi_append_u64(cursor, nano / 1000000000);
    if (rest != 0) {
        *cursor++ = '.';
        *cursor++ = (char)('0' + rest / 100000000);
        cursor = llmobsi_append_eight_digits(cursor, rest % 100000000);
        while (cursor[-1] == '0') {
            cursor--;
        }
    }
    return cursor;
}

llmobsi_fn char* llmobsi_prometheus_double(char* cursor, double number)
{
    uint64_t bits = llmobsi_double_bits(number);
    if (llmobsi_likely(llmobsi_double_is_finite(number))) {
        return llmobsi_append_double(cursor, number);
    }
    if ((bits & LLMOBS_I_DOUBLE_FRACTION) != 0) {
        return llmobsi_append_text(cursor, "NaN");
    }
    return bits >> 63 != 0 ? llmobsi_append_text(cursor, "-Inf")
                           : llmobsi_append_text(cursor, "+Inf");
}

llmobsi_inline char* llmobsi_prometheus_value(char* cursor, llmobs_number number,
                                              llmobs_value value)
{
    uint64_t magnitude = (uint64_t)value.integer;
    switch (number) {
    case LLMOBS_NUMBER_INT:
        return llmobsi_append_i64(cursor, value.integer);
    case LLMOBS_NUMBER_NANO:
        if (value.integer < 0) {
            *cursor++ = '-';
            magnitude = 0 - magnitude; /* also right for INT64_MIN */
        }
        return llmobsi_append_nano(cursor, magnitude);
    case LLMOBS_NUMBER_DOUBLE:
        break;
    }
    return llmobsi_prometheus_double(cursor, value.real);
}

/* Above 0, and finite. */
llmobsi_inline bool llmobsi_is_positive(double number)
{
    return llmobsi_double_bits(number) - 1 < LLMOBS_I_DOUBLE_INFINITY - 1;
}

/* The digits of a bound, as every client writes them that is written in Go or Python: 0.0001,
   1e-05, 100000, 1e+06, 1.048576e+06. A bound is a label, which must not change with the client. */
llmobsi_fn char* llmobsi_append_bound_digits(char* cursor, const char* digits, int count,
                                             int exponent, bool canonical)
{
    if (exponent < -4 || exponent > 5) {
        *cursor++ = digits[0];
        if (count > 1) {
            *cursor++ = '.';
            memcpy(cursor, digits + 1, LLMOBS_I_DOUBLE_DIGITS);
            cursor += count - 1;
        }
        *cursor++ = 'e';
        *cursor++ = exponent < 0 ? '-' : '+';
        exponent = exponent < 0 ? -exponent : exponent;
        if (exponent < 10) {
            *cursor++ = '0';
        }
        return llmobsi_append_u64(cursor, (uint64_t)exponent);
    }
    if (exponent < 0) {
        memcpy(cursor, "0.000000", 8);
        cursor += 1 - exponent;
        memcpy(cursor, digits, LLMOBS_I_DOUBLE_DIGITS);
        return cursor + count;
    }
    memcpy(cursor, digits, LLMOBS_I_DOUBLE_DIGITS);
    if (count > exponent + 1) {
        memcpy(cursor + exponent + 2, digits + exponent + 1, LLMOBS_I_DOUBLE_DIGITS);
        cursor[exponent + 1] = '.';
        return cursor + count + 1;
    }
    memset(cursor + count, '0', (size_t)(exponent + 1 - count));
    cursor += exponent + 1;
    return canonical ? llmobsi_append_text(cursor, ".0") : cursor;
}

/* A bucket's bound, which is above 0. OpenMetrics' canonical numbers show that they are no
   integers: "1.0". LLMOBS_I_DOUBLE_ROOM bytes must be free. */
llmobsi_fn char* llmobsi_append_bound(char* cursor, double bound, bool canonical)
{
    uint64_t fraction = llmobsi_double_bits(bound) & LLMOBS_I_DOUBLE_FRACTION;
    int biased = (int)(llmobsi_double_bits(bound) >> 52);
    char digits[2 * LLMOBS_I_DOUBLE_DIGITS + LLMOBS_I_APPEND_SLACK];
    llmobsi_decimal decimal;
    int count, all;
    if (!llmobsi_is_positive(bound)) { /* no definition lets it through */
        return llmobsi_prometheus_double(cursor, bound);
    }
    decimal = biased == 0 ? llmobsi_shortest(fraction, -1074, false)
                          : llmobsi_shortest(fraction | (LLMOBS_I_DOUBLE_FRACTION + 1),
                                             biased - 1075, fraction == 0 && biased > 1);
    all = (int)(llmobsi_append_u64(digits, decimal.digits) - digits);
    for (count = all; digits[count - 1] == '0'; count--) {
    }
    return llmobsi_append_bound_digits(cursor, digits, count, all - 1 + decimal.exponent,
                                       canonical);
}

/* ---- texts --------------------------------------------------------------------------------- */

/* A text of any size as it is. */
llmobsi_cold char* llmobsi_prometheus_text(llmobsi_writer* writer, char* cursor, llmobs_string text)
{
    size_t done = 0;
    while (done < text.size && !writer->failed) {
        size_t room, piece = text.size - done;
        cursor = llmobsi_room(writer, cursor, 1);
        room = (size_t)(writer->data + writer->capacity - cursor);
        piece = piece < room ? piece : room;
        memcpy(cursor, text.data + done, piece);
        cursor += piece;
        done += piece;
    }
    return cursor;
}

/* A text of any size with what has a meaning escaped; quotes have none in the HELP of 0.0.4. What
   a reader may take for an end is replaced: NUL as malformed UTF-8 is, and the carriage return,
   which OpenMetrics bans. */
llmobsi_fn char* llmobsi_prometheus_escape(llmobsi_writer* writer, char* cursor, llmobs_string text,
                                           bool quotes)
{
    size_t i = 0;
    while (i < text.size && !writer->failed) {
        bool valid;
        char byte = text.data[i];
        size_t segment = llmobsi_utf8_segment(text.data + i, text.size - i, &valid);
        cursor = llmobsi_room(writer, cursor, 4);
        if (!valid || byte == '\0') {
            cursor = llmobsi_append_text(cursor, LLMOBS_I_REPLACEMENT);
        } else if (byte == '\n') {
            cursor = llmobsi_append_text(cursor, "\\n");
        } else if (byte == '\r') {
            *cursor++ = ' ';
        } else {
            if (byte == '\\' || (byte == '"' && quotes)) {
                *cursor++ = '\\';
            }
            memcpy(cursor, text.data + i, segment);
            cursor += segment;
        }
        i += segment;
    }
    return cursor;
}

/* ---- what a family is ---------------------------------------------------------------------- */

/* `# HELP name ` and the like. In 0.0.4 a counter's name is that of its sample. */
llmobsi_fn char* llmobsi_prometheus_about(llmobsi_writer* writer, char* cursor, const char* what,
                                          const llmobs_metric_view* metric,
                                          llmobs_exposition exposition)
{
    cursor = llmobsi_room(writer, cursor, 8);
    memcpy(cursor, what, 7);
    cursor = llmobsi_prometheus_text(writer, cursor + 7, metric->family);
    cursor = llmobsi_room(writer, cursor, 8);
    if (metric->instrument == LLMOBS_COUNTER && exposition != LLMOBS_OPENMETRICS) {
        cursor = llmobsi_append_text(cursor, "_total");
    }
    *cursor++ = ' ';
    return cursor;
}

llmobsi_fn char* llmobsi_prometheus_help(llmobsi_writer* writer, char* cursor,
                                         const llmobs_metric_view* metric,
                                         llmobs_exposition exposition)
{
    if (metric->help.size > 0) {
        cursor = llmobsi_prometheus_about(writer, cursor, "# HELP ", metric, exposition);
        cursor = llmobsi_prometheus_escape(writer, cursor, metric->help,
                                           exposition == LLMOBS_OPENMETRICS);
        cursor = llmobsi_room(writer, cursor, 1);
        *cursor++ = '\n';
    }
    return cursor;
}

llmobsi_fn char* llmobsi_prometheus_type(llmobsi_writer* writer, char* cursor,
                                         const llmobs_metric_view* metric,
                                         llmobs_exposition exposition)
{
    cursor = llmobsi_prometheus_about(writer, cursor, "# TYPE ", metric, exposition);
    cursor = llmobsi_room(writer, cursor, 16);
    if (metric->instrument == LLMOBS_COUNTER) {
        return llmobsi_append_text(cursor, "counter\n");
    }
    return metric->instrument >= LLMOBS_HISTOGRAM ? llmobsi_append_text(cursor, "histogram\n")
                                                  : llmobsi_append_text(cursor, "gauge\n");
}

/* OpenMetrics wants the unit to be the end of the name, as it is where Prometheus has one. */
llmobsi_fn char* llmobsi_prometheus_unit(llmobsi_writer* writer, char* cursor,
                                         const llmobs_metric_view* metric)
{
    const char* suffix = llmobsi_unit_suffix(metric->unit.data, metric->instrument);
    size_t size = strlen(suffix);
    if (size > 0 && llmobsi_ends_with(metric->family.data, metric->family.size, suffix)) {
        cursor = llmobsi_prometheus_about(writer, cursor, "# UNIT ", metric, LLMOBS_OPENMETRICS);
        cursor = llmobsi_room(writer, cursor, size);
        memcpy(cursor, suffix + 1, size - 1);
        cursor += size - 1;
        *cursor++ = '\n';
    }
    return cursor;
}

/* The lines before a family's samples. */
llmobsi_fn char* llmobsi_prometheus_head(llmobsi_writer* writer, char* cursor,
                                         const llmobs_metric_view* metric,
                                         llmobs_exposition exposition)
{
    if (exposition == LLMOBS_OPENMETRICS) {
        cursor = llmobsi_prometheus_type(writer, cursor, metric, exposition);
        cursor = llmobsi_prometheus_unit(writer, cursor, metric);
        return llmobsi_prometheus_help(writer, cursor, metric, exposition);
    }
    cursor = llmobsi_prometheus_help(writer, cursor, metric, exposition);
    return llmobsi_prometheus_type(writer, cursor, metric, exposition);
}

/* ---- samples ------------------------------------------------------------------------------- */

/* Where a line begins that does not fit the least buffer. */
llmobsi_cold char* llmobsi_prometheus_long(llmobsi_writer* writer, char* cursor,
                                           const llmobs_metric_view* metric,
                                           const llmobs_point_view* point, const char* suffix)
{
    size_t size = strlen(suffix);
    cursor = llmobsi_prometheus_text(writer, cursor, metric->family);
    cursor = llmobsi_room(writer, cursor, size + 1);
    memcpy(cursor, suffix, size);
    cursor += size;
    if (point->labels.size > 0) {
        *cursor++ = '{';
        cursor = llmobsi_prometheus_text(writer, cursor, point->labels);
    }
    return llmobsi_room(writer, cursor, LLMOBS_I_SAMPLE_ROOM);
}

/* `family_suffix{labels`, with room for the rest of the line. */
llmobsi_inline char* llmobsi_prometheus_begin(llmobsi_writer* writer, char* cursor,
                                              const llmobs_metric_view* metric,
                                              const llmobs_point_view* point, const char* suffix)
{
    size_t size = metric->family.size + point->labels.size + LLMOBS_I_SAMPLE_ROOM;
    if (llmobsi_unlikely(size > LLMOBS_I_WRITER_LEAST)) {
        return llmobsi_prometheus_long(writer, cursor, metric, point, suffix);
    }
    cursor = llmobsi_room(writer, cursor, size);
    memcpy(cursor, metric->family.data, metric->family.size);
    cursor += metric->family.size;
    memcpy(cursor, suffix, strlen(suffix)); /* a literal: the compiler knows how long it is */
    cursor += strlen(suffix);
    if (point->labels.size > 0) {
        *cursor++ = '{';
        memcpy(cursor, point->labels.data, point->labels.size);
        cursor += point->labels.size;
    }
    return cursor;
}

/* A line up to its value. */
llmobsi_inline char* llmobsi_prometheus_sample(llmobsi_writer* writer, char* cursor,
                                               const llmobs_metric_view* metric,
                                               const llmobs_point_view* point, const char* suffix)
{
    cursor = llmobsi_prometheus_begin(writer, cursor, metric, point, suffix);
    if (point->labels.size > 0) {
        *cursor++ = '}';
    }
    *cursor++ = ' ';
    return cursor;
}

/* The trace of a value, where there is one, and the end of the line. */
llmobsi_inline char* llmobsi_prometheus_finish(char* cursor, const llmobs_exemplar_view* exemplar)
{
    if (llmobsi_unlikely(exemplar != NULL)) {
        cursor = llmobsi_append_text(cursor, " # {trace_id=\"");
        cursor = llmobsi_append_hex(cursor, exemplar->trace_id, 16);
        cursor = llmobsi_append_text(cursor, "\",span_id=\"");
        cursor = llmobsi_append_hex(cursor, exemplar->span_id, 8);
        cursor = llmobsi_append_text(cursor, "\"} ");
        cursor = llmobsi_prometheus_double(cursor, exemplar->value);
        *cursor++ = ' ';
        cursor = llmobsi_append_nano(cursor, exemplar->unix_ns);
    }
    *cursor++ = '\n';
    return cursor;
}

/* Since when a series counts; 0 is unknown. */
llmobsi_fn char* llmobsi_prometheus_created(llmobsi_writer* writer, char* cursor,
                                            const llmobs_metric_view* metric,
                                            const llmobs_point_view* point,
                                            llmobs_exposition exposition)
{
    if (exposition == LLMOBS_OPENMETRICS && point->start_unix_ns != 0) {
        cursor = llmobsi_prometheus_sample(writer, cursor, metric, point, "_created");
        cursor = llmobsi_append_nano(cursor, point->start_unix_ns);
        *cursor++ = '\n';
    }
    return cursor;
}

/* ---- exemplars ----------------------------------------------------------------------------- */

/* Those of a series that no line has had yet. */
typedef struct llmobsi_exemplars {
    const llmobs_exemplar_view* next;
    uint32_t left;
} llmobsi_exemplars;

llmobsi_inline llmobsi_exemplars llmobsi_exemplars_of(const llmobs_point_view* point,
                                                      llmobs_exposition exposition)
{
    bool shown = exposition == LLMOBS_OPENMETRICS && point->exemplars != NULL;
    llmobsi_exemplars exemplars;
    exemplars.next = point->exemplars;
    exemplars.left = shown ? point->exemplar_count : 0;
    return exemplars;
}

/* The newest of the next ones, of buckets up to this; NULL if there is none. */
llmobsi_inline const llmobs_exemplar_view* llmobsi_exemplar_up_to(llmobsi_exemplars* exemplars,
                                                                  uint32_t bucket)
{
    const llmobs_exemplar_view* newest = NULL;
    for (; exemplars->left > 0 && exemplars->next->bucket <= bucket; exemplars->left--) {
        if (newest == NULL || exemplars->next->unix_ns >= newest->unix_ns) {
            newest = exemplars->next;
        }
        exemplars->next++;
    }
    return newest;
}

/* The newest with a value above the one bound and up to the other: exponential buckets merge and
   move, and zero has none, but lines are cut at powers of two, which values can't be rounded
   across. */
llmobsi_inline const llmobs_exemplar_view* llmobsi_exemplar_within(llmobsi_exemplars exemplars,
                                                                   double above, double most)
{
    const llmobs_exemplar_view* newest = NULL;
    for (; exemplars.left > 0; exemplars.left--, exemplars.next++) {
        if (exemplars.next->value > above && exemplars.next->value <= most &&
            (newest == NULL || exemplars.next->unix_ns >= newest->unix_ns)) {
            newest = exemplars.next;
        }
    }
    return newest;
}

/* ---- histograms ---------------------------------------------------------------------------- */

/* A bucket's line up to its bound. */
llmobsi_inline char* llmobsi_prometheus_bucket(llmobsi_writer* writer, char* cursor,
                                               const llmobs_metric_view* metric,
                                               const llmobs_point_view* point)
{
    cursor = llmobsi_prometheus_begin(writer, cursor, metric, point, "_bucket");
    *cursor++ = point->labels.size > 0 ? ',' : '{';
    return llmobsi_append_text(cursor, "le=\"");
}

/* Behind the bound: how many values there are up to it. */
llmobsi_inline char* llmobsi_prometheus_below(char* cursor, uint64_t count,
                                              const llmobs_exemplar_view* exemplar)
{
    cursor = llmobsi_append_text(cursor, "\"} ");
    cursor = llmobsi_append_u64(cursor, count);
    return llmobsi_prometheus_finish(cursor, exemplar);
}

/* The lines after those of the bounds. */
llmobsi_fn char* llmobsi_prometheus_rest(llmobsi_writer* writer, char* cursor,
                                         const llmobs_metric_view* metric,
                                         const llmobs_point_view* point,
                                         const llmobs_exemplar_view* exemplar)
{
    cursor = llmobsi_prometheus_bucket(writer, cursor, metric, point);
    cursor = llmobsi_append_text(cursor, "+Inf");
    cursor = llmobsi_prometheus_below(cursor, point->count, exemplar);
    cursor = llmobsi_prometheus_sample(writer, cursor, metric, point, "_sum");
    cursor = llmobsi_prometheus_value(cursor, metric->number, point->value);
    *cursor++ = '\n';
    cursor = llmobsi_prometheus_sample(writer, cursor, metric, point, "_count");
    cursor = llmobsi_append_u64(cursor, point->count);
    *cursor++ = '\n';
    return cursor;
}

llmobsi_fn char* llmobsi_prometheus_explicit(llmobsi_writer* writer, char* cursor,
                                             const llmobs_metric_view* metric,
                                             const llmobs_point_view* point,
                                             llmobs_exposition exposition)
{
    llmobsi_exemplars exemplars = llmobsi_exemplars_of(point, exposition);
    uint64_t below = 0;
    uint32_t i;
    for (i = 0; i < metric->bound_count && !writer->failed; i++) {
        below += i < point->bucket_count ? point->bucket_counts[i] : 0;
        cursor = llmobsi_prometheus_bucket(writer, cursor, metric, point);
        cursor = llmobsi_append_bound(cursor, metric->bounds[i], exposition == LLMOBS_OPENMETRICS);
        cursor = llmobsi_prometheus_below(cursor, below, llmobsi_exemplar_up_to(&exemplars, i));
    }
    return llmobsi_prometheus_rest(writer, cursor, metric, point,
                                   llmobsi_exemplar_up_to(&exemplars, UINT32_MAX));
}

/* ---- exponential histograms, as classic ones with a bound at each power of two ------------- */

#define LLMOBS_I_SCALE_MOST 20 /* and at the least its opposite, as OTLP has them */

/* The exponent of the largest power of two that is not above a positive number; the least bucket
   holds what is below the normal numbers. */
llmobsi_fn int llmobsi_power_below(double number)
{
    int biased = (int)(llmobsi_double_bits(number) >> 52);
    return (biased > 0 ? biased : 1) - LLMOBS_I_DOUBLE_BIAS;
}

/* Powers of two, and how far the walk over the buckets below them has come. */
typedef struct llmobsi_powers {
    int next;
    int last;
    int64_t share; /* buckets from one to the next; or where the scale is negative, the reverse */
    uint32_t bucket;
    uint64_t below; /* values in the buckets that are behind it */
} llmobsi_powers;

/* From the one not above the least to the one not below the most of what was declared. */
llmobsi_fn llmobsi_powers llmobsi_powers_of(const llmobs_metric_view* metric,
                                            const llmobs_point_view* point)
{
    llmobsi_powers powers;
    powers.next = 0;
    powers.last = -1;
    powers.share = 1;
    powers.bucket = 0;
    powers.below = point->zero_count;
    if (llmobsi_is_positive(metric->least) && llmobsi_is_positive(metric->most) &&
        point->scale <= LLMOBS_I_SCALE_MOST && point->scale >= -LLMOBS_I_SCALE_MOST) {
        powers.share <<= point->scale < 0 ? -point->scale : point->scale;
        powers.next = llmobsi_power_below(metric->least);
        powers.last = llmobsi_power_below(metric->most);
        powers.last += powers.last < LLMOBS_I_DOUBLE_BIAS &&
                       llmobsi_exponential_bound(powers.last, 0) < metric->most;
    }
    return powers;
}

/* Goes on to the next power at which buckets end. False if there is none. */
llmobsi_fn bool llmobsi_powers_step(llmobsi_powers* powers, const llmobs_point_view* point,
                                    double* bound)
{
    int64_t end; /* the first bucket above the power */
    while (point->scale < 0 && powers->next % powers->share != 0) {
        powers->next++;
    }
    if (powers->next > powers->last) {
        return false;
    }
    end = point->scale < 0 ? powers->next / powers->share : powers->next * powers->share;
    for (; powers->bucket < point->bucket_count && point->offset + (int64_t)powers->bucket < end;
         powers->bucket++) {
        powers->below += point->bucket_counts[powers->bucket];
    }
    *bound = llmobsi_exponential_bound(powers->next++, 0);
    return true;
}

llmobsi_fn char* llmobsi_prometheus_exponential(llmobsi_writer* writer, char* cursor,
                                                const llmobs_metric_view* metric,
                                                const llmobs_point_view* point,
                                                llmobs_exposition exposition)
{
    llmobsi_exemplars exemplars = llmobsi_exemplars_of(point, exposition);
    llmobsi_powers powers = llmobsi_powers_of(metric, point);
    double above = -1.0;
    double bound;
    while (!writer->failed && llmobsi_powers_step(&powers, point, &bound)) {
        cursor = llmobsi_prometheus_bucket(writer, cursor, metric, point);
        cursor = llmobsi_append_bound(cursor, bound, exposition == LLMOBS_OPENMETRICS);
        cursor = llmobsi_prometheus_below(cursor, powers.below,
                                          llmobsi_exemplar_within(exemplars, above, bound));
        above = bound;
    }
    return llmobsi_prometheus_rest(writer, cursor, metric, point,
                                   llmobsi_exemplar_within(exemplars, above, __DBL_MAX__));
}

/* ---- series -------------------------------------------------------------------------------- */

/* All lines of one series. */
llmobsi_fn char* llmobsi_prometheus_point(llmobsi_writer* writer, char* cursor,
                                          const llmobs_metric_view* metric,
                                          const llmobs_point_view* point,
                                          llmobs_exposition exposition)
{
    llmobsi_exemplars exemplars;
    switch (metric->instrument) {
    case LLMOBS_COUNTER:
        exemplars = llmobsi_exemplars_of(point, exposition);
        cursor = llmobsi_prometheus_sample(writer, cursor, metric, point, "_total");
        cursor = llmobsi_prometheus_value(cursor, metric->number, point->value);
        cursor = llmobsi_prometheus_finish(cursor, llmobsi_exemplar_up_to(&exemplars, UINT32_MAX));
        break;
    case LLMOBS_HISTOGRAM:
        cursor = llmobsi_prometheus_explicit(writer, cursor, metric, point, exposition);
        break;
    case LLMOBS_HISTOGRAM_EXPONENTIAL:
        cursor = llmobsi_prometheus_exponential(writer, cursor, metric, point, exposition);
        break;
    default: /* gauges */
        cursor = llmobsi_prometheus_sample(writer, cursor, metric, point, "");
        cursor = llmobsi_prometheus_value(cursor, metric->number, point->value);
        *cursor++ = '\n';
        return cursor;
    }
    return llmobsi_prometheus_created(writer, cursor, metric, point, exposition);
}

/* ---- who measures -------------------------------------------------------------------------- */

/* A key's byte as a label's name may have it; 0 behind its end. */
llmobsi_fn char llmobsi_prometheus_key_byte(llmobs_string key, size_t place)
{
    if (place >= key.size) {
        return '\0';
    }
    return llmobsi_is_letter(key.data[place]) || llmobsi_is_digit(key.data[place]) ? key.data[place]
                                                                                 : '_';
}

/* A byte of the label's name. "key_" stands before what no name begins with: a digit, and "__",
   which is Prometheus' own. */
llmobsi_fn char llmobsi_prometheus_name_byte(llmobs_string key, size_t place)
{
    char first = llmobsi_prometheus_key_byte(key, 0);
    if (llmobsi_is_digit(first) ||
        (first == '_' && llmobsi_prometheus_key_byte(key, 1) == '_')) {
        if (place < 4) {
            return "key_"[place];
        }
        place -= 4;
    }
    return llmobsi_prometheus_key_byte(key, place);
}

llmobsi_fn bool llmobsi_prometheus_names_clash(llmobs_string a, llmobs_string b)
{
    size_t i = 0;
    char byte;
    do {
        byte = llmobsi_prometheus_name_byte(a, i);
        if (byte != llmobsi_prometheus_name_byte(b, i)) {
            return false;
        }
        i++;
    } while (byte != '\0');
    return true;
}

/* Whether an attribute becomes a label: lists do not, nor does a name that has come before. */
llmobsi_fn bool llmobsi_prometheus_is_label(const llmobs_resource_view* resource, uint32_t number)
{
    const llmobs_attribute_view* attributes = resource->attributes;
    uint32_t i;
    if (attributes[number].key.size == 0 || attributes[number].type == LLMOBS_TYPE_STRINGS) {
        return false;
    }
    for (i = 0; i < number; i++) {
        if (attributes[i].type != LLMOBS_TYPE_STRINGS &&
            llmobsi_prometheus_names_clash(attributes[i].key, attributes[number].key)) {
            return false;
        }
    }
    return true;
}

/* What stands between the quotes. */
llmobsi_fn char* llmobsi_prometheus_attribute(llmobsi_writer* writer, char* cursor,
                                              const llmobs_attribute_view* attribute)
{
    cursor = llmobsi_room(writer, cursor, LLMOBS_I_DOUBLE_ROOM);
    switch (attribute->type) {
    case LLMOBS_TYPE_STRING:
        return llmobsi_prometheus_escape(writer, cursor, attribute->value.string, true);
    case LLMOBS_TYPE_INT:
        return llmobsi_append_i64(cursor, attribute->value.integer);
    case LLMOBS_TYPE_DOUBLE:
        return llmobsi_prometheus_double(cursor, attribute->value.real);
    case LLMOBS_TYPE_BOOL:
        return attribute->value.boolean ? llmobsi_append_text(cursor, "true")
                                        : llmobsi_append_text(cursor, "false");
    case LLMOBS_TYPE_STRINGS:
        break;
    }
    return cursor;
}

llmobsi_fn char* llmobsi_prometheus_resource_labels(llmobsi_writer* writer, char* cursor,
                                                    const llmobs_resource_view* resource)
{
    char before = '{';
    uint32_t i;
    for (i = 0; i < resource->attribute_count && !writer->failed; i++) {
        llmobs_string key = resource->attributes[i].key;
        size_t place;
        char byte;
        if (!llmobsi_prometheus_is_label(resource, i)) {
            continue;
        }
        cursor = llmobsi_room(writer, cursor, 1);
        *cursor++ = before;
        before = ',';
        for (place = 0; (byte = llmobsi_prometheus_name_byte(key, place)) != '\0'; place++) {
            cursor = llmobsi_room(writer, cursor, 1);
            *cursor++ = byte;
        }
        cursor = llmobsi_room(writer, cursor, 2);
        cursor = llmobsi_append_text(cursor, "=\"");
        cursor = llmobsi_prometheus_attribute(writer, cursor, &resource->attributes[i]);
        cursor = llmobsi_room(writer, cursor, 2);
        *cursor++ = '"';
    }
    if (before == ',') {
        *cursor++ = '}';
    }
    return cursor;
}

/* The resource: a family of its own with one sample, whose labels say who measures. */
llmobsi_fn char* llmobsi_prometheus_target_info(llmobsi_writer* writer, char* cursor,
                                                const llmobs_resource_view* resource,
                                                llmobs_exposition exposition)
{
    cursor = llmobsi_room(writer, cursor, 128);
    cursor = exposition == LLMOBS_OPENMETRICS
                 ? llmobsi_append_text(cursor, "# TYPE target info\n"
                                               "# HELP target What the metrics are about.\n"
                                               "target_info")
                 : llmobsi_append_text(cursor, "# HELP target_info What the metrics are about.\n"
                                               "# TYPE target_info gauge\n"
                                               "target_info");
    cursor = llmobsi_prometheus_resource_labels(writer, cursor, resource);
    cursor = llmobsi_room(writer, cursor, 4);
    return llmobsi_append_text(cursor, " 1\n");
}

/* What stands behind all families. */
llmobsi_fn char* llmobsi_prometheus_end(llmobsi_writer* writer, char* cursor,
                                        llmobs_exposition exposition)
{
    if (exposition == LLMOBS_OPENMETRICS) {
        cursor = llmobsi_room(writer, cursor, 8);
        cursor = llmobsi_append_text(cursor, "# EOF\n");
    }
    return cursor;
}

/* =================================================================================================
 *  >>gather                 encode: from series to views
 * ============================================================================================== */

/* From series to views, a batch at a time: what a point points to is copied into a small memory,
   but for names and labels, which stay where they are as long as the instance does. */

#define LLMOBS_I_GATHER_BYTES 16384u
#define LLMOBS_I_GATHER_METRICS 16u

typedef bool (*llmobsi_deliver_fn)(void* user, const llmobs_metric_view* metrics, size_t count);

typedef struct llmobsi_gather {
    const llmobsi_recorder* recorder;
    uint64_t now_unix_ns;
    bool attributes; /* wanted besides the labels' text */
    bool stopped;    /* deliver has returned false */
    llmobsi_deliver_fn deliver;
    void* user;
    llmobsi_packer packer;
    uint32_t metric_count;
    llmobs_metric_view metrics[LLMOBS_I_GATHER_METRICS];
    unsigned char memory[LLMOBS_I_GATHER_BYTES] __attribute__((aligned(64)));
} llmobsi_gather;

llmobsi_fn void llmobsi_gather_begin(llmobsi_gather* gather, const llmobsi_recorder* recorder,
                                     bool attributes, llmobsi_deliver_fn deliver, void* user)
{
    gather->recorder = recorder;
    gather->now_unix_ns = llmobsi_registry_now(&recorder->registry);
    gather->attributes = attributes;
    gather->stopped = false;
    gather->deliver = deliver;
    gather->user = user;
    gather->metric_count = 0;
    gather->packer.memory = gather->memory;
    llmobsi_packer_reset(&gather->packer, sizeof gather->memory);
}

/* Hands over what has been gathered. False once deliver has said so. */
llmobsi_fn bool llmobsi_gather_flush(llmobsi_gather* gather)
{
    uint32_t count = gather->metric_count;
    while (count > 0 && gather->metrics[count - 1].point_count == 0) {
        count--;
    }
    if (count > 0 && !gather->stopped) {
        gather->stopped = !gather->deliver(gather->user, gather->metrics, count);
    }
    gather->metric_count = 0;
    llmobsi_packer_reset(&gather->packer, sizeof gather->memory);
    return !gather->stopped;
}

/* The next metric: its points are put behind one another from here on. */
llmobsi_fn llmobs_metric_view* llmobsi_gather_metric(llmobsi_gather* gather)
{
    llmobs_metric_view* view;
    if (gather->metric_count > 0 && gather->metrics[gather->metric_count - 1].point_count == 0) {
        gather->metric_count--; /* the one before came to nothing */
    }
    if (gather->metric_count == LLMOBS_I_GATHER_METRICS) {
        (void)llmobsi_gather_flush(gather);
    }
    view = &gather->metrics[gather->metric_count++];
    memset(view, 0, sizeof *view);
    view->points =
        (const llmobs_point_view*)(const void*)(gather->memory + gather->packer.front);
    return view;
}

/* Room for one point more of the metric at hand, zeroed; NULL: flush, and begin the metric anew. */
llmobsi_fn llmobs_point_view* llmobsi_gather_point(llmobsi_gather* gather)
{
    llmobsi_packer* packer = &gather->packer;
    llmobs_point_view* point = (llmobs_point_view*)(void*)(gather->memory + packer->front);
    if (packer->back - packer->front < sizeof *point) {
        return NULL;
    }
    packer->front += sizeof *point;
    memset(point, 0, sizeof *point);
    point->time_unix_ns = gather->now_unix_ns;
    return point;
}

llmobsi_fn void llmobsi_metric_view_of(const llmobsi_metric* metric, llmobs_metric_view* view)
{
    view->name = metric->name;
    view->help = metric->help;
    view->unit = metric->unit;
    view->family = metric->family;
    view->instrument = metric->instrument == LLMOBS_GAUGE_CALLBACK
                           ? LLMOBS_GAUGE
                           : (llmobs_instrument)metric->instrument;
    view->number = (llmobs_number)metric->number;
    view->bounds = metric->bounds;
    view->bound_count = metric->bound_count;
    view->least = metric->least;
    view->most = metric->most;
}

/* ---- what a point points to ---------------------------------------------------------------- */

llmobsi_fn bool llmobsi_point_attributes(llmobsi_gather* gather, const llmobsi_metric* metric,
                                         const llmobsi_series* series, llmobs_point_view* point)
{
    uint32_t count = metric->label_count == 0 ? 0 : series->key_size == 0 ? 1 : metric->label_count;
    llmobs_attribute_view* views = llmobsi_packer_attributes(&gather->packer, count);
    const char* value = series->key;
    uint32_t i;
    if (views == NULL) {
        return false;
    }
    memset(views, 0, count * sizeof *views);
    for (i = 0; i < count && series->key_size != 0; i++) {
        size_t size = strlen(value);
        if (size > 0) { /* an empty value stands for none: error.type of what went well, say */
            llmobs_attribute_view* view = &views[point->attribute_count++];
            view->key = metric->labels[i];
            view->type = LLMOBS_TYPE_STRING;
            view->value.string.data = value;
            view->value.string.size = size;
        }
        value += size + 1;
    }
    if (count > 0 && series->key_size == 0) {
        views[0].key.data = "otel.metric.overflow";
        views[0].key.size = strlen(views[0].key.data);
        views[0].type = LLMOBS_TYPE_BOOL;
        views[0].value.boolean = true;
        point->attribute_count = 1;
    }
    point->attributes = views;
    return true;
}

/* Reads one exemplar; false where there is none, or it is just being written. */
llmobsi_fn bool llmobsi_exemplar_read(const llmobsi_exemplar* exemplar, llmobs_exemplar_view* view)
{
    uint64_t version = llmobsi_load_acquire(&exemplar->version);
    if (version == 0 || (version & 1) != 0) {
        return false;
    }
    llmobsi_store_le64(view->trace_id, llmobsi_load_acquire(&exemplar->trace_high));
    llmobsi_store_le64(view->trace_id + 8, llmobsi_load_acquire(&exemplar->trace_low));
    llmobsi_store_le64(view->span_id, llmobsi_load_acquire(&exemplar->span_id));
    view->value = llmobsi_double_of(llmobsi_load_acquire(&exemplar->value));
    view->unix_ns = llmobsi_load_acquire(&exemplar->unix_ns);
    return llmobsi_load_relaxed(&exemplar->version) == version;
}

llmobsi_fn bool llmobsi_point_exemplars(llmobsi_gather* gather, const llmobsi_metric* metric,
                                        const llmobsi_series* series, llmobs_point_view* point)
{
    const llmobsi_exemplar* from;
    uint32_t places = metric->bound_count > 0 ? metric->bound_count + 1u : 1;
    llmobs_exemplar_view* views;
    uint32_t i;
    if (series->exemplars == 0) {
        return true;
    }
    views = (llmobs_exemplar_view*)llmobsi_packer_take(&gather->packer, places * sizeof *views, 8);
    if (views == NULL) {
        return false;
    }
    from = &gather->recorder->registry.exemplars[series->exemplars - 1];
    for (i = 0; i < places; i++) {
        llmobs_exemplar_view* view = &views[point->exemplar_count];
        memset(view, 0, sizeof *view);
        view->bucket = i;
        point->exemplar_count += llmobsi_exemplar_read(&from[i], view);
    }
    point->exemplars = views;
    return true;
}

/* A key as the value that it stands for. */
llmobsi_fn llmobs_value llmobsi_value_of(uint8_t number, uint64_t key)
{
    llmobs_value value;
    value.integer = (int64_t)key;
    if (number == LLMOBS_NUMBER_DOUBLE) {
        value.real = llmobsi_double_of(key);
    }
    return value;
}

llmobsi_fn bool llmobsi_point_histogram(llmobsi_gather* gather, const llmobsi_metric* metric,
                                        const llmobsi_series* series, llmobs_point_view* point)
{
    llmobsi_reading reading;
    uint64_t* counts;
    llmobsi_read_histogram(gather->recorder, series, &reading);
    counts = (uint64_t*)llmobsi_packer_take(&gather->packer,
                                            reading.bucket_count * sizeof *counts, 8);
    if (counts == NULL) {
        return false;
    }
    memcpy(counts, reading.counts, reading.bucket_count * sizeof *counts);
    point->bucket_counts = counts;
    point->bucket_count = reading.bucket_count;
    point->count = reading.count;
    point->value = llmobsi_value_of(metric->number, reading.sum);
    if (reading.count != 0) {
        point->min = llmobsi_value_of(metric->number, ~reading.least);
        point->max = llmobsi_value_of(metric->number, reading.most - 1);
    }
    point->zero_count = reading.zeros;
    point->scale = metric->scale;
    if (reading.window != 0) {
        point->scale = llmobsi_reading_scale(&reading);
        point->offset = llmobsi_window_start(reading.window);
    }
    return true;
}

/* All of a point but its time. False: there is no room for what it points to. */
llmobsi_fn bool llmobsi_point_fill(llmobsi_gather* gather, const llmobsi_series* series,
                                   llmobs_point_view* point)
{
    const llmobsi_recorder* recorder = gather->recorder;
    const llmobsi_metric* metric = &recorder->registry.metrics[series->metric];
    point->labels.data = series->key + series->key_size;
    point->labels.size = series->text_size;
    point->start_unix_ns = series->created_unix_ns;
    if (gather->attributes && !llmobsi_point_attributes(gather, metric, series, point)) {
        return false;
    }
    switch ((llmobs_instrument)metric->instrument) {
    case LLMOBS_COUNTER:
        point->value.integer = (int64_t)llmobsi_read_counter(recorder, series->cell);
        break;
    case LLMOBS_UPDOWN:
        point->value.integer = llmobsi_read_updown(recorder, series->cell);
        break;
    case LLMOBS_GAUGE:
    case LLMOBS_GAUGE_CALLBACK: /* which has no series */
        point->value.real = llmobsi_read_gauge(recorder, series->cell);
        return true;
    case LLMOBS_HISTOGRAM:
    case LLMOBS_HISTOGRAM_EXPONENTIAL:
        if (!llmobsi_point_histogram(gather, metric, series, point)) {
            return false;
        }
        break;
    }
    return llmobsi_point_exemplars(gather, metric, series, point);
}

/* ---- the registry -------------------------------------------------------------------------- */

/* Adds a point to the metric at hand. False: the memory is full. */
llmobsi_fn bool llmobsi_gather_series(llmobsi_gather* gather, llmobs_metric_view* view,
                                      const llmobsi_series* series)
{
    size_t front = gather->packer.front;
    llmobs_point_view* point = llmobsi_gather_point(gather);
    if (point == NULL || !llmobsi_point_fill(gather, series, point)) {
        gather->packer.front = front;
        return false;
    }
    view->point_count++;
    return true;
}

/* A metric whose value is asked for. */
llmobsi_fn void llmobsi_gather_callback(llmobsi_gather* gather, const llmobsi_metric* metric)
{
    llmobsi_callback callback = llmobsi_callback_begin(gather->recorder->ticket);
    double value = metric->callback(metric->callback_user);
    llmobs_metric_view* view;
    llmobs_point_view* point;
    llmobsi_callback_end(&callback);
    if ((llmobsi_double_bits(value) & ~(UINT64_C(1) << 63)) > LLMOBS_I_DOUBLE_INFINITY) {
        return; /* NaN: no value now */
    }
    view = llmobsi_gather_metric(gather);
    point = llmobsi_gather_point(gather);
    if (point == NULL && llmobsi_gather_flush(gather)) {
        view = llmobsi_gather_metric(gather);
        point = llmobsi_gather_point(gather);
    }
    if (point != NULL) {
        llmobsi_metric_view_of(metric, view);
        point->labels.data = llmobsi_empty;
        point->value.real = value;
        view->point_count = 1;
    }
}

llmobsi_fn void llmobsi_gather_metric_series(llmobsi_gather* gather, const llmobsi_metric* metric)
{
    const llmobsi_registry* registry = &gather->recorder->registry;
    uint32_t next = llmobsi_load_acquire(&metric->first);
    llmobs_metric_view* view = llmobsi_gather_metric(gather);
    llmobsi_metric_view_of(metric, view);
    while (next != 0 && !gather->stopped) {
        const llmobsi_series* series = &registry->series[next - 1];
        if (llmobsi_load_relaxed(&series->state) != LLMOBS_I_SERIES_LIVE ||
            llmobsi_gather_series(gather, view, series)) {
            next = llmobsi_load_acquire(&series->next);
        } else {
            (void)llmobsi_gather_flush(gather);
            view = llmobsi_gather_metric(gather);
            llmobsi_metric_view_of(metric, view);
        }
    }
}

/* All metrics of the registry, in the order of their definition. */
llmobsi_fn void llmobsi_gather_registry(llmobsi_gather* gather)
{
    const llmobsi_registry* registry = &gather->recorder->registry;
    uint32_t count = llmobsi_load_acquire(&registry->metric_count);
    uint32_t i;
    for (i = 0; i < count && !gather->stopped; i++) {
        if (registry->metrics[i].instrument == LLMOBS_GAUGE_CALLBACK) {
            llmobsi_gather_callback(gather, &registry->metrics[i]);
        } else {
            llmobsi_gather_metric_series(gather, &registry->metrics[i]);
        }
    }
}

/* =================================================================================================
 *  >>encode                 encode: encoders by format
 * ============================================================================================== */

#ifndef LLMOBS_NO_OTLP
/* A line for each signal that there is; a batch of nothing is a line without spans. */
llmobsi_fn bool llmobsi_encode_otlp_lines(const llmobs_batch* batch, llmobs_write_fn write,
                                          void* user)
{
    if ((batch->span_count > 0 || batch->metric_count == 0) &&
        !llmobs_encode_otlp_json(batch, write, user)) {
        return false;
    }
    return batch->metric_count == 0 || llmobs_encode_otlp_metrics_json(batch, write, user);
}
#endif

LLMOBS_API llmobs_result llmobs_encode(const llmobs_batch* batch, llmobs_format format,
                                       llmobs_write_fn write, void* user)
{
    (void)user; /* where all encoders are left out */
    if (batch == NULL || write == NULL) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    switch (format) {
    case LLMOBS_FORMAT_OTLP_JSON:
#ifndef LLMOBS_NO_OTLP
        return llmobsi_encode_otlp_lines(batch, write, user) ? LLMOBS_OK : LLMOBS_ERROR_SYSTEM;
#else
        break;
#endif
    case LLMOBS_FORMAT_CHROME:
#ifndef LLMOBS_NO_CHROME
        if (batch->span_count == 0 && batch->metric_count > 0) {
            break; /* it would be a trace that says nothing */
        }
        return llmobs_encode_chrome(batch, write, user) ? LLMOBS_OK : LLMOBS_ERROR_SYSTEM;
#else
        break;
#endif
    }
    return LLMOBS_ERROR_FORMAT;
}

/* =================================================================================================
 *  >>exporter               export: exporters: queues, threads, retries
 * ============================================================================================== */

/* Exporters. Each has a queue of batches of its own and, unless the host pumps, a thread of its
   own: one that hangs costs its queue and nothing else. A batch goes

   free -> filling (the tick) -> sealed -> exporting (the exporter's thread) -> free

   or from exporting back to sealed (retry), or on to pending (until llmobs_export_done). All
   changes are made under the exporter's lock, which is never held across a callback. */

#define LLMOBS_I_EXPORTER_STATE 4096u /* bytes of private state, for exporters of our own */
#define LLMOBS_I_BATCH_NONE UINT32_MAX
#define LLMOBS_I_BATCH_PLACES 1024u /* batches of an exporter are numbered below it */

typedef enum llmobsi_batch_state {
    LLMOBS_I_BATCH_FREE,
    LLMOBS_I_BATCH_FILLING,
    LLMOBS_I_BATCH_SEALED,
    LLMOBS_I_BATCH_EXPORTING,
    LLMOBS_I_BATCH_PENDING
} llmobsi_batch_state;

typedef struct llmobsi_queued {
    llmobsi_batch_state state;
    uint32_t attempt;
    uint64_t serial;   /* changes with each attempt: tells tokens apart */
    uint64_t sequence; /* order of sealing, from 1 */
    uint64_t id;
    uint64_t due_ns;   /* sealed: not before (monotonic) */
    uint64_t begun_ns; /* filling: since when (monotonic) */
    uint64_t lost_before;
    bool settled_early; /* llmobs_export_done came before the callback's return */
    llmobs_export_result early;
    llmobsi_packer packer;
    llmobs_batch view; /* what the callback gets; lives as long as the batch is pending */
} llmobsi_queued;

typedef struct llmobsi_exporter {
    llmobs_exporter host; /* as given, with defaults */
    char name[32];
    uint32_t ticket;
    uint32_t number;
    llmobsi_notes* notes;
    const llmobs_resource_view* resource;
    uint64_t* batch_ids; /* the instance's; under its tick lock */
    llmobsi_lock lock;
    llmobsi_queued* batches; /* below: all under the lock but for what says otherwise */
    uint32_t batch_count;
    size_t batch_bytes;
    uint32_t filling; /* the tick alone, and what is in the batch meanwhile */
    uint64_t sealed_sequence;
    bool inside; /* a callback runs */
    bool stop;
    bool thread_made;
    bool thread_ended;
    pthread_t thread;
    uint64_t lost_told; /* losses that a batch has told of */
    llmobsi_atomic64 received; /* the tick adds, stats read */
    llmobsi_atomic64 exported; /* this and the rest: under the lock, stats read */
    llmobsi_atomic64 lost[LLMOBS_LOSS_COUNT];
    llmobsi_atomic64 delivered_batches;
    llmobsi_atomic64 retries;
    unsigned char* state; /* LLMOBS_I_EXPORTER_STATE */
} llmobsi_exporter;

/* ---- layout -------------------------------------------------------------------------------- */

llmobsi_fn uint32_t llmobsi_exporter_batches(const llmobs_config* config)
{
    uint32_t count = config->queue_bytes / config->batch_bytes;
    return count < LLMOBS_I_BATCH_PLACES ? count : LLMOBS_I_BATCH_PLACES;
}

/* Takes an exporter's memory; `exporter` is NULL while measuring. */
llmobsi_fn void llmobsi_exporter_layout(llmobsi_arena* arena, const llmobs_config* config,
                                        llmobsi_exporter* exporter)
{
    uint32_t count = llmobsi_exporter_batches(config);
    size_t bytes = config->batch_bytes & ~(size_t)(LLMOBS_I_CACHE_LINE - 1);
    llmobsi_queued* batches =
        (llmobsi_queued*)llmobsi_arena_take(arena, count, sizeof(llmobsi_queued));
    unsigned char* memory = (unsigned char*)llmobsi_arena_take(arena, count, bytes);
    unsigned char* state = (unsigned char*)llmobsi_arena_take(arena, 1, LLMOBS_I_EXPORTER_STATE);
    uint32_t i;
    if (exporter == NULL || memory == NULL) {
        return;
    }
    memset(exporter, 0, sizeof *exporter);
    memset(batches, 0, count * sizeof *batches);
    memset(state, 0, LLMOBS_I_EXPORTER_STATE);
    exporter->batches = batches;
    exporter->batch_count = count;
    exporter->batch_bytes = bytes;
    exporter->state = state;
    exporter->filling = LLMOBS_I_BATCH_NONE;
    for (i = 0; i < count; i++) {
        batches[i].packer.memory = memory + i * bytes;
    }
}

/* In the child of a fork: the parent exports what is queued; its threads are not here. */
llmobsi_fn void llmobsi_exporter_forked(llmobsi_exporter* exporter)
{
    uint32_t i;
    for (i = 0; i < exporter->batch_count; i++) {
        exporter->batches[i].state = LLMOBS_I_BATCH_FREE;
        exporter->batches[i].serial++;
    }
    exporter->filling = LLMOBS_I_BATCH_NONE;
    exporter->inside = false;
    exporter->thread_made = false;
    exporter->lost_told = 0;
    exporter->received = 0;
    exporter->exported = 0;
    exporter->delivered_batches = 0;
    exporter->retries = 0;
    memset(exporter->lost, 0, sizeof exporter->lost);
}

/* ---- losing -------------------------------------------------------------------------------- */

llmobsi_fn void llmobsi_exporter_lose(llmobsi_exporter* exporter, llmobs_loss loss, uint64_t count)
{
    (void)llmobsi_add_relaxed(&exporter->lost[loss], count);
    if (loss == LLMOBS_LOSS_QUEUE || loss == LLMOBS_LOSS_SIZE) {
        llmobsi_notes_add(exporter->notes, LLMOBS_NOTE_QUEUE, count);
    } else if (loss == LLMOBS_LOSS_FAILED) {
        llmobsi_notes_add(exporter->notes, LLMOBS_NOTE_EXPORT_FAILED, 1);
    }
}

/* A batch that is lost takes along what it had to tell of a gap: the next one tells it. Under the
   lock. */
llmobsi_fn void llmobsi_batch_lose(llmobsi_exporter* exporter, llmobsi_queued* batch,
                                   llmobs_loss loss)
{
    exporter->lost_told -= batch->lost_before;
    batch->lost_before = 0;
    llmobsi_exporter_lose(exporter, loss, batch->packer.count);
}

llmobsi_fn uint64_t llmobsi_exporter_lost(const llmobsi_exporter* exporter)
{
    uint64_t sum = 0;
    int loss;
    for (loss = 0; loss < (int)LLMOBS_LOSS_COUNT; loss++) {
        sum += llmobsi_load_relaxed(&exporter->lost[loss]);
    }
    return sum;
}

/* ---- filling: the tick's side -------------------------------------------------------------- */

llmobsi_fn llmobsi_queued* llmobsi_batch_oldest(llmobsi_exporter* exporter)
{
    llmobsi_queued* oldest = NULL;
    uint32_t i;
    for (i = 0; i < exporter->batch_count; i++) {
        llmobsi_queued* batch = &exporter->batches[i];
        if (batch->state == LLMOBS_I_BATCH_SEALED &&
            (oldest == NULL || batch->sequence < oldest->sequence)) {
            oldest = batch;
        }
    }
    return oldest;
}

/* A batch to fill. When the queue is full the oldest one that nobody works on gives way. */
llmobsi_fn llmobsi_queued* llmobsi_batch_claim(llmobsi_exporter* exporter)
{
    llmobsi_queued* batch = NULL;
    uint32_t i;
    llmobsi_lock_take(&exporter->lock);
    for (i = 0; i < exporter->batch_count && batch == NULL; i++) {
        if (exporter->batches[i].state == LLMOBS_I_BATCH_FREE) {
            batch = &exporter->batches[i];
        }
    }
    if (batch == NULL) {
        batch = llmobsi_batch_oldest(exporter);
        if (batch != NULL) {
            llmobsi_batch_lose(exporter, batch, LLMOBS_LOSS_QUEUE);
        }
    }
    if (batch != NULL) {
        batch->state = LLMOBS_I_BATCH_FILLING;
    }
    llmobsi_lock_give(&exporter->lock);
    return batch;
}

llmobsi_fn llmobsi_queued* llmobsi_exporter_fill(llmobsi_exporter* exporter, uint64_t now_ns)
{
    llmobsi_queued* batch;
    if (exporter->filling != LLMOBS_I_BATCH_NONE) {
        return &exporter->batches[exporter->filling];
    }
    batch = llmobsi_batch_claim(exporter);
    if (batch != NULL) {
        llmobsi_packer_reset(&batch->packer, exporter->batch_bytes);
        batch->attempt = 0;
        batch->lost_before = 0;
        batch->begun_ns = now_ns;
        exporter->filling = (uint32_t)(batch - exporter->batches);
    }
    return batch;
}

/* Hands the batch that is being filled to the exporter's thread. The tick, or close. */
llmobsi_fn void llmobsi_exporter_seal(llmobsi_exporter* exporter)
{
    llmobsi_queued* batch;
    if (exporter->filling == LLMOBS_I_BATCH_NONE ||
        exporter->batches[exporter->filling].packer.count == 0) {
        return;
    }
    batch = &exporter->batches[exporter->filling];
    exporter->filling = LLMOBS_I_BATCH_NONE;
    llmobsi_lock_take(&exporter->lock);
    batch->id = (*exporter->batch_ids)++;
    batch->sequence = ++exporter->sealed_sequence;
    batch->due_ns = 0;
    batch->state = LLMOBS_I_BATCH_SEALED;
    llmobsi_lock_wake_all(&exporter->lock);
    llmobsi_lock_give(&exporter->lock);
}

/* Copies one ended span into the queue. */
llmobsi_fn void llmobsi_exporter_put(llmobsi_exporter* exporter, const llmobsi_recorder* recorder,
                                     const llmobsi_slot* slot, uint64_t now_ns)
{
    llmobsi_queued* batch = llmobsi_exporter_fill(exporter, now_ns);
    (void)llmobsi_add_relaxed(&exporter->received, 1);
    if (batch != NULL && !llmobsi_packer_add(&batch->packer, recorder, slot)) {
        if (batch->packer.count == 0) {
            llmobsi_exporter_lose(exporter, LLMOBS_LOSS_SIZE, 1);
            return;
        }
        llmobsi_exporter_seal(exporter);
        batch = llmobsi_exporter_fill(exporter, now_ns);
        if (batch != NULL && !llmobsi_packer_add(&batch->packer, recorder, slot)) {
            llmobsi_exporter_lose(exporter, LLMOBS_LOSS_SIZE, 1);
            return;
        }
    }
    if (batch == NULL) {
        llmobsi_exporter_lose(exporter, LLMOBS_LOSS_QUEUE, 1);
    }
}

/* Seals what has waited long enough. */
llmobsi_fn void llmobsi_exporter_age(llmobsi_exporter* exporter, uint64_t now_ns, uint64_t delay_ns)
{
    if (exporter->filling != LLMOBS_I_BATCH_NONE &&
        now_ns - exporter->batches[exporter->filling].begun_ns >= delay_ns) {
        llmobsi_exporter_seal(exporter);
    }
}

/* How many batches are free: so many spans at least find room, and nothing has to give way. */
llmobsi_fn uint32_t llmobsi_exporter_room(llmobsi_exporter* exporter)
{
    uint32_t room = 0;
    uint32_t i;
    llmobsi_lock_take(&exporter->lock);
    for (i = 0; i < exporter->batch_count; i++) {
        room += exporter->batches[i].state == LLMOBS_I_BATCH_FREE;
    }
    llmobsi_lock_give(&exporter->lock);
    return room;
}

/* ---- exporting: the thread's side ---------------------------------------------------------- */

/* Doubling, with up to a quarter off so that many processes do not come back together. */
llmobsi_fn uint64_t llmobsi_retry_wait_ns(const llmobsi_exporter* exporter,
                                          const llmobsi_queued* batch)
{
    uint64_t most = exporter->host.retry_most_ms;
    uint64_t wait = exporter->host.retry_first_ms;
    uint32_t doublings = batch->attempt > 0 ? batch->attempt - 1 : 0;
    uint64_t jitter;
    while (doublings-- > 0 && wait < most) {
        wait *= 2;
    }
    wait = (wait < most ? wait : most) * UINT64_C(1000000);
    jitter = (batch->id + batch->attempt) * UINT64_C(0x9e3779b97f4a7c15) >> 56;
    return wait - wait / 4 * jitter / 255;
}

/* What became of an attempt. Under the lock. */
llmobsi_fn void llmobsi_batch_settle(llmobsi_exporter* exporter, llmobsi_queued* batch,
                                     llmobs_export_result result)
{
    batch->serial++;
    batch->state = LLMOBS_I_BATCH_FREE;
    if (result == LLMOBS_EXPORT_OK) {
        (void)llmobsi_add_relaxed(&exporter->exported, batch->packer.count);
        (void)llmobsi_add_relaxed(&exporter->delivered_batches, 1);
    } else if (result == LLMOBS_EXPORT_RETRY && batch->attempt < exporter->host.max_attempts) {
        (void)llmobsi_add_relaxed(&exporter->retries, 1);
        batch->due_ns = llmobsi_monotonic_ns() + llmobsi_retry_wait_ns(exporter, batch);
        batch->state = LLMOBS_I_BATCH_SEALED;
    } else {
        llmobsi_batch_lose(exporter, batch, LLMOBS_LOSS_FAILED);
    }
    llmobsi_lock_wake_all(&exporter->lock);
}

/* The oldest batch that is due; or when the first one will be, in *due_ns. Under the lock. */
llmobsi_fn llmobsi_queued* llmobsi_batch_due(llmobsi_exporter* exporter, uint64_t now_ns,
                                             uint64_t* due_ns)
{
    llmobsi_queued* oldest = NULL;
    uint32_t i;
    *due_ns = UINT64_MAX;
    for (i = 0; i < exporter->batch_count; i++) {
        llmobsi_queued* batch = &exporter->batches[i];
        if (batch->state != LLMOBS_I_BATCH_SEALED) {
            continue;
        }
        if (batch->due_ns > now_ns) {
            *due_ns = batch->due_ns < *due_ns ? batch->due_ns : *due_ns;
        } else if (oldest == NULL || batch->sequence < oldest->sequence) {
            oldest = batch;
        }
    }
    return oldest;
}

llmobsi_fn void llmobsi_batch_view(const llmobsi_exporter* exporter, llmobsi_queued* batch)
{
    llmobs_batch* view = &batch->view;
    memset(view, 0, sizeof *view);
    view->size = sizeof *view;
    view->id = batch->id;
    view->attempt = batch->attempt;
    view->token.instance = exporter->ticket;
    view->token.place =
        exporter->number * LLMOBS_I_BATCH_PLACES + (uint32_t)(batch - exporter->batches);
    view->token.serial = batch->serial;
    view->resource = exporter->resource;
    view->spans = (const llmobs_span_view*)(const void*)batch->packer.memory;
    view->span_count = batch->packer.count;
    view->lost_before = batch->lost_before;
}

/* One attempt, with the lock taken and, around the callback, given. */
llmobsi_fn void llmobsi_batch_export(llmobsi_exporter* exporter, llmobsi_queued* batch)
{
    llmobs_export_result result;
    llmobsi_callback callback;
    batch->state = LLMOBS_I_BATCH_EXPORTING;
    if (batch->attempt++ == 0) {
        uint64_t lost = llmobsi_exporter_lost(exporter);
        batch->lost_before = lost - exporter->lost_told;
        exporter->lost_told = lost;
    }
    batch->settled_early = false;
    llmobsi_batch_view(exporter, batch);
    exporter->inside = true;
    llmobsi_lock_give(&exporter->lock);

    callback = llmobsi_callback_begin(exporter->ticket);
    result = exporter->host.export_batch(exporter->host.user, &batch->view);
    llmobsi_callback_end(&callback);

    llmobsi_lock_take(&exporter->lock);
    exporter->inside = false;
    if (result == LLMOBS_EXPORT_PENDING && !batch->settled_early) {
        batch->state = LLMOBS_I_BATCH_PENDING;
        llmobsi_lock_wake_all(&exporter->lock);
        return;
    }
    llmobsi_batch_settle(exporter, batch, result == LLMOBS_EXPORT_PENDING ? batch->early : result);
}

/* Exports what is due, on this thread; returns how many attempts were made. For the host that
   pumps. */
llmobsi_fn uint32_t llmobsi_exporter_pump(llmobsi_exporter* exporter)
{
    uint32_t attempts = 0;
    uint64_t due_ns;
    llmobsi_lock_take(&exporter->lock);
    while (!exporter->inside && !exporter->stop) {
        llmobsi_queued* batch = llmobsi_batch_due(exporter, llmobsi_monotonic_ns(), &due_ns);
        if (batch == NULL) {
            break;
        }
        llmobsi_batch_export(exporter, batch);
        attempts++;
    }
    llmobsi_lock_give(&exporter->lock);
    return attempts;
}

/* The exporter's thread. */
llmobsi_fn void* llmobsi_exporter_run(void* argument)
{
    llmobsi_exporter* exporter = (llmobsi_exporter*)argument;
    llmobsi_lock_take(&exporter->lock);
    while (!exporter->stop) {
        uint64_t now_ns = llmobsi_monotonic_ns();
        uint64_t due_ns;
        llmobsi_queued* batch = llmobsi_batch_due(exporter, now_ns, &due_ns);
        if (batch != NULL) {
            llmobsi_batch_export(exporter, batch);
        } else {
            uint64_t longest = now_ns + UINT64_C(60000000000);
            llmobsi_lock_wait_until(&exporter->lock, due_ns < longest ? due_ns : longest);
        }
    }
    exporter->thread_ended = true;
    llmobsi_lock_wake_all(&exporter->lock);
    llmobsi_lock_give(&exporter->lock);
    return NULL;
}

/* ---- waiting for delivery ------------------------------------------------------------------ */

/* Whether every batch sealed up to `sequence` is settled. Under the lock. */
llmobsi_fn bool llmobsi_exporter_settled(const llmobsi_exporter* exporter, uint64_t sequence)
{
    uint32_t i;
    for (i = 0; i < exporter->batch_count; i++) {
        const llmobsi_queued* batch = &exporter->batches[i];
        if (batch->state >= LLMOBS_I_BATCH_SEALED && batch->sequence <= sequence) {
            return false;
        }
    }
    return true;
}

typedef struct llmobsi_patience {
    uint64_t deadline_ns;
    uint64_t others_ns; /* from then on an exporter without room does not hold the others up */
    bool pumped;  /* export on this thread */
    bool closing; /* this is the closer itself; all others give up when the instance closes */
} llmobsi_patience;

llmobsi_fn bool llmobsi_patience_over(const llmobsi_patience* patience, uint32_t ticket,
                                      uint64_t now_ns)
{
    const llmobsi_place* place = &llmobsi_places[LLMOBS_I_PLACE(ticket)];
    return now_ns >= patience->deadline_ns ||
           (!patience->closing && llmobsi_load_relaxed(&place->ticket) != ticket);
}

#define LLMOBS_I_WAIT_SLICE_NS UINT64_C(20000000)

/* Waits until then, or for as long as there is patience. */
llmobsi_fn bool llmobsi_exporter_wait(llmobsi_exporter* exporter, uint64_t sequence,
                                      const llmobsi_patience* patience)
{
    bool settled;
    llmobsi_lock_take(&exporter->lock);
    for (;;) {
        uint64_t now_ns = llmobsi_monotonic_ns();
        uint64_t until_ns = now_ns + LLMOBS_I_WAIT_SLICE_NS;
        uint64_t due_ns = until_ns;
        llmobsi_queued* batch = NULL;
        settled = llmobsi_exporter_settled(exporter, sequence);
        if (settled || llmobsi_patience_over(patience, exporter->ticket, now_ns)) {
            break;
        }
        if (patience->pumped && !exporter->inside && !exporter->stop) {
            batch = llmobsi_batch_due(exporter, now_ns, &due_ns);
        }
        if (batch != NULL) {
            llmobsi_batch_export(exporter, batch);
            continue;
        }
        until_ns = due_ns < until_ns ? due_ns : until_ns;
        llmobsi_lock_wait_until(
            &exporter->lock, until_ns < patience->deadline_ns ? until_ns : patience->deadline_ns);
    }
    llmobsi_lock_give(&exporter->lock);
    return settled;
}

/* Everything that is still queued is lost; the callback will not be called again. True if there
   is a batch that the host was promised until llmobs_export_done: its memory must stay. */
llmobsi_fn bool llmobsi_exporter_abandon(llmobsi_exporter* exporter)
{
    bool promised = false;
    uint64_t lost = 0;
    uint32_t i;
    llmobsi_lock_take(&exporter->lock);
    for (i = 0; i < exporter->batch_count; i++) {
        llmobsi_queued* batch = &exporter->batches[i];
        if (batch->state != LLMOBS_I_BATCH_FREE) {
            promised |= batch->state == LLMOBS_I_BATCH_PENDING;
            lost += batch->packer.count;
            llmobsi_batch_lose(exporter, batch, LLMOBS_LOSS_CLOSE);
            batch->state = LLMOBS_I_BATCH_FREE;
            batch->serial++;
        }
    }
    llmobsi_lock_give(&exporter->lock);
    llmobsi_notes_add(exporter->notes, LLMOBS_NOTE_CLOSE_LOST, lost);
    return promised;
}

#ifdef LLMOBS_DEBUG
/* What must hold of a queue whenever its lock is free; the tick asks. */
llmobsi_fn bool llmobsi_exporter_is_valid(llmobsi_exporter* exporter)
{
    bool valid = true;
    uint32_t filling = 0;
    uint32_t i;
    llmobsi_lock_take(&exporter->lock);
    for (i = 0; i < exporter->batch_count; i++) {
        const llmobsi_queued* batch = &exporter->batches[i];
        if (batch->state == LLMOBS_I_BATCH_FREE) {
            continue;
        }
        filling += batch->state == LLMOBS_I_BATCH_FILLING;
        valid &= batch->packer.front <= batch->packer.back;
        valid &= batch->packer.back <= exporter->batch_bytes;
        valid &= batch->packer.front == batch->packer.count * sizeof(llmobs_span_view);
        valid &=
            batch->state == LLMOBS_I_BATCH_FILLING || batch->sequence <= exporter->sealed_sequence;
    }
    valid &= filling == (exporter->filling != LLMOBS_I_BATCH_NONE);
    llmobsi_lock_give(&exporter->lock);
    return valid;
}
#endif

/* ---- stats --------------------------------------------------------------------------------- */

llmobsi_fn void llmobsi_exporter_stats(llmobsi_exporter* exporter, llmobs_exporter_stats* stats)
{
    uint32_t i;
    memset(stats, 0, sizeof *stats);
    memcpy(stats->name, exporter->name, sizeof stats->name);
    llmobsi_lock_take(&exporter->lock);
    for (i = 0; i < exporter->batch_count; i++) {
        const llmobsi_queued* batch = &exporter->batches[i];
        if (batch->state >= LLMOBS_I_BATCH_SEALED) {
            stats->queue_bytes += exporter->batch_bytes - batch->packer.back + batch->packer.front;
        }
    }
    stats->exported = llmobsi_load_relaxed(&exporter->exported);
    stats->queued -= stats->exported;
    for (i = 0; i < (uint32_t)LLMOBS_LOSS_COUNT; i++) {
        stats->lost[i] = llmobsi_load_acquire(&exporter->lost[i]);
        stats->queued -= stats->lost[i];
    }
    /* Last: a span is received before it is lost, so the difference can't be negative. */
    stats->received = llmobsi_load_relaxed(&exporter->received);
    stats->queued += stats->received;
    stats->batches = llmobsi_load_relaxed(&exporter->delivered_batches);
    stats->retries = llmobsi_load_relaxed(&exporter->retries);
    llmobsi_lock_give(&exporter->lock);
}

/* =================================================================================================
 *  >>collect                export: the tick: from the rings to the queues
 * ============================================================================================== */

/* The tick: takes ended spans from every thread's ring, copies them into the exporters' queues,
   and gives their slots back. One tick at a time, under a lock that is never held across a
   callback. */

#define LLMOBS_I_EXPORTERS_MAX 16u
#define LLMOBS_I_LIMBO 64u
#define LLMOBS_I_GRACE_NS UINT64_C(20000000) /* then the next tick tries again */

LLMOBS_I_STATIC_ASSERT(stats_exporters, LLMOBS_STATS_EXPORTERS == LLMOBS_I_EXPORTERS_MAX);

/* What the tick works on. The first part of an instance. */
typedef struct llmobsi_collector {
    llmobsi_recorder recorder; /* first: recorders see this alone */
    llmobsi_notes notes;
    llmobsi_lock lock; /* the tick's */
    llmobsi_exporter* exporters;
    llmobsi_atomic32 exporter_count; /* those below it are complete; llmobs_exporter_add writes */
    uint32_t exporter_limit;
    uint64_t batch_delay_ns;
    uint64_t span_max_age_ns;
    uint64_t swept; /* stamp of the last look for old spans. This and below: the tick */
    uint64_t given;     /* slots given back to the pool; takers see them when it is published */
    bool guarded;       /* among those not published is one that carried a tracestate         */
    uint32_t limbo_count;
    uint32_t limbo[LLMOBS_I_LIMBO]; /* slots ended by the tick, whose owners may still be writing */
    uint64_t batch_ids;
    llmobsi_atomic64 ticks; /* the tick adds, stats read */
    llmobsi_atomic64 collected;
    llmobsi_atomic64 expired;
    llmobsi_atomic64 no_exporter;
    llmobsi_thread_counts noted; /* what notes have told of */
    uint64_t noted_drops[LLMOBS_DROP_COUNT];
    uint64_t noted_names;
    uint64_t noted_no_exporter;
    llmobsi_metric_totals noted_metrics;
    uint64_t noted_misused;
} llmobsi_collector;

/* ---- one span ------------------------------------------------------------------------------ */

llmobsi_fn void llmobsi_collect_slot(llmobsi_collector* collector, llmobsi_slot* slot,
                                     uint64_t now_ns)
{
    uint32_t count = llmobsi_load_acquire(&collector->exporter_count);
    uint32_t i;
    if ((llmobsi_load_relaxed(&slot->flags) & LLMOBS_TRACE_SAMPLED) == 0) {
        return; /* it carried a context, and is not to be seen */
    }
    if (count == 0) {
        llmobsi_count(&collector->no_exporter, 1);
        return;
    }
    for (i = 0; i < count; i++) {
        llmobsi_exporter_put(&collector->exporters[i], &collector->recorder, slot, now_ns);
    }
    llmobsi_count(&collector->collected, 1);
}

/* Gives back a span's slot and its further parts. Ordered where llmobsi_span_tracestate may be
   reading: it sees that the slot is free, or llmobsi_collect_publish waits for it. */
llmobsi_fn void llmobsi_collect_free(llmobsi_collector* collector, uint32_t index)
{
    llmobsi_pool* pool = &collector->recorder.pool;
    llmobsi_slot* slot = &pool->slots[index];
    uint32_t parts = slot->part_count;
    if ((llmobsi_load_relaxed(&slot->flags) & LLMOBS_I_FLAG_TRACESTATE) != 0) {
        uint64_t state = llmobsi_load_relaxed(&slot->state);
        llmobsi_store_ordered(&slot->state, (state & ~UINT64_C(3)) | LLMOBS_I_SLOT_FREE);
        collector->guarded = true;
    }
    do {
        uint32_t next = pool->slots[index].next;
        llmobsi_pool_give(pool, &collector->given, index);
        index = (next - 1) & pool->mask;
        parts = next != 0 ? parts - 1 : 0;
    } while (parts != 0);
}

/* Lets takers have what was given; what carried a tracestate only when nobody reads it any more. */
llmobsi_fn void llmobsi_collect_publish(llmobsi_collector* collector)
{
    if (!collector->guarded || llmobsi_grace(llmobsi_monotonic_ns() + LLMOBS_I_GRACE_NS)) {
        collector->guarded = false;
        llmobsi_pool_publish(&collector->recorder.pool, collector->given);
    }
}

/* How many spans every exporter has room for, at least. */
llmobsi_fn uint32_t llmobsi_collect_room(llmobsi_collector* collector)
{
    uint32_t count = llmobsi_load_acquire(&collector->exporter_count);
    uint32_t least = UINT32_MAX;
    uint32_t i;
    for (i = 0; i < count; i++) {
        uint32_t room = llmobsi_exporter_room(&collector->exporters[i]);
        least = room < least ? room : least;
    }
    return least;
}

/* ---- the rings ----------------------------------------------------------------------------- */

/* Empties one ring, as far as it was filled when we came. Returns how many spans it held.
   `patient`: stops rather than make an exporter lose what it has. */
llmobsi_fn uint32_t llmobsi_collect_ring(llmobsi_collector* collector, llmobsi_ring* ring,
                                         uint64_t now_ns, bool patient, bool* stopped)
{
    llmobsi_pool* pool = &collector->recorder.pool;
    uint64_t end = llmobsi_load_acquire(&ring->pushed);
    uint32_t room = patient ? 0 : UINT32_MAX;
    uint32_t count = 0;
    uint32_t index;
    for (;;) {
        room = room != 0 ? room : llmobsi_collect_room(collector);
        if (room == 0) {
            *stopped = llmobsi_load_relaxed(&ring->popped) != end;
            break;
        }
        if (!llmobsi_ring_pop(ring, end, &index)) {
            break;
        }
        llmobsi_collect_slot(collector, &pool->slots[index], now_ns);
        llmobsi_collect_free(collector, index);
        room -= patient;
        count++;
    }
    llmobsi_collect_publish(collector);
    return count;
}

/* A thread that has ended leaves the free slots that it had cached. */
llmobsi_fn void llmobsi_collect_cache(llmobsi_collector* collector, llmobsi_thread* thread)
{
    llmobsi_pool* pool = &collector->recorder.pool;
    uint32_t dead = LLMOBS_I_THREAD_DEAD;
    if (llmobsi_load_relaxed(&thread->state) != LLMOBS_I_THREAD_DEAD ||
        !llmobsi_cas_acquire_release(&thread->state, &dead, LLMOBS_I_THREAD_SWEPT)) {
        return;
    }
    while (thread->cache_next < thread->cache_end) {
        llmobsi_pool_give(pool, &collector->given, thread->cache[thread->cache_next++]);
    }
    llmobsi_collect_publish(collector);
    llmobsi_store_release(&thread->state, LLMOBS_I_THREAD_FREE);
}

/* ---- spans that never end ------------------------------------------------------------------ */

/* Ends one span that is too old, as its owner would have. */
llmobsi_fn bool llmobsi_expire(llmobsi_collector* collector, uint32_t index, uint64_t now)
{
    llmobsi_slot* slot = &collector->recorder.pool.slots[index];
    uint64_t state = llmobsi_load_acquire(&slot->state);
    uint64_t start = llmobsi_load_relaxed(&slot->start);
    if ((state & 3u) != LLMOBS_I_SLOT_LIVE ||
        llmobsi_timeline_between(&collector->recorder.timeline, start, now) <
            collector->span_max_age_ns) {
        return false;
    }
    if (!llmobsi_cas_acquire_release(&slot->state, &state,
                                     state - LLMOBS_I_SLOT_LIVE + LLMOBS_I_SLOT_ENDED)) {
        return false;
    }
    slot->end = now;
    slot->thread = 0;
    return true;
}

/* Looks at every slot, about once a second. */
llmobsi_fn void llmobsi_sweep(llmobsi_collector* collector, uint64_t now)
{
    uint64_t pause = collector->span_max_age_ns / 4;
    uint32_t index;
    pause = pause < UINT64_C(1000000000) ? pause : UINT64_C(1000000000);
    if (now < collector->swept) {
        collector->swept = now; /* the host's clock went back */
    }
    if (llmobsi_timeline_between(&collector->recorder.timeline, collector->swept, now) < pause) {
        return;
    }
    collector->swept = now;
    for (index = 0; index <= collector->recorder.pool.mask; index++) {
        if (collector->limbo_count < LLMOBS_I_LIMBO && llmobsi_expire(collector, index, now)) {
            collector->limbo[collector->limbo_count++] = index;
        }
    }
}

/* Collects what the sweep ended, once no recorder can be in the middle of writing to it. */
llmobsi_fn void llmobsi_collect_limbo(llmobsi_collector* collector, uint64_t now_ns)
{
    llmobsi_pool* pool = &collector->recorder.pool;
    uint32_t i;
    if (collector->limbo_count == 0 ||
        !llmobsi_grace(llmobsi_monotonic_ns() + LLMOBS_I_GRACE_NS)) {
        return;
    }
    for (i = 0; i < collector->limbo_count; i++) {
        llmobsi_slot* slot = &pool->slots[collector->limbo[i]];
        if ((llmobsi_load_relaxed(&slot->flags) & LLMOBS_TRACE_SAMPLED) != 0) {
            llmobsi_count(&collector->expired, 1);
            llmobsi_notes_add(&collector->notes, LLMOBS_NOTE_SPAN_EXPIRED, 1);
        }
        llmobsi_collect_slot(collector, slot, now_ns);
        llmobsi_collect_free(collector, collector->limbo[i]);
    }
    collector->limbo_count = 0;
    llmobsi_collect_publish(collector);
}

/* ---- the whole ----------------------------------------------------------------------------- */

/* Sums what the threads counted. */
llmobsi_fn void llmobsi_counts_sum(const llmobsi_recorder* recorder, llmobsi_thread_counts* sum)
{
    uint32_t used = llmobsi_load_acquire(&recorder->threads_used);
    uint32_t i;
    memset(sum, 0, sizeof *sum);
    for (i = 0; i < used; i++) {
        const llmobsi_thread_counts* counts = &recorder->threads[i].counts;
        sum->ended += llmobsi_load_relaxed(&counts->ended);
        sum->started += llmobsi_load_relaxed(&counts->started);
        sum->unsampled += llmobsi_load_relaxed(&counts->unsampled);
        sum->dropped_pool += llmobsi_load_relaxed(&counts->dropped_pool);
        sum->dropped_parent += llmobsi_load_relaxed(&counts->dropped_parent);
        sum->inert_calls += llmobsi_load_relaxed(&counts->inert_calls);
        sum->attributes_dropped += llmobsi_load_relaxed(&counts->attributes_dropped);
        sum->events_dropped += llmobsi_load_relaxed(&counts->events_dropped);
        sum->links_dropped += llmobsi_load_relaxed(&counts->links_dropped);
        sum->values_truncated += llmobsi_load_relaxed(&counts->values_truncated);
        sum->bad_traceparents += llmobsi_load_relaxed(&counts->bad_traceparents);
    }
}

llmobsi_fn void llmobsi_collect_metric_notes(llmobsi_collector* collector)
{
    const llmobsi_registry* registry = &collector->recorder.registry;
    const llmobsi_metric_totals before = collector->noted_metrics;
    llmobsi_metric_totals now;
    uint64_t misused = llmobsi_load_relaxed(&registry->misused);
    llmobsi_metrics_total(registry, &now);
    llmobsi_notes_add(&collector->notes, LLMOBS_NOTE_METRIC_SERIES,
                      now.overflows - before.overflows);
    llmobsi_notes_add(&collector->notes, LLMOBS_NOTE_METRIC_VALUES,
                      now.invalid + now.dropped - before.invalid - before.dropped);
    llmobsi_notes_add(&collector->notes, LLMOBS_NOTE_METRIC_MISUSED,
                      misused - collector->noted_misused);
    collector->noted_metrics = now;
    collector->noted_misused = misused;
}

/* Turns what recorders counted since the last time into notes. */
llmobsi_fn void llmobsi_collect_notes(llmobsi_collector* collector)
{
    const llmobsi_place* place = &llmobsi_places[LLMOBS_I_PLACE(collector->recorder.ticket)];
    llmobsi_notes* notes = &collector->notes;
    llmobsi_thread_counts now;
    static const struct {
        llmobs_drop drop;
        llmobs_note note;
    } pairs[] = {{LLMOBS_DROP_THREADS, LLMOBS_NOTE_THREADS},
                 {LLMOBS_DROP_SIGNAL, LLMOBS_NOTE_SIGNAL},
                 {LLMOBS_DROP_SELF, LLMOBS_NOTE_SELF}};
    uint64_t total;
    size_t i;
    if (notes->tell == NULL) {
        return;
    }
    llmobsi_counts_sum(&collector->recorder, &now);
    llmobsi_notes_add(notes, LLMOBS_NOTE_SPAN_POOL,
                      now.dropped_pool - collector->noted.dropped_pool);
    llmobsi_notes_add(notes, LLMOBS_NOTE_TRACEPARENT,
                      now.bad_traceparents - collector->noted.bad_traceparents);
    llmobsi_notes_add(notes, LLMOBS_NOTE_SPAN_FULL,
                      now.attributes_dropped + now.events_dropped + now.links_dropped -
                          collector->noted.attributes_dropped - collector->noted.events_dropped -
                          collector->noted.links_dropped);
    collector->noted = now;
    for (i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        total = llmobsi_load_relaxed(&place->dropped[pairs[i].drop]);
        llmobsi_notes_add(notes, pairs[i].note, total - collector->noted_drops[pairs[i].drop]);
        collector->noted_drops[pairs[i].drop] = total;
    }
    total = llmobsi_load_relaxed(&collector->recorder.names.overflowed);
    llmobsi_notes_add(notes, LLMOBS_NOTE_NAMES, total - collector->noted_names);
    collector->noted_names = total;
    total = llmobsi_load_relaxed(&collector->no_exporter);
    llmobsi_notes_add(notes, LLMOBS_NOTE_NO_EXPORTER, total - collector->noted_no_exporter);
    collector->noted_no_exporter = total;
    llmobsi_collect_metric_notes(collector);
}

#ifdef LLMOBS_DEBUG
llmobsi_fn bool llmobsi_collector_is_valid(llmobsi_collector* collector)
{
    uint32_t count = llmobsi_load_acquire(&collector->exporter_count);
    bool valid = !collector->recorder.spans_on || llmobsi_pool_is_valid(&collector->recorder.pool);
    uint32_t i;
    for (i = 0; i < count; i++) {
        valid &= llmobsi_exporter_is_valid(&collector->exporters[i]);
    }
    return valid;
}
#endif

/* One tick, under its lock. Returns how many spans were taken; `*stopped` tells that a patient
   tick left some where they are. */
llmobsi_fn uint32_t llmobsi_collect(llmobsi_collector* collector, bool patient, bool* stopped)
{
    llmobsi_recorder* recorder = &collector->recorder;
    uint32_t used = llmobsi_load_acquire(&recorder->threads_used);
    uint64_t now_ns;
    uint32_t count = 0;
    uint32_t i;
    *stopped = false;
    llmobsi_timeline_update(&recorder->timeline);
    now_ns = llmobsi_monotonic_ns();
    for (i = 0; i < used && !*stopped; i++) {
        count +=
            llmobsi_collect_ring(collector, &recorder->threads[i].ring, now_ns, patient, stopped);
        llmobsi_collect_cache(collector, &recorder->threads[i]);
    }
    if (recorder->spans_on) {
        llmobsi_sweep(collector, llmobsi_now(&recorder->timeline));
        llmobsi_collect_limbo(collector, now_ns);
    }
    llmobsi_count(&collector->ticks, 1);
#ifdef LLMOBS_DEBUG
    LLMOBS_ASSERT(llmobsi_collector_is_valid(collector));
#endif
    return count;
}

/* Seals the batches that have waited long enough, or all. */
llmobsi_fn void llmobsi_collect_seal(llmobsi_collector* collector, bool all)
{
    uint32_t count = llmobsi_load_acquire(&collector->exporter_count);
    uint64_t now_ns = llmobsi_monotonic_ns();
    uint32_t i;
    for (i = 0; i < count; i++) {
        llmobsi_exporter_age(&collector->exporters[i], now_ns, all ? 0 : collector->batch_delay_ns);
    }
}

/* =================================================================================================
 *  >>instance               export: instances and their exporters
 * ============================================================================================== */

/* An instance as the calls that are not in a hurry see it, and its exporters. Such calls (flush,
   stats, adding an exporter) count themselves in and out, and close waits for them. */

#define LLMOBS_I_RESOURCE_MAX 8u

typedef struct llmobsi_instance {
    llmobsi_collector collector; /* first */
    llmobs_config config;
    llmobsi_place* place;
    llmobsi_lock setup; /* one exporter is added at a time */
    llmobs_resource_view resource;
    llmobs_attribute_view resource_attributes[LLMOBS_I_RESOURCE_MAX];
    char instance_id[37];
    uint64_t opened_unix_ns; /* or forked */
    llmobsi_lock rest; /* where the tick's thread sleeps */
    bool stop;         /* under it */
    bool ticking;      /* its thread was started; open and close */
    pthread_t thread;
    void* memory; /* how to give the block back */
    size_t memory_bytes;
    llmobs_allocator allocator;
} llmobsi_instance;

LLMOBS_I_STATIC_ASSERT(recorder_first, offsetof(llmobsi_instance, collector) == 0 &&
                                           offsetof(llmobsi_collector, recorder) == 0);

llmobsi_fn llmobsi_instance* llmobsi_instance_of(llmobsi_recorder* recorder)
{
    return (llmobsi_instance*)(void*)recorder;
}

/* ---- calls in and out ---------------------------------------------------------------------- */

llmobsi_fn void llmobsi_call_end(llmobsi_instance* instance)
{
    (void)llmobsi_add_ordered(&instance->place->users, (uint32_t)-1);
}

/* NULL unless `door` (the place's ticket, or the one for exporters) still has this ticket. */
llmobsi_fn llmobsi_instance* llmobsi_call_at(llmobsi_place* place, llmobsi_atomic32* door,
                                             uint32_t ticket)
{
    (void)llmobsi_add_ordered(&place->users, 1);
    if (ticket == 0 || llmobsi_load_ordered(door) != ticket || !llmobsi_place_mend(place)) {
        (void)llmobsi_add_ordered(&place->users, (uint32_t)-1);
        return NULL;
    }
    return llmobsi_instance_of(place->recorder);
}

/* The open instance, which stays until llmobsi_call_end; or NULL. */
llmobsi_fn llmobsi_instance* llmobsi_call_begin(const llmobs* obs)
{
    uint32_t ticket = llmobsi_ticket(obs);
    llmobsi_place* place = &llmobsi_places[LLMOBS_I_PLACE(ticket)];
    return llmobsi_call_at(place, &place->ticket, ticket);
}

/* Whether the instance is being closed: then long calls return. */
llmobsi_fn bool llmobsi_instance_closing(const llmobsi_instance* instance)
{
    return llmobsi_load_relaxed(&instance->place->ticket) != instance->collector.recorder.ticket;
}

/* For exporters of our own: counts a note, to be told by the next tick. */
llmobsi_fn void llmobsi_note_from_exporter(llmobs* obs, llmobs_note note)
{
    uint32_t ticket = llmobsi_ticket(obs);
    llmobsi_place* place = &llmobsi_places[LLMOBS_I_PLACE(ticket)];
    llmobsi_instance* instance = llmobsi_call_at(place, &place->exporting, ticket);
    if (instance != NULL) {
        llmobsi_notes_add(&instance->collector.notes, note, 1);
        llmobsi_call_end(instance);
    }
}

/* ---- the resource -------------------------------------------------------------------------- */

llmobsi_fn llmobs_attribute_view* llmobsi_resource_add(llmobsi_instance* instance, const char* key)
{
    llmobs_attribute_view* view =
        &instance->resource_attributes[instance->resource.attribute_count++];
    memset(view, 0, sizeof *view);
    view->key.data = key;
    view->key.size = strlen(key);
    return view;
}

/* Text from the config goes through the names: there it is made valid UTF-8, and stays. */
llmobsi_fn void llmobsi_resource_add_text(llmobsi_instance* instance, const char* key,
                                          const char* text)
{
    llmobsi_names* names = &instance->collector.recorder.names;
    llmobs_attribute_view* view = llmobsi_resource_add(instance, key);
    view->type = LLMOBS_TYPE_STRING;
    view->value.string = llmobsi_names_text(names, llmobsi_names_id(names, text, strlen(text)));
}

/* A random UUID (RFC 9562, version 4). */
llmobsi_fn void llmobsi_instance_id(llmobsi_instance* instance)
{
    static const char digits[] = "0123456789abcdef";
    const llmobs_random* random = &instance->config.random;
    uint8_t bytes[16] = {0};
    char* out = instance->instance_id;
    int i;
    if (random->fill != NULL) {
        (void)random->fill(random->user, bytes, sizeof bytes);
    } else {
        (void)llmobsi_random_bytes(bytes, sizeof bytes);
    }
    bytes[6] = (uint8_t)((bytes[6] & 0x0fu) | 0x40u);
    bytes[8] = (uint8_t)((bytes[8] & 0x3fu) | 0x80u);
    for (i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            *out++ = '-';
        }
        *out++ = digits[bytes[i] >> 4];
        *out++ = digits[bytes[i] & 15u];
    }
    *out = '\0';
}

/* Who records: made at open, and anew in the child of a fork. */
llmobsi_fn void llmobsi_resource_make(llmobsi_instance* instance)
{
    llmobs_attribute_view* pid;
    llmobs_attribute_view* id;
    instance->resource.attributes = instance->resource_attributes;
    instance->resource.attribute_count = 0;
    instance->opened_unix_ns = instance->config.clock.unix_ns != NULL
                                   ? instance->config.clock.unix_ns(instance->config.clock.user)
                                   : llmobsi_realtime_ns();
    llmobsi_instance_id(instance);
    llmobsi_resource_add_text(instance, "service.name", instance->config.service_name);
    if (instance->config.service_version != NULL && instance->config.service_version[0] != '\0') {
        llmobsi_resource_add_text(instance, "service.version", instance->config.service_version);
    }
    id = llmobsi_resource_add(instance, "service.instance.id");
    id->type = LLMOBS_TYPE_STRING;
    id->value.string.data = instance->instance_id;
    id->value.string.size = sizeof instance->instance_id - 1;
    llmobsi_resource_add_text(instance, "telemetry.sdk.name", "llmobs");
    llmobsi_resource_add_text(instance, "telemetry.sdk.language", "c");
    llmobsi_resource_add_text(instance, "telemetry.sdk.version", LLMOBS_VERSION_STRING);
    pid = llmobsi_resource_add(instance, "process.pid");
    pid->type = LLMOBS_TYPE_INT;
    pid->value.integer = (int64_t)getpid();
}

/* ---- adding exporters ---------------------------------------------------------------------- */

LLMOBS_API llmobs_exporter llmobs_exporter_default(void)
{
    llmobs_exporter exporter;
    memset(&exporter, 0, sizeof exporter);
    exporter.size = sizeof exporter;
    return exporter;
}

/* The exporter's own copy of what it was given, with nothing left to decide. */
llmobsi_fn void llmobsi_exporter_complete(llmobsi_exporter* exporter, const llmobs_exporter* given)
{
    llmobs_exporter* host = &exporter->host;
    const char* name;
    *host = llmobs_exporter_default();
    memcpy(host, given,
           given->size != 0 && given->size < sizeof *host ? given->size : sizeof *host);
    name = host->name != NULL ? host->name : "exporter";
    memset(exporter->name, 0, sizeof exporter->name);
    memcpy(exporter->name, name, llmobsi_utf8_cut(name, strlen(name), sizeof exporter->name - 1));
    host->name = exporter->name;
    host->max_attempts = host->max_attempts != 0 ? host->max_attempts : 5;
    host->retry_first_ms = host->retry_first_ms != 0 ? host->retry_first_ms : 200;
    host->retry_most_ms = host->retry_most_ms != 0 ? host->retry_most_ms : 30000;
}

llmobsi_fn bool llmobsi_exporter_start(llmobsi_instance* instance, llmobsi_exporter* exporter)
{
    if (!llmobsi_lock_init(&exporter->lock)) {
        return false;
    }
    exporter->stop = false;
    exporter->thread_ended = false;
    if (!instance->config.host_pumped) {
        exporter->thread_made =
            llmobsi_thread_start(&exporter->thread, llmobsi_exporter_run, exporter);
        if (!exporter->thread_made) {
            llmobsi_lock_destroy(&exporter->lock);
            llmobsi_notes_add(&instance->collector.notes, LLMOBS_NOTE_THREAD_START, 1);
            return false;
        }
    }
    return true;
}

/* Adds an exporter under the setup lock. `state`, if not NULL, is copied into the exporter's own
   memory, which then is its user pointer. */
llmobsi_fn llmobs_result llmobsi_exporter_install(llmobsi_instance* instance,
                                                  const llmobs_exporter* given, const void* state,
                                                  size_t state_size)
{
    llmobsi_collector* collector = &instance->collector;
    uint32_t number = llmobsi_load_relaxed(&collector->exporter_count);
    llmobsi_exporter* exporter = &collector->exporters[number];
    if (number == collector->exporter_limit) {
        return LLMOBS_ERROR_LIMIT;
    }
    llmobsi_exporter_complete(exporter, given);
    exporter->ticket = collector->recorder.ticket;
    exporter->number = number;
    exporter->notes = &collector->notes;
    exporter->resource = &instance->resource;
    exporter->batch_ids = &collector->batch_ids;
    if (state != NULL) {
        memcpy(exporter->state, state, state_size);
        exporter->host.user = exporter->state;
    }
    if (!llmobsi_exporter_start(instance, exporter)) {
        return LLMOBS_ERROR_SYSTEM;
    }
    llmobsi_store_release(&collector->exporter_count, number + 1);
    return LLMOBS_OK;
}

/* For exporters of our own; `state_size` is at most LLMOBS_I_EXPORTER_STATE. */
llmobsi_fn llmobs_result llmobsi_exporter_add_with_state(llmobs* obs,
                                                         const llmobs_exporter* exporter,
                                                         const void* state, size_t state_size)
{
    llmobsi_instance* instance;
    llmobs_result result;
    if (exporter == NULL || exporter->export_batch == NULL) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    if (llmobsi_in_callback(llmobsi_ticket(obs))) {
        return LLMOBS_ERROR_BUSY;
    }
    instance = llmobsi_call_begin(obs);
    if (instance == NULL) {
        return LLMOBS_ERROR_CLOSED;
    }
    llmobsi_lock_take(&instance->setup);
    result = llmobsi_instance_closing(instance)
                 ? LLMOBS_ERROR_CLOSED
                 : llmobsi_exporter_install(instance, exporter, state, state_size);
    llmobsi_lock_give(&instance->setup);
    llmobsi_call_end(instance);
    return result;
}

LLMOBS_API llmobs_result llmobs_exporter_add(llmobs* obs, const llmobs_exporter* exporter)
{
    return llmobsi_exporter_add_with_state(obs, exporter, NULL, 0);
}

LLMOBS_API llmobs_result llmobs_export_to(llmobs* obs, llmobs_export_fn export_batch, void* user)
{
    llmobs_exporter exporter = llmobs_exporter_default();
    exporter.export_batch = export_batch;
    exporter.user = user;
    return llmobs_exporter_add(obs, &exporter);
}

/* ---- asynchronous transports --------------------------------------------------------------- */

llmobsi_fn llmobs_result llmobsi_batch_done(llmobsi_exporter* exporter, uint32_t number,
                                            uint64_t serial, llmobs_export_result result)
{
    llmobsi_queued* batch;
    llmobs_result answer = LLMOBS_ERROR_ARGUMENT;
    if (number >= exporter->batch_count) {
        return answer;
    }
    batch = &exporter->batches[number];
    llmobsi_lock_take(&exporter->lock);
    if (batch->serial == serial && batch->state == LLMOBS_I_BATCH_PENDING) {
        llmobsi_batch_settle(exporter, batch, result);
        answer = LLMOBS_OK;
    } else if (batch->serial == serial && batch->state == LLMOBS_I_BATCH_EXPORTING &&
               !batch->settled_early) {
        batch->settled_early = true;
        batch->early = result;
        answer = LLMOBS_OK;
    }
    llmobsi_lock_give(&exporter->lock);
    return answer;
}

LLMOBS_API llmobs_result llmobs_export_done(llmobs_export_token token, llmobs_export_result result)
{
    llmobsi_place* place = &llmobsi_places[LLMOBS_I_PLACE(token.instance)];
    uint32_t number = token.place / LLMOBS_I_BATCH_PLACES;
    llmobsi_instance* instance;
    llmobs_result answer = LLMOBS_ERROR_ARGUMENT;
    if (result != LLMOBS_EXPORT_OK && result != LLMOBS_EXPORT_RETRY &&
        result != LLMOBS_EXPORT_DROP) {
        return answer;
    }
    instance = llmobsi_call_at(place, &place->exporting, token.instance);
    if (instance == NULL) {
        return LLMOBS_ERROR_CLOSED;
    }
    if (number < llmobsi_load_acquire(&instance->collector.exporter_count)) {
        answer = llmobsi_batch_done(&instance->collector.exporters[number],
                                    token.place % LLMOBS_I_BATCH_PLACES, token.serial, result);
    }
    llmobsi_call_end(instance);
    return answer;
}

/* =================================================================================================
 *  >>file                   export: the file exporter
 * ============================================================================================== */

#ifndef LLMOBS_NO_FILE

/* The file exporter. A file may be shared: with other processes that write it, with logrotate, with
   a host that closes descriptors it does not know. So every batch is written under a lock, after a
   look at what is there: six calls of half a microsecond each. Writing is plain write(2). */

#include <stdio.h> /* rename, nothing else */
#include <sys/file.h>
#include <sys/resource.h>

#define LLMOBS_I_FILE_ROTATE (UINT64_C(64) << 20)
#define LLMOBS_I_FILE_KEEP 3u
#define LLMOBS_I_FILE_KEEP_MOST 999u
#define LLMOBS_I_FILE_PATH 2001u /* with its NUL */
/* A place for ".999", and for what appending a number may overwrite behind it. */
#define LLMOBS_I_FILE_OLD_PATH (LLMOBS_I_FILE_PATH + 1 + LLMOBS_I_U64_ROOM)
/* On the stack while a batch is written. What fits it is one write, which a crash can't tear. */
#define LLMOBS_I_FILE_BUFFER 16384u
/* How far back from the end of a Chrome trace its last whole line is looked for. */
#define LLMOBS_I_FILE_TAIL (1u << 20)
#define LLMOBS_I_FILE_UNKNOWN UINT64_MAX
/* How often it is tried to get hold of a path that others move about. */
#define LLMOBS_I_FILE_ATTEMPTS 8

/* See platform.c: a strict -std=c11 may hide these. Which lstat belongs to `struct stat` is the C
   library's choice. */
#if defined(__GLIBC__) && !defined(__USE_GNU)
#if defined(__USE_TIME_BITS64) && !defined(__LP64__)
#define LLMOBS_I_LSTAT "__lstat64_time64"
#elif defined(__USE_FILE_OFFSET64)
#define LLMOBS_I_LSTAT "lstat64"
#else
#define LLMOBS_I_LSTAT "lstat"
#endif
extern int llmobsi_lstat(const char* path, struct stat* status) __asm__(LLMOBS_I_LSTAT);
extern int llmobsi_fchmod(int file, mode_t mode) __asm__("fchmod");
#else
#define llmobsi_lstat lstat
#define llmobsi_fchmod fchmod
#endif

/* Used by llmobs_export_file first, and then by the exporter's thread alone. */
typedef struct llmobsi_file {
    llmobs* obs;
    llmobs_format format;
    uint32_t keep;
    uint64_t rotate_bytes;
    uint64_t end; /* the file's size when our last batch was written: its last line is whole */
    int descriptor; /* -1: none */
    bool created;   /* by the last opening */
    dev_t device;
    ino_t inode;
    char path[LLMOBS_I_FILE_PATH];
} llmobsi_file;

LLMOBS_I_STATIC_ASSERT(file_state, sizeof(llmobsi_file) <= LLMOBS_I_EXPORTER_STATE);

/* ---- opening --------------------------------------------------------------------------------- */

/* Whether this is another file than the one we opened. The host may have closed our descriptor: its
   number can be anything by now. */
llmobsi_fn bool llmobsi_file_is_other(const llmobsi_file* file, const struct stat* status)
{
    return status->st_dev != file->device || status->st_ino != file->inode;
}

/* Closes it, which gives the lock, too; but not what is the host's by now. */
llmobsi_fn void llmobsi_file_shut(llmobsi_file* file)
{
    struct stat status;
    if (file->descriptor >= 0) {
        bool known = fstat(file->descriptor, &status) == 0;
        if (known ? !llmobsi_file_is_other(file, &status) : errno != EBADF) {
            (void)close(file->descriptor);
        }
    }
    file->descriptor = -1;
    file->end = LLMOBS_I_FILE_UNKNOWN;
}

/* What is known of the open file; false when there is none, or none that is ours. */
llmobsi_fn bool llmobsi_file_status(const llmobsi_file* file, struct stat* status)
{
    return file->descriptor >= 0 && fstat(file->descriptor, status) == 0 &&
           !llmobsi_file_is_other(file, status);
}

/* The path, opened, or made if there is nothing; -1 if neither can be. */
llmobsi_fn int llmobsi_file_open_path(llmobsi_file* file)
{
    /* Non-blocking, or a FIFO would keep us before it can be refused. */
    const int flags =
        O_RDWR | O_APPEND | O_NONBLOCK | O_NOCTTY | LLMOBS_I_O_CLOEXEC | LLMOBS_I_O_NOFOLLOW;
    int attempt;
    for (attempt = 0; attempt < LLMOBS_I_FILE_ATTEMPTS; attempt++) {
        int descriptor = open(file->path, flags);
        file->created = false;
        if (descriptor < 0 && errno == ENOENT) {
            descriptor = open(file->path, flags | O_CREAT | O_EXCL, 0600);
            file->created = descriptor >= 0;
        }
        if (descriptor >= 0 || (errno != EEXIST && errno != EINTR)) {
            return descriptor;
        }
    }
    return -1;
}

typedef enum llmobsi_file_verdict {
    LLMOBS_I_FILE_GOOD,
    LLMOBS_I_FILE_MOVED, /* somebody else was faster: try again */
    LLMOBS_I_FILE_BAD
} llmobsi_file_verdict;

/* What was opened must be a plain file of our own, and the path its only name: one question to the
   path, or else a link could come and go between two. */
llmobsi_fn llmobsi_file_verdict llmobsi_file_judge(llmobsi_file* file)
{
    struct stat status, at_path;
    if (fstat(file->descriptor, &status) != 0 || !S_ISREG(status.st_mode) ||
        status.st_uid != geteuid()) {
        errno = EPERM;
        return LLMOBS_I_FILE_BAD;
    }
    file->device = status.st_dev;
    file->inode = status.st_ino;
    if (llmobsi_lstat(file->path, &at_path) != 0) {
        return errno == ENOENT ? LLMOBS_I_FILE_MOVED : LLMOBS_I_FILE_BAD;
    }
    if (llmobsi_file_is_other(file, &at_path)) {
        return LLMOBS_I_FILE_MOVED;
    }
    if (at_path.st_nlink != 1) {
        errno = EMLINK;
        return LLMOBS_I_FILE_BAD;
    }
    return LLMOBS_I_FILE_GOOD;
}

/* Opens the path, if it is fit. */
llmobsi_fn bool llmobsi_file_open(llmobsi_file* file)
{
    llmobsi_file_verdict verdict = LLMOBS_I_FILE_MOVED;
    int attempt;
    file->end = LLMOBS_I_FILE_UNKNOWN;
    for (attempt = 0; attempt < LLMOBS_I_FILE_ATTEMPTS && verdict == LLMOBS_I_FILE_MOVED;
         attempt++) {
        file->descriptor = llmobsi_file_open_path(file);
        if (file->descriptor < 0) {
            return false;
        }
        verdict = llmobsi_file_judge(file);
        if (verdict != LLMOBS_I_FILE_GOOD) {
            int why = errno;
            (void)close(file->descriptor);
            file->descriptor = -1;
            errno = why;
        }
    }
    return verdict == LLMOBS_I_FILE_GOOD;
}

/* Whether the path leads to our file. When that can't be told (a process that gave up its rights
   may not look any more), it does. */
llmobsi_fn bool llmobsi_file_in_place(const llmobsi_file* file)
{
    struct stat status;
    if (llmobsi_lstat(file->path, &status) != 0) {
        return errno != ENOENT && errno != ENOTDIR;
    }
    return !llmobsi_file_is_other(file, &status);
}

/* ---- the lock -------------------------------------------------------------------------------- */

/* False when somebody else has it. A file system without locks does not keep us from writing. */
llmobsi_fn bool llmobsi_file_lock(const llmobsi_file* file)
{
    int result;
    do {
        result = flock(file->descriptor, LOCK_EX | LOCK_NB);
    } while (result != 0 && errno == EINTR);
    return result == 0 || errno != EWOULDBLOCK;
}

llmobsi_fn void llmobsi_file_unlock(const llmobsi_file* file)
{
    if (file->descriptor >= 0) {
        (void)flock(file->descriptor, LOCK_UN);
    }
}

/* Takes the lock of the file that the path leads to, opened anew if it must be. */
llmobsi_fn bool llmobsi_file_take(llmobsi_file* file, struct stat* status)
{
    int attempt;
    for (attempt = 0; attempt < LLMOBS_I_FILE_ATTEMPTS; attempt++) {
        if (!llmobsi_file_status(file, status)) {
            llmobsi_file_shut(file);
            if (!llmobsi_file_open(file)) {
                llmobsi_note_from_exporter(file->obs, LLMOBS_NOTE_FILE_OPEN);
                return false;
            }
        }
        if (!llmobsi_file_lock(file)) {
            return false;
        }
        if (llmobsi_file_in_place(file) && llmobsi_file_status(file, status)) {
            return true;
        }
        llmobsi_file_shut(file);
    }
    return false;
}

/* ---- the last line: whole, or made so -------------------------------------------------------- */

llmobsi_fn bool llmobsi_file_read(const llmobsi_file* file, uint64_t offset, char* out, size_t size)
{
    if (lseek(file->descriptor, (off_t)offset, SEEK_SET) < 0) {
        return false;
    }
    while (size > 0) {
        ssize_t got = read(file->descriptor, out, size);
        if (got > 0) {
            out += got;
            size -= (size_t)got;
        } else if (got == 0 || errno != EINTR) {
            return false;
        }
    }
    return true;
}

/* Where the last whole line of a Chrome trace ends: behind ",\n", or behind its first line. 0:
   unknown. */
llmobsi_fn uint64_t llmobsi_file_chrome_end(const llmobsi_file* file, uint64_t size)
{
    char block[4096 + 1]; /* with the first byte of the block behind it */
    uint64_t at = size;
    uint64_t least = size > LLMOBS_I_FILE_TAIL ? size - LLMOBS_I_FILE_TAIL : 0;
    block[0] = '\0';
    while (at > least) {
        size_t count = at - least < 4096 ? (size_t)(at - least) : 4096;
        char next = block[0];
        size_t i;
        at -= count;
        if (!llmobsi_file_read(file, at, block, count)) {
            return 0;
        }
        block[count] = next;
        for (i = count; i-- > 0;) {
            if (block[i] == ',' && block[i + 1] == '\n') {
                return at + i + 2;
            }
        }
    }
    return least == 0 ? sizeof LLMOBS_CHROME_BEGIN - 1 : 0;
}

/* Cuts a Chrome trace behind its last whole event: a torn one, or a ']' that somebody added, would
   spoil what follows. *size becomes the new size. False when the file isn't one of ours. */
llmobsi_fn bool llmobsi_file_mend_chrome(const llmobsi_file* file, uint64_t* size)
{
    const size_t begin = sizeof LLMOBS_CHROME_BEGIN - 1;
    char text[sizeof LLMOBS_CHROME_BEGIN];
    uint64_t end;
    size_t there = *size < begin ? (size_t)*size : begin;
    if (!llmobsi_file_read(file, 0, text, there) || memcmp(text, LLMOBS_CHROME_BEGIN, there) != 0) {
        return false;
    }
    end = there < begin ? 0 : llmobsi_file_chrome_end(file, *size);
    if (there == begin && end == 0) {
        return false;
    }
    if (end < *size && llmobsi_ftruncate(file->descriptor, (off_t)end) != 0) {
        return false;
    }
    *size = end;
    return true;
}

/* Looks at the last line, unless it is our own. *size, the file's size, may change; *torn says that
   a line end is missing. False when the file can't be continued. */
llmobsi_fn bool llmobsi_file_mend(const llmobsi_file* file, uint64_t* size, bool* torn)
{
    char last = '\n';
    *torn = false;
    if (*size == 0 || *size == file->end) {
        return true;
    }
    if (file->format == LLMOBS_FORMAT_CHROME) {
        return llmobsi_file_mend_chrome(file, size);
    }
    if (!llmobsi_file_read(file, *size - 1, &last, 1)) {
        return false;
    }
    *torn = last != '\n';
    return true;
}

/* ---- rotation -------------------------------------------------------------------------------- */

llmobsi_fn void llmobsi_file_old_path(const llmobsi_file* file, uint32_t number,
                                      char out[LLMOBS_I_FILE_OLD_PATH])
{
    size_t size = strlen(file->path);
    memcpy(out, file->path, size + 1);
    if (number > 0) {
        out[size++] = '.';
        *llmobsi_append_u64(out + size, number) = '\0';
    }
}

/* Moves path.1 to path.2 and so on, then the path to path.1. Under the lock, so that of several
   processes one does it; the others see that the path leads elsewhere. */
llmobsi_fn bool llmobsi_file_rotate(llmobsi_file* file)
{
    char from[LLMOBS_I_FILE_OLD_PATH];
    char to[LLMOBS_I_FILE_OLD_PATH];
    uint32_t number;
    if (file->keep == 0 && unlink(file->path) != 0) {
        return false;
    }
    for (number = file->keep; number > 0; number--) {
        llmobsi_file_old_path(file, number - 1, from);
        llmobsi_file_old_path(file, number, to);
        if (rename(from, to) != 0 && (errno != ENOENT || number == 1)) {
            return false;
        }
    }
    llmobsi_file_shut(file);
    return true;
}

/* ---- writing --------------------------------------------------------------------------------- */

typedef enum llmobsi_file_outcome {
    LLMOBS_I_FILE_WRITTEN,
    LLMOBS_I_FILE_FULL,   /* it would grow past rotate_bytes  */
    LLMOBS_I_FILE_FAILED, /* the system refused               */
    LLMOBS_I_FILE_USELESS /* the batch can't be encoded: ever */
} llmobsi_file_outcome;

/* A batch on its way into the file. */
typedef struct llmobsi_file_batch {
    const llmobsi_file* file;
    uint64_t position; /* the file's size */
    uint64_t limit;
    bool past_limit;
} llmobsi_file_batch;

/* All of it, or false. */
llmobsi_fn bool llmobsi_file_store(void* user, const char* data, size_t size)
{
    llmobsi_file_batch* batch = (llmobsi_file_batch*)user;
    if (batch->position > batch->limit || size > batch->limit - batch->position) {
        batch->past_limit = true;
        return false;
    }
    while (size > 0) {
        ssize_t done = write(batch->file->descriptor, data, size);
        if (done > 0) {
            data += done;
            size -= (size_t)done;
            batch->position += (uint64_t)done;
        } else if (done == 0 || errno != EINTR) {
            return false;
        }
    }
    return true;
}

llmobsi_fn bool llmobsi_file_collect(void* user, const char* data, size_t size)
{
    llmobsi_writer* writer = (llmobsi_writer*)user;
    llmobsi_put(writer, data, size);
    return !writer->failed;
}

/* The largest file the process may write: past it the system would send SIGXFSZ, which kills. */
llmobsi_fn uint64_t llmobsi_file_allowed(void)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_FSIZE, &limit) == 0 ? (uint64_t)limit.rlim_cur : UINT64_MAX;
}

/* One attempt at one file, which is ours and locked and has `start` bytes. It is written whole, or
   the file is as it was. */
llmobsi_fn llmobsi_file_outcome llmobsi_file_append(llmobsi_file* file, const llmobs_batch* spans,
                                                    uint64_t start, bool torn)
{
    char buffer[LLMOBS_I_FILE_BUFFER];
    llmobsi_writer writer;
    llmobsi_file_batch batch;
    const uint64_t allowed = llmobsi_file_allowed();
    const bool has_batches = start >= sizeof LLMOBS_CHROME_BEGIN; /* more than the first line */
    llmobs_result result;
    batch.file = file;
    batch.position = start;
    batch.limit = has_batches && file->rotate_bytes < allowed ? file->rotate_bytes : allowed;
    batch.past_limit = false;
    llmobsi_writer_init(&writer, buffer, sizeof buffer, llmobsi_file_store, &batch);
    if (torn) {
        llmobsi_put(&writer, "\n", 1);
    } else if (start == 0 && file->format == LLMOBS_FORMAT_CHROME) {
        llmobsi_put(&writer, LLMOBS_CHROME_BEGIN, sizeof LLMOBS_CHROME_BEGIN - 1);
    }
    result = llmobs_encode(spans, file->format, llmobsi_file_collect, &writer);
    if (result == LLMOBS_OK && llmobsi_writer_finish(&writer)) {
        file->end = batch.position;
        return LLMOBS_I_FILE_WRITTEN;
    }
    if (batch.position > start && llmobsi_ftruncate(file->descriptor, (off_t)start) != 0) {
        file->end = LLMOBS_I_FILE_UNKNOWN; /* half a line stays, which the next batch will mend */
    }
    if (result != LLMOBS_OK && !writer.failed) {
        return LLMOBS_I_FILE_USELESS;
    }
    return batch.past_limit && has_batches ? LLMOBS_I_FILE_FULL : LLMOBS_I_FILE_FAILED;
}

/* Takes from others what they must not read, once it is clear that the file is ours. Fails where
   files have no modes: then there is nothing to be had. */
llmobsi_fn void llmobsi_file_make_private(const llmobsi_file* file, const struct stat* status)
{
    if ((status->st_mode & 077) != 0) {
        (void)llmobsi_fchmod(file->descriptor, 0600);
    }
}

/* One attempt, with the lock taken. */
llmobsi_fn llmobsi_file_outcome llmobsi_file_put(llmobsi_file* file, const llmobs_batch* batch,
                                                 const struct stat* status)
{
    uint64_t size = (uint64_t)status->st_size;
    bool torn;
    if (!llmobsi_file_mend(file, &size, &torn)) {
        return LLMOBS_I_FILE_FAILED;
    }
    llmobsi_file_make_private(file, status);
    return llmobsi_file_append(file, batch, size, torn);
}

/* The callback. */
llmobsi_fn llmobs_export_result llmobsi_file_export(void* user, const llmobs_batch* batch)
{
    llmobsi_file* file = (llmobsi_file*)user;
    const int saved = errno;
    llmobs_export_result result = LLMOBS_EXPORT_RETRY;
    llmobsi_file_outcome outcome = LLMOBS_I_FILE_FULL;
    struct stat status;
    int attempt;
    for (attempt = 0; attempt < 3 && outcome == LLMOBS_I_FILE_FULL; attempt++) {
        if (!llmobsi_file_take(file, &status)) {
            errno = saved;
            return LLMOBS_EXPORT_RETRY;
        }
        outcome = llmobsi_file_put(file, batch, &status);
        if (outcome == LLMOBS_I_FILE_FULL && !llmobsi_file_rotate(file)) {
            outcome = LLMOBS_I_FILE_FAILED;
        }
    }
    llmobsi_file_unlock(file);
    if (outcome == LLMOBS_I_FILE_WRITTEN) {
        result = LLMOBS_EXPORT_OK;
    } else if (outcome == LLMOBS_I_FILE_USELESS) {
        result = LLMOBS_EXPORT_DROP;
    } else {
        llmobsi_note_from_exporter(file->obs, LLMOBS_NOTE_FILE_WRITE);
    }
    errno = saved;
    return result;
}

llmobsi_fn void llmobsi_file_close(void* user)
{
    const int saved = errno;
    llmobsi_file_shut((llmobsi_file*)user);
    errno = saved;
}

/* ---- adding one ------------------------------------------------------------------------------ */

llmobsi_fn bool llmobsi_file_discard(void* user, const char* data, size_t size)
{
    (void)user;
    (void)data;
    (void)size;
    return true;
}

/* Whether this build can write the format. */
llmobsi_fn bool llmobsi_file_knows(llmobs_format format)
{
    llmobs_resource_view resource;
    llmobs_batch empty;
    memset(&resource, 0, sizeof resource);
    memset(&empty, 0, sizeof empty);
    empty.size = sizeof empty;
    empty.resource = &resource;
    return llmobs_encode(&empty, format, llmobsi_file_discard, NULL) == LLMOBS_OK;
}

/* Keeps the path, made absolute: the process may go elsewhere later. */
llmobsi_fn bool llmobsi_file_set_path(llmobsi_file* file, const char* path)
{
    const char* end = (const char*)memchr(path, '\0', LLMOBS_I_FILE_PATH);
    size_t size = end != NULL ? (size_t)(end - path) : 0;
    size_t folder = 0;
    if (size == 0) {
        return false;
    }
    if (path[0] != '/' && getcwd(file->path, sizeof file->path) != NULL) {
        folder = strlen(file->path);
        if (folder + 1 + size >= sizeof file->path) {
            return false;
        }
        file->path[folder++] = '/';
    }
    memcpy(file->path + folder, path, size + 1);
    return true;
}

llmobsi_fn bool llmobsi_file_set_options(llmobsi_file* file, const llmobs_file_options* given)
{
    llmobs_file_options options;
    memset(&options, 0, sizeof options);
    if (given != NULL) {
        size_t known =
            given->size != 0 && given->size < sizeof options ? given->size : sizeof options;
        memcpy(&options, given, known);
    }
    file->rotate_bytes = options.rotate_bytes != 0 ? options.rotate_bytes : LLMOBS_I_FILE_ROTATE;
    file->keep = options.keep != 0 ? options.keep : LLMOBS_I_FILE_KEEP;
    if (file->keep == LLMOBS_OFF) {
        file->keep = 0;
    }
    return file->keep <= LLMOBS_I_FILE_KEEP_MOST;
}

/* Opens the file, and looks at it unless somebody else is just writing. */
llmobsi_fn bool llmobsi_file_begin(llmobsi_file* file)
{
    struct stat status;
    bool usable = true;
    if (!llmobsi_file_open(file)) {
        return false;
    }
    if (llmobsi_file_lock(file)) {
        uint64_t size;
        bool torn;
        usable = llmobsi_file_status(file, &status);
        size = usable ? (uint64_t)status.st_size : 0;
        usable = usable && llmobsi_file_mend(file, &size, &torn);
        if (usable) {
            llmobsi_file_make_private(file, &status);
        }
        llmobsi_file_unlock(file);
    }
    if (!usable) {
        llmobsi_file_shut(file);
        errno = EEXIST; /* it is there, but no trace of this format */
    }
    return usable;
}

/* Opens the file and hands it to an exporter, or leaves nothing behind. */
llmobsi_fn llmobs_result llmobsi_file_add(llmobsi_file* file)
{
    llmobs_exporter exporter = llmobs_exporter_default();
    llmobs_result result;
    if (!llmobsi_file_begin(file)) {
        int why = errno;
        llmobsi_note_from_exporter(file->obs, LLMOBS_NOTE_FILE_OPEN);
        errno = why;
        return LLMOBS_ERROR_SYSTEM;
    }
    exporter.name = "file";
    exporter.export_batch = llmobsi_file_export;
    exporter.close = llmobsi_file_close;
    result = llmobsi_exporter_add_with_state(file->obs, &exporter, file, sizeof *file);
    if (result != LLMOBS_OK) {
        if (file->created && llmobsi_file_in_place(file)) {
            (void)unlink(file->path);
        }
        llmobsi_file_shut(file);
    }
    return result;
}

LLMOBS_API llmobs_result llmobs_export_file_with(llmobs* obs, llmobs_format format,
                                                 const char* path,
                                                 const llmobs_file_options* options)
{
    const int saved = errno;
    llmobs_result result;
    llmobsi_file file;
    memset(&file, 0, sizeof file);
    file.obs = obs;
    file.format = format;
    file.descriptor = -1;
    file.end = LLMOBS_I_FILE_UNKNOWN;
    if (obs == NULL) {
        return LLMOBS_ERROR_CLOSED;
    }
    if (!llmobsi_file_knows(format)) {
        return LLMOBS_ERROR_FORMAT;
    }
    if (path == NULL || !llmobsi_file_set_options(&file, options) ||
        !llmobsi_file_set_path(&file, path)) {
        errno = saved;
        return LLMOBS_ERROR_ARGUMENT;
    }
    result = llmobsi_file_add(&file);
    if (result != LLMOBS_ERROR_SYSTEM) {
        errno = saved; /* else it says why */
    }
    return result;
}

LLMOBS_API llmobs_result llmobs_export_file(llmobs* obs, llmobs_format format, const char* path)
{
    return llmobs_export_file_with(obs, format, path, NULL);
}

#endif /* LLMOBS_NO_FILE */

/* =================================================================================================
 *  >>stats                  public: the account of an instance
 * ============================================================================================== */

/* The account. Everything is derived from counters with one writer each, so nothing has to be
   stopped. */

/* What is left of a sum whose parts are read one after the other while recorders run. */
llmobsi_fn uint64_t llmobsi_stats_rest(uint64_t sum, uint64_t part)
{
    return sum > part ? sum - part : 0;
}

/* What of a span's way is known. What comes late on it is read first. */
llmobsi_fn void llmobsi_stats_spans(llmobsi_collector* collector, const llmobsi_place* place,
                                    llmobs_stats* stats)
{
    llmobsi_thread_counts counts;
    uint64_t no_exporter;
    uint64_t begun;
    uint64_t ended;
    int drop;
    stats->collected = llmobsi_load_relaxed(&collector->collected);
    no_exporter = llmobsi_load_relaxed(&collector->no_exporter);
    stats->expired = llmobsi_load_relaxed(&collector->expired);
    llmobsi_counts_sum(&collector->recorder, &counts);
    stats->started = counts.started;
    for (drop = 0; drop < (int)LLMOBS_DROP_COUNT; drop++) {
        stats->dropped[drop] = llmobsi_load_relaxed(&place->dropped[drop]);
        stats->started += stats->dropped[drop];
    }
    stats->dropped[LLMOBS_DROP_POOL] += counts.dropped_pool;
    stats->dropped[LLMOBS_DROP_PARENT] += counts.dropped_parent;
    stats->dropped[LLMOBS_DROP_NO_EXPORTER] = no_exporter;
    begun = counts.started - counts.dropped_pool - counts.dropped_parent;
    ended = counts.ended + stats->expired;
    stats->live = llmobsi_stats_rest(begun, ended);
    stats->ended = llmobsi_stats_rest(ended, stats->collected + no_exporter);
    stats->unsampled = counts.unsampled;
    stats->inert_calls = counts.inert_calls;
    stats->attributes_dropped = counts.attributes_dropped;
    stats->events_dropped = counts.events_dropped;
    stats->links_dropped = counts.links_dropped;
    stats->values_truncated = counts.values_truncated;
    stats->bad_traceparents = counts.bad_traceparents;
}

llmobsi_fn void llmobsi_stats_metrics(const llmobsi_registry* registry, llmobs_stats* stats)
{
    llmobsi_metric_totals totals;
    llmobsi_metrics_total(registry, &totals);
    stats->metrics = llmobsi_load_relaxed(&registry->metric_count);
    stats->metric_series = totals.series;
    stats->metric_overflows = totals.overflows;
    stats->metric_invalid = totals.invalid;
    stats->metric_saturated = totals.saturated;
    stats->metric_dropped = totals.dropped;
    stats->metric_misused = llmobsi_load_relaxed(&registry->misused);
    stats->labels_cut = llmobsi_load_relaxed(&registry->labels_cut);
    stats->metric_bytes_used =
        llmobsi_load_relaxed(&registry->cells.pages_used) * (uint64_t)sizeof(llmobsi_page);
}

llmobsi_fn void llmobsi_stats_fill(llmobsi_instance* instance, llmobs_stats* stats)
{
    llmobsi_collector* collector = &instance->collector;
    const llmobsi_recorder* recorder = &collector->recorder;
    uint32_t used = llmobsi_load_acquire(&recorder->threads_used);
    uint32_t i;
    memset(stats, 0, sizeof *stats);
    stats->size = sizeof *stats;
    llmobsi_stats_spans(collector, instance->place, stats);
    stats->names_overflowed = llmobsi_load_relaxed(&recorder->names.overflowed);
    stats->ticks = llmobsi_load_relaxed(&collector->ticks);
    stats->slots_free = recorder->spans_on ? llmobsi_pool_free_count(&recorder->pool) : 0;
    for (i = 0; i < used; i++) {
        stats->threads +=
            llmobsi_load_relaxed(&recorder->threads[i].state) == LLMOBS_I_THREAD_OWNED;
    }
    llmobsi_stats_metrics(&recorder->registry, stats);
    stats->exporter_count = llmobsi_load_acquire(&collector->exporter_count);
    for (i = 0; i < stats->exporter_count; i++) {
        llmobsi_exporter_stats(&collector->exporters[i], &stats->exporters[i]);
    }
}

/* Hands out as much as the caller's version of the struct holds. */
llmobsi_fn void llmobsi_stats_copy(llmobs_stats* out, const llmobs_stats* stats)
{
    size_t size = out->size != 0 && out->size < sizeof *stats ? out->size : sizeof *stats;
    memcpy(out, stats, size);
    if (size >= sizeof out->size) {
        out->size = size;
    }
}

LLMOBS_API llmobs_result llmobs_stats_read(llmobs* obs, llmobs_stats* stats)
{
    llmobsi_instance* instance;
    llmobs_stats full;
    if (stats == NULL) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    memset(&full, 0, sizeof full);
    instance = llmobsi_call_begin(obs);
    if (instance == NULL) {
        llmobsi_stats_copy(stats, &full);
        return LLMOBS_ERROR_CLOSED;
    }
    llmobsi_stats_fill(instance, &full);
    llmobsi_call_end(instance);
    llmobsi_stats_copy(stats, &full);
    return LLMOBS_OK;
}

/* =================================================================================================
 *  >>self                   public: what the library tells of itself
 * ============================================================================================== */

/* What the library tells of itself: points made from the account when metrics are read, under
   OpenTelemetry's names for such where it has one. */

#define LLMOBS_I_SELF_TEXT 640u /* labels of one point as text */

/* Metrics of the family SELF: id, name, family for Prometheus, unit, instrument, help. */
#define LLMOBS_I_SELF_METRICS(X)                                                                  \
    X(SPAN_STARTED, "otel.sdk.span.started", "otel_sdk_span_started", "{span}", COUNTER,          \
      "Spans begun, by whether they were sampled.")                                               \
    X(SPAN_LIVE, "otel.sdk.span.live", "otel_sdk_span_live", "{span}", UPDOWN,                    \
      "Spans begun and not yet ended.")                                                           \
    X(SPANS_DROPPED, "llmobs.spans.dropped", "llmobs_spans_dropped", "{span}", COUNTER,           \
      "Spans lost before they reached the exporters, by cause.")                                  \
    X(PROCESSED, "otel.sdk.processor.span.processed", "otel_sdk_processor_span_processed",        \
      "{span}", COUNTER, "Spans handed to the exporters' queues.")                                \
    X(QUEUE_SIZE, "otel.sdk.processor.span.queue.size", "otel_sdk_processor_span_queue_size",     \
      "{span}", UPDOWN, "Spans ended and not yet handed to the exporters' queues.")               \
    X(QUEUE_CAPACITY, "otel.sdk.processor.span.queue.capacity",                                   \
      "otel_sdk_processor_span_queue_capacity", "{span}", UPDOWN,                                 \
      "Spans that may be begun and not yet collected at one time.")                               \
    X(EXPORTED, "otel.sdk.exporter.span.exported", "otel_sdk_exporter_span_exported", "{span}",   \
      COUNTER, "Spans that an exporter has settled; error_type says why it lost them.")           \
    X(INFLIGHT, "otel.sdk.exporter.span.inflight", "otel_sdk_exporter_span_inflight", "{span}",   \
      UPDOWN, "Spans in an exporter's queue, being exported or pending.")                         \
    X(METRIC_OVERFLOWS, "llmobs.metric.overflows", "llmobs_metric_overflows", "", COUNTER,        \
      "Label sets that went to a metric's overflow series.")                                      \
    X(METRIC_INVALID, "llmobs.metric.invalid", "llmobs_metric_invalid", "", COUNTER,              \
      "Values that were not recorded: negative, NaN or infinite.")                                \
    X(METRIC_SATURATED, "llmobs.metric.saturated", "llmobs_metric_saturated", "", COUNTER,        \
      "Additions to a sum that has come to the end of its range.")                                \
    X(METRIC_DROPPED, "llmobs.metric.dropped", "llmobs_metric_dropped", "", COUNTER,              \
      "Values lost for want of memory, or to a signal handler.")                                  \
    X(METRIC_SERIES, "llmobs.metric.series", "llmobs_metric_series", "{series}", UPDOWN,          \
      "Label sets at this time, of all metrics.")                                                 \
    X(METRIC_MISUSED, "llmobs.metric.misused", "llmobs_metric_misused", "", COUNTER,              \
      "Calls that named no metric, one of another kind, or the wrong labels.")

typedef enum llmobsi_self_metric {
#define LLMOBS_I_SELF(id, name, family, unit, instrument, help) LLMOBS_I_SELF_##id,
    LLMOBS_I_SELF_METRICS(LLMOBS_I_SELF)
#undef LLMOBS_I_SELF
    LLMOBS_I_SELF_COUNT
} llmobsi_self_metric;

/* A metric on its way to the gather, and where its values come from. */
typedef struct llmobsi_account {
    llmobsi_gather* gather;
    const llmobsi_instance* instance;
    const llmobs_stats* stats;
    llmobsi_self_metric id;
    llmobs_metric_view* view;
} llmobsi_account;

llmobsi_fn llmobs_string llmobsi_string_of(const char* text)
{
    llmobs_string string;
    string.data = text;
    string.size = strlen(text);
    return string;
}

llmobsi_fn void llmobsi_self_describe(llmobsi_account* account)
{
    static const struct {
        const char* name;
        const char* family;
        const char* unit;
        const char* help;
        llmobs_instrument instrument;
    } table[] = {
#define LLMOBS_I_SELF(id, name, family, unit, instrument, help) \
    {name, family, unit, help, LLMOBS_##instrument},
        LLMOBS_I_SELF_METRICS(LLMOBS_I_SELF)
#undef LLMOBS_I_SELF
    };
    llmobs_metric_view* view = llmobsi_gather_metric(account->gather);
    view->name = llmobsi_string_of(table[account->id].name);
    view->family = llmobsi_string_of(table[account->id].family);
    view->unit = llmobsi_string_of(table[account->id].unit);
    view->help = llmobsi_string_of(table[account->id].help);
    view->instrument = table[account->id].instrument;
    view->number = LLMOBS_NUMBER_INT;
    account->view = view;
}

/* A label, as an attribute and as text. Names of exporters are the host's: they are escaped. */
llmobsi_fn char* llmobsi_self_label(llmobs_point_view* point, char* text, const char* name,
                                    llmobs_string value)
{
    llmobs_attribute_view* attribute;
    union {
        const llmobs_attribute_view* shown;
        llmobs_attribute_view* made;
    } attributes;
    attributes.shown = point->attributes;
    attribute = &attributes.made[point->attribute_count++];
    memset(attribute, 0, sizeof *attribute);
    attribute->key = llmobsi_string_of(name);
    attribute->type = LLMOBS_TYPE_STRING;
    attribute->value.string = value;
    if (text != point->labels.data) {
        *text++ = ',';
    }
    for (; *name != '\0'; name++) {
        *text++ = llmobsi_label_byte(*name);
    }
    *text++ = '=';
    *text++ = '"';
    text += llmobsi_label_escape(value.data, value.size, text);
    *text++ = '"';
    return text;
}

/* Adds a point with up to two labels (NULL: none). */
llmobsi_fn void llmobsi_self_point(llmobsi_account* account, uint64_t value, const char* label,
                                   llmobs_string of, const char* label_2, llmobs_string of_2)
{
    llmobsi_packer* packer = &account->gather->packer;
    llmobs_point_view* point;
    llmobs_attribute_view* attributes;
    char* text;
    if (packer->back - packer->front < sizeof *point + 2 * sizeof *attributes +
                                           2 * LLMOBS_I_SELF_TEXT) {
        (void)llmobsi_gather_flush(account->gather);
        llmobsi_self_describe(account);
    }
    point = llmobsi_gather_point(account->gather);
    attributes = llmobsi_packer_attributes(packer, 2);
    text = (char*)llmobsi_packer_take(packer, LLMOBS_I_SELF_TEXT, 1);
    if (point == NULL || attributes == NULL || text == NULL) {
        return; /* there was room */
    }
    point->attributes = attributes;
    point->labels.data = text;
    if (label != NULL) {
        text = llmobsi_self_label(point, text, label, of);
    }
    if (label_2 != NULL) {
        text = llmobsi_self_label(point, text, label_2, of_2);
    }
    point->labels.size = (size_t)(text - point->labels.data);
    point->start_unix_ns = account->instance->opened_unix_ns;
    point->value.integer = value < LLMOBS_I_CELL_MOST ? (int64_t)value : INT64_MAX;
    account->view->point_count++;
}

llmobsi_fn void llmobsi_self_number(llmobsi_account* account, uint64_t value)
{
    llmobs_string none = {NULL, 0};
    llmobsi_self_point(account, value, NULL, none, NULL, none);
}

llmobsi_fn void llmobsi_self_labelled(llmobsi_account* account, uint64_t value, const char* label,
                                      const char* of)
{
    llmobs_string none = {NULL, 0};
    llmobsi_self_point(account, value, label, llmobsi_string_of(of), NULL, none);
}

/* ---- spans --------------------------------------------------------------------------------- */

llmobsi_fn void llmobsi_self_exporters(llmobsi_account* account)
{
    const llmobs_stats* stats = account->stats;
    uint32_t i;
    int loss;
    for (i = 0; i < stats->exporter_count; i++) {
        const llmobs_exporter_stats* exporter = &stats->exporters[i];
        llmobs_string name = llmobsi_string_of(exporter->name);
        llmobs_string none = {NULL, 0};
        if (account->id == LLMOBS_I_SELF_INFLIGHT) {
            llmobsi_self_point(account, exporter->queued, "otel.component.name", name, NULL, none);
            continue;
        }
        llmobsi_self_point(account, exporter->exported, "otel.component.name", name, NULL, none);
        for (loss = 0; loss < (int)LLMOBS_LOSS_COUNT; loss++) {
            llmobsi_self_point(account, exporter->lost[loss], "otel.component.name", name,
                               "error.type",
                               llmobsi_string_of(llmobs_loss_name((llmobs_loss)loss)));
        }
    }
}

llmobsi_fn void llmobsi_self_drops(llmobsi_account* account)
{
    int drop;
    for (drop = 0; drop < (int)LLMOBS_DROP_COUNT; drop++) {
        llmobsi_self_labelled(account, account->stats->dropped[drop], "reason",
                              llmobs_drop_name((llmobs_drop)drop));
    }
}

/* ---- metrics ------------------------------------------------------------------------------- */

/* One count of each metric where it is not zero, and their names. */
llmobsi_fn void llmobsi_self_metrics(llmobsi_account* account)
{
    const llmobsi_registry* registry = &account->instance->collector.recorder.registry;
    uint32_t count = llmobsi_load_acquire(&registry->metric_count);
    llmobs_string none = {NULL, 0};
    uint32_t i;
    for (i = 0; i < count; i++) {
        const llmobsi_metric* metric = &registry->metrics[i];
        uint64_t value = llmobsi_load_relaxed(
            account->id == LLMOBS_I_SELF_METRIC_OVERFLOWS   ? &metric->overflows
            : account->id == LLMOBS_I_SELF_METRIC_INVALID   ? &metric->invalid
            : account->id == LLMOBS_I_SELF_METRIC_SATURATED ? &metric->saturated
                                                            : &metric->dropped);
        if (value != 0) {
            llmobsi_self_point(account, value, "metric", metric->name, NULL, none);
        }
    }
}

/* ---- the whole ----------------------------------------------------------------------------- */

llmobsi_fn void llmobsi_self_values(llmobsi_account* account)
{
    const llmobs_stats* stats = account->stats;
    switch (account->id) {
    case LLMOBS_I_SELF_SPAN_STARTED:
        llmobsi_self_labelled(account, stats->started, "otel.span.sampling_result",
                              "RECORD_AND_SAMPLE");
        llmobsi_self_labelled(account, stats->unsampled, "otel.span.sampling_result", "DROP");
        break;
    case LLMOBS_I_SELF_SPAN_LIVE:
        llmobsi_self_number(account, stats->live);
        break;
    case LLMOBS_I_SELF_SPANS_DROPPED:
        llmobsi_self_drops(account);
        break;
    case LLMOBS_I_SELF_PROCESSED:
        llmobsi_self_number(account, stats->collected);
        break;
    case LLMOBS_I_SELF_QUEUE_SIZE:
        llmobsi_self_number(account, stats->ended);
        break;
    case LLMOBS_I_SELF_QUEUE_CAPACITY:
        if (account->instance->config.span_slots != LLMOBS_OFF) {
            llmobsi_self_number(account, account->instance->config.span_slots);
        }
        break;
    case LLMOBS_I_SELF_EXPORTED:
    case LLMOBS_I_SELF_INFLIGHT:
        llmobsi_self_exporters(account);
        break;
    case LLMOBS_I_SELF_METRIC_OVERFLOWS:
    case LLMOBS_I_SELF_METRIC_INVALID:
    case LLMOBS_I_SELF_METRIC_SATURATED:
    case LLMOBS_I_SELF_METRIC_DROPPED:
        llmobsi_self_metrics(account);
        break;
    case LLMOBS_I_SELF_METRIC_SERIES:
        llmobsi_self_number(account, stats->metric_series);
        break;
    case LLMOBS_I_SELF_METRIC_MISUSED:
        llmobsi_self_number(account, stats->metric_misused);
        break;
    case LLMOBS_I_SELF_COUNT:
        break;
    }
}

llmobsi_fn void llmobsi_gather_self(llmobsi_gather* gather, llmobsi_instance* instance)
{
    llmobs_stats stats;
    llmobsi_account account;
    int id;
    llmobsi_stats_fill(instance, &stats);
    account.gather = gather;
    account.instance = instance;
    account.stats = &stats;
    for (id = 0; id < (int)LLMOBS_I_SELF_COUNT && !gather->stopped; id++) {
        account.id = (llmobsi_self_metric)id;
        llmobsi_self_describe(&account);
        llmobsi_self_values(&account);
    }
}

/* Everything there is to read, in batches of views. */
llmobsi_fn void llmobsi_metrics_gather(llmobsi_instance* instance, bool attributes,
                                       llmobsi_deliver_fn deliver, void* user)
{
    llmobsi_recorder* recorder = &instance->collector.recorder;
    llmobsi_gather gather;
    llmobsi_gather_begin(&gather, recorder, attributes, deliver, user);
    if (recorder->registry.on) {
        llmobsi_gather_registry(&gather);
    }
    if ((llmobsi_families(&instance->config) & LLMOBS_FAMILY_SELF) != 0) {
        llmobsi_gather_self(&gather, instance);
    }
    (void)llmobsi_gather_flush(&gather);
}

/* =================================================================================================
 *  >>metrics                public: metrics out
 * ============================================================================================== */

/* Metrics out: as Prometheus text, as batches of views, encoded. All of it on the caller's thread,
   straight from the cells: nobody is waited for. */

/* ---- Prometheus text ----------------------------------------------------------------------- */

/* What the text is written from and to. */
typedef struct llmobsi_scrape {
    llmobsi_writer writer;
    char* cursor;
    llmobs_exposition exposition;
    const char* family; /* whose head is written: its name, by address */
    char buffer[LLMOBS_I_WRITER_BUFFER];
} llmobsi_scrape;

llmobsi_fn bool llmobsi_scrape_metrics(void* user, const llmobs_metric_view* metrics, size_t count)
{
    llmobsi_scrape* scrape = (llmobsi_scrape*)user;
    char* cursor = scrape->cursor;
    size_t i;
    size_t point;
    for (i = 0; i < count; i++) {
        if (metrics[i].family.data != scrape->family) {
            scrape->family = metrics[i].family.data;
            cursor = llmobsi_prometheus_head(&scrape->writer, cursor, &metrics[i],
                                             scrape->exposition);
        }
        for (point = 0; point < metrics[i].point_count && !scrape->writer.failed; point++) {
            cursor = llmobsi_prometheus_point(&scrape->writer, cursor, &metrics[i],
                                              &metrics[i].points[point], scrape->exposition);
        }
    }
    scrape->cursor = cursor;
    return !scrape->writer.failed;
}

LLMOBS_API llmobs_result llmobs_prometheus_write(llmobs* obs, llmobs_exposition exposition,
                                                 llmobs_write_fn write, void* user)
{
    llmobsi_instance* instance;
    llmobsi_scrape scrape;
    if (write == NULL) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    instance = llmobsi_call_begin(obs);
    if (instance == NULL) {
        return LLMOBS_ERROR_CLOSED;
    }
    llmobsi_writer_init(&scrape.writer, scrape.buffer, sizeof scrape.buffer, write, user);
    scrape.cursor = scrape.buffer;
    scrape.exposition = exposition;
    scrape.family = NULL;
    scrape.cursor = llmobsi_prometheus_target_info(&scrape.writer, scrape.cursor,
                                                   &instance->resource, exposition);
    llmobsi_metrics_gather(instance, false, llmobsi_scrape_metrics, &scrape);
    llmobsi_call_end(instance);
    scrape.cursor = llmobsi_prometheus_end(&scrape.writer, scrape.cursor, exposition);
    (void)llmobsi_writer_turn(&scrape.writer, scrape.cursor);
    return scrape.writer.failed ? LLMOBS_ERROR_SYSTEM : LLMOBS_OK;
}

/* A buffer that text is put into as long as it fits, and counted in any case. */
typedef struct llmobsi_print {
    char* buffer;
    size_t capacity;
    size_t size;
} llmobsi_print;

llmobsi_fn bool llmobsi_print_write(void* user, const char* data, size_t size)
{
    llmobsi_print* print = (llmobsi_print*)user;
    if (print->size < print->capacity && size < print->capacity - print->size) {
        memcpy(print->buffer + print->size, data, size);
    }
    print->size += size;
    return true;
}

LLMOBS_API llmobs_result llmobs_prometheus_print(llmobs* obs, llmobs_exposition exposition,
                                                 char* buffer, size_t* size)
{
    llmobsi_print print;
    llmobs_result result;
    if (size == NULL || (buffer == NULL && *size > 0)) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    print.buffer = buffer;
    print.capacity = *size;
    print.size = 0;
    result = llmobs_prometheus_write(obs, exposition, llmobsi_print_write, &print);
    *size = print.size;
    if (result == LLMOBS_OK && print.size >= print.capacity) {
        result = LLMOBS_ERROR_LIMIT;
    }
    if (print.capacity > 0) {
        buffer[result == LLMOBS_OK ? print.size : 0] = '\0';
    }
    return result;
}

/* ---- batches ------------------------------------------------------------------------------- */

typedef struct llmobsi_collection {
    llmobs_batch batch;
    llmobs_collect_fn collect;
    void* user;
    llmobs_format format; /* of llmobs_metrics_write, which has the next two */
    llmobs_write_fn write;
    llmobs_result result;
} llmobsi_collection;

llmobsi_fn bool llmobsi_collection_deliver(void* user, const llmobs_metric_view* metrics,
                                           size_t count)
{
    llmobsi_collection* collection = (llmobsi_collection*)user;
    collection->batch.metrics = metrics;
    collection->batch.metric_count = count;
    if (collection->collect != NULL) {
        collection->result = collection->collect(collection->user, &collection->batch)
                                 ? LLMOBS_OK
                                 : LLMOBS_ERROR_SYSTEM;
    } else {
        collection->result = llmobs_encode(&collection->batch, collection->format,
                                           collection->write, collection->user);
    }
    return collection->result == LLMOBS_OK;
}

llmobsi_fn llmobs_result llmobsi_collection_run(llmobs* obs, llmobsi_collection* collection)
{
    llmobsi_instance* instance = llmobsi_call_begin(obs);
    if (instance == NULL) {
        return LLMOBS_ERROR_CLOSED;
    }
    collection->batch.size = sizeof collection->batch;
    collection->batch.attempt = 1;
    collection->batch.resource = &instance->resource;
    llmobsi_metrics_gather(instance, true, llmobsi_collection_deliver, collection);
    llmobsi_call_end(instance);
    return collection->result;
}

LLMOBS_API llmobs_result llmobs_metrics_collect(llmobs* obs, llmobs_collect_fn collect, void* user)
{
    llmobsi_collection collection;
    if (collect == NULL) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    memset(&collection, 0, sizeof collection);
    collection.collect = collect;
    collection.user = user;
    return llmobsi_collection_run(obs, &collection);
}

LLMOBS_API llmobs_result llmobs_metrics_write(llmobs* obs, llmobs_format format,
                                              llmobs_write_fn write, void* user)
{
    llmobsi_collection collection;
    if (write == NULL) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    memset(&collection, 0, sizeof collection);
    collection.format = format;
    collection.write = write;
    collection.user = user;
    return llmobsi_collection_run(obs, &collection);
}

/* =================================================================================================
 *  >>flush                  public: tick, flush and the tick's own thread
 * ============================================================================================== */

/* The tick's own thread, and the calls that do its work on the caller's. */

#define LLMOBS_I_FLUSH_NAP_NS UINT64_C(1000000)

/* One tick: collect, seal what is old enough, tell notes. */
llmobsi_fn uint32_t llmobsi_instance_tick(llmobsi_instance* instance)
{
    llmobsi_collector* collector = &instance->collector;
    bool stopped;
    uint32_t count;
    llmobsi_lock_take(&collector->lock);
    count = llmobsi_collect(collector, false, &stopped);
    llmobsi_collect_seal(collector, false);
    llmobsi_collect_notes(collector);
    llmobsi_lock_give(&collector->lock);
    return count;
}

/* Outside all locks: the callback is the host's. */
llmobsi_fn void llmobsi_instance_tell(llmobsi_instance* instance)
{
    if (instance->collector.notes.tell != NULL) {
        llmobsi_callback callback = llmobsi_callback_begin(instance->collector.recorder.ticket);
        llmobsi_notes_tell_all(&instance->collector.notes, llmobsi_monotonic_ns());
        llmobsi_callback_end(&callback);
    }
}

/* ---- the thread ---------------------------------------------------------------------------- */

/* Sleeps shorter when the pool filled up meanwhile, longer when nothing happened. */
llmobsi_fn uint64_t llmobsi_tick_pause(const llmobsi_instance* instance, uint64_t pause_ns,
                                       uint32_t collected)
{
    uint64_t longest = (uint64_t)instance->config.tick_ms * UINT64_C(1000000);
    uint32_t slots = instance->collector.recorder.pool.mask + 1;
    if (collected > slots / 8) {
        pause_ns /= 4;
    } else if (collected <= slots / 32) {
        pause_ns *= 2;
    }
    if (pause_ns < UINT64_C(250000)) {
        pause_ns = UINT64_C(250000);
    }
    return pause_ns < longest ? pause_ns : longest;
}

llmobsi_fn void* llmobsi_tick_run(void* argument)
{
    llmobsi_instance* instance = (llmobsi_instance*)argument;
    uint64_t pause_ns = UINT64_C(1000000);
    llmobsi_lock_take(&instance->rest);
    while (!instance->stop) {
        uint32_t collected;
        llmobsi_lock_wait_until(&instance->rest, llmobsi_monotonic_ns() + pause_ns);
        if (instance->stop) {
            break;
        }
        llmobsi_lock_give(&instance->rest);
        collected = llmobsi_instance_tick(instance);
        llmobsi_instance_tell(instance);
        pause_ns = llmobsi_tick_pause(instance, pause_ns, collected);
        llmobsi_lock_take(&instance->rest);
    }
    llmobsi_lock_give(&instance->rest);
    return NULL;
}

llmobsi_fn bool llmobsi_tick_start(llmobsi_instance* instance)
{
    instance->stop = false;
    instance->ticking = llmobsi_thread_start(&instance->thread, llmobsi_tick_run, instance);
    return instance->ticking;
}

llmobsi_fn void llmobsi_tick_stop(llmobsi_instance* instance)
{
    if (!instance->ticking) {
        return;
    }
    llmobsi_lock_take(&instance->rest);
    instance->stop = true;
    llmobsi_lock_wake_all(&instance->rest);
    llmobsi_lock_give(&instance->rest);
    (void)pthread_join(instance->thread, NULL);
    instance->ticking = false;
}

/* ---- tick ---------------------------------------------------------------------------------- */

llmobsi_fn void llmobsi_instance_pump(llmobsi_instance* instance)
{
    uint32_t count = llmobsi_load_acquire(&instance->collector.exporter_count);
    uint32_t i;
    for (i = 0; i < count; i++) {
        (void)llmobsi_exporter_pump(&instance->collector.exporters[i]);
    }
}

LLMOBS_API llmobs_result llmobs_tick(llmobs* obs)
{
    llmobsi_instance* instance;
    int cancel;
    if (llmobsi_in_callback(llmobsi_ticket(obs))) {
        return LLMOBS_ERROR_BUSY;
    }
    instance = llmobsi_call_begin(obs);
    if (instance == NULL) {
        return LLMOBS_ERROR_CLOSED;
    }
    cancel = llmobsi_cancel_hold();
    (void)llmobsi_instance_tick(instance);
    if (instance->config.host_pumped) {
        llmobsi_instance_pump(instance);
    }
    llmobsi_instance_tell(instance);
    llmobsi_call_end(instance);
    llmobsi_cancel_resume(cancel);
    return LLMOBS_OK;
}

/* ---- flush --------------------------------------------------------------------------------- */

/* Collects all that was recorded before, waiting where an exporter has no room yet: a flush makes
   no exporter lose anything as long as there is time. (The tick's own thread goes on meanwhile, and
   does not wait: a hung exporter must not stop it.) What is to be delivered then ends with the
   sequences in `targets`. */
llmobsi_fn bool llmobsi_flush_collect(llmobsi_instance* instance, const llmobsi_patience* patience,
                                      uint64_t* targets)
{
    llmobsi_collector* collector = &instance->collector;
    uint32_t ticket = collector->recorder.ticket;
    bool stopped = true;
    while (stopped) {
        uint32_t count;
        uint32_t i;
        llmobsi_lock_take(&collector->lock);
        (void)llmobsi_collect(collector, llmobsi_monotonic_ns() < patience->others_ns, &stopped);
        llmobsi_collect_seal(collector, true);
        llmobsi_collect_notes(collector);
        count = llmobsi_load_acquire(&collector->exporter_count);
        for (i = 0; i < count; i++) {
            targets[i] = collector->exporters[i].sealed_sequence;
        }
        llmobsi_lock_give(&collector->lock);
        if (patience->pumped) {
            llmobsi_instance_pump(instance);
        }
        if (stopped && llmobsi_patience_over(patience, ticket, llmobsi_monotonic_ns())) {
            return false;
        }
        if (stopped) {
            llmobsi_lock_take(&instance->rest);
            llmobsi_lock_wait_until(&instance->rest,
                                    llmobsi_monotonic_ns() + LLMOBS_I_FLUSH_NAP_NS);
            llmobsi_lock_give(&instance->rest);
        }
    }
    return true;
}

/* Flush, for as long as there is patience. */
llmobsi_fn bool llmobsi_instance_flush(llmobsi_instance* instance, const llmobsi_patience* patience)
{
    uint64_t targets[LLMOBS_I_EXPORTERS_MAX] = {0};
    bool delivered = llmobsi_flush_collect(instance, patience, targets);
    uint32_t i;
    for (i = 0; i < LLMOBS_I_EXPORTERS_MAX; i++) {
        if (targets[i] != 0) {
            delivered &=
                llmobsi_exporter_wait(&instance->collector.exporters[i], targets[i], patience);
        }
    }
    return delivered;
}

llmobsi_fn uint64_t llmobsi_deadline_ns(uint32_t timeout_ms)
{
    return llmobsi_monotonic_ns() + (uint64_t)timeout_ms * UINT64_C(1000000);
}

LLMOBS_API llmobs_result llmobs_flush(llmobs* obs, uint32_t timeout_ms)
{
    llmobsi_instance* instance;
    llmobsi_patience patience;
    bool delivered;
    int cancel;
    if (llmobsi_in_callback(llmobsi_ticket(obs))) {
        return LLMOBS_ERROR_BUSY;
    }
    instance = llmobsi_call_begin(obs);
    if (instance == NULL) {
        return LLMOBS_ERROR_CLOSED;
    }
    cancel = llmobsi_cancel_hold();
    patience.deadline_ns = llmobsi_deadline_ns(timeout_ms);
    patience.others_ns = UINT64_MAX;
    patience.pumped = instance->config.host_pumped;
    patience.closing = false;
    delivered = llmobsi_instance_flush(instance, &patience);
    llmobsi_instance_tell(instance);
    llmobsi_call_end(instance);
    llmobsi_cancel_resume(cancel);
    return delivered ? LLMOBS_OK : LLMOBS_ERROR_TIMEOUT;
}

/* =================================================================================================
 *  >>layout                 public: the layout of an instance's memory
 * ============================================================================================== */

/* Laying an instance out in its block of memory. */

/* ---- the parts ----------------------------------------------------------------------------- */

/* Most free slots that a thread may hold back: idle threads together at most half of the pool. */
llmobsi_fn uint32_t llmobsi_cache_size(const llmobs_config* config)
{
    uint32_t size = config->span_slots / (2 * config->max_threads);
    return size < 1 ? 1 : size < LLMOBS_I_CACHED_SLOTS ? size : LLMOBS_I_CACHED_SLOTS;
}

/* The slots, and the rings that can carry them all. */
llmobsi_fn void llmobsi_pool_layout(llmobsi_arena* arena, const llmobs_config* config,
                                    llmobsi_recorder* recorder)
{
    uint32_t slots = config->span_slots;
    llmobsi_slot* memory = (llmobsi_slot*)llmobsi_arena_take(arena, slots, sizeof(llmobsi_slot));
    llmobsi_atomic32* free =
        (llmobsi_atomic32*)llmobsi_arena_take(arena, slots, sizeof(llmobsi_atomic32));
    llmobsi_atomic32* rings = (llmobsi_atomic32*)llmobsi_arena_take(
        arena, llmobsi_size_mul(slots, config->max_threads), sizeof(llmobsi_atomic32));
    uint32_t i;
    if (recorder == NULL || rings == NULL) {
        return;
    }
    for (i = 0; i < slots; i++) {
        llmobsi_store_relaxed(&memory[i].state, 0);
    }
    recorder->pool.slots = memory;
    recorder->pool.free = free;
    recorder->pool.mask = slots - 1;
    for (i = 0; i < config->max_threads; i++) {
        recorder->threads[i].slots = memory;
        recorder->threads[i].slot_mask = slots - 1;
        recorder->threads[i].ring.items = rings + (size_t)i * slots;
        recorder->threads[i].ring.mask = slots - 1;
    }
}

/* Text for names, help and labels: what is usual, many times. */
#define LLMOBS_I_TEXT_A_METRIC 320u
#define LLMOBS_I_TEXT_A_SERIES 100u
#define LLMOBS_I_ROWS_A_PAGE 3u /* rows that the pages would suffice for, if all cells were used */

llmobsi_fn void llmobsi_cells_layout(llmobsi_arena* arena, const llmobs_config* config,
                                     llmobsi_recorder* recorder)
{
    uint32_t pages = config->metric_bytes / (uint32_t)sizeof(llmobsi_page);
    uint32_t row_pages = pages / LLMOBS_I_ROWS_A_PAGE;
    size_t entries = llmobsi_size_mul(row_pages, (size_t)config->max_threads + 1);
    llmobsi_page* memory = (llmobsi_page*)llmobsi_arena_take(arena, pages, sizeof(llmobsi_page));
    llmobsi_page** rows =
        (llmobsi_page**)llmobsi_arena_take(arena, entries, sizeof(llmobsi_page*));
    llmobsi_cells* cells;
    uint32_t i;
    if (recorder == NULL || rows == NULL) {
        return;
    }
    memset((void*)rows, 0, entries * sizeof(void*));
    cells = &recorder->registry.cells;
    cells->pages = memory;
    cells->page_count = pages;
    cells->row_pages = row_pages;
    cells->shared.pages = rows;
    for (i = 0; i < config->max_threads; i++) {
        recorder->threads[i].row.pages = rows + (size_t)(i + 1) * row_pages;
    }
}

llmobsi_fn void llmobsi_registry_layout(llmobsi_arena* arena, const llmobs_config* config,
                                        llmobsi_recorder* recorder)
{
    uint32_t entries = llmobsi_round_up_pow2(2 * config->metric_series);
    size_t text_bytes = (size_t)config->metric_series * LLMOBS_I_TEXT_A_SERIES +
                        (size_t)config->max_metrics * LLMOBS_I_TEXT_A_METRIC;
    /* One more than may be defined: to try one in. */
    llmobsi_metric* metrics = (llmobsi_metric*)llmobsi_arena_take(
        arena, (size_t)config->max_metrics + 1, sizeof(llmobsi_metric));
    llmobsi_series* series = (llmobsi_series*)llmobsi_arena_take(arena, config->metric_series,
                                                                 sizeof(llmobsi_series));
    llmobsi_atomic64* table =
        (llmobsi_atomic64*)llmobsi_arena_take(arena, entries, sizeof(llmobsi_atomic64));
    unsigned char* texts = (unsigned char*)llmobsi_arena_take(arena, text_bytes, 1);
    uint32_t exemplar_count = config->exemplars != LLMOBS_OFF ? config->exemplars : 0;
    llmobsi_exemplar* exemplars = (llmobsi_exemplar*)llmobsi_arena_take(
        arena, exemplar_count, sizeof(llmobsi_exemplar));
    llmobsi_cells_layout(arena, config, recorder);
    if (recorder != NULL && exemplars != NULL) {
        llmobsi_registry* registry = &recorder->registry;
        memset(table, 0, entries * sizeof *table);
        memset(exemplars, 0, exemplar_count * sizeof *exemplars);
        registry->metrics = metrics;
        registry->metric_limit = config->max_metrics;
        registry->series = series;
        registry->series_limit = config->metric_series;
        registry->table = table;
        registry->table_mask = entries - 1;
        registry->texts = texts;
        registry->text_bytes = text_bytes;
        registry->exemplars = exemplars;
        registry->exemplar_limit = exemplar_count;
    }
}

/* ---- the whole ----------------------------------------------------------------------------- */

/* Everything an instance needs, once to measure it (base NULL) and once to place it. Returns the
   instance when it is placed. What is laid out here is zero, but for the slots, the rings and
   the batches. */
llmobsi_fn llmobsi_instance* llmobsi_layout(llmobsi_arena* arena, const llmobs_config* config)
{
    llmobsi_instance* instance =
        (llmobsi_instance*)llmobsi_arena_take(arena, 1, sizeof(llmobsi_instance));
    llmobsi_thread* threads = (llmobsi_thread*)llmobsi_arena_take(arena, config->max_threads,
                                                                  sizeof(llmobsi_thread));
    uint32_t entries = llmobsi_names_entry_count(config->name_bytes);
    llmobsi_atomic32* names =
        (llmobsi_atomic32*)llmobsi_arena_take(arena, entries, sizeof(llmobsi_atomic32));
    unsigned char* texts = (unsigned char*)llmobsi_arena_take(arena, config->name_bytes, 1);
    llmobsi_exporter* exporters = (llmobsi_exporter*)llmobsi_arena_take(
        arena, config->max_exporters, sizeof(llmobsi_exporter));
    llmobsi_recorder* recorder = NULL;
    uint32_t i;
    if (exporters != NULL) {
        memset(instance, 0, sizeof *instance);
        memset(threads, 0, config->max_threads * sizeof *threads);
        memset(names, 0, entries * sizeof *names);
        recorder = &instance->collector.recorder;
        recorder->threads = threads;
        recorder->thread_count = config->max_threads;
        recorder->names.entries = names;
        recorder->names.entry_mask = entries - 1;
        recorder->names.texts = texts;
        recorder->names.text_capacity = config->name_bytes;
        instance->collector.exporters = exporters;
        instance->collector.exporter_limit = config->max_exporters;
    }
    if (config->span_slots != LLMOBS_OFF) {
        llmobsi_pool_layout(arena, config, recorder);
    }
    if (config->metric_series != LLMOBS_OFF) {
        llmobsi_registry_layout(arena, config, recorder);
    }
    for (i = 0; i < config->max_exporters; i++) {
        llmobsi_exporter_layout(arena, config, exporters != NULL ? &exporters[i] : NULL);
    }
    return instance;
}

LLMOBS_API size_t llmobs_memory_needed(const llmobs_config* config)
{
    llmobs_config complete;
    llmobsi_arena arena;
    llmobsi_config_complete(&complete, config, false);
    arena.base = NULL;
    arena.used = 0;
    (void)llmobsi_layout(&arena, &complete);
    return arena.used;
}

LLMOBS_API size_t llmobs_memory_of(const llmobs_config* config, llmobs_pillar pillar)
{
    llmobs_config without;
    size_t rest;
    llmobsi_config_complete(&without, config, false);
    without.metric_series = LLMOBS_OFF;
    without.exemplars = LLMOBS_OFF;
    rest = llmobs_memory_needed(&without);
    switch (pillar) {
    case LLMOBS_PILLAR_SPANS:
        return rest; /* and what all pillars share */
    case LLMOBS_PILLAR_METRICS:
        return llmobs_memory_needed(config) - rest;
    default:
        return 0; /* not yet built */
    }
}

/* =================================================================================================
 *  >>open                   public: open, close, release, fork
 * ============================================================================================== */

/* Opening an instance, closing it under recorders that still run, and what a fork's child needs. */

/* ---- memory -------------------------------------------------------------------------------- */

llmobsi_fn bool llmobsi_locks_init(llmobsi_instance* instance)
{
    if (!llmobsi_lock_init(&instance->collector.lock)) {
        return false;
    }
    if (!llmobsi_lock_init(&instance->setup)) {
        llmobsi_lock_destroy(&instance->collector.lock);
        return false;
    }
    if (!llmobsi_lock_init(&instance->rest)) {
        llmobsi_lock_destroy(&instance->setup);
        llmobsi_lock_destroy(&instance->collector.lock);
        return false;
    }
    if (!llmobsi_lock_init(&instance->collector.recorder.registry.lock)) {
        llmobsi_lock_destroy(&instance->rest);
        llmobsi_lock_destroy(&instance->setup);
        llmobsi_lock_destroy(&instance->collector.lock);
        return false;
    }
    return true;
}

llmobsi_fn void llmobsi_locks_destroy(llmobsi_instance* instance)
{
    llmobsi_lock_destroy(&instance->collector.recorder.registry.lock);
    llmobsi_lock_destroy(&instance->rest);
    llmobsi_lock_destroy(&instance->setup);
    llmobsi_lock_destroy(&instance->collector.lock);
}

/* Of an instance that nobody is in any more. The host's own block is the host's again. */
llmobsi_fn void llmobsi_memory_return(llmobsi_instance* instance)
{
    llmobs_allocator allocator = instance->allocator;
    void* memory = instance->memory;
    size_t bytes = instance->memory_bytes;
    llmobsi_collector* collector = &instance->collector;
    uint32_t i;
    for (i = 0; i < collector->exporter_count; i++) {
        llmobsi_lock_destroy(&collector->exporters[i].lock);
    }
    llmobsi_locks_destroy(instance);
#ifndef LLMOBS_NO_SHA256
    llmobs_wipe(&collector->recorder.registry.user_key,
                sizeof collector->recorder.registry.user_key);
#endif
    if (memory != NULL) {
        llmobsi_park(&allocator, memory, bytes);
    }
}

/* ---- open ---------------------------------------------------------------------------------- */

llmobsi_fn void llmobsi_tell_now(const llmobs_config* config, llmobs_note note)
{
    if (config->note != NULL) {
        config->note(config->note_user, note, 1, llmobs_note_text(note));
    }
}

/* The block: the host's, a parked one, or a new one. */
llmobsi_fn void* llmobsi_block(const llmobs_config* config, const llmobs_allocator* allocator,
                               size_t bytes, llmobs_result* result)
{
    void* memory = config->memory;
    *result = LLMOBS_ERROR_MEMORY;
    if (memory != NULL) {
        if (((uintptr_t)memory & (LLMOBS_I_CACHE_LINE - 1)) != 0) {
            *result = LLMOBS_ERROR_ARGUMENT;
            return NULL;
        }
        memory = config->memory_bytes >= bytes ? memory : NULL;
    } else if (bytes != LLMOBS_I_SIZE_OVERFLOW) {
        memory = llmobsi_unpark(allocator, bytes);
        if (memory == NULL) {
            memory = allocator->allocate(allocator->user, bytes, LLMOBS_I_CACHE_LINE);
        }
    }
    if (memory == NULL) {
        llmobsi_tell_now(config, LLMOBS_NOTE_CONFIG_MEMORY);
    }
    return memory;
}

llmobsi_fn llmobsi_place* llmobsi_place_claim(void)
{
    uint32_t i;
    for (i = 0; i < 2 * LLMOBS_MAX_INSTANCES; i++) {
        llmobsi_place* place = &llmobsi_places[i % LLMOBS_MAX_INSTANCES];
        uint32_t unclaimed = 0;
        /* In the first round only where no call of an instance before hangs: our close would wait
           for it. */
        if ((i >= LLMOBS_MAX_INSTANCES || llmobsi_load_relaxed(&place->users) == 0) &&
            llmobsi_cas_ordered(&place->claimed, &unclaimed, 1)) {
            return place;
        }
    }
    return NULL;
}

/* A ticket that no handle of this copy holds: generations start at random, so that handles of
   another copy are no good here either. */
llmobsi_fn uint32_t llmobsi_ticket_new(const llmobsi_place* place)
{
    static llmobsi_atomic32 generation;
    uint32_t start = 0;
    uint32_t ticket;
    if (llmobsi_load_relaxed(&generation) == 0 && llmobsi_random_bytes(&start, sizeof start)) {
        uint32_t unset = 0;
        (void)llmobsi_cas_ordered(&generation, &unset, start);
    }
    do {
        ticket = (llmobsi_add_ordered(&generation, 1) + 1) * (uint32_t)LLMOBS_MAX_INSTANCES;
    } while (ticket == 0);
    return ticket + (uint32_t)(place - llmobsi_places);
}

/* The slot that spans of an instance without spans point to: no handle fits it. */
static llmobsi_slot llmobsi_no_slot;

llmobsi_fn void llmobsi_recorder_start(llmobsi_recorder* recorder, const llmobs_config* config)
{
    uint32_t i;
    recorder->spans_on = config->span_slots != LLMOBS_OFF;
    recorder->cache_size = llmobsi_cache_size(config);
    recorder->value_bytes = config->value_bytes;
    recorder->span_parts = config->span_parts;
    recorder->threshold = llmobsi_sampling_threshold(config->sample_ratio);
    recorder->distrust_remote = config->distrust_remote;
    recorder->random = config->random;
    if (!llmobsi_random_bytes(&recorder->names.seed, sizeof recorder->names.seed)) {
        recorder->names.seed = llmobsi_monotonic_ns();
    }
    llmobsi_timeline_init(&recorder->timeline, &config->clock);
    for (i = 0; i < recorder->thread_count; i++) {
        recorder->threads[i].recorder = recorder;
        recorder->threads[i].number = i;
        if (!recorder->spans_on) {
            llmobsi_store_relaxed(&llmobsi_no_slot.state, UINT64_MAX);
            recorder->threads[i].slots = &llmobsi_no_slot;
        }
    }
    if (recorder->spans_on) {
        llmobsi_pool_reset(&recorder->pool);
    }
}

LLMOBS_I_STATIC_ASSERT(families,
                       LLMOBS_I_FAMILIES_STANDARD == (LLMOBS_FAMILY_LLM | LLMOBS_FAMILY_SELF));

#define LLMOBS_I_USER_KEY_LEAST 16u

/* The key of users' pseudonyms. False: there is none, and no such label either. */
llmobsi_fn bool llmobsi_user_key_make(llmobsi_registry* registry, const llmobs_config* config)
{
#ifndef LLMOBS_NO_SHA256
    uint8_t secret[32];
    bool filled;
    if (config->user_key != NULL && config->user_key_size >= LLMOBS_I_USER_KEY_LEAST) {
        llmobs_hmac_key_init(&registry->user_key, config->user_key, config->user_key_size);
        return true;
    }
    filled = config->random.fill != NULL
                 ? config->random.fill(config->random.user, secret, sizeof secret)
                 : llmobsi_random_bytes(secret, sizeof secret);
    llmobs_hmac_key_init(&registry->user_key, secret, sizeof secret);
    llmobs_wipe(secret, sizeof secret);
    return filled;
#else
    (void)registry;
    (void)config;
    return false;
#endif
}

/* Defines the catalogue's metrics, those whose family is switched on. */
llmobsi_fn void llmobsi_catalogue_start(llmobsi_collector* collector, const llmobs_config* config)
{
    llmobsi_recorder* recorder = &collector->recorder;
    llmobsi_registry* registry = &recorder->registry;
    bool user_ids = config->metric_user_ids && llmobsi_user_key_make(registry, config);
    int known;
    for (known = 0; known < (int)LLMOBS_KNOWN_COUNT; known++) {
        llmobs_metric_info info;
        llmobs_result result;
        uint32_t number;
        if ((llmobsi_catalogue_family((llmobs_known)known) & llmobsi_families(config)) == 0) {
            continue;
        }
        llmobsi_catalogue_info((llmobs_known)known, user_ids, &info);
        number = llmobsi_metric_define(registry, &info, &result);
        recorder->known[known] = number;
        if (number == 0) {
            llmobsi_notes_add(&collector->notes, LLMOBS_NOTE_METRIC_CATALOGUE, 1);
        } else {
            int label = llmobsi_catalogue_user_label((llmobs_known)known, user_ids);
            if (!user_ids &&
                llmobsi_catalogue_user_label((llmobs_known)known, true) != LLMOBS_I_NO_LABEL) {
                label = LLMOBS_I_USER_LABEL_OFF;
            }
            registry->metrics[number - 1].user_label = (int8_t)label;
        }
    }
}

llmobsi_fn void llmobsi_metrics_start(llmobsi_collector* collector, const llmobs_config* config)
{
    llmobsi_registry* registry = &collector->recorder.registry;
    if (config->metric_series == LLMOBS_OFF) {
        return;
    }
    registry->on = true;
    registry->clock = config->clock;
    registry->label_bytes = config->label_bytes;
    registry->max_series = config->metric_max_series;
    if (!llmobsi_random_bytes(&registry->seed, sizeof registry->seed)) {
        registry->seed = llmobsi_monotonic_ns();
    }
    llmobsi_catalogue_start(collector, config);
}

/* In the child of a fork: an empty instance, with the same exporters, running. Nobody else is
   here. */
llmobsi_fn void llmobsi_after_fork(llmobsi_recorder* recorder)
{
    llmobsi_instance* instance = llmobsi_instance_of(recorder);
    llmobsi_collector* collector = &instance->collector;
    uint32_t i;
    for (i = 0; i < recorder->thread_count; i++) {
        llmobsi_thread* thread = &recorder->threads[i];
        memset(&thread->counts, 0, sizeof thread->counts);
        memset(thread->random, 0, sizeof thread->random);
        thread->cache_next = thread->cache_end;
        llmobsi_store_relaxed(&thread->ring.pushed, 0);
        llmobsi_store_relaxed(&thread->ring.popped, 0);
        llmobsi_store_relaxed(&thread->state, LLMOBS_I_THREAD_FREE);
    }
    if (recorder->spans_on) {
        llmobsi_pool_reset(&recorder->pool);
        collector->given = llmobsi_load_relaxed(&recorder->pool.given);
        collector->guarded = false;
    }
    /* The parent's tick may have been at it. */
    llmobsi_timeline_init(&recorder->timeline, &instance->config.clock);
    collector->swept = llmobsi_now(&recorder->timeline);
    collector->limbo_count = 0;
    collector->collected = 0;
    collector->expired = 0;
    collector->no_exporter = 0;
    memset(&collector->noted, 0, sizeof collector->noted);
    memset(collector->noted_drops, 0, sizeof collector->noted_drops);
    (void)llmobsi_locks_init(instance);
    if (recorder->registry.on) {
        llmobsi_registry_forked(&recorder->registry);
        memset(&collector->noted_metrics, 0, sizeof collector->noted_metrics);
        collector->noted_misused = 0;
    }
    llmobsi_resource_make(instance);
    for (i = 0; i < collector->exporter_count; i++) {
        llmobsi_exporter_forked(&collector->exporters[i]);
        (void)llmobsi_exporter_start(instance, &collector->exporters[i]);
    }
    if (!instance->config.host_pumped) {
        (void)llmobsi_tick_start(instance);
    }
}

/* Fills the place and lets recorders and callers in. */
llmobsi_fn void llmobsi_place_publish(llmobsi_place* place, llmobsi_instance* instance,
                                      uint32_t ticket)
{
    int drop;
    instance->place = place;
    instance->collector.recorder.ticket = ticket;
    instance->collector.recorder.after_fork = llmobsi_after_fork;
    for (drop = 0; drop < (int)LLMOBS_DROP_COUNT; drop++) {
        llmobsi_store_relaxed(&place->dropped[drop], 0);
    }
    llmobsi_store_relaxed(&place->forked, 0);
    place->recorder = &instance->collector.recorder;
    llmobsi_store_ordered(&place->exporting, ticket);
    llmobsi_store_ordered(&place->ticket, ticket);
}

llmobsi_fn void llmobsi_collector_start(llmobsi_collector* collector, const llmobs_config* config)
{
    collector->notes.tell = config->note;
    collector->notes.user = config->note_user;
    collector->batch_delay_ns = (uint64_t)config->batch_delay_ms * UINT64_C(1000000);
    collector->span_max_age_ns = (uint64_t)config->span_max_age_s * UINT64_C(1000000000);
    llmobsi_recorder_start(&collector->recorder, config);
    llmobsi_metrics_start(collector, config);
    collector->given = llmobsi_load_relaxed(&collector->recorder.pool.given);
    collector->swept = llmobsi_now(&collector->recorder.timeline);
    if (!llmobsi_random_bytes(&collector->batch_ids, sizeof collector->batch_ids)) {
        collector->batch_ids = llmobsi_realtime_ns();
    }
    llmobsi_notes_add(&collector->notes, LLMOBS_NOTE_CLOCK,
                      collector->recorder.timeline.source == LLMOBS_I_TIME_MONOTONIC);
}

/* Opens in a block that is large enough. */
llmobsi_fn llmobs_result llmobsi_open_in(llmobsi_place* place, const llmobs_config* config,
                                         void* memory, size_t bytes, llmobs** obs)
{
    uint32_t ticket = llmobsi_ticket_new(place);
    llmobsi_arena arena;
    llmobsi_instance* instance;
    arena.base = (unsigned char*)memory;
    arena.used = 0;
    instance = llmobsi_layout(&arena, config);
    LLMOBS_ASSERT(arena.used == bytes);
    instance->config = *config;
    instance->memory = config->memory == NULL ? memory : NULL;
    instance->memory_bytes = bytes;
    instance->allocator = llmobsi_allocator_of(config);
    if (!llmobsi_locks_init(instance)) {
        return LLMOBS_ERROR_SYSTEM;
    }
    llmobsi_collector_start(&instance->collector, config);
    llmobsi_resource_make(instance);
    llmobsi_place_publish(place, instance, ticket);
    if (!config->host_pumped && !llmobsi_tick_start(instance)) {
        llmobsi_store_ordered(&place->ticket, 0);
        llmobsi_store_ordered(&place->exporting, 0);
        llmobsi_locks_destroy(instance);
        llmobsi_tell_now(config, LLMOBS_NOTE_THREAD_START);
        return LLMOBS_ERROR_SYSTEM;
    }
    *obs = (llmobs*)(uintptr_t)ticket;
    return LLMOBS_OK;
}

llmobsi_fn llmobs_result llmobsi_open(const llmobs_config* config, llmobs** obs)
{
    llmobs_allocator allocator = llmobsi_allocator_of(config);
    size_t bytes = llmobs_memory_needed(config);
    llmobs_result result;
    llmobsi_place* place;
    void* memory;
    if (!llmobsi_process_ready()) {
        return LLMOBS_ERROR_SYSTEM;
    }
    place = llmobsi_place_claim();
    if (place == NULL) {
        llmobsi_tell_now(config, LLMOBS_NOTE_INSTANCES);
        return LLMOBS_ERROR_LIMIT;
    }
    memory = llmobsi_block(config, &allocator, bytes, &result);
    if (memory != NULL) {
        result = llmobsi_open_in(place, config, memory, bytes, obs);
        if (result != LLMOBS_OK && config->memory == NULL) {
            llmobsi_park(&allocator, memory, bytes);
        }
    }
    if (result != LLMOBS_OK) {
        llmobsi_store_ordered(&place->claimed, 0);
    }
    return result;
}

LLMOBS_API llmobs* llmobs_open(const llmobs_config* config, llmobs_result* result)
{
    llmobs_config complete;
    llmobs* obs = NULL;
    llmobs_result came_to;
    llmobsi_config_complete(&complete, config, true);
    came_to = llmobsi_open(&complete, &obs);
    if (result != NULL) {
        *result = came_to;
    }
    return obs;
}

/* ---- close --------------------------------------------------------------------------------- */

#define LLMOBS_I_CLOSE_LAST_NS UINT64_C(40000000) /* for threads to end when time is up */

/* From here on no callback is begun. */
llmobsi_fn void llmobsi_exporter_stop(llmobsi_exporter* exporter)
{
    llmobsi_lock_take(&exporter->lock);
    exporter->stop = true;
    llmobsi_lock_wake_all(&exporter->lock);
    llmobsi_lock_give(&exporter->lock);
}

/* Waits for an exporter's thread to end; a callback that hangs keeps it, and then it is left
   alone. */
llmobsi_fn bool llmobsi_exporter_ended(llmobsi_exporter* exporter, uint64_t deadline_ns)
{
    bool ended;
    llmobsi_lock_take(&exporter->lock);
    while (exporter->thread_made ? !exporter->thread_ended : exporter->inside) {
        if (llmobsi_monotonic_ns() >= deadline_ns) {
            break;
        }
        llmobsi_lock_wait_until(&exporter->lock, deadline_ns);
    }
    ended = exporter->thread_made ? exporter->thread_ended : !exporter->inside;
    llmobsi_lock_give(&exporter->lock);
    if (exporter->thread_made) {
        (void)(ended ? pthread_join(exporter->thread, NULL) : pthread_detach(exporter->thread));
    }
    return ended;
}

/* Stops all exporters. False if one hangs: that must not cost the others their end. */
llmobsi_fn bool llmobsi_exporters_close(llmobsi_instance* instance, uint64_t deadline_ns)
{
    llmobsi_collector* collector = &instance->collector;
    uint32_t ticket = collector->recorder.ticket;
    uint64_t last_ns = llmobsi_monotonic_ns() + LLMOBS_I_CLOSE_LAST_NS;
    bool all_ended = true;
    uint32_t i;
    deadline_ns = deadline_ns > last_ns ? deadline_ns : last_ns;
    for (i = 0; i < collector->exporter_count; i++) {
        llmobsi_exporter_stop(&collector->exporters[i]);
    }
    for (i = 0; i < collector->exporter_count; i++) {
        llmobsi_exporter* exporter = &collector->exporters[i];
        if (!llmobsi_exporter_ended(exporter, deadline_ns)) {
            llmobsi_notes_add(&collector->notes, LLMOBS_NOTE_EXPORT_SLOW, 1);
            all_ended = false;
        } else if (exporter->host.close != NULL) {
            llmobsi_callback callback = llmobsi_callback_begin(ticket);
            exporter->host.close(exporter->host.user);
            llmobsi_callback_end(&callback);
        }
    }
    return all_ended;
}

/* Waits for the calls that came in before the door was shut. */
llmobsi_fn bool llmobsi_callers_leave(llmobsi_place* place, uint64_t deadline_ns)
{
    while (llmobsi_load_ordered(&place->users) != 0) {
        if (llmobsi_monotonic_ns() >= deadline_ns) {
            return false;
        }
        (void)sched_yield();
    }
    return true;
}

/* What is still queued is lost. True if the host still holds a batch. */
llmobsi_fn bool llmobsi_exporters_abandon(llmobsi_collector* collector)
{
    bool promised = false;
    uint32_t i;
    for (i = 0; i < collector->exporter_count; i++) {
        promised |= llmobsi_exporter_abandon(&collector->exporters[i]);
    }
    return promised;
}

/* The last account: what was still live is lost, and nothing else is left. */
llmobsi_fn void llmobsi_last_stats(llmobsi_instance* instance, llmobs_stats* stats)
{
    llmobs_stats full;
    if (stats == NULL) {
        return;
    }
    llmobsi_stats_fill(instance, &full);
    full.dropped[LLMOBS_DROP_CLOSED] += full.live + full.ended;
    full.live = 0;
    full.ended = 0;
    llmobsi_stats_copy(stats, &full);
}

/* Whoever is just adding an exporter has added it after this, and nobody adds one any more. */
llmobsi_fn void llmobsi_exporters_settle(llmobsi_instance* instance)
{
    llmobsi_lock_take(&instance->setup);
    llmobsi_lock_give(&instance->setup);
}

/* Closes what the ticket was taken from. */
llmobsi_fn llmobs_result llmobsi_instance_close(llmobsi_instance* instance, llmobs_stats* stats)
{
    llmobsi_place* place = instance->place;
    uint32_t ticket = instance->collector.recorder.ticket;
    llmobsi_patience patience;
    bool delivered;
    bool quiet;
    patience.deadline_ns = llmobsi_deadline_ns(instance->config.close_timeout_ms);
    patience.pumped = instance->config.host_pumped;
    patience.others_ns = llmobsi_deadline_ns(instance->config.close_timeout_ms / 2);
    patience.closing = true;
    llmobsi_shut(ticket);
    llmobsi_exporters_settle(instance);
    quiet = llmobsi_grace(patience.deadline_ns);
    llmobsi_tick_stop(instance);
    delivered = llmobsi_instance_flush(instance, &patience);
    quiet &= llmobsi_exporters_close(instance, patience.deadline_ns);
    llmobsi_store_ordered(&place->exporting, 0);
    quiet &= llmobsi_callers_leave(place, patience.deadline_ns + UINT64_C(50000000));
    quiet &= !llmobsi_exporters_abandon(&instance->collector);
    llmobsi_last_stats(instance, stats);
    llmobsi_instance_tell(instance);
    if (quiet) {
        llmobsi_memory_return(instance);
    } else {
        llmobsi_leave_block(instance);
    }
    llmobsi_store_ordered(&place->claimed, 0);
    return quiet ? (delivered ? LLMOBS_OK : LLMOBS_ERROR_TIMEOUT) : LLMOBS_ERROR_INCOMPLETE;
}

LLMOBS_API llmobs_result llmobs_close_with_stats(llmobs* obs, llmobs_stats* stats)
{
    uint32_t ticket = llmobsi_ticket(obs);
    llmobsi_place* place = &llmobsi_places[LLMOBS_I_PLACE(ticket)];
    uint32_t held = ticket;
    llmobs_result result;
    llmobs_stats none;
    int cancel;
    memset(&none, 0, sizeof none);
    if (stats != NULL) {
        llmobsi_stats_copy(stats, &none);
    }
    if (ticket == 0) {
        return LLMOBS_OK;
    }
    if (llmobsi_in_callback(ticket)) {
        return LLMOBS_ERROR_BUSY;
    }
    /* Whoever takes the ticket closes; for all others the instance is closed already. */
    if (!llmobsi_place_mend(place) || !llmobsi_cas_ordered(&place->ticket, &held, 0)) {
        return LLMOBS_OK;
    }
    cancel = llmobsi_cancel_hold();
    result = llmobsi_instance_close(llmobsi_instance_of(place->recorder), stats);
    llmobsi_cancel_resume(cancel);
    return result;
}

LLMOBS_API llmobs_result llmobs_close(llmobs* obs)
{
    return llmobs_close_with_stats(obs, NULL);
}

#endif /* LLMOBS_IMPLEMENTATION */

/* llmobs @version@: observability for LLM applications and inference engines, in one C header.
   SPDX-License-Identifier: MIT OR Unlicense

   Do this in ONE C or C++ file, and include "llmobs.h" alone everywhere else:

       #define LLMOBS_IMPLEMENTATION
       #include "llmobs.h"

   Link with -pthread. It needs libc and pthreads, C11 or C++11, gcc or clang; nothing else. On
   Windows (mingw-w64) it needs Win32 alone; docs/platforms.md has what differs where.
   This file is generated from src/: edit there, then run `make header`.

CONTENTS: search for a tag.

@contents@

>>quickstart  A first program

@quickstart@

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
    LLMOBS_NO_SHA256         ALL    leaves SHA-256, HMAC and the unkeyed hash out       off
    LLMOBS_NO_OTLP           ALL    leaves OTLP, JSON and protobuf, out                 off
    LLMOBS_NO_CHROME         ALL    leaves the Chrome trace encoder out                 off
    LLMOBS_NO_FILE           ALL    leaves out what keeps files: the file exporter,     off
                                    state and drift files, spools, the flight recorder
    LLMOBS_NO_SCANNER        ALL    leaves the scanner and the redactor out             off
    LLMOBS_NO_REQUESTS       ONE    requests, sessions, costs, budgets and the judge    off
                                    are off, whatever the config says: their calls
                                    are there and inert, their code is not
    LLMOBS_NO_JUDGE          ONE    the same of the judge and its samples               off
    LLMOBS_NO_ALERTS         ONE    ... of alerts                                       off
    LLMOBS_NO_TAIL           ONE    ... of tail sampling                                off
    LLMOBS_NO_DRIFT          ONE    ... of drift detectors                              off
    LLMOBS_DEBUG             ONE    invariant checkers and assertions; costs much       off
    LLMOBS_ASSERT(c)         ONE    what an assertion calls                             nothing; in
                                                    LLMOBS_DEBUG a line on stderr, and abort()
    LLMOBS_TLS_MODEL         ONE    attribute of the one thread-local pointer           initial-exec
                                                                     on glibc, else the default
    LLMOBS_ATOMICS           ONE    you give the llmobsi_load_... operations yourself   off
    LLMOBS_NO_SIMD           ONE    plain C only, no vector instructions                off
    LLMOBS_NO_INT128         ONE    no 128-bit integers, also where there are some      off
    LLMOBS_NO_THREADS        ONE    starts no threads: every instance is the host's to  off, but on
                                    pump (llmobs_config.host_pumped), and says so in    where there
                                    a note if it was not asked for                      are none
    LLMOBS_MAX_INSTANCES     ONE    open at one time; a power of two                    8
    LLMOBS_MAX_CONTROLS      ONE    threads that record at one time, in all instances   1024
    LLMOBS_USE_XXHASH        ONE    XXH3 as the 64-bit hash; xxhash.h must be found     off

>>threads  Which call from which thread

    The first word of each function's comment says it:
    [any]         any thread at any time; waits for no lock, allocates nothing, enters no kernel
    [any, locks]  any thread at any time; may wait briefly for another
    [owner]       calls on one object must be ordered by the caller; other objects are free
    [setup]       before other threads use the instance, or after the last has left

    calls                                        who           allocates  kernel
    span root, child, begin, end                 [any]          no         no (*)
    span set, event, link, status, next          [owner]        no         no
    log record, interaction                      [any]          no         no (*)
    the interaction's line, unkeyed hash         [any]          no         the caller's write
    counter, up-down, gauge, histogram           [any]          no         no (*)
    finding a series: waits where it is new      [any, locks]   no         no (*)
    defining a metric                            [any, locks]   no         no (*)
    reading metrics, Prometheus text, OTLP       [any, locks]   no         the caller's write
    attributes, names, results, contexts         [any]          no         no
    request token, scheduled, retry, guardrail   [any]          no         no
    sampling: by an id, keep, counters           [any]          no         no
    request begin                                [any]          no         no (*)
    session begin, end                           [any, locks]   no         no (*)
    budget settle, release                       [any]          no         no
    budget reserve, add, limit, remove, status   [any, locks]   no         no
    request end                                  [any]          no         the audit callback's
    request input, output                        [owner]        no         the audit callback's
    request explain                              [any, locks]   no         no
    an engine: its series                        [any, locks]   no         no (*)
    an engine: steps                             [owner]        no         no
    cost of a query, cost record, HTTP headers   [any]          no         no
    cost reports                                 [any, locks]   no         the caller's write
    prices: load, set, date, identity            [any, locks]   no         the file's
    scanner, redactor: a whole text              [any]          no         no
    scanner, redactor: in pieces                 [owner]        no         the caller's write
    pseudonyms: of a text, verify                [any]          no         no
    pseudonyms: in pieces                        [owner]        no         no
    key rotation                                 [any, locks]   no         yes: random bytes
    captures: take, done, return                 [any]          no         no
    judge: set, work, flush, its account         [any, locks]   no         yes: its threads
    tail policies                                [any, locks]   no         no
    drift: scores, estimates, Wilson             [any]          no         no
    drift: samples, fits, windows, counts, CUSUM [owner]        no         a baseline's file
    drift: detectors, embedder                   [any, locks]   no         yes: a thread, files
    alert rules, alerts                          [any, locks]   no         no
    tick, flush, stats, close                    [any, locks]   no         the exporters' writes
    state save                                   [any, locks]   no         yes: it waits for a disk
    adding an exporter                           [any, locks]   no         yes: its thread, its file
    recover                                      [any, locks]   yes        yes: the file
    open, release                                [setup]        yes        yes
    (*) A thread's first call of these attaches the thread (llmobs_thread_attach does it ahead),
        and so does the first one after fork: memory of the thread-local pointer, a seed from the
        system.

    Recording in a signal handler is safe: spans, log records, metrics (new label sets, too),
    requests from begin to end, sessions. What interrupts a recording call of its own thread is
    dropped and counted as `signal`, but for what it adds to metrics, which arrives. The other
    calls that are [any, locks], and reading metrics, are not for handlers (docs/lifecycle.md,
    Signals). An exporter's callback runs on the exporter's own thread: spans and log records that
    it makes are dropped as `self`; flush, tick and close answer LLMOBS_ERROR_BUSY there.
    A C++ exception that leaves a callback of yours ends there where the implementation is compiled
    as C++ with exceptions, and stands for its failure: a batch dropped, a write refused, no memory,
    no value, the system's clock; where nothing else would tell of it, llmobs_stats.callbacks_threw
    counts it. Compiled as C, or without exceptions, the library can't stop one: do not throw. A
    thread that is cancelled inside a callback is so after it.
    After fork the child's spans and requests are inert, its metrics go on from zero; its next use
    of the instance begins with clean rings.

>>requests  The golden path

    llmobs_request_begin, llmobs_phase_begin, llmobs_request_token, llmobs_guardrail,
    llmobs_request_end: one call each, from whatever thread, and a request has its spans, its
    metrics (llmobs_config.metric_families), its log record, and an answer to "why did it take
    8 seconds?" (llmobs_request_explain). A prompt or an answer is hashed and measured on its way
    through, and not stored; llmobs_config.audit alone sees it. What is unknown is said to be
    unknown, not 0. Late calls, second ends and requests that nobody ends are harmless, and counted.
    docs/requests.md has every field, every metric and the words of the four vocabularies.

>>speed  What it costs

    Medians on a shared virtual machine (AMD Zen 5, gcc 12 -O2); docs/performance.md says how they
    are measured, `make bench-span` prints yours.

    two clock reads and 64 bytes of stores: the floor              19.0 ns
    a span, begin and end                                          19.6 ns
    a span with 6 attributes, in one call / in six                 35 / 39 ns
    end of one span and begin of its sibling                       14.3 ns
    a span that sampling leaves out                                5 ns
    a call on a NULL instance / a dropped span                     2.5 / 8 ns
    a log record / an interaction / a call below the level         54 / 133 / 0.5 ns
    an interaction's line of 552 bytes, escaped                    67 ns
    a token of a request / with an engine's histogram              14 / 24 ns
    a request: begin, 64 tokens, a verdict, end with log record    2.0 us
    ... with hashes of 1 KiB of prompt and 2 KiB of answer         3.5 us
    what a request cost, by a plain price / by every rule          55 / 114 ns
    memory                                      15.1 MiB by default, one block, at llmobs_open,
                                                 of which metrics are 4.0, requests 1.8,
                                                 costs 1.0, alerts 0.9
    threads                       one for the tick, one an exporter, one for
                                  a state file, for judging, for drift, where
                                  these are on; none when the host pumps

    What does not fit is dropped and counted: started = collected + dropped (by cause) + ended +
    live, and each exporter has received + recovered = exported + lost (by cause) + queued +
    spooled, always.

>>privacy  What is kept, and what leaves the process

    A user's or session's id becomes a keyed pseudonym at once; prompts and answers are hashed and
    measured on their way through, and stored nowhere. Names of spans and events, and keys, are the
    program's own texts. String values and bodies of log records are copied as given, cut to
    llmobs_config.value_bytes, and kept until the exporters have them: do not put prompts, answers
    or personal data there. Headers that carry credentials (LLMOBS_REFUSED_NAMES) are never stored.
    Nothing is sent anywhere but to the exporters that you add, and raw texts to
    llmobs_config.audit, if you set it; this header opens no network connection. Files are made
    with mode 0600 and never through a symbolic link. Outputs have no control characters, no marks
    that reorder text, no malformed UTF-8. Notes of the diagnostics callback carry static texts and
    counts only. Set llmobs_config.key, or pseudonyms change at a restart. docs/privacy.md.
*/

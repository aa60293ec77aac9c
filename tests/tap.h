/* The whole test framework: TAP on stdout, for prove. One program a section; end main with
   `return done();`. */
#ifndef TAP_H
#define TAP_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int tap_count;
static int tap_failed;

static inline int tap_result(int passed, const char* file, int line, const char* what)
{
    tap_count++;
    printf("%sok %d - %s\n", passed ? "" : "not ", tap_count, what);
    if (!passed) {
        tap_failed++;
        printf("#   at %s:%d\n", file, line);
    }
    fflush(stdout);
    return passed;
}

static inline int tap_is_int(long long got, long long want, const char* file, int line,
                             const char* what)
{
    int passed = tap_result(got == want, file, line, what);
    if (!passed) {
        printf("#   got %lld, want %lld\n", got, want);
    }
    return passed;
}

static inline int tap_is_str(const char* got, const char* want, const char* file, int line,
                             const char* what)
{
    int same = got != NULL && want != NULL ? strcmp(got, want) == 0 : got == want;
    if (!tap_result(same, file, line, what)) {
        printf("#   got  %s\n#   want %s\n", got ? got : "(null)", want ? want : "(null)");
    }
    return same;
}

static inline int done(void)
{
    printf("1..%d\n", tap_count);
    return tap_failed != 0;
}

/* Whether each step takes many times longer than it would: under a sanitizer, or by make platforms,
   on machines that are mostly emulated. What is long is made shorter then, and nothing is late. */
static inline int slowed(void)
{
    return getenv("LLMOBS_SANITIZED") != NULL || getenv("LLMOBS_EMULATED") != NULL;
}

/* Whether qemu runs this program for another machine, and its kernel is qemu's: up to 7.2 the child
   of a fork can't start a thread, and advice about pages is taken and not followed. */
static inline int by_qemu(void)
{
    return getenv("LLMOBS_QEMU") != NULL;
}

/* So many rounds; under qemu, where each takes twenty times as long, a tenth. */
static inline long rounds_of(long all)
{
    return by_qemu() ? all / 10 : all;
}

/* And one of so many cases, where all are tried elsewhere. */
static inline unsigned step_of(unsigned under_qemu)
{
    return by_qemu() ? under_qemu : 1;
}

#define ok(condition, what) tap_result((condition) ? 1 : 0, __FILE__, __LINE__, what)
#define is_int(got, want, what) \
    tap_is_int((long long)(got), (long long)(want), __FILE__, __LINE__, what)
#define is_str(got, want, what) tap_is_str((got), (want), __FILE__, __LINE__, what)
/* For what this machine lacks: says so by name and counts as passed. */
#define skip(what, why) \
    (tap_count++, printf("ok %d - %s # SKIP %s\n", tap_count, what, why), fflush(stdout))

/* ---- what a platform has -------------------------------------------------------------------- */

/* Without threads an implementation knows of no other process, either. */
#if defined(LLMOBS_NO_THREADS) || (defined(__EMSCRIPTEN__) && !defined(__EMSCRIPTEN_PTHREADS__))
#define HAS_THREADS 0
#else
#define HAS_THREADS 1
#endif
#if defined(_WIN32) || defined(__EMSCRIPTEN__)
#define HAS_FORK 0
#define HAS_MODES 0
#else
#define HAS_FORK HAS_THREADS
#define HAS_MODES 1
#endif

/* For the beginning of a test that needs more: whether it is skipped, which is said. */
static inline int skipped_where(int lacks, const char* what, const char* why)
{
    if (lacks) {
        skip(what, why);
    }
    return lacks;
}

#define skipped_without_threads(what) skipped_where(!HAS_THREADS, (what), "there are no threads")
#define skipped_without_fork(what) \
    skipped_where(!HAS_FORK, (what), "there is no fork, and no signal to a thread")
#define skipped_without_modes(what) \
    skipped_where(!HAS_MODES, (what), "files have no links, owners and modes")
#define skipped_by_qemu(what) \
    skipped_where(by_qemu(), (what), \
                  "qemu can't: a child of a fork that starts a thread, files of its own")

#endif

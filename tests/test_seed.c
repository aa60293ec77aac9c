/* Ids where the system has no getrandom, and where it has no random bytes at all: unlike one
   another, in one process and in two; and no key is made of what can be guessed. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "llmobs_private.h"
#include "tap.h"

#include "keeper.h"

#include <fcntl.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- a system that has less ---------------------------------------------------------------- */

static bool without_call; /* getrandom: Linux before 3.17, or a sandbox */
static bool without_file; /* /dev/urandom: a chroot without /dev        */
static llmobsi_atomic32 calls;
static llmobsi_atomic32 files;

ssize_t getrandom(void* bytes, size_t size, unsigned flags)
{
    (void)llmobsi_add_relaxed(&calls, 1);
    if (without_call) {
        errno = ENOSYS;
        return -1;
    }
    return (ssize_t)syscall(SYS_getrandom, bytes, size, flags);
}

int open(const char* path, int flags, ...)
{
    va_list arguments;
    int mode;
    va_start(arguments, flags);
    mode = (flags & O_CREAT) != 0 ? va_arg(arguments, int) : 0;
    va_end(arguments);
    if (strcmp(path, "/dev/urandom") == 0) {
        (void)llmobsi_add_relaxed(&files, 1);
        if (without_file) {
            errno = ENOENT;
            return -1;
        }
    }
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

static void take_away(bool call, bool file)
{
    without_call = call;
    without_file = file;
    llmobsi_store_relaxed(&calls, 0);
    llmobsi_store_relaxed(&files, 0);
}

/* ---- seeds --------------------------------------------------------------------------------- */

enum { SEEDS = 1000 };

static int in_order(const void* left, const void* right)
{
    uint64_t a = *(const uint64_t*)left;
    uint64_t b = *(const uint64_t*)right;
    return a < b ? -1 : a > b;
}

/* Of numbers of which none comes twice, all bits are 0 and 1 about as often. */
static bool are_unlike(uint64_t* seeds, size_t count)
{
    size_t i;
    int bit;
    qsort(seeds, count, sizeof *seeds, in_order);
    for (i = 1; i < count; i++) {
        if (seeds[i] == seeds[i - 1]) {
            return false;
        }
    }
    for (bit = 0; bit < 64; bit++) {
        size_t ones = 0;
        for (i = 0; i < count; i++) {
            ones += seeds[i] >> bit & 1;
        }
        if (ones < count * 2 / 5 || ones > count * 3 / 5) {
            return false;
        }
    }
    return true;
}

static void test_seeds(const char* what)
{
    uint64_t seeds[SEEDS];
    int i;
    for (i = 0; i < SEEDS / 2; i++) {
        seeds[i] = llmobsi_random_seed();
    }
    llmobsi_random_seeds(seeds + SEEDS / 2, 16);
    llmobsi_random_seeds(seeds + SEEDS / 2 + 16, SEEDS / 2 - 16); /* more than one call gives */
    ok(are_unlike(seeds, SEEDS), what);
}

/* ---- what an instance makes of them -------------------------------------------------------- */

enum { SPANS = 200, THREADS = 3 };

static void* record(void* obs)
{
    int i;
    for (i = 0; i < SPANS; i++) {
        llmobs_span_end(llmobs_span_root((llmobs*)obs, "s"));
    }
    return obs;
}

/* The first halves of all trace ids of an instance; there are THREADS * SPANS. */
static size_t trace_ids(uint64_t* ids)
{
    llmobs_config config = llmobs_config_default();
    keeper kept;
    pthread_t threads[THREADS];
    size_t i;
    llmobs* obs;
    config.host_pumped = true;
    config.span_slots = 4 * THREADS * SPANS;
    obs = open_kept(&config, &kept);
    for (i = 0; i < THREADS; i++) {
        (void)pthread_create(&threads[i], NULL, record, obs);
    }
    for (i = 0; i < THREADS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    (void)llmobs_flush(obs, 10000);
    for (i = 0; i < kept.count && i < THREADS * SPANS; i++) {
        memcpy(&ids[i], kept.spans[i].trace_id, sizeof ids[i]);
    }
    (void)close_kept(obs, &kept);
    return i;
}

/* Two processes that begin as the same one. */
static size_t ids_of_child(uint64_t* ids)
{
    size_t bytes = 0;
    int ends[2];
    pid_t child;
    if (pipe(ends) != 0) {
        return 0;
    }
    (void)fflush(stdout);
    child = fork();
    if (child == 0) {
        size_t count = trace_ids(ids);
        _exit(llmobsi_write_whole(ends[1], ids, count * sizeof *ids) == count * sizeof *ids ? 0
                                                                                            : 1);
    }
    (void)close(ends[1]);
    bytes = llmobsi_read_whole(ends[0], ids, THREADS * SPANS * sizeof *ids);
    (void)close(ends[0]);
    (void)waitpid(child, NULL, 0);
    return bytes / sizeof *ids;
}

static void test_ids(const char* what)
{
    static uint64_t ids[4 * THREADS * SPANS];
    size_t count = 0;
    char text[100];
    if (!LLMOBS_I_TSAN) { /* which does not do threads in the child of a fork */
        count += ids_of_child(ids + count);
        count += ids_of_child(ids + count);
    }
    count += trace_ids(ids + count);
    count += trace_ids(ids + count);
    (void)snprintf(text, sizeof text, "%s: all spans arrive", what);
    is_int(count, (LLMOBS_I_TSAN ? 2 : 4) * THREADS * SPANS, text);
    (void)snprintf(text, sizeof text, "%s: traces of all instances and processes differ", what);
    ok(are_unlike(ids, count), text);
}

static void test_resource(void)
{
    llmobsi_resource a;
    llmobsi_resource b;
    llmobs_random none;
    memset(&none, 0, sizeof none);
    llmobsi_resource_new_id(&a, &none);
    llmobsi_resource_new_id(&b, &none);
    ok(strlen(a.instance_id) == 36 && a.instance_id[14] == '4' && strchr("89ab", a.instance_id[19]),
       "an instance has an id of the right form");
    ok(strncmp(a.instance_id, b.instance_id, 8) != 0 &&
           strcmp(a.instance_id + 24, b.instance_id + 24) != 0,
       "of its own");
}

static void test_key(void)
{
    llmobs_config config = llmobs_config_default();
    char text[LLMOBS_PSEUDONYM_SIZE];
    llmobs* obs;
    config.host_pumped = true;
    config.key = llmobs_key_default();
    obs = llmobs_open(&config, NULL);
    is_int(llmobs_pseudonym(obs, LLMOBS_DOMAIN_USER, NULL, "u42", 3, text), LLMOBS_ERROR_KEY,
           "no pseudonym is made with what can be guessed");
    (void)llmobs_close(obs);
}

int main(void)
{
    test_seeds("random seeds differ");
    test_ids("random bytes");
#if defined(__linux__)
    ok(llmobsi_load_relaxed(&calls) > 0, "getrandom is asked");
#endif
    take_away(true, false);
    test_seeds("without getrandom seeds differ");
    ok(llmobsi_load_relaxed(&files) > SEEDS / 2, "they come of /dev/urandom");
    test_ids("without getrandom");
    test_resource();
    take_away(true, true);
    test_seeds("without random bytes seeds differ");
    ok(llmobsi_load_relaxed(&files) > SEEDS / 2, "the file was asked, too");
    test_ids("without random bytes");
    test_resource();
    test_key();
    return done();
}

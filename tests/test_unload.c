/* A shared object that holds a copy of the library is loaded, used by threads that live on, closed
   and unloaded, many times over: nobody crashes, neither then nor when such a thread ends; threads,
   descriptors and memory are what they were. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "llmobs_private.h"
#include "tap.h"

#include "entries.h"
#include "keeper.h"

#include <dlfcn.h>
#include <sys/wait.h>
#include <unistd.h>

#define FOLDER "build/tmp/test_unload"
#define SECONDS 300

static const char object_source[] =
    "#define LLMOBS_IMPLEMENTATION\n"
    "#include \"llmobs.h\"\n"
    "static llmobs* obs;\n"
    "static long exported;\n"
    "static llmobs_export_result count(void* user, const llmobs_batch* batch)\n"
    "{\n"
    "    (void)user;\n"
    "    __atomic_add_fetch(&exported, (long)batch->span_count, __ATOMIC_SEQ_CST);\n"
    "    return LLMOBS_EXPORT_OK;\n"
    "}\n"
    "int object_open(void)\n"
    "{\n"
    "    llmobs_config config = llmobs_config_default();\n"
    "    config.span_slots = 256;\n"
    "    exported = 0;\n" /* where dlclose unloads nothing (musl), it is the same object */
    "    config.tick_ms = 1;\n"
    "    config.state_file = \"" FOLDER "/state\";\n"
    "    obs = llmobs_open(&config, NULL);\n"
    "    return obs != NULL && llmobs_export_to(obs, count, NULL) == LLMOBS_OK;\n"
    "}\n"
    "void object_record(void)\n"
    "{\n"
    "    llmobs_span_end(llmobs_span_root(obs, \"s\"));\n"
    "    llmobs_request_end(llmobs_request_begin(obs, NULL), NULL);\n"
    "    llmobs_log(obs, LLMOBS_SEVERITY_INFO, \"e\", \"b\");\n"
    "}\n"
    "long object_close(void)\n"
    "{\n"
    "    int closed = llmobs_close(obs) == LLMOBS_OK;\n"
    "    return closed && llmobs_release() > 0 ? exported : -1;\n"
    "}\n";

static bool build_object(void)
{
    char command[1024];
    const char* cc = getenv("CC");
    FILE* file;
    (void)!system("rm -rf " FOLDER "; mkdir -p " FOLDER);
    file = fopen(FOLDER "/object.c", "w");
    if (file == NULL || fputs(object_source, file) < 0 || fclose(file) != 0) {
        return false;
    }
    (void)snprintf(command, sizeof command,
                   "%s -O0 -Dalways_inline=unused -fPIC -shared -I. " FOLDER "/object.c "
                   "-o " FOLDER "/object.so -pthread >" FOLDER "/cc.txt 2>&1 && "
                   "cp " FOLDER "/object.so " FOLDER "/other.so",
                   cc != NULL ? cc : "cc");
    return system(command) == 0;
}

/* ---- the object ---------------------------------------------------------------------------- */

typedef struct object {
    void* handle;
    int (*open)(void);
    void (*record)(void);
    long (*close)(void);
} object;

static void load(object* o, const char* path)
{
    o->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (o->handle == NULL) {
        printf("# %s\n", dlerror());
        (void)fflush(stdout);
        _exit(2);
    }
    *(void**)(void*)&o->open = dlsym(o->handle, "object_open");
    *(void**)(void*)&o->record = dlsym(o->handle, "object_record");
    *(void**)(void*)&o->close = dlsym(o->handle, "object_close");
}

static void unload(object* o)
{
    if (dlclose(o->handle) != 0) {
        _exit(3);
    }
    memset(o, 0, sizeof *o);
}

/* ---- threads that outlive it --------------------------------------------------------------- */

enum { LONG = 2, BRIEF = 2, RECORDS = 5 };

static object current;
static pthread_barrier_t barrier;
static bool over;

static void record_some(void)
{
    int i;
    for (i = 0; i < RECORDS; i++) {
        current.record();
    }
}

/* Through all rounds. */
static void* live_long(void* argument)
{
    for (;;) {
        (void)pthread_barrier_wait(&barrier); /* it is open */
        if (over) {
            return argument;
        }
        record_some();
        (void)pthread_barrier_wait(&barrier); /* it has been used */
        (void)pthread_barrier_wait(&barrier); /* it is gone */
    }
}

/* Through one, and ends when the object is gone. */
static void* live_briefly(void* argument)
{
    (void)pthread_barrier_wait(&barrier);
    if (over) {
        return argument;
    }
    record_some();
    (void)pthread_barrier_wait(&barrier);
    (void)pthread_barrier_wait(&barrier);
    return argument;
}

static void one_round(void)
{
    pthread_t threads[BRIEF];
    int i;
    load(&current, "./" FOLDER "/object.so");
    if (current.open() == 0) {
        _exit(4);
    }
    for (i = 0; i < BRIEF; i++) {
        (void)pthread_create(&threads[i], NULL, live_briefly, NULL);
    }
    (void)pthread_barrier_wait(&barrier);
    record_some();
    (void)pthread_barrier_wait(&barrier);
    /* A request is a span, too. */
    if (current.close() != 2 * RECORDS * (1 + LONG + BRIEF)) {
        _exit(5);
    }
    unload(&current);
    (void)pthread_barrier_wait(&barrier);
    for (i = 0; i < BRIEF; i++) {
        (void)pthread_join(threads[i], NULL);
    }
}

/* ---- what is left of it -------------------------------------------------------------------- */

static long resident_pages(void)
{
    FILE* file = fopen("/proc/self/statm", "r");
    long all = 0;
    long resident = 0;
    if (file != NULL) {
        (void)!fscanf(file, "%ld %ld", &all, &resident);
        (void)fclose(file);
    }
    return resident;
}

#define WARM 25 /* rounds, after which malloc keeps what it wants to keep */

static void many_rounds(long rounds)
{
    pthread_t threads[LONG];
    long tasks = entries_of("/proc/self/task");
    long files = entries_of("/proc/self/fd");
    long pages = 0;
    long i;
    (void)pthread_barrier_init(&barrier, NULL, 1 + LONG + BRIEF);
    for (i = 0; i < LONG; i++) {
        (void)pthread_create(&threads[i], NULL, live_long, NULL);
    }
    for (i = 0; i < rounds; i++) {
        pages = i == WARM ? resident_pages() : pages;
        one_round();
    }
    pages = resident_pages() - pages;
    printf("# %ld rounds, %ld pages more, %ld threads, %ld files\n", rounds, pages,
           entries_of("/proc/self/task") - LONG, entries_of("/proc/self/fd"));
    (void)fflush(stdout);
    if (entries_of("/proc/self/task") != tasks + LONG || entries_of("/proc/self/fd") != files) {
        _exit(6);
    }
    over = true; /* and those who lived through all of it end, too */
    for (i = 0; i < BRIEF; i++) {
        pthread_t brief;
        (void)pthread_create(&brief, NULL, live_briefly, NULL);
        (void)pthread_detach(brief);
    }
    (void)pthread_barrier_wait(&barrier);
    for (i = 0; i < LONG; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    _exit(pages < 256 || getenv("LLMOBS_SANITIZED") != NULL || by_qemu() ? 0 : 7);
}

/* One goes, while its twin is in use. */
static void beside_another(long rounds)
{
    object other;
    long records = 0;
    long i;
    load(&other, "./" FOLDER "/other.so");
    if (other.open() == 0) {
        _exit(4);
    }
    for (i = 0; i < rounds; i++) {
        load(&current, "./" FOLDER "/object.so");
        (void)current.open();
        current.record();
        other.record();
        if (current.close() != 2) {
            _exit(5);
        }
        unload(&current);
        other.record();
        records += 2;
    }
    if (other.close() != 2 * records) {
        _exit(6);
    }
    unload(&other);
    _exit(0);
}

/* In a process of its own: a crash is a failed test. */
static void run(void (*rounds)(long count), long count, const char* what)
{
    int status = -1;
    pid_t child;
    (void)fflush(stdout);
    child = fork();
    if (child == 0) {
        (void)alarm(SECONDS);
        rounds(count);
    }
    (void)waitpid(child, &status, 0);
    if (!ok(status == 0, what)) {
        printf("#   status %x\n", (unsigned)status);
    }
}

int main(void)
{
    if (LLMOBS_I_TSAN) {
        skip("a shared object", "ThreadSanitizer would not see its atomics");
    } else if (!build_object()) {
        skip("a shared object", "it could not be built");
    } else {
        run(many_rounds, sized(100) > 2 * WARM ? sized(100) : 2 * WARM,
            "it goes while threads that recorded live on");
        run(beside_another, sized(20), "it goes while its twin is in use");
    }
    return done();
}
